//! From lines to a script: the header, `>` and `<` lines attached to their statements, the two halves
//! of interrupted calls joined.

use super::Script;
use super::ast::{Architecture, Directive, Line, Statement};
use super::header::Header;
use super::parse::{ParseError, joined_statement};
use super::replay::order::parents_first;
use std::collections::HashMap;

/// Half a call, waiting for the rest.
struct Half {
    text: String,
    line: usize,
}

pub(super) fn assemble(lines: Vec<Line>) -> Result<Script, Vec<ParseError>> {
    let mut header = Header::default();
    let mut statements: Vec<Statement> = Vec::new();
    let mut halves: HashMap<String, Half> = HashMap::new();
    let mut errors = Vec::new();
    let nothing_before = |line| ParseError::new(line, 1, "a line that belongs to a statement".into(), "a statement before it".into());
    for line in lines {
        match line {
            Line::Directive(number, directive) => {
                if !statements.is_empty() {
                    let found = "a setting of the machine".into();
                    errors.push(ParseError::new(number, 1, found, "settings only before the first statement".into()));
                } else if let Err(expected) = apply(&mut header, directive) {
                    errors.push(ParseError::new(number, 1, "this setting".into(), expected));
                }
            }
            Line::Statement(statement) => statements.push(statement),
            Line::Expectation(number, expectation) => match statements.last_mut() {
                Some(statement) => statement.expectations.push(expectation),
                None => errors.push(nothing_before(number)),
            },
            Line::Input(number, input) => match statements.last_mut() {
                Some(statement) => statement.inputs.push(input),
                None => errors.push(nothing_before(number)),
            },
            Line::Unfinished { line, process, text } => {
                halves.insert(process, Half { text, line });
            }
            Line::Resumed { line, process, name, rest } => match halves.remove(&process) {
                Some(half) => match joined_statement(&format!("{}{rest}", half.text), line) {
                    Ok(statement) => statements.push(Statement { process: Some(process), began: half.line, ..statement }),
                    Err(error) => errors.push(error),
                },
                None => {
                    let found = format!("the end of `{name}` of process {process}");
                    errors.push(ParseError::new(line, 1, found, "its beginning (<unfinished ...>) before it".into()));
                }
            },
        }
    }
    // Calls that never came back: only an exit can have had an effect.
    let mut left: Vec<_> = halves.into_iter().collect();
    left.sort_by_key(|(_, half)| half.line);
    for (process, half) in left {
        if half.text.starts_with("exit") {
            let text = format!("{}) = ?", half.text);
            if let Ok(statement) = joined_statement(&text, half.line) {
                statements.push(Statement { process: Some(process), ..statement });
            }
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let is_log = header.is_log.unwrap_or_else(|| looks_like_log(&header, &statements));
    if is_log {
        statements = parents_first(statements);
    }
    Ok(Script { header, statements, is_log, set_aside: Vec::new(), architecture: Architecture::default() })
}

fn apply(header: &mut Header, directive: Directive) -> Result<(), String> {
    match directive {
        Directive::Maps(line) => {
            header.process.maps.push(line);
            Ok(())
        }
        Directive::Setting(name, words) => header.set(&name, &words),
    }
}

/// A log begins with the program's `execve`, or numbers its processes and gives every result.
fn looks_like_log(header: &Header, statements: &[Statement]) -> bool {
    let Some(first) = statements.first() else { return false };
    let numbered = |statement: &Statement| statement.process.as_ref().is_some_and(|process| process.bytes().all(|b| b.is_ascii_digit()));
    let bare = header.process.maps.is_empty() && statements.iter().all(|s| s.binds.is_none());
    bare && (first.call.name == "execve" || statements.iter().all(|s| numbered(s) && s.outcome.is_some()))
}
