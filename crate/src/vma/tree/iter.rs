//! Going over ranges in order.

use super::{Entry, Path, VmaTree};

impl VmaTree {
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
}

/// A place in the tree, on its way to the right.
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
            let Entry { start, end, value } = leaf.entry(self.at);
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
