//! A descriptor's place in its file (Linux `fs/read_write.c:vfs_llseek` and the methods that it calls).

use super::{Arg, Machine};
use crate::errno::{Errno, SysResult};
use crate::fs::{InodeKind, Object, ProcEntry, ProcFile, SystemFile};
use crate::ids::FileId;
use crate::mm::max_bytes;
use crate::why::Why;

const SEEK_CUR: u64 = 1;
const SEEK_END: u64 = 2;
const SEEK_DATA: u64 = 3;
const SEEK_HOLE: u64 = 4;

/// How a kind of file finds a place, by the kernel's name of the method.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    /// It has none: a stream.
    None,
    /// `null_lseek`: always 0.
    Null,
    /// `noop_llseek`: the place stays.
    Noop,
    /// `mem_lseek`: places are addresses.
    Memory,
    /// `seq_lseek`: no end is known.
    Seq,
    /// `generic_file_llseek_size`: up to a largest place, with an end.
    Generic { most: u64, end: u64 },
    /// The same, with holes that the file knows.
    Holes { most: u64, end: u64 },
    /// `default_llseek`: a text that reaches on without an end.
    Default { end: u64 },
}

impl Machine {
    fn seek_method(&self, file: FileId) -> Method {
        let inode = self.kernel.fs.inode_of(file);
        let (end, most) = (inode.size, max_bytes(inode.kind));
        match inode.kind {
            InodeKind::Disk | InodeKind::Shmem => Method::Holes { most, end },
            InodeKind::Fuse => Method::Generic { most, end },
            InodeKind::Hugetlb => Method::Default { end },
            // Places are hashes of names.
            InodeKind::Directory => Method::Generic { most: i64::MAX as u64, end: i64::MAX as u64 },
            InodeKind::DevZero | InodeKind::DevNull => Method::Null,
            InodeKind::Proc(ProcEntry { file, .. }) => match file {
                ProcFile::Mem | ProcFile::Pagemap => Method::Memory,
                ProcFile::ClearRefs => Method::Noop,
                ProcFile::Auxv | ProcFile::Environ | ProcFile::Cmdline => Method::Generic { most: i64::MAX as u64, end: 0 },
                ProcFile::OomScoreAdj => Method::Default { end: 0 },
                _ => Method::Seq,
            },
            InodeKind::System { file: SystemFile::Sysctl { .. } } => Method::Default { end: 0 },
            InodeKind::System { .. } => Method::Seq,
            InodeKind::Object(Object::EventFd | Object::TimerFd) => Method::Noop,
            InodeKind::Object(_) => Method::None,
            InodeKind::Secret | InodeKind::PidFd { .. } | InodeKind::Device { .. } | InodeKind::Stream => Method::None,
        }
    }

    /// Moves the place of an open file: the new one (Linux `ksys_lseek`).
    pub(super) fn sys_lseek(&mut self, [fd, offset, whence, ..]: &[Arg; 6]) -> SysResult {
        let file = self.file_of(fd.int())?;
        let whence = whence.int() & 0xffff_ffff;
        self.require_whence(whence <= SEEK_HOLE, whence)?;
        let place = self.place_wanted(file, offset.int(), whence)?;
        self.kernel.fs.file_mut(file).position = place;
        Ok(place)
    }

    fn require_whence(&mut self, is_known: bool, whence: u64) -> SysResult<()> {
        self.kernel.require(is_known, Errno::EINVAL, || Why::BadArgument { index: 2, value: whence })
    }

    fn place_wanted(&mut self, file: FileId, offset: u64, whence: u64) -> SysResult {
        let now = self.kernel.fs.file(file).position;
        let moved = now.wrapping_add(offset);
        let method = self.seek_method(file);
        let (most, end) = match method {
            Method::None => return self.kernel.refuse(Errno::ESPIPE, Why::NoPlaces),
            Method::Null => return Ok(0),
            Method::Noop => return Ok(now),
            Method::Memory | Method::Seq => {
                self.require_whence(whence <= SEEK_CUR, whence)?;
                let place = if whence == SEEK_CUR { moved } else { offset };
                return if method == Method::Memory { Ok(place) } else { self.place_within(place, i64::MAX as u64) };
            }
            Method::Generic { most, end } | Method::Holes { most, end } => (most, end),
            Method::Default { end } => (i64::MAX as u64, end),
        };
        let place = match whence {
            SEEK_CUR => moved,
            SEEK_END => end.wrapping_add(offset),
            SEEK_DATA | SEEK_HOLE => {
                self.kernel.require(offset < end, Errno::ENXIO, || Why::NoDataBehind { offset })?;
                self.hole_or_data(file, offset, whence, method)?
            }
            _ => offset,
        };
        self.place_within(place, most)
    }

    /// Linux `vfs_setpos`.
    fn place_within(&mut self, place: u64, most: u64) -> SysResult {
        self.kernel.require(place <= most, Errno::EINVAL, || Why::BadSize { size: place })?;
        Ok(place)
    }

    /// The next data or hole; a file that knows of no holes is data up to its end.
    fn hole_or_data(&mut self, file: FileId, offset: u64, whence: u64, method: Method) -> SysResult {
        let (inode, phys) = (self.kernel.fs.inode_of(file), &self.kernel.phys);
        let found = match (whence, method) {
            (SEEK_DATA, Method::Holes { .. }) => inode.next_data(offset, phys),
            (SEEK_DATA, _) => Some(offset),
            (_, Method::Holes { .. }) => Some(inode.next_hole(offset, phys)),
            _ => Some(inode.size),
        };
        match found {
            Some(place) => Ok(place),
            None => self.kernel.refuse(Errno::ENXIO, Why::NoDataBehind { offset }),
        }
    }
}
