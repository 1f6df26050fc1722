/** `<pf-legend>`: what colours and textures mean; a click on a kind fades the others. */
import { type TemplateResult, html, nothing } from 'lit';
import { define } from '../define.ts';
import { STROKES, STROKE_ALPHA, TILE, inkOn } from '../../scene/canvas.ts';
import { CHANGE_LOOK } from '../../scene/space/changes.ts';
import { FRAME_LEGEND, LEGEND, type Look } from '../../scene/theme.ts';
import type { Untouched } from '../../model/untouched.ts';
import { panels } from '../../texts/panels.ts';
import { term } from '../term/term.ts';
import { TurnElement } from '../turns.ts';
import { pictures } from '../../texts/pictures.ts';

const t = pictures.legend;
import './tokens.css';
import './pf-legend.css';

export class PfLegend extends TurnElement {
  static override properties = { only: { attribute: false }, shown: { attribute: false }, untouched: { attribute: false }, comparedWith: { attribute: false } };

  /** Kinds that stay lit; null: all. */
  declare only: ReadonlySet<string> | null;
  /** Kinds that are listed; null: all. */
  declare shown: ReadonlySet<string> | null;

  /** The moment that is compared with. */
  declare comparedWith: number | null;
  /** Why nothing may be in RAM. */
  declare untouched: Untouched;

  constructor() {
    super();
    this.untouched = null;
    this.comparedWith = null;
    this.only = null;
    this.shown = null;
  }

  private choose(id: string): void {
    const only = new Set(this.only ?? []);
    if (!only.delete(id)) only.add(id);
    this.only = only.size === 0 ? null : only;
    this.dispatchEvent(new CustomEvent('filter', { detail: { only: this.only } }));
  }

  protected override render(): TemplateResult {
    const all = [...LEGEND, ...FRAME_LEGEND].filter(({ id }) => this.shown === null || this.shown.has(id) || this.only?.has(id));
    return html`<div class="pf-legend" role="group" aria-label=${t.label}>
      ${this.untouched ? html`<span class="sign pf-untouched">${term('untouched', panels.memory.untouched[this.untouched])}</span>` : nothing}
      ${all.map((look) => html`<button type="button" aria-pressed=${this.only?.has(look.id) ?? false} class=${this.only && !this.only.has(look.id) ? 'faded' : ''} @click=${() => this.choose(look.id)}>${swatch(look)}${look.meaning}</button>`)}
      ${this.only ? html`<button type="button" class="all" @click=${() => { this.only = null; this.dispatchEvent(new CustomEvent('filter', { detail: { only: null } })); }}>${t.all}</button>` : nothing}
      ${this.comparedWith === null ? nothing : Object.entries(CHANGE_LOOK).map(([mark, { token, dash, meaning }]) => html`<span class="sign pf-change" title=${panels.memory.comparedWith(this.comparedWith!)}><svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true"><rect x="1" y="1" width="12" height="12" rx="3" fill="none" stroke="var(--${token})" stroke-width="2" stroke-dasharray=${dash.length > 0 ? dash.join(' ') : 'none'}></rect><text x="7" y="11" text-anchor="middle" fill="var(--${token})">${mark}</text></svg>${meaning}</span>`)}
      ${this.shown?.has('assumed') ? html`<span class="sign" title=${panels.memory.assumedWords}><svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true"><rect x="0.5" y="0.5" width="13" height="13" rx="3" fill="none" stroke="var(--edge)" stroke-dasharray="3 2"/><text x="7" y="11" text-anchor="middle" fill="var(--text)">≈</text></svg>${panels.memory.assumed}</span>` : nothing}
      <span class="sign"><svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true"><rect x="0.5" y="0.5" width="13" height="13" rx="3" fill="var(--k-anon)"/><path d="M7 0.5H13.5V7Z" fill="var(--text)" stroke="var(--bg)"/></svg>${term('dirty', pictures.bits.dirty)}</span>
      <span class="sign"><svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true"><rect x="1" y="1" width="12" height="12" rx="3" fill="none" stroke="var(--mark-edge)" stroke-width="2"/></svg>${t.touched}</span>
      <span class="sign"><svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true"><rect x="1" y="1" width="12" height="12" rx="3" fill="none" stroke="var(--text)" stroke-width="2"/></svg>${t.selected}</span>
    </div>`;
  }
}

function swatch({ id, fill, pattern, letter, ink }: Look): TemplateResult {
  const isHollow = id === 'absent' || id === 'free';
  const lines = pattern ? [0, TILE, 2 * TILE].flatMap((x) => [0, TILE, 2 * TILE].flatMap((y) => STROKES[pattern].map(([x1, y1, x2, y2]) => `M${x + x1} ${y + y1}L${x + x2} ${y + y2}`))).join('') : '';
  return html`<svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
    <rect x="0.5" y="0.5" width="13" height="13" rx="3" fill=${isHollow ? 'none' : `var(--${fill})`} stroke=${isHollow || id === 'zero' ? 'var(--edge)' : 'none'} stroke-dasharray=${id === 'absent' ? '2 2' : 'none'}></rect>
    <path d=${lines} stroke="var(--${inkOn(fill)})" stroke-width="1.2" opacity=${pattern && !letter ? STROKE_ALPHA[pattern] : 0} style="clip-path: inset(0 round 3px)"></path>
    <text x="7" y="11" text-anchor="middle" fill="var(--${ink})">${letter}</text>
  </svg>`;
}

define('pf-legend', PfLegend);

declare global {
  interface HTMLElementTagNameMap { 'pf-legend': PfLegend }
}
