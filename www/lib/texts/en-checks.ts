/** English: the letters of areas' flags in words, and what each check that passed has made sure of. */
import type { Check } from '../facts.ts';

/** `VmFlags` of smaps in words. */
export const FLAGS: Record<string, string> = {
  rd: 'readable', wr: 'writable', ex: 'executable', sh: 'shared', mr: 'allowed to become readable', mw: 'allowed to become writable',
  me: 'allowed to become executable', ms: 'allowed to be shared', gd: 'a stack that grows down', um: 'watched for missing pages', pf: 'made of bare frames',
  gu: 'possibly holding guard pages', uw: 'watched for writes', lo: 'locked in memory', io: 'device memory', sr: 'read in sequence', rr: 'read at random',
  dc: 'not copied by fork', de: 'not allowed to grow', lf: 'locked page by page as touched', ac: 'counted as promised memory',
  nr: 'without reserve (MAP_NORESERVE)', ht: 'of huge pages', sf: 'synchronous', wf: 'emptied in children', dd: 'left out of core dumps', sd: 'marked soft-dirty',
  mm: 'of mixed frames', hg: 'advised to have huge pages', nh: 'advised to have no huge pages', mg: 'mergeable', dp: 'droppable', ui: 'watched for minor faults', sl: 'sealed',
};

type Values = Record<string, string>;

const hex = (value = '0') => (/^\d+$/.test(value) ? `0x${BigInt(value).toString(16)}` : value);
/** A number with its noun. */
export const n = (count: number | string = 0, one: string, many = `${one}s`) => `${(+count).toLocaleString('en')} ${+count === 1 ? one : many}`;

/** By the name of the reason that a refusal would have had (`crate/src/why.rs`). */
export const PASSED: Record<string, (v: Values) => string> = {
  AddrUnaligned: (v) => `the address ${v.addr} is a multiple of the page size`,
  AdviceNotForOthers: () => 'this advice may be given for another process',
  AdviceUnfit: (v) => `the advice fits the area at ${v.at}`,
  BadArgument: (v) => `argument ${v.index} may have the value ${hex(v.value)}`,
  BadDescriptor: (v) => `descriptor ${v.fd} is open`,
  BadName: () => 'the name is short enough and printable',
  BadProt: (v) => (v.prot === '0' ? 'no protection bit is unknown' : `the protection bits ${hex(v.prot)} are all known`),
  BadSize: (v) => `the size ${hex(v.size)} is in range`,
  BadUserAddress: (v) => `the address ${v.at} can be accessed`,
  BadVector: (v) => `the vector at ${v.at} is writable memory`,
  BadVectorCount: (v) => `the I/O vector has ${n(v.count, 'piece')}, ${v.most} are allowed`,
  BelowMinAddr: (v) => `the address ${v.addr} is not below vm.mmap_min_addr (${hex(v.min)}), or may be mapped`,
  BeyondTaskSize: (v) => `${v.addr} + ${hex(v.len)} ends inside the user address space`,
  CannotClone: () => 'the flags can be asked for together',
  CannotGrowInPlace: (v) => `there is room behind ${v.at}, or the mapping may move`,
  DataLimit: (v) => `RLIMIT_DATA (${n(v.limit, 'page')}) allows ${n(v.data, 'page')} of writable private memory`,
  DroppableCombination: () => 'no flag excludes another',
  FileNotReadable: () => 'the file is open for reading',
  FileNotWritable: () => 'the file is open for writing, or need not be',
  FileSizeLimit: (v) => `RLIMIT_FSIZE (${hex(v.limit)}) allows ${hex(v.size)}`,
  FlagsNotSupported: (v) => (v.flags === '0' ? 'no mapping flag is unsupported' : `the mapping flags ${hex(v.flags)} are supported`),
  GrowsBoth: () => 'the protection grows in one direction at most',
  GrowsDownNotAnon: () => 'what grows down is private anonymous memory',
  Hole: (v) => `memory is mapped at ${v.at}`,
  HugePoolEmpty: () => 'the pool of huge pages is not needed',
  IsDirectory: () => 'it is no directory',
  KeyNotAllocated: (v) => `protection key ${v.key} is allocated`,
  LengthOverflow: (v) => `the length ${hex(v.len)} rounds up to whole pages`,
  LengthsDiffer: () => 'the lengths are equal where they must be',
  LockedPages: (v) => `no page of the area at ${v.at} that matters is locked`,
  MapCount: (v) => `the limit of ${n(v.limit, 'area')} (vm.max_map_count) is not reached with ${v.count}`,
  MayNot: (v) => `the area at ${v.at} may have the permissions that are asked for`,
  MayNotExpand: (v) => `the mapping at ${v.at} may grow`,
  MayNotLock: () => 'the process may lock memory',
  MayNotSplit: (v) => `the area at ${v.at} may be split`,
  Mdwe: () => 'no policy against writable and executable memory forbids it',
  MemlockLimit: (v) => `RLIMIT_MEMLOCK (${n(v.limit, 'page')}) allows ${n(v.locked, 'locked page')}`,
  ModeForbids: () => 'the file mode allows it',
  MovesAlone: () => 'the mappings may move together',
  NameTooLong: (v) => `the name has at most ${v.max} bytes`,
  NeedsCapability: (v) => `the process needs no ${(v.capability ?? '').replaceAll('"', '')}, or has it`,
  NeedsMayMove: () => 'MREMAP_MAYMOVE is given, or not needed',
  NoChild: () => 'there is a child to wait for',
  NoDescriptor: (v) => `a descriptor below ${v.limit} is free`,
  NoExec: () => 'what lies on the mount may be executed, or need not',
  NoKeyLeft: () => 'a protection key is free',
  NoMmapMethod: () => 'this kind of file can be mapped',
  NoProcess: (v) => `there is a process ${v.pid}`,
  NoSegment: (v) => `there is a shared memory segment ${v.id}`,
  NoDataBehind: (v) => `there is data from ${hex(v.offset)} on`,
  NoPlaces: () => 'the file has places',
  NoSuchFile: () => 'the file exists',
  NotAnonymous: (v) => `the area at ${v.at} is anonymous`,
  NotConfigured: () => 'the kernel was built with what the call needs',
  NotEmulated: () => 'what the call is about is emulated here',
  NotGrowsDown: (v) => `PROT_GROWSDOWN is not asked for, or the area at ${v.at} grows down`,
  NotOwner: () => 'the caller owns it, or has the right',
  NotResizable: () => 'the file can be resized',
  NotSynced: () => 'this kind of file can be written back',
  Occupied: (v) => `nothing is mapped at ${v.at} that may not be replaced`,
  OffsetOverflow: (v) => `the page offset ${hex(v.pgoff)} plus ${hex(v.pages)} pages does not overflow`,
  OffsetUnaligned: (v) => `the offset ${hex(v.offset)} is a multiple of the page size`,
  OpenedOnce: () => 'it can be opened once more',
  OnlyMapped: () => 'the file is not only for mapping',
  OnlyRead: () => 'the file is not only for reading',
  OutOfFrames: () => 'RAM has a free frame for it',
  Overcommit: (v) => `${n(v.pages, 'more page')} may be promised (vm.overcommit_memory=${v.mode})`,
  PastVmaEnd: (v) => `the old length ${hex(v.old)} ends inside the area at ${v.at}`,
  PopulateFailed: (v) => `page ${v.at} could be made present`,
  RangesOverlap: () => 'the old and the new range do not overlap',
  SealedFile: () => 'no seal of the file forbids writing',
  SealedVma: (v) => `the area at ${v.at} is not sealed`,
  SealForbids: () => 'no seal of the file forbids this change',
  SecretIsShared: () => 'the mapping of secret memory is shared',
  UnknownAdvice: (v) => `advice ${v.advice} is known`,
  UnknownFlags: (v) => (v.flags === '0' ? 'no flag bit is unknown' : `the flag bits ${hex(v.flags)} are all known`),
  Wraps: (v) => `${v.addr} + ${hex(v.len)} does not wrap around`,
  WritableMappingExists: () => 'no shared mapping that may become writable exists',
  WrongOpenMode: () => 'the descriptor was opened for this access',
  ZeroLength: () => 'the length is not 0',
  ZeroOldLength: () => 'the old length is not 0, or the mapping is shared',
  AddressSpaceLimit: (v) => `RLIMIT_AS (${n(v.limit, 'page')}) allows ${n(v.total, 'mapped page')}`,
};

/** What a check that passed has made sure of; `otherwise` is what it would have said. */
export function passed(check: Check, otherwise: string): string {
  return PASSED[check.name]?.(Object.fromEntries(check.values)) ?? `checked, and not so: ${otherwise}`;
}
