//! The fault path (Linux `arch/x86/mm/fault.c`, `mm/memory.c`): a hardware fault meets the VMAs, and
//! becomes a page or a signal. One file per kind of fault.

mod anonymous;
mod cow;
mod file;
mod marker;
mod oom;
mod read;
mod shared;
mod stack;
mod user;
mod wp;

use super::kernel::Kernel;
use super::vm_operations;
use crate::addr::VirtAddr;
use crate::event::Note;
use crate::flags::VmFlags;
use crate::ids::{MmId, VmaId};
use crate::mmu::{Access, Pte, Slot};
use crate::vma::Vma;
use crate::why::SignalWhy;

use marker::marker_outcome;
pub use user::FaultFrom;

/// Everything a fault handler needs to know (Linux `struct vm_fault`).
#[derive(Clone, Copy, Debug)]
pub struct FaultContext {
    /// The address space.
    pub mm: MmId,
    /// The area.
    pub vma: VmaId,
    /// The faulting address, rounded down to its page.
    pub addr: VirtAddr,
    /// The page's offset in the area's object, in pages.
    pub pgoff: u64,
    /// What was tried.
    pub access: Access,
    /// A private page that others share must become this process's own, although it is only read: the
    /// kernel is going to hold it (Linux FAULT_FLAG_UNSHARE).
    pub unshare: bool,
    /// Who waits for a page to be filled begins anew, and then counts as having waited for the disk, also if the
    /// page was in the cache already (Linux FAULT_FLAG_TRIED): the kernel itself, not a program.
    pub tried: bool,
}

/// How a fault ends (Linux `vm_fault_t`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FaultOutcome {
    /// The entry is right now; try the access again.
    Done {
        /// The page had to be read from a disk.
        major: bool,
    },
    /// The object has no such page.
    Sigbus(SignalWhy),
    /// A guard region.
    Sigsegv(SignalWhy),
    /// A poisoned page.
    Poisoned,
    /// No frame is free.
    OutOfMemory,
    /// The page has to come from outside the machine: the fault is to be taken again then (Linux VM_FAULT_RETRY). Nothing
    /// has been changed.
    Retry,
}

impl FaultOutcome {
    /// A minor fault that succeeded.
    pub const DONE: Self = Self::Done { major: false };
}

/// The bits of a page-table entry that an area's protection gives a page (Linux `vm_page_prot`).
/// Writable only where the first write needs no fault: shared, and nobody wants to be told.
pub(crate) fn page_prot(vma: &Vma) -> u64 {
    if !vma.is_accessible() {
        return Pte::PROTNONE;
    }
    let mut bits = Pte::PRESENT | Pte::USER;
    if !vma.flags.contains(VmFlags::EXEC) {
        bits |= Pte::NX;
    }
    bits |= u64::from(vma.flags.pkey()) << Pte::PKEY_SHIFT;
    let notify = vma.ops.is_some_and(|ops| vm_operations(ops).wants_write_notify());
    if vma.flags.contains(VmFlags::SHARED | VmFlags::WRITE) && !notify {
        bits |= Pte::WRITE;
    }
    bits
}

impl Kernel {
    /// Makes a page of an area accessible, or says why not (Linux `handle_mm_fault`). The area is
    /// known to allow the access.
    pub(crate) fn handle_mm_fault(&mut self, context: &FaultContext) -> FaultOutcome {
        self.call_with("handle_mm_fault", Note::Value { name: "address", value: context.addr.0 }, |k| {
            let outcome = k.call("handle_pte_fault", |k| k.handle_pte_fault(context));
            if outcome == FaultOutcome::Retry {
                k.say(Note::Text("VM_FAULT_RETRY: the page is asked for outside the machine"));
                k.tasks[k.current].waited = Some(context.addr);
            }
            if let FaultOutcome::Done { major } = outcome {
                let task = &mut k.tasks[k.current];
                // Who had to wait counts as having waited for a disk (Linux `mm_account_fault`: FAULT_FLAG_TRIED).
                let major = task.waited.take() == Some(context.addr) || major;
                if major {
                    task.maj_flt += 1
                } else {
                    task.min_flt += 1
                }
                k.vm_events.pgfault += 1;
                k.vm_events.pgmajfault += u64::from(major);
                return FaultOutcome::Done { major };
            }
            outcome
        })
    }

    fn handle_pte_fault(&mut self, context: &FaultContext) -> FaultOutcome {
        let space = &mut self.mms[context.mm];
        let anonymous = space.vmas.get(context.vma).is_anonymous();
        let slot = match anonymous {
            true => match space.tables.find_or_make(&mut self.phys, context.addr, &mut self.trace) {
                Some(slot) => Some(slot),
                None => return FaultOutcome::OutOfMemory,
            },
            // Files get their last table with their first page: a SIGBUS leaves none.
            false => space.tables.find(&self.phys, context.addr),
        };
        let pte = slot.map_or(Pte::NONE, |slot| slot.read(&self.phys));
        let Some(slot) = slot.filter(|_| !pte.is_none()) else {
            return self.do_pte_missing(context, slot);
        };
        if !pte.is_present() {
            // Swap would be another guest of this place.
            return self.call("do_swap_page", |k| k.call("handle_pte_marker", |_| marker_outcome(context.addr, pte)));
        }
        if context.unshare || context.access == Access::Write && !pte.is_writable() {
            return self.call("do_wp_page", |k| k.do_wp_page(context, slot, pte));
        }
        // Somebody was faster, or the walk only wants its bits set.
        let dirty = if context.access == Access::Write { Pte::DIRTY } else { 0 };
        self.set_pte(context.mm, context.addr, slot, pte.with(Pte::ACCESSED | dirty));
        FaultOutcome::DONE
    }

    fn do_pte_missing(&mut self, context: &FaultContext, slot: Option<Slot>) -> FaultOutcome {
        let vma = self.mms[context.mm].vmas.get(context.vma);
        if let (true, Some(slot)) = (vma.is_anonymous(), slot) {
            return self.call("do_anonymous_page", |k| k.do_anonymous_page(context, slot));
        }
        let shared = vma.flags.contains(VmFlags::SHARED);
        let tables = &mut self.mms[context.mm].tables;
        if slot.is_none() && !tables.make_upper(&mut self.phys, context.addr, &mut self.trace) {
            return FaultOutcome::OutOfMemory;
        }
        match (context.access == Access::Write, shared) {
            (false, _) => self.call("do_read_fault", |k| k.do_read_fault(context)),
            (true, false) => self.call("do_cow_fault", |k| k.do_cow_fault(context)),
            (true, true) => self.call("do_shared_fault", |k| k.do_shared_fault(context)),
        }
    }

    /// Writes the entry of the faulting page and books the mapping. `false` when RAM for a table is
    /// exhausted.
    pub(crate) fn install(&mut self, context: &FaultContext, pte: Pte) -> bool {
        let tables = &mut self.mms[context.mm].tables;
        let Some(slot) = tables.find_or_make(&mut self.phys, context.addr, &mut self.trace) else {
            return false;
        };
        self.set_pte(context.mm, context.addr, slot, pte);
        self.remember_mapping(context.mm, pte);
        true
    }
}
