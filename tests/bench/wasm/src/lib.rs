//! Loops over the emulator, exported as plain functions: each runs `n` rounds and returns something that
//! depends on all of them. Time is taken outside.
#![allow(missing_docs, clippy::missing_safety_doc)]

use pagefault::addr::VirtAddr;
use pagefault::ids::Pid;
use pagefault::internals;
use pagefault::machine::{Arg, Machine, MachineConfig, Sysno};
use std::cell::RefCell;

mod calls;
mod faults;
mod logs;

struct Bench {
    machine: Machine,
    pid: Pid,
    /// How many one-page areas lie besides.
    vmas: u64,
    /// Start of the 1 MiB that loads look at.
    window: u64,
    /// Start of the 64 MiB that faults look at.
    arena: u64,
    /// The child of the round, if it has one.
    child: u64,
}

thread_local! {
    static BENCH: RefCell<Option<Bench>> = const { RefCell::new(None) };
    static RAW: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// Where the many areas lie.
const MANY: u64 = 0x1_0000_0000;
const WINDOW: u64 = 1 << 20;
const ARENA: u64 = 64 << 20;

fn with<R>(body: impl FnOnce(&mut Bench) -> R) -> R {
    BENCH.with_borrow_mut(|bench| body(bench.as_mut().expect("setup comes first")))
}

/// A machine with `vmas` one-page areas besides, with a page between each and the next.
#[unsafe(no_mangle)]
pub extern "C" fn setup(vmas: u32) {
    let mut config = MachineConfig { ram_bytes: 128 << 20, ..MachineConfig::reference() };
    config.sysctl.max_map_count = 1 << 22;
    let (mut machine, pid) = Machine::with_standard_process(&config).expect("128 MiB are enough");
    let map = |machine: &mut Machine, addr: u64, len: u64, flags: u64| {
        machine.mmap(pid, [addr, len, 3, flags, u64::MAX, 0]).expect("there is room")
    };
    let window = map(&mut machine, 0x5000_0000_0000, WINDOW, 0x32);
    let arena = map(&mut machine, 0x5100_0000_0000, ARENA, 0x32);
    for i in 0..u64::from(vmas) {
        map(&mut machine, MANY + i * 8192, 4096, 0x32);
    }
    for at in (window..window + WINDOW).step_by(4096) {
        machine.store(pid, VirtAddr(at), &at.to_le_bytes()).expect("it was mapped");
        machine.load(pid, VirtAddr(at), &mut [0; 8]).expect("it was mapped");
    }
    calls::prepare(&mut machine, pid);
    BENCH.set(Some(Bench { machine, pid, vmas: vmas.into(), window, arena, child: 0 }));
    RAW.set(vec![1; (WINDOW / 8) as usize]);
}

fn call(b: &mut Bench, number: Sysno, args: [u64; 6]) -> u64 {
    b.machine.syscall(b.pid, number, &args.map(Arg::Int)).unwrap_or(0)
}

#[unsafe(no_mangle)]
pub extern "C" fn mmap_munmap(n: u32) -> f64 {
    with(|b| {
        let mut sum = 0;
        for _ in 0..n {
            let at = b.machine.mmap(b.pid, [0, 4096, 3, 0x22, u64::MAX, 0]).unwrap_or(0);
            sum += at;
            let _ = b.machine.munmap(b.pid, at, 4096);
        }
        sum as f64
    })
}

/// Two pages: between the many areas no gap is large enough.
#[unsafe(no_mangle)]
pub extern "C" fn mmap_munmap_two(n: u32) -> f64 {
    with(|b| {
        let mut sum = 0;
        for _ in 0..n {
            let at = b.machine.mmap(b.pid, [0, 8192, 3, 0x22, u64::MAX, 0]).unwrap_or(0);
            sum += at;
            let _ = b.machine.munmap(b.pid, at, 8192);
        }
        sum as f64
    })
}

/// A bare search for a gap of two pages.
#[unsafe(no_mangle)]
pub extern "C" fn gap_search(n: u32) -> f64 {
    with(|b| {
        let mm = internals::mm(&b.machine, b.pid).expect("it lives");
        let mut sum = 0;
        for i in 0..u64::from(n) {
            let high = 0x1_0000_0000 + (i & 7) * 4096 + (1 << 40);
            let search = internals::GapSearch { len: 8192, low: 65536, high, top_down: true };
            sum += search.run(&mm.vmas).map_or(0, |addr| addr.0);
        }
        sum as f64
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn mmap_store_munmap(n: u32) -> f64 {
    with(|b| {
        let mut sum = 0;
        for _ in 0..n {
            let at = b.machine.mmap(b.pid, [0, 4096, 3, 0x22, u64::MAX, 0]).unwrap_or(0);
            let _ = b.machine.store(b.pid, VirtAddr(at), &[1]);
            sum += at;
            let _ = b.machine.munmap(b.pid, at, 4096);
        }
        sum as f64
    })
}

/// Writes to `pages` pages of the arena, then takes them all away; frames come back warm.
#[unsafe(no_mangle)]
pub extern "C" fn fault_unmap(pages: u32) -> f64 {
    with(|b| {
        for page in 0..u64::from(pages) {
            let _ = b.machine.store(b.pid, VirtAddr(b.arena + page * 4096), &[1]);
        }
        let len = u64::from(pages) * 4096;
        let _ = b.machine.munmap(b.pid, b.arena, len);
        b.machine.mmap(b.pid, [b.arena, len, 3, 0x32, u64::MAX, 0]).unwrap_or(0) as f64
    })
}

#[inline(always)]
fn next(seed: u64) -> u64 {
    seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407)
}

/// Loads that hit are a loop of their own, without a call in it: so what it counts stays in registers.
#[inline(always)]
fn sum_of_loads(b: &mut Bench, mut addresses: impl Iterator<Item = u64>) -> f64 {
    let mut sum = 0u64;
    loop {
        let cpu = internals::cpu(&b.machine);
        let missed = addresses.by_ref().find(|addr| match cpu.load_hit::<u64>(*addr) {
            Some(value) => {
                sum = sum.wrapping_add(value);
                false
            }
            None => true,
        });
        let Some(addr) = missed else { return sum as f64 };
        sum = sum.wrapping_add(slow(b, addr));
    }
}

#[inline(never)]
fn slow(b: &mut Bench, addr: u64) -> u64 {
    let mut bytes = [0; 8];
    let _ = b.machine.load(b.pid, VirtAddr(addr), &mut bytes);
    u64::from_le_bytes(bytes)
}

#[unsafe(no_mangle)]
pub extern "C" fn load_random(n: u32) -> f64 {
    with(|b| {
        let (mut seed, window) = (1u64, b.window);
        let addresses = (0..n).map(|_| {
            seed = next(seed);
            window + ((seed >> 33) & (WINDOW - 8) & !7)
        });
        sum_of_loads(b, addresses)
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn load_sequential(n: u32) -> f64 {
    with(|b| {
        let window = b.window;
        sum_of_loads(b, (0..u64::from(n)).map(|i| window + ((i * 8) & (WINDOW - 1))))
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn raw_random(n: u32) -> f64 {
    RAW.with_borrow(|raw| {
        let (mut seed, mut sum) = (1u64, 0u64);
        let start = raw.as_ptr();
        for _ in 0..n {
            seed = next(seed);
            let at = ((seed >> 33) & (WINDOW - 8)) / 8;
            // SAFETY: the mask keeps the index inside the vector.
            sum = sum.wrapping_add(unsafe { start.add(at as usize).read_volatile() });
        }
        sum as f64
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn raw_sequential(n: u32) -> f64 {
    RAW.with_borrow(|raw| {
        let mut sum = 0u64;
        let start = raw.as_ptr();
        for i in 0..u64::from(n) {
            // SAFETY: the mask keeps the index inside the vector.
            sum = sum.wrapping_add(unsafe { start.add((i & (WINDOW / 8 - 1)) as usize).read() });
        }
        sum as f64
    })
}

/// Clears `pages` frames' worth of plain memory, page by page.
#[unsafe(no_mangle)]
pub extern "C" fn clear_pages(pages: u32) -> f64 {
    thread_local!(static MEMORY: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) });
    MEMORY.with_borrow_mut(|memory| {
        memory.resize(pages as usize * 4096, 1);
        for page in memory.chunks_mut(4096) {
            page.fill(0);
        }
        memory.iter().step_by(4096).map(|byte| f64::from(*byte)).sum()
    })
}

/// Where the window lies, for loads from JavaScript.
#[unsafe(no_mangle)]
pub extern "C" fn window() -> f64 {
    with(|b| b.window as f64)
}

/// One load, called from JavaScript.
#[unsafe(no_mangle)]
pub extern "C" fn load32(addr: f64) -> f64 {
    with(|b| match internals::cpu(&b.machine).load_hit::<u32>(addr as u64) {
        Some(value) => f64::from(value),
        None => slow(b, addr as u64) as u32 as f64,
    })
}

/// One load of plain memory, called from JavaScript.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn raw32(pointer: u32) -> f64 {
    // SAFETY: the caller passes an address inside `raw_start()`'s memory.
    f64::from(unsafe { (pointer as usize as *const u32).read() })
}

#[unsafe(no_mangle)]
pub extern "C" fn raw_start() -> u32 {
    RAW.with_borrow(|raw| raw.as_ptr() as usize as u32)
}
