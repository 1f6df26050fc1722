/** A frame of physical memory: whose it is, who counts on it, everybody who maps it. */
import { type TemplateResult, html, nothing } from 'lit';
import { define } from '../define.ts';
import type { FrameDetail } from '../../../lib/index.ts';
import type { Place, ProcessInfo, WalkDetail } from '../../worker/protocol.ts';
import { details } from '../../texts/details.ts';
import { panels } from '../../texts/panels.ts';
import type { Moved } from '../../model/frame.ts';
import type { Untouched } from '../../model/untouched.ts';
import { Panel, data } from '../panel.ts';
import { whyAbsent } from './absent.ts';
import '../pf-rows.ts';
import { explained, term } from '../term/term.ts';
import './pf-frame.css';

const t = details.frame;
/** Mappers have as much room in pixels before they scroll: what counts on the frame stands below them. */
const MOST = 140;

export class PfFrame extends Panel {
  static override properties = data('untouched', 'pinned', 'moved', 'own', 'frame', 'place', 'processes', 'walk');
  declare untouched: Untouched;
  /** The frame that is kept selected. */
  declare pinned: number | null;
  /** What the last change of position did to the page's frame. */
  declare moved: Moved | null;
  /** The frame that the selected page is in. */
  declare own: number | null;
  declare frame: FrameDetail | null;
  declare place: Place | null;
  declare processes: readonly Pick<ProcessInfo, 'pid' | 'name'>[];
  /** The walk of the selected address: a table on its way is that process's. */
  declare walk: WalkDetail | null;

  constructor() {
    super();
    this.untouched = null;
    this.pinned = null;
    this.moved = null;
    this.own = null;
    this.frame = null;
    this.place = null;
    this.processes = [];
    this.walk = null;
  }

  override render(): TemplateResult {
    const { frame, place } = this;
    if (!place) return html`<div class="pf-panel">${this.quiet(panels.nothingSelected)}</div>`;
    if (!frame) return html`<div class="pf-panel">${this.#follow(null, place)}${this.quiet(place.pfn === null ? t.absent : t.free(place.pfn))}${place.pfn === null ? whyAbsent(this.untouched, this.who('change of the area', panels.time.whoMapped)) : nothing}</div>`;
    if (frame.kind === 'free') return html`<div class="pf-panel pf-frame">${this.#head(frame)}${this.#follow(frame, place)}<p>${t.free(frame.pfn)}</p></div>`;
    const { kind, refcount, mapcount, flags, owner, mappers } = frame;
    return html`<div class="pf-panel pf-frame">
      ${this.#head(frame)}
      ${this.#follow(frame, place)}
      <p>${explained(t.kinds[kind])} ${this.#isLone(frame) ? t.lone : ''} ${kind === 'table' ? this.#tableOf(frame.pfn, place) : ''}</p>
      <dl class="pf-fields"><div><dt>${t.holds}</dt><dd>${explained(owner)}</dd></div></dl>
      <h4>${t.mappers(mappers.length)}</h4>
      ${mappers.length === 0 ? this.quiet(t.noMappers) : html`<pf-rows .count=${mappers.length} .rowHeight=${28} .most=${MOST} .label=${t.mappers(mappers.length)} .row=${(index: number) => this.#mapper(mappers[index]!)}></pf-rows>`}
      <h4>${t.counts}</h4>
      <div class="pf-counts">
        <div><b>${mapcount}</b><span>${term('mapcount', t.mapcount)}</span><p>${t.mapcountWords(mapcount)}</p></div>
        <div><b>${refcount}</b><span>${term('refcount', t.refcount)}</span><p>${t.refcountWords(refcount, mapcount, kind)}</p></div>
      </div>
      <dl class="pf-fields"><div><dt>${t.flags}</dt><dd>${flags.length === 0 ? t.noFlags : flags.map((flag) => html`<div><code>${flag}</code>${t.flagWords[flag] ? html` <span class="pf-quiet">${t.flagWords[flag]}</span>` : nothing}</div>`)}</dd></div></dl>
      ${place.addr === '0' ? nothing : html`<p class="pf-who-wrote">${this.who('change of the page', panels.time.who)}</p>`}
    </div>`;
  }

  /** Where the page went, and whether it or the frame is followed. */
  #follow(frame: FrameDetail | null, place: Place): TemplateResult {
    const { moved, own, pinned } = this;
    const to = (pfn: number) => this.link({ ...place, pfn }, t.title(pfn), 'frame');
    const isOther = place.pfn !== null && own !== place.pfn;
    // Beside a frame that has nothing to do with it, that the page moved is no news: only where it is.
    const isOfThis = moved && (!isOther || moved.from === place.pfn || moved.to === place.pfn);
    const button = (pfn: number | null, words: string) => html`<button type="button" class="pf-small" @click=${() => this.raise('pin', { pfn })}>${words}</button>`;
    return html`${isOfThis ? html`<p class="pf-note pf-moved" role="status">${t.moved(`0x${place.addr}`, moved.position, moved.from === null ? null : to(moved.from), moved.to === null ? null : to(moved.to))}</p>` : nothing}
      ${isOther && place.addr !== '0' ? html`<p class="pf-other">${t.otherFrame(`0x${place.addr}`, own === null ? null : to(own))}</p>` : nothing}
      <p class="pf-pin">${pinned === null ? (place.pfn === null && frame ? button(frame.pfn, t.pin(frame.pfn)) : place.pfn !== null && place.addr !== '0' ? button(null, t.unpin) : nothing) : html`<b>${t.pinned(pinned)}</b> ${button(null, t.unpin)}`}</p>`;
  }

  /** Its other mappers have gone, and the entry is as copy on write left it. */
  #isLone({ pfn, kind, mapcount }: FrameDetail): boolean {
    const { walk } = this;
    return kind === 'anon' && mapcount === 1 && walk?.physical != null && BigInt(`0x${walk.physical}`) >> 12n === BigInt(pfn) && walk.would.write.by.endsWith('wp_page_reuse');
  }

  /** Whose table it is, as far as the selected address leads to it. */
  #tableOf(pfn: number, { pid }: Place): string {
    const level = this.walk?.levels.find(({ table }) => table === pfn);
    return level ? t.tableOf(this.#name(pid), level.name, `0x${this.walk!.addr}`) : '';
  }

  #name(pid: number): string {
    return panels.process(pid, this.processes.find((process) => process.pid === pid)?.name ?? '');
  }

  #head({ pfn, kind }: FrameDetail): TemplateResult {
    return html`<p class="pf-where"><i class="pf-swatch ${kind}" aria-hidden="true"></i><b>${t.title(pfn)}</b> · ${t.physical((pfn * 4096).toString(16))}</p>`;
  }

  #mapper({ pid, addr }: FrameDetail['mappers'][number]): TemplateResult {
    return this.link({ pid, addr, pfn: null }, html`${this.#name(pid)} · ${addr}`);
  }
}

define('pf-frame', PfFrame);
