/** Texts as the page holds them. No DOM. */

/** A log or script as the page holds it: without a byte order mark, and a lone carriage return is no end of a line. */
export function asLines(text: string): string {
  const unmarked = text.replace(/^\ufeff/, '');
  return unmarked.includes('\n') ? unmarked.replace(/\r(?!\n)/g, ' ') : unmarked;
}

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
