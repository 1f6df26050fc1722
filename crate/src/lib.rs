//! Linux's memory manager as a library.
#![warn(missing_docs)]

pub mod addr;
pub mod errno;
pub mod event;
pub mod flags;
pub mod fs;
pub mod ids;
pub mod machine;
pub mod mm;
pub mod mmu;
pub mod phys;
pub mod signal;
pub mod vma;
pub mod why;
