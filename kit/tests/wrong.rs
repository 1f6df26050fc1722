//! A program of the kit tells what is wrong: expectations that do not hold, each of a kind of its own, compiled and run.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use pagefault_kit::convert;
use std::process::Command;

const WRONG: &str = "\
a = mmap(0x10000000, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0) = 0x10001000
store(a, \"x\") = 2
  > minflt 2
load(a) = \"y\"
  > majflt 1
mprotect(a+4K, 4K, PROT_READ) = -1 EINVAL
  > maps + 10001000-10002000 r--p 00000000 00:00 0
mincore(a, 16K) = 0
  > mincore 1111
store(a+4K, 1) = SIGSEGV SEGV_MAPERR
load(0x20000000) = SIGBUS
touch_write(a, 2) = 2 SIGSEGV
munmap(a, 4K) != 0
  > status VmSize same
  > nmaps same
snap()
  > pagemap 10002000-10003000 P
  > smaps 10002000-10004000 Rss 4
  > smaps 10002000-10004000 VmFlags: rd
  > maps | 10000000-10001000 rw-p 00000000 00:00 0
child = fork() = 7
[child] load(a+8K) in 1..2
load(a+8K) = 1 or 2
";

/// The points that hold although what they compare is wrong must be these: what the script says rightly beside.
const RIGHT: usize = 1;

#[test]
fn what_is_wrong_is_told_with_what_was_found() {
    let folder = std::env::temp_dir().join(format!("pagefault-kit-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let (source, program) = (folder.join("wrong.c"), folder.join("wrong"));
    std::fs::write(&source, convert("wrong.pf", WRONG).expect("it is converted").c).expect("the file is written");
    let flags = ["-O1", "-static", "-nostdlib", "-ffreestanding", "-fno-stack-protector", "-fno-pie", "-no-pie"];
    let compiled = Command::new("cc").args(flags).arg(pagefault_kit::LINKING).arg(&source).arg("-o").arg(&program).output();
    let Ok(compiled) = compiled else { return eprintln!("left out: there is no C compiler") };
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let ran = Command::new(&program).output().expect("it runs");
    let tap = String::from_utf8_lossy(&ran.stdout).into_owned();
    let _ = std::fs::remove_dir_all(&folder);
    assert_eq!(ran.status.code(), Some(1), "{tap}");
    let right: Vec<_> = tap.lines().filter(|line| line.starts_with("ok ")).collect();
    assert_eq!(right.len(), RIGHT, "{right:#?}");
    let told = tap.lines().filter(|line| line.starts_with("not ok ")).count();
    let reasons = tap.lines().filter(|line| line.starts_with("# ")).count();
    assert_eq!(told, reasons, "each has its words: {tap}");
    for words in [
        "# got 0x10000000, expected 0x10001000",
        "# got bytes 78, expected \"y\"",
        "# got 0, expected -1 EINVAL",
        "# got page 1 absent, expected present",
        "# got SIGSEGV code 2 0x10001000, expected SIGSEGV SEGV_MAPERR",
        "# got 1 SIGSEGV code 2",
        "# got nothing at 10002000, expected P",
        "expected rd\n",
        "# got 2, expected 7",
    ] {
        assert!(tap.contains(words), "{words}: {tap}");
    }
    assert!(tap.ends_with(&format!("1..{}\n", told + RIGHT)), "{tap}");
}
