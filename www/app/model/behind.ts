/**
 * What stands behind the verdict: its remarks, and windows of the calls that it leaves out and of those that are equal.
 * The verdict is the furthest that is known; the worker may stand elsewhere by the time it is asked.
 */
import type { LeftOut, StepReport } from '../../lib/index.ts';
import { REMARK, type Opened, type Question, type Tracks, type VerdictInfo } from '../worker/protocol.ts';
import { Equal } from './equal.ts';
import { withWindow } from './window.ts';

type Ask = <A>(question: Question) => Promise<A | null>;
export type Remarks = readonly (readonly [step: number, report: StepReport])[];

/** Remarks that the page holds, and calls left out that it asks for by itself. */
const MOST = 200;

export class Behind {
  remarks: Remarks = [];
  /** As many as are left out: those of windows are there. */
  leftOut: readonly (LeftOut | undefined)[] = [];
  readonly #ask: Ask;
  readonly #changed: () => void;
  #verdict: VerdictInfo | null = null;
  /** The verdict that the remarks are of. */
  #remarked: VerdictInfo | null = null;
  /** The window of what is left out that is looked at. */
  #window: readonly [from: number, to: number] = [0, MOST];
  /** All that is known of it where the worker stands is there. */
  #isShort = false;
  #equal: Equal | null = null;

  constructor(ask: Ask, changed: () => void) {
    this.#ask = ask;
    this.#changed = changed;
  }

  /** Another text. */
  clear(): void {
    this.remarks = [];
    this.leftOut = [];
    this.#verdict = this.#remarked = this.#equal = null;
    this.#window = [0, MOST];
    this.#isShort = false;
  }

  /** The worker stands somewhere else than before: there it may know more. */
  async see(verdict: VerdictInfo | null, verdictAt: number, tracks: Tracks): Promise<void> {
    this.#verdict = verdict;
    this.#isShort = false;
    if (!verdict) return;
    if (verdict !== this.#remarked) await this.#remark(verdict, verdictAt, tracks);
    if (verdict === this.#verdict) await this.#fill(verdict);
  }

  /** Which steps have remarks is known of all that were ever run, and so are their reports. */
  async #remark(verdict: VerdictInfo, verdictAt: number, tracks: Tracks): Promise<void> {
    const hasRemarks = verdict.differences + verdict.excused + verdict.assumed > 0;
    const steps = hasRemarks ? remarked(tracks, verdictAt) : [];
    const reports = steps.length > 0 ? await this.#ask<(StepReport | null)[]>({ of: 'reports', steps }) : [];
    if (!reports || verdict !== this.#verdict) return;
    this.#remarked = verdict;
    const had = this.remarks.length;
    this.remarks = steps.flatMap((step, at) => (reports[at] ? [[step, reports[at]] as const] : []));
    if (this.remarks.length + had > 0) this.#changed();
  }

  /** Calls that were left out, from … to: a list comes to them. */
  async more(from: number, to: number): Promise<void> {
    if (from !== this.#window[0] || to !== this.#window[1]) this.#isShort = false;
    this.#window = [from, to];
    if (this.#verdict) await this.#fill(this.#verdict);
  }

  /** Asks for what is missing of the window, once where the worker stands: of what was left out it knows no more than that. */
  async #fill(verdict: VerdictInfo): Promise<void> {
    if (this.#isShort) return;
    const to = Math.min(this.#window[1], verdict.leftOut);
    let from = this.#window[0];
    while (from < to && this.leftOut[from]) from++;
    if (from >= to) return;
    const more = await this.#ask<LeftOut[]>({ of: 'leftOut', from, to });
    if (!more || verdict !== this.#verdict) return;
    this.#isShort = more.length < to - from;
    if (more.length === 0) return;
    this.leftOut = withWindow(this.leftOut, verdict.leftOut, from, more);
    this.#changed();
  }

  /** The calls that were compared and are as they should be. */
  equal(opened: Opened | null, tracks: Tracks, verdictAt: number): Equal {
    if (this.#equal?.end !== verdictAt || this.#equal.of !== opened) this.#equal = new Equal(opened, tracks, verdictAt);
    return this.#equal;
  }

  /** Of those, from … to in their list: it comes to them. */
  async moreEqual(equal: Equal, from: number, to: number): Promise<void> {
    const reports = await this.#ask<(StepReport | null)[]>({ of: 'reports', steps: [...equal.steps.subarray(from, to)] });
    if (equal !== this.#equal || !reports?.some((report) => report !== null)) return;
    equal.put(from, reports);
    this.#changed();
  }
}

/** The first steps that differ or take something for granted, at most so many of each, in their order. */
function remarked({ ending, from }: Tracks, end: number): number[] {
  const [differ, assume]: [number[], number[]] = [[], []];
  for (let step = from; step < Math.min(end, from + ending.length); step++) {
    const bits = ending[step - from]!;
    const list = bits & (REMARK.differs | REMARK.excused) ? differ : bits & REMARK.assumed ? assume : null;
    if (list && list.length < MOST) list.push(step);
  }
  return [...differ, ...assume].sort((a, b) => a - b);
}
