//! `madvise(2)` (Linux `mm/madvise.c`). Flag advice splits and merges areas; the rest acts on pages.

use super::kernel::Kernel;
use super::truncate::FallocateMode;
use super::zap::Zap;
use crate::addr::{PAGE_SIZE, PMD_SIZE, VirtAddr, VirtRange};
use crate::errno::{Errno, SysError, SysResult};
use crate::flags::VmFlags;
use crate::fs::Purpose;
use crate::ids::{AnonNameId, MmId, VmOpsId, VmaId};
use crate::mmu::{Access, Marker, Pte};
use crate::phys::FrameFlags;
use crate::vma::Vma;
use crate::why::Why;

macro_rules! advices {
    ($($name:ident = $number:literal,)*) => {
        /// `MADV_*`, the values this kernel knows.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[allow(missing_docs, clippy::upper_case_acronyms, non_camel_case_types)]
        pub enum Advice { $($name = $number),* }

        impl Advice {
            /// Every value with its name.
            pub const ALL: &[(Advice, &'static str)] = &[$((Advice::$name, concat!("MADV_", stringify!($name)))),*];

            /// The advice of a number.
            pub fn from_number(number: i64) -> Option<Self> {
                match number { $($number => Some(Self::$name),)* _ => None }
            }
        }
    };
}

advices! {
    NORMAL = 0, RANDOM = 1, SEQUENTIAL = 2, WILLNEED = 3, DONTNEED = 4, FREE = 8, REMOVE = 9,
    DONTFORK = 10, DOFORK = 11, MERGEABLE = 12, UNMERGEABLE = 13, HUGEPAGE = 14, NOHUGEPAGE = 15,
    DONTDUMP = 16, DODUMP = 17, WIPEONFORK = 18, KEEPONFORK = 19, COLD = 20, PAGEOUT = 21,
    POPULATE_READ = 22, POPULATE_WRITE = 23, DONTNEED_LOCKED = 24, COLLAPSE = 25,
    GUARD_INSTALL = 102, GUARD_REMOVE = 103,
}

impl Advice {
    /// Advice that a process may give another (Linux `process_madvise_remote_valid`).
    pub fn is_for_other_processes(self) -> bool {
        use Advice::*;
        matches!(self, COLD | PAGEOUT | WILLNEED | COLLAPSE)
    }

    /// Changes areas, and not only pages or contents of files.
    pub(crate) fn is_for_areas(self) -> bool {
        use Advice::*;
        let of_pages = matches!(self, WILLNEED | DONTNEED | FREE | REMOVE | COLD | PAGEOUT | DONTNEED_LOCKED | COLLAPSE);
        // Pages that are written, or marked, bring their area a family.
        !of_pages && !matches!(self, POPULATE_READ | GUARD_REMOVE)
    }

    /// Throws contents away (Linux `is_discard`).
    pub(crate) fn discards(self) -> bool {
        use Advice::*;
        matches!(self, FREE | DONTNEED | DONTNEED_LOCKED | REMOVE | DONTFORK | WIPEONFORK | GUARD_INSTALL)
    }
}

/// What an advice that lives in the flags of an area makes of them, and whether it fits the area at all (Linux
/// `madvise_vma_behavior`).
pub(crate) fn advised_flags(vma: &Vma, advice: Advice) -> (bool, VmFlags) {
    use Advice::*;
    let old = vma.flags;
    let private_anonymous = vma.file.is_none() && !old.contains(VmFlags::SHARED);
    let mergeable = !old.intersects(VmFlags::SHARED | VmFlags::MAYSHARE | VmFlags::SPECIAL | VmFlags::HUGETLB | VmFlags::DROPPABLE);
    let droppable = old.contains(VmFlags::DROPPABLE);
    match advice {
        NORMAL => (true, old - VmFlags::RAND_READ - VmFlags::SEQ_READ),
        RANDOM => (true, (old - VmFlags::SEQ_READ) | VmFlags::RAND_READ),
        SEQUENTIAL => (true, (old - VmFlags::RAND_READ) | VmFlags::SEQ_READ),
        DONTFORK => (true, old | VmFlags::DONTCOPY),
        DOFORK => (!old.contains(VmFlags::IO), old - VmFlags::DONTCOPY),
        WIPEONFORK => (private_anonymous, old | VmFlags::WIPEONFORK),
        KEEPONFORK => (!droppable, old - VmFlags::WIPEONFORK),
        DONTDUMP => (true, old | VmFlags::DONTDUMP),
        DODUMP => (!old.intersects(VmFlags::SPECIAL) && !droppable, old - VmFlags::DONTDUMP),
        MERGEABLE => (true, if mergeable { old | VmFlags::MERGEABLE } else { old }),
        UNMERGEABLE => (true, old - VmFlags::MERGEABLE),
        HUGEPAGE => (true, (old - VmFlags::NOHUGEPAGE) | VmFlags::HUGEPAGE),
        _ => (true, (old - VmFlags::HUGEPAGE) | VmFlags::NOHUGEPAGE),
    }
}

impl Kernel {
    /// Applies an advice to a range (Linux `do_madvise`).
    ///
    /// # Errors
    /// EINVAL for a bad range or an advice that does not fit an area, ENOMEM for a hole (everything
    /// mapped has been advised then), EAGAIN when a split would exceed `max_map_count`.
    pub(crate) fn do_madvise(&mut self, mm: MmId, start: VirtAddr, len: u64, advice: i64) -> SysResult {
        self.call("do_madvise", |k| {
            let Some(advice) = Advice::from_number(advice) else {
                return k.refuse(Errno::EINVAL, Why::UnknownAdvice { advice });
            };
            let range = k.aligned_user_range(start, len)?;
            match advice {
                _ if range.is_empty() => Ok(0),
                Advice::POPULATE_READ => k.madvise_populate(mm, range, Access::Read),
                Advice::POPULATE_WRITE => k.madvise_populate(mm, range, Access::Write),
                _ => k.madvise_walk_vmas(mm, range, advice),
            }
        })
    }

    fn madvise_walk_vmas(&mut self, mm: MmId, range: VirtRange, advice: Advice) -> SysResult {
        self.for_each_part(mm, range, |k, id, part| k.madvise_vma_behavior(mm, id, part, advice))
    }

    /// Does something with each area of a range, also behind holes, of which it tells afterwards.
    fn for_each_part(
        &mut self,
        mm: MmId,
        range: VirtRange,
        mut body: impl FnMut(&mut Self, VmaId, VirtRange) -> SysResult<()>,
    ) -> SysResult {
        let mut hole = None;
        let mut at = range.start;
        while at < range.end {
            let Some(id) = self.mms[mm].vmas.find(at) else {
                hole = hole.or(Some(at));
                break;
            };
            let area = self.mms[mm].vmas.get(id).range;
            if at < area.start {
                hole = hole.or(Some(at));
                at = area.start;
                continue;
            }
            let part = VirtRange { start: at, end: area.end.min(range.end) };
            body(self, id, part)?;
            at = part.end;
        }
        match hole {
            Some(at) => self.refuse(Errno::ENOMEM, Why::Hole { at }),
            None => Ok(0),
        }
    }

    /// Gives the anonymous areas of a range a name, or takes it (Linux `madvise_set_anon_name`).
    ///
    /// # Errors
    /// EINVAL for a bad range, EBADF for memory of a file, ENOMEM for a hole, EAGAIN when a split would
    /// exceed `max_map_count`.
    pub(crate) fn set_anon_name(&mut self, mm: MmId, start: VirtAddr, len: u64, name: Option<&str>) -> SysResult {
        self.call("madvise_set_anon_name", |k| {
            let range = k.aligned_user_range(start, len)?;
            let name = name.map(|name| k.intern_name(name));
            k.for_each_part(mm, range, |k, id, part| {
                let vma = k.mms[mm].vmas.get(id);
                let (at, flags, had) = (vma.range.start, vma.flags, vma.anon_name);
                let file = vma.file.filter(|file| k.fs.inode_of(*file).purpose != Purpose::SharedAnonymous);
                k.require(file.is_none(), Errno::EBADF, || Why::NotAnonymous { at })?;
                if had == name {
                    return Ok(());
                }
                match k.vma_modify(mm, id, part, flags, name) {
                    Err(SysError { errno: Errno::ENOMEM, why }) => k.refuse(Errno::EAGAIN, why),
                    other => other.map(|_| ()),
                }
            })
        })
    }

    pub(crate) fn intern_name(&mut self, name: &str) -> AnonNameId {
        let known = self.anon_names.iter().position(|known| known == name);
        AnonNameId::from(known.unwrap_or_else(|| {
            self.anon_names.push(name.to_string());
            self.anon_names.len() - 1
        }))
    }

    fn madvise_vma_behavior(&mut self, mm: MmId, id: VmaId, part: VirtRange, advice: Advice) -> SysResult<()> {
        use Advice::*;
        let vma = self.mms[mm].vmas.get(id);
        let (flags, at) = (vma.flags, vma.range.start);
        let writable = flags.contains(VmFlags::WRITE) && !self.pkru_forbids(flags, true);
        let protected = advice.discards() && flags.contains(VmFlags::SEALED) && vma.is_anonymous() && !writable;
        self.require(!protected, Errno::EPERM, || Why::SealedVma { at })?;
        match advice {
            WILLNEED => {
                self.madvise_willneed(mm, id, part);
                Ok(())
            }
            COLD | PAGEOUT => self.fits_advice(at, !flags.intersects(VmFlags::LOCKED | VmFlags::PFNMAP | VmFlags::HUGETLB)),
            DONTNEED | DONTNEED_LOCKED => self.madvise_dontneed(mm, id, part, advice),
            FREE => self.madvise_free(mm, id, part),
            REMOVE => self.madvise_remove(mm, id, part),
            COLLAPSE => {
                // A part that touches exactly one border between blocks has nothing to do; one that touches
                // none is refused, and so is work: this machine makes no huge pages.
                let nothing = part.start.0.next_multiple_of(PMD_SIZE) == part.end.0 & !(PMD_SIZE - 1);
                let fits = self.may_be_collapsed(mm, id) && nothing;
                self.fits_advice(at, fits)
            }
            GUARD_INSTALL => self.madvise_guard_install(mm, id, part),
            GUARD_REMOVE => self.madvise_guard_remove(mm, id, part),
            _ => self.madvise_flags(mm, id, part, advice),
        }
    }

    /// Whether an area may get huge pages when asked to (Linux `thp_vma_allowable_orders` for
    /// MADV_COLLAPSE): written anonymous memory or memory of a file, with room for one.
    fn may_be_collapsed(&self, mm: MmId, id: VmaId) -> bool {
        let vma = self.mms[mm].vmas.get(id);
        let never = VmFlags::SPECIAL | VmFlags::HUGETLB | VmFlags::NOHUGEPAGE;
        let kind = match vma.ops {
            None => vma.anon_vma.is_some(),
            // Blocks of the file must be blocks of the address space.
            Some(VmOpsId::Shmem | VmOpsId::Shm) => {
                vma.range.start.page_number().wrapping_sub(vma.pgoff).is_multiple_of(PMD_SIZE / PAGE_SIZE)
            }
            Some(_) => false,
        };
        kind && vma.has_huge_place() && !vma.flags.intersects(never) && self.mms[mm].thp_disable != 1
    }

    fn fits_advice(&mut self, at: VirtAddr, fits: bool) -> SysResult<()> {
        self.require(fits, Errno::EINVAL, || Why::AdviceUnfit { at })
    }

    /// Advice that lives in the flags of the area.
    fn madvise_flags(&mut self, mm: MmId, id: VmaId, part: VirtRange, advice: Advice) -> SysResult<()> {
        let vma = self.mms[mm].vmas.get(id);
        let (old, at) = (vma.flags, vma.range.start);
        let (fits, new) = advised_flags(vma, advice);
        self.fits_advice(at, fits)?;
        if new == old {
            return Ok(());
        }
        match self.call("madvise_update_vma", |k| k.vma_modify_flags(mm, id, part, new)) {
            Ok(_) => Ok(()),
            // "A kernel resource was temporarily unavailable".
            Err(SysError { errno: Errno::ENOMEM, why }) => self.refuse(Errno::EAGAIN, why),
            Err(error) => Err(error),
        }
    }

    fn madvise_dontneed(&mut self, mm: MmId, id: VmaId, part: VirtRange, advice: Advice) -> SysResult<()> {
        let vma = self.mms[mm].vmas.get(id);
        let mut forbidden = VmFlags::PFNMAP;
        if advice == Advice::DONTNEED {
            forbidden |= VmFlags::LOCKED;
        }
        let (at, locked) = (vma.range.start, vma.flags.intersects(forbidden));
        self.require(!locked, Errno::EINVAL, || Why::LockedPages { at })?;
        self.call("madvise_dontneed_single_vma", |k| {
            k.zap_page_range(mm, part, Zap::Pages);
            k.reclaim_page_tables(mm, part);
        });
        Ok(())
    }

    /// Gives back page tables of whole 2 MiB that have become empty (CONFIG_PT_RECLAIM).
    fn reclaim_page_tables(&mut self, mm: MmId, range: VirtRange) {
        let space = &mut self.mms[mm];
        let before = space.tables.count;
        let mut at = range.start.0.next_multiple_of(PMD_SIZE);
        while at + PMD_SIZE <= range.end.0 {
            space.tables.reclaim_empty(&mut self.phys, VirtAddr(at), &mut self.trace);
            at += PMD_SIZE;
        }
        if space.tables.count != before && self.cpu.cr3() == Some(space.tables.root) {
            self.cpu.flush_all(&mut self.trace);
        }
    }

    /// Pages become clean and old: reclaim may drop them, a write makes them needed again.
    fn madvise_free(&mut self, mm: MmId, id: VmaId, part: VirtRange) -> SysResult<()> {
        let vma = self.mms[mm].vmas.get(id);
        let (at, flags) = (vma.range.start, vma.flags);
        let fits = vma.is_anonymous() && !flags.intersects(VmFlags::LOCKED | VmFlags::PFNMAP);
        self.fits_advice(at, fits)?;
        let mut next = part.start;
        while let Some((addr, slot, pte)) = self.mms[mm].tables.next_used(&self.phys, next, part.end) {
            next = addr + PAGE_SIZE;
            if !pte.maps_counted_frame() {
                continue;
            }
            let frame = self.phys.frame_mut(pte.pfn());
            // What somebody else wrote, through a debugger's door say, and others still map is not given up.
            if frame.flags.contains(FrameFlags::DIRTY) && frame.mapcount != 1 {
                continue;
            }
            frame.flags -= FrameFlags::SWAP_BACKED | FrameFlags::DIRTY;
            self.set_pte(mm, addr, slot, pte.without(Pte::ACCESSED | Pte::DIRTY));
        }
        Ok(())
    }

    /// Punches a hole into the mapped file.
    fn madvise_remove(&mut self, mm: MmId, id: VmaId, part: VirtRange) -> SysResult<()> {
        let vma = self.mms[mm].vmas.get(id);
        let (at, flags, first, file) = (vma.range.start, vma.flags, vma.pgoff_of(part.start), vma.file);
        self.require(!flags.contains(VmFlags::LOCKED), Errno::EINVAL, || Why::LockedPages { at })?;
        let Some(file) = file else { return self.refuse(Errno::EINVAL, Why::AdviceUnfit { at }) };
        let writable = flags.contains(VmFlags::SHARED | VmFlags::MAYWRITE);
        self.require(writable, Errno::EACCES, || Why::FileNotWritable)?;
        let inode = self.fs.file(file).inode;
        let hole = FallocateMode::PUNCH_HOLE | FallocateMode::KEEP_SIZE;
        self.do_fallocate(inode, true, hole, first.wrapping_mul(PAGE_SIZE), part.len()).map(|_| ())
    }

    /// Replaces the range by markers: any access raises SIGSEGV. The area is not split.
    fn madvise_guard_install(&mut self, mm: MmId, id: VmaId, part: VirtRange) -> SysResult<()> {
        let vma = self.mms[mm].vmas.get(id);
        let forbidden = VmFlags::SPECIAL | VmFlags::HUGETLB | VmFlags::LOCKED;
        let (at, fits) = (vma.range.start, !vma.flags.intersects(forbidden));
        self.fits_advice(at, fits)?;
        // The family of private pages that anonymous memory with tables of its own is expected to have.
        if self.mms[mm].vmas.get(id).is_anonymous() {
            self.anon_vma_prepare(mm, id);
        }
        self.mms[mm].vmas.get_mut(id).flags |= VmFlags::MAYBE_GUARD;
        self.zap_page_range(mm, part, Zap::Pages);
        if !self.has_ram() {
            return Ok(());
        }
        for addr in part.page_addrs() {
            let tables = &mut self.mms[mm].tables;
            let Some(slot) = tables.find_or_make(&mut self.phys, addr, &mut self.trace) else {
                return self.refuse(Errno::ENOMEM, Why::OutOfFrames);
            };
            if slot.read(&self.phys).is_none() {
                self.set_pte(mm, addr, slot, Pte::marker(Marker::Guard));
            }
        }
        Ok(())
    }

    fn madvise_guard_remove(&mut self, mm: MmId, id: VmaId, part: VirtRange) -> SysResult<()> {
        let vma = self.mms[mm].vmas.get(id);
        let (at, fits) = (vma.range.start, !vma.flags.intersects(VmFlags::SPECIAL | VmFlags::HUGETLB));
        self.fits_advice(at, fits)?;
        let mut next = part.start;
        while let Some((addr, slot, pte)) = self.mms[mm].tables.next_used(&self.phys, next, part.end) {
            if pte.as_marker() == Some(Marker::Guard) {
                self.set_pte(mm, addr, slot, Pte::NONE);
            }
            next = addr + PAGE_SIZE;
        }
        Ok(())
    }

    /// MADV_POPULATE_READ and _WRITE stop at the first page that cannot be had.
    fn madvise_populate(&mut self, mm: MmId, range: VirtRange, access: Access) -> SysResult {
        let mut at = range.start;
        while at < range.end {
            let Some(id) = self.mms[mm].vmas.lookup(at) else { return self.refuse(Errno::ENOMEM, Why::Hole { at }) };
            let vma = self.mms[mm].vmas.get(id);
            let special = vma.flags.intersects(VmFlags::IO | VmFlags::PFNMAP) || vma.ops == Some(VmOpsId::Secretmem);
            // Stricter than an access: memory that can only be executed is not read in.
            let wanted = if access == Access::Write { VmFlags::WRITE } else { VmFlags::READ };
            let denied = special || !vma.flags.contains(wanted) || self.pkru_forbids(vma.flags, access == Access::Write);
            let (start, part) = (vma.range.start, VirtRange { start: at, end: vma.range.end.min(range.end) });
            self.fits_advice(start, !denied)?;
            match self.fault_in_range(mm, id, part, access, true) {
                Err(SysError { errno: Errno::EAGAIN, why }) => return self.refuse(Errno::ENOMEM, why),
                Err(SysError { why, .. }) => return self.refuse(Errno::EFAULT, why),
                Ok(()) => at = part.end,
            }
        }
        Ok(0)
    }
}
