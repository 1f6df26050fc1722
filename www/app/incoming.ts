/** What is dropped or chosen: bytes of files, of which one text is made, or a sentence why not. */
import type { TextKind } from '../lib/api.ts';
import { decodeText, joinLogs, recogniseText } from './worker/wasm.ts';

/** Larger files are not read. */
const MOST_BYTES = 32 << 20;

export interface IncomingFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A text to show, with the first maps that came with it. */
export interface Incoming {
  readonly text: string;
  readonly maps: string;
  /** What the reader should know of how it came about; may be empty. */
  readonly origin: string;
}

/** What files of a kind begin with. */
const BEGINNINGS: readonly (readonly [begins: string, what: string])[] = [
  ['\x89PNG', 'a picture'], ['\xff\xd8\xff', 'a picture'], ['GIF8', 'a picture'], ['RIFF', 'a picture or sound'], ['%PDF', 'a PDF'],
  ['\x7fELF', 'a program'], ['MZ', 'a program'], ['\0asm', 'a program'], ['\x1f\x8b', 'compressed (gzip -d unpacks it)'],
  ['\x28\xb5\x2f\xfd', 'compressed (zstd -d unpacks it)'], ['\xfd7zXZ', 'compressed (xz -d unpacks it)'], ['BZh', 'compressed (bzip2 -d unpacks it)'],
  ['PK\x03\x04', 'an archive'], ['PERFILE2', 'a recording of perf (perf trace -i prints it)'],
];

/** Why bytes are no text; null if they are. */
export function whyNoText({ name, bytes }: IncomingFile): string | null {
  if (bytes.length === 0) return `${name} is empty.`;
  if (bytes.length > MOST_BYTES) return `${name} has ${Math.ceil(bytes.length / (1 << 20))} MiB: at most 32 MiB are read.`;
  const head = String.fromCharCode(...bytes.subarray(0, 8));
  const known = BEGINNINGS.find(([begins]) => head.startsWith(begins));
  if (known && !(known[0] === 'MZ' && !bytes.includes(0))) return `${name} is ${known[1]}, not text.`;
  const isUtf16 = head.startsWith('\xff\xfe') || head.startsWith('\xfe\xff');
  if (isUtf16) return null;
  // Programs may print some odd bytes into a log; most of a log is text.
  const sample = bytes.subarray(0, 1 << 16);
  const odd = sample.reduce((sum, byte) => sum + Number(byte < 9 || (byte > 13 && byte < 32 && byte !== 27)), 0);
  return odd * 20 > sample.length ? `${name} is not text.` : null;
}

const isDump = (kind: TextKind) => kind === 'maps' || kind === 'smaps';

/** One text of several files. Throws a sentence for people. */
export async function gather(files: readonly IncomingFile[]): Promise<Incoming> {
  const wrong = files.map(whyNoText).find((why) => why !== null);
  if (wrong) throw new Refused(`${wrong} Nothing was changed.`);
  const read = await Promise.all(files.map(async ({ name, bytes }) => {
    const text = await decodeText(bytes);
    return { name, text, kind: await recogniseText(text) };
  }));
  const dumps = read.filter(({ kind }) => isDump(kind));
  const others = read.filter(({ kind }) => !isDump(kind));
  if (others.length === 0) return { text: dumps.map(({ text }) => text).join('\n'), maps: '', origin: '' };
  if (dumps.length > 1) throw new Refused('A log has first maps of one process: drop it with one file of maps. Nothing was changed.');
  const maps = dumps[0]?.text ?? '';
  if (others.length === 1) return { text: others[0]!.text, maps, origin: maps ? `The first maps are those of ${dumps[0]!.name}.` : '' };
  const areLogs = others.some(({ kind }) => kind !== 'script') || others.every(({ name }) => /\.\d+$/.test(name));
  if (!areLogs) throw new Refused('These are several scripts: drop one. Nothing was changed.');
  const { text, isOrdered } = await joinLogs(others);
  const how = isOrdered ? 'in the order of their times' : 'each behind the call that made its process, since their lines carry no times (strace -ff -tt gives them)';
  return { text, maps, origin: `${others.length} files as one log, ${how}.` };
}

/** What is not taken, in a sentence. */
export class Refused extends Error {}
