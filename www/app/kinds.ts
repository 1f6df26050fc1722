/** What kinds of text are called. The page's thread has no core: of the library it uses types only. */
import type { TextKind } from '../lib/index.ts';

export const KIND_NAMES: Record<TextKind, string> = { script: 'script', strace: 'strace log', qemu: 'qemu log', perf: 'perf trace', maps: 'maps', smaps: 'smaps' };

export const KINDS = Object.keys(KIND_NAMES) as TextKind[];
