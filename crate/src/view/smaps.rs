//! `/proc/PID/smaps` (Linux `fs/proc/task_mmu.c:show_smap`).

use super::maps::line_of;
use super::render_maps_line;
use crate::addr::{PAGE_SIZE, VirtRange};
use crate::flags::VmFlags;
use crate::ids::Pid;
use crate::machine::Machine;
use crate::mmu::{Marker, Pte};
use crate::phys::{Frame, FrameFlags};
use std::fmt::Write;

/// The counters of one area, in kB.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Smaps {
    /// The area.
    pub range: VirtRange,
    /// Field names and values, in the kernel's order.
    pub fields: Vec<(&'static str, u64)>,
    /// `VmFlags`.
    pub flags: String,
}

impl Smaps {
    /// A field by name; 0 for one that does not exist.
    pub fn field(&self, name: &str) -> u64 {
        self.fields.iter().find(|(field, _)| *field == name).map_or(0, |(_, value)| *value)
    }
}

#[derive(Default)]
struct Sums {
    rss: u64,
    pss: u64,
    pss_dirty: u64,
    shared_clean: u64,
    shared_dirty: u64,
    private_clean: u64,
    private_dirty: u64,
    referenced: u64,
    anonymous: u64,
    lazy_free: u64,
    guards: bool,
}

/// PSS is summed in 1/4096 of a byte.
const PSS_SHIFT: u32 = 12;

impl Sums {
    fn add(&mut self, frame: &Frame, pte: Pte) {
        let dirty = pte.has(Pte::DIRTY) || frame.flags.contains(FrameFlags::DIRTY);
        let share = (PAGE_SIZE << PSS_SHIFT) / u64::from(frame.mapcount.max(1));
        self.rss += PAGE_SIZE;
        self.pss += share;
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
}

/// The counters of every area of a process.
pub fn smaps(machine: &Machine, pid: Pid) -> Vec<Smaps> {
    let Some(mm) = machine.mm_of(pid) else { return Vec::new() };
    let phys = &machine.kernel.phys;
    let areas = mm.vmas.iter().map(|(_, vma)| {
        let mut sums = Sums::default();
        let mut at = vma.range.start;
        while let Some((addr, _, pte)) = mm.tables.next_used(phys, at, vma.range.end) {
            at = addr + PAGE_SIZE;
            sums.guards |= pte.as_marker() == Some(Marker::Guard);
            if pte.is_present() && !pte.has(Pte::SPECIAL) {
                sums.add(phys.frame(pte.pfn()), pte);
            }
        }
        Smaps { range: vma.range, fields: fields(vma.range, vma.flags, &sums), flags: vma.flags.smaps_names() }
    });
    areas.collect()
}

fn fields(range: VirtRange, flags: VmFlags, sums: &Sums) -> Vec<(&'static str, u64)> {
    let pss = sums.pss >> PSS_SHIFT;
    let kb = |bytes: u64| bytes >> 10;
    vec![
        ("Size", kb(range.len())),
        ("KernelPageSize", 4),
        ("MMUPageSize", 4),
        ("Rss", kb(sums.rss)),
        ("Pss", kb(pss)),
        ("Pss_Dirty", kb(sums.pss_dirty >> PSS_SHIFT)),
        ("Shared_Clean", kb(sums.shared_clean)),
        ("Shared_Dirty", kb(sums.shared_dirty)),
        ("Private_Clean", kb(sums.private_clean)),
        ("Private_Dirty", kb(sums.private_dirty)),
        ("Referenced", kb(sums.referenced)),
        ("Anonymous", kb(sums.anonymous)),
        ("KSM", 0),
        ("LazyFree", kb(sums.lazy_free)),
        ("AnonHugePages", 0),
        ("ShmemPmdMapped", 0),
        ("FilePmdMapped", 0),
        ("Shared_Hugetlb", 0),
        ("Private_Hugetlb", 0),
        ("Swap", 0),
        ("SwapPss", 0),
        ("Locked", if flags.contains(VmFlags::LOCKED) { kb(pss) } else { 0 }),
    ]
}

/// The whole text of `/proc/PID/smaps`.
pub fn smaps_text(machine: &Machine, pid: Pid) -> String {
    let Some(mm) = machine.mm_of(pid) else { return String::new() };
    let mut text = String::new();
    for ((_, vma), area) in mm.vmas.iter().zip(smaps(machine, pid)) {
        let _ = writeln!(text, "{}", render_maps_line(&line_of(&machine.kernel, mm, vma)));
        for (name, value) in area.fields {
            let width = if name == "Private_Hugetlb" { 7 } else { 8 };
            let _ = writeln!(text, "{:<16}{value:width$} kB", format!("{name}:"));
        }
        let _ = writeln!(text, "THPeligible:           0");
        if machine.kernel.sysctl.pku {
            let _ = writeln!(text, "ProtectionKey: {:>8}", vma.flags.pkey());
        }
        let _ = writeln!(text, "VmFlags: {} ", area.flags);
    }
    text
}
