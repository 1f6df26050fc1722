//! A verdict cannot be flattered: whichever result of a real log is falsified, it is not green, and says where.
#![cfg(not(target_arch = "wasm32"))]

use pagefault::machine::Sysno;
use pagefault::script::{Session, Verdict};
use std::collections::HashSet;

/// Logs of real programs, by the advice that the page gives.
const LOGS: [&str; 2] = [include_str!("../../tests/replay/real/bash.strace"), include_str!("../../tests/replay/real/xz.strace")];
const FALSIFIED: usize = 50;

fn session(log: &str) -> Session {
    let mut session = Session::from_text(log).expect("a log");
    session.run_to_end().expect("it runs to its end");
    session
}

/// SplitMix64.
fn random(state: &mut u64) -> usize {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ *state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (z ^ z >> 27) as usize >> 8
}

/// Lines with a memory call and its result.
fn calls(log: &str) -> Vec<usize> {
    let is_call = |line: &str| {
        let call = line.rsplit("] ").next().unwrap_or(line);
        let (name, _) = call.split_once('(').unwrap_or_default();
        Sysno::from_name(name).is_some_and(Sysno::is_about_memory) && call.contains(" = ")
    };
    log.lines().enumerate().filter(|(_, line)| is_call(line)).map(|(at, _)| at).collect()
}

/// Another result than the recorded one.
fn falsified(line: &str, seed: &mut u64) -> String {
    const SHIFTS: [i64; 7] = [-0x5000, 0x3000, -0x40_0000, 0x20_0000, -0x1000, 0x1000, 0x10_0000];
    const ERRORS: [&str; 4] = ["EINVAL", "ENOMEM", "EACCES", "EPERM"];
    let (before, result) = line.rsplit_once(" = ").expect("a result");
    let result = match result.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok()) {
        Some(at) if !random(seed).is_multiple_of(4) => format!("{:#x}", at.wrapping_add_signed(SHIFTS[random(seed) % SHIFTS.len()])),
        None if result.starts_with('-') => "0".to_string(),
        _ => format!("-1 {} (why)", ERRORS[random(seed) % ERRORS.len()]),
    };
    format!("{before} = {result}")
}

/// The lines that a verdict is about: what differs, is left out or assumed.
fn named(session: &Session) -> HashSet<usize> {
    let reports = session.reports().iter().filter(|report| !report.differences.is_empty() || report.assumed.is_some());
    reports.map(|report| report.line).chain(session.verdict().left_out.iter().map(|left| left.line)).collect()
}

#[test]
fn a_falsified_result_is_never_green_and_nearly_always_named() {
    for (which, log) in LOGS.into_iter().enumerate() {
        let right = session(log);
        assert!(right.verdict().is_green(), "{}", right.verdict());
        let (calls, lines) = (calls(log), log.lines().collect::<Vec<_>>());
        let mut seed = 14 + which as u64;
        let mut unnamed = Vec::new();
        for _ in 0..FALSIFIED {
            let at = calls[random(&mut seed) % calls.len()];
            let mut changed: Vec<String> = lines.iter().map(ToString::to_string).collect();
            changed[at] = falsified(lines[at], &mut seed);
            let session = session(&(changed.join("\n") + "\n"));
            let verdict: &Verdict = session.verdict();
            assert!(!verdict.is_green(), "line {}: {} was {}: {verdict}", at + 1, changed[at], lines[at]);
            if !named(&session).contains(&(at + 1)) {
                unnamed.push(changed[at].clone());
            }
        }
        // The first address of a program says where everything lies: if it is wrong, the others differ from it.
        assert!(unnamed.len() <= FALSIFIED / 10, "{unnamed:#?}");
    }
}

#[test]
fn what_is_missing_is_told() {
    for log in LOGS {
        let right = session(log).verdict().memory_calls;
        for cut in [log.len() / 3, log.len() / 2, log.len() * 3 / 4] {
            let cut = (cut..).find(|at| log.is_char_boundary(*at)).expect("an end");
            let session = session(&log[..cut]);
            let verdict = session.verdict();
            assert!(verdict.memory_calls < right && verdict.memory_differ == 0, "{verdict}");
            let is_counted = verdict.memory_calls == verdict.memory_equal + verdict.left_out.len();
            assert!(is_counted, "{verdict}");
        }
    }
}

#[test]
fn a_refusal_on_memory_that_is_not_known_says_nothing() {
    let log = "execve(\"./demo\", [\"./demo\"], 0x7ffd11112222 /* 9 vars */) = 0
brk(NULL) = 0x5601aa000000
mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f1100010000
mprotect(0x5601a9000000, 4096, PROT_READ) = -1 ENOMEM (Cannot allocate memory)
mprotect(0x7f1100000000, 4096, PROT_READ) = -1 ENOMEM (Cannot allocate memory)\n";
    let session = session(log);
    let verdict = session.verdict();
    assert_eq!((verdict.memory_equal, verdict.left_out.len(), verdict.is_green()), (3, 1, false), "{verdict}");
    assert_eq!(verdict.left_out[0].line, 4);
}

#[test]
fn nothing_compared_is_not_green() {
    for log in [
        "execve(\"./demo\", [\"./demo\"], 0x7ffd11112222 /* 9 vars */) = 0\nwrite(1, \"x\", 1) = 1\n",
        "strace: Process 7 attached\nread(3, \"\", 1) = 0\nmmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = ?\n",
        "@log yes\nmmap(NULL, ..., PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f1100010000\nclose(3) = 0\n",
    ] {
        let session = session(log);
        assert!(!session.verdict().is_green() && !session.verdict().is_equal(), "{}", session.verdict());
    }
}
