//! A page-table entry: 64 bits as the hardware defines them, and Linux's use of the bits that the
//! hardware leaves free.

use super::tables::LARGEST_LEAF;
use crate::addr::{PAGE_SHIFT, Pfn, VirtAddr};
use std::fmt;

/// One entry of any level.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Pte(pub u64);

/// What a non-present entry remembers (Linux `pte_marker`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Marker {
    /// A guard region: any access raises SIGSEGV.
    Guard,
    /// A poisoned page: any access raises SIGBUS.
    Poison,
}

impl Pte {
    /// Nothing there.
    pub const NONE: Self = Self(0);
    /// The entry translates.
    pub const PRESENT: u64 = 1 << 0;
    /// Writes allowed.
    pub const WRITE: u64 = 1 << 1;
    /// User mode allowed.
    pub const USER: u64 = 1 << 2;
    /// Set by the CPU on any use.
    pub const ACCESSED: u64 = 1 << 5;
    /// Set by the CPU on a write to the mapped frame.
    pub const DIRTY: u64 = 1 << 6;
    /// At level 2 or 3: maps a large page instead of naming a table.
    pub const LARGE: u64 = 1 << 7;
    /// With PRESENT clear: mapped, but PROT_NONE (Linux `_PAGE_PROTNONE`, the GLOBAL bit).
    pub const PROTNONE: u64 = 1 << 8;
    /// No metadata behind the frame: zero page, vvar (Linux `_PAGE_SPECIAL`).
    pub const SPECIAL: u64 = 1 << 9;
    /// Where the four bits of the protection key begin.
    pub const PKEY_SHIFT: u32 = 59;
    /// Instruction fetches forbidden.
    pub const NX: u64 = 1 << 63;

    const FRAME_MASK: u64 = 0x000f_ffff_ffff_f000;
    const MARKER: u64 = 1 << 10;

    /// An entry that names a lower table; permission is left to the leaf.
    pub fn table(pfn: Pfn) -> Self {
        Self(pfn.phys_addr() | Self::PRESENT | Self::WRITE | Self::USER | Self::ACCESSED | Self::DIRTY)
    }

    /// The protection key of a leaf.
    #[inline]
    pub fn pkey(self) -> u32 {
        (self.0 >> Self::PKEY_SHIFT) as u32 & 15
    }

    /// A leaf with the given bits besides the frame number.
    #[inline]
    pub fn leaf(pfn: Pfn, bits: u64) -> Self {
        Self(pfn.phys_addr() | bits)
    }

    /// A marker in place of a page.
    pub fn marker(marker: Marker) -> Self {
        Self(Self::MARKER | (marker as u64) << 11)
    }

    /// The marker, if the entry is one.
    pub fn as_marker(self) -> Option<Marker> {
        let is_marker = self.0 & (Self::PRESENT | Self::PROTNONE | Self::MARKER) == Self::MARKER;
        is_marker.then_some(if self.0 & 1 << 11 == 0 { Marker::Guard } else { Marker::Poison })
    }

    /// Whether nothing at all is remembered (Linux `pte_none`).
    #[inline]
    pub fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Whether a frame is mapped, for the hardware or behind PROT_NONE (Linux `pte_present`).
    #[inline]
    pub fn is_present(self) -> bool {
        self.0 & (Self::PRESENT | Self::PROTNONE) != 0
    }

    /// Whether a frame is mapped whose mappings are counted: not the page of zeros, nor a bare frame.
    #[inline]
    pub fn maps_counted_frame(self) -> bool {
        self.is_present() && !self.has(Self::SPECIAL)
    }

    /// Whether the hardware translates through it.
    #[inline]
    pub fn is_hardware_present(self) -> bool {
        self.0 & Self::PRESENT != 0
    }

    /// Itself if the hardware translates through it.
    #[inline]
    pub(super) fn present(self) -> Option<Self> {
        self.is_hardware_present().then_some(self)
    }

    /// Whether all the given bits are set.
    #[inline]
    pub fn has(self, bits: u64) -> bool {
        self.0 & bits == bits
    }

    /// With more bits set.
    #[inline]
    pub fn with(self, bits: u64) -> Self {
        Self(self.0 | bits)
    }

    /// With bits cleared.
    #[inline]
    pub fn without(self, bits: u64) -> Self {
        Self(self.0 & !bits)
    }

    /// The frame that a present entry names.
    #[inline]
    pub fn pfn(self) -> Pfn {
        Pfn(((self.0 & Self::FRAME_MASK) >> PAGE_SHIFT) as u32)
    }

    /// Writable by the hardware.
    #[inline]
    pub fn is_writable(self) -> bool {
        self.has(Self::WRITE)
    }

    /// Whether an entry of a table of a level maps a large page instead of naming a table: 2 MiB at level 2, 1 GiB
    /// at level 3.
    #[inline]
    pub fn is_large(self, level: u8) -> bool {
        self.has(Self::LARGE) && level > 1 && level <= LARGEST_LEAF
    }

    /// The entry that a page of a large leaf at a level would have by itself.
    #[inline]
    pub fn page_of_large(self, addr: VirtAddr, level: u8) -> Self {
        let pages = (addr.0 >> PAGE_SHIFT) & ((1 << (9 * (u32::from(level) - 1))) - 1);
        Self((self.0 & !Self::LARGE) + (pages << PAGE_SHIFT))
    }

    /// The bits as letters, `P W U A D G X` (X: executable), a dash for each that is clear.
    pub fn letters(self) -> String {
        let letter = |bit, c| if self.has(bit) { c } else { '-' };
        [
            letter(Self::PRESENT, 'P'),
            letter(Self::WRITE, 'W'),
            letter(Self::USER, 'U'),
            letter(Self::ACCESSED, 'A'),
            letter(Self::DIRTY, 'D'),
            if self.has(Self::NX) { '-' } else { 'X' },
        ]
        .iter()
        .collect()
    }
}

impl fmt::Debug for Pte {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_none() {
            return f.write_str("none");
        }
        match self.as_marker() {
            Some(marker) => write!(f, "{marker:?}"),
            None => write!(f, "{}:{}", self.pfn(), self.letters()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_neither_none_nor_present() {
        for marker in [Marker::Guard, Marker::Poison] {
            let pte = Pte::marker(marker);
            assert_eq!(pte.as_marker(), Some(marker));
            assert!(!pte.is_none() && !pte.is_present());
        }
    }

    #[test]
    fn a_protnone_page_is_present_but_not_for_the_hardware() {
        let pte = Pte::leaf(Pfn(5), Pte::PROTNONE);
        assert!(pte.is_present() && !pte.is_hardware_present());
        assert_eq!(pte.pfn(), Pfn(5));
    }
}
