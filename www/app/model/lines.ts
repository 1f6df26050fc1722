/** Texts as the page holds them. No DOM. */

/** A log or script as the page holds it: without a byte order mark, and a lone carriage return is no end of a line. */
export function asLines(text: string): string {
  const unmarked = text.replace(/^\ufeff/, '');
  return unmarked.includes('\n') ? unmarked.replace(/\r(?!\n)/g, ' ') : unmarked;
}

/** The line that a first step runs, and what the text says of itself in its first comment. */
export function firstStepOf(text: string, line: number): { readonly line: number; readonly text: string; readonly about: string } {
  let start = 0;
  for (let at = 1; at < line; at++) {
    const next = text.indexOf('\n', start);
    if (next < 0) break;
    start = next + 1;
  }
  const end = text.indexOf('\n', start);
  const first = text.slice(start, end < 0 ? undefined : end).trim().slice(0, 400);
  const about = text.slice(0, 600).match(/^(?:\s*(?:#|\/\/)[^\n]*\n)+/)?.[0] ?? '';
  const words = about.split('\n').map((one) => one.replace(/^\s*(?:#|\/\/)+\s*/, '')).filter((one) => one !== '' && !one.startsWith('@')).join(' ');
  return { line, text: first, about: words && !/[.!?]$/.test(words) ? `${words}.` : words };
}
