//! The differential fuzzer: makes up programs, runs them on both sides, and shrinks what differs to a
//! script that can be committed.

mod generate;
mod shrink;

use crate::compare::{Fields, Pair};
use crate::failure::Failure;
use crate::host::Place;
use crate::record::record;
use generate::Generator;
use pagefault::script::Script;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long to go on, and with what.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Where the programs come from; by default the time of day.
    pub(crate) seed: Option<u64>,
    pub(crate) time: Option<Duration>,
    pub(crate) programs: Option<u64>,
    /// The number of the first program: one that differed can be made once more.
    pub(crate) first: u64,
    /// Operations a program has at most.
    pub(crate) operations: usize,
    /// A folder for what differs.
    pub(crate) save: Option<PathBuf>,
    /// No operation with one of these words in it is made: for a kernel that is known to differ there.
    pub(crate) without: Vec<String>,
}

impl Default for Plan {
    fn default() -> Self {
        Self { seed: None, time: None, programs: None, first: 0, operations: 60, save: None, without: Vec::new() }
    }
}

/// So many differences end a run: more of them rarely say more.
const ENOUGH: u64 = 12;
/// How often the run says how far it is.
const NEWS: Duration = Duration::from_secs(60);

/// A program as text.
#[derive(Clone, Debug, Default)]
struct Program {
    header: String,
    lines: Vec<String>,
}

impl Program {
    fn text(&self) -> String {
        let mut text = self.header.clone();
        for line in &self.lines {
            text.push_str(line);
            text.push('\n');
        }
        text
    }
}

/// Runs the fuzzer; the exit code.
pub(crate) fn run(place: &mut Place, plan: &Plan, fields: Fields) -> i32 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let seed = plan.seed.unwrap_or(now);
    println!("seed {seed}");
    // Told as differences.
    std::panic::set_hook(Box::new(|_| {}));
    let (start, mut news) = (Instant::now(), Instant::now());
    let (mut programs, mut operations, mut differences, mut unrepeatable) = (0u64, 0u64, 0u64, 0u64);
    let mut calls: BTreeMap<String, u64> = BTreeMap::new();
    let over = |programs| match (plan.time, plan.programs) {
        (None, None) => programs >= 1000,
        (time, count) => time.is_some_and(|time| start.elapsed() >= time) || count.is_some_and(|count| programs >= count),
    };
    while !over(programs) && differences < ENOUGH {
        let mut generator = Generator::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(plan.first + programs), fields);
        let number = plan.first + programs;
        let (program, failure) = make_and_run(place, &mut generator, plan, fields);
        programs += 1;
        operations += program.lines.len() as u64;
        for line in &program.lines {
            *calls.entry(generate::call_of(line).to_string()).or_default() += 1;
        }
        match failure {
            None => {}
            Some(Failure::CannotAsk(why)) => {
                println!("{why}");
                return crate::CANNOT_ASK;
            }
            Some(failure) if run_again(place, &program, fields).is_ok() && run_again(place, &program, fields).is_ok() => {
                // The same program does not differ twice more: the kernel itself is not deterministic there
                // (a page of a disk file that is locked for a moment, say).
                unrepeatable += 1;
                println!("program {number} of seed {seed} differed once and not again: {failure}");
                keep(plan, &format!("{seed}_{number}_once"), &program.text());
            }
            Some(failure) => {
                differences += 1;
                report(place, plan, fields, seed, number, &program, &failure);
            }
        }
        if news.elapsed() > NEWS {
            news = Instant::now();
            println!("… {programs} programs, {operations} operations, {differences} differences");
        }
    }
    let by_call: Vec<_> = calls.iter().map(|(call, n)| format!("{call} {n}")).collect();
    println!("calls: {}", by_call.join(", "));
    println!(
        "seed {seed}: {programs} programs, {operations} operations, {differences} differences, {unrepeatable} that did not repeat, in {:.0} s",
        start.elapsed().as_secs_f64()
    );
    i32::from(differences > 0)
}

/// Lets a generator write a program while it runs, so that each operation can be about what is there.
fn make_and_run(place: &mut Place, generator: &mut Generator, plan: &Plan, fields: Fields) -> (Program, Option<Failure>) {
    let mut program = Program { header: generator.header(place.host.value("read_ahead_kb").unwrap_or(0)), lines: Vec::new() };
    let started = start(place, &program.header, fields);
    let mut pair = match started {
        Ok(pair) => pair,
        Err(failure) => return (program, Some(failure)),
    };
    while program.lines.len() < plan.operations {
        let Some(line) = generator.next(pair.session.machine(), pair.session.names()) else { break };
        if plan.without.iter().any(|word| line.contains(word)) {
            continue;
        }
        program.lines.push(line.clone());
        let step = pair.session.append(&line).map_err(|e| Failure::Script(e.to_string())).and_then(|()| pair.step());
        if let Err(failure) = step {
            return (program, Some(failure));
        }
    }
    (program, None)
}

fn start(place: &mut Place, header: &str, fields: Fields) -> Result<Pair, Failure> {
    let script = Script::parse(header).map_err(|errors| Failure::Script(errors[0].to_string()))?;
    Pair::start(place, script, fields)
}

/// Runs a program as it stands.
fn run_again(place: &mut Place, program: &Program, fields: Fields) -> Result<(), Failure> {
    let mut pair = start(place, &program.header, fields)?;
    for line in &program.lines {
        pair.session.append(line).map_err(|e| Failure::Script(e.to_string()))?;
        pair.step()?;
    }
    Ok(())
}

/// Shrinks a program that differs and prints it as a script with the kernel's answers.
fn report(place: &mut Place, plan: &Plan, fields: Fields, seed: u64, number: u64, program: &Program, failure: &Failure) {
    println!("DIFFERENCE in program {number} of seed {seed}: {failure}");
    let (small, failure) = shrink::shrink(place, program, failure, fields);
    println!("shrunk to {} operations: {failure}", small.lines.len());
    let text = match record(place, &small.text()) {
        Ok(text) => text,
        Err(why) => format!("# not recorded: {why}\n{}", small.text()),
    };
    println!("{text}");
    keep(plan, &format!("{seed}_{number}"), &text);
}

/// Writes a program into the folder that was asked for.
fn keep(plan: &Plan, name: &str, text: &str) {
    let Some(folder) = &plan.save else { return };
    let path = folder.join(format!("{name}.pf"));
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, text));
    if let Err(error) = written {
        println!("{}: {error}", path.display());
    }
}
