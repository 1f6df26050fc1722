//! The texts and answers of `/proc`, of processes that scripts made.
#![cfg(not(target_arch = "wasm32"))]

use pagefault::ids::Pid;
use pagefault::internals;
use pagefault::machine::{Arg, Machine, MachineConfig, Sysno};
use pagefault::script::Session;
use pagefault::view::{buddyinfo_text, meminfo, meminfo_text, memory_use, vmstat};
use pagefault::view::{maps_text, smaps, smaps_rollup, smaps_rollup_text};

fn after(script: &str) -> Session {
    let mut session = Session::from_text(script).expect("a script");
    session.run_to_end().expect("it runs");
    session
}

#[test]
fn names_start_at_column_73_and_anonymous_lines_end_with_a_blank() {
    let (mut machine, pid) = Machine::with_standard_process(&MachineConfig::reference()).unwrap();
    machine.mmap(pid, [0, 4096, 3, 0x22, u64::MAX, 0]).unwrap();
    let text = maps_text(&machine, pid);
    assert!(text.contains("7ffff7ff6000-7ffff7ff7000 rw-p 00000000 00:00 0 \n"), "{text}");
    let stack = text.lines().find(|line| line.ends_with("[stack]")).unwrap();
    assert_eq!(stack.find("[stack]"), Some(73));
}

#[test]
fn the_rollup_is_the_sum_and_tells_kinds_apart() {
    let session = after(
        "a = mmap(NULL, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\ntouch_write(a, 3)\n\
         b = mmap(NULL, 8K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)\nstore(b, 1)\nmlock(b, 4K)\nchild = fork()\n[child] load(b)",
    );
    let (machine, pid) = (session.machine(), Pid(1));
    let (areas, all) = (smaps(machine, pid), smaps_rollup(machine, pid).unwrap());
    for name in ["Rss", "Shared_Dirty", "Private_Dirty", "Anonymous"] {
        assert_eq!(all.field(name), areas.iter().map(|area| area.field(name)).sum::<u64>(), "{name}");
    }
    // One page in memory that two share, locked in one of them.
    assert_eq!((all.field("Pss_Shmem"), all.field("Locked")), (2, 2));
    assert!(all.field("Pss_Anon") > 0 && all.field("Pss") <= all.field("Rss"));
    let text = smaps_rollup_text(machine, pid);
    assert!(text.starts_with("00400000-") && text.contains("[rollup]\nRss:                "), "{text}");
    assert_eq!(text.lines().count(), 23);
}

/// Every frame is somebody's: what meminfo says adds up to what there is.
#[test]
fn meminfo_accounts_for_every_frame() {
    let session = after(
        "@file \"/T/f\" size=32K\na = mmap(NULL, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_LOCKED, -1, 0)\n\
         b = mmap(NULL, 8K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)\nstore(b, 1)\n\
         f = open(\"/T/f\", O_RDWR)\nc = mmap(NULL, 32K, PROT_READ|PROT_WRITE, MAP_SHARED, f, 0)\nstore(c, 1)\nload(c+4K)\nwrite(f, \"x\", 1)\nchild = fork()",
    );
    let machine = session.machine();
    let sums = memory_use(machine);
    // The page of zeros, two pages of vdso and two of vvar are the kernel's own.
    assert_eq!(sums.free + sums.anon + sums.file + sums.tables + 5, sums.total, "{sums:?}");
    assert_eq!((sums.locked, sums.shmem, sums.dirty), (4, 1, 1), "{sums:?}");
    let value = |name: &str| meminfo(machine).iter().find(|(field, _)| *field == name).unwrap().1;
    assert_eq!((value("MemTotal"), value("CommitLimit")), (64 << 10, 12_342_040));
    let buddies = buddyinfo_text(machine);
    assert!(buddies.starts_with("Node 0, zone   Normal ") && buddies.split_whitespace().count() == 15, "{buddies}");
    let text = meminfo_text(machine);
    assert!(text.starts_with("MemTotal:          65536 kB\n"), "{text}");
    assert!(text.contains("\nHugePages_Total:       0\nHugePages_Free:        0\n"), "{text}");
    assert!(text.contains("\nHugepagesize:       2048 kB\n"), "{text}");
    // Each file: two processes' faults, and what they wrote back.
    let faults = vmstat(machine).iter().find(|(field, _)| *field == "pgfault").unwrap().1;
    assert!(faults >= 7, "{faults}");
}

#[test]
fn what_is_written_back_is_clean() {
    let session = after(
        "@file \"/T/f\" size=32K\nf = open(\"/T/f\", O_RDWR)\nc = mmap(NULL, 32K, PROT_READ|PROT_WRITE, MAP_SHARED, f, 0)\n\
         touch_write(c, 3)\npwrite64(f, \"x\", 5000, 16K)\nmsync(c, 4K, MS_SYNC)\nfsync(f)\nstore(c, 1)",
    );
    let machine = session.machine();
    let writeback = &internals::fs(machine).writeback;
    assert_eq!((writeback.dirtied, writeback.written), (6, 5));
    assert_eq!(memory_use(machine).dirty, 1);
}

#[test]
fn a_program_reads_the_files_as_it_would_on_linux() {
    let session = after(
        "a = mmap(NULL, 64K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n\
         m = open(\"/proc/self/maps\", O_RDONLY)\nread(m, a, 30) = 30\nread(m, a+30, 64K) = ?\n\
         s = open(\"/proc/self/status\", O_RDONLY)\nread(s, a, 64K) = ?\ni = open(\"/proc/meminfo\", O_RDONLY)\nread(i, a, 16) = 16\n\
         v = open(\"/proc/vmstat\", O_RDONLY)\nread(v, a, 64K) = ?\n\
         load(a, 14) = \"nr_free_pages \"",
    );
    let differences: Vec<_> = session.reports().iter().flat_map(|report| &report.differences).collect();
    assert!(differences.is_empty(), "{differences:?}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 128, failure_persistence: None, ..Default::default() })]

    /// No structure makes an ioctl do anything but answer.
    #[test]
    fn any_structure_is_answered(words in proptest::collection::vec(proptest::prelude::any::<u64>(), 13), small in proptest::collection::vec(0u64..600, 13), mix: u16) {
        let mut session = after(
            "a = mmap(0x10000000, 64K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED|MAP_POPULATE, -1, 0)\n\
             open(\"/proc/self/pagemap\", O_RDONLY)\nopen(\"/proc/self/maps\", O_RDONLY)",
        );
        let machine = session.machine_mut();
        let word = |i: usize| match (mix >> i & 1, i) {
            (0, 0) => 96 + u64::from(mix & 1) * 8,
            (0, 2) => 0x1000_0000 + small[i] / 10 * 4096,
            (0, 3) => 0x1000_0000 + small[i] * 4096,
            (0, 5) => 0x1000_8000,
            (0, _) => small[i],
            _ => words[i],
        };
        let structure: Vec<u8> = (0..13).flat_map(|i| word(i).to_le_bytes()).collect();
        for (fd, command) in [(3, 0xc060_6610), (4, 0xc068_6611), (3, words[0]), (4, words[1])] {
            for argument in [Arg::Bytes(structure.clone()), Arg::Int(words[2]), Arg::Scratch] {
                let args = [Arg::Int(fd), Arg::Int(command), argument, Arg::Int(0), Arg::Int(0), Arg::Int(0)];
                let _ = machine.syscall(Pid(1), Sysno::ioctl, &args);
            }
        }
        for (fd, number) in [(3, Sysno::pread64), (4, Sysno::pread64), (3, Sysno::pwrite64)] {
            let args = [Arg::Int(fd), Arg::Int(0x1000_0000), Arg::Int(words[3] % 70_000), Arg::Int(words[4]), Arg::Int(0), Arg::Int(0)];
            let _ = machine.syscall(Pid(1), number, &args);
        }
    }
}
