/** A dump of maps or smaps: why its areas are as many as they are, what they cost, what changed up to a later one. */
import { type PropertyValues, type TemplateResult, html, nothing } from 'lit';
import { define } from '../define.ts';
import type { CostColumns, CostRow, Dump, DumpReading } from '../../../lib/index.ts';
import type { DumpChanges } from '../../worker/protocol.ts';
import { details } from '../../texts/details.ts';
import { panels } from '../../texts/panels.ts';
import { Panel, data } from '../panel.ts';
import '../pf-rows.ts';
import { asideList } from './pf-account.ts';
import './pf-account.css';

const t = details.dump;
type Column = keyof CostColumns;
const COLUMNS = Object.keys(t.columns) as Column[];

export class PfDump extends Panel {
  static override properties = { ...data('reading', 'text', 'pid', 'changes', 'given'), sort: { state: true }, by: { state: true }, later: { state: true } };
  declare reading: DumpReading | null;
  /** The text that was read. */
  declare text: string;
  /** The process that stands for the first address space. */
  declare pid: number;
  /** The answer to the last `diff`. */
  declare changes: DumpChanges | null;
  /** The later dump that `changes` leads to. */
  declare given: string;
  declare sort: { readonly column: Column | 'areas' | 'name'; readonly isUp: boolean };
  declare by: 'kinds' | 'names' | 'areas';
  declare later: string;
  private isFirst = false;
  #sorted: { key: unknown[]; rows: readonly CostRow[] } | null = null;

  constructor() {
    super();
    this.reading = null;
    this.text = '';
    this.pid = 1;
    this.changes = null;
    this.given = '';
    this.sort = { column: 'rss', isUp: false };
    this.by = 'names';
    this.later = '';
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('given') && this.given !== this.later) {
      // It came with the first: then what changed is what was asked for.
      this.isFirst = this.given !== '';
      this.later = this.given;
    }
    if (changed.has('reading') && this.reading && !this.reading.dumps[0]?.costs.counted) this.sort = { column: 'size', isUp: false };
  }

  override render(): TemplateResult {
    const dump = this.reading?.dumps[0];
    if (!this.reading || !dump) return html``;
    const parts = [this.#why(this.reading, dump), this.#cost(dump), html`<section class="pf-dump-diff"><h2 class="pf-h">${t.diff}</h2>${this.#diff()}</section>`];
    return html`<div class="pf-panel pf-dump">${this.isFirst ? [parts[2], parts[0], parts[1]] : parts}</div>`;
  }

  #why(reading: DumpReading, dump: Dump): TemplateResult {
    return html`<section class="pf-audit"><h2 class="pf-h">${t.audit}</h2>
        <p class="pf-sentence">${dump.summary}</p>
        ${reading.dumps.length > 1 ? this.quiet(t.spaces(reading.dumps.length)) : nothing}
        ${this.#audit(dump)}${this.#aside(reading)}
        <p><button type="button" class="pf-small" @click=${() => this.raise('build', null)}>${t.build}</button></p></section>`;
  }

  #cost(dump: Dump): TemplateResult {
    return html`<section class="pf-dump-costs"><h2 class="pf-h">${dump.costs.counted ? t.costs : t.sizes}
        <span class="pf-side"><label>${t.by} <select @change=${(event: Event) => (this.by = (event.target as HTMLSelectElement).value as typeof this.by)}>
          ${([['names', t.byFile], ['kinds', t.byKind], ['areas', t.byArea]] as const).map(([by, words]) => html`<option value=${by} ?selected=${by === this.by}>${words}</option>`)}</select></label></span></h2>
        ${dump.costs.counted ? nothing : this.quiet(t.noCosts)}${this.#costs(dump)}</section>`;
  }

  #line = (line: number, title: string): TemplateResult => html`<button type="button" class="pf-link pf-line-link" title=${title} @click=${() => this.raise('line', { line })}>${panels.line(line)}</button>`;

  #aside({ setAside }: DumpReading): TemplateResult | typeof nothing {
    if (setAside.length === 0) return nothing;
    return html`<details class="pf-aside"><summary>${t.aside(setAside.length)}</summary>${asideList(setAside, this.#line, (count, row) => html`<pf-rows .count=${count} .rowHeight=${26} .most=${208} .label=${t.aside(count)} .row=${row}></pf-rows>`)}</details>`;
  }

  #audit({ audit }: Dump): TemplateResult {
    return html`<table class="pf-table"><thead><tr><th scope="col" class="pf-n">${t.borders}</th><th scope="col" class="pf-n">${t.saves}</th><th scope="col">${t.differs}</th></tr></thead>
      <tbody>${audit.groups.map((group) => html`<tr><td class="pf-n">${panels.number(group.count)}</td><td class="pf-n">${group.saves > 0 ? panels.number(group.saves) : '–'}</td>
        <td>${group.title} ${this.link({ pid: this.pid, addr: group.example, pfn: null }, group.example, 'area', `${t.first}: ${group.example}`)}${group.advice ? this.quiet(group.advice) : nothing}</td></tr>`)}</tbody></table>
      ${audit.guards ? this.quiet(t.guards(audit.guards.count, audit.guards.saves)) : nothing}`;
  }

  #costs({ costs, audit }: Dump): TemplateResult {
    const { counted, total } = costs;
    // A column of zeros says nothing.
    const shown = COLUMNS.filter((column) => column === 'size' || (counted && (total[column] > 0 || column === 'rss' || column === 'pss')));
    const rows = this.#rowsOf(costs[this.by]);
    const { column: sorted, isUp } = this.sort;
    const head = (column: Column | 'areas' | 'name', title: string, meaning: string, cls: string) => html`<th scope="col" class=${cls} title=${meaning} aria-sort=${sorted === column ? (isUp ? 'ascending' : 'descending') : nothing}>
      <button type="button" @click=${() => (this.sort = { column, isUp: sorted === column ? !isUp : column === 'name' })}>${title}${sorted === column ? (isUp ? ' ↑' : ' ↓') : ''}</button></th>`;
    const cells = (row: CostRow) => html`${shown.map((column) => html`<td class="pf-n">${panels.number(row.costs[column])}</td>`)}<td class="pf-n">${panels.number(row.areas)}</td>`;
    return html`<div class="pf-scroll pf-cost-table" tabindex="0" role="region" aria-label=${counted ? t.costs : t.sizes}><table class="pf-table">
      <thead><tr>${head('name', t.of, '', '')}${shown.map((column) => head(column, t.columns[column]![0]!, t.columns[column]![1]!, 'pf-n'))}${head('areas', t.areas, '', 'pf-n')}</tr></thead>
      <tbody>${rows.slice(0, 200).map((row) => html`<tr><th scope="row" title=${row.name}>${row.start ? this.link({ pid: this.pid, addr: row.start, pfn: null }, short(row.name), 'area') : short(row.name)}</th>${cells(row)}</tr>`)}
        ${rows.length > 200 ? html`<tr><td colspan=${shown.length + 2} class="pf-quiet">${panels.more(rows.length - 200)}</td></tr>` : nothing}</tbody>
      <tfoot><tr><th scope="row">${t.all}</th>${cells({ name: '', start: '', areas: audit.areas, costs: total })}</tr></tfoot></table></div>`;
  }

  #rowsOf(rows: readonly CostRow[]): readonly CostRow[] {
    const key = [rows, this.sort];
    if (this.#sorted?.key.every((part, i) => part === key[i])) return this.#sorted.rows;
    const { column, isUp } = this.sort;
    const value = (row: CostRow) => (column === 'areas' ? row.areas : column === 'name' ? 0 : row.costs[column]);
    const sorted = rows.toSorted((a, b) => (column === 'name' ? (a.name < b.name ? -1 : 1) : value(a) - value(b)) * (isUp ? 1 : -1));
    this.#sorted = { key, rows: sorted };
    return sorted;
  }

  #diff(): TemplateResult {
    const { changes } = this;
    const submit = (event: SubmitEvent) => {
      event.preventDefault();
      this.raise('diff', { from: this.text, to: this.later });
    };
    const form = html`<p class="pf-quiet">${t.diffWords}</p>
      <form @submit=${submit}><label>${t.later}<textarea rows="4" spellcheck="false" required .value=${this.later} @input=${(event: Event) => (this.later = (event.target as HTMLTextAreaElement).value)}></textarea></label><button class="pf-small">${t.find}</button></form>`;
    const found = changes === null ? nothing : html`<p class="pf-sentence">${t.calls(changes.calls.length)}. ${t.yields(changes.equal, changes.lines)}</p>
        ${changes.twoProcesses ? html`<p class="pf-note">${t.two}</p>` : nothing}
        <ol class="pf-calls">${changes.calls.slice(0, 300).map(({ call, why }) => html`<li><code>${call}</code><span class="pf-quiet">${why}</span></li>`)}</ol>
        ${changes.unexplained.length > 0 ? html`<h4>${t.unexplained}</h4><pre>${changes.unexplained.slice(0, 100).join('\n')}</pre>` : nothing}
        ${this.copy(() => changes.script, t.copyScript)}`;
    return this.isFirst ? html`${found}${form}` : html`${form}${found}`;
  }
}

/** The end of a path says more than its beginning. */
const short = (name: string) => (name.length > 34 ? `…${name.slice(-33)}` : name);

define('pf-dump', PfDump);
