/** Each flag of an area (`VmFlags` of smaps) and each letter of its permissions: a name and a sentence, in English. */

export interface FlagText {
  /** As the kernel calls it. */
  readonly name: string;
  readonly sentence: string;
  /** What it is about, to draw like flags together. */
  readonly group: 'can' | 'may' | 'kind' | 'advice' | 'lock' | 'books';
}

const flag = (group: FlagText['group'], name: string, sentence: string): FlagText => ({ group, name, sentence });

export const FLAG_TEXTS: Readonly<Record<string, FlagText>> = {
  rd: flag('can', 'VM_READ', 'The program can read it now.'),
  wr: flag('can', 'VM_WRITE', 'The program can write to it now.'),
  ex: flag('can', 'VM_EXEC', 'The CPU can fetch instructions from it now.'),
  sh: flag('kind', 'VM_SHARED', 'Writes go to the object itself, and everybody who maps it sees them.'),
  mr: flag('may', 'VM_MAYREAD', 'mprotect may make it readable.'),
  mw: flag('may', 'VM_MAYWRITE', 'mprotect may make it writable.'),
  me: flag('may', 'VM_MAYEXEC', 'mprotect may make it executable.'),
  ms: flag('may', 'VM_MAYSHARE', 'It was mapped with MAP_SHARED, even if the file was opened for reading only.'),
  gd: flag('kind', 'VM_GROWSDOWN', 'A touch just below it makes it grow downwards: it is a stack.'),
  um: flag('kind', 'VM_UFFD_MISSING', 'userfaultfd is told of a touch of a page that is missing.'),
  pf: flag('kind', 'VM_PFNMAP', 'Its entries name bare frames: nobody counts who maps them.'),
  gu: flag('kind', 'VM_MAYBE_GUARD', 'It may hold guard regions, which are markers in its page tables.'),
  uw: flag('kind', 'VM_UFFD_WP', 'userfaultfd is told of a write to a page that it protects.'),
  lo: flag('lock', 'VM_LOCKED', 'Its pages stay in RAM until munlock.'),
  io: flag('kind', 'VM_IO', 'It is memory of a device: it is left out of core dumps and cannot be locked.'),
  sr: flag('advice', 'VM_SEQ_READ', 'MADV_SEQUENTIAL: pages will be read in order, so read ahead further.'),
  rr: flag('advice', 'VM_RAND_READ', 'MADV_RANDOM: pages will be read in no order, so do not read ahead.'),
  dc: flag('advice', 'VM_DONTCOPY', 'MADV_DONTFORK: fork gives the child nothing of it.'),
  de: flag('kind', 'VM_DONTEXPAND', 'mremap may not make it larger.'),
  lf: flag('lock', 'VM_LOCKONFAULT', 'Each page is locked when it is touched first, not before.'),
  ac: flag('books', 'VM_ACCOUNT', 'Its size counts as promised memory (Committed_AS), because each page may need a frame of its own.'),
  nr: flag('books', 'VM_NORESERVE', 'MAP_NORESERVE: its size does not count as promised memory.'),
  ht: flag('kind', 'VM_HUGETLB', 'Its pages come from the pool of huge pages.'),
  sf: flag('kind', 'VM_SYNC', 'MAP_SYNC: a write fault returns only when the file system has noted the block.'),
  wf: flag('advice', 'VM_WIPEONFORK', 'MADV_WIPEONFORK: a child finds zeros there.'),
  dd: flag('advice', 'VM_DONTDUMP', 'MADV_DONTDUMP: it is left out of core dumps.'),
  sd: flag('books', 'VM_SOFTDIRTY', 'It is new since the soft-dirty marks were cleared.'),
  mm: flag('kind', 'VM_MIXEDMAP', 'It may hold counted pages and bare frames.'),
  hg: flag('advice', 'VM_HUGEPAGE', 'MADV_HUGEPAGE: huge pages are wanted.'),
  nh: flag('advice', 'VM_NOHUGEPAGE', 'MADV_NOHUGEPAGE: huge pages are not wanted.'),
  mg: flag('advice', 'VM_MERGEABLE', 'MADV_MERGEABLE: pages with the same content may become one frame.'),
  dp: flag('advice', 'VM_DROPPABLE', 'MAP_DROPPABLE: under pressure its pages may be thrown away and read as zeros again.'),
  ui: flag('kind', 'VM_UFFD_MINOR', 'userfaultfd is told of a touch of a page that is cached but not mapped.'),
  sl: flag('may', 'VM_SEALED', 'mseal: its place and its permissions cannot change any more.'),
};

/** Titles of the groups, in the order they are drawn. */
export const FLAG_GROUPS: Readonly<Record<FlagText['group'], string>> = {
  can: 'It can be', may: 'It may become', kind: 'It is', advice: 'The program advised', lock: 'Locked', books: 'In the books',
};

export interface FlagLine extends FlagText {
  readonly letters: string;
}

/** `rd wr mr` as the flags they are. */
export function flagLines(letters: string): FlagLine[] {
  return letters.split(' ').filter(Boolean).map((pair) => ({
    letters: pair, ...(FLAG_TEXTS[pair] ?? flag('kind', pair, 'A flag that has no sentence here yet.')),
  }));
}

/** What each letter of `rwxp` allows, and what each that is missing forbids. */
export function permissionLines(perms: string): { letter: string; isSet: boolean; words: string }[] {
  const one = (letter: string, yes: string, no: string) => ({ letter, isSet: perms.includes(letter), words: perms.includes(letter) ? yes : no });
  return [
    one('r', 'read', 'no reading: a load raises SIGSEGV'),
    one('w', 'write', 'no writing: a store raises SIGSEGV'),
    one('x', 'execute', 'no executing: a jump there raises SIGSEGV'),
    perms.includes('s')
      ? { letter: 's', isSet: true, words: 'shared: writes go to the object and are seen by all who map it' }
      : { letter: 'p', isSet: true, words: 'private: what is written becomes a copy of its own' },
  ];
}
