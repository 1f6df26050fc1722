//! Logs that are cut, joined, attached to in their midst, or wrong in one place: what the verdict says of them.
#![cfg(not(target_arch = "wasm32"))]

use pagefault::script::Session;

const EXEC: &str = "execve(\"./demo\", [\"./demo\"], 0x7ffd11112222 /* 9 vars */) = 0\nbrk(NULL) = 0x5601aa000000\n";

/// The verdict, and the lines that differ.
fn verdict(text: &str) -> (String, Vec<(usize, String)>) {
    let mut session = Session::from_text(text).unwrap_or_else(|errors| panic!("{errors:?}\n{text}"));
    session.run_to_end().unwrap_or_else(|error| panic!("{error}\n{text}"));
    let differ = session.reports().iter().flat_map(|report| report.differences.iter().map(|d| (report.line, d.cause.clone())));
    (session.verdict().to_string(), differ.collect())
}

/// An anonymous mapping without a hint.
fn mmap(len: u64, at: u64) -> String {
    format!("mmap(NULL, {len}, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = {at:#x}\n")
}

#[track_caller]
fn all_equal(text: &str) {
    let (verdict, differ) = verdict(text);
    assert!(differ.is_empty() && !verdict.contains("not replayed"), "{verdict} {differ:?}\n{text}");
}

#[test]
fn a_break_that_cannot_be_is_named_in_a_log_that_shows_programs_begin() {
    for moved in ["0x5601aa001000", "0x5601bb001000", "0x5601a9fff000"] {
        let text = format!("{EXEC}{}brk(NULL) = {moved}\nmunmap(0x7f1100010000, 4096) = 0\n", mmap(8192, 0x7f11_0001_0000));
        let (said, differ) = verdict(&text);
        assert_eq!(differ.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [4], "{said}");
    }
}

#[test]
fn a_hole_that_the_log_made_is_found_above_its_first_mapping() {
    let below = format!("{}{}{}", mmap(8192, 0x7f11_0002_0000), mmap(4096, 0x7f11_0004_0000), mmap(16384, 0x7f11_0001_c000));
    all_equal(&format!("{below}munmap(0x7f110001e000, 4096) = 0\nmunmap(0x7f1100040000, 4096) = 0\n{}", mmap(4096, 0x7f11_0004_0000)));
    let large = format!("{}{}", mmap(8_388_608, 0x7fd2_3f20_0000), mmap(4096, 0x7fd2_411f_4000));
    all_equal(&format!("{large}munmap(0x7fd2411f4000, 4096) = 0\n{}", mmap(4096, 0x7fd2_411f_4000)));
    // Not what the log did not free.
    let taken = format!("{below}munmap(0x7f110001e000, 4096) = 0\n{}", mmap(4096, 0x7f11_0004_0000));
    assert_eq!(verdict(&taken).1.len(), 1, "{:?}", verdict(&taken));
}

#[test]
fn a_mapping_lies_where_it_was_though_it_meets_where_it_would_lie_here() {
    all_equal(&format!("{}brk(0x2484c000) = 0x2484c000\n{}", mmap(524_288, 0x7f94_582b_b000), mmap(537_128_960, 0x7f94_32fb_f000)));
}

#[test]
fn addresses_of_48_bits_are_followed() {
    // strace's column, by which a log of so few lines is known.
    let text = format!(
        "{}mprotect(0xffffb1e77000, 4096, PROT_READ) = 0\nmunmap(0xffffb1e77000, 8192)           = 0\n",
        mmap(8192, 0xffff_b1e7_7000)
    );
    all_equal(&text);
}

#[test]
fn mappings_that_go_upwards_have_the_loader_below_them() {
    all_equal(&format!(
        "execve(\"./h\", [\"./h\"], 0x7ffd4be07420 /* 35 vars */) = 0\n{}mprotect(0x2ab266b9c000, 8192, PROT_READ) = 0\n",
        mmap(1_974_096, 0x2ab2_66bb_5000)
    ));
}

#[test]
fn a_munmap_without_an_end_may_have_happened() {
    let thread = "2000 clone3({flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM, exit_signal=0}, 88) = 2001\n";
    let numbered = |text: &str, pid: u32| text.lines().map(|line| format!("{pid} {line}\n")).collect::<String>();
    let start = numbered(&format!("{EXEC}{}{}", mmap(8192, 0x7f11_0001_0000), mmap(4096, 0x7f11_0000_f000)), 2000);
    let half =
        format!("{start}{thread}2000 munmap(0x7f110000f000, 4096 <unfinished ...>\n{}", numbered(&mmap(4096, 0x7f11_0000_f000), 2001));
    let ends = [
        "",
        "2000 <... munmap resumed>) = ?\n",
        "2000 <... munmap resumed> <unfinished ...>) = ?\n2000 +++ exited with 0 +++\n",
        "2000 +++ killed by SIGKILL +++\n",
    ];
    for end in ends {
        let (said, differ) = verdict(&format!("{half}{end}"));
        assert!(differ.is_empty() && said.contains("1 not replayed"), "{said} {differ:?}");
    }
}

#[test]
fn what_was_refused_had_no_effect() {
    let refused = "mmap(NULL, 10485760, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = -1 ENOMEM (Cannot allocate memory)\n";
    let text = format!("{EXEC}{}{refused}{refused}brk(0x5601aaf00000) = 0x5601aa000000\n{refused}", mmap(8192, 0x7f11_0001_0000));
    let (_, differ) = verdict(&text);
    let limits = |cause: &str| cause.split("RLIMIT_AS ").nth(1).map(|rest| rest.split(" kB").next().unwrap_or_default().to_string());
    let named: Vec<_> = differ.iter().filter(|(line, _)| *line != 6).map(|(_, cause)| limits(cause)).collect();
    assert!(named.len() == 3 && named.iter().all(|one| one.is_some() && *one == named[0]), "{differ:#?}");
}

#[test]
fn the_user_that_a_program_becomes_has_its_limits() {
    all_equal(&format!(
        "{EXEC}{}prlimit64(0, RLIMIT_MEMLOCK, {{rlim_cur=1024*1024, rlim_max=1024*1024}}, NULL) = 0\nsetuid(65534) = 0\n\
         mlock(0x7f3423200000, 2097152) = -1 ENOMEM (Cannot allocate memory)\nmlock(0x7f3423200000, 4096) = 0\nmlockall(MCL_FUTURE) = 0\n\
         mmap(NULL, 4194304, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = -1 EAGAIN (Resource temporarily unavailable)\n",
        mmap(104_857_600, 0x7f34_2320_0000)
    ));
}

#[test]
fn a_log_behind_the_end_of_another_is_another_process() {
    let whole = |brk: &str, at: u64| {
        format!(
            "execve(\"./demo\", [\"./demo\"], 0x7ffd11112222 /* 9 vars */) = 0\nbrk(NULL) = {brk}\n{}exit_group(0) = ?\n+++ exited with 0 +++\n",
            mmap(8192, at)
        )
    };
    let text = format!(
        "{}{}{}",
        whole("0x5601aa000000", 0x7f11_0001_0000),
        whole("0x5602bb000000", 0x7f22_0001_0000),
        whole("0x5601aa000000", 0x7f11_0001_0000)
    );
    all_equal(&text);
    assert!(verdict(&text).0.starts_with("6 memory calls, 6 as on Linux"), "{}", verdict(&text).0);
}
