/** Any line of a text, in any order, is what splitting the text gives. */
import { expect, test, vi } from 'vitest';
import { LineFinder } from './line.ts';

test.each(['', 'one', 'one\n', '\n', '\n\na\n\n', 'a\nbb\n\nccc', 'a\r\nb\r\n'])('lines of %j, back and forth', (text) => {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  const finder = new LineFinder(text);
  const asked = Array.from({ length: 60 }, (_, i) => ((i * 7919) % (lines.length + 3)) - 1);
  for (const line of [...asked, ...asked.toReversed()]) expect(finder.of(line), `line ${line}`).toBe(lines[line - 1] ?? '');
});

test('what is near the line before is found from there', () => {
  const text = Array.from({ length: 10_000 }, (_, i) => `line ${i + 1}`).join('\n');
  const finder = new LineFinder(text);
  expect(finder.of(9000)).toBe('line 9000');
  const searched = [vi.spyOn(String.prototype, 'indexOf'), vi.spyOn(String.prototype, 'lastIndexOf')];
  for (const line of [9001, 9002, 9001, 8990]) expect(finder.of(line)).toBe(`line ${line}`);
  expect(searched.reduce((sum, { mock }) => sum + mock.calls.length, 0)).toBeLessThan(40);
  for (const each of searched) each.mockRestore();
});
