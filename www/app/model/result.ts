/** Which mark a step's line gets. No DOM. */
import type { StepReport } from '../../lib/index.ts';
import { plural } from './verdict.ts';
import { words } from '../texts/page.ts';

const t = words.result;

export interface Result {
  readonly text: string;
  readonly kind: 'fine' | 'fault' | 'wrong' | 'refused' | 'quiet' | 'left';
}

export function resultText(report: StepReport, how: { readonly isLeftOut: boolean; readonly isLog: boolean }): Result {
  const result = plainResult(report, how);
  // Where the log speaks of one address and this machine of another, both are told.
  const [moved] = report.elsewhere;
  return moved && report.kind !== 'skipped' && !result.text.includes(moved[1]) ? { ...result, text: [result.text, t.elsewhere(moved[1])].filter(Boolean).join(' · ') } : result;
}

/** A call that was left out, and why. */
export const leftOutText = (why: string | null): string => t.notReplayed(why ?? '');

function plainResult(report: StepReport, { isLeftOut, isLog }: { readonly isLeftOut: boolean; readonly isLog: boolean }): Result {
  const faults = report.majFlt ? t.major(report.majFlt) : report.minFlt === 1 ? t.minorFault : report.minFlt ? plural(report.minFlt, t.minorFault) : '';
  if (report.differences.some((d) => !d.excuse)) return { text: `✗ ${report.result}`, kind: 'wrong' };
  // Of a script nothing is left out but what a failed call left without a name.
  if (report.kind === 'skipped' && !isLog) return { text: t.notRun(report.why ?? ''), kind: 'left' };
  if (isLeftOut) return { text: report.kind === 'skipped' ? leftOutText(report.why) : t.notCompared, kind: 'left' };
  if (report.kind === 'skipped') return { text: t.notMemory, kind: 'quiet' };
  if (report.kind === 'error' || report.kind === 'signal') return { text: report.compared ? '✓' : report.result.replace(/^-1 /, '').replace(/ \(.*/, ''), kind: report.compared ? 'fine' : 'refused' };
  // A result that stands in the text already is only ticked off; in a log all do.
  const silent = isLog || ['store', 'touch_write', 'touch_read', 'execute', 'on', 'exit', 'exit_group'].includes(report.call);
  const shown = report.compared ? '✓' : silent ? '' : `= ${report.result}`;
  return { text: [shown, faults].filter(Boolean).join(' · '), kind: faults ? 'fault' : 'fine' };
}
