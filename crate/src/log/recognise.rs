//! What kind of text it is, by what stands in it.

use super::noise;
use super::prefix::{self, Core};
use super::survey;
use crate::dump;
use std::fmt;

/// A kind of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The script language.
    Script,
    /// The output of `strace`.
    Strace,
    /// The output of `qemu-user -strace`.
    Qemu,
    /// The output of `perf trace`.
    Perf,
    /// `/proc/PID/maps`.
    Maps,
    /// `/proc/PID/smaps`.
    Smaps,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 6] = [Kind::Script, Kind::Strace, Kind::Qemu, Kind::Perf, Kind::Maps, Kind::Smaps];

    /// Its short name.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Script => "script",
            Kind::Strace => "strace",
            Kind::Qemu => "qemu",
            Kind::Perf => "perf",
            Kind::Maps => "maps",
            Kind::Smaps => "smaps",
        }
    }

    /// The kind of a short name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// What it is, for people.
    pub const fn description(self) -> &'static str {
        match self {
            Kind::Script => "a script",
            Kind::Strace => "the output of strace",
            Kind::Qemu => "the output of qemu -strace",
            Kind::Perf => "the output of perf trace",
            Kind::Maps => "the output of cat /proc/PID/maps",
            Kind::Smaps => "the output of cat /proc/PID/smaps",
        }
    }

    /// Whether it is a log of calls.
    pub const fn is_log(self) -> bool {
        matches!(self, Kind::Strace | Kind::Qemu | Kind::Perf)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// After so many lines a long text has said what it is, if most of them say the same.
const ENOUGH: usize = 2_000;

/// How many lines speak for each kind.
#[derive(Default)]
struct Votes {
    lines: usize,
    script: usize,
    log: usize,
    qemu: usize,
    calls: usize,
    perf: usize,
    /// Lines as only strace writes them.
    marked: usize,
    /// Calls behind a word in brackets, as scripts name a process and programs their output; the first such word.
    labelled: usize,
    label: Option<String>,
    /// Something was opened: descriptors are the text's own.
    opens: bool,
    /// A file is mapped by its number.
    maps_number: bool,
}

/// What a text is. A guess, by what its lines look like; see [`Kind::description`].
pub fn recognise(text: &str) -> Kind {
    of_clean(&super::clean::clean(text))
}

/// The same of a text without what was put around it.
pub(super) fn of_clean(text: &str) -> Kind {
    if let Some(is_log) = said(text) {
        return if is_log { Kind::Strace } else { Kind::Script };
    }
    if dump::looks_like_dump(text) {
        return if text.lines().any(|line| is_smaps_line(line.trim())) { Kind::Smaps } else { Kind::Maps };
    }
    let commented = survey::is_commented(text);
    let mut votes = Votes::default();
    for line in text.lines().filter(|line| !line.trim().is_empty() && (commented || !survey::is_comment(line))) {
        votes.count(line);
        if votes.lines.is_multiple_of(ENOUGH) && votes.is_clear() {
            break;
        }
    }
    votes.winner()
}

/// `@log yes` or `@log no`.
fn said(text: &str) -> Option<bool> {
    let line = text.lines().find_map(|line| line.strip_prefix("@log "))?;
    Some(line.trim() != "no")
}

impl Votes {
    fn count(&mut self, line: &str) {
        self.lines += 1;
        let trimmed = line.trim();
        self.perf += usize::from(is_perf_line(trimmed));
        self.marked += usize::from(is_marked_line(trimmed));
        self.script += usize::from(is_script_line(trimmed));
        if noise::note(line).is_some() {
            self.log += 1;
            return;
        }
        let Some((at, core)) = prefix::find_core(line, false) else { return };
        if core != Core::Call {
            self.log += 1;
            return;
        }
        self.call(line, at);
    }

    fn call(&mut self, line: &str, at: usize) {
        let call = &line[at..];
        let head = prefix::head(&line[..at]);
        let has_result = noise::end(call, Core::Call).is_some();
        let name = noise::name_of(call);
        self.calls += 1;
        self.opens |= matches!(name, "open" | "openat" | "creat" | "memfd_create" | "dup" | "dup2" | "dup3");
        self.maps_number |= has_result && name == "mmap" && maps_descriptor_by_number(call);
        let foreign = line[..head.foreign].trim();
        let is_labelled = is_name_in_brackets(foreign);
        if is_labelled && self.label.get_or_insert_with(|| foreign.to_string()) == foreign {
            self.labelled += 1;
        }
        let is_bound = foreign.ends_with('=') || is_labelled;
        let is_emulated = crate::machine::Sysno::from_name(name).is_some();
        let is_logged =
            head.process.is_some() || head.time.is_some() || !is_emulated && name != "execve" || is_start(call) || has_column(call);
        self.log += usize::from(has_result && is_logged && (!is_bound || is_labelled));
        self.script += usize::from(is_bound);
        // qemu writes no blank behind its commas, and addresses with all their digits.
        self.qemu += usize::from(call.contains(',') && !call.contains(", ") || call.contains("= 0x00000") || call.contains("errno="));
    }

    /// Whether more lines would hardly change it.
    fn is_clear(&self) -> bool {
        let (most, least) = (self.log.max(self.script), self.log.min(self.script));
        most * 2 > self.lines && least * 20 < most && self.perf == 0
    }

    fn winner(&self) -> Kind {
        // One word before every call is no process: a script makes processes in lines that have none.
        let is_prefix = self.labelled > 0 && self.labelled == self.calls && self.log > 0;
        let script = self.script - if is_prefix { self.labelled } else { 0 };
        if self.perf * 2 > self.lines.min(self.calls + self.perf) && self.perf > 0 {
            return Kind::Perf;
        }
        if self.log <= script {
            let is_marked = self.marked > 0 || (self.maps_number && !self.opens);
            return if script == 0 && is_marked { Kind::Strace } else { Kind::Script };
        }
        if self.qemu * 2 > self.calls { Kind::Qemu } else { Kind::Strace }
    }
}

/// What strace writes, and hardly a script: a path behind a descriptor (`-y`), the instruction pointer (`-i`), a line of a
/// stack (`-k`), its own command line, an errno in words, an address as kernels choose them at random.
fn is_marked_line(trimmed: &str) -> bool {
    let is_command = trimmed.strip_prefix("$ ").is_some_and(|command| command.split_whitespace().any(|word| word == "strace"));
    let is_stack = trimmed.starts_with("> ") && trimmed.contains("+0x") && trimmed.contains('(');
    is_command || is_stack || has_pointer(trimmed) || has_described_descriptor(trimmed) || has_result_of_another_machine(trimmed)
}

/// `brk(NULL) = 0x5601aa000000`, `mmap(…) = -1 ENOMEM (Cannot allocate memory)`: this machine places nothing there, and a script has
/// no words for an errno.
fn has_result_of_another_machine(trimmed: &str) -> bool {
    let Some((_, result)) = trimmed.rsplit_once(") = ").or_else(|| trimmed.rsplit_once("= ")) else { return false };
    if let Some(words) = result.strip_prefix("-1 E") {
        return words.contains(" (") && words.ends_with(')');
    }
    let digits = result.strip_prefix("0x").unwrap_or_default();
    let is_address = digits.len() >= 8 && digits.ends_with("000") && digits.bytes().all(|b| b.is_ascii_hexdigit());
    // Without a hint mappings lie at the upper end of what a machine has.
    if is_address && ["mmap(NULL,", "mmap(0,", "mmap2(NULL,"].iter().any(|call| trimmed.starts_with(call)) {
        return !digits.starts_with("7ffff") && !digits.starts_with("fffff");
    }
    let is_address = digits.len() == 12 && digits.ends_with("000") && digits.bytes().all(|b| b.is_ascii_hexdigit());
    is_address && !digits.starts_with("7ffff7") && !digits.starts_with("555555") && matches!(&digits[..1], "5" | "7" | "a" | "f")
}

/// `mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0)`, with a number above those that every process has.
fn maps_descriptor_by_number(call: &str) -> bool {
    let words = call.split(", ").nth(4).unwrap_or_default();
    words.parse().is_ok_and(|fd: u32| (3..1 << 20).contains(&fd))
}

/// `[00007f1234567890] brk(NULL)`
fn has_pointer(trimmed: &str) -> bool {
    let Some((pointer, call)) = trimmed.strip_prefix('[').and_then(|rest| rest.split_once("] ")) else { return false };
    (8..=16).contains(&pointer.len()) && pointer.bytes().all(|b| b.is_ascii_hexdigit()) && call.contains('(')
}

/// `3</etc/ld.so.cache>`, `AT_FDCWD</root>`, `4<pipe:[12]>`: in a call.
fn has_described_descriptor(trimmed: &str) -> bool {
    trimmed.contains('(')
        && trimmed.match_indices('<').any(|(at, _)| {
            let before = trimmed[..at].chars().next_back();
            let after = trimmed[at + 1..].chars().next();
            let is_descriptor = before.is_some_and(|c| c.is_ascii_digit()) || trimmed[..at].ends_with("AT_FDCWD");
            is_descriptor && after.is_some_and(|c| c == '/' || c.is_ascii_alphabetic()) && trimmed[at..].contains('>')
        })
}

/// `[child]`, as scripts name a process.
fn is_name_in_brackets(foreign: &str) -> bool {
    let name = foreign.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or_default();
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// `execve("…", ["…"], 0x7ffd11112222 /* 9 vars */) = 0`: how every log begins.
fn is_start(call: &str) -> bool {
    call.starts_with("execve(") && (call.contains(" vars */") || call.contains(", [\"") || call.contains(",{\""))
}

/// strace puts results into a column.
fn has_column(call: &str) -> bool {
    call.contains(")   ") && call.contains("  = ") || call.contains("<unfinished ...>")
}

/// What only scripts have.
fn is_script_line(trimmed: &str) -> bool {
    if trimmed.starts_with('@') || trimmed.starts_with("on SIG") {
        return true;
    }
    if let Some(mark) = trimmed.strip_prefix('>').or_else(|| trimmed.strip_prefix('<')) {
        let word = mark.trim_start().split(' ').next().unwrap_or_default();
        return matches!(
            word,
            "maps" | "minflt" | "majflt" | "mincore" | "status" | "nmaps" | "pagemap" | "smaps" | "map" | "brk" | "present"
        );
    }
    trimmed.match_indices('(').any(|(end, _)| {
        let before = &trimmed[..end];
        let stands = before.trim_end_matches(|c: char| c.is_ascii_lowercase() || c == '_');
        let name = &before[stands.len()..];
        is_call_of_scripts(name) && (stands.is_empty() || stands.ends_with("] ") || stands.ends_with("= "))
    })
}

fn is_call_of_scripts(name: &str) -> bool {
    matches!(
        name,
        "load" | "store" | "execute" | "touch_read" | "touch_write" | "repeat" | "preadto" | "pwritefrom" | "quiet" | "snap" | "wrpkru"
    )
}

/// `     0.012 ( 0.004 ms): ls/123 mmap(`
pub(super) fn is_perf_line(trimmed: &str) -> bool {
    let Some(at) = trimmed.find('(') else { return false };
    let time = trimmed[..at].trim();
    let Some((duration, _)) = trimmed[at + 1..].split_once("):") else { return false };
    let is_time = time == "?" || !time.is_empty() && time.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    is_time && (duration.trim().is_empty() || duration.trim_end().ends_with("ms"))
}

/// `7f0c49324000-7f0c49326000 rw-p 00000000 00:00 0`
pub(super) fn is_maps_line(trimmed: &str) -> bool {
    let mut words = trimmed.split_whitespace();
    let is_hex = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit());
    let is_range = words.next().and_then(|word| word.split_once('-')).is_some_and(|(start, end)| is_hex(start) && is_hex(end));
    let is_perms = |word: &str| word.len() == 4 && word.bytes().all(|b| b"rwxps-".contains(&b));
    is_range && words.next().is_some_and(is_perms) && words.next().is_some_and(is_hex)
}

/// `Rss:                  64 kB`, `VmFlags: rd wr mr mw me ac`
fn is_smaps_line(trimmed: &str) -> bool {
    let Some((name, value)) = trimmed.split_once(':') else { return false };
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let value = value.trim();
    is_name && (value.ends_with(" kB") || name == "VmFlags" || matches!(name, "THPeligible" | "ProtectionKey"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_known_by_what_they_hold() {
        for (text, kind) in [
            ("a = mmap(NULL, 16K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nload(a) = 0\n", Kind::Script),
            ("mmpa(NULL, 4096)\n", Kind::Script),
            ("", Kind::Script),
            ("execve(\"/bin/ls\", [\"ls\"], 0x7ffd11112222 /* 9 vars */) = 0\nbrk(NULL) = 0x1\n", Kind::Strace),
            ("mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0) = 0x7f2200010000\nfstat(3, {st_mode=S_IFREG}) = 0\n", Kind::Strace),
            (
                "4201 brk(NULL) = 0x0000004000801000\n4201 mmap(NULL,8192,PROT_READ,MAP_PRIVATE|MAP_ANONYMOUS,-1,0) = 0x0000004001000000\n",
                Kind::Qemu,
            ),
            ("     0.012 ( 0.004 ms): ls/12 mmap(len: 8192, prot: READ, flags: PRIVATE|ANONYMOUS)  = 0x7f2200010000\n", Kind::Perf),
            (
                "$ cat /proc/1/maps\n558800000000-558800001000 r--p 00000000 08:01 1001  /usr/bin/demo\n7ff000-7ff7000 rw-p 00000000 00:00 0\n",
                Kind::Maps,
            ),
            ("558800000000-558800001000 r--p 00000000 08:01 1001 /usr/bin/demo\nSize:  4 kB\nVmFlags: rd\n", Kind::Smaps),
            ("openat(AT_FDCWD</root>, \"/etc/ld.so.cache\", O_RDONLY) = 3</etc/ld.so.cache>\n", Kind::Strace),
            ("mmap(NULL, 35267, PROT_READ, MAP_PRIVATE, 3</etc/ld.so.cache>, 0) = 0x7ffff7fb7000\n", Kind::Strace),
            ("[00007f1234567890] brk(NULL) = 0x55555557a000\n", Kind::Strace),
            ("brk(NULL) = 0x55555557a000\n > /usr/lib/ld-linux-x86-64.so.2(brk+0x1b) [0x25b]\n", Kind::Strace),
            ("$ strace -e trace=memory ls\nbrk(NULL) = 0x55555557a000\n", Kind::Strace),
            ("a = mmap(NULL, 1<<12, 3, 0x22, -1, 0) = 0x1000\n> minflt 1\n", Kind::Script),
            ("[child] brk(0x1000) = 0\n", Kind::Script),
            ("[strace] [pid 12] brk(NULL) = 0x1000\n[strace] [pid 12] +++ exited with 0 +++\n", Kind::Strace),
            ("child = fork()\n[child] brk(0x1000)     = 0x1000\n[child] exit_group(0)   = 0\n", Kind::Script),
            ("mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f2200010000\n", Kind::Strace),
            ("brk(0x5601aa021000) = 0x5601aa021000\n", Kind::Strace),
            ("mmap(NULL, 8589934592, 3, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = -1 ENOMEM (Cannot allocate memory)\n", Kind::Strace),
            ("mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7ff6000\nbrk(NULL) = 0x401000\n", Kind::Script),
            (
                "a = mmap(0x7f2200010000, 4096, 1, 0x22, -1, 0) = 0x7f2200010000\nmunmap(a, 4096) = -1 EINVAL (Invalid argument)\n",
                Kind::Script,
            ),
            (
                "mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0xffffa4722000\nmunmap(0xffffa4722000, 8192) = 0\n",
                Kind::Strace,
            ),
            ("mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x3fa4722000\n", Kind::Strace),
            ("```\nmmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0xb7722000\n```\n", Kind::Strace),
            ("mmap(0x3c47000000, 3892376, PROT_READ, MAP_PRIVATE|MAP_DENYWRITE, 3, 0) = 0x3c47000000\n", Kind::Strace),
            (
                "Map of init (PID 1):\n00400000-0040b000 r-xp 00000000 08:01 1572904  /bin/cat\n0060a000-0060b000 r--p 0000a000 08:01 1572904 /bin/cat\n",
                Kind::Maps,
            ),
            ("@log yes\n12 brk(NULL) = 0x1000\n", Kind::Strace),
        ] {
            assert_eq!(recognise(text), kind, "{text}");
        }
    }
}
