//! The house has floors: a module uses those below it, never those above.
#![cfg(not(target_arch = "wasm32"))]

use std::path::{Path, PathBuf};

/// Ground first.
const FLOORS: &[&[&str]] = &[
    &["addr", "blocks", "errno", "event", "flags", "ids", "signal", "sort", "sorted", "why"],
    &["phys"],
    &["mmu"],
    &["fs"],
    &["vma"],
    &["mm"],
    &["proc"],
    &["machine"],
    &["view", "settings"],
    &["script", "log", "dump", "track"],
    &["js", "internals"],
];

fn floor_of(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the source folder exists").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// Modules of this crate that a text names: `crate::x`, also inside `crate::{x, y}`.
fn uses(text: &str) -> Vec<String> {
    let code: String = text.lines().map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n");
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let names = match rest.strip_prefix('{') {
            Some(group) => group.split('}').next().unwrap_or("").split(',').map(str::trim).collect(),
            None => vec![rest],
        };
        for name in names {
            found.push(name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    found
}

#[test]
fn no_import_climbs_a_floor() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut climbs = Vec::new();
    let mut seen = 0;
    for path in sources(&root) {
        let relative = path.strip_prefix(&root).expect("below the root");
        let module = relative.components().next().expect("a name").as_os_str().to_string_lossy().replace(".rs", "");
        let Some(own) = floor_of(&module) else {
            assert_eq!(module, "lib", "{module} has no floor: give it one here and in ARCHITECTURE.md");
            continue;
        };
        seen += 1;
        let text = std::fs::read_to_string(&path).expect("a readable file");
        for used in uses(&text) {
            if floor_of(&used).is_some_and(|floor| floor > own) {
                climbs.push(format!("{} (floor {own}) uses {used}", relative.display()));
            }
        }
    }
    assert!(seen > 60, "only {seen} files were looked at");
    assert!(climbs.is_empty(), "{climbs:#?}");
}

#[test]
fn the_core_has_no_clock_no_randomness_and_no_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let forbidden = ["std::time", "std::fs", "std::net", "std::thread", "std::env::var", "println!", "rand::"];
    for path in sources(&root) {
        let text = std::fs::read_to_string(&path).expect("a readable file");
        for word in forbidden {
            assert!(!text.contains(word), "{} uses {word}", path.display());
        }
    }
}

#[test]
fn unsafe_code_stays_in_two_modules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for path in sources(&root) {
        let text = std::fs::read_to_string(&path).expect("a readable file");
        let name = path.strip_prefix(&root).expect("below the root").to_string_lossy().replace('\\', "/");
        let allowed = ["phys/memory.rs", "mmu/tlb.rs"].contains(&name.as_str());
        assert!(allowed || !text.contains("unsafe {"), "{name} has unsafe code");
    }
}
