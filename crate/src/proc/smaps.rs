//! `/proc/PID/smaps` and `smaps_rollup` (Linux `fs/proc/task_mmu.c:show_smap`, `show_smaps_rollup`).

use super::maps::{MapsLine, line_of, render_maps_line, vsyscall};
use crate::addr::{PAGE_SIZE, VirtRange};
use crate::flags::VmFlags;
use crate::mm::{Kernel, Mm, Rss};
use crate::mmu::Pte;
use crate::phys::{Frame, FrameFlags, Phys};
use crate::vma::Vma;
use std::fmt::Write;

/// The counters of one area, in kB.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Smaps {
    /// The area.
    pub range: VirtRange,
    /// Field names and values, in the kernel's order.
    pub fields: Vec<(&'static str, u64)>,
    /// A huge page would fit and is wanted (`THPeligible`).
    pub thp_eligible: bool,
    /// `ProtectionKey`, where the processor has keys.
    pub pkey: Option<u8>,
    /// `VmFlags`.
    pub flags: String,
}

impl Smaps {
    /// A field by name; 0 for one that does not exist.
    pub fn field(&self, name: &str) -> u64 {
        match name {
            "THPeligible" => return self.thp_eligible.into(),
            "ProtectionKey" => return self.pkey.unwrap_or(0).into(),
            _ => {}
        }
        self.fields.iter().find(|(field, _)| *field == name).map_or(0, |(_, value)| *value)
    }
}

/// Bytes by what is known of them (Linux `struct mem_size_stats`). What begins with `pss` is summed in
/// 1/4096 of a byte.
#[derive(Default)]
struct Sums {
    rss: u64,
    /// By kind, indexed by [`Rss`].
    pss: [u64; 3],
    pss_dirty: u64,
    pss_locked: u64,
    shared_clean: u64,
    shared_dirty: u64,
    private_clean: u64,
    private_dirty: u64,
    referenced: u64,
    anonymous: u64,
    lazy_free: u64,
}

const PSS_SHIFT: u32 = 12;

impl Sums {
    /// Adds the pages of an area.
    fn add_area(&mut self, phys: &Phys, mm: &Mm, vma: &Vma) {
        let before = self.pss();
        for (_, pte) in mm.tables.used(phys, vma.range) {
            if pte.maps_counted_frame() {
                self.add(phys.frame(pte.pfn()), pte);
            }
        }
        if vma.flags.contains(VmFlags::LOCKED) {
            self.pss_locked += self.pss() - before;
        }
    }

    fn add(&mut self, frame: &Frame, pte: Pte) {
        let dirty = pte.has(Pte::DIRTY) || frame.flags.contains(FrameFlags::DIRTY);
        let share = (PAGE_SIZE << PSS_SHIFT) / u64::from(frame.mapcount.max(1));
        self.rss += PAGE_SIZE;
        self.pss[Rss::of(frame).unwrap_or(Rss::File) as usize] += share;
        if dirty {
            self.pss_dirty += share;
        }
        let kind = match (frame.mapcount > 1, dirty) {
            (true, true) => &mut self.shared_dirty,
            (true, false) => &mut self.shared_clean,
            (false, true) => &mut self.private_dirty,
            (false, false) => &mut self.private_clean,
        };
        *kind += PAGE_SIZE;
        if pte.has(Pte::ACCESSED) || frame.flags.contains(FrameFlags::REFERENCED) {
            self.referenced += PAGE_SIZE;
        }
        if frame.is_anon() {
            self.anonymous += PAGE_SIZE;
            if !frame.flags.contains(FrameFlags::SWAP_BACKED) && !dirty {
                self.lazy_free += PAGE_SIZE;
            }
        }
    }

    fn pss(&self) -> u64 {
        self.pss.iter().sum()
    }

    /// The fields in kB, in the kernel's order; a roll-up tells the kinds of PSS apart.
    fn fields(&self, rollup: bool) -> Vec<(&'static str, u64)> {
        let kb = |bytes: u64| bytes >> 10;
        let pss = |sum: u64| kb(sum >> PSS_SHIFT);
        let mut fields = vec![("Rss", kb(self.rss)), ("Pss", pss(self.pss())), ("Pss_Dirty", pss(self.pss_dirty))];
        if rollup {
            let kinds = [("Pss_Anon", Rss::Anon), ("Pss_File", Rss::File), ("Pss_Shmem", Rss::Shmem)];
            fields.extend(kinds.map(|(name, kind)| (name, pss(self.pss[kind as usize]))));
        }
        fields.extend([
            ("Shared_Clean", kb(self.shared_clean)),
            ("Shared_Dirty", kb(self.shared_dirty)),
            ("Private_Clean", kb(self.private_clean)),
            ("Private_Dirty", kb(self.private_dirty)),
            ("Referenced", kb(self.referenced)),
            ("Anonymous", kb(self.anonymous)),
            ("KSM", 0),
            ("LazyFree", kb(self.lazy_free)),
            ("AnonHugePages", 0),
            ("ShmemPmdMapped", 0),
            ("FilePmdMapped", 0),
            ("Shared_Hugetlb", 0),
            ("Private_Hugetlb", 0),
            ("Swap", 0),
            ("SwapPss", 0),
            ("Locked", pss(self.pss_locked)),
        ]);
        fields
    }
}

/// Whether faults in an area may bring huge pages in, with the reference machine's setting `madvise`: private
/// memory that asked for them and has an aligned place for one (Linux `thp_vma_allowable_orders`). None ever come.
fn is_thp_eligible(mm: &Mm, vma: &Vma) -> bool {
    let asked = vma.flags.contains(VmFlags::HUGEPAGE) && !vma.flags.contains(VmFlags::NOHUGEPAGE);
    vma.is_anonymous() && asked && mm.thp_disable != 1 && vma.has_huge_place()
}

/// The counters of every area of an address space.
pub fn smaps(kernel: &Kernel, mm: &Mm) -> Vec<Smaps> {
    mm.vmas.iter().map(|(_, vma)| smaps_of(kernel, mm, vma)).collect()
}

/// The counters of an area.
fn smaps_of(kernel: &Kernel, mm: &Mm, vma: &Vma) -> Smaps {
    let mut sums = Sums::default();
    sums.add_area(&kernel.phys, mm, vma);
    smaps_with(kernel, mm, vma, &sums)
}

fn smaps_with(kernel: &Kernel, mm: &Mm, vma: &Vma, sums: &Sums) -> Smaps {
    let mut fields = vec![("Size", vma.range.len() >> 10), ("KernelPageSize", 4), ("MMUPageSize", 4)];
    fields.extend(sums.fields(false));
    let pkey = kernel.sysctl.pku.then(|| vma.flags.pkey());
    Smaps { range: vma.range, fields, thp_eligible: is_thp_eligible(mm, vma), pkey, flags: vma.flags.smaps_names() }
}

/// The counters of all areas together; `None` if there are none.
pub fn smaps_rollup(kernel: &Kernel, mm: &Mm) -> Option<Smaps> {
    let mut all = Sums::default();
    mm.vmas.iter().for_each(|(_, vma)| all.add_area(&kernel.phys, mm, vma));
    let (first, last) = (mm.vmas.iter().next()?.1, mm.vmas.iter().last()?.1);
    let range = VirtRange { start: first.range.start, end: last.range.end };
    Some(Smaps { range, fields: all.fields(true), ..Smaps::default() })
}

fn write_fields(text: &mut String, fields: &[(&'static str, u64)]) {
    for (name, value) in fields {
        let _ = writeln!(text, "{:<16}{value:8} kB", format!("{name}:"));
    }
}

/// The whole text of `/proc/PID/smaps_rollup`.
pub fn smaps_rollup_text(kernel: &Kernel, mm: &Mm) -> String {
    let Some(all) = smaps_rollup(kernel, mm) else { return String::new() };
    let line = MapsLine { range: all.range, perms: ['-', '-', '-', 'p'], offset: 0, dev: (0, 0), ino: 0, name: "[rollup]".into() };
    let mut text = render_maps_line(&line) + "\n";
    write_fields(&mut text, &all.fields);
    text
}

/// The whole text of `/proc/PID/smaps`; `[vsyscall]`, which is no area of the process, is last.
pub fn smaps_text(kernel: &Kernel, mm: &Mm) -> String {
    let gate = Vma::new(vsyscall().range, VmFlags::EXEC, 0);
    let last = text_of(&vsyscall(), &smaps_with(kernel, mm, &gate, &Sums::default()));
    mm.vmas.iter().map(|(_, vma)| smaps_of_area(kernel, mm, vma)).chain([last]).collect()
}

/// The part of it about one area.
pub fn smaps_of_area(kernel: &Kernel, mm: &Mm, vma: &Vma) -> String {
    text_of(&line_of(kernel, mm, vma), &smaps_of(kernel, mm, vma))
}

fn text_of(line: &MapsLine, area: &Smaps) -> String {
    let mut text = render_maps_line(line) + "\n";
    write_fields(&mut text, &area.fields);
    let _ = writeln!(text, "THPeligible:    {:8}", u8::from(area.thp_eligible));
    if let Some(key) = area.pkey {
        let _ = writeln!(text, "ProtectionKey:  {key:8}");
    }
    let _ = writeln!(text, "VmFlags: {} ", area.flags);
    text
}
