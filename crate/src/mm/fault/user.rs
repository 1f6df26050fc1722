//! From the hardware's fault to the area: who may, what grows, which signal
//! (Linux `arch/x86/mm/fault.c:do_user_addr_fault`).

use super::{FaultContext, FaultOutcome};
use crate::addr::VirtAddr;
use crate::event::{Event, Note};
use crate::flags::VmFlags;
use crate::ids::{MmId, VmaId};
use crate::mm::kernel::Kernel;
use crate::mmu::{Access, HardwareFault};
use crate::signal::{SiCode, SigNo, Signal};
use crate::vma::Vma;
use crate::why::SignalWhy;

/// Who made the access.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FaultFrom {
    /// The program: a failure is a signal.
    User,
    /// The kernel, copying for the program: a failure is EFAULT, and no signal is raised.
    Kernel,
}

impl Kernel {
    /// Handles a #PF (Linux `exc_page_fault`): after `Ok` the access is tried again.
    ///
    /// # Errors
    /// The signal that the program gets; for a kernel access what it would have been.
    pub(crate) fn exc_page_fault(&mut self, fault: HardwareFault, from: FaultFrom) -> Result<(), Signal> {
        let HardwareFault { addr, error_code, .. } = fault;
        self.trace.emit(|| Event::PageFault { addr, error_code });
        self.call_with("exc_page_fault", Note::Value { name: "error_code", value: error_code.into() }, |k| k.handle_page_fault(fault, from))
    }

    fn handle_page_fault(&mut self, fault: HardwareFault, from: FaultFrom) -> Result<(), Signal> {
        let addr = fault.addr;
        if addr.0 < self.task_size() {
            return self.call("do_user_addr_fault", |k| k.do_user_addr_fault(fault, from));
        }
        if addr.is_canonical(self.cpu.levels) {
            let signal = Signal::segv(SiCode::SEGV_MAPERR, addr);
            return self.raise(from, signal, SignalWhy::KernelHalf { addr });
        }
        // Really a #GP, which tells no address.
        let signal = Signal::segv(SiCode::SI_KERNEL, VirtAddr(0));
        self.raise(from, signal, SignalWhy::NonCanonical { addr })
    }

    fn do_user_addr_fault(&mut self, fault: HardwareFault, from: FaultFrom) -> Result<(), Signal> {
        let mm = self.current_mm();
        let vma = match self.find_vma_expanding(mm, fault.addr) {
            Ok(vma) => vma,
            Err(why) => return self.raise(from, Signal::segv(SiCode::SEGV_MAPERR, fault.addr), why),
        };
        let area = self.mms[mm].vmas.get(vma);
        let key = self.forbidding_key(area.flags, &fault);
        if let Some(key) = key {
            return self.raise(from, Signal::segv(SiCode::SEGV_PKUERR, fault.addr), SignalWhy::Key { key });
        }
        if access_error(area, &fault) {
            let why = SignalWhy::Forbidden { vma: area.range.start, access: fault.access.verb() };
            return self.raise(from, Signal::segv(SiCode::SEGV_ACCERR, fault.addr), why);
        }
        let addr = fault.addr.page_floor();
        let context = FaultContext {
            mm,
            vma,
            addr,
            pgoff: area.pgoff_of(addr),
            access: fault.access,
            unshare: false,
            tried: from == FaultFrom::Kernel,
        };
        match self.handle_mm_fault(&context) {
            FaultOutcome::Done { .. } => Ok(()),
            FaultOutcome::Sigsegv(why) => self.raise(from, Signal::segv(SiCode::SEGV_MAPERR, fault.addr), why),
            FaultOutcome::Sigbus(why) => self.raise(from, Signal::bus(fault.addr), why),
            FaultOutcome::Poisoned => {
                let signal = Signal { signo: SigNo::Bus, code: SiCode::BUS_MCEERR_AR, addr: fault.addr };
                self.raise(from, signal, SignalWhy::NoPage)
            }
            FaultOutcome::OutOfMemory => self.pagefault_out_of_memory(fault, from),
            // No signal: `Fs::is_waiting` tells that the access is to be made again.
            FaultOutcome::Retry => Err(Signal::bus(fault.addr)),
        }
    }

    /// The protection key that stands against an access, if one does (Linux `bad_area_access_from_pkeys`).
    fn forbidding_key(&self, flags: VmFlags, fault: &HardwareFault) -> Option<u8> {
        let data = fault.access != Access::Execute;
        let forbidden = fault.error_code & HardwareFault::PKEY != 0 || data && self.pkru_forbids(flags, fault.access == Access::Write);
        forbidden.then(|| flags.pkey())
    }

    /// Frees memory by killing; the access is tried again unless the killed one is the current task.
    fn pagefault_out_of_memory(&mut self, fault: HardwareFault, from: FaultFrom) -> Result<(), Signal> {
        if self.call("pagefault_out_of_memory", Self::out_of_memory) {
            return Ok(());
        }
        let signal = Signal { signo: SigNo::Kill, code: SiCode::SI_KERNEL, addr: fault.addr };
        self.raise(from, signal, SignalWhy::OutOfMemory)
    }

    /// The area of an address; a stack above it grows down to it (Linux `lock_mm_and_find_vma`).
    pub(crate) fn find_vma_expanding(&mut self, mm: MmId, addr: VirtAddr) -> Result<VmaId, SignalWhy> {
        let Some(id) = self.call("find_vma", |k| k.mms[mm].vmas.find(addr)) else {
            return Err(SignalWhy::NoVma { addr });
        };
        let vma = self.mms[mm].vmas.get(id);
        if vma.range.start <= addr {
            return Ok(id);
        }
        if !vma.flags.contains(VmFlags::GROWSDOWN) {
            return Err(SignalWhy::NoVma { addr });
        }
        self.call("expand_stack", |k| k.expand_stack(mm, id, addr))?;
        Ok(id)
    }

    fn raise(&mut self, from: FaultFrom, signal: Signal, why: SignalWhy) -> Result<(), Signal> {
        if from == FaultFrom::User {
            self.step("force_sig_fault", Note::None);
        }
        self.trace.emit(|| Event::Signal { signal, why });
        self.signal_why = Some(why);
        Err(signal)
    }
}

/// Whether an area forbids an access (Linux `access_error`). On x86 whatever may be written or
/// executed may be read; and a fetch from an absent page counts as a read: the page is brought in, and
/// only then the CPU refuses to execute it.
fn access_error(vma: &Vma, fault: &HardwareFault) -> bool {
    let present = fault.error_code & 1 != 0;
    match fault.access {
        Access::Write => !vma.flags.contains(VmFlags::WRITE),
        Access::Execute | Access::Read => present || !vma.is_accessible(),
    }
}
