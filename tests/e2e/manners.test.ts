/** Manners: what machines can check of accessibility in many states, and what people without a mouse, without room or without colours do. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { type Page, isChromium, sight } from './driver.ts';
import { openForEachTest } from './site.ts';

let page: Page;
const { contains, paste, at, act, example, rewrite, command, goTo, tone, drawnTwice, count } = sight(() => page);
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

openForEachTest((opened) => {
  page = opened;
});

const click = (selector: string) => page.evaluate<void>(`document.querySelector(${JSON.stringify(selector)}).click()`);
const shut = async () => {
  await page.press('Escape');
  await page.until(`document.querySelector('dialog[open]') === null`);
};

/** What is wrong in the state as it is: rule, and where. */
async function wrong(): Promise<string[]> {
  await drawnTwice();
  // Transitions would give colours that are on their way.
  await page.until(`document.getAnimations().every(({ playState }) => playState !== 'running')`);
  return page.evaluate<string[]>(`axe.run(document, { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }).then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.slice(0, 3).map(({ target, html, any }) => id + ': ' + target.join(' ') + ' ' + html.slice(0, 120) + ' ' + (any[0]?.message ?? '').slice(0, 160))))`);
}

/** States of the page, each reached from the one before. */
const STATES: readonly (readonly [name: string, enter: () => Promise<unknown>])[] = [
  ['the start', async () => undefined],
  ['a step', async () => { for (const to of [1, 2]) { await page.evaluate(`document.querySelector('[data-act=step]').click()`); await at(to); } }],
  ['two processes', async () => { await click('[data-act=step]'); await at(3); }],
  ['a signal', async () => { await click('[data-act=run]'); await at(9); }],
  ...(['area', 'walk', 'frame', 'bytes', 'tlb', 'cache', 'maps', 'smaps'] as const).map((tab) => [`the tab ${tab}`, async () => {
    await click('[data-act=back]');
    await click(`#pf-tab-${tab}`);
    await page.until(`document.querySelector('#pf-tab-${tab}').ariaSelected === 'true'`);
  }] as const),
  ['counters', async () => { await click('#dock-counters'); await page.until(`document.querySelector('pf-charts') !== null`); }],
  ['branches', async () => { await click('#dock-branches'); await page.until(`document.querySelector('pf-branches') !== null`); }],
  ['the account of a script', async () => { await click('#dock-verdict'); await page.until(`document.querySelector('pf-account') !== null`); }],
  ['the table', async () => { await click('#dock-story'); await page.evaluate(`[...document.querySelectorAll('.pf-tools button')].at(-1).click()`); await page.until(`!document.querySelector('pf-space-table').classList.contains('pf-hidden')`); }],
  ['asked for an address', async () => { await page.evaluate(`[...document.querySelectorAll('.pf-tools button')].at(-1).click(); document.querySelector('pf-space').ask()`); await page.until(`document.querySelector('.pf-goto') !== null`); }],
  ['all commands', async () => { await click('#commands'); await page.until(`document.querySelector('pf-palette dialog[open]') !== null`); }],
  ['no command found', async () => { await page.write('qqq'); await page.until(`document.querySelectorAll('#commands[role=listbox] li').length === 0`); await drawnTwice(); }],
  ...(['start', 'keys', 'words', 'syntax', 'calls', 'constants', 'logs'] as const).map((part) => [`help: ${part}`, async () => {
    if (part === 'start') { await shut(); await click('#help-button'); }
    await page.until(`document.querySelector('pf-help dialog[open]') !== null`);
    await click(`#help-${part}`);
    await page.until(`document.querySelector('#help-${part}').ariaSelected === 'true'`);
  }] as const),
  ['to open something', async () => { await shut(); await click('#open'); await page.until(`document.querySelector('pf-open dialog[open]') !== null`); }],
  ['mistakes in a script', async () => { await shut(); await paste('mmpa(NULL, 4K)\na = mmap(NULL, 4K, PROT_RAED, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n'); await tone('bad'); }],
  ['a log with differences', async () => { await paste(readFileSync(new URL('../logs/recorded-errors-excused.strace', import.meta.url), 'utf8')); await tone('bad'); await click('#dock-verdict'); await contains('pf-account', '3 places'); }],
  ['maps', async () => { await paste(readFileSync(new URL('../dumps/neighbours.smaps', import.meta.url), 'utf8')); await contains('#verdict', 'from smaps'); }],
  ['a real program', async () => { await example('ls'); await page.until(`document.querySelector('pf-story .pf-call') !== null`); }],
];

const walk = async (look: string): Promise<string[]> => {
  await page.evaluate(`${AXE}; 0`);
  const found: string[] = [];
  for (const [name, enter] of STATES) {
    await enter();
    found.push(...(await wrong()).map((one) => `${look}, ${name}: ${one}`));
  }
  return found;
};

test(`axe finds nothing in ${STATES.length} states, in light`, async () => {
  expect(STATES.length * 3).toBeGreaterThanOrEqual(37);
  expect(await walk('light')).toEqual([]);
}, 120_000);

test('nor in dark', async () => {
  await click('#theme');
  await page.until(`document.documentElement.dataset.theme === 'dark'`);
  expect(await walk('dark')).toEqual([]);
}, 120_000);

test('nor on a phone', async () => {
  await page.size(390, 844);
  expect(await walk('phone')).toEqual([]);
}, 120_000);

// 1280 × 960 at 200 % is a window of 640 × 480; 320 px is 1280 at 400 %.
test.each([[320, 640], [640, 480], [390, 844], [844, 390], [1024, 700]])('at %i × %i nothing is wider than the window, and everything can be reached', async (width, height) => {
  await page.size(width, height);
  await act('step');
  await at(1);
  await drawnTwice();
  await expect.poll(() => page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
  for (const selector of ['pf-editor', 'pf-space canvas', '[data-act=step]', '#dock-story', '#open', '#commands']) {
    const box = await page.evaluate<{ left: number; right: number; width: number; height: number; top: number; bottom: number }>(`(() => { const one = document.querySelector(${JSON.stringify(selector)}); one.scrollIntoView({ block: 'nearest' }); return one.getBoundingClientRect().toJSON(); })()`);
    expect(box.left, selector).toBeGreaterThanOrEqual(-0.5);
    expect(box.right, selector).toBeLessThanOrEqual(width + 0.5);
    expect(box.top, selector).toBeLessThan(height - 24);
    expect(box.bottom, selector).toBeGreaterThan(24);
    expect(Math.min(box.width, box.height), selector).toBeGreaterThanOrEqual(24);
  }
});

test('on a phone details come up from below and go again', async () => {
  await page.size(390, 844);
  await act('step');
  await at(1);
  await page.click('.sheet-button[aria-label=Details]');
  await page.until(`document.querySelector('.desk').classList.contains('is-sheet-open') && document.querySelector('aside').getBoundingClientRect().bottom <= innerHeight + 1`);
  await page.click('.sheet-close');
  await page.until(`!document.querySelector('.desk').classList.contains('is-sheet-open')`);
});

test.each([['desk', 1440, 900], ['phone', 390, 844]] as const)('whatever can be pressed has 24 px, on a %s', async (_, width, height) => {
  await page.size(width, height);
  await act('run');
  await at(9);
  const small = () => page.evaluate<string[]>(`[...document.querySelectorAll('button, select, summary, input:not(.hidden *), [role=tab], [role=slider], [role=separator]')]
    .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest('.hidden, [hidden]') && !one.matches('[type=file], [type=checkbox]'))
    .map((one) => [one, one.getBoundingClientRect()])
    .filter(([one, { width, height }]) => width > 0 && Math.min(width, height) < (one.matches('[role=separator]') ? 8 : 23.5))
    .map(([one, { width, height }]) => one.outerHTML.slice(0, 90) + ' ' + Math.round(width) + '×' + Math.round(height))`);
  expect(await small()).toEqual([]);
});

test('focus is never lost: at both ends of time, behind dialogs, when something closes', async () => {
  for (const [name, to] of [['run', 9], ['start', 0]] as const) {
    await act(name);
    await at(to);
    await expect.poll(() => page.evaluate('document.activeElement.dataset.act')).toBe(name);
  }
  for (const [opener, dialog] of [['#commands', 'pf-palette'], ['#help-button', 'pf-help'], ['#open', 'pf-open']] as const) {
    await page.evaluate(`document.querySelector(${JSON.stringify(opener)}).focus()`);
    await page.press('Enter');
    await page.until(`document.querySelector('${dialog} dialog[open]')?.contains(document.activeElement)`);
    await shut();
    await page.until(`document.activeElement.matches(${JSON.stringify(opener)})`);
  }
});

test('what happened is announced, and the verdict', async () => {
  await act('step');
  await at(1);
  await expect.poll(() => page.evaluate(`document.querySelector('pf-story .pf-what').getAttribute('aria-live')`)).toBe('polite');
  await act('run');
  await at(9);
  await page.until(`[...document.querySelectorAll('header [role=status]')].some((one) => one.textContent.startsWith('Equal: '))`);
  await page.press('n');
  await contains('.toast[role=status]', 'There is no later');
});

test('by keyboard alone: run, step, select, look into a page, write a call, share', async () => {
  // The first stop leads past everything to the steps.
  await page.press('Tab');
  await expect.poll(() => page.evaluate('document.activeElement.className')).toBe('skip');
  await page.press('Enter');
  await page.until(`document.activeElement.matches('pf-time [data-act]')`);
  await page.press(']');
  await page.press(']');
  await at(2);
  await page.press('Alt+2');
  await page.until(`document.activeElement.matches('pf-space canvas')`);
  await page.press('.');
  await page.until(`document.querySelector('pf-memory').selected !== null`);
  await page.press('Alt+3');
  await page.until(`document.activeElement.id === 'pf-inspected'`);
  await page.press('Shift+Tab');
  await page.until(`document.activeElement.matches('[role=tab]')`);
  await page.press('ArrowRight');
  await page.until(`document.activeElement.id === 'pf-tab-frame'`);
  await page.press('Alt+4');
  await page.until(`document.activeElement.matches('#time [role=slider]')`);
  await page.press('End');
  await at(9);
  await page.press('ArrowLeft');
  await at(8);
  await page.press('/');
  await page.until(`document.activeElement.matches('pf-console input')`);
  await page.write('madvise(a, 4K, MADV_DONTNEED)');
  await page.press('Escape');
  await page.press('Enter');
  await at(9, 10);
  await page.press('Control+k');
  await page.until(`document.querySelector('pf-palette dialog[open] input') === document.activeElement`);
  await page.write('share');
  await page.press('Enter');
  await page.until(`location.hash.includes('t=9')`);
});

test('Tab gets through the page in few stops, and never sticks', async () => {
  await example('ls');
  const stops: string[] = [];
  for (let i = 0; i < 90; i++) {
    await page.press('Tab');
    const stop = await page.evaluate<string>(`(() => { const one = document.activeElement; window.stops ??= []; if (one === document.body || window.stops.includes(one)) return ''; window.stops.push(one); return one.outerHTML.slice(0, 60); })()`);
    if (stop === '') break;
    stops.push(stop);
    if (stop.includes('cm-content')) {
      // Tab is for moving on, not for indenting.
      await page.press('Escape');
    }
  }
  expect(stops.length).toBeGreaterThan(15);
  expect(stops.length).toBeLessThan(90);
});

test('every key is listed, and every command is found by its letters', async () => {
  await page.evaluate('document.activeElement.blur()');
  await page.press('?');
  await page.until(`document.querySelector('#help-keys')?.ariaSelected === 'true'`);
  for (const words of ['Step back', 'Next page fault', 'Go to an address', 'Undo']) await contains('pf-help .key-groups', words);
  await shut();
  await page.press('Control+Shift+p');
  await page.until(`document.querySelector('pf-palette dialog[open] input') === document.activeElement`);
  await expect.poll(() => count('pf-palette [role=option]')).toBeGreaterThan(40);
  await page.write('dark');
  await page.until(`document.querySelector('pf-palette [role=option][aria-selected=true]').textContent.includes('dark')`);
  await page.press('Enter');
  await page.until(`document.documentElement.dataset.theme === 'dark'`);
});

test.runIf(isChromium)('as the system is: dark, forced colours, without motion', async () => {
  await page.media({ colorScheme: 'dark' });
  await page.until(`document.documentElement.dataset.theme === 'dark' && getComputedStyle(document.body).colorScheme !== 'light'`);
  await page.media({ forcedColors: true, reducedMotion: true });
  await act('step');
  await at(1);
  await expect.poll(() => page.evaluate(`matchMedia('(forced-colors: active)').matches`)).toBe(true);
  // Everything that can be pressed has an edge.
  await expect.poll(() => page.evaluate(`[...document.querySelectorAll('header button, .pf-t')].filter((one) => one.checkVisibility() && getComputedStyle(one).borderTopStyle === 'none').length`)).toBe(0);
  await page.size(390, 844);
  await page.evaluate(`document.querySelector('.sheet-button:not(.icon)').click()`);
  await expect.poll(() => page.evaluate(`document.getAnimations().filter(({ playState }) => playState === 'running').length`)).toBe(0);
  await page.media({});
});

test('what covers the picture can be put away: the card by Escape', async () => {
  await act('step');
  await act('step');
  await at(2);
  await goTo('7ffff7ff3000');
  await page.press('Escape');
  await page.until(`document.querySelector('.pf-goto') === null`);
  await page.press('Enter');
  await page.until(`document.querySelector('.pf-space-box .pf-card') !== null`);
  await page.press('Escape');
  await page.until(`document.querySelector('.pf-space-box .pf-card') === null`);
});

test('a refusal on the console is an alert, tied to the field', async () => {
  await act('step');
  await at(1);
  await command('malloc(100)');
  await page.until(`document.querySelector('pf-console .refused[role=alert]') !== null`);
  await expect.poll(() => page.evaluate(`document.getElementById(document.querySelector('pf-console input').getAttribute('aria-describedby')) === document.querySelector('pf-console .refused')`)).toBe(true);
  await rewrite('mmpa(1)\n');
  await tone('bad');
});

test('no error reached the console', () => {
  expect(page.errors.join('\n')).toBe('');
});
