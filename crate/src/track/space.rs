//! An address space that is told of: how it begins, what is asked of it, how it is copied.

use super::stamps::Stamps;
use crate::addr::VirtAddr;
use crate::ids::{FileId, MmId};
use crate::mm::{Capabilities, Kernel, Layout, Mm, Personality, Rlimit, Sysctl, Task};
use crate::mmu::Tables;
use crate::proc::{MapsLine, line_of, render_maps_line, vsyscall};
use crate::sorted::SortedMap;

/// Which open file: device, inode, and which `open` of it.
pub(super) type FileKey = ((u32, u32), u64, u64);

/// The areas of another process.
#[derive(Clone, Debug)]
pub struct AddressSpace {
    pub(super) kernel: Kernel,
    pub(super) mm: MmId,
    pub(super) stamps: Stamps,
    /// Files that are or were mapped, each held once.
    pub(super) files: SortedMap<FileKey, FileId>,
    /// Beyond so many files those that no area maps any more are let go.
    pub(super) most_files: usize,
    /// Whether maps ends with `[vsyscall]`.
    pub(super) has_vsyscall: bool,
    /// Whether the end of the heap is known; the first `brk` tells.
    pub(super) knows_brk: bool,
}

/// What is mapped at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// The area, as a line of maps.
    pub line: MapsLine,
    /// The number of the event that put its oldest part there; 0 if it was there before the first.
    pub made: u64,
    /// The number of the event that last moved its borders or changed what it allows.
    pub changed: u64,
}

/// Settings under which nothing is refused that a kernel anywhere may allow: limits are its matter.
fn lenient() -> Sysctl {
    Sysctl {
        max_map_count: u64::MAX,
        overcommit_memory: 1,
        mmap_min_addr: 0,
        lsm_mmap_min_addr: 0,
        la57: true,
        anon_vma_names: true,
        ..Sysctl::reference()
    }
}

fn lenient_task(mm: MmId) -> Task {
    let unlimited = Rlimit { cur: u64::MAX, max: u64::MAX };
    Task { rlimits: [unlimited; 16], capabilities: Capabilities::all(), personality: Personality::empty(), ..Task::new(mm, 0) }
}

impl Default for AddressSpace {
    fn default() -> Self {
        Self::new()
    }
}

impl AddressSpace {
    /// One without areas, as between the old program and the new one in `execve`.
    pub fn new() -> Self {
        let mut kernel = Kernel::without_ram(lenient());
        let mm = kernel.add_mm(Self::fresh_mm());
        kernel.current = kernel.tasks.insert(lenient_task(mm));
        Self { kernel, mm, stamps: Stamps::default(), files: SortedMap::new(), most_files: 64, has_vsyscall: true, knows_brk: false }
    }

    /// Where mappings would go does not matter: each event says where they went.
    fn fresh_mm() -> Mm {
        Mm::new(Tables::none(), Layout::pick(8 << 20, false, 0))
    }

    pub(super) fn space(&self) -> &Mm {
        &self.kernel.mms[self.mm]
    }

    pub(super) fn space_mut(&mut self) -> &mut Mm {
        &mut self.kernel.mms[self.mm]
    }

    /// How many events were applied: the number of the last.
    pub fn events(&self) -> u64 {
        self.stamps.now
    }

    /// How many areas there are (`map_count`).
    pub fn len(&self) -> usize {
        self.space().vmas.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.space().vmas.is_empty()
    }

    /// What is mapped at an address, and since which event.
    pub fn at(&self, addr: VirtAddr) -> Option<Mapped> {
        let id = self.space().vmas.lookup(addr)?;
        let stamp = self.stamps.of(id);
        let line = line_of(&self.kernel, self.space(), self.space().vmas.get(id));
        Some(Mapped { line, made: stamp.made, changed: stamp.changed })
    }

    /// All areas, in order of address.
    pub fn areas(&self) -> impl Iterator<Item = Mapped> {
        self.space().vmas.iter().map(|(id, vma)| {
            let stamp = self.stamps.of(id);
            Mapped { line: line_of(&self.kernel, self.space(), vma), made: stamp.made, changed: stamp.changed }
        })
    }

    /// The text of `/proc/PID/maps`.
    pub fn maps_text(&self) -> String {
        let last = self.has_vsyscall.then(vsyscall);
        self.areas().map(|area| area.line).chain(last).map(|line| render_maps_line(&line) + "\n").collect()
    }

    /// Where the heap begins and ends, if it is known: fields 47 of `/proc/PID/stat`, and what `brk(0)` answers. Maps tells
    /// only whole pages, and nothing of a heap that is empty.
    pub fn set_heap(&mut self, start: VirtAddr, end: VirtAddr) {
        let space = self.space_mut();
        (space.start_brk, space.brk) = (start, end);
        self.knows_brk = true;
    }

    /// Where the stack pointer was when the program began (field 28 of `/proc/PID/stat`): of several pieces of a stack, the one
    /// with this address is called `[stack]`.
    pub fn set_start_stack(&mut self, addr: VirtAddr) {
        self.space_mut().start_stack = addr;
    }

    /// The child's address space after `fork` (Linux `dup_mmap`). Its events are counted on from here.
    pub fn fork(&self) -> Self {
        let mut child = self.clone();
        let parent = child.mm;
        // Nothing is promised beyond what there is, and no table is made: it cannot fail.
        let Ok(mm) = child.kernel.dup_mm(parent) else { return child };
        let vmas = &child.kernel.mms[mm].vmas;
        let older = &child.kernel.mms[parent].vmas;
        let mut stamps = Stamps::from_number(self.stamps.now);
        for (id, vma) in vmas.iter() {
            if let Some(origin) = older.lookup(vma.range.start) {
                stamps.set(id, self.stamps.of(origin));
            }
        }
        (child.mm, child.stamps) = (mm, stamps);
        let current = child.kernel.current;
        child.kernel.tasks[current].mm = mm;
        child.kernel.exit_mmap(parent);
        child
    }

    /// `execve`: every area goes. What the new program begins with is told as events, or read from its maps. The event's number.
    pub fn exec(&mut self) -> u64 {
        let old = self.mm;
        self.mm = self.kernel.add_mm(Self::fresh_mm());
        let current = self.kernel.current;
        self.kernel.tasks[current].mm = self.mm;
        self.kernel.exit_mmap(old);
        self.stamps = Stamps::from_number(self.stamps.now + 1);
        self.knows_brk = false;
        self.let_files_go();
        self.stamps.now
    }

    /// Lets go of files that no area maps.
    pub(super) fn let_files_go(&mut self) {
        let kernel = &mut self.kernel;
        self.files.retain(|_, file| {
            let mapped = kernel.fs.file(*file).references > 1;
            if !mapped {
                kernel.fput(*file);
            }
            mapped
        });
        self.most_files = (2 * self.files.len()).max(64);
    }
}
