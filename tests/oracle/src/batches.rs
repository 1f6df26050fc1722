//! The batches of a CPU: pages on their way between the kernel's lists wait there, held. Who pins such a page copies it
//! as if somebody shared it. So that two runs are alike, everything runs on one CPU, and its batches are emptied before
//! a call pins.

use std::ffi::c_void;
use std::sync::LazyLock;

const PAGE: usize = 4096;

/// Keeps this process, and those it will start, on the CPU where it is. Where that is refused, batches wait where
/// they wait.
pub(crate) fn stay_on_this_cpu() {
    // SAFETY: the set is a plain value, of the size given.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(usize::try_from(libc::sched_getcpu()).unwrap_or(0), &mut set);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set);
    }
}

/// Empties the batches of this CPU: what changes VM_LOCKED does (Linux `mlock_vma_pages_range`).
pub(crate) fn drain() {
    static OWN: LazyLock<usize> = LazyLock::new(|| {
        // SAFETY: a new mapping, of which nothing else knows.
        unsafe { libc::mmap(std::ptr::null_mut(), PAGE, libc::PROT_READ, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0) as usize }
    });
    let page = *OWN as *const c_void;
    // SAFETY: only flags of a mapping of our own change, and they change back.
    unsafe {
        libc::mlock(page, PAGE);
        libc::munlock(page, PAGE);
    }
}
