/** What is known of a text, and what can be asked about it where time stands; nothing here opens another text or goes elsewhere. */
import type { LeftOut, ScriptErrorPlace, StepReport, TextKind } from '../../lib/index.ts';
import type { At, Find, Incoming, Opened, Place, PssOverTime, Question, Ran, VerdictInfo } from '../worker/protocol.ts';
import { CannotDo, type Client, Crashed, type Heard } from '../worker/client.ts';
import { Behind, type Remarks } from './behind.ts';
import type { Equal } from './equal.ts';
import { type Heat, HeatMap } from './heat.ts';
import { Pss } from './pss.ts';
import { Results } from './results.ts';
import { Sight } from './sight.ts';
import { TrackStore } from './tracks.ts';

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

export class Knowledge {
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
  /** A moment to compare with. */
  marked: At | null = null;
  readonly history = new TrackStore();
  readonly heat = new HeatMap();
  protected heats: ReadonlyMap<number, ReadonlyMap<number, Heat>> | null = null;
  readonly sight = new Sight();
  protected readonly client: Client;
  protected readonly changed: (event: Event) => void;
  protected readonly pssCount = new Pss();
  protected readonly results = new Results((question) => this.ask(question), () => this.changed('state'));
  protected readonly behind = new Behind((question) => this.ask(question), () => this.changed('state'));

  /** `connect` makes the client; `changed` is told what may be drawn anew. */
  constructor(connect: (heard: Heard) => Client, changed: (event: Event) => void) {
    this.changed = changed;
    this.client = connect({
      progress: (doing, done, of) => this.progressed({ doing, done, of }),
      tracks: (tracks) => {
        this.history.append(tracks);
        this.changed('progress');
      },
      crashed: (message, position) => this.crashed(message, position),
    });
  }

  get position(): number {
    return this.at?.position ?? 0;
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

  /** No process lives any more. */
  get isOver(): boolean {
    return this.at !== null && this.at.processes.every(({ ended }) => ended !== null);
  }

  /** How often pages were touched up to here, by process. */
  heatNow(): ReadonlyMap<number, ReadonlyMap<number, Heat>> {
    return (this.heats ??= this.heat.all());
  }

  /** The first step of a line, if it makes one. */
  stepOf(line: number): number | null {
    const step = this.opened?.lines.indexOf(line) ?? -1;
    return step < 0 ? null : step;
  }

  /** The last of the steps behind `until`, up to `to`, that changed what is selected so. */
  lastChange(what: Find, until: number, to: number): Promise<number | null> {
    return this.ask<number | null>({ of: 'find', what, from: to + 1, back: true, place: this.selection, until });
  }

  /** Calls that were left out, from … to: a list comes to them. */
  more(from: number, to: number): Promise<void> {
    return this.behind.more(from, to);
  }

  /** Calls that were compared and are as they should be, from … to in their list: it comes to them. */
  moreEqual(from: number, to: number): Promise<void> {
    return this.behind.moreEqual(this.equal, from, to);
  }

  get equal(): Equal {
    return this.behind.equal(this.opened, this.history.tracks, this.verdictAt);
  }

  /** What came of the steps whose lines are in sight, as far as they have happened. */
  get reports(): readonly StepReport[] {
    return this.results.reports;
  }

  get remarks(): Remarks {
    return this.behind.remarks;
  }

  /** Memory calls left out: those of windows are there. */
  get leftOut(): readonly (LeftOut | undefined)[] {
    return this.behind.leftOut;
  }

  /** Proportional set sizes over the steps, if somebody looked. */
  get pss(): PssOverTime | null {
    return this.pssCount.value;
  }

  async readPss(): Promise<void> {
    if (!this.opened || this.opened.dump) return;
    if (await this.pssCount.read(this.history.length, (question) => this.ask<PssOverTime>(question))) this.changed('state');
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
    return this.unlessCrashed(this.client.ask<A>(question));
  }

  /** One text of files. Throws `CannotDo`. */
  gather(files: readonly { readonly name: string; readonly bytes: Uint8Array }[]): Promise<Incoming | null> {
    return this.askOrRefuse<Incoming>({ of: 'gather', files });
  }

  /** Keeps this moment, to compare others with. */
  mark(): void {
    this.marked = this.at;
    this.changed('state');
  }

  unmark(): void {
    this.marked = null;
    this.changed('state');
  }

  /** What was known besides of this very text. */
  restore(runs: readonly Run[], marked: At | null): void {
    this.runs = runs;
    this.marked = marked;
    this.changed('state');
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
    this.changed('state');
    return '';
  }

  dropRun(index: number): void {
    this.runs = this.runs.filter((_, at) => at !== index);
    this.changed('state');
  }

  /** What was asked when the core stopped has no answer; that it stopped is told apart. */
  protected async unlessCrashed<A>(answer: Promise<A | null>): Promise<A | null> {
    try {
      return await answer;
    } catch (error) {
      if (error instanceof Crashed) return null;
      throw error;
    }
  }

  private progressed(doing: Doing): void {
    const isNew = this.doing?.doing !== doing.doing;
    this.doing = doing;
    this.changed(isNew ? 'state' : 'progress');
  }

  private crashed(message: string, position: number | null): void {
    this.crash = { message, position: position ?? this.position, text: this.text };
    this.doing = null;
    this.changed('state');
  }
}
