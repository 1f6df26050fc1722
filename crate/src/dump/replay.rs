//! What comes of a script on the machine, against the dump it should yield.

use super::area::Dump;
use super::read::read;
use super::script::lines_by_start;
use crate::script::Session;
use crate::view;

/// How the maps of a machine compare with a dump.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Lines of the dump.
    pub lines: usize,
    /// Of these, those that the machine has too.
    pub equal: usize,
    /// Lines that only the dump has.
    pub missing: Vec<String>,
    /// Lines that only the machine has.
    pub extra: Vec<String>,
    /// Why the script could not be run to its end.
    pub stopped: Option<String>,
}

impl Compared {
    /// Whether nothing differs.
    pub fn is_equal(&self) -> bool {
        self.stopped.is_none() && self.missing.is_empty() && self.extra.is_empty()
    }
}

/// Runs a script and compares the maps of its first process with a dump, line for line. Inode numbers of memory that
/// the script makes itself (memfd, shared anonymous, System V) do not count.
pub fn compare_script(script: &str, dump: &Dump) -> Compared {
    let mut session = match Session::from_text(script) {
        Ok(session) => session,
        Err(errors) => return Compared { stopped: errors.first().map(ToString::to_string), ..Compared::default() },
    };
    let stopped = session.run_to_end().err().map(|error| error.to_string());
    let machine = session.machine();
    let first = machine.processes().map(|process| process.pid).min();
    let text = first.map(|pid| view::maps_text(machine, pid)).unwrap_or_default();
    let is = read(&text).dumps.first().map(lines_by_start).unwrap_or_default();
    let should = lines_by_start(dump);
    let missing: Vec<_> = should.iter().filter(|(start, line)| is.get(start) != Some(line)).map(|(_, line)| line.clone()).collect();
    let extra = is.iter().filter(|(start, line)| should.get(start) != Some(line)).map(|(_, line)| line.clone()).collect();
    Compared { lines: should.len(), equal: should.len() - missing.len(), missing, extra, stopped }
}
