//! Maps and smaps as people have them: read, audited, compared, turned into scripts.
#![cfg(not(target_arch = "wasm32"))]

use pagefault::dump::{Audit, Costs, Dump, Kind, looks_like_dump, read};

/// A recording of a real process: `tests/dumps/NAME`.
fn recorded(name: &str) -> String {
    std::fs::read_to_string(format!("{}/../tests/dumps/{name}", env!("CARGO_MANIFEST_DIR"))).expect("a recording")
}

fn dump(text: &str) -> Dump {
    read(text).dumps.into_iter().next().expect("a dump")
}

#[test]
fn recordings_are_read_to_the_last_line() {
    for (name, areas) in [("bash.maps", 43), ("node.maps", 93), ("java.maps", 252), ("guards.maps", 2423), ("guards.smaps", 83)] {
        let text = recorded(name);
        assert!(looks_like_dump(&text), "{name}");
        let reading = read(&text);
        assert_eq!((reading.dumps.len(), reading.dumps[0].areas.len()), (1, areas), "{name}");
        assert_eq!(reading.set_aside, [], "{name}");
    }
}

#[test]
fn guard_pages_are_counted_and_the_cure_is_what_the_kernel_measured() {
    let audit = Audit::of(&dump(&recorded("guards.maps")));
    assert_eq!((audit.areas, audit.limit), (2422, 65530));
    assert_eq!(audit.groups[0].kind, Kind::Permission);
    assert_eq!(audit.groups[0].title, "permissions: rw- beside ---");
    assert_eq!(audit.groups[0].count, 2399);
    let guards = audit.guards.expect("there are guards");
    // The same program with MADV_GUARD_INSTALL, on the same kernel.
    let cured = Audit::of(&dump(&recorded("guard-regions.maps")));
    assert_eq!(guards.count, 1200);
    assert_eq!(audit.areas - guards.saves, cured.areas);
    assert!(cured.guards.is_none());
}
