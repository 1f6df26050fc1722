//! The commands of the harness.

use crate::CANNOT_ASK;
use crate::batches;
use crate::compare::{Failure, Fields, check_script};
use crate::fuzz::{self, Plan};
use crate::live::is_machine_wide;
use crate::record::record;
use crate::sandbox::Sandbox;
use pagefault::script::Script;
use std::path::PathBuf;
use std::time::Duration;

const USAGE: &str = "usage: pagefault-oracle check [--fields spaces|all] FILE…
       pagefault-oracle record FILE…
       pagefault-oracle fuzz [--seed N] [--minutes N] [--first N] [--programs N] [--operations N] [--fields spaces|all] [--save FOLDER]";

/// What the command line asks for.
#[derive(Debug, Default)]
struct Options {
    command: String,
    fields: Option<Fields>,
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
            Long("fields") => options.fields = Some(fields(&parser.value().map_err(text)?.string().map_err(text)?)?),
            Long("seed") => options.plan.seed = Some(parser.value().and_then(|v| v.parse()).map_err(text)?),
            Long("minutes") => {
                let minutes: f64 = parser.value().and_then(|v| v.parse()).map_err(text)?;
                options.plan.time = Some(Duration::try_from_secs_f64(minutes * 60.0).map_err(|e| e.to_string())?);
            }
            Long("first") => options.plan.first = parser.value().and_then(|v| v.parse()).map_err(text)?,
            Long("programs") => options.plan.programs = Some(parser.value().and_then(|v| v.parse()).map_err(text)?),
            Long("operations") => options.plan.operations = parser.value().and_then(|v| v.parse()).map_err(text)?,
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
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_string();
    if !release.starts_with("6.18.") {
        println!("the kernel here is {release}, the reference is 6.18: no comparison");
        return CANNOT_ASK;
    }
    batches::stay_on_this_cpu();
    println!("kernel {release}");
    let mut sandbox = match Sandbox::new() {
        Ok(sandbox) => sandbox,
        Err(error) => {
            println!("the real processes cannot have a root directory of their own (that needs root): {error}");
            return CANNOT_ASK;
        }
    };
    match options.command.as_str() {
        "check" => check(&mut sandbox, &options),
        "record" => record_all(&mut sandbox, &options, &release),
        _ => fuzz::run(&mut sandbox, &options.plan, options.fields.unwrap_or(Fields::SPACES)),
    }
}

fn complain(why: &str) -> i32 {
    eprintln!("{why}");
    2
}

/// Scripts by name; those that change the machine go last.
fn in_order(files: &[PathBuf]) -> Vec<(PathBuf, Result<String, String>)> {
    let read = |path: &PathBuf| (path.clone(), std::fs::read_to_string(path).map_err(|e| e.to_string()));
    let mut scripts: Vec<_> = files.iter().map(read).collect();
    let last = |text: &String| Script::parse(text).is_ok_and(|script| is_machine_wide(&script));
    scripts.sort_by_key(|(_, text)| text.as_ref().is_ok_and(last));
    scripts
}

fn check(sandbox: &mut Sandbox, options: &Options) -> i32 {
    let (mut passed, mut failed) = (0, 0);
    for (path, text) in in_order(&options.files) {
        let fields = options.fields.unwrap_or(Fields::SPACES);
        let result = text.map_err(Failure::Script).and_then(|text| check_script(sandbox, &text, fields));
        match result {
            Ok(statements) => {
                passed += 1;
                println!("ok {} ({statements} statements)", path.display());
            }
            Err(Failure::CannotAsk(why)) => {
                println!("{}: {why}", path.display());
                return CANNOT_ASK;
            }
            Err(failure) => {
                failed += 1;
                println!("FAILED {}: {failure}", path.display());
            }
        }
    }
    println!("{passed} passed, {failed} failed");
    i32::from(failed > 0)
}

fn record_all(sandbox: &mut Sandbox, options: &Options, release: &str) -> i32 {
    let mut failed = 0;
    for (path, text) in in_order(&options.files) {
        let recorded = text.and_then(|text| record(sandbox, &text, release));
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
