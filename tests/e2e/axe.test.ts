/** What machines can check of accessibility, in every state of the page: axe's rules, and the size of whatever can be pressed. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { type Page, WATCH_WORKERS, isChromium, sight } from './driver.ts';
import { IS_READY, openForEachTest } from './site.ts';

let page: Page;
const { contains, paste, at, example, command, tone, drawnTwice } = sight(() => page);
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

openForEachTest((opened) => {
  page = opened;
});

const click = (selector: string) => page.evaluate<void>(`document.querySelector(${JSON.stringify(selector)}).click()`);
const there = (selector: string) => page.until(`document.querySelector(${JSON.stringify(selector)}) !== null`);
const onNothing = () => page.evaluate<void>('document.activeElement.blur()');
const shut = async () => {
  await page.press('Escape');
  await page.until(`document.querySelector('dialog[open]') === null`);
};
const dock = async (name: string, part: string) => {
  await click(`#dock-${name}`);
  await there(part);
};
/** A list that stands below a picture, folded. */
const unfold = async (details: string) => {
  await there(`${details} > summary`);
  await page.evaluate(`document.querySelector(${JSON.stringify(details)}).open = true`);
  await drawnTwice();
};
const open = async (what: string) => {
  await page.evaluate(`(() => { const menu = document.querySelector('#examples'); menu.value = ${JSON.stringify(what)}; menu.dispatchEvent(new Event('change')); })()`);
};

/** What axe finds in the state as it is: rule, and where. */
const againstRules = () => page.evaluate<string[]>(`axe.run(document, { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }).then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.slice(0, 3).map(({ target, html, any }) => id + ': ' + target.join(' ') + ' ' + html.slice(0, 120) + ' ' + (any[0]?.message ?? '').slice(0, 160))))`);

/**
 * What can be pressed and has not 24 px (WCAG 2.5.8). Words within a sentence are as high as its line; dividers are moved by keys too,
 * and axe looks after what is around them; a box to tick has its label.
 */
const tooSmall = () => page.evaluate<string[]>(`[...document.querySelectorAll('button, select, summary, a[href], input, [role=tab], [role=slider], [role=option], [role=menuitem]')]
  .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest('.hidden, [hidden], [inert], .cm-editor .cm-scroller, p, .skip') && !one.matches('.hidden *, .skip, [type=file]'))
  .map((one) => one.matches('[type=checkbox], [type=radio]') ? one.closest('label') ?? one : one)
  .map((one) => [one, one.getBoundingClientRect()])
  .filter(([, { width, height }]) => width > 0 && Math.min(width, height) < 23.5)
  .map(([one, { width, height }]) => 'target ' + Math.round(width) + '×' + Math.round(height) + ': ' + one.outerHTML.slice(0, 110))
  .slice(0, 4)`);

/** Everything that draws, and where the same stands as a table or a list, or what leads there: the picture of RAM beside the areas has its list below, a phone's slider behind a button. */
const TWINS = {
  'pf-space': 'pf-memory pf-space-table', 'pf-minimap': 'pf-memory pf-space-table', 'pf-memory': 'pf-memory pf-space-table', 'pf-ram': '.pf-frames, #dock-ram',
  'pf-walk': 'pf-walk :is(.pf-entries, .pf-no-entries)', 'pf-time': '#time .pf-time-legend table, #time .pf-time-more', 'pf-charts': 'pf-charts .pf-twin',
};
/** Whose drawings were met. */
const met = new Set<string>();

/** Drawings in sight that stand nowhere in words. */
async function withoutTwin(): Promise<string[]> {
  const owners = await page.evaluate<string[]>(`[...document.querySelectorAll('canvas')].filter((one) => one.checkVisibility({ visibilityProperty: true }) && one.getBoundingClientRect().height > 0)
    .map((one) => { let owner = one.closest('pf-picture')?.parentElement ?? one; while (!owner.localName.includes('-')) owner = owner.parentElement; return owner.localName; })`);
  for (const owner of owners) met.add(owner);
  const twins = await page.evaluate<Record<string, boolean>>(`Object.fromEntries(Object.entries(${JSON.stringify(TWINS)}).map(([owner, twin]) => [owner, document.querySelector(twin) !== null]))`);
  return [...new Set(owners)].filter((owner) => !twins[owner]).map((owner) => `what ${owner} draws stands nowhere in words`);
}

async function wrong(): Promise<string[]> {
  await drawnTwice();
  // Transitions would give colours that are on their way.
  await page.until(`document.getAnimations().every(({ playState }) => playState !== 'running')`);
  return [...(await againstRules()), ...(await tooSmall()), ...(await withoutTwin())];
}

type State = readonly [name: string, enter: () => Promise<unknown>];

/** States of the page, each reached from the one before. */
const STATES: readonly State[] = [
  ['the start', async () => undefined],
  ['a step', async () => { for (const to of [1, 2]) { await click('[data-act=step]'); await at(to); } }],
  ['a word explained', async () => { await there('.pf-numbers [data-term=pf]'); await page.evaluate(`document.querySelector('.pf-numbers [data-term=pf]').focus()`); await page.press('Tab'); await page.until(`document.querySelector('#pf-tip')?.matches(':popover-open')`); }],
  ['two processes', async () => { await onNothing(); await page.press('m'); await click('[data-act=step]'); await at(3); }],
  ['a signal', async () => { await click('[data-act=run]'); await at(9); }],
  ...(['area', 'walk', 'frame', 'bytes', 'tlb', 'cache', 'maps', 'smaps'] as const).map((tab): State => [`the tab ${tab}`, async () => {
    await click('[data-act=back]');
    await click(`#pf-tab-${tab}`);
    await page.until(`document.querySelector('#pf-tab-${tab}').ariaSelected === 'true'`);
  }]),
  // At the end the process is gone, and its tables with it: entries are where a page has just been written.
  ['entries of a table as a list', async () => { await at(1); await click('[data-act=step]'); await at(2); await click('#pf-tab-walk'); await unfold('pf-walk .pf-entries'); await there('pf-walk .pf-entries tbody tr'); }],
  ['counters', async () => { await click('[data-act=run]'); await at(9); await dock('counters', 'pf-charts'); }],
  ['counters as a table', () => unfold('pf-charts .pf-twin')],
  ['settings to choose, one refused', async () => { await unfold('.pf-whatif'); await page.evaluate(`document.querySelector('.pf-whatif [name=mapCount]').value = 'many'`); await click('.pf-run'); await there('.pf-whatif [role=alert]'); }],
  ['a run under other settings', async () => { await page.evaluate(`document.querySelector('.pf-whatif [name=mapCount]').value = '4'`); await click('.pf-run'); await contains('.pf-went', 'ENOMEM'); }],
  ['branches', () => dock('branches', 'pf-branches')],
  ['a branch that gets a name', async () => { await click('pf-branches [aria-label^=Rename]'); await there('pf-branches .pf-naming input'); }],
  ['RAM', () => dock('ram', '.dock-body pf-ram canvas')],
  ['RAM as a list', async () => { await unfold('.dock-body .pf-frames'); await there('.dock-body .pf-frames .pf-row'); }],
  ['a comparison', async () => { await dock('compare', 'pf-compare'); await contains('pf-compare', 'From step 2'); }],
  ['the account of a script', () => dock('verdict', 'pf-account')],
  ['marks of time as a list', () => unfold('#time .pf-time-legend')],
  ['the table', async () => { await click('#dock-story'); await page.evaluate(`document.querySelector('#time .pf-time-legend')?.removeAttribute('open'); [...document.querySelectorAll('.pf-tools button')].at(-1).click()`); await page.until(`!document.querySelector('pf-space-table').classList.contains('pf-hidden')`); }],
  ['asked for an address', async () => { await page.evaluate(`[...document.querySelectorAll('.pf-tools button')].at(-1).click(); document.querySelector('pf-space').ask()`); await there('.pf-goto'); }],
  ['a line completed', async () => { await page.press('Escape'); await onNothing(); await page.press('/'); await page.until(`document.activeElement.matches('pf-console input')`); await page.write('mma'); await there('#console-choices [role=option]'); }],
  ['an answer on the console', async () => { await command('maps'); await contains('pf-console .log', '[vdso]'); }],
  ['a line refused', async () => { await command('mprotect(a, 4K, PROT_REED)'); await there('pf-console .refused button'); }],
  ['a link to share', async () => { await click('#share'); await contains('.toast', 'The link is'); }],
  ['all commands', async () => { await click('#commands'); await there('pf-palette dialog[open]'); }],
  ['no command found', async () => { await page.write('qqq'); await page.until(`document.querySelectorAll('#commands[role=listbox] li').length === 0`); await drawnTwice(); }],
  ...(['start', 'keys', 'words', 'syntax', 'calls', 'constants', 'logs'] as const).map((part): State => [`help: ${part}`, async () => {
    if (part === 'start') { await shut(); await click('#help-button'); }
    await there('pf-help dialog[open]');
    await click(`#help-${part}`);
    await page.until(`document.querySelector('#help-${part}').ariaSelected === 'true'`);
  }]),
  ['to open something', async () => { await shut(); await click('#open'); await there('pf-open dialog[open]'); }],
  ['nothing to open', async () => { await click('pf-open .actions .primary'); await page.until(`document.querySelector('#open-wrong').textContent !== ''`); }],
  ['the core has stopped', async () => { await shut(); await page.evaluate(`window.workers.at(-1).onmessage({ data: { kind: 'crashed', id: 0, message: 'RuntimeError: unreachable', position: 2 } })`); await there('.crash'); }],
  ['a new script', async () => { await click('.crash .primary'); await page.until(`document.querySelector('.crash') === null && document.querySelector('#verdict:not(.running)') !== null`); await open(':new'); await page.until(`document.querySelector('pf-editor').text === ''`); await there('.cm-placeholder'); }],
  ['mistakes in a script', async () => { await paste('mmpa(NULL, 4K)\na = mmap(NULL, 4K, PROT_RAED, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n'); await tone('bad'); }],
  ['a log with differences', async () => { await paste(readFileSync(new URL('../logs/recorded-errors-excused.strace', import.meta.url), 'utf8')); await contains('#verdict', '4 memory calls, 1 as on Linux'); await dock('verdict', 'pf-account'); await contains('pf-account', '3 places'); }],
  ['maps', async () => { await paste(readFileSync(new URL('../dumps/neighbours.smaps', import.meta.url), 'utf8')); await contains('#verdict', 'from smaps'); }],
  ['a real program', async () => { await example('ls'); await there('pf-story .pf-call'); }],
];

/** What comes up from below where there is little room. */
const SHEETS: readonly State[] = [
  ['details in a sheet', async () => { await click('.sheet-button[aria-label=Details]'); await there('.desk.is-sheet-open'); }],
  ['the story at full height', async () => { await click('.sheet-close'); await click('.dock-bar .sheet-button.icon'); await there('.desk.is-dock-open'); }],
  // The key that led to it has opened it already: it is shut first, so that it is opened from here.
  ['the console in a sheet', async () => {
    await click('.dock-bar .sheet-button.icon');
    await there('.desk:not(.is-dock-open)');
    for (const [is, will] of [['.desk.is-console-open', ':not(.is-console-open)'], ['.desk:not(.is-console-open)', '.is-console-open']] as const) {
      await there(is);
      await click('.dock-bar .console');
      await there(`.desk${will}`);
    }
  }],
];

/** Lists for which a phone has no room: what they say is in the story. */
const DESK_ONLY = ['marks of time as a list'];

const walk = async (look: string, states = STATES): Promise<string[]> => {
  const found: string[] = [];
  const stop = await page.before(WATCH_WORKERS);
  try {
    await page.reload();
    await page.until(IS_READY);
    await page.evaluate(`${AXE}; 0`);
    for (const [name, enter] of states) {
      await enter().catch((error: unknown) => { throw new Error(`on the way to ${look}, ${name}: ${String(error)}`, { cause: error }); });
      found.push(...(await wrong()).map((one) => `${look}, ${name}: ${one}`));
    }
  } finally {
    await stop();
  }
  return found;
};

test(`axe finds nothing, whatever can be pressed has 24 px, and what is drawn stands in words too, in ${STATES.length} states in light (fault 39, points 16 and 17)`, async () => {
  expect(new Set(STATES.map(([name]) => name)).size).toBeGreaterThanOrEqual(37);
  expect(await walk('light')).toEqual([]);
  expect([...met].sort()).toEqual(Object.keys(TWINS).sort());
}, 240_000);

test('nor in dark', async () => {
  await click('#theme');
  await page.until(`document.documentElement.dataset.theme === 'dark'`);
  expect(await walk('dark')).toEqual([]);
}, 240_000);

test('nor on a phone, where sheets are states too', async () => {
  await page.size(390, 844);
  expect(await walk('phone', [...STATES.filter(([name]) => !DESK_ONLY.includes(name)), ...SHEETS])).toEqual([]);
}, 240_000);

test.runIf(isChromium)('nor in forced colours', async () => {
  await page.media({ forcedColors: true });
  try {
    expect(await walk('forced colours')).toEqual([]);
  } finally {
    await page.media({});
  }
}, 240_000);

test('no error reached the console', () => {
  expect(page.errors.join('\n')).toBe('');
});
