import { type AddressLike, type LengthLike, high, low } from './address.ts';
import * as check from './check.ts';
import { type AdviceLike, MADV, MAP, type MapFlagsLike, O, PROT, type ProtLike, SYS, toProt } from './constants.ts';
import { MachineStopped, PageFault, ProcessGone, SyscallError, type Walk } from './errors.ts';
import type { Snapshot } from './snapshot.ts';
import { WasmMachine } from './wasm/pagefault.js';
import type { InitOutput } from './wasm/pagefault.js';

/** What a machine is made from. */
export interface MachineOptions {
  /** Simulated RAM, up to 2 GiB; 64 MiB by default. */
  readonly ram?: LengthLike;
  /** The `MemTotal` that overcommit speaks of. */
  readonly memTotal?: LengthLike;
  /** `vm.max_map_count`. */
  readonly maxMapCount?: number;
  /** `vm.overcommit_memory`: 0 guess, 1 always, 2 never. */
  readonly overcommit?: 0 | 1 | 2;
  /** Files that exist at the start. */
  readonly files?: readonly FileOptions[];
}

/** A file that exists at the start. */
export interface FileOptions {
  readonly path: string;
  readonly content?: string;
  /** In bytes; that of the content by default. */
  readonly size?: LengthLike;
  /** Permission bits; 0o644 by default. */
  readonly mode?: number;
}

/** The arguments of mmap(2) that are not at their defaults. */
export interface MmapOptions {
  readonly addr?: AddressLike;
  readonly length: LengthLike;
  /** `'rw'` by default. */
  readonly prot?: ProtLike;
  /** `'private|anonymous'` by default, `'private'` with a descriptor. */
  readonly flags?: MapFlagsLike;
  readonly fd?: number;
  readonly offset?: AddressLike;
}

/** Numbers of descriptors, counts and the like. */
const MOST_INT = 0x7fff_ffff;
const MIB = 1 << 20;
/** RAM that a machine may have, in bytes. */
const RAM = [64 << 10, 2 * 1024 * MIB] as const;
/** The largest size that the core takes as a number. */
const MOST_SIZE = Number.MAX_SAFE_INTEGER;

const OPTIONS = ['ram', 'memTotal', 'maxMapCount', 'overcommit', 'files', 'wasm'] as const;
const FILE_OPTIONS = ['path', 'content', 'size', 'mode'] as const;

/** The options in the form that the core takes. */
function checked(given: MachineOptions): object {
  const call = 'createMachine';
  const { ram, memTotal, maxMapCount, overcommit, files } = check.options<MachineOptions>(call, given, OPTIONS);
  if (files !== undefined && !Array.isArray(files)) throw check.wrongType(call, 'files', files, 'an array');
  return {
    ram: ram === undefined ? undefined : check.bytes(call, 'ram', ram, ...RAM),
    memTotal: memTotal === undefined ? undefined : check.bytes(call, 'memTotal', memTotal, 4096, MOST_SIZE),
    maxMapCount: maxMapCount === undefined ? undefined : check.integer(call, 'maxMapCount', maxMapCount, 0, MOST_INT),
    overcommit: overcommit === undefined ? undefined : check.integer(call, 'overcommit', overcommit, 0, 2),
    files: (files ?? []).map(checkedFile),
  };
}

function checkedFile(given: FileOptions, at: number): object {
  const call = `createMachine, files[${at}]`;
  const { path, content, size, mode } = check.options<FileOptions>(call, given, FILE_OPTIONS);
  if (check.text(call, 'path', path) === '') throw check.outOfRange(call, 'path', path, 'a name');
  if (content !== undefined && typeof content !== 'string') throw check.wrongType(call, 'content', content, 'a text');
  return {
    path, content,
    size: size === undefined ? undefined : check.bytes(call, 'size', size, 0, MOST_SIZE),
    mode: mode === undefined ? undefined : check.integer(call, 'mode', mode, 0, 0o7777),
  };
}

/** A computer with Linux on it. Make one with `createMachine`. */
export class Machine {
  #core: WasmMachine;
  #memory: WebAssembly.Memory;
  #stopped: MachineStopped | undefined;
  /** Which process of a number is meant: after a restore those made since are dead, though their number may live. */
  #generations = new Map<number, number>();
  #made = 0;
  #words: BigUint64Array | undefined;

  /** @internal */
  constructor(exports: InitOutput, options: MachineOptions = {}) {
    this.#memory = exports.memory;
    this.#core = new WasmMachine(checked(options));
  }

  /** @internal Runs `body` on the core; a trap of WebAssembly stops the machine for good. */
  use<R>(body: (core: WasmMachine) => R): R {
    if (this.#stopped) throw this.#stopped;
    try {
      return body(this.#core);
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) {
        throw (this.#stopped = new MachineStopped('the machine has stopped: a bug in pagefault; make a new one', error));
      }
      throw error;
    }
  }

  /** @internal The six arguments and the result of a call, as 64-bit words. */
  words(core: WasmMachine): BigUint64Array {
    const { buffer } = this.#memory;
    // A memory that has grown has another buffer.
    if (this.#words?.buffer !== buffer) this.#words = new BigUint64Array(buffer, core.words(), 7);
    return this.#words!;
  }

  /** @internal The buffer that bytes cross in. */
  bytes(core: WasmMachine, length: number): Uint8Array {
    const at = core.buffer(length);
    return new Uint8Array(this.#memory.buffer, at, length);
  }

  /** @internal A handle of a process that has just been made. */
  adopt(pid: number): Process {
    this.#generations.set(pid, ++this.#made);
    return new Process(this, pid, this.#made);
  }

  /** @internal Whether a handle still means its process. */
  knows(pid: number, generation: number): boolean {
    return this.#generations.get(pid) === generation;
  }

  /** Starts a process as a fresh `execve` of a small static program leaves it. */
  spawn(options: { readonly name?: string; readonly uid?: number } = {}): Process {
    const { name = 'program', uid = 0 } = check.options<{ name?: string; uid?: number }>('spawn', options, ['name', 'uid']);
    check.text('spawn', 'name', name);
    check.integer('spawn', 'uid', uid, 0, 0xffff_fffe);
    return this.adopt(this.use((core) => core.spawn(name, uid)));
  }

  /** Everything there is to see, as plain data. */
  snapshot(): Snapshot {
    return this.use((core) => core.snapshot() as Snapshot);
  }

  /** The text of `/proc/meminfo`: the simulated RAM by use. */
  meminfo(): string {
    return this.use((core) => core.meminfo());
  }

  /** The line of `/proc/buddyinfo`: free blocks of 1, 2, 4 … 1,024 frames. */
  buddyinfo(): string {
    return this.use((core) => core.buddyinfo());
  }

  /** The text of `/proc/vmstat`: pages in use, and events since the start. */
  vmstat(): string {
    return this.use((core) => core.vmstat());
  }

  /** Keeps a copy of the whole machine; `restore` goes back to it, as often as wanted. Processes made since are dead then. */
  save(): SavedMachine {
    const handle = this.use((core) => core.save());
    const generations = new Map(this.#generations);
    return {
      restore: () => {
        if (!this.use((core) => core.restore(handle))) throw new Error('this saved machine has been dropped');
        this.#generations = new Map(generations);
      },
      drop: () => this.use((core) => core.dropSaved(handle)),
    };
  }

  /** Frees the machine's memory; nothing can be done with it afterwards. */
  free(): void {
    if (!this.#stopped) this.#core.free();
    this.#stopped = new MachineStopped('the machine was freed: make a new one');
  }
}

/** A copy of a machine. */
export interface SavedMachine {
  /** Makes the machine what it was. */
  restore(): void;
  /** Forgets the copy. */
  drop(): void;
}

const encoder = new TextEncoder();
/** One answer about pages speaks of at most so many. */
const MOST_PAGES = 1 << 20;
/** Longer accesses cross in pieces of so many bytes. */
const PIECE = MIB;
const MMAP_OPTIONS = ['addr', 'length', 'prot', 'flags', 'fd', 'offset'] as const;

/**
 * A process of a machine. Addresses are bigints; safe integers are accepted. An argument that cannot be meant is a
 * `TypeError` or `RangeError` that names it; a handle whose process was undone by a restore throws {@link ProcessGone}.
 */
export class Process {
  readonly #machine: Machine;
  readonly #generation: number;
  /** Its number. */
  readonly pid: number;

  /** @internal */
  constructor(machine: Machine, pid: number, generation: number) {
    this.#machine = machine;
    this.#generation = generation;
    this.pid = pid;
  }

  #use<R>(body: (core: WasmMachine) => R): R {
    if (!this.#machine.knows(this.pid, this.#generation)) throw new ProcessGone(this.pid, 'was made after the state that the machine was put back to');
    return this.#machine.use(body);
  }

  /** Puts up to six checked words where the core looks for them. */
  #give(core: WasmMachine, a = 0n, b = 0n, c = 0n, d = 0n, e = 0n, f = 0n): BigUint64Array {
    const words = this.#machine.words(core);
    words[0] = a;
    words[1] = b;
    words[2] = c;
    words[3] = d;
    words[4] = e;
    words[5] = f;
    return words;
  }

  /**
   * Makes a system call by number; the value of RAX as a signed number: negative is an errno. Never throws for a
   * refusal. Arguments that are not given are 0.
   */
  syscall(number: number, ...args: readonly AddressLike[]): bigint {
    check.integer('syscall', 'number', number, 0, MOST_INT);
    if (args.length > 6) throw new TypeError(`syscall: ${args.length} arguments are given: a system call has at most 6`);
    const [a, b, c, d, e, f] = args.map((arg, i) => check.word('syscall', `argument ${i + 1}`, arg));
    return this.#use((core) => {
      this.#give(core, a, b, c, d, e, f);
      core.syscall(this.pid, number, 6, 0);
      return BigInt.asIntN(64, this.#machine.words(core)[6]!);
    });
  }

  #call(name: keyof typeof SYS, a?: bigint, b?: bigint, c?: bigint, d?: bigint, e?: bigint, f?: bigint): bigint {
    return this.#use((core) => {
      this.#give(core, a, b, c, d, e, f);
      if (!core.syscall(this.pid, SYS[name], 6, 0)) throw new SyscallError(name, core.errnoName(), core.errno(), core.why());
      return this.#machine.words(core)[6]!;
    });
  }

  /** A call whose argument at a place is a text. */
  #callWithText(name: keyof typeof SYS, at: number, text: string, words: readonly bigint[]): bigint {
    const bytes = encoder.encode(text);
    return this.#use((core) => {
      this.#machine.bytes(core, bytes.length).set(bytes);
      this.#give(core, words[0], words[1], words[2], words[3], words[4], words[5]);
      if (!core.syscall(this.pid, SYS[name], at, bytes.length)) throw new SyscallError(name, core.errnoName(), core.errno(), core.why());
      return this.#machine.words(core)[6]!;
    });
  }

  /** Maps memory: the address. Throws {@link SyscallError}. */
  mmap(options: MmapOptions): bigint {
    const { addr = 0n, length, prot, flags, fd, offset = 0n } = check.options<MmapOptions>('mmap', options, MMAP_OPTIONS);
    const usual = fd === undefined ? MAP.PRIVATE | MAP.ANONYMOUS : MAP.PRIVATE;
    return this.#call(
      'mmap', check.word('mmap', 'addr', addr), check.size('mmap', 'length', length),
      BigInt(prot === undefined ? PROT.READ | PROT.WRITE : toProt('mmap', prot)),
      BigInt(flags === undefined ? usual : check.flags('mmap', 'flags', flags, MAP, 'MAP_')),
      BigInt.asUintN(64, BigInt(check.integer('mmap', 'fd', fd ?? -1, -1, MOST_INT))), check.word('mmap', 'offset', offset),
    );
  }

  /** Unmaps a range. */
  munmap(addr: AddressLike, length: LengthLike): void {
    this.#call('munmap', check.word('munmap', 'addr', addr), check.size('munmap', 'length', length));
  }

  /** Changes what may be done with a range. */
  mprotect(addr: AddressLike, length: LengthLike, prot: ProtLike): void {
    this.#call('mprotect', check.word('mprotect', 'addr', addr), check.size('mprotect', 'length', length), BigInt(toProt('mprotect', prot)));
  }

  /** Resizes or moves a mapping: its address. `flags` are bits of `MREMAP`. */
  mremap(addr: AddressLike, oldLength: LengthLike, newLength: LengthLike, flags = 0, newAddr: AddressLike = 0): bigint {
    return this.#call(
      'mremap', check.word('mremap', 'addr', addr), check.size('mremap', 'oldLength', oldLength), check.size('mremap', 'newLength', newLength),
      BigInt(check.integer('mremap', 'flags', flags, 0, MOST_INT)), check.word('mremap', 'newAddr', newAddr),
    );
  }

  /** Advises about a range. `advice` is one of `MADV`, or its name such as `'dontneed'`. */
  madvise(addr: AddressLike, length: LengthLike, advice: AdviceLike): void {
    const number = typeof advice === 'string' ? check.flags('madvise', 'advice', advice, MADV, 'MADV_') : check.integer('madvise', 'advice', advice, -MOST_INT, MOST_INT);
    this.#call('madvise', check.word('madvise', 'addr', addr), check.size('madvise', 'length', length), BigInt.asUintN(64, BigInt(number)));
  }

  /** Moves the break; the break afterwards. Without an address the break as it is. */
  brk(addr: AddressLike = 0): bigint {
    return this.#call('brk', check.word('brk', 'addr', addr));
  }

  /** Locks a range. */
  mlock(addr: AddressLike, length: LengthLike): void {
    this.#call('mlock', check.word('mlock', 'addr', addr), check.size('mlock', 'length', length));
  }

  /** Which pages a fault would not have to fetch. */
  mincore(addr: AddressLike, length: LengthLike): boolean[] {
    const [at, bytes] = [check.word('mincore', 'addr', addr), check.size('mincore', 'length', length)];
    return this.#use((core) => {
      this.#give(core, at, bytes);
      if (!core.syscall(this.pid, SYS.mincore, 2, 0)) throw new SyscallError('mincore', core.errnoName(), core.errno(), core.why());
      const count = core.takeOutput();
      return Array.from(this.#machine.bytes(core, count), (byte) => (byte & 1) === 1);
    });
  }

  /** Makes a child with a copy of the memory; private pages are shared until somebody writes. */
  fork(): Process {
    return this.#machine.adopt(Number(this.#call('fork')));
  }

  /** Ends the process. */
  exit(status = 0): void {
    this.#call('exit_group', BigInt.asUintN(64, BigInt(check.integer('exit', 'status', status, -MOST_INT, MOST_INT))));
  }

  /** Whether it has not ended, nor been undone by a restore. */
  get alive(): boolean {
    return this.#machine.use((core) => this.#machine.knows(this.pid, this.#generation) && core.isAlive(this.pid));
  }

  /** Opens a file: a descriptor. `flags` are bits of `O`. */
  open(path: string, flags: number = O.RDONLY, mode = 0o644): number {
    check.text('open', 'path', path);
    const words = [0xffff_ffff_ffff_ff9cn, 0n, BigInt(check.integer('open', 'flags', flags, 0, MOST_INT)), BigInt(check.integer('open', 'mode', mode, 0, 0o7777))];
    return Number(this.#callWithText('openat', 1, path, words));
  }

  /** Makes a file in memory: a descriptor. */
  memfd(name: string, flags = 0): number {
    check.text('memfd', 'name', name);
    return Number(this.#callWithText('memfd_create', 0, name, [0n, BigInt(check.integer('memfd', 'flags', flags, 0, 0xffff_ffff))]));
  }

  /** Sets the size of a file. */
  ftruncate(fd: number, size: LengthLike): void {
    this.#call('ftruncate', BigInt(check.integer('ftruncate', 'fd', fd, 0, MOST_INT)), check.size('ftruncate', 'size', size));
  }

  /** Closes a descriptor. */
  close(fd: number): void {
    this.#call('close', BigInt(check.integer('close', 'fd', fd, 0, MOST_INT)));
  }

  /**
   * Reads bytes as the program would, at most 2 GiB. Throws {@link PageFault}.
   * The pages are brought in as they are reached, and room for the answer is made when the first could be read.
   */
  load(addr: AddressLike, length: LengthLike): Uint8Array {
    const at = check.word('load', 'addr', addr);
    const all = check.bytes('load', 'length', length, 0, MOST_INT);
    const piece = (from: number) => this.#use((core) => {
      const count = Math.min(PIECE, all - from);
      const place = BigInt.asUintN(64, at + BigInt(from));
      if (!core.read(this.pid, high(place), low(place), count)) throw this.#fault(core, 'read');
      return this.#machine.bytes(core, count);
    });
    if (all <= PIECE) return piece(0).slice();
    const first = piece(0).slice();
    const bytes = new Uint8Array(all);
    bytes.set(first);
    for (let from = PIECE; from < all; from += PIECE) bytes.set(piece(from), from);
    return bytes;
  }

  /** Writes bytes, or a text in UTF-8, as the program would. Throws {@link PageFault}; what lies before the page that faulted is written then. */
  store(addr: AddressLike, data: Uint8Array | ArrayBuffer | string): void {
    const at = check.word('store', 'addr', addr);
    const bytes = check.contents('store', 'data', data);
    let from = 0;
    do {
      const part = bytes.subarray(from, from + PIECE);
      const place = BigInt.asUintN(64, at + BigInt(from));
      this.#use((core) => {
        this.#machine.bytes(core, part.length).set(part);
        if (!core.write(this.pid, high(place), low(place), part.length)) throw this.#fault(core, 'write');
      });
      from += PIECE;
    } while (from < bytes.length);
  }

  /** Fetches an instruction: only the permission counts. Throws {@link PageFault}. */
  execute(addr: AddressLike): void {
    const at = check.word('execute', 'addr', addr);
    this.#use((core) => {
      if (!core.execute(this.pid, high(at), low(at))) throw this.#fault(core, 'execute');
    });
  }

  /** 32 bits at an address below 2^53, little-endian. For callers in a hurry. Throws {@link PageFault}. */
  loadU32(addr: AddressLike): number {
    const at = check.integer('loadU32', 'addr', addr, 0, MOST_SIZE);
    return this.#use((core) => {
      core.select(this.pid);
      const value = core.load32(at);
      if (Number.isNaN(value)) throw this.#fault(core, 'read');
      return value;
    });
  }

  /** Stores 32 bits at an address below 2^53, little-endian: all of them or, where one of its pages faults, none. Throws {@link PageFault}. */
  storeU32(addr: AddressLike, value: number): void {
    const at = check.integer('storeU32', 'addr', addr, 0, MOST_SIZE);
    const word = check.integer('storeU32', 'value', value, -0x8000_0000, 0xffff_ffff) >>> 0;
    this.#use((core) => {
      core.select(this.pid);
      if (!core.store32(at, word)) throw this.#fault(core, 'write');
    });
  }

  #fault(core: WasmMachine, access: 'read' | 'write' | 'execute'): Error {
    const last = core.lastSignal() as { signal: string; code: string; high: number; low: number } | null | undefined;
    if (!last || last.signal === 'SIGKILL') return new ProcessGone(this.pid, 'has ended');
    const address = (BigInt(last.high) << 32n) | BigInt(last.low >>> 0);
    const walk = (core.walk(this.pid, last.high, last.low) ?? null) as Walk | null;
    return new PageFault(last.signal, last.code, address, access, walk);
  }

  /** The text of `/proc/PID/maps`. */
  maps(): string {
    return this.#use((core) => core.maps(this.pid));
  }

  /** The text of `/proc/PID/smaps_rollup`. */
  smapsRollup(): string {
    return this.#use((core) => core.smapsRollup(this.pid));
  }

  /** The line of `/proc/PID/statm`: seven numbers of pages. */
  statm(): string {
    return this.#use((core) => core.statm(this.pid));
  }

  /** The text of `/proc/PID/smaps`. */
  smaps(): string {
    return this.#use((core) => core.smaps(this.pid));
  }

  /** The memory lines of `/proc/PID/status`. */
  status(): string {
    return this.#use((core) => core.status(this.pid));
  }

  /** What `/proc/PID/pagemap` says of pages, from the one that holds the address: 64 bits for each, bit 63 present, the frame's number below bit 55. */
  pagemap(addr: AddressLike, pages: number): BigUint64Array {
    const at = check.word('pagemap', 'addr', addr);
    const count = check.integer('pagemap', 'pages', pages, 0, MOST_PAGES);
    return this.#use((core) => core.pagemap(this.pid, high(at), low(at), count));
  }

  /** The page walk of an address; `null` for a process that has ended. */
  walk(addr: AddressLike): Walk | null {
    const at = check.word('walk', 'addr', addr);
    return this.#use((core) => (core.walk(this.pid, high(at), low(at)) ?? null) as Walk | null);
  }
}
