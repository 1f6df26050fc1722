//! A script being run: forwards, backwards, to any step. Any moment is a checkpoint and a replay from it.

use super::Script;
use super::ast::Outcome;
use super::handler::Handlers;
use super::parse::{self, ParseError};
use super::replay::Replay;
use super::replay::order::{Order, SearchWork};
use super::run::{State, StepReport};
use super::tally::ProcessTally;
use super::verdict::Verdict;
use crate::ids::Pid;
use crate::machine::{Machine, StartupError};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// Events kept of one step.
const EVENTS_PER_STEP: usize = 20_000;
/// Events kept of all steps; then those of the oldest are forgotten.
const EVENTS_KEPT: usize = 200_000;
/// Checkpoints kept besides the start.
const MOST_CHECKPOINTS: usize = 6;

/// How far a session has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Statements run.
    pub position: usize,
    /// Statements in all.
    pub length: usize,
}

impl Progress {
    /// Whether all have been run.
    pub fn is_done(self) -> bool {
        self.position == self.length
    }
}

/// A script on a machine.
#[derive(Clone, Debug)]
pub struct Session {
    script: Script,
    state: State,
    start: Box<State>,
    checkpoints: Vec<(usize, Box<State>)>,
    /// Of every statement that was ever run: what came of it does not depend on when.
    reports: Vec<StepReport>,
    /// How many statements the machine has run.
    position: usize,
    recording: bool,
    /// Steps whose events are kept, and how many they are together.
    watched: VecDeque<usize>,
    events_kept: usize,
    tallied: Tallied,
    /// The order of calls that overlapped.
    order: Order,
    /// The same log under the other assumption about what was written: a session in which excuses are tried.
    other: Option<Box<Session>>,
}

/// What is counted of the steps up to a position.
#[derive(Clone, Debug, Default)]
struct Tallied {
    verdict: Verdict,
    tallies: BTreeMap<Pid, ProcessTally>,
    /// Parts that were set aside and are counted.
    set_aside: usize,
}

impl Session {
    /// Sets the machine up; nothing has been run yet.
    ///
    /// # Errors
    /// What is wrong with the header.
    pub fn new(script: Script) -> Result<Self, StartupError> {
        let header = &script.header;
        let mut machine = Machine::new(&header.machine)?;
        let number = header.first_pid.or_else(|| log_pid(&script));
        if let Some(number) = number {
            machine.set_next_pid(Pid(number));
        }
        let process = script.statements.first().and_then(|statement| statement.process.as_deref());
        let replay = script.is_log.then(|| Replay::new(&script));
        let config = replay.as_ref().map_or_else(|| header.process.clone(), |replay| replay.config_met(process));
        let first = machine.spawn(&config)?;
        let mut processes = HashMap::from([("1".to_string(), first)]);
        processes.insert(first.0.to_string(), first);
        let mut state = State {
            machine,
            names: HashMap::new(),
            processes,
            first,
            replay: None,
            exact: header.exact,
            marks_count: header.gives("MEM_SOFT_DIRTY"),
            quiet: None,
            handlers: Handlers::default(),
        };
        state.replay = replay.map(|mut replay| {
            replay.meet(&state, first, process);
            replay
        });
        let start = Box::new(state.clone());
        let order = if script.is_log { Order::of(&script.statements, header.is_unordered) } else { Order::default() };
        let mut session = Self {
            script,
            order,
            state,
            start,
            checkpoints: Vec::new(),
            reports: Vec::new(),
            position: 0,
            recording: false,
            watched: VecDeque::new(),
            events_kept: 0,
            tallied: Tallied::default(),
            other: None,
        };
        session.tally_anew();
        Ok(session)
    }

    /// Keeps what happens inside each step from now on.
    pub fn record_events(&mut self, on: bool) {
        self.recording = on;
    }

    /// The script.
    pub fn script(&self) -> &Script {
        &self.script
    }

    /// The names that statements have bound.
    pub fn names(&self) -> &std::collections::HashMap<String, u64> {
        &self.state.names
    }

    /// The machine as it is now.
    pub fn machine(&self) -> &Machine {
        &self.state.machine
    }

    /// The machine, for what a user does by hand between steps.
    pub fn machine_mut(&mut self) -> &mut Machine {
        &mut self.state.machine
    }

    /// How many statements have been run.
    pub fn position(&self) -> usize {
        self.position
    }

    /// How far it has come.
    pub fn progress(&self) -> Progress {
        Progress { position: self.position, length: self.len() }
    }

    /// How many statements there are.
    pub fn len(&self) -> usize {
        self.script.statements.len()
    }

    /// Whether the script has no statement.
    pub fn is_empty(&self) -> bool {
        self.script.statements.is_empty()
    }

    /// What came of each statement so far. Of long scripts only the last steps keep what happened inside; see
    /// [`Session::explain`].
    pub fn reports(&self) -> &[StepReport] {
        &self.reports[..self.position]
    }

    /// What came of a step that has been run, with what happened inside it: taken from its report, or by running it once
    /// more from the nearest copy of the machine.
    pub fn explain(&self, step: usize) -> Option<StepReport> {
        let report = self.reports().get(step)?;
        if !self.recording || self.watched.contains(&step) {
            return Some(report.clone());
        }
        let (at, state) = self.nearest(step);
        let mut state = state.clone();
        for statement in &self.script.statements[at..step] {
            state.run(statement).ok()?;
        }
        state.machine.kernel.trace.start(EVENTS_PER_STEP);
        let again = state.run(&self.script.statements[step]).ok()?;
        Some(StepReport { events: again.events, dropped: again.dropped, facts: again.facts, ..report.clone() })
    }

    /// Runs the next statement. `None` at the end.
    ///
    /// # Errors
    /// A statement that cannot be run as written (an unknown name, an unknown call).
    pub fn step(&mut self) -> Option<Result<&StepReport, ParseError>> {
        let step = self.position;
        if step >= self.len() {
            return None;
        }
        let overlap = self.order.settle(&mut self.script.statements, step, &self.state);
        let report = match self.run_one() {
            Ok(mut report) => {
                if let Some(overlap) = overlap {
                    overlap.blame(&mut report);
                }
                report
            }
            Err(error) => {
                self.tallied.verdict.stopped = Some(error.line);
                return Some(Err(error));
            }
        };
        self.position += 1;
        self.keep_report(step, report);
        self.tally(step);
        self.keep_checkpoint();
        Some(Ok(&self.reports[step]))
    }

    /// Keeps a report; of a statement that was run before, only what happened inside is new.
    fn keep_report(&mut self, step: usize, mut report: StepReport) {
        if step == self.reports.len() {
            self.try_excuses(step, &mut report);
        } else {
            let known = &self.reports[step];
            report.differences.clone_from(&known.differences);
            report.incomparable.clone_from(&known.incomparable);
            report.compared &= known.compared;
            self.forget_events(step);
        }
        if self.recording {
            self.events_kept += report.events.len();
            self.watched.push_back(step);
        }
        match self.reports.get_mut(step) {
            Some(known) => *known = report,
            None => self.reports.push(report),
        }
        while self.events_kept > EVENTS_KEPT && self.watched.len() > 1 {
            let oldest = self.watched[0];
            self.forget_events(oldest);
        }
    }

    fn forget_events(&mut self, step: usize) {
        let Some(place) = self.watched.iter().position(|watched| *watched == step) else { return };
        self.watched.remove(place);
        let report = &mut self.reports[step];
        self.events_kept -= report.events.len();
        report.events = Vec::new();
        report.facts.facts = Vec::new();
    }

    /// An excuse must be true: under the other assumption about what was written the difference is gone. If it is not, it is
    /// a difference like any other.
    fn try_excuses(&mut self, step: usize, report: &mut StepReport) {
        if report.differences.iter().all(|difference| difference.excuse.is_empty()) {
            return;
        }
        let vanishes = self.differs_otherwise(step) == Some(false);
        for difference in &mut report.differences {
            if !vanishes {
                difference.excuse.clear();
            }
        }
    }

    /// Whether a step's maps differ under the other assumption.
    fn differs_otherwise(&mut self, step: usize) -> Option<bool> {
        if self.other.is_none() {
            let mut script = self.script.clone();
            script.header.written = script.header.written.other();
            self.other = Session::new(script).ok().map(Box::new);
        }
        let other = self.other.as_mut()?;
        // The order that was found is the order.
        let behind = other.position.min(step)..=step;
        other.script.statements[behind.clone()].clone_from_slice(&self.script.statements[behind]);
        while other.position < step {
            let report = other.run_one().ok()?;
            other.position += 1;
            drop(report);
        }
        let report = other.run_one().ok()?;
        other.position += 1;
        Some(report.differences.iter().any(|difference| difference.field == "maps"))
    }

    fn run_one(&mut self) -> Result<StepReport, ParseError> {
        let statement = &self.script.statements[self.position];
        if self.recording {
            self.state.machine.kernel.trace.start(EVENTS_PER_STEP);
        }
        let report = self.state.run(statement);
        self.state.machine.kernel.trace.stop();
        report.map_err(|why| ParseError::new(statement.line, 1, String::new(), why))
    }

    /// Counts a step in.
    fn tally(&mut self, step: usize) {
        let (report, statement) = (&self.reports[step], &self.script.statements[step]);
        let tallied = &mut self.tallied;
        let pid = report.pid.unwrap_or(self.state.first);
        tallied.tallies.entry(pid).or_default().add(report, statement, self.state.exact);
        tallied.verdict.add(report, statement);
        let at_end = step + 1 == self.script.statements.len();
        self.tally_set_aside(if at_end { usize::MAX } else { statement.line });
    }

    fn tally_set_aside(&mut self, until: usize) {
        while let Some(aside) = self.script.set_aside.get(self.tallied.set_aside).filter(|aside| aside.line <= until) {
            self.tallied.verdict.add_set_aside(aside);
            self.tallied.set_aside += 1;
        }
    }

    /// Counts all steps up to the position.
    fn tally_anew(&mut self) {
        let Script { is_log, architecture, .. } = self.script;
        self.tallied = Tallied { verdict: Verdict { is_log, architecture, ..Default::default() }, ..Default::default() };
        for step in 0..self.position {
            self.tally(step);
        }
        if self.is_empty() {
            self.tally_set_aside(usize::MAX);
        }
    }

    /// Runs to the end.
    ///
    /// # Errors
    /// The first statement that cannot be run as written.
    pub fn run_to_end(&mut self) -> Result<(), ParseError> {
        while let Some(result) = self.step() {
            result?;
        }
        Ok(())
    }

    /// Runs at most so many statements, so that a caller can show progress, or stop.
    ///
    /// # Errors
    /// As [`Session::run_to_end`].
    pub fn run_slice(&mut self, most: usize) -> Result<Progress, ParseError> {
        for _ in 0..most {
            match self.step() {
                Some(result) => result.map(|_| ())?,
                None => break,
            }
        }
        Ok(self.progress())
    }

    /// Goes to a position, forwards or backwards; beyond the end is the end.
    ///
    /// # Errors
    /// A statement on the way that cannot be run as written; the position is just before it then.
    pub fn go_to(&mut self, position: usize) -> Result<(), ParseError> {
        let position = position.min(self.len());
        self.rewind(position);
        while self.position < position {
            match self.step() {
                Some(result) => result.map(|_| ())?,
                None => break,
            }
        }
        Ok(())
    }

    /// Goes back to the last copy of the machine at or before a position, so that a caller can go on from there in
    /// slices. Does nothing if the position is ahead.
    pub fn rewind(&mut self, position: usize) {
        if position < self.position {
            let (at, state) = self.nearest(position);
            self.state = state.clone();
            self.position = at;
            self.tally_anew();
        }
    }

    /// The last copy of the machine at or before a position.
    fn nearest(&self, position: usize) -> (usize, &State) {
        let kept = self.checkpoints.iter().rev().find(|(at, _)| *at <= position);
        kept.map_or((0, &*self.start), |(at, state)| (*at, state))
    }

    /// Adds a statement at the end, as typed on a console. The position must be the end.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn append(&mut self, text: &str) -> Result<(), ParseError> {
        let line = self.script.statements.last().map_or(1, |statement| statement.line + 1);
        let statement = parse::joined_statement(text, line)?;
        let position = self.position;
        self.script.statements.truncate(position);
        self.script.statements.push(statement);
        // What was run behind here is no longer what comes.
        self.reports.truncate(position);
        self.checkpoints.retain(|(at, _)| *at <= position);
        self.watched.retain(|step| *step < position);
        self.events_kept = self.reports.iter().map(|report| report.events.len()).sum();
        self.other = None;
        self.order.unsettle(position);
        Ok(())
    }

    /// Now and then a whole copy is kept, so that going back need not start at the beginning.
    fn keep_checkpoint(&mut self) {
        let spacing = (self.len() / (MOST_CHECKPOINTS + 1)).max(50);
        let position = self.position();
        let last = self.checkpoints.last().map_or(0, |(at, _)| *at);
        if position >= last + spacing && self.checkpoints.len() < MOST_CHECKPOINTS {
            self.checkpoints.push((position, Box::new(self.state.clone())));
        }
    }

    /// How each process compares so far, field by field.
    pub fn tallies(&self) -> BTreeMap<Pid, ProcessTally> {
        self.tallied.tallies.clone()
    }

    /// What was done so far to find an order of calls that overlapped.
    pub fn search_work(&self) -> SearchWork {
        self.order.work()
    }

    /// How it compares so far.
    pub fn verdict(&self) -> &Verdict {
        &self.tallied.verdict
    }
}

/// The number of the process that a log starts with.
fn log_pid(script: &Script) -> Option<u32> {
    let first = script.statements.first().filter(|_| script.is_log)?;
    let known = !matches!(first.outcome, Some(Outcome::Unknown));
    first.process.as_ref().filter(|_| known)?.parse().ok()
}
