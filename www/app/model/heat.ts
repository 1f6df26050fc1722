/** How often pages were read, written, executed and faulted on, up to a position. No DOM. */
import { type Tracks, ACCESS } from '../worker/protocol.ts';

/** Counts of one page. */
export interface Heat {
  reads: number;
  writes: number;
  executes: number;
  faults: number;
}

/** Follows the position: forwards it counts the steps between, backwards it takes them away again. */
export class HeatMap {
  readonly #pages = new Map<number, Map<number, Heat>>();
  #position = 0;

  /** The pages of a process that were touched, by page number. */
  of(pid: number): ReadonlyMap<number, Heat> {
    return this.#pages.get(pid) ?? EMPTY;
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
    const heat = pages.get(at) ?? { reads: 0, writes: 0, executes: 0, faults: 0 };
    if (kind === ACCESS.read) heat.reads += by;
    else if (kind === ACCESS.write) heat.writes += by;
    else heat.executes += by;
    heat.faults += by * faults[step]!;
    if (heat.reads + heat.writes + heat.executes > 0) pages.set(at, heat);
    else pages.delete(at);
  }
}

const EMPTY: ReadonlyMap<number, Heat> = new Map();
