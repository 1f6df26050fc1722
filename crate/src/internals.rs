//! What this repository's own tests and measurements look at inside of the machine (feature `internals`). No part of the
//! interface: anything here may be another thing tomorrow.

pub use crate::fs::{Fs, Inode, TMPFS_DEV};
pub use crate::mm::{Commit, INITIAL_PKRU, Mm, Segments, VmEvents};
pub use crate::mmu::{Cpu, Pte, Tables, WalkStep, explain_walk};
pub use crate::phys::{Frame, Owner, Phys};
pub use crate::vma::{GapSearch, VmaSet, VmaTree, why_apart};

use crate::ids::{InodeId, Pid};
use crate::machine::{Machine, Sysctl};

/// Physical memory.
pub fn phys(machine: &Machine) -> &Phys {
    &machine.kernel.phys
}

/// The CPU, with its TLB.
pub fn cpu(machine: &Machine) -> &Cpu {
    &machine.kernel.cpu
}

/// Files.
pub fn fs(machine: &Machine) -> &Fs {
    &machine.kernel.fs
}

/// System V segments.
pub fn segments(machine: &Machine) -> &Segments {
    &machine.kernel.shm
}

/// What `/proc/vmstat` counts.
pub fn vm_events(machine: &Machine) -> VmEvents {
    machine.kernel.vm_events
}

/// Committed_AS.
pub fn committed(machine: &Machine) -> &Commit {
    &machine.kernel.commit
}

/// Address spaces and families of private pages that there are.
pub fn left(machine: &Machine) -> (usize, usize) {
    (machine.kernel.mms.iter().count(), machine.kernel.anon_vmas.iter().count())
}

/// Tunables.
pub fn sysctl(machine: &mut Machine) -> &mut Sysctl {
    &mut machine.kernel.sysctl
}

/// Whether its CPU has protection keys.
pub fn has_keys(machine: &Machine) -> bool {
    machine.kernel.sysctl.pku
}

/// The address space of a living process.
pub fn mm(machine: &Machine, pid: Pid) -> Option<&Mm> {
    machine.mm_of(pid)
}

/// Whether a page of a file is cached, as `mincore` tells it.
pub fn is_resident(machine: &Machine, inode: &Inode, index: u64) -> bool {
    machine.kernel.is_resident(inode, index)
}

/// Recounts everything.
///
/// # Errors
/// The first thing that does not hold.
pub fn check(machine: &Machine) -> Result<(), String> {
    machine.kernel.check_invariants()
}

/// The number of an inode that a path leads to.
pub fn lookup(machine: &Machine, path: &str) -> Option<InodeId> {
    machine.kernel.fs.lookup(path)
}
