//! Pages by what they are: the ioctl PAGEMAP_SCAN of `/proc/PID/pagemap` (Linux
//! `fs/proc/task_mmu.c:do_pagemap_scan`, manual page PAGEMAP_SCAN(2const)).

use super::pagemap::state_of;
use crate::addr::{PAGE_SHIFT, PAGE_SIZE, VirtAddr, VirtRange};
use crate::flags::VmFlags;
use crate::mm::{Kernel, Mm};
use crate::mmu::Tables;
use crate::vma::Vma;
use bitflags::bitflags;

bitflags! {
    /// What a page can be (`PAGE_IS_*`).
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct Categories: u64 {
        /// In an area whose writes userfaultfd watches without a listener.
        const WPALLOWED = 1;
        /// Not known to be untouched since it was write-protected: everything that has an entry's place.
        const WRITTEN = 2;
        /// Of a file or of shared memory.
        const FILE = 4;
        /// In memory.
        const PRESENT = 8;
        /// A swap entry or a marker.
        const SWAPPED = 16;
        /// The page of zeros.
        const PFNZERO = 32;
        /// Part of a huge page.
        const HUGE = 64;
        /// Written since `clear_refs` 4.
        const SOFT_DIRTY = 128;
        /// A guard region.
        const GUARD = 256;
    }

    /// What else a scan does (`PM_SCAN_*`).
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct ScanFlags: u64 {
        /// Write-protect what matches: in areas that allow it, of which there are none without userfaultfd.
        const WP_MATCHING = 1;
        /// Refuse areas that do not allow it.
        const CHECK_WPASYNC = 2;
    }
}

/// What to look for (Linux `struct pm_scan_arg`).
#[derive(Clone, Copy, Debug)]
pub struct ScanRequest {
    /// What else to do.
    pub flags: ScanFlags,
    /// Where to look; whole pages.
    pub range: VirtRange,
    /// Regions that fit into the answer; 0 asks for none, and nothing is counted.
    pub most_regions: u64,
    /// Pages to find at most.
    pub most_pages: u64,
    /// Categories that count as set where they are not.
    pub inverted: Categories,
    /// All of these must be set.
    pub all_of: Categories,
    /// One of these must be set, unless there are none.
    pub any_of: Categories,
    /// These are told.
    pub told: Categories,
}

/// Neighbouring pages of the same categories (Linux `struct page_region`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Region {
    /// The pages.
    pub range: VirtRange,
    /// What they are, of what was asked.
    pub categories: Categories,
}

/// What was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scanned {
    /// Regions in ascending order.
    pub regions: Vec<Region>,
    /// Where the scan stopped.
    pub walk_end: VirtAddr,
    /// An area that does not allow what the flags demand (EPERM).
    pub refused: Option<VirtRange>,
}

struct Scan<'a> {
    request: &'a ScanRequest,
    regions: Vec<Region>,
    pages: u64,
}

impl Scan<'_> {
    /// Linux `pagemap_scan_is_interesting_page`.
    fn matches(&self, categories: Categories) -> bool {
        let ScanRequest { inverted, all_of, any_of, .. } = *self.request;
        let effective = categories ^ inverted;
        effective.contains(all_of) && (any_of.is_empty() || effective.intersects(any_of))
    }

    /// Whether an area can have such pages at all (Linux `pagemap_scan_is_interesting_vma`).
    fn takes_area(&self, categories: Categories) -> bool {
        let required = self.request.all_of & Categories::WPALLOWED;
        (categories ^ self.request.inverted).contains(required)
    }

    /// Adds pages of the same categories; where the answer is full, the address of the first that does not
    /// fit (Linux `pagemap_scan_output`).
    fn add(&mut self, range: VirtRange, categories: Categories) -> Result<(), VirtAddr> {
        if self.request.most_regions == 0 || !self.matches(categories) {
            return Ok(());
        }
        let categories = categories & self.request.told;
        let pages = range.pages().min(self.request.most_pages - self.pages);
        let end = range.start + (pages << PAGE_SHIFT);
        if pages > 0 {
            let full = self.regions.len() as u64 == self.request.most_regions;
            match self.regions.last_mut() {
                Some(last) if last.range.end == range.start && last.categories == categories => last.range.end = end,
                _ if full => return Err(range.start),
                _ => self.regions.push(Region { range: VirtRange { start: range.start, end }, categories }),
            }
        }
        self.pages += pages;
        if end < range.end { Err(end) } else { Ok(()) }
    }
}

/// What an area makes of all its pages.
fn area_categories(vma: &Vma) -> Categories {
    if vma.flags.contains(VmFlags::SOFTDIRTY) { Categories::SOFT_DIRTY } else { Categories::empty() }
}

/// The pages of an area from `at` that are of one kind: one page, or all that no lowest table has room for.
fn next_run(kernel: &Kernel, mm: &Mm, vma: &Vma, at: VirtAddr, end: VirtAddr) -> (VirtRange, Categories) {
    let of_area = area_categories(vma);
    let depth = mm.tables.depth(&kernel.phys, at);
    if depth > 1 {
        return (VirtRange { start: at, end: Tables::behind(at, depth).min(end) }, of_area);
    }
    let state = state_of(kernel, mm.tables.get(&kernel.phys, at));
    let set = [
        (state.present, Categories::PRESENT),
        (state.swap_type, Categories::SWAPPED),
        (state.file, Categories::FILE),
        (state.zero, Categories::PFNZERO),
        (state.guard, Categories::GUARD),
    ];
    let categories = set.into_iter().filter(|(is, _)| *is).map(|(_, category)| category);
    (VirtRange { start: at, end: at + PAGE_SIZE }, categories.fold(Categories::WRITTEN | of_area, |all, one| all | one))
}

/// Looks for pages. Only what has an area is looked at.
pub fn pagemap_scan(kernel: &Kernel, mm: &Mm, request: &ScanRequest) -> Scanned {
    let mut scan = Scan { request, regions: Vec::new(), pages: 0 };
    let (mut walk_end, mut refused) = (request.range.end, None);
    'areas: for id in mm.vmas.overlapping(request.range) {
        let vma = mm.vmas.get(id);
        if request.flags.contains(ScanFlags::CHECK_WPASYNC) {
            refused = Some(vma.range);
            break;
        }
        let skipped = request.flags.contains(ScanFlags::WP_MATCHING) || vma.flags.contains(VmFlags::PFNMAP);
        if skipped || !scan.takes_area(area_categories(vma)) {
            continue;
        }
        let part = vma.range.intersect(&request.range);
        let mut at = part.start;
        while at < part.end {
            let (run, categories) = next_run(kernel, mm, vma, at, part.end);
            if let Err(full) = scan.add(run, categories) {
                walk_end = full;
                break 'areas;
            }
            at = run.end;
        }
    }
    Scanned { regions: scan.regions, walk_end, refused }
}
