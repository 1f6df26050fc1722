//! The same loops as in the WebAssembly benchmark, as system calls.

use crate::faults;
use std::sync::OnceLock;
use std::time::Instant;

const PRIVATE: i32 = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
pub(crate) const READ_WRITE: i32 = libc::PROT_READ | libc::PROT_WRITE;
pub(crate) const PAGE: usize = 4096;
const TRIO: usize = 0x5200_0000_0000;
const ELSEWHERE: usize = 0x5210_0000_0000;
const ROW: usize = 0x5220_0000_0000;
const ROW_AREAS: usize = 64;
const MANY: usize = 0x1_0000_0000;

fn map_at(at: usize, len: usize, prot: i32) -> *mut u8 {
    let fixed = if at == 0 { 0 } else { libc::MAP_FIXED };
    // SAFETY: anonymous memory in ranges that nothing else of this program uses, or where the kernel likes.
    let at = unsafe { libc::mmap(at as *mut _, len, prot, PRIVATE | fixed, -1, 0) };
    assert_ne!(at, libc::MAP_FAILED, "{}", std::io::Error::last_os_error());
    at.cast()
}

pub(crate) fn map(len: usize) -> *mut u8 {
    map_at(0, len, READ_WRITE)
}

pub(crate) fn unmap(at: *mut u8, len: usize) {
    // SAFETY: mapped by `map` with this length, not used afterwards.
    unsafe { libc::munmap(at.cast(), len) };
}

pub(crate) fn touch(at: *mut u8) {
    // SAFETY: inside a live writable mapping.
    unsafe { at.write_volatile(1) };
}

/// Makes a call on memory that only these loops use.
fn call(number: libc::c_long, args: [usize; 5]) {
    // SAFETY: the ranges belong to these loops alone.
    let result = unsafe { libc::syscall(number, args[0], args[1], args[2], args[3], args[4]) };
    assert_ne!(result, -1, "call {number}: {}", std::io::Error::last_os_error());
}

/// The three written pages, mapped once.
fn trio() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        let at = map_at(TRIO, 3 * PAGE, READ_WRITE);
        // SAFETY: each address is inside the mapping.
        (0..3).for_each(|page| touch(unsafe { at.add(page * PAGE) }));
    });
}

/// Where the heap of this program ends: glibc may have used it.
fn heap_end() -> usize {
    static END: OnceLock<usize> = OnceLock::new();
    // SAFETY: asks for the break.
    *END.get_or_init(|| unsafe { libc::sbrk(0) } as usize)
}

fn set_break(at: usize) {
    // SAFETY: above everything that malloc got.
    unsafe { libc::syscall(libc::SYS_brk, at) };
}

/// One-page areas with a page between each and the next.
fn many(count: usize) {
    (0..count).for_each(|i| {
        map_at(MANY + i * 2 * PAGE, PAGE, READ_WRITE);
    });
}

fn random_areas(count: usize, of: usize) -> impl Iterator<Item = usize> {
    let mut seed = 1u64;
    (0..count).map(move |_| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        MANY + (seed >> 33) as usize % of * 2 * PAGE
    })
}

/// The areas that `many` made last.
static AREAS: OnceLock<usize> = OnceLock::new();

fn round(name: &str, count: usize) {
    let there_and_back = |number, there: [usize; 5], back_number, back: [usize; 5]| {
        (0..count).for_each(|_| {
            call(number, there);
            call(back_number, back);
        });
    };
    let (read, write) = (libc::PROT_READ as usize, READ_WRITE as usize);
    match name {
        "mprotect_middle" => {
            let at = TRIO + PAGE;
            there_and_back(libc::SYS_mprotect, [at, PAGE, read, 0, 0], libc::SYS_mprotect, [at, PAGE, write, 0, 0]);
        }
        "mremap_move" => there_and_back(
            libc::SYS_mremap,
            [TRIO, 3 * PAGE, 3 * PAGE, 3, ELSEWHERE],
            libc::SYS_mremap,
            [ELSEWHERE, 3 * PAGE, 3 * PAGE, 3, TRIO],
        ),
        "madvise_flag" => {
            there_and_back(libc::SYS_madvise, [TRIO, 3 * PAGE, 1, 0, 0], libc::SYS_madvise, [TRIO, 3 * PAGE, 0, 0, 0]);
        }
        "mlock_munlock" => there_and_back(libc::SYS_mlock, [TRIO, 3 * PAGE, 0, 0, 0], libc::SYS_munlock, [TRIO, 3 * PAGE, 0, 0, 0]),
        "brk_grow" => {
            let end = heap_end();
            (0..count).for_each(|_| {
                set_break(end + 2 * PAGE);
                set_break(end);
            });
        }
        "munmap_many" => (0..count).for_each(|_| {
            (0..ROW_AREAS).for_each(|i| {
                map_at(ROW + i * PAGE, PAGE, if i % 2 == 0 { libc::PROT_READ } else { READ_WRITE });
            });
            unmap(ROW as *mut u8, ROW_AREAS * PAGE);
        }),
        "mprotect_random" => {
            for at in random_areas(count, *AREAS.get().expect("many comes first")) {
                call(libc::SYS_mprotect, [at, PAGE, read, 0, 0]);
                call(libc::SYS_mprotect, [at, PAGE, write, 0, 0]);
            }
        }
        "mmap_munmap" => (0..count).for_each(|_| unmap(map(PAGE), PAGE)),
        "mmap_store_munmap" => (0..count).for_each(|_| {
            let at = map(PAGE);
            touch(at);
            unmap(at, PAGE);
        }),
        "fault_unmap" => {
            let len = count * PAGE;
            let at = map(len);
            // SAFETY: our own mapping. Single pages are what the emulator has.
            unsafe { libc::madvise(at.cast(), len, libc::MADV_NOHUGEPAGE) };
            // SAFETY: each address is inside the mapping.
            (0..count).for_each(|page| touch(unsafe { at.add(page * PAGE) }));
            unmap(at, len);
        }
        other => panic!("{other} is not measured here"),
    }
}

/// Nanoseconds a round. What a round needs is prepared and put back outside that time. `many COUNT` makes areas and takes no time.
pub(crate) fn measure(name: &str, count: usize) -> f64 {
    if name == "many" {
        many(count);
        AREAS.set(count).expect("areas are made once");
        return 0.0;
    }
    trio();
    heap_end();
    let mut prepared = faults::prepare(name, count);
    let start = Instant::now();
    match &mut prepared {
        Some(prepared) => faults::round(name, count, prepared),
        None => round(name, count),
    }
    start.elapsed().as_nanos() as f64 / count as f64
}
