/** The whole space of a process on one line, gaps folded, with the window in it. */
import type { Areas } from '../worker/protocol.ts';
import { Axis } from './axis.ts';
import { KINDS, areaAt } from './layout.ts';
import type { Box, Picture, Shape } from './shapes.ts';
import { AREA_LOOK } from './theme.ts';
import { SPACE_PAGES, UNITS, type Units, addressText, pagesText, permsText, shortName } from './units.ts';
import { pictures } from '../texts/pictures.ts';

export interface MinimapInput {
  readonly width: number;
  readonly height: number;
  readonly areas: Areas;
  readonly axis: Axis;
  /** The pages in the window. */
  readonly seen: { readonly from: number; readonly to: number };
  readonly touched: number | null;
  readonly selected: number | null;
  /** A page that is pointed at, here or in another view: its area is lit and named. */
  readonly pointed?: number | null;
  /** High addresses at the left. */
  readonly flipped: boolean;
  readonly units?: Units;
}

const PAD = 1.5;
export const MINIMAP_LINE = 16;

/** Binary logarithms of small numbers: of tens of thousands of areas nearly all are small. */
const LOGS = Float64Array.from({ length: 1024 }, (_, number) => Math.log2(number));
const log2 = (number: number): number => (number < LOGS.length ? LOGS[number]! : Math.log2(number));

const gapWeight = (pages: number): number => 0.4 * log2(pages + 1);
const areaWeight = (pages: number): number => 2 + log2(pages + 1);

/** Areas by the logarithm of their size, gaps too; its length at zoom 1 is 1. */
export function minimapAxis(areas: Areas, flipped: boolean): Axis {
  const { start, pages } = areas;
  const most = 2 * areas.count + 1;
  const [edges, grows] = [new Float64Array(most + 1), new Float64Array(most)];
  let count = 0;
  let at = 0;
  let sum = 0;
  for (let i = 0; i < areas.count; i++) {
    const from = start[i]!;
    if (from > at) {
      sum += grows[count] = gapWeight(from - at);
      edges[++count] = from;
    }
    sum += grows[count] = areaWeight(pages[i]!);
    edges[++count] = at = from + pages[i]!;
  }
  if (at < SPACE_PAGES) {
    sum += grows[count] = gapWeight(SPACE_PAGES - at);
    edges[++count] = SPACE_PAGES;
  }
  for (let i = 0; i < count; i++) grows[i]! /= sum;
  return new Axis({ start: edges.subarray(0, count + 1), grows: grows.subarray(0, count), stays: new Float64Array(count) }, flipped);
}

const lineBox = (input: { width: number; height: number }): Box => ({ x: PAD, y: PAD, w: input.width - 2 * PAD, h: Math.max(8, input.height - MINIMAP_LINE - 2 * PAD) });

export function minimapPage(input: { width: number; height: number; axis: Axis }, x: number): number {
  const box = lineBox(input);
  return input.axis.toPage(Math.min(box.w, Math.max(0, x - box.x)), box.w);
}

/** The window as a rectangle, never narrower than can be seen nor outside of the line. */
export function windowBox(input: MinimapInput): Box {
  const box = lineBox(input);
  const [a, b] = [input.axis.toPixel(input.seen.from, box.w), input.axis.toPixel(input.seen.to, box.w)].sort((p, q) => p - q) as [number, number];
  const w = Math.min(box.w, Math.max(10, b - a));
  return { x: box.x + Math.min(box.w - w, Math.max(0, (a + b) / 2 - w / 2)), y: box.y, w, h: box.h };
}

/** What each column of pixels mostly holds, −1 for nothing. Made once for an axis, for every frame of a pan draws it. */
const kindsOf = new WeakMap<Axis, Int8Array>();
/** Which columns have something in RAM: it changes more often than what lies there. */
const presenceOf = new WeakMap<Uint32Array, { readonly axis: Axis; readonly columns: Uint8Array }>();

/** Both in one pass over the areas, as far as they are not known. */
function columnsOf({ areas, axis }: MinimapInput, columns: number): { readonly kind: Int8Array; readonly present: Uint8Array } {
  const [kinds, presence] = [kindsOf.get(axis), presenceOf.get(areas.present)];
  const isKnown = kinds?.length === columns;
  if (isKnown && presence?.axis === axis && presence.columns.length === columns) return { kind: kinds, present: presence.columns };
  const kind = isKnown ? kinds : new Int8Array(columns).fill(-1);
  const present = new Uint8Array(columns);
  const counts = isKnown ? null : new Uint32Array(KINDS * columns);
  eachArea(areas, axis, columns, (i, from, to) => {
    if (areas.present[i]! > 0) present.fill(1, from, to);
    const own = areas.kind[i]!;
    if (counts) for (let x = from; x < to; x++) {
      const count = ++counts[x * KINDS + own]!;
      const most = kind[x]!;
      if (most !== own && (most < 0 || count > counts[x * KINDS + most]!)) kind[x] = own;
    }
  });
  kindsOf.set(axis, kind);
  presenceOf.set(areas.present, { axis, columns: present });
  return { kind, present };
}

/** Each area with the columns that it is in. */
function eachArea(areas: Areas, axis: Axis, columns: number, take: (area: number, from: number, to: number) => void): void {
  // Where an area ends the next piece begins: each edge is asked for once.
  let [piece, before, edge] = [0, 0, axis.edge(0, columns)];
  for (let i = 0; i < areas.count; i++) {
    while (piece < axis.count - 1 && axis.start[piece]! < areas.start[i]!) edge = axis.edge(++piece, columns);
    [before, edge] = [edge, axis.edge(++piece, columns)];
    const from = Math.min(columns - 1, Math.floor(Math.min(before, edge)));
    take(i, from, Math.min(columns, Math.max(from + 1, Math.floor(Math.max(before, edge)))));
  }
}

/** The area that is pointed at; −1: none. */
function pointedArea({ areas, pointed }: MinimapInput): number {
  return pointed === null || pointed === undefined ? -1 : areaAt(areas, pointed);
}

/** Longer than this it would meet the ends of the space beside it. */
const NAME = 24;

function nameOf({ areas, width }: MinimapInput, area: number, units: Units): string {
  const name = shortName(areas.names[areas.name[area]!]!);
  const short = name.length > NAME ? `${name.slice(0, NAME - 1)}…` : name;
  return width > 420 ? `${addressText(areas.start[area]!, units)} ${permsText(areas.perms[area]!)} ${short}` : short;
}

export function drawMinimap(input: MinimapInput): Picture {
  const box = lineBox(input);
  const { areas, axis } = input;
  // Equal neighbours in one: what there is of an area is at least one column wide.
  const shapes: Shape[] = [{ t: 'rect', x: box.x - 0.5, y: box.y - 0.5, w: box.w + 1, h: box.h + 1, r: 4, fill: 'card', stroke: 'edge' }];
  const { kind, present } = columnsOf(input, Math.max(1, Math.floor(box.w)));
  const columns = kind.length;
  let isPale = false;
  for (let x = 0; x < columns; ) {
    let behind = x + 1;
    while (behind < columns && kind[behind] === kind[x] && present[behind] === present[x]) behind++;
    if (kind[x]! >= 0) {
      const look = AREA_LOOK[kind[x]!]!;
      const w = behind - x;
      const at = { x: box.x + x, y: box.y + 3, w: w > 4 ? w - 1 : w, h: box.h - 6 };
      // Of what has nothing in RAM only the place is shown: the colours are those of pages.
      if (present[x]) shapes.push({ t: 'rect', ...at, fill: look.fill, ...(look.pattern && w >= 4 ? { pattern: look.pattern } : {}) });
      else {
        isPale = true;
        shapes.push({ t: 'rect', x: at.x + 0.5, y: at.y + 0.5, w: Math.max(1, at.w - 1), h: at.h - 1, fill: 'k-absent', ...(w >= 4 ? { stroke: 'edge' as const } : {}) });
      }
    }
    x = behind;
  }
  for (const [page, token] of [[input.selected, 'accent'], [input.touched, 'mark-edge']] as const) {
    if (page === null) continue;
    const x = Math.min(box.x + box.w - 5, Math.max(box.x + 5, box.x + axis.toPixel(page, box.w)));
    shapes.push({ t: 'line', points: [x, box.y + 1, x, box.y + box.h - 1], stroke: token, width: 2 }, { t: 'line', points: [x - 4, box.y - 1, x + 4, box.y - 1, x, box.y + 5, x - 4, box.y - 1], stroke: token, fill: token });
  }
  const lit = pointedArea(input);
  if (lit >= 0) {
    const [a, b] = [axis.toPixel(areas.start[lit]!, box.w), axis.toPixel(areas.start[lit]! + areas.pages[lit]!, box.w)].sort((p, q) => p - q) as [number, number];
    shapes.push({ t: 'rect', x: box.x + Math.min(a, box.w - 3), y: box.y + 1.5, w: Math.max(3, b - a), h: box.h - 3, r: 2, stroke: 'accent', width: 1.5 });
  }
  const seen = windowBox(input);
  shapes.push({ t: 'rect', ...seen, r: 4, fill: 'accent', alpha: 0.14 }, { t: 'rect', x: seen.x, y: seen.y - 0.5, w: seen.w, h: seen.h + 1, r: 4, stroke: 'accent', width: 2 });
  const units = input.units ?? UNITS;
  const [left, right] = input.flipped ? [addressText(SPACE_PAGES, units), '0'] : ['0', addressText(SPACE_PAGES, units)];
  const y = input.height - 3;
  shapes.push({ t: 'text', x: box.x + 2, y, text: left, size: 11, fill: 'quiet' }, { t: 'text', x: box.x + box.w - 2, y, text: right, size: 11, fill: 'quiet', anchor: 'end' });
  const words = lit >= 0 ? nameOf(input, lit, units) : box.w > 420 ? pictures.minimap.folded(pagesText(SPACE_PAGES, units), isPale) : pagesText(SPACE_PAGES, units);
  shapes.push({ t: 'text', x: box.x + box.w / 2, y, text: words, size: 11, fill: 'quiet', anchor: 'middle' });
  return { width: input.width, height: input.height, shapes, label: pictures.minimap.whole(areas.count, addressText(input.seen.from, units), addressText(input.seen.to, units)) };
}
