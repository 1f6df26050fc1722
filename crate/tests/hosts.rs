//! Machines differ: a script whose answers depend on a setting of the machine gives that setting, so that it is compared
//! only where the machine has it so. Whatever it leaves open may have any value.
#![cfg(not(target_arch = "wasm32"))]

use pagefault::script::{SETTINGS, Script, Session};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// What other machines have instead of the reference machine's value.
const OTHERWISE: &[(&str, &[u64])] = &[
    ("PKU", &[1]),
    ("LA57", &[1]),
    ("ANON_VMA_NAME", &[1]),
    ("MEM_SOFT_DIRTY", &[1]),
    ("memtotal", &[4 << 30, 24_200_000 << 10, 25_100_000 << 10, 512 << 30]),
    ("swap", &[8 << 30]),
    ("vm.max_map_count", &[262_144]),
    ("vm.overcommit_memory", &[1, 2]),
    ("vm.overcommit_ratio", &[80]),
    ("vm.admin_reserve_kbytes", &[0]),
    ("vm.user_reserve_kbytes", &[131_072]),
    ("vm.mmap_min_addr", &[0, 65_536]),
    ("lsm_mmap_min_addr", &[0]),
    ("fault_around_bytes", &[4096]),
];

fn scripts(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("tests/scripts exists").flatten().map(|entry| entry.path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let here = files.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "pf"));
    here.chain(folders.iter().flat_map(|folder| scripts(folder))).collect()
}

/// Whether all that a script expects is so with another value of a setting.
fn holds(script: &Script, name: &str, value: u64) -> bool {
    let setting = SETTINGS.iter().find(|setting| setting.name == name).expect("the name is in the table");
    let mut script = script.clone();
    (setting.set)(&mut script.header.machine.sysctl, value);
    script.header.machine.sysctl.paranoid = false;
    let Ok(mut session) = Session::new(script) else { return false };
    session.run_to_end().is_ok() && session.verdict().is_equal()
}

/// The settings that a script depends on without giving them.
fn not_given(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).expect("it was found just now");
    let script = Script::parse(&text).expect("it is tested elsewhere");
    // A log starts from what its program met, not from a machine that somebody has.
    if script.is_log {
        return Vec::new();
    }
    let open = OTHERWISE.iter().filter(|(name, _)| !script.header.gives(name));
    let wrong = open.filter(|(name, values)| values.iter().any(|value| !holds(&script, name, *value)));
    wrong.map(|(name, _)| format!("{}: {name}", path.display())).collect()
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
