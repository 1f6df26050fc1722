//! Reading and writing files from and to several pieces of memory (Linux `fs/read_write.c:vfs_readv`, `vfs_writev`).

use super::{Arg, Machine};
use crate::errno::{Errno, SysResult};
use crate::fs::InodeKind;
use crate::ids::FileId;
use crate::mmu::Access;
use crate::why::Why;

impl Machine {
    pub(super) fn sys_readv(&mut self, args: &[Arg; 6]) -> SysResult {
        self.vectored_at_place(args, Access::Read)
    }

    pub(super) fn sys_writev(&mut self, args: &[Arg; 6]) -> SysResult {
        self.vectored_at_place(args, Access::Write)
    }

    pub(super) fn sys_preadv(&mut self, args: &[Arg; 6]) -> SysResult {
        self.vectored_at_offset(args, Access::Read)
    }

    pub(super) fn sys_pwritev(&mut self, args: &[Arg; 6]) -> SysResult {
        self.vectored_at_offset(args, Access::Write)
    }

    /// `access` is what happens to the file.
    fn vectored_at_place(&mut self, [fd, vector, count, ..]: &[Arg; 6], access: Access) -> SysResult {
        let file = self.file_of(fd.int())?;
        let position = self.kernel.fs.file(file).position;
        let done = self.vectored(file, vector, count.int(), position, access)?;
        self.require_nothing_waits()?;
        match access {
            Access::Write => self.move_behind(file, done),
            _ => self.kernel.fs.file_mut(file).position += done,
        }
        Ok(done)
    }

    /// The upper half of the offset counts for nothing where registers have 64 bits.
    fn vectored_at_offset(&mut self, [fd, vector, count, offset, ..]: &[Arg; 6], access: Access) -> SysResult {
        self.require_offset(offset.int())?;
        let file = self.file_with_offsets(fd.int())?;
        self.vectored(file, vector, count.int(), offset.int(), access)
    }

    /// Piece after piece, up to the first that is not used up; an error counts only before anything was moved.
    fn vectored(&mut self, file: FileId, vector: &Arg, count: u64, offset: u64, access: Access) -> SysResult {
        let open = self.kernel.fs.file(file);
        let opened = if access == Access::Write { open.writable } else { open.readable };
        let kind = self.kernel.fs.inode_of(file).kind;
        self.kernel.require(opened, Errno::EBADF, || Why::WrongOpenMode)?;
        let only_mapped = kind == InodeKind::Secret || (kind == InodeKind::Hugetlb && access == Access::Write);
        self.kernel.require(!only_mapped, Errno::EINVAL, || Why::OnlyMapped)?;
        let pieces = self.import_iovec(vector, count)?;
        let total = pieces.iter().map(|(_, len)| len).sum();
        if total == 0 {
            return Ok(0);
        }
        self.require_place(kind, offset, total)?;
        let mut done = 0;
        for (start, len) in pieces.into_iter().filter(|(_, len)| *len > 0) {
            let piece = Arg::Int(start);
            let moved = match access {
                Access::Write => self.write_file(file, &piece, len, offset + done),
                _ => self.read_file(file, &piece, len, offset + done),
            };
            match moved {
                Ok(moved) if moved == len => done += moved,
                Ok(moved) => return Ok(done + moved),
                Err(error) => return if done > 0 { Ok(done) } else { Err(error) },
            }
        }
        Ok(done)
    }
}
