/**
 * What was done, in its order, so that undo takes back the last of it: edits, which the tree of versions undoes itself, and
 * all else (another text opened, a branch renamed or removed, a run dropped), of which the state before is kept.
 */

interface Act<S> {
  readonly state: S;
  /** What is said when it is undone. */
  readonly tells: string;
}

type Done<S> = Act<S> | 'edit';

/** States that are kept: each has a text. */
const MOST_STATES = 20;

export class Journal<S> {
  #done: readonly Done<S>[] = [];
  #undone: readonly Done<S>[] = [];

  edited(): void {
    this.#done = [...this.#done, 'edit'];
    this.#undone = [];
  }

  /** Something is about to be done; `before` is the state as it is. */
  add(before: S, tells: string): void {
    this.#done = bounded([...this.#done, { state: before, tells }]);
    this.#undone = [];
  }

  get last(): Done<S> | undefined {
    return this.#done.at(-1);
  }

  get lastUndone(): Done<S> | undefined {
    return this.#undone.at(-1);
  }

  /** The last act is undone. `now` is the state that it had led to. */
  undo(now: S): void {
    const { last } = this;
    this.#done = this.#done.slice(0, -1);
    this.#undone = [...this.#undone, last === undefined || last === 'edit' ? 'edit' : { state: now, tells: last.tells }];
  }

  /** The act that was undone last is done again. `now` is the state before it. */
  redo(now: S): void {
    const { lastUndone } = this;
    this.#undone = this.#undone.slice(0, -1);
    this.#done = [...this.#done, lastUndone === undefined || lastUndone === 'edit' ? 'edit' : { state: now, tells: lastUndone.tells }];
  }
}

/** Without what came before the oldest state that is kept. */
function bounded<S>(done: readonly Done<S>[]): readonly Done<S>[] {
  const states = done.flatMap((one, at) => (one === 'edit' ? [] : [at]));
  return states.length <= MOST_STATES ? done : done.slice(states.at(-MOST_STATES)!);
}
