/**
 * What pictures are made of. A scene is a list of shapes without a screen: `canvas.ts` paints it, `svg.ts` writes it as text for
 * export, print and tests. Colours are names of CSS variables, so that light, dark and forced colours need no other scene.
 */

/** Custom properties, without `--`. */
export const TOKENS = [
  'bg', 'panel', 'card', 'line', 'edge', 'text', 'quiet', 'accent', 'accent-soft', 'mark', 'mark-edge', 'bad',
  'k-absent', 'k-zero', 'k-anon', 'k-cow', 'k-file', 'k-shmem', 'k-guard', 'k-marker', 'k-swapped', 'k-special', 'k-huge',
  'k-table', 'k-kernel', 'k-free', 'k-ink', 'k-ink-dark', 'h-read', 'h-write', 'h-execute', 'h-fault',
  'm-new', 'm-gone', 'm-changed', 'partly',
  'g-other', 'g-map', 'g-unmap', 'g-protect', 'g-advise', 'g-move', 'g-heap', 'g-lock', 'g-process', 'g-file', 'g-access', 'g-ask', 'g-ink',
] as const;
export type Token = (typeof TOKENS)[number];
export type Theme = Readonly<Record<Token, string>>;

/** Textures that tell kinds apart where colour does not. */
export type Pattern = 'diagonal' | 'back' | 'cross' | 'dots' | 'line' | 'lines' | 'bars';

export interface Box { readonly x: number; readonly y: number; readonly w: number; readonly h: number }

interface Painted { readonly alpha?: number }
export interface Rect extends Painted, Box {
  readonly t: 'rect';
  readonly r?: number; readonly fill?: Token; readonly pattern?: Pattern;
  readonly stroke?: Token; readonly width?: number; readonly dash?: readonly number[];
}
export interface Text extends Painted {
  readonly t: 'text';
  readonly x: number; readonly y: number; readonly text: string; readonly size: number; readonly fill: Token;
  readonly anchor?: 'start' | 'middle' | 'end'; readonly sans?: boolean; readonly bold?: boolean;
}
export interface Line extends Painted {
  readonly t: 'line';
  readonly points: readonly number[]; readonly stroke: Token; readonly width?: number; readonly dash?: readonly number[];
  /** A closed outline, filled. */
  readonly fill?: Token;
}
/** A curve that leaves and arrives level. */
export interface Curve extends Painted {
  readonly t: 'curve';
  readonly x1: number; readonly y1: number; readonly x2: number; readonly y2: number;
  readonly stroke: Token; readonly width?: number; readonly dash?: readonly number[];
}
/** Many small cells of one size: a number into the palette each. Those past the end are left out. */
export interface Raster extends Painted, Box {
  readonly t: 'raster';
  readonly columns: number; readonly rows: number; readonly data: Uint8Array; readonly palette: readonly (Token | null)[];
}
/** Shapes that belong together: what is under a pointer is named by `id`; nothing is drawn outside `clip`. */
export interface Group extends Painted {
  readonly t: 'group';
  readonly id: string; readonly clip?: Box; readonly shapes: readonly Shape[]; readonly label?: string;
}
export type Shape = Rect | Text | Line | Curve | Raster | Group;

export interface Picture { readonly width: number; readonly height: number; readonly shapes: readonly Shape[]; readonly label: string }

/** Width of a character of our fonts, as a part of the size: cutting a text must not need a screen. */
const MONO = 0.602;
const SANS = 0.58;

export function textWidth(text: string, size: number, sans = false): number {
  return text.length * size * (sans ? SANS : MONO);
}

/** The text, or its beginning (or its end) with an ellipsis, so that it fits; nothing if not even two characters do. */
export function fit(text: string, width: number, size: number, { sans = false, keepEnd = false } = {}): string {
  const most = Math.floor(width / (size * (sans ? SANS : MONO)) + 1e-6);
  if (text.length <= most) return text;
  if (most < 3) return '';
  return keepEnd ? `…${text.slice(text.length - most + 1)}` : `${text.slice(0, most - 1)}…`;
}

/** As many parts (` · ` between them) as fit whole; only the first is cut. */
export function fitParts(text: string, width: number, size: number, options: { sans?: boolean } = {}): string {
  const parts = text.split(' · ');
  while (parts.length > 1 && fit(parts.join(' · '), width, size, options) !== parts.join(' · ')) parts.pop();
  return fit(parts.join(' · '), width, size, options);
}

/** How many shapes there are, groups opened. */
export function countShapes(shapes: readonly Shape[]): number {
  let sum = 0;
  for (const shape of shapes) sum += shape.t === 'group' ? countShapes(shape.shapes) : 1;
  return sum;
}

export function inside(box: Box, x: number, y: number): boolean {
  return x >= box.x && y >= box.y && x < box.x + box.w && y < box.y + box.h;
}
