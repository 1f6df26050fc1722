/** What is dropped or chosen: bytes of files, of which one text is made, or a sentence why not. */
import type { TextKind } from '../lib/api.ts';
import { decodeText, joinLogs, recogniseText } from './worker/wasm.ts';
import { incoming as t } from './texts/incoming.ts';

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
  /** A later dump to compare with; empty: none. */
  readonly later: string;
  /** What the reader should know of how it came about; may be empty. */
  readonly origin: string;
}

/** What files of a kind begin with. */
const BEGINNINGS: readonly (readonly [begins: string, what: keyof typeof t.what])[] = [
  ['\x89PNG', 'picture'], ['\xff\xd8\xff', 'picture'], ['GIF8', 'picture'], ['RIFF', 'riff'], ['%PDF', 'pdf'],
  ['\x7fELF', 'program'], ['MZ', 'program'], ['\0asm', 'program'], ['\x1f\x8b', 'gzip'],
  ['\x28\xb5\x2f\xfd', 'zstd'], ['\xfd7zXZ', 'xz'], ['BZh', 'bzip2'],
  ['PK\x03\x04', 'archive'], ['PERFILE2', 'perf'],
];

/** Why bytes are no text; null if they are. */
export function whyNoText({ name, bytes }: IncomingFile): string | null {
  if (bytes.every((byte) => byte === 32 || (byte >= 9 && byte <= 13))) return t.empty(name);
  if (bytes.length > MOST_BYTES) return t.tooLarge(name, Math.ceil(bytes.length / (1 << 20)));
  const head = String.fromCharCode(...bytes.subarray(0, 8));
  const known = BEGINNINGS.find(([begins]) => head.startsWith(begins));
  if (known && !(known[0] === 'MZ' && !bytes.includes(0))) return t.isNot(name, t.what[known[1]]);
  const isUtf16 = head.startsWith('\xff\xfe') || head.startsWith('\xfe\xff');
  if (isUtf16) return null;
  // Programs may print some odd bytes into a log; most of a log is text.
  const sample = bytes.subarray(0, 1 << 16);
  const odd = sample.reduce((sum, byte) => sum + Number(byte < 9 || (byte > 13 && byte < 32 && byte !== 27)), 0);
  return odd * 20 > sample.length ? t.noText(name) : null;
}

const isDump = (kind: TextKind) => kind === 'maps' || kind === 'smaps';

/** Two dumps are one process at two moments, until what is between them shows that they are not; of more the first is drawn. */
function ofDumps(dumps: readonly { readonly name: string; readonly text: string }[]): Incoming {
  const [first, second] = dumps;
  if (dumps.length === 2) return { text: first!.text, maps: '', later: second!.text, origin: t.twoDumps(first!.name, second!.name) };
  return { text: dumps.map(({ text }) => text).join('\n'), maps: '', later: '', origin: dumps.length > 2 ? t.manyDumps(dumps.length, first!.name) : '' };
}

/** One text of several files. Throws a sentence for people. */
export async function gather(files: readonly IncomingFile[]): Promise<Incoming> {
  const wrong = files.map(whyNoText).find((why) => why !== null);
  if (wrong) throw new Refused(t.unchanged(wrong));
  const read = await Promise.all(files.map(async ({ name, bytes }) => {
    const text = await decodeText(bytes);
    return { name, text, kind: await recogniseText(text) };
  }));
  const dumps = read.filter(({ kind }) => isDump(kind));
  const others = read.filter(({ kind }) => !isDump(kind));
  if (others.length === 0) return ofDumps(dumps);
  if (dumps.length > 1) throw new Refused(t.severalMaps);
  const maps = dumps[0]?.text ?? '';
  if (others.length === 1) return { text: others[0]!.text, maps, later: '', origin: maps ? t.firstMaps(dumps[0]!.name) : '' };
  const areLogs = others.some(({ kind }) => kind !== 'script') || others.every(({ name }) => /\.\d+$/.test(name));
  if (!areLogs) throw new Refused(t.severalScripts);
  const { text, isOrdered } = await joinLogs(others);
  return { text, maps, later: '', origin: t.joined(others.length, isOrdered) };
}

/** What is not taken, in a sentence. */
export class Refused extends Error {}
