/** The page as one thing: the model, what is open around it, and everything that can be done. Draws through `draw`. */
import type { TextKind } from '../../lib/index.ts';
import { EXAMPLES } from '../examples.ts';
import { Keep, type Kept } from '../keep.ts';
import { type LinkState, decode, encode } from '../link.ts';
import * as branching from '../model/branches.ts';
import { asLines } from '../model/lines.ts';
import { MOST_LINE, longestLine } from '../worker/width.ts';
import type { Comparison } from '../model/compare.ts';
import { Model } from '../model/model.ts';
import { orLater } from '../interface/later.ts';
import { over } from '../model/tracks.ts';
import { saveText } from '../interface/open/files.ts';
import { words } from '../texts/page.ts';
import { Client, CannotDo } from '../worker/client.ts';
import type { FirstStep } from '../interface/story/pf-story.ts';
import { firstStepOf } from '../model/lines.ts';
import type { Areas, At, DumpChanges, Find, Opened, Place, ProcessInfo, Tracks, Want } from '../worker/protocol.ts';
import type { InspectorTab } from '../interface/events.ts';
import type { Reply as CommandReply } from '../interface/console/console.ts';
import type { FrameDetail } from '../../lib/index.ts';

export const DOCK_TABS = ['story', 'ram', 'counters', 'compare', 'verdict', 'branches'] as const;
export type DockTab = (typeof DOCK_TABS)[number];

/** What each tab of the inspector asks of the worker. */
const WANTS: Readonly<Record<InspectorTab, readonly Want[]>> = {
  area: ['neighbours', 'smaps'], walk: ['tables'], frame: [], bytes: ['bytes'], tlb: ['tlb'], cache: ['cache', 'meminfo'], maps: [], smaps: [],
};

export class Page {
  readonly model: Model;
  /** Versions of the text. */
  tree: branching.Branches = branching.plant('', words.trunk);
  /** What changed since the moment that was marked. */
  comparison: Comparison | null = null;
  /** Between two dumps. */
  dumpChanges: DumpChanges | null = null;
  readonly keep = new Keep();
  tab: InspectorTab = 'walk';
  dock: DockTab = 'story';
  /** On a phone: details in the sheet, the story at full height. */
  isSheetOpen = false;
  isDockOpen = false;
  isConsoleOpen = false;
  /** Steps a second; 0 is paused. */
  speed = 0;
  /** The speed chosen for playing. */
  playSpeed = 4;
  toast = '';
  /** Texts of /proc of the selected process, while their tabs are open. */
  proc: { readonly pid: number; readonly maps: string | null; readonly smaps: string | null } | null = null;
  /** Told when the text itself was replaced: the editor takes it. */
  onText: (text: string) => void = () => undefined;
  onLine: (line: number) => void = () => undefined;
  readonly #draw: () => void;
  readonly #small = matchMedia('(max-width: 900px), (max-height: 760px)');
  readonly #texts = new Once<At | null, ReadonlyMap<string, string>>();
  readonly #lines = new Once<string, readonly string[]>();
  readonly #names = new Once<readonly ProcessInfo[] | null, Readonly<Record<number, string>>>();
  readonly #first = new Once<Opened, FirstStep>();
  readonly #areas = new Once<At | null, Readonly<Record<number, Areas>>>();
  #toastTimer = 0;
  #playTimer = 0;
  /** A link is being opened. */
  #isFollowing = false;
  #tabChosen = false;
  #wasUnread = false;

  /** `draw`: something may have changed; `progress`: only how far a long way has come; `hover`: only what is pointed at. */
  get isSmall(): boolean {
    return this.#small.matches;
  }

  constructor(draw: () => void, progress: () => void, hover: () => void) {
    this.#draw = draw;
    this.#small.addEventListener('change', draw);
    this.model = new Model((heard) => new Client(heard), (event) => (event === 'state' ? this.#changed() : event === 'progress' ? progress() : hover()));
    this.model.see('story', ['explanation', 'verdict']);
    this.model.see('inspector', WANTS[this.tab]);
  }

  #changed(): void {
    void this.#readProc();
    if (this.dock === 'counters') void this.model.readPss();
    this.#compared();
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
    if (this.#isTooWide(given)) return;
    const first = maps.trim() === '' ? '' : `@log yes\n${(await this.model.ask<string>({ of: 'firstMaps', text: maps })) ?? ''}\n`;
    this.#keepOwn();
    await this.#show(first + asLines(given), { origin, position: 'before the end' });
    if (origin) this.say(origin);
    this.#keepOwn();
  }

  /** A line that no editor can show is said, not taken. */
  #isTooWide(text: string): boolean {
    const longest = longestLine(text);
    if (longest > MOST_LINE) this.say(words.longLine(Math.round(longest / (1 << 20))));
    return longest > MOST_LINE;
  }

  /** The address says a state that is not shown any more: it says nothing now. */
  #forgetLink(): void {
    if (location.hash !== '' && !this.#isFollowing) history.replaceState(null, '', location.pathname + location.search);
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
    this.#forgetLink();
    const { model } = this;
    model.exampleId = how.exampleId ?? '';
    model.origin = how.origin ?? '';
    this.#tabChosen = false;
    this.onText(text);
    await model.setText(text, how.position ?? 0, how.kind ?? null);
    this.tree = branching.plant(text, words.trunk);
    this.comparison = this.dumpChanges = null;
    this.#settle(true);
    this.#draw();
  }

  /** What a text says that cannot be read, or is a dump, is told below at once; when it can be read, the story is back. */
  #settle(isOther: boolean): void {
    const { model } = this;
    const isUnread = model.opened === null && model.errors.length > 0;
    if (model.opened?.dump || isUnread) this.showDock('verdict');
    else if (this.dock === 'verdict' && model.errors.length === 0 && (isOther || this.#wasUnread)) this.showDock('story');
    this.#wasUnread = isUnread;
  }

  /** The text in the editor is another one than what is known. */
  edited(): void {
    this.model.edited();
  }

  async changed(text: string): Promise<void> {
    if (text === this.model.text && this.model.isFresh) return;
    this.pause();
    this.#forgetLink();
    this.model.exampleId = '';
    this.#branch(text);
    await this.model.edit(text);
    this.#settle(false);
    this.#keepOwn();
    this.#draw();
  }

  readAs(kind: TextKind): void {
    void this.model.readAs(kind).then(() => this.#settle(true));
  }

  /** What is typed on the console: a call that runs now, or a question. */
  async command(line: string): Promise<CommandReply> {
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
    const hadFuture = model.position < model.length;
    const from = model.position;
    const typed = await model.typed(line);
    if ('why' in typed) return { ok: false, reason: typed.why, ...(typed.mistake && { mistake: typed.mistake }) };
    model.exampleId = '';
    this.#forgetLink();
    this.onText(typed.text);
    this.#branch(typed.text, from, hadFuture);
    this.#keepOwn();
    const { last } = model.at!;
    return { ok: true, text: last ? [last.result && `= ${last.result}`, last.why].filter(Boolean).join('\n') : '' };
  }

  /** The text above the place where a call would run. */
  readonly textAbove = (): string => {
    const { text, opened, position } = this.model;
    const line = opened?.lines[position - 1] ?? 0;
    let at = 0;
    for (let i = 0; i < line && at >= 0; i++) at = text.indexOf('\n', at) + 1 || text.length;
    return text.slice(0, at);
  };

  /** An edit at a moment that has steps behind it starts a branch there. */
  #branch(text: string, position = this.model.position, hasFuture = position > 0 && position < this.model.history.length): void {
    this.tree = branching.edit(this.tree, { text, position, hasFuture, name: words.branch(this.tree.branches.length) });
  }

  /** Goes to a branch, or back and forth in it. */
  #toTree(tree: branching.Branches): void {
    if (tree === this.tree) return;
    const isOther = tree.current !== this.tree.current;
    this.tree = tree;
    const text = branching.textOf(tree);
    this.model.exampleId = '';
    this.#forgetLink();
    this.onText(text);
    void this.model.setText(text, isOther ? branching.branch(tree).position : this.model.position, this.model.chosen).then(() => this.#keepOwn());
  }

  toBranch(id: number): void {
    this.#toTree(branching.go(this.tree, id, this.model.position));
  }

  removeBranch(id: number): void {
    const tree = branching.remove(this.tree, id);
    if (tree.current === this.tree.current) this.tree = tree;
    else this.#toTree(tree);
    this.#draw();
  }

  renameBranch(id: number, name: string): void {
    this.tree = branching.rename(this.tree, id, name);
    this.#draw();
  }

  get canUndo(): boolean {
    return branching.canUndo(this.tree);
  }

  get canRedo(): boolean {
    return branching.canRedo(this.tree);
  }

  undo(): void {
    this.#toTree(branching.undo(this.tree));
  }

  redo(): void {
    this.#toTree(branching.redo(this.tree));
  }

  #keepOwn(): void {
    const { model } = this;
    if (model.exampleId !== '' || model.text === '') return;
    const outcome = this.keep.write({ text: model.text, position: model.position, kind: model.chosen });
    if (outcome === 'full' || outcome === 'long') this.say(words.notKept[outcome]);
  }

  /** The page is left: what is in the editor may be newer than what is known. */
  leave(text: string): void {
    const { model } = this;
    if (text === model.text) return this.#keepOwn();
    this.keep.write({ text, position: model.position, kind: model.chosen });
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
    this.go(this.model.heading + by);
  }

  /** To the next statement of this process, past what a line repeats and what others do. */
  stepOver(): void {
    this.go(over(this.model.position, this.model.opened?.lines ?? new Uint32Array(), this.model.history.tracks));
  }

  async find(what: Find, back: boolean): Promise<void> {
    this.pause();
    if (!(await this.model.find(what, back))) this.say(words.noneFound(what, back));
  }

  play(speed: number): void {
    this.pause();
    this.speed = this.playSpeed = speed;
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
    if (dock === 'counters') void this.model.readPss();
    this.#compared();
    this.#draw();
  }

  /** What the picture was clicked on: on a phone its details come up. */
  choose(place: Place): void {
    this.select(place, place.pfn !== null ? 'frame' : undefined);
    this.sheet(matchMedia('(max-width: 900px)').matches);
  }

  /** The sheet of details on a phone. */
  sheet(isOpen: boolean): void {
    this.isSheetOpen = isOpen;
    this.#draw();
  }

  openDock(isOpen: boolean): void {
    this.isDockOpen = isOpen;
    this.#draw();
  }

  openConsole(isOpen: boolean): void {
    this.isConsoleOpen = isOpen;
    this.#draw();
  }

  /** To a line of the text, and to its step if it makes one. */
  toLine(line: number): void {
    this.onLine(line);
    const step = this.model.opened?.dump ? null : this.model.stepOf(line);
    if (step !== null) this.go(step + 1);
  }

  processNames(): Readonly<Record<number, string>> {
    return this.#names.of(this.model.at?.processes ?? null, (processes) => Object.fromEntries((processes ?? []).map(({ pid, name }) => [pid, name])));
  }

  /** The areas of the processes that are drawn: the story names places by them. */
  areasByProcess(): Readonly<Record<number, Areas>> {
    return this.#areas.of(this.model.at, (at) => Object.fromEntries((at?.lanes ?? []).flatMap(({ pid, areas }) => (areas ? [[pid, areas]] : []))));
  }

  /** Whose a frame is, and how often it is mapped. */
  readonly ownerOf = async (pfn: number): Promise<string | null> => {
    const frame = await this.model.ask<FrameDetail>({ of: 'frame', pfn });
    return frame && words.frameOwner(frame.owner, frame.mappers.map(({ pid, addr }) => `${this.processNames()[pid] ?? ''} ${pid} at ${addr}`.trim()));
  };

  /** What written pages begin with, by process and page. */
  texts(): ReadonlyMap<string, string> {
    return this.#texts.of(this.model.at, (at) => new Map((at?.lanes ?? []).flatMap(({ pid, texts }) => texts.map(([page, text]) => [`${pid}:${page}`, text] as const))));
  }

  /** The line of the last step, as it stands in the text. */
  source(): string {
    const line = this.model.at?.last?.line;
    return line === undefined || this.model.opened?.dump ? '' : (this.#lines.of(this.model.text, (text) => text.split('\n'))[line - 1] ?? '');
  }

  /** What the first step will run, while nothing has run. */
  firstStep(): FirstStep | null {
    const { opened, position, text, doing } = this.model;
    return doing || position > 0 || !opened || opened.dump || opened.length === 0 ? null : this.#first.of(opened, ({ lines }) => firstStepOf(text, lines[0]!));
  }

  /** This run and those under other settings. */
  runs(): readonly { readonly name: string; readonly tracks: Tracks }[] {
    return [{ name: '', tracks: this.model.history.tracks }, ...this.model.runs.map(({ title, tracks }) => ({ name: title, tracks }))];
  }

  async copyReproduction(): Promise<void> {
    const { crash } = this.model;
    if (!crash) return;
    const text = `pagefault stopped at step ${crash.position}: ${crash.message}\n${navigator.userAgent}\n\n${crash.text}`;
    try {
      await navigator.clipboard.writeText(text);
      this.say(words.copied);
    } catch {
      saveText(text, 'pagefault-crash.txt');
    }
  }

  async savePicture(of: 'svg' | 'png', svg: string): Promise<void> {
    const { pngOf, saveBlob } = await import('./picture.ts');
    if (of === 'svg') saveBlob(new Blob([svg], { type: 'image/svg+xml' }), 'memory.svg');
    else saveBlob(await pngOf(svg), 'memory.png');
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

  /** Marks this moment, forgets it, or shows what changed since. */
  async compare(what: 'a' | 'none' | 'show'): Promise<void> {
    const { model } = this;
    if (what === 'a') {
      model.mark();
      this.say(words.marked(model.position));
      return;
    }
    if (what === 'none') {
      model.unmark();
      this.comparison = null;
      this.#draw();
      return;
    }
    this.showDock('compare');
    this.#compared();
  }

  /** The comparison follows the position while it is shown. */
  #compared(): void {
    const { marked, at } = this.model;
    const isShown = marked !== null && at !== null && this.dock === 'compare';
    const model = isShown ? orLater('compare', () => { this.#compared(); this.#draw(); }) : null;
    this.comparison = isShown && model ? model.compare(marked, at) : null;
  }

  async diff(from: string, to: string): Promise<void> {
    this.dumpChanges = await this.model.ask<DumpChanges | null>({ of: 'diffDumps', from, to });
    if (!this.dumpChanges) this.say(words.noTwoDumps);
    this.#draw();
  }

  async runUnder(header: string, name: string, advice: boolean): Promise<void> {
    const why = await this.model.runUnder(name, header, advice);
    if (why) this.say(words.notRunUnder(why));
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

  async #open(state: LinkState): Promise<void> {
    if (state.text !== null && this.#isTooWide(state.text)) return this.model.text === '' ? this.openExample(EXAMPLES[0]!.id) : undefined;
    this.#isFollowing = true;
    try {
      await this.#openState(state);
    } finally {
      this.#isFollowing = false;
    }
  }

  async #openState({ example, text, position, kind, selected, tab }: LinkState): Promise<void> {
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

/** What is made of a value is made once as long as it is the same: then an element sees that nothing changed. */
class Once<V, R> {
  #of: V | undefined;
  #made: R | undefined;

  of(value: V, make: (value: V) => R): R {
    if (this.#made === undefined || value !== this.#of) {
      this.#of = value;
      this.#made = make(value);
    }
    return this.#made;
  }
}
