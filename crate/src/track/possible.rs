//! Whether an event can be, given the areas that are known: asked before anything is changed. The checks are those with
//! which a call of the kernel's could fail half-way; all others come first there, and change nothing.

use super::event::{Event, Mmap};
use super::space::AddressSpace;
use crate::addr::{PAGE_SIZE, VirtAddr, VirtRange, page_align};
use crate::errno::{Errno, SysError, SysResult};
use crate::flags::{MapFlags, Prot, VmFlags};
use crate::mm::{Advice, MremapFlags, MremapRequest, advised_flags, vm_operations};
use crate::vma::Vma;
use crate::why::{Perms, Why};

const MLOCK_ONFAULT: u64 = 1;

fn refuse<T>(errno: Errno, why: Why) -> SysResult<T> {
    Err(SysError::new(errno, why))
}

fn check_unsealed(vma: &Vma) -> SysResult<()> {
    let at = vma.range.start;
    if vma.flags.contains(VmFlags::SEALED) { refuse(Errno::EPERM, Why::SealedVma { at }) } else { Ok(()) }
}

/// Whether an area can be cut where it sticks out of a range.
fn check_cut(vma: &Vma, range: VirtRange) -> SysResult<()> {
    let whole = range.start <= vma.range.start && vma.range.end <= range.end;
    let may = whole || vma.ops.is_none_or(|ops| vm_operations(ops).may_split());
    if may { Ok(()) } else { refuse(Errno::EINVAL, Why::MayNotSplit { at: vma.range.start }) }
}

/// Whether an area takes an advice that may change it.
fn advice_fits(vma: &Vma, advice: Advice) -> bool {
    let flags = vma.flags;
    match advice {
        Advice::GUARD_INSTALL => !flags.intersects(VmFlags::SPECIAL | VmFlags::HUGETLB | VmFlags::LOCKED),
        Advice::POPULATE_WRITE => flags.contains(VmFlags::WRITE) && !flags.intersects(VmFlags::IO | VmFlags::PFNMAP),
        _ => advised_flags(vma, advice).0,
    }
}

impl AddressSpace {
    /// # Errors
    /// The check that fails.
    pub(super) fn check_possible(&mut self, event: &Event) -> SysResult<()> {
        match *event {
            Event::Mmap(ref mmap) => self.check_mmap(mmap),
            Event::Munmap { at, len } => self.check_hole(self.aligned(at, len)?),
            Event::Mprotect { at, len, prot } => {
                let wanted = VmFlags::from_prot(prot);
                let range = self.stretched(self.aligned(at, len)?, prot);
                self.check_parts(range, |vma| {
                    check_unsealed(vma)?;
                    let forbidden = wanted - (VmFlags::from_bits_truncate(vma.flags.bits() >> 4) & VmFlags::ACCESS);
                    let at = vma.range.start;
                    if forbidden.is_empty() {
                        check_cut(vma, range)
                    } else {
                        refuse(Errno::EACCES, Why::MayNot { at, wanted: Perms(forbidden) })
                    }
                })
            }
            Event::Mremap { at, old_len, new_len, flags, to } => self.check_mremap(MremapRequest {
                addr: at,
                old_len: page_align(old_len),
                new_len: page_align(new_len),
                flags,
                new_addr: to,
            }),
            Event::Brk { to } => self.check_brk(to),
            Event::Madvise { at, len, advice } => {
                let Some(advice) = Advice::from_number(advice) else { return refuse(Errno::EINVAL, Why::UnknownAdvice { advice }) };
                let range = self.aligned(at, len)?;
                self.check_parts(range, |vma| {
                    let keeps = advice.discards() && vma.is_anonymous() && !vma.flags.contains(VmFlags::WRITE);
                    if keeps {
                        check_unsealed(vma)?;
                    }
                    if !advice.is_for_areas() {
                        return Ok(());
                    }
                    let fits = advice_fits(vma, advice);
                    if fits { check_cut(vma, range) } else { refuse(Errno::EINVAL, Why::AdviceUnfit { at: vma.range.start }) }
                })
            }
            Event::Mlock { at, len, flags } => {
                let now = flags & MLOCK_ONFAULT == 0;
                self.check_parts(super::event::pages(at, len), |vma| {
                    let present = !now || vma.is_accessible() || vma.flags.intersects(VmFlags::IO | VmFlags::PFNMAP);
                    if present { Ok(()) } else { refuse(Errno::ENOMEM, Why::PopulateFailed { at: vma.range.start }) }
                })
            }
            Event::Munlock { at, len } => self.check_parts(super::event::pages(at, len), |_| Ok(())),
            Event::Mseal { at, len } | Event::Name { at, len, .. } => {
                let range = self.aligned(at, len)?;
                self.check_parts(range, |vma| check_cut(vma, range))
            }
            Event::Written { at, len } => self.check_parts(super::event::pages(at, len), |_| Ok(())),
            Event::Mlockall { .. } | Event::Munlockall | Event::Grown { .. } => Ok(()),
        }
    }

    /// Whole pages from an aligned address, inside of user space.
    fn aligned(&self, at: VirtAddr, len: u64) -> SysResult<VirtRange> {
        if !at.is_page_aligned() {
            return refuse(Errno::EINVAL, Why::AddrUnaligned { addr: at });
        }
        let size = self.kernel.task_size();
        let fits = at.0 <= size && len <= size - at.0;
        if fits { Ok(VirtRange::from_len(at, page_align(len))) } else { refuse(Errno::EINVAL, Why::BeyondTaskSize { addr: at, len }) }
    }

    /// What PROT_GROWSDOWN makes of a range: from the start of its first area on.
    fn stretched(&self, range: VirtRange, prot: Prot) -> VirtRange {
        let vmas = &self.space().vmas;
        match vmas.lookup(range.start).filter(|_| prot.contains(Prot::GROWSDOWN)) {
            Some(id) => VirtRange { start: vmas.get(id).range.start, end: range.end },
            None => range,
        }
    }

    fn check_mmap(&self, mmap: &Mmap) -> SysResult<()> {
        let (addr, len) = (mmap.at, page_align(mmap.len));
        if !mmap.offset.is_multiple_of(PAGE_SIZE) {
            return refuse(Errno::EINVAL, Why::OffsetUnaligned { offset: mmap.offset });
        }
        if mmap.file.is_none() && !mmap.flags.contains(MapFlags::ANONYMOUS) {
            return refuse(Errno::EBADF, Why::BadDescriptor { fd: -1 });
        }
        let range = self.aligned(addr, mmap.len)?;
        if len == 0 {
            return refuse(Errno::EINVAL, Why::ZeroLength);
        }
        if mmap.flags.contains(MapFlags::FIXED) { self.check_hole(range) } else { self.check_free(range) }
    }

    /// Nothing may be where the kernel itself found a place.
    fn check_free(&self, range: VirtRange) -> SysResult<()> {
        let first = self.stamps.seen_in(range).next().filter(|_| !range.is_empty());
        first.map_or(Ok(()), |id| refuse(Errno::EEXIST, Why::Occupied { at: self.space().vmas.get(id).range.start }))
    }

    /// Whether a range can be emptied: what sticks out of it can be cut off, and nothing in it is sealed.
    fn check_hole(&self, range: VirtRange) -> SysResult<()> {
        if range.is_empty() {
            return Ok(());
        }
        for id in self.stamps.seen_in(range) {
            let vma = self.space().vmas.get(id);
            check_unsealed(vma)?;
            check_cut(vma, range)?;
        }
        Ok(())
    }

    /// Goes through the areas of a range, in which there must be no hole and nothing sealed.
    fn check_parts(&self, range: VirtRange, check: impl Fn(&Vma) -> SysResult<()>) -> SysResult<()> {
        if range.is_empty() {
            return Ok(());
        }
        let mut at = range.start;
        for id in self.stamps.seen_in(range) {
            let vma = self.space().vmas.get(id);
            if vma.range.start > at {
                return refuse(Errno::ENOMEM, Why::Hole { at });
            }
            at = vma.range.end;
            check(vma)?;
        }
        if at < range.end { refuse(Errno::ENOMEM, Why::Hole { at }) } else { Ok(()) }
    }

    fn check_brk(&self, to: VirtAddr) -> SysResult<()> {
        let space = self.space();
        let (start, old) = (VirtAddr(page_align(to.0)), VirtAddr(page_align(space.brk.0)));
        if !self.knows_brk || start >= old { Ok(()) } else { self.check_hole(VirtRange { start, end: old }) }
    }

    fn check_mremap(&mut self, request: MremapRequest) -> SysResult<()> {
        let MremapRequest { addr, old_len, new_len, flags, new_addr } = request;
        let mm = self.mm;
        // What was asked for, less what was only answered.
        let asked = if flags.contains(MremapFlags::FIXED) { request } else { MremapRequest { new_addr: VirtAddr(0), ..request } };
        self.kernel.check_mremap_params(mm, &asked)?;
        let (source, target) = (self.aligned(addr, old_len)?, self.aligned(new_addr, new_len)?);
        let moves_many = flags.contains(MremapFlags::FIXED) && old_len == new_len;
        if !moves_many {
            self.kernel.check_prep_vma(mm, &request)?;
        }
        if new_addr == addr {
            return self.check_resize(source, target);
        }
        self.check_hole(source)?;
        if flags.contains(MremapFlags::FIXED) {
            self.check_hole(target)?
        } else {
            self.check_free(target)?
        }
        if moves_many { self.check_many(request) } else { Ok(()) }
    }

    /// Whether a mapping can end elsewhere and stay where it is.
    fn check_resize(&self, old: VirtRange, new: VirtRange) -> SysResult<()> {
        if new.end <= old.end {
            return self.check_hole(VirtRange { start: new.end, end: old.end });
        }
        let vmas = &self.space().vmas;
        let ends = vmas.lookup(old.start).is_some_and(|id| vmas.get(id).range.end == old.end);
        if !ends {
            return refuse(Errno::ENOMEM, Why::CannotGrowInPlace { at: old.end });
        }
        self.check_free(VirtRange { start: old.end, end: new.end })
    }

    /// Whether each of the areas in a range may move (Linux `remap_move`).
    fn check_many(&mut self, request: MremapRequest) -> SysResult<()> {
        let (mut at, end) = (request.addr, request.addr + request.old_len);
        if self.space().vmas.lookup(at).is_none() {
            return refuse(Errno::EFAULT, Why::Hole { at });
        }
        loop {
            let vmas = &self.space().vmas;
            let Some(id) = vmas.first_overlap(VirtRange { start: at, end: end.max(at + 1) }) else { return Ok(()) };
            let area = vmas.get(id).range;
            let alone = at == request.addr && area.end >= end;
            if !alone && !self.kernel.may_move_with_others(self.mm, id) {
                return refuse(Errno::EFAULT, Why::MovesAlone { at: area.start });
            }
            let addr = area.start.max(at);
            let len = if request.old_len == 0 { 0 } else { area.end.min(end) - addr };
            let new_len = if request.old_len == 0 { request.new_len } else { len };
            let mm = self.mm;
            self.kernel.check_prep_vma(mm, &MremapRequest { addr, old_len: len, new_len, ..request })?;
            at = area.end;
            if at >= end {
                return Ok(());
            }
        }
    }
}
