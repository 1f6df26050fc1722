//! A B+tree of disjoint ranges that also knows, for every subtree, the largest gap inside it: finding
//! the highest gap of a size is one descent, whatever the number of ranges. (Every ready-made interval
//! crate scans for gaps: 24 ms among 1,000,000 ranges.) The stand-in for Linux's maple tree.

mod gaps;
mod iter;
#[cfg(test)]
mod tests;

use super::node::{CAP, Entry, Inner, Leaf, Summary};
use crate::blocks::{Blocks, Seen};

/// Below this a node is joined with a sibling if both fit into one with room to spare.
const LOW: usize = CAP / 4;
/// More than 32^8 ranges nobody gets.
const MAX_HEIGHT: usize = 7;

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

/// A copy of a tree that shares nodes with the copy before.
#[derive(Clone, Debug, Default)]
pub(super) struct TreeSave {
    leaves: Blocks<Leaf, 2>,
    inners: Blocks<Inner, 2>,
    free_leaves: Blocks<u32, 64>,
    free_inners: Blocks<u32, 64>,
    root: u32,
    height: usize,
}

impl TreeSave {
    pub(super) fn bytes(&self, seen: &mut Seen) -> usize {
        self.leaves.bytes(seen) + self.inners.bytes(seen) + self.free_leaves.bytes(seen) + self.free_inners.bytes(seen)
    }
}

impl VmaTree {
    pub(super) fn save(&self, before: Option<&TreeSave>) -> TreeSave {
        TreeSave {
            leaves: Blocks::of(&self.leaves, before.map(|before| &before.leaves)),
            inners: Blocks::of(&self.inners, before.map(|before| &before.inners)),
            free_leaves: Blocks::of(&self.free_leaves, before.map(|before| &before.free_leaves)),
            free_inners: Blocks::of(&self.free_inners, before.map(|before| &before.free_inners)),
            root: self.root,
            height: self.height,
        }
    }

    pub(super) fn restore(&mut self, save: &TreeSave) {
        save.leaves.restore(&mut self.leaves);
        save.inners.restore(&mut self.inners);
        save.free_leaves.restore(&mut self.free_leaves);
        save.free_inners.restore(&mut self.free_inners);
        (self.root, self.height) = (save.root, save.height);
    }
}

impl Default for VmaTree {
    fn default() -> Self {
        Self { leaves: vec![Leaf::EMPTY], inners: Vec::new(), free_leaves: Vec::new(), free_inners: Vec::new(), root: 0, height: 0 }
    }
}

/// Where a full node is cut to make room.
struct Cut {
    /// How many entries stay in the left part.
    keep: usize,
    /// Which part the new entry belongs to.
    goes_right: bool,
}

impl Cut {
    /// For a new entry at `at`. Programs mostly map upwards or downwards: a node that grows at one of its
    /// ends stays full, and a new one is begun. At its lower end a node grows at `first`.
    fn for_insertion(at: usize, first: usize) -> Self {
        match at {
            CAP => Self { keep: CAP, goes_right: true },
            _ if at == first => Self { keep: first, goes_right: false },
            _ => Self { keep: CAP / 2, goes_right: at > CAP / 2 },
        }
    }
}

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
        (at < leaf.len).then(|| leaf.value[at])
    }

    /// The value of the last range.
    pub fn last(&self) -> Option<u32> {
        let leaf = &self.leaves[self.descend(u64::MAX - 1) as usize];
        Some(leaf.value[leaf.len.checked_sub(1)?])
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

    /// Inlined, for else its answer is copied.
    #[inline(always)]
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

    /// Adds a range that overlaps none.
    pub fn insert(&mut self, start: u64, end: u64, value: u32) {
        let path = self.path_to(start);
        let mut leaf_id = path.leaf;
        let leaf = &self.leaves[leaf_id as usize];
        let mut at = leaf.first_ending_above(start);
        let mut split = None;
        if leaf.len == CAP {
            let cut = Cut::for_insertion(at, 0);
            let right = self.split_leaf(leaf_id, cut.keep);
            if cut.goes_right {
                (leaf_id, at) = (right, at - cut.keep);
            }
            split = Some(right);
        }
        let leaf = &mut self.leaves[leaf_id as usize];
        let lost = leaf.gap_before(at);
        leaf.insert(at, Entry { start, end, value });
        let made = leaf.gap_before(at).max(leaf.gap_before(at + 1));
        match (split, self.height) {
            (None, 0) => {}
            (None, height) => self.leaf_changed(&path, height, lost, made),
            _ => self.after_insert(&path, split),
        }
    }

    /// Cuts the range that contains `border` in two there: the part that begins at `new_start` gets `value`,
    /// the other keeps its own. No gap changes, and mostly nothing but one leaf.
    pub fn split(&mut self, border: u64, new_start: u64, value: u32) {
        let leaf_id = self.descend(border);
        let leaf = &mut self.leaves[leaf_id as usize];
        let at = leaf.first_ending_above(border);
        let old = leaf.entry(at);
        debug_assert!(at < leaf.len && old.start < border, "no range contains {border:#x}");
        let (low, high) = if new_start < border { (value, old.value) } else { (old.value, value) };
        if leaf.len == CAP {
            leaf.value[at] = low;
            self.set_bounds(old.start, old.start, border);
            self.insert(border, old.end, high);
            return;
        }
        (leaf.start[at], leaf.value[at]) = (border, high);
        leaf.insert(at, Entry { start: old.start, end: border, value: low });
    }

    /// Makes one of two ranges that touch at `border`: it has the value of the one that starts at `kept`.
    pub fn join(&mut self, border: u64, kept: u64) {
        let leaf_id = self.descend(border);
        let leaf = &mut self.leaves[leaf_id as usize];
        let at = leaf.first_ending_above(border);
        debug_assert!(at < leaf.len && leaf.start[at] == border, "no range starts at {border:#x}");
        let end = leaf.end[at];
        if at > 0 && (leaf.len > LOW || self.height == 0) {
            let value = leaf.value[if kept < border { at - 1 } else { at }];
            (leaf.end[at - 1], leaf.value[at - 1]) = (end, value);
            leaf.remove(at);
        } else if kept < border {
            self.remove(border);
            self.set_bounds(kept, kept, end);
        } else {
            let start = self.start_of_range_ending_at(border);
            self.remove(start);
            self.set_bounds(border, start, end);
        }
    }

    fn start_of_range_ending_at(&self, border: u64) -> u64 {
        let leaf = &self.leaves[self.descend(border - 1) as usize];
        leaf.start[leaf.first_ending_above(border - 1)]
    }

    /// Moves the border `from` at which two ranges touch.
    pub fn move_border(&mut self, from: u64, to: u64) {
        let leaf_id = self.descend(from);
        let leaf = &mut self.leaves[leaf_id as usize];
        let at = leaf.first_ending_above(from);
        debug_assert!(at < leaf.len && leaf.start[at] == from, "no range starts at {from:#x}");
        if at > 0 {
            (leaf.end[at - 1], leaf.start[at]) = (to, to);
            return;
        }
        let end = leaf.end[at];
        let left = self.start_of_range_ending_at(from);
        if to < from {
            self.set_bounds(left, left, to);
            self.set_bounds(from, to, end);
        } else {
            self.set_bounds(from, to, end);
            self.set_bounds(left, left, to);
        }
    }

    /// Brings the summaries on the path up to date after a change in its leaf that split and emptied nothing.
    #[inline]
    fn leaf_changed(&mut self, path: &Path, height: usize, lost: u64, made: u64) {
        let (parent, at) = path.steps[height - 1];
        let new = self.leaves[path.leaf as usize].summary_after(self.inners[parent as usize].of(at), lost, made);
        if !self.inners[parent as usize].note(at, new) {
            return;
        }
        let mut child = parent;
        for level in (0..height - 1).rev() {
            let (node, at) = path.steps[level];
            let summary = self.inners[child as usize].summary();
            if !self.inners[node as usize].note(at, summary) {
                return;
            }
            child = node;
        }
    }

    /// Brings the summaries on the path up to date and hangs in a node that a split made.
    fn after_insert(&mut self, path: &Path, mut split: Option<u32>) {
        let mut child = path.leaf;
        for level in (0..self.height).rev() {
            let (node, at) = path.steps[level];
            let summary = self.summary_of(child, level + 1);
            let news = self.inners[node as usize].note(at, summary);
            if split.is_none() && !news {
                return;
            }
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
        let cut = Cut::for_insertion(at, 1);
        let mut right = Inner::EMPTY;
        let left = &mut self.inners[node as usize];
        right.extend(left, cut.keep..CAP);
        left.truncate(cut.keep);
        match cut.goes_right {
            true => right.insert(at - cut.keep, child, summary),
            false => left.insert(at, child, summary),
        }
        Some(self.new_inner(right))
    }

    fn grow_root(&mut self, right: u32) {
        let mut root = Inner::EMPTY;
        root.insert(0, self.root, self.summary_of(self.root, 0));
        root.insert(1, right, self.summary_of(right, 0));
        self.root = self.new_inner(root);
        self.height += 1;
        assert!(self.height <= MAX_HEIGHT, "the tree holds more ranges than an address space has pages");
    }

    /// The summary of a node `depth` levels below the root.
    fn summary_of(&self, node: u32, depth: usize) -> Summary {
        if depth == self.height { self.leaves[node as usize].summary() } else { self.inners[node as usize].summary() }
    }

    /// Moves what lies behind the first `keep` entries to a leaf of its own.
    fn split_leaf(&mut self, leaf: u32, keep: usize) -> u32 {
        let mut right = Leaf::EMPTY;
        let left = &mut self.leaves[leaf as usize];
        right.extend(left, keep..CAP);
        left.truncate(keep);
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
        self.remove_run(start, start + 1);
    }

    /// Takes out all ranges that start in `from..to`. The first must start at `from`.
    pub fn remove_run(&mut self, from: u64, to: u64) {
        let mut from = Some(from);
        while let Some(start) = from {
            from = self.remove_in_leaf(start, to);
        }
    }

    /// The same for one leaf; where the next range starts, if that is below `to` as well.
    fn remove_in_leaf(&mut self, start: u64, to: u64) -> Option<u64> {
        let path = self.path_to(start);
        let leaf = &mut self.leaves[path.leaf as usize];
        let at = leaf.first_ending_above(start);
        debug_assert!(at < leaf.len && leaf.start[at] == start, "no range starts at {start:#x}");
        let (mut behind, mut lost) = (at + 1, leaf.gap_before(at));
        while behind < leaf.len && leaf.start[behind] < to {
            lost = lost.max(leaf.gap_before(behind));
            behind += 1;
        }
        let reaches_on = behind == leaf.len;
        lost = lost.max(leaf.gap_before(behind));
        match behind - at {
            1 => leaf.remove(at),
            _ => leaf.remove_run(at..behind),
        }
        let made = leaf.gap_before(at);
        let next = if reaches_on && self.height > 0 { self.start_behind(&path).filter(|next| *next < to) } else { None };
        match self.height {
            0 => {}
            height if self.leaves[path.leaf as usize].len >= LOW => self.leaf_changed(&path, height, lost, made),
            _ => self.after_remove(&path),
        }
        next
    }

    /// Where the first range behind a leaf starts.
    fn start_behind(&self, path: &Path) -> Option<u64> {
        path.steps[..self.height].iter().rev().find_map(|&(node, at)| {
            let inner = &self.inners[node as usize];
            (at + 1 < inner.len).then(|| inner.of(at + 1).first)
        })
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
                let news = self.inners[node as usize].note(at, summary);
                if len >= LOW && !news {
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
        parent.note(left_at, summary);
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
        debug_assert!(at < leaf.len && leaf.start[at] == old_start, "no range starts at {old_start:#x}");
        let lost = leaf.gap_before(at).max(leaf.gap_before(at + 1));
        (leaf.start[at], leaf.end[at]) = (start, end);
        let made = leaf.gap_before(at).max(leaf.gap_before(at + 1));
        if self.height > 0 {
            self.leaf_changed(&path, self.height, lost, made);
        }
    }

    fn is_empty(&self) -> bool {
        self.height == 0 && self.leaves[self.root as usize].len == 0
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
            if recounted != inner.of(i) {
                return Err(format!("gap index: {:x?} is kept, {recounted:x?} is right", inner.of(i)));
            }
            self.check_node(inner.child[i], depth + 1)?;
        }
        Ok(())
    }
}
