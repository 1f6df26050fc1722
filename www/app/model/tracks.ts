/** The columns of `Tracks`: kept as they come, drawn in as many buckets as there are pixels, asked for the next of a kind. No DOM. */
import { ACCESS, CALL_GROUPS, ENDING, ENDING_BITS, REMARK, type Find, type PssOverTime, type Tracks } from '../worker/protocol.ts';

const COLUMNS = ['call', 'ending', 'pid', 'faults', 'rss', 'child', 'childRss', 'free', 'tables', 'tlbFills', 'tlbHits', 'page', 'access'] as const;
type Column = (typeof COLUMNS)[number];
const MAKE: { [K in Column]: (size: number) => Tracks[K] } = {
  call: (n) => new Uint8Array(n), ending: (n) => new Uint8Array(n), pid: (n) => new Uint32Array(n), faults: (n) => new Uint16Array(n), rss: (n) => new Uint32Array(n),
  child: (n) => new Uint32Array(n), childRss: (n) => new Uint32Array(n), free: (n) => new Uint32Array(n), tables: (n) => new Uint32Array(n), tlbFills: (n) => new Uint32Array(n), tlbHits: (n) => new Uint32Array(n), page: (n) => new Float64Array(n), access: (n) => new Uint8Array(n),
};

/** Of a store: all that come of the same `story` begin with the same steps. */
export interface GrowingTracks extends Tracks {
  readonly story?: object;
}

export const NO_TRACKS: Tracks = Object.freeze({ from: 0, ...Object.fromEntries(COLUMNS.map((column) => [column, MAKE[column](0)])) }) as Tracks;

/** Tracks that grow at their end. `tracks` is a new view after each change, so that an element sees that it is another. */
export class TrackStore {
  #columns = Object.fromEntries(COLUMNS.map((column) => [column, MAKE[column](256)])) as unknown as { [K in Column]: Tracks[K] };
  #length = 0;
  #view: GrowingTracks | null = null;
  #story = {};

  get length(): number {
    return this.#length;
  }

  /** All steps known, from 0. */
  get tracks(): GrowingTracks {
    this.#view ??= { from: 0, story: this.#story, ...Object.fromEntries(COLUMNS.map((column) => [column, this.#columns[column].subarray(0, this.#length)])) } as GrowingTracks;
    return this.#view;
  }

  /** Takes what the worker said; what was known from there on is replaced. Steps may not be left out. */
  append(more: Tracks): void {
    if (more.from > this.#length) throw new RangeError(`steps ${this.#length} to ${more.from} are missing`);
    if (more.from < this.#length) this.#story = {};
    const length = more.from + more.call.length;
    if (length > this.#columns.call.length) {
      const size = Math.max(length, this.#columns.call.length * 2);
      for (const column of COLUMNS) {
        const grown = MAKE[column](size);
        grown.set(this.#columns[column].subarray(0, this.#length));
        (this.#columns as Record<Column, typeof grown>)[column] = grown;
      }
    }
    for (const column of COLUMNS) this.#columns[column].set(more[column], more.from);
    this.#length = Math.max(length, this.#length);
    this.#view = null;
  }

  /** Forgets the steps from `from` on: the text has changed there. */
  cut(from: number): void {
    this.#length = Math.min(from, this.#length);
    this.#view = null;
    this.#story = {};
  }
}

export const stepsOf = (tracks: Tracks): number => tracks.from + tracks.call.length;
export const MARKS = { signal: 1, fatal: 2, refusal: 4, difference: 8, leftOut: 16, assumed: 32 } as const;

/** The marks of a step. */
export const marksOf = (ending: number): number => MARKS_OF[ending]!;
const MARKS_OF = Uint8Array.from({ length: 256 }, (_, ending) => marksIn(ending));

function marksIn(ending: number): number {
  const how = ending & ENDING_BITS;
  return (how === ENDING.signal ? MARKS.signal : 0) | (ending & REMARK.fatal ? MARKS.fatal : 0) | (how === ENDING.error ? MARKS.refusal : 0)
    | (ending & REMARK.differs ? MARKS.difference : 0) | (how === ENDING.skipped ? MARKS.leftOut : 0) | (ending & REMARK.assumed ? MARKS.assumed : 0);
}

export interface Buckets {
  readonly count: number;
  /** Steps a bucket has, at least 1. */
  readonly steps: number;
  /** The group of most of its calls; 255 for none. */
  readonly group: Uint8Array;
  readonly faults: Uint32Array;
  /** `MARKS` bits. */
  readonly marks: Uint8Array;
  readonly mostFaults: number;
}

/** The steps from `from` to `to` in at most `columns` buckets; `pid`: only steps of that process. */
export function bucketed(tracks: Tracks, from: number, to: number, columns: number, pid: number | null = null): Buckets {
  const steps = Math.max(1, (to - from) / Math.max(columns, 1));
  const count = Math.min(Math.max(columns, 1), Math.max(to - from, 0));
  const [group, faults, marks] = [new Uint8Array(count).fill(255), new Uint32Array(count), new Uint8Array(count)];
  const votes = new Uint32Array(CALL_GROUPS.length);
  const end = Math.min(to, stepsOf(tracks));
  let mostFaults = 0;
  for (let bucket = 0, step = Math.max(from, tracks.from); bucket < count && step < end; bucket++) {
    const last = Math.min(end, Math.max(from + Math.floor((bucket + 1) * steps), from + bucket + 1));
    votes.fill(0);
    let best = 255;
    for (; step < last; step++) {
      const i = step - tracks.from;
      if (pid !== null && tracks.pid[i] !== pid) continue;
      const of = tracks.call[i]!;
      votes[of]!++;
      if (best === 255 || votes[of]! > votes[best]!) best = of;
      faults[bucket]! += tracks.faults[i]!;
      marks[bucket]! |= marksOf(tracks.ending[i]!);
    }
    group[bucket] = best;
    mostFaults = Math.max(mostFaults, faults[bucket]!);
  }
  return { count, steps, group, faults, marks, mostFaults };
}

export type Series = 'faults' | 'rss' | 'pss' | 'tables' | 'free' | 'tlbRate';

/** A counter over the steps, as at most `columns` points, each the least and the greatest of its part; NaN where nothing is known. */
export interface Line {
  readonly least: Float64Array;
  readonly greatest: Float64Array;
  readonly most: number;
}

/** One value a step: faults since the start, resident pages of a process, … ; NaN before a process is there. */
export function valuesOf(tracks: Tracks, series: Exclude<Series, 'pss'>, pid: number | null): Float64Array {
  const values = new Float64Array(tracks.call.length);
  let now = series === 'rss' && pid !== null ? Number.NaN : 0;
  for (let i = 0; i < values.length; i++) {
    const mine = pid === null || tracks.pid[i] === pid;
    switch (series) {
      case 'faults': now += mine ? tracks.faults[i]! : 0; break;
      case 'rss': if (mine) now = tracks.rss[i]!; else if (tracks.child[i] === pid) now = tracks.childRss[i]!; break;
      case 'tables': now = tracks.tables[i]!; break;
      case 'free': now = tracks.free[i]!; break;
      case 'tlbRate': {
        const asked = tracks.tlbHits[i]! + tracks.tlbFills[i]!;
        now = asked === 0 ? Number.NaN : tracks.tlbHits[i]! / asked;
      }
    }
    values[i] = now;
  }
  return values;
}

/** Pss after each step, of one process or of all: what was counted last holds until the next moment at which it was. */
export function pssValues({ positions, pids, values }: PssOverTime, pid: number | null): Float64Array {
  const all = new Float64Array(positions.at(-1) ?? 0);
  const mine = values.filter((_, at) => pid === null || pids[at] === pid);
  let from = 0;
  for (const [i, position] of positions.entries()) {
    const known = mine.map((one) => one[i]!).filter((value) => !Number.isNaN(value));
    all.fill(known.length === 0 ? Number.NaN : known.reduce((sum, value) => sum + value, 0), from, position);
    from = position;
  }
  return all;
}

export function lineOf(values: Float64Array, length: number, columns: number): Line {
  const count = Math.min(Math.max(columns, 1), Math.max(length, 1));
  const [least, greatest] = [new Float64Array(count).fill(Number.NaN), new Float64Array(count).fill(Number.NaN)];
  let most = 0;
  const end = Math.min(values.length, length);
  for (let at = 0, i = 0; at < count && i < end; at++) {
    const next = Math.min(end, Math.ceil(((at + 1) * length) / count));
    let [low, high] = [Number.NaN, Number.NaN];
    for (; i < next; i++) {
      const value = values[i]!;
      if (Number.isNaN(value)) continue;
      if (!(value >= low)) low = value;
      if (!(value <= high)) high = value;
    }
    least[at] = low;
    greatest[at] = high;
    if (high > most) most = high;
  }
  return { least, greatest, most };
}

/** Groups of calls that leave an area, or a page, to look at. */
const SHOWN: ReadonlySet<string> = new Set(['map', 'protect', 'advise', 'move', 'heap', 'lock', 'access'] satisfies (typeof CALL_GROUPS)[number][]);

/** The last position, up to one, whose step did something to memory that can still be seen; null if there is none. */
export function lastOfMemory(tracks: Tracks, position: number): number | null {
  for (let step = Math.min(position, stepsOf(tracks)) - 1; step >= tracks.from; step--) {
    const i = step - tracks.from;
    if (SHOWN.has(CALL_GROUPS[tracks.call[i]!]!) && (tracks.ending[i]! & ENDING_BITS) === ENDING.ok) return step + 1;
  }
  return null;
}

/**
 * The next position for which something holds, as far as the tracks know; null if there is none among them. A position
 * is the number of steps run: the step that the answer shows is the one before it. Changes of an area only the worker finds.
 */
export function find(tracks: Tracks, what: Exclude<Find, 'change of the area' | 'change of its entry'>, from: number, back: boolean, page: number | null = null): number | null {
  const holds = (i: number): boolean => {
    const ending = tracks.ending[i]!;
    switch (what) {
      case 'fault': return tracks.faults[i]! > 0;
      case 'signal': return (ending & ENDING_BITS) === ENDING.signal;
      case 'refusal': return (ending & ENDING_BITS) === ENDING.error;
      case 'difference': return (ending & REMARK.differs) !== 0;
      case 'call': return CALL_GROUPS[tracks.call[i]!] !== 'access' && (ending & ENDING_BITS) !== ENDING.skipped;
      case 'change of the page': return page !== null && tracks.page[i] === page && tracks.access[i] === ACCESS.write;
    }
  };
  for (let position = from + (back ? -1 : 1); position > tracks.from && position <= stepsOf(tracks); position += back ? -1 : 1) {
    if (holds(position - 1 - tracks.from)) return position;
  }
  return null;
}

/**
 * Where a step over ends: behind the statement that is next, all its repetitions, and what others run until the same
 * process goes on with another line. Where processes are not known yet, the next other line.
 */
export function over(position: number, lines: Uint32Array, tracks: Tracks): number {
  const length = lines.length;
  if (position >= length) return length;
  const known = (step: number) => step >= tracks.from && step < stepsOf(tracks);
  const pid = known(position) ? tracks.pid[position - tracks.from]! : null;
  for (let step = position + 1; step < length; step++) {
    if (lines[step] === lines[position]) continue;
    if (pid === null || !known(step) || tracks.pid[step - tracks.from] === pid) return step;
  }
  return length;
}

/** What a step changed in the counters: of its process and of the machine. */
export interface Delta {
  readonly counter: 'faults' | 'rss' | 'childRss' | 'tables' | 'free' | 'tlbFills' | 'tlbHits';
  /** Null: there was none before. */
  readonly from: number | null;
  readonly to: number;
}

export function deltas(tracks: Tracks, position: number): Delta[] {
  const i = position - 1 - tracks.from;
  if (i < 0 || i >= tracks.call.length) return [];
  const before = i - 1;
  let mine = before;
  const pid = tracks.pid[i]!;
  while (mine >= 0 && tracks.pid[mine] !== pid && tracks.child[mine] !== pid) mine--;
  const rssBefore = mine < 0 ? null : tracks.pid[mine] === pid ? tracks.rss[mine]! : tracks.childRss[mine]!;
  const of = (counter: 'tables' | 'free' | 'tlbFills' | 'tlbHits'): Delta => ({ counter, from: before >= 0 ? tracks[counter][before]! : null, to: tracks[counter][i]! });
  const all: Delta[] = [
    { counter: 'faults', from: 0, to: tracks.faults[i]! },
    { counter: 'rss', from: rssBefore, to: tracks.rss[i]! },
    ...(tracks.child[i] === 0 ? [] : [{ counter: 'childRss' as const, from: null, to: tracks.childRss[i]! }]),
    of('tables'), of('free'), of('tlbFills'), of('tlbHits'),
  ];
  // Of a process that has not run yet nothing is known to compare with; one that the step has made begins.
  return all.filter(({ counter, from, to }) => (from !== null || counter === 'childRss') && from !== to);
}
