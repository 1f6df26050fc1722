/** What is counted over all steps for the slider. While a text runs its tracks grow many times a second: of those only what is new is counted. */
import { CALL_GROUPS, type Tracks } from '../worker/protocol.ts';
import { type Buckets, type GrowingTracks, type Line, marksOf } from './tracks.ts';

/** A count that goes on where it was, as long as the tracks have only grown. */
export class Counted<S> {
  #story: object | undefined;
  #known = 0;
  #state: S;

  /** `add` counts the steps from a place on. */
  constructor(private readonly make: () => S, private readonly add: (state: S, tracks: Tracks, from: number) => void) {
    this.#state = make();
  }

  of(tracks: GrowingTracks): S {
    const length = tracks.call.length;
    if (tracks.story === undefined || tracks.story !== this.#story || length < this.#known) [this.#story, this.#known, this.#state] = [tracks.story, 0, this.make()];
    if (length > this.#known) this.add(this.#state, tracks, this.#known);
    this.#known = length;
    return this.#state;
  }
}

/** What the lanes of the slider show, found in one pass: all calls together, each process by itself, and what it has in RAM. */
export interface Lanes {
  readonly all: Buckets;
  readonly lanes: readonly { readonly pid: number; readonly buckets: Buckets; readonly rss: Line }[];
}

/** How wide what is counted is: as many steps, columns, lanes. */
interface Shape {
  readonly length: number;
  readonly columns: number;
  readonly pids: readonly number[];
}

export const lanesOf = (tracks: Tracks, length: number, columns: number, pids: readonly number[]): Lanes => new LaneCount().of(tracks, { length, columns, pids });

export class LaneCount {
  #shape: Shape | null = null;
  #counted: Counted<LaneState> | null = null;

  of(tracks: GrowingTracks, shape: Shape): Lanes {
    const known = this.#shape;
    if (!this.#counted || known?.length !== shape.length || known.columns !== shape.columns || known.pids.join() !== shape.pids.join()) {
      this.#shape = shape;
      this.#counted = new Counted(() => new LaneState(shape), (state, ...more) => state.add(...more));
    }
    return this.#counted.of(tracks).lanes();
  }
}

/** Of a bucket without calls. */
const NO_GROUP = 255;

/** One lane, bucket by bucket. */
class Lane {
  readonly group: Uint8Array;
  readonly faults: Uint32Array;
  readonly marks: Uint8Array;
  readonly least: Float64Array;
  readonly greatest: Float64Array;
  readonly votes = new Uint32Array(CALL_GROUPS.length);
  mostFaults = 0;
  most = 0;
  /** What the process has in RAM here. */
  now = Number.NaN;

  constructor(count: number) {
    [this.group, this.faults, this.marks] = [new Uint8Array(count).fill(NO_GROUP), new Uint32Array(count), new Uint8Array(count)];
    [this.least, this.greatest] = [new Float64Array(count).fill(Number.NaN), new Float64Array(count).fill(Number.NaN)];
  }

  begin(bucket: number): void {
    this.votes.fill(0);
    this.least[bucket] = this.greatest[bucket] = this.now;
  }

  /** Calls, faults and marks of the steps from … to. */
  vote(bucket: number, { call, ending, faults }: Tracks, from: number, to: number): void {
    const { votes } = this;
    let [best, taken, marks] = [this.group[bucket]!, 0, 0];
    let most = best === NO_GROUP ? 0 : votes[best]!;
    for (let step = from; step < to; step++) {
      const of = call[step]!;
      const has = ++votes[of]!;
      if (has > most) [best, most] = [of, has];
      taken += faults[step]!;
      marks |= marksOf(ending[step]!);
    }
    this.group[bucket] = best;
    this.faults[bucket]! += taken;
    this.marks[bucket]! |= marks;
    if (this.faults[bucket]! > this.mostFaults) this.mostFaults = this.faults[bucket]!;
  }

  /** What the process has in RAM after the steps from … to. */
  measure(bucket: number, values: Uint32Array, from: number, to: number): void {
    let [low, high] = [this.least[bucket]!, this.greatest[bucket]!];
    for (let step = from; step < to; step++) {
      const value = values[step]!;
      if (!(value >= low)) low = value;
      if (!(value <= high)) high = value;
    }
    [this.least[bucket], this.greatest[bucket], this.now] = [low, high, values[to - 1]!];
    if (high > this.most) this.most = high;
  }
}

class LaneState {
  readonly #shape: Shape;
  readonly #count: number;
  readonly #steps: number;
  readonly #all: Lane;
  readonly #mine: readonly Lane[];
  readonly #place: ReadonlyMap<number, Lane>;
  /** The bucket that the last step went to. */
  #bucket = -1;

  constructor(shape: Shape) {
    const { length, columns, pids } = shape;
    this.#shape = shape;
    this.#count = Math.min(Math.max(columns, 1), Math.max(length, 0));
    this.#steps = Math.max(1, length / Math.max(columns, 1));
    this.#all = new Lane(this.#count);
    this.#mine = pids.map(() => new Lane(this.#count));
    this.#place = new Map(pids.map((pid, at) => [pid, this.#mine[at]!]));
  }

  add(tracks: Tracks, from: number): void {
    const known = Math.min(this.#shape.length, tracks.call.length);
    for (let step = from; step < known && this.#bucket < this.#count; ) {
      const end = this.#bucket < 0 ? 0 : this.#endOf(this.#bucket);
      if (step >= end) this.#begin();
      else {
        const to = Math.min(end, known);
        this.#addTo(this.#bucket, tracks, step, to);
        step = to;
      }
    }
  }

  #endOf(bucket: number): number {
    return Math.max(Math.floor((bucket + 1) * this.#steps), bucket + 1);
  }

  #begin(): void {
    this.#bucket++;
    for (const one of [this.#all, ...this.#mine]) one.begin(this.#bucket);
  }

  #addTo(bucket: number, tracks: Tracks, from: number, to: number): void {
    const { pid, child, rss, childRss } = tracks;
    this.#all.vote(bucket, tracks, from, to);
    // Steps of one process that follow each other at once.
    for (let begin = from, end; begin < to; begin = end) {
      for (end = begin + 1; end < to && pid[end] === pid[begin]; ) end++;
      const lane = this.#place.get(pid[begin]!);
      lane?.vote(bucket, tracks, begin, end);
      lane?.measure(bucket, rss, begin, end);
      for (let step = begin; step < end; step++) if (child[step] !== 0) this.#place.get(child[step]!)?.measure(bucket, childRss, step, step + 1);
    }
  }
  /** As it is now: what is counted later changes none of it. */
  lanes(): Lanes {
    const buckets = ({ group, faults, marks, mostFaults }: Lane): Buckets => ({ count: this.#count, steps: this.#steps, group: group.slice(), faults: faults.slice(), marks: marks.slice(), mostFaults });
    return {
      all: buckets(this.#all),
      lanes: this.#shape.pids.map((pid, at) => ({ pid, buckets: buckets(this.#mine[at]!), rss: { least: this.#mine[at]!.least.slice(), greatest: this.#mine[at]!.greatest.slice(), most: this.#mine[at]!.most } })),
    };
  }
}

/** Processes in the order in which they came: as they were made, or as they first ran. */
export const pidsOf = (tracks: Tracks): number[] => countPids().of(tracks).pids;

interface Pids {
  readonly seen: Set<number>;
  readonly pids: number[];
}

export const countPids = (): Counted<Pids> => new Counted<Pids>(() => ({ seen: new Set([NOBODY]), pids: [] }), ({ seen, pids }, { pid: ran, child }, from) => {
  const see = (pid: number) => {
    if (seen.has(pid)) return;
    seen.add(pid);
    pids.push(pid);
  };
  let last = -1;
  for (let i = from; i < ran.length; i++) {
    const pid = ran[i]!;
    if (pid !== last) see((last = pid));
    if (child[i] !== 0) see(child[i]!);
  }
});

/** Of a step that no process ran. */
const NOBODY = 0xffff_ffff;

/** Steps that have a mark or took a fault, from 0. */
export const countMarked = (): Counted<number[]> => new Counted<number[]>(() => [], (found, { ending, faults }, from) => {
  for (let step = from; step < ending.length; step++) if (faults[step]! > 0 || marksOf(ending[step]!) !== 0) found.push(step);
});

/** Calls and faults by group, in the order of `CALL_GROUPS`. */
export const countGroups = (): Counted<{ steps: number; faults: number }[]> => new Counted(() => CALL_GROUPS.map(() => ({ steps: 0, faults: 0 })), (counts, { call, faults }, from) => {
  for (let i = from; i < call.length; i++) {
    const one = counts[call[i]!]!;
    one.steps++;
    one.faults += faults[i]!;
  }
});
