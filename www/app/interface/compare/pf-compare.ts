/** Two moments beside each other: what is added, gone, or other than before. */
import { type TemplateResult, html, nothing } from 'lit';
import { define } from '../define.ts';
import type { ProcessInfo } from '../../worker/protocol.ts';
import type { AreaChange, Comparison, CounterChange, Mark, Note, PageChange } from '../../model/compare.ts';
import { CELL_WORDS } from '../../texts/bits.ts';
import { details } from '../../texts/details.ts';
import { panels } from '../../texts/panels.ts';
import { Panel, data } from '../panel.ts';
import { explained, unbroken } from '../term/term.ts';
import './pf-compare.css';

const t = details.compare;
const MOST = 100;

export class PfCompare extends Panel {
  static override properties = { ...data('comparison', 'processes'), most: { state: true } };
  declare comparison: Comparison | null;
  declare processes: readonly Pick<ProcessInfo, 'pid' | 'name'>[];
  declare most: Readonly<Record<string, number>>;

  constructor() {
    super();
    this.comparison = null;
    this.processes = [];
    this.most = {};
  }

  override render(): TemplateResult {
    const { comparison } = this;
    if (!comparison) return html`<div class="pf-panel">${this.quiet(t.none)}<p><button type="button" class="pf-small" @click=${() => this.raise('compare', { what: 'a' })}>${panels.time.setA}</button></p></div>`;
    const { from, to, processes, areas, pages, counters } = comparison;
    const isEqual = processes.length + areas.length + pages.length + counters.length === 0;
    return html`<div class="pf-panel pf-compare">
      <h3>${t.title(from, to)}</h3>
      <p class="pf-ways">${this.step(from, t.goA)} ${this.step(to, t.goB)} ${isEqual ? nothing : this.#sums([...processes, ...areas, ...pages])}</p>
      ${isEqual ? html`<p class="pf-empty">${from === to ? t.same : t.equal}</p>` : nothing}
      ${this.#list('processes', processes, (one) => html`<tr><td>${mark(one.mark)}</td><th scope="row" colspan="3">${panels.process(one.pid, one.name)}</th></tr>`, false)}
      ${this.#list('areas', areas, this.#area)}
      ${this.#list('pages', pages, this.#page)}
      ${pages.length > 0 ? this.quiet(t.onlySeen) : nothing}
      ${this.#list('counters', counters, this.#counter)}
    </div>`;
  }

  /** Of all that is listed with a mark. */
  #sums(all: readonly { readonly mark: Mark }[]): TemplateResult {
    return html`${(['+', '−', '~'] as const).map((of) => {
      const count = all.filter(({ mark: own }) => own === of).length;
      return count === 0 ? nothing : html`<span class="pf-chip">${count} ${t.marks[of]}</span> `;
    })}`;
  }

  #list<T>(name: 'processes' | 'areas' | 'pages' | 'counters', all: readonly T[], row: (one: T) => TemplateResult, withHead = true): TemplateResult | typeof nothing {
    if (all.length === 0) return nothing;
    const most = this.most[name] ?? MOST;
    // Above numbers a title stands as they do.
    const side = name === 'counters' ? 'pf-n' : '';
    return html`<h4>${t[name]} <span class="pf-side">${panels.number(all.length)}</span></h4><div class="pf-scroll"><table class="pf-table ${name}">
      ${withHead ? html`<thead><tr><th scope="col"><span class="hidden">${t.what}</span></th><th scope="col">${t.where}</th><th scope="col" class=${side}>${t.before}</th><th scope="col" class=${side}>${t.after}</th></tr></thead>` : nothing}
      <tbody>${all.slice(0, most).map(row)}</tbody></table></div>
      ${all.length > most ? html`<button type="button" class="pf-small" @click=${() => (this.most = { ...this.most, [name]: most * 4 })}>${panels.more(all.length - most)}</button>` : nothing}`;
  }

  #name(pid: number): string {
    return panels.process(pid, this.processes.find((process) => process.pid === pid)?.name ?? '');
  }

  #area = ({ mark: of, pid, start, end, name, perms, fields }: AreaChange): TemplateResult => {
    const range = html`${of === '−' ? html`<code>${start}–${end}</code>` : this.link({ pid, addr: start, pfn: null }, `${start}–${end}`, 'area')}<span class="pf-quiet">${unbroken(perms)} ${name || t.anonymous} · ${this.#name(pid)}</span>`;
    if (fields.length === 0) return html`<tr class=${CLASSES[of]}><td>${mark(of)}</td><th scope="row">${range}</th><td>${of === '−' ? html`<code>${unbroken(perms)}</code>` : '–'}</td><td>${of === '+' ? html`<code>${unbroken(perms)}</code>` : '–'}</td></tr>`;
    return html`<tr class=${CLASSES[of]}><td>${mark(of)}</td><th scope="row">${range}</th>
      <td>${fields.map(({ field, from }) => html`<div><span class="pf-quiet">${t.fields[field]}</span> <code>${unbroken(from)}</code></div>`)}</td><td>${fields.map(({ field, to }) => html`<div><span class="hidden">${t.fields[field]}</span><code>${unbroken(to)}</code></div>`)}</td></tr>`;
  };

  #page = ({ mark: of, pid, addr, from, to, fromFrame, toFrame, fromNotes, toNotes }: PageChange): TemplateResult => {
    const side = (cell: number | null, frame: number | null, notes: readonly Note[]) => (cell === null ? html`<span class="pf-quiet">${t.absent}</span>` : html`${[CELL_WORDS[cell], ...notes.map((note) => t.notes[note])].join(', ')}${frame === null ? nothing : html`<span class="pf-quiet">${t.frame(frame)}</span>`}`);
    return html`<tr class=${CLASSES[of]}><td>${mark(of)}</td><th scope="row">${this.link({ pid, addr, pfn: null }, addr, 'walk')}<span class="pf-quiet">${this.#name(pid)}</span></th><td>${side(from, fromFrame, fromNotes)}</td><td>${side(to, toFrame, toNotes)}</td></tr>`;
  };

  #counter = ({ pid, counter, from, to }: CounterChange): TemplateResult => {
    const by = (to ?? 0) - (from ?? 0);
    return html`<tr><td class=${by > 0 ? 'pf-up' : 'pf-down'}>${by > 0 ? '↑' : '↓'}</td><th scope="row">${explained(t.counterNames[counter])}<span class="pf-quiet">${pid === null ? t.machine : this.#name(pid)}</span></th>
      <td class="pf-n">${from === null ? '–' : panels.number(from)}</td><td class="pf-n">${to === null ? '–' : panels.number(to)}${from !== null && to !== null ? html`<span class="pf-quiet">${by > 0 ? '+' : '−'}${panels.number(Math.abs(by))}</span>` : nothing}</td></tr>`;
  };
}

const CLASSES = { '+': 'added', '−': 'removed', '~': 'changed' } as const;
const mark = (of: Mark) => html`<b class="pf-mark ${CLASSES[of]}" aria-label=${t.marks[of]} title=${t.marks[of]}>${of}</b>`;

define('pf-compare', PfCompare);
