/** The top: what is shown, as what it is read, how it compares, and what can be done with it. */
import { html, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import type { TextKind } from '../../../lib/index.ts';
import { EXAMPLES } from '../../examples.ts';
import { KINDS, KIND_NAMES } from '../../kinds.ts';
import { chipOf, number } from '../../model/verdict.ts';
import type { Model } from '../../model/model.ts';
import { words } from '../../texts/page.ts';
import { icon } from './icons.ts';
import './header.css';

export interface HeaderActions {
  readonly open: (example: string) => void;
  readonly own: () => void;
  readonly fresh: () => void;
  readonly readAs: (kind: TextKind) => void;
  readonly showOpen: () => void;
  readonly share: () => void;
  readonly palette: () => void;
  readonly theme: () => void;
  readonly help: () => void;
  /** The chip was pressed. */
  readonly tell: () => void;
}

const t = words.header;

const MARK = html`<svg viewBox="0 0 16 16" aria-hidden="true"><rect class="a" x="1" y="1" width="6" height="6" rx="1.5"/><rect class="b" x="9" y="1" width="6" height="6" rx="1.5"/><rect class="c" x="1" y="9" width="6" height="6" rx="1.5"/><rect class="d" x="9" y="9" width="6" height="6" rx="1.5"/></svg>`;

/** `hasOwn`: a text of one's own is kept, and can be gone back to. `isAccountOpen`: what the chip opens is shown. */
export function header(model: Model, hasOwn: boolean, isAccountOpen: boolean, actions: HeaderActions): TemplateResult {
  return html`
    <header>
      <span class="brand">${MARK}<h1>pagefault</h1></span>
      ${examples(model, hasOwn, actions)}
      <label class="kind ${model.exampleId ? 'is-known' : ''}" title=${t.kind(model.chosen === null)}><span>${t.readAs}<span class="hidden">${t.readAsNote}</span></span>
        <select id="kind" .value=${live(model.kind)} @change=${(event: Event) => actions.readAs((event.target as HTMLSelectElement).value as TextKind)}>
          ${KINDS.map((kind) => html`<option value=${kind} ?selected=${kind === model.kind}>${KIND_NAMES[kind]}</option>`)}
        </select>
      </label>
      ${chip(model, isAccountOpen, actions)}
      <span class="spring"></span>
      <button id="open" aria-label=${t.open} @click=${actions.showOpen}>${icon('open')}<span class="word">${t.openWord}</span></button>
      <button id="share" aria-label=${t.share} @click=${actions.share}>${icon('share')}<span class="word">${t.shareWord}</span></button>
      <button class="icon" id="commands" aria-label=${t.commands} title=${t.commandsKey} @click=${actions.palette}>${icon('commands')}</button>
      <button class="icon" id="theme" aria-label=${t.theme} title=${t.theme} @click=${actions.theme}>${icon('theme')}</button>
      <button class="icon" id="help-button" aria-label=${t.help} title=${t.helpKey} @click=${actions.help}>${icon('help')}</button>
    </header>`;
}

function examples(model: Model, hasOwn: boolean, { open, own, fresh }: HeaderActions): TemplateResult {
  const groups = [...new Set(EXAMPLES.map((example) => example.group))];
  const isOwn = model.exampleId === '';
  const chosen = (event: Event) => {
    const { value } = event.target as HTMLSelectElement;
    if (value === ':new') fresh();
    else if (value === ':own') own();
    else open(value);
  };
  return html`
    <label class="menu"><span class="hidden">${t.example}</span>
      <select id="examples" .value=${live(isOwn ? ':own' : model.exampleId)} @change=${chosen}>
        ${isOwn || hasOwn ? html`<option value=":own" ?selected=${isOwn}>${isOwn ? t.own[model.kind] : t.ownText}</option>` : ''}
        <option value=":new">${t.fresh}</option>
        ${groups.map((group) => html`<optgroup label=${group}>${EXAMPLES.filter((e) => e.group === group).map((e) => html`<option value=${e.id} ?selected=${e.id === model.exampleId}>${e.title}</option>`)}</optgroup>`)}
      </select>
    </label>`;
}

/** The verdict, always in sight; pressed, it tells why. */
function chip(model: Model, isAccountOpen: boolean, { tell }: HeaderActions): TemplateResult {
  if (model.doing) {
    return html`<span class="chip running" id="verdict"><progress id="progress" max=${model.doing.of} aria-label=${t.doing[model.doing.doing]}></progress>
      <span id="progress-text"></span><button id="cancel" @click=${() => model.cancel()}>${t.cancel}</button></span>`;
  }
  if (model.crash) return html`<span class="chip bad" id="verdict" role="status">${t.stopped(number(model.crash.position))}</span>`;
  const dump = model.errors.length === 0 && model.isFresh ? model.opened?.dump?.dumps[0] : null;
  if (dump) return html`<span class="chip" id="verdict" role="status">${t.areas(number(dump.audit.areas), dump.costs.counted ? 'smaps' : 'maps')}</span>`;
  const { tone, mark, text, announced, line, first } = chipOf(model);
  const where = line === null ? '' : words.verdict.line(line);
  return html`<button class="chip ${tone}" id="verdict" title=${[text, [where, first].filter(Boolean).join(', ')].filter(Boolean).join('\n')} @click=${tell}
      aria-expanded=${String(isAccountOpen)} aria-controls="dock"><span class="text">${mark} ${text}</span>${where ? html`<span class="where"> · ${where}</span>` : ''}${first ? html`<span class="first">${where ? ', ' : ' · '}${first}</span>` : ''}</button>
    <span class="hidden" role="status">${announced}</span>`;
}

/** Shows how far a long way has come, and draws nothing else. */
export function progressed({ doing }: Model): void {
  const bar = document.getElementById('progress') as HTMLProgressElement | null;
  if (!doing || !bar) return;
  bar.max = doing.of;
  bar.value = doing.done;
  document.getElementById('progress-text')!.textContent = doing.doing === 'reading' ? t.reading(doing.of > 1 ? Math.floor((100 * doing.done) / doing.of) : null) : t.running(number(doing.done), number(doing.of));
}
