//! What happens after a log has been read: at which addresses it is replayed, what is assumed, and a verdict that
//! does not flatter.
#![cfg(not(target_arch = "wasm32"))]

use pagefault::ids::Pid;
use pagefault::log;
use pagefault::script::{Architecture, Script, Session, SetAside, Verdict};
use pagefault::view;

/// The start of a dynamically linked program.
const START: &str = "execve(\"./demo\", [\"./demo\"], 0x7ffd11112222 /* 9 vars */) = 0\nbrk(NULL) = 0x5601aa000000\n";

fn replayed(script: Script) -> Session {
    let mut session = Session::new(script).expect("a machine for it");
    session.run_to_end().expect("a log never stops midway");
    session
}

fn replay(log: &str) -> Session {
    replayed(log::read(log))
}

fn started(rest: &str) -> Session {
    replay(&format!("{START}{rest}"))
}

fn excerpt(log: &str) -> Session {
    replay(&format!("@log yes\n{log}"))
}

/// Equal, different, left out, resting on assumptions.
fn counts(session: &Session) -> [usize; 4] {
    let verdict = session.verdict();
    assert_eq!(verdict.memory_calls, verdict.memory_equal + verdict.memory_differ + verdict.left_out.len(), "{verdict}");
    [verdict.memory_equal, verdict.memory_differ, verdict.left_out.len(), verdict.assumed]
}

fn maps(session: &Session) -> String {
    view::maps_text(session.machine(), Pid(1))
}

#[test]
fn an_address_that_is_also_a_neighbours_end_is_the_one_that_begins_there() {
    let session = started(
        "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f1100010000
mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0) = 0x7f1100030000
mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0) = 0x7f110000f000
munmap(0x7f1100030000, 4096) = 0
mprotect(0x7f1100010000, 8192, PROT_READ) = 0\n",
    );
    // The second lies where nothing is known to have been: above the first.
    assert_eq!(counts(&session), [6, 0, 0, 1], "{}", session.verdict());
}

#[test]
fn our_addresses_are_the_recorded_ones() {
    let session = started(
        "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f1100010000
mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f110000f000
brk(0x5601aa021000) = 0x5601aa021000\n",
    );
    assert!(session.verdict().is_green(), "{}", session.verdict());
    let maps = maps(&session);
    for line in ["5601aa000000-5601aa021000 rw-p", "7f110000f000-7f1100010000 r--p", "7f1100010000-7f1100012000 rw-p"] {
        assert!(maps.contains(line), "{line} in\n{maps}");
    }
}

#[test]
fn what_a_program_put_at_addresses_of_its_own_choice_is_there() {
    let session = started(
        "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f1100010000
mmap(0x7fff7000, 268435456, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0) = 0x7fff7000
mmap(0x2008fff7000, 1099511627776, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0) = 0x2008fff7000
madvise(0x7fff7000, 268435456, MADV_NOHUGEPAGE) = 0
mprotect(0x80000000, 4096, PROT_NONE) = 0
munmap(0x80000000, 4096) = 0
mmap(0xc000000000, 67108864, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0xc000000000\n",
    );
    assert_eq!(counts(&session), [8, 0, 0, 0], "{}", session.verdict());
    let maps = maps(&session);
    for line in ["7fff7000-80000000 rw-p", "80001000-8fff7000 rw-p", "2008fff7000-3008fff7000 rw-p", "c000000000-c004000000 ---p"] {
        assert!(maps.contains(line), "{line} in\n{maps}");
    }
}

#[test]
fn our_layout_moves_out_of_the_way_of_the_program() {
    let session = started(
        "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7fbd000
mmap(0x7ffffff00000, 1044480, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED_NOREPLACE, -1, 0) = 0x7ffffff00000
mmap(0x400000, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED_NOREPLACE, -1, 0) = 0x400000\n",
    );
    assert_eq!(counts(&session), [4, 0, 0, 0], "{}", session.verdict());
    assert!(maps(&session).contains("[stack]"));
}

#[test]
fn memory_mapped_before_an_excerpt_is_assumed_and_named() {
    let session = excerpt(
        "mmap(NULL, 20480, PROT_READ, MAP_PRIVATE|MAP_DENYWRITE, 3, 0) = 0x7f2200010000
fstat(3, {st_mode=S_IFREG|0755, st_size=20480, ...}) = 0
mmap(0x7f2200011000, 8192, PROT_READ|PROT_EXEC, MAP_PRIVATE|MAP_FIXED|MAP_DENYWRITE, 3, 0x1000) = 0x7f2200011000
close(3) = 0
mprotect(0x7f2200013000, 4096, PROT_READ) = 0
mprotect(0x7f3300000000, 8192, PROT_READ) = 0
munmap(0x7f4400000000, 2097152) = 0
madvise(0x7f3300000000, 4096, MADV_DONTNEED) = 0\n",
    );
    assert_eq!(counts(&session), [6, 0, 0, 2], "{}", session.verdict());
    let assumed: Vec<_> = session.reports().iter().filter_map(|report| report.assumed.as_deref()).collect();
    assert_eq!(
        assumed,
        ["8 kB at 0x7f3300000000 were mapped before the log shows it", "2 MB at 0x7f4400000000 were mapped before the log shows it"]
    );
    assert!(session.verdict().to_string().contains("2 rest on what the log does not show"));
}

#[test]
fn an_excerpt_whose_gaps_are_not_known_is_placed_as_recorded_but_known_memory_is_not_explained_away() {
    let session = excerpt(
        "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f4400010000
mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f4400000000
munmap(0x7f4400010000, 8192) = 0
mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f43f0000000\n",
    );
    // The last could have gone where the log shows room.
    assert_eq!(counts(&session), [3, 1, 0, 1], "{}", session.verdict());
}

#[test]
fn a_heap_that_had_grown_before_an_excerpt() {
    let session = excerpt("brk(NULL) = 0x5601aa021000\nbrk(0x5601aa042000) = 0x5601aa042000\nbrk(0x5601aa010000) = 0x5601aa010000\n");
    assert_eq!(counts(&session), [3, 0, 0, 1], "{}", session.verdict());
}

#[test]
fn processes_of_an_excerpt_are_threads_unless_their_memory_meets() {
    let one = "2701 mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f4400010000\n";
    let threads = excerpt(&format!(
        "{one}2702 munmap(0x7f4400010000, 8192) = 0\n2701 mprotect(0x7f4400010000, 4096, PROT_READ) = -1 ENOMEM (Cannot)\n"
    ));
    assert_eq!(counts(&threads), [3, 0, 0, 0], "{}", threads.verdict());
    let processes = excerpt(&format!("{one}{}", one.replace("2701", "2702")));
    assert_eq!(counts(&processes), [2, 0, 0, 0], "{}", processes.verdict());
}

/// `strace -f -e trace=%memory` shows neither who made a process nor what it runs.
#[test]
fn a_program_whose_start_is_left_out_is_known_by_its_heap() {
    let own = "brk(NULL) = 0x5601aa000000
mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f1100010000
brk(0x5601aa021000) = 0x5601aa021000\n";
    let child = "[pid 12] brk(NULL) = 0x55b300000000
[pid 12] mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7fa5f4f32000
[pid 12] brk(0x55b300021000) = 0x55b300021000\n";
    let again = "[pid 12] brk(NULL) = 0x564400000000
[pid 12] mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7fbb00010000
[pid 12] munmap(0x7fbb00010000, 8192) = 0
brk(NULL) = 0x5601aa021000\n";
    let session = excerpt(&format!("{own}strace: Process 12 attached\n{child}{again}"));
    assert_eq!(counts(&session)[..3], [10, 0, 0], "{}", session.verdict());
    let assumed: Vec<_> = session.reports().iter().filter_map(|report| report.assumed.as_deref()).collect();
    assert_eq!(assumed.iter().filter(|what| what.contains("whose execve the log does not show")).count(), 1, "{assumed:?}");
}

#[test]
fn refusals_that_do_not_happen_here_are_differences_with_a_cause() {
    let session = started(
        "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = -1 ENOMEM (Cannot allocate memory)
mmap(NULL, 8392704, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_STACK, -1, 0) = -1 EAGAIN (Resource temporarily unavailable)
mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = -1 EINVAL (Invalid argument)\n",
    );
    let verdict = session.verdict();
    assert_eq!((counts(&session), verdict.is_equal(), verdict.excused), ([1, 3, 0, 0], false, 0));
    let causes: Vec<_> = session.reports().iter().flat_map(|report| &report.differences).map(|d| d.cause.as_str()).collect();
    assert!(causes[0].contains("RLIMIT_AS between") && causes[0].contains("vm.overcommit_memory=2"), "{causes:?}");
    assert!(causes[1].starts_with("would be EAGAIN with RLIMIT_MEMLOCK") && causes[1].contains("mlockall(MCL_FUTURE)"), "{causes:?}");
    assert_eq!(causes[2], "");
}

/// A call after one that mapped 12 kB at 0x7f1100010000, refused where it was recorded: what is said of the cause.
fn cause_of(refused: &str) -> String {
    let mapped = "mmap(NULL, 12288, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f1100010000";
    let session = started(&format!("{mapped}\n{refused}\n"));
    let last = session.reports().last().expect("it was run");
    assert_eq!(last.differences.len(), 1, "{refused} differs");
    assert_eq!(session.verdict().excused, 0, "{refused}: a guess at limits excuses nothing");
    last.differences[0].cause.clone()
}

#[test]
fn each_limit_that_fits_a_refusal_is_named_and_no_other() {
    let anonymous = |len: u64, more: &str| format!("mmap(NULL, {len}, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS{more}, -1, 0) = -1 ");
    let all =
        ["max_map_count", "overcommit_memory=0", "overcommit_memory=2", "RLIMIT_AS", "RLIMIT_DATA", "RLIMIT_MEMLOCK", "mmap_min_addr"];
    for (refused, named) in [
        (anonymous(8192, "") + "ENOMEM (x)", &["max_map_count", "overcommit_memory=2", "RLIMIT_AS", "RLIMIT_DATA"][..]),
        // What is shared is no data, and what is only reserved is not promised.
        (anonymous(8192, "|MAP_NORESERVE").replace("READ|PROT_WRITE", "NONE") + "ENOMEM (x)", &["max_map_count", "RLIMIT_AS"]),
        ("mprotect(0x7f1100010000, 4096, PROT_NONE) = -1 ENOMEM (x)".into(), &["max_map_count"]),
        ("munmap(0x7f1100011000, 4096) = -1 ENOMEM (x)".into(), &["max_map_count"]),
        ("mlock(0x7f1100010000, 12288) = -1 ENOMEM (x)".into(), &["RLIMIT_MEMLOCK"]),
        ("mlockall(MCL_CURRENT) = -1 ENOMEM (x)".into(), &["RLIMIT_MEMLOCK"]),
        ("mlock(0x7f1100010000, 8192) = -1 EPERM (x)".into(), &["RLIMIT_MEMLOCK"]),
        (anonymous(4096, "|MAP_LOCKED") + "EAGAIN (x)", &["RLIMIT_MEMLOCK"]),
        (anonymous(4096, "|MAP_LOCKED") + "EPERM (x)", &["RLIMIT_MEMLOCK"]),
        ("mmap(0x7000, 4096, PROT_READ, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0) = -1 EPERM (x)".into(), &["mmap_min_addr"]),
        ("brk(0x5601aa021000) = 0x5601aa000000".into(), &["overcommit_memory=2", "RLIMIT_AS", "RLIMIT_DATA", "RLIMIT_MEMLOCK"]),
        (
            "mremap(0x7f1100010000, 12288, 16384, MREMAP_MAYMOVE) = -1 ENOMEM (x)".into(),
            &["max_map_count", "overcommit_memory=2", "RLIMIT_AS", "RLIMIT_DATA"],
        ),
        ("mremap(0x7f1100010000, 12288, 16384, MREMAP_MAYMOVE) = -1 EAGAIN (x)".into(), &[]),
        ("munmap(0x7f1100010000, 12288) = -1 EINVAL (x)".into(), &[]),
    ] {
        let cause = cause_of(&refused);
        let found: Vec<_> = all.iter().filter(|limit| cause.contains(**limit)).copied().collect();
        assert_eq!(found, named, "{refused}: {cause}");
    }
}

/// In mode 0 Linux refuses what is more than all of RAM and swap, unless it is only reserved.
#[test]
fn a_mapping_larger_than_memory_is_refused_by_the_heuristic() {
    let asked =
        |flags: &str| format!("mmap(NULL, 17179869184, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS{flags}, -1, 0) = -1 ENOMEM (x)");
    let cause = cause_of(&asked(""));
    assert!(cause.starts_with("would be ENOMEM with vm.overcommit_memory=0 and less than 16384 MB of RAM and swap"), "{cause}");
    let reserved = cause_of(&asked("|MAP_NORESERVE"));
    assert!(!reserved.contains("overcommit_memory=0"), "{reserved}");
}

#[test]
fn a_huge_refused_mapping_names_the_smaller_machine() {
    let huge = "mmap(NULL, 17592186044416, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0) = -1 ENOMEM (Cannot)\n";
    let session = started(huge);
    let cause = &session.reports()[2].differences[0].cause;
    assert!(cause.contains("RLIMIT_AS") && cause.contains("vm.overcommit_memory=2") && !cause.contains("overcommit_memory=0"), "{cause}");
}

#[test]
fn a_call_of_a_32_bit_program_means_the_same() {
    let mut script = log::read(
        "execve(\"./demo32\", [\"./demo32\"], 0xffee1000 /* 9 vars */) = 0
brk(NULL) = 0x8100000
mmap2(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0xf7f10000
mmap2(NULL, 20480, PROT_READ|PROT_EXEC, MAP_PRIVATE|MAP_DENYWRITE, 3, 0) = 0xf7f0b000
mmap2(0xf7f0e000, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED|MAP_DENYWRITE, 3, 0x2000) = 0xf7f0e000\n",
    );
    script.architecture = Architecture::Bits32;
    let session = replayed(script);
    assert_eq!(counts(&session), [4, 0, 0, 0], "{}", session.verdict());
    assert!(session.verdict().to_string().ends_with("a 32-bit program, whose layout is not modelled"));
}

#[test]
fn what_is_set_aside_is_left_out_and_nothing_known_survives_it() {
    let log = format!(
        "{START}mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f1100010000
# [...]
mprotect(0x7f1000000000, 4096, PROT_READ) = 0\n"
    );
    let mut script = log::read(&log);
    let aside = |line, is_memory_call| SetAside {
        line,
        began: line,
        text: "mmap(NULL, …".into(),
        reason: "the line is cut".into(),
        is_memory_call,
    };
    script.set_aside = vec![aside(4, true)];
    let session = replayed(script.clone());
    assert_eq!(counts(&session), [3, 0, 1, 1], "{}", session.verdict());
    assert!(!session.verdict().is_green());
    assert_eq!(session.verdict().left_out[0].call, "mmap");
    assert!(session.verdict().to_string().starts_with("3 of 4 as on Linux, 1 not replayed: the line is cut"), "{}", session.verdict());
    // Where nothing of memory is missing, what was free is known.
    script.set_aside = vec![aside(4, false)];
    assert_eq!(counts(&replayed(script)), [2, 1, 0, 0]);
}

#[test]
fn nothing_compared_and_stopped_midway_are_not_equal() {
    let green = |text: &str| {
        let mut session = Session::from_text(text).expect("it parses");
        let _ = session.run_to_end();
        (session.verdict().is_equal(), session.verdict().is_green(), session.verdict().to_string())
    };
    let nothing = green("mmap(NULL, 4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n");
    assert_eq!(nothing, (false, false, "0 of 0 as expected here".into()));
    let stopped = green("munmap(0x10000, 4K) = 0\n[7] load(0)\n");
    assert_eq!(stopped, (false, false, "1 of 1 as expected here; stopped at line 2".into()));
    assert_eq!(green("munmap(0x10000, 4K) = 0\n"), (true, true, "1 of 1 as expected here".into()));
}

#[test]
fn an_access_that_ended_in_a_signal_is_compared_by_signal_and_code() {
    let session = excerpt(&format!(
        "{START}mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f1100010000
load(0x7f1100010010) = SIGSEGV SEGV_ACCERR
load(0x10) = SIGSEGV SEGV_MAPERR
load(0x7f1100010010) = SIGSEGV SEGV_MAPERR\n"
    ));
    assert_eq!(counts(&session), [4, 1, 0, 0], "{}", session.verdict());
}

#[test]
fn segment_numbers_are_inputs() {
    let session = started(
        "mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f1100010000
shmget(0x52e2c1, 56, IPC_CREAT|IPC_EXCL|0600) = 32774
shmat(32774, NULL, 0) = 0x7f110000f000
shmctl(32774, IPC_RMID, NULL) = 0
shmdt(0x7f110000f000) = 0
shmat(7, NULL, 0) = 0x7f110000f000\n",
    );
    assert_eq!(counts(&session), [4, 0, 1, 0], "{}", session.verdict());
    assert_eq!(session.verdict().left_out[0].reason, "the log does not show its segment being made");
}

#[test]
fn going_back_counts_anew() {
    let mut session = started("munmap(0x5601aa000000, 4096) = 0\nmunmap(0x1001, 4096) = 0\n");
    let at_end = session.verdict().clone();
    assert_eq!(at_end.differences, 1);
    session.go_to(3).expect("there and back");
    assert_eq!((session.verdict().differences, session.reports().len()), (0, 3));
    session.go_to(4).expect("there and back");
    assert_eq!(session.verdict(), &at_end);
}

#[test]
fn a_verdict_is_empty_before_anything_runs() {
    let session = Session::new(log::read(START)).expect("a machine");
    assert_eq!(session.verdict(), &Verdict { is_log: true, ..Verdict::default() });
}

#[test]
fn addresses_that_lie_elsewhere_here_are_told_with_both() {
    let session = started(
        "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f1100010000
mmap(NULL, 4096, PROT_READ, MAP_SHARED|MAP_ANONYMOUS, -1, 0) = 0x7f1100004000
mprotect(0x7f1100004000, 4096, PROT_READ|PROT_WRITE) = 0\n",
    );
    let told: Vec<_> = session.reports().iter().map(|report| report.elsewhere.clone()).collect();
    assert_eq!(told[..3], [vec![], vec![], vec![]], "{told:x?}");
    assert_eq!(told[3], [(0x7f11_0000_4000, 0x7f11_0000_f000)], "{told:x?}");
    assert_eq!(told[4], told[3], "{told:x?}");
}

#[test]
fn memory_that_a_log_does_not_show_being_mapped_is_known_as_that() {
    use pagefault::addr::VirtRange;
    let session = started(
        "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f1100010000
mprotect(0x7f2200000000, 4096, PROT_READ) = 0\n",
    );
    let is_assumed = |at: u64| session.is_assumed(Pid(1), VirtRange::new(at, at + 0x1000));
    assert!(!is_assumed(0x7f11_0001_0000) && is_assumed(0x7f22_0000_0000));
    // What the program starts with is found out from the log, not shown by it.
    let stack = pagefault::internals::mm(session.machine(), Pid(1)).expect("it lives").vmas.iter().last().expect("a stack").1.range;
    assert!(session.is_assumed(Pid(1), stack));
    let script = replayed(Script::parse("mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n").expect("a script"));
    let all = VirtRange::new(0, 1 << 47);
    assert!(!script.is_assumed(Pid(1), all));
}

#[test]
fn a_child_has_its_counters_from_the_fork_on() {
    let script = "a = mmap(NULL, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\ntouch_write(a, 2)\nc = fork()\nload(a)\n";
    let session = replayed(Script::parse(script).expect("a script"));
    let columns = session.columns();
    assert_eq!((columns.child.as_slice(), columns.child_rss[2], columns.rss[2]), (&[0, 0, 2, 0][..], 3, 3));
}
