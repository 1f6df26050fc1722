//! From lines to a script: the header, `>` and `<` lines attached to their statements.

use super::Script;
use super::ast::{Architecture, Directive, Line, Statement};
use super::header::Header;
use super::parse::ParseError;

pub(super) fn assemble(lines: Vec<Line>) -> Result<Script, Vec<ParseError>> {
    let mut header = Header::default();
    let mut statements: Vec<Statement> = Vec::new();
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
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let is_log = header.is_log == Some(true);
    Ok(Script { header, statements, is_log, set_aside: Vec::new(), architecture: Architecture::default() })
}

/// Applies a line of the header; what was expected instead if it cannot be.
pub(crate) fn apply(header: &mut Header, directive: Directive) -> Result<(), String> {
    match directive {
        Directive::Maps(line) => {
            header.process.maps.push(line);
            Ok(())
        }
        Directive::Setting(name, words) => header.set(&name, &words),
    }
}
