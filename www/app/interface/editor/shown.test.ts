/** What is underlined in the editor, and how an error is said. */
import { expect, test } from 'vitest';
import { isLong } from './code.ts';
import { reasonOf, underlined } from './shown.ts';

test('errors and remarks come in the order of lines, those of other texts not at all', () => {
  const errors = [{ line: 3, column: 4, found: '`b`', expected: 'a' }, { line: 9, column: 1, found: '', expected: 'less' }];
  const remarks = [{ line: 2, text: 'result should be 0, is 1', kind: 'error' as const }];
  expect(underlined({ errors, remarks }, 5).map(({ line, message }) => [line, message])).toEqual([[2, 'result should be 0, is 1'], [3, 'found `b`, expected a']]);
  expect(reasonOf(errors[1]!)).toBe('less');
  expect(underlined({ errors: Array.from({ length: 500 }, () => errors[0]!), remarks }, 5)).toHaveLength(200);
});

test('texts of many lines are not wrapped', () => {
  expect([isLong('a\n'.repeat(5000)), isLong('a\n'.repeat(4999)), isLong('')]).toEqual([true, false, false]);
});
