//! Taking pages out of page tables (Linux `mm/memory.c:zap_pte_range`).

use super::kernel::Kernel;
use crate::addr::{PAGE_SIZE, PMD_SIZE, VirtAddr, VirtRange};
use crate::ids::MmId;
use crate::mmu::{Pte, Slot};
use crate::phys::FrameFlags;

/// What is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Zap {
    /// Everything, markers too: the area goes away.
    Everything,
    /// Every page; markers stay (MADV_DONTNEED).
    Pages,
    /// Pages of the file and private copies (truncation).
    FileAndCopies,
    /// Pages of the file only; private copies stay (hole punching).
    FilePages,
}

impl Kernel {
    /// Takes the pages of a range out of an address space. Tables stay.
    pub(crate) fn zap_page_range(&mut self, mm: MmId, range: VirtRange, what: Zap) {
        self.mms[mm].note_rss_peak();
        let mut at = range.start;
        while let Some((first, slot, _)) = self.mms[mm].tables.next_used(&self.phys, at, range.end) {
            // The rest of this table, without walking down to it again.
            let table_end = VirtAddr((first.0 & !(PMD_SIZE - 1)) + PMD_SIZE);
            let end = table_end.min(range.end);
            self.zap_table(mm, slot, VirtRange { start: first, end }, what);
            at = end;
        }
    }

    fn zap_table(&mut self, mm: MmId, first: Slot, range: VirtRange, what: Zap) {
        for i in 0..range.pages() {
            let slot = first.further(i as usize);
            let pte = slot.read(&self.phys);
            if !pte.is_none() {
                self.zap_entry(mm, range.start + i * PAGE_SIZE, slot, pte, what);
            }
        }
    }

    #[inline]
    fn zap_entry(&mut self, mm: MmId, addr: VirtAddr, slot: Slot, pte: Pte, what: Zap) {
        if !pte.is_present() {
            if what == Zap::Everything {
                self.set_pte(mm, addr, slot, Pte::NONE);
            }
            return;
        }
        if what == Zap::FilePages && self.phys.frame(pte.pfn()).is_anon() {
            return;
        }
        self.set_pte(mm, addr, slot, Pte::NONE);
        self.forget_mapping(mm, pte);
    }

    /// Books that a present entry is gone: counters, dirtiness, the reference it held.
    #[inline]
    pub(crate) fn forget_mapping(&mut self, mm: MmId, pte: Pte) {
        if pte.has(Pte::SPECIAL) {
            return;
        }
        let pfn = pte.pfn();
        if let Some(kind) = self.rss_kind(pfn) {
            self.mms[mm].rss[kind as usize] -= 1;
        }
        let frame = self.phys.frame_mut(pfn);
        frame.mapcount -= 1;
        if !frame.is_anon() {
            if pte.has(Pte::DIRTY) {
                frame.flags |= FrameFlags::DIRTY;
            }
            if pte.has(Pte::ACCESSED) {
                frame.flags |= FrameFlags::REFERENCED;
            }
        }
        self.phys.put(pfn, &mut self.trace);
    }

    /// Books that an entry maps a frame. The caller's reference to the frame becomes the entry's.
    #[inline]
    pub(crate) fn remember_mapping(&mut self, mm: MmId, pte: Pte) {
        if pte.has(Pte::SPECIAL) {
            return;
        }
        let pfn = pte.pfn();
        if let Some(kind) = self.rss_kind(pfn) {
            self.mms[mm].rss[kind as usize] += 1;
        }
        self.phys.frame_mut(pfn).mapcount += 1;
    }
}
