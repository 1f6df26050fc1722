//! `msync(2)` (Linux `mm/msync.c`).

use super::kernel::Kernel;
use crate::addr::{VirtAddr, VirtRange, page_align};
use crate::errno::{Errno, SysResult};
use crate::flags::VmFlags;
use crate::fs::{InodeKind, Notice};
use crate::ids::{InodeId, MmId};
use crate::mmu::Pte;
use crate::why::Why;
use std::ops::Range;

const MS_ASYNC: u64 = 1;
const MS_INVALIDATE: u64 = 2;
const MS_SYNC: u64 = 4;

impl Kernel {
    /// Writes shared pages back.
    ///
    /// # Errors
    /// EINVAL bad flags or address, ENOMEM a hole (with MS_ASYNC alone at once, else after the rest),
    /// EBUSY MS_INVALIDATE on a locked area.
    pub(crate) fn do_msync(&mut self, mm: MmId, start: VirtAddr, len: u64, flags: u64) -> SysResult {
        self.call("__do_sys_msync", |k| {
            let unknown = flags & !(MS_ASYNC | MS_INVALIDATE | MS_SYNC);
            k.require(unknown == 0, Errno::EINVAL, || Why::UnknownFlags { flags: unknown })?;
            k.require(start.is_page_aligned(), Errno::EINVAL, || Why::AddrUnaligned { addr: start })?;
            let both = flags & (MS_ASYNC | MS_SYNC) == MS_ASYNC | MS_SYNC;
            k.require(!both, Errno::EINVAL, || Why::UnknownFlags { flags })?;
            let range = VirtRange::from_len(start, page_align(len));
            k.require(range.end >= range.start, Errno::ENOMEM, || Why::Wraps { addr: start, len })?;
            k.msync_range(mm, range, flags)
        })
    }

    fn msync_range(&mut self, mm: MmId, range: VirtRange, flags: u64) -> SysResult {
        let mut hole = None;
        let mut at = range.start;
        while at < range.end {
            let Some(id) = self.mms[mm].vmas.find(at) else {
                hole = hole.or(Some(at));
                break;
            };
            let vma = self.mms[mm].vmas.get(id);
            let (area, vm_flags, file) = (vma.range, vma.flags, vma.file);
            if at < area.start {
                hole = hole.or(Some(at));
                if flags == MS_ASYNC {
                    break;
                }
                at = area.start;
                continue;
            }
            let busy = flags & MS_INVALIDATE != 0 && vm_flags.contains(VmFlags::LOCKED);
            self.require(!busy, Errno::EBUSY, || Why::LockedPages { at: area.start })?;
            if flags & MS_SYNC != 0
                && vm_flags.contains(VmFlags::SHARED)
                && let Some(file) = file
            {
                let inode = self.fs.file(file).inode;
                let first = self.mms[mm].vmas.get(id).pgoff_of(at);
                let pages = first..first + VirtRange { start: at, end: area.end.min(range.end) }.pages();
                let synced = !matches!(self.fs.inode(inode).kind, InodeKind::Secret | InodeKind::Device { .. });
                self.require(synced, Errno::EINVAL, || Why::OnlyMapped)?;
                self.call("vfs_fsync_range", |k| k.vfs_fsync_range(inode, pages));
            }
            at = area.end;
        }
        match hole {
            Some(at) => self.refuse(Errno::ENOMEM, Why::Hole { at }),
            None => Ok(0),
        }
    }

    /// Writes back, and asks whoever has the contents outside that all of it arrives.
    pub(crate) fn vfs_fsync_range(&mut self, inode: InodeId, pages: Range<u64>) {
        self.write_back(inode, pages);
        self.fs.notify(inode, |serial| Notice::Synced { serial });
    }

    /// Writes a disk file's dirty pages back: they become clean, and their entries read-only again, so
    /// that the next write is told to the file. Only `pages` of it; files in memory have nowhere to be
    /// written to.
    pub(crate) fn write_back(&mut self, inode: InodeId, pages: Range<u64>) {
        if !self.fs.inode(inode).kind.is_written_back() {
            return;
        }
        let areas: Vec<_> = self.i_mmap.areas(inode).collect();
        for (mm, id) in areas {
            // Of areas that go together one may have gone when another closes the file.
            let Some(vma) = self.mms[mm].vmas.try_get(id).filter(|vma| vma.flags.contains(VmFlags::SHARED)) else { continue };
            let Some(range) = vma.part_showing(&pages) else { continue };
            let mut next = range.start;
            while let Some((addr, slot, pte)) = self.mms[mm].tables.next_used(&self.phys, next, range.end) {
                if pte.is_present() && (pte.has(Pte::DIRTY) || pte.is_writable()) {
                    self.set_pte(mm, addr, slot, pte.without(Pte::DIRTY | Pte::WRITE));
                }
                next = addr + 4096;
            }
        }
        self.fs.write_back(inode, pages, &mut self.phys);
    }
}
