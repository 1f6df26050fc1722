/**
 * What the worker does: it holds a text, its session and what is known of each step, and answers. It knows no `postMessage`
 * and no DOM, so that Node can test it.
 */
import { type ScriptErrorPlace, ScriptError, type TextKind } from '../../lib/api.ts';
import { Refused, gather } from '../incoming.ts';
import { PageWatch } from './change.ts';
import { tell } from './console.ts';
import { Core, parse } from './core.ts';
import { LineFinder } from './line.ts';
import { picture } from './picture.ts';
import { PssCount } from './pss.ts';
import { howItWent, under } from './variant.ts';
import { whereTooWide } from './width.ts';
import { type At, CALL_GROUPS, ENDING, ENDING_BITS, type Find, type Look, type Opened, type Place, type PssOverTime, type Question, REMARK, type Ran, type Tracks, type Tried } from './protocol.ts';
import { diffDumps, dumpToScript, readDump, recogniseText } from './wasm.ts';

/** A part of a long way takes about so long, in ms. */
const SLICE = 12;
/** A moment is kept when running took so long since the last one, in ms, or so many times as long as keeping it takes. */
const WORTH_KEEPING = 25;
const TIMES_ITS_COST = 4;
/** How far before the goal of a way back a moment is kept. */
const BACKWARDS = 32;
/** Moments at which the Pss of a run under other settings is counted. */
const PSS_POINTS = 120;
/** Steps that a search runs at a time. */
const STRIDE = 4096;

/** What is told on the way to an answer. */
export interface On {
  readonly progress: (doing: 'reading' | 'running', done: number, of: number) => void;
  readonly tracks: (tracks: Tracks) => void;
}

export interface Host {
  /** Lets others have their turn. */
  readonly pause: () => Promise<void>;
  /** In ms. */
  readonly now: () => number;
}

/** What cannot be done, in a sentence for people. */
export class CannotDo extends Error {}

/** A newer request has taken the place of this one: nobody waits for it any more. */
export class Overridden extends CannotDo {
  constructor() {
    super('overridden');
  }
}

/** A text cannot be read. */
export interface Unread {
  readonly as: TextKind;
  readonly errors: readonly ScriptErrorPlace[];
}

/** An open text. */
interface Open {
  readonly text: string;
  /** The text that runs: of a dump, the script that starts with it. */
  readonly runs: string;
  readonly as: TextKind;
  readonly core: Core;
  readonly lines: Uint32Array;
  /** Finds lines of the text; none in a dump, of which no line is a step. */
  readonly finder: LineFinder | null;
  /** Steps of which was told. */
  told: number;
  /** Statements to run before looking at the clock. */
  most: number;
  /** Running time since the last kept moment, and what keeping one takes, in ms. */
  ran: number;
  cost: number;
  /** What runs beside it to count, once somebody looks. */
  pss: PssCount | null;
}

export class Engine {
  readonly #host: Host;
  #open: Open | null = null;
  #stopped: ScriptErrorPlace | null = null;
  /** The newest travel; what is on an older one stops. */
  #turn = 0;
  #looks = 0;
  #isCancelled = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(host: Host) {
    this.#host = host;
  }

  /** Where the session stands. */
  get position(): number {
    return this.#open?.core.position ?? 0;
  }

  /** How many moments are kept, their bytes, and statements run in all. */
  get work(): readonly [saves: number, bytes: number, runs: number] {
    return this.#open?.core.work ?? [0, 0, 0];
  }

  /** Reads a text and sets its machine up. */
  open(text: string, as: TextKind | null, on: On): Promise<Opened | Unread> {
    const turn = ++this.#turn;
    return this.#alone(async () => {
      if (turn !== this.#turn) throw new Overridden();
      this.#close();
      on.progress('reading', 0, 1);
      const tooWide = whereTooWide(text);
      if (tooWide) return { as: as ?? 'script', errors: [tooWide] };
      const guess = await recogniseText(text);
      const kind = as ?? guess;
      try {
        const isDump = kind === 'maps' || kind === 'smaps';
        const dump = isDump ? await readDump(text) : null;
        const header = dump?.dumps[0]?.header;
        if (isDump && header === undefined) return { as: kind, errors: [noDump(kind)] };
        const runs = header ?? text;
        const core = await Core.read(runs, isDump ? 'script' : kind, async (done, of) => {
          on.progress('reading', done, of);
          await this.#host.pause();
          if (turn !== this.#turn) throw new Overridden();
        });
        const { lines, length, isLog, setAside } = core;
        this.#open = { text, runs, as: kind, core, lines, finder: dump ? null : new LineFinder(text), told: 0, most: 1, ran: 0, cost: 0, pss: null };
        return { as: kind, guess, length, lines: lines.slice(), isLog, setAside, dump, totalFrames: core.ram().total };
      } catch (error) {
        if (!(error instanceof ScriptError)) throw error;
        return { as: kind, errors: error.errors };
      }
    });
  }

  /** Goes to a position and looks. Throws `Overridden` if a newer way is taken before it is there. */
  go(to: number, look: Look, on: On): Promise<At> {
    const turn = ++this.#turn;
    this.#isCancelled = false;
    return this.#alone(async () => {
      const open = this.#opened();
      if (turn === this.#turn) await this.#travel(open, to, turn, on);
      if (turn !== this.#turn) throw new Overridden();
      return this.#look(open, look);
    });
  }

  /** Looks at where it stands. Throws `Overridden` if a newer look waits behind. */
  look(look: Look): Promise<At> {
    const turn = ++this.#looks;
    return this.#alone(async () => {
      if (turn !== this.#looks) throw new Overridden();
      return this.#look(this.#opened(), look);
    });
  }

  /** Stops a long way where it is. */
  cancel(): void {
    this.#isCancelled = true;
  }

  /** Answers a question. Throws `CannotDo` with a sentence. */
  async ask(question: Question, on: On): Promise<unknown> {
    switch (question.of) {
      case 'gather': return gather(question.files).catch((error: unknown) => {
        throw error instanceof Refused ? new CannotDo(error.message) : error;
      });
      case 'firstMaps': return firstMaps(question.text);
      case 'dumpToScript': return dumpToScript(question.text);
      case 'diffDumps': return diffDumps(question.from, question.to);
      default: return this.#alone(() => this.#answer(question, on));
    }
  }

  /** Frees what it holds. */
  close(): void {
    this.#turn++;
    void this.#alone(async () => this.#close());
  }

  async #answer(question: Exclude<Question, { of: 'gather' | 'firstMaps' | 'dumpToScript' | 'diffDumps' }>, on: On): Promise<unknown> {
    const open = this.#opened();
    const { core } = open;
    switch (question.of) {
      case 'find': return this.#find(open, question, on);
      case 'try': return this.#try(open, question.line);
      case 'tell': return tell(core, question.line, question.pid, (why) => new CannotDo(why));
      case 'leftOut': return core.leftOut(question.from, question.to);
      case 'reports': return question.steps.map((step) => core.reports(step, step + 1)[0] ?? null);
      case 'frame': return core.frame(question.pfn);
      case 'pss': return this.#pss(open, question.points, on);
      case 'at': return this.#elsewhere(open, on, async (turn) => {
        await this.#travel(open, question.position, turn, on);
        this.#still(turn);
        return this.#look(open, question.look);
      });
      case 'runUnder': return this.#runUnder(open, question.header, question.advice ?? false, on);
    }
  }

  #look(open: Open, look: Look): At {
    const at = picture(open.core, look);
    return { ...at, source: at.last ? (open.finder?.of(at.last.line) ?? '') : '', stopped: this.#stopped };
  }

  /** Goes as far as nobody stops it. What happens inside is recorded of the last step only. */
  async #travel(open: Open, position: number, turn: number, on: On): Promise<void> {
    const { core } = open;
    const to = Math.min(Math.max(0, position), core.length);
    this.#stopped = null;
    try {
      if (to !== core.position) {
        const goesBack = to < core.position;
        this.#rewind(open, Math.max(0, to - 1));
        if (goesBack) {
          // Who goes back a step goes on going back: the next ones are not to be long.
          await this.#run(open, to - BACKWARDS, to, turn, on);
          if (open.ran > WORTH_KEEPING / 2) this.#keep(open);
        }
        await this.#run(open, to - 1, to, turn, on);
        if (core.position === to - 1 && this.#isWanted(turn)) core.step();
      }
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error;
      this.#stopped = error.errors[0] ?? null;
    }
    this.#tellTracks(open, on);
  }

  #isWanted(turn: number): boolean {
    return turn === this.#turn && !this.#isCancelled;
  }

  #rewind(open: Open, position: number): void {
    const { core } = open;
    const before = core.position;
    core.rewind(position);
    if (core.position !== before) open.ran = 0;
  }

  /** Runs to a position, on the way to a goal, in parts, with a look at who else wants something between them. */
  async #run(open: Open, to: number, goal: number, turn: number, on: On, part = (most: number): unknown => open.core.run(most)): Promise<void> {
    const { core } = open;
    const { now, pause } = this.#host;
    let began = now();
    while (core.position < to && this.#isWanted(turn)) {
      const started = now();
      part(Math.min(open.most, to - core.position));
      const spent = now() - started;
      if (spent < SLICE / 4) open.most = Math.min(STRIDE, open.most * 2);
      else if (spent > SLICE / 2) open.most = Math.max(1, open.most >> 1);
      open.ran += spent;
      if (open.ran >= Math.max(WORTH_KEEPING, TIMES_ITS_COST * open.cost)) this.#keep(open);
      if (now() - began < SLICE) continue;
      on.progress('running', core.position, goal);
      this.#tellTracks(open, on);
      await pause();
      began = now();
    }
  }

  /** Keeps this moment. */
  #keep(open: Open): void {
    const started = this.#host.now();
    open.core.save();
    open.cost = this.#host.now() - started;
    open.ran = 0;
  }

  #tellTracks(open: Open, on: On): void {
    const { known } = open.core;
    if (known <= open.told) return;
    const tracks = open.core.tracks(open.told);
    open.told = known;
    on.tracks(tracks);
  }

  /** Does something at other positions, and goes back to where it stood. */
  async #elsewhere<T>(open: Open, on: On, body: (turn: number) => Promise<T>): Promise<T> {
    const turn = this.#turn;
    const [stood, stopped] = [open.core.position, this.#stopped];
    this.#isCancelled = false;
    try {
      return await body(turn);
    } finally {
      // A newer way leads elsewhere anyway.
      if (turn === this.#turn) {
        this.#isCancelled = false;
        await this.#travel(open, stood, turn, on);
        this.#stopped = stopped;
      }
    }
  }

  /** Throws unless a question still stands. */
  #still(turn: number): void {
    if (turn !== this.#turn) throw new Overridden();
    if (this.#isCancelled) throw new CannotDo('cancelled');
  }

  /** The next position whose step has something. */
  async #find(open: Open, question: Sought, on: On): Promise<number | null> {
    const { core } = open;
    const { what, from, back, place } = question;
    if (isChange(what)) return this.#findChange(open, question, on);
    const known = testOf(what, place, core.tracks(0));
    const { known: end } = core;
    if (back) {
      for (let step = Math.min(from - 1, end) - 1; step >= 0; step--) if (known(step)) return step + 1;
      return null;
    }
    for (let step = Math.max(0, from); step < end; step++) if (known(step)) return step + 1;
    if (end >= core.length) return null;
    return this.#elsewhere(open, on, async (turn) => {
      // Further than ever before.
      let tried = Math.max(from, end);
      while (tried < core.length && !this.#stopped) {
        await this.#travel(open, Math.min(core.length, tried + STRIDE), turn, on);
        this.#still(turn);
        const test = testOf(what, place, core.tracks(tried));
        for (let step = tried; step < core.known; step++) if (test(step - tried)) return step + 1;
        tried = Math.max(tried + 1, core.known);
      }
      return null;
    });
  }

  /** The next step after which a page, its entry, or the area around it is another than before. */
  async #findChange(open: Open, { what, from, back, place, until = 0 }: Sought, on: On): Promise<number | null> {
    if (!place) throw new CannotDo('nothing is selected');
    const { core } = open;
    const addr = parse(place.addr);
    return this.#elsewhere(open, on, async (turn) => {
      const page = what === 'change of the area' ? null : new PageWatch(core, { pid: place.pid, addr });
      const watch = (most: number): Iterable<number> => (page ? page.run(most)[what === 'change of the page' ? 'page' : 'entry'] : core.watch(most, true, place.pid, addr));
      /** Positions of changes between two positions. */
      const changes = async (start: number, end: number) => {
        const found: number[] = [];
        this.#rewind(open, start);
        try {
          await this.#run(open, start, end, turn, on);
          page?.begin();
          await this.#run(open, end, end, turn, on, (most) => found.push(...watch(most)));
        } catch (error) {
          if (!(error instanceof ScriptError)) throw error;
        }
        this.#still(turn);
        return found;
      };
      if (!back) {
        for (let start = Math.max(0, from); start < core.length; start += STRIDE) {
          const [first] = await changes(start, Math.min(core.length, start + STRIDE));
          if (first !== undefined) return first;
          if (core.position < Math.min(core.length, start + STRIDE)) return null;
        }
        return null;
      }
      // From one kept moment to the next, the latest first.
      for (let end = Math.max(0, Math.min(from - 1, core.length)); end > until;) {
        const start = Math.max(until, core.savedBefore(end - 1));
        const last = (await changes(start, end)).at(-1);
        if (last !== undefined) return last;
        end = start;
      }
      return null;
    });
  }

  /** Whether a line could be run behind the last one that was. */
  async #try(open: Open, line: string): Promise<Tried> {
    const { core, runs, as } = open;
    const { position } = core;
    const lines = runs.split('\n');
    let insert = position > 0 ? open.lines[position - 1]! : (open.lines[0] ?? lines.length + 1) - 1;
    // Expectations belong to the statement above them.
    while (position > 0 && insert < lines.length && /^\s*[><]/.test(lines[insert]!)) insert++;
    // An empty last line stays the last one.
    if (insert === lines.length && lines.at(-1) === '') insert--;
    const text = [...lines.slice(0, insert), line, ...lines.slice(insert)].join('\n');
    const tried = { text, position: position + 1 };
    try {
      const trial = Core.of(text, kindThatRuns(as));
      const isLonger = trial.length > core.length;
      trial.free();
      // A log sets aside what is no call.
      return { ...tried, mistake: null, why: isLonger ? null : core.isLog ? 'this is no call that a log can have' : 'this is no statement' };
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error;
      const [first] = error.errors as [ScriptErrorPlace];
      return { ...tried, why: first.message.replace(/^line \d+, /, ''), mistake: first.line === insert + 1 ? { ...first, line: 1 } : null };
    }
  }

  /** The same text under other settings, run beside this one. */
  async #runUnder(open: Open, header: string, advice: boolean, on: On): Promise<Ran> {
    let core: Core;
    try {
      core = Core.of(under(open.runs, header, advice), kindThatRuns(open.as));
    } catch (error) {
      if (error instanceof ScriptError) throw new CannotDo(error.errors[0]!.message);
      throw error;
    }
    try {
      let stopped: ScriptErrorPlace | null = null;
      const count = new PssCount(core);
      const pss = await this.#beside(open, core, on, (run) => count.to(core.length, PSS_POINTS, async (to) => void (stopped = await run(to))));
      return { ...howItWent(core, open.core.tracks(0), open.lines, stopped), pss };
    } finally {
      core.free();
    }
  }

  /** A machine of its own that runs beside this one. `run` goes to a position of it, or as far as it comes, and says why no further. */
  #beside<T>(open: Open, core: Core, on: On, body: (run: (to: number) => Promise<ScriptErrorPlace | null>) => Promise<T>): Promise<T> {
    const turn = this.#turn;
    // It never goes back: nothing of it is kept.
    const beside = { ...open, core, told: Infinity, ran: -Infinity };
    this.#isCancelled = false;
    return body(async (to) => {
      let stopped: ScriptErrorPlace | null = null;
      await this.#run(beside, to, core.length, turn, on).catch((error: unknown) => {
        // What it has come to counts.
        if (!(error instanceof ScriptError)) throw error;
        stopped = error.errors[0] ?? null;
      });
      this.#still(turn);
      return stopped;
    });
  }

  /** Pss at moments that lie evenly over the steps known. */
  #pss(open: Open, points: number, on: On): Promise<PssOverTime> {
    const pss = (open.pss ??= new PssCount(Core.of(open.runs, kindThatRuns(open.as))));
    return this.#beside(open, pss.core, { ...on, progress: () => undefined }, (run) => pss.to(open.core.known, points, run));
  }

  #opened(): Open {
    if (!this.#open) throw new CannotDo('no text is open');
    return this.#open;
  }

  #close(): void {
    this.#open?.pss?.core.free();
    this.#open?.core.free();
    this.#open = null;
    this.#stopped = null;
  }

  /** One thing at a time. */
  #alone<T>(body: () => Promise<T>): Promise<T> {
    const result = this.#last.then(body);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

/** A dump runs as the script that starts with it. */
function kindThatRuns(as: TextKind): TextKind {
  return as === 'maps' || as === 'smaps' ? 'script' : as;
}

type Sought = Question & { readonly of: 'find' };

const isChange = (what: Find): boolean => what.startsWith('change of');

/** Whether a step of some columns has something. */
function testOf(what: Find, place: Place | null, { faults, ending, call, pid }: Tracks): (step: number) => boolean {
  switch (what) {
    case 'fault': return (step) => faults[step]! > 0;
    case 'signal': return (step) => (ending[step]! & ENDING_BITS) === ENDING.signal;
    case 'refusal': return (step) => (ending[step]! & ENDING_BITS) === ENDING.error;
    case 'difference': return (step) => (ending[step]! & REMARK.differs) !== 0;
    default: {
      const quiet = [CALL_GROUPS.indexOf('access'), CALL_GROUPS.indexOf('ask')];
      return (step) => !quiet.includes(call[step]!) && (place === null || pid[step] === place.pid);
    }
  }
}

function noDump(kind: TextKind): ScriptErrorPlace {
  const expected = `no line of this is one of /proc/PID/${kind}`;
  return { line: 1, column: 1, found: '', expected, message: `line 1: ${expected}` };
}

/** First maps as settings of a script: only their lines, whatever stands around them. */
async function firstMaps(text: string): Promise<string> {
  const first = (await readDump(text)).dumps[0];
  const lines = first ? first.header.split('\n').filter((line) => line.startsWith('@map ')) : text.trim().split('\n').map((line) => `@map ${line}`);
  return lines.join('\n');
}
