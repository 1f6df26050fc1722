/** The bottom: what the last step did, as a sentence, as the kernel's call tree, as changes. */
import { html, type TemplateResult } from 'lit';
import type { Explanation } from '../lib/index.ts';
import type { Model } from './model.ts';

/** Lines drawn of each list. */
const MOST = 300;
const CLASS = { '+': 'added', '−': 'removed', '~': '' } as const;

/** `withHow`: the call tree and the changes too. */
export function happened(model: Model, withHow: boolean): TemplateResult {
  const last = model.recent.at(-1);
  const told = model.explanation;
  if (!last || !told) {
    return html`
      <section class="what-happened"><h2>What happened</h2><p class="sentence">Nothing yet. <b>Step</b> runs one line, <b>run</b> all of them; type a call below the script, or edit it.</p></section>
      ${withHow ? html`<section class="tree"><h2>How: the kernel's call tree</h2></section>
      <section class="changes"><h2>Changed</h2></section>` : ''}`;
  }
  const difference = last.differences[0];
  return html`
    <section class="what-happened" aria-live="polite">
      <h2>What happened</h2>
      <p class="call"><code>${last.call} ${last.result ? `= ${last.result}` : ''}</code></p>
      <p class="sentence">${told.sentence}</p>
      ${difference ? html`<p class="difference"><b>${difference.field}</b> should be <code>${difference.expected}</code>, is <code>${difference.found}</code>${difference.excuse ? ` (${difference.excuse})` : ''}${difference.cause ? `; ${difference.cause}` : ''}</p>` : ''}
      ${last.assumed ? html`<p class="quiet">Assumed: ${last.assumed}.</p>` : ''}
    </section>
    ${withHow ? how(told) : ''}`;
}

function how(told: Explanation): TemplateResult {
  return html`
    <section class="tree" aria-label="The kernel's call tree">
      <h2>How: the kernel's call tree <label class="toggle"><input type="checkbox" id="passed"> with the checks that passed</label></h2>
      <ol>${told.tree.slice(0, MOST).map((line) => html`<li class=${line.kind} style="--depth:${line.depth}"><code>${line.text}</code> <span>${line.note}</span></li>`)}</ol>
      ${told.tree.length > MOST ? html`<p class="quiet">… and ${told.tree.length - MOST} lines more</p>` : ''}
    </section>
    <section class="changes" aria-label="What changed">
      <h2>Changed</h2>
      <ol>${told.changes.slice(0, MOST).map((line) => html`<li class=${CLASS[line.mark]}><code>${line.mark} ${line.text}</code>${line.pid === null ? '' : html` <span class="quiet">process ${line.pid}</span>`}</li>`)}</ol>
      ${told.changes.length === 0 ? html`<p class="quiet">Nothing.</p>` : ''}
      ${told.changes.length > MOST ? html`<p class="quiet">… and ${told.changes.length - MOST} more</p>` : ''}
    </section>`;
}
