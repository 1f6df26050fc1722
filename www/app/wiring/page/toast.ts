/** A sentence at the bottom, for as long as it takes to read. */

/** In ms: at least, and for each letter. */
const LEAST = 4000;
const A_LETTER = 70;

export class Toast {
  text = '';
  readonly #draw: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Texts that were there before this one. */
  #texts = 0;

  constructor(draw: () => void) {
    this.#draw = draw;
  }

  readonly say = (sentence: string): void => {
    this.#show(sentence);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#show(''), Math.max(LEAST, sentence.length * A_LETTER));
  };

  /** What it asked for has been done, or makes no sense any more. */
  readonly unsay = (sentence: string): void => {
    if (sentence === this.text) this.#show('');
  };

  /** As `say`, but silent once another text is there. */
  readonly ofThis = (): ((sentence: string) => void) => {
    const texts = this.#texts;
    return (sentence) => texts === this.#texts && this.say(sentence);
  };

  readonly another = (): void => {
    this.#texts++;
    clearTimeout(this.#timer);
    if (this.text !== '') this.#show('');
  };

  #show(text: string): void {
    this.text = text;
    this.#draw();
  }
}
