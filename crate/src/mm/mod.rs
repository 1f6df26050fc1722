//! Floor 5: the memory manager. One file per verb, the fault path under `fault/`, and the seam of the
//! call tree: `file_operations` and `vm_operations` with their implementors.
//!
//! Key types: [`Kernel`] (everything the kernel keeps), [`Mm`] (`struct mm_struct`), [`Task`].
//! Mirrors Linux v6.18 `mm/mmap.c`, `mm/vma.c`, `mm/mprotect.c`, `mm/mremap.c`, `mm/madvise.c`,
//! `mm/mlock.c`, `mm/memory.c`, `mm/rmap.c`, `arch/x86/mm/fault.c`. Functions that *are* a kernel
//! function carry its name and appear by it in the trace.

mod access_remote;
mod accounting;
mod anon_vma;
mod brk;
mod check;
mod clear_refs;
mod driver;
mod exit;
mod fadvise;
pub mod fault;
mod file_operations;
mod fork;
mod fuse;
mod get_unmapped_area;
mod gup;
mod kernel;
mod madvise;
mod mincore;
mod mlock;
mod mm_struct;
mod mmap;
mod mmap_region;
mod mprotect;
mod mremap;
mod mseal;
mod msync;
mod munmap;
mod pkeys;
mod readahead;
mod remap_file_pages;
mod rmap;
mod save;
mod shm;
mod shmctl;
mod task;
mod truncate;
mod vm_operations;
mod vma_edit;
mod zap;

pub use access_remote::Transfer;
pub use accounting::Commit;
pub use clear_refs::ClearRefs;
pub use driver::Driver;
pub use file_operations::{FileOperations, file_operations};
pub use fuse::PopulateLeft;
pub use kernel::{Kernel, Sysctl, VmEvents};
pub use madvise::Advice;
pub(crate) use madvise::advised_flags;
pub use mm_struct::{Layout, Mm, Rss, Told};
pub use mmap::MmapRequest;
pub use mremap::{MremapFlags, MremapRequest};
pub use pkeys::INITIAL_PKRU;
pub use save::KernelSave;
pub use shm::Segments;
pub use shmctl::ShmidDs;
pub use task::{Capabilities, NR_OPEN, OOM_SCORE_ADJ_MIN, Personality, Resource, Rlimit, Task};
pub use truncate::{FallocateMode, max_bytes};
pub use vm_operations::{FoundPage, VmOperations, find_cached_page, vm_operations};
