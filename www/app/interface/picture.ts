/** `<pf-picture>`: a picture of shapes on a canvas, as wide as there is room. */
import { type TemplateResult, html } from 'lit';
import type { Picture } from '../scene/shapes.ts';
import { Surface } from './space/surface.ts';
import { TurnElement } from './turns.ts';
import './picture.css';
import './space/tokens.css';

export class PfPicture extends TurnElement {
  static override properties = { picture: { attribute: false }, draw: { attribute: false } };
  declare picture: Picture | null;
  /** Where the picture is another with the room that it has: makes it, for a width. */
  declare draw: ((width: number) => Picture) | null;
  private readonly surface = new Surface(this, () => this, () => this.paint());

  constructor() {
    super();
    this.picture = null;
    this.draw = null;
  }

  private paint(): void {
    if (this.draw) this.picture = this.draw(this.surface.size.width);
    if (this.picture) this.surface.paint(this.picture);
  }

  protected override updated(): void {
    // Before it is known how wide it is, so high at least.
    this.style.height = `${(this.picture ?? this.draw?.(1))?.height ?? 0}px`;
    this.surface.draw();
  }

  protected override render(): TemplateResult {
    return html`<canvas role="img" aria-label=${this.picture?.label ?? ''}></canvas>`;
  }
}

customElements.define('pf-picture', PfPicture);

declare global {
  interface HTMLElementTagNameMap { 'pf-picture': PfPicture }
}
