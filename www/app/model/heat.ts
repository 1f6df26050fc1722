/** How often pages were read, written, executed and faulted on, up to a position. No DOM. */
import { type Tracks, ACCESS } from '../worker/protocol.ts';

/** Reads, writes, executes and faults of a page. */
export type Heat = readonly [reads: number, writes: number, executes: number, faults: number];

/** Follows the position: forwards it counts the steps between, backwards it takes them away again. */
export class HeatMap {
  readonly #pages = new Map<number, Map<number, Heat>>();
  #position = 0;

  /** By process, the pages that were touched. A new map each time, so that a view sees that it is another. */
  all(): ReadonlyMap<number, ReadonlyMap<number, Heat>> {
    return new Map(this.#pages);
  }

  /** Goes to a position of these tracks. */
  goTo(position: number, tracks: Tracks): void {
    const to = Math.min(position, tracks.call.length);
    for (; this.#position < to; this.#position++) this.#count(this.#position, 1, tracks);
    for (; this.#position > to; this.#position--) this.#count(this.#position - 1, -1, tracks);
  }

  /** Forgets everything: another text. */
  clear(): void {
    this.#pages.clear();
    this.#position = 0;
  }

  #count(step: number, by: 1 | -1, { page, pid, access, faults }: Tracks): void {
    const at = page[step]!;
    const kind = access[step]!;
    if (Number.isNaN(at) || kind === ACCESS.none) return;
    const pages = this.#pages.get(pid[step]!) ?? new Map<number, Heat>();
    this.#pages.set(pid[step]!, pages);
    const [reads, writes, executes, taken] = pages.get(at) ?? [0, 0, 0, 0];
    const heat: Heat = [
      reads + (kind === ACCESS.read ? by : 0), writes + (kind === ACCESS.write ? by : 0), executes + (kind === ACCESS.execute ? by : 0), taken + by * faults[step]!,
    ];
    if (heat[0] + heat[1] + heat[2] > 0) pages.set(at, heat);
    else pages.delete(at);
  }
}
