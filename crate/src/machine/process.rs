//! A process: its number, its task, its descriptors, its end.

use crate::ids::{FileId, Pid, TaskId};
use crate::mm::Task;
use crate::sorted::SortedSet;

/// How a process ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// By `exit`, with a status.
    Exit(i32),
    /// By a signal.
    Signal(&'static str),
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exit(status) => write!(f, "exited with {status}"),
            Self::Signal(name) => write!(f, "killed by {name}"),
        }
    }
}

/// A process.
#[derive(Clone, Debug)]
pub struct Process {
    /// Its number.
    pub pid: Pid,
    /// Who made it.
    pub parent: Option<Pid>,
    /// Its task; meaningless once it has ended.
    pub task: TaskId,
    /// Open files by descriptor.
    pub(super) descriptors: Vec<Option<FileId>>,
    /// Descriptors that a new program does not get (`O_CLOEXEC`).
    pub(super) close_on_exec: SortedSet<usize>,
    /// How it ended; `None` while it lives.
    pub ended: Option<Ended>,
    /// What `comm` says.
    pub name: String,
    /// Minor and major faults of the children that were waited for, and of theirs.
    pub(super) child_faults: (u64, u64),
    /// What a zombie has of its task.
    pub(super) remains: Option<Box<Task>>,
}

impl Process {
    /// Whether it has not ended.
    pub fn is_alive(&self) -> bool {
        self.ended.is_none()
    }

    /// The file of a descriptor.
    #[inline]
    pub fn descriptor(&self, fd: u64) -> Option<FileId> {
        // Descriptors are ints: the upper half of the register does not count.
        let fd = fd as u32 as i32;
        self.descriptors.get(usize::try_from(fd).ok()?).copied().flatten()
    }

    /// All open descriptors.
    pub fn open_descriptors(&self) -> impl Iterator<Item = (usize, FileId)> {
        self.descriptors.iter().enumerate().filter_map(|(fd, file)| Some((fd, (*file)?)))
    }

    /// The lowest descriptor at or above `from` that is free.
    pub(super) fn free_descriptor(&self, from: usize) -> usize {
        (from..).find(|fd| self.descriptors.get(*fd).is_none_or(Option::is_none)).expect("there is always a next number")
    }

    /// Puts a file at a descriptor; the file that was there.
    pub(super) fn install(&mut self, fd: usize, file: FileId) -> Option<FileId> {
        self.close_on_exec.remove(&fd);
        if self.descriptors.len() <= fd {
            self.descriptors.resize(fd + 1, None);
        }
        self.descriptors[fd].replace(file)
    }
}
