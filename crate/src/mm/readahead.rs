//! Reading a disk file into the cache before anybody asked for it (Linux `mm/readahead.c`, and
//! `do_sync_mmap_readahead` of `mm/filemap.c`). What Linux marks so as to read further ahead later is not
//! modelled. RAM that runs out ends it early: nobody waits for these pages.

use super::fault::FaultContext;
use super::kernel::Kernel;
use crate::addr::{PAGE_SIZE, VirtRange};
use crate::event::Note;
use crate::flags::VmFlags;
use crate::fs::InodeKind;
use crate::ids::{InodeId, MmId, VmaId};
use std::ops::Range;

/// The largest request that the reference kernel's disk takes, in pages (`max_sectors_kb` 4096): so much can be
/// asked for even where nothing is read ahead.
const IO_PAGES: u64 = (4 << 20) / PAGE_SIZE;

impl Kernel {
    /// What a fault on an absent page reads besides it: half the window before and half behind, only behind where
    /// the program said it goes forward, nothing where it jumps.
    pub(super) fn do_sync_mmap_readahead(&mut self, context: &FaultContext) {
        let vma = self.mms[context.mm].vmas.get(context.vma);
        let (flags, Some(file)) = (vma.flags, vma.file) else { return };
        if flags.contains(VmFlags::RAND_READ) {
            return;
        }
        let window = self.sysctl.read_ahead_pages;
        let (forward, program) = (flags.contains(VmFlags::SEQ_READ), flags.contains(VmFlags::EXEC));
        let start = if forward || program { context.pgoff } else { context.pgoff.saturating_sub(window / 2) };
        // Of a program nothing is read beyond its area.
        let border = if program && !forward { vma.pgoff_end() } else { u64::MAX };
        self.page_cache_ra_unbounded(self.fs.file(file).inode, start..start.saturating_add(window).min(border));
    }

    /// MADV_WILLNEED on a part of an area: the pages of a disk file are read into the cache, as many as the disk
    /// takes at once (Linux `madvise_willneed` → `force_page_cache_ra`). Memory has nothing to read without swap.
    pub(super) fn madvise_willneed(&mut self, mm: MmId, id: VmaId, part: VirtRange) {
        let vma = self.mms[mm].vmas.get(id);
        let Some(file) = vma.file.filter(|file| self.fs.inode_of(*file).kind.is_written_back()) else { return };
        let (first, inode) = (vma.pgoff_of(part.start), self.fs.file(file).inode);
        self.call_with("madvise_willneed", Note::Range { what: "read ahead", range: part }, |k| k.read_ahead(inode, first, part.pages()));
    }

    /// Reads pages in a row, as many as the disk takes at once.
    pub(super) fn read_ahead(&mut self, inode: InodeId, first: u64, count: u64) {
        let pages = first..first.saturating_add(count.min(self.sysctl.read_ahead_pages.max(IO_PAGES)));
        match self.fs.inode(inode).kind {
            InodeKind::Fuse => self.fs.offer_ahead(inode, pages),
            _ => self.page_cache_ra_unbounded(inode, pages),
        }
    }

    /// Brings those pages of a file into the cache that are not there, up to its end.
    fn page_cache_ra_unbounded(&mut self, inode: InodeId, pages: Range<u64>) {
        for index in pages.start..pages.end.min(self.fs.inode(inode).page_count()) {
            let missing = !self.fs.inode(inode).is_cached(index);
            if missing && self.fs.fill_page(inode, index, &mut self.phys, &mut self.trace).is_none() {
                return;
            }
        }
    }
}
