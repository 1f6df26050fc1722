//! Limits and commitments: RLIMIT_AS and RLIMIT_DATA (Linux `may_expand_vm`), RLIMIT_MEMLOCK
//! (`mlock_future_ok`), overcommit (`__vm_enough_memory`).

use super::kernel::Kernel;
use super::task::{Capabilities, Resource};
use crate::addr::PAGE_SHIFT;
use crate::errno::{Errno, SysResult};
use crate::flags::VmFlags;
use crate::ids::MmId;
use crate::why::Why;

/// Pages promised to processes (`Committed_AS`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Commit {
    /// Pages.
    pub pages: u64,
    /// How many of them nobody will ever give back: the kernel forgets to count some out (see
    /// `expand_stack`), and so do we; this keeps the books right.
    pub drift: u64,
}

impl Kernel {
    /// Whether `pages` more of a kind of memory fit under RLIMIT_AS and RLIMIT_DATA; why not.
    #[inline]
    pub(crate) fn may_expand_vm(&self, mm: MmId, flags: VmFlags, pages: u64) -> Result<(), Why> {
        let (task, mm) = (self.task(), &self.mms[mm]);
        let total = mm.total_vm.saturating_add(pages);
        let limit = task.limit(Resource::As) >> PAGE_SHIFT;
        if total > limit {
            return Err(Why::AddressSpaceLimit { total, limit });
        }
        if !flags.is_data() {
            return Ok(());
        }
        let data = mm.data_vm.saturating_add(pages);
        let bounds = task.rlimits[Resource::Data as usize];
        let limit = bounds.cur >> PAGE_SHIFT;
        // A soft limit of 0 stands for the hard one here (but not in brk).
        if data > limit && !(bounds.cur == 0 && data <= bounds.max >> PAGE_SHIFT) {
            return Err(Why::DataLimit { data, limit });
        }
        Ok(())
    }

    /// Whether `bytes` more may be locked (always, unless `flags` say locked).
    #[inline]
    pub(crate) fn mlock_future_ok(&self, mm: MmId, flags: VmFlags, bytes: u64) -> Result<(), Why> {
        if !flags.contains(VmFlags::LOCKED) || self.task().capable(Capabilities::IPC_LOCK) {
            return Ok(());
        }
        let locked = self.mms[mm].locked_vm + (bytes >> PAGE_SHIFT);
        let limit = self.task().limit(Resource::Memlock) >> PAGE_SHIFT;
        if locked <= limit { Ok(()) } else { Err(Why::MemlockLimit { locked, limit }) }
    }

    /// Whether the task may lock anything at all (Linux `can_do_mlock`).
    pub(crate) fn can_do_mlock(&self) -> bool {
        self.task().limit(Resource::Memlock) != 0 || self.task().capable(Capabilities::IPC_LOCK)
    }

    /// Promises `pages` more, or refuses with ENOMEM.
    #[inline]
    pub(crate) fn vm_enough_memory(&mut self, mm: MmId, pages: u64) -> SysResult<()> {
        let mode = self.sysctl.overcommit_memory;
        let enough = match mode {
            1 => true,
            2 => self.commit.pages + pages < self.commit_limit(mm),
            _ => pages <= self.sysctl.total_pages + self.sysctl.swap_pages,
        };
        self.require(enough, Errno::ENOMEM, || Why::Overcommit { pages, mode })?;
        self.commit.pages += pages;
        Ok(())
    }

    /// `CommitLimit` of `/proc/meminfo`, in pages (Linux `vm_commit_limit`).
    pub(crate) fn vm_commit_limit(&self) -> u64 {
        let allowed = match self.sysctl.overcommit_kbytes {
            0 => self.sysctl.total_pages.saturating_mul(self.sysctl.overcommit_ratio) / 100,
            kbytes => kbytes >> 2,
        };
        allowed + self.sysctl.swap_pages
    }

    /// What mode 2 allows this process: CommitLimit less the reserves.
    fn commit_limit(&self, mm: MmId) -> u64 {
        let sysctl = &self.sysctl;
        let mut allowed = self.vm_commit_limit();
        if !self.task().capable(Capabilities::SYS_ADMIN) {
            allowed = allowed.saturating_sub(sysctl.admin_reserve_kbytes >> 2);
        }
        let reserve = (self.mms[mm].total_vm / 32).min(sysctl.user_reserve_kbytes >> 2);
        allowed.saturating_sub(reserve)
    }

    /// Takes a promise back.
    #[inline]
    pub(crate) fn vm_unacct_memory(&mut self, pages: u64) {
        debug_assert!(self.commit.pages >= pages, "more is given back than was promised");
        self.commit.pages -= pages;
    }
}
