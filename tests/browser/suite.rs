//! The core as WebAssembly, in headless browsers: the same scripts as natively, and what only the
//! boundary can get wrong.
#![cfg(target_arch = "wasm32")]

use include_dir::{Dir, include_dir};
use pagefault::addr::VirtAddr;
use pagefault::js::{WasmMachine, WasmSession};
use pagefault::machine::{Machine, MachineConfig};
use pagefault::script::Session;
use wasm_bindgen_test::{console_log, wasm_bindgen_test};

fn run(text: &str) {
    let mut session = Session::from_text(text).unwrap_or_else(|errors| panic!("{}", errors[0]));
    session.run_to_end().unwrap_or_else(|error| panic!("{error}"));
    let verdict = session.verdict();
    assert!(verdict.is_equal(), "{verdict}: {:?}", verdict.first);
    assert!(verdict.compared > 0 || verdict.maps_equal.is_some(), "the script expects nothing");
}

/// Every script of the repository: the recordings are the same facts everywhere.
static SCRIPTS: Dir = include_dir!("$CARGO_MANIFEST_DIR/../tests/scripts");

#[wasm_bindgen_test]
fn every_script_holds() {
    let mut held = 0;
    for file in SCRIPTS.find("**/*.pf").expect("a pattern").filter_map(|entry| entry.as_file()) {
        let text = file.contents_utf8().expect("a text");
        // A panic tells the script.
        console_log!("{}", file.path().display());
        run(text);
        held += 1;
    }
    assert!(held > 200, "only {held} scripts were found");
}

#[wasm_bindgen_test]
fn addresses_above_four_gigabytes_keep_all_their_bits() {
    let (mut machine, pid) = Machine::with_standard_process(&MachineConfig::reference()).unwrap();
    let at = machine.mmap(pid, [0x1234_5678_9000, 4096, 3, 0x32, u64::MAX, 0]).unwrap();
    assert_eq!(at, 0x1234_5678_9000);
    machine.store(pid, VirtAddr(at + 4088), b"12345678").unwrap();
    assert_eq!(pagefault::internals::cpu(&machine).load_hit::<u64>(at + 4088), None, "a store fills no read entry");
}

#[wasm_bindgen_test]
fn two_gigabytes_of_ram_are_taken_only_as_they_are_used() {
    let config = MachineConfig { ram_bytes: 2 << 30, ..MachineConfig::reference() };
    let (mut machine, pid) = Machine::with_standard_process(&config).unwrap();
    let at = machine.mmap(pid, [0, 1 << 30, 3, 0x22, u64::MAX, 0]).unwrap();
    machine.store(pid, VirtAddr(at + (1 << 29)), b"far").unwrap();
    assert!(machine.free_frames() > 500_000);
}

#[wasm_bindgen_test]
fn a_script_with_errors_tells_their_places() {
    let errors = WasmSession::new("munmap(a 4096)", None).unwrap_err();
    let first = js_sys::Reflect::get(&errors, &0.into()).unwrap();
    let line = js_sys::Reflect::get(&first, &"line".into()).unwrap();
    assert_eq!(line.as_f64(), Some(1.0));
}

#[wasm_bindgen_test]
fn stepping_back_gives_the_same_picture() {
    let mut session = WasmSession::new(include_str!("../scripts/examples/copy-on-write.pf"), None).unwrap();
    let picture = |session: &WasmSession| js_sys::JSON::stringify(&session.snapshot()).unwrap();
    session.go_to(4).unwrap();
    let before = picture(&session);
    session.go_to(9).unwrap();
    session.go_to(4).unwrap();
    assert_eq!(picture(&session), before);
}

#[wasm_bindgen_test]
fn the_fast_entries_take_numbers_and_say_nan_for_a_signal() {
    let mut machine = WasmMachine::new("@ram 16M").unwrap();
    let pid = machine.spawn("@name fast").unwrap();
    // A page of the stack that nobody has touched.
    let at = 0x7fff_fffe_f000_u64 as f64;
    assert!(machine.select(pid) && machine.store32(at, 0xdead_beef));
    assert_eq!(machine.load32(at), f64::from(0xdead_beefu32));
    assert!(machine.load32(4096.0).is_nan());
    assert!(machine.store16(at + 4.0, 0xffff) && machine.load64(at));
    assert_eq!((machine.load16(at + 4.0), machine.load8(at)), (65535.0, 239.0));
    assert!(WasmMachine::new("@ram 3G").is_err() && machine.spawn("@uid root").is_err());
}
