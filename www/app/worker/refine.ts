/** What the library tells of a step, said more exactly for the page: bits have names, and numbers agree with the counters beside them. */
import { F, FALLOC, MADV, MAP, MCL, MFD, MLOCK, MREMAP, MS, O, PROT } from '../../lib/constants.ts';
import type { Change, Explanation, StepFacts, TreeLine } from '../../lib/api.ts';
import { type Bits, bitNames, tree as t } from './words.ts';

/** Flags of calls. */
const FLAGS: Readonly<Record<string, readonly [prefix: string, bits: Bits]>> = {
  mmap: ['MAP_', MAP], mremap: ['MREMAP_', MREMAP], msync: ['MS_', MS], mlock2: ['MLOCK_', MLOCK], mlockall: ['MCL_', MCL], memfd_create: ['MFD_', MFD], openat: ['O_', O], open: ['O_', O], fallocate: ['FALLOC_FL_', FALLOC],
};
const SEALS: Bits = Object.fromEntries(Object.entries(F).filter(([name]) => name.startsWith('SEAL_')));

export function refined(told: Explanation): Explanation {
  const { step } = told;
  const deciding = told.tree.findLast(({ kind, check }) => kind === 'check' && check !== null) ?? null;
  const why = step.why !== null && deciding ? named(step.why, deciding) : step.why;
  return {
    ...told,
    step: { ...step, why },
    sentence: why !== null && step.why !== null ? told.sentence.replace(step.why, why) : isUndone(told) ? t.undone(step.call, step.result) : told.sentence,
    tree: told.tree.map((line) => treeLine(line, step)),
    changes: told.changes.map((change) => withTops(change, step)),
  };
}

/** A call that a log has as refused, and that worked here: the core undoes what it did, and says so in the tree. */
const isUndone = ({ tree }: Explanation): boolean => tree.some(({ kind, text }) => kind === 'note' && text.endsWith('what it did here is undone'));

const valueOf = ({ check }: TreeLine, name: string): string => check?.values.find(([of]) => of === name)?.[1] ?? '0';

function treeLine(line: TreeLine, step: StepFacts): TreeLine {
  const { kind, text, note } = line;
  switch (kind) {
    case 'passed': return { ...line, text: passed(line, step.call) };
    case 'check': return step.call === 'brk' && step.errno === null ? { ...line, text: t.brkStays } : { ...line, note: named(note, line) };
    case 'call': return { ...line, note: callNote(text, note, step.call) };
    case 'note': return { ...line, text: counted(text) };
    default: return line;
  }
}

/** A check that passed, with the names of its bits. */
function passed(line: TreeLine, call: string): string {
  const [prot, flags, advice] = [valueOf(line, 'prot'), valueOf(line, 'flags'), valueOf(line, 'advice')];
  switch (line.check?.name) {
    case 'BadProt': return prot === '0' ? line.text : t.protKnown(bitNames(prot, 'PROT_', PROT));
    case 'FlagsNotSupported': return flags === '0' ? line.text : t.flagsSupported(bitNames(flags, 'MAP_', MAP));
    case 'UnknownFlags': return flags === '0' || !FLAGS[call] ? line.text : t.flagsKnown(bitNames(flags, ...FLAGS[call]));
    case 'UnknownAdvice': {
      const name = Object.entries(MADV).find(([, number]) => String(number) === advice)?.[0];
      return name ? t.advice(advice, name) : line.text;
    }
    default: return line.text;
  }
}

/** A refusal with the names of its bits, where they have some. */
function named(why: string, line: TreeLine): string {
  const number = /0x[0-9a-f]+/;
  if (line.check?.name === 'FlagsNotSupported') return why.replace(number, (flags) => bitNames(flags, 'MAP_', MAP));
  return line.check?.name === 'SealForbids' || line.check?.name === 'SealedFile' ? why.replace(number, (seals) => bitNames(seals, 'F_', SEALS)) : why;
}

function callNote(text: string, note: string, call: string): string {
  const code = /^error_code = (0x[0-9a-f]+)$/.exec(note)?.[1];
  if (code) return t.errorCode(Number(code));
  return note === '' && call === 'brk' && text.startsWith('arch_get_unmapped_area') ? t.fixedSearch : note;
}

/** What is counted is no number of bits. */
function counted(text: string): string {
  const [, what, count] = /^(mapcount|refcount|count) = (0x[0-9a-f]+)$/.exec(text) ?? [];
  return what ? t.counted(what, Number(count)) : text;
}

/** The top table comes and goes with its address space, not with a walk: it is counted with the others. */
function withTops(change: Change, { facts }: StepFacts): Change {
  const { fact } = change;
  if (fact.kind !== 'tablesMade' && fact.kind !== 'tablesGone') return change;
  const isMade = fact.kind === 'tablesMade';
  const tops = facts.filter((one) => one.kind === 'spaceNew' || (isMade ? one.kind === 'processNew' && !one.thread : one.kind === 'processEnded')).length;
  return tops === 0 ? change : { ...change, text: t.tables(fact.count + tops, tops) };
}
