/** A run in the trace format of Chrome, which Perfetto opens. Nothing here has a clock: a microsecond is one event. */
import type { Explanation, StepReport } from '../node.ts';

interface TraceEvent {
  readonly name: string;
  readonly ph: 'B' | 'E' | 'X' | 'i' | 'M';
  readonly ts: number;
  readonly dur?: number;
  readonly pid: number;
  readonly tid: number;
  readonly s?: 't';
  readonly cat?: string;
  readonly args?: object;
}

/** Steps with their call trees, one behind the other. */
export function chromeTrace(file: string, reports: readonly StepReport[], told: readonly (Explanation | null)[]): { readonly traceEvents: readonly TraceEvent[]; readonly displayTimeUnit: 'ns'; readonly otherData: object } {
  const traceEvents: TraceEvent[] = [];
  let ts = 0;
  const named = new Set<number>();
  for (const [i, report] of reports.entries()) {
    const pid = report.pid ?? 0;
    const at = { pid, tid: pid };
    if (!named.has(pid)) {
      named.add(pid);
      traceEvents.push({ name: 'process_name', ph: 'M', ts: 0, ...at, args: { name: `process ${pid}` } });
    }
    const explanation = told[i];
    const args = { line: report.line, result: report.result, ...(report.why ? { why: report.why } : {}), ...(explanation ? { sentence: explanation.sentence } : {}) };
    traceEvents.push({ name: report.call, ph: 'B', ts: ts++, cat: report.kind, ...at, args });
    let depth = 0;
    for (const entry of explanation?.tree ?? []) {
      for (; depth > entry.depth; depth--) traceEvents.push({ name: '', ph: 'E', ts: ts++, ...at });
      const more = entry.note ? { args: { note: entry.note } } : {};
      if (entry.kind === 'call') {
        traceEvents.push({ name: entry.text, ph: 'B', ts: ts++, cat: 'call', ...at, ...more });
        depth++;
      } else traceEvents.push({ name: `${entry.kind}: ${entry.text}`, ph: 'i', s: 't', ts: ts++, cat: entry.kind, ...at, ...more });
    }
    for (; depth >= 0; depth--) traceEvents.push({ name: '', ph: 'E', ts: ts++, ...at });
  }
  return { traceEvents, displayTimeUnit: 'ns', otherData: { file, clock: 'one microsecond is one event' } };
}
