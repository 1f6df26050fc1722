//! Addresses, page numbers and ranges as types: a virtual address is never mistaken for a
//! physical one, and every guest quantity has 64 bits also where `usize` has 32 (wasm32).

use std::fmt;
use std::ops::{Add, Range, Sub};

/// Bytes in a page and in a frame.
pub const PAGE_SIZE: u64 = 4096;
/// `log2(PAGE_SIZE)`.
pub const PAGE_SHIFT: u32 = 12;
/// Bytes that one page-middle-directory entry maps: 2 MiB.
pub const PMD_SIZE: u64 = 2 << 20;
/// End of user space with four-level tables (Linux `TASK_SIZE_MAX`).
pub const TASK_SIZE: u64 = 0x7fff_ffff_f000;
/// End of user space with five-level tables (LA57).
pub const TASK_SIZE_LA57: u64 = (1 << 56) - 4096;
/// Behind every user address, however many levels the tables have.
pub const USER_END: VirtAddr = VirtAddr(1 << 56);
/// Bytes below a growing stack that an accessible neighbour must leave free
/// (Linux `stack_guard_gap`, 256 pages).
pub const STACK_GUARD_GAP: u64 = 256 * PAGE_SIZE;

/// A virtual address, in bytes. Not necessarily canonical: user input comes as it comes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct VirtAddr(pub u64);

impl VirtAddr {
    /// The address of the page that holds this byte.
    #[inline]
    pub const fn page_floor(self) -> Self {
        Self(self.0 & !(PAGE_SIZE - 1))
    }

    /// Offset inside the page, in bytes.
    #[inline]
    pub const fn page_offset(self) -> u64 {
        self.0 & (PAGE_SIZE - 1)
    }

    /// Virtual page number.
    #[inline]
    pub const fn page_number(self) -> u64 {
        self.0 >> PAGE_SHIFT
    }

    /// Whether the address is a multiple of the page size.
    #[inline]
    pub const fn is_page_aligned(self) -> bool {
        self.page_offset() == 0
    }

    /// Cuts `len` bytes from here on at page borders: address and index range of each part.
    pub fn page_parts(self, len: usize) -> impl Iterator<Item = (Self, Range<usize>)> {
        let mut done = 0;
        std::iter::from_fn(move || {
            if done >= len {
                return None;
            }
            let at = self + done as u64;
            let part = (len - done).min((PAGE_SIZE - at.page_offset()) as usize);
            done += part;
            Some((at, done - part..done))
        })
    }

    /// Whether bits 63–47 are all equal, as a four-level x86-64 CPU demands.
    #[inline]
    pub const fn is_canonical(self, levels: u8) -> bool {
        let top = (self.0 as i64) >> (11 + 9 * levels);
        top == 0 || top == -1
    }
}

impl fmt::Debug for VirtAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

impl fmt::Display for VirtAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

impl Add<u64> for VirtAddr {
    type Output = Self;
    #[inline]
    fn add(self, bytes: u64) -> Self {
        Self(self.0.wrapping_add(bytes))
    }
}

impl Sub<u64> for VirtAddr {
    type Output = Self;
    #[inline]
    fn sub(self, bytes: u64) -> Self {
        Self(self.0.wrapping_sub(bytes))
    }
}

impl Sub for VirtAddr {
    type Output = u64;
    #[inline]
    fn sub(self, other: Self) -> u64 {
        self.0.wrapping_sub(other.0)
    }
}

/// A physical frame number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Pfn(pub u32);

impl Pfn {
    /// The frame's first byte as a physical address.
    #[inline]
    pub const fn phys_addr(self) -> u64 {
        (self.0 as u64) << PAGE_SHIFT
    }

    /// As an index into host tables.
    #[inline]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for Pfn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A half-open, page-aligned range of virtual addresses, `start < end` unless empty.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct VirtRange {
    /// First byte.
    pub start: VirtAddr,
    /// First byte behind the range.
    pub end: VirtAddr,
}

impl VirtRange {
    /// The range from `start` to `end`, both in bytes.
    #[inline]
    pub const fn new(start: u64, end: u64) -> Self {
        Self { start: VirtAddr(start), end: VirtAddr(end) }
    }

    /// The range of `len` bytes from `start`.
    #[inline]
    pub fn from_len(start: VirtAddr, len: u64) -> Self {
        Self { start, end: start + len }
    }

    /// Length in bytes.
    #[inline]
    pub fn len(&self) -> u64 {
        self.end - self.start
    }

    /// Whether the range holds no byte.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.start >= self.end
    }

    /// Length in pages.
    #[inline]
    pub fn pages(&self) -> u64 {
        self.len() >> PAGE_SHIFT
    }

    /// Whether the byte at `addr` is inside.
    #[inline]
    pub fn contains(&self, addr: VirtAddr) -> bool {
        self.start <= addr && addr < self.end
    }

    /// The common part; empty (start ≥ end) if there is none.
    #[inline]
    pub fn intersect(&self, other: &Self) -> Self {
        Self { start: self.start.max(other.start), end: self.end.min(other.end) }
    }

    /// The addresses of its pages.
    pub fn page_addrs(&self) -> impl Iterator<Item = VirtAddr> + use<> {
        let (first, last) = (self.start.page_number(), self.end.page_number());
        (first..last).map(|page| VirtAddr(page << PAGE_SHIFT))
    }
}

impl fmt::Debug for VirtRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{:x}", self.start.0, self.end.0)
    }
}

impl fmt::Display for VirtRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{:x}", self.start.0, self.end.0)
    }
}

/// Rounds a length up to whole pages; wraps to 0 at the top as Linux `PAGE_ALIGN` does.
#[inline]
pub const fn page_align(len: u64) -> u64 {
    len.wrapping_add(PAGE_SIZE - 1) & !(PAGE_SIZE - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_align_wraps_to_zero_like_linux() {
        assert_eq!(page_align(1), 4096);
        assert_eq!(page_align(4096), 4096);
        assert_eq!(page_align(u64::MAX), 0);
    }

    #[test]
    fn canonical_addresses_have_equal_top_bits() {
        assert!(VirtAddr(0x7fff_ffff_ffff).is_canonical(4));
        assert!(!VirtAddr(0x8000_0000_0000).is_canonical(4) && VirtAddr(0x8000_0000_0000).is_canonical(5));
        assert!(VirtAddr(0xffff_8000_0000_0000).is_canonical(4));
    }
}
