//! What is different between two states of a machine.

use crate::addr::{PAGE_SIZE, VirtAddr, VirtRange};
use crate::ids::Pid;
use crate::machine::Machine;
use crate::mmu::Pte;
use crate::sort;
use crate::sorted::SortedSet;
use crate::view;
use serde::Serialize;

/// Runs of pages that are told of a process; what is beyond is counted.
const MOST_RUNS: usize = 4096;

/// What is different in a process.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProcessDifference {
    pid: u32,
    /// `made`, `ended`, `changed`.
    kind: &'static str,
    /// Lines of maps that were and are not any more.
    gone: Vec<String>,
    /// Lines of maps that are new.
    new: Vec<String>,
    pages: Vec<Run>,
    /// Runs that are not told.
    more: usize,
}

/// Pages in a row.
#[derive(Serialize, PartialEq)]
pub(super) struct Run {
    start: String,
    end: String,
    /// `new`, `gone`, `changed`.
    kind: &'static str,
}

/// Entries that are not empty, upwards.
fn pages(machine: &Machine, pid: Pid) -> Vec<(VirtAddr, Pte)> {
    let whole = VirtRange::new(0, 1 << 56);
    let used = machine.mm_of(pid).map(|mm| mm.tables.used(&machine.kernel.phys, whole).collect());
    used.unwrap_or_default()
}

/// Whether a page shows the same bytes in both.
fn is_same(was: (&Machine, Pte), is: (&Machine, Pte)) -> bool {
    if was.1.is_present() != is.1.is_present() {
        return false;
    }
    !is.1.is_present() || was.0.kernel.phys.words(was.1.pfn()) == is.0.kernel.phys.words(is.1.pfn())
}

fn changed_pages(from: &Machine, to: &Machine, pid: Pid) -> (Vec<Run>, usize) {
    let (was, is) = (pages(from, pid), pages(to, pid));
    let find = |list: &[(VirtAddr, Pte)], at: VirtAddr| list.binary_search_by_key(&at, |(at, _)| *at).ok().map(|found| list[found].1);
    let gone = was.iter().filter(|(at, _)| find(&is, *at).is_none());
    let mut changes: Vec<(VirtAddr, &'static str)> = gone.map(|(at, _)| (*at, "gone")).collect();
    for (at, pte) in &is {
        match find(&was, *at) {
            None => changes.push((*at, "new")),
            Some(old) if !is_same((from, old), (to, *pte)) => changes.push((*at, "changed")),
            Some(_) => {}
        }
    }
    sort::by_key(&mut changes, |(at, _)| *at);
    let mut runs: Vec<(VirtAddr, VirtAddr, &'static str)> = Vec::new();
    for (at, kind) in changes {
        match runs.last_mut() {
            Some((_, end, known)) if *end == at && *known == kind => *end = at + PAGE_SIZE,
            _ => runs.push((at, at + PAGE_SIZE, kind)),
        }
    }
    let more = runs.len().saturating_sub(MOST_RUNS);
    let told = runs.into_iter().take(MOST_RUNS);
    (told.map(|(start, end, kind)| Run { start: format!("{:x}", start.0), end: format!("{:x}", end.0), kind }).collect(), more)
}

/// What is different in each process, in order of number; processes that are the same are left out.
pub(super) fn difference(from: &Machine, to: &Machine) -> Vec<ProcessDifference> {
    let alive = |machine: &Machine| -> Vec<u32> { machine.processes().filter(|p| p.is_alive()).map(|p| p.pid.0).collect() };
    let (had, has) = (alive(from), alive(to));
    let mut all: Vec<_> = had.iter().chain(&has).copied().collect();
    sort::by(&mut all, Ord::cmp);
    all.dedup();
    let told = all.into_iter().map(|pid| {
        let (was, is) = (view::maps_text(from, Pid(pid)), view::maps_text(to, Pid(pid)));
        let only = |these: &str, those: &str| -> Vec<String> {
            let those: SortedSet<_> = those.lines().collect();
            these.lines().filter(|line| !those.contains(line)).map(String::from).collect()
        };
        let (pages, more) = changed_pages(from, to, Pid(pid));
        ProcessDifference {
            pid,
            kind: match (had.contains(&pid), has.contains(&pid)) {
                (false, _) => "made",
                (_, false) => "ended",
                _ => "changed",
            },
            gone: only(&was, &is),
            new: only(&is, &was),
            pages,
            more,
        }
    });
    told.filter(|process| process.kind != "changed" || !process.gone.is_empty() || !process.new.is_empty() || !process.pages.is_empty())
        .collect()
}
