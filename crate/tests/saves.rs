//! Going to a step by the nearest save is the same as having run there: every counter, every byte, the TLB.
#![cfg(not(target_arch = "wasm32"))]

use pagefault::addr::PAGE_SIZE;
use pagefault::internals;
use pagefault::machine::Machine;
use pagefault::script::Session;
use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};

fn hash(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// All that a machine is: its books, every byte of RAM, what the TLB remembers.
fn state(machine: &Machine) -> (u64, u64, Vec<String>, [u64; 3]) {
    let (phys, cpu) = (internals::phys(machine), internals::cpu(machine));
    let mut bytes = DefaultHasher::new();
    let mut page = [0; PAGE_SIZE as usize];
    for (pfn, frame) in phys.frames() {
        if frame.refcount > 0 {
            phys.read(pfn, 0, &mut page);
            page.hash(&mut bytes);
        }
    }
    let remembered =
        |(addr, access, host): (_, pagefault::machine::Access, _)| format!("{addr} {} {:?}", access.verb(), phys.frame_at(host));
    let mut tlb: Vec<_> = cpu.tlb_entries().map(remembered).collect();
    tlb.sort();
    // Which area was looked up last is no state: whoever looks on changes it.
    let books = format!("{machine:?}");
    let (first, rest) = books.split_once("last_found: ").unwrap_or((&books, ""));
    let rest: Vec<_> = rest.split("last_found: ").map(|part| part.split_once('}').map_or(part, |(_, rest)| rest)).collect();
    (hash(&(first, rest)), bytes.finish(), tlb, [cpu.fills, cpu.hits, cpu.flushes])
}

fn script(name: &str) -> String {
    std::fs::read_to_string(format!("{}/../tests/scripts/{name}.pf", env!("CARGO_MANIFEST_DIR"))).expect("a script")
}

/// A process that maps, writes, protects, forks and unmaps, in a pattern without a short period.
fn busy(steps: usize) -> String {
    let mut text = "a = mmap(0x10000000, 1M, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n".to_string();
    for step in 0..steps {
        let (page, other) = (step * 7919 % 200, 200 + step * 7919 % 56);
        let _ = match step % 11 {
            3 => writeln!(text, "mprotect(a+{other}*4K, 4K, PROT_READ)"),
            5 => writeln!(text, "mprotect(a+{other}*4K, 4K, PROT_READ|PROT_WRITE)"),
            7 => writeln!(
                text,
                "n{step} = mmap(NULL, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nstore(n{step}, {step}, 8)"
            ),
            8 if step > 400 => writeln!(text, "madvise(a+{page}*4K, 12K, MADV_DONTNEED)"),
            9 if step == 97 => writeln!(text, "child = fork()\n[child] touch_write(a, 40)\n[child] exit(0)"),
            _ => writeln!(text, "touch_write(a+{page}*4K, 1, 4096, {})", step % 250),
        };
    }
    text
}

/// A log of areas that never go.
fn log(lines: u64) -> String {
    let mut log = "execve(\"./demo\", [\"./demo\"], 0x7ffd11112222 /* 9 vars */) = 0\nbrk(NULL) = 0x5601aa000000\n".to_string();
    for i in 0..lines {
        let (at, prot) = (0x7f11_0001_2000 - (i + 1) * 4096, if i % 2 == 0 { "PROT_READ" } else { "PROT_READ|PROT_WRITE" });
        let _ = writeln!(log, "mmap(NULL, 4096, {prot}, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = {at:#x}");
    }
    log
}

fn inputs() -> Vec<(&'static str, String)> {
    vec![
        ("busy", busy(1500)),
        ("log", log(900)),
        ("ls", script("real/ls")),
        ("python", script("real/python3_import.strace")),
        ("cow", script("cow/after-fork")),
        ("copy-on-write", script("examples/copy-on-write")),
        ("map-on-fault", script("examples/map-on-fault")),
    ]
}

fn open(text: &str) -> Session {
    Session::from_text(text).expect("a script")
}

#[test]
fn a_jump_is_a_straight_run() {
    for (name, text) in inputs() {
        let mut straight = open(&text);
        straight.save_by_hand();
        let length = straight.len();
        let wanted: Vec<_> = (0..24).map(|at| (at * 977 + 13) % (length + 1)).collect();
        let mut states = vec![None; length + 1];
        for (position, kept) in states.iter_mut().enumerate() {
            if wanted.contains(&position) {
                *kept = Some(state(straight.machine()));
            }
            straight.run_quietly(1).expect("it runs");
        }
        let mut session = open(&text);
        session.save_by_hand();
        session.record_events(true);
        // Saves at uneven distances; going there and back between them.
        for (at, position) in wanted.iter().enumerate() {
            session.go_to(*position).expect("it runs");
            assert!(states[*position].as_ref() == Some(&state(session.machine())), "{name} at {position}");
            if at % 3 == 0 {
                session.save();
            }
        }
        session.run_to_end().expect("it runs");
        for position in wanted {
            session.rewind(position);
            session.run_quietly(position - session.position()).expect("it runs");
            assert!(states[position].as_ref() == Some(&state(session.machine())), "{name} at {position}, again");
        }
        assert_eq!(internals::check(session.machine()), Ok(()), "{name}");
    }
}

#[test]
fn what_was_counted_is_as_on_the_straight_way() {
    for (name, text) in inputs() {
        let mut session = open(&text);
        let mut straight = open(&text);
        session.run_to_end().expect("it runs");
        let length = session.len();
        for position in [length, length / 3, length * 2 / 3, 1.min(length), length / 2, length] {
            session.go_to(position).expect("it runs");
            let (verdict, tallies) = (session.verdict().clone(), session.tallies());
            straight = if straight.position() > position { open(&text) } else { straight };
            straight.run_quietly(position - straight.position()).expect("it runs");
            assert_eq!((&verdict, &tallies), (straight.verdict(), &straight.tallies()), "{name} at {position}");
        }
        assert_eq!(session.columns().len(), length);
    }
}

#[test]
fn explaining_a_step_changes_nothing() {
    let text = busy(600);
    let mut session = open(&text);
    session.record_events(true);
    session.go_to(session.len()).expect("it runs");
    let before = (state(session.machine()), session.verdict().clone(), session.position());
    for step in [3, 400, 77, session.len() - 1] {
        let report = session.explain(step).expect("it was run");
        assert!(report.facts.is_some(), "step {step}");
        let now = (state(session.machine()), session.verdict().clone(), session.position());
        assert!(before == now, "step {step}");
    }
}

#[test]
fn a_jump_runs_no_further_than_from_the_nearest_save() {
    let text = busy(3000);
    let mut session = open(&text);
    session.save_by_hand();
    let length = session.len();
    while session.position() < length {
        session.run_quietly(100).expect("it runs");
        session.save();
    }
    for jump in 0..50 {
        let (position, ran) = (jump * 991 % length, session.runs());
        session.go_to(position).expect("it runs");
        assert!(session.runs() - ran <= 101, "{} statements for a jump", session.runs() - ran);
    }
    let (count, bytes) = session.saves();
    assert!(count >= length / 100, "{count}");
    // A copy of RAM alone would be a megabyte each.
    assert!(bytes / count < 100_000, "{} bytes a save", bytes / count);
}

#[test]
fn what_a_signal_was_for_is_known_without_recording() {
    let mut session = open("load(0x10)\n");
    session.run_quietly(1).expect("it runs");
    assert_eq!(session.reports()[0].why.as_deref(), Some("no VMA covers 0x10"));
}
