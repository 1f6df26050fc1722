/** Counters over time as small charts on one axis; several runs of one text, under other settings, as lines in each. */
import { type PropertyValues, type TemplateResult, html, nothing } from 'lit';
import { define } from '../define.ts';
import type { ProcessInfo, PssOverTime, Ran, Tracks } from '../../worker/protocol.ts';
import { bytesWords } from '../../model/entry.ts';
import { pidsOf } from '../../model/counts.ts';
import { type Line, type Series, lineOf, pssValues, stepsOf, valuesOf } from '../../model/tracks.ts';
import { details } from '../../texts/details.ts';
import { panels } from '../../texts/panels.ts';
import { drawChart } from '../../scene/chart.ts';
import { Panel, data } from '../panel.ts';
import '../picture.ts';
import { term } from '../term/term.ts';
import './pf-charts.css';

const t = details.charts;
const ALL: readonly Series[] = ['rss', 'pss', 'faults', 'tables', 'free', 'tlbRate'];
/** Their words in the glossary. */
const SERIES = { rss: 'rss', pss: 'pss', faults: 'pf', tables: 'table', free: 'frame', tlbRate: 'tlb' } as const;
const HEIGHT = 60;
/** Processes that have a line of their own in one chart. */
const MOST_LINES = 5;
/** Rows of the table twin. */
const ROWS = 24;

export interface Run {
  readonly name: string;
  readonly tracks: Tracks;
  /** How it went, under other settings; null for the text as it is written. */
  readonly ran: Ran | null;
}

interface Drawn {
  /** How it is drawn: a run, or a process of the only one. */
  readonly look: number;
  /** What it is, where there are several. */
  readonly name: string;
  readonly run: number;
  readonly line: Line;
  readonly values: Float64Array;
}

export class PfCharts extends Panel {
  static override properties = { ...data('runs', 'position', 'length', 'processes', 'pss'), pid: { state: true }, width: { state: true }, pointed: { state: true }, wrong: { state: true }, off: { state: true } };
  /** The first one is the text as it is written. */
  declare runs: readonly Run[];
  declare position: number;
  declare length: number;
  declare processes: readonly ProcessInfo[];
  /** Of the text as it is written; null before it was counted. */
  declare pss: PssOverTime | null;
  /** Whose resident memory and faults; null: all. */
  declare pid: number | null;
  declare width: number;
  declare pointed: number | null;
  declare wrong: string;
  /** Runs that are not drawn, by name. */
  declare off: ReadonlySet<string>;
  #drawn = new Map<string, { key: unknown[]; drawn: Drawn[] }>();
  #resized = new ResizeObserver(([entry]) => (this.width = Math.max(80, Math.floor(entry!.contentRect.width))));

  constructor() {
    super();
    this.runs = [];
    this.position = 0;
    this.length = 0;
    this.processes = [];
    this.pss = null;
    this.pid = null;
    this.width = 300;
    this.pointed = null;
    this.wrong = '';
    this.off = new Set();
  }

  protected override updated(changed: PropertyValues<this>): void {
    // How a run went is in sight when it has.
    const before = changed.get('runs');
    if (before && this.runs.length > before.length) this.querySelector('.pf-runs')?.scrollIntoView({ block: 'nearest' });
    const list = this.querySelector('.pf-chart-draw');
    if (list) this.#resized.observe(list);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resized.disconnect();
  }

  override render(): TemplateResult {
    const [own] = this.runs;
    const pids = own ? pidsOf(own.tracks) : [];
    const isEmpty = !own || stepsOf(own.tracks) === 0;
    return html`<div class="pf-panel pf-charts ${this.runs.length > 1 ? 'several' : ''}">
      <h2 class="pf-h">${t.title}
        ${pids.length > 1 ? html`<span class="pf-side"><label>${t.process} <select @change=${(event: Event) => (this.pid = Number((event.target as HTMLSelectElement).value) || null)}><option value="0">${t.all}</option>${pids.map((pid) => html`<option value=${pid} ?selected=${pid === this.pid}>${this.processes.find((one) => one.pid === pid)?.name ?? ''} ${pid}</option>`)}</select></label></span>` : nothing}</h2>
      ${this.runs.length > 1 ? this.#legend() : nothing}
      ${isEmpty ? this.quiet(t.empty) : html`<div class="pf-chart-list">${ALL.map((series) => this.#chart(series, pids))}</div>${this.#table(pids)}`}
      ${this.#whatIf()}
    </div>`;
  }

  #legend(): TemplateResult {
    return html`<ul class="pf-runs" aria-live="polite">${this.runs.map(({ name, ran }, run) => html`<li><button type="button" class="pf-small pf-run-name" aria-pressed=${!this.off.has(name)} title=${t.hide} @click=${() => this.#toggle(name)}><svg class="pf-draw" width="30" height="10" aria-hidden="true"><path class="run r${run % 5}" d="M1 5h28"/></svg>${run === 0 ? t.thisRun : name}</button>
      ${ran ? html`<span class="pf-quiet pf-went">${went(ran)}</span>` : nothing}
      ${run === 0 ? nothing : html`<button type="button" class="pf-small" aria-label=${t.drop(name)} title=${t.drop(name)} @click=${() => this.raise('drop-run', { index: run })}>✕</button>`}</li>`)}</ul>`;
  }

  #toggle(name: string): void {
    const off = new Set(this.off);
    if (!off.delete(name)) off.add(name);
    this.off = off;
  }

  /** One value a step of a series; of all processes, what each had last is added up. */
  #values(run: number, series: Series, pids: readonly number[], pid: number | null): Float64Array {
    const { tracks, ran } = this.runs[run]!;
    if (series === 'pss') {
      const pss = ran ? ran.pss : this.pss;
      return pss ? pssValues(pss, pid) : new Float64Array();
    }
    if (series !== 'rss' || pid !== null || pids.length <= 1) return valuesOf(tracks, series, series === 'rss' || series === 'faults' ? pid ?? (series === 'rss' ? (pids[0] ?? null) : null) : null);
    const place = new Map(pidsOf(tracks).map((pid, at) => [pid, at]));
    const last = new Float64Array(place.size + 1);
    const values = new Float64Array(tracks.rss.length);
    let [sum, acting, at] = [0, -1, 0];
    for (let i = 0; i < values.length; i++) {
      if (tracks.pid[i] !== acting) {
        acting = tracks.pid[i]!;
        at = place.get(acting) ?? place.size;
      }
      const rss = tracks.rss[i]!;
      sum += rss - last[at]!;
      last[at] = rss;
      const child = tracks.child[i] === 0 ? undefined : place.get(tracks.child[i]!);
      if (child !== undefined) {
        sum += tracks.childRss[i]! - last[child]!;
        last[child] = tracks.childRss[i]!;
      }
      values[i] = sum;
    }
    return values;
  }

  #lines(series: Series, pids: readonly number[]): Drawn[] {
    const key = [this.runs, this.pss, this.pid, this.width, this.length, this.off];
    const kept = this.#drawn.get(series);
    if (kept?.key.every((part, i) => part === key[i])) return kept.drawn;
    const length = Math.max(this.length, ...this.runs.map(({ tracks }) => stepsOf(tracks)));
    const line = (values: Float64Array) => ({ values, line: lineOf(values, length, Math.floor(this.width)) });
    // Of the only run each process has its own line where that says something; else each run has one.
    const each = this.runs.length === 1 && this.pid === null && pids.length > 1 && (series === 'rss' || series === 'pss') ? pids.slice(0, MOST_LINES) : null;
    const drawn = each ? each.map((pid, look): Drawn => ({ run: 0, look, name: this.#processName(pid), ...line(this.#values(0, series, pids, pid)) }))
      : this.runs.flatMap(({ name }, run): Drawn[] => (this.off.has(name) ? [] : [{ run, look: run, name: run === 0 ? t.thisRun : name, ...line(this.#values(run, series, pids, this.pid)) }]));
    this.#drawn.set(series, { key, drawn });
    return drawn;
  }

  #chart(series: Series, pids: readonly number[]): TemplateResult {
    const drawn = this.#lines(series, pids);
    const { width, length } = this;
    if (series === 'pss' && this.pss === null) return html`<figure><figcaption><b>${t.series.pss}</b> <span class="pf-quiet">${t.counting}</span></figcaption></figure>`;
    const most = series === 'tlbRate' ? 1 : Math.max(1, ...drawn.map(({ line }) => line.most));
    // Free RAM hardly moves: its axis begins where it is least.
    const values = drawn.flatMap(({ line }) => [...line.least]).filter((value) => !Number.isNaN(value));
    const least = series === 'free' ? Math.min(...values, most) : 0;
    const range = Math.max(most - least, series === 'tlbRate' ? .001 : 1);
    const at = this.pointed ?? this.position;
    const now = (one: Drawn) => one.values[Math.min(at, one.values.length) - 1];
    const text = (one: Drawn) => (now(one) === undefined || Number.isNaN(now(one)) ? '–' : show(series, now(one)!));
    const picture = drawChart({
      width, height: HEIGHT, label: t.chartLabel(t.series[series], drawn.length), least, most: least + range, now: length === 0 ? 0 : at / length, lines: drawn,
      words: { most: show(series, most), least: least > 0 && show(series, least) !== show(series, most) ? show(series, least) : '' },
    });
    return html`<figure>
      <figcaption><b>${term(SERIES[series], t.series[series])}</b> <span class="pf-quiet">${t.words[series]}</span>
        <span class="pf-side">${drawn.map((one) => html`<span class="pf-value r${one.look % 5} ${drawn.length > 1 ? 'marked' : ''}">${drawn.length > 1 && this.runs.length === 1 ? html`<span class="pf-quiet">${one.name}</span> ` : nothing}${text(one)}</span>`)}${drawn.length === MOST_LINES && this.runs.length === 1 && pids.length > MOST_LINES ? html`<span class="pf-quiet">${t.otherLines(pids.length - MOST_LINES)}</span>` : nothing}</span></figcaption>
      <div class="pf-chart-draw" @pointermove=${this.#move} @pointerleave=${() => (this.pointed = null)} @click=${() => this.pointed !== null && this.raise('go', { position: this.pointed })}>
        <pf-picture .picture=${picture}></pf-picture>
      </div>
    </figure>`;
  }

  #processName(pid: number): string {
    return `${this.processes.find((one) => one.pid === pid)?.name ?? ''} ${pid}`.trim();
  }

  #rows(): number[] {
    const steps = Math.max(...this.runs.map(({ tracks }) => stepsOf(tracks)), 0);
    const count = Math.min(steps, ROWS);
    return [...new Set(Array.from({ length: count }, (_, i) => Math.round(((i + 1) * steps) / count)))];
  }

  #table(pids: readonly number[]): TemplateResult {
    const all = ALL.map((series) => ({ series, drawn: this.#lines(series, pids) }));
    const head = all.flatMap(({ series, drawn }) => drawn.map(({ name }) => (drawn.length === 1 && this.runs.length === 1 ? t.series[series] : `${t.series[series]} · ${name}`)));
    const cells = (position: number, format: (series: Series, value: number | undefined) => string) => all.flatMap(({ series, drawn }) => drawn.map(({ values }) => format(series, values[position - 1])));
    const csv = () => {
      const steps = Math.max(...this.runs.map(({ tracks }) => stepsOf(tracks)));
      const quote = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
      const plain = (_: Series, value: number | undefined) => (value === undefined || Number.isNaN(value) ? '' : String(Number(value.toFixed(4))));
      return [[t.step, ...head].map(quote).join(','), ...Array.from({ length: steps }, (_, i) => [i + 1, ...cells(i + 1, plain)].join(','))].join('\n');
    };
    return html`<details class="pf-twin"><summary>${t.table}</summary><div class="pf-scroll" tabindex="0" role="region" aria-label=${t.table}><table class="pf-table">
      <thead><tr><th scope="col">${t.step}</th>${head.map((title) => html`<th scope="col" class="pf-n">${title}</th>`)}</tr></thead>
      <tbody>${this.#rows().map((position) => html`<tr><th scope="row">${this.step(position, panels.number(position))}</th>${cells(position, (series, value) => (value === undefined || Number.isNaN(value) ? '–' : show(series, value))).map((cell) => html`<td class="pf-n">${cell}</td>`)}</tr>`)}</tbody>
    </table></div>${this.copy(csv, t.csv)}</details>`;
  }

  #move = (event: PointerEvent): void => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    this.pointed = Math.max(0, Math.min(this.length, Math.round(((event.clientX - box.left) / box.width) * this.length)));
  };

  /* ---------------------------------------------------------------- what if */

  #whatIf(): TemplateResult {
    const option = (value: string, words: string) => html`<option value=${value}>${words}</option>`;
    return html`<details class="pf-whatif"><summary>${t.whatIf}</summary><p class="pf-quiet">${t.whatIfWords}</p>
      <form @submit=${this.#submit} @input=${() => (this.wrong = '')}>
        <label>${t.ram}<select name="ram">${option('', t.asIs)}${['8M', '16M', '64M', '256M', '1G', '2G'].map((size) => option(size, size.replace(/([MG])$/, ' $1iB')))}</select></label>
        <label>${t.overcommit}<select name="overcommit">${option('', t.asIs)}${[0, 1, 2].map((mode) => option(String(mode), t.overcommits[mode]!))}</select></label>
        <label>${t.mapCount}<input type="text" inputmode="numeric" name="mapCount" placeholder=${t.asIs} autocomplete="off"></label>
        <label>${t.faultAround}<select name="faultAround">${option('', t.asIs)}${[4096, 16_384, 65_536, 262_144].map((bytes) => option(String(bytes), bytesWords(bytes)))}</select></label>
        <label class="pf-check"><input type="checkbox" name="advice">${t.advice}</label>
        ${this.wrong ? html`<p class="pf-bad" role="alert">${this.wrong}</p>` : nothing}
        <button class="primary pf-run">${t.runUnder}</button>
      </form></details>`;
  }

  #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const settings = Object.fromEntries(['ram', 'overcommit', 'mapCount', 'faultAround'].map((name) => [name, String(form.get(name) ?? '').trim()]));
    const advice = form.get('advice') !== null;
    if (settings.mapCount && !/^[1-9]\d{0,9}$/.test(settings.mapCount)) this.wrong = t.badMapCount;
    else if (!advice && Object.values(settings).every((value) => value === '')) this.wrong = t.choose;
    else {
      this.wrong = '';
      this.raise('run-under', { ...underOf(settings), advice, name: [underOf(settings).name, advice ? 'MADV_FREE' : ''].filter(Boolean).join(', ') });
    }
  };
}

/** Where a run stopped, and what was refused first. */
function went({ position, length, stopped, first, notRun, isOver }: Ran): string {
  return [
    first ? (first.isCompared ? t.first : t.firstBad)(`${t.atStep(first.step + 1, first.line)}: ${first.report.call} = ${first.report.result}${first.report.why ? `: ${first.report.why}` : ''}.`) : '',
    stopped !== null ? t.stopped(position, length, stopped) : position < length ? t.stoppedAt(position, length) : t.toTheEnd(length),
    notRun > 0 ? t.notRun(notRun) : '',
    isOver ? t.nobodyLeft : '',
  ].filter(Boolean).join(' ');
}

/** Settings as lines of a header, and what the run is called. */
export function underOf({ ram, overcommit, mapCount, faultAround }: Readonly<Record<string, string>>): { header: string; name: string } {
  const lines: [string, string][] = [];
  if (ram) lines.push([`@ram ${ram}`, `${t.ram} ${ram}`]);
  if (overcommit) lines.push([`@sysctl vm.overcommit_memory ${overcommit}`, `overcommit ${overcommit}`]);
  if (mapCount) lines.push([`@sysctl vm.max_map_count ${mapCount}`, `max_map_count ${mapCount}`]);
  if (faultAround) lines.push([`@sysctl fault_around_bytes ${faultAround}`, `fault-around ${bytesWords(Number(faultAround))}`]);
  return { header: lines.map(([line]) => line).join('\n'), name: lines.map(([, name]) => name).join(', ') };
}

const show = (series: Series, value: number): string =>
  series === 'tlbRate' ? `${(value * 100).toFixed(1)} %` : series === 'faults' ? panels.number(value) : bytesWords(value * 4096);

define('pf-charts', PfCharts);
