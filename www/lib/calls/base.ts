import { outOfRange } from '../check.ts';
import * as check from '../check.ts';
import { SYS, type SyscallName } from '../constants.ts';
import { ProcessGone } from '../errors.ts';
import type { Life, State } from '../state.ts';

/** Descriptors, counts and the like. */
export const MOST_INT = 0x7fff_ffff;
/** Longer than any path or name of the kernel. */
const MOST_TEXT = 1 << 16;
const encoder = new TextEncoder();
const NOTHING = new Uint8Array(0);

/** A process as the kernel sees it: somebody who makes calls. */
export abstract class Caller {
  /** Its number. */
  readonly pid: number;
  /** @internal */
  readonly _state: State;
  /** @internal */
  readonly _life: Life;

  /** @internal */
  protected constructor(state: State, life: Life) {
    this._state = state;
    this._life = life;
    this.pid = life.pid;
  }

  /** @internal Throws if nothing can be done; the six words are 0 then. */
  _enter(): State {
    const state = this._state;
    if (state.freed !== undefined || state.instance.stopped !== undefined) state.require();
    if (this._life.undone) throw new ProcessGone(this.pid, 'was made after the state that the machine was put back to');
    if (state.words.length === 0) state.refresh();
    state.kept = null;
    const { words } = state;
    words[0] = 0n;
    words[1] = 0n;
    words[2] = 0n;
    words[3] = 0n;
    words[4] = 0n;
    words[5] = 0n;
    return state;
  }

  /** @internal Makes the call whose words have been put. Throws {@link SyscallError}, or a refusal for `try`. */
  _call(state: State, name: SyscallName): void {
    if (!this._made(state, name, SYS[name])) throw state.refusal(name);
  }

  /** @internal */
  _made(state: State, name: string, number: number): boolean {
    state.selected = -1;
    state.watch?.before(state, this.pid);
    let ok = false;
    try {
      do ok = state.core.syscall(this.pid, number);
      while (state.files !== null && state.files.again(this._life, name, ok));
      if (state.files?.isRefused) ok = false;
    } catch (error) {
      throw state.failed(error);
    }
    state.watch?.called(state, this.pid, name, number, ok);
    return ok;
  }

  /** @internal The same with bytes where pointers stand: at a place, at a second place, and a place for the answer (6 is none). */
  _given(state: State, name: SyscallName, at: number, bytes: Uint8Array, secondAt = 6, second: Uint8Array = NOTHING, answerAt = 6): void {
    const { pid } = this;
    state.selected = -1;
    state.watch?.before(state, pid);
    let ok = false;
    try {
      do {
        const room = state.bytes(bytes.length + second.length);
        room.set(bytes);
        room.set(second, bytes.length);
        ok = state.core.syscallGiven(pid, SYS[name], at, bytes.length, secondAt, second.length, answerAt);
      } while (state.files !== null && state.files.again(this._life, name, ok));
      if (state.files?.isRefused) ok = false;
    } catch (error) {
      throw state.failed(error);
    }
    state.watch?.called(state, pid, name, SYS[name], ok);
    if (!ok) throw state.refusal(name);
  }

  /** @internal What the last call wrote where its answer goes. */
  _answer(state: State): Uint8Array {
    return state.answer();
  }

  /** @internal A text as the kernel reads it. */
  _text(call: string, argument: string, value: unknown): Uint8Array {
    // What is longer than any name may be is too long in any case.
    return encoder.encode(check.text(call, argument, value).slice(0, MOST_TEXT));
  }

  /** @internal A descriptor. */
  _fd(state: State, at: number, call: string, fd: unknown, argument = 'fd', least = 0): void {
    if (typeof fd === 'number' && fd >= least && fd <= MOST_INT && Number.isInteger(fd)) state.number(at, fd);
    else state.number(at, check.integer(call, argument, fd, least, MOST_INT));
  }

  /** @internal A size: a number, a bigint or a text such as `'16KiB'`. */
  _size(state: State, at: number, call: string, argument: string, value: unknown): void {
    if (typeof value === 'number' && value >= 0 && Number.isSafeInteger(value)) state.number(at, value);
    else state.words[at] = check.size(call, argument, value);
  }

  /** @internal Bits of names, or a number of 32 bits. */
  _flags(state: State, at: number, call: string, value: unknown, bits: Readonly<Record<string, number>>, prefix: string, argument = 'flags'): void {
    state.number(at, check.flags(call, argument, value, bits, prefix));
  }

  /**
   * Makes a system call by number; the value of RAX as a signed number: negative is an errno. Never throws for a
   * refusal. Arguments that are not given are 0; pointers point into the process's memory.
   * @example
   * p.syscall(SYS.getpid);                                   // 1n
   * p.syscall(SYS.mmap, 0, 4096, 3, 0x22, -1n, 0x201);       // -22n: EINVAL
   */
  syscall(number: number, ...args: readonly (bigint | number)[]): bigint {
    if (typeof number !== 'number' || !Number.isInteger(number) || number < 0 || number > MOST_INT) check.integer('syscall', 'number', number, 0, MOST_INT);
    if (args.length > 6) throw new TypeError(`syscall: ${args.length} arguments are given: a system call has at most 6`);
    const state = this._enter();
    for (let i = 0; i < args.length; i++) state.put(i, 'syscall', `argument ${i + 1}`, args[i]);
    this._made(state, nameOf(number), Number(number));
    return BigInt.asIntN(64, state.result());
  }
}

let names: Map<number, string> | undefined;

/** The name of a number. */
function nameOf(number: number): string {
  names ??= new Map(Object.entries(SYS).map(([name, value]) => [value, name]));
  return names.get(number) ?? `syscall_${number}`;
}

/** A number given as such or by its name. */
export function named(call: string, argument: string, value: unknown, numbers: Readonly<Record<string, number>>, prefix: string, least = 0, most = 0xffff_ffff): number {
  return typeof value === 'string' ? check.one(call, argument, value, numbers, prefix) : check.integer(call, argument, value, least, most);
}

/** Pieces of memory, as `struct iovec`. */
export interface Piece {
  readonly addr: bigint | number;
  readonly length: bigint | number;
}

/** The bytes of an I/O vector, at most 1,024 pieces. */
export function iovec(call: string, argument: string, pieces: unknown): Uint8Array {
  if (!Array.isArray(pieces)) throw check.wrongType(call, argument, pieces, 'an array of { addr, length }');
  if (pieces.length > 4096) throw outOfRange(call, argument, `${pieces.length} pieces`, 'at most 4096 pieces (the kernel takes 1024)');
  const words = new BigUint64Array(2 * pieces.length);
  for (const [i, piece] of pieces.entries()) {
    const { addr, length } = check.options<Piece>(`${call}, ${argument}[${i}]`, piece, ['addr', 'length']);
    words[2 * i] = check.word(call, `${argument}[${i}].addr`, addr);
    words[2 * i + 1] = check.word(call, `${argument}[${i}].length`, length);
  }
  return new Uint8Array(words.buffer);
}
