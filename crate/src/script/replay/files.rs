//! Processes, descriptors and segments of a log: they are inputs. A log tells their numbers, and the
//! machine takes them over.

use super::layout::CLONE_VM;
use super::{Replay, returned};
use crate::fs::{Inode, InodeKind, OpenMode};
use crate::ids::Pid;
use crate::machine::{Arg, Sysno};
use crate::script::ast::{Call, Expr, Outcome, Statement};
use crate::script::evaluate::{self, Names};
use crate::script::run::{State, Yield};

/// A file whose size the log does not tell ends nowhere.
const UNKNOWN_SIZE: u64 = 1 << 40;
const IPC_RMID: u64 = 0;

impl Replay {
    pub(super) fn fork(&mut self, state: &mut State, pid: Pid, call: &Call, result: Option<u64>) -> Yield {
        let Some(child) = result.filter(|child| *child > 0) else { return Yield::Skipped("it failed".into()) };
        let flags = flags_of(call, &state.names);
        state.machine.set_next_pid(Pid(child as u32));
        let args = [shared_by(flags), 0, 0, 0, 0, 0].map(Arg::Int);
        let outcome = state.syscall(pid, Sysno::clone, &args);
        if let Yield::Value(made) = outcome {
            let made = Pid(made as u32);
            state.processes.insert(child.to_string(), made);
            self.inherit_space(state, pid, made);
        }
        outcome
    }

    /// Opens under the recorded number; a file nobody has heard of is made up.
    pub(super) fn open(&mut self, state: &mut State, pid: Pid, call: &Call, result: Option<u64>) -> Yield {
        let Some(fd) = result.filter(|fd| (*fd as i64) >= 0) else { return Yield::Skipped("it failed".into()) };
        let place = usize::from(call.name == "openat");
        let path = match call.arg("pathname", place) {
            Some(Expr::Text(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
            _ => format!("descriptor {fd}"),
        };
        let flags = call.arg("flags", place + 1).and_then(|expr| evaluate::number(expr, &state.names).ok()).unwrap_or(0);
        let fs = &mut state.machine.kernel.fs;
        let inode = fs.lookup(&path).unwrap_or_else(|| {
            let inode = Inode { size: UNKNOWN_SIZE, backing_end: UNKNOWN_SIZE, warm: true, ..Inode::new(InodeKind::Disk) };
            let id = fs.add_inode(inode);
            fs.link(&path, id);
            id
        });
        // 1 is write only, 2 is both.
        let mode = OpenMode { read: flags & 3 != 1, write: flags & 3 != 0 };
        let file = fs.open(inode, &path, mode);
        state.machine.install_at(pid, fd, file);
        Yield::Value(fd)
    }

    pub(super) fn memfd(&mut self, state: &mut State, pid: Pid, call: &Call, result: Option<u64>) -> Yield {
        let Some(fd) = result else { return Yield::Skipped("it failed".into()) };
        let Ok(args) = evaluate::arguments(call, &state.names) else { return Yield::Skipped("its arguments are cut off".into()) };
        let outcome = state.syscall(pid, Sysno::memfd_create, &args);
        if let Yield::Value(made) = outcome {
            state.machine.move_descriptor(pid, made, fd);
            return Yield::Value(fd);
        }
        outcome
    }

    pub(super) fn duplicate(&mut self, state: &mut State, pid: Pid, call: &Call, result: Option<u64>) -> Yield {
        let copies = match call.name.as_str() {
            "fcntl" => {
                let command = call.arg("cmd", 1).and_then(|expr| evaluate::number(expr, &state.names).ok());
                matches!(command, Some(0 | 1030))
            }
            _ => true,
        };
        let (Some(to), true) = (result, copies) else { return Yield::Skipped("not about memory".into()) };
        let from = call.arg("fd", 0).and_then(|expr| evaluate::number(expr, &state.names).ok()).unwrap_or(u64::MAX);
        let file = state.machine.descriptor(pid, from);
        let Some(file) = file else { return Yield::Skipped("the log does not show where it was opened".into()) };
        state.machine.kernel.fs.get_file(file);
        state.machine.install_at(pid, to, file);
        Yield::Value(to)
    }

    /// Does a call whose result does not count.
    pub(super) fn quietly(&mut self, state: &mut State, pid: Pid, call: &Call) -> Result<Yield, String> {
        // What other threads did meanwhile stands below in the log: each ends where the log says so.
        let name = if call.name == "exit_group" { "exit" } else { &call.name };
        let Some(number) = Sysno::from_name(name) else { return Ok(Yield::Skipped("not about memory".into())) };
        let Ok(args) = evaluate::arguments(call, &state.names) else { return Ok(Yield::Skipped("its arguments are cut off".into())) };
        Ok(match state.syscall(pid, number, &args) {
            Yield::Error(error) => Yield::Skipped(error.to_string()),
            done => done,
        })
    }

    /// A mapping of a descriptor that the log did not see opened: some file. Whether it is.
    pub(super) fn know_descriptor(&mut self, state: &mut State, pid: Pid, args: &[Arg; 6]) -> bool {
        let (flags, fd) = (args[3].int(), args[4].int());
        let known = state.machine.descriptor(pid, fd).is_some();
        let is_unseen = flags & 0x20 == 0 && !known && (fd as i32) >= 0;
        if is_unseen {
            let fs = &mut state.machine.kernel.fs;
            let size = UNKNOWN_SIZE;
            let inode = fs.add_inode(Inode { size, backing_end: size, warm: true, ..Inode::new(InodeKind::Disk) });
            let file = fs.open(inode, &format!("descriptor {fd}"), OpenMode { read: true, write: true });
            state.machine.install_at(pid, fd, file);
        }
        is_unseen || (flags & 0x20 == 0 && self.is_unseen_file(state, pid, fd))
    }

    /// Whether a descriptor stands for a file that was made up.
    fn is_unseen_file(&self, state: &State, pid: Pid, fd: u64) -> bool {
        let file = state.machine.descriptor(pid, fd);
        file.is_some_and(|file| state.machine.kernel.fs.file(file).path == format!("descriptor {fd}"))
    }

    /// Makes a segment; the log's number stands for it from now on.
    pub(super) fn shmget(&mut self, state: &mut State, pid: Pid, call: &Call, result: Option<u64>) -> Yield {
        let Some(recorded) = result else { return Yield::Skipped("it failed".into()) };
        let Ok(args) = evaluate::arguments(call, &state.names) else { return Yield::Skipped("its arguments are cut off".into()) };
        match state.syscall(pid, Sysno::shmget, &args) {
            Yield::Value(ours) => {
                self.segments.insert(recorded, ours);
                Yield::Value(recorded)
            }
            Yield::Error(error) => Yield::Skipped(error.to_string()),
            other => other,
        }
    }

    /// Removes a segment; what else `shmctl` tells is not about memory.
    pub(super) fn shmctl(&mut self, state: &mut State, pid: Pid, call: &Call, result: Option<u64>) -> Yield {
        let number = |place| call.args.get(place).and_then(|(_, expr)| evaluate::number(expr, &state.names).ok());
        let ours = number(0).and_then(|recorded| self.segments.get(&recorded).copied());
        match (ours, number(1), result) {
            (Some(ours), Some(IPC_RMID), Some(0)) => state.syscall(pid, Sysno::shmctl, &[ours, IPC_RMID, 0, 0, 0, 0].map(Arg::Int)),
            _ => Yield::Skipped("not about memory".into()),
        }
    }
}

/// What of recorded flags is shared, with what an excerpt leaves out: a call that succeeded cannot have asked for less.
fn shared_by(flags: u64) -> u64 {
    const CLONE_FILES: u64 = 0x400;
    const CLONE_SIGHAND: u64 = 0x800;
    const CLONE_THREAD: u64 = 0x1_0000;
    let of_thread = if flags & CLONE_THREAD != 0 { CLONE_SIGHAND | CLONE_VM } else { 0 };
    flags & (CLONE_VM | CLONE_FILES | CLONE_THREAD) | of_thread
}

/// The flags of `clone` or `clone3`, however the log writes them.
pub(super) fn flags_of(call: &Call, names: &Names) -> u64 {
    const CLONE_VFORK_VM: u64 = 0x4100;
    let expr = match call.name.as_str() {
        "fork" => return 0,
        "vfork" => return CLONE_VFORK_VM,
        "clone3" => match call.args.first() {
            Some((_, Expr::List(items))) => items.iter().find(|(name, _)| name.as_deref() == Some("flags")).map(|(_, value)| value),
            // Where the structure lies: glibc calls it for threads and for posix_spawn, which share the memory.
            _ => return CLONE_VM,
        },
        _ => call.arg("flags", 0),
    };
    expr.map_or(0, |expr| known_flags(expr, names))
}

/// The value of flags among which some may be unknown.
fn known_flags(expr: &Expr, names: &Names) -> u64 {
    match expr {
        Expr::Binary('|', left, right) => known_flags(left, names) | known_flags(right, names),
        other => evaluate::number(other, names).unwrap_or(0),
    }
}

/// Whether a recorded refusal of `mmap` may come from the file and how it was opened.
pub(super) fn is_refused_by_file(statement: &Statement) -> bool {
    matches!(&statement.outcome, Some(Outcome::Error(name)) if matches!(name.as_str(), "EACCES" | "ENODEV" | "EPERM" | "EBADF" | "ETXTBSY" | "ENXIO"))
}

/// A call about another process or an object that the log does not show: why it cannot be compared.
pub(super) fn not_in_the_log(number: Sysno, statement: &Statement, outcome: &Yield) -> Option<String> {
    use crate::errno::Errno;
    let Yield::Error(error) = outcome else { return None };
    returned(statement)?;
    match (number, error.errno) {
        (Sysno::process_madvise, Errno::EBADF) => Some("the log does not show the descriptor of the process".into()),
        (Sysno::process_vm_readv | Sysno::process_vm_writev, Errno::ESRCH) => Some("the log does not show the other process".into()),
        (Sysno::shmdt, Errno::EINVAL) => Some("the log does not show the segment being attached".into()),
        _ => None,
    }
}
