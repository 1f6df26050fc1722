//! The hardware's walk: from CR3 down four levels, permission collected on the way, accessed and
//! dirty bits set as the CPU sets them.

use super::cpu::{Access, HardwareFault};
use super::last_table::LastTable;
use super::pte::Pte;
use super::tables::{Slot, TOP, index_of};
use crate::addr::{Pfn, VirtAddr};
use crate::phys::{Owner, Phys};

/// What a walk goes by beside the address and the tables.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mode {
    /// Levels: 4, or 5 with LA57.
    pub levels: u8,
    /// What each protection key forbids.
    pub pkru: u32,
}

/// Translates one page for one access, from the remembered table or from the root.
///
/// # Errors
/// A [`HardwareFault`] with the error code that the CPU would push.
#[inline]
pub(super) fn walk(
    phys: &mut Phys,
    root: Pfn,
    addr: VirtAddr,
    access: Access,
    mode: Mode,
    last: &mut LastTable,
) -> Result<Pte, HardwareFault> {
    let absent = HardwareFault::new(addr, access, false);
    if let Some(table) = last.of(addr) {
        let slot = Slot { table, index: index_of(addr, 1) };
        return finish(phys, slot, slot.read(phys).present().ok_or(absent)?, addr, access, mode.pkru);
    }
    let Mode { levels, pkru } = mode;
    let mut table = root;
    if levels > TOP {
        table = Slot { table, index: index_of(addr, levels) }.read(phys).present().ok_or(absent)?.pfn();
    }
    for level in [4, 3, 2] {
        let slot = Slot { table, index: index_of(addr, level) };
        let entry = slot.read(phys).present().ok_or(absent)?;
        if entry.is_large(level) {
            return finish(phys, slot, entry, addr, access, pkru).map(|leaf| leaf.page_of_large(addr, level));
        }
        table = entry.pfn();
    }
    *last = LastTable::new(addr, table);
    let slot = Slot { table, index: index_of(addr, 1) };
    let entry = slot.read(phys).present().ok_or(absent)?;
    finish(phys, slot, entry, addr, access, pkru)
}

#[inline]
fn finish(phys: &mut Phys, slot: Slot, entry: Pte, addr: VirtAddr, access: Access, pkru: u32) -> Result<Pte, HardwareFault> {
    let forbidden = match access {
        Access::Read => 0,
        Access::Write => Pte::WRITE & !entry.0,
        Access::Execute => Pte::NX & entry.0,
    };
    if forbidden != 0 {
        return Err(HardwareFault::new(addr, access, true));
    }
    // Keys forbid data, never instructions.
    let rights = pkru >> (entry.pkey() * 2) & 3;
    if rights & 1 != 0 && access != Access::Execute || rights & 2 != 0 && access == Access::Write {
        let fault = HardwareFault::new(addr, access, true);
        return Err(HardwareFault { error_code: fault.error_code | HardwareFault::PKEY, ..fault });
    }
    let set = if access == Access::Write { Pte::ACCESSED | Pte::DIRTY } else { Pte::ACCESSED };
    let updated = entry.with(set);
    if updated != entry {
        slot.write(phys, updated);
    }
    Ok(updated)
}

/// One level of a walk, as the page shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalkStep {
    /// 4 PGD, 3 PUD, 2 PMD, 1 PTE.
    pub level: u8,
    /// The table's frame.
    pub table: Pfn,
    /// The index (0–511) that the address selects.
    pub index: u16,
    /// The entry there.
    pub entry: Pte,
}

/// The walk of an address without side effects: every level until one is not present, or maps a large page.
pub fn explain_walk(phys: &Phys, root: Pfn, addr: VirtAddr) -> Vec<WalkStep> {
    let mut steps = Vec::with_capacity(4);
    let mut table = root;
    let top = match phys.frame(root).owner {
        Owner::PageTable { level } => level,
        _ => TOP,
    };
    for level in (1..=top).rev() {
        let index = index_of(addr, level);
        let entry = Slot { table, index }.read(phys);
        steps.push(WalkStep { level, table, index, entry });
        if !entry.is_hardware_present() || entry.is_large(level) {
            break;
        }
        table = entry.pfn();
    }
    steps
}
