//! Floor 2: the memory-management unit. Page-table entries inside simulated frames, the walk that
//! reads them from CR3 down, the TLB, and loads and stores through both.
//!
//! Key types: [`Pte`], [`Tables`], [`Cpu`], [`HardwareFault`]. Mirrors the x86-64 four-level format
//! (Intel SDM volume 3, chapter 5). It knows no VMA: permission here is what the entries say.

mod cpu;
mod last_table;
mod pte;
mod tables;
mod tlb;
mod walk;

pub use cpu::{Access, Cpu, CpuSave, HardwareFault};
pub use pte::{Marker, Pte};
pub use tables::{Slot, Tables};
pub use walk::{WalkStep, explain_walk};
