/** The whole state in the link: text, position, selection, compressed, behind the `#`. Nothing is sent anywhere. */
import type { TextKind } from '../lib/index.ts';
import { KINDS } from './kinds.ts';
import { words } from './texts/page.ts';

/** Longer links are refused by what people paste them into. */
const MOST_LINK = 30_000;
/** A small link may unpack to a text that no page can hold. */
const MOST_TEXT = 32 << 20;

export interface LinkState {
  readonly example: string | null;
  readonly text: string | null;
  readonly position: number;
  /** What the text is said to be, if not what it looks like. */
  readonly kind: TextKind | null;
  /** What was selected: a process and an address, hexadecimal. */
  readonly selected: { readonly pid: number; readonly addr: string } | null;
  /** The panel that was open. */
  readonly tab: string | null;
}

/** Parts of a link beside its text. */
export type LinkPart = 't' | 'as' | 'at' | 'tab';

/** What a link says: a state and which parts of it mean nothing, nothing (no link), or a sentence why it cannot be understood. */
export type Decoded = { readonly state: LinkState; readonly meaningless: readonly LinkPart[] } | { readonly why: string } | null;

const toBase64 = (bytes: Uint8Array) =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');

const fromBase64 = (text: string) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));

async function pack(text: string): Promise<string> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  return toBase64(new Uint8Array(await new Response(stream).arrayBuffer()));
}

/** Throws on what is damaged, or unpacks to more than a page can hold. */
async function unpack(packed: string): Promise<string> {
  const reader = new Blob([fromBase64(packed)]).stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader();
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  for (let bytes = 0; ;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.length;
    if (bytes > MOST_TEXT) {
      await reader.cancel();
      throw new RangeError('too long');
    }
    text += decoder.decode(value, { stream: true });
  }
}

/** The part behind `#`; null if it would be too long. */
export async function encode({ example, text, position, kind, selected, tab }: LinkState): Promise<string | null> {
  const values = new URLSearchParams({ v: '1' });
  if (example) values.set('example', example);
  else values.set('s', await pack(text ?? ''));
  values.set('t', String(position));
  if (kind) values.set('as', kind);
  if (selected) values.set('at', `${selected.pid}:${selected.addr}`);
  if (tab) values.set('tab', tab);
  const hash = values.toString();
  return hash.length > MOST_LINK ? null : hash;
}

export async function decode(hash: string): Promise<Decoded> {
  const bare = hash.replace(/^#/, '');
  if (bare === '') return null;
  const values = new URLSearchParams(bare);
  const version = values.get('v');
  if (version === null) return { why: words.link.none };
  if (version !== '1') return { why: words.link.version(version.slice(0, 20)) };
  const rest = {
    position: whole(values.get('t')),
    kind: KINDS.find((known) => known === values.get('as')) ?? null,
    selected: placeOf(values.get('at')),
    tab: values.get('tab'),
  };
  const understood = { t: rest.position, as: rest.kind, at: rest.selected, tab: rest.tab };
  const meaningless = (Object.keys(understood) as LinkPart[]).filter((part) => values.has(part) && understood[part] === null);
  const decoded = (of: Pick<LinkState, 'example' | 'text'>): Decoded => ({ state: { ...of, ...rest, position: rest.position ?? 0 }, meaningless });
  const example = values.get('example');
  if (example) return decoded({ example, text: null });
  const packed = values.get('s');
  if (packed === null) return { why: words.link.noScript };
  try {
    return decoded({ example: null, text: await unpack(packed) });
  } catch (error) {
    const why = error instanceof RangeError ? words.link.tooLong : words.link.damaged;
    return { why };
  }
}

/** However large it is: behind the end is the end. Null: it is no position. */
const whole = (text: string | null): number | null => (/^\d+$/.test(text ?? '') ? Math.min(Number(text), Number.MAX_SAFE_INTEGER) : null);

function placeOf(text: string | null): LinkState['selected'] {
  const match = /^(\d{1,9}):([0-9a-f]{1,16})$/.exec(text ?? '');
  return match ? { pid: Number(match[1]), addr: match[2]! } : null;
}
