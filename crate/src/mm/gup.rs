//! Making pages present on behalf of a program (Linux `mm/gup.c`): MAP_POPULATE, mlock,
//! MADV_POPULATE, and the kernel's own copies.

use super::fault::{FaultContext, FaultOutcome};
use super::kernel::Kernel;
use crate::addr::{Pfn, VirtAddr, VirtRange, page_align};
use crate::errno::{Errno, SysError, SysResult};
use crate::flags::VmFlags;
use crate::ids::{MmId, VmOpsId, VmaId};
use crate::mmu::{Access, Pte};
use crate::phys::FrameFlags;
use crate::vma::Vma;
use crate::why::Why;
use bitflags::bitflags;

bitflags! {
    /// How the kernel follows a page for itself (`FOLL_*`).
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub(crate) struct Foll: u8 {
        /// It is going to hold the page for long.
        const PIN = 1;
        /// What the program itself may not do is allowed, as to a debugger.
        const FORCE = 2;
    }
}

/// How the kernel asks for a page: two fields of [`FaultContext`].
#[derive(Clone, Copy)]
struct Fetch {
    unshare: bool,
    tried: bool,
}

/// Whether an area lets the kernel at its pages (Linux `check_vma_flags`).
fn may_follow(vma: &Vma, access: Access, foll: Foll) -> bool {
    let flags = vma.flags;
    let forced = foll.contains(Foll::FORCE);
    let allowed = match access {
        Access::Write => flags.contains(VmFlags::WRITE) || forced && flags.is_cow(),
        _ => flags.contains(VmFlags::READ) || forced && flags.contains(VmFlags::MAYREAD),
    };
    // Secret memory is kept from the kernel itself.
    allowed && !vma.flags.intersects(VmFlags::IO | VmFlags::PFNMAP) && vma.ops != Some(VmOpsId::Secretmem)
}

impl Kernel {
    /// Makes a mapped range present (Linux `__mm_populate`). Areas locked on fault are left alone.
    ///
    /// # Errors
    /// ENOMEM where nothing is mapped or the area forbids any access, unless `ignore_errors`.
    pub(crate) fn mm_populate(&mut self, mm: MmId, range: VirtRange, ignore_errors: bool) -> SysResult<()> {
        self.call("__mm_populate", |k| {
            let mut at = range.start;
            while at < range.end {
                let Some(id) = k.mms[mm].vmas.first_overlap(VirtRange { start: at, end: range.end }) else { break };
                let area = k.mms[mm].vmas.get(id).range;
                let part = VirtRange { start: at.max(area.start), end: area.end.min(range.end) };
                let before = k.task().maj_flt;
                let result = k.populate_vma_page_range(mm, id, part, true);
                // It lets the areas go while it waits for a disk, and asks for the page anew: that second fault, a
                // minor one, is counted.
                let task = &mut k.tasks[k.current];
                task.min_flt += task.maj_flt - before;
                task.maj_flt = before;
                match result {
                    Err(_) if ignore_errors && k.fs.is_waiting() => {
                        // What comes before it is there.
                        let start = k.task().waited.unwrap_or(part.start).max(part.start);
                        k.leave_to_populate(mm, VirtRange { start, end: range.end });
                        break;
                    }
                    Err(_) if ignore_errors => {}
                    other => other?,
                }
                at = part.end;
            }
            Ok(())
        })
    }

    /// Makes a part of an area present (Linux `populate_vma_page_range`): with write faults if it is
    /// private and writable, so that copy-on-write is broken now, else with read faults. Who may let the areas go
    /// while a page is filled has `tried` (see [`FaultContext`]).
    ///
    /// # Errors
    /// ENOMEM if the area forbids access or its object has no such page, EAGAIN if RAM is exhausted.
    pub(crate) fn populate_vma_page_range(&mut self, mm: MmId, id: VmaId, part: VirtRange, tried: bool) -> SysResult<()> {
        let vma = self.mms[mm].vmas.get(id);
        let flags = vma.flags;
        // Bare frames have nothing to be populated with.
        if flags.intersects(VmFlags::LOCKONFAULT | VmFlags::IO | VmFlags::PFNMAP) {
            return Ok(());
        }
        let private_write = flags & (VmFlags::WRITE | VmFlags::SHARED) == VmFlags::WRITE;
        let access = if private_write { Access::Write } else { Access::Read };
        let may = vma.is_accessible() && vma.ops != Some(VmOpsId::Secretmem);
        // The caller's own key is asked; who copies from another process is not (`FOLL_REMOTE`).
        let allowed = may && !self.pkru_forbids(flags, private_write);
        self.require(allowed, Errno::ENOMEM, || Why::PopulateFailed { at: part.start })?;
        self.fault_in_range(mm, id, part, access, tried)
    }

    /// Faults every page of a part in that does not allow the access yet.
    ///
    /// # Errors
    /// ENOMEM at a page that cannot be had (SIGBUS, guard), EAGAIN if RAM is exhausted.
    pub(crate) fn fault_in_range(&mut self, mm: MmId, id: VmaId, part: VirtRange, access: Access, tried: bool) -> SysResult<()> {
        if !self.has_ram() {
            // Of what a fault leaves behind, only the family of private pages is seen without page tables.
            if access == Access::Write && self.mms[mm].vmas.get(id).flags.is_cow() {
                self.anon_vma_prepare(mm, id);
            }
            return Ok(());
        }
        for addr in part.page_addrs() {
            if self.is_ready(mm, addr, access) {
                if access == Access::Write {
                    self.touch_for_write(mm, addr);
                }
                continue;
            }
            self.fault_in_page(mm, id, addr, access, Fetch { unshare: false, tried })?;
        }
        Ok(())
    }

    /// Linux `faultin_page`.
    fn fault_in_page(&mut self, mm: MmId, id: VmaId, addr: VirtAddr, access: Access, fetch: Fetch) -> SysResult<()> {
        let Fetch { unshare, tried } = fetch;
        let pgoff = self.mms[mm].vmas.get(id).pgoff_of(addr);
        match self.handle_mm_fault(&FaultContext { mm, vma: id, addr, pgoff, access, unshare, tried }) {
            FaultOutcome::Done { .. } => Ok(()),
            FaultOutcome::OutOfMemory => self.refuse(Errno::EAGAIN, Why::OutOfFrames),
            FaultOutcome::Retry => self.refuse(Errno::ERESTARTSYS, Why::Waits),
            _ => self.refuse(Errno::ENOMEM, Why::PopulateFailed { at: addr }),
        }
    }

    /// The frame of a page for the kernel to read or write on behalf of whoever may (Linux
    /// `__get_user_pages`): brought in as by an access of the program. Stacks do not grow.
    ///
    /// # Errors
    /// EFAULT where nothing is mapped, the area forbids the access or its object has no such page; ENOMEM
    /// if RAM is exhausted.
    pub(crate) fn get_user_page(&mut self, mm: MmId, addr: VirtAddr, access: Access, foll: Foll) -> SysResult<Pfn> {
        let addr = addr.page_floor();
        let vmas = &self.mms[mm].vmas;
        let Some(id) = vmas.lookup(addr).filter(|id| may_follow(vmas.get(*id), access, foll)) else {
            return self.refuse(Errno::EFAULT, Why::BadUserAddress { at: addr });
        };
        let mut done = Ok(());
        if !self.can_follow(mm, id, addr, access) {
            done = self.fault_in_page(mm, id, addr, access, Fetch { unshare: false, tried: foll.contains(Foll::PIN) });
        }
        if done.is_ok() && foll.contains(Foll::PIN) && self.must_unshare(mm, addr) {
            done = self.fault_in_page(mm, id, addr, access, Fetch { unshare: true, tried: true });
        }
        match done {
            Ok(()) => Ok(self.frame_at(mm, addr).expect("it was brought in")),
            Err(error) if error.errno == Errno::EAGAIN => Err(SysError { errno: Errno::ENOMEM, ..error }),
            Err(error) => self.refuse(Errno::EFAULT, error.why),
        }
    }

    /// The frame of a page that the kernel is going to hold, where the program may make the access itself.
    ///
    /// # Errors
    /// EFAULT, ENOMEM as above.
    pub(crate) fn pin_user_page(&mut self, mm: MmId, addr: VirtAddr, access: Access) -> SysResult<Pfn> {
        self.get_user_page(mm, addr, access, Foll::PIN)
    }

    /// Whether the entry of a page serves an access as it is (Linux `follow_page_pte`). To write where the
    /// program itself may not, the page must be this process's own copy (`can_follow_write_pte`).
    fn can_follow(&self, mm: MmId, id: VmaId, addr: VirtAddr, access: Access) -> bool {
        let pte = self.mms[mm].tables.get(&self.phys, addr);
        if !pte.is_present() || access != Access::Write || pte.is_writable() {
            return pte.is_present();
        }
        let frame = self.phys.frame(pte.pfn());
        let own = !pte.has(Pte::SPECIAL) && frame.is_anon() && frame.flags.contains(FrameFlags::ANON_EXCLUSIVE);
        own && !self.mms[mm].vmas.get(id).flags.contains(VmFlags::WRITE)
    }

    /// Whether a page that is going to be held may yet be replaced by a copy under its holder (Linux
    /// `gup_must_unshare`): a private one that several processes share.
    fn must_unshare(&self, mm: MmId, addr: VirtAddr) -> bool {
        let pte = self.mms[mm].tables.get(&self.phys, addr);
        let frame = self.phys.frame(pte.pfn());
        !pte.has(Pte::SPECIAL) && frame.is_anon() && !frame.flags.contains(FrameFlags::ANON_EXCLUSIVE)
    }

    /// Whoever asks for a page to write it makes it count as dirty (Linux FOLL_TOUCH and FOLL_WRITE).
    fn touch_for_write(&mut self, mm: MmId, addr: VirtAddr) {
        let pte = self.mms[mm].tables.get(&self.phys, addr);
        if !pte.has(Pte::DIRTY) && !pte.has(Pte::SPECIAL) {
            self.fs.mark_dirty(pte.pfn(), &mut self.phys);
        }
    }

    /// Whether the entry of a page allows an access as it is (Linux `follow_page_pte`).
    fn is_ready(&self, mm: MmId, addr: VirtAddr, access: Access) -> bool {
        let pte = self.mms[mm].tables.get(&self.phys, addr);
        pte.is_hardware_present() && (access != Access::Write || pte.is_writable())
    }

    /// The whole pages of a range whose start must be aligned, as madvise and mseal take it.
    ///
    /// # Errors
    /// EINVAL for an unaligned start, or a range that wraps.
    pub(crate) fn aligned_user_range(&mut self, start: VirtAddr, len: u64) -> SysResult<VirtRange> {
        self.require(start.is_page_aligned(), Errno::EINVAL, || Why::AddrUnaligned { addr: start })?;
        let bytes = page_align(len);
        let fits = (len == 0 || bytes != 0) && start.0.checked_add(bytes).is_some();
        self.require(fits, Errno::EINVAL, || Why::Wraps { addr: start, len })?;
        Ok(VirtRange::from_len(start, bytes))
    }

    /// Whether a range of user addresses is all mapped; the first hole.
    pub(crate) fn first_hole(&self, mm: MmId, range: VirtRange) -> Option<VirtAddr> {
        let mut at = range.start;
        while at < range.end {
            let Some(id) = self.mms[mm].vmas.lookup(at) else { return Some(at) };
            at = self.mms[mm].vmas.get(id).range.end;
        }
        None
    }

    /// The frame of a present page, for views and the kernel's own reads.
    pub(crate) fn frame_at(&self, mm: MmId, addr: VirtAddr) -> Option<Pfn> {
        let pte = self.mms[mm].tables.get(&self.phys, addr);
        pte.is_present().then(|| pte.pfn())
    }
}
