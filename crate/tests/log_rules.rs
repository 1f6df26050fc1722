//! Logs of other kernels, file systems and processors, and of results that no kernel gives: what is equal, what rests on
//! an assumption and on which, what is left out, what differs.
#![cfg(not(target_arch = "wasm32"))]

use pagefault::script::Session;

/// How a log compares: equal, different, left out, resting on what the log does not show.
fn compared(log: &str) -> ([usize; 4], String) {
    let mut session = Session::from_text(log).unwrap_or_else(|errors| panic!("{log}\n{errors:?}"));
    session.run_to_end().expect("it runs");
    let verdict = session.verdict();
    let told: Vec<_> = session
        .reports()
        .iter()
        .flat_map(|report| report.assumed.iter().cloned().chain(report.differences.iter().map(|d| format!("{}: {}", report.line, d.cause))))
        .chain(verdict.left_out.iter().map(|left| format!("{}: {}", left.line, left.reason)))
        .collect();
    ([verdict.equal, verdict.differences, verdict.left_out.len(), verdict.assumed], told.join("\n"))
}

const START: &str = "execve(\"./a\", [\"./a\"], 0x7ffc0c4e8018 /* 35 vars */) = 0\nbrk(NULL) = 0x55d8f5b1c000\n";

/// Which mappings of 2 MB and more are placed for huge pages depends on the kernel and the file system: it is tried, and named.
#[test]
fn large_mappings_of_other_kernels_and_file_systems() {
    for (log, equal, part) in [
        // glibc of a distribution with Linux 5.15.
        (
            "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f6d2c5f8000\n\
             openat(AT_FDCWD, \"/etc/ld.so.cache\", O_RDONLY|O_CLOEXEC) = 3\n\
             mmap(NULL, 31483, PROT_READ, MAP_PRIVATE, 3, 0) = 0x7f6d2c5f0000\n\
             close(3) = 0\n\
             openat(AT_FDCWD, \"/lib/x86_64-linux-gnu/libc.so.6\", O_RDONLY|O_CLOEXEC) = 3\n\
             mmap(NULL, 2264656, PROT_READ, MAP_PRIVATE|MAP_DENYWRITE, 3, 0) = 0x7f6d2c3c7000\n\
             mprotect(0x7f6d2c3ef000, 2023424, PROT_NONE) = 0\n",
            5,
            "overlayfs and tmpfs do not, nor did any with older kernels",
        ),
        // A file on overlayfs, mapped twice, and something small behind it.
        (
            "openat(AT_FDCWD, \"/srv/f\", O_RDONLY) = 3\n\
             mmap(NULL, 3000000, PROT_READ, MAP_PRIVATE, 3, 0) = 0x7fa621f85000\n\
             mmap(NULL, 3000000, PROT_READ, MAP_PRIVATE, 3, 0) = 0x7fa621ca8000\n\
             mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7fa621ca7000\n",
            4,
            "overlayfs and tmpfs do not",
        ),
        // A heap of malloc for a thread.
        (
            "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f8a6f9f6000\n\
             mmap(NULL, 8392704, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_STACK, -1, 0) = 0x7f8a6f1f5000\n\
             mmap(NULL, 134217728, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0) = 0x7f8a671f5000\n\
             munmap(0x7f8a671f5000, 14725120) = 0\n\
             munmap(0x7f8a6c000000, 52383744) = 0\n\
             mprotect(0x7f8a68000000, 135168, PROT_READ|PROT_WRITE) = 0\n",
            7,
            "Linux before 6.7",
        ),
        // A stack of a thread, which is no multiple of 2 MB.
        (
            "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f8a6f9f6000\n\
             mmap(NULL, 8392704, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_STACK, -1, 0) = 0x7f8a6f000000\n\
             mprotect(0x7f8a6f001000, 8388608, PROT_READ|PROT_WRITE) = 0\n",
            4,
            "Linux since 6.7",
        ),
    ] {
        let (counted, told) = compared(&format!("{START}{log}"));
        assert!(counted[..3] == [equal, 0, 0] && counted[3] > 0, "{counted:?} {told}\n{log}");
        assert!(told.contains(part), "{told}");
    }
    // A place that no rule explains stays a difference.
    let (counted, told) = compared(&format!(
        "{START}mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f8a6f9f6000\n\
         mmap(NULL, 134217728, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0) = 0x7f8a671f4000\n"
    ));
    assert_eq!(counted, [2, 1, 0, 0], "{told}");
}

/// No kernel returns these, whatever came before them.
#[test]
fn results_that_no_kernel_gives() {
    for (log, differ) in [
        ("read(3, \"\", 8)        = 0\nmmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f8a6f9f6800\n", 1),
        ("execve(\"a\", [\"a\"], 0x7ffd /* 9 vars */) = 0\nbrk(NULL) = 5\n", 1),
        ("brk(NULL) = 0x5601aa000000\nbrk(0x5601aa021000) = 0x5601aa021000\nbrk(0x5601aa042000) = 0x5601aa020000\n", 1),
        (
            "brk(NULL) = 0x558e297a8000\nbrk(0x558e297c9000) = 0x558e297c9000\nbrk(0x558e297ea000) = 0\nbrk(0x558e297c9000) = 0x558e297c9000\n",
            1,
        ),
        (
            "shmget(IPC_PRIVATE, 8192, IPC_CREAT|0600) = 32769\nread(3, \"\", 8) = 0\nshmat(32769, NULL, 0) = 0x7f8a6f9f6000\nshmdt(0x7f8a6f9f6000) = -1 EINVAL (Invalid argument)\n",
            1,
        ),
    ] {
        let (counted, told) = compared(log);
        assert_eq!(counted[1], differ, "{counted:?} {told}\n{log}");
        assert!(!told.contains("RLIMIT"), "{told}");
    }
}

/// Equal without anything that could explain a difference.
#[test]
fn excerpts_of_every_processor() {
    for (log, equal) in [
        ("brk(0xaab7f4196000) = 0xaab7f4196000\nbrk(0xaab7f4197000) = 0xaab7f4197000\n", 2),
        ("mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0xffffa4722000\nmunmap(0xffffa4722000, 8192) = 0\n", 2),
        ("mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0xbff2493000\nmunmap(0xbff2493000, 4096) = 0\n", 2),
        (
            "Here is what I get after mmap (the big one):\n\nmmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f8a9f6000\nmunmap(0x7f8a9f6000, 8192) = 0\n\nWhy?\n",
            2,
        ),
        (
            "mmap(0x3c47000000, 3892376, PROT_READ|PROT_EXEC, MAP_PRIVATE|MAP_DENYWRITE, 3, 0) = 0x3c47000000\nmprotect(0x3c471ad000, 2097152, PROT_NONE) = 0\n",
            2,
        ),
        (
            "read(3, \"\", 8) = 0\nshmget(IPC_PRIVATE, 8192, IPC_CREAT|0600) = 32769\nshmat(32769, NULL, 0) = 0x7f8a6f9f6000\nmprotect(0x7f8a6f9f6000, 4096, PROT_READ) = 0\nshmdt(0x7f8a6f9f6000) = 0\n",
            3,
        ),
        (
            "execve(\"/bin/true\" [system_u:object_r:bin_t:s0], [\"true\"], 0x7ffd2b5d2b60 /* 24 vars */) = 0\nbrk(NULL) = 0x55d8f5b1c000\n\
             openat(AT_FDCWD [user_home_dir_t], \"/etc/ld.so.cache\" [ld_so_cache_t], O_RDONLY|O_CLOEXEC) = 3 [ld_so_cache_t]\n\
             mmap(NULL, 31483, PROT_READ, MAP_PRIVATE, 3 [ld_so_cache_t], 0) = 0x7f6d2c5f0000\n",
            2,
        ),
        // Threads of qemu write into each other's lines; their results come when they come.
        (
            "24357 mmap(NULL,8192,PROT_READ|PROT_WRITE,MAP_PRIVATE|MAP_ANONYMOUS,-1,0) = 0x0000004001784000\n\
             24357 mmap(NULL,8392704,PROT_NONE,MAP_PRIVATE|MAP_ANONYMOUS|0x20000,-1,0)24357 madvise(0x0000004001784000,4096,MADV_DONTNEED) = 0\n\
             24357 exit(0)\n = 0x0000004000f83000\n24357 mprotect(0x0000004000f84000,8388608,PROT_READ|PROT_WRITE) = 0\n24357 munmap(0x0000004001784000,8192) = 0\n",
            5,
        ),
    ] {
        let (counted, told) = compared(log);
        assert_eq!(counted[..3], [equal, 0, 0], "{counted:?} {told}\n{log}");
    }
}

/// Pages of 16 kB show in the places: a difference that follows from them is named so, and not counted as equal.
#[test]
fn pages_of_another_size_show_in_the_places() {
    let log = "execve(\"/usr/bin/true\", [\"true\"], 0x7ffffbcd4560 /* 20 vars */) = 0\nbrk(NULL) = 0x555557f50000\n\
               mmap(NULL, 16384, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7fbc000\n\
               mmap(NULL, 24455, PROT_READ, MAP_PRIVATE, 3, 0) = 0x7ffff7fb4000\n\
               mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, 3, 0) = 0x7ffff7fb0000\n\
               mmap(NULL, 2000, PROT_READ, MAP_PRIVATE, 3, 0) = 0x7ffff7fac000\n";
    let (counted, told) = compared(log);
    assert!(counted[1] > 0, "{counted:?}");
    assert!(told.contains("another processor, whose layout and page size are not modelled"), "{told}");
}

/// What a log does not tell is left out, and said.
#[test]
fn left_out_for_a_reason() {
    for (log, counted, part) in [
        (
            "read(3, \"\", 8) = 0\nmmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED, 3, 0) = -1 EACCES (Permission denied)\n\
             mmap(NULL, 4096, PROT_READ, MAP_SHARED, 4, 0) = -1 ENODEV (No such device)\n",
            [0, 0, 2],
            "a file that the log does not show being opened",
        ),
        (
            "read(3, \"\", 8) = 0\nmmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f8a6f9f6000\n\
             --- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_PKUERR, si_addr=0x7f8a6f9f6010, si_pkey=1} ---\n",
            [1, 0, 1],
            "SEGV_PKUERR",
        ),
        (
            "read(3, \"\", 8) = 0\nmmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f8a6f9f6000\n\
             mprotect(0x7f8a6f9f6000, 4096, PROT_NONE) = -1 ENOMEM (Cannot allocate memory) (INJECTED)\n\
             munmap(0x7f8a6f9f6000, 8192) = 0 (DELAYED)\n",
            [2, 0, 1],
            "--inject",
        ),
        (
            "```\nread(3, \"\", 5) = 0\nmmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f3836722000\n\
             mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f38\n```\n",
            [1, 0, 1],
            "the rest of its result is missing",
        ),
        (
            "brk(NULL) = 0x558e297a8000\nbrk(0x558e297c9000) = 0x558e297c9000\nbrk(0x558e297ea000) = 0",
            [2, 0, 1],
            "the rest of its result is missing",
        ),
        (
            "execve(\"a\", [\"a\"], 0x7ffd /* 9 vars */) = 0\nSYS_brk(0)                     = 0x55d8f5b1c000\nSYS_mmap(0, 8192, 3, 34)       = 0x7f6d2c5f8000\n\
             12 mmap@SYS(nil, 8192, 3, 34) = 0x7f6d2c5f6000\n",
            [0, 0, 3],
            "strace shows them",
        ),
        (
            "24357 mmap(NULL,8192,PROT_READ|PROT_WRITE,MAP_PRIVATE|MAP_ANONYMOUS,-1,0) = 0x0000004001784000\n24357 exit(0)\n = 0x0000004002705000\n\
             24357 munmap(0x0000004001784000,8192) = 0\n",
            [2, 0, 1],
            "whose beginning is missing",
        ),
    ] {
        let (found, told) = compared(log);
        assert_eq!(found[..3], counted, "{told}\n{log}");
        assert!(told.contains(part), "{told}");
    }
}

/// A part of a log of threads that have calls under way at its beginning.
#[test]
fn an_excerpt_between_calls_of_threads() {
    let log = "16019 mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0 <unfinished ...>\n\
               16023 mmap(NULL, 16384, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0 <unfinished ...>\n\
               16020 mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0 <unfinished ...>\n\
               16022 <... munmap resumed>)             = 0\n\
               16020 <... mmap resumed>)               = 0x7f16d04d7000\n\
               16019 <... mmap resumed>)               = 0x7f16d26ce000\n\
               16023 <... mmap resumed>)               = 0x7f16d04d3000\n\
               16022 mmap(NULL, 16384, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0 <unfinished ...>\n\
               16019 munmap(0x7f16d26ce000, 4096 <unfinished ...>\n\
               16016 <... munmap resumed>)             = 0\n\
               16022 <... mmap resumed>)               = 0x7f16d26cd000\n";
    let (counted, told) = compared(log);
    assert_eq!(counted[1], 0, "{counted:?} {told}");
}

/// A thread that is met after the first one has ended.
#[test]
fn an_excerpt_whose_first_thread_ends() {
    let log = "11 mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffa11810000\n\
               12 mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffa1180e000\n\
               11 exit(0)                              = ?\n11 +++ exited with 0 +++\n\
               10 futex(0x7ffa133cc990, FUTEX_WAIT, 11, NULL) = 0\n10 munmap(0x7ffa11810000, 8192)         = 0\n\
               12 mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffa11810000\n";
    let (counted, told) = compared(log);
    assert_eq!(counted, [4, 0, 0, 0], "{told}");
}

#[test]
fn a_script_made_of_a_log_is_compared_like_it() {
    for log in [
        format!("{START}access(\"/etc/ld.so.preload\", R_OK) = -1 ENOENT (No such file or directory)\ngetrandom(\"\\x11\", 8, GRND_NONBLOCK) = 8\nmmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f6d2c5f8000\n+++ exited with 0 +++\n"),
        "[pid 7] mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7ff5000\nhello\n[pid 7] munmap(0x7ffff7ff5000, 8192) = -1 EINVAL (Invalid argument)\n".into(),
        "12 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0 <unfinished ...>\n13 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f6d2c5f7000\n12 <... mmap resumed>) = 0x7f6d2c5f8000\n".into(),
    ] {
        let mut session = Session::from_text(&log).expect("a log");
        session.run_to_end().expect("it runs");
        let script = session.as_script();
        let ([equal, differ, ..], told) = compared(&script);
        let verdict = session.verdict();
        assert_eq!([equal, differ], [verdict.equal, verdict.differences], "{told}\n{log}\n{script}");
        assert!(!script.contains("getrandom"), "{script}");
    }
}

#[test]
fn what_was_printed_right_behind_the_last_flag() {
    let around = |protection: &str| {
        compared(&format!(
            "{START}mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7ff5000\nmprotect(0x7ffff7ff5000, 4096, {protection}\n) = 0\n"
        ))
    };
    for printed in ["p", "hello", "1", "HELLO", "", ": 3"] {
        for flags in ["PROT_READ", "PROT_READ|PROT_EXEC"] {
            let (counts, told) = around(&format!("{flags}{printed}"));
            assert_eq!(counts[0], 3, "{flags}{printed}: {told}");
        }
    }
    // A flag that nobody here knows is none that was printed behind one.
    assert_eq!(around("PROT_READ_MOSTLY").0[..3], [2, 0, 1]);
}
