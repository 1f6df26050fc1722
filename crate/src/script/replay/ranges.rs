//! A map from half-open ranges of addresses to values. Copies share until one of them changes, so that
//! a checkpoint costs nothing.

use crate::sorted::SortedMap;
use std::ops::Range;
use std::sync::Arc;

/// Whether two ranges have anything in common.
pub(super) fn meet(one: &Range<u64>, other: &Range<u64>) -> bool {
    one.start < other.end && other.start < one.end
}

/// Disjoint ranges, each with a value; a new range displaces what it covers.
#[derive(Clone, Debug)]
pub(super) struct Ranges<V> {
    /// Start → end and value.
    by_start: Arc<SortedMap<u64, (u64, V)>>,
}

impl<V> Default for Ranges<V> {
    fn default() -> Self {
        Self { by_start: Arc::default() }
    }
}

impl<V: Copy + PartialEq> Ranges<V> {
    /// The value at an address.
    pub(super) fn get(&self, at: u64) -> Option<V> {
        let (_, (end, value)) = self.by_start.range(..=at).next_back()?;
        (at < *end).then_some(*value)
    }

    /// Forgets a range.
    pub(super) fn remove(&mut self, range: Range<u64>) {
        let touched: Vec<_> = self.within(&range).collect();
        if touched.is_empty() {
            return;
        }
        let map = Arc::make_mut(&mut self.by_start);
        for (start, end, value) in touched {
            map.remove(&start);
            if start < range.start {
                map.insert(start, (range.start, value));
            }
            if end > range.end {
                map.insert(range.end, (end, value));
            }
        }
    }

    /// Gives a range a value; equal neighbours become one range.
    pub(super) fn insert(&mut self, range: Range<u64>, value: V) {
        if range.is_empty() || self.covers(&range, value) {
            return;
        }
        self.remove(range.clone());
        let (mut start, mut end) = (range.start, range.end);
        let map = Arc::make_mut(&mut self.by_start);
        if let Some((left, (_, _))) = map.range(..start).next_back().filter(|(_, (end, v))| *end == start && *v == value) {
            start = *left;
        }
        if let Some((right_end, v)) = map.get(&end).copied()
            && v == value
        {
            map.remove(&end);
            end = right_end;
        }
        map.insert(start, (end, value));
    }

    /// The parts of a range that have no value.
    pub(super) fn gaps(&self, range: Range<u64>) -> Vec<Range<u64>> {
        let mut gaps = Vec::new();
        let mut at = range.start;
        for (start, end, _) in self.within(&range) {
            if start > at {
                gaps.push(at..start);
            }
            at = end;
        }
        if at < range.end {
            gaps.push(at..range.end);
        }
        gaps
    }

    /// The end of the last range that overlaps one.
    pub(super) fn last_within(&self, range: Range<u64>) -> Option<u64> {
        let (_, (end, _)) = self.by_start.range(..range.end).next_back()?;
        (*end > range.start).then_some(*end)
    }

    /// What a range has in common with the first one that it overlaps.
    pub(super) fn first_within(&self, range: Range<u64>) -> Option<Range<u64>> {
        let (start, end, _) = self.within(&range).next()?;
        Some(start.max(range.start)..end.min(range.end))
    }

    fn covers(&self, range: &Range<u64>, value: V) -> bool {
        let last = self.by_start.range(..=range.start).next_back();
        last.is_some_and(|(_, (end, v))| *end >= range.end && *v == value)
    }

    /// The ranges that overlap one, in order.
    fn within(&self, range: &Range<u64>) -> impl Iterator<Item = (u64, u64, V)> {
        let first = self.by_start.range(..=range.start).next_back().filter(|(_, (end, _))| *end > range.start);
        let from = first.map_or(range.start, |(start, _)| *start);
        // A range that is empty or upside down overlaps nothing.
        let to = if range.is_empty() { from } else { range.end };
        self.by_start.range(from..to.max(from)).map(|(start, (end, value))| (*start, *end, *value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_half_open_and_the_newest_wins() {
        let mut map = Ranges::default();
        map.insert(10..20, 'a');
        map.insert(20..30, 'b');
        assert_eq!((map.get(9), map.get(10), map.get(19), map.get(20), map.get(30)), (None, Some('a'), Some('a'), Some('b'), None));
        map.insert(15..25, 'c');
        assert_eq!((map.get(14), map.get(15), map.get(24), map.get(25)), (Some('a'), Some('c'), Some('c'), Some('b')));
    }

    #[test]
    fn equal_neighbours_become_one_and_a_hole_splits() {
        let mut map = Ranges::default();
        map.insert(10..20, ());
        map.insert(30..40, ());
        map.insert(20..30, ());
        assert_eq!(map.by_start.len(), 1);
        map.remove(15..35);
        assert_eq!(map.gaps(0..50), [0..10, 15..35, 40..50]);
        map.insert(0..100, ());
        assert_eq!((map.by_start.len(), map.gaps(0..100)), (1, vec![]));
    }

    #[test]
    fn copies_share_until_one_changes() {
        let mut map = Ranges::default();
        map.insert(10..20, 1);
        let copy = map.clone();
        map.insert(10..20, 1);
        assert!(Arc::ptr_eq(&map.by_start, &copy.by_start));
        map.remove(10..12);
        assert_eq!((map.get(10), copy.get(10)), (None, Some(1)));
    }
}
