//! `munmap(2)` and the removal of areas that a fixed mapping replaces (Linux `mm/vma.c`:
//! `do_vmi_munmap`, `vms_gather_munmap_vmas`, `vms_complete_munmap_vmas`).

use super::kernel::Kernel;
use super::zap::Zap;
use crate::addr::{USER_END, VirtAddr, VirtRange, page_align};
use crate::errno::{Errno, SysResult};
use crate::event::{Event, Note};
use crate::flags::VmFlags;
use crate::ids::{MmId, VmaId};
use crate::why::Why;
use smallvec::SmallVec;

/// Areas about to go, in order, exactly covering a part of the range.
pub(crate) type Doomed = SmallVec<[VmaId; 4]>;

/// What areas about to go stand for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) pages: u64,
    /// Pages promised (VM_ACCOUNT).
    pub(crate) accounted: u64,
}

impl Tally {
    /// Promised pages that the new mapping has not taken over and that must be given back.
    pub(crate) fn accounted_kept(self, new_flags: VmFlags) -> u64 {
        if new_flags.contains(VmFlags::ACCOUNT) { 0 } else { self.accounted }
    }
}

impl Kernel {
    /// `munmap(2)` (Linux `do_vmi_munmap`).
    ///
    /// # Errors
    /// EINVAL for an unaligned or too long range or an area that may not be split, ENOMEM when the
    /// split would exceed `max_map_count`, EPERM for a sealed area. A split already made stays.
    pub(crate) fn do_munmap(&mut self, mm: MmId, start: VirtAddr, len: u64) -> SysResult {
        self.call("do_vmi_munmap", |k| {
            k.require(start.is_page_aligned(), Errno::EINVAL, || Why::AddrUnaligned { addr: start })?;
            let inside = start.0 <= k.task_size() && len <= k.task_size() - start.0;
            k.require(inside, Errno::EINVAL, || Why::BeyondTaskSize { addr: start, len })?;
            let len = page_align(len);
            k.require(len != 0, Errno::EINVAL, || Why::ZeroLength)?;
            k.unmap_range(mm, VirtRange::from_len(start, len))?;
            Ok(0)
        })
    }

    /// Unmaps an aligned range, whatever is there (Linux `do_vmi_align_munmap`).
    pub(crate) fn unmap_range(&mut self, mm: MmId, range: VirtRange) -> SysResult<()> {
        let doomed = self.vms_gather_munmap_vmas(mm, range)?;
        let accounted = self.tally(mm, &doomed).accounted;
        self.vms_complete_munmap_vmas(mm, &doomed, range, accounted);
        Ok(())
    }

    /// Splits at both ends so that whole areas cover the range, and collects them. Nothing else is
    /// changed; if it fails, a split already made stays, as in Linux.
    pub(crate) fn vms_gather_munmap_vmas(&mut self, mm: MmId, range: VirtRange) -> SysResult<Doomed> {
        let mut doomed = Doomed::new();
        let Some(first) = self.mms[mm].vmas.first_overlap(range) else { return Ok(doomed) };
        self.call_with("vms_gather_munmap_vmas", Note::Range { what: "unmap", range }, |k| {
            let vma = k.mms[mm].vmas.get(first).range;
            let mut next = Some(first);
            if vma.start < range.start {
                let (count, limit) = (k.mms[mm].vmas.len() as u64, k.sysctl.max_map_count);
                let room = range.end >= vma.end || count < limit;
                k.require(room, Errno::ENOMEM, || Why::MapCount { count, limit })?;
                k.require_unsealed(mm, first)?;
                k.split_vma_uncounted(mm, first, range.start, true)?;
                next = k.mms[mm].vmas.first_overlap(range);
            }
            while let Some(id) = next {
                k.require_unsealed(mm, id)?;
                if k.mms[mm].vmas.get(id).range.end > range.end {
                    k.split_vma_uncounted(mm, id, range.end, false)?;
                }
                doomed.push(id);
                let vmas = &k.mms[mm].vmas;
                next = vmas.neighbours(id).1.filter(|next| vmas.get(*next).range.start < range.end);
            }
            Ok(doomed)
        })
    }

    /// Refuses to touch a sealed area (Linux `can_modify_vma`).
    #[inline]
    pub(crate) fn require_unsealed(&mut self, mm: MmId, id: VmaId) -> SysResult<()> {
        let vma = self.mms[mm].vmas.get(id);
        let (at, sealed) = (vma.range.start, vma.flags.contains(VmFlags::SEALED));
        self.require(!sealed, Errno::EPERM, || Why::SealedVma { at })
    }

    /// Counts the pages of areas about to go.
    pub(crate) fn tally(&self, mm: MmId, doomed: &[VmaId]) -> Tally {
        let mut tally = Tally::default();
        for id in doomed {
            let vma = self.mms[mm].vmas.get(*id);
            tally.pages += vma.pages();
            if vma.flags.contains(VmFlags::ACCOUNT) {
                tally.accounted += vma.pages();
            }
        }
        tally
    }

    /// Empties and removes areas, frees tables nobody can use, gives promised memory back.
    pub(crate) fn vms_complete_munmap_vmas(&mut self, mm: MmId, doomed: &[VmaId], range: VirtRange, accounted: u64) {
        let (Some(first), Some(last)) = (doomed.first(), doomed.last()) else { return };
        self.call("vms_complete_munmap_vmas", |k| {
            let vmas = &k.mms[mm].vmas;
            let covered = VirtRange { start: vmas.get(*first).range.start, end: vmas.get(*last).range.end };
            debug_assert!(range.start <= covered.start && covered.end <= range.end);
            let (prev, next) = (vmas.neighbours(*first).0, vmas.neighbours(*last).1);
            let floor = prev.map_or(VirtAddr(0), |id| vmas.get(id).range.end);
            let ceiling = next.map_or(USER_END, |id| vmas.get(id).range.start);
            k.zap_page_range(mm, covered, Zap::Everything);
            k.remove_vmas(mm, doomed);
            k.free_pgtables(mm, covered, floor, ceiling);
            k.vm_unacct_memory(accounted);
        });
    }

    /// Removes emptied areas and their share of the counters.
    fn remove_vmas(&mut self, mm: MmId, doomed: &[VmaId]) {
        let [single] = doomed else { return self.remove_many_vmas(mm, doomed) };
        let (flags, pages) = self.unlink_vma(mm, *single);
        self.uncount_vma(mm, flags, pages);
    }

    #[inline]
    fn uncount_vma(&mut self, mm: MmId, flags: VmFlags, pages: u64) {
        let space = &mut self.mms[mm];
        space.account_vm(flags, pages, false);
        if flags.contains(VmFlags::LOCKED) {
            space.locked_vm -= pages;
        }
    }

    fn remove_many_vmas(&mut self, mm: MmId, doomed: &[VmaId]) {
        let gone = self.mms[mm].vmas.remove_run(doomed);
        for (id, vma) in doomed.iter().zip(&gone) {
            self.trace.emit(|| Event::VmaRemoved { mm, range: vma.range, flags: vma.flags, joined: false });
            self.forget_vma(mm, *id, vma);
            self.uncount_vma(mm, vma.flags, vma.pages());
        }
    }

    /// Frees page tables between the areas that stay on both sides of a range that holds none any more.
    pub(crate) fn free_pgtables(&mut self, mm: MmId, range: VirtRange, floor: VirtAddr, ceiling: VirtAddr) {
        let space = &mut self.mms[mm];
        if space.tables.count == 0 {
            return;
        }
        let before = space.tables.count;
        space.tables.free_unused(&mut self.phys, range, floor, ceiling, &mut self.trace);
        // The CPU may remember upper levels: a freed table means a full flush.
        if space.tables.count != before && self.cpu.cr3() == Some(space.tables.root) {
            self.cpu.flush_all(&mut self.trace);
        }
    }
}
