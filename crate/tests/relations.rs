//! Expectations that are relations, and statements that a failed call leaves without a name.
#![cfg(not(target_arch = "wasm32"))]

use pagefault::script::{Script, Session};

/// All that differs, `LINE FIELD EXPECTED | FOUND`, and the verdict.
fn run(text: &str) -> (Vec<String>, String) {
    let mut session = Session::from_text(text).expect("a script");
    session.run_to_end().expect("it runs");
    let told = |report: &pagefault::script::StepReport| {
        let line = report.line;
        let all = report.differences.iter().map(move |d| format!("{line} {} {} | {}", d.field, d.expected, d.found));
        all.collect::<Vec<_>>()
    };
    (session.reports().iter().flat_map(told).collect(), session.verdict().to_string())
}

const MAPPED: &str = "a = mmap(NULL, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n";

#[test]
fn a_result_that_is_not_in_its_relation_differs_and_is_told_as_it_was_written() {
    let wrong = [
        ("munmap(a, 0) != -1 EINVAL", "2 result != -1 EINVAL | -1 EINVAL (Invalid argument)"),
        ("munmap(a, 4K) = -1 ENOMEM or 7", "2 result -1 ENOMEM or 7 | 0"),
        ("munmap(a, 4K) > 0", "2 result > 0 | 0"),
        ("munmap(a, 0) >= 0", "2 result >= 0 | -1 EINVAL (Invalid argument)"),
        ("load(a, 4) in 1..a+4K", "2 result in 1..a+4096 | \"\\x00\\x00\\x00\\x00\""),
        ("load(a, 9) < 7", "2 result < 7 | \"\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\""),
        ("load(0) < 7", "2 result < 7 | SIGSEGV SEGV_MAPERR 0x0"),
    ];
    for (line, told) in wrong {
        assert_eq!(run(&format!("{MAPPED}{line}\n")), (vec![told.to_string()], "0 of 1 as expected here".to_string()), "{line}");
    }
    for line in ["munmap(a, 0) != 0", "munmap(a, 4K) = -1 ENOMEM or 0", "load(a, 4) <= 0", "brk(0) in 0..a", "load(0) = 7 or SIGSEGV"] {
        assert_eq!(run(&format!("{MAPPED}{line}\n")), (Vec::new(), "1 of 1 as expected here".to_string()), "{line}");
    }
}

#[test]
fn a_number_of_proc_that_is_not_in_its_relation_differs() {
    let wrong = [
        ("> status VmSize same", "1 status VmSize same | VmSize 184, before 168"),
        ("> status VmSize -4 VmRSS in 1..2", "1 status VmSize -4 | VmSize 184, before 168; 1 status VmRSS in 1..2 | VmRSS 4"),
        ("> nmaps same", "1 nmaps same | 6, before 5"),
        ("> minflt >= 1", "1 minflt >= 1 | 0"),
        ("> smaps 7ffff7ff3000-7ffff7ff7000 Rss > 0", "1 smaps 7ffff7ff3000-7ffff7ff7000 Rss > 0 | 7ffff7ff3000-7ffff7ff7000 Rss 0"),
        ("> smaps 1000-2000 Rss > 0", "1 smaps 1000-2000 | no such area"),
    ];
    for (line, told) in wrong {
        assert_eq!(run(&format!("{MAPPED}{line}\n")).0.join("; "), told, "{line}");
    }
}

#[test]
fn what_needs_a_name_that_a_failed_call_did_not_bind_is_not_run_and_the_rest_is() {
    let text = "s = mmap(NULL, 0, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nmunmap(s, 4K) = 0\nc = wait4(-1, 0, 0, 0)\n\
                [c] brk(0)\nioctl(3, PAGEMAP_SCAN, {start=s, end=s+4K})\nbrk(0) != s\nmunmap(0, 0) = -1 EINVAL\n";
    let (differences, verdict) = run(text);
    assert_eq!((differences.len(), verdict.as_str()), (0, "1 of 1 as expected here; 4 not run, as a call failed that they need"));
    let mut session = Session::from_text(text).expect("a script");
    session.run_to_end().expect("it runs");
    let skipped: Vec<_> = session.reports().iter().filter(|report| report.kind == "skipped").collect();
    assert_eq!(skipped.iter().map(|report| report.line).collect::<Vec<_>>(), [2, 4, 5, 6]);
    assert_eq!(skipped[0].why.as_deref(), Some("`s` is not bound: the call that should have bound it failed"));
    assert!(!session.verdict().is_equal(), "what was not run is missing");
}

#[test]
fn what_is_loaded_has_a_name_on_every_way_through_the_script() {
    let text = format!("{MAPPED}store(a, 0x1234, 2)\nx = load(a, 2)\nstore(a+4K, x+1, 2)\nload(a+4K, 2) = 0x1235\n");
    let mut session = Session::from_text(&text).expect("a script");
    session.run_to_end().expect("it runs");
    session.go_to(2).expect("back");
    session.run_to_end().expect("and on");
    assert_eq!((session.names().get("x"), session.verdict().is_equal()), (Some(&0x1234), true));
}

#[test]
fn a_question_compares_with_its_last_answer() {
    let text = "m = memfd_create(\"m\", 0)\nfstat(m).st_size = 0\nftruncate(m, 8K)\nfstat(m).st_size +8K\nfstat( m ).st_size same\n\
                fstat(m).st_size -1\nchild = fork()\n[child] fstat(m).st_size = 8192";
    let mut session = Session::from_text(text).expect("a script");
    session.run_to_end().expect("it runs");
    let lines: Vec<_> = session.reports().iter().filter(|report| !report.differences.is_empty()).map(|report| report.line).collect();
    assert_eq!(lines, [6], "only what is not so differs");
}

#[test]
fn fields_and_questions_are_checked_before_anything_runs() {
    let told = |text: &str| Script::parse(text).expect_err(text)[0].to_string();
    assert!(told("fstat(3).st_sise").contains("st_size, st_blksize"));
    assert!(told("mmap(NULL, 4096, 0, 34, -1, 0).st_size").contains("found `st_size`"));
    assert!(told("fstat(3, 0x1000).st_size").contains("no address for the structure"));
    assert!(told("status(VmRss)").contains("VmRSS") && told("smaps(0)").contains("Private_Dirty"));
    assert!(told("fstat(3).st_size same").contains("asked before"));
    assert!(told("close(3) same").contains("the end of the line"));
}
