//! Where a file has data and where it has holes (Linux `mm/filemap.c:mapping_seek_hole_data`, `fs/iomap/seek.c`).

use super::{Inode, InodeKind};
use crate::addr::{PAGE_SIZE, Pfn};
use crate::phys::{FrameFlags, Phys};

impl Inode {
    /// The first place at or after a given one that has data, in bytes; `None` if there is none before the end.
    pub fn next_data(&self, from: u64, phys: &Phys) -> Option<u64> {
        let mut index = from / PAGE_SIZE;
        while index < self.page_count() {
            if self.is_data(index, phys) {
                return Some(from.max(index * PAGE_SIZE));
            }
            index = self.next_that_may_be_data(index + 1)?;
        }
        None
    }

    /// The first place at or after a given one that is a hole, in bytes: the end of the file is one.
    pub fn next_hole(&self, from: u64, phys: &Phys) -> u64 {
        let pages = from / PAGE_SIZE..self.page_count();
        let hole = pages.into_iter().find(|index| !self.is_data(*index, phys)).unwrap_or(self.page_count());
        from.max(hole * PAGE_SIZE).min(self.size)
    }

    /// Whether a page is data. In memory it is one that is filled. On a disk it is a page with a place, one that was
    /// written and waits for its place, or one that is cached above room that was kept.
    fn is_data(&self, index: u64, phys: &Phys) -> bool {
        let frame = self.frame_of(index).map(|pfn| phys.frame(pfn));
        let is_filled = frame.is_some_and(|frame| !frame.flags.contains(FrameFlags::UNFILLED));
        if self.kind == InodeKind::Shmem {
            return is_filled || self.is_warm_page(index);
        }
        let waits = frame.is_some_and(|frame| frame.flags.contains(FrameFlags::DIRTY));
        self.has_block(index) || waits || (is_filled && self.has_room(index))
    }

    fn next_that_may_be_data(&self, index: u64) -> Option<u64> {
        let on_disk = (index * PAGE_SIZE < self.backing_end).then_some(index);
        let cached: Option<(&u64, &Pfn)> = self.pages.range(index..).next();
        let written = self.written_blocks.range(index..).next();
        [on_disk, cached.map(|(index, _)| *index), written.copied()].into_iter().flatten().min()
    }
}
