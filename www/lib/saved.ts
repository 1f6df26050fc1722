import { DISPOSE } from './disposable.ts';
import { frozen } from './proc.ts';
import type { FileRecord } from './fuse.ts';
import type { Life, State } from './state.ts';

/** What is different in a process since a copy was made. */
export interface ProcessDifference {
  readonly pid: number;
  readonly kind: 'made' | 'ended' | 'changed';
  /** Lines of maps that were and are not any more. */
  readonly gone: readonly string[];
  /** Lines of maps that are new. */
  readonly new: readonly string[];
  /** Pages in a row: present now and not then, the other way round, or with other bytes. Addresses are hexadecimal. */
  readonly pages: readonly { readonly start: string; readonly end: string; readonly kind: 'new' | 'gone' | 'changed' }[];
  /** Runs of pages beyond the first 4,096. */
  readonly more: number;
}

interface Copy {
  readonly handle: number;
  readonly bytes: number;
  isDropped: boolean;
}

const forgotten = typeof FinalizationRegistry === 'undefined' ? null : new FinalizationRegistry<{ state: State; copy: Copy }>(({ state, copy }) => dropped(state, copy));

/** A copy of a machine. Make one with `vm.save()`; `drop()` it, or declare it with `using`. */
export class SavedMachine {
  readonly #state: State;
  readonly #lives: ReadonlyMap<number, Life>;
  readonly #files: ReadonlyMap<bigint, FileRecord>;
  readonly #copy: Copy;

  private constructor(state: State, bytes: number) {
    const handle = state.use((core) => core.save());
    this.#state = state;
    this.#lives = new Map(state.lives);
    this.#files = new Map(state.files?.all);
    const copy: Copy = { handle, bytes, isDropped: false };
    this.#copy = copy;
    state.instance.reserved += bytes;
    state.account.reserved += bytes;
    forgotten?.register(this, { state, copy }, this);
  }

  /** @internal */
  static _of(state: State, bytes: number): SavedMachine {
    return new SavedMachine(state, bytes);
  }

  #require(): void {
    this.#state.require();
    if (this.#copy.isDropped) throw new Error('this saved machine has been dropped');
  }

  /** Makes the machine what it was. Handles of processes made since are dead; those of processes that have ended since live again. */
  restore(): void {
    this.#require();
    const state = this.#state;
    state.selected = -1;
    state.use((core) => core.restore(this.#copy.handle));
    state.generation++;
    state.files?.restore(this.#files);
    for (const life of state.lives.values()) life.undone = true;
    for (const life of this.#lives.values()) life.undone = false;
    state.lives = new Map(this.#lives);
  }

  /** What is different now from the copy, process by process; those that are the same are left out. */
  diff(): readonly ProcessDifference[] {
    this.#require();
    return frozen(this.#state.use((core) => core.difference(this.#copy.handle)) as ProcessDifference[]);
  }

  /** Forgets the copy. */
  drop(): void {
    forgotten?.unregister(this);
    dropped(this.#state, this.#copy);
  }

  /** What `using` calls: {@link drop}. */
  [DISPOSE](): void {
    this.drop();
  }
}

function dropped(state: State, copy: Copy): void {
  if (copy.isDropped) return;
  copy.isDropped = true;
  if (state.freed || state.instance.stopped) return;
  state.core.dropSaved(copy.handle);
  state.instance.reserved -= copy.bytes;
  state.account.reserved -= copy.bytes;
}
