//! A whole log in one line, its line ends written as `\n`: as program text, messages and some pagers have it.

/// More lines than a text in one line has, with those around it.
const MOST_LINES: usize = 4;

/// The lines of a text that is one line; `None` if it is not.
pub(super) fn lines_of(text: &str) -> Option<String> {
    if text.lines().filter(|line| !line.trim().is_empty()).nth(MOST_LINES).is_some() || !text.contains("\\n") {
        return None;
    }
    let quotes = text.bytes().filter(|byte| *byte == b'"').count();
    let escaped = text.matches("\\\"").count();
    // Where quotes have backslashes, everything has: but for those around the whole.
    if escaped > 0 && quotes <= escaped + 2 {
        return Some(unescaped(text.trim().trim_start_matches('"')));
    }
    let lines = split(text);
    (lines != text).then_some(lines)
}

/// Text as it was before it was put into a string of a program.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('n')) => plain.push('\n'),
            ('\\', Some('t')) => plain.push('\t'),
            ('\\', Some('r')) | ('"', _) => {}
            ('\\', Some(other)) => plain.push(other),
            (other, _) => plain.push(other),
        }
    }
    plain
}

/// Ends a line at each `\n` that stands outside strings.
fn split(text: &str) -> String {
    let mut lines = String::with_capacity(text.len());
    let (mut quoted, mut rest) = (false, text);
    while let Some(at) = rest.find(['\\', '"', '\n']) {
        lines.push_str(&rest[..at]);
        let sign = &rest[at..];
        let taken = match sign.as_bytes() {
            [b'\\', b'n', ..] if !quoted => {
                lines.push('\n');
                2
            }
            [b'\\', ..] => {
                let taken = 1 + sign[1..].chars().next().map_or(0, char::len_utf8);
                lines.push_str(&sign[..taken]);
                taken
            }
            [b'"', ..] => {
                quoted = !quoted;
                lines.push('"');
                1
            }
            _ => {
                quoted = false;
                lines.push('\n');
                1
            }
        };
        rest = &sign[taken..];
    }
    lines.push_str(rest);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_are_those_outside_strings() {
        for (text, lines) in [
            (r#"brk(0) = 0\nwrite(1, "a\n", 2) = 2\nbrk(0) = 0"#, Some("brk(0) = 0\nwrite(1, \"a\\n\", 2) = 2\nbrk(0) = 0")),
            (r#""open(\"a\") = 3\nwrite(1, \"a\\n\", 2) = 2\n""#, Some("open(\"a\") = 3\nwrite(1, \"a\\n\", 2) = 2\n")),
            (r#"write(1, "a\n", 2) = 2"#, None),
            ("brk(0) = 0\nbrk(0) = 0\n", None),
            ("brk(0) = 0\\", None),
        ] {
            assert_eq!(lines_of(text).as_deref(), lines, "{text}");
        }
    }
}
