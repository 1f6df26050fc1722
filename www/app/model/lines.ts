/** Texts as the page holds them. No DOM. */

/** A log or script as the page holds it: without a byte order mark, and a lone carriage return is no end of a line. */
export function asLines(text: string): string {
  const unmarked = text.replace(/^\ufeff/, '');
  return unmarked.includes('\n') ? unmarked.replace(/\r(?!\n)/g, ' ') : unmarked;
}
