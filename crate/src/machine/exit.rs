//! Calls that end processes and threads, and wait for their end (Linux `kernel/exit.c`).

use super::process::Ended;
use super::{Arg, Machine, Process};
use crate::addr::VirtAddr;
use crate::errno::{Errno, SysResult};
use crate::ids::Pid;
use crate::why::Why;

impl Machine {
    /// Ends the thread that calls it: the process lives on with the others.
    pub(super) fn sys_exit(&mut self, [status, ..]: &[Arg; 6]) -> SysResult {
        let pid = self.caller().pid;
        self.end_thread(pid, Ended::Exit(status.int() as i32));
        Ok(0)
    }

    pub(super) fn sys_exit_group(&mut self, [status, ..]: &[Arg; 6]) -> SysResult {
        let pid = self.caller().pid;
        self.end_group(pid, Ended::Exit(status.int() as i32));
        Ok(0)
    }

    /// The threads of a process that live, by any of its numbers.
    fn threads(&self, pid: Pid) -> Vec<Pid> {
        let tgid = self.processes.get(&pid).map(|process| process.tgid);
        let alive = self.processes.values().filter(|process| process.is_alive() && Some(process.tgid) == tgid);
        alive.map(|process| process.pid).collect()
    }

    /// Ends a process with all its threads (Linux `do_group_exit`).
    pub(super) fn end_group(&mut self, pid: Pid, how: Ended) {
        for thread in self.threads(pid) {
            self.end_thread(thread, how);
        }
    }

    /// Ends the other threads of a process: a new program begins with one (Linux `de_thread`).
    pub(super) fn end_other_threads(&mut self, pid: Pid) {
        for thread in self.threads(pid).into_iter().filter(|thread| *thread != pid) {
            self.end_thread(thread, Ended::Exit(0));
        }
    }

    /// Ends a thread: with the last user of its descriptors they close, with the last one of its memory that goes
    /// (Linux `do_exit`).
    pub(super) fn end_thread(&mut self, pid: Pid, how: Ended) {
        self.tell_end(pid);
        let process = self.processes.get_mut(&pid).expect("only a process can end");
        process.ended = Some(how);
        let process = process.clone();
        self.put_files(&process);
        let mm = self.kernel.tasks[process.task].mm;
        // It lets go of its memory itself, whoever ends it.
        let other = std::mem::replace(&mut self.kernel.current, process.task);
        self.kernel.mmput(mm);
        self.kernel.current = other;
        let remains = self.kernel.tasks.remove(process.task).map(Box::new);
        self.processes.entry(pid).and_modify(|process| process.remains = remains);
        if self.running == Some(pid) {
            self.running = None;
            self.kernel.cpu.load_cr3(None, &mut self.kernel.trace);
        }
    }

    /// Writes the zero that `CLONE_CHILD_CLEARTID` asked for, if others still use the memory (Linux `mm_release`).
    fn tell_end(&mut self, pid: Pid) {
        let task = &self.kernel.tasks[self.processes[&pid].task];
        let (at, mm) = (task.clear_child_tid, task.mm);
        if at == 0 || self.kernel.mms[mm].users < 2 || task.oom_killed {
            return;
        }
        let other = self.running;
        if self.switch_to(pid).is_ok() {
            self.copy_to_user(VirtAddr(at), &0u32.to_le_bytes());
        }
        if let Some(other) = other {
            let _ = self.switch_to(other);
        }
    }

    /// Takes an ended child out of the books, with its threads. A process has ended when its last thread has.
    pub(super) fn sys_wait4(&mut self, [wanted, ..]: &[Arg; 6]) -> SysResult {
        let (me, wanted) = (self.caller().tgid, wanted.int() as i32);
        let is_child =
            |process: &&Process| !process.is_thread() && process.parent == Some(me) && (wanted == -1 || wanted == process.pid.0 as i32);
        let mut children = self.processes.values().filter(is_child).map(|process| process.pid).peekable();
        if children.peek().is_none() {
            return self.kernel.refuse(Errno::ECHILD, Why::NoChild);
        }
        match children.find(|child| self.threads(*child).is_empty()) {
            Some(child) => {
                self.reap(child, me);
                Ok(child.0.into())
            }
            // Nothing here waits: the caller would have to be suspended.
            None => Ok(0),
        }
    }

    /// What an ended process and its threads took counts for who waited.
    fn reap(&mut self, child: Pid, me: Pid) {
        let gone: Vec<_> = self.processes.values().filter(|process| process.tgid == child).map(|process| process.pid).collect();
        for pid in gone {
            let Some(process) = self.processes.remove(&pid) else { continue };
            let (minor, major) = process.child_faults;
            let own = process.remains.map_or((0, 0), |task| (task.min_flt, task.maj_flt));
            self.processes.entry(me).and_modify(|me| {
                me.child_faults.0 += minor + own.0;
                me.child_faults.1 += major + own.1;
            });
        }
    }
}
