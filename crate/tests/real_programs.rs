//! Programs recorded on Linux with every page fault, in order: replayed, each access that faulted there is made
//! here, and the process takes as many minor faults as it took there.
#![cfg(not(target_arch = "wasm32"))]

use pagefault::script::Session;
use std::path::Path;

/// The recording, and the minor faults from the program's first instruction to its end, as Linux counted them.
/// What was major there waited for a disk; here the files are in the page cache, and no fault is taken at all.
const RECORDED: [(&str, u64); 3] = [("ls", 217), ("python3_import", 2419), ("sort_big", 1933)];

fn minor_faults(name: &str) -> u64 {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/scripts/real").join(name).with_extension("pf");
    let text = std::fs::read_to_string(path).expect("the recording is there");
    let mut session = Session::from_text(&text).expect("a script");
    session.run_to_end().expect("it runs");
    session.reports().iter().map(|report| report.faults.0).sum()
}

#[test]
fn real_programs_take_as_many_minor_faults_as_on_linux() {
    for (name, recorded) in RECORDED {
        assert_eq!(minor_faults(name), recorded, "{name}");
    }
}
