/** `<pf-ram>`: physical memory, a frame a cell; wheel moves, Ctrl or ⌘ and wheel zooms, arrows go from frame to frame. */
import { type PropertyValues, type TemplateResult, html, nothing } from 'lit';
import { define } from '../define.ts';
import { type RamScene, type RamView, composeRam, drawRam, frameAt, frameBox, orderAt, panRam, revealFrame, sizeForAll, zoomRam } from '../../scene/ram.ts';
import { FRAMES } from '../../scene/theme.ts';
import { UNITS, type Units, pagesText, grouped } from '../../scene/units.ts';
import { FRAME, type Ram } from '../../worker/protocol.ts';
import { type FrameRuns, frameRuns, runOf } from '../../model/frames.ts';
import { panels } from '../../texts/panels.ts';
import '../pf-rows.ts';
import { TurnElement } from '../turns.ts';
import { Surface } from './surface.ts';
import { pictures } from '../../texts/pictures.ts';

const t = pictures.ram;
import './tokens.css';
import './pf-ram.css';

export class PfRam extends TurnElement {
  static override properties = {
    ram: { attribute: false }, selected: { attribute: false }, touched: { attribute: false }, only: { attribute: false }, units: { attribute: false }, ownerOf: { attribute: false }, hasTable: { attribute: false }, isTableOpen: { state: true }, card: { state: true },
  };

  declare ram: Ram | null;
  declare selected: number | null;
  declare touched: number | null;
  declare only: ReadonlySet<string> | null;
  declare units: Units;
  /** Asks whose a frame is, in words. */
  declare ownerOf: ((pfn: number) => Promise<string | null>) | null;
  /** Below the picture the same stands as a table. */
  declare hasTable: boolean;
  declare private isTableOpen: boolean;
  declare private card: { readonly pfn: number | null; readonly text: string; readonly x: number; readonly y: number } | null;

  private readonly surface = new Surface(this, () => this.querySelector<HTMLElement>('.pf-ram-box')!, () => this.paint());
  private view: RamView = { first: 0, size: 0 };
  private drag: { x: number; y: number; moved: boolean; first: number } | null = null;
  private frames: Uint8Array | null = null;
  scene: RamScene | null = null;

  constructor() {
    super();
    this.ram = null;
    this.selected = null;
    this.touched = null;
    this.only = null;
    this.units = UNITS;
    this.ownerOf = null;
    this.hasTable = false;
    this.isTableOpen = false;
    this.card = null;
  }

  protected override updated(changed: PropertyValues): void {
    // Frames stay as they were while an answer comes without them.
    if (changed.has('ram') && this.ram?.frames) this.frames = this.ram.frames;
    const shown = changed.has('selected') && this.selected !== null ? this.selected : changed.has('touched') ? this.touched : null;
    if (shown !== null && this.surface.size.width > 0) this.view = revealFrame(this.compose(), shown);
    if (changed.size > 1 || !changed.has('card')) this.surface.draw();
  }

  private compose(): RamScene {
    const { ram, surface: { size } } = this;
    return composeRam({
      width: Math.max(20, size.width - 4), height: size.height, total: ram?.total ?? 0, free: ram?.free ?? 0, freeBlocks: ram?.freeBlocks ?? [], frames: this.frames,
      view: this.view, selected: this.selected, touched: this.touched, only: this.only, units: this.units,
    });
  }

  private paint(): void {
    if (!this.ram) return;
    const picture = drawRam((this.scene = this.compose()));
    this.surface.paint(picture);
    this.surface.canvas.setAttribute('aria-label', picture.label);
    this.dispatchEvent(new CustomEvent('drawn'));
  }

  /** All frames in the window, or as many as can be seen. */
  fit(): void {
    this.view = { first: 0, size: 0 };
    this.surface.draw();
  }

  reveal(pfn: number): void {
    this.view = revealFrame(this.compose(), pfn);
    this.surface.draw();
  }

  zoomBy(factor: number, x?: number, y?: number): void {
    const scene = this.scene ?? this.compose();
    const at = this.selected === null ? null : frameBox(scene, this.selected);
    this.view = zoomRam(scene, factor, x ?? (at ? at.x + 1 : 1), y ?? (at && at.y > scene.grid.y && at.y < scene.grid.y + scene.grid.h ? at.y + 1 : scene.grid.y + 1));
    this.surface.draw();
  }

  /** Where a frame is in the window of the browser; null if it is not in the picture. */
  placeOf(pfn: number): DOMRect | null {
    if (!this.scene) return null;
    const { grid } = this.scene;
    const box = frameBox(this.scene, pfn);
    if (box.y < grid.y - 4 || box.y > grid.y + grid.h) return null;
    const origin = this.surface.canvas.getBoundingClientRect();
    return new DOMRect(box.x + origin.left, box.y + origin.top, box.w, box.h);
  }

  /** For the template: the page is not scrolled by what moves the picture. */
  private readonly wheel = { handleEvent: (event: WheelEvent): void => this.wheeled(event), passive: false };

  private wheeled(event: WheelEvent): void {
    const { scene } = this;
    if (!scene) return;
    const { x, y } = this.surface.place(event);
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      this.zoomBy(Math.exp(-Math.max(-60, Math.min(60, event.deltaY)) * 0.006), x, y);
      return;
    }
    if (scene.rows * scene.columns >= scene.input.total) return;
    event.preventDefault();
    this.view = panRam(scene, Math.sign(event.deltaY) * Math.max(1, Math.round(Math.abs(event.deltaY) / scene.size)));
    this.surface.draw();
  }

  private readonly pressed = (event: PointerEvent): void => {
    if (event.button !== 0 || !this.scene) return;
    this.drag = { ...this.surface.place(event), moved: false, first: this.scene.first };
    this.surface.canvas.setPointerCapture(event.pointerId);
  };

  private readonly pointed = (event: PointerEvent): void => {
    const { scene, drag } = this;
    if (!scene) return;
    const { x, y } = this.surface.place(event);
    if (drag) {
      if (Math.hypot(x - drag.x, y - drag.y) > 4) drag.moved = true;
      if (drag.moved) {
        this.view = { size: scene.size, first: Math.max(0, drag.first + Math.round((drag.y - y) / scene.size) * scene.columns) };
        this.surface.draw();
      }
      return;
    }
    const pfn = frameAt(scene, x, y);
    const order = orderAt(scene, x, y);
    const blocks = order === null ? 0 : scene.input.freeBlocks[order]!;
    const text = pfn !== null ? this.words(pfn) : order !== null ? t.block(order, grouped(blocks), blocks, pagesText(2 ** order, this.units)) : '';
    if (!text) this.card = null;
    else if (pfn !== this.card?.pfn || pfn === null) this.showCard(pfn, text, x, y);
    this.dispatchEvent(new CustomEvent('hover', { detail: pfn === null ? null : { pfn } }));
  };

  private words(pfn: number): string {
    const look = FRAMES[this.frames?.[pfn] ?? FRAME.free]!;
    return t.frame(pfn, look.meaning);
  }

  private showCard(pfn: number | null, text: string, x: number, y: number): void {
    this.card = { pfn, text, x, y };
    if (pfn !== null && this.ownerOf && this.frames?.[pfn] !== FRAME.free) void this.tellOwner(pfn, this.ownerOf);
  }

  /** Whose it is comes a moment later: only the core knows. */
  private async tellOwner(pfn: number, ownerOf: NonNullable<PfRam['ownerOf']>): Promise<void> {
    const owner = await ownerOf(pfn);
    if (owner && this.card?.pfn === pfn) this.card = { ...this.card, text: t.frame(pfn, owner) };
  }

  private readonly released = (event: PointerEvent): void => {
    const { drag, scene } = this;
    this.drag = null;
    if (!drag || drag.moved || !scene || event.type === 'pointercancel') return;
    const pfn = frameAt(scene, drag.x, drag.y);
    if (pfn !== null) this.choose(pfn);
  };

  private choose(pfn: number): void {
    this.dispatchEvent(new CustomEvent('select', { detail: { pfn } }));
  }

  private readonly keyed = (event: KeyboardEvent): void => {
    const { scene } = this;
    if (!scene || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = this.selected ?? this.touched ?? scene.first;
    const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -scene.columns, ArrowDown: scene.columns, Home: -at, End: scene.input.total - 1 - at, PageUp: -16 * scene.columns, PageDown: 16 * scene.columns };
    const step = steps[event.key];
    if (step !== undefined) {
      const pfn = Math.min(scene.input.total - 1, Math.max(0, at + step));
      const box = frameBox(scene, pfn);
      this.choose(pfn);
      this.showCard(pfn, this.words(pfn), box.x, Math.min(Math.max(0, box.y), this.surface.size.height - 20));
    } else if (event.key === '+' || event.key === '=' || event.code === 'KeyW') this.zoomBy(1.4);
    else if (event.key === '-' || event.code === 'KeyS') this.zoomBy(1 / 1.4);
    else if (event.key === '0' || event.code === 'KeyF') this.fit();
    else if (event.key === 'Escape' && this.card) this.card = null;
    else return;
    event.preventDefault();
  };

  protected override render(): TemplateResult {
    const { card, surface: { size } } = this;
    const canZoom = this.ram !== null && this.scene !== null && sizeForAll(this.ram.total, this.scene.grid.w, this.scene.grid.h) < 22;
    return html`<div class="pf-ram-box">
      <canvas tabindex="0" role="application" aria-roledescription=${t.role} aria-label=${t.label} @pointerdown=${this.pressed} @pointermove=${this.pointed}
        @pointerup=${this.released} @pointercancel=${this.released} @pointerleave=${() => { this.card = null; this.dispatchEvent(new CustomEvent('hover', { detail: null })); }}
        @dblclick=${(event: MouseEvent) => { const { x, y } = this.surface.place(event); this.zoomBy(2.5, x, y); }} @wheel=${this.wheel} @keydown=${this.keyed} @blur=${() => (this.card = null)}></canvas>
      ${canZoom ? html`<div class="pf-ram-tools"><button type="button" aria-label=${t.zoomOut} @click=${() => this.zoomBy(1 / 1.6)}>−</button><button type="button" aria-label=${t.zoomIn} @click=${() => this.zoomBy(1.6)}>+</button></div>` : nothing}
      ${card ? html`<div class="pf-card" role="tooltip" style=${`${card.x > size.width / 2 ? `right:${Math.max(0, size.width - card.x + 8)}px` : `left:${card.x + 12}px`};top:${Math.min(card.y + 14, size.height - 40)}px`}>${card.text}</div>` : nothing}
      <p class="pf-hidden" aria-live="polite">${card?.text ?? ''}</p>
    </div>${this.hasTable ? this.table() : nothing}`;
  }

  private runs: { readonly of: Uint8Array; readonly runs: FrameRuns } | null = null;

  /** The same, a line for each run of equal frames. */
  private table(): TemplateResult {
    const frames = this.ram?.frames ?? this.frames;
    return html`<details class="pf-twin pf-frames" ?open=${this.isTableOpen} @toggle=${(event: Event) => (this.isTableOpen = (event.target as HTMLDetailsElement).open)}><summary>${panels.ram.table}</summary>
      ${this.isTableOpen && frames ? this.lines(frames) : nothing}</details>`;
  }

  private lines(frames: Uint8Array): TemplateResult {
    if (this.runs?.of !== frames) this.runs = { of: frames, runs: frameRuns(frames) };
    const { runs } = this.runs;
    const row = (index: number) => {
      const [first, count] = [runs.first[index]!, runs.frames[index]!];
      const isChosen = this.selected !== null && this.selected >= first && this.selected < first + count;
      return html`<button type="button" class="pf-link" aria-current=${isChosen ? 'true' : nothing} @click=${() => this.choose(isChosen ? this.selected! : first)}>${panels.ram.frames(first, count)}</button> <span class="pf-quiet">${FRAMES[runs.kind[index]!]!.meaning}</span>`;
    };
    return html`<pf-rows .count=${runs.count} .rowHeight=${26} .most=${260} .label=${panels.ram.tableLabel(runs.count)} .shown=${this.selected === null ? -1 : runOf(runs, this.selected)} .row=${row}></pf-rows>`;
  }
}

define('pf-ram', PfRam);

declare global {
  interface HTMLElementTagNameMap { 'pf-ram': PfRam }
}
