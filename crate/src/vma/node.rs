//! The nodes of the tree in `tree.rs`: leaves of ranges, inner nodes that know the gaps below them.
//!
//! Each field has an array of its own, the one that is searched first: a search among many nodes waits for
//! memory, and so looks at two cache lines instead of five.

use std::mem::swap;
use std::ops::Range;

/// Entries in a leaf, children of an inner node.
pub(super) const CAP: usize = 32;
/// Keys in a cache line.
const LINE: usize = 8;
/// The key of a place that is not used: above every address, so that a search needs no length.
const UNUSED: u64 = u64::MAX;

/// A range with its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) value: u32,
}

/// Ranges in order; what lies beyond `len` is [`UNUSED`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(64))]
pub(super) struct Leaf {
    pub(super) end: [u64; CAP],
    pub(super) value: [u32; CAP],
    pub(super) start: [u64; CAP],
    pub(super) len: usize,
}

/// Children in order, with what their parent knows of each.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(64))]
pub(super) struct Inner {
    last: [u64; CAP],
    pub(super) child: [u32; CAP],
    first: [u64; CAP],
    gap: [u64; CAP],
    pub(super) len: usize,
}

/// What a parent knows of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Summary {
    /// Start of its first range.
    pub(super) first: u64,
    /// End of its last range.
    pub(super) last: u64,
    /// Its largest gap between two ranges.
    pub(super) gap: u64,
}

/// The first place whose key is above `addr`. First the line, by the last key of each: these probes do not
/// wait for one another, so that memory brings the lines side by side. Then inside it, without a branch.
#[inline]
fn first_above(keys: &[u64; CAP], addr: u64) -> usize {
    let lines = keys.as_chunks::<LINE>().0;
    let line: usize = lines.iter().map(|line| usize::from(line[LINE - 1] <= addr)).sum();
    let Some(keys) = lines.get(line) else { return CAP };
    let mut at = 0;
    for step in [4, 2, 1] {
        at += if keys[at + step - 1] <= addr { step } else { 0 };
    }
    line * LINE + at
}

/// Takes out a run of places; what lies behind moves down and leaves `unused` at the end.
fn close<T: Copy>(list: &mut [T; CAP], run: Range<usize>, len: usize, unused: T) {
    list.copy_within(run.end..len, run.start);
    list[len - run.len()..len].fill(unused);
}

/// Puts a value at `at`; what lies there and behind moves up.
fn open<T: Copy>(list: &mut [T; CAP], at: usize, len: usize, value: T) {
    list.copy_within(at..len, at + 1);
    list[at] = value;
}

/// Moves a part of one list to another's end.
fn extend<T: Copy>(list: &mut [T; CAP], len: usize, other: &[T; CAP], part: Range<usize>) {
    list[len..len + part.len()].copy_from_slice(&other[part]);
}

impl Leaf {
    pub(super) const EMPTY: Self = Self { end: [UNUSED; CAP], value: [0; CAP], start: [UNUSED; CAP], len: 0 };

    #[inline]
    pub(super) fn entry(&self, at: usize) -> Entry {
        Entry { start: self.start[at], end: self.end[at], value: self.value[at] }
    }

    pub(super) fn summary(&self) -> Summary {
        let gaps = self.start[1..self.len].iter().zip(&self.end).map(|(start, end)| start - end);
        Summary { first: self.start[0], last: self.end[self.len - 1], gap: gaps.fold(0, u64::max) }
    }

    /// The gap between an entry and the one before it; 0 if there are not both.
    #[inline]
    pub(super) fn gap_before(&self, at: usize) -> u64 {
        if at == 0 || at >= self.len { 0 } else { self.start[at] - self.end[at - 1] }
    }

    /// The summary after a change at one place, from the one before: only if the gap that went (`lost`) was
    /// the largest, all must be looked at. `made` is the largest of those that came.
    #[inline]
    pub(super) fn summary_after(&self, old: Summary, lost: u64, made: u64) -> Summary {
        if lost >= old.gap && made < old.gap {
            return self.summary();
        }
        Summary { first: self.start[0], last: self.end[self.len - 1], gap: old.gap.max(made) }
    }

    /// The places `from..=to`, to be moved one by one. Few entries move: a loop beats the calls that copies of
    /// memory cost in WebAssembly.
    #[inline]
    fn places(&mut self, from: usize, to: usize) -> impl DoubleEndedIterator<Item = ((&mut u64, &mut u32), &mut u64)> {
        let keys = self.end[from..=to].iter_mut().zip(&mut self.value[from..=to]);
        keys.zip(&mut self.start[from..=to])
    }

    #[inline]
    pub(super) fn insert(&mut self, at: usize, mut entry: Entry) {
        for ((end, value), start) in self.places(at, self.len) {
            swap(end, &mut entry.end);
            swap(value, &mut entry.value);
            swap(start, &mut entry.start);
        }
        self.len += 1;
    }

    #[inline]
    pub(super) fn remove(&mut self, at: usize) {
        let mut carried = Entry { start: UNUSED, end: UNUSED, value: 0 };
        for ((end, value), start) in self.places(at, self.len - 1).rev() {
            swap(end, &mut carried.end);
            swap(value, &mut carried.value);
            swap(start, &mut carried.start);
        }
        self.len -= 1;
    }

    pub(super) fn remove_run(&mut self, run: Range<usize>) {
        close(&mut self.end, run.clone(), self.len, UNUSED);
        close(&mut self.value, run.clone(), self.len, 0);
        close(&mut self.start, run.clone(), self.len, UNUSED);
        self.len -= run.len();
    }

    /// Appends a part of another leaf.
    pub(super) fn extend(&mut self, other: &Leaf, part: Range<usize>) {
        extend(&mut self.end, self.len, &other.end, part.clone());
        extend(&mut self.value, self.len, &other.value, part.clone());
        extend(&mut self.start, self.len, &other.start, part.clone());
        self.len += part.len();
    }

    /// Drops every entry from `len` on.
    pub(super) fn truncate(&mut self, len: usize) {
        self.end[len..].fill(UNUSED);
        self.start[len..].fill(UNUSED);
        self.len = len;
    }

    #[inline]
    pub(super) fn first_ending_above(&self, addr: u64) -> usize {
        first_above(&self.end, addr)
    }
}

impl Inner {
    pub(super) const EMPTY: Self = Self { last: [UNUSED; CAP], child: [0; CAP], first: [UNUSED; CAP], gap: [0; CAP], len: 0 };

    /// What it knows of a child.
    #[inline]
    pub(super) fn of(&self, at: usize) -> Summary {
        Summary { first: self.first[at], last: self.last[at], gap: self.gap[at] }
    }

    /// Takes note of a child; whether that is news.
    #[inline]
    pub(super) fn note(&mut self, at: usize, new: Summary) -> bool {
        let news = self.of(at) != new;
        (self.first[at], self.last[at], self.gap[at]) = (new.first, new.last, new.gap);
        news
    }

    pub(super) fn summary(&self) -> Summary {
        let inside = self.gap[..self.len].iter().copied();
        let between = self.first[1..self.len].iter().zip(&self.last).map(|(first, last)| first - last);
        Summary { first: self.first[0], last: self.last[self.len - 1], gap: inside.fold(0, u64::max).max(between.fold(0, u64::max)) }
    }

    pub(super) fn insert(&mut self, at: usize, child: u32, summary: Summary) {
        open(&mut self.last, at, self.len, summary.last);
        open(&mut self.child, at, self.len, child);
        open(&mut self.first, at, self.len, summary.first);
        open(&mut self.gap, at, self.len, summary.gap);
        self.len += 1;
    }

    pub(super) fn remove(&mut self, at: usize) {
        close(&mut self.last, at..at + 1, self.len, UNUSED);
        close(&mut self.child, at..at + 1, self.len, 0);
        close(&mut self.first, at..at + 1, self.len, UNUSED);
        close(&mut self.gap, at..at + 1, self.len, 0);
        self.len -= 1;
    }

    pub(super) fn extend(&mut self, other: &Inner, part: Range<usize>) {
        extend(&mut self.last, self.len, &other.last, part.clone());
        extend(&mut self.child, self.len, &other.child, part.clone());
        extend(&mut self.first, self.len, &other.first, part.clone());
        extend(&mut self.gap, self.len, &other.gap, part.clone());
        self.len += part.len();
    }

    /// Drops every child from `len` on.
    pub(super) fn truncate(&mut self, len: usize) {
        self.last[len..].fill(UNUSED);
        self.first[len..].fill(UNUSED);
        self.len = len;
    }

    /// The child that holds the first range ending above `addr`, or the last child.
    #[inline]
    pub(super) fn child_for(&self, addr: u64) -> usize {
        first_above(&self.last, addr).min(self.len - 1)
    }
}
