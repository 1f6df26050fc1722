//! Floor 6: the machine. Processes with descriptors, the system-call table, and the CPU that loads,
//! stores and takes faults.
//!
//! Key types: [`Machine`], [`Process`], [`Sysno`], [`Arg`]. Mirrors Linux's system-call entry, `fs/open.c`,
//! `kernel/fork.c`, `mm/memfd.c` as far as memory can see them. Raw integers become types here and
//! travel no further.

mod access;
mod clone;
mod config;
mod copy;
mod descriptors;
mod exit;
mod fadvise;
mod file_calls;
mod ioctl;
mod iovec;
mod ipc_calls;
mod memory_calls;
mod objects;
mod proc_files;
mod proc_task;
mod process;
mod process_calls;
mod process_vm;
mod read_write;
mod save;
mod seek;
mod startup;
mod stat;
mod sysno;
mod vectored;

pub use crate::fs::{Content, InodeKind, Object, ProcEntry, ProcFile, SystemFile};
pub use crate::mm::{Capabilities, Layout, Personality, Resource, Rlimit, Sysctl};
pub use crate::mmu::Access;
pub use crate::proc::MapsLine;
pub use config::{FileConfig, MachineConfig, ProcessConfig};
pub use process::{Ended, Process};
pub use save::MachineSave;
pub use startup::StartupError;
pub use sysno::Sysno;

use self::descriptors::Files;
use crate::errno::{Errno, SysError, SysResult};
use crate::ids::{FilesId, Pid, Slab};
use crate::mm::{Kernel, PopulateLeft};
use crate::sorted::SortedMap;
use crate::why::Why;

/// An argument of a system call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arg {
    /// The register's value.
    Int(u64),
    /// What a pointer would point to, given by the caller: a path, a name.
    Bytes(Vec<u8>),
    /// A pointer to memory outside the picture: the call writes its answer to [`Machine::output`] only.
    Scratch,
}

impl Arg {
    /// The register's value; a pointer to something given is any non-zero address.
    pub fn int(&self) -> u64 {
        match self {
            Self::Int(value) => *value,
            Self::Bytes(_) | Self::Scratch => 1,
        }
    }
}

/// A computer with Linux on it.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The kernel and the hardware.
    pub(crate) kernel: Kernel,
    /// Living processes, and dead ones that their parents may ask about.
    processes: SortedMap<Pid, Process>,
    /// Their descriptors.
    files: Slab<FilesId, Files>,
    running: Option<Pid>,
    next_pid: u32,
    /// Operations that were checked or could have been.
    operations: u64,
    /// What the last call wrote through a pointer (`mincore`'s vector, the bytes of a `read`).
    pub output: Vec<u8>,
}

impl Machine {
    /// A machine without processes.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn new(config: &MachineConfig) -> Result<Self, StartupError> {
        let kernel = Kernel::boot(config.ram_bytes, config.sysctl.clone()).ok_or(StartupError::RamTooSmall)?;
        let mut machine = Self {
            kernel,
            processes: SortedMap::new(),
            files: Slab::default(),
            running: None,
            next_pid: 1,
            operations: 0,
            output: Vec::new(),
        };
        for file in &config.files {
            machine.add_file(file);
        }
        Ok(machine)
    }

    /// A process by its number, dead or alive.
    pub fn process(&self, pid: Pid) -> Option<&Process> {
        self.processes.get(&pid)
    }

    /// All processes, in order of number.
    pub fn processes(&self) -> impl Iterator<Item = &Process> {
        self.processes.values()
    }

    /// Whether there is such a process, and it has not ended.
    pub fn is_alive(&self, pid: Pid) -> bool {
        self.mm_of(pid).is_some()
    }

    /// The address space of a living process.
    pub(crate) fn mm_of(&self, pid: Pid) -> Option<&crate::mm::Mm> {
        let process = self.processes.get(&pid).filter(|process| process.is_alive())?;
        Some(&self.kernel.mms[self.kernel.tasks[process.task].mm])
    }

    /// What happens inside: started and stopped by whoever wants to know, off otherwise.
    pub fn trace(&mut self) -> &mut crate::event::Trace {
        &mut self.kernel.trace
    }

    /// Frames of memory that nobody has.
    pub fn free_frames(&self) -> u32 {
        self.kernel.phys.free_frames()
    }

    /// Makes the file of a device of your own, `bytes` long, that everybody may open, read and map.
    pub fn add_device(&mut self, path: &str, device: &'static crate::mm::Driver, bytes: u64) -> crate::ids::InodeId {
        self.kernel.add_device(path, device, bytes)
    }

    /// Pages of a file that are in memory, by index, whoever wrote them: what is on the screen of a frame buffer.
    pub fn cached_pages(&self, file: crate::ids::InodeId) -> impl Iterator<Item = (u64, Vec<u8>)> {
        self.kernel.fs.inode(file).pages().map(|(index, pfn)| {
            let mut page = vec![0; crate::addr::PAGE_SIZE as usize];
            self.kernel.phys.read(pfn, 0, &mut page);
            (index, page)
        })
    }

    /// The process that ran last, if it lives.
    pub fn running(&self) -> Option<Pid> {
        self.running
    }

    /// The number the next process will get.
    pub fn next_pid(&self) -> Pid {
        Pid(self.next_pid)
    }

    /// Chooses the number of the next process; a number in use is skipped.
    pub fn set_next_pid(&mut self, pid: Pid) {
        self.next_pid = pid.0;
    }

    /// The number that the next process gets.
    fn free_pid(&mut self) -> u32 {
        while self.processes.contains_key(&Pid(self.next_pid)) {
            self.next_pid += 1;
        }
        self.next_pid
    }

    fn take_pid(&mut self) -> Pid {
        let pid = self.free_pid();
        self.next_pid += 1;
        Pid(pid)
    }

    /// Lets a process run: its task is current and CR3 holds its tables.
    ///
    /// # Errors
    /// ESRCH if there is no such living process.
    #[inline]
    pub fn switch_to(&mut self, pid: Pid) -> SysResult<()> {
        if self.running == Some(pid) {
            return Ok(());
        }
        self.switch_slow(pid)
    }

    fn switch_slow(&mut self, pid: Pid) -> SysResult<()> {
        let Some(process) = self.processes.get(&pid).filter(|process| process.is_alive()) else {
            return Err(SysError::new(Errno::ESRCH, Why::NoProcess { pid: pid.0.into() }));
        };
        let task = process.task;
        self.kernel.current = task;
        let root = self.kernel.mms[self.kernel.tasks[task].mm].tables.root;
        self.kernel.cpu.load_cr3(Some(root), &mut self.kernel.trace);
        let pkru = self.kernel.tasks[task].pkru;
        self.kernel.cpu.set_pkru(pkru, &mut self.kernel.trace);
        self.running = Some(pid);
        Ok(())
    }

    /// Makes a system call as a process.
    ///
    /// # Errors
    /// The errno with its reason.
    pub fn syscall(&mut self, pid: Pid, number: Sysno, args: &[Arg; 6]) -> SysResult {
        self.switch_to(pid)?;
        self.output.clear();
        self.kernel.begin_operation();
        let result = self.dispatch(number, args);
        let result = self.unless_waiting(result);
        if self.kernel.oom_kills > 0 {
            self.bury_oom_victims();
        }
        self.check_after_operation();
        result
    }

    /// A call that met a page which has to come from outside is made again as a whole when it has come. One that has only
    /// pages to make present has ended: see [`Machine::populate_rest`].
    fn unless_waiting(&mut self, result: SysResult) -> SysResult {
        match self.kernel.fs.is_waiting() && self.kernel.populate_left.is_none() {
            true => Err(SysError::new(Errno::ERESTARTSYS, Why::Waits)),
            false => result,
        }
    }

    /// Goes on with what a call of a process has left to be made present ([`Kernel::populate_left`]) when something has
    /// come that it waited for. It may leave something again.
    pub(crate) fn populate_rest(&mut self, pid: Pid, left: PopulateLeft) {
        self.kernel.begin_operation();
        if self.switch_to(pid).is_ok() {
            self.kernel.populate_rest(left);
        }
        if self.kernel.oom_kills > 0 {
            self.bury_oom_victims();
        }
        self.check_after_operation();
    }

    /// A system call by number with register values only, as emulators make it: the value of RAX.
    pub fn raw_syscall(&mut self, pid: Pid, number: u64, args: [u64; 6]) -> u64 {
        let args = args.map(Arg::Int);
        let result = match Sysno::from_number(number) {
            Some(number) => self.syscall(pid, number, &args),
            None => Err(SysError::new(Errno::ENOSYS, Why::NotEmulated { name: "?" })),
        };
        result.unwrap_or_else(SysError::raw)
    }

    /// Ends processes whose memory the OOM killer took.
    #[cold]
    pub(crate) fn bury_oom_victims(&mut self) {
        self.kernel.oom_kills = 0;
        let doomed = |process: &&Process| process.is_alive() && self.kernel.tasks[process.task].oom_killed;
        let victims: Vec<_> = self.processes.values().filter(doomed).map(|process| process.pid).collect();
        for pid in victims {
            self.end_group(pid, process::Ended::Signal("SIGKILL"));
        }
    }

    /// In tests every invariant is recounted after every operation; with thousands of areas, now and then.
    #[inline]
    pub(crate) fn check_after_operation(&mut self) {
        // What is shipped to browsers does not carry the check.
        const IS_THERE: bool = cfg!(any(not(target_arch = "wasm32"), debug_assertions, feature = "paranoid"));
        if IS_THERE && self.kernel.sysctl.paranoid {
            self.check_invariants();
        }
    }

    fn check_invariants(&mut self) {
        const MANY_AREAS: usize = 2000;
        const NOW_AND_THEN: u64 = 256;
        self.operations += 1;
        let areas: usize = self.kernel.mms.iter().map(|(_, mm)| mm.vmas.len()).sum();
        if areas > MANY_AREAS && !self.operations.is_multiple_of(NOW_AND_THEN) {
            return;
        }
        if let Err(broken) = self.kernel.check_invariants() {
            panic!("an invariant is broken: {broken}");
        }
    }
}
