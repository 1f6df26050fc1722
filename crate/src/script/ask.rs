//! Calls of scripts that only ask: numbers of `/proc`, and fields of what a system call told.

use super::ast::Call;
use super::fields;
use super::run::{State, Yield};
use crate::addr::VirtAddr;
use crate::errno::{Errno, SysError};
use crate::ids::Pid;
use crate::view;
use crate::why::Why;

impl State {
    /// `status(FIELD)`: of `/proc/PID/status`, in kB.
    pub(super) fn ask_status(&self, pid: Pid, call: &Call) -> Yield {
        let field = fields::status_asked(call).and_then(|name| view::status_field(&self.machine, pid, name));
        field.map_or_else(|| no_process(pid), Yield::Value)
    }

    /// `smaps(addr).FIELD`: of the area that an address lies in, in kB.
    pub(super) fn ask_smaps(&self, pid: Pid, at: VirtAddr, call: &Call) -> Yield {
        let areas = view::smaps(&self.machine, pid);
        match areas.iter().find(|area| area.range.contains(at)) {
            Some(area) => Yield::Value(area.field(call.field().unwrap_or_default())),
            None => Yield::Error(SysError::new(Errno::ENOENT, Why::NoSuchVma { at })),
        }
    }

    /// `nmaps()`: how many areas there are.
    pub(super) fn ask_maps_count(&self, pid: Pid) -> Yield {
        self.machine.mm_of(pid).map_or_else(|| no_process(pid), |mm| Yield::Value(mm.vmas.len() as u64))
    }

    /// What a system call told in the field that is asked for, in place of its result.
    pub(super) fn told(&self, call: &Call, outcome: Yield) -> Yield {
        match outcome {
            Yield::Value(value) => Yield::Value(fields::field_of(call, &self.machine.output).unwrap_or(value)),
            other => other,
        }
    }

    /// Binds the names that a call gives to descriptors which it made in an array.
    pub(super) fn bind_descriptors(&mut self, call: &Call, outcome: &Yield, output: &[u8]) {
        let Yield::Value(0) = outcome else { return };
        for (name, fd) in fields::names_given(call).into_iter().zip(output.as_chunks().0) {
            self.names.bind(name, u32::from_le_bytes(*fd).into());
        }
    }

    /// Keeps what a question was answered, under the words it was asked in: `same` compares with it.
    pub(super) fn keep_answer(&mut self, call: &Call, outcome: &Yield) {
        if let (Some(question), Yield::Value(value)) = (call.question(), outcome) {
            self.names.bind(question, *value);
        }
    }
}

fn no_process(pid: Pid) -> Yield {
    Yield::Error(SysError::new(Errno::ESRCH, Why::NoProcess { pid: pid.0.into() }))
}
