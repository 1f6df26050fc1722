//! The first touch of private anonymous memory (Linux `mm/memory.c:do_anonymous_page`).

use super::{FaultContext, FaultOutcome, page_prot};
use crate::event::Note;
use crate::flags::VmFlags;
use crate::mm::kernel::Kernel;
use crate::mmu::{Access, Pte, Slot};
use crate::phys::{FrameFlags, Owner};

impl Kernel {
    /// A read maps the page of zeros; a write gets a frame of its own.
    pub(super) fn do_anonymous_page(&mut self, context: &FaultContext, slot: Slot) -> FaultOutcome {
        let vma = self.mms[context.mm].vmas.get(context.vma);
        let prot = page_prot(vma);
        if context.access != Access::Write {
            self.say(Note::Text("a read: the shared page of zeros, write-protected"));
            let pte = Pte::leaf(self.zero_page, prot | Pte::SPECIAL | Pte::ACCESSED);
            self.set_pte(context.mm, context.addr, slot, pte);
            return FaultOutcome::DONE;
        }
        let writable = vma.flags.contains(VmFlags::WRITE);
        self.anon_vma_prepare(context.mm, context.vma);
        let Some(pfn) = self.call("alloc_anon_folio", |k| {
            let owner = k.anon_owner(context);
            k.phys.alloc_zeroed(owner, &mut k.trace)
        }) else {
            return FaultOutcome::OutOfMemory;
        };
        self.phys.frame_mut(pfn).flags = FrameFlags::ANON_EXCLUSIVE | FrameFlags::SWAP_BACKED;
        let write = if writable { Pte::WRITE | Pte::DIRTY } else { 0 };
        let pte = Pte::leaf(pfn, prot | write | Pte::ACCESSED);
        self.set_pte(context.mm, context.addr, slot, pte);
        self.remember_mapping(context.mm, pte);
        FaultOutcome::DONE
    }

    /// Whose a new private page of this fault is.
    pub(super) fn anon_owner(&self, context: &FaultContext) -> Owner {
        let family = self.mms[context.mm].vmas.get(context.vma).anon_vma;
        let anon_vma = family.expect("prepared before the page is made");
        Owner::Anon { anon_vma, index: context.pgoff }
    }
}
