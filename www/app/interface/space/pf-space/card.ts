/** The card beside the pointer, or beside what a key went to. */
import { type ReactiveControllerHost, type TemplateResult, html, nothing } from 'lit';
import type { CardLine } from '../../../scene/space/card.ts';
import type { Box } from '../../../scene/shapes.ts';
import { locate } from '../../../scene/space/compose.ts';
import { type Hit, hitSpace } from '../../../scene/space/hit.ts';
import type { Size } from '../surface.ts';
import type { Viewport } from './viewport.ts';

/** What it is about, and where. */
interface Placed { readonly hit: Hit; readonly x: number; readonly y: number }

/** It can be pointed at: it goes when the pointer has had time to reach it. */
const LEAVING = 260;

export class Card {
  readonly #host: ReactiveControllerHost;
  readonly #viewport: Viewport;
  #shown: Placed | null = null;
  #leaving: ReturnType<typeof setTimeout> | undefined;

  constructor(host: ReactiveControllerHost, viewport: Viewport) {
    this.#host = host;
    this.#viewport = viewport;
  }

  get isShown(): boolean {
    return this.#shown !== null;
  }

  hide(): void {
    if (this.#shown) this.#show(null);
  }

  /** The pointer is there. */
  point(hit: Hit, x: number, y: number): void {
    clearTimeout(this.#leaving);
    const before = this.#shown?.hit;
    if (before?.pid !== hit.pid || before.page !== hit.page || before.what !== hit.what) this.#show({ hit, x, y });
  }

  /** The pointer has left what it was about. */
  leave(): void {
    clearTimeout(this.#leaving);
    this.#leaving = setTimeout(() => this.hide(), LEAVING);
  }

  /** Beside a page, as soon as that is drawn where it will be. */
  beside(pid: number, page: number): void {
    requestAnimationFrame(() => requestAnimationFrame(() => {
      const { scene } = this.#viewport;
      const at = scene && locate(scene, pid, page);
      const hit = at && hitSpace(scene, at.x + at.w / 2, at.y + at.h / 2);
      if (hit) this.#show({ hit, x: at.x + at.w, y: at.y + at.h / 2 });
    }));
  }

  #show(shown: Placed | null): void {
    this.#shown = shown;
    this.#host.requestUpdate();
  }

  /** Where the page is that the card is about, if it is drawn by itself. */
  #cell({ what, pid, page }: Hit): Box | null {
    const { scene } = this.#viewport;
    return what === 'page' && scene ? locate(scene, pid, page) : null;
  }

  /** `linesOf`: what is known of a place. */
  html({ width, height }: Size, linesOf: (hit: Hit) => readonly CardLine[]): TemplateResult {
    const shown = this.#shown;
    const lines = shown ? linesOf(shown.hit) : [];
    return html`
        ${shown ? html`<div class="pf-card" role="tooltip" style=${beside(shown, width, height, this.#cell(shown.hit))} @pointerenter=${() => clearTimeout(this.#leaving)} @pointerleave=${() => this.leave()}>
      ${lines.map(([text, kind]) => html`<div class=${kind}>${text}</div>`)}
    </div>` : nothing}
        <p class="pf-hidden" aria-live="polite">${lines.map(([text]) => text).join('. ')}</p>`;
  }
}

/** Higher than this, a page has room for its own words: the card stands beside the pointer. */
const TALL = 80;

/** To the side that has more room; never over the page that it is about. */
function beside({ x, y }: Placed, width: number, height: number, cell: Box | null): string {
  const [isLeft, isAbove] = [x > width * 0.6, y > height * 0.65];
  if (cell && cell.h <= TALL) {
    return `${isLeft ? `right:${Math.max(0, width - cell.x - cell.w)}px` : `left:${Math.max(0, cell.x)}px`};${isAbove ? `bottom:${height - cell.y + 6}px` : `top:${cell.y + cell.h + 6}px`}`;
  }
  return `${isLeft ? `right:${width - x + 14}px` : `left:${x + 14}px`};${isAbove ? `bottom:${height - y + 10}px` : `top:${y + 12}px`}`;
}
