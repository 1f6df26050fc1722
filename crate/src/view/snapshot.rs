//! A picture of the machine at one moment, as plain data: what the page draws.

use super::{page_state, render_maps_line, status_field};
use crate::addr::{PAGE_SIZE, Pfn, VirtAddr, VirtRange};
use crate::ids::Pid;
use crate::machine::Machine;
use crate::mm::Mm;
use crate::mmu::{Access, Pte, explain_walk};
use crate::phys::{FrameFlags, MAX_ORDER, Owner};
use crate::proc::{anonymous_name, line_of};
use crate::vma::Vma;
use serde::Serialize;

/// Pages of one area that a snapshot lists; beyond, only how many there are.
const MOST_PAGES: usize = 512;

/// The machine.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Processes, ended ones too.
    pub processes: Vec<ProcessView>,
    /// Frames in the machine.
    pub total_frames: u32,
    /// Frames nobody owns.
    pub free_frames: u32,
    /// Free blocks of 1, 2, 4 … 1,024 frames.
    pub free_blocks: [u32; MAX_ORDER as usize + 1],
    /// Frames in use, in order of number.
    pub frames: Vec<FrameView>,
    /// What the TLB remembers.
    pub tlb: Vec<TlbView>,
    /// TLB fills and flushes since the start.
    pub tlb_counts: (u64, u64),
    /// The process that ran last.
    pub running: Option<u32>,
}

/// A process.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProcessView {
    /// Its number.
    pub pid: u32,
    /// Its parent's.
    pub parent: Option<u32>,
    /// What it is called.
    pub name: String,
    /// How it ended, in words; absent while it lives.
    pub ended: Option<String>,
    /// Areas in order of address.
    pub vmas: Vec<VmaView>,
    /// Resident pages.
    pub rss: u64,
    /// Minor faults.
    pub min_flt: u64,
    /// Major faults.
    pub maj_flt: u64,
    /// Fields of `/proc/PID/status` in kB.
    pub status: Vec<(&'static str, u64)>,
    /// The frame of the top table.
    pub cr3: Option<u32>,
}

/// An area.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VmaView {
    /// First address, hexadecimal.
    pub start: String,
    /// First address behind, hexadecimal.
    pub end: String,
    /// Pages.
    pub pages: u64,
    /// `rwxp`.
    pub perms: String,
    /// `VmFlags` of smaps.
    pub flags: String,
    /// Name, may be empty.
    pub name: String,
    /// `/proc/PID/maps` line.
    pub maps: String,
    /// Page offset, hexadecimal.
    pub pgoff: String,
    /// `vm_file->f_op->mmap`, if there is a file.
    pub file_mmap: Option<&'static str>,
    /// `vm_ops`; absent for anonymous memory.
    pub ops: Option<&'static str>,
    /// `vm_ops->fault`.
    pub fault: Option<&'static str>,
    /// The family of its private pages.
    pub anon_vma: Option<u32>,
    /// Families it is linked to.
    pub chain: Vec<u32>,
    /// Pages that are not empty, at most 512.
    pub present: Vec<PageView>,
    /// How many are not empty in all.
    pub present_count: u64,
}

/// A page.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PageView {
    /// Number of the page in its area.
    pub index: u64,
    /// Its frame, if present.
    pub pfn: Option<u32>,
    /// `anon`, `shared`, `file`, `zero`, `guard`, `special`.
    pub kind: &'static str,
    /// The entry's letters.
    pub letters: String,
    /// The first bytes, printable or `·`.
    pub text: String,
}

/// A frame.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FrameView {
    /// Its number.
    pub pfn: u32,
    /// `anon`, `shared`, `file`, `zero`, `table`, `kernel`.
    pub kind: &'static str,
    /// Holders.
    pub refcount: u32,
    /// Page-table entries that map it.
    pub mapcount: u32,
    /// What it holds, in words.
    pub owner: String,
    /// Flags in words.
    pub flags: Vec<&'static str>,
}

/// A frame with everybody who maps it.
#[derive(Clone, Debug, Serialize)]
pub struct FrameDetail {
    /// The frame.
    pub frame: FrameView,
    /// The pages that show it.
    pub mappers: Vec<MapperView>,
}

/// A page that shows a frame.
#[derive(Clone, Debug, Serialize)]
pub struct MapperView {
    /// Whose.
    pub pid: u32,
    /// Its address, hexadecimal.
    pub addr: String,
}

/// What the TLB remembers of a page.
#[derive(Clone, Debug, Serialize)]
pub struct TlbView {
    /// The page's address, hexadecimal.
    pub addr: String,
    /// `read`, `write` or `execute`.
    pub access: &'static str,
}

/// A page walk.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WalkView {
    /// The address, hexadecimal.
    pub addr: String,
    /// The frame of the top table.
    pub cr3: u32,
    /// Levels until one is not present.
    pub levels: Vec<WalkLevel>,
    /// Offset in the page.
    pub offset: u64,
    /// The physical address, hexadecimal, if it translates.
    pub physical: Option<String>,
    /// In the TLB for reading, writing, executing.
    pub tlb: [bool; 3],
    /// The first bytes of the page from the address on.
    pub bytes: Vec<u8>,
}

/// One level of a walk.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WalkLevel {
    /// `PGD`, `PUD`, `PMD`, `PTE`.
    pub name: &'static str,
    /// Index into the table.
    pub index: u16,
    /// The table's frame.
    pub table: u32,
    /// The entry, hexadecimal.
    pub entry: String,
    /// Its letters.
    pub letters: String,
    /// Present for the hardware.
    pub present: bool,
    /// The frame it names.
    pub pfn: Option<u32>,
    /// What a non-present entry is, in words.
    pub note: String,
}

fn hex(value: u64) -> String {
    format!("{value:x}")
}

/// Takes the picture.
pub fn snapshot(machine: &Machine) -> Snapshot {
    let kernel = &machine.kernel;
    let frames = kernel.phys.frames().filter(|(_, frame)| frame.refcount > 0);
    let tlb = kernel.cpu.tlb_entries().take(MOST_PAGES);
    Snapshot {
        processes: machine.processes().map(|process| process_view(machine, process.pid)).collect(),
        total_frames: kernel.phys.total_frames(),
        free_frames: kernel.phys.free_frames(),
        free_blocks: kernel.phys.free_blocks(),
        frames: frames.map(|(pfn, _)| frame_view(machine, pfn)).collect(),
        tlb: tlb.map(|(addr, access, _)| TlbView { addr: hex(addr.0), access: access.verb() }).collect(),
        tlb_counts: (kernel.cpu.fills, kernel.cpu.flushes),
        running: machine.running().map(|pid| pid.0),
    }
}

/// A process in short.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProcessBrief {
    /// Its number.
    pub pid: u32,
    /// How it ended, in words; absent while it lives.
    pub ended: Option<String>,
    /// Resident pages.
    pub rss: u64,
    /// Minor faults.
    pub min_flt: u64,
    /// Major faults.
    pub maj_flt: u64,
}

/// Every process in short.
pub fn processes(machine: &Machine) -> Vec<ProcessBrief> {
    let brief = |process: &crate::machine::Process| {
        let task = machine.kernel.tasks.get(process.task).filter(|_| process.is_alive());
        ProcessBrief {
            pid: process.pid.0,
            ended: process.ended.map(|ended| ended.to_string()),
            rss: machine.mm_of(process.pid).map_or(0, Mm::rss_total),
            min_flt: task.map_or(0, |task| task.min_flt),
            maj_flt: task.map_or(0, |task| task.maj_flt),
        }
    };
    machine.processes().map(brief).collect()
}

fn process_view(machine: &Machine, pid: Pid) -> ProcessView {
    let process = machine.process(pid).expect("only living and ended processes are listed");
    let mm = machine.mm_of(pid);
    let task = machine.kernel.tasks.get(process.task).filter(|_| process.is_alive());
    let status = super::STATUS_FIELDS.iter().filter_map(|field| Some((*field, status_field(machine, pid, field)?)));
    ProcessView {
        pid: pid.0,
        parent: process.maker().map(|parent| parent.0),
        name: process.name.clone(),
        ended: process.ended.map(|ended| ended.to_string()),
        vmas: mm.map_or(Vec::new(), |mm| mm.vmas.iter().map(|(_, vma)| vma_view(machine, pid, mm, vma)).collect()),
        rss: mm.map_or(0, Mm::rss_total),
        min_flt: task.map_or(0, |task| task.min_flt),
        maj_flt: task.map_or(0, |task| task.maj_flt),
        status: status.collect(),
        cr3: mm.map(|mm| mm.tables.root.0),
    }
}

/// The area that contains an address of a living process.
pub fn area_view(machine: &Machine, pid: Pid, addr: VirtAddr) -> Option<VmaView> {
    let mm = machine.mm_of(pid)?;
    Some(vma_view(machine, pid, mm, mm.vmas.get(mm.vmas.lookup(addr)?)))
}

fn vma_view(machine: &Machine, pid: Pid, mm: &Mm, vma: &Vma) -> VmaView {
    let kernel = &machine.kernel;
    let line = line_of(kernel, mm, vma);
    let (present, present_count) = present_pages(machine, pid, mm, vma.range);
    VmaView {
        start: hex(vma.range.start.0),
        end: hex(vma.range.end.0),
        pages: vma.pages(),
        perms: vma.flags.perms().iter().collect(),
        flags: vma.flags.smaps_names(),
        name: if line.name.is_empty() { anonymous_name(mm, vma).into() } else { line.name.clone() },
        maps: render_maps_line(&line),
        pgoff: hex(vma.pgoff),
        file_mmap: vma.file.map(|file| kernel.mmap_name(file)),
        ops: vma.ops.map(|ops| ops.name()),
        fault: kernel.fault_name(vma),
        anon_vma: vma.anon_vma.map(|family| family.index() as u32),
        chain: vma.chain().iter().map(|family| family.index() as u32).collect(),
        present,
        present_count,
    }
}

fn present_pages(machine: &Machine, pid: Pid, mm: &Mm, range: VirtRange) -> (Vec<PageView>, u64) {
    let (mut pages, mut count) = (Vec::new(), 0);
    for (addr, pte) in mm.tables.used(&machine.kernel.phys, range) {
        count += 1;
        if pages.len() < MOST_PAGES {
            pages.push(page_view(machine, pid, addr, (addr - range.start) / PAGE_SIZE, pte));
        }
    }
    (pages, count)
}

fn page_view(machine: &Machine, pid: Pid, addr: VirtAddr, index: u64, pte: Pte) -> PageView {
    let state = page_state(machine, pid, addr);
    let mut bytes = [0; 3];
    if state.present {
        machine.kernel.phys.read(pte.pfn(), 0, &mut bytes);
    }
    let kind = match () {
        _ if state.guard => "guard",
        _ if !state.present => "marker",
        _ => frame_kind(machine, pte.pfn()),
    };
    let printable = bytes.iter().take_while(|byte| (0x20..0x7f).contains(*byte));
    let text = printable.map(|byte| *byte as char).collect();
    PageView { index, pfn: state.pfn, kind, letters: pte.letters(), text }
}

pub(super) fn frame_kind(machine: &Machine, pfn: Pfn) -> &'static str {
    let frame = machine.kernel.phys.frame(pfn);
    match frame.owner {
        Owner::Free => "free",
        Owner::PageTable { .. } => "table",
        Owner::Anon { .. } if frame.mapcount > 1 => "shared",
        Owner::Anon { .. } => "anon",
        Owner::File { .. } => "file",
        Owner::ZeroPage => "zero",
        Owner::Kernel => "kernel",
    }
}

/// What is known of a frame.
pub fn frame_view(machine: &Machine, pfn: Pfn) -> FrameView {
    let kernel = &machine.kernel;
    let frame = kernel.phys.frame(pfn);
    let owner = match frame.owner {
        Owner::Free => "free".into(),
        Owner::PageTable { level } => format!("page table, level {level} ({})", level_name(level, kernel.cpu.levels)),
        Owner::Anon { anon_vma, index } => format!("private memory of anon_vma {anon_vma}, page offset {index:#x}"),
        Owner::File { inode, index, .. } => {
            let name = kernel.fs.names().find(|(_, named)| *named == inode).map(|(name, _)| name.to_string());
            let opened = || kernel.fs.files().find(|(_, f)| f.inode == inode).map(|(_, f)| f.path.clone());
            format!("page {index} of {}", name.or_else(opened).unwrap_or_else(|| "a nameless file".into()))
        }
        Owner::ZeroPage => "the page of zeros that untouched memory shares".into(),
        Owner::Kernel => "a page of the kernel (vdso, vvar)".into(),
    };
    let names = [
        (FrameFlags::DIRTY, "dirty"),
        (FrameFlags::REFERENCED, "referenced"),
        (FrameFlags::ANON_EXCLUSIVE, "exclusive"),
        (FrameFlags::SWAP_BACKED, "swap-backed"),
    ];
    let flags = names.iter().filter(|(flag, _)| frame.flags.contains(*flag)).map(|(_, name)| *name).collect();
    let (refcount, mapcount) = (frame.refcount, frame.mapcount);
    FrameView { pfn: pfn.0, kind: frame_kind(machine, pfn), refcount, mapcount, owner, flags }
}

/// What is known of a frame, and who maps it.
pub fn frame_detail(machine: &Machine, pfn: Pfn) -> FrameDetail {
    let entries = machine.kernel.rmap_walk(pfn);
    let uses = |process: &&crate::machine::Process, mm| process.is_alive() && machine.kernel.tasks[process.task].mm == mm;
    let mappers = entries.iter().flat_map(|mapper| {
        let users = machine.processes().filter(move |process| uses(process, mapper.mm));
        users.map(|process| MapperView { pid: process.pid.0, addr: hex(mapper.addr.0) })
    });
    let mut frame = frame_view(machine, pfn);
    if frame.kind == "table" {
        let holds = |process: &&crate::machine::Process| {
            let mm = machine.mm_of(process.pid);
            mm.is_some_and(|mm| {
                mm.tables.root == pfn || mm.tables.table_frames(&machine.kernel.phys).iter().any(|(table, _)| *table == pfn)
            })
        };
        let owner = machine.processes().find(holds);
        frame.owner += &owner.map_or(String::new(), |process| format!(" of process {}", process.pid.0));
    }
    FrameDetail { mappers: mappers.collect(), frame }
}

/// What a level of tables is called. The root is the PGD: with four levels it takes the place of the P4D too.
fn level_name(level: u8, levels: u8) -> &'static str {
    match level {
        1 => "PTE",
        2 => "PMD",
        3 => "PUD",
        4 if levels > 4 => "P4D",
        _ => "PGD",
    }
}

/// The walk of an address of a living process.
pub fn walk_view(machine: &Machine, pid: Pid, addr: VirtAddr) -> Option<WalkView> {
    let mm = machine.mm_of(pid)?;
    let phys = &machine.kernel.phys;
    let steps = explain_walk(phys, mm.tables.root, addr);
    let leaf = steps.last().filter(|step| step.level == 1 && step.entry.is_hardware_present());
    let mut bytes = Vec::new();
    if let Some(leaf) = leaf {
        bytes = vec![0; (PAGE_SIZE - addr.page_offset()).min(64) as usize];
        phys.read(leaf.entry.pfn(), addr.page_offset(), &mut bytes);
    }
    let running = machine.kernel.cpu.cr3() == Some(mm.tables.root);
    let kinds = [Access::Read, Access::Write, Access::Execute];
    Some(WalkView {
        addr: hex(addr.0),
        cr3: mm.tables.root.0,
        offset: addr.page_offset(),
        physical: leaf.map(|leaf| hex(leaf.entry.pfn().phys_addr() + addr.page_offset())),
        tlb: kinds.map(|access| running && machine.kernel.cpu.remembers(addr, access)),
        bytes,
        levels: steps
            .iter()
            .map(|step| WalkLevel {
                name: level_name(step.level, machine.kernel.cpu.levels),
                index: step.index,
                table: step.table.0,
                entry: format!("{:016x}", step.entry.0),
                letters: step.entry.letters(),
                present: step.entry.is_hardware_present(),
                pfn: step.entry.is_present().then(|| step.entry.pfn().0),
                note: entry_note(step.entry),
            })
            .collect(),
    })
}

fn entry_note(entry: Pte) -> String {
    match entry.as_marker() {
        Some(marker) => format!("{marker:?} marker").to_lowercase(),
        None if entry.is_none() => "not present".into(),
        None if !entry.is_hardware_present() => "mapped, but PROT_NONE".into(),
        None => String::new(),
    }
}
