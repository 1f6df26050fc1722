/** Where in a script a place is: what may be written there. A pure function of the text before it. */
import type { SyntaxNode } from '@lezer/common';
import { parser } from './parser.ts';

export type Context =
  /** The name of a call may stand here. */
  | { readonly kind: 'call'; readonly word: string }
  | {
    readonly kind: 'argument';
    readonly word: string;
    readonly call: string;
    /** Which argument, from 0. */
    readonly index: number;
    /** What stands in this argument so far. */
    readonly given: string;
    /** Within brackets of this argument. */
    readonly isNested: boolean;
  }
  /** Behind `@`. */
  | { readonly kind: 'setting'; readonly word: string }
  | { readonly kind: 'key'; readonly word: string; readonly setting: string }
  /** Behind `[`. */
  | { readonly kind: 'process'; readonly word: string }
  /** Behind `on`. */
  | { readonly kind: 'signal'; readonly word: string };

/** Lines above a place that are looked at: a call does not go on for longer. */
export const LINES_ABOVE = 32;

const PROCESS = String.raw`(?:\[[^\]]*\]\s*|\d+\s+)?`;
const FORMS: readonly (readonly [RegExp, (match: RegExpMatchArray) => Context])[] = [
  [/^\s*(@\w*)$/, ([, word]) => ({ kind: 'setting', word: word! })],
  [/^\s*@(\w+)\s+([\w.]*)$/, ([, setting, word]) => ({ kind: 'key', setting: setting!, word: word! })],
  [/^\s*\[\s*(\w*)$/, ([, word]) => ({ kind: 'process', word: word! })],
  [new RegExp(`^\\s*${PROCESS}on\\s+([A-Z]*)$`), ([, word]) => ({ kind: 'signal', word: word! })],
  [new RegExp(`^\\s*${PROCESS}on\\s+SIG\\w+\\s+(?:.*;\\s*)?([A-Za-z_]\\w*|)$`), ([, word]) => ({ kind: 'call', word: word! })],
  [new RegExp(`^\\s*${PROCESS}(?:[A-Za-z_$]\\w*\\s*=\\s*)?([A-Za-z_]\\w*|)$`), ([, word]) => ({ kind: 'call', word: word! })],
];

/** What may stand behind a text; null where nothing is known, as in comments and strings. */
export function contextOf(before: string): Context | null {
  const line = before.slice(before.lastIndexOf('\n') + 1);
  if (isInString(line)) return null;
  const tree = parser.parse(before);
  const end = before.trimEnd().length;
  let node: SyntaxNode | null = tree.resolveInner(end, -1);
  if (node.name.endsWith('Comment') && node.to >= end && !before.slice(end).includes('\n')) return null;
  let isNested = false;
  for (; node; node = node.parent) {
    if (isClosed(node, end)) continue;
    if (node.name === 'List' || node.name === 'Group') isNested = true;
    if (node.name === 'Arguments' && node.parent?.name === 'Call') return argument(node, before, isNested);
  }
  for (const [form, make] of FORMS) {
    const match = line.match(form);
    if (match) return make(match);
  }
  return null;
}

/** Whether brackets have been closed before a place. */
function isClosed(node: SyntaxNode, end: number): boolean {
  const last = node.lastChild;
  return last !== null && last.to <= end && /^[)\]}]$/.test(last.name) && last.from < last.to;
}

function argument(node: SyntaxNode, before: string, isNested: boolean): Context {
  const name = node.parent!.getChild('CallName')!;
  let [index, from] = [0, node.from + 1];
  for (let child = node.firstChild; child && child.to <= before.length; child = child.nextSibling) {
    if (child.name !== ',') continue;
    index++;
    from = child.to;
  }
  const word = before.match(/[A-Za-z_$][\w]*$/)?.[0] ?? '';
  return { kind: 'argument', word, call: before.slice(name.from, name.to), index, given: before.slice(from).trim(), isNested };
}

function isInString(line: string): boolean {
  return line.replace(/\\./g, '').split('"').length % 2 === 0 && !/^[^"]*#/.test(line);
}

/** A name that a statement has bound. */
export interface Bound {
  readonly name: string;
  readonly call: string;
  /** From 1. */
  readonly line: number;
}

/** Calls whose result stands for a process. */
const FORKS = new Set(['fork', 'vfork', 'clone', 'clone3']);
export const isProcess = ({ call }: Bound): boolean => FORKS.has(call);

/** The name that a line binds. */
export function boundBy(text: string, line: number): Bound | null {
  const match = text.match(/^\s*(?:\[[^\]]*\]\s*|\d+\s+)?([A-Za-z_$]\w*)\s*=\s*([A-Za-z_]\w*)\s*\(/);
  return match ? { name: match[1]!, call: match[2]!, line } : null;
}

/** The names bound above, nearest first, each once. */
export function boundIn(lines: Iterable<readonly [line: number, text: string]>): Bound[] {
  const names = new Map<string, Bound>();
  for (const [line, text] of lines) {
    const bound = boundBy(text, line);
    if (bound && !names.has(bound.name)) names.set(bound.name, bound);
  }
  return [...names.values()];
}
