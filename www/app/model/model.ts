/**
 * What the page knows: a text, what the worker says of it, where time stands, what is selected. Folds answers into one
 * state and says when it changed; draws nothing and knows no DOM.
 */
import type { LeftOut, ScriptErrorPlace, StepReport, TextKind } from '../../lib/index.ts';
import type { Areas, At, Find, Incoming, Opened, Place, PssOverTime, Question, Ran, Tried, VerdictInfo, Want } from '../worker/protocol.ts';
import { Equal } from './equal.ts';
import { followed, samePlace } from './frame.ts';
import { type Heat, HeatMap } from './heat.ts';
import { CannotDo, type Client, Crashed, type Heard } from '../worker/client.ts';
import { type LaneSight, Sight } from './sight.ts';
import { TrackStore, lastOfMemory } from './tracks.ts';
import { withWindow } from './window.ts';
import { reasonOf } from './verdict.ts';

/** The core stopped: what is known of it, and the text that did it. */
export interface Crash {
  readonly message: string;
  readonly position: number;
  readonly text: string;
}

/** The same text under other settings. */
export interface Run extends Ran {
  readonly title: string;
}

/** How far the worker is. */
export interface Doing {
  readonly doing: 'reading' | 'running';
  readonly done: number;
  readonly of: number;
}

export type Event = 'state' | 'progress' | 'hover';

export class Model {
  text = '';
  exampleId = '';
  /** What the reader should know of where the text came from. */
  origin = '';
  guess: TextKind = 'script';
  /** What the user says it is. */
  chosen: TextKind | null = null;
  opened: Opened | null = null;
  at: At | null = null;
  /** The furthest verdict of this text: stepping back takes nothing of it away. */
  verdict: VerdictInfo | null = null;
  verdictAt = 0;
  remarks: readonly (readonly [step: number, report: StepReport])[] = [];
  /** Memory calls left out: those of a window are there. */
  leftOut: readonly (LeftOut | undefined)[] = [];
  errors: readonly ScriptErrorPlace[] = [];
  /** Whether all of this is about the text as it is now. */
  isFresh = false;
  /** Where a long way leads, or how far a text is read. */
  doing: Doing | null = null;
  selection: Place | null = null;
  hover: Place | null = null;
  /** The frame that stays selected though pages move. */
  pinned: number | null = null;
  crash: Crash | null = null;
  runs: readonly Run[] = [];
  /** Proportional set sizes over the steps, if somebody looked. */
  pss: PssOverTime | null = null;
  /** A moment to compare with. */
  marked: At | null = null;
  readonly history = new TrackStore();
  readonly heat = new HeatMap();
  private heats: ReadonlyMap<number, ReadonlyMap<number, Heat>> | null = null;
  readonly sight = new Sight();
  readonly #client: Client;
  readonly #changed: (event: Event) => void;
  readonly #areas = new Map<number, { version: number; areas: Areas }>();
  #equal: Equal | null = null;
  /** How many steps the Pss is known of, or being counted for. */
  #pssOf = 0;
  #texts = 0;
  #ways = 0;
  /** The way under way, and where it leads. */
  #heading: { readonly way: number; readonly to: number } | null = null;
  #looks = 0;
  /** What stands behind the verdict is there. */
  #remarked: Promise<void> = Promise.resolve();
  /** Where the session stood before the text could not be read. */
  #stood = 0;

  /** `connect` makes the client; `changed` is told what may be drawn anew. */
  constructor(connect: (heard: Heard) => Client, changed: (event: Event) => void) {
    this.#changed = changed;
    this.#client = connect({
      progress: (doing, done, of) => this.#progressed({ doing, done, of }),
      tracks: (tracks) => {
        this.history.append(tracks);
        this.#changed('progress');
      },
      crashed: (message, position) => this.#crashed(message, position),
    });
  }

  get position(): number {
    return this.at?.position ?? 0;
  }

  /** Where it will be: steps that are asked for quickly one after the other add up. */
  get heading(): number {
    return this.#heading?.way === this.#ways ? this.#heading.to : this.position;
  }

  get length(): number {
    return this.opened?.length ?? 0;
  }

  /** What the text is read as. */
  get kind(): TextKind {
    return this.chosen ?? this.guess;
  }

  /** Whether one can step now. */
  get canRun(): boolean {
    return this.opened !== null && this.isFresh && this.crash === null;
  }

  /** The text is being changed: what is known is of another one. */
  edited(): void {
    if (!this.isFresh) return;
    this.isFresh = false;
    this.#ways++;
    this.doing = null;
    this.#changed('state');
  }

  /** Takes what was edited, and stays where it is as far as that is possible. */
  edit(text: string): Promise<void> {
    return this.#read(text, this.opened ? this.position : this.#stood, this.chosen);
  }

  /** Reads the same text as another kind. */
  readAs(kind: TextKind): Promise<void> {
    return this.setText(this.text, kind === 'script' ? 0 : 'before the end', kind === this.guess ? null : kind);
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

  /** Reads a text. Of one that cannot be read only its errors stay. */
  async #read(text: string, position: number | 'before the end', kind: TextKind | null): Promise<void> {
    const turn = ++this.#texts;
    this.#ways++;
    this.text = text;
    this.chosen = kind;
    this.doing = null;
    this.isFresh = false;
    this.#changed('state');
    const answer = await this.#unlessCrashed(this.#client.open(text, kind));
    if (turn !== this.#texts || !answer) return;
    this.#close();
    this.isFresh = true;
    this.crash = null;
    this.doing = null;
    if ('errors' in answer) {
      if (kind === null) this.guess = answer.as;
      this.errors = answer.errors;
      this.#changed('state');
      return;
    }
    this.opened = answer;
    this.guess = answer.guess;
    this.errors = [];
    if (position !== 'before the end') return this.goTo(position);
    if (await this.#wayTo(this.length, turn)) await this.#beforeTheEnd(turn);
  }

  /** Goes there; whether it arrived, and nobody went elsewhere meanwhile. */
  async #wayTo(position: number, turn: number): Promise<boolean> {
    const way = this.#ways + 1;
    await this.goTo(position);
    return way === this.#ways && turn === this.#texts && this.at !== null && this.errors.length === 0;
  }

  /** Back to where a process still lived, and there was memory to show. */
  async #beforeTheEnd(turn: number): Promise<void> {
    const end = this.position;
    // Of a moment before the end less is known: what stands behind the verdict is asked for here.
    await this.#remarked;
    if (turn !== this.#texts || this.position !== end) return;
    const isOver = () => this.at !== null && this.at.processes.every(({ ended }) => ended !== null);
    for (let back = 1; back <= Math.min(MOST_BACK, end) && isOver(); back++) {
      if (!(await this.#wayTo(end - back, turn))) return;
    }
    // A log ends with what is no memory any more: files are closed, and what was recorded is compared.
    const last = isOver() ? end : this.opened?.isLog ? lastOfMemory(this.history.tracks, this.position) : null;
    if (last !== null && last !== this.position) await this.goTo(last);
  }

  /** Nothing of the text before is left. */
  #close(): void {
    if (this.opened) this.#stood = this.position;
    this.opened = this.at = this.verdict = this.selection = this.hover = this.marked = null;
    this.verdictAt = 0;
    this.pinned = null;
    this.remarks = [];
    this.leftOut = [];
    this.runs = [];
    this.pss = null;
    this.#pssOf = 0;
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
    const at = await this.#unlessCrashed(this.#client.go(to, this.#look()));
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

  /** The last of the steps behind `until`, up to `to`, that changed what is selected so. */
  lastChange(what: Find, until: number, to: number): Promise<number | null> {
    return this.ask<number | null>({ of: 'find', what, from: to + 1, back: true, place: this.selection, until });
  }

  /** Stops a long way where it is, or the reading of a long text. */
  cancel(): void {
    if (!this.#client.stopReading()) return this.#client.cancel();
    this.#close();
    this.doing = null;
    this.isFresh = true;
    this.errors = [READING_STOPPED];
    this.#changed('state');
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
    this.#changed('state');
    // What the step touched is looked at as what is selected.
    if (touched && !samePlace(at.selected?.place ?? null, this.selection)) void this.lookAgain();
    this.#remarked = this.#remark();
  }

  /** What stands behind the verdict: its remarks, and the first calls that it leaves out. */
  async #remark(): Promise<void> {
    const { verdict } = this;
    const hasRemarks = verdict !== null && verdict.differences + verdict.excused + verdict.assumed > 0;
    const remarks = hasRemarks ? await this.ask<Model['remarks']>({ of: 'remarks', most: MOST_REMARKS }) : [];
    if (verdict !== this.verdict) return;
    if (remarks && (remarks.length > 0 || this.remarks.length > 0)) {
      this.remarks = remarks;
      this.#changed('state');
    }
    if (verdict && verdict.leftOut !== this.leftOut.length) await this.more(0, MOST_REMARKS);
  }

  /** Calls that were left out, from … to: a list comes to them. */
  async more(from: number, to: number): Promise<void> {
    const { verdict } = this;
    if (!verdict) return;
    const more = await this.ask<LeftOut[]>({ of: 'leftOut', from, to: Math.min(to, verdict.leftOut) });
    if (!more || verdict !== this.verdict) return;
    this.leftOut = withWindow(this.leftOut, verdict.leftOut, from, more);
    this.#changed('state');
  }

  /** Areas that the page has already do not come again: they are put in, so that views find them always. */
  #take(at: At): void {
    for (const { pid, version, areas, present } of at.lanes) {
      const known = areas ?? this.#areas.get(pid)?.areas;
      // What is made of areas is kept by their object: it stays as long as nothing in it is another.
      if (known) this.#areas.set(pid, { version, areas: present && !areSame(present, known.present) ? { ...known, present } : known });
    }
    for (const pid of this.#areas.keys()) if (!at.processes.some((process) => process.pid === pid)) this.#areas.delete(pid);
    this.at = { ...at, lanes: at.lanes.map((lane) => ({ ...lane, areas: this.#areas.get(lane.pid)?.areas ?? null })) };
    this.heats = null;
    this.heat.goTo(at.position, this.history.tracks);
  }

  /** Looks again at the same position: something else is in sight. */
  async lookAgain(): Promise<void> {
    if (!this.opened || !this.at || this.crash) return;
    const look = ++this.#looks;
    const way = this.#ways;
    const at = await this.#unlessCrashed(this.#client.look(this.#look()));
    if (!at || look !== this.#looks || way !== this.#ways || at.position !== this.at?.position) return;
    this.#take(at);
    this.#changed('state');
  }

  #look() {
    return this.sight.look(this.at?.processes ?? [], this.#areas, this.selection);
  }

  /** What the views draw of processes. */
  seeLanes(lanes: readonly LaneSight[]): void {
    if (this.sight.setLanes(lanes)) void this.lookAgain();
  }

  /** Which steps' results stand in sight. */
  seeReports(from: number, to: number): void {
    if (this.sight.setReports(from, to)) void this.lookAgain();
  }

  /** What a view shows besides; none when it is closed. */
  see(view: string, wants: readonly Want[]): void {
    if (this.sight.setWants(view, wants)) void this.lookAgain();
  }

  /** How often pages were touched up to here, by process. */
  heatNow(): ReadonlyMap<number, ReadonlyMap<number, Heat>> {
    return (this.heats ??= this.heat.all());
  }

  select(place: Place | null): void {
    const own = place && followed(this.at, place);
    // Another frame takes the place of the one that is pinned; a page does not.
    if (own && own.pfn !== null) this.pinned = null;
    const chosen = own && { ...own, pfn: own.pfn ?? this.pinned };
    if (samePlace(chosen, this.selection)) return;
    this.selection = chosen;
    this.#changed('state');
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
    this.#changed('hover');
  }

  /** The first step of a line, if it makes one. */
  stepOf(line: number): number | null {
    const step = this.opened?.lines.indexOf(line) ?? -1;
    return step < 0 ? null : step;
  }

  /** Puts a statement behind the last one run, and runs it. The text with it, or a sentence why not. */
  async typed(line: string): Promise<{ readonly text: string } | { readonly why: string; readonly mistake?: ScriptErrorPlace }> {
    if (!this.canRun) return { why: this.errors.length > 0 ? 'the script has a mistake: mend it first' : 'the text is still being read' };
    const tried = await this.ask<Tried>({ of: 'try', line });
    if (!tried) return { why: 'the machine has stopped' };
    if (tried.why !== null) return tried.mistake ? { why: tried.why, mistake: tried.mistake } : { why: tried.why };
    const before = { text: this.text, position: this.position, chosen: this.chosen };
    await this.#read(tried.text, tried.position, this.opened?.dump ? null : this.chosen);
    const [error] = this.errors;
    if (!error) return { text: tried.text };
    // It reads well but cannot be run here (a name that nothing bound): the text is as it was.
    await this.#read(before.text, before.position, before.chosen);
    return { why: reasonOf(error) };
  }

  /** Calls that were compared and are as they should be, from … to in their list: it comes to them. */
  async moreEqual(from: number, to: number): Promise<void> {
    const { equal } = this;
    const reports = await this.ask<(StepReport | null)[]>({ of: 'reports', steps: [...equal.steps.subarray(from, to)] });
    if (!reports || equal !== this.equal) return;
    equal.put(from, reports);
    this.#changed('state');
  }

  /** The calls that were compared and are as they should be. */
  get equal(): Equal {
    if (this.#equal?.end !== this.verdictAt || this.#equal.of !== this.opened) this.#equal = new Equal(this.opened, this.history.tracks, this.verdictAt);
    return this.#equal;
  }

  /** Counts the Pss of each process over the steps known, once for as far as they are known. */
  async readPss(): Promise<void> {
    const { opened } = this;
    const known = this.history.length;
    if (!opened || opened.dump || known === 0 || this.#pssOf === known) return;
    this.#pssOf = known;
    const pss = await this.ask<PssOverTime>({ of: 'pss', points: PSS_POINTS });
    if (opened !== this.opened) return;
    // What was overridden is asked for again with the next change.
    if (!pss) this.#pssOf = 0;
    else {
      this.pss = pss;
      this.#changed('state');
    }
  }

  /** Asks the worker; null if it has no answer. */
  async ask<A>(question: Question): Promise<A | null> {
    try {
      return await this.askOrRefuse<A>(question);
    } catch (error) {
      if (error instanceof CannotDo) return null;
      throw error;
    }
  }

  /** Asks, and throws `CannotDo` with a sentence for people. */
  askOrRefuse<A>(question: Question): Promise<A | null> {
    return this.#unlessCrashed(this.#client.ask<A>(question));
  }

  /** One text of files. Throws `CannotDo`. */
  gather(files: readonly { readonly name: string; readonly bytes: Uint8Array }[]): Promise<Incoming | null> {
    return this.askOrRefuse<Incoming>({ of: 'gather', files });
  }

  /** Keeps this moment, to compare others with. */
  mark(): void {
    this.marked = this.at;
    this.#changed('state');
  }

  unmark(): void {
    this.marked = null;
    this.#changed('state');
  }

  /** Runs the same text under other settings, beside this one. */
  async runUnder(title: string, header: string, advice = false): Promise<string> {
    try {
      const ran = await this.askOrRefuse<Ran>({ of: 'runUnder', header, advice });
      if (ran) this.runs = [...this.runs.filter((run) => run.title !== title), { title, ...ran }];
    } catch (error) {
      if (!(error instanceof CannotDo)) throw error;
      return error.message;
    }
    this.#changed('state');
    return '';
  }

  dropRun(index: number): void {
    this.runs = this.runs.filter((_, at) => at !== index);
    this.#changed('state');
  }

  #progressed(doing: Doing): void {
    const isNew = this.doing?.doing !== doing.doing;
    this.doing = doing;
    this.#changed(isNew ? 'state' : 'progress');
  }

  #crashed(message: string, position: number): void {
    this.crash = { message, position, text: this.text };
    this.doing = null;
    this.#changed('state');
  }

  /** What was asked when the core stopped has no answer; that it stopped is told apart. */
  async #unlessCrashed<A>(answer: Promise<A | null>): Promise<A | null> {
    try {
      return await answer;
    } catch (error) {
      if (error instanceof Crashed) return null;
      throw error;
    }
  }

  /** After a crash: the same text, at the last position that was drawn. */
  async recover(): Promise<void> {
    const { crash } = this;
    if (!crash) return;
    this.crash = null;
    // It may have stopped before any text was there: the one that is being opened then comes by itself.
    const text = this.text === '' ? crash.text : this.text;
    if (text === '') return this.#changed('state');
    await this.setText(text, Math.max(0, Math.min(this.position, crash.position)), this.chosen);
  }
}

/** Steps behind the end of all processes. */
const MOST_BACK = 64;
/** What is known of a text whose reading was cancelled. */
const READING_STOPPED: ScriptErrorPlace = {
  line: 1, column: 1, found: '', expected: 'reading was stopped; change the text, or say beside the verdict what it is, and it is read again', message: 'line 1: reading was stopped',
};
/** Moments at which the Pss is counted. */
const PSS_POINTS = 120;
/** Remarks that the page holds. */
const MOST_REMARKS = 200;

function areSame(a: Uint32Array, b: Uint32Array): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}
