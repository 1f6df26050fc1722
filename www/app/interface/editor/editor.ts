/**
 * `<pf-editor>`: the script. Its text is there at the first paint; CodeMirror takes its place when it has been loaded.
 *
 * Events: `edited` (at once: the text is another one), `changed` (`detail.text`, when typing pauses).
 */
import { LitElement, html } from 'lit';
import { define } from '../define.ts';
import { EDITOR } from '../../texts/editor-en.ts';
import { placeOf } from '../lit.ts';
import { inTurn } from '../turns.ts';
import type { Text } from '@codemirror/state';
import type { Code } from './code.ts';
import './editor.css';
import { NOTHING, type Shown } from './shown.ts';

export type { LineResult, Remark, ScriptMistake, Shown } from './shown.ts';

/** Of a text that is not edited yet, so much is in the page. */
const FIRST_PAINT = 20_000;
/** From so many letters on a text is made ready in several tasks. */
const LARGE = 1 << 20;

export class ScriptEditor extends LitElement {
  static override readonly properties = { isLoaded: { state: true } };
  declare protected isLoaded: boolean;
  #code: Code | null = null;
  #text = '';
  #ready: { readonly text: string; readonly lines: Text } | null = null;
  #shown: Shown = NOTHING;
  /** What is to be shown waits for its turn. */
  #isToShow = false;
  #pending: ((code: Code) => void)[] = [];

  constructor() {
    super();
    this.isLoaded = false;
    this.addEventListener('mouseover', ({ target }) => this.#point((target as Element).closest<HTMLElement>('.cm-line[data-page]')?.dataset['page']));
    this.addEventListener('mouseleave', () => this.#point(undefined));
  }

  /** What the line under the pointer was about lights up everywhere. */
  #point(mark: string | undefined): void {
    this.dispatchEvent(new CustomEvent('hover-place', { detail: { place: mark === undefined ? null : placeOf(mark) }, bubbles: true }));
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  /** Loads CodeMirror; asked for by itself after the first paint. */
  async load(): Promise<void> {
    if (this.#code) return;
    const { Code, linesOf } = await import('./code.ts');
    await this.prepare(this.#text);
    if (this.#code || !this.isConnected) return;
    const hadFocus = this.contains(document.activeElement);
    this.isLoaded = true;
    await this.updateComplete;
    this.#code = new Code(this.querySelector('.code')!, this.#text, this.#taken() ?? linesOf(this.#text), {
      edited: () => this.dispatchEvent(new CustomEvent('edited', { bubbles: true })),
      changed: (text) => this.dispatchEvent(new CustomEvent('changed', { bubbles: true, detail: { text } })),
    });
    this.#code.show(this.#shown);
    for (const each of this.#pending.splice(0)) each(this.#code);
    if (hadFocus) this.#code.view.focus();
    this.dispatchEvent(new CustomEvent('loaded', { bubbles: true }));
  }

  protected override firstUpdated(): void {
    // Two frames: what is there has been painted by then.
    requestAnimationFrame(() => requestAnimationFrame(() => void this.load()));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    if (this.#code) this.#text = this.#code.text;
    this.#code?.destroy();
    this.#code = null;
    this.isLoaded = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.hasUpdated) void this.load();
  }

  /** The text as it stands there. */
  get text(): string {
    return this.#code?.text ?? this.#text;
  }

  /** Makes a large text ready, so that it is shown in short tasks. */
  async prepare(text: string): Promise<void> {
    if (text.length < LARGE) return;
    const { linesInTurns } = await import('./code.ts');
    this.#ready = { text, lines: await linesInTurns(text) };
  }

  /** What was made ready of the text, once. */
  #taken(): Text | undefined {
    const ready = this.#ready?.text === this.#text ? this.#ready.lines : undefined;
    this.#ready = null;
    return ready;
  }

  /** Replaces the text, without events. */
  setText(text: string): void {
    this.#text = text;
    this.#shown = NOTHING;
    this.#code?.setText(text, this.#taken());
    if (!this.#code) this.requestUpdate();
  }

  /** Shows results, the current line, errors. */
  show(shown: Shown): void {
    const isWaiting = this.#isToShow;
    this.#shown = shown;
    this.#isToShow = true;
    if (!isWaiting) void inTurn(() => this.#showNow());
  }

  #showNow(): void {
    this.#isToShow = false;
    this.#code?.show(this.#shown);
  }

  /** Scrolls to a line, from 1. */
  reveal(line: number, where: 'center' | 'nearest' = 'nearest'): void {
    this.#whenLoaded((code) => code.reveal(line, where));
  }

  /** Puts the cursor at a place, both from 1, and takes the focus. */
  goTo({ line, column = 1 }: { readonly line: number; readonly column?: number }): void {
    this.#whenLoaded((code) => code.goTo(line, column));
  }

  /** Tells of what was typed at once instead of after the pause. */
  flush(): void {
    this.#code?.flush();
  }

  override focus(): void {
    this.#whenLoaded((code) => code.view.focus());
  }

  #whenLoaded(then: (code: Code) => void): void {
    if (this.#code) then(this.#code);
    else this.#pending.push(then);
  }

  protected override render() {
    if (this.isLoaded) return html`<div class="code"></div>`;
    return html`<textarea class="first-text" readonly aria-label=${EDITOR.label} aria-busy="true" title=${EDITOR.loading} spellcheck="false" .value=${this.#text.slice(0, FIRST_PAINT)}></textarea>`;
  }
}

define('pf-editor', ScriptEditor);

declare global {
  interface HTMLElementTagNameMap { 'pf-editor': ScriptEditor }
}
