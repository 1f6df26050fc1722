//! One log in the many forms in which people show logs: whatever stands around its lines, wherever a terminal
//! broke them, the same calls are read.
#![cfg(not(target_arch = "wasm32"))]

use pagefault::log::{self, Kind};
use pagefault::machine::Sysno;
use pagefault::script::{Script, Session};
use proptest::prelude::*;

/// A parent that gets its number late, a child, halves, a note inside a call, a fault, an error.
const LOG: &str = r#"execve("/bin/demo", ["demo", "--long-option", "and another word"], 0x7ffd11112222 /* 9 vars */) = 0
brk(NULL)                               = 0x5601aa000000
openat(AT_FDCWD, "/usr/lib/x86_64-linux-gnu/libdemo.so.6", O_RDONLY|O_CLOEXEC) = 3
mmap(NULL, 20480, PROT_READ, MAP_PRIVATE|MAP_DENYWRITE, 3, 0) = 0x7f1100020000
mmap(0x7f1100021000, 8192, PROT_READ|PROT_EXEC, MAP_PRIVATE|MAP_FIXED|MAP_DENYWRITE, 3, 0x1000) = 0x7f1100021000
close(3)                                = 0
mmap(NULL, 16384, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f1100010000
clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLDstrace: Process 3402 attached
, child_tidptr=0x7f1100000a10) = 3402
[pid  3401] mprotect(0x7f1100011000, 4096, PROT_READ <unfinished ...>
[pid  3402] mprotect(0x7f1100010000, 4096, PROT_READ) = 0
[pid  3401] <... mprotect resumed>)     = 0
[pid  3402] --- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_ACCERR, si_addr=0x7f1100010000} ---
[pid  3402] +++ killed by SIGSEGV +++
munmap(0x7f1100010001, 16384)           = -1 EINVAL (Invalid argument)
munmap(0x7f1100010000, 16384)           = 0
exit_group(0)                           = ?
+++ exited with 0 +++
"#;

/// The calls on memory and the faults, with everything that counts of them.
fn calls(script: &Script) -> Vec<String> {
    let counts = |name: &str| Sysno::from_name(name).is_some_and(Sysno::is_about_memory) || matches!(name, "load" | "store");
    let of = script.statements.iter().filter(|s| counts(&s.call.name));
    of.map(|s| format!("{:?} {} {:?} {:?}", s.process, s.call.name, s.call.args, s.outcome)).collect()
}

fn assert_same(text: &str, form: &str) {
    let kind = log::recognise(text);
    assert_eq!(kind, Kind::Strace, "{form}:\n{text}");
    let script = log::read(text);
    assert_eq!(calls(&script), calls(&log::read(LOG)), "{form}: {:?}\n{text}", script.set_aside);
}

fn each_line(change: impl Fn(usize, &str) -> String) -> String {
    LOG.lines().enumerate().map(|(index, line)| change(index + 1, line) + "\n").collect()
}

/// Breaks lines as a terminal of so many columns does.
fn wrapped(width: usize, prefix: &str) -> String {
    let mut text = String::new();
    for line in LOG.lines() {
        let chars: Vec<char> = line.chars().collect();
        for piece in chars.chunks(width) {
            text.push_str(prefix);
            text.extend(piece);
            text.push('\n');
        }
    }
    text
}

#[test]
fn the_log_itself_is_read_whole() {
    let script = log::read(LOG);
    assert_eq!(calls(&script).len(), 9, "{:#?}", calls(&script));
    assert!(script.set_aside.is_empty(), "{:?}", script.set_aside);
}

#[test]
fn prefixes_are_taken_off() {
    let prefixes = [
        "> ",
        ">",
        ">> ",
        "> > ",
        "* ",
        "- ",
        "+ ",
        "+",
        "    ",
        "\t",
        "| ",
        "# ",
        "web-1  | ",
        "app_1    | ",
        "stderr: ",
        "Nov 25 21:45:42 host app[77]: ",
        "[pod/web-1/app] ",
        "2026-11-25T21:45:42.1234567Z ",
        "2026-11-25 21:45:42,123 INFO ",
        "21:45 <alice> ",
        "[21:45] <alice> ",
        "#12 3.456 ",
        "E1125 21:45:42.123456 77 main.go:12] ",
        "build\tRun tests\t2026-11-25T21:45:42.1Z ",
        "[  12.345678] ",
        "\u{2502} ",
        "Nov 25 21:45:42 ",
        "2026-11-25T21:45:42.123456789Z stderr F ",
        "test (ubuntu-latest)\tRun strace\t2026-11-25T21:45:42.1Z ",
        "<13>1 2026-11-25T21:45:42.123Z host app 77 - - ",
        "11-25 21:45:42.123  1234  1234 I strace  : ",
        "AB> ",
        "  * > ",
        "&gt; ",
    ];
    for prefix in prefixes {
        assert_same(&each_line(|_, line| format!("{prefix}{line}")), prefix);
    }
}

#[test]
fn numbers_of_lines_are_taken_off() {
    let forms: [fn(usize, &str) -> String; 9] = [
        |n, line| format!("{n} - {line}"),
        |n, line| format!("{n:6}\t{line}"),
        |n, line| format!("{n:3} {line}"),
        |n, line| format!("{n}: {line}"),
        |n, line| format!("{n}:{line}"),
        |n, line| format!("{n}. {line}"),
        |n, line| format!("log.txt:{n}:{line}"),
        |n, line| format!("L{n}: {line}"),
        |n, line| format!("#12 {}.{n:03} {line}", n / 4),
    ];
    for (which, form) in forms.iter().enumerate() {
        assert_same(&each_line(form), &format!("form {which} of line numbers"));
    }
}

#[test]
fn lines_that_a_terminal_broke_are_put_together() {
    for width in [60, 66, 72, 79, 80, 90, 100, 120] {
        for prefix in ["", "> ", "web-1  | "] {
            assert_same(&wrapped(width, prefix), &format!("{width} columns behind `{prefix}`"));
        }
    }
}

#[test]
fn what_editors_pagers_and_web_pages_leave_goes() {
    assert_same(&format!("\u{feff}{LOG}"), "byte order mark");
    assert_same(&LOG.replace('\n', "\r\n"), "CRLF");
    assert_same(&LOG.replace('\n', "\r"), "CR");
    assert_same(&LOG.replace('\n', "^M\n"), "^M");
    assert_same(&each_line(|_, line| format!("\u{1b}[32m{line}\u{1b}[0m")), "colours");
    assert_same(&each_line(|_, line| format!("^[[1;32m{line}^[[m")), "colours as less shows them");
    assert_same(&LOG.replace(' ', "\u{a0}"), "blanks that do not break");
    assert_same(&LOG.replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;"), "entities");
    assert_same(&format!("```\n{LOG}```\n"), "fences");
    assert_same(&format!("$ strace -f ./demo\n{LOG}$ "), "prompts");
    assert_same(&each_line(|_, line| format!("`{line}`")), "backticks");
    assert_same(&each_line(|_, line| format!("{line}\u{c}")), "form feeds");
}

#[test]
fn what_every_line_is_dressed_in_goes() {
    let escaped = |line: &str| line.replace('\\', "\\\\").replace('"', "\\\"");
    assert_same(&each_line(|_, line| format!("{{\"log\":\"{}\\n\",\"stream\":\"stderr\"}}", escaped(line))), "container logs");
    assert_same(&each_line(|_, line| format!("\"{}\\n\",", escaped(line))), "program text");
    assert_same(&each_line(|_, line| format!("\"{}\"", line.replace('"', "\"\""))), "cells of a table");
    assert_same(&each_line(|n, line| format!("| {n} | `{line}` |")), "a table");
    assert_same(&each_line(|_, line| format!("**{line}**")), "bold");
    assert_same(&each_line(|_, line| format!("{}<br>", line.replace('<', "&lt;").replace('>', "&gt;"))), "breaks of a web page");
    assert_same(&each_line(|_, line| line.replace('<', "&#60;").replace('>', "&#x3e;").replace('"', "&#34;")), "numbered entities");
    assert_same(&LOG.replace("...", "\u{2026}"), "dots as one sign");
    assert_same(&LOG.replace("--- SIG", "\u{2014} SIG").replace("} ---", "} \u{2014}"), "hyphens as one sign");
}

#[test]
fn broken_lines_that_go_on_indented_are_put_together() {
    for width in [60, 66, 72, 80, 100] {
        let indented =
            each_line(|_, line| line.chars().collect::<Vec<_>>().chunks(width).map(String::from_iter).collect::<Vec<_>>().join("\n    "));
        assert_same(&indented, &format!("{width} columns, then indented"));
    }
}

#[test]
fn columns_of_the_tracer_are_known() {
    // Only lines that begin a record have columns.
    let with = |columns: &str| {
        each_line(|_, line| match line.strip_prefix("[pid  ") {
            Some(rest) => format!("[pid  {} {columns}{}", &rest[..5], &rest[6..]),
            None if line.starts_with(',') => line.to_string(),
            None => format!("{columns}{line}"),
        })
    };
    for columns in [
        "12:34:56 ",
        "12:34:56.789012 ",
        "1700000000.123456 ",
        "     0.000012 ",
        "12:34:56.789012 (+     0.000012) ",
        "[00007f6299945b07] ",
        "[   9] ",
    ] {
        assert_same(&with(columns), columns);
    }
    assert_same(&LOG.replace("[pid  3401]", "[pid  3401<demo>]").replace("[pid  3402]", "[pid  3402<a b>]"), "-Y");
    assert_same(&each_line(|_, line| if line.ends_with(" = 0") { format!("{line} <0.000012>") } else { line.to_string() }), "-T");
}

#[test]
fn what_stands_between_the_lines_is_set_aside_and_changes_nothing() {
    for noise in ["hello", "...", "[...]", "\u{2026}", "<snip>", "(12 lines omitted)", "", "total: 5", "main: 3 (of 4)", "$ ls", "```"] {
        let text: String =
            LOG.lines().map(|line| if line.ends_with("attached") { format!("{line}\n") } else { format!("{line}\n{noise}\n") }).collect();
        assert_same(&text, noise);
    }
}

#[test]
fn a_session_of_any_form_replays() {
    let mut session = Session::from_text(&wrapped(80, "> ")).unwrap();
    session.run_to_end().unwrap();
    assert_eq!(session.len(), log::read(LOG).statements.len());
}

/// A log of so many lines in the worst form for a reader: everything stays open.
fn reading_takes(text: &str) -> std::time::Duration {
    let start = std::time::Instant::now();
    let _ = log::read(text);
    start.elapsed()
}

#[test]
fn work_is_linear_in_the_text() {
    for piece in [
        "mmap(NULL, 4096, ",
        "write(1, \"",
        "((((((((((((((((((((",
        "a\n",
        "mmap(\n",
        "<... x resumed>",
        "= ) = ) = ",
        "[pid 1 [pid 1 ",
        "strace: ",
    ] {
        let short = piece.repeat(200_000 / piece.len());
        let long = piece.repeat(1_600_000 / piece.len());
        let (short, long) = (reading_takes(&short), reading_takes(&long));
        assert!(long < short * 40 + std::time::Duration::from_millis(400), "{piece}: {short:?}, eight times as much: {long:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read(text in "(\\PC|[\n\t\r \"(<>=,+-])*") {
        let _ = log::recognise(&text);
        for kind in Kind::ALL {
            let _ = log::read_as(&text, kind);
        }
    }

    /// Cut anywhere, with anything put in between, a log is still read.
    #[test]
    fn mangled_logs_are_read(cuts in prop::collection::vec((0..LOG.len(), "[ -~\n]{0,12}"), 0..6)) {
        let mut text = LOG.to_string();
        for (at, what) in cuts {
            text.insert_str(at.min(text.len()), &what);
        }
        let script = log::read(&text);
        prop_assert!(script.statements.len() <= 40);
    }
}
