//! From lines to a script: the header, `>` and `<` lines attached to their statements.

use super::Script;
use super::ast::{Architecture, Input, Line, Statement};
use crate::addr::VirtAddr;
use crate::machine::ProcessConfig;
use crate::settings::{Header, ParseError};

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
                } else if let Err(expected) = header.apply(directive) {
                    errors.push(ParseError::new(number, 1, "this setting".into(), expected));
                }
            }
            Line::Statement(statement) => statements.push(*statement),
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

/// What `execve` leaves, from the `<` lines of its statement.
pub(super) fn process_from_inputs(base: &ProcessConfig, inputs: &[Input]) -> ProcessConfig {
    let mut process =
        ProcessConfig { maps: Vec::new(), present: Vec::new(), start_brk: None, start_stack: None, data: (0, 0), ..base.clone() };
    for input in inputs {
        match input {
            Input::Maps(line) => process.maps.push(line.clone()),
            Input::Brk(addr) => process.start_brk = Some(VirtAddr(*addr)),
            Input::Stack(addr) => process.start_stack = Some(VirtAddr(*addr)),
            Input::Data(start, end) => process.data = (*start, *end),
            Input::Present(range, written) => process.present.push((*range, *written)),
        }
    }
    process
}
