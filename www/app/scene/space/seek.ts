/** Where keys and words lead: to the next area or page, to an address, to a name. */
import type { Areas } from '../../worker/protocol.ts';
import { above } from '../../model/above.ts';
import { areaAt } from '../layout.ts';

/** The next area or page from a page, or the one before; pages that are not mapped are passed over. */
export function neighbour(areas: Areas, page: number, what: 'area' | 'page', by: 1 | -1): number {
  const area = areaAt(areas, page);
  if (what === 'page' && area >= 0 && areaAt(areas, page + by) >= 0) return page + by;
  const inside = (index: number): number => Math.min(areas.count - 1, Math.max(0, index));
  // Between two areas each of them is the next one.
  const from = area >= 0 ? area : inside(above(areas.start, page, areas.count) - (by > 0 ? 1 : 0));
  const to = inside(from + by);
  return what === 'page' && by < 0 ? areas.start[to]! + areas.pages[to]! - 1 : areas.start[to]!;
}

/** Numbers below it that lie in no area may be meant as part of a name. */
const LEAST_ADDRESS = 65_536;

/** The page that is meant by an address, or by a part of the name of an area; null: by neither. Areas are searched behind the page `from`, so that asking again finds the next. */
export function pageMeant(areas: Areas, text: string, from: number | null): number | null {
  const words = text.trim().toLowerCase();
  const address = /^(?:0x)?[0-9a-f]{3,}$/.test(words) ? Number.parseInt(words.replace(/^0x/, ''), 16) : null;
  const page = address === null ? null : Math.floor(address / 4096);
  if (address !== null && (areaAt(areas, page!) >= 0 || words.startsWith('0x') || address >= LEAST_ADDRESS)) return page;
  return named(areas, words, from === null ? -1 : Math.max(0, areaAt(areas, from))) ?? page;
}

/** The first page of the next area behind another whose name has these words. */
function named(areas: Areas, words: string, behind: number): number | null {
  for (let i = 1; i <= areas.count; i++) {
    const area = (behind + i) % areas.count;
    if ((areas.names[areas.name[area]!] || 'anonymous').toLowerCase().includes(words)) return areas.start[area]!;
  }
  return null;
}
