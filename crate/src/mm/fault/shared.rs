//! A write to a page of a shared mapping (Linux `mm/memory.c`: `do_shared_fault`, `do_page_mkwrite`): the object is told.

use super::{FaultContext, FaultOutcome};
use crate::mm::kernel::Kernel;

impl Kernel {
    /// Maps the object's own page, which is dirty from now on.
    pub(super) fn do_shared_fault(&mut self, context: &FaultContext) -> FaultOutcome {
        let found = match self.do_fault(context) {
            Ok(found) => found,
            Err(outcome) => return outcome,
        };
        if let Err(outcome) = self.note_write(context) {
            self.phys.put(found.pfn, &mut self.trace);
            return outcome;
        }
        // Linux `fault_dirty_shared_page`.
        self.fs.mark_dirty(found.pfn, &mut self.phys);
        self.finish_fault(context, found, true)
    }

    /// The first write to a page of a shared mapping (Linux `do_page_mkwrite`, `file_update_time`).
    ///
    /// # Errors
    /// The outcome of the fault, if the object does not let it be written or has yet to be asked.
    pub(super) fn note_write(&mut self, context: &FaultContext) -> Result<(), FaultOutcome> {
        if self.operations_of(context).wants_write_notify() {
            let operations = self.operations_of(context);
            self.call("do_page_mkwrite", |k| {
                operations.may_write(k, context)?;
                operations.page_mkwrite(k, context);
                Ok(())
            })?;
        }
        if let Some(file) = self.mms[context.mm].vmas.get(context.vma).file {
            let inode = self.fs.file(file).inode;
            self.fs.inode_mut(inode).modified += 1;
        }
        Ok(())
    }
}
