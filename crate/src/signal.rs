//! Signals that an access can end in (`sigaction(2)`, `siginfo_t`).

use crate::addr::VirtAddr;
use std::fmt;

/// Signal numbers of x86-64 Linux that memory accesses raise.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
#[repr(u8)]
pub enum SigNo {
    /// The page exists in no VMA, or the VMA forbids the access.
    Segv = 11,
    /// The VMA allows the access but its object has no such page.
    Bus = 7,
    /// The OOM killer chose this process.
    Kill = 9,
}

impl SigNo {
    /// The symbol.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Segv => "SIGSEGV",
            Self::Bus => "SIGBUS",
            Self::Kill => "SIGKILL",
        }
    }
}

/// `si_code` of the signals above.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[allow(non_camel_case_types, clippy::upper_case_acronyms)]
pub enum SiCode {
    /// No VMA there (also: a guard page).
    SEGV_MAPERR,
    /// A VMA is there but forbids it.
    SEGV_ACCERR,
    /// The protection key of the page forbids it.
    SEGV_PKUERR,
    /// Past the end of the object, or it could not be read.
    BUS_ADRERR,
    /// A page marked as poisoned.
    BUS_MCEERR_AR,
    /// Raised by the kernel itself (non-canonical address).
    SI_KERNEL,
}

impl SiCode {
    /// Every code this crate can raise.
    pub const ALL: &[SiCode] =
        &[Self::SEGV_MAPERR, Self::SEGV_ACCERR, Self::SEGV_PKUERR, Self::BUS_ADRERR, Self::BUS_MCEERR_AR, Self::SI_KERNEL];

    /// The number in `siginfo_t`.
    pub const fn number(self) -> i32 {
        match self {
            Self::SEGV_MAPERR => 1,
            Self::SEGV_ACCERR => 2,
            Self::SEGV_PKUERR => 4,
            Self::BUS_ADRERR => 2,
            Self::BUS_MCEERR_AR => 4,
            Self::SI_KERNEL => 128,
        }
    }

    /// The symbol.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SEGV_MAPERR => "SEGV_MAPERR",
            Self::SEGV_ACCERR => "SEGV_ACCERR",
            Self::SEGV_PKUERR => "SEGV_PKUERR",
            Self::BUS_ADRERR => "BUS_ADRERR",
            Self::BUS_MCEERR_AR => "BUS_MCEERR_AR",
            Self::SI_KERNEL => "SI_KERNEL",
        }
    }
}

/// A signal as the handler would see it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Signal {
    /// `si_signo`.
    pub signo: SigNo,
    /// `si_code`.
    pub code: SiCode,
    /// `si_addr`.
    pub addr: VirtAddr,
}

impl Signal {
    /// SIGSEGV at an address.
    pub const fn segv(code: SiCode, addr: VirtAddr) -> Self {
        Self { signo: SigNo::Segv, code, addr }
    }

    /// SIGBUS, `BUS_ADRERR`.
    pub const fn bus(addr: VirtAddr) -> Self {
        Self { signo: SigNo::Bus, code: SiCode::BUS_ADRERR, addr }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} at {}", self.signo.name(), self.code.name(), self.addr)
    }
}
