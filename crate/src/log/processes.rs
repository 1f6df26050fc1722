//! Who is who. strace numbers processes only while there is more than one: the first has no number, then
//! one, then perhaps none again; and when the others are gone the last one has none.

use super::lines::{Item, Record};
use super::noise;
use super::prefix::Core;
use crate::sorted::{SortedMap, SortedSet};

/// Processes without a number that are not the first get one from here on: no process of Linux has it.
const LATER: u64 = 1 << 22;

/// A process of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Key {
    /// The one whose lines had no number at first.
    Root,
    /// By its number.
    Number(u64),
    /// One without a number that began when the one before had ended: another log in the same text.
    Later(u32),
}

#[derive(Debug, Default)]
pub(super) struct Processes {
    /// Those that others made, by all that the log says.
    children: SortedSet<u64>,
    /// The number of the first one, once it is known.
    root: Option<u64>,
    /// Some line had no number before any had one.
    began_unnumbered: bool,
    alive: SortedSet<Key>,
    last: Option<Key>,
    /// How many logs without numbers ended, and another one began.
    later: u32,
    /// Some process has ended.
    has_ended: bool,
    /// `+++ superseded by execve in pid N +++`: whose call goes on as whose.
    superseded: SortedMap<Key, Key>,
}

impl Processes {
    /// Looks for processes that others made.
    pub(super) fn new(items: &[Item]) -> Self {
        let mut children = SortedSet::new();
        for item in items {
            match item {
                Item::Note(note) => children.extend(attached(note).filter(|(_, by_hand)| !by_hand).map(|(pid, _)| pid)),
                Item::Record(record) => children.extend(child_of(record)),
                _ => {}
            }
        }
        Self { children, ..Self::default() }
    }

    /// Whose a record is.
    pub(super) fn owner(&mut self, record: &Record, has_half: impl Fn(&Key) -> bool) -> Key {
        let key = match record.process {
            Some(number) => self.numbered(number),
            None => self.unnumbered(record, has_half),
        };
        self.last = Some(key);
        self.alive.insert(key);
        key
    }

    fn numbered(&mut self, number: u64) -> Key {
        if self.root.is_none() && self.began_unnumbered && !self.children.contains(&number) {
            self.root = Some(number);
        }
        self.key(number)
    }

    fn key(&self, number: u64) -> Key {
        if self.root == Some(number) { Key::Root } else { Key::Number(number) }
    }

    /// The only one that is left, or the one that waits for the end of this call, or the first.
    fn unnumbered(&mut self, record: &Record, has_half: impl Fn(&Key) -> bool) -> Key {
        if self.alive.is_empty() && self.last.is_none() {
            self.began_unnumbered = true;
            return Key::Root;
        }
        if self.alive.is_empty() && self.has_ended && matches!(noise::name_of(&record.text), "execve" | "execveat") {
            self.later += 1;
            return Key::Later(self.later);
        }
        if self.alive.len() == 1 {
            return *self.alive.iter().next().expect("there is one");
        }
        if record.core == Core::Resumed
            && let Some(key) = self.alive.iter().find(|key| has_half(key))
        {
            return *key;
        }
        // A signal's line of qemu has no number: it is about the one that ran last.
        match record.core {
            Core::Signal => self.last.unwrap_or(Key::Root),
            _ if self.later > 0 => self.last.unwrap_or(Key::Later(self.later)),
            _ if self.began_unnumbered => Key::Root,
            _ => self.last.unwrap_or(Key::Root),
        }
    }

    /// What a note says of processes.
    pub(super) fn note(&mut self, note: &str) {
        if let Some((pid, _)) = attached(note) {
            self.alive.insert(self.key(pid));
        } else if let Some(pid) = numbered_note(note, " detached") {
            self.alive.remove(&self.key(pid));
        }
    }

    /// `+++ exited with 0 +++`
    pub(super) fn ended(&mut self, key: Key, text: &str) {
        self.alive.remove(&key);
        self.has_ended |= !text.contains("superseded");
        if let Some(pid) = text.split_once("in pid ").and_then(|(_, rest)| leading_number(rest)) {
            self.superseded.insert(key, self.key(pid));
        }
    }

    /// The process whose half-call goes on under another number, since a thread made a new program.
    pub(super) fn superseded_by(&mut self, key: Key) -> Option<Key> {
        self.superseded.remove(&key)
    }

    /// The name that a statement gives its process.
    pub(super) fn name(&self, key: Key) -> Option<String> {
        match key {
            Key::Root => self.root.map(|number| number.to_string()),
            Key::Number(number) => Some(number.to_string()),
            Key::Later(count) => Some((LATER + u64::from(count)).to_string()),
        }
    }
}

/// `Process 12 attached`; and whether a user asked for it (`with 2 threads`, `strace -p`).
fn attached(note: &str) -> Option<(u64, bool)> {
    let pid = numbered_note(note, " attached")?;
    Some((pid, note.contains(" attached with")))
}

fn numbered_note(note: &str, says: &str) -> Option<u64> {
    let rest = note.strip_prefix("Process ")?;
    rest.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with(says).then(|| leading_number(rest)).flatten()
}

/// The number that a text begins with.
fn leading_number(text: &str) -> Option<u64> {
    text[..text.bytes().take_while(u8::is_ascii_digit).count()].parse().ok()
}

/// The child that a record's call made.
fn child_of(record: &Record) -> Option<u64> {
    let makes = matches!(noise::name_of(&record.text), "clone" | "clone3" | "fork" | "vfork" | "clone2");
    let super::lines::End::Result(at) = record.end else { return None };
    let result = record.text[at..].trim_matches(['=', ' ']);
    leading_number(result).filter(|_| makes && result != "0")
}
