/** The console's history, its own answers and what it completes. */
import { expect, test } from 'vitest';
import { LineHistory } from './history.ts';
import { completions, helpAbout } from './questions.ts';

const store = () => {
  const all = new Map<string, string>();
  return { getItem: (key: string) => all.get(key) ?? null, setItem: (key: string, value: string) => void all.set(key, value), removeItem: () => {}, key: () => null, length: 0 };
};

test('lines come back, and the one being typed after them', () => {
  const kept = store();
  const history = new LineHistory('a text', kept);
  expect([history.back('x'), history.forward()]).toEqual([null, null]);
  for (const line of ['maps', 'walk a', 'walk a', 'explain']) history.add(line);
  expect([history.back('mm'), history.back('explain'), history.back('walk a'), history.back('maps')]).toEqual(['explain', 'walk a', 'maps', null]);
  expect([history.forward(), history.forward(), history.forward(), history.forward()]).toEqual(['walk a', 'explain', 'mm', null]);
  expect(new LineHistory('a text', kept).back('')).toBe('explain');
  expect(new LineHistory('another text', kept).back('')).toBe(null);
  expect(new LineHistory('a text', { ...kept, getItem: () => '{' }).back('')).toBe(null);
});

test('before there is a text, what is kept of the one that comes is left alone', () => {
  const kept = store();
  new LineHistory('a text', kept).add('maps');
  new LineHistory('', kept).keep();
  expect(new LineHistory('a text', kept).back('')).toBe('maps');
});

test('help about everything that has a name', () => {
  expect(helpAbout('maps')).toBe(null);
  expect(helpAbout('help')).toContain('walk a+4K');
  expect(helpAbout('help mmap')).toMatch(/^mmap\(addr, length, prot, flags, fd, offset\)\nMaps a file/);
  expect(helpAbout('help PROT_READ')).toContain('May be read.');
  expect(helpAbout('help madv')).toContain('MADV_DONTNEED ');
  expect(helpAbout('? @ram')).toContain('@ram 64M');
  expect(helpAbout('help walk')).toContain('page-table walk');
  expect(helpAbout('help sendmail')).toBe('Nothing is known of sendmail.');
});

test('calls, flags, names and questions are completed', () => {
  const bound = [{ name: 'area', call: 'mmap', line: 1 }];
  const labels = (before: string) => completions(before, bound).choices.map(({ label }) => label);
  expect(labels('')).toEqual([]);
  expect(labels('ma')[0]).toBe('maps');
  expect(labels('ma').filter((label) => label === 'maps')).toHaveLength(1);
  expect(labels('mprot')[0]).toBe('mprotect');
  expect(labels('walk ar')).toEqual(['area']);
  expect(labels('mprotect(area, 4K, ')).toContain('PROT_READ');
  expect(labels('mprotect(')).toEqual([]);
  expect(labels('mprotect(ar')[0]).toBe('area');
  expect(labels('mprotect(area')).not.toContain('area');
});
