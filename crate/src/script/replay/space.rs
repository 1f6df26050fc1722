//! What is known of one address space of a log that came without first maps: where recorded memory lies
//! here, and of which addresses the log has told what was there.

use super::ranges::Ranges;
use std::ops::Range;

/// Recorded addresses of one address space.
#[derive(Clone, Debug, Default)]
pub(super) struct Space {
    /// Our address less the recorded one, where they differ.
    moved: Ranges<u64>,
    /// Where the log has told whether something is mapped.
    known: Ranges<()>,
    /// Ours, of memory that the log does not show being mapped: what a program starts with, and what calls take for granted.
    assumed: Ranges<()>,
    /// Our address less the recorded one, of the last mapping that the kernel placed.
    delta: Option<u64>,
    /// Whether the log shows where the heap begins.
    pub(super) knows_brk: bool,
}

impl Space {
    /// The first mapping is expected where it was recorded, too.
    pub(super) fn expect_recorded_places(&mut self) {
        self.delta = Some(0);
    }

    /// Where a recorded address lies here: where it was, unless its mapping was placed elsewhere.
    pub(super) fn ours(&self, recorded: u64) -> u64 {
        recorded.wrapping_add(self.moved.get(recorded).unwrap_or(0))
    }

    /// A recorded range was mapped, here at `ours`.
    pub(super) fn mapped(&mut self, recorded: Range<u64>, ours: u64) {
        match ours.wrapping_sub(recorded.start) {
            0 => self.moved.remove(recorded.clone()),
            delta => self.moved.insert(recorded.clone(), delta),
        }
        self.known.insert(recorded, ());
    }

    /// What is at recorded addresses lies at ours.
    pub(super) fn lies_at(&mut self, recorded: Range<u64>, ours: u64) {
        let delta = ours.wrapping_sub(recorded.start);
        self.moved.insert(recorded, delta);
    }

    /// Whether the log has told what is at an address, and that nothing is, or what.
    pub(super) fn is_known(&self, at: u64) -> bool {
        self.known.get(at).is_some()
    }

    /// Where the log has told what is there.
    pub(super) fn known(&self) -> Ranges<()> {
        self.known.clone()
    }

    /// The log has told what is in a range.
    pub(super) fn know(&mut self, range: Range<u64>) {
        self.known.insert(range, ());
    }

    /// Memory of ours that the log does not show being mapped.
    pub(super) fn assume(&mut self, ours: Range<u64>) {
        self.assumed.insert(ours, ());
    }

    /// The log shows what is in a range of ours.
    pub(super) fn show(&mut self, ours: Range<u64>) {
        self.assumed.remove(ours);
    }

    /// Whether any of a range of ours is assumed.
    pub(super) fn is_assumed(&self, ours: Range<u64>) -> bool {
        self.assumed.gaps(ours.clone()) != [ours]
    }

    /// What is in a range is not known.
    pub(super) fn doubt(&mut self, range: Range<u64>) {
        self.known.remove(range);
    }

    /// The log was cut here: from now on anything may be anywhere.
    pub(super) fn forget(&mut self) {
        self.known = Ranges::default();
    }

    /// The parts of a range of which the log has told nothing.
    pub(super) fn unknown(&self, range: Range<u64>) -> Vec<Range<u64>> {
        self.known.gaps(range)
    }

    /// Where a recorded place lies here, if it is as far off as the one before.
    pub(super) fn at_same_distance(&self, recorded: u64) -> u64 {
        recorded.wrapping_add(self.delta.unwrap_or(0))
    }

    /// Whether a place that the kernel chose is the recorded one: equal, or as far off as the one before, unless what lies
    /// elsewhere is put where it was recorded.
    pub(super) fn same_place(&mut self, recorded: u64, ours: u64, is_reconciled: bool) -> bool {
        let delta = ours.wrapping_sub(recorded);
        let before = self.delta.replace(if is_reconciled { 0 } else { delta });
        delta == 0 || before.is_none_or(|before| before == delta)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_was_never_moved_is_itself() {
        let mut space = Space::default();
        space.mapped(0x1000..0x3000, 0x9000);
        assert_eq!((space.ours(0x1000), space.ours(0x2fff), space.ours(0x3000)), (0x9000, 0xafff, 0x3000));
        space.mapped(0x2000..0x3000, 0x2000);
        assert_eq!((space.ours(0x1fff), space.ours(0x2000)), (0x9fff, 0x2000));
    }

    #[test]
    fn a_place_is_the_same_by_its_distance() {
        let mut space = Space::default();
        let tried = [(0x5000, 0x9000), (0x4000, 0x8000), (0x3000, 0x3000), (0x2000, 0x6000)];
        assert_eq!(tried.map(|(recorded, ours)| space.same_place(recorded, ours, false)), [true, true, true, false]);
    }
}
