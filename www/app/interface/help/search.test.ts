/** Audit 27: calls and constants are found by their names and by what they do. */
import { expect, test } from 'vitest';
import { CALLS, signature } from '../../language/table.ts';
import * as EN from '../../texts/language-en.ts';
import { searched } from './search.ts';

const all = CALLS.map((call) => ({ name: signature(call), sentence: EN.CALLS[call.name]! }));
const names = (typed: string) => searched(typed, all).map(({ name }) => name.replace(/\(.*/, ''));

test('by name, then by parameter, then by what is said of it (fault 27)', () => {
  expect(names('prot').slice(0, 3)).toEqual(['mprotect', 'pkey_mprotect', 'mmap']);
  expect(names('protection key')).toContain('pkey_alloc');
  expect(names('')).toHaveLength(CALLS.length);
  expect(names('xyzzy')).toEqual([]);
});
