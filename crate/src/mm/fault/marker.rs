//! Entries that map nothing and remember something (Linux `mm/memory.c:handle_pte_marker`): guard regions, poison.

use super::FaultOutcome;
use crate::addr::VirtAddr;
use crate::mmu::{Marker, Pte};
use crate::why::SignalWhy;

/// The signal that a marker at an address stands for.
pub(super) fn marker_outcome(addr: VirtAddr, pte: Pte) -> FaultOutcome {
    match pte.as_marker() {
        Some(Marker::Poison) => FaultOutcome::Poisoned,
        _ => FaultOutcome::Sigsegv(SignalWhy::Guard { addr }),
    }
}
