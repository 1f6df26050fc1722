//! A process, or a thread of one: its numbers, its task, its descriptors, its end.

use crate::ids::{FilesId, Pid, TaskId};
use crate::mm::Task;

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

/// A process, or a thread of one.
#[derive(Clone, Debug)]
pub struct Process {
    /// Its number.
    pub pid: Pid,
    /// The number of its first thread, which is the process's.
    pub tgid: Pid,
    /// The process that waits for it to end: who made it, but for threads.
    pub parent: Option<Pid>,
    /// Its task; meaningless once it has ended.
    pub task: TaskId,
    /// Its descriptors; meaningless once it has ended.
    pub(super) files: FilesId,
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

    /// Whether it is a thread of a process that another one began with.
    pub fn is_thread(&self) -> bool {
        self.pid != self.tgid
    }

    /// Who made it: of a thread, its process.
    pub fn maker(&self) -> Option<Pid> {
        if self.is_thread() { Some(self.tgid) } else { self.parent }
    }
}
