/** Who watches a machine: listeners, explanations, watchpoints, handlers of signals. */
import type { ToldByCore } from './facts.ts';
import type { State } from './state.ts';

/** How memory was accessed. */
export type Access = 'read' | 'write' | 'execute';

/** A signal that an access raised. */
export interface SignalInfo {
  readonly pid: number;
  readonly signal: 'SIGSEGV' | 'SIGBUS';
  /** `si_code`, for instance `'SEGV_ACCERR'`. */
  readonly code: string;
  /** `si_addr`. */
  readonly address: bigint;
  readonly access: Access;
}

/**
 * What is done at a signal, before the access fails. If it returns `false` the access fails; otherwise it is tried again.
 * It may call anything.
 */
export type SignalHandler = (signal: SignalInfo) => boolean | void;
/** @internal */
export type HandlerMap = Map<string, SignalHandler>;

/** An access to a watched range. */
export interface WatchHit {
  readonly pid: number;
  readonly address: bigint;
  readonly length: number;
  readonly access: Access;
}

/** @internal A watched range. */
export interface Watchpoint {
  readonly start: bigint;
  readonly end: bigint;
  readonly access: 'r' | 'w' | 'rw';
  readonly listener: (hit: WatchHit) => void;
}

/** A system call that was made. */
export interface CallEvent {
  readonly type: 'call';
  readonly pid: number;
  readonly call: string;
  readonly number: number;
  /** The six registers; a text or bytes that were given are 0 there. */
  readonly args: readonly bigint[];
  /** The value of RAX, signed: negative is an errno. */
  readonly result: bigint;
  readonly errno: string | null;
  readonly why: string | null;
}

/** A page fault that the processor raised. */
export interface FaultEvent {
  readonly type: 'fault';
  readonly pid: number;
  readonly address: bigint;
  /** Bits of the hardware's error code: 1 the page was present, 2 a write, 4 from user mode, 16 a fetch. */
  readonly errorCode: number;
  /** What was being done: a call's name, or `load`, `store`, `execute`. */
  readonly during: string;
}

/** A signal that an access raised, whether a handler answers it or not. */
export interface SignalEvent extends SignalInfo {
  readonly type: 'signal';
}

/** Something that happened. */
export type MachineEvent = CallEvent | FaultEvent | SignalEvent;
/** What may happen. */
export type EventType = MachineEvent['type'];
/** An event of a type. */
export type EventOf<T extends EventType> = Extract<MachineEvent, { type: T }>;

/** @internal */
export interface Listener {
  readonly pid: number | null;
  readonly type: EventType;
  readonly listener: (event: never) => void;
}

/** @internal What steps are explained into. */
export interface Explaining {
  readonly pid: number | null;
  /** Gets what the core says of each step. */
  readonly told: (told: ToldByCore) => void;
}

/** @internal Everybody who watches a machine. Absent if nobody does: then a call costs one comparison more. */
export class Watch {
  readonly listeners: Listener[] = [];
  readonly explaining: Explaining[] = [];
  #args: bigint[] = [];
  #explained = false;

  get isEmpty(): boolean {
    return this.listeners.length === 0 && this.explaining.length === 0;
  }

  wants(type: EventType): boolean {
    return this.listeners.some((each) => each.type === type);
  }

  /** Before a call or an access. */
  before(state: State, pid: number): void {
    this.#args = Array.from(state.words.subarray(0, 6));
    this.#explained = this.explaining.some((each) => each.pid === null || each.pid === pid);
    if (this.#explained) state.core.beginExplaining(pid);
  }

  /** Other calls are made in the middle of one: the function goes back to it. */
  setAside(): () => void {
    const [args, explained] = [this.#args, this.#explained];
    this.#explained = false;
    return () => { [this.#args, this.#explained] = [args, explained]; };
  }

  /** After a call. */
  called(state: State, pid: number, call: string, number: number, ok: boolean): void {
    const result = BigInt.asIntN(64, state.result());
    const [errno, why] = ok ? [null, null] : [state.core.errnoName(), state.core.why()];
    const shown = ok ? (result > 0xffffn ? `0x${result.toString(16)}` : String(result)) : `-1 ${errno}`;
    this.#explain(state, call, shown, ok ? 'ok' : 'error', false);
    const args = this.#args;
    if (this.listeners.length === 0) return;
    // Listeners may make calls: what this one has left is kept for whoever made it.
    const output = state.core.takeOutput();
    const kept = { output: state.bytes(output).slice(), error: ok ? null : ([errno!, state.core.errno(), why!] as const) };
    this.#faults(state, pid, call);
    this.emit({ type: 'call', pid, call, number, args, result, errno, why });
    if (state.words.length === 0) state.refresh();
    state.words[6] = BigInt.asUintN(64, result);
    state.kept = kept;
  }

  /** After an access. */
  accessed(state: State, pid: number, call: string, shown: string, signal: SignalInfo | null): void {
    this.#explain(state, call, signal ? `${signal.signal} ${signal.code} 0x${signal.address.toString(16)}` : shown, signal ? 'signal' : 'ok', true);
    this.#faults(state, pid, call);
    if (signal) this.emit({ type: 'signal', ...signal });
  }

  #explain(state: State, call: string, result: string, ending: string, accessed: boolean): void {
    if (!this.#explained) return;
    this.#explained = false;
    const told = state.core.endExplaining(call, result, ending, accessed) as ToldByCore | null | undefined;
    if (!told) return;
    for (const each of this.explaining) if (each.pid === null || each.pid === told.step.pid) each.told(told);
  }

  #faults(state: State, pid: number, during: string): void {
    if (!this.wants('fault')) return;
    const faults = state.core.takeFaults();
    for (let i = 0; i + 1 < faults.length; i += 2) this.emit({ type: 'fault', pid, address: faults[i]!, errorCode: Number(faults[i + 1]!), during });
  }

  /** Tells whoever listens. They may do anything with the machine: it has finished what it did. */
  emit(event: MachineEvent): void {
    Object.freeze(event);
    for (const { pid, type, listener } of this.listeners.slice()) if (type === event.type && (pid === null || pid === event.pid)) (listener as (event: MachineEvent) => void)(event);
  }
}

/** @internal Starts to watch; the function ends it. */
export function watchWith<K extends 'listeners' | 'explaining'>(state: State, kind: K, entry: Watch[K][number]): () => void {
  state.require();
  const watch = (state.watch ??= new Watch());
  (watch[kind] as unknown[]).push(entry);
  const settle = () => {
    if (!state.freed && !state.instance.stopped) state.core.recordFaults(watch.wants('fault'));
    if (watch.isEmpty && state.watch === watch) state.watch = null;
  };
  settle();
  let isOver = false;
  return () => {
    if (isOver) return;
    isOver = true;
    const list = watch[kind] as unknown[];
    const at = list.indexOf(entry);
    if (at >= 0) list.splice(at, 1);
    settle();
  };
}

/** Events that wait to be taken by an iterator, at most so many: what comes then is lost. */
const MOST_WAITING = 1 << 16;

/** What ends a stream of events: an `AbortSignal`. */
export interface AbortLike {
  readonly aborted: boolean;
  /** Tells when. */
  addEventListener(type: 'abort', listener: () => void): void;
}

/** @internal What happens from now on, one after another, until `signal` aborts or the loop is left. */
export function eventsOf(state: State, pid: number | null, types: readonly EventType[], signal?: AbortLike): AsyncIterableIterator<MachineEvent> {
  let waiting: MachineEvent[] = [];
  let wake: (() => void) | undefined;
  let isOver = false;
  const listener = (event: MachineEvent) => {
    if (waiting.length < MOST_WAITING) waiting.push(event);
    wake?.();
  };
  const ends = types.map((type) => watchWith(state, 'listeners', { pid, type, listener: listener as (event: never) => void }));
  const end = () => {
    isOver = true;
    waiting = [];
    for (const each of ends) each();
    wake?.();
  };
  if (signal?.aborted) end();
  else signal?.addEventListener('abort', end);
  return {
    async next() {
      while (!isOver && waiting.length === 0) await new Promise<void>((done) => { wake = done; });
      const value = waiting.shift();
      return value === undefined ? { value, done: true } : { value, done: false };
    },
    async return() {
      end();
      return { value: undefined, done: true };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
