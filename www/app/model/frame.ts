/** Which frame a place is in, as far as the picture knows. */
import { type At, NO_FRAME, type Place, type Selected } from '../worker/protocol.ts';

type Known = Pick<At, 'lanes' | 'selected'>;

export function frameOf(at: Known | null, place: Place | null): number | null {
  return place ? (place.pfn ?? frameOfPage(at, place)) : null;
}

/** The frame that is looked at: of what is selected, though that may be in none; where nothing is selected, of what the step touched. */
export function lookedFrame(at: (Known & Pick<At, 'touched'>) | null, selection: Place | null): number | null {
  return frameOf(at, selection ?? at?.touched ?? null);
}

function frameOfPage(at: Known | null, place: Place): number | null {
  return frameInSight(at, place) ?? (isOfPage(at?.selected ?? null, place) ? ownFrame(at!.selected) : null);
}

function frameInSight(at: Known | null, { pid, addr }: Place): number | null {
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
export function followed(at: Known | null, place: Place): Place {
  return place.pfn !== null && frameOfPage(at, place) === place.pfn ? { ...place, pfn: null } : place;
}

const isOfPage = (selected: Selected | null, { pid, addr }: Place): boolean => selected?.place.pid === pid && pageOf(selected.place.addr) === pageOf(addr);

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
