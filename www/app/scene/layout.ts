/** From areas to the pieces of an axis: areas, parts of one file in one row, gaps. */
import { AREA, type Areas, type Cells, type Strips, CELL, NO_FRAME } from '../worker/protocol.ts';
import { above } from '../model/above.ts';
import { Axis, type Pieces } from './axis.ts';
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

/** More areas take longer to lay out than to paint. */
export const LARGE = 10_000;

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

/** The sums whose columns are not known yet; `like` has those of the same areas with others of their pages present. */
export function sumsOf(areas: Areas, like: Sums | null = null): Sums {
  const { count, kind } = areas;
  return {
    pages: like?.pages ?? sumsBefore(areas.pages, count),
    present: sumsBefore(areas.present, count),
    kinds: like?.kinds ?? Array.from({ length: KINDS }, (_, wanted) => countsBefore(kind, wanted, count)),
  };
}

function sumsBefore(numbers: ArrayLike<number>, count: number): Float64Array {
  const sums = new Float64Array(count + 1);
  for (let i = 0, sum = 0; i < count; i++) sums[i + 1] = sum += numbers[i]!;
  return sums;
}

function countsBefore(kinds: Uint8Array, wanted: number, count: number): Uint32Array {
  const counts = new Uint32Array(count + 1);
  for (let i = 0, sum = 0; i < count; i++) counts[i + 1] = kinds[i] === wanted ? ++sum : sum;
  return counts;
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
  const cards = areCards(areas, options);
  const { first, parts, edges, opened } = piecesOf(areas, options, !cards && !options.trueScale);
  const { grows, stays } = heightsOf(areas, options, { first, parts, edges, cards });
  const upright = new Uint8Array(parts.length);
  for (let i = 0; i < parts.length; i++) if (parts[i]! > 0) upright[i] = 1;
  const pieces = { start: edges, grows, stays, upright };
  return withFocus({ axis: new Axis(pieces, !options.lowFirst), pieces, first, parts, isPart: opened, hasLens: new Uint8Array(parts.length), cards, sums }, options);
}

/** So many areas at most are drawn as cards. */
export const MOST_CARDS = 40;

function areCards(areas: Areas, { trueScale, width, height }: LayoutOptions): boolean {
  if (trueScale || areas.count > MOST_CARDS) return false;
  let sum = 0;
  for (let i = 0; i < areas.count; i++) sum += naturalHeight(areas, i, width) + GAP_HEIGHT;
  return sum <= Math.max(height * 1.9, 760);
}

/** Columns of pieces, written from the front. Every step that maps or unmaps makes them for all areas: nothing is allocated an area. */
class PieceColumns {
  count = 0;
  readonly first: Uint32Array;
  readonly parts: Uint32Array;
  readonly opened: Uint8Array;
  readonly edges: Float64Array;

  constructor(most: number) {
    this.first = new Uint32Array(most);
    this.parts = new Uint32Array(most);
    this.opened = new Uint8Array(most);
    this.edges = new Float64Array(most + 1);
  }

  add(first: number, parts: number, edge: number, isOpen: boolean): void {
    this.first[this.count] = first;
    this.parts[this.count] = parts;
    this.edges[this.count] = edge;
    this.opened[this.count++] = isOpen ? 1 : 0;
  }

  end(top: number): Pick<this, 'first' | 'parts' | 'opened' | 'edges'> {
    const { count } = this;
    this.edges[count] = top;
    return { first: this.first.subarray(0, count), parts: this.parts.subarray(0, count), opened: this.opened.subarray(0, count), edges: this.edges.subarray(0, count + 1) };
  }
}

/** Areas, runs of areas of one file where they are grouped, and what is not mapped between them. */
function piecesOf(areas: Areas, { opened }: LayoutOptions, grouped: boolean): Pick<PieceColumns, 'first' | 'parts' | 'opened' | 'edges'> {
  const { count, start, pages, name } = areas;
  const isFile = Uint8Array.from(areas.names, (text) => (text !== '' && !text.startsWith('[') ? 1 : 0));
  const columns = new PieceColumns(2 * count + 1);
  let at = 0;
  for (let i = 0; i < count; ) {
    if (start[i]! > at) columns.add(i, 0, at, false);
    let behind = i + 1;
    if (grouped && isFile[name[i]!]) {
      while (behind < count && name[behind] === name[i] && start[behind] === start[behind - 1]! + pages[behind - 1]!) behind++;
    }
    if (behind - i > 1 && opened.has(start[i]!)) for (let k = i; k < behind; k++) columns.add(k, 1, start[k]!, true);
    else columns.add(i, behind - i, start[i]!, false);
    at = start[behind - 1]! + pages[behind - 1]!;
    i = behind;
  }
  const top = Math.max(SPACE_PAGES, at);
  if (at < top) columns.add(count, 0, at, false);
  return columns.end(top);
}

function heightsOf(areas: Areas, options: LayoutOptions, { first, parts, edges, cards }: { first: Uint32Array; parts: Uint32Array; edges: Float64Array; cards: boolean }): { grows: Float64Array; stays: Float64Array } {
  const n = parts.length;
  const [grows, stays] = [new Float64Array(n), new Float64Array(n)];
  let gaps = 0;
  for (let i = 0; i < n; i++) if (parts[i] === 0) gaps++;
  // With thousands of them a small gap is a thin line.
  const thin = gaps > 2000;
  // Most areas are nothing beside 128 TiB: each is at least so high that it can be seen, and what is left of the window is to scale.
  const least = options.trueScale ? leastHeight(n - gaps, options.height) : 0;
  const scale = Math.max(0, options.height - least * (n - gaps)) / edges[n]!;
  for (let i = 0; i < n; i++) {
    const size = edges[i + 1]! - edges[i]!;
    if (options.trueScale) [grows[i], stays[i]] = [size * scale, parts[i] === 0 ? 0 : least];
    else if (parts[i] === 0) stays[i] = thin && size < 2 ** 18 ? 4 : cards ? GAP_HEIGHT + 4 : GAP_HEIGHT;
    else grows[i] = cards ? naturalHeight(areas, first[i]!, options.width) : ROW_HEIGHT;
  }
  return { grows, stays };
}

/** Height that an area has at least at true scale: a row while there is room for rows, else what can be seen. */
export function leastHeight(areas: number, height: number): number {
  const room = (height * 0.6) / Math.max(1, areas);
  return room >= LEAST_ROW ? LEAST_ROW : Math.max(2, Math.min(4, room));
}

/** A row with words. */
const LEAST_ROW = 14;

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
  return { ...base, hasLens, axis: base.axis.withStays(stays) };
}

/** The area that a page is in; −1 for none. */
export function areaAt(areas: Areas, page: number): number {
  const i = above(areas.start, page, areas.count) - 1;
  return i >= 0 && page < areas.start[i]! + areas.pages[i]! ? i : -1;
}

/** What is known of one page; without a frame where it is in none. */
export function cellAt(cells: readonly Cells[], page: number): { cell: number; pfn: number | null } | null {
  for (const run of cells) {
    const i = page - run.page;
    if (i < 0 || i >= run.cells.length) continue;
    const pfn = run.pfn[i] ?? NO_FRAME;
    return { cell: run.cells[i]!, pfn: pfn === NO_FRAME ? null : pfn };
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
