/** Which mark a step's line gets. No DOM. */
import type { StepReport } from '../../lib/index.ts';
import { plural } from './verdict.ts';

export interface Result {
  readonly text: string;
  readonly kind: 'fine' | 'fault' | 'wrong' | 'refused' | 'quiet' | 'left';
}

export function resultText(report: StepReport, how: { readonly isLeftOut: boolean; readonly isLog: boolean }): Result {
  const result = plainResult(report, how);
  // Where the log speaks of one address and this machine of another, both are told.
  const [moved] = report.elsewhere;
  return moved && report.kind !== 'skipped' && !result.text.includes(moved[1]) ? { ...result, text: [result.text, `0x${moved[1]} here`].filter(Boolean).join(' · ') } : result;
}

/** A call that was left out, and why. */
export const leftOutText = (why: string | null): string => (why ? `not replayed: ${why}` : 'not replayed');

function plainResult(report: StepReport, { isLeftOut, isLog }: { readonly isLeftOut: boolean; readonly isLog: boolean }): Result {
  const faults = report.majFlt ? `${report.majFlt} major` : report.minFlt === 1 ? 'minor fault' : report.minFlt ? plural(report.minFlt, 'minor fault') : '';
  if (report.differences.some((d) => !d.excuse)) return { text: `✗ ${report.result}`, kind: 'wrong' };
  if (isLeftOut) return { text: report.kind === 'skipped' ? leftOutText(report.why) : 'not compared', kind: 'left' };
  if (report.kind === 'skipped') return { text: 'not about memory', kind: 'quiet' };
  if (report.kind === 'error' || report.kind === 'signal') return { text: report.compared ? '✓' : report.result.replace(/^-1 /, '').replace(/ \(.*/, ''), kind: report.compared ? 'fine' : 'refused' };
  // A result that stands in the text already is only ticked off; in a log all do.
  const silent = isLog || ['store', 'touch_write', 'touch_read', 'execute', 'on'].includes(report.call);
  const shown = report.compared ? '✓' : silent ? '' : `= ${report.result}`;
  return { text: [shown, faults].filter(Boolean).join(' · '), kind: faults ? 'fault' : 'fine' };
}
