//! Frames, processes and cached files.

use super::areas::areas_version;
use super::frame;
use crate::addr::{VirtAddr, VirtRange};
use crate::ids::InodeId;
use crate::machine::{Machine, Process};
use crate::mm::Mm;
use crate::mmu::Pte;
use crate::phys::{FrameFlags, Owner};
use crate::proc::{STATUS_FIELDS, status_field};
use crate::sort;
use crate::sorted::SortedMap;
use serde::Serialize;

/// What each frame of the machine is.
pub fn frame_kinds(machine: &Machine) -> Vec<u8> {
    let phys = &machine.kernel.phys;
    let mut kinds: Vec<_> = phys
        .frames()
        .map(|(_, known)| match known.owner {
            _ if known.refcount == 0 => frame::FREE,
            Owner::Free => frame::FREE,
            Owner::Anon { .. } if known.mapcount > 1 => frame::COW,
            Owner::Anon { .. } => frame::ANON,
            Owner::File { shmem: true, .. } => frame::SHMEM,
            Owner::File { .. } => frame::FILE,
            Owner::ZeroPage => frame::ZERO,
            Owner::PageTable { .. } => frame::TABLE,
            Owner::Kernel => frame::KERNEL,
        })
        .collect();
    kinds.resize(phys.total_frames() as usize, frame::FREE);
    kinds
}

/// Frames that hold page tables.
pub fn table_frames(machine: &Machine) -> u64 {
    machine.kernel.mms.iter().map(|(_, mm)| mm.tables.frames(&machine.kernel.phys)).sum()
}

/// A process, without its areas.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProcessInfo {
    /// Its number.
    pub pid: u32,
    /// Its parent's.
    pub parent: Option<u32>,
    /// What it is called.
    pub name: String,
    /// How it ended, in words.
    pub ended: Option<String>,
    /// How many areas it has.
    pub areas: usize,
    /// Pages mapped.
    pub pages: u64,
    /// Resident pages.
    pub rss: u64,
    /// The same, each page divided by those who share it; absent where too many would have to be counted.
    pub pss: Option<f64>,
    /// Minor faults.
    pub min_flt: u64,
    /// Major faults.
    pub maj_flt: u64,
    /// Frames of its page tables.
    pub tables: u64,
    /// Another number whenever its areas are others.
    pub version: u32,
    /// Fields of `/proc/PID/status`, in kB.
    pub status: Vec<(&'static str, u64)>,
}

/// Pages that are looked at for proportional sizes, of all processes together.
const MOST_COUNTED: u64 = 40_000;

/// Every process, ended ones too.
pub fn process_infos(machine: &Machine) -> Vec<ProcessInfo> {
    let resident: u64 = machine.processes().filter_map(|process| machine.mm_of(process.pid)).map(Mm::rss_total).sum();
    let counts = resident <= MOST_COUNTED;
    machine.processes().map(|process| info(machine, process, counts)).collect()
}

fn info(machine: &Machine, process: &Process, counts: bool) -> ProcessInfo {
    let mm = machine.mm_of(process.pid);
    let task = machine.kernel.tasks.get(process.task).filter(|_| process.is_alive());
    let status = |mm: &Mm| STATUS_FIELDS.iter().filter_map(|field| Some((*field, status_field(mm, field)?))).collect();
    ProcessInfo {
        pid: process.pid.0,
        parent: process.maker().map(|parent| parent.0),
        name: process.name.clone(),
        ended: process.ended.map(|ended| ended.to_string()),
        areas: mm.map_or(0, |mm| mm.vmas.len()),
        pages: mm.map_or(0, |mm| mm.total_vm),
        rss: mm.map_or(0, Mm::rss_total),
        pss: mm.filter(|_| counts).map(|mm| proportional(machine, mm)),
        min_flt: task.map_or(0, |task| task.min_flt),
        maj_flt: task.map_or(0, |task| task.maj_flt),
        tables: mm.map_or(0, |mm| mm.tables.frames(&machine.kernel.phys)),
        version: areas_version(machine, process.pid).unwrap_or(0),
        status: mm.map_or(Vec::new(), status),
    }
}

/// Resident pages, each divided by its mappings.
fn proportional(machine: &Machine, mm: &Mm) -> f64 {
    let phys = &machine.kernel.phys;
    let everything = VirtRange { start: VirtAddr(0), end: VirtAddr(machine.kernel.task_size()) };
    let mut sum = 0.0;
    mm.tables.each_used(phys, everything, &mut |_, pte| {
        if pte.is_present() && !pte.has(Pte::SPECIAL) {
            sum += 1.0 / f64::from(phys.frame(pte.pfn()).mapcount.max(1));
        }
    });
    sum
}

/// A file of which pages are cached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CachedFile {
    /// Its name; of one that has none, what it is.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
    /// Pages that have a frame.
    pub pages: usize,
    /// Of these, dirty ones.
    pub dirty: usize,
    /// Areas that map it.
    pub mappings: usize,
}

/// Files with pages in the cache, by name.
pub fn cached_files(machine: &Machine) -> Vec<CachedFile> {
    let kernel = &machine.kernel;
    let mut names: SortedMap<InodeId, String> = kernel.fs.files().map(|(_, file)| (file.inode, file.path.clone())).collect();
    names.extend(kernel.fs.names().map(|(name, inode)| (inode, name.to_string())));
    let mut mappings: SortedMap<InodeId, usize> = SortedMap::new();
    for (_, mm) in kernel.mms.iter() {
        for file in mm.vmas.iter().filter_map(|(_, vma)| vma.file) {
            *mappings.entry(kernel.fs.file(file).inode).or_default() += 1;
        }
    }
    let is_dirty = |pfn| kernel.phys.frame(pfn).flags.contains(FrameFlags::DIRTY);
    let cached = kernel.fs.inodes().filter(|(_, inode)| inode.pages().next().is_some());
    let mut files: Vec<_> = cached
        .map(|(id, inode)| CachedFile {
            name: names.get(&id).cloned().unwrap_or_else(|| "a nameless file".into()),
            size: inode.size,
            pages: inode.pages().count(),
            dirty: inode.pages().filter(|(_, pfn)| is_dirty(*pfn)).count(),
            mappings: mappings.get(&id).copied().unwrap_or(0),
        })
        .collect();
    sort::by(&mut files, |a, b| a.name.cmp(&b.name));
    files
}
