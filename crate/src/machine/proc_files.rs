//! Files of `/proc` (Linux `fs/proc/base.c`, `fs/proc/task_mmu.c`): texts, `pagemap`, and those that act,
//! `mem` and `clear_refs`.

use super::read_write::part_of;
use super::{Arg, Machine};
use crate::addr::{PAGE_SIZE, VirtAddr, VirtRange};
use crate::errno::{Errno, SysResult};
use crate::fs::{Content, Inode, InodeKind, ProcEntry, ProcFile, SystemFile};
use crate::ids::{InodeId, MmId, Pid};
use crate::mm::{Capabilities, ClearRefs, Transfer};
use crate::proc;
use crate::why::Why;

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
        if let Some(index) = path.strip_prefix("sys/vm/").and_then(proc::sysctl_index) {
            let kind = InodeKind::System { file: SystemFile::Sysctl { index } };
            return Some(self.kernel.fs.add_inode(Inode { mode: proc::sysctl_file(index).mode, ..Inode::new(kind) }));
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
                // What was told is told for good: it outlives the memory.
                if file == ProcFile::Auxv { self.write_down_proc_text(inode, 0) } else { Ok(()) }
            }
            None if file.needs_memory() => self.kernel.refuse(Errno::ESRCH, Why::NoProcess { pid: pid.0.into() }),
            _ => Ok(()),
        }
    }

    /// The contents behind `/proc/PID/fd/N`, `exe` and `map_files/START-END`, to be opened once more, and their name. The
    /// program is what is mapped where its text begins.
    pub(super) fn behind_link(&self, path: &str) -> Option<(InodeId, String)> {
        let (whose, link) = path.strip_prefix("/proc/")?.split_once('/')?;
        let (folder, name) = link.split_once('/').unwrap_or((link, ""));
        if !matches!((folder, name), ("fd" | "map_files", _) | ("exe", "")) {
            return None;
        }
        let process = match whose {
            "self" => self.caller(),
            number => self.process(Pid(number.parse().ok()?)).filter(|process| process.is_alive())?,
        };
        let space = &self.kernel.mms[self.kernel.tasks[process.task].mm];
        let mapped = |at: u64| space.vmas.lookup(VirtAddr(at)).map(|id| space.vmas.get(id));
        let file = match folder {
            "fd" => self.descriptor(process.pid, name.parse().ok()?)?,
            "exe" => mapped(space.code.0)?.file?,
            _ => {
                let start = u64::from_str_radix(name.split_once('-')?.0, 16).ok()?;
                let area = mapped(start).filter(|area| format!("{:x}-{:x}", area.range.start.0, area.range.end.0) == name)?;
                area.file?
            }
        };
        let open = self.kernel.fs.file(file);
        Some((open.inode, open.path.clone()))
    }

    /// Whether a path is one of `map_files`, which a zombie has none of.
    pub(super) fn is_mapping_link(&mut self, path: &str) -> SysResult<bool> {
        let Some((whose, _)) = path.strip_prefix("/proc/").and_then(|path| path.split_once("/map_files/")) else { return Ok(false) };
        let pid = Pid(whose.parse().unwrap_or(0));
        let gone = self.process(pid).is_some_and(|process| !process.is_alive());
        self.kernel.require(!gone, Errno::ESRCH, || Why::NoProcess { pid: pid.0.into() })?;
        Ok(true)
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
    pub(super) fn require_process(&mut self, pid: Pid) -> SysResult<()> {
        let known = self.process(pid).is_some();
        self.kernel.require(known, Errno::ESRCH, || Why::NoProcess { pid: pid.0.into() })
    }

    /// Whoever reads a text from its start gets what is true now; who goes on reading, the rest of the same
    /// (Linux `seq_read`).
    pub(super) fn write_down_proc_text(&mut self, inode: InodeId, offset: u64) -> SysResult<()> {
        use ProcFile::{Auxv, Cmdline, Environ, OomScoreAdj};
        let file = self.kernel.fs.inode(inode);
        let keeps = match file.kind {
            InodeKind::Proc(ProcEntry { file: Auxv, .. }) => true,
            InodeKind::Proc(ProcEntry { file: Cmdline | Environ | OomScoreAdj, .. }) => false,
            _ => offset > 0,
        };
        if keeps && matches!(file.content, Content::Bytes(_)) {
            return Ok(());
        }
        let text = match file.kind {
            InodeKind::System { file: SystemFile::Meminfo } => proc::meminfo_text(&self.kernel),
            InodeKind::System { file: SystemFile::Vmstat } => proc::vmstat_text(&self.kernel),
            InodeKind::System { file: SystemFile::Buddyinfo } => proc::buddyinfo_text(&self.kernel),
            InodeKind::System { file: SystemFile::SysvipcShm } => proc::sysvipc_shm_text(&self.kernel),
            InodeKind::System { file: SystemFile::Sysctl { index } } => proc::sysctl_file(index).text(&self.kernel.sysctl),
            InodeKind::Proc(entry) => {
                let bytes = self.proc_bytes(entry)?;
                self.set_text(inode, bytes);
                return Ok(());
            }
            _ => String::new(),
        };
        self.set_text(inode, text.into_bytes());
        Ok(())
    }

    fn set_text(&mut self, inode: InodeId, text: Vec<u8>) {
        let file = self.kernel.fs.inode_mut(inode);
        (file.size, file.content) = (text.len() as u64, Content::Bytes(text));
    }

    fn proc_bytes(&mut self, entry: ProcEntry) -> SysResult<Vec<u8>> {
        match (self.memory_behind(entry), entry.file) {
            (None, ProcFile::Environ) => Ok(Vec::new()),
            (Some(mm), ProcFile::Auxv) => Ok(proc::auxv(&self.kernel.mms[mm])),
            (Some(mm), ProcFile::Cmdline) => Ok(self.cmdline(mm)),
            _ => self.proc_text(entry).map(String::into_bytes),
        }
    }

    fn proc_text(&mut self, entry: ProcEntry) -> SysResult<String> {
        self.require_process(entry.pid)?;
        let process = &self.processes[&entry.pid];
        let task = self.task_of(process);
        match entry.file {
            ProcFile::Stat => return Ok(self.stat_text(process)),
            ProcFile::Limits => return Ok(proc::limits_text(task)),
            ProcFile::OomScoreAdj => return Ok(format!("{}\n", task.oom_score_adj)),
            ProcFile::Comm => return Ok(format!("{}\n", process.name)),
            _ => {}
        }
        // A zombie has an entry, and no memory.
        let mm = match (self.memory_behind(entry), entry.file) {
            (Some(mm), _) => mm,
            (None, ProcFile::SmapsRollup) => self.require_memory(entry)?,
            (None, ProcFile::Statm) => return Ok("0 0 0 0 0 0 0\n".into()),
            (None, ProcFile::OomScore) => return Ok("0\n".into()),
            (None, _) => return Ok(String::new()),
        };
        let (kernel, mm) = (&self.kernel, &self.kernel.mms[mm]);
        Ok(match entry.file {
            ProcFile::Maps => proc::maps_text(kernel, mm),
            ProcFile::Smaps => proc::smaps_text(kernel, mm),
            ProcFile::SmapsRollup => proc::smaps_rollup_text(kernel, mm),
            ProcFile::Status => proc::status_text(mm),
            ProcFile::Statm => proc::statm_text(mm),
            ProcFile::NumaMaps => proc::numa_maps_text(kernel, mm),
            ProcFile::OomScore => format!("{}\n", proc::oom_score(kernel, self.task_of(&self.processes[&entry.pid]), mm)),
            // No program here is given an environment.
            ProcFile::Environ => String::new(),
            _ => return self.kernel.refuse(Errno::EINVAL, Why::WrongOpenMode),
        })
    }

    /// How much of a long text of /proc one read gives.
    pub(super) fn given_at_once(&self, inode: InodeId, offset: u64, count: u64) -> u64 {
        let file = self.kernel.fs.inode(inode);
        // A setting is read at once or not at all.
        if offset > 0 && matches!(file.kind, InodeKind::System { file: SystemFile::Sysctl { .. } }) {
            return 0;
        }
        let (Content::Bytes(text), true) = (&file.content, file.size >= PAGE_SIZE) else { return count };
        // A record of smaps is an area: it begins with a line of maps, whose first letter is a digit.
        let begins: fn(&u8) -> bool = match file.kind {
            InodeKind::Proc(ProcEntry { file: ProcFile::Smaps, .. }) => |letter| !letter.is_ascii_uppercase(),
            InodeKind::Proc(ProcEntry { file: ProcFile::Maps | ProcFile::NumaMaps, .. })
            | InodeKind::System { file: SystemFile::Vmstat | SystemFile::SysvipcShm } => |_| true,
            _ => return count,
        };
        proc::seq_read(text, begins, offset, count)
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
        match entry.file {
            ProcFile::ClearRefs => return self.write_clear_refs(entry, buffer, count),
            ProcFile::OomScoreAdj => return self.write_oom_score_adj(entry, buffer, count),
            ProcFile::Comm => return self.write_comm(entry.pid, buffer, count),
            _ => {}
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

    /// A piece of what a call writes; behind the end of what a script gives there are zeros.
    pub(super) fn bytes_to_write(&mut self, buffer: &Arg, from: u64, len: u64) -> SysResult<Vec<u8>> {
        let mut bytes = vec![0; len as usize];
        match buffer {
            Arg::Int(at) => {
                let at = VirtAddr(*at) + from;
                let copied = self.copy_from_user(at, &mut bytes) == 0;
                self.kernel.require(copied, Errno::EFAULT, || Why::BadUserAddress { at })?;
            }
            Arg::Bytes(given) => part_of(given, from, &mut bytes),
            Arg::Scratch => {}
        }
        Ok(bytes)
    }

    fn write_clear_refs(&mut self, entry: ProcEntry, buffer: &Arg, count: u64) -> SysResult {
        let (count, number) = self.written_number(buffer, count, false)?;
        let Some(what) = ClearRefs::from_number(number.into()) else {
            return self.kernel.refuse(Errno::EINVAL, Why::BadArgument { index: 1, value: number as u64 });
        };
        match self.memory_of(entry.pid) {
            Some(mm) => self.kernel.clear_refs(mm, what),
            // A zombie has nothing to clear.
            None => self.require_process(entry.pid)?,
        }
        Ok(count)
    }
}
