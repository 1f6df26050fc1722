/** Completion, signatures, hover and fixes: pure functions of the text. */
import { expect, test } from 'vitest';
import { fit, fitting } from '../fuzzy.ts';
import * as EN from '../texts/language-en.ts';
import { ALL } from './arguments.ts';
import { choicesFor } from './complete.ts';
import { boundIn, contextOf } from './context.ts';
import { callAt, describe } from './describe.ts';
import { fixesFor } from './fixes.ts';
import { CALLS, CONSTANTS, SETTINGS, callOf, signature } from './table.ts';

const bound = boundIn([[3, 'child = fork()'], [2, '[1] fd = memfd_create("m", 0) = 3'], [1, 'a = mmap(NULL, 4K, 3, 0x22, -1, 0)'], [0, 'a = brk(0)']]);
const labels = (before: string) => {
  const context = contextOf(before);
  return context ? choicesFor(context, bound).filter(({ rank }) => rank >= 0).sort((x, y) => y.rank - x.rank).map(({ label }) => label) : null;
};

test('every call, group and setting of the table has its sentence, and no other has', () => {
  expect(Object.keys(EN.CALLS).sort()).toEqual(CALLS.map(({ name }) => name).sort());
  expect(Object.keys(EN.GROUPS).sort()).toEqual([...new Set(CONSTANTS.map(({ group }) => group))].sort());
  expect(Object.keys(EN.SETTINGS).sort()).toEqual(SETTINGS.map(({ name }) => name).sort());
  const names = new Set(CONSTANTS.map(({ name }) => name));
  expect(Object.keys(EN.CONSTANTS).filter((name) => !names.has(name))).toEqual([]);
  for (const [name, [example]] of Object.entries(EN.SETTINGS)) expect(example.startsWith(`@${name}`), name).toBe(true);
});

test('the groups of arguments are those of the table', () => {
  const groups = new Set(CONSTANTS.map(({ group }) => group));
  const used = [...Object.values(ALL.BY_PARAMETER), ...Object.values(ALL.BY_CALL).flatMap((call) => Object.values(call))].flat();
  expect(used.filter((group) => !groups.has(group))).toEqual([]);
  for (const [call, parameters] of Object.entries(ALL.BY_CALL)) {
    for (const parameter of Object.keys(parameters)) expect(callOf(call)?.parameters, `${call} ${parameter}`).toContain(parameter);
  }
  expect(callOf('nothing')).toBeUndefined();
});

test('flags are offered by the place of the argument', () => {
  expect(labels('a = mmap(NULL, 4K, ')).toEqual(expect.arrayContaining(['PROT_READ', 'PROT_EXEC']));
  expect(labels('a = mmap(NULL, 4K, ')).not.toContain('MAP_PRIVATE');
  expect(labels('a = mmap(NULL, 4K, PROT_READ|PR')).not.toContain('PROT_READ');
  expect(labels('a = mmap(NULL, 4K, PROT_READ | PROT_WRITE, MAP_PRIVATE|')?.[0]).toMatch(/^MAP_/);
  expect(labels('mmap(NULL,\n  4K,\n  ')).toContain('PROT_READ');
  expect(labels('madvise(a, 4K, ')?.[0]).toMatch(/^MADV_/);
  expect(labels('mremap(a, 4K, 8K, ')?.slice(0, 3)).toEqual(['MREMAP_MAYMOVE', 'MREMAP_FIXED', 'MREMAP_DONTUNMAP']);
  expect(labels('munmap(')).toEqual(['NULL', 'child', 'fd', 'a']);
  expect(labels('mmap(NULL, 4K, 3, 2, ')).toEqual(['child', 'fd', 'a', '-1']);
  expect(labels('process_madvise(2, [{iov_base=')).toEqual(['child', 'fd', 'a']);
  expect(labels('on SIGSEGV mprotect(si_addr, 4K, ')).toContain('PROT_WRITE');
});

test('calls, settings, processes and signals at their places', () => {
  for (const place of ['', '\n  ', 'a = ', 'a = mm', '[child] ', '12 b = ', 'on SIGSEGV load(0); ', 'munmap(a, 4K)\n']) expect(labels(place), place).toContain('mmap');
  expect(labels('@')).toContain('@ram');
  expect(labels('@sysctl vm.')).toContain('vm.max_map_count');
  expect(labels('@config ')).toContain('PKU');
  expect(labels('[')).toEqual(['child']);
  expect(labels('on ')).toEqual(['SIGSEGV', 'SIGBUS']);
  for (const place of ['# mm', 'mmap(0) # ', 'store(a, "mm', 'mmap(a) = ', '> maps ']) expect(labels(place), place).toBe(null);
  expect(choicesFor(contextOf('mm')!, []).find(({ label }) => label === 'mmap')).toMatchObject({ insert: 'mmap()', caret: 5, detail: '(addr, length, prot, flags, fd, offset)' });
  expect(choicesFor(contextOf('fo')!, []).find(({ label }) => label === 'fork')).toMatchObject({ insert: 'fork()', caret: 6 });
});

test('names are those bound above, the nearest of two', () => {
  expect(bound.map(({ name, line }) => [name, line])).toEqual([['child', 3], ['fd', 2], ['a', 1]]);
});

test('the signature of the call that is being typed, with its argument', () => {
  expect(callAt('a = mmap(NULL, 4K')).toMatchObject({ call: { name: 'mmap' }, index: 1 });
  expect(callAt('process_madvise(2, [{a, 4K}, {b, 4K')).toMatchObject({ index: 1 });
  expect(callAt('munmap(a, 4K)')).toBe(null);
  expect(callAt('unheard(')).toBe(null);
  expect(signature(callOf('mremap')!)).toBe('mremap(addr, old_length, new_length, flags, [new_addr])');
});

test('what is said of a word', () => {
  const line = 'a = mmap(NULL, 64K, PROT_READ, MAP_PRIVATE, -1, 0) # PROT_READ';
  const at = (word: string, from = 0) => describe(line, line.indexOf(word, from) + 1, () => bound);
  expect(at('mmap')).toMatchObject({ title: 'mmap(addr, length, prot, flags, fd, offset)', detail: 'mmap(2)', sentence: EN.CALLS['mmap'] });
  expect(at('PROT_READ')).toMatchObject({ title: 'PROT_READ', detail: '1', sentence: 'May be read.' });
  expect(at('64K')).toMatchObject({ detail: '0x10000 = 65536' });
  expect(at('PROT_READ', 40)).toBe(null);
  expect(describe(line, 0, () => bound)).toMatchObject({ sentence: 'The result of mmap(), line 1.' });
  expect(describe('openat(AT_FDCWD)', 9, () => [])).toMatchObject({ detail: '-100' });
  expect(describe('@ram 64M', 1, () => [])).toMatchObject({ title: '@ram 64M' });
  expect(describe(`f(${'1, '.repeat(9000)}PROT_READ)`, 27005, () => [])).toMatchObject({ from: 27002, to: 27011, title: 'PROT_READ' });
  expect(describe('load(0777, 089)', 6, () => [])).toMatchObject({ detail: '0x1ff = 511' });
});

test('an error comes with its cure', () => {
  const cured = (line: string, column: number, found: string, expected: string) => {
    const [fix] = fixesFor({ line: 1, column, found, expected }, line);
    return fix ? line.slice(0, fix.from) + fix.insert + line.slice(fix.to) : null;
  };
  expect(cured('a = mmpa()', 5, '`mmpa`', 'a call; the nearest is `mmap(addr, length, prot, flags, fd, offset)`')).toBe('a = mmap()');
  expect(cured('é = mmap(PROT_RAED)', 10, '`PROT_RAED`', 'a name that is known; the nearest is `PROT_READ`')).toBe('é = mmap(PROT_READ)');
  expect(cured('[chlid] load(0)', 2, '`chlid`', 'a process: its number, or the name that its fork() was bound to: `child`, perhaps')).toBe('[child] load(0)');
  expect(cured('  unsigned char *p = mmap(0)', 12, '`char`', 'a statement without types: `name = mmap(…)`')).toBe('  p = mmap(0)');
  expect(cured('p = (char *)mmap(0)', 5, '`(char`', 'a value without a cast: addresses and numbers are the same here')).toBe('p = mmap(0)');
  expect(cured('@ram 64M // much', 10, '`//`', 'a value')).toBe('@ram 64M # much');
  expect(cured('/* first */', 1, '`/*`', 'a call')).toBe('# first');
  expect(cured('a(); b()', 6, '`b()`', 'the end of the line')).toBe('a()\nb()');
  expect(cured('@ram 64M;', 9, '`;`', 'the end of the line')).toBe('@ram 64M');
  expect(cured('munmap(a, 4K', 13, 'the end of the line', '`,` or a closing bracket')).toBe('munmap(a, 4K)');
  expect(cured('$ strace ls', 1, '`$`', 'a call: this looks like a command line')).toBe('# $ strace ls');
  expect(cured('sendmail(1)', 1, '`sendmail`', 'a system call that is emulated here')).toBe(null);
});

test('what is typed is found by its letters, words first', () => {
  expect(fitting('mprot', ['mprotect', 'mremap', 'pkey_mprotect'], (x) => x).map(({ one }) => one)).toEqual(['mprotect', 'pkey_mprotect']);
  expect(fitting('stb', ['Restart both', 'Step back'], (x) => x)[0]!.one).toBe('Step back');
  expect(fit('xyz', 'abc')).toBe(null);
  expect(fitting('', ['b', 'a'], (x) => x).map(({ one }) => one)).toEqual(['b', 'a']);
});

test('of a call that no manual has, what is said names each of its arguments', () => {
  for (const { name, parameters, section } of CALLS) {
    if (section !== null) continue;
    for (const parameter of parameters) expect(EN.CALLS[name], `${name}: ${parameter}`).toMatch(new RegExp(`\\b${parameter}\\b`));
  }
});
