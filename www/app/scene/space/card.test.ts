import { expect, test } from 'vitest';
import { copyOnWrite, scene } from '../golden/fixtures.ts';
import { UNITS } from '../units.ts';
import { type CardFacts, cardLines } from './card.ts';
import { locate } from './compose.ts';
import { type Hit, hitSpace } from './hit.ts';

const A = 0x7ffff7ff3;
const picture = scene(copyOnWrite(), { width: 900, height: 700 });
const lane = picture.lanes[0]!;
const NOTHING: CardFacts = { units: UNITS, heat: null, texts: new Map() };

const hitAt = (page: number): Hit => {
  const { x, y, w, h } = locate(picture, 1, page)!;
  return hitSpace(picture, x + w / 2, y + h / 2)!;
};
const said = (hit: Hit, facts = NOTHING) => cardLines(lane, hit, facts).map(([text]) => text);

test('of a page: its area, what it is, and its frame', () => {
  const lines = said(hitAt(A));
  expect(lines.slice(0, 2)).toEqual(['anonymous', '7ffff7ff3000-7ffff7ff7000 rw-p']);
  expect(lines[2]).toMatch(/of 4 entries set$/);
  expect(lines[3]).toBe('page 7ffff7ff3000');
  expect(lines[4]).toMatch(/ · dirty · frame 37$/);
  expect(lines).toHaveLength(5);
});

test('of a page that was touched and written: how often, and what it begins with', () => {
  const facts = { ...NOTHING, heat: new Map([[1, new Map([[A, [1, 2, 0, 3] as const]])]]), texts: new Map([[`1:${A}`, 'hello']]) };
  expect(said(hitAt(A), facts).slice(-2)).toEqual([expect.stringMatching(/^1 \w+, 2 \w+, 0 \w+, 3 \w+$/), 'begins "hello"']);
});

test('of what is not mapped: how much that is, and what a touch does', () => {
  expect(said({ ...hitAt(0x100), area: -1, from: 0, to: 0x400 })).toEqual(['4,096 KiB not mapped', '0-400000', 'A touch here is SIGSEGV.']);
});

test('of parts of a file in one row: what a click does', () => {
  expect(said({ ...hitAt(A), what: 'group' }).at(-1)).toBe('Click to show the parts of this file');
});
