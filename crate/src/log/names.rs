//! The names of Linux's system calls, on every machine: what a line of a log can begin with.

use std::sync::OnceLock;

/// One name a line, in order.
const NAMES: &str = include_str!("names.txt");
/// The longest of them.
const LONGEST: usize = 28;

/// Whether Linux has a system call of this name, or a tracer could not name it.
pub(super) fn is_system_call(name: &str) -> bool {
    static BY_LENGTH: OnceLock<[Vec<&str>; LONGEST + 1]> = OnceLock::new();
    let by_length = BY_LENGTH.get_or_init(|| {
        let mut by_length = [const { Vec::new() }; LONGEST + 1];
        NAMES.lines().for_each(|name| by_length[name.len()].push(name));
        by_length
    });
    by_length.get(name.len()).is_some_and(|names| names.binary_search(&name).is_ok()) || name.starts_with("syscall_")
}

/// The name under which a call is emulated: some machines have the same under another one.
pub(super) fn emulated(name: &str) -> &str {
    match name {
        "mmap2" | "old_mmap" | "mmap_pgoff" => "mmap",
        "fcntl64" => "fcntl",
        "ftruncate64" => "ftruncate",
        "truncate64" => "truncate",
        other => other,
    }
}
