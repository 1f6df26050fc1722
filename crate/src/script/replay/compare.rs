//! What a call gave here beside what the log has of it.

use super::super::ast::{Architecture, Expr, Outcome, SignalSpec, Statement};
use super::super::run::{Comparison, State, Yield, signal_matches};
use super::super::show::{show, show_outcome};
use super::misnamed::Misnamed;
use super::{Replay, assume, is_access, memory_call};
use crate::addr::PAGE_SIZE;
use crate::ids::Pid;
use crate::machine::Sysno;

impl Replay {
    /// Compares what a statement gave with what is recorded.
    pub(in super::super) fn compare(
        &mut self,
        state: &State,
        pid: Pid,
        statement: &Statement,
        expected: &Outcome,
        outcome: &Yield,
    ) -> Vec<Comparison> {
        let name = &statement.call.name;
        let number = memory_call(name);
        if (number.is_none() && !is_access(name)) || matches!(outcome, Yield::Skipped(_)) {
            return Vec::new();
        }
        let misnamed = self.misnamed.filter(|misnamed| misnamed.line == statement.line).map(Misnamed::difference);
        let equal = match (expected, outcome) {
            (Outcome::Unknown, _) => true,
            (Outcome::Error(name), Yield::Error(error)) => error.errno.name() == name,
            (Outcome::Value(Expr::Int(recorded)), Yield::Value(ours)) => self.same_value(state, pid, number, *recorded, *ours),
            (Outcome::Value(_), Yield::Value(_)) => true,
            (Outcome::Signal(_, spec), Yield::Signal(signal)) => {
                // The address is the recorded one, which may lie elsewhere here.
                let spec = SignalSpec { addr: None, ..spec.clone() };
                signal_matches(&spec, signal)
            }
            (Outcome::Value(_) | Outcome::Error(_), _) if number.is_none() => return Vec::new(),
            _ => false,
        };
        if equal || misnamed.is_some() {
            return misnamed.into_iter().collect();
        }
        let cause = self.cause(number, expected, outcome);
        vec![Comparison { field: "result", expected: show_outcome(expected), found: show(outcome), excuse: String::new(), cause }]
    }

    /// What of another machine shows in a difference.
    fn cause(&self, number: Option<Sysno>, expected: &Outcome, outcome: &Yield) -> String {
        let places = matches!(number, Some(Sysno::mmap | Sysno::mremap | Sysno::brk | Sysno::shmat));
        match (self.architecture, expected, outcome) {
            (Architecture::X86_64, ..) => String::new(),
            (Architecture::Bits32, Outcome::Value(_), Yield::Value(_)) if places => {
                "the log is of a 32-bit program, whose layout is not modelled here".into()
            }
            (Architecture::Other64, Outcome::Value(_), Yield::Value(_)) if places => {
                "the log is of another processor, whose layout and page size are not modelled here".into()
            }
            (Architecture::Bits32, ..) => "the log is of a 32-bit program; this machine is x86-64".into(),
            (Architecture::Other64, ..) => "the log is of another processor; this machine is x86-64 with pages of 4 kB".into(),
        }
    }

    /// Equal, or at the same distance as the mapping placed before.
    fn same_value(&mut self, state: &State, pid: Pid, number: Option<Sysno>, recorded: u64, ours: u64) -> bool {
        let is_reconciled = self.doubted.is_some();
        let Some(space) = self.space(state, pid) else { return recorded == ours };
        match number {
            Some(Sysno::mmap | Sysno::mremap | Sysno::shmat) if !recorded.is_multiple_of(PAGE_SIZE) => false,
            Some(Sysno::mmap | Sysno::mremap | Sysno::shmat) => space.same_place(recorded, ours, is_reconciled),
            Some(Sysno::brk) if recorded < assume::LOWEST => false,
            Some(Sysno::brk) => space.ours(recorded) == ours,
            _ => recorded == ours,
        }
    }
}
