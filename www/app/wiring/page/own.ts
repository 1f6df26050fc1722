/** The reader's own text: what is no example, and what is kept for the next time. */
import { Keep } from '../../keep.ts';
import { words } from '../../texts/page.ts';
import type { Address } from './address.ts';
import type { Around } from './around.ts';

export class Own {
  readonly keep = new Keep();
  readonly #around: Around;
  readonly #address: Address;

  constructor(around: Around, address: Address) {
    this.#around = around;
    this.#address = address;
  }

  /** The text becomes another one than the example or the link that it came from. */
  begin(): void {
    this.#around.model.exampleId = '';
    this.#address.forget();
  }

  save(): void {
    const { model, say } = this.#around;
    if (model.exampleId !== '' || model.text === '') return;
    const outcome = this.#write(model.text);
    if (outcome === 'full' || outcome === 'long') say(words.notKept[outcome]);
  }

  /** The page is left: what is in the editor may be newer than what is known. */
  leave(text: string): void {
    if (text === this.#around.model.text) this.save();
    else this.#write(text);
  }

  #write(text: string): ReturnType<Keep['write']> {
    const { position, chosen } = this.#around.model;
    return this.keep.write({ text, position, kind: chosen });
  }
}
