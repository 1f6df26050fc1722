/** What the page knows: a script, its session, where it stands, what is selected. No drawing here. */
import {
  type DumpReading, type Explanation, type ScriptErrorPlace, ScriptError, type ScriptSession, type Snapshot, type StepReport, type Verdict,
  type VmaView, type Walk, looksLikeDump, openScript, readDump,
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

export class Model {
  text = '';
  exampleId = '';
  session: ScriptSession | null = null;
  snapshot: Snapshot | null = null;
  reports: readonly StepReport[] = [];
  lines: Uint32Array = new Uint32Array();
  verdict: Verdict | null = null;
  explanation: Explanation | null = null;
  errors: readonly ScriptErrorPlace[] = [];
  /** What the text says, if it is maps or smaps and no script. */
  dump: DumpReading | null = null;
  selection: Selection | null = null;
  tab: Tab = 'vma';
  /** What went wrong with a line typed on the console. */
  consoleError = '';
  #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get position(): number {
    return this.session?.position ?? 0;
  }

  get length(): number {
    return this.session?.length ?? 0;
  }

  /** Takes a text; goes to `position` (0 by default) if it can be parsed. The old machine stays if not. */
  async setText(text: string, position = 0): Promise<void> {
    this.text = text;
    this.consoleError = '';
    try {
      const dump = (await looksLikeDump(text)) ? await readDump(text) : null;
      const session = await openScript(dump?.dumps[0]?.header ?? text);
      this.dump = dump;
      this.session?.free();
      this.session = session;
      this.errors = [];
      this.selection = null;
      this.lines = session.lines;
      this.goTo(position);
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error;
      this.errors = error.errors;
      this.#changed();
    }
  }

  /** Goes to a position, forwards or back. */
  goTo(position: number): void {
    const session = this.session;
    if (!session) return;
    try {
      session.goTo(position);
      this.errors = [];
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error;
      this.errors = error.errors;
    }
    this.#look();
  }

  #look(): void {
    const session = this.session!;
    this.snapshot = session.snapshot();
    this.reports = session.reports();
    this.verdict = session.verdict();
    this.explanation = session.position > 0 ? session.explain(session.position - 1) : null;
    this.#follow();
    this.#changed();
  }

  /** Selects what the last step was about. */
  #follow(): void {
    const last = this.reports.at(-1);
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
    const at = this.reports.at(-1)?.line ?? 0;
    // A dump goes on as the script that starts with it.
    const lines = (this.dump?.dumps[0]?.header ?? this.text).split('\n');
    let insert = at === 0 ? lines.length : at;
    // Expectations belong to the statement above them.
    while (insert < lines.length && /^\s*[><]/.test(lines[insert]!)) insert++;
    const text = [...lines.slice(0, insert), line, ...lines.slice(insert)].join('\n');
    try {
      (await openScript(text)).free();
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error;
      this.consoleError = error.errors[0]!.message.replace(/^line \d+, /, '');
      this.#changed();
      return null;
    }
    await this.setText(text, at === 0 ? this.length + 1 : this.position + 1);
    return text;
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
