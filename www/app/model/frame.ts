/** Which frame a place is in, as far as the picture knows. */
import { type At, NO_FRAME, type Place, type Selected } from '../worker/protocol.ts';

export function frameOf(at: Pick<At, 'lanes'> | null, place: Place | null): number | null {
  return place ? (place.pfn ?? frameOfPage(at, place)) : null;
}

function frameOfPage(at: Pick<At, 'lanes'> | null, { pid, addr }: Place): number | null {
  const page = Number(pageOf(addr));
  for (const lane of at?.lanes ?? []) {
    if (lane.pid !== pid) continue;
    for (const run of lane.cells) {
      const pfn = run.pfn[page - run.page];
      if (page >= run.page && pfn !== undefined && pfn !== NO_FRAME) return pfn;
    }
  }
  return null;
}

const pageOf = (addr: string): bigint => BigInt(`0x${addr}`) >> 12n;

/** The frame that the page of what is selected is in now; null if it is in none. */
export function ownFrame(selected: Pick<Selected, 'walk'> | null): number | null {
  const physical = selected?.walk?.physical;
  return physical ? Number(pageOf(physical)) : null;
}

/** A page that was chosen with the frame that it is in is followed, wherever it goes: only another frame is one by itself. */
export function followed(at: Pick<At, 'lanes' | 'selected'> | null, place: Place): Place {
  if (place.pfn === null) return place;
  const { selected } = at ?? { selected: null };
  const isLooked = selected?.place.pid === place.pid && pageOf(selected.place.addr) === pageOf(place.addr);
  const own = frameOfPage(at, place) ?? (isLooked ? ownFrame(selected) : null);
  return own === place.pfn ? { ...place, pfn: null } : place;
}

/** A frame that the selected page has left, or come from, and where one was then. */
export interface Moved {
  readonly position: number;
  readonly from: number | null;
  readonly to: number | null;
}

/** Sees a selected page go from frame to frame. */
export class FrameWatch {
  #seen: { readonly page: string; readonly position: number; readonly pfn: number | null } | null = null;
  #moved: Moved | null = null;

  /** What the last change of position did to the page's frame; null for nothing. */
  see({ position, selected }: Pick<At, 'position' | 'selected'>): Moved | null {
    const page = selected ? `${selected.place.pid}:${pageOf(selected.place.addr)}` : '';
    const pfn = ownFrame(selected);
    const before = this.#seen;
    if (before?.page !== page) this.#moved = null;
    else if (before.position !== position) this.#moved = before.pfn === pfn ? null : { position: before.position, from: before.pfn, to: pfn };
    this.#seen = { page, position, pfn };
    return this.#moved;
  }
}

export function samePlace(a: Place | null, b: Place | null): boolean {
  return a === b || (a !== null && b !== null && a.pid === b.pid && a.addr === b.addr && a.pfn === b.pfn);
}
