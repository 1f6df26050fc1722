/** What kinds of text are called. The page's thread has no core: of the library it uses types only. */
import type { TextKind } from '../lib/index.ts';
import { words } from './texts/page.ts';

export const KIND_NAMES: Record<TextKind, string> = words.kinds;

export const KINDS = Object.keys(KIND_NAMES) as TextKind[];
