//! Pages: strips of whole areas in few columns, and runs of pages one by one.

use super::cell;
use crate::addr::{PAGE_SHIFT, PAGE_SIZE, VirtAddr, VirtRange};
use crate::flags::VmFlags;
use crate::ids::Pid;
use crate::machine::Machine;
use crate::mm::Kernel;
use crate::mmu::{Marker, Pte};
use crate::phys::Owner;
use crate::vma::Vma;
use std::ops::Range;

/// No frame.
pub const NO_FRAME: u32 = u32::MAX;
/// More pages are not drawn one by one.
const MOST_CELLS: u64 = 1 << 20;

/// Some areas, `columns` bytes each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strips {
    /// The most frequent kind of each column, and every bit that a page of it has.
    pub cells: Vec<u8>,
    /// How much of each column is present, 0 … 255.
    pub full: Vec<u8>,
}

/// Pages one by one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cells {
    /// What each is.
    pub cells: Vec<u8>,
    /// Its frame, or [`NO_FRAME`].
    pub pfn: Vec<u32>,
}

/// What an entry shows, without the bits that come from its area.
pub(super) fn cell_of(kernel: &Kernel, pte: Pte) -> u8 {
    let kind = match pte.as_marker() {
        Some(Marker::Guard) => return cell::GUARD,
        Some(Marker::Poison) => return cell::MARKER,
        None if pte.is_none() => return cell::ABSENT,
        None if !pte.is_present() => return cell::MARKER,
        None => {
            let frame = kernel.phys.frame(pte.pfn());
            match frame.owner {
                Owner::ZeroPage => cell::ZERO,
                Owner::Anon { .. } if frame.mapcount > 1 => cell::COW,
                Owner::Anon { .. } => cell::ANON,
                Owner::File { shmem: true, .. } => cell::SHMEM,
                Owner::File { .. } => cell::FILE,
                Owner::Kernel | Owner::PageTable { .. } | Owner::Free => cell::SPECIAL,
            }
        }
    };
    let bit = |pte_bit, bit| if pte.has(pte_bit) { bit } else { 0 };
    kind | bit(Pte::DIRTY, cell::DIRTY) | bit(Pte::ACCESSED, cell::ACCESSED) | bit(Pte::WRITE, cell::WRITABLE)
}

fn locked(vma: &Vma) -> u8 {
    if vma.flags.contains(VmFlags::LOCKED) { cell::LOCKED } else { 0 }
}

/// The pages of a column that were met so far.
#[derive(Default)]
struct Bucket {
    kinds: [u32; 16],
    bits: u8,
}

impl Bucket {
    fn add(&mut self, cell: u8) {
        self.kinds[usize::from(cell & 15)] += 1;
        self.bits |= cell & 0xf0;
    }

    /// The cell that stands for it, and how much of `size` pages there is.
    fn close(&self, size: u64) -> (u8, u8) {
        let all: u32 = self.kinds.iter().sum();
        if all == 0 {
            return (cell::ABSENT, 0);
        }
        let most = (0..16).max_by_key(|kind| (self.kinds[*kind], 16 - kind)).unwrap_or(0);
        (most as u8 | self.bits, (u64::from(all) * 255 / size.max(1)).clamp(1, 255) as u8)
    }
}

/// The first page of a column of an area.
fn column_start(column: usize, columns: usize, pages: u64) -> u64 {
    (column as u128 * u128::from(pages)).div_ceil(columns as u128) as u64
}

/// Strips of the areas from one to before another.
pub fn strips(machine: &Machine, pid: Pid, areas: Range<usize>, columns: usize) -> Strips {
    let mut strips = Strips::default();
    let Some(mm) = machine.mm_of(pid).filter(|_| columns > 0) else { return strips };
    for (_, vma) in mm.vmas.iter().skip(areas.start).take(areas.len()) {
        let at = strips.cells.len();
        strips.cells.resize(at + columns, cell::ABSENT);
        strips.full.resize(at + columns, 0);
        let pages = vma.pages();
        let (mut column, mut bucket) = (0, Bucket::default());
        let mut close = |column: usize, bucket: &Bucket| {
            let size = column_start(column + 1, columns, pages) - column_start(column, columns, pages);
            (strips.cells[at + column], strips.full[at + column]) = bucket.close(size);
        };
        for (addr, pte) in mm.tables.used(&machine.kernel.phys, vma.range) {
            let page = (addr - vma.range.start) >> PAGE_SHIFT;
            let here = (u128::from(page) * columns as u128 / u128::from(pages)) as usize;
            if here != column {
                close(column, &bucket);
                (column, bucket) = (here, Bucket::default());
            }
            bucket.add(cell_of(&machine.kernel, pte) | locked(vma));
        }
        close(column, &bucket);
    }
    strips
}

/// Pages one by one, from a page number on; where no area is, [`cell::NONE`].
pub fn cells(machine: &Machine, pid: Pid, page: u64, count: u64) -> Cells {
    let count = count.min(MOST_CELLS);
    let mut cells = Cells { cells: vec![cell::NONE; count as usize], pfn: vec![NO_FRAME; count as usize] };
    let end = machine.kernel.task_size() >> PAGE_SHIFT;
    let (Some(mm), true) = (machine.mm_of(pid), page < end) else { return cells };
    let address = |page: u64| VirtAddr(page << PAGE_SHIFT);
    let range = VirtRange { start: address(page), end: address((page + count).min(end)) };
    for id in mm.vmas.overlapping(range) {
        let vma = mm.vmas.get(id);
        let part = VirtRange { start: vma.range.start.max(range.start), end: vma.range.end.min(range.end) };
        let place = |addr: VirtAddr| ((addr - range.start) / PAGE_SIZE) as usize;
        cells.cells[place(part.start)..place(part.end)].fill(cell::ABSENT);
        for (addr, pte) in mm.tables.used(&machine.kernel.phys, part) {
            cells.cells[place(addr)] = cell_of(&machine.kernel, pte) | locked(vma);
            if pte.is_present() {
                cells.pfn[place(addr)] = pte.pfn().0;
            }
        }
    }
    cells
}
