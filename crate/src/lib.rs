//! Linux's memory manager as a library: `mmap`, VMAs and page faults over simulated paged memory
//! behind an emulated x86-64 MMU. The behaviour is Linux 6.18's, proved against recordings of the
//! live kernel.
//!
//! ```
//! use pagefault::machine::{Machine, MachineConfig};
//! use pagefault::addr::VirtAddr;
//!
//! let (mut machine, pid) = Machine::with_standard_process(&MachineConfig::reference()).unwrap();
//! // mmap(NULL, 16384, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
//! let at = machine.mmap(pid, [0, 16384, 3, 0x22, u64::MAX, 0]).unwrap();
//! assert_eq!(at, 0x7ffff7ff3000);
//! machine.store(pid, VirtAddr(at), b"hello").unwrap();
//! let refused = machine.mmap(pid, [0, 4096, 3, 0x22, u64::MAX, 0x201]).unwrap_err();
//! assert_eq!(refused.to_string(), "EINVAL: offset 0x201 is not a multiple of the page size");
//! ```
//!
//! The floors, ground first; a module uses those above it in this list, never those below:

#![deny(missing_docs)]
// What a user can reach has a name; what has none is the machine's own.
#![cfg_attr(not(feature = "internals"), deny(unnameable_types))]
// Which part has a caller is a matter of the features; with all of them, as the tests are built, every part must have one.
#![cfg_attr(not(feature = "internals"), allow(dead_code, unused_imports))]

// 0: typed words
pub mod addr;
mod blocks;
pub mod errno;
pub mod event;
pub mod flags;
pub mod ids;
pub mod signal;
mod sort;
pub mod sorted;
pub mod why;
// 1: frames
mod phys;
// 2: page tables, walk, TLB
mod mmu;
// 3: files
mod fs;
// 4: VMA algebra
mod vma;
// 5: the memory manager, and what `/proc` says of it
mod mm;
mod proc;
// 6: processes and system calls
pub mod machine;
// 7: looking, settings, the script language, logs, and maps and smaps that people have
#[cfg(feature = "script")]
pub mod dump;
#[cfg(feature = "script")]
pub mod log;
#[cfg(feature = "script")]
pub mod script;
mod settings;
#[cfg(feature = "script")]
pub mod track;
pub mod view;
// 8: JavaScript, and what this repository's own tests look at
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod internals;
#[cfg(all(target_arch = "wasm32", feature = "js"))]
#[doc(hidden)]
pub mod js;

/// Devices of your own: the seam of the call tree, `file->f_op->mmap` and `vma->vm_ops->fault`, open to whoever comes.
///
/// `examples/frame_buffer.rs` is one.
pub mod driver {
    pub use crate::ids::{DriverId, VmOpsId};
    pub use crate::mm::fault::{FaultContext, FaultOutcome};
    pub use crate::mm::{Driver, FileOperations, FoundPage, Kernel, VmOperations, find_cached_page};
    pub use crate::vma::Vma;
}
