/**
 * Ready-made contents of files for `vm.file()`: bytes, Blobs and Files, a server that speaks ranges, the origin's private file
 * system, zeros, and bytes that look like chance. Each is an object of options, to be given as it is or with more beside it.
 * @example
 * import { ranges } from 'pagefault/backings';
 * const file = vm.file({ ...(await ranges('https://example.org/data.bin')), path: '/data' });
 */
import { bytes as checkedBytes, integer, options as checkedOptions, wrongType } from './check.ts';
import type { LengthLike } from './address.ts';
import type { FaultRequest, FileSignal, WrittenFile } from './fuse.ts';

const PAGE = 4096;
const MOST = Number.MAX_SAFE_INTEGER;

/** A file whose contents are at hand or asked for. */
export type Backing = Pick<WrittenFile, 'size' | 'fault' | 'readAhead'>;
/** A file that can be written, too. */
export type WritableBacking = Backing & Required<Pick<WrittenFile, 'writeback' | 'truncate'>>;

/** The part of a file that a fault may be given, cut at the file's end. */
function part({ offset, count }: FaultRequest, size: number): readonly [start: number, end: number] {
  return [Math.min(offset, size), Math.min(offset + count * PAGE, size)];
}

/**
 * Bytes: the file is the array, whose size it has. What programs write comes to the array at `msync`, `fsync` and `close`, as
 * far as it reaches; a file cannot grow beyond it.
 * @throws {@link TypeError} for another view
 */
export function bytes(array: Uint8Array): WritableBacking {
  if (!(array instanceof Uint8Array)) throw wrongType('bytes', 'array', array, 'a Uint8Array');
  return {
    size: array.length,
    fault: (request) => array.slice(...part(request, array.length)),
    writeback: ({ offset, bytes: written }) => array.set(written.subarray(0, Math.max(0, array.length - offset)), Math.min(offset, array.length)),
    truncate({ size }) {
      if (size > array.length) throw Object.assign(new RangeError(`the array has room for ${array.length} bytes`), { code: 'EFBIG' });
      array.fill(0, size);
    },
  };
}

/** What a `Blob` or `File` has, as far as it is used. */
export interface BlobLike {
  readonly size: number;
  /** A part of it. */
  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

/** A `Blob` or `File`, as a person has chosen or dropped it. Nothing is read but what is touched. */
export function blob(source: BlobLike): Backing {
  if (typeof source?.slice !== 'function' || typeof source.size !== 'number') throw wrongType('blob', 'source', source, 'a Blob or a File');
  return {
    size: source.size,
    fault: (request) => source.slice(...part(request, source.size)).arrayBuffer(),
  };
}

/** The part of `fetch` that is used. */
export type FetchLike = (url: string, init: { readonly method?: string; readonly headers: Record<string, string>; readonly signal?: FileSignal }) => Promise<{
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  arrayBuffer(): Promise<ArrayBuffer>;
}>;

/** How a server is asked. */
export interface RangesOptions {
  /** The size of the file in bytes; without it the server is asked once, by HEAD. */
  readonly size?: LengthLike;
  /** Pages that one request may bring, 16 by default. 1 asks for each page alone. */
  readonly readAhead?: number;
  /** Sent with each request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Asks in place of the platform's `fetch`. */
  readonly fetch?: FetchLike;
}

const RANGES = ['size', 'readAhead', 'headers', 'fetch'];

/**
 * A file behind a server that speaks ranges (RFC 9110, 14). Each answer must be 206 with the range that was asked for; if the
 * server says how the file is called now (a strong `ETag`), a file that has become another one is told of.
 * @throws {@link TypeError} if the server does not say how large the file is
 * @example const file = vm.file({ ...(await ranges('/disk.img', { readAhead: 64 })) });
 */
export async function ranges(url: string | { readonly href: string }, options: RangesOptions = {}): Promise<Backing> {
  const { size: given, readAhead = 16, headers = {}, fetch: ask = globalThis.fetch as unknown as FetchLike } = checkedOptions<RangesOptions>('ranges', options, RANGES);
  const address = typeof url === 'string' ? url : url.href;
  if (typeof address !== 'string') throw wrongType('ranges', 'url', url, 'a text or a URL');
  integer('ranges', 'readAhead', readAhead, 1, PAGE);
  let tag: string | null = null;
  const size = given === undefined ? await sizeOf() : checkedBytes('ranges', 'size', given, 0, MOST);

  async function sizeOf(): Promise<number> {
    const { status, headers: told } = await ask(address, { method: 'HEAD', headers: { ...headers } });
    const length = told.get('content-length');
    if (status !== 200 || length === null) throw new TypeError(`ranges: ${address} answers HEAD with ${status} and ${length === null ? 'no Content-Length' : 'a length'}: give its size`);
    tag = strong(told.get('etag'));
    return checkedBytes('ranges', 'Content-Length', Number(length), 0, MOST);
  }

  return {
    size,
    readAhead,
    async fault(request) {
      const [start, end] = part(request, size);
      const answer = await ask(address, { headers: { ...headers, range: `bytes=${start}-${end - 1}` }, signal: request.signal });
      requireRange(address, answer, start, end);
      const now = strong(answer.headers.get('etag'));
      if (tag !== null && now !== null && now !== tag) throw new Error(`ranges: ${address} is another file now: its ETag was ${tag} and is ${now}`);
      tag ??= now;
      const body = await answer.arrayBuffer();
      if (body.byteLength !== end - start) throw new Error(`ranges: ${address} sent ${body.byteLength} bytes of ${end - start}`);
      return body;
    },
  };
}

const strong = (tag: string | null): string | null => (tag?.startsWith('W/') ? null : tag);

/** Whether an answer is what was asked for, and nothing else. */
function requireRange(address: string, { status, headers }: Awaited<ReturnType<FetchLike>>, start: number, end: number): void {
  if (status === 200) throw new Error(`ranges: ${address} ignores Range and sends the whole file: it has to answer 206`);
  if (status !== 206) throw new Error(`ranges: ${address} answers ${status} for bytes ${start} to ${end - 1}`);
  const range = /^bytes (\d+)-(\d+)\//.exec(headers.get('content-range') ?? '');
  if (Number(range?.[1]) !== start || Number(range?.[2]) !== end - 1) throw new Error(`ranges: ${address} was asked for bytes ${start} to ${end - 1} and answers ${headers.get('content-range') ?? 'without Content-Range'}`);
}

/** What a `FileSystemSyncAccessHandle` has, as far as it is used. */
export interface SyncAccessHandleLike {
  /** Its size in bytes. */
  getSize(): number;
  /** Reads into a buffer; how many bytes. */
  read(into: Uint8Array<ArrayBuffer>, options: { readonly at: number }): number;
  /** Writes bytes; how many. */
  write(bytes: Uint8Array<ArrayBuffer>, options: { readonly at: number }): number;
  /** Sets its size. */
  truncate(size: number): void;
}

/** What a `FileSystemFileHandle` has, as far as it is used. */
export interface FileHandleLike {
  /** The file as it is now. */
  getFile(): Promise<BlobLike>;
  /** A stream that writes to it. */
  createWritable(options: { readonly keepExistingData: boolean }): Promise<{
    write(chunk: { readonly type: 'write'; readonly position: number; readonly data: Uint8Array<ArrayBuffer> }): Promise<void>;
    truncate(size: number): Promise<void>;
    close(): Promise<void>;
  }>;
}

/**
 * A file of the origin's private file system: of a sync access handle (in a worker) at once, of a file handle by promises.
 * The handle stays the caller's to close.
 * @example const file = vm.file({ ...(await opfs(await root.getFileHandle('disk.img'))) });
 */
export async function opfs(handle: FileHandleLike | SyncAccessHandleLike): Promise<WritableBacking> {
  if (typeof (handle as SyncAccessHandleLike)?.getSize === 'function') return ofSyncHandle(handle as SyncAccessHandleLike);
  if (typeof (handle as FileHandleLike)?.getFile !== 'function') throw wrongType('opfs', 'handle', handle, 'a FileSystemFileHandle or a FileSystemSyncAccessHandle');
  return ofFileHandle(handle as FileHandleLike);
}

function ofSyncHandle(handle: SyncAccessHandleLike): WritableBacking {
  return {
    size: handle.getSize(),
    fault(request) {
      const [start, end] = part(request, Math.max(request.offset, handle.getSize()));
      const into = new Uint8Array(end - start);
      return into.subarray(0, handle.read(into, { at: start }));
    },
    writeback({ offset, bytes: written }) {
      const count = handle.write(written as Uint8Array<ArrayBuffer>, { at: offset });
      if (count < written.length) throw Object.assign(new Error(`opfs: ${count} bytes of ${written.length} were written`), { code: 'ENOSPC' });
    },
    truncate: ({ size }) => handle.truncate(size),
  };
}

async function ofFileHandle(handle: FileHandleLike): Promise<WritableBacking> {
  // A stream replaces the file when it is closed: two at a time would lose what the first has written.
  let last: Promise<void> = Promise.resolve();
  const change = (body: (stream: Awaited<ReturnType<FileHandleLike['createWritable']>>) => Promise<void>): Promise<void> => {
    const next = last.then(async () => {
      const stream = await handle.createWritable({ keepExistingData: true });
      await body(stream);
      await stream.close();
    });
    last = next.catch(() => {});
    return next;
  };
  return {
    size: (await handle.getFile()).size,
    async fault(request) {
      const file = await handle.getFile();
      return file.slice(...part(request, file.size)).arrayBuffer();
    },
    writeback: ({ offset, bytes: data }) => change((stream) => stream.write({ type: 'write', position: offset, data: data as Uint8Array<ArrayBuffer> })),
    truncate: ({ size }) => change((stream) => stream.truncate(size)),
  };
}

/** Zeros. */
export function zero(size: LengthLike): Backing {
  return { size: checkedBytes('zero', 'size', size, 0, MOST), fault: () => new Uint8Array(0) };
}

/** Bytes that look like chance and are the same for the same seed (0 to 2^32 − 1), wherever one begins to read. */
export function random(size: LengthLike, seed = 0): Backing {
  const [length, start] = [checkedBytes('random', 'size', size, 0, MOST), integer('random', 'seed', seed, 0, 0xffff_ffff)];
  return {
    size: length,
    fault({ page, count }) {
      const words = new Uint32Array((count * PAGE) / 4);
      for (let each = 0; each < count; each++) fillPage(words.subarray((each * PAGE) / 4, ((each + 1) * PAGE) / 4), start, page + each);
      return words.buffer;
    },
  };
}

/** A page of splitmix32 from a state that is the page's own. */
function fillPage(words: Uint32Array, seed: number, page: number): void {
  let state = mixed(mixed(seed ^ 0x9e37_79b9) ^ mixed(page >>> 0) ^ Math.floor(page / 2 ** 32));
  for (let i = 0; i < words.length; i++) words[i] = mixed((state = (state + 0x9e37_79b9) | 0));
}

function mixed(word: number): number {
  word = Math.imul(word ^ (word >>> 16), 0x21f0_aaad);
  word = Math.imul(word ^ (word >>> 15), 0x735a_2d97);
  return word ^ (word >>> 15);
}

export type { FaultRequest, WrittenFile };
