//! Pages before and after, folded from events; pages side by side that changed alike are one fact.

use super::Fact;
use crate::addr::{PAGE_SIZE, Pfn, VirtAddr, VirtRange};
use crate::mmu::{Marker, Pte};
use crate::sorted::{SortedMap, SortedSet};
use std::collections::VecDeque;

/// The entries of one address space that were written.
#[derive(Clone, Debug, Default)]
pub(super) struct Pages(SortedMap<VirtAddr, Entry>);

/// An entry before and after, and whether it was empty in between: then the page is another one, and no copy.
#[derive(Clone, Copy, Debug)]
struct Entry {
    old: Pte,
    new: Pte,
    emptied: bool,
}

/// How a page changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Change {
    Present(&'static str),
    Gone,
    Protected,
    Writable,
    Other,
    /// Whether a page was there, and with what it is marked.
    Marked(bool, &'static str),
    /// Another page is there, of that kind.
    Replaced(&'static str),
    Unmarked,
    /// By so much, modulo 2^64.
    Moved(u64),
}

impl Pages {
    /// Takes an entry's change in.
    pub(super) fn add(&mut self, addr: VirtAddr, old: Pte, new: Pte) {
        let entry = self.0.entry(addr.page_floor()).or_insert(Entry { old, new, emptied: false });
        entry.new = new;
        entry.emptied |= new.is_none();
    }

    /// Pages whose frames are elsewhere now, and where those were.
    fn moved(&self) -> (SortedSet<VirtAddr>, SortedMap<VirtAddr, VirtAddr>) {
        let mut left: SortedMap<Pfn, VecDeque<VirtAddr>> = SortedMap::new();
        for (addr, Entry { old, new, .. }) in &self.0 {
            if old.is_present() && !new.is_present() {
                left.entry(old.pfn()).or_default().push_back(*addr);
            }
        }
        let (mut from, mut to) = (SortedSet::new(), SortedMap::new());
        for (addr, Entry { old, new, .. }) in &self.0 {
            if !old.is_present()
                && new.is_present()
                && let Some(place) = left.get_mut(&new.pfn()).and_then(VecDeque::pop_front)
            {
                from.insert(place);
                to.insert(*addr, place);
            }
        }
        (from, to)
    }

    /// The difference. `kind` says what a frame holds; `moves` whether entries were moved.
    pub(super) fn facts(self, pid: u32, moves: bool, kind: impl Fn(Pfn) -> &'static str, facts: &mut Vec<Fact>) {
        let (from, to) = if moves { self.moved() } else { Default::default() };
        let mut run: Option<(VirtRange, Change)> = None;
        for (addr, Entry { old, new, emptied }) in &self.0 {
            let change = match (old.is_present(), new.is_present()) {
                (true, true) if old.pfn() != new.pfn() && *emptied => Change::Replaced(kind(new.pfn())),
                (true, true) if old.pfn() != new.pfn() => {
                    let zero = kind(old.pfn()) == "zero";
                    let (from, to) = (old.pfn().0, new.pfn().0);
                    facts.push(Fact::PageCopied { pid, addr: format!("{:x}", addr.0), from, to, zero });
                    continue;
                }
                (true, true) if old == new => continue,
                (true, true) => match (old.is_writable(), new.is_writable()) {
                    (true, false) => Change::Protected,
                    (false, true) => Change::Writable,
                    _ => Change::Other,
                },
                (true, false) if from.contains(addr) => continue,
                (true, false) if new.is_none() => Change::Gone,
                (false, true) => match to.get(addr) {
                    Some(from) => Change::Moved(addr.0.wrapping_sub(from.0)),
                    None => Change::Present(kind(new.pfn())),
                },
                _ => match (old.as_marker(), new.as_marker()) {
                    (_, Some(marker)) if old != new => {
                        Change::Marked(old.is_present(), if marker == Marker::Guard { "guard" } else { "poison" })
                    }
                    (Some(_), None) => Change::Unmarked,
                    _ => continue,
                },
            };
            let page = VirtRange { start: *addr, end: *addr + PAGE_SIZE };
            match &mut run {
                Some((range, same)) if *same == change && range.end == *addr => range.end = page.end,
                _ => {
                    facts.extend(run.take().into_iter().flat_map(|run| told(pid, run)));
                    run = Some((page, change));
                }
            }
        }
        facts.extend(run.into_iter().flat_map(|run| told(pid, run)));
    }
}

fn told(pid: u32, (range, change): (VirtRange, Change)) -> impl Iterator<Item = Fact> {
    let (at, count) = (range.into(), range.pages());
    let had = matches!(change, Change::Marked(true, _) | Change::Replaced(_));
    let gone = had.then(|| Fact::PagesGone { pid, at: range.into(), count });
    let fact = match change {
        Change::Present(page) => Fact::PagesPresent { pid, at, count, page },
        Change::Gone => Fact::PagesGone { pid, at, count },
        Change::Protected => Fact::PagesProtected { pid, at, count },
        Change::Writable => Fact::PagesWritable { pid, at, count },
        Change::Other => Fact::PagesChanged { pid, at, count },
        Change::Replaced(page) => Fact::PagesPresent { pid, at, count, page },
        Change::Marked(_, marker) => Fact::MarkersSet { pid, at, count, marker },
        Change::Unmarked => Fact::MarkersGone { pid, at, count },
        Change::Moved(by) => {
            let from = format!("{:x}", range.start.0.wrapping_sub(by));
            Fact::PagesMoved { pid, from, to: format!("{:x}", range.start.0), count }
        }
    };
    gone.into_iter().chain([fact])
}
