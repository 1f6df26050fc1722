//! Searching for gaps in one descent, by what every node knows of those below it.

use super::VmaTree;

impl VmaTree {
    /// Start of the first range and end of the last.
    #[inline]
    fn extent(&self) -> (u64, u64) {
        if self.height == 0 {
            let leaf = &self.leaves[self.root as usize];
            return (leaf.start[0], leaf.end[leaf.len - 1]);
        }
        let root = &self.inners[self.root as usize];
        (root.of(0).first, root.of(root.len - 1).last)
    }

    /// The highest gap of at least `len` bytes inside `low..high`, cut to those limits.
    pub fn highest_gap(&self, low: u64, high: u64, len: u64) -> Option<(u64, u64)> {
        if self.is_empty() {
            return fits(low, high, len);
        }
        let (first, last) = self.extent();
        fits(last.max(low), high, len).or_else(|| self.highest_in(self.root, 0, low, high, len)).or_else(|| fits(low, first.min(high), len))
    }

    fn highest_in(&self, node: u32, depth: usize, low: u64, high: u64, len: u64) -> Option<(u64, u64)> {
        if depth == self.height {
            let leaf = &self.leaves[node as usize];
            let gaps = (1..leaf.len).rev().map(|i| (leaf.end[i - 1], leaf.start[i]));
            return gaps.into_iter().find_map(|(from, to)| fits(from.max(low), to.min(high), len));
        }
        let inner = &self.inners[node as usize];
        for i in (0..inner.len).rev() {
            let child = inner.of(i);
            if i + 1 < inner.len
                && let Some(gap) = fits(child.last.max(low), inner.of(i + 1).first.min(high), len)
            {
                return Some(gap);
            }
            if child.last <= low {
                return None;
            }
            if child.gap >= len && child.first < high {
                let found = self.highest_in(inner.child[i], depth + 1, low, high, len);
                if found.is_some() {
                    return found;
                }
            }
        }
        None
    }

    /// The lowest gap of at least `len` bytes inside `low..high`, cut to those limits.
    pub fn lowest_gap(&self, low: u64, high: u64, len: u64) -> Option<(u64, u64)> {
        if self.is_empty() {
            return fits(low, high, len);
        }
        let all = self.summary_of(self.root, 0);
        fits(low, all.first.min(high), len)
            .or_else(|| self.lowest_in(self.root, 0, low, high, len))
            .or_else(|| fits(all.last.max(low), high, len))
    }

    fn lowest_in(&self, node: u32, depth: usize, low: u64, high: u64, len: u64) -> Option<(u64, u64)> {
        if depth == self.height {
            let leaf = &self.leaves[node as usize];
            let mut gaps = (1..leaf.len).map(|i| (leaf.end[i - 1], leaf.start[i]));
            return gaps.find_map(|(from, to)| fits(from.max(low), to.min(high), len));
        }
        let inner = &self.inners[node as usize];
        for i in 0..inner.len {
            let child = inner.of(i);
            // The gap before a child may end beyond the limits, with room inside them.
            if i > 0
                && let Some(gap) = fits(inner.of(i - 1).last.max(low), child.first.min(high), len)
            {
                return Some(gap);
            }
            if child.first >= high {
                return None;
            }
            if child.gap >= len && child.last > low {
                let found = self.lowest_in(inner.child[i], depth + 1, low, high, len);
                if found.is_some() {
                    return found;
                }
            }
        }
        None
    }
}

/// The range if it has room for `len`.
#[inline]
fn fits(from: u64, to: u64, len: u64) -> Option<(u64, u64)> {
    (from < to && to - from >= len).then_some((from, to))
}
