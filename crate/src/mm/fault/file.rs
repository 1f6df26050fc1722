//! What the faults on areas with operations share (Linux `mm/memory.c`: `__do_fault`, `finish_fault`): the object is
//! asked for the page, and the entry is written.

use super::{FaultContext, FaultOutcome, page_prot};
use crate::event::Note;
use crate::flags::VmFlags;
use crate::mm::kernel::Kernel;
use crate::mm::vm_operations;
use crate::mm::vm_operations::{FoundPage, VmOperations};
use crate::mmu::Pte;

impl Kernel {
    pub(super) fn operations_of(&self, context: &FaultContext) -> &'static dyn VmOperations {
        let vma = self.mms[context.mm].vmas.get(context.vma);
        vm_operations(vma.ops.expect("an anonymous area does not come here"))
    }

    /// Linux `__do_fault`: asks the area's object for the page.
    pub(super) fn do_fault(&mut self, context: &FaultContext) -> Result<FoundPage, FaultOutcome> {
        let operations = self.operations_of(context);
        let vma = self.mms[context.mm].vmas.get(context.vma);
        let name = self.fault_name(vma).unwrap_or_default();
        self.call_with("vma->vm_ops->fault", Note::Text(name), |k| operations.fault(k, context))
    }

    /// Writes the entry. The reference in `found` becomes the entry's.
    pub(super) fn finish_fault(&mut self, context: &FaultContext, found: FoundPage, write: bool) -> FaultOutcome {
        self.call_with("finish_fault", Note::Page { addr: context.addr, pfn: found.pfn }, |k| {
            let vma = k.mms[context.mm].vmas.get(context.vma);
            let mut bits = page_prot(vma) | Pte::ACCESSED;
            if write {
                bits |= Pte::DIRTY;
                if vma.flags.contains(VmFlags::WRITE) {
                    bits |= Pte::WRITE;
                }
            }
            if k.install(context, Pte::leaf(found.pfn, bits)) {
                return FaultOutcome::Done { major: found.major };
            }
            k.phys.put(found.pfn, &mut k.trace);
            FaultOutcome::OutOfMemory
        })
    }
}
