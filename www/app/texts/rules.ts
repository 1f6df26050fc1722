/**
 * From a refusal to the manual page: error numbers by name, and for each reason of the core (`crate/src/why.rs`) the
 * rule of the manual page in our words. Pages are named, not linked: `man` shows them.
 */

export const ERRNOS: Readonly<Record<string, readonly [number, string]>> = {
  EPERM: [1, 'Operation not permitted'], ENOENT: [2, 'No such file or directory'], ESRCH: [3, 'No such process'], EINTR: [4, 'Interrupted system call'],
  EIO: [5, 'Input/output error'], ENXIO: [6, 'No such device or address'], E2BIG: [7, 'Argument list too long'], ENOEXEC: [8, 'Exec format error'],
  EBADF: [9, 'Bad file descriptor'], ECHILD: [10, 'No child processes'], EAGAIN: [11, 'Resource temporarily unavailable'], ENOMEM: [12, 'Cannot allocate memory'],
  EACCES: [13, 'Permission denied'], EFAULT: [14, 'Bad address'], EBUSY: [16, 'Device or resource busy'], EEXIST: [17, 'File exists'],
  ENODEV: [19, 'No such device'], ENOTDIR: [20, 'Not a directory'], EISDIR: [21, 'Is a directory'], EINVAL: [22, 'Invalid argument'],
  ENFILE: [23, 'Too many open files in system'], EMFILE: [24, 'Too many open files'], ENOTTY: [25, 'Inappropriate ioctl for device'], ETXTBSY: [26, 'Text file busy'],
  EFBIG: [27, 'File too large'], ENOSPC: [28, 'No space left on device'], ESPIPE: [29, 'Illegal seek'], EROFS: [30, 'Read-only file system'],
  EPIPE: [32, 'Broken pipe'], ERANGE: [34, 'Numerical result out of range'], ENAMETOOLONG: [36, 'File name too long'], ENOSYS: [38, 'Function not implemented'],
  EIDRM: [43, 'Identifier removed'], EOVERFLOW: [75, 'Value too large for defined data type'], EOPNOTSUPP: [95, 'Operation not supported'],
  ERESTARTSYS: [512, 'To be restarted'],
};

export const SIGNALS: Readonly<Record<string, string>> = {
  SEGV_MAPERR: 'no area covers the address', SEGV_ACCERR: 'an area covers the address and does not allow the access',
  SEGV_PKUERR: 'the protection key forbids the access', BUS_ADRERR: 'there is nothing behind the address: beyond the end of the file, or no room',
  BUS_ADRALN: 'the address is not aligned', BUS_MCEERR_AR: 'the memory is broken', 'SIGKILL SI_KERNEL': 'RAM ran out, and the OOM killer chose this process', SI_KERNEL: 'the address is none that the CPU can use',
};

/** A place in a manual page and what it says there. */
export interface Rule {
  /** As `man` is asked for it. */
  readonly page: string;
  readonly section: string;
  readonly rule: string;
}

interface Row {
  readonly rule: string;
  readonly section?: string;
  /** Where it stands, if not in the page of the call. */
  readonly page?: string;
}

const proc = 'man 5 proc_sys_vm';
const rlimit = 'man 2 getrlimit';
const row = (rule: string, section = 'ERRORS', page?: string): Row => ({ rule, section, page });

/** By the name of the reason. */
const RULES: Readonly<Record<string, Row>> = {
  OffsetUnaligned: row('The offset must be a multiple of the page size.', 'DESCRIPTION'),
  AddrUnaligned: row('The address must be a multiple of the page size.'),
  BadDescriptor: row('The descriptor must be open (unless MAP_ANONYMOUS is given).'),
  ZeroLength: row('The length must be greater than 0.'),
  LengthOverflow: row('Address, length or offset is too large.'),
  OffsetOverflow: row('Offset and length must fit into the number that counts pages.'),
  MapCount: row('A process has at most vm.max_map_count mappings; splitting one counts too.'),
  NoRoom: row('No memory is available: the address space has no gap of that length.'),
  BeyondTaskSize: row('The range must lie inside the address space of the process.'),
  BelowMinAddr: row('Addresses below vm.mmap_min_addr are for privileged processes.', 'mmap_min_addr', proc),
  AddressIsErrno: row('The address would look like an error number.'),
  Occupied: row('MAP_FIXED_NOREPLACE fails if the range collides with a mapping.', 'DESCRIPTION'),
  MayNotLock: row('Locking needs a limit other than 0, or CAP_IPC_LOCK.'),
  MemlockLimit: row('Locked memory is limited by RLIMIT_MEMLOCK.'),
  FlagsNotSupported: row('MAP_SHARED_VALIDATE refuses flags that the file does not support.', 'DESCRIPTION'),
  FileNotWritable: row('A shared writable mapping needs a file that is open for reading and writing.'),
  FileNotReadable: row('A mapped file must be open for reading.'),
  NoMmapMethod: row('The kind of file must support mapping.'),
  BadMapType: row('Exactly one of MAP_PRIVATE, MAP_SHARED, MAP_SHARED_VALIDATE must be given.'),
  GrowsDownNotAnon: row('MAP_GROWSDOWN is for private anonymous memory.'),
  DroppableCombination: row('MAP_DROPPABLE goes with private anonymous memory only.', 'DESCRIPTION'),
  NoExec: row('PROT_EXEC is not allowed for a file of a file system mounted noexec.'),
  NotWriteProtectable: row('The area cannot be watched for writes.'),
  NoSuchVma: row('The range must be mapped.'),
  NotSynced: row('The descriptor belongs to a kind of file that cannot be synchronised.'),
  OnlyRead: row('This file can only be read.'),
  OpenedOnce: row('What has no name cannot be opened by one.', 'ERRORS', 'man 2 open'),
  NoPlaces: row('A stream has no places to go to.', 'ERRORS', 'man 2 lseek'),
  NoDataBehind: row('There is neither data nor a hole at or behind this place.', 'ERRORS', 'man 2 lseek'),
  OnlyMapped: row('This file can only be mapped.', 'DESCRIPTION', 'man 2 memfd_secret'),
  SecretIsShared: row('Secret memory can only be mapped shared.', 'DESCRIPTION', 'man 2 memfd_secret'),
  Waits: row('A call that waits is made again when what it waits for has come.', 'Interruption of system calls', 'man 7 signal'),
  RefusedOutside: row('The file system in user space refused.', 'DESCRIPTION', 'man 4 fuse'),
  SealedFile: row('A seal of the file forbids a shared writable mapping.', 'File sealing', 'man 2 fcntl'),
  SealForbids: row('A seal of the file forbids the change.', 'File sealing', 'man 2 fcntl'),
  WritableMappingExists: row('F_SEAL_WRITE cannot be set while a shared writable mapping exists.', 'File sealing', 'man 2 fcntl'),
  Mdwe: row('PR_SET_MDWE: memory may not be writable and executable, nor become executable.', 'DESCRIPTION', 'man 2 PR_SET_MDWE'),
  SealedVma: row('A sealed mapping keeps its place and its permissions.', 'DESCRIPTION', 'man 2 mseal'),
  MayNotSplit: row('This mapping cannot be split.'),
  AddressSpaceLimit: row('The whole address space is limited by RLIMIT_AS.', 'RLIMIT_AS', rlimit),
  DataLimit: row('Writable private memory is limited by RLIMIT_DATA.', 'RLIMIT_DATA', rlimit),
  Overcommit: row('The kernel promises no more memory than vm.overcommit_memory allows.', 'overcommit_memory', proc),
  Hole: row('Every page of the range must be mapped.'),
  BadProt: row('Only PROT_READ, PROT_WRITE, PROT_EXEC, PROT_SEM and the PROT_GROWS bits are known.'),
  GrowsBoth: row('PROT_GROWSUP and PROT_GROWSDOWN exclude each other.'),
  NotGrowsDown: row('PROT_GROWSDOWN needs an area that grows down.'),
  MayNot: row('The memory cannot be given that access, for instance because the file was opened read-only.'),
  Wraps: row('Address and length may not wrap around.'),
  UnknownFlags: row('Only the flags of the page may be given.'),
  UnknownAdvice: row('The advice must be one that the page lists.'),
  AdviceUnfit: row('The advice does not fit this kind of memory.'),
  NotConfigured: row('The kernel was built without this feature.'),
  BadVector: row('The vector must be memory that can be written.'),
  BadUserAddress: row('The address must be memory of the program.'),
  RangesOverlap: row('The old and the new range may not overlap.'),
  PastVmaEnd: row('The old range must lie inside one mapping.'),
  NeedsMayMove: row('MREMAP_FIXED and MREMAP_DONTUNMAP need MREMAP_MAYMOVE.'),
  LengthsDiffer: row('With this flag the old and the new length must be equal.'),
  MovesAlone: row('This mapping can be moved by itself only.'),
  ZeroOldLength: row('An old length of 0 is for shared mappings, which are mapped once more.'),
  MayNotExpand: row('This mapping cannot be made larger.'),
  CannotGrowInPlace: row('There is no room to grow in place, and MREMAP_MAYMOVE was not given.'),
  HugePoolEmpty: row('No page is free in the pool of huge pages.'),
  OutOfFrames: row('No memory is available.'),
  PopulateFailed: row('A page of the range could not be made present.'),
  LockedPages: row('Locked pages cannot be taken away like this.'),
  NoSuchFile: row('The file does not exist.'),
  FileExists: row('O_CREAT with O_EXCL needs a name that is not there yet.'),
  ModeForbids: row('The mode of the file does not allow it.'),
  IsDirectory: row('A directory cannot be used so.'),
  WrongOpenMode: row('The descriptor was not opened for this kind of access.'),
  NameTooLong: row('The name is too long.'),
  NoDescriptor: row('Descriptors are limited by RLIMIT_NOFILE.', 'RLIMIT_NOFILE', rlimit),
  NotResizable: row('The descriptor belongs to something that has no length to change.'),
  FileSizeLimit: row('Files grow no further than RLIMIT_FSIZE; SIGXFSZ tells the program.', 'RLIMIT_FSIZE', rlimit),
  BadSize: row('The size is negative or larger than a file can be.'),
  NotSealable: row('The file must have been made with MFD_ALLOW_SEALING.', 'File sealing', 'man 2 fcntl'),
  NoProcess: row('There must be a process of that number.'),
  NeedsCapability: row('The call needs a capability that the process does not have.', 'DESCRIPTION', 'man 7 capabilities'),
  BadArgument: row('An argument has a value that the call does not take.'),
  NoSegment: row('There must be a segment of that number.'),
  NothingAttached: row('No segment is attached at that address.'),
  NotOwner: row('Only its owner may do that.'),
  NotOneSharedFile: row('The range must be one shared mapping of a file.'),
  AdviceNotForOthers: row('This advice cannot be given for another process.', 'ERRORS', 'man 2 process_madvise'),
  BadVectorCount: row('A vector has at most 1,024 pieces.'),
  BadName: row('The name must be short and printable.', 'DESCRIPTION', 'man 2 PR_SET_VMA'),
  NotAnonymous: row('Only anonymous memory can have a name.', 'DESCRIPTION', 'man 2 PR_SET_VMA'),
  KeyNotAllocated: row('The protection key must have been allocated.', 'ERRORS', 'man 2 pkey_mprotect'),
  NoKeyLeft: row('All protection keys are in use, or the processor has none.', 'ERRORS', 'man 2 pkey_alloc'),
  CannotClone: row('What the flags ask for must be possible together: a thread shares the signal handlers, who shares those shares the memory.', 'ERRORS', 'man 2 clone'),
  NoChild: row('There must be a child to wait for.', 'ERRORS', 'man 2 wait'),
  NoProtectionKeys: row('The processor must have protection keys.', 'DESCRIPTION', 'man 7 pkeys'),
  NotEmulated: row('The call exists in Linux; this machine does not have it.', 'Differences from Linux', 'ARCHITECTURE.md'),
};

/** Reasons of signals: all of them stand with mmap. */
const SIGNAL_RULES: Readonly<Record<string, Row>> = {
  NoVma: row('SIGSEGV with SEGV_MAPERR: the address is not mapped.', 'si_code', 'man 2 sigaction'),
  Forbidden: row('SIGSEGV with SEGV_ACCERR: the mapping does not allow the access.', 'ERRORS', 'man 2 mmap'),
  NonCanonical: row('The CPU refuses an address whose upper bits are not all alike; it does not say which one it was.', 'si_code', 'man 2 sigaction'),
  KernelHalf: row('The upper half of the addresses belongs to the kernel.', 'si_code', 'man 2 sigaction'),
  PastEof: row('SIGBUS: the page lies behind the end of the mapped file.', 'ERRORS', 'man 2 mmap'),
  Key: row('SIGSEGV with SEGV_PKUERR: the protection key forbids the access.', 'DESCRIPTION', 'man 7 pkeys'),
  Guard: row('Touching a guard region raises SIGSEGV.', 'MADV_GUARD_INSTALL', 'man 2 madvise'),
  StackLimit: row('The stack grows no further than RLIMIT_STACK.', 'RLIMIT_STACK', rlimit),
  StackGap: row('A stack keeps its distance from the mapping below it.', 'MAP_GROWSDOWN', 'man 2 mmap'),
  StackRefused: row('The stack could not grow.', 'MAP_GROWSDOWN', 'man 2 mmap'),
  StackOffset: row('The stack could not grow.', 'MAP_GROWSDOWN', 'man 2 mmap'),
  NotRead: row('SIGBUS: the page could not be read.', 'ERRORS', 'man 2 mmap'),
  NoPage: row('SIGBUS: the object has no page there.', 'ERRORS', 'man 2 mmap'),
  OutOfMemory: row('RAM is used up.', 'ERRORS', 'man 2 mmap'),
};

/** The manual page of a call: most have one of their name. */
const PAGES: Readonly<Record<string, string>> = {
  munlock: 'mlock', mlock2: 'mlock', mlockall: 'mlock', munlockall: 'mlock', munmap: 'mmap', mmap2: 'mmap', old_mmap: 'mmap', pkey_mprotect: 'mprotect',
  shmat: 'shmop', shmdt: 'shmop', ftruncate: 'truncate', fdatasync: 'fsync', openat: 'open', creat: 'open', pread64: 'pread', fadvise64: 'posix_fadvise', pipe2: 'pipe', eventfd2: 'eventfd', writev: 'readv', preadv: 'readv', pwritev: 'readv', fstat: 'stat', newfstatat: 'stat', pwrite64: 'pwrite', prlimit64: 'getrlimit', setrlimit: 'getrlimit',
  process_vm_writev: 'process_vm_readv', exit_group: 'exit_group', wait4: 'wait4', clone3: 'clone', pkey_free: 'pkey_alloc', set_robust_list: 'get_robust_list',
};
const ACCESSES = new Set(['load', 'store', 'touch_read', 'touch_write', 'execute']);

export const pageOf = (call: string): string => (ACCESSES.has(call) ? 'man 2 mmap' : `man 2 ${PAGES[call] ?? call}`);

/** The rule behind a refusal or a signal: by the reason's name, if it is known, else the page of the call. */
export function ruleOf(call: string, reason: string | null, isSignal: boolean): Rule {
  const found = reason === null ? undefined : isSignal ? SIGNAL_RULES[reason] : RULES[reason];
  return { page: found?.page ?? pageOf(call), section: found?.section ?? 'ERRORS', rule: found?.rule ?? '' };
}

/** Names that have a rule, for the test. */
export const RULE_NAMES = { why: Object.keys(RULES), signal: Object.keys(SIGNAL_RULES) };
