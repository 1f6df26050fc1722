/** An area from near: its line of maps, what it may do, where its pages come from, its neighbours, what it costs. */
import { type TemplateResult, html, nothing } from 'lit';
import { define } from '../define.ts';
import type { Explanation } from '../../../lib/index.ts';
import type { AreaDetail, Boundary, Place } from '../../worker/protocol.ts';
import { bytesWords } from '../../model/entry.ts';
import { mapsLine, smapsFields } from '../../model/smaps.ts';
import { FLAG_GROUPS, flagLines, permissionLines } from '../../texts/flags.ts';
import { functionText } from '../../texts/functions.ts';
import { familyWords } from '../../texts/families.ts';
import { details } from '../../texts/details.ts';
import { panels } from '../../texts/panels.ts';
import { Panel, breakable, data } from '../panel.ts';
import type { TermId } from '../../texts/glossary.ts';
import { explained, term } from '../term/term.ts';
import './pf-area.css';

const t = details.area;
/** Counters that are shown even if they are 0. */
const ALWAYS = ['Rss', 'Pss', 'Private_Dirty'];
const NEVER = ['Size', 'KernelPageSize', 'MMUPageSize', 'THPeligible', 'ProtectionKey'];
/** Words of the glossary: of the boxes, of what it costs. */
const FIELDS: Readonly<Record<string, TermId>> = { [t.fileMmap]: 'fOp', [t.vmaOps]: 'vmOps' };
const COSTS: Readonly<Record<string, TermId>> = { Rss: 'rss', Pss: 'pss', Private_Dirty: 'dirty', Shared_Dirty: 'dirty' };
/** Functions that are one kind of fault each. */
const KINDS = /^(do_(anonymous_page|read_fault|cow_fault|shared_fault|wp_page|swap_page|fault_around)|handle_pte_marker|wp_page_(copy|reuse|shared)|finish_fault|vma->vm_ops->fault)$/;

export class PfArea extends Panel {
  static override properties = data('area', 'place', 'processName', 'isEnded', 'costs', 'explanation');
  declare area: AreaDetail | null;
  declare place: Place | null;
  declare processName: string;
  /** Its process has ended: nothing can be accessed there. */
  declare isEnded: boolean;
  /** Read from a dump: its block of smaps, null where there is none. Undefined: what this machine counts is true. */
  declare costs: string | null | undefined;
  /** Of the last step: what its fault did, if it was here. */
  declare explanation: Explanation | null;

  constructor() {
    super();
    this.area = null;
    this.place = null;
    this.processName = '';
    this.isEnded = false;
    this.costs = undefined;
    this.explanation = null;
  }

  override render(): TemplateResult {
    const { area, place } = this;
    if (!place) return html`<div class="pf-panel">${this.quiet(panels.nothingSelected)}</div>`;
    if (!area) return html`<div class="pf-panel">${this.quiet(this.isEnded ? t.ended(place.pid) : t.none(place.pid, place.addr))}${this.isEnded || this.costs !== undefined ? nothing : html`<p class="pf-who-wrote">${this.who('change of the area', t.whoLeft)}</p>`}</div>`;
    const hasNeighbours = area.before !== null || area.behind !== null;
    return html`<div class="pf-panel pf-area">
      <p class="pf-where">${panels.process(place.pid, this.processName)}</p>
      ${this.#line(area)}
      ${area.isAssumed ? html`<p class="pf-note"><b>≈ ${panels.memory.assumed}</b> ${panels.memory.assumedWords}</p>` : nothing}
      <p class="pf-quiet">${t.size(bytesWords(area.pages * 4096), area.pages, this.costs === undefined ? area.presentCount : null)}</p>
      ${hasNeighbours ? html`<p><button type="button" class="pf-link pf-to-neighbours" @click=${this.#toNeighbours}>${t.neighbours} ↓</button></p>` : nothing}
      ${this.costs === undefined ? html`<p class="pf-who-wrote">${this.who('change of the area', t.who)}</p>` : nothing}
      <ul class="pf-perms" aria-label=${t.permissions}>${permissionLines(area.perms).map(({ letter, isSet, words }) => html`<li class=${isSet ? 'on' : 'off'}><b>${isSet ? letter : '–'}</b><span>${words}</span></li>`)}</ul>
      <h4>${t.seam}</h4>${this.#seam(area, place)}
      ${hasNeighbours ? html`<h4 class="pf-neighbours" tabindex="-1">${t.neighbours}</h4>${this.#neighbour('behind', area.behind, place)}${this.#neighbour('before', area.before, place)}` : nothing}
      <h4>${t.costs}</h4>${this.#costs(this.costs === undefined ? area.smaps : this.costs)}
      <h4>${term('vmFlags', t.flags)} <code>${area.flags}</code></h4>${this.#flags(area)}
      <dl class="pf-fields pf-more">
        <div><dt>${term('pgoff', t.offset)}</dt><dd><code>0x${area.pgoff}</code></dd></div>
        <div><dt>${term('anonVma', t.family)}</dt><dd>${familyWords(area.anonVma, area.chain, area.presentCount)}</dd></div>
      </dl>
    </div>`;
  }

  /** They stand below the picture: what is asked most often of an area is one click away. */
  readonly #toNeighbours = (): void => {
    const title = this.querySelector<HTMLElement>('.pf-neighbours')!;
    title.scrollIntoView({ block: 'start' });
    title.focus({ preventScroll: true });
  };

  /** The line of maps, its parts told apart. */
  #line(area: AreaDetail): TemplateResult {
    const line = mapsLine(area.maps);
    if (!line) return html`<p class="pf-mono pf-maps-line">${area.maps}</p>`;
    const rest = area.maps.slice(area.maps.indexOf(line.perms) + 5).replace(/\s+/g, ' ').trim();
    const [offset, dev, ino] = rest.split(' ');
    return html`<p class="pf-mono pf-maps-line" title=${t.line}><span class="pf-range">${line.start}-<wbr>${line.end}</span> <b>${line.perms}</b> <span class="pf-quiet">${offset} ${dev} ${ino}</span> <b>${line.name || area.name}</b></p>`;
  }

  /** The picture of the call tree: four boxes, each leading to the next. */
  #seam(area: AreaDetail, place: Place): TemplateResult {
    const isAnonymous = area.ops === null;
    const fault = area.fault ?? 'do_anonymous_page';
    const page = isAnonymous ? t.fromZero : area.ops === 'special_mapping_vmops' ? t.fromKernel : area.ops === 'shmem_vm_ops' || area.ops === 'shm_vm_ops' ? t.fromShmem : t.fromFile;
    const now = this.#faultHere(area, place);
    const box = (kind: string, title: string, field: string, name: string, sentence: string | null, words = '') => html`<div class="pf-box ${kind}" role="listitem">
      <b>${title}</b><span class="pf-field">${FIELDS[field] ? term(FIELDS[field], field) : field}</span><code title=${sentence ?? nothing}>${breakable(name)}</code>${words ? html`<span class="pf-quiet">${breakable(words)}</span>` : nothing}</div>`;
    return html`<div class="pf-seam" role="list" aria-label=${t.seamLabel}>
        ${box(area.fileMmap ? 'file' : 'file none', t.file, t.fileMmap, area.fileMmap ?? t.noFile, functionText(area.fileMmap ?? '')?.sentence ?? null, area.fileMmap ? t.mmapWords : isAnonymous ? t.anonymousMmap : '')}
        <span class="pf-arrow right" aria-hidden="true"><i>${t.sets}</i></span>
        ${box('vma', t.vma, t.vmaOps, area.ops ?? t.nullOps, null, area.name || details.compare.anonymous)}
        <span class="pf-arrow down" aria-hidden="true"><i>${t.calls}</i></span>
        ${box(now ? 'page now' : 'page', t.page, now ? t.faultNow : t.gives, now?.frame ?? page, null)}
        <span class="pf-arrow left" aria-hidden="true"><i>${t.gives}</i></span>
        ${box('operations', isAnonymous ? t.direct : t.operations, t.opsFault, fault, functionText(fault)?.sentence ?? null)}
      </div>
      ${now ? html`<p class="pf-note"><b>${t.faultNow}</b> ${t.faultAt(now.addr)}: ${now.path.map((name, i) => html`${i > 0 ? ' → ' : ''}<code title=${functionText(name)?.sentence ?? nothing}>${name}</code>`)}</p>` : nothing}
      <p class="pf-quiet pf-fault-words">${functionText(fault)?.sentence}</p>`;
  }

  /** What the fault of the last step did, if its address is in this area. */
  #faultHere({ start, end }: AreaDetail, { pid }: Place): { addr: string; path: string[]; frame: string } | null {
    const told = this.explanation;
    if (!told || told.step.pid !== pid) return null;
    const within = (addr: string) => BigInt(`0x${start}`) <= BigInt(`0x${addr}`) && BigInt(`0x${addr}`) < BigInt(`0x${end}`);
    const at = told.tree.findIndex(({ kind, text }) => kind === 'fault' && within(/[0-9a-f]{3,}/.exec(text)?.[0] ?? '0'));
    if (at < 0) return null;
    const next = told.tree.findIndex(({ kind }, i) => i > at && kind === 'fault');
    const path = told.tree.slice(at, next < 0 ? undefined : next).filter(({ kind, text }) => kind === 'call' && KINDS.test(text)).map(({ text }) => text);
    const facts = told.step.facts.filter((fact) => 'pid' in fact && fact.pid === pid);
    const copied = facts.find((fact) => fact.kind === 'pageCopied');
    const present = facts.find((fact) => fact.kind === 'pagesPresent');
    const filled = told.step.facts.find((fact) => fact.kind === 'tlbFilled');
    const frame = copied ? `${t.frameOf(copied.from)} → ${copied.to}` : filled && filled.count === 1 ? t.frameOf(filled.frame) : present ? panels.pages(present.count) : path[0] ?? '';
    return { addr: /[0-9a-f]{3,}/.exec(told.tree[at]!.text)?.[0] ?? '', path: [...new Set(path)].slice(0, 5), frame };
  }

  #costs(smaps: string | null): TemplateResult {
    if (smaps === null) return this.quiet(t.noCosts);
    const { fields } = smapsFields(smaps);
    const size = Math.max(fields.find(([name]) => name === 'Size')?.[1] ?? 1, 1);
    const shown = fields.filter(([name, kib]) => !NEVER.includes(name) && (kib > 0 || ALWAYS.includes(name)));
    return html`<table class="pf-table pf-costs"><tbody>${shown.map(([name, kib]) => html`<tr><th scope="row">${COSTS[name] ? term(COSTS[name], name) : name}<span class="pf-quiet">${t.costWords[name] ?? ''}</span></th>
      <td class="pf-n">${t.kib(kib)}<span class="pf-bar pf-draw" aria-hidden="true"><i style="width:${Math.min(100, (kib / size) * 100)}%"></i></span></td></tr>`)}</tbody></table>`;
  }

  #neighbour(side: 'before' | 'behind', boundary: Boundary | null, { pid }: Place): TemplateResult {
    if (!boundary) return html`<p class="pf-side-line"><b>${t[side]}</b> <span class="pf-quiet">${t.noNeighbour[side]}</span></p>`;
    const line = mapsLine(boundary.maps);
    if (boundary.kind === 'gap') return html`<div class="pf-neighbour"><p class="pf-side-line"><b>${t[side]}</b> <span class="pf-quiet">${t.apart[side]}</span> ${line ? this.link({ pid, addr: line.start, pfn: null }, html`${line.start} <span class="pf-perms-text">${line.perms}</span> ${line.name}`, 'area') : boundary.maps}</p></div>`;
    return html`<div class="pf-neighbour">
      <p class="pf-side-line"><b>${t[side]}</b> ${line ? this.link({ pid, addr: line.start, pfn: null }, html`${line.start} <span class="pf-perms-text">${line.perms}</span> ${line.name}`, 'area') : boundary.maps}</p>
      <p><span class="pf-chip">${t.boundaryKinds[boundary.kind] ?? boundary.kind}</span> ${explained(boundary.reasons.join('; '))}</p>
      ${boundary.mayBe.length > 0 ? html`<p class="pf-quiet">${t.mayBe} ${explained(boundary.mayBe.join('; '))}</p>` : nothing}
    </div>`;
  }

  #flags({ flags }: AreaDetail): TemplateResult {
    const lines = flagLines(flags);
    return html`${Object.entries(FLAG_GROUPS).map(([group, title]) => {
      const mine = lines.filter((line) => line.group === group);
      return mine.length === 0 ? nothing : html`<div class="pf-flag-group"><p class="pf-quiet">${title}</p><ul>${mine.map(({ letters, name, sentence }) => html`<li><code title=${name}>${letters}</code><span>${sentence}</span></li>`)}</ul></div>`;
    })}`;
  }
}

define('pf-area', PfArea);
