/**
 * Machines in a worker, so that long runs do not hold up the page. In the worker, `serve()` with the way in of any entry;
 * on the page, `connect(worker)`: the same machines, processes and scripts, with every method async.
 * @example
 * // worker.js
 * import { createMachine, openScript } from 'pagefault';
 * import { serve } from 'pagefault/worker';
 * serve({ createMachine, openScript });
 * // page.js
 * import { connect } from 'pagefault/worker';
 * const { createMachine } = connect(new Worker(new URL('./worker.js', import.meta.url), { type: 'module' }));
 * const vm = await createMachine({ ram: '64MiB' });
 * const p = await vm.spawn();
 * const a = await p.mmap({ length: 4096 });
 */
import { ImageError, LoadError, Machine, MachineStopped, OutOfMemory, PageFault, Process, ProcessGone, SavedMachine, ScriptError, ScriptSession, SyscallError, type TextKind, type MachineOptions } from './api.ts';

/** A worker, a port, or the inside of a worker. */
export interface Port {
  /** Sends; what is sent is copied. */
  postMessage(message: unknown): void;
  /** On the web. */
  addEventListener?(type: 'message', listener: (event: never) => void): void;
  /** Node's ports and workers. */
  on?(type: 'message', listener: (message: never) => void): unknown;
  /** A port of the web waits for it. */
  start?(): void;
}

/** What of an object can be called from afar: its methods, async; handles stay handles. */
export type Remote<T> = {
  readonly [K in keyof T as T[K] extends (...args: infer A) => unknown ? (A[0] extends (...args: never) => unknown ? never : A[1] extends (...args: never) => unknown ? never : K) : never]:
    T[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<RemoteResult<R>> : never;
} & {
  /** A property, such as `pid` or `alive`. */
  get<K extends keyof T>(name: K): Promise<T[K]>;
};
type RemoteResult<R> = R extends Promise<infer P> ? RemoteResult<P> : R extends Machine | Process | SavedMachine | ScriptSession ? Remote<R> : R;

/** What a worker serves. */
export interface Served {
  createMachine?(options?: MachineOptions): Promise<Machine>;
  openScript?(text: string, options?: { readonly kind?: TextKind }): Promise<ScriptSession>;
  machineFromBytes?(bytes: Uint8Array): Promise<Machine>;
}

/** The ways in, from afar. */
export interface Connection {
  /** As `createMachine`, in the worker. */
  createMachine(options?: MachineOptions): Promise<Remote<Machine>>;
  /** As `openScript`, in the worker. */
  openScript(text: string, options?: { readonly kind?: TextKind }): Promise<Remote<ScriptSession>>;
  /** As `machineFromBytes`, in the worker. */
  machineFromBytes(bytes: Uint8Array): Promise<Remote<Machine>>;
}

interface Call {
  readonly pagefault: 'call';
  readonly id: number;
  /** 0 is the ways in. */
  readonly on: number;
  readonly name: string;
  readonly args: readonly unknown[];
  readonly isProperty: boolean;
}

interface Answer {
  readonly pagefault: 'answer';
  readonly id: number;
  readonly value?: unknown;
  /** The answer is a handle of this number. */
  readonly handle?: number;
  readonly error?: Told;
}

/** An error, as it crosses. */
interface Told {
  readonly name: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

function listen(port: Port, listener: (message: unknown) => void): void {
  if (port.on) port.on('message', listener as (message: never) => void);
  else port.addEventListener?.('message', ((event: { readonly data: unknown }) => listener(event.data)) as (event: never) => void);
  port.start?.();
}

const isMessage = (message: unknown, kind: string): boolean => typeof message === 'object' && message !== null && (message as { pagefault?: unknown }).pagefault === kind;
const CALLABLE = /^[a-z][A-Za-z0-9]*$/;
const ENDS = new Set(['free', 'drop']);

/** Serves machines to whoever connects: call it in the worker. */
export function serve(served: Served, port: Port = globalThis as unknown as Port): void {
  const handles = new Map<number, object>([[0, served]]);
  let made = 0;
  const run = async ({ id, on, name, args, isProperty }: Call): Promise<Answer> => {
    try {
      const target = handles.get(on);
      const member = target && CALLABLE.test(name) && name !== 'constructor' ? (target as Record<string, unknown>)[name] : undefined;
      if (!target || (member === undefined && !isProperty)) throw new TypeError(`${name} cannot be called from afar`);
      // Whoever calls from afar waits anyhow: for files written in JavaScript, too.
      const callee = target instanceof Process && typeof member === 'function' ? (target.async as unknown as Record<string, unknown>)[name] : member;
      const value = isProperty ? member : await (callee as (...args: readonly unknown[]) => unknown).apply(target, args as unknown[]);
      if (ENDS.has(name)) handles.delete(on);
      if (value instanceof Machine || value instanceof Process || value instanceof SavedMachine || value instanceof ScriptSession) {
        handles.set(++made, value);
        return { pagefault: 'answer', id, handle: made };
      }
      return { pagefault: 'answer', id, value };
    } catch (error) {
      const { name, message, ...fields } = (error ?? {}) as Error & Record<string, unknown>;
      return { pagefault: 'answer', id, error: { name: name ?? 'Error', message: message ?? String(error), fields: JSON.parse(JSON.stringify(fields, (_, value) => (typeof value === 'bigint' ? `0x${value.toString(16)}` : value))) as Record<string, unknown> } };
    }
  };
  listen(port, (message) => {
    if (!isMessage(message, 'call')) return;
    void run(message as Call).then((answer) => {
      try {
        port.postMessage(answer);
      } catch (error) {
        port.postMessage({ pagefault: 'answer', id: answer.id, error: { name: 'TypeError', message: `the answer cannot cross: ${String(error)}`, fields: {} } });
      }
    });
  });
}

/** The error that was thrown over there. */
function revived({ name, message, fields }: Told): Error {
  const text = message;
  const { syscall, code, errno, why, signal, address, access, walk, pid, used, budget, errors, problem } = fields as { [K in 'syscall' | 'code' | 'errno' | 'why' | 'signal' | 'address' | 'access' | 'walk' | 'pid' | 'used' | 'budget' | 'errors' | 'problem']: never };
  switch (name) {
    case 'SyscallError': return new SyscallError(syscall, code, errno, why);
    case 'PageFault': return new PageFault(signal, code, BigInt(address), access, walk ?? null);
    case 'MachineStopped': return new MachineStopped(text);
    case 'ProcessGone': return new ProcessGone(pid, text.replace(/^process \d+ /, ''));
    case 'OutOfMemory': return new OutOfMemory(text, used, budget);
    case 'ImageError': return new ImageError(problem, text);
    case 'LoadError': return new LoadError(problem, text);
    case 'ScriptError': return new ScriptError(errors);
    case 'TypeError': return new TypeError(text);
    case 'RangeError': return new RangeError(text);
    default: return new Error(text);
  }
}

/** The machines of a worker: call it on the page. */
export function connect(port: Port): Connection {
  const waiting = new Map<number, { done(value: unknown): void; failed(error: Error): void }>();
  let last = 0;
  const call = (on: number, name: string, args: readonly unknown[], isProperty = false) => new Promise<unknown>((done, failed) => {
    const id = ++last;
    waiting.set(id, { done, failed });
    try {
      port.postMessage({ pagefault: 'call', id, on, name, args, isProperty } satisfies Call);
    } catch (error) {
      waiting.delete(id);
      failed(new TypeError(`${name}: an argument cannot cross to the worker: ${String(error)}`));
    }
  });
  const handle = (on: number): object => new Proxy({}, {
    get: (_, name) => {
      // A handle is no promise, though it is awaited.
      if (typeof name !== 'string' || name === 'then') return undefined;
      if (name === 'get') return (property: string) => call(on, property, [], true);
      return (...args: readonly unknown[]) => call(on, name, args);
    },
  });
  listen(port, (message) => {
    if (!isMessage(message, 'answer')) return;
    const { id, value, handle: number, error } = message as Answer;
    const who = waiting.get(id);
    waiting.delete(id);
    if (error) who?.failed(revived(error));
    else who?.done(number === undefined ? value : handle(number));
  });
  return handle(0) as Connection;
}
