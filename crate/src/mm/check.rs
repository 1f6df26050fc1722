//! Every invariant, recounted from scratch (DESIGN rule 8). On in every test, after every operation.

use super::kernel::Kernel;
use super::mm_struct::{Mm, Rss};
use crate::addr::{Pfn, USER_END, VirtAddr, VirtRange};
use crate::flags::VmFlags;
use crate::ids::MmId;
use crate::mmu::{Access, Pte};
use crate::phys::Owner;
use std::collections::BTreeMap;

/// References and mappings of frames, as counted.
type Counts = BTreeMap<Pfn, (u32, u32)>;

impl Kernel {
    /// Recounts everything; what is wrong, in words.
    ///
    /// # Errors
    /// The first invariant that does not hold.
    pub(crate) fn check_invariants(&self) -> Result<(), String> {
        let mut counts = self.kernel_references();
        let mut promised = 0;
        for (id, mm) in self.mms.iter() {
            mm.vmas.tree().check().map_err(|e| format!("address space {id}: {e}"))?;
            mm.vmas.check_links().map_err(|e| format!("address space {id}: {e}"))?;
            self.check_counters(id, mm)?;
            self.check_entries(id, mm, &mut counts)?;
            self.check_links(id, mm)?;
            promised += mm.vmas.iter().filter(|(_, v)| v.flags.contains(VmFlags::ACCOUNT)).map(|(_, v)| v.pages()).sum::<u64>();
        }
        promised += self.fs.inodes().map(|(_, inode)| inode.promised_pages).sum::<u64>();
        promised += self.commit.drift;
        if promised != self.commit.pages {
            return Err(format!("{} pages are promised, the areas say {promised}", self.commit.pages));
        }
        self.check_frames(&counts)?;
        self.check_shares(&counts)?;
        self.check_tlb()
    }

    /// References that are not page-table entries: the kernel's own pages and the page caches.
    fn kernel_references(&self) -> Counts {
        let mut counts = Counts::new();
        let own = [self.zero_page].into_iter().chain(self.vdso_pages).chain(self.vvar_pages);
        let cached = self.fs.inodes().flat_map(|(_, inode)| inode.pages().map(|(_, pfn)| pfn));
        for pfn in own.chain(cached) {
            counts.entry(pfn).or_default().0 += 1;
        }
        counts
    }

    fn check_counters(&self, id: MmId, mm: &Mm) -> Result<(), String> {
        let mut recount = [0u64; 5];
        for (_, vma) in mm.vmas.iter() {
            let pages = vma.pages();
            recount[0] += pages;
            if vma.flags.is_exec() {
                recount[2] += pages;
            } else if vma.flags.contains(VmFlags::GROWSDOWN) {
                recount[3] += pages;
            } else if vma.flags.is_data() {
                recount[1] += pages;
            }
            if vma.flags.contains(VmFlags::LOCKED) {
                recount[4] += pages;
            }
        }
        let kept = [mm.total_vm, mm.data_vm, mm.exec_vm, mm.stack_vm, mm.locked_vm - mm.locked_vm_drift];
        if kept != recount {
            return Err(format!("address space {id}: total, data, exec, stack, locked pages are {kept:?}, recounted {recount:?}"));
        }
        Ok(())
    }

    fn check_entries(&self, id: MmId, mm: &Mm, counts: &mut Counts) -> Result<(), String> {
        counts.entry(mm.tables.root).or_default().0 += 1;
        let tables = mm.tables.table_frames(&self.phys);
        let counted = tables.iter().filter(|(_, level)| *level < 4).count();
        if counted as u64 != mm.tables.count {
            return Err(format!("address space {id}: {} tables are counted, {} found", mm.tables.count, counted));
        }
        for (pfn, _) in tables {
            counts.entry(pfn).or_default().0 += 1;
        }
        if let Some((addr, table)) = mm.tables.remembered_table() {
            self.check_remembered(mm.tables.root, addr, table).map_err(|e| format!("address space {id}: {e}"))?;
        }
        let mut rss = [0u64; 3];
        for (addr, pte) in mm.tables.used(&self.phys, VirtRange { start: VirtAddr(0), end: USER_END }) {
            self.check_entry(mm, addr, pte).map_err(|e| format!("address space {id}, page {addr}: {e}"))?;
            if pte.maps_counted_frame() {
                let count = counts.entry(pte.pfn()).or_default();
                *count = (count.0 + 1, count.1 + 1);
                if let Some(kind) = Rss::of(self.phys.frame(pte.pfn())) {
                    rss[kind as usize] += 1;
                }
            }
        }
        if rss != mm.rss {
            return Err(format!("address space {id}: resident pages {:?} are kept, recounted {rss:?}", mm.rss));
        }
        debug_assert_eq!(Rss::Shmem as usize, 2);
        Ok(())
    }

    /// An entry lies in an area and is no wider than the area allows.
    fn check_entry(&self, mm: &Mm, addr: VirtAddr, pte: Pte) -> Result<(), String> {
        let Some(vma) = mm.vmas.lookup(addr) else { return Err(format!("{pte:?} lies in no area")) };
        let vma = mm.vmas.get(vma);
        if !pte.is_hardware_present() {
            return Ok(());
        }
        if pte.is_writable() && !vma.flags.contains(VmFlags::WRITE) {
            return Err(format!("{pte:?} is writable, its area is not"));
        }
        if !pte.has(Pte::NX) && !vma.flags.contains(VmFlags::EXEC) {
            return Err(format!("{pte:?} is executable, its area is not"));
        }
        if !vma.is_accessible() {
            return Err(format!("{pte:?} is accessible, its area is not"));
        }
        let frame = self.phys.frame(pte.pfn());
        if pte.is_writable() && frame.is_anon() && frame.mapcount != 1 {
            return Err(format!("{pte:?} is writable but shared by {} entries", frame.mapcount));
        }
        Ok(())
    }

    /// Areas and the books of files and families agree.
    fn check_links(&self, id: MmId, mm: &Mm) -> Result<(), String> {
        for (vma_id, vma) in mm.vmas.iter() {
            if let Some(file) = vma.file {
                let inode = self.fs.file(file).inode;
                if !self.i_mmap.areas(inode).any(|area| area == (id, vma_id)) {
                    return Err(format!("area {} is not in its file's books", vma.range));
                }
            }
            if vma.anon_vma.is_none() && vma.long_chain.is_some() {
                return Err(format!("area {} has a chain and no family", vma.range));
            }
            if let Some(lost) = vma.chain().iter().find(|f| !self.anon_vmas[**f].members.contains(&(id, vma_id))) {
                return Err(format!("area {} is not in the books of family {lost}", vma.range));
            }
        }
        Ok(())
    }

    fn check_frames(&self, counts: &Counts) -> Result<(), String> {
        let mut used = 0;
        for (pfn, frame) in self.phys.frames() {
            let (references, mappings) = counts.get(&pfn).copied().unwrap_or_default();
            if (frame.refcount, frame.mapcount) != (references, mappings) {
                return Err(format!(
                    "frame {pfn} ({:?}): {} references and {} mappings are kept, recounted {references} and {mappings}",
                    frame.owner, frame.refcount, frame.mapcount
                ));
            }
            if (frame.owner == Owner::Free) != (references == 0) {
                return Err(format!("frame {pfn} has owner {:?} and {references} references", frame.owner));
            }
            if mappings > 0 {
                self.check_rmap(pfn, mappings)?;
            }
            used += u32::from(references > 0);
        }
        if used + self.phys.free_frames() != self.phys.total_frames() {
            return Err(format!("{used} frames are used, {} free, {} exist", self.phys.free_frames(), self.phys.total_frames()));
        }
        Ok(())
    }

    /// The frame itself leads to every entry that maps it.
    fn check_rmap(&self, pfn: Pfn, mappings: u32) -> Result<(), String> {
        let owner = self.phys.frame(pfn).owner;
        if !matches!(owner, Owner::Anon { .. } | Owner::File { .. }) {
            return Ok(());
        }
        let found = self.rmap_walk(pfn).len();
        if found != mappings as usize {
            return Err(format!("frame {pfn} ({owner:?}) leads to {found} entries, {mappings} map it"));
        }
        Ok(())
    }

    /// Each mapping counts for one part in as many as the frame has: all together are the mapped frames. Whole
    /// numbers throughout: frames with the same count are summed before they are divided.
    fn check_shares(&self, counts: &Counts) -> Result<(), String> {
        let mut entries_by_count: BTreeMap<u32, u64> = BTreeMap::new();
        for (pfn, (_, mappings)) in counts.iter().filter(|(_, (_, mappings))| *mappings > 0) {
            *entries_by_count.entry(self.phys.frame(*pfn).mapcount).or_default() += u64::from(*mappings);
        }
        let mapped = self.phys.frames().filter(|(_, frame)| frame.mapcount > 0).count() as u64;
        let mut sum = 0;
        for (mapcount, entries) in entries_by_count {
            if mapcount == 0 || !entries.is_multiple_of(u64::from(mapcount)) {
                return Err(format!("{entries} entries map frames that count {mapcount} of them each"));
            }
            sum += entries / u64::from(mapcount);
        }
        if sum == mapped { Ok(()) } else { Err(format!("the shares of all mappings sum to {sum} frames, {mapped} are mapped")) }
    }

    /// A remembered table is the one that a walk from the root leads to.
    fn check_remembered(&self, root: Pfn, addr: VirtAddr, table: Pfn) -> Result<(), String> {
        let steps = crate::mmu::explain_walk(&self.phys, root, addr);
        match steps.last() {
            Some(step) if step.level == 1 && step.table == table => Ok(()),
            last => Err(format!("frame {table} is remembered as the table of {addr}, the walk ends at {last:?}")),
        }
    }

    /// The TLB holds nothing that the tables do not say, nor more than they allow.
    fn check_tlb(&self) -> Result<(), String> {
        if let (Some(root), Some((addr, table))) = (self.cpu.cr3(), self.cpu.remembered_table()) {
            self.check_remembered(root, addr, table).map_err(|e| format!("the CPU: {e}"))?;
        }
        for (addr, access, host) in self.cpu.tlb_entries() {
            let Some(root) = self.cpu.cr3() else { return Err("the TLB holds entries without tables".into()) };
            let steps = crate::mmu::explain_walk(&self.phys, root, addr);
            let leaf = steps.last().filter(|step| step.level == 1).map(|step| step.entry);
            let allowed = leaf.is_some_and(|pte| {
                pte.is_hardware_present()
                    && self.phys.host_address(pte.pfn()) == host
                    && match access {
                        Access::Read => true,
                        Access::Write => pte.is_writable() && pte.has(Pte::DIRTY),
                        Access::Execute => !pte.has(Pte::NX),
                    }
            });
            if !allowed {
                return Err(format!("the TLB allows {} at {addr}, the tables say {leaf:?}", access.verb()));
            }
        }
        Ok(())
    }
}
