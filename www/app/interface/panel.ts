/** What all panels are: elements without a shadow, so that ids and styles reach across, drawn from plain data. */
import { type PropertyDeclarations, type TemplateResult, html, nothing } from 'lit';
import type { Place } from '../worker/protocol.ts';
import type { InspectorTab, PanelEvents } from './events.ts';
import { panels as t } from '../texts/panels.ts';
import { markOf } from './lit.ts';
import { TurnElement } from './turns.ts';
import './panel.css';

/** Plain data: given as properties, never as attributes. */
export const data = (...names: string[]): PropertyDeclarations => Object.fromEntries(names.map((name) => [name, { attribute: false }]));

export abstract class Panel extends TurnElement {
  protected raise<K extends keyof PanelEvents>(name: K, detail: PanelEvents[K]): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  /** A link to a page, an area or a frame; what it leads to lights up everywhere while it is pointed at. */
  protected link(place: Place, content: unknown, tab?: InspectorTab, label?: string): TemplateResult {
    const hover = (on: boolean) => () => this.raise('hover-place', { place: on ? place : null });
    return html`<button type="button" class="pf-link" data-page=${place.pfn === null ? markOf(place.pid, place.addr) : nothing} aria-label=${label ?? nothing} @click=${() => this.raise('place', { place, tab })}
      @pointerenter=${hover(true)} @pointerleave=${hover(false)} @focus=${hover(true)} @blur=${hover(false)}>${content}</button>`;
  }

  /** A link to a step. */
  protected step(position: number, content: unknown): TemplateResult {
    return html`<button type="button" class="pf-link" @click=${() => this.raise('go', { position })}>${content}</button>`;
  }

  /** A button that copies a text, and says so. */
  protected copy(text: () => string, label: string = t.copy): TemplateResult {
    const copy = async (event: Event) => {
      const button = event.currentTarget as HTMLElement;
      try {
        await navigator.clipboard.writeText(text());
        this.raise('say', { sentence: t.copied });
        button.dataset.done = 'yes';
        setTimeout(() => delete button.dataset.done, 1500);
      } catch {
        this.raise('say', { sentence: t.cannotCopy });
      }
    };
    return html`<button type="button" class="pf-small pf-copy" @click=${copy}>${label}</button>`;
  }

  /** Goes back to the step that changed what is selected last. */
  protected who(what: 'change of the page' | 'change of the area', label: string): TemplateResult {
    return html`<button type="button" class="pf-small" @click=${() => this.raise('find', { what, back: true })}>${label}</button>`;
  }

  protected quiet(text: string): TemplateResult {
    return html`<p class="pf-quiet">${text}</p>`;
  }
}

/** Where an arrow key goes in a row of `count`; null for other keys. */
export function rove(key: string, at: number, count: number): number | null {
  switch (key) {
    case 'ArrowRight': case 'ArrowDown': return (at + 1) % count;
    case 'ArrowLeft': case 'ArrowUp': return (at + count - 1) % count;
    case 'Home': return 0;
    case 'End': return count - 1;
    default: return null;
  }
}

/** A name that may be broken behind its underscores and arrows. */
export const breakable = (name: string): unknown[] => name.split(/(?<=_|->)/).flatMap((part, at) => (at === 0 ? [part] : [html`<wbr>`, part]));
