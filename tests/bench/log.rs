//! A long log as `strace -f` writes it, of two threads: both sides of the benchmark read and replay it.

use pagefault::script::Session;
use std::fmt::Write;

/// Where the kernel placed the first mapping.
const FIRST: u64 = 0x7f11_0001_0000;

/// Calls of all kinds, most of them about memory, in so many lines or a few more.
pub(crate) fn log(lines: usize) -> String {
    let mut log = String::with_capacity(lines * 110);
    log.push_str("4201  execve(\"./demo\", [\"./demo\", \"--all\"], 0x7ffd11112222 /* 9 vars */) = 0\n4201  brk(NULL) = 0x5601aa000000\n");
    let _ = writeln!(log, "4201  mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = {FIRST:#x}");
    log.push_str("4201  clone3({flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM, child_tid=0x7f1100010910, parent_tid=0x7f1100010910, exit_signal=0, stack=0x7f1100000000, stack_size=0x7fff00, tls=0x7f1100010640} => {parent_tid=[4202]}, 88) = 4202\n");
    let (low, lower) = (FIRST - 0x10000, FIRST - 0x14000);
    for round in 0..lines / 14 {
        let page = low + (round as u64 % 8) * 0x2000;
        let _ = write!(
            log,
            "4201  openat(AT_FDCWD, \"/usr/lib/x86_64-linux-gnu/libdemo.so.6\", O_RDONLY|O_CLOEXEC) = 3
4201  read(3, \"\\177ELF\\2\\1\\1\\3\\0\\0\\0\\0\\0\\0\\0\\0\\3\\0>\\0\\1\\0\\0\\0\\20t\\2\\0\\0\\0\\0\\0\"..., 832) = 832
4201  fstat(3, {{st_mode=S_IFREG|0755, st_size=1922136, ...}}) = 0
4201  mmap(NULL, 65536, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = {low:#x}
4202  futex(0x5601aa000010, FUTEX_WAIT_PRIVATE, 2, NULL <unfinished ...>
4201  mprotect({page:#x}, 4096, PROT_READ) = 0
4202  <... futex resumed>)              = -1 EAGAIN (Resource temporarily unavailable)
4202  mmap(NULL, 16384, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0) = {lower:#x}
4202  madvise({page:#x}, 8192, MADV_DONTNEED) = 0
4201  close(3)                          = 0
4202  munmap({lower:#x}, 16384)      = 0
4201  newfstatat(AT_FDCWD, \"/etc/demo/settings.conf\", {{st_mode=S_IFREG|0644, st_size=2998, ...}}, 0) = 0
4201  write(1, \"a line of what the program says\\n\", 32) = 32
4201  munmap({low:#x}, 65536)      = 0
"
        );
    }
    log
}

/// Reads a log and sets its machine up.
pub(crate) fn read(log: &str) -> Session {
    Session::from_text(log).expect("it is a log")
}

/// Replays a log that was read; how many calls were as recorded.
pub(crate) fn replay(session: &mut Session) -> usize {
    session.run_to_end().expect("every call is known");
    assert!(session.verdict().is_green(), "{}", session.verdict());
    session.verdict().memory_equal
}
