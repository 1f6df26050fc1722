/** The scripts of the menu: the same files that the tests run. */

const short = import.meta.glob('../../tests/scripts/examples/*.pf', { query: '?raw', import: 'default' });
const real = import.meta.glob('../../tests/scripts/real/*.pf', { query: '?raw', import: 'default' });

export interface Example {
  /** Name in links. */
  readonly id: string;
  readonly title: string;
  readonly group: string;
  /** The log or recording of a real program. */
  readonly isLog: boolean;
  readonly load: () => Promise<string>;
}

const TITLES: Record<string, string> = {
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

function list(files: Record<string, () => Promise<unknown>>, group: string): Example[] {
  return Object.entries(files).map(([path, load]) => {
    const id = path.replace(/^.*\//, '').replace(/\.pf$/, '');
    return { id, title: TITLES[id] ?? id, group, isLog: path.includes('/real/'), load: () => load() as Promise<string> };
  });
}

const order = Object.keys(TITLES);
/** Its place in the menu: what has no title yet comes last. */
const place = ({ id }: Example): number => (order.includes(id) ? order.indexOf(id) : order.length);

/** In the order of the menu. */
export const EXAMPLES: readonly Example[] = [...list(short, 'Lessons'), ...list(real, 'Real programs, recorded on Linux 6.18')].sort(
  (a, b) => place(a) - place(b),
);
