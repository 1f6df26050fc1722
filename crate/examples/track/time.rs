//! What an event costs, and what the call that it tells of: in turns, on one kernel.

use crate::child::{ARGUMENT, KINDS};
use crate::follow::{Followed, Told, attach};
use std::process::Command;
use std::time::Instant;

const ROUNDS: usize = 15;
/// What an event may cost, in parts of the call: 0.19 was measured where entering the kernel is dear, on a virtual machine with
/// mitigations; other machines enter it at half of that.
const MOST: f64 = 0.4;

/// Calls and cycles of each kind.
type Spent = [(u64, u64); KINDS.len()];

/// What the kernel writes for a program is told, too, but is no call about memory.
fn is_call(kind: usize) -> bool {
    kind + 1 < KINDS.len()
}

/// The calls, in a process that nobody traces.
fn calls(seed: u64, count: u64) -> Option<Spent> {
    let output = Command::new(std::env::current_exe().ok()?).args([ARGUMENT, &seed.to_string(), &count.to_string(), "1"]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut spent = Spent::default();
    for (line, place) in text.lines().zip(&mut spent) {
        let mut numbers = line.split(' ').skip(1).filter_map(|word| word.parse().ok());
        *place = (numbers.next()?, numbers.next()?);
    }
    Some(spent).filter(|spent| spent[0].0 > 0)
}

/// What this thread has computed so far, in nanoseconds: other programs do not count.
fn thread_time() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the time is ours.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

/// Nanoseconds of an event: all that were seen, told anew.
fn events(followed: &Followed) -> f64 {
    let mut space = attach(&followed.smaps, followed.landmarks);
    let before = thread_time();
    for (event, refused) in &followed.events {
        if *refused {
            space.apply_refused(event);
        } else {
            let _ = space.apply(event);
        }
    }
    let spent = thread_time() - before;
    assert_eq!(space.events(), followed.events.len() as u64, "the events were applied once before");
    spent / followed.events.len() as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Cycles of the counter in a nanosecond.
fn cycles_per_nanosecond() -> f64 {
    // SAFETY: a counter is read.
    let (start, before) = (Instant::now(), unsafe { std::arch::x86_64::_rdtsc() });
    while start.elapsed().as_millis() < 20 {}
    // SAFETY: as before.
    (unsafe { std::arch::x86_64::_rdtsc() } - before) as f64 / start.elapsed().as_nanos() as f64
}

/// Cycles of a call, in the mixture of kinds that was told.
fn cycles_of_a_call(spent: &Spent, told: &[Told]) -> f64 {
    let mut weights = [0.0; KINDS.len()];
    for (event, _) in told {
        let kind = KINDS.iter().position(|kind| *kind == event.call()).unwrap_or(KINDS.len() - 1);
        weights[kind] += 1.0;
    }
    let mut sum = (0.0, 0.0);
    for (kind, weight) in weights.iter().enumerate().filter(|(kind, _)| is_call(*kind)) {
        let (calls, cycles) = spent[kind];
        sum.0 += weight;
        sum.1 += weight * cycles as f64 / calls.max(1) as f64;
    }
    sum.1 / sum.0
}

/// Compares and prints; whether an event is cheap enough.
pub fn compare(followed: &Followed, seed: u64, count: u64) -> bool {
    let rate = cycles_per_nanosecond();
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let Some(calls) = calls(seed, count) else {
            eprintln!("the calls could not be timed");
            return false;
        };
        rounds.push((events(followed), cycles_of_a_call(&calls, &followed.events) / rate, calls));
    }
    for (kind, name) in KINDS.iter().enumerate().filter(|(kind, _)| is_call(*kind)) {
        let each = rounds.iter().map(|(.., calls)| calls[kind].1 as f64 / calls[kind].0.max(1) as f64 / rate);
        println!("  {name:9} {:6.0} ns a call", median(each.collect()));
    }
    let event = median(rounds.iter().map(|round| round.0).collect());
    let call = median(rounds.iter().map(|round| round.1).collect());
    let ratio = median(rounds.iter().map(|round| round.0 / round.1).collect());
    println!("{event:.0} ns an event, {call:.0} ns the call that it tells of: {ratio:.3} (medians of {ROUNDS} rounds; at most {MOST})");
    ratio <= MOST
}
