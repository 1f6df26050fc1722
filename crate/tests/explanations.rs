//! What each call can say of itself: the functions it went through, each check with what it looked at, the
//! check that gave the errno, what was split and merged, and why a neighbour stayed apart.

use pagefault::script::Session;
use pagefault::view::{Explained, Fact, Span, explain};

/// The explanation of the last statement of a script.
fn last(script: &str) -> Explained {
    let mut session = Session::from_text(script).expect("a script");
    session.record_events(true);
    session.run_to_end().expect("it runs");
    let report = session.reports().last().expect("a statement");
    explain(report.facts.as_ref().expect("it was recorded"), &report.events)
}

/// Lines of one kind, as `text: note`.
fn lines(told: &Explained, kind: &str) -> Vec<String> {
    told.tree.iter().filter(|line| line.kind == kind).map(|line| format!("{}: {}", line.text, line.note)).collect()
}

const AREA: &str = "mmap(0x10000000, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n";

fn after(body: &str) -> Explained {
    last(&format!("{AREA}{body}"))
}

#[test]
fn the_check_that_gave_the_errno_is_a_sentence() {
    let cases = [
        ("mmap(NULL, 4K, PROT_READ, MAP_PRIVATE, 0, 0x201)", "EINVAL: offset 0x201 is not a multiple of the page size"),
        ("mprotect(0x10000001, 4K, PROT_READ)", "EINVAL: address 0x10000001 is not a multiple of the page size"),
        ("mremap(0x20000000, 4K, 4K, 0, 0)", "EFAULT: no memory is mapped at 0x20000000"),
        ("munmap(0x10000000, 0)", "EINVAL: the length is 0"),
        ("madvise(0x10000000, 4K, 99)", "EINVAL: advice 99 is not known"),
        ("shmat(7, 0, 0)", "EINVAL: no shared memory segment 7"),
        ("remap_file_pages(0x10000000, 4K, 0, 0, 0)", "EINVAL: the range from 0x10000000 on is not one shared mapping of one file"),
    ];
    for (call, sentence) in cases {
        assert_eq!(lines(&after(call), "check"), [sentence], "{call}");
    }
}

#[test]
fn checks_that_passed_are_told_with_their_inputs() {
    let passed = lines(&after("munmap(0x10001000, 4K)"), "passed");
    assert!(passed.iter().any(|line| line.contains("address 0x10001000 is not a multiple of the page size")), "{passed:#?}");
    assert!(passed.iter().any(|line| line.contains("vm.max_map_count") && line.contains("65530")), "{passed:#?}");
    assert!(passed.iter().all(|line| line.starts_with('E')), "{passed:#?}");
}

#[test]
fn splits_and_merges_are_told() {
    let told = after("mprotect(0x10001000, 4K, PROT_READ)");
    assert_eq!(lines(&told, "split"), ["10000000-10004000: 0x10001000", "10001000-10004000: 0x10002000"]);
    let told = after("mmap(0x10004000, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)");
    let merges = lines(&told, "merge");
    assert!(merges.iter().any(|line| line.ends_with(": 10000000-10005000")), "{merges:#?}");
}

#[test]
fn each_neighbour_that_stays_apart_has_a_reason() {
    let map = |at: &str, more: &str| format!("mmap({at}, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED{more}, -1, 0)\n");
    let cases = [
        (map("0x10005000", ""), "there is a gap between them"),
        (map("0x10004000", "|MAP_NORESERVE"), "flags differ by ac nr"),
        (
            "store(0x10000000, 1)\n".to_string()
                + &map("0x10020000", "")
                + "store(0x10020000, 1)\nmremap(0x10020000, 4K, 4K, MREMAP_MAYMOVE|MREMAP_FIXED, 0x10004000)\n",
            "different anon_vma",
        ),
        (
            map("0x10020000", "") + "store(0x10020000, 1)\nmremap(0x10020000, 4K, 4K, MREMAP_MAYMOVE|MREMAP_FIXED, 0x10004000)\n",
            "page offsets 0x10004 and 0x10020 do not meet",
        ),
        ("store(0x10000000, 1)\nfork()\n[2] ".to_string() + &map("0x10004000", ""), "the VMA came through fork"),
    ];
    for (body, reason) in cases {
        let apart = lines(&after(&body), "apart");
        assert!(apart.iter().any(|line| line.contains(reason)), "{reason}: {apart:#?}");
    }
}

#[test]
fn the_functions_are_the_kernels() {
    let told = after("mremap(0x10000000, 16K, 16K, MREMAP_MAYMOVE|MREMAP_FIXED, 0x10010000)");
    let calls: Vec<_> = told.tree.iter().filter(|line| line.kind == "call").map(|line| line.text.as_str()).collect();
    for name in ["do_mremap", "remap_move", "move_vma", "move_page_tables"] {
        assert!(calls.contains(&name), "{name} is missing in {calls:?}");
    }
}

/// The facts about areas and pages of the last step.
fn facts(script: &str) -> Vec<Fact> {
    last(script)
        .step
        .facts
        .into_iter()
        .filter(|fact| !matches!(fact, Fact::TlbFilled { .. } | Fact::TlbFlushed | Fact::Resident { .. }))
        .collect()
}

#[test]
fn a_reason_comes_with_its_values() {
    let told = after("munmap(0x10001000, 4K)");
    let check = told.tree.iter().filter_map(|line| line.check.as_ref()).find(|check| check.name == "AddrUnaligned").expect("a check");
    assert_eq!(check.values, [("addr".to_string(), "0x10001000".to_string())]);
}

#[test]
fn a_signal_is_the_end_unless_a_handler_answers() {
    let handler = "on SIGSEGV mmap(si_addr & -4096, 4K, 3, 0x32, -1, 0)\n";
    let fatal = last("load(0x20000000)").step;
    assert_eq!((fatal.ending, fatal.handled, fatal.why.as_deref()), ("signal", 0, Some("no VMA covers 0x20000000")));
    assert!(fatal.facts.contains(&Fact::ProcessEnded { pid: 1, status: None, signal: Some("SIGSEGV") }), "{fatal:#?}");
    let often = last(&format!("{handler}touch_write(0x20000000, 3)")).step;
    assert_eq!((often.ending, often.handled, often.counted), ("ok", 3, Some(3)));
    assert_eq!(often.signal.expect("a signal").name, "SIGSEGV");
    // A copy of the kernel's that fails raises no signal.
    let refused = after("process_vm_readv(1, [{iov_base=0x20000000, iov_len=4}], 1, [{iov_base=0x10000000, iov_len=4}], 1, 0)").step;
    assert_eq!((refused.ending, refused.errno), ("error", Some("EFAULT")));
    let expected = last("load(0x20000000) = SIGSEGV").step;
    assert!(expected.facts.iter().all(|fact| !matches!(fact, Fact::ProcessEnded { .. })));
}

#[test]
fn facts_are_the_difference_and_not_the_way() {
    let span = |start: &str, end: &str| Span { start: start.into(), end: end.into() };
    let cut = facts(&format!("{AREA}munmap(0x10001000, 4K)"));
    assert!(cut.contains(&Fact::AreaCut { pid: 1, from: span("10000000", "10004000"), gone: span("10001000", "10002000") }), "{cut:#?}");
    // The part that was split off and unmapped is no area of its own.
    assert!(cut.iter().all(|fact| !matches!(fact, Fact::AreaNew { .. } | Fact::AreaGone { .. })), "{cut:#?}");
    let replaced = facts(&format!("{AREA}{}", AREA.replace("PROT_READ|PROT_WRITE", "PROT_READ")));
    assert!(matches!(replaced.as_slice(), [Fact::AreaNew { .. }, Fact::AreaGone { .. }]), "{replaced:#?}");
    let filled = facts(&format!("{AREA}munmap(0x10001000, 4K)\n{}", AREA.replace("0x10000000, 16K", "0x10001000, 4K")));
    let merged = Fact::AreaMerged {
        pid: 1,
        of: vec![span("10000000", "10001000"), span("10002000", "10004000")],
        into: span("10000000", "10004000"),
    };
    assert_eq!(filled, [merged]);
}

#[test]
fn pages_that_moved_are_told_as_moved() {
    let moved = facts(&format!("{AREA}touch_write(0x10000000, 3)\nmremap(0x10000000, 16K, 16K, MREMAP_MAYMOVE|MREMAP_FIXED, 0x20000000)"));
    assert!(moved.contains(&Fact::PagesMoved { pid: 1, from: "10000000".into(), to: "20000000".into(), count: 3 }), "{moved:#?}");
    assert!(moved.iter().all(|fact| !matches!(fact, Fact::PagesGone { .. } | Fact::PagesPresent { .. })), "{moved:#?}");
}
