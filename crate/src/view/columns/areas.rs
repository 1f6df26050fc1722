//! Areas in order of address, a column a field.

use super::area;
use crate::addr::{PAGE_SHIFT, VirtAddr, VirtRange};
use crate::flags::VmFlags;
use crate::fs::InodeKind;
use crate::ids::{AnonNameId, FileId, Pid, VmOpsId};
use crate::machine::Machine;
use crate::mm::{Kernel, Mm};
use crate::proc::{anonymous_name, line_of};
use crate::sorted::SortedMap;
use crate::vma::Vma;
use std::hash::{Hash, Hasher};

/// The areas of a process.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AreaColumns {
    /// First page of each.
    pub start: Vec<f64>,
    /// Pages.
    pub pages: Vec<f64>,
    /// Pages that are not empty.
    pub present: Vec<u32>,
    /// What it is: a number of [`area`].
    pub kind: Vec<u8>,
    /// 1 read, 2 write, 4 execute, 8 shared.
    pub perms: Vec<u8>,
    /// 1 locked, 2 grows down, 4 not copied by fork, 8 wiped by fork, 16 not dumped, 32 huge pages, 64 mergeable.
    pub flags: Vec<u8>,
    /// Into `names`.
    pub name: Vec<u32>,
    /// Each name once.
    pub names: Vec<String>,
}

const PERMS: [(VmFlags, u8); 4] = [(VmFlags::READ, 1), (VmFlags::WRITE, 2), (VmFlags::EXEC, 4), (VmFlags::MAYSHARE, 8)];
const FLAGS: [(VmFlags, u8); 7] = [
    (VmFlags::LOCKED, 1),
    (VmFlags::GROWSDOWN, 2),
    (VmFlags::DONTCOPY, 4),
    (VmFlags::WIPEONFORK, 8),
    (VmFlags::DONTDUMP, 16),
    (VmFlags::HUGEPAGE, 32),
    (VmFlags::MERGEABLE, 64),
];

fn bits(flags: VmFlags, of: &[(VmFlags, u8)]) -> u8 {
    of.iter().filter(|(flag, _)| flags.contains(*flag)).map(|(_, bit)| bit).sum()
}

fn kind_of(kernel: &Kernel, special: &str, vma: &Vma) -> u8 {
    match special {
        "[heap]" => return area::HEAP,
        "[stack]" => return area::STACK,
        "" => {}
        _ => return area::SPECIAL,
    }
    if matches!(vma.ops, Some(VmOpsId::Driver(_))) || vma.file.is_some_and(|file| is_device(kernel, file)) {
        return area::DEVICE;
    }
    match vma.file {
        _ if vma.flags.contains(VmFlags::MAYSHARE) => area::SHARED,
        Some(_) => area::FILE,
        None => area::ANONYMOUS,
    }
}

fn is_device(kernel: &Kernel, file: FileId) -> bool {
    matches!(kernel.fs.inode_of(file).kind, InodeKind::Device { .. })
}

/// The areas of a living process.
pub fn area_columns(machine: &Machine, pid: Pid) -> Option<AreaColumns> {
    let (kernel, mm) = (&machine.kernel, machine.mm_of(pid)?);
    let mut columns = AreaColumns { present: present_counts(machine, pid)?, ..AreaColumns::default() };
    let mut known: SortedMap<(Option<FileId>, Option<AnonNameId>, &str), u32> = SortedMap::new();
    for (_, vma) in mm.vmas.iter() {
        let special = anonymous_name(mm, vma);
        columns.start.push((vma.range.start.0 >> PAGE_SHIFT) as f64);
        columns.pages.push(vma.pages() as f64);
        columns.kind.push(kind_of(kernel, if vma.file.is_some() { "" } else { special }, vma));
        columns.perms.push(bits(vma.flags, &PERMS));
        columns.flags.push(bits(vma.flags, &FLAGS));
        let names = &mut columns.names;
        let name = *known.entry((vma.file, vma.anon_name, special)).or_insert_with(|| {
            let name = name_of(kernel, mm, vma, special);
            let place = names.iter().position(|known| *known == name);
            place.unwrap_or_else(|| {
                names.push(name);
                names.len() - 1
            }) as u32
        });
        columns.name.push(name);
    }
    Some(columns)
}

fn name_of(kernel: &Kernel, mm: &Mm, vma: &Vma, special: &str) -> String {
    let name = line_of(kernel, mm, vma).name;
    if name.is_empty() { special.into() } else { name }
}

/// How many pages of each area are not empty; costs what is present, not what is mapped.
pub fn present_counts(machine: &Machine, pid: Pid) -> Option<Vec<u32>> {
    let (kernel, mm) = (&machine.kernel, machine.mm_of(pid)?);
    let mut counts = Vec::with_capacity(mm.vmas.len());
    let everything = VirtRange { start: VirtAddr(0), end: VirtAddr(kernel.task_size()) };
    let mut ranges = mm.vmas.iter().map(|(_, vma)| vma.range);
    let (mut range, mut count) = (ranges.next(), 0);
    mm.tables.each_used(&kernel.phys, everything, &mut |addr, _| {
        while range.is_some_and(|range| range.end <= addr) {
            counts.push(std::mem::take(&mut count));
            range = ranges.next();
        }
        count += u32::from(range.is_some_and(|range| range.start <= addr));
    });
    while range.is_some() {
        counts.push(std::mem::take(&mut count));
        range = ranges.next();
    }
    Some(counts)
}

/// A number that is another one when what [`area_columns`] says of a process is, but for the pages that are present.
pub fn areas_version(machine: &Machine, pid: Pid) -> Option<u32> {
    let (kernel, mm) = (&machine.kernel, machine.mm_of(pid)?);
    let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
    mm.brk.0.hash(&mut hash);
    for (_, vma) in mm.vmas.iter() {
        hash.write_u64(vma.range.start.0);
        hash.write_u64(vma.range.end.0);
        hash.write_u64(vma.flags.bits());
        let file = vma.file.map_or(0, |file| file.index() as u64 + 1);
        let name = vma.anon_name.map_or(0, |name| name.index() as u64 + 1);
        hash.write_u64(file << 32 | name);
    }
    // A file that loses its name gets another one in maps.
    for (_, file) in kernel.fs.files() {
        hash.write_usize(file.path.len());
    }
    let folded = hash.finish();
    Some((folded ^ folded >> 32) as u32)
}

/// Words at a time: areas are many.
struct Fnv(u64);

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 29
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }
}
