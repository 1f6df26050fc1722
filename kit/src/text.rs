//! Texts of C: strings and comments.

use std::fmt::Write;

/// A string literal of bytes.
pub(crate) fn literal(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for byte in bytes {
        match byte {
            b'"' | b'\\' => text.extend(['\\', char::from(*byte)]),
            b'?' => text.push_str("\\?"),
            0x20..0x7f => text.push(char::from(*byte)),
            // Three digits always: what follows may be one.
            _ => write!(text, "\\{byte:03o}").expect("a string takes it"),
        }
    }
    text + "\""
}

/// A line that may stand in a comment.
pub(crate) fn comment(line: &str) -> String {
    line.replace("*/", "* /").replace("/*", "/ *")
}
