/** The selected thing from near: one tab each. The chosen tab stays, whatever the machine does. */
import { type TemplateResult, html, nothing } from 'lit';
import { define } from '../define.ts';
import { FrameWatch, type Moved, ownFrame } from '../../model/frame.ts';
import type { Untouched } from '../../model/untouched.ts';
import type { At, Place } from '../../worker/protocol.ts';
import type { TermId } from '../../texts/glossary.ts';
import { panels } from '../../texts/panels.ts';
import { INSPECTOR_TABS, type InspectorTab, type PanelEvents } from '../events.ts';
import { later } from '../later.ts';
import { Panel, data, rove } from '../panel.ts';
import './pf-inspector.css';

const t = panels.inspector;
/** Tabs whose word the glossary has. */
const TERMS: Partial<Record<InspectorTab, TermId>> = { area: 'vma', walk: 'walk', frame: 'frame', tlb: 'tlb', cache: 'cache', maps: 'maps', smaps: 'smaps' };

export class PfInspector extends Panel {
  static override properties = data('at', 'pinned', 'untouched', 'costs', 'tab', 'maps', 'smaps', 'pid');
  declare at: At | null;
  /** The frame that is kept selected. */
  declare pinned: number | null;
  /** Why no page may be in RAM. */
  declare untouched: Untouched;
  /** Of the selected area, as a dump has them: see `PfArea`. */
  declare costs: string | null | undefined;
  declare tab: InspectorTab;
  /** The texts of /proc of the process `pid`; null while they are not there. */
  declare maps: string | null;
  declare smaps: string | null;
  declare pid: number | null;

  readonly #watch = new FrameWatch();
  #moved: Moved | null = null;

  constructor() {
    super();
    this.at = null;
    this.pinned = null;
    this.untouched = null;
    this.costs = undefined;
    this.tab = 'area';
    this.maps = null;
    this.smaps = null;
    this.pid = null;
    // A link inside says where it leads.
    this.addEventListener('place', (event: CustomEvent<PanelEvents['place']>) => event.detail.tab && this.#choose(event.detail.tab));
  }

  protected override willUpdate(): void {
    this.#moved = this.at ? this.#watch.see(this.at) : null;
  }

  override render(): TemplateResult {
    return html`<div class="pf-inspector">
      <div class="pf-tabs" role="tablist" aria-label=${t.label} @keydown=${this.#key}>
        ${INSPECTOR_TABS.map((tab) => html`<button type="button" role="tab" id="pf-tab-${tab}" aria-selected=${tab === this.tab} aria-controls="pf-inspected" tabindex=${tab === this.tab ? 0 : -1} data-term=${TERMS[tab] ?? nothing} title=${TERMS[tab] ? nothing : t.titles[tab]} @click=${() => this.#choose(tab)}>${t.tabs[tab]}</button>`)}
      </div>
      <div class="pf-inspected" id="pf-inspected" role="tabpanel" aria-labelledby="pf-tab-${this.tab}" tabindex="0">${this.#panel()}</div>
    </div>`;
  }

  #panel(): TemplateResult {
    const { at } = this;
    const selected = at?.selected ?? null;
    const place: Place | null = selected?.place ?? null;
    const process = at?.processes.find(({ pid }) => pid === place?.pid);
    const name = process?.name ?? '';
    void later(this.tab === 'maps' || this.tab === 'smaps' ? 'pf-proc' : `pf-${this.tab}`);
    switch (this.tab) {
      case 'area': return html`<pf-area .area=${selected?.area ?? null} .place=${place} .processName=${name} .isEnded=${(process?.ended ?? null) !== null} .costs=${this.costs} .explanation=${at?.explanation ?? null}></pf-area>`;
      case 'walk': return html`<pf-walk .untouched=${this.untouched} .walk=${selected?.walk ?? null} .place=${place} .processName=${name}></pf-walk>`;
      case 'frame': return html`<pf-frame .untouched=${this.untouched} .pinned=${this.pinned} .moved=${this.#moved} .own=${ownFrame(selected)} .walk=${selected?.walk ?? null} .frame=${selected?.frame ?? null} .place=${place} .processes=${at?.processes ?? []}></pf-frame>`;
      case 'bytes': return html`<pf-bytes .untouched=${this.untouched} .bytes=${selected?.bytes ?? null} .place=${place} .isInvented=${selected?.isInvented ?? false}></pf-bytes>`;
      case 'tlb': return html`<pf-tlb .entries=${at?.tlb ?? null} .ram=${at?.ram ?? null} .running=${at?.running ?? null} .selectedPage=${place ? (BigInt(`0x${place.addr}`) & ~0xfffn).toString(16) : null}></pf-tlb>`;
      case 'cache': return html`<pf-meminfo .ram=${at?.ram ?? null} .meminfo=${at?.meminfo ?? null}></pf-meminfo><pf-cache .files=${at?.cache ?? null} .selectedName=${selected?.area?.name ?? null}></pf-cache>`;
      case 'maps': return html`<pf-maps .text=${this.maps} .pid=${this.pid} .place=${place}></pf-maps>`;
      case 'smaps': return html`<pf-smaps .isDump=${this.costs !== undefined} .text=${this.smaps} .pid=${this.pid} .place=${place}></pf-smaps>`;
    }
  }

  #choose(tab: InspectorTab): void {
    if (tab === this.tab) return;
    this.tab = tab;
    this.raise('tab', { tab });
  }

  #key = (event: KeyboardEvent): void => {
    const next = rove(event.key, INSPECTOR_TABS.indexOf(this.tab), INSPECTOR_TABS.length);
    if (next === null) return;
    event.preventDefault();
    this.#choose(INSPECTOR_TABS[next]!);
    void this.updateComplete.then(() => this.querySelector<HTMLElement>(`#pf-tab-${this.tab}`)?.focus());
  };
}

define('pf-inspector', PfInspector);
