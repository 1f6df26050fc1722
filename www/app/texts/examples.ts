/** What the scripts of the menu are called, in the order of the menu. */

export const EXAMPLE_TITLES: Readonly<Record<string, string>> = {
  'copy-on-write': 'Copy on write after fork',
  'demand-paging': 'Demand paging: promise and fault',
  'three-ways': 'The three ways of mmap',
  'split-and-merge': 'Splitting and merging VMAs',
  'mremap-move': 'mremap moves entries, not pages',
  'stack-growth': 'A stack grows by being touched',
  'truncate-sigbus': 'SIGBUS: the file is too short',
  'map-on-fault': 'A SIGSEGV handler maps what is touched',
  errors: 'Refused: what mmap says no to',
  ls: 'ls -la, every page fault',
  python3_import: 'python3 -c "import json, ssl", every page fault',
  sort_big: 'sort of a large file, every page fault',
  'ls.strace': 'ls -la, from its strace log',
  'python3_import.strace': 'python3, from its strace log',
};

export const EXAMPLE_GROUPS = { short: 'Lessons', real: 'Real programs, recorded on Linux 6.18' } as const;
