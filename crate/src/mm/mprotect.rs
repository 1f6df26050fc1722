//! `mprotect(2)` (Linux `mm/mprotect.c`).

use super::fault::page_prot;
use super::kernel::Kernel;
use super::task::Personality;
use crate::addr::{VirtAddr, VirtRange, page_align};
use crate::errno::{Errno, SysResult};
use crate::flags::{Prot, VmFlags};
use crate::ids::{MmId, VmaId};
use crate::mmu::{Pte, Slot};
use crate::phys::FrameFlags;
use crate::why::{Perms, Why};

impl Kernel {
    /// Changes what may be done with a range (Linux `do_mprotect_pkey`); `pkey` is the protection key
    /// that `pkey_mprotect(2)` names.
    ///
    /// # Errors
    /// EINVAL, ENOMEM, EACCES, EPERM in the order of `mprotect(2)` here; areas before the one that
    /// failed stay changed.
    pub(crate) fn do_mprotect(&mut self, mm: MmId, start: VirtAddr, len: u64, prot: Prot, pkey: Option<i32>) -> SysResult {
        self.call("do_mprotect_pkey", |k| k.do_mprotect_checked(mm, start, len, prot, pkey))
    }

    fn do_mprotect_checked(&mut self, mm: MmId, start: VirtAddr, len: u64, prot: Prot, pkey: Option<i32>) -> SysResult {
        let grows = prot & (Prot::GROWSDOWN | Prot::GROWSUP);
        let prot = prot - grows;
        self.require(grows != Prot::GROWSDOWN | Prot::GROWSUP, Errno::EINVAL, || Why::GrowsBoth)?;
        self.require(start.is_page_aligned(), Errno::EINVAL, || Why::AddrUnaligned { addr: start })?;
        if len == 0 {
            return Ok(0);
        }
        let mut range = VirtRange::from_len(start, page_align(len));
        self.require(range.start < range.end, Errno::ENOMEM, || Why::Wraps { addr: start, len })?;
        let unknown = (prot - (Prot::READ | Prot::WRITE | Prot::EXEC | Prot::SEM)).bits();
        self.require(unknown == 0, Errno::EINVAL, || Why::BadProt { prot: unknown })?;
        // On a CPU without protection keys none is ever handed out, not even 0.
        let allocated = pkey.is_none_or(|key| self.key_is_allocated(mm, key));
        self.require(allocated, Errno::EINVAL, || Why::KeyNotAllocated { key: pkey.unwrap_or(0).into() })?;
        let Some(first) = self.mms[mm].vmas.first_overlap(range) else {
            return self.refuse(Errno::ENOMEM, Why::Hole { at: start });
        };
        self.stretch_to_vma(mm, first, grows, &mut range)?;
        self.protect_areas(mm, range, prot, pkey.map(|key| key as u8))
    }

    /// PROT_GROWSDOWN and PROT_GROWSUP extend the range to the border of a growing area.
    fn stretch_to_vma(&mut self, mm: MmId, first: VmaId, grows: Prot, range: &mut VirtRange) -> SysResult<()> {
        let vma = self.mms[mm].vmas.get(first);
        let (area, flags) = (vma.range, vma.flags);
        if grows.contains(Prot::GROWSDOWN) {
            range.start = area.start;
            let grows_down = flags.contains(VmFlags::GROWSDOWN);
            return self.require(grows_down, Errno::EINVAL, || Why::NotGrowsDown { at: area.start });
        }
        let mapped = area.start <= range.start;
        self.require(mapped, Errno::ENOMEM, || Why::Hole { at: range.start })?;
        // No area grows up on this architecture.
        self.require(grows.is_empty(), Errno::EINVAL, || Why::NotGrowsDown { at: area.start })
    }

    fn protect_areas(&mut self, mm: MmId, range: VirtRange, prot: Prot, pkey: Option<u8>) -> SysResult {
        let implies_exec = prot.contains(Prot::READ) && self.task().personality.contains(Personality::READ_IMPLIES_EXEC);
        let mut at = range.start;
        while at < range.end {
            let Some(id) = self.mms[mm].vmas.lookup(at) else {
                return self.refuse(Errno::ENOMEM, Why::Hole { at });
            };
            let vma = self.mms[mm].vmas.get(id);
            let (old, area) = (vma.flags, vma.range);
            let mut wanted = VmFlags::from_prot(prot);
            if implies_exec && old.contains(VmFlags::MAYEXEC) {
                wanted |= VmFlags::EXEC;
            }
            let key = self.override_mprotect_pkey(mm, old, prot, pkey);
            let new = ((old - VmFlags::ACCESS) | wanted).with_pkey(key);
            let may = VmFlags::from_bits_truncate(old.bits() >> 4) & VmFlags::ACCESS;
            let forbidden = wanted - may;
            self.require(forbidden.is_empty(), Errno::EACCES, || Why::MayNot { at: area.start, wanted: Perms(forbidden) })?;
            self.check_mdwe(mm, old, new)?;
            let part = VirtRange { start: at, end: area.end.min(range.end) };
            self.mprotect_fixup(mm, id, part, new)?;
            at = part.end;
        }
        Ok(0)
    }

    /// Gives a part of one area other access bits: promises, merge or split, page tables.
    pub(crate) fn mprotect_fixup(&mut self, mm: MmId, id: VmaId, part: VirtRange, new: VmFlags) -> SysResult<()> {
        self.call("mprotect_fixup", |k| {
            k.require_unsealed(mm, id)?;
            let old = k.mms[mm].vmas.get(id).flags;
            if old == new {
                return Ok(());
            }
            let (new, charged) = k.charge_for_write(mm, id, part.pages(), new)?;
            let id = match k.vma_modify_flags(mm, id, part, new) {
                Ok(id) => id,
                Err(error) => {
                    k.vm_unacct_memory(charged);
                    return Err(error);
                }
            };
            k.change_protection(mm, id, part);
            if old.contains(VmFlags::ACCOUNT) && !new.contains(VmFlags::ACCOUNT) {
                k.vm_unacct_memory(part.pages());
            }
            let becomes_writable = new.contains(VmFlags::WRITE);
            let was_locked_private = old & (VmFlags::WRITE | VmFlags::SHARED | VmFlags::LOCKED) == VmFlags::LOCKED;
            if was_locked_private && becomes_writable {
                let populated = k.populate_vma_page_range(mm, id, part, false);
                if populated.is_err() && k.fs.is_waiting() {
                    k.leave_to_populate(mm, part);
                }
            }
            let space = &mut k.mms[mm];
            space.account_vm(old, part.pages(), false);
            space.account_vm(new, part.pages(), true);
            Ok(())
        })
    }

    /// A private area that becomes writable is promised memory; one that stops being writable gives
    /// the promise back only while it never had a page. The flags and what was charged.
    fn charge_for_write(&mut self, mm: MmId, id: VmaId, pages: u64, new: VmFlags) -> SysResult<(VmFlags, u64)> {
        let vma = self.mms[mm].vmas.get(id);
        let (old, untouched_anonymous) = (vma.flags, vma.is_anonymous() && vma.anon_vma.is_none());
        if !new.contains(VmFlags::WRITE) {
            let released = old.contains(VmFlags::ACCOUNT) && untouched_anonymous;
            return Ok((if released { new - VmFlags::ACCOUNT } else { new }, 0));
        }
        if let Err(why) = self.may_expand_vm(mm, new, pages)
            && self.may_expand_vm(mm, old, pages).is_ok()
        {
            return self.refuse(Errno::ENOMEM, why);
        }
        let settled = VmFlags::ACCOUNT | VmFlags::WRITE | VmFlags::HUGETLB | VmFlags::SHARED | VmFlags::NORESERVE;
        if old.intersects(settled) {
            return Ok((new, 0));
        }
        self.vm_enough_memory(mm, pages)?;
        Ok((new | VmFlags::ACCOUNT, pages))
    }

    /// Gives the present pages of a part the protection of its area.
    fn change_protection(&mut self, mm: MmId, id: VmaId, part: VirtRange) {
        self.call("change_protection", |k| {
            let mut at = part.start;
            while let Some((addr, slot, pte)) = k.mms[mm].tables.next_used(&k.phys, at, part.end) {
                if pte.is_present() {
                    k.change_entry(mm, id, addr, slot, pte);
                }
                at = addr + 4096;
            }
        });
    }

    fn change_entry(&mut self, mm: MmId, id: VmaId, addr: VirtAddr, slot: Slot, old: Pte) {
        let vma = self.mms[mm].vmas.get(id);
        let kept = Pte::ACCESSED | Pte::DIRTY | Pte::SPECIAL;
        let mut new = Pte::leaf(old.pfn(), old.0 & kept | page_prot(vma));
        if vma.flags.contains(VmFlags::WRITE) && new.is_hardware_present() && self.may_write_at_once(vma.flags, new) {
            new = new.with(Pte::WRITE);
        }
        if new != old {
            self.set_pte(mm, addr, slot, new);
        }
    }

    /// Whether a page can be made writable without a fault (Linux `can_change_pte_writable`): a
    /// private page that nobody shares, a shared page that is dirty already.
    fn may_write_at_once(&self, flags: VmFlags, pte: Pte) -> bool {
        if flags.contains(VmFlags::SHARED) {
            return pte.has(Pte::DIRTY);
        }
        !pte.has(Pte::SPECIAL) && self.phys.frame(pte.pfn()).flags.contains(FrameFlags::ANON_EXCLUSIVE)
    }
}
