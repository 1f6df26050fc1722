//! The kernel at a moment, and back: what did not change is shared with the save before, and RAM stays where it is.

use super::anon_vma::AnonVma;
use super::kernel::{Kernel, Sysctl, VmEvents};
use super::mm_struct::Mm;
use super::rmap::IMmap;
use super::{Commit, Segments, Task};
use crate::addr::Pfn;
use crate::blocks::{Seen, Shared};
use crate::fs::FsSave;
use crate::ids::{MmId, Slab, SlabSave, TaskId};
use crate::mmu::CpuSave;
use crate::phys::PhysSave;
use crate::vma::{VmaSet, VmaSetSave};

/// The kernel and the hardware at a moment.
#[derive(Clone, Debug)]
pub struct KernelSave {
    phys: PhysSave,
    cpu: CpuSave,
    fs: FsSave,
    mms: Slab<MmId, MmSave>,
    mms_made: u64,
    tasks: Slab<TaskId, Task>,
    current: TaskId,
    anon_vmas: SlabSave<AnonVma, 16>,
    i_mmap: Shared<IMmap>,
    anon_names: Shared<Vec<String>>,
    shm: Segments,
    sysctl: Sysctl,
    commit: Commit,
    vm_events: VmEvents,
    zero_page: Pfn,
    oom_kills: u32,
    vdso_pages: [Pfn; 2],
    vvar_pages: [Pfn; 2],
}

/// An address space: its areas apart, in blocks.
#[derive(Clone, Debug)]
struct MmSave {
    areas: VmaSetSave,
    /// The rest of it, without areas.
    rest: Mm,
}

impl KernelSave {
    /// Bytes of what was not counted yet.
    pub fn bytes(&self, seen: &mut Seen) -> usize {
        let spaces: usize = self.mms.iter().map(|(_, mm)| mm.areas.bytes(seen) + size_of::<Mm>()).sum();
        let families = self.anon_vmas.bytes(seen);
        let mapped = self.i_mmap.bytes(seen, |i_mmap| i_mmap.count() * 24);
        let rest = size_of::<Self>() + self.tasks.len() * size_of::<Task>();
        self.phys.bytes(seen) + self.cpu.bytes(seen) + self.fs.bytes(seen) + spaces + families + mapped + rest
    }
}

impl Kernel {
    /// Saves everything but what is being recorded.
    pub(crate) fn save(&mut self, before: Option<&KernelSave>) -> KernelSave {
        let cpu = self.cpu.save(&self.phys, before.map(|before| &before.cpu));
        let phys = self.phys.save(before.map(|before| &before.phys), cpu.written().into_iter());
        let areas = self.mms.map(|at, mm| {
            let known = before.and_then(|before| before.mms.get(MmId::from(at))).filter(|known| known.rest.serial == mm.serial);
            mm.vmas.save(known.map(|known| &known.areas))
        });
        let mut mms_without: Vec<(MmId, VmaSet)> = Vec::new();
        for (id, mm) in self.mms.iter_mut() {
            mms_without.push((id, std::mem::take(&mut mm.vmas)));
        }
        let mms = self.mms.map(|at, mm| MmSave { areas: areas[MmId::from(at)].clone(), rest: mm.clone() });
        for (id, vmas) in mms_without {
            self.mms[id].vmas = vmas;
        }
        // Every field is named, so that a new one is not forgotten.
        let Self {
            phys: _,
            cpu: _,
            fs,
            mms: _,
            mms_made,
            tasks,
            current,
            anon_vmas,
            i_mmap,
            anon_names,
            shm,
            sysctl,
            commit,
            vm_events,
            signal_why: _,
            trace: _,
            zero_page,
            oom_kills,
            vdso_pages,
            vvar_pages,
            populate_left: _,
        } = self;
        KernelSave {
            phys,
            cpu,
            fs: fs.save(before.map(|before| &before.fs)),
            mms,
            mms_made: *mms_made,
            tasks: tasks.clone(),
            current: *current,
            anon_vmas: anon_vmas.save(before.map(|before| &before.anon_vmas)),
            i_mmap: Shared::of(i_mmap, before.map(|before| &before.i_mmap)),
            anon_names: Shared::of(anon_names, before.map(|before| &before.anon_names)),
            shm: shm.clone(),
            sysctl: sysctl.clone(),
            commit: *commit,
            vm_events: *vm_events,
            zero_page: *zero_page,
            oom_kills: *oom_kills,
            vdso_pages: *vdso_pages,
            vvar_pages: *vvar_pages,
        }
    }

    /// Goes back, or on, to a save of this machine.
    pub(crate) fn restore(&mut self, save: &KernelSave) {
        let written = save.cpu.written();
        self.phys.restore(&save.phys, written.into_iter());
        self.cpu.restore(&save.cpu, &self.phys);
        self.fs.restore(&save.fs);
        // Tables of areas that are there are used again.
        let mut spare: Vec<VmaSet> = self.mms.iter_mut().map(|(_, mm)| std::mem::take(&mut mm.vmas)).collect();
        self.mms = save.mms.map(|_, known| {
            let mut vmas = spare.pop().unwrap_or_default();
            vmas.restore(&known.areas);
            Mm { vmas, ..known.rest.clone() }
        });
        self.tasks.clone_from(&save.tasks);
        self.anon_vmas.restore(&save.anon_vmas);
        save.i_mmap.restore(&mut self.i_mmap);
        save.anon_names.restore(&mut self.anon_names);
        self.shm.clone_from(&save.shm);
        self.sysctl.clone_from(&save.sysctl);
        self.commit = save.commit;
        (self.mms_made, self.current, self.vm_events) = (save.mms_made, save.current, save.vm_events);
        (self.zero_page, self.oom_kills) = (save.zero_page, save.oom_kills);
        (self.vdso_pages, self.vvar_pages) = (save.vdso_pages, save.vvar_pages);
    }
}
