/**
 * What the worker does: it holds a text, its session and what is known of each step, and answers. It knows no `postMessage`
 * and no DOM, so that Node can test it.
 */
import {
  type LeftOut, type ScriptErrorPlace, ScriptError, ScriptSession, type SetAside, type TextKind, diffDumps, dumpToScript, openScript, readDump, recogniseText,
} from '../../lib/index.ts';
import { Refused, gather } from '../incoming.ts';
import { Columns } from './columns.ts';
import { tell } from './console.ts';
import { filesWithContent } from './contents.ts';
import { hasMarksOfStrace } from './marks.ts';
import { tooDeep } from './limits.ts';
import { picture } from './picture.ts';
import type { At, Find, Look, Opened, Place, Question, Tracks, Tried } from './protocol.ts';

/** A part of a long way takes about so long, in ms. */
const SLICE = 12;

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
  readonly session: ScriptSession;
  readonly columns: Columns;
  readonly lines: Uint32Array;
  readonly setAside: readonly SetAside[];
  /** Files of which the text says what stands in them. */
  readonly known: ReadonlySet<string>;
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
    return this.#open?.session.position ?? 0;
  }

  /** Reads a text and sets its machine up. */
  open(text: string, as: TextKind | null, on: On): Promise<Opened | Unread> {
    const turn = ++this.#turn;
    return this.#alone(async () => {
      if (turn !== this.#turn) throw new Overridden();
      this.#close();
      on.progress('reading', 0, 1);
      const recognised = await recogniseText(text);
      const guess = recognised === 'script' && hasMarksOfStrace(text) ? 'strace' : recognised;
      const kind = as ?? guess;
      const deep = kind === 'script' ? tooDeep(text) : null;
      if (deep) return { as: kind, errors: [deep] };
      try {
        const isDump = kind === 'maps' || kind === 'smaps';
        const dump = isDump ? await readDump(text) : null;
        const header = dump?.dumps[0]?.header;
        if (isDump && header === undefined) return { as: kind, errors: [noDump(kind)] };
        const runs = header ?? text;
        const session = await openScript(runs, { kind: isDump ? 'script' : kind });
        const [lines, setAside] = [session.lines, session.setAside()];
        this.#open = { text, runs, as: kind, session, columns: new Columns(session), lines, setAside, known: filesWithContent(runs) };
        const { isLog, length } = session;
        return { as: kind, guess, length, lines: lines.slice(), isLog, setAside, dump, totalFrames: session.snapshot().totalFrames };
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
      await this.#travel(open, to, turn, on);
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
    switch (question.of) {
      case 'find': return this.#find(open, question.what, question.from, question.back, question.place, on);
      case 'try': return this.#try(open, question.line);
      case 'tell': return tell(open.session, question.line, question.pid, (why) => new CannotDo(why));
      case 'leftOut': return open.session.verdict().leftOut.slice(question.from, question.to) satisfies LeftOut[];
      case 'remarks': return open.session.remarks(question.most);
      case 'at': return this.#elsewhere(open, on, async (turn) => {
        await this.#travel(open, question.position, turn, on);
        this.#still(turn);
        return this.#look(open, question.look);
      });
      case 'runUnder': return this.#runUnder(open, question.header, on);
    }
  }

  #look(open: Open, look: Look): At {
    return { ...picture(open.session, look, open.known), stopped: this.#stopped };
  }

  /** Goes as far as nobody stops it. */
  async #travel(open: Open, position: number, turn: number, on: On): Promise<void> {
    const { session, columns } = open;
    const to = Math.min(Math.max(0, position), session.length);
    let began = this.#host.now();
    this.#stopped = null;
    try {
      session.rewind(to);
      while (session.position < to && turn === this.#turn && !this.#isCancelled) {
        columns.run(1);
        if (this.#host.now() - began < SLICE) continue;
        on.progress('running', session.position, to);
        this.#tellTracks(columns, on);
        await this.#host.pause();
        began = this.#host.now();
      }
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error;
      this.#stopped = error.errors[0] ?? null;
    }
    this.#tellTracks(columns, on);
  }

  #tellTracks(columns: Columns, on: On): void {
    const tracks = columns.news();
    if (tracks) on.tracks(tracks);
  }

  /** Does something at other positions, and goes back to where it stood. */
  async #elsewhere<T>(open: Open, on: On, body: (turn: number) => Promise<T>): Promise<T> {
    const turn = this.#turn;
    const [stood, stopped] = [open.session.position, this.#stopped];
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
  async #find(open: Open, what: Find, from: number, back: boolean, place: Place | null, on: On): Promise<number | null> {
    const { session, columns } = open;
    if (what === 'change of the page' || what === 'change of the area') return this.#findChange(open, what, from, back, place, on);
    const test = columns.test(what, place);
    if (back) {
      for (let step = Math.min(from - 1, columns.known) - 1; step >= 0; step--) if (test(step)) return step + 1;
      return null;
    }
    for (let step = from; step < columns.known; step++) if (test(step)) return step + 1;
    if (columns.known >= session.length) return null;
    return this.#elsewhere(open, on, async (turn) => {
      let found: number | null = null;
      let tried = Math.max(from, columns.known);
      while (found === null && tried < session.length) {
        await this.#travel(open, Math.min(session.length, tried + 256), turn, on);
        this.#still(turn);
        for (; tried < columns.known; tried++) {
          if (!test(tried)) continue;
          found = tried + 1;
          break;
        }
        if (this.#stopped) break;
      }
      return found;
    });
  }

  /** The next step after which a page, or the area around it, is another than before. */
  async #findChange(open: Open, what: Find, from: number, back: boolean, place: Place | null, on: On): Promise<number | null> {
    if (!place) throw new CannotDo('nothing is selected');
    const { session } = open;
    const sign = () => (what === 'change of the page' ? pageSign(session, place) : areaSign(session, place));
    return this.#elsewhere(open, on, async (turn) => {
      const end = back ? Math.max(0, from - 1) : session.length;
      let found: number | null = null;
      await this.#travel(open, back ? 0 : from, turn, on);
      this.#still(turn);
      let before = sign();
      while (session.position < end && !this.#stopped) {
        await this.#travel(open, session.position + 1, turn, on);
        this.#still(turn);
        const after = sign();
        if (after !== before) found = session.position;
        if (found !== null && !back) break;
        before = after;
      }
      return found;
    });
  }

  /** Whether a line could be run behind the last one that was. */
  async #try(open: Open, line: string): Promise<Tried> {
    const { session, runs, as } = open;
    const { position } = session;
    const isDump = as === 'maps' || as === 'smaps';
    // Before the first step it runs before all others; the calls that yield a dump come first.
    const at = position > 0 ? open.lines[position - 1]! : !isDump && session.length > 0 ? open.lines[0]! - 1 : null;
    const lines = runs.split('\n');
    let insert = at ?? lines.length;
    // Expectations belong to the statement above them.
    while (position > 0 && insert < lines.length && /^\s*[><]/.test(lines[insert]!)) insert++;
    const text = [...lines.slice(0, insert), line, ...lines.slice(insert)].join('\n');
    const tried = { text, position: at === null ? session.length + 1 : position + 1 };
    const deep = tooDeep(line);
    if (deep) return { ...tried, why: `expected ${deep.expected}` };
    try {
      const trial = await openScript(text, { kind: isDump ? 'script' : as });
      const isLonger = trial.length > session.length;
      trial.free();
      // A log sets aside what is no call.
      return { ...tried, why: isLonger ? null : session.isLog ? 'this is no call that a log can have' : 'this is no statement' };
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error;
      return { ...tried, why: error.errors[0]!.message.replace(/^line \d+, /, '') };
    }
  }

  /** The same text under other settings, run beside this one. */
  async #runUnder(open: Open, header: string, on: On): Promise<Tracks> {
    const turn = this.#turn;
    const words = (line: string) => /^\s*@(\S+)(?:\s+(\S+))?/.exec(line);
    const key = (line: string) => {
      const found = words(line);
      return found && (found[1] === 'sysctl' || found[1] === 'config' ? `${found[1]} ${found[2]}` : found[1]!);
    };
    const others = new Set(header.split('\n').map(key));
    const kept = open.runs.split('\n').filter((line) => key(line) === null || !others.has(key(line)));
    let session: ScriptSession;
    try {
      session = await openScript([header, ...kept].join('\n'), { kind: open.as === 'maps' || open.as === 'smaps' ? 'script' : open.as });
    } catch (error) {
      if (error instanceof ScriptError) throw new CannotDo(error.errors[0]!.message);
      throw error;
    }
    try {
      const columns = new Columns(session);
      let began = this.#host.now();
      this.#isCancelled = false;
      while (session.position < session.length) {
        columns.run(1);
        if (this.#host.now() - began < SLICE) continue;
        on.progress('running', session.position, session.length);
        await this.#host.pause();
        this.#still(turn);
        began = this.#host.now();
      }
      return columns.news()!;
    } finally {
      session.free();
    }
  }

  #opened(): Open {
    if (!this.#open) throw new CannotDo('no text is open');
    return this.#open;
  }

  #close(): void {
    this.#open?.session.free();
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

function pageSign(session: ScriptSession, { pid, addr }: Place): string {
  const walk = session.walk(pid, BigInt(`0x${addr}`) & ~0xfffn);
  const leaf = walk?.levels.at(-1);
  return `${leaf?.entry} ${walk?.bytes.join()}`;
}

function areaSign(session: ScriptSession, { pid, addr }: Place): string {
  const at = BigInt(`0x${addr}`);
  const areas = session.snapshot().processes.find((process) => process.pid === pid)?.vmas;
  const area = areas?.find(({ start, end }) => BigInt(`0x${start}`) <= at && at < BigInt(`0x${end}`));
  return area ? `${area.maps} ${area.flags}` : '';
}
