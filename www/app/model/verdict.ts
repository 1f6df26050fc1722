/** What the chip says: how the text compares, and never more than that. No DOM. */
import type { ScriptErrorPlace } from '../../lib/index.ts';
import type { VerdictInfo } from '../worker/protocol.ts';
import { words } from '../texts/page.ts';

const t = words.verdict;

/** `good`: all that is there was compared and is equal. `partly`: nothing differs, but not all was compared. */
export type Tone = 'good' | 'bad' | 'partly' | 'plain';

export interface Chip {
  readonly tone: Tone;
  readonly mark: '✓' | '✗' | '◐' | '';
  readonly text: string;
  /** As it is read out: what it comes to, before the figures. Empty where nothing has come out yet. */
  readonly announced: string;
  /** The first thing wrong: its line, and what it is. */
  readonly line: number | null;
  readonly first: string;
}

/** What the verdict is told from. */
export interface Compared {
  readonly isFresh: boolean;
  readonly errors: readonly ScriptErrorPlace[];
  readonly verdict: VerdictInfo | null;
  /** The position that the verdict is of. */
  readonly verdictAt: number;
  readonly length: number;
}

export const number = (value: number): string => value.toLocaleString('en-US');
export const plural = (count: number, one: string, many = `${one}s`): string => `${number(count)} ${count === 1 ? one : many}`;

/** The reason of an error, without its place. */
export const reasonOf = (error: ScriptErrorPlace): string => (error.found ? t.reason(error.found, error.expected) : error.expected);

/** What is known of a text whose reading was cancelled. */
export const READING_STOPPED: ScriptErrorPlace = { line: 1, column: 1, found: '', expected: t.stopped, message: t.readingStopped };

export function chipOf({ isFresh, errors, verdict, verdictAt, length }: Compared): Chip {
  const plain = (text: string): Chip => ({ tone: 'plain', mark: '', text, announced: '', line: null, first: '' });
  const told = (tone: Exclude<Tone, 'plain'>, mark: Chip['mark'], text: string, first: Pick<Chip, 'line' | 'first'>): Chip => ({ tone, mark, text, announced: `${t.announced[tone]}: ${text}`, ...first });
  if (!isFresh) return plain(t.reading);
  const [error] = errors;
  if (error) {
    const more = errors.length > 1 ? ` · ${plural(errors.length, 'error')}` : '';
    const text = t.error(error.line, reasonOf(error), more);
    return { tone: 'bad', mark: '✗', text, announced: `${t.announced.mistake}: ${text}`, line: null, first: '' };
  }
  if (length === 0) return plain(t.nothing);
  if (!verdict || verdictAt === 0) return plain(plural(length, 'step'));
  const isAtEnd = verdictAt === length;
  const nothing = verdict.compared === 0 && verdict.mapsEqual === null && verdict.leftOut === 0;
  const soFar = isAtEnd ? '' : t.soFar;
  if (verdict.differences > 0 || verdict.memoryDiffer > 0 || verdict.mapsEqual === false) {
    // What differs is what is looked for, and the end of a long line is cut off.
    const [text, rest] = apart(verdict.text);
    return told('bad', '✗', `${text}${soFar}`, { line: verdict.first?.line ?? null, first: `${firstOf(verdict)}${rest}` });
  }
  if (nothing) return plain(`${t.notCompared(plural(verdictAt, 'step'))}${soFar}`);
  if (!isAtEnd) return plain(`${verdict.text}${soFar}`);
  if (verdict.green) return told('good', '✓', verdict.text, { line: null, first: '' });
  return told('partly', '◐', verdict.text, { line: verdict.first?.line ?? null, first: firstOf(verdict) });
}

/** What rests on assumptions, told from the rest. */
function apart(text: string): readonly [text: string, rest: string] {
  const found = /; [\d,]+ rests? on what the log does not show/.exec(text);
  return found ? [text.replace(found[0], ''), found[0]] : [text, ''];
}

const firstOf = ({ first }: VerdictInfo): string => (first ? t.first(first) : '');

/** Things with one reason. */
export interface Group<T> {
  readonly reason: string;
  readonly members: readonly T[];
}

/** By reason, the most frequent first. */
export function byReason<T>(all: readonly T[], reasonOfOne: (one: T) => string): Group<T>[] {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const reason = reasonOfOne(one);
    const members = groups.get(reason);
    if (members) members.push(one);
    else groups.set(reason, [one]);
  }
  return [...groups].map(([reason, members]) => ({ reason, members })).sort((a, b) => b.members.length - a.members.length);
}
