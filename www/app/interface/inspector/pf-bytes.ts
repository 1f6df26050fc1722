/** The bytes of a page, as hex and ASCII: all 4,096, of which only the rows in sight are in the document. */
import { type PropertyValues, type TemplateResult, html, nothing } from 'lit';
import { define } from '../define.ts';
import type { Place } from '../../worker/protocol.ts';
import { details } from '../../texts/details.ts';
import { panels } from '../../texts/panels.ts';
import type { Untouched } from '../../model/untouched.ts';
import { Panel, data } from '../panel.ts';
import { whyAbsent } from './absent.ts';
import '../pf-rows.ts';
import './pf-bytes.css';

const t = details.bytes;
const PAGE = 4096;
/** From this width on a row has 16 bytes. */
const WIDE = 500;

const hex = (value: number, width: number) => value.toString(16).padStart(width, '0');
const char = (byte: number) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '');

/** An offset (`0x805`, `+2053`) or an address of the page, as an offset; null if it is none of them. */
export function offsetOf(text: string, pageAddr: bigint): number | null {
  const found = /^\+?(0x)?([0-9a-f]+)$/i.exec(text.trim());
  if (!found) return null;
  const isDecimal = !found[1] && /^\d+$/.test(found[2]!) && found[2]!.length <= 4;
  const value = BigInt(isDecimal ? found[2]! : `0x${found[2]!}`);
  if (value >= pageAddr && value < pageAddr + BigInt(PAGE)) return Number(value - pageAddr);
  return value < BigInt(PAGE) ? Number(value) : null;
}

export class PfBytes extends Panel {
  static override properties = { ...data('untouched', 'bytes', 'place', 'isInvented'), cursor: { state: true }, wide: { state: true }, wrong: { state: true } };
  declare untouched: Untouched;
  declare bytes: Uint8Array | null;
  declare place: Place | null;
  /** What stands in the file is not known: the bytes are a filler. */
  declare isInvented: boolean;
  declare cursor: number;
  declare wide: boolean;
  declare wrong: boolean;
  #resized = new ResizeObserver(([entry]) => (this.wide = entry!.contentRect.width >= WIDE));

  constructor() {
    super();
    this.untouched = null;
    this.bytes = null;
    this.place = null;
    this.isInvented = false;
    this.cursor = 0;
    this.wide = false;
    this.wrong = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.style.display = 'block';
    this.#resized.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resized.disconnect();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('place') || !this.place) return;
    const before = changed.get('place') as Place | null | undefined;
    if (before?.addr !== this.place.addr || before.pid !== this.place.pid) this.cursor = Number(BigInt(`0x${this.place.addr}`) & 0xfffn);
  }

  override render(): TemplateResult {
    const { bytes, place } = this;
    if (!place) return html`<div class="pf-panel">${this.quiet(panels.nothingSelected)}</div>`;
    if (!bytes) return html`<div class="pf-panel">${this.quiet(t.absent)}${whyAbsent(this.untouched, this.who('change of the area', panels.time.whoMapped))}</div>`;
    const page = BigInt(`0x${place.addr}`) & ~0xfffn;
    const columns = this.wide ? 16 : 8;
    const used = bytes.reduce((count, byte) => count + (byte === 0 ? 0 : 1), 0);
    const at = this.cursor;
    const byte = bytes[at]!;
    return html`<div class="pf-panel pf-bytes ${this.isInvented ? 'invented' : ''}">
      <p class="pf-where">${t.title(`0x${page.toString(16)}`)} · ${used === 0 ? t.zeros : t.used(used)}</p>
      ${this.isInvented ? html`<p class="pf-note">${t.invented}</p>` : nothing}
      <form class="pf-go" @submit=${(event: SubmitEvent) => this.#go(event, page)}>
        <label><span class="hidden">${t.goTo}</span><input type="text" name="to" placeholder=${t.example} spellcheck="false" autocomplete="off" aria-invalid=${this.wrong} @input=${() => (this.wrong = false)}></label>
        <button class="pf-small">${t.go}</button>${this.copy(() => [...bytes].map((one) => hex(one, 2)).join(''), t.copyHex)}
      </form>
      ${this.wrong ? html`<p class="pf-bad" role="alert">${t.bad}</p>` : nothing}
      <pf-rows class="pf-hex" aria-roledescription=${t.role} .count=${PAGE / columns} .rowHeight=${20} .most=${364} .shown=${Math.floor(at / columns)} .label=${t.label}
        .row=${this.#row(bytes, columns)} @keydown=${(event: KeyboardEvent) => this.#key(event, columns)} @click=${this.#click}></pf-rows>
      <p class="pf-mono pf-byte-now" aria-live="polite">${t.at(`0x${hex(at, 3)}`, `0x${(page + BigInt(at)).toString(16)}`, hex(byte, 2), char(byte), byte)}</p>
    </div>`;
  }

  #row(bytes: Uint8Array, columns: number): (index: number) => TemplateResult {
    const cursor = this.cursor;
    return (index) => {
      const first = index * columns;
      const part = bytes.subarray(first, first + columns);
      const cls = (byte: number, i: number) => `${byte === 0 ? 'zero' : ''} ${first + i === cursor ? 'cursor' : ''}`;
      return html`<span class="pf-at">${hex(first, 3)}</span><span class="pf-bytes-hex">${Array.from(part, (byte, i) => html`<i data-at=${first + i} class=${cls(byte, i)}>${hex(byte, 2)}</i>`)}</span><span class="pf-ascii">${Array.from(part, (byte, i) => html`<i data-at=${first + i} class=${cls(byte, i)}>${char(byte) || '·'}</i>`)}</span>`;
    };
  }

  #go(event: SubmitEvent, page: bigint): void {
    event.preventDefault();
    const found = offsetOf(String(new FormData(event.target as HTMLFormElement).get('to') ?? ''), page);
    this.wrong = found === null;
    if (found !== null) this.cursor = found;
  }

  #key(event: KeyboardEvent, columns: number): void {
    const moves: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, PageUp: -16 * columns, PageDown: 16 * columns, Home: -PAGE, End: PAGE };
    const by = moves[event.key];
    if (by === undefined) return;
    event.preventDefault();
    this.cursor = Math.max(0, Math.min(PAGE - 1, this.cursor + by));
  }

  #click = (event: Event): void => {
    const at = (event.target as HTMLElement).closest<HTMLElement>('[data-at]')?.dataset.at;
    if (at !== undefined) this.cursor = Number(at);
  };
}

define('pf-bytes', PfBytes);
