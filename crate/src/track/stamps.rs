//! Which event made each area, and which changed it last: kept beside the areas, by their ids, so that an area stays one
//! cache line. What an event touches is looked at before and after.

use crate::addr::VirtRange;
use crate::flags::VmFlags;
use crate::ids::VmaId;
use crate::vma::{Vma, VmaSet};

/// The numbers of two events; 0 is before the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Stamp {
    pub(super) made: u64,
    pub(super) changed: u64,
}

/// The stamps of all areas.
#[derive(Clone, Debug, Default)]
pub(super) struct Stamps {
    /// Events so far.
    pub(super) now: u64,
    /// By id of the area.
    by_area: Vec<Stamp>,
    /// The areas in the windows of an event, as they were before it, and how many of them are of the first.
    seen: Vec<Old>,
    of_first: usize,
}

/// What an event may touch: one range, or where from and where to.
pub(super) type Windows = [VirtRange; 2];

/// An area as it was.
#[derive(Clone, Copy, Debug)]
struct Old {
    id: VmaId,
    range: VirtRange,
    flags: VmFlags,
    stamp: Stamp,
}

/// The areas that overlap or touch a window, upwards.
fn around(vmas: &VmaSet, window: VirtRange, mut visit: impl FnMut(VmaId, &Vma)) {
    if window.is_empty() {
        return;
    }
    let wide = VirtRange::new(window.start.0.saturating_sub(1), window.end.0.saturating_add(1));
    let mut next = vmas.first_overlap(wide);
    while let Some(id) = next {
        let vma = vmas.get(id);
        if vma.range.start >= wide.end {
            break;
        }
        visit(id, vma);
        next = vmas.neighbours(id).1;
    }
}

impl Stamps {
    /// No areas, after so many events.
    pub(super) fn from_number(now: u64) -> Self {
        Self { now, ..Self::default() }
    }

    #[inline]
    pub(super) fn of(&self, id: VmaId) -> Stamp {
        self.by_area.get(id.index()).copied().unwrap_or_default()
    }

    #[inline]
    pub(super) fn set(&mut self, id: VmaId, stamp: Stamp) {
        if id.index() >= self.by_area.len() {
            self.by_area.resize(id.index() + 1, Stamp::default());
        }
        self.by_area[id.index()] = stamp;
    }

    /// Looks at what an event is about to touch.
    #[inline]
    pub(super) fn look(&mut self, vmas: &VmaSet, windows: Windows) {
        self.seen.clear();
        for (at, window) in windows.into_iter().enumerate() {
            around(vmas, window, |id, vma| {
                let stamp = self.of(id);
                self.seen.push(Old { id, range: vma.range, flags: vma.flags, stamp });
            });
            if at == 0 {
                self.of_first = self.seen.len();
            }
        }
    }

    /// The areas that were seen to overlap a range inside of a window, upwards.
    #[inline]
    pub(super) fn seen_in(&self, range: VirtRange) -> impl Iterator<Item = VmaId> {
        let inside = self.seen.iter().filter(move |old| old.range.start < range.end && range.start < old.range.end);
        inside.map(|old| old.id)
    }

    /// Counts an event and stamps what it touched. What lies in `fresh` was put there by it.
    #[inline]
    pub(super) fn stamp(&mut self, vmas: &VmaSet, windows: Windows, fresh: VirtRange) {
        self.now += 1;
        let seen = std::mem::take(&mut self.seen);
        let parts = seen.split_at(self.of_first);
        for (window, old) in windows.into_iter().zip([parts.0, parts.1]) {
            let mut passed = 0;
            around(vmas, window, |id, vma| {
                while old.get(passed).is_some_and(|old| old.range.end <= vma.range.start) {
                    passed += 1;
                }
                let stamp = self.stamp_for(vma, &old[passed..], fresh);
                self.set(id, stamp);
            });
        }
        self.seen = seen;
    }

    /// The stamp of an area, given what was there from its start on.
    #[inline]
    fn stamp_for(&self, vma: &Vma, old: &[Old], fresh: VirtRange) -> Stamp {
        let mut made = self.now;
        for old in old.iter().take_while(|old| old.range.start < vma.range.end) {
            let stayed = vma.range.intersect(&old.range);
            let replaced = fresh.start <= stayed.start && stayed.end <= fresh.end;
            let renewed = !stayed.intersect(&fresh).is_empty();
            if old.range == vma.range && old.flags == vma.flags && !renewed {
                return old.stamp;
            }
            if !replaced {
                made = made.min(old.stamp.made);
            }
        }
        Stamp { made, changed: self.now }
    }
}
