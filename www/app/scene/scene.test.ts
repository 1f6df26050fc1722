import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { type At, CELL, type Lane, NO_FRAME, type ProcessInfo } from '../worker/protocol.ts';
import { Axis, fitRange, pan, reveal, scrollOf, zoomAbout } from './axis.ts';
import { copyOnWrite, full, kinds, lane, many, python3, scene } from './golden/fixtures.ts';
import { Heat } from './heat.ts';
import { Lanes, chooseLanes } from './lanes.ts';
import { layOut, sumsOf } from './layout.ts';
import { drawMinimap, minimapAxis, minimapPage, windowBox } from './minimap.ts';
import { composeRam, drawRam, frameAt, frameBox, zoomRam } from './ram.ts';
import { type Shape, TOKENS, countShapes, fit } from './shapes.ts';
import { locate } from './space/compose.ts';
import { drawSpace } from './space/draw.ts';
import { bytesWanted, hitSpace, lookOf } from './space/hit.ts';
import { CELLS, DARK, FRAMES, LIGHT } from './theme.ts';
import { SPACE_PAGES, UNITS, addressText, pagesText } from './units.ts';

const options = { trueScale: false, lowFirst: true, opened: new Set<number>(), focus: [], width: 600, height: 600 };
const big = full();
const bigSums = sumsOf(big.areas);

/** Numbers that look like chance and are not. */
function* chance(seed = 7): Generator<number, never> {
  for (let x = seed; ; ) {
    x = (Math.imul(x, 1_103_515_245) + 12_345) >>> 0;
    yield x / 2 ** 32;
  }
}

describe('the axis', () => {
  for (const lowFirst of [true, false]) {
    for (const trueScale of [true, false]) {
      test(`goes there and back (${lowFirst ? 'low' : 'high'} first, ${trueScale ? 'true scale' : 'gaps folded'})`, () => {
        for (const { areas } of [python3(), big]) {
          const { axis } = layOut(areas, { ...options, lowFirst, trueScale });
          expect(axis.pages).toBe(SPACE_PAGES);
          for (let i = 0; i < areas.count; i += Math.ceil(areas.count / 200)) {
            for (const page of [areas.start[i]!, areas.start[i]! + areas.pages[i]! - 0.5]) {
              const zoom = trueScale ? 2 ** 20 : 3;
              expect(Math.abs(axis.toPage(axis.toPixel(page, zoom), zoom) - page)).toBeLessThan(1e-4);
            }
          }
        }
      });
    }
  }

  test('is exact to the last byte of 128 TiB', () => {
    const axis = Axis.even(SPACE_PAGES, 600, false);
    for (const page of [0, 1, 2 ** 34 + 1, SPACE_PAGES - 1]) {
      const view = fitRange(axis, page, page + 1, 600);
      expect(Math.floor(axis.toPage(axis.toPixel(page + 0.5, view.zoom), view.zoom))).toBe(page);
    }
    expect(addressText(SPACE_PAGES - 1 / 4096)).toBe('7fffffffffff');
  });

  test('zooming about the cursor keeps the address under it', () => {
    const random = chance();
    for (const [areas, sums] of [[python3().areas, undefined], [big.areas, bigSums]] as const) {
      for (const lowFirst of [true, false]) {
        const { axis } = layOut(areas, { ...options, lowFirst }, sums);
        let view = { page: areas.start[areas.count >> 1]!, zoom: 1 };
        for (let i = 0; i < 400; i++) {
          const y = random.next().value * 600;
          const before = axis.toPage(scrollOf(axis, view, 600) + y, view.zoom);
          const next = zoomAbout(axis, view, random.next().value < 0.5 ? 1.25 : 0.8, y, 600);
          const scroll = scrollOf(axis, next, 600);
          const isAtEnd = scroll <= 0.01 || scroll >= axis.length(next.zoom) - 600 - 0.01;
          if (!isAtEnd) expect(Math.abs(axis.toPixel(before, next.zoom) - scroll - y)).toBeLessThan(0.05);
          view = next;
        }
      }
    }
  });

  test('panning stays within the space, a page is brought into the window', () => {
    const { axis } = layOut(big.areas, options, bigSums);
    let view = { page: 0, zoom: 1 };
    view = pan(axis, view, -500, 600);
    expect(scrollOf(axis, view, 600)).toBe(0);
    view = pan(axis, view, 1e12, 600);
    expect(scrollOf(axis, view, 600)).toBeCloseTo(axis.length(1) - 600, 3);
    const page = big.areas.start[30_000]!;
    view = reveal(axis, view, page, 600);
    const y = axis.toPixel(page, view.zoom) - scrollOf(axis, view, 600);
    expect(y).toBeGreaterThan(0);
    expect(y).toBeLessThan(600);
    expect(reveal(axis, view, page, 600)).toBe(view);
  });
});

describe('address spaces', () => {
  test('what is drawn is bounded by the window, not by the areas', () => {
    const random = chance(3);
    const wide = { width: 900, height: 700 };
    const one = scene([big], wide);
    const { axis } = one.lanes[0]!.layout;
    const least = axis.zoomFor(one.lanes[0]!.box.h);
    let most = 0;
    for (let i = 0; i < 60; i++) {
      const zoom = least * (30 / least) ** random.next().value;
      const view = { zoom, page: big.areas.start[Math.floor(random.next().value * big.areas.count)]! };
      most = Math.max(most, countShapes(drawSpace(scene([big], wide, { view, layout: {} })).shapes));
    }
    expect(most).toBeLessThan(8 * 700);
  }, 60_000);

  test('the touched and the selected page are always marked where they are, or at the edge', () => {
    const data = python3();
    for (let i = 0; i < data.areas.count; i += 3) {
      const page = data.areas.start[i]! + Math.floor(data.areas.pages[i]! / 2);
      for (const zoom of [0.18, 0.4, 1, 4, 40]) {
        const one = scene([data], { width: 700, height: 600 }, { touched: { pid: 1, page }, view: { page: 2 ** 35, zoom } });
        const at = locate(one, 1, page)!;
        const marks = flat(drawSpace(one).shapes).filter((shape) => 'stroke' in shape && shape.stroke === 'mark-edge');
        expect(marks.length, `page ${page} at ${zoom}`).toBeGreaterThan(0);
        expect(at.w).toBeGreaterThanOrEqual(4);
        expect(at.h).toBeGreaterThanOrEqual(4);
      }
    }
  });

  test('a touch of nothing is marked in the gap', () => {
    const one = scene(copyOnWrite().slice(0, 1), { width: 400, height: 600 }, { touched: { pid: 1, page: 0x10 } });
    expect(flat(drawSpace(one).shapes).some((shape) => shape.t === 'text' && shape.text.includes('nothing is mapped'))).toBe(true);
  });

  test('what is under a place is what is drawn there', () => {
    for (const zoom of [1, 2, 12]) {
      const one = scene(copyOnWrite(), { width: 700, height: 600 }, { view: { page: 0x7ffff7ff8, zoom } });
      for (const { data, box } of one.lanes) {
        for (let i = 0; i < data.areas.count; i++) {
          for (const page of [data.areas.start[i]!, data.areas.start[i]! + data.areas.pages[i]! - 1]) {
            const at = locate(one, data.pid, page)!;
            const [x, y] = [at.x + at.w / 2, at.y + at.h / 2];
            if (y < box.y || y >= box.y + box.h) continue;
            const hit = hitSpace(one, x, y);
            if (hit?.what === 'edge') continue;
            expect(hit).toMatchObject({ what: 'page', pid: data.pid, page, area: i });
          }
        }
      }
    }
  });

  test('parts of one file are one row until it is opened', () => {
    const data = python3();
    const closed = scene([data], { width: 700, height: 600 }).lanes[0]!.layout;
    expect([...closed.parts].filter((parts) => parts > 0).length).toBeLessThan(50);
    const group = [...closed.parts].findIndex((parts) => parts > 2);
    const open = scene([data], { width: 700, height: 600 }, { layout: { opened: new Set([data.areas.start[closed.first[group]!]!]) } }).lanes[0]!.layout;
    expect(open.parts.length).toBe(closed.parts.length + closed.parts[group]! - 1);
  });

  test('a row of several parts shows its pages when there is room', () => {
    const data = python3();
    const one = scene([data], { width: 700, height: 600 });
    const { axis, parts } = one.lanes[0]!.layout;
    const group = [...parts].findIndex((count) => count > 3);
    const [from, to] = [axis.start[group]!, axis.start[group + 1]!];
    const near = scene([data], { width: 700, height: 600 }, { view: fitRange(axis, from, to, 500) });
    for (const page of [from, from + 2, to - 1]) {
      const at = locate(near, 1, page)!;
      expect(hitSpace(near, at.x + at.w / 2, at.y + at.h / 2)).toMatchObject({ what: 'page', page });
    }
    expect(countShapes(drawSpace(near).shapes)).toBeGreaterThan(to - from);
  });

  test('at true scale no area is lost between gaps', () => {
    const data = python3();
    for (const lowFirst of [true, false]) {
      const one = scene([data], { width: 700, height: 600 }, { layout: { trueScale: true, lowFirst }, lowFirst, view: { page: lowFirst ? 0 : 2 ** 35, zoom: 1 } });
      const words = flat(drawSpace(one).shapes).filter((shape) => shape.t === 'text').map(({ text }) => text);
      const shown = words.filter((text) => text.endsWith(' areas')).map((text) => Number.parseInt(text, 10));
      expect(shown.reduce((sum, count) => sum + count, 0), String(words)).toBe(139);
    }
  });

  test('at true scale each area of a small program is seen, with its name', () => {
    for (const lowFirst of [true, false]) {
      const one = scene(copyOnWrite().slice(0, 1), { width: 700, height: 420 }, { layout: { trueScale: true, lowFirst }, lowFirst, view: { page: lowFirst ? 0 : 2 ** 35, zoom: 1 } });
      const [{ layout, zoom, box, data }] = one.lanes as [typeof one.lanes[0]];
      for (let piece = 0; piece < layout.axis.count; piece++) if (layout.parts[piece]! > 0) expect(layout.axis.piece(piece, zoom).h).toBeGreaterThanOrEqual(14);
      // What is left of the window is to scale.
      expect(layout.axis.length(zoom)).toBeCloseTo(box.h, 6);
      const words = flat(drawSpace(one).shapes).filter((shape) => shape.t === 'text').map(({ text }) => text);
      expect(words.filter((text) => /^(r|-)[w-][x-][ps]$/.test(text))).toHaveLength(data.areas.count);
    }
  });

  test('the worker is asked for what is in sight and no more', () => {
    const [look] = lookOf(scene([python3()], { width: 700, height: 600 }, { touched: { pid: 1, page: 0x7ffff7c00 } }));
    expect(look!.strips!.count).toBeGreaterThan(20);
    expect(look!.strips!.count).toBeLessThan(139);
    expect(look!.cells.reduce((sum, { count }) => sum + count, 0)).toBeLessThanOrEqual(4096);
    expect(look!.cells.some(({ page, count }) => page <= 0x7ffff7c00 && page + count > 0x7ffff7c00)).toBe(true);
    const huge = lane(1, '', '', [{ start: 0x1000, cells: null, pages: 2 ** 28, present: 3 }]);
    const near = scene([huge], { width: 700, height: 600 });
    const view = fitRange(near.lanes[0]!.layout.axis, 0x5000, 0x5004, 500);
    const deep = scene([huge], { width: 700, height: 600 }, { view });
    expect(lookOf(deep)[0]!.cells[0]).toMatchObject({ page: expect.closeTo(0x5000, -1) as unknown });
    expect(bytesWanted(deep)?.page).toBeGreaterThan(0x4ff0);
    // What was touched is what the reader looks at, wherever in the window it is.
    const touched = { pid: 1, page: bytesWanted(deep)!.page + 1 };
    expect(bytesWanted(scene([huge], { width: 700, height: 600 }, { view, touched }))).toEqual(touched);
  });

  test('zooming goes from all of it to a single byte line', () => {
    const lanes = copyOnWrite().slice(0, 1);
    const { axis } = scene(lanes, { width: 700, height: 600 }).lanes[0]!.layout;
    const view = fitRange(axis, 0x7ffff7ff3, 0x7ffff7ff4, 3600);
    const bytes = { pid: 1, page: 0x7ffff7ff3, bytes: new Uint8Array(4096).fill(0x41), isInvented: false };
    const texts = flat(drawSpace(scene(lanes, { width: 700, height: 600 }, { view, bytes })).shapes).filter((shape) => shape.t === 'text');
    expect(texts.some(({ text }) => text.startsWith('41 41 41'))).toBe(true);
  });

  test('every kind has a second sign, and text never is below 11 pixels (faults 38 and 39)', () => {
    const signs = [...CELLS.filter(({ id }) => id !== 'none'), ...FRAMES].map(({ id, pattern, letter, fill }) => [id, `${pattern ?? ''}:${letter}:${fill === 'k-absent' || fill === 'k-free' ? 'outline' : ''}`] as const);
    const unique = new Map(signs);
    expect(new Set([...unique].filter(([id]) => id !== 'free').map(([, sign]) => sign)).size).toBe(unique.size - 1);
    for (const one of [scene([python3()], { width: 900, height: 600 }), scene(copyOnWrite(), { width: 340, height: 600 }), scene([kinds()], { width: 500, height: 300 })]) {
      for (const shape of flat(drawSpace(one).shapes)) if (shape.t === 'text') expect(shape.size).toBeGreaterThanOrEqual(11);
    }
  });

  test('heat colours what was used', () => {
    const heat = new Heat(new Map([[0x7ffff7ff3, [3, 1, 0, 2]]]));
    expect(heat.sum('reads', 0, SPACE_PAGES)).toBe(3);
    expect(heat.sum('faults', 0x7ffff7ff4, SPACE_PAGES)).toBe(0);
    const one = scene(copyOnWrite(), { width: 700, height: 600 }, { heat: { kind: 'faults', of: new Map([[1, heat]]) } });
    expect(flat(drawSpace(one).shapes).filter((shape) => 'fill' in shape && shape.fill === 'h-fault')).toHaveLength(1);
  });
});

describe('the minimap', () => {
  test('what has nothing in RAM has no colour of pages', () => {
    const draw = (present: number) => {
      const { areas } = lane(1, '', '', [{ start: 0x1000, cells: null, pages: 64, present }]);
      return drawMinimap({ width: 600, height: 44, areas, axis: minimapAxis(areas, true), seen: { from: 0x1000, to: 0x1010 }, touched: null, selected: null, flipped: true });
    };
    const fills = (present: number) => flat(draw(present).shapes).filter((shape) => shape.t === 'rect').map(({ fill }) => fill);
    const words = (present: number) => flat(draw(present).shapes).filter((shape) => shape.t === 'text').map(({ text }) => text).join(' ');
    expect(fills(0)).not.toContain('k-anon');
    expect(words(0)).toContain('hollow: nothing in RAM');
    expect(fills(3)).toContain('k-anon');
    expect(words(3)).not.toContain('hollow');
  });

  test('the area that is pointed at is framed and named, if there is one', () => {
    const { areas } = lane(1, '', '', [{ start: 0x1000, cells: null, pages: 64, present: 1, name: '/usr/lib/libc.so.6', perms: 1 }, { start: 0x2000, cells: null, pages: 4, present: 1 }]);
    const draw = (pointed: number | null, width = 600) => flat(drawMinimap({ width, height: 44, areas, axis: minimapAxis(areas, false), seen: { from: 0x1000, to: 0x1010 }, touched: null, selected: null, pointed, flipped: false }).shapes);
    const frames = (pointed: number | null) => draw(pointed).filter((shape) => shape.t === 'rect' && shape.stroke === 'accent').length;
    const words = (pointed: number | null, width?: number) => draw(pointed, width).filter((shape) => shape.t === 'text').map(({ text }) => text).join(' ');
    expect([null, 0x1000, 0x103f, 0x1040, 0x2003].map(frames)).toEqual([1, 2, 2, 1, 2]);
    expect(words(0x1003)).toContain('1000000 r--p libc.so.6');
    expect(words(0x1003, 300)).toContain(' libc.so.6');
    expect(words(0x2003)).toContain('anonymous');
    expect(words(0x1040)).toContain('gaps folded');
    // Also the least of them is to be seen.
    for (const { areas: all } of [python3(), big]) {
      const axis = minimapAxis(all, true);
      const picture = drawMinimap({ width: 320, height: 40, areas: all, axis, seen: { from: 0, to: 1 }, touched: null, selected: null, pointed: all.start[all.count - 1]!, flipped: true });
      const [frame] = flat(picture.shapes).filter((shape) => shape.t === 'rect' && shape.stroke === 'accent');
      expect(frame!.t === 'rect' && frame!.w >= 3 && frame!.x >= 0 && frame!.x + frame!.w <= 320).toBe(true);
    }
  });

  test('of very many areas each edge is looked for once, and none when only the window moves or pages come', () => {
    const { areas } = big;
    const axis = minimapAxis(areas, true);
    const edges = vi.spyOn(axis, 'edge');
    const draw = (more: Partial<Parameters<typeof drawMinimap>[0]> = {}) => drawMinimap({ width: 600, height: 44, areas, axis, seen: { from: 0, to: 1 }, touched: null, selected: null, flipped: true, ...more });
    draw();
    expect(edges.mock.calls.length).toBeLessThanOrEqual(axis.count + 1);
    edges.mockClear();
    draw({ seen: { from: 5, to: 9 } });
    expect(edges).not.toHaveBeenCalled();
  });

  test('never overflows and shows where the window is', () => {
    for (const { areas } of [python3(), big]) {
      for (const flipped of [true, false]) {
        const axis = minimapAxis(areas, flipped);
        for (const seen of [{ from: 0, to: SPACE_PAGES }, { from: areas.start[5]!, to: areas.start[5]! + 1 }, { from: SPACE_PAGES - 1, to: SPACE_PAGES }]) {
          const input = { width: 320, height: 40, areas, axis, seen, touched: 0, selected: SPACE_PAGES - 1, flipped };
          for (const shape of drawMinimap(input).shapes) if (shape.t === 'rect') expect(shape.x >= 0 && shape.x + shape.w <= 320, JSON.stringify(shape)).toBe(true);
          const box = windowBox(input);
          if (seen.to - seen.from === 1 && seen.from === areas.start[5]) expect(Math.abs(axis.toPixel(seen.from, 317) + 1.5 - box.x)).toBeLessThan(12);
          expect(countShapes(drawMinimap(input).shapes)).toBeLessThan(2 * 320);
        }
        expect(minimapPage({ width: 320, height: 40, axis }, -50)).toBeCloseTo(flipped ? SPACE_PAGES : 0, 3);
      }
    }
  });
});

describe('physical memory', () => {
  const ram = { free: 0, view: { first: 0, size: 0 }, selected: null, touched: null, only: null, freeBlocks: [1, 2], width: 220, height: 500 };
  test('every frame to 2 GiB has its place, there and back', () => {
    for (const total of [64, 4096, 16_384, 524_288]) {
      const one = composeRam({ ...ram, total, frames: new Uint8Array(total), view: { first: 0, size: 0.01 } });
      for (const pfn of [0, 1, Math.min(total - 1, one.rows * one.columns - 1) >> 1]) {
        const box = frameBox(one, pfn);
        if (one.size >= 4) expect(frameAt(one, box.x + 1, box.y + 1)).toBe(pfn);
      }
      if (total >= 4096) expect(one.rows * one.columns).toBeGreaterThanOrEqual(total);
      expect(countShapes(drawRam(one).shapes)).toBeLessThan(6000);
    }
  });
  test('at first the frames in use are seen, not thousands of free ones', () => {
    const frames = new Uint8Array(16_384).fill(1, 0, 18);
    const one = composeRam({ ...ram, total: 16_384, frames });
    expect(one.size).toBe(20);
    expect(frameBox(one, 17).y).toBeLessThan(200);
    const wide = composeRam({ ...ram, total: 16_384, frames: new Uint8Array(16_384).fill(1) });
    expect(wide.rows * wide.columns).toBeGreaterThanOrEqual(16_384);
  });
  test('zooming keeps the frame near the pointer', () => {
    let one = composeRam({ ...ram, total: 524_288, frames: new Uint8Array(524_288), view: { first: 0, size: 0.01 } });
    const pfn = frameAt(one, 100, 250)!;
    for (let i = 0; i < 16; i++) one = composeRam({ ...one.input, view: zoomRam(one, 1.4, 100, frameBox(one, pfn).y + one.size / 2) });
    expect(one.size).toBeGreaterThan(16);
    expect(Math.abs(frameBox(one, pfn).y - 250)).toBeLessThan(160);
  });
});

describe('words and colours', () => {
  test('sizes', () => {
    expect([1, 33, 341, 5600, 2 ** 28, SPACE_PAGES].map((pages) => pagesText(pages))).toEqual(['4 KiB', '132 KiB', '1,364 KiB', '21.9 MiB', '1 TiB', '128 TiB']);
    expect(fit('libpython3.11.so.1.0', 80, 11)).toBe('libpython3.…');
  });

  test('contrast: letters and text 4.5, borders and kinds 3 (faults 38 and 39, point 16)', () => {
    for (const theme of [LIGHT, DARK]) {
      for (const ground of ['bg', 'card', 'panel', 'accent-soft', 'mark'] as const) for (const ink of ['text', 'quiet'] as const) expect(contrast(theme[ink], theme[ground]), `${ink} on ${ground}`).toBeGreaterThanOrEqual(4.5);
      for (const ground of ['bg', 'card'] as const) for (const edge of ['edge', 'accent', 'mark-edge'] as const) expect(contrast(theme[edge], theme[ground]), `${edge} on ${ground}`).toBeGreaterThanOrEqual(3);
      for (const group of TOKENS.filter((name) => name.startsWith('g-') && name !== 'g-ink')) {
        expect(contrast(theme['g-ink'], theme[group]), `a letter on ${group}`).toBeGreaterThanOrEqual(4.5);
        expect(contrast(theme.panel, theme[group]), `${group} on the panel`).toBeGreaterThanOrEqual(3);
      }
      for (const { letter, ink, fill } of [...CELLS, ...FRAMES]) if (letter) expect(contrast(theme[ink], theme[fill]), `${letter} on ${fill}`).toBeGreaterThanOrEqual(4.5);
    }
  });

  test('the style sheet gives the colours of the themes', () => {
    const css = ['../interface/space/tokens.css', '../interface/time/pf-time.css', '../style.css'].map((file) => readFileSync(new URL(file, import.meta.url), 'utf8')).join('\n');
    for (const theme of [LIGHT, DARK]) for (const token of TOKENS) expect(css).toContain(`--${token}: ${theme[token]};`);
  });
});

describe('lanes', () => {
  const process = (pid: number, ended: string | null = null): ProcessInfo => ({ pid, parent: pid === 1 ? null : 1, name: 'sh', ended, areas: 1, pages: 4, rss: 2, pss: null, minFlt: 1, majFlt: 0, tables: 4, version: 3, status: [] });
  test('areas are kept while the worker says that they are as the page has them', () => {
    const lanes = new Lanes();
    const { areas } = copyOnWrite()[0]!;
    const at = (lane: Partial<Lane>, processes = [process(1)]): At => ({ processes, lanes: [{ pid: 1, version: 3, areas: null, strips: null, cells: [], ...lane }] }) as unknown as At;
    lanes.take(at({ areas }));
    expect(lanes.version(1)).toBe(3);
    lanes.take(at({}));
    expect(lanes.lane(process(1), UNITS)).toMatchObject({ areas, title: '1 · sh', notes: 'rss 8 KiB · 1 area · 1 minor fault' });
    lanes.take(at({}, [process(2)]));
    expect(lanes.version(1)).toBe(-1);
  });

  test('what was touched has a lane, ended ones have a line', () => {
    const all = [1, 2, 3, 4].map((pid) => process(pid));
    expect(chooseLanes(all, 2, [4, null, 2]).map(({ pid }) => pid)).toEqual([2, 4]);
    expect(chooseLanes(all, 9, [null]).map(({ pid }) => pid)).toEqual([1, 2, 3, 4]);
    expect(chooseLanes(all, 0, [3]).map(({ pid }) => pid)).toEqual([3]);
    const lanes = new Lanes();
    lanes.take({ processes: [process(1), process(2, 'exited with 0')], lanes: [] } as unknown as At);
    expect(lanes.ended).toEqual([{ pid: 2, text: '2 · sh: exited with 0; everything it had went back' }]);
    expect(lanes.alive).toHaveLength(1);
  });
});

test('an area without cells or strips is drawn by what is known', () => {
  const data = { ...lane(1, 'a', 'b', [{ start: 16, cells: many(CELL.anon, 3) }]), cells: [], strips: null };
  expect(() => drawSpace(scene([data], { width: 400, height: 300 }))).not.toThrow();
  expect(NO_FRAME).toBe(0xffff_ffff);
});

function flat(shapes: readonly Shape[]): Exclude<Shape, { t: 'group' }>[] {
  return shapes.flatMap((shape) => (shape.t === 'group' ? flat(shape.shapes) : [shape]));
}

function contrast(a: string, b: string): number {
  const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p) as [number, number];
  return (x + 0.05) / (y + 0.05);
}

function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((i) => Number.parseInt(colour.slice(i, i + 2), 16) / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
