/** The page cache, file by file; and the place where swap will be. */
import { type TemplateResult, html } from 'lit';
import { define } from '../define.ts';
import type { CachedFile } from '../../worker/protocol.ts';
import { bytesWords } from '../../model/entry.ts';
import { details } from '../../texts/details.ts';
import { panels } from '../../texts/panels.ts';
import { Panel, data } from '../panel.ts';
import { explained } from '../term/term.ts';
import './pf-cache.css';

const t = details.cache;

export class PfCache extends Panel {
  static override properties = data('files', 'selectedName');
  declare files: readonly CachedFile[] | null;
  /** The file of the selected area. */
  declare selectedName: string | null;

  constructor() {
    super();
    this.files = null;
    this.selectedName = null;
  }

  override render(): TemplateResult {
    const { files } = this;
    return html`<div class="pf-panel pf-cache">
      <h3>${explained(t.title)}</h3><p class="pf-quiet">${explained(t.words)}</p>
      ${files === null ? this.quiet(t.unknown) : files.length === 0 ? html`<p class="pf-empty">${t.empty}</p>` : html`<ul>${[...files].sort((a, b) => b.pages - a.pages).map((file) => this.#file(file))}</ul>`}
      <h4>${t.swap}</h4><p>${explained(t.noSwap)}</p>
    </div>`;
  }

  #file({ name, size, pages, dirty, mappings }: CachedFile): TemplateResult {
    const all = Math.max(Math.ceil(size / 4096), pages, 1);
    return html`<li class=${name === this.selectedName ? 'selected' : ''}>
      <p><b>${name}</b><span class="pf-quiet">${bytesWords(size)}</span></p>
      <span class="pf-meter pf-draw" aria-hidden="true"><i style="width:${(pages / all) * 100}%"></i><i class="dirty" style="width:${(dirty / all) * 100}%"></i></span>
      <p class="pf-quiet">${t.of(pages, all)} · ${t.dirty} ${panels.number(dirty)} · ${t.mappings} ${panels.number(mappings)}</p>
    </li>`;
  }
}

define('pf-cache', PfCache);
