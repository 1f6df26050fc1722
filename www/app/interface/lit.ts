/**
 * What is pointed at in one view is lit in all others: links to the page, lines of the text that were about it, the line of its area.
 * It is one rule of a sheet: what comes into sight later is lit too, and nothing is drawn anew.
 */
import { above } from '../model/above.ts';
import type { Areas, Place } from '../worker/protocol.ts';

const PAGE = 4096;
const pageOf = (addr: string): number => Math.floor(Number.parseInt(addr, 16) / PAGE);

/** For `data-page` of what is about a page, and `data-area` of what is about the area that begins there. */
export const markOf = (pid: number, addr: string): string => `${pid}:${pageOf(addr).toString(16)}`;

/** The place that such a mark names. */
export function placeOf(mark: string): Place {
  const [pid, page] = mark.split(':');
  return { pid: Number(pid), addr: `${page}000`, pfn: null };
}

/** What is marked of a place: its page, and the area that it is in, if it is in one. */
export function marksOf({ pid, addr }: Place, areas: Areas | null): { readonly page: string; readonly area: string | null } {
  const page = pageOf(addr);
  const at = areas ? above(areas.start, page, areas.count) - 1 : -1;
  const isIn = at >= 0 && page < areas!.start[at]! + areas!.pages[at]!;
  return { page: markOf(pid, addr), area: isIn ? `${pid}:${areas!.start[at]!.toString(16)}` : null };
}

let sheet: CSSStyleSheet | null = null;

/** Lights a place, instead of the one before; null: none. */
export function light(place: Place | null, areas: Areas | null): void {
  if (!sheet) document.adoptedStyleSheets = [...document.adoptedStyleSheets, (sheet = new CSSStyleSheet())];
  const marks = place && marksOf(place, areas);
  sheet.replaceSync(marks ? `[data-page="${marks.page}"]${marks.area ? `,[data-area="${marks.area}"]` : ''}{outline:1px solid var(--accent);outline-offset:-1px}` : '');
}
