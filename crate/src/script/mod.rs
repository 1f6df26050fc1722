//! Floor 7: the script language. A script is a text of system calls and accesses as `strace` prints
//! them; so a real log is a script, and a script with results is a test.
//!
//! Key types: [`Script`], [`Session`], [`ParseError`], [`Verdict`]. Parsing ([`Script::parse`]) knows
//! no machine; running ([`Session`]) is a sequence of steps that can be taken back.

mod assemble;
mod ast;
mod constants;
mod evaluate;
mod expect;
mod expression;
mod handler;
mod header;
mod marks;
mod parse;
mod replay;
mod run;
mod session;
mod show;
mod tally;
mod verdict;

pub use ast::{Architecture, Call, Expectation, Expr, Input, MapsExpectation, Outcome, SetAside, SignalSpec, Statement};
pub use evaluate::{arguments, number};
pub use header::Header;
pub use parse::ParseError;
pub use replay::WrittenPolicy;
pub use run::{Comparison, StepReport};
pub use session::{Progress, Session};
pub use show::show_bytes;
pub use tally::{FirstDifference, ProcessTally, Ratio};
pub use verdict::{LeftOut, Verdict};

use ast::Line;

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
    /// Parses a script or a log.
    ///
    /// # Errors
    /// Every line that is wrong, with its place, what was found and what was expected.
    pub fn parse(text: &str) -> Result<Self, Vec<ParseError>> {
        if text.len() > MAX_SCRIPT_BYTES {
            return Err(vec![ParseError::new(1, 1, format!("the script has {} bytes", text.len()), "at most 32 MiB".into())]);
        }
        let lines: Vec<Line> = parse::lines(text)?;
        assemble::assemble(lines)
    }
}
