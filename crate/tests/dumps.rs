//! Maps and smaps as people have them: read, audited, compared, turned into scripts.
#![cfg(not(target_arch = "wasm32"))]

use pagefault::dump::{Audit, Costs, Dump, Kind, compare_script, header_of, looks_like_dump, read, script_of};

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

#[test]
fn a_script_yields_what_a_dump_shows() {
    for name in ["bash.maps", "node.maps", "java.maps", "guards.maps", "guards.smaps", "python3.smaps", "neighbours.smaps"] {
        let dump = dump(&recorded(name));
        for (how, script) in [("calls", script_of(&dump)), ("header", header_of(&dump))] {
            let compared = compare_script(&script, &dump);
            println!("{name} by {how}: {} of {} {:?} {:?}", compared.equal, compared.lines, compared.stopped, &compared.missing[..compared.missing.len().min(4)]);
            println!("   {:?}", &compared.extra[..compared.extra.len().min(4)]);
        }
    }
}

/// The maps that stand in a recording of a real program, as JSON strings.
#[test]
fn real() {
    for file in std::fs::read_dir("/work/shared/oracle-sample/real").unwrap().flatten() {
        let name = file.file_name().into_string().unwrap();
        if !name.ends_with("maps.json") { continue; }
        let json: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file.path()).unwrap()).unwrap();
        let (mut e, mut a, mut n) = (0, 0, 0);
        for d in json["dumps"].as_array().unwrap() {
            for (k, v) in d.as_object().unwrap() {
                let Some(text) = v.as_str().filter(|_| k.contains("maps")) else { continue };
                for dump in read(text).dumps {
                    let c = compare_script(&script_of(&dump), &dump);
                    n += 1; e += c.equal; a += c.lines;
                    if !c.is_equal() { println!("{name} {k} {:?} {:?} {:?}", c.stopped, c.missing, c.extra); }
                }
            }
        }
        println!("{name}: {n} dumps, {e} of {a}");
    }
}
