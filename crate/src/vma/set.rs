//! All areas of an address space: a table of [`Vma`]s and the tree that finds them.

use super::area::Vma;
use super::tree::{Neighbour, VmaTree};
use crate::addr::{VirtAddr, VirtRange};
use crate::ids::{Slab, VmaId};
use std::cell::Cell;

/// The areas, sorted and disjoint.
#[derive(Clone, Debug, Default)]
pub struct VmaSet {
    tree: VmaTree,
    areas: Slab<VmaId, Vma>,
    /// For each area, by its id, the ones before and behind it: a neighbour costs no descent.
    links: Vec<Links>,
    /// The area that was found last: programs mostly go on where they are.
    last_found: Cell<u32>,
}

/// Neighbours of an area, and whether they touch it: mostly they do not, and then they need not be looked at.
#[derive(Clone, Copy, Debug, Default)]
struct Links {
    prev: Option<VmaId>,
    next: Option<VmaId>,
    touches_prev: bool,
    touches_next: bool,
}

impl VmaSet {
    /// How many (Linux `mm->map_count`).
    #[inline]
    pub fn len(&self) -> usize {
        self.areas.len()
    }

    /// Whether nothing is mapped.
    pub fn is_empty(&self) -> bool {
        self.areas.is_empty()
    }

    /// The first area that ends above `addr` (Linux `find_vma`): the one that contains it, or the next.
    #[inline]
    pub fn find(&self, addr: VirtAddr) -> Option<VmaId> {
        let last = VmaId(self.last_found.get());
        if self.areas.get(last).is_some_and(|vma| vma.range.contains(addr)) {
            return Some(last);
        }
        let found = self.tree.first_ending_above(addr.0)?;
        self.last_found.set(found);
        Some(VmaId(found))
    }

    /// The areas before and behind one.
    #[inline]
    pub fn neighbours(&self, id: VmaId) -> (Option<VmaId>, Option<VmaId>) {
        let links = self.links[id.0 as usize];
        (links.prev, links.next)
    }

    /// The area that contains `addr` (Linux `vma_lookup`).
    #[inline]
    pub fn lookup(&self, addr: VirtAddr) -> Option<VmaId> {
        let id = self.find(addr)?;
        (self.areas[id].range.start <= addr).then_some(id)
    }

    /// The last area that starts below `addr`.
    #[inline]
    pub fn prev(&self, addr: VirtAddr) -> Option<VmaId> {
        self.tree.last_starting_below(addr.0).map(VmaId)
    }

    /// The areas before and behind an address that no area contains.
    #[inline]
    pub fn around(&self, addr: VirtAddr) -> (Option<VmaId>, Option<VmaId>) {
        let (prev, next) = self.tree.around(addr.0);
        (prev.map(VmaId), next.map(VmaId))
    }

    /// The first area that overlaps a range.
    #[inline]
    pub fn first_overlap(&self, range: VirtRange) -> Option<VmaId> {
        let id = self.find(range.start)?;
        (self.areas[id].range.start < range.end).then_some(id)
    }

    /// Those of them that end or start where it starts or ends.
    #[inline]
    pub fn adjacent(&self, id: VmaId) -> (Option<VmaId>, Option<VmaId>) {
        let links = self.links[id.0 as usize];
        (links.prev.filter(|_| links.touches_prev), links.next.filter(|_| links.touches_next))
    }

    /// Adds an area. It must not overlap another.
    #[inline(always)]
    pub fn insert(&mut self, vma: Vma) -> VmaId {
        debug_assert!(self.first_overlap(vma.range).is_none(), "{} overlaps", vma.range);
        let range = vma.range;
        let id = self.areas.insert(vma);
        let (prev, next) = self.tree.insert(range.start.0, range.end.0, id.0);
        self.link(id, prev, next);
        self.last_found.set(id.0);
        id
    }

    /// Hangs an area in between its neighbours, of which the tree may know only one.
    #[inline]
    fn link(&mut self, id: VmaId, prev: Option<Neighbour>, next: Option<Neighbour>) {
        let at = id.0 as usize;
        if self.links.len() <= at {
            self.links.resize(at + 1, Links::default());
        }
        let known = |side: Option<Neighbour>| side.map(|(id, touches)| (VmaId(id), touches));
        let (prev, next) = (known(prev), known(next));
        let behind = |set: &Self| set.links[prev?.0.0 as usize].next.map(|next| (next, set.touch(id, next)));
        let before = |set: &Self| set.links[next?.0.0 as usize].prev.map(|prev| (prev, set.touch(prev, id)));
        let (next, prev) = (next.or_else(|| behind(self)), prev.or_else(|| before(self)));
        self.set_left(prev.map(|(id, _)| id), Some(id), prev.is_some_and(|(_, touches)| touches));
        self.set_left(Some(id), next.map(|(id, _)| id), next.is_some_and(|(_, touches)| touches));
    }

    fn touch(&self, left: VmaId, right: VmaId) -> bool {
        self.areas[left].range.end == self.areas[right].range.start
    }

    /// Makes two areas neighbours, either of which may be missing.
    #[inline]
    fn set_left(&mut self, left: Option<VmaId>, right: Option<VmaId>, touches: bool) {
        if let Some(left) = left {
            let links = &mut self.links[left.0 as usize];
            (links.next, links.touches_next) = (right, touches);
        }
        if let Some(right) = right {
            let links = &mut self.links[right.0 as usize];
            (links.prev, links.touches_prev) = (left, touches);
        }
    }

    /// Takes an area out.
    #[inline(always)]
    pub fn remove(&mut self, id: VmaId) -> Vma {
        self.unhook(id);
        self.areas.remove(id).expect("only areas of this set are removed")
    }

    /// The same for an area that nobody wants any more: nothing is moved.
    #[inline]
    pub fn discard(&mut self, id: VmaId) {
        self.unhook(id);
        self.areas.discard(id);
    }

    /// Takes an area out of the tree and from between its neighbours.
    #[inline]
    fn unhook(&mut self, id: VmaId) {
        let start = self.areas[id].range.start;
        let Links { prev, next, .. } = self.links[id.0 as usize];
        // What it kept apart does not touch.
        self.set_left(prev, next, false);
        self.tree.remove(start.0);
    }

    /// Moves an area's borders; the order of areas must stay. `pgoff` is the caller's to adjust.
    #[inline]
    pub fn set_range(&mut self, id: VmaId, range: VirtRange) {
        let vma = &mut self.areas[id];
        self.tree.set_bounds(vma.range.start.0, range.start.0, range.end.0);
        vma.range = range;
        let (prev, next) = self.neighbours(id);
        self.set_left(prev, Some(id), prev.is_some_and(|prev| self.touch(prev, id)));
        self.set_left(Some(id), next, next.is_some_and(|next| self.touch(id, next)));
    }

    /// An area.
    #[inline]
    pub fn get(&self, id: VmaId) -> &Vma {
        &self.areas[id]
    }

    /// An area that may have gone.
    #[inline]
    pub fn try_get(&self, id: VmaId) -> Option<&Vma> {
        self.areas.get(id)
    }

    /// An area, to be changed; its range changes through [`VmaSet::set_range`] only.
    #[inline]
    pub fn get_mut(&mut self, id: VmaId) -> &mut Vma {
        &mut self.areas[id]
    }

    /// Areas in order of address.
    pub fn iter(&self) -> impl Iterator<Item = (VmaId, &Vma)> {
        self.tree.iter().map(|(_, _, id)| (VmaId(id), &self.areas[VmaId(id)]))
    }

    /// The areas that overlap a range, in order of address.
    pub fn overlapping(&self, range: VirtRange) -> impl Iterator<Item = VmaId> {
        let from = self.tree.iter_from(range.start.0);
        from.take_while(move |(start, _, _)| *start < range.end.0).map(|(_, _, id)| VmaId(id))
    }

    /// Whether every area knows its neighbours.
    ///
    /// # Errors
    /// The first one that does not.
    pub fn check_links(&self) -> Result<(), String> {
        let mut before = None;
        for (id, vma) in self.iter() {
            let (prev, _) = self.neighbours(id);
            let answered = before.is_none_or(|before| self.neighbours(before).1 == Some(id));
            let touches = before.is_some_and(|before| self.areas[before].range.end == vma.range.start);
            if prev != before || !answered || self.adjacent(id).0.is_some() != touches {
                return Err(format!("the area at {} does not know its neighbour", vma.range.start));
            }
            before = Some(id);
        }
        match before.map(|last| self.neighbours(last).1) {
            Some(Some(_)) => Err("the last area believes in another".into()),
            _ => Ok(()),
        }
    }

    /// The tree, for gap searches.
    #[inline]
    pub fn tree(&self) -> &VmaTree {
        &self.tree
    }
}
