//! Floor 3: files. Inodes with their page caches, open file descriptions, names. Contents only:
//! nothing here knows of a mapping (floor 5 unmaps first, then edits the cache).
//!
//! Key types: [`Fs`], [`Inode`], [`OpenFile`], [`Content`]. Mirrors Linux `mm/filemap.c` (the cache),
//! `mm/shmem.c` (files in memory) and as much of a disk file system as mappings can observe.
//!
//! Policy, where the real thing depends on the disk: folios of order 0, no read-ahead. A page of a
//! *warm* file counts as cached from the start and takes its frame at the first use.

mod content;
mod fuse;
mod inode;
mod invalidate;
mod object;
mod save;
mod seek;
mod stat;

pub use content::Content;
pub use fuse::{Asked, Fuse, FuseQueue, Hooks, Missing, Notice, Provided, Request};
pub use inode::{Inode, InodeKind, ProcEntry, ProcFile, Purpose, Seals, SystemFile, TMPFS_DEV};
pub use object::Object;
pub use save::FsSave;

use crate::addr::{PAGE_SIZE, Pfn};
use crate::event::Trace;
use crate::ids::{FileId, InodeId, Slab};
use crate::phys::{FrameFlags, Owner, Phys};
use crate::sorted::SortedMap;

/// Writes go to the end of the file (open(2)).
pub const O_APPEND: u64 = 0o2000;

/// An open file description (Linux `struct file`).
#[derive(Clone, Debug, PartialEq)]
pub struct OpenFile {
    /// Its contents.
    pub inode: InodeId,
    /// Opened for reading.
    pub readable: bool,
    /// Opened for writing.
    pub writable: bool,
    /// Opened with `O_PATH`: it stands for a place, and neither reads, writes nor maps.
    pub path_only: bool,
    /// Status flags (`F_GETFL` of fcntl(2)) without the access mode: [`O_APPEND`] and what it was opened with.
    pub flags: u64,
    /// Whether it may be read and written past the cache (O_DIRECT; Linux FMODE_CAN_ODIRECT).
    pub takes_direct: bool,
    /// The name that `/proc/PID/maps` shows.
    pub path: String,
    /// Position of `read(2)` and `write(2)`, in bytes.
    pub position: u64,
    /// Descriptors and VMAs that hold it.
    pub references: u32,
}

/// How to open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenMode {
    /// For reading.
    pub read: bool,
    /// For writing.
    pub write: bool,
}

/// All files of the machine.
#[derive(Clone, Debug, Default)]
pub struct Fs {
    inodes: Slab<InodeId, Inode>,
    files: Slab<FileId, OpenFile>,
    names: SortedMap<String, InodeId>,
    next_disk_ino: u64,
    next_shmem_ino: u64,
    /// Pages of disk files that became dirty, and that were written back, since the start.
    pub writeback: Writeback,
    /// What is asked of and told to whoever has contents of files outside the machine.
    pub fuse: FuseQueue,
}

/// `nr_dirtied` and `nr_written` of `/proc/vmstat`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Writeback {
    /// Pages that became dirty.
    pub dirtied: u64,
    /// Pages that were written back.
    pub written: u64,
}

impl Fs {
    /// Adds an inode; numbers it if it has no number yet.
    pub fn add_inode(&mut self, mut inode: Inode) -> InodeId {
        let counter = if inode.kind == InodeKind::Shmem { &mut self.next_shmem_ino } else { &mut self.next_disk_ino };
        if inode.ino == 0 {
            *counter += 1;
            inode.ino = *counter;
        }
        self.inodes.insert(inode)
    }

    /// Gives an inode a name; a name in use moves to the new inode.
    pub fn link(&mut self, path: &str, inode: InodeId) {
        self.inodes[inode].links += 1;
        self.names.insert(path.to_string(), inode);
    }

    /// The inode of a name.
    pub fn lookup(&self, path: &str) -> Option<InodeId> {
        self.names.get(path).copied()
    }

    /// Takes a name away. The contents go with the last name and the last holder.
    pub fn unlink(&mut self, path: &str, phys: &mut Phys, trace: &mut Trace) -> Option<InodeId> {
        let inode = self.names.remove(path)?;
        self.inodes[inode].links -= 1;
        for (_, file) in self.files_of(inode) {
            file.path.push_str(" (deleted)");
        }
        self.drop_if_unused(inode, phys, trace);
        Some(inode)
    }

    fn files_of(&mut self, inode: InodeId) -> impl Iterator<Item = (FileId, &mut OpenFile)> {
        self.files.iter_mut().filter(move |(_, file)| file.inode == inode)
    }

    /// Names and their inodes, in order of name.
    pub fn names(&self) -> impl Iterator<Item = (&str, InodeId)> {
        self.names.iter().map(|(name, inode)| (name.as_str(), *inode))
    }

    /// Opens an inode: a new description with one reference.
    pub fn open(&mut self, inode: InodeId, path: &str, mode: OpenMode) -> FileId {
        self.inodes[inode].opens += 1;
        let (readable, writable) = (mode.read, mode.write);
        let (path, path_only, takes_direct) = (path.to_string(), false, false);
        self.files.insert(OpenFile { inode, readable, writable, path_only, flags: 0, takes_direct, path, position: 0, references: 1 })
    }

    /// Adds a holder (Linux `get_file`).
    #[inline]
    pub fn get_file(&mut self, file: FileId) {
        self.files[file].references += 1;
    }

    /// Drops a holder; the last one closes (Linux `fput`).
    pub fn put_file(&mut self, file: FileId, phys: &mut Phys, trace: &mut Trace) {
        let open = &mut self.files[file];
        open.references -= 1;
        if open.references == 0 {
            let inode = open.inode;
            self.files.remove(file);
            self.inodes[inode].opens -= 1;
            self.notify(inode, |serial| Notice::Released { serial });
            self.drop_if_unused(inode, phys, trace);
        }
    }

    /// An inode without names and holders goes: also one that was made to be opened, and was not.
    pub fn drop_if_unused(&mut self, id: InodeId, phys: &mut Phys, trace: &mut Trace) {
        let inode = &mut self.inodes[id];
        if inode.links == 0 && inode.opens == 0 {
            for (_, pfn) in std::mem::take(&mut inode.pages) {
                phys.put(pfn, trace);
            }
            self.notify(id, |serial| Notice::Forgotten { serial });
            self.inodes.remove(id);
        }
    }

    /// An open file.
    #[inline]
    pub fn file(&self, file: FileId) -> &OpenFile {
        &self.files[file]
    }

    /// An open file, to be changed.
    pub fn file_mut(&mut self, file: FileId) -> &mut OpenFile {
        &mut self.files[file]
    }

    /// An inode.
    #[inline]
    pub fn inode(&self, inode: InodeId) -> &Inode {
        &self.inodes[inode]
    }

    /// An inode that may have gone.
    pub fn try_inode(&self, inode: InodeId) -> Option<&Inode> {
        self.inodes.get(inode)
    }

    /// An inode, to be changed.
    pub fn inode_mut(&mut self, inode: InodeId) -> &mut Inode {
        &mut self.inodes[inode]
    }

    /// The inode behind an open file.
    #[inline]
    pub fn inode_of(&self, file: FileId) -> &Inode {
        &self.inodes[self.files[file].inode]
    }

    /// All inodes.
    pub fn inodes(&self) -> impl Iterator<Item = (InodeId, &Inode)> {
        self.inodes.iter()
    }

    /// All open files.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &OpenFile)> {
        self.files.iter()
    }

    /// The frame of a cached page: one that has a frame, or that a warm file gives one now.
    /// `Ok(None)` if the page is not cached.
    ///
    /// # Errors
    /// `Err(())` when RAM is exhausted.
    #[allow(clippy::result_unit_err)]
    pub fn cached_page(&mut self, id: InodeId, index: u64, phys: &mut Phys, trace: &mut Trace) -> Result<Option<Pfn>, ()> {
        let inode = &self.inodes[id];
        if let Some(pfn) = inode.pages.get(&index) {
            return Ok(Some(*pfn));
        }
        if !inode.is_warm_page(index) {
            return Ok(None);
        }
        self.fill_page(id, index, phys, trace).map(Some).ok_or(())
    }

    /// Brings a page into the cache: read from the disk, or zeros for memory. `None` when RAM is
    /// exhausted. The page must not have a frame yet.
    pub fn fill_page(&mut self, id: InodeId, index: u64, phys: &mut Phys, trace: &mut Trace) -> Option<Pfn> {
        let inode = &mut self.inodes[id];
        let pfn = phys.alloc_zeroed(inode.owner(id, index), trace)?;
        let mut page = [0; PAGE_SIZE as usize];
        if let Some(written) = inode.on_disk.remove(&index) {
            phys.write(pfn, 0, &written);
        } else if inode.read_backing(index, &mut page) {
            phys.write(pfn, 0, &page);
        }
        let old = inode.pages.insert(index, pfn);
        debug_assert!(old.is_none(), "a page was cached twice");
        Some(pfn)
    }

    /// Changes the size: cuts pages and zeroes the tail, or leaves a hole behind the old end.
    /// Mappings must have been cut before (Linux `truncate_pagecache` after `unmap_mapping_range`).
    pub fn set_size(&mut self, id: InodeId, size: u64, phys: &mut Phys, trace: &mut Trace) {
        let inode = &mut self.inodes[id];
        let old = std::mem::replace(&mut inode.size, size);
        // Also if the size stays: a write that failed may have left a page behind the end.
        if size <= old {
            inode.flush_on_close |= size == 0 && inode.kind == InodeKind::Disk;
            inode.backing_end = inode.backing_end.min(size);
            inode.written_blocks.split_off(&size.div_ceil(PAGE_SIZE));
            inode.on_disk.split_off(&size.div_ceil(PAGE_SIZE));
            inode.forget_room(&(size.div_ceil(PAGE_SIZE)..u64::MAX));
            let cut = inode.pages.split_off(&size.div_ceil(PAGE_SIZE));
            for (_, pfn) in cut {
                phys.put(pfn, trace);
            }
            self.zero_part(id, size..size.next_multiple_of(PAGE_SIZE), phys, trace);
        } else if inode.kind.is_written_back() {
            // Bytes a mapping wrote behind the old end never become part of a disk file; in a file
            // of memory they do (measured).
            self.zero_part(id, old..old.next_multiple_of(PAGE_SIZE), phys, trace);
        }
    }

    /// Zeroes a part of one page. A disk file takes the page into its cache for that, unfilled if it was not
    /// there (Linux `ext4_block_zero_page_range`, measured); its block is dirty then, if there is one.
    pub fn zero_part(&mut self, id: InodeId, part: std::ops::Range<u64>, phys: &mut Phys, trace: &mut Trace) {
        if part.is_empty() {
            return;
        }
        let index = part.start / PAGE_SIZE;
        let on_disk = self.inodes[id].kind == InodeKind::Disk;
        let page = match self.cached_page(id, index, phys, trace) {
            Ok(None) if on_disk => {
                let new = self.fill_page(id, index, phys, trace);
                new.inspect(|pfn| phys.frame_mut(*pfn).flags |= FrameFlags::UNFILLED)
            }
            cached => cached.unwrap_or(None),
        };
        let Some(pfn) = page else { return };
        phys.zero_range(pfn, part.start % PAGE_SIZE, part.end - part.start);
        // Whoever has the contents outside is told of the size, and cuts them off too.
        let kind = self.inodes[id].kind;
        if kind != InodeKind::Fuse && (!on_disk || self.inodes[id].has_block(index)) {
            self.mark_dirty(pfn, phys);
        }
    }

    /// A page differs from what its disk holds (Linux `folio_mark_dirty`).
    #[inline]
    pub fn mark_dirty(&mut self, pfn: Pfn, phys: &mut Phys) {
        let frame = phys.frame_mut(pfn);
        if frame.flags.contains(FrameFlags::DIRTY) {
            return;
        }
        frame.flags |= FrameFlags::DIRTY;
        if let Owner::File { inode, .. } = frame.owner {
            let on_disk = self.try_inode(inode).is_some_and(|inode| inode.kind.is_written_back());
            self.writeback.dirtied += u64::from(on_disk);
        }
    }

    /// Whether the holder that drops a file next has its pages written, as far as some have no place on the disk yet
    /// (Linux `ext4_alloc_da_blocks`). Asking is the occasion: it happens once.
    pub fn takes_flush_on_close(&mut self, file: FileId, phys: &Phys) -> bool {
        let open = &self.files[file];
        if open.references > 1 {
            return false;
        }
        let inode = &mut self.inodes[open.inode];
        let due = std::mem::take(&mut inode.flush_on_close);
        let is_dirty = |pfn| phys.frame(pfn).flags.contains(FrameFlags::DIRTY);
        due && inode.pages().any(|(index, pfn)| is_dirty(pfn) && inode.needs_place(index))
    }

    /// Writes dirty pages of a disk file to its disk: they become clean (Linux `filemap_fdatawrite_range`).
    pub fn write_back(&mut self, id: InodeId, pages: std::ops::Range<u64>, phys: &mut Phys) {
        if self.inodes[id].fuse.is_some() {
            return self.write_outside(id, pages, phys);
        }
        let is_dirty = |page: &(&u64, &Pfn)| phys.frame(*page.1).flags.contains(FrameFlags::DIRTY);
        let inode = &mut self.inodes[id];
        let dirty: Vec<_> = inode.pages.range(pages).filter(is_dirty).map(|(index, pfn)| (*index, *pfn)).collect();
        self.writeback.written += dirty.len() as u64;
        for (index, pfn) in dirty {
            phys.frame_mut(pfn).flags -= FrameFlags::DIRTY;
            inode.written_blocks.insert(index);
        }
    }

    /// Keeps room on the disk for pages of a file (fallocate(2)).
    pub fn keep_room(&mut self, id: InodeId, pages: std::ops::Range<u64>) {
        let inode = &mut self.inodes[id];
        inode.forget_room(&pages);
        inode.room.insert(pages.start, pages.end);
    }

    /// Takes whole pages out of the cache and its backing: they read as zeros
    /// (`FALLOC_FL_PUNCH_HOLE`). Mappings must have been cut before.
    pub fn punch(&mut self, id: InodeId, pages: std::ops::Range<u64>, phys: &mut Phys, trace: &mut Trace) {
        let inode = &mut self.inodes[id];
        let doomed: Vec<_> = inode.pages.range(pages.clone()).map(|(index, pfn)| (*index, *pfn)).collect();
        for (index, pfn) in doomed {
            inode.pages.remove(&index);
            phys.put(pfn, trace);
        }
        if inode.kind == InodeKind::Disk {
            inode.written_blocks.retain(|index| !pages.contains(index));
            let mut behind = inode.on_disk.split_off(&pages.start);
            inode.on_disk.extend(behind.split_off(&pages.end));
            inode.forget_room(&pages);
            inode.holes.extend(pages.start..pages.end.min(inode.backing_end.div_ceil(PAGE_SIZE)));
        }
    }

    /// Copies bytes out of the cache, stopping at the end of the file. The count of bytes; pages that
    /// are not cached are read first. `None` when RAM is exhausted before the first byte.
    pub fn read_at(&mut self, id: InodeId, offset: u64, into: &mut [u8], phys: &mut Phys, trace: &mut Trace) -> Option<usize> {
        let size = self.inodes[id].size;
        let len = (into.len() as u64).min(size.saturating_sub(offset)) as usize;
        let mut done = 0;
        while done < len {
            let at = offset + done as u64;
            let part = (len - done).min((PAGE_SIZE - at % PAGE_SIZE) as usize);
            let target = &mut into[done..done + part];
            let page = match self.inodes[id].frame_of(at / PAGE_SIZE) {
                Some(pfn) => Some(pfn),
                // A hole of a file in memory reads as zeros and stays one.
                None if self.inodes[id].kind == InodeKind::Shmem && !self.inodes[id].is_cached(at / PAGE_SIZE) => {
                    target.fill(0);
                    done += part;
                    continue;
                }
                None => self.page_for_copy(id, at / PAGE_SIZE, phys, trace),
            };
            match page {
                Some(pfn) => phys.read(pfn, at % PAGE_SIZE, target),
                None if done == 0 => return None,
                None => return Some(done),
            }
            done += part;
        }
        Some(done)
    }

    /// Makes room for bytes at a place, inside one page: the page is cached, and the file reaches up to the place,
    /// before anybody knows whether the bytes can be had (Linux `generic_perform_write`: `write_begin`, measured).
    /// The page's frame, for [`Fs::write_end`]; `None` when RAM is exhausted.
    pub fn write_begin(&mut self, id: InodeId, offset: u64, phys: &mut Phys, trace: &mut Trace) -> Option<Pfn> {
        let end = self.inodes[id].size;
        if offset > end {
            self.set_size(id, offset, phys, trace);
        }
        let pfn = self.page_for_copy(id, offset / PAGE_SIZE, phys, trace)?;
        let inode = &mut self.inodes[id];
        // On a disk nothing written from a page's first byte on leaves a block alone that is there.
        let left_alone = offset.is_multiple_of(PAGE_SIZE) && inode.has_block(offset / PAGE_SIZE);
        if inode.kind == InodeKind::Shmem || !left_alone {
            self.mark_dirty(pfn, phys);
        }
        Some(pfn)
    }

    /// Copies the bytes that could be had, at least one, into the page that [`Fs::write_begin`] found; the file grows to
    /// hold them (Linux `write_end`).
    pub fn write_end(&mut self, id: InodeId, offset: u64, pfn: Pfn, from: &[u8], phys: &mut Phys) {
        phys.write(pfn, offset % PAGE_SIZE, from);
        self.mark_dirty(pfn, phys);
        let inode = &mut self.inodes[id];
        inode.size = inode.size.max(offset + from.len() as u64);
        inode.modified += 1;
    }

    fn page_for_copy(&mut self, id: InodeId, index: u64, phys: &mut Phys, trace: &mut Trace) -> Option<Pfn> {
        match self.cached_page(id, index, phys, trace) {
            Ok(Some(pfn)) => {
                phys.frame_mut(pfn).flags -= FrameFlags::UNFILLED;
                Some(pfn)
            }
            Ok(None) => self.fill_page(id, index, phys, trace),
            Err(()) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk_file(size: u64) -> (Fs, InodeId, Phys, Trace) {
        let mut fs = Fs::default();
        let content = Content::Pattern { name: "t".into() };
        let inode = fs.add_inode(Inode { size, backing_end: size, content, warm: true, ..Inode::new(InodeKind::Disk) });
        fs.link("/t", inode);
        (fs, inode, Phys::new(4 << 20), Trace::default())
    }

    #[test]
    fn truncation_zeroes_the_tail_and_extension_shows_zeros() {
        let (mut fs, inode, mut phys, mut trace) = disk_file(8192);
        fs.set_size(inode, 100, &mut phys, &mut trace);
        fs.set_size(inode, 8192, &mut phys, &mut trace);
        let mut bytes = [1; 8192];
        assert_eq!(fs.read_at(inode, 0, &mut bytes, &mut phys, &mut trace), Some(8192));
        assert!(bytes[..100].iter().all(|b| *b != 0) && bytes[100..].iter().all(|b| *b == 0));
    }

    #[test]
    fn contents_go_with_the_last_name_and_the_last_holder() {
        let (mut fs, inode, mut phys, mut trace) = disk_file(4096);
        let file = fs.open(inode, "/t", OpenMode { read: true, write: false });
        fs.read_at(inode, 0, &mut [0; 1], &mut phys, &mut trace);
        fs.unlink("/t", &mut phys, &mut trace);
        assert_eq!(fs.file(file).path, "/t (deleted)");
        assert_eq!(phys.free_frames(), phys.total_frames() - 1);
        fs.put_file(file, &mut phys, &mut trace);
        assert_eq!(phys.free_frames(), phys.total_frames());
    }

    #[test]
    fn a_hole_in_memory_is_not_what_was_there_from_the_start() {
        let (mut fs, mut phys, mut trace) = (Fs::default(), Phys::new(4 << 20), Trace::default());
        let content = Content::Bytes(b"given".to_vec());
        let inode = Inode { size: 8192, backing_end: 4096, content, warm: true, ..Inode::new(InodeKind::Shmem) };
        let inode = fs.add_inode(inode);
        let mut bytes = [1; 8192];
        assert_eq!(fs.read_at(inode, 0, &mut bytes, &mut phys, &mut trace), Some(8192));
        assert_eq!((&bytes[..5], bytes[8191]), (&b"given"[..], 0));
        assert_eq!((fs.inode(inode).is_cached(0), fs.inode(inode).is_cached(1)), (true, false));
    }

    #[test]
    fn writing_grows_and_reading_stops_at_the_end() {
        let (mut fs, inode, mut phys, mut trace) = disk_file(0);
        for (offset, part) in [(4090, b"hello ".as_slice()), (4096, b"world")] {
            let pfn = fs.write_begin(inode, offset, &mut phys, &mut trace).unwrap();
            fs.write_end(inode, offset, pfn, part, &mut phys);
        }
        let mut bytes = [0; 64];
        assert_eq!(fs.read_at(inode, 4090, &mut bytes, &mut phys, &mut trace), Some(11));
        assert_eq!(&bytes[..11], b"hello world");
    }
}
