//! `perf trace`: its lines as a tracer would write them. Arguments that are 0 are left out there, and
//! names come without their prefixes.

use super::noise;

/// The parameters of calls on memory, as `perf trace` names them, with the prefix of their constants.
const PARAMETERS: &[(&str, &[(&str, &str)])] = &[
    ("mmap", &[("addr", ""), ("len", ""), ("prot", "PROT_"), ("flags", "MAP_"), ("fd", ""), ("off", "")]),
    ("munmap", &[("addr", ""), ("len", "")]),
    ("mprotect", &[("start", ""), ("len", ""), ("prot", "PROT_")]),
    ("pkey_mprotect", &[("start", ""), ("len", ""), ("prot", "PROT_"), ("pkey", "")]),
    ("mremap", &[("addr", ""), ("old_len", ""), ("new_len", ""), ("flags", "MREMAP_"), ("new_addr", "")]),
    ("brk", &[("brk", "")]),
    ("madvise", &[("start", ""), ("len_in", ""), ("behavior", "MADV_")]),
    ("mlock", &[("start", ""), ("len", "")]),
    ("mlock2", &[("start", ""), ("len", ""), ("flags", "MLOCK_")]),
    ("munlock", &[("start", ""), ("len", "")]),
    ("mlockall", &[("flags", "MCL_")]),
    ("mincore", &[("start", ""), ("len", ""), ("vec", "")]),
    ("msync", &[("start", ""), ("len", ""), ("flags", "MS_")]),
    ("mseal", &[("start", ""), ("len", ""), ("flags", "")]),
    ("shmat", &[("shmid", ""), ("shmaddr", ""), ("shmflg", "SHM_")]),
    ("shmdt", &[("shmaddr", "")]),
    ("shmget", &[("key", ""), ("size", ""), ("shmflg", "")]),
    ("openat", &[("dfd", "AT_FD"), ("filename", ""), ("flags", "O_"), ("mode", "S_")]),
    ("open", &[("filename", ""), ("flags", "O_"), ("mode", "S_")]),
    ("close", &[("fd", "")]),
    ("ftruncate", &[("fd", ""), ("length", "")]),
    ("memfd_create", &[("uname", ""), ("flags", "MFD_")]),
    ("dup", &[("fildes", "")]),
    ("dup2", &[("oldfd", ""), ("newfd", "")]),
    ("dup3", &[("oldfd", ""), ("newfd", ""), ("flags", "O_")]),
    ("clone", &[("flags", "CLONE_"), ("child_stack", "")]),
    ("execve", &[("filename", ""), ("argv", ""), ("envp", "")]),
    ("exit_group", &[("error_code", "")]),
    ("exit", &[("error_code", "")]),
];

/// The same text with `perf`'s lines as a tracer's: the process, the call, its arguments in their order.
pub(super) fn as_traced(text: &str) -> String {
    let mut traced = String::with_capacity(text.len());
    for line in text.lines() {
        match line_as_traced(line) {
            Some(line) => traced.push_str(&line),
            None => traced.push_str(line),
        }
        traced.push('\n');
    }
    traced
}

fn line_as_traced(line: &str) -> Option<String> {
    if !super::recognise::is_perf_line(line.trim()) {
        return None;
    }
    let (_, rest) = line.split_once("):")?;
    let rest = rest.trim();
    if let Some((before, resumed)) = rest.split_once("... [continued]: ") {
        let name = noise::name_of(resumed);
        return Some(format!("{}<... {name} resumed>{}", process(before), resumed[name.len()..].trim_start_matches("()")));
    }
    let open = rest.find('(')?;
    let start = rest[..open].rfind(' ').map_or(0, |at| at + 1);
    let name = &rest[start..open];
    let (inside, after) = match rest.rfind(") ") {
        Some(close) if close > open => (&rest[open + 1..close], rest[close + 1..].trim()),
        _ => (rest[open + 1..].trim_end_matches([')', '.', ' ']), "..."),
    };
    let arguments = arguments(name, inside);
    let pid = process(&rest[..start]);
    if after == "..." || !after.starts_with('=') {
        return Some(format!("{pid}{name}({arguments} <unfinished ...>"));
    }
    Some(format!("{pid}{name}({arguments}) {after}"))
}

/// `ls/123 ` as `123 `.
fn process(before: &str) -> String {
    let number = before.trim().rsplit('/').next().unwrap_or_default();
    if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) { format!("[pid {number}] ") } else { String::new() }
}

fn arguments(name: &str, inside: &str) -> String {
    let Some((_, parameters)) = PARAMETERS.iter().find(|(known, _)| *known == name) else { return special(name, inside) };
    if let Some(positional) = positional(inside, parameters) {
        return positional;
    }
    let written: Vec<_> = inside.split(", ").filter_map(|piece| piece.split_once(": ")).collect();
    let value = |name: &str| {
        written.iter().find(|(key, _)| key.trim() == name || name == "flags" && key.trim() == "clone_flags").map(|(_, value)| value.trim())
    };
    let is_anonymous = value("flags").is_some_and(|flags| flags.contains("ANON"));
    let values = parameters.iter().map(|(key, prefix)| match value(key) {
        None if *key == "fd" && is_anonymous => "-1".to_string(),
        None => "0".to_string(),
        Some(value) => prefixed(value, prefix),
    });
    let joined = values.collect::<Vec<_>>().join(", ");
    if name == "clone" { joined.replacen("", "flags=", 1) } else { joined }
}

/// The arguments without names, all of them, as `perf config trace.show_arg_names=no trace.show_zeros=yes` has them.
fn positional(inside: &str, parameters: &[(&str, &str)]) -> Option<String> {
    let values: Vec<_> = inside.split(", ").collect();
    let is_whole = !inside.is_empty() && values.len() == parameters.len() && values.iter().all(|value| !value.contains(": "));
    is_whole.then(|| values.iter().zip(parameters).map(|(value, (_, prefix))| prefixed(value, prefix)).collect::<Vec<_>>().join(", "))
}

/// A thread's `clone3` shows only where its arguments lie: glibc makes threads by it.
fn special(name: &str, inside: &str) -> String {
    match name {
        "clone3" => "{flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD}, 88".into(),
        _ => inside.to_string(),
    }
}

/// `READ|WRITE` as `PROT_READ|PROT_WRITE`.
fn prefixed(value: &str, prefix: &str) -> String {
    let word = |word: &str| match word.starts_with(|c: char| c.is_ascii_uppercase()) && !word.starts_with(prefix) {
        true => format!("{prefix}{word}"),
        false => word.to_string(),
    };
    value.split('|').map(word).collect::<Vec<_>>().join("|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_perf_as_a_tracer_writes_them() {
        for (line, traced) in [
            (
                "     0.012 ( 0.004 ms): ls/123 mmap(len: 8192, prot: READ|WRITE, flags: PRIVATE|ANONYMOUS)   = 0x7f00",
                "[pid 123] mmap(0, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f00",
            ),
            ("     0.012 ( 0.004 ms): brk()   = 0x1000", "brk(0) = 0x1000"),
            (
                "0.01 (0.004 ms): x/1 mmap(NULL, 8192, READ|WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f00",
                "[pid 1] mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f00",
            ),
            ("         ? (         ): seg/12  ... [continued]: clone3())   = 0", "[pid 12] <... clone3 resumed>)   = 0"),
            ("8.387 (         ): a b/13 munmap(addr: 0x1000, len: 3) ...", "[pid 13] munmap(0x1000, 3 <unfinished ...>"),
            (
                "1.1 ( 0.1 ms): seg/9 madvise(start: 0x1000, len_in: 4096, behavior: MADV_DONTNEED) = 0",
                "[pid 9] madvise(0x1000, 4096, MADV_DONTNEED) = 0",
            ),
        ] {
            assert_eq!(line_as_traced(line).unwrap(), traced);
        }
    }
}
