//! Of every kind of text that people post (the letters of the public cases' table) some forms of each: what the verdict says.
#![cfg(not(target_arch = "wasm32"))]

use pagefault::log;
use pagefault::script::Session;

/// How a program starts, and what it maps: 8 kB at 0x7f1100010000.
const START: &str = r#"execve("./demo", ["./demo"], 0x7ffd11112222 /* 9 vars */) = 0
brk(NULL)                               = 0x5601aa000000
"#;
const MAPPED: &str = "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f1100010000\n";
const END: &str = "mprotect(0x7f1100010000, 4096, PROT_READ) = 0
munmap(0x7f1100010000, 8192)            = 0
exit_group(0)                           = ?
+++ exited with 0 +++
";

/// A whole log: 4 memory calls.
fn whole() -> String {
    format!("{START}{MAPPED}{END}")
}

/// The same of two processes, numbered by strace as soon as there are two: 5 memory calls.
fn two_processes() -> String {
    format!(
        "{START}{MAPPED}clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f1100000a10) = 900
[pid   900] mprotect(0x7f1100010000, 4096, PROT_READ) = 0
[pid   899] mprotect(0x7f1100010000, 4096, PROT_READ) = 0
[pid   900] +++ exited with 0 +++
munmap(0x7f1100010000, 8192)            = 0
"
    )
}

fn verdict(text: &str) -> String {
    let mut session = Session::from_text(text).unwrap_or_else(|errors| panic!("{errors:?}\n{text}"));
    session.run_to_end().unwrap_or_else(|error| panic!("{error}\n{text}"));
    let aside = &session.script().set_aside;
    let differ = session.reports().iter().filter(|report| !report.differences.is_empty()).map(|report| report.line);
    format!("{}; set aside {aside:?}; differ {:?}", session.verdict(), differ.collect::<Vec<_>>())
}

/// What a text is read as, however many calls of it are equal: all of them.
fn all_equal(kind: &str, calls: usize, texts: &[String]) {
    for text in texts {
        assert!(log::recognise(text).is_log(), "{kind}:\n{text}");
        let verdict = verdict(text);
        assert!(verdict.starts_with(&format!("{calls} memory calls, {calls} as on Linux")), "{kind}: {verdict}\n{text}");
    }
}

fn begins(kind: &str, text: &str, with: &str) {
    let verdict = verdict(text);
    assert!(verdict.starts_with(with), "{kind}: {verdict}\n{text}");
}

#[test]
fn a_notes_inside_calls() {
    all_equal("A", 4, &[
        format!("{START}{MAPPED}clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLDstrace: Process 900 attached
 <unfinished ...>
[pid   900] mprotect(0x7f1100010000, 4096, PROT_READ) = 0
[pid   899] <... clone resumed>, child_tidptr=0x7f1100000a10) = 900
[pid   899] mprotect(0x7f1100010000, 8192, PROT_READ) = 0
"),
        format!("{START}{MAPPED}clone3({{flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM, exit_signal=0, stack=0x7f1100000000, stack_size=0x7fff00}}strace: Process 900 attached
 => {{parent_tid=[900]}}, 88) = 900
[pid   900] mprotect(0x7f1100010000, 4096, PROT_READ) = 0
[pid   899] munmap(0x7f1100010000, 8192) = 0
"),
        format!(r#"{START}{MAPPED}[pid 899] vfork(strace: Process 900 attached
 <unfinished ...>
[pid 900] execve("/bin/true", ["true"], 0x55d0 /* 9 vars */ <unfinished ...>
[pid 899] <... vfork resumed>) = 900
[pid 900] <... execve resumed>) = 0
[pid 900] brk(NULL) = 0x563300000000
[pid 899] munmap(0x7f1100010000, 8192) = 0
"#),
        format!("{START}mmap(NULL, 8192, PROT_READ|PROT_WRITE, strace: Process 900 attached
MAP_PRIVATE|MAP_ANONYMOUS, -1, 0/usr/bin/strace: Process 901 attached
strace: Process 902 attached
) = 0x7f1100010000
munmap(0x7f1100010000, 4096) = 0
munmap(0x7f1100011000, 4096) = 0
"),
    ]);
}

#[test]
fn b_excerpts() {
    all_equal(
        "B",
        2,
        &[
            r#"brk(0x5601aa021000) = 0x5601aa021000
read(3, "x", 1) = 1
brk(0x5601aa042000) = 0x5601aa042000
"#
            .to_string(),
            "mmap(NULL, 134217728, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0) = 0x7f51a8000000
munmap(0x7f51a8000000, 67108864) = 0
"
            .to_string(),
            "[pid 12] mprotect(0x7f2200010000, 4096, PROT_READ) = 0
[pid 12] madvise(0x7f2200400000, 8192, MADV_DONTNEED) = 0
"
            .to_string(),
            "strace: Process 44 attached
futex(0x7f2200020000, FUTEX_WAIT, 0, NULL) = 0
mremap(0x7f2200100000, 4096, 8192, MREMAP_MAYMOVE) = 0x7f2200100000
munmap(0x7f2200000000, 2097152) = 0
"
            .to_string(),
        ],
    );
}

#[test]
fn c_lines_that_are_not_the_tracers() {
    let (whole, prompt) = (whole(), "\u{1b}[01;32muser@host\u{1b}[00m:\u{1b}[01;34m~\u{1b}[00m$ ");
    let cut = |what: &str| whole.replace("munmap(", &format!("{what}\nmunmap("));
    all_equal(
        "C",
        4,
        &[
            format!("user@host:~/src$ strace ./demo\n{whole}user@host:~/src$ \n"),
            format!("[user@host ~]$ strace ./demo\n{whole}"),
            format!("root@b7c1:/# strace -f ./demo 2>&1 | tail\n{whole}root@b7c1:/# exit\n"),
            format!("~ \u{276f} strace ./demo\n{whole}"),
            format!("\u{feff}{prompt}strace ./demo\r\n{}{prompt}\r\n", whole.replace('\n', "\r\n")),
            format!("```console\n$ strace ./demo\n{whole}```\n"),
            format!("<details><summary>strace</summary>\n\n```\n{whole}```\n</details>\n"),
            format!("Here is what I get:\n\n    {}\nAny idea?\n", whole.replace('\n', "\n    ")),
            format!("Script started on 2026-11-25 21:45:42+00:00 [TERM=\"xterm\"]\n{whole}\nScript done on 2026-11-25\n"),
            format!(
                "{whole}% time     seconds  usecs/call     calls    errors syscall\n------ ----------- ----------- --------- --------- ----------------\n 40.00    0.000020           2         8           mmap\n------ ----------- ----------- --------- --------- ----------------\n100.00    0.000050           2        21         2 total\n"
            ),
            cut("--snip--\n<... 20 lines skipped ...>\n. . .\n\u{22ee}\n[... many similar calls ...]"),
            cut("^Cstrace: Process 77 detached\n <detached ...>"),
            whole.replace("= 0x7f1100010000", "= 0x7f1100010000   <--- look here"),
            whole.replace("PROT_READ) = 0", "PROT_READ) = 0 // (it fails later)"),
        ],
    );
}

#[test]
fn d_output_of_the_program() {
    let shown = |output: &str| format!("{START}{MAPPED}{output}munmap(0x7f1100010000, 8192)            = 0\n");
    all_equal(
        "D",
        3,
        &[
            shown("write(1, \"hello\\n\", 6hello\n)                  = 6\n"),
            shown("write(1, \"no newline\", 10no newline) = 10\n"),
            shown("write(2, \"a(b\\n\", 4a(b\n)   = 4\n"),
            shown("write(1, \"x = mmap(1)\\n\", 12x = mmap(1)\n)   = 12\n"),
            shown("write(1, \"1\\n2\\n\", 41\n2\n)   = 4\n"),
            shown("progress 10%\rprogress 20%\r"),
            shown("total: 5"),
            // Without a line's end, and ending in letters.
            shown("output without an end"),
            shown("DONE"),
        ],
    );
}

#[test]
fn e_cut_lines() {
    let first = format!("{START}{MAPPED}");
    for cut in [
        "munmap(0x7f1100010000, 81",
        "munmap(0x7f1100010000, 8192)    ",
        "munmap(0x7f1100010000, 8192)            = ",
        "munmap(0x7f1100010000, 8192)            = -",
        "munmap(0x7f1100010000, 8192)            = -1 ENOM",
        "mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x",
        "mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f11",
        "brk(0x5601aa021000) = 0x5601aa",
    ] {
        begins("E", &format!("{first}{cut}"), "2 of 3 as on Linux, 1 not replayed: cut off: the rest of ");
        begins("E", &format!("{first}{cut}\n"), "2 of 3 as on Linux, 1 not replayed: cut off: the rest of ");
    }
    // What is whole is not taken for cut.
    all_equal(
        "E",
        3,
        &[
            format!("{first}mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_32BIT, -1, 0) = 0x40000000\n"),
            format!("{first}munmap(0x7f1100010001, 8192) = -1 EINVAL\n"),
            format!("{first}brk(0x5601aa000010) = 0x5601aa000010"),
        ],
    );
    begins(
        "E",
        "ROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f1100010000\nclose(3)        = 0\nmprotect(0x7f1100010000, 4096, PROT_READ) = 0\n",
        "1 of 2 as on Linux, 1 not replayed: cut off: the beginning of the call is missing",
    );
}

/// The text with every line broken at so many columns; what stands at the end of a broken line and at the begin of its rest.
fn wrapped(text: &str, width: usize, end: &str, begin: &str) -> String {
    let pieces = |line: &str| line.as_bytes().chunks(width).map(|piece| String::from_utf8_lossy(piece).into_owned()).collect::<Vec<_>>();
    text.lines().map(|line| pieces(line).join(&format!("{end}\n{begin}")) + "\n").collect()
}

#[test]
fn f_wrapped_lines() {
    let mut forms: Vec<_> = [40, 50, 64, 76, 80, 132].map(|width| wrapped(&whole(), width, "", "")).into();
    forms.extend(
        [("", "        "), ("\\", ""), ("", "\u{21aa} "), ("", "  \u{21b3} "), ("\u{21a9}", ""), ("\u{21b5}", ""), ("", "\u{23ce}")]
            .map(|(end, begin)| wrapped(&whole(), 60, end, begin)),
    );
    forms.push(whole().replace(", ", ",\n"));
    all_equal("F", 4, &forms);
}

#[test]
fn g_prefixes() {
    let prefixed = |text: String, prefix: &dyn Fn(usize) -> String| -> String {
        text.lines().enumerate().map(|(at, line)| format!("{}{line}\n", prefix(at + 1))).collect()
    };
    let numbers: [fn(usize) -> String; 10] = [
        |n| format!("{n:6}\t"),
        |n| format!("{n}) "),
        |n| format!("({n}) "),
        |n| format!("[{n}] "),
        |n| format!("{n:4} | "),
        |n| format!("{n:4} \u{2502} "),
        |n| format!("{n:04}: "),
        |n| format!("strace.log-{n}-"),
        |n| format!("2026-11-25T21:45:42.{n:09}Z "),
        |n| format!("[12:3{}] <bob> ", n % 10),
    ];
    let labels = [
        "##[debug]",
        "## ",
        "#> ",
        "[strace] ",
        "[demo] ",
        "INFO:root:",
        ">>> ",
        "aws_instance.x (remote-exec): ",
        "// ",
        "; ",
        "-- ",
        "0|app  | ",
        "21:45:42 web.1  | ",
        "\u{2022} ",
        "\u{1b}[0;32mapp |\u{1b}[0m ",
        "<6>[  123.456789] ",
        "Nov 25 21:45:42 host strace[1234]: ",
    ];
    for (calls, text) in [(4, whole()), (5, two_processes())] {
        all_equal("G", calls, &numbers.map(|number| prefixed(text.clone(), &number)));
        all_equal("G", calls, &labels.map(|label| prefixed(text.clone(), &|_| label.to_string())));
        let quoted: String = text.lines().map(|line| format!("    '{line}',\n")).collect();
        all_equal("G", calls, &[quoted]);
    }
}

#[test]
fn h_options_and_other_tracers() {
    let columns = [
        "[pid 7] 1700000000.123456789 ",
        "7<demo> 12:34:56 [00007f6299945b07] ",
        "7 21:46:34.023521 (+     0.000048) [  10] ",
        "     0.000012 ",
    ];
    let ends = ["", " <0.000012>", " <0.000012345>"];
    let with = |before: &str, after: &str| {
        whole().lines().map(|line| format!("{before}{line}{}\n", if line.ends_with('0') { after } else { "" })).collect::<String>()
    };
    for column in columns {
        all_equal("H", 4, &ends.map(|end| with(column, end)));
    }
    let raw = whole()
        .replace("PROT_READ|PROT_WRITE", "0x3")
        .replace("MAP_PRIVATE|MAP_ANONYMOUS", "0x22")
        .replace("-1, 0)", "0xffffffffffffffff, 0)");
    let verbose = whole()
        .replace("PROT_READ|PROT_WRITE", "0x3 /* PROT_READ|PROT_WRITE */")
        .replace("munmap(0x7f1100010000, 8192)", "munmap(0x7f1100010000, 0x2000)");
    let stacks = whole().replace("= 0\n", "= 0\n > /usr/lib/libc.so.6(__mprotect+0x7) [0x1267]\n > unexpected_backtracing_error [0x0]\n");
    all_equal("H", 4, &[raw, verbose, stacks]);
    all_equal("H", 3, &[
        "4201 brk(NULL) = 0x0000555555601000\n4201 mmap(NULL,8192,PROT_READ|PROT_WRITE,MAP_PRIVATE|MAP_ANONYMOUS,-1,0) = 0x00007f0001000000\n4201 munmap(0x00007f0001000000,8192) = 0\n4201 exit_group(0)\n".into(),
        "     0.012 ( 0.004 ms): demo/501 brk()                                       = 0x5601aa000000\n     0.100 ( 0.004 ms): demo/501 mmap(len: 8192, prot: READ|WRITE, flags: PRIVATE|ANONYMOUS) = 0x7f1100010000\n     0.300 ( 0.004 ms): demo/501 munmap(addr: 0x7f1100010000, len: 8192)     = 0\n".into(),
        "     0.012 ( 0.004 ms): demo/1 brk(NULL) = 0x5601aa000000\n     0.013 ( 0.004 ms): demo/1 mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f1100010000\n     0.014 ( 0.004 ms): demo/1 munmap(0x7f1100010000, 8192) = 0\n".into(),
    ]);
}

#[test]
fn i_other_machines() {
    let narrow = "execve(\"./demo\", [\"./demo\"], 0xffee1000 /* 9 vars */) = 0\nbrk(NULL)                               = 0x8100000\n";
    for (text, told) in [
        (format!("{narrow}old_mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0xf7f10000\nmunmap(0xf7f10000, 4096) = 0\n"), "a 32-bit program, whose layout is not modelled"),
        (format!("{narrow}strace: [ Process PID=12 runs in x32 mode. ]\nmmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0xf7f10000\nmunmap(0xf7f10000, 4096) = 0\n"), "a 32-bit program, whose layout is not modelled"),
        ("execve(\"./demo\", [\"./demo\"], 0x7fffd1112220 /* 9 vars */) = 0\nbrk(NULL) = 0x10017ac0000\nopenat(AT_FDCWD, \"/lib/powerpc64le-linux-gnu/libc.so.6\", O_RDONLY|O_CLOEXEC) = 3\nmmap(NULL, 65536, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7fff8a010000\nmprotect(0x7fff8a010000, 65536, PROT_READ) = 0\n".into(), "another processor, whose layout and page size are not modelled"),
        ("execve(\"./demo\", [\"./demo\"], 0x3ffd1112220 /* 9 vars */) = 0\nbrk(NULL) = 0x2aa10ac0000\nopenat(AT_FDCWD, \"/lib/s390x-linux-gnu/libc.so.6\", O_RDONLY|O_CLOEXEC) = 3\nmmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x3ff8a010000\nmunmap(0x3ff8a010000, 8192) = 0\n".into(), "another processor, whose layout and page size are not modelled"),
    ] {
        begins("I", &text, &format!("3 memory calls, 3 as on Linux; {told}"));
    }
}

#[test]
fn j_numbers_that_come_and_go() {
    all_equal(
        "J",
        5,
        &[
            two_processes(),
            format!(
                "{START}{MAPPED}clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>
[pid 11] mprotect(0x7f1100010000, 4096, PROT_READ <unfinished ...>
[pid 10] <... clone resumed>) = 11
[pid 11] <... mprotect resumed>) = 0
[pid 10] munmap(0x7f1100010000, 8192 <unfinished ...>
[pid 11] exit_group(0) = ?
[pid 10] <... munmap resumed>) = 0
[pid 11] +++ exited with 0 +++
brk(NULL) = 0x5601aa000000
"
            ),
            format!(
                r#"{START}{MAPPED}clone(child_stack=NULL, flags=SIGCHLD) = 11
[pid 10] wait4(-1,  <unfinished ...>
[pid 11] execve("/bin/true", ["true"], 0x55d0 /* 9 vars */) = 0
[pid 11] brk(NULL) = 0x563300000000
[pid 11] exit_group(0) = ?
[pid 11] +++ exited with 0 +++
<... wait4 resumed>[{{WIFEXITED(s) && WEXITSTATUS(s) == 0}}], 0, NULL) = 11
clone(child_stack=NULL, flags=SIGCHLD) = 12
[pid 12] brk(NULL) = 0x5601aa000000
[pid 12] +++ exited with 0 +++
brk(0x5601aa021000) = 0x5601aa021000
"#
            ),
        ],
    );
    begins(
        "J",
        &format!(
            "{START}{MAPPED}strace: Process 11 attached
[pid 10] mprotect(0x7f1100010000, 4096, PROT_READ) = 0
[pid 11] set_robust_list(0x7f0, 24) = 0
[pid 11] exit(0) = ?
[pid 11] +++ exited with 0 +++
munmap(0x7f1100010000, 8192) = 0
"
        ),
        "4 memory calls, 4 as on Linux",
    );
}

#[test]
fn k_ends_that_are_beginnings() {
    all_equal(
        "K",
        6,
        &[
            format!(
                "{START}brk(0x5601aa021000) = 0x5601aa021000
mmap(0x5601aa021000, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0) = 0x5601aa021000
mprotect(0x5601aa020000, 4096, PROT_READ) = 0
mprotect(0x5601aa021000, 4096, PROT_NONE) = 0
brk(0x5601aa042000) = 0x5601aa021000
"
            ),
            format!(
                "{START}{MAPPED}mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f110000f000
munmap(0x7f1100010000, 4096) = 0
mprotect(0x7f110000f000, 4096, PROT_NONE) = 0
mprotect(0x7f1100011000, 4096, PROT_NONE) = 0
"
            ),
            format!(
                "{START}{MAPPED}munmap(0x7f1100010000, 4096) = 0
mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f1100010000
munmap(0x7f1100011000, 4096) = 0
mprotect(0x7f1100010000, 4096, PROT_NONE) = 0
"
            ),
        ],
    );
}

#[test]
fn l_addresses_of_the_programs_own_choice() {
    all_equal("L", 4, &[
        format!("{START}mmap(0x400000, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0) = 0x400000
mmap(0x7ffffffde000, 135168, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0) = 0x7ffffffde000
munmap(0x7ffffffde000, 4096) = 0
"),
        format!("{START}mmap(0x7fff8000, 268435456, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0) = 0x7fff8000
mmap(0x10007fff8000, 15392894357504, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0) = 0x10007fff8000
{MAPPED}"),
        format!("{START}{MAPPED}mmap(0xc000000000, 67108864, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0xc000000000
mmap(0xc000000000, 4194304, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0) = 0xc000000000
"),
        format!("{START}mmap(0x7ffff7fc0000, 262144, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED_NOREPLACE, -1, 0) = 0x7ffff7fc0000
{MAPPED}munmap(0x7ffff7fd0000, 4096) = 0
"),
        // An excerpt.
        "brk(NULL) = 0x5601aa000000
mmap(0xc000000000, 67108864, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0xc000000000
mmap(NULL, 33554432, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f51a8000000
mmap(0x7f51a8000000, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0) = 0x7f51a8000000
".to_string(),
    ]);
}

/// What the page's examples and the kernel's recordings are: no reader of logs may take one.
#[test]
fn scripts_stay_scripts() {
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/scripts")];
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|name| name == "pf") {
                let text = std::fs::read_to_string(&path).expect("a text");
                let is_log = text.lines().any(|line| line.starts_with("@log "));
                assert!(is_log || log::recognise(&text) == log::Kind::Script, "{}", path.display());
                count += 1;
            }
        }
    }
    assert!(count > 100, "{count}");
}
