/** Words of the page that not everybody knows, in English: by a name for each, what stands on the page and what it means. Another language is another object of this shape. */

export interface Term {
  readonly name: string;
  /** Other ways in which it is written. */
  readonly also: readonly string[];
  readonly sentence: string;
}

const term = (name: string, sentence: string, ...also: string[]): Term => ({ name, also, sentence });

export const GLOSSARY = {
  checks: term('checks passed', 'Before the kernel does what it is asked for, it makes sure of many things: that the length is not 0, that the limit of areas is not reached … Each would have been a refusal with an error number. Shown, they stand in the tree where they were made.', 'check', 'checks'),
  untouched: term('no touches', 'A log of strace tells calls, not which pages the program touched, and maps only how areas lie. So hardly a page is shown in RAM, though the program had many there. Only what a call itself put into RAM is shown.', 'nothing in RAM'),
  vma: term('VMA', 'Virtual memory area: a run of pages of a process with the same permissions, from the same file or from none. It says what may be there; page tables say what is.', 'VMAs', 'vma', 'area'),
  page: term('page', '4 KiB of the addresses that a program uses. Where its bytes are, the page tables say.'),
  frame: term('frame', '4 KiB of RAM. A page that is present is in a frame; several pages may be in the same one.'),
  rss: term('rss', 'Resident set size: how much of a process is in RAM and mapped now. A page that several processes share counts for each of them.', 'Rss', 'RSS', 'resident'),
  pss: term('pss', 'Proportional set size: as rss, but a page that several map counts only its part for each: half for each of two.', 'Pss', 'PSS'),
  sizes: term('rss, pss', 'rss (resident set size): how much of the process is in RAM and mapped. pss (proportional set size): the same, but of a page that several map each counts only its part. Minor faults needed no disk, major ones did. An area (VMA) is a run of pages with the same permissions and file.'),
  uss: term('private memory', 'Pages in RAM that no other process maps.'),
  pgd: term('PGD', 'Page global directory: the top table of the walk. An entry covers 512 GiB with four levels, 256 TiB with five.'),
  p4d: term('P4D', 'Fourth-level directory: there with five levels of tables only. An entry covers 512 GiB.'),
  pud: term('PUD', 'Page upper directory: the table below the PGD (or the P4D). An entry covers 1 GiB.'),
  pmd: term('PMD', 'Page middle directory: the table below the PUD. An entry covers 2 MiB.'),
  pte: term('PTE', 'Page table entry: the last step of the walk. It has the number of the frame of one page, and what may be done with it.', 'PTEs'),
  cr3: term('CR3', 'The register of the CPU that says in which frame the top page table is: each process has its own.'),
  walk: term('walk', 'How the MMU finds a frame: four tables (or five), one after the other, each asked at a part of the address.'),
  mmu: term('MMU', 'Memory management unit: the part of the CPU that translates each address by the page tables.'),
  tlb: term('TLB', 'Translation lookaside buffer: what the CPU remembers of translations. A hit needs no walk; what the kernel changes must be forgotten here.'),
  pf: term('page fault', 'The MMU cannot translate, or the entry forbids it: the CPU calls the kernel, which makes the page present, or sends a signal.', '#PF', 'faults', 'fault'),
  minor: term('minor fault', 'A page fault that needs no disk: the page is in RAM already, or is made of zeros.', 'minflt', 'minor'),
  major: term('major fault', 'A page fault for which a disk must be read.', 'majflt', 'major'),
  cow: term('copy on write', 'After fork both processes map the same frames, read-only. Who writes first gets a copy of the page; until then there is one.', 'COW'),
  anonVma: term('anon_vma', 'What links an area to its family of private pages, made at the first write fault or by fork, so that the kernel finds all who map such a page. An area keeps it when the pages are gone; areas of two families do not become one.'),
  pgoff: term('vm_pgoff', 'The place of the area’s first page in its file, in pages; of anonymous memory, the page number at which it was mapped. Two areas become one only if it goes on without a jump.'),
  vmFlags: term('vm_flags', 'What the kernel notes of an area: what it allows, what it may come to allow, advice and locks. smaps shows it as VmFlags, two letters each.', 'VmFlags'),
  vmOps: term('vm_ops', 'The methods of an area’s object. A page fault calls the one called fault, which finds the page. Anonymous memory has none.', 'vm_operations', 'vm_operations_struct'),
  fOp: term('f_op', 'The methods of an open file. mmap() calls the one called mmap, which gives the area its vm_ops.', 'file_operations'),
  dirty: term('dirty', 'Written since it was last in step with its file, or since it was made: it may not be dropped without keeping the bytes.'),
  accessed: term('accessed', 'The MMU has used the entry since the kernel cleared the bit last.'),
  present: term('present', 'The entry leads to a frame: an access needs no page fault.'),
  zero: term('page of zeros', 'One frame of zeros, which all reads of untouched private memory share. A write gets a frame of its own.', 'zero page'),
  cache: term('page cache', 'The pages of files that are in RAM: read once, and mapped by all who map the file.'),
  shmem: term('shared memory', 'A file that is in RAM only (memfd, shared anonymous memory, SysV segments): writes are seen by all who map it.', 'shmem'),
  guard: term('guard', 'A marker in the page tables: any touch of the page is SIGSEGV.'),
  mapcount: term('mapcount', 'How many entries of page tables lead to the frame.'),
  refcount: term('refcount', 'How many use the frame: those who map it, and whoever else keeps it, such as the page cache. At 0 it is free.'),
  exclusive: term('exclusive', 'One process alone has the page: a write needs no copy.'),
  committed: term('promised memory', 'What the kernel has promised to programs (Committed_AS), whether it is used or not. overcommit_memory says how much that may be.', 'Committed_AS', 'overcommit', 'overcommit_memory'),
  oom: term('OOM killer', 'When RAM is used up and nothing can be given back, the kernel ends a process, the one with most memory here.', 'OOM'),
  faultAround: term('fault-around', 'A fault on a cached page of a file maps the pages around it, too, up to fault_around_bytes.', 'fault_around_bytes'),
  buddy: term('free blocks', 'The buddy allocator keeps free frames in blocks of 1, 2, 4 … 1,024, splits them when frames are taken and joins them when they come back.', 'buddy allocator'),
  table: term('page tables', 'Frames full of entries that say where pages are. They take RAM, too.', 'page table'),
  errno: term('errno', 'The number with which the kernel refuses a call, such as ENOMEM or EINVAL.'),
  segv: term('SIGSEGV', 'The signal for an access that nothing allows: no area there (SEGV_MAPERR), or one that forbids it (SEGV_ACCERR).'),
  sigbus: term('SIGBUS', 'The signal for an access to a page that an area has but its file has not.'),
  maps: term('maps', 'The areas of a process as /proc/PID/maps lists them: a line each.'),
  smaps: term('smaps', 'As maps, with what each area costs in RAM.'),
  brk: term('program break', 'The end of the heap. brk() moves it.', 'brk'),
  swap: term('swap', 'A disk for private pages when RAM is short. This machine has none.'),
  vdso: term('vdso', 'Code and data that the kernel maps into each process: calls such as gettimeofday need no way into the kernel.', 'vvar'),
  private: term('private', 'What is written becomes a copy of the process’s own; the file does not change. In maps: the p of rw-p.'),
  assumed: term('assumed', 'A log does not show this memory being mapped: it was there before, or the kernel made it when the program started. Where it lies was found out from the log.'),
} satisfies Readonly<Record<string, Term>>;

export type TermId = keyof typeof GLOSSARY;
