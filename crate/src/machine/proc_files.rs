//! Files of `/proc` (Linux `fs/proc/base.c`, `fs/proc/task_mmu.c`): texts, `pagemap`, and those that act,
//! `mem` and `clear_refs`.

use super::read_write::write_over_and_over;
use super::{Arg, Machine};
use crate::addr::{PAGE_SIZE, VirtAddr, VirtRange};
use crate::errno::{Errno, SysResult};
use crate::fs::{Content, Inode, InodeKind, ProcEntry, ProcFile, SystemFile};
use crate::ids::{InodeId, MmId, Pid};
use crate::mm::{Capabilities, ClearRefs, Transfer};
use crate::proc;
use crate::why::Why;

/// A number written to a file of `/proc` has at most so many characters.
const MOST_DIGITS: u64 = 12;
/// Bytes that pagemap has for a page.
const PAGEMAP_ENTRY: u64 = 8;
/// Pages that one step of reading pagemap looks at.
const PAGES_AT_ONCE: u64 = 512;

impl Machine {
    /// The file of a path such as `/proc/self/mem`, made anew each time; `None` for any other path.
    pub(super) fn find_proc_file(&mut self, path: &str) -> Option<InodeId> {
        let path = path.strip_prefix("/proc/")?;
        if let Some(file) = SystemFile::from_name(path) {
            let inode = Inode { mode: 0o444, ..Inode::new(InodeKind::System { file }) };
            return Some(self.kernel.fs.add_inode(inode));
        }
        let (whose, name) = path.split_once('/')?;
        let file = ProcFile::from_name(name)?;
        let pid = match whose {
            "self" => self.running()?,
            number => Pid(number.parse().ok()?),
        };
        let alive = self.process(pid)?.is_alive();
        // A zombie's files are root's.
        let uid = self.process(pid).filter(|_| alive).map_or(0, |process| self.kernel.tasks[process.task].uid);
        let inode = Inode { mode: file.mode(), uid, ..Inode::new(InodeKind::Proc(ProcEntry { pid, file, memory: None })) };
        Some(self.kernel.fs.add_inode(inode))
    }

    /// What opening a file of `/proc/PID` asks for beside its mode, and which memory it then shows.
    pub(super) fn open_proc_file(&mut self, inode: InodeId) -> SysResult<()> {
        let InodeKind::Proc(entry) = self.kernel.fs.inode(inode).kind else { return Ok(()) };
        let ProcEntry { pid, file, .. } = entry;
        match self.memory_of(pid) {
            Some(mm) if file.opens_memory() => {
                if let Err(error) = self.memory_to_trace(pid.0.into()) {
                    return self.kernel.refuse(Errno::EACCES, error.why);
                }
                let memory = Some(self.kernel.mms[mm].serial);
                self.kernel.fs.inode_mut(inode).kind = InodeKind::Proc(ProcEntry { memory, ..entry });
                Ok(())
            }
            None if file.needs_memory() => self.kernel.refuse(Errno::ESRCH, Why::NoProcess { pid: pid.0.into() }),
            _ => Ok(()),
        }
    }

    /// The contents behind `/proc/self/fd/N` and `/proc/PID/fd/N`, to be opened once more, and their name.
    pub(super) fn behind_descriptor(&self, path: &str) -> Option<(InodeId, String)> {
        let (whose, fd) = path.strip_prefix("/proc/")?.split_once("/fd/")?;
        let process = match whose {
            "self" => self.caller(),
            number => self.process(Pid(number.parse().ok()?)).filter(|process| process.is_alive())?,
        };
        let open = self.kernel.fs.file(process.descriptor(fd.parse().ok()?)?);
        Some((open.inode, open.path.clone()))
    }

    pub(super) fn memory_of(&self, pid: Pid) -> Option<MmId> {
        let process = self.process(pid).filter(|process| process.is_alive())?;
        Some(self.kernel.tasks[process.task].mm)
    }

    /// The memory that a file looks at: the one it was opened on, as long as somebody has it, or what the process has now.
    fn memory_behind(&self, entry: ProcEntry) -> Option<MmId> {
        match entry.memory {
            Some(serial) => self.kernel.mm_of_serial(serial),
            None => self.memory_of(entry.pid),
        }
    }

    /// The same for who has no answer without memory.
    pub(super) fn require_memory(&mut self, entry: ProcEntry) -> SysResult<MmId> {
        match self.memory_behind(entry) {
            Some(mm) => Ok(mm),
            None => self.kernel.refuse(Errno::ESRCH, Why::NoProcess { pid: entry.pid.0.into() }),
        }
    }

    /// Whether a process has an entry: alive, or a zombie.
    fn require_process(&mut self, pid: Pid) -> SysResult<()> {
        let known = self.process(pid).is_some();
        self.kernel.require(known, Errno::ESRCH, || Why::NoProcess { pid: pid.0.into() })
    }

    /// Whoever reads a text from its start gets what is true now; who goes on reading, the rest of the same
    /// (Linux `seq_read`).
    pub(super) fn write_down_proc_text(&mut self, inode: InodeId, offset: u64) -> SysResult<()> {
        let file = self.kernel.fs.inode(inode);
        if offset > 0 && matches!(file.content, Content::Bytes(_)) {
            return Ok(());
        }
        let text = match file.kind {
            InodeKind::System { file: SystemFile::Meminfo } => proc::meminfo_text(&self.kernel),
            InodeKind::System { file: SystemFile::Vmstat } => proc::vmstat_text(&self.kernel),
            InodeKind::System { file: SystemFile::Buddyinfo } => proc::buddyinfo_text(&self.kernel),
            InodeKind::Proc(entry) => self.proc_text(entry)?,
            _ => String::new(),
        };
        let file = self.kernel.fs.inode_mut(inode);
        (file.size, file.content) = (text.len() as u64, Content::Bytes(text.into_bytes()));
        Ok(())
    }

    fn proc_text(&mut self, entry: ProcEntry) -> SysResult<String> {
        self.require_process(entry.pid)?;
        // A zombie has an entry, and no memory.
        let mm = match (self.memory_behind(entry), entry.file) {
            (Some(mm), _) => mm,
            (None, ProcFile::SmapsRollup) => self.require_memory(entry)?,
            (None, ProcFile::Statm) => return Ok("0 0 0 0 0 0 0\n".into()),
            (None, _) => return Ok(String::new()),
        };
        let (kernel, mm) = (&self.kernel, &self.kernel.mms[mm]);
        Ok(match entry.file {
            ProcFile::Maps => proc::maps_text(kernel, mm),
            ProcFile::Smaps => proc::smaps_text(kernel, mm),
            ProcFile::SmapsRollup => proc::smaps_rollup_text(kernel, mm),
            ProcFile::Status => proc::status_text(mm),
            ProcFile::Statm => proc::statm_text(mm),
            ProcFile::ClearRefs | ProcFile::Mem | ProcFile::Pagemap => return self.kernel.refuse(Errno::EINVAL, Why::WrongOpenMode),
        })
    }

    /// A part of the text: how many bytes.
    pub(super) fn read_proc_text(&self, inode: InodeId, offset: u64, into: &mut [u8]) -> usize {
        let file = self.kernel.fs.inode(inode);
        let len = file.size.saturating_sub(offset).min(into.len() as u64) as usize;
        file.content.read(offset, &mut into[..len]);
        len
    }

    /// Linux `pagemap_read`: eight bytes for each page, at eight times its number.
    pub(super) fn read_pagemap(&mut self, entry: ProcEntry, buffer: &Arg, count: u64, offset: u64) -> SysResult {
        let whole = offset.is_multiple_of(PAGEMAP_ENTRY) && count.is_multiple_of(PAGEMAP_ENTRY);
        self.kernel
            .require(whole, Errno::EINVAL, || Why::BadSize { size: if offset.is_multiple_of(PAGEMAP_ENTRY) { count } else { offset } })?;
        let Some(mm) = self.memory_behind(entry) else { return Ok(0) };
        let with_pfn = self.kernel.task().capable(Capabilities::SYS_ADMIN);
        let last = self.kernel.task_size() / PAGE_SIZE;
        let (first, mut done) = (offset / PAGEMAP_ENTRY, 0);
        let end = first.saturating_add(count / PAGEMAP_ENTRY).min(last);
        while first + done < end {
            let from = first + done;
            let pages = VirtRange::new(from * PAGE_SIZE, end.min(from + PAGES_AT_ONCE) * PAGE_SIZE);
            let words = proc::pagemap_words(&self.kernel, &self.kernel.mms[mm], pages, with_pfn);
            let bytes: Vec<u8> = words.into_iter().flat_map(u64::to_le_bytes).collect();
            if let Arg::Int(to) = buffer {
                let at = VirtAddr(*to) + done * PAGEMAP_ENTRY;
                let copied = self.copy_to_user(at, &bytes) == 0;
                self.kernel.require(copied, Errno::EFAULT, || Why::BadUserAddress { at })?;
            }
            self.output.extend_from_slice(&bytes);
            done += pages.pages();
        }
        Ok(done * PAGEMAP_ENTRY)
    }

    /// Reads memory that is another's: Linux `mem_read`.
    pub(super) fn read_proc_mem(&mut self, entry: ProcEntry, buffer: &Arg, count: u64, offset: u64) -> SysResult {
        let mut done = 0;
        while done < count {
            let Some(mm) = self.memory_behind(entry) else { break };
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
    pub(super) fn write_proc_file(&mut self, entry: ProcEntry, buffer: &Arg, count: u64, offset: u64) -> SysResult {
        if entry.file == ProcFile::ClearRefs {
            return self.write_clear_refs(entry, buffer, count);
        }
        self.kernel.require(entry.file == ProcFile::Mem, Errno::EINVAL, || Why::WrongOpenMode)?;
        let mut done = 0;
        while done < count {
            let Some(mm) = self.memory_behind(entry) else { break };
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

    fn write_clear_refs(&mut self, entry: ProcEntry, buffer: &Arg, count: u64) -> SysResult {
        let bytes = self.bytes_to_write(buffer, 0, count.min(MOST_DIGITS))?;
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        let number = std::str::from_utf8(&bytes[..end]).ok().and_then(|text| text.trim().parse::<i32>().ok());
        let Some(what) = number.and_then(|number| ClearRefs::from_number(number.into())) else {
            let value = number.map_or(0, |number| number as u64);
            return self.kernel.refuse(Errno::EINVAL, Why::BadArgument { index: 1, value });
        };
        match self.memory_of(entry.pid) {
            Some(mm) => self.kernel.clear_refs(mm, what),
            // A zombie has nothing to clear.
            None => self.require_process(entry.pid)?,
        }
        Ok(count)
    }
}
