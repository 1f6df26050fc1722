//! A process of the real kernel whose calls and accesses are made from outside, by ptrace.

use crate::stub;
use crate::wait;
use std::collections::VecDeque;
use std::ffi::CString;
use std::fs::File;
use std::mem::zeroed;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// What an access ended in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RealSignal {
    pub(crate) signo: i32,
    pub(crate) code: i32,
    pub(crate) addr: u64,
}

/// How a process starts.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    /// Its root directory.
    pub(crate) root: &'a Path,
    /// The program, below the root.
    pub(crate) program: &'a str,
    /// Whether its one page may be written.
    pub(crate) writable_text: bool,
    pub(crate) uid: u32,
    pub(crate) personality: u64,
    /// Resource, soft and hard limit.
    pub(crate) rlimits: Vec<(u32, u64, u64)>,
    /// Capabilities, by number, that the program must not have.
    pub(crate) dropped_capabilities: Vec<u32>,
}

/// What the process did instead of reaching the end of a piece of the stub.
#[derive(Clone, Copy, Debug)]
enum Stop {
    Done(libc::user_regs_struct),
    Signal(RealSignal),
    /// It made a child that borrows its memory, and waits for it.
    Vfork,
    Ended,
}

/// A traced process.
#[derive(Debug)]
pub(crate) struct Tracee {
    pid: libc::pid_t,
    registers: libc::user_regs_struct,
    /// Where strings and output buffers of calls lie.
    scratch: u64,
    children: VecDeque<libc::pid_t>,
    /// Inside `vfork`, until the child has gone.
    suspended: bool,
    ended: bool,
    maps: File,
    stat: File,
}

fn check(result: libc::c_long, what: &str) -> Result<libc::c_long, String> {
    if result == -1 {
        return Err(format!("{what}: {}", std::io::Error::last_os_error()));
    }
    Ok(result)
}

fn ptrace(request: libc::c_uint, pid: libc::pid_t, addr: u64, data: u64) -> Result<libc::c_long, String> {
    // SAFETY: every request used here takes integers, or addresses of live structures of ours.
    check(unsafe { libc::ptrace(request, pid, addr, data) }, "ptrace")
}

/// Reads a file of /proc whole, from its start.
fn read_again(file: &File) -> Result<String, String> {
    let mut text = Vec::with_capacity(4096);
    let mut piece = [0; 1 << 14];
    loop {
        match file.read_at(&mut piece, text.len() as u64) {
            Ok(0) => return String::from_utf8(text).map_err(|e| e.to_string()),
            Ok(n) => text.extend_from_slice(&piece[..n]),
            // The process has gone.
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// The registers of a stopped process, and its files of /proc.
fn look(pid: libc::pid_t) -> Result<(libc::user_regs_struct, File, File), String> {
    // SAFETY: plain integers, zero is a valid value.
    let mut registers: libc::user_regs_struct = unsafe { zeroed() };
    ptrace(libc::PTRACE_GETREGS, pid, 0, &raw mut registers as u64)?;
    // Not inside a call that the kernel would restart.
    registers.orig_rax = u64::MAX;
    let open = |name: &str| File::open(format!("/proc/{pid}/{name}")).map_err(|e| format!("/proc/{pid}/{name}: {e}"));
    Ok((registers, open("maps")?, open("stat")?))
}

impl Tracee {
    /// Starts the program and stops it at its entry.
    pub(crate) fn start(start: &Start) -> Result<Self, String> {
        let root = CString::new(start.root.as_os_str().as_encoded_bytes()).map_err(|e| e.to_string())?;
        let path = CString::new(start.program).map_err(|e| e.to_string())?;
        // SAFETY: the harness has one thread; the child only makes calls until it execs.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            become_program(start, &root, &path);
        }
        check(pid.into(), "fork")?;
        wait_stop(pid)?;
        let options = libc::PTRACE_O_EXITKILL | libc::PTRACE_O_TRACEFORK | libc::PTRACE_O_TRACEVFORK | libc::PTRACE_O_TRACECLONE;
        ptrace(libc::PTRACE_SETOPTIONS, pid, 0, options as u64)?;
        ptrace(libc::PTRACE_CONT, pid, 0, 0)?;
        wait_stop(pid)?;
        let mut tracee = Self::attach(pid)?;
        tracee.settle(start.writable_text)?;
        Ok(tracee)
    }

    fn attach(pid: libc::pid_t) -> Result<Self, String> {
        let (registers, maps, stat) = look(pid)?;
        Ok(Self { pid, registers, scratch: stub::SCRATCH, children: VecDeque::new(), suspended: false, ended: false, maps, stat })
    }

    /// After `execve`: a new program, a new address space.
    pub(crate) fn start_again(&mut self, writable_text: bool) -> Result<(), String> {
        (self.registers, self.maps, self.stat) = look(self.pid)?;
        self.settle(writable_text)
    }

    /// Puts the page for arguments in order.
    fn settle(&mut self, writable_text: bool) -> Result<(), String> {
        // Written from outside once, the page of the stub is private memory: a fork copies it.
        self.scratch = stub::SCRATCH;
        self.lend(&[&[]])?;
        self.clear_stack()?;
        if !writable_text {
            // Then calls cannot answer there, but in the page of the stack that is present from the start.
            self.scratch = (self.registers.rsp & !4095) + 0x400;
        }
        Ok(())
    }

    /// What `execve` left on the stack is another thing each time, and nobody reads it. The process clears it itself:
    /// a write from outside would mark the pages dirty.
    fn clear_stack(&mut self) -> Result<(), String> {
        let bottom = self.registers.rsp & !4095;
        let len = pagefault::addr::TASK_SIZE - bottom;
        match self.run(stub::CLEAR, |r| (r.rdi, r.rcx, r.rax) = (bottom, len, 0))? {
            Stop::Done(_) => Ok(()),
            stop => Err(format!("the stack of a new program could not be cleared: {stop:?}")),
        }
    }

    pub(crate) fn pid(&self) -> libc::pid_t {
        self.pid
    }

    pub(crate) fn scratch(&self) -> u64 {
        self.scratch
    }

    /// Runs one of the stub's pieces.
    fn run(&mut self, at: u64, set: impl Fn(&mut libc::user_regs_struct)) -> Result<Stop, String> {
        if self.suspended {
            self.suspended = false;
            ptrace(libc::PTRACE_CONT, self.pid, 0, 0)?;
            self.wait_for_stop()?;
        }
        let mut registers = self.registers;
        registers.rip = at;
        set(&mut registers);
        ptrace(libc::PTRACE_SETREGS, self.pid, 0, &raw const registers as u64)?;
        ptrace(libc::PTRACE_CONT, self.pid, 0, 0)?;
        self.wait_for_stop()
    }

    fn wait_for_stop(&mut self) -> Result<Stop, String> {
        loop {
            let status = wait::status_of(self.pid)?;
            if !libc::WIFSTOPPED(status) {
                self.ended = true;
                return Ok(Stop::Ended);
            }
            let (signal, event) = (libc::WSTOPSIG(status), status >> 16);
            if signal == libc::SIGTRAP && event != 0 {
                self.note_child()?;
                if event == libc::PTRACE_EVENT_VFORK {
                    self.suspended = true;
                    return Ok(Stop::Vfork);
                }
                ptrace(libc::PTRACE_CONT, self.pid, 0, 0)?;
                continue;
            }
            // SAFETY: plain integers, zero is a valid value.
            let mut registers: libc::user_regs_struct = unsafe { zeroed() };
            ptrace(libc::PTRACE_GETREGS, self.pid, 0, &raw mut registers as u64)?;
            if signal == libc::SIGTRAP {
                return Ok(Stop::Done(registers));
            }
            // A file that may not grow: as of a program that ignores the signal, the call's error is looked at.
            if matches!(signal, libc::SIGSTOP | libc::SIGCHLD | libc::SIGXFSZ) {
                ptrace(libc::PTRACE_CONT, self.pid, 0, 0)?;
                continue;
            }
            // SAFETY: plain integers, zero is a valid value.
            let mut info: libc::siginfo_t = unsafe { zeroed() };
            ptrace(libc::PTRACE_GETSIGINFO, self.pid, 0, &raw mut info as u64)?;
            // SAFETY: SIGSEGV and SIGBUS carry an address.
            let addr = unsafe { info.si_addr() } as u64;
            return Ok(Stop::Signal(RealSignal { signo: signal, code: info.si_code, addr }));
        }
    }

    /// Remembers the child of a fork event; it is stopped and traced already.
    fn note_child(&mut self) -> Result<(), String> {
        let mut child: libc::c_ulong = 0;
        ptrace(libc::PTRACE_GETEVENTMSG, self.pid, 0, &raw mut child as u64)?;
        wait_stop(child as libc::pid_t)?;
        self.children.push_back(child as libc::pid_t);
        Ok(())
    }

    /// Makes a system call: the value of RAX. `None` if it did not come back.
    pub(crate) fn syscall(&mut self, number: u64, args: [u64; 6]) -> Result<Option<i64>, String> {
        let done = self.run(stub::SYSCALL, |r| {
            (r.rax, r.rdi, r.rsi, r.rdx) = (number, args[0], args[1], args[2]);
            (r.r10, r.r8, r.r9) = (args[3], args[4], args[5]);
        })?;
        match done {
            Stop::Done(registers) => Ok(Some(registers.rax as i64)),
            Stop::Vfork => Ok(self.children.back().map(|pid| (*pid).into())),
            Stop::Ended => Ok(None),
            Stop::Signal(signal) => Err(format!("system call {number} raised {signal:?}")),
        }
    }

    /// The child that the last fork made, as a tracee of its own. It stands right behind its fork.
    pub(crate) fn take_child(&mut self) -> Result<Option<Tracee>, String> {
        let Some(pid) = self.children.pop_front() else { return Ok(None) };
        let mut child = Tracee::attach(pid)?;
        (child.registers, child.scratch) = (self.registers, self.scratch);
        // It leaves the call it was born in.
        child.syscall(libc::SYS_getpid as u64, [0; 6])?;
        Ok(Some(child))
    }

    pub(crate) fn load(&mut self, addr: u64) -> Result<Result<u8, RealSignal>, String> {
        match self.run(stub::LOAD, |r| r.rdi = addr)? {
            Stop::Done(registers) => Ok(Ok(registers.rax as u8)),
            Stop::Signal(signal) => Ok(Err(signal)),
            stop => Err(format!("a load ended in {stop:?}")),
        }
    }

    pub(crate) fn store(&mut self, addr: u64, byte: u8) -> Result<Result<(), RealSignal>, String> {
        match self.run(stub::STORE, |r| (r.rdi, r.rsi) = (addr, byte.into()))? {
            Stop::Done(_) => Ok(Ok(())),
            Stop::Signal(signal) => Ok(Err(signal)),
            stop => Err(format!("a store ended in {stop:?}")),
        }
    }

    /// RDPKRU. It and WRPKRU fault on a CPU without protection keys.
    pub(crate) fn read_pkru(&mut self) -> Result<u32, String> {
        match self.run(stub::READ_PKRU, |r| r.rcx = 0)? {
            Stop::Done(registers) => Ok(registers.rax as u32),
            stop => Err(format!("rdpkru ended in {stop:?}")),
        }
    }

    /// WRPKRU.
    pub(crate) fn write_pkru(&mut self, pkru: u32) -> Result<(), String> {
        match self.run(stub::WRITE_PKRU, |r| (r.rax, r.rcx, r.rdx) = (pkru.into(), 0, 0))? {
            Stop::Done(_) => Ok(()),
            stop => Err(format!("wrpkru ended in {stop:?}")),
        }
    }

    /// Jumps to an address: a signal that is about the fetch is the answer.
    pub(crate) fn execute(&mut self, addr: u64) -> Result<Result<(), RealSignal>, String> {
        match self.run(stub::EXECUTE, |r| r.rdi = addr)? {
            Stop::Signal(signal) if matches!(signal.signo, libc::SIGSEGV | libc::SIGBUS) => {
                // SAFETY: plain integers, zero is a valid value.
                let mut now: libc::user_regs_struct = unsafe { zeroed() };
                ptrace(libc::PTRACE_GETREGS, self.pid, 0, &raw mut now as u64)?;
                // What lies there was fetched; what it then did is not asked.
                Ok(if now.rip == addr && signal.addr == addr { Err(signal) } else { Ok(()) })
            }
            Stop::Done(_) | Stop::Signal(_) => Ok(Ok(())),
            stop => Err(format!("a fetch ended in {stop:?}")),
        }
    }

    /// Puts arguments where calls can read them; their addresses.
    pub(crate) fn lend(&mut self, all: &[&[u8]]) -> Result<Vec<u64>, String> {
        let mut text = Vec::new();
        let mut places = Vec::new();
        for bytes in all {
            places.push(self.scratch + text.len() as u64);
            text.extend_from_slice(bytes);
            text.resize((text.len() + 1).next_multiple_of(8), 0);
        }
        if text.len() > stub::SCRATCH_BYTES {
            return Err(format!("{} bytes of arguments: at most {}", text.len(), stub::SCRATCH_BYTES));
        }
        for (i, word) in text.chunks(8).enumerate() {
            let value = u64::from_le_bytes(word.try_into().expect("eight bytes"));
            ptrace(libc::PTRACE_POKEDATA, self.pid, self.scratch + 8 * i as u64, value)?;
        }
        Ok(places)
    }

    pub(crate) fn read_back(&self, len: usize) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        while bytes.len() < len {
            let at = self.scratch + bytes.len() as u64;
            // SAFETY: the kernel writes the word through glibc's wrapper, which returns it.
            let word = unsafe { libc::ptrace(libc::PTRACE_PEEKDATA, self.pid, at, 0) };
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        bytes.truncate(len);
        Ok(bytes)
    }

    /// Minor and major faults so far.
    pub(crate) fn faults(&self) -> Result<(u64, u64), String> {
        let stat = read_again(&self.stat)?;
        let mut fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(7);
        let mut next = || fields.next().and_then(|field| field.parse().ok()).ok_or("no fault counts in stat");
        let minor = next()?;
        next()?;
        Ok((minor, next()?))
    }

    /// `/proc/PID/maps`.
    pub(crate) fn maps(&self) -> Result<String, String> {
        read_again(&self.maps)
    }

    /// Another file of `/proc/PID`.
    pub(crate) fn proc_file(&self, name: &str) -> Result<String, String> {
        std::fs::read_to_string(format!("/proc/{}/{name}", self.pid)).map_err(|e| e.to_string())
    }

    /// Ends it.
    pub(crate) fn kill(&mut self) {
        while let Some(child) = self.children.pop_front() {
            wait::end(child);
        }
        if !self.ended {
            wait::end(self.pid);
            self.ended = true;
        }
    }
}

impl Drop for Tracee {
    fn drop(&mut self) {
        self.kill();
    }
}

fn wait_stop(pid: libc::pid_t) -> Result<(), String> {
    let status = wait::status_of(pid)?;
    if libc::WIFSTOPPED(status) {
        return Ok(());
    }
    let right = RIGHTS.iter().find(|(code, _)| libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == *code);
    Err(right.map_or(format!("the program ended (status {status:#x})"), |(_, right)| format!("the harness may not {right} here")))
}

const NO_IPC: i32 = 120;
const NO_MOUNTS: i32 = 121;
const NO_PROC: i32 = 122;
const NO_SHM: i32 = 123;
const NO_TRACE: i32 = 124;
const NO_USER: i32 = 118;
const NO_LIMITS: i32 = 119;
const NO_CHROOT: i32 = 126;
const NO_EXEC: i32 = 127;

/// What a program that could not be started was not allowed to do, by its exit code.
const RIGHTS: &[(i32, &str)] = &[
    (NO_IPC, "give a process SysV segments of its own (CAP_SYS_ADMIN)"),
    (NO_MOUNTS, "give a process mounts of its own (CAP_SYS_ADMIN)"),
    (NO_PROC, "mount /proc (CAP_SYS_ADMIN)"),
    (NO_SHM, "mount /dev/shm (CAP_SYS_ADMIN)"),
    (NO_TRACE, "trace a process"),
    (NO_USER, "start a process as another user (CAP_SETUID, CAP_SETGID)"),
    (NO_LIMITS, "raise the limits of a process (CAP_SYS_RESOURCE, or higher hard limits)"),
    (NO_CHROOT, "give a process a root directory of its own (CAP_SYS_CHROOT)"),
    (NO_EXEC, "start the program of the tests (is its folder mounted noexec?)"),
];

/// Ends the child that was to become a program, if something it needs is refused.
///
/// # Safety
/// Only in a child that has nothing to clean up.
unsafe fn need(done: bool, code: i32) {
    if !done {
        // SAFETY: as the caller says.
        unsafe { libc::_exit(code) };
    }
}

/// The child's way from fork to exec.
fn become_program(start: &Start, root: &std::ffi::CStr, path: &std::ffi::CStr) -> ! {
    // SAFETY: calls with integers and with strings that outlive them.
    unsafe {
        libc::personality(start.personality);
        for (resource, cur, max) in &start.rlimits {
            let limit = libc::rlimit { rlim_cur: *cur, rlim_max: *max };
            need(libc::setrlimit(*resource, &limit) == 0, NO_LIMITS);
        }
        // SysV segments of its own, which go with it.
        need(libc::unshare(libc::CLONE_NEWIPC) == 0, NO_IPC);
        // Whatever a script asks for, it is the first to go when the machine has no memory left.
        let score = libc::open(c"/proc/self/oom_score_adj".as_ptr(), libc::O_WRONLY);
        libc::write(score, c"1000".as_ptr().cast(), 4);
        libc::close(score);
        let null = libc::open(c"/dev/null".as_ptr(), libc::O_RDWR);
        for fd in 0..3 {
            libc::dup2(null, fd);
        }
        libc::close_range(3, libc::c_uint::MAX, 0);
        // Mounts of its own, which go with it: a /proc and a /dev/shm below its root.
        need(libc::unshare(libc::CLONE_NEWNS) == 0, NO_MOUNTS);
        libc::mount(std::ptr::null(), c"/".as_ptr(), std::ptr::null(), libc::MS_REC | libc::MS_PRIVATE, std::ptr::null());
        need(libc::chroot(root.as_ptr()) == 0 && libc::chdir(c"/".as_ptr()) == 0, NO_CHROOT);
        let mounted = libc::mount(c"proc".as_ptr(), c"/proc".as_ptr(), c"proc".as_ptr(), 0, std::ptr::null());
        need(mounted == 0, NO_PROC);
        let options = c"mode=1777,huge=never".as_ptr().cast();
        need(libc::mount(c"tmpfs".as_ptr(), c"/dev/shm".as_ptr(), c"tmpfs".as_ptr(), 0, options) == 0, NO_SHM);
        for capability in &start.dropped_capabilities {
            libc::prctl(libc::PR_CAPBSET_DROP, *capability as libc::c_ulong, 0, 0, 0);
        }
        if start.uid != 0 {
            libc::setgroups(0, std::ptr::null());
            need(libc::setresgid(start.uid, start.uid, start.uid) == 0, NO_USER);
            need(libc::setresuid(start.uid, start.uid, start.uid) == 0, NO_USER);
        }
        libc::umask(0o022);
        need(libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) == 0, NO_TRACE);
        let argv = [path.as_ptr(), std::ptr::null()];
        let envp = [std::ptr::null()];
        libc::execve(path.as_ptr(), argv.as_ptr(), envp.as_ptr());
        libc::_exit(NO_EXEC)
    }
}
