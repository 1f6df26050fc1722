/** A list of any length of which only what is in sight is in the document. Every row is as high as the others. */
import { type PropertyValues, type TemplateResult, html } from 'lit';
import { define } from './define.ts';
import { Panel, data } from './panel.ts';

/** Rows above and below what is in sight. */
const SPARE = 8;

export class PfRows extends Panel {
  static override properties = { ...data('count', 'rowHeight', 'row', 'most', 'shown', 'label'), first: { state: true }, sight: { state: true } };
  declare count: number;
  /** In px. */
  declare rowHeight: number;
  declare row: (index: number) => TemplateResult;
  /** Its greatest height in px; a shorter list is as high as its rows. */
  declare most: number;
  /** The row that has to be in sight; −1 for none. */
  declare shown: number;
  declare label: string;
  declare first: number;
  declare sight: number;
  #resized: ResizeObserver | null = null;

  constructor() {
    super();
    this.count = 0;
    this.rowHeight = 24;
    this.row = () => html``;
    this.most = 320;
    this.shown = -1;
    this.label = '';
    this.first = 0;
    this.sight = 14;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.tabIndex = 0;
    this.setAttribute('role', 'list');
    this.addEventListener('scroll', this.#look, { passive: true });
    this.#resized = new ResizeObserver(this.#look);
    this.#resized.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.removeEventListener('scroll', this.#look);
    this.#resized?.disconnect();
  }

  #look = () => {
    this.first = Math.floor(this.scrollTop / this.rowHeight);
    this.sight = Math.ceil(this.clientHeight / this.rowHeight) + 1;
  };

  protected override willUpdate(): void {
    this.style.height = `${Math.min(this.most, this.count * this.rowHeight + 2)}px`;
    this.setAttribute('aria-label', this.label);
  }

  protected override updated(changed: PropertyValues<this>): void {
    if ((changed.has('shown') || changed.has('count')) && this.shown >= 0) this.show(this.shown);
    const { from, to } = this.range;
    this.dispatchEvent(new CustomEvent('range', { detail: { from, to } }));
  }

  /** Brings a row into sight. */
  show(index: number): void {
    const top = index * this.rowHeight;
    if (top < this.scrollTop || top + this.rowHeight > this.scrollTop + this.clientHeight) this.scrollTop = Math.max(0, top - this.clientHeight / 3);
  }

  get range(): { from: number; to: number } {
    return { from: Math.max(0, Math.min(this.first, this.count) - SPARE), to: Math.min(this.count, this.first + this.sight + SPARE) };
  }

  override render(): TemplateResult {
    const { from, to } = this.range;
    return html`<div class="pf-pad" role="presentation" style="height:${this.count * this.rowHeight}px"><div class="pf-window" role="presentation" style="transform:translateY(${from * this.rowHeight}px)">
      ${Array.from({ length: Math.max(0, to - from) }, (_, i) => html`<div class="pf-row" role="listitem" aria-setsize=${this.count} aria-posinset=${from + i + 1} style="height:${this.rowHeight}px">${this.row(from + i)}</div>`)}
    </div></div>`;
  }
}

define('pf-rows', PfRows);
