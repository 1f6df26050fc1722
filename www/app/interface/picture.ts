/** `<pf-picture>`: a picture of shapes on a canvas, as wide as there is room. */
import { type TemplateResult, html } from 'lit';
import type { Picture } from '../scene/shapes.ts';
import { Surface } from './space/surface.ts';
import { TurnElement } from './turns.ts';
import './picture.css';
import './space/tokens.css';

export class PfPicture extends TurnElement {
  static override properties = { picture: { attribute: false } };
  declare picture: Picture | null;
  private readonly surface = new Surface(this, () => this, () => this.picture && this.surface.paint(this.picture));

  constructor() {
    super();
    this.picture = null;
  }

  protected override updated(): void {
    this.style.height = `${this.picture?.height ?? 0}px`;
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
