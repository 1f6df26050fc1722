/** Manners: what people without a mouse, without room or without colours do. */
import { expect, test } from 'vitest';
import { type Page, isChromium, sight } from './driver.ts';
import { openForEachTest } from './site.ts';

let page: Page;
const { contains, at, act, example, rewrite, command, goTo, tone, drawnTwice, count } = sight(() => page);

openForEachTest((opened) => {
  page = opened;
});

const shut = async () => {
  await page.press('Escape');
  await page.until(`document.querySelector('dialog[open]') === null`);
};

// 1280 × 960 at 200 % is a window of 640 × 480; 320 px is 1280 at 400 %.
test.each([[320, 640], [640, 480], [390, 844], [844, 390], [1024, 700]])('at %i × %i nothing is wider than the window, and everything can be reached (point 17)', async (width, height) => {
  await page.size(width, height);
  await act('step');
  await at(1);
  await drawnTwice();
  await expect.poll(() => page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
  for (const selector of ['pf-editor', 'pf-space canvas', '[data-act=step]', width > 600 ? '#dock-story' : '.dock-choice', '#open', '#commands']) {
    const box = await page.evaluate<{ left: number; right: number; width: number; height: number; top: number; bottom: number }>(`(() => { const one = document.querySelector(${JSON.stringify(selector)}); one.scrollIntoView({ block: 'nearest' }); return one.getBoundingClientRect().toJSON(); })()`);
    expect(box.left, selector).toBeGreaterThanOrEqual(-0.5);
    expect(box.right, selector).toBeLessThanOrEqual(width + 0.5);
    expect(box.top, selector).toBeLessThan(height - 24);
    expect(box.bottom, selector).toBeGreaterThan(24);
    expect(Math.min(box.width, box.height), selector).toBeGreaterThanOrEqual(24);
  }
});

test('on a phone details come up from below and go again (point 18)', async () => {
  await page.size(390, 844);
  await act('step');
  await at(1);
  await page.click('.sheet-button[aria-label=Details]');
  await page.until(`document.querySelector('.desk').classList.contains('is-sheet-open') && document.querySelector('aside').getBoundingClientRect().bottom <= innerHeight + 1`);
  await page.click('.sheet-close');
  await page.until(`!document.querySelector('.desk').classList.contains('is-sheet-open')`);
});

test('focus is never lost: at both ends of time, behind dialogs, when something closes (fault 29)', async () => {
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

interface Stop { readonly region: string; readonly what: string; readonly group: string; readonly seen: boolean }

/** Presses Tab from the start of the page to its end: every stop, the part of the page that it is in, and whether it can be seen. */
async function stops(): Promise<Stop[]> {
  const all: Stop[] = [];
  await page.evaluate('document.activeElement.blur(); window.stops = []; undefined');
  for (let i = 0; i < 120; i++) {
    await page.press('Tab');
    const stop = await page.evaluate<Stop | null>(`(() => {
      const one = document.activeElement;
      if (one === document.body || window.stops.includes(one)) return null;
      window.stops.push(one);
      const region = one.closest('.skip, header, .script, pf-split, .memory, aside, pf-time, .dock');
      const group = one.closest('[role=tablist], [role=tree], [role=grid], [role=listbox], .pf-marks');
      const { width, height } = one.getBoundingClientRect();
      const isClipped = one.closest('.pf-hidden') !== null && getComputedStyle(one.closest('.pf-hidden')).clipPath !== 'none';
      return { region: region?.classList[0] ?? region?.localName ?? '', what: one.outerHTML.match(/^<[^>]*>/)[0], group: group ? (group.id || group.className || group.getAttribute('aria-label')) : '', seen: one.checkVisibility({ visibilityProperty: true }) && width > 4 && height > 4 && !isClipped };
    })()`);
    if (stop === null) return all;
    all.push(stop);
    // Tab is for moving on, not for indenting.
    if (stop.what.includes('cm-content')) await page.press('Escape');
  }
  return all;
}

test('Tab goes through the page part by part, in few stops that are all seen, to its end (fault 30)', async () => {
  await example('ls');
  const all = await stops();
  const regions = all.map(({ region }) => region).filter((region, i, list) => region !== list[i - 1]);
  expect(regions).toEqual(['skip', 'header', 'script', 'pf-split', 'memory', 'pf-split', 'aside', 'pf-time', 'pf-split', 'dock']);
  expect(all.length).toBeLessThan(90);
  expect(all.filter(({ seen }) => !seen).map(({ what }) => what)).toEqual([]);
  // What has many parts is one stop: arrows move in it.
  const groups = all.map(({ group }) => group).filter(Boolean);
  expect(groups.filter((group, i) => groups.indexOf(group) !== i)).toEqual([]);
  expect(groups.length).toBeGreaterThan(2);
  // In each part what is used first comes first.
  const place = (words: string) => all.findIndex(({ what }) => what.includes(words));
  for (const [first, then] of [['id="examples"', 'id="share"'], ['cm-content', 'role="combobox"'], ['data-act="start"', 'data-act="step"'], ['data-act="step"', 'pf-slider'], ['role="tab"', 'id="pf-inspected"'], ['id="dock-story"', 'role="treeitem"']] as const) {
    expect(place(first), first).toBeGreaterThan(0);
    expect(place(then), `${then} after ${first}`).toBeGreaterThan(place(first));
  }
  // And back: from the first of the steps to the last of the details.
  await page.evaluate(`document.querySelector('[data-act=start]').focus()`);
  await page.press('Shift+Tab');
  expect(await page.evaluate(`document.activeElement.closest('aside') !== null`)).toBe(true);
});

test('every key is listed, and every command is found by its letters (fault 27, point 2)', async () => {
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

test('keys of one character are listed with where they work, and can be turned off; that is remembered', async () => {
  const turn = async () => {
    await page.evaluate('document.activeElement.blur()');
    await page.click('#help-button');
    await page.click('#help-keys');
    await page.click('pf-help .singles input');
    await shut();
    await page.evaluate('document.activeElement.blur()');
  };
  await page.click('#help-button');
  await page.click('#help-keys');
  await expect.poll(() => page.evaluate(`[...document.querySelectorAll('pf-help .singles kbd')].map((one) => one.textContent).join(' ')`)).toContain(']');
  await contains('pf-help .singles', 'while its picture has the focus');
  await shut();
  await turn();
  await page.press(']');
  await page.press('?');
  await page.press('Alt+ArrowRight');
  await at(1);
  await page.reload();
  await page.until(`document.documentElement.dataset.rests === 'yes' && document.querySelector('pf-memory').at !== null`);
  await at(1);
  await page.press(']');
  await page.press('Alt+ArrowRight');
  await at(2);
  expect(await count('dialog[open]')).toBe(0);
  await turn();
  await page.press(']');
  await at(3);
});

test.runIf(isChromium)('as the system is: dark, forced colours, without motion (point 16)', async () => {
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

test('what covers the picture can be put away: the card by Escape (point 7)', async () => {
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
