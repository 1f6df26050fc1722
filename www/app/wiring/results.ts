/** What stands beside the lines of the text: results of the steps in sight, differences, errors, what is set aside. */
import type { Remark, Shown } from '../interface/editor/shown.ts';
import type { LineResult } from '../interface/editor/shown.ts';
import { above } from '../model/above.ts';
import { leftOutText, resultText } from '../model/result.ts';
import type { Page } from './page.ts';
import { words } from '../texts/page.ts';

/** Lines around what is visible whose results are asked for too. */
const SPARE = 40;

export function shown(page: Page): Shown {
  const { model } = page;
  const isLog = model.opened?.isLog ?? false;
  const left = new Map(model.leftOut.flatMap((one) => (one ? [[one.line, one.reason] as const] : [])));
  const lines = model.opened?.lines ?? new Uint32Array();
  // Of a dump the areas are no steps.
  const isDump = (model.opened?.dump ?? null) !== null;
  const current = isDump || model.position === 0 ? null : (lines[model.position - 1] ?? null);
  return {
    current,
    reveal: model.isFresh ? newly(current, model.errors) : null,
    asideLines: asideLines(page),
    errors: model.errors,
    remarks: model.remarks.flatMap(([, report]) => report.differences.map((d): Remark => ({
      line: report.line, kind: d.excuse ? 'warning' : 'error',
      text: words.differs(d.field, d.expected, d.found, d.excuse, d.cause),
    }))),
    isFresh: model.isFresh,
    places: (fromLine, toLine) => new Map(model.reports.flatMap(({ line, pid, focus }) => (pid !== null && focus && line >= fromLine && line <= toLine ? [[line, { pid, addr: focus }] as const] : []))),
    results: (fromLine, toLine) => {
      const [from, to] = stepsOf(lines, fromLine - SPARE, toLine + SPARE);
      if (!isDump && to > from) model.seeReports(from, to);
      const results: LineResult[] = model.reports.filter(({ line }) => line >= fromLine && line <= toLine)
        .map((report) => ({ line: report.line, ...resultText(report, { isLeftOut: left.has(report.line), isLog }) }));
      const lost = (model.opened?.setAside ?? []).filter(({ isMemoryCall, line }) => isMemoryCall && line >= fromLine && line <= toLine && left.has(line));
      return [...results, ...lost.map(({ line }): LineResult => ({ line, text: leftOutText(left.get(line)!), kind: 'left' }))].filter(({ text }) => text !== '');
    },
  };
}

let last: { readonly current: number | null; readonly errors: unknown } = { current: null, errors: null };

/** What is new is scrolled to, once: the first mistake, or the line of the step. */
function newly(current: number | null, errors: readonly { readonly line: number }[]): number | null {
  const { current: before, errors: known } = last;
  last = { current, errors };
  if (errors.length > 0) return errors === known ? null : errors[0]!.line;
  return current === before ? null : current;
}

let known: { readonly of: unknown; readonly lines: ReadonlySet<number> } = { of: null, lines: new Set() };

/** Made once a text: a log may have as many as it has lines. */
function asideLines({ model }: Page): ReadonlySet<number> {
  const setAside = model.opened?.setAside ?? null;
  if (known.of !== setAside) known = { of: setAside, lines: new Set((setAside ?? []).filter(({ isMemoryCall }) => !isMemoryCall).map(({ line }) => line)) };
  return known.lines;
}

let order: { readonly of: unknown; readonly ascends: boolean } = { of: null, ascends: true };

/** Looked at once a text. */
function ascend(lines: Uint32Array): boolean {
  if (order.of !== lines) order = { of: lines, ascends: lines.every((line, step) => step === 0 || lines[step - 1]! <= line) };
  return order.ascends;
}

/** The steps whose lines lie in a window. Lines mostly ascend; where threads' calls were put in another order they do not. */
export function stepsOf(lines: Uint32Array, fromLine: number, toLine: number): [number, number] {
  if (ascend(lines)) return [above(lines, fromLine - 1), above(lines, toLine)];
  let [from, to] = [lines.length, 0];
  for (let step = 0; step < lines.length; step++) {
    const line = lines[step]!;
    if (line < fromLine || line > toLine) continue;
    if (step < from) from = step;
    to = step + 1;
  }
  return [from, to];
}
