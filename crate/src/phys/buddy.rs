//! The buddy allocator (Linux `mm/page_alloc.c`): free blocks of 2^order frames, split on demand and
//! joined with their buddies when freed. Single frames go through a short hot list first, as through
//! the kernel's per-CPU lists. Lower frame numbers are handed out first: ascending frames are kind to
//! the host's prefetcher.

use super::frame::{Frame, NIL};
use crate::addr::Pfn;

/// Largest block: 2^10 frames, 4 MiB.
pub const MAX_ORDER: u8 = 10;
/// Single frames kept ready before they are joined into blocks again.
const HOT_LIMIT: usize = 64;

#[derive(Clone, Debug)]
pub(super) struct Buddy {
    total: u32,
    free: u32,
    /// Frames from here on were never used and are in no list.
    untouched: u32,
    heads: [u32; MAX_ORDER as usize + 1],
    /// Blocks in each list.
    listed: [u32; MAX_ORDER as usize + 1],
    hot: Vec<Pfn>,
}

impl Buddy {
    pub(super) fn new(total: u32) -> Self {
        Self {
            total,
            free: total,
            untouched: 0,
            heads: [NIL; MAX_ORDER as usize + 1],
            listed: [0; MAX_ORDER as usize + 1],
            hot: Vec::new(),
        }
    }

    pub(super) fn total(&self) -> u32 {
        self.total
    }

    pub(super) fn free(&self) -> u32 {
        self.free
    }

    /// Free blocks per order; untouched memory is counted in the largest blocks that fit.
    pub(super) fn free_blocks(&self) -> [u32; MAX_ORDER as usize + 1] {
        let mut counts = [0; MAX_ORDER as usize + 1];
        counts[0] += self.hot.len() as u32;
        let mut listed = self.hot.len() as u32;
        for (order, count) in self.listed.iter().enumerate() {
            counts[order] += count;
            listed += count << order;
        }
        let mut rest = self.free - listed;
        for order in (0..=MAX_ORDER).rev() {
            counts[order as usize] += rest >> order;
            rest &= (1 << order) - 1;
        }
        counts
    }

    #[inline]
    pub(super) fn alloc_frame(&mut self, frames: &mut Vec<Frame>) -> Option<Pfn> {
        let pfn = match self.hot.pop() {
            Some(pfn) => pfn,
            None => Pfn(self.take_block(0, frames)?),
        };
        self.free -= 1;
        Some(pfn)
    }

    #[inline]
    pub(super) fn free_frame(&mut self, pfn: Pfn, frames: &mut [Frame]) {
        self.free += 1;
        if self.hot.len() == HOT_LIMIT {
            self.spill_hot(frames);
        }
        self.hot.push(pfn);
    }

    /// Joins the older half of the hot list into blocks.
    #[cold]
    fn spill_hot(&mut self, frames: &mut [Frame]) {
        let older: Vec<_> = self.hot.drain(..HOT_LIMIT / 2).collect();
        for pfn in older {
            self.join(pfn.0, frames);
        }
    }

    fn take_block(&mut self, order: u8, frames: &mut Vec<Frame>) -> Option<u32> {
        let from = (order..=MAX_ORDER).find(|&o| self.heads[o as usize] != NIL);
        let Some(from) = from else { return self.take_untouched(order, frames) };
        let block = self.heads[from as usize];
        self.unlink(block, from, frames);
        // Give the upper halves back until the block has the wanted size.
        for smaller in (order..from).rev() {
            self.link(block + (1 << smaller), smaller, frames);
        }
        Some(block)
    }

    fn take_untouched(&mut self, order: u8, frames: &mut Vec<Frame>) -> Option<u32> {
        let size = 1u32 << order;
        let block = self.untouched.next_multiple_of(size);
        if block + size > self.total {
            return None;
        }
        frames.resize((block + size) as usize, Frame::UNUSED);
        let skipped = self.untouched..block;
        self.untouched = block + size;
        for frame in skipped {
            self.join(frame, frames);
        }
        Some(block)
    }

    fn join(&mut self, mut block: u32, frames: &mut [Frame]) {
        let mut order = 0;
        while order < MAX_ORDER {
            let buddy = block ^ (1 << order);
            if frames.get(buddy as usize).is_none_or(|b| b.free_order != Some(order)) {
                break;
            }
            self.unlink(buddy, order, frames);
            block &= !(1 << order);
            order += 1;
        }
        self.link(block, order, frames);
    }

    fn link(&mut self, block: u32, order: u8, frames: &mut [Frame]) {
        let head = std::mem::replace(&mut self.heads[order as usize], block);
        if head != NIL {
            frames[head as usize].prev = block;
        }
        let frame = &mut frames[block as usize];
        (frame.free_order, frame.prev, frame.next) = (Some(order), NIL, head);
        self.listed[order as usize] += 1;
    }

    fn unlink(&mut self, block: u32, order: u8, frames: &mut [Frame]) {
        let Frame { prev, next, .. } = frames[block as usize];
        match prev {
            NIL => self.heads[order as usize] = next,
            _ => frames[prev as usize].next = next,
        }
        if next != NIL {
            frames[next as usize].prev = prev;
        }
        let frame = &mut frames[block as usize];
        (frame.free_order, frame.prev, frame.next) = (None, NIL, NIL);
        self.listed[order as usize] -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freed_frames_join_into_the_largest_block() {
        let (mut buddy, mut frames) = (Buddy::new(1024), Vec::new());
        let all: Vec<_> = (0..1024).map(|_| buddy.alloc_frame(&mut frames).unwrap()).collect();
        assert_eq!((buddy.free(), buddy.alloc_frame(&mut frames)), (0, None));
        for pfn in all {
            buddy.free_frame(pfn, &mut frames);
        }
        buddy.spill_hot(&mut frames);
        assert_eq!(buddy.free(), 1024);
        let in_blocks: u32 = buddy.free_blocks().iter().enumerate().map(|(o, n)| n << o).sum();
        assert_eq!(in_blocks, 1024);
        assert!(buddy.free_blocks()[5..].iter().sum::<u32>() > 0, "buddies were joined");
    }

    #[test]
    fn larger_blocks_are_aligned_to_their_size() {
        let (mut buddy, mut frames) = (Buddy::new(64), Vec::new());
        buddy.alloc_frame(&mut frames).unwrap();
        assert_eq!(buddy.take_block(4, &mut frames), Some(16));
        assert_eq!(buddy.alloc_frame(&mut frames), Some(Pfn(1)));
    }
}
