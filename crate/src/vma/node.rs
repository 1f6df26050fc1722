//! The nodes of the tree in `tree.rs`: leaves of ranges, inner nodes that know the gaps below them.

use std::ops::Range;

/// Entries in a leaf, children of an inner node.
pub(super) const CAP: usize = 32;

/// A range with its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) value: u32,
}

/// One array of entries, not three of fields: making room is one move of memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leaf {
    pub(super) len: usize,
    pub(super) entry: [Entry; CAP],
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Inner {
    pub(super) len: usize,
    pub(super) child: [u32; CAP],
    pub(super) summary: [Summary; CAP],
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

const NO_SUMMARY: Summary = Summary { first: 0, last: 0, gap: 0 };

impl Leaf {
    pub(super) const EMPTY: Self = Self { len: 0, entry: [Entry { start: 0, end: 0, value: 0 }; CAP] };

    #[inline]
    pub(super) fn used(&self) -> &[Entry] {
        &self.entry[..self.len]
    }

    pub(super) fn summary(&self) -> Summary {
        let used = self.used();
        let (mut gap, mut end) = (0, used[0].end);
        for entry in &used[1..] {
            gap = gap.max(entry.start - end);
            end = entry.end;
        }
        Summary { first: used[0].start, last: end, gap }
    }

    /// The gap between an entry and the one before it; 0 if there are not both.
    #[inline]
    pub(super) fn gap_before(&self, at: usize) -> u64 {
        if at == 0 || at >= self.len { 0 } else { self.entry[at].start - self.entry[at - 1].end }
    }

    /// The summary after a change at one place, from the one before: only if the gap that went (`lost`) was
    /// the largest, all must be looked at. `made` is the largest of those that came.
    #[inline]
    pub(super) fn summary_after(&self, old: Summary, lost: u64, made: u64) -> Summary {
        if lost >= old.gap && made < old.gap {
            return self.summary();
        }
        Summary { first: self.entry[0].start, last: self.entry[self.len - 1].end, gap: old.gap.max(made) }
    }

    #[inline]
    pub(super) fn insert(&mut self, at: usize, entry: Entry) {
        // Few entries move: a loop beats the call that a copy of memory costs in WebAssembly.
        let room = &mut self.entry[at..=self.len];
        let mut carried = entry;
        for slot in room {
            std::mem::swap(slot, &mut carried);
        }
        self.len += 1;
    }

    #[inline]
    pub(super) fn remove(&mut self, at: usize) {
        let used = &mut self.entry[at..self.len];
        for i in 1..used.len() {
            used[i - 1] = used[i];
        }
        self.len -= 1;
    }

    /// Appends a part of another leaf.
    pub(super) fn extend(&mut self, other: &Leaf, part: Range<usize>) {
        let n = part.len();
        self.entry[self.len..self.len + n].copy_from_slice(&other.entry[part]);
        self.len += n;
    }

    #[inline]
    pub(super) fn first_ending_above(&self, addr: u64) -> usize {
        self.used().partition_point(|entry| entry.end <= addr)
    }
}

impl Inner {
    pub(super) const EMPTY: Self = Self { len: 0, child: [0; CAP], summary: [NO_SUMMARY; CAP] };

    pub(super) fn summary(&self) -> Summary {
        let mut gap = self.summary[0].gap;
        for i in 1..self.len {
            gap = gap.max(self.summary[i].gap).max(self.summary[i].first - self.summary[i - 1].last);
        }
        Summary { first: self.summary[0].first, last: self.summary[self.len - 1].last, gap }
    }

    pub(super) fn insert(&mut self, at: usize, child: u32, summary: Summary) {
        let len = self.len;
        self.child.copy_within(at..len, at + 1);
        self.summary.copy_within(at..len, at + 1);
        (self.child[at], self.summary[at]) = (child, summary);
        self.len += 1;
    }

    pub(super) fn remove(&mut self, at: usize) {
        let len = self.len;
        self.child.copy_within(at + 1..len, at);
        self.summary.copy_within(at + 1..len, at);
        self.len -= 1;
    }

    pub(super) fn extend(&mut self, other: &Inner, part: Range<usize>) {
        let (at, n) = (self.len, part.len());
        self.child[at..at + n].copy_from_slice(&other.child[part.clone()]);
        self.summary[at..at + n].copy_from_slice(&other.summary[part]);
        self.len += n;
    }

    /// The child that holds the first range ending above `addr`, or the last child.
    #[inline]
    pub(super) fn child_for(&self, addr: u64) -> usize {
        self.summary[..self.len].partition_point(|s| s.last <= addr).min(self.len - 1)
    }
}
