//! Carrying out what the algebra of floor 4 decides: linking, splitting and merging areas with all
//! that hangs on them (Linux `mm/vma.c`).

use super::kernel::Kernel;
use crate::addr::{VirtAddr, VirtRange};
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
        let (has_file, has_pages) = (vma.file.is_some(), vma.anon_vma.is_some());
        let id = self.mms[mm].vmas.insert(vma);
        if has_file {
            self.link_file(mm, id);
        }
        if has_pages {
            self.link_anon_vmas(mm, id);
        }
        id
    }

    /// Takes an area out with all its links; its flags and pages, for the counters, which are the caller's.
    pub(crate) fn unlink_vma(&mut self, mm: MmId, id: VmaId) -> (VmFlags, u64) {
        let vma = self.mms[mm].vmas.remove(id);
        self.trace.emit(|| Event::VmaRemoved { mm, range: vma.range, flags: vma.flags, joined: false });
        self.forget_vma(mm, id, &vma);
        (vma.flags, vma.pages())
    }

    /// Strikes an area that is gone from the books of its families and its file.
    #[inline]
    pub(crate) fn forget_vma(&mut self, mm: MmId, id: VmaId, vma: &Vma) {
        if vma.anon_vma.is_some() {
            self.unlink_anon_vmas(mm, id, vma);
        }
        if let Some(file) = vma.file {
            self.unlink_file(mm, id, vma);
            self.fput(file);
        }
    }

    /// Moves an area's borders; the page offset follows its start.
    fn resize_vma(&mut self, mm: MmId, id: VmaId, to: VirtRange) {
        let vmas = &mut self.mms[mm].vmas;
        let (from, flags) = (vmas.get(id).range, vmas.get(id).flags);
        vmas.set_range(id, to);
        self.trace.emit(|| Event::VmaChanged { mm, from, to, was: flags, flags });
    }

    /// Lets an area take over a neighbour that touches it, families first: the neighbour's books are closed.
    fn absorb_vma(&mut self, mm: MmId, target: VmaId, eaten: VmaId) {
        self.dup_anon_vma(mm, target, eaten);
        let vmas = &mut self.mms[mm].vmas;
        let from = vmas.get(target).range;
        let gone = vmas.absorb(target, eaten);
        let vma = vmas.get_mut(target);
        vma.flags |= gone.flags & VmFlags::MAYBE_GUARD;
        let (to, flags) = (vma.range, vma.flags);
        self.trace.emit(|| Event::VmaRemoved { mm, range: gone.range, flags: gone.flags, joined: true });
        self.trace.emit(|| Event::VmaChanged { mm, from, to, was: flags, flags });
        self.forget_vma(mm, eaten, &gone);
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
            let vmas = &mut k.mms[mm].vmas;
            let part = vmas.split(id, at, new_below);
            if let Some(file) = vmas.get(part).file {
                k.fs.get_file(file);
            }
            k.tell_of_split(mm, id, range, part);
            k.link_file(mm, part);
            k.link_anon_vmas(mm, part);
            Ok(part)
        })
    }

    fn tell_of_split(&mut self, mm: MmId, kept: VmaId, from: VirtRange, added: VmaId) {
        if self.trace.is_on() {
            let vmas = &self.mms[mm].vmas;
            let (kept, added) = (vmas.get(kept).clone(), vmas.get(added).clone());
            self.trace.emit(|| Event::VmaChanged { mm, from, to: kept.range, was: kept.flags, flags: kept.flags });
            self.trace.emit(|| Event::VmaInserted { mm, range: added.range, flags: added.flags, ops: added.ops });
        }
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
                k.inherit_anon_vma(mm, target, source);
            }
            let vmas = &mut k.mms[mm].vmas;
            vmas.get_mut(target).flags |= proposal.flags & VmFlags::MAYBE_GUARD;
            let own = vmas.get(target).range;
            k.resize_vma(mm, target, VirtRange { start: own.start.min(range.start), end: own.end.max(range.end) });
            if let Some(eaten) = next.filter(|_| sides.joins_left() && sides.joins_right()) {
                k.absorb_vma(mm, target, eaten);
            }
            k.tell_of_merge(mm, range, target);
        });
        Some(target)
    }

    fn tell_of_merge(&mut self, mm: MmId, range: VirtRange, target: VmaId) {
        let result = self.mms[mm].vmas.get(target).range;
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
        let was = vma.flags;
        vma.flags = flags;
        vma.anon_name = name;
        self.trace.emit(|| Event::VmaChanged { mm, from: part, to: part, was, flags });
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
        if prev.is_none() && next.is_none() {
            return None;
        }
        let area = |id: Option<VmaId>| id.map(|id| vmas.get(id));
        let own = MergeProposal::of_area(middle, part, middle.pgoff_of(part.start));
        let proposal = MergeProposal { flags, name, middle: Some(middle), ..own };
        let sides = proposal.decide(area(prev), area(next));
        let (whole, may_guard) = (middle.range, middle.flags & VmFlags::MAYBE_GUARD);
        if self.trace.is_on() {
            let ranges = (area(prev).map(|v| v.range), area(next).map(|v| v.range));
            self.report(&sides, ranges.0, ranges.1);
        }
        if !sides.joins_left() && !sides.joins_right() {
            return None;
        }
        self.call("vma_merge_existing_range", |k| {
            let target = if sides.joins_left() { prev? } else { next? };
            let both = next.filter(|_| sides.joins_left() && sides.joins_right());
            if let Some(next) = both {
                // Of two families that come together, the one behind counts.
                k.dup_anon_vma(mm, target, next);
            }
            if part == whole {
                k.absorb_vma(mm, target, id);
            } else {
                k.dup_anon_vma(mm, target, id);
                k.take_part(mm, target, id, part, may_guard);
            }
            if let Some(next) = both {
                k.absorb_vma(mm, target, next);
            }
            k.tell_of_merge(mm, part, target);
            Some(target)
        })
    }

    /// Moves the border between an area and a neighbour, which takes in a part at that border.
    fn take_part(&mut self, mm: MmId, target: VmaId, from: VmaId, part: VirtRange, sticky: VmFlags) {
        let vmas = &mut self.mms[mm].vmas;
        let (taken_from, grown) = (vmas.get(from).range, vmas.get(target).range);
        if grown.end == part.start {
            vmas.move_border(target, from, part.end);
        } else {
            vmas.move_border(from, target, part.start);
        }
        vmas.get_mut(target).flags |= sticky;
        if self.trace.is_on() {
            for (id, from) in [(from, taken_from), (target, grown)] {
                let vma = self.mms[mm].vmas.get(id);
                let (to, flags) = (vma.range, vma.flags);
                self.trace.emit(|| Event::VmaChanged { mm, from, to, was: flags, flags });
            }
        }
    }
}
