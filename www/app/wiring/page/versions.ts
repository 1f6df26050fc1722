/** Versions of the text: branches, and back and forth in each. */
import * as branching from '../../model/branches.ts';
import { words } from '../../texts/page.ts';
import type { Around } from './around.ts';
import type { Own } from './own.ts';

export class Versions {
  tree: branching.Branches = branching.plant('', words.trunk);
  /** All of them as they were before the last one was removed, until something else is done. */
  #before: branching.Branches | null = null;
  readonly #around: Around;
  readonly #own: Own;

  constructor(around: Around, own: Own) {
    this.#around = around;
    this.#own = own;
  }

  /** A text without a past. */
  plant(text: string): void {
    this.#before = null;
    this.tree = branching.plant(text, words.trunk);
  }

  /** An edit at a moment that has steps behind it starts a branch there. */
  edit(text: string, position: number, hasFuture: boolean): void {
    this.#before = null;
    this.tree = branching.edit(this.tree, { text, position, hasFuture, name: words.branch(this.tree.branches.length) });
  }

  go(id: number): void {
    this.#to(branching.go(this.tree, id, this.#around.model.position));
  }

  remove(id: number): void {
    const before = this.tree;
    const tree = branching.remove(before, id);
    if (tree.current === before.current) this.tree = tree;
    else this.#to(tree);
    this.#before = before;
    this.#around.say(words.branchRemoved);
    this.#around.draw();
  }

  rename(id: number, name: string): void {
    this.tree = branching.rename(this.tree, id, name);
    this.#around.draw();
  }

  get canUndo(): boolean {
    return this.#before !== null || branching.canUndo(this.tree);
  }

  get canRedo(): boolean {
    return branching.canRedo(this.tree);
  }

  undo(): void {
    const before = this.#before;
    if (!before) return this.#to(branching.undo(this.tree));
    this.#to(before);
    this.#around.draw();
  }

  redo(): void {
    this.#to(branching.redo(this.tree));
  }

  /** Goes to a branch, or back and forth in it. */
  #to(tree: branching.Branches): void {
    this.#before = null;
    if (tree === this.tree) return;
    const { model, showText } = this.#around;
    const isOther = tree.current !== this.tree.current;
    this.tree = tree;
    const text = branching.textOf(tree);
    this.#own.begin();
    showText(text);
    void model.setText(text, isOther ? branching.branch(tree).position : model.position, model.chosen).then(() => this.#own.save());
  }
}
