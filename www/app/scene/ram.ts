/** Physical memory: frames in a grid, from one pixel a frame to cells with letters, and the free blocks by order. */
import { FRAME } from '../worker/protocol.ts';
import { type Box, type Picture, type Shape, fit, textWidth } from './shapes.ts';
import { FRAMES } from './theme.ts';
import { UNITS, type Units, pagesText, grouped } from './units.ts';
import { pictures } from '../texts/pictures.ts';

const t = pictures.ram;

/** The frame at the upper left, and the side of a frame in pixels; 0: all of them fit. */
export interface RamView { readonly first: number; readonly size: number }

export interface RamInput {
  readonly width: number;
  readonly height: number;
  readonly total: number;
  readonly free: number;
  readonly freeBlocks: readonly number[];
  /** A number of `FRAME` each; null: not known yet. */
  readonly frames: Uint8Array | null;
  readonly view: RamView;
  readonly selected: number | null;
  readonly touched: number | null;
  readonly only: ReadonlySet<string> | null;
  readonly units?: Units;
}

const HEAD = 46;
/** Room for the marks of frames at the edge. */
const EDGE = 3;
const BLOCKS = 86;
const MOST_SIZE = 48;
/** Below this side frames are one picture of pixels. */
const CELL_FROM = 5;

export interface RamScene { readonly input: RamInput; readonly grid: Box; readonly columns: number; readonly size: number; readonly first: number; readonly rows: number; readonly blocks: Box | null }

/** The side at which all frames have room. */
export function sizeForAll(total: number, w: number, h: number): number {
  // A power of two where less than a pixel is left for each: the picture is then made smaller as a whole.
  let size = Math.sqrt((w * h) / Math.max(1, total));
  for (let i = 0; i < 200 && Math.floor(w / size) * Math.floor(h / size) < total; i++) size *= 0.99;
  return size >= 2 ? Math.floor(size) : size;
}

const used = new WeakMap<Uint8Array, number>();

function lastUsed(frames: Uint8Array | null): number {
  if (!frames) return 0;
  let last = used.get(frames);
  if (last === undefined) {
    last = frames.length - 1;
    while (last > 0 && frames[last] === FRAME.free) last--;
    used.set(frames, last);
  }
  return last;
}

export function composeRam(input: RamInput): RamScene {
  const hasBlocks = input.height > 240 && input.freeBlocks.length > 0;
  const grid = { x: EDGE, y: HEAD, w: input.width - 2 * EDGE, h: Math.max(20, input.height - HEAD - (hasBlocks ? BLOCKS + 14 : 2)) };
  const all = sizeForAll(input.total, grid.w, grid.h);
  // What suits: all frames up to the last one in use and some free ones behind it.
  const suits = Math.min(20, sizeForAll(Math.min(input.total, Math.max(96, Math.ceil((lastUsed(input.frames) + 1) * 1.2))), grid.w, grid.h));
  const size = Math.min(MOST_SIZE, Math.max(Math.min(all, 22), input.view.size || suits));
  const columns = Math.max(1, Math.floor(grid.w / size + 1e-6));
  const lines = Math.ceil(input.total / columns);
  const shown = Math.max(1, Math.floor(grid.h / size + 1e-6));
  const top = Math.max(0, Math.min(Math.floor(input.view.first / columns), lines - shown));
  const rows = Math.min(shown + 1, lines - top);
  return { input, grid, columns, size, first: top * columns, rows, blocks: hasBlocks ? { x: EDGE, y: input.height - BLOCKS + 14, w: input.width - 2 * EDGE, h: BLOCKS - 14 } : null };
}

export function frameAt({ input, grid, columns, size, first }: RamScene, x: number, y: number): number | null {
  if (x < grid.x || y < grid.y || y >= grid.y + grid.h || x >= grid.x + columns * size) return null;
  const pfn = first + Math.floor((y - grid.y) / size) * columns + Math.floor((x - grid.x) / size);
  return pfn < input.total ? pfn : null;
}

/** Where a frame is, possibly outside of the grid. */
export function frameBox({ grid, columns, size, first }: RamScene, pfn: number): Box {
  const line = Math.floor((pfn - first) / columns);
  const side = Math.max(4, size >= 9 ? size - 2 : size);
  return { x: grid.x + (((pfn % columns) + columns) % columns) * size - (size < 4 ? (side - size) / 2 : 0), y: grid.y + line * size - (size < 4 ? (side - size) / 2 : 0), w: side, h: side };
}

/** Zooms so that the frame under the pointer stays as near to it as whole lines allow. */
export function zoomRam(scene: RamScene, factor: number, x: number, y: number): RamView {
  const pfn = frameAt(scene, x, y) ?? scene.first;
  const all = sizeForAll(scene.input.total, scene.grid.w, scene.grid.h);
  const next = Math.min(MOST_SIZE, Math.max(Math.min(all, 22), scene.size * factor));
  const size = next >= 2 ? (factor > 1 ? Math.ceil(next) : Math.floor(next)) : next;
  const columns = Math.max(1, Math.floor(scene.grid.w / size + 1e-6));
  const line = Math.floor(pfn / columns) - Math.floor((y - scene.grid.y) / size);
  return { first: Math.max(0, line) * columns, size };
}

export function panRam(scene: RamScene, lines: number): RamView {
  return { first: Math.max(0, scene.first + lines * scene.columns), size: scene.size };
}

/** The view moved so that a frame is in it. */
export function revealFrame(scene: RamScene, pfn: number): RamView {
  const line = Math.floor(pfn / scene.columns);
  const top = Math.floor(scene.first / scene.columns);
  const shown = Math.max(1, Math.floor(scene.grid.h / scene.size));
  if (line >= top && line < top + shown) return scene.input.view;
  return { first: Math.max(0, line - Math.floor(shown / 2)) * scene.columns, size: scene.size };
}

const PALETTE = FRAMES.map((look) => look.fill);
/** Windows into the frames, cut once: painters keep what they made of one. */
const cuts = new WeakMap<Uint8Array, { from: number; to: number; only: string; data: Uint8Array }>();

function cut(frames: Uint8Array, from: number, to: number, only: ReadonlySet<string> | null): Uint8Array {
  const key = only ? [...only].sort().join() : '';
  if (from === 0 && to === frames.length && key === '') return frames;
  const known = cuts.get(frames);
  if (known && known.from === from && known.to === to && known.only === key) return known.data;
  const data = frames.slice(from, to);
  if (only) for (let i = 0; i < data.length; i++) if (!only.has(FRAMES[data[i]!]!.id)) data[i] = FRAME.free;
  cuts.set(frames, { from, to, only: key, data });
  return data;
}

export function drawRam(scene: RamScene): Picture {
  const { input, grid, columns, size, first, rows } = scene;
  const units = input.units ?? UNITS;
  const held = input.total - input.free;
  const words = t.used(grouped(held), grouped(input.total)).find((text) => textWidth(text, 11) <= grid.w) ?? '';
  const shapes: Shape[] = [
    { t: 'text', x: EDGE, y: 17, text: t.title, size: 13, fill: 'text', sans: true, bold: true },
    { t: 'text', x: EDGE + 38, y: 17, text: whole(pagesText(input.total, units), grid.w - 84, 11.5), size: 11.5, fill: 'quiet', sans: true },
    { t: 'text', x: EDGE, y: 37, text: words, size: 11, fill: 'quiet' },
  ];
  const last = Math.min(input.total, first + rows * columns);
  const inner: Shape[] = [];
  if (!input.frames) inner.push({ t: 'rect', ...grid, fill: 'k-free' });
  else if (size < CELL_FROM) {
    const data = cut(input.frames, first, last, input.only);
    const lines = Math.ceil((last - first) / columns);
    inner.push({ t: 'raster', x: grid.x, y: grid.y, w: columns * size, h: lines * size, columns, rows: lines, data, palette: PALETTE });
  } else {
    for (let line = 0; line * columns + first < last; line++) {
      const y = grid.y + line * size;
      for (let i = 0; i < columns; ) {
        const pfn = first + line * columns + i;
        if (pfn >= last) break;
        const kind = input.frames[pfn] ?? FRAME.free;
        let behind = i + 1;
        // Free ones in one while there is nothing to see of each.
        if (size < 9 && kind === FRAME.free) while (behind < columns && first + line * columns + behind < last && input.frames[first + line * columns + behind] === kind) behind++;
        const look = FRAMES[kind]!;
        const alpha = input.only && !input.only.has(look.id) ? 0.14 : 1;
        const x = grid.x + i * size;
        if (size < 9) inner.push({ t: 'rect', x, y, w: (behind - i) * size - 1, h: size - 1, fill: look.fill, alpha, ...(look.pattern && size >= 7 ? { pattern: look.pattern } : {}) });
        else {
          const isFree = kind === FRAME.free;
          inner.push({ t: 'rect', x: x + 0.5, y: y + 0.5, w: size - 3, h: size - 3, r: size >= 16 ? 3 : 1.5, fill: isFree ? 'bg' : look.fill, alpha, ...(isFree || look.id === 'zero' ? { stroke: 'edge' as const } : {}), ...(look.pattern ? { pattern: look.pattern } : {}) });
          if (size >= 11 && look.letter) {
            if (look.pattern) inner.push({ t: 'rect', x: x + size / 2 - 5.5, y: y + size / 2 - 7, w: 9, h: 13, r: 2, fill: look.fill, alpha });
            inner.push({ t: 'text', x: x + size / 2 - 1, y: y + size / 2 + 3, text: look.letter, size: 11, fill: look.ink, anchor: 'middle', bold: true, alpha });
          }
        }
        i = behind;
      }
    }
  }
  for (const [pfn, token] of [[input.selected, 'text'], [input.touched, 'mark-edge']] as const) {
    if (pfn === null || pfn >= input.total) continue;
    const box = frameBox(scene, pfn);
    inner.push({ t: 'rect', x: box.x - 2.5, y: box.y - 2.5, w: box.w + 5, h: box.h + 5, r: 4, stroke: 'bg', width: 2 }, { t: 'rect', x: box.x - 1, y: box.y - 1, w: box.w + 2, h: box.h + 2, r: 3, stroke: token, width: 2 });
  }
  shapes.push({ t: 'group', id: 'frames', clip: { x: grid.x - 3, y: grid.y - 3, w: grid.w + 6, h: grid.h + 3 }, shapes: inner });
  if (size < 9) shapes.push({ t: 'rect', x: grid.x - 0.5, y: grid.y - 0.5, w: columns * size + 1, h: Math.min(grid.h, Math.ceil((last - first) / columns) * size) + 1, stroke: 'edge' });
  if (last < input.total && scene.blocks) shapes.push({ t: 'text', x: EDGE, y: scene.blocks.y - 10, text: fit(t.more(grouped(input.total - last)), grid.w, 11), size: 11, fill: 'quiet' });
  if (scene.blocks) drawBlocks(shapes, scene.blocks, input.freeBlocks);
  return { width: input.width, height: input.height, shapes, label: t.whole(held, input.total, first, last - 1) };
}

/** Free blocks of the buddy allocator: a bar an order, by the logarithm of the frames in them. */
function drawBlocks(out: Shape[], box: Box, blocks: readonly number[]): void {
  out.push({ t: 'text', x: box.x, y: box.y + 10, text: t.blocks(box.w >= 140), size: 11, fill: 'quiet' });
  const most = Math.max(1, ...blocks.map((count, order) => Math.log2(1 + count * 2 ** order)));
  const w = box.w / blocks.length;
  const base = box.y + box.h - 15;
  const tall = base - box.y - 16;
  blocks.forEach((count, order) => {
    const h = count === 0 ? 1 : Math.max(3, (Math.log2(1 + count * 2 ** order) / most) * tall);
    out.push({ t: 'rect', x: box.x + order * w + 1, y: base - h, w: Math.max(2, w - 3), h, fill: count === 0 ? 'edge' : 'k-table' });
    if (w >= 14 || order % 2 === 0) out.push({ t: 'text', x: box.x + order * w + w / 2 - 0.5, y: base + 12, text: String(order), size: 11, fill: 'quiet', anchor: 'middle' });
  });
}

/** How many free blocks there are of the order at a place. */
export function orderAt({ blocks, input }: RamScene, x: number, y: number): number | null {
  if (!blocks || y < blocks.y || x < blocks.x || x >= blocks.x + blocks.w) return null;
  return Math.min(input.freeBlocks.length - 1, Math.floor(((x - blocks.x) / blocks.w) * input.freeBlocks.length));
}

/** All of a text, or nothing. */
const whole = (text: string, width: number, size: number): string => (fit(text, width, size, { sans: true }) === text ? text : '');
