//! What a script is made of.

use super::relation::{Relation, Wanted};
use crate::addr::VirtRange;
use crate::machine::MapsLine;
use crate::settings;
use crate::signal::SigNo;

/// An argument or a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// A number.
    Int(u64),
    /// A bound name or a constant.
    Name(String),
    /// Bytes in quotes.
    Text(Vec<u8>),
    /// Two operands.
    Binary(char, Box<Expr>, Box<Expr>),
    /// `[…]` or `{…}`, with names where given.
    List(Vec<(Option<String>, Expr)>),
    /// Something a log prints that no memory call looks at.
    Opaque,
}

/// A call as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// Its name.
    pub name: String,
    /// Its arguments, with their names where a log gives them.
    pub args: Vec<(Option<String>, Expr)>,
    /// Descriptors whose paths the log gives (`3</usr/lib/libdemo.so>`, `strace -y`), of the result too.
    pub paths: Vec<(u64, String)>,
    /// Of a call that only asks: what. Few do.
    pub asked: Option<Box<Asked>>,
}

/// What a call asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The field of what it tells: `fstat(fd).st_size`.
    pub field: Option<String>,
    /// The words in which it asks, with the process: `same` speaks of the last answer to them.
    pub question: String,
}

impl Call {
    /// The field of what it tells that is asked for.
    pub fn field(&self) -> Option<&str> {
        self.asked.as_ref()?.field.as_deref()
    }

    /// The words in which it asks, if it only asks, with the process.
    pub fn question(&self) -> Option<&str> {
        self.asked.as_ref().map(|asked| asked.question.as_str())
    }

    /// An argument by the name a log gives it, or else by its place.
    pub fn arg(&self, name: &str, place: usize) -> Option<&Expr> {
        let named = self.args.iter().find(|(n, _)| n.as_deref() == Some(name));
        named.or_else(|| self.args.get(place)).map(|(_, value)| value)
    }
}

/// A signal that an access is expected to end in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalSpec {
    /// `SIGSEGV`, `SIGBUS`.
    pub signo: String,
    /// `SEGV_MAPERR` and so on; absent is any.
    pub code: Option<String>,
    /// `si_addr`; absent is any.
    pub addr: Option<u64>,
}

/// What stands behind `=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A value.
    Value(Expr),
    /// `-1 ENOMEM`.
    Error(String),
    /// A signal, after some iterations of a repeated access.
    Signal(Option<u64>, SignalSpec),
    /// `-1 ENOMEM` after some iterations of a repeated call.
    ErrorAfter(u64, String),
    /// `!= x`: anything but that.
    Not(Box<Outcome>),
    /// `< x`, `>= x`: a number that compares so with another.
    Compared(Relation, Expr),
    /// `in a..b`: a number from one to another, both included.
    Within(Expr, Expr),
    /// `a or -1 EINVAL`: one of these.
    AnyOf(Vec<Outcome>),
    /// `?`: not known.
    Unknown,
}

impl Outcome {
    /// Names and numbers in it.
    pub(super) fn expressions<'a>(&'a self, see: &mut impl FnMut(&'a Expr)) {
        match self {
            Self::Value(expr) | Self::Compared(_, expr) => see(expr),
            Self::Within(from, to) => {
                see(from);
                see(to);
            }
            Self::Not(other) => other.expressions(see),
            Self::AnyOf(all) => all.iter().for_each(|one| one.expressions(see)),
            Self::Error(_) | Self::Signal(..) | Self::ErrorAfter(..) | Self::Unknown => {}
        }
    }
}

/// Something that must hold after a statement (`>` lines).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// Minor faults of the acting process since before the statement.
    MinorFaults(Wanted),
    /// However many there were: `minflt ?`.
    AnyFaults,
    /// Major faults likewise.
    MajorFaults(Wanted),
    /// The vector of `mincore`, a digit a page.
    Mincore(String),
    /// Fields of `/proc/PID/status` in kB, of the acting process or a named one.
    Status(Option<String>, Vec<(String, Wanted)>),
    /// Maps of the acting process or a named one.
    Maps(Option<String>, MapsExpectation),
    /// States of pages: `pagemap START-END LETTERS`, or `none`.
    Pagemap(VirtRange, String),
    /// Fields of smaps of one area, in kB, and its flags.
    Smaps(VirtRange, Vec<(String, Wanted)>, Option<String>),
    /// How many areas there are (the lines of maps but for `[vsyscall]`).
    MapsCount(Wanted),
    /// `mtime FD changed|same`: whether the file behind a descriptor of the acting process got a new time.
    Mtime(u64, bool),
}

impl Expectation {
    /// What is compared, by the word it is told with.
    pub fn field(&self) -> &'static str {
        match self {
            Self::MinorFaults(_) | Self::AnyFaults => "minflt",
            Self::MajorFaults(_) => "majflt",
            Self::Mincore(_) => "mincore",
            Self::Status(..) => "status",
            Self::Maps(..) => "maps",
            Self::Pagemap(..) => "pagemap",
            Self::Smaps(..) => "smaps",
            Self::MapsCount(_) => "nmaps",
            Self::Mtime(..) => "mtime",
        }
    }
}

/// What maps must say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MapsExpectation {
    /// The line that started here has gone or changed.
    Gone(u64),
    /// This line is new or changed.
    New(MapsLine),
    /// One line of the whole text.
    Whole(MapsLine),
    /// One line of the whole text; only extent, permissions and offset count.
    Extent(MapsLine),
}

/// Something given to a statement (`<` lines).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A line of the maps that `execve` leaves.
    Maps(MapsLine),
    /// `start_brk` after `execve`.
    Brk(u64),
    /// `start_stack` after `execve`.
    Stack(u64),
    /// `start_data` and `end_data` after `execve`.
    Data(u64, u64),
    /// Pages that are present after `execve`; written or only read.
    Present(VirtRange, bool),
}

/// One operation of one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The line it stands on (the one where it ends, for a call that was interrupted), from 1.
    pub line: usize,
    /// The line on which it begins: another one for a call that was interrupted.
    pub began: usize,
    /// Whose: a bound name or a number; absent is the first process.
    pub process: Option<String>,
    /// The name its result is bound to.
    pub binds: Option<String>,
    /// What is called.
    pub call: Call,
    /// Of `on`: the signal and the calls that answer it; none is the default.
    pub handler: Option<(SigNo, Vec<Call>)>,
    /// The result expected, or given in a log.
    pub outcome: Option<Outcome>,
    /// What must hold afterwards.
    pub expectations: Vec<Expectation>,
    /// What it is given.
    pub inputs: Vec<Input>,
    /// The code that made the call, innermost first, as `strace -k` prints it.
    pub stack: Vec<String>,
}

/// A part of a log that is not replayed, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// Its line, from 1.
    pub line: usize,
    /// The line behind which it began, if its beginning is missing; else its own.
    pub began: usize,
    /// What stands there; at most its first 200 characters.
    pub text: String,
    /// Why it is not replayed, for people.
    pub reason: String,
    /// Whether a call on memory is lost with it, so that a verdict must speak of it.
    pub is_memory_call: bool,
}

/// The processor that a log's program ran on, as far as the log shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Architecture {
    /// The one that is emulated, or nothing says otherwise.
    #[default]
    X86_64,
    /// 32 bits of any kind: `mmap2`, `old_mmap`, addresses below 4 GiB.
    Bits32,
    /// AArch64, RISC-V, LoongArch and other machines of 64 bits.
    Other64,
}

/// A line of text, parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Statement(Box<Statement>),
    Directive(usize, settings::Line),
    Expectation(usize, Expectation),
    Input(usize, Input),
}
