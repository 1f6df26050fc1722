//! `brk(2)` (Linux `mm/mmap.c`): never an errno, the old break is the refusal.

use super::get_unmapped_area::Wanted;
use super::kernel::Kernel;
use super::task::{Personality, Resource};
use crate::addr::{PAGE_SIZE, STACK_GUARD_GAP, VirtAddr, VirtRange, page_align};
use crate::errno::{Errno, SysResult};
use crate::flags::{MapFlags, VmFlags};
use crate::ids::MmId;
use crate::vma::{MergeProposal, Vma};
use crate::why::Why;

impl Kernel {
    /// Moves the break; the break afterwards.
    pub(crate) fn do_brk(&mut self, mm: MmId, wanted: VirtAddr) -> u64 {
        self.call("__do_sys_brk", |k| {
            match k.move_brk(mm, wanted) {
                Ok(()) => {
                    k.mms[mm].brk = wanted;
                    wanted.0
                }
                // The trace has the reason.
                Err(_) => k.mms[mm].brk.0,
            }
        })
    }

    pub(crate) fn move_brk(&mut self, mm: MmId, wanted: VirtAddr) -> SysResult<()> {
        let space = &self.mms[mm];
        let (start, old_brk, data) = (space.start_brk, space.brk, space.data);
        self.require(wanted >= start, Errno::EINVAL, || Why::BadArgument { index: 0, value: wanted.0 })?;
        let limit = self.task().limit(Resource::Data);
        let used = (wanted - start).saturating_add(data.1 - data.0);
        self.require(limit == u64::MAX || used <= limit, Errno::ENOMEM, || Why::DataLimit { data: used >> 12, limit: limit >> 12 })?;
        let new = VirtAddr(page_align(wanted.0));
        let old = VirtAddr(page_align(old_brk.0));
        if new == old {
            return Ok(());
        }
        if wanted <= old_brk {
            return self.shrink_brk(mm, VirtRange { start: new, end: old });
        }
        self.grow_brk(mm, VirtRange { start: old, end: new })?;
        if self.mms[mm].def_flags.contains(VmFlags::LOCKED) {
            let _ = self.mm_populate(mm, VirtRange { start: old, end: new }, true);
        }
        Ok(())
    }

    fn shrink_brk(&mut self, mm: MmId, range: VirtRange) -> SysResult<()> {
        let mapped = self.mms[mm].vmas.first_overlap(range).is_some();
        self.require(mapped, Errno::ENOMEM, || Why::Hole { at: range.start })?;
        self.unmap_range(mm, range)
    }

    fn grow_brk(&mut self, mm: MmId, range: VirtRange) -> SysResult<()> {
        self.check_brk_limits(mm, range)?;
        // One page more than the guard gap stays free below a stack, one page below anything else.
        let wide = VirtRange { start: range.start, end: range.end + PAGE_SIZE + STACK_GUARD_GAP };
        let next = self.mms[mm].vmas.first_overlap(wide).map(|id| self.mms[mm].vmas.get(id));
        let blocked = next.filter(|next| range.end + PAGE_SIZE > next.start_with_gap()).map(|next| next.range.start);
        if let Some(at) = blocked {
            return self.refuse(Errno::ENOMEM, Why::Occupied { at });
        }
        self.do_brk_flags(mm, range)
    }

    fn check_brk_limits(&mut self, mm: MmId, range: VirtRange) -> SysResult<()> {
        let (addr, len) = (range.start, range.len());
        let fixed = Wanted { addr, len, flags: MapFlags::FIXED, offset: 0 };
        let fits = self.search(mm, fixed).is_some() && len <= self.task_size() && addr.0 <= self.task_size() - len;
        self.require(fits, Errno::ENOMEM, || Why::BeyondTaskSize { addr, len })?;
        let flags = self.mms[mm].def_flags;
        match self.mlock_future_ok(mm, flags, len) {
            Ok(()) => Ok(()),
            Err(why) => self.refuse(Errno::EAGAIN, why),
        }
    }

    /// Extends the heap's last area, or starts a new one (Linux `do_brk_flags`).
    fn do_brk_flags(&mut self, mm: MmId, range: VirtRange) -> SysResult<()> {
        self.call("do_brk_flags", |k| {
            let pages = range.pages();
            let mut flags = VmFlags::READ | VmFlags::WRITE | VmFlags::MAYREAD | VmFlags::MAYWRITE | VmFlags::MAYEXEC;
            flags |= VmFlags::ACCOUNT | k.mms[mm].def_flags;
            if k.task().personality.contains(Personality::READ_IMPLIES_EXEC) {
                flags |= VmFlags::EXEC;
            }
            if let Err(why) = k.may_expand_vm(mm, flags, pages) {
                return k.refuse(Errno::ENOMEM, why);
            }
            let (count, limit) = (k.mms[mm].vmas.len() as u64, k.sysctl.max_map_count);
            k.require(count <= limit, Errno::ENOMEM, || Why::MapCount { count, limit })?;
            k.vm_enough_memory(mm, pages)?;
            k.place_heap(mm, range, flags);
            let space = &mut k.mms[mm];
            space.account_vm(flags, pages, true);
            if flags.contains(VmFlags::LOCKED) {
                space.locked_vm += pages;
            }
            Ok(())
        })
    }

    fn place_heap(&mut self, mm: MmId, range: VirtRange, flags: VmFlags) {
        let space = &self.mms[mm];
        // Only an area at or above start_brk is extended: the program's bss stays apart.
        let left = space.vmas.prev(range.start).map(|id| space.vmas.get(id).range);
        let above = left.is_some_and(|left| left.start >= space.start_brk && left.end == range.start);
        let pgoff = range.start.page_number();
        let proposal = MergeProposal { left_only: true, ..MergeProposal::untouched(range, flags, pgoff, None) };
        if above && self.vma_merge_new_range(mm, proposal).is_some() {
            return;
        }
        self.link_vma(mm, Vma::new(range, flags, pgoff));
    }
}
