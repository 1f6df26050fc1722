//! Replaying the log of a real program. What is about memory is done and compared; descriptors, process
//! ids and the results of other calls are inputs, since a log holds only a part of what the program did.

use super::ast::{Call, Expr, Outcome, Statement};
use super::evaluate;
use super::header::process_from_inputs;
use super::run::{Comparison, State, Yield, show, show_outcome};
use crate::fs::{Inode, InodeKind, OpenMode};
use crate::ids::Pid;
use crate::machine::{Arg, ProcessConfig, Sysno};

/// Which pages a log's program is taken to have written. A log does not say, and some merges depend
/// on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WrittenPolicy {
    /// None but those that the log itself touches.
    None,
    /// Writable private memory counts as written as soon as it is mapped.
    Writable,
}

/// A file whose size the log does not tell ends nowhere.
const UNKNOWN_SIZE: u64 = 1 << 40;

/// Addresses of the log and ours, when the log comes without first maps: what was mapped where.
#[derive(Clone, Debug, Default)]
struct Translation {
    /// Recorded start, recorded end, our start.
    regions: Vec<(u64, u64, u64)>,
    /// Our address less the recorded one, of the last mapping the kernel placed.
    delta: Option<u64>,
}

impl Translation {
    fn ours(&self, recorded: u64) -> Option<u64> {
        let region = self.regions.iter().rev().find(|(start, end, _)| (*start..=*end).contains(&recorded));
        region.map(|(start, _, ours)| ours.wrapping_add(recorded - start))
    }
}

/// The state of a replay.
#[derive(Clone, Debug)]
pub(super) struct Replay {
    pub(super) base: ProcessConfig,
    written: WrittenPolicy,
    /// Present when the log has no first maps.
    translation: Option<Translation>,
}

impl Replay {
    pub(super) fn new(base: ProcessConfig, written: WrittenPolicy, has_maps: bool) -> Self {
        Self { base, written, translation: (!has_maps).then(Translation::default) }
    }

    /// Does what a statement of the log did.
    pub(super) fn run(&mut self, state: &mut State, pid: Pid, statement: &Statement) -> Result<Yield, String> {
        let call = &statement.call;
        let result = match &statement.outcome {
            Some(Outcome::Value(expr)) => evaluate::number(expr, &state.names).ok(),
            _ => None,
        };
        if state.machine.mm_of(pid).is_none() {
            return Ok(Yield::Skipped("the process has ended".into()));
        }
        match call.name.as_str() {
            "execve" | "execveat" => self.execve(state, pid, statement, result),
            "fork" | "vfork" | "clone" | "clone3" => Ok(self.fork(state, pid, call, result)),
            "open" | "openat" | "creat" => Ok(self.open(state, pid, call, result)),
            "memfd_create" => Ok(self.memfd(state, pid, call, result)),
            "dup" | "dup2" | "dup3" | "fcntl" => Ok(self.duplicate(state, pid, call, result)),
            "close" | "ftruncate" | "unlink" | "exit" | "exit_group" | "fallocate" | "personality" => self.quietly(state, pid, call),
            "setrlimit" | "prlimit64" if result == Some(0) => self.quietly(state, pid, call),
            "load" | "store" | "execute" | "touch_read" | "touch_write" => state.call(pid, call),
            name => match Sysno::from_name(name).filter(|number| number.is_about_memory()) {
                Some(number) => self.memory_call(state, pid, number, call, result),
                None => Ok(Yield::Skipped("not about memory".into())),
            },
        }
    }

    /// A new program: the maps that come with the statement, or a standard layout.
    fn execve(&mut self, state: &mut State, pid: Pid, statement: &Statement, result: Option<u64>) -> Result<Yield, String> {
        if result != Some(0) {
            return Ok(Yield::Skipped("it failed".into()));
        }
        // The first program of a log with first maps is the one the machine was started with.
        if statement.inputs.is_empty() && self.translation.is_none() {
            return Ok(Yield::Skipped("the program that the first maps show".into()));
        }
        let config = process_from_inputs(&self.base, &statement.inputs);
        if let Some(translation) = &mut self.translation {
            *translation = Translation::default();
        }
        state.machine.replace_program(pid, &config).map_err(|error| error.to_string())?;
        Ok(Yield::Value(0))
    }

    fn fork(&mut self, state: &mut State, pid: Pid, call: &Call, result: Option<u64>) -> Yield {
        let Some(child) = result.filter(|child| *child > 0) else { return Yield::Skipped("it failed".into()) };
        let flags = flags_of(call, state);
        state.machine.set_next_pid(Pid(child as u32));
        let args = [flags, 0, 0, 0, 0, 0].map(Arg::Int);
        let outcome = state.syscall(pid, Sysno::clone, &args);
        if let Yield::Value(made) = outcome {
            state.processes.insert(child.to_string(), Pid(made as u32));
        }
        outcome
    }

    /// Opens under the recorded number; a file nobody has heard of is made up.
    fn open(&mut self, state: &mut State, pid: Pid, call: &Call, result: Option<u64>) -> Yield {
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

    fn memfd(&mut self, state: &mut State, pid: Pid, call: &Call, result: Option<u64>) -> Yield {
        let Some(fd) = result else { return Yield::Skipped("it failed".into()) };
        let Ok(args) = evaluate::arguments(call, &state.names) else { return Yield::Skipped("its arguments are cut off".into()) };
        let outcome = state.syscall(pid, Sysno::memfd_create, &args);
        if let Yield::Value(made) = outcome {
            state.machine.move_descriptor(pid, made, fd);
            return Yield::Value(fd);
        }
        outcome
    }

    fn duplicate(&mut self, state: &mut State, pid: Pid, call: &Call, result: Option<u64>) -> Yield {
        let copies = match call.name.as_str() {
            "fcntl" => {
                let command = call.arg("cmd", 1).and_then(|expr| evaluate::number(expr, &state.names).ok());
                matches!(command, Some(0 | 1030))
            }
            _ => true,
        };
        let (Some(to), true) = (result, copies) else { return Yield::Skipped("not about memory".into()) };
        let from = call.arg("fd", 0).and_then(|expr| evaluate::number(expr, &state.names).ok()).unwrap_or(u64::MAX);
        let file = state.machine.process(pid).and_then(|process| process.descriptor(from));
        let Some(file) = file else { return Yield::Skipped("the log does not show where it was opened".into()) };
        state.machine.kernel.fs.get_file(file);
        state.machine.install_at(pid, to, file);
        Yield::Value(to)
    }

    /// Does a call whose result does not count.
    fn quietly(&mut self, state: &mut State, pid: Pid, call: &Call) -> Result<Yield, String> {
        let Some(number) = Sysno::from_name(&call.name) else { return Ok(Yield::Skipped("not about memory".into())) };
        let Ok(args) = evaluate::arguments(call, &state.names) else { return Ok(Yield::Skipped("its arguments are cut off".into())) };
        Ok(match state.syscall(pid, number, &args) {
            Yield::Error(error) => Yield::Skipped(error.to_string()),
            done => done,
        })
    }

    fn memory_call(&mut self, state: &mut State, pid: Pid, number: Sysno, call: &Call, result: Option<u64>) -> Result<Yield, String> {
        let mut args = evaluate::arguments(call, &state.names)?;
        if !self.translate(number, &mut args) {
            return Ok(Yield::Skipped("outside what the log shows: it came without its first maps".into()));
        }
        if number == Sysno::mmap {
            self.know_descriptor(state, pid, &args);
        }
        if number == Sysno::mincore {
            args[2] = Arg::Scratch;
        }
        let outcome = state.syscall(pid, number, &args);
        self.learn(number, &args, result, &outcome);
        if self.written == WrittenPolicy::Writable && matches!(number, Sysno::mmap | Sysno::mprotect | Sysno::brk) {
            state.machine.count_as_written(pid);
        }
        Ok(outcome)
    }

    /// A mapping of a descriptor that the log did not see opened: some file.
    fn know_descriptor(&mut self, state: &mut State, pid: Pid, args: &[Arg; 6]) {
        let (flags, fd) = (args[3].int(), args[4].int());
        let known = state.machine.process(pid).and_then(|process| process.descriptor(fd)).is_some();
        if flags & 0x20 == 0 && !known && (fd as i32) >= 0 {
            let fs = &mut state.machine.kernel.fs;
            let size = UNKNOWN_SIZE;
            let inode = fs.add_inode(Inode { size, backing_end: size, warm: true, ..Inode::new(InodeKind::Disk) });
            let file = fs.open(inode, &format!("descriptor {fd}"), OpenMode { read: true, write: true });
            state.machine.install_at(pid, fd, file);
        }
    }

    /// Turns recorded addresses into ours; `false` if one cannot be.
    fn translate(&self, number: Sysno, args: &mut [Arg; 6]) -> bool {
        let Some(translation) = &self.translation else { return true };
        let places: &[usize] = match number {
            Sysno::mlockall | Sysno::munlockall | Sysno::pkey_alloc | Sysno::pkey_free => &[],
            Sysno::mremap => &[0, 4],
            _ => &[0],
        };
        for place in places {
            let recorded = args[*place].int();
            if recorded == 0 {
                continue;
            }
            let Some(ours) = translation.ours(recorded) else { return false };
            args[*place] = Arg::Int(ours);
        }
        true
    }

    /// Remembers where a recorded mapping lies here.
    fn learn(&mut self, number: Sysno, args: &[Arg; 6], result: Option<u64>, outcome: &Yield) {
        let (Some(translation), Some(recorded), Yield::Value(ours)) = (&mut self.translation, result, outcome) else { return };
        match number {
            Sysno::mmap => {
                let len = crate::addr::page_align(args[1].int());
                translation.regions.push((recorded, recorded + len, *ours));
            }
            Sysno::mremap => {
                let len = crate::addr::page_align(args[2].int());
                translation.regions.push((recorded, recorded + len, *ours));
            }
            // The heap may grow by so much without meeting anything.
            Sysno::brk if !translation.regions.iter().any(|(start, end, _)| (*start..=*end).contains(&recorded)) => {
                translation.regions.push((recorded, recorded + (1 << 32), *ours));
            }
            _ => {}
        }
    }

    /// Compares the result of a memory call with the recorded one.
    pub(super) fn compare(&mut self, statement: &Statement, expected: &Outcome, outcome: &Yield) -> Vec<Comparison> {
        let number = Sysno::from_name(&statement.call.name).filter(|number| number.is_about_memory());
        let (Some(number), false) = (number, matches!(outcome, Yield::Skipped(_))) else { return Vec::new() };
        let equal = match (expected, outcome) {
            (Outcome::Unknown, _) => true,
            (Outcome::Error(name), Yield::Error(error)) => error.errno.name() == name,
            (Outcome::Value(Expr::Int(recorded)), Yield::Value(ours)) => self.same_value(number, *recorded, *ours),
            (Outcome::Value(_), Yield::Value(_)) => true,
            _ => false,
        };
        if equal {
            return Vec::new();
        }
        vec![Comparison {
            field: "result",
            expected: show_outcome(expected),
            found: show(outcome),
            excuse: match (&self.translation, number) {
                (Some(_), Sysno::mmap | Sysno::mremap) => "the log came without its first maps: what lay around is not known".into(),
                _ => String::new(),
            },
        }]
    }

    /// Equal, or at the same distance as the mapping placed before.
    fn same_value(&mut self, number: Sysno, recorded: u64, ours: u64) -> bool {
        let Some(translation) = &mut self.translation else { return recorded == ours };
        match number {
            Sysno::mmap | Sysno::mremap if ours == recorded => true,
            Sysno::mmap | Sysno::mremap => {
                let delta = ours.wrapping_sub(recorded);
                let before = translation.delta.replace(delta);
                before.is_none_or(|before| before == delta)
            }
            Sysno::brk => translation.ours(recorded) == Some(ours),
            _ => recorded == ours,
        }
    }
}

/// The flags of `clone` or `clone3`, however the log writes them.
fn flags_of(call: &Call, state: &State) -> u64 {
    const CLONE_VFORK_VM: u64 = 0x4100;
    let expr = match call.name.as_str() {
        "fork" => return 0,
        "vfork" => return CLONE_VFORK_VM,
        "clone3" => match call.args.first() {
            Some((_, Expr::List(items))) => items.iter().find(|(name, _)| name.as_deref() == Some("flags")).map(|(_, value)| value),
            Some((_, other)) => Some(other),
            None => None,
        },
        _ => call.arg("flags", 0),
    };
    expr.map_or(0, |expr| known_flags(expr, state))
}

/// The value of flags among which some may be unknown.
fn known_flags(expr: &Expr, state: &State) -> u64 {
    match expr {
        Expr::Binary('|', left, right) => known_flags(left, state) | known_flags(right, state),
        other => evaluate::number(other, &state.names).unwrap_or(0),
    }
}
