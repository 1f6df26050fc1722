/** What a text can be read as, in the words of the menu. */
import type { TextKind } from '../lib/index.ts';

export const KIND_NAMES: Record<TextKind, string> = {
  script: 'script', strace: 'strace log', qemu: 'qemu -strace log', perf: 'perf trace log', maps: 'maps', smaps: 'smaps',
};
