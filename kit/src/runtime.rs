//! What is the same in every file: the parts of the runtime, in the order in which they need each other.

/// Up to where a file's own text comes in: everything but the guardian.
pub(crate) const BEFORE: &[&str] = &[
    include_str!("../runtime/1-machine.h"),
    include_str!("../runtime/2-world.h"),
    include_str!("../runtime/3-proc.h"),
    include_str!("../runtime/4-act.h"),
    include_str!("../runtime/5-check.h"),
    include_str!("../runtime/6-run.h"),
];

/// The guardian, which knows the file's tables.
pub(crate) const BEHIND: &str = include_str!("../runtime/7-main.h");

/// The runtime as one text.
pub fn runtime() -> String {
    BEFORE.concat() + BEHIND
}
