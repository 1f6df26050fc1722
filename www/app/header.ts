/** The top: what is shown, as what it is read, how it compares, and what can be done with it. */
import { html, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import { TEXT_KINDS, type TextKind } from '../lib/index.ts';
import { showDialog } from './dialogs.ts';
import { EXAMPLES } from './examples.ts';
import { KIND_NAMES } from './kinds.ts';
import type { Model } from './model.ts';
import { chipOf, number } from './verdict.ts';

export interface HeaderActions {
  readonly open: (example: string) => void;
  readonly readAs: (kind: TextKind) => void;
  readonly share: () => void;
  /** The chip was pressed. */
  readonly tell: () => void;
}

export function header(model: Model, isAccountOpen: boolean, actions: HeaderActions): TemplateResult {
  const groups = [...new Set(EXAMPLES.map((example) => example.group))];
  return html`
    <header>
      <span class="brand"><svg viewBox="0 0 16 16" aria-hidden="true"><rect class="a" x="1" y="1" width="6" height="6" rx="1.5"/><rect class="b" x="9" y="1" width="6" height="6" rx="1.5"/><rect class="c" x="1" y="9" width="6" height="6" rx="1.5"/><rect class="d" x="9" y="9" width="6" height="6" rx="1.5"/></svg><h1>pagefault</h1></span>
      <label class="menu"><span class="hidden">Example</span>
        <select id="examples" @change=${(event: Event) => actions.open((event.target as HTMLSelectElement).value)}>
          ${model.exampleId === '' ? html`<option value="" selected>${OWN[model.kind]}</option>` : ''}
          ${groups.map((group) => html`<optgroup label=${group}>${EXAMPLES.filter((e) => e.group === group).map((e) => html`<option value=${e.id} ?selected=${e.id === model.exampleId}>${e.title}</option>`)}</optgroup>`)}
        </select>
      </label>
      <label class="kind" title="What the text is read as${model.chosen ? '' : ': a guess by what stands in it'}"><span>read as<span class="hidden">, a guess that can be changed</span></span>
        <select id="kind" .value=${live(model.kind)} @change=${(event: Event) => actions.readAs((event.target as HTMLSelectElement).value as TextKind)}>
          ${TEXT_KINDS.map((kind) => html`<option value=${kind} ?selected=${kind === model.kind}>${KIND_NAMES[kind]}</option>`)}
        </select>
      </label>
      ${chip(model, isAccountOpen, actions)}
      <span class="spring"></span>
      <button id="open" @click=${() => showDialog('paste')}>Open log…</button>
      <button id="share" @click=${actions.share}>Share</button>
      <button class="icon" aria-label="Light or dark" title="Light or dark" @click=${switchTheme}>◐</button>
      <button class="icon" aria-label="Help" title="Help" @click=${() => showDialog('help')}>?</button>
    </header>`;
}

const OWN: Record<TextKind, string> = {
  script: 'Your own script', strace: 'Your own log', qemu: 'Your own log', perf: 'Your own log', maps: 'Your own maps', smaps: 'Your own smaps',
};

/** The verdict, always in sight; pressed, it tells why. */
function chip(model: Model, isAccountOpen: boolean, { tell }: HeaderActions): TemplateResult {
  if (model.running) {
    return html`<span class="chip running" id="verdict"><progress id="progress" max=${model.running.to} aria-label="Replayed"></progress>
      <span id="progress-text"></span><button id="cancel" @click=${() => model.cancel()}>Cancel</button></span>`;
  }
  const dump = model.errors.length === 0 && model.isFresh ? model.dump?.dumps[0] : null;
  if (dump) return html`<span class="chip" id="verdict" role="status">${number(dump.audit.areas)} areas, from ${dump.costs.counted ? 'smaps' : 'maps'}</span>`;
  const { tone, mark, text, first } = chipOf(model);
  const hasErrors = model.errors.length > 0;
  return html`<button class="chip ${tone}" id="verdict" title=${[text, first].filter(Boolean).join('\n')} @click=${tell}
      aria-expanded=${hasErrors ? 'true' : String(isAccountOpen)} aria-controls=${hasErrors ? 'unread' : 'account'}>${mark} ${text}${first ? html` · <span class="first">${first}</span>` : ''}</button>
    <span class="hidden" role="status">${tone === 'plain' ? '' : `${TONES[tone]}: ${text}`}</span>`;
}

const TONES: Record<string, string> = { good: 'Equal', bad: 'Different', partly: 'Not all compared' };

/** Shows how far a long way has come, and draws nothing else. */
export function progressed({ running, position }: Model): void {
  if (!running) return;
  (document.getElementById('progress') as HTMLProgressElement).value = position;
  document.getElementById('progress-text')!.textContent = `step ${number(position)} of ${number(running.to)}`;
}

function switchTheme(): void {
  const dark = document.documentElement.dataset['theme'] ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
  document.documentElement.dataset['theme'] = dark === 'dark' ? 'light' : 'dark';
}
