/** What the command prints, and how: colours only on a terminal, progress on stderr, a broken pipe is no error. */
import { readFileSync } from 'node:fs';
import { decodeText } from '../node.ts';

/** 0 as expected, 1 something differs, 2 cannot be read or run, or is asked wrongly. */
export const EXIT = { OK: 0, DIFFERS: 1, TROUBLE: 2 } as const;
export type Exit = (typeof EXIT)[keyof typeof EXIT];

/** Trouble that its message explains. */
export class Trouble extends Error {}

const isColoured = process.env.NO_COLOR === undefined && (process.env.FORCE_COLOR !== undefined ? process.env.FORCE_COLOR !== '0' : process.stdout.isTTY === true);
const colour = (code: number) => (text: string): string => (isColoured ? `\u001b[${code}m${text}\u001b[0m` : text);
export const [bold, dim, red, green, yellow, blue] = [1, 2, 31, 32, 33, 34].map(colour) as [typeof String, typeof String, typeof String, typeof String, typeof String, typeof String];

// Whoever reads our output may stop reading, as head(1) does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => { if (error.code === 'EPIPE') process.exit(0); });

let waiting = '';

/** Prints a line; many lines go out together. */
export function print(line: string): void {
  waiting += `${line}\n`;
  if (waiting.length > 1 << 16) flush();
}

/** Lets everything out that was printed. */
export function flush(): void {
  if (waiting !== '') process.stdout.write(waiting);
  waiting = '';
}

/** Says how far it is, on a terminal, at most ten times a second. */
export function progress(what: string): (position: number, length: number) => void {
  let last = Date.now();
  let shown = false;
  return (position, length) => {
    if (!process.stderr.isTTY) return;
    if (position >= length) {
      if (shown) process.stderr.write('\r\u001b[K');
      return;
    }
    if (Date.now() - last < 100) return;
    last = Date.now();
    shown = true;
    process.stderr.write(`\r\u001b[K${what}: ${position} of ${length} (${Math.floor((100 * position) / length)} %)`);
  };
}

/** The text of a file, or of standard input for `-`. */
export async function textOf(file: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file === '-' ? 0 : file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Trouble(`${file}: ${code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'is a folder' : code === 'EACCES' ? 'may not be read' : message}`);
  }
  if (bytes.length > 512 << 20) throw new Trouble(`${file}: has ${Math.ceil(bytes.length / 2 ** 20)} MiB; at most 512 are read`);
  return decodeText(bytes);
}
