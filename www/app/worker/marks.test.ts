import { readFileSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { hasMarksOfStrace } from './marks.ts';

test('audit 35: a log of strace with paths, pointers, stacks or its command line is known', () => {
  expect(hasMarksOfStrace('openat(AT_FDCWD</home/x>, "/etc/passwd", O_RDONLY) = 3</etc/passwd>\n')).toBe(true);
  expect(hasMarksOfStrace('mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3</etc/passwd>, 0) = 0x7f1234567000\n')).toBe(true);
  expect(hasMarksOfStrace('[00007f1111111111] brk(NULL) = 0x5000\n')).toBe(true);
  expect(hasMarksOfStrace('brk(NULL) = 0x5000\n > /usr/lib/libc.so.6(brk+0xb) [0x11]\n')).toBe(true);
  expect(hasMarksOfStrace('$ strace -f ls\nbrk(NULL) = 0x5000\n')).toBe(true);
});

test('no script of the repository has them', () => {
  const scripts = new URL('../../../tests/scripts/', import.meta.url);
  const files = readdirSync(scripts, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.pf'));
  expect(files.length).toBeGreaterThan(5);
  expect(files.filter((name) => !/strace/.test(name) && hasMarksOfStrace(readFileSync(new URL(name, scripts), 'utf8')))).toEqual([]);
});
