/** What came of every step that was ever run, a column a field: grows with the tracks that the worker sends. No DOM. */
import type { Tracks } from '../worker/protocol.ts';

/** The columns of {@link Tracks}. */
const COLUMNS = ['call', 'ending', 'pid', 'faults', 'rss', 'free', 'tables', 'tlbFills', 'tlbHits', 'page', 'access'] as const;
type Column = (typeof COLUMNS)[number];
type Columns = { -readonly [K in Column]: Tracks[K] };

/** Columns of no step. */
function empty(): Columns {
  return {
    call: new Uint8Array(), ending: new Uint8Array(), pid: new Uint32Array(), faults: new Uint16Array(), rss: new Uint32Array(),
    free: new Uint32Array(), tables: new Uint32Array(), tlbFills: new Uint32Array(), tlbHits: new Uint32Array(),
    page: new Float64Array(), access: new Uint8Array(),
  };
}

export class History {
  #columns = empty();
  #length = 0;

  /** Steps that are known. */
  get length(): number {
    return this.#length;
  }

  /** Takes what the worker knows of steps from `tracks.from` on; what was known behind their end stays. */
  add(tracks: Tracks): void {
    const end = tracks.from + tracks.call.length;
    if (tracks.from > this.#length) throw new RangeError(`steps ${this.#length} to ${tracks.from} are missing`);
    this.#reserve(end);
    for (const name of COLUMNS) (this.#columns[name] as Uint8Array).set(tracks[name] as Uint8Array, tracks.from);
    this.#length = Math.max(this.#length, end);
  }

  /** Forgets the steps from a position on. */
  truncate(position: number): void {
    this.#length = Math.min(this.#length, position);
  }

  /** The known steps, as views on the columns. */
  tracks(): Tracks {
    const views = {} as Record<Column, unknown>;
    for (const name of COLUMNS) views[name] = this.#columns[name].subarray(0, this.#length);
    return { from: 0, ...(views as Columns) };
  }

  /** Room grows by half, so that a long run copies each step a few times only. */
  #reserve(length: number): void {
    const room = this.#columns.call.length;
    if (length <= room) return;
    const wanted = Math.max(length, room + (room >> 1), 1024);
    for (const name of COLUMNS) {
      const old = this.#columns[name];
      const grown = new (old.constructor as new (length: number) => typeof old)(wanted);
      (grown as Uint8Array).set(old as Uint8Array);
      (this.#columns as Record<Column, unknown>)[name] = grown;
    }
  }
}
