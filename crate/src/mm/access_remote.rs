//! Reading and writing another process's memory as a debugger does (Linux `mm/memory.c:__access_remote_vm`,
//! what `/proc/PID/mem` and ptrace use).

use super::gup::Foll;
use super::kernel::Kernel;
use crate::addr::{PAGE_SIZE, VirtAddr};
use crate::ids::MmId;
use crate::mmu::Access;

/// Bytes on their way out of, or into, the other memory.
#[derive(Debug)]
pub enum Transfer<'a> {
    /// Out of it.
    Read(&'a mut [u8]),
    /// Into it.
    Write(&'a [u8]),
}

impl Kernel {
    /// Copies to or from an address space, also where its program may not: private memory that cannot be
    /// written is copied first. Stacks grow. How many bytes could be copied.
    pub(crate) fn access_remote_vm(&mut self, mm: MmId, addr: VirtAddr, mut transfer: Transfer<'_>) -> usize {
        self.call("access_remote_vm", |k| {
            let (len, access) = match &transfer {
                Transfer::Read(bytes) => (bytes.len(), Access::Read),
                Transfer::Write(bytes) => (bytes.len(), Access::Write),
            };
            let mut done = 0;
            while done < len {
                let at = VirtAddr(addr.0.wrapping_add(done as u64));
                if k.find_vma_expanding(mm, at).is_err() {
                    break;
                }
                let Ok(pfn) = k.get_user_page(mm, at, access, Foll::FORCE) else { break };
                let part = (len - done).min((PAGE_SIZE - at.page_offset()) as usize);
                match &mut transfer {
                    Transfer::Read(bytes) => k.phys.read(pfn, at.page_offset(), &mut bytes[done..done + part]),
                    Transfer::Write(bytes) => {
                        k.phys.write(pfn, at.page_offset(), &bytes[done..done + part]);
                        k.fs.mark_dirty(pfn, &mut k.phys);
                    }
                }
                done += part;
            }
            done
        })
    }
}
