/** What the dock shows of the verdict: of a dump its audit, of everything else what was compared and what was not. */
import { type TemplateResult, html } from 'lit';
import { chipOf } from '../model/verdict.ts';
import { later } from '../interface/later.ts';
import { words } from '../texts/page.ts';
import type { Page } from './page.ts';

/** Back to where it was opened. */
function close(page: Page): void {
  page.panels.showDock('story');
  page.panels.openDock(false);
  document.getElementById('verdict')?.focus();
}

export function account(page: Page): TemplateResult {
  const { model } = page;
  void later(model.opened?.dump ? 'pf-dump' : 'pf-account');
  const dump = model.errors.length === 0 ? (model.opened?.dump ?? null) : null;
  if (dump) {
    return html`<pf-dump .reading=${dump} .text=${model.text} .pid=${model.at?.processes[0]?.pid ?? 1} .changes=${page.comparing.dumps} .given=${page.comparing.later}
      @build=${() => void page.texts.build()} @diff=${(event: CustomEvent) => void page.comparing.diff(event.detail.from, event.detail.to)}></pf-dump>`;
  }
  return html`<pf-account .verdict=${model.verdict} .verdictText=${chipOf(model).text} .remarks=${model.remarks} .leftOut=${model.leftOut} .equal=${model.equal.reports} .equalCount=${model.equal.count} .setAside=${model.opened?.setAside ?? []} .errors=${model.errors}
    .hasSession=${model.opened !== null} .advice=${words.advice[model.kind]} .isLog=${model.opened?.isLog ?? false} .position=${model.verdictAt} .length=${model.length} .origin=${model.origin}
    @more=${(event: CustomEvent) => void (event.detail.list === 'leftOut' ? model.more(event.detail.from, event.detail.to) : model.moreEqual(event.detail.from, event.detail.to))} @close=${() => close(page)}></pf-account>`;
}
