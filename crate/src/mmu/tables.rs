//! The page tables of one address space: four levels of 512 entries inside simulated frames,
//! allocated on the way down to a page and freed when no VMA can use them any more
//! (Linux `mm/memory.c`: `__pte_alloc`, `free_pgtables`).

use super::last_table::LastTable;
use super::pte::Pte;
use crate::addr::{PAGE_SHIFT, PAGE_SIZE, Pfn, VirtAddr, VirtRange};
use crate::event::{Event, Trace};
use crate::phys::{Owner, Phys};
use std::cell::Cell;

/// The place of one entry: a table frame and an index (0–511) in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slot {
    /// The table's frame.
    pub table: Pfn,
    /// Which of its 512 entries.
    pub index: u16,
}

impl Slot {
    /// The entry.
    #[inline]
    pub fn read(self, phys: &Phys) -> Pte {
        Pte(phys.word(self.table, self.index))
    }

    /// The place `entries` further on in the same table.
    #[inline]
    pub fn further(self, entries: usize) -> Self {
        Self { index: self.index + entries as u16, ..self }
    }

    /// The first place from here to the entry `last` whose entry is not empty.
    #[inline]
    pub fn next_used(self, phys: &Phys, last: u16) -> Option<Self> {
        let entries = &phys.words(self.table)[usize::from(self.index)..=usize::from(last)];
        entries.iter().position(|entry| *entry != 0).map(|skipped| self.further(skipped))
    }

    /// The entries from here on, `len` of them.
    #[inline]
    pub fn run(self, len: usize) -> std::ops::Range<usize> {
        usize::from(self.index)..usize::from(self.index) + len
    }

    /// Overwrites the entry. Telling the TLB is the caller's part.
    #[inline]
    pub fn write(self, phys: &mut Phys, pte: Pte) {
        phys.set_word(self.table, self.index, pte.0);
    }
}

/// Root and size of an address space's tables.
#[derive(Clone, Debug)]
pub struct Tables {
    /// The top table; what CR3 holds while the process runs.
    pub root: Pfn,
    /// The level of the root: 4, or 5; 0 if there is none and never will be.
    pub top: u8,
    /// Table frames of all levels below the top (Linux `mm_pgtables_bytes` / 4096).
    pub count: u64,
    last_table: Cell<LastTable>,
}

/// The level of the root.
pub const TOP: u8 = 4;
/// The highest level at which an entry may map a large page (1 GiB).
pub const LARGEST_LEAF: u8 = 3;
/// The level of the root with five-level tables (LA57).
pub const TOP_LA57: u8 = 5;

/// In place of a root's level: there are no tables.
const NO_TABLES: u8 = 0;

/// Bytes that one entry of a level maps.
#[inline]
pub const fn span(level: u8) -> u64 {
    1 << (PAGE_SHIFT + 9 * (level as u32 - 1))
}

/// The index of an address in a table of a level.
#[inline]
pub const fn index_of(addr: VirtAddr, level: u8) -> u16 {
    (addr.0 >> (PAGE_SHIFT + 9 * (level as u32 - 1)) & 511) as u16
}

/// The index of the last address below `end` in the table of a level that has `from`.
#[inline]
fn last_index(from: VirtAddr, end: VirtAddr, level: u8) -> u16 {
    index_of(VirtAddr((end.0 - 1).min(from.0 | (span(level) * 512 - 1))), level)
}

impl Tables {
    /// An empty tree. `None` when RAM is exhausted.
    pub fn new(phys: &mut Phys, trace: &mut Trace) -> Option<Self> {
        Self::with_top(phys, TOP, trace)
    }

    /// The same with a root of a given level.
    pub fn with_top(phys: &mut Phys, top: u8, trace: &mut Trace) -> Option<Self> {
        let root = phys.alloc_zeroed(Owner::PageTable { level: top }, trace)?;
        Some(Self { root, top, count: 0, last_table: Cell::new(LastTable::NONE) })
    }

    /// No tables at all, where there is no RAM that they could lie in: nothing is found, nothing made.
    pub const fn none() -> Self {
        Self { root: Pfn(0), top: NO_TABLES, count: 0, last_table: Cell::new(LastTable::NONE) }
    }

    /// The table of the fourth level for an address: the root, or what the root of five levels names.
    #[inline]
    fn fourth(&self, phys: &Phys, addr: VirtAddr) -> Option<Pfn> {
        if self.top == TOP {
            return Some(self.root);
        }
        if self.top == NO_TABLES {
            return None;
        }
        let entry = Pte(phys.word(self.root, index_of(addr, TOP_LA57)));
        (!entry.is_none()).then(|| entry.pfn())
    }

    #[inline]
    fn make_fourth(&mut self, phys: &mut Phys, addr: VirtAddr, trace: &mut Trace) -> Option<Pfn> {
        if self.top == TOP {
            return Some(self.root);
        }
        if self.top == NO_TABLES {
            return None;
        }
        let slot = Slot { table: self.root, index: index_of(addr, TOP_LA57) };
        let entry = slot.read(phys);
        if entry.is_none() { self.make_table(phys, slot, TOP, trace) } else { Some(entry.pfn()) }
    }

    /// The place of a page's entry, if all tables on the way exist.
    #[inline]
    pub fn find(&self, phys: &Phys, addr: VirtAddr) -> Option<Slot> {
        let table = self.lowest(phys, addr).ok()?;
        Some(Slot { table, index: index_of(addr, 1) })
    }

    /// The lowest table on the way to an address; else the place of an entry that maps a large page, if one is on
    /// the way.
    #[inline]
    fn lowest(&self, phys: &Phys, addr: VirtAddr) -> Result<Pfn, Option<Slot>> {
        match self.last_table.get().of(addr) {
            Some(table) => Ok(table),
            None => self.walk_down(phys, addr),
        }
    }

    fn walk_down(&self, phys: &Phys, addr: VirtAddr) -> Result<Pfn, Option<Slot>> {
        let mut table = self.fourth(phys, addr).ok_or(None)?;
        for level in [4, 3, 2] {
            let slot = Slot { table, index: index_of(addr, level) };
            let entry = slot.read(phys);
            if entry.is_none() || entry.is_large(level) {
                return Err(Some(slot).filter(|_| !entry.is_none()));
            }
            table = entry.pfn();
        }
        self.last_table.set(LastTable::new(addr, table));
        Ok(table)
    }

    /// The entry of a page; `Pte::NONE` where no table is.
    #[inline]
    pub fn get(&self, phys: &Phys, addr: VirtAddr) -> Pte {
        self.find(phys, addr).map_or(Pte::NONE, |slot| slot.read(phys))
    }

    /// The place of a page's entry, with the tables on the way made. `None` when RAM is exhausted;
    /// tables made until then stay, empty, as in Linux.
    #[inline]
    pub fn find_or_make(&mut self, phys: &mut Phys, addr: VirtAddr, trace: &mut Trace) -> Option<Slot> {
        let table = match self.last_table.get().of(addr) {
            Some(table) => table,
            None => self.make_lowest(phys, addr, trace)?,
        };
        Some(Slot { table, index: index_of(addr, 1) })
    }

    fn make_lowest(&mut self, phys: &mut Phys, addr: VirtAddr, trace: &mut Trace) -> Option<Pfn> {
        let mut table = self.make_fourth(phys, addr, trace)?;
        for level in [4, 3, 2] {
            let slot = Slot { table, index: index_of(addr, level) };
            let entry = slot.read(phys);
            table = if entry.is_none() { self.make_table(phys, slot, level - 1, trace)? } else { entry.pfn() };
        }
        self.last_table.set(LastTable::new(addr, table));
        Some(table)
    }

    /// The lowest table that is remembered, so as not to walk down to it again: the first address it translates,
    /// and its frame.
    pub fn remembered_table(&self) -> Option<(VirtAddr, Pfn)> {
        self.last_table.get().remembered()
    }

    /// Makes the tables above the last level on the way to a page. `false` when RAM is exhausted.
    pub fn make_upper(&mut self, phys: &mut Phys, addr: VirtAddr, trace: &mut Trace) -> bool {
        self.make_down_to(phys, addr, 2, trace)
    }

    /// Makes the tables on the way to a page down to a level. `false` when RAM is exhausted.
    pub fn make_down_to(&mut self, phys: &mut Phys, addr: VirtAddr, lowest: u8, trace: &mut Trace) -> bool {
        let Some(mut table) = self.make_fourth(phys, addr, trace) else { return false };
        for level in (lowest + 1..=TOP).rev() {
            let slot = Slot { table, index: index_of(addr, level) };
            let entry = slot.read(phys);
            let next = if entry.is_none() { self.make_table(phys, slot, level - 1, trace) } else { Some(entry.pfn()) };
            let Some(next) = next else { return false };
            table = next;
        }
        true
    }

    #[cold]
    fn make_table(&mut self, phys: &mut Phys, slot: Slot, level: u8, trace: &mut Trace) -> Option<Pfn> {
        let pfn = phys.alloc_zeroed(Owner::PageTable { level }, trace)?;
        slot.write(phys, Pte::table(pfn));
        // Linux does not count tables of the fourth level.
        self.count += u64::from(level < TOP);
        trace.emit(|| Event::TableAllocated { level, pfn });
        Some(pfn)
    }

    /// The first entry at or above `from` and below `end` that is not empty. Absent tables are
    /// skipped as a whole, so a walk over a sparse range costs what is there, not what could be. An entry that maps
    /// a large page is given as it is, in its place at a higher level.
    pub fn next_used(&self, phys: &Phys, from: VirtAddr, end: VirtAddr) -> Option<(VirtAddr, Slot, Pte)> {
        if from >= end {
            return None;
        }
        // A range inside one lowest table needs no recursion.
        if from.0 & !(span(2) - 1) == (end.0 - 1) & !(span(2) - 1) {
            let table = match self.lowest(phys, from) {
                Ok(table) => table,
                Err(large) => return large.map(|slot| (from, slot, slot.read(phys))),
            };
            let first = Slot { table, index: index_of(from, 1) };
            let slot = first.next_used(phys, index_of(VirtAddr(end.0 - 1), 1))?;
            return Some((from + (u64::from(slot.index - first.index) << PAGE_SHIFT), slot, slot.read(phys)));
        }
        if self.top == NO_TABLES {
            return None;
        }
        self.next_in(phys, self.root, self.top, from, end)
    }

    /// Frames that these tables take, the root and those that Linux does not count (P4D) among them.
    pub fn frames(&self, phys: &Phys) -> u64 {
        let uncounted = if self.top > TOP { phys.words(self.root).iter().filter(|word| **word != 0).count() } else { 0 };
        self.count + 1 + uncounted as u64
    }

    /// Visits what [`Tables::used`] gives, each table once: for ranges that are large.
    pub fn each_used(&self, phys: &Phys, range: VirtRange, visit: &mut impl FnMut(VirtAddr, Pte)) {
        if range.start < range.end {
            self.each_in(phys, (self.root, self.top), range.start, range.end, visit);
        }
    }

    fn each_in(&self, phys: &Phys, (table, level): (Pfn, u8), from: VirtAddr, end: VirtAddr, visit: &mut impl FnMut(VirtAddr, Pte)) {
        let (first, last) = (index_of(from, level), last_index(from, end, level));
        let words = &phys.words(table)[usize::from(first)..=usize::from(last)];
        let base = from.0 & !(span(level) - 1);
        for (at, word) in words.iter().enumerate().filter(|(_, word)| **word != 0) {
            let addr = VirtAddr((base + at as u64 * span(level)).max(from.0));
            let behind = VirtAddr((base + (at as u64 + 1) * span(level)).min(end.0));
            match Pte(*word) {
                entry if level == 1 => visit(addr, entry),
                entry if entry.is_large(level) => {
                    (addr.0..behind.0).step_by(PAGE_SIZE as usize).for_each(|addr| visit(VirtAddr(addr), entry))
                }
                entry => self.each_in(phys, (entry.pfn(), level - 1), addr, behind, visit),
            }
        }
    }

    /// All entries of a range that are not empty, with their pages.
    pub fn used(&self, phys: &Phys, range: VirtRange) -> impl Iterator<Item = (VirtAddr, Pte)> {
        let mut at = range.start;
        std::iter::from_fn(move || {
            let (addr, _, pte) = self.next_used(phys, at, range.end)?;
            at = addr + PAGE_SIZE;
            Some((addr, pte))
        })
    }

    fn next_in(&self, phys: &Phys, table: Pfn, level: u8, from: VirtAddr, end: VirtAddr) -> Option<(VirtAddr, Slot, Pte)> {
        let (first, last) = (index_of(from, level), last_index(from, end, level));
        let mut index = first;
        while let Some(slot) = (Slot { table, index }).next_used(phys, last) {
            // The first entry may be entered in its middle.
            let base = (from.0 & !(span(level) - 1)) + u64::from(slot.index - first) * span(level);
            let (addr, entry) = (VirtAddr(base.max(from.0)), slot.read(phys));
            if level == 1 || entry.is_large(level) {
                return Some((addr, slot, entry));
            }
            let found = self.next_in(phys, entry.pfn(), level - 1, addr, end);
            if found.is_some() || slot.index == last {
                return found;
            }
            index = slot.index + 1;
        }
        None
    }

    /// The level of the lowest table on the way to a page: 1 if its entry has a place.
    pub fn depth(&self, phys: &Phys, addr: VirtAddr) -> u8 {
        let Some(mut table) = self.fourth(phys, addr) else { return TOP_LA57 };
        for level in [4, 3, 2] {
            let entry = Pte(phys.word(table, index_of(addr, level)));
            if entry.is_none() {
                return level;
            }
            table = entry.pfn();
        }
        1
    }

    /// The first address behind the part of `addr` that one entry at the lowest table on its way spans.
    pub fn behind(addr: VirtAddr, depth: u8) -> VirtAddr {
        let step = span(depth.max(2));
        VirtAddr((addr.0 & !(step - 1)) + step)
    }

    /// Gives back the tables that lie wholly in the free room `floor..ceiling` around an unmapped
    /// range (Linux `free_pgtables`): no remaining VMA can use them.
    ///
    /// # Preconditions
    /// `range` has no used entry, `floor ≤ range.start`, `range.end ≤ ceiling`.
    pub fn free_unused(&mut self, phys: &mut Phys, range: VirtRange, floor: VirtAddr, ceiling: VirtAddr, trace: &mut Trace) {
        let room = VirtRange { start: floor, end: ceiling };
        if !self.may_free(phys, range, room) {
            return;
        }
        self.free_in(phys, self.root, self.top, range, room, trace);
    }

    /// Whether a table may have become free: one walk down says no for most small ranges.
    #[inline]
    fn may_free(&self, phys: &Phys, range: VirtRange, room: VirtRange) -> bool {
        let Some(mut table) = self.fourth(phys, range.start) else { return false };
        if self.top != TOP {
            return true;
        }
        for level in [4, 3, 2] {
            let base = range.start.0 & !(span(level) - 1);
            if range.end.0 > base + span(level) {
                return true;
            }
            let entry = Pte(phys.word(table, index_of(range.start, level)));
            if entry.is_none() {
                return false;
            }
            if room.start.0 <= base && base + span(level) <= room.end.0 {
                return true;
            }
            table = entry.pfn();
        }
        false
    }

    fn free_in(&mut self, phys: &mut Phys, table: Pfn, level: u8, range: VirtRange, room: VirtRange, trace: &mut Trace) {
        let (first, last) = (index_of(range.start, level), last_index(range.start, range.end, level));
        let mut index = first;
        while let Some(slot) = (Slot { table, index }).next_used(phys, last) {
            let start = (range.start.0 & !(span(level) - 1)) + u64::from(slot.index - first) * span(level);
            let child = VirtRange::new(start, start + span(level));
            let lower = slot.read(phys).pfn();
            if level > 2 {
                self.free_in(phys, lower, level - 1, range.intersect(&child), room, trace);
            }
            if room.start <= child.start && child.end <= room.end {
                slot.write(phys, Pte::NONE);
                self.drop_table(phys, lower, level - 1, trace);
            }
            if slot.index == last {
                break;
            }
            index = slot.index + 1;
        }
    }

    /// Gives back the lowest table of an aligned 2 MiB if it has become empty
    /// (Linux `try_to_free_pte`, CONFIG_PT_RECLAIM).
    pub fn reclaim_empty(&mut self, phys: &mut Phys, addr: VirtAddr, trace: &mut Trace) {
        let Some(lowest) = self.find(phys, addr) else { return };
        if (0..512).any(|index| phys.word(lowest.table, index) != 0) {
            return;
        }
        let Some(mut table) = self.fourth(phys, addr) else { return };
        for level in [4, 3] {
            table = Pte(phys.word(table, index_of(addr, level))).pfn();
        }
        Slot { table, index: index_of(addr, 2) }.write(phys, Pte::NONE);
        self.drop_table(phys, lowest.table, 1, trace);
    }

    fn drop_table(&mut self, phys: &mut Phys, pfn: Pfn, level: u8, trace: &mut Trace) {
        self.count -= u64::from(level < TOP);
        self.last_table.set(LastTable::NONE);
        trace.emit(|| Event::TableFreed { level, pfn });
        phys.free_empty_table(pfn, trace);
    }

    /// Gives back the whole tree, root included. All leaves must be gone.
    pub fn destroy(&mut self, phys: &mut Phys, trace: &mut Trace) {
        if self.top == NO_TABLES {
            return;
        }
        let all = VirtRange::new(0, span(self.top) << 8);
        self.free_in(phys, self.root, self.top, all, all, trace);
        debug_assert_eq!(self.count, 0, "a table outlived its tree");
        phys.put(self.root, trace);
    }

    /// Every table frame below the root with its level, for the invariant checks and the page.
    pub fn table_frames(&self, phys: &Phys) -> Vec<(Pfn, u8)> {
        let mut found = Vec::new();
        let mut pending = vec![(self.root, self.top)];
        while let Some((table, level)) = pending.pop() {
            for index in 0..512 {
                let entry = Pte(phys.word(table, index));
                if entry.is_none() {
                    continue;
                }
                found.push((entry.pfn(), level - 1));
                if level > 2 {
                    pending.push((entry.pfn(), level - 1));
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> (Phys, Trace, Tables) {
        let (mut phys, mut trace) = (Phys::new(1 << 20), Trace::default());
        let tables = Tables::new(&mut phys, &mut trace).unwrap();
        (phys, trace, tables)
    }

    #[test]
    fn the_first_page_makes_three_tables_and_its_neighbour_none() {
        let (mut phys, mut trace, mut tables) = machine();
        tables.find_or_make(&mut phys, VirtAddr(0x1000_0000), &mut trace).unwrap();
        assert_eq!(tables.count, 3);
        tables.find_or_make(&mut phys, VirtAddr(0x1000_1000), &mut trace).unwrap();
        assert_eq!(tables.count, 3);
        tables.find_or_make(&mut phys, VirtAddr(0x1020_0000), &mut trace).unwrap();
        assert_eq!(tables.count, 4);
    }

    #[test]
    fn next_used_skips_what_is_absent() {
        let (mut phys, mut trace, mut tables) = machine();
        for addr in [0x1000u64, 0x7fff_ffff_e000] {
            let slot = tables.find_or_make(&mut phys, VirtAddr(addr), &mut trace).unwrap();
            slot.write(&mut phys, Pte::leaf(Pfn(9), Pte::PRESENT));
        }
        let end = VirtAddr(crate::addr::TASK_SIZE);
        let first = tables.next_used(&phys, VirtAddr(0), end).unwrap().0;
        let second = tables.next_used(&phys, first + 4096, end).unwrap().0;
        assert_eq!((first, second), (VirtAddr(0x1000), VirtAddr(0x7fff_ffff_e000)));
        assert!(tables.next_used(&phys, second + 4096, end).is_none());
        assert!(tables.next_used(&phys, VirtAddr(0x1001), VirtAddr(0x2000)).is_none() || first.0 == 0x1000);
    }

    #[test]
    fn a_large_leaf_is_found_where_it_is() {
        let (mut phys, mut trace, mut tables) = machine();
        assert!(tables.make_upper(&mut phys, VirtAddr(0x4020_0000), &mut trace));
        let mut table = tables.root;
        for level in [4, 3] {
            table = Slot { table, index: index_of(VirtAddr(0x4020_0000), level) }.read(&phys).pfn();
        }
        let leaf = Pte::leaf(Pfn(512), Pte::PRESENT | Pte::LARGE);
        Slot { table, index: index_of(VirtAddr(0x4020_0000), 2) }.write(&mut phys, leaf);
        let (addr, slot, found) = tables.next_used(&phys, VirtAddr(0x1000), VirtAddr(0x5000_0000)).unwrap();
        assert_eq!((addr, slot.table, found), (VirtAddr(0x4020_0000), table, leaf));
        let inside = tables.next_used(&phys, VirtAddr(0x4020_3000), VirtAddr(0x4020_5000)).unwrap();
        assert_eq!((inside.0, inside.2), (VirtAddr(0x4020_3000), leaf));
        assert_eq!(tables.find(&phys, VirtAddr(0x4020_0000)), None);
    }

    #[test]
    fn tables_go_when_no_vma_can_use_them() {
        let (mut phys, mut trace, mut tables) = machine();
        tables.find_or_make(&mut phys, VirtAddr(0x1000_0000), &mut trace).unwrap();
        let range = VirtRange::new(0x1000_0000, 0x1000_1000);
        // A neighbour in the same 2 MiB keeps them.
        tables.free_unused(&mut phys, range, VirtAddr(0), VirtAddr(0x1000_2000), &mut trace);
        assert_eq!(tables.count, 3);
        // A neighbour in the same 1 GiB keeps the two upper ones.
        tables.free_unused(&mut phys, range, VirtAddr(0), VirtAddr(0x1100_0000), &mut trace);
        assert_eq!(tables.count, 2);
        tables.free_unused(&mut phys, range, VirtAddr(0), VirtAddr(crate::addr::TASK_SIZE + 4096), &mut trace);
        assert_eq!((tables.count, tables.remembered_table()), (0, None));
        assert_eq!(tables.find(&phys, VirtAddr(0x1000_0000)), None);
        tables.destroy(&mut phys, &mut trace);
        assert_eq!(phys.free_frames(), phys.total_frames());
    }
}
