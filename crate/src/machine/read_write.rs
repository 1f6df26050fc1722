//! Reading and writing files by descriptor (Linux `fs/read_write.c`, `mm/filemap.c`).

use super::{Arg, Machine};
use crate::addr::{PAGE_SIZE, VirtAddr};
use crate::errno::{Errno, SysResult};
use crate::fs::{InodeKind, O_APPEND, ProcEntry, ProcFile, Seals, SystemFile};
use crate::ids::{FileId, InodeId};
use crate::mm::{Resource, max_bytes};
use crate::why::Why;

/// One read or write copies at most so much at a time.
const CHUNK: u64 = 1 << 16;
/// One call reads, writes, moves or advises at most so much (`MAX_RW_COUNT`).
pub(super) const MAX_RW_COUNT: u64 = 0x7fff_f000;

/// The part from a place on of what a script gives to be written; behind its end there are zeros.
pub(super) fn part_of(given: &[u8], from: u64, into: &mut [u8]) {
    let given = given.get(from as usize..).unwrap_or_default();
    let len = given.len().min(into.len());
    into[..len].copy_from_slice(&given[..len]);
}

impl Machine {
    pub(super) fn sys_read(&mut self, [fd, buffer, count, ..]: &[Arg; 6]) -> SysResult {
        let file = self.file_of(fd.int())?;
        let position = self.kernel.fs.file(file).position;
        let done = self.read_file(file, buffer, count.int(), position)?;
        self.require_nothing_waits()?;
        self.kernel.fs.file_mut(file).position += done;
        Ok(done)
    }

    pub(super) fn sys_pread64(&mut self, [fd, buffer, count, offset, ..]: &[Arg; 6]) -> SysResult {
        self.require_offset(offset.int())?;
        let file = self.file_with_offsets(fd.int())?;
        self.read_file(file, buffer, count.int(), offset.int())
    }

    /// A copy is begun anew when the page of the program's memory has come that it met: the file's position stays until then.
    pub(super) fn require_nothing_waits(&mut self) -> SysResult<()> {
        match self.kernel.fs.is_waiting() {
            true => self.kernel.refuse(Errno::ERESTARTSYS, Why::Waits),
            false => Ok(()),
        }
    }

    pub(super) fn require_offset(&mut self, offset: u64) -> SysResult<()> {
        self.kernel.require(offset as i64 >= 0, Errno::EINVAL, || Why::BadSize { size: offset })
    }

    /// Whether a buffer ends within user space (Linux `access_ok`): before anything is copied.
    fn require_user_buffer(&mut self, buffer: &Arg, count: u64) -> SysResult<()> {
        let Arg::Int(at) = buffer else { return Ok(()) };
        let inside = self.is_user_range(*at, count);
        self.kernel.require(inside, Errno::EFAULT, || Why::BadUserAddress { at: VirtAddr(*at) })
    }

    /// Whether a place in a file and what follows it can be counted (Linux `rw_verify_area`). In the memory of a
    /// process places are addresses.
    pub(super) fn require_place(&mut self, kind: InodeKind, offset: u64, count: u64) -> SysResult<()> {
        let unsigned = matches!(kind, InodeKind::Proc(ProcEntry { file: ProcFile::Mem, .. }));
        let fits = unsigned || (offset as i64 >= 0 && (offset.wrapping_add(count) as i64) >= 0);
        self.kernel.require(fits, Errno::EINVAL, || Why::BadSize { size: offset })
    }

    /// What flows through pipes, counters, timers and sockets is not emulated.
    fn require_contents(&mut self, kind: InodeKind) -> SysResult<()> {
        let is_file = !matches!(kind, InodeKind::Object(_));
        self.kernel.require(is_file, Errno::ENOSYS, || Why::NotEmulated { name: "read or write of what is no file" })
    }

    /// The file of a descriptor that knows places in the file (Linux FMODE_PREAD, FMODE_PWRITE).
    pub(super) fn file_with_offsets(&mut self, fd: u64) -> SysResult<FileId> {
        let file = self.file_of(fd)?;
        let kind = self.kernel.fs.inode_of(file).kind;
        self.kernel.require(kind != InodeKind::Secret, Errno::ESPIPE, || Why::OnlyMapped)?;
        let has_places = !matches!(kind, InodeKind::Object(_));
        self.kernel.require(has_places, Errno::ESPIPE, || Why::NoPlaces)?;
        Ok(file)
    }

    /// Copies from a file to the program's memory; as much as could be copied, or EFAULT if nothing.
    pub(super) fn read_file(&mut self, file: FileId, buffer: &Arg, count: u64, offset: u64) -> SysResult {
        let open = self.kernel.fs.file(file);
        let (inode, readable, kind) = (open.inode, open.readable, self.kernel.fs.inode_of(file).kind);
        self.kernel.require(readable, Errno::EBADF, || Why::WrongOpenMode)?;
        self.kernel.require(kind != InodeKind::Secret, Errno::EINVAL, || Why::OnlyMapped)?;
        self.require_user_buffer(buffer, count)?;
        self.require_place(kind, offset, count)?;
        self.require_contents(kind)?;
        self.kernel.require(kind != InodeKind::Directory, Errno::EISDIR, || Why::IsDirectory)?;
        let count = count.min(MAX_RW_COUNT);
        let count = match kind {
            InodeKind::Proc(entry) if entry.file == ProcFile::Mem => return self.read_proc_mem(entry, buffer, count, offset),
            InodeKind::Proc(entry) if entry.file == ProcFile::Pagemap => return self.read_pagemap(entry, buffer, count, offset),
            InodeKind::Proc(_) | InodeKind::System { .. } => {
                self.write_down_proc_text(inode, offset)?;
                self.given_at_once(inode, offset, count)
            }
            InodeKind::Fuse => self.kernel.fuse_read_iter(inode, offset, count)?,
            _ => count,
        };
        let mut done = 0;
        while done < count {
            let place = offset + done;
            // Pages are copied one after another: the memory that is written may be those of the file.
            let most = if kind.has_pages() { PAGE_SIZE - place % PAGE_SIZE } else { CHUNK };
            let mut bytes = vec![0; (count - done).min(most) as usize];
            let got = match kind {
                InodeKind::DevZero => bytes.len(),
                // All holes.
                InodeKind::Hugetlb => bytes.len().min(self.kernel.fs.inode(inode).size.saturating_sub(place) as usize),
                InodeKind::Proc(_) | InodeKind::System { .. } => self.read_proc_text(inode, place, &mut bytes),
                InodeKind::DevNull
                | InodeKind::PidFd { .. }
                | InodeKind::Secret
                | InodeKind::Stream
                | InodeKind::Object(_)
                | InodeKind::Directory => 0,
                _ => {
                    let kernel = &mut self.kernel;
                    let read = kernel.fs.read_at(inode, place, &mut bytes, &mut kernel.phys, &mut kernel.trace);
                    match read {
                        Some(read) => read,
                        None => return kernel.refuse(Errno::ENOMEM, Why::OutOfFrames),
                    }
                }
            };
            let left = match (buffer, self.kernel.fs.inode(inode).frame_of(place / PAGE_SIZE).filter(|_| kind.has_pages())) {
                (Arg::Int(at), Some(pfn)) => self.copy_frame_to_user(pfn, place % PAGE_SIZE, VirtAddr(*at) + done, got),
                (Arg::Int(at), None) => self.copy_to_user(VirtAddr(*at) + done, &bytes[..got]),
                _ => 0,
            };
            self.output.extend_from_slice(&bytes[..got - left]);
            done += (got - left) as u64;
            if left > 0 || got < bytes.len() {
                break;
            }
        }
        let stuck = done == 0 && count > 0 && self.would_copy(kind, inode, offset);
        self.kernel.require(!stuck, Errno::EFAULT, || Why::BadUserAddress { at: VirtAddr(buffer.int()) })?;
        Ok(done)
    }

    /// Whether a read at an offset has something to give.
    fn would_copy(&self, kind: InodeKind, inode: InodeId, offset: u64) -> bool {
        match kind {
            InodeKind::DevZero => true,
            InodeKind::Disk | InodeKind::Fuse | InodeKind::Shmem | InodeKind::Hugetlb | InodeKind::Proc(_) | InodeKind::System { .. } => {
                offset < self.kernel.fs.inode(inode).size
            }
            _ => false,
        }
    }

    pub(super) fn sys_write(&mut self, [fd, buffer, count, ..]: &[Arg; 6]) -> SysResult {
        let file = self.file_of(fd.int())?;
        let position = self.kernel.fs.file(file).position;
        let done = self.write_file(file, buffer, count.int(), position)?;
        self.require_nothing_waits()?;
        self.move_behind(file, done);
        Ok(done)
    }

    /// The place of a file behind what has just been written to it.
    pub(super) fn move_behind(&mut self, file: FileId, done: u64) {
        let inode = self.kernel.fs.inode_of(file);
        // What is said to a file of /proc has no place in it, but for bytes of memory.
        let moves = !matches!(inode.kind, InodeKind::Proc(entry) if entry.file != ProcFile::Mem);
        let (size, has_pages) = (inode.size, inode.kind.has_pages());
        let open = self.kernel.fs.file_mut(file);
        if done > 0 && open.flags & O_APPEND != 0 && has_pages {
            open.position = size;
        } else if moves {
            open.position += done;
        }
    }

    pub(super) fn sys_pwrite64(&mut self, [fd, buffer, count, offset, ..]: &[Arg; 6]) -> SysResult {
        self.require_offset(offset.int())?;
        let file = self.file_with_offsets(fd.int())?;
        self.write_file(file, buffer, count.int(), offset.int())
    }

    /// How much of a write there may be: what reaches beyond a limit is cut.
    fn generic_write_checks(&mut self, kind: InodeKind, count: u64, offset: u64) -> SysResult {
        let (limit, most) = (self.kernel.task().limit(Resource::FSize), max_bytes(kind));
        if count == 0 {
            return Ok(0);
        }
        self.kernel.within_file_size_limit(offset.saturating_add(1))?;
        self.kernel.require(offset < most, Errno::EFBIG, || Why::BadSize { size: offset })?;
        Ok(count.min(limit - offset).min(most - offset))
    }

    pub(super) fn write_file(&mut self, file: FileId, buffer: &Arg, count: u64, offset: u64) -> SysResult {
        let open = self.kernel.fs.file(file);
        let (inode, writable, appends) = (open.inode, open.writable, open.flags & O_APPEND != 0);
        self.kernel.require(writable, Errno::EBADF, || Why::WrongOpenMode)?;
        let node = self.kernel.fs.inode(inode);
        let (kind, size, seals) = (node.kind, node.size, node.seals.unwrap_or(Seals::empty()));
        let has_method = !matches!(kind, InodeKind::Secret | InodeKind::Hugetlb);
        self.kernel.require(has_method, Errno::EINVAL, || Why::OnlyMapped)?;
        self.require_user_buffer(buffer, count)?;
        self.require_place(kind, offset, count)?;
        self.require_contents(kind)?;
        let count = count.min(MAX_RW_COUNT);
        if let InodeKind::Proc(entry) = kind {
            return self.write_proc_file(entry, buffer, count, offset);
        }
        if let InodeKind::System { file: SystemFile::Sysctl { index } } = kind {
            return self.write_sysctl(index, buffer, count, offset);
        }
        let about_all = matches!(kind, InodeKind::System { .. });
        self.kernel.require(!about_all, Errno::EIO, || Why::OnlyRead)?;
        if !kind.has_pages() {
            return Ok(count);
        }
        // Whatever place was given (Linux `generic_write_checks`, of pwrite(2) too).
        let offset = if appends && count > 0 { size } else { offset };
        let count = self.generic_write_checks(kind, count, offset)?;
        if kind == InodeKind::Fuse {
            self.kernel.fuse_write_begin(inode, offset, count, !matches!(buffer, Arg::Int(_)))?;
        }
        // The time is taken before anything is known of the bytes (Linux `file_update_time`).
        self.kernel.fs.inode_mut(inode).modified += u64::from(count > 0);
        let mut done = 0;
        while done < count {
            let at = offset.saturating_add(done);
            let mut bytes = vec![0; (count - done).min(PAGE_SIZE - at % PAGE_SIZE) as usize];
            // Asked page by page: what fits is written (Linux `shmem_write_begin`).
            let grows = seals.contains(Seals::GROW) && at.saturating_add(bytes.len() as u64) > size;
            if seals.intersects(Seals::WRITE | Seals::FUTURE_WRITE) || grows {
                self.kernel.require(done > 0, Errno::EPERM, || Why::SealForbids { seals: seals.bits() })?;
                break;
            }
            let kernel = &mut self.kernel;
            let Some(pfn) = kernel.fs.write_begin(inode, at, &mut kernel.phys, &mut kernel.trace) else {
                self.kernel.require(done > 0, Errno::ENOSPC, || Why::OutOfFrames)?;
                break;
            };
            let left = match buffer {
                Arg::Int(from) => self.copy_from_user_to_page(VirtAddr(*from) + done, pfn, at % PAGE_SIZE, &mut bytes),
                Arg::Bytes(given) => {
                    part_of(given, done, &mut bytes);
                    0
                }
                _ => 0,
            };
            let len = bytes.len() - left;
            if len == 0 {
                break;
            }
            let kernel = &mut self.kernel;
            kernel.fs.write_end(inode, at, pfn, &bytes[..len], &mut kernel.phys);
            done += len as u64;
            // After a part the rest is tried again: what was written may have made the file long enough for more.
        }
        self.kernel.require(done > 0 || count == 0, Errno::EFAULT, || Why::BadUserAddress { at: VirtAddr(buffer.int()) })?;
        Ok(done)
    }
}
