//! Judging single lines and ends of calls: notes of the tracer, stacks, what is no line of a log.

use super::lines::End;
use super::names;
use super::prefix::Core;
use crate::machine::Sysno;

/// The name a call begins with, also one whose second half it is.
pub(super) fn name_of(text: &str) -> &str {
    let text = text.strip_prefix("<... ").unwrap_or(text);
    let end = text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    &text[..end]
}

/// Whether a call of this name changes or asks about memory.
pub(super) fn is_about_memory(name: &str) -> bool {
    Sysno::from_name(names::emulated(name)).is_some_and(Sysno::is_about_memory)
}

/// Cuts a line where a note of the tracer begins: the text before it, and the note.
pub(super) fn note(line: &str) -> Option<(&str, &str)> {
    if !may_hold_note(line) {
        return None;
    }
    for (at, _) in line.match_indices("trace: ") {
        // `strace: `, `/usr/bin/strace: `.
        let start = line[..at].rfind(|c: char| !(c.is_ascii_alphanumeric() || "/._-".contains(c))).map_or(0, |at| at + 1);
        let rest = &line[at + 7..];
        if line[..at].ends_with('s') && is_note(rest) {
            // What stands before the tracer's name may be a word of the call: `SIGCHLDstrace: …`.
            let name =
                if line[start..at + 5].contains('/') { line[start..].find('/').map_or(start, |slash| start + slash) } else { at - 1 };
            return Some((&line[..name], rest));
        }
    }
    let at = line.find("[ Process PID=").or_else(|| old_note(line))?;
    Some((&line[..at], &line[at..]))
}

/// Every note has a word that ends in `ace: ` or begins with `Process`: most lines have neither.
fn may_hold_note(line: &str) -> bool {
    let bytes = line.as_bytes();
    let follows = |at: usize, word: &[u8]| bytes.get(at + 1..at + 1 + word.len()) == Some(word);
    bytes.iter().enumerate().any(|(at, byte)| match byte {
        b'P' => follows(at, b"rocess "),
        b':' => follows(at, b" ") && bytes[..at].ends_with(b"trace"),
        _ => false,
    })
}

fn is_note(text: &str) -> bool {
    let words = [
        "Process ",
        "[ Process ",
        "Can't ",
        "attach",
        "exec",
        "ptrace",
        "Cannot",
        "detach",
        "-",
        "WARNING",
        "Could",
        "seccomp",
        "invalid",
        "must",
    ];
    words.iter().any(|word| text.starts_with(word))
}

/// `Process 12 attached`, as tracers said until 2014.
fn old_note(line: &str) -> Option<usize> {
    let at = line.find("Process ")?;
    let rest = line[at + 8..].trim_start_matches(|c: char| c.is_ascii_digit());
    let says = [" attached", " detached", " suspended", " resumed"].iter().any(|word| rest.starts_with(word));
    (rest.len() < line.len() - at - 8 && says).then_some(at)
}

/// Takes a note out of a call that it was wrapped into.
pub(super) fn take_note(text: &mut String) -> Option<String> {
    const BEGIN: &str = "strace: Process ";
    let at = text.find(BEGIN)?;
    let rest = &text[at + BEGIN.len()..];
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    rest[digits..].strip_prefix(" attached").filter(|_| digits > 0)?;
    let end = at + BEGIN.len() + digits + " attached".len();
    let note = text[at + "strace: ".len()..end].to_string();
    text.replace_range(at..end, "");
    Some(note)
}

/// A line of `strace -k`: ` > /usr/lib/libc.so.6(mmap64+0x17) [0x106117]`.
pub(super) fn is_stack(trimmed: &str) -> bool {
    if !trimmed.starts_with('>') {
        return false;
    }
    let Some(at) = trimmed.rfind(" [0x") else { return trimmed.contains("unexpected_backtracing_error") };
    trimmed[at + 4..].strip_suffix(']').is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// qemu lets threads write into each other's lines: `f(…)13305 g(…) = 0` is two.
pub(super) fn two_in_one(line: &str) -> (&str, Option<&str>) {
    for (at, pair) in line.as_bytes().windows(2).enumerate() {
        if pair[0] != b')' || !pair[1].is_ascii_digit() {
            continue;
        }
        let rest = &line[at + 1..];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let is_call = rest[digits..].strip_prefix(' ').is_some_and(|call| {
            let name = name_of(call);
            names::is_system_call(name) && call[name.len()..].starts_with('(')
        });
        if is_call {
            return (&line[..=at], Some(rest));
        }
    }
    (line, None)
}

/// A line that stands in backticks as a whole.
pub(super) fn without_backticks(line: &str) -> &str {
    let inner = line.trim().strip_prefix('`').and_then(|line| line.strip_suffix('`'));
    inner.filter(|inner| !inner.contains('`')).unwrap_or(line)
}

/// Whether a text ends inside a string.
pub(super) fn ends_in_string(text: &str) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ => {}
        }
    }
    quoted
}

/// Whether a text ends within `<unfinished ...>` or `<detached ...>`: a terminal broke the line there.
pub(super) fn ends_in_mark(text: &str) -> bool {
    let Some(at) = text.rfind('<') else { return false };
    let tail = text[at..].trim_end();
    ["<unfinished ...>", "<detached ...>"].iter().any(|mark| mark.starts_with(tail))
}

/// How a record ends, if it does.
pub(super) fn end(text: &str, core: Core) -> Option<End> {
    match core {
        Core::Exit => return Some(End::Whole),
        Core::Signal => return text.trim_end().ends_with("---").then_some(End::Whole),
        Core::Call | Core::Resumed => {}
    }
    let trimmed = text.trim_end();
    if trimmed.ends_with('>') {
        for mark in ["<unfinished ...>", "<unfinished...>", "<unfinished \u{2026}>"] {
            if let Some(before) = trimmed.strip_suffix(mark) {
                return Some(End::Unfinished(before.trim_end().len()));
            }
        }
        if trimmed.ends_with("<detached ...>") {
            return Some(End::Detached);
        }
    }
    if text.ends_with(')') && super::prefix::is_own_call(name_of(text)) {
        return Some(End::Whole);
    }
    let at = closing(text).or_else(|| last_result(text))?;
    (!text[at..].trim_matches(['=', ' ']).is_empty()).then_some(End::Result(at))
}

/// Behind the `=` that follows the parenthesis which closes the call.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped) = (0i32, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'(' if !quoted => depth += 1,
            b')' if !quoted => {
                depth -= 1;
                // The second half of a call closes what its first half opened.
                if depth <= 0 {
                    let rest = text[at + 1..].trim_start();
                    return rest.starts_with('=').then(|| text.len() - rest.len() + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// Behind the last `) =`: strings and brackets may be unbalanced by what a program printed in between.
fn last_result(text: &str) -> Option<usize> {
    let is_result = |at: &usize| text[..*at].trim_end_matches(' ').ends_with(')') && text[at + 1..].starts_with([' ', '-', '0']);
    text.rmatch_indices('=').map(|(at, _)| at).find(is_result).map(|at| at + 1)
}

/// Whether a call of a name may return that.
pub(super) fn may_return(name: &str, result: &str) -> bool {
    match name {
        "mmap" | "mmap2" | "mremap" | "shmat" => {
            result.starts_with("-1") || result.strip_prefix("0x").is_some_and(|digits| digits.ends_with("000"))
        }
        "mprotect" | "munmap" | "madvise" | "msync" | "mlock" | "munlock" => result == "0" || result.starts_with("-1"),
        _ if name.starts_with("exit") => result.starts_with('?'),
        _ => true,
    }
}

/// The name of a system call as `ltrace -S` shows one: `SYS_mmap(0, 8192, 3, 34)`, `mmap@SYS(nil, 8192, 3, 34)`.
pub(super) fn call_of_ltrace(trimmed: &str) -> Option<&str> {
    let head = trimmed.split_once('(')?.0.split_whitespace().next_back()?;
    let name = head.strip_prefix("SYS_").or_else(|| head.strip_suffix("@SYS"))?;
    super::names::is_system_call(name).then_some(name)
}

/// Whether a line is the rest of a result that ended too early.
pub(super) fn continues(result: &str, line: &str, address_digits: usize) -> bool {
    let result = result.trim();
    let line = line.trim_end();
    let is_hex = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit());
    if let Some(digits) = result.strip_prefix("0x").filter(|digits| is_hex(digits) && digits.len() < address_digits) {
        let more = line.split(' ').next().unwrap_or_default();
        return is_hex(more) && digits.len() + more.len() <= address_digits;
    }
    if let Some(rest) = result.strip_prefix("-1").map(str::trim) {
        let is_name = rest.is_empty() || rest.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        let known = crate::errno::Errno::from_name(rest).is_some();
        return is_name && !known && line.trim_start().starts_with(|c: char| c.is_ascii_uppercase())
            || is_unclosed(rest) && line.contains(')');
    }
    result == "-" && line.starts_with('1') || result == "0x" && is_hex(line) || is_unclosed(result) && line.contains([')', '>'])
}

/// Whether the result of the last call of a text may go on behind its end.
pub(super) fn is_cut(text: &str, place: usize, address_digits: usize) -> bool {
    let (call, result) = (&text[..place], text[place..].trim_matches(['=', ' ']));
    // `0` begins an address.
    let is_address = matches!(name_of(call), "brk" | "mmap" | "mmap2" | "mremap" | "shmat");
    if matches!(result, "-" | "0x") || result == "0" && is_address {
        return true;
    }
    if let Some(errno) = result.strip_prefix("-1 ").filter(|errno| errno.starts_with('E')) {
        return crate::errno::Errno::from_name(errno).is_none() && errno.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    }
    let Some(digits) = result.strip_prefix("0x").filter(|digits| digits.len() < address_digits) else { return false };
    let Ok(address) = u64::from_str_radix(digits, 16) else { return false };
    match name_of(call) {
        "brk" => call
            .split_once("(0x")
            .is_some_and(|(_, asked)| digits.len() < asked.len() - asked.trim_start_matches(|c: char| c.is_ascii_hexdigit()).len()),
        "mmap" | "mmap2" | "mremap" | "shmat" => !address.is_multiple_of(4096),
        _ => false,
    }
}

/// Whether a line is what is left of a call on memory when its beginning is missing: `PROT_READ, MAP_PRIVATE, 3, 0) = 0x7f1100010000`.
pub(super) fn is_end_of_memory_call(line: &str) -> bool {
    let Some((before, result)) = line.rsplit_once(") ") else { return false };
    let names = ["MAP_", "PROT_", "MADV_", "MREMAP_"].iter().any(|name| before.contains(name));
    names && !before.contains('(') && result.trim_start().starts_with("= ")
}

fn is_unclosed(text: &str) -> bool {
    text.matches('(').count() > text.matches(')').count() || text.matches('<').count() > text.matches('>').count()
}

/// Why a line is certainly no part of a call; `None` if it may be.
pub(super) fn reason(trimmed: &str) -> Option<&'static str> {
    let lower = trimmed.to_ascii_lowercase();
    if is_elision(trimmed, &lower) {
        return Some("says that something was left out");
    }
    if ["```", "~~~", "{code", "{noformat", "<pre", "</pre", "<code", "</code", "[code", "[/code"]
        .iter()
        .any(|mark| lower.starts_with(mark))
    {
        return Some("begins or ends a block of code");
    }
    if trimmed.starts_with("$ ")
        || trimmed.starts_with("% ")
        || ["$ strace", "# strace", "% strace", "$ cat ", "$ sudo "].iter().any(|p| trimmed.contains(p))
    {
        return Some("a command line");
    }
    if trimmed.starts_with("% time") || trimmed.starts_with("------ ") || is_count(trimmed) {
        return Some("the tracer's table of counts");
    }
    super::recognise::is_maps_line(trimmed).then_some("a line of /proc/PID/maps")
}

/// `...`, `[...]`, `<snip>`, `(12 lines omitted)`.
fn is_elision(trimmed: &str, lower: &str) -> bool {
    let dots = trimmed.trim_matches(|c: char| "[](){}<>-*#/\"' |:;".contains(c));
    if !dots.is_empty() && dots.chars().all(|c| matches!(c, '.' | '\u{2026}' | ' ')) && (dots.contains("..") || dots.contains('\u{2026}')) {
        return true;
    }
    let words =
        ["snip", "omitted", "elided", "skipped", "truncated", "left out", "removed", "more lines", "lines more", "cut here", "etc."];
    lower.len() < 60 && !lower.contains('=') && words.iter().any(|word| lower.contains(word))
}

/// A line of `strace -c`: ` 23.96    0.000219         219         1           clone`.
fn is_count(trimmed: &str) -> bool {
    let mut words = trimmed.split_whitespace();
    let mut number = || words.next().is_some_and(|word| word.contains('.') && word.bytes().all(|b| b.is_ascii_digit() || b == b'.'));
    number() && number() && trimmed.split_whitespace().skip(2).any(|word| word.bytes().all(|b| b.is_ascii_digit()))
}
