//! The lowest table that was met last. A walk in the same 2 MiB begins there and spares the levels above; processors
//! do the same with their paging-structure caches (Intel SDM volume 3, 5.10.3).

use super::tables::span;
use crate::addr::{Pfn, VirtAddr};

/// One remembered table. Whoever frees tables makes it forget; `mm/check.rs` holds it against the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LastTable {
    /// First address that the table translates, or one that no table has.
    base: u64,
    table: Pfn,
}

impl LastTable {
    /// Nothing is remembered.
    pub(super) const NONE: Self = Self { base: u64::MAX, table: Pfn(0) };

    /// The lowest table on the way to an address.
    #[inline]
    pub(super) fn new(addr: VirtAddr, table: Pfn) -> Self {
        Self { base: addr.0 & !(span(2) - 1), table }
    }

    /// The table of an address, if it is the remembered one.
    #[inline]
    pub(super) fn of(self, addr: VirtAddr) -> Option<Pfn> {
        (self.base == addr.0 & !(span(2) - 1)).then_some(self.table)
    }

    /// What is remembered: the first address that the table translates, and its frame.
    pub(super) fn remembered(self) -> Option<(VirtAddr, Pfn)> {
        (self != Self::NONE).then_some((VirtAddr(self.base), self.table))
    }
}
