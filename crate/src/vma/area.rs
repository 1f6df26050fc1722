//! One area (Linux `struct vm_area_struct`), with the state that `/proc/PID/maps` hides and that
//! decides merges.

use crate::addr::{PAGE_SHIFT, STACK_GUARD_GAP, VirtAddr, VirtRange};
use crate::flags::VmFlags;
use crate::ids::{AnonNameId, AnonVmaId, FileId, VmOpsId};
use smallvec::SmallVec;
use std::ops::Range;

/// The anon_vmas an area is linked to: its own last, those inherited through fork before it.
pub type AnonChain = SmallVec<[AnonVmaId; 2]>;

/// A virtual memory area.
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
    /// The family of its private pages; `None` until the first is made.
    pub anon_vma: Option<AnonVmaId>,
    /// All families it is linked to; one entry unless it came through fork.
    pub chain: AnonChain,
    /// `[vdso]` and the like.
    pub special_name: Option<&'static str>,
    /// The name a program gave it (`PR_SET_VMA_ANON_NAME`).
    pub anon_name: Option<AnonNameId>,
}

impl Vma {
    /// An untouched area of private anonymous memory: no file, no operations, no families, no name.
    #[inline]
    pub fn new(range: VirtRange, flags: VmFlags, pgoff: u64) -> Self {
        Self { range, flags, pgoff, file: None, ops: None, anon_vma: None, chain: AnonChain::new(), special_name: None, anon_name: None }
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
        self.anon_vma.is_some() && self.chain.len() != 1
    }

    /// Whether it may vanish in a merge: not if its operations have a `close`.
    #[inline]
    pub fn may_vanish(&self) -> bool {
        !matches!(self.ops, Some(VmOpsId::Special | VmOpsId::Shm))
    }
}
