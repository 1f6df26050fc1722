//! The real kernel's side of `npm run bench`: reads lines `NAME COUNT` and answers each with the
//! nanoseconds that a round took.

#[cfg(unix)]
fn main() {
    use std::io::BufRead;
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let mut words = line.split_whitespace();
        let (Some(name), Some(count)) = (words.next(), words.next().and_then(|word| word.parse().ok())) else { continue };
        println!("{}", unix::measure(name, count));
    }
}

#[cfg(not(unix))]
fn main() {
    eprintln!("there is no mmap to measure here");
}

#[cfg(unix)]
mod unix {
    use std::ptr;
    use std::time::Instant;

    const PRIVATE: i32 = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;

    fn map(len: usize) -> *mut u8 {
        // SAFETY: a fresh anonymous mapping at an address the kernel chooses.
        let at = unsafe { libc::mmap(ptr::null_mut(), len, libc::PROT_READ | libc::PROT_WRITE, PRIVATE, -1, 0) };
        assert_ne!(at, libc::MAP_FAILED);
        at.cast()
    }

    fn unmap(at: *mut u8, len: usize) {
        // SAFETY: mapped by `map` with this length, not used afterwards.
        unsafe { libc::munmap(at.cast(), len) };
    }

    fn touch(at: *mut u8) {
        // SAFETY: inside a live writable mapping.
        unsafe { at.write_volatile(1) };
    }

    /// Nanoseconds a round.
    pub(super) fn measure(name: &str, count: usize) -> f64 {
        let start = Instant::now();
        match name {
            "mmap_munmap" => (0..count).for_each(|_| unmap(map(4096), 4096)),
            "mmap_store_munmap" => (0..count).for_each(|_| {
                let at = map(4096);
                touch(at);
                unmap(at, 4096);
            }),
            "fault_unmap" => {
                let len = count * 4096;
                let at = map(len);
                // SAFETY: our own mapping. Single pages are what the emulator has.
                unsafe { libc::madvise(at.cast(), len, libc::MADV_NOHUGEPAGE) };
                // SAFETY: each address is inside the mapping.
                (0..count).for_each(|page| touch(unsafe { at.add(page * 4096) }));
                unmap(at, len);
            }
            other => panic!("{other} is not measured here"),
        }
        start.elapsed().as_nanos() as f64 / count as f64
    }
}
