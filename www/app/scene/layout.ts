/** From areas to the pieces of an axis: areas, parts of one file in one row, gaps. */
import { AREA, type Areas, type Cells, type Strips, CELL, NO_FRAME } from '../worker/protocol.ts';
import { Axis, type Pieces, above } from './axis.ts';
import { SPACE_PAGES } from './units.ts';

/** One process as the picture needs it. */
export interface LaneData {
  readonly pid: number;
  /** What stands over it, and what stands behind that in quiet. */
  readonly title: string;
  readonly notes: string;
  readonly areas: Areas;
  readonly strips: Strips | null;
  readonly cells: readonly Cells[];
}

export const NO_AREAS: Areas = {
  count: 0, start: new Float64Array(), pages: new Float64Array(), present: new Uint32Array(), kind: new Uint8Array(),
  perms: new Uint8Array(), flags: new Uint8Array(), name: new Uint32Array(), names: [],
};

export interface LayoutOptions {
  readonly trueScale: boolean;
  /** High addresses at the bottom. */
  readonly lowFirst: boolean;
  /** First pages of groups that are opened. */
  readonly opened: ReadonlySet<number>;
  /** Pages that must be seen: touched and selected. */
  readonly focus: readonly number[];
  /** Room of a lane. */
  readonly width: number;
  readonly height: number;
}

export const GAP_HEIGHT = 18;
export const ROW_HEIGHT = 20;
export const LENS_HEIGHT = 26;
/** From this height on an area is a card with its pages. */
export const CARD_FROM = 52;
export const CARD_HEAD = 26;
export const CARD_FOOT = 25;
export const CARD_PAD = 10;

/** Pieces of a lane, in order of address: `parts[i]` areas from `first[i]` on; 0 is a gap (in front of `first[i]`). */
export interface Layout {
  readonly axis: Axis;
  readonly first: Uint32Array;
  readonly parts: Uint32Array;
  /** Whether a piece belongs to a group that is opened. */
  readonly isPart: Uint8Array;
  readonly hasLens: Uint8Array;
  readonly cards: boolean;
  /** Of areas before each: pages, pages present, areas by kind. */
  readonly sums: Sums;
  readonly pieces: Pieces;
}

export interface Sums {
  readonly pages: Float64Array;
  readonly present: Float64Array;
  /** One after the other: 8 kinds. */
  readonly kinds: readonly Uint32Array[];
}

export const KINDS = 8;

export function sumsOf(areas: Areas): Sums {
  const pages = new Float64Array(areas.count + 1);
  const present = new Float64Array(areas.count + 1);
  const kinds = Array.from({ length: KINDS }, () => new Uint32Array(areas.count + 1));
  for (let i = 0; i < areas.count; i++) {
    pages[i + 1] = pages[i]! + areas.pages[i]!;
    present[i + 1] = present[i]! + areas.present[i]!;
    for (let kind = 0; kind < KINDS; kind++) kinds[kind]![i + 1] = kinds[kind]![i]! + (areas.kind[i] === kind ? 1 : 0);
  }
  return { pages, present, kinds };
}

/** Size of the cells of a card at zoom 1 and how many stand beside each other. */
export function naturalCells(pages: number, width: number): { size: number; columns: number } | null {
  const room = width - 2 * CARD_PAD;
  for (const [size, most] of [[32, 8], [26, 24], [18, 72]] as const) {
    if (pages <= most) return { size, columns: Math.max(1, Math.floor(room / size)) };
  }
  return null;
}

function naturalHeight(areas: Areas, i: number, width: number): number {
  const kind = areas.kind[i]!;
  if ((kind === AREA.special || kind === AREA.device) && areas.present[i] === 0) return 34;
  const natural = naturalCells(areas.pages[i]!, width);
  const body = natural ? Math.ceil(areas.pages[i]! / natural.columns) * natural.size : 20;
  return CARD_HEAD + body + CARD_FOOT;
}

export function layOut(areas: Areas, options: LayoutOptions, sums: Sums = sumsOf(areas)): Layout {
  const { count, start, pages } = areas;
  let cards = !options.trueScale && count <= 40;
  if (cards) {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += naturalHeight(areas, i, options.width) + GAP_HEIGHT;
    cards = sum <= Math.max(options.height * 1.9, 760);
  }
  const grouped = !cards && !options.trueScale;
  const first: number[] = [];
  const parts: number[] = [];
  const edges: number[] = [];
  const opened: number[] = [];
  let at = 0;
  for (let i = 0; i < count; ) {
    if (start[i]! > at) {
      first.push(i);
      parts.push(0);
      edges.push(at);
      opened.push(0);
    }
    let behind = i + 1;
    if (grouped && isFile(areas, i)) {
      while (behind < count && areas.name[behind] === areas.name[i] && start[behind] === start[behind - 1]! + pages[behind - 1]!) behind++;
    }
    const isOpen = behind - i > 1 && options.opened.has(start[i]!);
    for (let k = i; k < behind; k = isOpen ? k + 1 : behind) {
      first.push(k);
      parts.push(isOpen ? 1 : behind - i);
      edges.push(start[k]!);
      opened.push(isOpen ? 1 : 0);
    }
    at = start[behind - 1]! + pages[behind - 1]!;
    i = behind;
  }
  const top = Math.max(SPACE_PAGES, at);
  if (at < top) {
    first.push(count);
    parts.push(0);
    edges.push(at);
    opened.push(0);
  }
  edges.push(top);

  const n = first.length;
  const grows = new Float64Array(n);
  const stays = new Float64Array(n);
  let gaps = 0;
  for (let i = 0; i < n; i++) if (parts[i] === 0) gaps++;
  // With thousands of them a small gap is a thin line.
  const thin = gaps > 2000;
  for (let i = 0; i < n; i++) {
    const size = edges[i + 1]! - edges[i]!;
    if (options.trueScale) grows[i] = (size / top) * options.height;
    else if (parts[i] === 0) stays[i] = thin && size < 2 ** 18 ? 4 : cards ? GAP_HEIGHT + 4 : GAP_HEIGHT;
    else grows[i] = cards ? naturalHeight(areas, first[i]!, options.width) : ROW_HEIGHT;
  }
  const pieces = { start: Float64Array.from(edges), grows, stays, upright: Uint8Array.from(parts, (some) => (some > 0 ? 1 : 0)) };
  return withFocus({
    axis: new Axis(pieces, !options.lowFirst), pieces,
    first: Uint32Array.from(first), parts: Uint32Array.from(parts), isPart: Uint8Array.from(opened), hasLens: new Uint8Array(n), cards, sums,
  }, options);
}

/** The same with lenses for the pages that must be seen: cheap, for every step has others. */
export function withFocus(base: Layout, options: LayoutOptions): Layout {
  if (base.cards || options.trueScale || options.focus.length === 0) return base;
  const stays = base.pieces.stays.slice();
  const hasLens = new Uint8Array(base.axis.count);
  for (const page of options.focus) {
    const i = base.axis.at(page);
    if (base.parts[i] === 0) continue;
    stays[i] = LENS_HEIGHT;
    hasLens[i] = 1;
  }
  return { ...base, hasLens, axis: new Axis({ ...base.pieces, stays }, base.axis.flipped) };
}

function isFile(areas: Areas, i: number): boolean {
  const name = areas.names[areas.name[i]!] ?? '';
  return name !== '' && !name.startsWith('[');
}

/** The area that a page is in; −1 for none. */
export function areaAt(areas: Areas, page: number): number {
  const i = above(areas.start, page, areas.count) - 1;
  return i >= 0 && page < areas.start[i]! + areas.pages[i]! ? i : -1;
}

/** What is known of one page. */
export function cellAt(cells: readonly Cells[], page: number): { cell: number; pfn: number } | null {
  for (const run of cells) {
    const i = page - run.page;
    if (i >= 0 && i < run.cells.length) return { cell: run.cells[i]!, pfn: run.pfn[i] ?? NO_FRAME };
  }
  return null;
}

/** The cell of a page, as exactly as it is known: by itself, by its strip, or not at all. */
export function cellOf(lane: LaneData, area: number, page: number): number {
  const known = cellAt(lane.cells, page);
  if (known) return known.cell;
  const { strips, areas } = lane;
  if (strips && area >= strips.first && area < strips.first + strips.count) {
    const column = Math.min(strips.columns - 1, Math.floor(((page - areas.start[area]!) / areas.pages[area]!) * strips.columns));
    return strips.cells[(area - strips.first) * strips.columns + column]!;
  }
  return areas.present[area] === 0 ? CELL.absent : CELL.none;
}
