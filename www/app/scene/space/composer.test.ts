/** What is dear to make is made again only if what it is made of has changed: counted by the objects, not by time. */
import { expect, test } from 'vitest';
import type { At, Areas } from '../../worker/protocol.ts';
import { copyOnWrite } from '../golden/fixtures.ts';
import { textWidth } from '../shapes.ts';
import { UNITS, shortName } from '../units.ts';
import { SIZE } from './compose.ts';
import { Composer, type Shown } from './composer.ts';

const LOOKING = { size: { width: 900, height: 700 }, view: null, pinned: null, hover: null, range: null, isMoving: false };
const shown = (at: At): Shown => ({
  at, selected: null, frame: null, heat: null, heatKind: null, only: null, lit: null, texts: new Map(), comparison: null, units: UNITS, lowFirst: false, trueScale: false, slotWidth: 0,
});

/** So many areas of a page each, with a hole behind each. */
function many(count: number): Areas {
  return {
    count, start: Float64Array.from({ length: count }, (_, i) => 65536 + 2 * i), pages: new Float64Array(count).fill(1), present: new Uint32Array(count), kind: new Uint8Array(count),
    perms: new Uint8Array(count).fill(3), flags: new Uint8Array(count), name: new Uint32Array(count), names: [''],
  };
}

function atWith(areas: Areas): At {
  const [first] = copyOnWrite();
  const process = { pid: first!.pid, name: 'demo', parent: null, ended: null, rss: 1, pss: null, minFlt: 0, majFlt: 0, areas: areas.count, version: 1 };
  return { position: 1, processes: [process], lanes: [{ pid: first!.pid, version: 1, areas, present: null, strips: null, cells: [], texts: [] }], touched: null, selected: null, running: first!.pid } as unknown as At;
}

test('a layout stays while areas stay, whatever of their pages is present; the sums follow', () => {
  const composer = new Composer();
  const layoutOf = (areas: Areas) => {
    const at = atWith(areas);
    composer.take(at);
    return composer.compose(shown(at), LOOKING).lanes[0]!.layout;
  };
  const areas = many(1000);
  const before = layoutOf(areas);
  const present = areas.present.slice();
  present[500] = 1;
  const after = layoutOf({ ...areas, present });
  expect(after.axis).toBe(before.axis);
  expect(after.first).toBe(before.first);
  expect(after.sums.pages).toBe(before.sums.pages);
  expect(after.sums.kinds).toBe(before.sums.kinds);
  expect([before.sums.present[1000], after.sums.present[1000]]).toEqual([0, 1]);
  expect(layoutOf({ ...areas, present })).not.toBe(before);
  expect(layoutOf(many(1000)).axis).not.toBe(before.axis);
});

test('very many areas are laid out apart, once', () => {
  const composer = new Composer();
  expect(composer.isLarge).toBe(false);
  for (const [count, isLarge] of [[100, false], [20_000, true]] as const) {
    const at = atWith(many(count));
    composer.take(at);
    expect(composer.isLarge).toBe(isLarge);
    composer.compose(shown(at), LOOKING);
    expect(composer.isLarge).toBe(false);
  }
});

test('a card of a device is as high as what is in it: there presence counts', () => {
  const composer = new Composer();
  const areas = { ...many(3), kind: new Uint8Array(3).fill(5) };
  const heights = (present: Uint32Array) => {
    const at = atWith({ ...areas, present });
    composer.take(at);
    const { layout } = composer.compose(shown(at), LOOKING).lanes[0]!;
    return [...layout.pieces.grows];
  };
  for (const kind of [0, 1, 2, 3, 4, 5, 6, 7]) {
    areas.kind.fill(kind);
    const [none, some] = [heights(new Uint32Array(3)), heights(Uint32Array.of(0, 1, 0))];
    const fresh = new Composer();
    const at = atWith({ ...areas, present: Uint32Array.of(0, 1, 0) });
    fresh.take(at);
    expect(some).toEqual([...fresh.compose(shown(at), LOOKING).lanes[0]!.layout.pieces.grows]);
    expect(none.length).toBe(some.length);
  }
});

test('a name is not cut while its row has room, and the column does not move for short ones', () => {
  const composer = new Composer();
  const columns = (names: string[], width: number, count = 40) => {
    const at = atWith({ ...many(count), names });
    composer.take(at);
    const { columns: { name, strip }, box } = composer.compose(shown(at), { ...LOOKING, size: { width, height: 700 } }).lanes[0]!;
    expect(strip.w).toBeGreaterThanOrEqual(20);
    expect(name.x + name.w).toBeLessThanOrEqual(strip.x);
    return { name: name.w, strip: strip.w, width: box.w };
  };
  const needed = (name: string) => textWidth(`${name} rw-p`, SIZE);
  for (const name of ['/usr/lib/locale/C.utf8/LC_IDENTIFICATION', 'gconv-modules.cache', '[vvar_vclock]']) expect(columns([name], 560).name, name).toBeGreaterThanOrEqual(needed(shortName(name)));
  // Cards beside each other have less.
  expect(columns(['[vvar_vclock]'], 285, 6).name).toBeGreaterThanOrEqual(needed('[vvar_vclock]'));
  expect(columns(['a'], 560).name).toBe(columns(['[vdso]'], 560).name);
  // However long it is, pages are still drawn.
  for (const width of [170, 300, 560, 1400]) expect(columns(['x'.repeat(300)], width).strip, String(width)).toBeGreaterThan(30);
});

test('of a dump only its areas are told: what this machine counts is no fact of it', () => {
  const at = atWith(many(3));
  const composer = new Composer();
  composer.take(at);
  const notes = (isDump: boolean) => composer.compose({ ...shown(at), isDump }, LOOKING).lanes[0]!.data.notes;
  expect(notes(true)).toBe('3 areas');
  expect(notes(false)).toMatch(/^rss 4 KiB · 3 areas · 0 minor faults$/);
});
