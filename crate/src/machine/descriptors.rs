//! Descriptors: which number stands for which open file (Linux `struct files_struct`, `fs/file.c`).

use super::{Machine, Process};
use crate::ids::{FileId, Pid};
use crate::sorted::SortedSet;

/// A table of descriptors. Who is cloned with `CLONE_FILES` uses the one of who made it.
#[derive(Clone, Debug, Default)]
pub(super) struct Files {
    /// Processes and threads that use it.
    users: u32,
    /// Open files by descriptor.
    open: Vec<Option<FileId>>,
    /// Descriptors that a new program does not get (`O_CLOEXEC`).
    close_on_exec: SortedSet<usize>,
}

impl Files {
    /// An empty table with one user.
    pub(super) fn new() -> Self {
        Self { users: 1, ..Self::default() }
    }

    fn get(&self, fd: u64) -> Option<FileId> {
        // Descriptors are ints: the upper half of the register does not count.
        let fd = fd as u32 as i32;
        self.open.get(usize::try_from(fd).ok()?).copied().flatten()
    }

    fn iter(&self) -> impl Iterator<Item = (usize, FileId)> {
        self.open.iter().enumerate().filter_map(|(fd, file)| Some((fd, (*file)?)))
    }

    /// The lowest descriptor at or above `from` that is free.
    pub(super) fn lowest_free(&self, from: usize) -> usize {
        (from..).find(|fd| self.open.get(*fd).is_none_or(Option::is_none)).expect("there is always a next number")
    }

    /// Puts a file at a descriptor; the file that was there.
    pub(super) fn install(&mut self, fd: usize, file: FileId, close_on_exec: bool) -> Option<FileId> {
        self.set_close_on_exec(fd as u64, close_on_exec);
        if self.open.len() <= fd {
            self.open.resize(fd + 1, None);
        }
        self.open[fd].replace(file)
    }

    /// Whether a new program does not get a descriptor.
    pub(super) fn closes_on_exec(&self, fd: u64) -> bool {
        self.close_on_exec.contains(&(fd as u32 as usize))
    }

    pub(super) fn set_close_on_exec(&mut self, fd: u64, closes: bool) {
        let fd = fd as u32 as usize;
        if closes {
            self.close_on_exec.insert(fd);
        } else {
            self.close_on_exec.remove(&fd);
        }
    }

    /// Takes the file of a descriptor out.
    pub(super) fn take(&mut self, fd: u64) -> Option<FileId> {
        self.open.get_mut(usize::try_from(fd as u32 as i32).ok()?)?.take()
    }

    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        self.open.len() * 8
    }
}

impl Machine {
    fn files_of(&self, pid: Pid) -> Option<&Files> {
        let process = self.processes.get(&pid).filter(|process| process.is_alive())?;
        self.files.get(process.files)
    }

    /// The table of a living process.
    pub(super) fn files_mut(&mut self, process: &Process) -> &mut Files {
        self.files.get_mut(process.files).expect("who lives has descriptors")
    }

    /// The table of the caller.
    pub(super) fn own_files(&mut self) -> &mut Files {
        let files = self.caller().files;
        self.files.get_mut(files).expect("who lives has descriptors")
    }

    /// The file of a descriptor of a process; `None` if it is not open, or the process has ended.
    #[inline]
    pub fn descriptor(&self, pid: Pid, fd: u64) -> Option<FileId> {
        self.files_of(pid)?.get(fd)
    }

    /// All open descriptors of a process.
    pub fn open_descriptors(&self, pid: Pid) -> impl Iterator<Item = (usize, FileId)> {
        self.files_of(pid).into_iter().flat_map(Files::iter)
    }

    /// A copy of a table, for one user (Linux `dup_fd`).
    pub(super) fn dup_fd(&mut self, process: &Process) -> crate::ids::FilesId {
        let copy = Files { users: 1, ..self.files_mut(process).clone() };
        for (_, file) in copy.iter() {
            self.kernel.fs.get_file(file);
        }
        self.files.insert(copy)
    }

    /// One more user of the same table.
    pub(super) fn share_files(&mut self, process: &Process) -> crate::ids::FilesId {
        self.files_mut(process).users += 1;
        process.files
    }

    /// One user less: with the last one all descriptors close (Linux `put_files_struct`).
    pub(super) fn put_files(&mut self, process: &Process) {
        let files = self.files_mut(process);
        files.users -= 1;
        if files.users == 0 {
            let gone = self.files.remove(process.files).expect("it was there just now");
            for (_, file) in gone.iter() {
                self.kernel.fput(file);
            }
        }
    }

    /// A new program has a table of its own, without what is closed on exec (Linux `unshare_files`, `do_close_on_exec`).
    pub(super) fn unshare_files(&mut self, pid: Pid) {
        let Some(process) = self.processes.get(&pid).cloned() else { return };
        if self.files_mut(&process).users > 1 {
            let own = self.dup_fd(&process);
            self.files_mut(&process).users -= 1;
            self.processes.entry(pid).and_modify(|process| process.files = own);
        }
    }

    /// Closes what a new program does not get.
    pub(super) fn close_on_exec(&mut self, pid: Pid) {
        let Some(process) = self.processes.get(&pid).cloned() else { return };
        let files = self.files_mut(&process);
        let closed: Vec<_> = std::mem::take(&mut files.close_on_exec).into_iter().filter_map(|fd| files.take(fd as u64)).collect();
        for file in closed {
            self.kernel.fput(file);
        }
    }
}
