/** Which frame a place is in, as far as the picture knows. */
import { type At, NO_FRAME, type Place } from '../worker/protocol.ts';

export function frameOf(at: Pick<At, 'lanes'> | null, place: Place | null): number | null {
  if (!place) return null;
  if (place.pfn !== null) return place.pfn;
  const page = Number(BigInt(`0x${place.addr}`) >> 12n);
  for (const lane of at?.lanes ?? []) {
    if (lane.pid !== place.pid) continue;
    for (const run of lane.cells) {
      const pfn = run.pfn[page - run.page];
      if (page >= run.page && pfn !== undefined && pfn !== NO_FRAME) return pfn;
    }
  }
  return null;
}
