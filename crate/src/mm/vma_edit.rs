//! Carrying out what the algebra of floor 4 decides: linking, splitting and merging areas with all
//! that hangs on them (Linux `mm/vma.c`).

use super::kernel::Kernel;
use crate::addr::{PAGE_SHIFT, VirtAddr, VirtRange};
use crate::errno::{Errno, SysResult};
use crate::event::{Event, Side};
use crate::flags::VmFlags;
use crate::ids::{AnonNameId, MmId, VmaId};
use crate::vma::{MergeProposal, MergeSides, Vma};
use crate::why::Why;

impl Kernel {
    /// Adds an area and books it with its file and families. Takes over the reference to its file.
    pub(crate) fn link_vma(&mut self, mm: MmId, mut vma: Vma) -> VmaId {
        if self.sysctl.soft_dirty {
            vma.flags |= VmFlags::SOFTDIRTY;
        }
        self.trace.emit(|| Event::VmaInserted { mm, range: vma.range, flags: vma.flags, ops: vma.ops });
        let id = self.mms[mm].vmas.insert(vma);
        self.link_file(mm, id);
        self.link_anon_vmas(mm, id);
        id
    }

    /// Takes an area out with all its links; its flags and pages, for the counters, which are the caller's.
    pub(crate) fn unlink_vma(&mut self, mm: MmId, id: VmaId) -> (VmFlags, u64) {
        let vmas = &mut self.mms[mm].vmas;
        let vma = vmas.get(id);
        if vma.chain.is_empty() && vma.file.is_none() {
            // Never written anonymous memory is in nobody's books.
            let (range, flags, pages) = (vma.range, vma.flags, vma.pages());
            vmas.discard(id);
            self.trace.emit(|| Event::VmaRemoved { mm, range });
            return (flags, pages);
        }
        let vma = vmas.remove(id);
        self.trace.emit(|| Event::VmaRemoved { mm, range: vma.range });
        self.unlink_anon_vmas(mm, id, &vma);
        if let Some(file) = vma.file {
            self.unlink_file(mm, id, &vma);
            self.fput(file);
        }
        (vma.flags, vma.pages())
    }

    /// Moves an area's borders; the page offset follows its start.
    fn resize_vma(&mut self, mm: MmId, id: VmaId, to: VirtRange) {
        let vmas = &mut self.mms[mm].vmas;
        let (from, flags) = (vmas.get(id).range, vmas.get(id).flags);
        let shift = (to.start - from.start) as i64 >> PAGE_SHIFT;
        let vma = vmas.get_mut(id);
        vma.pgoff = vma.pgoff.wrapping_add_signed(shift);
        vmas.set_range(id, to);
        self.trace.emit(|| Event::VmaChanged { mm, from, to, flags });
    }

    /// Cuts an area in two (Linux `__split_vma`). The lower part keeps its id when `new_below` is
    /// false; the id of the new part is returned.
    ///
    /// # Errors
    /// EINVAL if its operations forbid splitting.
    pub(crate) fn split_vma_uncounted(&mut self, mm: MmId, id: VmaId, at: VirtAddr, new_below: bool) -> SysResult<VmaId> {
        self.call("__split_vma", |k| {
            let vma = k.mms[mm].vmas.get(id);
            let range = vma.range;
            let may_split = vma.ops.is_none_or(|ops| super::vm_operations(ops).may_split());
            k.require(may_split, Errno::EINVAL, || Why::MayNotSplit { at: range.start })?;
            k.trace.emit(|| Event::VmaSplit { mm, range, at });
            let low = VirtRange { start: range.start, end: at };
            let high = VirtRange { start: at, end: range.end };
            let (kept, added) = if new_below { (high, low) } else { (low, high) };
            let mut part = k.mms[mm].vmas.get(id).clone();
            part.pgoff = part.pgoff_of(added.start);
            part.range = added;
            if let Some(file) = part.file {
                k.fs.get_file(file);
            }
            k.resize_vma(mm, id, kept);
            Ok(k.link_vma(mm, part))
        })
    }

    /// Cuts an area in two unless the process has as many as it may (Linux `split_vma`).
    ///
    /// # Errors
    /// ENOMEM at `max_map_count`, EINVAL if its operations forbid splitting.
    pub(crate) fn split_vma(&mut self, mm: MmId, id: VmaId, at: VirtAddr, new_below: bool) -> SysResult<VmaId> {
        let (count, limit) = (self.mms[mm].vmas.len() as u64, self.sysctl.max_map_count);
        self.require(count < limit, Errno::ENOMEM, || Why::MapCount { count, limit })?;
        self.split_vma_uncounted(mm, id, at, new_below)
    }

    fn report(&mut self, sides: &MergeSides, left: Option<VirtRange>, right: Option<VirtRange>) {
        if !self.trace.is_on() {
            return;
        }
        let refusals = [(Side::Left, sides.left, left), (Side::Right, sides.right, right)];
        for (side, verdict, neighbour) in refusals {
            if let (Some(Err(why)), Some(neighbour)) = (verdict, neighbour) {
                self.trace.emit(|| Event::MergeRefused { side, neighbour, why });
            }
        }
    }

    /// Joins a new range to its neighbours if it can (Linux `vma_merge_new_range`): the area that
    /// now contains it.
    pub(crate) fn vma_merge_new_range(&mut self, mm: MmId, proposal: MergeProposal<'_>) -> Option<VmaId> {
        let around = self.mms[mm].vmas.around(proposal.range.start);
        self.vma_merge_between(mm, proposal, around)
    }

    /// The same with the neighbours at hand.
    pub(crate) fn vma_merge_between(
        &mut self,
        mm: MmId,
        proposal: MergeProposal<'_>,
        (prev, next): (Option<VmaId>, Option<VmaId>),
    ) -> Option<VmaId> {
        let range = proposal.range;
        let vmas = &self.mms[mm].vmas;
        let area = |id: Option<VmaId>| id.map(|id| vmas.get(id));
        let sides = proposal.decide(area(prev), area(next));
        if self.trace.is_on() {
            let ranges = (area(prev).map(|v| v.range), area(next).map(|v| v.range));
            self.report(&sides, ranges.0, ranges.1);
        }
        let target = match (sides.joins_left(), sides.joins_right()) {
            (false, false) => return None,
            (true, _) => prev?,
            (false, true) => next?,
        };
        self.call("vma_merge_new_range", |k| {
            if let Some(source) = proposal.copied_from {
                k.dup_anon_vma(mm, target, source);
            }
            k.keep_sticky(mm, target, proposal.flags);
            k.expand_over(mm, target, range, next.filter(|_| sides.joins_left() && sides.joins_right()));
        });
        Some(target)
    }

    /// The merged area may hold guards if one of its parts may.
    fn keep_sticky(&mut self, mm: MmId, target: VmaId, flags: VmFlags) {
        self.mms[mm].vmas.get_mut(target).flags |= flags & VmFlags::MAYBE_GUARD;
    }

    /// Lets `target` take in `range`, and `eaten` beyond it if given.
    fn expand_over(&mut self, mm: MmId, target: VmaId, range: VirtRange, eaten: Option<VmaId>) {
        let mut result = self.mms[mm].vmas.get(target).range;
        if let Some(eaten) = eaten {
            let vma = self.mms[mm].vmas.get(eaten).clone();
            self.dup_anon_vma(mm, target, &vma);
            self.keep_sticky(mm, target, vma.flags);
            self.unlink_vma(mm, eaten);
            result.end = vma.range.end;
        }
        result.start = result.start.min(range.start);
        result.end = result.end.max(range.end);
        self.resize_vma(mm, target, result);
        self.trace.emit(|| Event::VmaMerged { mm, range, result });
    }

    /// Gives a part of an area other flags, merging or splitting as it must (Linux
    /// `vma_modify_flags`): the area that is exactly the part, or that took it in.
    ///
    /// # Errors
    /// ENOMEM at `max_map_count`, EINVAL if the area may not be split.
    pub(crate) fn vma_modify_flags(&mut self, mm: MmId, id: VmaId, part: VirtRange, flags: VmFlags) -> SysResult<VmaId> {
        let name = self.mms[mm].vmas.get(id).anon_name;
        self.vma_modify(mm, id, part, flags, name)
    }

    /// The same for flags and name (Linux `vma_modify`).
    ///
    /// # Errors
    /// As above.
    pub(crate) fn vma_modify(
        &mut self,
        mm: MmId,
        id: VmaId,
        part: VirtRange,
        flags: VmFlags,
        name: Option<AnonNameId>,
    ) -> SysResult<VmaId> {
        if let Some(target) = self.vma_merge_existing_range(mm, id, part, flags, name) {
            return Ok(target);
        }
        let whole = self.mms[mm].vmas.get(id).range;
        if whole.start < part.start {
            self.split_vma(mm, id, part.start, true)?;
        }
        if whole.end > part.end {
            self.split_vma(mm, id, part.end, false)?;
        }
        let vma = self.mms[mm].vmas.get_mut(id);
        vma.flags = flags;
        vma.anon_name = name;
        self.trace.emit(|| Event::VmaChanged { mm, from: part, to: part, flags });
        Ok(id)
    }

    /// Joins a part of an area, with its new flags, to the neighbours on whose border it lies
    /// (Linux `vma_merge_existing_range`).
    fn vma_merge_existing_range(
        &mut self,
        mm: MmId,
        id: VmaId,
        part: VirtRange,
        flags: VmFlags,
        name: Option<AnonNameId>,
    ) -> Option<VmaId> {
        let vmas = &self.mms[mm].vmas;
        let middle = vmas.get(id);
        // Whoever watches is told why the others did not join either.
        let (prev, next) = if self.trace.is_on() { vmas.neighbours(id) } else { vmas.adjacent(id) };
        let area = |id: Option<VmaId>| id.map(|id| vmas.get(id));
        let own = MergeProposal::of_area(middle, part, middle.pgoff_of(part.start));
        let proposal = MergeProposal { flags, name, middle: Some(middle), ..own };
        let sides = proposal.decide(area(prev), area(next));
        if self.trace.is_on() {
            let ranges = (area(prev).map(|v| v.range), area(next).map(|v| v.range));
            self.report(&sides, ranges.0, ranges.1);
        }
        if !sides.joins_left() && !sides.joins_right() {
            return None;
        }
        let middle = self.mms[mm].vmas.get(id).clone();
        self.call("vma_merge_existing_range", |k| {
            let target = if sides.joins_left() { prev? } else { next? };
            let both = next.filter(|_| sides.joins_left() && sides.joins_right());
            // What the part leaves of its area; it vanishes if that is nothing.
            match (middle.range.start < part.start, part.end < middle.range.end) {
                (true, _) => k.resize_vma(mm, id, VirtRange { end: part.start, ..middle.range }),
                (_, true) => k.resize_vma(mm, id, VirtRange { start: part.end, ..middle.range }),
                _ => k.unlink_vma_keeping_families(mm, id, target, &middle, both),
            }
            k.dup_anon_vma(mm, target, &middle);
            k.keep_sticky(mm, target, middle.flags);
            k.expand_over(mm, target, part, both);
            Some(target)
        })
    }

    /// Removes the middle area of a merge after its families (or those of the area behind it) have
    /// been handed to the one that takes it in.
    fn unlink_vma_keeping_families(&mut self, mm: MmId, id: VmaId, target: VmaId, middle: &Vma, both: Option<VmaId>) {
        let next = both.map(|next| self.mms[mm].vmas.get(next).clone());
        let source = next.filter(|next| next.anon_vma.is_some()).unwrap_or_else(|| middle.clone());
        self.dup_anon_vma(mm, target, &source);
        self.unlink_vma(mm, id);
    }
}
