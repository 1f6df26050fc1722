/** What of RAM is free: the blocks of the buddy allocator, and the kernel's own account. */
import { type TemplateResult, html, nothing } from 'lit';
import { define } from '../define.ts';
import type { Ram } from '../../worker/protocol.ts';
import { bytesWords } from '../../model/entry.ts';
import { details } from '../../texts/details.ts';
import { panels } from '../../texts/panels.ts';
import { Panel, data } from '../panel.ts';
import { explained } from '../term/term.ts';
import './pf-meminfo.css';

const t = details.ram;

export class PfMeminfo extends Panel {
  static override properties = data('ram', 'meminfo');
  declare ram: Pick<Ram, 'total' | 'free' | 'freeBlocks'> | null;
  declare meminfo: string | null;

  constructor() {
    super();
    this.ram = null;
    this.meminfo = null;
  }

  override render(): TemplateResult {
    const { ram } = this;
    if (!ram) return html``;
    // By the memory that lies in blocks of a size: their number alone would hide the large ones.
    const frames = ram.freeBlocks.map((count, order) => count << order);
    const most = Math.max(1, ...frames);
    return html`<div class="pf-panel pf-meminfo">
      <h3>${t.title}</h3>
      <p>${t.free(ram.free, ram.total)} · ${bytesWords(ram.free * 4096)}</p>
      <p class="pf-quiet">${explained(t.words)}</p>
      <div class="pf-buddies pf-draw" role="img" aria-label=${t.chart}>${ram.freeBlocks.map((count, order) => html`<div><b>${count > 0 ? panels.number(count) : ''}</b><i style="height:${count === 0 ? 0 : Math.max(3, (frames[order]! / most) * 44)}px"></i><span>${bytesWords(4096 << order).replace(/ (.).*/, '$1')}</span></div>`)}</div>
      <details><summary>${t.table}</summary><table class="pf-table"><thead><tr><th scope="col">${t.order}</th><th scope="col">${t.size}</th><th scope="col" class="pf-n">${t.blocks}</th><th scope="col" class="pf-n">${t.frames}</th></tr></thead>
        <tbody>${ram.freeBlocks.map((count, order) => html`<tr><th scope="row">${order}</th><td>${bytesWords(4096 << order)}</td><td class="pf-n">${panels.number(count)}</td><td class="pf-n">${panels.number(frames[order]!)}</td></tr>`)}</tbody></table></details>
      ${this.meminfo === null ? nothing : html`<h4>${t.meminfo} <span class="pf-side">${this.copy(() => this.meminfo ?? '')}</span></h4><pre tabindex="0" role="region" aria-label=${t.meminfo}>${this.meminfo}</pre>`}
    </div>`;
  }
}

define('pf-meminfo', PfMeminfo);
