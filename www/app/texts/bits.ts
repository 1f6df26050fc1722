/** The bits of a page-table entry in words, in English: what each says when it is set and when it is clear. */

export interface BitText {
  readonly name: string;
  readonly set: string;
  readonly clear: string;
}

export const BITS: Readonly<Record<string, BitText>> = {
  present: { name: 'P · present', set: 'The MMU uses this entry.', clear: 'The MMU stops here: any access is a page fault.' },
  write: { name: 'W · writable', set: 'Writes are allowed.', clear: 'A write is a page fault, though the page is present.' },
  user: { name: 'U · user', set: 'The program may use it.', clear: 'Only the kernel may use it.' },
  writeThrough: { name: 'PWT · write-through', set: 'The cache writes through.', clear: 'The cache writes back, as for ordinary memory.' },
  noCache: { name: 'PCD · cache off', set: 'The cache is bypassed.', clear: 'It is cached, as ordinary memory is.' },
  accessed: { name: 'A · accessed', set: 'The MMU has used it since the bit was cleared last.', clear: 'Not used since the bit was cleared last.' },
  dirty: { name: 'D · dirty', set: 'The program has written to the page.', clear: 'The program has not written to the page through this entry.' },
  large: { name: 'PS · large', set: 'It maps one large page: the walk ends here.', clear: 'It leads to the next table, or is the last.' },
  global: { name: 'G · global', set: 'With P clear: Linux keeps a page with no permissions here (PROT_NONE).', clear: 'A change of CR3 forgets it.' },
  special: { name: '9 · special', set: 'Linux: nobody counts who maps the frame (page of zeros, vvar).', clear: 'Linux: the frame counts who maps it.' },
  noExecute: { name: 'NX · no exec', set: 'An instruction fetch is a page fault.', clear: 'Instructions may be fetched.' },
  frame: { name: '12–51 · frame', set: 'The frame that it leads to.', clear: 'No frame.' },
  key: { name: '59–62 · key', set: 'The protection key, which PKRU allows or forbids.', clear: 'Protection key 0: nothing is forbidden by it.' },
};

/** What a whole entry is. */
export const ENTRY_KINDS = {
  empty: 'Nothing is here: the entry is 0. An access is a page fault, and the kernel looks for an area.',
  table: 'It leads to the table of the next level.',
  page: 'It maps a page: the walk ends in this frame.',
  large: 'It maps a large page: the walk ends here, the lower bits are the offset.',
  none: 'The page is in RAM but may not be accessed at all (PROT_NONE): P is clear, the frame is kept.',
  guard: 'A guard marker: any touch raises SIGSEGV.',
  poison: 'A poison marker: any touch raises SIGBUS.',
  other: 'Not present, and the other bits are for Linux alone.',
} as const;

/** `CELL` numbers of a table's entries, in words. */
export const CELL_WORDS: Readonly<Record<number, string>> = {
  0: 'empty', 1: 'page of zeros', 2: 'private page', 3: 'private page, shared until written', 4: 'page of a file', 5: 'page of shared memory',
  6: 'guard', 7: 'marker', 8: 'swapped out', 9: 'page of the kernel', 10: 'large page', 14: 'leads to a table', 15: 'nothing',
};
