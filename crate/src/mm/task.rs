//! What the memory manager asks of a task: limits, rights, personality, fault counts.

use super::Mm;
use crate::addr::VirtAddr;
use crate::ids::MmId;
use bitflags::bitflags;

bitflags! {
    /// Capabilities that memory calls ask for (`capabilities(7)`), by their bit numbers.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Capabilities: u64 {
        /// See into other processes' files and pages.
        const SYS_PTRACE = 1 << 19;
        /// Map below `vm.mmap_min_addr`.
        const SYS_RAWIO = 1 << 17;
        /// Lock memory without limit.
        const IPC_LOCK = 1 << 14;
        /// Ignore permissions of SysV segments.
        const IPC_OWNER = 1 << 15;
        /// Own anything.
        const DAC_OVERRIDE = 1 << 1;
        /// See frame numbers; use the reserve of overcommit mode 2.
        const SYS_ADMIN = 1 << 21;
        /// Raise hard limits.
        const SYS_RESOURCE = 1 << 24;
        /// Advise other processes.
        const SYS_NICE = 1 << 23;
        /// Act on files of others.
        const FOWNER = 1 << 3;
    }

    /// Bits of `personality(2)`.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct Personality: u64 {
        /// No address randomisation.
        const ADDR_NO_RANDOMIZE = 0x0004_0000;
        /// Map a page of zeros at address 0.
        const MMAP_PAGE_ZERO = 0x0010_0000;
        /// Legacy layout.
        const ADDR_COMPAT_LAYOUT = 0x0020_0000;
        /// PROT_READ implies PROT_EXEC.
        const READ_IMPLIES_EXEC = 0x0040_0000;
        const _ = !0;
    }
}

/// Resources that `setrlimit(2)` bounds, by their numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Resource {
    FSize = 1,
    Data = 2,
    Stack = 3,
    Core = 4,
    Rss = 5,
    NProc = 6,
    NoFile = 7,
    Memlock = 8,
    As = 9,
    SigPending = 11,
    MsgQueue = 12,
    Nice = 13,
    RtPrio = 14,
}

/// A soft and a hard limit, in bytes; `u64::MAX` is unlimited.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rlimit {
    /// In force.
    pub cur: u64,
    /// Up to which the soft limit may be raised.
    pub max: u64,
}

impl Rlimit {
    const UNLIMITED: Self = Self { cur: u64::MAX, max: u64::MAX };
}

/// A task (Linux `struct task_struct`), as far as memory goes.
#[derive(Clone, Debug)]
pub struct Task {
    /// Its address space.
    pub mm: MmId,
    /// Limits by number.
    pub rlimits: [Rlimit; 16],
    /// Number of its process (Linux `tgid`).
    pub tgid: u32,
    /// Effective user.
    pub uid: u32,
    /// Effective capabilities.
    pub capabilities: Capabilities,
    /// Personality.
    pub personality: Personality,
    /// What each protection key forbids it (PKRU); 0 on a CPU without keys.
    pub pkru: u32,
    /// Minor faults.
    pub min_flt: u64,
    /// Major faults.
    pub maj_flt: u64,
    /// Where a zero is written when it ends, for who uses the same memory; 0 for nowhere (`CLONE_CHILD_CLEARTID`).
    pub clear_child_tid: u64,
    /// The page that its last fault waits for.
    pub waited: Option<VirtAddr>,
    /// How willingly it is chosen by the OOM killer: −1000 (never) to 1000, in thousandths of all memory.
    pub oom_score_adj: i16,
    /// Below this only CAP_SYS_RESOURCE may put it.
    pub oom_score_adj_min: i16,
    /// Chosen by the OOM killer: its memory is gone, it will not run again.
    pub oom_killed: bool,
}

/// The `oom_score_adj` of who is never chosen.
pub const OOM_SCORE_ADJ_MIN: i16 = -1000;

/// `fs.nr_open`: no process may ever have more descriptors.
pub const NR_OPEN: u64 = 1 << 20;

impl Capabilities {
    /// What a user has on the reference machine: root all but CAP_SYS_RESOURCE, others none.
    pub fn of_user(uid: u32) -> Self {
        if uid == 0 { Self::all() - Self::SYS_RESOURCE } else { Self::empty() }
    }
}

impl Task {
    /// A task of user `uid` with the reference machine's limits; root has every capability but
    /// CAP_SYS_RESOURCE, as there.
    pub fn new(mm: MmId, uid: u32) -> Self {
        let mut rlimits = [Rlimit::UNLIMITED; 16];
        rlimits[Resource::Stack as usize].cur = 8 << 20;
        rlimits[Resource::Core as usize].cur = 0;
        rlimits[Resource::Memlock as usize] = Rlimit { cur: 8 << 20, max: 8 << 20 };
        rlimits[Resource::NoFile as usize] = Rlimit { cur: 1024, max: 524_288 };
        let of_ram = Rlimit { cur: 96_365, max: 96_365 };
        for (resource, limit) in [
            (Resource::NProc, of_ram),
            (Resource::SigPending, of_ram),
            (Resource::MsgQueue, Rlimit { cur: 819_200, max: 819_200 }),
            (Resource::Nice, Rlimit { cur: 0, max: 0 }),
            (Resource::RtPrio, Rlimit { cur: 0, max: 0 }),
        ] {
            rlimits[resource as usize] = limit;
        }
        let capabilities = Capabilities::of_user(uid);
        Self {
            mm,
            tgid: 0,
            clear_child_tid: 0,
            rlimits,
            uid,
            capabilities,
            personality: Personality::ADDR_NO_RANDOMIZE,
            pkru: 0,
            min_flt: 0,
            maj_flt: 0,
            waited: None,
            oom_score_adj: 0,
            oom_score_adj_min: 0,
            oom_killed: false,
        }
    }

    /// Effective group, and the only one: each user is in the group of the same number.
    #[inline]
    pub fn gid(&self) -> u32 {
        self.uid
    }

    /// Pages that its death would free, resident ones and tables, and what `oom_score_adj` adds or takes of `total`;
    /// `None` if it must not be chosen (Linux `oom_badness`).
    pub fn oom_badness(&self, mm: &Mm, total: i64) -> Option<i64> {
        let adjusted = i64::from(self.oom_score_adj) * (total / 1000);
        (self.oom_score_adj > OOM_SCORE_ADJ_MIN).then(|| (mm.rss_total() + mm.tables.count) as i64 + adjusted)
    }

    /// A soft limit, in bytes.
    #[inline]
    pub fn limit(&self, resource: Resource) -> u64 {
        self.rlimits[resource as usize].cur
    }

    /// Whether it has a capability.
    #[inline]
    pub fn capable(&self, capability: Capabilities) -> bool {
        self.capabilities.contains(capability)
    }
}
