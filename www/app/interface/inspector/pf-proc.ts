/** `pf-maps` and `pf-smaps`: the texts of /proc, with the selected area marked, each area one click away. */
import { type PropertyValues, type TemplateResult, html, nothing } from 'lit';
import { define } from '../define.ts';
import type { Place } from '../../worker/protocol.ts';
import { type Block, blockAt, blocks, mapsLine } from '../../model/smaps.ts';
import { FLAG_TEXTS } from '../../texts/flags.ts';
import { details } from '../../texts/details.ts';
import { markOf } from '../lit.ts';
import { Panel, data } from '../panel.ts';
import '../pf-rows.ts';
import './pf-proc.css';

const t = details.proc;
/** A line of maps in two: addresses above, what is there below. */
const TALL = 40;
/** Digits of both addresses that leave room for what stands behind them. */
const WIDE = 26;
/** So many characters of a name have room in every pane. */
const ROOM = 28;

/** Of a path its end, of which the file's own name is whole if it can be. */
export function ending(name: string): string {
  if (name.length <= ROOM) return name;
  const file = name.slice(name.lastIndexOf('/') + 1);
  return file.length < ROOM ? `…${name.slice(1 - ROOM)}` : `…${file.slice(0, ROOM - 2)}…`;
}

abstract class PfProc extends Panel {
  static override properties = { ...data('text', 'pid', 'place'), onlySelected: { state: true } };
  /** As the kernel writes it. */
  declare text: string | null;
  declare pid: number | null;
  declare place: Place | null;
  declare onlySelected: boolean;
  protected lines: readonly string[] = [];
  protected areas: readonly Block[] = [];

  constructor() {
    super();
    this.text = null;
    this.pid = null;
    this.place = null;
    this.onlySelected = false;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('text')) return;
    this.lines = (this.text ?? '').split('\n').filter((line) => line !== '');
    this.areas = blocks(this.lines);
  }

  /** The area that is selected, by its place among all; −1 for none. */
  protected get selected(): number {
    return this.place && this.place.pid === this.pid ? blockAt(this.areas, this.place.addr) : -1;
  }

  protected head(title: string): TemplateResult {
    return html`<p class="pf-where pf-proc-head"><b>${title}</b><span>${t.lines(this.areas.length)}</span>${this.copy(() => this.text ?? '')}</p>`;
  }

  /** A line of maps as a button. Where names would be out of sight they have a line of their own: `isTall`. */
  protected area(line: string, isSelected: boolean, isTall = false): TemplateResult {
    const found = mapsLine(line);
    if (!found) return html`<span class="pf-mono">${line}</span>`;
    const place = { pid: this.pid!, addr: found.start, pfn: null };
    const [offset, ...where] = line.slice(line.indexOf(found.perms) + 5).split(/ +/).slice(0, 3);
    // Addresses of more than twelve digits have the line to themselves.
    const isWide = isTall && found.start.length + found.end.length > WIDE;
    const hover = (on: boolean) => () => this.raise('hover-place', { place: on ? place : null });
    return html`<button type="button" data-area=${markOf(place.pid, place.addr)} class="pf-area-line ${isTall ? 'tall' : ''}" aria-current=${isSelected} title=${found.name || nothing} @click=${() => this.raise('place', { place })}
      @pointerenter=${hover(true)} @pointerleave=${hover(false)} @focus=${hover(true)} @blur=${hover(false)}><span>${found.start}-${found.end}</span> <b>${found.perms}</b> <span class="pf-quiet">${isWide ? nothing : offset} ${isTall ? nothing : where.join(' ')}</span> ${isTall ? html`<span class="pf-below"><b>${ending(found.name)}</b> <span class="pf-quiet">${[...(isWide ? [offset] : []), ...where].join(' ')}</span></span>` : html`<b>${found.name}</b>`}</button>`;
  }
}

export class PfMaps extends PfProc {
  override render(): TemplateResult {
    if (this.text === null || this.pid === null) return html`<div class="pf-panel">${this.quiet(t.none)}</div>`;
    const { selected, areas, lines } = this;
    return html`<div class="pf-panel pf-proc">${this.head(t.maps(this.pid))}
      <pf-rows .count=${areas.length} .rowHeight=${TALL} .most=${560} .shown=${selected} .label=${t.label} .row=${(index: number) => this.area(lines[areas[index]!.from]!, index === selected, true)}></pf-rows></div>`;
  }
}

export class PfSmaps extends PfProc {
  static override properties = { ...PfProc.properties, ...data('isDump') };
  /** What is shown was read from a dump: without a text it was one of maps. */
  declare isDump: boolean;

  constructor() {
    super();
    this.isDump = false;
  }

  override render(): TemplateResult {
    if (this.text === null || this.pid === null) return html`<div class="pf-panel">${this.quiet(this.isDump ? t.onlySmaps : t.none)}</div>`;
    const { selected, areas, lines } = this;
    const only = this.onlySelected && selected >= 0 ? areas[selected]! : null;
    const [from, to] = only ? [only.from, only.to] : [0, lines.length];
    const isIn = (line: number) => selected >= 0 && line >= areas[selected]!.from && line < areas[selected]!.to;
    return html`<div class="pf-panel pf-proc">${this.head(t.smaps(this.pid))}
      <label class="pf-check"><input type="checkbox" .checked=${this.onlySelected} @change=${(event: Event) => (this.onlySelected = (event.target as HTMLInputElement).checked)}>${t.onlySelected}</label>
      <pf-rows .count=${to - from} .rowHeight=${24} .most=${560} .shown=${selected < 0 || only ? -1 : areas[selected]!.from} .label=${t.label} .row=${(index: number) => this.#line(lines[from + index]!, isIn(from + index))}></pf-rows></div>`;
  }

  #line(line: string, isIn: boolean): TemplateResult {
    if (mapsLine(line)) return this.area(line, isIn);
    const [name, rest] = [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()];
    if (name === 'VmFlags') return html`<span class="pf-counter ${isIn ? 'in' : ''}"><span>${name}</span><span>${rest.split(' ').map((pair) => html`<abbr title="${FLAG_TEXTS[pair]?.name ?? pair}: ${FLAG_TEXTS[pair]?.sentence ?? ''}">${pair}</abbr> `)}</span></span>`;
    return html`<span class="pf-counter ${isIn ? 'in' : ''} ${/^0( kB)?$/.test(rest) ? 'zero' : ''}" title=${details.area.costWords[name] ?? nothing}><span>${name}</span><span class="pf-n">${rest}</span></span>`;
  }
}

define('pf-maps', PfMaps);
define('pf-smaps', PfSmaps);
