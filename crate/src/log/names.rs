//! The names of Linux's system calls, on every machine: what a line of a log can begin with.

use std::collections::HashSet;
use std::sync::OnceLock;

/// One name a line.
const NAMES: &str = include_str!("names.txt");

/// Whether Linux has a system call of this name, or a tracer could not name it.
pub(super) fn is_system_call(name: &str) -> bool {
    static KNOWN: OnceLock<HashSet<&str>> = OnceLock::new();
    KNOWN.get_or_init(|| NAMES.lines().collect()).contains(name) || name.starts_with("syscall_")
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
