import { expect, test } from 'vitest';
import { familyWords, flagWords, freeFrame, pagesWords, permissionWords } from './en.ts';

test('audit 43: permissions, flags and families are said in words', () => {
  expect(permissionWords('rw-p')).toBe('read and write; private: what is written is a copy of its own');
  expect(permissionWords('---s')).toMatch(/^no access at all; shared/);
  expect(flagWords('rd wr mr mw me ac').map(({ words }) => words)).toEqual(['readable', 'writable', 'allowed to become readable', 'allowed to become writable', 'allowed to become executable', 'counted as promised memory (accountable)']);
  expect(familyWords(1, [1])).toBe('family 1 of private pages');
  expect(familyWords(2, [2, 1])).toBe('family 2 of private pages, and through fork also of family 1');
  expect([pagesWords(1), pagesWords(2), pagesWords(0)]).toEqual(['1 page', '2 pages', '0 pages']);
});

test('audit 42: a free frame is called free', () => {
  expect(freeFrame(7)).toBe('Frame 7 is free: nobody uses it.');
});
