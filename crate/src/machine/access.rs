//! Loads, stores and fetches of a process. A hardware fault goes to the memory manager; if it could be mended the
//! access is tried again.

use super::Machine;
use super::process::Ended;
use crate::addr::VirtAddr;
use crate::ids::Pid;
use crate::mm::fault::FaultFrom;
use crate::mmu::{Access, HardwareFault};
use crate::signal::{SigNo, Signal};
use std::ops::Range;

/// A fault that was handled is tried again; a machine that handles the same one for ever has a bug.
const MOST_RETRIES: u32 = 64;

impl Machine {
    /// Reads bytes as the program would, page by page: one that had to be brought in is tried again alone.
    ///
    /// # Errors
    /// The signal; bytes before the faulting one have been read.
    pub fn load(&mut self, pid: Pid, addr: VirtAddr, into: &mut [u8]) -> Result<(), Signal> {
        self.in_pages(pid, addr, into.len(), Access::Read, |m, at, part| {
            m.kernel.cpu.read(&mut m.kernel.phys, at, &mut into[part], &mut m.kernel.trace)
        })
    }

    /// Writes bytes as the program would, page by page.
    ///
    /// # Errors
    /// The signal; pages before the faulting one have been written.
    pub fn store(&mut self, pid: Pid, addr: VirtAddr, from: &[u8]) -> Result<(), Signal> {
        self.in_pages(pid, addr, from.len(), Access::Write, |m, at, part| {
            m.kernel.cpu.write(&mut m.kernel.phys, at, &from[part], &mut m.kernel.trace)
        })
    }

    /// Writes the low `size` bytes (1 to 8) of a word, little-endian, as one instruction: all of them or none.
    ///
    /// # Errors
    /// The signal; nothing has been written.
    pub fn store_word(&mut self, pid: Pid, addr: VirtAddr, word: u64, size: usize) -> Result<(), Signal> {
        let bytes = word.to_le_bytes();
        let bytes = &bytes[..size.min(8)];
        self.access(pid, addr, Access::Write, |m| m.kernel.cpu.write_word(&mut m.kernel.phys, addr, bytes, &mut m.kernel.trace))
    }

    /// Accesses a range page by page.
    fn in_pages(
        &mut self,
        pid: Pid,
        addr: VirtAddr,
        len: usize,
        access: Access,
        mut body: impl FnMut(&mut Self, VirtAddr, Range<usize>) -> Result<(), HardwareFault>,
    ) -> Result<(), Signal> {
        self.operate(pid, addr, |m| {
            addr.page_parts(len).try_for_each(|(at, part)| m.retry(FaultFrom::User, at, access, &mut |m| body(m, at, part.clone())))
        })
    }

    /// Fetches an instruction at an address: only the permission counts, nothing is run.
    ///
    /// # Errors
    /// The signal.
    pub fn execute(&mut self, pid: Pid, addr: VirtAddr) -> Result<(), Signal> {
        self.touch(pid, addr, Access::Execute)
    }

    /// WRPKRU: what each protection key forbids the process from now on.
    pub fn write_pkru(&mut self, pid: Pid, pkru: u32) {
        if self.switch_to(pid).is_ok() && self.kernel.sysctl.pku {
            self.kernel.write_pkru(pkru);
        }
    }

    /// RDPKRU.
    pub fn read_pkru(&mut self, pid: Pid) -> u32 {
        self.switch_to(pid).map_or(0, |()| self.kernel.task().pkru)
    }

    /// Accesses one byte without moving data.
    ///
    /// # Errors
    /// The signal.
    pub fn touch(&mut self, pid: Pid, addr: VirtAddr, access: Access) -> Result<(), Signal> {
        self.access(pid, addr, access, |m| m.kernel.cpu.translate(&mut m.kernel.phys, addr, access, &mut m.kernel.trace).map(|_| ()))
    }

    fn access(
        &mut self,
        pid: Pid,
        addr: VirtAddr,
        access: Access,
        mut body: impl FnMut(&mut Self) -> Result<(), HardwareFault>,
    ) -> Result<(), Signal> {
        self.operate(pid, addr, |m| m.retry(FaultFrom::User, addr, access, &mut body))
    }

    /// Lets a process run an operation.
    fn operate(&mut self, pid: Pid, addr: VirtAddr, body: impl FnOnce(&mut Self) -> Result<(), Signal>) -> Result<(), Signal> {
        if self.switch_to(pid).is_err() {
            return Err(Signal { signo: SigNo::Kill, code: crate::signal::SiCode::SI_KERNEL, addr });
        }
        self.kernel.begin_operation();
        let result = body(self);
        if self.kernel.oom_kills > 0 {
            self.bury_oom_victims();
        }
        self.check_after_operation();
        result
    }

    /// Makes an access until it succeeds or its fault cannot be mended.
    pub(super) fn retry(
        &mut self,
        from: FaultFrom,
        addr: VirtAddr,
        access: Access,
        body: &mut impl FnMut(&mut Self) -> Result<(), HardwareFault>,
    ) -> Result<(), Signal> {
        if !addr.is_canonical(self.kernel.cpu.levels) {
            // It never reaches the page tables.
            return self.kernel.exc_page_fault(HardwareFault::new(addr, access, true), from);
        }
        let mut last = None;
        let mut same = 0;
        loop {
            let Err(mut fault) = body(self) else { return Ok(()) };
            if fault.addr.0 >= self.kernel.task_size() {
                // The kernel's half looks present to the program.
                fault.error_code |= 1;
            }
            same = if last == Some(fault) { same + 1 } else { 0 };
            assert!(same < MOST_RETRIES, "the fault {fault:?} is handled again and again");
            last = Some(fault);
            self.kernel.exc_page_fault(fault, from)?;
        }
    }

    /// Ends a process by a signal that nobody caught.
    pub fn kill_by_signal(&mut self, pid: Pid, signal: Signal) {
        self.end_group(pid, Ended::Signal(signal.signo.name()));
        self.check_after_operation();
    }
}
