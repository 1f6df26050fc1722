import { integer, outOfRange } from './check.ts';

/** `PROT_*` of mmap(2). */
export const PROT = { NONE: 0, READ: 1, WRITE: 2, EXEC: 4, SEM: 8, GROWSDOWN: 0x0100_0000, GROWSUP: 0x0200_0000 } as const;

/** `MAP_*` of mmap(2). */
export const MAP = {
  FILE: 0, SHARED: 0x01, PRIVATE: 0x02, SHARED_VALIDATE: 0x03, DROPPABLE: 0x08, FIXED: 0x10, ANONYMOUS: 0x20, ANON: 0x20, '32BIT': 0x40,
  ABOVE4G: 0x80, GROWSDOWN: 0x100, DENYWRITE: 0x800, EXECUTABLE: 0x1000, LOCKED: 0x2000, NORESERVE: 0x4000, POPULATE: 0x8000,
  NONBLOCK: 0x1_0000, STACK: 0x2_0000, HUGETLB: 0x4_0000, SYNC: 0x8_0000, FIXED_NOREPLACE: 0x10_0000, UNINITIALIZED: 0x400_0000,
  HUGE_SHIFT: 26, HUGE_2MB: 21 << 26, HUGE_1GB: 30 << 26,
} as const;

/** `MREMAP_*` of mremap(2). */
export const MREMAP = { MAYMOVE: 1, FIXED: 2, DONTUNMAP: 4 } as const;

/** `MADV_*` of madvise(2). */
export const MADV = {
  NORMAL: 0, RANDOM: 1, SEQUENTIAL: 2, WILLNEED: 3, DONTNEED: 4, FREE: 8, REMOVE: 9, DONTFORK: 10, DOFORK: 11,
  MERGEABLE: 12, UNMERGEABLE: 13, HUGEPAGE: 14, NOHUGEPAGE: 15, DONTDUMP: 16, DODUMP: 17, WIPEONFORK: 18,
  KEEPONFORK: 19, COLD: 20, PAGEOUT: 21, POPULATE_READ: 22, POPULATE_WRITE: 23, DONTNEED_LOCKED: 24, COLLAPSE: 25,
  HWPOISON: 100, SOFT_OFFLINE: 101, GUARD_INSTALL: 102, GUARD_REMOVE: 103,
} as const;

/** `MS_*` of msync(2). */
export const MS = { ASYNC: 1, INVALIDATE: 2, SYNC: 4 } as const;

/** `MLOCK_*` of mlock2(2). */
export const MLOCK = { ONFAULT: 1 } as const;

/** `MCL_*` of mlockall(2). */
export const MCL = { CURRENT: 1, FUTURE: 2, ONFAULT: 4 } as const;

/** `O_*` of open(2). */
export const O = {
  RDONLY: 0, WRONLY: 1, RDWR: 2, CREAT: 0o100, EXCL: 0o200, NOCTTY: 0o400, TRUNC: 0o1000, APPEND: 0o2000, NONBLOCK: 0o4000,
  DIRECT: 0o4_0000, LARGEFILE: 0o10_0000, DIRECTORY: 0o20_0000, NOFOLLOW: 0o40_0000, NOATIME: 0o100_0000, CLOEXEC: 0o200_0000, PATH: 0o1000_0000,
} as const;

/** `AT_*` of newfstatat(2) and statx(2). */
export const AT = { SYMLINK_NOFOLLOW: 0x100, NO_AUTOMOUNT: 0x800, EMPTY_PATH: 0x1000, STATX_SYNC_AS_STAT: 0, STATX_FORCE_SYNC: 0x2000, STATX_DONT_SYNC: 0x4000 } as const;

/** `STATX_*` of statx(2). */
export const STATX = { TYPE: 1, MODE: 2, NLINK: 4, UID: 8, GID: 0x10, INO: 0x100, SIZE: 0x200, BLOCKS: 0x400, BASIC_STATS: 0x7ff, ALL: 0xfff } as const;

/** Kinds of files in `st_mode`: `S_IF*` of inode(7). */
export const S = { IFMT: 0o17_0000, IFSOCK: 0o14_0000, IFREG: 0o10_0000, IFDIR: 0o4_0000, IFCHR: 0o2_0000, IFIFO: 0o1_0000 } as const;

/** The current directory, where `openat` and `unlinkat` want a descriptor. */
export const AT_FDCWD = -100;

/** `SEEK_*` of lseek(2). */
export const SEEK = { SET: 0, CUR: 1, END: 2, DATA: 3, HOLE: 4 } as const;

/** `POSIX_FADV_*` of posix_fadvise(2). */
export const POSIX = { FADV_NORMAL: 0, FADV_RANDOM: 1, FADV_SEQUENTIAL: 2, FADV_WILLNEED: 3, FADV_DONTNEED: 4, FADV_NOREUSE: 5 } as const;

/** `EFD_*` of eventfd(2). */
export const EFD = { SEMAPHORE: 1, NONBLOCK: 0o4000, CLOEXEC: 0o200_0000 } as const;

/** `TFD_*` of timerfd_create(2). */
export const TFD = { NONBLOCK: 0o4000, CLOEXEC: 0o200_0000 } as const;

/** `CLOCK_*`: clocks that a timer may have. */
export const CLOCK = { REALTIME: 0, MONOTONIC: 1, BOOTTIME: 7, REALTIME_ALARM: 8, BOOTTIME_ALARM: 9 } as const;

/** `AF_*` of socket(2). */
export const AF = { UNIX: 1, INET: 2 } as const;

/** `SOCK_*` of socket(2). */
export const SOCK = { STREAM: 1, DGRAM: 2, NONBLOCK: 0o4000, CLOEXEC: 0o200_0000 } as const;

/** `MFD_*` of memfd_create(2). */
export const MFD = { CLOEXEC: 1, ALLOW_SEALING: 2, HUGETLB: 4, NOEXEC_SEAL: 8, EXEC: 16 } as const;

/** Commands and seals of fcntl(2): `F_*`. */
export const F = {
  DUPFD: 0, GETFD: 1, SETFD: 2, GETFL: 3, SETFL: 4, DUPFD_CLOEXEC: 1030, ADD_SEALS: 1033, GET_SEALS: 1034,
  SEAL_SEAL: 1, SEAL_SHRINK: 2, SEAL_GROW: 4, SEAL_WRITE: 8, SEAL_FUTURE_WRITE: 16, SEAL_EXEC: 32,
} as const;

/** `FD_*` of fcntl(2). */
export const FD = { CLOEXEC: 1 } as const;

/** `FALLOC_FL_*` of fallocate(2). */
export const FALLOC = { KEEP_SIZE: 1, PUNCH_HOLE: 2, ZERO_RANGE: 0x10 } as const;

/** `RLIMIT_*` of prlimit(2). */
export const RLIMIT = { CPU: 0, FSIZE: 1, DATA: 2, STACK: 3, CORE: 4, RSS: 5, NPROC: 6, NOFILE: 7, MEMLOCK: 8, AS: 9, LOCKS: 10, SIGPENDING: 11, MSGQUEUE: 12, NICE: 13, RTPRIO: 14, RTTIME: 15 } as const;

/** No limit. */
export const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn;

/** `CLONE_*` of clone(2). */
export const CLONE = {
  VM: 0x100, FS: 0x200, FILES: 0x400, SIGHAND: 0x800, PIDFD: 0x1000, PTRACE: 0x2000, VFORK: 0x4000, PARENT: 0x8000, THREAD: 0x1_0000,
  NEWNS: 0x2_0000, SYSVSEM: 0x4_0000, SETTLS: 0x8_0000, PARENT_SETTID: 0x10_0000, CHILD_CLEARTID: 0x20_0000, DETACHED: 0x40_0000,
  CHILD_SETTID: 0x100_0000, NEWCGROUP: 0x200_0000, NEWUTS: 0x400_0000, NEWIPC: 0x800_0000, NEWUSER: 0x1000_0000, NEWPID: 0x2000_0000,
  NEWNET: 0x4000_0000,
} as const;

/** Bits of personality(2) that memory knows of. */
export const PERSONALITY = { LINUX: 0, ADDR_NO_RANDOMIZE: 0x4_0000, MMAP_PAGE_ZERO: 0x10_0000, ADDR_COMPAT_LAYOUT: 0x20_0000, READ_IMPLIES_EXEC: 0x40_0000 } as const;

/** `IPC_*` of shmget(2) and shmctl(2). */
export const IPC = { PRIVATE: 0, CREAT: 0o1000, EXCL: 0o2000, RMID: 0, SET: 1, STAT: 2, INFO: 3 } as const;

/** `SHM_*`: flags of shmat(2) and shmget(2), commands of shmctl(2). */
export const SHM = {
  LOCK: 11, UNLOCK: 12, STAT: 13, INFO: 14, STAT_ANY: 15, HUGETLB: 0o4000, NORESERVE: 0o1_0000, RDONLY: 0o1_0000, RND: 0o2_0000, REMAP: 0o4_0000,
  EXEC: 0o10_0000,
} as const;

/** Options of prctl(2) that memory knows of. */
export const PR = {
  SET_NAME: 15, GET_NAME: 16, SET_THP_DISABLE: 41, GET_THP_DISABLE: 42, SET_MDWE: 65, GET_MDWE: 66, SET_VMA: 0x5356_4d41, SET_VMA_ANON_NAME: 0,
  MDWE_REFUSE_EXEC_GAIN: 1, MDWE_NO_INHERIT: 2, THP_DISABLE_EXCEPT_ADVISED: 2,
} as const;

/** Rights of a protection key, `PKEY_*` of pkey_alloc(2). */
export const PKEY = { DISABLE_ACCESS: 1, DISABLE_WRITE: 2 } as const;

/** `PIDFD_*`: the caller itself, and a flag of pidfd_open(2). */
export const PIDFD = { SELF: -10000, THREAD: 0o200 } as const;

/** Options of wait4(2). */
export const W = { NOHANG: 1 } as const;

/** Requests to files of `/proc/PID`, for {@link Process.ioctl}. */
export const IOCTL = { PAGEMAP_SCAN: 0xc060_6610, PROCMAP_QUERY: 0xc068_6611 } as const;

/** Bytes of a page. */
export const PAGE_SIZE = 4096;

/** Numbers of the system calls there are, x86-64. */
export const SYS = {
  read: 0, write: 1, open: 2, close: 3, stat: 4, fstat: 5, lseek: 8, mmap: 9, mprotect: 10, munmap: 11, brk: 12, ioctl: 16, pread64: 17, pwrite64: 18, readv: 19, writev: 20,
  mremap: 25, msync: 26, mincore: 27, madvise: 28, shmget: 29, shmat: 30, shmctl: 31, dup: 32, dup2: 33, getpid: 39, socket: 41, socketpair: 53, clone: 56,
  fork: 57, vfork: 58, execve: 59, exit: 60, wait4: 61, shmdt: 67, fcntl: 72, fsync: 74, fdatasync: 75, truncate: 76,
  ftruncate: 77, creat: 85, unlink: 87, chmod: 90, fchmod: 91, personality: 135, mlock: 149, munlock: 150, mlockall: 151,
  munlockall: 152, prctl: 157, setrlimit: 160, sync: 162, remap_file_pages: 216, fadvise64: 221, exit_group: 231, openat: 257, newfstatat: 262, unlinkat: 263,
  timerfd_create: 283, fallocate: 285, eventfd2: 290, dup3: 292, pipe2: 293, preadv: 295, pwritev: 296, prlimit64: 302, process_vm_readv: 310, process_vm_writev: 311, memfd_create: 319, mlock2: 325,
  pkey_mprotect: 329, pkey_alloc: 330, pkey_free: 331, statx: 332, pidfd_open: 434, process_madvise: 440, memfd_secret: 447, mseal: 462,
} as const;

/** The name of a system call. */
export type SyscallName = keyof typeof SYS;

/** A protection: bits of {@link PROT}, or letters such as `'rw'`. */
export type ProtLike = number | 'none' | '' | 'r' | 'w' | 'x' | 'rw' | 'wr' | 'rx' | 'xr' | 'wx' | 'xw' | 'rwx' | 'rxw' | 'wrx' | 'wxr' | 'xrw' | 'xwr';

/** The bits of a protection. */
export function toProt(call: string, prot: unknown): number {
  if (typeof prot !== 'string') return integer(call, 'prot', prot, 0, 0xffff_ffff);
  if (prot === 'none') return 0;
  const bits: Readonly<Record<string, number>> = { r: PROT.READ, w: PROT.WRITE, x: PROT.EXEC };
  let all = 0;
  for (const letter of prot) {
    const bit = bits[letter];
    if (bit === undefined) throw outOfRange(call, 'prot', prot, "'none' or letters of r, w and x");
    all |= bit;
  }
  return all;
}

/** Mapping flags: bits of {@link MAP}, or names joined by `|` such as `'private|anonymous'`. */
export type MapFlagsLike = number | string;

/** Advice: a number of {@link MADV}, or its name such as `'dontneed'`. */
export type AdviceLike = number | string;
