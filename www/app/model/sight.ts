/** What of the machine is in sight: what the views say they draw becomes what the worker is asked. No DOM. */
import type { Areas, LaneLook, Look, Place, ProcessInfo, Want } from '../worker/protocol.ts';

/** What a view of address spaces has in sight. */
export interface LaneSight {
  readonly pid: number;
  readonly strips: LaneLook['strips'];
  readonly cells: LaneLook['cells'];
}

/** Processes that are drawn before a view has said which. */
const FIRST_LANES = 8;
/** Strips that are asked for before a view has said which. */
const FIRST_STRIPS = { first: 0, count: 64, columns: 64 };

export class Sight {
  /** Null until a view has said. */
  #lanes: readonly LaneSight[] | null = null;
  #reports: readonly [number, number] = [0, 0];
  #frames = true;
  readonly #wants = new Map<string, readonly Want[]>();

  /** Each answers whether something new has to be asked for. */
  setLanes(lanes: readonly LaneSight[]): boolean {
    const isNew = JSON.stringify(lanes) !== JSON.stringify(this.#lanes);
    this.#lanes = lanes;
    return isNew;
  }

  setFrames(frames: boolean): boolean {
    const isNew = frames && !this.#frames;
    this.#frames = frames;
    return isNew;
  }

  setReports(from: number, to: number): boolean {
    const isNew = from < this.#reports[0] || to > this.#reports[1];
    if (isNew) this.#reports = [from, to];
    return isNew;
  }

  /** What a view wants to know besides. */
  setWants(view: string, wants: readonly Want[]): boolean {
    const known = new Set(this.#all());
    this.#wants.set(view, wants);
    return wants.some((want) => !known.has(want));
  }

  /** Another text: what was in sight is not there any more. */
  clear(): void {
    this.#lanes = null;
    this.#reports = [0, 0];
  }

  #all(): Want[] {
    return [...new Set([...this.#wants.values()].flat())];
  }

  look(processes: readonly ProcessInfo[], known: ReadonlyMap<number, { readonly version: number; readonly areas: Areas }>, selected: Place | null): Look {
    const first = processes.filter(({ ended }) => ended === null).slice(0, FIRST_LANES).map(({ pid }) => ({ pid, strips: FIRST_STRIPS, cells: [] }));
    const lanes = this.#lanes ?? first;
    // A process made by the step that comes is drawn as soon as a view has seen it.
    return {
      lanes: lanes.map((lane) => ({ ...lane, version: known.get(lane.pid)?.version ?? -1 })),
      frames: this.#frames,
      reports: this.#reports,
      selected,
      want: this.#all(),
    };
  }
}
