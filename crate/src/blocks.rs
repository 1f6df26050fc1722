//! Copies that share what is equal with the copy before: how a machine is saved often and cheaply.

use crate::sorted::SortedSet;
use std::sync::Arc;

/// Pieces that were counted already when the bytes of several copies are.
#[derive(Clone, Debug, Default)]
pub struct Seen(SortedSet<usize>);

impl Seen {
    /// Whether a piece is new; from then on it is not.
    pub fn is_new<T: ?Sized>(&mut self, piece: &Arc<T>) -> bool {
        self.0.insert(Arc::as_ptr(piece).cast::<()>() as usize)
    }
}

/// A table in blocks of `N` entries.
#[derive(Clone, Debug)]
pub struct Blocks<T, const N: usize>(Vec<Arc<[T]>>);

impl<T, const N: usize> Default for Blocks<T, N> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Clone + PartialEq, const N: usize> Blocks<T, N> {
    /// A copy of a table; blocks that are equal to those of the copy before are shared.
    pub fn of(items: &[T], before: Option<&Self>) -> Self {
        let known = |at: usize| before.and_then(|before| before.0.get(at));
        let block = |(at, items): (usize, &[T])| match known(at).filter(|known| known[..] == *items) {
            Some(known) => known.clone(),
            None => items.into(),
        };
        Self(items.chunks(N).enumerate().map(block).collect())
    }

    /// The table again.
    pub fn restore(&self, table: &mut Vec<T>) {
        table.clear();
        self.0.iter().for_each(|block| table.extend_from_slice(block));
    }

    /// Bytes of the blocks that were not counted yet.
    pub fn bytes(&self, seen: &mut Seen) -> usize {
        let new = self.0.iter().filter(|block| seen.is_new(block)).map(|block| size_of_val::<[T]>(block)).sum::<usize>();
        new + self.0.len() * size_of::<Arc<[T]>>()
    }
}

/// A whole that is shared if it is equal to the copy before.
#[derive(Clone, Debug)]
pub struct Shared<T>(Arc<T>);

impl<T: Clone + PartialEq> Shared<T> {
    /// A copy.
    pub fn of(whole: &T, before: Option<&Self>) -> Self {
        match before.filter(|before| *before.0 == *whole) {
            Some(before) => before.clone(),
            None => Self(Arc::new(whole.clone())),
        }
    }

    /// The whole again.
    pub fn restore(&self, whole: &mut T) {
        whole.clone_from(&self.0);
    }

    /// Its bytes if it was not counted yet; `heap` tells those behind its pointers.
    pub fn bytes(&self, seen: &mut Seen, heap: impl Fn(&T) -> usize) -> usize {
        size_of::<Self>() + if seen.is_new(&self.0) { size_of::<T>() + heap(&self.0) } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_blocks_are_shared_and_counted_once() {
        let mut table: Vec<u64> = (0..100).collect();
        let first = Blocks::<_, 32>::of(&table, None);
        table[40] = 7;
        table.push(9);
        let second = Blocks::of(&table, Some(&first));
        let mut seen = Seen::default();
        first.bytes(&mut seen);
        let pointers = 4 * size_of::<Arc<[u64]>>();
        assert_eq!(second.bytes(&mut seen), pointers + (32 + 5) * 8);
        let mut again = Vec::new();
        second.restore(&mut again);
        assert_eq!(again, table);
        first.restore(&mut again);
        assert_eq!(again, (0..100).collect::<Vec<u64>>());
    }
}
