/** What is dropped: files together, other encodings, and what is refused. */
import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { gather, whyNoText } from './incoming.ts';
import { asLines } from './model/lines.ts';
import { page } from './worker/wasm.ts';

// The page fetches the core; here it is read.
beforeAll(() => page.instance(readFileSync(new URL('../lib/page.wasm', import.meta.url))) as unknown as Promise<void>);

const file = (name: string, text: string) => ({ name, bytes: new TextEncoder().encode(text) });
const MAPS = '558800000000-558800001000 r--p 00000000 08:01 1001 /usr/bin/demo\n7ffd11100000-7ffd11121000 rw-p 00000000 00:00 0 [stack]\n';
const LOG = 'brk(NULL)                               = 0x5601aa000000\nclose(3)                                = 0\n';

test('files of one strace -ff become one log, with the order told of', async () => {
  const parts = [file('log.8', 'brk(NULL) = 0x2000\n'), file('log.7', 'clone(flags=SIGCHLD) = 8\nbrk(NULL) = 0x1000\n')];
  const untimed = await gather(parts);
  expect(untimed.text).toBe('@log unordered\n7 clone(flags=SIGCHLD) = 8\n8 brk(NULL) = 0x2000\n7 brk(NULL) = 0x1000\n');
  expect(untimed.origin).toMatch(/^2 files as one log, each behind the call that made its process/);
});

test('a log and its first maps, in any order', async () => {
  for (const files of [[file('maps', MAPS), file('log', LOG)], [file('log', LOG), file('maps', MAPS)]]) {
    expect(await gather(files)).toMatchObject({ text: LOG, maps: MAPS, origin: 'The first maps are those of maps.' });
  }
  expect(await gather([file('a', MAPS), file('b', `${MAPS}\n`)])).toEqual({ text: MAPS, maps: '', later: `${MAPS}\n`, origin: 'a is shown; what changed from it to b stands below.' });
  expect(await gather([file('a', MAPS), file('b', MAPS), file('c', MAPS)])).toEqual({ text: [MAPS, MAPS, MAPS].join('\n'), maps: '', later: '', origin: '3 dumps as one text: a is drawn.' });
  await expect(gather([file('a', MAPS), file('b', MAPS), file('log', LOG)])).rejects.toThrow(/Nothing was changed/);
  await expect(gather([file('a.pf', 'a = fork()'), file('b.pf', 'b = fork()')])).rejects.toThrow(/several scripts/);
});

test('text of other systems is decoded', async () => {
  const bytes = new Uint8Array(Uint16Array.from(`\ufeff${LOG}`, (c) => c.charCodeAt(0)).buffer);
  expect((await gather([{ name: 'log.txt', bytes }])).text.replace('\ufeff', '')).toBe(LOG);
  expect(asLines('\ufeffa\r\nb\rc\n')).toBe('a\r\nb c\n');
});

test('what is no text is refused with what it is', async () => {
  const png = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0]);
  expect(whyNoText({ name: 'a.png', bytes: png })).toBe('a.png is a picture, not text.');
  expect(whyNoText({ name: 'core', bytes: new Uint8Array(4096) })).toBe('core is not text.');
  expect(whyNoText({ name: 'node', bytes: new Uint8Array(readFileSync(process.execPath).subarray(0, 4096)) })).toMatch(/not text/);
  expect(whyNoText(file('empty', ''))).toBe('empty is empty.');
  expect(whyNoText(file('blank', ' \t\r\n\n'))).toBe('blank is empty.');
  expect(whyNoText(file('log', `${LOG}write(1, "\u0001\u0002") = 2\n`))).toBe(null);
  await expect(gather([file('log', LOG), { name: 'a.png', bytes: png }])).rejects.toThrow(/Nothing was changed/);
});
