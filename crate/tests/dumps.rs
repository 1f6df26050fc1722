//! Maps and smaps as people have them: read, audited, compared, turned into scripts.
#![cfg(not(target_arch = "wasm32"))]

use pagefault::dump::{Audit, Costs, Dump, Kind, changes, compare_script, header_of, looks_like_dump, read, script_of};
use pagefault::internals::why_apart;
use pagefault::script::Session;
use pagefault::view;
use pagefault::why::NoMerge;

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
        for script in [script_of(&dump), header_of(&dump)] {
            let compared = compare_script(&script, &dump);
            assert!(compared.is_equal() && compared.lines > 40, "{name}: {compared:?}");
        }
    }
}

#[test]
fn a_script_yields_the_flags_that_smaps_shows() {
    for (name, most_that_differ) in [("guards.smaps", 0), ("python3.smaps", 0), ("neighbours.smaps", 0)] {
        let dump = dump(&recorded(name));
        let mut session = Session::from_text(&script_of(&dump)).expect("a script");
        session.run_to_end().expect("it runs");
        let pid = session.machine().processes().next().expect("a process").pid;
        let made = read(&view::smaps_text(session.machine(), pid));
        let differ: Vec<_> = dump
            .counted()
            .zip(made.dumps[0].counted())
            .filter(|(a, b)| a.vm_flags.as_deref().map(without_soft_dirty) != b.vm_flags.as_deref().map(without_soft_dirty))
            .map(|(a, b)| (a.maps.range, a.maps.name.clone(), a.vm_flags.clone(), b.vm_flags.clone()))
            .collect();
        assert!(differ.len() <= most_that_differ, "{name}: {} {differ:#?}", differ.len());
    }
}

fn without_soft_dirty(flags: &str) -> String {
    flags.split_whitespace().filter(|flag| *flag != "sd").collect::<Vec<_>>().join(" ")
}

#[test]
fn scripts_yield_the_maps_of_recorded_programs() {
    let (mut equal, mut lines) = (0, 0);
    for path in scripts().iter().filter(|path| path.to_string_lossy().contains("/real/")) {
        // The maps that an execve left, and those at the end.
        let text = std::fs::read_to_string(path).expect("a script");
        let left: String = text.lines().filter_map(|line| line.trim().strip_prefix("< map ").map(|line| format!("{line}\n"))).collect();
        let mut session = Session::from_text(&text).expect("a script");
        let _ = session.go_to(session.len().saturating_sub(2));
        let pid = session.machine().processes().map(|process| process.pid).min().expect("a process");
        for dump in read(&left).dumps.iter().chain(&read(&view::maps_text(session.machine(), pid)).dumps) {
            let compared = compare_script(&script_of(dump), dump);
            (equal, lines) = (equal + compared.equal, lines + compared.lines);
        }
    }
    assert!(lines > 100 && equal == lines, "{equal} of {lines}");
}

/// Every script of the tests, run to a place, with the maps of its first process there and at the end.
fn scripts() -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![std::path::PathBuf::from(format!("{}/../tests/scripts", env!("CARGO_MANIFEST_DIR")))];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "pf") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn the_audit_never_contradicts_the_machine() {
    let (mut pairs, mut hidden) = (0, 0);
    for path in scripts() {
        let text = std::fs::read_to_string(&path).expect("a script");
        let Ok(mut session) = Session::from_text(&text) else { continue };
        // Long recordings are looked at once.
        let places = if session.len() > 300 { vec![session.len()] } else { vec![session.len() / 2, session.len()] };
        for position in places {
            let _ = session.go_to(position);
            let machine = session.machine();
            let Some(pid) = machine.processes().map(|process| process.pid).min() else { continue };
            let Some(mm) = pagefault::internals::mm(machine, pid) else { continue };
            let vmas: Vec<_> = mm.vmas.iter().map(|(_, vma)| vma.clone()).collect();
            for (text, flags_known) in [(view::maps_text(machine, pid), false), (view::smaps_text(machine, pid), true)] {
                let reading = read(&text);
                let Some(dump) = reading.dumps.first() else { continue };
                let audit = Audit::of(dump);
                assert_eq!(audit.boundaries.len() + 1, vmas.len(), "{}", path.display());
                for (boundary, pair) in audit.boundaries.iter().zip(vmas.windows(2)) {
                    pairs += 1;
                    hidden += usize::from(boundary.kind == Kind::Hidden);
                    let truth = why_apart(&pair[0], &pair[1]);
                    let is_hidden = match truth {
                        Ok(()) | Err(NoMerge::AnonVma | NoMerge::ForkChild) => true,
                        Err(NoMerge::File) => pair[0].file.is_some() && pair[1].file.is_some(),
                        Err(NoMerge::PageOffset { .. }) => pair[0].file.is_none() || pair[0].is_anonymous(),
                        Err(NoMerge::Flags { .. } | NoMerge::Key { .. }) => !flags_known,
                        Err(_) => false,
                    };
                    let told = format!("{} at {}: {boundary:?}, the machine: {truth:?}", path.display(), pair[1].range);
                    match boundary.kind {
                        Kind::Hidden => assert!(is_hidden, "{told}"),
                        _ => assert!(truth.is_err(), "{told}"),
                    }
                }
            }
        }
    }
    println!("{pairs} pairs, {hidden} of them alike");
    assert!(pairs > 10_000 && hidden > 100, "{pairs}, {hidden}");
}

#[test]
fn calls_lead_from_one_dump_to_another() {
    let (mut lines, mut equal, mut explained, mut all) = (0, 0, 0, 0);
    for path in scripts() {
        let text = std::fs::read_to_string(&path).expect("a script");
        let Ok(mut session) = Session::from_text(&text) else { continue };
        let end = session.len();
        if end > 400 {
            continue;
        }
        let mut dump_at = |position| {
            let _ = session.go_to(position);
            let machine = session.machine();
            let pid = machine.processes().map(|process| process.pid).min()?;
            read(&view::maps_text(machine, pid)).dumps.into_iter().next()
        };
        let (Some(from), Some(to)) = (dump_at(end / 2), dump_at(end)) else { continue };
        let changes = changes(&from, &to);
        (lines, equal) = (lines + changes.lines, equal + changes.equal);
        (explained, all) = (explained + usize::from(changes.unexplained.is_empty()), all + 1);
    }
    println!("{explained} of {all} pairs of dumps explained, {equal} of {lines} lines");
    // What is left are borders between areas that look alike: they come and go by what no text shows.
    assert!(all > 300 && explained * 100 >= all * 90 && equal * 100 >= lines * 99, "{explained} of {all}, {equal} of {lines}");
}

#[test]
fn calls_are_the_likely_ones() {
    let from = "00401000-00411000 rw-p 00000000 00:00 0 [heap]
        7f0000000000-7f0000010000 rw-p 00000000 00:00 0
        7f0000020000-7f0000030000 r--p 00000000 08:01 9 /lib/a.so
        7f0000100000-7f0000140000 rw-p 00000000 00:00 0
        7f0000200000-7f0000204000 rw-p 00000000 00:00 0
        7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0 [stack]";
    let to = "00401000-00421000 rw-p 00000000 00:00 0 [heap]
        7f0000000000-7f0000004000 rw-p 00000000 00:00 0
        7f0000004000-7f0000010000 r--p 00000000 00:00 0
        7f0000200000-7f0000208000 rw-p 00000000 00:00 0
        7f0000300000-7f0000340000 rw-p 00000000 00:00 0
        7f0000400000-7f0000401000 r--s 00000000 08:01 7 /etc/passwd
        7ffffffd0000-7ffffffff000 rw-p 00000000 00:00 0 [stack]";
    let changes = changes(&dump(from), &dump(to));
    let calls: Vec<_> = changes.calls.iter().map(|change| change.call.as_str()).collect();
    assert_eq!(
        calls,
        [
            "store(0x7ffffffd0000, 0, 1)",
            "mremap(0x7f0000100000, 262144, 262144, MREMAP_MAYMOVE|MREMAP_FIXED, 0x7f0000300000)",
            "munmap(0x7f0000020000, 65536)",
            "brk(0x421000)",
            "mremap(0x7f0000200000, 16384, 32768, 0)",
            "f0 = openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY)",
            "mmap(0x7f0000400000, 4096, PROT_READ, MAP_SHARED|MAP_FIXED, f0, 0x0)",
            "mprotect(0x7f0000004000, 49152, PROT_READ)",
            "close(f0)",
        ]
    );
    assert_eq!(changes.unexplained, [""; 0]);
}

#[test]
fn locks_and_advice_that_smaps_tells_are_calls() {
    let smaps = |areas: &[(u64, u64, &str)]| {
        let area = |(start, end, flags): &(u64, u64, &str)| {
            format!("{start:x}-{end:x} rw-p 00000000 00:00 0\nRss: 4 kB\nVmFlags: rd wr mr mw me ac {flags}\n")
        };
        areas.iter().map(area).collect::<String>()
    };
    let at = 0x7f00_0000_0000;
    let from = [
        (at, at + 0x4000, ""),
        (at + 0x1_0000, at + 0x1_4000, "lo dc"),
        (at + 0x2_0000, at + 0x2_4000, "sr dd"),
        (at + 0x3_0000, at + 0x3_2000, "nh"),
    ];
    let to = [
        (at, at + 0x1000, ""),
        (at + 0x1000, at + 0x4000, "lo"),
        (at + 0x1_0000, at + 0x1_4000, "wf mg"),
        (at + 0x2_0000, at + 0x2_4000, "rr hg"),
        (at + 0x3_0000, at + 0x3_4000, "nh"),
    ];
    let changes = changes(&dump(&smaps(&from)), &dump(&smaps(&to)));
    let calls: Vec<_> = changes.calls.iter().map(|change| change.call.as_str()).collect();
    assert_eq!(
        calls,
        [
            "mremap(0x7f0000030000, 8192, 16384, 0)",
            "mlock(0x7f0000001000, 12288)",
            "madvise(0x7f0000010000, 16384, MADV_DOFORK)",
            "madvise(0x7f0000010000, 16384, MADV_WIPEONFORK)",
            "madvise(0x7f0000010000, 16384, MADV_MERGEABLE)",
            "munlock(0x7f0000010000, 16384)",
            "madvise(0x7f0000020000, 16384, MADV_HUGEPAGE)",
            "madvise(0x7f0000020000, 16384, MADV_DODUMP)",
            "madvise(0x7f0000020000, 16384, MADV_RANDOM)",
        ]
    );
    assert_eq!(changes.unexplained, [""; 0]);
}

#[test]
fn pages_of_64_kib_are_said_where_smaps_tells_them() {
    let smaps = |end: &str, kb: u32| format!("7fff80000000-7fff800{end} rw-p 00000000 00:00 0\nKernelPageSize: {kb} kB\nRss: 64 kB\n");
    assert_eq!(dump(&smaps("20000", 64)).page_size(), 65536);
    assert_eq!(dump(&smaps("21000", 64)).page_size(), 4096);
    assert_eq!(dump(&smaps("20000", 4)).page_size(), 4096);
    let said = pagefault::dump::report(&smaps("20000", 64));
    assert!(said.dumps[0].summary.contains("pages are of 64 KiB"), "{}", said.dumps[0].summary);
}

#[test]
fn texts_are_read_as_people_have_them() {
    let line = "558800001000-558800003000 r-xp 00001000 08:01 1001                       /usr/bin/demo";
    let ways = [
        format!("\u{feff}{line}\r\n"),
        format!("> {line}"),
        format!("   12\t{line}"),
        format!("app-1  | {line}"),
        format!("2026-01-02T03:04:05 {line}"),
        format!("/proc/77/maps:{line}"),
        format!("\x1b[32m{line}\x1b[0m"),
        format!("\"{line}\\n\""),
        format!("```\n{line}\n```"),
        format!("$ cat /proc/77/maps\n{line}\n$ "),
        "558800001000-558800003000 r-xp 00001000 08:01 1001\n/usr/bin/demo".into(),
        "Address Perm Offset Device Inode Size Rss Mapping\n558800001000 r-xp 00001000 08:01 1001 8 4 /usr/bin/demo".into(),
    ];
    let plain = dump(line).areas[0].maps.clone();
    assert_eq!((plain.name.as_str(), plain.dev, plain.ino), ("/usr/bin/demo", (8, 1), 1001));
    for way in ways {
        let reading = read(&way);
        assert_eq!(reading.dumps.len(), 1, "{way:?}");
        assert_eq!(reading.dumps[0].areas[0].maps, plain, "{way:?}");
    }
    let cut = read(&format!("{line}\n558801000000-5588010"));
    assert_eq!((cut.dumps[0].areas.len(), cut.set_aside[0].reason.as_str()), (1, "the line is cut off"));
    let gdb = read("      0x555555554000     0x555555556000     0x2000        0x0  r--p   /usr/bin/cat");
    assert_eq!(gdb.dumps[0].areas[0].maps.name, "/usr/bin/cat");
    let mappings =
        "(gdb) info proc mappings\nprocess 12\nMapped address spaces:\n\n  Start Addr   End Addr   Size   Offset  Perms  objfile\n";
    let session = format!("{mappings}      0x555555554000     0x555555556000     0x2000        0x0  r--p   /usr/bin/cat\n");
    assert_eq!(pagefault::log::recognise(&session), pagefault::log::Kind::Maps);
    let heading = "pwndbg> vmmap\nLEGEND: STACK | HEAP | CODE | DATA | WX | RODATA\n             Start                End Perm     Size Offset File\n";
    let vmmap = format!(
        "{heading}    0x555555555000     0x555555556000 r-xp     1000   1000 /tmp/a.out\n    0x7ffffffde000     0x7ffffffff000 rw-p    21000      0 [stack]\n"
    );
    let areas = read(&vmmap).dumps[0].areas.iter().map(|area| (area.maps.name.clone(), area.maps.offset)).collect::<Vec<_>>();
    assert_eq!(areas, [("/tmp/a.out".to_string(), 0x1000), ("[stack]".to_string(), 0)]);
    assert_eq!(pagefault::log::recognise(&vmmap), pagefault::log::Kind::Maps);
    let two = read(&format!("{line}\n{line}"));
    assert_eq!(two.dumps.len(), 2);
}

#[test]
fn names_addresses_and_counters_of_every_kind() {
    let text = "08048000-08049000 r-xp 00000000 03:0c 64593 /usr/sbin/gpm
aaaae3a40000-aaaae3a50000 rw-p 00000000 00:00 0 [heap]
ffff8c000000-ffff8c021000 rw-p 00000000 00:00 0 [anon:libc_malloc]
ffff90000000-ffff90001000 rw-s 00000000 00:01 2053 /memfd:two words (deleted)
ffff90001000-ffff90002000 rw-s 00000000 00:0e 1057 anon_inode:[perf_event]
ffff90002000-ffff90003000 rw-s 00000000 103:0a 18446744073709551615 /SYSV00000000 (deleted)
Size:                  4 kB
Rss:                   4 kB
FilePmdMapped:         0 kB
Wonder:               12 kB
ProtectionKey:         3
VmFlags: rd wr sh mr mw me ms xy sd
VmRSS:   99 kB
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]";
    let reading = read(text);
    let areas = &reading.dumps[0].areas;
    assert_eq!((reading.dumps.len(), areas.len(), reading.set_aside.len()), (1, 7, 1));
    assert_eq!(areas[3].maps.name, "/memfd:two words (deleted)");
    assert_eq!(
        (areas[5].maps.ino, areas[5].maps.dev, areas[5].field("Wonder"), areas[5].field("ProtectionKey")),
        (u64::MAX, (0x103, 10), 12, 3)
    );
    assert_eq!(areas[5].vm_flags.as_deref(), Some("rd wr sh mr mw me ms xy sd"));
    assert_eq!(areas[2].given_name(), Some("libc_malloc"));
    let compared = compare_script(&header_of(&reading.dumps[0]), &reading.dumps[0]);
    assert_eq!((compared.lines, compared.stopped), (6, None));
}

#[test]
fn what_is_no_dump_is_not_taken_for_one() {
    assert!(looks_like_dump(&public_case("36-maps-alone.maps")));
    assert!(looks_like_dump(&public_case("37-maps-with-prompt.maps")));
    for path in scripts() {
        assert!(!looks_like_dump(&std::fs::read_to_string(&path).expect("a script")), "{}", path.display());
    }
    for text in ["", "hello", "mmap(NULL, 4096) = 0x7f0000000000", "MemTotal: 12 kB", "2024-2025 12:30 100"] {
        assert!(!looks_like_dump(text), "{text}");
    }
}

/// Two inputs that people posted, in our own words.
fn public_case(name: &str) -> String {
    let prompt = if name.starts_with("37") { "$ cat /proc/3701/maps\n" } else { "" };
    format!(
        "{prompt}558800000000-558800001000 r--p 00000000 08:01 1001                       /usr/bin/demo
558801000000-558801021000 rw-p 00000000 00:00 0                          [heap]
7ffd11100000-7ffd11121000 rw-p 00000000 00:00 0                          [stack]\n"
    )
}

#[test]
fn costs_add_up_as_in_smaps() {
    let dump = dump(&recorded("python3.smaps"));
    let costs = Costs::of(&dump);
    let pss: u64 = dump.counted().map(|area| area.field("Pss")).sum();
    for rows in [&costs.areas, &costs.names, &costs.kinds] {
        assert_eq!(rows.iter().map(|row| row.costs.pss).sum::<u64>(), pss);
        assert_eq!(rows.iter().map(|row| row.areas).sum::<usize>(), 104);
        assert!(rows.windows(2).all(|pair| pair[0].costs.pss + pair[0].costs.swap >= pair[1].costs.pss + pair[1].costs.swap));
    }
    assert!(costs.counted && costs.total.pss == pss && !Costs::of(&self::dump(&recorded("bash.maps"))).counted);
}

#[test]
fn the_real_kernel_agrees_on_neighbours_of_every_sort() {
    // `tests/dumps/neighbours.c` made these on Linux 6.18: what it did at each border is what the audit says.
    let audit = Audit::of(&dump(&recorded("neighbours.smaps")));
    let at = |addr: &str| audit.boundaries.iter().find(|boundary| boundary.at == addr).expect("a border there");
    let kinds = [
        ("100002000", Kind::Flags),
        ("10000a000", Kind::Gap),
        ("10000c000", Kind::Flags),
        ("100016000", Kind::Hidden),
        ("100029000", Kind::Hidden),
        ("10002a000", Kind::Offset),
        ("10002b000", Kind::Sharing),
        ("10002c000", Kind::File),
        ("100034000", Kind::File),
        ("100038000", Kind::Close),
        ("10003e000", Kind::Flags),
        ("100047000", Kind::Flags),
    ];
    for (addr, kind) in kinds {
        assert_eq!(at(addr).kind, kind, "{addr}: {:?}", at(addr));
    }
    assert_eq!(at("10003e000").reasons, ["flags differ: ac (counted as promised memory)"]);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]

    #[test]
    fn no_text_panics(text in "([0-9a-f]{0,17}[- :]|[rwxps-]{3,5} |0x|[ \t\"'>|]|kB|Rss:|VmFlags:|\\[anon:|/memfd:|/SYSV|\\PC|\n|[0-9]{1,20} ){0,60}") {
        everything(&text);
    }

    #[test]
    fn no_damaged_dump_panics(cut in 0usize..2000, at in 0usize..2000, with in "\\PC{0,6}", wild in proptest::collection::vec(proptest::prelude::any::<u64>(), 6)) {
        let mut text: String = recorded("neighbours.smaps").chars().skip(cut).take(2500).collect();
        let at = text.char_indices().map(|(at, _)| at).nth(at).unwrap_or(0);
        text.insert_str(at, &with);
        everything(&text);
        let [a, b, c, d, e, f] = wild[..] else { return Ok(()) };
        everything(&format!("{a:x}-{b:x} rw-s {c:x} {:x}:00 {d} /a\n{e:x}-{f:x} rw-p 0 0:0 0 [heap]\n{text}", c as u32));
        let page = |n: u64| n & !4095;
        everything(&format!("{:x}-{:x} rw-s {c:x} 00:00 {d} /memfd:a\n{:x}-{:x} rw-p 0 0:0 0 [heap]", page(a), page(b), page(e), page(f)));
    }
}

/// All that can be done with a text.
fn everything(text: &str) {
    let _ = looks_like_dump(text);
    let reading = read(text);
    for dump in &reading.dumps {
        let _ = (Audit::of(dump).to_string(), Costs::of(dump).to_string());
        let _ = (compare_script(&script_of(dump), dump), compare_script(&header_of(dump), dump));
        let _ = changes(dump, &reading.dumps[0]);
    }
}
