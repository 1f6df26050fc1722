//! `/proc/PID/maps` (Linux `fs/proc/task_mmu.c:show_map_vma`).

use crate::addr::{PAGE_SHIFT, VirtRange};
use crate::mm::{Kernel, Mm};
use crate::vma::Vma;
use std::fmt::Write;

/// Column at which names start.
const NAME_COLUMN: usize = 73;

/// A line of `/proc/PID/maps`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MapsLine {
    /// Addresses.
    pub range: VirtRange,
    /// `rwxp`, four letters.
    pub perms: [char; 4],
    /// Offset in the file, in bytes.
    pub offset: u64,
    /// Device, major and minor.
    pub dev: (u32, u32),
    /// Inode number, 0 for none.
    pub ino: u64,
    /// Name, may be empty.
    pub name: String,
}

/// The lines of an address space's maps; `[vsyscall]` is last.
pub fn maps(kernel: &Kernel, mm: &Mm) -> Vec<MapsLine> {
    let mut lines: Vec<_> = mm.vmas.iter().map(|(_, vma)| line_of(kernel, mm, vma)).collect();
    lines.push(vsyscall());
    lines
}

pub fn vsyscall() -> MapsLine {
    MapsLine {
        range: VirtRange::new(0xffff_ffff_ff60_0000, 0xffff_ffff_ff60_1000),
        perms: ['-', '-', 'x', 'p'],
        offset: 0,
        dev: (0, 0),
        ino: 0,
        name: "[vsyscall]".into(),
    }
}

/// The line of an area (Linux `show_map_vma`).
pub fn line_of(kernel: &Kernel, mm: &Mm, vma: &Vma) -> MapsLine {
    let file = vma.file.map(|file| (kernel.fs.file(file), kernel.fs.inode_of(file)));
    MapsLine {
        range: vma.range,
        perms: vma.flags.perms(),
        offset: if file.is_some() { vma.pgoff << PAGE_SHIFT } else { 0 },
        dev: file.map_or((0, 0), |(_, inode)| inode.dev),
        ino: file.map_or(0, |(_, inode)| inode.ino),
        name: match (file, vma.anon_name.map(|name| &kernel.anon_names[name.index()])) {
            (Some(_), Some(name)) => format!("[anon_shmem:{name}]"),
            (Some((open, _)), None) => open.path.clone(),
            (None, Some(name)) if anonymous_name(mm, vma).is_empty() => format!("[anon:{name}]"),
            (None, _) => anonymous_name(mm, vma).to_string(),
        },
    }
}

/// The name of an area without a file (Linux `get_vma_name`).
pub fn anonymous_name(mm: &Mm, vma: &Vma) -> &'static str {
    if let Some(special) = vma.special {
        return special.name();
    }
    if vma.range.start < mm.brk && vma.range.end > mm.start_brk {
        return "[heap]";
    }
    if vma.range.contains(mm.start_stack) { "[stack]" } else { "" }
}

/// One line as the kernel prints it, without the newline.
pub fn render_maps_line(line: &MapsLine) -> String {
    let perms: String = line.perms.iter().collect();
    let (major, minor) = line.dev;
    let mut text =
        format!("{:08x}-{:08x} {perms} {:08x} {major:02x}:{minor:02x} {} ", line.range.start.0, line.range.end.0, line.offset, line.ino);
    if !line.name.is_empty() {
        let _ = write!(text, "{:width$}{}", "", line.name.replace('\n', "\\012"), width = NAME_COLUMN.saturating_sub(text.len()));
    }
    text
}

/// The whole text of `/proc/PID/maps`.
pub fn maps_text(kernel: &Kernel, mm: &Mm) -> String {
    maps(kernel, mm).iter().map(|line| render_maps_line(line) + "\n").collect()
}
