/** The bottom for a dump: why its areas are as many as they are, and what they cost. */
import { html, type TemplateResult } from 'lit';
import type { CostColumns, CostRow, Dump, DumpReading } from '../lib/index.ts';
import { asideGroups } from './account.ts';
import type { Model } from './model.ts';
import { number, plural } from './verdict.ts';

/** Rows drawn of each table. */
const MOST = 100;

/** Audit and costs of the dump that the model shows. `build` replaces it by the calls that yield it, `line` shows one of its text. */
export function dumped(model: Model, reading: DumpReading, build: () => void, line: (line: number) => void): TemplateResult {
  const dump = reading.dumps[0]!;
  return html`
    <section class="audit" aria-label="Why the areas are as many as they are">
      <h2>Why neighbours are not one area</h2>
      <p class="sentence">${dump.summary}</p>
      ${aside(reading, line)}
      ${audit(model, dump)}
      <p><button id="build" @click=${build}>As calls that yield it</button></p>
    </section>
    <section class="costs" aria-label="What the areas cost">
      <h2>${dump.costs.counted ? 'What they cost, in kB' : 'How large they are, in kB'}</h2>
      ${costs(dump)}
    </section>`;
}

/** What of the text the picture does not have. */
function aside(reading: DumpReading, line: (line: number) => void): TemplateResult | string {
  const { dumps, setAside } = reading;
  return html`
    ${dumps.length > 1 ? html`<p class="quiet">The text has ${dumps.length} address spaces: this is the first.</p>` : ''}
    ${setAside.length > 0 ? html`<details class="aside"><summary>${plural(setAside.length, 'line')} left out</summary>${asideGroups(setAside, { line })}</details>` : ''}`;
}

function audit(model: Model, dump: Dump): TemplateResult {
  const pid = model.snapshot?.processes[0]?.pid ?? 1;
  return html`<table class="numbers">
    <thead><tr><th scope="col">Borders</th><th scope="col">Saves</th><th scope="col">What differs</th></tr></thead>
    <tbody>${dump.audit.groups.slice(0, MOST).map((group) => html`
      <tr>
        <td>${number(group.count)}</td><td>${group.saves > 0 ? number(group.saves) : '–'}</td>
        <td>${group.title} <button class="place" title="Show the first" @click=${() => model.select({ pid, addr: group.example, pfn: null }, 'vma')}>${group.example}</button>
          ${group.advice ? html`<p class="quiet">${group.advice}</p>` : ''}</td>
      </tr>`)}
    </tbody>
  </table>`;
}

const COLUMNS: readonly (readonly [keyof CostColumns, string, string])[] = [
  ['size', 'Size', 'address space'],
  ['rss', 'Rss', 'resident'],
  ['pss', 'Pss', 'resident, shared pages divided by those who share them'],
  ['uss', 'Private', 'what nobody shares'],
  ['privateDirty', 'Dirty', 'private and written'],
  ['swap', 'Swap', 'swapped out'],
  ['lazyFree', 'Lazy', 'given back with MADV_FREE'],
  ['huge', 'Huge', 'in anonymous huge pages'],
];

function costs(dump: Dump): TemplateResult {
  const { counted, total, names, kinds } = dump.costs;
  // A column of zeros says nothing.
  const shown = COLUMNS.filter(([key]) => key === 'size' || (counted && (total[key] > 0 || key === 'rss' || key === 'pss')));
  const row = (row: CostRow) => html`<tr>${shown.map(([key]) => html`<td>${number(row.costs[key])}</td>`)}<td>${number(row.areas)}</td><th scope="row" title=${row.name}>${row.name}</th></tr>`;
  const body = (title: string, rows: readonly CostRow[]) => html`<tbody>
    <tr class="group"><th scope="rowgroup" colspan=${shown.length + 2}>${title}</th></tr>
    ${rows.slice(0, MOST).map(row)}
    ${rows.length > MOST ? html`<tr><td colspan=${shown.length + 2}>and ${rows.length - MOST} more</td></tr>` : ''}
  </tbody>`;
  return html`
    ${counted ? '' : html`<p class="quiet">What is resident, only <code>smaps</code> tells.</p>`}
    <table class="numbers">
      <thead><tr>${shown.map(([, title, meaning]) => html`<th scope="col" title=${meaning}>${title}</th>`)}<th scope="col">Areas</th><th scope="col">Of</th></tr></thead>
      ${body('by kind', kinds)}
      ${body('by file', names)}
      <tbody>${row({ name: 'all', start: '', areas: dump.audit.areas, costs: total })}</tbody>
    </table>`;
}
