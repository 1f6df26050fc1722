/** Address spaces: one lane a process, from the whole space to the bytes of a page. Plain data in, shapes and places out. */
import { AREA_FLAG, CELL, CELL_BIT, NO_FRAME, type LaneLook } from '../worker/protocol.ts';
import { type View, scrollOf } from './axis.ts';
import type { Heat } from './heat.ts';
import {
  CARD_FOOT, CARD_FROM, CARD_HEAD, CARD_PAD, KINDS, type LaneData, LENS_HEIGHT, type Layout, areaAt, cellAt, cellOf,
} from './layout.ts';
import { type Box, type Picture, type Shape, type Token, fit, textWidth } from './shapes.ts';
import { AREA_LOOK, CELLS, HEAT_TOKEN, type HeatKind } from './theme.ts';
import { type Units, addressText, pageAddr, pagesText, permsText, shortName, grouped } from './units.ts';

export interface Spot { readonly pid: number; readonly page: number }

export interface SpaceInput {
  readonly width: number;
  readonly height: number;
  readonly lanes: readonly LaneData[];
  readonly layouts: readonly Layout[];
  readonly view: View;
  readonly units: Units;
  readonly lowFirst: boolean;
  readonly touched: Spot | null;
  readonly selected: Spot | null;
  readonly hover: Spot | null;
  readonly range: { readonly pid: number; readonly from: number; readonly to: number } | null;
  /** The frame whose pages are lit. */
  readonly frame: number | null;
  /** Kinds that stay lit; null: all. */
  readonly only: ReadonlySet<string> | null;
  readonly heat: { readonly kind: HeatKind; readonly of: ReadonlyMap<number, Heat> } | null;
  /** First bytes of pages, by `pid:page`. */
  readonly texts: ReadonlyMap<string, string>;
  readonly bytes: { readonly pid: number; readonly page: number; readonly bytes: Uint8Array; readonly isInvented: boolean } | null;
  /** Room left free behind a lane, for another picture. */
  readonly slot: { readonly behind: number; readonly width: number } | null;
  /** Ended processes, a line each. */
  readonly ended: readonly { readonly pid: number; readonly text: string }[];
  /** Fewer words while it moves. */
  readonly moving?: boolean;
}

export const LANE_HEAD = 46;
export const LANE_GAP = 18;
const FOOT_LINE = 18;
const SIZE = 11.5;
const DETAIL = 11;
/** Cells whose letter can be read. */
const LETTER_FROM = 13;
/** Pages drawn one by one that are asked for. */
const MOST_CELLS = 4096;
const BAR = 2;

interface Columns { readonly address: number; readonly name: Box; readonly strip: Box; readonly size: number; readonly ram: number }

export interface LaneScene {
  readonly data: LaneData;
  readonly layout: Layout;
  /** Where its pieces are drawn. */
  readonly box: Box;
  readonly scroll: number;
  readonly zoom: number;
  readonly columns: Columns;
}

export interface SpaceScene { readonly input: SpaceInput; readonly lanes: readonly LaneScene[]; readonly slot: Box | null }

/** Left edges and widths of lanes. */
export function placeLanes(count: number, width: number, slot: SpaceInput['slot']): { lanes: { x: number; w: number }[]; slot: { x: number; w: number } | null } {
  const free = width - (slot ? slot.width + LANE_GAP : 0) - LANE_GAP * Math.max(0, count - 1);
  const w = Math.max(80, Math.floor(free / Math.max(1, count)));
  const lanes: { x: number; w: number }[] = [];
  let hole: { x: number; w: number } | null = null;
  let x = 0;
  for (let i = 0; i < count; i++) {
    lanes.push({ x, w });
    x += w + LANE_GAP;
    if (slot && i === Math.min(slot.behind, count) - 1) {
      hole = { x, w: slot.width };
      x += slot.width + LANE_GAP;
    }
  }
  return { lanes, slot: hole };
}

export function bodyHeight(height: number, ended: number): number {
  return Math.max(40, height - LANE_HEAD - Math.min(ended, 3) * FOOT_LINE);
}

export function composeSpace(input: SpaceInput): SpaceScene {
  const places = placeLanes(input.lanes.length, input.width, input.slot);
  const h = bodyHeight(input.height, input.ended.length);
  const lanes = input.lanes.map((data, i): LaneScene => {
    const { x, w } = places.lanes[i]!;
    const layout = input.layouts[i]!;
    const box = { x, y: LANE_HEAD, w, h };
    return { data, layout, box, scroll: scrollOf(layout.axis, input.view, h), zoom: input.view.zoom, columns: columnsOf(box, layout.cards) };
  });
  return { input, lanes, slot: places.slot && { ...places.slot, y: LANE_HEAD, h } };
}

function columnsOf({ x, w }: Box, cards: boolean): Columns {
  const address = w >= 430 && !cards ? 98 : 0;
  const ram = w >= 520 && !cards ? 82 : 0;
  const size = w >= 200 ? 82 : 0;
  const left = x + 8 + address;
  const right = x + w - 8 - size - ram;
  const name = Math.min(190, Math.max(70, (right - left) * (w < 300 ? 0.62 : w < 430 ? 0.52 : 0.4)));
  return {
    address, ram, size,
    name: { x: left, y: 0, w: name - 8, h: 0 },
    strip: { x: left + name, y: 0, w: Math.max(20, right - left - name - 6), h: 0 },
  };
}

/* ---------------------------------------------------------------- where things are */

export interface PieceBox extends Box { readonly piece: number }

function pieceBox(lane: LaneScene, piece: number): PieceBox {
  const { y, h } = lane.layout.axis.piece(piece, lane.zoom);
  return { piece, x: lane.box.x, y: lane.box.y + y - lane.scroll, w: lane.box.w, h };
}

const isGap = (lane: LaneScene, piece: number): boolean => lane.layout.parts[piece] === 0;
const isCard = (lane: LaneScene, box: PieceBox): boolean => box.h - lensOf(lane, box) >= CARD_FROM;

function lensOf(lane: LaneScene, box: PieceBox): number {
  return lane.layout.hasLens[box.piece] && lane.zoom >= 0.55 && lane.zoom < 2.4 ? LENS_HEIGHT * Math.min(1, lane.zoom) : 0;
}

/** The first and the number of pages of a piece. */
function span(lane: LaneScene, piece: number): { from: number; pages: number } {
  const { start } = lane.layout.axis;
  return { from: start[piece]!, pages: start[piece + 1]! - start[piece]! };
}

/** The strip of a row: a page has at most four columns of pixels. */
function stripBox(lane: LaneScene, box: PieceBox): Box {
  const { strip } = lane.columns;
  const row = box.h - lensOf(lane, box);
  const h = row >= 11 ? Math.min(14, row - 5) : Math.max(1, row - 1);
  const w = Math.min(strip.w, Math.max(6, span(lane, box.piece).pages * 4));
  return { x: strip.x, y: box.y + (row - h) / 2, w, h };
}

export interface Grid extends Box {
  readonly columns: number;
  readonly lines: number;
  readonly cw: number;
  readonly ch: number;
  /** Pages of a line are run together: too many for cells. */
  readonly isStrip: boolean;
}

/** The pages of a card. */
function gridOf(lane: LaneScene, box: PieceBox): Grid | null {
  const n = span(lane, box.piece).pages;
  const foot = box.h >= CARD_HEAD + CARD_FOOT + 18 ? CARD_FOOT : 6;
  const [x, y, w, h] = [box.x + CARD_PAD, box.y + CARD_HEAD, box.w - 2 * CARD_PAD, box.h - CARD_HEAD - foot];
  if (h < 10 || w < 10) return null;
  // The largest square of which all of them have room.
  let [low, high] = [0, Math.max(w, h)];
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    if (Math.floor(w / middle) * Math.floor(h / middle) >= n) low = middle;
    else high = middle;
  }
  const size = Math.floor(low * 4 + 1e-6) / 4;
  if (size < 6) {
    const lines = Math.max(1, Math.floor(h / 16));
    return { x, y, w, h, columns: Math.ceil(n / lines), lines, cw: w / Math.ceil(n / lines), ch: h / lines, isStrip: true };
  }
  let columns = Math.min(n, Math.floor(w / size));
  // Large ones fill the card, at last one beside nothing: its height is its bytes.
  if (size > 72) {
    if (h / n >= 110) columns = 1;
    const lines = Math.ceil(n / columns);
    return { x, y, w, h, columns, lines, cw: w / columns, ch: h / lines, isStrip: false };
  }
  return { x, y, w, h, columns, lines: Math.ceil(n / columns), cw: size, ch: size, isStrip: false };
}

function gridCell(grid: Grid, index: number): Box {
  const line = Math.floor(index / grid.columns);
  const column = index % grid.columns;
  const gap = grid.isStrip ? 0 : grid.cw >= 20 ? 4 : grid.cw >= 9 ? 2 : 1;
  const w = grid.isStrip ? Math.max(5, grid.cw) : grid.cw - gap;
  return { x: Math.min(grid.x + column * grid.cw, grid.x + grid.w - w), y: grid.y + line * grid.ch, w, h: grid.ch - (grid.isStrip ? 3 : gap) };
}

/** The lens of a row: pages about the one in focus, by themselves. */
function lensPages(lane: LaneScene, box: PieceBox, input: SpaceInput): { from: number; count: number; box: Box; cw: number } {
  const { from, pages } = span(lane, box.piece);
  const cw = 17;
  const room = Math.max(1, Math.floor(lane.columns.strip.w / cw));
  const count = Math.min(pages, room);
  const spots = [input.touched, input.selected].filter((spot) => spot !== null && spot.pid === lane.data.pid && spot.page >= from && spot.page < from + pages);
  const middle = spots[0]?.page ?? from;
  const first = Math.min(Math.max(from, Math.floor(middle) - (count >> 1)), from + pages - count);
  const h = lensOf(lane, box);
  return { from: first, count, cw, box: { x: lane.columns.strip.x, y: box.y + box.h - h + 2, w: count * cw, h: h - 6 } };
}

/** Where a page is drawn, or would be outside the window; null if the process has no lane. */
export function locate(scene: SpaceScene, pid: number, page: number): Box | null {
  const lane = scene.lanes.find(({ data }) => data.pid === pid);
  if (!lane) return null;
  const { axis } = lane.layout;
  const box = pieceBox(lane, axis.at(page));
  if (isGap(lane, box.piece)) {
    const y = lane.box.y + axis.toPixel(page, lane.zoom) - lane.scroll;
    return { x: lane.box.x, y: box.h < 40 ? box.y : y - 2, w: lane.box.w, h: box.h < 40 ? box.h : 4 };
  }
  const { from, pages } = span(lane, box.piece);
  const index = page - from;
  if (isCard(lane, box)) {
    const grid = gridOf(lane, box);
    if (grid) return gridCell(grid, index);
  }
  if (lensOf(lane, box) > 0) {
    const lens = lensPages(lane, box, scene.input);
    if (page >= lens.from && page < lens.from + lens.count) return { x: lens.box.x + (page - lens.from) * lens.cw, y: lens.box.y, w: lens.cw - 2, h: lens.box.h };
  }
  return inStrip(stripBox(lane, box), index, pages);
}

function inStrip(strip: Box, index: number, pages: number): Box {
  const w = Math.max(5, strip.w / pages);
  const h = Math.max(4, strip.h);
  return { x: Math.min(strip.x + (index / pages) * strip.w, strip.x + strip.w - w), y: strip.y + (strip.h - h) / 2, w, h };
}

export interface Hit {
  readonly what: 'area' | 'page' | 'gap' | 'group' | 'edge';
  readonly pid: number;
  readonly lane: number;
  readonly page: number;
  readonly addr: string;
  /** The area, −1 in a gap. */
  readonly area: number;
  readonly pfn: number | null;
  /** Pages of the piece. */
  readonly from: number;
  readonly to: number;
  readonly box: Box;
}

/** What is at a place: two binary searches. */
export function hitSpace(scene: SpaceScene, x: number, y: number): Hit | null {
  const index = scene.lanes.findIndex(({ box }) => x >= box.x && x < box.x + box.w && y >= box.y && y < box.y + box.h);
  const lane = scene.lanes[index];
  if (!lane) return null;
  const { axis, first, parts } = lane.layout;
  const along = y - lane.box.y + lane.scroll;
  if (along > axis.length(lane.zoom)) return null;
  for (const edge of edgesOf(scene)) {
    if (edge.lane === lane && x >= edge.box.x && x < edge.box.x + edge.box.w && y >= edge.box.y && y < edge.box.y + edge.box.h) return hit('edge', edge.page, edge.box);
  }
  const box = pieceBox(lane, axis.pieceAt(along, lane.zoom));
  const { from, pages } = span(lane, box.piece);
  const byHeight = Math.min(from + pages - 1, Math.floor(axis.toPage(along, lane.zoom)));
  if (parts[box.piece] === 0) return hit('gap', byHeight, box);
  if (box.h < 3) return hit('area', byHeight, box);
  if (isCard(lane, box)) {
    const grid = gridOf(lane, box);
    if (grid && y >= grid.y && y < grid.y + grid.lines * grid.ch && x >= grid.x && x < grid.x + grid.columns * grid.cw) {
      const i = Math.floor((y - grid.y) / grid.ch) * grid.columns + Math.floor((x - grid.x) / grid.cw);
      if (i < pages) return hit('page', from + i, gridCell(grid, i));
    }
    return hit('area', from, box);
  }
  if (lensOf(lane, box) > 0) {
    const lens = lensPages(lane, box, scene.input);
    if (y >= lens.box.y && x >= lens.box.x && x < lens.box.x + lens.box.w) {
      const page = lens.from + Math.floor((x - lens.box.x) / lens.cw);
      return hit('page', page, { x: lens.box.x + (page - lens.from) * lens.cw, y: lens.box.y, w: lens.cw - 2, h: lens.box.h });
    }
  }
  if (parts[box.piece]! > 1 && x < lane.columns.strip.x - 4 && x >= lane.columns.name.x - 4) return hit('group', from, box);
  if (lane.layout.isPart[box.piece] && x < lane.columns.name.x + 16 && x >= lane.columns.name.x - 4) return hit('group', from, box);
  const strip = stripBox(lane, box);
  if (x >= strip.x && x < strip.x + strip.w) {
    const i = Math.min(pages - 1, Math.floor(((x - strip.x) / strip.w) * pages));
    return hit('page', from + i, inStrip(strip, i, pages));
  }
  return hit('area', from, box);

  function hit(what: Hit['what'], page: number, at: Box): Hit {
    const piece = axis.at(page);
    const pfn = cellAt(lane!.data.cells, page)?.pfn ?? NO_FRAME;
    const area = parts[piece] === 0 ? -1 : parts[piece] === 1 ? first[piece]! : areaAt(lane!.data.areas, page);
    return {
      what, pid: lane!.data.pid, lane: index, page, addr: pageAddr(page), area, pfn: pfn === NO_FRAME ? null : pfn,
      from: axis.start[piece]!, to: axis.start[piece + 1]!, box: at,
    };
  }
}

/** Marks at the upper and lower edge for what is outside the window. */
function edgesOf(scene: SpaceScene): { lane: LaneScene; box: Box; page: number; up: boolean; what: string; token: Token }[] {
  const edges = [];
  const { touched, selected, units } = scene.input;
  for (const [spot, what, token] of [[touched, 'touched', 'mark-edge'], [selected, 'selected', 'accent']] as const) {
    if (!spot || (what === 'selected' && touched?.pid === spot.pid && touched.page === spot.page)) continue;
    const lane = scene.lanes.find(({ data }) => data.pid === spot.pid);
    const at = lane && locate(scene, spot.pid, spot.page);
    if (!lane || !at) continue;
    const up = at.y + at.h / 2 < lane.box.y;
    if (!up && at.y + at.h / 2 <= lane.box.y + lane.box.h) continue;
    const text = `${what} ${addressText(spot.page, units)}`;
    const w = Math.min(lane.box.w - 8, textWidth(text, DETAIL) + 30);
    const x = lane.box.x + lane.box.w - w - (what === 'selected' && lane.box.w > 2 * w + 12 ? w + 8 : 4);
    edges.push({ lane, up, page: spot.page, what: text, token, box: { x, y: up ? lane.box.y + 3 : lane.box.y + lane.box.h - 25, w, h: 22 } });
  }
  return edges;
}

/* ---------------------------------------------------------------- what the worker is asked for */

/** What of each process is in sight: areas whose strips are drawn, and runs of pages one by one. */
export function lookOf(scene: SpaceScene): Omit<LaneLook, 'version'>[] {
  let left = MOST_CELLS;
  return scene.lanes.map((lane) => {
    const { axis, first, parts } = lane.layout;
    const cells: { page: number; count: number }[] = [];
    let [low, high] = [Infinity, -1];
    const ask = (page: number, count: number): void => {
      const most = Math.min(left, count);
      if (most > 0) cells.push({ page, count: most });
      left -= Math.max(0, most);
    };
    const length = axis.length(lane.zoom);
    for (let y = 0; y < Math.min(lane.box.h, length); ) {
      const box = pieceBox(lane, axis.pieceAt(Math.min(y + lane.scroll + 0.01, length - 0.01), lane.zoom));
      y = Math.max(y + BAR, box.y + box.h - lane.box.y);
      if (box.h < 3 || isGap(lane, box.piece)) continue;
      low = Math.min(low, first[box.piece]!);
      high = Math.max(high, first[box.piece]! + parts[box.piece]!);
      const { from, pages } = span(lane, box.piece);
      const grid = isCard(lane, box) ? gridOf(lane, box) : null;
      if (grid && (!grid.isStrip || pages <= 1024)) {
        const a = Math.max(0, Math.floor((lane.box.y - grid.y) / grid.ch)) * grid.columns;
        const b = Math.min(pages, Math.ceil((lane.box.y + lane.box.h - grid.y) / grid.ch) * grid.columns);
        if (b > a) ask(from + a, b - a);
      } else if (lensOf(lane, box) > 0) {
        const lens = lensPages(lane, box, scene.input);
        ask(lens.from, lens.count);
      }
    }
    const columns = Math.max(16, Math.min(512, Math.round(lane.columns.strip.w)));
    return { pid: lane.data.pid, strips: high > low ? { first: low, count: high - low, columns } : null, cells };
  });
}

/** The page whose bytes have room. */
export function bytesWanted(scene: SpaceScene): Spot | null {
  const { selected, touched } = scene.input;
  const rank = ({ data: { pid } }: LaneScene): number => (pid === selected?.pid ? 0 : pid === touched?.pid ? 1 : 2);
  for (const lane of scene.lanes.toSorted((a, b) => rank(a) - rank(b))) {
    const { axis } = lane.layout;
    const middle = Math.min(lane.scroll + lane.box.h / 2, axis.length(lane.zoom) - 0.01);
    const box = pieceBox(lane, axis.pieceAt(middle, lane.zoom));
    const grid = !isGap(lane, box.piece) && isCard(lane, box) ? gridOf(lane, box) : null;
    if (!grid || grid.ch < 110) continue;
    const line = Math.max(0, Math.min(grid.lines - 1, Math.floor((lane.box.y + lane.box.h / 2 - grid.y) / grid.ch)));
    return { pid: lane.data.pid, page: axis.start[box.piece]! + line * grid.columns };
  }
  return null;
}

/* ---------------------------------------------------------------- drawing */

export function drawSpace(scene: SpaceScene): Picture {
  const { input } = scene;
  const shapes: Shape[] = [];
  for (const lane of scene.lanes) shapes.push({ t: 'group', id: `lane:${lane.data.pid}`, label: lane.data.title, shapes: laneHead(scene, lane) }, drawLane(scene, lane));
  for (const edge of edgesOf(scene)) {
    const { box } = edge;
    shapes.push(
      { t: 'rect', ...box, r: 11, fill: 'bg', stroke: edge.token, width: 1.5 },
      { t: 'text', x: box.x + 11, y: box.y + 15, text: edge.up ? '↑' : '↓', size: 12, fill: edge.token, bold: true },
      { t: 'text', x: box.x + 24, y: box.y + 15, text: fit(edge.what, box.w - 30, DETAIL), size: DETAIL, fill: 'text' },
    );
  }
  const lines = input.ended.slice(0, 3);
  lines.forEach((process, i) => {
    const rest = i === 2 ? input.ended.length - 3 : 0;
    const text = rest > 0 ? `${process.text} · and ${rest} more that ended` : process.text;
    shapes.push({ t: 'text', x: 8, y: input.height - (lines.length - i) * FOOT_LINE + 13, text: fit(text, input.width - 16, SIZE), size: SIZE, fill: 'quiet' });
  });
  const label = scene.lanes.map(({ data }) => `${data.title}: ${data.areas.count} areas`).join('; ');
  return { width: input.width, height: input.height, shapes, label: label || 'No process' };
}

function laneHead(scene: SpaceScene, { data, box, columns, layout, zoom }: LaneScene): Shape[] {
  const title = fit(data.title, box.w * (layout.cards ? 0.9 : 0.62), 13, { sans: true });
  const isRows = !layout.cards || zoom < 0.6;
  const notes = isRows ? box.x + 8 + textWidth(title, 13, true) * 1.08 + 14 : box.x + 8;
  const shapes: Shape[] = [{ t: 'text', x: box.x + 8, y: 17, text: title, size: 13, fill: 'text', sans: true, bold: true }];
  const room = box.x + box.w - notes - 4;
  const text = fit(data.notes, room, SIZE, { sans: true });
  if (text) shapes.push({ t: 'text', x: notes, y: isRows ? 17 : 35, text, size: SIZE, fill: 'quiet', sans: true });
  if (isRows) {
    const y = 37;
    if (columns.address) shapes.push(head(box.x + 8, 'address'));
    shapes.push(head(columns.name.x, 'area'));
    const heat = scene.input.heat;
    shapes.push(head(columns.strip.x, fit(heat ? `${heat.kind} of pages` : 'pages, low to high', columns.strip.w, DETAIL)));
    if (columns.size) shapes.push(head(box.x + box.w - 8 - columns.ram, 'size', 'end'));
    if (columns.ram) shapes.push(head(box.x + box.w - 8, heat ? heat.kind : 'in RAM', 'end'));
    function head(x: number, words: string, anchor: 'start' | 'end' = 'start'): Shape {
      return { t: 'text', x, y, text: words, size: DETAIL, fill: 'quiet', anchor };
    }
  }
  shapes.push({ t: 'line', points: [box.x, LANE_HEAD - 1.5, box.x + box.w, LANE_HEAD - 1.5], stroke: 'line' });
  return shapes;
}

function drawLane(scene: SpaceScene, lane: LaneScene): Shape {
  const out: Shape[] = [];
  const marks: Shape[] = [];
  const { axis } = lane.layout;
  const length = axis.length(lane.zoom);
  let tick = -Infinity;
  let bars: Bar[] = [];
  const flush = (): void => {
    for (const bar of bars) out.push(...bar.shapes(bar.h));
    bars = [];
  };
  // From piece to piece as they stand; of those too flat to be seen, all that share two rows of pixels are one bar.
  const step = axis.flipped ? -1 : 1;
  const last = axis.pieceAt(Math.min(lane.scroll + lane.box.h, length) - 1e-9, lane.zoom);
  for (let i = axis.pieceAt(lane.scroll, lane.zoom); i >= 0 && i < axis.count && (last - i) * step >= 0; i += step) {
    const box = pieceBox(lane, i);
    const y = Math.max(0, box.y - lane.box.y);
    if (box.h >= 3) {
      flush();
      if (isGap(lane, i)) drawGap(out, scene, lane, box);
      else if (isCard(lane, box)) drawCard(out, scene, lane, box);
      else drawRow(out, scene, lane, box, tick);
      if (box.h < 11 && y - tick >= 48) tick = y;
      continue;
    }
    const from = i;
    const below = axis.pieceAt(Math.min(y + lane.scroll + BAR, length) - 1e-9, lane.zoom);
    if ((below - i) * step > 0) {
      // Up to the one that reaches out of the bar; a tall one begins a line of its own.
      i = below;
      if (pieceBox(lane, i).h >= 3) i -= step;
    }
    const next = barAt(scene, lane, y, Math.min(from, i), Math.max(from, i));
    const before = bars[0];
    if (before && next && before.key === next.key && Math.abs(before.y + before.h - next.y) < 0.5) before.h = next.y + BAR - before.y;
    else {
      flush();
      if (next) bars = [next];
    }
    if (y - tick >= 48 && lane.columns.address && next) {
      out.push({ t: 'text', x: lane.box.x + 8, y: lane.box.y + y + 13, text: addressText(span(lane, from).from, scene.input.units), size: DETAIL, fill: 'quiet' });
      out.push({ t: 'line', points: [lane.columns.name.x - 6, lane.box.y + y + 0.5, lane.columns.strip.x, lane.box.y + y + 0.5], stroke: 'line' });
      out.push(...overviewWords(scene, lane, y, from));
      tick = y;
    }
  }
  flush();
  drawMarks(marks, scene, lane);
  const { x, y, w, h } = lane.box;
  return { t: 'group', id: `areas:${lane.data.pid}`, clip: { x: x - 2, y, w: w + 4, h }, shapes: [...out, ...marks] };
}

/** What the next 48 pixels hold, for the columns of names and sizes. */
function overviewWords(scene: SpaceScene, lane: LaneScene, y: number, piece: number): Shape[] {
  const { axis, first, parts, sums } = lane.layout;
  const length = axis.length(lane.zoom);
  const [a, b] = [piece, axis.pieceAt(Math.min(y + 48 + lane.scroll, length) - 1e-9, lane.zoom)].sort((p, q) => p - q) as [number, number];
  const [from, to] = [first[a]!, first[b]! + parts[b]!];
  if (to <= from) return [];
  const at = lane.box.y + y + 9;
  const right = lane.box.x + lane.box.w - 8;
  const { columns } = lane;
  const { units } = scene.input;
  const out: Shape[] = [{ t: 'text', x: columns.name.x, y: at + 4, text: fit(`${grouped(to - from)} ${to - from === 1 ? 'area' : 'areas'}`, columns.name.w, DETAIL), size: DETAIL, fill: 'text' }];
  if (columns.size) out.push({ t: 'text', x: right - columns.ram, y: at + 4, text: pagesText(sums.pages[to]! - sums.pages[from]!, units), size: DETAIL, fill: 'quiet', anchor: 'end' });
  if (columns.ram) out.push({ t: 'text', x: right, y: at + 4, text: pagesText(sums.present[to]! - sums.present[from]!, units), size: DETAIL, fill: 'quiet', anchor: 'end' });
  return out;
}

interface Bar { readonly y: number; h: number; readonly key: string; readonly shapes: (h: number) => Shape[] }

/** Areas too flat to be seen by themselves: what there is of them in two rows of pixels, from sums. */
function barAt(scene: SpaceScene, lane: LaneScene, y: number, a: number, b: number): Bar | null {
  const { axis, first, parts, sums } = lane.layout;
  const from = first[a]!;
  const to = first[b]! + parts[b]!;
  if (to <= from) return null;
  const pages = sums.pages[to]! - sums.pages[from]!;
  const present = (sums.present[to]! - sums.present[from]!) / Math.max(1, pages);
  const step = present === 0 ? 0 : Math.max(1, Math.round(present * 8));
  const shares: number[] = [];
  for (let kind = 0; kind < KINDS; kind++) shares.push(Math.round(((sums.kinds[kind]![to]! - sums.kinds[kind]![from]!) / (to - from)) * 24));
  const { strip } = lane.columns;
  const heat = scene.input.heat;
  const hot = heat?.of.get(lane.data.pid);
  const level = hot && heat ? Math.round(hot.level(heat.kind, hot.sum(heat.kind, axis.start[a]!, axis.start[b + 1]!)) * 8) : -1;
  return {
    y: lane.box.y + y, h: BAR, key: `${shares.join()}:${step}:${level}`,
    shapes: (h) => {
      const out: Shape[] = [];
      const top = lane.box.y + y;
      if (level >= 0) {
        out.push({ t: 'rect', x: strip.x, y: top, w: strip.w, h, fill: level > 0 && heat ? HEAT_TOKEN[heat.kind] : 'k-absent', alpha: level > 0 ? level / 8 : 1 });
        return out;
      }
      const all = shares.reduce((sum, share) => sum + share, 0) || 1;
      let x = strip.x;
      shares.forEach((share, kind) => {
        if (share === 0) return;
        const w = (share / all) * strip.w;
        const look = AREA_LOOK[kind]!;
        out.push({ t: 'rect', x, y: top, w, h, fill: look.fill, alpha: fadeOf(scene.input, look.id) * (step === 0 ? 0.22 : 0.3 + (0.7 * step) / 8) });
        x += w;
      });
      return out;
    },
  };
}

function drawGap(out: Shape[], scene: SpaceScene, lane: LaneScene, box: PieceBox): void {
  const { pages } = span(lane, box.piece);
  const { x, w } = lane.box;
  const middleY = box.y + box.h / 2;
  // A gap of which less is in sight has no words: they would stand on its neighbours.
  const isCut = middleY - 6 < Math.max(box.y, lane.box.y) || middleY + 6 > Math.min(box.y + box.h, lane.box.y + lane.box.h);
  if (box.h < 12 || (isCut && box.h <= 40)) {
    const y = Math.round(middleY) + 0.5;
    if (box.h >= 4 && !isCut) out.push({ t: 'line', points: [x + 8, y, x + w - 8, y], stroke: 'line' });
    return;
  }
  // The words of a tall one stay in the window.
  const y = Math.round(box.h > 40 ? Math.min(Math.max(middleY, lane.box.y + 9), lane.box.y + lane.box.h - 9) : middleY) + 0.5;
  const words = fit(w > 300 ? `${pagesText(pages, scene.input.units)} not mapped` : pagesText(pages, scene.input.units), w - 40, DETAIL);
  const half = textWidth(words, DETAIL) / 2 + 8;
  const middle = x + w / 2;
  out.push(
    { t: 'line', points: [x + 8, y, middle - half, y], stroke: 'edge', dash: [2, 4], alpha: 0.7 },
    { t: 'line', points: [middle + half, y, x + w - 8, y], stroke: 'edge', dash: [2, 4], alpha: 0.7 },
    { t: 'text', x: middle, y: y + 3.5, text: words, size: DETAIL, fill: 'quiet', anchor: 'middle' },
  );
}

const spotIn = (spot: Spot | null, pid: number, from: number, to: number): boolean => spot !== null && spot.pid === pid && spot.page >= from && spot.page < to;

function drawRow(out: Shape[], scene: SpaceScene, lane: LaneScene, box: PieceBox, tick: number): void {
  const { input } = scene;
  const { data, layout, columns } = lane;
  const { areas } = data;
  const first = layout.first[box.piece]!;
  const parts = layout.parts[box.piece]!;
  const { from, pages } = span(lane, box.piece);
  const isSelected = spotIn(input.selected, data.pid, from, from + pages);
  const isTouched = spotIn(input.touched, data.pid, from, from + pages);
  const lens = lensOf(lane, box);
  const row = box.h - lens;
  const isSmallCard = layout.cards && row >= 26;
  if (isSmallCard) out.push({ t: 'rect', x: box.x + 0.5, y: box.y + 0.5, w: box.w - 1, h: box.h - 4, r: 7, fill: isSelected ? 'accent-soft' : 'card', stroke: isSelected ? 'accent' : 'edge' });
  else if (row >= 11 || isSelected || isTouched) {
    const back: Token | null = isSelected ? 'accent-soft' : isTouched ? 'mark' : spotIn(input.hover, data.pid, from, from + pages) ? 'card' : null;
    if (back) out.push({ t: 'rect', x: box.x, y: box.y, w: box.w, h: box.h, r: row >= 11 ? 5 : 0, fill: back, ...(isSelected && row >= 11 ? { stroke: 'accent' as const } : {}) });
  }
  if (isTouched) out.push({ t: 'rect', x: box.x, y: isSmallCard ? box.y + 7 : box.y, w: 3, h: isSmallCard ? box.h - 17 : box.h, fill: 'mark-edge' });
  const strip = stripBox(lane, box);
  if (row >= 11) out.push({ t: 'rect', x: strip.x - 0.5, y: strip.y - 0.5, w: strip.w + 1, h: strip.h + 1, fill: 'k-absent', stroke: 'edge' });
  else out.push({ t: 'rect', ...strip, fill: 'k-absent' });
  for (let i = first; i < first + parts; i++) {
    const x = strip.x + ((areas.start[i]! - from) / pages) * strip.w;
    const w = (areas.pages[i]! / pages) * strip.w;
    drawStrip(out, scene, lane, i, { x, y: strip.y, w: Math.max(w, 1.5), h: strip.h }, row < 11);
    if (i > first && row >= 11) out.push({ t: 'rect', x: Math.round(x) - 0.5, y: strip.y - 2, w: 1, h: strip.h + 4, fill: 'text' });
  }
  if (row >= 11 && !(input.moving && row < 14)) {
    const y = box.y + row / 2 + 4;
    const size = row >= 14 ? SIZE : DETAIL;
    if (columns.address) out.push({ t: 'text', x: box.x + 8, y, text: addressText(from, input.units), size, fill: 'quiet' });
    const perms = parts === 1 ? ` ${permsText(areas.perms[first]!)}` : '';
    const arrow = parts > 1 ? '▸ ' : layout.isPart[box.piece] ? '▾ ' : '';
    const name = shortName(areas.names[areas.name[first]!] ?? '');
    const room = columns.name.w - textWidth(perms, size);
    const shown = `${arrow}${fit(name, room - textWidth(arrow, size), size)}`;
    out.push({ t: 'text', x: columns.name.x, y, text: shown, size, fill: 'text', bold: isSelected });
    if (perms) out.push({ t: 'text', x: columns.name.x + columns.name.w, y, text: perms.trim(), size, fill: 'quiet', anchor: 'end' });
    const right = box.x + box.w - 8;
    if (columns.size) out.push({ t: 'text', x: right - columns.ram, y, text: pagesText(pages, input.units), size, fill: 'text', anchor: 'end' });
    if (columns.ram) {
      const heat = input.heat;
      const sum = layout.sums.present[first + parts]! - layout.sums.present[first]!;
      const text = heat ? grouped(input.heat?.of.get(data.pid)?.sum(heat.kind, from, from + pages) ?? 0) : sum === 0 ? '–' : pagesText(sum, input.units);
      out.push({ t: 'text', x: right, y, text, size, fill: sum === 0 ? 'quiet' : 'text', anchor: 'end' });
    }
    drawFlags(out, lane, first, parts, strip);
  } else if (box.y - lane.box.y - tick >= 48 && columns.address) {
    out.push({ t: 'text', x: box.x + 8, y: box.y + 9, text: addressText(from, input.units), size: DETAIL, fill: 'quiet' });
    out.push({ t: 'text', x: columns.name.x, y: box.y + 9, text: fit(shortName(areas.names[areas.name[first]!] ?? ''), columns.name.w, DETAIL), size: DETAIL, fill: 'quiet' });
  }
  if (lens > 0) drawLens(out, scene, lane, box);
}

/** What flags of a whole area say, behind its strip. */
function drawFlags(out: Shape[], lane: LaneScene, first: number, parts: number, strip: Box): void {
  let flags = 0;
  for (let i = first; i < Math.min(first + parts, first + 64); i++) flags |= lane.data.areas.flags[i]!;
  if (flags & AREA_FLAG.locked && strip.x + strip.w + 18 < lane.columns.strip.x + lane.columns.strip.w + 12) lock(out, strip.x + strip.w + 5, strip.y + strip.h / 2 - 4, 'text');
}

function lock(out: Shape[], x: number, y: number, token: Token): void {
  out.push(
    { t: 'rect', x, y: y + 4, w: 8, h: 5.5, r: 1, fill: token },
    { t: 'line', points: [x + 1.5, y + 4.5, x + 1.5, y + 1.5, x + 3, y, x + 5, y, x + 6.5, y + 1.5, x + 6.5, y + 4.5], stroke: token, width: 1.4 },
  );
}

const fadeOf = (input: SpaceInput, id: string): number => (input.only && !input.only.has(id) ? 0.14 : 1);

/** The pages of an area side by side, equal neighbours in one. */
function drawStrip(out: Shape[], scene: SpaceScene, lane: LaneScene, area: number, box: Box, isFlat: boolean): void {
  const { input } = scene;
  const { areas, strips } = lane.data;
  const pages = areas.pages[area]!;
  const start = areas.start[area]!;
  const most = Math.max(1, Math.floor(box.w));
  const hot = input.heat?.of.get(lane.data.pid);
  const heat = input.heat;
  if (heat) {
    const columns = Math.min(pages, Math.ceil(most / 2));
    let [from, was] = [0, -1];
    for (let c = 0; c <= columns; c++) {
      const level = c === columns ? -2 : hot ? Math.round(hot.level(heat.kind, hot.sum(heat.kind, start + Math.floor((c * pages) / columns), start + Math.ceil(((c + 1) * pages) / columns))) * 10) : 0;
      if (level === was) continue;
      if (was > 0) out.push({ t: 'rect', x: box.x + (from / columns) * box.w, y: box.y, w: ((c - from) / columns) * box.w, h: box.h, fill: HEAT_TOKEN[heat.kind], alpha: was / 10 });
      [from, was] = [c, level];
    }
    return;
  }
  const hasStrip = strips !== null && area >= strips.first && area < strips.first + strips.count;
  if (!hasStrip && !lane.data.cells.some((run) => run.page <= start && run.page + run.cells.length >= start + pages)) {
    if (areas.present[area] === 0) return;
    const look = AREA_LOOK[areas.kind[area]!]!;
    out.push({ t: 'rect', ...box, w: Math.max(1, (areas.present[area]! / pages) * box.w), fill: look.fill, alpha: 0.6 * fadeOf(input, look.id) });
    return;
  }
  const columns = Math.min(pages, most, hasStrip ? Math.max(strips.columns, 1) : most);
  const apart = box.w / columns >= 4 && !isFlat;
  let [from, was, wasFull] = [0, -1, 0];
  for (let c = 0; c <= columns; c++) {
    let [cell, full] = [-2, 4];
    if (c < columns) {
      if (hasStrip && pages > columns) {
        // A column stands for several of the strip: what is there in any of them is shown.
        const at = (area - strips.first) * strips.columns;
        const [a, b] = [Math.floor((c * strips.columns) / columns), Math.max(Math.floor((c * strips.columns) / columns) + 1, Math.floor(((c + 1) * strips.columns) / columns))];
        [cell, full] = [CELL.absent, 0];
        for (let k = a; k < b; k++) {
          if (cell === CELL.absent) cell = strips.cells[at + k]! & 0x0f;
          full += strips.full[at + k]!;
        }
        full = Math.ceil((full / (b - a) / 255) * 4);
      } else {
        const page = start + Math.floor(((c + 0.5) * pages) / columns);
        cell = cellOf(lane.data, area, page) & 0x0f;
      }
    }
    if (cell === was && full === wasFull && !apart) continue;
    if (was > CELL.absent && was !== CELL.none) {
      const look = CELLS[was]!;
      const x = box.x + (from / columns) * box.w;
      const w = ((c - from) / columns) * box.w - (apart ? 1 : 0);
      out.push({
        t: 'rect', x, y: box.y, w, h: box.h, fill: look.fill, alpha: fadeOf(input, look.id) * (0.4 + (0.6 * Math.max(1, wasFull)) / 4),
        ...(look.pattern && box.h >= 6 && w >= 3 ? { pattern: look.pattern } : {}),
      });
    }
    [from, was, wasFull] = [c, cell, full];
  }
}

function drawLens(out: Shape[], scene: SpaceScene, lane: LaneScene, box: PieceBox): void {
  const lens = lensPages(lane, box, scene.input);
  const strip = stripBox(lane, box);
  const { from, pages } = span(lane, box.piece);
  const a = strip.x + ((lens.from - from) / pages) * strip.w;
  const b = strip.x + ((lens.from + lens.count - from) / pages) * strip.w;
  const y = strip.y + strip.h + 0.5;
  out.push({ t: 'line', points: [a, y, lens.box.x, lens.box.y - 1, lens.box.x + lens.box.w - 2, lens.box.y - 1, b, y], stroke: 'edge', fill: 'line', alpha: 0.5 });
  const words = `${addressText(lens.from, scene.input.units)} …`;
  const room = lens.box.x - (lane.box.x + 8) - 8;
  const text = fit(words, room, DETAIL);
  if (text) out.push({ t: 'text', x: lens.box.x - 8, y: lens.box.y + lens.box.h / 2 + 4, text, size: DETAIL, fill: 'quiet', anchor: 'end' });
  for (let i = 0; i < lens.count; i++) {
    const page = lens.from + i;
    const area = areaAt(lane.data.areas, page);
    drawCell(out, scene, lane, area, page, { x: lens.box.x + i * lens.cw, y: lens.box.y, w: lens.cw - 2, h: lens.box.h });
  }
}

function drawCard(out: Shape[], scene: SpaceScene, lane: LaneScene, box: PieceBox): void {
  const { input } = scene;
  const { data, layout } = lane;
  const { areas } = data;
  const area = layout.first[box.piece]!;
  const { from, pages } = span(lane, box.piece);
  const isSelected = spotIn(input.selected, data.pid, from, from + pages);
  const isTouched = spotIn(input.touched, data.pid, from, from + pages);
  // Only what is near the window: a card can be millions of pixels high.
  const top = Math.max(box.y, lane.box.y - 40);
  const bottom = Math.min(box.y + box.h, lane.box.y + lane.box.h + 40);
  out.push({ t: 'rect', x: box.x + 0.5, y: top + 0.5, w: box.w - 1, h: bottom - top - 3, r: 7, fill: isSelected ? 'accent-soft' : 'card', stroke: isSelected ? 'accent' : 'edge', width: isSelected ? 1.5 : 1 });
  if (isTouched) out.push({ t: 'rect', x: box.x + 0.5, y: top + 8, w: 3, h: Math.max(4, bottom - top - 19), fill: 'mark-edge' });
  const x = box.x + CARD_PAD;
  const right = box.x + box.w - CARD_PAD;
  const size = pagesText(pages, input.units);
  // The head stays in sight while the card is scrolled through.
  const head = Math.max(box.y, Math.min(lane.box.y, box.y + box.h - 48)) + 17;
  const grid = gridOf(lane, box);
  const parts = layout.parts[box.piece]!;
  if (grid) drawGrid(out, scene, lane, parts === 1 ? area : -1, grid, from, pages);
  const foot = box.y + box.h - 12;
  const isPinned = head > box.y + 18;
  if (isPinned && foot - 12 < lane.box.y + 24 && foot > lane.box.y) {
    // Less is left of the card than its head and foot need: the head has it.
    out.push({ t: 'rect', x: box.x + 1, y: lane.box.y, w: box.w - 2, h: Math.min(24, box.y + box.h - 4 - lane.box.y), fill: isSelected ? 'accent-soft' : 'card' });
  } else if (isPinned && grid && grid.y < lane.box.y + 24) {
    out.push({ t: 'rect', x: box.x + 1, y: lane.box.y, w: box.w - 2, h: 24, fill: isSelected ? 'accent-soft' : 'card' });
  }
  const perms = parts === 1 ? permsText(areas.perms[area]!) : `${parts} parts`;
  const room = right - x - textWidth(size, SIZE) - 10;
  const name = fit(shortName(areas.names[areas.name[area]!] ?? ''), room - textWidth(` ${perms}`, SIZE), SIZE);
  out.push(
    { t: 'text', x, y: head, text: name, size: SIZE, fill: 'text', bold: true },
    { t: 'text', x: x + textWidth(`${name} `, SIZE), y: head, text: perms, size: SIZE, fill: 'quiet' },
    { t: 'text', x: right, y: head, text: size, size: SIZE, fill: 'quiet', anchor: 'end' },
  );
  if (areas.flags[area]! & AREA_FLAG.locked) lock(out, x + textWidth(`${name} ${perms} `, SIZE) + 2, head - 9, 'text');
  if (box.h >= CARD_HEAD + CARD_FOOT + 18 && (!isPinned || foot - 12 >= lane.box.y + 24)) {
    const words = addressText(from, input.units);
    out.push({ t: 'text', x, y: foot, text: fit(words, right - x, DETAIL), size: DETAIL, fill: 'quiet' });
    const present = parts === 1 ? presentText(lane, area) : `${pagesText(layout.sums.present[area + parts]! - layout.sums.present[area]!, input.units)} in RAM`;
    if (textWidth(words, DETAIL) + textWidth(present, DETAIL) + 14 < right - x) out.push({ t: 'text', x: right, y: foot, text: present, size: DETAIL, fill: 'quiet', anchor: 'end' });
  }
}

/** How much of an area is in RAM if every page is known, else how many entries are set. */
export function presentText({ data: { areas, cells } }: LaneScene, area: number): string {
  const [from, pages] = [areas.start[area]!, areas.pages[area]!];
  const run = cells.find((some) => some.page <= from && some.page + some.cells.length >= from + pages);
  let held = areas.present[area]!;
  if (run) {
    held = 0;
    for (let i = 0; i < pages; i++) if (run.pfn[from - run.page + i] !== NO_FRAME) held++;
    if (held === areas.pages[area]) return 'all in RAM';
    if (held === 0) return 'nothing in RAM';
  }
  return `${grouped(held)} of ${grouped(pages)} ${run ? 'in RAM' : 'entries set'}`;
}

function drawGrid(out: Shape[], scene: SpaceScene, lane: LaneScene, area: number, grid: Grid, from: number, pages: number): void {
  const first = Math.max(0, Math.floor((lane.box.y - grid.y) / grid.ch));
  const last = Math.min(grid.lines, Math.ceil((lane.box.y + lane.box.h - grid.y) / grid.ch));
  if (grid.isStrip) {
    for (let line = first; line < last; line++) {
      const [a, b] = [line * grid.columns, Math.min(pages, (line + 1) * grid.columns)];
      if (b <= a) break;
      const box = { x: grid.x, y: grid.y + line * grid.ch, w: ((b - a) / grid.columns) * grid.w, h: Math.max(6, grid.ch - 4) };
      out.push({ t: 'rect', x: box.x - 0.5, y: box.y - 0.5, w: box.w + 1, h: box.h + 1, fill: 'k-absent', stroke: 'edge' });
      drawLine(out, scene, lane, area, from + a, b - a, box);
    }
    return;
  }
  for (let line = first; line < last; line++) {
    for (let column = 0; column < grid.columns; column++) {
      const index = line * grid.columns + column;
      if (index >= pages) break;
      const box = gridCell(grid, index);
      const one = area < 0 ? areaAt(lane.data.areas, from + index) : area;
      if (grid.cw > 72 || grid.ch > 72) drawPage(out, scene, lane, one, from + index, box);
      else drawCell(out, scene, lane, one, from + index, box);
    }
  }
}

/** A part of an area as one line of a card; −1: of several. */
function drawLine(out: Shape[], scene: SpaceScene, lane: LaneScene, area: number, from: number, pages: number, box: Box): void {
  const { areas } = lane.data;
  if (area >= 0 && from === areas.start[area] && pages === areas.pages[area]) {
    drawStrip(out, scene, lane, area, box, false);
    return;
  }
  const columns = Math.min(pages, Math.max(1, Math.floor(box.w / 2)));
  let [start, was] = [0, -1];
  for (let c = 0; c <= columns; c++) {
    const page = from + Math.floor(((c + 0.5) * pages) / columns);
    const cell = c < columns ? cellOf(lane.data, area < 0 ? areaAt(areas, page) : area, page) & 0x0f : -2;
    if (cell === was) continue;
    if (was > CELL.absent && was !== CELL.none) {
      const look = CELLS[was]!;
      const w = ((c - start) / columns) * box.w;
      out.push({ t: 'rect', x: box.x + (start / columns) * box.w, y: box.y, w, h: box.h, fill: look.fill, alpha: fadeOf(scene.input, look.id), ...(look.pattern && w >= 3 ? { pattern: look.pattern } : {}) });
    }
    [start, was] = [c, cell];
  }
}

/** One page: colour and texture or letter, a corner if dirty, a lock if locked. */
export function drawCell(out: Shape[], scene: SpaceScene, lane: LaneScene, area: number, page: number, box: Box): void {
  const { input } = scene;
  const known = cellAt(lane.data.cells, page);
  const cell = area < 0 ? CELL.none : known ? known.cell : cellOf(lane.data, area, page);
  const look = CELLS[cell & 0x0f]!;
  const r = box.w >= 18 ? 4 : box.w >= 9 ? 2 : 0;
  const alpha = fadeOf(input, look.id);
  const small = box.w < 9;
  if (input.heat) {
    const hot = input.heat.of.get(lane.data.pid);
    const count = hot?.sum(input.heat.kind, page, page + 1) ?? 0;
    const level = hot?.level(input.heat.kind, count) ?? 0;
    out.push({ t: 'rect', x: box.x + 0.5, y: box.y + 0.5, w: box.w - 1, h: box.h - 1, r, fill: 'bg', stroke: 'edge' });
    if (level > 0) out.push({ t: 'rect', x: box.x + 1, y: box.y + 1, w: box.w - 2, h: box.h - 2, r, fill: HEAT_TOKEN[input.heat.kind], alpha: level });
    if (count > 0 && box.w >= 24) {
      const words = count > 999 ? '1k+' : String(count);
      const w = textWidth(words, DETAIL) + 4;
      out.push({ t: 'rect', x: box.x + box.w / 2 - w / 2, y: box.y + box.h / 2 - 7, w, h: 14, r: 3, fill: 'bg' }, { t: 'text', x: box.x + box.w / 2, y: box.y + box.h / 2 + 4, text: words, size: DETAIL, fill: 'text', anchor: 'middle' });
    }
    return;
  }
  if ((cell & 0x0f) === CELL.absent || (cell & 0x0f) === CELL.none) {
    out.push({ t: 'rect', x: box.x + 0.5, y: box.y + 0.5, w: box.w - 1, h: box.h - 1, r, fill: 'bg', stroke: 'edge', alpha, ...(small ? {} : { dash: [2, 2] }) });
  } else {
    const text = box.w >= 24 ? (input.texts.get(`${lane.data.pid}:${page}`) ?? look.letter) : box.w >= LETTER_FROM ? look.letter : '';
    const words = text.slice(0, Math.max(1, Math.floor((box.w - 3) / (DETAIL * 0.602))));
    const hasWords = words !== '';
    out.push({
      t: 'rect', x: box.x + 0.5, y: box.y + 0.5, w: box.w - 1, h: box.h - 1, r, fill: look.fill, alpha,
      ...(look.pattern && box.w >= 6 && !hasWords ? { pattern: look.pattern } : {}), ...(look.id === 'zero' ? { stroke: 'edge' as const } : {}),
    });
    if (hasWords) {
      // Words stand on the plain colour; the texture is below them.
      const band = Math.min(7, box.h * 0.3);
      if (look.pattern && box.h >= 20) out.push({ t: 'rect', x: box.x + 1.5, y: box.y + box.h - band - 1, w: box.w - 3, h: band, r: 2, fill: look.fill, pattern: look.pattern, alpha });
      const y = box.h >= 20 && look.pattern ? box.y + (box.h - band) / 2 + 4 : box.y + box.h / 2 + 4;
      out.push({ t: 'text', x: box.x + box.w / 2, y, text: words, size: DETAIL, fill: look.ink, anchor: 'middle', bold: true, alpha });
    }
    if (known && known.cell & CELL_BIT.dirty && box.w >= 8) {
      const d = Math.min(8, box.w * 0.34);
      out.push({ t: 'line', points: [box.x + box.w - 1 - d, box.y + 1, box.x + box.w - 1, box.y + 1, box.x + box.w - 1, box.y + 1 + d], stroke: 'bg', fill: 'text', alpha });
    }
  }
  if (cell !== CELL.none && cell & CELL_BIT.locked && box.w >= 15) lock(out, box.x + 2.5, box.y + box.h - 12, (cell & 0x0f) === CELL.absent ? 'text' : look.ink);
  if (input.frame !== null && known && known.pfn === input.frame) out.push({ t: 'rect', x: box.x - 1, y: box.y - 1, w: box.w + 2, h: box.h + 2, r: r + 1, stroke: 'mark-edge', width: 2 });
}

/** A page with room for words, and for its bytes if they are known. */
function drawPage(out: Shape[], scene: SpaceScene, lane: LaneScene, area: number, page: number, box: Box): void {
  const { input } = scene;
  const known = cellAt(lane.data.cells, page);
  const cell = known?.cell ?? cellOf(lane.data, area, page);
  const look = CELLS[cell & 0x0f]!;
  const isAbsent = (cell & 0x0f) === CELL.absent || (cell & 0x0f) === CELL.none;
  const top = Math.max(box.y, lane.box.y - 20);
  const bottom = Math.min(box.y + box.h, lane.box.y + lane.box.h + 20);
  out.push({ t: 'rect', x: box.x + 0.5, y: top + 0.5, w: box.w - 1, h: bottom - top - 1, r: 4, fill: 'bg', stroke: 'edge', ...(isAbsent ? { dash: [3, 3] } : {}) });
  if (!isAbsent) out.push({ t: 'rect', x: box.x + 1, y: top + 1, w: 9, h: bottom - top - 2, r: 3, fill: look.fill, ...(look.pattern ? { pattern: look.pattern } : {}), alpha: fadeOf(input, look.id) });
  const bits = known ? [known.cell & CELL_BIT.dirty ? 'dirty' : '', known.cell & CELL_BIT.locked ? 'locked' : ''].filter(Boolean) : [];
  const frame = known && known.pfn !== NO_FRAME ? [`frame ${known.pfn}`] : [];
  const x = box.x + 18;
  const room = box.w - 26;
  const isOver = box.y < lane.box.y + 24;
  const y = Math.min(Math.max(box.y, isOver ? lane.box.y + 24 : box.y) + 16, box.y + box.h - 8);
  const beside = textWidth(addressText(page, input.units), SIZE) + 12;
  const under = room - beside > 90 ? 26 : 42;
  const body = { x, y: box.y + under, w: room, h: box.h - under - 6 };
  const { bytes } = input;
  const hasBytes = bytes !== null && bytes.pid === lane.data.pid && bytes.page === page;
  if (hasBytes) drawBytes(out, lane, bytes, body);
  if (isOver) out.push({ t: 'rect', x: box.x + 11, y: lane.box.y + 20, w: box.w - 13, h: y - lane.box.y - 12, fill: 'bg' });
  out.push({ t: 'text', x, y, text: fit(addressText(page, input.units), room, SIZE), size: SIZE, fill: 'text', bold: true });
  const words = [look.meaning || 'not looked at yet', ...bits, ...frame].join(' · ');
  if (room - beside > 90) out.push({ t: 'text', x: x + beside, y, text: fit(words, room - beside, DETAIL), size: DETAIL, fill: 'quiet' });
  else if (box.h >= 40) out.push({ t: 'text', x, y: y + 16, text: fit(words, room, DETAIL), size: DETAIL, fill: 'quiet' });
  if (!hasBytes) {
    const text = input.texts.get(`${lane.data.pid}:${page}`);
    if (text && body.h > 24 && room - beside > 90) out.push({ t: 'text', x, y: box.y + 40, text: fit(`"${text}"`, room, SIZE), size: SIZE, fill: 'text' });
  }
}

/** Bytes: a picture, 64 a line, while they are too small for text, then lines as `xxd` has them. */
function drawBytes(out: Shape[], lane: LaneScene, { bytes, isInvented }: NonNullable<SpaceInput['bytes']>, box: Box): void {
  const perLine = [32, 16, 8].find((count) => (6 + count * 4 + 1) * SIZE * 0.602 <= box.w) ?? 4;
  const lines = Math.ceil(bytes.length / perLine);
  const pitch = box.h / lines;
  if (isInvented) out.push({ t: 'text', x: box.x, y: Math.max(box.y, lane.box.y + 26) + 10, text: fit('what stands in the file is not known: a filler', box.w, DETAIL), size: DETAIL, fill: 'bad' });
  const shift = isInvented ? 16 : 0;
  if (pitch < 12.5) {
    // As high as the page: a place in it stays where it is while the lines grow.
    const h = box.h - shift;
    const w = Math.min(box.w * 0.62, Math.max(64, Math.min(448, h)));
    if (h < 48 || w < 48) return;
    const data = new Uint8Array(4096);
    for (let i = 0; i < 4096; i++) data[i] = byteClass(bytes[i] ?? 0);
    out.push({ t: 'rect', x: box.x - 0.5, y: box.y + shift - 0.5, w: w + 1, h: h + 1, fill: 'bg', stroke: 'edge' });
    out.push({ t: 'raster', x: box.x, y: box.y + shift, w, h, columns: 64, rows: 64, data, palette: ['k-absent', 'k-anon', 'k-file', 'k-cow'] });
    const top = Math.max(box.y + shift, lane.box.y + 48) + 12;
    const kinds = [['k-absent', '00'], ['k-anon', 'letters'], ['k-file', 'others'], ['k-cow', 'ff']] as const;
    const left = box.x + w + 16;
    if (box.w - w > 130 && top + 70 < box.y + box.h) {
      out.push({ t: 'text', x: left, y: top, text: '64 bytes a line', size: DETAIL, fill: 'quiet' });
      kinds.forEach(([fill, text], i) => out.push({ t: 'rect', x: left + 0.5, y: top + 8.5 + i * 17, w: 10, h: 10, r: 2, fill, stroke: 'edge' }, { t: 'text', x: left + 18, y: top + 18 + i * 17, text, size: DETAIL, fill: 'quiet' }));
    }
    return;
  }
  const first = Math.max(0, Math.floor((lane.box.y - box.y) / pitch) - 1);
  const last = Math.min(lines, Math.ceil((lane.box.y + lane.box.h - box.y) / pitch) + 1);
  for (let line = first; line < last; line++) {
    const from = line * perLine;
    let [hex, text] = ['', ''];
    for (let i = from; i < Math.min(bytes.length, from + perLine); i++) {
      hex += `${bytes[i]!.toString(16).padStart(2, '0')} `;
      text += bytes[i]! >= 32 && bytes[i]! < 127 ? String.fromCharCode(bytes[i]!) : '·';
    }
    const y = box.y + shift + line * pitch + Math.min(pitch / 2, 10) + 4;
    const empty = /^(?:00 )*$/.test(hex);
    out.push({ t: 'text', x: box.x, y, text: from.toString(16).padStart(3, '0'), size: DETAIL, fill: 'quiet' });
    out.push({ t: 'text', x: box.x + 6 * DETAIL * 0.602, y, text: hex.trimEnd(), size: SIZE, fill: empty ? 'quiet' : 'text' });
    out.push({ t: 'text', x: box.x + (6 + perLine * 3) * SIZE * 0.602, y, text, size: SIZE, fill: empty ? 'quiet' : 'text' });
  }
}

function byteClass(byte: number): number {
  return byte === 0 ? 0 : byte === 255 ? 3 : byte >= 32 && byte < 127 ? 1 : 2;
}

/** The touched page, the selected one, the one under the pointer, a range: over everything else. */
function drawMarks(out: Shape[], scene: SpaceScene, lane: LaneScene): void {
  const { input } = scene;
  const { pid } = lane.data;
  if (input.range && input.range.pid === pid) {
    const { axis } = lane.layout;
    const at = axis.extent(input.range.from, input.range.to, lane.zoom);
    const y = Math.max(at.y - lane.scroll, -10) + lane.box.y;
    const h = Math.max(2, Math.min(at.y + at.h - lane.scroll, lane.box.h + 10) + lane.box.y - y);
    out.push({ t: 'rect', x: lane.box.x, y, w: lane.box.w, h, fill: 'accent', alpha: 0.16 }, { t: 'rect', x: lane.box.x + 0.5, y: y + 0.5, w: lane.box.w - 1, h: h - 1, stroke: 'accent' });
    const words = `${pagesText(input.range.to - input.range.from, input.units)} from ${addressText(input.range.from, input.units)}`;
    const w = textWidth(words, DETAIL) + 14;
    const middle = Math.max(lane.box.y + 2, Math.min(lane.box.y + lane.box.h - 22, y + h / 2 - 10));
    out.push({ t: 'rect', x: lane.box.x + lane.box.w / 2 - w / 2, y: middle, w, h: 20, r: 4, fill: 'text' }, { t: 'text', x: lane.box.x + lane.box.w / 2, y: middle + 14, text: words, size: DETAIL, fill: 'bg', anchor: 'middle' });
  }
  for (const [spot, token, isTouch] of [[input.hover, 'quiet', false], [input.selected, 'text', false], [input.touched, 'mark-edge', true]] as const) {
    if (!spot || spot.pid !== pid) continue;
    const at = locate(scene, pid, spot.page);
    if (!at || at.y + at.h < lane.box.y - 1e6 || at.y > lane.box.y + lane.box.h + 1e6) continue;
    if (spot === input.hover && at.w > lane.box.w * 0.8) continue;
    const y = Math.max(at.y, lane.box.y - 30);
    const h = Math.min(at.y + at.h, lane.box.y + lane.box.h + 30) - y;
    if (h <= 0) continue;
    if (isTouch && at.w >= lane.box.w * 0.99 && at.h >= 11 && areaAt(lane.data.areas, spot.page) < 0) {
      out.push({ t: 'rect', x: at.x + 1, y: at.y + 1, w: at.w - 2, h: Math.max(4, at.h - 2), r: 4, fill: 'mark', stroke: 'mark-edge', width: 1.5 });
      out.push({ t: 'text', x: at.x + at.w / 2, y: at.y + at.h / 2 + 4, text: fit(`touched ${addressText(spot.page, input.units)}: nothing is mapped there`, at.w - 12, DETAIL), size: DETAIL, fill: 'text', anchor: 'middle' });
      continue;
    }
    const piece = pieceBox(lane, lane.layout.axis.at(spot.page));
    if (piece.h < 11 && spot !== input.hover) {
      const middle = Math.round(at.y + at.h / 2) + 0.5;
      out.push({ t: 'line', points: [lane.box.x + 2, middle, lane.columns.strip.x + lane.columns.strip.w, middle], stroke: 'bg', width: 4, alpha: 0.6 }, { t: 'line', points: [lane.box.x + 2, middle, lane.columns.strip.x + lane.columns.strip.w, middle], stroke: isTouch ? 'mark-edge' : 'accent', width: 1.5 });
      const words = fit(`${isTouch ? 'touched' : 'selected'} ${addressText(spot.page, input.units)}`, Math.max(0, lane.columns.strip.x - lane.box.x - 20), DETAIL);
      if (words && !(input.touched && !isTouch && Math.abs((locate(scene, pid, input.touched.page)?.y ?? -99) - at.y) < 20 && input.touched.pid === pid)) {
        const w = textWidth(words, DETAIL) + 12;
        const label = Math.min(lane.box.y + lane.box.h - 11, Math.max(lane.box.y + 11, middle));
        out.push({ t: 'rect', x: lane.box.x + 4, y: label - 9.5, w, h: 19, r: 4, fill: 'bg', stroke: isTouch ? 'mark-edge' : 'accent' }, { t: 'text', x: lane.box.x + 10, y: label + 4, text: words, size: DETAIL, fill: 'text' });
      }
    }
    if (at.w >= lane.box.w * 0.99) continue;
    const out2 = token === 'text' ? 3 : 1;
    if (token === 'text') out.push({ t: 'rect', x: at.x - 1.5, y: y - 1.5, w: at.w + 3, h: h + 3, r: 4, stroke: 'bg', width: 2 });
    out.push({ t: 'rect', x: at.x - out2, y: y - out2, w: at.w + 2 * out2, h: h + 2 * out2, r: 4, stroke: token, width: spot === input.hover ? 1 : 2 });
    if (isTouch && at.w < 14) {
      const m = at.x + at.w / 2;
      out.push({ t: 'line', points: [m - 4, y - 7, m + 4, y - 7, m, y - 1, m - 4, y - 7], stroke: 'mark-edge', fill: 'mark-edge' });
    }
  }
}
