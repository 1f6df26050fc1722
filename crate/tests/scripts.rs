//! Every script under `tests/scripts` is a test: results, errnos, addresses, signals, fault counts, maps and
//! whatever else it expects. Invariants are recounted after every statement.
#![cfg(not(target_arch = "wasm32"))]

use libtest_mimic::{Arguments, Failed, Trial};
use pagefault::internals;
use pagefault::machine::{Arg, Machine, ProcessConfig, Sysno};
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
    everything_comes_back(session.machine_mut())
}

/// Once every process has exited, and every file and segment is removed, no frame is lost, and nothing is promised.
fn everything_comes_back(machine: &mut Machine) -> Result<(), Failed> {
    let call =
        |machine: &mut Machine, pid, number, args: [u64; 6]| machine.syscall(pid, number, &args.map(Arg::Int)).map_err(|e| e.to_string());
    let living =
        |machine: &Machine| machine.processes().filter(|process| process.is_alive()).map(|process| process.pid).collect::<Vec<_>>();
    for pid in living(machine) {
        call(machine, pid, Sysno::exit, [0; 6])?;
    }
    let janitor = machine.spawn(&ProcessConfig::default()).map_err(|error| error.to_string())?;
    let segments: Vec<_> = internals::segments(machine).iter().map(|segment| segment.id).collect();
    for id in segments {
        call(machine, janitor, Sysno::shmctl, [id, 0, 0, 0, 0, 0])?;
    }
    let names: Vec<_> = internals::fs(machine).names().map(|(name, _)| name.to_string()).collect();
    for name in names {
        let path = [Arg::Bytes(name.into_bytes()), Arg::Int(0), Arg::Int(0), Arg::Int(0), Arg::Int(0), Arg::Int(0)];
        machine.syscall(janitor, Sysno::unlink, &path).map_err(|error| error.to_string())?;
    }
    call(machine, janitor, Sysno::exit_group, [0; 6])?;
    let (phys, commit, (spaces, families)) = (internals::phys(machine), internals::committed(machine), internals::left(machine));
    // The page of zeros, and two pages each of vdso and vvar.
    let lost = phys.total_frames() - phys.free_frames() - 5;
    let left = (lost, commit.pages - commit.drift, spaces, families);
    if left != (0, 0, 0, 0) {
        return Err(format!("frames, promised pages, address spaces, families left: {left:?}").into());
    }
    let files = (internals::fs(machine).files().count(), internals::fs(machine).inodes().count());
    if files == (0, 0) { Ok(()) } else { Err(format!("open files and inodes left: {files:?}").into()) }
}
