//! Runs scripts and logs on the emulator and prints one verdict a process:
//! `cargo run --release --example replay -- [--json] [--first] [--all] [--together] [--as KIND] FILE…`; exits 1 on a
//! difference, 2 if a file cannot be run. What a file is, is told by what stands in it; `--as` says otherwise, `--first`
//! prints one difference of each process instead of all, `--all` every line that was set aside, `--together` takes the
//! files for those of one `strace -ff`. `npm run replay` reads recordings too.

use pagefault::dump::{self, Audit};
use pagefault::ids::Pid;
use pagefault::log::{self, Kind};
use pagefault::script::{Comparison, ParseError, ProcessTally, Session, SetAside, StepReport};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// The exit codes.
const DIFFERS: i32 = 1;
const CANNOT_RUN: i32 = 2;

/// What was asked for.
#[derive(Default)]
struct Options {
    json: bool,
    first: bool,
    all: bool,
    together: bool,
    kind: Option<Kind>,
    files: Vec<String>,
}

fn main() {
    let options = match options(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(why) => {
            eprintln!("{why}");
            std::process::exit(CANNOT_RUN);
        }
    };
    let mut code = 0;
    let outcomes = if options.together { vec![together(&options)] } else { in_parallel(&options) };
    for outcome in outcomes {
        code = code.max(outcome.code);
        let lines = if options.json { outcome.json } else { outcome.text };
        for line in lines {
            println!("{line}");
        }
    }
    std::process::exit(code);
}

fn options(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options::default();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--json" => options.json = true,
            "--first" => options.first = true,
            "--all" => options.all = true,
            "--together" => options.together = true,
            "--as" => {
                let name = arguments.next().unwrap_or_default();
                let kinds = Kind::ALL.map(Kind::name).join(", ");
                options.kind = Some(Kind::from_name(&name).ok_or_else(|| format!("--as {name}: one of {kinds}"))?);
            }
            _ => options.files.push(argument),
        }
    }
    Ok(options)
}

/// What came of one file.
#[derive(Default)]
struct Outcome {
    code: i32,
    text: Vec<String>,
    json: Vec<String>,
}

/// Replays files on all CPUs; the outcomes in the order of the files.
fn in_parallel(options: &Options) -> Vec<Outcome> {
    let files = &options.files;
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                while let Some((place, file)) = Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, files.get(at)?))) {
                    let _ = sender.send((place, replay(file, options)));
                }
            });
        }
    });
    drop(sender);
    let mut outcomes: Vec<_> = receiver.iter().collect();
    outcomes.sort_by_key(|(place, _)| *place);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

fn replay(file: &str, options: &Options) -> Outcome {
    match std::fs::read(file) {
        Ok(bytes) => replay_text(file, &log::decode(&bytes), options),
        Err(error) => refused(file, &format!("cannot be read: {error}")),
    }
}

/// The files of one `strace -ff`, as one log.
fn together(options: &Options) -> Outcome {
    let mut texts = Vec::new();
    for file in &options.files {
        match std::fs::read(file) {
            Ok(bytes) => texts.push((file.as_str(), log::decode(&bytes))),
            Err(error) => return refused(file, &format!("cannot be read: {error}")),
        }
    }
    let borrowed: Vec<_> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let joined = log::join_files(&borrowed);
    let name = format!("{} and {} more", options.files.first().map_or("", String::as_str), options.files.len().saturating_sub(1));
    let mut outcome = replay_text(&name, &joined.text, options);
    if !joined.is_ordered {
        outcome
            .text
            .push(format!("{name}: the order of calls of different processes is not known: the lines carry no times (strace -ttt)"));
    }
    outcome
}

fn replay_text(file: &str, text: &str, options: &Options) -> Outcome {
    let kind = options.kind.unwrap_or_else(|| log::recognise(text));
    if matches!(kind, Kind::Maps | Kind::Smaps) {
        return audit(file, text, kind);
    }
    match run(text, kind) {
        Ok(session) => {
            let mut outcome = verdicts(file, &session, options);
            tell_of_reading(file, kind, &session, options, &mut outcome);
            outcome
        }
        Err(errors) => wrong(file, text, kind, &errors),
    }
}

/// Of maps or smaps alone: why there are so many areas. Nothing is replayed.
fn audit(file: &str, text: &str, kind: Kind) -> Outcome {
    let mut outcome = Outcome::default();
    outcome.text.push(format!("{file}: read as {}, which has no calls to replay; what `npm run audit` says of it:", kind.description()));
    for dump in dump::read(text).dumps {
        outcome.text.extend(Audit::of(&dump).to_string().lines().map(str::to_string));
    }
    outcome.json.push(json!({ "file": file, "kind": kind.name(), "audit": dump::report(text) }).to_string());
    outcome
}

fn run(text: &str, kind: Kind) -> Result<Session, Vec<ParseError>> {
    let mut session = Session::from_text_as(text, kind)?;
    session.run_to_end().map_err(|error| vec![error])?;
    Ok(session)
}

fn refused(file: &str, why: &str) -> Outcome {
    Outcome { code: CANNOT_RUN, text: vec![format!("{file}: {why}")], json: vec![json!({ "file": file, "error": why }).to_string()] }
}

/// Every error, with a picture of its place.
fn wrong(file: &str, text: &str, kind: Kind, errors: &[ParseError]) -> Outcome {
    let mut outcome = refused(file, &errors[0].to_string());
    outcome.text.clear();
    for error in errors {
        outcome.text.push(format!("{file}: {error}"));
        outcome.text.extend(error.picture(text).lines().map(|line| format!("    {line}")));
    }
    let list: Vec<_> = errors
        .iter()
        .map(|e| json!({ "line": e.line, "column": e.column, "found": e.found, "expected": e.expected, "message": e.to_string() }))
        .collect();
    outcome.json = vec![json!({ "file": file, "kind": kind.name(), "error": errors[0].to_string(), "errors": list }).to_string()];
    outcome
}

/// What the text was taken for, and what was set aside.
fn tell_of_reading(file: &str, kind: Kind, session: &Session, options: &Options, outcome: &mut Outcome) {
    let aside = &session.script().set_aside;
    if kind.is_log() {
        outcome.text.push(format!("{file}: read as {} (--as KIND to change)", kind.description()));
    }
    if options.all {
        outcome.text.extend(aside.iter().map(|a| format!("  line {} set aside, {}: {}", a.line, a.reason, a.text)));
    } else {
        outcome.text.extend(by_reason(aside).into_iter().map(|(reason, of_it)| grouped(reason, &of_it)));
    }
    for line in aside {
        let told = json!({
            "file": file, "kind": kind.name(), "setAside": line.line, "reason": line.reason, "text": line.text,
            "memoryCall": line.is_memory_call,
        });
        outcome.json.push(told.to_string());
    }
}

fn by_reason(aside: &[SetAside]) -> BTreeMap<&str, Vec<&SetAside>> {
    let mut groups: BTreeMap<&str, Vec<&SetAside>> = BTreeMap::new();
    for line in aside {
        groups.entry(&line.reason).or_default().push(line);
    }
    groups
}

fn grouped(reason: &str, lines: &[&SetAside]) -> String {
    let plural = if lines.len() == 1 { "" } else { "s" };
    let lost = lines.iter().filter(|line| line.is_memory_call).count();
    let calls = if lost == 0 { String::new() } else { format!(", {lost} of them about memory") };
    format!("  {} line{plural} set aside{calls}: {reason} (line {}, for one)", lines.len(), lines[0].line)
}

fn verdicts(file: &str, session: &Session, options: &Options) -> Outcome {
    let mut outcome = Outcome::default();
    for (pid, tally) in session.tallies() {
        if !tally.is_equal() {
            outcome.code = DIFFERS;
        }
        let (minor, major) = faults(session, pid);
        outcome.text.push(format!("{file}: process {}: {tally}; {minor} minor and {major} major faults", pid.0));
        let told = differences(session, pid, options.first);
        for (report, d) in &told {
            let field = report.field_of(d);
            let note = if d.excuse.is_empty() { &d.cause } else { &d.excuse };
            let note = if note.is_empty() { String::new() } else { format!(" ({note})") };
            outcome.text.push(format!("  line {}, {}: {field} should be {}, is {}{note}", report.line, report.call, d.expected, d.found));
            let why = report.why.as_ref().filter(|_| d.excuse.is_empty());
            outcome.text.extend(why.map(|why| format!("  because {why}")));
        }
        outcome.json.push(json_of(file, pid, &tally, &told, session).to_string());
    }
    if session.script().is_log {
        log_verdict(file, session, &mut outcome);
    }
    if outcome.text.is_empty() {
        return refused(file, "nothing in it runs");
    }
    outcome
}

/// What differs in a process, in the order of its statements: all of it, or the first without an excuse.
fn differences(session: &Session, pid: Pid, first: bool) -> Vec<(&StepReport, &Comparison)> {
    let own = session.reports().iter().filter(|report| report.pid == Some(pid));
    let all = own.flat_map(|report| report.differences.iter().map(move |difference| (report, difference)));
    match first {
        true => all.filter(|(_, d)| d.excuse.is_empty()).take(1).collect(),
        false => all.collect(),
    }
}

/// Of a log: every memory call is accounted for.
fn log_verdict(file: &str, session: &Session, outcome: &mut Outcome) {
    const SHOWN: usize = 20;
    let verdict = session.verdict();
    if !verdict.is_green() {
        outcome.code = outcome.code.max(DIFFERS);
    }
    outcome.text.push(format!("{file}: {verdict}"));
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

fn json_of(file: &str, pid: Pid, tally: &ProcessTally, told: &[(&StepReport, &Comparison)], session: &Session) -> Value {
    let ratio = |ratio: &pagefault::script::Ratio| json!({ "equal": ratio.equal, "all": ratio.all });
    let fields: serde_json::Map<_, _> = tally.fields.iter().map(|(field, r)| ((*field).to_string(), ratio(r))).collect();
    let (minor, major) = faults(session, pid);
    let differences: Vec<_> = told.iter().map(|(report, d)| json_of_difference(report, d)).collect();
    let first = told.iter().find(|(_, d)| d.excuse.is_empty()).map(|(report, d)| json_of_difference(report, d));
    json!({
        "file": file, "process": pid.0, "equal": tally.is_equal(), "operations": ratio(&tally.operations), "fields": fields,
        "excused": tally.excused, "first": first, "differences": differences, "minorFaults": minor, "majorFaults": major,
    })
}

fn json_of_difference(report: &StepReport, d: &Comparison) -> Value {
    json!({
        "line": report.line, "call": report.call, "field": report.field_of(d), "expected": d.expected, "found": d.found,
        "reason": report.why, "excuse": Some(&d.excuse).filter(|excuse| !excuse.is_empty()),
    })
}
