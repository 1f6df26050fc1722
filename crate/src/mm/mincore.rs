//! `mincore(2)` (Linux `mm/mincore.c`).

use super::kernel::Kernel;
use super::task::Capabilities;
use crate::addr::{Pfn, VirtAddr, VirtRange, page_align};
use crate::errno::{Errno, SysResult};
use crate::fs::Inode;
use crate::ids::{MmId, VmaId};
use crate::phys::FrameFlags;
use crate::vma::Vma;
use crate::why::Why;

impl Kernel {
    /// The checks on the range, before any page is looked at.
    ///
    /// # Errors
    /// EINVAL unaligned, ENOMEM beyond user space.
    pub(crate) fn check_mincore_range(&mut self, start: VirtAddr, len: u64) -> SysResult<VirtRange> {
        self.require(start.is_page_aligned(), Errno::EINVAL, || Why::AddrUnaligned { addr: start })?;
        let inside = start.0 <= self.task_size() && len <= self.task_size() - start.0;
        self.require(inside, Errno::ENOMEM, || Why::BeyondTaskSize { addr: start, len })?;
        Ok(VirtRange::from_len(start, page_align(len)))
    }

    /// One byte a page, 1 if a fault would not have to read it; and the first hole, where it stops.
    pub(crate) fn mincore_vector(&mut self, mm: MmId, range: VirtRange) -> (Vec<u8>, Option<VirtAddr>) {
        self.call("do_mincore", |k| {
            let mut vector = Vec::new();
            let mut at = range.start;
            while at < range.end {
                let Some(id) = k.mms[mm].vmas.lookup(at) else { return (vector, Some(at)) };
                let end = k.mms[mm].vmas.get(id).range.end.min(range.end);
                k.mincore_vma(mm, id, VirtRange { start: at, end }, &mut vector);
                at = end;
            }
            (vector, None)
        })
    }

    fn mincore_vma(&self, mm: MmId, id: VmaId, part: VirtRange, vector: &mut Vec<u8>) {
        let vma = self.mms[mm].vmas.get(id);
        if !self.can_do_mincore(vma) {
            vector.resize(vector.len() + part.pages() as usize, 1);
            return;
        }
        let inode = vma.file.filter(|_| vma.ops.is_some()).map(|file| self.fs.inode_of(file));
        for addr in part.page_addrs() {
            let pte = self.mms[mm].tables.get(&self.phys, addr);
            // Behind the end of the file too: a write that failed leaves pages there.
            let cached = || inode.is_some_and(|inode| self.is_resident(inode, vma.pgoff_of(addr)));
            vector.push((pte.is_present() || cached()) as u8);
        }
    }

    /// Whether a page of a file is cached, and not only room for one.
    pub(crate) fn is_resident(&self, inode: &Inode, index: u64) -> bool {
        inode.frame_of(index).map_or_else(|| inode.is_cached(index), |pfn| self.is_filled(pfn))
    }

    /// Whether a frame of a cache holds its page, and is not only room for it (Linux `folio_test_uptodate`).
    #[inline]
    pub(crate) fn is_filled(&self, pfn: Pfn) -> bool {
        !self.phys.frame(pfn).flags.contains(FrameFlags::UNFILLED)
    }

    /// Whether the caller may know what is cached: it owns the file or may write it.
    fn can_do_mincore(&self, vma: &Vma) -> bool {
        if vma.is_anonymous() {
            return true;
        }
        // Of vdso and vvar, which have no file, nobody is told.
        let Some(file) = vma.file else { return false };
        let (inode, task) = (self.fs.inode_of(file), self.task());
        inode.uid == task.uid || task.capable(Capabilities::FOWNER) || inode.mode & 0o002 != 0
    }
}
