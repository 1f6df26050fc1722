/** Which constants an argument takes: by the parameter's name, and for each call where that says too little. */

/** By parameter, whatever the call. */
const BY_PARAMETER: Readonly<Record<string, readonly string[]>> = {
  prot: ['PROT_'], advice: ['MADV_'], dirfd: ['AT_'], resource: ['RLIMIT_'], persona: ['personality'], rights: ['PKEY_'], limit: ['RLIM_'], new_limit: ['RLIM_'],
};

/** By call and parameter. */
const BY_CALL: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  mmap: { flags: ['MAP_', 'MAP_HUGE_'] },
  mremap: { flags: ['MREMAP_'] },
  msync: { flags: ['MS_'] },
  mlock2: { flags: ['MLOCK_'] },
  mlockall: { flags: ['MCL_'] },
  remap_file_pages: { flags: ['MAP_'] },
  shmget: { key: ['IPC_'], flags: ['IPC_', 'SHM_'] },
  shmat: { flags: ['SHM_'] },
  shmctl: { command: ['shmctl'] },
  clone: { flags: ['CLONE_', 'SIG'] },
  wait4: { options: ['WNOHANG'] },
  open: { flags: ['O_'] },
  openat: { flags: ['O_'] },
  newfstatat: { flags: ['AT_'] },
  statx: { flags: ['AT_'], mask: ['STATX_'] },
  fadvise64: { advice: ['POSIX_FADV_'] },
  pipe2: { flags: ['O_'] },
  eventfd2: { flags: ['EFD_'] },
  timerfd_create: { clock: ['CLOCK_'], flags: ['TFD_'] },
  socket: { domain: ['AF_'], type: ['SOCK_'] },
  socketpair: { domain: ['AF_'], type: ['SOCK_'] },
  lseek: { whence: ['SEEK_'] },
  dup3: { flags: ['O_'] },
  fcntl: { command: ['F_'], argument: ['F_SEAL_', 'FD_'] },
  ioctl: { request: ['ioctl'], argument: ['PM_SCAN_', 'PAGE_IS_', 'PROCMAP_QUERY_'] },
  fallocate: { mode: ['FALLOC_FL_'] },
  memfd_create: { flags: ['MFD_'] },
  memfd_secret: { flags: ['O_'] },
  pidfd_open: { flags: ['PIDFD_'] },
  prctl: { option: ['PR_'], arg2: ['PR_'] },
  process_madvise: { pidfd: ['PIDFD_'] },
};

/** Groups of constants for an argument; none if any number may stand there. */
export function groupsOf(call: string, parameter: string): readonly string[] {
  return BY_CALL[call]?.[parameter] ?? BY_PARAMETER[parameter] ?? [];
}

/** Whether an argument is an address, where NULL makes sense. */
export const isAddress = (parameter: string): boolean => parameter === 'addr' || parameter === 'new_addr';

/** Whether an argument is a descriptor, where -1 may stand for none. */
export const isDescriptor = (parameter: string): boolean => parameter === 'fd';

/** All that is said above, for the test that holds it against the table. */
export const ALL = { BY_PARAMETER, BY_CALL };
