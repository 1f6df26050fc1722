//! The first write to a page of a private mapping (Linux `mm/memory.c:do_cow_fault`): a copy at once.

use super::{FaultContext, FaultOutcome};
use crate::event::Note;
use crate::mm::kernel::Kernel;
use crate::mm::vm_operations::FoundPage;
use crate::phys::FrameFlags;

impl Kernel {
    /// Copies the object's page into a frame of the process's own.
    pub(super) fn do_cow_fault(&mut self, context: &FaultContext) -> FaultOutcome {
        self.anon_vma_prepare(context.mm, context.vma);
        let found = match self.do_fault(context) {
            Ok(found) => found,
            Err(outcome) => return outcome,
        };
        let owner = self.anon_owner(context);
        let copy = self.phys.alloc_for_overwrite(owner, &mut self.trace);
        if let Some(to) = copy {
            self.call_with("copy_mc_user_highpage", Note::Copy { from: found.pfn, to }, |k| {
                k.phys.copy(found.pfn, to);
            });
        }
        self.phys.put(found.pfn, &mut self.trace);
        let Some(pfn) = copy else { return FaultOutcome::OutOfMemory };
        self.phys.frame_mut(pfn).flags = FrameFlags::ANON_EXCLUSIVE | FrameFlags::SWAP_BACKED;
        self.finish_fault(context, FoundPage { pfn, ..found }, true)
    }
}
