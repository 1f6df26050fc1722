//! Logs as people have them, under `tests/logs`: what is read of each, and what is set aside.
//!
//! A file begins with lines `#! key: value`, which are taken off:
//! `kind` (the guess), `calls` (calls on memory that were read), `of` (how many each process has, by its number
//! or `first`), `lost` (calls on memory that were set aside), `aside` (lines set aside), `architecture`, `path`
//! (one that a descriptor has), `verdict` (when it has been replayed), `faults` (accesses that ended in a signal), `frames` (of stacks).
#![cfg(not(target_arch = "wasm32"))]

use libtest_mimic::{Arguments, Failed, Trial};
use pagefault::log;
use pagefault::machine::Sysno;
use pagefault::script::{Script, Session, Statement};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/logs");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&root).expect("tests/logs exists").flatten().map(|entry| entry.path()).collect();
    files.sort();
    let trials = files.into_iter().map(|path| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        Trial::test(name, move || check(&std::fs::read(&path)?))
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit();
}

/// The expectations, and the log behind them.
fn parts(text: &str) -> (Vec<(&str, &str)>, String) {
    let (head, body): (Vec<_>, Vec<_>) = text.split_inclusive('\n').partition(|line| line.starts_with("#! "));
    let pairs = head.iter().filter_map(|line| line[3..].trim().split_once(": ")).collect();
    (pairs, body.concat())
}

fn is_memory(statement: &Statement) -> bool {
    Sysno::from_name(&statement.call.name).is_some_and(Sysno::is_about_memory)
}

fn check(bytes: &[u8]) -> Result<(), Failed> {
    let text = log::decode(bytes);
    let (expected, body) = parts(&text);
    if expected.is_empty() {
        return Err("the file expects nothing: it cannot fail".into());
    }
    let kind = log::recognise(&body);
    let script = log::read(&body);
    for (key, value) in expected {
        let found = found(key, kind, &script).ok_or_else(|| format!("`{key}` is no expectation"))?;
        let holds = if key == "path" { found.split(' ').any(|path| path == value) } else { found == value };
        if !holds {
            let aside: Vec<_> =
                script.set_aside.iter().map(|aside| format!("\n  {}: {} ({})", aside.line, aside.text, aside.reason)).collect();
            return Err(format!("{key} should be {value}, is {found}; set aside: {}", aside.concat()).into());
        }
    }
    Ok(())
}

fn found(key: &str, kind: log::Kind, script: &Script) -> Option<String> {
    let memory = || script.statements.iter().filter(|statement| is_memory(statement));
    Some(match key {
        "kind" => kind.to_string(),
        "calls" => memory().count().to_string(),
        "of" => {
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            for statement in memory() {
                *counts.entry(statement.process.as_deref().unwrap_or("first")).or_default() += 1;
            }
            counts.iter().map(|(process, count)| format!("{process}={count}")).collect::<Vec<_>>().join(" ")
        }
        "lost" => script.set_aside.iter().filter(|aside| aside.is_memory_call).count().to_string(),
        "aside" => script.set_aside.len().to_string(),
        "architecture" => format!("{:?}", script.architecture),
        "path" => script.statements.iter().flat_map(|s| &s.call.paths).map(|(_, path)| path.as_str()).collect::<Vec<_>>().join(" "),
        "faults" => script.statements.iter().filter(|s| matches!(s.call.name.as_str(), "load" | "store")).count().to_string(),
        "verdict" => {
            let mut session = Session::new(script.clone()).ok()?;
            session.run_to_end().ok()?;
            session.verdict().to_string()
        }
        "frames" => script.statements.iter().map(|s| s.stack.len()).sum::<usize>().to_string(),
        _ => return None,
    })
}
