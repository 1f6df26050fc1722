//! The CPU's side of memory: CR3, the TLB, loads and stores. A translation that fails is a
//! [`HardwareFault`]; what to do about it is decided floors above.

use super::last_table::LastTable;
use super::tlb::{Tlb, Word};
use super::walk::{Mode, walk};
use crate::addr::{Pfn, VirtAddr};
use crate::blocks::{Blocks, Seen};
use crate::event::{Event, Trace};
use crate::phys::Phys;

/// What an access does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Access {
    /// Data read.
    Read,
    /// Data write.
    Write,
    /// Instruction fetch.
    Execute,
}

impl Access {
    /// The verb.
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Execute => "execute",
        }
    }
}

/// A #PF in user mode: CR2 and the error code the CPU pushes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HardwareFault {
    /// The address (CR2).
    pub addr: VirtAddr,
    /// What was tried.
    pub access: Access,
    /// Bit 0 P (the page was present), bit 1 W, bit 2 U, bit 4 I, bit 5 PK.
    pub error_code: u32,
}

impl HardwareFault {
    /// Bit 5 of the error code: the protection key of the page forbade it.
    pub const PKEY: u32 = 1 << 5;

    /// The fault of a user access; `present` if an entry was there and forbade it.
    pub fn new(addr: VirtAddr, access: Access, present: bool) -> Self {
        let kind = match access {
            Access::Read => 0,
            Access::Write => 2,
            Access::Execute => 16,
        };
        Self { addr, access, error_code: 4 | kind | present as u32 }
    }
}

/// One CPU.
pub struct Cpu {
    cr3: Option<Pfn>,
    /// Levels of a walk: 4, or 5 with LA57.
    pub levels: u8,
    /// What each protection key forbids, two bits a key: all access, writing.
    pkru: u32,
    tlb: Tlb,
    last_table: LastTable,
    /// TLB fills since the start.
    pub fills: u64,
    /// Translations that the TLB remembered, since the start; those of [`Cpu::load_hit`] and [`Cpu::store_hit`] are not counted.
    pub hits: u64,
    /// TLB flushes (of a page or of everything) since the start.
    pub flushes: u64,
}

impl std::fmt::Debug for Cpu {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cpu").field("cr3", &self.cr3).field("fills", &self.fills).finish_non_exhaustive()
    }
}

impl Clone for Cpu {
    /// A clone belongs to another machine with other host addresses: its TLB starts empty.
    fn clone(&self) -> Self {
        Self {
            cr3: self.cr3,
            levels: self.levels,
            pkru: self.pkru,
            tlb: Tlb::new(),
            last_table: self.last_table,
            fills: self.fills,
            hits: self.hits,
            flushes: self.flushes,
        }
    }
}

impl Default for Cpu {
    fn default() -> Self {
        Self { cr3: None, levels: 4, pkru: 0, tlb: Tlb::new(), last_table: LastTable::NONE, fills: 0, hits: 0, flushes: 0 }
    }
}

/// The CPU at a moment, with what its TLB remembers.
#[derive(Clone, Debug)]
pub struct CpuSave {
    cr3: Option<Pfn>,
    levels: u8,
    pkru: u32,
    last_table: LastTable,
    counts: [u64; 3],
    filled: Blocks<u16, 64>,
    entries: Blocks<(u64, Access, Pfn), 64>,
}

impl CpuSave {
    /// Frames that the CPU may write to without asking.
    pub fn written(&self) -> Vec<Pfn> {
        let mut entries = Vec::new();
        self.entries.restore(&mut entries);
        entries.into_iter().filter(|(_, access, _)| *access == Access::Write).map(|(_, _, pfn)| pfn).collect()
    }

    /// Bytes of what was not counted yet.
    pub fn bytes(&self, seen: &mut Seen) -> usize {
        size_of::<Self>() + self.filled.bytes(seen) + self.entries.bytes(seen)
    }
}

impl Cpu {
    /// Saves registers, counters and the TLB.
    pub fn save(&self, phys: &Phys, before: Option<&CpuSave>) -> CpuSave {
        let filled = self.tlb.filled();
        let entries = filled.iter().flat_map(|slot| self.tlb.entries_in(*slot));
        let entries: Vec<_> = entries.filter_map(|(addr, access, host)| Some((addr.0, access, phys.frame_at(host)?))).collect();
        CpuSave {
            cr3: self.cr3,
            levels: self.levels,
            pkru: self.pkru,
            last_table: self.last_table,
            counts: [self.fills, self.hits, self.flushes],
            filled: Blocks::of(filled, before.map(|before| &before.filled)),
            entries: Blocks::of(&entries, before.map(|before| &before.entries)),
        }
    }

    /// Goes back, or on, to a save of the same machine.
    pub fn restore(&mut self, save: &CpuSave, phys: &Phys) {
        self.tlb.flush_all();
        (self.cr3, self.levels, self.pkru, self.last_table) = (save.cr3, save.levels, save.pkru, save.last_table);
        [self.fills, self.hits, self.flushes] = save.counts;
        let (mut filled, mut entries) = (Vec::new(), Vec::new());
        save.filled.restore(&mut filled);
        save.entries.restore(&mut entries);
        filled.into_iter().for_each(|slot| self.tlb.note_filled(slot));
        for (addr, access, pfn) in entries {
            self.tlb.fill(VirtAddr(addr), access, phys.host_address(pfn));
        }
    }

    /// What protection keys forbid, two bits a key.
    pub fn pkru(&self) -> u32 {
        self.pkru
    }

    /// A CPU that walks so many levels of tables: 4, or 5 with LA57.
    pub fn with_levels(levels: u8) -> Self {
        Self { levels, ..Self::default() }
    }

    /// The root of the tables in use.
    pub fn cr3(&self) -> Option<Pfn> {
        self.cr3
    }

    /// Switches to other tables; forgets all translations unless they are the same
    /// (Linux `switch_mm` skips a reload of the same root).
    #[inline]
    pub fn load_cr3(&mut self, root: Option<Pfn>, trace: &mut Trace) {
        if self.cr3 != root {
            self.cr3 = root;
            self.flush_all(trace);
        }
    }

    /// WRPKRU. What the TLB remembers holds the old rights: it forgets.
    #[inline]
    pub fn set_pkru(&mut self, pkru: u32, trace: &mut Trace) {
        if self.pkru != pkru {
            self.pkru = pkru;
            self.flush_all(trace);
        }
    }

    /// Forgets one page (INVLPG).
    #[inline]
    pub fn flush_page(&mut self, addr: VirtAddr, trace: &mut Trace) {
        if self.tlb.flush_page(addr) {
            self.flushes += 1;
            trace.emit(|| Event::TlbFlushed(Some(addr)));
        }
    }

    /// Forgets everything, the way through the tables too: due when a table is freed.
    pub fn flush_all(&mut self, trace: &mut Trace) {
        self.last_table = LastTable::NONE;
        if self.tlb.flush_all() {
            self.flushes += 1;
            trace.emit(|| Event::TlbFlushed(None));
        }
    }

    /// Loads a word from the TLB's memory; `None` on a miss or a misaligned address. In a loop of loads let the
    /// loop end on a miss, instead of calling the slow path from inside: compilers keep what a loop carries in
    /// registers only if nothing in it calls.
    #[inline(always)]
    pub fn load_hit<T: Word>(&self, addr: u64) -> Option<T> {
        self.tlb.load(addr)
    }

    /// Stores a word through the TLB; `false` on a miss or a misaligned address.
    #[inline(always)]
    pub fn store_hit<T: Word>(&mut self, addr: u64, value: T) -> bool {
        self.tlb.store(addr, value)
    }

    /// Whether the TLB remembers a page for an access.
    pub fn remembers(&self, addr: VirtAddr, access: Access) -> bool {
        self.tlb.remembers(addr, access)
    }

    /// Everything the TLB remembers: page, access, host address of the frame.
    pub fn tlb_entries(&self) -> impl Iterator<Item = (VirtAddr, Access, usize)> {
        self.tlb.entries()
    }

    /// The lowest table that the CPU remembers, so as not to walk down to it again: the first address it
    /// translates, and its frame.
    pub fn remembered_table(&self) -> Option<(VirtAddr, Pfn)> {
        self.last_table.remembered()
    }

    /// Translates a page for an access: walk, accessed and dirty bits, TLB fill.
    ///
    /// # Errors
    /// The #PF, if an entry is missing or forbids the access.
    #[inline]
    pub fn translate(&mut self, phys: &mut Phys, addr: VirtAddr, access: Access, trace: &mut Trace) -> Result<Pfn, HardwareFault> {
        let Some(root) = self.cr3 else { return Err(HardwareFault::new(addr, access, false)) };
        let pte = walk(phys, root, addr, access, Mode { levels: self.levels, pkru: self.pkru }, &mut self.last_table)?;
        let pfn = pte.pfn();
        if !self.tlb.remembers(addr, access) {
            self.fills += 1;
            self.tlb.fill(addr, access, phys.host_address(pfn));
            if access == Access::Write {
                phys.mark_written(pfn);
            }
            trace.emit(|| Event::TlbFilled { addr: addr.page_floor(), pfn });
        } else {
            self.hits += 1;
        }
        Ok(pfn)
    }

    /// Reads bytes, across pages. Bytes before a fault have been read.
    ///
    /// # Errors
    /// The #PF of the first page that does not translate, at the first byte in it.
    pub fn read(&mut self, phys: &mut Phys, addr: VirtAddr, into: &mut [u8], trace: &mut Trace) -> Result<(), HardwareFault> {
        for (addr, part) in addr.page_parts(into.len()) {
            let pfn = self.translate(phys, addr, Access::Read, trace)?;
            phys.read(pfn, addr.page_offset(), &mut into[part]);
        }
        Ok(())
    }

    /// Writes bytes, across pages. Bytes before a fault have been written.
    ///
    /// # Errors
    /// The #PF of the first page that does not translate, at the first byte in it.
    pub fn write(&mut self, phys: &mut Phys, addr: VirtAddr, from: &[u8], trace: &mut Trace) -> Result<(), HardwareFault> {
        for (addr, part) in addr.page_parts(from.len()) {
            let pfn = self.translate(phys, addr, Access::Write, trace)?;
            phys.write(pfn, addr.page_offset(), &from[part]);
        }
        Ok(())
    }

    /// Writes a word, which may cross a border of pages: both translate before anything is written.
    ///
    /// # Errors
    /// The #PF of the first page that does not translate; nothing has been written.
    pub fn write_word(&mut self, phys: &mut Phys, addr: VirtAddr, from: &[u8], trace: &mut Trace) -> Result<(), HardwareFault> {
        for (addr, _) in addr.page_parts(from.len()) {
            self.translate(phys, addr, Access::Write, trace)?;
        }
        self.write(phys, addr, from, trace)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Pte, Slot, Tables, explain_walk};
    use super::*;
    use crate::addr::PAGE_SIZE;
    use crate::phys::Owner;

    fn mapped(bits: u64) -> (Phys, Trace, Cpu, VirtAddr) {
        let (mut phys, mut trace) = (Phys::new(1 << 20), Trace::default());
        let mut tables = Tables::new(&mut phys, &mut trace).unwrap();
        let addr = VirtAddr(0x7000_0000);
        for page in 0..2 {
            let slot = tables.find_or_make(&mut phys, addr + page * PAGE_SIZE, &mut trace).unwrap();
            let pfn = phys.alloc_zeroed(Owner::Kernel, &mut trace).unwrap();
            slot.write(&mut phys, Pte::leaf(pfn, bits));
        }
        let mut cpu = Cpu::default();
        cpu.load_cr3(Some(tables.root), &mut trace);
        (phys, trace, cpu, addr)
    }

    #[test]
    fn a_write_sets_dirty_and_the_tlb_then_hits() {
        let (mut phys, mut trace, mut cpu, addr) = mapped(Pte::PRESENT | Pte::WRITE | Pte::USER);
        assert!(!cpu.store_hit(addr.0, 7u64));
        cpu.write(&mut phys, addr, &7u64.to_le_bytes(), &mut trace).unwrap();
        assert!(cpu.store_hit(addr.0 + 8, 9u64));
        assert_eq!(cpu.load_hit::<u64>(addr.0), None, "a store fills only the write entries");
        let mut bytes = [0; 16];
        cpu.read(&mut phys, addr, &mut bytes, &mut trace).unwrap();
        assert_eq!((bytes[0], bytes[8]), (7, 9));
        assert_eq!(cpu.load_hit::<u64>(addr.0 + 8), Some(9));
        assert_eq!(cpu.load_hit::<u32>(addr.0 + 2), None, "misaligned accesses take the slow path");
    }

    #[test]
    fn accesses_cross_pages_and_fault_at_the_first_bad_byte() {
        let (mut phys, mut trace, mut cpu, addr) = mapped(Pte::PRESENT | Pte::WRITE | Pte::USER);
        cpu.write(&mut phys, addr + 4090, b"hello world!", &mut trace).unwrap();
        let mut bytes = [0; 12];
        cpu.read(&mut phys, addr + 4090, &mut bytes, &mut trace).unwrap();
        assert_eq!(&bytes, b"hello world!");
        let fault = cpu.write(&mut phys, addr + 2 * PAGE_SIZE - 2, b"xyz", &mut trace).unwrap_err();
        assert_eq!((fault.addr, fault.error_code), (addr + 2 * PAGE_SIZE, 6));
    }

    #[test]
    fn a_large_leaf_translates_each_of_its_pages() {
        let (mut phys, mut trace) = (Phys::new(8 << 20), Trace::default());
        let mut tables = Tables::new(&mut phys, &mut trace).unwrap();
        let frames: Vec<_> = (0..1024).map(|_| phys.alloc_zeroed(Owner::Kernel, &mut trace).unwrap()).collect();
        let addr = VirtAddr(0x4020_0000);
        assert!(tables.make_upper(&mut phys, addr, &mut trace));
        let upper = explain_walk(&phys, tables.root, addr).last().copied().unwrap();
        let leaf = Pte::leaf(crate::addr::Pfn(512), Pte::PRESENT | Pte::WRITE | Pte::USER | Pte::LARGE);
        Slot { table: upper.table, index: upper.index }.write(&mut phys, leaf);
        let mut cpu = Cpu::default();
        cpu.load_cr3(Some(tables.root), &mut trace);
        cpu.write(&mut phys, addr + 5 * PAGE_SIZE + 8, b"large", &mut trace).unwrap();
        let mut bytes = [0; 5];
        phys.read(frames.iter().copied().find(|pfn| pfn.0 == 517).unwrap(), 8, &mut bytes);
        assert_eq!(&bytes, b"large");
        let walk = explain_walk(&phys, tables.root, addr + 5 * PAGE_SIZE);
        assert!(walk.last().is_some_and(|step| step.level == 2 && step.entry.has(Pte::LARGE | Pte::DIRTY)));
    }

    #[test]
    fn error_codes_tell_present_write_and_fetch() {
        let (mut phys, mut trace, mut cpu, addr) = mapped(Pte::PRESENT | Pte::USER | Pte::NX);
        let code = |cpu: &mut Cpu, phys: &mut Phys, trace: &mut Trace, access| {
            cpu.translate(phys, addr, access, trace).err().map(|fault| fault.error_code)
        };
        assert_eq!(code(&mut cpu, &mut phys, &mut trace, Access::Read), None);
        assert_eq!(code(&mut cpu, &mut phys, &mut trace, Access::Write), Some(7));
        assert_eq!(code(&mut cpu, &mut phys, &mut trace, Access::Execute), Some(0x15));
    }

    #[test]
    fn a_table_is_remembered_until_the_cpu_is_told_to_forget() {
        let (mut phys, mut trace, mut cpu, addr) = mapped(Pte::PRESENT | Pte::USER);
        assert_eq!(cpu.remembered_table(), None);
        cpu.translate(&mut phys, addr, Access::Read, &mut trace).unwrap();
        let lowest = explain_walk(&phys, cpu.cr3().unwrap(), addr).last().copied().unwrap();
        assert_eq!(cpu.remembered_table(), Some((VirtAddr(0x7000_0000), lowest.table)));
        // The levels above are not asked again: the root could be empty.
        Slot { table: cpu.cr3().unwrap(), index: 0 }.write(&mut phys, Pte::NONE);
        assert!(cpu.translate(&mut phys, addr + PAGE_SIZE, Access::Read, &mut trace).is_ok());
        assert!(cpu.translate(&mut phys, addr + (1 << 21), Access::Read, &mut trace).is_err());
        cpu.flush_all(&mut trace);
        assert_eq!(cpu.remembered_table(), None);
        assert!(cpu.translate(&mut phys, addr + PAGE_SIZE, Access::Read, &mut trace).is_err());
    }

    #[test]
    fn a_clone_forgets_translations() {
        let (mut phys, mut trace, mut cpu, addr) = mapped(Pte::PRESENT | Pte::USER);
        cpu.translate(&mut phys, addr, Access::Read, &mut trace).unwrap();
        assert!(cpu.remembers(addr, Access::Read));
        assert!(!cpu.clone().remembers(addr, Access::Read));
    }
}
