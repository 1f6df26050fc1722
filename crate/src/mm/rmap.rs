//! From a file to the areas that map it (Linux `i_mmap`), and cutting pages of a file out of all of
//! them (Linux `unmap_mapping_range`).

use super::kernel::Kernel;
use super::zap::Zap;
use crate::flags::VmFlags;
use crate::ids::{InodeId, MmId, VmaId};
use crate::vma::Vma;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// For each file the areas that map it.
#[derive(Clone, Debug, Default)]
pub struct IMmap(BTreeMap<InodeId, BTreeSet<(MmId, VmaId)>>);

impl IMmap {
    /// The areas that map a file.
    pub fn areas(&self, inode: InodeId) -> impl Iterator<Item = (MmId, VmaId)> {
        self.0.get(&inode).into_iter().flatten().copied()
    }
}

/// Whether the area keeps its file from being sealed against writing.
fn is_shared_maywrite(vma: &Vma) -> bool {
    vma.flags.contains(VmFlags::SHARED | VmFlags::MAYWRITE)
}

impl Kernel {
    /// Books an area with its file (Linux `__vma_link_file`).
    #[inline]
    pub(crate) fn link_file(&mut self, mm: MmId, id: VmaId) {
        let vma = self.mms[mm].vmas.get(id);
        let Some(file) = vma.file else { return };
        let inode = self.fs.file(file).inode;
        if is_shared_maywrite(vma) {
            self.fs.inode_mut(inode).shared_writable_mappings += 1;
        }
        self.i_mmap.0.entry(inode).or_default().insert((mm, id));
    }

    /// Takes an area out of its file's books.
    #[inline]
    pub(crate) fn unlink_file(&mut self, mm: MmId, id: VmaId, vma: &Vma) {
        let Some(file) = vma.file else { return };
        let inode = self.fs.file(file).inode;
        if is_shared_maywrite(vma) {
            self.fs.inode_mut(inode).shared_writable_mappings -= 1;
        }
        if let Some(areas) = self.i_mmap.0.get_mut(&inode) {
            areas.remove(&(mm, id));
            if areas.is_empty() {
                self.i_mmap.0.remove(&inode);
            }
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
