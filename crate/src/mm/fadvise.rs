//! What advice about a file does to its cache (Linux `mm/fadvise.c:generic_fadvise`).

use super::kernel::Kernel;
use crate::addr::PAGE_SIZE;
use crate::fs::InodeKind;
use crate::ids::InodeId;

/// The last byte that is meant; a length of 0 means all that follows.
fn last_byte(offset: u64, len: u64) -> u64 {
    match offset.wrapping_add(len) {
        end if len == 0 || end < len => i64::MAX as u64,
        end => end - 1,
    }
}

impl Kernel {
    /// POSIX_FADV_WILLNEED: reads pages of a disk file into the cache, as many as the disk takes at once.
    pub(crate) fn fadvise_willneed(&mut self, inode: InodeId, offset: u64, len: u64) {
        let (first, last) = (offset / PAGE_SIZE, last_byte(offset, len) / PAGE_SIZE);
        let count = last.wrapping_sub(first).saturating_add(1);
        self.call("force_page_cache_ra", |k| k.read_ahead(inode, first, count));
    }

    /// POSIX_FADV_DONTNEED: writes what is dirty, and drops whole pages of the cache that are clean and that nobody maps. What
    /// has just begun to be written stays.
    pub(crate) fn fadvise_dontneed(&mut self, inode: InodeId, offset: u64, len: u64) {
        let last = last_byte(offset, len);
        let first = offset.div_ceil(PAGE_SIZE);
        let file = self.fs.inode(inode);
        // A part of a page is kept, but for that of the file's end.
        let whole = (last + 1).is_multiple_of(PAGE_SIZE) || last + 1 == file.size;
        let end = if whole { last / PAGE_SIZE + 1 } else { last / PAGE_SIZE };
        if file.kind != InodeKind::Disk {
            return;
        }
        self.call("mapping_try_invalidate", |k| {
            k.fs.invalidate_clean(inode, first..end, &mut k.phys, &mut k.trace);
            k.fs.write_back(inode, offset / PAGE_SIZE..(last / PAGE_SIZE).saturating_add(1), &mut k.phys);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::last_byte;

    #[test]
    fn no_length_means_all_that_follows() {
        assert_eq!((last_byte(0, 4096), last_byte(100, 0)), (4095, i64::MAX as u64));
        assert_eq!(last_byte(u64::MAX, 2), i64::MAX as u64);
    }
}
