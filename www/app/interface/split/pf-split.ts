/** A divider between two panes: moved by pointer and by keyboard, as the ARIA pattern of a window splitter says. */
import { LitElement, html } from 'lit';
import { define } from '../define.ts';
import { type SplitName, SPLITS, remembered, within } from './layout.ts';
import { words } from '../../texts/page.ts';
import './split.css';

const KEY = 'pagefault.panes';
/** What an arrow key moves, as a share of the whole. */
const NUDGE = 0.02;

/** Sizes are custom properties of the root: `--split-script: 23%`. */
function apply(shares: Record<SplitName, number>): void {
  for (const [name, share] of Object.entries(shares)) document.documentElement.style.setProperty(`--split-${name}`, `${(share * 100).toFixed(2)}%`);
}

function load(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function save(shares: Record<SplitName, number>): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(shares));
  } catch {
    // Without a store the sizes last as long as the page.
  }
}

const shares = remembered(load());
apply(shares);

/** `orientation` is that of the line: vertical lines divide columns. `reverse`: the sized pane lies behind the line. */
export class PfSplit extends LitElement {
  static override properties = { name: {}, label: {}, orientation: {}, reverse: { type: Boolean }, share: { state: true } };
  declare name: SplitName;
  declare label: string;
  declare orientation: 'vertical' | 'horizontal';
  declare reverse: boolean;
  declare share: number;

  override createRenderRoot() {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.share = shares[this.name];
  }

  #whole(): number {
    const box = this.parentElement!.getBoundingClientRect();
    return this.orientation === 'vertical' ? box.width : box.height;
  }

  #set(share: number): void {
    this.share = shares[this.name] = within(this.name, share, this.#whole());
    apply(shares);
    save(shares);
    this.dispatchEvent(new CustomEvent('resized', { bubbles: true }));
  }

  #press = (event: PointerEvent): void => {
    const line = event.currentTarget as HTMLElement;
    line.setPointerCapture(event.pointerId);
    const start = this.orientation === 'vertical' ? event.clientX : event.clientY;
    const before = this.share;
    const move = (moved: PointerEvent) => {
      const by = ((this.orientation === 'vertical' ? moved.clientX : moved.clientY) - start) / this.#whole();
      this.#set(before + (this.reverse ? -by : by));
    };
    line.addEventListener('pointermove', move);
    line.addEventListener('lostpointercapture', () => line.removeEventListener('pointermove', move), { once: true });
    event.preventDefault();
  };

  #key = (event: KeyboardEvent): void => {
    const [less, more] = this.orientation === 'vertical' ? ['ArrowLeft', 'ArrowRight'] : ['ArrowUp', 'ArrowDown'];
    const { least, most, share } = SPLITS[this.name];
    const sign = this.reverse ? -1 : 1;
    if (event.key === less) this.#set(this.share - sign * NUDGE);
    else if (event.key === more) this.#set(this.share + sign * NUDGE);
    else if (event.key === 'Home') this.#set(least);
    else if (event.key === 'End') this.#set(most);
    else if (event.key === 'Enter') this.#set(share);
    else return;
    event.preventDefault();
  };

  override render() {
    const { least, most } = SPLITS[this.name];
    return html`<div class="split ${this.orientation}" role="separator" tabindex="0" aria-orientation=${this.orientation} aria-label=${this.label}
      aria-valuenow=${Math.round(this.share * 100)} aria-valuemin=${Math.round(least * 100)} aria-valuemax=${Math.round(most * 100)}
      title=${words.divider}
      @pointerdown=${this.#press} @keydown=${this.#key} @dblclick=${() => this.#set(SPLITS[this.name].share)}></div>`;
  }
}

define('pf-split', PfSplit);
