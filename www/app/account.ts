/** What the verdict does not say in its one line: what differs, what was left out, what was assumed, and why. */
import { html, type TemplateResult } from 'lit';
import type { LeftOut, SetAside } from '../lib/index.ts';
import type { Model } from './model.ts';
import { byReason, chipOf, plural, reasonOf } from './verdict.ts';

/** Entries drawn of each list. */
const MOST = 200;
/** Lines named of each reason. */
const MOST_LINES = 24;

export interface Ways {
  /** Shows a line, and what the step on it did. */
  readonly line: (line: number) => void;
  /** Puts the cursor where an error is. */
  readonly error: (at: number) => void;
  readonly close: () => void;
}

const link = (line: number, ways: Pick<Ways, 'line'>, title: string) =>
  html`<button class="place" title=${title} @click=${() => ways.line(line)}>line ${line}</button>`;

/** Sentences of the core, with what stands between backticks as code. */
const worded = (text: string) => text.split('`').map((part, at) => (at % 2 === 0 ? part : html`<code>${part}</code>`));

const more = (all: number, shown: number) => (all > shown ? html`<li class="quiet">and ${plural(all - shown, 'more', 'more')}</li>` : '');

export function account(model: Model, ways: Ways): TemplateResult {
  const lists = [differences(model, ways), leftOut(model, ways), assumed(model, ways), setAside(model, ways)].filter((list) => list !== null);
  return html`
    <section class="account" id="account" aria-labelledby="account-title" @keydown=${(event: KeyboardEvent) => event.key === 'Escape' && ways.close()}>
      <div class="account-head">
        <h2 id="account-title" tabindex="-1">What differs and what was left out</h2>
        <button class="icon" id="account-close" aria-label="Close" title="Close (Esc)" @click=${ways.close}>✕</button>
      </div>
      <p class="sentence">${summary(model)}</p>
      ${model.origin ? html`<p class="quiet">${model.origin}</p>` : ''}
      <div class="account-lists">${lists}</div>
    </section>`;
}

/** The verdict in a sentence; the reasons stand below. */
function summary(model: Model): string {
  const { verdict, position, length } = model;
  const { tone, text } = chipOf(model);
  if (!verdict || position === 0) return length === 0 ? `${text}.` : 'Nothing has been run yet.';
  if (tone === 'good') return `${text}. Everything was compared: nothing differs, nothing was left out, nothing is excused.`;
  const rest = length > position ? ` ${plural(length - position, 'step')} not run yet.` : '';
  if (!model.session?.isLog) return `${text}.${rest}`;
  const { memoryCalls, memoryEqual, memoryDiffer, leftOut: left, mapsEqual } = verdict;
  const parts = [`${memoryEqual} of ${plural(memoryCalls, 'memory call')} as on Linux`, `${memoryDiffer} different`, `${left.length} not replayed`];
  return `${parts.filter((part) => !part.startsWith('0 ') || part === parts[0]).join(', ')}.${mapsEqual === false ? ' The maps differ.' : ''}${rest}`;
}

function differences(model: Model, ways: Ways): TemplateResult | null {
  const all = model.remarks.flatMap(([, report]) => report.differences.map((difference) => ({ report, difference })));
  const count = (model.verdict?.differences ?? 0) + (model.verdict?.excused ?? 0);
  if (all.length === 0) return null;
  return html`<section><h3>Different <span>${plural(count, 'place')}</span></h3><ul>
    ${all.slice(0, MOST).map(({ report, difference }) => html`<li>
      ${link(report.line, ways, report.call)} <code>${report.call}</code> ${difference.field}
      should be <code>${difference.expected}</code>, is <code class=${difference.excuse ? '' : 'wrong'}>${difference.found}</code>
      ${difference.excuse ? html`<p class="quiet">Excused: ${difference.excuse}</p>` : ''}
      ${difference.cause ? html`<p class="cause">It ${difference.cause}.</p>` : ''}
    </li>`)}
    ${more(count, Math.min(all.length, MOST))}
  </ul></section>`;
}

function leftOut(model: Model, ways: Ways): TemplateResult | null {
  const all: readonly LeftOut[] = model.verdict?.leftOut ?? [];
  if (all.length === 0) return null;
  return html`<section><h3>Not replayed <span>${plural(all.length, 'memory call')}</span></h3><ul>
    ${byReason(all, (left) => left.reason).slice(0, MOST).map((group) => html`<li>
      <b>${group.members.length}</b> ${worded(group.reason)}
      <p class="places">${group.members.slice(0, MOST_LINES).map((left) => link(left.line, ways, left.call))}${rest(group.members.length)}</p>
    </li>`)}
  </ul></section>`;
}

const rest = (all: number) => (all > MOST_LINES ? html`<span class="quiet">and ${plural(all - MOST_LINES, 'more', 'more')}</span>` : '');

function assumed(model: Model, ways: Ways): TemplateResult | null {
  const all = model.remarks.flatMap(([, report]) => (report.assumed ? [{ line: report.line, call: report.call, assumed: report.assumed }] : []));
  const machine = ARCHITECTURES[model.verdict?.architecture ?? 'x86-64'];
  if (all.length === 0 && !machine) return null;
  return html`<section><h3>Assumed ${all.length > 0 ? html`<span>${plural(model.verdict?.assumed ?? all.length, 'call rests', 'calls rest')} on it</span>` : ''}</h3><ul>
    ${machine ? html`<li>${machine}</li>` : ''}
    ${all.slice(0, MOST).map(({ line, call, assumed: what }) => html`<li>${link(line, ways, call)} <code>${call}</code> ${what}</li>`)}
    ${more(model.verdict?.assumed ?? all.length, Math.min(all.length, MOST))}
  </ul></section>`;
}

const ARCHITECTURES: Record<string, string> = {
  'x86-64': '',
  '32-bit': 'A 32-bit program: its calls are replayed, but the layout of its address space is not modelled.',
  other: 'A program of another processor: its calls are replayed, but its layout and page size are not modelled.',
};

function setAside(model: Model, ways: Ways): TemplateResult | null {
  const all = model.aside.filter((aside) => !aside.isMemoryCall);
  if (all.length === 0) return null;
  return html`<section><h3>Set aside <span>${plural(all.length, 'line')}, none a memory call</span></h3>${asideGroups(all, ways)}</section>`;
}

/** Lines that are no part of what is shown, by reason. */
export function asideGroups(all: readonly Pick<SetAside, 'line' | 'text' | 'reason'>[], ways: Pick<Ways, 'line'>): TemplateResult {
  return html`<ul>${byReason(all, (aside) => aside.reason).slice(0, MOST).map((group) => html`<li>
    <b>${group.members.length}</b> ${worded(group.reason)}
    <p class="places">${group.members.slice(0, MOST_LINES).map((aside) => link(aside.line, ways, aside.text))}${rest(group.members.length)}</p>
  </li>`)}</ul>`;
}

/** The bottom for a text that cannot be read, or run to its end. */
export function unread(model: Model, ways: Ways): TemplateResult {
  return html`
    <section class="account" id="unread" aria-labelledby="unread-title">
      <div class="account-head"><h2 id="unread-title">${model.session ? 'It stops here' : 'This cannot be read'}</h2></div>
      <ul class="errors">
        ${model.errors.slice(0, MOST).map((error, at) => html`<li><button class="place" @click=${() => ways.error(at)}>line ${error.line}</button> ${worded(reasonOf(error))}</li>`)}
        ${more(model.errors.length, Math.min(model.errors.length, MOST))}
      </ul>
      ${model.session ? '' : html`<p class="quiet">Nothing was run. ${ADVICE[model.kind]}</p>`}
    </section>`;
}

const ADVICE: Record<string, string> = {
  script: 'It was read as a script. If it is the log of a program, say so beside the verdict: a log is read more kindly.',
  strace: 'It was read as the output of strace. If it is something else, say so beside the verdict.',
  qemu: 'It was read as the output of qemu -strace. If it is something else, say so beside the verdict.',
  perf: 'It was read as the output of perf trace. If it is something else, say so beside the verdict.',
  maps: 'It was read as the text of /proc/PID/maps. If it is something else, say so beside the verdict.',
  smaps: 'It was read as the text of /proc/PID/smaps. If it is something else, say so beside the verdict.',
};
