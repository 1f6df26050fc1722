//! The system-call table: names, numbers (x86-64), and who does the work.

use super::{Arg, Machine};
use crate::errno::SysResult;

macro_rules! syscalls {
    ($($name:ident = $number:literal => $method:ident,)*) => {
        /// A system call.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
        #[allow(non_camel_case_types, missing_docs)]
        pub enum Sysno { $($name = $number),* }

        impl Sysno {
            /// Every call.
            pub const ALL: &[Sysno] = &[$(Sysno::$name),*];

            /// The name.
            pub const fn name(self) -> &'static str {
                match self { $(Sysno::$name => stringify!($name)),* }
            }

            /// The call of a name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $(stringify!($name) => Some(Sysno::$name),)* _ => None }
            }

            /// The call of a number.
            pub const fn from_number(number: u64) -> Option<Self> {
                match number { $($number => Some(Sysno::$name),)* _ => None }
            }
        }

        impl Machine {
            pub(super) fn dispatch(&mut self, number: Sysno, args: &[Arg; 6]) -> SysResult {
                match number { $(Sysno::$name => self.$method(args)),* }
            }
        }
    };
}

syscalls! {
    read = 0 => sys_read,
    write = 1 => sys_write,
    open = 2 => sys_open,
    close = 3 => sys_close,
    stat = 4 => sys_stat,
    fstat = 5 => sys_fstat,
    lseek = 8 => sys_lseek,
    mmap = 9 => sys_mmap,
    mprotect = 10 => sys_mprotect,
    munmap = 11 => sys_munmap,
    brk = 12 => sys_brk,
    ioctl = 16 => sys_ioctl,
    pread64 = 17 => sys_pread64,
    pwrite64 = 18 => sys_pwrite64,
    readv = 19 => sys_readv,
    writev = 20 => sys_writev,
    mremap = 25 => sys_mremap,
    msync = 26 => sys_msync,
    mincore = 27 => sys_mincore,
    madvise = 28 => sys_madvise,
    dup = 32 => sys_dup,
    dup2 = 33 => sys_dup2,
    getpid = 39 => sys_getpid,
    clone = 56 => sys_clone,
    fork = 57 => sys_fork,
    vfork = 58 => sys_vfork,
    execve = 59 => sys_execve,
    exit = 60 => sys_exit,
    wait4 = 61 => sys_wait4,
    socket = 41 => sys_socket,
    socketpair = 53 => sys_socketpair,
    fcntl = 72 => sys_fcntl,
    fsync = 74 => sys_fsync,
    fdatasync = 75 => sys_fsync,
    truncate = 76 => sys_truncate,
    ftruncate = 77 => sys_ftruncate,
    creat = 85 => sys_creat,
    unlink = 87 => sys_unlink,
    chmod = 90 => sys_chmod,
    fchmod = 91 => sys_fchmod,
    personality = 135 => sys_personality,
    mlock = 149 => sys_mlock,
    munlock = 150 => sys_munlock,
    mlockall = 151 => sys_mlockall,
    munlockall = 152 => sys_munlockall,
    prctl = 157 => sys_prctl,
    setrlimit = 160 => sys_setrlimit,
    sync = 162 => sys_sync,
    fadvise64 = 221 => sys_fadvise64,
    exit_group = 231 => sys_exit_group,
    openat = 257 => sys_openat,
    newfstatat = 262 => sys_newfstatat,
    unlinkat = 263 => sys_unlinkat,
    fallocate = 285 => sys_fallocate,
    timerfd_create = 283 => sys_timerfd_create,
    eventfd2 = 290 => sys_eventfd2,
    pipe2 = 293 => sys_pipe2,
    dup3 = 292 => sys_dup3,
    preadv = 295 => sys_preadv,
    pwritev = 296 => sys_pwritev,
    prlimit64 = 302 => sys_prlimit64,
    process_vm_readv = 310 => sys_process_vm_readv,
    process_vm_writev = 311 => sys_process_vm_writev,
    memfd_create = 319 => sys_memfd_create,
    mlock2 = 325 => sys_mlock2,
    pkey_mprotect = 329 => sys_pkey_mprotect,
    pkey_alloc = 330 => sys_pkey_alloc,
    pkey_free = 331 => sys_pkey_free,
    statx = 332 => sys_statx,
    memfd_secret = 447 => sys_memfd_secret,
    mseal = 462 => sys_mseal,
    shmget = 29 => sys_shmget,
    shmat = 30 => sys_shmat,
    shmctl = 31 => sys_shmctl,
    shmdt = 67 => sys_shmdt,
    pidfd_open = 434 => sys_pidfd_open,
    remap_file_pages = 216 => sys_remap_file_pages,
    process_madvise = 440 => sys_process_madvise,
}

impl Sysno {
    /// Whether its result is about memory: what a replay compares. Descriptors, process ids and the
    /// results of other calls are inputs of a replay.
    pub const fn is_about_memory(self) -> bool {
        use Sysno::*;
        matches!(
            self,
            mmap | mprotect
                | munmap
                | brk
                | mremap
                | msync
                | mincore
                | madvise
                | mlock
                | mlock2
                | munlock
                | mlockall
                | munlockall
                | mseal
                | pkey_mprotect
                | pkey_alloc
                | pkey_free
                | shmat
                | shmdt
                | remap_file_pages
                | process_madvise
                | process_vm_readv
                | process_vm_writev
        )
    }
}
