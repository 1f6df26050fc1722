/** Test helper: what a sentence says against what is known of its step from elsewhere: maps, counters, results. */
import type { Explanation, Fact, ProcessBrief, ScriptSession, StepReport } from './node.ts';

/** What is known of a moment, looked up apart from the explanation. */
export interface Moment {
  /** By process: living, its lines of maps (without names), resident pages. */
  readonly processes: ReadonlyMap<number, { alive: boolean; areas: readonly string[]; rss: number; maps: string }>;
}

export function momentOf(session: ScriptSession, last?: Moment): Moment {
  const look = ({ pid, ended, rss }: ProcessBrief) => {
    const maps = session.maps(pid);
    const known = last?.processes.get(pid);
    // Most steps change no area, and a process may have 65,530.
    const areas = known?.maps === maps ? known.areas : maps.split('\n').filter((line) => line && !line.includes('[vsyscall]')).map((line) => line.split(' ', 2).join(' ').replace(/\b0+(?=[0-9a-f])/g, ''));
    return [pid, { alive: ended === null, areas, rss, maps }] as const;
  };
  return { processes: new Map(session.processes().map(look)) };
}

const ACCESSES = ['load', 'store', 'execute', 'touch_read', 'touch_write'];
const COUNTED = /\b1 (pages|areas|entries|times|bytes|accesses|parts|events|descriptors|translations|markers|page tables|guard pages|new areas|neighbours)\b/;
const FEW = /(?:^|[ (])(?:0|[2-9]|[1-9]\d+|[\d,]+,\d{3}) (?:new )?(page(?! table| [0-9a-f]{4})|area|entry|access|byte|event|time|part)\b/;
const same = (a: readonly string[], b: readonly string[]) => a === b || (a.length === b.length && a.every((line, i) => line === b[i]));
const spans = (fact: Fact): string[] => Object.values(fact).flat().filter((value): value is { start: string; end: string } => typeof value === 'object' && value !== null && 'start' in value).map(({ start, end }) => `${start}-${end}`);

/** Everything in which a step's texts contradict the step; empty if they agree. */
export function contradictions(report: StepReport, told: Explanation, before: Moment, after: Moment): string[] {
  const found: string[] = [];
  const { sentence, changes, tree, step } = told;
  const wrong = (is: boolean, what: string) => { if (is) found.push(what); };
  const says = (pattern: RegExp) => pattern.test(sentence);
  const faults = report.minFlt + report.majFlt;
  const acts = before.processes.get(report.pid ?? -1);
  const dead = acts !== undefined && !acts.alive;
  const all = [...new Set([...before.processes.keys(), ...after.processes.keys()])];
  const at = (moment: Moment, pid: number) => moment.processes.get(pid) ?? { alive: false, areas: [], rss: 0, maps: '' };
  const areasChanged = all.some((pid) => !same(at(before, pid).areas, at(after, pid).areas));
  const rssChanged = all.some((pid) => at(before, pid).rss !== at(after, pid).rss);
  const errno = / ?-1 (E[A-Z0-9]+)/.exec(report.result)?.[1];
  const signal = /\b(SIG[A-Z]+)\b/.exec(report.result)?.[1];
  const isAccess = ACCESSES.includes(report.call);

  // The end of the step.
  wrong(says(/undefined|(?<!\/)\bnull\b|NaN|\[object/) || [...changes, ...tree].some(({ text }) => /undefined|NaN|\[object/.test(text)), 'a hole in a text');
  wrong((report.kind === 'skipped') !== says(/^Not replayed/), 'skipped or not');
  if (report.kind === 'skipped') return found;
  wrong(dead !== says(/has ended before/), 'a dead process acts, or a living one is called dead');
  if (dead) {
    wrong(areasChanged, 'a dead process changed something');
    return found;
  }
  wrong((report.kind === 'error') !== says(/efused with/), 'refused or not');
  wrong(errno !== undefined && report.kind === 'error' && !sentence.includes(`with ${errno}:`), 'another errno');
  wrong(report.kind === 'signal' && signal !== undefined && !sentence.includes(signal), 'the signal is not named');
  wrong(report.kind === 'signal' && !says(/gets SIG/), 'a signal is told as something else');
  wrong(report.kind !== 'signal' && says(/gets SIG/) && !says(/handler answers/), 'a signal in a step that has none');
  const died = all.filter((pid) => at(before, pid).alive && !at(after, pid).alive);
  wrong(report.kind === 'signal' && died.includes(report.pid!) !== says(/(fatal|handle it): process \d+ died/), 'fatal or not');
  for (const pid of died) wrong(!new RegExp(`rocess ${pid} (died|ended|was killed)`).test(sentence), `the end of process ${pid} is not told`);
  for (const pid of all.filter((known) => !before.processes.has(known))) wrong(!new RegExp(`(rocess|numbered) ${pid}\\b`).test(sentence), `the new process ${pid} is not told`);

  // The MMU and its TLB belong to accesses of the program.
  wrong(says(/\bTLB\b|MMU walked/) && !isAccess, 'the TLB in a step without an access');
  wrong(says(/no fault/) && faults > 0, '"no fault" beside faults');
  wrong(/touched|for the first time|never wrote|wrote to/.test(sentence.replace(/until it is touched|as touched/g, '')) && (faults === 0 || !isAccess) && !says(/gets SIG/), 'a first touch without a fault');
  const touched = /touched ([\d,]+) pages for the first time/.exec(sentence);
  wrong(touched !== null && Number(touched[1]!.replaceAll(',', '')) > faults, 'more first touches than faults');

  // Nothing changed means nothing.
  wrong(says(/Nothing changed|nothing is run/) && (areasChanged || rssChanged || changes.length > 0), '"Nothing changed" beside changes');
  wrong(says(/No area and no page changed/) && (areasChanged || rssChanged), '"No area and no page" beside changes');
  wrong(changes.length === 0 && (areasChanged || rssChanged), 'changes are missing from the list');

  // Areas are where they are said to be.
  const living = died.length === 0 && !step.facts.some(({ kind }) => kind === 'spaceNew');
  for (const [, pid, range, perms] of sentence.matchAll(/Process (\d+) has a new area, ([0-9a-f]+–[0-9a-f]+) \((....)\)/g)) {
    wrong(living && !at(after, Number(pid)).areas.includes(`${range!.replace('–', '-')} ${perms}`), 'an area said new is not in maps');
  }
  for (const [, range, pid] of sentence.matchAll(/The area ([0-9a-f]+–[0-9a-f]+) of process (\d+) is gone/g)) {
    wrong(report.assumed === null && !at(before, Number(pid)).areas.some((line) => line.startsWith(range!.replace('–', '-'))), 'an area said gone was not in maps');
  }
  for (const { fact, pid } of changes) if (fact.kind === 'areaCount') wrong(at(after, pid!).areas.length !== fact.to, 'another number of areas');
  if (step.dropped === 0) {
    for (const pid of all.filter((known) => at(before, known).alive || at(after, known).alive)) {
      const [old, now] = [at(before, pid).areas, at(after, pid).areas];
      const facts = step.facts.filter((fact) => 'pid' in fact && fact.pid === pid);
      const thread = facts.some((fact) => fact.kind === 'processNew' && fact.shares);
      const replaced = facts.some(({ kind }) => kind === 'spaceNew');
      const named = new Set(facts.flatMap(spans));
      const parts = facts.flatMap((fact) => (fact.kind === 'areaPerms' ? [fact.at] : []));
      const covered = (range: string) => parts.some(({ start }) => BigInt(`0x${range.split('-')[0]}`) <= BigInt(`0x${start}`) && BigInt(`0x${start}`) < BigInt(`0x${range.split('-')[1]}`));
      const cuts = facts.flatMap((fact) => (fact.kind === 'areaCut' ? [fact.from, fact.gone] : []));
      const left = (range: string) => cuts.some(({ start, end }) => [start, end].some((edge) => range.split('-').includes(edge)));
      const shares = all.some((other) => other !== pid && (!at(after, pid).alive || same(at(after, other).areas, now)) && same(at(before, other).areas, old));
      const [had, has] = old === now ? [new Set<string>(), new Set<string>()] : [new Set(old), new Set(now)];
      for (const line of old === now ? [] : now.filter((each) => !had.has(each))) {
        const range = line.split(' ')[0]!;
        wrong(!thread && !shares && !named.has(range) && !covered(range) && !left(range), `the list does not name ${pid}: ${line}`);
      }
      for (const line of old === now ? [] : old.filter((each) => !has.has(each))) {
        const range = line.split(' ')[0]!;
        wrong(!shares && !replaced && !named.has(range) && !covered(range), `the list does not name what was ${pid}: ${line}`);
      }
      const count = (kind: Fact['kind'], of: (fact: never) => number) => facts.filter((fact) => fact.kind === kind).reduce((total, fact) => total + of(fact as never), 0);
      const came = count('pagesPresent', (fact: { page: string; count: number }) => (fact.page === 'zero' || fact.page === 'kernel' ? 0 : fact.count)) + count('pageCopied', (fact: { zero: boolean }) => (fact.zero ? 1 : 0));
      // Of the kernel's pages some count as resident.
      const kernel = count('pagesPresent', (fact: { page: string; count: number }) => (fact.page === 'kernel' ? fact.count : 0));
      const rss = at(after, pid).rss - at(before, pid).rss;
      const went = count('pagesGone', (fact: { count: number }) => fact.count);
      wrong(!thread && !shares && at(after, pid).alive && !replaced && (rss > came + kernel || rss < came - went), `resident ${rss}, told +${came} −${went}`);
    }
  }

  // Each change says whose and where; numbers agree with their nouns; words are explained.
  for (const { fact, text, pid } of changes) wrong(/^(area(?!Count)|page)/.test(fact.kind) && (pid === null || !/[0-9a-f]{4}/.test(text)), `a change without process or place: ${text}`);
  for (const text of [sentence, ...changes.map((change) => change.text), ...tree.map((line) => `${line.text} ${line.note}`)]) {
    wrong(COUNTED.test(text) || FEW.test(text), `number and noun: ${text}`);
    wrong(/error code 0x|not E[A-Z]+|_vm_ops\b/.test(text) && !/vma->vm_ops/.test(text), `unexplained: ${text}`);
  }
  wrong(tree.some(({ kind, text }) => kind === 'passed' && /not known|never get|checked, and not so/.test(text)), 'a check that passed is told as one that failed');
  return found;
}
