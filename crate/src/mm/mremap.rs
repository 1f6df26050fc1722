//! `mremap(2)` (Linux `mm/mremap.c`): growing, shrinking and moving mappings.

use super::kernel::Kernel;
use super::mmap::MmapRequest;
use crate::addr::{PAGE_SHIFT, PMD_SIZE, VirtAddr, VirtRange, page_align};
use crate::errno::{Errno, SysResult};
use crate::event::Note;
use crate::flags::{MapFlags, Prot, VmFlags};
use crate::ids::{MmId, VmOpsId, VmaId};
use crate::mmu::{Pte, Tables};
use crate::vma::{MergeProposal, Vma};
use crate::why::Why;
use bitflags::bitflags;

bitflags! {
    /// `MREMAP_*`.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct MremapFlags: u64 {
        /// May go elsewhere.
        const MAYMOVE = 1;
        /// Goes exactly to the new address.
        const FIXED = 2;
        /// The old mapping stays, empty.
        const DONTUNMAP = 4;
        const _ = !0;
    }
}

/// The arguments of `mremap(2)`.
#[derive(Clone, Copy, Debug)]
pub struct MremapRequest {
    /// Start of the old mapping.
    pub addr: VirtAddr,
    /// Its length in bytes; 0 duplicates a shared mapping.
    pub old_len: u64,
    /// The length wanted.
    pub new_len: u64,
    /// Flags.
    pub flags: MremapFlags,
    /// Where to, with MREMAP_FIXED; a hint with MREMAP_DONTUNMAP.
    pub new_addr: VirtAddr,
}

impl MremapRequest {
    fn old(&self) -> VirtRange {
        VirtRange::from_len(self.addr, self.old_len)
    }

    fn names_target(&self) -> bool {
        self.flags.intersects(MremapFlags::FIXED | MremapFlags::DONTUNMAP)
    }
}

impl Kernel {
    /// Resizes or moves a mapping; its address afterwards (Linux `do_mremap`).
    ///
    /// # Errors
    /// EINVAL, EFAULT, ENOMEM, EAGAIN, EPERM as `mremap(2)`. With MREMAP_FIXED what was at the target
    /// may be gone although the call fails.
    pub(crate) fn do_mremap(&mut self, mm: MmId, mut request: MremapRequest) -> SysResult {
        self.call("do_mremap", |k| {
            request.old_len = page_align(request.old_len);
            request.new_len = page_align(request.new_len);
            k.check_mremap_params(mm, &request)?;
            let moves_only = request.flags.contains(MremapFlags::FIXED) && request.old_len == request.new_len;
            if moves_only {
                return k.remap_move(mm, request);
            }
            let id = k.check_prep_vma(mm, &request)?;
            if request.names_target() {
                return k.mremap_to(mm, request);
            }
            if request.new_len <= request.old_len {
                return k.shrink_in_place(mm, request);
            }
            k.mremap_at(mm, id, request)
        })
    }

    pub(crate) fn check_mremap_params(&mut self, mm: MmId, request: &MremapRequest) -> SysResult<()> {
        let MremapRequest { addr, old_len, new_len, flags, new_addr } = *request;
        let known = MremapFlags::MAYMOVE | MremapFlags::FIXED | MremapFlags::DONTUNMAP;
        let unknown = (flags - known).bits();
        self.require(unknown == 0, Errno::EINVAL, || Why::UnknownFlags { flags: unknown })?;
        self.require(addr.is_page_aligned(), Errno::EINVAL, || Why::AddrUnaligned { addr })?;
        self.require(new_len != 0, Errno::EINVAL, || Why::ZeroLength)?;
        let size = self.task_size();
        self.require(new_len <= size, Errno::EINVAL, || Why::BeyondTaskSize { addr, len: new_len })?;
        if !request.names_target() {
            return Ok(());
        }
        let fits = new_addr.0 <= size - new_len;
        self.require(fits, Errno::EINVAL, || Why::BeyondTaskSize { addr: new_addr, len: new_len })?;
        self.require(new_addr.is_page_aligned(), Errno::EINVAL, || Why::AddrUnaligned { addr: new_addr })?;
        self.require(flags.contains(MremapFlags::MAYMOVE), Errno::EINVAL, || Why::NeedsMayMove)?;
        let same = !flags.contains(MremapFlags::DONTUNMAP) || old_len == new_len;
        self.require(same, Errno::EINVAL, || Why::LengthsDiffer)?;
        let overlaps = addr.0.wrapping_add(old_len) > new_addr.0 && new_addr + new_len > addr;
        self.require(!overlaps, Errno::EINVAL, || Why::RangesOverlap)?;
        // A move may split three times; the kernel wants room for that beforehand.
        let (count, limit) = (self.mms[mm].vmas.len() as u64, self.sysctl.max_map_count);
        self.require(count + 2 < limit.saturating_sub(3), Errno::ENOMEM, || Why::MapCount { count, limit })
    }

    /// The checks on the area (Linux `check_prep_vma`).
    pub(crate) fn check_prep_vma(&mut self, mm: MmId, request: &MremapRequest) -> SysResult<VmaId> {
        let MremapRequest { addr, old_len, new_len, flags, .. } = *request;
        let Some(id) = self.mms[mm].vmas.lookup(addr) else {
            return self.refuse(Errno::EFAULT, Why::Hole { at: addr });
        };
        self.require_unsealed(mm, id)?;
        let vma = self.mms[mm].vmas.get(id);
        let (area, vm_flags, pgoff) = (vma.range, vma.flags, vma.pgoff_of(addr));
        if !request.names_target() && new_len <= old_len {
            return Ok(id);
        }
        let at = area.start;
        let duplicates = old_len != 0 || vm_flags.intersects(VmFlags::SHARED | VmFlags::MAYSHARE);
        self.require(duplicates, Errno::EINVAL, || Why::ZeroOldLength)?;
        let rigid = vm_flags.intersects(VmFlags::DONTEXPAND | VmFlags::PFNMAP);
        let keeps = flags.contains(MremapFlags::DONTUNMAP);
        self.require(!(keeps && rigid), Errno::EINVAL, || Why::MayNotExpand { at })?;
        // What a smaller size leaves over is unmapped, wherever it ends.
        let moved = old_len.min(new_len);
        self.require(moved <= area.end - addr, Errno::EFAULT, || Why::PastVmaEnd { at, old: moved })?;
        if new_len <= old_len {
            return Ok(id);
        }
        let pages = new_len >> PAGE_SHIFT;
        self.require(pgoff.checked_add(pages).is_some(), Errno::EINVAL, || Why::OffsetOverflow { pgoff, pages })?;
        self.require(!rigid, Errno::EFAULT, || Why::MayNotExpand { at })?;
        let growth = new_len.saturating_sub(old_len);
        if let Err(why) = self.mlock_future_ok(mm, vm_flags, growth) {
            return self.refuse(Errno::EAGAIN, why);
        }
        if let Err(why) = self.may_expand_vm(mm, vm_flags, growth >> PAGE_SHIFT) {
            return self.refuse(Errno::ENOMEM, why);
        }
        Ok(id)
    }

    fn shrink_in_place(&mut self, mm: MmId, request: MremapRequest) -> SysResult {
        if request.new_len < request.old_len {
            self.do_munmap(mm, request.addr + request.new_len, request.old_len - request.new_len)?;
        }
        Ok(request.addr.0)
    }

    /// Grows where it is, or elsewhere if it may (Linux `mremap_at`).
    fn mremap_at(&mut self, mm: MmId, id: VmaId, request: MremapRequest) -> SysResult {
        let MremapRequest { addr, old_len, new_len, flags, .. } = request;
        if self.vma_expandable(mm, id, &request) {
            return self.expand_vma_in_place(mm, id, request);
        }
        let may_move = flags.contains(MremapFlags::MAYMOVE);
        self.require(may_move, Errno::ENOMEM, || Why::CannotGrowInPlace { at: addr + old_len })?;
        let target = self.place_for_move(mm, id, &request, VirtAddr(0), MapFlags::empty(), new_len)?;
        self.move_vma(mm, id, MremapRequest { new_addr: target, ..request })
    }

    fn vma_expandable(&self, mm: MmId, id: VmaId, request: &MremapRequest) -> bool {
        let area = self.mms[mm].vmas.get(id).range;
        let end = area.end + (request.new_len - request.old_len);
        area.end == request.addr + request.old_len
            && end > area.end
            && end.0 <= self.task_size()
            && self.mms[mm].vmas.first_overlap(VirtRange { start: area.end, end }).is_none()
    }

    fn expand_vma_in_place(&mut self, mm: MmId, id: VmaId, request: MremapRequest) -> SysResult {
        self.call("expand_vma_in_place", |k| {
            let vma = k.mms[mm].vmas.get(id).clone();
            let growth = (request.new_len - request.old_len) >> PAGE_SHIFT;
            if vma.flags.contains(VmFlags::ACCOUNT) {
                k.vm_enough_memory(mm, growth)?;
            }
            let range = VirtRange::from_len(vma.range.end, Self::bytes(growth));
            // The new part has the area's own family: it always joins it, and perhaps the next too.
            let proposal = MergeProposal::of_area(&vma, range, vma.pgoff_end());
            if k.vma_merge_new_range(mm, proposal).is_none() {
                let to = VirtRange { start: vma.range.start, end: range.end };
                k.mms[mm].vmas.set_range(id, to);
            }
            k.account_growth(mm, vma.flags, growth);
            if vma.flags.contains(VmFlags::LOCKED) {
                let _ = k.mm_populate(mm, range, true);
            }
            Ok(request.addr.0)
        })
    }

    fn account_growth(&mut self, mm: MmId, flags: VmFlags, pages: u64) {
        let space = &mut self.mms[mm];
        space.account_vm(flags, pages, true);
        if flags.contains(VmFlags::LOCKED) {
            space.locked_vm += pages;
        }
    }

    /// Moves to a named address, or with DONTUNMAP near it (Linux `mremap_to`).
    fn mremap_to(&mut self, mm: MmId, mut request: MremapRequest) -> SysResult {
        if request.flags.contains(MremapFlags::FIXED) {
            self.do_munmap(mm, request.new_addr, request.new_len)?;
        }
        if request.new_len < request.old_len {
            self.do_munmap(mm, request.addr + request.new_len, request.old_len - request.new_len)?;
            request.old_len = request.new_len;
        }
        let Some(id) = self.mms[mm].vmas.lookup(request.addr) else {
            return self.refuse(Errno::EFAULT, Why::Hole { at: request.addr });
        };
        if request.flags.contains(MremapFlags::DONTUNMAP) {
            let flags = self.mms[mm].vmas.get(id).flags;
            if let Err(why) = self.may_expand_vm(mm, flags, request.old_len >> PAGE_SHIFT) {
                return self.refuse(Errno::ENOMEM, why);
            }
        }
        let fixed = if request.flags.contains(MremapFlags::FIXED) { MapFlags::FIXED } else { MapFlags::empty() };
        let target = self.place_for_move(mm, id, &request, request.new_addr, fixed, request.new_len)?;
        self.move_vma(mm, id, MremapRequest { new_addr: target, ..request })
    }

    fn place_for_move(
        &mut self,
        mm: MmId,
        id: VmaId,
        request: &MremapRequest,
        addr: VirtAddr,
        mut flags: MapFlags,
        len: u64,
    ) -> SysResult<VirtAddr> {
        let vma = self.mms[mm].vmas.get(id);
        if vma.flags.contains(VmFlags::MAYSHARE) {
            flags |= MapFlags::SHARED;
        }
        let file = vma.file.filter(|_| vma.ops.is_some());
        let pgoff = vma.pgoff_of(request.addr);
        self.get_unmapped_area(mm, &MmapRequest { file, addr, len, prot: Prot::empty(), flags, pgoff })
    }

    /// Moves a range of any number of areas, keeping their distances (Linux `remap_move`, since 6.17).
    fn remap_move(&mut self, mm: MmId, request: MremapRequest) -> SysResult {
        self.call("remap_move", |k| {
            let old = request.old();
            let mut at = old.start;
            let mut moved_any = false;
            while at < old.end || !moved_any {
                let Some(id) = k.mms[mm].vmas.first_overlap(VirtRange { start: at, end: old.end.max(at + 1) }) else { break };
                let area = k.mms[mm].vmas.get(id).range;
                if !moved_any && area.start > old.start {
                    break;
                }
                let alone = !moved_any && area.end >= old.end;
                let many = alone || k.may_move_with_others(mm, id);
                k.require(many, Errno::EFAULT, || Why::MovesAlone { at: area.start })?;
                let from = area.start.max(at);
                let len = if request.old_len == 0 { 0 } else { area.end.min(old.end) - from };
                let part = MremapRequest {
                    addr: from,
                    old_len: len,
                    new_len: if request.old_len == 0 { request.new_len } else { len },
                    new_addr: request.new_addr + (from - old.start),
                    ..request
                };
                k.check_prep_vma(mm, &part)?;
                k.mremap_to(mm, part)?;
                moved_any = true;
                at = from + len.max(1);
            }
            if !moved_any {
                return k.refuse(Errno::EFAULT, Why::Hole { at: old.start });
            }
            Ok(request.new_addr.0)
        })
    }

    /// Whether an area may be one of several that move (Linux `vma_multi_allowed`): not if its file places
    /// its mappings itself, as SysV segments do.
    pub(crate) fn may_move_with_others(&self, mm: MmId, id: VmaId) -> bool {
        self.mms[mm].vmas.get(id).ops != Some(VmOpsId::Shm)
    }

    /// Moves a part of one area to a free place (Linux `move_vma`).
    fn move_vma(&mut self, mm: MmId, id: VmaId, request: MremapRequest) -> SysResult {
        self.call_with("move_vma", Note::Range { what: "from", range: request.old() }, |k| {
            let (count, limit) = (k.mms[mm].vmas.len() as u64, k.sysctl.max_map_count);
            k.require(count < limit.saturating_sub(3), Errno::ENOMEM, || Why::MapCount { count, limit })?;
            let source = k.mms[mm].vmas.get(id).clone();
            let whole = source.range == request.old();
            let may_split = whole || source.ops.is_none_or(|ops| super::vm_operations(ops).may_split());
            k.require(may_split, Errno::EINVAL, || Why::MayNotSplit { at: source.range.start })?;
            let new_pages = request.new_len >> PAGE_SHIFT;
            if source.flags.contains(VmFlags::ACCOUNT) {
                k.vm_enough_memory(mm, new_pages)?;
            }
            let peak = k.mms[mm].hiwater_vm;
            k.copy_vma(mm, &source, &request);
            k.call("move_page_tables", |k| k.move_page_tables(mm, request.old(), request.new_addr));
            k.account_growth(mm, source.flags, new_pages);
            if request.flags.contains(MremapFlags::DONTUNMAP) {
                k.empty_source(mm, &request);
            } else if request.old_len > 0 {
                // Its promise moved along: what unmapping gives back is the old one's.
                k.unmap_range(mm, request.old())?;
            }
            k.mms[mm].hiwater_vm = peak;
            if source.flags.contains(VmFlags::LOCKED) && request.new_len > request.old_len {
                let grown = VirtRange::from_len(request.new_addr + request.old_len, request.new_len - request.old_len);
                let _ = k.mm_populate(mm, grown, true);
            }
            Ok(request.new_addr.0)
        })
    }

    /// The area at the new place (Linux `copy_vma`): merged with its neighbours if it can be. Memory
    /// that was never touched forgets where it came from.
    fn copy_vma(&mut self, mm: MmId, source: &Vma, request: &MremapRequest) -> VmaId {
        let range = VirtRange::from_len(request.new_addr, request.new_len);
        let untouched = source.is_anonymous() && source.anon_vma.is_none();
        let pgoff = if untouched { range.start.page_number() } else { source.pgoff_of(request.addr) };
        let proposal = MergeProposal { copied_from: Some(source), ..MergeProposal::of_area(source, range, pgoff) };
        if let Some(id) = self.vma_merge_new_range(mm, proposal) {
            return id;
        }
        if let Some(file) = source.file {
            self.fs.get_file(file);
        }
        self.link_vma(mm, Vma { range, pgoff, ..source.clone() })
    }

    /// Moves entries, not pages (Linux `move_page_tables`).
    fn move_page_tables(&mut self, mm: MmId, old: VirtRange, to: VirtAddr) {
        let mut at = old.start;
        while at < old.end {
            let tables = &mut self.mms[mm].tables;
            let depth = tables.depth(&self.phys, at);
            let end = Tables::behind(at, depth).min(old.end);
            if depth <= 2 {
                // Linux asks for the upper tables of the target before it knows that there is something to move.
                let _ = tables.make_down_to(&mut self.phys, to + (at - old.start), 3, &mut self.trace);
            }
            if depth == 1 {
                self.move_entries(mm, VirtRange { start: at, end }, to + (at - old.start));
            }
            at = end;
        }
    }

    /// Moves the entries of a piece of one table (Linux `move_ptes`), which may straddle two at the target.
    fn move_entries(&mut self, mm: MmId, old: VirtRange, to: VirtAddr) {
        let Some(from) = self.mms[mm].tables.find(&self.phys, old.start) else { return };
        let (mut target, mut first) = (None, 0);
        for (i, addr) in old.page_addrs().enumerate() {
            let to = to + (addr - old.start);
            if i == 0 || to.0.is_multiple_of(PMD_SIZE) {
                // The kernel makes them before it looks for entries. Without RAM the pages stay behind and
                // are zapped with the old mapping.
                (target, first) = (self.mms[mm].tables.find_or_make(&mut self.phys, to, &mut self.trace), i);
            }
            let Some(target) = target else { continue };
            let from = from.further(i);
            let pte = from.read(&self.phys);
            if !pte.is_none() {
                self.set_pte(mm, addr, from, Pte::NONE);
                self.set_pte(mm, to, target.further(i - first), pte);
            }
        }
    }

    /// What stays with MREMAP_DONTUNMAP: the old area, empty and unlocked.
    fn empty_source(&mut self, mm: MmId, request: &MremapRequest) {
        let old = request.old();
        let Some(id) = self.mms[mm].vmas.lookup(old.start) else { return };
        let space = &mut self.mms[mm];
        let vma = space.vmas.get_mut(id);
        if vma.flags.contains(VmFlags::LOCKED) {
            // All of the old area is unlocked, but the kernel does not count its pages out (measured).
            space.locked_vm_drift += vma.pages();
        }
        vma.flags -= VmFlags::LOCKED | VmFlags::LOCKONFAULT;
        if vma.range == old && vma.anon_vma.is_some() {
            let linked = vma.clone();
            (vma.anon_vma, vma.long_chain) = (None, None);
            self.unlink_anon_vmas(mm, id, &linked);
        }
    }
}
