//! A script being run: forwards, backwards, to any step. Any moment is a checkpoint and a replay from it.

use super::Script;
use super::ast::Outcome;
use super::handler::Handlers;
use super::names::Bindings;
use super::replay::Replay;
use super::replay::order::{Order, SearchWork};
use super::replay::trial::Reading;
use super::run::{State, StepReport};
use super::saves::Saves;
use super::steps::StepColumns;
use super::tally::ProcessTally;
use super::verdict::{LeftOut, Verdict};
use super::{ParseError, parse};
use crate::addr::VirtRange;
use crate::ids::Pid;
use crate::machine::{Machine, StartupError};
use crate::sorted::SortedMap;
use std::collections::VecDeque;

/// Events kept of one step.
const EVENTS_PER_STEP: usize = 20_000;
/// Events kept of all steps; then those of the oldest are forgotten.
const EVENTS_KEPT: usize = 200_000;

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
    pub(super) script: Script,
    pub(super) state: State,
    /// Moments that can be gone to at once, with what was counted up to each.
    pub(super) saves: Saves<Tallied>,
    /// Saves are made only when somebody asks for one.
    pub(super) saves_by_hand: bool,
    /// Of every statement that was ever run: what came of it does not depend on when.
    reports: Vec<StepReport>,
    /// How many statements the machine has run.
    pub(super) position: usize,
    pub(super) recording: bool,
    /// The same in short.
    columns: StepColumns,
    /// Memory calls that were not compared, of all steps that were ever run.
    pub(super) left_out: Vec<LeftOut>,
    /// Statements run, again and again ones too.
    runs: usize,
    /// Steps whose events are kept, and how many they are together.
    pub(super) watched: VecDeque<usize>,
    events_kept: usize,
    pub(super) tallied: Tallied,
    /// The order of calls that overlapped.
    order: Order,
    /// The same log under the other assumption about what was written: a session in which excuses are tried.
    other: Option<Box<Session>>,
}

/// What is counted of the steps up to a position.
#[derive(Clone, Debug, Default)]
pub(super) struct Tallied {
    pub(super) verdict: Verdict,
    pub(super) tallies: SortedMap<Pid, ProcessTally>,
    /// Parts that were set aside and are counted.
    pub(super) set_aside: usize,
    /// In a save: how many calls of those left out are counted; the list itself is kept once for all.
    pub(super) left_out: usize,
}

impl Session {
    /// Sets the machine up; nothing has been run yet.
    ///
    /// # Errors
    /// What is wrong with the header.
    pub fn new(script: Script) -> Result<Self, StartupError> {
        let reading = Reading::of(&script);
        Self::read_as(script, reading)
    }

    /// The same of a log that is read in some way.
    pub(super) fn read_as(mut script: Script, reading: Reading) -> Result<Self, StartupError> {
        reading.put_right(&mut script);
        let header = &script.header;
        let mut machine = Machine::new(&header.machine)?;
        let number = header.first_pid.or_else(|| log_pid(&script));
        if let Some(number) = number {
            machine.set_next_pid(Pid(number));
        }
        let process = script.statements.first().and_then(|statement| statement.process.as_deref());
        let replay = script.is_log.then(|| Replay::new(&script, reading));
        let config = replay.as_ref().map_or_else(|| header.process.clone(), |replay| replay.config_met(process));
        let first = machine.spawn(&config)?;
        let mut processes = SortedMap::from([("1".to_string(), first)]);
        processes.insert(first.0.to_string(), first);
        let mut state = State {
            machine,
            names: Bindings::default(),
            processes,
            first,
            replay: None,
            exact: header.exact,
            marks_count: header.gives("MEM_SOFT_DIRTY"),
            quiet: None,
            handlers: Handlers::default(),
            knows_causes: false,
        };
        state.replay = replay.map(|mut replay| {
            replay.meet(&state, first, process);
            replay
        });
        let order = if script.is_log { Order::of(&script.statements, header.is_unordered) } else { Order::default() };
        let mut session = Self {
            script,
            order,
            state,
            saves: Saves::default(),
            saves_by_hand: false,
            reports: Vec::new(),
            position: 0,
            recording: false,
            columns: StepColumns::default(),
            left_out: Vec::new(),
            runs: 0,
            watched: VecDeque::new(),
            events_kept: 0,
            tallied: Tallied::default(),
            other: None,
        };
        session.tallied.verdict =
            Verdict { is_log: session.script.is_log, architecture: session.script.architecture, ..Default::default() };
        if session.is_empty() {
            session.tally_set_aside(usize::MAX);
        }
        session.save();
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
    pub fn names(&self) -> &crate::sorted::SortedMap<String, u64> {
        &self.state.names
    }

    /// The machine as it is now.
    pub fn machine(&self) -> &Machine {
        &self.state.machine
    }

    /// The numbers that a statement's `>` lines ask for, as they are now; `pid` is the process that acts. None of an area that
    /// is not there.
    pub fn numbers_asked(&self, statement: &super::Statement, pid: Pid) -> Vec<Option<u64>> {
        super::expect::numbers(&self.state, pid, statement)
    }

    /// The machine, for what a user does by hand between steps.
    pub fn machine_mut(&mut self) -> &mut Machine {
        &mut self.state.machine
    }

    /// Whether any of a range is memory that a log does not show being mapped: the layout of a program is found out from the
    /// whole log, and what its calls take for granted is added.
    pub fn is_assumed(&self, pid: Pid, range: VirtRange) -> bool {
        self.state.replay.as_ref().is_some_and(|replay| replay.is_assumed(&self.state, pid, range))
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

    /// What came of every statement that was ever run: it does not depend on when.
    pub fn known_reports(&self) -> &[StepReport] {
        &self.reports
    }

    /// The same in short, a column a field.
    pub fn columns(&self) -> &StepColumns {
        &self.columns
    }

    /// Statements run so far, with those that were run again to go somewhere.
    pub fn runs(&self) -> usize {
        self.runs
    }

    /// What came of a step that has been run, with what happened inside it: taken from its report, or by running it once
    /// more from the nearest save.
    pub fn explain(&mut self, step: usize) -> Option<StepReport> {
        let report = self.reports.get(step)?;
        if !self.recording || self.watched.contains(&step) {
            return Some(report.clone());
        }
        let (stood, tallied) = (self.position, self.tallied.clone());
        self.approach(step);
        let ran = self.run_quietly(step - self.position).is_ok() && self.step().is_some_and(|ran| ran.is_ok());
        let report = ran.then(|| self.reports[step].clone());
        self.approach(stood);
        // What was run once can be run again.
        let _ = self.run_quietly(stood.saturating_sub(self.position));
        self.tallied = tallied;
        report
    }

    /// Runs the next statement. `None` at the end.
    ///
    /// # Errors
    /// A statement that cannot be run as written (an unknown name, an unknown call).
    pub fn step(&mut self) -> Option<Result<&StepReport, ParseError>> {
        let step = self.position;
        let run = self.step_on(self.recording)?;
        Some(run.map(|()| &self.reports[step]))
    }

    pub(super) fn step_on(&mut self, records: bool) -> Option<Result<(), ParseError>> {
        let step = self.position;
        if step >= self.len() {
            return None;
        }
        let overlap = self.order.settle(&mut self.script.statements, step, &self.state);
        self.state.knows_causes = step < self.reports.len();
        let report = match self.run_one(records) {
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
        self.keep_report(step, report, records);
        self.tally(step);
        self.save_now_and_then();
        Some(Ok(()))
    }

    /// Keeps a report; of a statement that was run before, only what happened inside is new.
    fn keep_report(&mut self, step: usize, mut report: StepReport, records: bool) {
        if step == self.reports.len() {
            self.try_excuses(step, &mut report);
            self.columns.push(&report, &self.state.machine);
        } else if records {
            let known = &self.reports[step];
            report.differences.clone_from(&known.differences);
            report.incomparable.clone_from(&known.incomparable);
            report.compared &= known.compared;
            self.forget_events(step);
        } else {
            return;
        }
        if records {
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
        report.facts = None;
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
            let report = other.run_one(false).ok()?;
            other.position += 1;
            drop(report);
        }
        let report = other.run_one(false).ok()?;
        other.position += 1;
        Some(report.differences.iter().any(|difference| difference.field == "maps"))
    }

    fn run_one(&mut self, records: bool) -> Result<StepReport, ParseError> {
        let statement = &self.script.statements[self.position];
        self.runs += 1;
        if let Some(replay) = &mut self.state.replay {
            replay.doubt(self.order.doubt(statement.line));
        }
        if records {
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
        let counted = &self.tallied.verdict.left_out;
        if counted.len() > self.left_out.len() {
            self.left_out.extend_from_slice(&counted[self.left_out.len()..]);
        }
    }

    fn tally_set_aside(&mut self, until: usize) {
        while let Some(aside) = self.script.set_aside.get(self.tallied.set_aside).filter(|aside| aside.line <= until) {
            self.tallied.verdict.add_set_aside(aside);
            self.tallied.set_aside += 1;
        }
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
        self.columns.truncate(position);
        self.left_out.truncate(self.tallied.verdict.left_out.len());
        self.saves.forget_behind(position);
        self.watched.retain(|step| *step < position);
        self.events_kept = self.reports.iter().map(|report| report.events.len()).sum();
        self.other = None;
        self.order.unsettle(position);
        Ok(())
    }

    /// How each process compares so far, field by field.
    pub fn tallies(&self) -> SortedMap<Pid, ProcessTally> {
        self.tallied.tallies.clone()
    }

    /// The log as a script that is compared like the log itself: its calls on memory and what these need, in the order in
    /// which they are run; what has not been run stands in the order of the log.
    pub fn as_script(&self) -> String {
        super::write::log_as_script(&self.script.statements)
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
