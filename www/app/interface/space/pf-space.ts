/** `<pf-space>`: address spaces on a canvas, with pointer, keys, a card of what is under them, and the way back. */
import { LitElement, type PropertyValues, type TemplateResult, html } from 'lit';
import { define } from '../define.ts';
import type { View } from '../../scene/axis.ts';
import type { HeatMap } from '../../scene/heat.ts';
import type { Box, Theme } from '../../scene/shapes.ts';
import { type CardLine, cardLines } from '../../scene/space/card.ts';
import type { LaneScene, SpaceScene } from '../../scene/space/compose.ts';
import type { Shown } from '../../scene/space/composer.ts';
import { drawSpace, notesOf } from '../../scene/space/draw.ts';
import { type Hit, pagesOfFrame } from '../../scene/space/hit.ts';
import type { HeatKind } from '../../scene/theme.ts';
import { UNITS, type Units, pageAddr } from '../../scene/units.ts';
import type { Comparison } from '../../model/compare.ts';
import type { At, Place } from '../../worker/protocol.ts';
import { type Options, type Tools, bar } from './pf-space/bar.ts';
import { Card } from './pf-space/card.ts';
import { Goto } from './pf-space/goto.ts';
import { Keys } from './pf-space/keys.ts';
import { Pointer, type Said } from './pf-space/pointer.ts';
import { Report, type SpaceLook, type SpaceView } from './pf-space/report.ts';
import { Viewport } from './pf-space/viewport.ts';
import { inNextFrame, inTurn } from '../turns.ts';
import { Surface, displayScale } from './surface.ts';
import { pictures } from '../../texts/pictures.ts';
import './tokens.css';
import './pf-space.css';

export type { SpaceLook, SpaceView };

/** A picture that takes longer than so many ms is painted with fewer pixels while it moves. */
const LONG = 12;

export class PfSpace extends LitElement implements Shown, Tools {
  static override properties = {
    at: { attribute: false }, selected: { attribute: false }, frame: { attribute: false }, heat: { attribute: false }, heatKind: { attribute: false },
    only: { attribute: false }, lit: { attribute: false }, comparison: { attribute: false }, texts: { attribute: false }, units: { attribute: false }, lowFirst: { attribute: false }, trueScale: { attribute: false },
    slotWidth: { attribute: false }, isTable: { attribute: false }, isDump: { attribute: false },
  };

  declare at: At | null;
  declare selected: Place | null;
  declare frame: number | null;
  declare heat: ReadonlyMap<number, HeatMap> | null;
  declare heatKind: HeatKind | null;
  declare only: ReadonlySet<string> | null;
  declare lit: Place | null;
  declare comparison: Comparison | null;
  declare texts: ReadonlyMap<string, string>;
  declare units: Units;
  declare lowFirst: boolean;
  declare trueScale: boolean;
  declare slotWidth: number;
  declare isTable: boolean;
  declare isDump: boolean;

  /** Pictures take long here. */
  private isSlow = false;
  private readonly surface = new Surface(this, () => this.querySelector<HTMLElement>('.pf-space-box')!, () => this.paint());
  private readonly said: Said = {
    select: (pid, page, pfn) => this.tell('select', { pid, addr: pageAddr(page), pfn }),
    hover: (place) => this.tell('hover', place),
    range: (range) => this.tell('range', range),
  };
  readonly viewport: Viewport = new Viewport(this, this.surface, () => this.card.hide());
  private readonly card: Card = new Card(this, this.viewport);
  private readonly goto = new Goto(this, this.viewport, this.said);
  private readonly pointer = new Pointer(this.viewport, this.surface, this.card, this.said);
  private readonly keys = new Keys({ viewport: this.viewport, surface: this.surface, card: this.card, goto: this.goto, said: this.said, toggleScale: () => this.change({ trueScale: !this.trueScale }) });
  private readonly report = new Report({ look: (look) => this.tell('look', look), view: (view) => this.tell('view', view) });

  constructor() {
    super();
    this.at = null;
    this.selected = null;
    this.frame = null;
    this.heat = null;
    this.heatKind = null;
    this.only = null;
    this.lit = null;
    this.comparison = null;
    this.texts = new Map();
    this.units = UNITS;
    this.lowFirst = false;
    this.trueScale = false;
    this.slotWidth = 0;
    this.isTable = false;
    this.isDump = false;
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('at')) this.viewport.composer.take(this.at);
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has('trueScale') || changed.has('lowFirst')) this.viewport.reset();
    // What stands around the picture is no reason to paint it.
    if (changed.size > 0) this.draw();
  }

  /** Very many areas are laid out in one turn and painted in another: both together would be a long task. */
  private draw(): void {
    if (!this.viewport.composer.isLarge || this.surface.size.width === 0) return this.surface.draw();
    inNextFrame(() => void inTurn(() => {
      if (!this.isConnected) return;
      this.viewport.compose();
      this.surface.draw();
    }));
  }

  private tell(what: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent<unknown>(what, { detail }));
  }

  /* ------------------------------------------------------------ what others ask and do */

  /** The last picture, to ask where things are. */
  get scene(): SpaceScene | null {
    return this.viewport.scene;
  }

  /** What is looked at; null: what suits. */
  get view(): View | null {
    return this.viewport.view;
  }

  /** Asks where to go to. */
  ask(): void {
    this.goto.ask();
  }

  /** What is marked, else the area of what is selected, fills the window. */
  fit(): void {
    this.keys.fit();
  }

  /** All of the space in the window. */
  whole(): void {
    this.viewport.whole();
  }

  /** Moves the middle of the window to a page: for the minimap. */
  moveTo(page: number): void {
    this.viewport.centre(page);
  }

  panBy(pixels: number): void {
    this.viewport.pan(this.scene?.lanes[0], pixels);
  }

  /** About the middle of the window. */
  zoomBy(factor: number): void {
    const { width, height } = this.surface.size;
    this.viewport.zoom(factor, width / 2, height / 2);
  }

  /** Gives a process a lane, and chooses where it begins. */
  show(pid: number): void {
    this.viewport.pin(pid);
    this.said.select(pid, this.viewport.composer.areasOf(pid).start[0] ?? 0, null);
  }

  /** The host keeps these if it wants to. */
  change(options: Partial<Options>): void {
    Object.assign(this, options);
    this.tell('options', options);
  }

  /** Where the pages of a frame are in the window of the browser, with their lanes. */
  placesOf(pfn: number): { pid: number; page: number; box: DOMRect; lane: DOMRect }[] {
    if (!this.scene) return [];
    const origin = this.surface.canvas.getBoundingClientRect();
    const rectOf = ({ x, y, w, h }: Box): DOMRect => new DOMRect(x + origin.left, y + origin.top, w, h);
    return pagesOfFrame(this.scene, pfn).map(({ pid, page, box, lane }) => ({ pid, page, box: rectOf(box), lane: rectOf(lane) }));
  }

  /** The free room in the picture, in its own pixels. */
  get slotBox(): Box | null {
    return this.scene?.slot ?? null;
  }

  /** The picture as it is, for export and print. */
  async svg(theme: Theme = this.colours()): Promise<string> {
    const { toSvg } = await import('../../scene/svg.ts');
    return toSvg(drawSpace(this.scene ?? this.viewport.compose()), theme);
  }

  /** The colours that hold now. */
  colours(): Theme {
    return this.surface.colours;
  }

  /* ------------------------------------------------------------ drawing */

  private paint(): void {
    const began = performance.now();
    const { viewport, surface } = this;
    const scene = viewport.next();
    const picture = drawSpace(scene);
    surface.paint(picture, viewport.isMoving && this.isSlow ? 1 : displayScale());
    surface.canvas.style.touchAction = scene.lanes.every(({ layout, zoom, box }) => layout.axis.length(zoom) <= box.h + 1) ? 'pan-y' : 'none';
    surface.canvas.setAttribute('aria-label', picture.label);
    if (viewport.isMoving && performance.now() - began > LONG) this.isSlow = true;
    this.report.of(scene, (pid) => viewport.composer.version(pid));
    this.tell('drawn', null);
    // The crumbs say where the window is.
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    const { pointer } = this;
    return html`${bar(this)}
      <div class="pf-space-box" @select=${(event: Event) => event.stopPropagation()}>
        <canvas tabindex="0" role="application" aria-roledescription=${pictures.space.role} aria-describedby="pf-space-keys" aria-label=${pictures.space.label}
          @pointerdown=${pointer.pressed} @pointermove=${pointer.moved} @pointerup=${pointer.released} @pointercancel=${pointer.released} @pointerleave=${pointer.left}
          @dblclick=${pointer.doubled} @wheel=${pointer.wheel} @keydown=${this.keys.pressed} @blur=${() => this.card.hide()}></canvas>
        <p class="pf-hidden" id="pf-space-keys">${pictures.space.keys}</p>
        ${this.scene?.lanes.map((lane) => this.notes(lane))}
        ${this.goto.html()}
        ${this.card.html(this.surface.size, (hit) => this.linesOf(hit))}
      </div>`;
  }

  /** The words of a head stand in the picture: what they mean is asked of a button over them. */
  private notes(lane: LaneScene): TemplateResult {
    const { text, x, y, width } = notesOf(lane);
    return html`<button type="button" class="pf-lane-words pf-term" data-term="sizes" ?hidden=${text === ''} style="left:${x - 3}px;top:${y - 17}px;width:${width + 6}px" aria-label=${`${lane.data.title}: ${text}`}></button>`;
  }

  private linesOf(hit: Hit): readonly CardLine[] {
    const lane = this.scene?.lanes.find(({ data }) => data.pid === hit.pid);
    return lane ? cardLines(lane, hit, this) : [];
  }
}

define('pf-space', PfSpace);

declare global {
  interface HTMLElementTagNameMap { 'pf-space': PfSpace }
}
