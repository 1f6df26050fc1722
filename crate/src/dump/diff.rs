//! What changed between two dumps, as a short and plausible list of calls. The list is run on the machine, from the
//! first dump, and what it does not explain is named.

use super::area::{Area, Dump, hex, vmas_of};
use super::replay::{Compared, compare_script};
use super::script::{ADVICE, Mapper, header_for};
use crate::addr::{VirtAddr, VirtRange};
use crate::flags::VmFlags;
use crate::sort;
use crate::sorted::SortedMap;
use crate::vma::{Vma, why_apart};
use serde::Serialize;
use std::collections::VecDeque;

/// One call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangeCall {
    /// As a statement of a script.
    pub call: String,
    /// What it did, in words.
    pub why: String,
}

/// What changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Changes {
    /// The calls that lead from the first to the second.
    pub calls: Vec<ChangeCall>,
    /// Lines of the second dump that the calls yield, and all of them.
    pub equal: usize,
    /// Lines of the second dump.
    pub lines: usize,
    /// The two seem to be two processes, not one at two moments: their stacks lie at different places.
    pub two_processes: bool,
    /// Lines that the calls do not explain: − those that should be there, + those that should not.
    pub unexplained: Vec<String>,
    /// A script that starts with the first dump and makes the calls.
    pub script: String,
}

/// Finds calls that turn one dump into another.
pub fn changes(from: &Dump, to: &Dump) -> Changes {
    let mut finder = Finder { pieces: pieces(from, to), from, to, calls: Vec::new(), origins: SortedMap::new(), mapper: Mapper::default() };
    let heap = finder.heap();
    finder.stack();
    finder.moves();
    finder.unmaps();
    // The heap grows into what has been freed.
    finder.calls.extend(heap);
    finder.grows();
    finder.maps();
    finder.protects();
    finder.advice();
    finder.flags();
    let calls = finder.finish();
    let mut script = header_for(from, to);
    calls.iter().for_each(|call| {
        script += &call.call;
        script.push('\n');
    });
    let Compared { lines, equal, missing, extra, stopped } = compare_script(&script, to);
    let mut unexplained: Vec<_> = stopped.into_iter().collect();
    unexplained.extend(missing.iter().map(|line| format!("− {line}")));
    unexplained.extend(extra.iter().map(|line| format!("+ {line}")));
    Changes { calls, equal, lines, two_processes: are_two_processes(from, to), unexplained, script }
}

/// A process keeps its stack and its program where they are.
fn are_two_processes(from: &Dump, to: &Dump) -> bool {
    let end = |dump: &Dump| dump.areas.iter().find(|area| area.maps.name == "[stack]").map(|area| area.maps.range.end);
    matches!((end(from), end(to)), (Some(a), Some(b)) if a != b)
}

/// A range in which neither dump has a border.
struct Piece {
    range: VirtRange,
    old: Option<usize>,
    new: Option<usize>,
    /// Explained already.
    done: bool,
}

/// The address space cut at every border of either dump.
fn pieces(from: &Dump, to: &Dump) -> Vec<Piece> {
    let borders = |dump: &Dump| dump.counted().flat_map(|area| [area.maps.range.start.0, area.maps.range.end.0]).collect::<Vec<_>>();
    let mut cuts = borders(from);
    cuts.extend(borders(to));
    sort::by(&mut cuts, Ord::cmp);
    cuts.dedup();
    let (mut old, mut new) = (Cursor::new(from), Cursor::new(to));
    let ranges = cuts.windows(2).map(|pair| VirtRange::new(pair[0], pair[1]));
    let pieces = ranges.map(|range| Piece { range, old: old.at(range.start), new: new.at(range.start), done: false });
    pieces.filter(|piece| piece.old.is_some() || piece.new.is_some()).collect()
}

/// Finds areas by addresses that only go up.
struct Cursor<'a> {
    dump: &'a Dump,
    next: usize,
}

impl<'a> Cursor<'a> {
    fn new(dump: &'a Dump) -> Self {
        Self { dump, next: 0 }
    }

    fn at(&mut self, addr: VirtAddr) -> Option<usize> {
        while self.dump.areas.get(self.next).is_some_and(|area| area.maps.range.end <= addr) {
            self.next += 1;
        }
        self.dump.areas.get(self.next).filter(|area| area.maps.range.contains(addr)).map(|_| self.next)
    }
}

struct Finder<'a> {
    pieces: Vec<Piece>,
    from: &'a Dump,
    to: &'a Dump,
    calls: Vec<ChangeCall>,
    /// Areas of the second dump that moved there, and which they were in the first.
    origins: SortedMap<usize, usize>,
    mapper: Mapper,
}

impl Finder<'_> {
    fn call(&mut self, call: String, why: String) {
        self.calls.push(ChangeCall { call, why });
    }

    fn old_area(&self, piece: &Piece) -> Option<&Area> {
        piece.old.map(|at| &self.from.areas[at])
    }

    fn new_area(&self, piece: &Piece) -> Option<&Area> {
        piece.new.map(|at| &self.to.areas[at])
    }

    /// Nothing happened to it, or what did is explained.
    fn is_settled(&self, piece: &Piece) -> bool {
        let same = match (self.old_area(piece), self.new_area(piece)) {
            (Some(old), Some(new)) => same_memory(old, new) && old.maps.perms == new.maps.perms,
            _ => false,
        };
        piece.done || same
    }

    fn settle(&mut self, range: VirtRange) {
        let first = self.pieces.partition_point(|piece| piece.range.start < range.start);
        let own = self.pieces[first..].iter_mut().take_while(|piece| piece.range.end <= range.end);
        own.for_each(|piece| piece.done = true);
    }

    /// The heap's end moved.
    fn heap(&mut self) -> Option<ChangeCall> {
        let heap = |dump: &Dump| {
            let mut own = dump.areas.iter().filter(|area| area.maps.name == "[heap]").map(|area| area.maps.range);
            let first = own.next()?;
            Some((first.start, own.next_back().unwrap_or(first).end))
        };
        let (old, new) = (heap(self.from), heap(self.to));
        let (start, was, is) = match (old, new) {
            (Some((start, was)), Some((other, is))) if start == other && was != is => (start, was, is),
            (None, Some((start, is))) => (start, start, is),
            (Some((start, was)), None) => (start, was, start),
            _ => return None,
        };
        let (low, high) = (was.min(is), was.max(is));
        let word = if is > was { "grew" } else { "shrank" };
        self.settle(VirtRange { start: low, end: high });
        let why = format!("the heap at {} {word} by {}", hex(start), size(high - low));
        Some(ChangeCall { call: format!("brk(0x{:x})", is.0), why })
    }

    /// The stack grew down when it was touched.
    fn stack(&mut self) {
        let stack = |dump: &Dump| dump.areas.iter().find(|area| area.maps.name == "[stack]").map(|area| area.maps.range);
        let (Some(old), Some(new)) = (stack(self.from), stack(self.to)) else { return };
        if new.start < old.start && new.end == old.end {
            let grown = VirtRange { start: new.start, end: old.start };
            self.call(format!("store(0x{:x}, 0, 1)", new.start.0), format!("no call: the stack grew down by {}", size(grown.len())));
            self.settle(grown);
        }
    }

    /// Whole areas that are gone and came up elsewhere, as `mremap` leaves them.
    fn moves(&mut self) {
        let mut gone: Vec<_> = (0..self.from.areas.len()).filter(|at| self.is_wholly(*at, true)).collect();
        let mut come: SortedMap<_, VecDeque<usize>> = SortedMap::new();
        for at in (0..self.to.areas.len()).filter(|at| self.is_wholly(*at, false)) {
            come.entry(looks(&self.to.areas[at])).or_default().push_back(at);
        }
        gone.retain(|old| {
            let new = come.get_mut(&looks(&self.from.areas[*old])).and_then(VecDeque::pop_front);
            if let Some(new) = new {
                self.moved(*old, new);
            }
            new.is_none()
        });
        let come: Vec<_> = come.into_values().flatten().collect();
        // A block that was made larger has moved too, if only one can be meant.
        if let ([old], [new]) = (gone.as_slice(), come.as_slice()) {
            let (area, larger) = (&self.from.areas[*old], &self.to.areas[*new]);
            if could_have_moved(area, larger) && larger.maps.range.len() > area.maps.range.len() {
                self.moved(*old, *new);
            }
        }
    }

    fn moved(&mut self, old: usize, new: usize) {
        let (from, to) = (self.from.areas[old].maps.range, self.to.areas[new].maps.range);
        let (old_len, new_len) = (from.len(), to.len());
        self.origins.insert(new, old);
        let grew = if new_len > old_len { format!(" and grew by {}", size(new_len - old_len)) } else { String::new() };
        self.call(
            format!("mremap(0x{:x}, {old_len}, {new_len}, MREMAP_MAYMOVE|MREMAP_FIXED, 0x{:x})", from.start.0, to.start.0),
            format!("{} moved to {}{grew}", hex(from.start), hex(to.start)),
        );
        self.settle(from);
        self.settle(to);
    }

    /// Every piece of an area is only in its own dump.
    fn is_wholly(&self, at: usize, old: bool) -> bool {
        let area = if old { &self.from.areas[at] } else { &self.to.areas[at] };
        let first = self.pieces.partition_point(|piece| piece.range.end <= area.maps.range.start);
        let mut own = self.pieces[first..].iter().take_while(|piece| piece.range.start < area.maps.range.end);
        let only = own.all(|piece| !piece.done && if old { piece.new.is_none() } else { piece.old.is_none() });
        // Libraries are loaded anew, and what has a guard below it is the stack of a thread.
        let is_library = area.has_file() && !area.is_shared();
        let below = at.checked_sub(1).map(|below| if old { &self.from.areas[below] } else { &self.to.areas[below] });
        let is_stack = below.is_some_and(|below| below.is_barrier() && below.maps.range.end == area.maps.range.start);
        let is_landmark = area.is_special() || ["[heap]", "[stack]"].contains(&area.maps.name.as_str());
        only && !is_landmark && !is_library && !is_stack && !area.is_barrier()
    }

    /// Runs of pieces for which something holds, joined across borders and, if nothing is between them, across gaps.
    fn runs(&self, over_gaps: bool, is: impl Fn(&Piece) -> bool, joins: impl Fn(&Piece, &Piece) -> bool) -> Vec<(VirtRange, usize)> {
        let mut runs: Vec<(VirtRange, usize)> = Vec::new();
        let mut last: Option<usize> = None;
        for (at, piece) in self.pieces.iter().enumerate() {
            if !is(piece) {
                last = None;
                continue;
            }
            let before = last.map(|last| &self.pieces[last]);
            let goes_on = before.is_some_and(|before| (over_gaps || before.range.end == piece.range.start) && joins(before, piece));
            match runs.last_mut() {
                Some((run, _)) if goes_on => run.end = piece.range.end,
                _ => runs.push((piece.range, at)),
            }
            last = Some(at);
        }
        runs
    }

    fn unmaps(&mut self) {
        let runs = self.runs(true, |piece| !piece.done && piece.new.is_none(), |_, _| true);
        for (range, _) in runs {
            let why = format!("{} of address space went", size(range.len()));
            self.call(format!("munmap(0x{:x}, {})", range.start.0, range.len()), why);
            self.settle(range);
        }
    }

    /// Areas that reach further up than before.
    fn grows(&mut self) {
        let grown: Vec<_> = (1..self.pieces.len()).filter(|at| self.has_grown(*at)).collect();
        for at in grown {
            let (area, more) = (self.new_area(&self.pieces[at]).expect("it is new").maps.clone(), self.pieces[at].range);
            let start = self.old_area(&self.pieces[at - 1]).map_or(area.range.start, |old| old.maps.range.start.max(area.range.start));
            let (was, is) = (more.start - start, more.end - start);
            self.call(format!("mremap(0x{:x}, {was}, {is}, 0)", start.0), format!("{} grew by {}", hex(start), size(more.len())));
            self.settle(more);
        }
    }

    /// A piece that is new and belongs to the area of the piece below it, which was there.
    fn has_grown(&self, at: usize) -> bool {
        let (below, piece) = (&self.pieces[at - 1], &self.pieces[at]);
        let fresh = !piece.done && piece.old.is_none() && piece.new.is_some() && piece.new == below.new;
        let was = self
            .old_area(below)
            .zip(self.new_area(below))
            .is_some_and(|(old, new)| same_memory(old, new) && old.maps.perms == new.maps.perms && old.maps.range.end == piece.range.start);
        fresh && below.range.end == piece.range.start && was
    }

    /// What is new, or other memory at the same place.
    fn maps(&mut self) {
        let other = |finder: &Self, piece: &Piece| match (finder.old_area(piece), finder.new_area(piece)) {
            (Some(old), Some(new)) => !same_memory(old, new),
            (None, Some(_)) => true,
            _ => false,
        };
        let runs = self.runs(false, |piece| !piece.done && other(self, piece), |a, b| a.new == b.new);
        let (vmas, _) = vmas_of(self.to.areas.iter());
        for (range, first) in runs {
            let area = &self.to.areas[self.pieces[first].new.expect("it is new")];
            let name = if area.maps.name.is_empty() { "anonymous memory" } else { &area.maps.name };
            let why = format!("{} of {name} is new", size(range.len()));
            let place = self.pieces[first].new.expect("it is new");
            let alike = self.is_alike(place, &vmas) || self.is_alike(place + 1, &vmas) && self.was_there(place + 1);
            for call in self.mapper.calls(area, range, alike) {
                self.calls.push(ChangeCall { call, why: why.clone() });
            }
            self.settle(range);
        }
    }

    fn protects(&mut self) {
        let perms = |finder: &Self, piece: &Piece| finder.new_area(piece).map(|new| new.maps.perms);
        let runs = self.runs(false, |piece| !self.is_settled(piece), |a, b| perms(self, a) == perms(self, b));
        for (range, first) in runs {
            let piece = &self.pieces[first];
            let (Some(old), Some(new)) = (self.old_area(piece), self.new_area(piece)) else { continue };
            let word = |area: &Area| area.maps.perms[..3].iter().collect::<String>();
            let why = format!("{} became {}", word(old), word(new));
            let call = format!("mprotect(0x{:x}, {}, {})", range.start.0, range.len(), super::script::prot(new.maps.perms));
            self.call(call, why);
        }
    }

    /// An area of the second dump and the one below it are alike in all that the text shows.
    fn is_alike(&self, at: usize, vmas: &[Vma]) -> bool {
        at > 0 && at < vmas.len() && self.to.areas[at].maps.name != "[heap]" && why_apart(&vmas[at - 1], &vmas[at]).is_ok()
    }

    /// Whether the first page of an area of the second dump was mapped in the first.
    fn was_there(&self, at: usize) -> bool {
        let start = self.to.areas[at].maps.range.start;
        let piece = self.pieces.partition_point(|piece| piece.range.end <= start);
        self.pieces.get(piece).is_some_and(|piece| piece.old.is_some())
    }

    /// Borders in the midst of what was one area, between areas that look alike: flags that maps does not show.
    fn advice(&mut self) {
        let (vmas, _) = vmas_of(self.to.areas.iter());
        let mut advised = None;
        for at in 1..vmas.len() {
            let border = vmas[at].range.start;
            let old = self.from.areas.partition_point(|area| area.maps.range.end <= border);
            let was_one = self.from.areas.get(old).is_some_and(|area| area.maps.range.start < border);
            if !was_one || !self.is_alike(at, &vmas) || advised == Some(at - 1) {
                continue;
            }
            advised = Some(at);
            let range = vmas[at].range;
            self.call(
                format!("madvise(0x{:x}, {}, MADV_DONTFORK)", range.start.0, range.len()),
                "a border between areas that look alike: advice or a lock; which, only smaps tells".into(),
            );
        }
    }

    /// Locks and advice that came or went, where both dumps tell the flags of their areas.
    fn flags(&mut self) {
        if !self.from.has_flags() || !self.to.has_flags() {
            return;
        }
        let mut runs: Vec<(VirtRange, VmFlags, VmFlags)> = Vec::new();
        // What has grown has the flags that it had.
        let mut below: Option<(usize, VirtAddr, VmFlags)> = None;
        for piece in &self.pieces {
            let Some((new, told)) = piece.new.and_then(|at| Some((at, told_flags(&self.to.areas[at])?))) else { continue };
            let area = &self.to.areas[new];
            let origin = self.origins.get(&new).copied().or(piece.old).map(|at| &self.from.areas[at]);
            let kept = origin.filter(|old| self.origins.contains_key(&new) || same_memory(old, area));
            let grown = below.filter(|(area, end, _)| kept.is_none() && (*area, *end) == (new, piece.range.start));
            let Some(had) = kept.map_or(Some(grown.map_or(VmFlags::empty(), |(.., had)| had)), told_flags) else { continue };
            below = Some((new, piece.range.end, had));
            if had == told || area.is_special() {
                continue;
            }
            match runs.last_mut() {
                Some((run, a, b)) if run.end == piece.range.start && (*a, *b) == (had, told) => run.end = piece.range.end,
                _ => runs.push((piece.range, had, told)),
            }
        }
        for (range, had, has) in runs {
            for (call, why) in flag_calls(range, had, has) {
                self.call(call, why);
            }
        }
    }

    fn finish(mut self) -> Vec<ChangeCall> {
        let closes = self.mapper.close();
        let closes = closes.lines().map(|call| ChangeCall { call: call.to_string(), why: "its mappings stay".into() });
        self.calls.extend(closes);
        self.calls
    }
}

/// The flags of smaps that a call sets and another takes back.
fn told_flags(area: &Area) -> Option<VmFlags> {
    let settable = ADVICE.iter().fold(VmFlags::LOCKED, |flags, (flag, _)| flags | *flag);
    let names = area.vm_flags.as_deref()?.split_whitespace();
    Some(names.filter_map(VmFlags::from_smaps_name).fold(VmFlags::empty(), |flags, flag| flags | flag) & settable)
}

/// Advice that takes other advice back. Advice on huge pages is only taken back by its contrary.
const BACK: [(VmFlags, &str); 4] = [
    (VmFlags::DONTCOPY, "MADV_DOFORK"),
    (VmFlags::WIPEONFORK, "MADV_KEEPONFORK"),
    (VmFlags::DONTDUMP, "MADV_DODUMP"),
    (VmFlags::MERGEABLE, "MADV_UNMERGEABLE"),
];

/// Calls that turn some flags of a range into others, and why.
fn flag_calls(range: VirtRange, had: VmFlags, has: VmFlags) -> Vec<(String, String)> {
    let (at, len) = (range.start.0, range.len());
    let (came, went) = (has - had, had - has);
    let mut calls = Vec::new();
    let mut advise = |advice: &str, why: String| calls.push((format!("madvise(0x{at:x}, {len}, {advice})"), why));
    let access = VmFlags::SEQ_READ | VmFlags::RAND_READ;
    for (flag, advice) in ADVICE {
        let name = flag.smaps_names();
        if came.contains(flag) {
            advise(advice, format!("`{name}` came into its VmFlags"));
        }
        let back = BACK.iter().find(|(other, _)| *other == flag).map(|(_, back)| *back);
        let back = back.or_else(|| (access.contains(flag) && (has & access).is_empty()).then_some("MADV_NORMAL"));
        if let Some(back) = back.filter(|_| went.contains(flag)) {
            advise(back, format!("`{name}` went from its VmFlags"));
        }
    }
    if came.contains(VmFlags::LOCKED) {
        calls.push((format!("mlock(0x{at:x}, {len})"), "`lo` came into its VmFlags: it is locked".into()));
    }
    if went.contains(VmFlags::LOCKED) {
        calls.push((format!("munlock(0x{at:x}, {len})"), "`lo` went from its VmFlags: it is locked no more".into()));
    }
    calls
}

/// The same file at the same place, or private memory in both.
fn same_memory(old: &Area, new: &Area) -> bool {
    let start = |area: &Area| area.maps.offset.wrapping_sub(area.maps.range.start.0);
    let same_file =
        (old.maps.ino, old.maps.dev, &old.maps.name) == (new.maps.ino, new.maps.dev, &new.maps.name) && start(old) == start(new);
    let both_plain = !old.has_file() && !new.has_file() && old.is_special() == new.is_special();
    old.is_shared() == new.is_shared() && if old.has_file() || new.has_file() { same_file } else { both_plain }
}

/// Alike but for the place and the length.
fn could_have_moved(old: &Area, new: &Area) -> bool {
    let (a, b) = (&old.maps, &new.maps);
    a.perms == b.perms && (a.ino, a.dev, a.offset, &a.name) == (b.ino, b.dev, b.offset, &b.name)
}

/// All of an area but its place.
fn looks(area: &Area) -> impl Ord + use<> {
    let maps = &area.maps;
    (maps.perms, maps.range.len(), maps.ino, maps.dev, maps.offset, maps.name.clone())
}

/// A size in the unit that fits. No floating point: what writes such numbers is 15 kB of code.
#[inline(never)]
fn size(bytes: u64) -> String {
    let (shift, unit) = match bytes {
        0..0x10_0000 => return format!("{} KiB", bytes >> 10),
        0x10_0000..0x4000_0000 => (20, "MiB"),
        _ => (30, "GiB"),
    };
    let of_rest = (bytes & ((1 << shift) - 1)) * 10;
    let (mut tenths, rest, half) = ((bytes >> shift) * 10 + (of_rest >> shift), of_rest & ((1 << shift) - 1), 1 << (shift - 1));
    // In the middle between two, the even one.
    if rest > half || rest == half && tenths % 2 == 1 {
        tenths += 1;
    }
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_rounded_as_numbers_with_a_point_are() {
        for step in 0..4000u64 {
            let (small, large) = ((1 << 20) + step * 0x1_0000, (1 << 30) + step * 0x28_6000);
            assert_eq!(size(small), format!("{:.1} MiB", small as f64 / f64::from(1 << 20)));
            assert_eq!(size(large), format!("{:.1} GiB", large as f64 / f64::from(1 << 30)));
        }
        assert_eq!((size(0x8000).as_str(), size(u64::MAX - 0xfff).as_str()), ("32 KiB", "17179869184.0 GiB"));
    }
}
