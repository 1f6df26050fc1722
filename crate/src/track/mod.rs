//! Floor 7, upstairs: the areas of another process, without RAM. Whoever sees its calls (ptrace, perf, eBPF) tells them
//! here, each with the address that the kernel answered, and asks what is mapped where and since which of them.
//!
//! Key types: [`AddressSpace`], [`Event`], [`Mapped`]. The rules are the machine's own: a [`Kernel`](crate::driver::Kernel)
//! that has no frames, so that its page tables never hold an entry.
//!
//! ```
//! use pagefault::addr::VirtAddr;
//! use pagefault::flags::{MapFlags, Prot};
//! use pagefault::track::{AddressSpace, Event, Mmap};
//!
//! let mut space = AddressSpace::from_maps("7f0000000000-7f0000010000 rw-p 00000000 00:00 0 \n").unwrap();
//! let flags = MapFlags::PRIVATE | MapFlags::ANONYMOUS;
//! let mmap = Mmap { at: VirtAddr(0x7f00_0002_0000), len: 0x3000, prot: Prot::READ, flags, file: None, offset: 0 };
//! let first = space.apply(&Event::Mmap(mmap)).unwrap();
//! space.apply(&Event::Mprotect { at: VirtAddr(0x7f00_0000_4000), len: 0x1000, prot: Prot::READ }).unwrap();
//! let mapped = space.at(VirtAddr(0x7f00_0002_1800)).unwrap();
//! assert_eq!((mapped.made, first), (1, 1));
//! assert_eq!(space.maps_text().lines().count(), 4);
//! let impossible = space.apply(&Event::Mprotect { at: VirtAddr(0x7f00_0004_0000), len: 0x1000, prot: Prot::READ });
//! assert_eq!(impossible.unwrap_err().to_string(), "mprotect of 7f0000040000-7f0000041000: ENOMEM: no memory is mapped at 0x7f0000040000");
//! ```

mod apply;
mod event;
mod possible;
mod read;
mod space;
mod stamps;

pub use crate::mm::MremapFlags;
pub use event::{Event, FileKind, MappedFile, Mmap, TrackError};
pub use space::{AddressSpace, Mapped};

/// The blocks of the guide that are Rust.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/tracking.md")]
struct Guide;
