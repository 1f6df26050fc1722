/**
 * `<pf-palette>`: every command of the page, found by its letters. Property `commands`; method `open()`.
 * A command is run after the dialog has closed; event `run` with `detail.id`.
 */
import { LitElement, html, nothing, type PropertyValues } from 'lit';
import { live } from 'lit/directives/live.js';
import { define } from '../define.ts';
import { type Fit, fitting } from '../../fuzzy.ts';
import { PALETTE } from '../../texts/interface-en.ts';
import { type Command, shownKeys } from './keys.ts';
import './palette.css';

export const keysShown = (keys: readonly string[] = []) => keys.map((each, at) => html`${at > 0 ? html`<span class="or"> / </span>` : nothing}<span class="keys">${shownKeys(each).map((part) => html`<kbd>${part}</kbd>`)}</span>`);

/** A text with the letters that were typed. */
const marked = (text: string, { at }: Fit) => (at.length === 0 ? text : [...text].map((letter, place) => (at.includes(place) ? html`<b>${letter}</b>` : letter)));

export class Palette extends LitElement {
  static override readonly properties = { commands: { attribute: false }, typed: { state: true }, chosen: { state: true } };
  declare commands: readonly Command[];
  declare protected typed: string;
  declare protected chosen: number;

  constructor() {
    super();
    Object.assign(this, { commands: [], typed: '', chosen: 0 });
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  get #dialog(): HTMLDialogElement {
    return this.querySelector('dialog')!;
  }

  open(): void {
    if (!this.hasUpdated) {
      void this.updateComplete.then(() => this.open());
      return;
    }
    this.typed = '';
    this.chosen = 0;
    if (!this.#dialog.open) this.#dialog.showModal();
    this.querySelector('input')!.focus();
  }

  close(): void {
    this.#dialog.close();
  }

  get #found() {
    return fitting(this.typed, this.commands.filter((command) => command.run && !command.isHidden), ({ title, group }) => (group ? `${group}: ${title}` : title));
  }

  #run(command: Command | undefined): void {
    if (!command || command.isEnabled?.() === false) return;
    this.close();
    this.dispatchEvent(new CustomEvent('run', { bubbles: true, detail: { id: command.id } }));
    command.run?.();
  }

  #keys(event: KeyboardEvent): void {
    if (event.isComposing) return;
    const count = this.#found.length;
    const to: Partial<Record<string, number>> = { ArrowDown: this.chosen + 1, ArrowUp: this.chosen - 1, PageDown: Math.min(this.chosen + 8, count - 1), PageUp: Math.max(this.chosen - 8, 0) };
    const next = to[event.key];
    // Keys of the page are not for the page while this is open.
    if (event.key !== 'Escape') event.stopPropagation();
    if (next !== undefined && count > 0) {
      event.preventDefault();
      this.chosen = (next + count) % count;
    } else if (event.key === 'Enter') {
      event.preventDefault();
      this.#run(this.#found[this.chosen]?.one);
    }
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has('chosen') || changed.has('typed')) this.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' });
  }

  protected override render() {
    const found = this.#found;
    const option = ({ one, fit }: (typeof found)[number], at: number) => {
      const isOff = one.isEnabled?.() === false;
      return html`<li id="command-${at}" role="option" aria-selected=${at === this.chosen} aria-disabled=${isOff} @click=${() => this.#run(one)} @pointermove=${() => (this.chosen = at)}>
        <span class="title">${marked(one.group ? `${one.group}: ${one.title}` : one.title, fit)}${isOff ? html` <span class="quiet">(${PALETTE.disabled})</span>` : nothing}</span><span>${keysShown(one.keys)}</span></li>`;
    };
    return html`<dialog class="palette" aria-label=${PALETTE.title} @click=${(event: Event) => event.target === this.#dialog && this.close()}>
      <input role="combobox" aria-label=${PALETTE.input} aria-expanded="true" aria-controls="commands" aria-autocomplete="list" aria-activedescendant=${found.length > 0 ? `command-${this.chosen}` : nothing} placeholder=${PALETTE.input} autocomplete="off" autocapitalize="off" spellcheck="false"
        .value=${live(this.typed)} @input=${(event: Event) => { this.typed = (event.target as HTMLInputElement).value; this.chosen = 0; }} @keydown=${this.#keys} />
      <ul id="commands" role="listbox" aria-label=${PALETTE.title}>${found.map(option)}</ul>
      ${found.length === 0 ? html`<p class="quiet">${PALETTE.nothing}</p>` : nothing}
      <p class="hidden" role="status">${this.typed ? PALETTE.count(found.length) : ''}</p>
    </dialog>`;
  }
}

define('pf-palette', Palette);

declare global {
  interface HTMLElementTagNameMap { 'pf-palette': Palette }
}
