/** The reader's own text, and where this tab stood: what is kept for the next time. */
import { Keep, type Place } from '../../keep.ts';
import { words } from '../../texts/page.ts';
import type { Address } from './address.ts';
import type { Around } from './around.ts';

/** What of a text is no part of it: its branches, and of which opening it is. */
export interface Beside {
  readonly tree: { readonly versions: readonly unknown[]; readonly branches: readonly { readonly name: string }[] };
  readonly id: string;
}

export class Own {
  readonly keep = new Keep();
  readonly #around: Around;
  readonly #address: Address;
  readonly #beside: () => Beside;

  constructor(around: Around, address: Address, beside: () => Beside) {
    this.#around = around;
    this.#address = address;
    this.#beside = beside;
  }

  /** The text becomes another one than the example or the link that it came from; what was kept before it stays. */
  begin(exampleId = ''): void {
    const { model } = this.#around;
    if (model.exampleId !== '' && exampleId === '') this.keep.next();
    model.exampleId = exampleId;
    this.#address.forget();
  }

  save(): void {
    const { model, say } = this.#around;
    // Nothing has been opened yet.
    if (this.#beside().id === '') return;
    this.keep.stay(this.#place());
    if (model.exampleId !== '') return;
    const outcome = this.#write(model.text);
    if (outcome === 'full' || outcome === 'long') say(words.notKept[outcome]);
  }

  /** The page is left: what is in the editor may be newer than what is known. */
  leave(text: string): void {
    if (text === this.#around.model.text) this.save();
    else {
      this.begin();
      this.keep.stay(this.#place());
      this.#write(text);
    }
  }

  #place(): Place {
    const { exampleId, position, marked } = this.#around.model;
    return { example: exampleId, position, marked: marked?.position ?? null, id: this.#beside().id };
  }

  #write(text: string): ReturnType<Keep['write']> {
    const { position, chosen, marked, text: known } = this.#around.model;
    const { tree, id } = this.#beside();
    const hasBranches = tree.versions.length > 1 || tree.branches.some(({ name }) => name !== words.trunk);
    return this.keep.write({ text, position, kind: chosen, marked: marked?.position ?? null, id, tree: hasBranches && text === known ? tree : null });
  }
}
