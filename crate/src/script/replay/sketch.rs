//! What of an address space decides where the kernel puts a mapping: which addresses are occupied. Small enough that a
//! search may copy it thousands of times.

use super::assume::LOWEST;
use super::belief::{Belief, Phantoms, hidden_in};
use super::layout::FIXED;
use super::ranges::{Ranges, meet};
use super::{memory_call, pages, returned};
use crate::addr::{PMD_SIZE, page_align};
use crate::ids::MmSerial;
use crate::machine::{Arg, Sysno};
use crate::script::ast::{Outcome, Statement};
use crate::script::evaluate;
use crate::script::run::State;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

const MAP_SHARED: u64 = 1;
const MAP_ANONYMOUS: u64 = 0x20;
/// `MAP_32BIT | MAP_ABOVE4G | MAP_HUGETLB`: searched for elsewhere.
const ELSEWHERE: u64 = 0x4_00c0;

/// What a call does to places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing.
    None,
    /// The kernel chooses a place, unless the hint is free; whether it is aligned for huge pages.
    Place { hint: u64, len: u64, aligned: bool },
    /// Grows, shrinks or moves.
    Resize { old: Range<u64>, len: u64 },
    /// Takes a range away, and maps one.
    Set { gone: Range<u64>, made: Range<u64> },
}

/// How the kernel chooses a place for a large mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// The highest that is free.
    Highest,
    /// The highest for huge pages.
    Aligned,
}

/// A memory call in a search.
#[derive(Clone, Debug)]
pub(super) struct Op {
    pub(super) began: usize,
    pub(super) ended: usize,
    pub(super) effect: Effect,
    /// The last call before it that its thread makes and that is about places, by its place in the list.
    pub(super) after: Option<usize>,
    pub(super) recorded: Option<u64>,
}

impl Op {
    pub(super) fn of(state: &State, statement: &Statement) -> Option<Self> {
        let number = memory_call(&statement.call.name)?;
        let args = evaluate::arguments(&statement.call, &state.names).ok()?;
        let recorded = returned(statement);
        // What a call frees of which the log does not show the end is free from some moment on.
        let frees = number == Sysno::munmap && matches!(statement.outcome, Some(Outcome::Unknown));
        let result = recorded.or_else(|| frees.then_some(0));
        let effect = result.map_or(Effect::None, |at| effect(number, args.each_ref().map(Arg::int), at));
        Some(Self { began: statement.began, ended: statement.line, effect, after: None, recorded })
    }

    /// Whether the recorded place is the one that it would get; `None` if its result tells nothing of places, or what the
    /// log does not show may be why it got another one.
    pub(super) fn matches(&self, sketch: &Sketch) -> Option<bool> {
        let place = sketch.place(&self.effect)?;
        if let (Effect::Place { hint: 0, len, .. }, Some(recorded)) = (&self.effect, self.recorded)
            && place != self.recorded
            && *len >= PMD_SIZE
            && sketch.lies_by_rule(*len, recorded).is_some()
        {
            return Some(true);
        }
        (place == self.recorded || !sketch.may_hide_why(self, place)).then_some(place == self.recorded)
    }

    /// What it is recorded to have mapped where the kernel chose.
    pub(super) fn recorded_place(&self) -> Option<Range<u64>> {
        match self.effect {
            Effect::Place { len, .. } | Effect::Resize { len, .. } => self.recorded.map(|at| at..at + len),
            _ => None,
        }
    }

    /// Whether it takes away something of what another one got.
    pub(super) fn frees_part_of(&self, other: &Self) -> bool {
        let (Effect::Set { gone, .. }, Some(place)) = (&self.effect, other.recorded_place()) else { return false };
        meet(gone, &place)
    }
}

fn effect(number: Sysno, [addr, len, third, fourth, ..]: [u64; 6], at: u64) -> Effect {
    match number {
        Sysno::munmap => Effect::Set { gone: pages(addr, len), made: 0..0 },
        // A large mapping of a file is aligned by its offset, if its file system wants that: taken as it is.
        Sysno::mmap if fourth & (FIXED | ELSEWHERE) != 0 || (fourth & MAP_ANONYMOUS == 0 && len >= PMD_SIZE) => {
            Effect::Set { gone: pages(at, len), made: pages(at, len) }
        }
        Sysno::mmap => {
            let len = page_align(len.min(1 << 47));
            let aligned = fourth & MAP_ANONYMOUS != 0 && fourth & MAP_SHARED == 0 && addr == 0 && len.is_multiple_of(PMD_SIZE);
            Effect::Place { hint: addr & !0xfff, len, aligned }
        }
        Sysno::mremap if fourth & 6 != 0 => Effect::Set { gone: pages(addr, len), made: pages(at, third) },
        Sysno::mremap => Effect::Resize { old: pages(addr, len), len: page_align(third.min(1 << 47)) },
        _ => Effect::None,
    }
}

/// The occupied ranges of an address space, joined where they touch, in order.
#[derive(Clone, Debug)]
pub(super) struct Sketch {
    occupied: Vec<(u64, u64)>,
    top: u64,
    phantoms: Phantoms,
    /// Where it is known what is there, in a part of a log.
    known: Option<Ranges<()>>,
}

impl Sketch {
    /// An address space as it is, for calls up to a line; `None` if it is searched upwards.
    pub(super) fn of(state: &State, serial: MmSerial, until: usize) -> Option<Self> {
        let kernel = &state.machine.kernel;
        let mm = &kernel.mms[kernel.mm_of_serial(serial)?];
        if mm.layout.legacy {
            return None;
        }
        let phantoms = state.replay.as_ref().map(|replay| replay.phantoms(serial)).unwrap_or_default();
        let top = mm.layout.mmap_base.0;
        let known = state.replay.as_ref().and_then(|replay| replay.known_of_excerpt(serial, top, until));
        let mut sketch = Self { occupied: Vec::new(), top, phantoms, known };
        for (_, vma) in mm.vmas.iter() {
            match sketch.occupied.last_mut() {
                Some((_, end)) if *end == vma.range.start.0 => *end = vma.range.end.0,
                _ => sketch.occupied.push((vma.range.start.0, vma.range.end.0)),
            }
        }
        Some(sketch)
    }

    /// The same as if the log had shown everything.
    pub(super) fn as_shown(&self) -> Self {
        Self { known: None, ..self.clone() }
    }

    /// Whether there are addresses of which a log told nothing.
    pub(super) fn is_of_excerpt(&self) -> bool {
        self.known.is_some()
    }

    /// How many ranges are occupied.
    pub(super) fn len(&self) -> usize {
        self.occupied.len()
    }

    /// A number for a state of a search.
    pub(super) fn digest(&self, done: &[bool], contradictions: usize) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.occupied, done, contradictions).hash(&mut hasher);
        hasher.finish()
    }

    /// Where something would go, if the kernel chooses: `Some(None)` is nowhere.
    fn place(&self, effect: &Effect) -> Option<Option<u64>> {
        match effect {
            Effect::Place { hint, len, .. } if *hint != 0 && self.is_free(&(*hint..hint + len)) => Some(Some(*hint)),
            Effect::Place { len, aligned, .. } => Some(self.search(*len, *aligned)),
            Effect::Resize { old, .. } if !self.covers(old) => Some(None),
            Effect::Resize { old, len } => {
                let old_len = old.end - old.start;
                let fits = *len <= old_len || self.is_free(&(old.end..old.start + len));
                Some(if fits { Some(old.start) } else { self.search(*len, len.is_multiple_of(PMD_SIZE)) })
            }
            Effect::None | Effect::Set { .. } => None,
        }
    }

    /// Whether memory of which the log does not tell may be why a call got its place and not the one that it would get.
    fn may_hide_why(&self, op: &Op, computed: Option<u64>) -> bool {
        let (Some(known), Some(recorded)) = (&self.known, op.recorded_place()) else { return false };
        let (own, len) = match &op.effect {
            Effect::Resize { old, len } => (old.clone(), *len),
            _ => (0..0, recorded.end - recorded.start),
        };
        let outside = [recorded.start..recorded.end.min(own.start), recorded.start.max(own.end)..recorded.end];
        if outside.iter().any(|part| part.start < part.end && !self.is_free(part)) {
            return false;
        }
        let is_unknown = |range: Range<u64>| !known.gaps(range).is_empty();
        match computed {
            Some(ours) => is_unknown(ours..ours + len) || (recorded.start > ours && is_unknown(recorded)),
            None => is_unknown(own),
        }
    }

    /// By which rule a mapping of some length comes to lie at an address.
    pub(super) fn lies_by_rule(&self, len: u64, at: u64) -> Option<Rule> {
        let len = page_align(len);
        let rules = [(Rule::Highest, false), (Rule::Aligned, true)];
        rules.into_iter().find(|(_, aligned)| self.search(len, *aligned) == Some(at)).map(|(rule, _)| rule)
    }

    fn search(&self, len: u64, aligned: bool) -> Option<u64> {
        if aligned && let Some(found) = self.highest(len + PMD_SIZE) {
            let shift = found.wrapping_neg() & (PMD_SIZE - 1);
            return Some(found + if shift == 0 { PMD_SIZE } else { shift });
        }
        self.highest(len)
    }

    /// The highest free range below the top.
    fn highest(&self, len: u64) -> Option<u64> {
        let mut end = self.top;
        for (start, stop) in self.occupied.iter().rev() {
            if *stop < end && end - stop >= len {
                return Some(end - len);
            }
            end = end.min(*start);
        }
        (end >= LOWEST + len).then(|| end - len)
    }

    fn covers(&self, range: &Range<u64>) -> bool {
        let next = self.occupied.partition_point(|(_, end)| *end <= range.start);
        self.occupied.get(next).is_some_and(|(start, end)| *start <= range.start && *end >= range.end)
    }

    pub(super) fn is_free(&self, range: &Range<u64>) -> bool {
        let next = self.occupied.partition_point(|(_, end)| *end <= range.start);
        self.occupied.get(next).is_none_or(|(start, _)| *start >= range.end)
    }

    /// Where a call would put something here.
    pub(super) fn computed(&self, op: &Op) -> Option<u64> {
        self.place(&op.effect).flatten()
    }

    /// Does what a call does: at the recorded place, or as it is believed if that contradicts.
    pub(super) fn apply(&mut self, op: &Op, belief: Option<Belief>) {
        let ours = if belief.is_some() { self.computed(op) } else { None };
        let at = if belief == Some(Belief::Order) { ours } else { op.recorded };
        match (&op.effect, at) {
            (Effect::Set { gone, made }, _) => {
                self.phantoms.spoken_of(gone).into_iter().for_each(|part| self.remove(part));
                self.remove(gone.clone());
                self.insert(made.clone());
                self.know(gone.clone());
                self.know(made.clone());
            }
            (Effect::Place { len, .. }, Some(at)) => self.settle(at..at + len, ours, belief),
            (Effect::Resize { old, len }, Some(at)) => {
                self.phantoms.spoken_of(old).into_iter().for_each(|part| self.remove(part));
                self.remove(old.clone());
                self.settle(at..at + len, ours, belief);
            }
            _ => {}
        }
    }

    /// What a call did tells what is there.
    fn know(&mut self, range: Range<u64>) {
        self.known.iter_mut().for_each(|known| known.insert(range.clone(), ()));
    }

    /// Something lies in a range now, and if it is believed that it hid from us, something in the gap where we would put it.
    fn settle(&mut self, range: Range<u64>, ours: Option<u64>, belief: Option<Belief>) {
        if matches!(belief, Some(Belief::Record | Belief::Hidden)) {
            self.phantoms.displaced_by(&range).into_iter().for_each(|part| self.remove(part));
        }
        self.know(range.clone());
        if let (Some(Belief::Hidden), Some(ours)) = (belief, ours) {
            let hidden = hidden_in(self.gap(ours), &range);
            self.phantoms.add(hidden.clone());
            self.insert(hidden);
        }
        self.insert(range);
    }

    /// The free range around an address.
    fn gap(&self, at: u64) -> Range<u64> {
        let next = self.occupied.partition_point(|(_, end)| *end <= at);
        let start = next.checked_sub(1).map_or(LOWEST, |before| self.occupied[before].1);
        start..self.occupied.get(next).map_or(self.top, |(start, _)| *start).min(self.top)
    }

    pub(super) fn remove(&mut self, range: Range<u64>) {
        let first = self.occupied.partition_point(|(_, end)| *end <= range.start);
        let behind = self.occupied.partition_point(|(start, _)| *start < range.end);
        if first >= behind || range.is_empty() {
            return;
        }
        let (left, right) = (self.occupied[first].0, self.occupied[behind - 1].1);
        let kept = [(left, range.start), (range.end, right)].into_iter().filter(|(start, end)| start < end);
        self.occupied.splice(first..behind, kept);
    }

    fn insert(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        let first = self.occupied.partition_point(|(_, end)| *end < range.start);
        let behind = self.occupied.partition_point(|(start, _)| *start <= range.end);
        let start = self.occupied.get(first).filter(|_| first < behind).map_or(range.start, |(start, _)| range.start.min(*start));
        let end = if first < behind { range.end.max(self.occupied[behind - 1].1) } else { range.end };
        self.occupied.splice(first..behind, [(start, end)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sketch(occupied: &[(u64, u64)]) -> Sketch {
        Sketch { occupied: occupied.to_vec(), top: 0x100_0000, phantoms: Phantoms::default(), known: None }
    }

    #[test]
    fn ranges_join_where_they_touch_and_are_cut() {
        let mut tried = sketch(&[(0x10_0000, 0x20_0000), (0x30_0000, 0x40_0000)]);
        tried.insert(0x20_0000..0x30_0000);
        assert_eq!(tried.occupied, [(0x10_0000, 0x40_0000)]);
        tried.remove(0x18_0000..0x38_0000);
        assert_eq!(tried.occupied, [(0x10_0000, 0x18_0000), (0x38_0000, 0x40_0000)]);
        tried.remove(0..0x50_0000);
        assert_eq!(tried.occupied, []);
    }

    #[test]
    fn the_highest_gap_that_is_large_enough() {
        let tried = sketch(&[(0x80_0000, 0x90_0000), (0x91_0000, 0x100_0000)]);
        let place = |len, aligned| tried.place(&Effect::Place { hint: 0, len, aligned });
        assert_eq!((place(0x1_0000, false), place(0x2_0000, false)), (Some(Some(0x90_0000)), Some(Some(0x7e_0000))));
        assert_eq!(place(PMD_SIZE, true), Some(Some(0x60_0000)));
        let grown = |len| tried.place(&Effect::Resize { old: 0x88_0000..0x90_0000, len });
        assert_eq!((grown(0x9_0000), grown(0xa_0000)), (Some(Some(0x88_0000)), Some(Some(0x76_0000))));
    }
}
