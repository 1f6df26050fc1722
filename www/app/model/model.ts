/**
 * What the page knows: a text, what the worker says of it, where time stands, what is selected. Folds answers into one
 * state and says when it changed; draws nothing and knows no DOM.
 */
import type { ScriptErrorPlace, TextKind } from '../../lib/index.ts';
import type { At, Find, Place, Tried, Want } from '../worker/protocol.ts';
import { followed, samePlace } from './frame.ts';
import { Knowledge } from './knowledge.ts';
import { KnownAreas } from './known.ts';
import type { LaneSight } from './sight.ts';
import { lastOfMemory } from './tracks.ts';
import { READING_STOPPED, reasonOf } from './verdict.ts';
import { words } from '../texts/page.ts';

export type { Crash, Doing, Event, Run } from './knowledge.ts';

export class Model extends Knowledge {
  readonly #areas = new KnownAreas();
  /** The text that the guess is of. */
  #guessed = '';
  #texts = 0;
  #opening = 0;
  #ways = 0;
  /** The way under way, and where it leads. */
  #heading: { readonly way: number; readonly to: number } | null = null;
  #looks = 0;
  /** What stands behind the verdict is there. */
  #remarked: Promise<void> = Promise.resolve();
  /** Where the session stood before the text could not be read. */
  #stood = 0;

  /** Where it will be: steps that are asked for quickly one after the other add up. */
  get heading(): number {
    return this.#heading?.way === this.#ways ? this.#heading.to : this.position;
  }

  /** The text is being changed: what is known is of another one. */
  edited(): void {
    if (!this.isFresh) return;
    this.isFresh = false;
    this.#ways++;
    this.doing = null;
    this.changed('state');
  }

  /** Takes what was edited, and stays where it is as far as that is possible. */
  edit(text: string): Promise<void> {
    return this.#read(text, this.opened ? this.position : this.#stood, this.chosen);
  }

  /** Reads the same text as another kind. That it is what it looks like is no choice, if that is known of this text already. */
  readAs(kind: TextKind): Promise<void> {
    const isGuess = kind === this.guess && this.#guessed === this.text;
    return this.setText(this.text, kind === 'script' ? 0 : 'before the end', isGuess ? null : kind);
  }

  /**
   * Takes a text and goes to `position`: nothing of the one before is shown beside it.
   * `'before the end'`: all of it is run, then shown where the program's memory was still there.
   */
  setText(text: string, position: number | 'before the end' = 0, kind: TextKind | null = null): Promise<void> {
    this.#close();
    this.errors = [];
    return this.#read(text, position, kind);
  }

  /** A text is being read, or has not come to rest where it is shown. */
  get isOpening(): boolean {
    return this.#opening > 0;
  }

  async #read(...which: Parameters<Model['setText']>): Promise<void> {
    this.#opening++;
    try {
      await this.#open(...which);
    } finally {
      this.#opening--;
      this.changed('state');
    }
  }

  /** Reads a text. Of one that cannot be read only its errors stay. */
  async #open(text: string, position: number | 'before the end' = 0, kind: TextKind | null = null): Promise<void> {
    const turn = ++this.#texts;
    this.#ways++;
    this.text = text;
    this.chosen = kind;
    this.doing = null;
    this.isFresh = false;
    this.changed('state');
    const answer = await this.unlessCrashed(this.client.open(text, kind));
    if (turn !== this.#texts || !answer) return;
    this.#close();
    this.isFresh = true;
    this.crash = null;
    this.doing = null;
    if ('errors' in answer) {
      if (kind === null) this.#guess(text, answer.as);
      this.errors = answer.errors;
      this.changed('state');
      return;
    }
    this.opened = answer;
    this.#guess(text, answer.guess);
    this.errors = [];
    if (position !== 'before the end') return this.goTo(position);
    if (await this.#wayTo(this.length, turn)) await this.#beforeTheEnd(turn);
  }

  #guess(text: string, kind: TextKind): void {
    this.guess = kind;
    this.#guessed = text;
    if (this.chosen === kind) this.chosen = null;
  }

  /** Goes there; whether it arrived, and nobody went elsewhere meanwhile. */
  async #wayTo(position: number, turn: number): Promise<boolean> {
    const way = this.#ways + 1;
    await this.goTo(position);
    return way === this.#ways && turn === this.#texts && this.at !== null && this.errors.length === 0;
  }

  /** Back to where a process still lived: from where all have ended. */
  goBeforeTheEnd(): Promise<void> {
    return this.#beforeTheEnd(this.#texts);
  }

  async #beforeTheEnd(turn: number): Promise<void> {
    const end = this.position;
    // Of a moment before the end less is known: what stands behind the verdict is asked for here.
    await this.#remarked;
    if (turn !== this.#texts || this.position !== end) return;
    for (let back = 1; back <= Math.min(MOST_BACK, end) && this.isOver; back++) {
      if (!(await this.#wayTo(end - back, turn))) return;
    }
    // A log ends with what is no memory any more: files are closed, and what was recorded is compared.
    const last = this.isOver ? end : this.opened?.isLog ? lastOfMemory(this.history.tracks, this.position) : null;
    if (last !== null && last !== this.position) await this.goTo(last);
  }

  /** Nothing of the text before is left. */
  #close(): void {
    if (this.opened) this.#stood = this.position;
    this.opened = this.at = this.verdict = this.selection = this.hover = this.marked = null;
    this.verdictAt = 0;
    this.pinned = null;
    this.results.take(null);
    this.behind.clear();
    this.runs = [];
    this.pssCount.clear();
    this.history.cut(0);
    this.heat.clear();
    this.sight.clear();
    this.#areas.clear();
  }

  /** Goes to a position, forwards or back. A newer way overrides an older one. */
  async goTo(position: number): Promise<void> {
    if (!this.canRun) return;
    const way = ++this.#ways;
    const to = Math.min(Math.max(0, position), this.length);
    this.#heading = { way, to };
    const at = await this.unlessCrashed(this.client.go(to, this.#look()));
    if (way === this.#ways) this.#heading = null;
    if (way === this.#ways && at) this.#arrived(at);
  }

  /** Goes to the next step, or the one before, for which something holds. Whether there is one. */
  async find(what: Find, back: boolean): Promise<boolean> {
    if (!this.canRun) return false;
    const found = await this.ask<number | null>({ of: 'find', what, from: this.position, back, place: this.selection });
    if (found === null) return false;
    const { selection } = this;
    await this.goTo(found);
    // Who looks for what happened to a page goes on looking at it.
    if (selection && what.startsWith('change of')) this.select(selection);
    return true;
  }

  /** Stops a long way where it is, or the reading of a long text. */
  cancel(): void {
    if (!this.client.stopReading()) return this.client.cancel();
    this.#close();
    this.doing = null;
    this.isFresh = true;
    this.errors = [READING_STOPPED];
    this.changed('state');
  }

  #arrived(at: At): void {
    this.doing = null;
    this.#take(at);
    this.errors = at.stopped ? [at.stopped] : [];
    const touched = at.touched;
    // A frame that is pinned is looked at whatever is touched.
    if (touched) this.selection = { ...touched, pfn: this.pinned };
    if (at.verdict && at.position >= this.verdictAt) {
      this.verdict = at.verdict;
      this.verdictAt = at.position;
    }
    this.changed('state');
    // What the step touched is looked at as what is selected.
    if (touched && !samePlace(at.selected?.place ?? null, this.selection)) void this.lookAgain();
    this.#remarked = this.behind.see(this.verdict, this.verdictAt, this.history.tracks);
  }

  #take(at: At): void {
    this.at = this.#areas.take(at);
    this.results.take(at);
    this.heats = null;
    this.heat.goTo(at.position, this.history.tracks);
  }

  /** Looks again at the same position: something else is in sight. */
  async lookAgain(): Promise<void> {
    if (!this.opened || !this.at || this.crash) return;
    const look = ++this.#looks;
    const way = this.#ways;
    const at = await this.unlessCrashed(this.client.look(this.#look()));
    if (!at || look !== this.#looks || way !== this.#ways || at.position !== this.at?.position) return;
    this.#take(at);
    this.changed('state');
  }

  #look() {
    return this.sight.look(this.at?.processes ?? [], this.#areas.all, this.selection);
  }

  /** What the views draw of processes. */
  seeLanes(lanes: readonly LaneSight[]): void {
    if (this.sight.setLanes(lanes)) void this.lookAgain();
  }

  /** Which steps' results stand in sight. */
  seeReports(from: number, to: number): void {
    if (this.sight.setReports(from, to) && this.at && !this.crash) void this.results.look(from, to);
  }

  /** What a view shows besides; none when it is closed. */
  see(view: string, wants: readonly Want[]): void {
    if (this.sight.setWants(view, wants)) void this.lookAgain();
  }

  select(place: Place | null): void {
    const own = place && followed(this.at, place);
    // Another frame takes the place of the one that is pinned; a page does not.
    if (own && own.pfn !== null) this.pinned = null;
    const chosen = own && { ...own, pfn: own.pfn ?? this.pinned };
    if (samePlace(chosen, this.selection)) return;
    this.selection = chosen;
    this.changed('state');
    void this.lookAgain();
  }

  /** Keeps a frame selected, whatever becomes of pages; null: the frame of the selected page again. */
  pin(pfn: number | null): void {
    this.pinned = pfn;
    if (this.selection) this.select({ ...this.selection, pfn: null });
  }

  point(place: Place | null): void {
    if (samePlace(place, this.hover)) return;
    this.hover = place;
    this.changed('hover');
  }

  /** Puts a statement behind the last one run, and runs it. The text with it, or a sentence why not. */
  async typed(line: string): Promise<{ readonly text: string } | { readonly why: string; readonly mistake?: ScriptErrorPlace }> {
    if (!this.canRun) return { why: this.errors.length > 0 ? words.cannotType.mistake : words.cannotType.reading };
    const tried = await this.ask<Tried>({ of: 'try', line });
    if (!tried) return { why: words.cannotType.stopped };
    if (tried.why !== null) return tried.mistake ? { why: tried.why, mistake: tried.mistake } : { why: tried.why };
    const before = { text: this.text, position: this.position, chosen: this.chosen };
    await this.#read(tried.text, tried.position, this.opened?.dump ? null : this.chosen);
    const [error] = this.errors;
    if (!error) return { text: tried.text };
    // It reads well but cannot be run here (a name that nothing bound): the text is as it was.
    await this.#read(before.text, before.position, before.chosen);
    return { why: reasonOf(error) };
  }

  /** After a crash: the same text, at the last position that was drawn. */
  async recover(): Promise<void> {
    const { crash } = this;
    if (!crash) return;
    this.crash = null;
    // It may have stopped before any text was there: the one that is being opened then comes by itself.
    const text = this.text === '' ? crash.text : this.text;
    if (text === '') return this.changed('state');
    await this.setText(text, Math.max(0, Math.min(this.position, crash.position)), this.chosen);
  }
}

/** Steps behind the end of all processes. */
const MOST_BACK = 64;
