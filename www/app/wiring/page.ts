/** The page as one thing: the model, what is open around it, and everything that can be done. Draws through `draw`. */
import type { TextKind } from '../../lib/index.ts';
import { EXAMPLES } from '../examples.ts';
import { asLines } from '../incoming.ts';
import { Keep, type Kept } from '../keep.ts';
import { type LinkState, decode, encode } from '../link.ts';
import { Branches } from '../model/branches.ts';
import { Model } from '../model/model.ts';
import { words } from '../texts/page.ts';
import { Client, CannotDo } from '../worker/client.ts';
import type { Find, Place, Want } from '../worker/protocol.ts';
import type { InspectorTab } from '../interface/events.ts';

export type DockTab = 'story' | 'counters' | 'compare' | 'verdict' | 'branches';

/** What each tab of the inspector asks of the worker. */
const WANTS: Readonly<Record<InspectorTab, readonly Want[]>> = {
  area: ['neighbours', 'smaps'], walk: ['tables'], frame: [], bytes: ['bytes'], tlb: ['tlb'], cache: ['cache', 'meminfo'], maps: [], smaps: [],
};

export class Page {
  readonly model: Model;
  readonly branches = new Branches();
  readonly keep = new Keep();
  tab: InspectorTab = 'walk';
  dock: DockTab = 'story';
  /** On a phone: details in the sheet, the story at full height. */
  isSheetOpen = false;
  isDockOpen = false;
  /** Steps a second; 0 is paused. */
  speed = 0;
  toast = '';
  /** Texts of /proc of the selected process, while their tabs are open. */
  proc: { readonly pid: number; readonly maps: string | null; readonly smaps: string | null } | null = null;
  /** Told when the text itself was replaced: the editor takes it. */
  onText: (text: string) => void = () => undefined;
  readonly #draw: () => void;
  #toastTimer = 0;
  #playTimer = 0;
  #tabChosen = false;

  /** `draw`: something may have changed; `progress`: only how far a long way has come; `hover`: only what is pointed at. */
  constructor(draw: () => void, progress: () => void, hover: () => void) {
    this.#draw = draw;
    this.model = new Model((heard) => new Client(heard), (event) => (event === 'state' ? this.#changed() : event === 'progress' ? progress() : hover()));
    this.model.see('story', ['explanation', 'verdict']);
    this.model.see('inspector', WANTS[this.tab]);
  }

  #changed(): void {
    void this.#readProc();
    this.#draw();
  }

  /* ------------------------------------------------------------- texts */

  async openExample(id: string, position = 0): Promise<void> {
    const example = EXAMPLES.find((candidate) => candidate.id === id);
    if (!example) {
      this.say(words.noExample(id));
      if (this.model.text === '') await this.openExample(EXAMPLES[0]!.id);
      return;
    }
    this.#keepOwn();
    const text = await example.load();
    await this.#show(text, { exampleId: example.id, position: example.isLog && position === 0 ? 'before the end' : position });
  }

  /** The kept text of one's own. */
  async openOwn(kept: Pick<Kept, 'text' | 'position' | 'kind'> | null = this.keep.own()): Promise<void> {
    if (kept) await this.#show(kept.text, { position: kept.position, kind: kept.kind as TextKind | null });
  }

  async fresh(text: string = words.newScript): Promise<void> {
    this.#keepOwn();
    await this.#show(text, {});
  }

  /** A text from outside: all of it is run, and shown where its memory is still there. */
  async take(given: string, maps = '', origin = ''): Promise<void> {
    const first = maps.trim() === '' ? '' : `@log yes\n${(await this.model.ask<string>({ of: 'firstMaps', text: maps })) ?? ''}\n`;
    this.#keepOwn();
    await this.#show(first + asLines(given), { origin, position: 'before the end' });
    if (origin) this.say(origin);
    this.#keepOwn();
  }

  async takeFiles(files: readonly { readonly name: string; readonly bytes: Uint8Array }[]): Promise<void> {
    try {
      const incoming = await this.model.gather(files);
      if (incoming) await this.take(incoming.text, incoming.maps, incoming.origin);
    } catch (error) {
      if (!(error instanceof CannotDo)) throw error;
      this.say(error.message);
    }
  }

  async #show(text: string, how: { exampleId?: string; origin?: string; position?: number | 'before the end'; kind?: TextKind | null }): Promise<void> {
    this.pause();
    const { model } = this;
    model.exampleId = how.exampleId ?? '';
    model.origin = how.origin ?? '';
    this.#tabChosen = false;
    this.onText(text);
    await model.setText(text, how.position ?? 0, how.kind ?? null);
    this.branches.begin(text, model.position);
    if (model.opened?.dump) this.showDock('verdict');
    else if (this.dock === 'verdict' && model.errors.length === 0) this.showDock('story');
    this.#draw();
  }

  /** The text in the editor is another one than what is known. */
  edited(): void {
    this.model.edited();
  }

  async changed(text: string): Promise<void> {
    if (text === this.model.text && this.model.isFresh) return;
    this.pause();
    this.model.exampleId = '';
    await this.model.edit(text);
    this.branches.edit(text, this.model.position);
    this.#keepOwn();
    this.#draw();
  }

  readAs(kind: TextKind): void {
    void this.model.readAs(kind).then(() => this.showDock(this.model.opened?.dump ? 'verdict' : this.dock));
  }

  /** What is typed on the console: a call that runs now, or a question. */
  async command(line: string): Promise<{ readonly ok: true; readonly text: string } | { readonly ok: false; readonly reason: string }> {
    const { model } = this;
    if (/^\s*(maps|smaps|walk|explain|status|meminfo|frames|tlb)\b/.test(line)) {
      try {
        const pid = model.selection?.pid ?? model.at?.processes[0]?.pid ?? 1;
        return { ok: true, text: (await model.askOrRefuse<string>({ of: 'tell', line: line.trim(), pid })) ?? '' };
      } catch (error) {
        if (!(error instanceof CannotDo)) throw error;
        return { ok: false, reason: error.message };
      }
    }
    const typed = await model.typed(line);
    if ('why' in typed) return { ok: false, reason: typed.why };
    model.exampleId = '';
    this.onText(typed.text);
    this.branches.edit(typed.text, model.position);
    this.#keepOwn();
    const { last } = model.at!;
    return { ok: true, text: last ? [last.result && `= ${last.result}`, last.why].filter(Boolean).join('\n') : '' };
  }

  #keepOwn(): void {
    const { model } = this;
    if (model.exampleId !== '' || model.text === '') return;
    const outcome = this.keep.write({ text: model.text, position: model.position, kind: model.chosen ?? '' } as never);
    if (outcome === 'full' || outcome === 'long') this.say(words.notKept[outcome]);
  }

  /** A dump as calls, which can be stepped through. */
  async build(): Promise<void> {
    const script = await this.model.ask<string | null>({ of: 'dumpToScript', text: this.model.text });
    if (script) await this.take(script);
  }

  /* ------------------------------------------------------------- time */

  go(position: number): void {
    this.pause();
    void this.model.goTo(position);
  }

  step(by: number): void {
    this.go(this.model.position + by);
  }

  /** To the next step of the process that the last one was of: what others do in between is run through. */
  async stepOver(): Promise<void> {
    const { model } = this;
    const pid = model.at?.last?.pid ?? null;
    this.pause();
    const found = pid === null ? null : await model.ask<number | null>({ of: 'find', what: 'process', from: model.position, back: false, place: { pid, addr: '0', pfn: null } } as never);
    await model.goTo(found ?? model.position + 1);
  }

  async find(what: Find, back: boolean): Promise<void> {
    this.pause();
    if (!(await this.model.find(what, back))) this.say(words.noneFound(what, back));
  }

  play(speed: number): void {
    this.pause();
    this.speed = speed;
    const next = async () => {
      if (this.speed === 0) return;
      if (this.model.position >= this.model.length || this.model.errors.length > 0) {
        this.pause();
        this.#draw();
        return;
      }
      await this.model.goTo(this.model.position + 1);
      this.#playTimer = window.setTimeout(() => void next(), 1000 / this.speed);
    };
    void next();
    this.#draw();
  }

  pause(): void {
    clearTimeout(this.#playTimer);
    if (this.speed === 0) return;
    this.speed = 0;
    this.#draw();
  }

  /* ------------------------------------------------------------- looking */

  select(place: Place | null, tab?: InspectorTab): void {
    if (tab) this.showTab(tab);
    this.model.select(place);
  }

  showTab(tab: InspectorTab): void {
    this.#tabChosen = true;
    this.tab = tab;
    this.model.see('inspector', WANTS[tab]);
    void this.#readProc();
    this.#draw();
  }

  showDock(dock: DockTab): void {
    this.dock = dock;
    this.#draw();
  }

  /** The verdict was pressed: to the list that explains it, or back. */
  tell(): void {
    this.showDock(this.dock === 'verdict' ? 'story' : 'verdict');
    this.isDockOpen = this.dock === 'verdict';
    this.#draw();
  }

  /** The texts of /proc, when their tabs are open. */
  async #readProc(): Promise<void> {
    const { model, tab } = this;
    if (tab !== 'maps' && tab !== 'smaps') {
      this.proc = null;
      return;
    }
    const pid = model.selection?.pid ?? model.at?.processes[0]?.pid;
    if (pid === undefined || !model.at) return;
    const position = model.position;
    const text = await model.ask<string>({ of: 'tell', line: tab, pid });
    if (position !== model.position || this.tab !== tab) return;
    const proc = { pid, maps: tab === 'maps' ? text : null, smaps: tab === 'smaps' ? text : null };
    if (JSON.stringify(proc) === JSON.stringify(this.proc)) return;
    this.proc = proc;
    this.#draw();
  }

  /* ------------------------------------------------------------- links, words */

  async share(): Promise<void> {
    const { model } = this;
    const hash = await encode({
      example: model.exampleId || null, text: model.text, position: model.position, kind: model.chosen,
      selected: model.selection && { pid: model.selection.pid, addr: model.selection.addr }, tab: this.#tabChosen ? this.tab : null,
    });
    if (hash === null) {
      this.say(words.tooLong);
      return;
    }
    history.replaceState(null, '', `#${hash}`);
    try {
      await navigator.clipboard.writeText(location.href);
      this.say(words.linkCopied);
    } catch {
      this.say(words.linkInBar);
    }
  }

  /** What the address says, at the start and whenever it changes. */
  async follow(hash: string, isStart: boolean): Promise<void> {
    const decoded = await decode(hash);
    if (decoded && 'state' in decoded) return this.#open(decoded.state);
    if (decoded) this.say(decoded.why);
    if (!isStart) return;
    const kept = this.keep.own();
    if (kept && !decoded) await this.openOwn(kept);
    else await this.openExample(EXAMPLES[0]!.id);
  }

  async #open({ example, text, position, kind, selected, tab }: LinkState): Promise<void> {
    if (example !== null) await this.openExample(example, position);
    else {
      this.#keepOwn();
      await this.#show(text ?? '', { position, kind });
    }
    if (tab && tab in WANTS) this.showTab(tab as InspectorTab);
    if (selected) this.model.select({ ...selected, pfn: null });
  }

  /** Says a sentence at the bottom, for as long as it takes to read. */
  say(text: string): void {
    this.toast = text;
    this.#draw();
    clearTimeout(this.#toastTimer);
    this.#toastTimer = window.setTimeout(() => {
      this.toast = '';
      this.#draw();
    }, Math.max(4000, text.length * 70));
  }
}
