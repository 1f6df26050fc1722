//! Copying an address space (Linux `mm/mmap.c:dup_mmap`, `mm/memory.c:copy_page_range`).

use super::kernel::Kernel;
use super::mm_struct::Mm;
use crate::addr::{VirtAddr, VirtRange};
use crate::errno::{Errno, SysResult};
use crate::flags::VmFlags;
use crate::ids::{MmId, VmaId};
use crate::mmu::{Pte, Slot, Tables};
use crate::phys::FrameFlags;
use crate::vma::Vma;
use crate::why::Why;

impl Kernel {
    /// A copy of an address space whose private pages are shared until somebody writes.
    ///
    /// # Errors
    /// ENOMEM when the child's memory cannot be promised, or when RAM for its tables is exhausted.
    pub fn dup_mm(&mut self, parent: MmId) -> SysResult<MmId> {
        self.call("dup_mm", |k| {
            let Some(tables) = Tables::with_top(&mut k.phys, k.cpu.levels, &mut k.trace) else {
                return k.refuse(Errno::ENOMEM, Why::OutOfFrames);
            };
            let from = &k.mms[parent];
            let child = Mm {
                start_brk: from.start_brk,
                brk: from.brk,
                start_stack: from.start_stack,
                data: from.data,
                code: from.code,
                def_flags: from.def_flags & VmFlags::NOHUGEPAGE,
                pkeys: from.pkeys,
                execute_only_pkey: from.execute_only_pkey,
                ..Mm::inheriting(tables, from.layout, from)
            };
            let child = k.mms.insert(child);
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
            self.call("copy_page_range", |k| k.copy_page_range(parent, child, &original))?;
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
            let (from, to) = (self.mms[parent].tables.find(&self.phys, at), self.mms[child].tables.find(&self.phys, at));
            if let (Some(from), Some(to)) = (from, to) {
                self.copy_table(parent, child, VirtRange { start: at, end }, (from, to), vma.flags);
            }
            at = end;
        }
        Ok(())
    }

    fn copy_table(&mut self, parent: MmId, child: MmId, range: VirtRange, (from, to): (Slot, Slot), flags: VmFlags) {
        for (i, addr) in range.page_addrs().enumerate() {
            let from = from.further(i);
            let pte = from.read(&self.phys);
            if !pte.is_none() {
                let to = to.further(i);
                self.copy_entry((parent, from), (child, to), addr, pte, flags);
            }
        }
    }

    /// Copies an entry; a private page becomes read-only in both and belongs to nobody alone
    /// (Linux `copy_present_ptes`). The TLB is flushed once, at the end.
    fn copy_entry(&mut self, parent: (MmId, Slot), child: (MmId, Slot), addr: VirtAddr, pte: Pte, flags: VmFlags) {
        let mut shared = pte;
        if pte.is_present() && flags.is_cow() {
            shared = pte.without(Pte::WRITE);
            if shared != pte {
                self.set_pte_quietly(parent.0, addr, parent.1, shared);
            }
        }
        // A shared mapping's child starts clean.
        let mut copy = if flags.contains(VmFlags::SHARED) { shared.without(Pte::DIRTY) } else { shared };
        if pte.is_present() {
            copy = copy.without(Pte::ACCESSED);
            if !pte.has(Pte::SPECIAL) {
                let frame = self.phys.frame_mut(pte.pfn());
                frame.flags -= FrameFlags::ANON_EXCLUSIVE;
                frame.refcount += 1;
                self.remember_mapping(child.0, copy);
            }
        }
        self.set_pte_quietly(child.0, addr, child.1, copy);
    }
}
