//! What the whole machine's memory is used for: `/proc/meminfo`, `/proc/vmstat` and `/proc/buddyinfo`
//! (Linux `fs/proc/meminfo.c`, `mm/vmstat.c`), the fields that this machine has a meaning for.

use crate::addr::Pfn;
use crate::flags::VmFlags;
use crate::fs::InodeKind;
use crate::mm::Kernel;
use crate::phys::{FrameFlags, Owner};
use crate::sorted::SortedSet;
use std::fmt::Write;

/// Frames by use.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct MemoryUse {
    /// In the machine.
    pub total: u64,
    /// Nobody's.
    pub free: u64,
    /// Private memory.
    pub anon: u64,
    /// Caches of files, files in memory included.
    pub file: u64,
    /// Files in memory alone.
    pub shmem: u64,
    /// Cached and mapped.
    pub mapped: u64,
    /// Written, and not yet on the disk.
    pub dirty: u64,
    /// Page tables.
    pub tables: u64,
    /// Secret memory.
    pub secret: u64,
    /// Mapped in a locked area.
    pub locked: u64,
}

/// Counts every frame once.
pub fn memory_use(kernel: &Kernel) -> MemoryUse {
    let phys = &kernel.phys;
    let mut sums = MemoryUse {
        total: phys.total_frames().into(),
        free: phys.free_frames().into(),
        locked: locked_pages(kernel).len() as u64,
        ..Default::default()
    };
    for (_, frame) in phys.frames() {
        match frame.owner {
            Owner::Anon { .. } => sums.anon += 1,
            Owner::PageTable { .. } => sums.tables += 1,
            Owner::File { inode, shmem, .. } => {
                let kind = kernel.fs.try_inode(inode).map(|inode| inode.kind);
                sums.file += 1;
                sums.shmem += u64::from(shmem);
                sums.mapped += u64::from(frame.mapcount > 0);
                sums.dirty += u64::from(kind.is_some_and(InodeKind::is_written_back) && frame.flags.contains(FrameFlags::DIRTY));
                sums.secret += u64::from(kind == Some(InodeKind::Secret));
            }
            Owner::Free | Owner::ZeroPage | Owner::Kernel => {}
        }
    }
    sums
}

/// Frames that are mapped in a locked area.
pub(super) fn locked_pages(kernel: &Kernel) -> SortedSet<Pfn> {
    let mut found: SortedSet<Pfn> = SortedSet::new();
    for (_, mm) in kernel.mms.iter() {
        for (_, vma) in mm.vmas.iter().filter(|(_, vma)| vma.flags.contains(VmFlags::LOCKED)) {
            let entries = mm.tables.used(&kernel.phys, vma.range);
            found.extend(entries.filter(|(_, pte)| pte.maps_counted_frame()).map(|(_, pte)| pte.pfn()));
        }
    }
    found
}

/// Names and values, in the kernel's order; kB but for the counts of huge pages. `MemTotal` is the
/// simulated RAM; `CommitLimit` follows the `MemTotal` that overcommit is told of.
pub fn meminfo(kernel: &Kernel) -> Vec<(&'static str, u64)> {
    let (sums, sysctl) = (memory_use(kernel), &kernel.sysctl);
    let kb = |pages: u64| pages * 4;
    vec![
        ("MemTotal", kb(sums.total)),
        ("MemFree", kb(sums.free)),
        ("MemAvailable", kb(sums.free + sums.file - sums.shmem - sums.secret)),
        ("Buffers", 0),
        ("Cached", kb(sums.file)),
        ("SwapCached", 0),
        ("Unevictable", kb(sums.locked.max(sums.secret))),
        ("Mlocked", kb(sums.locked)),
        ("SwapTotal", kb(sysctl.swap_pages)),
        ("SwapFree", kb(sysctl.swap_pages)),
        ("Dirty", kb(sums.dirty)),
        ("Writeback", 0),
        ("AnonPages", kb(sums.anon)),
        ("Mapped", kb(sums.mapped)),
        ("Shmem", kb(sums.shmem)),
        ("PageTables", kb(sums.tables)),
        ("CommitLimit", kb(kernel.vm_commit_limit())),
        ("Committed_AS", kb(kernel.commit.pages)),
        ("AnonHugePages", 0),
        ("ShmemHugePages", 0),
        ("HugePages_Total", 0),
        ("HugePages_Free", 0),
        ("HugePages_Rsvd", 0),
        ("HugePages_Surp", 0),
        ("Hugepagesize", 2048),
        ("Hugetlb", 0),
    ]
}

/// The text of `/proc/meminfo`.
pub fn meminfo_text(kernel: &Kernel) -> String {
    let mut text = String::new();
    for (name, value) in meminfo(kernel) {
        // Counts of huge pages have no unit and no room for one.
        let _ = match name.starts_with("HugePages_") {
            true => writeln!(text, "{:<19}{value:5}", format!("{name}:")),
            false => writeln!(text, "{:<16}{value:8} kB", format!("{name}:")),
        };
    }
    text
}

/// The text of `/proc/buddyinfo`: free blocks of 1, 2, 4 … 1,024 frames (Linux `mm/vmstat.c:frag_show_print`).
pub fn buddyinfo_text(kernel: &Kernel) -> String {
    let blocks: String = kernel.phys.free_blocks().iter().map(|count| format!("{count:6} ")).collect();
    format!("Node 0, zone   Normal {blocks}\n")
}

/// Names and values of `/proc/vmstat`: pages in use, then events since the start.
pub fn vmstat(kernel: &Kernel) -> Vec<(&'static str, u64)> {
    let (sums, events, writeback) = (memory_use(kernel), &kernel.vm_events, kernel.fs.writeback);
    vec![
        ("nr_free_pages", sums.free),
        ("nr_mlock", sums.locked),
        ("nr_anon_pages", sums.anon),
        ("nr_mapped", sums.mapped),
        ("nr_file_pages", sums.file),
        ("nr_dirty", sums.dirty),
        ("nr_writeback", 0),
        ("nr_shmem", sums.shmem),
        ("nr_dirtied", writeback.dirtied),
        ("nr_written", writeback.written),
        ("nr_page_table_pages", sums.tables),
        ("pgfault", events.pgfault),
        ("pgmajfault", events.pgmajfault),
        ("oom_kill", events.oom_kill),
    ]
}

/// The text of `/proc/vmstat`.
pub fn vmstat_text(kernel: &Kernel) -> String {
    vmstat(kernel).iter().map(|(name, value)| format!("{name} {value}\n")).collect()
}
