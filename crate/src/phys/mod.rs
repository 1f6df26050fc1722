//! Floor 1: physical memory. Frames, what is known of each (`struct page`), and who hands them out.
//!
//! Key types: [`Phys`], [`Frame`], [`Owner`]. Mirrors Linux `mm/page_alloc.c` and `struct page`.
//! It does not know page tables, VMAs or files; owners are plain numbers to it.

mod buddy;
mod frame;
mod image;
mod memory;

pub use buddy::MAX_ORDER;
pub use frame::{Frame, FrameFlags, Owner};

use crate::addr::{PAGE_SHIFT, PAGE_SIZE, Pfn};
use crate::blocks::{Blocks, Seen};
use crate::event::{Event, Trace};
use buddy::Buddy;
use image::Image;
use memory::Memory;

/// The whole of simulated RAM: bytes, metadata and allocator.
#[derive(Clone, Debug)]
pub struct Phys {
    memory: Memory,
    frames: Vec<Frame>,
    buddy: Buddy,
}

/// Simulated RAM at a moment. Contents and metadata that did not change are shared with the save before.
#[derive(Clone, Debug)]
pub struct PhysSave {
    image: Image,
    frames: Blocks<Frame, 64>,
    buddy: Buddy,
}

impl PhysSave {
    /// Bytes of what was not counted yet.
    pub fn bytes(&self, seen: &mut Seen) -> usize {
        size_of::<Self>() + self.image.bytes(seen) + self.frames.bytes(seen)
    }
}

impl Phys {
    /// RAM of `bytes`, rounded down to whole frames. Host memory is taken in chunks of 4 MiB
    /// as far as frames are in use.
    pub fn new(bytes: u64) -> Self {
        let count = (bytes >> PAGE_SHIFT) as u32;
        Self { memory: Memory::default(), frames: Vec::new(), buddy: Buddy::new(count) }
    }

    /// Saves everything. `written` are frames that may be written through host addresses.
    pub fn save(&mut self, before: Option<&PhysSave>, written: impl Iterator<Item = Pfn>) -> PhysSave {
        let frames = Blocks::of(&self.frames, before.map(|before| &before.frames));
        PhysSave { image: self.memory.save(written), frames, buddy: self.buddy.clone() }
    }

    /// Goes back, or on, to a save of the same machine. Host addresses stay; `written` as in [`Phys::save`].
    pub fn restore(&mut self, save: &PhysSave, written: impl Iterator<Item = Pfn>) {
        self.memory.restore(&save.image, written);
        save.frames.restore(&mut self.frames);
        self.buddy.clone_from(&save.buddy);
    }

    /// Notes that a frame may be written through its host address from now on.
    #[inline]
    pub fn mark_written(&mut self, pfn: Pfn) {
        self.memory.mark(pfn);
    }

    /// The frame of a host address.
    pub fn frame_at(&self, host: usize) -> Option<Pfn> {
        self.memory.frame_at(host)
    }

    /// Frames in the machine.
    pub fn total_frames(&self) -> u32 {
        self.buddy.total()
    }

    /// Frames nobody owns.
    pub fn free_frames(&self) -> u32 {
        self.buddy.free()
    }

    /// Free blocks per order (`/proc/buddyinfo`); frames of the allocator's hot list count as order 0.
    pub fn free_blocks(&self) -> [u32; MAX_ORDER as usize + 1] {
        self.buddy.free_blocks()
    }

    /// Takes a frame with one reference, filled with zeros. `None` when RAM is exhausted.
    #[inline]
    pub fn alloc_zeroed(&mut self, owner: Owner, trace: &mut Trace) -> Option<Pfn> {
        let pfn = self.buddy.alloc_frame(&mut self.frames)?;
        self.memory.ensure(pfn);
        if !self.frames[pfn.index()].flags.contains(FrameFlags::ZEROED) {
            self.memory.zero(pfn);
        }
        debug_assert!((0..512).all(|index| self.word(pfn, index) == 0), "frame {pfn} was believed to be empty");
        self.hand_out(pfn, owner, trace);
        Some(pfn)
    }

    /// Takes a frame whose old contents the caller overwrites at once and completely.
    #[inline]
    pub fn alloc_for_overwrite(&mut self, owner: Owner, trace: &mut Trace) -> Option<Pfn> {
        let pfn = self.buddy.alloc_frame(&mut self.frames)?;
        self.memory.ensure(pfn);
        self.hand_out(pfn, owner, trace);
        Some(pfn)
    }

    #[inline]
    fn hand_out(&mut self, pfn: Pfn, owner: Owner, trace: &mut Trace) {
        self.frames[pfn.index()] = Frame { refcount: 1, owner, ..Frame::FREE };
        trace.emit(|| Event::FrameTaken(pfn));
    }

    /// Adds a reference (Linux `get_page`).
    #[inline]
    pub fn get(&mut self, pfn: Pfn) {
        self.frames[pfn.index()].refcount += 1;
    }

    /// Drops a reference and frees the frame with the last one (Linux `put_page`).
    #[inline]
    pub fn put(&mut self, pfn: Pfn, trace: &mut Trace) {
        let frame = &mut self.frames[pfn.index()];
        debug_assert!(frame.refcount > 0, "frame {pfn} put more often than got");
        frame.refcount -= 1;
        if frame.refcount == 0 {
            debug_assert_eq!(frame.mapcount, 0, "frame {pfn} freed while mapped");
            *frame = Frame::FREE;
            self.buddy.free_frame(pfn, &mut self.frames);
            trace.emit(|| Event::FrameFreed(pfn));
        }
    }

    /// Frees a page table that has become empty: its next owner need not clear it.
    pub fn free_empty_table(&mut self, pfn: Pfn, trace: &mut Trace) {
        self.put(pfn, trace);
        self.frames[pfn.index()].flags = FrameFlags::ZEROED;
    }

    /// What is known of a frame.
    #[inline]
    pub fn frame(&self, pfn: Pfn) -> &Frame {
        &self.frames[pfn.index()]
    }

    /// What is known of a frame, to be changed.
    #[inline]
    pub fn frame_mut(&mut self, pfn: Pfn) -> &mut Frame {
        &mut self.frames[pfn.index()]
    }

    /// What is known of all frames, to be changed: for who books many in a row.
    #[inline]
    pub fn frames_mut(&mut self) -> &mut [Frame] {
        &mut self.frames
    }

    /// All frames that were ever touched, in order of number; those behind are free.
    pub fn frames(&self) -> impl Iterator<Item = (Pfn, &Frame)> {
        self.frames.iter().enumerate().map(|(i, f)| (Pfn(i as u32), f))
    }

    /// The contents of a frame.
    #[inline]
    pub fn read(&self, pfn: Pfn, offset: u64, into: &mut [u8]) {
        assert!(offset + into.len() as u64 <= PAGE_SIZE, "a read crosses its frame");
        self.memory.read(pfn, offset as usize, into);
    }

    /// Overwrites a part of a frame.
    #[inline]
    pub fn write(&mut self, pfn: Pfn, offset: u64, from: &[u8]) {
        assert!(offset + from.len() as u64 <= PAGE_SIZE, "a write crosses its frame");
        self.memory.write(pfn, offset as usize, from);
    }

    /// Fills a part of a frame with zeros.
    pub fn zero_range(&mut self, pfn: Pfn, offset: u64, len: u64) {
        const ZEROS: [u8; PAGE_SIZE as usize] = [0; PAGE_SIZE as usize];
        self.write(pfn, offset, &ZEROS[..len as usize]);
    }

    /// Copies a whole frame.
    #[inline]
    pub fn copy(&mut self, from: Pfn, to: Pfn) {
        self.memory.copy(from, to);
    }

    /// The 64-bit word `index` (0–511) of a frame: a page-table entry.
    #[inline]
    pub fn word(&self, pfn: Pfn, index: u16) -> u64 {
        self.memory.word(pfn, index)
    }

    /// All 64-bit words of a frame: a page table.
    #[inline]
    pub fn words(&self, pfn: Pfn) -> &[u64; 512] {
        self.memory.words(pfn)
    }

    /// All 64-bit words of a frame, to be changed.
    #[inline]
    pub fn words_mut(&mut self, pfn: Pfn) -> &mut [u64; 512] {
        self.memory.words_mut(pfn)
    }

    /// Overwrites the 64-bit word `index` (0–511) of a frame.
    #[inline]
    pub fn set_word(&mut self, pfn: Pfn, index: u16, value: u64) {
        self.memory.set_word(pfn, index, value);
    }

    /// Host memory that holds the RAM, in bytes: of what was never used there is none.
    pub fn host_bytes(&self) -> usize {
        self.memory.host_bytes()
    }

    /// The host address of a frame's first byte. It stays valid as long as this `Phys` lives; a clone
    /// has other addresses.
    #[inline]
    pub fn host_address(&self, pfn: Pfn) -> usize {
        self.memory.host_address(pfn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_in_ascending_order_and_run_out() {
        let (mut phys, mut trace) = (Phys::new(8 * PAGE_SIZE), Trace::default());
        let owner = Owner::PageTable { level: 1 };
        let got: Vec<_> = (0..8).map(|_| phys.alloc_zeroed(owner, &mut trace).unwrap().0).collect();
        assert_eq!(got, (0..8).collect::<Vec<_>>());
        assert_eq!(phys.alloc_zeroed(owner, &mut trace), None);
        phys.put(Pfn(3), &mut trace);
        assert_eq!(phys.alloc_zeroed(owner, &mut trace), Some(Pfn(3)));
    }

    #[test]
    fn a_clone_has_its_own_bytes() {
        let (mut phys, mut trace) = (Phys::new(1 << 20), Trace::default());
        let pfn = phys.alloc_zeroed(Owner::PageTable { level: 1 }, &mut trace).unwrap();
        let copy = phys.clone();
        phys.set_word(pfn, 7, 42);
        assert_eq!((phys.word(pfn, 7), copy.word(pfn, 7)), (42, 0));
        assert_ne!(phys.host_address(pfn), copy.host_address(pfn));
    }
}
