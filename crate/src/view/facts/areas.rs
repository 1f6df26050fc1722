//! Areas before and after, folded from events: which area came of which.

use super::Fact;
use crate::addr::{VirtAddr, VirtRange};
use crate::event::Event;
use crate::flags::VmFlags;
use crate::sort;
use crate::sorted::SortedMap;

/// A part of an area, with what it was before the step: an area, by number, and its flags.
#[derive(Clone, Copy, Debug)]
struct Piece {
    range: VirtRange,
    was: Option<(usize, VmFlags)>,
}

/// An area that events have spoken of.
#[derive(Clone, Debug)]
struct Area {
    end: VirtAddr,
    flags: VmFlags,
    pieces: Vec<Piece>,
}

/// The areas of one address space, as far as events spoke of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Areas {
    before: Vec<(VirtRange, VmFlags)>,
    now: SortedMap<VirtAddr, Area>,
    /// Pieces that left one area and have not come to another yet.
    between: Vec<Piece>,
}

impl Areas {
    /// Takes an event in.
    pub(super) fn add(&mut self, event: &Event) {
        match *event {
            Event::VmaInserted { range, flags, .. } => {
                let pieces = self.pieces_for(range);
                self.now.insert(range.start, Area { end: range.end, flags, pieces });
            }
            Event::VmaRemoved { range, flags, joined, .. } => {
                let area = self.take(range, flags);
                if joined {
                    self.between.extend(area.pieces);
                }
            }
            Event::VmaChanged { from, to, was, flags, .. } => {
                let area = self.take(from, was);
                let mut pieces = Vec::new();
                for piece in area.pieces {
                    let (inside, outside) = cut(piece, to);
                    pieces.extend(inside);
                    self.between.extend(outside);
                }
                for new in outside_of(to, from) {
                    pieces.extend(self.pieces_for(new));
                }
                sort::by_key(&mut pieces, |piece| piece.range.start);
                self.now.insert(to.start, Area { end: to.end, flags, pieces });
            }
            _ => {}
        }
    }

    /// The area at a range: known, or from before the step.
    fn take(&mut self, range: VirtRange, flags: VmFlags) -> Area {
        if self.now.get(&range.start).is_some_and(|area| area.end == range.end)
            && let Some(area) = self.now.remove(&range.start)
        {
            return area;
        }
        self.before.push((range, flags));
        let piece = Piece { range, was: Some((self.before.len() - 1, flags)) };
        Area { end: range.end, flags, pieces: vec![piece] }
    }

    /// What a range is made of: pieces that are on their way, and new memory.
    fn pieces_for(&mut self, range: VirtRange) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut rest = Vec::new();
        for piece in std::mem::take(&mut self.between) {
            let (inside, outside) = cut(piece, range);
            pieces.extend(inside);
            rest.extend(outside);
        }
        self.between = rest;
        sort::by_key(&mut pieces, |piece| piece.range.start);
        let mut at = range.start;
        let mut all = Vec::new();
        for piece in pieces {
            if at < piece.range.start {
                all.push(Piece { range: VirtRange { start: at, end: piece.range.start }, was: None });
            }
            at = piece.range.end;
            all.push(piece);
        }
        if at < range.end {
            all.push(Piece { range: VirtRange { start: at, end: range.end }, was: None });
        }
        all
    }

    /// The difference. `describe` gives an area's name and operations.
    pub(super) fn facts(self, pid: u32, describe: impl Fn(VirtAddr) -> (String, Option<&'static str>), facts: &mut Vec<Fact>) {
        let mut into: Vec<Vec<VirtRange>> = vec![Vec::new(); self.before.len()];
        let mut kept: Vec<Vec<VirtRange>> = vec![Vec::new(); self.before.len()];
        for (start, area) in &self.now {
            let range = VirtRange { start: *start, end: area.end };
            let mut of: Vec<usize> = Vec::new();
            let mut is_new = false;
            for piece in &area.pieces {
                match piece.was {
                    Some((origin, was)) => {
                        kept[origin].push(piece.range);
                        if of.last() != Some(&origin) {
                            of.push(origin);
                        }
                        changed(pid, piece.range, was, area.flags, facts);
                    }
                    None => is_new = true,
                }
            }
            for origin in &of {
                into[*origin].push(range);
            }
            let origin = |number: &usize| self.before[*number].0;
            match of.as_slice() {
                [] => {
                    let (name, ops) = describe(*start);
                    facts.push(Fact::AreaNew { pid, at: range.into(), perms: perms(area.flags), name, ops });
                }
                [only] if is_new => facts.push(Fact::AreaGrown { pid, from: origin(only).into(), to: range.into() }),
                [_] => {}
                several => {
                    let of = several.iter().map(|number| origin(number).into()).collect();
                    facts.push(Fact::AreaMerged { pid, of, into: range.into() });
                }
            }
        }
        for (number, (range, flags)) in self.before.iter().enumerate() {
            match into[number].as_slice() {
                [] => facts.push(Fact::AreaGone { pid, at: (*range).into(), perms: perms(*flags) }),
                [_] => {}
                several => {
                    let into = several.iter().map(|range| (*range).into()).collect();
                    facts.push(Fact::AreaSplit { pid, from: (*range).into(), into });
                }
            }
            if !into[number].is_empty() {
                let gone = missing(*range, &kept[number]);
                facts.extend(gone.into_iter().map(|gone| Fact::AreaCut { pid, from: (*range).into(), gone: gone.into() }));
            }
        }
    }
}

fn perms(flags: VmFlags) -> String {
    flags.perms().iter().collect()
}

/// What became of the flags of a part that stayed; neighbours that changed alike are one.
fn changed(pid: u32, range: VirtRange, was: VmFlags, is: VmFlags, facts: &mut Vec<Fact>) {
    let at = range.into();
    let seen = VmFlags::ACCESS | VmFlags::MAYSHARE;
    if (was ^ is).intersects(seen) {
        facts.push(Fact::AreaPerms { pid, at, from: perms(was), to: perms(is) });
    } else if was != is {
        facts.push(Fact::AreaFlags { pid, at, gained: (is - was).smaps_names(), lost: (was - is).smaps_names() });
    }
}

/// A piece inside a range, and what lies outside.
fn cut(piece: Piece, range: VirtRange) -> (Option<Piece>, Vec<Piece>) {
    let (start, end) = (piece.range.start.max(range.start), piece.range.end.min(range.end));
    if start >= end {
        return (None, vec![piece]);
    }
    let outside = outside_of(piece.range, VirtRange { start, end });
    (Some(Piece { range: VirtRange { start, end }, ..piece }), outside.map(|range| Piece { range, ..piece }).collect())
}

/// The parts of a range below and above another.
fn outside_of(range: VirtRange, inner: VirtRange) -> impl Iterator<Item = VirtRange> {
    let below = VirtRange { start: range.start, end: inner.start.min(range.end) };
    let above = VirtRange { start: inner.end.max(range.start), end: range.end };
    [below, above].into_iter().filter(|part| part.start < part.end)
}

/// What of a range is in none of the parts.
fn missing(range: VirtRange, parts: &[VirtRange]) -> Vec<VirtRange> {
    let mut parts = parts.to_vec();
    sort::by_key(&mut parts, |part| part.start);
    let (mut at, mut gone) = (range.start, Vec::new());
    for part in parts {
        if at < part.start {
            gone.push(VirtRange { start: at, end: part.start });
        }
        at = at.max(part.end);
    }
    if at < range.end {
        gone.push(VirtRange { start: at, end: range.end });
    }
    gone
}
