//! The bytes of simulated RAM, in chunks of host memory that are taken at first use and never move.
//!
//! This is one of the two modules with `unsafe` (the other is `mmu::tlb`, which reads and writes
//! through the host addresses given out here). All access goes through raw pointers, no reference to
//! a chunk's bytes is ever made, so the two cannot disagree about aliasing.

use super::image::{Image, Lines};
use crate::addr::{PAGE_SHIFT, PAGE_SIZE, Pfn};
use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::fmt;
use std::ptr::{self, NonNull};

/// Frames in a chunk: 4 MiB of host memory.
const CHUNK_FRAMES: usize = 1024;
const CHUNK_BYTES: usize = CHUNK_FRAMES << PAGE_SHIFT;

/// One piece of host memory.
struct Chunk(NonNull<u8>);

impl Chunk {
    const LAYOUT: Layout = match Layout::from_size_align(CHUNK_BYTES, PAGE_SIZE as usize) {
        Ok(layout) => layout,
        Err(_) => unreachable!(),
    };

    fn new() -> Self {
        // SAFETY: the layout has a non-zero size.
        let pointer = unsafe { alloc_zeroed(Self::LAYOUT) };
        Self(NonNull::new(pointer).unwrap_or_else(|| handle_alloc_error(Self::LAYOUT)))
    }
}

impl Clone for Chunk {
    fn clone(&self) -> Self {
        let copy = Self::new();
        // SAFETY: both are live allocations of CHUNK_BYTES, and distinct.
        unsafe { ptr::copy_nonoverlapping(self.0.as_ptr(), copy.0.as_ptr(), CHUNK_BYTES) };
        copy
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this layout, freed once.
        unsafe { dealloc(self.0.as_ptr(), Self::LAYOUT) };
    }
}

/// Simulated RAM as bytes.
#[derive(Clone, Default)]
pub(super) struct Memory {
    /// From the first frame on, as far as frames were in use: they are handed out in ascending order.
    chunks: Vec<Chunk>,
    /// Frames that may differ from `base`, a bit each.
    dirty: Vec<u64>,
    /// What was saved or restored last.
    base: Image,
}

// SAFETY: a chunk is owned by its `Memory` like a `Box`; the TLB's addresses into it live in the same
// machine and move between threads with it.
unsafe impl Send for Memory {}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory({} chunks)", self.chunks.len())
    }
}

impl Memory {
    /// Takes host memory for the frame's chunk, and for those before it, unless they have some.
    #[inline]
    pub(super) fn ensure(&mut self, pfn: Pfn) {
        while self.chunks.len() <= pfn.index() / CHUNK_FRAMES {
            self.chunks.push(Chunk::new());
            self.dirty.resize(self.chunks.len() * (CHUNK_FRAMES / 64), 0);
        }
    }

    /// Notes that a frame may be written.
    #[inline]
    pub(super) fn mark(&mut self, pfn: Pfn) {
        self.dirty[pfn.index() / 64] |= 1 << (pfn.index() % 64);
    }

    /// The frame that holds a byte of the host's memory.
    pub(super) fn frame_at(&self, host: usize) -> Option<Pfn> {
        let start = |chunk: &Chunk| chunk.0.as_ptr().addr();
        let found = self.chunks.iter().position(|chunk| (start(chunk)..start(chunk) + CHUNK_BYTES).contains(&host))?;
        Some(Pfn((found * CHUNK_FRAMES + ((host - start(&self.chunks[found])) >> PAGE_SHIFT)) as u32))
    }

    /// What stands in all frames; those that did not change since the last image are shared with it. `written` may be
    /// written without a word about it: they count as changed from the start.
    pub(super) fn save(&mut self, written: impl Iterator<Item = Pfn>) -> Image {
        for word in 0..self.dirty.len() {
            let frames = std::mem::take(&mut self.dirty[word]);
            for bit in (0..64).filter(|bit| frames >> bit & 1 == 1) {
                let pfn = Pfn((word * 64 + bit) as u32);
                let words = self.words(pfn);
                if !self.base.holds(pfn, words) {
                    let lines = Lines::of(words);
                    self.base.put(pfn, lines);
                }
            }
        }
        written.for_each(|pfn| self.mark(pfn));
        self.base.clone()
    }

    /// Writes what an image holds into the frames that differ from it.
    pub(super) fn restore(&mut self, image: &Image, written: impl Iterator<Item = Pfn>) {
        if let Some(last) = image.frames().checked_sub(1) {
            self.ensure(Pfn(last as u32));
        }
        for word in 0..self.dirty.len() {
            let dirty = std::mem::take(&mut self.dirty[word]);
            if dirty == 0 && self.base.shares_block(image, word) {
                continue;
            }
            for bit in 0..64 {
                let pfn = Pfn((word * 64 + bit) as u32);
                if dirty >> bit & 1 == 1 || !self.base.shares_frame(image, pfn) {
                    image.write(pfn, self.words_mut_unmarked(pfn));
                }
            }
        }
        self.base = image.clone();
        written.for_each(|pfn| self.mark(pfn));
    }

    /// Host memory taken, in bytes.
    pub(super) fn host_bytes(&self) -> usize {
        self.chunks.len() * CHUNK_BYTES
    }

    /// First byte of the frame, which must be allocated: its chunk exists then.
    #[inline]
    fn pointer(&self, pfn: Pfn) -> *mut u8 {
        let chunk = &self.chunks[pfn.index() / CHUNK_FRAMES];
        // SAFETY: the offset is below CHUNK_BYTES.
        unsafe { chunk.0.as_ptr().add((pfn.index() % CHUNK_FRAMES) << PAGE_SHIFT) }
    }

    #[inline]
    pub(super) fn host_address(&self, pfn: Pfn) -> usize {
        self.pointer(pfn).expose_provenance()
    }

    #[inline]
    pub(super) fn word(&self, pfn: Pfn, index: u16) -> u64 {
        assert!(index < 512);
        // SAFETY: inside the frame, aligned to 8 since frames are aligned to 4096.
        unsafe { self.pointer(pfn).cast::<u64>().add(index as usize).read() }
    }

    /// All words of a frame.
    #[inline]
    pub(super) fn words(&self, pfn: Pfn) -> &[u64; 512] {
        // SAFETY: the whole frame, aligned as in `word`; nobody writes to it while `self` is borrowed.
        unsafe { &*self.pointer(pfn).cast() }
    }

    /// All words of a frame, to be changed.
    #[inline]
    pub(super) fn words_mut(&mut self, pfn: Pfn) -> &mut [u64; 512] {
        self.mark(pfn);
        self.words_mut_unmarked(pfn)
    }

    #[inline]
    fn words_mut_unmarked(&mut self, pfn: Pfn) -> &mut [u64; 512] {
        // SAFETY: as in `words`; nobody else reads or writes while `self` is borrowed mutably.
        unsafe { &mut *self.pointer(pfn).cast() }
    }

    #[inline]
    pub(super) fn set_word(&mut self, pfn: Pfn, index: u16, value: u64) {
        assert!(index < 512);
        self.mark(pfn);
        // SAFETY: as in `word`.
        unsafe { self.pointer(pfn).cast::<u64>().add(index as usize).write(value) }
    }

    #[inline]
    pub(super) fn zero(&mut self, pfn: Pfn) {
        self.mark(pfn);
        // SAFETY: exactly the frame's bytes.
        unsafe { ptr::write_bytes(self.pointer(pfn), 0, PAGE_SIZE as usize) }
    }

    #[inline]
    pub(super) fn copy(&mut self, from: Pfn, to: Pfn) {
        assert_ne!(from, to, "a frame is not copied onto itself");
        self.mark(to);
        // SAFETY: two distinct frames do not overlap.
        unsafe { ptr::copy_nonoverlapping(self.pointer(from), self.pointer(to), PAGE_SIZE as usize) }
    }

    /// The caller has checked that the bytes lie inside the frame.
    #[inline]
    pub(super) fn read(&self, pfn: Pfn, offset: usize, into: &mut [u8]) {
        // SAFETY: inside the frame by the caller's check; `into` is host memory of our own.
        unsafe { ptr::copy_nonoverlapping(self.pointer(pfn).add(offset), into.as_mut_ptr(), into.len()) }
    }

    /// The caller has checked that the bytes lie inside the frame.
    #[inline]
    pub(super) fn write(&mut self, pfn: Pfn, offset: usize, from: &[u8]) {
        self.mark(pfn);
        // SAFETY: as in `read`.
        unsafe { ptr::copy_nonoverlapping(from.as_ptr(), self.pointer(pfn).add(offset), from.len()) }
    }
}
