/**
 * An axis over page numbers that gives each piece of the space a height of its own, so that areas have room and what is not mapped
 * has a line. Within a piece it is even. All is exact to 2^47: page numbers are whole numbers of 35 bits, parts of them bytes.
 */
import { above } from '../model/above.ts';

/** Pieces in order of address, without holes. */
export interface Pieces {
  /** First page of each, and at the end the page behind the last. */
  readonly start: Float64Array;
  /** Height at zoom 1 of what grows with the zoom. */
  readonly grows: Float64Array;
  /** Height of what only shrinks below zoom 1: gaps, lenses. */
  readonly stays: Float64Array;
  /** Pieces within which pages ascend downwards, even if the pieces themselves are in the other order: text is read so. */
  readonly upright?: Uint8Array;
}

export class Axis {
  readonly count: number;
  readonly start: Float64Array;
  /** Of what stands before each piece. */
  private readonly growing: Float64Array;
  private readonly staying: Float64Array;
  private readonly upright: Uint8Array | null;

  /** `growing`: the sums of what grows, where they are known. */
  constructor({ start, grows, stays, upright }: Pieces, readonly flipped: boolean, growing: Float64Array | null = null) {
    this.count = stays.length;
    this.start = start;
    this.upright = upright ?? null;
    this.growing = growing ?? sums(grows);
    this.staying = sums(stays);
  }

  /** The same with other heights of what does not grow. */
  withStays(stays: Float64Array): Axis {
    return new Axis({ start: this.start, grows: NONE, stays, ...(this.upright && { upright: this.upright }) }, this.flipped, this.growing);
  }

  /** The axis that is a ruler: `height` for all pages. */
  static even(pages: number, height: number, flipped: boolean): Axis {
    return new Axis({ start: Float64Array.of(0, pages), grows: Float64Array.of(height), stays: Float64Array.of(0) }, flipped);
  }

  get pages(): number {
    return this.start[this.count]!;
  }

  length(zoom: number): number {
    return this.before(this.count, zoom);
  }

  /** The zoom at which all of it is `height` long. */
  zoomFor(height: number): number {
    const [growing, staying] = [this.growing[this.count]!, this.staying[this.count]!];
    if (growing + staying >= height) return height / Math.max(growing + staying, 1e-9);
    return growing === 0 ? 1 : (height - staying) / growing;
  }

  private before(piece: number, zoom: number): number {
    return this.growing[piece]! * zoom + this.staying[piece]! * Math.min(1, zoom);
  }

  /** The zoom at which a page of this piece is 3,600 pixels high: its bytes can be read. Pieces that do not grow have no say. */
  most(page: number): number {
    const piece = this.at(page);
    const grows = this.growing[piece + 1]! - this.growing[piece]!;
    return grows > 0 ? Math.max(4, (3600 * (this.start[piece + 1]! - this.start[piece]!)) / grows) : 4;
  }

  /** Where the first page of a piece begins; of `count`, where the last one ends. */
  edge(piece: number, zoom: number): number {
    const along = this.before(piece, zoom);
    return this.flipped ? this.length(zoom) - along : along;
  }

  /** Top and height of a piece. */
  piece(index: number, zoom: number): { y: number; h: number } {
    const [from, to] = [this.before(index, zoom), this.before(index + 1, zoom)];
    return { y: this.flipped ? this.length(zoom) - to : from, h: to - from };
  }

  /** The piece that a page is in. */
  at(page: number): number {
    return Math.min(this.count - 1, Math.max(0, above(this.start, page, this.count) - 1));
  }

  /** The piece at a place. */
  pieceAt(y: number, zoom: number): number {
    const along = this.flipped ? this.length(zoom) - y : y;
    let [low, high] = [0, this.count - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      const edge = this.before(middle, zoom);
      if (this.flipped ? edge < along : edge <= along) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  private isMirrored(piece: number): boolean {
    return this.flipped && !this.upright?.[piece];
  }

  toPixel(page: number, zoom: number): number {
    const piece = this.at(page);
    const [from, to] = [this.start[piece]!, this.start[piece + 1]!];
    const { y, h } = this.piece(piece, zoom);
    const part = Math.min(1, Math.max(0, (page - from) / (to - from)));
    return y + (this.isMirrored(piece) ? 1 - part : part) * h;
  }

  toPage(y: number, zoom: number): number {
    const index = this.pieceAt(y, zoom);
    const { y: top, h } = this.piece(index, zoom);
    const [from, to] = [this.start[index]!, this.start[index + 1]!];
    const part = h > 0 ? Math.min(1, Math.max(0, (y - top) / h)) : 0;
    const page = from + (this.isMirrored(index) ? 1 - part : part) * (to - from);
    // The end of a piece is the beginning of another, which may be elsewhere.
    return page < to ? page : Math.max(from, to - Math.max(1e-9, to * 2 ** -52));
  }

  /** Upper and lower end of pages from … to (not included): whole pieces if there are several. */
  extent(from: number, to: number, zoom: number): { y: number; h: number } {
    const [a, b] = [this.at(from), this.at(to - 1e-3)];
    if (a !== b) {
      const [p, q] = [this.piece(a, zoom), this.piece(b, zoom)];
      const y = Math.min(p.y, q.y);
      return { y, h: Math.max(p.y + p.h, q.y + q.h) - y };
    }
    const { y, h } = this.piece(a, zoom);
    const [start, size] = [this.start[a]!, this.start[a + 1]! - this.start[a]!];
    const [p, q] = [(from - start) / size, (to - start) / size];
    return { y: y + (this.isMirrored(a) ? 1 - q : p) * h, h: (q - p) * h };
  }
}

const NONE = new Float64Array();

function sums(numbers: Float64Array): Float64Array {
  const before = new Float64Array(numbers.length + 1);
  for (let i = 0, sum = 0; i < numbers.length; i++) before[i + 1] = sum += numbers[i]!;
  return before;
}

/** What is looked at: the page (with a part of it) at the upper edge, and the zoom. */
export interface View { readonly page: number; readonly zoom: number }

/** How far an axis is scrolled so that a view's page is at the upper edge; what there is fills the window if it can. */
export function scrollOf(axis: Axis, view: View, height: number): number {
  return clampScroll(axis, axis.toPixel(view.page, view.zoom), view.zoom, height);
}

function clampScroll(axis: Axis, scroll: number, zoom: number, height: number): number {
  return Math.max(0, Math.min(scroll, axis.length(zoom) - height));
}

export function pan(axis: Axis, view: View, by: number, height: number): View {
  const scroll = clampScroll(axis, scrollOf(axis, view, height) + by, view.zoom, height);
  return { zoom: view.zoom, page: axis.toPage(scroll, view.zoom) };
}

/** Zooms so that `page` is at `y` of the window afterwards; by default it is the one that was there. */
export function zoomAbout(axis: Axis, view: View, factor: number, y: number, height: number, page?: number): View {
  const held = page ?? axis.toPage(scrollOf(axis, view, height) + y, view.zoom);
  const most = Math.max(axis.most(held), view.zoom);
  const least = Math.min(1, axis.zoomFor(height));
  const zoom = Math.min(most, Math.max(least, view.zoom * factor));
  const scroll = clampScroll(axis, axis.toPixel(held, zoom) - y, zoom, height);
  return { zoom, page: axis.toPage(scroll, zoom) };
}

/** The zoom at which pages from … to (not included) fill the window, with a little room about them. */
export function fitRange(axis: Axis, from: number, to: number, height: number, most = Infinity): View {
  const [wanted, limit] = [height * 0.92, Math.min(most, axis.most(from))];
  let [low, high] = [Math.min(1e-9, limit), limit];
  for (let i = 0; i < 96 && high / low > 1.0001; i++) {
    const middle = Math.sqrt(low * high);
    if (axis.extent(from, to, middle).h > wanted) high = middle;
    else low = middle;
  }
  const { y, h } = axis.extent(from, to, low);
  const scroll = clampScroll(axis, y + h / 2 - height / 2, low, height);
  return { zoom: low, page: axis.toPage(scroll, low) };
}

/** The view moved as little as possible so that a page is well inside the window. */
export function reveal(axis: Axis, view: View, page: number, height: number): View {
  const scroll = scrollOf(axis, view, height);
  const y = axis.toPixel(page + 0.5, view.zoom) - scroll;
  const margin = Math.min(72, height / 4);
  if (y >= margin && y <= height - margin) return view;
  const next = clampScroll(axis, scroll + (y < margin ? y - height / 3 : y - (2 * height) / 3), view.zoom, height);
  return { zoom: view.zoom, page: axis.toPage(next, view.zoom) };
}
