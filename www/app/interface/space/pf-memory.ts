/** `<pf-memory>`: address spaces, RAM between them, lines from pages to their frame, minimap, legend and the table, put together. */
import { LitElement, type PropertyValues, type TemplateResult, html, nothing } from 'lit';
import { define } from '../define.ts';
import { Painter } from '../../scene/canvas.ts';
import type { HeatMap } from '../../scene/heat.ts';
import { NO_AREAS, areaAt } from '../../scene/layout.ts';
import { type Tie, drawTies } from '../../scene/ties.ts';
import { CELLS, FRAMES, lookOfPage } from '../../scene/theme.ts';
import { UNITS, pageOf } from '../../scene/units.ts';
import { frameOf, lookedFrame } from '../../model/frame.ts';
import type { Comparison } from '../../model/compare.ts';
import type { Untouched } from '../../model/untouched.ts';
import { AREA_FLAG, type Areas, type At, CELL, type Place } from '../../worker/protocol.ts';
import { later } from '../later.ts';
import { inNextFrame } from '../turns.ts';
import './pf-legend.ts';
import type { PfRam } from './pf-ram.ts';
import type { PfSpace, SpaceLook, SpaceView } from './pf-space.ts';
import './pf-space.ts';
import { displayScale, fitCanvas } from './surface.ts';
import './pf-memory.css';

/** What the host is asked to put into its look. */
export interface MemoryLook extends SpaceLook { readonly frames: boolean }

/** With less than this there is room for the address space only. */
const LEAST_WIDTH = 640;
const LEAST_HEIGHT = 300;

export class PfMemory extends LitElement {
  static override properties = {
    at: { attribute: false }, selected: { attribute: false }, pointed: { attribute: false }, heat: { attribute: false }, texts: { attribute: false }, untouched: { attribute: false }, comparison: { attribute: false }, ownerOf: { attribute: false },
    view: { state: true }, only: { state: true }, width: { state: true }, height: { state: true }, isTable: { state: true }, listed: { state: true }, tied: { state: true },
  };

  declare at: At | null;
  declare selected: Place | null;
  /** What is pointed at, here or in another view: its page, its area and its frame are lit. */
  declare pointed: Place | null;
  declare heat: ReadonlyMap<number, HeatMap> | null;
  declare texts: ReadonlyMap<string, string>;
  /** With the moment that is compared with; its changes are marked. */
  declare comparison: Comparison | null;
  /** Why nothing may be in RAM. */
  declare untouched: Untouched;
  declare ownerOf: ((pfn: number) => Promise<string | null>) | null;
  declare private view: SpaceView | null;
  declare private only: ReadonlySet<string> | null;
  declare private width: number;
  declare private height: number;
  declare private isTable: boolean;
  /** The process that was chosen for the table; null: that of the picture. */
  declare private listed: number | null;
  /** The frame that lines lead to: of the page that is pointed at, selected, or else touched. */
  declare private tied: number | null;

  private readonly painter = new Painter();
  private cancel: (() => void) | null = null;
  private readonly observer = new ResizeObserver(() => ([this.width, this.height] = [this.clientWidth, this.clientHeight]));

  constructor() {
    super();
    this.at = null;
    this.selected = null;
    this.pointed = null;
    this.heat = null;
    this.texts = new Map();
    this.untouched = null;
    this.comparison = null;
    this.ownerOf = null;
    this.view = null;
    this.only = null;
    this.width = 0;
    this.height = 0;
    this.isTable = false;
    this.listed = null;
    this.tied = null;
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.observer.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.observer.disconnect();
    this.cancel?.();
    this.cancel = null;
  }

  get space(): PfSpace {
    return this.querySelector('pf-space')!;
  }
  get frames(): PfRam | null {
    return this.querySelector('pf-ram');
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('at') || changed.has('selected') || changed.has('pointed')) this.tied = frameOf(this.at, this.pointed) ?? lookedFrame(this.at, this.selected);
  }

  /** In little room the address space has all of it; RAM has a tab of its own. */
  private get isSmall(): boolean {
    return this.width < LEAST_WIDTH || this.height < LEAST_HEIGHT;
  }

  /** Room for RAM between the lanes; 0: it is not here. */
  private get room(): number {
    if (this.isSmall) return 0;
    const lanes = this.at?.processes.filter(({ ended }) => ended === null).length ?? 1;
    if (this.width >= 1000) return 210;
    return lanes > 1 ? 130 : 160;
  }

  protected override render(): TemplateResult {
    const { at, view, selected, only } = this;
    const touched = at?.touched ?? null;
    const pid = view?.pid ?? 0;
    const page = (place: Place | null): number | null => (place && place.pid === pid ? pageOf(place.addr) : null);
    if (this.room) void later('pf-ram');
    if (view) void later('pf-minimap');
    if (this.isTable) void later('pf-space-table');
    const table = this.table;
    const ram = html`<pf-ram .ram=${at?.ram ?? null} .selected=${this.tied} .touched=${frameOf(at, touched)} .only=${only} .ownerOf=${this.ownerOf} @drawn=${this.tie}
      @select=${(event: CustomEvent<{ pfn: number }>) => this.chooseFrame(event.detail.pfn)} @hover=${(event: CustomEvent<{ pfn: number } | null>) => this.pointFrame(event.detail?.pfn ?? null)}></pf-ram>`;
    return html`
      <div class="pf-pictures ${this.isSmall ? 'pf-small-room' : ''} ${this.isTable ? 'pf-as-table' : ''}">
        <pf-space .at=${at} .selected=${selected} .lit=${this.pointed} .frame=${this.tied} .heat=${this.heat} .only=${only} .texts=${this.texts} .comparison=${this.comparison} .slotWidth=${this.isTable ? 0 : this.room} .isDump=${this.untouched === 'dump'}
          @look=${(event: CustomEvent<SpaceLook>) => this.dispatchEvent(new CustomEvent<MemoryLook>('look', { detail: { ...event.detail, frames: true } }))}
          @view=${(event: CustomEvent<SpaceView>) => (this.view = event.detail)} @options=${(event: CustomEvent<{ isTable?: boolean }>) => this.turn(event.detail)}
          @select=${this.again} @hover=${this.again} @range=${this.again} @drawn=${this.placeRam}></pf-space>
        ${this.room ? ram : nothing}
        <pf-space-table class=${this.isTable ? '' : 'pf-hidden'} .areas=${table.areas} .pid=${table.pid} .processes=${this.alive} @process=${(event: CustomEvent<{ pid: number }>) => this.list(event.detail.pid)} .selected=${selected} .pointed=${this.pointed} .touched=${touched} .units=${view?.units ?? UNITS} .lowFirst=${view?.lowFirst ?? false} @select=${this.again}></pf-space-table>
        <canvas class="pf-ties" aria-hidden="true"></canvas>
      </div>
      ${at && view ? html`<pf-minimap .areas=${view.areas} .seen=${view} .touched=${page(touched)} .selected=${page(selected)} .pointed=${page(this.pointed)} .lowFirst=${view.lowFirst} .units=${view.units}
        @hover=${(event: CustomEvent<{ page: number | null }>) => this.pointPage(pid, event.detail.page)} @move=${(event: CustomEvent<{ page: number }>) => this.space.moveTo(event.detail.page)}></pf-minimap>` : nothing}
      <pf-legend .only=${only} .comparedWith=${this.comparison?.from ?? null} .untouched=${this.untouched} .shown=${this.kinds()} @filter=${(event: CustomEvent<{ only: ReadonlySet<string> | null }>) => (this.only = event.detail.only)}></pf-legend>`;
  }

  private get alive(): At['processes'] {
    return this.at?.processes.filter(({ ended }) => ended === null) ?? [];
  }

  /** What the table shows: the process that was chosen for it, as soon as its areas are here; else that of the picture. */
  private get table(): { readonly pid: number; readonly areas: Areas } {
    const { at, view, listed } = this;
    const own = this.alive.some(({ pid }) => pid === listed) ? at?.lanes.find(({ pid }) => pid === listed)?.areas : null;
    return own ? { pid: listed!, areas: own } : { pid: view?.pid ?? 0, areas: (at && view?.areas) ?? NO_AREAS };
  }

  /** What has no lane in the picture gets one: its areas come with it. */
  private list(pid: number): void {
    this.listed = pid;
    if (!this.at?.lanes.some((lane) => lane.pid === pid)) this.space.viewport.pin(pid);
  }

  /** Whenever the table is shown or put away, it is again of the process of the picture. */
  private turn({ isTable = this.isTable }: { isTable?: boolean }): void {
    if (isTable !== this.isTable) this.listed = null;
    this.isTable = isTable;
  }

  /** Events of the parts are the events of the whole; a field's own `select` is none of them. */
  private readonly again = (event: Event): void => {
    if (!(event instanceof CustomEvent)) return;
    this.dispatchEvent(new CustomEvent<unknown>(event.type, { detail: event.detail }));
  };

  /** A frame that is pointed at lights the pages that map it. */
  pointFrame(pfn: number | null): void {
    const place = pfn === null ? null : this.space.placesOf(pfn)[0];
    this.pointPage(place?.pid ?? 0, place?.page ?? null);
  }

  private pointPage(pid: number, page: number | null): void {
    this.dispatchEvent(new CustomEvent('hover', { detail: page === null ? null : { pid, addr: (page * 4096).toString(16) } }));
  }

  /** A frame is chosen with a page that maps it, if one is in sight. */
  chooseFrame(pfn: number): void {
    const place = this.space.placesOf(pfn)[0];
    const pid = place?.pid ?? this.selected?.pid ?? this.view?.pid ?? 1;
    this.dispatchEvent(new CustomEvent('select', { detail: { pid, addr: place ? (place.page * 4096).toString(16) : (this.selected?.addr ?? '0'), pfn, isFrame: true } }));
  }

  private known: { at: At | null; kinds: ReadonlySet<string> | null } = { at: null, kinds: null };

  /** Kinds there are, so that the legend has no more than that. */
  private kinds(): ReadonlySet<string> | null {
    if (!this.at) return null;
    if (this.known.at === this.at) return this.known.kinds;
    const kinds = new Set(['absent', 'anon', 'file', 'free', 'table', 'kernel']);
    const seen = new Set<number>();
    for (const frame of this.at.ram.frames ?? []) seen.add(frame);
    for (const frame of seen) kinds.add(FRAMES[frame]!.id);
    for (const lane of this.at.lanes) {
      if (lane.areas?.flags.some((flags) => (flags & AREA_FLAG.assumed) !== 0)) kinds.add('assumed');
      for (const cell of lane.strips?.cells ?? []) kinds.add(CELLS[cell & 15]!.id);
      for (const { page, cells } of lane.cells) cells.forEach((cell, i) => kinds.add(lookOfPage(cell, permsAt(lane.areas, page + i, cell)).id));
    }
    this.known = { at: this.at, kinds };
    return kinds;
  }

  private readonly placeRam = (): void => {
    const { frames, space } = this;
    const slot = space.slotBox;
    if (frames) {
      if (slot && this.room) {
        const box = space.querySelector<HTMLElement>('.pf-space-box')!;
        Object.assign(frames.style, { left: `${slot.x}px`, top: `${box.offsetTop - space.offsetTop}px`, width: `${slot.w}px`, height: `${box.clientHeight}px` });
      } else frames.removeAttribute('style');
    }
    this.tie();
  };

  /** Lines from every page of the frame in sight. */
  private readonly tie = (): void => {
    this.cancel ??= inNextFrame(() => {
      this.cancel = null;
      const canvas = this.querySelector<HTMLCanvasElement>('.pf-ties');
      if (!canvas) return;
      const origin = canvas.getBoundingClientRect();
      const scale = displayScale();
      fitCanvas(canvas, origin, scale);
      const pfn = this.tied;
      const to = pfn === null || this.isTable || !this.room ? null : (this.frames?.placeOf(pfn) ?? null);
      const main = this.selected ?? this.at?.touched ?? null;
      const local = (box: DOMRect): DOMRect => new DOMRect(box.x - origin.x, box.y - origin.y, box.width, box.height);
      const sized = (box: DOMRect): { x: number; y: number; w: number; h: number } => ({ x: box.x, y: box.y, w: box.width, h: box.height });
      const ties: Tie[] = to === null || pfn === null ? [] : this.space.placesOf(pfn)
        .filter(({ box, lane }) => box.y + box.height > lane.y && box.y < lane.y + lane.height)
        .map(({ pid, page, box, lane }) => ({ from: sized(local(box)), to: sized(local(to)), lane: sized(local(lane)), isMain: main !== null && main.pid === pid && pageOf(main.addr) === page }));
      const view = { x: 0, y: 0, w: origin.width, h: origin.height };
      this.painter.paint(canvas.getContext('2d')!, { width: origin.width, height: origin.height, label: '', shapes: drawTies(ties, view) }, this.space.colours(), scale);
    });
  };
}

/** Permissions around a page, where what it looks like depends on them. */
function permsAt(areas: Areas | null, page: number, cell: number): number {
  return areas && (cell & 15) === CELL.anon ? (areas.perms[areaAt(areas, page)] ?? 0) : 0;
}

define('pf-memory', PfMemory);

declare global {
  interface HTMLElementTagNameMap { 'pf-memory': PfMemory }
}
