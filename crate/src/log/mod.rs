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
mod open;
mod parents;
mod perf;
mod prefix;
mod processes;
mod reader;
mod recognise;
mod survey;
mod wrappers;

pub use clean::decode;
pub use files::{Joined, join_files};
pub use recognise::{Kind, recognise};

use crate::script::{MAX_SCRIPT_BYTES, Script, SetAside};

/// Reads a log of a known kind. Kinds that are no logs of calls yield a script without statements.
pub fn read_as(text: &str, kind: Kind) -> Script {
    let text = clean::clean(at_most(text, MAX_SCRIPT_BYTES));
    let text = if kind == Kind::Perf { perf::as_traced(&text).into() } else { text };
    let survey = survey::survey(&text);
    let items = lines::items(&text, &survey);
    let mut reader = reader::Reader::new(kind, &items);
    for item in items {
        reader.take(item);
    }
    reader.finish()
}

/// Reads a log, whatever kind it is.
pub fn read(text: &str) -> Script {
    let kind = recognise(text);
    read_as(text, if kind.is_log() { kind } else { Kind::Strace })
}

/// At most so many bytes of a text.
fn at_most(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    &text[..end]
}

/// At most so many characters of a text.
fn shortened(text: &str, most: usize) -> String {
    text.char_indices().nth(most).map_or_else(|| text.to_string(), |(at, _)| format!("{}\u{2026}", &text[..at]))
}

fn set_aside(line: usize, text: &str, reason: &str, is_memory_call: bool) -> SetAside {
    SetAside { line, text: text.chars().take(200).collect(), reason: reason.into(), is_memory_call }
}
