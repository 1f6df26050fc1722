//! What an event costs, and what the call that it tells of: in turns, on one kernel, each kind apart.

use crate::child::{ARGUMENT, KINDS};
use crate::follow::{Followed, Told, attach};
use pagefault::track::Event;
use std::arch::x86_64::_rdtsc;
use std::process::Command;
use std::time::Instant;

const ROUNDS: usize = 15;
/// What an event may cost, in parts of the call.
const MOST: f64 = 0.15;

/// Count and cycles of each kind.
type Spent = [(u64, u64); KINDS.len()];

fn kind_of((event, _): &Told) -> usize {
    KINDS.iter().position(|kind| *kind == event.call()).unwrap_or(KINDS.len() - 1)
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
    Some(spent)
}

/// The events that were seen, told anew.
fn events(followed: &Followed) -> Spent {
    let mut space = attach(&followed.smaps, followed.landmarks);
    let mut spent = Spent::default();
    for told in &followed.events {
        let kind = kind_of(told);
        let (event, refused): (&Event, bool) = (&told.0, told.1);
        // SAFETY: a counter is read.
        let before = unsafe { _rdtsc() };
        if refused {
            space.apply_refused(event);
        } else {
            let _ = space.apply(event);
        }
        // SAFETY: as before.
        let cycles = unsafe { _rdtsc() } - before;
        spent[kind].0 += 1;
        spent[kind].1 += cycles;
    }
    spent
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Cycles of the counter in a nanosecond.
fn cycles_per_nanosecond() -> f64 {
    // SAFETY: a counter is read.
    let (start, before) = (Instant::now(), unsafe { _rdtsc() });
    while start.elapsed().as_millis() < 20 {}
    // SAFETY: as before.
    (unsafe { _rdtsc() } - before) as f64 / start.elapsed().as_nanos() as f64
}

/// Cycles of one event, or call, of the kinds that are chosen.
fn each(spent: &Spent, chosen: impl Fn(usize) -> bool) -> f64 {
    let (count, cycles) = spent.iter().enumerate().filter(|(kind, _)| chosen(*kind)).fold((0, 0), |sum, (_, one)| (sum.0 + one.0, sum.1 + one.1));
    cycles as f64 / count.max(1) as f64
}

/// Compares and prints; whether an event is cheap enough.
pub fn compare(followed: &Followed, seed: u64, count: u64) -> bool {
    let mut rounds: Vec<(Spent, Spent)> = Vec::new();
    for _ in 0..ROUNDS {
        let Some(calls) = calls(seed, count) else {
            eprintln!("the calls could not be timed");
            return false;
        };
        rounds.push((events(followed), calls));
    }
    let rate = cycles_per_nanosecond();
    // What the kernel writes for a program is told, but no call about memory.
    let is_call = |kind: usize| kind + 1 < KINDS.len();
    let show = |name: &str, chosen: &dyn Fn(usize) -> bool| {
        let event = median(rounds.iter().map(|round| each(&round.0, chosen)).collect());
        let call = median(rounds.iter().map(|round| each(&round.1, chosen)).collect());
        let ratio = median(rounds.iter().map(|round| each(&round.0, chosen) / each(&round.1, chosen)).collect());
        println!("{name:9} {:5.0} ns an event, {:6.0} ns a call, {ratio:.3} of it", event / rate, call / rate);
        ratio
    };
    for (kind, name) in KINDS.iter().enumerate().filter(|(kind, _)| is_call(*kind)) {
        show(name, &|other| other == kind);
    }
    let ratio = show("all", &is_call);
    println!("medians of {ROUNDS} rounds; at most {MOST} is wanted");
    ratio <= MOST
}
