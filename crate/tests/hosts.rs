//! Machines differ: a script whose answers depend on a setting of the machine gives that setting, so that it is compared
//! only where the machine has it so. Whatever it leaves open may have any value.
#![cfg(not(target_arch = "wasm32"))]

use pagefault::script::{Script, depends_on};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

fn scripts(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("tests/scripts exists").flatten().map(|entry| entry.path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let here = files.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "pf"));
    here.chain(folders.iter().flat_map(|folder| scripts(folder))).collect()
}

fn not_given(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).expect("it was found just now");
    // A log tells of a machine that nobody asks again.
    if text.contains("@log yes") {
        return Vec::new();
    }
    let script = Script::parse(&text).expect("it is tested elsewhere");
    depends_on(&script).iter().map(|setting| format!("{}: {}", path.display(), setting.name)).collect()
}

#[test]
fn a_script_gives_the_settings_that_it_depends_on() {
    let all = scripts(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/scripts"));
    let (next, all) = (AtomicUsize::new(0), &all);
    let found: Vec<String> = std::thread::scope(|scope| {
        let work = || std::iter::from_fn(|| all.get(next.fetch_add(1, Ordering::Relaxed))).flat_map(|path| not_given(path)).collect();
        let workers: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| -> Vec<String> { worker.join().expect("no script panics") }).collect()
    });
    assert!(all.len() > 300 && found.is_empty(), "their answers depend on what they do not give:\n{}", found.join("\n"));
}
