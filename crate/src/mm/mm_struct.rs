//! An address space (Linux `struct mm_struct`).

use crate::addr::{TASK_SIZE, VirtAddr, page_align};
use crate::flags::VmFlags;
use crate::ids::MmSerial;
use crate::mmu::Tables;
use crate::phys::{Frame, Owner};
use crate::vma::VmaSet;

/// Kinds of resident pages that are counted apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rss {
    /// Pages of disk files (`RssFile`).
    File = 0,
    /// Private pages (`RssAnon`).
    Anon = 1,
    /// Pages of files in memory (`RssShmem`).
    Shmem = 2,
}

impl Rss {
    /// The counter that a frame belongs to; `None` for frames that are not counted (Linux `mm_counter`).
    #[inline]
    pub(crate) fn of(frame: &Frame) -> Option<Self> {
        match frame.owner {
            Owner::Anon { .. } => Some(Self::Anon),
            Owner::File { shmem: true, .. } => Some(Self::Shmem),
            Owner::File { .. } | Owner::Kernel => Some(Self::File),
            _ => None,
        }
    }
}

/// Pages that a processor counts before it tells (Linux `percpu_counter_batch` of up to 16 processors).
const RSS_LOT: u64 = 32;

/// Where things go, fixed when the program starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Top of the area for mappings, searched downwards.
    pub mmap_base: VirtAddr,
    /// Bottom of the area for mappings in the legacy layout, searched upwards.
    pub legacy_base: VirtAddr,
    /// Legacy layout: upwards first.
    pub legacy: bool,
}

impl Layout {
    /// The layout that `execve` chooses for a stack limit (Linux `arch_pick_mmap_layout`).
    /// `random_pages` is the random distance in pages, 0 without address randomisation.
    pub fn pick(stack_limit: u64, legacy: bool, random_pages: u64) -> Self {
        const GAP_MIN: u64 = 128 << 20;
        const GAP_MAX: u64 = TASK_SIZE / 6 * 5;
        let guard = crate::addr::STACK_GUARD_GAP;
        let pad = if random_pages == 0 { guard } else { guard + (0x3f_ffff << 12) };
        let gap = stack_limit.checked_add(pad).unwrap_or(stack_limit).clamp(GAP_MIN, GAP_MAX);
        let random = random_pages << 12;
        Self {
            mmap_base: VirtAddr(page_align(TASK_SIZE - gap - random)),
            legacy_base: VirtAddr(page_align(TASK_SIZE / 3) + random),
            legacy,
        }
    }
}

/// What `execve` told the program, besides its landmarks; zeros where that is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Told {
    /// Start and end of the arguments' strings (`arg_start`, `arg_end`). An empty environment lies at their end.
    pub args: (u64, u64),
    /// Where the vdso was.
    pub vdso: u64,
    /// The user it started as.
    pub uid: u32,
}

/// An address space.
#[derive(Clone, Debug)]
pub struct Mm {
    /// Tells it from all that were and will be.
    pub serial: MmSerial,
    /// Its areas.
    pub vmas: VmaSet,
    /// Its page tables.
    pub tables: Tables,
    /// Tasks that share it.
    pub users: u32,
    /// Where mappings go.
    pub layout: Layout,
    /// First address of the heap.
    pub start_brk: VirtAddr,
    /// The break: first address behind the heap, any byte.
    pub brk: VirtAddr,
    /// Where the initial stack pointer is: names `[stack]`.
    pub start_stack: VirtAddr,
    /// Initialised data of the program, start and end (for RLIMIT_DATA in brk).
    pub data: (u64, u64),
    /// Text of the program, start and end (for VmExe).
    pub code: (u64, u64),
    /// What `execve` told the program.
    pub told: Told,
    /// Flags that every new area gets (`mlockall(MCL_FUTURE)`).
    pub def_flags: VmFlags,
    /// Pages mapped.
    pub total_vm: u64,
    /// Of these: writable, private, no stack.
    pub data_vm: u64,
    /// Of these: executable, not writable, no stack.
    pub exec_vm: u64,
    /// Of these: stacks.
    pub stack_vm: u64,
    /// Pages in locked areas, present or not.
    pub locked_vm: u64,
    /// How many of `locked_vm` are in no locked area: the kernel forgets to count some out
    /// (see `mremap`), and so do we; this keeps the books right.
    pub locked_vm_drift: u64,
    /// Resident pages by kind, indexed by [`Rss`].
    pub rss: [u64; 3],
    /// The same as far as the processor has told: it counts for itself and tells in lots (Linux `percpu_counter_add_batch`).
    pub(crate) rss_told: [u64; 3],
    /// Largest resident set so far, in pages, as of the last time it was about to fall: what was told by then.
    pub hiwater_rss: u64,
    /// Largest `total_vm` so far, in pages, as of the last time it was about to fall.
    pub hiwater_vm: u64,
    /// Memory-deny-write-execute, the bits of `prctl(PR_SET_MDWE)`.
    pub mdwe: u8,
    /// Protection keys handed out, a bit each (`pkey_alloc`). Key 0 is, from the start, where there are any.
    pub pkeys: u16,
    /// The key of memory that may only be executed.
    pub execute_only_pkey: Option<u8>,
    /// No huge pages: the bits of `prctl(PR_GET_THP_DISABLE)`.
    pub thp_disable: u8,
}

/// `PR_MDWE_NO_INHERIT`.
const MDWE_NO_INHERIT: u8 = 2;

impl Mm {
    /// An empty address space for a child or a new program, with the settings that outlive fork and
    /// execve (Linux `mmf_init_legacy_flags`).
    pub fn inheriting(tables: Tables, layout: Layout, from: &Self) -> Self {
        Self {
            mdwe: if from.mdwe & MDWE_NO_INHERIT == 0 { from.mdwe } else { 0 },
            thp_disable: from.thp_disable,
            ..Self::new(tables, layout)
        }
    }

    /// An empty address space.
    pub fn new(tables: Tables, layout: Layout) -> Self {
        Self {
            serial: MmSerial::default(),
            vmas: VmaSet::default(),
            tables,
            users: 1,
            layout,
            start_brk: VirtAddr(0),
            brk: VirtAddr(0),
            start_stack: VirtAddr(0),
            data: (0, 0),
            code: (0, 0),
            told: Told::default(),
            def_flags: VmFlags::empty(),
            total_vm: 0,
            data_vm: 0,
            exec_vm: 0,
            stack_vm: 0,
            locked_vm: 0,
            locked_vm_drift: 0,
            rss: [0; 3],
            rss_told: [0; 3],
            hiwater_rss: 0,
            hiwater_vm: 0,
            mdwe: 0,
            pkeys: 0,
            execute_only_pkey: None,
            thp_disable: 0,
        }
    }

    /// Counts pages in (or with `sign` −1 out) by their flags (Linux `vm_stat_account`).
    #[inline]
    pub(crate) fn account_vm(&mut self, flags: VmFlags, pages: u64, add: bool) {
        let apply = |counter: &mut u64| *counter = if add { *counter + pages } else { *counter - pages };
        if !add {
            self.hiwater_vm = self.hiwater_vm.max(self.total_vm);
        }
        apply(&mut self.total_vm);
        if flags.is_exec() {
            apply(&mut self.exec_vm);
        } else if flags.contains(VmFlags::GROWSDOWN) {
            apply(&mut self.stack_vm);
        } else if flags.is_data() {
            apply(&mut self.data_vm);
        }
    }

    /// Resident pages of all kinds.
    pub fn rss_total(&self) -> u64 {
        self.rss.iter().sum()
    }

    /// Counts resident pages of a kind in, or out (Linux `add_mm_counter`).
    #[inline]
    pub(crate) fn add_rss(&mut self, kind: Rss, pages: i64) {
        let (exact, told) = (&mut self.rss[kind as usize], &mut self.rss_told[kind as usize]);
        *exact = exact.wrapping_add_signed(pages);
        if exact.abs_diff(*told) >= RSS_LOT {
            *told = *exact;
        }
    }

    /// The same for all kinds, each at once (Linux `add_mm_rss_vec`).
    #[inline]
    pub(crate) fn add_all_rss(&mut self, pages: [u64; 3], sign: i64) {
        for (kind, pages) in [Rss::File, Rss::Anon, Rss::Shmem].into_iter().zip(pages) {
            self.add_rss(kind, pages as i64 * sign);
        }
    }

    /// Resident pages as far as they were told (Linux `get_mm_rss`).
    pub(crate) fn rss_told_total(&self) -> u64 {
        self.rss_told.iter().sum()
    }

    /// Remembers the resident set before it falls (Linux `update_hiwater_rss`).
    #[inline]
    pub(crate) fn note_rss_peak(&mut self) {
        self.hiwater_rss = self.hiwater_rss.max(self.rss_told_total());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_follows_the_stack_limit() {
        let base = |limit| Layout::pick(limit, false, 0).mmap_base.0;
        assert_eq!(base(8 << 20), 0x7fff_f7ff_f000);
        assert_eq!(base(256 << 20), 0x7fff_efef_f000);
        assert_eq!(base(u64::MAX), 0x1555_5555_6000);
        assert_eq!(Layout::pick(8 << 20, true, 0).legacy_base.0, 0x2aaa_aaaa_b000);
    }
}
