/** The Pss of each process over the steps known: counted once for as far as they are known. */
import type { PssOverTime, Question } from '../worker/protocol.ts';

/** Moments at which it is counted. */
const POINTS = 120;

export class Pss {
  value: PssOverTime | null = null;
  /** How many steps it is known of, or being counted for. */
  #of = 0;
  #texts = 0;

  /** Another text. */
  clear(): void {
    this.value = null;
    this.#of = 0;
    this.#texts++;
  }

  /** Whether there is another one now. */
  async read(steps: number, ask: (question: Question) => Promise<PssOverTime | null>): Promise<boolean> {
    if (steps === 0 || this.#of === steps) return false;
    this.#of = steps;
    const text = this.#texts;
    const pss = await ask({ of: 'pss', points: POINTS });
    if (text !== this.#texts) return false;
    // What was overridden is asked for again with the next change.
    if (pss) this.value = pss;
    else this.#of = 0;
    return pss !== null;
  }
}
