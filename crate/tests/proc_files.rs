//! Files of `/proc` that scripts cannot compare with the live kernel, since numbers of its own stand in them or a write
//! would change it. What is expected of `stat` was read from Linux 6.18 for the same program.
#![cfg(not(target_arch = "wasm32"))]

use pagefault::errno::Errno;
use pagefault::ids::Pid;
use pagefault::machine::{Arg, Machine, ProcessConfig, Sysno};
use pagefault::script::Session;

fn after(script: &str) -> Session {
    let mut session = Session::from_text(script).expect("a script");
    session.run_to_end().expect("it runs");
    session
}

fn call(machine: &mut Machine, pid: u32, number: Sysno, args: [Arg; 4]) -> Result<u64, Errno> {
    let [a, b, c, d] = args;
    machine.syscall(Pid(pid), number, &[a, b, c, d, Arg::Int(0), Arg::Int(0)]).map_err(|error| error.errno)
}

fn open(machine: &mut Machine, pid: u32, path: &str, flags: u64) -> Result<u64, Errno> {
    call(machine, pid, Sysno::open, [Arg::Bytes(path.into()), Arg::Int(flags), Arg::Int(0), Arg::Int(0)])
}

fn text(machine: &mut Machine, pid: u32, path: &str) -> String {
    let fd = open(machine, pid, path, 0).expect(path);
    call(machine, pid, Sysno::pread64, [Arg::Int(fd), Arg::Scratch, Arg::Int(1 << 16), Arg::Int(0)]).expect(path);
    String::from_utf8_lossy(&machine.output.clone()).into_owned()
}

fn write(machine: &mut Machine, path: &str, what: &str) -> Result<u64, Errno> {
    let fd = open(machine, 1, path, 1)?;
    call(machine, 1, Sysno::write, [Arg::Int(fd), Arg::Bytes(what.into()), Arg::Int(what.len() as u64), Arg::Int(0)])
}

/// The numbers of a line of `stat` by the names that `proc_pid_stat(5)` counts: the third is the state, and 0 here.
fn stat(machine: &mut Machine, pid: u32) -> (String, Vec<u64>) {
    let line = text(machine, 1, &format!("/proc/{pid}/stat"));
    assert!(line.ends_with('\n'), "{line}");
    let (name, rest) = line.rsplit_once(") ").unwrap();
    let numbers = rest.split_whitespace().map(|word| word.parse().unwrap_or(0));
    ((name.to_string() + ") " + &rest[..1]), [0; 4].into_iter().chain(numbers.skip(1)).collect())
}

#[test]
fn every_file_that_memory_tests_open_is_there() {
    let mut session = after("m = memfd_create(\"m\", 0)");
    let machine = session.machine_mut();
    for name in ["self/stat", "self/limits", "self/auxv", "sys/vm/max_map_count", "sysvipc/shm", "self/oom_score_adj", "self/oom_score"] {
        assert!(open(machine, 1, &format!("/proc/{name}"), 0).is_ok(), "{name}");
    }
    for name in ["numa_maps", "cmdline", "environ", "exe", "comm", "statm", "smaps_rollup", "map_files/400000-401000", "fd/3"] {
        assert!(open(machine, 1, &format!("/proc/1/{name}"), 0).is_ok(), "{name}");
    }
}

#[test]
fn stat_speaks_of_memory() {
    let mut session = after(
        "a = mmap(NULL, 400K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nc = fork()\n[c] touch_write(a, 40)\n\
         d = fork()\n[d] touch_write(a, 7)\n[d] exit(3)",
    );
    let machine = session.machine_mut();
    let (head, own) = stat(machine, 1);
    assert_eq!((head.as_str(), own.len()), ("1 (program) R", 53));
    // 42 pages are those of the program alone.
    assert_eq!((own[4], own[10], own[20], own[23]), (0, 0, 1, 172_032 + 400 * 1024));
    assert_eq!((own[25], own[52]), (u64::MAX, 0));
    assert_eq!(own[26..29], [4_194_304, 4_198_400, 140_737_488_350_752]);
    let told = [4_194_304, 4_198_400, 4_198_400, 140_737_488_351_198, 140_737_488_351_211, 140_737_488_351_211, 140_737_488_351_211];
    assert_eq!(own[45..52], told);
    let (head, child) = stat(machine, 2);
    assert_eq!((head.as_str(), child[4], child[10], child[11]), ("2 (program) S", 1, 40, 0));
    // Resident pages are counted in lots of 32.
    assert!((32..=41).contains(&child[24]), "{}", child[24]);
    // A zombie has its faults, and no memory.
    let (head, zombie) = stat(machine, 3);
    assert_eq!((head.as_str(), zombie[10], zombie[23], zombie[24], zombie[26], zombie[52]), ("3 (program) Z", 7, 0, 0, 0, 3 << 8));
    assert_eq!(zombie[45..52], [0; 7]);
    call(machine, 1, Sysno::wait4, [Arg::Int(3), Arg::Int(0), Arg::Int(0), Arg::Int(0)]).unwrap();
    assert_eq!(stat(machine, 1).1[11], 7);
    assert_eq!(open(machine, 1, "/proc/3/stat", 0), Err(Errno::ENOENT));
}

#[test]
fn who_may_not_trace_sees_no_addresses() {
    let mut session = after("load(0x400000)");
    let machine = session.machine_mut();
    let other = machine.spawn(&ProcessConfig { uid: 1000, ..ProcessConfig::default() }).unwrap().0;
    let line = text(machine, other, "/proc/1/stat");
    let words: Vec<_> = line.split_whitespace().collect();
    assert_eq!((words[22], &words[25..28], words[44], words[47]), ("172032", &["1", "1", "0"][..], "0", "0"));
    assert_eq!(open(machine, other, "/proc/1/numa_maps", 0), Err(Errno::EACCES));
    assert_eq!(open(machine, other, "/proc/1/auxv", 0), Err(Errno::EACCES));
    assert_eq!(text(machine, other, "/proc/1/cmdline").len(), 13);
}

#[test]
fn settings_change_what_the_machine_does() {
    let mut session = after("a = mmap(NULL, 64K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)");
    let machine = session.machine_mut();
    let before = machine.save(None);
    let map = |machine: &mut Machine, at: u64, len: u64| machine.mmap(Pid(1), [at, len, 3, 0x32, u64::MAX, 0]).map_err(|error| error.errno);
    assert_eq!(write(machine, "/proc/sys/vm/max_map_count", "6\n"), Ok(2));
    assert_eq!(text(machine, 1, "/proc/sys/vm/max_map_count"), "6\n");
    assert_eq!(map(machine, 0x1000_0000, 4096), Ok(0x1000_0000));
    assert_eq!(map(machine, 0x2000_0000, 4096), Err(Errno::ENOMEM));
    machine.restore(&before);
    assert_eq!(text(machine, 1, "/proc/sys/vm/max_map_count"), "65530\n");
    assert_eq!(map(machine, 0x2000_0000, 4096), Ok(0x2000_0000));
    // Nothing is promised beyond the limit.
    assert_eq!(
        (write(machine, "/proc/sys/vm/overcommit_kbytes", "4096"), write(machine, "/proc/sys/vm/overcommit_memory", "2")),
        (Ok(4), Ok(1))
    );
    assert_eq!(text(machine, 1, "/proc/sys/vm/overcommit_ratio"), "0\n");
    assert_eq!(map(machine, 0x3000_0000, 16 << 20), Err(Errno::ENOMEM));
    assert!(text(machine, 1, "/proc/meminfo").contains("CommitLimit:        4096 kB"));
    // The lowest address that may be asked for, however high it is put.
    for (lowest, found) in [("0", Ok(0x1_0000)), ("131072", Err(Errno::ENOMEM)), ("9223372036854775807", Err(Errno::ENOMEM))] {
        machine.restore(&before);
        assert_eq!(write(machine, "/proc/sys/vm/mmap_min_addr", lowest), Ok(lowest.len() as u64));
        let _ = machine.mmap(Pid(1), [0x1000, 4096, 3, 0x22, u64::MAX, 0]);
        let _ = found.map(|found: u64| assert_eq!(map(machine, found, 4096), Ok(found)));
    }
    for (name, what, refused) in [
        ("max_map_count", "", Ok(0)),
        ("max_map_count", "x", Err(Errno::EINVAL)),
        ("max_map_count", "-1", Err(Errno::EINVAL)),
        ("overcommit_memory", "3", Err(Errno::EINVAL)),
        ("swappiness", "1", Err(Errno::EINVAL)),
        ("drop_caches", "1", Err(Errno::EINVAL)),
    ] {
        assert_eq!(write(machine, &format!("/proc/sys/vm/{name}"), what), refused, "{name}");
    }
    assert_eq!(open(machine, 1, "/proc/sys/vm/drop_caches", 0), Err(Errno::EACCES));
    // In the middle of the file nothing is taken.
    let fd = open(machine, 1, "/proc/sys/vm/max_map_count", 1).unwrap();
    assert_eq!(call(machine, 1, Sysno::pwrite64, [Arg::Int(fd), Arg::Bytes(b"7".into()), Arg::Int(1), Arg::Int(3)]), Ok(0));
}

#[test]
fn the_oom_killer_follows_what_was_asked_for() {
    // The second process has most, and asks to live.
    let script = |adj: &str| {
        format!(
            "@ram 2M\na = mmap(NULL, 8M, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0)\nc = fork()\n\
             [c] touch_write(a, 280)\nf = open(\"/proc/2/oom_score_adj\", O_RDWR)\nwrite(f, \"{adj}\", {})\ntouch_write(a, 250)",
            adj.len()
        )
    };
    let alive = |adj| {
        let mut session = Session::from_text(&format!("@capabilities all\n{}", script(adj))).unwrap();
        let _ = session.run_to_end();
        session.machine().is_alive(Pid(2))
    };
    assert!(!alive("0") && !alive("1000"));
    assert!(alive("-1000"));
}

#[test]
fn heaps_and_stacks_are_named() {
    let mut session = after("b = brk(0)\nbrk(b + 8K)\nstore(b, 1)");
    let maps = text(session.machine_mut(), 1, "/proc/self/numa_maps");
    assert!(maps.contains("00401000 default heap anon=1 dirty=1 active=0 N0=1 kernelpagesize_kB=4\n"), "{maps}");
    assert!(maps.ends_with("7ffffffde000 default stack anon=1 dirty=1 N0=1 kernelpagesize_kB=4\n"), "{maps}");
}

#[test]
fn names_and_scores_go_back_with_the_machine() {
    let mut session = after("c = fork()\n[c] exit(1)");
    let machine = session.machine_mut();
    let before = machine.save(None);
    write(machine, "/proc/self/comm", "other").unwrap();
    write(machine, "/proc/self/oom_score_adj", "77").unwrap();
    write(machine, "/proc/2/oom_score_adj", "78").unwrap();
    let all = |machine: &mut Machine| {
        ["self/comm", "self/oom_score_adj", "2/oom_score_adj"].map(|name| text(machine, 1, &format!("/proc/{name}")))
    };
    assert_eq!(all(machine), ["other\n", "77\n", "78\n"]);
    machine.restore(&before);
    assert_eq!(all(machine), ["program\n", "0\n", "0\n"]);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    /// Whatever is written where, and read from anywhere, is answered.
    #[test]
    fn anything_may_be_written(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..40), digits in "[ +-]?(0x)?[0-9]{1,22}[ \n]?", offset: u64, count in 0u64..9000) {
        let mut session = after("store(0x7fffffffefde, \"abcdefghijklmnopqrstuvwxyz\")");
        let machine = session.machine_mut();
        for name in ["self/stat", "self/auxv", "self/cmdline", "self/environ", "self/comm", "self/oom_score_adj", "self/oom_score", "self/numa_maps",
            "self/limits", "sys/vm/max_map_count", "sys/vm/mmap_min_addr", "sys/vm/overcommit_kbytes", "sys/vm/overcommit_ratio",
            "sys/vm/admin_reserve_kbytes", "sys/vm/overcommit_memory", "sys/vm/swappiness", "sys/vm/user_reserve_kbytes"] {
            let Ok(fd) = open(machine, 1, &format!("/proc/{name}"), 2) else { continue };
            for what in [bytes.clone(), digits.clone().into_bytes()] {
                let count = if count % 3 == 0 { count } else { what.len() as u64 };
                let _ = call(machine, 1, Sysno::write, [Arg::Int(fd), Arg::Bytes(what), Arg::Int(count), Arg::Int(0)]);
                let _ = machine.mmap(Pid(1), [0, 1 << 20, 3, 0x22, u64::MAX, 0]);
            }
            let _ = call(machine, 1, Sysno::pread64, [Arg::Int(fd), Arg::Int(0x7fff_ffff_e000), Arg::Int(count), Arg::Int(offset % 5000)]);
            let _ = call(machine, 1, Sysno::pread64, [Arg::Int(fd), Arg::Scratch, Arg::Int(count), Arg::Int(offset)]);
        }
        let _ = text(machine, 1, "/proc/meminfo");
    }
}
