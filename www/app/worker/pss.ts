/** The proportional set sizes over the steps: counted on a machine that runs beside, once for each step, and gone on with when more are known. */
import type { Core } from './core.ts';
import type { PssOverTime } from './protocol.ts';

export class PssCount {
  readonly core: Core;
  /** Steps between two moments: doubled when there are too many of them. */
  #every = 1;
  #positions: number[] = [];
  #values = new Map<number, number[]>();

  constructor(core: Core) {
    this.core = core;
  }

  /** Counts as far as `known`; `run` goes there. What was counted before is not counted again. */
  async to(known: number, points: number, run: (to: number) => Promise<unknown>): Promise<PssOverTime> {
    while (known / this.#every > 2 * points) this.#every *= 2;
    this.#thin();
    for (let last = this.#positions.at(-1) ?? 0; last < known;) {
      last = Math.min(known, (Math.floor(last / this.#every) + 1) * this.#every);
      await run(last);
      // A run that stopped comes no further.
      if (this.core.position < last) break;
      this.#count(last);
    }
    return { positions: Uint32Array.from(this.#positions), pids: [...this.#values.keys()], values: [...this.#values.values()].map((all) => Float64Array.from({ length: this.#positions.length }, (_, i) => all[i] ?? Number.NaN)) };
  }

  #count(position: number): void {
    const at = this.#positions.push(position) - 1;
    for (const { pid, pss, ended } of this.core.processes()) {
      if (pss === null || ended !== null) continue;
      if (!this.#values.has(pid)) this.#values.set(pid, []);
      this.#values.get(pid)![at] = pss;
    }
  }

  /** Moments between those that are wanted go. */
  #thin(): void {
    const last = this.#positions.length - 1;
    const stays = this.#positions.flatMap((position, i) => (position % this.#every === 0 || i === last ? [i] : []));
    if (stays.length === this.#positions.length) return;
    this.#values = new Map([...this.#values].map(([pid, all]) => [pid, stays.map((i) => all[i] ?? Number.NaN)]));
    this.#positions = stays.map((i) => this.#positions[i]!);
  }
}
