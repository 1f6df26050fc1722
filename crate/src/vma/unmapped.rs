//! Where a new area goes (Linux `mm/mmap.c:vm_unmapped_area`).

use super::set::VmaSet;
use crate::addr::{PAGE_SIZE, VirtAddr};
use crate::flags::VmFlags;

/// A search for a free gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GapSearch {
    /// Bytes wanted.
    pub len: u64,
    /// Lowest address allowed.
    pub low: u64,
    /// First address not allowed.
    pub high: u64,
    /// From the top (the usual layout) or from the bottom.
    pub top_down: bool,
}

impl GapSearch {
    /// The address of the highest (or lowest) place that fits, respecting the guard gap below stacks;
    /// `None` if none does.
    pub fn run(&self, vmas: &VmaSet) -> Option<VirtAddr> {
        debug_assert!(self.len.is_multiple_of(PAGE_SIZE));
        if self.top_down { self.highest(vmas) } else { self.lowest(vmas) }
    }

    fn highest(&self, vmas: &VmaSet) -> Option<VirtAddr> {
        let mut high = self.high;
        loop {
            let (_, end) = vmas.tree().highest_gap(self.low, high, self.len)?;
            // What follows the gap may be a stack, which keeps 1 MiB free below itself.
            match stack_above(vmas, end) {
                Some(limit) if limit < end => high = limit,
                _ => return Some(VirtAddr(end - self.len)),
            }
        }
    }

    fn lowest(&self, vmas: &VmaSet) -> Option<VirtAddr> {
        let mut low = self.low;
        loop {
            let (start, _) = vmas.tree().lowest_gap(low, self.high, self.len)?;
            let next = vmas.find(VirtAddr(start)).map(|id| vmas.get(id));
            match next.filter(|vma| vma.flags.contains(VmFlags::GROWSDOWN)) {
                Some(stack) if stack.start_with_gap().0 < start + self.len => low = stack.range.end.0,
                _ => return Some(VirtAddr(start)),
            }
        }
    }
}

/// The lowest address that the next area above `end` claims, if that area is a stack.
fn stack_above(vmas: &VmaSet, end: u64) -> Option<u64> {
    let next = vmas.get(vmas.find(VirtAddr(end))?);
    next.flags.contains(VmFlags::GROWSDOWN).then(|| next.start_with_gap().0)
}
