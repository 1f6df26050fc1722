import * as check from './check.ts';
import { type Instance, USUAL_BUDGET, requireBudget, reservation } from './core.ts';
import { DISPOSE } from './disposable.ts';
import { ImageError, MachineStopped } from './errors.ts';
import { MachineFile, type WrittenFile } from './fuse.ts';
import { type ImageHeader, write } from './image.ts';
import { type MachineOptions, type SpawnOptions, machineSettings, spawnSettings } from './options.ts';
import { Process, requireTypes } from './process.ts';
import { type ProcList, frozen, printing } from './proc.ts';
import { SavedMachine } from './saved.ts';
import type { FrameDetail, FrameView, ProcessBrief, Snapshot } from './snapshot.ts';
import { type Account, type Life, State } from './state.ts';
import { type AbortLike, type EventOf, type EventType, type MachineEvent, eventsOf, watchWith } from './watching.ts';

/** Counters of a machine. */
export interface MachineStats {
  readonly totalFrames: number;
  readonly freeFrames: number;
  /** Free blocks of 1, 2, 4 … 1,024 frames. */
  readonly freeBlocks: readonly number[];
  readonly tlbFills: number;
  readonly tlbFlushes: number;
  /** Bytes of the host's memory that hold the RAM. */
  readonly hostBytes: number;
  readonly processes: number;
}

/** A translation that the TLB remembers. */
export interface TlbEntry {
  readonly addr: string;
  readonly access: 'read' | 'write' | 'execute';
}

/** What a machine that nobody holds any more leaves. */
const forgotten = typeof FinalizationRegistry === 'undefined' ? null : new FinalizationRegistry<Account>(release);

/** Gives the memory of a machine back. */
function release(account: Account): void {
  account.instance.reserved -= account.reserved;
  account.reserved = 0;
  account.core.free();
}

/**
 * A computer with Linux on it. Make one with `createMachine`; `free()` it, or declare it with `using`. One that is only
 * dropped is freed when the garbage collector finds it.
 * @example
 * const vm = await createMachine({ ram: '64MiB' });
 * const p = vm.spawn();
 */
export class Machine {
  readonly #state: State;
  readonly #ram: number;
  readonly #adopt = (pid: number, parent: Life | null): Process => {
    const life: Life = { pid, undone: false, handlers: parent?.handlers ?? null, watchpoints: null };
    this.#state.lives.set(pid, life);
    return Process._of(this.#state, life, this.#adopt);
  };

  private constructor(instance: Instance, options: MachineOptions | ImageHeader, budget: number) {
    const image = 'core' in options ? options : null;
    const { text, ram, files } = image ? { text: '', ram: image.ram, files: [] } : machineSettings(options as MachineOptions);
    const core = image ? instance.glue.revive(image.at) : guarded(instance, 'createMachine', () => new instance.glue.WasmMachine(text));
    const account: Account = { core, instance, reserved: reservation(ram) };
    this.#ram = ram;
    const state = new State(account, budget);
    instance.reserved += account.reserved;
    this.#state = state;
    // The finalizer holds what is to be given back, not the machine.
    forgotten?.register(state, account, state);
    try {
      for (const { line, content } of files) {
        state.use((inner) => {
          if (content) state.bytes(content.length).set(content);
          return guarded(instance, 'createMachine', () => inner.addFile(line, content?.length ?? -1));
        });
      }
    } catch (error) {
      this.free();
      throw error;
    }
  }

  /** @internal */
  static _make(instance: Instance, options: MachineOptions | ImageHeader, budget = USUAL_BUDGET): Machine {
    return new Machine(instance, options, budget);
  }

  /** @internal */
  get _state(): State {
    return this.#state;
  }

  /**
   * Starts a process as a fresh `execve` of a small static program leaves it, or with the maps that are given.
   * @throws {@link RangeError} for maps that cannot be, or too little RAM
   */
  spawn(options: SpawnOptions = {}): Process {
    const text = spawnSettings(options);
    const state = this.#state;
    state.selected = -1;
    return this.#adopt(state.use((core) => guarded(state.instance, 'spawn', () => core.spawn(text))), null);
  }

  /**
   * Makes a file written in JavaScript: its own `f_op->mmap` and `vm_ops->fault`, at once or by promises. Processes open it by
   * its path, read and write it, map it; what is not in its page cache is asked of `fault`. Ready-made ones are in
   * `pagefault/backings`. A call or access that has to wait throws {@link FaultPending}; `p.async` waits.
   * @throws {@link RangeError} for a path that is taken
   * @example
   * const file = vm.file({ size: '1GiB', async fault({ offset, signal }) { return ask(offset, signal); } });
   * const a = p.mmap({ length: file.size, fd: p.open(file.path), prot: 'r', flags: 'shared' });
   * const bytes = await p.async.load(a, 16);
   */
  file(options: WrittenFile): MachineFile {
    return MachineFile._make(this.#state, options);
  }

  /** A handle of a living process by its number; `null` if none of that number lives. */
  process(pid: number): Process | null {
    check.integer('process', 'pid', pid, 0, 0xffff_ffff);
    const state = this.#state;
    if (!state.use((core) => core.isAlive(pid))) return null;
    const life = state.lives.get(pid);
    return life && !life.undone ? Process._of(state, life, this.#adopt) : this.#adopt(pid, null);
  }

  /**
   * The whole machine as bytes, compressed, with a sum and the build that wrote them; `machineFromBytes` takes it up
   * again. Only for a machine made with `isolate: true`, since its memory is what is written. Saved copies go along.
   * @example
   * const vm = await createMachine({ isolate: true });
   * const bytes = await vm.toBytes();
   * const again = await machineFromBytes(bytes);
   */
  async toBytes(): Promise<Uint8Array> {
    const state = this.#state;
    state.require();
    if (!state.instance.isOwn) throw new RangeError('toBytes: the machine shares its memory with others: make it with { isolate: true }');
    const files = [...(state.files?.all.values() ?? [])];
    if (files.length > 0) throw new ImageError('files', `toBytes: no bytes hold functions: remove the files that are written in JavaScript: ${files.map((file) => file.path).join(', ')}`);
    const at = (state.core as unknown as { readonly __wbg_ptr: number }).__wbg_ptr;
    return write(state.instance, at, this.#ram, this.processes().filter(({ ended }) => ended === null).map(({ pid }) => pid));
  }

  /** Everything there is to see, as plain data. */
  snapshot(): Snapshot {
    return this.#state.use((core) => core.snapshot() as Snapshot);
  }

  /** Every process in short. */
  processes(): readonly ProcessBrief[] {
    return frozen(this.#state.use((core) => core.processes() as ProcessBrief[]));
  }

  /** The text of `/proc/meminfo`: the simulated RAM by use. */
  meminfo(): string {
    return this.#state.use((core) => core.meminfo());
  }

  /** The line of `/proc/buddyinfo`: free blocks of 1, 2, 4 … 1,024 frames. */
  buddyinfo(): string {
    return this.#state.use((core) => core.buddyinfo());
  }

  /** The text of `/proc/vmstat`: pages in use, and events since the start. */
  vmstat(): string {
    return this.#state.use((core) => core.vmstat());
  }

  /** The kernel's settings, one a line, as a script writes them. */
  settings(): string {
    return this.#state.use((core) => core.settings());
  }

  /** Frames in use, in order of number. */
  frames(): ProcList<FrameView> {
    const frames = [...this.snapshot().frames];
    return printing(frames, () => frames.map((frame) => `${frame.pfn} ${frame.kind} refcount=${frame.refcount} mapcount=${frame.mapcount} ${frame.owner} ${frame.flags.join(',')}`.trimEnd()).join('\n'));
  }

  /** What is known of a frame, with everybody who maps it; `null` if there is none of that number. */
  frame(pfn: number): FrameDetail | null {
    check.integer('frame', 'pfn', pfn, 0, 0xffff_ffff);
    const detail = this.#state.use((core) => core.frame(pfn)) as { frame: FrameView; mappers: FrameDetail['mappers'] } | null | undefined;
    return detail ? frozen({ ...detail.frame, mappers: detail.mappers }) : null;
  }

  /** What the TLB remembers. */
  tlb(): ProcList<TlbEntry> {
    const tlb = [...this.snapshot().tlb];
    return printing(tlb, () => tlb.map((entry) => `${entry.addr} ${entry.access}`).join('\n'));
  }

  /** Counters. */
  stats(): MachineStats {
    const { totalFrames, freeFrames, freeBlocks, tlbCounts, processes } = this.snapshot();
    return frozen({ totalFrames, freeFrames, freeBlocks, tlbFills: tlbCounts[0], tlbFlushes: tlbCounts[1], hostBytes: this.#state.use((core) => core.hostBytes()), processes: processes.length });
  }

  /** Tells of all processes' calls, page faults or signals, each after it has happened. Returns a function that ends it. */
  on<T extends EventType>(type: T, listener: (event: EventOf<T>) => void): () => void {
    requireTypes('on', [type]);
    check.callable('on', 'listener', listener);
    return watchWith(this.#state, 'listeners', { pid: null, type, listener: listener as (event: never) => void });
  }

  /** What happens from now on, one after another; of all types unless some are given. At most 65,536 events wait. */
  events<T extends EventType = EventType>(options: { readonly types?: readonly T[]; readonly signal?: AbortLike } = {}): AsyncIterableIterator<EventOf<T>> {
    const { types, signal } = check.options<{ types?: readonly T[]; signal?: AbortLike }>('events', options, ['types', 'signal']);
    this.#state.require();
    return eventsOf(this.#state, null, requireTypes('events', types ?? ['call', 'fault', 'signal']), signal) as AsyncIterableIterator<MachineEvent> as AsyncIterableIterator<EventOf<T>>;
  }

  /**
   * Keeps a copy of the whole machine; its `restore` goes back to it, as often as wanted. Processes made since are dead then.
   * @throws {@link OutOfMemory} if there is no room for another copy
   */
  save(): SavedMachine {
    const state = this.#state;
    const bytes = reservation(state.use((core) => core.hostBytes()));
    requireBudget(bytes, state.budget, 'save');
    if (!state.instance.hasRoom(bytes)) requireBudget(bytes, 0, 'save');
    return SavedMachine._of(state, bytes);
  }

  /** Whether it can be used: it has not been freed, and the emulator has not failed. */
  get usable(): boolean {
    return !this.#state.freed && !this.#state.instance.stopped;
  }

  /** Frees the machine's memory; nothing can be done with it afterwards. Works after the emulator has failed, too. */
  free(): void {
    const state = this.#state;
    if (state.freed) return;
    state.freed = new MachineStopped('the machine was freed: make a new one');
    state.watch = null;
    state.files?.abandon();
    state.ballast = null;
    forgotten?.unregister(state);
    release(state.account);
  }

  /** What `using` calls: {@link free}. */
  [DISPOSE](): void {
    this.free();
  }
}

/** The core refuses settings in words. */
function guarded<R>(instance: Instance, call: string, body: () => R): R {
  try {
    return body();
  } catch (error) {
    if (typeof error === 'string') throw new RangeError(`${call}: ${error}`);
    throw error instanceof WebAssembly.RuntimeError ? instance.trapped(error) : error;
  }
}
