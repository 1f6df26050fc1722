//! Floor 7: logs of calls as people have them. [`read`] takes the output of `strace`, `qemu -strace` or
//! `perf trace`, however it was copied, wrapped, prefixed or cut, and yields a [`Script`] to replay; a line
//! it cannot use is set aside with its number and the reason. It never fails as a whole.
//!
//! Text goes down a chain: `clean` takes off what was put around it, `survey` looks at its columns, `lines`
//! puts wrapped and interrupted calls together, `reader` joins halves and tells processes apart, `call`
//! reads arguments and results. `recognise` says what kind of text it is.

mod arch;
mod call;
mod clean;
mod faults;
mod files;
mod lines;
mod names;
mod noise;
mod one_line;
mod open;
mod parents;
mod perf;
mod prefix;
mod processes;
mod reader;
mod recognise;
mod steps;
mod survey;
mod wrappers;

pub use clean::decode;
pub use files::{Joined, join_files};
pub use recognise::{Kind, recognise};
pub use steps::LogReader;

use crate::script::{Script, SetAside};

/// Reads a log of a known kind. Kinds that are no logs of calls yield a script without statements.
pub fn read_as(text: &str, kind: Kind) -> Script {
    LogReader::new(text, Some(kind)).finish()
}

/// Reads a log, whatever kind it is.
pub fn read(text: &str) -> Script {
    LogReader::new(text, None).finish()
}

/// At most so many characters of a text.
fn shortened(text: &str, most: usize) -> String {
    text.char_indices().nth(most).map_or_else(|| text.to_string(), |(at, _)| format!("{}\u{2026}", &text[..at]))
}

fn set_aside(line: usize, text: &str, reason: &str, is_memory_call: bool) -> SetAside {
    SetAside { line, began: line, text: text.chars().take(200).collect(), reason: reason.into(), is_memory_call }
}
