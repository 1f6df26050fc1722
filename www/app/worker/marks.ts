/** What only strace writes, and no script: paths behind descriptors (`-y`), instruction pointers (`-i`), stacks (`-k`), its own command line. */
const MARKS = [
  /\bAT_FDCWD</, /^(?:\[?(?:pid\s+)?\d+\]?\s+)?\w+\(.*\b\d+<[^>\n]*>.*\)\s+= /m, /^(?:\d+\s+)?\[[0-9a-f]{8,16}\]\s+\w+\(/m, /^ > \S+\(.*\+0x[0-9a-f]+\)/m, /^\$\s.*\bstrace\b/m,
];
/** Of a long text its beginning tells. */
const LOOKED_AT = 20_000;

export function hasMarksOfStrace(text: string): boolean {
  const head = text.slice(0, LOOKED_AT);
  return MARKS.some((mark) => mark.test(head));
}
