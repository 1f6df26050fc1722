//! What stands around the text: byte order marks, line ends of other systems, colours, typographic
//! quotes, the entities of web pages. Lines stay lines: their numbers are those of the input.

use super::{one_line, wrappers};
use std::borrow::Cow;

/// Text from the bytes of a file: UTF-8, or UTF-16 with its byte order mark, as some shells save it.
pub fn decode(bytes: &[u8]) -> String {
    let units = |pair: fn([u8; 2]) -> u16| bytes[2..].chunks_exact(2).map(|two| pair([two[0], two[1]])).collect::<Vec<u16>>();
    match bytes {
        [0xff, 0xfe, ..] => String::from_utf16_lossy(&units(u16::from_le_bytes)),
        [0xfe, 0xff, ..] => String::from_utf16_lossy(&units(u16::from_be_bytes)),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// The text without what was only put around it.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(lines) = one_line::lines_of(text) {
        return Cow::Owned(clean(&lines).into_owned());
    }
    match wrappers::unwrapped(text) {
        Cow::Borrowed(text) => cleaned(text),
        Cow::Owned(text) => Cow::Owned(cleaned(&text).into_owned()),
    }
}

fn cleaned(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| matches!(b, b'\n' | b'\t' | b' '..=b'~')) && !has_entities(text) && !text.contains('^') {
        return Cow::Borrowed(text);
    }
    let text = if text.contains('\n') { Cow::Borrowed(text) } else { Cow::Owned(text.replace('\r', "\n")) };
    let entities = has_entities(&text);
    let mut cleaned = String::with_capacity(text.len());
    for line in text.split('\n') {
        clean_line(line, entities, &mut cleaned);
        cleaned.push('\n');
    }
    cleaned.pop();
    Cow::Owned(cleaned)
}

const ENTITIES: [&str; 4] = ["&quot;", "&lt;", "&gt;", "&#"];

/// Whether the text was copied from the source of a web page.
fn has_entities(text: &str) -> bool {
    text.contains('&') && ENTITIES.iter().any(|entity| text.contains(entity))
}

fn clean_line(line: &str, entities: bool, cleaned: &mut String) {
    let line = line.trim_end_matches('\r');
    // Pagers show the carriage return.
    let line = line.strip_suffix("^M").unwrap_or(line);
    let line = if line.contains('\u{1b}') { Cow::Owned(anstream::adapter::strip_str(line).to_string()) } else { Cow::Borrowed(line) };
    let line = if line.contains("^[[") { Cow::Owned(without_shown_colours(&line)) } else { line };
    let line = if entities { Cow::Owned(without_entities(&line)) } else { line };
    let line = if line.contains(['\u{2026}', '\u{2014}']) { Cow::Owned(without_joined_signs(&line)) } else { line };
    cleaned.extend(line.chars().map(plain).filter(|c| *c != '\u{0}'));
}

/// A character as a tracer would have written it; NUL for none.
fn plain(c: char) -> char {
    match c {
        '\u{a0}' | '\u{2007}' | '\u{202f}' | '\u{3000}' | '\u{c}' | '\u{b}' | '\r' => ' ',
        '\u{201c}' | '\u{201d}' | '\u{201e}' => '"',
        '\u{2013}' | '\u{2212}' => '-',
        '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => '\0',
        c if c.is_control() && c != '\t' => '\0',
        c => c,
    }
}

fn without_entities(line: &str) -> String {
    let line = without_numbered_entities(line);
    line.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", " ").replace("&amp;", "&")
}

/// `&#60;` and `&#x3c;` are `<`.
fn without_numbered_entities(line: &str) -> String {
    let mut pieces = line.split("&#");
    let mut plain = pieces.next().unwrap_or_default().to_string();
    for piece in pieces {
        let entity = piece.split_once(';').and_then(|(number, rest)| {
            let hex = number.strip_prefix(['x', 'X']).map(|digits| u32::from_str_radix(digits, 16).ok());
            char::from_u32(hex.unwrap_or_else(|| number.parse().ok())?).map(|c| (c, rest))
        });
        match entity {
            Some((c, rest)) => {
                plain.push(c);
                plain.push_str(rest);
            }
            None => {
                plain.push_str("&#");
                plain.push_str(piece);
            }
        }
    }
    plain
}

/// Typography that joins dots and hyphens.
fn without_joined_signs(line: &str) -> String {
    line.replace("\u{2026}", "...").replace("\u{2014} SIG", "--- SIG").replace("} \u{2014}", "} ---")
}

/// Takes out `^[[31m`, a colour as pagers show it.
fn without_shown_colours(line: &str) -> String {
    let mut pieces = line.split("^[[");
    let mut plain = pieces.next().unwrap_or_default().to_string();
    for piece in pieces {
        let parameters = piece.bytes().take_while(|b| b.is_ascii_digit() || *b == b';').count();
        let rest = &piece[parameters..];
        plain.push_str(rest.strip_prefix(|c: char| c.is_ascii_alphabetic()).unwrap_or(rest));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_colours_and_line_ends_go_and_lines_stay() {
        assert_eq!(clean("\u{feff}brk(NULL) = 0\r\nclose(3) = 0\r\n"), "brk(NULL) = 0\nclose(3) = 0\n");
        assert_eq!(clean("\u{1b}[32mbrk\u{1b}[0m(NULL)\u{1b}[K = 0"), "brk(NULL) = 0");
        assert_eq!(clean("^[[1mbrk^[[0m(NULL) = 0^M\n\n^L"), "brk(NULL) = 0\n\n^L");
        assert_eq!(clean("a\rb\rc"), "a\nb\nc");
        assert_eq!(clean("open(&quot;x&quot; &lt;unfinished ...&gt;"), "open(\"x\" <unfinished ...>");
        assert_eq!(clean("open(\u{201c}x\u{201d})\u{a0}= \u{2212}1\t"), "open(\"x\") = -1\t");
    }

    #[test]
    fn files_of_other_systems_are_decoded() {
        let utf16: Vec<u8> = [0xfeff].into_iter().chain("brk(NULL) = 0".encode_utf16()).flat_map(u16::to_le_bytes).collect();
        assert_eq!(decode(&utf16), "brk(NULL) = 0");
        assert_eq!(decode(b"\xffbrk"), "\u{fffd}brk");
    }
}
