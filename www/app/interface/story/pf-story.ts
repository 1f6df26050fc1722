/** What the last step did: in a sentence, as the call that strace would print, as the kernel's call tree, as changes and numbers, as a price. */
import { type PropertyValues, type TemplateResult, html, nothing } from 'lit';
import { define } from '../define.ts';
import type { Change, Explanation, StepReport, TreeLine } from '../../../lib/index.ts';
import type { Areas, ProcessInfo, Told, Tracks } from '../../worker/protocol.ts';
import { costOf, roughly } from '../../model/cost.ts';
import { type Delta, NO_TRACKS, deltas } from '../../model/tracks.ts';
import { PRICES } from '../../texts/costs.ts';
import type { TermId } from '../../texts/glossary.ts';
import { panels } from '../../texts/panels.ts';
import { orLater } from '../later.ts';
import { Panel, breakable, data } from '../panel.ts';
import { explained, term, unbroken } from '../term/term.ts';
import './pf-story.css';

const t = panels.story;
/** The words of counters, in the glossary. */
const COUNTERS = { faults: 'pf', rss: 'rss', childRss: 'rss', tables: 'table', free: 'frame', tlbFills: 'tlb', tlbHits: 'tlb' } as const;
/** Lines drawn until more are asked for, and how many more are asked for at once. */
const MOST = 200;
/** Lines that one update adds: a long tree is there at once as far as it is seen, and grows in later turns. */
const GROWTH = 40;
const MARK = { '+': 'added', '−': 'removed', '~': 'changed' } as const;

/** The line that the first step runs, and what the text says of itself. */
export interface FirstStep {
  readonly line: number;
  readonly text: string;
  readonly about: string;
}

interface Node {
  readonly line: TreeLine;
  readonly below: Node[];
}

export class PfStory extends Panel {
  static override properties = {
    ...data('first', 'isRunning', 'explanation', 'last', 'source', 'processes', 'areas', 'tracks', 'position', 'levels', 'parts'), withPassed: { state: true }, withWords: { state: true }, mostLines: { state: true }, grown: { state: true }, mostChanges: { state: true }, told: { state: true }, folded: { state: true }, active: { state: true },
  };
  /** What the first step will be; null where there is none. */
  declare first: FirstStep | null;
  /** Steps are being run just now. */
  declare isRunning: boolean;
  declare explanation: Told | null;
  declare last: StepReport | null;
  /** The line of the text that the step is; its own expectations are not shown. */
  declare source: string;
  declare processes: readonly Pick<ProcessInfo, 'pid' | 'name'>[];
  /** Areas by process, to name the places of changes. */
  declare areas: Readonly<Record<number, Areas>>;
  declare tracks: Tracks;
  declare position: number;
  /** Of the page tables. */
  declare levels: 4 | 5;
  /** Which columns are drawn: a page may show them apart. */
  declare parts: readonly ('sentence' | 'tree' | 'changes')[];
  declare withPassed: boolean;
  declare withWords: boolean;
  declare mostLines: number;
  /** How far the tree has grown. */
  declare grown: number;
  declare mostChanges: number;
  /** Functions of which the sentence was asked for. */
  declare told: ReadonlySet<string>;
  /** Functions whose inside is not shown, and the one that has the focus: by their places in the tree. */
  declare folded: ReadonlySet<string>;
  declare active: string;

  constructor() {
    super();
    this.first = null;
    this.isRunning = false;
    this.explanation = null;
    this.last = null;
    this.source = '';
    this.processes = [];
    this.areas = {};
    this.tracks = NO_TRACKS;
    this.position = 0;
    this.levels = 4;
    this.parts = ['sentence', 'tree', 'changes'];
    this.withPassed = false;
    this.withWords = false;
    this.mostLines = MOST;
    this.grown = GROWTH;
    this.mostChanges = MOST;
    this.told = new Set();
    this.folded = new Set();
    this.active = '0';
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('explanation')) return;
    this.folded = new Set();
    this.active = '0';
    this.mostLines = this.mostChanges = MOST;
    this.grown = GROWTH;
  }

  protected override updated(): void {
    if (this.explanation && this.grown < Math.min(this.mostLines, this.explanation.tree.length)) this.grown += GROWTH;
  }

  override render(): TemplateResult {
    const { explanation, last } = this;
    if (!explanation || !last) return this.#start();
    return html`<div class="pf-panel pf-story">
      ${this.parts.includes('sentence') ? this.#sentence(explanation, last) : nothing}
      ${this.parts.includes('tree') ? this.#tree(explanation) : nothing}
      ${this.parts.includes('changes') ? this.#changes(explanation) : nothing}
    </div>`;
  }

  /** Before the first step: what to do, what there is to see, and what else. */
  #start(): TemplateResult {
    const { first } = this;
    if (!first) return html`<div class="pf-panel pf-story"><section><h2 class="pf-h">${t.title}</h2><p class="pf-sentence">${this.isRunning ? t.running : t.nothing}</p></section></div>`;
    const list = (rows: readonly (readonly [string, string])[], tag: 'b' | 'kbd') => html`<ul>${rows.map(([name, words]) => html`<li><span>${tag === 'b' ? html`<b>${name}</b>` : html`<kbd>${name}</kbd>`}</span><span>${words}</span></li>`)}</ul>`;
    return html`<div class="pf-panel pf-story pf-start">
      <section class="pf-what"><h2 class="pf-h">${t.start}</h2>
        ${first.about ? html`<p class="pf-sentence">${first.about}</p>` : nothing}
        <p><button type="button" class="primary" data-act="first" @click=${() => this.raise('go', { position: 1 })}>${t.firstStep(first.line)}</button></p>
        <p class="pf-quiet">${t.firstRuns}</p><p class="pf-next">${first.text}</p></section>
      <section class="pf-how"><h2 class="pf-h">${t.see}</h2>${list(t.seen, 'b')}</section>
      <section class="pf-changed"><h2 class="pf-h">${t.keys}</h2>${list(t.keyRows, 'kbd')}<p class="pf-quiet">${t.privacy}</p></section>
    </div>`;
  }

  #name(pid: number): string {
    return panels.process(pid, this.processes.find((process) => process.pid === pid)?.name ?? '');
  }

  #sentence(told: Told, last: StepReport): TemplateResult {
    const { step } = told;
    const died = step.facts.find((fact) => fact.kind === 'processEnded' && fact.pid === step.pid && fact.signal !== null);
    const isFatal = step.signal !== null && step.ending === 'signal' && died !== undefined;
    return html`<section class="pf-what" aria-live="polite">
      <h2 class="pf-h">${t.title} <span class="pf-side">${this.#name(step.pid)}</span></h2>
      <p class="pf-call"><code>${callOf(this.source) || last.call}${outcome(last)}</code></p>
      ${last.elsewhere.map(([recorded, ours]) => html`<p class="pf-elsewhere">${t.elsewhere(html`<code>0x${recorded}</code>`, this.link({ pid: step.pid, addr: ours, pfn: null }, html`0x${ours}`))}</p>`)}
      <p class="pf-sentence">${explained(told.sentence)}</p>
      ${isFatal ? html`<p class="pf-note pf-fatal"><b>${t.fatal}</b> ${t.fatalWords(this.#name(step.pid))}</p>` : nothing}
      ${this.#refusal(told)}
      ${last.differences.map((difference) => html`<p class="pf-difference ${difference.excuse ? '' : 'pf-bad'}">${t.difference(difference.field)} <code>${difference.expected}</code>, ${t.is} <code>${difference.found}</code>${difference.excuse ? ` (${difference.excuse})` : ''}${difference.cause ? `; ${difference.cause}` : ''}</p>`)}
      ${last.assumed ? this.quiet(t.assumed(last.assumed)) : nothing}
    </section>`;
  }

  /** The error number or signal with its name, its reason, and the rule of the manual page. */
  #refusal({ step, tree }: Explanation): TemplateResult | typeof nothing {
    const { errno, signal, why, call } = step;
    if (errno === null && signal === null) return nothing;
    // What was not run was not refused either.
    if (signal?.name === 'SIGKILL' && tree.length === 0) return nothing;
    const isSignal = errno === null;
    const deciding = tree.findLast(({ kind, check }) => kind === (isSignal ? 'signal' : 'check') && check !== null);
    // Its texts come a moment later than the rest.
    const texts = orLater('rules', () => this.requestUpdate());
    if (!texts) return nothing;
    const { ERRNOS, SIGNALS } = texts;
    const rule = texts.ruleOf(call, deciding?.check?.name ?? null, isSignal);
    const [number, words] = errno === null ? [null, ''] : (ERRNOS[errno] ?? [null, '']);
    return html`<dl class="pf-fields pf-refusal">
      <div><dt>${isSignal ? t.signal : t.errno}</dt><dd>${isSignal ? html`<b>${signal!.name}</b> <code>${signal!.code}</code> <p>${SIGNALS[`${signal!.name} ${signal!.code}`] ?? SIGNALS[signal!.code] ?? ''}</p>` : html`<b>${errno}</b>${number === null ? nothing : html` <span class="pf-quiet">${number} · ${words}</span>`}`}</dd></div>
      ${why ? html`<div><dt>${t.reason}</dt><dd>${explained(why)}</dd></div>` : nothing}
      <div><dt>${t.rule}</dt><dd>${explained(rule.rule)} <p><code>${rule.page}</code>, ${rule.section}</p></dd></div>
    </dl>`;
  }

  #tree(told: Told): TemplateResult {
    const passed = told.tree.filter(({ kind }) => kind === 'passed').length;
    const all = withUntold(told);
    const lines = this.withPassed ? all : all.filter(({ kind }) => kind !== 'passed');
    const check = (label: string, value: boolean, set: (on: boolean) => void, id?: TermId) => html`<label class="pf-check" data-term=${id ?? nothing}><input type="checkbox" .checked=${value} @change=${(event: Event) => set((event.target as HTMLInputElement).checked)}>${label}</label>`;
    return html`<section class="pf-how">
      <h2 class="pf-h">${t.how} ${told.tree.length === 0 ? nothing : html`<span class="pf-side">${check(t.explain, this.withWords, (on) => (this.withWords = on))} ${passed > 0 ? check(t.passed(passed), this.withPassed, (on) => (this.withPassed = on), 'checks') : nothing}</span>`}</h2>
      ${told.tree.length === 0 ? this.quiet(told.step.accessed && told.step.ending !== 'skipped' ? t.noTree : '') : this.#nodes(nested(lines.slice(0, Math.min(this.mostLines, this.grown))))}
      ${lines.length > this.mostLines ? html`<button type="button" class="pf-small" @click=${() => (this.mostLines += MOST)}>${t.moreLines(Math.min(MOST, lines.length - this.mostLines), lines.length - this.mostLines)}</button>` : nothing}
      ${told.dropped > 0 ? this.quiet(t.dropped(told.dropped)) : nothing}
    </section>`;
  }

  /** The tree is one stop of the Tab key: arrows move in it, Enter says what a function does. */
  #nodes(top: readonly Node[]): TemplateResult {
    const key = (event: KeyboardEvent) => {
      const seen = visible(top, this.folded);
      const at = Math.max(0, seen.findIndex(({ id }) => id === this.active));
      const { id, node } = seen[at]!;
      const isFolded = this.folded.has(id);
      let to = at;
      switch (event.key) {
        case 'ArrowDown': to = Math.min(at + 1, seen.length - 1); break;
        case 'ArrowUp': to = Math.max(at - 1, 0); break;
        case 'Home': to = 0; break;
        case 'End': to = seen.length - 1; break;
        case 'ArrowRight':
          if (isFolded) this.#fold(id);
          else if (node.below.length > 0) to = at + 1;
          break;
        case 'ArrowLeft':
          if (node.below.length > 0 && !isFolded) this.#fold(id);
          else to = Math.max(0, seen.findIndex((one) => one.id === id.slice(0, Math.max(0, id.lastIndexOf('.')))));
          break;
        case 'Enter': case ' ': this.#tell(node.line); break;
        default: return;
      }
      event.preventDefault();
      this.active = seen[to]!.id;
      void this.updateComplete.then(() => this.querySelector<HTMLElement>(`.pf-tree [data-id="${this.active}"]`)?.focus());
    };
    return html`<ul class="pf-tree" role="tree" aria-label=${t.tree} @keydown=${key}>${top.map((node, i) => this.#node(node, String(i)))}</ul>`;
  }

  #fold(id: string): void {
    const folded = new Set(this.folded);
    if (!folded.delete(id)) folded.add(id);
    this.folded = folded;
  }

  #tell({ kind, text }: TreeLine): void {
    if (kind !== 'call') return;
    const told = new Set(this.told);
    if (!told.delete(text)) told.add(text);
    this.told = told;
  }

  #node({ line, below }: Node, id: string): TemplateResult {
    const hasMore = below.length > 0;
    const isOpen = !this.folded.has(id);
    const click = () => {
      this.active = id;
      this.#tell(line);
    };
    const fold = (event: Event) => {
      event.stopPropagation();
      this.active = id;
      this.#fold(id);
    };
    return html`<li role="treeitem" class="k-${line.kind} ${hasMore ? '' : 'leaf'}" data-id=${id} tabindex=${id === this.active ? 0 : -1} aria-expanded=${hasMore ? isOpen : nothing} aria-selected=${id === this.active}>
      <div class="pf-tree-row ${line.kind === 'call' ? 'can' : ''}" @click=${click}>${hasMore ? html`<span class="pf-fold" aria-hidden="true" @click=${fold}>${isOpen ? '▾' : '▸'}</span>` : nothing}${this.#line(line)}</div>
      ${hasMore && isOpen ? html`<ul role="group">${below.map((node, i) => this.#node(node, `${id}.${i}`))}</ul>` : nothing}</li>`;
  }

  #line({ kind, text, note }: TreeLine): TemplateResult {
    const noted = note ? html` <span class="pf-tree-note">${unbroken(note)}</span>` : nothing;
    if (kind !== 'call') return html`<code>${unbroken(text)}</code>${noted}`;
    const texts = orLater('functions', () => this.requestUpdate());
    const known = texts?.functionText(text) ?? null;
    const isTold = this.withWords || this.told.has(text);
    return html`<code class="pf-fn" title=${known?.sentence ?? (texts ? t.unknownFunction : '')}>${text.length > SHORT_NAME ? breakable(text) : text}</code>${noted}
      ${isTold ? html`<span class="pf-fn-words">${known ? html`${known.sentence} <span class="pf-quiet">${known.file}</span>` : t.unknownFunction}</span>` : nothing}`;
  }

  #changes(told: Told): TemplateResult {
    const { changes } = told;
    let pid: number | null | undefined;
    const shown = changes.slice(0, this.mostChanges);
    const several = new Set(changes.map((change) => change.pid)).size > 1;
    return html`<section class="pf-changed">
      <h2 class="pf-h">${t.changed}</h2>
      ${changes.length === 0 ? this.quiet(t.unchanged) : html`<ol class="pf-changes">${shown.map((change) => {
        const isNew = several && change.pid !== pid;
        pid = change.pid;
        return html`${isNew ? html`<li class="pf-who">${change.pid === null ? t.machine : this.#name(change.pid)}</li>` : nothing}${this.#change(change)}`;
      })}</ol>`}
      ${changes.length > shown.length ? html`<button type="button" class="pf-small" @click=${() => (this.mostChanges += MOST)}>${t.moreLines(Math.min(MOST, changes.length - shown.length), changes.length - shown.length)}</button>` : nothing}
      ${told.untold?.changes ? this.quiet(t.untoldChanges(told.untold.changes)) : nothing}
      ${this.#numbers()}
      ${this.#cost(told)}
    </section>`;
  }

  #change({ mark, text, pid, fact }: Change): TemplateResult {
    const addr = 'addr' in fact ? fact.addr : 'at' in fact ? fact.at.start : 'into' in fact && 'start' in fact.into ? fact.into.start : 'to' in fact && typeof fact.to === 'object' && fact.to !== null && 'start' in fact.to ? fact.to.start : null;
    const name = pid !== null && addr !== null && fact.kind.startsWith('page') ? areaName(this.areas[pid], addr) : null;
    return html`<li class=${MARK[mark]}><b aria-label=${mark === '+' ? t.made : mark === '−' ? t.gone : t.other}>${mark}</b>
      <span>${pid !== null && addr !== null && mark !== '−' ? this.link({ pid, addr, pfn: null }, unbroken(text)) : html`<code>${unbroken(text)}</code>`}${name ? html` <span class="pf-quiet">${name}</span>` : nothing}${fact.kind === 'tlbFlushed' && this.#isSwitch ? html` <span class="pf-quiet">${t.switched}</span>` : nothing}</span></li>`;
  }

  /** Another process ran the step before. */
  get #isSwitch(): boolean {
    const i = this.position - 1 - this.tracks.from;
    return i > 0 && this.tracks.pid[i] !== this.tracks.pid[i - 1];
  }

  /** The counters before and after. */
  #numbers(): TemplateResult | typeof nothing {
    const all = deltas(this.tracks, this.position);
    if (all.length === 0) return nothing;
    const value = ({ counter }: Delta, count: number | null) => (count === null ? '–' : counter === 'rss' || counter === 'childRss' ? t.kib(count) : panels.number(count));
    return html`<h4>${t.counters}</h4><dl class="pf-fields pf-numbers">${all.map((delta) => html`<div><dt>${term(COUNTERS[delta.counter], t.counter[delta.counter])}</dt><dd>${delta.counter === 'faults' ? panels.number(delta.to) : html`<span>${value(delta, delta.from)}</span> → <b>${value(delta, delta.to)}</b>`}</dd></div>`)}</dl>`;
  }

  #cost(told: Told): TemplateResult {
    const cost = costOf(told, this.levels, this.#isSwitch);
    if (cost.lines.length === 0) return html`<h4>${t.cost}</h4><p class="pf-quiet">${t.free}</p>`;
    return html`<h4>${t.cost}</h4>
      <details class="pf-cost"><summary><b>${t.time(roughly(cost.nanoseconds))}</b> <span class="pf-quiet">${t.cycles(Number(cost.cycles.toPrecision(2)))}</span></summary>
        <table class="pf-table"><tbody>${cost.lines.map(({ price, count, cycles }) => html`<tr><th scope="row">${count > 1 ? `${t.times(count)} ` : ''}${PRICES[price].what}<span class="pf-quiet">${PRICES[price].source}</span></th><td class="pf-n">${panels.number(cycles)}</td></tr>`)}</tbody></table>
      </details>
      <p class="pf-quiet pf-cost-note">${t.costNote}</p>`;
  }
}

/** What is not folded away, from top to bottom. */
function visible(nodes: readonly Node[], folded: ReadonlySet<string>, above = ''): { id: string; node: Node }[] {
  return nodes.flatMap((node, i) => {
    const id = `${above}${i}`;
    return [{ id, node }, ...(folded.has(id) ? [] : visible(node.below, folded, `${id}.`))];
  });
}

/** What came of it, as strace prints it; of a call that was left out why. */
function outcome({ kind, call, result, why }: StepReport): TemplateResult | typeof nothing {
  if (kind === 'skipped') return html` <b class="skipped">${t.skipped(why ?? '')}</b>`;
  // A handler is no call, and who exits never returns.
  if (call === 'on') return nothing;
  return result ? html` <b class=${kind}>= ${call === 'exit' || call === 'exit_group' ? '?' : result}</b>` : nothing;
}

/** A line of a script without the result that it expects: `load(a, 5) = "x"` is `load(a, 5)`. */
const callOf = (line: string): string => line.slice(0, line.lastIndexOf(')') + 1).trim();

/** The tree, with a line where lines were left out. */
function withUntold({ tree, untold }: Told): readonly TreeLine[] {
  if (!untold?.lines) return tree;
  const gap: TreeLine = { depth: 0, kind: 'note', text: t.untoldLines(untold.lines), note: '', check: null };
  return [...tree.slice(0, untold.from), gap, ...tree.slice(untold.from)];
}

/** Names up to this length are not worth a break. */
const SHORT_NAME = 28;

/** Lines with a depth as a tree. */
function nested(lines: readonly TreeLine[]): Node[] {
  const top: Node[] = [];
  const open: Node[] = [];
  for (const line of lines) {
    const node = { line, below: [] };
    open.length = Math.min(open.length, line.depth);
    (open.at(-1)?.below ?? top).push(node);
    if (line.kind === 'call') {
      while (open.length < line.depth && open.length > 0) open.push(open.at(-1)!);
      open.push(node);
    }
  }
  return top;
}

/** The name of the area that holds an address; null if there is none. */
function areaName(areas: Areas | undefined, addr: string): string | null {
  if (!areas) return null;
  const page = Number(BigInt(`0x${addr}`) >> 12n);
  let [low, high] = [0, areas.count - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (page < areas.start[middle]!) high = middle - 1;
    else if (page >= areas.start[middle]! + areas.pages[middle]!) low = middle + 1;
    else return areas.names[areas.name[middle]!] || t.anonymous;
  }
  return null;
}

define('pf-story', PfStory);
