//! `mseal(2)` (Linux `mm/mseal.c`).

use super::kernel::Kernel;
use crate::addr::{VirtAddr, VirtRange};
use crate::errno::{Errno, SysResult};
use crate::flags::VmFlags;
use crate::ids::MmId;
use crate::why::Why;

impl Kernel {
    /// Seals a range: what is there can no longer be unmapped, moved, replaced or re-protected.
    ///
    /// # Errors
    /// EINVAL flags, unaligned, wrap; ENOMEM a hole (nothing is sealed then) or a split over the limit.
    pub(crate) fn do_mseal(&mut self, mm: MmId, start: VirtAddr, len: u64, flags: u64) -> SysResult {
        self.call("do_mseal", |k| {
            k.require(flags == 0, Errno::EINVAL, || Why::UnknownFlags { flags })?;
            let range = k.aligned_user_range(start, len)?;
            if let Some(at) = k.first_hole(mm, range) {
                return k.refuse(Errno::ENOMEM, Why::Hole { at });
            }
            let mut at = range.start;
            while at < range.end {
                let id = k.mms[mm].vmas.lookup(at).expect("the range has no hole");
                let vma = k.mms[mm].vmas.get(id);
                let (flags, part) = (vma.flags, VirtRange { start: at, end: vma.range.end.min(range.end) });
                if !flags.contains(VmFlags::SEALED) {
                    k.vma_modify_flags(mm, id, part, flags | VmFlags::SEALED)?;
                }
                at = part.end;
            }
            Ok(0)
        })
    }
}
