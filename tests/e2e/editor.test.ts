/** Writing: completion, what a call is, errors with their cure, search; the console with its history and its refusals. */
import { expect, test } from 'vitest';
import { type Page, sight } from './driver.ts';
import { IS_READY, openForEachTest } from './site.ts';

let page: Page;
const { count, contains, at, act, script, tone, command, rewrite, text } = sight(() => page);

openForEachTest((opened) => {
  page = opened;
});

const atEnd = async () => {
  await page.click('.cm-content');
  await page.press('Control+End');
};
const field = () => page.evaluate<string>(`document.querySelector('pf-console input').value`);
const log = () => text('pf-console .log');

test('calls and flags complete as they are typed', async () => {
  await atEnd();
  await page.write('mprot');
  await page.until(`[...document.querySelectorAll('.cm-tooltip-autocomplete li')].some((one) => one.textContent.includes('mprotect'))`);
  await page.until(`document.querySelector('.cm-tooltip-autocomplete [aria-selected=true]')?.textContent.startsWith('mprotect')`);
  await page.click('.cm-tooltip-autocomplete [aria-selected=true]');
  await page.until(`document.querySelector('pf-editor').text.includes('mprotect(')`);
  await page.write('a, 4K, PROT_R');
  await page.until(`[...document.querySelectorAll('.cm-tooltip-autocomplete li')].some((one) => one.textContent.includes('PROT_READ'))`);
  await page.press('Escape');
  await page.until(`document.querySelector('.cm-tooltip-autocomplete') === null`);
});

test('what a call takes is told where it is pointed at', async () => {
  const box = await page.evaluate<{ x: number; y: number; height: number }>(`(() => {
    const line = [...document.querySelectorAll('.cm-line')].find((one) => one.textContent.includes('mmap('));
    const texts = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      const at = node.data.indexOf('mmap');
      if (at < 0) continue;
      const range = document.createRange();
      range.setStart(node, at);
      range.setEnd(node, at + 4);
      return range.getBoundingClientRect().toJSON();
    }
  })()`);
  await page.move(box.x + 2, box.y + box.height / 2);
  await page.move(box.x + 12, box.y + box.height / 2);
  await contains('.cm-tooltip-hover', 'mmap(addr, length, prot, flags, fd, offset)');
});

test.each([
  ['a = mmpa(NULL, 4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n', 'Write mmap', 'mmap(NULL'],
  ['a = mmap(NULL, 4K, PROT_RAED, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n', 'Write PROT_READ', 'PROT_READ'],
])('a mistake is underlined and told below its line; one click mends it', async (wrong, cure, right) => {
  await rewrite(wrong);
  await tone('bad');
  await page.until(`document.querySelector('.cm-lintRange-error') !== null`);
  await page.until(`[...document.querySelectorAll('.cm-content .mistake button')].some((button) => button.textContent === ${JSON.stringify(cure)})`);
  await page.evaluate(`[...document.querySelectorAll('.cm-content .mistake button')].find((button) => button.textContent === ${JSON.stringify(cure)}).click()`);
  await page.until(`document.querySelector('pf-editor').text.includes(${JSON.stringify(right)}) && document.querySelectorAll('.cm-content .mistake').length === 0`);
  await page.until(`!document.querySelector('#verdict').classList.contains('bad')`);
  await expect.poll(() => page.evaluate(`document.activeElement.classList.contains('cm-content')`)).toBe(true);
});

test('the text is searched', async () => {
  await page.click('.cm-content');
  await page.press('Control+f');
  await page.until(`document.activeElement.matches('.cm-search input[name=search]')`);
  await page.write('jello');
  await page.press('Enter');
  await page.until(`document.querySelectorAll('.cm-searchMatch').length === 2 && document.querySelectorAll('.cm-searchMatch-selected').length === 1`);
  await page.press('Escape');
  await page.until(`document.querySelector('.cm-search') === null`);
});

test('results stand beside the lines that have been run, and only there', async () => {
  await act('step');
  await act('step');
  await at(2);
  await page.until(`document.querySelectorAll('.cm-content .result').length >= 1 && document.querySelector('.cm-content .current-line')?.textContent.includes('store(a, "hello")')`);
  await act('run');
  await at(9);
  const all = await count('.cm-content .result');
  expect(all).toBeGreaterThan(3);
  await page.evaluate(`document.querySelector('#time [role=slider]').focus()`);
  await page.press('Home');
  await at(0);
  await page.until(`document.querySelectorAll('.cm-content .result').length === 0 && document.querySelector('.cm-content .current-line') === null`);
});

test('the console answers maps, walk, explain and help; nothing changes', async () => {
  await act('step');
  await act('step');
  await at(2);
  const before = await script();
  // What is explained is the step that is told of below, by the functions that it went through.
  const functions = await page.evaluate<string[]>(`[...document.querySelectorAll('pf-story .pf-tree .pf-fn')].map((one) => one.textContent)`);
  expect(functions).toEqual(expect.arrayContaining(['exc_page_fault', 'handle_mm_fault', 'do_anonymous_page']));
  for (const [line, ...words] of [['maps', '7ffff7ff3000-7ffff7ff7000 rw-p', '[vdso]'], ['walk 7ffff7ff3000', 'PTE['], ['explain', 'touched this page for the first time', ...functions], ['help mmap', 'mmap(addr, length, prot, flags, fd, offset)'], ['help', 'walk a+4K']]) {
    await command(line!);
    await page.until(`document.querySelector('pf-console .log .entry:last-child code')?.textContent === ${JSON.stringify(`› ${line}`)}`);
    for (const each of words) await contains('pf-console .log .entry:last-child', each);
    expect(await field()).toBe('');
  }
  // An answer is of the step that it is asked at: what is not mapped yet is in no maps.
  await act('start');
  await at(0);
  await command('maps');
  await page.until(`document.querySelectorAll('pf-console .log .entry').length === 6`);
  expect(await text('pf-console .log .entry:last-child')).not.toContain('7ffff7ff3000');
  await act('step');
  await act('step');
  await expect.poll(() => script()).toBe(before);
  await at(2, 9);
});

test('what cannot be run is refused with its reason, and stays to be mended (fault 10)', async () => {
  await act('step');
  await at(1);
  const before = await script();
  for (const line of ['malloc(100)', 'store(b, 1)', 'mprotect(a, 4K, PROT_REED)', 'walk nowhere', 'mprotect(a 4K)']) {
    await command(line);
    await page.until(`document.querySelector('pf-console .refused') !== null`);
    expect(await field(), line).toBe(line);
    await expect.poll(() => text('pf-console .refused')).toMatch(/^Not run:\s+\S{2}/);
  }
  await expect.poll(() => script()).toBe(before);
  await at(1, 9);
  await expect.poll(() => page.evaluate(`document.querySelector('pf-console input').ariaInvalid ?? document.querySelector('pf-console input').getAttribute('aria-invalid')`)).toBe('true');
});

test('a typing mistake on the console is mended by one click, and then it runs (fault 26)', async () => {
  await act('step');
  await at(1);
  await command('mprotect(a, 4K, PROT_REED)');
  await page.click('pf-console .refused button');
  await page.until(`document.querySelector('pf-console input').value === 'mprotect(a, 4K, PROT_READ)'`);
  await page.press('Enter');
  await at(2, 10);
  await contains('.cm-content', 'mprotect(a, 4K, PROT_READ)');
});

test('lines of the console come back with the arrows, also after a reload', async () => {
  await act('step');
  await at(1);
  for (const line of ['maps', 'explain']) {
    await command(line);
    await page.until(`document.querySelector('pf-console .log .entry:last-child code')?.textContent === ${JSON.stringify(`› ${line}`)}`);
  }
  await page.press('ArrowUp');
  await page.until(`document.querySelector('pf-console input').value === 'explain'`);
  await page.press('ArrowUp');
  await page.until(`document.querySelector('pf-console input').value === 'maps'`);
  await page.press('ArrowDown');
  await page.until(`document.querySelector('pf-console input').value === 'explain'`);
  expect(await log()).toContain('› maps');
  await page.reload();
  await page.until(IS_READY);
  await at(1);
  await page.click('pf-console input');
  await page.press('ArrowUp');
  await page.until(`document.querySelector('pf-console input').value === 'explain'`);
  await page.press('ArrowUp');
  await page.until(`document.querySelector('pf-console input').value === 'maps'`);
  // There is none before the first.
  await page.press('ArrowUp');
  await page.press('ArrowDown');
  await page.until(`document.querySelector('pf-console input').value === 'explain'`);
});

test('the console completes calls and the names that the script has bound', async () => {
  await act('step');
  await at(1);
  await page.click('pf-console input');
  await page.write('mprot');
  await page.until(`[...document.querySelectorAll('#console-choices [role=option]')].some((one) => one.textContent.includes('mprotect'))`);
  await page.press('Tab');
  await page.until(`document.querySelector('pf-console input').value.startsWith('mprotect(')`);
  const names = () => page.evaluate<string[]>(`document.querySelector('pf-console').choices.map(({ label }) => label)`);
  // `child` is bound by the third line: before that there is no such name, whatever else begins like it.
  const asked = async (line: string) => {
    await page.type('pf-console input', line);
    await page.press('End');
    await page.until(`document.querySelector('pf-console input').value === ${JSON.stringify(line)}`);
    return names();
  };
  await expect.poll(() => asked('munmap(c')).toContain('CLONE_VM');
  expect(await names()).not.toContain('child');
  await act('step');
  await act('step');
  await at(3);
  await page.click('pf-console input');
  await expect.poll(() => asked('munmap(c')).toContain('child');
  // What is bound comes before what only fits.
  expect((await names())[0]).toBe('child');
  await page.press('Tab');
  await page.until(`document.querySelector('pf-console input').value === 'munmap(child'`);
  await expect.poll(() => asked('walk ch')).toEqual(['child']);
});

test('a line typed at the start runs first, not last (fault 11)', async () => {
  await command('z = mmap(NULL, 4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)');
  await at(1, 10);
  const lines = (await script()).split('\n');
  expect(lines.findIndex((line) => line.startsWith('z ='))).toBeLessThan(lines.findIndex((line) => line.startsWith('a =')));
});

test('no error reached the console', () => {
  expect(page.errors.join('\n')).toBe('');
});
