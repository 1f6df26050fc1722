//! One area by its address: the ioctl PROCMAP_QUERY of `/proc/PID/maps` (Linux
//! `fs/proc/task_mmu.c:do_procmap_query`, manual page PROCMAP_QUERY(2const)).

use super::maps::line_of;
use crate::addr::{VirtAddr, VirtRange};
use crate::flags::VmFlags;
use crate::mm::{Kernel, Mm};
use crate::vma::Vma;
use bitflags::bitflags;

bitflags! {
    /// Which areas are wanted, and what the found one is (`PROCMAP_QUERY_*`).
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct QueryFlags: u64 {
        /// Readable.
        const READABLE = 1;
        /// Writable.
        const WRITABLE = 2;
        /// Executable.
        const EXECUTABLE = 4;
        /// Shared.
        const SHARED = 8;
        /// The next one will do if none has the address.
        const COVERING_OR_NEXT = 0x10;
        /// With a file.
        const FILE_BACKED = 0x20;
    }
}

/// Which area.
#[derive(Clone, Copy, Debug)]
pub struct VmaQuery {
    /// Around or behind this address.
    pub addr: VirtAddr,
    /// Of this kind.
    pub flags: QueryFlags,
}

/// The area found, as a structure of the kernel says it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VmaAnswer {
    /// Addresses.
    pub range: VirtRange,
    /// The first four flags.
    pub flags: QueryFlags,
    /// Offset in the file in bytes; 0 without a file.
    pub offset: u64,
    /// Inode number, 0 without a file.
    pub ino: u64,
    /// Device, major and minor.
    pub dev: (u32, u32),
    /// As maps shows it; may be empty.
    pub name: String,
}

fn kind_of(vma: &Vma) -> QueryFlags {
    let table = [
        (VmFlags::READ, QueryFlags::READABLE),
        (VmFlags::WRITE, QueryFlags::WRITABLE),
        (VmFlags::EXEC, QueryFlags::EXECUTABLE),
        (VmFlags::MAYSHARE, QueryFlags::SHARED),
    ];
    let set = table.into_iter().filter(|(flag, _)| vma.flags.contains(*flag));
    set.fold(QueryFlags::empty(), |all, (_, kind)| all | kind)
}

/// The first area that fits; `None` if there is none (ENOENT).
pub fn query_vma(kernel: &Kernel, mm: &Mm, query: &VmaQuery) -> Option<VmaAnswer> {
    let wanted = query.flags & (QueryFlags::READABLE | QueryFlags::WRITABLE | QueryFlags::EXECUTABLE | QueryFlags::SHARED);
    let or_next = query.flags.contains(QueryFlags::COVERING_OR_NEXT);
    let mut next = mm.vmas.find(query.addr);
    while let Some(id) = next {
        let vma = mm.vmas.get(id);
        if !or_next && vma.range.start > query.addr {
            return None;
        }
        let file = !query.flags.contains(QueryFlags::FILE_BACKED) || vma.file.is_some();
        if file && kind_of(vma).contains(wanted) {
            let line = line_of(kernel, mm, vma);
            return Some(VmaAnswer {
                range: vma.range,
                flags: kind_of(vma),
                offset: line.offset,
                ino: line.ino,
                dev: line.dev,
                name: line.name,
            });
        }
        if !or_next {
            return None;
        }
        next = mm.vmas.neighbours(id).1;
    }
    None
}
