/** Why a page is absent here though the program may have used it. */
import { type TemplateResult, html, nothing } from 'lit';
import type { Untouched } from '../../model/untouched.ts';
import { details } from '../../texts/details.ts';

/** `whoMapped`: asks which call it came from, which a log does tell. */
export const whyAbsent = (untouched: Untouched, whoMapped: TemplateResult): TemplateResult | typeof nothing =>
  untouched === null ? nothing : html`<p class="pf-note pf-untouched">${details.untouched[untouched]}</p>${untouched === 'log' ? html`<p class="pf-who-wrote">${whoMapped}</p>` : nothing}`;
