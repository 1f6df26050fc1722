//! The end of an address space (Linux `mm/mmap.c:exit_mmap`).

use super::kernel::Kernel;
use super::zap::Zap;
use crate::addr::{TASK_SIZE_LA57, USER_END, VirtRange};
use crate::flags::VmFlags;
use crate::ids::MmId;

const EVERYTHING: VirtRange = VirtRange::new(0, TASK_SIZE_LA57);

impl Kernel {
    /// Drops a user of an address space; the last one ends it (Linux `mmput`).
    pub(crate) fn mmput(&mut self, mm: MmId) {
        self.mms[mm].users -= 1;
        if self.mms[mm].users == 0 {
            self.exit_mmap(mm);
        }
    }

    /// Unmaps everything and frees the tables; the id is free afterwards.
    pub(crate) fn exit_mmap(&mut self, mm: MmId) {
        self.call("exit_mmap", |k| {
            // Nobody runs in it any more: the TLB forgets it at once, not page by page.
            if k.cpu.cr3() == Some(k.mms[mm].tables.root) {
                k.cpu.load_cr3(None, &mut k.trace);
            }
            k.empty_mm(mm);
            let mut space = k.mms.remove(mm).expect("an address space ends once");
            space.tables.destroy(&mut k.phys, &mut k.trace);
        });
    }

    /// Takes all pages and areas of an OOM victim away; the empty space stays until its tasks end.
    pub(crate) fn reap_mm(&mut self, mm: MmId) {
        self.call("oom_reap_task", |k| k.empty_mm(mm));
    }

    fn empty_mm(&mut self, mm: MmId) {
        self.zap_page_range(mm, EVERYTHING, Zap::Everything);
        let ids: Vec<_> = self.mms[mm].vmas.iter().map(|(id, _)| id).collect();
        for id in ids {
            let (flags, pages) = self.unlink_vma(mm, id);
            self.mms[mm].account_vm(flags, pages, false);
            if flags.contains(VmFlags::ACCOUNT) {
                self.vm_unacct_memory(pages);
            }
        }
        (self.mms[mm].locked_vm, self.mms[mm].locked_vm_drift) = (0, 0);
        self.free_pgtables(mm, EVERYTHING, EVERYTHING.start, USER_END);
    }
}
