/** Lines of a text, found from the one that was asked for last: steps are near each other, and a long text is never cut into all of its lines. */
export class LineFinder {
  readonly #text: string;
  #line = 1;
  /** Where that line begins. */
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** A line, from 1; empty if there is none. */
  of(line: number): string {
    const text = this.#text;
    if (line < this.#line / 2) [this.#line, this.#at] = [1, 0];
    while (this.#line > line && this.#line > 1) this.#back();
    while (this.#line < line) {
      const end = text.indexOf('\n', this.#at);
      if (end < 0) return '';
      [this.#line, this.#at] = [this.#line + 1, end + 1];
    }
    if (line < 1) return '';
    const end = text.indexOf('\n', this.#at);
    return text.slice(this.#at, end < 0 ? undefined : end).replace(/\r$/, '');
  }

  #back(): void {
    // The line before ends with the character before this one.
    this.#at = this.#at < 2 ? 0 : this.#text.lastIndexOf('\n', this.#at - 2) + 1;
    this.#line--;
  }
}
