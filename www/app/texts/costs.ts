/**
 * What things cost on a real machine: a model for orders of magnitude, not a measurement of this step. Cycles are
 * nanoseconds × 3. "Measured": Linux 6.18 in a virtual machine on an AMD EPYC (Zen 4), one thread, best of many runs.
 */

export interface Price {
  readonly cycles: number;
  readonly what: string;
  /** Where the figure is from. */
  readonly source: string;
}

const price = (cycles: number, what: string, source: string): Price => ({ cycles, what, source });

export const PRICES = {
  tlbHit: price(1, 'the TLB knows the page', 'Rule of thumb: the first-level TLB is asked beside the cache, so a hit costs about nothing.'),
  walk: price(30, 'walk of the page tables', 'Rule of thumb: one load a level from the cache, fewer where upper levels are remembered; hundreds if the tables are not in the cache.'),
  syscall: price(500, 'into the kernel and out', 'Measured: getppid, 168 ns.'),
  areaEdit: price(4_000, 'change of the tree of areas', 'Measured: half of mmap + munmap of a page never touched, 2,983 ns, less the way in and out.'),
  areaSplit: price(3_000, 'split or merge', 'Measured: half of mprotect of a middle page and back, 4,558 ns, less what a change without a split costs.'),
  faultZero: price(1_800, 'minor fault, page of zeros', 'Measured: first read of anonymous memory, 599 ns a page.'),
  faultAnon: price(4_500, 'minor fault, a new frame cleared', 'Measured: first write to anonymous memory, 1,513 ns a page.'),
  faultCopy: price(6_400, 'minor fault, a page copied', 'Measured: write after fork while the child lives, 2,144 ns a page.'),
  faultReuse: price(2_100, 'minor fault, made writable without a copy', 'Measured: write after fork when the child has gone, 698 ns.'),
  faultFile: price(1_100, 'minor fault, page cache', 'Measured: read of a cached disk file, 379 ns a fault that maps 16 pages.'),
  faultOther: price(1_800, 'minor fault, nothing to do', 'Estimate: as a fault that maps the page of zeros.'),
  faultMajor: price(300_000, 'major fault: read from a disk', 'Rule of thumb: about 100 µs for a fast disk; a turning one needs 100 times that.'),
  populate: price(3_600, 'a page made present in advance', 'Measured: MAP_POPULATE, 1,199 ns a page.'),
  unmapPage: price(690, 'a page taken away', 'Measured: munmap of touched memory, 230 ns a page.'),
  protectPage: price(170, 'an entry with other permissions', 'Measured: mprotect of touched memory, 57 ns a page.'),
  movePage: price(110, 'an entry moved', 'Measured: mremap of 256 pages less that of one, divided by 255.'),
  table: price(1_500, 'a page table made or freed', 'Estimate: a frame taken and cleared, without a fault.'),
  fork: price(240_000, 'a process made', 'Measured: half of fork + exit + wait of a small process, 157,839 ns.'),
  forkArea: price(760, 'an area copied to a child', 'Measured: half of fork with 1,000 areas more, 510 ns each.'),
  exit: price(240_000, 'a process ended', 'Measured: the other half of fork + exit + wait.'),
  signal: price(6_600, 'a signal', 'Measured: SIGSEGV and a jump out of its handler, 2,205 ns.'),
  switch: price(600, 'a switch to another process: CR3 loaded, and the TLB emptied with it', 'Rule of thumb: a load of CR3, and the walks that follow it. The work of the scheduler is not counted.'),
  flush: price(600, 'the TLB emptied', 'Rule of thumb: a load of CR3, and the walks that follow it.'),
} as const;

export type PriceName = keyof typeof PRICES;
