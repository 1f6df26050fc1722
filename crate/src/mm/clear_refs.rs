//! Forgetting what was used (Linux `fs/proc/task_mmu.c:clear_refs_write`).

use super::kernel::Kernel;
use crate::addr::PAGE_SIZE;
use crate::flags::VmFlags;
use crate::ids::MmId;
use crate::mmu::Pte;
use crate::phys::FrameFlags;

/// What a number written to `/proc/PID/clear_refs` asks for (`proc_pid_clear_refs(5)`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClearRefs {
    /// 1: the referenced and accessed bits of all pages.
    All,
    /// 2: of areas without a file.
    Anonymous,
    /// 3: of areas with a file.
    Mapped,
    /// 4: the soft-dirty bits.
    SoftDirty,
    /// 5: the largest resident set becomes the present one.
    HiwaterRss,
}

impl ClearRefs {
    /// The meaning of a number.
    pub fn from_number(number: i64) -> Option<Self> {
        Some(match number {
            1 => Self::All,
            2 => Self::Anonymous,
            3 => Self::Mapped,
            4 => Self::SoftDirty,
            5 => Self::HiwaterRss,
            _ => return None,
        })
    }
}

impl Kernel {
    /// Clears what is asked for in a whole address space.
    pub(crate) fn clear_refs(&mut self, mm: MmId, what: ClearRefs) {
        self.call("clear_refs_write", |k| match what {
            ClearRefs::HiwaterRss => k.mms[mm].hiwater_rss = k.mms[mm].rss_told_total(),
            ClearRefs::SoftDirty => {
                let ids: Vec<_> = k.mms[mm].vmas.iter().map(|(id, _)| id).collect();
                for id in ids {
                    k.mms[mm].vmas.get_mut(id).flags -= VmFlags::SOFTDIRTY;
                }
            }
            ClearRefs::All | ClearRefs::Anonymous | ClearRefs::Mapped => k.clear_accessed(mm, what),
        });
    }

    fn clear_accessed(&mut self, mm: MmId, what: ClearRefs) {
        let vmas = self.mms[mm].vmas.iter().filter(|(_, vma)| {
            let fits = match what {
                ClearRefs::Anonymous => vma.file.is_none(),
                ClearRefs::Mapped => vma.file.is_some(),
                _ => true,
            };
            fits && !vma.flags.contains(VmFlags::PFNMAP)
        });
        let ranges: Vec<_> = vmas.map(|(_, vma)| vma.range).collect();
        for range in ranges {
            let mut next = range.start;
            while let Some((addr, slot, pte)) = self.mms[mm].tables.next_used(&self.phys, next, range.end) {
                next = addr + PAGE_SIZE;
                if pte.maps_counted_frame() {
                    self.set_pte(mm, addr, slot, pte.without(Pte::ACCESSED));
                    self.phys.frame_mut(pte.pfn()).flags -= FrameFlags::REFERENCED;
                }
            }
        }
    }
}
