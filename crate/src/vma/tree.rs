//! A B+tree of disjoint ranges that also knows, for every subtree, the largest gap inside it: finding
//! the highest gap of a size is one descent, whatever the number of ranges. (Every ready-made interval
//! crate scans for gaps: 24 ms among 1,000,000 ranges.) The stand-in for Linux's maple tree.

use super::node::{CAP, Entry, Inner, Leaf, Summary};

/// Below this a node is joined with a sibling if both fit into one with room to spare.
const LOW: usize = CAP / 4;
/// Deeper than 32^7 ranges nobody gets.
const MAX_HEIGHT: usize = 8;

/// Disjoint ranges `start..end`, each with a value.
#[derive(Clone, Debug)]
pub struct VmaTree {
    leaves: Vec<Leaf>,
    inners: Vec<Inner>,
    free_leaves: Vec<u32>,
    free_inners: Vec<u32>,
    root: u32,
    /// Levels of inner nodes above the leaves.
    height: usize,
}

impl Default for VmaTree {
    fn default() -> Self {
        Self { leaves: vec![Leaf::EMPTY], inners: Vec::new(), free_leaves: Vec::new(), free_inners: Vec::new(), root: 0, height: 0 }
    }
}

/// The value of a neighbouring range, and whether it touches.
pub type Neighbour = (u32, bool);

/// The way down to a leaf: inner nodes and the child taken in each.
struct Path {
    steps: [(u32, usize); MAX_HEIGHT],
    leaf: u32,
}

impl VmaTree {
    /// The value of the first range that ends above `addr`.
    #[inline]
    pub fn first_ending_above(&self, addr: u64) -> Option<u32> {
        let leaf = &self.leaves[self.descend(addr) as usize];
        let at = leaf.first_ending_above(addr);
        (at < leaf.len).then(|| leaf.entry[at].value)
    }

    /// The value of the last range that starts below `addr`.
    pub fn last_starting_below(&self, addr: u64) -> Option<u32> {
        let mut node = self.root;
        for _ in 0..self.height {
            let inner = &self.inners[node as usize];
            let at = inner.summary[..inner.len].partition_point(|s| s.first < addr);
            node = inner.child[at.checked_sub(1)?];
        }
        let leaf = &self.leaves[node as usize];
        let at = leaf.used().partition_point(|entry| entry.start < addr);
        Some(leaf.entry[at.checked_sub(1)?].value)
    }

    /// The values of the last range that starts below `addr` and of the first that ends above it: the
    /// neighbours of an address that no range contains. Mostly one descent.
    #[inline]
    pub fn around(&self, addr: u64) -> (Option<u32>, Option<u32>) {
        let leaf = &self.leaves[self.descend(addr) as usize];
        let at = leaf.first_ending_above(addr);
        let next = (at < leaf.len).then(|| leaf.entry[at].value);
        let prev = if at > 0 { Some(leaf.entry[at - 1].value) } else { self.last_starting_below(addr) };
        (prev, next)
    }

    #[inline]
    fn descend(&self, addr: u64) -> u32 {
        let mut node = self.root;
        for _ in 0..self.height {
            let inner = &self.inners[node as usize];
            node = inner.child[inner.child_for(addr)];
        }
        node
    }

    #[inline]
    fn path_to(&self, addr: u64) -> Path {
        let mut path = Path { steps: [(0, 0); MAX_HEIGHT], leaf: self.root };
        for step in path.steps.iter_mut().take(self.height) {
            let inner = &self.inners[path.leaf as usize];
            let at = inner.child_for(addr);
            *step = (path.leaf, at);
            path.leaf = inner.child[at];
        }
        path
    }

    /// Adds a range that overlaps none. The values of the ranges before and behind it and whether they touch
    /// it, as far as they lie in the same leaf.
    pub fn insert(&mut self, start: u64, end: u64, value: u32) -> (Option<Neighbour>, Option<Neighbour>) {
        let path = self.path_to(start);
        let mut leaf_id = path.leaf;
        let mut split = None;
        if self.leaves[leaf_id as usize].len == CAP {
            let right = self.split_leaf(leaf_id);
            if start >= self.leaves[right as usize].entry[0].start {
                leaf_id = right;
            }
            split = Some(right);
        }
        let leaf = &mut self.leaves[leaf_id as usize];
        let at = leaf.used().partition_point(|entry| entry.start < start);
        let prev = at.checked_sub(1).map(|before| (leaf.entry[before].value, leaf.entry[before].end == start));
        let next = (at < leaf.len).then(|| (leaf.entry[at].value, leaf.entry[at].start == end));
        let neighbours = (prev, next);
        let lost = leaf.gap_before(at);
        leaf.insert(at, Entry { start, end, value });
        let made = leaf.gap_before(at).max(leaf.gap_before(at + 1));
        match (split, self.height) {
            (None, 0) => {}
            (None, height) => self.leaf_changed(&path, height, lost, made),
            _ => self.after_insert(&path, split),
        }
        neighbours
    }

    /// Brings the summaries on the path up to date after a change in its leaf that split and emptied nothing.
    #[inline]
    fn leaf_changed(&mut self, path: &Path, height: usize, lost: u64, made: u64) {
        let (parent, at) = path.steps[height - 1];
        let old = self.inners[parent as usize].summary[at];
        let new = self.leaves[path.leaf as usize].summary_after(old, lost, made);
        if new == old {
            return;
        }
        self.inners[parent as usize].summary[at] = new;
        let mut child = parent;
        for level in (0..height - 1).rev() {
            let (node, at) = path.steps[level];
            let summary = self.inners[child as usize].summary();
            if self.inners[node as usize].summary[at] == summary {
                return;
            }
            self.inners[node as usize].summary[at] = summary;
            child = node;
        }
    }

    /// Brings the summaries on the path up to date and hangs in a node that a split made.
    fn after_insert(&mut self, path: &Path, mut split: Option<u32>) {
        let mut child = path.leaf;
        for level in (0..self.height).rev() {
            let (node, at) = path.steps[level];
            let summary = self.summary_of(child, level + 1);
            if split.is_none() && self.inners[node as usize].summary[at] == summary {
                return;
            }
            self.inners[node as usize].summary[at] = summary;
            if let Some(new) = split {
                let new_summary = self.summary_of(new, level + 1);
                split = self.insert_child(node, at + 1, new, new_summary);
            }
            child = node;
        }
        if let Some(new) = split {
            self.grow_root(new);
        }
    }

    fn insert_child(&mut self, node: u32, at: usize, child: u32, summary: Summary) -> Option<u32> {
        if self.inners[node as usize].len < CAP {
            self.inners[node as usize].insert(at, child, summary);
            return None;
        }
        let mut right = Inner::EMPTY;
        let left = &mut self.inners[node as usize];
        right.extend(left, CAP / 2..CAP);
        left.len = CAP / 2;
        match at.checked_sub(CAP / 2) {
            Some(behind) if behind > 0 => right.insert(behind, child, summary),
            _ => left.insert(at, child, summary),
        }
        Some(self.new_inner(right))
    }

    fn grow_root(&mut self, right: u32) {
        let mut root = Inner::EMPTY;
        root.insert(0, self.root, self.summary_of(self.root, 0));
        root.insert(1, right, self.summary_of(right, 0));
        self.root = self.new_inner(root);
        self.height += 1;
        assert!(self.height < MAX_HEIGHT, "the tree holds more ranges than an address space has pages");
    }

    /// The summary of a node `depth` levels below the root.
    fn summary_of(&self, node: u32, depth: usize) -> Summary {
        if depth == self.height { self.leaves[node as usize].summary() } else { self.inners[node as usize].summary() }
    }

    fn split_leaf(&mut self, leaf: u32) -> u32 {
        let mut right = Leaf::EMPTY;
        let left = &mut self.leaves[leaf as usize];
        right.extend(left, CAP / 2..CAP);
        left.len = CAP / 2;
        self.new_leaf(right)
    }

    fn new_leaf(&mut self, leaf: Leaf) -> u32 {
        if let Some(id) = self.free_leaves.pop() {
            self.leaves[id as usize] = leaf;
            return id;
        }
        self.leaves.push(leaf);
        self.leaves.len() as u32 - 1
    }

    fn new_inner(&mut self, inner: Inner) -> u32 {
        if let Some(id) = self.free_inners.pop() {
            self.inners[id as usize] = inner;
            return id;
        }
        self.inners.push(inner);
        self.inners.len() as u32 - 1
    }

    /// Takes out the range that starts at `start`, which must exist.
    pub fn remove(&mut self, start: u64) {
        let path = self.path_to(start);
        let leaf = &mut self.leaves[path.leaf as usize];
        let at = leaf.first_ending_above(start);
        debug_assert!(at < leaf.len && leaf.entry[at].start == start, "no range starts at {start:#x}");
        let lost = leaf.gap_before(at).max(leaf.gap_before(at + 1));
        leaf.remove(at);
        let made = leaf.gap_before(at);
        match self.height {
            0 => {}
            height if leaf.len >= LOW => self.leaf_changed(&path, height, lost, made),
            _ => self.after_remove(&path),
        }
    }

    /// Brings summaries up to date; drops empty nodes and joins thin ones with a sibling.
    fn after_remove(&mut self, path: &Path) {
        let mut child = path.leaf;
        for level in (0..self.height).rev() {
            let (node, at) = path.steps[level];
            let depth = level + 1;
            let len = self.len_of(child, depth);
            if len == 0 {
                self.inners[node as usize].remove(at);
                self.release(child, depth);
            } else {
                let summary = self.summary_of(child, depth);
                let unchanged = self.inners[node as usize].summary[at] == summary;
                self.inners[node as usize].summary[at] = summary;
                if len >= LOW && unchanged {
                    return;
                }
                if len < LOW {
                    self.join_with_sibling(node, at, depth);
                }
            }
            child = node;
        }
        self.shrink_root();
    }

    fn len_of(&self, node: u32, depth: usize) -> usize {
        if depth == self.height { self.leaves[node as usize].len } else { self.inners[node as usize].len }
    }

    fn release(&mut self, node: u32, depth: usize) {
        if depth == self.height { self.free_leaves.push(node) } else { self.free_inners.push(node) }
    }

    fn join_with_sibling(&mut self, node: u32, at: usize, depth: usize) {
        let parent = &self.inners[node as usize];
        let left_at = if at + 1 < parent.len {
            at
        } else if at > 0 {
            at - 1
        } else {
            return;
        };
        let (left, right) = (parent.child[left_at], parent.child[left_at + 1]);
        if self.len_of(left, depth) + self.len_of(right, depth) > CAP - LOW {
            return;
        }
        if depth == self.height {
            let from = self.leaves[right as usize];
            self.leaves[left as usize].extend(&from, 0..from.len);
        } else {
            let from = self.inners[right as usize];
            self.inners[left as usize].extend(&from, 0..from.len);
        }
        self.release(right, depth);
        let summary = self.summary_of(left, depth);
        let parent = &mut self.inners[node as usize];
        parent.remove(left_at + 1);
        parent.summary[left_at] = summary;
    }

    fn shrink_root(&mut self) {
        while self.height > 0 && self.inners[self.root as usize].len <= 1 {
            let old = self.root;
            match self.inners[old as usize].len {
                1 => {
                    self.root = self.inners[old as usize].child[0];
                    self.height -= 1;
                }
                _ => {
                    self.root = self.new_leaf(Leaf::EMPTY);
                    self.height = 0;
                }
            }
            self.free_inners.push(old);
        }
    }

    /// Moves the borders of the range that starts at `old_start`; its order among the others stays.
    pub fn set_bounds(&mut self, old_start: u64, start: u64, end: u64) {
        let path = self.path_to(old_start);
        let leaf = &mut self.leaves[path.leaf as usize];
        let at = leaf.first_ending_above(old_start);
        debug_assert!(at < leaf.len && leaf.entry[at].start == old_start, "no range starts at {old_start:#x}");
        let lost = leaf.gap_before(at).max(leaf.gap_before(at + 1));
        (leaf.entry[at].start, leaf.entry[at].end) = (start, end);
        let made = leaf.gap_before(at).max(leaf.gap_before(at + 1));
        if self.height > 0 {
            self.leaf_changed(&path, self.height, lost, made);
        }
    }

    /// Start of the first range and end of the last.
    #[inline]
    fn extent(&self) -> (u64, u64) {
        if self.height == 0 {
            let used = self.leaves[self.root as usize].used();
            return (used[0].start, used[used.len() - 1].end);
        }
        let root = &self.inners[self.root as usize];
        (root.summary[0].first, root.summary[root.len - 1].last)
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
            let gaps = (1..leaf.len).rev().map(|i| (leaf.entry[i - 1].end, leaf.entry[i].start));
            return gaps.into_iter().find_map(|(from, to)| fits(from.max(low), to.min(high), len));
        }
        let inner = &self.inners[node as usize];
        for i in (0..inner.len).rev() {
            let child = inner.summary[i];
            if let Some(next) = inner.summary[..inner.len].get(i + 1)
                && let Some(gap) = fits(child.last.max(low), next.first.min(high), len)
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
            let mut gaps = (1..leaf.len).map(|i| (leaf.entry[i - 1].end, leaf.entry[i].start));
            return gaps.find_map(|(from, to)| fits(from.max(low), to.min(high), len));
        }
        let inner = &self.inners[node as usize];
        for i in 0..inner.len {
            let child = inner.summary[i];
            // The gap before a child may end beyond the limits, with room inside them.
            if i > 0
                && let Some(gap) = fits(inner.summary[i - 1].last.max(low), child.first.min(high), len)
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

    fn is_empty(&self) -> bool {
        self.height == 0 && self.leaves[self.root as usize].len == 0
    }

    /// Every range with its value, in order.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64, u32)> {
        self.iter_from(0)
    }

    /// Every range that ends above `addr`, in order.
    pub fn iter_from(&self, addr: u64) -> impl Iterator<Item = (u64, u64, u32)> {
        let path = self.path_to(addr);
        let at = self.leaves[path.leaf as usize].first_ending_above(addr);
        Iter { tree: self, path, at }
    }

    /// Recounts every summary and checks the order of ranges; what is wrong, in words.
    pub fn check(&self) -> Result<(), String> {
        let ranges: Vec<_> = self.iter().collect();
        for pair in ranges.windows(2) {
            if pair[0].1 > pair[1].0 {
                return Err(format!("ranges overlap or are out of order: {:x?}", pair));
            }
        }
        if let Some(bad) = ranges.iter().find(|(start, end, _)| start >= end) {
            return Err(format!("an empty range: {bad:x?}"));
        }
        self.check_node(self.root, 0)
    }

    fn check_node(&self, node: u32, depth: usize) -> Result<(), String> {
        if depth == self.height {
            return Ok(());
        }
        let inner = &self.inners[node as usize];
        for i in 0..inner.len {
            let recounted = self.summary_of(inner.child[i], depth + 1);
            if recounted != inner.summary[i] {
                return Err(format!("gap index: {:x?} is kept, {recounted:x?} is right", inner.summary[i]));
            }
            self.check_node(inner.child[i], depth + 1)?;
        }
        Ok(())
    }
}

/// The range if it has room for `len`.
#[inline]
fn fits(from: u64, to: u64, len: u64) -> Option<(u64, u64)> {
    (from < to && to - from >= len).then_some((from, to))
}

struct Iter<'a> {
    tree: &'a VmaTree,
    path: Path,
    at: usize,
}

impl Iterator for Iter<'_> {
    type Item = (u64, u64, u32);

    fn next(&mut self) -> Option<Self::Item> {
        let leaf = &self.tree.leaves[self.path.leaf as usize];
        if self.at < leaf.len {
            let Entry { start, end, value } = leaf.entry[self.at];
            let item = (start, end, value);
            self.at += 1;
            return Some(item);
        }
        // Up to the first node with a child to the right, then down its left edge.
        let tree = self.tree;
        let has_right = |&(node, at): &(u32, usize)| at + 1 < tree.inners[node as usize].len;
        let level = self.path.steps[..tree.height].iter().rposition(has_right)?;
        self.path.steps[level].1 += 1;
        for below in level + 1..=tree.height {
            let (node, at) = self.path.steps[below - 1];
            let child = tree.inners[node as usize].child[at];
            match below == tree.height {
                true => self.path.leaf = child,
                false => self.path.steps[below] = (child, 0),
            }
        }
        self.at = 0;
        self.next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The gaps of a list of ranges, counted the slow way.
    fn naive_gaps(ranges: &[(u64, u64)], low: u64, high: u64, len: u64) -> Vec<(u64, u64)> {
        let mut edges = vec![0];
        edges.extend(ranges.iter().flat_map(|(start, end)| [*start, *end]));
        edges.push(u64::MAX);
        let gaps = edges.chunks(2).map(|gap| (gap[0].max(low), gap[1].min(high)));
        gaps.filter(|(from, to)| from < to && to - from >= len).collect()
    }

    #[test]
    fn agrees_with_a_sorted_list_over_a_long_random_history() {
        let mut seed = 42u64;
        let mut random = move |below: u64| {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 33) % below
        };
        let (mut tree, mut list) = (VmaTree::default(), Vec::<(u64, u64)>::new());
        for round in 0..20_000u32 {
            let grow = if round / 4000 % 2 == 0 { 7 } else { 3 };
            let start = random(40_000) * 4;
            let at = list.partition_point(|r| r.1 <= start);
            let hit = list.get(at).filter(|r| r.0 <= start).copied();
            match hit {
                Some((from, _)) if random(10) >= grow => {
                    tree.remove(from);
                    list.remove(at);
                }
                Some((from, to)) => {
                    let end = list.get(at + 1).map_or(to + 4, |next| next.0.min(to + 4));
                    tree.set_bounds(from, from, end);
                    list[at].1 = end;
                }
                None => {
                    let room = list.get(at).map_or(u64::MAX, |next| next.0) - start;
                    let end = start + (1 + random(3)).min(room);
                    tree.insert(start, end, round);
                    list.insert(at, (start, end));
                }
            }
            if round % 97 == 0 {
                tree.check().unwrap();
                assert!(tree.iter().map(|(s, e, _)| (s, e)).eq(list.iter().copied()));
                let (low, len) = (random(100_000), 1 + random(30));
                let high = low + random(80_000);
                let gaps = naive_gaps(&list, low, high, len);
                assert_eq!(tree.highest_gap(low, high, len), gaps.last().copied());
                assert_eq!(tree.lowest_gap(low, high, len), gaps.first().copied());
                let before = list.partition_point(|r| r.0 < low);
                assert_eq!(tree.last_starting_below(low).is_some(), before > 0);
            }
        }
    }

    #[test]
    fn emptied_it_is_as_new() {
        let mut tree = VmaTree::default();
        for i in 0..5000 {
            tree.insert(i * 2, i * 2 + 1, i as u32);
        }
        for i in 0..5000 {
            tree.remove((i * 7919 % 5000) * 2);
        }
        assert_eq!((tree.height, tree.iter().count()), (0, 0));
        assert_eq!(tree.highest_gap(0, 100, 10), Some((0, 100)));
    }
}
