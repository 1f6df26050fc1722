//! Calls that make processes and threads (Linux `kernel/fork.c`).

use super::{Arg, Machine, Process};
use crate::errno::{Errno, SysResult};
use crate::ids::Pid;
use crate::mm::Capabilities;
use crate::why::Why;
use bitflags::bitflags;

bitflags! {
    /// What a new task shares with who makes it, and what it gets (`CLONE_*`).
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub(crate) struct Clone: u64 {
        const VM = 0x100;
        const FS = 0x200;
        const FILES = 0x400;
        const SIGHAND = 0x800;
        const PIDFD = 0x1000;
        const PARENT = 0x8000;
        const THREAD = 0x1_0000;
        const NEWNS = 0x2_0000;
        const SYSVSEM = 0x4_0000;
        const PARENT_SETTID = 0x10_0000;
        const CHILD_CLEARTID = 0x20_0000;
        const DETACHED = 0x40_0000;
        const CHILD_SETTID = 0x100_0000;
        const NEWCGROUP = 0x200_0000;
        const NEWUTS = 0x400_0000;
        const NEWIPC = 0x800_0000;
        const NEWUSER = 0x1000_0000;
        const NEWPID = 0x2000_0000;
        const NEWNET = 0x4000_0000;
    }
}

/// What cannot be asked for at the same time: all of the first, with any of the second, in words.
const APART: [(Clone, Clone, &str); 5] = [
    (Clone::FS, Clone::NEWNS.union(Clone::NEWUSER), "CLONE_FS with a mount or user namespace of one's own"),
    (Clone::THREAD, Clone::NEWUSER.union(Clone::NEWPID), "CLONE_THREAD with a user or process namespace of one's own"),
    (Clone::PIDFD, Clone::DETACHED, "CLONE_PIDFD with CLONE_DETACHED"),
    (Clone::PIDFD, Clone::PARENT_SETTID, "CLONE_PIDFD with CLONE_PARENT_SETTID: both are told at one place"),
    (Clone::NEWIPC, Clone::SYSVSEM, "CLONE_SYSVSEM with segments of one's own"),
];

/// What needs another flag, in words.
const NEEDS: [(Clone, Clone, &str); 2] =
    [(Clone::THREAD, Clone::SIGHAND, "CLONE_THREAD without CLONE_SIGHAND"), (Clone::SIGHAND, Clone::VM, "CLONE_SIGHAND without CLONE_VM")];

/// Namespaces that only an administrator makes.
const PRIVILEGED: Clone =
    Clone::NEWNS.union(Clone::NEWCGROUP).union(Clone::NEWUTS).union(Clone::NEWIPC).union(Clone::NEWPID).union(Clone::NEWNET);

impl Machine {
    pub(super) fn sys_getpid(&mut self, _: &[Arg; 6]) -> SysResult {
        Ok(self.caller().tgid.0.into())
    }

    pub(super) fn sys_fork(&mut self, _: &[Arg; 6]) -> SysResult {
        self.copy_process(Clone::empty())
    }

    pub(super) fn sys_vfork(&mut self, _: &[Arg; 6]) -> SysResult {
        self.copy_process(Clone::VM)
    }

    /// `clone(flags, stack, parent_tid, child_tid, tls)`, in the order of x86-64. Namespaces are not modelled: who asks for one
    /// of its own, and may, shares those of everybody.
    pub(super) fn sys_clone(&mut self, [flags, _, parent_tid, child_tid, ..]: &[Arg; 6]) -> SysResult {
        let flags = Clone::from_bits_truncate(flags.int());
        self.check_clone_flags(flags)?;
        let pidfd = if flags.contains(Clone::PIDFD) { Some(self.announce_pidfd(parent_tid)?) } else { None };
        let made = self.copy_process(flags);
        if let (Err(_), Some(fd)) = (&made, pidfd) {
            self.close_descriptor(fd);
        }
        let pid = Pid(made? as u32);
        let number = pid.0.to_le_bytes();
        // Where it cannot be written, nobody hears of it.
        if flags.contains(Clone::PARENT_SETTID) {
            let _ = self.structure_to_user(parent_tid, 0, &number);
        }
        if flags.contains(Clone::CHILD_CLEARTID) {
            let task = self.processes[&pid].task;
            self.kernel.tasks[task].clear_child_tid = child_tid.int();
        }
        if flags.contains(Clone::CHILD_SETTID) {
            let me = self.caller().pid;
            self.switch_to(pid)?;
            let _ = self.structure_to_user(child_tid, 0, &number);
            self.switch_to(me)?;
        }
        Ok(pid.0.into())
    }

    /// Linux `copy_process`, its beginning.
    fn check_clone_flags(&mut self, flags: Clone) -> SysResult<()> {
        let apart = APART.iter().find(|(one, other, _)| flags.contains(*one) && flags.intersects(*other));
        let alone = NEEDS.iter().find(|(one, needed, _)| flags.contains(*one) && !flags.contains(*needed));
        if let Some((.., what)) = apart.or(alone) {
            return self.kernel.refuse(Errno::EINVAL, Why::CannotClone { what });
        }
        let may = !flags.intersects(PRIVILEGED) || flags.contains(Clone::NEWUSER) || self.kernel.task().capable(Capabilities::SYS_ADMIN);
        self.kernel.require(may, Errno::EPERM, || Why::NeedsCapability { capability: "CAP_SYS_ADMIN" })
    }

    /// A descriptor for the process to come, told where `parent_tid` says.
    fn announce_pidfd(&mut self, parent_tid: &Arg) -> SysResult {
        let pid = Pid(self.free_pid());
        let fd = self.pidfd(pid)?;
        if let Err(error) = self.structure_to_user(parent_tid, 0, &(fd as u32).to_le_bytes()) {
            self.close_descriptor(fd);
            return Err(error);
        }
        Ok(fd)
    }

    /// A task that shares or copies what the caller has; its number.
    fn copy_process(&mut self, flags: Clone) -> SysResult {
        let maker = self.caller().clone();
        let mut task = self.kernel.tasks[maker.task].clone();
        if flags.contains(Clone::VM) {
            self.kernel.mms[task.mm].users += 1;
        } else {
            task.mm = self.kernel.dup_mm(task.mm)?;
        }
        (task.min_flt, task.maj_flt, task.clear_child_tid) = (0, 0, 0);
        let pid = self.take_pid();
        let is_thread = flags.contains(Clone::THREAD);
        let tgid = if is_thread { maker.tgid } else { pid };
        let parent = if flags.intersects(Clone::THREAD.union(Clone::PARENT)) { maker.parent } else { Some(maker.tgid) };
        let files = if flags.contains(Clone::FILES) { self.share_files(&maker) } else { self.dup_fd(&maker) };
        task.tgid = tgid.0;
        let task = self.kernel.tasks.insert(task);
        self.processes.insert(pid, Process { pid, tgid, parent, task, files, child_faults: (0, 0), ..maker });
        Ok(pid.0.into())
    }
}
