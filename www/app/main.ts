/** The page: puts model, drawing and interface together. */
import { html, render, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import { dumpToScript, readDump } from '../lib/index.ts';
import { dumped } from './dump.ts';
import { Editor } from './editor.ts';
import { EXAMPLES } from './examples.ts';
import { happened } from './happened.ts';
import { inspector } from './inspector.ts';
import { decode, encode } from './link.ts';
import { Model } from './model.ts';
import { follow, space, tie } from './space.ts';

const app = document.getElementById('app')!;
let editor: Editor | null = null;
let frameRequested = false;
let toast = '';

/** One drawing a frame, however much changes. */
function changed(): void {
  if (frameRequested) return;
  frameRequested = true;
  requestAnimationFrame(() => {
    frameRequested = false;
    draw();
  });
}

const model = new Model(changed);

async function open(id: string, position = 0): Promise<void> {
  const example = EXAMPLES.find((candidate) => candidate.id === id) ?? EXAMPLES[0]!;
  model.exampleId = example.id;
  await model.setText(await example.load(), position);
  editor?.setText(model.text);
  draw();
}

/** Takes a text from outside: a dropped or pasted log or script. */
async function take(text: string, maps = ''): Promise<void> {
  const head = maps.trim() === '' ? '' : `@log yes\n${await mapSettings(maps)}\n`;
  model.exampleId = '';
  editor?.setText(head + text);
  await model.setText(head + text);
  if (model.errors.length === 0) model.goTo(model.length);
}

/** First maps as settings of a script: only their lines, whatever stands around them. */
async function mapSettings(maps: string): Promise<string> {
  const first = (await readDump(maps)).dumps[0];
  const lines = first ? first.header.split('\n').filter((line) => line.startsWith('@map ')) : maps.trim().split('\n').map((line) => `@map ${line}`);
  return lines.join('\n');
}

/** The dump as calls, which can be stepped through. */
async function build(): Promise<void> {
  const script = await dumpToScript(model.text);
  if (script !== null) await take(script);
}

async function share(): Promise<void> {
  const hash = await encode(model.exampleId, model.text, model.position);
  if (hash === null) {
    say('The script is too long for a link: save it as a file instead.');
    return;
  }
  history.replaceState(null, '', `#${hash}`);
  try {
    await navigator.clipboard.writeText(location.href);
    say('The link is on the clipboard. Everything is in it; nothing was uploaded.');
  } catch {
    say('The link is in the address bar. Everything is in it; nothing was uploaded.');
  }
}

function say(text: string): void {
  toast = text;
  draw();
  setTimeout(() => {
    toast = '';
    draw();
  }, 4000);
}

function header(): TemplateResult {
  const groups = [...new Set(EXAMPLES.map((example) => example.group))];
  return html`
    <header>
      <span class="brand"><svg viewBox="0 0 16 16" aria-hidden="true"><rect class="a" x="1" y="1" width="6" height="6" rx="1.5"/><rect class="b" x="9" y="1" width="6" height="6" rx="1.5"/><rect class="c" x="1" y="9" width="6" height="6" rx="1.5"/><rect class="d" x="9" y="9" width="6" height="6" rx="1.5"/></svg><h1>pagefault</h1></span>
      <label class="menu"><span class="hidden">Example</span>
        <select id="examples" @change=${(event: Event) => void open((event.target as HTMLSelectElement).value)}>
          ${model.exampleId === '' ? html`<option value="" selected>${model.dump ? 'Your own maps' : 'Your own script'}</option>` : ''}
          ${groups.map((group) => html`<optgroup label=${group}>${EXAMPLES.filter((e) => e.group === group).map((e) => html`<option value=${e.id} ?selected=${e.id === model.exampleId}>${e.title}</option>`)}</optgroup>`)}
        </select>
      </label>
      ${chip()}
      <span class="spring"></span>
      <button @click=${() => (document.getElementById('paste') as HTMLDialogElement).showModal()}>Open log…</button>
      <button @click=${() => void share()}>Share</button>
      <button class="icon" aria-label="Light or dark" title="Light or dark" @click=${switchTheme}>◐</button>
      <button class="icon" aria-label="Help" title="Help" @click=${() => (document.getElementById('help') as HTMLDialogElement).showModal()}>?</button>
    </header>`;
}

/** The verdict against real Linux, always in sight. */
function chip(): TemplateResult {
  const verdict = model.verdict;
  if (model.errors.length > 0) {
    return html`<span class="chip bad" id="verdict" role="status">line ${model.errors[0]!.line}: the script has ${model.errors.length === 1 ? 'an error' : `${model.errors.length} errors`}</span>`;
  }
  if (model.dump) return html`<span class="chip" id="verdict" role="status">${model.dump.dumps[0]!.audit.areas.toLocaleString('en-US')} areas, from ${model.dump.dumps[0]!.costs.counted ? 'smaps' : 'maps'}</span>`;
  if (!verdict || verdict.compared + verdict.memoryCalls === 0) return html`<span class="chip" id="verdict" role="status">${model.length} steps</span>`;
  const title = verdict.first ? `line ${verdict.first.line}, ${verdict.first.call}: ${verdict.first.field} should be ${verdict.first.expected}, is ${verdict.first.found}${verdict.first.excuse ? ` (${verdict.first.excuse})` : ''}` : 'No difference so far';
  const go = () => {
    const at = model.reports.findIndex((report) => report.differences.length > 0);
    if (at >= 0) model.goTo(at + 1);
  };
  return html`<button class="chip ${verdict.green ? 'good' : 'bad'}" id="verdict" role="status" title=${title} @click=${go}>${verdict.green ? '✓' : '✗'} ${verdict.text}${verdict.first ? html` · <span class="first">${title}</span>` : ''}</button>`;
}

function switchTheme(): void {
  const dark = document.documentElement.dataset['theme'] ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
  document.documentElement.dataset['theme'] = dark === 'dark' ? 'light' : 'dark';
}

function transport(): TemplateResult {
  const { position, length } = model;
  const slide = (event: Event) => model.goTo(Number((event.target as HTMLInputElement).value));
  return html`
    <nav class="transport" aria-label="Time" ?hidden=${model.dump !== null}>
      <button class="icon" id="start" aria-label="To the start" title="To the start" ?disabled=${position === 0} @click=${() => model.goTo(0)}>|◀</button>
      <button id="back" aria-label="Step back" title="Step back ([)" ?disabled=${position === 0} @click=${() => model.goTo(position - 1)}>◀<span class="word"> back</span></button>
      <button id="step" class="primary" aria-label="Step" title="Step (])" ?disabled=${position >= length} @click=${() => model.goTo(position + 1)}><span class="word">step </span>▶</button>
      <button id="run" aria-label="Run to the end" title="Run to the end" ?disabled=${position >= length} @click=${() => model.goTo(length)}>▶▶<span class="word"> run</span></button>
      <input id="time" type="range" min="0" max=${length} .value=${live(String(position))} aria-label="Step" @input=${slide} />
      <output for="time">step ${position} / ${length}</output>
    </nav>`;
}

function typed(event: SubmitEvent): void {
  event.preventDefault();
  const input = (event.target as HTMLFormElement).elements.namedItem('line') as HTMLInputElement;
  if (input.value.trim() === '') return;
  void model.typed(input.value).then((text) => {
    if (text === null) return;
    model.exampleId = '';
    editor?.setText(text);
    input.value = '';
    draw();
  });
}

function shell(): TemplateResult {
  return html`
    ${header()}
    <main>
      <section class="script" aria-label="Script">
        <h2>${model.dump ? (model.dump.dumps[0]!.costs.counted ? 'smaps' : 'maps') : 'Script'}</h2>
        <div id="editor"></div>
        <form class="console" @submit=${typed}>
          <label for="line" aria-hidden="true">›</label>
          <input id="line" name="line" aria-label="A call to run now" placeholder="mprotect(a, 4K, PROT_READ)" autocomplete="off" autocapitalize="off" spellcheck="false" />
          ${model.consoleError ? html`<p class="wrong" role="alert">${model.consoleError}</p>` : ''}
        </form>
      </section>
      <section class="space" aria-label="Memory">${space(model)}</section>
      <aside class="inspector">${inspector(model)}</aside>
    </main>
    ${transport()}
    ${model.dump ? html`<footer class="dumped">${dumped(model, model.dump, () => void build())}</footer>` : html`<footer>${happened(model)}</footer>`}
    ${dialogs()}
    <div class="toast" role="status">${toast}</div>`;
}

function dialogs(): TemplateResult {
  const accept = (event: SubmitEvent) => {
    const data = new FormData(event.target as HTMLFormElement);
    void take(String(data.get('log') ?? ''), String(data.get('maps') ?? ''));
  };
  return html`
    <dialog id="paste" aria-labelledby="paste-title"><form method="dialog" @submit=${accept}>
      <h2 id="paste-title">Replay a log</h2>
      <p>Paste what <code>strace -f -e trace=%memory,%process,openat,close PROGRAM</code> printed, or drop the file anywhere on the page. It stays in this browser.</p>
      <p>The text of <code>/proc/PID/maps</code> or <code>smaps</code> alone is drawn, and its areas are explained.</p>
      <label>Log, script or maps<textarea name="log" rows="8" required spellcheck="false"></textarea></label>
      <label>First <code>/proc/PID/maps</code>, if you have them <textarea name="maps" rows="4" spellcheck="false"></textarea></label>
      <p class="quiet">Without maps a standard layout is taken and addresses are compared by their distances.</p>
      <div class="actions"><button type="button" @click=${(e: Event) => (e.target as HTMLElement).closest('dialog')!.close()}>Cancel</button><button class="primary">Replay</button></div>
    </form></dialog>
    <dialog id="help" aria-labelledby="help-title"><form method="dialog">
      <h2 id="help-title">pagefault</h2>
      <p>Linux's memory manager in a browser tab. A script is a text of system calls and accesses as strace prints them; the machine that runs it is emulated down to the bits of its page tables, and behaves as Linux 6.18.</p>
      <table class="keys"><tbody>
        <tr><th scope="row"><kbd>]</kbd> <kbd>[</kbd></th><td>step, step back</td></tr>
        <tr><th scope="row"><kbd>Home</kbd> <kbd>End</kbd></th><td>start, end (on the slider)</td></tr>
        <tr><th scope="row"><kbd>Tab</kbd></th><td>through VMAs, pages and frames; <kbd>Enter</kbd> selects</td></tr>
        <tr><th scope="row"><kbd>/</kbd></th><td>type a call</td></tr>
      </tbody></table>
      <p class="quiet">Everything runs in your browser; nothing is uploaded.</p>
      <div class="actions"><button class="primary">Close</button></div>
    </form></dialog>`;
}

function draw(): void {
  render(shell(), app);
  const host = document.getElementById('editor')!;
  if (!editor) {
    editor = new Editor(host, (text) => {
      model.exampleId = '';
      void model.setText(text, model.position);
    });
    editor.setText(model.text);
  }
  editor.show(model);
  follow(model);
  tie(model);
  document.documentElement.dataset['ready'] = 'yes';
}

function keys(event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  if (target.closest('input, textarea, select, .cm-editor, dialog') || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === ']') model.goTo(model.position + 1);
  else if (event.key === '[') model.goTo(model.position - 1);
  else if (event.key === '/') {
    event.preventDefault();
    document.getElementById('line')?.focus();
  }
}

function drop(event: DragEvent): void {
  const file = event.dataTransfer?.files[0];
  if (!file) return;
  event.preventDefault();
  void file.text().then((text) => take(text));
}

async function start(): Promise<void> {
  app.replaceChildren();
  const link = await decode(location.hash);
  if (link?.text != null) await model.setText(link.text, link.position);
  else await open(link?.example ?? EXAMPLES[0]!.id, link?.position ?? 0);
  draw();
  addEventListener('keydown', keys);
  addEventListener('dragover', (event) => event.preventDefault());
  addEventListener('drop', drop);
  addEventListener('resize', () => tie(model));
  // A bug of ours must not look like silence.
  addEventListener('unhandledrejection', (event) => say(`Something went wrong here: ${String(event.reason)}. Reload the page; the script is still in the editor.`));
  addEventListener('error', (event) => event.error && say(`Something went wrong here: ${event.message}. Reload the page; the script is still in the editor.`));
}

start().catch((error: unknown) => {
  app.textContent = `The page could not start: ${error instanceof Error ? error.message : String(error)}`;
});
