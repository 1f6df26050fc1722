/** The middle of the page: address spaces with their areas and pages, and the frames between them. */
import { html, type TemplateResult } from 'lit';
import { classMap } from 'lit/directives/class-map.js';
import type { FrameView, PageView, ProcessView, VmaView } from '../lib/index.ts';
import { type Model, pageAddress, size } from './model.ts';

/** Cells drawn of one area. */
const MOST_CELLS = 16;
/** Areas drawn of one process. */
const MOST_AREAS = 1000;
/** Frames drawn. */
const MOST_FRAMES = 216;

const LETTER: Record<string, string> = { anon: '', shared: '', file: '', zero: '0', guard: '!', marker: '?', kernel: 'k', table: '', free: '' };

const MEANING: Record<string, string> = {
  anon: 'private, its own', shared: 'shared until written', file: 'page of a file', zero: 'the page of zeros',
  guard: 'guard region', kernel: 'page of the kernel', table: 'page table', absent: 'not present',
};

export function space(model: Model): TemplateResult {
  if (!model.snapshot) return html`<div class="spaces" id="spaces"><p class="empty">${model.errors.length > 0 ? 'Nothing to draw: the text cannot be read. What is wrong with it stands below.' : ''}</p></div>`;
  const processes = model.snapshot?.processes ?? [];
  const [first, ...others] = processes;
  return html`
    <div class="spaces" id="spaces" @scroll=${() => tie(model)}>
      ${first ? column(model, first) : ''}
      ${ram(model)}
      ${others.map((process) => column(model, process))}
      <svg class="ties" id="ties" aria-hidden="true"></svg>
    </div>
    <div class="below">${legend()}${minimap(model)}</div>
  `;
}

function column(model: Model, process: ProcessView): TemplateResult {
  const vmas = [...process.vmas].reverse();
  return html`
    <section class="process" aria-label="Address space of process ${process.pid}">
      <h3>
        <span>${process.pid} · ${process.parent === null ? process.name : `child of ${process.parent}`}</span>
        <span class="quiet">${process.ended ?? `rss ${process.rss} · ${process.minFlt} ${process.minFlt === 1 ? 'fault' : 'faults'}`}</span>
      </h3>
      ${vmas.slice(0, MOST_AREAS).map((vma, i) => html`${i > 0 ? gap(vma, vmas[i - 1]!) : ''}${area(model, process, vma)}`)}
      ${vmas.length > MOST_AREAS ? html`<p class="quiet">and ${(vmas.length - MOST_AREAS).toLocaleString('en-US')} areas below</p>` : ''}
      ${process.ended ? html`<p class="quiet">Everything it had went back.</p>` : ''}
    </section>
  `;
}

/** The unmapped room between an area and the one above it. */
function gap(below: VmaView, above: VmaView): TemplateResult | string {
  const bytes = BigInt(`0x${above.start}`) - BigInt(`0x${below.end}`);
  if (bytes <= 0n) return '';
  return html`<div class="gap" aria-hidden="true"><span>… ${size(bytes / 4096n)} …</span></div>`;
}

function area(model: Model, process: ProcessView, vma: VmaView): TemplateResult {
  const selected = model.selection?.pid === process.pid && model.vmaAt(process.pid, model.selection.addr)?.start === vma.start;
  const select = () => model.select({ pid: process.pid, addr: vma.start, pfn: null }, 'vma');
  const name = vma.name ? vma.name.replace(/^.*\/(?=[^/])/, '') : 'anonymous';
  return html`
    <div class=${classMap({ vma: true, selected })} data-start=${vma.start}>
      <button class="head" @click=${select} aria-pressed=${selected} title=${vma.maps}>
        <span class="name">${name}</span> <span class="perms">${vma.perms}</span> <span class="size">${size(vma.pages)}</span>
      </button>
      ${vma.ops && vma.presentCount === 0 ? '' : html`<div class="cells">${cells(model, process, vma)}</div>`}
      <div class="foot"><span>${vma.start}</span><span>${vma.ops ? `→ ${vma.fault}` : 'vm_ops: none'}</span></div>
    </div>
  `;
}

/** The pages of an area: all of a small one, the present ones of a large one. */
function cells(model: Model, process: ProcessView, vma: VmaView): TemplateResult[] {
  const shown: TemplateResult[] = [];
  if (vma.pages <= MOST_CELLS) {
    const present = new Map(vma.present.map((page) => [page.index, page]));
    for (let index = 0; index < vma.pages; index++) shown.push(cell(model, process, vma, index, present.get(index)));
    return shown;
  }
  for (const page of vma.present.slice(0, MOST_CELLS)) shown.push(cell(model, process, vma, page.index, page));
  const rest = vma.presentCount - Math.min(vma.present.length, MOST_CELLS);
  const absent = vma.pages - vma.presentCount;
  const words = [rest > 0 ? `+ ${rest} present` : '', absent > 0 ? `${absent} not present` : ''].filter(Boolean);
  shown.push(html`<span class="more">${words.join(' · ')}</span>`);
  return shown;
}

function cell(model: Model, process: ProcessView, vma: VmaView, index: number, page?: PageView): TemplateResult {
  const addr = pageAddress(vma, index);
  const kind = page?.kind ?? 'absent';
  const selection = model.selection;
  const selected = selection?.pid === process.pid && BigInt(`0x${selection.addr}`) / 4096n === BigInt(`0x${addr}`) / 4096n;
  const lit = page?.pfn !== undefined && page.pfn !== null && page.pfn === model.selectedFrame();
  const label = `Page ${addr} of process ${process.pid}: ${MEANING[kind] ?? kind}${page?.pfn != null ? `, frame ${page.pfn}` : ''}`;
  return html`<button class=${classMap({ cell: true, [kind]: true, selected, lit })} data-pfn=${page?.pfn ?? ''} data-addr=${addr}
    data-pid=${process.pid} aria-label=${label} title=${label}
    @click=${() => model.select({ pid: process.pid, addr, pfn: null }, 'walk')}>${page?.text || LETTER[kind] || ''}</button>`;
}

function ram(model: Model): TemplateResult {
  const snapshot = model.snapshot;
  if (!snapshot) return html``;
  const used = snapshot.totalFrames - snapshot.freeFrames;
  const highest = snapshot.frames.at(-1)?.pfn ?? 0;
  const known = new Map(snapshot.frames.map((frame) => [frame.pfn, frame]));
  const count = Math.min(Math.max(Math.ceil((highest + 1) / 6) * 6 + 24, 96), MOST_FRAMES);
  const chosen = model.selectedFrame();
  // The window follows the selected frame.
  const start = chosen !== null && chosen >= count ? Math.floor((chosen - count / 2) / 6) * 6 : 0;
  const shown = Array.from({ length: count }, (_, i) => start + i).filter((pfn) => pfn < snapshot.totalFrames);
  return html`
    <section class="ram" aria-label="Physical memory">
      <h3>RAM <span class="quiet">${size(snapshot.totalFrames)} · ${used} frames used</span></h3>
      ${start > 0 ? html`<p class="quiet more">frames 0–${start - 1} above</p>` : ''}
      <div class="frames">${shown.map((pfn) => frame(model, pfn, known.get(pfn), pfn === chosen))}</div>
      ${highest >= start + count ? html`<p class="quiet more">+ ${highest + 1 - start - count} more</p>` : ''}
    </section>
  `;
}

function frame(model: Model, pfn: number, view: FrameView | undefined, selected: boolean): TemplateResult {
  const kind = view?.kind ?? 'free';
  const label = view ? `Frame ${pfn}: ${view.owner}` : `Frame ${pfn}: free`;
  const choose = () => {
    const mapper = model.mappersOf(pfn)[0];
    model.select({ pid: mapper?.pid ?? model.selection?.pid ?? 1, addr: mapper?.addr ?? model.selection?.addr ?? '0', pfn }, 'frame');
  };
  return html`<button class=${classMap({ frame: true, [kind]: true, selected })} data-frame=${pfn} tabindex=${view ? 0 : -1}
    aria-label=${label} title=${label} @click=${choose}></button>`;
}

function legend(): TemplateResult {
  const kinds = ['anon', 'shared', 'file', 'zero', 'table', 'kernel', 'absent'];
  return html`<ul class="legend" aria-label="Legend">
    ${kinds.map((kind) => html`<li><span class="cell ${kind}" aria-hidden="true"></span>${MEANING[kind]}</li>`)}
  </ul>`;
}

/** The whole space of the first process on one line, drawn by the logarithm of distances. */
function minimap(model: Model): TemplateResult {
  const process = model.snapshot?.processes.find((p) => p.pid === model.selection?.pid && !p.ended) ?? model.snapshot?.processes.find((p) => !p.ended);
  if (!process) return html``;
  const widths: { vma: VmaView | null; weight: number }[] = [];
  const chosen = model.vmaAt(process.pid, model.selection?.addr ?? '0')?.start;
  let at = 0n;
  // Of very many areas some stand for all: there are not so many places on the line.
  const each = Math.ceil(process.vmas.length / MOST_AREAS);
  for (const vma of process.vmas.filter((_, i) => i % each === 0)) {
    const start = BigInt(`0x${vma.start}`);
    if (start > at) widths.push({ vma: null, weight: Math.log2(Number((start - at) / 4096n) + 1) });
    widths.push({ vma, weight: Math.log2(vma.pages + 1) + 1 });
    at = BigInt(`0x${vma.end}`);
  }
  return html`<div class="minimap" role="group" aria-label="All of process ${process.pid}'s 128 TiB, distances by their logarithm">
    ${widths.map(({ vma, weight }) =>
      vma
        ? html`<button style="flex-grow:${weight.toFixed(2)}" class=${classMap({ file: vma.ops !== null, anon: vma.ops === null, selected: chosen === vma.start })}
            aria-label="${vma.name || 'anonymous'} at ${vma.start}" title=${vma.maps} @click=${() => model.select({ pid: process.pid, addr: vma.start, pfn: null }, 'vma')}></button>`
        : html`<span style="flex-grow:${weight.toFixed(2)}"></span>`,
    )}
  </div>
  <p class="minimap-ends"><span>0</span><span>process ${process.pid} · 128 TiB</span></p>`;
}

let followed = '';

/** Scrolls the selected area into sight when the selection has moved, inside the picture only. */
export function follow(model: Model): void {
  const key = `${model.selection?.pid}:${model.selection?.addr}:${model.position}`;
  const host = document.getElementById('spaces');
  const target = host?.querySelector<HTMLElement>('.vma.selected');
  if (!host || !target || key === followed) return;
  followed = key;
  const [outer, inner] = [host.getBoundingClientRect(), target.getBoundingClientRect()];
  if (inner.top < outer.top || inner.bottom > outer.bottom) host.scrollTop += inner.top - outer.top - outer.height / 3;
  if (inner.left < outer.left || inner.right > outer.right) host.scrollLeft += inner.left - outer.left - outer.width / 3;
}

/** Draws a line from every page that maps the selected frame to the frame. */
export function tie(model: Model): void {
  const host = document.getElementById('spaces');
  const svg = document.getElementById('ties');
  if (!host || !svg) return;
  const pfn = model.selectedFrame();
  const target = pfn === null ? null : host.querySelector(`[data-frame="${pfn}"]`);
  const box = host.getBoundingClientRect();
  svg.setAttribute('width', String(host.scrollWidth));
  svg.setAttribute('height', String(host.scrollHeight));
  const paths: string[] = [];
  if (target) {
    const to = target.getBoundingClientRect();
    for (const page of host.querySelectorAll(`.process [data-pfn="${pfn}"]`)) {
      const from = page.getBoundingClientRect();
      const leftward = from.left > to.left;
      const x1 = (leftward ? from.left : from.right) - box.left + host.scrollLeft;
      const y1 = from.top + from.height / 2 - box.top + host.scrollTop;
      const x2 = (leftward ? to.right : to.left) - box.left + host.scrollLeft;
      const y2 = to.top + to.height / 2 - box.top + host.scrollTop;
      const bend = (x1 + x2) / 2;
      paths.push(`<path d="M${x1} ${y1} C${bend} ${y1} ${bend} ${y2} ${x2} ${y2}"/>`);
    }
  }
  svg.innerHTML = paths.join('');
}
