import { type AddressLike, type LengthLike, high, low } from './address.ts';
import * as check from './check.ts';
import { Caller, MOST_INT } from './calls/base.ts';
import { ProcessCalls } from './calls/processes.ts';
import type { Refusal } from './errors.ts';
import type { State } from './state.ts';
import type { Access, SignalHandler, SignalInfo, WatchHit } from './watching.ts';

/** Longer accesses cross in pieces of so many bytes. */
const PIECE = 1 << 20;
/** A handler that answers the same signal so often without mending it is not asked again. */
const MOST_RETRIES = 64;
const MOST_ADDRESS = Number.MAX_SAFE_INTEGER;
/** One double or two halves as bytes: no access makes an object. */
const scratch = new DataView(new ArrayBuffer(8));

/** An address as a double, −1 for one that is not below 2^53. */
function place(call: string, addr: unknown): number {
  if (typeof addr === 'number' && addr >= 0 && Number.isSafeInteger(addr)) return addr;
  const word = check.word(call, 'addr', addr);
  return word <= MOST_ADDRESS ? Number(word) : -1;
}

/** @internal A handler is asked; `true` if the access is to be tried again. */
export function answered(caller: Caller, signal: SignalInfo | null, tries: number): boolean {
  const handler = signal && caller._life.handlers?.get(signal.signal);
  if (!handler || tries >= MOST_RETRIES) return false;
  return handler(signal) !== false && !caller._life.undone;
}

/** @internal Watchpoints are told of an access that worked. */
export function hit(caller: Caller, address: bigint, length: number, access: Access): void {
  const points = caller._life.watchpoints;
  if (!points) return;
  const event: WatchHit = { pid: caller.pid, address, length, access };
  const [start, end] = [address, address + BigInt(length)];
  for (const point of points) if (start < point.end && point.start < end && access !== 'execute' && point.access.includes(access[0]!)) point.listener(event);
}

/**
 * Loads and stores as the program makes them: through the TLB and the page tables, with page faults. All are
 * little-endian; a word's store is all or nothing. Throws {@link PageFault} for a signal that no handler answers; the
 * process lives on.
 */
export abstract class AccessCalls<Self> extends ProcessCalls<Self> {
  /** @internal Loads 1, 2 or 4 bytes; 8 go to the last word. */
  _load(call: string, addr: unknown, size: 1 | 2 | 4 | 8): number {
    const at = place(call, addr);
    const state = this._enter();
    for (let tries = 0; ; tries++) {
      let value = NaN;
      state.watch?.before(state, this.pid);
      try {
        do if (at < 0) value = this.#far(state, addr, size);
        else {
          if (state.selected !== this.pid) this._select(state);
          if (state.selected === this.pid) value = size === 4 ? state.core.load32(at) : size === 1 ? state.core.load8(at) : size === 2 ? state.core.load16(at) : state.core.load64(at) ? 0 : NaN;
        } while (value !== value && state.files !== null && state.files.mend(this._life));
      } catch (error) {
        throw state.failed(error);
      }
      if (value === value && state.watch === null && this._life.watchpoints === null) return value;
      const signal = value === value ? null : this._signal(state, 'read');
      const kept = size === 8 ? state.result() : 0n;
      state.watch?.accessed(state, this.pid, 'load', String(value), signal);
      if (value === value) {
        hit(this, check.word(call, 'addr', addr), size, 'read');
        if (size === 8) {
          if (state.words.length === 0) state.refresh();
          state.words[6] = kept;
        }
        return value;
      }
      if (!answered(this, signal, tries)) throw state.fault(this.pid, signal, call);
    }
  }

  /** @internal Stores 1, 2 or 4 bytes, or the first word. */
  _store(call: string, addr: unknown, value: number, size: 1 | 2 | 4 | 8): void {
    const at = place(call, addr);
    const state = this._state;
    const word = size === 8 ? state.words[0]! : 0n;
    for (let tries = 0; ; tries++) {
      let ok = false;
      state.watch?.before(state, this.pid);
      try {
        do if (at < 0) ok = this.#storeFar(state, addr, value, size);
        else {
          if (state.selected !== this.pid) this._select(state);
          if (state.selected === this.pid) ok = size === 4 ? state.core.store32(at, value) : size === 1 ? state.core.store8(at, value) : size === 2 ? state.core.store16(at, value) : state.core.store64(at);
        } while (!ok && state.files !== null && state.files.mend(this._life));
      } catch (error) {
        throw state.failed(error);
      }
      if (ok && state.watch === null && this._life.watchpoints === null) return;
      const signal = ok ? null : this._signal(state, 'write');
      state.watch?.accessed(state, this.pid, 'store', String(size), signal);
      if (ok) return hit(this, check.word(call, 'addr', addr), size, 'write');
      if (!answered(this, signal, tries)) throw state.fault(this.pid, signal, call);
      // The handler may have made calls, and they have words of their own.
      if (state.words.length === 0) state.refresh();
      state.words[0] = word;
    }
  }

  /** Addresses that no double holds: with five levels of tables, or where all fault. */
  #far(state: State, addr: unknown, size: number): number {
    const at = BigInt.asUintN(64, BigInt(addr as bigint));
    if (!state.core.read(this.pid, high(at), low(at), size)) return NaN;
    const bytes = state.bytes(8).slice(0, size);
    if (state.words.length === 0) state.refresh();
    const word = bytes.reduceRight((all, byte) => (all << 8n) | BigInt(byte), 0n);
    state.words[6] = word;
    return Number(word & 0xffff_ffffn);
  }

  #storeFar(state: State, addr: unknown, value: number, size: number): boolean {
    const at = BigInt.asUintN(64, BigInt(addr as bigint));
    const word = size === 8 ? state.words[0]! : BigInt(value >>> 0);
    const room = state.bytes(8);
    for (let i = 0; i < size; i++) room[i] = Number((word >> BigInt(8 * i)) & 0xffn);
    return state.core.write(this.pid, high(at), low(at), size);
  }

  /** @internal Lets the process run: loads and stores are its. */
  _select(state: State): void {
    state.selected = state.core.select(this.pid) ? this.pid : -1;
  }

  /** @internal The signal of an access that did not work; `null` is a process that has ended. */
  _signal(state: State, access: Access): SignalInfo | null {
    return state.use((core) => (core.isAlive(this.pid) ? state.signal(this.pid, access) : null));
  }

  /** An unsigned byte. */
  loadU8(addr: AddressLike): number { return this._load('loadU8', addr, 1); }
  /** A signed byte. */
  loadI8(addr: AddressLike): number { return (this._load('loadI8', addr, 1) << 24) >> 24; }
  /** 16 bits, unsigned. */
  loadU16(addr: AddressLike): number { return this._load('loadU16', addr, 2); }
  /** 16 bits, signed. */
  loadI16(addr: AddressLike): number { return (this._load('loadI16', addr, 2) << 16) >> 16; }
  /** 32 bits, unsigned. */
  loadU32(addr: AddressLike): number { return this._load('loadU32', addr, 4); }
  /** 32 bits, signed. */
  loadI32(addr: AddressLike): number { return this._load('loadI32', addr, 4) | 0; }
  /** 64 bits, unsigned. */
  loadU64(addr: AddressLike): bigint {
    this._load('loadU64', addr, 8);
    return this._state.result();
  }
  /** 64 bits, signed. */
  loadI64(addr: AddressLike): bigint { return BigInt.asIntN(64, this.loadU64(addr)); }
  /** A float of 32 bits. */
  loadF32(addr: AddressLike): number {
    scratch.setUint32(0, this._load('loadF32', addr, 4), true);
    return scratch.getFloat32(0, true);
  }
  /** A float of 64 bits. */
  loadF64(addr: AddressLike): number {
    this._load('loadF64', addr, 8);
    if (this._state.doubles.length === 0) this._state.refresh();
    return this._state.doubles[6]!;
  }

  /** Stores a byte: −128 to 255. */
  storeU8(addr: AddressLike, value: number): void { this.#small('storeU8', addr, value, 1, -0x80, 0xff); }
  /** Stores 16 bits: −2^15 to 2^16−1. */
  storeU16(addr: AddressLike, value: number): void { this.#small('storeU16', addr, value, 2, -0x8000, 0xffff); }
  /** Stores 32 bits: −2^31 to 2^32−1. */
  storeU32(addr: AddressLike, value: number): void { this.#small('storeU32', addr, value, 4, -0x8000_0000, 0xffff_ffff); }
  /** Stores 64 bits: −2^63 to 2^64−1. */
  storeU64(addr: AddressLike, value: AddressLike): void {
    this._enter().put(0, 'storeU64', 'value', value);
    this._store('storeU64', addr, 0, 8);
  }
  /** Stores a float of 32 bits. */
  storeF32(addr: AddressLike, value: number): void {
    if (typeof value !== 'number') throw check.wrongType('storeF32', 'value', value, 'a number');
    scratch.setFloat32(0, value, true);
    this._enter();
    this._store('storeF32', addr, scratch.getUint32(0, true), 4);
  }
  /** Stores a float of 64 bits. */
  storeF64(addr: AddressLike, value: number): void {
    if (typeof value !== 'number') throw check.wrongType('storeF64', 'value', value, 'a number');
    this._enter().doubles[0] = value;
    this._store('storeF64', addr, 0, 8);
  }

  #small(call: string, addr: unknown, value: unknown, size: 1 | 2 | 4, least: number, most: number): void {
    const word = typeof value === 'number' && value >= least && value <= most && Number.isInteger(value) ? value : check.integer(call, 'value', value, least, most);
    this._enter();
    this._store(call, addr, word >>> 0, size);
  }

  /** @internal Reads bytes into the buffer; at most a piece. */
  _read(call: string, at: bigint, count: number): Uint8Array {
    return this.#piece(call, at, count, 'read', (state, isWatched) => {
      if (!state.core.read(this.pid, high(at), low(at), count)) return null;
      return isWatched ? state.bytes(count).slice() : state.bytes(count);
    });
  }

  /** @internal Writes bytes; at most a piece. */
  _write(call: string, at: bigint, bytes: Uint8Array): void {
    this.#piece(call, at, bytes.length, 'write', (state) => {
      state.bytes(bytes.length).set(bytes);
      return state.core.write(this.pid, high(at), low(at), bytes.length) || null;
    });
  }

  /** One access in the buffer, again for as long as a handler mends what faulted. `attempt` gives null where it faults. */
  #piece<R>(call: string, at: bigint, count: number, access: 'read' | 'write', attempt: (state: State, isWatched: boolean) => R | null): R {
    const state = this._enter();
    for (let tries = 0; ; tries++) {
      let done: R | null;
      state.selected = -1;
      state.watch?.before(state, this.pid);
      const isWatched = state.watch !== null || this._life.watchpoints !== null;
      try {
        do done = attempt(state, isWatched);
        while (done === null && state.files !== null && state.files.mend(this._life));
      } catch (error) {
        throw state.failed(error);
      }
      if (done !== null && !isWatched) return done;
      const signal = done === null ? this._signal(state, access) : null;
      state.watch?.accessed(state, this.pid, access === 'read' ? 'load' : 'store', `${count} bytes`, signal);
      if (done !== null) {
        hit(this, at, count, access);
        return done;
      }
      if (!answered(this, signal, tries)) throw state.fault(this.pid, signal, call);
    }
  }

  /**
   * Reads bytes, at most 2 GiB. The pages are brought in as they are reached, and room for the answer is made when the
   * first could be read.
   * @example new TextDecoder().decode(p.load(a, 5));
   */
  load(addr: AddressLike, length: LengthLike): Uint8Array {
    const at = check.word('load', 'addr', addr);
    const all = check.bytes('load', 'length', length, 0, MOST_INT);
    const piece = (from: number) => this._read('load', BigInt.asUintN(64, at + BigInt(from)), Math.min(PIECE, all - from));
    const first = piece(0).slice();
    if (all <= PIECE) return first;
    const bytes = new Uint8Array(all);
    bytes.set(first);
    for (let from = PIECE; from < all; from += PIECE) bytes.set(piece(from), from);
    return bytes;
  }

  /** Writes bytes, or a text in UTF-8. What lies before a page that faults is written then. */
  store(addr: AddressLike, data: Uint8Array | ArrayBuffer | string): void {
    const at = check.word('store', 'addr', addr);
    const bytes = check.contents('store', 'data', data);
    let from = 0;
    do {
      this._write('store', BigInt.asUintN(64, at + BigInt(from)), bytes.subarray(from, from + PIECE));
      from += PIECE;
    } while (from < bytes.length);
  }

  /** Fetches an instruction: only the permission counts, nothing is run. */
  execute(addr: AddressLike): void {
    const at = check.word('execute', 'addr', addr);
    const state = this._enter();
    for (let tries = 0; ; tries++) {
      state.selected = -1;
      state.watch?.before(state, this.pid);
      let ok = false;
      do ok = state.use((core) => core.execute(this.pid, high(at), low(at)));
      while (!ok && state.files !== null && state.files.mend(this._life));
      const signal = ok ? null : this._signal(state, 'execute');
      state.watch?.accessed(state, this.pid, 'execute', '0', signal);
      if (ok) return;
      if (!answered(this, signal, tries)) throw state.fault(this.pid, signal, 'execute');
    }
  }

  /** A text up to its NUL, in UTF-8; `most` bytes without one are a RangeError. */
  loadCString(addr: AddressLike, most: LengthLike = 4096): string {
    const at = check.word('loadCString', 'addr', addr);
    const limit = check.bytes('loadCString', 'most', most, 0, MOST_INT);
    const bytes: number[] = [];
    for (let from = at; bytes.length < limit;) {
      // Never beyond the page: what follows the NUL need not be mapped.
      const count = Math.min(4096 - Number(from & 4095n), limit - bytes.length);
      for (const byte of this._read('loadCString', BigInt.asUintN(64, from), count)) {
        if (byte === 0) return new TextDecoder().decode(new Uint8Array(bytes));
        bytes.push(byte);
      }
      from += BigInt(count);
    }
    throw new RangeError(`loadCString: no NUL within ${limit} bytes of 0x${at.toString(16)}`);
  }

  /** Stores a text in UTF-8 and its NUL. Returns how many bytes that is. */
  storeCString(addr: AddressLike, text: string): number {
    const bytes = check.contents('storeCString', 'text', `${check.text('storeCString', 'text', text)}\0`);
    this.store(addr, bytes);
    return bytes.length;
  }

  /** Fills a range with a byte. */
  fill(addr: AddressLike, length: LengthLike, byte = 0): void {
    const at = check.word('fill', 'addr', addr);
    const all = check.bytes('fill', 'length', length, 0, MOST_ADDRESS);
    const piece = new Uint8Array(Math.min(PIECE, all)).fill(check.integer('fill', 'byte', byte, 0, 255));
    for (let from = 0; from < all; from += PIECE) this._write('fill', BigInt.asUintN(64, at + BigInt(from)), piece.subarray(0, all - from));
  }

  /** Compares two ranges as memcmp(3): negative, 0 or positive by the first byte that differs. */
  compare(left: AddressLike, right: AddressLike, length: LengthLike): number {
    const [a, b] = [check.word('compare', 'left', left), check.word('compare', 'right', right)];
    const all = check.bytes('compare', 'length', length, 0, MOST_ADDRESS);
    for (let from = 0; from < all; from += PIECE) {
      const count = Math.min(PIECE, all - from);
      const mine = this._read('compare', BigInt.asUintN(64, a + BigInt(from)), count).slice();
      const other = this._read('compare', BigInt.asUintN(64, b + BigInt(from)), count);
      for (let i = 0; i < count; i++) if (mine[i] !== other[i]) return mine[i]! - other[i]!;
    }
    return 0;
  }

  /** Copies a range to another one, which may overlap, as memmove(3). */
  copy(to: AddressLike, from: AddressLike, length: LengthLike): void {
    const [target, source] = [check.word('copy', 'to', to), check.word('copy', 'from', from)];
    const all = check.bytes('copy', 'length', length, 0, MOST_ADDRESS);
    // Bytes that were overwritten cannot be copied again: with files that may have to be waited for, all is there before.
    if (this._enter().files !== null) this.#touch(target, source, all);
    const starts = Array.from({ length: Math.ceil(all / PIECE) }, (_, i) => i * PIECE);
    // Backwards where the target lies behind: else bytes would be overwritten before they are read.
    for (const at of target > source ? starts.reverse() : starts) {
      const bytes = this._read('copy', BigInt.asUintN(64, source + BigInt(at)), Math.min(PIECE, all - at)).slice();
      this._write('copy', BigInt.asUintN(64, target + BigInt(at)), bytes);
    }
  }

  /** Brings the pages of a copy in, so that it need not be begun anew. */
  #touch(target: bigint, source: bigint, all: number): void {
    const pages = (at: bigint) => BigUint64Array.from({ length: all > 0 ? Number(((at + BigInt(all) - 1n) >> 12n) - (at >> 12n)) + 1 : 0 }, (_, i) => (i === 0 ? at : ((at >> 12n) + BigInt(i)) << 12n));
    this.run(pages(source));
    this.run(pages(target), { access: 'write' });
  }

  /**
   * Makes accesses at many addresses, one after another: as fast as the core is, which a call for each is not.
   * Doubles must be whole and below 2^53. Stops at the first signal that no handler answers: `done` accesses were made.
   * @example p.run(new Float64Array([0x400000, 0x400004]), { access: 'execute' });
   */
  run(addresses: Float64Array | BigUint64Array, options: RunOptions = {}): RunResult {
    const isDoubles = addresses instanceof Float64Array;
    if (!isDoubles && !(addresses instanceof BigUint64Array)) throw check.wrongType('run', 'addresses', addresses, 'a Float64Array or a BigUint64Array');
    const { access = 'read', kinds } = check.options<RunOptions>('run', options, ['access', 'kinds']);
    const kind = ['read', 'write', 'execute'].indexOf(access);
    if (kind < 0) throw check.outOfRange('run', 'access', access, "'read', 'write' or 'execute'");
    if (kinds !== undefined && (!(kinds instanceof Uint8Array) || kinds.length !== addresses.length)) throw check.wrongType('run', 'kinds', kinds, `a Uint8Array of ${addresses.length} numbers: 0 read, 1 write, 2 execute`);
    const state = this._enter();
    const SLICE = 1 << 16;
    let tries = 0;
    for (let from = 0; from < addresses.length;) {
      const part = addresses.subarray(from, from + SLICE);
      state.selected = -1;
      const done = state.use((core) => {
        const room = state.bytes(9 * part.length);
        room.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
        if (kinds) room.set(kinds.subarray(from, from + part.length), 8 * part.length);
        return core.run(this.pid, part.length, isDoubles, kinds ? 3 : kind);
      });
      if (done < 0) throw check.outOfRange('run', `addresses[${from - done - 1}]`, addresses[from - done - 1], 'a whole number from 0 to 2^53 − 1');
      from += done;
      if (done === part.length || (state.files !== null && state.files.mend(this._life))) continue;
      const was: Access = kinds ? (['read', 'write'] as const)[kinds[from]!] ?? 'execute' : access;
      const signal = this._signal(state, was);
      tries = done > 0 ? 0 : tries + 1;
      if (!answered(this, signal, tries)) {
        state.trying++;
        try {
          return { done: from, signal, why: (state.fault(this.pid, signal, 'run') as Refusal).why ?? `process ${this.pid} has ended` };
        } finally {
          state.trying--;
        }
      }
    }
    return { done: addresses.length, signal: null, why: null };
  }

  /**
   * What is done at a signal, before an access fails: the access is tried again unless the handler returns `false`.
   * Children inherit it. `null` takes it back.
   * @example p.onSignal('SIGSEGV', ({ address }) => { p.mprotect(address & ~4095n, 4096, 'rw'); });
   */
  onSignal(signal: 'SIGSEGV' | 'SIGBUS', handler: SignalHandler | null): void {
    if (signal !== 'SIGSEGV' && signal !== 'SIGBUS') throw check.outOfRange('onSignal', 'signal', signal, "'SIGSEGV' or 'SIGBUS'");
    if (handler !== null && typeof handler !== 'function') throw check.wrongType('onSignal', 'handler', handler, 'a function or null');
    this._enter();
    const handlers = new Map(this._life.handlers ?? []);
    if (handler) handlers.set(signal, handler);
    else handlers.delete(signal);
    this._life.handlers = handlers.size > 0 ? handlers : null;
  }

  /**
   * Tells of loads and stores of a range that worked, by the methods of this process: `access` is `'r'`, `'w'` (the
   * default) or `'rw'`. The kernel's own copies and `run` do not count. Returns a function that ends it.
   */
  watch(range: { readonly addr: AddressLike; readonly length: LengthLike; readonly access?: 'r' | 'w' | 'rw' }, listener: (hit: WatchHit) => void): () => void {
    const { addr, length, access = 'w' } = check.options<typeof range>('watch', range, ['addr', 'length', 'access']);
    const start = check.word('watch', 'addr', addr);
    const end = start + check.size('watch', 'length', length);
    if (!['r', 'w', 'rw'].includes(access)) throw check.outOfRange('watch', 'access', access, "'r', 'w' or 'rw'");
    check.callable('watch', 'listener', listener);
    this._enter();
    const point = { start, end, access, listener };
    const life = this._life;
    life.watchpoints = [...(life.watchpoints ?? []), point];
    return () => {
      const left = (life.watchpoints ?? []).filter((each) => each !== point);
      life.watchpoints = left.length > 0 ? left : null;
    };
  }
}

/** How a trace is run. */
export interface RunOptions {
  /** Of all accesses; `'read'` by default. */
  readonly access?: Access;
  /** One for each address: 0 read, 1 write, 2 execute. */
  readonly kinds?: Uint8Array;
}

/** How far a trace came. */
export interface RunResult {
  /** Accesses that were made. */
  readonly done: number;
  /** What stopped it; `null` if nothing did. */
  readonly signal: SignalInfo | null;
  readonly why: string | null;
}
