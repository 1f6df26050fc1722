/** Words of the grammar that are told apart by how they are written. */
import { constant, markNumber, range } from './parser.terms.ts';

/** `PROT_READ` and such: constants, errors, signals. */
export const nameKind = (word: string, _stack?: unknown): number => (/^[A-Z][A-Z0-9_]+$/.test(word) ? constant : -1);

/** `400000-401000`, `64M`. */
export function wordKind(word: string, _stack?: unknown): number {
  if (/^[0-9a-f]+-[0-9a-f]+$/.test(word)) return range;
  return /^(?:0x[0-9a-f]+|\d+)(?:[KMGT](?:iB)?)?$/i.test(word) ? markNumber : -1;
}
