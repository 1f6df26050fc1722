/** Address spaces as a scene: one lane a process, from the whole space to the bytes of a page; where each part of it lies. */
import { type View, scrollOf } from '../axis.ts';
import type { Heat } from '../heat.ts';
import { CARD_FOOT, CARD_FROM, CARD_HEAD, CARD_PAD, type LaneData, LENS_HEIGHT, type Layout } from '../layout.ts';
import { type Box, textWidth } from '../shapes.ts';
import type { HeatKind } from '../theme.ts';
import { type Units, shortName } from '../units.ts';
import type { Areas } from '../../worker/protocol.ts';
import type { Changes } from './changes.ts';

export interface Spot { readonly pid: number; readonly page: number }
/** Pages from … to (not included). */
export interface Range { readonly pid: number; readonly from: number; readonly to: number }

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
  readonly range: Range | null;
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
  /** What is other than at the moment that is compared with; null: nothing is compared. */
  readonly changes: Changes | null;
  /** Ended processes, a line each. */
  readonly ended: readonly { readonly pid: number; readonly text: string }[];
  /** Fewer words while it moves. */
  readonly moving?: boolean;
}

export const LANE_HEAD = 46;
export const LANE_GAP = 18;
export const FOOT_LINE = 18;
export const SIZE = 11.5;
export const DETAIL = 11;
/** Cells whose letter can be read. */
export const LETTER_FROM = 10;
/** Pages drawn one by one that are asked for. */
export const MOST_CELLS = 4096;
export const BAR = 2;

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
    return { data, layout, box, scroll: scrollOf(layout.axis, input.view, h), zoom: input.view.zoom, columns: columnsOf(box, layout.cards, nameWidth(data.areas)) };
  });
  return { input, lanes, slot: places.slot && { ...places.slot, y: LANE_HEAD, h } };
}

/** Names that are measured: very many areas have few. */
const MOST_MEASURED = 500;
const NAME_PAD = 16;
const widths = new WeakMap<readonly string[], number>();

/** What the longest name needs, with its permissions. */
function nameWidth({ names }: Areas): number {
  let width = widths.get(names);
  if (width === undefined) {
    const longest = names.slice(0, MOST_MEASURED).reduce((most, name) => Math.max(most, shortName(name).length), 0);
    widths.set(names, (width = textWidth(' rw-p'.padStart(longest + 5), SIZE) + NAME_PAD));
  }
  return width;
}

/** Where its columns are. Names get more than their part where they would be cut, and the strips of pages still show something. */
function columnsOf({ x, w }: Box, cards: boolean, needed: number): Columns {
  const address = w >= 430 && !cards ? 98 : 0;
  const ram = w >= 520 && !cards ? 82 : 0;
  const size = w >= 200 ? (cards ? 72 : 82) : 0;
  const left = x + 8 + address;
  const right = x + w - 8 - size - ram;
  const least = (right - left) * (w < 300 ? 0.62 : w < 430 ? 0.52 : 0.4);
  const most = (right - left) * (w < 300 ? (cards ? 0.78 : 0.62) : 0.64);
  const name = Math.min(260, Math.max(70, least, Math.min(needed, most)));
  return {
    address, ram, size,
    name: { x: left, y: 0, w: name - 8, h: 0 },
    strip: { x: left + name, y: 0, w: Math.max(20, right - left - name - 6), h: 0 },
  };
}

/* ---------------------------------------------------------------- where things are */

export interface PieceBox extends Box { readonly piece: number }

export function pieceBox(lane: LaneScene, piece: number): PieceBox {
  const { y, h } = lane.layout.axis.piece(piece, lane.zoom);
  return { piece, x: lane.box.x, y: lane.box.y + y - lane.scroll, w: lane.box.w, h };
}

export const isGap = (lane: LaneScene, piece: number): boolean => lane.layout.parts[piece] === 0;
export const isCard = (lane: LaneScene, box: PieceBox): boolean => box.h - lensOf(lane, box) >= CARD_FROM;

export function lensOf(lane: LaneScene, box: PieceBox): number {
  return lane.layout.hasLens[box.piece] && lane.zoom >= 0.55 && lane.zoom < 2.4 ? LENS_HEIGHT * Math.min(1, lane.zoom) : 0;
}

/** The first and the number of pages of a piece. */
export function span(lane: LaneScene, piece: number): { from: number; pages: number } {
  const { start } = lane.layout.axis;
  return { from: start[piece]!, pages: start[piece + 1]! - start[piece]! };
}

/** The strip of a row: a page has at most four columns of pixels. */
export function stripBox(lane: LaneScene, box: PieceBox): Box {
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
export function gridOf(lane: LaneScene, box: PieceBox): Grid | null {
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

export function gridCell(grid: Grid, index: number): Box {
  const line = Math.floor(index / grid.columns);
  const column = index % grid.columns;
  const gap = grid.isStrip ? 0 : grid.cw >= 20 ? 4 : grid.cw >= 9 ? 2 : 1;
  const w = grid.isStrip ? Math.max(5, grid.cw) : grid.cw - gap;
  return { x: Math.min(grid.x + column * grid.cw, grid.x + grid.w - w), y: grid.y + line * grid.ch, w, h: grid.ch - (grid.isStrip ? 3 : gap) };
}

/** The lens of a row: pages about the one in focus, by themselves. */
export function lensPages(lane: LaneScene, box: PieceBox, input: SpaceInput): { from: number; count: number; box: Box; cw: number } {
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

export function inStrip(strip: Box, index: number, pages: number): Box {
  const w = Math.max(5, strip.w / pages);
  const h = Math.max(4, strip.h);
  return { x: Math.min(strip.x + (index / pages) * strip.w, strip.x + strip.w - w), y: strip.y + (strip.h - h) / 2, w, h };
}
