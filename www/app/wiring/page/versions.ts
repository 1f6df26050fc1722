/** Versions of the text: branches, and back and forth in each; and back and forth over all else that was done. */
import type { TextKind } from '../../../lib/index.ts';
import * as branching from '../../model/branches.ts';
import type { Run } from '../../model/model.ts';
import { words } from '../../texts/page.ts';
import type { At } from '../../worker/protocol.ts';
import type { Around } from './around.ts';
import { Journal } from './journal.ts';
import type { Own } from './own.ts';

/** All that is lost when another text is opened. */
interface State {
  readonly id: string;
  readonly tree: branching.Branches;
  readonly exampleId: string;
  readonly origin: string;
  readonly chosen: TextKind | null;
  readonly position: number;
  readonly runs: readonly Run[];
  readonly marked: At | null;
}

export class Versions {
  tree: branching.Branches = branching.plant('', words.trunk);
  /** Of which opening of a text all this is. */
  id = '';
  readonly #journal = new Journal<State>();
  readonly #around: Around;
  readonly #own: Own;
  readonly #settle: () => void;

  /** `settle`: another text is there. */
  constructor(around: Around, own: Own, settle: () => void) {
    this.#around = around;
    this.#own = own;
    this.#settle = settle;
  }

  /** A text that was opened, with the branches that it is known to have. */
  plant(text: string, kept: { readonly tree?: unknown; readonly id?: string | undefined } = {}): void {
    this.tree = branching.revive(kept.tree, text) ?? branching.plant(text, words.trunk);
    this.id = kept.id ?? Math.random().toString(36).slice(2, 10);
  }

  /** Something that is no edit is about to be done; `tells` is said when it has been undone. */
  note(tells: string): void {
    this.#journal.add(this.#state(), tells);
  }

  /** An edit at a moment that has steps behind it starts a branch there. What an editor's own undo gives is no other edit. */
  edit(text: string, position: number, hasFuture: boolean): void {
    const { tree } = this;
    if (branching.textOf(tree) === text) return;
    for (const [way, other] of [['undo', branching.undo(tree)], ['redo', branching.redo(tree)]] as const) {
      if (other === tree || branching.textOf(other) !== text) continue;
      this.#journal[way](this.#state());
      this.tree = other;
      return;
    }
    this.#journal.edited();
    this.tree = branching.edit(tree, { text, position, hasFuture, name: words.branch(tree.branches.length) });
  }

  go(id: number): void {
    this.#to(branching.go(this.tree, id, this.#around.model.position));
  }

  remove(id: number): void {
    const before = this.tree;
    const tree = branching.remove(before, id);
    if (tree === before) return;
    this.note(words.back.branch);
    if (tree.current === before.current) this.#keep(tree);
    else this.#to(tree);
    this.#around.say(words.branchRemoved);
  }

  rename(id: number, name: string): void {
    const was = branching.branch(this.tree, id).name;
    if (was === name) return;
    this.note(words.back.name(was));
    this.#keep(branching.rename(this.tree, id, name));
  }

  get canUndo(): boolean {
    const { last } = this.#journal;
    return (last !== undefined && last !== 'edit') || branching.canUndo(this.tree);
  }

  get canRedo(): boolean {
    const { lastUndone } = this.#journal;
    return (lastUndone !== undefined && lastUndone !== 'edit') || branching.canRedo(this.tree);
  }

  undo(): void {
    this.#around.settleText();
    const { last } = this.#journal;
    if (!this.canUndo) return;
    this.#journal.undo(this.#state());
    if (last === undefined || last === 'edit') return this.#to(branching.undo(this.tree));
    this.#restore(last.state);
    this.#around.say(last.tells);
  }

  redo(): void {
    this.#around.settleText();
    const { lastUndone } = this.#journal;
    if (!this.canRedo) return;
    this.#journal.redo(this.#state());
    if (lastUndone === undefined || lastUndone === 'edit') return this.#to(branching.redo(this.tree));
    this.#restore(lastUndone.state);
  }

  #state(): State {
    const { exampleId, origin, chosen, position, runs, marked } = this.#around.model;
    return { id: this.id, tree: this.tree, exampleId, origin, chosen, position, runs, marked };
  }

  #restore(state: State): void {
    const { model, draw, another, showText } = this.#around;
    const { id, tree, exampleId, origin, chosen, position, runs, marked } = state;
    const text = branching.textOf(tree);
    const isOther = id !== this.id || text !== model.text || chosen !== model.chosen;
    Object.assign(this, { id, tree });
    this.#own.begin(exampleId);
    model.origin = origin;
    if (!isOther) {
      model.restore(runs, marked);
      this.#own.save();
      return draw();
    }
    another();
    showText(text);
    void model.setText(text, position, chosen).then(() => {
      if (this.id !== id || model.text !== text || !model.opened) return;
      model.restore(runs, marked);
      this.#own.save();
      this.#settle();
      draw();
    });
  }

  /** The same text in a tree that is another one. */
  #keep(tree: branching.Branches): void {
    this.tree = tree;
    this.#own.save();
    this.#around.draw();
  }

  /** Goes to a branch, or back and forth in it. */
  #to(tree: branching.Branches): void {
    if (tree === this.tree) return;
    const { model, another, showText } = this.#around;
    const isOther = tree.current !== this.tree.current;
    this.tree = tree;
    const text = branching.textOf(tree);
    this.#own.begin();
    if (isOther) another();
    showText(text);
    void model.setText(text, isOther ? branching.branch(tree).position : model.position, model.chosen).then(() => this.#own.save());
  }
}
