/** `<pf-minimap>`: the whole space on one line; a click, a drag or the arrows move the window. */
import { type PropertyValues, type TemplateResult, html } from 'lit';
import { define } from '../define.ts';
import type { Axis } from '../../scene/axis.ts';
import { LARGE, NO_AREAS, areaAt } from '../../scene/layout.ts';
import { type MinimapInput, drawMinimap, minimapAxis, minimapPage, windowBox } from '../../scene/minimap.ts';
import { inside } from '../../scene/shapes.ts';
import { UNITS, type Units, addressText } from '../../scene/units.ts';
import type { Areas } from '../../worker/protocol.ts';
import { TurnElement } from '../turns.ts';
import { Surface } from './surface.ts';
import { pictures } from '../../texts/pictures.ts';
import './tokens.css';
import './pf-minimap.css';

export class PfMinimap extends TurnElement {
  static override properties = { areas: { attribute: false }, seen: { attribute: false }, touched: { attribute: false }, selected: { attribute: false }, pointed: { attribute: false }, lowFirst: { attribute: false }, units: { attribute: false } };

  declare areas: Areas;
  declare seen: { readonly from: number; readonly to: number };
  /** Pages. */
  declare touched: number | null;
  declare selected: number | null;
  /** Of an area that is pointed at, here or in another view. */
  declare pointed: number | null;
  declare lowFirst: boolean;
  declare units: Units;

  private readonly surface = new Surface(this, () => this, () => this.paint());
  /** Made of where the areas are, not of what is present of them. */
  private axis: { of: Float64Array; flipped: boolean; axis: Axis } | null = null;
  /** From the pointer to the middle of the window, while it is held. */
  private held: number | null = null;
  /** Where the area begins that was said to be pointed at. */
  private told: number | null = null;

  constructor() {
    super();
    this.areas = NO_AREAS;
    this.seen = { from: 0, to: 1 };
    this.touched = null;
    this.selected = null;
    this.pointed = null;
    this.lowFirst = false;
    this.units = UNITS;
  }

  protected override updated(_: PropertyValues): void {
    this.surface.draw();
  }

  private paint(): void {
    // The axis of very many areas is made in one turn, what lies on it is counted in another.
    const [before, input] = [this.axis, this.input()];
    if (before !== this.axis && this.areas.count > LARGE) this.surface.draw();
    else this.surface.paint(drawMinimap(input));
  }

  private input(): MinimapInput {
    const flipped = !this.lowFirst;
    if (this.axis?.of !== this.areas.start || this.axis.flipped !== flipped) this.axis = { of: this.areas.start, flipped, axis: minimapAxis(this.areas, flipped) };
    return { ...this.surface.size, areas: this.areas, axis: this.axis.axis, seen: this.seen, touched: this.touched, selected: this.selected, pointed: this.pointed, flipped, units: this.units };
  }

  private move(x: number): void {
    this.dispatchEvent(new CustomEvent('move', { detail: { page: minimapPage(this.input(), x) } }));
  }

  private readonly pressed = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    const x = event.offsetX;
    const box = windowBox(this.input());
    (event.target as HTMLElement).setPointerCapture(event.pointerId);
    this.held = inside(box, x, event.offsetY) ? box.x + box.w / 2 - x : 0;
    if (this.held === 0) this.move(x);
  };

  /** The area under the pointer is lit in all views; a place between areas is none. */
  private point(x: number | null): void {
    const area = x === null ? -1 : areaAt(this.areas, minimapPage(this.input(), x));
    const page = area < 0 ? null : this.areas.start[area]!;
    if (page !== this.told) this.dispatchEvent(new CustomEvent('hover', { detail: { page } }));
    this.told = page;
  }

  private readonly moved = (event: PointerEvent): void => {
    if (this.held === null) this.point(event.offsetX);
    else this.move(event.offsetX + this.held);
  };

  private readonly keyed = (event: KeyboardEvent): void => {
    const box = windowBox(this.input());
    const step = Math.max(6, event.key.startsWith('Page') ? box.w * 2 : box.w / 2);
    const to: Record<string, number> = {
      ArrowLeft: box.x + box.w / 2 - step, ArrowUp: box.x + box.w / 2 - step, ArrowRight: box.x + box.w / 2 + step, ArrowDown: box.x + box.w / 2 + step,
      PageUp: box.x + box.w / 2 - step, PageDown: box.x + box.w / 2 + step, Home: 0, End: this.surface.size.width,
    };
    const x = to[event.key];
    if (x === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.move(x);
  };

  protected override render(): TemplateResult {
    const middle = Math.round((100 * (this.seen.from + this.seen.to)) / 2 / 2 ** 35);
    return html`<canvas tabindex="0" role="slider" aria-label=${pictures.minimap.label} aria-valuemin="0" aria-valuemax="100" aria-valuenow=${middle}
      aria-valuetext=${pictures.range(addressText(this.seen.from, this.units), addressText(this.seen.to, this.units))}
      @pointerdown=${this.pressed} @pointermove=${this.moved} @pointerleave=${() => this.point(null)}
      @pointerup=${() => (this.held = null)} @pointercancel=${() => (this.held = null)} @keydown=${this.keyed}></canvas>`;
  }
}

define('pf-minimap', PfMinimap);

declare global {
  interface HTMLElementTagNameMap { 'pf-minimap': PfMinimap }
}
