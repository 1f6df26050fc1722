//! A read of a page that an object has (Linux `mm/memory.c`: `do_read_fault`, `do_fault_around`): what is cached around
//! it is mapped along.

use super::{FaultContext, FaultOutcome, page_prot};
use crate::addr::{PAGE_SHIFT, PAGE_SIZE, PMD_SIZE, Pfn, VirtAddr, VirtRange};
use crate::event::Note;
use crate::ids::InodeId;
use crate::mm::kernel::Kernel;
use crate::mm::mm_struct::Rss;
use crate::mmu::{Pte, Slot};

impl Kernel {
    /// A read: pages around it that are cached are mapped along; else the page itself.
    pub(super) fn do_read_fault(&mut self, context: &FaultContext) -> FaultOutcome {
        if self.maps_around(context) {
            return FaultOutcome::DONE;
        }
        let found = match self.do_fault(context) {
            Ok(found) => found,
            Err(outcome) => return outcome,
        };
        // While the disk is read the area is let go, and then the fault is handled from its start: what was
        // read along is mapped along.
        if found.major && self.sysctl.read_ahead_pages > 0 && self.maps_around(context) {
            self.phys.put(found.pfn, &mut self.trace);
            return FaultOutcome::Done { major: true };
        }
        self.finish_fault(context, found, false)
    }

    /// Maps what is cached around the page, if the area's object allows it; whether the page was among it.
    fn maps_around(&mut self, context: &FaultContext) -> bool {
        let wanted = self.operations_of(context).maps_around() && self.sysctl.fault_around_pages > 1;
        wanted && self.call("do_fault_around", |k| k.do_fault_around(context))
    }

    /// Maps every cached page of a 16-page window around the fault whose entry is empty. Whether the
    /// faulting page was among them.
    fn do_fault_around(&mut self, context: &FaultContext) -> bool {
        let window = self.fault_around_window(context);
        let vma = self.mms[context.mm].vmas.get(context.vma);
        let Some(file) = vma.file else { return false };
        let (first_pgoff, bits) = (vma.pgoff_of(window.start), page_prot(vma));
        let inode = self.fs.file(file).inode;
        let file = self.fs.inode(inode);
        let mut cached = file.cached_in(first_pgoff..(first_pgoff + window.pages()).min(file.page_count()));
        cached.retain(|(_, frame)| frame.is_none_or(|pfn| self.is_filled(pfn)));
        let first = cached.first().map(|(index, _)| *index);
        let Some(first_slot) = self.table_for_fault_around(context, inode, window, first) else { return false };
        self.say(Note::Range { what: "map_pages", range: window });
        let (mut hit, mut mapped) = (false, [0; 3]);
        for (index, frame) in cached {
            let page = index - first_pgoff;
            let (addr, slot) = (window.start + page * PAGE_SIZE, first_slot.further(page as usize));
            if !slot.read(&self.phys).is_none() {
                continue;
            }
            let Some(pfn) = frame.or_else(|| self.frame_for_cached(inode, index)) else { continue };
            if let Some(kind) = self.map_cached_page(context, (addr, slot), pfn, bits) {
                mapped[kind as usize] += 1;
            }
            hit |= addr == context.addr;
        }
        self.mms[context.mm].add_all_rss(mapped, 1);
        hit
    }

    /// The place of the window's first entry in its page table. The kernel makes the table while it looks
    /// whether the first cached page belongs to a huge one; at the end of a disk file it does not look, and
    /// gives up.
    fn table_for_fault_around(&mut self, context: &FaultContext, inode: InodeId, window: VirtRange, first: Option<u64>) -> Option<Slot> {
        let (first, tables) = (first?, &mut self.mms[context.mm].tables);
        if let Some(slot) = tables.find(&self.phys, window.start) {
            return Some(slot);
        }
        let file = self.fs.inode(inode);
        if file.kind.is_written_back() && first + 1 >= file.page_count() {
            return None;
        }
        tables.find_or_make(&mut self.phys, window.start, &mut self.trace)
    }

    /// The frame that a page takes which counts as cached and has none yet; `None` when RAM is exhausted.
    fn frame_for_cached(&mut self, inode: InodeId, index: u64) -> Option<Pfn> {
        self.fs.cached_page(inode, index, &mut self.phys, &mut self.trace).ok().flatten()
    }

    /// Maps one cached page in an empty place: the counter that it belongs to.
    fn map_cached_page(&mut self, context: &FaultContext, (addr, slot): (VirtAddr, Slot), pfn: Pfn, bits: u64) -> Option<Rss> {
        self.phys.get(pfn);
        // Only the page that was asked for counts as used.
        let accessed = if addr == context.addr { Pte::ACCESSED } else { 0 };
        let pte = Pte::leaf(pfn, bits | accessed);
        self.set_pte(context.mm, addr, slot, pte);
        self.map_frame(pte)
    }

    /// 16 pages from the start of the aligned block or of the area, whichever is higher, cut to the
    /// area and to one page table (measured; the file offset does not shift it).
    fn fault_around_window(&self, context: &FaultContext) -> VirtRange {
        let area = self.mms[context.mm].vmas.get(context.vma).range;
        let pages = self.sysctl.fault_around_pages;
        let block = VirtAddr(context.addr.0 & !((pages << PAGE_SHIFT) - 1));
        let start = block.max(area.start);
        let table_end = VirtAddr((context.addr.0 & !(PMD_SIZE - 1)) + PMD_SIZE);
        VirtRange { start, end: (start + pages * PAGE_SIZE).min(area.end).min(table_end) }
    }
}
