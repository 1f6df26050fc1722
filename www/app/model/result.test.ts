/** What stands beside a line that was not run. */
import { expect, test } from 'vitest';
import type { StepReport } from '../../lib/index.ts';
import { resultText } from './result.ts';

const skipped = { kind: 'skipped', call: 'store', result: '?', why: '`a` is not bound', differences: [], elsewhere: [], compared: false, minFlt: 0, majFlt: 0 } as unknown as StepReport;

test('a line of a script that was not run says so, and why; one of a log that is not about memory says that', () => {
  expect(resultText(skipped, { isLeftOut: false, isLog: false })).toEqual({ text: 'not run: `a` is not bound', kind: 'left' });
  expect(resultText(skipped, { isLeftOut: false, isLog: true })).toEqual({ text: 'not about memory', kind: 'quiet' });
  expect(resultText(skipped, { isLeftOut: true, isLog: true }).text).toMatch(/^not replayed/);
});
