import { type AddressLike, type LengthLike, high, low, toAddress, toLength } from './address.ts';
import { MAP, type MapFlagsLike, O, PROT, type ProtLike, SYS, toMapFlags, toProt } from './constants.ts';
import { MachineStopped, PageFault, SyscallError, type Walk } from './errors.ts';
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
  readonly files?: readonly { path: string; content?: string; size?: number; mode?: number }[];
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

/** A computer with Linux on it. Make one with `createMachine`. */
export class Machine {
  #core: WasmMachine;
  #memory: WebAssembly.Memory;
  #stopped: MachineStopped | undefined;

  /** @internal */
  constructor(exports: InitOutput, options: MachineOptions = {}) {
    this.#memory = exports.memory;
    this.#core = new WasmMachine({
      ram: options.ram === undefined ? undefined : Number(toLength(options.ram)),
      memTotal: options.memTotal === undefined ? undefined : Number(toLength(options.memTotal)),
      maxMapCount: options.maxMapCount,
      overcommit: options.overcommit,
      files: options.files ?? [],
    });
  }

  /** @internal Runs `body` on the core; a trap of WebAssembly stops the machine for good. */
  use<R>(body: (core: WasmMachine) => R): R {
    if (this.#stopped) throw this.#stopped;
    try {
      return body(this.#core);
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) throw (this.#stopped = new MachineStopped(error));
      throw error;
    }
  }

  /** @internal The six arguments and the result of a call, as 64-bit words. */
  words(core: WasmMachine): BigUint64Array {
    return new BigUint64Array(this.#memory.buffer, core.words(), 7);
  }

  /** @internal The buffer that bytes cross in. */
  bytes(core: WasmMachine, length: number): Uint8Array {
    const at = core.buffer(length);
    return new Uint8Array(this.#memory.buffer, at, length);
  }

  /** Starts a process as a fresh `execve` of a small static program leaves it. */
  spawn(options: { name?: string; uid?: number } = {}): Process {
    return new Process(this, this.use((core) => core.spawn(options.name ?? 'program', options.uid ?? 0)));
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

  /** Keeps a copy of the whole machine; `restore` goes back to it, as often as wanted. */
  save(): SavedMachine {
    const handle = this.use((core) => core.save());
    return {
      restore: () => {
        if (!this.use((core) => core.restore(handle))) throw new Error('this saved machine has been dropped');
      },
      drop: () => this.use((core) => core.dropSaved(handle)),
    };
  }

  /** Frees the machine's memory; nothing can be done with it afterwards. */
  free(): void {
    if (!this.#stopped) this.#core.free();
    this.#stopped = new MachineStopped('it was freed');
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

/** A process of a machine. Addresses are bigints; safe integers are accepted. */
export class Process {
  /** @internal */
  constructor(
    private readonly machine: Machine,
    /** Its number. */
    readonly pid: number,
  ) {}

  /** Makes a system call by number; the value of RAX as a signed number: negative is an errno. Never throws for a refusal. */
  syscall(number: number, ...args: readonly AddressLike[]): bigint {
    return this.machine.use((core) => {
      this.machine.words(core).set(Array.from({ length: 6 }, (_, i) => toAddress(args[i] ?? 0, `argument ${i + 1}`)));
      core.syscall(this.pid, number, 6, 0);
      return BigInt.asIntN(64, this.machine.words(core)[6]!);
    });
  }

  #call(name: keyof typeof SYS, args: readonly AddressLike[], text?: { at: number; value: string }): bigint {
    return this.machine.use((core) => {
      this.machine.words(core).set(Array.from({ length: 6 }, (_, i) => toAddress(args[i] ?? 0, `argument ${i + 1}`)));
      let length = 0;
      if (text) {
        const bytes = encoder.encode(text.value);
        this.machine.bytes(core, bytes.length).set(bytes);
        length = bytes.length;
      }
      if (!core.syscall(this.pid, SYS[name], text?.at ?? 6, length)) {
        throw new SyscallError(name, core.errnoName(), core.errno(), core.why());
      }
      return this.machine.words(core)[6]!;
    });
  }

  /** Maps memory: the address. Throws {@link SyscallError}. */
  mmap(options: MmapOptions): bigint {
    const file = options.fd !== undefined;
    const flags = options.flags === undefined ? MAP.PRIVATE | (file ? 0 : MAP.ANONYMOUS) : toMapFlags(options.flags);
    const prot = options.prot === undefined ? PROT.READ | PROT.WRITE : toProt(options.prot);
    return this.#call('mmap', [options.addr ?? 0n, toLength(options.length), prot, flags, BigInt(options.fd ?? -1), options.offset ?? 0n]);
  }

  /** Unmaps a range. */
  munmap(addr: AddressLike, length: LengthLike): void {
    this.#call('munmap', [addr, toLength(length)]);
  }

  /** Changes what may be done with a range. */
  mprotect(addr: AddressLike, length: LengthLike, prot: ProtLike): void {
    this.#call('mprotect', [addr, toLength(length), toProt(prot)]);
  }

  /** Resizes or moves a mapping: its address. `flags` are bits of `MREMAP`. */
  mremap(addr: AddressLike, oldLength: LengthLike, newLength: LengthLike, flags = 0, newAddr: AddressLike = 0): bigint {
    return this.#call('mremap', [addr, toLength(oldLength), toLength(newLength), flags, newAddr]);
  }

  /** Advises about a range. `advice` is one of `MADV`. */
  madvise(addr: AddressLike, length: LengthLike, advice: number): void {
    this.#call('madvise', [addr, toLength(length), advice]);
  }

  /** Moves the break; the break afterwards. Without an address the break as it is. */
  brk(addr: AddressLike = 0): bigint {
    return this.#call('brk', [addr]);
  }

  /** Locks a range. */
  mlock(addr: AddressLike, length: LengthLike): void {
    this.#call('mlock', [addr, toLength(length)]);
  }

  /** Which pages a fault would not have to fetch. */
  mincore(addr: AddressLike, length: LengthLike): boolean[] {
    return this.machine.use((core) => {
      const words = [toAddress(addr), toLength(length), 0n, 0n, 0n, 0n];
      this.machine.words(core).set(words);
      if (!core.syscall(this.pid, SYS.mincore, 2, 0)) throw new SyscallError('mincore', core.errnoName(), core.errno(), core.why());
      const count = core.takeOutput();
      return [...this.machine.bytes(core, count)].map((byte) => (byte & 1) === 1);
    });
  }

  /** Makes a child with a copy of the memory; private pages are shared until somebody writes. */
  fork(): Process {
    return new Process(this.machine, Number(this.#call('fork', [])));
  }

  /** Ends the process. */
  exit(status = 0): void {
    this.#call('exit_group', [status]);
  }

  /** Whether it has not ended. */
  get alive(): boolean {
    return this.machine.use((core) => core.isAlive(this.pid));
  }

  /** Opens a file: a descriptor. `flags` are bits of `O`. */
  open(path: string, flags: number = O.RDONLY, mode = 0o644): number {
    return Number(this.#call('openat', [-100n, 0n, flags, mode], { at: 1, value: path }));
  }

  /** Makes a file in memory: a descriptor. */
  memfd(name: string, flags = 0): number {
    return Number(this.#call('memfd_create', [0n, flags], { at: 0, value: name }));
  }

  /** Sets the size of a file. */
  ftruncate(fd: number, size: LengthLike): void {
    this.#call('ftruncate', [fd, toLength(size)]);
  }

  /** Closes a descriptor. */
  close(fd: number): void {
    this.#call('close', [fd]);
  }

  /** Reads bytes as the program would. Throws {@link PageFault}. */
  load(addr: AddressLike, length: number): Uint8Array {
    const at = toAddress(addr);
    return this.machine.use((core) => {
      if (!core.read(this.pid, high(at), low(at), length)) throw this.#fault(core, 'read');
      return this.machine.bytes(core, length).slice();
    });
  }

  /** Writes bytes, or a text in UTF-8, as the program would. Throws {@link PageFault}. */
  store(addr: AddressLike, data: Uint8Array | string): void {
    const at = toAddress(addr);
    const bytes = typeof data === 'string' ? encoder.encode(data) : data;
    this.machine.use((core) => {
      this.machine.bytes(core, bytes.length).set(bytes);
      if (!core.write(this.pid, high(at), low(at), bytes.length)) throw this.#fault(core, 'write');
    });
  }

  /** Fetches an instruction: only the permission counts. Throws {@link PageFault}. */
  execute(addr: AddressLike): void {
    const at = toAddress(addr);
    this.machine.use((core) => {
      if (!core.execute(this.pid, high(at), low(at))) throw this.#fault(core, 'execute');
    });
  }

  /** 32 bits at an address below 2^53, little-endian. For callers in a hurry. Throws {@link PageFault}. */
  loadU32(addr: number): number {
    return this.machine.use((core) => {
      core.select(this.pid);
      const value = core.load32(addr);
      if (Number.isNaN(value)) throw this.#fault(core, 'read');
      return value;
    });
  }

  /** Stores 32 bits at an address below 2^53, little-endian. Throws {@link PageFault}. */
  storeU32(addr: number, value: number): void {
    this.machine.use((core) => {
      core.select(this.pid);
      if (!core.store32(addr, value >>> 0)) throw this.#fault(core, 'write');
    });
  }

  #fault(core: WasmMachine, access: 'read' | 'write' | 'execute'): Error {
    const last = core.lastSignal() as { signal: string; code: string; high: number; low: number } | null | undefined;
    if (!last || last.signal === 'SIGKILL') return new Error(`process ${this.pid} has ended`);
    const address = (BigInt(last.high) << 32n) | BigInt(last.low >>> 0);
    const walk = (core.walk(this.pid, last.high, last.low) ?? null) as Walk | null;
    return new PageFault(last.signal, last.code, address, access, walk);
  }

  /** The text of `/proc/PID/maps`. */
  maps(): string {
    return this.machine.use((core) => core.maps(this.pid));
  }

  /** The text of `/proc/PID/smaps_rollup`. */
  smapsRollup(): string {
    return this.machine.use((core) => core.smapsRollup(this.pid));
  }

  /** The line of `/proc/PID/statm`: seven numbers of pages. */
  statm(): string {
    return this.machine.use((core) => core.statm(this.pid));
  }

  /** The text of `/proc/PID/smaps`. */
  smaps(): string {
    return this.machine.use((core) => core.smaps(this.pid));
  }

  /** The memory lines of `/proc/PID/status`. */
  status(): string {
    return this.machine.use((core) => core.status(this.pid));
  }

  /** What `/proc/PID/pagemap` says of pages: 64 bits for each, bit 63 present, the frame's number below bit 55. */
  pagemap(addr: AddressLike, pages: number): BigUint64Array {
    const at = toAddress(addr);
    if (!(pages >= 0 && pages <= MOST_PAGES)) throw new RangeError(`${pages} pages: ask for 0 to ${MOST_PAGES} at a time`);
    return this.machine.use((core) => core.pagemap(this.pid, high(at), low(at), pages));
  }

  /** The page walk of an address; `null` for a process that has ended. */
  walk(addr: AddressLike): Walk | null {
    const at = toAddress(addr);
    return this.machine.use((core) => (core.walk(this.pid, high(at), low(at)) ?? null) as Walk | null);
  }
}
