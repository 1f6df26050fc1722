import { expect, test } from 'vitest';
import { SPLITS, remembered, within } from './layout.ts';

test('a pane is never smaller than it can be used, nor larger than its bound', () => {
  expect(within('script', 0.01, 1440)).toBeCloseTo(200 / 1440);
  expect(within('script', 0.01, 10_000)).toBe(SPLITS.script.least);
  expect(within('script', 0.9, 1440)).toBe(SPLITS.script.most);
  // In a very small window the bound from above counts.
  expect(within('script', 0.1, 100)).toBe(SPLITS.script.most);
});

test('sizes are remembered, nonsense is not', () => {
  expect(remembered('{"script":0.3}').script).toBe(0.3);
  for (const text of [null, '', 'x', '[]', '{"script":"a"}', '{"script":null}', '{"script":1e999}']) expect(remembered(text).script).toBe(SPLITS.script.share);
  expect(remembered('{"script":7}').script).toBe(SPLITS.script.most);
});
