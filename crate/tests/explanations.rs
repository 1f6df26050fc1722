//! What each call can say of itself: the functions it went through, each check with what it looked at, the
//! check that gave the errno, what was split and merged, and why a neighbour stayed apart.

use pagefault::script::Session;
use pagefault::view::{Explained, explain};

/// The explanation of the last statement of a script.
fn last(script: &str) -> Explained {
    let mut session = Session::from_text(script).expect("a script");
    session.record_events(true);
    session.run_to_end().expect("it runs");
    let report = session.reports().last().expect("a statement");
    explain(&report.events, report.dropped, "Process 1")
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
    assert!(passed.iter().all(|line| line.starts_with("not E")), "{passed:#?}");
}

#[test]
fn splits_and_merges_are_told() {
    let told = after("mprotect(0x10001000, 4K, PROT_READ)");
    let merges = lines(&told, "merge");
    assert!(merges.iter().any(|line| line.contains("split: at 0x10001000")), "{merges:#?}");
    let told = after("mmap(0x10004000, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)");
    let merges = lines(&told, "merge");
    assert!(merges.iter().any(|line| line.contains("merged: now ") && line.contains("10005000")), "{merges:#?}");
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
        let merges = lines(&after(&body), "merge");
        assert!(merges.iter().any(|line| line.starts_with("not merged with") && line.contains(reason)), "{reason}: {merges:#?}");
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

#[test]
fn a_signal_is_the_end_unless_a_handler_answers() {
    let handler = "on SIGSEGV mmap(si_addr & -4096, 4K, 3, 0x32, -1, 0)\n";
    assert_eq!(last("load(0x20000000)").sentence, "Process 1 gets SIGSEGV: no VMA covers 0x20000000.");
    let once = last(&format!("{handler}load(0x20000000)")).sentence;
    assert!(once.ends_with("Its handler answers, and the access is tried again."), "{once}");
    let often = last(&format!("{handler}touch_write(0x20000000, 3)")).sentence;
    assert!(often.starts_with("Process 1 gets SIGSEGV 3 times, the first time because no VMA"), "{often}");
    // A copy of the kernel's that fails raises no signal.
    let refused = after("process_vm_readv(1, [{iov_base=0x20000000, iov_len=4}], 1, [{iov_base=0x10000000, iov_len=4}], 1, 0)").sentence;
    assert_eq!(refused, "Refused with EFAULT: the user address 0x20000000 is not accessible.");
}
