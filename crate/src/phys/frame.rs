//! What is known of a frame (Linux `struct page` and `struct folio`).

use crate::ids::{AnonVmaId, InodeId};
use bitflags::bitflags;

bitflags! {
    /// State of a frame.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct FrameFlags: u8 {
        /// Written since it was last in step with its file (`PG_dirty`).
        const DIRTY = 1;
        /// Used lately (`PG_referenced`).
        const REFERENCED = 2;
        /// Belongs to one process alone: a write needs no copy (`PG_anon_exclusive`).
        const ANON_EXCLUSIVE = 4;
        /// Would go to swap when reclaimed; cleared by MADV_FREE (`PG_swapbacked`).
        const SWAP_BACKED = 8;
        /// Nobody's, and known to hold nothing but zeros: it need not be cleared for its next owner.
        const ZEROED = 16;
        /// In a cache, and not yet filled (not `PG_uptodate`): room that `fallocate` made in a file in memory, or
        /// the page in which a disk file was cut. It is not mapped along, and counts as absent for `mincore`.
        const UNFILLED = 32;
        /// Used often (`PG_active`): the page that `execve` writes the arguments to. Of no other page is it known.
        const ACTIVE = 64;
    }
}

/// Whose frame it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Owner {
    /// Nobody's.
    Free,
    /// A table of some process's page tables.
    PageTable {
        /// 4 PGD, 3 PUD, 2 PMD, 1 PTE.
        level: u8,
    },
    /// Private memory of the family `anon_vma`, at page offset `index`.
    Anon {
        /// The family (`folio->mapping`).
        anon_vma: AnonVmaId,
        /// `vm_pgoff` of the page when it was made (`folio->index`).
        index: u64,
    },
    /// A page of a file's cache.
    File {
        /// The file.
        inode: InodeId,
        /// Its page number in the file.
        index: u64,
        /// Whether the file lives in memory only (shmem).
        shmem: bool,
    },
    /// The one page of zeros that reads of untouched memory share.
    ZeroPage,
    /// A page that the kernel shows to programs (vdso, vvar).
    Kernel,
}

/// Metadata of one frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Frame {
    /// Holders: page-table entries, the page cache, the kernel.
    pub refcount: u32,
    /// Page-table entries that map it.
    pub mapcount: u32,
    /// State.
    pub flags: FrameFlags,
    /// Whose it is.
    pub owner: Owner,
    /// Order of the free block that starts here; meaningful to the allocator only.
    pub(super) free_order: Option<u8>,
    /// Links of the allocator's lists. (Reclaim will keep its LRU here.)
    pub(super) prev: u32,
    pub(super) next: u32,
}

impl Frame {
    /// A frame that nobody ever used: the host's memory behind it is new.
    pub(super) const UNUSED: Self = Self { flags: FrameFlags::ZEROED, ..Self::FREE };

    /// A frame nobody owns and no list holds.
    pub(super) const FREE: Self =
        Self { refcount: 0, mapcount: 0, flags: FrameFlags::empty(), owner: Owner::Free, free_order: None, prev: NIL, next: NIL };

    /// One entry less maps private memory that others map too: the short way of what happens at the end of a child.
    /// `false`, and nothing done, for any other frame.
    #[inline]
    pub fn put_shared_anon(&mut self) -> bool {
        let shared = self.refcount > 1 && self.is_anon();
        if shared {
            self.refcount -= 1;
            self.mapcount -= 1;
        }
        shared
    }

    /// One entry more maps private memory, which is nobody's alone any more: the short way of what fork does.
    /// `false`, and nothing done, for any other frame.
    #[inline]
    pub fn share_anon(&mut self) -> bool {
        let anon = self.is_anon();
        if anon {
            self.flags -= FrameFlags::ANON_EXCLUSIVE;
            self.refcount += 1;
            self.mapcount += 1;
        }
        anon
    }

    /// Whether it holds private memory (Linux `PageAnon`).
    #[inline]
    pub fn is_anon(&self) -> bool {
        matches!(self.owner, Owner::Anon { .. })
    }
}

/// "No frame" in a link.
pub(super) const NIL: u32 = u32::MAX;
