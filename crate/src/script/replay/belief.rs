//! Going on after a result that no order of calls explains. The address may be wrong in the log; or it is right, and our
//! picture of what was mapped is wrong since an earlier call: of that the recorded places of later calls tell. So that one
//! wrong address does not make all that follows differ, our memory is put as the log says where that explains more.

use super::assume::{self, amount};
use super::ranges::meet;
use super::{FIXED, Recorded, Replay, pages};
use crate::addr::PAGE_SIZE;
use crate::event::{Event, Note};
use crate::ids::{MmSerial, Pid};
use crate::machine::{Arg, Sysno};
use crate::script::run::{State, Yield};
use std::ops::Range;

/// What is believed of a call whose result contradicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Belief {
    /// Its result is wrong: it did what it does here.
    Order,
    /// Its result is right: what lies there was gone.
    Record,
    /// Its result is right: where it would lie here was something that the log does not show there.
    Hidden,
}

/// What is to be done if a result contradicts.
#[derive(Clone, Copy, Debug)]
pub(in crate::script) struct Doubt {
    /// What a search found to explain most.
    pub(super) planned: Option<Belief>,
}

/// Memory that was somewhere by what followed, though no call of the log put it there.
#[derive(Clone, Debug, Default)]
pub(super) struct Phantoms(Vec<Range<u64>>);

impl Phantoms {
    pub(super) fn add(&mut self, range: Range<u64>) {
        if !range.is_empty() {
            self.0.push(range);
        }
    }

    /// A call speaks of a range: what it takes away there was all there was. The ranges that are free then.
    pub(super) fn spoken_of(&mut self, range: &Range<u64>) -> Vec<Range<u64>> {
        let (gone, kept) = std::mem::take(&mut self.0).into_iter().partition(|phantom| meet(phantom, range));
        self.0 = kept;
        gone
    }

    /// Something else turns out to lie in a range: the kernel puts it right below what is there, so that only what lies
    /// above it was. The ranges that are free then.
    pub(super) fn displaced_by(&mut self, range: &Range<u64>) -> Vec<Range<u64>> {
        let mut free = Vec::new();
        for phantom in self.0.iter_mut().filter(|phantom| meet(phantom, range)) {
            let cut = range.end.min(phantom.end);
            free.push(phantom.start..cut);
            phantom.start = cut;
        }
        self.0.retain(|phantom| !phantom.is_empty());
        free
    }
}

/// What must have been in a gap for the kernel not to put something there: all of it, or what lies above where it put it.
pub(super) fn hidden_in(gap: Range<u64>, placed: &Range<u64>) -> Range<u64> {
    let is_within = gap.start <= placed.start && placed.end <= gap.end;
    if is_within { placed.end..gap.end } else { gap }
}

impl Replay {
    /// What to do from here on if a result contradicts.
    pub(in crate::script) fn doubt(&mut self, doubt: Option<Doubt>) {
        self.doubted = doubt;
    }

    /// Memory of an address space that no call put there.
    pub(super) fn phantoms(&self, serial: MmSerial) -> Phantoms {
        self.phantoms.get(&serial).cloned().unwrap_or_default()
    }

    /// After a call: if its result contradicts, our memory is put as it is believed to have been.
    pub(super) fn reconcile(&mut self, state: &mut State, recorded: &Recorded<'_>, outcome: &Yield) {
        let Some((doubt, serial)) = self.doubted.zip(state.machine.mm_of(recorded.pid).map(|mm| mm.serial)) else { return };
        let [addr, len, new_len, flags, ..] = recorded.args.each_ref().map(Arg::int);
        let gone = matches!(recorded.number, Sysno::munmap | Sysno::mremap).then(|| pages(addr, len));
        // What was taken for granted before goes: no part of what this call did.
        for part in gone.map(|gone| self.phantoms.entry(serial).or_default().spoken_of(&gone)).unwrap_or_default() {
            unmap(state, recorded.pid, &part);
        }
        let len = match recorded.number {
            Sysno::mmap if flags & FIXED == 0 => len,
            Sysno::mremap => new_len,
            _ => return,
        };
        let Some(at) = super::returned(recorded.statement).filter(|at| at.is_multiple_of(PAGE_SIZE)) else { return };
        let ours = match outcome {
            Yield::Value(ours) if *ours == at => return,
            Yield::Value(ours) => Some(*ours),
            _ => None,
        };
        let place = pages(at, len);
        let belief = doubt.planned.unwrap_or_else(|| self.likeliest(state, recorded, &place, ours));
        if belief != Belief::Order {
            self.put_as_recorded(state, recorded, &place, ours, belief);
        }
    }

    /// What is believed without a search.
    fn likeliest(&self, state: &State, recorded: &Recorded<'_>, place: &Range<u64>, ours: Option<u64>) -> Belief {
        let is_taken = assume::holes(state, recorded.pid, place) != [place.clone()];
        match ours {
            Some(ours) if self.images.is_rather_ours(place, is_taken, ours, recorded.statement.line) => Belief::Order,
            Some(ours) if ours > place.start => Belief::Hidden,
            _ => Belief::Record,
        }
    }

    fn put_as_recorded(&mut self, state: &mut State, recorded: &Recorded<'_>, place: &Range<u64>, ours: Option<u64>, belief: Belief) {
        let pid = recorded.pid;
        let Some(serial) = state.machine.mm_of(pid).map(|mm| mm.serial) else { return };
        // It is part of what happens in this step, and is told as such.
        state.machine.kernel.trace.emit(|| Event::Say(Note::Text("the rest is no call of the program: memory is put as the log has it")));
        if let Some(ours) = ours {
            unmap(state, pid, &(ours..ours + (place.end - place.start)));
        }
        let gone = self.images.gone_with(place, recorded.statement.line);
        let phantoms = self.phantoms.entry(serial).or_default();
        for part in phantoms.displaced_by(place).into_iter().chain(gone) {
            unmap(state, pid, &part);
        }
        if let (Belief::Hidden, Some(ours)) = (belief, ours) {
            let hidden = hidden_in(assume::gap(state, pid, ours), place);
            if !hidden.is_empty() {
                let (size, at) = (amount(hidden.end - hidden.start), hidden.start);
                phantoms.add(hidden.clone());
                map(state, pid, &hidden, 0);
                self.assumed.push(format!("up to {size} at {at:#x} were mapped, though no call shows it: this explains what follows"));
            }
        }
        // What a mapping holds is not what tells places apart.
        map(state, pid, place, 3);
        if let Some(space) = self.space(state, pid) {
            space.mapped(place.clone(), place.start);
        }
    }
}

fn unmap(state: &mut State, pid: Pid, range: &Range<u64>) {
    if !range.is_empty() {
        state.syscall(pid, Sysno::munmap, &[range.start, range.end - range.start, 0, 0, 0, 0].map(Arg::Int));
    }
}

/// Maps a range, in place of what is there.
fn map(state: &mut State, pid: Pid, range: &Range<u64>, prot: u64) {
    /// `MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_NORESERVE`
    const FLAGS: u64 = 0x4032;
    if !range.is_empty() {
        state.syscall(pid, Sysno::mmap, &[range.start, range.end - range.start, prot, FLAGS, u64::MAX, 0].map(Arg::Int));
    }
}
