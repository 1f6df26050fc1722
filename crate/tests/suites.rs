//! `tests/scripts/SUITES.md` names the suites' claims: each row has a script that is there, or says why not.
#![cfg(not(target_arch = "wasm32"))]

use std::path::{Path, PathBuf};

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/scripts")
}

/// The cells of the tables' rows, heads and lines under them left out.
fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let cells = |line| str::trim_matches(line, '|').split('|').map(str::trim).collect::<Vec<_>>();
    let lines = text.lines().filter(|line| line.starts_with('|')).map(cells);
    lines.filter(|row| !row[0].starts_with("---") && !["suite", "test", "program"].contains(&row[0]))
}

fn links(cell: &str) -> impl Iterator<Item = &str> {
    cell.split("](").skip(1).filter_map(|rest| rest.split(')').next())
}

#[test]
fn every_claim_has_a_script_or_a_reason() {
    let text = std::fs::read_to_string(scripts().join("SUITES.md")).expect("the table");
    let mut linked = 0;
    for row in rows(&text) {
        let answer = row.last().expect("a row has cells");
        for link in links(answer) {
            assert!(scripts().join(link).is_file(), "{link} of {row:?} is not there");
            linked += 1;
        }
        assert!(answer.contains("](") || answer.len() > 10, "{row:?} gives no reason");
    }
    assert!(linked > 80, "{linked}");
}

#[test]
fn every_script_about_guards_and_copies_is_named() {
    let text = std::fs::read_to_string(scripts().join("SUITES.md")).expect("the table");
    for folder in ["guard", "cow"] {
        for entry in std::fs::read_dir(scripts().join(folder)).expect("the folder").flatten() {
            let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
            assert!(text.contains(&name), "{name} is in no row");
        }
    }
}
