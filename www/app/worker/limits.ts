/** What a script may hold in one line: the core reads expressions by calling itself, and what is deeper would end it. No core. */
import type { ScriptErrorPlace } from '../../lib/index.ts';

const MOST_TERMS = 2000;
const MOST_BRACKETS = 400;

/** The first line that is more than can be read, as an error with a reason; null if there is none. */
export function tooDeep(text: string): ScriptErrorPlace | null {
  let line = 1;
  for (let start = 0; start < text.length; line++) {
    const next = text.indexOf('\n', start);
    const end = next < 0 ? text.length : next;
    if (end - start > MOST_BRACKETS) {
      const found = deepIn(text, start, end);
      if (found) return { line, column: found.at - start + 1, found: '', expected: found.expected, message: `line ${line}, column ${found.at - start + 1}: expected ${found.expected}` };
    }
    start = end + 1;
  }
  return null;
}

function deepIn(text: string, start: number, end: number): { readonly at: number; readonly expected: string } | null {
  let [terms, depth] = [0, 0];
  let quote = '';
  for (let at = start; at < end; at++) {
    const char = text[at]!;
    if (quote !== '') {
      if (char === '\\') at++;
      else if (char === quote) quote = '';
    } else if (char === '"') quote = char;
    else if (char === '#') return null;
    else if (char === '(' || char === '[' || char === '{') {
      if (++depth > MOST_BRACKETS) return { at, expected: `at most ${MOST_BRACKETS} brackets within each other` };
    } else if (char === ')' || char === ']' || char === '}') depth--;
    else if (char === ',') terms = 0;
    else if ('|+-*&^<>'.includes(char) && ++terms > MOST_TERMS) return { at, expected: `at most ${MOST_TERMS.toLocaleString('en')} terms in one expression` };
  }
  return null;
}
