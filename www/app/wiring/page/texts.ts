/** Texts that come to the page: examples, the reader's own, files, what is pasted and what is typed. */
import type { TextKind } from '../../../lib/index.ts';
import { EXAMPLES } from '../../examples.ts';
import type { Incoming } from '../../incoming.ts';
import type { Kept } from '../../keep.ts';
import { KIND_NAMES } from '../../kinds.ts';
import { asLines } from '../../model/lines.ts';
import { words } from '../../texts/page.ts';
import { CannotDo } from '../../worker/client.ts';
import { hasWideLine, longestLine } from '../../worker/width.ts';
import type { Around } from './around.ts';
import type { Comparing } from './comparing.ts';
import type { Own } from './own.ts';
import type { Panels } from './panels.ts';
import type { Time } from './time.ts';
import type { Versions } from './versions.ts';

/** Parts that another text is the end of something for. */
export interface TextParts {
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
  /** The step of a moment that was marked in it. */
  readonly marked?: number | null | undefined;
  readonly tree?: unknown;
  readonly id?: string | undefined;
}

/** A text that is shown. */
interface Shown {
  /** How to get back the one before. */
  readonly brings: string;
  /** Says something of it: nothing any more, once another one is there. */
  readonly say: Around['say'];
  readonly isStill: () => boolean;
}

/** A text from outside that was taken. */
type Taken = Pick<Shown, 'brings' | 'say'>;

/** Of a text in whose place a newer one is shown. */
const OVERTAKEN: Shown = { brings: '', say: () => undefined, isStill: () => false };

/** Letters of a text that name it. */
const MOST_NAME = 50;

export class Texts {
  readonly #around: Around;
  readonly #parts: TextParts;
  /** Of texts that are made ready only the newest is shown. */
  #turn = 0;

  constructor(around: Around, parts: TextParts) {
    this.#around = around;
    this.#parts = parts;
  }

  /** The page has just begun. */
  get isNothingOpen(): boolean {
    return this.#parts.versions.id === '';
  }

  async openFirst(): Promise<void> {
    await this.openExample(EXAMPLES[0]!.id);
  }

  /** An example; where it was kept, as it stood. Null if there is none of that name. */
  async openExample(id: string, how: { readonly position?: number; readonly marked?: number | null; readonly id?: string } = {}): Promise<Shown | null> {
    const { say } = this.#around;
    const example = EXAMPLES.find((candidate) => candidate.id === id);
    if (!example) {
      say(words.noExample(id));
      if (this.isNothingOpen) await this.openFirst();
      return null;
    }
    const text = await example.load();
    const position = how.position || (example.isLog && how.id === undefined ? 'before the end' : 0);
    return this.#show(text, { ...how, exampleId: example.id, position });
  }

  /** The kept text of one's own. */
  async openOwn(kept: Kept | null = this.#parts.own.keep.own()): Promise<void> {
    if (kept) await this.#show(kept.text, { ...kept, kind: kept.kind as TextKind | null });
  }

  /** A script in which nothing stands yet. */
  async fresh(): Promise<void> {
    await this.#show('', {});
    this.#parts.own.save();
  }

  /** A text in place of the one that is there, which is kept. */
  open(text: string, how: Pick<How, 'position' | 'kind'> = {}): Promise<Shown> {
    return this.#show(text, how);
  }

  /** A text from outside: all of it is run, and shown where its memory is still there. Null if it was not taken. */
  async take({ text: given, maps = '', origin = '', later = '' }: Pick<Incoming, 'text'> & Partial<Incoming>): Promise<Taken | null> {
    if (this.isTooWide(given)) return null;
    const { model } = this.#around;
    const first = maps.trim() === '' ? '' : `@log yes\n${(await model.ask<string>({ of: 'firstMaps', text: maps })) ?? ''}\n`;
    const { brings, say, isStill } = await this.#show(first + asLines(given), { origin, position: 'before the end' });
    if (origin) say([origin, brings].filter(Boolean).join(' '));
    this.#parts.own.save();
    if (later && isStill()) await this.#parts.comparing.diff(model.text, later);
    return { brings, say };
  }

  async takeFiles(files: readonly { readonly name: string; readonly bytes: Uint8Array }[]): Promise<void> {
    const { model, say } = this.#around;
    try {
      const incoming = await model.gather(files);
      const taken = incoming && (await this.take(incoming));
      // What is said last takes the place of what was said: how to get the text before back is said again.
      taken?.say([words.takenAs(KIND_NAMES[model.kind], model.errors.length === 0), incoming!.origin, taken.brings || words.undoBringsIt].filter(Boolean).join(' '));
    } catch (error) {
      if (!(error instanceof CannotDo)) throw error;
      say(error.message);
    }
  }

  /** A dump as calls, which can be stepped through. */
  async build(): Promise<void> {
    const { model } = this.#around;
    const script = await model.ask<string | null>({ of: 'dumpToScript', text: model.text });
    if (script) await this.take({ text: script });
  }

  /** A line that no editor can show is said, not taken. */
  isTooWide(text: string): boolean {
    const isTooWide = hasWideLine(text);
    if (isTooWide) this.#around.say(words.longLine(Math.round(longestLine(text) / (1 << 20))));
    return isTooWide;
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
    this.#around.settleText();
    void this.#around.model.readAs(kind).then(() => this.#parts.panels.settle(true));
  }

  /** What the text that is shown is called. */
  #name(): string {
    const { exampleId, text } = this.#around.model;
    const title = EXAMPLES.find(({ id }) => id === exampleId)?.title ?? text.trim().split('\n', 1)[0]!.replace(/^#\s*/, '').slice(0, MOST_NAME);
    return title === '' ? words.nameless : words.named(title);
  }

  /** What is there is kept, and undo brings it back. That sentence, if it is the reader's own. */
  #leave(exampleId: string): string {
    const { model, settleText } = this.#around;
    const { own, versions } = this.#parts;
    settleText();
    if (versions.id === '') return '';
    own.save();
    const name = this.#name();
    versions.note(words.back.text(name));
    if (model.exampleId === '' && exampleId === '') own.keep.next();
    return model.exampleId === '' && model.text !== '' ? words.undoBrings(name) : '';
  }

  /** Shows another text. Says how to get back the one before, if that was the reader's own. */
  async #show(text: string, how: How): Promise<Shown> {
    const { model, draw, sayOfThis, another, showText, prepareText } = this.#around;
    const { time, own, versions, panels, comparing } = this.#parts;
    const turn = ++this.#turn;
    await prepareText(text);
    if (turn !== this.#turn) return OVERTAKEN;
    const isFirst = this.isNothingOpen;
    const brings = this.#leave(how.exampleId ?? '');
    time.pause();
    own.begin(how.exampleId);
    model.origin = how.origin ?? '';
    panels.isTabChosen = false;
    // What is said before there is any text is of what was to be opened.
    if (!isFirst) another();
    showText(text);
    versions.plant(text, how);
    const [say, { id }] = [sayOfThis(), versions];
    const isStill = () => versions.id === id;
    if (brings) say(brings);
    comparing.clear();
    await this.#go(text, how);
    if (isStill()) panels.settle(true);
    draw();
    return { brings, say, isStill };
  }

  /** Goes to where a text was left, by way of the moment that was marked in it. */
  async #go(text: string, { position = 0, kind = null, marked = null }: How): Promise<void> {
    const { model } = this.#around;
    await model.setText(text, marked ?? position, kind);
    if (marked === null || model.text !== text || model.position !== marked || typeof position !== 'number') return;
    model.mark();
    await model.goTo(position);
  }
}
