//! Floor 7: the script language. A script is a text of system calls and accesses as `strace` prints
//! them, and one with results is a test. It is strict; logs of real programs have a reader of their own
//! (`log`), which yields a [`Script`] too.
//!
//! Key types: [`Script`], [`Session`], [`ParseError`], [`Verdict`]. Parsing ([`Script::parse`]) knows
//! no machine; running ([`Session`]) is a sequence of steps that can be taken back.

mod ask;
mod assemble;
mod ast;
mod check;
mod elsewhere;
mod evaluate;
mod expect;
mod expression;
mod fields;
mod handler;
mod marks;
mod names;
mod numbers;
mod parse;
mod picture;
mod relation;
mod replay;
mod run;
mod saves;
mod session;
mod show;
mod signatures;
mod steps;
mod tally;
mod told;
mod travel;
mod verdict;
mod write;

pub use crate::settings::{Directive, HEADER_SETTINGS, Header, ParseError, SETTINGS, Setting, WrittenPolicy, constants};
use crate::sort;
pub use ast::{Architecture, Asked, Call, Expectation, Expr, Input, MapsExpectation, Outcome, SetAside, SignalSpec, Statement};
pub use elsewhere::depends_on;
pub use evaluate::{Field, arguments, number, structure_of, unbound};
pub use fields::{STRUCTURE_BYTES, field_of, is_arbitrary, names_given, status_asked};
pub use numbers::Number;
pub use relation::{Relation, Wanted, is_as_expected};
pub use replay::order::SearchWork;
pub use run::{Comparison, StepReport};
pub use session::{Progress, Session};
pub use show::show_bytes;
pub use signatures::{SIGNATURES, Signature, signature};
pub use steps::{StepColumns, call_group};
pub use tally::{FirstDifference, ProcessTally, Ratio};
pub use verdict::{LeftOut, Verdict};

pub(crate) use ast::Line;
pub(crate) use expression::value;
pub(crate) use parse::{line_of as parse_line, outcome_of as outcome};

/// A parsed script.
#[derive(Clone, Debug)]
pub struct Script {
    /// The machine and its first process.
    pub header: Header,
    /// What is done, in order.
    pub statements: Vec<Statement>,
    /// A log of a real program: descriptors, process ids and results of calls that are not about
    /// memory are inputs.
    pub is_log: bool,
    /// What of a log is not replayed.
    pub set_aside: Vec<SetAside>,
    /// The processor of a log's program.
    pub architecture: Architecture,
}

/// Longer scripts are refused.
pub const MAX_SCRIPT_BYTES: usize = 32 << 20;

impl Script {
    /// Parses a script.
    ///
    /// # Errors
    /// Every line that is wrong, with its place, what was found and what was expected.
    pub fn parse(text: &str) -> Result<Self, Vec<ParseError>> {
        if text.len() > MAX_SCRIPT_BYTES {
            return Err(vec![ParseError::new(1, 1, format!("the script has {} bytes", text.len()), "at most 32 MiB".into())]);
        }
        let (lines, mut errors) = parse::lines(text);
        // What was not read may have bound a name.
        let is_whole = errors.is_empty();
        let script = match assemble::assemble(lines) {
            Ok(script) => script,
            Err(more) if is_whole => return Err(more),
            Err(more) => {
                errors.extend(more);
                sort::by_key(&mut errors, |error| (error.line, error.column));
                return Err(errors);
            }
        };
        errors.extend(check::check(text, &script.statements, is_whole));
        sort::by_key(&mut errors, |error| (error.line, error.column));
        if errors.is_empty() { Ok(script) } else { Err(errors) }
    }
}
