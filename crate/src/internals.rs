//! What this repository's own tests and measurements look at inside of the machine (feature `internals`). No part of the
//! interface: anything here may be another thing tomorrow.

pub use crate::fs::{Asked, Fs, Fuse, Hooks, Inode, Notice, Provided, Request, TMPFS_DEV};
pub use crate::mm::{Commit, INITIAL_PKRU, Mm, PopulateLeft, Segments, VmEvents};
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

/// Files, to answer what they ask.
pub fn fs_mut(machine: &mut Machine) -> &mut Fs {
    &mut machine.kernel.fs
}

/// Makes a file whose contents come from outside.
pub fn add_fuse_file(machine: &mut Machine, path: &str, size: u64, mode: u32, fuse: Fuse) -> InodeId {
    machine.kernel.add_fuse_file(path, size, mode, fuse)
}

/// Gives pages of such a file.
pub fn provide(machine: &mut Machine, serial: u64, first: u64, bytes: &[u8]) -> Provided {
    machine.kernel.provide(serial, first, bytes)
}

/// What the last call has yet to make present.
pub fn populate_left(machine: &Machine) -> Option<PopulateLeft> {
    machine.kernel.populate_left
}

/// Goes on with it.
pub fn populate_rest(machine: &mut Machine, pid: Pid, left: PopulateLeft) {
    machine.populate_rest(pid, left);
}

/// Removes a name.
pub fn unlink(machine: &mut Machine, path: &str) {
    let kernel = &mut machine.kernel;
    kernel.fs.unlink(path, &mut kernel.phys, &mut kernel.trace);
}

/// Minor and major faults of the task that runs.
pub fn faults(machine: &Machine) -> (u64, u64) {
    let task = machine.kernel.task();
    (task.min_flt, task.maj_flt)
}
