//! What another process did to its memory, and what of it cannot be.

use crate::addr::{PAGE_SIZE, VirtAddr, VirtRange, page_align};
use crate::errno::SysError;
use crate::flags::{MapFlags, Prot};
use crate::mm::MremapFlags;
use crate::why::SignalWhy;
use thiserror::Error;

/// What stands behind a file that is mapped: it decides which areas may join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum FileKind {
    /// On a disk, or wherever else.
    #[default]
    Disk,
    /// In memory: memfd, tmpfs, shared anonymous memory.
    Memory,
    /// A System V segment, attached by `shmat`: its areas never vanish in a merge.
    Segment,
    /// `/dev/zero`: mapped privately, it is anonymous memory that keeps its name.
    Zero,
}

/// A file as `/proc/PID/maps` shows it, and through what it was mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MappedFile<'a> {
    /// Device, major and minor.
    pub dev: (u32, u32),
    /// Inode number.
    pub ino: u64,
    /// The name in maps.
    pub path: &'a str,
    /// Which `open` of it, by any number: areas of two opens never join (`vma->vm_file`). 0 if that is not known.
    pub open: u64,
    /// Opened for writing. A shared mapping of a file that was not can never become writable.
    pub writable: bool,
    /// What it is.
    pub kind: FileKind,
}

impl<'a> MappedFile<'a> {
    /// A file on a disk, opened for writing, it is not known by which `open`.
    pub const fn new(dev: (u32, u32), ino: u64, path: &'a str) -> Self {
        Self { dev, ino, path, open: 0, writable: true, kind: FileKind::Disk }
    }
}

/// A call of `mmap(2)` and the address that it returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mmap<'a> {
    /// What the kernel returned.
    pub at: VirtAddr,
    /// Length in bytes, as given.
    pub len: u64,
    /// Access, as given.
    pub prot: Prot,
    /// `MAP_*`, as given. Without MAP_FIXED nothing can have been at `at`.
    pub flags: MapFlags,
    /// The file. With MAP_SHARED and MAP_ANONYMOUS the one that the kernel made, if it is known.
    pub file: Option<MappedFile<'a>>,
    /// Offset in the file, in bytes.
    pub offset: u64,
}

/// What another process did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the arguments of the calls, by their names there
pub enum Event<'a> {
    /// `mmap(2)`, or `shmat(2)` with its segment as file.
    Mmap(Mmap<'a>),
    /// `munmap(2)`, `shmdt(2)`.
    Munmap { at: VirtAddr, len: u64 },
    /// `mprotect(2)`.
    Mprotect { at: VirtAddr, len: u64, prot: Prot },
    /// `mremap(2)`; `to` is what it returned.
    Mremap { at: VirtAddr, old_len: u64, new_len: u64, flags: MremapFlags, to: VirtAddr },
    /// `brk(2)`; `to` is what it returned.
    Brk { to: VirtAddr },
    /// `madvise(2)`, the advice by its number.
    Madvise { at: VirtAddr, len: u64, advice: i64 },
    /// `mlock(2)`, `mlock2(2)`.
    Mlock { at: VirtAddr, len: u64, flags: u64 },
    /// `munlock(2)`.
    Munlock { at: VirtAddr, len: u64 },
    /// `mlockall(2)`.
    Mlockall { flags: u64 },
    /// `munlockall(2)`.
    Munlockall,
    /// `mseal(2)`.
    Mseal { at: VirtAddr, len: u64 },
    /// `prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME)`.
    Name { at: VirtAddr, len: u64, name: Option<&'a str> },
    /// Pages were written, by the program or by the kernel for it. Private areas with pages of their own join others by
    /// stricter rules (`anon_vma`): who never tells of it sees areas join that the kernel keeps apart.
    Written { at: VirtAddr, len: u64 },
    /// A stack has grown down to the page of `to`.
    Grown { to: VirtAddr },
}

impl Event<'_> {
    /// The call's name.
    pub const fn call(&self) -> &'static str {
        match self {
            Self::Mmap(_) => "mmap",
            Self::Munmap { .. } => "munmap",
            Self::Mprotect { .. } => "mprotect",
            Self::Mremap { .. } => "mremap",
            Self::Brk { .. } => "brk",
            Self::Madvise { .. } => "madvise",
            Self::Mlock { .. } => "mlock",
            Self::Munlock { .. } => "munlock",
            Self::Mlockall { .. } => "mlockall",
            Self::Munlockall => "munlockall",
            Self::Mseal { .. } => "mseal",
            Self::Name { .. } => "prctl",
            Self::Written { .. } => "a write",
            Self::Grown { .. } => "a stack's growth",
        }
    }

    /// What it speaks of, in whole pages: empty if its numbers wrap, everything if it names no range.
    pub fn range(&self) -> VirtRange {
        match *self {
            Self::Mmap(Mmap { at, len, .. })
            | Self::Munmap { at, len }
            | Self::Mprotect { at, len, .. }
            | Self::Mremap { at, old_len: len, .. }
            | Self::Madvise { at, len, .. }
            | Self::Mlock { at, len, .. }
            | Self::Munlock { at, len }
            | Self::Mseal { at, len }
            | Self::Name { at, len, .. }
            | Self::Written { at, len } => pages(at, len),
            Self::Brk { to } | Self::Grown { to } => pages(to, PAGE_SIZE),
            Self::Mlockall { .. } | Self::Munlockall => VirtRange::new(0, u64::MAX),
        }
    }
}

/// The pages that some bytes lie in; empty if they wrap.
pub(super) fn pages(at: VirtAddr, len: u64) -> VirtRange {
    let start = at.page_floor();
    VirtRange { start, end: VirtAddr(at.0.checked_add(len).map_or(start.0, page_align)) }
}

/// Why an event, or a text, cannot be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TrackError {
    /// The areas that are known forbid it: an event is missing, or was told wrongly.
    #[error("{call} of {range}: {error}")]
    Impossible {
        /// The call's name.
        call: &'static str,
        /// What it speaks of.
        range: VirtRange,
        /// The check of the kernel's that fails.
        error: SysError,
    },
    /// No stack can grow so.
    #[error("a stack's growth to {to}: {why}")]
    NoGrowth {
        /// Where to.
        to: VirtAddr,
        /// Why not.
        why: SignalWhy,
    },
    /// A text is not the maps of one process.
    #[error("line {line}: {reason}")]
    Text {
        /// From 1; 0 for the text as a whole.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// Maps can be read into an address space that has no area.
    #[error("{0} areas are known already")]
    NotEmpty(usize),
}
