//! What came of a script or a log, in one place: what was compared, what differs, what was left out and why.

use super::ast::{Architecture, Expectation, Outcome, SetAside, Statement};
use super::replay;
use super::run::{Comparison, StepReport};
use crate::sort;
use std::fmt;

/// A memory call of a log that was not compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Its line.
    pub line: usize,
    /// Its name, or what stands there if it cannot be read.
    pub call: String,
    /// Why.
    pub reason: String,
}

/// How far a script has come and how it compares with what it expects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the script is a log: then memory calls are what counts.
    pub is_log: bool,
    /// The processor of a log's program.
    pub architecture: Architecture,
    /// Statements run.
    pub steps: usize,
    /// Results that were compared.
    pub compared: usize,
    /// Of these, equal ones.
    pub equal: usize,
    /// Memory calls of a log so far, each once: equal, different or left out.
    pub memory_calls: usize,
    /// Memory calls whose result was as given.
    pub memory_equal: usize,
    /// Memory calls whose result was another one.
    pub memory_differ: usize,
    /// Memory calls that were not compared.
    pub left_out: Vec<LeftOut>,
    /// Calls that rest on what the log does not show, such as memory mapped before it begins.
    pub assumed: usize,
    /// Statements that were not run.
    pub skipped: usize,
    /// Whether every `> maps` held; `None` if there was none.
    pub maps_equal: Option<bool>,
    /// Differences that have no excuse.
    pub differences: usize,
    /// Differences that have one: under the other assumption, which was tried, they vanish.
    pub excused: usize,
    /// The line of a statement that could not be run as written; nothing after it was run.
    pub stopped: Option<usize>,
    /// The first difference: its line, its call, what differs. One without excuse goes first.
    pub first: Option<(usize, String, Comparison)>,
}

impl Verdict {
    /// Counts a step in.
    pub(super) fn add(&mut self, report: &StepReport, statement: &Statement) {
        let differs = report.differences.iter().any(|d| d.field == "result");
        self.steps += 1;
        self.skipped += usize::from(report.kind == "skipped");
        // A call that differs rests on nothing: what is assumed behind it is for those that follow.
        self.assumed += usize::from(report.assumed.is_some() && !differs);
        if report.compared {
            self.compared += 1;
            self.equal += usize::from(!differs);
        }
        if self.is_log && replay::counts(statement) {
            self.count_memory_call(report, statement, differs);
        } else if !self.is_log && report.compared && replay::memory_call(&report.call).is_some() {
            self.memory_calls += 1;
            self.memory_equal += usize::from(!differs);
            self.memory_differ += usize::from(differs);
        }
        if statement.expectations.iter().any(|e| matches!(e, Expectation::Maps(..))) {
            let held = !report.differences.iter().any(|d| d.field == "maps");
            self.maps_equal = Some(self.maps_equal.unwrap_or(true) && held);
        }
        for difference in &report.differences {
            self.count_difference(report, difference);
        }
    }

    fn count_memory_call(&mut self, report: &StepReport, statement: &Statement, differs: bool) {
        self.memory_calls += 1;
        if report.compared {
            self.memory_equal += usize::from(!differs);
            self.memory_differ += usize::from(differs);
            return;
        }
        let reason = match (&report.why, &statement.outcome) {
            _ if report.incomparable.is_some() => report.incomparable.clone().unwrap_or_default(),
            (Some(why), _) if report.kind == "skipped" => why.clone(),
            (_, Some(Outcome::Unknown)) => "the log does not know its result".into(),
            _ => "the log does not give its result".into(),
        };
        self.left_out.push(LeftOut { line: report.line, call: report.call.clone(), reason });
    }

    fn count_difference(&mut self, report: &StepReport, difference: &Comparison) {
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

    /// Counts in what could not be read, if a memory call is lost with it.
    pub(super) fn add_set_aside(&mut self, aside: &SetAside) {
        if aside.is_memory_call {
            self.memory_calls += 1;
            let call = aside.text.split('(').next().unwrap_or_default().trim().chars().take(40).collect();
            self.left_out.push(LeftOut { line: aside.line, call, reason: aside.reason.clone() });
        }
    }

    /// Whether something was compared and nothing of it differs.
    pub fn is_equal(&self) -> bool {
        let maps = usize::from(self.maps_equal.is_some());
        // What a log does not replay is told apart; of a script nothing may be missing.
        let is_whole = self.is_log || self.skipped == 0;
        self.differences == 0 && self.compared + maps > 0 && self.stopped.is_none() && is_whole
    }

    /// Whether nothing is wrong, left out or excused, on a processor that is modelled.
    pub fn is_green(&self) -> bool {
        self.is_equal() && self.left_out.is_empty() && self.excused == 0 && self.architecture == Architecture::X86_64
    }

    /// Why memory calls were left out, and how many for each reason; the most frequent first.
    pub fn left_out_by_reason(&self) -> Vec<(&str, usize)> {
        let mut reasons: crate::sorted::SortedMap<&str, usize> = Default::default();
        for left in &self.left_out {
            *reasons.entry(&left.reason).or_default() += 1;
        }
        let mut sorted: Vec<_> = reasons.into_iter().collect();
        sort::by_key(&mut sorted, |(_, count)| std::cmp::Reverse(*count));
        sorted
    }

    fn write_differing(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.memory_differ {
            0 => Ok(()),
            1 => write!(f, ", 1 differs"),
            many => write!(f, ", {many} differ"),
        }
    }

    fn write_log(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const REASONS: usize = 3;
        if self.left_out.is_empty() {
            let plural = if self.memory_calls == 1 { "" } else { "s" };
            write!(f, "{} memory call{plural}, {} as on Linux", self.memory_calls, self.memory_equal)?;
            return self.write_differing(f);
        }
        write!(f, "{} of {} as on Linux", self.memory_equal, self.memory_calls)?;
        self.write_differing(f)?;
        write!(f, ", {} not replayed: ", self.left_out.len())?;
        let reasons = self.left_out_by_reason();
        match reasons.as_slice() {
            [(reason, _)] => write!(f, "{reason}"),
            many => {
                let shown: Vec<_> = many.iter().take(REASONS).map(|(reason, count)| format!("{reason} ({count})")).collect();
                write!(f, "{}{}", shown.join(", "), if many.len() > REASONS { ", …" } else { "" })
            }
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_log {
            self.write_log(f)?;
        } else {
            write!(f, "{} of {} as expected here", self.equal, self.compared)?;
            if self.skipped > 0 {
                write!(f, "; {} not run, as a call failed that they need", self.skipped)?;
            }
        }
        match self.maps_equal {
            Some(true) => write!(f, "; maps equal")?,
            Some(false) => write!(f, "; maps differ")?,
            None => {}
        }
        if self.assumed > 0 {
            write!(f, "; {} rest{} on what the log does not show", self.assumed, if self.assumed == 1 { "s" } else { "" })?;
        }
        if self.excused > 0 {
            write!(f, "; {} excused", self.excused)?;
        }
        match self.architecture {
            Architecture::X86_64 => {}
            Architecture::Bits32 => write!(f, "; a 32-bit program, whose layout is not modelled")?,
            Architecture::Other64 => write!(f, "; another processor, whose layout and page size are not modelled")?,
        }
        match self.stopped {
            Some(line) => write!(f, "; stopped at line {line}"),
            None => Ok(()),
        }
    }
}
