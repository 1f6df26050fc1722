/** The page: puts model, drawing and interface together. */
import { html, render, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import { dumpToScript, readDump } from '../lib/index.ts';
import { type Ways, account, unread } from './account.ts';
import { closeDialogs, dialogs } from './dialogs.ts';
import { dumped } from './dump.ts';
import { Editor } from './editor.ts';
import { EXAMPLES } from './examples.ts';
import { happened } from './happened.ts';
import { header, progressed } from './header.ts';
import { Refused, asLines, gather } from './incoming.ts';
import { inspector } from './inspector.ts';
import { KIND_NAMES } from './kinds.ts';
import { decode, encode } from './link.ts';
import { Model } from './model.ts';
import { follow, space, tie } from './space.ts';

const app = document.getElementById('app')!;
let editor: Editor | null = null;
let frameRequested = false;
let toast = '';
let toastTimer = 0;
/** Whether the bottom tells what differs and what was left out. */
let isAccountOpen = false;

/** One drawing a frame, however much changes. */
function changed(): void {
  if (frameRequested) return;
  frameRequested = true;
  requestAnimationFrame(() => {
    frameRequested = false;
    draw();
  });
}

const model = new Model(changed, () => progressed(model));

async function open(id: string, position = 0): Promise<void> {
  const example = EXAMPLES.find((candidate) => candidate.id === id) ?? EXAMPLES[0]!;
  const text = await example.load();
  model.exampleId = example.id;
  model.origin = '';
  isAccountOpen = false;
  await model.setText(text, position);
  editor?.setText(model.text);
  draw();
}

/** Takes a text from outside: a dropped or pasted log or script. */
async function take(given: string, maps = '', origin = ''): Promise<void> {
  const first = maps.trim() === '' ? '' : `@log yes\n${await mapSettings(maps)}\n`;
  const text = first + asLines(given);
  model.exampleId = '';
  model.origin = origin;
  isAccountOpen = false;
  await model.setText(text);
  editor?.setText(text);
  draw();
  if (model.errors.length === 0) await model.goTo(model.length);
}

/** First maps as settings of a script: only their lines, whatever stands around them. */
async function mapSettings(maps: string): Promise<string> {
  const first = (await readDump(maps)).dumps[0];
  const lines = first ? first.header.split('\n').filter((line) => line.startsWith('@map ')) : maps.trim().split('\n').map((line) => `@map ${line}`);
  return lines.join('\n');
}

/** Takes files: one text of them all, or a sentence why not; then the text that stands there stays. */
async function takeFiles(files: readonly File[]): Promise<void> {
  if (files.length === 0) return;
  try {
    const incoming = await gather(await Promise.all(files.map(async (file) => ({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) }))));
    closeDialogs();
    await take(incoming.text, incoming.maps, incoming.origin);
    if (incoming.origin) say(incoming.origin);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    say(error.message);
  }
}

/** The dump as calls, which can be stepped through. */
async function build(): Promise<void> {
  const script = await dumpToScript(model.text);
  if (script !== null) await take(script);
}

async function share(): Promise<void> {
  const hash = await encode(model.exampleId, model.text, model.position, model.chosen);
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

/** Says a sentence at the bottom, for as long as it takes to read. */
function say(text: string): void {
  toast = text;
  draw();
  clearTimeout(toastTimer);
  toastTimer = window.setTimeout(() => {
    toast = '';
    draw();
  }, Math.max(4000, text.length * 70));
}

const ways: Ways = {
  line: (line) => {
    // Of a dump the areas are the steps.
    const step = model.dump ? null : model.stepOf(line);
    editor?.select(line);
    if (step !== null) void model.goTo(step + 1);
  },
  error: (at) => {
    const error = model.errors[at];
    if (error) editor?.goTo(error);
  },
  close: () => {
    isAccountOpen = false;
    draw();
    document.getElementById('verdict')?.focus();
  },
};

/** The chip was pressed: to the first error, or what the verdict leaves out, opened or closed. */
function tell(): void {
  if (model.errors.length > 0) {
    ways.error(0);
  } else if (isAccountOpen) {
    ways.close();
  } else {
    isAccountOpen = true;
    draw();
    document.getElementById('account-title')?.focus();
  }
}

function readAs(kind: Model['kind']): void {
  void model.readAs(kind).then(() => (model.errors.length === 0 && kind !== 'script' ? model.goTo(model.length) : undefined));
}

function transport(): TemplateResult {
  const { position, length, canRun } = model;
  const slide = (event: Event) => void model.goTo(Number((event.target as HTMLInputElement).value));
  return html`
    <nav class="transport" aria-label="Time" ?hidden=${model.dump !== null}>
      <button class="icon" id="start" aria-label="To the start" title="To the start" ?disabled=${!canRun || position === 0} @click=${() => void model.goTo(0)}>|◀</button>
      <button id="back" aria-label="Step back" title="Step back ([)" ?disabled=${!canRun || position === 0} @click=${() => void model.goTo(position - 1)}>◀<span class="word"> back</span></button>
      <button id="step" class="primary" aria-label="Step" title="Step (])" ?disabled=${!canRun || position >= length} @click=${() => void model.goTo(position + 1)}><span class="word">step </span>▶</button>
      <button id="run" aria-label="Run to the end" title="Run to the end" ?disabled=${!canRun || position >= length} @click=${() => void model.goTo(length)}>▶▶<span class="word"> run</span></button>
      <input id="time" type="range" min="0" max=${length} .value=${live(String(model.running?.to ?? position))} aria-label="Step" ?disabled=${!model.session || !model.isFresh} @input=${slide} />
      <output for="time">${model.session ? html`step ${model.running ? '…' : position} / ${length}` : 'no steps'}</output>
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

function bottom(): TemplateResult {
  if (model.dump) return html`<footer class="dumped">${dumped(model, model.dump, () => void build(), ways.line)}</footer>`;
  if (model.errors.length > 0) return html`<footer class="told">${model.session ? happened(model, false) : ''}${unread(model, ways)}</footer>`;
  if (isAccountOpen) return html`<footer class="told">${happened(model, false)}${account(model, ways)}</footer>`;
  return html`<footer>${happened(model, true)}</footer>`;
}

function shell(): TemplateResult {
  return html`
    ${header(model, isAccountOpen, { open: (id) => void open(id), readAs, share: () => void share(), tell })}
    <main>
      <section class="script" aria-label="Script">
        <h2>${KIND_NAMES[model.kind]}</h2>
        <div id="editor"></div>
        <form class="console" @submit=${typed}>
          <label for="line" aria-hidden="true">›</label>
          <input id="line" name="line" aria-label="A call to run now" placeholder="mprotect(a, 4K, PROT_READ)" autocomplete="off" autocapitalize="off" spellcheck="false" ?disabled=${!model.session} />
          ${model.consoleError ? html`<p class="wrong" role="alert">${model.consoleError}</p>` : ''}
        </form>
      </section>
      <section class="space" aria-label="Memory">${space(model)}</section>
      <aside class="inspector">${inspector(model)}</aside>
    </main>
    ${transport()}
    ${bottom()}
    ${dialogs({ text: (text, maps) => void take(text, maps), files: (files) => void takeFiles(files), say })}
    <div class="toast" role="status" popover="manual">${toast}</div>`;
}

function draw(): void {
  render(shell(), app);
  const host = document.getElementById('editor')!;
  if (!editor) {
    editor = new Editor(host, () => model.edited(), (text) => {
      model.exampleId = '';
      void model.edit(text);
    });
    editor.setText(model.text);
  }
  editor.show(model);
  progressed(model);
  showToast();
  follow(model);
  tie(model);
  document.documentElement.dataset['ready'] = 'yes';
}

/** What is said stands above everything, an open dialog too. */
function showToast(): void {
  const element = document.querySelector<HTMLElement>('.toast')!;
  const isShown = element.matches(':popover-open');
  if (toast && !isShown) element.showPopover();
  if (!toast && isShown) element.hidePopover();
}

function keys(event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  if (target.closest('input, textarea, select, .cm-editor, dialog') || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === ']' && model.canRun) void model.goTo(model.position + 1);
  else if (event.key === '[' && model.canRun) void model.goTo(model.position - 1);
  else if (event.key === '/') {
    event.preventDefault();
    document.getElementById('line')?.focus();
  }
}

function drop(event: DragEvent): void {
  const files = [...(event.dataTransfer?.files ?? [])];
  if (files.length === 0) return;
  // The editor would put them in where they fell.
  event.preventDefault();
  event.stopPropagation();
  void takeFiles(files);
}

async function start(): Promise<void> {
  app.replaceChildren();
  const link = await decode(location.hash);
  if (link?.text != null) await model.setText(link.text, link.position, link.kind);
  else await open(link?.example ?? EXAMPLES[0]!.id, link?.position ?? 0);
  draw();
  addEventListener('keydown', keys);
  addEventListener('dragover', (event) => event.preventDefault());
  addEventListener('drop', drop, { capture: true });
  addEventListener('resize', () => tie(model));
  // A bug of ours must not look like silence.
  addEventListener('unhandledrejection', (event) => say(`Something went wrong here: ${String(event.reason)}. Reload the page; the script is still in the editor.`));
  addEventListener('error', (event) => event.error && say(`Something went wrong here: ${event.message}. Reload the page; the script is still in the editor.`));
}

start().catch((error: unknown) => {
  app.textContent = `The page could not start: ${error instanceof Error ? error.message : String(error)}`;
});
