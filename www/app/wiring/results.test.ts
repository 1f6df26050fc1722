/** Which steps stand in a window of lines, whether lines ascend or not. */
import { expect, test } from 'vitest';
import { stepsOf } from './results.ts';

test.each([[[2, 2, 2, 5, 9, 9]], [[]], [[4]], [[7, 3, 3, 8, 1, 5]]])('of lines %j', (list) => {
  const lines = Uint32Array.from(list);
  for (let from = -3; from < 11; from++) {
    for (let to = from; to < 12; to++) {
      const inside = list.flatMap((line, step) => (line >= from && line <= to ? [step] : []));
      const [first, behind] = stepsOf(lines, from, to);
      if (inside.length === 0) expect(behind).toBeLessThanOrEqual(first);
      else expect([first, behind], `${from} to ${to}`).toEqual([inside[0], inside.at(-1)! + 1]);
    }
  }
});
