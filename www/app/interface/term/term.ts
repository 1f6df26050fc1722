/** Words that are explained where they stand: a button for each, that shows the sentence of the glossary. What shows it is in `tip.ts`. */
import { type TemplateResult, html } from 'lit';
import type { TermId } from '../../texts/glossary.ts';
import { WRITTEN } from '../../texts/written.ts';
import './term.css';

const WORDS = new RegExp(`(?<![\\w/-])(${Object.keys(WRITTEN).join('|')})(?![\\w-])`);

/** A word with its explanation. */
export const term = (id: TermId, text: unknown): TemplateResult => html`<button type="button" class="pf-term" data-term=${id}>${text}</button>`;

/** Rights as maps has them, `rw-p`: a browser would break a line behind their hyphen. */
const RIGHTS = /(?<![\w-])([r-][w-][x-][ps])(?![\w-])/;

/** A text whose rights stay in one piece. */
export const unbroken = (text: string): unknown[] => text.split(RIGHTS).map((part, at) => (at % 2 === 1 ? html`<span class="pf-perms-text">${part}</span>` : part));

/** A sentence in which each word that the glossary has is explained, where it stands first. */
export function explained(text: string): unknown[] {
  const seen = new Set<TermId>();
  return text.split(WORDS).map((part, at) => {
    const id = at % 2 === 1 ? WRITTEN[part]! : null;
    if (id === null) return unbroken(part);
    if (seen.has(id)) return part;
    seen.add(id);
    return term(id, part);
  });
}
