import { expect, test } from 'vitest';
import { CALL_GROUPS } from '../worker/protocol.ts';
import { untouchedBy } from './untouched.ts';

const calls = (...groups: (typeof CALL_GROUPS)[number][]) => ({ call: Uint8Array.from(groups, (group) => CALL_GROUPS.indexOf(group)) });

test('a log without accesses tells no touches, nor does a dump; a script, and a recording with faults, do', () => {
  expect(untouchedBy({ isLog: true, dump: null }, calls('map', 'file'))).toBe('log');
  expect(untouchedBy({ isLog: true, dump: null }, calls('map', 'access'))).toBeNull();
  expect(untouchedBy({ isLog: false, dump: null }, calls('map'))).toBeNull();
  expect(untouchedBy({ isLog: false, dump: {} as never }, calls())).toBe('dump');
  expect(untouchedBy(null, calls())).toBeNull();
});
