//! When areas become one (Linux `mm/vma.c`: `can_vma_merge_before`, `can_vma_merge_after`,
//! `vma_merge_new_range`, `vma_merge_existing_range`). A merge is one value, decided here, carried
//! out a floor above.

use super::area::Vma;
use crate::addr::VirtRange;
use crate::flags::VmFlags;
use crate::ids::{AnonNameId, AnonVmaId, FileId};
use crate::why::NoMerge;

/// A range that looks for neighbours to join: a new one, or a part of `middle` with new attributes.
#[derive(Clone, Copy, Debug)]
pub struct MergeProposal<'a> {
    /// Where.
    pub range: VirtRange,
    /// Its flags, after the change.
    pub flags: VmFlags,
    /// Page offset of its first page.
    pub pgoff: u64,
    /// Its file.
    pub file: Option<FileId>,
    /// Its family of pages, if it has pages.
    pub anon_vma: Option<AnonVmaId>,
    /// The existing area that contains the range; `None` for a new range.
    pub middle: Option<&'a Vma>,
    /// The area that `mremap` copies from.
    pub copied_from: Option<&'a Vma>,
    /// Its name.
    pub name: Option<AnonNameId>,
    /// `brk`: only the left neighbour is asked.
    pub left_only: bool,
}

impl<'a> MergeProposal<'a> {
    /// A new range that has no pages yet, no name and no origin, with either neighbour.
    #[inline]
    pub fn untouched(range: VirtRange, flags: VmFlags, pgoff: u64, file: Option<FileId>) -> Self {
        Self { range, flags, pgoff, file, anon_vma: None, middle: None, copied_from: None, name: None, left_only: false }
    }

    /// A new range that continues an area: its flags, file, family and name.
    pub fn of_area(area: &'a Vma, range: VirtRange, pgoff: u64) -> Self {
        Self { anon_vma: area.anon_vma, name: area.anon_name, ..Self::untouched(range, area.flags, pgoff, area.file) }
    }
}

/// What the proposal may do with each neighbour. `None`: there is no neighbour on that side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MergeSides {
    /// The area that ends at or before the range.
    pub left: Option<Result<(), NoMerge>>,
    /// The area that starts at or after the range.
    pub right: Option<Result<(), NoMerge>>,
}

impl MergeSides {
    /// Joins the left neighbour.
    #[inline]
    pub fn joins_left(&self) -> bool {
        self.left == Some(Ok(()))
    }

    /// Joins the right neighbour.
    #[inline]
    pub fn joins_right(&self) -> bool {
        self.right == Some(Ok(()))
    }
}

impl MergeProposal<'_> {
    /// Asks both neighbours.
    pub fn decide(&self, left: Option<&Vma>, right: Option<&Vma>) -> MergeSides {
        let mut sides = MergeSides { left: left.map(|left| self.join_left(left)), right: right.map(|right| self.join_right(right)) };
        if let (Some(l), Some(r), true) = (left, right, sides.joins_left() && sides.joins_right()) {
            sides.right = Some(self.join_both(l, r));
        }
        // An area that would vanish must be able to.
        let vanishes = |middle: &&Vma| middle.range == self.range && (sides.joins_left() || sides.joins_right());
        if self.middle.filter(vanishes).is_some_and(|middle| !middle.may_vanish()) {
            sides = MergeSides { left: left.map(|_| Err(NoMerge::Close)), right: right.map(|_| Err(NoMerge::Close)) };
        }
        sides
    }

    fn join_left(&self, left: &Vma) -> Result<(), NoMerge> {
        if self.middle.is_some_and(|middle| middle.range.start != self.range.start) {
            return Err(NoMerge::NotAtEdge);
        }
        if left.range.end != self.range.start {
            return Err(NoMerge::Gap);
        }
        self.same_kind(left)?;
        self.same_family(left)?;
        if left.pgoff_end() != self.pgoff {
            return Err(NoMerge::PageOffset { left_end: left.pgoff_end(), right: self.pgoff });
        }
        Ok(())
    }

    fn join_right(&self, right: &Vma) -> Result<(), NoMerge> {
        if self.left_only {
            return Err(NoMerge::BrkBorder);
        }
        if self.middle.is_some_and(|middle| middle.range.end != self.range.end) {
            return Err(NoMerge::NotAtEdge);
        }
        if right.range.start != self.range.end {
            return Err(NoMerge::Gap);
        }
        self.same_kind(right)?;
        self.same_family(right)?;
        let end = self.pgoff.wrapping_add(self.range.pages());
        if right.pgoff != end {
            return Err(NoMerge::PageOffset { left_end: end, right: right.pgoff });
        }
        Ok(())
    }

    /// Each neighbour fits the range; do they fit each other? If not, the left one wins.
    fn join_both(&self, left: &Vma, right: &Vma) -> Result<(), NoMerge> {
        match (left.anon_vma, right.anon_vma) {
            (Some(l), Some(r)) if l != r => Err(NoMerge::AnonVma),
            _ if !right.may_vanish() => Err(NoMerge::Close),
            _ => Ok(()),
        }
    }

    /// Linux `is_mergeable_vma`.
    fn same_kind(&self, neighbour: &Vma) -> Result<(), NoMerge> {
        if self.flags.intersects(VmFlags::SPECIAL) {
            return Err(NoMerge::Special);
        }
        let difference = (self.flags ^ neighbour.flags) - VmFlags::IGNORED_IN_MERGE;
        if difference.intersects(VmFlags::PKEY) {
            let key = |flags: VmFlags| flags.bits() >> 32 & 15;
            return Err(NoMerge::Key { ours: key(self.flags), theirs: key(neighbour.flags) });
        }
        if !difference.is_empty() {
            return Err(NoMerge::Flags { difference });
        }
        if self.file != neighbour.file {
            return Err(NoMerge::File);
        }
        if self.name != neighbour.anon_name {
            return Err(NoMerge::Name);
        }
        Ok(())
    }

    /// Linux `is_mergeable_anon_vma`: both have no pages, or the same family, or one has none and the
    /// other's family is its own alone.
    fn same_family(&self, neighbour: &Vma) -> Result<(), NoMerge> {
        let fork_child = |vma: Option<&Vma>| vma.is_some_and(Vma::is_fork_child);
        let refused = match (neighbour.anon_vma, self.anon_vma) {
            (None, Some(_)) => fork_child(self.middle) || fork_child(self.copied_from),
            (Some(_), None) => neighbour.is_fork_child(),
            (a, b) if a != b => return Err(NoMerge::AnonVma),
            _ => false,
        };
        if refused { Err(NoMerge::ForkChild) } else { Ok(()) }
    }
}

/// Why two areas, the second above the first, are not one: what a call that sets the first one to what it already is
/// would find (Linux `vma_merge_existing_range`). `Ok` if such a call would join them.
///
/// # Errors
/// The first reason against it.
pub fn why_apart(low: &Vma, high: &Vma) -> Result<(), NoMerge> {
    let proposal = MergeProposal { middle: Some(low), ..MergeProposal::of_area(low, low.range, low.pgoff) };
    proposal.decide(None, Some(high)).right.unwrap_or(Ok(()))
}

/// The same when the upper one is the first of the heap: `brk` begins it, and does not extend what lies below.
///
/// # Errors
/// The first reason against it.
pub fn why_apart_from_heap(low: &Vma, heap: &Vma) -> Result<(), NoMerge> {
    why_apart(low, heap)?;
    let proposal = MergeProposal { left_only: true, ..MergeProposal::of_area(low, low.range, low.pgoff) };
    proposal.decide(None, Some(heap)).right.unwrap_or(Ok(()))
}

/// Whether two adjacent areas are so alike that the right one may use the left one's family of pages,
/// or the other way round (Linux `anon_vma_compatible`).
pub(crate) fn may_share_anon_vma(a: &Vma, b: &Vma) -> bool {
    a.range.end == b.range.start
        && a.file == b.file
        && a.anon_name == b.anon_name
        && ((a.flags ^ b.flags) - VmFlags::ACCESS - VmFlags::IGNORED_IN_MERGE).is_empty()
        && b.pgoff == a.pgoff_end()
}
