import { integer, outOfRange } from './check.ts';

/** `PROT_*` of mmap(2). */
export const PROT = { NONE: 0, READ: 1, WRITE: 2, EXEC: 4, SEM: 8, GROWSDOWN: 0x0100_0000, GROWSUP: 0x0200_0000 } as const;

/** `MAP_*` of mmap(2). */
export const MAP = {
  SHARED: 0x01, PRIVATE: 0x02, SHARED_VALIDATE: 0x03, DROPPABLE: 0x08, FIXED: 0x10, ANONYMOUS: 0x20, '32BIT': 0x40,
  ABOVE4G: 0x80, GROWSDOWN: 0x100, LOCKED: 0x2000, NORESERVE: 0x4000, POPULATE: 0x8000, NONBLOCK: 0x1_0000,
  STACK: 0x2_0000, HUGETLB: 0x4_0000, SYNC: 0x8_0000, FIXED_NOREPLACE: 0x10_0000,
} as const;

/** `MREMAP_*` of mremap(2). */
export const MREMAP = { MAYMOVE: 1, FIXED: 2, DONTUNMAP: 4 } as const;

/** `MADV_*` of madvise(2). */
export const MADV = {
  NORMAL: 0, RANDOM: 1, SEQUENTIAL: 2, WILLNEED: 3, DONTNEED: 4, FREE: 8, REMOVE: 9, DONTFORK: 10, DOFORK: 11,
  MERGEABLE: 12, UNMERGEABLE: 13, HUGEPAGE: 14, NOHUGEPAGE: 15, DONTDUMP: 16, DODUMP: 17, WIPEONFORK: 18,
  KEEPONFORK: 19, COLD: 20, PAGEOUT: 21, POPULATE_READ: 22, POPULATE_WRITE: 23, GUARD_INSTALL: 102, GUARD_REMOVE: 103,
} as const;

/** `O_*` of open(2). */
export const O = { RDONLY: 0, WRONLY: 1, RDWR: 2, CREAT: 0o100, EXCL: 0o200, TRUNC: 0o1000 } as const;

/** System-call numbers of x86-64. */
export const SYS = {
  close: 3, mmap: 9, mprotect: 10, munmap: 11, brk: 12, mremap: 25, msync: 26, mincore: 27, madvise: 28, dup: 32,
  ioctl: 16, fsync: 74, fdatasync: 75, fchmod: 91, sync: 162,
  fork: 57, vfork: 58, ftruncate: 77, unlink: 87, mlock: 149, munlock: 150, mlockall: 151, munlockall: 152,
  exit_group: 231, openat: 257, fallocate: 285, memfd_create: 319, mlock2: 325, mseal: 462,
} as const;

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
