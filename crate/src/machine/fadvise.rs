//! `posix_fadvise(2)` (Linux `mm/fadvise.c`).

use super::{Arg, Machine};
use crate::errno::{Errno, SysResult};
use crate::fs::{InodeKind, Object};
use crate::why::Why;

const WILLNEED: u64 = 3;
const DONTNEED: u64 = 4;
const MOST_ADVICE: u64 = 5;

impl Machine {
    pub(super) fn sys_fadvise64(&mut self, [fd, offset, len, advice, ..]: &[Arg; 6]) -> SysResult {
        let file = self.file_of(fd.int())?;
        let (offset, len, advice) = (offset.int(), len.int(), advice.int() & 0xffff_ffff);
        let inode = self.kernel.fs.file(file).inode;
        let kind = self.kernel.fs.inode(inode).kind;
        self.kernel.require(kind != InodeKind::Object(Object::Pipe), Errno::ESPIPE, || Why::NoPlaces)?;
        self.kernel.require(len as i64 >= 0, Errno::EINVAL, || Why::BadSize { size: len })?;
        self.kernel.require(advice <= MOST_ADVICE, Errno::EINVAL, || Why::UnknownAdvice { advice: advice as i64 })?;
        // Where there is nothing to write back to, advice is known and does nothing.
        if kind.is_written_back() {
            match advice {
                WILLNEED => self.kernel.fadvise_willneed(inode, offset, len),
                DONTNEED => self.kernel.fadvise_dontneed(inode, offset, len),
                // How far a file is read ahead of reads depends on its past.
                _ => {}
            }
        }
        Ok(0)
    }
}
