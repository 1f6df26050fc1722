//! A file's contents and attributes (Linux `struct inode` and its `address_space`).

use super::{Content, Fuse, Object};
use crate::addr::{PAGE_SIZE, Pfn};
use crate::ids::{DriverId, InodeId, MmSerial, Pid};
use crate::phys::Owner;
use crate::sorted::{SortedMap, SortedSet};
use bitflags::bitflags;
use smallvec::SmallVec;
use std::ops::Range;

/// The device of `/dev/shm`.
pub const TMPFS_DEV: (u32, u32) = (0, 0x17);
/// The device of files whose contents come from outside.
const FUSE_DEV: (u32, u32) = (0, 0x30);

/// What kind of file it is: decides what may be done with it, and how a mapping of it behaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InodeKind {
    /// On a disk (ext4): write notification, a size that reads stop at.
    Disk,
    /// Its contents come from outside the machine (a file system in user space).
    Fuse,
    /// In memory: memfd, tmpfs, shared anonymous memory, SysV segments.
    Shmem,
    /// Secret memory (`memfd_secret`): mapped, and nothing else.
    Secret,
    /// In huge pages (hugetlbfs), of which this machine has none.
    Hugetlb,
    /// A directory.
    Directory,
    /// `/dev/zero`.
    DevZero,
    /// `/dev/null`.
    DevNull,
    /// A process (`pidfd_open`).
    PidFd {
        /// Its number.
        pid: Pid,
    },
    /// A device that somebody else wrote.
    Device {
        /// Its driver.
        driver: DriverId,
    },
    /// A file of `/proc/PID`.
    Proc(ProcEntry),
    /// A file of `/proc` about the whole machine.
    System {
        /// Which.
        file: SystemFile,
    },
    /// What has a descriptor and is no file.
    Object(Object),
    /// A pipe, a terminal, any other `/proc` file: can be read and written, not mapped.
    Stream,
}

impl InodeKind {
    /// Whether read(2), write(2) and mappings share pages of a cache: files on disk and in memory.
    pub const fn has_pages(self) -> bool {
        matches!(self, Self::Disk | Self::Shmem | Self::Fuse)
    }

    /// Whether dirty pages have somewhere to be written to.
    pub const fn is_written_back(self) -> bool {
        matches!(self, Self::Disk | Self::Fuse)
    }
}

/// Files of `/proc` about the whole machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SystemFile {
    /// `meminfo`.
    Meminfo,
    /// `vmstat`.
    Vmstat,
    /// `buddyinfo`.
    Buddyinfo,
    /// `sysvipc/shm`.
    SysvipcShm,
    /// A setting, a file below `sys/vm`.
    Sysctl {
        /// Its place in the table of settings.
        index: u8,
    },
}

impl SystemFile {
    /// The file of a name that is no setting's.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "meminfo" => Self::Meminfo,
            "vmstat" => Self::Vmstat,
            "buddyinfo" => Self::Buddyinfo,
            "sysvipc/shm" => Self::SysvipcShm,
            _ => return None,
        })
    }
}

/// A file of `/proc/PID`, opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ProcEntry {
    /// Whose.
    pub pid: Pid,
    /// Which.
    pub file: ProcFile,
    /// The memory that it looks at, if that was settled when it was opened.
    pub memory: Option<MmSerial>,
}

/// Files of `/proc/PID`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProcFile {
    /// `mem`: the process's memory, at the offset that is its address.
    Mem,
    /// `clear_refs`: a number written to it is an order.
    ClearRefs,
    /// `pagemap`: eight bytes for each page.
    Pagemap,
    /// `maps`.
    Maps,
    /// `smaps`.
    Smaps,
    /// `smaps_rollup`.
    SmapsRollup,
    /// `status`, its memory lines.
    Status,
    /// `statm`.
    Statm,
    /// `stat`: 52 numbers.
    Stat,
    /// `limits`.
    Limits,
    /// `auxv`: what `execve` told the program, words in pairs.
    Auxv,
    /// `oom_score`.
    OomScore,
    /// `oom_score_adj`: may be written.
    OomScoreAdj,
    /// `numa_maps`.
    NumaMaps,
    /// `cmdline`: the program's memory that its arguments lie in.
    Cmdline,
    /// `environ`: the same of its environment.
    Environ,
    /// `comm`: the name, may be written.
    Comm,
}

impl ProcFile {
    const NAMES: [(&str, Self); 17] = [
        ("mem", Self::Mem),
        ("clear_refs", Self::ClearRefs),
        ("pagemap", Self::Pagemap),
        ("maps", Self::Maps),
        ("smaps", Self::Smaps),
        ("smaps_rollup", Self::SmapsRollup),
        ("status", Self::Status),
        ("statm", Self::Statm),
        ("stat", Self::Stat),
        ("limits", Self::Limits),
        ("auxv", Self::Auxv),
        ("oom_score", Self::OomScore),
        ("oom_score_adj", Self::OomScoreAdj),
        ("numa_maps", Self::NumaMaps),
        ("cmdline", Self::Cmdline),
        ("environ", Self::Environ),
        ("comm", Self::Comm),
    ];

    /// The file of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(of, _)| *of == name).map(|(_, file)| *file)
    }

    /// Its permission bits.
    pub const fn mode(self) -> u32 {
        match self {
            Self::Mem => 0o600,
            Self::ClearRefs => 0o200,
            Self::Pagemap | Self::Auxv | Self::Environ => 0o400,
            Self::OomScoreAdj | Self::Comm => 0o644,
            _ => 0o444,
        }
    }

    /// Whether it cannot be opened where there is no memory.
    pub const fn needs_memory(self) -> bool {
        matches!(self, Self::SmapsRollup | Self::Pagemap | Self::Mem | Self::Auxv | Self::Environ)
    }

    /// Whether it looks at the memory that the process had when it was opened (Linux `proc_mem_open`), and asks for the
    /// right to trace the process.
    pub const fn opens_memory(self) -> bool {
        use ProcFile::*;
        matches!(self, Mem | Pagemap | Maps | Smaps | SmapsRollup | Auxv | Environ | NumaMaps)
    }
}

/// What a file in memory was made for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Purpose {
    /// To be a file.
    #[default]
    File,
    /// To hold shared anonymous memory.
    SharedAnonymous,
    /// To be a SysV segment.
    Segment {
        /// Its id.
        id: u64,
    },
}

bitflags! {
    /// Seals of a memfd (`fcntl(2)`, F_ADD_SEALS).
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Seals: u32 {
        /// No more seals.
        const SEAL = 0x1;
        /// No shrinking.
        const SHRINK = 0x2;
        /// No growing.
        const GROW = 0x4;
        /// No writing.
        const WRITE = 0x8;
        /// No new writing; mappings that exist may go on.
        const FUTURE_WRITE = 0x10;
        /// The execute bits of the mode stay as they are.
        const EXEC = 0x20;
    }
}

/// A file.
#[derive(Clone, Debug, PartialEq)]
pub struct Inode {
    /// What kind.
    pub kind: InodeKind,
    /// What it was made for, if it is in memory.
    pub purpose: Purpose,
    /// Inode number, as `/proc/PID/maps` shows it.
    pub ino: u64,
    /// Device, major and minor.
    pub dev: (u32, u32),
    /// Length in bytes.
    pub size: u64,
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Names.
    pub links: u32,
    /// Open file descriptions.
    pub opens: u32,
    /// Seals; `None` for a file that cannot be sealed at all.
    pub seals: Option<Seals>,
    /// VMAs that are shared and may become writable (Linux `i_mmap_writable`).
    pub shared_writable_mappings: u32,
    /// Times the contents changed: stands in for mtime.
    pub modified: u64,
    /// Pages promised for its whole size when it was made (shared anonymous memory).
    pub promised_pages: u64,
    /// Bytes on the disk.
    pub content: Content,
    /// Counts as cached as a whole: a page takes a frame at first use and no fault on it is major.
    pub warm: bool,
    /// Cached pages with their frames; each frame is held by one reference.
    pub(crate) pages: SortedMap<u64, Pfn>,
    /// The disk has bytes up to here; zeros follow.
    pub backing_end: u64,
    /// Pages that were punched out of the disk's contents.
    pub(crate) holes: SortedSet<u64>,
    /// Pages that got a place on the disk when they were written back.
    pub(crate) written_blocks: SortedSet<u64>,
    /// Pages for which fallocate(2) has kept room on the disk: disjoint ranges, their ends by their starts.
    pub(crate) room: SortedMap<u64, u64>,
    /// Pages of a warm file that are not cached any more: disjoint ranges, their ends by their starts.
    pub(crate) cold: SortedMap<u64, u64>,
    /// What the disk holds of pages that left the cache, where it is not what the file held at first.
    pub(crate) on_disk: SortedMap<u64, Box<[u8]>>,
    /// It was cut to nothing: who closes it next has its new contents written (Linux EXT4_STATE_DA_ALLOC_CLOSE), so
    /// that a crash leaves no empty file.
    pub(crate) flush_on_close: bool,
    /// Who has the contents, if they come from outside.
    pub fuse: Option<Box<Fuse>>,
}

impl Inode {
    /// An empty file of a kind, mode 0644, owned by root.
    pub fn new(kind: InodeKind) -> Self {
        Self {
            kind,
            purpose: Purpose::File,
            ino: 0,
            dev: match kind {
                InodeKind::Shmem => (0, 1),
                InodeKind::Secret => (0, 0xe),
                InodeKind::Hugetlb => (0, 0xf),
                InodeKind::Fuse => FUSE_DEV,
                InodeKind::DevZero | InodeKind::DevNull | InodeKind::Device { .. } => (0, 6),
                _ => (0xfe, 0),
            },
            size: 0,
            mode: 0o644,
            uid: 0,
            links: 0,
            opens: 0,
            seals: None,
            shared_writable_mappings: 0,
            modified: 0,
            promised_pages: 0,
            content: Content::Zeros,
            warm: false,
            pages: SortedMap::new(),
            backing_end: 0,
            holes: SortedSet::new(),
            written_blocks: SortedSet::new(),
            room: SortedMap::new(),
            cold: SortedMap::new(),
            on_disk: SortedMap::new(),
            flush_on_close: false,
            fuse: None,
        }
    }

    /// An empty file with a name in a file system in memory (tmpfs at `/dev/shm`).
    pub fn in_tmpfs() -> Self {
        Self { dev: TMPFS_DEV, seals: Some(Seals::SEAL), ..Self::new(InodeKind::Shmem) }
    }

    /// Whether a page counts as cached (`mincore`, fault-around).
    pub fn is_cached(&self, index: u64) -> bool {
        self.pages.contains_key(&index) || self.is_warm_page(index)
    }

    /// The pages of a range that count as cached, in order, with the frame of each that has one.
    pub fn cached_in(&self, pages: Range<u64>) -> SmallVec<[(u64, Option<Pfn>); 16]> {
        if self.warm {
            let frames = pages.map(|index| (index, self.frame_of(index)));
            return frames.filter(|(index, frame)| frame.is_some() || self.is_warm_page(*index)).collect();
        }
        if pages.is_empty() {
            return SmallVec::new();
        }
        self.pages.range(pages).map(|(index, pfn)| (*index, Some(*pfn))).collect()
    }

    /// Whether a page counts as cached without having a frame yet.
    pub(super) fn is_warm_page(&self, index: u64) -> bool {
        let is_backed = self.warm && index < self.backing_end.div_ceil(PAGE_SIZE) && !self.holes.contains(&index);
        is_backed && !is_within(&self.cold, index)
    }

    /// The frame of a page that has one.
    pub fn frame_of(&self, index: u64) -> Option<Pfn> {
        self.pages.get(&index).copied()
    }

    /// All cached pages with frames, in order.
    pub fn pages(&self) -> impl Iterator<Item = (u64, Pfn)> {
        self.pages.iter().map(|(index, pfn)| (*index, *pfn))
    }

    /// How many pages are cached with a frame.
    pub fn cached_pages(&self) -> u64 {
        self.pages.len() as u64
    }

    /// Pages in the file: the size rounded up.
    pub fn page_count(&self) -> u64 {
        self.size.div_ceil(PAGE_SIZE)
    }

    /// Whether a page has a place on the disk: otherwise it is a hole.
    pub(super) fn has_block(&self, index: u64) -> bool {
        index * PAGE_SIZE < self.backing_end && !self.holes.contains(&index) || self.written_blocks.contains(&index)
    }

    /// Whether a page that is written needs to find a place on the disk first.
    pub(super) fn needs_place(&self, index: u64) -> bool {
        !self.has_block(index) && !self.has_room(index)
    }

    /// Whether room was kept for a page (fallocate(2)).
    pub(super) fn has_room(&self, index: u64) -> bool {
        is_within(&self.room, index)
    }

    /// Gives back the room that was kept for some pages.
    pub(super) fn forget_room(&mut self, pages: &Range<u64>) {
        while let Some((start, end)) = self.room.range(..pages.end).next_back().filter(|(_, end)| **end > pages.start) {
            let (start, end) = (*start, *end);
            self.room.remove(&start);
            let outside = [start..end.min(pages.start), start.max(pages.end)..end];
            self.room.extend(outside.into_iter().filter(|room| !room.is_empty()).map(|room| (room.start, room.end)));
        }
    }

    /// Reads a page from the disk; `false` if it is all zeros.
    pub(super) fn read_backing(&self, index: u64, page: &mut [u8]) -> bool {
        let start = index * PAGE_SIZE;
        if start >= self.backing_end || self.holes.contains(&index) || self.content == Content::Zeros {
            return false;
        }
        let valid = (self.backing_end - start).min(PAGE_SIZE) as usize;
        self.content.read(start, &mut page[..valid]);
        true
    }

    pub(super) fn owner(&self, id: InodeId, index: u64) -> Owner {
        Owner::File { inode: id, index, shmem: self.kind == InodeKind::Shmem }
    }
}

/// Whether one of some disjoint ranges, ends by starts, has a number.
fn is_within(ranges: &SortedMap<u64, u64>, index: u64) -> bool {
    ranges.range(..=index).next_back().is_some_and(|(_, end)| *end > index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_kept_and_given_back_in_parts() {
        let mut inode = Inode::new(InodeKind::Disk);
        inode.room.extend([(2, 6), (8, 9), (20, u64::MAX)]);
        inode.forget_room(&(4..5));
        inode.forget_room(&(8..25));
        assert_eq!(inode.room.into_iter().collect::<Vec<_>>(), [(2, 4), (5, 6), (25, u64::MAX)]);
        let mut inode = Inode::new(InodeKind::Disk);
        inode.room.extend([(2, 6), (8, 9)]);
        inode.forget_room(&(6..8));
        let places: Vec<_> = (0..10).filter(|index| !inode.needs_place(*index)).collect();
        assert_eq!(places, [2, 3, 4, 5, 8]);
        inode.forget_room(&(0..u64::MAX));
        assert!(inode.room.is_empty());
    }
}
