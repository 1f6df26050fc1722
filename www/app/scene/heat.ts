/** How often pages were read, written, executed and faulted on: sorted once, then any run of pages is two searches. */
import { above } from '../model/above.ts';
import { HEATS, type HeatKind } from './theme.ts';

/** By page: reads, writes, executes, faults. */
export type HeatMap = ReadonlyMap<number, readonly [number, number, number, number]>;

export class Heat {
  private readonly pages: Float64Array;
  private readonly sums: readonly Float64Array[];
  /** The most of a page, of each kind. */
  readonly most: readonly number[];

  constructor(map: HeatMap) {
    this.pages = Float64Array.from(map.keys()).sort();
    const most = [0, 0, 0, 0];
    this.sums = HEATS.map((_, kind) => {
      const sums = new Float64Array(this.pages.length + 1);
      for (let i = 0; i < this.pages.length; i++) {
        const count = map.get(this.pages[i]!)![kind]!;
        sums[i + 1] = sums[i]! + count;
        most[kind] = Math.max(most[kind]!, count);
      }
      return sums;
    });
    this.most = most;
  }

  /** The sum over pages from … to (not included). */
  sum(kind: HeatKind, from: number, to: number): number {
    const sums = this.sums[HEATS.indexOf(kind)]!;
    return sums[above(this.pages, to - 0.5)]! - sums[above(this.pages, from - 0.5)]!;
  }

  /** 0 … 1 by the logarithm. */
  level(kind: HeatKind, count: number): number {
    return count === 0 ? 0 : Math.min(1, 0.15 + (0.85 * Math.log1p(count)) / Math.log1p(Math.max(1, this.most[HEATS.indexOf(kind)]!)));
  }
}
