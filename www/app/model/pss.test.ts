import { expect, test } from 'vitest';
import type { PssOverTime } from '../worker/protocol.ts';
import { Pss } from './pss.ts';

const counted = (position: number): PssOverTime => ({ positions: Uint32Array.of(position), pids: Uint32Array.of(1), values: [Float64Array.of(4)] }) as unknown as PssOverTime;

test('the Pss is asked for once for as far as steps are known, and again when more are', async () => {
  const pss = new Pss();
  let asked = 0;
  const ask = () => Promise.resolve(counted(++asked));
  expect(await pss.read(0, ask)).toBe(false);
  expect([await pss.read(5, ask), await pss.read(5, ask), await pss.read(9, ask)]).toEqual([true, false, true]);
  expect([asked, pss.value!.positions[0]]).toEqual([2, 2]);
});

test('what was overridden is asked for again; what comes for another text is left', async () => {
  const pss = new Pss();
  expect(await pss.read(5, () => Promise.resolve(null))).toBe(false);
  expect(await pss.read(5, () => Promise.resolve(counted(5)))).toBe(true);
  let answer: (pss: PssOverTime | null) => void = () => undefined;
  const late = pss.read(7, () => new Promise((done) => (answer = done)));
  pss.clear();
  answer(counted(7));
  expect(await late).toBe(false);
  expect(pss.value).toBe(null);
});
