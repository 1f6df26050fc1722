//! `/proc/PID/numa_maps` (Linux `fs/proc/task_mmu.c:show_numa_map`), of a machine with one node.

use super::maps::anonymous_name;
use super::memory::locked_pages;
use crate::mm::{Kernel, Mm};
use crate::mmu::Pte;
use crate::phys::{FrameFlags, Owner};
use std::fmt::Write;

/// A line for each area: its start, its policy, what it maps, and counts of pages that are present but for those of the
/// kernel itself. `active` counts pages of locked memory and of a program's arguments: nothing else here is so often used.
pub fn numa_maps_text(kernel: &Kernel, mm: &Mm) -> String {
    let (mut text, locked) = (String::new(), locked_pages(kernel));
    for (_, vma) in mm.vmas.iter() {
        let _ = write!(text, "{:08x} default", vma.range.start.0);
        match (vma.file, anonymous_name(mm, vma)) {
            (Some(file), _) => push_path(&mut text, &kernel.fs.file(file).path),
            (None, "[heap]") => text.push_str(" heap"),
            (None, "[stack]") => text.push_str(" stack"),
            _ => {}
        }
        let [mut pages, mut anon, mut dirty, mut active, mut mapmax] = [0; 5];
        for (_, pte) in mm.tables.used(&kernel.phys, vma.range).filter(|(_, pte)| pte.maps_counted_frame()) {
            let frame = kernel.phys.frame(pte.pfn());
            if frame.owner == Owner::Kernel {
                continue;
            }
            pages += 1;
            anon += u64::from(frame.is_anon());
            dirty += u64::from(pte.has(Pte::DIRTY) || frame.flags.contains(FrameFlags::DIRTY));
            active += u64::from(frame.flags.contains(FrameFlags::ACTIVE) || locked.contains(&pte.pfn()));
            mapmax = mapmax.max(u64::from(frame.mapcount));
        }
        let counts = [
            ("anon", anon, anon > 0),
            ("dirty", dirty, dirty > 0),
            ("mapped", pages, pages != anon && pages != dirty),
            ("mapmax", mapmax, mapmax > 1),
            ("active", active, active < pages),
            ("N0", pages, true),
            ("kernelpagesize_kB", 4, true),
        ];
        for (name, count, _) in counts.iter().filter(|(_, _, said)| *said && pages > 0) {
            let _ = write!(text, " {name}={count}");
        }
        text.push('\n');
    }
    text
}

/// A path in which blanks and what looks like the text's own are octal numbers (Linux `seq_path`).
fn push_path(text: &mut String, path: &str) {
    text.push_str(" file=");
    for letter in path.chars() {
        let _ = match letter {
            '\n' | '\t' | '\\' | '=' | ' ' => write!(text, "\\{:03o}", letter as u32),
            _ => write!(text, "{letter}"),
        };
    }
}
