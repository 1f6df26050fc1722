/** Words that are explained wherever a sentence has them. */
import type { TermId } from './glossary.ts';

/** How words are written in sentences; all else of the glossary stands at its place by name. */
export const WRITTEN: Readonly<Record<string, TermId>> = {
  VMA: 'vma', VMAs: 'vma', rss: 'rss', Rss: 'rss', Pss: 'pss', pss: 'pss', TLB: 'tlb', MMU: 'mmu', CR3: 'cr3', PTE: 'pte', anon_vma: 'anonVma', vm_pgoff: 'pgoff', vm_ops: 'vmOps',
  vm_operations: 'vmOps', 'page cache': 'cache', 'Page cache': 'cache', 'page of zeros': 'zero', 'OOM killer': 'oom', 'copy on write': 'cow', 'program break': 'brk', 'buddy allocator': 'buddy', mapcount: 'mapcount', 'promised memory': 'committed', dirty: 'dirty',
};
