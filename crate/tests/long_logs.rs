//! Long logs: work grows with their lines, what is kept of each step does not grow without end, and a caller can stop.
#![cfg(not(target_arch = "wasm32"))]

use pagefault::script::{Progress, SearchWork, Session};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fmt::Write;

/// The system's allocator, which counts for each thread what is asked of it.
struct Counting;

thread_local! {
    static ASKED: Cell<Work> = const { Cell::new(Work { blocks: 0, bytes: 0 }) };
}

/// What was allocated, also if it was freed again: the same however fast the machine is. Whatever copies or collects as many
/// things as there are lines, at each line, shows here.
#[derive(Clone, Copy, Debug)]
struct Work {
    blocks: usize,
    bytes: usize,
}

fn count(bytes: usize) {
    let _ = ASKED.try_with(|asked| {
        let Work { blocks, bytes: before } = asked.get();
        asked.set(Work { blocks: blocks + 1, bytes: before + bytes });
    });
}

// SAFETY: all is handed on to the system's allocator; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: as promised by the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: as promised by the caller.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        // SAFETY: as promised by the caller.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as promised by the caller.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const TOP: u64 = 0x7f11_0001_2000;

fn start() -> String {
    "execve(\"./demo\", [\"./demo\"], 0x7ffd11112222 /* 9 vars */) = 0\nbrk(NULL) = 0x5601aa000000\n".into()
}

/// Areas that never go: neighbours differ in what they allow.
fn growing(lines: u64) -> String {
    let mut log = start();
    for i in 0..lines {
        let (at, prot) = (TOP - (i + 1) * 4096, if i % 2 == 0 { "PROT_READ" } else { "PROT_READ|PROT_WRITE" });
        let _ = writeln!(log, "mmap(NULL, 4096, {prot}, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = {at:#x}");
    }
    log
}

/// A few areas that come and go.
fn churning(lines: u64) -> String {
    let mut log = start();
    for _ in 0..lines / 2 {
        let at = TOP - 8192;
        let _ =
            writeln!(log, "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = {at:#x}\nmunmap({at:#x}, 8192) = 0");
    }
    log
}

/// A program that forks children which log before their parent's `clone` returns.
fn forking(lines: u64) -> String {
    let mut log = "1 execve(\"./demo\", [\"./demo\"], 0x7ffd11112222 /* 9 vars */) = 0\n".to_string();
    for child in 2..2 + lines / 3 {
        let _ =
            writeln!(log, "{child} brk(NULL) = 0x401000\n1 clone(child_stack=NULL, flags=SIGCHLD) = {child}\n{child} exit_group(0) = ?");
    }
    log
}

fn session(log: &str) -> Session {
    let mut script = pagefault::log::read(log);
    // Recounting everything after each call is what tests do, not what is measured.
    script.header.machine.sysctl.paranoid = false;
    Session::new(script).expect("a machine")
}

/// What reading and replaying takes.
fn work(log: &str) -> Work {
    let before = ASKED.get();
    let mut session = session(log);
    session.run_to_end().expect("it runs");
    assert!(session.verdict().is_equal(), "{}", session.verdict());
    assert_eq!(session.search_work(), SearchWork::default());
    let after = ASKED.get();
    Work { blocks: after.blocks - before.blocks, bytes: after.bytes - before.bytes }
}

#[test]
fn work_grows_with_the_lines() {
    for (name, log) in [("growing", growing as fn(u64) -> String), ("churning", churning), ("forking", forking)] {
        // Six times as many lines; what is quadratic takes 36 times as much. Tables grow by doubling.
        let (few, many) = (work(&log(8_000)), work(&log(48_000)));
        println!("{name}: {few:?} for 8,000 lines, {many:?} for 48,000");
        assert!(many.blocks < few.blocks * 7 && many.bytes < few.bytes * 9, "{name}");
        assert!(many.blocks < 48_000 * 60, "{name}: so many a line");
    }
}

#[test]
fn events_are_kept_of_the_last_steps_and_come_back_when_asked_for() {
    let log = churning(20_000);
    let mut session = session(&log);
    session.record_events(true);
    session.step().expect("a step").expect("it runs");
    session.step().expect("a step").expect("it runs");
    let first = session.reports()[1].clone();
    session.run_to_end().expect("it runs");
    let kept: usize = session.reports().iter().map(|report| report.events.len()).sum();
    assert!((100_000..=220_000).contains(&kept), "{kept}");
    assert!(session.reports()[1].events.is_empty() && !first.events.is_empty());
    let again = session.explain(1).expect("it was run");
    assert_eq!((again.events, again.result), (first.events, first.result));
    let last = session.reports().last().expect("a step").clone();
    assert_eq!(session.explain(session.len() - 1).expect("it was run").events, last.events);
}

#[test]
fn a_run_can_be_cut_into_slices() {
    let log = churning(1_000);
    let mut session = session(&log);
    let length = session.len();
    let mut seen = Vec::new();
    loop {
        let progress = session.run_slice(300).expect("it runs");
        seen.push(progress.position);
        if progress.is_done() {
            break;
        }
    }
    assert_eq!((seen, session.progress()), (vec![300, 600, 900, length], Progress { position: length, length }));
    assert!(session.verdict().is_green());
}
