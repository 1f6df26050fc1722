/**
 * Files written in JavaScript. The core never calls anything here: a call or access that needs something from outside ends
 * early and says what; that is asked of the file's functions, what they answer is handed in, and the call is made again.
 */
import type { LengthLike } from './address.ts';
import * as check from './check.ts';
import { isTrap } from './core.ts';
import { DISPOSE } from './disposable.ts';
import { FaultPending, ProcessGone } from './errors.ts';
import type { Life, State } from './state.ts';

/** The signal that a platform's `AbortController` gives, as far as its types are known. */
export type FileSignal = typeof globalThis extends { AbortSignal: { prototype: infer S } } ? S : { readonly aborted: boolean };

/** Something, or a promise of it. */
export type Soon<T> = T | PromiseLike<T>;

/** A page that is needed. */
export interface FaultRequest {
  /** Which, counted from 0 in pages of 4,096 bytes. */
  readonly page: number;
  /** Pages that may be handed in, from that one on; only the first is needed. */
  readonly count: number;
  /** Where it starts in the file, in bytes: `page * 4096`. */
  readonly offset: number;
  /** It is needed to write it. */
  readonly write: boolean;
  /** Aborts when nobody can need the answer any more: the page was cut off, the file or the machine is gone. */
  readonly signal: FileSignal;
}

/** A page that is about to be written through a shared mapping. */
export interface MkwriteRequest {
  /** Which. */
  readonly page: number;
  /** Aborts as that of a fault. */
  readonly signal: FileSignal;
}

/** A mapping that is about to be made. */
export interface MappingRequest {
  /** Where it starts in the file, in bytes. */
  readonly offset: number;
  /** Its length in bytes, whole pages. */
  readonly length: number;
  /** `'r'`, `'w'` and `'x'` as far as they are asked for. */
  readonly prot: string;
  /** Whether writes go to the file. */
  readonly shared: boolean;
  /** Aborts as that of a fault. */
  readonly signal: FileSignal;
}

/**
 * A file written in JavaScript. Each function may answer at once or by a promise, and may call anything, the machine too.
 * One that throws or rejects makes what asked fail: an access with SIGBUS, a call with EIO or the error's own `code`, if
 * that is the name of an errno. The error thrown then has what was thrown as its `cause`.
 */
export interface WrittenFile {
  /** Its name in the machine, which no file may have yet; `/dev/fuse/1` and so on by default. */
  readonly path?: string;
  /** Bytes. */
  readonly size: LengthLike;
  /** Permission bits; `0o666` by default. */
  readonly mode?: number;
  /** Pages that are offered at once to a fault at most; 16 by default. After `madvise(…, 'random')` it is one. */
  readonly readAhead?: number;
  /** `vm_ops->fault`: the contents of a page, and of those behind it if they are at hand. What is missing is zeros. */
  fault(request: FaultRequest): Soon<Uint8Array | ArrayBuffer>;
  /** `f_op->mmap`: whether the file may be mapped so; throw to refuse. */
  mmap?(request: MappingRequest): Soon<void>;
  /** `vm_ops->page_mkwrite`: is told of the first write to a page of a shared mapping since it was written back; throw to refuse. */
  mkwrite?(request: MkwriteRequest): Soon<void>;
  /**
   * `a_ops->writepages`: gets a page that was written, up to the file's end, at `msync`, `fsync`, `sync`, `munmap`, `close`
   * and the process's end. Writes of a page come one after another. Without it pages that were written stay in memory.
   */
  writeback?(written: { readonly page: number; readonly offset: number; readonly bytes: Uint8Array }): Soon<void>;
  /** `i_op->setattr`: whether the file may have another size, before it has; throw to refuse. */
  truncate?(to: { readonly size: number }): Soon<void>;
  /** `f_op->release`: an open file was closed by its last holder. What it throws is nobody's. */
  close?(): Soon<void>;
}

const PAGE = 4096;
const HOOKS = ['mmap', 'mkwrite', 'writeback', 'truncate'] as const;
const KINDS = ['fault', 'mkwrite', 'mmap', 'truncate'] as const;
const KEYS = ['path', 'size', 'mode', 'readAhead', 'fault', ...HOOKS, 'close'];
/** Causes of failures that nobody asked for are kept, at most so many for a file. */
const MOST_CAUSES = 64;
/** A question in the core's form: file, kind, and its values. */
type Question = BigUint64Array;

/** What was asked and has not been answered. */
interface Flight {
  readonly abort: { readonly signal: unknown; abort(): void };
  /** Nobody needs the answer. */
  isDropped: boolean;
  readonly ready: Promise<void>;
  readonly land: () => void;
  readonly first: number;
  /** The page behind the last one; of other questions `first`. */
  readonly end: number;
}

/** @internal A file as the machine's side keeps it. */
export interface FileRecord {
  readonly serial: bigint;
  readonly path: string;
  readonly options: WrittenFile;
  /** By kind and value. */
  readonly flights: Map<string, Flight>;
  /** By page. */
  readonly writes: Map<number, Promise<void>>;
  /** Why the last write failed, until somebody is told. */
  failure: { readonly cause: unknown } | null;
  readonly causes: Map<string, unknown>;
}

const isPromise = (value: unknown): value is PromiseLike<unknown> => typeof (value as PromiseLike<unknown> | null)?.then === 'function';
const keyOf = (question: ArrayLike<bigint>, page = question[2]): string => `${question[1]} ${page}`;

/** The errno that an error names, `'EIO'` otherwise. */
function errnoOf(error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : 'EIO';
}

/** @internal All files written in JavaScript of a machine. */
export class Files {
  readonly #state: State;
  /** By number; those of a saved copy come back with it. */
  all = new Map<bigint, FileRecord>();
  #last = 0n;
  /** What has happened and has not been told; calls made meanwhile tell of it first. */
  readonly #told: (() => void)[] = [];
  /** Why the last call was refused by a file whose writes failed. */
  #refusal: { readonly cause: unknown } | null = null;

  constructor(state: State) {
    this.#state = state;
  }

  add(options: WrittenFile, size: number): FileRecord {
    const state = this.#state;
    const { mmap, fault, mode = 0o666, readAhead = 16 } = options;
    const serial = ++this.#last;
    const path = options.path ?? `/dev/fuse/${serial}`;
    const hooks = HOOKS.reduce((all, hook, bit) => all | (options[hook] ? 1 << bit : 0), 0);
    const isMade = state.use((core) => core.addFuse(path, serial, BigInt(size), mode, readAhead, hooks, String(mmap?.name ?? ''), String(fault.name)));
    if (!isMade) throw check.outOfRange('file', 'path', path, 'a name that no file has');
    const record: FileRecord = { serial, path, options, flights: new Map(), writes: new Map(), failure: null, causes: new Map() };
    this.all.set(serial, record);
    return record;
  }

  get #words(): BigUint64Array {
    return new BigUint64Array(this.#state.instance.memory.buffer, this.#state.core.fuseWords(), 6);
  }

  /** What the core has to say of a kind. */
  #take(what: 0 | 1 | 2 | 3): Question | undefined {
    return this.#state.core.fuseTake(what) ? this.#words.slice() : undefined;
  }

  #answer(question: Question, errno: string): void {
    this.#words.set(question);
    this.#state.core.fuseAnswer(errno);
  }

  #continue(pid: number, left: Question): void {
    this.#words.set(left);
    this.#state.core.fusePopulate(pid);
  }

  get #isUsable(): boolean {
    return !this.#state.freed && !this.#state.instance.stopped;
  }

  /** Runs somebody's function in the middle of a call, of which nothing is lost. */
  #aside<R>(body: () => R): R {
    const state = this.#state;
    const { trying, kept, watch } = state;
    const resume = watch?.setAside();
    state.core.setAside();
    state.trying = 0;
    try {
      return body();
    } finally {
      [state.trying, state.kept, state.selected] = [trying, kept, -1];
      resume?.();
      if (this.#isUsable) {
        state.core.takeUp();
        if (state.words.length === 0) state.refresh();
      }
    }
  }

  /** Whether what failed is to be tried again; throws {@link FaultPending} if that has to wait. */
  mend(life: Life): boolean {
    const state = this.#state;
    this.#refusal = null;
    const question = this.#take(0);
    if (!question) return false;
    const { generation } = state;
    const ready = this.#ask(question);
    state.require();
    requireSame(state, life.pid, generation);
    if (ready) throw this.#pending(question, ready);
    return true;
  }

  #pending(question: Question, ready: Promise<void>): FaultPending {
    const kind = KINDS[Number(question[1])]!;
    return new FaultPending(this.all.get(question[0]!)?.path ?? '', kind, kind === 'truncate' ? null : Number(question[2]), ready);
  }

  /** Asks, unless that is on its way; a promise if the answer is still to come. */
  #ask(question: Question): Promise<void> | undefined {
    const file = this.all.get(question[0]!);
    if (!file) return void this.#answer(question, 'EIO');
    const known = file.flights.get(keyOf(question));
    if (known) return known.ready;
    const flight = this.#start(file, question);
    let answer: unknown;
    try {
      answer = this.#aside(() => invoke(file.options, question, flight));
    } catch (error) {
      return this.#settle(file, question, flight, undefined, { cause: error });
    }
    if (!isPromise(answer)) return this.#settle(file, question, flight, answer);
    const settled = Promise.resolve(answer).then((value) => this.#settle(file, question, flight, value), (cause: unknown) => this.#settle(file, question, flight, undefined, { cause }));
    // A core that failed says so to whoever uses it next.
    settled.catch(() => {});
    return flight.ready;
  }

  #start(file: FileRecord, question: Question): Flight {
    const [first, isFault] = [Number(question[2]), question[1] === 0n];
    let count = isFault ? 1 : 0;
    // One in flight a page: what is on its way is not asked for again.
    while (isFault && count < Number(question[3]) && !file.flights.has(keyOf(question, BigInt(first + count)))) count++;
    if (isFault) question[3] = BigInt(count);
    let land!: () => void;
    const ready = new Promise<void>((done) => { land = done; });
    const flight: Flight = { abort: new AbortController(), isDropped: false, ready, land, first, end: first + count };
    for (let page = first; page < Math.max(first + 1, flight.end); page++) file.flights.set(keyOf(question, isFault ? BigInt(page) : question[2]), flight);
    return flight;
  }

  /** Hands an answer in, unless nobody needs it any more. */
  #settle(file: FileRecord, question: Question, flight: Flight, answer: unknown, failed?: { readonly cause: unknown }): undefined {
    for (const [key, each] of file.flights) if (each === flight) file.flights.delete(key);
    try {
      if (!flight.isDropped && this.#isUsable) this.#hand(file, question, answer, failed);
    } finally {
      flight.land();
    }
  }

  #hand(file: FileRecord, question: Question, answer: unknown, failed?: { readonly cause: unknown }): void {
    try {
      if (failed) throw failed.cause;
      file.causes.delete(keyOf(question));
      if (question[1] !== 0n) return void this.#answer(question, '');
      const bytes = contents(answer, Number(question[3]));
      this.#state.bytes(bytes.length).set(bytes);
      this.#words.set(question);
      if (!this.#state.core.fuseProvide(bytes.length)) this.#answer(question, 'ENOMEM');
    } catch (error) {
      if (isTrap(error)) throw this.#state.failed(error);
      if (file.causes.size === MOST_CAUSES) file.causes.delete(file.causes.keys().next().value!);
      file.causes.set(keyOf(question), error);
      this.#answer(question, errnoOf(error));
    }
  }

  /** What a function threw for which the last call or access failed. */
  cause(): { readonly cause: unknown } | undefined {
    const refusal = this.#refusal;
    this.#refusal = null;
    if (refusal) return refusal;
    const question = this.#take(1);
    const causes = question && this.all.get(question[0]!)?.causes;
    const key = question ? keyOf(question) : '';
    if (!causes?.has(key)) return undefined;
    const cause = causes.get(key);
    causes.delete(key);
    return { cause };
  }

  /**
   * After a system call: whether it is to be made again. What it has done to files is told to them; if a call that waits
   * for that (fsync) cannot have it, the core is told that it is refused.
   */
  again(life: Life, name: string, ok: boolean): boolean {
    const state = this.#state;
    const { generation } = state;
    const left = this.#take(2);
    if (!left && this.mend(life)) return true;
    this.#refusal = null;
    if (left) this.#populate(life.pid, left);
    const synced = this.drain();
    state.require();
    requireSame(state, life.pid, generation);
    for (const file of synced) {
      if (file.writes.size > 0) throw new FaultPending(file.path, 'writeback', null, Promise.all(file.writes.values()).then(() => {}));
    }
    const failed = ok && name !== 'sync' ? synced.find((file) => file.failure) : undefined;
    if (failed) {
      this.#refusal = failed.failure;
      failed.failure = null;
      state.core.fuseRefuse(errnoOf(this.#refusal!.cause));
    }
    return false;
  }

  /** Whether the last call ended well, and was refused by a file all the same. */
  get isRefused(): boolean {
    return this.#refusal !== null;
  }

  /** What a call has yet to make present: now, or when it has come. */
  #populate(pid: number, from: Question): void {
    for (let left: Question | undefined = from; left; left = this.#take(2)) {
      const question = this.#take(0);
      const ready = question && this.#ask(question);
      if (!this.#isUsable) return;
      if (ready) {
        const { generation } = this.#state;
        const rest = left;
        void ready.then(() => {
          if (!this.#isUsable || this.#state.generation !== generation) return;
          this.#continue(pid, rest);
          const more = this.#take(2);
          if (more) this.#populate(pid, more);
        });
        return;
      }
      this.#continue(pid, left);
    }
  }

  /** Tells files what has happened to them, the oldest first; those of which somebody wants to know that all has arrived. */
  drain(): readonly FileRecord[] {
    const synced: FileRecord[] = [];
    for (let notice; this.#isUsable && (notice = this.#take(3)); ) {
      const [serial, kind, value, count] = notice;
      const file = this.all.get(serial!);
      if (!file) continue;
      const number = Number(value);
      if (kind === 0n) {
        const bytes = this.#state.bytes(Number(count)).slice();
        this.#told.push(() => this.#write(file, number, bytes));
      } else if (kind === 1n) synced.push(file);
      else if (kind === 2n) this.#told.push(() => void this.#ask(BigUint64Array.of(serial!, 0n, value!, count!, 0n, 0n)));
      else if (kind === 3n) this.#told.push(() => this.#close(file));
      else this.#cut(file, kind === 4n ? -1 : number);
      if (kind === 4n) this.all.delete(serial!);
    }
    for (let tell; (tell = this.#told.shift()); ) tell();
    return synced;
  }

  #close({ options }: FileRecord): void {
    // As release in the kernel: of what fails in it nobody is told.
    try {
      void Promise.resolve(this.#aside(() => options.close?.())).catch(() => {});
    } catch {}
  }

  #write(file: FileRecord, page: number, bytes: Uint8Array): void {
    const written = Object.freeze({ page, offset: page * PAGE, bytes });
    const fail = (cause: unknown) => { file.failure = { cause }; };
    const before = file.writes.get(page);
    let done: unknown = before?.then(() => file.options.writeback!(written));
    try {
      done ??= this.#aside(() => file.options.writeback!(written));
    } catch (error) {
      return fail(error);
    }
    if (!isPromise(done)) return;
    const end = () => { if (file.writes.get(page) === writing) file.writes.delete(page); };
    const writing: Promise<void> = Promise.resolve(done).then(end, (error: unknown) => { fail(error); end(); });
    file.writes.set(page, writing);
  }

  /** Nobody can need pages from a size on; nor anything of a file that is gone (−1). */
  #cut(file: FileRecord, size: number): void {
    for (const flight of new Set(file.flights.values())) {
      if (flight.end > flight.first ? flight.first * PAGE >= size : size < 0) drop(file, flight);
    }
  }

  /** The files are those of a copy again. */
  restore(files: ReadonlyMap<bigint, FileRecord>): void {
    this.abandon();
    this.all = new Map(files);
  }

  /** Nobody waits any more: the machine is gone, or was put back. */
  abandon(): void {
    for (const file of this.all.values()) for (const flight of new Set(file.flights.values())) drop(file, flight);
  }

  /** Writes a file back and waits for it. */
  async sync(file: FileRecord): Promise<void> {
    this.#state.use((core) => core.fuseSync(file.serial));
    await Promise.all(file.writes.values());
    const { failure } = file;
    file.failure = null;
    if (!failure) return;
    this.#refusal = failure;
    this.#state.use((core) => core.fuseRefuse(errnoOf(failure.cause)));
    throw this.#state.refusal('fsync');
  }
}

function drop(file: FileRecord, flight: Flight): void {
  flight.isDropped = true;
  for (const [key, each] of file.flights) if (each === flight) file.flights.delete(key);
  flight.abort.abort();
  flight.land();
}

/** @internal Whoever waited is still there. */
export function requireSame(state: State, pid: number, generation: number): void {
  if (state.generation !== generation) throw new ProcessGone(pid, 'was put back to a saved state while it waited');
}

/** What a file's `fault` gave. */
function contents(answer: unknown, count: number): Uint8Array {
  const bytes = answer instanceof ArrayBuffer ? new Uint8Array(answer) : answer;
  if (!(bytes instanceof Uint8Array)) throw check.wrongType('fault', 'its answer', answer, 'a Uint8Array or an ArrayBuffer');
  if (bytes.length > count * PAGE) throw check.outOfRange('fault', 'its answer', `${bytes.length} bytes`, `at most ${count * PAGE} bytes`);
  return bytes;
}

function invoke(options: WrittenFile, [, kind, a, b, c, d]: Question, { abort }: Flight): unknown {
  const [page, signal] = [Number(a), abort.signal as FileSignal];
  if (kind === 0n) return options.fault({ page, count: Number(b), offset: page * PAGE, write: c !== 0n, signal });
  if (kind === 1n) return options.mkwrite!({ page, signal });
  if (kind === 3n) return options.truncate!({ size: page });
  const prot = [...'rwx'].filter((_, bit) => Number(c) & (1 << bit)).join('');
  return options.mmap!({ offset: page * PAGE, length: Number(b) * PAGE, prot, shared: d !== 0n, signal });
}

/** A file written in JavaScript, from outside. Make one with `vm.file()`; processes open its {@link path}. */
export class MachineFile {
  readonly #files: Files;
  readonly #state: State;
  readonly #record: FileRecord;

  /** @internal */
  private constructor(state: State, files: Files, record: FileRecord) {
    this.#state = state;
    this.#files = files;
    this.#record = record;
  }

  /** @internal */
  static _make(state: State, given: WrittenFile): MachineFile {
    const options = check.options<WrittenFile>('file', given, KEYS);
    const size = check.bytes('file', 'size', options.size, 0, Number.MAX_SAFE_INTEGER);
    check.callable('file', 'fault', options.fault);
    for (const name of [...HOOKS, 'close'] as const) if (options[name] !== undefined) check.callable('file', name, options[name]);
    if (options.path !== undefined) check.text('file', 'path', options.path);
    if (options.mode !== undefined) check.integer('file', 'mode', options.mode, 0, 0o777);
    if (options.readAhead !== undefined) check.integer('file', 'readAhead', options.readAhead, 1, 4096);
    state.require();
    const files = (state.files ??= new Files(state));
    return new MachineFile(state, files, files.add(options, size));
  }

  /** Its name in the machine. */
  get path(): string {
    return this.#record.path;
  }

  /** Bytes; −1 if it is gone. */
  get size(): number {
    return this.#state.use((core) => core.fuseSize(this.#record.serial));
  }

  /**
   * Writes pages that were written to its `writeback`, as the kernel's flusher does; resolves when all have arrived.
   * @throws {@link SyscallError} EIO, or the errno that `writeback` named, with what it threw as `cause`
   */
  async sync(): Promise<void> {
    return this.#files.sync(this.#record);
  }

  /** Takes its name away: it goes with whoever has it open or mapped. */
  remove(): void {
    this.#state.use((core) => core.fuseUnlink(this.#record.serial, this.#record.path));
  }

  /** What `using` calls: {@link remove}. */
  [DISPOSE](): void {
    if (this.#state.freed === undefined && this.#state.instance.stopped === undefined) this.remove();
  }
}
