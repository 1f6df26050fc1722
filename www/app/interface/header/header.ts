/** The top: what is shown, as what it is read, how it compares, and what can be done with it. */
import { html, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import type { TextKind } from '../../../lib/index.ts';
import { EXAMPLES } from '../../examples.ts';
import { KINDS, KIND_NAMES } from '../../kinds.ts';
import { chipOf, number } from '../../model/verdict.ts';
import type { Model } from '../../model/model.ts';
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

/** What the text of one's own is called in the menu. */
const OWN: Record<TextKind, string> = {
  script: 'Your own script', strace: 'Your own log', qemu: 'Your own log', perf: 'Your own log', maps: 'Your own maps', smaps: 'Your own smaps',
};

const MARK = html`<svg viewBox="0 0 16 16" aria-hidden="true"><rect class="a" x="1" y="1" width="6" height="6" rx="1.5"/><rect class="b" x="9" y="1" width="6" height="6" rx="1.5"/><rect class="c" x="1" y="9" width="6" height="6" rx="1.5"/><rect class="d" x="9" y="9" width="6" height="6" rx="1.5"/></svg>`;

/** `hasOwn`: a text of one's own is kept, and can be gone back to. `isAccountOpen`: what the chip opens is shown. */
export function header(model: Model, hasOwn: boolean, isAccountOpen: boolean, actions: HeaderActions): TemplateResult {
  return html`
    <header>
      <span class="brand">${MARK}<h1>pagefault</h1></span>
      ${examples(model, hasOwn, actions)}
      <label class="kind ${model.exampleId ? 'is-known' : ''}" title="What the text is read as${model.chosen ? '' : ': a guess by what stands in it'}"><span>read as<span class="hidden">, a guess that can be changed</span></span>
        <select id="kind" .value=${live(model.kind)} @change=${(event: Event) => actions.readAs((event.target as HTMLSelectElement).value as TextKind)}>
          ${KINDS.map((kind) => html`<option value=${kind} ?selected=${kind === model.kind}>${KIND_NAMES[kind]}</option>`)}
        </select>
      </label>
      ${chip(model, isAccountOpen, actions)}
      <span class="spring"></span>
      <button id="open" aria-label="Open a log, maps or a script" @click=${actions.showOpen}>${icon('open')}<span class="word">Open…</span></button>
      <button id="share" aria-label="Share: everything in a link" @click=${actions.share}>${icon('share')}<span class="word">Share</span></button>
      <button class="icon" id="commands" aria-label="All commands" title="All commands (Ctrl+K)" @click=${actions.palette}>${icon('commands')}</button>
      <button class="icon" id="theme" aria-label="Light or dark" title="Light or dark" @click=${actions.theme}>${icon('theme')}</button>
      <button class="icon" id="help-button" aria-label="Help" title="Help and keys (?)" @click=${actions.help}>${icon('help')}</button>
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
    <label class="menu"><span class="hidden">Example</span>
      <select id="examples" .value=${live(isOwn ? ':own' : model.exampleId)} @change=${chosen}>
        ${isOwn || hasOwn ? html`<option value=":own" ?selected=${isOwn}>${isOwn ? OWN[model.kind] : 'Your own text'}</option>` : ''}
        <option value=":new">New script</option>
        ${groups.map((group) => html`<optgroup label=${group}>${EXAMPLES.filter((e) => e.group === group).map((e) => html`<option value=${e.id} ?selected=${e.id === model.exampleId}>${e.title}</option>`)}</optgroup>`)}
      </select>
    </label>`;
}

/** The verdict, always in sight; pressed, it tells why. */
function chip(model: Model, isAccountOpen: boolean, { tell }: HeaderActions): TemplateResult {
  if (model.doing) {
    return html`<span class="chip running" id="verdict"><progress id="progress" max=${model.doing.of} aria-label=${model.doing.doing === 'reading' ? 'Read' : 'Replayed'}></progress>
      <span id="progress-text"></span><button id="cancel" @click=${() => model.cancel()}>Cancel</button></span>`;
  }
  if (model.crash) return html`<span class="chip bad" id="verdict" role="status">✗ stopped at step ${number(model.crash.position)}</span>`;
  const dump = model.errors.length === 0 && model.isFresh ? model.opened?.dump?.dumps[0] : null;
  if (dump) return html`<span class="chip" id="verdict" role="status">${number(dump.audit.areas)} areas, from ${dump.costs.counted ? 'smaps' : 'maps'}</span>`;
  const { tone, mark, text, first } = chipOf(model);
  return html`<button class="chip ${tone}" id="verdict" title=${[text, first].filter(Boolean).join('\n')} @click=${tell}
      aria-expanded=${String(isAccountOpen)} aria-controls="dock">${mark} ${text}${first ? html` · <span class="first">${first}</span>` : ''}</button>
    <span class="hidden" role="status">${tone === 'plain' ? '' : `${TONES[tone]}: ${text}`}</span>`;
}

const TONES: Record<string, string> = { good: 'Equal', bad: 'Different', partly: 'Not all compared' };

/** Shows how far a long way has come, and draws nothing else. */
export function progressed({ doing }: Model): void {
  const bar = document.getElementById('progress') as HTMLProgressElement | null;
  if (!doing || !bar) return;
  bar.max = doing.of;
  bar.value = doing.done;
  document.getElementById('progress-text')!.textContent = doing.doing === 'reading' ? (doing.of > 1 ? `reading ${Math.floor((100 * doing.done) / doing.of)} %` : 'reading …') : `step ${number(doing.done)} of ${number(doing.of)}`;
}
