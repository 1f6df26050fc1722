import { expect, test } from 'vitest';
import { familyWords } from './families.ts';

test('families of private pages are said in words', () => {
  expect(familyWords(1, [1])).toBe('family 1 of private pages');
  expect(familyWords(2, [2, 1])).toBe('family 2 of private pages, and through fork also of family 1');
  expect(familyWords(1, [1], 0)).toBe('linked to family 1 of private pages, none of which is present now: the link is made before the first page is, or taken over from a neighbour, from the area it was cut from, or from a parent, and it stays');
});
