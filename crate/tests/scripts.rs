//! Every script under `tests/scripts` is a test: results, errnos, addresses, signals, fault counts, maps and
//! whatever else it expects. Invariants are recounted after every statement.
#![cfg(not(target_arch = "wasm32"))]

use libtest_mimic::{Arguments, Failed, Trial};
use pagefault::script::Session;
use std::path::{Path, PathBuf};

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/scripts");
    let mut scripts = Vec::new();
    find(&root, &mut scripts);
    scripts.sort();
    let trials = scripts.into_iter().map(|path| {
        let name = path.strip_prefix(&root).expect("it was found below the root").display().to_string();
        Trial::test(name, move || run(&path))
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit();
}

fn find(folder: &Path, scripts: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("tests/scripts exists").flatten() {
        let path = entry.path();
        if path.is_dir() {
            find(&path, scripts);
        } else if path.extension().is_some_and(|extension| extension == "pf") {
            scripts.push(path);
        }
    }
}

fn run(path: &Path) -> Result<(), Failed> {
    let text = std::fs::read_to_string(path)?;
    let mut session = Session::from_text(&text).map_err(|errors| errors[0].to_string())?;
    session.run_to_end().map_err(|error| error.to_string())?;
    let verdict = session.verdict();
    if let Some((line, call, d)) = verdict.first.as_ref().filter(|_| !verdict.is_equal()) {
        return Err(format!("line {line}, {call}: {} should be {}, is {}", d.field, d.expected, d.found).into());
    }
    if verdict.compared == 0 && verdict.maps_equal.is_none() {
        return Err("the script expects nothing: it cannot fail".into());
    }
    Ok(())
}
