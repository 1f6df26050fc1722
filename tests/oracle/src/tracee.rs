//! A process of the real kernel whose calls and accesses are made from outside, by ptrace.

use crate::stub;
use std::collections::VecDeque;
use std::ffi::CString;
use std::mem::zeroed;
use std::path::Path;

/// A page of the initial stack that the program never uses: strings and output buffers of calls lie
/// there. It is present from the start, so that using it takes no fault.
const SCRATCH_OFFSET: u64 = 0x400;

/// What an access ended in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RealSignal {
    pub(crate) signo: i32,
    pub(crate) code: i32,
    pub(crate) addr: u64,
}

/// A traced process.
#[derive(Debug)]
pub(crate) struct Tracee {
    pid: libc::pid_t,
    scratch: u64,
    children: VecDeque<libc::pid_t>,
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

impl Tracee {
    /// Starts the stub without address randomisation and stops it at its entry.
    pub(crate) fn start(program: &Path) -> Result<Self, String> {
        let path = CString::new(program.as_os_str().as_encoded_bytes()).map_err(|e| e.to_string())?;
        // SAFETY: between fork and exec only async-signal-safe calls are made.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            // SAFETY: as above; the arrays outlive the call.
            unsafe {
                libc::personality(0x0040000);
                let stack = libc::rlimit { rlim_cur: 8 << 20, rlim_max: libc::RLIM_INFINITY };
                libc::setrlimit(libc::RLIMIT_STACK, &stack);
                libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0);
                let null = libc::open(c"/dev/null".as_ptr(), libc::O_RDWR);
                for fd in 0..3 {
                    libc::dup2(null, fd);
                }
                libc::close_range(3, libc::c_uint::MAX, 0);
                let argv = [path.as_ptr(), std::ptr::null()];
                let envp = [std::ptr::null()];
                libc::execve(path.as_ptr(), argv.as_ptr(), envp.as_ptr());
                libc::_exit(127);
            }
        }
        check(pid.into(), "fork")?;
        let mut tracee = Self { pid, scratch: 0, children: VecDeque::new() };
        tracee.wait_stop()?;
        let options = libc::PTRACE_O_EXITKILL | libc::PTRACE_O_TRACEFORK;
        ptrace(libc::PTRACE_SETOPTIONS, pid, 0, options as u64)?;
        ptrace(libc::PTRACE_CONT, pid, 0, 0)?;
        tracee.wait_stop()?;
        let stack = tracee.registers()?.rsp;
        tracee.scratch = (stack & !4095) + SCRATCH_OFFSET;
        Ok(tracee)
    }

    fn wait_stop(&self) -> Result<i32, String> {
        let mut status = 0;
        // SAFETY: status is ours.
        check(unsafe { libc::waitpid(self.pid, &mut status, libc::__WALL) }.into(), "waitpid")?;
        if libc::WIFSTOPPED(status) { Ok(status) } else { Err(format!("the program ended (status {status:#x})")) }
    }

    fn registers(&self) -> Result<libc::user_regs_struct, String> {
        // SAFETY: plain integers, zero is a valid value.
        let mut registers: libc::user_regs_struct = unsafe { zeroed() };
        ptrace(libc::PTRACE_GETREGS, self.pid, 0, &raw mut registers as u64)?;
        Ok(registers)
    }

    /// Runs one of the stub's pieces: the registers at its breakpoint, or the signal that stopped it.
    fn run(&mut self, at: u64, set: impl Fn(&mut libc::user_regs_struct)) -> Result<Result<libc::user_regs_struct, RealSignal>, String> {
        let mut registers = self.registers()?;
        registers.rip = at;
        // Not inside a call that the kernel would restart.
        registers.orig_rax = u64::MAX;
        set(&mut registers);
        ptrace(libc::PTRACE_SETREGS, self.pid, 0, &raw const registers as u64)?;
        ptrace(libc::PTRACE_CONT, self.pid, 0, 0)?;
        loop {
            let status = self.wait_stop()?;
            let signal = libc::WSTOPSIG(status);
            if signal == libc::SIGTRAP && status >> 16 != 0 {
                self.note_child()?;
                ptrace(libc::PTRACE_CONT, self.pid, 0, 0)?;
                continue;
            }
            if signal == libc::SIGTRAP {
                return Ok(Ok(self.registers()?));
            }
            if signal == libc::SIGSTOP || signal == libc::SIGCHLD {
                ptrace(libc::PTRACE_CONT, self.pid, 0, 0)?;
                continue;
            }
            // SAFETY: plain integers, zero is a valid value.
            let mut info: libc::siginfo_t = unsafe { zeroed() };
            ptrace(libc::PTRACE_GETSIGINFO, self.pid, 0, &raw mut info as u64)?;
            // SAFETY: SIGSEGV and SIGBUS carry an address.
            let addr = unsafe { info.si_addr() } as u64;
            return Ok(Err(RealSignal { signo: signal, code: info.si_code, addr }));
        }
    }

    /// Remembers the child of a fork event; it is stopped and traced already.
    fn note_child(&mut self) -> Result<(), String> {
        let mut child: libc::c_ulong = 0;
        ptrace(libc::PTRACE_GETEVENTMSG, self.pid, 0, &raw mut child as u64)?;
        let mut status = 0;
        // SAFETY: status is ours.
        check(unsafe { libc::waitpid(child as libc::pid_t, &mut status, libc::__WALL) }.into(), "waitpid")?;
        self.children.push_back(child as libc::pid_t);
        Ok(())
    }

    /// Makes a system call: the value of RAX.
    pub(crate) fn syscall(&mut self, number: u64, args: [u64; 6]) -> Result<i64, String> {
        let done = self.run(stub::SYSCALL, |r| {
            (r.rax, r.rdi, r.rsi, r.rdx) = (number, args[0], args[1], args[2]);
            (r.r10, r.r8, r.r9) = (args[3], args[4], args[5]);
        })?;
        match done {
            Ok(registers) => Ok(registers.rax as i64),
            Err(signal) => Err(format!("a system call raised {signal:?}")),
        }
    }

    /// The child that the last fork made, as a tracee of its own. It stands right behind its fork.
    pub(crate) fn take_child(&mut self) -> Option<Tracee> {
        let pid = self.children.pop_front()?;
        let mut child = Tracee { pid, scratch: self.scratch, children: VecDeque::new() };
        // The child must fetch the stub's page anew: a fault of the harness, not of the script.
        child.syscall(libc::SYS_getpid as u64, [0; 6]).ok()?;
        Some(child)
    }

    pub(crate) fn load(&mut self, addr: u64) -> Result<Result<u8, RealSignal>, String> {
        Ok(self.run(stub::LOAD, |r| r.rdi = addr)?.map(|registers| registers.rax as u8))
    }

    pub(crate) fn store(&mut self, addr: u64, byte: u8) -> Result<Result<(), RealSignal>, String> {
        let set = |r: &mut libc::user_regs_struct| (r.rdi, r.rsi) = (addr, byte.into());
        Ok(self.run(stub::STORE, set)?.map(|_| ()))
    }

    /// Jumps to an address: a signal that is about the fetch is the answer.
    pub(crate) fn execute(&mut self, addr: u64) -> Result<Result<(), RealSignal>, String> {
        match self.run(stub::EXECUTE, |r| r.rdi = addr)? {
            Err(signal) if signal.signo == libc::SIGSEGV && self.registers()?.rip == addr => Ok(Err(signal)),
            _ => Ok(Ok(())),
        }
    }

    /// Puts bytes where calls can read them; their address.
    pub(crate) fn lend(&mut self, bytes: &[u8]) -> Result<u64, String> {
        let mut padded = bytes.to_vec();
        padded.resize(bytes.len().next_multiple_of(8) + 8, 0);
        for (i, word) in padded.chunks(8).enumerate() {
            let value = u64::from_le_bytes(word.try_into().expect("eight bytes"));
            ptrace(libc::PTRACE_POKEDATA, self.pid, self.scratch + 8 * i as u64, value)?;
        }
        Ok(self.scratch)
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

    /// Minor faults so far.
    pub(crate) fn minor_faults(&self) -> Result<u64, String> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).map_err(|e| e.to_string())?;
        let mut fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        fields.nth(7).and_then(|field| field.parse().ok()).ok_or_else(|| "no minflt in stat".to_string())
    }

    pub(crate) fn maps(&self) -> Result<String, String> {
        std::fs::read_to_string(format!("/proc/{}/maps", self.pid)).map_err(|e| e.to_string())
    }

    /// Ends it.
    pub(crate) fn kill(&mut self) {
        // SAFETY: a process of ours, by its number; it is reaped at once.
        unsafe {
            libc::kill(self.pid, libc::SIGKILL);
            libc::waitpid(self.pid, std::ptr::null_mut(), libc::__WALL);
        }
        while let Some(mut child) = self.take_child() {
            child.kill();
        }
    }
}

impl Drop for Tracee {
    fn drop(&mut self) {
        self.kill();
    }
}
