//! Logs of several threads whose calls overlap: an order is found that explains them.
#![cfg(not(target_arch = "wasm32"))]

mod thread_log;

use pagefault::script::{SearchWork, Session};
use std::fmt::Write;
use thread_log::{Random, Workload, differing, keep, replay, run, workload};

#[test]
fn an_order_is_found_that_explains_the_log() {
    for seed in 1..=6 {
        let (log, truth, calls) = workload(seed, 2000);
        let right = replay(&truth);
        assert_eq!(differing(&right), Vec::<String>::new(), "seed {seed}, in the right order");
        let session = replay(&log);
        assert_eq!(differing(&session), Vec::<String>::new(), "seed {seed}");
        assert_eq!(session.verdict().memory_equal, calls + 1, "seed {seed}");
        assert!(session.verdict().is_green(), "{}", session.verdict());
    }
}

/// The lines of each thread, as `strace -ff -o` puts them into files of their own.
fn files(truth: &str) -> Vec<(String, String)> {
    let mut files: std::collections::BTreeMap<&str, String> = Default::default();
    for line in truth.lines() {
        let (thread, call) = line.split_once(' ').expect("a number");
        let _ = writeln!(files.entry(thread).or_default(), "{call}");
    }
    files.into_iter().map(|(thread, text)| (format!("log.{thread}"), text)).collect()
}

#[test]
fn files_of_threads_without_times_have_an_order_found() {
    for seed in 1..=6 {
        let (_, truth, _) = workload(seed, 40);
        let files = files(&truth);
        let borrowed: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let mut session = Session::from_text(&pagefault::log::join_files(&borrowed).text).expect("a log");
        session.run_to_end().expect("it runs");
        assert_eq!(differing(&session), Vec::<String>::new(), "seed {seed}");
        let left_out = &session.verdict().left_out;
        assert!(left_out.len() <= 4, "seed {seed}: {left_out:#?}");
        assert!(left_out.iter().all(|left| left.reason.contains("carry no times")), "seed {seed}: {left_out:#?}");
        assert_eq!(session.verdict().is_green(), left_out.is_empty());
        println!("seed {seed}: {} {:?}", session.verdict(), session.search_work());
    }
}

#[test]
fn a_structure_that_is_not_printed_makes_a_thread() {
    let log = "1 execve(\"./demo\", [\"./demo\"], 0x7ffd11112222 /* 9 vars */) = 0
1 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f1100010000
1 clone3(0x7ffe6204f6f0, 88) = 2
2 mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f110000f000
1 munmap(0x7f110000f000, 8192) = 0
2 mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f1100010000\n";
    let session = replay(log);
    assert_eq!((differing(&session), session.verdict().memory_equal), (Vec::new(), 4));
}

#[test]
fn an_order_of_ten_thousand_overlapping_calls_is_found_in_few_steps() {
    let (log, truth, calls) = workload(99, 10_000);
    keep("later-99", &log, &truth);
    let (right, session) = (replay(&truth), replay(&log));
    assert_eq!((differing(&right), differing(&session)), (Vec::new(), Vec::new()));
    let (none, work) = (right.search_work(), session.search_work());
    println!("{work:?} for {calls} calls");
    assert_eq!(none, SearchWork::default());
    assert!(work.nodes <= 4 * calls && work.copies <= 4 * calls, "{work:?}");
}

/// A log that no order explains: every address is another one.
#[test]
fn a_hopeless_log_is_given_up_on() {
    for calls in [2_000, 8_000] {
        let (log, _, calls) = workload(7, calls);
        let mut random = Random(1);
        let shifted: Vec<String> = log
            .lines()
            .map(|line| match line.rsplit_once("= 0x7f") {
                Some((before, digits)) if line.contains("mmap") => {
                    let address = u64::from_str_radix(digits, 16).expect("an address");
                    format!("{before}= {:#x}", (0x7f00_0000_0000 | address) - 4096 * (1 + random.below(4000) as u64))
                }
                _ => line.to_string(),
            })
            .collect();
        keep(&format!("hopeless-{calls}"), &shifted.join("\n"), &log);
        let session = replay(&shifted.join("\n"));
        let work = session.search_work();
        println!("{work:?} for {calls} calls, {}", session.verdict());
        assert!(differing(&session).len() > calls / 10);
        assert!(work.nodes <= 32_000 + calls, "{work:?}");
    }
}

#[test]
fn an_order_is_found_where_the_very_first_mappings_overlap() {
    for seed in 1..=6 {
        let (log, truth, calls) = run(Workload::overlapping_at_once(seed), 10_000);
        keep(&format!("first-{seed}"), &log, &truth);
        let session = replay(&log);
        assert_eq!(differing(&session), Vec::<String>::new(), "seed {seed}");
        assert_eq!(session.verdict().memory_equal, calls + 1, "seed {seed}");
        let work = session.search_work();
        println!("seed {seed}: {work:?} for {calls} calls");
        assert!(work.nodes <= 4 * calls && work.copies <= 4 * calls, "seed {seed}: {work:?}");
    }
}

#[test]
fn the_first_mappings_of_a_log_may_overlap() {
    let log = "\
1 clone3({flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM, exit_signal=0}, 88) = 2
1 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0 <unfinished ...>
2 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0 <unfinished ...>
1 <... mmap resumed>) = 0x7f1200005000
2 <... mmap resumed>) = 0x7f1200006000
1 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f1200004000
";
    let mut session = Session::from_text(log).unwrap();
    session.run_to_end().unwrap();
    assert_eq!(session.verdict().to_string(), "3 memory calls, 3 as on Linux");
}

/// `strace -f -e trace=%memory` does not show threads being made.
#[test]
fn threads_that_the_log_does_not_show_being_made_overlap_too() {
    let log = "\
1 mmap(NULL, 12288, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f120000e000
1 munmap(0x7f120000e000, 8192) = 0
2 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0 <unfinished ...>
3 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0 <unfinished ...>
2 <... mmap resumed>)             = 0x7f120000e000
3 <... mmap resumed>)             = 0x7f120000f000
";
    let mut session = Session::from_text(log).unwrap();
    session.run_to_end().unwrap();
    assert_eq!(session.verdict().to_string(), "4 memory calls, 4 as on Linux");
}

/// A log of memory calls alone (`strace -f -e trace=%memory`) of two programs with a thread: whose memory a call is about
/// follows from where it maps, and that another program began from a break that nobody was told.
#[test]
fn threads_of_programs_whose_start_is_not_shown() {
    const MEMORY: &str = "PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)";
    let log = format!(
        "\
1 brk(NULL) = 0x555555600000
1 mmap(NULL, 8192, {MEMORY} = 0x7ffff7fb0000
1 mmap(NULL, 4096, {MEMORY} = 0x7ffff7faf000
2 brk(NULL) = 0x55d000000000
2 mmap(NULL, 8192, {MEMORY} = 0x7f1234560000
3 mmap(NULL, 4096, {MEMORY} = 0x7f123455f000
2 munmap(0x7f1234560000, 8192) = 0
3 mmap(NULL, 4096, {MEMORY} = 0x7f1234561000
1 brk(NULL) = 0x555555590000
1 mmap(NULL, 8192, {MEMORY} = 0x7fabc0000000
1 brk(0x5555555b1000) = 0x5555555b1000
"
    );
    let session = replay(&log);
    assert_eq!((differing(&session), session.verdict().memory_equal), (Vec::new(), 11));
    let assumed: Vec<_> = session.reports().iter().filter_map(|report| report.assumed.as_deref()).collect();
    assert!(matches!(assumed.as_slice(), [one] if one.contains("another program began here")), "{assumed:?}");
}
