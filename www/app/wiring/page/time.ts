/** Going through the steps: to one of them, by one, to the next of a kind, and by itself. */
import { over } from '../../model/tracks.ts';
import { words } from '../../texts/page.ts';
import type { Find } from '../../worker/protocol.ts';
import type { Around } from './around.ts';

export class Time {
  /** Steps a second; 0 is paused. */
  speed = 0;
  /** The speed chosen for playing. */
  playSpeed = 4;
  readonly #around: Around;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(around: Around) {
    this.#around = around;
  }

  go(position: number): void {
    this.pause();
    void this.#around.model.goTo(position);
  }

  step(by: number): void {
    this.go(this.#around.model.heading + by);
  }

  /** Back to where something could still be seen. */
  beforeTheEnd(): void {
    this.pause();
    void this.#around.model.goBeforeTheEnd();
  }

  /** To the next statement of this process, past what a line repeats and what others do. */
  stepOver(): void {
    const { position, opened, history } = this.#around.model;
    this.go(over(position, opened?.lines ?? new Uint32Array(), history.tracks));
  }

  async find(what: Find, back: boolean): Promise<void> {
    this.pause();
    const { model, sayOfThis } = this.#around;
    const say = sayOfThis();
    const stood = model.position;
    const isFound = await model.find(what, back);
    if (back && what.startsWith('change of')) return this.#tellChange(what, stood, isFound, say);
    if (!isFound) say(words.noneFound(what, back));
  }

  /** Where nothing was changed before, this step may have done it; where nothing was written, or not lately, the entry alone may have changed. */
  async #tellChange(what: Find, stood: number, isFound: boolean, say: Around['say']): Promise<void> {
    const { model } = this.#around;
    const isThis = !isFound && stood > 0 && (await model.lastChange(what, stood - 1, stood)) !== null;
    const entry = what === 'change of the page' && !isThis ? await model.lastChange('change of its entry', isFound ? model.position : 0, stood) : null;
    if (isThis) say(words.thisStep(what));
    else if (!isFound) say(words.noneFound(what, true, entry));
    else if (entry !== null) say(words.onlyEntry(entry));
  }

  play(speed: number): void {
    this.pause();
    this.speed = this.playSpeed = speed;
    void this.#next();
    this.#around.draw();
  }

  async #next(): Promise<void> {
    const { model } = this.#around;
    if (this.speed === 0) return;
    if (model.position >= model.length || model.errors.length > 0) return this.pause();
    await model.goTo(model.position + 1);
    this.#timer = setTimeout(() => void this.#next(), 1000 / this.speed);
  }

  pause(): void {
    clearTimeout(this.#timer);
    if (this.speed === 0) return;
    this.speed = 0;
    this.#around.draw();
  }
}
