/** What a step would have cost on a real machine: prices (`texts/costs.ts`) times how often. A model, not a measurement. */
import type { Explanation, FactKind, FactOf } from '../../lib/index.ts';
import { PRICES, type PriceName } from '../texts/costs.ts';

export interface CostLine {
  readonly price: PriceName;
  readonly count: number;
  readonly cycles: number;
}

export interface Cost {
  readonly lines: readonly CostLine[];
  readonly cycles: number;
  /** At 3 GHz. */
  readonly nanoseconds: number;
}

/** Cycles a nanosecond of the machine that is thought of. */
export const CLOCK = 3;

/** The bill of a step; `levels`: of the page tables; `isSwitch`: another process ran the step before. */
export function costOf({ step }: Pick<Explanation, 'step'>, levels: 4 | 5 = 4, isSwitch = false): Cost {
  const counts = new Map<PriceName, number>();
  const add = (price: PriceName, count: number) => count > 0 && counts.set(price, (counts.get(price) ?? 0) + count);
  const of = <K extends FactKind>(kind: K) => step.facts.filter((fact): fact is FactOf<K> => fact.kind === kind);
  const sum = (facts: readonly { count: number }[]) => facts.reduce((total, fact) => total + fact.count, 0);
  if (step.ending === 'skipped' || !step.lived) return { lines: [], cycles: 0, nanoseconds: 0 };
  const [minor, major] = step.faults;
  const born = new Set(of('processNew').map(({ pid }) => pid));
  const dead = new Set(of('processEnded').map(({ pid }) => pid));
  /** What the birth or the end of a process costs is in its own price. */
  const alive = <F extends { pid: number }>(facts: readonly F[]) => facts.filter(({ pid }) => !born.has(pid) && !dead.has(pid));

  if (step.accessed) {
    const times = step.counted ?? 1;
    const walks = sum(of('tlbFilled')) + minor + major;
    add('walk', walks);
    add('tlbHit', Math.max(times - walks, walks === 0 ? 1 : 0));
  } else add('syscall', 1);

  // Faults by what they did; a fault that maps pages around it is one.
  let left = minor;
  const fault = (price: PriceName, count: number) => {
    const taken = Math.min(left, count);
    left -= taken;
    add(price, taken);
  };
  const present = alive(of('pagesPresent'));
  const pages = (...kinds: FactOf<'pagesPresent'>['page'][]) => sum(present.filter(({ page }) => kinds.includes(page)));
  fault('faultCopy', alive(of('pageCopied')).length);
  fault('faultAnon', pages('anon', 'shared'));
  fault('faultZero', pages('zero'));
  fault('faultFile', pages('file', 'shmem', 'kernel') > 0 ? left : 0);
  fault('faultReuse', sum(alive(of('pagesWritable'))));
  fault('faultOther', left);
  add('faultMajor', major);
  if (!step.accessed) add('populate', Math.max(sum(present) - minor - major, 0));

  const edits = (['areaNew', 'areaGone', 'areaCut', 'areaGrown', 'areaPerms', 'areaFlags'] as const).flatMap((kind) => alive(of(kind)));
  add('areaEdit', edits.length);
  add('areaSplit', alive(of('areaSplit')).length + alive(of('areaMerged')).length);
  add('unmapPage', sum(alive(of('pagesGone'))) + sum(alive(of('markersGone'))));
  add('protectPage', sum(of('pagesProtected')) + (step.accessed ? 0 : sum(of('pagesWritable'))) + sum(alive(of('pagesChanged'))));
  add('movePage', sum(of('pagesMoved')));
  // Tables of a new process are in the price of a process.
  if (born.size + dead.size === 0) add('table', sum(of('tablesMade')) + sum(of('tablesGone')));
  add('fork', of('processNew').length);
  add('forkArea', of('areaNew').filter(({ pid }) => born.has(pid)).length);
  add('exit', of('processEnded').length);
  add('signal', step.handled + (step.ending === 'signal' ? 1 : 0));
  add(isSwitch ? 'switch' : 'flush', of('tlbFlushed').length);

  const lines = [...counts].map(([price, count]) => ({ price, count, cycles: Math.round(PRICES[price].cycles * count * (price === 'walk' ? levels / 4 : 1)) }));
  const cycles = lines.reduce((total, line) => total + line.cycles, 0);
  return { lines: lines.sort((a, b) => b.cycles - a.cycles), cycles, nanoseconds: cycles / CLOCK };
}

/** A duration of two digits that matter: more would be a lie. */
export function roughly(nanoseconds: number): string {
  const [value, unit] = nanoseconds < 1000 ? [nanoseconds, 'ns'] : nanoseconds < 1e6 ? [nanoseconds / 1e3, 'µs'] : nanoseconds < 1e9 ? [nanoseconds / 1e6, 'ms'] : [nanoseconds / 1e9, 's'];
  return `${Number(value.toPrecision(2)).toLocaleString('en')} ${unit}`;
}
