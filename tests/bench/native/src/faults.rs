//! The loops of faults, of fork and of calls on pages, as system calls and accesses.

use crate::calls::{PAGE, READ_WRITE, map, touch, unmap};
use std::hint::black_box;

const DIRTY_PAGES: usize = 10_000;
/// The sparse file has one page in every sixteen, so that a fault finds no other page near.
const STRIDE: usize = 16 * PAGE;

/// What a round works on; dropped, everything is as before.
pub(crate) struct Prepared {
    at: *mut u8,
    len: usize,
    /// A child that shares the pages until the round is over.
    child: Option<libc::pid_t>,
    vector: [u8; 1],
}

impl Drop for Prepared {
    fn drop(&mut self) {
        if let Some(child) = self.child {
            // SAFETY: our own child, not waited for yet.
            unsafe { libc::kill(child, libc::SIGKILL) };
            wait_for(child);
        }
        unmap(self.at, self.len);
    }
}

fn wait_for(child: libc::pid_t) {
    // SAFETY: no status is asked for.
    unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
}

/// A child that only runs `body`, which must not allocate.
fn fork(body: impl FnOnce()) -> libc::pid_t {
    // SAFETY: this program has one thread, and the child makes nothing but system calls.
    match unsafe { libc::fork() } {
        0 => {
            body();
            // SAFETY: ends the child without running anything of the parent's.
            unsafe { libc::_exit(0) }
        }
        child => {
            assert!(child > 0, "{}", std::io::Error::last_os_error());
            child
        }
    }
}

/// Anonymous memory in single pages, as the emulator has them.
fn small_pages(count: usize) -> Prepared {
    let len = count * PAGE;
    let at = map(len);
    // SAFETY: our own mapping.
    unsafe { libc::madvise(at.cast(), len, libc::MADV_NOHUGEPAGE) };
    Prepared { at, len, child: None, vector: [0] }
}

fn dirty(count: usize) -> Prepared {
    let prepared = small_pages(count);
    each(&prepared, PAGE, touch);
    prepared
}

fn each(prepared: &Prepared, stride: usize, body: impl Fn(*mut u8)) {
    // SAFETY: each address is inside the mapping.
    (0..prepared.len).step_by(stride).for_each(|offset| body(unsafe { prepared.at.add(offset) }));
}

fn read(at: *mut u8) {
    // SAFETY: inside a live readable mapping.
    black_box(unsafe { at.read_volatile() });
}

fn sparse_file(count: usize) -> Prepared {
    let len = count * STRIDE;
    // SAFETY: a new file of our own, mapped whole; the descriptor is closed, the mapping keeps the file.
    let at = unsafe {
        let fd = libc::memfd_create(c"sparse".as_ptr(), 0);
        libc::ftruncate(fd, len as libc::off_t);
        let at = libc::mmap(std::ptr::null_mut(), len, READ_WRITE, libc::MAP_SHARED, fd, 0);
        libc::close(fd);
        at
    };
    assert_ne!(at, libc::MAP_FAILED, "{}", std::io::Error::last_os_error());
    let prepared = Prepared { at: at.cast(), len, child: None, vector: [0] };
    each(&prepared, STRIDE, touch);
    drop_pages(&prepared, len);
    prepared
}

fn drop_pages(prepared: &Prepared, len: usize) {
    // SAFETY: our own mapping.
    unsafe { libc::madvise(prepared.at.cast(), len, libc::MADV_DONTNEED) };
}

/// What a round of this name works on; `None` for a name of another module.
pub(crate) fn prepare(name: &str, count: usize) -> Option<Prepared> {
    Some(match name {
        "zero_read" => small_pages(count),
        "file_read" => sparse_file(count),
        "copy_on_write" => {
            let mut shared = dirty(count);
            // SAFETY: waits for the signal that ends it.
            shared.child = Some(fork(|| unsafe {
                libc::pause();
            }));
            shared
        }
        "reuse" => {
            let shared = dirty(count);
            wait_for(fork(|| ()));
            shared
        }
        "dontneed_touch" | "mincore_one" => dirty(2),
        "fork_exit" => dirty(DIRTY_PAGES),
        _ => return None,
    })
}

/// The timed part.
pub(crate) fn round(name: &str, count: usize, prepared: &mut Prepared) {
    match name {
        "zero_read" => each(prepared, PAGE, read),
        "file_read" => each(prepared, STRIDE, read),
        "copy_on_write" | "reuse" => each(prepared, PAGE, touch),
        "dontneed_touch" => (0..count).for_each(|_| {
            drop_pages(prepared, PAGE);
            touch(prepared.at);
        }),
        // SAFETY: one page has a vector of one byte.
        "mincore_one" => (0..count).for_each(|_| unsafe {
            libc::mincore(prepared.at.cast(), PAGE, prepared.vector.as_mut_ptr());
        }),
        "fork_exit" => (0..count).for_each(|_| wait_for(fork(|| ()))),
        other => panic!("{other} is not measured here"),
    }
}
