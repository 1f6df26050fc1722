/** Ready-made contents of files, each read and written through mappings; a server that speaks ranges, and those that do not. */
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FetchLike, type FileHandleLike, type SyncAccessHandleLike, blob, bytes, opfs, random, ranges, zero } from './backings.ts';
import { type PageFault, type Process, type WrittenFile, createMachine } from './node.ts';

const PAGE = 4096;
const GIB = 2 ** 30;

async function mapped(backing: Pick<WrittenFile, 'size' | 'fault'> & Partial<WrittenFile>, ram = '4MiB'): Promise<{ p: Process; at: bigint; fd: number; size: number }> {
  const vm = await createMachine({ ram });
  const p = vm.spawn();
  const file = vm.file(backing);
  const fd = p.open(file.path, 'rdwr');
  return { p, fd, size: file.size, at: p.mmap({ length: Math.max(PAGE, file.size), fd, prot: 'rw', flags: 'shared' }) };
}

describe('a server that speaks ranges', () => {
  /** What a byte of the gibibyte is. */
  const byteAt = (place: number): number => (place * 7 + Math.floor(place / PAGE)) % 251;
  const asked: string[] = [];
  let closed = 0;
  let server: Server;
  let address = '';
  let tag = '"one"';

  beforeAll(async () => {
    server = createServer((request, response) => {
      const way = new URL(request.url ?? '/', 'http://localhost').pathname;
      if (request.method === 'HEAD') return void response.writeHead(200, { 'content-length': GIB, etag: tag, 'accept-ranges': 'bytes' }).end();
      const [, start = 0, end = 0] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')?.map(Number) ?? [];
      asked.push(`${start}-${end}`);
      const body = Uint8Array.from({ length: end - start + 1 }, (_, i) => byteAt(start + i));
      if (way === '/whole') return void response.writeHead(200).end(body);
      if (way === '/gone') return void response.writeHead(404).end();
      if (way === '/other') return void response.writeHead(206, { 'content-range': `bytes ${start + 1}-${end + 1}/${GIB}` }).end(body);
      if (way === '/silent') return void response.writeHead(206).end(body);
      if (way === '/short') return void response.writeHead(206, { 'content-range': `bytes ${start}-${end}/${GIB}` }).end(body.subarray(1));
      if (way === '/slow') return void response.on('close', () => { closed++; });
      response.writeHead(206, { 'content-range': `bytes ${start}-${end}/${GIB}`, etag: tag }).end(body);
    });
    await new Promise<void>((done) => { server.listen(0, '127.0.0.1', done); });
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  test('of a gibibyte ten pages are read with ten requests', async () => {
    asked.length = 0;
    const { p, at, size } = await mapped(await ranges(`${address}/disk`, { readAhead: 1 }));
    expect(size).toBe(GIB);
    const pages = [0, 1, 77, 500, 4096, 65_535, 100_000, 131_072, 200_001, 262_143];
    for (const page of pages) {
      const place = page * PAGE + 1000;
      expect([...await p.async.load(at + BigInt(place), 3)]).toEqual([byteAt(place), byteAt(place + 1), byteAt(place + 2)]);
      expect(p.loadU8(at + BigInt(page * PAGE + 4095))).toBe(byteAt(page * PAGE + 4095));
    }
    expect(asked).toEqual(pages.map((page) => `${page * PAGE}-${page * PAGE + PAGE - 1}`));
    expect(p.stats().majorFaults).toBe(10);
  });

  test('with read-ahead pages in a row cost fewer, and MADV_RANDOM asks for each alone', async () => {
    asked.length = 0;
    const { p, at } = await mapped(await ranges(`${address}/disk`, { size: '1GiB', readAhead: 8 }));
    for (let page = 0; page < 16; page++) expect(await p.async.loadU8(at + BigInt(page * PAGE))).toBe(byteAt(page * PAGE));
    expect(asked).toEqual([`0-${8 * PAGE - 1}`, `${8 * PAGE}-${16 * PAGE - 1}`]);
    p.madvise(at, GIB, 'random');
    await p.async.loadU8(at + BigInt(1000 * PAGE));
    expect(asked.at(-1)).toBe(`${1000 * PAGE}-${1001 * PAGE - 1}`);
    // The last window ends with the file.
    const end = await mapped(await ranges(`${address}/disk`, { size: 2 * PAGE + 5 }));
    expect(await end.p.async.loadU8(end.at + BigInt(2 * PAGE + 4))).toBe(byteAt(2 * PAGE + 4));
    expect(asked.at(-1)).toBe(`${2 * PAGE}-${2 * PAGE + 4}`);
  });

  test.each([['/whole', /ignores Range/], ['/gone', /answers 404/], ['/other', /Content-Range|answers bytes/], ['/silent', /without Content-Range/], ['/short', /sent 65535 bytes of 65536/]])('%s is SIGBUS, and says why', async (way, message) => {
    const { p, at } = await mapped(await ranges(`${address}${way}`, { size: GIB }));
    await expect(p.async.load(at, 1)).rejects.toMatchObject({ signal: 'SIGBUS', cause: { message: expect.stringMatching(message) } });
  });

  test('a file that becomes another one is told of', async () => {
    const { p, at } = await mapped(await ranges(`${address}/disk`, { readAhead: 1 }));
    expect(await p.async.loadU8(at)).toBe(byteAt(0));
    tag = '"two"';
    await expect(p.async.load(at + 4096n, 1)).rejects.toMatchObject({ cause: { message: expect.stringContaining('another file now') } });
    tag = '"one"';
  });

  test('what nobody can need any more is aborted', async () => {
    const { p, at, fd } = await mapped(await ranges(`${address}/slow`, { size: GIB }));
    const waiting = p.async.load(at + 40960n, 1);
    await expect.poll(() => asked.at(-1)).toBe(`${10 * PAGE}-${26 * PAGE - 1}`);
    p.ftruncate(fd, PAGE);
    const fault = await waiting.catch((error: unknown) => error as PageFault);
    expect(fault).toMatchObject({ signal: 'SIGBUS' });
    expect((fault as PageFault).cause).toBeUndefined();
    await expect.poll(() => closed).toBe(1);
  });

  test('a server is asked as its caller says', async () => {
    const seen: unknown[] = [];
    const ask: FetchLike = async (url, { method, headers }) => {
      seen.push([url, method, headers]);
      return { status: method ? 200 : 206, headers: new Map([['content-length', '3'], ['content-range', 'bytes 0-2/3']]) as unknown as Headers, arrayBuffer: async () => new Uint8Array([1, 2, 3]).buffer };
    };
    const { p, at } = await mapped(await ranges(new URL('https://example.org/three'), { fetch: ask, headers: { authorization: 'x' } }));
    expect([...await p.async.load(at, 4)]).toEqual([1, 2, 3, 0]);
    expect(seen).toEqual([['https://example.org/three', 'HEAD', { authorization: 'x' }], ['https://example.org/three', undefined, { authorization: 'x', range: 'bytes=0-2' }]]);
    const without: FetchLike = async () => ({ status: 200, headers: { get: () => null }, arrayBuffer: async () => new ArrayBuffer(0) });
    await expect(ranges('/x', { fetch: without })).rejects.toThrow(/no Content-Length.*give its size/);
  });
});

test('bytes are the array, which gets what is written', async () => {
  const array = Uint8Array.from({ length: 2 * PAGE + 7 }, (_, i) => i);
  const { p, at, fd } = await mapped(bytes(array));
  expect([...p.load(at + BigInt(2 * PAGE), 8)]).toEqual([0, 1, 2, 3, 4, 5, 6, 0]);
  p.store(at + 100n, 'written');
  expect(array[100]).toBe(100);
  p.msync(at, PAGE, 'sync');
  expect(new TextDecoder().decode(array.subarray(100, 107))).toBe('written');
  p.ftruncate(fd, 50);
  expect([array[49], array[50], array.at(-1)]).toEqual([49, 0, 0]);
  expect(() => p.ftruncate(fd, 3 * PAGE)).toThrow(/EFBIG/);
  expect((await mapped(bytes(new Uint8Array(0)))).size).toBe(0);
});

test('a Blob is read where it is touched', async () => {
  const { p, at, size } = await mapped({ ...blob(new Blob(['a'.repeat(5 * PAGE), 'end'])), readAhead: 1 });
  expect(size).toBe(5 * PAGE + 3);
  expect(new TextDecoder().decode(await p.async.load(at + BigInt(5 * PAGE - 1), 5))).toBe('aend\0');
});

/** What a browser's private file system does, as far as it is used: a stream replaces the file when it is closed. */
class FakeFile implements FileHandleLike {
  contents = new Uint8Array(2 * PAGE).fill(1);
  #open = 0;

  async getFile() {
    return new Blob([this.contents]);
  }

  async createWritable() {
    if (this.#open++ > 0) throw new Error('two streams at a time');
    let copy = this.contents.slice();
    const resize = (size: number) => {
      const larger = new Uint8Array(size);
      larger.set(copy.subarray(0, size));
      copy = larger;
    };
    return {
      write: async ({ position, data }: { position: number; data: Uint8Array }) => {
        resize(Math.max(copy.length, position + data.length));
        copy.set(data, position);
      },
      truncate: async (size: number) => resize(size),
      close: async () => {
        await new Promise((done) => { setTimeout(done, 1); });
        this.contents = copy;
        this.#open--;
      },
    };
  }
}

test('a file of the private file system, by its handle and by a sync access handle', async () => {
  const file = new FakeFile();
  const { p, at, fd } = await mapped(await opfs(file));
  await p.async.store(at, 'first');
  await p.async.store(at + 4096n, 'second');
  await p.async.msync(at, 2 * PAGE, 'sync');
  expect(new TextDecoder().decode(file.contents.subarray(0, 6))).toBe('first\x01');
  expect(new TextDecoder().decode(file.contents.subarray(PAGE, PAGE + 6))).toBe('second');
  await p.async.pwrite(fd, 'beyond', 3 * PAGE);
  await p.async.fsync(fd);
  expect([file.contents.length, file.contents[2 * PAGE], file.contents[3 * PAGE]]).toEqual([3 * PAGE + 6, 0, 98]);
  await p.async.ftruncate(fd, 10);
  expect(file.contents.length).toBe(10);

  let contents = new Uint8Array(PAGE + 5).fill(9);
  const handle: SyncAccessHandleLike = {
    getSize: () => contents.length,
    read: (into, { at: from }) => {
      const part = contents.subarray(from, from + into.length);
      into.set(part);
      return part.length;
    },
    write: (data, { at: to }) => {
      contents.set(data.subarray(0, contents.length - to), to);
      return Math.min(data.length, contents.length - to);
    },
    truncate: (size) => { contents = contents.slice(0, size); },
  };
  const sync = await mapped(await opfs(handle));
  expect(sync.p.loadU8(sync.at + 4100n)).toBe(9);
  sync.p.store(sync.at, 'now');
  sync.p.msync(sync.at, PAGE, 'sync');
  expect(contents[0]).toBe(110);
  sync.p.pwrite(sync.fd, new Uint8Array(PAGE), PAGE);
  expect(() => sync.p.fsync(sync.fd)).toThrow(/ENOSPC/);
});

test('zeros, and bytes that look like chance', async () => {
  const zeros = await mapped(zero('1GiB'));
  expect(zeros.p.load(zeros.at + 123_456_789n, 5).every((byte) => byte === 0)).toBe(true);
  const [one, again, other] = [await mapped(random('1GiB', 5)), await mapped({ ...random('1GiB', 5), readAhead: 1 }), await mapped(random('1GiB', 6))];
  const from = (each: typeof one, place: bigint) => each.p.load(each.at + place, 3 * PAGE);
  expect(from(again, 500_000n)).toEqual(from(one, 500_000n));
  expect(from(other, 500_000n)).not.toEqual(from(one, 500_000n));
  const counts = new Uint32Array(256);
  for (const byte of one.p.load(one.at + 10_000_000n, 1 << 18)) counts[byte]!++;
  expect(Math.min(...counts)).toBeGreaterThan(1024 * 0.8);
  expect(Math.max(...counts)).toBeLessThan(1024 * 1.2);
});

test('arguments that cannot be meant are told of', async () => {
  const wrong: readonly (readonly [() => unknown, RegExp])[] = [
    [() => bytes([1] as never), /^bytes: array is an array/], [() => bytes(undefined as never), /^bytes: array is missing/], [() => blob('x' as never), /^blob: source is "x"/], [() => blob(undefined as never), /^blob/],
    [() => ranges(5 as never), /^ranges: url is 5/], [() => ranges('/x', { size: -1 }), /^ranges: size is -1/], [() => ranges('/x', { size: 1, readAhead: 0 }), /^ranges: readAhead is 0/], [() => ranges('/x', { redaAhead: 1 } as never), /"redaAhead"/],
    [() => opfs({} as never), /^opfs: handle/], [() => opfs(null as never), /^opfs: handle is null/], [() => zero(NaN), /^zero: size is NaN/], [() => random(-1), /^random: size/], [() => random(1, 0.5), /^random: seed is 0.5/],
  ];
  for (const [call, message] of wrong) await expect((async () => call())()).rejects.toThrow(message);
});

test('a frame buffer: what a program stores is what is drawn, page by page', async () => {
  const [width, height] = [64, 32];
  const screen = new Uint8ClampedArray(width * height * 4);
  const drawn: number[] = [];
  const vm = await createMachine({ ram: '4MiB' });
  const p = vm.spawn();
  const file = vm.file({
    path: '/dev/fb0', size: screen.length, fault: () => new Uint8Array(0),
    writeback: ({ page, offset, bytes: pixels }) => { drawn.push(page); screen.set(pixels, offset); },
  });
  const pixels = p.mmap({ length: screen.length, fd: p.open(file.path, 'rdwr'), prot: 'rw', flags: 'shared' });
  for (let y = 0; y < height; y++) p.storeU32(pixels + BigInt((y * width + y) * 4), 0xff00_00ff);
  await file.sync();
  expect(drawn).toEqual([0, 1]);
  expect([...screen.subarray((10 * width + 10) * 4, (10 * width + 12) * 4)]).toEqual([255, 0, 0, 255, 0, 0, 0, 0]);
  p.storeU32(pixels + BigInt(width * height * 4 - 4), 0xffff_ffff);
  await file.sync();
  await file.sync();
  expect(drawn).toEqual([0, 1, 1]);
  expect(screen.at(-1)).toBe(255);
});
