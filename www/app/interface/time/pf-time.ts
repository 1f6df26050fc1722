/** Time: the buttons that move through it, and the slider with its tracks, drawn at the cost of its pixels, not of its steps. */
import { type PropertyValues, type TemplateResult, html, nothing } from 'lit';
import { define } from '../define.ts';
import { CALL_GROUPS, type Find, type Tracks } from '../../worker/protocol.ts';
import { above } from '../../model/above.ts';
import { countGroups, countMarked } from '../../model/counts.ts';
import { MARKS, NO_TRACKS, marksOf, stepsOf } from '../../model/tracks.ts';
import { TRACK_PAD, TRACK_ROWS, TracksCount, type TracksScene, composeTracks, drawMoments } from '../../scene/tracks.ts';
import { panels } from '../../texts/panels.ts';
import { later } from '../later.ts';
import { Panel, data, rove } from '../panel.ts';
import './pf-time.css';

const t = panels.time;
export const SPEEDS = [1, 2, 5, 20, 100, 1000] as const;
const FINDS: readonly Find[] = ['fault', 'signal', 'refusal', 'difference', 'change of the page', 'change of its entry', 'change of the area'];
/** Marks of the list: those about where time stands. */
const MOST_MARKS = 200;

/** What is drawn of the tracks; kept until they, or the room, are others. */
interface Drawn {
  readonly scene: TracksScene;
  readonly used: readonly { readonly group: (typeof CALL_GROUPS)[number]; readonly steps: number; readonly faults: number }[];
}

export class PfTime extends Panel {
  static override properties = { ...data('position', 'length', 'lines', 'tracks', 'isPlaying', 'speed', 'momentA', 'hasPlace', 'processNames', 'isCompact', 'isStopped'), isFull: { state: true }, isUnfolded: { state: true }, width: { state: true }, pointed: { state: true }, what: { state: true } };
  /** Steps run. */
  declare position: number;
  declare length: number;
  /** The line (from 1) of every step. */
  declare lines: Uint32Array;
  declare tracks: Tracks;
  declare isPlaying: boolean;
  /** Steps a second. */
  declare speed: number;
  /** The moment that is compared with; null for none. */
  declare momentA: number | null;
  /** A page is selected: it can be asked who wrote it. */
  declare hasPlace: boolean;
  declare processNames: Readonly<Record<number, string>>;
  /** Little room: one lane and the marks, the rest behind a button. */
  declare isCompact: boolean;
  /** Time stands still until the machine is there again. */
  declare isStopped: boolean;
  declare isFull: boolean;
  /** The marks are shown as a list: made only then, for it is long. */
  declare isUnfolded: boolean;
  declare width: number;
  declare pointed: number | null;
  declare what: (typeof FINDS)[number];
  #drawn: { key: unknown[]; drawn: Drawn } | null = null;
  readonly #count = new TracksCount();
  readonly #groups = countGroups();
  readonly #marked = countMarked();
  #resized = new ResizeObserver(([entry]) => (this.width = Math.max(40, Math.floor(entry!.contentRect.width))));

  constructor() {
    super();
    this.position = 0;
    this.length = 0;
    this.lines = new Uint32Array();
    this.tracks = NO_TRACKS;
    this.isPlaying = false;
    this.speed = 5;
    this.momentA = null;
    this.hasPlace = false;
    this.processNames = {};
    this.isCompact = false;
    this.isStopped = false;
    this.isFull = false;
    this.isUnfolded = false;
    this.width = 600;
    this.pointed = null;
    this.what = 'fault';
  }

  /** Where time goes is told, however it is led there: what the pointer rests at is told again when it is moved. */
  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('position')) this.pointed = null;
  }

  protected override firstUpdated(): void {
    this.#resized.observe(this.querySelector('.pf-slider')!);
    void later('pf-picture');
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resized.disconnect();
  }

  override render(): TemplateResult {
    return html`<div class="pf-panel pf-time ${this.isShort ? 'is-short' : ''}" role="group" aria-label=${t.label}>${this.#transport()}${this.#slider()}${this.isShort ? nothing : this.#compare()}</div>`;
  }

  private get isShort(): boolean {
    return this.isCompact && !this.isFull;
  }

  /* ---------------------------------------------------------------- the buttons */

  /** A button that stays where focus is when it has nothing to do. */
  #button(id: string, label: string, content: unknown, isOn: boolean, act: () => void, cls = ''): TemplateResult {
    return html`<button type="button" class="pf-t ${cls}" data-act=${id} aria-disabled=${!isOn} aria-label=${label} title=${label} @click=${() => isOn && act()}>${content}</button>`;
  }

  #transport(): TemplateResult {
    const { position, length, isPlaying, what } = this;
    const [canBack, canGo] = [!this.isStopped && position > 0, !this.isStopped && position < length];
    const go = (to: number) => this.raise('go', { position: to });
    // What changed is asked of something that is selected.
    const canFind = this.hasPlace || !what.startsWith('change');
    const find = (of: Find, back: boolean) => this.raise('find', { what: of, back });
    return html`<div class="pf-transport">
      <div class="pf-keys">
        ${this.#button('start', t.start, icon('start'), canBack, () => go(0))}
        ${this.#button('back', `${t.back} (${t.hints.back})`, icon('back'), canBack, () => this.raise('step', { by: -1 }))}
        ${this.#button('step', `${t.step} (${t.hints.step})`, html`<span class="pf-step-word">${t.step}</span>${icon('step')}`, canGo, () => this.raise('step', { by: 1 }), 'primary')}
        ${this.#button('over', `${t.over}: ${t.overWords}`, html`${icon('over')}`, canGo, () => this.raise('over', null))}
        ${this.#button('run', t.run, icon('run'), canGo, () => go(length))}
        ${this.#button('play', isPlaying ? t.pause : t.play, icon(isPlaying ? 'pause' : 'play'), isPlaying || canGo, () => (isPlaying ? this.raise('pause', null) : this.raise('play', { speed: this.speed })))}
        <label class="pf-speed"><span class="hidden">${t.speed}</span><select title=${t.speed} @change=${(event: Event) => {
          this.speed = Number((event.target as HTMLSelectElement).value);
          if (isPlaying) this.raise('play', { speed: this.speed });
        }}>${SPEEDS.map((speed) => html`<option value=${speed} ?selected=${speed === this.speed}>${t.perSecond(speed)}</option>`)}</select></label>
      </div>
      ${this.isShort ? nothing : html`<div class="pf-find" role="group" aria-label=${t.find}>
        ${this.#button('previous', t.previous(t.what[what]), icon('previous'), canBack && canFind, () => find(what, true))}
        <select aria-label=${t.find} @change=${(event: Event) => (this.what = (event.target as HTMLSelectElement).value as typeof what)}>${FINDS.map((one) => html`<option value=${one} ?selected=${one === what}>${t.what[one]}</option>`)}</select>
        ${this.#button('next', t.next(t.what[what]), icon('next'), canGo && canFind, () => find(what, false))}
        ${this.#button('who', `${t.who} ${this.hasPlace ? t.whoWords : t.nothingSelected}`, html`<span class="pf-word">${t.who}</span>`, this.hasPlace && canBack, () => find('change of the page', true))}
      </div>`}
      ${this.isCompact ? html`<button type="button" class="pf-t pf-time-more" aria-expanded=${this.isFull} aria-label=${t.more} title=${t.more} @click=${() => (this.isFull = !this.isFull)}>⋯</button>` : nothing}
    </div>`;
  }

  /* ---------------------------------------------------------------- the slider and its tracks */

  #slider(): TemplateResult {
    const { position, length, width } = this;
    const words = this.#words();
    const drawn = this.#draw();
    const page = Math.max(2, Math.round(length / 20));
    const key = (event: KeyboardEvent) => {
      const steps: Record<string, number> = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: page, PageDown: -page };
      const ends: Record<string, number> = { Home: 0, End: length };
      const [by, to] = [steps[event.key], ends[event.key]];
      if ((by === undefined && to === undefined) || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      if (to !== undefined) this.raise('go', { position: to });
      else this.raise('step', { by: by! });
    };
    const { pids, laneHeight, top, picture } = drawn.scene;
    const moments = drawMoments({ width, height: picture.height, length, known: stepsOf(this.tracks), position, momentA: this.momentA, pointed: this.pointed });
    return html`<div class="pf-tracks">
      <div class="pf-track-names" aria-hidden="true" style="grid-template-rows:${pids.map(() => `${laneHeight}px`).join(' ')} ${top - laneHeight * pids.length}px ${Object.values(TRACK_ROWS).map((height) => `${height}px`).join(' ')}">
        ${pids.map((pid) => html`<span>${pid === null ? t.tracks.calls : `${pid} ${this.processNames[pid] ?? ''}`}</span>`)}<i></i>
        ${this.isShort ? nothing : html`<span data-term="pf">${t.tracks.faults}</span><span data-term="rss">${t.tracks.rss}</span><span>${t.tracks.marks}</span>`}
      </div>
      <div class="pf-slider" role="slider" tabindex="0" aria-label=${t.slider} aria-valuemin="0" aria-valuemax=${length} aria-valuenow=${position} aria-valuetext=${words} aria-disabled=${this.isStopped} style="height:${picture.height}px;--pad:${TRACK_PAD}px"
        @keydown=${key} @pointerdown=${this.#down} @pointermove=${this.#move} @pointerup=${this.#up} @pointerleave=${() => (this.pointed = null)}>
        <pf-picture aria-hidden="true" .picture=${picture}></pf-picture>
        <pf-picture aria-hidden="true" class="pf-moments" .picture=${moments}></pf-picture>
      </div>
      ${this.isShort ? this.#where() : nothing}
    </div>`;
  }

  /** Where time stands, in words; what the pointer is at while it is over the slider. */
  #where(): TemplateResult {
    const { hidden } = this.#draw().scene;
    return html`<p class="pf-now"><output>${this.pointed === null ? this.#words() : this.#pointedWords(this.pointed)}</output>${hidden > 0 ? ` · ${t.otherLanes(hidden)}` : nothing}</p>`;
  }

  /** What a click would lead to, and what the marks of that step are. */
  #pointedWords(position: number): string {
    const words = position > 0 && position <= stepsOf(this.tracks) ? this.#markWords(position - 1) : '';
    return words === '' ? t.pointed(position, this.length) : `${t.pointed(position, this.length)}: ${words}`;
  }

  #words(): string {
    const { position, length } = this;
    const line = position > 0 ? this.lines[position - 1] : undefined;
    return line === undefined ? t.at(position, length) : t.atLine(position, length, line);
  }

  #compare(): TemplateResult {
    const { momentA } = this;
    return html`<div class="pf-time-foot">
      ${this.#where()}
      ${this.#legend()}
      <div class="pf-ab" role="group" aria-label=${t.compare}>
        ${momentA === null ? html`<button type="button" class="pf-small" @click=${() => this.raise('compare', { what: 'a' })}>${t.setA}</button>`
          : html`<button type="button" class="pf-small" @click=${() => this.raise('compare', { what: 'show' })}>${t.showAB(momentA)}</button>
            <button type="button" class="pf-small" @click=${() => this.raise('compare', { what: 'none' })}>${t.forgetA}</button>`}
      </div>
    </div>`;
  }

  /** What colours and letters mean, and the same as a table. */
  #legend(): TemplateResult {
    const { used } = this.#draw();
    return html`<details class="pf-time-legend" @toggle=${(event: Event) => (this.isUnfolded = (event.currentTarget as HTMLDetailsElement).open)}><summary>${used.slice(0, 8).map(({ group }) => html`<span class="pf-key"><i class="pf-draw g-${group}">${t.letters[group]}</i>${t.groups[group]}</span>`)}<span class="hidden">${t.table}</span></summary>
      <table class="pf-table"><thead><tr><th scope="col">${t.tableHead.group}</th><th scope="col" class="pf-n">${t.tableHead.count}</th><th scope="col" class="pf-n">${t.tableHead.faults}</th></tr></thead>
      <tbody>${used.map(({ group, steps, faults: of }) => html`<tr><th scope="row">${t.groups[group]}</th><td class="pf-n">${panels.number(steps)}</td><td class="pf-n">${panels.number(of)}</td></tr>`)}</tbody></table>${this.isUnfolded ? this.#marks() : nothing}</details>`;
  }

  /** Every mark of the slider, as a list: one stop of the Tab key, arrows move in it. */
  #marks(): TemplateResult {
    const steps = this.#marked.of(this.tracks);
    const from = Math.max(0, Math.min(steps.length - MOST_MARKS, nearest(steps, this.position - 1) - (MOST_MARKS >> 1)));
    const shown = steps.slice(from, from + MOST_MARKS);
    const active = shown.length === 0 ? -1 : shown[nearest(shown, this.position - 1)]!;
    const key = (event: KeyboardEvent) => {
      const all = [...(event.currentTarget as Element).querySelectorAll('button')];
      const to = rove(event.key, all.indexOf(event.target as HTMLButtonElement), all.length);
      if (to === null) return;
      event.preventDefault();
      all[to]!.focus();
    };
    return html`<h4>${t.marksTable(steps.length)}</h4>
      <ul class="pf-marks" aria-label=${t.marksLabel} @keydown=${key}>${shown.map((step) => html`<li><button type="button" class="pf-link" tabindex=${step === active ? 0 : -1} aria-current=${step + 1 === this.position ? 'step' : nothing} @click=${() => this.#go(step + 1)}>${t.atLine(step + 1, this.length, this.lines[step] ?? 0)}</button> ${this.#markWords(step)}</li>`)}</ul>
      ${shown.length < steps.length ? html`<p class="pf-quiet">${t.marksShown(shown.length)}</p>` : nothing}`;
  }

  #markWords(step: number): string {
    const bits = marksOf(this.tracks.ending[step]!);
    const faults = this.tracks.faults[step]!;
    return [faults > 0 ? t.faultsOf(faults) : '', ...(Object.keys(MARKS) as (keyof typeof MARKS)[]).filter((name) => bits & MARKS[name]).map((name) => t.marks[name])].filter(Boolean).join(', ');
  }

  #draw(): Drawn {
    const { tracks, length, width, isShort } = this;
    const key = [tracks, length, width, isShort];
    if (!this.#drawn?.key.every((part, i) => part === key[i])) this.#drawn = { key, drawn: { scene: composeTracks({ tracks, length, width, isShort }, this.#count), used: this.#used() } };
    return this.#drawn!.drawn;
  }

  /** Steps that have come while it runs: they are counted as they come, and drawn when time stands. */
  count(tracks: Tracks): void {
    const { length, width, isShort } = this;
    if (length === 0) return;
    this.#count.of({ tracks, length, width, isShort });
    this.#groups.of(tracks);
    this.#marked.of(tracks);
  }

  #used(): Drawn['used'] {
    const counts = this.#groups.of(this.tracks);
    return counts.map((counted, at) => ({ group: CALL_GROUPS[at]!, ...counted })).filter(({ steps }) => steps > 0).sort((a, b) => b.steps - a.steps);
  }

  #go(to: number): void {
    const position = Math.max(0, Math.min(this.length, to));
    if (position !== this.position) this.raise('go', { position });
  }

  #at(event: PointerEvent): number {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    return Math.max(0, Math.min(this.length, Math.round(((event.clientX - box.left) / box.width) * this.length)));
  }

  #down = (event: PointerEvent): void => {
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
    this.pointed = null;
    this.#go(this.#at(event));
  };

  #move = (event: PointerEvent): void => {
    const at = this.#at(event);
    if ((event.currentTarget as Element).hasPointerCapture(event.pointerId)) this.#go(at);
    else this.pointed = at;
  };

  #up = (event: PointerEvent): void => (event.currentTarget as Element).releasePointerCapture(event.pointerId);
}

/** The place of the last step that is not behind one; 0 if all are. */
const nearest = (steps: ArrayLike<number>, step: number): number => Math.max(0, above(steps, step) - 1);

const ICONS = {
  start: 'M2 3h2v10H2zM9 3v10L4 8zM14.5 3v10l-5-5z', back: 'M3 3h2.4v10H3zM13 3v10L6 8z', step: 'M3 3v10l7-5zM10.6 3H13v10h-2.4z', over: 'M2 9a5.5 5.5 0 0 1 10.6-1.9L14 6v5H9.2l1.9-2A3.6 3.6 0 0 0 4 9.5zM6 12h4v2H6z', run: 'M1.5 3v10l5-5zM7 3v10l5-5zM12 3h2v10h-2z', play: 'M4 2.5v11l9-5.5z',
  pause: 'M4 3h3v10H4zM9 3h3v10H9z', previous: 'M10 2.5L4.5 8l5.5 5.5 1.4-1.4L7.3 8l4.1-4.1z', next: 'M6 2.5L11.5 8 6 13.5l-1.4-1.4L8.7 8 4.6 3.9z',
} as const;
const icon = (name: keyof typeof ICONS) => html`<svg class="pf-icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d=${ICONS[name]}/></svg>`;

define('pf-time', PfTime);
