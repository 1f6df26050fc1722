/** The page: starts, draws, and gives each key to its command. */
import { render } from 'lit';
import type { TextKind } from '../lib/index.ts';
import { EXAMPLES } from './examples.ts';
import { progressed } from './interface/header/header.ts';
import { fetchRest, later } from './interface/later.ts';
import { light } from './interface/lit.ts';
import type { PfRam } from './interface/space/pf-ram.ts';
import type { PfAccount } from './interface/account/pf-account.ts';
import { inNextFrame, inTurn, onDrawing } from './interface/turns.ts';
import { type Command, takingOf } from './interface/palette/keys.ts';
import type { Opened } from './interface/open/open.ts';
import { fileName, readFiles, saveText, watchDrops, watchPastes } from './interface/open/files.ts';
import { frameOf, lookedFrame } from './model/frame.ts';
import { words } from './texts/page.ts';
import type { Place } from './worker/protocol.ts';
import { Early } from './wiring/early.ts';
import { commandsOf } from './wiring/commands.ts';
import { Page } from './wiring/page.ts';
import { savePicture } from './wiring/page/saving.ts';
import { shown } from './wiring/results.ts';
import { shell } from './wiring/shell.ts';
import { singles } from './wiring/single-keys.ts';
import { switchTheme, useTheme } from './wiring/theme.ts';
import { keepForOffline } from './offline/register.ts';
import './interface/editor/editor.ts';
import './interface/inspector/pf-inspector.ts';
import './interface/split/pf-split.ts';
import './interface/story/pf-story.ts';
import type { PfTime } from './interface/time/pf-time.ts';
import './interface/time/pf-time.ts';
import './interface/page/page.css';
import './interface/page/contrast.css';

useTheme();
onDrawing((isDrawing) => document.documentElement.toggleAttribute('data-drawing', isDrawing));
const app = document.getElementById('app')!;
const find = <T extends keyof HTMLElementTagNameMap>(name: T): HTMLElementTagNameMap[T] => document.querySelector(name)!;
let isRequested = false;

/** One drawing a frame, however much changes; what it makes others do has what is left of its time. */
function changed(): void {
  if (isRequested) return;
  isRequested = true;
  inNextFrame(() => void inTurn(() => {
    isRequested = false;
    draw();
  }));
}

const page = new Page({
  draw: changed, progress: () => going(), hover: () => pointed(page.model.hover),
  showText: (text) => find('pf-editor').setText(text), prepareText: (text) => find('pf-editor').prepare(text), settleText: () => find('pf-editor').flush(), showLine: (line) => find('pf-editor').goTo({ line }),
});
const { model } = page;

/** What is pointed at is lit wherever it is. */
function pointed(place: Place | null): void {
  find('pf-memory').pointed = place;
  const ram = document.querySelector<PfRam>('.dock pf-ram');
  if (ram) ram.selected = frameOf(model.at, place) ?? lookedFrame(model.at, model.selection);
  light(place, place && (page.given.areasByProcess()[place.pid] ?? null));
}

const early = new Early(() => !model.isFresh && model.crash === null);

/** Parts that are loaded when they are first asked for. */
async function openPart(): Promise<void> {
  await later('pf-open');
  const part = find('pf-open');
  Object.assign(part, { samples: EXAMPLES.filter(({ isLog }) => isLog).map(({ id, title }) => ({ id, title })), own: page.own.keep.recent(), gather: (files: never) => model.gather(files) });
  part.open();
}

async function palette(): Promise<void> {
  await later('pf-palette');
  Object.assign(find('pf-palette'), { commands });
  find('pf-palette').open();
}

async function help(part?: 'keys' | 'words'): Promise<void> {
  await later('pf-help');
  Object.assign(find('pf-help'), { commands, singles });
  find('pf-help').open(part ?? 'start');
}

/** What has just been typed is part of it. */
function save(): void {
  find('pf-editor').flush();
  saveText(model.text, fileName(model.text, model.kind));
}

const commands: readonly Command[] = commandsOf(page, {
  focus: (what) => {
    if (what === 'console') return openConsole(true);
    if (what === 'editor') find('pf-editor').focus();
    else document.querySelector<HTMLElement>({ memory: 'pf-space canvas, pf-space [tabindex="0"]', time: '#time [role=slider], #time input[type=range]', inspector: '#pf-inspected' }[what])?.focus();
  },
  open: () => void openPart(), palette: () => void palette(), help: (part) => void help(part), theme: switchTheme,
  save,
  memory: (what) => {
    const space = document.querySelector('pf-space');
    if (!space) return;
    if (what === 'fit') space.fit();
    else if (what === 'all') space.whole();
    else if (what === 'scale') space.change({ trueScale: !space.trueScale });
    else space.ask();
  },
  picture: (of) => void document.querySelector('pf-space')?.svg().then((svg) => savePicture(of, svg)),
});

/** On a phone it is folded away until it is asked for. */
function openConsole(isOpen: boolean): void {
  page.panels.openConsole(isOpen);
  if (!isOpen) return;
  const focus = () => {
    const input = document.querySelector<HTMLElement>('pf-console input');
    input?.focus();
    return input !== null && document.activeElement === input;
  };
  // Where it was folded it is there with the next drawing.
  if (!focus()) requestAnimationFrame(() => requestAnimationFrame(focus));
}

const actions = {
  console: openConsole,
  open: (id: string) => void page.texts.openExample(id),
  own: () => void page.texts.openOwn(), fresh: () => void page.texts.fresh(), readAs: (kind: TextKind) => page.texts.readAs(kind), showOpen: () => void openPart(), share: () => void page.links.share(),
  palette: () => void palette(), theme: switchTheme, help: () => void help(), tell: () => void tell(),
  memory: (event: CustomEvent) => {
    model.seeLanes(event.detail.lanes);
    model.see('memory', event.detail.bytes ? ['bytes'] : []);
  },
  frame: (pfn: number) => find('pf-memory').chooseFrame(pfn), pointFrame: (pfn: number | null) => find('pf-memory').pointFrame(pfn),
};

/** What was asked for gets the focus. */
async function tell(): Promise<void> {
  page.panels.tell();
  draw();
  if (page.panels.dock === 'verdict') await later('pf-account');
  const account = document.querySelector<PfAccount>('pf-account');
  await account?.updateComplete;
  account?.focusTitle();
}

function draw(): void {
  render(shell(page, actions), app);
  const now = shown(page);
  find('pf-editor').show(now);
  reveal(model.isFresh ? (model.errors[0]?.line ?? now.current) : revealed);
  progress();
  showToast();
  early.catchUp();
  document.documentElement.dataset['ready'] = 'yes';
  document.documentElement.dataset['position'] = String(model.position);
  // It stays there until somebody goes elsewhere.
  document.documentElement.dataset['rests'] = model.isOpening || model.heading !== model.position ? 'no' : 'yes';
}

let revealed: number | null = null;

/** The line of the step, or of the first mistake, is in sight; but nothing moves below the hands of who is typing. */
function reveal(line: number | null): void {
  if (line === revealed) return;
  revealed = line;
  const editor = find('pf-editor');
  if (line !== null && !editor.contains(document.activeElement)) editor.reveal(line);
}

/** It is on its way, and more is known. */
function going(): void {
  progress();
  document.querySelector<PfTime>('pf-time')?.count(model.history.tracks);
}

function progress(): void {
  progressed(model);
}

/** What is said stands above everything, an open dialog too. */
function showToast(): void {
  const element = document.querySelector<HTMLElement>('.toast')!;
  const isShown = element.matches(':popover-open');
  if (page.toast.text && !isShown) {
    overText(element);
    element.showPopover();
  }
  if (!page.toast.text && isShown) element.hidePopover();
}

/** On a desk it stands over the end of the text, where no tool and no part of the story is. */
function overText(element: HTMLElement): void {
  const { left, bottom, width, height } = find('pf-editor').getBoundingClientRect();
  const isDesk = matchMedia('(min-width: 901px)').matches && height > 0;
  Object.assign(element.style, isDesk ? { left: `${left + 10}px`, bottom: `${innerHeight - bottom + 8}px`, maxWidth: `${width - 20}px`, transform: 'none' } : { left: '', bottom: '', maxWidth: '', transform: '' });
}

function pressed(event: KeyboardEvent): void {
  if (event.defaultPrevented || document.querySelector('dialog[open]')) return;
  const taking = takingOf(event.target);
  const command = early.commandFor(event, commands, singles.areOn || taking === 'text' ? taking : 'characters');
  if (!command) return;
  event.preventDefault();
  command.run!();
}

async function start(): Promise<void> {
  app.replaceChildren();
  draw();
  // What is seen as soon as there is a machine comes while that is being loaded.
  for (const part of ['pf-memory', 'pf-walk', 'pf-console', 'pf-ram', 'pf-minimap', 'functions', 'tip'] as const) void later(part);
  for (const [name, then] of Object.entries({
    opened: (detail: Opened) => page.texts.take(detail),
    sample: ({ id }: { id: string }) => page.texts.openExample(id), new: () => page.texts.fresh(), own: (kept: never) => page.texts.openOwn(kept),
    save, said: ({ text }: { text: string }) => page.toast.say(text),
  })) find('pf-open').addEventListener(name, (event) => void then((event as CustomEvent).detail as never));
  // What is said moves with the text that it stands over.
  new ResizeObserver(() => overText(document.querySelector('.toast')!)).observe(find('pf-editor'));
  addEventListener('keydown', pressed);
  addEventListener('pagehide', () => page.own.leave(find('pf-editor').text));
  await page.links.follow(location.hash, true);
  // By the time this is told, the address may say something else: what is under way here forgets it.
  addEventListener('hashchange', ({ newURL }) => void page.links.follow(new URL(newURL).hash, false));
  watchDrops(window, { files: (files) => void takeFiles(files), over: (is) => document.documentElement.toggleAttribute('data-drop', is) });
  watchPastes(document, { files: (files) => void takeFiles(files), text: (text) => void page.texts.takeFiles([{ name: words.pasted, bytes: new TextEncoder().encode(text) }]) });
  // What cannot be fetched now (the page is being left, the network is gone) is fetched when it is asked for.
  (globalThis.requestIdleCallback ?? setTimeout)(() => void fetchRest().then(() => Promise.all(EXAMPLES.map(({ load }) => load()))).then(keepForOffline).catch(() => undefined));
}

async function takeFiles(files: readonly File[]): Promise<void> {
  let read: Awaited<ReturnType<typeof readFiles>>;
  try {
    read = await readFiles(files);
  } catch (error) {
    return page.toast.say((error as Error).message);
  }
  await page.texts.takeFiles(read);
}

// A bug of ours must not look like silence.
addEventListener('unhandledrejection', (event) => page.toast.say(words.failed(String(event.reason))));
addEventListener('error', (event) => event.error && page.toast.say(words.failed(event.message)));

start().catch((error: unknown) => {
  app.textContent = words.noStart(error instanceof Error ? error.message : String(error));
});
