import { expect, test } from 'vitest';
import { tooDeep } from './limits.ts';

test('an expression of more terms than the core can read is told with its place', () => {
  const line = `a = mmap(NULL, 4K, ${'1|'.repeat(3000)}1, 34, -1, 0)`;
  expect(tooDeep(`# one\n${line}\n`)).toMatchObject({ line: 2, expected: expect.stringContaining('2,000 terms') as unknown });
  expect(tooDeep(`load(${'('.repeat(500)}1${')'.repeat(500)})`)).toMatchObject({ line: 1, column: 405 });
});

test('what is long without being deep is nobody’s mistake', () => {
  expect(tooDeep(`store(a, "${'|+-('.repeat(2000)}")\n# ${'|'.repeat(5000)}\n`)).toBeNull();
  expect(tooDeep(`writev(1, [${'{1, 2}, '.repeat(900)}], 3)`)).toBeNull();
});
