/** What is said of a word: on hover, and of the call that is being typed. */
import * as EN from '../texts/language-en.ts';
import { type Bound, contextOf } from './context.ts';
import { type CallEntry, callOf, constantOf, signature } from './table.ts';

export interface Description {
  /** Columns of the word, from 0. */
  readonly from: number;
  readonly to: number;
  /** In the type of code. */
  readonly title: string;
  /** The chapter of the manual, a value; may be empty. */
  readonly detail: string;
  readonly sentence: string;
}

type Texts = typeof EN;

/** A 64-bit number in both bases. */
function valueWords(value: bigint, texts: Texts): string {
  const signed = value > 0x7fff_ffff_ffff_ffffn ? value - (1n << 64n) : value;
  return texts.EDITOR.value(String(signed), signed < 0n || value < 10n ? String(signed) : `0x${value.toString(16)}`);
}

const SHIFTS: Readonly<Record<string, bigint>> = { K: 10n, M: 20n, G: 30n, T: 40n };

function numberOf(word: string): bigint | null {
  const [, digits, suffix] = word.match(/^(0x[0-9a-fA-F]+|\d+)(?:([KMGT])(?:iB)?)?$/) ?? [];
  if (!digits) return null;
  const value = /^0\d/.test(digits) ? BigInt(`0o${digits.replace(/^0+(?=\d)/, '').replace(/[89]/g, '7')}`) : BigInt(digits);
  return value << (SHIFTS[suffix ?? ''] ?? 0n);
}

const MOST_LINE = 4000;
const MOST_WORD = 200;

/** What is to be said of the word at a column of a line; null if nothing. */
export function describe(line: string, column: number, bound: () => readonly Bound[], texts: Texts = EN): Description | null {
  // Of a very long line what stands around the column.
  const start = line.length > MOST_LINE ? Math.max(0, column - MOST_WORD) : 0;
  if (start > 0 || line.length > MOST_LINE) {
    const found = describe(line.slice(start, column + MOST_WORD), column - start, bound, texts);
    return found && { ...found, from: found.from + start, to: found.to + start };
  }
  for (const match of line.matchAll(/"(?:[^"\\]|\\.)*"|#.*$|\/\/.*$|@\w+|[\w$]+/g)) {
    const [from, to] = [match.index, match.index + match[0].length];
    if (column < from || column >= to) continue;
    return wordAt(match[0], from, line.slice(to), bound, texts);
  }
  return null;
}

function wordAt(word: string, from: number, after: string, bound: () => readonly Bound[], texts: Texts): Description | null {
  const place = { from, to: from + word.length };
  if (/^["#/]/.test(word)) return null;
  const setting = word.startsWith('@') ? texts.SETTINGS[word.slice(1)] : undefined;
  if (setting) return { ...place, title: setting[0], detail: '', sentence: setting[1] };
  const call = /^\s*\(/.test(after) ? callOf(word) : undefined;
  if (call) return { ...place, ...describeCall(call, texts) };
  const constant = constantOf(word);
  if (constant) {
    return { ...place, title: word, detail: valueWords(BigInt(constant.value), texts), sentence: texts.CONSTANTS[word] ?? texts.GROUPS[constant.group] ?? '' };
  }
  const number = numberOf(word);
  if (number !== null) return number < 10n ? null : { ...place, title: word, detail: valueWords(number, texts), sentence: '' };
  if (word === 'on') return { ...place, title: 'on SIGSEGV call(…); …', detail: '', sentence: texts.EDITOR.handler };
  if (texts.EDITOR.given[word]) return { ...place, title: word, detail: '', sentence: texts.EDITOR.given[word]! };
  const name = bound().find((each) => each.name === word);
  return name ? { ...place, title: word, detail: '', sentence: `${texts.EDITOR.bound(name.call, name.line).replace(/^./, (c) => c.toUpperCase())}.` } : null;
}

export function describeCall(call: CallEntry, texts: Texts = EN): Pick<Description, 'title' | 'detail' | 'sentence'> {
  const detail = call.section === null ? texts.EDITOR.own : texts.EDITOR.manual(call.name, call.section);
  return { title: signature(call), detail, sentence: texts.CALLS[call.name] ?? '' };
}

/** The call that a place is within, and which of its arguments. */
export function callAt(before: string): { readonly call: CallEntry; readonly index: number } | null {
  const context = contextOf(before);
  const call = context?.kind === 'argument' ? callOf(context.call) : undefined;
  return call && context?.kind === 'argument' ? { call, index: context.index } : null;
}
