//! `mlock(2)` and its family (Linux `mm/mlock.c`).

use super::kernel::Kernel;
use super::task::{Capabilities, Resource};
use crate::addr::{PAGE_SHIFT, VirtAddr, VirtRange, page_align};
use crate::errno::{Errno, SysError, SysResult};
use crate::flags::VmFlags;
use crate::ids::{MmId, VmOpsId, VmaId};
use crate::why::Why;

const LOCKED_MASK: VmFlags = VmFlags::LOCKED.union(VmFlags::LOCKONFAULT);
/// `MLOCK_ONFAULT` of `mlock2(2)`.
pub(crate) const MLOCK_ONFAULT: u64 = 1;
const MCL_CURRENT: u64 = 1;
const MCL_FUTURE: u64 = 2;
const MCL_ONFAULT: u64 = 4;

impl Kernel {
    /// `mlock2(2)`; `mlock(2)` with flags 0 (Linux `do_mlock`).
    ///
    /// # Errors
    /// EINVAL unknown flags or wrap, EPERM no right to lock, ENOMEM over the limit, a hole, or a page
    /// that cannot be had (what was locked stays locked), EAGAIN no memory.
    pub(crate) fn do_mlock(&mut self, mm: MmId, start: VirtAddr, len: u64, flags: u64) -> SysResult {
        self.call("do_mlock", |k| {
            let unknown = flags & !MLOCK_ONFAULT;
            k.require(unknown == 0, Errno::EINVAL, || Why::UnknownFlags { flags: unknown })?;
            let may = k.can_do_mlock();
            k.require(may, Errno::EPERM, || Why::MayNotLock)?;
            let len = page_align(len.wrapping_add(start.page_offset()));
            let start = start.page_floor();
            k.check_lock_limit(mm, start, len)?;
            let mut lock = VmFlags::LOCKED;
            if flags & MLOCK_ONFAULT != 0 {
                lock |= VmFlags::LOCKONFAULT;
            }
            k.apply_vma_lock_flags(mm, start, len, lock)?;
            k.mm_populate(mm, VirtRange::from_len(start, len), false)?;
            Ok(0)
        })
    }

    /// RLIMIT_MEMLOCK; pages of the range that are locked already do not count twice.
    fn check_lock_limit(&mut self, mm: MmId, start: VirtAddr, len: u64) -> SysResult<()> {
        let limit = self.task().limit(Resource::Memlock) >> PAGE_SHIFT;
        if self.task().capable(Capabilities::IPC_LOCK) {
            return Ok(());
        }
        let mut locked = (len >> PAGE_SHIFT) + self.mms[mm].locked_vm;
        if locked > limit {
            // A range that wraps counts up to the end of all addresses (`count_mm_mlocked_page_nr`).
            let end = VirtAddr(start.0.saturating_add(len));
            locked -= self.locked_pages_in(mm, VirtRange { start, end });
        }
        self.require(locked <= limit, Errno::ENOMEM, || Why::MemlockLimit { locked, limit })
    }

    fn locked_pages_in(&self, mm: MmId, range: VirtRange) -> u64 {
        let vmas = &self.mms[mm].vmas;
        let locked = vmas.overlapping(range).map(|id| vmas.get(id)).filter(|vma| vma.flags.contains(VmFlags::LOCKED));
        locked.map(|vma| vma.range.intersect(&range).pages()).sum()
    }

    /// `munlock(2)`.
    ///
    /// # Errors
    /// EINVAL wrap, ENOMEM a hole.
    pub(crate) fn do_munlock(&mut self, mm: MmId, start: VirtAddr, len: u64) -> SysResult {
        self.call("__do_sys_munlock", |k| {
            let len = page_align(len.wrapping_add(start.page_offset()));
            k.apply_vma_lock_flags(mm, start.page_floor(), len, VmFlags::empty())?;
            Ok(0)
        })
    }

    fn apply_vma_lock_flags(&mut self, mm: MmId, start: VirtAddr, len: u64, lock: VmFlags) -> SysResult<()> {
        let end = start + len;
        self.require(end >= start, Errno::EINVAL, || Why::Wraps { addr: start, len })?;
        let mut at = start;
        while at < end {
            let Some(id) = self.mms[mm].vmas.lookup(at) else { return self.refuse(Errno::ENOMEM, Why::Hole { at }) };
            let vma = self.mms[mm].vmas.get(id);
            let part = VirtRange { start: at, end: vma.range.end.min(end) };
            let flags = (vma.flags - LOCKED_MASK) | lock;
            self.mlock_fixup(mm, id, part, flags)?;
            at = part.end;
        }
        Ok(())
    }

    fn mlock_fixup(&mut self, mm: MmId, id: VmaId, part: VirtRange, new: VmFlags) -> SysResult<()> {
        let vma = self.mms[mm].vmas.get(id);
        let (old, secret) = (vma.flags, vma.ops == Some(VmOpsId::Secretmem));
        let exempt = VmFlags::SPECIAL | VmFlags::HUGETLB | VmFlags::DROPPABLE;
        // Secret memory stays locked, whatever anybody says.
        if new == old || old.intersects(exempt) || secret {
            return Ok(());
        }
        self.call("mlock_fixup", |k| k.vma_modify_flags(mm, id, part, new))?;
        let space = &mut self.mms[mm];
        match (old.contains(VmFlags::LOCKED), new.contains(VmFlags::LOCKED)) {
            (false, true) => space.locked_vm += part.pages(),
            (true, false) => space.locked_vm -= part.pages(),
            _ => {}
        }
        Ok(())
    }

    /// `mlockall(2)`.
    ///
    /// # Errors
    /// EINVAL bad flags, EPERM no right to lock, ENOMEM over the limit. What single areas say is ignored.
    pub(crate) fn do_mlockall(&mut self, mm: MmId, flags: u64) -> SysResult {
        self.call("__do_sys_mlockall", |k| {
            let known = MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT;
            let good = flags != 0 && flags & !known == 0 && flags != MCL_ONFAULT;
            k.require(good, Errno::EINVAL, || Why::UnknownFlags { flags })?;
            let may = k.can_do_mlock();
            k.require(may, Errno::EPERM, || Why::MayNotLock)?;
            let limit = k.task().limit(Resource::Memlock) >> PAGE_SHIFT;
            let locked = k.mms[mm].total_vm;
            let fits = flags & MCL_CURRENT == 0 || locked <= limit || k.task().capable(Capabilities::IPC_LOCK);
            k.require(fits, Errno::ENOMEM, || Why::MemlockLimit { locked, limit })?;
            k.apply_mlockall_flags(mm, flags);
            if flags & MCL_CURRENT != 0 {
                let _ = k.mm_populate(mm, VirtRange::new(0, k.task_size()), true);
            }
            Ok(0)
        })
    }

    /// `munlockall(2)`.
    ///
    /// # Errors
    /// None.
    pub(crate) fn do_munlockall(&mut self, mm: MmId) -> SysResult {
        self.call("__do_sys_munlockall", |k| {
            k.apply_mlockall_flags(mm, 0);
            Ok(0)
        })
    }

    fn apply_mlockall_flags(&mut self, mm: MmId, flags: u64) {
        let mut lock = VmFlags::LOCKED;
        if flags & MCL_ONFAULT != 0 {
            lock |= VmFlags::LOCKONFAULT;
        }
        let defaults = &mut self.mms[mm].def_flags;
        *defaults -= LOCKED_MASK;
        if flags & MCL_FUTURE != 0 {
            *defaults |= lock;
            if flags & MCL_CURRENT == 0 {
                return;
            }
        }
        let lock = if flags & MCL_CURRENT != 0 { lock } else { VmFlags::empty() };
        let mut at = VirtAddr(0);
        while let Some(id) = self.mms[mm].vmas.find(at) {
            let vma = self.mms[mm].vmas.get(id);
            let (range, flags) = (vma.range, (vma.flags - LOCKED_MASK) | lock);
            let _: Result<(), SysError> = self.mlock_fixup(mm, id, range, flags);
            at = range.end;
        }
    }
}
