/** The calls of a text that were compared and are as they should be: which steps, and the reports of those that were looked at. */
import type { StepReport } from '../../lib/index.ts';
import { REMARK, type Opened, type Tracks } from '../worker/protocol.ts';
import { withWindow } from './window.ts';

export class Equal {
  /** The text, and how far it was run. */
  readonly of: Opened | null;
  readonly end: number;
  readonly steps: Uint32Array;
  /** In the order of `steps`; what was not looked at yet is missing. */
  reports: readonly (StepReport | undefined)[];

  constructor(of: Opened | null, { ending, from }: Tracks, end: number) {
    this.of = of;
    this.end = end;
    const steps: number[] = [];
    for (let step = from; step < Math.min(end, from + ending.length); step++) {
      if ((ending[step - from]! & (REMARK.compared | REMARK.differs | REMARK.excused)) === REMARK.compared) steps.push(step);
    }
    this.steps = Uint32Array.from(steps);
    this.reports = [];
  }

  get count(): number {
    return this.steps.length;
  }

  put(from: number, reports: readonly (StepReport | null)[]): void {
    this.reports = withWindow(this.reports, this.count, from, reports);
  }
}
