import type { AccessCalls } from './access.ts';
import { answered } from './access.ts';
import { FaultPending, type PageFault, type Refusal } from './errors.ts';
import type { State } from './state.ts';
import type { Access, SignalInfo } from './watching.ts';

const TWO_32 = 2 ** 32;
const scratch = new DataView(new ArrayBuffer(8));

/**
 * Loads and stores for whoever makes very many: addresses are numbers below 2^53 (or two halves, by {@link at}), nothing
 * is checked but by the MMU, no access makes an object, and none throws for a signal. A load is then NaN, a store `false`,
 * and {@link fault} tells why. Handlers of signals are asked; listeners, explanations and watchpoints are not.
 * @example
 * const c = p.cursor();
 * const word = c.load32(addr);
 * if (word !== word) throw c.fault;
 */
export class Cursor {
  readonly #process: AccessCalls<unknown>;
  readonly #state: State;
  readonly #pid: number;
  #failed: SignalInfo | FaultPending | null | undefined;
  /** The upper half of the last {@link load64}. */
  high = 0;

  /** @internal */
  private constructor(process: AccessCalls<unknown>) {
    this.#process = process;
    this.#state = process._state;
    this.#pid = process.pid;
  }

  /** @internal */
  static _of(process: AccessCalls<unknown>): Cursor {
    return new Cursor(process);
  }

  /** The address of two halves of 32 bits, unsigned. Exact below 2^53. */
  at(high: number, low: number): number {
    return high * TWO_32 + low;
  }

  /** What the last access that failed ended in; `null` if none did, or it was answered. */
  get fault(): PageFault | Error | Refusal | null {
    if (this.#failed instanceof FaultPending) return this.#failed;
    return this.#failed === undefined ? null : this.#state.fault(this.#pid, this.#failed, 'cursor');
  }

  #ready(): State {
    const state = this.#state;
    if (state.selected !== this.#pid || this.#process._life.undone || state.instance.stopped !== undefined || state.freed !== undefined) {
      this.#process._enter();
      this.#process._select(state);
      if (state.selected !== this.#pid) throw state.fault(this.#pid, null, 'cursor');
    }
    return state;
  }

  /** Whether the access is to be tried again. */
  #again(access: Access, tries: number): boolean {
    try {
      if (this.#state.files !== null && this.#state.files.mend(this.#process._life)) return true;
    } catch (error) {
      if (!(error instanceof FaultPending)) throw error;
      this.#failed = error;
      return false;
    }
    const signal = this.#process._signal(this.#state, access);
    if (answered(this.#process, signal, tries)) return true;
    this.#failed = signal;
    return false;
  }

  /** A byte, unsigned. */
  load8(addr: number): number {
    for (let tries = 0; ; tries++) {
      let value = NaN;
      try {
        value = this.#ready().core.load8(addr);
      } catch (error) {
        throw this.#state.failed(error);
      }
      if (value === value || !this.#again('read', tries)) return value;
    }
  }

  /** 16 bits, unsigned. */
  load16(addr: number): number {
    for (let tries = 0; ; tries++) {
      let value = NaN;
      try {
        value = this.#ready().core.load16(addr);
      } catch (error) {
        throw this.#state.failed(error);
      }
      if (value === value || !this.#again('read', tries)) return value;
    }
  }

  /** 32 bits, unsigned. */
  load32(addr: number): number {
    for (let tries = 0; ; tries++) {
      let value = NaN;
      try {
        value = this.#ready().core.load32(addr);
      } catch (error) {
        throw this.#state.failed(error);
      }
      if (value === value || !this.#again('read', tries)) return value;
    }
  }

  /** 64 bits: the lower half, unsigned; the upper one is in {@link high} then. */
  load64(addr: number): number {
    for (let tries = 0; ; tries++) {
      let ok = false;
      const state = this.#ready();
      try {
        ok = state.core.load64(addr);
      } catch (error) {
        throw this.#state.failed(error);
      }
      if (ok) {
        if (state.halves.length === 0) state.refresh();
        this.high = state.halves[13]!;
        return state.halves[12]!;
      }
      if (!this.#again('read', tries)) return NaN;
    }
  }

  /** A float of 64 bits. A value that is no number cannot be told from a signal: clear and look at {@link fault}, or use {@link load64}. */
  loadF64(addr: number): number {
    const low = this.load64(addr);
    if (low !== low) return NaN;
    scratch.setUint32(0, low, true);
    scratch.setUint32(4, this.high, true);
    return scratch.getFloat64(0, true);
  }

  /** Forgets the last fault. */
  clear(): void {
    this.#failed = undefined;
  }

  /** Stores the low 8 bits of a number. */
  store8(addr: number, value: number): boolean {
    for (let tries = 0; ; tries++) {
      let ok = false;
      try {
        ok = this.#ready().core.store8(addr, value);
      } catch (error) {
        throw this.#state.failed(error);
      }
      if (ok || !this.#again('write', tries)) return ok;
    }
  }

  /** Stores the low 16 bits of a number. */
  store16(addr: number, value: number): boolean {
    for (let tries = 0; ; tries++) {
      let ok = false;
      try {
        ok = this.#ready().core.store16(addr, value);
      } catch (error) {
        throw this.#state.failed(error);
      }
      if (ok || !this.#again('write', tries)) return ok;
    }
  }

  /** Stores the low 32 bits of a number. */
  store32(addr: number, value: number): boolean {
    for (let tries = 0; ; tries++) {
      let ok = false;
      try {
        ok = this.#ready().core.store32(addr, value);
      } catch (error) {
        throw this.#state.failed(error);
      }
      if (ok || !this.#again('write', tries)) return ok;
    }
  }

  /** Stores 64 bits, given as two halves. */
  store64(addr: number, low: number, high: number): boolean {
    for (let tries = 0; ; tries++) {
      let ok = false;
      const state = this.#ready();
      if (state.halves.length === 0) state.refresh();
      state.halves[0] = low;
      state.halves[1] = high;
      try {
        ok = state.core.store64(addr);
      } catch (error) {
        throw this.#state.failed(error);
      }
      if (ok || !this.#again('write', tries)) return ok;
    }
  }

  /** Whether an instruction may be fetched. */
  fetch(addr: number): boolean {
    for (let tries = 0; ; tries++) {
      let ok = false;
      try {
        ok = this.#ready().core.execute(this.#pid, Math.floor(addr / TWO_32) >>> 0, addr >>> 0);
      } catch (error) {
        throw this.#state.failed(error);
      }
      if (ok || !this.#again('execute', tries)) return ok;
    }
  }
}
