//! What `/proc/PID` says of a task, and takes for it: `stat`, `cmdline`, `environ`, `comm`, `oom_score_adj`
//! (Linux `fs/proc/array.c`, `fs/proc/base.c`).

use super::process::Ended;
use super::{Arg, Machine, Process};
use crate::addr::{PAGE_SIZE, VirtAddr};
use crate::errno::{Errno, SysResult};
use crate::fs::ProcEntry;
use crate::ids::{MmId, Pid};
use crate::mm::{Capabilities, OOM_SCORE_ADJ_MIN, Resource, Task, Transfer};
use crate::proc;
use crate::signal::SigNo;
use crate::why::Why;

/// A number written to a file of `/proc` has at most so many characters.
const MOST_DIGITS: u64 = 12;
/// A name has at most so many bytes.
pub(super) const COMM_LEN: u64 = 15;
/// Numbers of a line of `stat`.
const STAT_NUMBERS: usize = 52;

impl Machine {
    /// The task of a process, or what a zombie has kept of it.
    pub(super) fn task_of<'a>(&'a self, process: &'a Process) -> &'a Task {
        process.remains.as_deref().unwrap_or_else(|| &self.kernel.tasks[process.task])
    }

    /// The line of `/proc/PID/stat`. What it says of memory, faults and the end is exact; of states a process knows that it
    /// runs, and others that they sleep; times, addresses of code and what belongs to sessions, signals and scheduling are 0,
    /// or what a process of normal priority without a terminal has. Who may not trace it sees no addresses.
    pub(super) fn stat_text(&self, process: &Process) -> String {
        let (task, alive) = (self.task_of(process), process.is_alive());
        let mine = self.kernel.task();
        let permitted = mine.uid == task.uid || mine.capable(Capabilities::SYS_PTRACE);
        let mut numbers = [0; STAT_NUMBERS + 1];
        numbers[4] = process.parent.map_or(0, |parent| parent.0.into());
        let [threads, minor, major] = match alive {
            true => {
                let group = self.kernel.tasks.iter().filter(|(_, other)| other.tgid == task.tgid);
                group.fold([0; 3], |[threads, minor, major], (_, other)| [threads + 1, minor + other.min_flt, major + other.maj_flt])
            }
            false => [1, task.min_flt, task.maj_flt],
        };
        (numbers[10], numbers[12], numbers[20]) = (minor, major, threads);
        (numbers[11], numbers[13]) = process.child_faults;
        // Normal priority, SIGCHLD at the end.
        (numbers[18], numbers[38]) = (20, 17);
        numbers[25] = task.limit(Resource::Rss);
        if alive {
            let mm = &self.kernel.mms[task.mm];
            (numbers[23], numbers[24]) = (mm.total_vm * PAGE_SIZE, mm.rss_told_total());
            (numbers[26], numbers[27]) = (1, 1);
            if permitted {
                (numbers[26], numbers[27]) = mm.code;
                numbers[28] = mm.start_stack.0;
                let (start, end) = mm.told.args;
                numbers[45..52].copy_from_slice(&[mm.data.0, mm.data.1, mm.start_brk.0, start, end, end, end]);
            }
        }
        if permitted {
            numbers[52] = process.ended.map_or(0, wait_status);
        }
        let state = match alive {
            false => 'Z',
            true if self.running() == Some(process.pid) => 'R',
            true => 'S',
        };
        let mut text = format!("{} ({}) {state}", process.pid.0, process.name);
        for (at, number) in numbers.iter().enumerate().skip(4) {
            text.push(' ');
            // No terminal.
            text.push_str(&if at == 8 { "-1".into() } else { number.to_string() });
        }
        text.push('\n');
        text
    }

    /// Bytes of private memory, as many as can be read (`FOLL_ANON`).
    fn anonymous_bytes(&mut self, mm: MmId, from: u64, len: u64) -> Vec<u8> {
        let space = &self.kernel.mms[mm].vmas;
        if len == 0 || !space.lookup(VirtAddr(from)).is_some_and(|vma| space.get(vma).is_anonymous()) {
            return Vec::new();
        }
        let mut bytes = vec![0; len as usize];
        let got = self.kernel.access_remote_vm(mm, VirtAddr(from), Transfer::Read(&mut bytes));
        bytes.truncate(got);
        bytes
    }

    /// The arguments, as they are now. If their last byte is no NUL, the program has put a title there, which ends with
    /// the first NUL, or with them: there is no environment behind (Linux `get_mm_cmdline`, `get_mm_proctitle`).
    pub(super) fn cmdline(&mut self, mm: MmId) -> Vec<u8> {
        let (start, end) = self.kernel.mms[mm].told.args;
        let mut bytes = self.anonymous_bytes(mm, start, end - start);
        let title = bytes.last().is_some_and(|last| *last != 0);
        if let Some(end) = bytes.iter().position(|byte| *byte == 0).filter(|_| title) {
            bytes.truncate(end + 1);
        }
        bytes
    }

    /// A number that is written to a file, with blanks around it (Linux `kstrtoint`). How many bytes of what is written
    /// count, and the number.
    pub(super) fn written_number(&mut self, buffer: &Arg, count: u64, any_base: bool) -> SysResult<(u64, i32)> {
        let count = count.min(MOST_DIGITS);
        let bytes = self.bytes_to_write(buffer, 0, count)?;
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        let text = String::from_utf8_lossy(&bytes[..end]);
        let number = proc::kstrtoll(text.trim(), any_base).and_then(|number| i32::try_from(number).map_err(|_| Errno::ERANGE));
        match number {
            Ok(number) => Ok((count, number)),
            Err(errno) => self.kernel.refuse(errno, Why::BadArgument { index: 1, value: 0 }),
        }
    }

    /// `oom_score_adj`: −1000 to 1000; below what was set with CAP_SYS_RESOURCE only who has that may go. Who shares the
    /// memory gets the same (Linux `__set_oom_adj`).
    pub(super) fn write_oom_score_adj(&mut self, entry: ProcEntry, buffer: &Arg, count: u64) -> SysResult {
        let (count, number) = self.written_number(buffer, count, true)?;
        let adj = number as i16;
        let good = (OOM_SCORE_ADJ_MIN.into()..=-i32::from(OOM_SCORE_ADJ_MIN)).contains(&number);
        self.kernel.require(good, Errno::EINVAL, || Why::BadArgument { index: 1, value: number as u64 })?;
        self.require_process(entry.pid)?;
        let may = self.kernel.task().capable(Capabilities::SYS_RESOURCE);
        let set = |task: &mut Task| {
            task.oom_score_adj = adj;
            if may {
                task.oom_score_adj_min = adj;
            }
        };
        let process = &self.processes[&entry.pid];
        let lowers = adj < self.task_of(process).oom_score_adj_min;
        self.kernel.require(may || !lowers, Errno::EACCES, || Why::NeedsCapability { capability: "CAP_SYS_RESOURCE" })?;
        match self.memory_of(entry.pid) {
            Some(mm) => self.kernel.tasks.iter_mut().filter(|(_, task)| task.mm == mm).for_each(|(_, task)| set(task)),
            None => {
                let process = self.processes.get_mut(&entry.pid);
                process.and_then(|process| process.remains.as_deref_mut()).into_iter().for_each(set);
            }
        }
        Ok(count)
    }

    /// `comm`: a process may name itself and its threads (Linux `comm_write`).
    pub(super) fn write_comm(&mut self, pid: Pid, buffer: &Arg, count: u64) -> SysResult {
        let bytes = self.bytes_to_write(buffer, 0, count.min(COMM_LEN))?;
        self.require_process(pid)?;
        let same = self.task_of(&self.processes[&pid]).tgid == self.kernel.task().tgid;
        self.kernel.require(same, Errno::EINVAL, || Why::NotOwner)?;
        self.set_comm(pid, &bytes);
        Ok(count)
    }

    /// Names a process: up to the first NUL.
    pub(super) fn set_comm(&mut self, pid: Pid, bytes: &[u8]) {
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len()).min(COMM_LEN as usize);
        self.processes.entry(pid).and_modify(|process| process.name = String::from_utf8_lossy(&bytes[..end]).into_owned());
    }

    /// A setting is written: a number at the file's start; elsewhere nothing is taken.
    pub(super) fn write_sysctl(&mut self, index: u8, buffer: &Arg, count: u64, offset: u64) -> SysResult {
        let file = proc::sysctl_file(index);
        let may = file.name != "mmap_min_addr" || self.kernel.task().capable(Capabilities::SYS_RAWIO);
        self.kernel.require(may, Errno::EPERM, || Why::NeedsCapability { capability: "CAP_SYS_RAWIO" })?;
        if offset > 0 || count == 0 {
            return Ok(0);
        }
        let bytes = self.bytes_to_write(buffer, 0, count.min(PAGE_SIZE - 1))?;
        match file.write(&mut self.kernel.sysctl, &bytes) {
            Ok(taken) => Ok(taken as u64),
            Err(errno) => self.kernel.refuse(errno, Why::BadArgument { index: 1, value: 0 }),
        }
    }
}

/// What `wait4` would tell of an end.
fn wait_status(ended: Ended) -> u64 {
    match ended {
        Ended::Exit(status) => (status as u8 as u64) << 8,
        Ended::Signal(name) => [SigNo::Segv, SigNo::Bus].into_iter().find(|signal| signal.name() == name).unwrap_or(SigNo::Kill) as u64,
    }
}
