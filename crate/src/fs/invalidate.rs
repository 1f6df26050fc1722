//! Dropping pages of a disk file from its cache (Linux `mm/truncate.c:mapping_try_invalidate`). What they held that the file's
//! first contents do not tell is kept as the disk's.

use super::{Fs, Inode};
use crate::addr::{PAGE_SIZE, Pfn};
use crate::event::Trace;
use crate::ids::InodeId;
use crate::phys::{FrameFlags, Phys};
use std::ops::Range;

impl Fs {
    /// Drops the pages of a range that are clean and that nobody but the cache holds. Pages that count as cached without a
    /// frame go too.
    pub fn invalidate_clean(&mut self, id: InodeId, pages: Range<u64>, phys: &mut Phys, trace: &mut Trace) {
        let inode = &mut self.inodes[id];
        let is_droppable = |pfn: Pfn| {
            let frame = phys.frame(pfn);
            frame.refcount == 1 && !frame.flags.contains(FrameFlags::DIRTY)
        };
        let doomed: Vec<_> =
            inode.pages.range(pages.clone()).map(|(index, pfn)| (*index, *pfn)).filter(|(_, pfn)| is_droppable(*pfn)).collect();
        for (index, pfn) in doomed {
            inode.keep_on_disk(index, pfn, phys);
            inode.pages.remove(&index);
            phys.put(pfn, trace);
        }
        inode.forget_warm(pages);
    }
}

impl Inode {
    /// The disk has what a frame holds, if it had something else at first.
    fn keep_on_disk(&mut self, index: u64, pfn: Pfn, phys: &Phys) {
        let (mut now, mut first) = ([0; PAGE_SIZE as usize], [0; PAGE_SIZE as usize]);
        phys.read(pfn, 0, &mut now);
        self.read_backing(index, &mut first);
        if now != first {
            self.on_disk.insert(index, now.into());
        }
    }

    /// Pages no longer count as cached without a frame.
    fn forget_warm(&mut self, pages: Range<u64>) {
        let end = pages.end.min(self.backing_end.div_ceil(PAGE_SIZE));
        if !self.warm || pages.start >= end {
            return;
        }
        let (mut start, mut end) = (pages.start, end);
        // Ranges that meet or overlap become one.
        while let Some((from, to)) = self.cold.range(..=end).next_back().map(|(from, to)| (*from, *to)).filter(|(_, to)| *to >= start) {
            self.cold.remove(&from);
            (start, end) = (start.min(from), end.max(to));
        }
        self.cold.insert(start, end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::InodeKind;

    #[test]
    fn what_is_dropped_in_parts_is_one_range() {
        let mut inode = Inode { warm: true, backing_end: 40 * PAGE_SIZE, ..Inode::new(InodeKind::Disk) };
        for pages in [2..4, 8..9, 4..6, 30..u64::MAX, 5..8] {
            inode.forget_warm(pages);
        }
        assert_eq!(inode.cold.iter().map(|(from, to)| (*from, *to)).collect::<Vec<_>>(), [(2, 9), (30, 40)]);
        assert_eq!([1, 2, 8, 9, 29, 30].map(|index| inode.is_warm_page(index)), [true, false, false, true, true, false]);
    }
}
