/** What the page knows: a script, its session, where it stands, what is selected. No drawing here. */
import {
  type DumpReading, type Explanation, type ScriptErrorPlace, ScriptError, type ScriptSession, type SetAside, type Snapshot, type StepReport, type TextKind,
  type Verdict, type VmaView, type Walk, openScript, readDump, recogniseText,
} from '../lib/index.ts';

/** What the inspector shows. */
export interface Selection {
  readonly pid: number;
  /** An address of the selected page, hexadecimal. */
  readonly addr: string;
  /** The frame, if one was chosen directly. */
  readonly pfn: number | null;
}

export type Tab = 'vma' | 'walk' | 'frame' | 'tlb' | 'maps' | 'smaps' | 'ram';

/** Steps whose reports the page holds. */
const RECENT = 400;
/** Steps that differ or assume something, of which the page knows. */
const REMARKS = 200;
/** How long a part of a long way may take, in ms. */
const SLICE = 25;

/** Texts longer than this are read for longer than a blink. */
const LONG = 200_000;
/** By then what was changed is on the screen. */
const PAINTED = 50;

const pause = (milliseconds = 0) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

export class Model {
  text = '';
  exampleId = '';
  /** What the text looks like. */
  guess: TextKind = 'script';
  /** What the user says it is. */
  chosen: TextKind | null = null;
  /** What the reader should know of where the text came from. */
  origin = '';
  session: ScriptSession | null = null;
  snapshot: Snapshot | null = null;
  /** Lines of a log that are not replayed. */
  aside: readonly SetAside[] = [];
  /** What came of the last steps. */
  recent: readonly StepReport[] = [];
  /** Steps that differ or assume something. */
  remarks: readonly (readonly [step: number, report: StepReport])[] = [];
  verdict: Verdict | null = null;
  explanation: Explanation | null = null;
  errors: readonly ScriptErrorPlace[] = [];
  /** Whether all of this is about the text as it is now. */
  isFresh = false;
  /** Where a long way leads, while it is gone. */
  running: { readonly from: number; readonly to: number } | null = null;
  /** What the text says, if it is maps or smaps and no script. */
  dump: DumpReading | null = null;
  selection: Selection | null = null;
  tab: Tab = 'vma';
  /** What went wrong with a line typed on the console. */
  consoleError = '';
  readonly #changed: () => void;
  readonly #progressed: () => void;
  #texts = 0;
  #ways = 0;
  /** Where the session stood before the text could not be read. */
  #stood = 0;

  /** `changed`: everything may be drawn anew; `progressed`: only how far a long way has come. */
  constructor(changed: () => void, progressed: () => void) {
    this.#changed = changed;
    this.#progressed = progressed;
  }

  get position(): number {
    return this.session?.position ?? 0;
  }

  get length(): number {
    return this.session?.length ?? 0;
  }

  /** What the text is read as. */
  get kind(): TextKind {
    return this.chosen ?? this.guess;
  }

  /** Whether one can step now. */
  get canRun(): boolean {
    return this.session !== null && this.isFresh && this.running === null;
  }

  /** The text is being changed: what is known is of another one. */
  edited(): void {
    this.isFresh = false;
    this.#ways++;
    this.running = null;
    this.recent = [];
    this.remarks = [];
    this.#changed();
  }

  /** Takes what was edited, and stays where it is as far as that is possible. */
  edit(text: string): Promise<void> {
    return this.setText(text, this.session ? this.position : this.#stood, this.chosen);
  }

  /** Reads the same text as another kind. */
  readAs(kind: TextKind): Promise<void> {
    return this.setText(this.text, 0, kind === this.guess ? null : kind);
  }

  /** Takes a text and goes to `position`. Of a text that cannot be read only its errors stay: nothing of the one before. */
  async setText(text: string, position = 0, kind: TextKind | null = null): Promise<void> {
    const turn = ++this.#texts;
    this.#ways++;
    this.text = text;
    this.chosen = kind;
    this.consoleError = '';
    this.running = null;
    this.isFresh = false;
    if (text.length > LONG) {
      // Reading it takes a moment, in which nothing else is drawn: that it is read is shown before.
      this.#changed();
      await pause(PAINTED);
      if (turn !== this.#texts) return;
    }
    try {
      const guess = await recogniseText(text);
      const { session, dump } = await read(text, kind ?? guess);
      if (turn !== this.#texts) {
        session.free();
        return;
      }
      this.#close();
      this.guess = guess;
      this.session = session;
      this.aside = session.setAside();
      this.dump = dump;
      this.errors = [];
      this.isFresh = true;
    } catch (error) {
      if (turn !== this.#texts) return;
      this.#close();
      this.isFresh = true;
      this.guess = await recogniseText(text);
      if (!(error instanceof ScriptError)) throw error;
      this.errors = error.errors;
      this.#changed();
      return;
    }
    await this.goTo(position);
  }

  /** Nothing of the text before is left. */
  #close(): void {
    if (this.session) this.#stood = this.session.position;
    this.session?.free();
    this.session = this.snapshot = this.verdict = this.explanation = this.dump = this.selection = null;
    this.recent = [];
    this.remarks = [];
    this.aside = [];
  }

  /** Goes to a position, forwards or back: in parts, so that the page can show how far it is, and stop it. */
  async goTo(position: number): Promise<void> {
    const session = this.session;
    if (!session || !this.isFresh) return;
    const way = ++this.#ways;
    const to = Math.min(Math.max(0, position), session.length);
    try {
      session.rewind(to);
      const from = session.position;
      let most = 16;
      let began = performance.now();
      while (session.position < to) {
        const started = performance.now();
        session.runSlice(Math.min(most, to - session.position));
        const now = performance.now();
        if (now - started < SLICE / 4) most *= 2;
        else if (now - started > SLICE / 2) most = Math.max(1, most >> 1);
        if (now - began < SLICE || session.position >= to) continue;
        this.#tell(from, to);
        await pause();
        if (way !== this.#ways || session !== this.session) return;
        began = performance.now();
      }
      this.errors = [];
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error;
      this.errors = error.errors;
    }
    this.running = null;
    this.#look();
  }

  /** Stops a long way where it is. */
  cancel(): void {
    this.#ways++;
    this.running = null;
    if (this.session) this.#look();
  }

  #tell(from: number, to: number): void {
    if (this.running?.to === to && this.running.from === from) {
      this.#progressed();
      return;
    }
    this.running = { from, to };
    this.#changed();
  }

  #look(): void {
    const session = this.session!;
    this.snapshot = session.snapshot();
    this.recent = session.reportsOf(Math.max(0, session.position - RECENT), session.position);
    this.remarks = session.remarks(REMARKS);
    this.verdict = session.verdict();
    this.explanation = session.position > 0 ? session.explain(session.position - 1) : null;
    this.#follow();
    this.#changed();
  }

  /** The step that a line makes, if it makes one. */
  stepOf(line: number): number | null {
    const step = this.session?.lines.indexOf(line) ?? -1;
    return step < 0 ? null : step;
  }

  /** Selects what the last step was about. */
  #follow(): void {
    const last = this.recent.at(-1);
    if (last?.focus && last.pid !== null) {
      this.selection = { pid: last.pid, addr: last.focus, pfn: null };
      this.tab = ['load', 'store', 'execute', 'touch_read', 'touch_write'].includes(last.call) ? 'walk' : 'vma';
    } else if (this.selection && !this.vmaAt(this.selection.pid, this.selection.addr)) {
      this.selection = null;
    }
  }

  select(selection: Selection, tab: Tab = this.tab): void {
    this.selection = selection;
    this.tab = tab;
    this.#changed();
  }

  showTab(tab: Tab): void {
    this.tab = tab;
    this.#changed();
  }

  /** Puts a statement behind the last one run, and runs it. The text with it; null if it is wrong. */
  async typed(line: string): Promise<string | null> {
    if (!this.canRun) return null;
    const at = this.recent.at(-1)?.line ?? 0;
    // A dump goes on as the script that starts with it.
    const lines = (this.dump?.dumps[0]?.header ?? this.text).split('\n');
    let insert = at === 0 ? lines.length : at;
    // Expectations belong to the statement above them.
    while (insert < lines.length && /^\s*[><]/.test(lines[insert]!)) insert++;
    const text = [...lines.slice(0, insert), line, ...lines.slice(insert)].join('\n');
    try {
      const trial = await openScript(text, { kind: this.dump ? 'script' : this.kind });
      // A log sets aside what is no call.
      const why = trial.isLog && trial.length <= this.length ? 'this is no call that a log can have' : '';
      trial.free();
      if (why) return this.#refuse(why);
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error;
      return this.#refuse(error.errors[0]!.message.replace(/^line \d+, /, ''));
    }
    await this.setText(text, at === 0 ? this.length + 1 : this.position + 1, this.dump ? null : this.chosen);
    return text;
  }

  #refuse(why: string): null {
    this.consoleError = why;
    this.#changed();
    return null;
  }

  /** The area that contains an address (hexadecimal) of a process. */
  vmaAt(pid: number, addr: string): VmaView | null {
    const process = this.snapshot?.processes.find((candidate) => candidate.pid === pid);
    const at = BigInt(`0x${addr}`);
    return process?.vmas.find((vma) => BigInt(`0x${vma.start}`) <= at && at < BigInt(`0x${vma.end}`)) ?? null;
  }

  /** The walk of the selected address. */
  walk(): Walk | null {
    return this.selection && this.session ? this.session.walk(this.selection.pid, BigInt(`0x${this.selection.addr}`)) : null;
  }

  /** The frame of the selection: chosen, or mapped at its address. */
  selectedFrame(): number | null {
    if (!this.selection) return null;
    if (this.selection.pfn !== null) return this.selection.pfn;
    const leaf = this.walk()?.levels.at(-1);
    return leaf?.name === 'PTE' ? leaf.pfn : null;
  }

  /** Every page that shows a frame. */
  mappersOf(pfn: number): { pid: number; addr: string; vma: VmaView }[] {
    const detail = this.session?.frame(pfn);
    if (!detail) return [];
    if (detail.kind === 'zero' || detail.kind === 'kernel') return this.#shownIn(pfn);
    return detail.mappers.flatMap(({ pid, addr }) => {
      const vma = this.vmaAt(pid, addr);
      return vma ? [{ pid, addr, vma }] : [];
    });
  }

  /** The same for frames that keep no books of who maps them: as far as the picture shows pages. */
  #shownIn(pfn: number): { pid: number; addr: string; vma: VmaView }[] {
    const found = [];
    for (const process of this.snapshot?.processes ?? []) {
      for (const vma of process.vmas) {
        for (const page of vma.present) {
          if (page.pfn === pfn) found.push({ pid: process.pid, addr: pageAddress(vma, page.index), vma });
        }
      }
    }
    return found;
  }
}

/** A session for a text of a kind; of maps and smaps, one that starts with their areas. */
async function read(text: string, kind: TextKind): Promise<{ session: ScriptSession; dump: DumpReading | null }> {
  if (kind !== 'maps' && kind !== 'smaps') return { session: await openScript(text, { kind }), dump: null };
  const dump = await readDump(text);
  const header = dump.dumps[0]?.header;
  if (header === undefined) {
    const expected = `no line of this is one of /proc/PID/${kind}`;
    throw new ScriptError([{ line: 1, column: 1, found: '', expected, message: `line 1: ${expected}` }]);
  }
  return { session: await openScript(header, { kind: 'script' }), dump };
}

/** The address of a page of an area, hexadecimal. */
export function pageAddress(vma: VmaView, index: number): string {
  return (BigInt(`0x${vma.start}`) + BigInt(index) * 4096n).toString(16);
}

/** A length in pages as people read it. */
export function size(pages: number | bigint): string {
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let value = Number(pages) * 4;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value >= 100 ? Math.round(value) : Math.round(value * 10) / 10} ${units[unit]}`;
}
