//! Files of `/proc/PID` that act (Linux `fs/proc/base.c`, `fs/proc/task_mmu.c`): `mem` and `clear_refs`.

use super::file_calls::write_over_and_over;
use super::{Arg, Machine};
use crate::addr::{PAGE_SIZE, VirtAddr};
use crate::errno::{Errno, SysResult};
use crate::fs::{Inode, InodeKind, ProcFile};
use crate::ids::{InodeId, MmId, Pid};
use crate::mm::{ClearRefs, Transfer};
use crate::why::Why;

/// A number written to a file of `/proc` has at most so many characters.
const MOST_DIGITS: u64 = 12;

impl Machine {
    /// The file of a path such as `/proc/self/mem`, made anew for each opening; `None` for any other path.
    pub(super) fn open_proc_file(&mut self, path: &str) -> Option<SysResult<InodeId>> {
        let (whose, name) = path.strip_prefix("/proc/")?.split_once('/')?;
        let file = ProcFile::from_name(name)?;
        let pid = match whose {
            "self" => self.running()?,
            number => Pid(number.parse().ok()?),
        };
        let task = self.process(pid).filter(|process| process.is_alive())?.task;
        if file == ProcFile::Mem
            && let Err(error) = self.memory_to_trace(pid.0.into())
        {
            return Some(self.kernel.refuse(Errno::EACCES, error.why));
        }
        let uid = self.kernel.tasks[task].uid;
        let inode = Inode { mode: file.mode(), uid, ..Inode::new(InodeKind::Proc { pid, file }) };
        Some(Ok(self.kernel.fs.add_inode(inode)))
    }

    fn memory_of(&self, pid: Pid) -> Option<MmId> {
        let process = self.process(pid).filter(|process| process.is_alive())?;
        Some(self.kernel.tasks[process.task].mm)
    }

    /// Reads from such a file: Linux `mem_read`.
    pub(super) fn read_proc_file(&mut self, (pid, file): (Pid, ProcFile), buffer: &Arg, count: u64, offset: u64) -> SysResult {
        self.kernel.require(file == ProcFile::Mem, Errno::EINVAL, || Why::WrongOpenMode)?;
        let mut done = 0;
        while done < count {
            let Some(mm) = self.memory_of(pid) else { break };
            let mut bytes = vec![0; (count - done).min(PAGE_SIZE) as usize];
            let at = VirtAddr(offset.wrapping_add(done));
            let got = self.kernel.access_remote_vm(mm, at, Transfer::Read(&mut bytes));
            if got == 0 {
                self.kernel.require(done > 0, Errno::EIO, || Why::BadUserAddress { at })?;
                break;
            }
            if let Arg::Int(to) = buffer {
                let copied = self.copy_to_user(VirtAddr(*to) + done, &bytes[..got]) == 0;
                self.kernel.require(copied, Errno::EFAULT, || Why::BadUserAddress { at: VirtAddr(*to) })?;
            }
            self.output.extend_from_slice(&bytes[..got]);
            done += got as u64;
        }
        Ok(done)
    }

    /// Writes to such a file: Linux `mem_write`, `clear_refs_write`.
    pub(super) fn write_proc_file(&mut self, (pid, file): (Pid, ProcFile), buffer: &Arg, count: u64, offset: u64) -> SysResult {
        if file == ProcFile::ClearRefs {
            return self.write_clear_refs(pid, buffer, count);
        }
        let mut done = 0;
        while done < count {
            let Some(mm) = self.memory_of(pid) else { break };
            let bytes = self.bytes_to_write(buffer, done, (count - done).min(PAGE_SIZE))?;
            let at = VirtAddr(offset.wrapping_add(done));
            let put = self.kernel.access_remote_vm(mm, at, Transfer::Write(&bytes));
            if put == 0 {
                self.kernel.require(done > 0, Errno::EIO, || Why::BadUserAddress { at })?;
                break;
            }
            done += put as u64;
        }
        Ok(done)
    }

    /// A piece of what a call writes; what a script gives stands for all of it, over and over.
    fn bytes_to_write(&mut self, buffer: &Arg, from: u64, len: u64) -> SysResult<Vec<u8>> {
        let mut bytes = vec![0; len as usize];
        match buffer {
            Arg::Int(at) => {
                let at = VirtAddr(*at) + from;
                let copied = self.copy_from_user(at, &mut bytes) == 0;
                self.kernel.require(copied, Errno::EFAULT, || Why::BadUserAddress { at })?;
            }
            Arg::Bytes(given) if !given.is_empty() => {
                write_over_and_over(given, from, &mut bytes);
            }
            _ => {}
        }
        Ok(bytes)
    }

    fn write_clear_refs(&mut self, pid: Pid, buffer: &Arg, count: u64) -> SysResult {
        let bytes = self.bytes_to_write(buffer, 0, count.min(MOST_DIGITS))?;
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        let number = std::str::from_utf8(&bytes[..end]).ok().and_then(|text| text.trim().parse::<i32>().ok());
        let Some(what) = number.and_then(|number| ClearRefs::from_number(number.into())) else {
            let value = number.map_or(0, |number| number as u64);
            return self.kernel.refuse(Errno::EINVAL, Why::BadArgument { index: 1, value });
        };
        let Some(mm) = self.memory_of(pid) else {
            return self.kernel.refuse(Errno::ESRCH, Why::NoProcess { pid: pid.0.into() });
        };
        self.kernel.clear_refs(mm, what);
        Ok(count)
    }
}
