//! What is known of every step that was ever run, a column a field: what a time axis draws.

use super::run::StepReport;
use crate::addr::PAGE_SHIFT;
use crate::ids::Pid;
use crate::machine::Machine;
use crate::mm::Mm;

/// A column a field; numbers of kinds are those of the page's protocol.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)] // their meaning stands at each
pub struct StepColumns {
    /// What the call is about: [`call_group`].
    pub call: Vec<u8>,
    /// 0 ok, 1 error, 2 signal, 3 not run; 0x08 was compared, 0x10 differs, 0x20 excused, 0x40 takes something for granted, 0x80 ended its process.
    pub ending: Vec<u8>,
    pub pid: Vec<u32>,
    /// Faults taken, at most 65,535.
    pub faults: Vec<u16>,
    /// Resident pages of the process afterwards.
    pub rss: Vec<u32>,
    /// The process that a step has made with an address space of its own, or 0, and that one's resident pages.
    pub child: Vec<u32>,
    pub child_rss: Vec<u32>,
    /// Free frames afterwards.
    pub free: Vec<u32>,
    /// Frames that are page tables afterwards.
    pub tables: Vec<u32>,
    /// Since the start.
    pub tlb_fills: Vec<u32>,
    pub tlb_hits: Vec<u32>,
    /// The page it was about; NaN for none.
    pub page: Vec<f64>,
    /// 0 no access, 1 read, 2 write, 3 execute.
    pub access: Vec<u8>,
}

const GROUPS: [&[&str]; 11] = [
    &["mmap", "mmap2", "old_mmap", "shmat", "remap_file_pages", "shmget"],
    &["munmap", "shmdt"],
    &["mprotect", "pkey_mprotect", "pkey_alloc", "pkey_free", "wrpkru", "mseal", "personality"],
    &["madvise", "process_madvise", "msync"],
    &["mremap"],
    &["brk"],
    &["mlock", "mlock2", "munlock", "mlockall", "munlockall"],
    &[
        "fork",
        "vfork",
        "clone",
        "clone3",
        "execve",
        "execveat",
        "exit",
        "exit_group",
        "wait4",
        "pidfd_open",
        "prctl",
        "setrlimit",
        "prlimit64",
        "on",
    ],
    &[
        "open",
        "openat",
        "creat",
        "close",
        "dup",
        "dup2",
        "dup3",
        "fcntl",
        "ftruncate",
        "truncate",
        "fallocate",
        "read",
        "write",
        "fadvise64",
        "pipe2",
        "eventfd2",
        "timerfd_create",
        "socket",
        "socketpair",
        "lseek",
        "readv",
        "writev",
        "preadv",
        "pwritev",
        "pread64",
        "pwrite64",
        "preadto",
        "pwritefrom",
        "fsync",
        "fdatasync",
        "sync",
        "unlink",
        "unlinkat",
        "chmod",
        "fchmod",
        "memfd_create",
        "memfd_secret",
        "ioctl",
        "shmctl",
    ],
    &["load", "store", "execute", "touch_read", "touch_write", "process_vm_readv", "process_vm_writev"],
    &[
        "mincore",
        "maps",
        "snap",
        "pagemap",
        "nmaps",
        "quiet",
        "rdpkru",
        "getpid",
        "stat",
        "fstat",
        "newfstatat",
        "statx",
        "status",
        "smaps",
    ],
];

/// What a call is about: 1 maps, 2 unmaps, 3 protects, 4 advises, 5 moves, 6 the heap, 7 locks, 8 processes, 9 files, 10 an
/// access, 11 only asks; 0 anything else.
pub fn call_group(name: &str) -> u8 {
    GROUPS.iter().position(|calls| calls.contains(&name)).map_or(0, |group| group as u8 + 1)
}

/// What kind of access a statement makes.
fn access_of(name: &str) -> u8 {
    match name {
        "load" | "touch_read" => 1,
        "store" | "touch_write" => 2,
        "execute" => 3,
        _ => 0,
    }
}

/// The process that a step has made, if it does not share the memory of the one that made it.
fn child_of(report: &StepReport, parent: Pid, machine: &Machine) -> Option<Pid> {
    if !matches!(report.call.as_str(), "fork" | "vfork" | "clone" | "clone3") {
        return None;
    }
    let child = Pid(report.result.parse().ok()?);
    let serial = |pid| Some(machine.mm_of(pid)?.serial);
    (serial(child)? != serial(parent)?).then_some(child)
}

fn ending_of(report: &StepReport, is_dead: bool) -> u8 {
    let ending = match report.kind {
        "error" => 1,
        "signal" => 2,
        "skipped" => 3,
        _ => 0,
    };
    let bit = |on: bool, bit| if on { bit } else { 0 };
    let differs = report.differences.iter().any(|difference| difference.excuse.is_empty());
    let excused = report.differences.iter().any(|difference| !difference.excuse.is_empty());
    ending
        | bit(report.compared, 0x08)
        | bit(differs, 0x10)
        | bit(excused, 0x20)
        | bit(report.assumed.is_some(), 0x40)
        | bit(report.kind == "signal" && is_dead, 0x80)
}

impl StepColumns {
    /// How many steps are known.
    pub fn len(&self) -> usize {
        self.call.len()
    }

    /// Whether nothing was run yet.
    pub fn is_empty(&self) -> bool {
        self.call.is_empty()
    }

    /// Notes a step that has just been run.
    pub(super) fn push(&mut self, report: &StepReport, machine: &Machine) {
        let pid = report.pid.unwrap_or(Pid(0));
        let kernel = &machine.kernel;
        let is_dead = machine.process(pid).is_some_and(|process| !process.is_alive());
        self.call.push(call_group(&report.call));
        self.ending.push(ending_of(report, is_dead));
        self.pid.push(pid.0);
        self.faults.push((report.faults.0 + report.faults.1).min(u64::from(u16::MAX)) as u16);
        self.rss.push(machine.mm_of(pid).map_or(0, Mm::rss_total) as u32);
        let child = child_of(report, pid, machine);
        self.child.push(child.map_or(0, |child| child.0));
        self.child_rss.push(child.and_then(|child| machine.mm_of(child)).map_or(0, Mm::rss_total) as u32);
        self.free.push(kernel.phys.free_frames());
        self.tables.push(kernel.mms.iter().map(|(_, mm)| mm.tables.frames(&kernel.phys)).sum::<u64>() as u32);
        self.tlb_fills.push(kernel.cpu.fills as u32);
        self.tlb_hits.push(kernel.cpu.hits as u32);
        self.page.push(report.focus.map_or(f64::NAN, |addr| (addr.0 >> PAGE_SHIFT) as f64));
        self.access.push(access_of(&report.call));
    }

    /// Forgets the steps from one on.
    pub(super) fn truncate(&mut self, step: usize) {
        self.call.truncate(step);
        self.ending.truncate(step);
        self.pid.truncate(step);
        self.faults.truncate(step);
        self.rss.truncate(step);
        self.child.truncate(step);
        self.child_rss.truncate(step);
        self.free.truncate(step);
        self.tables.truncate(step);
        self.tlb_fills.truncate(step);
        self.tlb_hits.truncate(step);
        self.page.truncate(step);
        self.access.truncate(step);
    }
}
