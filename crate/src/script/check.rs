//! What reads well but cannot be run: calls that do not exist, names that stand for nothing, too few or too
//! many arguments. Found before anything is run, each with its place and the nearest name that is known.

use super::ast::{Call, Expr, Statement};
use super::fields;
use super::signatures::{SIGNATURES, nearest, signature};
use crate::machine::Sysno;
use crate::settings::{ParseError, constant, constants};
use crate::sorted::SortedSet;

/// Errors told at most.
const MOST: usize = 100;

/// Looks over the statements of a script. One that was not read whole may have bound any name: then only
/// names that are nearly a constant's are told.
pub(super) fn check(text: &str, statements: &[Statement], is_whole: bool) -> Vec<ParseError> {
    let lines: Vec<&str> = text.lines().collect();
    let mut check = Check { lines, is_whole, bound: SortedSet::new(), errors: Vec::new() };
    for statement in statements {
        check.statement(statement);
        if check.errors.len() >= MOST {
            break;
        }
    }
    check.errors
}

struct Check<'a> {
    lines: Vec<&'a str>,
    is_whole: bool,
    /// Names that statements above have bound.
    bound: SortedSet<&'a str>,
    errors: Vec<ParseError>,
}

impl<'a> Check<'a> {
    fn statement(&mut self, statement: &'a Statement) {
        if let Some((_, calls)) = &statement.handler {
            for call in calls {
                self.call(call, statement.line, &["si_addr", "si_code"]);
            }
            return;
        }
        self.process(statement);
        self.call(&statement.call, statement.line, &[]);
        if let Some(outcome) = &statement.outcome {
            outcome.expressions(&mut |expr| self.names(expr, statement.line, &[]));
        }
        self.bound.extend(statement.call.question());
        self.bound.extend(fields::names_given(&statement.call));
        self.bound.extend(statement.binds.as_deref());
    }

    fn process(&mut self, statement: &Statement) {
        let Some(name) = &statement.process else { return };
        if !self.is_whole || self.bound.contains(name.as_str()) || name.bytes().all(|b| b.is_ascii_digit()) {
            return;
        }
        let near = nearest(name, self.bound.iter().copied()).map_or_else(String::new, |near| format!(": `{near}`, perhaps"));
        self.error(statement.line, name, format!("a process: its number, or the name that its fork() was bound to{near}"));
    }

    fn call(&mut self, call: &Call, line: usize, given: &[&str]) {
        if call.name == "repeat" {
            return self.arguments(call, line, given);
        }
        let known = signature(&call.name);
        if known.is_none() && Sysno::from_name(&call.name).is_none() && !super::parse::is_known(&call.name) {
            return self.unknown_call(call, line);
        }
        if let Some(known) = known.filter(|known| !(known.required..=known.parameters.len().max(6)).contains(&call.args.len())) {
            let count = call.args.len();
            let plural = if count == 1 { "" } else { "s" };
            let found = format!("`{}` with {count} argument{plural}", call.name);
            return self.error_found(line, &call.name, found, format!("`{known}`"));
        }
        if let Some((found, expected)) = fields::wrong_field(call) {
            return self.error(line, found, expected);
        }
        if call.name != "status" {
            self.arguments(call, line, given);
        }
    }

    fn unknown_call(&mut self, call: &Call, line: usize) {
        let expected = match nearest(&call.name, SIGNATURES.iter().map(|signature| signature.name)).and_then(signature) {
            Some(near) => format!("a call; the nearest is `{near}`"),
            None => "a system call that is emulated here, or load, store, execute, touch_read, touch_write or repeat".into(),
        };
        self.error(line, &call.name, expected);
    }

    fn arguments(&mut self, call: &Call, line: usize, given: &[&str]) {
        for (_, expr) in &call.args {
            self.names(expr, line, given);
        }
    }

    /// Every name of a number must stand for one. Fields of structures are looked at when they are used.
    fn names(&mut self, expr: &Expr, line: usize, given: &[&str]) {
        match expr {
            Expr::Name(name) => self.name(name, line, given),
            Expr::Binary(_, left, right) => {
                self.names(left, line, given);
                self.names(right, line, given);
            }
            _ => {}
        }
    }

    fn name(&mut self, name: &str, line: usize, given: &[&str]) {
        if self.bound.contains(name) || given.contains(&name) || constant(name).is_some() {
            return;
        }
        if name.contains('(') {
            let expected = "a question that was asked before: `same`, `+` and `-` speak of its last answer".into();
            return self.error_found(line, name, format!("`{name}` for the first time"), expected);
        }
        let near = nearest(name, constants().map(|(known, _)| known)).or_else(|| nearest(name, self.bound.iter().copied()));
        let expected = match near {
            Some(near) => format!("a name that is known; the nearest is `{near}`"),
            None if !self.is_whole => return,
            None => "a constant, or a name that a statement above is bound to (`name = call(…)`)".into(),
        };
        self.error(line, name, expected);
    }

    fn error(&mut self, line: usize, word: &str, expected: String) {
        self.error_found(line, word, format!("`{word}`"), expected);
    }

    fn error_found(&mut self, line: usize, word: &str, found: String, expected: String) {
        let (line, column) = self.place(line, word);
        self.errors.push(ParseError::new(line, column, found, expected));
    }

    /// Where a word stands: on the line of its statement, or one that it goes on on.
    fn place(&self, line: usize, word: &str) -> (usize, usize) {
        for (index, text) in self.lines.iter().enumerate().skip(line - 1).take(32) {
            if let Some(at) = find_word(text, word) {
                return (index + 1, text[..at].chars().count() + 1);
            }
        }
        (line, 1)
    }
}

/// Where a word begins that is not part of a longer one.
fn find_word(text: &str, word: &str) -> Option<usize> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word)
        .map(|(at, _)| at)
        .find(|at| !text[..*at].chars().next_back().is_some_and(is_part) && !text[at + word.len()..].chars().next().is_some_and(is_part))
}

#[cfg(test)]
mod tests {
    use super::super::Script;

    fn told(text: &str) -> String {
        Script::parse(text).unwrap_err().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn slips_get_the_nearest_name_and_the_signature() {
        assert_eq!(
            told("a = mmpa(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)"),
            "line 1, column 5: found `mmpa`, expected a call; the nearest is `mmap(addr, length, prot, flags, fd, offset)`"
        );
        assert_eq!(
            told("a = mmap(NULL, 4096,\n  PROT_RAED, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)"),
            "line 2, column 3: found `PROT_RAED`, expected a name that is known; the nearest is `PROT_READ`"
        );
        assert_eq!(
            told("mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, -1)"),
            "line 1, column 1: found `mmap` with 5 arguments, expected `mmap(addr, length, prot, flags, fd, offset)`"
        );
        assert_eq!(told("a = mmpa()\nmunmap(0 4096)\nmunmap(a, PROT_RAED)").lines().count(), 3);
        assert!(told("child = fork()\n[chlid] load(0)").contains("`child`, perhaps"));
        assert!(told("load(b)\nb = brk(0)").contains("line 1, column 6: found `b`"));
    }

    #[test]
    fn what_handlers_are_given_is_known() {
        assert!(Script::parse("on SIGSEGV mprotect(si_addr & -4096, 4K, PROT_READ); munmap(si_addr, 4096)").is_ok());
    }
}
