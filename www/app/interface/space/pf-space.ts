/** `<pf-space>`: address spaces on a canvas, with pointer, keys, a card of what is under them, and the way back. */
import { LitElement, type PropertyValues, type TemplateResult, html, nothing } from 'lit';
import { type View, fitRange, pan, reveal, scrollOf, zoomAbout } from '../../scene/axis.ts';
import { Painter, themeOf } from '../../scene/canvas.ts';
import { Heat, type HeatMap } from '../../scene/heat.ts';
import { Lanes, chooseLanes } from '../../scene/lanes.ts';
import { type Layout, type LayoutOptions, type Sums, areaAt, cellAt, layOut, sumsOf, withFocus } from '../../scene/layout.ts';
import type { Box, Theme } from '../../scene/shapes.ts';
import { type SpaceInput, type SpaceScene, type Spot, LANE_GAP, bodyHeight, composeSpace, locate, placeLanes } from '../../scene/space/compose.ts';
import { drawSpace } from '../../scene/space/draw.ts';
import { type Hit, bytesWanted, gaze, hitSpace, lookOf, pieceInGaze } from '../../scene/space/hit.ts';
import { CELLS, HEATS, type HeatKind } from '../../scene/theme.ts';
import { UNITS, type Units, addressText, pageAddr, pageOf, pagesText, permsText, shortName, grouped } from '../../scene/units.ts';
import { type Areas, type At, CELL_BIT, type LaneLook, NO_FRAME, type Place } from '../../worker/protocol.ts';
import { watchTheme } from './watch.ts';
import './tokens.css';
import './pf-space.css';

/** What the picture needs of the machine; the host puts it into its look. */
export interface SpaceLook { readonly lanes: readonly LaneLook[]; readonly bytes: Spot | null }
/** What is in the window, of the process that the minimap shows. */
export interface SpaceView { readonly pid: number; readonly areas: Areas; readonly from: number; readonly to: number; readonly lowFirst: boolean; readonly units: Units }

const KEYS = 'W S or up and down zoom, A D or left and right move, full stop and comma the next and previous area, with Shift pages, F fits what is selected, 0 all, G goes to an address or name, M on or off for true scale, Escape clears.';

/** Narrower than this a lane cannot be read. */
const LEAST_ROWS = 330;
const LEAST_CARDS = 165;

export class PfSpace extends LitElement {
  static override properties = {
    at: { attribute: false }, selected: { attribute: false }, frame: { attribute: false }, heat: { attribute: false }, heatKind: { attribute: false },
    only: { attribute: false }, lit: { attribute: false }, texts: { attribute: false }, units: { attribute: false }, lowFirst: { attribute: false }, trueScale: { attribute: false },
    slotWidth: { attribute: false }, isTable: { attribute: false }, card: { state: true }, asking: { state: true }, refusal: { state: true },
  };

  declare at: At | null;
  declare selected: Place | null;
  /** The frame whose pages are lit. */
  declare frame: number | null;
  /** By process. */
  declare heat: ReadonlyMap<number, HeatMap> | null;
  declare heatKind: HeatKind | null;
  declare only: ReadonlySet<string> | null;
  /** What is pointed at elsewhere. */
  declare lit: Place | null;
  /** First bytes of pages, by `pid:page`. */
  declare texts: ReadonlyMap<string, string>;
  declare units: Units;
  declare lowFirst: boolean;
  declare trueScale: boolean;
  /** Room left free behind the first lane for the picture of RAM; 0: none. */
  declare slotWidth: number;
  declare isTable: boolean;
  declare private card: { readonly hit: Hit; readonly x: number; readonly y: number } | null;
  declare private asking: boolean;
  declare private refusal: string;

  private lanes = new Lanes();
  private readonly painter = new Painter();
  private readonly opened = new Set<number>();
  private readonly layouts = new WeakMap<Areas, { key: string; base: Layout; focus: string; focused: Layout }>();
  private readonly sums = new WeakMap<Areas, Sums>();
  private readonly heats = new WeakMap<HeatMap, Heat>();
  private theme: Theme | null = null;
  /** Null: what suits. */
  private view: View | null = null;
  private pinned: number | null = null;
  private hover: Spot | null = null;
  private range: SpaceInput['range'] = null;
  private asked = '';
  private told = '';
  private seen: At | null = null;
  private shown = '';
  private size = { width: 0, height: 0 };
  private scheduled = 0;
  private moving = 0;
  private slow = false;
  private timer = 0;
  private pointers = new Map<number, { x: number; y: number }>();
  private drag: { x: number; y: number; moved: boolean; range: Hit | null } | null = null;
  private observer: ResizeObserver | null = null;
  private unwatch: (() => void) | null = null;
  /** How long the last picture took, in ms. */
  lastPaint = 0;
  /** The last picture, to ask where things are. */
  scene: SpaceScene | null = null;

  constructor() {
    super();
    this.at = null;
    this.selected = null;
    this.frame = null;
    this.heat = null;
    this.heatKind = null;
    this.only = null;
    this.lit = null;
    this.texts = new Map();
    this.units = UNITS;
    this.lowFirst = false;
    this.trueScale = false;
    this.slotWidth = 0;
    this.isTable = false;
    this.card = null;
    this.asking = false;
    this.refusal = '';
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.observer = new ResizeObserver(() => this.resized());
    this.unwatch = watchTheme(this.recolour);
    if (this.hasUpdated) this.observe();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.observer?.disconnect();
    this.unwatch?.();
    cancelAnimationFrame(this.scheduled);
    this.scheduled = 0;
  }

  private readonly recolour = (): void => {
    this.theme = null;
    this.draw();
  };

  protected override firstUpdated(): void {
    this.observe();
  }

  private observe(): void {
    const box = this.box();
    this.observer?.observe(box);
    const canvas = this.canvas();
    canvas.addEventListener('wheel', this.wheeled, { passive: false });
    this.resized();
  }

  private box(): HTMLElement {
    return this.querySelector('.pf-space-box')!;
  }
  private canvas(): HTMLCanvasElement {
    return this.querySelector('canvas')!;
  }

  private resized(): void {
    const { clientWidth: width, clientHeight: height } = this.box();
    if (width === this.size.width && height === this.size.height) return;
    this.size = { width, height };
    this.draw();
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has('at')) return;
    // Of a text that cannot be read nothing is drawn, nor of the one before.
    if (this.at) this.lanes.take(this.at);
    else this.lanes = new Lanes();
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has('card') || changed.has('asking') || changed.has('refusal')) {
      if (changed.has('asking') && this.asking) this.querySelector<HTMLInputElement>('.pf-goto input')?.focus();
      if (changed.size === 1) return;
    }
    if (changed.size === 0) return;
    if (changed.has('trueScale') || changed.has('lowFirst')) {
      this.view = null;
      this.shown = '';
    }
    this.draw();
  }

  /* ------------------------------------------------------------ what others call */

  /** What suits again: everything with few areas, rows that can be read with many. */
  /** Asks where to go to. */
  ask(): void {
    this.asking = true;
  }

  fit(): void {
    this.view = null;
    this.range = null;
    this.draw();
  }

  /** All of the space in the window. */
  whole(): void {
    const lane = this.scene?.lanes[0];
    if (!lane) return;
    this.view = { zoom: Math.min(1, lane.layout.axis.zoomFor(lane.box.h)), page: lane.layout.axis.toPage(0, 1e-9) };
    this.draw();
  }

  /** Brings a page into the window; its process gets a lane. */
  reveal(place: { readonly pid: number; readonly addr: string }): void {
    this.pinned = place.pid;
    const scene = this.compose();
    const lane = scene.lanes.find(({ data }) => data.pid === place.pid);
    if (lane) this.view = reveal(lane.layout.axis, scene.input.view, pageOf(place.addr), lane.box.h);
    this.draw();
  }

  /** Zooms to pages from … to (not included). */
  zoomTo(pid: number, from: number, to: number): void {
    const lane = this.compose().lanes.find(({ data }) => data.pid === pid);
    if (!lane) return;
    this.view = fitRange(lane.layout.axis, from, to, lane.box.h);
    this.draw();
  }

  /** Moves the middle of the window to a page: for the minimap. */
  moveTo(page: number): void {
    const lane = this.scene?.lanes[0];
    if (!lane) return;
    const { axis } = lane.layout;
    const scroll = axis.toPixel(page, lane.zoom) - lane.box.h / 2;
    this.view = pan(axis, { zoom: lane.zoom, page: axis.toPage(0, lane.zoom) }, scroll, lane.box.h);
    this.moved();
  }

  panBy(pixels: number): void {
    this.panned(this.scene?.lanes[0], pixels);
  }

  zoomBy(factor: number, x = this.size.width / 2, y?: number): void {
    this.zoomed(factor, x, y ?? this.size.height / 2);
  }

  /** Where the pages of a frame are in the window of the browser, with their lanes. */
  placesOf(pfn: number): { pid: number; page: number; box: DOMRect; lane: DOMRect }[] {
    const { scene } = this;
    if (!scene) return [];
    const origin = this.canvas().getBoundingClientRect();
    const places: { pid: number; page: number; box: DOMRect; lane: DOMRect }[] = [];
    for (const { data, box } of scene.lanes) {
      const lane = rectOf(box, origin);
      for (const run of data.cells) {
        run.pfn.forEach((one, i) => {
          if (one !== pfn) return;
          const at = locate(scene, data.pid, run.page + i);
          if (at && !places.some((place) => place.pid === data.pid && place.page === run.page + i)) places.push({ pid: data.pid, page: run.page + i, box: rectOf(at, origin), lane });
        });
      }
    }
    return places;
  }

  /** The free room in the picture, in its own pixels. */
  get slotBox(): Box | null {
    return this.scene?.slot ?? null;
  }

  /** The picture as it is, for export and print. */
  async svg(theme: Theme = this.colours()): Promise<string> {
    const { toSvg } = await import('../../scene/svg.ts');
    return toSvg(drawSpace(this.scene ?? this.compose()), theme);
  }

  /** The colours that hold now. */
  colours(): Theme {
    return (this.theme ??= themeOf(this));
  }

  /* ------------------------------------------------------------ the picture */

  draw(): void {
    if (this.scheduled || !this.isConnected || this.size.width === 0) return;
    this.scheduled = requestAnimationFrame(() => {
      this.scheduled = 0;
      this.paint();
    });
  }

  private options(width: number, height: number, focus: readonly number[]): LayoutOptions {
    return { trueScale: this.trueScale, lowFirst: this.lowFirst, opened: this.opened, focus, width, height };
  }

  private compose(): SpaceScene {
    const { width: all, height } = this.size;
    const width = Math.max(60, all - 2);
    const touched = this.at?.touched ?? null;
    const spots = [touched, this.selected].map((place) => (place ? { pid: place.pid, page: pageOf(place.addr) } : null));
    const { alive, ended } = this.lanes;
    const least = alive.every(({ areas }) => areas <= 30) ? LEAST_CARDS : LEAST_ROWS;
    const room = Math.floor((width - (this.slotWidth ? this.slotWidth + LANE_GAP : 0) + LANE_GAP) / (least + LANE_GAP));
    const chosen = chooseLanes(alive, room, [touched?.pid, this.pinned, this.selected?.pid, this.at?.running]);
    const lanes = chosen.map((process) => this.lanes.lane(process, this.units));
    const slot = this.slotWidth && lanes.length > 0 ? { behind: lanes.length === 2 ? 1 : lanes.length, width: this.slotWidth } : null;
    const places = placeLanes(lanes.length, width, slot);
    const body = bodyHeight(height, ended.length);
    const layouts = lanes.map((lane, i) => {
      const focus = spots.filter((spot) => spot?.pid === lane.pid).map((spot) => spot!.page);
      return this.layoutOf(lane.areas, this.options(places.lanes[i]!.w, body, focus));
    });
    const main = layouts[Math.max(0, lanes.findIndex(({ pid }) => pid === touched?.pid))];
    let view = this.view;
    if (!view && main) {
      const natural = main.axis.length(1);
      const zoom = this.trueScale || natural >= body ? 1 : Math.min(main.cards ? 1.3 : 1.5, main.axis.zoomFor(body));
      view = { zoom, page: main.axis.toPage(0, zoom) };
    }
    view ??= { zoom: 1, page: 0 };
    const { selected } = this.at ?? { selected: null };
    const heatKind = this.heatKind;
    const scene = composeSpace({
      width, height, lanes, layouts, view, units: this.units, lowFirst: this.lowFirst,
      touched: spots[0]!, selected: spots[1]!, hover: this.hover ?? (this.lit && { pid: this.lit.pid, page: pageOf(this.lit.addr) }), range: this.range, frame: this.frame ?? this.selected?.pfn ?? null, only: this.only,
      heat: heatKind ? { kind: heatKind, of: new Map([...(this.heat ?? [])].map(([pid, map]) => [pid, this.heatOf(map)])) } : null,
      texts: this.texts, slot, ended, moving: this.moving > 0,
      bytes: selected?.bytes ? { pid: selected.place.pid, page: pageOf(selected.place.addr), bytes: selected.bytes, isInvented: selected.isInvented } : null,
    });
    return scene;
  }

  private heatOf(map: HeatMap): Heat {
    let heat = this.heats.get(map);
    if (!heat) this.heats.set(map, (heat = new Heat(map)));
    return heat;
  }

  private layoutOf(areas: Areas, options: LayoutOptions): Layout {
    const key = [options.trueScale, options.lowFirst, [...this.opened].join(), options.width, options.height].join();
    let known = this.layouts.get(areas);
    if (known?.key !== key) {
      let sums = this.sums.get(areas);
      if (!sums) this.sums.set(areas, (sums = sumsOf(areas)));
      const base = layOut(areas, { ...options, focus: [] }, sums);
      known = { key, base, focus: '', focused: base };
      this.layouts.set(areas, known);
    }
    const focus = options.focus.join();
    if (known.focus !== focus) Object.assign(known, { focus, focused: withFocus(known.base, options) });
    return known.focused;
  }

  private paint(): void {
    const began = performance.now();
    let scene = this.compose();
    // A step's page is brought into the window once; then the reader may go elsewhere.
    const { touched } = scene.input;
    const mark = touched ? `${this.at?.position}:${touched.pid}:${touched.page}` : '';
    if (this.at !== this.seen && mark !== this.shown && touched) {
      const lane = scene.lanes.find(({ data }) => data.pid === touched.pid);
      if (lane && lane.data.areas.count > 0) {
        this.shown = mark;
        const next = reveal(lane.layout.axis, scene.input.view, touched.page, lane.box.h);
        if (next !== scene.input.view) {
          this.view = next;
          scene = this.compose();
        }
      }
    }
    this.seen = this.at;
    this.scene = scene;
    const canvas = this.canvas();
    const scale = this.moving > 0 && this.slow ? 1 : Math.min(3, devicePixelRatio || 1);
    const { width, height } = this.size;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
    }
    const context = canvas.getContext('2d')!;
    const picture = drawSpace(scene);
    // A pixel of room at the edges for borders.
    this.painter.paint(context, { ...picture, width, shapes: picture.shapes }, this.colours(), scale);
    canvas.style.touchAction = scene.lanes.every(({ layout, zoom, box }) => layout.axis.length(zoom) <= box.h + 1) ? 'pan-y' : 'none';
    canvas.setAttribute('aria-label', picture.label);
    if (this.moving > 0) this.slow = this.slow || performance.now() - began > 12;
    this.tell(scene);
    this.lastPaint = performance.now() - began;
    this.dispatchEvent(new CustomEvent('drawn'));
    // The crumbs say where the window is; nothing of the picture has changed by that.
    this.requestUpdate();
  }

  private moved(): void {
    clearTimeout(this.timer);
    this.moving = 1;
    this.timer = window.setTimeout(() => {
      this.moving = 0;
      this.draw();
    }, 140);
    this.card = null;
    this.draw();
  }

  /** Tells the host what is in sight, if that is news. */
  private tell(scene: SpaceScene): void {
    const lanes = lookOf(scene).map((look): LaneLook => ({ ...look, version: this.lanes.version(look.pid) }));
    const detail: SpaceLook = { lanes, bytes: bytesWanted(scene) };
    const key = JSON.stringify(detail);
    if (key !== this.asked) {
      this.asked = key;
      this.dispatchEvent(new CustomEvent<SpaceLook>('look', { detail }));
    }
    const lane = scene.lanes.find(({ data }) => data.pid === (scene.input.touched ?? scene.input.selected)?.pid) ?? scene.lanes[0];
    if (!lane) return;
    const { axis } = lane.layout;
    const length = axis.length(lane.zoom);
    const [a, b] = [axis.pieceAt(lane.scroll + 0.01, lane.zoom), axis.pieceAt(Math.min(lane.scroll + lane.box.h, length) - 0.01, lane.zoom)].sort((p, q) => p - q) as [number, number];
    const ends = [axis.toPage(lane.scroll, lane.zoom), axis.toPage(Math.min(lane.scroll + lane.box.h, length), lane.zoom)].sort((p, q) => p - q) as [number, number];
    const [from, to] = a === b ? ends : [axis.start[a]!, axis.start[b + 1]!];
    const seen = `${lane.data.pid}:${from}:${to}:${lane.data.areas.count}:${this.lanes.version(lane.data.pid)}:${this.lowFirst}:${this.units.addresses}:${this.units.sizes}`;
    if (seen === this.told) return;
    this.told = seen;
    this.dispatchEvent(new CustomEvent<SpaceView>('view', { detail: { pid: lane.data.pid, areas: lane.data.areas, from, to, lowFirst: this.lowFirst, units: this.units } }));
  }

  /* ------------------------------------------------------------ pointer */

  private place(event: { clientX: number; clientY: number }): { x: number; y: number } {
    const box = this.canvas().getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  private laneAt(x: number): SpaceScene['lanes'][number] | undefined {
    return this.scene?.lanes.find(({ box }) => x >= box.x && x < box.x + box.w) ?? this.scene?.lanes[0];
  }

  private panned(lane: SpaceScene['lanes'][number] | undefined, by: number): void {
    if (!lane || !this.scene) return;
    this.view = pan(lane.layout.axis, this.scene.input.view, by, lane.box.h);
    this.moved();
  }

  private zoomed(factor: number, x: number, y: number): void {
    const lane = this.laneAt(x);
    if (!lane || !this.scene) return;
    const hit = hitSpace(this.scene, x, y);
    const { axis } = lane.layout;
    const inLane = Math.min(lane.box.h, Math.max(0, y - lane.box.y));
    // In a row pages lie beside each other: the one under the pointer is kept, not the one of its height.
    const byHeight = axis.toPage(scrollOf(axis, this.scene.input.view, lane.box.h) + inLane, lane.zoom);
    const page = hit?.what === 'page' && Math.floor(byHeight) !== hit.page ? hit.page + 0.5 : byHeight;
    this.view = zoomAbout(axis, this.scene.input.view, factor, inLane, lane.box.h, page);
    this.moved();
  }

  private readonly wheeled = (event: WheelEvent): void => {
    const { x, y } = this.place(event);
    const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? this.size.height : 1;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      this.zoomed(Math.exp(-Math.max(-60, Math.min(60, event.deltaY * unit)) * 0.006), x, y);
      return;
    }
    const lane = this.laneAt(x);
    if (!lane || lane.layout.axis.length(lane.zoom) <= lane.box.h) return;
    event.preventDefault();
    this.panned(lane, (event.deltaY || event.deltaX) * unit);
  };

  private readonly pressed = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    const at = this.place(event);
    this.pointers.set(event.pointerId, at);
    this.canvas().setPointerCapture(event.pointerId);
    const hit = this.scene ? hitSpace(this.scene, at.x, at.y) : null;
    this.drag = { ...at, moved: false, range: event.shiftKey ? hit : null };
  };

  private readonly pointed = (event: PointerEvent): void => {
    const at = this.place(event);
    const was = this.pointers.get(event.pointerId);
    if (!was) {
      this.hovered(at.x, at.y, event.pointerType);
      return;
    }
    const { drag } = this;
    if (this.pointers.size === 2) {
      const other = [...this.pointers].find(([id]) => id !== event.pointerId)![1];
      const [before, after] = [Math.hypot(was.x - other.x, was.y - other.y), Math.hypot(at.x - other.x, at.y - other.y)];
      this.pointers.set(event.pointerId, at);
      if (before > 8 && after > 8) this.zoomed(after / before, (at.x + other.x) / 2, (at.y + other.y) / 2);
      if (drag) drag.moved = true;
      return;
    }
    this.pointers.set(event.pointerId, at);
    if (!drag) return;
    if (!drag.moved && Math.hypot(at.x - drag.x, at.y - drag.y) < 4) return;
    drag.moved = true;
    if (drag.range) {
      const hit = this.scene ? hitSpace(this.scene, Math.min(Math.max(at.x, 0), this.size.width - 3), at.y) : null;
      if (hit && hit.pid === drag.range.pid) {
        // Over several pieces: all of them.
        const isOne = hit.from === drag.range.from;
        this.card = null;
        this.range = { pid: hit.pid, from: Math.min(isOne ? hit.page : hit.from, isOne ? drag.range.page : drag.range.from), to: isOne ? Math.max(hit.page, drag.range.page) + 1 : Math.max(hit.to, drag.range.to) };
        this.draw();
      }
    } else this.panned(this.laneAt(drag.x), was.y - at.y);
  };

  private readonly released = (event: PointerEvent): void => {
    this.pointers.delete(event.pointerId);
    const { drag } = this;
    if (this.pointers.size > 0 || !drag) return;
    this.drag = null;
    if (drag.range && this.range) {
      this.dispatchEvent(new CustomEvent('range', { detail: this.range }));
      return;
    }
    if (drag.moved || event.type === 'pointercancel' || !this.scene) return;
    const hit = hitSpace(this.scene, drag.x, drag.y);
    if (this.range) {
      this.range = null;
      this.draw();
    }
    if (!hit) return;
    if (hit.what === 'group') this.toggle(hit);
    else if (hit.what === 'edge') this.reveal(hit);
    else this.choose(hit.pid, hit.page, hit.pfn);
  };

  private toggle(hit: Hit): void {
    const { areas } = this.scene!.lanes[hit.lane]!.data;
    let first = hit.area;
    if (!this.opened.delete(areas.start[first]!)) {
      // A part of an open group closes it.
      while (first > 0 && areas.name[first - 1] === areas.name[first] && areas.start[first] === areas.start[first - 1]! + areas.pages[first - 1]!) first--;
      if (!this.opened.delete(areas.start[first]!)) this.opened.add(hit.from);
    }
    this.draw();
  }

  private choose(pid: number, page: number, pfn: number | null): void {
    this.dispatchEvent(new CustomEvent('select', { detail: { pid, addr: pageAddr(page), pfn } }));
  }

  private hovered(x: number, y: number, kind: string): void {
    const hit = this.scene ? hitSpace(this.scene, x, y) : null;
    const before = this.hover;
    this.hover = hit && hit.what !== 'gap' ? { pid: hit.pid, page: hit.page } : null;
    this.canvas().style.cursor = hit && hit.what !== 'gap' ? 'pointer' : 'grab';
    if (before?.pid !== this.hover?.pid || before?.page !== this.hover?.page) {
      this.draw();
      this.dispatchEvent(new CustomEvent('hover', { detail: this.hover && { pid: this.hover.pid, addr: pageAddr(this.hover.page) } }));
    }
    if (kind === 'mouse') this.showCard(hit && hit.what !== 'edge' && !this.range ? hit : null, x, y);
  }

  private showCard(hit: Hit | null, x: number, y: number): void {
    clearTimeout(this.leaving);
    if (!hit) {
      // It can be pointed at: it goes when the pointer has had time to reach it.
      this.leaving = window.setTimeout(() => (this.card = null), 260);
      return;
    }
    if (this.card && this.card.hit.pid === hit.pid && this.card.hit.page === hit.page && this.card.hit.what === hit.what) return;
    this.card = { hit, x, y };
  }
  private leaving = 0;

  private readonly left = (): void => {
    if (this.hover) {
      this.hover = null;
      this.draw();
      this.dispatchEvent(new CustomEvent('hover', { detail: null }));
    }
    this.showCard(null, 0, 0);
  };

  private readonly doubled = (event: MouseEvent): void => {
    const { x, y } = this.place(event);
    const hit = this.scene ? hitSpace(this.scene, x, y) : null;
    if (!hit || hit.what === 'gap') this.fit();
    else if (this.range && hit.pid === this.range.pid) this.zoomTo(hit.pid, this.range.from, this.range.to);
    else this.zoomTo(hit.pid, hit.from, hit.to);
  };

  /* ------------------------------------------------------------ keys */

  private readonly keyed = (event: KeyboardEvent): void => {
    if (event.altKey || (event.ctrlKey && event.key !== '0') || event.metaKey) return;
    const step = Math.max(40, this.size.height / 6);
    const lane = this.focusLane();
    const at = this.focusAt();
    const zoom = (factor: number): void => this.zoomed(factor, at.x, at.y);
    const done = ((): boolean => {
      if (event.shiftKey && (event.key === 'ArrowRight' || event.key === '>')) return this.go('page', 1);
      if (event.shiftKey && (event.key === 'ArrowLeft' || event.key === '<')) return this.go('page', -1);
      switch (event.key) {
        case '.': return this.go('area', 1);
        case ',': return this.go('area', -1);
        case '+': case '=': zoom(1.4); return true;
        case '-': zoom(1 / 1.4); return true;
        case 'ArrowUp': zoom(1.25); return true;
        case 'ArrowDown': zoom(0.8); return true;
        case 'ArrowLeft': this.panned(lane, -step); return true;
        case 'ArrowRight': this.panned(lane, step); return true;
        case 'PageUp': this.panned(lane, -this.size.height * 0.85); return true;
        case 'PageDown': this.panned(lane, this.size.height * 0.85); return true;
        case 'Home': this.panned(lane, -Infinity); return true;
        case 'End': this.panned(lane, 1e15); return true;
        case '0': this.whole(); return true;
        case '/': this.asking = true; return true;
        case 'Escape': return this.clear();
        case 'Enter': case ' ': return this.confirm();
      }
      switch (event.code) {
        case 'KeyW': zoom(1.25); return true;
        case 'KeyS': zoom(0.8); return true;
        case 'KeyA': this.panned(lane, -step); return true;
        case 'KeyD': this.panned(lane, step); return true;
        case 'KeyF': return this.fitSelected();
        case 'KeyG': this.asking = true; return true;
        case 'KeyM': this.setScale(!this.trueScale); return true;
      }
      return false;
    })();
    if (done) {
      event.preventDefault();
      event.stopPropagation();
    }
  };

  /** What keys are about: what is selected, else what the step touched. */
  private get subject(): Place | null {
    return this.selected ?? this.at?.touched ?? null;
  }

  private focusLane(): SpaceScene['lanes'][number] | undefined {
    return this.scene?.lanes.find(({ data }) => data.pid === this.subject?.pid) ?? this.scene?.lanes[0];
  }

  /** What keys zoom about. */
  private focusAt(): { x: number; y: number } {
    const lane = this.focusLane();
    return lane && this.scene ? gaze(this.scene, lane) : { x: 0, y: 0 };
  }

  private go(what: 'area' | 'page', by: number): boolean {
    const lane = this.focusLane();
    if (!lane || lane.data.areas.count === 0) return true;
    const { areas, pid } = lane.data;
    const page = this.subject?.pid === pid ? pageOf(this.subject.addr) : areas.start[0]!;
    let area = areaAt(areas, page);
    let next = page + by;
    if (what === 'area' || area < 0 || areaAt(areas, next) < 0) {
      const below = lane.layout.axis.at(page);
      if (area < 0) area = Math.min(areas.count - 1, Math.max(0, lane.layout.first[below]! - (by > 0 ? 1 : 0)));
      area = Math.min(areas.count - 1, Math.max(0, area + by));
      next = what === 'page' && by < 0 ? areas.start[area]! + areas.pages[area]! - 1 : areas.start[area]!;
    }
    this.choose(pid, next, cellAt(lane.data.cells, next)?.pfn ?? null);
    queueMicrotask(() => {
      this.reveal({ pid, addr: pageAddr(next) });
      this.cardAt(pid, next);
    });
    return true;
  }

  private cardAt(pid: number, page: number): void {
    requestAnimationFrame(() => requestAnimationFrame(() => {
      const at = this.scene && locate(this.scene, pid, page);
      const hit = at && this.scene ? hitSpace(this.scene, at.x + at.w / 2, at.y + at.h / 2) : null;
      if (hit && at) this.card = { hit, x: at.x + at.w, y: at.y + at.h / 2 };
    }));
  }

  private fitSelected(): boolean {
    const lane = this.focusLane();
    if (this.range) this.zoomTo(this.range.pid, this.range.from, this.range.to);
    else if (lane && this.subject?.pid === lane.data.pid) {
      const page = pageOf(this.subject.addr);
      const area = areaAt(lane.data.areas, page);
      if (area >= 0) this.zoomTo(lane.data.pid, lane.data.areas.start[area]!, lane.data.areas.start[area]! + lane.data.areas.pages[area]!);
    } else this.fit();
    return true;
  }

  private confirm(): boolean {
    const at = this.subject;
    if (at) this.cardAt(at.pid, pageOf(at.addr));
    return true;
  }

  private clear(): boolean {
    if (!this.card && !this.range && !this.asking) return false;
    this.card = null;
    this.range = null;
    this.asking = false;
    this.draw();
    return true;
  }

  private goTo(text: string): void {
    const lane = this.focusLane();
    if (!lane) return;
    const { areas, pid } = lane.data;
    const words = text.trim().toLowerCase();
    const number = /^(?:0x)?[0-9a-f]{3,}$/.test(words) ? Number.parseInt(words.replace(/^0x/, ''), 16) : NaN;
    let page = Number.isNaN(number) ? -1 : Math.floor(number / 4096);
    if (page < 0 || (areaAt(areas, page) < 0 && !words.startsWith('0x') && number < 65_536)) {
      // From the selected one on, so that Enter again finds the next.
      const start = this.selected?.pid === pid ? Math.max(0, areaAt(areas, pageOf(this.selected.addr))) : -1;
      for (let i = 1; i <= areas.count; i++) {
        const area = (start + i) % areas.count;
        if ((areas.names[areas.name[area]!] || 'anonymous').toLowerCase().includes(words)) {
          page = areas.start[area]!;
          break;
        }
      }
    }
    if (page < 0) {
      this.refusal = `Neither an address nor the name of an area: ${text}`;
      return;
    }
    this.refusal = '';
    this.choose(pid, page, null);
    this.reveal({ pid, addr: pageAddr(page) });
  }

  /* ------------------------------------------------------------ around it */

  private setScale(isTrue: boolean): void {
    this.trueScale = isTrue;
    this.changed({ trueScale: isTrue });
  }

  /** The host keeps these if it wants to. */
  private changed(detail: Partial<Pick<PfSpace, 'trueScale' | 'lowFirst' | 'units' | 'heatKind' | 'isTable'>>): void {
    this.dispatchEvent(new CustomEvent('options', { detail }));
  }

  protected override render(): TemplateResult {
    const { units } = this;
    const others = this.lanes.alive.filter(({ pid }) => !this.scene?.lanes.some(({ data }) => data.pid === pid));
    return html`
      <div class="pf-space-bar">
        <nav class="pf-crumbs" aria-label="Where the picture is">${this.crumbs()}</nav>
        <div class="pf-tools" role="toolbar" aria-label="How the picture is drawn">
          ${others.length > 0 ? html`<select class="pf-others" aria-label="Other processes" @change=${this.other}>
            <option value="">${others.length} more ${others.length === 1 ? 'process' : 'processes'}</option>
            ${others.slice(0, 200).map(({ pid, name }) => html`<option value=${pid}>${pid} · ${name}</option>`)}
          </select>` : nothing}
          <button type="button" @click=${() => this.zoomBy(1 / 1.5)} aria-label="Zoom out" title="Zoom out (−)">−</button>
          <button type="button" @click=${() => this.zoomBy(1.5)} aria-label="Zoom in" title="Zoom in (+)">+</button>
          <button type="button" @click=${() => this.fit()} title="What suits (double-click beside areas)">Fit</button>
          <button type="button" aria-pressed=${this.trueScale} @click=${() => this.setScale(!this.trueScale)} title="Gaps as large as they are (M)">True scale</button>
          <button type="button" @click=${() => { this.lowFirst = !this.lowFirst; this.changed({ lowFirst: this.lowFirst }); }} title="Which addresses are at the top">${this.lowFirst ? 'Low first' : 'High first'}</button>
          <button type="button" @click=${() => this.setUnits({ ...units, addresses: units.addresses === 'hex' ? 'dec' : 'hex' })} title="Addresses hexadecimal or decimal">${units.addresses === 'hex' ? 'Hex' : 'Decimal'}</button>
          <button type="button" @click=${() => this.setUnits({ ...units, sizes: units.sizes === 'bytes' ? 'pages' : 'bytes' })} title="Sizes in bytes or pages">${units.sizes === 'bytes' ? 'Bytes' : 'Pages'}</button>
          ${this.heat ? html`<select aria-label="Heat" @change=${(event: Event) => { this.heatKind = ((event.target as HTMLSelectElement).value || null) as HeatKind | null; this.changed({ heatKind: this.heatKind }); }}>
            <option value="" ?selected=${this.heatKind === null}>No heat</option>
            ${HEATS.map((kind) => html`<option value=${kind} ?selected=${this.heatKind === kind}>Heat: ${kind}</option>`)}
          </select>` : nothing}
          <button type="button" aria-pressed=${this.isTable} @click=${() => { this.isTable = !this.isTable; this.changed({ isTable: this.isTable }); }} title="The same as a table">Table</button>
        </div>
      </div>
      <div class="pf-space-box" @select=${(event: Event) => event.stopPropagation()}>
        <canvas tabindex="0" role="application" aria-roledescription="map of memory" aria-describedby="pf-space-keys" aria-label="Address spaces"
          @pointerdown=${this.pressed} @pointermove=${this.pointed} @pointerup=${this.released} @pointercancel=${this.released} @pointerleave=${this.left}
          @dblclick=${this.doubled} @keydown=${this.keyed} @blur=${() => (this.card = null)}></canvas>
        <p class="pf-hidden" id="pf-space-keys">${KEYS}</p>
        ${this.asking ? html`<form class="pf-goto" @select=${(event: Event) => event.stopPropagation()} @submit=${(event: Event) => { event.preventDefault(); this.goTo(this.querySelector<HTMLInputElement>('.pf-goto input')!.value); }}>
          <label>Address or name <input name="to" autocomplete="off" spellcheck="false" @keydown=${this.askKeyed}></label>
          <button type="submit">Go</button><output>${this.refusal}</output>
        </form>` : nothing}
        ${this.cardHtml()}
        <p class="pf-hidden" aria-live="polite">${this.card ? this.words(this.card.hit) : ''}</p>
      </div>`;
  }

  private readonly askKeyed = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    this.asking = false;
    this.refusal = '';
    this.canvas().focus();
  };

  private readonly other = (event: Event): void => {
    const pid = Number((event.target as HTMLSelectElement).value);
    (event.target as HTMLSelectElement).value = '';
    if (!pid) return;
    this.pinned = pid;
    const areas = this.lanes.areasOf(pid);
    this.choose(pid, areas.start[0] ?? 0, null);
    this.draw();
  };

  private setUnits(units: Units): void {
    this.units = units;
    this.changed({ units });
  }

  /** The space, the area and the page that fill the window: each leads back to itself. */
  private crumbs(): TemplateResult {
    const { scene } = this;
    const lane = scene && this.focusLane();
    const all = html`<button type="button" @click=${() => this.fit()} ?disabled=${this.view === null} title="All areas">${pagesText(2 ** 35, this.units)}</button>`;
    if (!lane || lane.data.areas.count === 0) return all;
    const { axis, first, parts } = lane.layout;
    const piece = pieceInGaze(scene, lane);
    if (parts[piece] === 0 || axis.piece(piece, lane.zoom).h < lane.box.h * 0.6) return all;
    const { areas, pid } = lane.data;
    const area = first[piece]!;
    const [from, to] = [axis.start[piece]!, axis.start[piece + 1]!];
    const bytes = bytesWanted(scene);
    return html`${all}<span aria-hidden="true">›</span>
      <button type="button" @click=${() => this.zoomTo(pid, from, to)}>${shortName(areas.names[areas.name[area]!] ?? '')} ${permsText(areas.perms[area]!)}</button>
      ${bytes ? html`<span aria-hidden="true">›</span><button type="button" @click=${() => this.zoomTo(pid, bytes.page, bytes.page + 1)}>page ${addressText(bytes.page, this.units)}</button>` : nothing}`;
  }

  private cardHtml(): TemplateResult | typeof nothing {
    if (!this.card) return nothing;
    const { hit, x, y } = this.card;
    const toLeft = x > this.size.width * 0.6;
    const toTop = y > this.size.height * 0.65;
    const style = `${toLeft ? `right:${this.size.width - x + 14}px` : `left:${x + 14}px`};${toTop ? `bottom:${this.size.height - y + 10}px` : `top:${y + 12}px`}`;
    return html`<div class="pf-card" role="tooltip" style=${style} @pointerenter=${() => clearTimeout(this.leaving)} @pointerleave=${() => this.showCard(null, 0, 0)}>
      ${this.lines(hit).map(([text, kind]) => html`<div class=${kind}>${text}</div>`)}
    </div>`;
  }

  private words(hit: Hit): string {
    return this.lines(hit).map(([text]) => text).join('. ');
  }

  private lines(hit: Hit): (readonly [string, 'strong' | 'mono' | 'quiet'])[] {
    const lane = this.scene?.lanes.find(({ data }) => data.pid === hit.pid);
    if (!lane) return [];
    const { areas, cells } = lane.data;
    if (hit.area < 0) return [[`${pagesText(hit.to - hit.from, this.units)} not mapped`, 'strong'], [`${addressText(hit.from, this.units)}-${addressText(hit.to, this.units)}`, 'mono'], ['A touch here is SIGSEGV.', 'quiet']];
    const i = hit.area;
    const [from, to] = [areas.start[i]!, areas.start[i]! + areas.pages[i]!];
    const out: (readonly [string, 'strong' | 'mono' | 'quiet'])[] = [
      [areas.names[areas.name[i]!] || 'anonymous', 'strong'],
      [`${addressText(from, this.units)}-${addressText(to, this.units)} ${permsText(areas.perms[i]!)}`, 'mono'],
      [`${pagesText(areas.pages[i]!, this.units)}, ${grouped(areas.present[i]!)} of ${grouped(areas.pages[i]!)} ${areas.pages[i] === 1 ? 'entry' : 'entries'} set`, 'quiet'],
    ];
    if (hit.what === 'group') out.push([hit.from === from && lane.layout.isPart[lane.layout.axis.at(hit.page)] ? 'Click to fold the parts of this file' : 'Click to show the parts of this file', 'quiet']);
    if (hit.what !== 'page') return out;
    const known = cellAt(cells, hit.page);
    out.push([`page ${addressText(hit.page, this.units)}`, 'mono']);
    if (known) {
      const bits = [known.cell & CELL_BIT.dirty ? 'dirty' : '', known.cell & CELL_BIT.accessed ? 'accessed' : '', known.cell & CELL_BIT.writable ? 'writable' : '', known.cell & CELL_BIT.locked ? 'locked' : ''].filter(Boolean);
      out.push([[CELLS[known.cell & 15]!.meaning, ...bits, known.pfn === NO_FRAME ? '' : `frame ${known.pfn}`].filter(Boolean).join(' · '), 'quiet']);
    }
    const heat = this.heat?.get(hit.pid)?.get(hit.page);
    if (heat) out.push([HEATS.map((kind, k) => `${heat[k]} ${kind}`).join(', '), 'quiet']);
    const text = this.texts.get(`${hit.pid}:${hit.page}`);
    if (text) out.push([`begins "${text}"`, 'mono']);
    return out;
  }
}

function rectOf(box: Box, origin: DOMRect): DOMRect {
  return new DOMRect(box.x + origin.left, box.y + origin.top, box.w, box.h);
}

customElements.define('pf-space', PfSpace);

declare global {
  interface HTMLElementTagNameMap { 'pf-space': PfSpace }
}
