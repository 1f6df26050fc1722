/** What the TLB remembers: a row a page, with what it is remembered for. */
import { type TemplateResult, html } from 'lit';
import { define } from '../define.ts';
import type { Ram, TlbEntry } from '../../worker/protocol.ts';
import { details } from '../../texts/details.ts';
import { panels } from '../../texts/panels.ts';
import { Panel, data } from '../panel.ts';
import '../pf-rows.ts';
import { explained } from '../term/term.ts';
import './pf-tlb.css';

const t = details.tlb;

interface Row {
  readonly addr: string;
  readonly pfn: number;
  readonly access: ReadonlySet<TlbEntry['access']>;
}

export class PfTlb extends Panel {
  static override properties = data('entries', 'ram', 'running', 'selectedPage');
  declare entries: readonly TlbEntry[] | null;
  declare ram: Pick<Ram, 'tlbFills' | 'tlbHits' | 'tlbFlushes'> | null;
  /** The process that ran last. */
  declare running: number | null;
  /** The first address of the selected page, hexadecimal. */
  declare selectedPage: string | null;

  constructor() {
    super();
    this.entries = null;
    this.ram = null;
    this.running = null;
    this.selectedPage = null;
  }

  override render(): TemplateResult {
    const { entries, ram, running } = this;
    if (!entries || !ram) return html`<div class="pf-panel">${this.quiet(panels.nothingSelected)}</div>`;
    const rows = byPage(entries);
    const asked = ram.tlbHits + ram.tlbFills;
    return html`<div class="pf-panel">
      <p class="pf-where">${t.title(running)}</p>
      <p class="pf-quiet">${explained(t.words)}</p>
      <dl class="pf-figures">
        <div><dt>${t.hits}</dt><dd>${panels.number(ram.tlbHits)}</dd></div>
        <div><dt>${t.fills}</dt><dd>${panels.number(ram.tlbFills)}</dd></div>
        <div><dt>${t.rate}</dt><dd>${asked > 0 ? `${((ram.tlbHits / asked) * 100).toFixed(1)} %` : '–'}</dd></div>
        <div><dt>${t.flushes}</dt><dd>${panels.number(ram.tlbFlushes)}</dd></div>
      </dl>
      ${rows.length === 0 ? html`<p class="pf-empty">${t.empty}</p>` : html`
        <div class="pf-tlb-head pf-quiet"><span>${t.page}</span><span>${t.frame}</span><span>${t.access}</span></div>
        <pf-rows class="pf-tlb" .count=${rows.length} .rowHeight=${28} .most=${392} .label=${t.count(rows.length)} .shown=${rows.findIndex(({ addr }) => addr === this.selectedPage)} .row=${this.#row(rows)}></pf-rows>
        <p class="pf-quiet">${t.count(rows.length)}</p>`}
    </div>`;
  }

  #row(rows: readonly Row[]): (index: number) => TemplateResult {
    const { running } = this;
    return (index) => {
      const { addr, pfn, access } = rows[index]!;
      return html`<span>${running === null ? html`<code>${addr}</code>` : this.link({ pid: running, addr, pfn: null }, addr, 'walk')}</span><code>${pfn || '–'}</code>
        <span class="pf-letters">${(['read', 'write', 'execute'] as const).map((kind) => html`<i class=${access.has(kind) ? 'on' : 'off'} title=${details.walk.accesses[kind]}>${kind[0] === 'e' ? 'x' : kind[0]}</i>`)}</span>`;
    };
  }
}

function byPage(entries: readonly TlbEntry[]): Row[] {
  const pages = new Map<string, { addr: string; pfn: number; access: Set<TlbEntry['access']> }>();
  for (const { addr, pfn, access } of entries) {
    const page = pages.get(addr) ?? { addr, pfn, access: new Set() };
    page.access.add(access);
    pages.set(addr, page);
  }
  return [...pages.values()].sort((a, b) => (a.addr.length - b.addr.length) || (a.addr < b.addr ? -1 : 1));
}

define('pf-tlb', PfTlb);
