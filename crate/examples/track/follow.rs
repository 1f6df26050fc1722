//! Sees the calls of a process by ptrace and tells them to an [`AddressSpace`].

use crate::child::{ARGUMENT, MARK};
use pagefault::addr::VirtAddr;
use pagefault::flags::{MapFlags, Prot};
use pagefault::track::{AddressSpace, Event, FileKind, MappedFile, Mmap, MremapFlags};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Why a process could not be followed to its end.
pub enum Failure {
    /// Nobody may trace here.
    CannotTrace(String),
    /// The tracker is wrong.
    Differs(String),
}

/// An event, and whether the kernel refused the call.
pub type Told = (Event<'static>, bool);

/// What was seen.
pub struct Followed {
    /// Maps, with counters and flags, at the attach.
    pub smaps: String,
    /// The start of the stack pointer, and the heap.
    pub landmarks: [u64; 3],
    pub events: Vec<Told>,
    pub refused: usize,
    pub areas: usize,
}

fn ptrace(request: libc::c_uint, pid: libc::pid_t, data: u64) -> Result<(), Failure> {
    // SAFETY: the requests used here write at most to `data`, which outlives the call.
    let done = unsafe { libc::ptrace(request, pid, 0, data) };
    if done == -1 { Err(Failure::CannotTrace(std::io::Error::last_os_error().to_string())) } else { Ok(()) }
}

/// Waits for the next stop; `false` at the end of the process.
fn wait(pid: libc::pid_t) -> Result<bool, Failure> {
    let mut status = 0;
    // SAFETY: the status is ours.
    if unsafe { libc::waitpid(pid, &raw mut status, 0) } != pid {
        return Err(Failure::CannotTrace(std::io::Error::last_os_error().to_string()));
    }
    if libc::WIFSIGNALED(status) {
        return Err(Failure::Differs(format!("the process died of signal {}", libc::WTERMSIG(status))));
    }
    Ok(libc::WIFSTOPPED(status))
}

/// A process that stops at each of its calls.
struct Tracee {
    pid: libc::pid_t,
    /// It must be waited for by nobody else, and ends with this.
    process: std::process::Child,
}

impl Drop for Tracee {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Tracee {
    fn start(seed: u64, events: u64) -> Result<Self, Failure> {
        let cannot = |error: std::io::Error| Failure::CannotTrace(error.to_string());
        let mut command = Command::new(std::env::current_exe().map_err(cannot)?);
        // Some of its calls are no events.
        command.args([ARGUMENT, &seed.to_string(), &(2 * events).to_string()]);
        let trace_me = || {
            // SAFETY: no argument is looked at.
            if unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) } == -1 { Err(std::io::Error::last_os_error()) } else { Ok(()) }
        };
        // SAFETY: one system call between fork and exec.
        unsafe { command.pre_exec(trace_me) };
        let process = command.spawn().map_err(cannot)?;
        let tracee = Self { pid: process.id() as libc::pid_t, process };
        wait(tracee.pid)?;
        ptrace(libc::PTRACE_SETOPTIONS, tracee.pid, (libc::PTRACE_O_TRACESYSGOOD | libc::PTRACE_O_EXITKILL) as u64)?;
        Ok(tracee)
    }

    /// Goes on to the end of the next call: number, arguments, result. `None` at the end of the process.
    fn next_call(&self) -> Result<Option<(i64, [u64; 6], i64)>, Failure> {
        for _ in 0..2 {
            ptrace(libc::PTRACE_SYSCALL, self.pid, 0)?;
            if !wait(self.pid)? {
                return Ok(None);
            }
        }
        // SAFETY: plain numbers.
        let mut r: libc::user_regs_struct = unsafe { std::mem::zeroed() };
        ptrace(libc::PTRACE_GETREGS, self.pid, &raw mut r as u64)?;
        Ok(Some((r.orig_rax as i64, [r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9], r.rax as i64)))
    }

    fn proc(&self, file: &str) -> Result<String, Failure> {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.pid)).map_err(|error| Failure::CannotTrace(error.to_string()))
    }

    /// Start of the stack pointer, start of the heap (fields 28 and 47 of `stat`, of which the second is in parentheses).
    fn landmarks(&self) -> Result<(u64, u64), Failure> {
        let stat = self.proc("stat")?;
        let behind = stat.rsplit_once(')').map_or("", |(_, behind)| behind);
        let field = |number: usize| behind.split_whitespace().nth(number - 3).and_then(|text| text.parse().ok()).unwrap_or(0);
        Ok((field(28), field(47)))
    }

    /// The file behind an address, as perf would tell it with the call: its line of maps.
    fn file_at(&self, at: u64, fd: u64) -> Result<Option<MappedFile<'static>>, Failure> {
        let maps = self.proc("maps")?;
        let wanted = |line: &&str| {
            let ends = line.split(' ').next().and_then(|range| range.split_once('-'));
            let number = |text: &str| u64::from_str_radix(text, 16).unwrap_or(0);
            ends.is_some_and(|(start, end)| (number(start)..number(end)).contains(&at))
        };
        let Some(line) = maps.lines().find(wanted) else { return Ok(None) };
        let words: Vec<_> = line.split_whitespace().collect();
        let dev = words[3].split_once(':').map_or((0, 0), |(major, minor)| (hex(major), hex(minor)));
        let path = words[5..].join(" ").leak();
        let kind = if path.starts_with("/memfd:") { FileKind::Memory } else { FileKind::Disk };
        Ok(Some(MappedFile { dev, ino: words[4].parse().unwrap_or(0), path, open: fd, writable: kind == FileKind::Memory, kind }))
    }
}

fn hex(text: &str) -> u32 {
    u32::from_str_radix(text, 16).unwrap_or(0)
}

/// The address space at the moment of attaching.
pub fn attach(smaps: &str, landmarks: [u64; 3]) -> AddressSpace {
    let mut space = AddressSpace::from_maps(smaps).expect("the kernel's own text");
    let [stack, start_brk, brk] = landmarks.map(VirtAddr);
    space.set_start_stack(stack);
    space.set_heap(start_brk, brk);
    space
}

/// What a call was; `None` if it was about something else.
fn event_of(tracee: &Tracee, (number, args, result): (i64, [u64; 6], i64)) -> Result<Option<Told>, Failure> {
    let refused = (-4095..0).contains(&result);
    let (at, len) = (VirtAddr(args[0]), args[1]);
    let answered = |asked: u64| VirtAddr(if refused { asked } else { result as u64 });
    let event = match number {
        libc::SYS_mmap => {
            let flags = MapFlags::from_bits_retain(args[3]);
            let has_file = !flags.contains(MapFlags::ANONYMOUS) || flags.map_type() == 1;
            let file = if has_file && !refused { tracee.file_at(result as u64, args[4])? } else { None };
            Event::Mmap(Mmap { at: answered(args[0]), len, prot: Prot::from_bits_retain(args[2]), flags, file, offset: args[5] })
        }
        libc::SYS_munmap => Event::Munmap { at, len },
        libc::SYS_mprotect => Event::Mprotect { at, len, prot: Prot::from_bits_retain(args[2]) },
        libc::SYS_mremap => {
            let flags = MremapFlags::from_bits_retain(args[3]);
            Event::Mremap { at, old_len: len, new_len: args[2], flags, to: answered(args[4]) }
        }
        libc::SYS_brk => Event::Brk { to: answered(0) },
        libc::SYS_madvise => Event::Madvise { at, len, advice: args[2] as i64 },
        libc::SYS_mlock => Event::Mlock { at, len, flags: 0 },
        libc::SYS_munlock => Event::Munlock { at, len },
        // Not a call about memory, but one by which the kernel writes to it.
        libc::SYS_read if result > 0 => Event::Written { at: VirtAddr(args[1]), len: result as u64 },
        _ => return Ok(None),
    };
    Ok(Some((event, refused)))
}

/// The first line in which two texts differ.
fn difference(ours: &str, theirs: &str) -> String {
    let at = ours.lines().zip(theirs.lines()).take_while(|(a, b)| a == b).count();
    let from = at.saturating_sub(2);
    let part = |text: &str| text.lines().skip(from).take(8).map(|line| format!("    {line}\n")).collect::<String>();
    format!("  here:\n{}  in the kernel:\n{}", part(ours), part(theirs))
}

/// The stacks that accesses from an address on let grow: no call tells of them, but maps does. What lies before a stack
/// was written before it grew, and did not touch it yet.
fn grown(space: &AddressSpace, maps: &str, at: VirtAddr) -> Vec<Event<'static>> {
    let ends = maps.lines().filter_map(|line| line.split(' ').next()?.split_once('-'));
    let numbers = ends.filter_map(|(start, end)| Some((u64::from_str_radix(start, 16).ok()?, u64::from_str_radix(end, 16).ok()?)));
    let lower = numbers.filter(|(start, end)| space.at(VirtAddr(*start)).is_none() && space.at(VirtAddr(end - 1)).is_some());
    let events = lower.flat_map(|(start, _)| {
        let before = (at.0 < start).then_some(Event::Written { at, len: start.saturating_sub(at.0) });
        before.into_iter().chain([Event::Grown { to: VirtAddr(start) }])
    });
    events.collect()
}

/// The lines about what an event speaks of.
fn near(maps: &str, event: &Event) -> String {
    let range = event.range();
    let to = if let Event::Mremap { to, .. } = event { to.0 } else { range.start.0 };
    let about = |line: &&str| {
        let ends = line.split(' ').next().and_then(|range| range.split_once('-'));
        let number = |text: &str| u64::from_str_radix(text, 16).unwrap_or(0);
        let margin = 8 << 12;
        let meets = |start: u64, end: u64, (low, high): (u64, u64)| start < high + margin && end + margin > low;
        ends.is_some_and(|(start, end)| {
            let (start, end) = (number(start), number(end));
            meets(start, end, (range.start.0, range.end.0)) || meets(start, end, (to, to + range.len()))
        })
    };
    maps.lines().filter(about).map(|line| format!("    {line}\n")).collect()
}

/// Follows a process of `count` events and compares after each.
pub fn follow(seed: u64, count: u64) -> Result<Followed, Failure> {
    let tracee = Tracee::start(seed, count)?;
    loop {
        match tracee.next_call()? {
            Some((libc::SYS_getppid, [MARK, ..], _)) => break,
            Some(_) => {}
            None => return Err(Failure::Differs("the process ended before it began".into())),
        }
    }
    let (start_stack, start_brk) = tracee.landmarks()?;
    let smaps = tracee.proc("smaps")?;
    let heap = smaps.lines().rfind(|line| line.ends_with("[heap]")).and_then(|line| line.split(['-', ' ']).nth(1));
    let brk = heap.and_then(|end| u64::from_str_radix(end, 16).ok()).unwrap_or(start_brk);
    let landmarks = [start_stack, start_brk, brk];
    let mut space = attach(&smaps, landmarks);
    let mut followed = Followed { smaps, landmarks, events: Vec::new(), refused: 0, areas: 0 };
    while (followed.events.len() as u64) < count {
        let Some(call) = tracee.next_call()? else { break };
        if call.0 == libc::SYS_read {
            for event in grown(&space, &tracee.proc("maps")?, VirtAddr(call.1[1])) {
                space.apply(&event).map_err(|error| Failure::Differs(error.to_string()))?;
                followed.events.push((event, false));
            }
        }
        let Some((event, refused)) = event_of(&tracee, call)? else { continue };
        let before = space.maps_text();
        let said = |what: String| {
            let number = followed.events.len() + 1;
            Failure::Differs(format!("event {number}, {event:x?} = {:#x}: {what}  before:\n{}", call.2, near(&before, &event)))
        };
        if refused {
            space.apply_refused(&event);
        } else {
            space.apply(&event).map_err(|error| said(error.to_string()))?;
        }
        let (ours, theirs) = (space.maps_text(), tracee.proc("maps")?);
        if ours != theirs {
            return Err(said(format!("other maps\n{}", difference(&ours, &theirs))));
        }
        followed.events.push((event, refused));
        followed.refused += usize::from(refused);
    }
    followed.areas = space.len();
    Ok(followed)
}
