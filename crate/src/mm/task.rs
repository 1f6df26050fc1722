//! What the memory manager asks of a task: limits, rights, personality, fault counts.

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
    Data = 2,
    Stack = 3,
    Core = 4,
    NoFile = 7,
    Memlock = 8,
    As = 9,
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
    /// The page that its last fault waits for.
    pub waited: Option<VirtAddr>,
    /// Chosen by the OOM killer: its memory is gone, it will not run again.
    pub oom_killed: bool,
}

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
        let capabilities = Capabilities::of_user(uid);
        Self {
            mm,
            rlimits,
            uid,
            capabilities,
            personality: Personality::ADDR_NO_RANDOMIZE,
            pkru: 0,
            min_flt: 0,
            maj_flt: 0,
            waited: None,
            oom_killed: false,
        }
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
