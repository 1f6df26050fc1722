/** The right side: the selected thing from near. */
import { html, type TemplateResult } from 'lit';
import { classMap } from 'lit/directives/class-map.js';
import type { VmaView, Walk } from '../lib/index.ts';
import { type Model, type Tab, size } from './model.ts';
import { familyWords, flagWords, freeFrame, noFrame, pagesWords, permissionWords } from './texts/en.ts';

const TABS: readonly [Tab, string][] = [['vma', 'VMA'], ['walk', 'Walk'], ['frame', 'Frame'], ['tlb', 'TLB'], ['ram', 'RAM'], ['maps', 'maps'], ['smaps', 'smaps']];

export function inspector(model: Model): TemplateResult {
  const move = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0) return;
    const at = TABS.findIndex(([tab]) => tab === model.tab);
    const next = TABS[(at + step + TABS.length) % TABS.length]![0];
    model.showTab(next);
    document.getElementById(`tab-${next}`)?.focus();
  };
  return html`
    <div class="tabs" role="tablist" aria-label="Inspector" @keydown=${move}>
      ${TABS.map(([tab, title]) => html`<button role="tab" id="tab-${tab}" aria-selected=${model.tab === tab} aria-controls="inspected"
        tabindex=${model.tab === tab ? 0 : -1} @click=${() => model.showTab(tab)}>${title}</button>`)}
    </div>
    <div class="inspected" id="inspected" role="tabpanel" aria-labelledby="tab-${model.tab}" tabindex="0">${panel(model)}</div>
  `;
}

function panel(model: Model): TemplateResult {
  const { selection, session } = model;
  if (model.tab === 'tlb') return tlb(model);
  if (model.tab === 'ram') return ram(model);
  const pid = selection?.pid ?? model.snapshot?.running ?? model.snapshot?.processes.find((p) => !p.ended)?.pid;
  if (model.tab === 'maps') return pid === undefined ? nothing() : html`<p class="what">/proc/${pid}/maps</p><pre>${session?.maps(pid)}</pre>`;
  if (model.tab === 'smaps') return pid === undefined ? nothing() : html`<p class="what">/proc/${pid}/smaps</p><pre>${session?.smaps(pid)}</pre>`;
  if (!selection) return nothing();
  if (model.tab === 'frame') return frame(model);
  if (model.tab === 'walk') return walk(model);
  const vma = model.vmaAt(selection.pid, selection.addr);
  return vma ? area(selection.pid, vma) : html`<p>No VMA covers <code>${selection.addr}</code> in process ${selection.pid}.</p>`;
}

const nothing = () => html`<p class="quiet">Choose a VMA, a page or a frame in the picture.</p>`;

function area(pid: number, vma: VmaView): TemplateResult {
  const row = (name: string, value: unknown) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`;
  return html`
    <p class="what">process ${pid} · VMA ${vma.start}–${vma.end}</p>
    <table class="fields"><tbody>
      ${row('size', `${size(vma.pages)} · ${pagesWords(vma.pages)}, ${vma.presentCount} not empty`)}
      ${row('permissions', html`<code>${vma.perms}</code> ${permissionWords(vma.perms)}`)}
      ${row('vm_flags', html`<ul class="flag-words">${flagWords(vma.flags).map(({ letters, words }) => html`<li><code>${letters}</code> ${words}</li>`)}</ul>`)}
      ${row('vm_pgoff', html`<code>0x${vma.pgoff}</code>`)}
      ${row('anon_vma', familyWords(vma.anonVma, vma.chain))}
    </tbody></table>
    <h4>Where its pages come from</h4>
    <div class="seam" aria-label="file_operations and vm_operations">
      ${vma.fileMmap
        ? html`<div class="ops"><b>vm_file → f_op</b><span>mmap = ${vma.fileMmap}</span></div><span class="arrow">sets</span>`
        : html`<div class="ops"><b>vm_file</b><span>none</span></div><span class="arrow"></span>`}
      <div class="ops"><b>vm_ops</b><span>${vma.ops ?? 'NULL: anonymous'}</span><span>fault = ${vma.fault ?? 'do_anonymous_page'}</span></div>
    </div>
    <p class="quiet">${vma.ops
      ? `mmap() called f_op->mmap, which set vma->vm_ops. A fault here calls vma->vm_ops->fault to get the page.`
      : 'No operations: a fault here takes a frame and clears it; a read maps the shared page of zeros.'}</p>
    <h4>In /proc/${pid}/maps</h4><pre>${vma.maps}</pre>
  `;
}

const FIELDS: readonly [string, string, string][] = [['PGD', '47–39', 'pgd'], ['PUD', '38–30', 'pud'], ['PMD', '29–21', 'pmd'], ['PTE', '20–12', 'pte']];

function walk(model: Model): TemplateResult {
  const view = model.walk();
  const { pid, addr } = model.selection!;
  if (!view) return html`<p>Process ${pid} has ended: it has no page tables.</p>`;
  const at = BigInt(`0x${addr}`);
  const indices = [39n, 30n, 21n, 12n].map((shift) => Number((at >> shift) & 511n));
  return html`
    <p class="what">process ${pid} · <code>0x${addr}</code></p>
    <div class="bits" aria-label="The address cut into indices">
      ${FIELDS.map(([name, bits, kind], i) => html`<span class="bit ${kind}"><b>${indices[i]}</b>${name} ${bits}</span>`)}
      <span class="bit offset"><b>0x${view.offset.toString(16).padStart(3, '0')}</b>offset 11–0</span>
    </div>
    <table class="walk"><tbody>
      <tr><th scope="row">CR3</th><td></td><td>frame ${view.cr3}</td></tr>
      ${view.levels.map((level) => html`<tr class=${classMap({ last: level.name === 'PTE' || !level.present })} title="entry ${level.entry}">
        <th scope="row">${level.name}</th><td>[${level.index}]</td>
        <td>${level.present || level.pfn !== null ? html`${flags(level.letters)} → ${level.pfn}` : html`<span class="absent">${level.note}</span>`}
        ${level.note && level.pfn !== null ? html` <span class="absent">${level.note}</span>` : ''}</td></tr>`)}
    </tbody></table>
    ${translation(view)}
  `;
}

/** The six bits as little boxes; a clear bit is struck through. */
function flags(letters: string): TemplateResult {
  const names = ['P', 'W', 'U', 'A', 'D', 'X'];
  const words: Record<string, string> = { P: 'present', W: 'writable', U: 'user', A: 'accessed', D: 'dirty', X: 'executable' };
  return html`<span class="flags">${names.map((name, i) => html`<span class=${classMap({ flag: true, off: letters[i] === '-' })}
    title="${letters[i] === '-' ? 'not ' : ''}${words[name]}">${name}</span>`)}</span>`;
}

function translation(view: Walk): TemplateResult {
  if (!view.physical) return html`<p>It does not translate: an access raises <b>#PF</b>, and the kernel looks for a VMA.</p>`;
  const kinds = ['reads', 'writes', 'fetches'].filter((_, i) => view.tlb[i]);
  return html`
    <p>Physical address <code>0x${view.physical}</code>. ${kinds.length ? `The TLB remembers it for ${kinds.join(' and ')}.` : 'Not in the TLB.'}</p>
    <h4>Bytes from there</h4>
    <pre class="bytes">${dump(view.bytes)}</pre>
  `;
}

function dump(bytes: readonly number[]): string {
  const lines = [];
  for (let i = 0; i < bytes.length; i += 8) {
    const part = bytes.slice(i, i + 8);
    const hex = part.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    lines.push(`${hex.padEnd(24)} ${part.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '·')).join('')}`);
  }
  return lines.join('\n');
}

function frame(model: Model): TemplateResult {
  const pfn = model.selectedFrame();
  const view = pfn === null ? null : model.session?.frame(pfn);
  if (pfn === null) return html`<p class="quiet">${noFrame()}</p>`;
  if (!view || view.kind === 'free') return html`<p class="quiet">${freeFrame(pfn)}</p>`;
  const mappers = model.mappersOf(pfn);
  return html`
    <p class="what">frame ${pfn} · physical <code>0x${(pfn * 4096).toString(16)}</code></p>
    <table class="fields"><tbody>
      <tr><th scope="row">holds</th><td>${view.owner}</td></tr>
      <tr><th scope="row">mapcount</th><td>${view.mapcount}</td></tr>
      <tr><th scope="row">refcount</th><td>${view.refcount}</td></tr>
      <tr><th scope="row">flags</th><td>${view.flags.join(', ') || 'none'}</td></tr>
    </tbody></table>
    <h4>Who maps it</h4>
    ${mappers.length === 0 ? html`<p class="quiet">No page of a program.</p>` : ''}
    <ul class="mappers">${mappers.slice(0, 40).map(({ pid, addr, vma }) => html`<li><button @click=${() => model.select({ pid, addr, pfn: null }, 'walk')}>process ${pid} · ${addr}</button> ${vma.name || 'anonymous'}</li>`)}</ul>
  `;
}

/** What RAM is used for: the allocator's free blocks by size, and the kernel's own account. */
function ram(model: Model): TemplateResult {
  const { snapshot, session } = model;
  if (!snapshot) return nothing();
  return html`
    <p class="what">${snapshot.totalFrames} frames, ${snapshot.freeFrames} free</p>
    <h4>Free blocks of the buddy allocator</h4>
    <table class="buddies">
      <thead><tr>${snapshot.freeBlocks.map((_, order) => html`<th scope="col">${size(1 << order).replace(/ (.)iB/, '$1')}</th>`)}</tr></thead>
      <tbody><tr>${snapshot.freeBlocks.map((count) => html`<td class=${classMap({ none: count === 0 })}>${count}</td>`)}</tr></tbody>
    </table>
    <p class="what">/proc/meminfo</p>
    <pre>${session?.meminfo()}</pre>
  `;
}

function tlb(model: Model): TemplateResult {
  const snapshot = model.snapshot;
  if (!snapshot) return nothing();
  const [fills, flushes] = snapshot.tlbCounts;
  return html`
    <p class="what">TLB of the one CPU${snapshot.running === null ? '' : `, running process ${snapshot.running}`}</p>
    <p>${fills} translations learnt, ${flushes} times something was forgotten.</p>
    <table class="fields"><thead><tr><th scope="col">page</th><th scope="col">for</th></tr></thead>
      <tbody>${snapshot.tlb.map((entry) => html`<tr><td><code>${entry.addr}</code></td><td>${entry.access}</td></tr>`)}</tbody></table>
    ${snapshot.tlb.length === 0 ? html`<p class="quiet">It is empty: a change of CR3 forgets everything.</p>` : ''}
  `;
}
