//! Maps and sets in order of their keys: vectors of a bounded length that are searched by halves. Where the standard
//! library's trees and hash tables come to several thousand bytes of code for each type that they are made for, these
//! come to some hundred; a lookup costs about as much.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::iter::FusedIterator;
use std::ops::{Bound, Index, RangeBounds};

pub mod set;
#[cfg(test)]
mod tests;

pub use set::SortedSet;

/// A map in order of its keys.
#[derive(Clone)]
pub struct SortedMap<K, V> {
    /// None is empty, and none longer than `Self::MOST`.
    chunks: Vec<Vec<(K, V)>>,
    len: usize,
}

/// An entry's place: the chunk, and where in it.
type Place = (usize, usize);

impl<K, V> SortedMap<K, V> {
    /// What has to move for one insertion is some kilobytes at most.
    const MOST: usize = {
        let fit = 2048 / (size_of::<(K, V)>() + 1);
        if fit < 16 { 16 } else { fit }
    };

    /// An empty map.
    pub const fn new() -> Self {
        Self { chunks: Vec::new(), len: 0 }
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// All entries, in order.
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter { front: [].iter(), chunks: self.chunks.iter(), back: [].iter() }
    }

    /// All keys, in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> + Clone {
        self.iter().map(|(key, _)| key)
    }

    /// All values, in order of their keys.
    pub fn values(&self) -> Values<'_, K, V> {
        Values(self.iter())
    }

    /// All values, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.chunks.iter_mut().flatten().map(|(_, value)| value)
    }

    /// The values, in order of their keys.
    pub fn into_values(self) -> impl Iterator<Item = V> {
        self.into_iter().map(|(_, value)| value)
    }

    /// Keeps what a condition holds for.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        for chunk in &mut self.chunks {
            chunk.retain_mut(|(key, value)| keep(key, value));
        }
        self.chunks.retain(|chunk| !chunk.is_empty());
        self.len = self.chunks.iter().map(Vec::len).sum();
    }

    fn remove_at(&mut self, (chunk, at): Place) -> (K, V) {
        let entries = &mut self.chunks[chunk];
        let entry = entries.remove(at);
        if entries.is_empty() {
            self.chunks.remove(chunk);
        }
        self.len -= 1;
        entry
    }

    /// Puts an entry in, and says where it came to.
    #[inline(never)]
    fn insert_at(&mut self, (mut chunk, mut at): Place, entry: (K, V)) -> Place {
        self.len += 1;
        let length = self.chunks.get(chunk).map_or(Self::MOST, Vec::len);
        if length >= Self::MOST {
            // Who only ever adds behind fills the chunks.
            let half = if at == length { at } else { length / 2 };
            let right = self.chunks.get_mut(chunk).map(|full| full.split_off(half));
            let new = chunk + usize::from(right.is_some());
            self.chunks.insert(new, right.unwrap_or_default());
            if at >= half {
                (chunk, at) = (new, at - half);
            }
        }
        self.chunks[chunk].insert(at, entry);
        (chunk, at)
    }

    /// The entries before a place; the place may be behind a chunk's last.
    fn between(&self, from: Place, to: Place) -> Iter<'_, K, V> {
        let part = |chunk: usize, start: usize, end: usize| {
            self.chunks.get(chunk).and_then(|entries| entries.get(start..end.min(entries.len()))).unwrap_or_default().iter()
        };
        if from >= to {
            return Iter { front: [].iter(), chunks: [].iter(), back: [].iter() };
        }
        if from.0 == to.0 {
            return Iter { front: part(from.0, from.1, to.1), chunks: [].iter(), back: [].iter() };
        }
        let whole = self.chunks.get(from.0 + 1..to.0).unwrap_or_default().iter();
        Iter { front: part(from.0, from.1, usize::MAX), chunks: whole, back: part(to.0, 0, to.1) }
    }
}

impl<K: Ord, V> SortedMap<K, V> {
    /// Where a key is, or would be.
    #[inline(never)]
    fn place<Q: Ord + ?Sized>(&self, key: &Q) -> Result<Place, Place>
    where
        K: Borrow<Q>,
    {
        // First among the chunks, by their first entries, then in one of them.
        let mut inside = None;
        let (mut low, mut high) = (1, self.chunks.len());
        loop {
            while low < high {
                let middle = low.midpoint(high);
                let (chunk, at) = inside.map_or((middle, 0), |chunk| (chunk, middle));
                let (other, _) = &self.chunks[chunk][at];
                match other.borrow().cmp(key) {
                    Ordering::Less => low = middle + 1,
                    Ordering::Equal => return Ok((chunk, at)),
                    Ordering::Greater => high = middle,
                }
            }
            if let Some(chunk) = inside {
                return Err((chunk, low));
            }
            let chunk = low - 1;
            inside = Some(chunk);
            (low, high) = (0, self.chunks.get(chunk).map_or(0, Vec::len));
        }
    }

    /// What a key has.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let (chunk, at) = self.place(key).ok()?;
        self.chunks.get(chunk)?.get(at).map(|(_, value)| value)
    }

    /// What a key has, to be changed.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let (chunk, at) = self.place(key).ok()?;
        self.chunks.get_mut(chunk)?.get_mut(at).map(|(_, value)| value)
    }

    /// Whether a key has something.
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.place(key).is_ok()
    }

    /// Gives a key a value; the value before.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.place(&key) {
            Ok((chunk, at)) => Some(std::mem::replace(&mut self.chunks[chunk][at].1, value)),
            Err(place) => {
                self.insert_at(place, (key, value));
                None
            }
        }
    }

    /// Takes a key out; its value.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let place = self.place(key).ok()?;
        Some(self.remove_at(place).1)
    }

    /// A key's place, to be looked at and filled.
    pub fn entry(&mut self, key: K) -> Entry<'_, K, V> {
        let place = self.place(&key);
        Entry { map: self, key, place }
    }

    /// Cuts off what is at a key and behind it.
    pub fn split_off<Q: Ord + ?Sized>(&mut self, key: &Q) -> Self
    where
        K: Borrow<Q>,
    {
        let (Ok((chunk, at)) | Err((chunk, at))) = self.place(key);
        let mut chunks = self.chunks.split_off((chunk + 1).min(self.chunks.len()));
        let part = self.chunks.get_mut(chunk).map_or(Vec::new(), |entries| entries.split_off(at));
        if !part.is_empty() {
            chunks.insert(0, part);
        }
        self.chunks.retain(|chunk| !chunk.is_empty());
        let len = chunks.iter().map(Vec::len).sum();
        self.len -= len;
        Self { chunks, len }
    }

    /// The entries whose keys are within bounds, in order; none if the bounds are upside down.
    pub fn range<Q: Ord + ?Sized>(&self, range: impl RangeBounds<Q>) -> Iter<'_, K, V>
    where
        K: Borrow<Q>,
    {
        let from = match range.start_bound() {
            Bound::Unbounded => (0, 0),
            Bound::Included(key) => self.bound(key, false),
            Bound::Excluded(key) => self.bound(key, true),
        };
        let to = match range.end_bound() {
            Bound::Unbounded => (self.chunks.len(), 0),
            Bound::Excluded(key) => self.bound(key, false),
            Bound::Included(key) => self.bound(key, true),
        };
        self.between(from, to)
    }

    /// The place before a key, or behind it.
    fn bound<Q: Ord + ?Sized>(&self, key: &Q, behind: bool) -> Place
    where
        K: Borrow<Q>,
    {
        match self.place(key) {
            Ok((chunk, at)) => (chunk, at + usize::from(behind)),
            Err(place) => place,
        }
    }
}

/// A key's place in a map.
#[derive(Debug)]
pub struct Entry<'a, K, V> {
    map: &'a mut SortedMap<K, V>,
    key: K,
    place: Result<Place, Place>,
}

impl<'a, K, V> Entry<'a, K, V> {
    /// Changes what is there.
    pub fn and_modify(self, change: impl FnOnce(&mut V)) -> Self {
        if let Ok((chunk, at)) = self.place {
            change(&mut self.map.chunks[chunk][at].1);
        }
        self
    }

    /// What is there, or comes of a function.
    pub fn or_insert_with(self, make: impl FnOnce() -> V) -> &'a mut V {
        let (chunk, at) = match self.place {
            Ok(place) => place,
            Err(place) => self.map.insert_at(place, (self.key, make())),
        };
        &mut self.map.chunks[chunk][at].1
    }

    /// What is there, or a value.
    pub fn or_insert(self, value: V) -> &'a mut V {
        self.or_insert_with(|| value)
    }

    /// What is there, or what a value is by default.
    pub fn or_default(self) -> &'a mut V
    where
        V: Default,
    {
        self.or_insert_with(V::default)
    }
}

/// Entries in order.
pub struct Iter<'a, K, V> {
    front: std::slice::Iter<'a, (K, V)>,
    chunks: std::slice::Iter<'a, Vec<(K, V)>>,
    back: std::slice::Iter<'a, (K, V)>,
}

impl<K, V> Clone for Iter<'_, K, V> {
    fn clone(&self) -> Self {
        Self { front: self.front.clone(), chunks: self.chunks.clone(), back: self.back.clone() }
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Iter<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((key, value)) = self.front.next() {
                return Some((key, value));
            }
            match self.chunks.next() {
                Some(chunk) => self.front = chunk.iter(),
                None => return self.back.next().map(|(key, value)| (key, value)),
            }
        }
    }
}

impl<K, V> DoubleEndedIterator for Iter<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((key, value)) = self.back.next_back() {
                return Some((key, value));
            }
            match self.chunks.next_back() {
                Some(chunk) => self.back = chunk.iter(),
                None => return self.front.next_back().map(|(key, value)| (key, value)),
            }
        }
    }
}

impl<K, V> FusedIterator for Iter<'_, K, V> {}

/// Values in order of their keys.
#[derive(Clone, Debug)]
pub struct Values<'a, K, V>(Iter<'a, K, V>);

impl<'a, K, V> Iterator for Values<'a, K, V> {
    type Item = &'a V;

    fn next(&mut self) -> Option<&'a V> {
        self.0.next().map(|(_, value)| value)
    }
}

impl<'a, K, V> IntoIterator for &'a SortedMap<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;

    fn into_iter(self) -> Iter<'a, K, V> {
        self.iter()
    }
}

impl<K, V> IntoIterator for SortedMap<K, V> {
    type Item = (K, V);
    type IntoIter = std::iter::Flatten<std::vec::IntoIter<Vec<(K, V)>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.chunks.into_iter().flatten()
    }
}

impl<K, V> Default for SortedMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for SortedMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

impl<K: PartialEq, V: PartialEq> PartialEq for SortedMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other)
    }
}

impl<K: Eq, V: Eq> Eq for SortedMap<K, V> {}

impl<K: Ord, V> Extend<(K, V)> for SortedMap<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for SortedMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        map.extend(entries);
        map
    }
}

impl<K: Ord, V, const N: usize> From<[(K, V); N]> for SortedMap<K, V> {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<K: Ord + Borrow<Q>, Q: Ord + ?Sized, V> Index<&Q> for SortedMap<K, V> {
    type Output = V;

    fn index(&self, key: &Q) -> &V {
        self.get(key).expect("the key is there")
    }
}
