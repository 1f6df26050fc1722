//! A picture of the place of an error: the line, and a mark under the column.

use super::ParseError;

/// How much of a long line is shown before and after the place.
const AROUND: usize = 60;
/// A tab reaches to the next multiple of this.
const TAB: usize = 8;

impl ParseError {
    /// The line and, below it, a `^` under the place; empty if the text has no such line.
    pub fn picture(&self, text: &str) -> String {
        let Some(line) = text.lines().nth(self.line.saturating_sub(1)).map(|line| line.trim_end()) else { return String::new() };
        if self.found.is_empty() {
            return shown(line.chars().take(2 * AROUND)).0;
        }
        let at = self.column.saturating_sub(1);
        let start = at.saturating_sub(AROUND);
        let (before, width) = shown(line.chars().skip(start).take(at - start));
        let (after, _) = shown(line.chars().skip(at).take(AROUND));
        let cut = if start > 0 { "…" } else { "" };
        format!("{cut}{before}{after}\n{}^", " ".repeat(width + cut.chars().count()))
    }
}

/// Characters as a terminal shows them, without tabs, and how many cells they take.
fn shown(chars: impl Iterator<Item = char>) -> (String, usize) {
    let (mut text, mut cells) = (String::new(), 0);
    for c in chars {
        match c {
            '\t' => {
                let blanks = TAB - cells % TAB;
                text.push_str(&" ".repeat(blanks));
                cells += blanks;
            }
            c if c.is_control() => {}
            c => {
                text.push(c);
                cells += width(c);
            }
        }
    }
    (text, cells)
}

/// How many cells a terminal gives a character.
fn width(c: char) -> usize {
    match u32::from(c) {
        0x300..=0x36f | 0x200b..=0x200f | 0xfe00..=0xfe0f | 0x1ab0..=0x1aff | 0x20d0..=0x20ff => 0,
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f => 2,
        0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1faff | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Script;

    fn picture(text: &str) -> String {
        Script::parse(text).unwrap_err()[0].picture(text)
    }

    #[test]
    fn the_mark_stands_under_the_place_whatever_stands_before_it() {
        assert_eq!(picture("munmap(a 4096)"), "munmap(a 4096)\n         ^");
        assert_eq!(picture("# x\n\tmunmap(0 4096)"), "        munmap(0 4096)\n                 ^");
        assert_eq!(picture("store(0, \"日本\") x"), "store(0, \"日本\") x\n                 ^");
        let long = format!("store(0, \"{}\") x", "y".repeat(200));
        assert!(picture(&long).starts_with('…'));
    }
}
