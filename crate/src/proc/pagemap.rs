//! What `/proc/PID/pagemap` and PAGEMAP_SCAN say of pages.

use crate::addr::{PAGE_SIZE, VirtAddr, VirtRange};
use crate::mm::{Kernel, Mm};
use crate::mmu::{Marker, Pte};
use crate::phys::Owner;

/// The state of one page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct PageState {
    /// Bit 63: present.
    pub present: bool,
    /// Bit 62: a swap entry or marker.
    pub swap_type: bool,
    /// Bit 61: a page of a file or of shared memory.
    pub file: bool,
    /// Bit 56: mapped here only.
    pub exclusive: bool,
    /// Bit 58: a guard region.
    pub guard: bool,
    /// The shared page of zeros.
    pub zero: bool,
    /// The frame, if present.
    pub pfn: Option<u32>,
}

impl PageState {
    /// The letters of a run: `P` present, `S` swap type, `F` file, `X` exclusive, `G` guard, `Z` zero page.
    pub fn letters(&self) -> String {
        let flags =
            [(self.present, 'P'), (self.swap_type, 'S'), (self.file, 'F'), (self.exclusive, 'X'), (self.guard, 'G'), (self.zero, 'Z')];
        flags.iter().filter(|(set, _)| *set).map(|(_, letter)| *letter).collect()
    }

    /// The 64 bits that reading the file gives; the frame number only if the reader may see it.
    pub fn bits(&self, with_pfn: bool) -> u64 {
        let bit = |set: bool, n: u32| u64::from(set) << n;
        bit(self.present, 63)
            | bit(self.swap_type, 62)
            | bit(self.file, 61)
            | bit(self.guard, 58)
            | bit(self.exclusive, 56)
            | self.pfn.filter(|_| with_pfn).map_or(0, u64::from)
    }
}

/// The state of the page at an address.
pub fn page_state(kernel: &Kernel, mm: &Mm, addr: VirtAddr) -> PageState {
    state_of(kernel, mm.tables.get(&kernel.phys, addr))
}

pub(super) fn state_of(kernel: &Kernel, pte: Pte) -> PageState {
    if pte.is_none() {
        return PageState::default();
    }
    if let Some(marker) = pte.as_marker() {
        return PageState { swap_type: true, guard: marker == Marker::Guard, ..Default::default() };
    }
    let frame = kernel.phys.frame(pte.pfn());
    let special = pte.has(Pte::SPECIAL);
    PageState {
        present: true,
        file: !special && matches!(frame.owner, Owner::File { .. } | Owner::Kernel),
        exclusive: !special && frame.mapcount == 1,
        zero: frame.owner == Owner::ZeroPage,
        pfn: Some(pte.pfn().0),
        ..Default::default()
    }
}

/// What reading the file gives: 64 bits for each page of a range. Frame numbers only for those who may
/// see them (CAP_SYS_ADMIN).
pub fn pagemap_words(kernel: &Kernel, mm: &Mm, range: VirtRange, with_pfn: bool) -> Vec<u64> {
    let mut words = vec![0u64; range.pages() as usize];
    for (addr, pte) in mm.tables.used(&kernel.phys, range) {
        words[VirtRange { start: range.start, end: addr }.pages() as usize] = state_of(kernel, pte).bits(with_pfn);
    }
    words
}

/// Pages of a range that are not empty, joined into runs of equal state.
pub fn pagemap_runs(kernel: &Kernel, mm: &Mm, range: VirtRange) -> Vec<(VirtRange, String)> {
    let mut runs: Vec<(VirtRange, String)> = Vec::new();
    for (addr, pte) in mm.tables.used(&kernel.phys, range) {
        let at = addr + PAGE_SIZE;
        let letters = state_of(kernel, pte).letters();
        match runs.last_mut() {
            Some((run, same)) if run.end == addr && *same == letters => run.end = at,
            _ => runs.push((VirtRange { start: addr, end: at }, letters)),
        }
    }
    runs
}
