//! Makes up operations. Addresses are near what is mapped, so that areas split, merge and overlap; every
//! argument is now and then wrong.

mod keys;
mod objects;

use crate::compare::Fields;
use fastrand::Rng;
use pagefault::ids::Pid;
use pagefault::internals;
use pagefault::machine::InodeKind;
use pagefault::machine::{Machine, MapsLine};
use pagefault::sorted::SortedMap;
use pagefault::view;
use std::fmt::Write;

/// Most mappings lie in these pages: no huge page fits between them.
const ARENA: u64 = 0x1000_0000 + 0x3000;
const ARENA_PAGES: u64 = 40;
const PAGE: u64 = 4096;
/// More processes than this are not made.
const MOST_PROCESSES: usize = 4;

/// The name of the call in a line.
pub(super) fn call_of(line: &str) -> &str {
    let end = line.find('(').unwrap_or(line.len());
    line[..end].rsplit([' ', ']']).next().unwrap_or_default()
}

/// A source of operations.
#[derive(Debug)]
pub(super) struct Generator {
    rng: Rng,
    /// Names that hold descriptors.
    descriptors: Vec<String>,
    /// Names that hold the memory of a process (`/proc/PID/mem`), and its `clear_refs`.
    memories: Vec<String>,
    cleaners: Vec<String>,
    /// Names that hold SysV segments.
    segments: Vec<String>,
    /// Descriptors of the acting process that are files in memory.
    memory_files: Vec<usize>,
    bound: usize,
    forked: bool,
    no_exec: bool,
    /// The machine has protection keys.
    has_keys: bool,
    fields: Fields,
}

impl Generator {
    pub(super) fn new(seed: u64, fields: Fields) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            descriptors: Vec::new(),
            memories: Vec::new(),
            cleaners: Vec::new(),
            segments: Vec::new(),
            memory_files: Vec::new(),
            bound: 0,
            forked: false,
            no_exec: false,
            has_keys: false,
            fields,
        }
    }

    fn one_in(&mut self, n: u32) -> bool {
        self.rng.u32(0..n) == 0
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.rng.usize(0..from.len())]
    }

    /// The machine and its first process.
    pub(super) fn header(&mut self, read_ahead_kb: u64) -> String {
        let mut text = format!("@stub\n@sysctl read_ahead_kb {read_ahead_kb}\n");
        if !self.one_in(4) {
            text.push_str("@uid 65534\n");
        }
        if self.one_in(10) {
            text.push_str("@personality ADDR_NO_RANDOMIZE|ADDR_COMPAT_LAYOUT\n");
        }
        if self.one_in(10) {
            let limit =
                self.pick(&["STACK 64K unlimited", "STACK 1G unlimited", "STACK unlimited unlimited", "MEMLOCK 16K 16K", "MEMLOCK 0 0"]);
            let _ = writeln!(text, "@rlimit {limit}");
        }
        if self.one_in(8) {
            self.no_exec = true;
            let limit = self.pick(&["AS 512K unlimited", "AS 300K unlimited", "DATA 256K unlimited", "DATA 64K 64K", "DATA 0 unlimited"]);
            let _ = writeln!(text, "@rlimit {limit}");
        }
        text.push_str("@file \"/T/f0\" size=65536 mode=0666 owner=65534 pattern=\"f0\"\n");
        text.push_str("@file \"/T/f1\" size=12289 mode=0644 owner=0 pattern=\"f1\"\n");
        text
    }

    /// The next operation. `names` are those that a call that succeeded has bound.
    pub(super) fn next(&mut self, machine: &Machine, names: &SortedMap<String, u64>) -> Option<String> {
        for list in [&mut self.descriptors, &mut self.memories, &mut self.cleaners, &mut self.segments] {
            list.retain(|name| names.contains_key(name));
        }
        self.has_keys = internals::has_keys(machine);
        let alive: Vec<Pid> = machine.processes().filter(|process| process.is_alive()).map(|process| process.pid).collect();
        let pid = *alive.get(self.rng.usize(0..alive.len().max(1)))?;
        let maps = view::maps(machine, pid);
        let files = machine.open_descriptors(pid);
        let in_memory = files.filter(|(_, file)| internals::fs(machine).inode_of(*file).kind == InodeKind::Shmem);
        self.memory_files = in_memory.map(|(fd, _)| fd).collect();
        self.rng.shuffle(&mut self.memory_files);
        let call = self.operation(&maps, alive.len(), pid == alive[0]);
        Some(if pid.0 == 1 { call } else { format!("[{}] {call}", pid.0) })
    }

    fn operation(&mut self, maps: &[MapsLine], processes: usize, is_first: bool) -> String {
        if self.has_keys && self.one_in(8) {
            return self.keys(maps);
        }
        match self.rng.u32(0..100) {
            0..24 => self.mmap(maps),
            24..31 => self.munmap(maps),
            31..42 => self.mprotect(maps),
            42..51 => self.mremap(maps),
            51..60 => self.madvise(maps),
            60..66 => self.lock(maps),
            66..80 => self.access(maps),
            80..83 => self.brk(maps),
            83..85 => self.small_calls(maps),
            85 if self.one_in(2) => self.process_vm(maps),
            85..88 => self.query(maps),
            88..94 => self.files(maps),
            94..95 => self.shm(maps),
            95..97 => self.settings(maps),
            97 if self.one_in(4) && !self.no_exec => format!("execve(\"{}\", 0, 0)", self.pick(&["/bin/stub", "/bin/stub", "/bin/none"])),
            97 => self.seal(maps),
            98 if processes < MOST_PROCESSES => self.fork(),
            _ if !is_first && self.one_in(3) => "exit(0)".into(),
            _ => self.access(maps),
        }
    }

    fn fork(&mut self) -> String {
        self.forked = true;
        if self.one_in(5) { "clone(0x111, 0, 0, 0, 0)".into() } else { "fork()".into() }
    }

    /// A border of something mapped that the harness does not need.
    fn border(&mut self, maps: &[MapsLine]) -> Option<u64> {
        let own: Vec<_> = maps.iter().filter(|line| line.range.start.0 != crate::stub::TEXT && line.range.start.0 < 1 << 47).collect();
        let near: Vec<_> = own.iter().filter(|line| line.name != "[stack]" && !line.name.starts_with("[v")).collect();
        let line = match near.is_empty() || self.one_in(30) {
            true => own.get(self.rng.usize(0..own.len().max(1))).copied()?,
            false => near[self.rng.usize(0..near.len())],
        };
        Some(if self.rng.bool() { line.range.start.0 } else { line.range.end.0 })
    }

    /// A page-aligned address, most often in the arena or at a border.
    fn page(&mut self, maps: &[MapsLine]) -> u64 {
        if self.one_in(3)
            && let Some(border) = self.border(maps)
        {
            let nudge = [0, 0, 0, PAGE, PAGE.wrapping_neg(), 2 * PAGE][self.rng.usize(0..6)];
            return border.wrapping_add(nudge);
        }
        ARENA + self.rng.u64(0..ARENA_PAGES) * PAGE
    }

    /// An address, now and then a bad one.
    fn address(&mut self, maps: &[MapsLine]) -> u64 {
        match self.rng.u32(0..60) {
            0 => self.page(maps) + self.rng.u64(1..PAGE),
            1 => [0, 0x1000, 0xf000, 0x7fff_ffff_e000, 0x7fff_ffff_f000, 1 << 47, u64::MAX - 4095][self.rng.usize(0..7)],
            _ => self.page(maps),
        }
    }

    /// Not where the harness's own page would be covered.
    fn beside_stub(at: u64, len: u64) -> u64 {
        let end = at.saturating_add(len);
        if at < crate::stub::TEXT + PAGE && end > crate::stub::TEXT { ARENA } else { at }
    }

    /// A length, now and then a bad one.
    fn len(&mut self) -> u64 {
        match self.rng.u32(0..60) {
            0 => 0,
            1 => [1, PAGE + 1, u64::MAX, 1 << 47, u64::MAX - 4095][self.rng.usize(0..5)],
            2..6 => self.rng.u64(8..20) * PAGE,
            _ => self.rng.u64(1..7) * PAGE,
        }
    }

    fn prot(&mut self) -> String {
        match self.rng.u32(0..40) {
            0 => "PROT_EXEC".into(),
            1 => "PROT_WRITE".into(),
            2 => format!("{:#x}", [8, 0x10, 0x1000_0003u64, 0xffff_ffff][self.rng.usize(0..4)]),
            3..7 => "PROT_NONE".into(),
            7..13 => "PROT_READ".into(),
            13..16 => "PROT_READ|PROT_EXEC".into(),
            16..18 => "PROT_READ|PROT_WRITE|PROT_EXEC".into(),
            _ => "PROT_READ|PROT_WRITE".into(),
        }
    }

    fn mmap(&mut self, maps: &[MapsLine]) -> String {
        let anonymous = self.descriptors.is_empty() || self.one_in(4) || self.rng.bool();
        let mut flags = match self.rng.u32(0..30) {
            0 => "0".to_string(),
            1 => "MAP_SHARED_VALIDATE".into(),
            2 => "MAP_DROPPABLE".into(),
            3..9 => "MAP_SHARED".into(),
            _ => "MAP_PRIVATE".into(),
        };
        if anonymous {
            flags.push_str("|MAP_ANONYMOUS");
        }
        let placed = match self.rng.u32(0..10) {
            0..6 => "|MAP_FIXED",
            6 => "|MAP_FIXED_NOREPLACE",
            _ => "",
        };
        flags.push_str(placed);
        if self.one_in(4) {
            let more =
                ["MAP_NORESERVE", "MAP_STACK", "MAP_GROWSDOWN", "MAP_LOCKED", "MAP_POPULATE", "MAP_NONBLOCK", "MAP_32BIT", "MAP_DENYWRITE"];
            let _ = write!(flags, "|{}", self.pick(&more));
        }
        if self.one_in(80) {
            let odd = ["MAP_SYNC", "0x80", "0x200", "0x4000000", "MAP_ABOVE4G", "0x40000000", "MAP_UNINITIALIZED"];
            let _ = write!(flags, "|{}", self.pick(&odd));
        }
        let (at, len) = match placed {
            "" if self.one_in(12) => (0, [2u64 << 20, 4 << 20, (2 << 20) + PAGE, 6 << 20][self.rng.usize(0..4)]),
            "" if self.rng.bool() => (0, self.len()),
            _ => (self.address(maps), self.len()),
        };
        let big = len >= 1 << 20;
        let prot = if big { "PROT_NONE".to_string() } else { self.prot() };
        let (fd, offset) = match anonymous {
            true if self.one_in(30) => ("-1".to_string(), self.rng.u64(0..3) * 2048),
            true => ("-1".to_string(), 0),
            false => (self.descriptor(), self.offset()),
        };
        let at = Self::beside_stub(at, len);
        format!("mmap({at:#x}, {len:#x}, {prot}, {flags}, {fd}, {offset:#x})")
    }

    fn offset(&mut self) -> u64 {
        match self.rng.u32(0..40) {
            0 => 0x201,
            1 => u64::MAX - 4095,
            2..20 => self.rng.u64(0..6) * PAGE,
            _ => 0,
        }
    }

    /// A range that lies within or across what is mapped.
    fn range(&mut self, maps: &[MapsLine]) -> (u64, u64) {
        let (at, len) = (self.address(maps), self.len());
        (Self::beside_stub(at, len), len)
    }

    fn munmap(&mut self, maps: &[MapsLine]) -> String {
        let (at, len) = self.range(maps);
        // Without its stub a process cannot go on.
        if len > 1 << 40 || (0x3f_0000..0x40_1000).contains(&at) {
            return format!("munmap({ARENA:#x}, 0x1000)");
        }
        format!("munmap({at:#x}, {len:#x})")
    }

    fn mprotect(&mut self, maps: &[MapsLine]) -> String {
        let (at, len) = self.range(maps);
        let mut prot = self.prot();
        if self.one_in(15) {
            prot.push_str(self.pick(&["|PROT_GROWSDOWN", "|PROT_GROWSUP", "|PROT_SEM", "|PROT_GROWSDOWN|PROT_GROWSUP"]));
        }
        if self.one_in(30) {
            return format!("pkey_mprotect({at:#x}, {len:#x}, {prot}, {})", self.pick(&["-1", "0", "1", "-2"]));
        }
        format!("mprotect({at:#x}, {len:#x}, {prot})")
    }

    fn mremap(&mut self, maps: &[MapsLine]) -> String {
        let at = self.address(maps);
        let old = if self.one_in(20) { 0 } else { self.len() };
        let new = if self.one_in(3) { old } else { self.len() };
        if old > 1 << 40 && new < old {
            return "mremap(0, 0, 0, 0, 0)".into();
        }
        let flags = match self.rng.u32(0..20) {
            0..3 => "0",
            3..9 => "MREMAP_MAYMOVE",
            9..15 => "MREMAP_MAYMOVE|MREMAP_FIXED",
            15..17 => "MREMAP_MAYMOVE|MREMAP_DONTUNMAP",
            17 => "MREMAP_MAYMOVE|MREMAP_FIXED|MREMAP_DONTUNMAP",
            18 => "MREMAP_FIXED",
            _ => "8",
        };
        let (at, to) = (Self::beside_stub(at, old), self.address(maps));
        let to = Self::beside_stub(to, new);
        format!("mremap({at:#x}, {old:#x}, {new:#x}, {flags}, {to:#x})")
    }

    fn madvise(&mut self, maps: &[MapsLine]) -> String {
        const ADVICE: &[&str] = &[
            "MADV_NORMAL",
            "MADV_RANDOM",
            "MADV_SEQUENTIAL",
            "MADV_WILLNEED",
            "MADV_DONTNEED",
            "MADV_FREE",
            "MADV_REMOVE",
            "MADV_DONTFORK",
            "MADV_DOFORK",
            "MADV_NOHUGEPAGE",
            "MADV_HUGEPAGE",
            "MADV_DONTDUMP",
            "MADV_DODUMP",
            "MADV_WIPEONFORK",
            "MADV_KEEPONFORK",
            "MADV_COLD",
            "MADV_POPULATE_READ",
            "MADV_POPULATE_WRITE",
            "MADV_DONTNEED_LOCKED",
            "MADV_GUARD_INSTALL",
            "MADV_GUARD_REMOVE",
            "MADV_MERGEABLE",
            "MADV_UNMERGEABLE",
            "MADV_COLLAPSE",
            "26",
            "104",
            "-1",
        ];
        let (at, len) = self.range(maps);
        let mut advice = self.pick(ADVICE);
        let on_disk =
            |line: &&MapsLine| line.name.starts_with("/T/") && line.range.start.0 < at.saturating_add(len) && at < line.range.end.0;
        if advice == "MADV_HUGEPAGE" && maps.iter().any(|line| on_disk(&line)) {
            // The disk's cache takes large folios then.
            advice = "MADV_NOHUGEPAGE";
        }
        if self.one_in(25) && advice != "MADV_HUGEPAGE" {
            let count = self.rng.u32(1..3);
            let mut pieces = Vec::new();
            for _ in 0..count {
                let (at, len) = self.range(maps);
                pieces.push(format!("{{iov_base={at:#x}, iov_len={len:#x}}}"));
            }
            // PIDFD_SELF
            return format!("process_madvise(-10000, [{}], {count}, {advice}, 0)", pieces.join(", "));
        }
        format!("madvise({at:#x}, {len:#x}, {advice})")
    }

    /// Copies between the memories of processes, which may have ended or never been.
    fn process_vm(&mut self, maps: &[MapsLine]) -> String {
        let mut vector = || {
            let count = self.rng.u32(1..4);
            let piece = |generator: &mut Self| {
                let (at, len) = (generator.data_address(maps), generator.rng.u64(0..3 * PAGE));
                format!("{{iov_base={at:#x}, iov_len={len:#x}}}")
            };
            let pieces: Vec<_> = (0..count).map(|_| piece(self)).collect();
            format!("[{}], {count}", pieces.join(", "))
        };
        let (local, remote) = (vector(), vector());
        let call = self.pick(&["process_vm_readv", "process_vm_writev"]);
        format!("{call}({}, {local}, {remote}, 0)", self.rng.u32(1..=MOST_PROCESSES as u32))
    }

    fn lock(&mut self, maps: &[MapsLine]) -> String {
        let (at, len) = self.range(maps);
        match self.rng.u32(0..20) {
            0..6 => format!("mlock({at:#x}, {len:#x})"),
            6..10 => format!("mlock2({at:#x}, {len:#x}, {})", self.pick(&["0", "MLOCK_ONFAULT", "MLOCK_ONFAULT", "2"])),
            10..17 => format!("munlock({at:#x}, {len:#x})"),
            // After a fork the harness's page is shared in one world and not in the other.
            17 if self.forked => "mlockall(MCL_FUTURE)".into(),
            17 => format!(
                "mlockall({})",
                self.pick(&["MCL_CURRENT", "MCL_FUTURE", "MCL_CURRENT|MCL_FUTURE", "MCL_FUTURE|MCL_ONFAULT", "MCL_ONFAULT", "8"])
            ),
            _ => "munlockall()".into(),
        }
    }

    fn access(&mut self, maps: &[MapsLine]) -> String {
        let at = self.data_address(maps);
        let at = if self.one_in(4) { at.wrapping_add(self.rng.u64(0..PAGE)) } else { at };
        match self.rng.u32(0..12) {
            0..3 => format!("load({at:#x}) = ?"),
            3..9 => format!("store({at:#x}, {:#x}) = ?", self.rng.u8(1..)),
            9 => format!("touch_read({at:#x}, {}, 4096) = ?", self.rng.u32(1..5)),
            10 => format!("touch_write({at:#x}, {}, 4096, 0x41) = ?", self.rng.u32(1..5)),
            _ => format!("load({at:#x}) = ?"),
        }
    }

    /// An address to read or write: not where the kernel keeps clocks.
    fn data_address(&mut self, maps: &[MapsLine]) -> u64 {
        let at = self.address(maps);
        let clock = |line: &&MapsLine| line.name.starts_with("[v") || line.range.start.0 == crate::stub::TEXT;
        if at >= 0x7fff_ffff_e000 - 8 * PAGE {
            // What execve left at the top of the stack is nobody's business.
            return if at > 0x7fff_ffff_f000 { at } else { 0x7fff_fffe_0000 };
        }
        let near = maps.iter().filter(clock).any(|line| at.saturating_add(8 * PAGE) > line.range.start.0 && at < line.range.end.0);
        if near { ARENA } else { at }
    }

    fn brk(&mut self, maps: &[MapsLine]) -> String {
        let start = maps.iter().find(|line| line.name == "[heap]").map_or(0x40_1000, |line| line.range.start.0);
        match self.rng.u32(0..10) {
            0 => "brk(0)".into(),
            1 => format!("brk({})", self.pick(&["0x300000", "0x401000", "0x7ffffffde000", "-1", "0x7fffffdff000"])),
            _ => format!("brk({:#x})", start + self.rng.u64(0..10) * PAGE + [0, 0, 1, 0x800][self.rng.usize(0..4)]),
        }
    }

    fn small_calls(&mut self, maps: &[MapsLine]) -> String {
        let (at, len) = self.range(maps);
        match self.rng.u32(0..3) {
            0 => format!(
                "remap_file_pages({at:#x}, {len:#x}, {}, {}, {})",
                self.rng.u32(0..8) / 7,
                self.rng.u32(0..5),
                self.pick(&["0", "MAP_NONBLOCK"])
            ),
            _ => {
                format!("msync({at:#x}, {len:#x}, {})", self.pick(&["MS_SYNC", "MS_ASYNC", "MS_INVALIDATE", "MS_SYNC|MS_ASYNC", "0", "8"]))
            }
        }
    }

    fn query(&mut self, maps: &[MapsLine]) -> String {
        let (at, len) = (self.data_address(maps), self.len());
        if len > 512 * PAGE {
            return format!("mincore({at:#x}, {len:#x}, 0)");
        }
        format!("mincore({at:#x}, {len:#x})")
    }

    fn settings(&mut self, maps: &[MapsLine]) -> String {
        // A program that does not fit into its limits is killed on its way into execve.
        self.no_exec = true;
        let total: u64 = maps.iter().filter(|line| line.range.end.0 < 1 << 47).map(|line| line.range.len()).sum();
        match self.rng.u32(0..12) {
            0..2 => format!("setrlimit(RLIMIT_AS, {{rlim_cur={:#x}, rlim_max=RLIM_INFINITY}})", total + self.rng.u64(0..12) * PAGE),
            2 => "setrlimit(RLIMIT_AS, {rlim_cur=RLIM_INFINITY, rlim_max=RLIM_INFINITY})".into(),
            3 => format!("setrlimit(RLIMIT_DATA, {{rlim_cur={:#x}, rlim_max=RLIM_INFINITY}})", self.rng.u64(0..40) * PAGE),
            4 => "setrlimit(RLIMIT_DATA, {rlim_cur=RLIM_INFINITY, rlim_max=RLIM_INFINITY})".into(),
            5 => format!("setrlimit(RLIMIT_MEMLOCK, {{rlim_cur={:#x}, rlim_max=0x800000}})", self.rng.u64(0..10) * PAGE),
            6 => format!("setrlimit(RLIMIT_STACK, {{rlim_cur={:#x}, rlim_max=RLIM_INFINITY}})", self.rng.u64(1..100) * PAGE),
            7 => "prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0)".into(),
            8 => format!("prctl(PR_SET_THP_DISABLE, {}, 0, 0, 0)", self.rng.u32(0..2)),
            9 => format!("personality({})", self.pick(&["0xffffffff", "0x440000", "0x40000"])),
            10 => {
                let (at, len) = self.range(maps);
                format!("prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, {at:#x}, {len:#x}, \"heap\")")
            }
            _ => "pkey_alloc(0, 0)".into(),
        }
    }

    fn seal(&mut self, maps: &[MapsLine]) -> String {
        let (at, len) = self.range(maps);
        if self.fields.pages && at > 1 << 40 {
            return "munlockall()".into();
        }
        format!("mseal({at:#x}, {len:#x}, {})", u32::from(self.one_in(15)))
    }
}
