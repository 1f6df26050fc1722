//! Loops of faults, of fork and of calls on pages. `NAME_before` and `NAME_after`, where there are such,
//! prepare a round and put things back; they are not timed.

use crate::{Bench, call, with};
use pagefault::addr::VirtAddr;
use pagefault::machine::{Arg, Sysno};

const PAGE: u64 = 4096;
/// Written pages that fork shares.
const DIRTY: u64 = 0x5300_0000_0000;
const DIRTY_PAGES: u64 = 10_000;
/// A file in memory with one page in every sixteen, so that a fault finds no other page near.
const SPARSE: u64 = 0x5400_0000_0000;
const SPARSE_PAGES: u64 = 1024;
const STRIDE: u64 = 16 * PAGE;
const FIXED: u64 = 0x32;
const DONTNEED: u64 = 4;

fn store(b: &mut Bench, addr: u64) {
    let _ = b.machine.store(b.pid, VirtAddr(addr), &[1]);
}

fn load(b: &mut Bench, addr: u64) -> u64 {
    let mut byte = [0];
    let _ = b.machine.load(b.pid, VirtAddr(addr), &mut byte);
    byte[0].into()
}

fn map(b: &mut Bench, at: u64, pages: u64) {
    let _ = b.machine.mmap(b.pid, [at, pages * PAGE, 3, FIXED, u64::MAX, 0]);
}

/// A child that does nothing; its number.
fn fork(b: &mut Bench) -> u64 {
    call(b, Sysno::fork, [0; 6])
}

fn end_child(b: &mut Bench, child: u64) {
    let child = pagefault::ids::Pid(child as u32);
    let _ = b.machine.syscall(child, Sysno::exit_group, &[0; 6].map(Arg::Int));
    let _ = call(b, Sysno::wait4, [u64::from(child.0), 0, 0, 0, 0, 0]);
}

/// Empties the first pages of the arena.
#[unsafe(no_mangle)]
pub extern "C" fn zero_read_before(pages: u32) {
    with(|b| call(b, Sysno::madvise, [b.arena, u64::from(pages) * PAGE, DONTNEED, 0, 0, 0]));
}

/// Reads pages that nobody wrote.
#[unsafe(no_mangle)]
pub extern "C" fn zero_read(pages: u32) -> f64 {
    with(|b| (0..u64::from(pages)).map(|page| load(b, b.arena + page * PAGE)).sum::<u64>() as f64)
}

#[unsafe(no_mangle)]
pub extern "C" fn zero_read_after(pages: u32) {
    zero_read_before(pages);
}

/// Maps the sparse file the first time; takes its pages out of the tables.
#[unsafe(no_mangle)]
pub extern "C" fn file_read_before(_: u32) {
    with(|b| {
        let len = SPARSE_PAGES * STRIDE;
        if call(b, Sysno::madvise, [SPARSE, len, DONTNEED, 0, 0, 0]) == 0 && load_is_mapped(b) {
            return;
        }
        let name = [Arg::Bytes(b"sparse".to_vec()), Arg::Int(0), Arg::Int(0), Arg::Int(0), Arg::Int(0), Arg::Int(0)];
        let fd = b.machine.syscall(b.pid, Sysno::memfd_create, &name).unwrap_or(0);
        call(b, Sysno::ftruncate, [fd, len, 0, 0, 0, 0]);
        let _ = b.machine.mmap(b.pid, [SPARSE, len, 3, 0x11, fd, 0]);
        for page in 0..SPARSE_PAGES {
            store(b, SPARSE + page * STRIDE);
        }
        call(b, Sysno::madvise, [SPARSE, len, DONTNEED, 0, 0, 0]);
    });
}

fn load_is_mapped(b: &Bench) -> bool {
    pagefault::internals::mm(&b.machine, b.pid).is_some_and(|mm| mm.vmas.lookup(VirtAddr(SPARSE)).is_some())
}

/// Reads pages of a file that are cached, each alone.
#[unsafe(no_mangle)]
pub extern "C" fn file_read(pages: u32) -> f64 {
    with(|b| (0..u64::from(pages)).map(|page| load(b, SPARSE + page * STRIDE)).sum::<u64>() as f64)
}

fn dirty(b: &mut Bench, pages: u64) {
    map(b, DIRTY, pages);
    for page in 0..pages {
        store(b, DIRTY + page * PAGE);
    }
}

/// Pages that a child shares.
#[unsafe(no_mangle)]
pub extern "C" fn copy_on_write_before(pages: u32) {
    with(|b| {
        dirty(b, pages.into());
        b.child = fork(b);
    });
}

/// Writes to shared pages: each is copied.
#[unsafe(no_mangle)]
pub extern "C" fn copy_on_write(pages: u32) -> f64 {
    with(|b| {
        (0..u64::from(pages)).for_each(|page| store(b, DIRTY + page * PAGE));
        pages.into()
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn copy_on_write_after(pages: u32) {
    with(|b| {
        end_child(b, b.child);
        let _ = b.machine.munmap(b.pid, DIRTY, u64::from(pages) * PAGE);
    });
}

/// Pages that a child shared until it ended.
#[unsafe(no_mangle)]
pub extern "C" fn reuse_before(pages: u32) {
    with(|b| {
        dirty(b, pages.into());
        let child = fork(b);
        end_child(b, child);
    });
}

/// Writes to pages whose last sharer this is: each is only made writable again.
#[unsafe(no_mangle)]
pub extern "C" fn reuse(pages: u32) -> f64 {
    copy_on_write(pages)
}

#[unsafe(no_mangle)]
pub extern "C" fn reuse_after(pages: u32) {
    with(|b| b.machine.munmap(b.pid, DIRTY, u64::from(pages) * PAGE).unwrap_or(0));
}

#[unsafe(no_mangle)]
pub extern "C" fn dontneed_touch(n: u32) -> f64 {
    with(|b| {
        let at = b.arena;
        (0..n)
            .map(|_| {
                let done = call(b, Sysno::madvise, [at, PAGE, DONTNEED, 0, 0, 0]);
                store(b, at);
                done
            })
            .sum::<u64>() as f64
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn dontneed_touch_after(_: u32) {
    zero_read_before(1);
}

#[unsafe(no_mangle)]
pub extern "C" fn mincore_one(n: u32) -> f64 {
    with(|b| {
        let (page, vector) = (b.window, b.window + PAGE);
        (0..n).map(|_| call(b, Sysno::mincore, [page, PAGE, vector, 0, 0, 0])).sum::<u64>() as f64
    })
}

/// A process with many written pages.
#[unsafe(no_mangle)]
pub extern "C" fn fork_exit_before(_: u32) {
    with(|b| dirty(b, DIRTY_PAGES));
}

/// Makes a child and lets it end.
#[unsafe(no_mangle)]
pub extern "C" fn fork_exit(n: u32) -> f64 {
    with(|b| {
        (0..n)
            .map(|_| {
                let child = fork(b);
                end_child(b, child);
                child
            })
            .sum::<u64>() as f64
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn fork_exit_after(_: u32) {
    with(|b| b.machine.munmap(b.pid, DIRTY, DIRTY_PAGES * PAGE).unwrap_or(0));
}
