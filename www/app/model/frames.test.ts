import { expect, test } from 'vitest';
import { frameRuns, runOf } from './frames.ts';

test('equal neighbours are one line, and every frame is in one', () => {
  const kinds = Uint8Array.of(5, 7, 7, 7, 0, 0, 1, 0);
  const runs = frameRuns(kinds);
  expect([...runs.first]).toEqual([0, 1, 4, 6, 7]);
  expect([...runs.frames]).toEqual([1, 3, 2, 1, 1]);
  expect([...runs.kind]).toEqual([5, 7, 0, 1, 0]);
  kinds.forEach((kind, pfn) => expect(runs.kind[runOf(runs, pfn)]).toBe(kind));
  expect(frameRuns(new Uint8Array()).count).toBe(0);
});
