/** @internal What a machine's handles share: the core, the words that cross, who watches. */
import { high, low } from './address.ts';
import { outOfRange, wrongType } from './check.ts';
import { type Instance, isTrap } from './core.ts';
import { MachineStopped, PageFault, ProcessGone, Refusal, SyscallError, type Walk } from './errors.ts';
import type { Files } from './fuse.ts';
import type { Access, HandlerMap, SignalInfo, Watch, Watchpoint } from './watching.ts';
import type { WasmMachine } from './wasm/slim.js';

/** What is known of a process apart from the core: all handles of it share it. */
export interface Life {
  readonly pid: number;
  /** It was made after a state that was gone back to. */
  undone: boolean;
  handlers: HandlerMap | null;
  watchpoints: Watchpoint[] | null;
}

const TWO_32 = 2 ** 32;
const MOST = (1n << 64n) - 1n;
const LEAST = -(1n << 63n);

/** What is to be given back when a machine goes. */
export interface Account {
  readonly core: WasmMachine;
  readonly instance: Instance;
  /** Bytes that are reserved for it and its copies in its instance. */
  reserved: number;
}

/** A machine as its handles see it. */
export class State {
  readonly core: WasmMachine;
  readonly instance: Instance;
  readonly account: Account;
  readonly budget: number;
  /** Tells the garbage collector what dropping this is worth: it knows nothing of our memory. Nobody touches it, so it costs addresses only. */
  ballast: ArrayBuffer | null = new ArrayBuffer(4 << 20);
  /** Set when it was freed. */
  freed: MachineStopped | undefined;
  /** The words: six arguments and a result. */
  words!: BigUint64Array;
  halves!: Uint32Array;
  doubles!: Float64Array;
  /** The process that loads and stores are for; −1 if the core has to be told again. */
  selected = -1;
  /** Refusals are thrown as plain objects, to be caught by `p.try`. */
  trying = 0;
  watch: Watch | null = null;
  /** Files written in JavaScript. Absent if there have been none: then a call costs one comparison more. */
  files: Files | null = null;
  /** Times that the machine was put back. */
  generation = 0;
  /** Output and error of the last call, if listeners have been told of it. */
  kept: { readonly output: Uint8Array; readonly error: readonly [code: string, errno: number, why: string] | null } | null = null;
  lives = new Map<number, Life>();

  constructor(account: Account, budget: number) {
    this.account = account;
    this.core = account.core;
    this.instance = account.instance;
    this.budget = budget;
    this.refresh();
  }

  /** A memory that has grown has other views. */
  refresh(): void {
    const { buffer } = this.instance.memory;
    const at = this.core.words();
    this.words = new BigUint64Array(buffer, at, 7);
    this.halves = new Uint32Array(buffer, at, 14);
    this.doubles = new Float64Array(buffer, at, 7);
  }

  /** Throws if nothing can be done any more. */
  require(): void {
    const stopped = this.freed ?? this.instance.stopped;
    if (stopped) throw stopped;
  }

  /** What is to be thrown for an error that came out of the core. */
  failed(error: unknown): unknown {
    return isTrap(error) ? this.instance.trapped(error) : error;
  }

  /** The core does something that is in no hurry. */
  use<R>(body: (core: WasmMachine) => R): R {
    this.require();
    let result: R;
    try {
      result = body(this.core);
    } catch (error) {
      throw this.failed(error);
    }
    this.files?.drain();
    return result;
  }

  /** The buffer that bytes cross in, at least so long. */
  bytes(length: number): Uint8Array {
    const at = this.core.buffer(length);
    return new Uint8Array(this.instance.memory.buffer, at, length);
  }

  /** Puts a checked word where the core looks for arguments; makes nothing. */
  put(at: number, call: string, argument: string, value: unknown): void {
    if (typeof value === 'number') {
      if (!Number.isSafeInteger(value)) throw outOfRange(call, argument, value, 'a safe integer, or a bigint such as 0x7fff_0000_0000n,');
      this.number(at, value);
    } else if (typeof value === 'bigint') {
      if (value > MOST || value < LEAST) throw outOfRange(call, argument, value, 'a number of 64 bits');
      // The array takes the low 64 bits, as registers do.
      this.words[at] = value;
    } else throw wrongType(call, argument, value, 'a bigint or a safe integer');
  }

  /** A safe integer, as 64 bits in two's complement. */
  number(at: number, value: number): void {
    this.halves[2 * at] = value >>> 0;
    this.halves[2 * at + 1] = Math.floor(value / TWO_32) >>> 0;
  }

  /** The result of the last call. */
  result(): bigint {
    if (this.words.length === 0) this.refresh();
    return this.words[6]!;
  }

  /** What the last call wrote where its answer goes. */
  answer(): Uint8Array {
    const { kept } = this;
    this.kept = null;
    return kept ? kept.output : this.use((core) => this.bytes(core.takeOutput()).slice());
  }

  /** The result, where it is a small number. */
  small(): number {
    if (this.halves.length === 0) this.refresh();
    return this.halves[12]!;
  }

  /** What is thrown for a refused call. */
  refusal(call: string): SyscallError | Refusal {
    const { core } = this;
    const [code, errno, why] = this.kept?.error ?? [core.errnoName(), core.errno(), core.why()];
    this.kept = null;
    const caused = this.files?.cause();
    return this.trying > 0 ? new Refusal(call, code, errno, why, caused) : new SyscallError(call, code, errno, why, caused);
  }

  /** The last signal. */
  signal(pid: number, access: Access): SignalInfo | null {
    const last = this.core.lastSignal() as { signal: string; code: string; high: number; low: number } | null | undefined;
    if (!last || last.signal === 'SIGKILL') return null;
    return { pid, signal: last.signal as SignalInfo['signal'], code: last.code, address: (BigInt(last.high) << 32n) | BigInt(last.low >>> 0), access };
  }

  /** What is thrown for an access that ended in a signal; `null` is a process that has ended. */
  fault(pid: number, signal: SignalInfo | null, call: string): Error | Refusal {
    if (!signal) return new ProcessGone(pid, 'has ended');
    const { code, address, access } = signal;
    const caused = this.files?.cause();
    if (this.trying > 0) return new Refusal(call, signal.signal, 0, `${code} at 0x${address.toString(16)}`, caused);
    const walk = (this.core.walk(pid, high(address), low(address)) ?? null) as Walk | null;
    return new PageFault(signal.signal, code, address, access, walk, caused);
  }
}
