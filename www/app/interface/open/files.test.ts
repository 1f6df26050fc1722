/** Names of saved scripts, and when they were kept. */
import { expect, test } from 'vitest';
import { fileName, hasFiles, whenWords } from './files.ts';

test('a script is saved under a name that tells what it is (fault 33)', () => {
  expect(fileName('# Copy on write: after fork()\na = 1')).toBe('copy-on-write-after-fork.pf');
  expect(fileName('a = fork()')).toBe('script.pf');
  expect(fileName('// Käse & Brot')).toBe('ka-se-brot.pf');
  expect(fileName('1 brk(NULL) = 0x0', 'strace')).toBe('log.log');
  expect(fileName('', 'maps')).toBe('log.maps');
  expect(fileName(`# ${'word '.repeat(40)}`).length).toBeLessThan(53);
});

test('today by the time, before by the day', () => {
  const now = new Date(2026, 10, 27, 18, 0).getTime();
  expect(whenWords(new Date(2026, 10, 27, 9, 5).getTime(), now, (time) => `today, ${time}`)).toMatch(/^today, 0?9:05/);
  expect(whenWords(new Date(2026, 2, 3).getTime(), now, String)).toBe('Mar 3');
  expect(whenWords(new Date(2025, 2, 3).getTime(), now, String)).toBe('Mar 3, 2025');
});

test('only files are taken from what is dragged', () => {
  expect([hasFiles({ types: ['text/plain'] }), hasFiles({ types: ['Files'] }), hasFiles(null)]).toEqual([false, true, false]);
});
