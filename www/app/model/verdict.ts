/** What the chip says: how the text compares, and never more than that. No DOM. */
import type { ScriptErrorPlace } from '../../lib/index.ts';
import type { VerdictInfo } from '../worker/protocol.ts';

/** `good`: all that is there was compared and is equal. `partly`: nothing differs, but not all was compared. */
export type Tone = 'good' | 'bad' | 'partly' | 'plain';

export interface Chip {
  readonly tone: Tone;
  readonly mark: '✓' | '✗' | '◐' | '';
  readonly text: string;
  /** The first thing wrong. */
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
export const reasonOf = (error: ScriptErrorPlace): string => (error.found ? `found ${error.found}, expected ${error.expected}` : error.expected);

export function chipOf({ isFresh, errors, verdict, verdictAt, length }: Compared): Chip {
  const plain = (text: string): Chip => ({ tone: 'plain', mark: '', text, first: '' });
  if (!isFresh) return plain('Reading …');
  const [error] = errors;
  if (error) {
    const more = errors.length > 1 ? ` · ${plural(errors.length, 'error')}` : '';
    return { tone: 'bad', mark: '✗', text: `line ${error.line}: ${reasonOf(error)}${more}`, first: '' };
  }
  if (length === 0) return plain('Nothing to run');
  if (!verdict || verdictAt === 0) return plain(plural(length, 'step'));
  const isAtEnd = verdictAt === length;
  const nothing = verdict.compared === 0 && verdict.mapsEqual === null && verdict.leftOut === 0;
  const soFar = isAtEnd ? '' : ', so far';
  if (verdict.differences > 0 || verdict.memoryDiffer > 0 || verdict.mapsEqual === false) {
    return { tone: 'bad', mark: '✗', text: `${verdict.text}${soFar}`, first: firstOf(verdict) };
  }
  if (nothing) return plain(`${plural(verdictAt, 'step')}, nothing was compared${soFar}`);
  if (!isAtEnd) return plain(`${verdict.text}${soFar}`);
  if (verdict.green) return { tone: 'good', mark: '✓', text: verdict.text, first: '' };
  return { tone: 'partly', mark: '◐', text: verdict.text, first: firstOf(verdict) };
}

function firstOf({ first }: VerdictInfo): string {
  if (!first) return '';
  return `line ${first.line}, ${first.call}: ${first.field} should be ${first.expected}, is ${first.found}${first.excuse ? ` (${first.excuse})` : ''}`;
}

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
