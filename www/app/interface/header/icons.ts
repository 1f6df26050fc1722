/** The icons, drawn on 24 × 24 with one pen. They stand beside or instead of a word that says the same. */
import { html, svg, type SVGTemplateResult, type TemplateResult } from 'lit';

const PATHS: Record<string, SVGTemplateResult> = {
  open: svg`<path d="M4 19V6a1 1 0 0 1 1-1h4l2 2h7a1 1 0 0 1 1 1v2M4 19l3-8h14l-3 8Z"/>`,
  share: svg`<path d="M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7l-1.6 1.6M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7l1.6-1.6"/>`,
  commands: svg`<circle cx="10.5" cy="10.5" r="6.5"/><path d="m15.5 15.5 5 5M7.5 9h6M7.5 12h4"/>`,
  theme: svg`<circle cx="12" cy="12" r="8"/><path d="M12 4a8 8 0 0 1 0 16Z" fill="currentColor"/>`,
  help: svg`<circle cx="12" cy="12" r="9"/><path d="M9.5 9.3a2.6 2.6 0 1 1 3.6 2.6c-.8.4-1.1.9-1.1 1.8M12 16.6v.1"/>`,
  close: svg`<path d="M6 6l12 12M18 6 6 18"/>`,
  details: svg`<rect x="3.5" y="4" width="17" height="16" rx="2"/><path d="M3.5 14h17M7 17h7"/>`,
};

export function icon(name: keyof typeof PATHS | string): TemplateResult {
  return html`<svg class="glyph" viewBox="0 0 24 24" width="18" height="18" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${PATHS[name]}</svg>`;
}
