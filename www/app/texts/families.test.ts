import { expect, test } from 'vitest';
import { familyWords } from './families.ts';

test('families of private pages are said in words', () => {
  expect(familyWords(1, [1])).toBe('family 1 of private pages');
  expect(familyWords(2, [2, 1])).toBe('family 2 of private pages, and through fork also of family 1');
  expect(familyWords(1, [1], 0)).toBe('family 1 of private pages: it had some, or came from an area that had, and keeps the family although no page is present now');
});
