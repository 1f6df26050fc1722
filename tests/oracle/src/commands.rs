//! The commands of the harness.

use crate::CANNOT_ASK;
use crate::batches;
use crate::compare::{Fields, check_script};
use crate::failure::{Difference, Failure};
use crate::fuzz::{self, Plan};
use crate::host::{Host, Place};
use crate::record::record;
use crate::sandbox::Sandbox;
use crate::wait;
use pagefault::script::{Script, Session};
use std::path::PathBuf;
use std::time::Duration;

const USAGE: &str = "usage: pagefault-oracle check [--reference] [--fields spaces|all] [--seconds N] FILE…
       pagefault-oracle record [--seconds N] FILE…
       pagefault-oracle fuzz [--reference] [--seed N] [--minutes N] [--first N] [--programs N] [--operations N] [--fields spaces|all] [--save FOLDER] [--without WORD,…]";

/// What the command line asks for.
#[derive(Debug, Default)]
struct Options {
    command: String,
    fields: Option<Fields>,
    /// Only a kernel that is the reference is asked.
    reference: bool,
    plan: Plan,
    files: Vec<PathBuf>,
}

fn options() -> Result<Options, String> {
    use lexopt::prelude::{Long, Value, ValueExt};
    let mut parser = lexopt::Parser::from_env();
    let mut options = Options::default();
    let text = |e: lexopt::Error| e.to_string();
    while let Some(argument) = parser.next().map_err(text)? {
        match argument {
            Long("reference") => options.reference = true,
            Long("fields") => options.fields = Some(fields(&parser.value().map_err(text)?.string().map_err(text)?)?),
            Long("seed") => options.plan.seed = Some(parser.value().and_then(|v| v.parse()).map_err(text)?),
            Long("minutes") => {
                let minutes: f64 = parser.value().and_then(|v| v.parse()).map_err(text)?;
                options.plan.time = Some(Duration::try_from_secs_f64(minutes * 60.0).map_err(|e| e.to_string())?);
            }
            Long("seconds") => wait::limit(parser.value().and_then(|v| v.parse()).map_err(text)?),
            Long("first") => options.plan.first = parser.value().and_then(|v| v.parse()).map_err(text)?,
            Long("programs") => options.plan.programs = Some(parser.value().and_then(|v| v.parse()).map_err(text)?),
            Long("operations") => options.plan.operations = parser.value().and_then(|v| v.parse()).map_err(text)?,
            Long("without") => {
                let words = parser.value().map_err(text)?.string().map_err(text)?;
                options.plan.without.extend(words.split(',').map(str::to_string));
            }
            Long("save") => options.plan.save = Some(parser.value().map_err(text)?.into()),
            Value(command) if options.command.is_empty() => options.command = command.string().map_err(text)?,
            Value(file) => options.files.push(file.into()),
            other => return Err(other.unexpected().to_string()),
        }
    }
    Ok(options)
}

fn fields(name: &str) -> Result<Fields, String> {
    match name {
        "spaces" => Ok(Fields::SPACES),
        "all" => Ok(Fields::ALL),
        _ => Err(format!("--fields {name}: spaces or all")),
    }
}

/// Runs the command; the exit code.
pub(crate) fn run() -> i32 {
    let options = match options() {
        Ok(options) if matches!(options.command.as_str(), "check" | "record" | "fuzz") => options,
        Ok(_) => return complain(USAGE),
        Err(why) => return complain(&format!("{why}\n{USAGE}")),
    };
    batches::stay_on_this_cpu();
    let mut place = match place(&options) {
        Ok(place) => place,
        Err(why) => {
            println!("{why}");
            return CANNOT_ASK;
        }
    };
    println!("{}", place.host.describe());
    match options.command.as_str() {
        "check" => check(&mut place, &options),
        "record" => record_all(&mut place, &options),
        _ => fuzz::run(&mut place, &options.plan, options.fields.unwrap_or(Fields::SPACES)),
    }
}

/// Where real processes can be asked; `Err` says why there is no such place here.
fn place(options: &Options) -> Result<Place, String> {
    let no_root = |error| format!("the real processes cannot have a root directory of their own (that needs root): {error}");
    let mut sandbox = Sandbox::new().map_err(no_root)?;
    let host = Host::look(&mut sandbox);
    if options.reference && !host.is_reference() {
        return Err(format!("the kernel here is {}, the reference is 6.18: `npm run check` compares all the same", host.release));
    }
    Ok(Place { sandbox, host })
}

fn complain(why: &str) -> i32 {
    eprintln!("{why}");
    2
}

/// Scripts by name; those that change the machine go last.
fn in_order(host: &Host, files: &[PathBuf]) -> Vec<(PathBuf, Result<String, String>)> {
    let read = |path: &PathBuf| (path.clone(), std::fs::read_to_string(path).map_err(|e| e.to_string()));
    let mut scripts: Vec<_> = files.iter().map(read).collect();
    let last = |text: &String| Script::parse(text).is_ok_and(|script| !host.wishes(&script).is_empty());
    scripts.sort_by_key(|(_, text)| text.as_ref().is_ok_and(last));
    scripts
}

/// How many scripts came out how.
#[derive(Default)]
struct Sum {
    passed: usize,
    failed: usize,
    /// Scripts that are compared on other machines, and what they want.
    elsewhere: Vec<String>,
}

fn check(place: &mut Place, options: &Options) -> i32 {
    let mut sum = Sum::default();
    for (path, text) in in_order(&place.host, &options.files) {
        let fields = options.fields.unwrap_or(Fields::SPACES);
        let result = text.map_err(Failure::Script).and_then(|text| check_here_or_alone(place, &text, fields));
        match result {
            Ok(Checked::Here(statements)) => {
                sum.passed += 1;
                println!("ok {} ({statements} statements)", path.display());
            }
            Ok(Checked::Alone(wants)) => sum.elsewhere.push(format!("{} wants {}", path.display(), wants.join(", "))),
            Err(Failure::CannotAsk(why)) => {
                println!("{}: {why}", path.display());
                return CANNOT_ASK;
            }
            Err(failure) => {
                sum.failed += 1;
                println!("FAILED {}: {failure}", path.display());
            }
        }
    }
    if !sum.elsewhere.is_empty() {
        println!("on the emulator alone, as recorded on another machine: {} passed", sum.elsewhere.len());
        sum.elsewhere.iter().for_each(|script| println!("  {script}"));
    }
    println!("{} passed, {} failed", sum.passed, sum.failed);
    i32::from(sum.failed > 0)
}

/// How a script was checked.
enum Checked {
    /// On both sides: so many statements.
    Here(usize),
    /// It wants what is otherwise here; the emulator alone does as was recorded.
    Alone(Vec<String>),
}

/// Runs a script on both sides; one that wants another machine, on the emulator alone.
fn check_here_or_alone(place: &mut Place, text: &str, fields: Fields) -> Result<Checked, Failure> {
    match check_script(place, text, fields) {
        Err(Failure::NotHere(wants)) => check_alone(text).map(|()| Checked::Alone(wants)),
        other => other.map(Checked::Here),
    }
}

/// Whether the emulator does all that was recorded.
fn check_alone(text: &str) -> Result<(), Failure> {
    let mut session = Session::from_text(text).map_err(|errors| Failure::Script(errors[0].to_string()))?;
    session.run_to_end().map_err(|error| Failure::Script(error.to_string()))?;
    let differing = session.reports().iter().flat_map(|report| report.differences.iter().map(move |d| (report, d)));
    let told = differing.filter(|(_, d)| d.excuse.is_empty()).map(|(report, d)| Difference {
        line: report.line,
        call: report.call.clone(),
        field: d.field,
        script: None,
        real: format!("{} (recorded)", d.expected),
        ours: d.found.clone(),
    });
    let told: Vec<_> = told.collect();
    if told.is_empty() { Ok(()) } else { Err(Failure::Differs(told)) }
}

fn record_all(place: &mut Place, options: &Options) -> i32 {
    let mut failed = 0;
    for (path, text) in in_order(&place.host, &options.files) {
        let recorded = text.and_then(|text| record(place, &text));
        let written = recorded.and_then(|text| std::fs::write(&path, text).map_err(|e| e.to_string()));
        match written {
            Ok(()) => println!("recorded {}", path.display()),
            Err(why) => {
                failed += 1;
                println!("FAILED {}: {why}", path.display());
            }
        }
    }
    i32::from(failed > 0)
}
