import { type AddressLike, high, low } from './address.ts';
import { AccessCalls } from './access.ts';
import * as check from './check.ts';
import { Cursor } from './cursor.ts';
import { FaultPending, Refusal, type Walk } from './errors.ts';
import { requireSame } from './fuse.ts';
import { type MapsArea, type ProcList, type SmapsArea, mapsOf, printing, smapsOf } from './proc.ts';
import type { ProcessBrief, ProcessView, Snapshot, VmaView } from './snapshot.ts';
import type { Life, State } from './state.ts';
import { type AbortLike, type EventOf, type EventType, type MachineEvent, eventsOf, watchWith } from './watching.ts';

/** One answer about pages speaks of at most so many. */
const MOST_PAGES = 1 << 20;
const EVENT_TYPES: readonly EventType[] = ['call', 'fault', 'signal'];

/** Counters of a process. */
export interface ProcessStats {
  /** Resident pages. */
  readonly rss: number;
  readonly minorFaults: number;
  readonly majorFaults: number;
  readonly areas: number;
  /** Fields of `/proc/PID/status`, in KiB (which the kernel writes as kB), such as `VmPeak`. */
  readonly kB: Readonly<Record<string, number>>;
}

/** Methods that `p.try` has: all that may throw a refusal. */
type Tried<F> = F extends (...args: infer A) => infer R ? (...args: A) => R | Refusal : never;
/** The methods of a process; a refusal is returned and not thrown, which costs less. */
export type Try = { readonly [K in Exclude<keyof Process, 'try' | 'async' | 'pid' | 'alive' | 'pkru'>]: Tried<Process[K]> };
/** The same as promises: what has to wait for a file written in JavaScript waits. */
type Waiting<F> = F extends (...args: infer A) => infer R ? (...args: A) => Promise<R> : never;
/** The methods of a process, each as a promise that waits. */
export type Async = { readonly [K in keyof Try]: Waiting<Process[K]> };

/** @internal */
export function requireTypes(call: string, types: readonly EventType[]): readonly EventType[] {
  for (const type of types) if (!EVENT_TYPES.includes(type)) throw check.outOfRange(call, 'type', type, `one of ${EVENT_TYPES.join(', ')}`);
  return types;
}

/**
 * A process of a machine. Addresses are bigints; safe integers are accepted. An argument that cannot be meant is a
 * `TypeError` or `RangeError` that names it; a handle whose process was undone by a restore throws {@link ProcessGone}.
 * Get one from `vm.spawn()` or `p.fork()`.
 */
export class Process extends AccessCalls<Process> {
  #try: Try | undefined;
  #async: Async | undefined;
  /** @internal */
  readonly _adopt: (pid: number, parent: Life) => Process;

  private constructor(state: State, life: Life, adopt: (pid: number, parent: Life) => Process) {
    super(state, life);
    this._adopt = adopt;
  }

  /** @internal */
  static _of(state: State, life: Life, adopt: (pid: number, parent: Life) => Process): Process {
    return new Process(state, life, adopt);
  }

  /** @internal */
  protected override _made_(pid: number): Process {
    return this._adopt(pid, this._life);
  }

  /**
   * The same methods, but a refusal or a signal is returned as a {@link Refusal} and not thrown.
   * @example
   * const a = p.try.mmap({ length: 4096, offset: 0x201 });
   * if (isRefusal(a)) console.log(a.code, a.why);
   */
  get try(): Try {
    return (this.#try ??= trying(this));
  }

  /**
   * The same methods as promises: where a method throws {@link FaultPending}, it is made again when the answer has come.
   * @throws {@link ProcessGone} if the machine was put back to a saved state meanwhile, {@link MachineStopped} if it was freed
   * @example const bytes = await p.async.load(a, 4096);
   */
  get async(): Async {
    return (this.#async ??= waiting(this));
  }

  /** Whether it has not ended, nor been undone by a restore. */
  get alive(): boolean {
    return this._state.use((core) => !this._life.undone && core.isAlive(this.pid));
  }

  /** Loads and stores for whoever makes very many: see {@link Cursor}. */
  cursor(): Cursor {
    this._enter();
    return Cursor._of(this);
  }

  /** Tells of the process's calls, page faults or signals, each after it has happened. Returns a function that ends it. */
  on<T extends EventType>(type: T, listener: (event: EventOf<T>) => void): () => void {
    requireTypes('on', [type]);
    check.callable('on', 'listener', listener);
    this._enter();
    return watchWith(this._state, 'listeners', { pid: this.pid, type, listener: listener as (event: never) => void });
  }

  /**
   * What happens to the process from now on, one after another; of all types unless some are given.
   * @example for await (const event of p.events({ types: ['fault'], signal })) console.log(event.address);
   */
  events<T extends EventType = EventType>(options: { readonly types?: readonly T[]; readonly signal?: AbortLike } = {}): AsyncIterableIterator<EventOf<T>> {
    const { types, signal } = check.options<{ types?: readonly T[]; signal?: AbortLike }>('events', options, ['types', 'signal']);
    this._enter();
    return eventsOf(this._state, this.pid, requireTypes('events', types ?? EVENT_TYPES), signal) as AsyncIterableIterator<MachineEvent> as AsyncIterableIterator<EventOf<T>>;
  }

  #text(body: (core: State['core']) => string): string {
    this._enter();
    return this._state.use(body);
  }

  /** `/proc/PID/maps`: the areas as data, and as a text (`String(p.maps())`) what the kernel prints. */
  maps(): ProcList<MapsArea> {
    return mapsOf(this.#text((core) => core.maps(this.pid)));
  }

  /** `/proc/PID/smaps`: the areas with their counters as data, and as a text what the kernel prints. */
  smaps(): ProcList<SmapsArea> {
    return smapsOf(this.#text((core) => core.smaps(this.pid)));
  }

  /** The text of `/proc/PID/smaps_rollup`. */
  smapsRollup(): string {
    return this.#text((core) => core.smapsRollup(this.pid));
  }

  /** The line of `/proc/PID/statm`: seven numbers of pages. */
  statm(): string {
    return this.#text((core) => core.statm(this.pid));
  }

  /** The memory lines of `/proc/PID/status`. */
  status(): string {
    return this.#text((core) => core.status(this.pid));
  }

  /** What `/proc/PID/pagemap` says of pages, from the one that holds the address: 64 bits for each, bit 63 present, the frame's number below bit 55. */
  pagemap(addr: AddressLike, pages: number): BigUint64Array {
    const at = check.word('pagemap', 'addr', addr);
    const count = check.integer('pagemap', 'pages', pages, 0, MOST_PAGES);
    this._enter();
    return this._state.use((core) => core.pagemap(this.pid, high(at), low(at), count));
  }

  /** The page walk of an address, level by level; `null` for a process that has ended. */
  walk(addr: AddressLike): Walk | null {
    const at = check.word('walk', 'addr', addr);
    this._enter();
    const walk = this._state.use((core) => (core.walk(this.pid, high(at), low(at)) ?? null) as Walk | null);
    return walk && printing(walk, () => walk.levels.map((level) => `${level.name}[${level.index}] ${level.entry} ${level.letters} ${level.note}`.trimEnd()).join('\n'));
  }

  /** The areas with what `maps` hides: operations, families of private pages, present pages. */
  vmas(): ProcList<VmaView> {
    this._enter();
    const { processes } = this._state.use((core) => core.snapshot() as Snapshot);
    const vmas = [...(processes.find((each: ProcessView) => each.pid === this.pid)?.vmas ?? [])];
    return printing(vmas, () => vmas.map((vma) => vma.maps).join('\n'));
  }

  /** Counters: resident pages, faults, the fields of `status`. */
  stats(): ProcessStats {
    this._enter();
    return this._state.use((core) => {
      const brief = (core.processes() as ProcessBrief[]).find((each) => each.pid === this.pid);
      const text = core.status(this.pid);
      const kB: Record<string, number> = {};
      for (const [, name, value] of text.matchAll(/^(\w+):\s+(\d+) kB$/gm)) kB[name!] = Number(value);
      const areas = core.maps(this.pid).split('\n').filter((line) => line !== '').length;
      return printing({ rss: brief?.rss ?? 0, minorFaults: brief?.minFlt ?? 0, majorFaults: brief?.majFlt ?? 0, areas, kB }, text);
    });
  }
}

/** A method of a process. */
type Method = (this: Process, ...args: unknown[]) => unknown;

/** A process's methods, each changed when it is first asked for. */
function changed<T>(process: Process, change: (body: Method) => (...args: unknown[]) => unknown): T {
  const methods = new Map<string, (...args: unknown[]) => unknown>();
  return new Proxy({}, {
    get(_, name: string) {
      const known = methods.get(name);
      if (known) return known;
      const body = (process as unknown as Record<string, unknown>)[name];
      if (typeof body !== 'function') return undefined;
      const method = change(body as Method);
      methods.set(name, method);
      return method;
    },
  }) as T;
}

/** A process's methods in which a refusal is caught. */
function trying(process: Process): Try {
  const state = process._state;
  return changed(process, (body) => (...args) => {
    state.trying++;
    try {
      return body.apply(process, args);
    } catch (error) {
      if (error instanceof Refusal) return error;
      throw error;
    } finally {
      state.trying--;
    }
  });
}

/** A process's methods that wait. */
function waiting(process: Process): Async {
  const state = process._state;
  return changed(process, (body) => async (...args) => {
    const { generation } = state;
    for (;;) {
      try {
        return body.apply(process, args);
      } catch (error) {
        if (!(error instanceof FaultPending)) throw error;
        await error.ready;
        state.require();
        requireSame(state, process.pid, generation);
      }
    }
  });
}
