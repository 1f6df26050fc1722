/** Pans and zooms a picture for some frames and tells what came of it: the test of 60 frames a second. */
import { resetStats, stats } from '../../scene/canvas.ts';
import type { PfSpace } from './pf-space.ts';

export interface Measured {
  readonly frames: number;
  /** Frames that came later than one and a half of the display's. */
  readonly dropped: number;
  readonly median: number;
  readonly p95: number;
  readonly longest: number;
  /** How long a picture took, in the middle and at most. */
  readonly own: number;
  readonly mostOwn: number;
  readonly mostDrawCalls: number;
  readonly mostShapes: number;
}

export async function measure(space: PfSpace, frames = 240, what: 'pan' | 'zoom' | 'both' = 'both'): Promise<Measured> {
  resetStats();
  const next = (): Promise<number> => new Promise((resolve) => requestAnimationFrame(resolve));
  const times: number[] = [];
  const own: number[] = [];
  const drawn = (): void => {
    own.push(space.lastPaint);
  };
  space.addEventListener('drawn', drawn);
  let last = await next();
  for (let i = 0; i < frames; i++) {
    const zooms = what === 'zoom' || (what === 'both' && i % 120 >= 60);
    if (zooms) space.zoomBy(i % 60 < 30 ? 1.06 : 1 / 1.06);
    else space.panBy(i % 120 < 60 ? 37 : -23);
    const now = await next();
    times.push(now - last);
    last = now;
  }
  space.removeEventListener('drawn', drawn);
  const sorted = times.toSorted((a, b) => a - b);
  const ours = own.toSorted((a, b) => a - b);
  const of = (list: readonly number[], part: number): number => Math.round((list[Math.min(list.length - 1, Math.floor(list.length * part))] ?? 0) * 10) / 10;
  return {
    frames, dropped: times.filter((time) => time > 25).length, median: of(sorted, 0.5), p95: of(sorted, 0.95), longest: of(sorted, 1),
    own: of(ours, 0.5), mostOwn: of(ours, 1), mostDrawCalls: stats.mostDrawCalls, mostShapes: stats.mostShapes,
  };
}
