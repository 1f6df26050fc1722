//! What is wrong with a text, and where.

use std::fmt;

/// What is wrong with a script or a setting, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What stands there; empty if the line reads well but cannot be run.
    pub found: String,
    /// What should stand there, or why it cannot be run.
    pub expected: String,
}

impl ParseError {
    pub(crate) fn new(line: usize, column: usize, found: String, expected: String) -> Self {
        Self { line, column, found, expected }
    }

    /// Of the text as a whole.
    #[cfg(feature = "script")]
    pub(crate) fn whole(why: String) -> Self {
        Self::new(1, 1, String::new(), why)
    }

    /// At a byte of a statement that begins on a line and may go on on others: what stands there is a word, not the
    /// blanks before it.
    pub(crate) fn at(line: usize, source: &str, offset: usize, expected: String) -> Self {
        let offset = offset + source[offset..].len() - source[offset..].trim_start().len();
        let before = &source[..offset];
        let line_in_text = before.matches('\n').count();
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        Self::new(line + line_in_text, column, found(&source[offset..]), expected)
    }
}

/// The word at the place of an error, whole if it is not very long.
fn found(rest: &str) -> String {
    const MOST: usize = 60;
    let word: String = rest.chars().take_while(|c| !c.is_whitespace()).take(MOST + 1).collect();
    match word.chars().count() {
        0 => "the end of the line".into(),
        count if count > MOST => format!("`{}…`", word.chars().take(MOST).collect::<String>()),
        _ => format!("`{word}`"),
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.found.is_empty() {
            return write!(f, "line {}: {}", self.line, self.expected);
        }
        write!(f, "line {}, column {}: found {}, expected {}", self.line, self.column, self.found, self.expected)
    }
}

impl std::error::Error for ParseError {}
