import { expect, test } from 'vitest';
import { Journal } from './journal.ts';

test('edits and all else are undone and done again in their order', () => {
  const journal = new Journal<string>();
  journal.edited();
  journal.add('a, edited', 'back is a');
  journal.edited();
  expect(journal.last).toBe('edit');
  journal.undo('b, edited');
  expect(journal.last).toEqual({ state: 'a, edited', tells: 'back is a' });
  journal.undo('b');
  expect(journal.last).toBe('edit');
  expect(journal.lastUndone).toEqual({ state: 'b', tells: 'back is a' });
  journal.redo('a, edited');
  expect([journal.last, journal.lastUndone]).toEqual([{ state: 'a, edited', tells: 'back is a' }, 'edit']);
  journal.redo('b');
  expect([journal.last, journal.lastUndone]).toEqual(['edit', undefined]);
});

test('with something new nothing is left to do again; the oldest states go', () => {
  const journal = new Journal<number>();
  journal.edited();
  journal.undo(0);
  journal.add(0, '');
  expect(journal.lastUndone).toBe(undefined);
  for (let i = 1; i < 100; i++) journal.add(i, '');
  let count = 0;
  for (; journal.last !== undefined; count++) journal.undo(0);
  expect(count).toBe(20);
});
