//! Changing a file under its mappings (Linux `mm/truncate.c`, `mm/shmem.c`): entries go first, then
//! the cache.

use super::kernel::Kernel;
use super::task::Resource;
use super::zap::Zap;
use crate::addr::{PAGE_SIZE, PMD_SIZE};
use crate::errno::{Errno, SysResult};
use crate::fs::{Asked, Hooks, InodeKind, Notice, Seals};
use crate::ids::InodeId;
use crate::phys::FrameFlags;
use crate::why::Why;
use bitflags::bitflags;
use std::ops::Range;

bitflags! {
    /// `mode` of `fallocate(2)`.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct FallocateMode: u64 {
        /// The size stays.
        const KEEP_SIZE = 1;
        /// Make a hole; needs KEEP_SIZE.
        const PUNCH_HOLE = 2;
        /// Take a range out; what follows moves down.
        const COLLAPSE_RANGE = 8;
        /// Make zeros.
        const ZERO_RANGE = 0x10;
        /// Make room between; what follows moves up.
        const INSERT_RANGE = 0x20;
        /// Blocks that are shared with another file become the file's own.
        const UNSHARE_RANGE = 0x40;
        /// Zeros on the disk itself.
        const WRITE_ZEROES = 0x80;
        const _ = !0;
    }
}

impl FallocateMode {
    /// Modes that rearrange blocks: only some disk file systems know them, and here none.
    const OF_BLOCKS: Self = Self::COLLAPSE_RANGE.union(Self::INSERT_RANGE).union(Self::UNSHARE_RANGE).union(Self::WRITE_ZEROES);

    /// Whether any file could have been asked so: one mode, and with or without KEEP_SIZE as it must be
    /// (Linux `vfs_fallocate`).
    fn is_possible(self) -> bool {
        let keeps = self.contains(Self::KEEP_SIZE);
        match self - Self::KEEP_SIZE {
            Self::PUNCH_HOLE => keeps,
            Self::COLLAPSE_RANGE | Self::INSERT_RANGE | Self::WRITE_ZEROES => !keeps,
            mode => mode.is_empty() || mode == Self::UNSHARE_RANGE || mode == Self::ZERO_RANGE,
        }
    }
}

/// Larger files the disk's file system does not make (`s_maxbytes`).
const MAX_DISK_BYTES: u64 = 0xffff_ffff << 12;
/// Nor one that says nothing about it, as that of `/proc` (`MAX_NON_LFS`).
const MAX_NON_LFS: u64 = 0x7fff_ffff;

/// Bytes that a file of a kind can have at most.
pub fn max_bytes(kind: InodeKind) -> u64 {
    match kind {
        InodeKind::Disk => MAX_DISK_BYTES,
        InodeKind::Proc(_) | InodeKind::System { .. } => MAX_NON_LFS,
        _ => i64::MAX as u64,
    }
}

/// Whether a file is a regular one (`S_ISREG`).
fn is_regular(kind: InodeKind) -> bool {
    use InodeKind::*;
    matches!(kind, Disk | Fuse | Shmem | Hugetlb | Secret | Proc(_) | System { .. })
}

impl Kernel {
    /// Whether a file may get a size: a larger one only within RLIMIT_FSIZE, and what its kind can have.
    fn inode_newsize_ok(&mut self, inode: InodeId, size: u64) -> SysResult<()> {
        let file = self.fs.inode(inode);
        let (old, most) = (file.size, max_bytes(file.kind));
        if size <= old {
            return Ok(());
        }
        self.within_file_size_limit(size)?;
        self.require(size <= most, Errno::EFBIG, || Why::BadSize { size })
    }

    /// EFBIG and SIGXFSZ beyond RLIMIT_FSIZE. Who makes the calls does not heed the signal, as a program that ignores it.
    pub(crate) fn within_file_size_limit(&mut self, size: u64) -> SysResult<()> {
        let limit = self.task().limit(Resource::FSize);
        if size > limit {
            self.call("send_sig", |_| ());
        }
        self.require(size <= limit, Errno::EFBIG, || Why::FileSizeLimit { size, limit })
    }

    /// `ftruncate(2)` after the descriptor.
    ///
    /// # Errors
    /// EINVAL a kind of file without size, or a negative one; EFBIG too large; EPERM sealed.
    pub(crate) fn do_truncate(&mut self, inode: InodeId, size: u64) -> SysResult {
        self.call("do_truncate", |k| {
            let file = k.fs.inode(inode);
            let (kind, old, seals) = (file.kind, file.size, file.seals.unwrap_or(Seals::empty()));
            k.require((size as i64) >= 0, Errno::EINVAL, || Why::BadSize { size })?;
            // Secret memory gets its size once.
            let sized = is_regular(kind) && (kind != InodeKind::Secret || old == 0);
            k.require(sized, Errno::EINVAL, || Why::NotResizable)?;
            k.inode_newsize_ok(inode, size)?;
            let whole = kind != InodeKind::Hugetlb || size.is_multiple_of(PMD_SIZE);
            k.require(whole, Errno::EINVAL, || Why::BadSize { size })?;
            if matches!(kind, InodeKind::Proc(_) | InodeKind::System { .. }) {
                // Nobody minds, and nothing is cut.
                return Ok(0);
            }
            let forbidden = (size < old && seals.contains(Seals::SHRINK)) || (size > old && seals.contains(Seals::GROW));
            k.require(!forbidden, Errno::EPERM, || Why::SealForbids { seals: seals.bits() })?;
            k.ask_outside(inode, Hooks::TRUNCATE, Asked::Truncate(size))?;
            if size < old {
                k.call("truncate_pagecache", |k| {
                    let first = size.div_ceil(PAGE_SIZE);
                    k.unmap_mapping_pages(inode, first..u64::MAX >> 12, Zap::FileAndCopies);
                });
            }
            k.fs.set_size(inode, size, &mut k.phys, &mut k.trace);
            k.fs.inode_mut(inode).modified += 1;
            k.fs.notify(inode, |serial| Notice::Resized { serial, size });
            Ok(0)
        })
    }

    /// `fallocate(2)` after the descriptor.
    ///
    /// # Errors
    /// EINVAL a bad range, EOPNOTSUPP a bad mode, EBADF not opened for writing, ENODEV a kind of file without
    /// blocks, EPERM sealed.
    pub(crate) fn do_fallocate(&mut self, inode: InodeId, writable: bool, mode: FallocateMode, offset: u64, len: u64) -> SysResult {
        self.call("vfs_fallocate", |k| {
            let bad = (offset as i64) < 0 || (len as i64) <= 0;
            k.require(!bad, Errno::EINVAL, || Why::BadSize { size: len })?;
            k.require(mode.is_possible(), Errno::EOPNOTSUPP, || Why::UnknownFlags { flags: mode.bits() })?;
            k.require(writable, Errno::EBADF, || Why::WrongOpenMode)?;
            let file = k.fs.inode(inode);
            let (kind, size, seals) = (file.kind, file.size, file.seals.unwrap_or(Seals::empty()));
            k.require(is_regular(kind), Errno::ENODEV, || Why::NotResizable)?;
            let fits = offset.saturating_add(len) <= max_bytes(kind);
            k.require(fits, Errno::EFBIG, || Why::BadSize { size: offset.saturating_add(len) })?;
            k.require(kind != InodeKind::Secret, Errno::EOPNOTSUPP, || Why::OnlyMapped)?;
            if kind == InodeKind::Hugetlb {
                return k.hugetlbfs_fallocate(inode, mode, offset + len);
            }
            k.require(kind.has_pages() && kind != InodeKind::Fuse, Errno::EOPNOTSUPP, || Why::NotResizable)?;
            let moves = mode.intersects(FallocateMode::COLLAPSE_RANGE | FallocateMode::INSERT_RANGE) && kind == InodeKind::Disk;
            let whole_blocks = offset.is_multiple_of(PAGE_SIZE) && len.is_multiple_of(PAGE_SIZE);
            k.require(!moves || whole_blocks, Errno::EINVAL, || Why::BadSize { size: len })?;
            let of_no_memory = mode.contains(FallocateMode::ZERO_RANGE) && kind == InodeKind::Shmem;
            let known = !of_no_memory && !mode.intersects(FallocateMode::OF_BLOCKS);
            k.require(known, Errno::EOPNOTSUPP, || Why::UnknownFlags { flags: mode.bits() })?;
            let range = offset..offset.saturating_add(len);
            if mode.contains(FallocateMode::PUNCH_HOLE) {
                // On a disk a hole that reaches beyond the file's end takes the whole page of it, and no more.
                let beyond = kind == InodeKind::Disk && range.end > size;
                let end = if beyond { size.next_multiple_of(PAGE_SIZE) } else { range.end };
                return k.punch_hole(inode, offset..end, size).map(|()| 0);
            }
            let grows = range.end > size;
            let new_size = (grows && !mode.contains(FallocateMode::KEEP_SIZE)).then_some(range.end);
            // Of files in memory whether or not the size stays.
            if new_size.is_some() || kind == InodeKind::Shmem {
                k.inode_newsize_ok(inode, range.end)?;
            }
            if mode.contains(FallocateMode::ZERO_RANGE) {
                return k.zero_range(inode, range, new_size).map(|()| 0);
            }
            // Whether or not the size stays.
            let sealed = grows && seals.contains(Seals::GROW);
            k.require(!sealed, Errno::EPERM, || Why::SealForbids { seals: seals.bits() })?;
            k.allocate_pages(inode, range, new_size)?;
            k.fs.inode_mut(inode).modified += 1;
            Ok(0)
        })
    }

    /// A file of huge pages gets none, since their pool is empty, and has none that a hole could take.
    fn hugetlbfs_fallocate(&mut self, inode: InodeId, mode: FallocateMode, end: u64) -> SysResult {
        let file = self.fs.inode(inode);
        let (grows, seals) = (end > file.size, file.seals.unwrap_or(Seals::empty()));
        let known = FallocateMode::KEEP_SIZE | FallocateMode::PUNCH_HOLE;
        self.require(known.contains(mode), Errno::EOPNOTSUPP, || Why::UnknownFlags { flags: mode.bits() })?;
        let hole = mode.contains(FallocateMode::PUNCH_HOLE);
        let sealed = if hole { seals.intersects(Seals::WRITE | Seals::FUTURE_WRITE) } else { grows && seals.contains(Seals::GROW) };
        if !hole {
            self.inode_newsize_ok(inode, end)?;
        }
        self.require(!sealed, Errno::EPERM, || Why::SealForbids { seals: seals.bits() })?;
        self.require(hole, Errno::ENOSPC, || Why::HugePoolEmpty)?;
        Ok(0)
    }

    /// Zeros in a range of a disk file, and room for it (Linux `ext4_zero_range`). The room for a page that is covered
    /// in part is made first, and with it the file grows; else it grows afterwards (measured: by then the page of the
    /// old end has left the cache).
    fn zero_range(&mut self, inode: InodeId, range: Range<u64>, new_size: Option<u64>) -> SysResult<()> {
        let parts = !range.start.is_multiple_of(PAGE_SIZE) || !range.end.is_multiple_of(PAGE_SIZE);
        if parts {
            self.grow_on_disk(inode, new_size);
        }
        self.punch_hole(inode, range.clone(), u64::MAX)?;
        self.fs.keep_room(inode, range.start / PAGE_SIZE..range.end.div_ceil(PAGE_SIZE));
        if !parts {
            self.grow_on_disk(inode, new_size);
        }
        Ok(())
    }

    /// The file reaches further. What came to the page of the new end is zeroed (Linux `ext4_alloc_file_blocks`,
    /// measured).
    fn grow_on_disk(&mut self, inode: InodeId, new_size: Option<u64>) {
        let (old, Some(end)) = (self.fs.inode(inode).size, new_size) else { return };
        self.fs.set_size(inode, end, &mut self.phys, &mut self.trace);
        let came = (end - end % PAGE_SIZE).max(old)..end;
        self.fs.zero_part(inode, came, &mut self.phys, &mut self.trace);
    }

    /// Makes room for a range. Files in memory get their pages now.
    fn allocate_pages(&mut self, inode: InodeId, range: Range<u64>, new_size: Option<u64>) -> SysResult<()> {
        let pages = range.start / PAGE_SIZE..range.end.div_ceil(PAGE_SIZE);
        if self.fs.inode(inode).kind == InodeKind::Disk {
            self.fs.keep_room(inode, pages);
            self.grow_on_disk(inode, new_size);
            return Ok(());
        }
        let room = pages.end - pages.start <= u64::from(self.phys.free_frames());
        self.require(room, Errno::ENOSPC, || Why::OutOfFrames)?;
        for index in pages {
            let cached = self.fs.cached_page(inode, index, &mut self.phys, &mut self.trace).unwrap_or(None);
            let (page, new) = match cached {
                Some(pfn) => (pfn, FrameFlags::empty()),
                None => match self.fs.fill_page(inode, index, &mut self.phys, &mut self.trace) {
                    Some(pfn) => (pfn, FrameFlags::UNFILLED),
                    None => break,
                },
            };
            self.fs.mark_dirty(page, &mut self.phys);
            // Asked for a second time, the room is filled with its zeros.
            let frame = self.phys.frame_mut(page);
            frame.flags = (frame.flags - FrameFlags::UNFILLED) | new;
        }
        if let Some(size) = new_size {
            self.fs.set_size(inode, size, &mut self.phys, &mut self.trace);
        }
        Ok(())
    }

    /// Makes a range of a file read as zeros. Private copies of its pages survive. From `limit` on no page is looked at
    /// of which it takes only a part.
    fn punch_hole(&mut self, inode: InodeId, hole: Range<u64>, limit: u64) -> SysResult<()> {
        self.call("punch_hole", |k| {
            let seals = k.fs.inode(inode).seals.unwrap_or(Seals::empty());
            let sealed = seals.intersects(Seals::WRITE | Seals::FUTURE_WRITE);
            k.require(!sealed, Errno::EPERM, || Why::SealForbids { seals: seals.bits() })?;
            k.fs.inode_mut(inode).modified += 1;
            if hole.is_empty() {
                return Ok(());
            }
            let whole = hole.start.div_ceil(PAGE_SIZE)..hole.end / PAGE_SIZE;
            if whole.end == 0 {
                // A hole inside the first page: the kernel computes the end of the whole pages as -1, takes it
                // for the largest number, and unmaps all that follows (measured).
                k.unmap_mapping_pages(inode, whole.start..u64::MAX >> 12, Zap::FilePages);
            }
            if whole.start < whole.end {
                k.unmap_mapping_pages(inode, whole.clone(), Zap::FilePages);
                k.fs.punch(inode, whole.clone(), &mut k.phys, &mut k.trace);
            }
            // What is left are parts of pages at both ends.
            let (first_end, last_start) = (hole.end.min(whole.start * PAGE_SIZE), hole.start.max(whole.end * PAGE_SIZE));
            for part in [hole.start..first_end, last_start..hole.end] {
                let inside = part.start < part.end && part.start / PAGE_SIZE == (part.end - 1) / PAGE_SIZE;
                if inside && part.start < limit {
                    k.fs.zero_part(inode, part, &mut k.phys, &mut k.trace);
                }
            }
            Ok(())
        })
    }
}
