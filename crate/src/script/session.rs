//! A script being run: forwards, backwards, to any step. Any moment is a checkpoint and a replay from it.

use super::ast::{Outcome, Statement};
use super::handler::Handlers;
use super::parse::{self, ParseError};
use super::replay::Replay;
use super::run::{State, StepReport};
use super::tally::ProcessTally;
use super::{Comparison, Script};
use crate::ids::Pid;
use crate::machine::{Machine, StartupError, Sysno};
use std::collections::{BTreeMap, HashMap};

/// Events kept of one step.
const EVENTS_PER_STEP: usize = 20_000;
/// Checkpoints kept besides the start.
const MOST_CHECKPOINTS: usize = 6;

/// How far a script has come and how it compares with what it expects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the script is a log: then memory calls are what counts.
    pub is_log: bool,
    /// Statements run.
    pub steps: usize,
    /// Results that were compared.
    pub compared: usize,
    /// Of these, equal ones.
    pub equal: usize,
    /// Memory calls among them.
    pub memory_calls: usize,
    /// Memory calls whose result was as given.
    pub memory_equal: usize,
    /// Statements that were not run.
    pub skipped: usize,
    /// Whether every `> maps` held; `None` if there was none.
    pub maps_equal: Option<bool>,
    /// Differences that have no excuse.
    pub differences: usize,
    /// Differences that have one.
    pub excused: usize,
    /// The first difference: its line, its call, what differs. One without excuse goes first.
    pub first: Option<(usize, String, Comparison)>,
}

/// A script on a machine.
#[derive(Clone, Debug)]
pub struct Session {
    script: Script,
    state: State,
    start: Box<State>,
    checkpoints: Vec<(usize, Box<State>)>,
    reports: Vec<StepReport>,
    recording: bool,
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
        let first = machine.spawn(&header.process)?;
        let has_maps = !header.process.maps.is_empty() || script.statements.iter().any(|s| !s.inputs.is_empty());
        let replay = script.is_log.then(|| Replay::new(header.process.clone(), header.written, has_maps));
        let mut processes = HashMap::from([("1".to_string(), first)]);
        processes.insert(first.0.to_string(), first);
        let state = State {
            machine,
            names: HashMap::new(),
            processes,
            first,
            replay,
            exact: header.exact,
            marks_count: header.gives("MEM_SOFT_DIRTY"),
            quiet: None,
            handlers: Handlers::default(),
        };
        let start = Box::new(state.clone());
        Ok(Self { script, state, start, checkpoints: Vec::new(), reports: Vec::new(), recording: false })
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
        self.reports.len()
    }

    /// How many statements there are.
    pub fn len(&self) -> usize {
        self.script.statements.len()
    }

    /// Whether the script has no statement.
    pub fn is_empty(&self) -> bool {
        self.script.statements.is_empty()
    }

    /// What came of each statement so far.
    pub fn reports(&self) -> &[StepReport] {
        &self.reports
    }

    /// Runs the next statement. `None` at the end.
    ///
    /// # Errors
    /// A statement that cannot be run as written (an unknown name, an unknown call).
    pub fn step(&mut self) -> Option<Result<&StepReport, ParseError>> {
        let statement = self.script.statements.get(self.reports.len())?.clone();
        Some(match self.run_one(&statement) {
            Ok(report) => {
                self.reports.push(report);
                self.keep_checkpoint();
                Ok(self.reports.last().expect("it was pushed just now"))
            }
            Err(error) => Err(error),
        })
    }

    fn run_one(&mut self, statement: &Statement) -> Result<StepReport, ParseError> {
        if self.recording {
            self.state.machine.kernel.trace.start(EVENTS_PER_STEP);
        }
        let report = self.state.run(statement);
        self.state.machine.kernel.trace.stop();
        report.map_err(|why| ParseError::new(statement.line, 1, String::new(), why))
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

    /// Goes to a position, forwards or backwards; beyond the end is the end.
    ///
    /// # Errors
    /// A statement on the way that cannot be run as written; the position is just before it then.
    pub fn go_to(&mut self, position: usize) -> Result<(), ParseError> {
        let position = position.min(self.len());
        if position < self.position() {
            self.checkpoints.retain(|(at, _)| *at <= position);
            let (at, state) = match self.checkpoints.last() {
                Some((at, state)) => (*at, state.clone()),
                None => (0, self.start.clone()),
            };
            self.state = *state;
            self.reports.truncate(at);
        }
        while self.position() < position {
            match self.step() {
                Some(result) => result.map(|_| ())?,
                None => break,
            }
        }
        Ok(())
    }

    /// Adds a statement at the end, as typed on a console. The position must be the end.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn append(&mut self, text: &str) -> Result<(), ParseError> {
        let line = self.script.statements.last().map_or(1, |statement| statement.line + 1);
        let statement = parse::joined_statement(text, line)?;
        self.script.statements.truncate(self.position());
        self.script.statements.push(statement);
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
        let mut tallies: BTreeMap<Pid, ProcessTally> = BTreeMap::new();
        for (report, statement) in self.reports.iter().zip(&self.script.statements) {
            let pid = report.pid.unwrap_or(self.state.first);
            tallies.entry(pid).or_default().add(report, statement, self.state.exact);
        }
        tallies
    }

    /// How it compares so far.
    pub fn verdict(&self) -> Verdict {
        let is_log = self.script.is_log;
        let mut verdict = Verdict { is_log, steps: self.reports.len(), ..Default::default() };
        for (report, statement) in self.reports.iter().zip(&self.script.statements) {
            verdict.add(report, statement);
        }
        verdict
    }
}

impl Verdict {
    fn add(&mut self, report: &StepReport, statement: &Statement) {
        use super::ast::Expectation;
        let result_differs = report.differences.iter().any(|d| d.field == "result");
        let memory = Sysno::from_name(&report.call).is_some_and(Sysno::is_about_memory);
        self.skipped += usize::from(report.kind == "skipped");
        if report.compared {
            self.compared += 1;
            self.equal += usize::from(!result_differs);
            self.memory_calls += usize::from(memory);
            self.memory_equal += usize::from(memory && !result_differs);
        }
        if statement.expectations.iter().any(|e| matches!(e, Expectation::Maps(..))) {
            let held = !report.differences.iter().any(|d| d.field == "maps");
            self.maps_equal = Some(self.maps_equal.unwrap_or(true) && held);
        }
        for difference in &report.differences {
            let excused = !difference.excuse.is_empty();
            if excused {
                self.excused += 1
            } else {
                self.differences += 1
            }
            let better = match &self.first {
                None => true,
                Some((_, _, first)) => !first.excuse.is_empty() && !excused,
            };
            if better {
                self.first = Some((report.line, report.call.clone(), difference.clone()));
            }
        }
    }

    /// Whether nothing differs.
    pub fn is_equal(&self) -> bool {
        self.differences == 0
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_log {
            let plural = if self.memory_calls == 1 { "" } else { "s" };
            write!(f, "{} memory call{plural}, {} as on Linux", self.memory_calls, self.memory_equal)?;
        } else {
            write!(f, "{} of {} as on Linux 6.18", self.equal, self.compared)?;
        }
        match self.maps_equal {
            Some(true) => write!(f, "; maps equal"),
            Some(false) => write!(f, "; maps differ"),
            None => Ok(()),
        }
    }
}

/// The number of the process that a log starts with.
fn log_pid(script: &Script) -> Option<u32> {
    let first = script.statements.first().filter(|_| script.is_log)?;
    let known = !matches!(first.outcome, Some(Outcome::Unknown));
    first.process.as_ref().filter(|_| known)?.parse().ok()
}
