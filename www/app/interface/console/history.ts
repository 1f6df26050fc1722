/** Lines that were typed before, as a shell has them, of each text its own: kept for the session, the one being typed is not lost. */
import { type Store, openStore } from '../../keep.ts';

const KEY = 'pagefault.console';
const MOST = 200;

export class LineHistory {
  #lines: string[];
  /** Where one is; the number of lines is the one being typed. */
  #at: number;
  #draft = '';
  readonly #store: Store | null;
  readonly #of: string;

  /** `of`: the text that the lines were typed beside. */
  constructor(of: string, store = openStore('sessionStorage')) {
    this.#store = store;
    this.#of = of;
    this.#lines = [];
    try {
      const kept = JSON.parse(store?.getItem(KEY) ?? '{}') as { of?: unknown; lines?: unknown };
      if (kept.of === of && Array.isArray(kept.lines)) this.#lines = kept.lines.filter((line) => typeof line === 'string').slice(-MOST);
    } catch {
      // A history that cannot be read is none.
    }
    this.#at = this.#lines.length;
  }

  /** A line was run. */
  add(line: string): void {
    if (this.#lines.at(-1) !== line) this.#lines = [...this.#lines, line].slice(-MOST);
    this.#at = this.#lines.length;
    this.#draft = '';
    this.keep();
  }

  /** These are the lines that a reload brings back. Before a text is there, those that are kept belong to the one that comes. */
  keep(): void {
    if (this.#of === '') return;
    try {
      this.#store?.setItem(KEY, JSON.stringify({ of: this.#of, lines: this.#lines }));
    } catch {
      // It is there until the page is left.
    }
  }

  /** The line before; null at the first. `typed` is what stands there now. */
  back(typed: string): string | null {
    if (this.#at === 0) return null;
    if (this.#at === this.#lines.length) this.#draft = typed;
    return this.#lines[--this.#at]!;
  }

  /** The line after; what was being typed comes last. */
  forward(): string | null {
    if (this.#at >= this.#lines.length) return null;
    return this.#lines[++this.#at] ?? this.#draft;
  }
}
