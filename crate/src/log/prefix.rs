//! What stands before the call on a line: whatever put the log on show, then the tracer's own columns
//! (process, times, the call's number, the instruction pointer).

use super::{names, noise};

/// What a line is, by what its core begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Core {
    /// `mmap(`
    Call,
    /// `<... mmap resumed>`
    Resumed,
    /// `+++ exited with 0 +++`
    Exit,
    /// `--- SIGSEGV {…} ---`
    Signal,
}

/// The columns before the core.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Head<'a> {
    /// The process, in digits.
    pub(super) process: Option<&'a str>,
    /// The process stands there as a bare number, which may also be the number of the line.
    pub(super) is_bare: bool,
    /// The first stamp of time, as written.
    pub(super) time: Option<&'a str>,
    /// The call's number (`strace -n`).
    pub(super) number: Option<u64>,
    /// How many bytes of the line are none of the tracer's.
    pub(super) foreign: usize,
}

/// Names only scripts use; a log with a header may carry them too.
pub(super) fn is_own_call(name: &str) -> bool {
    matches!(name, "load" | "store" | "execute" | "touch_read" | "touch_write" | "maps" | "nmaps" | "snap" | "pagemap")
}

/// Where the core of a line begins, and what it is.
pub(super) fn find_core(line: &str, has_header: bool) -> Option<(usize, Core)> {
    let bytes = line.as_bytes();
    let mut was_glued = false;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'(' => {
                let is_call = |name: &str| names::is_system_call(name) || has_header && is_own_call(name);
                if let Some(start) = name_before(line, at).filter(|start| is_call(&line[*start..at])) {
                    return Some((start, Core::Call));
                }
                let Some(start) = behind_output(line, at).filter(|_| !was_glued) else { continue };
                // The end is looked for once a line.
                was_glued = true;
                if noise::end(&line[start..], Core::Call).is_some() {
                    return Some((start, Core::Call));
                }
            }
            b'<' if is_resumed(&line[at..]) => return Some((at, Core::Resumed)),
            b'+' if line[at..].starts_with("+++ ") && is_ending(&line[at + 4..]) => return Some((at, Core::Exit)),
            b'-' if line[at..].starts_with("--- ") && is_signal(&line[at + 4..]) => return Some((at, Core::Signal)),
            _ => {}
        }
    }
    None
}

/// Where the name that ends at a parenthesis begins, if one does.
fn name_before(line: &str, end: usize) -> Option<usize> {
    let bytes = line.as_bytes();
    let is_name = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'_';
    let mut start = end - bytes[..end].iter().rev().take_while(|b| is_name(b)).count();
    // qemu runs two lines into one: the number of the second stands right before its call.
    start += bytes[start..end].iter().take_while(|b| b.is_ascii_digit()).count();
    let before = start.checked_sub(1).map(|at| bytes[at]);
    let stands_free = before.is_none_or(|b| !b.is_ascii_alphabetic() && !matches!(b, b'_' | b'/' | b'.' | b'"' | b'\'' | b'`' | b'$'));
    (start < end && stands_free).then_some(start)
}

/// Where a name of a call on memory begins that stands right behind what a program wrote without ending its line:
/// `donemunmap(`.
fn behind_output(line: &str, end: usize) -> Option<usize> {
    /// The longest of these names.
    const LONGEST: usize = 20;
    let bytes = line.as_bytes();
    let is_name = |b: &&u8| b.is_ascii_lowercase() || b.is_ascii_digit() || **b == b'_';
    let run = bytes[..end].iter().rev().take(LONGEST).take_while(is_name).count();
    (end - run..end).find(|at| *at > 0 && bytes[at - 1].is_ascii_alphanumeric() && noise::is_about_memory(&line[*at..end]))
}

fn is_resumed(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("<... ") else { return false };
    let name = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    name > 0 && !rest[name..].trim_start().starts_with("...") && (rest.len() == name || rest[name..].trim_start().starts_with('r'))
}

fn is_ending(text: &str) -> bool {
    ["exited", "killed", "superseded"].iter().any(|word| text.starts_with(word))
}

fn is_signal(text: &str) -> bool {
    ["SIG", "stopped by", "{si_signo"].iter().any(|word| text.starts_with(word))
}

/// Reads the columns before a core, from its end.
pub(super) fn head(before: &str) -> Head<'_> {
    let mut head = Head::default();
    let mut rest = before.trim_end();
    loop {
        rest = rest.trim_end();
        let Some(shorter) = column(rest, &mut head) else { break };
        rest = shorter;
        if head.process.is_some() {
            break;
        }
    }
    head.foreign = rest.len() + (before[rest.len()..].len() - before[rest.len()..].trim_start().len()) * usize::from(!rest.is_empty());
    head
}

/// Takes the last column off.
fn column<'a>(rest: &'a str, head: &mut Head<'a>) -> Option<&'a str> {
    if rest.ends_with(']') {
        return bracketed(rest, head);
    }
    if let Some(inner) = rest.strip_suffix(')') {
        // The time since the line before: `(+     0.000012)`.
        let at = inner.rfind("(+")?;
        return is_seconds(inner[at + 2..].trim()).then_some(&rest[..at]);
    }
    if rest.ends_with("*/") {
        return rest.rfind("/*").map(|at| &rest[..at]);
    }
    let start = rest.rfind(|c: char| c.is_whitespace()).map_or(0, |at| at + 1);
    let token = &rest[start..];
    if is_seconds(token) || is_clock(token) {
        head.time = Some(token);
        return Some(&rest[..start]);
    }
    bare_process(rest, start, head)
}

/// `1234`, or `1234<name of the program>`.
fn bare_process<'a>(rest: &'a str, start: usize, head: &mut Head<'a>) -> Option<&'a str> {
    let (digits_start, digits_end) = match rest.ends_with('>') {
        true => {
            let open = rest.rfind('<')?;
            (open - rest[..open].bytes().rev().take_while(u8::is_ascii_digit).count(), open)
        }
        false => (start, rest.len()),
    };
    let digits = &rest[digits_start..digits_end];
    let stands_free = rest[..digits_start].chars().next_back().is_none_or(char::is_whitespace) && !ends_in_month(&rest[..digits_start]);
    if digits.is_empty() || digits.len() > 10 || !digits.bytes().all(|b| b.is_ascii_digit()) || !stands_free {
        return None;
    }
    head.process = Some(digits);
    head.is_bare = digits_end == rest.len();
    Some(&rest[..digits_start])
}

/// `Nov 25`: a day is no process.
fn ends_in_month(text: &str) -> bool {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    text.split_whitespace().next_back().is_some_and(|word| MONTHS.contains(&word))
}

/// `[pid 12]`, `[pid 12<name>]`, `[  59]` (the call's number), `[00007f0c49324000]` (the instruction pointer).
fn bracketed<'a>(rest: &'a str, head: &mut Head<'a>) -> Option<&'a str> {
    if let Some(at) = rest.rfind("[pid ") {
        let inner = rest[at + 5..].trim_start();
        let digits = inner.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 && !inner[..inner.len() - 1].contains("] ") {
            head.process = Some(&inner[..digits]);
            return Some(&rest[..at]);
        }
    }
    let at = rest.rfind('[')?;
    let inner = rest[at + 1..rest.len() - 1].trim();
    let is_pointer = matches!(inner.len(), 8 | 16) && inner.bytes().all(|b| b.is_ascii_hexdigit() || b == b'?');
    if is_pointer {
        return Some(&rest[..at]);
    }
    if head.number.is_none() && !inner.is_empty() && inner.len() < 6 && inner.bytes().all(|b| b.is_ascii_digit()) {
        head.number = inner.parse().ok();
        return Some(&rest[..at]);
    }
    None
}

/// `0.000012`, `1700000000.123456`.
fn is_seconds(token: &str) -> bool {
    token
        .split_once('.')
        .is_some_and(|(whole, part)| !whole.is_empty() && !part.is_empty() && whole.bytes().chain(part.bytes()).all(|b| b.is_ascii_digit()))
}

/// `12:34:56`, `12:34:56.789`.
fn is_clock(token: &str) -> bool {
    let clock = token.split('.').next().unwrap_or_default();
    let parts: Vec<_> = clock.split(':').collect();
    parts.len() == 3 && parts.iter().all(|part| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit())) && token.len() < 20
}

/// The rest of a line behind a prefix of the same shape: the same but for its numbers.
pub(super) fn without_like<'a>(line: &'a str, prefix: &str) -> Option<&'a str> {
    let mut rest = line;
    let mut wanted = prefix.trim_end();
    while let Some(first) = wanted.chars().next() {
        if first.is_ascii_digit() {
            let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
            let (own, other) = (digits(wanted), digits(rest));
            if other == 0 {
                return None;
            }
            (wanted, rest) = (&wanted[own..], &rest[other..]);
        } else if first.is_whitespace() {
            (wanted, rest) = (wanted.trim_start(), rest.trim_start());
        } else {
            (wanted, rest) = (&wanted[first.len_utf8()..], rest.strip_prefix(first)?);
        }
    }
    // One blank belongs to the prefix; the others are the line's.
    let blanks = prefix.len() - prefix.trim_end().len();
    let own = rest.bytes().take(blanks).take_while(|b| matches!(b, b' ' | b'\t')).count();
    Some(&rest[own..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> (Head<'_>, &str) {
        let (at, _) = find_core(line, false).expect("a core");
        (head(&line[..at]), &line[at..])
    }

    #[test]
    fn the_columns_of_every_option() {
        for (line, process) in [
            ("mmap(NULL) = 0", None),
            ("24463 mmap(NULL) = 0", Some("24463")),
            ("24463<ls> mmap(NULL) = 0", Some("24463")),
            ("24463<my prog> 12:34:56.789 mmap(NULL) = 0", Some("24463")),
            ("[pid 12] mmap(NULL) = 0", Some("12")),
            ("[pid    12] [  14] mmap(NULL) = 0", Some("12")),
            ("[pid 12909<a [b]>] 1795643194.184121 mmap(NULL) = 0", Some("12909")),
            ("[pid 12910 /* 5 in strace's PID NS */] mmap(NULL) = 0", Some("12910")),
            ("[pid 12] 21:46:34.023521 (+     0.000048) [00007f6299945b07] mmap(NULL) = 0", Some("12")),
            ("[????????????????] mmap(NULL) = 0", None),
            ("     0.000012 mmap(NULL) = 0", None),
            ("09:08:07 mmap(NULL) = 0", None),
        ] {
            let (head, core) = of(line);
            assert_eq!((head.process, head.foreign, core), (process, 0, "mmap(NULL) = 0"), "{line}");
        }
    }

    #[test]
    fn what_others_put_before_a_line_is_theirs() {
        for (prefix, process) in [
            ("web-1  | ", None),
            ("> > ", None),
            ("1 - ", None),
            ("+", None),
            ("Nov 25 21:45:42 host demo[1234]: ", None),
            ("[pod/web-1/app] ", None),
            ("2026-11-25T21:45:42.1234567Z ", None),
            ("12:", None),
            ("#9 0.412 ", None),
            ("21:45 <alice> ", None),
            ("Nov 25 21:45:42 host demo[1234]: [pid 77] ", Some("77")),
            ("web-1 | 77 12:34:56 ", Some("77")),
        ] {
            let line = format!("{prefix}mmap(NULL) = 0");
            let (head, core) = of(&line);
            assert_eq!((head.process, core), (process, "mmap(NULL) = 0"), "{line}");
            assert!(head.foreign > 0 && head.foreign <= prefix.len(), "{line}: {}", head.foreign);
        }
    }

    #[test]
    fn a_prefix_of_the_same_shape_is_taken_off() {
        assert_eq!(without_like("#9 10.013 , tid) = 3", "#9 9.412 "), Some(", tid) = 3"));
        assert_eq!(without_like("web-1  |  <unfinished ...>", "web-1  | "), Some(" <unfinished ...>"));
        assert_eq!(without_like("hello", "web-1  | "), None);
    }

    #[test]
    fn a_call_right_behind_what_a_program_wrote_is_one() {
        for before in ["50 per cent done", "OK", "x2"] {
            let line = format!("{before}munmap(0x1000, 4096) = 0");
            assert_eq!(find_core(&line, false), Some((before.len(), Core::Call)), "{line}");
        }
    }

    #[test]
    fn names_of_programs_and_words_are_no_calls() {
        for line in [
            "do_munmap(0x1000, 4096) = 0",
            "remunmap(0x1000)",
            "/usr/bin/brk() [0x1040]",
            "the call `mmap(`",
            "printf(3)",
            "a <... b c",
            "--- a/file",
            "+++ b/file",
        ] {
            assert_eq!(find_core(line, false), None, "{line}");
        }
    }
}
