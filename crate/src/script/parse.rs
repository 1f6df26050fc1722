//! From text to lines, with a parser-combinator library; every error has a place, what was found and
//! what was expected.

use super::ast::{Asked, Call, Line, Outcome, SignalSpec, Statement};
use super::expression::{arguments, blank, expression, number};
use super::fields;
use super::handler;
use super::marks::{expectation, given};
use super::relation;
use crate::machine::Sysno;
use crate::settings::{Cursor, Fault, ParseError};
use winnow::ascii::{digit1, space0, space1};
use winnow::combinator::{alt, cut_err, delimited, fail, not, opt, peek, preceded, terminated};
use winnow::error::{ContextError, ErrMode, StrContext, StrContextValue};
use winnow::prelude::*;
use winnow::stream::AsChar;
use winnow::token::{any, one_of, take_till, take_while};

pub(super) type Result<T> = winnow::ModalResult<T>;

/// More nesting than any real argument has.
pub(super) const MAX_DEPTH: usize = 32;

pub(super) fn expected(what: &'static str) -> StrContext {
    StrContext::Expected(StrContextValue::Description(what))
}

/// What is read without the library, as one of its parsers: it stops where the cursor does.
pub(super) fn by_hand<'a, T>(input: &mut &'a str, read: impl FnOnce(&mut Cursor<'a>) -> std::result::Result<T, Fault>) -> Result<T> {
    let mut cursor = Cursor::new(input);
    let read = read(&mut cursor);
    *input = cursor.rest;
    match read {
        Ok(value) => Ok(value),
        Err(Fault("")) => fail.parse_next(input),
        Err(Fault(what)) => fail.context(expected(what)).parse_next(input),
    }
}

/// Parses all lines; those that can be read, and every error, at most 100.
pub(super) fn lines(text: &str) -> (Vec<Line>, Vec<ParseError>) {
    let mut parsed = Vec::new();
    let mut errors = Vec::new();
    for (number, source) in logical_lines(text) {
        match parse_line(&source, number) {
            Ok(Some(line)) => parsed.push(line),
            Ok(None) => {}
            Err(error) => errors.push(error),
        }
        if errors.len() == 100 {
            break;
        }
    }
    (parsed, errors)
}

/// A statement that goes on on further lines is at most so long.
const MOST_JOINED: usize = 1 << 16;

/// Lines with their numbers; one that ends inside parentheses goes on on the next.
fn logical_lines(text: &str) -> impl Iterator<Item = (usize, String)> {
    let mut lines = text.lines().enumerate();
    std::iter::from_fn(move || {
        let (index, first) = lines.next()?;
        let mut joined = first.trim_end().to_string();
        let mut nesting = Nesting::of(&joined);
        while nesting.is_open() && joined.len() <= MOST_JOINED {
            let Some((_, more)) = lines.next() else { break };
            joined.push('\n');
            joined.push_str(more.trim_end());
            nesting.see(more);
        }
        Some((index + 1, joined))
    })
}

/// How deep in parentheses a statement is. Comments, directives and `>` lines never are.
#[derive(Default)]
struct Nesting {
    depth: i32,
    quoted: bool,
}

impl Nesting {
    fn of(line: &str) -> Self {
        let mut nesting = Self::default();
        if !line.trim_start().starts_with(['#', '@', '<', '>']) {
            nesting.see(line);
        }
        nesting
    }

    fn is_open(&self) -> bool {
        self.depth > 0 && !self.quoted
    }

    fn see(&mut self, line: &str) {
        let mut escaped = false;
        for c in line.chars() {
            match c {
                _ if escaped => escaped = false,
                '\\' if self.quoted => escaped = true,
                '"' => self.quoted = !self.quoted,
                '#' if !self.quoted && self.depth == 0 => break,
                '(' if !self.quoted => self.depth += 1,
                ')' if !self.quoted => self.depth -= 1,
                _ => {}
            }
        }
    }
}

fn parse_line(source: &str, number: usize) -> std::result::Result<Option<Line>, ParseError> {
    let trimmed = source.trim_start();
    if trimmed.is_empty() || trimmed.starts_with('#') || trimmed.starts_with("//") {
        return Ok(None);
    }
    let parser = |input: &mut &str| line(input, number);
    parser_to_end(parser, source).map_err(|(offset, expected)| {
        let behind = source[offset..].trim_start();
        let expected = hint(behind, trimmed).map_or(expected, str::to_string);
        ParseError::at(number, source, offset, expected)
    })
}

/// What somebody who wrote such a line needs to know, where the grammar's answer would not help.
fn hint(rest: &str, line: &str) -> Option<&'static str> {
    const TYPES: [&str; 11] =
        ["char ", "char*", "void ", "void*", "int ", "long ", "size_t ", "unsigned ", "uint8_t", "uintptr_t", "const "];
    const CASTS: [&str; 6] = ["(void", "(char", "(int", "(size_t", "(unsigned", "(long"];
    if TYPES.iter().any(|word| line.starts_with(word)) {
        return Some("a statement without types: `name = mmap(…)`");
    }
    if CASTS.iter().any(|cast| rest.starts_with(cast) || line.contains(cast)) {
        return Some("a value without a cast: addresses and numbers are the same here");
    }
    if super::marks::is_maps_line(line) {
        return Some(
            "a call: this looks like the output of `cat /proc/PID/maps`, whose lines go behind `@map`, before the first statement",
        );
    }
    (line.starts_with("strace ") || line.starts_with("$ ")).then_some("a call: this looks like a command line")
}

fn parser_to_end<T>(mut parser: impl FnMut(&mut &str) -> Result<T>, source: &str) -> std::result::Result<T, (usize, String)> {
    let mut input = source;
    let parsed = parser(&mut input);
    match parsed {
        Ok(value) if input.trim().is_empty() => Ok(value),
        Ok(_) => Err((source.len() - input.trim_start().len(), "the end of the line".into())),
        Err(ErrMode::Backtrack(error) | ErrMode::Cut(error)) => Err((source.len() - input.len(), describe(&error))),
        Err(ErrMode::Incomplete(_)) => Err((source.len(), "more".into())),
    }
}

fn describe(error: &ContextError) -> String {
    let wanted: Vec<_> = error
        .context()
        .filter_map(|context| match context {
            StrContext::Expected(value) => Some(value.to_string()),
            _ => None,
        })
        .collect();
    match wanted.is_empty() {
        true => "a call such as `mmap(…)`, `@setting`, `> expectation` or `# comment`".into(),
        false => wanted.first().cloned().unwrap_or_default(),
    }
}

fn line(input: &mut &str, number: usize) -> Result<Option<Line>> {
    space0.parse_next(input)?;
    match input.chars().next() {
        Some('@') => by_hand(input, Cursor::line).map_err(ErrMode::cut).map(|d| Some(Line::Directive(number, d))),
        Some('>') => expectation(input).map(|e| Some(Line::Expectation(number, e))),
        Some('<') => given(input).map(|i| Some(Line::Input(number, i))),
        _ => statement(input, number),
    }
}

fn statement(input: &mut &str, number: usize) -> Result<Option<Line>> {
    let process = opt(process_prefix).parse_next(input)?;
    space0.parse_next(input)?;
    let (expectations, inputs) = (Vec::new(), Vec::new());
    if opt((handler::ON, space1, not('='))).parse_next(input)?.is_some() {
        let handler = Some(handler::handler(input)?);
        opt(comment).parse_next(input)?;
        let call = Call { name: handler::ON.into(), ..Call::default() };
        return Ok(Some(Line::Statement(Box::new(Statement {
            line: number,
            began: number,
            process,
            binds: None,
            call,
            handler,
            outcome: None,
            expectations,
            inputs,
            stack: Vec::new(),
        }))));
    }
    let binds = opt(terminated(identifier, (space0, '=', not('='), space0))).parse_next(input)?;
    let (mut call, text) = call.with_taken().parse_next(input)?;
    if let Some(asked) = &mut call.asked {
        asked.question = question(process.as_deref(), text);
    }
    let outcome = outcome_and_rest(input, call.question())?;
    let stack = Vec::new();
    Ok(Some(Line::Statement(Box::new(Statement {
        line: number,
        began: number,
        process,
        binds,
        call,
        handler: None,
        outcome,
        expectations,
        inputs,
        stack,
    }))))
}

/// The words of a question: whose it is, and the call without blanks.
fn question(process: Option<&str>, call: &str) -> String {
    let prefix = process.map_or_else(String::new, |name| ["[", name, "]"].concat());
    prefix.chars().chain(call.chars().filter(|c| !c.is_whitespace())).collect()
}

/// Reads one line of a script by itself.
pub(crate) fn line_of(text: &str, number: usize) -> std::result::Result<Option<Line>, ParseError> {
    parse_line(text, number)
}

/// Reads a result as scripts write it; `None` if it is none.
pub(crate) fn outcome_of(text: &str) -> Option<Outcome> {
    parser_to_end(outcome, text).ok()
}

/// Parses the text of one statement.
pub(super) fn joined_statement(text: &str, number: usize) -> std::result::Result<Statement, ParseError> {
    match parse_line(text, number)? {
        Some(Line::Statement(statement)) => Ok(*statement),
        _ => Err(ParseError::new(number, 1, "no statement".into(), "a call such as `mmap(…)`".into())),
    }
}

fn process_prefix(input: &mut &str) -> Result<String> {
    alt((
        delimited('[', preceded((opt(("pid", space1)), space0), take_while(1.., |c: char| c.is_alphanum() || c == '_')), (space0, ']')),
        terminated(digit1, peek(space1)),
    ))
    .map(str::to_string)
    .parse_next(input)
}

pub(super) fn identifier(input: &mut &str) -> Result<String> {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_' || c == '$';
    (one_of(first), take_while(0.., |c: char| c.is_alphanum() || c == '_')).take().map(str::to_string).parse_next(input)
}

/// Calls whose arguments are read; of the others a log only needs to be skipped over.
pub(super) fn is_known(name: &str) -> bool {
    const OWN: &[&str] = &[
        "load",
        "store",
        "execute",
        "touch_read",
        "touch_write",
        "repeat",
        "wrpkru",
        "rdpkru",
        "preadto",
        "pwritefrom",
        "rlimit",
        "close_range",
        "clone3",
        "execve",
        "mprotect",
        "quiet",
        "snap",
        "maps",
        "nmaps",
        "pagemap",
        "status",
        "smaps",
        // What programs of 32 bits call.
        "mmap2",
        "old_mmap",
    ];
    Sysno::from_name(name).is_some() || OWN.contains(&name)
}

pub(super) fn call(input: &mut &str) -> Result<Call> {
    let name = identifier.context(expected("a call such as `mmap(…)`")).parse_next(input)?;
    let _ = cut_err('(').context(expected("`(` after the name of the call")).parse_next(input)?;
    if !is_known(&name) {
        skip_arguments(input)?;
        return Ok(Call { name, ..Call::default() });
    }
    let args = arguments(input, ')', 0)?;
    let field = opt(preceded('.', (identifier, opt(('.', identifier))).take())).parse_next(input)?.map(str::to_string);
    let asks = field.is_some() || fields::only_asks(&name);
    let asked = asks.then(|| Box::new(Asked { field, question: String::new() }));
    Ok(Call { name, args, asked, ..Call::default() })
}

/// Skips to the parenthesis that closes a call nobody looks into.
pub(super) fn skip_arguments(input: &mut &str) -> Result<()> {
    let (mut depth, mut quoted, mut escaped) = (1, false, false);
    for (at, c) in input.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            *input = &input[at + 1..];
            return Ok(());
        }
    }
    *input = "";
    fail.context(expected("`)` to close the call")).parse_next(input)
}

/// What must be a result.
#[inline(never)]
fn result(input: &mut &str) -> Result<Outcome> {
    cut_err(outcome).context(expected("a result: a value, -1 and an errno, a signal or ?")).parse_next(input)
}

/// `= result`, and what strace adds: an explanation in parentheses, a time, a remark.
fn outcome_and_rest(input: &mut &str, question: Option<&str>) -> Result<Option<Outcome>> {
    blank.parse_next(input)?;
    let outcome = match relation::instead_of_value(input, result, question)? {
        Some(relation) => relation,
        None if opt('=').parse_next(input)?.is_none() => {
            comment(input)?;
            return Ok(None);
        }
        None => {
            blank.parse_next(input)?;
            let first = result(input)?;
            relation::alternatives(first, input, result)?
        }
    };
    // `(No such file or directory)`, `(DELAYED)`, `<0.000012>`, `(flags O_RDONLY)`.
    loop {
        space0.parse_next(input)?;
        match input.chars().next() {
            Some('(') => {
                any.parse_next(input)?;
                skip_arguments(input)?;
            }
            Some('<') => {
                let _ = (take_till(1.., '>'), '>').parse_next(input)?;
            }
            _ => break,
        }
    }
    comment(input)?;
    Ok(Some(outcome))
}

fn comment(input: &mut &str) -> Result<()> {
    // Who writes C ends statements with `;` and comments with `//`.
    (space0, opt(';'), space0).void().parse_next(input)?;
    if input.starts_with('#') || input.starts_with("//") {
        *input = "";
    }
    Ok(())
}

fn outcome(input: &mut &str) -> Result<Outcome> {
    alt((
        '?'.value(Outcome::Unknown),
        preceded(("-1", space1), error_name).map(Outcome::Error),
        signal.map(|signal| Outcome::Signal(None, signal)),
        (number, preceded(space1, signal)).map(|(n, signal)| Outcome::Signal(Some(n), signal)),
        (number, preceded((space1, "-1", space1), error_name)).map(|(n, e)| Outcome::ErrorAfter(n, e)),
        (|i: &mut &str| expression(i, 0)).map(Outcome::Value),
    ))
    .parse_next(input)
}

fn error_name(input: &mut &str) -> Result<String> {
    ('E', take_while(1.., |c: char| c.is_ascii_uppercase() || c.is_ascii_digit())).take().map(str::to_string).parse_next(input)
}

fn signal(input: &mut &str) -> Result<SignalSpec> {
    let upper = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let signo = ("SIG", take_while(1.., upper)).take().map(str::to_string).parse_next(input)?;
    let code = opt(preceded(space1, (alt(("SEGV_", "BUS_", "SI_")), take_while(1.., upper)).take())).parse_next(input)?;
    let addr = opt(preceded(space1, number)).parse_next(input)?;
    Ok(SignalSpec { signo, code: code.map(str::to_string), addr })
}

#[cfg(test)]
mod tests {
    use super::super::ast::Expr;
    use super::*;

    fn one(text: &str) -> Statement {
        match lines(text).0.remove(0) {
            Line::Statement(statement) => *statement,
            other => panic!("not a statement: {other:?}"),
        }
    }

    #[test]
    fn reads_what_strace_prints() {
        let cases = [
            r#"24463 mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0c49324000"#,
            r#"openat(AT_FDCWD, "/usr/lib/locale/locale-archive", O_RDONLY|O_CLOEXEC) = -1 ENOENT (No such file or directory)"#,
            r#"[pid 12] prlimit64(0, RLIMIT_STACK, NULL, {rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}) = 0 <0.000012>"#,
            r#"24511 wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 0}], WNOHANG, NULL) = 24515"#,
            r#"clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD, child_tidptr=0x7f) = 24502 (DELAYED)"#,
            r#"rt_sigprocmask(SIG_BLOCK, ~[RTMIN RT_1], [], 8) = 0"#,
            r#"exit_group(0) = ?"#,
            r#"execve("/bin/ls", ["ls"], 0x7ffc2d416628 /* 4 vars */) = 0"#,
        ];
        for case in cases {
            one(case);
        }
    }

    #[test]
    fn numbers_have_suffixes_and_bases() {
        let call = one("madvise(0x10, 16K, 010)").call;
        assert_eq!(call.args, [16, 16384, 8].map(|value| (None, Expr::Int(value))));
    }

    #[test]
    fn errors_have_a_place_and_say_what_was_expected() {
        let errors = lines("a = mmap(NULL, 16K,\nload(a) = \n  munmap(a, 12X)").1;
        let shown: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert!(!shown.is_empty() && shown[0].contains("line"), "{shown:?}");
        let error = &lines("munmap(a 4096)").1[0];
        assert_eq!((error.line, error.column), (1, 10), "{error}");
        assert!(error.expected.contains("`,`"), "{error}");
    }

    #[test]
    fn deep_nesting_and_garbage_are_refused_not_feared() {
        assert!(!lines(&format!("mmap({}", "[".repeat(10_000))).1.is_empty());
        assert!(!lines("@@@@").1.is_empty());
        assert!(!lines("> maps + 1-2 rwxz").1.is_empty());
        assert!(!lines("mmap(99999999999999999999)").1.is_empty());
    }
}
