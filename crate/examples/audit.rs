//! Says why an address space has as many areas as it has, and what they cost, from the text of `/proc/PID/maps` or
//! `smaps`: `cargo run --release --example audit -- [--json] FILE [OTHER]`. With two texts: what changed, as calls.
//! `--script` prints a script that yields the address space. `-` is standard input. Exits 2 if a text has none.

use pagefault::dump::{Audit, Changes, Costs, Dump, Reading, changes_between, read, report, script_for};
use serde_json::json;
use std::io::{Read, Write};

const USAGE: &str = "usage: audit [--json] [--script] MAPS [OTHER]   (texts of /proc/PID/maps or smaps; - is standard input)";

fn main() {
    let (flags, files): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let unknown = flags.iter().find(|flag| !["--json", "--script"].contains(&flag.as_str()));
    let has = |flag: &str| flags.iter().any(|given| given == flag);
    let answer = match (unknown, files.as_slice()) {
        (Some(flag), _) => Err(format!("{flag} is not known\n{USAGE}")),
        (None, [file]) => text_of(file).and_then(|text| about_one(file, &text, has("--json"), has("--script"))),
        (None, [from, to]) => text_of(from).and_then(|from| about_two(&from, &text_of(to)?, has("--json"), has("--script"))),
        _ => Err(USAGE.into()),
    };
    match answer {
        // A reader that has seen enough may close the pipe.
        Ok(text) => drop(std::io::stdout().write_all(text.as_bytes())),
        Err(why) => {
            eprintln!("{why}");
            std::process::exit(2);
        }
    }
}

fn text_of(file: &str) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = match file {
        "-" => std::io::stdin().read_to_end(&mut bytes),
        _ => std::fs::File::open(file).and_then(|mut open| open.read_to_end(&mut bytes)),
    };
    read.map_err(|error| format!("{file} cannot be read: {error}"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn about_one(file: &str, text: &str, as_json: bool, as_script: bool) -> Result<String, String> {
    let reading = read(text);
    if reading.dumps.is_empty() {
        return Err(format!("{file} has no line of /proc/PID/maps"));
    }
    if as_script {
        return script_for(text).ok_or_else(|| USAGE.into());
    }
    if as_json {
        return Ok(serde_json::to_string(&report(text)).expect("plain data") + "\n");
    }
    let several = reading.dumps.len() > 1;
    let mut told: Vec<_> = reading.dumps.iter().enumerate().map(|(at, dump)| tell(dump, several.then_some(at + 1))).collect();
    if let Some(changes) = several.then(|| changes_between(text, "")).flatten() {
        told.push(format!("From the first to the second:\n{}", tell_changes(&changes)));
    }
    told.extend(left_out(&reading));
    Ok(told.join("\n"))
}

fn tell(dump: &Dump, number: Option<usize>) -> String {
    let head = number.map(|number| format!("{number}. {}\n", dump.label)).unwrap_or_default();
    format!("{head}{}\n{}", Audit::of(dump), Costs::of(dump))
}

/// What of a text was not understood, if anything.
fn left_out(reading: &Reading) -> Option<String> {
    let lines: String = reading.set_aside.iter().map(|left| format!("  line {}, {}: {}\n", left.line, left.reason, left.text)).collect();
    (!lines.is_empty()).then(|| format!("Left out:\n{lines}"))
}

fn about_two(from: &str, to: &str, as_json: bool, as_script: bool) -> Result<String, String> {
    let changes = changes_between(from, to).ok_or("one of the texts has no line of /proc/PID/maps")?;
    if as_script {
        return Ok(changes.script);
    }
    Ok(if as_json { json!(changes).to_string() + "\n" } else { tell_changes(&changes) })
}

fn tell_changes(changes: &Changes) -> String {
    if changes.calls.is_empty() && changes.unexplained.is_empty() {
        return "Nothing changed.\n".into();
    }
    let calls: String = changes.calls.iter().map(|change| format!("{}\n    {}\n", change.call, change.why)).collect();
    let rest: String = changes.unexplained.iter().map(|line| format!("  {line}\n")).collect();
    let end = if rest.is_empty() { "every line".into() } else { format!("{} of {} lines", changes.equal, changes.lines) };
    let note = if changes.two_processes {
        "These are two processes, not one at two moments: their stacks lie at different places.\n\n"
    } else {
        ""
    };
    format!("{note}{calls}\nMade on the emulator, these calls yield {end} of the second.\n{rest}")
}
