//! Moments of a running script that can be gone to at once.

use super::expect::Before;
use super::handler::Handlers;
use super::replay::Replay;
use super::run::State;
use crate::blocks::Seen;
use crate::ids::Pid;
use crate::machine::MachineSave;
use crate::sorted::SortedMap;

/// Bytes that saves may take besides the machine itself.
const BUDGET: usize = 128 << 20;

/// A moment of a script.
#[derive(Clone, Debug)]
struct StateSave {
    machine: MachineSave,
    names: usize,
    processes: SortedMap<String, Pid>,
    replay: Option<Replay>,
    quiet: Option<Before>,
    handlers: Handlers,
}

#[derive(Clone, Debug)]
struct Save<T> {
    at: usize,
    state: Box<StateSave>,
    /// What else is to be known of the moment.
    more: T,
    /// Bytes that no save before it had.
    bytes: usize,
}

/// Saves in order of position; the first is that of the start.
#[derive(Clone, Debug)]
pub(super) struct Saves<T> {
    all: Vec<Save<T>>,
    seen: Seen,
}

impl<T> Default for Saves<T> {
    fn default() -> Self {
        Self { all: Vec::new(), seen: Seen::default() }
    }
}

impl<T: Clone> Saves<T> {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Bytes that they take.
    pub(super) fn bytes(&self) -> usize {
        self.all.iter().map(|save| save.bytes).sum()
    }

    /// The position of the last one.
    pub(super) fn last(&self) -> usize {
        self.all.last().map_or(0, |save| save.at)
    }

    /// The position of the last one at or before another.
    pub(super) fn before(&self, position: usize) -> usize {
        self.index(position).map_or(0, |at| self.all[at].at)
    }

    fn index(&self, position: usize) -> Option<usize> {
        self.all.partition_point(|save| save.at <= position).checked_sub(1)
    }

    /// Saves the state as that of a position, unless it is saved already. If they get too many bytes every second one goes.
    pub(super) fn add(&mut self, at: usize, state: &mut State, more: T) {
        let near = self.index(at);
        if near.is_some_and(|near| self.all[near].at == at) {
            return;
        }
        let before = near.map(|near| &self.all[near].state.machine);
        let save = StateSave {
            machine: state.machine.save(before),
            names: state.names.moment(),
            processes: state.processes.clone(),
            replay: state.replay.clone(),
            quiet: state.quiet.clone(),
            handlers: state.handlers.clone(),
        };
        let bytes = save.machine.bytes(&mut self.seen);
        self.all.insert(near.map_or(0, |near| near + 1), Save { at, state: Box::new(save), more, bytes });
        while self.bytes() > BUDGET && self.all.len() > 2 {
            self.thin();
        }
    }

    /// Every second one goes, but not the start.
    fn thin(&mut self) {
        let mut keep = false;
        self.all.retain(|_| {
            keep = !keep;
            keep
        });
        self.seen = Seen::default();
        for save in &mut self.all {
            save.bytes = save.state.machine.bytes(&mut self.seen);
        }
    }

    /// Puts the state to the last save at or before a position: which it is, and what was kept with it.
    pub(super) fn restore(&self, position: usize, state: &mut State) -> Option<(usize, T)> {
        let Save { at, state: save, more, .. } = &self.all[self.index(position)?];
        state.machine.restore(&save.machine);
        state.names.go_to(save.names);
        state.processes.clone_from(&save.processes);
        state.replay.clone_from(&save.replay);
        state.quiet.clone_from(&save.quiet);
        state.handlers.clone_from(&save.handlers);
        Some((*at, more.clone()))
    }

    /// Forgets those behind a position.
    pub(super) fn forget_behind(&mut self, position: usize) {
        self.all.retain(|save| save.at <= position);
    }
}
