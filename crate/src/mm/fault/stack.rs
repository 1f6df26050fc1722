//! Growing a stack down to a fault (Linux `mm/vma.c:expand_downwards`). The stack pointer is not
//! looked at: any address above the limit will do.

use crate::addr::{PAGE_SHIFT, STACK_GUARD_GAP, VirtAddr, VirtRange};
use crate::event::Event;
use crate::flags::VmFlags;
use crate::ids::{MmId, VmaId};
use crate::mm::kernel::Kernel;
use crate::mm::task::Resource;
use crate::why::SignalWhy;

impl Kernel {
    /// Lets a growing area reach the page of `addr`, which lies below it.
    ///
    /// # Errors
    /// Why it may not: a neighbour too near, a limit.
    pub(crate) fn expand_stack(&mut self, mm: MmId, id: VmaId, addr: VirtAddr) -> Result<(), SignalWhy> {
        let addr = addr.page_floor();
        if addr.0 < self.sysctl.lowest_search_addr() {
            return Err(SignalWhy::StackRefused { addr });
        }
        let vmas = &self.mms[mm].vmas;
        let vma = vmas.get(id);
        let (old, flags) = (vma.range, vma.flags);
        // Only accessible neighbours that are no stacks themselves keep a distance.
        let prev = vmas.prev(old.start).map(|prev| vmas.get(prev));
        let near = |prev: &&crate::vma::Vma| {
            !prev.flags.contains(VmFlags::GROWSDOWN) && prev.is_accessible() && addr - prev.range.end < STACK_GUARD_GAP
        };
        if prev.filter(near).is_some() {
            return Err(SignalWhy::StackGap { addr });
        }
        self.anon_vma_prepare(mm, id);
        let growth = (old.start - addr) >> PAGE_SHIFT;
        let pgoff = self.mms[mm].vmas.get(id).pgoff;
        if growth > pgoff {
            return Err(SignalWhy::StackOffset { addr, growth, pgoff });
        }
        self.account_stack_growth(mm, old.end - addr, growth, flags, addr)?;
        let to = VirtRange { start: addr, end: old.end };
        let space = &mut self.mms[mm];
        space.vmas.set_range(id, to);
        space.account_vm(flags, growth, true);
        if flags.contains(VmFlags::LOCKED) {
            space.locked_vm += growth;
        }
        self.trace.emit(|| Event::VmaChanged { mm, from: old, to, was: flags, flags });
        Ok(())
    }

    /// The limits of a grown stack (Linux `acct_stack_growth`).
    fn account_stack_growth(&mut self, mm: MmId, size: u64, growth: u64, flags: VmFlags, addr: VirtAddr) -> Result<(), SignalWhy> {
        if self.may_expand_vm(mm, flags, growth).is_err() {
            return Err(SignalWhy::StackRefused { addr });
        }
        let limit = self.task().limit(Resource::Stack);
        if size > limit {
            return Err(SignalWhy::StackLimit { addr, limit });
        }
        let may_lock = self.mlock_future_ok(mm, flags, growth << PAGE_SHIFT).is_ok();
        if !may_lock || self.vm_enough_memory(mm, growth).is_err() {
            return Err(SignalWhy::StackRefused { addr });
        }
        if !flags.contains(VmFlags::ACCOUNT) {
            // A stack that cannot be written pays for its growth, but gets nothing back when it goes.
            self.commit.drift += growth;
        }
        Ok(())
    }
}
