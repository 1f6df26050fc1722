//! A write to a page that is mapped read-only (Linux `mm/memory.c:do_wp_page`): reuse or copy.

use super::{FaultContext, FaultOutcome, page_prot};
use crate::event::Note;
use crate::flags::VmFlags;
use crate::mm::kernel::Kernel;
use crate::mmu::{Pte, Slot};
use crate::phys::FrameFlags;

impl Kernel {
    pub(super) fn do_wp_page(&mut self, context: &FaultContext, slot: Slot, pte: Pte) -> FaultOutcome {
        let vma = self.mms[context.mm].vmas.get(context.vma);
        if vma.flags.contains(VmFlags::SHARED) {
            if let Err(outcome) = self.note_write(context) {
                return outcome;
            }
            // Linux `fault_dirty_shared_page`: whoever else maps the page sees that it is dirty.
            if !pte.has(Pte::SPECIAL) {
                self.fs.mark_dirty(pte.pfn(), &mut self.phys);
            }
            return self.call("wp_page_shared", |k| k.make_writable(context, slot, pte));
        }
        if !pte.has(Pte::SPECIAL) && self.may_reuse(pte) {
            if context.unshare {
                return FaultOutcome::DONE;
            }
            return self.call("wp_page_reuse", |k| k.make_writable(context, slot, pte));
        }
        self.call("wp_page_copy", |k| k.wp_page_copy(context, slot, pte))
    }

    /// Whether a private page is ours alone: marked so, or this entry is its only holder
    /// (Linux `wp_can_reuse_anon_folio`).
    fn may_reuse(&mut self, pte: Pte) -> bool {
        let frame = self.phys.frame_mut(pte.pfn());
        if !frame.is_anon() {
            return false;
        }
        if !frame.flags.contains(FrameFlags::ANON_EXCLUSIVE) && frame.refcount == 1 {
            frame.flags |= FrameFlags::ANON_EXCLUSIVE;
        }
        let (exclusive, mapcount) = (frame.flags.contains(FrameFlags::ANON_EXCLUSIVE), frame.mapcount);
        self.say(Note::Value { name: "mapcount", value: mapcount.into() });
        exclusive
    }

    fn make_writable(&mut self, context: &FaultContext, slot: Slot, pte: Pte) -> FaultOutcome {
        let new = pte.with(self.write_bit(context) | Pte::ACCESSED | Pte::DIRTY);
        self.set_pte(context.mm, context.addr, slot, new);
        FaultOutcome::DONE
    }

    /// A debugger's write does not make a page writable for the program (Linux `maybe_mkwrite`).
    fn write_bit(&self, context: &FaultContext) -> u64 {
        let writable = self.mms[context.mm].vmas.get(context.vma).flags.contains(VmFlags::WRITE);
        if writable { Pte::WRITE } else { 0 }
    }

    fn wp_page_copy(&mut self, context: &FaultContext, slot: Slot, old: Pte) -> FaultOutcome {
        self.anon_vma_prepare(context.mm, context.vma);
        let owner = self.anon_owner(context);
        let from = old.pfn();
        let zero = from == self.zero_page && old.has(Pte::SPECIAL);
        let allocated = match zero {
            true => self.phys.alloc_zeroed(owner, &mut self.trace),
            false => self.phys.alloc_for_overwrite(owner, &mut self.trace),
        };
        let Some(to) = allocated else { return FaultOutcome::OutOfMemory };
        if zero {
            self.say(Note::Page { addr: context.addr, pfn: to });
        } else {
            self.phys.copy(from, to);
            self.say(Note::Copy { from, to });
        }
        self.phys.frame_mut(to).flags = FrameFlags::ANON_EXCLUSIVE | FrameFlags::SWAP_BACKED;
        let bits = page_prot(self.mms[context.mm].vmas.get(context.vma));
        let written = if context.unshare { 0 } else { self.write_bit(context) | Pte::DIRTY };
        let new = Pte::leaf(to, bits | Pte::ACCESSED | written);
        self.set_pte(context.mm, context.addr, slot, new);
        self.exchange_mapping(context.mm, old, new);
        FaultOutcome::DONE
    }
}
