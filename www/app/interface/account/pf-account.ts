/** What the verdict's one line does not say: what is equal, differs, was left out, was taken for granted, was set aside; each one click from its line. */
import { type TemplateResult, html, nothing } from 'lit';
import { define } from '../define.ts';
import type { LeftOut, ScriptErrorPlace, SetAside, StepReport } from '../../../lib/index.ts';
import type { VerdictInfo } from '../../worker/protocol.ts';
import { byReason, reasonOf } from '../../model/verdict.ts';
import { details } from '../../texts/details.ts';
import { panels } from '../../texts/panels.ts';
import { Panel, data } from '../panel.ts';
import '../pf-rows.ts';
import './pf-account.css';

const t = details.account;

/** Sentences of the core, with what stands between backticks as code. */
export const worded = (text: string): unknown[] => text.split('`').map((part, at) => (at % 2 === 0 ? part : html`<code>${part}</code>`));

export class PfAccount extends Panel {
  static override properties = data('verdict', 'verdictText', 'remarks', 'leftOut', 'equal', 'equalCount', 'setAside', 'errors', 'hasSession', 'advice', 'isLog', 'position', 'length', 'origin');
  declare verdict: VerdictInfo | null;
  /** The verdict in its one line, as the chip says it. */
  declare verdictText: string;
  declare remarks: readonly (readonly [step: number, report: StepReport])[];
  /** A list of `verdict.leftOut` places, filled as windows of it come. */
  declare leftOut: readonly (LeftOut | undefined)[];
  declare equal: readonly (StepReport | undefined)[];
  declare equalCount: number;
  declare setAside: readonly SetAside[];
  /** What cannot be read, or run. */
  declare errors: readonly ScriptErrorPlace[];
  declare hasSession: boolean;
  /** What may help a reader of a text that cannot be read. */
  declare advice: string;
  declare isLog: boolean;
  declare position: number;
  declare length: number;
  declare origin: string;

  constructor() {
    super();
    this.verdict = null;
    this.verdictText = '';
    this.remarks = [];
    this.leftOut = [];
    this.equal = [];
    this.equalCount = 0;
    this.setAside = [];
    this.errors = [];
    this.hasSession = false;
    this.advice = '';
    this.isLog = false;
    this.position = 0;
    this.length = 0;
    this.origin = '';
  }

  override render(): TemplateResult {
    return html`<section class="pf-panel pf-account" aria-labelledby="pf-account-title" @keydown=${(event: KeyboardEvent) => event.key === 'Escape' && this.raise('close', null)}>
      <div class="pf-account-head"><h2 class="pf-h" id="pf-account-title" tabindex="-1">${t.title}</h2>
        <button type="button" class="pf-small" aria-label=${panels.close} title=${panels.closeKey} @click=${() => this.raise('close', null)}>✕</button></div>
      ${this.errors.length > 0 ? this.#errors() : nothing}
      <p class="pf-sentence">${this.#summary()}</p>
      ${this.origin ? this.quiet(this.origin) : nothing}
      <div class="pf-account-lists">${this.#different()}${this.#leftOut()}${this.#assumed()}${this.#setAside()}${this.#equal()}</div>
    </section>`;
  }

  /** Moves focus to the title: the panel was asked for. */
  focusTitle(): void {
    this.querySelector<HTMLElement>('#pf-account-title')?.focus();
  }

  #summary(): string {
    const { verdict, position, length, verdictText } = this;
    if (!verdict || position === 0) return length === 0 ? verdictText : t.notRun;
    if (verdict.green && position === length) return `${verdictText}. ${t.whole}`;
    const rest = length > position ? ` ${t.rest(length - position)}` : '';
    if (!this.isLog) return `${verdictText}.${rest}`;
    const parts = [t.asOnLinux(verdict.memoryEqual, verdict.memoryCalls)];
    if (verdict.memoryDiffer > 0) parts.push(t.differ(verdict.memoryDiffer));
    if (verdict.leftOut > 0) parts.push(t.notReplayed(verdict.leftOut));
    return `${parts.join(', ')}.${verdict.mapsEqual === false ? ` ${t.mapsDiffer}` : ''}${rest}`;
  }

  #line(line: number, title = ''): TemplateResult {
    return html`<button type="button" class="pf-link pf-line-link" title=${title} @click=${() => this.raise('line', { line })}>${panels.line(line)}</button>`;
  }

  #section(kind: string, title: string, words: string, content: unknown): TemplateResult {
    return html`<section class=${kind}><h3><i aria-hidden="true"></i>${title} <span class="pf-quiet">${words}</span></h3>${content}</section>`;
  }

  /** A long list of one-line rows, in a window. */
  #rows(label: string, count: number, row: (index: number) => TemplateResult, list?: 'leftOut' | 'equal', height = 26): TemplateResult {
    return html`<pf-rows .count=${count} .rowHeight=${height} .most=${234} .label=${label} .row=${row} @range=${(event: CustomEvent<{ from: number; to: number }>) => list && this.#more(list, event.detail)}></pf-rows>`;
  }

  #more(list: 'leftOut' | 'equal', { from, to }: { from: number; to: number }): void {
    const have = this[list];
    for (let i = from; i < to; i++) {
      if (have[i]) continue;
      this.raise('more', { list, from: i, to: Math.max(to, i + 100) });
      return;
    }
  }

  #different(): TemplateResult | typeof nothing {
    const all = this.remarks.flatMap(([, report]) => report.differences.map((difference) => ({ report, difference })));
    if (all.length === 0) return nothing;
    const count = (this.verdict?.differences ?? 0) + (this.verdict?.excused ?? 0);
    // A difference has up to three lines: a hundred of them are drawn, the rest is a window.
    const shown = all.slice(0, 100);
    return this.#section('different', t.different, t.differentWords(Math.max(count, all.length)), html`<ul>${shown.map(({ report, difference }) => html`<li>
        ${this.#line(report.line, report.call)} <code>${report.call}</code>
        <p>${difference.field} ${t.should} <code>${difference.expected}</code>, ${t.is} <code class=${difference.excuse ? '' : 'pf-bad'}>${difference.found}</code></p>
        ${difference.excuse ? this.quiet(t.excused(difference.excuse)) : nothing}${difference.cause ? html`<p>${t.cause(difference.cause)}</p>` : nothing}
      </li>`)}</ul>
      ${all.length > shown.length ? this.#rows(t.list(t.different), all.length - shown.length, (i) => html`${this.#line(all[shown.length + i]!.report.line)} <code>${all[shown.length + i]!.report.call}</code>`) : nothing}`);
  }

  #leftOut(): TemplateResult | typeof nothing {
    const count = this.verdict?.leftOut ?? 0;
    if (count === 0) return nothing;
    const row = (index: number) => {
      const left = this.leftOut[index];
      return left ? html`${this.#line(left.line, left.reason)} <code>${left.call}</code>` : html`<span class="pf-quiet">${t.loading}</span>`;
    };
    return this.#section('left', t.leftOut, t.leftOutWords(count), html`
      <ul class="pf-reasons">${this.verdict!.reasons.map(({ reason, count: many }) => html`<li><b>${panels.number(many)}</b> <span>${worded(reason)}</span></li>`)}</ul>
      ${this.#rows(t.list(t.leftOut), count, row, 'leftOut')}`);
  }

  #assumed(): TemplateResult | typeof nothing {
    const all = this.remarks.flatMap(([, report]) => (report.assumed ? [{ line: report.line, call: report.call, assumed: report.assumed }] : []));
    const machine = t.architectures[this.verdict?.architecture ?? 'x86-64'];
    if (all.length === 0 && !machine) return nothing;
    return this.#section('assumed', t.assumed, all.length > 0 ? t.assumedWords(this.verdict?.assumed ?? all.length) : '', html`
      ${machine ? html`<p>${machine}</p>` : nothing}
      ${all.length > 0 ? this.#rows(t.list(t.assumed), all.length, (i) => html`${this.#line(all[i]!.line, all[i]!.call)} <code>${all[i]!.call}</code> <span class="pf-why" title=${all[i]!.assumed}>${all[i]!.assumed}</span>`, undefined, 44) : nothing}`);
  }

  #setAside(): TemplateResult | typeof nothing {
    const all = this.setAside.filter((aside) => !aside.isMemoryCall);
    return all.length === 0 ? nothing : this.#section('aside', t.aside, t.asideWords(all.length), asideList(all, (line, title) => this.#line(line, title), (count, row) => this.#rows(t.list(t.aside), count, row)));
  }

  #equal(): TemplateResult | typeof nothing {
    if (this.equalCount === 0) return nothing;
    const row = (index: number) => {
      const report = this.equal[index];
      return report ? html`${this.#line(report.line)} <code>${report.call} <b class="pf-good">= ${report.result}</b></code>` : html`<span class="pf-quiet">${t.loading}</span>`;
    };
    return this.#section('equal', t.equal, t.equalWords(this.equalCount), html`<details><summary>${t.list(t.equal)}</summary>${this.#rows(t.list(t.equal), this.equalCount, row, 'equal')}</details>`);
  }

  #errors(): TemplateResult {
    // The list is drawn in a turn of its own, when there may be no errors any more.
    const { errors } = this;
    return html`<div class="pf-errors"><h3 class="pf-bad">${this.hasSession ? t.stopsHere : t.cannotRead}</h3>
      ${this.#rows(t.cannotRead, errors.length, (i) => html`${this.#line(errors[i]!.line)} <span>${worded(reasonOf(errors[i]!))}</span>`)}
      ${this.hasSession || !this.advice ? nothing : this.quiet(this.advice)}</div>`;
  }
}

/** Lines that are no part of what is shown: by reason, and then each. */
export function asideList(all: readonly Pick<SetAside, 'line' | 'text' | 'reason'>[], link: (line: number, title: string) => TemplateResult, rows: (count: number, row: (index: number) => TemplateResult) => TemplateResult): TemplateResult {
  return html`<ul class="pf-reasons">${byReason(all, (aside) => aside.reason).slice(0, 40).map((group) => html`<li><b>${panels.number(group.members.length)}</b> <span>${worded(group.reason)}</span> ${link(group.members[0]!.line, group.members[0]!.text)}</li>`)}</ul>
    ${all.length > 1 ? html`<details><summary>${t.list(t.aside)}</summary>${rows(all.length, (i) => html`${link(all[i]!.line, all[i]!.reason)} <code>${all[i]!.text}</code>`)}</details>` : nothing}`;
}

define('pf-account', PfAccount);
