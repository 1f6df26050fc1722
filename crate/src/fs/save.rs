//! Files at a moment: what did not change is shared with the save before.

use super::{Fs, Inode, OpenFile, Writeback};
use crate::blocks::{Seen, Shared};
use crate::ids::{InodeId, SlabSave};
use crate::sorted::SortedMap;

/// All files.
#[derive(Clone, Debug)]
pub struct FsSave {
    inodes: SlabSave<Inode, 1>,
    files: SlabSave<OpenFile, 16>,
    names: Shared<SortedMap<String, InodeId>>,
    next_disk_ino: u64,
    next_shmem_ino: u64,
    writeback: Writeback,
}

impl FsSave {
    /// Bytes of what was not counted yet, but for names and the caches' trees.
    pub fn bytes(&self, seen: &mut Seen) -> usize {
        let names = |names: &SortedMap<String, InodeId>| names.keys().map(|name| name.len() + 40).sum();
        self.inodes.bytes(seen) + self.files.bytes(seen) + self.names.bytes(seen, names)
    }
}

impl Fs {
    /// Saves all files.
    pub fn save(&self, before: Option<&FsSave>) -> FsSave {
        // What is asked and told belongs to the moment.
        let Self { inodes, files, names, next_disk_ino, next_shmem_ino, writeback, fuse: _ } = self;
        FsSave {
            inodes: inodes.save(before.map(|before| &before.inodes)),
            files: files.save(before.map(|before| &before.files)),
            names: Shared::of(names, before.map(|before| &before.names)),
            next_disk_ino: *next_disk_ino,
            next_shmem_ino: *next_shmem_ino,
            writeback: *writeback,
        }
    }

    /// The files of a save.
    pub fn restore(&mut self, save: &FsSave) {
        self.inodes.restore(&save.inodes);
        self.files.restore(&save.files);
        save.names.restore(&mut self.names);
        self.fuse = Default::default();
        (self.next_disk_ino, self.next_shmem_ino, self.writeback) = (save.next_disk_ino, save.next_shmem_ino, save.writeback);
    }
}
