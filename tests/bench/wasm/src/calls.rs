//! One loop for each call on areas; every round leaves things as they were.

use crate::{Bench, MANY, call, next, with};
use pagefault::addr::VirtAddr;
use pagefault::ids::Pid;
use pagefault::machine::{Machine, Sysno};

/// Three written pages whose middle changes.
const TRIO: u64 = 0x5200_0000_0000;
/// Where a page moves to.
const ELSEWHERE: u64 = 0x5210_0000_0000;
/// Room for many small areas.
const ROW: u64 = 0x5220_0000_0000;
const ROW_AREAS: u64 = 64;
const PAGE: u64 = 4096;
const READ: u64 = 1;
const READ_WRITE: u64 = 3;
const FIXED: u64 = 0x32;

/// Maps and writes what the loops work on.
pub(crate) fn prepare(machine: &mut Machine, pid: Pid) {
    machine.mmap(pid, [TRIO, 3 * PAGE, READ_WRITE, FIXED, u64::MAX, 0]).expect("there is room");
    for page in 0..3 {
        machine.store(pid, VirtAddr(TRIO + page * PAGE), &[1]).expect("it was mapped");
    }
}

fn rounds(n: u32, mut round: impl FnMut(&mut Bench, u64) -> u64) -> f64 {
    with(|b| {
        let mut sum = 0u64;
        for i in 0..u64::from(n) {
            sum = sum.wrapping_add(round(b, i));
        }
        sum as f64
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn mprotect_middle(n: u32) -> f64 {
    rounds(n, |b, _| {
        let at = TRIO + PAGE;
        call(b, Sysno::mprotect, [at, PAGE, READ, 0, 0, 0]) + call(b, Sysno::mprotect, [at, PAGE, READ_WRITE, 0, 0, 0])
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn mremap_move(n: u32) -> f64 {
    rounds(n, |b, _| {
        let there = call(b, Sysno::mremap, [TRIO, 3 * PAGE, 3 * PAGE, 3, ELSEWHERE, 0]);
        there + call(b, Sysno::mremap, [ELSEWHERE, 3 * PAGE, 3 * PAGE, 3, TRIO, 0])
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn brk_grow(n: u32) -> f64 {
    rounds(n, |b, _| call(b, Sysno::brk, [0x40_5000, 0, 0, 0, 0, 0]) + call(b, Sysno::brk, [0x40_3000, 0, 0, 0, 0, 0]))
}

#[unsafe(no_mangle)]
pub extern "C" fn madvise_flag(n: u32) -> f64 {
    rounds(n, |b, _| call(b, Sysno::madvise, [TRIO, 3 * PAGE, 1, 0, 0, 0]) + call(b, Sysno::madvise, [TRIO, 3 * PAGE, 0, 0, 0, 0]))
}

#[unsafe(no_mangle)]
pub extern "C" fn mlock_munlock(n: u32) -> f64 {
    rounds(n, |b, _| call(b, Sysno::mlock, [TRIO, 3 * PAGE, 0, 0, 0, 0]) + call(b, Sysno::munlock, [TRIO, 3 * PAGE, 0, 0, 0, 0]))
}

/// Many areas of different permissions, all unmapped by one call.
#[unsafe(no_mangle)]
pub extern "C" fn munmap_many(n: u32) -> f64 {
    rounds(n, |b, _| {
        for i in 0..ROW_AREAS {
            let prot = if i % 2 == 0 { READ } else { READ_WRITE };
            let _ = b.machine.mmap(b.pid, [ROW + i * PAGE, PAGE, prot, FIXED, u64::MAX, 0]);
        }
        b.machine.munmap(b.pid, ROW, ROW_AREAS * PAGE).unwrap_or(1)
    })
}

/// Any of the many areas, there and back.
#[unsafe(no_mangle)]
pub extern "C" fn mprotect_random(n: u32) -> f64 {
    let mut seed = 1u64;
    rounds(n, |b, _| {
        seed = next(seed);
        let at = MANY + (seed >> 33) % b.vmas.max(1) * 2 * PAGE;
        call(b, Sysno::mprotect, [at, PAGE, READ, 0, 0, 0]) + call(b, Sysno::mprotect, [at, PAGE, READ_WRITE, 0, 0, 0])
    })
}

/// Takes any of the many areas away and maps it again.
#[unsafe(no_mangle)]
pub extern "C" fn remap_random(n: u32) -> f64 {
    let mut seed = 2u64;
    rounds(n, |b, _| {
        seed = next(seed);
        let at = MANY + (seed >> 33) % b.vmas.max(1) * 2 * PAGE;
        let _ = b.machine.munmap(b.pid, at, PAGE);
        b.machine.mmap(b.pid, [at, PAGE, READ_WRITE, FIXED, u64::MAX, 0]).unwrap_or(0)
    })
}
