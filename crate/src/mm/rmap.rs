//! Reverse mapping (Linux `mm/rmap.c`): from a file to the areas that map it (`i_mmap`), from a frame to
//! every entry that maps it, and cutting pages of a file out of all areas (`unmap_mapping_range`).

use super::kernel::Kernel;
use super::zap::Zap;
use crate::addr::{PAGE_SHIFT, Pfn, VirtAddr};
use crate::flags::VmFlags;
use crate::ids::{InodeId, MmId, VmOpsId, VmaId};
use crate::mmu::Slot;
use crate::phys::Owner;
use crate::sorted::SortedSet;
use crate::vma::Vma;
use std::ops::Range;

/// For each file the areas that map it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IMmap(SortedSet<(InodeId, MmId, VmaId)>);

impl IMmap {
    /// How many areas map files.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The areas that map a file.
    pub fn areas(&self, inode: InodeId) -> impl Iterator<Item = (MmId, VmaId)> {
        let (first, last) = ((inode, MmId(0), VmaId::from(0)), (inode, MmId(u32::MAX), VmaId::from(u32::MAX as usize)));
        self.0.range(first..=last).map(|(_, mm, vma)| (*mm, *vma))
    }
}

/// An entry that maps a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mapper {
    /// In which address space.
    pub mm: MmId,
    /// In which area.
    pub vma: VmaId,
    /// The page.
    pub addr: VirtAddr,
    /// The entry's place.
    pub slot: Slot,
}

/// Whether the area keeps its file from being sealed against writing.
fn is_shared_maywrite(vma: &Vma) -> bool {
    vma.flags.contains(VmFlags::SHARED | VmFlags::MAYWRITE)
}

impl Kernel {
    /// Every page-table entry that maps a frame, found from what the frame knows of itself: the areas of its
    /// family or of its file, and its page offset there (Linux `rmap_walk`). Nothing for frames that are not
    /// counted: the page of zeros, the kernel's own, page tables.
    pub(crate) fn rmap_walk(&self, pfn: Pfn) -> Vec<Mapper> {
        let frame = self.phys.frame(pfn);
        if frame.mapcount == 0 {
            return Vec::new();
        }
        let (areas, index): (Vec<_>, u64) = match frame.owner {
            Owner::Anon { anon_vma, index } => {
                (self.anon_vmas.get(anon_vma).map_or(Vec::new(), |family| family.members.iter().collect()), index)
            }
            Owner::File { inode, index, .. } => (self.i_mmap.areas(inode).collect(), index),
            _ => return Vec::new(),
        };
        areas.into_iter().filter_map(|(mm, vma)| self.page_vma_mapped_walk(pfn, index, mm, vma)).collect()
    }

    /// The entry of one area that maps the frame (Linux `page_vma_mapped_walk`).
    fn page_vma_mapped_walk(&self, pfn: Pfn, index: u64, mm: MmId, id: VmaId) -> Option<Mapper> {
        let vma = self.mms[mm].vmas.get(id);
        let page = index.checked_sub(vma.pgoff).filter(|page| *page < vma.pages())?;
        let addr = vma.range.start + (page << PAGE_SHIFT);
        let slot = self.mms[mm].tables.find(&self.phys, addr)?;
        let pte = slot.read(&self.phys);
        let maps = pte.maps_counted_frame() && pte.pfn() == pfn;
        maps.then_some(Mapper { mm, vma: id, addr, slot })
    }

    /// Books an area with its file (Linux `__vma_link_file`): so that its pages are found, where there are pages.
    #[inline]
    pub(crate) fn link_file(&mut self, mm: MmId, id: VmaId) {
        let vma = self.mms[mm].vmas.get(id);
        let Some(file) = vma.file.filter(|_| self.has_ram()) else { return };
        let inode = self.fs.file(file).inode;
        if is_shared_maywrite(vma) {
            self.fs.inode_mut(inode).shared_writable_mappings += 1;
        }
        let is_segment = vma.ops == Some(VmOpsId::Shm);
        self.i_mmap.0.insert((inode, mm, id));
        if is_segment {
            self.shm_update_pid(inode);
        }
    }

    /// Takes an area out of its file's books.
    #[inline]
    pub(crate) fn unlink_file(&mut self, mm: MmId, id: VmaId, vma: &Vma) {
        let Some(file) = vma.file.filter(|_| self.has_ram()) else { return };
        let inode = self.fs.file(file).inode;
        if is_shared_maywrite(vma) {
            self.fs.inode_mut(inode).shared_writable_mappings -= 1;
        }
        self.i_mmap.0.remove(&(inode, mm, id));
        if vma.ops == Some(VmOpsId::Shm) {
            self.shm_update_pid(inode);
        }
    }

    /// Cuts pages of a file out of every mapping; `what` says whether private copies go too.
    pub(crate) fn unmap_mapping_pages(&mut self, inode: InodeId, pages: Range<u64>, what: Zap) {
        let areas: Vec<_> = self.i_mmap.areas(inode).collect();
        for (mm, id) in areas {
            let vma = self.mms[mm].vmas.get(id);
            if let Some(range) = vma.part_showing(&pages) {
                self.zap_page_range(mm, range, what);
            }
        }
    }
}
