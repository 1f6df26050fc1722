//! Everything the kernel keeps, and how the verbs record what they do.

use super::accounting::Commit;
use super::anon_vma::AnonVmas;
use super::mm_struct::Mm;
use super::rmap::IMmap;
use super::shm::Segments;
use super::task::Task;
use crate::addr::{PAGE_SHIFT, Pfn, TASK_SIZE, TASK_SIZE_LA57, VirtAddr};
use crate::errno::{Errno, SysError, SysResult};
use crate::event::{Event, Note, Trace};
use crate::fs::{Fs, InodeKind};
use crate::ids::{FileId, MmId, MmSerial, Slab, TaskId};
use crate::mmu::{Cpu, Pte, Slot, Tables};
use crate::phys::{Owner, Phys};
use crate::why::{SignalWhy, Why};

/// Tunables of the machine (`/proc/sys/vm`, kernel configuration), with the reference kernel's values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sysctl {
    /// `vm.max_map_count`.
    pub max_map_count: u64,
    /// `vm.overcommit_memory`: 0 guess, 1 always, 2 never.
    pub overcommit_memory: u8,
    /// `vm.overcommit_ratio`, percent.
    pub overcommit_ratio: u64,
    /// `vm.overcommit_kbytes`: unless 0, counts instead of the ratio.
    pub overcommit_kbytes: u64,
    /// `vm.admin_reserve_kbytes`.
    pub admin_reserve_kbytes: u64,
    /// `vm.user_reserve_kbytes`.
    pub user_reserve_kbytes: u64,
    /// `vm.mmap_min_addr`: the permission check.
    pub mmap_min_addr: u64,
    /// CONFIG_LSM_MMAP_MIN_ADDR.
    pub lsm_mmap_min_addr: u64,
    /// The `MemTotal` that overcommit speaks of, in pages. Not the size of simulated RAM.
    pub total_pages: u64,
    /// `SwapTotal`, in pages.
    pub swap_pages: u64,
    /// `fault_around_bytes`, in pages.
    pub fault_around_pages: u64,
    /// `read_ahead_kb` of the disk, in pages: what a fault on a page that is not cached reads with it. 0, the
    /// policy unless a script says otherwise, reads the page alone; the reference machine has 8,192 kB.
    pub read_ahead_pages: u64,
    /// CONFIG_ANON_VMA_NAME: areas may have names.
    pub anon_vma_names: bool,
    /// CONFIG_MEM_SOFT_DIRTY: new areas are marked until `clear_refs` 4.
    pub soft_dirty: bool,
    /// The CPU has protection keys (PKU).
    pub pku: bool,
    /// The CPU walks five levels of tables (LA57): 56 bits of user space for those who ask for them.
    pub la57: bool,
    /// Check every invariant after every operation.
    pub paranoid: bool,
}

impl Sysctl {
    /// Where searches and hints begin (the kernel's own `mmap_min_addr`).
    #[inline]
    pub fn lowest_search_addr(&self) -> u64 {
        self.mmap_min_addr.max(self.lsm_mmap_min_addr)
    }

    /// The reference kernel: Linux 6.18.44 with 24,684,084 kB of RAM and no swap.
    pub fn reference() -> Self {
        Self {
            max_map_count: 65530,
            overcommit_memory: 0,
            overcommit_ratio: 50,
            overcommit_kbytes: 0,
            admin_reserve_kbytes: 8192,
            user_reserve_kbytes: 100_403,
            mmap_min_addr: 4096,
            lsm_mmap_min_addr: 65536,
            total_pages: 24_684_084 / 4,
            swap_pages: 0,
            fault_around_pages: 16,
            read_ahead_pages: 0,
            anon_vma_names: false,
            soft_dirty: false,
            pku: false,
            la57: false,
            paranoid: cfg!(any(debug_assertions, feature = "paranoid")),
        }
    }
}

/// What `/proc/vmstat` counts over all processes, dead ones too.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct VmEvents {
    /// Faults.
    pub pgfault: u64,
    /// Those of them that waited for a disk.
    pub pgmajfault: u64,
    /// Tasks that the OOM killer chose.
    pub oom_kill: u64,
}

/// The state of the kernel and the hardware under it.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// Physical memory.
    pub(crate) phys: Phys,
    /// The one CPU.
    pub(crate) cpu: Cpu,
    /// Files.
    pub(crate) fs: Fs,
    /// Address spaces.
    pub(crate) mms: Slab<MmId, Mm>,
    /// Address spaces there have ever been.
    pub(super) mms_made: u64,
    /// Tasks.
    pub(crate) tasks: Slab<TaskId, Task>,
    /// The task that runs (Linux `current`).
    pub(crate) current: TaskId,
    /// Families of private pages.
    pub(crate) anon_vmas: AnonVmas,
    /// Which VMAs map which file.
    pub(crate) i_mmap: IMmap,
    /// Names of areas, each once.
    pub(crate) anon_names: Vec<String>,
    /// System V shared memory.
    pub(crate) shm: Segments,
    /// Tunables.
    pub(crate) sysctl: Sysctl,
    /// Committed_AS.
    pub(crate) commit: Commit,
    /// Events since the start (`/proc/vmstat`).
    pub(crate) vm_events: VmEvents,
    /// Why the last access failed that did.
    pub(crate) signal_why: Option<SignalWhy>,
    /// Where events go.
    pub(crate) trace: Trace,
    /// The shared page of zeros.
    pub(crate) zero_page: Pfn,
    /// What a call that has done the rest has yet to make present.
    pub(crate) populate_left: Option<super::fuse::PopulateLeft>,
    /// Tasks that the OOM killer chose and that have not been ended yet.
    pub(crate) oom_kills: u32,
    /// Pages of the vdso, the only frames of it that programs see.
    pub(crate) vdso_pages: [Pfn; 2],
    /// The first pages of vvar and vvar_vclock, the only ones that exist.
    pub(crate) vvar_pages: [Pfn; 2],
}

/// How the vdso begins: it is an ELF file (`e_ident`: 64 bits, little endian).
const VDSO_IDENT: &[u8] = b"\x7fELF\x02\x01\x01";

impl Kernel {
    /// A kernel without tasks on `ram_bytes` of memory. `None` if that is less than 64 KiB.
    pub(crate) fn boot(ram_bytes: u64, sysctl: Sysctl) -> Option<Self> {
        let (mut phys, mut trace) = (Phys::new(ram_bytes.max(1 << 16)), Trace::default());
        let zero_page = phys.alloc_zeroed(Owner::ZeroPage, &mut trace)?;
        let mut kernel_page = || phys.alloc_zeroed(Owner::Kernel, &mut trace);
        let vdso_pages = [kernel_page()?, kernel_page()?];
        let vvar_pages = [kernel_page()?, kernel_page()?];
        phys.write(vdso_pages[0], 0, VDSO_IDENT);
        Some(Self { trace, zero_page, vdso_pages, vvar_pages, ..Self::on(phys, sysctl) })
    }

    /// A kernel without a single frame: it keeps areas, files and families, and never makes a page present.
    pub(crate) fn without_ram(sysctl: Sysctl) -> Self {
        Self::on(Phys::new(0), sysctl)
    }

    /// Whether there are frames.
    #[inline]
    pub(crate) fn has_ram(&self) -> bool {
        self.phys.total_frames() > 0
    }

    /// Empty tables for a new address space; `None` when RAM is exhausted.
    pub(crate) fn new_tables(&mut self) -> Option<Tables> {
        if !self.has_ram() {
            return Some(Tables::none());
        }
        Tables::with_top(&mut self.phys, self.cpu.levels, &mut self.trace)
    }

    /// A kernel on memory of which it has taken nothing yet.
    fn on(phys: Phys, sysctl: Sysctl) -> Self {
        let none = Pfn(0);
        Self {
            phys,
            cpu: Cpu::with_levels(if sysctl.la57 { 5 } else { 4 }),
            fs: Fs::default(),
            mms: Slab::default(),
            mms_made: 0,
            tasks: Slab::default(),
            current: TaskId(0),
            anon_vmas: AnonVmas::default(),
            i_mmap: IMmap::default(),
            anon_names: Vec::new(),
            shm: Segments::default(),
            sysctl,
            commit: Commit::default(),
            vm_events: VmEvents::default(),
            signal_why: None,
            trace: Trace::default(),
            zero_page: none,
            populate_left: None,
            oom_kills: 0,
            vdso_pages: [none; 2],
            vvar_pages: [none; 2],
        }
    }

    /// Adds an address space, and gives it its serial.
    pub(crate) fn add_mm(&mut self, mut mm: Mm) -> MmId {
        self.mms_made += 1;
        mm.serial = MmSerial(self.mms_made);
        self.mms.insert(mm)
    }

    /// The address space of a serial, unless it is gone.
    pub(crate) fn mm_of_serial(&self, serial: MmSerial) -> Option<MmId> {
        self.mms.iter().find(|(_, mm)| mm.serial == serial).map(|(id, _)| id)
    }

    /// The running task.
    #[inline]
    pub(crate) fn task(&self) -> &Task {
        &self.tasks[self.current]
    }

    /// End of user space (Linux `TASK_SIZE_MAX`).
    #[inline]
    pub(crate) fn task_size(&self) -> u64 {
        if self.sysctl.la57 { TASK_SIZE_LA57 } else { TASK_SIZE }
    }

    /// The address space of the running task.
    #[inline]
    pub(crate) fn current_mm(&self) -> MmId {
        self.tasks[self.current].mm
    }

    /// Runs `body` as the kernel function `name` of the trace.
    #[inline]
    pub(crate) fn call<R>(&mut self, name: &'static str, body: impl FnOnce(&mut Self) -> R) -> R {
        self.call_with(name, Note::None, body)
    }

    /// Runs `body` as the kernel function `name`, noting what decided it.
    #[inline]
    pub(crate) fn call_with<R>(&mut self, name: &'static str, note: Note, body: impl FnOnce(&mut Self) -> R) -> R {
        self.trace.emit(|| Event::Enter { function: name, note });
        let result = body(self);
        self.trace.emit(|| Event::Leave);
        result
    }

    /// Notes a step of the call tree that is not a function of its own.
    #[inline]
    pub(crate) fn step(&mut self, name: &'static str, note: Note) {
        self.trace.emit(|| Event::Enter { function: name, note });
        self.trace.emit(|| Event::Leave);
    }

    /// Adds a sentence to the current function.
    #[inline]
    pub(crate) fn say(&mut self, note: Note) {
        self.trace.emit(|| Event::Say(note));
    }

    /// Refuses a call: the one way to make an error, so that the trace always has it.
    ///
    /// # Errors
    /// Always.
    #[inline]
    pub fn refuse<T>(&mut self, errno: Errno, why: Why) -> SysResult<T> {
        let error = SysError::new(errno, why);
        self.trace.emit(|| Event::Refused(error));
        Err(error)
    }

    /// Refuses unless `ok`.
    #[inline]
    pub(crate) fn require(&mut self, ok: bool, errno: Errno, why: impl FnOnce() -> Why) -> SysResult<()> {
        if !ok {
            return self.refuse(errno, why());
        }
        self.trace.emit(|| Event::Passed(SysError::new(errno, why())));
        Ok(())
    }

    /// Writes a page-table entry, tells the trace, and makes the TLB forget the page.
    #[inline]
    pub(crate) fn set_pte(&mut self, mm: MmId, addr: VirtAddr, slot: Slot, new: Pte) {
        let old = slot.read(&self.phys);
        slot.write(&mut self.phys, new);
        self.trace.emit(|| Event::PteSet { mm, addr, old: old.0, new: new.0 });
        if old.is_hardware_present() && self.cpu.cr3() == Some(self.mms[mm].tables.root) {
            self.cpu.flush_page(addr, &mut self.trace);
        }
    }

    /// Drops a holder of an open file; what was promised for a file in memory goes with its contents.
    pub(crate) fn fput(&mut self, file: FileId) {
        let inode = self.fs.file(file).inode;
        let promised = self.fs.inode(inode).promised_pages;
        // Who closes a file of outside sends what it wrote (Linux `fuse_flush`, `fuse_vma_close`).
        let is_outside = self.fs.inode(inode).kind == InodeKind::Fuse;
        if is_outside || self.fs.takes_flush_on_close(file, &self.phys) {
            self.write_back(inode, 0..u64::MAX);
        }
        self.fs.put_file(file, &mut self.phys, &mut self.trace);
        if promised > 0 && self.fs.try_inode(inode).is_none() {
            self.vm_unacct_memory(promised);
        }
        if self.shm.has_any() {
            self.shm_destroy_if_unused(inode);
        }
    }

    /// Bytes of a page count, for events and reasons.
    pub(crate) fn bytes(pages: u64) -> u64 {
        pages << PAGE_SHIFT
    }
}
