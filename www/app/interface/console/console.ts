/**
 * `<pf-console>`: a line to type, and what was answered.
 *
 * Properties: `of` (of which text its lines and answers are: another one begins anew), `above` (gives the text above the place where a call would run: the names it binds complete), `disabled`, `text` (the script: when it is another, what was refused is said no more), `prompt` (where a call would run, for people).
 * Event: `command` with `detail.line` and `detail.answer(reply)`, to be called once, at any time later.
 */
import { LitElement, html, nothing, type PropertyValues } from 'lit';
import { live } from 'lit/directives/live.js';
import { define } from '../define.ts';
import type { Choice } from '../../language/complete.ts';
import type { Fix, ScriptMistake } from '../../language/fixes.ts';
import { CONSOLE } from '../../texts/interface-en.ts';
import './console.css';
import { LineHistory } from './history.ts';

/** What the host says to a line. Of a refused one the reason is shown and the line stays. */
export type Reply =
  | { readonly ok: true; readonly text?: string }
  | { readonly ok: false; readonly reason: string; readonly mistake?: ScriptMistake; /** The script that it is about. */ readonly script: string };

export interface CommandDetail {
  readonly line: string;
  readonly answer: (reply: Reply) => void;
}

interface Entry {
  readonly line: string;
  readonly text: string;
}

/** Answers that are kept, and how long one may be. */
const MOST_ENTRIES = 100;
const MOST_TEXT = 40_000;
/** Other texts whose lines and answers are kept. */
const MOST_OTHERS = 20;

export class ScriptConsole extends LitElement {
  static override readonly properties = {
    of: { attribute: false }, above: { attribute: false }, text: { attribute: false }, disabled: { type: Boolean }, prompt: {},
    line: { state: true }, entries: { state: true }, isBusy: { state: true }, refused: { state: true }, fixes: { state: true }, choices: { state: true }, chosen: { state: true },
  };
  declare of: string;
  declare above: () => string;
  declare text: string;
  declare disabled: boolean;
  declare prompt: string;
  declare protected line: string;
  declare protected entries: readonly Entry[];
  declare protected isBusy: boolean;
  declare protected refused: string;
  declare protected fixes: readonly Fix[];
  declare protected choices: readonly Choice[];
  /** Which choice is marked; -1 is none. */
  declare protected chosen: number;
  #word = '';
  #refusedIn = '';
  /** The language is loaded when the console is used first. */
  #known: typeof import('./questions.ts') | null = null;
  #history = new LineHistory('');
  /** What was typed and answered beside other texts: undo may bring them back. */
  readonly #others = new Map<string, { readonly history: LineHistory; readonly entries: readonly Entry[] }>();

  constructor() {
    super();
    Object.assign(this, { of: '', above: () => '', text: '', disabled: false, prompt: '', line: '', entries: [], isBusy: false, refused: '', fixes: [], choices: [], chosen: -1 });
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override focus(): void {
    this.#input?.focus();
  }

  /** Forgets the answers. */
  clear(): void {
    this.entries = [];
  }

  /** Puts a line in, to be looked at and run. */
  setLine(line: string): void {
    this.line = line;
    this.refused = '';
    this.fixes = [];
    this.choices = [];
  }

  get #input(): HTMLInputElement | null {
    return this.querySelector('input');
  }

  async #load(): Promise<typeof import('./questions.ts')> {
    return (this.#known ??= await import('./questions.ts'));
  }

  #typed(): void {
    this.line = this.#input!.value;
    this.refused = '';
    this.fixes = [];
    if (this.#known) this.#complete(this.#known);
    else void this.#load().then((known) => this.#complete(known));
  }

  #complete({ completions, namesIn }: typeof import('./questions.ts')): void {
    if (!this.#input || !this.contains(document.activeElement)) return;
    const { word, choices } = completions(this.line.slice(0, this.#input.selectionStart ?? this.line.length), namesIn(this.above()));
    this.#word = word;
    this.choices = choices;
    this.chosen = -1;
  }

  async #accept(choice: Choice): Promise<void> {
    const at = this.#input!.selectionStart ?? this.line.length;
    const before = this.line.slice(0, at - this.#word.length);
    this.line = before + choice.insert + this.line.slice(at);
    this.choices = [];
    await this.updateComplete;
    const caret = before.length + choice.caret;
    this.#input!.setSelectionRange(caret, caret);
    this.focus();
  }

  async #recall(line: string | null): Promise<void> {
    if (line === null) return;
    this.setLine(line);
    await this.updateComplete;
    this.#input!.setSelectionRange(line.length, line.length);
  }

  #keys(event: KeyboardEvent): void {
    if (event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
    const isOpen = this.choices.length > 0;
    const take = (then: () => void) => {
      event.preventDefault();
      event.stopPropagation();
      then();
    };
    const move = (by: number) => (this.chosen = (this.chosen + by + this.choices.length + (this.chosen < 0 && by < 0 ? 1 : 0)) % this.choices.length);
    if (event.key === 'ArrowUp') take(() => (isOpen ? move(-1) : void this.#recall(this.#history.back(this.line))));
    else if (event.key === 'ArrowDown') take(() => (isOpen ? move(1) : void this.#recall(this.#history.forward())));
    else if (event.key === 'Escape' && isOpen) take(() => (this.choices = []));
    else if (event.key === 'Tab' && isOpen && !event.shiftKey) take(() => void this.#accept(this.choices[Math.max(0, this.chosen)]!));
    else if (event.key === 'Enter' && isOpen && this.chosen >= 0) take(() => void this.#accept(this.choices[this.chosen]!));
  }

  async #submit(event: Event): Promise<void> {
    event.preventDefault();
    const line = this.line.trim();
    this.choices = [];
    if (line === '' || this.isBusy) return;
    const help = /^(?:help|\?)/.test(line) ? (await this.#load()).helpAbout(line) : null;
    if (help !== null) return this.#replied(line, { ok: true, text: help });
    if (this.disabled) return;
    this.isBusy = true;
    let isAnswered = false;
    const answer = (reply: Reply) => {
      if (isAnswered) return;
      isAnswered = true;
      this.isBusy = false;
      void this.#replied(line, reply);
    };
    const detail: CommandDetail = { line, answer };
    this.dispatchEvent(new CustomEvent('command', { bubbles: true, detail }));
  }

  async #replied(line: string, reply: Reply): Promise<void> {
    if (!reply.ok) {
      this.refused = reply.reason;
      this.#refusedIn = reply.script;
      const { fixesFor } = await this.#load();
      this.fixes = reply.mistake && this.refused === reply.reason ? fixesFor(reply.mistake, line).filter(({ insert, up }) => up === 0 && !insert.includes('\n')) : [];
      return;
    }
    this.#history.add(line);
    this.entries = [...this.entries, { line, text: (reply.text ?? '').slice(0, MOST_TEXT) }].slice(-MOST_ENTRIES);
    this.setLine('');
  }

  async #fix(fix: Fix): Promise<void> {
    const line = this.line.trim();
    this.setLine(line.slice(0, fix.from) + fix.insert + line.slice(fix.to));
    await this.updateComplete;
    this.focus();
  }

  /** What was typed beside one text is no history of another. */
  #turnTo(was = ''): void {
    this.#others.set(was, { history: this.#history, entries: this.entries });
    const known = this.#others.get(this.of);
    this.#history = known?.history ?? new LineHistory(this.of);
    this.#history.keep();
    this.entries = known?.entries ?? [];
    this.setLine('');
    for (const [oldest] of this.#others) if (this.#others.size > MOST_OTHERS) this.#others.delete(oldest);
  }

  /** What was refused was refused by the script as it was: with another one it may run. */
  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('of')) this.#turnTo(changed.get('of') as string | undefined);
    if (changed.has('text') && this.refused !== '' && this.text !== this.#refusedIn) this.setLine('');
  }

  protected override updated(changed: PropertyValues): void {
    // What was answered last is in sight.
    if (changed.has('entries')) {
      const log = this.querySelector('.log');
      if (log) log.scrollTop = log.scrollHeight;
    }
    if (changed.has('chosen')) this.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' });
  }

  protected override render() {
    return html`
      <div class="log" role="log" aria-label=${CONSOLE.log} tabindex=${this.entries.length > 0 ? 0 : nothing} ?hidden=${this.entries.length === 0}>
        ${this.entries.map(({ line, text }) => html`<div class="entry"><code>› ${line}</code>${text ? html`<pre>${text}</pre>` : nothing}</div>`)}
      </div>
      <form @submit=${(event: Event) => void this.#submit(event)}>
        <span aria-hidden="true">›</span>
        <input role="combobox" aria-label=${this.prompt ? `${CONSOLE.input} (${this.prompt})` : CONSOLE.input} aria-autocomplete="list" aria-expanded=${this.choices.length > 0} aria-controls="console-choices" aria-activedescendant=${this.chosen >= 0 ? `console-choice-${this.chosen}` : nothing}
          aria-invalid=${this.refused !== ''} aria-describedby=${this.refused ? 'console-refused' : nothing} .value=${live(this.line)} placeholder=${CONSOLE.placeholder} ?readonly=${this.isBusy} enterkeyhint="go" autocomplete="off" autocapitalize="off" autocorrect="off" spellcheck="false"
          @input=${this.#typed} @keydown=${this.#keys} @focus=${() => void this.#load()} @blur=${() => (this.choices = [])} />
        ${this.entries.length > 0 ? html`<button type="button" class="clear" @click=${() => this.clear()}>${CONSOLE.clear}</button>` : nothing}
        <button class="run" ?disabled=${this.disabled || this.isBusy || this.line.trim() === ''}>${CONSOLE.run}</button>
        <ul id="console-choices" role="listbox" aria-label=${CONSOLE.completions} ?hidden=${this.choices.length === 0}>
          ${this.choices.map((choice, at) => html`<li id="console-choice-${at}" role="option" aria-selected=${at === this.chosen} @mousedown=${(event: Event) => event.preventDefault()} @click=${() => void this.#accept(choice)}>
            <code>${choice.label}</code><span class="detail">${choice.detail}</span><span class="info">${choice.info}</span></li>`)}
        </ul>
      </form>
      ${this.isBusy ? html`<p class="busy" role="status">${CONSOLE.busy}</p>` : nothing}
      ${this.refused ? html`<p class="refused" id="console-refused" role="alert"><b>${CONSOLE.refused}:</b> ${this.refused.split('`').map((part, at) => (at % 2 === 0 ? part : html`<code>${part}</code>`))} ${this.fixes.map((fix) => html`<button type="button" @click=${() => void this.#fix(fix)}>${fix.title}</button>`)}</p>` : nothing}`;
  }
}

define('pf-console', ScriptConsole);

declare global {
  interface HTMLElementTagNameMap { 'pf-console': ScriptConsole }
}
