//! Runs scripts and logs on the emulator and prints one verdict a process:
//! `cargo run --release --example replay -- [--json] FILE…`; exits 1 on a difference, 2 if a file cannot
//! be run. `npm run replay` reads recordings too.

use pagefault::ids::Pid;
use pagefault::script::{ProcessTally, Session};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// The exit codes.
const DIFFERS: i32 = 1;
const CANNOT_RUN: i32 = 2;

fn main() {
    let (flags, files): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|argument| argument == "--json");
    let mut code = 0;
    for outcome in in_parallel(&files) {
        code = code.max(outcome.code);
        let lines = if flags.is_empty() { outcome.text } else { outcome.json };
        for line in lines {
            println!("{line}");
        }
    }
    std::process::exit(code);
}

/// What came of one file.
#[derive(Default)]
struct Outcome {
    code: i32,
    text: Vec<String>,
    json: Vec<String>,
}

/// Replays files on all CPUs; the outcomes in the order of the files.
fn in_parallel(files: &[String]) -> Vec<Outcome> {
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                while let Some((place, file)) = Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, files.get(at)?))) {
                    let _ = sender.send((place, replay(file)));
                }
            });
        }
    });
    drop(sender);
    let mut outcomes: Vec<_> = receiver.iter().collect();
    outcomes.sort_by_key(|(place, _)| *place);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

fn replay(file: &str) -> Outcome {
    match run(file) {
        Ok(session) => verdicts(file, &session),
        Err(why) => Outcome {
            code: CANNOT_RUN,
            text: vec![format!("{file}: {why}")],
            json: vec![json!({ "file": file, "error": why }).to_string()],
        },
    }
}

fn run(file: &str) -> Result<Session, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("cannot be read: {error}"))?;
    let mut session = Session::from_text(&text).map_err(|errors| errors[0].to_string())?;
    session.run_to_end().map_err(|error| error.to_string())?;
    Ok(session)
}

fn verdicts(file: &str, session: &Session) -> Outcome {
    let mut outcome = Outcome::default();
    for (pid, tally) in session.tallies() {
        if !tally.is_equal() {
            outcome.code = DIFFERS;
        }
        let (minor, major) = faults(session, pid);
        outcome.text.push(format!("{file}: process {}: {tally}; {minor} minor and {major} major faults", pid.0));
        if let Some(first) = &tally.first {
            let d = &first.comparison;
            outcome.text.push(format!("  line {}, {}: {} should be {}, is {}", first.line, first.call, first.field, d.expected, d.found));
            outcome.text.extend(reason(session, first.line).map(|why| format!("  because {why}")));
        }
        outcome.json.push(json_of(file, pid, &tally, session).to_string());
    }
    if session.script().is_log {
        log_verdict(file, session, &mut outcome);
    }
    outcome
}

/// Of a log: every memory call is accounted for, and differences after the first of a process are told too.
fn log_verdict(file: &str, session: &Session, outcome: &mut Outcome) {
    const SHOWN: usize = 20;
    let verdict = session.verdict();
    if !verdict.is_green() {
        outcome.code = outcome.code.max(DIFFERS);
    }
    outcome.text.push(format!("{file}: {verdict}"));
    let told = session.reports().iter().flat_map(|report| report.differences.iter().map(move |difference| (report, difference)));
    for (report, d) in told.take(SHOWN) {
        let note = if d.excuse.is_empty() { &d.cause } else { &d.excuse };
        let note = if note.is_empty() { String::new() } else { format!(" ({note})") };
        outcome.text.push(format!("  line {}, {}: {} should be {}, is {}{note}", report.line, report.call, d.field, d.expected, d.found));
    }
    for left in verdict.left_out.iter().take(SHOWN) {
        outcome.text.push(format!("  line {}, {}: not replayed, {}", left.line, left.call, left.reason));
    }
    for report in session.reports().iter().filter(|report| report.assumed.is_some()).take(SHOWN) {
        outcome.text.push(format!("  line {}, {}: assumed, {}", report.line, report.call, report.assumed.as_deref().unwrap_or_default()));
    }
    let left_out: Vec<_> =
        verdict.left_out.iter().map(|left| json!({ "line": left.line, "call": left.call, "reason": left.reason })).collect();
    let whole = json!({
        "file": file, "text": verdict.to_string(), "equal": verdict.is_equal(), "green": verdict.is_green(),
        "memoryCalls": verdict.memory_calls, "memoryEqual": verdict.memory_equal, "memoryDiffer": verdict.memory_differ,
        "leftOut": left_out, "assumed": verdict.assumed, "excused": verdict.excused,
    });
    outcome.json.push(whole.to_string());
}

/// The faults that a process took here.
fn faults(session: &Session, pid: Pid) -> (u64, u64) {
    let own = session.reports().iter().filter(|report| report.pid == Some(pid));
    own.fold((0, 0), |sum, report| (sum.0 + report.faults.0, sum.1 + report.faults.1))
}

/// Why the emulator did what it did at a line, if it said so.
fn reason(session: &Session, line: usize) -> Option<String> {
    session.reports().iter().find(|report| report.line == line)?.why.clone()
}

fn json_of(file: &str, pid: Pid, tally: &ProcessTally, session: &Session) -> Value {
    let ratio = |ratio: &pagefault::script::Ratio| json!({ "equal": ratio.equal, "all": ratio.all });
    let fields: serde_json::Map<_, _> = tally.fields.iter().map(|(field, r)| ((*field).to_string(), ratio(r))).collect();
    let (minor, major) = faults(session, pid);
    let first = tally.first.as_ref().map(|first| {
        json!({
            "line": first.line, "call": first.call, "field": first.field, "expected": first.comparison.expected,
            "found": first.comparison.found, "reason": reason(session, first.line),
        })
    });
    json!({
        "file": file, "process": pid.0, "equal": tally.is_equal(), "operations": ratio(&tally.operations), "fields": fields,
        "excused": tally.excused, "first": first, "minorFaults": minor, "majorFaults": major,
    })
}
