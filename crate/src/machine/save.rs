//! The machine at a moment, and back.

use super::Machine;
use super::descriptors::Files;
use super::process::Process;
use crate::blocks::Seen;
use crate::ids::{FilesId, Pid, Slab};
use crate::mm::KernelSave;
use crate::sorted::SortedMap;

/// A machine at a moment. It shares what did not change with the save before it, and belongs to the machine it was made of.
#[derive(Clone, Debug)]
pub struct MachineSave {
    kernel: KernelSave,
    processes: SortedMap<Pid, Process>,
    files: Slab<FilesId, Files>,
    running: Option<Pid>,
    next_pid: u32,
    operations: u64,
    output: Vec<u8>,
}

impl MachineSave {
    /// Bytes of what was not counted yet.
    pub(crate) fn bytes(&self, seen: &mut Seen) -> usize {
        let descriptors = self.files.iter().map(|(_, files)| files.bytes()).sum::<usize>();
        self.kernel.bytes(seen) + self.processes.values().count() * 200 + descriptors + self.output.len()
    }
}

impl Machine {
    /// Saves everything, the TLB too, but for what is being recorded.
    pub fn save(&mut self, before: Option<&MachineSave>) -> MachineSave {
        let kernel = self.kernel.save(before.map(|before| &before.kernel));
        let Self { kernel: _, processes, files, running, next_pid, operations, output } = self;
        let (processes, files, output) = (processes.clone(), files.clone(), output.clone());
        MachineSave { kernel, processes, files, running: *running, next_pid: *next_pid, operations: *operations, output }
    }

    /// Goes back, or on, to a save of this machine: as if it had run there.
    pub fn restore(&mut self, save: &MachineSave) {
        self.kernel.restore(&save.kernel);
        self.processes.clone_from(&save.processes);
        self.files.clone_from(&save.files);
        self.output.clone_from(&save.output);
        (self.running, self.next_pid, self.operations) = (save.running, save.next_pid, save.operations);
    }
}
