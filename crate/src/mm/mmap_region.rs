//! `mmap(2)` below the checks: making room, making or growing an area, and giving it its operations
//! in one of the three ways of the call tree (Linux `mm/vma.c:mmap_region`).

use super::file_operations::file_operations;
use super::kernel::Kernel;
use super::munmap::Doomed;
use crate::addr::{VirtAddr, VirtRange};
use crate::errno::{Errno, SysResult};
use crate::event::Note;
use crate::flags::VmFlags;
use crate::fs::{Inode, InodeKind, OpenMode, Purpose};
use crate::ids::{FileId, InodeId, MmId, VmOpsId, VmaId};
use crate::vma::{MergeProposal, Vma};
use crate::why::Why;

impl Kernel {
    /// Places a mapping at exactly `range`, replacing what is there.
    ///
    /// # Errors
    /// EACCES (write+execute denied), EPERM (sealed), ENOMEM (limits, overcommit), EINVAL (an area in
    /// the way may not be split), or what the file's own `mmap` says. The last leaves a hole, since
    /// what was there is gone by then; the split of an area at the border stays in any case.
    pub(crate) fn mmap_region(
        &mut self,
        mm: MmId,
        file: Option<FileId>,
        range: VirtRange,
        flags: VmFlags,
        pgoff: u64,
    ) -> SysResult<VirtAddr> {
        self.call_with("mmap_region", Note::Range { what: "", range }, |k| {
            k.check_mdwe(mm, flags, flags)?;
            let vmas = &k.mms[mm].vmas;
            let mut around = vmas.around(range.start);
            let overlaps = around.1.is_some_and(|next| vmas.get(next).range.start < range.end);
            let doomed = if overlaps { k.vms_gather_munmap_vmas(mm, range)? } else { Doomed::new() };
            let replaced = k.tally(mm, &doomed);
            if let Err(why) = k.may_expand_vm(mm, flags, range.pages().saturating_sub(replaced.pages)) {
                return k.refuse(Errno::ENOMEM, why);
            }
            // Asked before anything is taken away, as Linux asks `mmap_prepare`.
            k.ask_outside_to_map(file, range, flags, pgoff)?;
            let flags = k.charge_new_range(mm, flags, range.pages(), replaced.accounted)?;
            if overlaps {
                k.vms_complete_munmap_vmas(mm, &doomed, range, replaced.accounted_kept(flags));
                around = k.mms[mm].vmas.around(range.start);
            }
            let flags = match file {
                Some(file) => k.call_mmap_prepare(file, range, flags)?,
                None => flags,
            };
            let merged = k.merge_new_mapping(mm, file, range, flags, pgoff, around);
            let id = match merged {
                Some(id) => id,
                None => k.mmap_new_vma(mm, file, range, flags, pgoff)?,
            };
            k.mmap_complete(mm, id, range.pages(), flags);
            Ok(range.start)
        })
    }

    /// Promises memory for a private writable mapping: only what the replaced areas had not promised.
    fn charge_new_range(&mut self, mm: MmId, flags: VmFlags, pages: u64, released: u64) -> SysResult<VmFlags> {
        let accountable = flags & (VmFlags::NORESERVE | VmFlags::SHARED | VmFlags::WRITE) == VmFlags::WRITE;
        if !accountable {
            return Ok(flags);
        }
        if pages > released {
            self.vm_enough_memory(mm, pages - released)?;
        } else {
            self.vm_unacct_memory(released - pages);
        }
        Ok(flags | VmFlags::ACCOUNT)
    }

    fn merge_new_mapping(
        &mut self,
        mm: MmId,
        file: Option<FileId>,
        range: VirtRange,
        flags: VmFlags,
        pgoff: u64,
        around: (Option<VmaId>, Option<VmaId>),
    ) -> Option<VmaId> {
        // Each shared anonymous mapping has a file of its own: nothing to merge with.
        if file.is_none() && flags.contains(VmFlags::SHARED) {
            return None;
        }
        self.vma_merge_between(mm, MergeProposal::untouched(range, flags, pgoff, file), around)
    }

    /// Makes the area and its operations: a file's, shared memory's, or none (Linux `__mmap_new_vma`).
    fn mmap_new_vma(&mut self, mm: MmId, file: Option<FileId>, range: VirtRange, flags: VmFlags, pgoff: u64) -> SysResult<VmaId> {
        let mut vma = Vma::new(range, flags, pgoff);
        let made = match file {
            Some(file) => self.call_mmap(file, &mut vma),
            None if flags.contains(VmFlags::SHARED) => self.shmem_zero_setup(mm, &mut vma),
            None => {
                self.vma_set_anonymous(&mut vma);
                Ok(())
            }
        };
        if let Err(error) = made {
            self.uncharge_new_range(flags, range);
            return Err(error);
        }
        Ok(self.link_vma(mm, vma))
    }

    /// What the file does to the flags of a mapping that is to be made.
    fn call_mmap_prepare(&mut self, file: FileId, range: VirtRange, flags: VmFlags) -> SysResult<VmFlags> {
        let operations = file_operations(self.fs.inode_of(file).kind);
        operations.mmap_prepare(self, range, flags).inspect_err(|_| self.uncharge_new_range(flags, range))
    }

    fn uncharge_new_range(&mut self, flags: VmFlags, range: VirtRange) {
        if flags.contains(VmFlags::ACCOUNT) {
            self.vm_unacct_memory(range.pages());
        }
    }

    /// Anonymous memory: no operations.
    fn vma_set_anonymous(&mut self, vma: &mut Vma) {
        self.call("vma_set_anonymous", |k| {
            vma.ops = None;
            k.step("vma->vm_ops = NULL", Note::None);
        });
    }

    /// A file mapping: the file's own `mmap` sets the operations.
    fn call_mmap(&mut self, file: FileId, vma: &mut Vma) -> SysResult<()> {
        self.call("call_mmap", |k| {
            let operations = file_operations(k.fs.inode_of(file).kind);
            k.fs.get_file(file);
            vma.file = Some(file);
            k.step("vma->vm_file = file", Note::None);
            let name = k.mmap_name(file);
            let mapped = k.call_with("file->f_op->mmap", Note::Text(name), |k| {
                operations.mmap(k, vma)?;
                if let Some(ops) = vma.ops {
                    k.step("vma->vm_ops = &vm_ops", Note::Text(ops.name()));
                }
                Ok(())
            });
            if mapped.is_err() {
                k.fput(file);
            }
            mapped
        })
    }

    /// Shared anonymous memory: a nameless file in memory behind it.
    pub(crate) fn shmem_zero_setup(&mut self, mm: MmId, vma: &mut Vma) -> SysResult<()> {
        self.call("shmem_zero_setup", |k| {
            let reserve = !vma.flags.contains(VmFlags::NORESERVE);
            let file = k.shmem_kernel_file_setup(mm, "/dev/zero", vma.range.len(), reserve)?;
            let inode = k.fs.file(file).inode;
            k.fs.inode_mut(inode).purpose = Purpose::SharedAnonymous;
            if let Some(old) = vma.file.replace(file) {
                k.fput(old);
            }
            k.step("vma->vm_file = file", Note::None);
            vma.ops = Some(VmOpsId::Shmem);
            k.step("vma->vm_ops = &shmem_vm_ops", Note::None);
            Ok(())
        })
    }

    /// An unlinked file in memory of a size; promises the whole size if `reserve`.
    pub(crate) fn shmem_kernel_file_setup(&mut self, mm: MmId, name: &str, bytes: u64, reserve: bool) -> SysResult<FileId> {
        self.call("shmem_kernel_file_setup", |k| {
            if reserve {
                k.vm_enough_memory(mm, bytes.div_ceil(4096))?;
            }
            let inode = k.new_shmem_inode(bytes, reserve);
            let mode = OpenMode { read: true, write: true };
            Ok(k.fs.open(inode, &format!("{name} (deleted)"), mode))
        })
    }

    /// An inode in memory without a name. `reserved` remembers that its whole size was promised.
    pub(crate) fn new_shmem_inode(&mut self, bytes: u64, reserved: bool) -> InodeId {
        let uid = self.task().uid;
        let promised_pages = if reserved { bytes.div_ceil(4096) } else { 0 };
        self.fs.add_inode(Inode { size: bytes, mode: 0o777, uid, promised_pages, ..Inode::new(InodeKind::Shmem) })
    }

    /// Counters of a finished mapping; locked areas count their pages (Linux `__mmap_complete`).
    fn mmap_complete(&mut self, mm: MmId, id: VmaId, pages: u64, flags: VmFlags) {
        let vma = self.mms[mm].vmas.get_mut(id);
        let special = vma.flags.intersects(VmFlags::SPECIAL | VmFlags::HUGETLB | VmFlags::DROPPABLE);
        if special {
            vma.flags -= VmFlags::LOCKED | VmFlags::LOCKONFAULT;
        }
        let locked = vma.flags.contains(VmFlags::LOCKED);
        let space = &mut self.mms[mm];
        space.account_vm(flags, pages, true);
        if locked {
            space.locked_vm += pages;
        }
    }

    /// Memory that was ever writable must not become executable (Linux `map_deny_write_exec`).
    #[inline]
    pub(crate) fn check_mdwe(&mut self, mm: MmId, old: VmFlags, new: VmFlags) -> SysResult<()> {
        let gains = new.contains(VmFlags::WRITE) || !old.contains(VmFlags::EXEC);
        let denied = self.mms[mm].mdwe != 0 && new.contains(VmFlags::EXEC) && gains;
        self.require(!denied, Errno::EACCES, || Why::Mdwe)
    }
}
