/** Texts that come to the page: examples, the reader's own, files, what is pasted and what is typed. */
import type { TextKind } from '../../../lib/index.ts';
import { EXAMPLES } from '../../examples.ts';
import type { Kept } from '../../keep.ts';
import { KIND_NAMES } from '../../kinds.ts';
import { asLines } from '../../model/lines.ts';
import { words } from '../../texts/page.ts';
import { CannotDo } from '../../worker/client.ts';
import { MOST_LINE, longestLine } from '../../worker/width.ts';
import type { Address } from './address.ts';
import type { Around } from './around.ts';
import type { Comparing } from './comparing.ts';
import type { Own } from './own.ts';
import type { Panels } from './panels.ts';
import type { Time } from './time.ts';
import type { Versions } from './versions.ts';

/** Parts that another text is the end of something for. */
export interface TextParts {
  readonly address: Address;
  readonly own: Own;
  readonly versions: Versions;
  readonly time: Time;
  readonly panels: Panels;
  readonly comparing: Comparing;
}

/** Where a text comes from, and how it is shown. */
interface How {
  readonly exampleId?: string;
  readonly origin?: string;
  readonly position?: number | 'before the end';
  readonly kind?: TextKind | null;
}

export class Texts {
  readonly #around: Around;
  readonly #parts: TextParts;

  constructor(around: Around, parts: TextParts) {
    this.#around = around;
    this.#parts = parts;
  }

  async openFirst(): Promise<void> {
    await this.openExample(EXAMPLES[0]!.id);
  }

  async openExample(id: string, position = 0): Promise<void> {
    const { model, say } = this.#around;
    const example = EXAMPLES.find((candidate) => candidate.id === id);
    if (!example) {
      say(words.noExample(id));
      if (model.text === '') await this.openFirst();
      return;
    }
    this.#parts.own.save();
    const text = await example.load();
    await this.#show(text, { exampleId: example.id, position: example.isLog && position === 0 ? 'before the end' : position });
  }

  /** The kept text of one's own. */
  async openOwn(kept: Pick<Kept, 'text' | 'position' | 'kind'> | null = this.#parts.own.keep.own()): Promise<void> {
    if (kept) await this.#show(kept.text, { position: kept.position, kind: kept.kind as TextKind | null });
  }

  async fresh(text: string = words.newScript): Promise<void> {
    await this.open(text);
  }

  /** A text in place of the one that is there, which is kept. */
  async open(text: string, how: Pick<How, 'position' | 'kind'> = {}): Promise<void> {
    this.#parts.own.save();
    await this.#show(text, how);
  }

  /** A text from outside: all of it is run, and shown where its memory is still there. */
  async take(given: string, maps = '', origin = ''): Promise<boolean> {
    if (this.isTooWide(given)) return false;
    const { model, say } = this.#around;
    const first = maps.trim() === '' ? '' : `@log yes\n${(await model.ask<string>({ of: 'firstMaps', text: maps })) ?? ''}\n`;
    this.#parts.own.save();
    await this.#show(first + asLines(given), { origin, position: 'before the end' });
    if (origin) say(origin);
    this.#parts.own.save();
    return true;
  }

  async takeFiles(files: readonly { readonly name: string; readonly bytes: Uint8Array }[]): Promise<void> {
    const { model, say } = this.#around;
    try {
      const incoming = await model.gather(files);
      if (incoming && await this.take(incoming.text, incoming.maps, incoming.origin)) say([words.takenAs(KIND_NAMES[model.kind], model.errors.length === 0), incoming.origin].filter(Boolean).join(' '));
    } catch (error) {
      if (!(error instanceof CannotDo)) throw error;
      say(error.message);
    }
  }

  /** A dump as calls, which can be stepped through. */
  async build(): Promise<void> {
    const { model } = this.#around;
    const script = await model.ask<string | null>({ of: 'dumpToScript', text: model.text });
    if (script) await this.take(script);
  }

  /** A line that no editor can show is said, not taken. */
  isTooWide(text: string): boolean {
    const longest = longestLine(text);
    if (longest > MOST_LINE) this.#around.say(words.longLine(Math.round(longest / (1 << 20))));
    return longest > MOST_LINE;
  }

  /** The text in the editor is another one than what is known. */
  edited(): void {
    this.#around.model.edited();
  }

  /** The text was edited, and is read. */
  async changed(text: string): Promise<void> {
    const { model, draw } = this.#around;
    if (text === model.text && model.isFresh) return;
    const { time, own, versions, panels } = this.#parts;
    time.pause();
    own.begin();
    versions.edit(text, model.position, model.position > 0 && model.position < model.history.length);
    await model.edit(text);
    panels.settle(false);
    own.save();
    draw();
  }

  /** Reads the same text as another kind. */
  readAs(kind: TextKind): void {
    void this.#around.model.readAs(kind).then(() => this.#parts.panels.settle(true));
  }

  async #show(text: string, how: How): Promise<void> {
    const { model, draw, showText } = this.#around;
    const { time, address, versions, panels, comparing } = this.#parts;
    time.pause();
    address.forget();
    model.exampleId = how.exampleId ?? '';
    model.origin = how.origin ?? '';
    panels.isTabChosen = false;
    showText(text);
    await model.setText(text, how.position ?? 0, how.kind ?? null);
    versions.plant(text);
    comparing.clear();
    panels.settle(true);
    draw();
  }
}
