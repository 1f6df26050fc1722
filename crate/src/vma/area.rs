//! One area (Linux `struct vm_area_struct`), with the state that `/proc/PID/maps` hides and that
//! decides merges.

use crate::addr::{PAGE_SHIFT, PMD_SIZE, STACK_GUARD_GAP, VirtAddr, VirtRange};
use crate::flags::VmFlags;
use crate::ids::{AnonNameId, AnonVmaId, FileId, VmOpsId};
use smallvec::SmallVec;
use std::ops::Range;

/// The anon_vmas an area is linked to: its own last, those inherited through fork before it.
pub type AnonChain = SmallVec<[AnonVmaId; 4]>;

/// What the kernel itself puts into a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecialMapping {
    /// `[vdso]`: code.
    Vdso,
    /// `[vvar]`: data for it.
    Vvar,
    /// `[vvar_vclock]`: data of paravirtual clocks.
    VvarVclock,
}

impl SpecialMapping {
    /// As `/proc/PID/maps` names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vdso => "[vdso]",
            Self::Vvar => "[vvar]",
            Self::VvarVclock => "[vvar_vclock]",
        }
    }
}

/// A virtual memory area. It fits a cache line together with its neighbours' ids: see `set.rs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vma {
    /// Where; page aligned.
    pub range: VirtRange,
    /// What may be done.
    pub flags: VmFlags,
    /// Page offset of the first page: in the file, or for private anonymous memory the page number
    /// at which the area was first placed. It moves along with `mremap` and must meet for a merge.
    pub pgoff: u64,
    /// The mapped file; the area holds a reference.
    pub file: Option<FileId>,
    /// Its operations; `None` is anonymous memory.
    pub ops: Option<VmOpsId>,
    /// Which mapping of the kernel's it is.
    pub(crate) special: Option<SpecialMapping>,
    /// The family of its private pages; `None` until the first is made.
    pub(crate) anon_vma: Option<AnonVmaId>,
    /// All families it is linked to, unless that is its own alone.
    pub(crate) long_chain: Option<Box<AnonChain>>,
    /// The name a program gave it (`PR_SET_VMA_ANON_NAME`).
    pub(crate) anon_name: Option<AnonNameId>,
}

impl Vma {
    /// An untouched area of private anonymous memory: no file, no operations, no families, no name.
    #[inline]
    pub fn new(range: VirtRange, flags: VmFlags, pgoff: u64) -> Self {
        Self { range, flags, pgoff, file: None, ops: None, special: None, anon_vma: None, long_chain: None, anon_name: None }
    }

    /// All families it is linked to (Linux `anon_vma_chain`): none, its own, or more after a fork.
    #[inline]
    pub fn chain(&self) -> &[AnonVmaId] {
        match &self.long_chain {
            None => self.anon_vma.as_slice(),
            Some(chain) => chain,
        }
    }

    /// The half of it above or below `at`, as an area of its own; it keeps the other half.
    #[inline]
    pub(super) fn split_off(&mut self, at: VirtAddr, below: bool) -> Self {
        let mut part = self.clone();
        let behind = self.pgoff_of(at);
        let (low, high) = if below { (&mut part, self) } else { (self, &mut part) };
        (low.range.end, high.range.start, high.pgoff) = (at, at, behind);
        part
    }

    /// Moves the first address; the page offset follows.
    #[inline]
    pub(super) fn move_start(&mut self, to: VirtAddr) {
        self.pgoff = self.pgoff.wrapping_add_signed((to - self.range.start) as i64 >> PAGE_SHIFT);
        self.range.start = to;
    }

    /// Pages in the area.
    #[inline]
    pub fn pages(&self) -> u64 {
        self.range.pages()
    }

    /// Whether it has no `vm_ops` (Linux `vma_is_anonymous`).
    #[inline]
    pub fn is_anonymous(&self) -> bool {
        self.ops.is_none()
    }

    /// Whether it may be accessed at all (Linux `vma_is_accessible`).
    #[inline]
    pub fn is_accessible(&self) -> bool {
        self.flags.intersects(VmFlags::ACCESS)
    }

    /// Whether it has an aligned place for a huge page (Linux `thp_vma_suitable_order`). As the kernel computes it, in
    /// numbers that wrap: every area that ends below 2 MiB has one.
    pub fn has_huge_place(&self) -> bool {
        let last = self.range.end.0.wrapping_sub(PMD_SIZE) & !(PMD_SIZE - 1);
        last >= self.range.start.0 && last.wrapping_add(PMD_SIZE) <= self.range.end.0
    }

    /// Page offset of an address inside it (Linux `linear_page_index`).
    #[inline]
    pub fn pgoff_of(&self, addr: VirtAddr) -> u64 {
        self.pgoff.wrapping_add((addr - self.range.start) >> PAGE_SHIFT)
    }

    /// Page offset of the first page behind it.
    #[inline]
    pub fn pgoff_end(&self) -> u64 {
        self.pgoff.wrapping_add(self.pages())
    }

    /// The part of it that shows some pages of its file, if any of them.
    pub fn part_showing(&self, pages: &Range<u64>) -> Option<VirtRange> {
        let (first, end) = (pages.start.max(self.pgoff), pages.end.min(self.pgoff_end()));
        let at = |page: u64| self.range.start + ((page - self.pgoff) << PAGE_SHIFT);
        (first < end).then(|| VirtRange { start: at(first), end: at(end) })
    }

    /// Where others must end: a stack keeps its guard gap free below (Linux `vm_start_gap`).
    #[inline]
    pub fn start_with_gap(&self) -> VirtAddr {
        if self.flags.contains(VmFlags::GROWSDOWN) {
            return VirtAddr(self.range.start.0.saturating_sub(STACK_GUARD_GAP));
        }
        self.range.start
    }

    /// Whether it is linked to more families than its own, as after fork: then it takes in no
    /// range that has none (Linux `vma_is_fork_child`).
    #[inline]
    pub fn is_fork_child(&self) -> bool {
        self.long_chain.is_some()
    }

    /// Whether it may vanish in a merge: not if its operations have a `close`.
    #[inline]
    pub fn may_vanish(&self) -> bool {
        !matches!(self.ops, Some(VmOpsId::Special | VmOpsId::Shm | VmOpsId::Fuse))
    }
}
