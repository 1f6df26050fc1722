/** A frame of physical memory: whose it is, who counts on it, everybody who maps it. */
import { type TemplateResult, html, nothing } from 'lit';
import type { FrameDetail } from '../../../lib/index.ts';
import type { Place, ProcessInfo } from '../../worker/protocol.ts';
import { details } from '../../texts/details.ts';
import { panels } from '../../texts/panels.ts';
import { Panel, data, define } from '../panel.ts';
import '../pf-rows.ts';
import './pf-frame.css';

const t = details.frame;

export class PfFrame extends Panel {
  static override properties = data('frame', 'place', 'processes');
  declare frame: FrameDetail | null;
  declare place: Place | null;
  declare processes: readonly Pick<ProcessInfo, 'pid' | 'name'>[];

  constructor() {
    super();
    this.frame = null;
    this.place = null;
    this.processes = [];
  }

  override render(): TemplateResult {
    const { frame, place } = this;
    if (!place) return html`<div class="pf-panel">${this.quiet(panels.nothingSelected)}</div>`;
    if (!frame) return html`<div class="pf-panel">${this.quiet(place.pfn === null ? t.absent : t.free(place.pfn))}</div>`;
    if (frame.kind === 'free') return html`<div class="pf-panel pf-frame">${this.#head(frame)}<p>${t.free(frame.pfn)}</p></div>`;
    const { kind, refcount, mapcount, flags, owner, mappers } = frame;
    return html`<div class="pf-panel pf-frame">
      ${this.#head(frame)}
      <p>${t.kinds[kind]}</p>
      <dl class="pf-fields"><div><dt>${t.holds}</dt><dd>${owner}</dd></div></dl>
      <h4>${t.counts}</h4>
      <div class="pf-counts">
        <div><b>${mapcount}</b><span>${t.mapcount}</span><p>${t.mapcountWords(mapcount)}</p></div>
        <div><b>${refcount}</b><span>${t.refcount}</span><p>${t.refcountWords(refcount, mapcount, kind)}</p></div>
      </div>
      <dl class="pf-fields"><div><dt>${t.flags}</dt><dd>${flags.length === 0 ? t.noFlags : flags.map((flag) => html`<div><code>${flag}</code>${t.flagWords[flag] ? html` <span class="pf-quiet">${t.flagWords[flag]}</span>` : nothing}</div>`)}</dd></div></dl>
      <h4>${t.mappers(mappers.length)}</h4>
      ${mappers.length === 0 ? this.quiet(t.noMappers) : html`<pf-rows .count=${mappers.length} .rowHeight=${28} .most=${280} .label=${t.mappers(mappers.length)} .row=${this.#mapper}></pf-rows>`}
    </div>`;
  }

  #head({ pfn, kind }: FrameDetail): TemplateResult {
    return html`<p class="pf-where"><i class="pf-swatch ${kind}" aria-hidden="true"></i><b>${t.title(pfn)}</b> · ${t.physical((pfn * 4096).toString(16))}</p>`;
  }

  #mapper = (index: number): TemplateResult => {
    const { pid, addr } = this.frame!.mappers[index]!;
    const name = this.processes.find((process) => process.pid === pid)?.name ?? '';
    return this.link({ pid, addr, pfn: null }, html`${panels.process(pid, name)} · ${addr}`, 'walk');
  };
}

define('pf-frame', PfFrame);
