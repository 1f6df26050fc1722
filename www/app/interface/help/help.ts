/**
 * `<pf-help>`: what the page is, its keys, the script language, its calls and constants, how to take a log.
 * Property `commands` (the table of the palette); method `open(part)`.
 */
import { LitElement, type TemplateResult, html, nothing } from 'lit';
import { define } from '../define.ts';
import { CALLS, CONSTANTS, SETTINGS, signature } from '../../language/table.ts';
import { HELP } from '../../texts/dialogs-en.ts';
import { GLOSSARY } from '../../texts/glossary.ts';
import * as LANGUAGE from '../../texts/language-en.ts';
import { recipe } from '../copy/copy.ts';
import { type Command, keyList, singleKeys } from '../palette/keys.ts';
import { keysShown } from '../palette/palette.ts';
import './help.css';
import { searched } from './search.ts';

export type HelpPart = keyof typeof HELP.tabs;
const PARTS = Object.keys(HELP.tabs) as HelpPart[];

export class Help extends LitElement {
  static override readonly properties = { commands: { attribute: false }, singles: { attribute: false }, shown: { state: true }, typed: { state: true } };
  declare commands: readonly Command[];
  /** Whether keys of one character are commands, and how to change that. */
  declare singles: { readonly areOn: boolean; turn(isOn: boolean): void } | null;
  declare protected shown: HelpPart;
  declare protected typed: string;

  constructor() {
    super();
    Object.assign(this, { commands: [], singles: null, shown: 'start', typed: '' });
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  /** Opens it; `find` is typed into the field of calls or constants. */
  open(part: HelpPart = 'start', find = ''): void {
    if (!this.hasUpdated) {
      void this.updateComplete.then(() => this.open(part, find));
      return;
    }
    this.shown = part;
    this.typed = find;
    const dialog = this.querySelector('dialog')!;
    if (!dialog.open) dialog.showModal();
    void this.updateComplete.then(() => this.querySelector<HTMLElement>('[role=tab][aria-selected=true]')?.focus());
  }

  close(): void {
    this.querySelector('dialog')!.close();
  }

  #choose(part: HelpPart): void {
    this.shown = part;
    this.typed = '';
    void this.updateComplete.then(() => {
      this.querySelector<HTMLElement>('[role=tab][aria-selected=true]')?.focus();
      this.querySelector('.help-part')!.scrollTop = 0;
    });
  }

  #keys(event: KeyboardEvent): void {
    const at = PARTS.indexOf(this.shown);
    const to: Partial<Record<string, number>> = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: PARTS.length - 1 };
    const next = to[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.#choose(PARTS[(next + PARTS.length) % PARTS.length]!);
  }

  protected override render() {
    return html`<dialog class="help" aria-labelledby="help-title">
      <header><h2 id="help-title">${HELP.title}</h2><button type="button" class="icon" aria-label=${HELP.close} @click=${() => this.close()}>×</button></header>
      <div role="tablist" aria-label=${HELP.title} @keydown=${this.#keys}>
        ${PARTS.map((part) => html`<button type="button" role="tab" id="help-${part}" aria-controls="help-part" aria-selected=${part === this.shown} tabindex=${part === this.shown ? 0 : -1} @click=${() => this.#choose(part)}>${HELP.tabs[part]}</button>`)}
      </div>
      <div class="help-part" role="tabpanel" id="help-part" tabindex="0" aria-labelledby="help-${this.shown}">${this.#part()}</div>
    </dialog>`;
  }

  #part(): TemplateResult {
    switch (this.shown) {
      case 'start':
        return html`${HELP.start.map((paragraph) => html`<p>${paragraph}</p>`)}`;
      case 'keys':
        return this.#keyTable();
      case 'words':
        return this.#searched(Object.values(GLOSSARY).map(({ name, also, sentence }) => ({ name, detail: also.join(', '), sentence })), HELP.filter.words);
      case 'syntax':
        return syntax();
      case 'calls':
        return this.#searched(CALLS.map((call) => ({ name: signature(call), detail: call.section === null ? '' : LANGUAGE.EDITOR.manual(call.name, call.section), sentence: LANGUAGE.CALLS[call.name] ?? '' })), HELP.filter.calls);
      case 'constants':
        return this.#searched(CONSTANTS.map(({ name, value, group }) => ({ name, detail: value, sentence: LANGUAGE.CONSTANTS[name] ?? LANGUAGE.GROUPS[group] ?? '' })), HELP.filter.constants);
      case 'logs':
        return recipe();
    }
  }

  #keyTable(): TemplateResult {
    const groups = keyList(this.commands);
    if (groups.length === 0) return html`<p class="quiet">${HELP.noKeys}</p>`;
    return html`${this.#singles()}<div class="key-groups">${groups.map(({ group, commands }) => html`<table><caption>${group}</caption><tbody>${commands.map(({ title, keys }) => html`<tr><th scope="row">${title}</th><td>${keysShown(keys)}</td></tr>`)}</tbody></table>`)}</div>`;
  }

  /** Which keys of one character there are, where they work, and a switch for them. */
  #singles(): TemplateResult | typeof nothing {
    const { singles } = this;
    if (!singles) return nothing;
    const turned = ({ target }: Event): void => {
      singles.turn((target as HTMLInputElement).checked);
      this.requestUpdate();
    };
    return html`<div class="singles"><label><input type="checkbox" .checked=${singles.areOn} @change=${turned} /> ${HELP.singles.label}</label>
      <p>${HELP.singles.anywhere} ${keysShown(singleKeys(this.commands))}</p><p class="quiet">${HELP.singles.elsewhere}</p></div>`;
  }

  #searched(all: readonly { readonly name: string; readonly detail: string; readonly sentence: string }[], label: string): TemplateResult {
    const found = searched(this.typed, all);
    return html`<label class="find"><span class="hidden">${label}</span><input type="search" placeholder=${label} .value=${this.typed} @input=${(event: Event) => (this.typed = (event.target as HTMLInputElement).value)} autocomplete="off" spellcheck="false" /></label>
      <dl>${found.map(({ name, detail, sentence }) => html`<div><dt><code>${name}</code> <span class="quiet">${detail}</span></dt><dd>${sentence}</dd></div>`)}</dl>
      ${found.length === 0 ? html`<p class="quiet" role="status">${HELP.none}</p>` : nothing}`;
  }
}

function syntax(): TemplateResult {
  return html`<dl class="syntax">${HELP.syntax.map(([code, sentence]) => html`<div><dt><code>${code}</code></dt><dd>${sentence}</dd></div>`)}</dl>
    <p>${HELP.numbers}</p>
    <h3>${HELP.files}</h3><p>${HELP.filesWords}</p><pre tabindex="0">${HELP.filesCode}</pre>
    <h3>${HELP.settings}</h3>
    <dl class="syntax">${SETTINGS.map(({ name, keys }) => html`<div><dt><code>${LANGUAGE.SETTINGS[name]?.[0]}</code></dt><dd>${LANGUAGE.SETTINGS[name]?.[1]}${keys.length > 0 ? html` <span class="quiet">${keys.join(', ')}</span>` : nothing}</dd></div>`)}</dl>`;
}

define('pf-help', Help);

declare global {
  interface HTMLElementTagNameMap { 'pf-help': Help }
}
