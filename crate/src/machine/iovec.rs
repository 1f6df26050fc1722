//! I/O vectors (Linux `lib/iov_iter.c`): lists of pieces of memory, in the program's memory or given.

use super::read_write::MAX_RW_COUNT;
use super::{Arg, Machine};
use crate::addr::VirtAddr;
use crate::errno::{Errno, SysResult};
use crate::why::Why;

/// Pieces of one I/O vector at most (`UIO_MAXIOV`).
const UIO_MAXIOV: u64 = 1024;
/// Bytes of a `struct iovec`.
const IOVEC_BYTES: usize = 16;

/// A piece of memory: start and length in bytes.
pub(super) type Piece = (u64, u64);

impl Machine {
    /// The pieces of an I/O vector as they are written (Linux `iovec_from_user`).
    ///
    /// # Errors
    /// EINVAL for too many or a negative length, EFAULT if they cannot be read.
    pub(super) fn iovec_from_user(&mut self, vector: &Arg, count: u64) -> SysResult<Vec<Piece>> {
        self.kernel.require(count <= UIO_MAXIOV, Errno::EINVAL, || Why::BadVectorCount { count, most: UIO_MAXIOV })?;
        let bytes = self.structure_from_user(vector, 0, count * IOVEC_BYTES as u64)?;
        let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
        let pieces: Vec<_> = bytes.chunks_exact(IOVEC_BYTES).map(|piece| (word(&piece[..8]), word(&piece[8..]))).collect();
        if let Some((_, len)) = pieces.iter().find(|(_, len)| *len > i64::MAX as u64) {
            return self.kernel.refuse(Errno::EINVAL, Why::BadSize { size: *len });
        }
        Ok(pieces)
    }

    /// The same for memory of the caller's own, cut off where the pieces would be too much (Linux
    /// `import_iovec`).
    ///
    /// # Errors
    /// As above, and EFAULT for a piece beyond the user address space.
    pub(super) fn import_iovec(&mut self, vector: &Arg, count: u64) -> SysResult<Vec<Piece>> {
        let pieces = self.iovec_from_user(vector, count)?;
        let mut total = 0;
        let mut cut = Vec::with_capacity(pieces.len());
        let single = pieces.len() == 1;
        for (start, mut len) in pieces {
            if single {
                len = len.min(MAX_RW_COUNT);
            }
            let inside = start.checked_add(len).is_some_and(|end| end <= self.kernel.task_size());
            self.kernel.require(inside, Errno::EFAULT, || Why::BadUserAddress { at: VirtAddr(start) })?;
            let len = len.min(MAX_RW_COUNT - total);
            total += len;
            cut.push((start, len));
        }
        Ok(cut)
    }
}
