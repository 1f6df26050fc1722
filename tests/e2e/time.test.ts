/** Time: through a script in every way there is, what is marked, compared, branched off and taken back. */
import { expect, test } from 'vitest';
import { type Page, sight } from './driver.ts';
import { openForEachTest } from './site.ts';

let page: Page;
const { text, count, contains, paste, at, act, example, script, position, rest, goTo, command } = sight(() => page);

openForEachTest((opened) => {
  page = opened;
});

const onSlider = () => page.evaluate<void>(`document.querySelector('#time [role=slider]').focus()`);
const onNothing = () => page.evaluate<void>('document.activeElement.blur()');
/** Presses keys one after the other, and where each leads. */
const lead = async (keys: string, to: number) => {
  await page.press(keys);
  await at(to);
};
const find = (what: string) => page.evaluate<void>(`(() => { const menu = document.querySelector('.pf-find select'); menu.value = ${JSON.stringify(what)}; menu.dispatchEvent(new Event('change')); })()`);

/** Groups of shapes of the slider's tracks, by their names. */
const tracks = () => page.evaluate<string[]>(`(() => { const ids = ({ id, shapes }) => (id ? [id] : []).concat((shapes ?? []).flatMap(ids)); return ids(document.querySelector('#time .pf-slider pf-picture').picture); })()`);

test('the slider goes by keys, and says where it is', async () => {
  await onSlider();
  await lead('ArrowRight', 1);
  await lead('ArrowUp', 2);
  await lead('ArrowLeft', 1);
  await lead('PageUp', 3);
  await lead('PageDown', 1);
  await lead('End', 9);
  await expect.poll(() => page.evaluate(`document.querySelector('#time [role=slider]').ariaValueText`)).toBe('step 9 of 9, line 10');
  await lead('Home', 0);
  // The keys of stepping work while the slider has the focus.
  await lead(']', 1);
  await lead('[', 0);
});

test('a click and a drag on the slider go there', async () => {
  const box = await page.evaluate<{ x: number; y: number; width: number }>(`document.querySelector('#time [role=slider]').getBoundingClientRect().toJSON()`);
  const x = (step: number) => box.x + (step / 9) * box.width;
  await page.clickAt(x(4), box.y + 6);
  await at(4);
  await page.drag([x(4), box.y + 6], [x(7), box.y + 6]);
  await at(7);
});

test('where time was led is told, by hand and by keys, though the pointer rests on the slider', async () => {
  await act('run');
  await at(9);
  const box = await page.evaluate<{ x: number; y: number; width: number }>(`document.querySelector('#time [role=slider]').getBoundingClientRect().toJSON()`);
  const x = (step: number) => box.x + (step / 9) * box.width;
  const told = () => text('pf-time .pf-now output');
  await page.move(x(8), box.y + 6);
  await expect.poll(told).toContain('step 8');
  await page.drag([x(8), box.y + 6], [x(2), box.y + 6]);
  await at(2);
  await expect.poll(told).toMatch(/^step 2 of 9/);
  await page.move(x(6), box.y + 6);
  await expect.poll(told).toContain('step 6');
  await onSlider();
  await lead('ArrowRight', 3);
  await expect.poll(told).toMatch(/^step 3 of 9/);
  await page.until(`document.querySelector('pf-time').pointed === null`);
});

test('step, back, over, to the ends: by keys anywhere on the page (point 8)', async () => {
  await onNothing();
  await lead(']', 1);
  await lead('Alt+ArrowRight', 2);
  await lead('Alt+ArrowLeft', 1);
  await lead('[', 0);
  await lead('Alt+End', 9);
  await lead('Alt+Home', 0);
});

test('steps go by keys while a menu has the focus: one that was chosen from, as everywhere', async () => {
  for (const menu of ['#examples', '#kind', '.pf-speed select']) {
    await page.evaluate(`document.querySelector(${JSON.stringify(menu)}).focus()`);
    await lead(']', 1);
    await lead('Alt+ArrowRight', 2);
    await lead('Alt+ArrowLeft', 1);
    await lead('[', 0);
  }
});

test('steps asked for quickly one after the other add up', async () => {
  await page.evaluate(`for (let i = 0; i < 4; i++) document.querySelector('[data-act=step]').click()`);
  await at(4);
  await page.evaluate(`for (let i = 0; i < 3; i++) document.dispatchEvent(new KeyboardEvent('keydown', { key: '[', bubbles: true }))`);
  await at(1);
});

test('stepping over goes to the next statement of the process, by button and by key', async () => {
  await act('run');
  await at(9);
  await onSlider();
  await lead('Home', 0);
  for (const to of [1, 2, 3, 4]) await lead(']', to);
  // The child stores, the parent loads, the child loads.
  await act('over');
  await at(6);
  await onNothing();
  for (const to of [5, 4]) await lead('[', to);
  await lead('}', 6);
  await act('over');
  await at(9);
});

test('faults, refusals and signals are found both ways; what is not there is said', async () => {
  await onNothing();
  await lead('n', 2);
  await lead('n', 5);
  await lead('Shift+n', 2);
  await find('signal');
  await act('next');
  await at(9);
  await act('previous');
  await contains('.toast', 'There is no earlier signal.');
  await expect.poll(() => position()).toBe(9);
  await example('errors');
  await onNothing();
  await lead('e', 1);
  await lead('e', 2);
  await lead('Shift+e', 1);
});

test('a difference from what was expected is found and marked', async () => {
  await paste('a = mmap(NULL, 4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nload(a)\nmunmap(a, 4K) = -1 EINVAL\n');
  await contains('#verdict', '0 of 1 as expected here');
  await onNothing();
  await lead('Alt+Home', 0);
  await lead('x', 3);
  await contains('pf-story .pf-difference', 'EINVAL');
  await expect.poll(tracks).toContain('marks:difference');
});

test('who wrote this last: back to the steps that changed the selected page', async () => {
  await example('demand-paging');
  await act('run');
  await at(8);
  await goTo('7ffff7fef000');
  const visited: number[] = [];
  for (let before = 8; visited.length < 3; before = visited.at(-1)!) {
    await act('who');
    await page.until(`document.documentElement.dataset.position !== '${before}'`);
    visited.push(await rest());
  }
  // The read after madvise, madvise itself, the write: not what touched other pages.
  expect(visited).toEqual([7, 6, 3]);
});

test('who wrote this last is the store, not the fork that made its entry read-only; that is told as what it is', async () => {
  await act('run');
  await at(9);
  await onNothing();
  // The parent's page: fork and the child's copy changed its entry only.
  for (const to of [8, 7, 6]) await lead('[', to);
  await page.until(`document.querySelector('pf-memory').selected.pid === 1`);
  await act('who');
  await at(2);
  await contains('.toast', 'Step 5 came later and wrote nothing: it changed only its entry');
  await act('who');
  await contains('.toast', 'This step did');
  await expect.poll(() => position()).toBe(2);
  await find('change of its entry');
  await act('next');
  await at(3);
});

test('it plays with a speed, can be paused, and stops at the end', async () => {
  const speed = (value: number) => page.evaluate<void>(`(() => { const menu = document.querySelector('.pf-speed select'); menu.value = '${value}'; menu.dispatchEvent(new Event('change')); })()`);
  // Slow enough that a busy machine can be paused before the end.
  await speed(1);
  await act('play');
  await page.until(`Number(document.documentElement.dataset.position) >= 2`);
  await act('play');
  await page.until(`!document.querySelector('pf-time').isPlaying`);
  const paused = await position();
  expect(paused).toBeLessThan(9);
  await speed(100);
  await onNothing();
  await page.press('p');
  await at(9);
  await page.until(`!document.querySelector('pf-time').isPlaying`);
});

test('the tracks carry marks by shape and name, a lane a process, and the same as a table', async () => {
  await act('run');
  await at(9);
  await expect.poll(tracks).toEqual(expect.arrayContaining(['calls:1', 'calls:2', 'faults', 'rss:1', 'rss:2', 'marks:signal']));
  // The canvas has it too, and over it another one has where time stands.
  const ink = `[...document.querySelectorAll('#time .pf-slider canvas')].map((one) => new Uint32Array(one.getContext('2d').getImageData(0, 0, one.width, one.height).data.buffer).reduce((sum, pixel) => sum + (pixel === 0 ? 0 : 1), 0))`;
  await page.until(`(([tracks, moments]) => tracks > 3000 && moments > 50 && moments < tracks)(${ink})`);
  const { left, right, top } = await page.evaluate<DOMRect>(`document.querySelector('#time .pf-slider').getBoundingClientRect().toJSON()`);
  await page.move(right - 2, top + 10);
  await contains('#time .pf-now', 'click: step 9 of 9: signal');
  await page.move(left + (right - left) * 2 / 9, top + 10);
  await contains('#time .pf-now', 'click: step 2 of 9: 1 fault');
  await page.move(left, top - 200);
  await expect.poll(() => page.evaluate<string[]>(`[...document.querySelectorAll('#time .pf-track-names span')].map((name) => name.textContent.trim())`)).toEqual(expect.arrayContaining([expect.stringMatching(/^1\b/), expect.stringMatching(/^2\b/), 'faults', 'rss', 'marks']));
  await page.click('#time .pf-time-legend summary');
  await expect.poll(() => text('#time .pf-time-legend table')).toMatch(/access\s*6/);
});

test('two moments are compared: changes marked, both one click away, forgotten again (point 9)', async () => {
  await onNothing();
  await lead(']', 1);
  await lead(']', 2);
  await page.press('m');
  await page.until(`document.querySelector('pf-time').momentA === 2`);
  for (const to of [3, 4, 5]) await lead(']', to);
  await page.click('.pf-ab button');
  await contains('pf-compare', 'From step 2 to step 5');
  await expect.poll(() => count('pf-compare .processes .pf-mark.added')).toBe(1);
  await expect.poll(() => count('pf-compare .areas .added')).toBeGreaterThan(3);
  await expect.poll(() => text('pf-compare .counters')).toContain('free frames');
  // The parent's page is drawn otherwise than before: it is listed, and counted with all that is.
  await contains('pf-compare .pages', 'own again, still read-only');
  await expect.poll(async () => [await text('pf-compare .pf-chip'), await count('pf-compare .pf-mark.added')]).toEqual([`${await count('pf-compare .pf-mark.added')} added`, expect.any(Number)]);
  // The picture itself carries the marks: the new process, its areas and its page.
  const marks = () => page.evaluate<number>(`document.querySelector('pf-space').svg().then((svg) => [...svg.matchAll(/>[+−~]</g)].length)`);
  await expect.poll(marks).toBeGreaterThan(3);
  await contains('pf-legend', 'new since A');
  await page.click('pf-compare .pf-ways button');
  await at(2);
  await contains('pf-compare', 'This is moment A.');
  await expect.poll(marks).toBe(0);
  await page.click('.pf-ab button:nth-child(2)');
  await contains('pf-compare', 'Set A at one moment');
  await page.until(`document.querySelector('pf-legend .pf-change') === null`);
});

test('where nothing is compared yet, the way to it is offered there', async () => {
  await act('step');
  await at(1);
  await page.click('#dock-compare');
  await page.click('pf-compare button');
  await contains('pf-compare', 'This is moment A');
  await act('step');
  await at(2);
  await contains('pf-compare', 'From step 1 to step 2');
});

test('with many kinds of calls the bar of time stays one line', async () => {
  await example('python3_import.strace');
  const rows = () => page.evaluate<number>(`(() => {
    const parts = [...document.querySelectorAll('.pf-transport, .pf-time-foot > *')].map((part) => part.getBoundingClientRect()).filter(({ height }) => height > 0);
    return Math.max(...parts.map(({ bottom }) => bottom)) - Math.min(...parts.map(({ top }) => top));
  })()`);
  await page.until(`document.querySelectorAll('.pf-time-legend .pf-key').length >= 5`);
  expect(await rows()).toBeLessThan(48);
  await page.click('.pf-ab button');
  await page.until(`document.querySelectorAll('.pf-ab button').length === 2`);
  expect(await rows()).toBeLessThan(48);
});

test('an edit before the end starts a branch; both are there, can be named and removed', async () => {
  await onNothing();
  for (const to of [1, 2]) await lead(']', to);
  const before = await script();
  await command('store(a+4K, "elsewhere")');
  await at(3, 10);
  await page.click('#dock-branches');
  await page.until(`document.querySelectorAll('pf-branches li').length === 2`);
  await expect.poll(() => text('pf-branches .current')).toContain('from step 2');
  await page.click('pf-branches li:first-child .pf-branch');
  await page.until(`document.querySelector('pf-editor').text === ${JSON.stringify(before)}`);
  await at(2, 9);
  await page.click('pf-branches li:nth-child(2) [aria-label^=Rename]');
  await page.type('pf-branches .pf-naming input', 'elsewhere');
  await page.press('Enter');
  await contains('pf-branches li:nth-child(2)', 'elsewhere');
  await page.click('pf-branches li:nth-child(2) [aria-label^=Remove]');
  await page.until(`document.querySelectorAll('pf-branches li').length === 1`);
  await expect.poll(() => script()).toBe(before);
  await onNothing();
  await page.press('Control+z');
  await page.until(`document.querySelectorAll('pf-branches li').length === 2`);
});

test('what was done to the text is undone and done again', async () => {
  await act('step');
  await at(1);
  const before = await script();
  await command('mprotect(a, 4K, PROT_READ)');
  await at(2, 10);
  const after = await script();
  await onNothing();
  await page.press('Control+z');
  await page.until(`document.querySelector('pf-editor').text === ${JSON.stringify(before)}`);
  await page.press('Control+Shift+z');
  await page.until(`document.querySelector('pf-editor').text === ${JSON.stringify(after)}`);
});

test('the chosen tab stays, whatever steps do (fault 31)', async () => {
  await act('step');
  await at(1);
  for (const [tab, words] of [['maps', '[vdso]'], ['tlb', 'TLB'], ['area', 'vm_flags']] as const) {
    await page.click(`#pf-tab-${tab}`);
    await contains('#pf-inspected', words);
    await act('step');
    await act('back');
    await expect.poll(() => page.evaluate(`document.querySelector('#pf-tab-${tab}').ariaSelected`)).toBe('true');
    await contains('#pf-inspected', words);
  }
});

test('each process has a line of its own in the charts of memory, below the slider that it belongs to', async () => {
  await act('run');
  await at(9);
  await page.click('#dock-counters');
  const picture = (name: string) => `[...document.querySelectorAll('pf-charts figure')].find((one) => one.querySelector('b').textContent.startsWith(${JSON.stringify(name)}))?.querySelector('pf-picture')`;
  for (const name of ['Proportional memory', 'Resident memory']) {
    await page.until(`${picture(name)}?.picture.shapes.filter(({ id }) => id?.startsWith('run:')).length === 2`);
  }
  await contains('pf-charts', 'program 2');
  // A moment stands below itself: both begin and end at the same place.
  await expect.poll(() => page.evaluate<number[]>(`(() => {
    const [a, b] = [document.querySelector('#time .pf-slider'), ${picture('Faults')}].map((one) => one.getBoundingClientRect());
    return [a.left - b.left, a.right - b.right].map((by) => Math.round(Math.abs(by)));
  })()`)).toEqual([0, 0]);
});

test('other settings are run beside this one, as another line of the same charts', async () => {
  await act('run');
  await at(9);
  const script = await page.evaluate<string>(`document.querySelector('pf-editor').text`);
  await page.click('#dock-counters');
  await page.until(`document.querySelector('pf-charts').runs.length === 1`);
  // As somebody asks for it: so few areas that the first mmap of the script is refused.
  await page.evaluate(`document.querySelector('.pf-whatif').open = true`);
  await page.type('.pf-whatif [name=mapCount]', '4');
  await page.click('.pf-whatif .pf-run');
  await page.until(`document.querySelector('pf-charts').runs.length === 2`);
  await contains('pf-charts .pf-runs li:nth-child(2) .pf-went', 'ENOMEM');
  const drawn = (name: string) => page.evaluate<Record<string, string>>(`(() => {
    const { picture } = [...document.querySelectorAll('pf-charts figure')].find((one) => one.querySelector('b').textContent.startsWith(${JSON.stringify(name)})).querySelector('pf-picture');
    return Object.fromEntries(picture.shapes.filter(({ id }) => id?.startsWith('run:')).map(({ id, shapes }) => [id, JSON.stringify(shapes.map(({ points }) => points))]));
  })()`);
  // Both have a line, and they are different ones: without its pages the program takes fewer faults.
  await expect.poll(async () => Object.keys(await drawn('Faults')).sort()).toEqual(['run:0', 'run:1']);
  const faults = await drawn('Faults');
  expect(faults['run:0']).not.toBe(faults['run:1']);
  const [own, other] = await page.evaluate<[number, number]>(`document.querySelector('pf-charts').runs.map(({ tracks }) => tracks.faults.reduce((sum, one) => sum + one, 0))`);
  expect(own).toBe(2);
  expect(other).toBeLessThan(2);
  // One line is hidden and shown by its name.
  await page.click('pf-charts .pf-runs li:nth-child(2) .pf-run-name');
  await expect.poll(async () => Object.keys(await drawn('Faults'))).toEqual(['run:0']);
  await page.click('pf-charts .pf-runs li:nth-child(2) .pf-run-name');
  await expect.poll(async () => Object.keys(await drawn('Faults')).length).toBe(2);
  // The text, and where time stands in it, are as they were.
  await at(9, 9);
  expect(await page.evaluate(`document.querySelector('pf-editor').text`)).toBe(script);
  await page.click('pf-charts [aria-label^="Remove"]');
  await page.until(`document.querySelector('pf-charts').runs.length === 1`);
  await expect.poll(async () => (await drawn('Faults'))['run:1'] === faults['run:1']).toBe(false);
});

test('no error reached the console', () => {
  expect(page.errors.join('\n')).toBe('');
});
