//! Taking pages out of page tables (Linux `mm/memory.c:zap_pte_range`).

use super::kernel::Kernel;
use super::mm_struct::Rss;
use crate::addr::{PMD_SIZE, VirtAddr, VirtRange};
use crate::event::Event;
use crate::ids::MmId;
use crate::mmu::{Pte, Slot};
use crate::phys::{Frame, FrameFlags};
use smallvec::SmallVec;

/// A part of a table, taken out to be worked on.
pub(crate) type TableRun = SmallVec<[u64; 512]>;
/// Fewer entries are read and written one by one.
const LONG_RUN: u64 = 16;

/// The work on one table.
struct ZapTable {
    mm: MmId,
    what: Zap,
    /// Whether the TLB may know its pages.
    remembered: bool,
    /// Pages that went, by kind.
    gone: [u64; 3],
}

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

/// The short way for private pages that others have too and nobody watches: their entries are cleared. How many.
fn put_shared(frames: &mut [Frame], entries: &mut [u64]) -> u64 {
    let mut put = 0;
    for entry in entries {
        let pte = Pte(*entry);
        if pte.maps_counted_frame() && frames[pte.pfn().index()].put_shared_anon() {
            *entry = Pte::NONE.0;
            put += 1;
        }
    }
    put
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
        // Only the running address space is in the TLB.
        let remembered = self.cpu.cr3() == Some(self.mms[mm].tables.root);
        let mut zap = ZapTable { mm, what, remembered, gone: [0; 3] };
        if range.pages() > LONG_RUN {
            self.zap_long_run(first, range, &mut zap);
        } else {
            for (i, addr) in range.page_addrs().enumerate() {
                let slot = first.further(i);
                if self.zap_entry(slot.read(&self.phys), addr, &mut zap) {
                    slot.write(&mut self.phys, Pte::NONE);
                }
            }
        }
        self.mms[mm].add_all_rss(zap.gone, -1);
    }

    /// Many entries: the table is read once and written once.
    #[inline(never)]
    fn zap_long_run(&mut self, first: Slot, range: VirtRange, zap: &mut ZapTable) {
        let run = first.run(range.pages() as usize);
        let mut entries = TableRun::from_slice(&self.phys.words(first.table)[run.clone()]);
        let unseen = zap.what == Zap::Everything && !zap.remembered && !self.trace.is_on();
        let put = if unseen { put_shared(self.phys.frames_mut(), &mut entries) } else { 0 };
        zap.gone[Rss::Anon as usize] += put;
        // Mostly that was all.
        if put < run.len() as u64 {
            for (entry, addr) in entries.iter_mut().zip(range.page_addrs()) {
                if self.zap_entry(Pte(*entry), addr, zap) {
                    *entry = Pte::NONE.0;
                }
            }
        }
        self.phys.words_mut(first.table)[run].copy_from_slice(&entries);
    }

    /// Books that an entry goes, if it does: then it is the caller's to clear.
    #[inline(always)]
    fn zap_entry(&mut self, pte: Pte, addr: VirtAddr, zap: &mut ZapTable) -> bool {
        if pte.is_none() || !self.takes(pte, zap.what) {
            return false;
        }
        self.trace.emit(|| Event::PteSet { mm: zap.mm, addr, old: pte.0, new: Pte::NONE.0 });
        if zap.remembered && pte.is_hardware_present() {
            self.cpu.flush_page(addr, &mut self.trace);
        }
        if let Some(kind) = self.put_mapped_frame(pte) {
            zap.gone[kind as usize] += 1;
        }
        true
    }

    /// Whether an entry goes.
    #[inline]
    fn takes(&self, pte: Pte, what: Zap) -> bool {
        match what {
            Zap::Everything => true,
            Zap::FilePages => pte.is_present() && !self.phys.frame(pte.pfn()).is_anon(),
            Zap::Pages | Zap::FileAndCopies => pte.is_present(),
        }
    }

    /// Books that a present entry is gone: dirtiness, the reference it held; the counter is the caller's: which one it is.
    #[inline]
    fn put_mapped_frame(&mut self, pte: Pte) -> Option<Rss> {
        if !pte.maps_counted_frame() {
            return None;
        }
        let pfn = pte.pfn();
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
        let kind = Rss::of(frame);
        if frame.refcount > 1 {
            frame.refcount -= 1;
        } else {
            self.phys.put(pfn, &mut self.trace);
        }
        kind
    }

    /// Books that an entry maps a frame. The caller's reference to the frame becomes the entry's.
    #[inline]
    pub(crate) fn remember_mapping(&mut self, mm: MmId, pte: Pte) {
        if let Some(kind) = self.map_frame(pte) {
            self.mms[mm].add_rss(kind, 1);
        }
    }

    /// The same where an entry had another frame: a counter that both belong to is left alone.
    #[inline]
    pub(crate) fn exchange_mapping(&mut self, mm: MmId, old: Pte, new: Pte) {
        let (gone, come) = (self.put_mapped_frame(old), self.map_frame(new));
        if gone != come {
            gone.into_iter().for_each(|kind| self.mms[mm].add_rss(kind, -1));
            come.into_iter().for_each(|kind| self.mms[mm].add_rss(kind, 1));
        }
    }

    /// The same but for the counter, which is the caller's: which one it is.
    #[inline]
    pub(crate) fn map_frame(&mut self, pte: Pte) -> Option<Rss> {
        if pte.has(Pte::SPECIAL) {
            return None;
        }
        let frame = self.phys.frame_mut(pte.pfn());
        frame.mapcount += 1;
        Rss::of(frame)
    }
}
