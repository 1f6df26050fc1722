//! Calls that only ask: what `/proc` says, and fields of what a system call told.

use super::{Live, Outcome, is_error, show_result};
use crate::observe;
use pagefault::script::{Call, STRUCTURE_BYTES, field_of, names_given, status_asked};

impl Live {
    /// `status(FIELD)`, `smaps(addr).FIELD`, `nmaps()`.
    pub(super) fn ask(&mut self, pid: u32, call: &Call, outcome: &mut Outcome) -> Result<(), String> {
        let at = if call.name == "smaps" { self.number(call, 0)?.unwrap_or(0) } else { 0 };
        let tracee = self.acting(pid)?;
        let value = match call.name.as_str() {
            "status" => Some(observe::status(tracee)?.get(status_asked(call).unwrap_or_default()).copied().unwrap_or(0)),
            "smaps" => {
                let areas = observe::smaps(tracee)?;
                let area = areas.into_iter().find(|(range, ..)| (range.start.0..range.end.0).contains(&at));
                let field = call.field().unwrap_or_default();
                area.map(|(_, fields, _)| fields.iter().find(|(name, _)| name == field).map_or(0, |(_, kb)| *kb))
            }
            _ => Some(self.maps(pid)?.iter().filter(|line| line.name != "[vsyscall]").count() as u64),
        };
        outcome.value = value;
        outcome.result = value.map_or(show_result(-i64::from(libc::ENOENT)), |value| show_result(value as i64));
        Ok(())
    }

    /// Binds the names that a call gives to descriptors which it made in an array.
    pub(super) fn bind_descriptors(&mut self, pid: u32, call: &Call) -> Result<(), String> {
        let names = names_given(call);
        let bytes = match self.tracees.get(&pid) {
            Some(tracee) if !names.is_empty() => tracee.read_back(names.len() * 4)?,
            _ => Vec::new(),
        };
        for (name, fd) in names.into_iter().zip(bytes.as_chunks().0) {
            self.names.insert(name.into(), u32::from_le_bytes(*fd).into());
        }
        Ok(())
    }

    /// From the next statement on the last answer is what a question compares with.
    pub(crate) fn keep_answer(&mut self) {
        if let Some((question, value)) = self.answer.take() {
            self.names.insert(question, value);
        }
    }

    /// The field of a structure that is asked for, in place of the result of the call that wrote it.
    pub(super) fn told(&self, pid: u32, call: &Call, result: Option<i64>) -> Result<Option<i64>, String> {
        if call.field().is_none() || result.is_none_or(is_error) {
            return Ok(result);
        }
        let bytes = self.tracees.get(&pid).map_or(Ok(Vec::new()), |tracee| tracee.read_back(STRUCTURE_BYTES))?;
        Ok(field_of(call, &bytes).map(|value| value as i64).or(result))
    }
}
