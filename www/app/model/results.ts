/** What came of the steps whose lines are in sight. When other lines come into sight it is asked for alone: with another look, everything would be drawn anew. */
import type { StepReport } from '../../lib/index.ts';
import type { At, Question } from '../worker/protocol.ts';

export class Results {
  reports: readonly StepReport[] = [];
  readonly #ask: <A>(question: Question) => Promise<A | null>;
  readonly #changed: () => void;
  #at: At | null = null;
  #looks = 0;

  constructor(ask: <A>(question: Question) => Promise<A | null>, changed: () => void) {
    this.#ask = ask;
    this.#changed = changed;
  }

  /** Another moment, with the results that were in sight when it was asked for; or none. */
  take(at: At | null): void {
    this.#at = at;
    this.reports = at?.reports ?? [];
    if (!at) this.#looks++;
  }

  /** Steps from … to come into sight. */
  async look(from: number, to: number): Promise<void> {
    const look = ++this.#looks;
    const reports = await this.#ask<(StepReport | null)[]>({ of: 'reports', steps: Array.from({ length: to - from }, (_, i) => from + i) });
    if (!reports || look !== this.#looks || !this.#at) return;
    // Steps behind the position are known, but have not happened.
    this.reports = reports.slice(0, Math.max(0, this.#at.position - from)).filter((report) => report !== null);
    this.#changed();
  }
}
