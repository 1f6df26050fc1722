/** `<pf-picture>`: a picture of shapes on a canvas, as wide as there is room. */
import { type PropertyValues, type TemplateResult, html } from 'lit';
import { define } from './define.ts';
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
  /** The one that was made by `draw`. */
  private made: Picture | null = null;
  private readonly surface = new Surface(this, () => this, () => this.paint());

  constructor() {
    super();
    this.picture = null;
    this.draw = null;
  }

  private paint(): void {
    if (this.draw) this.made = this.picture = this.draw(this.surface.size.width);
    if (this.picture) this.surface.paint(this.picture);
  }

  protected override updated(changed: PropertyValues): void {
    // Before it is known how wide it is, so high at least.
    this.style.height = `${(this.picture ?? this.draw?.(1))?.height ?? 0}px`;
    // That it has been made for its width, and painted, is no reason to paint it again, and so on for ever.
    if (changed.has('draw') || this.picture !== this.made) this.surface.draw();
  }

  protected override render(): TemplateResult {
    return html`<canvas role="img" aria-label=${this.picture?.label ?? ''}></canvas>`;
  }
}

define('pf-picture', PfPicture);

declare global {
  interface HTMLElementTagNameMap { 'pf-picture': PfPicture }
}
