/** The whole state in the link: script and position, compressed, behind the `#`. Nothing is sent anywhere. */

import { TEXT_KINDS, type TextKind } from '../lib/index.ts';

/** Longer links are refused by what people paste them into. */
const MOST_LINK = 30_000;

async function pipe(bytes: Uint8Array, stream: CompressionStream | DecompressionStream): Promise<Uint8Array> {
  const copy = new Uint8Array(bytes);
  return new Uint8Array(await new Response(new Blob([copy]).stream().pipeThrough(stream)).arrayBuffer());
}

const toBase64 = (bytes: Uint8Array) =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');

const fromBase64 = (text: string) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));

/** The part behind `#` for a script; null if it would be too long. */
export async function encode(example: string, text: string, position: number, kind: TextKind | null): Promise<string | null> {
  const as = kind ? `&as=${kind}` : '';
  if (example) return `v=1&example=${encodeURIComponent(example)}&t=${position}${as}`;
  const packed = toBase64(await pipe(new TextEncoder().encode(text), new CompressionStream('deflate-raw')));
  return packed.length > MOST_LINK ? null : `v=1&s=${packed}&t=${position}${as}`;
}

export interface LinkState {
  readonly example: string | null;
  readonly text: string | null;
  readonly position: number;
  /** What the text is said to be, if not what it looks like. */
  readonly kind: TextKind | null;
}

/** What a link says; null if it says nothing that can be understood. */
export async function decode(hash: string): Promise<LinkState | null> {
  const values = new URLSearchParams(hash.replace(/^#/, ''));
  if (values.get('v') !== '1') return null;
  const position = Number(values.get('t') ?? 0) || 0;
  const kind = TEXT_KINDS.find((known) => known === values.get('as')) ?? null;
  const example = values.get('example');
  if (example) return { example, text: null, position, kind };
  const packed = values.get('s');
  if (!packed) return null;
  try {
    const text = new TextDecoder().decode(await pipe(fromBase64(packed), new DecompressionStream('deflate-raw')));
    return { example: null, text, position, kind };
  } catch {
    return null;
  }
}
