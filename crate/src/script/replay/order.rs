//! Calls of several threads that overlapped in time. A log prints a call that was interrupted where it ended, but it
//! happened anywhere between its two moments. Before calls that overlap are run, an order is searched under which every
//! result is the recorded one: backwards and forwards on a sketch of what is occupied, since only places tell orders apart.

use super::belief::{Belief, Doubt};
use super::files::flags_of;
use super::layout::CLONE_VM;
use super::search::{HORIZON, Search};
use super::sketch::{Effect, Op, Sketch};
use super::{memory_call, returned};
use crate::ids::MmSerial;
use crate::script::ast::Statement;
use crate::script::evaluate::Names;
use crate::script::run::{Comparison, State, StepReport};
use crate::sort;
use crate::sorted::{SortedMap, SortedSet};
use std::collections::VecDeque;

/// A plan is kept for so many calls.
const KEPT: usize = 24;
/// Statements among which a plan finds its calls.
const REACH: usize = 512;
/// Steps that searches may take in vain, in all; besides, every call that is run …
const STEPS_IN_VAIN: usize = 24_000;
/// … allows so many more. Searches that end well take nothing of it.
const STEPS_A_CALL: usize = 1;

/// Why a result is not compared that depends on an order which the log does not tell.
const UNORDERED: &str =
    "its result depends on the order of the threads' calls, which the log does not tell: the files of strace -ff carry no times (-ttt)";

/// Which calls overlap, and what is planned.
#[derive(Clone, Debug, Default)]
pub(in crate::script) struct Order {
    /// Interrupted memory calls by their first line: first and last line.
    by_began: Vec<(usize, usize)>,
    /// How many of these have begun.
    begun: usize,
    /// Last lines of those that have begun and have not been run.
    in_flight: Vec<usize>,
    /// Statements whose order is settled.
    settled: usize,
    /// For each address space, the last lines of the calls to run next.
    plans: SortedMap<MmSerial, VecDeque<usize>>,
    /// What is believed of calls whose results contradict, by their last lines.
    beliefs: SortedMap<usize, Belief>,
    /// Steps that may still be taken in vain.
    steps_left: usize,
    work: SearchWork,
    /// Address spaces that several processes had at once.
    shared: SortedSet<MmSerial>,
    /// The log does not tell the order of different threads' calls.
    unordered: bool,
}

/// What was done to find orders of calls that overlapped: the same for the same log, whatever runs it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SearchWork {
    /// Plans that were looked for.
    pub plans: usize,
    /// Of these, those that found no order without contradictions.
    pub failed: usize,
    /// Steps of the searches.
    pub nodes: usize,
    /// Copies of the sketch of what is occupied.
    pub copies: usize,
    /// Occupied ranges in these copies.
    pub ranges: usize,
}

/// What overlapped a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::script) struct Overlap {
    /// Calls that had begun.
    others: usize,
    /// The log does not tell the order of different threads' calls.
    unordered: bool,
}

impl Overlap {
    /// Says of a difference that the order of calls does not explain it. Where the log does not tell the order, it is none:
    /// the result cannot be compared.
    pub(in crate::script) fn blame(self, report: &mut StepReport) {
        let is_unexplained = |d: &Comparison| d.field == "result" && d.cause.is_empty() && d.excuse.is_empty();
        if self.unordered && report.differences.iter().any(is_unexplained) {
            report.differences.retain(|difference| !is_unexplained(difference));
            report.compared = false;
            report.incomparable = Some(UNORDERED.into());
            return;
        }
        for difference in report.differences.iter_mut().filter(|difference| is_unexplained(difference)) {
            let calls = if self.others == 1 { "call that overlaps" } else { "calls that overlap" };
            difference.cause = format!(
                "no order of it and the {} {calls} it gives this result: a call that matters is not in the log, or strace's order is not enough",
                self.others
            );
        }
    }
}

impl Order {
    /// Finds the calls of a log that were interrupted; in one without an order of its processes, all may have been.
    pub(in crate::script) fn of(statements: &[Statement], unordered: bool) -> Self {
        let makes_thread = |s: &Statement| flags_of(&s.call, &Names::new()) & CLONE_VM != 0;
        let unordered = unordered && statements.iter().any(|s| matches!(s.call.name.as_str(), "clone" | "clone3") && makes_thread(s));
        let interrupted = |s: &&Statement| s.began < s.line && memory_call(&s.call.name).is_some();
        let mut by_began: Vec<_> = statements.iter().filter(interrupted).map(|s| (s.began, s.line)).collect();
        sort::by(&mut by_began, Ord::cmp);
        Self { by_began, unordered, steps_left: STEPS_IN_VAIN, ..Self::default() }
    }

    /// What is to be believed of a call if its result contradicts; `None` where no calls overlap.
    pub(in crate::script) fn doubt(&self, line: usize) -> Option<Doubt> {
        (!self.by_began.is_empty()).then(|| Doubt { planned: self.beliefs.get(&line).copied() })
    }

    /// What was done to find orders.
    pub(in crate::script) fn work(&self) -> SearchWork {
        self.work
    }

    /// Statements from here on were replaced.
    pub(in crate::script) fn unsettle(&mut self, from: usize) {
        self.settled = self.settled.min(from);
    }

    /// Puts the statement that comes next at a place of the list; what overlaps it.
    pub(in crate::script) fn settle(&mut self, statements: &mut [Statement], at: usize, state: &State) -> Option<Overlap> {
        if at < self.settled || (self.by_began.is_empty() && !self.unordered) {
            return None;
        }
        self.settled = at + 1;
        let due = &statements[at];
        while let Some((_, line)) = self.by_began.get(self.begun).filter(|(began, _)| *began < due.line) {
            self.in_flight.push(*line);
            self.begun += 1;
        }
        let serial = space_of(state, due)?;
        self.steps_left += STEPS_A_CALL;
        if self.unordered && state.known_pid(due).and_then(|pid| state.machine.mm_of(pid)).is_some_and(|mm| mm.users > 1) {
            self.shared.insert(serial);
        }
        let unordered = self.unordered && self.shared.contains(&serial);
        if !self.plans.contains_key(&serial) && !self.make_plan(statements, at, state, serial) {
            // What threads left behind that have ended depends on their order too.
            return unordered.then_some(Overlap { others: 0, unordered });
        }
        let reach = &statements[at..statements.len().min(at + REACH)];
        // What a thread does before its next call may have been run on the way.
        let planned = std::iter::from_fn(|| self.next_of(serial));
        let found = planned.filter_map(|line| reach.iter().position(|statement| statement.line == line)).next();
        let mut place = found.unwrap_or(0);
        let next = reach[place].line;
        let chosen = place;
        // What its thread does before it, and the call that makes the thread, come first.
        loop {
            let process = reach[place].process.as_deref();
            match reach[..place].iter().position(|earlier| earlier.process.as_deref() == process || makes(earlier, process)) {
                Some(earlier) => place = earlier,
                None => break,
            }
        }
        if place != chosen {
            self.plans.entry(serial).or_default().push_front(next);
            statements[at..=at + place].rotate_right(1);
            return Some(Overlap { others: 0, unordered: true }).filter(|_| unordered);
        }
        let others = self.in_flight.iter().filter(|line| **line != next).count();
        self.in_flight.retain(|line| *line != statements[at + place].line);
        statements[at..=at + place].rotate_right(1);
        Some(Overlap { others, unordered }).filter(|overlap| overlap.others > 0 || unordered)
    }

    /// Plans what comes next in an address space; whether anything there has an order to be found.
    fn make_plan(&mut self, statements: &[Statement], at: usize, state: &State, serial: MmSerial) -> bool {
        let due = &statements[at];
        if !self.unordered && self.in_flight.iter().all(|line| *line == due.line) {
            self.in_flight.clear();
            return false;
        }
        if self.unordered && statements[at..].iter().take(REACH).all(|statement| statement.process == due.process) {
            return false;
        }
        let plan = match self.steps_left < HORIZON {
            true => None,
            false => self.plan(&upcoming(&statements[at..], state, serial, self.unordered), state, serial),
        };
        // Nothing explains it: what is due runs, and the rest is tried again.
        self.plans.insert(serial, plan.unwrap_or_else(|| [due.line].into()));
        true
    }

    /// The last lines of the calls to run next, if an order explains them.
    fn plan(&mut self, ops: &[Op], state: &State, serial: MmSerial) -> Option<VecDeque<usize>> {
        let sketch = Sketch::of(state, serial, ops.last().map_or(0, |op| op.ended))?;
        self.work.plans += 1;
        let images = state.replay.as_ref()?.images.clone();
        let mut search = Search::new(ops, &images);
        let find = |search: &mut Search, sketch: &Sketch| match self.unordered {
            true => search.find_any(sketch, self.steps_left),
            false => search.find(sketch, self.steps_left),
        };
        // Only if nothing explains the log by what it shows, it may be by what it does not.
        let (mut is_explained, mut found) = find(&mut search, &sketch.as_shown());
        if !is_explained && sketch.is_of_excerpt() {
            let by_unknown = find(&mut search, &sketch);
            if by_unknown.0 {
                (is_explained, found) = by_unknown;
            }
        }
        self.work.add(&search.work);
        if !is_explained {
            self.steps_left = self.steps_left.saturating_sub(search.work.nodes);
            self.work.failed += 1;
        }
        // What explains a contradiction lies behind it: a plan is kept as far as that.
        let last = found.iter().rposition(|(_, belief)| belief.is_some()).map_or(0, |last| last + 1);
        let kept = &found[..found.len().min(KEPT.max(last))];
        self.beliefs.extend(kept.iter().filter_map(|(op, belief)| Some((ops[*op].ended, (*belief)?))));
        (!kept.is_empty()).then(|| kept.iter().map(|(op, _)| ops[*op].ended).collect())
    }

    fn next_of(&mut self, serial: MmSerial) -> Option<usize> {
        let plan = self.plans.get_mut(&serial)?;
        let next = plan.pop_front();
        if plan.is_empty() {
            self.plans.remove(&serial);
        }
        next
    }
}

/// The address space that a memory call is about.
fn space_of(state: &State, statement: &Statement) -> Option<MmSerial> {
    memory_call(&statement.call.name)?;
    memory_of(state, statement)
}

/// The address space of the process that a statement is of; of one that the log did not show being made, the one it will share.
fn memory_of(state: &State, statement: &Statement) -> Option<MmSerial> {
    let leader = || state.replay.as_ref().and_then(|replay| replay.leader(state, statement.process.as_deref()));
    let pid = state.known_pid(statement).or_else(leader)?;
    state.machine.mm_of(pid).map(|mm| mm.serial)
}

/// The calls on an address space that come next in the list, also those of threads that are made on the way.
fn upcoming(statements: &[Statement], state: &State, serial: MmSerial, unordered: bool) -> Vec<Op> {
    let mut ops: Vec<Op> = Vec::new();
    let mut last_line = usize::MAX;
    // Whether a process that is made or that starts a program here has this memory.
    let mut members: SortedMap<String, bool> = SortedMap::new();
    let mut last_of: SortedMap<String, usize> = SortedMap::new();
    for statement in &statements[..statements.len().min(REACH)] {
        let process = statement.process.as_deref().unwrap_or_default();
        let is_member = || members.get(process).copied().unwrap_or_else(|| memory_of(state, statement) == Some(serial));
        match statement.call.name.as_str() {
            "execve" | "execveat" | "exit_group" if ops.len() >= HORIZON / 2 => break,
            "execve" | "execveat" if returned(statement) == Some(0) => {
                members.insert(process.to_string(), false);
            }
            "fork" | "vfork" | "clone" | "clone3" if is_member() => {
                let shares = flags_of(&statement.call, &state.names) & CLONE_VM != 0;
                let Some(child) = returned(statement).map(|child| child.to_string()) else { continue };
                if let Some(last) = last_of.get(process).copied() {
                    last_of.insert(child.clone(), last);
                }
                members.insert(child, shares);
            }
            name if statement.began < last_line && memory_call(name).is_some() && is_member() => {
                let Some(mut op) = Op::of(state, statement) else { continue };
                op.after = last_of.get(process).copied();
                op.began *= usize::from(!unordered);
                if op.effect != Effect::None {
                    last_of.insert(process.to_string(), ops.len());
                }
                ops.push(op);
                if ops.len() == HORIZON && !unordered {
                    last_line = statement.line;
                }
            }
            _ => {}
        }
    }
    ops
}

/// Whether a statement makes a process.
fn makes(statement: &Statement, process: Option<&str>) -> bool {
    matches!(statement.call.name.as_str(), "fork" | "vfork" | "clone" | "clone3")
        && process.is_some_and(|process| returned(statement).is_some_and(|child| child.to_string() == process))
}

impl SearchWork {
    fn add(&mut self, other: &Self) {
        self.nodes += other.nodes;
        self.copies += other.copies;
        self.ranges += other.ranges;
    }
}
