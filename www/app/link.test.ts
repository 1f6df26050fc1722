import { expect, test } from 'vitest';
import { type LinkState, decode, encode } from './link.ts';

const STATE: LinkState = { example: null, text: 'a = mmap(NULL, 4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n# Grüße', position: 3, kind: 'script', selected: { pid: 1, addr: '7ffff7ff3000' }, tab: 'walk' };

test('what goes into a link comes out of it', async () => {
  expect(await decode(`#${await encode(STATE)}`)).toEqual({ state: STATE, meaningless: [] });
  const example: LinkState = { ...STATE, example: 'copy-on-write', text: null, kind: null, selected: null, tab: null };
  expect(await decode(`#${await encode(example)}`)).toEqual({ state: example, meaningless: [] });
});

test('links made by the first page are read', async () => {
  const old = ['v=1&example=copy-on-write&t=5', 'v=1&s=SyrK1vAL9fHR5AIA&t=0', 'v=1&s=SyrK1vAL9fHR5AIA&t=1&as=strace'];
  for (const hash of old) expect(await decode(hash)).toHaveProperty('state');
  expect(await decode(old[0]!)).toMatchObject({ state: { example: 'copy-on-write', position: 5, selected: null } });
});

test('a link that says nothing is told, one that is none is not', async () => {
  expect(await decode('')).toBeNull();
  expect(await decode('#')).toBeNull();
  for (const [hash, why] of [['v=9&s=A3EA', 'version 9'], ['v=1', 'no script'], ['v=1&s=!!!', 'damaged'], ['v=1&s=AAAA', 'damaged'], ['nonsense', 'no link']] as const) {
    expect(await decode(hash)).toMatchObject({ why: expect.stringContaining(why) });
  }
});

test('nonsense beside a script is left out, and named', async () => {
  const hash = `${await encode(STATE)}`.replace('t=3', 't=-7').replace(/at=[^&]*/, 'at=x');
  expect(await decode(hash)).toMatchObject({ state: { position: 0, selected: null, tab: 'walk' }, meaningless: ['t', 'at'] });
  expect(await decode('v=1&example=errors&as=prose&t=1.5&at=zz:qq')).toMatchObject({ meaningless: ['t', 'as', 'at'] });
});

test('a position behind the end is a position, however large', async () => {
  for (const t of ['12', '999999999999999999', '9'.repeat(400)]) {
    expect(await decode(`v=1&example=errors&t=${t}`)).toMatchObject({ state: { position: Math.min(Number(t), Number.MAX_SAFE_INTEGER) }, meaningless: [] });
  }
});

test('a link that unpacks to more than a page can hold is refused', async () => {
  const bomb = new Blob([new Uint8Array(40 << 20)]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  const packed = Buffer.from(await new Response(bomb).arrayBuffer()).toString('base64url');
  expect(await decode(`v=1&s=${packed}`)).toMatchObject({ why: expect.stringContaining('too long') });
});

test('a text that is too long has no link', async () => {
  const noise = Array.from({ length: 60_000 }, (_, i) => Math.imul(i, 2654435761).toString(36)).join('');
  expect(await encode({ ...STATE, text: noise })).toBeNull();
});
