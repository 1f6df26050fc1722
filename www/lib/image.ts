/**
 * @internal A machine as bytes: the memory of its instance, which it has alone. So what is in it is exact, and only the
 * build of the core that wrote it can read it; it says which that was, and sums tell what was damaged.
 */
import type { Instance } from './core.ts';
import { ImageError } from './errors.ts';

/** "PAGEFLT" and the version of this form. */
const MAGIC = [0x50, 0x41, 0x47, 0x45, 0x46, 0x4c, 0x54, 1];
const HEAD = MAGIC.length + 8;
const PAGE = 65536;

/** What stands before the memory. */
export interface ImageHeader {
  readonly core: string;
  /** Pages of 64 KiB. */
  readonly pages: number;
  /** Where the machine lies in it. */
  readonly at: number;
  /** Places of the table of values. */
  readonly table: number;
  /** Texts in it, which the core keeps by number: names of fields. */
  readonly texts: readonly (readonly [place: number, text: string])[];
  readonly ram: number;
  readonly pids: readonly number[];
}

let sums: Uint32Array | undefined;

/** CRC-32. */
function sum(bytes: Uint8Array): number {
  sums ??= Uint32Array.from({ length: 256 }, (_, n) => {
    for (let k = 0; k < 8; k++) n = n & 1 ? (n >>> 1) ^ 0xedb8_8320 : n >>> 1;
    return n;
  });
  let crc = -1;
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ sums[(crc ^ bytes[i]!) & 0xff]!;
  return ~crc >>> 0;
}

const through = async (bytes: Uint8Array<ArrayBuffer>, change: CompressionStream | DecompressionStream): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(change)).arrayBuffer());

/** Writes an instance down. The copy of its memory is taken at once. */
export async function write(instance: Instance, at: number, ram: number, pids: readonly number[]): Promise<Uint8Array> {
  const { buffer } = instance.memory;
  const table = instance.glue.table();
  const texts: [number, string][] = [];
  for (let i = 0; i < table.length; i++) {
    const value: unknown = table.get(i);
    if (typeof value === 'string') texts.push([i, value]);
  }
  const header: ImageHeader = { core: instance.build, pages: buffer.byteLength / PAGE, at, table: table.length, texts, ram, pids };
  const words = new TextEncoder().encode(JSON.stringify(header));
  const body = await through(new Uint8Array(buffer.slice(0) as ArrayBuffer), new CompressionStream('gzip'));
  const bytes = new Uint8Array(HEAD + words.length + body.length);
  bytes.set(MAGIC);
  bytes.set(words, HEAD);
  bytes.set(body, HEAD + words.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(MAGIC.length + 4, words.length, true);
  view.setUint32(MAGIC.length, sum(bytes.subarray(MAGIC.length + 4)), true);
  return bytes;
}

/** What stands before the memory, if the bytes are whole and ours. */
export function headerOf(bytes: Uint8Array, build: string): { readonly header: ImageHeader; readonly body: Uint8Array } {
  if (bytes.length < HEAD || MAGIC.slice(0, -1).some((byte, i) => bytes[i] !== byte)) throw new ImageError('foreign', 'machineFromBytes: these bytes are not those of a machine');
  if (bytes[MAGIC.length - 1] !== MAGIC.at(-1)) throw new ImageError('version', `machineFromBytes: the bytes have form ${bytes[MAGIC.length - 1]}, and this is form ${MAGIC.at(-1)}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(MAGIC.length, true) !== sum(bytes.subarray(MAGIC.length + 4))) throw new ImageError('damaged', 'machineFromBytes: the bytes are cut or changed: their sum is not right');
  const length = view.getUint32(MAGIC.length + 4, true);
  let header: ImageHeader;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(HEAD, HEAD + length))) as ImageHeader;
  } catch {
    throw new ImageError('damaged', 'machineFromBytes: what stands before the memory cannot be read');
  }
  if (header.core !== build) throw new ImageError('version', `machineFromBytes: the bytes were written by build ${header.core} of the core, and this is ${build}: only the same build takes it up again`);
  return { header, body: bytes.subarray(HEAD + length) };
}

/** Puts memory into a fresh instance. */
export async function read(instance: Instance, header: ImageHeader, body: Uint8Array): Promise<void> {
  const memory = await through(new Uint8Array(body), new DecompressionStream('gzip')).catch(() => null);
  const table = instance.glue.table();
  const isSound = memory?.length === header.pages * PAGE && header.pages <= PAGE && header.at > 0 && header.at < memory.length && header.table >= table.length && header.table < 1 << 20;
  if (!memory || !isSound) throw new ImageError('damaged', 'machineFromBytes: the memory is not what is said before it');
  const has = instance.memory.buffer.byteLength / PAGE;
  if (header.pages > has) instance.memory.grow(header.pages - has);
  if (header.table > table.length) table.grow(header.table - table.length);
  for (const [place, text] of header.texts) if (place < table.length) table.set(place, text);
  new Uint8Array(instance.memory.buffer).set(memory);
}
