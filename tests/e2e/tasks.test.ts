/** Questions that a reader comes with, answered by what is in sight; and what stood in the way of reading. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Page, sight } from './driver.ts';
import { openForEachTest } from './site.ts';

let page: Page;
const { contains, paste, at, act, tone, count, drawnTwice, rest, text } = sight(() => page);
openForEachTest((opened) => {
  page = opened;
});

interface Box { readonly x: number; readonly y: number; readonly width: number; readonly height: number }
const boxOf = (selector: string) => page.evaluate<Box>(`document.querySelector(${JSON.stringify(selector)}).getBoundingClientRect().toJSON()`);
/** How a pane is filled: what of an element is to be seen in it, without a scroll. */
const isSeenIn = (pane: string, selector: string) => `(() => { const [a, b] = [${JSON.stringify(pane)}, ${JSON.stringify(selector)}].map((one) => document.querySelector(one).getBoundingClientRect()); return b.height > 0 && b.top >= a.top - 1 && b.bottom <= a.bottom + 1; })()`;
const stepTo = async (position: number) => {
  for (let to = 1; to <= position; to++) {
    await act('step');
    await at(to);
  }
};

test('who else maps a frame stands where the frame is told, without a scroll', async () => {
  await stepTo(3);
  await page.click('#pf-tab-frame');
  await page.until(`document.querySelectorAll('pf-frame .pf-row').length === 2`);
  await page.until(isSeenIn('#pf-inspected', 'pf-frame .pf-row:last-child'));
  expect(await text('pf-frame .pf-row:last-child')).toContain('process 2');
});

test('why an area is not one with its neighbours and which call made it, are asked in its head, one click away', async () => {
  await paste('a = mmap(NULL, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nmprotect(a, 8K, PROT_READ)\nload(a, 1)\n');
  await contains('#verdict', '3 steps');
  expect(await rest()).toBe(3);
  await page.click('#pf-tab-area');
  await page.until(`${isSeenIn('#pf-inspected', 'pf-area .pf-to-neighbours')} && ${isSeenIn('#pf-inspected', 'pf-area .pf-who-wrote button')}`);
  await page.click('pf-area .pf-to-neighbours');
  await page.until(isSeenIn('#pf-inspected', 'pf-area .pf-neighbour'));
  await page.until(`document.activeElement.matches('.pf-neighbours')`);
  await contains('pf-area .pf-neighbour', 'flags differ: wr (writable)');
});

test('the minimap lights and names the area that is pointed at anywhere, and lights it everywhere else (point 7)', async () => {
  await stepTo(3);
  const address = '7ffff7ff3000';
  const lit = `document.querySelector('pf-minimap').pointed`;
  await page.evaluate(`[...document.querySelectorAll('pf-story .pf-changes .pf-link')].find((link) => link.textContent.includes('${address}')).focus()`);
  await page.until(`${lit} === 0x${address} / 4096`);
  await page.evaluate('document.activeElement.blur()');
  await page.until(`${lit} === null`);
  // From the minimap: its touched page is marked where its area lies.
  const { x, y, width } = await boxOf('pf-minimap canvas');
  const places = Array.from({ length: 24 }, (_, i) => x + (width * (i + 0.5)) / 24);
  const pointed: string[] = [];
  for (const place of places) {
    await page.move(place, y + 14);
    await drawnTwice();
    pointed.push(await page.evaluate<string>(`document.querySelector('pf-memory').pointed?.addr ?? ''`));
  }
  expect(pointed).toContain(address);
  expect(pointed).toContain('');
  await page.move(places[pointed.indexOf(address)]!, y + 14);
  await page.until(`document.querySelector('pf-space').scene.input.hover !== null && document.querySelector('pf-space-table .pointed')?.textContent.includes('${address}')`);
  await page.move(5, 5);
  await page.until(`document.querySelector('pf-memory').pointed === null`);
});

test.each([[320, 640], [390, 844], [480, 800], [640, 480], [900, 700]])('at %i × %i no choice of what is told is cut or covered, and each can be made', async (width, height) => {
  await page.size(width, height);
  await drawnTwice();
  const cut = () => page.evaluate<string[]>(`[...document.querySelectorAll('.dock-tabs [role=tab]')].filter((tab) => tab.checkVisibility()).filter((tab) => {
    const box = tab.getBoundingClientRect();
    return document.elementFromPoint(box.left + 3, box.top + box.height / 2) !== tab || document.elementFromPoint(box.right - 3, box.top + box.height / 2) !== tab;
  }).map((tab) => tab.textContent)`);
  await expect.poll(cut, { timeout: 5000 }).toEqual([]);
  const isList = await page.evaluate<boolean>(`document.querySelector('.dock-choice').checkVisibility()`);
  if (!isList) {
    expect(await page.evaluate(`document.querySelector('#dock-branches').checkVisibility()`)).toBe(true);
    return;
  }
  expect(await page.evaluate(`[...document.querySelector('.dock-choice').options].map(({ textContent }) => textContent)`)).toEqual(['Story', 'RAM', 'Counters', 'Compare', 'Verdict', 'Branches']);
  await page.evaluate(`(() => { const menu = document.querySelector('.dock-choice'); menu.value = 'counters'; menu.dispatchEvent(new Event('change')); })()`);
  await page.until(`document.querySelector('#dock pf-charts') !== null && document.querySelector('.dock-choice').value === 'counters'`);
});

test.each([[320, 640], [390, 844], [1024, 700], [1440, 900]])('at %i × %i every tab of the details can be pressed as it stands there', async (width, height) => {
  await page.size(width, height);
  await page.until(`document.querySelectorAll('.pf-tabs [role=tab]').length === 8`);
  if (width <= 900) await page.click('.sheet-button[aria-label=Details]');
  await expect.poll(() => page.evaluate<string[]>(`[...document.querySelectorAll('.pf-tabs [role=tab]')].filter((tab) => {
    const { left, right, top, height } = tab.getBoundingClientRect();
    return [left + 3, right - 3].some((x) => document.elementFromPoint(x, top + height / 2) !== tab);
  }).map((tab) => tab.textContent)`), { timeout: 5000 }).toEqual([]);
});

test('titles of numbers stand above their numbers', async () => {
  await page.evaluate('document.activeElement.blur()');
  await page.press('m');
  await stepTo(2);
  await page.click('#dock-compare');
  await page.until(`document.querySelector('pf-compare .counters td.pf-n') !== null`);
  const right = (selector: string) => page.evaluate<string>(`getComputedStyle(document.querySelector(${JSON.stringify(selector)})).textAlign`);
  expect(await right('pf-compare .counters td.pf-n')).toBe('right');
  expect(await right('pf-compare .counters thead th:last-child')).toBe('right');
});

test('words that belong together have no hole between them, and others have one', async () => {
  await paste(readFileSync(new URL('../logs/recorded-errors-excused.strace', import.meta.url), 'utf8'));
  await tone('bad');
  const [where, first] = [await boxOf('#verdict .where'), await boxOf('#verdict .first')];
  expect(first.x - (where.x + where.width)).toBeLessThan(1);
  await page.until(`document.querySelectorAll('.pf-how .pf-check, pf-story h2 .pf-check').length === 2`);
  const [words, next] = await page.evaluate<Box[]>(`[...document.querySelectorAll('pf-story h2 .pf-check')].map((one) => one.getBoundingClientRect().toJSON())`);
  expect(next!.x - (words!.x + words!.width)).toBeGreaterThanOrEqual(10);
  expect(await count('pf-story h2 .pf-check')).toBe(2);
});

test('no error reached the console', () => {
  expect(page.errors).toEqual([]);
});
