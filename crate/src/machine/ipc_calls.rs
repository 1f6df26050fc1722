//! Calls on what processes share: SysV segments, and other processes' memory by a descriptor of the
//! process (Linux `ipc/shm.c`, `kernel/pid.c`, `mm/madvise.c:process_madvise`).

use super::{Arg, Machine};
use crate::addr::VirtAddr;
use crate::errno::{Errno, SysResult};
use crate::fs::{Inode, InodeKind, OpenMode};
use crate::ids::{MmId, Pid};
use crate::mm::{Advice, Capabilities, Kernel, ShmidDs};
use crate::why::Why;

/// `PIDFD_SELF_THREAD` and `PIDFD_SELF_THREAD_GROUP`: descriptors of the caller that need no opening.
const PIDFD_SELF: [i32; 2] = [-10000, -10001];
const PIDFD_NONBLOCK: u64 = 0o4000;
const PIDFD_THREAD: u64 = 0o200;

impl Machine {
    pub(super) fn sys_shmget(&mut self, [key, size, flags, ..]: &[Arg; 6]) -> SysResult {
        self.kernel.do_shmget(key.int(), size.int(), flags.int())
    }

    pub(super) fn sys_shmat(&mut self, [id, addr, flags, ..]: &[Arg; 6]) -> SysResult {
        let mm = self.kernel.current_mm();
        self.kernel.do_shmat(mm, id.int(), VirtAddr(addr.int()), flags.int())
    }

    pub(super) fn sys_shmdt(&mut self, [addr, ..]: &[Arg; 6]) -> SysResult {
        let mm = self.kernel.current_mm();
        self.kernel.do_shmdt(mm, VirtAddr(addr.int()))
    }

    pub(super) fn sys_shmctl(&mut self, [id, command, buffer, ..]: &[Arg; 6]) -> SysResult {
        let (id, command) = (id.int(), command.int() & 0xffff_ffff);
        let mut ds = ShmidDs::default();
        if Kernel::shmctl_reads(id, command) {
            let bytes = self.structure_from_user(buffer, 0, size_of_val(&ds) as u64)?;
            for (word, bytes) in ds.iter_mut().zip(bytes.as_chunks().0) {
                *word = u64::from_le_bytes(*bytes);
            }
        }
        let (value, words) = self.kernel.do_shmctl(id, command, &mut ds)?;
        self.structure_to_user(buffer, 0, ds.map(u64::to_le_bytes)[..words].as_flattened())?;
        Ok(value)
    }

    /// A descriptor that stands for a process.
    pub(super) fn sys_pidfd_open(&mut self, [pid, flags, ..]: &[Arg; 6]) -> SysResult {
        let (number, flags) = (pid.int() as u32 as i32, flags.int() & 0xffff_ffff);
        let unknown = flags & !(PIDFD_NONBLOCK | PIDFD_THREAD);
        self.kernel.require(unknown == 0, Errno::EINVAL, || Why::UnknownFlags { flags: unknown })?;
        self.kernel.require(number > 0, Errno::EINVAL, || Why::BadArgument { index: 0, value: pid.int() })?;
        let pid = Pid(number as u32);
        self.kernel.require(self.processes.contains_key(&pid), Errno::ESRCH, || Why::NoProcess { pid: number.into() })?;
        self.pidfd(pid)
    }

    /// A new descriptor for a process that there is, or will be.
    pub(super) fn pidfd(&mut self, pid: Pid) -> SysResult {
        let inode = self.kernel.fs.add_inode(Inode { mode: 0o600, ..Inode::new(InodeKind::PidFd { pid }) });
        let file = self.kernel.fs.open(inode, "anon_inode:[pidfd]", OpenMode { read: true, write: true });
        // Always closed by an exec, for descriptors of processes.
        self.install_descriptor(file, 0, true)
    }

    /// The process that a descriptor stands for (Linux `pidfd_get_task`).
    fn process_of_descriptor(&mut self, fd: u64) -> SysResult<Pid> {
        if PIDFD_SELF.contains(&(fd as u32 as i32)) {
            return Ok(self.running().expect("a call has a caller"));
        }
        let file = self.file_of(fd)?;
        match self.kernel.fs.inode_of(file).kind {
            InodeKind::PidFd { pid } => Ok(pid),
            _ => self.kernel.refuse(Errno::EBADF, Why::BadDescriptor { fd: fd as i32 as i64 }),
        }
    }

    /// Advises several ranges of a process: how many bytes were advised (Linux `process_madvise`).
    pub(super) fn sys_process_madvise(&mut self, [fd, vector, count, advice, flags, _]: &[Arg; 6]) -> SysResult {
        let flags = flags.int() & 0xffff_ffff;
        self.kernel.require(flags == 0, Errno::EINVAL, || Why::UnknownFlags { flags })?;
        let pieces = self.import_iovec(vector, count.int())?;
        let pid = self.process_of_descriptor(fd.int())?;
        let Some(target) = self.processes.get(&pid).filter(|process| process.is_alive()).map(|process| process.task) else {
            return self.kernel.refuse(Errno::ESRCH, Why::NoProcess { pid: pid.0.into() });
        };
        let mm = self.kernel.tasks[target].mm;
        let advice = advice.int() as i32 as i64;
        if mm != self.kernel.current_mm() {
            let (mine, theirs) = (self.kernel.task(), &self.kernel.tasks[target]);
            let may_access = mine.uid == theirs.uid || mine.capable(Capabilities::SYS_PTRACE);
            let capable = mine.capable(Capabilities::SYS_NICE);
            self.kernel.require(may_access, Errno::EPERM, || Why::NeedsCapability { capability: "CAP_SYS_PTRACE" })?;
            let remote = Advice::from_number(advice).is_some_and(Advice::is_for_other_processes);
            self.kernel.require(remote, Errno::EINVAL, || Why::AdviceNotForOthers)?;
            self.kernel.require(capable, Errno::EPERM, || Why::NeedsCapability { capability: "CAP_SYS_NICE" })?;
        }
        self.vector_madvise(mm, &pieces, advice)
    }

    /// Advises piece after piece; an error counts only if it comes before anything was advised.
    fn vector_madvise(&mut self, mm: MmId, pieces: &[(u64, u64)], advice: i64) -> SysResult {
        let mut done = 0;
        let total: u64 = pieces.iter().map(|(_, len)| len).sum();
        for (place, (start, len)) in pieces.iter().enumerate() {
            // Empty pieces are passed over, but for the one that the walk begins with.
            if done == total || (*len == 0 && place > 0) {
                continue;
            }
            if let Err(error) = self.kernel.do_madvise(mm, VirtAddr(*start), *len, advice) {
                return if done > 0 { Ok(done) } else { Err(error) };
            }
            done += len;
        }
        Ok(done)
    }
}
