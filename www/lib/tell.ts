/** From facts to words: which sentences are said of a step, in which order. The words are in `texts/`. No DOM, no core. */
import type { Check, Fact, FactKind, FactOf, Span, StepFacts, ToldByCore, TreeFact } from './facts.ts';
import { type Texts, en } from './texts/en.ts';

/** One line of the list of changes. */
export interface Change {
  /** `+` made, `−` gone, `~` other than before. */
  readonly mark: '+' | '−' | '~';
  readonly text: string;
  /** Whose it is; null for what belongs to no process. */
  readonly pid: number | null;
  readonly fact: Fact;
}

/** One line of the call tree. */
export interface TreeLine {
  readonly depth: number;
  readonly kind: TreeFact['kind'];
  readonly text: string;
  readonly note: string;
  /** The reason that decided, by name; null where the line is none. */
  readonly check: Check | null;
}

/** What happened inside a step: facts, and the words made of them. */
export interface Explanation {
  readonly step: StepFacts;
  readonly sentence: string;
  readonly tree: readonly TreeLine[];
  readonly changes: readonly Change[];
  /** Events that were not kept. */
  readonly dropped: number;
}

/** Tells a step in a language. */
export function tell({ step, tree }: ToldByCore, texts: Texts = en): Explanation {
  return {
    step,
    sentence: sentence(step, texts),
    tree: tree.map((line) => treeLine(line, texts)),
    changes: whole(step).facts.map((fact) => change(fact, texts)),
    dropped: step.dropped,
  };
}

function change(fact: Fact, texts: Texts): Change {
  const line = (texts.changes[fact.kind] as (of: Fact) => string)(fact);
  return { mark: line[0] as Change['mark'], text: line.slice(2), pid: 'pid' in fact ? fact.pid : null, fact };
}

function treeLine({ depth, kind, text, note, check }: TreeFact, texts: Texts): TreeLine {
  const line = (words: readonly [string, string]) => ({ depth, kind, text: words[0], note: words[1], check: check ?? null });
  const value = (name: string) => check?.values.find(([of]) => of === name)?.[1] ?? '';
  switch (kind) {
    case 'passed': return line([texts.passed(check!, note), '']);
    case 'apart': return line(texts.apart(text, value('side'), check?.name === 'Flags' ? texts.flagsDiffer(value('letters')) : note));
    case 'merge': return line(texts.merged(text, note));
    case 'split': return line(texts.split(text, note));
    case 'fault': return line(texts.fault(text, Number(note)));
    default: return line([text, note]);
  }
}

/** What is left to tell: each fact is told once. */
class Rest {
  facts: Fact[];
  constructor(facts: readonly Fact[]) {
    this.facts = [...facts];
  }

  /** Facts of a kind, by process. */
  take<K extends FactKind>(kind: K, only: (fact: FactOf<K>) => boolean = () => true): FactOf<K>[] {
    const is = (fact: Fact): fact is FactOf<K> => fact.kind === kind && only(fact as FactOf<K>);
    const taken = this.facts.filter(is);
    this.facts = this.facts.filter((fact) => !is(fact));
    return taken;
  }

  /** The facts of a process are told by what became of it. */
  drop(pid: number): void {
    this.facts = this.facts.filter((fact) => !('pid' in fact) || fact.pid !== pid);
  }
}

/** Facts in groups of one process each. */
function byProcess<F extends { pid: number }>(facts: readonly F[]): [number, F[]][] {
  const groups = new Map<number, F[]>();
  for (const fact of facts) groups.set(fact.pid, [...(groups.get(fact.pid) ?? []), fact]);
  return [...groups];
}

const sum = (facts: readonly { count: number }[]) => facts.reduce((total, fact) => total + fact.count, 0);

/** Of a step whose events were not all kept, what was folded from them is not true of its end: only counters are. */
function whole(step: StepFacts): StepFacts {
  const counters: readonly FactKind[] = ['areaCount', 'resident', 'locked', 'brk', 'fileSize', 'opened', 'closed', 'limit', 'processNew', 'processEnded', 'spaceNew', 'futureLocked', 'ramFull', 'handler', 'areaNew'];
  return step.dropped === 0 ? step : { ...step, facts: step.facts.filter(({ kind }) => counters.includes(kind)) };
}

/** One to some sentences: the end of the step first, then what is different. */
export function sentence(all: StepFacts, texts: Texts = en): string {
  const step = whole(all);
  if (step.ending === 'skipped') return texts.skipped(step.why ?? '');
  if (!step.lived) return texts.dead(step.pid);
  const rest = new Rest(step.facts);
  const said = [...ending(step, rest, texts), ...processes(step, rest, texts), ...areas(step, rest, texts), ...pages(step, rest, texts), ...others(step, rest, texts)];
  if (said.length === 0) said.push(nothing(step, rest, texts));
  if (step.dropped > 0) said.push(texts.incomplete(step.dropped));
  return said.join(' ');
}

/** What came of it, if that is worth a sentence. */
function ending(step: StepFacts, rest: Rest, t: Texts): string[] {
  const { pid, counted, why, errno, signal, handled } = step;
  if (step.ending === 'error') return [counted ? t.refusedAfter(counted, errno!, why!) : t.refused(errno!, why!)];
  if (!signal || (step.ending === 'ok' && handled === 0)) return [];
  if (step.ending === 'ok') return [t.handled(pid, handled, signal.name, why ?? '')];
  const said = [counted ? t.signalAfter(pid, counted, signal.name, why ?? '') : t.signal(pid, signal.name, why ?? '')];
  const death = rest.take('processEnded', (fact) => fact.pid === pid);
  said.push(death.length > 0 ? t.fatal(pid, signal.name) : t.expected());
  if (death.length > 0) rest.drop(pid);
  return said;
}

function processes(step: StepFacts, rest: Rest, t: Texts): string[] {
  const said = [];
  for (const { pid, signal, status } of rest.take('processEnded')) {
    const gone = rest.facts.filter((fact) => fact.kind === 'areaGone' && fact.pid === pid).length;
    said.push(signal ? t.killed(pid, signal) : t.exited(pid, status, gone));
    rest.drop(pid);
  }
  for (const { pid, parent, thread, shares } of rest.take('processNew')) {
    if (parent === null) said.push(t.made(pid));
    else if (thread) said.push(t.thread(parent, pid));
    else if (shares) said.push(t.sharing(parent, pid));
    else said.push(t.forked(parent, pid, rest.take('areaNew', (fact) => fact.pid === pid).length, sum(rest.take('pagesProtected', (fact) => fact.pid === parent))));
    rest.drop(pid);
  }
  for (const { pid } of rest.take('spaceNew')) {
    said.push(t.program(pid, rest.take('areaNew', (fact) => fact.pid === pid).length));
    rest.drop(pid);
  }
  return said;
}

const place = (fact: FactOf<'areaGone'> | FactOf<'areaCut'>) => (fact.kind === 'areaGone' ? fact.at : fact.gone);
const length = ({ start, end }: Span) => BigInt(`0x${end}`) - BigInt(`0x${start}`);

/** What was mapped between areas that are one now. */
const fresh = (of: readonly Span[]): Span[] => of.slice(1).map(({ start: end }, i) => ({ start: of[i]!.end, end })).filter((span) => length(span) > 0n);

/** What `mremap` moved: the area that is new, and the one of its size that is not there any more. */
function moved({ call, ending: how, facts }: StepFacts): { from: FactOf<'areaGone'> | FactOf<'areaCut'>; to: FactOf<'areaNew'> } | null {
  const made = facts.filter((fact) => fact.kind === 'areaNew');
  if (call !== 'mremap' || how !== 'ok' || made.length !== 1) return null;
  const gone = facts.filter((fact) => fact.kind === 'areaGone' || fact.kind === 'areaCut');
  const entries = facts.find((fact) => fact.kind === 'pagesMoved')?.from;
  const holds = (span: Span) => entries !== undefined && BigInt(`0x${span.start}`) <= BigInt(`0x${entries}`) && BigInt(`0x${entries}`) < BigInt(`0x${span.end}`);
  const from = gone.find((fact) => holds(place(fact))) ?? (gone.length === 1 ? gone[0] : gone.find((fact) => length(place(fact)) === length(made[0]!.at) && place(fact).start !== made[0]!.at.start));
  return from ? { from, to: made[0]! } : null;
}

function areas(step: StepFacts, rest: Rest, t: Texts): string[] {
  const said: string[] = [];
  /** One fact is told as it is, several by their number. */
  const each = <F extends { pid: number }>(facts: F[], single: (fact: F) => string, several: (pid: number, count: number, facts: F[]) => string) => {
    for (const [pid, group] of byProcess(facts)) said.push(group.length === 1 ? single(group[0]!) : several(pid, group.length, group));
  };
  const move = moved(step);
  if (move) {
    const is = (fact: Fact) => fact === move.from || fact === move.to;
    rest.facts = rest.facts.filter((fact) => !is(fact));
    said.push(t.areaMoved(move.to.pid, place(move.from).start, move.to.at.start));
  }
  const made = rest.take('areaNew');
  for (const [pid, facts] of byProcess(rest.take('areaGone'))) said.push(facts.length === 1 ? t.areaGone(pid, facts[0]!.at) : t.areasGone(pid, facts.length));
  each(rest.take('areaCut'), t.areaCut, t.areasCut);
  for (const [pid, facts] of byProcess(made)) said.push(facts.length === 1 ? t.areaNew(facts[0]!) : t.areasNew(pid, facts.length));
  each(rest.take('areaGrown'), (fact) => (step.accessed && fact.from.start !== fact.to.start ? t.stackGrown(fact) : t.areaGrown(fact)), t.areasGrown);
  each(rest.take('areaMerged'), (fact) => t.areaMerged(fact, fresh(fact.of)), t.areasMerged);
  each(rest.take('areaSplit'), t.areaSplit, t.areasSplit);
  each(rest.take('areaPerms'), t.areaPerms, (pid, count, facts) => t.areasPerms(pid, count, new Set(facts.map((fact) => fact.to)).size === 1 ? facts[0]!.to : null));
  each(rest.take('areaFlags'), t.areaFlags, t.areasFlags);
  const present = step.facts.some((fact) => fact.kind === 'pagesPresent' || fact.kind === 'pagesMoved');
  if (made.length > 0 && !present && step.dropped === 0) said.push(t.untouched(made.map((fact) => fact.pid)));
  return said;
}

/** Permissions that allow no access at all. */
const isNothing = (perms: string) => perms.startsWith('---');

/** Whether pages lie where permissions changed so in this step. */
const withPerms = (step: StepFacts, is: (fact: FactOf<'areaPerms'>) => boolean) => {
  // Borders of pages are exact as numbers. They are read once: a step may change thousands of areas and of pages.
  const number = (hex: string) => Number.parseInt(hex, 16);
  const areas = step.facts.filter((fact) => fact.kind === 'areaPerms').filter(is).map(({ pid, at: { start, end } }) => ({ pid, start: number(start), end: number(end) }));
  return ({ pid, at }: { readonly pid: number; readonly at: Span }) => {
    const [start, end] = [number(at.start), number(at.end)];
    return areas.some((area) => area.pid === pid && area.start <= start && end <= area.end);
  };
};

function pages(step: StepFacts, rest: Rest, t: Texts): string[] {
  const said: string[] = [];
  const areaGone = step.facts.some((fact) => fact.kind === 'areaGone' || fact.kind === 'areaCut');
  // A first touch is one that faulted in this step, in the process that acts.
  const touched = step.accessed && step.faults[0] + step.faults[1] > 0;
  for (const [pid, facts] of byProcess(rest.take('pageCopied'))) {
    said.push(facts.length === 1 ? t.copied(facts[0]!, touched && pid === step.pid) : t.manyCopied(pid, facts.length));
  }
  for (const [pid, facts] of byProcess(rest.take('pagesPresent'))) {
    const of = (page: FactOf<'pagesPresent'>['page']) => sum(facts.filter((fact) => fact.page === page));
    if (!touched || pid !== step.pid) {
      said.push(t.present(pid, sum(facts)));
      continue;
    }
    if (of('zero') > 0) said.push(t.touchedZero(pid, of('zero')));
    if (of('anon') + of('shared') > 0) said.push(t.touchedAnon(pid, of('anon') + of('shared')));
    if (of('file') > 0) said.push(t.touchedFile(pid, of('file')));
    if (of('shmem') > 0) said.push(t.touchedShmem(pid, of('shmem')));
    if (of('kernel') > 0) said.push(t.touchedKernel(pid, of('kernel')));
  }
  const moved = sum(rest.take('pagesMoved'));
  if (moved > 0) said.push(t.moved(moved));
  for (const [pid, facts] of byProcess(rest.take('pagesGone'))) said.push(areaGone ? t.gone(pid, sum(facts)) : t.goneStay(pid, sum(facts)));
  const [sealed, unsealed] = [withPerms(step, ({ to }) => isNothing(to)), withPerms(step, ({ from }) => isNothing(from))];
  for (const [pid, facts] of byProcess([...rest.take('pagesProtected', sealed), ...rest.take('pagesChanged', sealed)])) said.push(t.sealed(pid, sum(facts)));
  for (const [pid, facts] of byProcess([...rest.take('pagesWritable', unsealed), ...rest.take('pagesChanged', unsealed)])) said.push(t.unsealed(pid, sum(facts)));
  for (const [pid, facts] of byProcess(rest.take('pagesProtected'))) said.push(t.protected(pid, sum(facts)));
  for (const [pid, facts] of byProcess(rest.take('pagesWritable'))) {
    said.push(touched && pid === step.pid && sum(facts) === 1 ? t.reused(pid) : t.writable(pid, sum(facts)));
  }
  const guards = rest.take('markersSet', (fact) => fact.marker === 'guard');
  if (guards.length > 0) said.push(t.guards(sum(guards)));
  const poison = rest.take('markersSet');
  if (poison.length > 0) said.push(t.poison(sum(poison)));
  const unmarked = sum(rest.take('markersGone'));
  if (unmarked > 0 && !areaGone) said.push(t.unmarked(unmarked));
  return said;
}

function others(step: StepFacts, rest: Rest, t: Texts): string[] {
  const told = [
    ...rest.take('handler').map(t.handler), ...rest.take('brk').map(t.brk), ...rest.take('locked').map(t.locked), ...rest.take('futureLocked').map(t.futureLocked), ...rest.take('ramFull').map(t.ramFull), ...rest.take('fileSize').map(t.fileSize),
    ...rest.take('opened').map(t.opened), ...rest.take('closed').map(t.closed), ...rest.take('limit').map(t.limit),
  ];
  // Where events are missing, the counters are not.
  return step.dropped > 0 ? [...told, ...rest.take('areaCount').map(t.areaCount), ...rest.take('resident').map(t.resident)] : told;
}

/** Calls whose effect may be one that is not followed here: contents, what the kernel keeps of a file, a process or a key. */
const ELSEWHERE = new Set([
  'read', 'readv', 'pread64', 'preadv', 'preadto', 'write', 'writev', 'pwrite64', 'pwritev', 'pwritefrom', 'process_vm_readv', 'process_vm_writev', 'lseek', 'fallocate', 'fadvise64',
  'fsync', 'fdatasync', 'sync', 'msync', 'chmod', 'fchmod', 'fcntl', 'ioctl', 'shmctl', 'prctl', 'personality', 'pkey_alloc', 'pkey_free', 'wrpkru', 'process_madvise', 'kill',
]);

/** Nothing above was worth a sentence. */
function nothing(step: StepFacts, rest: Rest, t: Texts): string {
  if (step.accessed) {
    const filled = rest.facts.find((fact) => fact.kind === 'tlbFilled');
    if (step.faults[0] + step.faults[1] > 0) return t.faulted();
    if (filled) return t.walked(filled.count);
    return step.counted !== null && step.counted !== 1 ? t.hits(step.counted) : t.hit();
  }
  const changed = byProcess(rest.take('pagesChanged'));
  if (changed.length > 0) return changed.map(([pid, facts]) => t.changed(pid, sum(facts))).join(' ');
  if (step.call === 'unlink') return t.unlinked();
  if (step.call === 'wait4' && step.result !== '0') return t.waited(step.result);
  if (step.dropped > 0) return t.much(step.call, step.result);
  if (rest.facts.length > 0 || ELSEWHERE.has(step.call)) return t.little(step.call, step.result);
  return ['maps', 'snap', 'pagemap', 'nmaps', 'quiet'].includes(step.call) ? t.place() : t.nothing(step.call, step.result);
}
