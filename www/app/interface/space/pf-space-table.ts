/** `<pf-space-table>`: the areas of a process as a grid of at most 60 rows that are used again: the twin of the drawing. */
import { type PropertyValues, type TemplateResult, html, nothing } from 'lit';
import { define } from '../define.ts';
import { areaAt, NO_AREAS } from '../../scene/layout.ts';
import { UNITS, type Units, addressText, pageAddr, pageOf, pagesText, permsText } from '../../scene/units.ts';
import { AREA_FLAG, type Areas, type Place, type ProcessInfo } from '../../worker/protocol.ts';
import { TurnElement } from '../turns.ts';
import { panels } from '../../texts/panels.ts';
import { pictures } from '../../texts/pictures.ts';
import './tokens.css';
import './pf-space-table.css';

const ROW = 26;
const POOL = 60;
/** Entries of the menu of processes. */
const MOST_PROCESSES = 200;
const COLUMNS = pictures.table.columns;
/** Browsers end at about 2^25 pixels. */
const MOST_HEIGHT = 16_000_000;

export class PfSpaceTable extends TurnElement {
  static override properties = { areas: { attribute: false }, pid: { attribute: false }, processes: { attribute: false }, selected: { attribute: false }, pointed: { attribute: false }, touched: { attribute: false }, units: { attribute: false }, lowFirst: { attribute: false }, first: { state: true } };

  declare areas: Areas;
  declare pid: number;
  /** Those that live: another one can be chosen. */
  declare processes: readonly Pick<ProcessInfo, 'pid' | 'name'>[];
  declare selected: Place | null;
  declare pointed: Place | null;
  declare touched: Place | null;
  declare units: Units;
  declare lowFirst: boolean;
  declare private first: number;
  /** The row and column that Tab comes back to. */
  private row = 0;
  private column = 0;

  constructor() {
    super();
    this.areas = NO_AREAS;
    this.pid = 0;
    this.processes = [];
    this.selected = null;
    this.pointed = null;
    this.touched = null;
    this.units = UNITS;
    this.lowFirst = false;
    this.first = 0;
  }

  private area(row: number): number {
    return this.lowFirst ? row : this.areas.count - 1 - row;
  }

  private rowOf(place: Place | null): number {
    if (!place || place.pid !== this.pid) return -1;
    const area = areaAt(this.areas, pageOf(place.addr));
    return area < 0 ? -1 : this.area(area);
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has('selected') && !changed.has('areas') && !changed.has('lowFirst')) return;
    this.row = Math.max(0, Math.min(this.row, this.areas.count - 1));
    const row = this.rowOf(this.selected);
    if (row >= 0 && (changed.has('selected') || changed.has('lowFirst'))) {
      this.row = row;
      this.firstFor(row);
    }
    this.first = Math.max(0, Math.min(this.first, this.areas.count - POOL));
  }

  private firstFor(row: number): void {
    if (row < this.first + 2 || row >= this.first + POOL - 2) this.first = Math.max(0, Math.min(row - (POOL >> 1), this.areas.count - POOL));
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has('selected') && this.rowOf(this.selected) >= 0) this.scrollTo2(this.row);
  }

  private get pitch(): number {
    return Math.min(ROW, MOST_HEIGHT / Math.max(1, this.areas.count));
  }

  private scrollTo2(row: number): void {
    const box = this.querySelector('.pf-areas-grid');
    if (!box) return;
    const top = row * this.pitch;
    if (top < box.scrollTop || top > box.scrollTop + box.clientHeight - 3 * ROW) box.scrollTop = Math.max(0, top - box.clientHeight / 3);
  }

  private readonly scrolled = (event: Event): void => {
    const box = event.target as HTMLElement;
    const row = Math.floor(box.scrollTop / this.pitch);
    const shown = Math.ceil(box.clientHeight / ROW);
    if (row < this.first || row + shown > this.first + POOL) this.first = Math.max(0, Math.min(row - ((POOL - shown) >> 1), this.areas.count - POOL));
  };

  private readonly keyed = (event: KeyboardEvent): void => {
    const rows: Record<string, number> = { ArrowUp: -1, ArrowDown: 1, PageUp: -15, PageDown: 15 };
    let [row, column] = [this.row, this.column];
    if (event.altKey || event.metaKey) return;
    if (rows[event.key] !== undefined) row += rows[event.key]!;
    else if (event.key === 'ArrowLeft') column--;
    else if (event.key === 'ArrowRight') column++;
    else if (event.key === 'Home') [row, column] = event.ctrlKey ? [0, 0] : [row, 0];
    else if (event.key === 'End') [row, column] = event.ctrlKey ? [this.areas.count - 1, column] : [row, COLUMNS.length - 1];
    else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      this.choose(this.row);
      return;
    } else return;
    event.preventDefault();
    this.row = Math.max(0, Math.min(this.areas.count - 1, row));
    this.column = Math.max(0, Math.min(COLUMNS.length - 1, column));
    this.firstFor(this.row);
    this.requestUpdate();
    void this.updateComplete.then(() => {
      this.scrollTo2(this.row);
      this.querySelector<HTMLElement>('[role=gridcell][tabindex="0"]')?.focus({ preventScroll: true });
    });
  };

  private choose(row: number): void {
    const area = this.area(row);
    if (area < 0 || area >= this.areas.count) return;
    this.dispatchEvent(new CustomEvent('select', { detail: { pid: this.pid, addr: pageAddr(this.areas.start[area]!), pfn: null } }));
  }

  protected override render(): TemplateResult {
    const { areas, first } = this;
    const count = Math.min(POOL, areas.count - first);
    const selected = this.rowOf(this.selected);
    const touched = this.rowOf(this.touched);
    const pointed = this.rowOf(this.pointed);
    if (this.row < first || this.row >= first + count) this.row = first;
    // Rows keep their place among the elements by number modulo the pool: only those that wrapped change.
    const rows = Array.from({ length: count }, (_, slot) => first + ((((slot - first) % POOL) + POOL) % POOL)).filter((row) => row < areas.count);
    return html`${this.whose()}<div class="pf-areas-grid" style="--range:${this.widest()}ch" role="grid" aria-label=${pictures.table.label(this.pid)} tabindex=${areas.count === 0 ? 0 : -1} aria-rowcount=${areas.count + 1} aria-colcount=${COLUMNS.length} @scroll=${this.scrolled} @keydown=${this.keyed}>
      <div role="row" aria-rowindex="1" class="head">${COLUMNS.map((name, i) => html`<span role="columnheader" aria-colindex=${i + 1}>${name}</span>`)}</div>
      <div class="body" role="rowgroup" style="height:${areas.count * this.pitch}px">
        ${rows.map((row) => {
          const at = this.area(row);
          return html`<div role="row" aria-rowindex=${row + 2} aria-selected=${row === selected} class="${row === selected ? 'on' : row === touched ? 'touched' : ''} ${row === pointed ? 'pointed' : ''}"
            style="transform:translateY(${first * this.pitch + (row - first) * ROW}px)" @click=${() => { this.row = row; this.choose(row); }}>
            ${this.cells(at, row === touched).map((text, i) => html`<span role="gridcell" aria-colindex=${i + 1} tabindex=${row === this.row && i === this.column ? 0 : -1}>${text}</span>`)}
          </div>`;
        })}
      </div>
    </div>`;
  }

  /** Whose areas these are, and those of which other process could stand here. */
  private whose(): TemplateResult {
    const { pid, processes } = this;
    const nameOf = (one: Pick<ProcessInfo, 'pid' | 'name'>): string => panels.process(one.pid, one.name);
    const chosen = ({ target }: Event): void => void this.dispatchEvent(new CustomEvent('process', { detail: { pid: Number((target as HTMLSelectElement).value) } }));
    const [only] = processes;
    if (processes.length < 2) return html`<p class="pf-whose">${only ? pictures.table.areasOf(nameOf(only)) : nothing}</p>`;
    return html`<label class="pf-whose">${pictures.table.areasOf('')}<select @change=${chosen}>${processes.slice(0, MOST_PROCESSES).map((one) => html`<option value=${one.pid} ?selected=${one.pid === pid}>${nameOf(one)}</option>`)}</select></label>`;
  }

  /** Letters of the longest range: its numbers are the largest. */
  private widest(): number {
    const { areas: { count } } = this;
    return count === 0 ? 0 : this.range(count - 1).length;
  }

  private range(i: number): string {
    const { areas, units } = this;
    return `${addressText(areas.start[i]!, units)}-${addressText(areas.start[i]! + areas.pages[i]!, units)}`;
  }

  private cells(i: number, isTouched: boolean): string[] {
    const { areas, units } = this;
    const flags = Object.entries(AREA_FLAG).filter(([, bit]) => areas.flags[i]! & bit).map(([name]) => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`));
    return [
      this.range(i), `${areas.names[areas.name[i]!] || 'anonymous'}${isTouched ? ' (touched)' : ''}`, permsText(areas.perms[i]!),
      pagesText(areas.pages[i]!, units), areas.present[i] === 0 ? '–' : pagesText(areas.present[i]!, units), flags.join(', ') || '–',
    ];
  }
}

define('pf-space-table', PfSpaceTable);

declare global {
  interface HTMLElementTagNameMap { 'pf-space-table': PfSpaceTable }
}
