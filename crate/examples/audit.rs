//! Says why an address space has as many areas as it has, and what they cost, from the text of `/proc/PID/maps` or
//! `smaps`: `cargo run --release --example audit -- [--json] FILE [OTHER]`. With two texts: what changed, as calls.
//! `--script` prints a script that yields the address space. Exits 2 if a text has none.

use pagefault::dump::{Audit, Costs, Dump, Reading, read, script_of};
use serde_json::json;

fn main() {
    let (flags, files): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let has = |flag: &str| flags.iter().any(|given| given == flag);
    match answer(&files, has("--json"), has("--script")) {
        Ok(text) => print!("{text}"),
        Err(why) => {
            eprintln!("{why}");
            std::process::exit(2);
        }
    }
}

fn answer(files: &[String], as_json: bool, as_script: bool) -> Result<String, String> {
    let readings = files.iter().map(|file| reading(file)).collect::<Result<Vec<_>, _>>()?;
    let dumps: Vec<&Dump> = readings.iter().flat_map(|reading| &reading.dumps).collect();
    let (first, second) = match (dumps.as_slice(), files.len()) {
        ([first], _) => (*first, None),
        ([first, second, ..], _) => (*first, Some(*second)),
        ([], 0) => return Err("usage: audit [--json] [--script] MAPS [OTHER]   (texts of /proc/PID/maps or smaps)".into()),
        ([], _) => return Err("the text has no line of /proc/PID/maps".into()),
    };
    Ok(match second {
        _ if as_script => script_of(first),
        Some(_) => String::new(),
        None => about_one(first, &readings[0], as_json),
    })
}

fn reading(file: &str) -> Result<Reading, String> {
    let bytes = std::fs::read(file).map_err(|error| format!("{file} cannot be read: {error}"))?;
    Ok(read(&String::from_utf8_lossy(&bytes)))
}

fn about_one(dump: &Dump, reading: &Reading, as_json: bool) -> String {
    let (audit, costs) = (Audit::of(dump), Costs::of(dump));
    let aside = reading.set_aside.iter();
    if as_json {
        let aside: Vec<_> = aside.map(|left| json!({ "line": left.line, "text": left.text, "reason": left.reason })).collect();
        return json!({ "audit": audit, "costs": costs, "setAside": aside }).to_string() + "\n";
    }
    let aside: String = aside.map(|left| format!("line {} was left out ({}): {}\n", left.line, left.reason, left.text)).collect();
    format!("{audit}\n{costs}{}{aside}", if aside.is_empty() { "" } else { "\n" })
}
