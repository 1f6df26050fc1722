//! Follows a live process and keeps its maps without reading them: `cargo run --release --example track`, on x86-64 Linux.
//!
//! The process makes random calls of mmap, munmap, mremap, mprotect, brk, madvise and mlock, some of which the kernel
//! refuses, and lets the kernel write to its memory. By ptrace each is seen, told to an [`AddressSpace`], and the text that
//! this then has is compared with `/proc/PID/maps`, byte by byte. Afterwards the same calls are timed without ptrace, and
//! the same events by themselves.

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[path = "track/child.rs"]
mod child;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[path = "track/follow.rs"]
mod follow;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[path = "track/time.rs"]
mod time;

/// The exit code where no process may be traced.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
const CANNOT_TRACE: i32 = 3;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, otherwise: u64| arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(otherwise);
    if arguments.first().is_some_and(|first| first == child::ARGUMENT) {
        return child::run(number(1, 1), number(2, 10_000), number(3, 0) != 0);
    }
    let (events, seed) = (number(0, 10_000), number(1, 1));
    let followed = match follow::follow(seed, events) {
        Ok(followed) => followed,
        Err(follow::Failure::CannotTrace(why)) => {
            eprintln!("no process can be followed here: {why}");
            std::process::exit(CANNOT_TRACE);
        }
        Err(follow::Failure::Differs(what)) => {
            eprintln!("{what}");
            std::process::exit(1);
        }
    };
    println!(
        "{} events ({} of them refused by the kernel), {} areas at the end: the same maps after each",
        followed.events.len(),
        followed.refused,
        followed.areas
    );
    if !time::compare(&followed, seed, events) {
        std::process::exit(1);
    }
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn main() {
    eprintln!("a process is followed on x86-64 Linux only");
    std::process::exit(3);
}
