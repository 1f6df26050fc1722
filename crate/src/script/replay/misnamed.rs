//! A call that names the wrong memory. In the log of threads whose calls overlap, a `munmap` or `mremap` of a wrong address
//! shows only later, by places that nothing freed and by memory that is used though it was freed: long after the call
//! itself came out as recorded. Such contradictions are within the log: no machine is needed to find them, and the one call
//! is looked for that, if it names another range, leaves none.

use super::files::flags_of;
use super::layout::{CLONE_VM, FIXED, overlap, pages};
use super::ranges::{Ranges, meet};
use super::{memory_call, returned};
use crate::machine::Sysno;
use crate::script::Script;
use crate::script::ast::{Expr, Statement};
use crate::script::evaluate::{self, Names};
use crate::script::run::Comparison;
use crate::sort;
use crate::sorted::SortedMap;
use std::ops::Range;

/// Calls that are tried, those that do not take away all of one mapping first.
const MOST_CALLS: usize = 96;
/// Moments that are looked at in all.
const MOST_MOMENTS: usize = 3_000_000;
/// Places that are tried for each.
const MOST_PLACES: usize = 24;

/// A call whose address cannot be meant, and the one that leaves the log without contradictions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::script) struct Misnamed {
    /// The line of the call.
    pub(super) line: usize,
    /// What the log has.
    pub(super) recorded: u64,
    /// What it is replayed with.
    pub(super) meant: u64,
    /// Its place in the list of statements.
    index: usize,
    /// The line that contradicts what the log has.
    pub(super) against: usize,
}

impl Misnamed {
    fn cause(self) -> String {
        if self.against == self.line {
            return "at the recorded address nothing is mapped then; with this one the log does not contradict itself".into();
        }
        format!(
            "the recorded address contradicts line {}: what that one meets there was freed, or was not; with this one nothing does",
            self.against
        )
    }

    /// Puts the address right.
    pub(super) fn put_right(self, statements: &mut [Statement]) {
        if let Some((_, address)) = statements.get_mut(self.index).and_then(|statement| statement.call.args.first_mut()) {
            *address = Expr::Int(self.meant);
        }
    }

    /// How the call differs from what it must have been.
    pub(super) fn difference(self) -> Comparison {
        Comparison {
            field: "address",
            expected: format!("{:#x}", self.recorded),
            found: format!("{:#x}", self.meant),
            excuse: String::new(),
            cause: self.cause(),
        }
    }
}

/// One change of what is mapped, or a use of it.
#[derive(Clone, Copy, Debug)]
enum Change {
    /// A range is freed: by `munmap`, and by `mremap` where it comes from.
    Free,
    /// The kernel found a place.
    Place,
    /// The program chose it.
    Put,
    /// A call succeeds that fails where nothing is mapped.
    Use,
    /// A process is made that shares the memory, or has a copy of it.
    Share(u64),
    Copy(u64),
    /// Another program begins.
    Begin,
}

impl Change {
    /// Whether it is about the range that the call names, and not about the one that it returns.
    fn is_at_the_argument(self) -> bool {
        matches!(self, Change::Free | Change::Use)
    }
}

/// A change, when it may have happened: what frees, as soon as it begins; what maps, when it has ended.
#[derive(Clone, Debug)]
struct Moment {
    at: usize,
    statement: usize,
    process: u64,
    change: Change,
    range: Range<u64>,
}

/// What is wrong at a moment: a place that is taken, or memory that was freed.
#[derive(Clone, Debug)]
struct Contradiction {
    moment: usize,
    range: Range<u64>,
}

/// What the log tells of one address space.
#[derive(Clone, Debug, Default)]
struct Known {
    /// What is mapped, by the moment that did.
    live: Ranges<usize>,
    /// What was freed and not mapped since, by the moment that freed it.
    freed: Ranges<usize>,
}

/// Finds the call of a log whose address contradicts the rest of it, if with another one nothing does.
pub(super) fn find(script: &Script) -> Option<Misnamed> {
    let is_whole = script.is_log && !script.header.is_unordered && script.header.process.maps.is_empty();
    if !is_whole || script.set_aside.iter().any(|aside| aside.is_memory_call) || !overlap(&script.statements) {
        return None;
    }
    let moments = moments(&script.statements);
    let first = contradiction(&moments, None, &mut MOST_MOMENTS.max(moments.len()))?;
    let (moment, meant) = explanation(&moments, &first)?;
    let index = moments[moment].statement;
    let against = script.statements[moments[first.moment].statement].line;
    let found = Misnamed { line: script.statements[index].line, recorded: moments[moment].range.start, meant: meant.start, index, against };
    matches!(script.statements[index].call.args.first(), Some((_, Expr::Int(_)))).then_some(found)
}

fn moments(statements: &[Statement]) -> Vec<Moment> {
    let mut all = Vec::new();
    for (index, statement) in statements.iter().enumerate() {
        let process = statement.process.as_deref().and_then(|number| number.parse().ok()).unwrap_or(0);
        let (began, ended) = (statement.began.min(statement.line), statement.line);
        let mut add = |at, change, range| all.push(Moment { at, statement: index, process, change, range });
        match (statement.call.name.as_str(), returned(statement)) {
            ("execve" | "execveat", Some(0)) => add(ended, Change::Begin, 0..0),
            ("fork" | "vfork" | "clone" | "clone3", Some(child)) if child > 0 => {
                let shares = statement.call.name == "vfork" || flags_of(&statement.call, &Names::new()) & CLONE_VM != 0;
                add(began, if shares { Change::Share(child) } else { Change::Copy(child) }, 0..0);
            }
            _ => {}
        }
        let (Some(number), Some(result)) = (memory_call(&statement.call.name), returned(statement)) else { continue };
        let Ok(args) = evaluate::arguments(&statement.call, &Names::new()) else { continue };
        let [addr, len, new_len, flags, ..] = args.each_ref().map(|arg| arg.int());
        match number {
            Sysno::munmap => add(began, Change::Free, pages(addr, len)),
            Sysno::mmap if flags & FIXED != 0 => add(ended, Change::Put, pages(result, len)),
            Sysno::mmap => add(ended, Change::Place, pages(result, len)),
            Sysno::mremap => {
                add(began, Change::Use, pages(addr, len));
                add(began, Change::Free, pages(addr, len));
                add(ended, if flags & 2 != 0 { Change::Put } else { Change::Place }, pages(result, new_len));
            }
            Sysno::mprotect | Sysno::madvise => add(began, Change::Use, pages(addr, len)),
            // How much it maps the log does not show.
            Sysno::shmat => add(ended, Change::Put, pages(result, 1 << 30)),
            _ => {}
        }
    }
    sort::by_key(&mut all, |moment: &Moment| moment.at);
    all
}

/// The first contradiction, with one call at another place than recorded. Counts down what it looks at.
fn contradiction(moments: &[Moment], other: Option<(usize, &Range<u64>)>, budget: &mut usize) -> Option<Contradiction> {
    let mut spaces: Vec<Known> = Vec::new();
    let mut of: SortedMap<u64, usize> = SortedMap::new();
    for (index, moment) in moments.iter().enumerate() {
        *budget = budget.saturating_sub(1);
        let space = *of.entry(moment.process).or_insert_with(|| {
            spaces.push(Known::default());
            spaces.len() - 1
        });
        let range = match other {
            // A moved mapping is used and freed at the same place.
            Some((changed, range)) if moments[changed].statement == moment.statement && moment.change.is_at_the_argument() => range,
            _ => &moment.range,
        };
        if let Some(range) = spaces[space].contradiction(moment.change, range) {
            return Some(Contradiction { moment: index, range });
        }
        match moment.change {
            Change::Begin => spaces[space] = Known::default(),
            Change::Share(child) => drop(of.insert(child, space)),
            Change::Copy(child) => {
                let copy = spaces[space].clone();
                of.insert(child, spaces.len());
                spaces.push(copy);
            }
            change => spaces[space].take_in(change, range, index),
        }
    }
    None
}

impl Known {
    /// The part of a range that cannot be what a call makes of it.
    fn contradiction(&self, change: Change, range: &Range<u64>) -> Option<Range<u64>> {
        let meets = match change {
            Change::Place => &self.live,
            Change::Use => &self.freed,
            _ => return None,
        };
        meets.first_within(range.clone())
    }

    fn take_in(&mut self, change: Change, range: &Range<u64>, moment: usize) {
        match change {
            Change::Free if self.live.first_within(range.clone()).is_some() => {
                self.live.remove(range.clone());
                self.freed.insert(range.clone(), moment);
            }
            Change::Place | Change::Put => {
                self.live.insert(range.clone(), moment);
                self.freed.remove(range.clone());
            }
            _ => {}
        }
    }
}

/// A call that may be wrong: whether it names exactly what one call mapped.
struct Suspect {
    moment: usize,
    is_exact: bool,
    /// Ranges that it may mean.
    places: Vec<Range<u64>>,
}

/// The call that cannot mean what it names, and what it means.
fn explanation(moments: &[Moment], first: &Contradiction) -> Option<(usize, Range<u64>)> {
    let mut calls = suspects(moments, first);
    let mut budget = MOST_MOMENTS;
    sort::by_key(&mut calls, |call: &Suspect| (call.is_exact, std::cmp::Reverse(call.moment)));
    for Suspect { moment, mut places, .. } in calls.into_iter().take(MOST_CALLS) {
        let recorded = moments[moment].range.start;
        sort::by_key(&mut places, |place: &Range<u64>| place.start.abs_diff(recorded));
        for place in places.into_iter().take(MOST_PLACES) {
            if contradiction(moments, Some((moment, &place)), &mut budget).is_none() {
                return Some((moment, place));
            }
            if budget == 0 {
                return None;
            }
        }
    }
    None
}

/// The calls that would explain a contradiction by another address: what is in the way would be gone, what is used would
/// not, or something else would be used.
fn suspects(moments: &[Moment], first: &Contradiction) -> Vec<Suspect> {
    let mut found: Vec<Suspect> = Vec::new();
    let is_taken = matches!(moments[first.moment].change, Change::Place);
    let mut pieces = Pieces::default();
    for (index, moment) in moments[..=first.moment].iter().enumerate() {
        let is_last = index == first.moment;
        if matches!(moment.change, Change::Free) || (is_last && !is_taken) {
            let (range, len) = (&moment.range, moment.range.end - moment.range.start);
            let mut places = pieces.of_length(len, is_taken.then_some(&first.range));
            places.retain(|place| place.start != range.start);
            if is_taken || is_last || meet(range, &first.range) {
                found.push(Suspect { moment: index, is_exact: pieces.0.contains(range), places });
            }
        }
        pieces.take_in(moment);
    }
    found.retain(|call| !call.places.is_empty());
    found
}

/// What lies where, each as one call mapped it: whatever process did.
#[derive(Default)]
struct Pieces(Vec<Range<u64>>);

impl Pieces {
    fn take_in(&mut self, moment: &Moment) {
        let range = &moment.range;
        if !matches!(moment.change, Change::Free | Change::Place | Change::Put) {
            return;
        }
        let cut = std::mem::take(&mut self.0).into_iter().flat_map(|piece| {
            let (left, right) = (piece.start..piece.end.min(range.start), piece.start.max(range.end)..piece.end);
            [left, right]
        });
        self.0 = cut.filter(|piece| !piece.is_empty()).collect();
        if !matches!(moment.change, Change::Free) {
            self.0.push(range.clone());
        }
    }

    /// Ranges of a length at either end of a piece; if something must be in them, those that hold it.
    fn of_length(&self, len: u64, holding: Option<&Range<u64>>) -> Vec<Range<u64>> {
        let long = self.0.iter().filter(|piece| piece.end - piece.start >= len && len > 0);
        let mut places: Vec<_> = long.flat_map(|piece| [piece.start..piece.start + len, piece.end - len..piece.end]).collect();
        places.retain(|place| holding.is_none_or(|part| meet(place, part)));
        places.dedup();
        places
    }
}
