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

// 0: typed words
pub mod addr;
pub mod blocks;
pub mod errno;
pub mod event;
pub mod flags;
pub mod ids;
pub mod signal;
mod sort;
pub mod why;
// 1: frames
pub mod phys;
// 2: page tables, walk, TLB
pub mod mmu;
// 3: files
pub mod fs;
// 4: VMA algebra
pub mod vma;
// 5: the memory manager, and what `/proc` says of it
pub mod mm;
pub mod proc;
// 6: processes and system calls
pub mod machine;
// 7: looking, settings, the script language, logs, and maps and smaps that people have
#[cfg(feature = "script")]
pub mod dump;
#[cfg(feature = "script")]
pub mod log;
#[cfg(feature = "script")]
pub mod script;
pub mod settings;
pub mod view;
// 8: JavaScript
#[cfg(all(target_arch = "wasm32", feature = "js"))]
pub mod js;
