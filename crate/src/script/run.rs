//! One statement on a machine: what it does, what came out, what differs from what was expected.

use super::ast::{Call, Expectation, Expr, Outcome, SignalSpec, Statement};
use super::evaluate;
use super::expect::{self, Before};
use super::handler::{self, Handlers};
use super::names::Bindings;
use super::relation;
use super::replay::Replay;
use super::show::{show, show_outcome};
use crate::addr::VirtAddr;
use crate::errno::SysError;
use crate::event::Event;
use crate::ids::Pid;
use crate::machine::{Arg, Machine, Sysno};
use crate::mmu::Access;
use crate::signal::Signal;
use crate::sorted::SortedMap;
use crate::view::{Moment, StepFacts};

/// A load or store of a script moves at most so much.
const MOST_BYTES: u64 = 1 << 20;
/// A repeated access or call is repeated at most so often.
const MOST_REPEATS: u64 = 1 << 21;

/// A difference between what was expected and what is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// What was compared: `result`, `maps`, `minflt`, …
    pub field: &'static str,
    /// What the script says.
    pub expected: String,
    /// What the machine says.
    pub found: String,
    /// Why they may differ although nothing is wrong; empty if it is a difference. Under the other assumption, which was
    /// tried, they do not differ.
    pub excuse: String,
    /// Of a difference: what would make it come out as expected, as far as that is known; empty if it is not.
    pub cause: String,
}

/// What came of one statement.
#[derive(Clone, Debug)]
pub struct StepReport {
    /// The statement's line.
    pub line: usize,
    /// Whose it was.
    pub pid: Option<Pid>,
    /// The call's name.
    pub call: String,
    /// The result as `strace` would print it.
    pub result: String,
    /// The reason of an error or a signal.
    pub why: Option<String>,
    /// `ok`, `error`, `signal`, `fault` (minor or major), `skipped`.
    pub kind: &'static str,
    /// Minor and major faults taken.
    pub faults: (u64, u64),
    /// Whether the result is about memory and was compared with a given one.
    pub compared: bool,
    /// The address it was about, if any.
    pub focus: Option<VirtAddr>,
    /// What the call wrote to memory outside the picture, such as the vector of `mincore`.
    pub output: Vec<u8>,
    /// Differences.
    pub differences: Vec<Comparison>,
    /// What a log does not show and the call takes for granted.
    pub assumed: Option<String>,
    /// Addresses of a log that lie elsewhere here: the recorded one, and ours.
    pub elsewhere: Vec<(u64, u64)>,
    /// Why a recorded result was not compared although the call was run.
    pub incomparable: Option<String>,
    /// What is different now, if anybody watched.
    pub facts: Option<Box<StepFacts>>,
    /// What happened inside.
    pub events: Vec<Event>,
    /// Events that were not kept.
    pub dropped: u64,
}

impl StepReport {
    /// Takes what is different now, with what is known of the statement itself.
    fn tell(&mut self, pid: Pid, facts: Option<StepFacts>) {
        let Some(mut facts) = facts else { return };
        (facts.pid, facts.faults) = (pid.0, self.faults);
        (facts.call, facts.result) = (self.call.clone(), self.result.clone());
        facts.why = self.why.clone().or(facts.why);
        self.facts = Some(Box::new(facts));
    }
}

/// What a call yields.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Yield {
    Value(u64),
    Error(SysError),
    Bytes(Vec<u8>),
    Signal(Signal),
    /// A repeated access: how often it worked, and the signal that stopped it.
    Counted(u64, Option<Signal>),
    /// A repeated call: how often it worked, and the error that stopped it.
    CountedError(u64, SysError),
    /// Not run: why.
    Skipped(String),
}

/// Everything a running script has.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) machine: Machine,
    pub(super) names: Bindings,
    /// Processes by the names that scripts give them.
    pub(super) processes: SortedMap<String, Pid>,
    pub(super) first: Pid,
    /// Present when the script is a log.
    pub(super) replay: Option<Replay>,
    pub(super) exact: bool,
    /// Whether the script gives CONFIG_MEM_SOFT_DIRTY, so that `sd` in VmFlags counts.
    pub(super) marks_count: bool,
    /// `quiet(1)`: what was before. Statements without `> maps` may change them, until `quiet(0)`.
    pub(super) quiet: Option<Before>,
    pub(super) handlers: Handlers,
    /// The statement was run before: why the log's refusals are what they are is known.
    pub(super) knows_causes: bool,
}

impl State {
    fn pid_of(&self, process: Option<&str>) -> Result<Pid, String> {
        let Some(name) = process else { return Ok(self.first) };
        if let Some(pid) = self.processes.get(name) {
            return Ok(*pid);
        }
        let number = name.parse().ok().or_else(|| self.names.get(name).map(|value| *value as u32));
        let pid = number.map(Pid).filter(|pid| self.machine.process(*pid).is_some());
        pid.ok_or_else(|| format!("there is no process `{name}`"))
    }

    /// Whose a statement is, if the process is there.
    pub(super) fn known_pid(&self, statement: &Statement) -> Option<Pid> {
        self.pid_of(statement.process.as_deref()).ok()
    }

    /// Runs a statement; `Err` is a fault of the script itself.
    pub(super) fn run(&mut self, statement: &Statement) -> Result<StepReport, String> {
        if let Some(name) = self.unbound(statement) {
            return Ok(self.skip(statement, format!("`{name}` is not bound: the call that should have bound it failed")));
        }
        let pid = match (&self.replay, self.pid_of(statement.process.as_deref())) {
            (_, Ok(pid)) => pid,
            (Some(_), Err(_)) => self.adopt(statement)?,
            (None, Err(error)) => return Err(error),
        };
        let moment = self.machine.kernel.trace.is_on().then(|| Moment::take(&self.machine, pid));
        let mut before = Before::take(&self.machine, pid, statement, self, self.exact);
        if statement.call.name == "quiet"
            && let Some(quiet) = &self.quiet
        {
            before.compare_maps_with(quiet);
        }
        // An exit leaves nothing to look at: what is expected of it holds before.
        let leaves = matches!(statement.call.name.as_str(), "exit" | "exit_group");
        let mut early = Vec::new();
        if leaves {
            early = expect::check(self, pid, &before, statement, &[]);
        }
        self.mask_handlers(statement);
        self.install_handler(pid, statement);
        let refused = self.replay.as_mut().is_some_and(|replay| replay.wants_explanation(statement));
        let before_call = (refused && !self.knows_causes).then(|| Box::new(self.unwatched_copy()));
        let mut assumed = None;
        let mut elsewhere = Vec::new();
        self.machine.kernel.signal_why = None;
        let outcome = match self.replay.take() {
            Some(mut replay) => {
                let outcome = replay.run(self, pid, statement);
                assumed = replay.take_assumed();
                elsewhere = replay.take_elsewhere();
                self.replay = Some(replay);
                outcome?
            }
            None => self.call(pid, &statement.call)?,
        };
        let (events, dropped) = self.machine.kernel.trace.drain();
        let signal_why = self.machine.kernel.signal_why.take();
        let mut differences = early;
        let mut results = self.compare_result(pid, statement, &outcome)?;
        if let (Some(before), [difference]) = (before_call, results.as_mut_slice())
            && difference.cause.is_empty()
        {
            difference.cause = super::replay::limits::explain(&before, pid, statement);
        }
        differences.extend(results);
        let output = std::mem::take(&mut self.machine.output);
        if !leaves {
            differences.extend(expect::check(self, pid, &before, statement, &output));
        }
        self.bind(statement, &outcome);
        self.keep_answer(&statement.call, &outcome);
        self.bind_descriptors(&statement.call, &outcome, &output);
        if let Yield::Value(value) = outcome {
            self.inherit_handlers(pid, &statement.call, value);
        }
        self.let_die(pid, statement, &outcome);
        let (after, _) = self.machine.kernel.trace.drain();
        let facts = moment.map(|moment| self.facts(&moment, statement, &outcome, (&events, &after), dropped));
        let signal_why = signal_why.map(|why| why.to_string());
        let mut report = self.report(pid, statement, outcome, &before, signal_why);
        (report.events, report.dropped) = (events, dropped);
        report.tell(pid, facts);
        report.events.extend(after);
        Ok(StepReport { differences, output, assumed, elsewhere, ..report })
    }

    /// A copy in which nobody records.
    pub(super) fn unwatched_copy(&self) -> Self {
        let mut copy = self.clone();
        copy.machine.kernel.trace.stop();
        copy
    }

    /// A log speaks of a process that nobody made: a thread of the first one, or it starts like that.
    fn adopt(&mut self, statement: &Statement) -> Result<Pid, String> {
        let name = statement.process.clone().unwrap_or_default();
        let replay = self.replay.as_ref().expect("only logs adopt");
        let (leader, config) = (replay.leader(self, statement.process.as_deref()), replay.config_met(statement.process.as_deref()));
        if let Ok(number) = name.parse() {
            self.machine.set_next_pid(Pid(number));
        }
        if let Some(leader) = leader.filter(|leader| self.machine.mm_of(*leader).is_some()) {
            // It shares the memory; that it is no thread otherwise lets it start another program.
            const CLONE_VM: u64 = 0x100;
            if let Yield::Value(made) = self.syscall(leader, Sysno::clone, &[CLONE_VM, 0, 0, 0, 0, 0].map(Arg::Int)) {
                let pid = Pid(made as u32);
                self.processes.insert(name, pid);
                return Ok(pid);
            }
        }
        let pid = self.machine.spawn(&config).map_err(|error| error.to_string())?;
        self.processes.insert(name, pid);
        if let Some(mut replay) = self.replay.take() {
            replay.meet(self, pid, statement.process.as_deref());
            self.replay = Some(replay);
        }
        Ok(pid)
    }

    /// Makes a system call or an access as a process.
    pub(super) fn call(&mut self, pid: Pid, call: &Call) -> Result<Yield, String> {
        if let Some(number) = Sysno::from_name(&call.name) {
            let args = evaluate::arguments(call, &self.names)?;
            let outcome = self.syscall(pid, number, &args);
            return Ok(self.told(call, outcome));
        }
        match call.name.as_str() {
            "load" => self.load(pid, call),
            "store" => self.store(pid, call),
            "execute" => self.execute(pid, self.address(call)?),
            "touch_read" => self.touch(pid, call, Access::Read),
            "touch_write" => self.touch(pid, call, Access::Write),
            "repeat" => self.repeat(pid, call),
            "wrpkru" => {
                let pkru = self.number(call, 0)?;
                self.machine.write_pkru(pid, pkru as u32);
                Ok(Yield::Value(0))
            }
            "rdpkru" => Ok(Yield::Value(self.machine.read_pkru(pid).into())),
            "preadto" => {
                let args = evaluate::arguments(call, &self.names)?;
                Ok(self.syscall(pid, Sysno::pread64, &args))
            }
            "pwritefrom" => {
                let args = evaluate::arguments(call, &self.names)?;
                Ok(self.syscall(pid, Sysno::pwrite64, &args))
            }
            "status" => Ok(self.ask_status(pid, call)),
            "nmaps" => Ok(self.ask_maps_count(pid)),
            "smaps" => Ok(self.ask_smaps(pid, self.address(call)?, call)),
            // A place to hang expectations on.
            "maps" | "snap" | "pagemap" | handler::ON => Ok(Yield::Value(0)),
            "quiet" => {
                let begins = !call.args.is_empty() && self.number(call, 0)? != 0;
                self.quiet = begins.then(|| Before::everywhere(&self.machine, pid, self));
                Ok(Yield::Value(0))
            }
            other => {
                Err(format!("`{other}` is neither a system call emulated here nor load, store, execute, touch_read, touch_write or repeat"))
            }
        }
    }

    pub(super) fn syscall(&mut self, pid: Pid, number: Sysno, args: &[Arg; 6]) -> Yield {
        match self.machine.syscall(pid, number, args) {
            Ok(value) => Yield::Value(value),
            Err(error) => Yield::Error(error),
        }
    }

    fn number(&self, call: &Call, place: usize) -> Result<u64, String> {
        let (_, expr) = call.args.get(place).ok_or_else(|| format!("{} needs an argument number {}", call.name, place + 1))?;
        evaluate::number(expr, &self.names)
    }

    fn address(&self, call: &Call) -> Result<VirtAddr, String> {
        self.number(call, 0).map(VirtAddr)
    }

    fn load(&mut self, pid: Pid, call: &Call) -> Result<Yield, String> {
        let (addr, len) = (self.address(call)?, if call.args.len() > 1 { self.number(call, 1)? } else { 1 });
        if len > MOST_BYTES {
            return Err(format!("load of {len} bytes: at most {MOST_BYTES} at a time"));
        }
        let mut bytes = vec![0; len as usize];
        Ok(match self.try_access(pid, |machine| machine.load(pid, addr, &mut bytes))? {
            Ok(()) => Yield::Bytes(bytes),
            Err(signal) => Yield::Signal(signal),
        })
    }

    fn store(&mut self, pid: Pid, call: &Call) -> Result<Yield, String> {
        let addr = self.address(call)?;
        let bytes = match call.args.get(1).map(|(_, value)| value) {
            Some(Expr::Text(bytes)) => bytes.clone(),
            _ => {
                let value = self.number(call, 1)?;
                let size = if call.args.len() > 2 { self.number(call, 2)? } else { 1 };
                if !(1..=8).contains(&size) {
                    return Err(format!("store of a number of {size} bytes: 1 to 8"));
                }
                value.to_le_bytes()[..size as usize].to_vec()
            }
        };
        Ok(match self.try_access(pid, |machine| machine.store(pid, addr, &bytes))? {
            Ok(()) => Yield::Value(bytes.len() as u64),
            Err(signal) => Yield::Signal(signal),
        })
    }

    fn execute(&mut self, pid: Pid, addr: VirtAddr) -> Result<Yield, String> {
        Ok(match self.try_access(pid, |machine| machine.execute(pid, addr))? {
            Ok(()) => Yield::Value(0),
            Err(signal) => Yield::Signal(signal),
        })
    }

    /// `touch_read(addr, count, stride)`, `touch_write(addr, count, stride, byte)`: stops at the first signal.
    fn touch(&mut self, pid: Pid, call: &Call, access: Access) -> Result<Yield, String> {
        let start = self.address(call)?;
        let optional = |state: &Self, place, default| if call.args.len() > place { state.number(call, place) } else { Ok(default) };
        let (count, stride) = (optional(self, 1, 1)?, optional(self, 2, 4096)?);
        let byte = optional(self, 3, 0)? as u8;
        if count > MOST_REPEATS {
            return Err(format!("{count} touches: at most {MOST_REPEATS}"));
        }
        for i in 0..count {
            let addr = start + i.wrapping_mul(stride);
            let done = self.try_access(pid, |machine| match access {
                Access::Write => machine.store(pid, addr, &[byte]),
                _ => machine.load(pid, addr, &mut [0]),
            });
            if let Err(signal) = done? {
                return Ok(Yield::Counted(i, Some(signal)));
            }
        }
        Ok(Yield::Counted(count, None))
    }

    /// `repeat(count, stride, "call", address, …)`: stops at the first error.
    fn repeat(&mut self, pid: Pid, call: &Call) -> Result<Yield, String> {
        let (count, stride) = (self.number(call, 0)?, self.number(call, 1)?);
        let Some((_, Expr::Text(name))) = call.args.get(2) else { return Err("repeat(count, stride, \"call\", address, …)".into()) };
        let name = String::from_utf8_lossy(name).into_owned();
        let number = Sysno::from_name(&name).ok_or_else(|| format!("`{name}` is not a system call emulated here"))?;
        if count > MOST_REPEATS {
            return Err(format!("{count} repeats: at most {MOST_REPEATS}"));
        }
        let inner = Call { name, args: call.args[3..].to_vec(), ..Call::default() };
        let mut args = evaluate::arguments(&inner, &self.names)?;
        for i in 0..count {
            if let Yield::Error(error) = self.syscall(pid, number, &args) {
                return Ok(Yield::CountedError(i, error));
            }
            args[0] = Arg::Int(args[0].int().wrapping_add(stride));
        }
        Ok(Yield::Counted(count, None))
    }

    /// Binds a result to its name; a child's number names the child.
    fn bind(&mut self, statement: &Statement, outcome: &Yield) {
        let Some(name) = &statement.binds else { return };
        let Some(value) = relation::number_of(outcome) else { return };
        self.names.bind(name, value);
        if matches!(statement.call.name.as_str(), "fork" | "vfork" | "clone" | "clone3") {
            self.processes.insert(name.clone(), Pid(value as u32));
        }
    }

    /// A name that a statement of a script needs and that its call, which failed, did not bind.
    fn unbound<'a>(&self, statement: &'a Statement) -> Option<&'a str> {
        if self.replay.is_some() {
            return None;
        }
        let is_name = |process: &&str| process.parse::<u32>().is_err();
        let process = statement.process.as_deref().filter(is_name).filter(|_| self.known_pid(statement).is_none());
        process.or_else(|| evaluate::unbound(statement, &self.names))
    }

    /// A signal that nobody expected ends its process.
    fn let_die(&mut self, pid: Pid, statement: &Statement, outcome: &Yield) {
        let signal = match outcome {
            Yield::Signal(signal) | Yield::Counted(_, Some(signal)) => *signal,
            _ => return,
        };
        let alive = self.machine.process(pid).is_some_and(|process| process.is_alive());
        if statement.outcome.is_none() && self.replay.is_none() && alive {
            self.machine.kill_by_signal(pid, signal);
        }
    }

    /// Compares the result with the one that is expected or given.
    fn compare_result(&mut self, pid: Pid, statement: &Statement, outcome: &Yield) -> Result<Vec<Comparison>, String> {
        let Some(expected) = &statement.outcome else { return Ok(Vec::new()) };
        if let Some(mut replay) = self.replay.take() {
            let differences = replay.compare(self, pid, statement, expected, outcome);
            self.replay = Some(replay);
            return Ok(differences);
        }
        if self.result_matches(expected, outcome)? {
            return Ok(Vec::new());
        }
        let (excuse, cause) = Default::default();
        Ok(vec![Comparison { field: "result", expected: show_outcome(expected), found: show(outcome), excuse, cause }])
    }

    fn result_matches(&self, expected: &Outcome, outcome: &Yield) -> Result<bool, String> {
        Ok(match (expected, outcome) {
            (Outcome::Unknown, _) => true,
            (Outcome::Error(name), Yield::Error(error)) => error.errno.name() == name,
            (Outcome::ErrorAfter(n, name), Yield::CountedError(count, error)) => count == n && error.errno.name() == name,
            (Outcome::Signal(None, spec), Yield::Signal(signal)) => signal_matches(spec, signal),
            (Outcome::Signal(Some(n), spec), Yield::Counted(count, Some(signal))) => count == n && signal_matches(spec, signal),
            (Outcome::Signal(None, spec), Yield::Counted(_, Some(signal))) => signal_matches(spec, signal),
            (Outcome::Value(Expr::Text(text)), Yield::Bytes(bytes)) => text == bytes,
            (Outcome::Not(other), _) => !self.result_matches(other, outcome)?,
            (Outcome::AnyOf(all), _) => {
                let matching = all.iter().map(|one| self.result_matches(one, outcome)).find(|one| *one != Ok(false));
                matching.unwrap_or(Ok(false))?
            }
            _ => match relation::number_of(outcome).and_then(|found| relation::holds(expected, found, &self.names)) {
                Some(holds) => holds?,
                None => false,
            },
        })
    }

    /// The address a statement was about: the one it got, or its first argument.
    fn focus(&self, statement: &Statement, outcome: &Yield) -> Option<VirtAddr> {
        let name = statement.call.name.as_str();
        match (name, outcome) {
            ("mmap" | "mremap", Yield::Value(addr)) => return Some(VirtAddr(*addr)),
            ("load" | "store" | "execute" | "touch_read" | "touch_write", _) => {}
            _ if Sysno::from_name(name).is_some_and(Sysno::is_about_memory) => {}
            _ => return None,
        }
        let (_, first) = statement.call.args.first()?;
        evaluate::number(first, &self.names).ok().filter(|addr| *addr != 0).map(VirtAddr)
    }

    /// A statement that is not run.
    fn skip(&self, statement: &Statement, why: String) -> StepReport {
        let pid = self.known_pid(statement).unwrap_or(self.first);
        let before = Before::take(&self.machine, pid, statement, self, false);
        let outcome = Yield::Skipped(why);
        let moment = self.machine.kernel.trace.is_on().then(|| Moment::take(&self.machine, pid));
        let facts = moment.map(|moment| self.facts(&moment, statement, &outcome, (&[], &[]), 0));
        let mut report = self.report(pid, statement, outcome, &before, None);
        report.tell(pid, facts);
        report
    }

    fn report(&self, pid: Pid, statement: &Statement, outcome: Yield, before: &Before, signal_why: Option<String>) -> StepReport {
        let faults = before.faults_since(&self.machine, pid);
        let (kind, why) = match &outcome {
            Yield::Error(error) | Yield::CountedError(_, error) => ("error", Some(error.why.to_string())),
            Yield::Signal(_) | Yield::Counted(_, Some(_)) => ("signal", signal_why),
            Yield::Skipped(why) => ("skipped", Some(why.clone())),
            _ if faults != (0, 0) => ("fault", None),
            _ => ("ok", None),
        };
        let focus = self.focus(statement, &outcome);
        let given = !matches!(statement.outcome, None | Some(Outcome::Unknown));
        let compared = given && kind != "skipped" && (self.replay.is_none() || super::replay::counts(statement));
        StepReport {
            line: statement.line,
            pid: Some(pid),
            call: statement.call.name.clone(),
            result: show(&outcome),
            why,
            kind,
            faults,
            compared,
            focus,
            output: Vec::new(),
            differences: Vec::new(),
            assumed: None,
            elsewhere: Vec::new(),
            incomparable: None,
            facts: None,
            events: Vec::new(),
            dropped: 0,
        }
    }
}

pub(super) fn signal_matches(spec: &SignalSpec, signal: &Signal) -> bool {
    spec.signo == signal.signo.name()
        && spec.code.as_ref().is_none_or(|code| code == signal.code.name())
        && spec.addr.is_none_or(|addr| addr == signal.addr.0)
}

/// Whether a statement asks for a kind of expectation.
pub(super) fn expects(statement: &Statement, kind: impl Fn(&Expectation) -> bool) -> bool {
    statement.expectations.iter().any(kind)
}
