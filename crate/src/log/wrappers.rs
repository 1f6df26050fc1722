//! What is put around every line of a text: the objects of container logs, quotes of tables and of program text,
//! marks of emphasis, breaks of web pages. It is taken off where most lines have it.

use std::borrow::Cow;

/// So many lines are looked at.
const LOOKED_AT: usize = 1_000;

/// One way to dress a line.
type Undress = fn(&str) -> Option<String>;

const WAYS: [Undress; 7] = [object, program_text, single_quoted, table_cell, quoted_cell, emphasis, line_break];

/// The text without what is around most of its lines.
pub(super) fn unwrapped(text: &str) -> Cow<'_, str> {
    let looks_dressed = |line: &&str| {
        let line = line.trim();
        line.starts_with(['{', '"', '\'', '|', '*', '_']) || line.ends_with('>')
    };
    let sample: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(LOOKED_AT).collect();
    if sample.iter().filter(|line| looks_dressed(line)).count() * 2 < sample.len() {
        return Cow::Borrowed(text);
    }
    let Some(way) = WAYS.into_iter().find(|way| sample.iter().filter(|line| way(line).is_some()).count() * 5 > sample.len() * 4) else {
        return Cow::Borrowed(text);
    };
    let mut plain = String::with_capacity(text.len());
    for line in text.split('\n') {
        match way(line) {
            Some(inside) => plain.push_str(&inside),
            None => plain.push_str(line),
        }
        plain.push('\n');
    }
    plain.pop();
    Cow::Owned(plain)
}

/// `{"log":"brk(NULL) = 0x1000\n","stream":"stderr"}`
fn object(line: &str) -> Option<String> {
    let line = line.trim();
    if !line.starts_with('{') {
        return None;
    }
    let names = ["\"log\"", "\"message\"", "\"msg\"", "\"MESSAGE\"", "\"line\"", "\"text\""];
    let (_, rest) = names.iter().find_map(|name| line.split_once(name))?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start();
    string(rest).map(|(text, _)| text)
}

/// `"brk(NULL) = 0x1000\n",`
fn program_text(line: &str) -> Option<String> {
    let (text, rest) = string(line.trim())?;
    matches!(rest.trim(), "" | "," | ";" | "]" | "+" | "\\").then_some(text)
}

/// `'brk(NULL) = 0x1000',`
fn single_quoted(line: &str) -> Option<String> {
    let inside = line.trim().trim_end_matches([',', ';', ' ', ']']).trim_start_matches('[').strip_prefix('\'')?.strip_suffix('\'')?;
    Some(inside.trim_end_matches("\\n").replace("\\'", "'").replace("\\\\", "\\"))
}

/// `"write(1, ""x"", 1) = 1"`
fn quoted_cell(line: &str) -> Option<String> {
    let inside = line.trim().trim_end_matches(',').strip_prefix('"')?.strip_suffix('"')?;
    Some(inside.replace("\"\"", "\""))
}

/// `| 12 | brk(NULL) = 0x1000 |`: what stands in the last cell.
fn table_cell(line: &str) -> Option<String> {
    let inside = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    let cell = inside.rsplit_once(" | ").map_or(inside, |(_, last)| last).trim_end();
    let cell = cell.strip_prefix(' ').unwrap_or(cell);
    let code = cell.trim().strip_prefix('`').and_then(|cell| cell.strip_suffix('`'));
    Some(code.unwrap_or(cell).replace("\\|", "|"))
}

/// `**brk(NULL) = 0x1000**`
fn emphasis(line: &str) -> Option<String> {
    let line = line.trim();
    ["**", "__", "*", "_"].iter().find_map(|mark| line.strip_prefix(mark)?.strip_suffix(mark)).map(str::to_string)
}

/// `brk(NULL) = 0x1000<br/>`
fn line_break(line: &str) -> Option<String> {
    let line = line.trim_end();
    let at = line.rfind("<br").or_else(|| line.rfind("</"))?;
    let tag = &line[at..];
    (tag.len() < 12 && tag.ends_with('>') && !tag.contains(' ') || tag == "<br />").then(|| line[..at].to_string())
}

/// A string of a programming language that a text begins with, and what stands behind it. Line ends go.
fn string(text: &str) -> Option<(String, &str)> {
    let mut plain = String::new();
    let mut chars = text.strip_prefix('"')?.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((plain, &text[at + 2..])),
            '\\' => match chars.next()?.1 {
                'n' | 'r' => {}
                't' => plain.push('\t'),
                'u' => {
                    let digits: String = chars.by_ref().take(4).map(|(_, c)| c).collect();
                    plain.push(char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?);
                }
                other => plain.push(other),
            },
            other => plain.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_most_lines_have_goes_from_all() {
        for (text, plain) in [
            ("{\"log\":\"write(1, \\\"a\\\\n\\\", 2) = 2\\n\",\"stream\":\"stderr\"}\n", "write(1, \"a\\n\", 2) = 2\n"),
            ("\"brk(0) = 0\",\n\"f(\\\"\\u003c\\\")\"\n", "brk(0) = 0\nf(\"<\")\n"),
            ("'f(\"x\") = 0',\n'g(\\'y\\') = 0\\n'\n", "f(\"x\") = 0\ng('y') = 0\n"),
            ("\"f(\"\"x\"\", 1) = 0\"\n", "f(\"x\", 1) = 0\n"),
            ("| 1 | `f(A\\|B) = 0` |\n| 2 | `g() = 0` |\n", "f(A|B) = 0\ng() = 0\n"),
            ("**f() = 0**\n\n**g() = 0**\n", "f() = 0\n\ng() = 0\n"),
            ("f() = 0<br>\ng() = 0<br />\nh() = 0<br/>", "f() = 0\ng() = 0\nh() = 0"),
            ("f(1 <unfinished ...>\n<... f resumed>) = 0\n", "f(1 <unfinished ...>\n<... f resumed>) = 0\n"),
            ("> f() = 0\n\"x\"\n", "> f() = 0\n\"x\"\n"),
        ] {
            assert_eq!(unwrapped(text), plain);
        }
    }
}
