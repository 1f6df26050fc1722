//! Calls of a process about itself: its program, its limits, what it may (Linux `fs/exec.c`, `kernel/sys.c`).

use super::proc_task::COMM_LEN;
use super::startup::told_at;
use super::{Arg, Machine, Process, ProcessConfig};
use crate::addr::VirtAddr;
use crate::errno::{Errno, SysResult};
use crate::mm::{Capabilities, NR_OPEN, Personality, Resource, Rlimit};
use crate::why::Why;

const PR_SET_MDWE: u64 = 65;
const PR_GET_MDWE: u64 = 66;
const PR_SET_THP_DISABLE: u64 = 41;
const PR_GET_THP_DISABLE: u64 = 42;
const PR_SET_VMA: u64 = 0x5356_4d41;
const PR_SET_NAME: u64 = 15;
const PR_GET_NAME: u64 = 16;

impl Machine {
    pub(super) fn caller(&self) -> &Process {
        self.running.and_then(|pid| self.processes.get(&pid)).expect("a call has a caller")
    }

    /// A new program in the caller's place: one of the two that every machine has.
    pub(super) fn sys_execve(&mut self, [path, ..]: &[Arg; 6]) -> SysResult {
        let path = self.path(path)?;
        let is_stub = path == "/bin/stub";
        self.kernel.require(is_stub || path == "/bin/program", Errno::ENOENT, || Why::NoSuchFile)?;
        let (pid, task) = (self.caller().pid, self.kernel.task());
        let config = ProcessConfig { uid: task.uid, personality: task.personality, is_stub, ..ProcessConfig::default() };
        match self.replace_program(pid, &config) {
            Ok(()) => {
                self.close_on_exec(pid);
                self.end_other_threads(pid);
                // Who gives no arguments gives an empty one. Here nobody gives any.
                let mm = self.kernel.current_mm();
                let space = &mut self.kernel.mms[mm];
                (space.told.args, space.start_stack) = told_at(path.len() as u64 + 1, 1);
                // A program whose stack is not executable does not want it (Linux `SET_PERSONALITY2`).
                self.kernel.tasks[self.kernel.current].personality -= Personality::READ_IMPLIES_EXEC;
                Ok(0)
            }
            Err(_) => self.kernel.refuse(Errno::ENOMEM, Why::OutOfFrames),
        }
    }

    pub(super) fn sys_personality(&mut self, [wanted, ..]: &[Arg; 6]) -> SysResult {
        let task = self.caller().task;
        let current = &mut self.kernel.tasks[task].personality;
        let old = current.bits();
        if wanted.int() as u32 != u32::MAX {
            *current = Personality::from_bits_retain(wanted.int() & 0xffff_ffff);
        }
        Ok(old)
    }

    /// `setrlimit(resource, {cur, max})`: the two numbers come as 16 bytes or in memory.
    pub(super) fn sys_setrlimit(&mut self, [resource, limit, ..]: &[Arg; 6]) -> SysResult {
        self.set_rlimit(resource.int(), limit)
    }

    pub(super) fn sys_prlimit64(&mut self, [_, resource, new, old, ..]: &[Arg; 6]) -> SysResult {
        let number = resource.int();
        let had = usize::try_from(number).ok().and_then(|number| self.kernel.task().rlimits.get(number).copied());
        if *new != Arg::Int(0) {
            self.set_rlimit(number, new)?;
        }
        match had {
            Some(had) if *old != Arg::Int(0) => self.structure_to_user(old, 0, &[had.cur.to_le_bytes(), had.max.to_le_bytes()].concat())?,
            Some(_) => {}
            None => return self.kernel.refuse(Errno::EINVAL, Why::BadArgument { index: 1, value: number }),
        }
        Ok(0)
    }

    fn set_rlimit(&mut self, resource: u64, limit: &Arg) -> SysResult {
        self.kernel.require(resource < 16, Errno::EINVAL, || Why::BadArgument { index: 0, value: resource })?;
        let mut bytes = [0; 16];
        match limit {
            Arg::Bytes(given) if given.len() == 16 => bytes.copy_from_slice(given),
            Arg::Int(at) if self.copy_from_user(VirtAddr(*at), &mut bytes) == 0 => {}
            other => {
                let at = VirtAddr(other.int());
                return self.kernel.refuse(Errno::EFAULT, Why::BadUserAddress { at });
            }
        }
        let word = |i: usize| u64::from_le_bytes(bytes[i..i + 8].try_into().expect("eight bytes"));
        let new = Rlimit { cur: word(0), max: word(8) };
        self.kernel.require(new.cur <= new.max, Errno::EINVAL, || Why::BadArgument { index: 1, value: new.cur })?;
        let within = resource != Resource::NoFile as u64 || new.max <= NR_OPEN;
        self.kernel.require(within, Errno::EPERM, || Why::BadArgument { index: 1, value: new.max })?;
        let task = self.kernel.task();
        let tgid = task.tgid;
        let may = new.max <= task.rlimits[resource as usize].max || task.capable(Capabilities::SYS_RESOURCE);
        self.kernel.require(may, Errno::EPERM, || Why::NeedsCapability { capability: "CAP_SYS_RESOURCE" })?;
        // Threads have one set of limits.
        for (_, task) in self.kernel.tasks.iter_mut().filter(|(_, task)| task.tgid == tgid) {
            task.rlimits[resource as usize] = new;
        }
        Ok(0)
    }

    pub(super) fn sys_prctl(&mut self, args: &[Arg; 6]) -> SysResult {
        let [option, arg2, arg3, arg4, arg5, _] = args.each_ref().map(Arg::int);
        let mm = self.kernel.current_mm();
        match option & 0xffff_ffff {
            PR_SET_NAME => {
                let name = match &args[1] {
                    Arg::Int(at) => self.string_from_user(VirtAddr(*at), COMM_LEN - 1)?,
                    Arg::Bytes(name) => name.clone(),
                    Arg::Scratch => Vec::new(),
                };
                self.set_comm(self.caller().pid, &name);
                Ok(0)
            }
            PR_GET_NAME => {
                let mut name = self.caller().name.clone().into_bytes();
                name.resize(COMM_LEN as usize + 1, 0);
                self.structure_to_user(&args[1], 0, &name)?;
                Ok(0)
            }
            PR_SET_MDWE => self.set_mdwe([arg2, arg3, arg4, arg5]),
            PR_GET_MDWE => {
                self.require_zeros(&[arg2, arg3, arg4, arg5])?;
                Ok(self.kernel.mms[mm].mdwe.into())
            }
            PR_SET_THP_DISABLE => self.set_thp_disable([arg2, arg3, arg4, arg5]),
            PR_GET_THP_DISABLE => {
                self.require_zeros(&[arg2, arg3, arg4, arg5])?;
                Ok(self.kernel.mms[mm].thp_disable.into())
            }
            PR_SET_VMA => self.set_vma_name(args),
            other => self.kernel.refuse(Errno::EINVAL, Why::BadArgument { index: 0, value: other }),
        }
    }

    /// `PR_SET_VMA_ANON_NAME` (Linux `prctl_set_vma`).
    fn set_vma_name(&mut self, [_, what, start, len, name, _]: &[Arg; 6]) -> SysResult {
        const NAME_MAX: u64 = 79;
        let configured = self.kernel.sysctl.anon_vma_names && what.int() == 0;
        self.kernel.require(configured, Errno::EINVAL, || Why::NotConfigured)?;
        let name = match name {
            Arg::Int(0) => None,
            other => {
                let text = self.string(other, NAME_MAX).or_else(|error| match error.errno {
                    Errno::ENAMETOOLONG => self.kernel.refuse(Errno::EINVAL, Why::BadName),
                    _ => Err(error),
                })?;
                let good = text.chars().all(|c| (' '..='~').contains(&c) && !"\\`$[]".contains(c));
                self.kernel.require(good, Errno::EINVAL, || Why::BadName)?;
                Some(text)
            }
        };
        let mm = self.kernel.current_mm();
        self.kernel.set_anon_name(mm, VirtAddr(start.int()), len.int(), name.as_deref())
    }

    /// Arguments that a later kernel may give a meaning.
    fn require_zeros(&mut self, args: &[u64]) -> SysResult<()> {
        let value = args.iter().copied().find(|arg| *arg != 0).unwrap_or(0);
        self.kernel.require(value == 0, Errno::EINVAL, || Why::BadArgument { index: 2, value })
    }

    /// Linux `prctl_set_mdwe`: once set, it stays.
    fn set_mdwe(&mut self, [bits, rest @ ..]: [u64; 4]) -> SysResult {
        let mm = self.kernel.current_mm();
        self.require_zeros(&rest)?;
        let good = bits & !3 == 0 && bits != 2;
        self.kernel.require(good, Errno::EINVAL, || Why::UnknownFlags { flags: bits })?;
        let had = u64::from(self.kernel.mms[mm].mdwe);
        self.kernel.require(had == 0 || had == bits, Errno::EPERM, || Why::Mdwe)?;
        self.kernel.mms[mm].mdwe = bits as u8;
        Ok(0)
    }

    /// Linux `prctl_set_thp_disable`.
    fn set_thp_disable(&mut self, [disable, flags, rest @ ..]: [u64; 4]) -> SysResult {
        const EXCEPT_ADVISED: u64 = 2;
        self.require_zeros(&rest)?;
        let good = flags & !EXCEPT_ADVISED == 0 && (disable != 0 || flags == 0);
        self.kernel.require(good, Errno::EINVAL, || Why::UnknownFlags { flags })?;
        let mm = self.kernel.current_mm();
        self.kernel.mms[mm].thp_disable = if disable == 0 { 0 } else { 1 | flags as u8 };
        Ok(0)
    }
}
