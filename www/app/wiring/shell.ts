/** What the page is made of, and which event of which part leads where. */
import { type TemplateResult, html, nothing } from 'lit';
import { live } from 'lit/directives/live.js';
import { account } from './account.ts';
import { header, type HeaderActions } from '../interface/header/header.ts';
import { later } from '../interface/later.ts';
import { frameOf, lookedFrame } from '../model/frame.ts';
import { icon } from '../interface/header/icons.ts';
import { KIND_NAMES } from '../kinds.ts';
import { words } from '../texts/page.ts';
import type { Find } from '../worker/protocol.ts';
import type { Page } from './page.ts';
import { DOCK_TABS, type DockTab } from './page/panels.ts';
import { copyReproduction } from './page/saving.ts';

export interface ShellActions extends HeaderActions {
  readonly memory: (event: CustomEvent) => void;
  /** A frame was chosen. */
  readonly frame: (pfn: number) => void;
  /** A frame is pointed at; null: none any more. */
  readonly pointFrame: (pfn: number | null) => void;
  /** Shows the console where it is folded away, or folds it. */
  readonly console: (isOpen: boolean) => void;
}

export function shell(page: Page, actions: ShellActions): TemplateResult {
  const { model, panels } = page;
  return html`
    <a class="skip" href="#time" @click=${skip}>${words.skip}</a>
    ${header(model, page.own.keep.own() !== null, panels.dock === 'verdict', actions)}
    <div class="desk ${panels.isSheetOpen ? 'is-sheet-open' : ''} ${panels.isDockOpen ? 'is-dock-open' : ''} ${panels.isConsoleOpen ? 'is-console-open' : ''}" @place=${(event: CustomEvent) => panels.select(event.detail.place, event.detail.tab)}
      @go=${(event: CustomEvent) => page.time.go(event.detail.position)} @say=${(event: CustomEvent) => page.toast.say(event.detail.sentence)}
      @hover-place=${(event: CustomEvent) => model.point(event.detail.place)} @line=${(event: CustomEvent) => page.toLine(event.detail.line)} @find=${(event: CustomEvent) => find(page, event.detail)}>
      <main class="panes">
        ${script(page)}
        <pf-split name="script" label=${words.dividers.script} orientation="vertical"></pf-split>
        ${memory(page, actions)}
        <pf-split name="inspector" label=${words.dividers.inspector} orientation="vertical" reverse></pf-split>
        ${inspector(page)}
      </main>
      ${time(page)}
      <pf-split name="story" label=${words.dividers.story} orientation="horizontal" reverse></pf-split>
      ${dock(page, actions)}
    </div>
    <pf-palette></pf-palette><pf-help></pf-help><pf-open></pf-open>
    <div class="toast" role="status" popover="manual">${page.toast.text}</div>`;
}

/** A link inside of the page must not become its address, which holds the script. */
function skip(event: Event): void {
  event.preventDefault();
  document.querySelector<HTMLElement>('pf-time button')?.focus();
}

function script(page: Page): TemplateResult {
  const { model } = page;
  return html`
    <section class="script" aria-label=${words.script}>
      <div class="pane-title"><h2>${KIND_NAMES[model.kind]}</h2></div>
      <pf-editor @edited=${() => page.texts.edited()} @changed=${(event: CustomEvent) => void page.texts.changed(event.detail.text)}></pf-editor>
      <pf-console .of=${page.versions.id} .above=${page.console.textAbove} .text=${model.text} .disabled=${!model.canRun} .prompt=${model.position === 0 ? words.promptStart : words.prompt(model.position)}
        @command=${(event: CustomEvent) => void page.console.run(event.detail.line).then(event.detail.answer)}></pf-console>
    </section>`;
}

function memory(page: Page, actions: ShellActions): TemplateResult {
  const { model } = page;
  return html`
    <section class="memory ${model.at ? '' : 'is-empty'}" aria-label=${words.memory}>
      ${model.crash ? crash(page) : nothing}
      ${emptied(page)}
      <pf-memory .at=${model.at} .selected=${model.selection} .heat=${model.heatNow()} .texts=${page.given.texts()} .untouched=${page.given.untouched()} .comparison=${page.comparing.moments} .ownerOf=${page.given.ownerOf} @look=${actions.memory}
        @select=${(event: CustomEvent) => page.panels.choose(event.detail)} @hover=${(event: CustomEvent) => model.point(event.detail && { ...event.detail, pfn: null })}></pf-memory>
    </section>`;
}

/** Why there is no picture, in its place, and the way to one. */
function emptied(page: Page): TemplateResult | typeof nothing {
  const { model } = page;
  if (model.isFresh && model.opened === null && model.errors.length > 0) return html`<p class="empty">${words.unread}</p>`;
  if (model.at === null) return model.doing ? html`<p class="empty">${words.running}</p>` : nothing;
  if (!model.isOver) return nothing;
  const back = () => {
    page.time.beforeTheEnd();
    // The button goes with the end.
    document.querySelector<HTMLElement>('[data-act=back]')?.focus();
  };
  return html`<p class="empty">${words.over} <button @click=${back}>${words.beforeTheEnd}</button></p>`;
}

function crash(page: Page): TemplateResult {
  const crashed = page.model.crash!;
  const { message, position } = crashed;
  return html`<div class="crash" role="alert"><p>${words.crash(message, position)}</p>
    <button class="primary" @click=${() => void page.model.recover()}>${words.recover}</button>
    <button @click=${() => void copyReproduction(crashed, page.toast.say)}>${words.reproduction}</button></div>`;
}

function inspector(page: Page): TemplateResult {
  const { model, panels, proc: { texts: proc } } = page;
  return html`
    <aside aria-label=${words.inspector}>
      <pf-inspector .at=${model.at} .pinned=${model.pinned} @pin=${(event: CustomEvent) => model.pin(event.detail.pfn)} .untouched=${page.given.untouched()} .costs=${page.given.costs()} .tab=${panels.tab} .maps=${proc?.maps ?? null} .smaps=${proc?.smaps ?? null} .pid=${proc?.pid ?? null}
        @tab=${(event: CustomEvent) => panels.showTab(event.detail.tab)}></pf-inspector>
      <button class="icon sheet-close" aria-label=${words.closeDetails} @click=${() => panels.sheet(false)}>${icon('close')}</button>
    </aside>`;
}

/** Where it leads is told below the details. */
function find(page: Page, { what, back }: { readonly what: Find; readonly back: boolean }): void {
  page.panels.sheet(false);
  void page.time.find(what, back);
}

function time(page: Page): TemplateResult {
  const { model, time } = page;
  return html`<pf-time id="time" ?hidden=${(model.opened?.dump ?? null) !== null} .position=${model.position} .length=${model.canRun || model.crash ? model.length : 0} .isStopped=${model.crash !== null} .lines=${model.opened?.lines ?? NO_LINES} .tracks=${model.history.tracks}
    .isPlaying=${time.speed > 0} .speed=${time.playSpeed} .momentA=${model.marked?.position ?? null} .hasPlace=${model.selection !== null} .processNames=${page.given.processNames()} .isCompact=${page.isSmall}
    @play=${(event: CustomEvent) => time.play(event.detail.speed)} @pause=${() => time.pause()}
    @compare=${(event: CustomEvent) => page.comparing.compare(event.detail.what)} @over=${() => time.stepOver()} @step=${(event: CustomEvent) => time.step(event.detail.by)}></pf-time>`;
}

const NO_LINES = new Uint32Array();

function dock(page: Page, actions: ShellActions): TemplateResult {
  const { panels } = page;
  const key = (event: KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by === undefined) return;
    const next = DOCK_TABS[(DOCK_TABS.indexOf(panels.dock) + by + DOCK_TABS.length) % DOCK_TABS.length]!;
    panels.showDock(next);
    document.getElementById(`dock-${next}`)?.focus();
    event.preventDefault();
  };
  const tab = (name: DockTab) => html`<button role="tab" id="dock-${name}" aria-selected=${name === panels.dock} aria-controls="dock" tabindex=${name === panels.dock ? 0 : -1} @click=${() => panels.showDock(name)}>${words.docks[name]}</button>`;
  return html`
    <section class="dock" aria-label=${words.dock}>
      <div class="dock-bar"><div class="dock-tabs" role="tablist" aria-label=${words.dock} @keydown=${key}>${DOCK_TABS.map(tab)}</div>
        <select class="dock-choice" aria-label=${words.dock} .value=${live(panels.dock)} @change=${(event: Event) => panels.showDock((event.target as HTMLSelectElement).value as DockTab)}>${DOCK_TABS.map((name) => html`<option value=${name} ?selected=${name === panels.dock}>${words.docks[name]}</option>`)}</select>
        <button class="sheet-button console" aria-expanded=${panels.isConsoleOpen} aria-label=${words.console} @click=${() => actions.console(!panels.isConsoleOpen)}>›_</button>
        <button class="sheet-button" aria-label=${words.details} @click=${() => panels.sheet(true)}>${icon('details')} <span class="word">${words.details}</span></button>
        <button class="icon sheet-button" aria-expanded=${panels.isDockOpen} aria-label=${words.more} @click=${() => panels.openDock(!panels.isDockOpen)}>${panels.isDockOpen ? '▾' : '▴'}</button></div>
      <div class="dock-body" id="dock" role="tabpanel" aria-labelledby="dock-${panels.dock}" tabindex="0">${docked(page, actions)}</div>
    </section>`;
}

const DOCKED = { ram: 'pf-ram', counters: 'pf-charts', compare: 'pf-compare', branches: 'pf-branches' } as const;

function docked(page: Page, actions: ShellActions): TemplateResult {
  const { model, given, versions, panels: { dock: open } } = page;
  if (open in DOCKED) void later(DOCKED[open as keyof typeof DOCKED]);
  switch (open) {
    case 'story': return html`<pf-story .first=${given.firstStep()} .isRunning=${model.doing !== null} .explanation=${model.at?.explanation ?? null} .last=${model.at?.last ?? null} .source=${model.at?.source ?? ''} .processes=${model.at?.processes ?? []} .areas=${given.areasByProcess()} .tracks=${model.history.tracks} .position=${model.position}></pf-story>`;
    case 'ram': return html`<pf-ram class="pf-whole" .hasTable=${true} .ownerOf=${given.ownerOf} .ram=${model.at?.ram ?? null} .selected=${lookedFrame(model.at, model.selection)} .touched=${frameOf(model.at, model.at?.touched ?? null)}
      @select=${(event: CustomEvent<{ pfn: number }>) => actions.frame(event.detail.pfn)} @hover=${(event: CustomEvent<{ pfn: number } | null>) => actions.pointFrame(event.detail?.pfn ?? null)}></pf-ram>`;
    case 'counters': return html`<pf-charts .runs=${given.runs()} .position=${model.position} .length=${model.length} .processes=${model.at?.processes ?? []} .pss=${model.pss} .pid=${null}
      @run-under=${(event: CustomEvent) => void page.runUnder(event.detail.header, event.detail.name, event.detail.advice)} @drop-run=${(event: CustomEvent) => page.dropRun(event.detail.index - 1)}></pf-charts>`;
    case 'compare': return html`<pf-compare .comparison=${page.comparing.moments} .processes=${model.at?.processes ?? []} @compare=${(event: CustomEvent) => page.comparing.compare(event.detail.what)}></pf-compare>`;
    case 'branches': return html`<pf-branches .tree=${versions.tree} .canUndo=${versions.canUndo} .canRedo=${versions.canRedo} @branch=${(event: CustomEvent) => versions.go(event.detail.id)} @branch-remove=${(event: CustomEvent) => versions.remove(event.detail.id)}
      @branch-rename=${(event: CustomEvent) => versions.rename(event.detail.id, event.detail.name)} @undo=${() => versions.undo()} @redo=${() => versions.redo()}></pf-branches>`;
    case 'verdict': return account(page);
  }
}
