//! All areas of an address space: a table of [`Vma`]s and the tree that finds them.

use super::area::Vma;
use super::tree::{TreeSave, VmaTree};
use crate::addr::{VirtAddr, VirtRange};
use crate::blocks::{Blocks, Seen};
use crate::ids::VmaId;
use std::cell::Cell;

/// The areas, sorted and disjoint.
#[derive(Clone, Debug, Default)]
pub struct VmaSet {
    tree: VmaTree,
    /// By id; ids are used again.
    places: Vec<Place>,
    free: Vec<VmaId>,
    /// The area that was found last: programs mostly go on where they are.
    last_found: Cell<usize>,
}

/// An area with its neighbours: one cache line, so that neither costs another look into memory.
#[derive(Clone, Debug, PartialEq)]
#[repr(align(64))]
struct Place {
    /// Empty for a place that is free: it contains no address.
    vma: Vma,
    prev: Link,
    next: Link,
}

/// A neighbour, and whether it touches: mostly it does not, and then it need not be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Link(u32);

impl Link {
    const NONE: Self = Self(u32::MAX >> 1);
    const TOUCHES: u32 = 1 << 31;

    #[inline]
    fn new(to: Option<VmaId>, touches: bool) -> Self {
        let Some(to) = to else { return Self::NONE };
        Self(to.index() as u32 | if touches { Self::TOUCHES } else { 0 })
    }

    #[inline]
    fn get(self) -> Option<VmaId> {
        let index = self.0 & !Self::TOUCHES;
        (index != Self::NONE.0).then(|| VmaId::from(index as usize))
    }

    #[inline]
    fn touching(self) -> Option<VmaId> {
        if self.0 & Self::TOUCHES == 0 { None } else { self.get() }
    }
}

/// A copy of the areas that shares blocks with the copy before.
#[derive(Clone, Debug, Default)]
pub struct VmaSetSave {
    tree: TreeSave,
    places: Blocks<Place, 16>,
    free: Blocks<VmaId, 64>,
    last_found: usize,
}

impl VmaSetSave {
    /// Bytes of what was not counted yet.
    pub fn bytes(&self, seen: &mut Seen) -> usize {
        size_of::<Self>() + self.tree.bytes(seen) + self.places.bytes(seen) + self.free.bytes(seen)
    }
}

const NO_PLACE: &str = "an id outlived its area";

impl VmaSet {
    /// Saves the areas.
    pub fn save(&self, before: Option<&VmaSetSave>) -> VmaSetSave {
        VmaSetSave {
            tree: self.tree.save(before.map(|before| &before.tree)),
            places: Blocks::of(&self.places, before.map(|before| &before.places)),
            free: Blocks::of(&self.free, before.map(|before| &before.free)),
            last_found: self.last_found.get(),
        }
    }

    /// The areas of a save.
    pub fn restore(&mut self, save: &VmaSetSave) {
        self.tree.restore(&save.tree);
        save.places.restore(&mut self.places);
        save.free.restore(&mut self.free);
        self.last_found.set(save.last_found);
    }

    /// How many (Linux `mm->map_count`).
    #[inline]
    pub fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Whether nothing is mapped.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first area that ends above `addr` (Linux `find_vma`): the one that contains it, or the next.
    #[inline]
    pub fn find(&self, addr: VirtAddr) -> Option<VmaId> {
        if let Some(id) = self.find_near(addr) {
            // From an area far behind a gap, the next search would not be near.
            if self.get(id).range.start <= addr {
                self.last_found.set(id.index());
            }
            return Some(id);
        }
        let found = self.tree.first_ending_above(addr.0)? as usize;
        self.last_found.set(found);
        Some(VmaId::from(found))
    }

    /// The same if it is the area that was found last or the next one, and the address is near. Far from
    /// it the neighbours would only cost a look into memory.
    #[inline]
    fn find_near(&self, addr: VirtAddr) -> Option<VmaId> {
        const NEAR: u64 = 1 << 16;
        let last = VmaId::from(self.last_found.get());
        let Place { vma, prev, next } = self.places.get(last.index())?;
        if vma.range.contains(addr) {
            return Some(last);
        }
        if vma.range.start - addr <= NEAR {
            let is_first = prev.get().is_none_or(|prev| self.get(prev).range.end <= addr);
            return Some(last).filter(|_| is_first && !vma.range.is_empty());
        }
        if addr - vma.range.end <= NEAR && !vma.range.is_empty() {
            return next.get().filter(|next| addr < self.get(*next).range.end);
        }
        None
    }

    /// The areas before and behind one.
    #[inline]
    pub fn neighbours(&self, id: VmaId) -> (Option<VmaId>, Option<VmaId>) {
        let place = &self.places[id.index()];
        (place.prev.get(), place.next.get())
    }

    /// Those of them that end or start where it starts or ends.
    #[inline]
    pub fn adjacent(&self, id: VmaId) -> (Option<VmaId>, Option<VmaId>) {
        let place = &self.places[id.index()];
        (place.prev.touching(), place.next.touching())
    }

    /// The area that contains `addr` (Linux `vma_lookup`).
    #[inline]
    pub fn lookup(&self, addr: VirtAddr) -> Option<VmaId> {
        let id = self.find(addr)?;
        (self.get(id).range.start <= addr).then_some(id)
    }

    /// The last area that starts below `addr`.
    #[inline]
    pub fn prev(&self, addr: VirtAddr) -> Option<VmaId> {
        match self.around(addr) {
            (_, Some(next)) if self.get(next).range.start < addr => Some(next),
            (prev, _) => prev,
        }
    }

    /// The first area that ends above `addr` and the one before it: the neighbours of an address that no
    /// area contains.
    #[inline]
    pub fn around(&self, addr: VirtAddr) -> (Option<VmaId>, Option<VmaId>) {
        match self.find(addr) {
            Some(next) => (self.neighbours(next).0, Some(next)),
            None => (self.tree.last().map(|last| VmaId::from(last as usize)), None),
        }
    }

    /// The first area that overlaps a range.
    #[inline]
    pub fn first_overlap(&self, range: VirtRange) -> Option<VmaId> {
        let id = self.find(range.start)?;
        (self.get(id).range.start < range.end).then_some(id)
    }

    /// Adds an area. It must not overlap another.
    #[inline]
    pub fn insert(&mut self, vma: Vma) -> VmaId {
        debug_assert!(self.first_overlap(vma.range).is_none(), "{} overlaps", vma.range);
        let range = vma.range;
        let (prev, next) = self.around(range.start);
        let id = self.place(vma);
        self.tree.insert(range.start.0, range.end.0, id.index() as u32);
        self.set_left(prev, Some(id), prev.is_some_and(|prev| self.touch(prev, id)));
        self.set_left(Some(id), next, next.is_some_and(|next| self.touch(id, next)));
        self.last_found.set(id.index());
        id
    }

    #[inline]
    fn place(&mut self, vma: Vma) -> VmaId {
        let place = Place { vma, prev: Link::NONE, next: Link::NONE };
        match self.free.pop() {
            Some(id) => {
                self.places[id.index()] = place;
                id
            }
            None => {
                self.places.push(place);
                VmaId::from(self.places.len() - 1)
            }
        }
    }

    fn touch(&self, left: VmaId, right: VmaId) -> bool {
        self.get(left).range.end == self.get(right).range.start
    }

    /// Makes two areas neighbours, either of which may be missing.
    #[inline]
    fn set_left(&mut self, left: Option<VmaId>, right: Option<VmaId>, touches: bool) {
        if let Some(left) = left {
            self.places[left.index()].next = Link::new(right, touches);
        }
        if let Some(right) = right {
            self.places[right.index()].prev = Link::new(left, touches);
        }
    }

    /// Takes an area out.
    #[inline]
    pub fn remove(&mut self, id: VmaId) -> Vma {
        let (prev, next) = self.neighbours(id);
        // What it kept apart does not touch.
        self.set_left(prev, next, false);
        self.tree.remove(self.get(id).range.start.0);
        self.find_again(next);
        self.vacate(id)
    }

    /// Takes out areas that follow one another, all that there are between the first and the last.
    pub fn remove_run(&mut self, run: &[VmaId]) -> Vec<Vma> {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { return Vec::new() };
        let (prev, next) = (self.neighbours(*first).0, self.neighbours(*last).1);
        self.set_left(prev, next, false);
        self.tree.remove_run(self.get(*first).range.start.0, self.get(*last).range.end.0);
        self.find_again(next);
        run.iter().map(|id| self.vacate(*id)).collect()
    }

    /// Where areas went, the next call often looks at what is behind.
    #[inline]
    fn find_again(&self, next: Option<VmaId>) {
        if let Some(next) = next {
            self.last_found.set(next.index());
        }
    }

    #[inline]
    fn vacate(&mut self, id: VmaId) -> Vma {
        let vma = &mut self.places[id.index()].vma;
        assert!(!vma.range.is_empty(), "{NO_PLACE}");
        self.free.push(id);
        std::mem::replace(vma, Vma::new(VirtRange::default(), crate::flags::VmFlags::empty(), 0))
    }

    /// Cuts an area in two (the core of Linux `__split_vma`): the new part's id. The old id stays with the
    /// upper part if `new_below`, else with the lower.
    #[inline]
    pub fn split(&mut self, id: VmaId, at: VirtAddr, new_below: bool) -> VmaId {
        let part = self.places[id.index()].vma.split_off(at, new_below);
        let start = part.range.start;
        let new = self.place(part);
        let Place { prev, next, .. } = self.places[id.index()];
        let (low, high) = if new_below { (new, id) } else { (id, new) };
        self.set_left(prev.get(), Some(low), prev.touching().is_some());
        self.set_left(Some(low), Some(high), true);
        self.set_left(Some(high), next.get(), next.touching().is_some());
        self.tree.split(at.0, start.0, new.index() as u32);
        new
    }

    /// Lets an area take over the range of a neighbour that touches it; the neighbour goes. The page
    /// offset follows.
    #[inline]
    pub fn absorb(&mut self, target: VmaId, eaten: VmaId) -> Vma {
        let gone = self.vacate(eaten);
        let Place { prev, next, .. } = self.places[eaten.index()];
        let vma = &mut self.places[target.index()].vma;
        let start = vma.range.start;
        if gone.range.start == vma.range.end {
            vma.range.end = gone.range.end;
            self.tree.join(gone.range.start.0, start.0);
            self.set_left(Some(target), next.get(), next.touching().is_some());
        } else {
            debug_assert!(gone.range.end == start, "{} does not touch {}", gone.range, vma.range);
            vma.move_start(gone.range.start);
            self.tree.join(start.0, start.0);
            self.set_left(prev.get(), Some(target), prev.touching().is_some());
        }
        gone
    }

    /// Moves the border between two areas that touch. The page offset of the second follows.
    #[inline]
    pub fn move_border(&mut self, left: VmaId, right: VmaId, to: VirtAddr) {
        self.tree.move_border(self.get(right).range.start.0, to.0);
        self.places[left.index()].vma.range.end = to;
        self.places[right.index()].vma.move_start(to);
    }

    /// Moves an area's borders; the order of areas must stay. The page offset follows its start.
    #[inline]
    pub fn set_range(&mut self, id: VmaId, range: VirtRange) {
        let vma = &mut self.places[id.index()].vma;
        self.tree.set_bounds(vma.range.start.0, range.start.0, range.end.0);
        vma.move_start(range.start);
        vma.range.end = range.end;
        let (prev, next) = self.neighbours(id);
        self.set_left(prev, Some(id), prev.is_some_and(|prev| self.touch(prev, id)));
        self.set_left(Some(id), next, next.is_some_and(|next| self.touch(id, next)));
    }

    /// An area.
    #[inline]
    pub fn get(&self, id: VmaId) -> &Vma {
        let vma = &self.places[id.index()].vma;
        debug_assert!(!vma.range.is_empty(), "{NO_PLACE}");
        vma
    }

    /// An area that may have gone.
    #[inline]
    pub fn try_get(&self, id: VmaId) -> Option<&Vma> {
        self.places.get(id.index()).map(|place| &place.vma).filter(|vma| !vma.range.is_empty())
    }

    /// An area, to be changed; its range changes through [`VmaSet::set_range`] and the like only.
    #[inline]
    pub fn get_mut(&mut self, id: VmaId) -> &mut Vma {
        &mut self.places[id.index()].vma
    }

    /// Areas in order of address.
    pub fn iter(&self) -> impl Iterator<Item = (VmaId, &Vma)> {
        self.tree.iter().map(|(_, _, id)| (VmaId::from(id as usize), self.get(VmaId::from(id as usize))))
    }

    /// The areas that overlap a range, in order of address.
    pub fn overlapping(&self, range: VirtRange) -> impl Iterator<Item = VmaId> {
        let from = self.tree.iter_from(range.start.0);
        from.take_while(move |(start, _, _)| *start < range.end.0).map(|(_, _, id)| VmaId::from(id as usize))
    }

    /// Whether the tree, the areas and their links tell the same.
    ///
    /// # Errors
    /// The first area that is wrong.
    pub fn check_links(&self) -> Result<(), String> {
        let mut before = None;
        for (start, end, id) in self.tree.iter() {
            let id = VmaId::from(id as usize);
            let vma = self.get(id);
            if vma.range != VirtRange::new(start, end) {
                return Err(format!("the tree has {start:#x}-{end:#x} where the area is {}", vma.range));
            }
            let (prev, _) = self.neighbours(id);
            let answered = before.is_none_or(|before| self.neighbours(before).1 == Some(id));
            let touches = before.is_some_and(|before| self.touch(before, id));
            let answered = answered && before.is_none_or(|before| self.adjacent(before).1.is_some() == touches);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_with_its_links_is_one_cache_line() {
        assert_eq!(size_of::<Place>(), 64);
    }
}
