/** How long lines of a text are: some no editor can show, and nobody has written. */
import type { ScriptErrorPlace } from '../../lib/index.ts';

/** Longer lines are not shown. */
export const MOST_LINE = 1 << 20;

/** The length of each line. */
function* lineLengths(text: string): Generator<number> {
  for (let at = 0; at <= text.length;) {
    const end = text.indexOf('\n', at);
    const stop = end < 0 ? text.length : end;
    yield stop - at;
    at = stop + 1;
  }
}

/** Whether a line is too long, without looking at each. */
export function hasWideLine(text: string): boolean {
  for (let at = 0; text.length - at > MOST_LINE;) {
    const end = text.lastIndexOf('\n', at + MOST_LINE);
    if (end < at) return true;
    at = end + 1;
  }
  return false;
}

export function longestLine(text: string): number {
  let longest = 0;
  for (const length of lineLengths(text)) longest = Math.max(longest, length);
  return longest;
}

/** The first line that is too long, as an error; null if there is none. */
export function whereTooWide(text: string): ScriptErrorPlace | null {
  let line = 0;
  for (const length of lineLengths(text)) {
    line++;
    if (length <= MOST_LINE) continue;
    const found = `a line of ${length.toLocaleString('en')} characters`;
    const expected = `at most ${MOST_LINE.toLocaleString('en')} on a line: no log and no script has such lines`;
    return { line, column: 1, found, expected, message: `line ${line}: found ${found}, expected ${expected}` };
  }
  return null;
}
