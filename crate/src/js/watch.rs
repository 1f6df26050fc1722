//! What is kept of a machine that JavaScript drives while somebody watches: page faults, and what a step did.

use crate::addr::VirtAddr;
use crate::errno::SysError;
use crate::event::Event;
use crate::ids::Pid;
use crate::machine::Machine;
use crate::signal::Signal;
use crate::view::{self, Explained, Moment, SignalFact, StepFacts};

/// Events of one step that are kept.
const EVENTS: usize = 20_000;
/// Faults that wait to be taken.
const FAULTS: usize = 1 << 16;

/// Who watches, and what was seen.
#[derive(Debug, Default)]
pub(super) struct Watch {
    records_faults: bool,
    faults: Vec<(VirtAddr, u32)>,
    dropped: u64,
    step: Option<Step>,
    /// Steps in the middle of which others are made: files written in JavaScript are asked for something.
    suspended: Vec<Option<Step>>,
}

/// A step that is to be explained.
struct Step {
    pid: Pid,
    moment: Moment,
    faults: (u64, u64),
    /// What happened in it before it was suspended.
    events: Vec<Event>,
    dropped: u64,
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Step({})", self.pid.0)
    }
}

fn faults_of(machine: &Machine, pid: Pid) -> Option<(u64, u64)> {
    let process = machine.process(pid).filter(|process| process.is_alive())?;
    machine.kernel.tasks.get(process.task).map(|task| (task.min_flt, task.maj_flt))
}

impl Watch {
    pub(super) fn record_faults(&mut self, machine: &mut Machine, on: bool) {
        self.records_faults = on;
        self.settle(machine);
    }

    /// Records as long as somebody wants to know.
    fn settle(&mut self, machine: &mut Machine) {
        match self.records_faults || self.step.is_some() {
            true if !machine.kernel.trace.is_on() => machine.kernel.trace.start(EVENTS),
            false => machine.kernel.trace.stop(),
            true => {}
        }
    }

    fn drain(&mut self, machine: &mut Machine) -> (Vec<Event>, u64) {
        let (events, dropped) = machine.kernel.trace.drain();
        if self.records_faults {
            self.dropped += dropped;
            for event in &events {
                match event {
                    Event::PageFault { addr, error_code } if self.faults.len() < FAULTS => self.faults.push((*addr, *error_code)),
                    Event::PageFault { .. } => self.dropped += 1,
                    _ => {}
                }
            }
        }
        (events, dropped)
    }

    /// Address and error code of each fault, then the number of events that were not kept.
    pub(super) fn take_faults(&mut self, machine: &mut Machine) -> Vec<u64> {
        // A machine that was put back to a copy records as the copy did.
        self.settle(machine);
        self.drain(machine);
        let faults = std::mem::take(&mut self.faults).into_iter().flat_map(|(addr, code)| [addr.0, code.into()]);
        faults.chain([std::mem::take(&mut self.dropped)]).collect()
    }

    pub(super) fn begin(&mut self, machine: &mut Machine, pid: Pid) {
        self.drain(machine);
        self.step = Some(Step {
            pid,
            moment: Moment::take(machine, pid),
            faults: faults_of(machine, pid).unwrap_or_default(),
            events: Vec::new(),
            dropped: 0,
        });
        self.settle(machine);
    }

    /// What has happened is that of the step, up to here.
    fn keep_events(&mut self, machine: &mut Machine) {
        let (events, dropped) = self.drain(machine);
        if let Some(step) = &mut self.step {
            step.events.extend(events);
            step.dropped += dropped;
        }
    }

    /// The step goes on later; whatever happens until then is not its.
    pub(super) fn suspend(&mut self, machine: &mut Machine) {
        self.keep_events(machine);
        let step = self.step.take();
        self.suspended.push(step);
    }

    /// Goes on with the step that was suspended last.
    pub(super) fn resume(&mut self, machine: &mut Machine) {
        self.drain(machine);
        self.step = self.suspended.pop().flatten();
        self.settle(machine);
    }

    pub(super) fn end(
        &mut self,
        machine: &mut Machine,
        call: String,
        result: String,
        ended: Result<Option<Signal>, Option<SysError>>,
        accessed: bool,
    ) -> Option<Explained> {
        self.keep_events(machine);
        let Step { pid, moment, faults: before, events, dropped } = self.step.take()?;
        self.settle(machine);
        let after = faults_of(machine, pid).unwrap_or(before);
        let raised = events.iter().filter(|event| matches!(event, Event::Signal { .. })).count() as u64;
        let reason = events.iter().find_map(|event| if let Event::Signal { why, .. } = event { Some(why.to_string()) } else { None });
        let signal = ended.ok().flatten();
        let error = ended.err().flatten();
        let step = StepFacts {
            pid: pid.0,
            call,
            result,
            ending: if ended.is_err() {
                "error"
            } else if signal.is_some() {
                "signal"
            } else {
                "ok"
            },
            errno: error.map(|error| error.errno.name()),
            signal: signal.map(SignalFact::from),
            why: error.map(|error| error.why.to_string()).or(reason),
            handled: if signal.is_some() { raised.saturating_sub(1) } else { 0 },
            faults: (after.0.saturating_sub(before.0), after.1.saturating_sub(before.1)),
            lived: moment.lived(),
            accessed,
            facts: moment.facts(machine, &events, dropped),
            dropped,
            ..StepFacts::default()
        };
        Some(view::explain(&step, &events))
    }
}
