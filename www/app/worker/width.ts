/** How long lines of a text are: some no editor can show, and nobody has written. */
import type { ScriptErrorPlace } from '../../lib/index.ts';

/** Longer lines are not shown. */
export const MOST_LINE = 1 << 20;

export function longestLine(text: string): number {
  let longest = 0;
  for (let at = 0; at <= text.length;) {
    const end = text.indexOf('\n', at);
    longest = Math.max(longest, (end < 0 ? text.length : end) - at);
    if (end < 0) break;
    at = end + 1;
  }
  return longest;
}

/** The first line that is too long, as an error; null if there is none. */
export function whereTooWide(text: string): ScriptErrorPlace | null {
  for (let line = 1, at = 0; at <= text.length; line++) {
    const end = text.indexOf('\n', at);
    const stop = end < 0 ? text.length : end;
    if (stop - at > MOST_LINE) {
      const found = `a line of ${(stop - at).toLocaleString('en')} characters`;
      const expected = `at most ${MOST_LINE.toLocaleString('en')} on a line: no log and no script has such lines`;
      return { line, column: 1, found, expected, message: `line ${line}: found ${found}, expected ${expected}` };
    }
    at = stop + 1;
  }
  return null;
}
