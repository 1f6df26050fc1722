import { beforeEach, expect, test, vi } from 'vitest';
import { areasOf, many } from '../../../scene/golden/fixtures.ts';
import type { Shown } from '../../../scene/space/composer.ts';
import { locate } from '../../../scene/space/compose.ts';
import { hitSpace } from '../../../scene/space/hit.ts';
import { UNITS, pageAddr } from '../../../scene/units.ts';
import { AREA, type At, CELL, type Lane, type ProcessInfo } from '../../../worker/protocol.ts';
import { Viewport } from './viewport.ts';

/** Two hundred areas, the first three of which are one file. */
const AREAS = areasOf(Array.from({ length: 200 }, (_, i) => (i < 3 ? { start: 0x400 + i, cells: [CELL.file], kind: AREA.file, perms: i, name: '/bin/program' } : { start: 0x10000 + i * 4, cells: many(CELL.anon, 2) })));
const FAR = 0x10000 + 150 * 4;

/** A moment of which only what the picture shows is made up. */
function moment(position: number, page: number | null, areas = AREAS): At {
  const process = { pid: 1, name: 'program', parent: null, rss: 1, pss: null, minFlt: 0, majFlt: 0, areas: areas.count, ended: null } as unknown as ProcessInfo;
  const lane = { pid: 1, version: 1, areas, strips: null, cells: [], texts: [] } as unknown as Lane;
  return { position, touched: page === null ? null : { pid: 1, addr: pageAddr(page), pfn: null }, selected: null, running: 1, processes: [process], lanes: [lane] } as unknown as At;
}

let shown: { -readonly [K in keyof Shown]: Shown[K] };
let drawn: number;
let moves: number;
let viewport: Viewport;

function goTo(at: At): void {
  shown.at = at;
  viewport.composer.take(at);
  viewport.next();
}

const inSight = (page: number): boolean => {
  const { y, h } = locate(viewport.scene!, 1, page)!;
  const { box } = viewport.scene!.lanes[0]!;
  return y + h > box.y && y < box.y + box.h;
};

beforeEach(() => {
  [drawn, moves] = [0, 0];
  shown = { at: null, selected: null, frame: null, heat: null, heatKind: null, only: null, lit: null, texts: new Map(), comparison: null, units: UNITS, lowFirst: true, trueScale: false, slotWidth: 0 };
  viewport = new Viewport(shown, { size: { width: 800, height: 600 }, follow: () => drawn++ }, () => moves++);
});

test('the page of a step is brought into the window once; then the reader may go elsewhere', () => {
  goTo(moment(1, null));
  expect([viewport.view, inSight(FAR)]).toEqual([null, false]);
  goTo(moment(2, FAR));
  expect(inSight(FAR)).toBe(true);
  viewport.pan(viewport.lane, -1e9);
  viewport.next();
  expect(inSight(FAR)).toBe(false);
  // The same moment again, with other cells.
  goTo(moment(2, FAR));
  expect(inSight(FAR)).toBe(false);
  goTo(moment(3, FAR));
  expect(inSight(FAR)).toBe(true);
});

test('areas of a step that come after its position bring its page in again: it may lie elsewhere then', () => {
  const list = (before: number) => areasOf([...Array.from({ length: before }, (_, i) => ({ start: 0x10000 + i * 4, cells: many(CELL.anon, 2) })), { start: FAR, cells: many(CELL.anon, 2) }]);
  goTo(moment(1, null, list(3)));
  goTo(moment(2, FAR, list(3)));
  expect(inSight(FAR)).toBe(true);
  const late = list(120);
  goTo(moment(2, FAR, late));
  expect(inSight(FAR)).toBe(true);
  // But not where the reader has gone on since.
  viewport.pan(viewport.lane, -1e9);
  goTo(moment(2, FAR, late));
  expect(inSight(FAR)).toBe(false);
});

test('what suits comes back, and nothing stays marked', () => {
  goTo(moment(1, null));
  viewport.zoomTo({ pid: 1, from: FAR, to: FAR + 2 });
  viewport.range = { pid: 1, from: FAR, to: FAR + 2 };
  expect(viewport.next().input.view.zoom).toBeGreaterThan(2);
  viewport.fit();
  expect([viewport.view, viewport.range]).toEqual([null, null]);
});

test('movements between two pictures add up', () => {
  goTo(moment(1, null));
  const before = viewport.next().input.view.zoom;
  for (let i = 0; i < 3; i++) viewport.zoom(1.25, 400, 300);
  expect(viewport.next().input.view.zoom / before).toBeCloseTo(1.25 ** 3, 5);
});

test('while it is moved it says so, and is drawn once more when it is still', () => {
  vi.useFakeTimers();
  try {
    goTo(moment(1, null));
    viewport.zoom(1.5, 400, 300);
    viewport.pan(viewport.lane, 20);
    expect([viewport.isMoving, moves, drawn, viewport.compose().input.moving]).toEqual([true, 2, 2, true]);
    vi.advanceTimersByTime(1000);
    expect([viewport.isMoving, drawn]).toEqual([false, 3]);
  } finally {
    vi.useRealTimers();
  }
});

test('parts of a file are one row until it is opened; a part of an open one closes it', () => {
  goTo(moment(1, null));
  const pieces = () => viewport.scene!.lanes[0]!.layout.axis.count;
  const folded = pieces();
  const toggle = (page: number, opens: boolean) => {
    const { y, h } = locate(viewport.scene!, 1, page)!;
    const hit = hitSpace(viewport.scene!, viewport.scene!.lanes[0]!.columns.name.x + 4, y + h / 2)!;
    expect(hit.what).toBe('group');
    expect(viewport.composer.toggle(AREAS, hit)).toBe(opens);
    viewport.next();
  };
  toggle(0x400, true);
  expect(pieces()).toBe(folded + 2);
  toggle(0x402, false);
  expect(pieces()).toBe(folded);
});

test('without a text that can be read there is nothing', () => {
  goTo(moment(1, FAR));
  shown.at = null;
  viewport.composer.take(null);
  expect(viewport.next().lanes).toEqual([]);
  expect([viewport.lane, viewport.gaze]).toEqual([undefined, { x: 0, y: 0 }]);
});
