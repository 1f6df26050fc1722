/** The branches of the text as a small tree: go to one, undo, redo, rename, remove. */
import { type TemplateResult, html, nothing } from 'lit';
import { define } from '../define.ts';
import { type BranchRow, type Branches, rows } from '../../model/branches.ts';
import { details } from '../../texts/details.ts';
import { Panel, data } from '../panel.ts';
import './pf-branches.css';

const t = details.branches;

export class PfBranches extends Panel {
  static override properties = { ...data('tree', 'canUndo', 'canRedo'), naming: { state: true } };
  declare tree: Branches | null;
  /** Whether there is anything to undo: not only edits are. */
  declare canUndo: boolean;
  declare canRedo: boolean;
  declare naming: number | null;

  constructor() {
    super();
    this.tree = null;
    this.canUndo = this.canRedo = false;
    this.naming = null;
  }

  override render(): TemplateResult {
    const { tree } = this;
    if (!tree) return html``;
    const act = (name: 'undo' | 'redo', isOn: boolean, sign: string) => html`<button type="button" class="pf-small" aria-disabled=${!isOn} @click=${() => isOn && this.raise(name, null)}>${sign} ${t[name]}</button>`;
    return html`<div class="pf-panel pf-branches">
      <h2 class="pf-h">${t.title}<span class="pf-side">${act('undo', this.canUndo, '↶')} ${act('redo', this.canRedo, '↷')}</span></h2>
      <ul>${rows(tree).map((row) => this.#row(row))}</ul>
      ${tree.branches.length === 1 ? this.quiet(t.words) : nothing}
    </div>`;
  }

  #row(row: BranchRow): TemplateResult {
    const { id, depth, name, from, parent, isCurrent, added, removed } = row;
    const rename = (event: SubmitEvent) => {
      event.preventDefault();
      const text = String(new FormData(event.target as HTMLFormElement).get('name') ?? '').trim();
      if (text) this.raise('branch-rename', { id, name: text });
      this.naming = null;
    };
    const startNaming = async () => {
      this.naming = id;
      await this.updateComplete;
      this.querySelector<HTMLInputElement>('.pf-naming input')?.select();
    };
    return html`<li class=${isCurrent ? 'current' : ''} style="--depth:${depth}">
      ${this.naming === id
        ? html`<form class="pf-naming" @submit=${rename} @keydown=${(event: KeyboardEvent) => event.key === 'Escape' && (this.naming = null)}><input type="text" name="name" aria-label=${t.newName} .value=${name} maxlength="60"></form>`
        : html`<button type="button" class="pf-branch" aria-current=${isCurrent} @click=${() => this.raise('branch', { id })}>
          <i aria-hidden="true"></i><b>${name}</b>${isCurrent ? html`<span class="hidden">${t.current}</span>` : nothing}<span class="pf-quiet">${[parent === null ? '' : t.from(from), t.lines(added, removed)].filter(Boolean).join(' · ')}</span></button>`}
      <button type="button" class="pf-small" aria-label=${t.rename(name)} title=${t.rename(name)} @click=${startNaming}>✎</button>
      ${parent === null ? nothing : html`<button type="button" class="pf-small" aria-label=${t.remove(name)} title=${t.remove(name)} @click=${() => this.raise('branch-remove', { id })}>✕</button>`}
    </li>`;
  }
}

define('pf-branches', PfBranches);
