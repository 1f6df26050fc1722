/** Areas that the page has already: they do not come again while they are the same, and are put into each answer, so that views find them always. */
import type { Areas, At } from '../worker/protocol.ts';

interface Known { readonly version: number; readonly areas: Areas }

export class KnownAreas {
  readonly #areas = new Map<number, Known>();

  /** By process. */
  get all(): ReadonlyMap<number, Known> {
    return this.#areas;
  }

  clear(): void {
    this.#areas.clear();
  }

  /** The answer with its areas in it. */
  take(at: At): At {
    for (const { pid, version, areas, present } of at.lanes) {
      const known = areas ?? this.#areas.get(pid)?.areas;
      // What is made of areas is kept by their object: it stays as long as nothing in it is another.
      if (known) this.#areas.set(pid, { version, areas: present && !areSame(present, known.present) ? { ...known, present } : known });
    }
    for (const pid of this.#areas.keys()) if (!at.processes.some((process) => process.pid === pid)) this.#areas.delete(pid);
    return { ...at, lanes: at.lanes.map((lane) => ({ ...lane, areas: this.#areas.get(lane.pid)?.areas ?? null })) };
  }
}

function areSame(a: Uint32Array, b: Uint32Array): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}
