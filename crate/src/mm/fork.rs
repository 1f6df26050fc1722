//! Copying an address space (Linux `mm/mmap.c:dup_mmap`, `mm/memory.c:copy_page_range`).

use super::kernel::Kernel;
use super::mm_struct::{Mm, Rss};
use super::zap::TableRun;
use crate::addr::VirtRange;
use crate::errno::{Errno, SysResult};
use crate::event::{Event, Note};
use crate::flags::VmFlags;
use crate::ids::{MmId, VmaId};
use crate::mmu::{Pte, Slot, Tables};
use crate::phys::{Frame, FrameFlags};
use crate::vma::Vma;
use crate::why::Why;

/// The short way for private pages that nobody watches: entries of the parent and of the child, read-only in both. How
/// many there were; the child has no entry yet for the others.
fn share_private(frames: &mut [Frame], old: &mut [u64], new: &mut [u64]) -> u64 {
    let mut shared = 0;
    for (entry, copy) in old.iter_mut().zip(new) {
        let pte = Pte(*entry);
        if pte.maps_counted_frame() && frames[pte.pfn().index()].share_anon() {
            *entry = pte.without(Pte::WRITE).0;
            *copy = pte.without(Pte::WRITE | Pte::ACCESSED).0;
            shared += 1;
        }
    }
    shared
}

impl Kernel {
    /// A copy of an address space whose private pages are shared until somebody writes.
    ///
    /// # Errors
    /// ENOMEM when the child's memory cannot be promised, or when RAM for its tables is exhausted.
    pub(crate) fn dup_mm(&mut self, parent: MmId) -> SysResult<MmId> {
        self.call("dup_mm", |k| {
            let Some(tables) = k.new_tables() else {
                return k.refuse(Errno::ENOMEM, Why::OutOfFrames);
            };
            let from = &k.mms[parent];
            let child = Mm {
                start_brk: from.start_brk,
                brk: from.brk,
                start_stack: from.start_stack,
                data: from.data,
                code: from.code,
                told: from.told,
                def_flags: from.def_flags & VmFlags::NOHUGEPAGE,
                pkeys: from.pkeys,
                execute_only_pkey: from.execute_only_pkey,
                ..Mm::inheriting(tables, from.layout, from)
            };
            let child = k.add_mm(child);
            match k.call("dup_mmap", |k| k.dup_mmap(parent, child)) {
                Ok(()) => Ok(child),
                Err(error) => {
                    k.exit_mmap(child);
                    Err(error)
                }
            }
        })
    }

    fn dup_mmap(&mut self, parent: MmId, child: MmId) -> SysResult<()> {
        let ids: Vec<_> = self.mms[parent].vmas.iter().map(|(id, _)| id).collect();
        for id in ids {
            let vma = self.mms[parent].vmas.get(id);
            if vma.flags.contains(VmFlags::DONTCOPY) {
                continue;
            }
            if vma.flags.contains(VmFlags::ACCOUNT) {
                let pages = vma.pages();
                self.vm_enough_memory(child, pages)?;
            }
            self.dup_vma(parent, child, id)?;
        }
        // The parent's writable translations are stale.
        if self.cpu.cr3() == Some(self.mms[parent].tables.root) {
            self.cpu.flush_all(&mut self.trace);
        }
        Ok(())
    }

    fn dup_vma(&mut self, parent: MmId, child: MmId, id: VmaId) -> SysResult<()> {
        let original = self.mms[parent].vmas.get(id).clone();
        let wiped = original.flags.contains(VmFlags::WIPEONFORK);
        let copy =
            Vma { flags: original.flags - (VmFlags::LOCKED | VmFlags::LOCKONFAULT), anon_vma: None, long_chain: None, ..original.clone() };
        if let Some(file) = copy.file {
            self.fs.get_file(file);
        }
        let (flags, pages) = (copy.flags, copy.pages());
        let new = self.link_vma(child, copy);
        self.mms[child].account_vm(flags, pages, true);
        if wiped {
            return Ok(());
        }
        self.anon_vma_fork(child, new, &original);
        // Pages that a fault can bring back are left to faults: only areas with private pages of
        // their own, with bare frames or with guard regions, are copied (Linux `VM_COPY_ON_FORK`).
        let special = VmFlags::PFNMAP | VmFlags::MIXEDMAP | VmFlags::MAYBE_GUARD;
        if original.anon_vma.is_some() || original.flags.intersects(special) {
            self.call_with("copy_page_range", Note::Range { what: "of", range: original.range }, |k| {
                k.copy_page_range(parent, child, &original)
            })?;
        }
        Ok(())
    }

    fn copy_page_range(&mut self, parent: MmId, child: MmId, vma: &Vma) -> SysResult<()> {
        let mut at = vma.range.start;
        // A table is made for every table of the parent, even if the range has no entry in it.
        while at < vma.range.end {
            let depth = self.mms[parent].tables.depth(&self.phys, at);
            let end = Tables::behind(at, depth).min(vma.range.end);
            if depth <= 3 {
                let made = self.mms[child].tables.make_down_to(&mut self.phys, at, depth, &mut self.trace);
                self.require(made, Errno::ENOMEM, || Why::OutOfFrames)?;
            }
            if depth == 1
                && let Some(from) = self.mms[parent].tables.find(&self.phys, at)
                && let Some(to) = self.mms[child].tables.find(&self.phys, at)
            {
                self.copy_table(parent, child, VirtRange { start: at, end }, (from, to), vma.flags);
            }
            at = end;
        }
        Ok(())
    }

    fn copy_table(&mut self, parent: MmId, child: MmId, range: VirtRange, (from, to): (Slot, Slot), flags: VmFlags) {
        let run = from.run(range.pages() as usize);
        // The tables are read once and written once.
        let mut old = TableRun::from_slice(&self.phys.words(from.table)[run.clone()]);
        let mut new = TableRun::from_elem(Pte::NONE.0, run.len());
        let mut mapped = [0; 3];
        let unseen = flags.is_cow() && !self.trace.is_on();
        let shared = if unseen { share_private(self.phys.frames_mut(), &mut old, &mut new) } else { 0 };
        mapped[Rss::Anon as usize] += shared;
        // Mostly that was all.
        if shared < run.len() as u64 {
            for ((entry, copy), addr) in old.iter_mut().zip(&mut new).zip(range.page_addrs()) {
                let pte = Pte(*entry);
                if pte.is_none() || *copy != Pte::NONE.0 {
                    continue;
                }
                // A private page becomes read-only in both. The TLB is flushed once, at the end.
                let kept = if pte.is_present() && flags.is_cow() { pte.without(Pte::WRITE) } else { pte };
                if kept != pte {
                    *entry = kept.0;
                    self.trace.emit(|| Event::PteSet { mm: parent, addr, old: pte.0, new: kept.0 });
                }
                *copy = self.entry_of_child(kept, flags, &mut mapped).0;
                self.trace.emit(|| Event::PteSet { mm: child, addr, old: Pte::NONE.0, new: *copy });
            }
        }
        self.phys.words_mut(from.table)[run.clone()].copy_from_slice(&old);
        self.phys.words_mut(to.table)[run].copy_from_slice(&new);
        self.mms[child].add_all_rss(mapped, 1);
    }

    /// A child's copy of an entry, its frame booked: a private one belongs to nobody alone any more
    /// (Linux `copy_present_ptes`).
    #[inline]
    fn entry_of_child(&mut self, shared: Pte, flags: VmFlags, mapped: &mut [u64; 3]) -> Pte {
        // A shared mapping's child starts clean.
        let copy = if flags.contains(VmFlags::SHARED) { shared.without(Pte::DIRTY) } else { shared };
        if !copy.is_present() {
            return copy;
        }
        if !copy.has(Pte::SPECIAL) {
            let frame = self.phys.frame_mut(copy.pfn());
            frame.flags -= FrameFlags::ANON_EXCLUSIVE;
            frame.refcount += 1;
            frame.mapcount += 1;
            if let Some(kind) = Rss::of(frame) {
                mapped[kind as usize] += 1;
            }
        }
        copy.without(Pte::ACCESSED)
    }
}
