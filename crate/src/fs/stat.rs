//! What a file takes on its disk, or in memory.

use super::{Inode, InodeKind};
use crate::addr::PAGE_SIZE;
use crate::phys::{FrameFlags, Phys};
use std::ops::Range;

/// Units of 512 bytes in a page: `st_blocks` counts them.
const SECTORS_A_PAGE: u64 = PAGE_SIZE / 512;

impl Inode {
    /// What the file takes, in units of 512 bytes (`st_blocks`). On a disk what was written and waits for its place counts
    /// (Linux `ext4_getattr`); the blocks that a long list of extents takes are not known here.
    pub fn sectors(&self, phys: &Phys) -> u64 {
        let pages = match self.kind {
            InodeKind::Shmem => self.cached_pages() + self.warm_pages_without_frames(),
            InodeKind::Disk => self.places() + self.pages_that_wait(phys),
            InodeKind::Fuse => self.page_count(),
            InodeKind::Directory => 1,
            _ => 0,
        };
        pages * SECTORS_A_PAGE
    }

    fn warm_pages_without_frames(&self) -> u64 {
        let all = if self.warm { self.backing_end.div_ceil(PAGE_SIZE) } else { 0 };
        all - self.pages.range(..all).count() as u64
    }

    /// Pages that have a place on the disk, or room that was kept for them.
    fn places(&self) -> u64 {
        let kept: u64 = self.room.iter().map(|(start, end)| end - start - self.blocks_in(*start..*end)).sum();
        self.blocks_in(0..u64::MAX) + kept
    }

    /// How many pages of a range have a place.
    fn blocks_in(&self, pages: Range<u64>) -> u64 {
        let end = pages.end.min(self.backing_end.div_ceil(PAGE_SIZE)).max(pages.start);
        let first = end - pages.start - self.holes.range(pages.start..end).count() as u64;
        let is_new = |index: &&u64| **index >= end || self.holes.contains(*index);
        first + self.written_blocks.range(pages).filter(is_new).count() as u64
    }

    fn pages_that_wait(&self, phys: &Phys) -> u64 {
        let waits = |(index, pfn): &(u64, _)| self.needs_place(*index) && phys.frame(*pfn).flags.contains(FrameFlags::DIRTY);
        self.pages().filter(waits).count() as u64
    }
}
