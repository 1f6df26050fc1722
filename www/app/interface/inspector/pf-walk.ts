/** The walk of an address: its bit fields, each level's table, each entry bit by bit, down to frame and byte. */
import { type TemplateResult, html, nothing } from 'lit';
import { define } from '../define.ts';
import { CELL, type Place, type WalkDetail, type Would } from '../../worker/protocol.ts';
import { type Entry, type LevelShape, addrOfEntry, bytesWords, decode, indexAt, shapes } from '../../model/entry.ts';
import { ENTRY_COLUMNS, drawEntries, entryAt } from '../../scene/entries.ts';
import { BITS, CELL_WORDS, ENTRY_KINDS } from '../../texts/bits.ts';
import { functionText } from '../../texts/functions.ts';
import { SIGNALS } from '../../texts/rules.ts';
import { details } from '../../texts/details.ts';
import { panels } from '../../texts/panels.ts';
import type { Untouched } from '../../model/untouched.ts';
import { Panel, breakable, data } from '../panel.ts';
import '../picture.ts';
import { whyAbsent } from './absent.ts';
import type { TermId } from '../../texts/glossary.ts';
import { term } from '../term/term.ts';
import './pf-walk.css';

const t = details.walk;
/** Entries in a row of a strip. */
const ROW = ENTRY_COLUMNS;

export class PfWalk extends Panel {
  static override properties = { ...data('untouched', 'walk', 'place', 'processName'), level: { state: true }, cursor: { state: true }, isTableOpen: { state: true } };
  declare untouched: Untouched;
  declare walk: WalkDetail | null;
  declare place: Place | null;
  declare processName: string;
  /** The level whose entry is decoded; it stays when stepping. */
  declare level: number | null;
  /** Entries stand as a table, too; it stays when stepping. */
  declare isTableOpen: boolean;
  /** Where the reader is in a table. */
  declare cursor: { readonly level: number; readonly index: number } | null;

  constructor() {
    super();
    this.untouched = null;
    this.walk = null;
    this.place = null;
    this.processName = '';
    this.level = null;
    this.cursor = null;
    this.isTableOpen = false;
  }

  override render(): TemplateResult {
    const { walk, place } = this;
    if (!place) return html`<div class="pf-panel">${this.quiet(panels.nothingSelected)}</div>`;
    if (!walk) return html`<div class="pf-panel">${this.quiet(t.none(place.pid))}</div>`;
    const levels = (walk.levels[0]?.name === 'PGD' && walk.levels.some(({ name }) => (name as string) === 'P4D')) || walk.levels.length === 5 ? 5 : 4;
    const all = shapes(levels);
    const last = walk.levels.length - 1;
    const open = Math.min(this.level ?? last, all.length - 1);
    return html`<div class="pf-panel pf-walk">
      <p class="pf-where">${panels.process(place.pid, this.processName)} · <b>0x${walk.addr}</b></p>
      ${this.#bits(walk, all, open)}
      <ol class="pf-levels">
        <li class="pf-cr3"><b>${term('cr3', t.cr3)}</b> <span>${t.cr3Words(walk.cr3)}</span></li>
        ${all.map((shape, at) => this.#level(walk, place, all, at, at === open, levels))}
      </ol>
      ${walk.physical
        ? html`<dl class="pf-fields"><div><dt>${t.physical}</dt><dd><code>0x${walk.physical}</code> · ${this.link({ ...place, pfn: walk.levels.at(-1)!.pfn }, t.frameByte(walk.levels.at(-1)!.pfn ?? 0, `0x${walk.offset.toString(16)}`), 'frame')}</dd></div>
          <div><dt>${term('tlb', t.tlb)}</dt><dd>${this.#tlb(walk)}</dd></div></dl>`
        : html`<p class="pf-note">${t.fault}</p>${whyAbsent(this.untouched, this.who('change of the area', panels.time.whoMapped))}`}
      <p class="pf-who-wrote">${this.who('change of the page', panels.time.who)}</p>
      <h4>${t.would}</h4>
      <table class="pf-table pf-would"><tbody>${(['read', 'write', 'execute'] as const).map((access) => this.#would(access, walk.would[access]))}</tbody></table>
    </div>`;
  }

  /** The address as its bit fields; each chooses the entry of its level. */
  #bits(walk: WalkDetail, all: readonly LevelShape[], open: number): TemplateResult {
    return html`<div class="pf-bits" role="group" aria-label=${t.address}>
      ${all.map((shape, at) => html`<button type="button" class="l${all.length - at}" data-term=${shape.name.toLowerCase()} aria-pressed=${at === open} @click=${() => (this.level = at)}>
        <b>${indexAt(walk.addr, shape)}</b><span>${shape.name}</span><span>${t.bits(shape.from, shape.to)}</span></button>`)}
      <span class="pf-offset"><b>0x${walk.offset.toString(16).padStart(3, '0')}</b><span>${t.offset}</span><span>11–0</span></span>
    </div>`;
  }

  #level(walk: WalkDetail, place: Place, all: readonly LevelShape[], at: number, isOpen: boolean, levels: 4 | 5): TemplateResult {
    const shape = all[at]!;
    const level = walk.levels[at];
    if (!level) return html`<li class="pf-level off"><div class="pf-level-head"><b>${shape.name}</b><span class="pf-quiet">${t.notReached}</span></div></li>`;
    const entry = decode(level.entry, at === all.length - 1);
    return html`<li class="pf-level ${isOpen ? 'open' : ''} ${at === walk.levels.length - 1 ? 'last' : ''}">
      <button type="button" class="pf-level-head" data-term=${shape.name.toLowerCase()} aria-expanded=${isOpen} @click=${() => (this.level = isOpen && at !== walk.levels.length - 1 ? null : at)}>
        <b>${shape.name}</b><code>[${level.index}]</code>${this.#letters(entry)}
        <span class="pf-to">${entry.pfn === null ? ENTRY_KINDS[entry.kind].split(/[.:]/)[0] : t.frame(entry.pfn)}</span>
      </button>
      ${isOpen ? html`<div class="pf-level-body">
        ${level.note && entry.kind !== 'empty' ? html`<p class="pf-quiet">${level.note}</p>` : nothing}
        <p>${ENTRY_KINDS[entry.kind]}</p>
        ${this.#table(walk, place, shape, at, levels)}
        ${this.#decoded(entry, level.entry, place)}
      </div>` : nothing}
    </li>`;
  }

  #letters(entry: Entry): TemplateResult {
    const letters = [['P', 'present'], ['W', 'write'], ['U', 'user'], ['A', 'accessed'], ['D', 'dirty']] as const;
    const is = (name: string) => entry.bits.find((bit) => bit.name === name)!.isSet;
    return html`<span class="pf-letters">${letters.map(([letter, name]) => html`<i class=${is(name) ? 'on' : 'off'} title=${is(name) ? BITS[name]!.set : BITS[name]!.clear}>${letter}</i>`)}<i class=${is('noExecute') ? 'on' : 'off'} title=${is('noExecute') ? BITS.noExecute!.set : BITS.noExecute!.clear}>NX</i></span>`;
  }

  /** The 512 entries of a level's table, which can be gone into. */
  #table(walk: WalkDetail, place: Place, shape: LevelShape, at: number, levels: 4 | 5): TemplateResult {
    const table = walk.tables[at];
    const chosen = walk.levels[at]!.index;
    const cursor = this.cursor?.level === at ? this.cursor.index : chosen;
    const what = (index: number) => (table ? CELL_WORDS[table.entries[index]! & 15] ?? '' : index === chosen ? ENTRY_KINDS[decode(walk.levels[at]!.entry, at === levels - 1).kind].split(/[.:]/)[0]! : '');
    const addr = (index: number) => addrOfEntry(walk.addr, shape, index, levels);
    const words = t.entryNow(cursor, what(cursor), addr(cursor));
    const into = (index: number) => this.raise('place', { place: { pid: place.pid, addr: addr(index), pfn: null }, tab: 'walk' });
    const next = (from: number, by: 1 | -1) => {
      for (let index = from + by; index >= 0 && index < 512; index += by) if (table && (table.entries[index]! & 15) !== CELL.absent) return index;
      return from;
    };
    const key = (event: KeyboardEvent) => {
      const moves: Record<string, number> = { ArrowRight: cursor + 1, ArrowLeft: cursor - 1, ArrowDown: cursor + ROW, ArrowUp: cursor - ROW, Home: 0, End: 511, PageDown: next(cursor, 1), PageUp: next(cursor, -1) };
      if (event.key === 'Enter' || event.key === ' ') into(cursor);
      else if (event.key in moves) this.cursor = { level: at, index: Math.max(0, Math.min(511, moves[event.key]!)) };
      else return;
      event.preventDefault();
    };
    const indexOf = (event: PointerEvent) => {
      const box = (event.currentTarget as Element).querySelector('pf-picture')!.getBoundingClientRect();
      return entryAt(box.width, event.clientX - box.left, event.clientY - box.top);
    };
    return html`<p class="pf-quiet pf-strip-title">${term(shape.name.toLowerCase() as TermId, shape.name)}${t.table(walk.levels[at]!.table)} · ${t.covers(bytesWords(shape.covers))}</p>
      <div class="pf-strip" role="slider" tabindex="0" aria-label=${t.entries(shape.name)} aria-valuemin="0" aria-valuemax="511" aria-valuenow=${cursor} aria-valuetext=${words}
        @keydown=${key} @click=${(event: PointerEvent) => into(indexOf(event))} @pointermove=${(event: PointerEvent) => (this.cursor = { level: at, index: indexOf(event) })} @pointerleave=${() => (this.cursor = null)}>
        <pf-picture aria-hidden="true" .draw=${(width: number) => drawEntries({ width, label: '', entries: table?.entries ?? null, chosen, cursor })}></pf-picture>
      </div>
      <p class="pf-strip-now pf-mono">${words}</p>
      ${table ? this.#twin(table.entries, (index) => html`<tr class=${index === chosen ? 'on' : ''}><th scope="row" class="pf-n">${index}</th><td>${what(index)}</td><td>${this.link({ ...place, addr: addrOfEntry(walk.addr, shape, index, levels), pfn: null }, `0x${addrOfEntry(walk.addr, shape, index, levels)}`)}</td></tr>`) : html`<p class="pf-quiet pf-no-entries">${t.unknownEntries}</p>`}`;
  }

  /** The entries that are used, as a table. */
  #twin(entries: Uint8Array, row: (index: number) => TemplateResult): TemplateResult {
    const used = Array.from(entries.keys()).filter((index) => (entries[index]! & 15) !== CELL.absent && (entries[index]! & 15) !== CELL.none);
    if (used.length === 0) return html`<p class="pf-quiet pf-no-entries">${t.noEntries}</p>`;
    return html`<details class="pf-twin pf-entries" ?open=${this.isTableOpen} @toggle=${(event: Event) => (this.isTableOpen = (event.target as HTMLDetailsElement).open)}><summary>${t.entriesTable(used.length)}</summary>
      ${this.isTableOpen ? html`<div class="pf-scroll" tabindex="0" role="region" aria-label=${t.entriesTable(used.length)}><table class="pf-table"><thead><tr><th scope="col" class="pf-n">${t.entryHead.index}</th><th scope="col">${t.entryHead.what}</th><th scope="col">${t.entryHead.from}</th></tr></thead><tbody>${used.map(row)}</tbody></table></div>` : nothing}</details>`;
  }

  /** Bit by bit, with a sentence each; what is clear and always is, is left out. */
  #decoded(entry: Entry, hex: string, place: Place): TemplateResult {
    if (entry.kind === 'empty') return html``;
    const dull = new Set(['writeThrough', 'noCache', 'large', 'global', 'special', 'key']);
    const isPage = entry.kind === 'page' || entry.kind === 'large';
    // Whether a table is dirty means nothing to the MMU.
    const shown = entry.bits.filter((bit) => (bit.isSet || !dull.has(bit.name)) && (isPage || bit.name !== 'dirty'));
    return html`<p class="pf-binary pf-mono" aria-label="${t.entry} ${hex}">${entry.binary.match(/.{4}/g)!.map((four) => html`<span>${[...four].map((bit) => (bit === '1' ? html`<b>1</b>` : '0'))}</span>`)}</p>
      <table class="pf-table pf-decoded"><caption class="hidden">${t.decoded}</caption><tbody>${shown.map((bit) => {
        const text = BITS[bit.name]!;
        return html`<tr class=${bit.isSet ? 'on' : 'off'}><th scope="row">${text.name}</th><td class="pf-n">${bit.name === 'frame' ? (bit.value === null ? '–' : this.link({ ...place, pfn: bit.value }, String(bit.value), 'frame')) : bit.value ?? (bit.isSet ? 1 : 0)}</td>
          <td>${bit.isSet ? text.set : text.clear}</td></tr>`;
      })}</tbody></table>`;
  }

  #tlb({ tlb }: WalkDetail): string {
    const kinds = (['read', 'write', 'execute'] as const).filter((_, i) => tlb[i]).map((kind) => t.accesses[kind]);
    return kinds.length === 0 ? t.tlbMiss : t.tlbHit(kinds.join(t.and));
  }

  #would(access: 'read' | 'write' | 'execute', { does, by }: Would): TemplateResult {
    const code = by.split(' ').at(-1)!;
    const words = SIGNALS[code] ?? (by.endsWith('wp_page_reuse') ? t.reuse : functionText(by.split(', ').at(-1)!)?.sentence) ?? '';
    return html`<tr class=${does}><th scope="row">${t.accesses[access]}</th><td><b>${t.does[does]}</b>${does === 'hit' || (does === 'walk' && !functionText(by)) ? nothing : html` <code>${breakable(by)}</code>`}${words ? html`<p class="pf-quiet">${words}</p>` : nothing}</td></tr>`;
  }
}

define('pf-walk', PfWalk);
