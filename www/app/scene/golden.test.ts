/** Scenes against the pictures in `golden/`. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fitRange } from './axis.ts';
import { CELL, type Tracks } from '../worker/protocol.ts';
import { drawChart } from './chart.ts';
import { drawEntries, entryAt, entryBox } from './entries.ts';
import type { Comparison } from '../model/compare.ts';
import { copyOnWrite, everyMark, frames, full, kinds, longRun, python3, scene, tracksOf } from './golden/fixtures.ts';
import { Heat } from './heat.ts';
import { drawMinimap, minimapAxis } from './minimap.ts';
import { composeRam, drawRam, frameBox } from './ram.ts';
import type { Picture } from './shapes.ts';
import { changesOf } from './space/changes.ts';
import { locate } from './space/compose.ts';
import { drawSpace } from './space/draw.ts';
import { toSvg } from './svg.ts';
import { DARK, LIGHT } from './theme.ts';
import { drawTies } from './ties.ts';
import { composeTracks, drawMoments } from './tracks.ts';

function matches(name: string, picture: Picture, theme = LIGHT): void {
  const file = new URL(`./golden/${name}.svg`, import.meta.url);
  const svg = toSvg(picture, theme);
  if (process.env.PAGEFAULT_GOLDEN === 'write') writeFileSync(file, svg);
  if (!existsSync(file)) throw new Error(`${name}.svg is not there: see golden/README.md`);
  expect(svg === readFileSync(file, 'utf8'), `${name}.svg differs: see golden/README.md`).toBe(true);
}

const wide = { width: 720, height: 560 };
const PAGE = 0x7ffff7ff3;

describe('address spaces', () => {
  const cow = { touched: { pid: 2, page: PAGE }, selected: { pid: 2, page: PAGE }, frame: 42, texts: new Map([[`1:${PAGE}`, 'hello'], [`2:${PAGE}`, 'jello']]) };
  test('copy on write after fork', () => matches('copy-on-write', drawSpace(scene(copyOnWrite(), wide, { ...cow, slot: { behind: 1, width: 150 } }))));
  test('the same in the dark', () => matches('copy-on-write-dark', drawSpace(scene(copyOnWrite(), wide, cow)), DARK));
  test('python3, 139 areas', () => matches('python3', drawSpace(scene([python3()], wide, { touched: { pid: 1, page: 0x7ffff79e9 }, selected: { pid: 1, page: 0x7ffff7c00 }, ended: [{ pid: 2, text: '2 · ls: exited with 0' }] }))));
  test('65,530 areas at once', () => {
    const lanes = [full()];
    const one = scene(lanes, wide);
    matches('full', drawSpace(scene(lanes, wide, { view: { zoom: one.lanes[0]!.layout.axis.zoomFor(one.lanes[0]!.box.h), page: 2 ** 35 }, touched: { pid: 1, page: 0x7f0000000 + 8 * 40_000 } })));
  });
  test('down to the bytes of a page', () => {
    const lanes = copyOnWrite().slice(0, 1);
    const { axis } = scene(lanes, wide).lanes[0]!.layout;
    const bytes = new Uint8Array(4096);
    bytes.set(new TextEncoder().encode('hello, world'));
    const near = fitRange(axis, PAGE, PAGE + 1, 4000);
    matches('bytes', drawSpace(scene(lanes, wide, { view: near, bytes: { pid: 1, page: PAGE, bytes, isInvented: false } })));
    matches('bytes-picture', drawSpace(scene(lanes, wide, { view: fitRange(axis, PAGE, PAGE + 1, 440), bytes: { pid: 1, page: PAGE, bytes, isInvented: true } })));
  });
  test('every kind of page', () => {
    matches('kinds', drawSpace(scene([kinds()], { width: 560, height: 380 })));
    matches('kinds-filtered', drawSpace(scene([kinds()], { width: 560, height: 380 }, { only: new Set(['guard']) })));
  });
  test('heat', () => {
    const heat = new Heat(new Map([[PAGE, [1, 2, 0, 2]], [PAGE + 1, [9, 0, 0, 1]], [0x400, [0, 0, 40, 1]]]));
    matches('heat', drawSpace(scene(copyOnWrite(), wide, { heat: { kind: 'faults', of: new Map([[1, heat]]) } })));
  });
  test('a range, and a touch of nothing', () => matches('range', drawSpace(scene([python3()], wide, { touched: { pid: 1, page: 0x7ffff7fc0 }, range: { pid: 1, from: 0x7ffff7fbe, to: 0x7ffff7ff0 } }))));
  test('true scale', () => matches('true-scale', drawSpace(scene([python3()], wide, { layout: { trueScale: true } }))));
  test('low addresses first, in pages and decimal', () => matches('low-first', drawSpace(scene([python3()], wide, { lowFirst: true, view: { page: 0, zoom: 1 }, units: { addresses: 'dec', sizes: 'pages' } }))));
  test('compared with a moment before: new, gone and other, in cards and in rows', () => {
    const area = (mark: '+' | '−' | '~', pid: number, start: string, end: string, name = '') => ({ mark, pid, start, end, name, perms: 'rw-p', fields: [] });
    const page = (mark: '+' | '−' | '~', pid: number, addr: string) => ({ mark, pid, addr, from: null, to: null, fromFrame: null, toFrame: null, fromNotes: [], toNotes: [] });
    const comparison: Comparison = {
      from: 2, to: 5, counters: [], processes: [{ mark: '+', pid: 2, name: 'child' }],
      areas: [area('+', 2, '7ffff7ff3000', '7ffff7ff7000'), area('~', 1, '7ffff7ff3000', '7ffff7ff7000'), area('−', 1, '10000000', '10004000', '/usr/lib/part.so')],
      pages: [page('~', 1, '7ffff7ff3000'), page('+', 1, '7ffff7ff4000'), page('−', 1, '7ffff7ff5000'), page('+', 2, '7ffff7ff3000')],
    };
    const changes = changesOf(comparison);
    matches('comparison', drawSpace(scene(copyOnWrite(), wide, { changes })));
    matches('comparison-dark', drawSpace(scene(copyOnWrite(), wide, { changes })), DARK);
    const [first, second, third] = python3().areas.start;
    const hex = (start: number) => (start * 4096).toString(16);
    const rows = changesOf({ ...comparison, processes: [], pages: [], areas: [area('+', 1, hex(first!), hex(first! + 1)), area('~', 1, hex(second!), hex(second! + 1)), area('−', 1, hex(third! - 4), hex(third!)), area('−', 1, '500000000000', '500000100000', '[heap]')] });
    matches('comparison-rows', drawSpace(scene([python3()], wide, { changes: rows, lowFirst: true, view: { page: 0, zoom: 1 } })));
  });
  test('narrow, one process', () => matches('phone', drawSpace(scene([python3()], { width: 362, height: 480 }, { touched: { pid: 1, page: 0x7ffff79e9 } }))));
});

describe('physical memory', () => {
  const ram = { free: 0, view: { first: 0, size: 0 }, selected: null, touched: null, only: null, freeBlocks: [3, 2, 1, 0, 4, 1, 0, 2, 1, 1, 9] };
  test('small', () => {
    const all = frames(512);
    matches('ram-small', drawRam(composeRam({ ...ram, width: 220, height: 520, total: 512, frames: all, selected: 42, touched: 130 })));
  });
  test('2 GiB', () => matches('ram-2g', drawRam(composeRam({ ...ram, view: { first: 0, size: 0.01 }, width: 220, height: 520, total: 524_288, frames: frames(524_288), touched: 100_000 }))));
  test('lines from the pages of a frame', () => {
    const one = scene(copyOnWrite(), wide, { slot: { behind: 1, width: 150 }, touched: { pid: 2, page: PAGE } });
    const map = composeRam({ ...ram, width: 150, height: 560, total: 512, frames: frames(512), selected: 42 });
    const to = frameBox(map, 42);
    const at = { ...to, x: to.x + one.slot!.x };
    const ties = [1, 2].map((pid) => ({ from: locate(one, pid, PAGE)!, to: at, lane: one.lanes[pid - 1]!.box, isMain: pid === 2 }));
    matches('ties', { ...wide, shapes: [...drawSpace(one).shapes, ...drawTies(ties, { x: 0, y: 46, w: 720, h: 500 })], label: 'ties' });
  });
});

test('a chart: lines that begin late, have a hole, go up and down within a pixel', () => {
  const make = (value: (i: number) => number, spread = 0) => ({ least: Float64Array.from({ length: 300 }, (_, i) => value(i) - spread), greatest: Float64Array.from({ length: 300 }, (_, i) => value(i)), most: 40 });
  const lines = [{ look: 0, line: make((i) => (i < 40 ? 4 : 12 + Math.floor(i / 30))) }, { look: 1, line: make((i) => (i < 90 || (i > 200 && i < 220) ? Number.NaN : 20 + (i % 60) / 4), 3) }, { look: 2, line: make((i) => 40 - Math.floor(i / 10)) }];
  const input = { width: 600, height: 60, label: 'a chart', lines, least: 0, most: 40, words: { least: '', most: '160 KiB' }, now: 0.4 };
  matches('chart', drawChart(input));
  matches('chart-dark', drawChart({ ...input, words: { least: '8 KiB', most: '160 KiB' } }), DARK);
});

describe('the slider', () => {
  const slider = (tracks: Tracks, width: number, { isShort = false, length = tracks.call.length, position = 0, momentA = null as number | null, pointed = null as number | null } = {}): Picture => {
    const { picture } = composeTracks({ tracks, length, width, isShort });
    const { height } = picture;
    const moments = drawMoments({ width, height, length, known: tracks.call.length, position, momentA, pointed });
    return { ...picture, shapes: [...picture.shapes, ...moments.shapes], label: 'slider' };
  };
  test('every kind of call and of mark, in two processes', () => {
    matches('tracks', slider(everyMark(), 700, { position: 12, momentA: 4, pointed: 20 }));
    matches('tracks-dark', slider(everyMark(), 700, { position: 36, momentA: 36 }), DARK);
    matches('tracks-short', slider(everyMark(), 360, { isShort: true, position: 0 }));
  });
  test('a few steps, of which some have not run', () => matches('tracks-few', slider(tracksOf([{ group: 'map' }, { group: 'access', faults: 1, rss: 1 }, { group: 'access', rss: 1 }]), 700, { length: 9, position: 3 })));
  test('a hundred thousand steps', () => matches('tracks-long', slider(longRun(100_000), 700, { position: 70_000 })));
  test('nothing has run', () => matches('tracks-none', slider(tracksOf([]), 700, { length: 5 })));
});

test('the entries of a page table: each kind, the one of the walk, the one that is pointed at', () => {
  const entries = new Uint8Array(512);
  for (let kind = 0; kind < 16; kind++) entries.fill(kind, kind * 20, kind * 20 + 12);
  entries[511] = CELL.anon;
  matches('entries', drawEntries({ width: 340, label: 'PTE', entries, chosen: 511, cursor: 25 }));
  matches('entries-unknown', drawEntries({ width: 340, label: 'PTE', entries: null, chosen: 255, cursor: 255 }));
  for (const index of [0, 63, 64, 300, 511]) {
    const { x, y, w, h } = entryBox(340, index);
    expect(entryAt(340, x + w / 2, y + h / 2)).toBe(index);
  }
});

test('the minimap', () => {
  const { areas } = python3();
  const axis = minimapAxis(areas, true);
  matches('minimap', drawMinimap({ width: 600, height: 44, areas, axis, seen: { from: 0x7ffff7a00, to: 0x7fffffff0 }, touched: 0x7ffff79e9, selected: 0x555555560, flipped: true }));
});

