/** The picture of memory: moved and zoomed in every way, read as a table, linked with what stands around it. */
import { expect, test } from 'vitest';
import { NO_FRAME } from '../../www/app/worker/protocol.ts';
import { type Page, sight } from './driver.ts';
import { openForEachTest } from './site.ts';

let page: Page;
const { text, count, contains, paste, at, act, cells, rows, drawnTwice, goTo } = sight(() => page);

openForEachTest((opened) => {
  page = opened;
});

const A = '7ffff7ff3000';
/** Two hundred areas with gaps between them. */
const MANY = 'repeat(200, 8K, "mmap", 0x10000000, 4K, 3, 0x32, -1, 0)\n';

interface Sight { readonly zoom: number; readonly from: number; readonly to: number; readonly page: number; readonly canvas: { readonly x: number; readonly y: number; readonly width: number; readonly height: number }; readonly suits: boolean }

/** What is in the window of the first lane; `page`: what lies `y` pixels below its top. */
const seen = async (y = 0): Promise<Sight> => {
  await drawnTwice();
  return page.evaluate<Sight>(`(() => {
    const space = document.querySelector('pf-space');
    const { layout: { axis }, zoom, scroll, box } = space.scene.lanes[0];
    const ends = [axis.toPage(scroll, zoom), axis.toPage(Math.min(scroll + box.h, axis.length(zoom)), zoom)].sort((a, b) => a - b);
    return { zoom, from: ends[0], to: ends[1], page: axis.toPage(scroll + ${y} - box.y, zoom), canvas: space.querySelector('canvas').getBoundingClientRect().toJSON(), suits: space.view === null };
  })()`);
};
const onPicture = () => page.evaluate<void>(`document.querySelector('pf-space canvas').focus()`);
const many = async () => {
  await paste(MANY);
  await page.until(`document.querySelectorAll('pf-space-table .body [role=row]').length === 60`);
};
/** Where a page of a process is in the window. */
const boxOf = async (addr: string, pid = 1) => {
  const place = `(() => {
    const space = document.querySelector('pf-space');
    const pfn = space.scene.lanes.flatMap(({ data }) => data.pid === ${pid} ? data.cells.flatMap((run) => run.pfn[${Number.parseInt(addr, 16) / 4096} - run.page] ?? []) : [])[0];
    return space.placesOf(pfn).find((place) => place.pid === ${pid});
  })()`;
  await page.until(place);
  await drawnTwice();
  return page.evaluate<{ x: number; y: number }>(`(({ box }) => ({ x: box.x + box.width / 2, y: box.y + Math.min(box.height, 20) / 2 }))(${place})`);
};
const tool = (words: string) => page.evaluate<void>(`[...document.querySelectorAll('.pf-tools button')].find((button) => button.textContent === ${JSON.stringify(words)}).click()`);

test('the frame tab follows the page from frame to frame, and says so; a frame can be kept in sight', async () => {
  const frame = () => text('pf-frame .pf-where b');
  await page.evaluate(`document.querySelector('#pf-tab-frame').click()`);
  for (const to of [1, 2, 3, 4]) {
    await act('step');
    await at(to);
  }
  // A click on a page takes the page, not the number of its frame.
  const { x, y } = await boxOf(A, 2);
  await page.clickAt(x, y);
  await contains('pf-frame .pf-pin', 'Keep looking at frame');
  const first = await frame();
  await act('step');
  await at(5);
  await contains('pf-frame .pf-moved', `has moved: at step 4 it was in ${first}`);
  const copy = await frame();
  expect(copy).not.toBe(first);
  // The frame that it has left is one click away, and so is the way back.
  await page.click('pf-frame .pf-moved button');
  await contains('pf-frame .pf-other', `is in ${copy}`);
  expect(await frame()).toBe(first);
  await page.click('pf-frame .pf-pin button');
  await contains('pf-frame .pf-where', copy);
  // Kept in sight it stays, whatever is touched.
  await page.click('pf-frame .pf-pin button');
  await contains('pf-frame .pf-pin', 'is kept in sight');
  await act('step');
  await at(6);
  await contains('pf-frame .pf-other', `is in ${first}`);
  expect(await frame()).toBe(copy);
  await page.click('pf-frame .pf-pin button');
  await contains('pf-frame .pf-where', first);
  // munmap leaves it without a frame.
  await act('step');
  await at(7);
  const parent = await boxOf(A, 1);
  await page.clickAt(parent.x, parent.y);
  await contains('pf-frame .pf-where', first);
  await act('step');
  await at(8);
  await contains('pf-frame .pf-moved', `is in no frame now; at step 7 it was in ${first}`);
  expect(await count('pf-frame .pf-where')).toBe(0);
});

test('the card beside a page covers nothing of it, at any size', async () => {
  await act('step');
  await act('step');
  await at(2);
  for (const [width, height] of [[1440, 900], [390, 844], [320, 640]] as const) {
    await page.size(width, height);
    const { x, y } = await boxOf(A);
    await page.move(x, y);
    await page.until(`document.querySelector('.pf-space-box .pf-card') !== null`);
    await drawnTwice();
    expect(await page.evaluate<boolean>(`(() => {
      const space = document.querySelector('pf-space');
      const pfn = space.scene.lanes[0].data.cells.flatMap((run) => run.pfn[${Number.parseInt(A, 16) / 4096} - run.page] ?? [])[0];
      const { box } = space.placesOf(pfn)[0];
      const card = document.querySelector('.pf-space-box .pf-card').getBoundingClientRect();
      return card.right > box.left && card.left < box.right && card.bottom > box.top && card.top < box.bottom;
    })()`), `${width}`).toBe(false);
    await page.move(2, 2);
    await page.until(`document.querySelector('.pf-space-box .pf-card') === null`);
  }
});

/** Opens what is folded, by its key. */
const unfold = async (summary: string) => {
  await page.until(`document.querySelector(${JSON.stringify(summary)}) !== null`);
  await page.evaluate(`document.querySelector(${JSON.stringify(summary)}).focus()`);
  await page.press('Enter');
};

test('frames of RAM, entries of a table and marks of time stand as lists too, and lead where they say, by keys', async () => {
  await act('run');
  await at(9);
  // Marks of time.
  await unfold('#time .pf-time-legend summary');
  await contains('#time .pf-marks', 'step 9 of 9, line 10');
  expect(await text('#time .pf-marks li:first-child')).toContain('step 2 of 9, line 3');
  expect(await text('#time .pf-marks li:first-child')).toContain('1 fault');
  expect(await text('#time .pf-marks li:last-child')).toMatch(/signal/);
  expect(await count('#time .pf-marks button[tabindex="0"]')).toBe(1);
  await page.evaluate(`document.querySelector('#time .pf-marks button[tabindex="0"]').focus()`);
  await page.press('ArrowUp');
  await page.press('Enter');
  await at(5);
  // Frames of RAM: each frame is in one line.
  await page.click('#dock-ram');
  await unfold('.dock-body .pf-frames summary');
  await page.until(`document.querySelectorAll('.dock-body .pf-frames .pf-row').length > 3`);
  expect(await text('.dock-body .pf-frames')).toContain('page table');
  const line = `[...document.querySelectorAll('.dock-body .pf-frames .pf-row')].find((row) => row.textContent.includes('private, its own')).querySelector('button')`;
  const name = await page.evaluate<string>(`${line}.textContent`);
  await page.evaluate(`${line}.focus()`);
  await page.press('Enter');
  await contains('pf-frame .pf-where', name);
  // Entries of the last table of the walk: the two pages that are present near the top.
  await page.evaluate(`document.querySelector('#pf-tab-walk').click()`);
  await unfold('pf-walk .pf-entries summary');
  await page.until(`document.querySelectorAll('pf-walk .pf-entries tbody tr').length > 0`);
  expect(await text('pf-walk .pf-entries summary')).toContain(`${await count('pf-walk .pf-entries tbody tr')} `);
  expect(await text('pf-walk .pf-entries tbody tr.on')).toContain('0x7ffff7ff3000');
});

test('the wheel moves, with Ctrl it zooms about the pointer (point 1)', async () => {
  await many();
  const first = await seen();
  const { x, y } = { x: first.canvas.x + 60, y: first.canvas.y + 200 };
  await page.wheel(x, y, 240);
  await page.until(`document.querySelector('pf-space').scene.input.view.page !== ${first.from}`);
  const panned = await seen(200);
  expect(panned.zoom).toBe(first.zoom);
  expect(panned.to).not.toBe(first.to);
  await page.wheel(x, y, -100, 'Control');
  await page.until(`document.querySelector('pf-space').scene.lanes[0].zoom > ${panned.zoom}`);
  const zoomed = await seen(200);
  // What was under the pointer is there still, up to a row of pixels.
  expect(Math.abs(zoomed.page - panned.page)).toBeLessThan((panned.to - panned.from) / 100);
});

test('it is dragged; a double click shows one area, and beside areas everything again', async () => {
  await many();
  const first = await seen();
  const { canvas } = first;
  await page.drag([canvas.x + 80, canvas.y + 300], [canvas.x + 80, canvas.y + 120]);
  const dragged = await seen();
  expect([dragged.zoom, dragged.to === first.to]).toEqual([first.zoom, false]);
  await page.evaluate(`document.querySelector('pf-space').fit()`);
  await paste('a = mmap(NULL, 64K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nstore(a, "x")\n');
  await at(2, 2);
  const selected = await page.evaluate<string>(`document.querySelector('pf-memory').selected.addr`);
  const box = await boxOf(selected);
  const wide = await seen();
  await page.clickAt(box.x, box.y, 2);
  await page.until(`document.querySelector('pf-space').view !== null`);
  expect((await seen()).zoom).toBeGreaterThan(wide.zoom);
  await tool('Fit');
  expect((await seen()).suits).toBe(true);
});

test('every key of the picture (point 2)', async () => {
  await many();
  await onPicture();
  const first = await seen();
  await page.press('w');
  const near = await seen();
  expect(near.zoom).toBeGreaterThan(first.zoom);
  await page.press('s');
  expect((await seen()).zoom).toBeLessThan(near.zoom);
  await page.press('d');
  const right = await seen();
  await page.press('a');
  expect((await seen()).from).not.toBe(right.from);
  await page.press('0');
  expect((await seen()).to - (await seen()).from).toBeGreaterThan(first.to - first.from - 1);
  await page.press('.');
  await page.until(`document.querySelector('pf-memory').selected !== null`);
  const one = await page.evaluate<string>(`document.querySelector('pf-memory').selected.addr`);
  await page.press('.');
  await page.until(`document.querySelector('pf-memory').selected.addr !== ${JSON.stringify(one)}`);
  await page.press(',');
  await page.until(`document.querySelector('pf-memory').selected.addr === ${JSON.stringify(one)}`);
  await page.press('f');
  const fitted = await seen();
  expect(fitted.to - fitted.from).toBeLessThan(first.to - first.from);
  for (const key of ['g', '/']) {
    await onPicture();
    await page.press(key);
    await page.until(`document.activeElement.matches('.pf-goto input')`);
    await page.press('Escape');
    await page.until(`document.querySelector('.pf-goto') === null && document.activeElement.matches('pf-space canvas')`);
  }
  await page.press('g');
  await page.type('.pf-goto input', '0x10010000');
  await page.press('Enter');
  await page.until(`document.querySelector('pf-memory').selected.addr === '10010000'`);
  // What was asked for is there: the field is not, until it is asked for again.
  await page.until(`document.querySelector('.pf-goto') === null && document.activeElement.matches('pf-space canvas')`);
  await page.press('g');
  await page.until(`document.activeElement.matches('.pf-goto input')`);
  await page.type('.pf-goto input', 'nowhere at all');
  await page.press('Enter');
  await contains('.pf-goto output', 'nowhere at all');
});

test('the minimap moves the window by click and by arrows (point 3)', async () => {
  await many();
  await onPicture();
  for (let i = 0; i < 4; i++) await page.press('w');
  const first = await seen();
  const box = await page.evaluate<{ x: number; y: number; width: number; height: number }>(`document.querySelector('pf-minimap canvas').getBoundingClientRect().toJSON()`);
  await page.clickAt(box.x + box.width * 0.5, box.y + box.height / 2);
  const moved = await seen();
  expect(moved.from).not.toBe(first.from);
  await page.evaluate(`document.querySelector('pf-minimap canvas').focus()`);
  await page.press('ArrowRight');
  await page.until(`document.querySelector('pf-space').scene.input.view.page !== ${moved.from}`);
  await expect.poll(() => page.evaluate(`document.querySelector('pf-minimap canvas').getAttribute('aria-valuetext')`)).toMatch(/^0x[\da-f]+ to 0x[\da-f]+$|^[\da-f]+ to [\da-f]+$/);
});

test('true scale, direction and units are toggled, in the table too (points 4 and 5)', async () => {
  await act('step');
  await at(1);
  // The new area is in the table, which is drawn in its turn.
  await page.until(`document.querySelectorAll('pf-space-table .body [role=row]').length > 5`);
  const before = await rows();
  await onPicture();
  await page.press('m');
  await page.until(`document.querySelector('pf-space').trueScale && [...document.querySelectorAll('.pf-tools button')].some((button) => button.textContent === 'True scale' && button.ariaPressed === 'true')`);
  await tool('True scale');
  await tool('High first');
  await page.until(`document.querySelector('pf-space-table').lowFirst`);
  await expect.poll(rows).toEqual(before.toReversed());
  await tool('Low first');
  await tool('Hex');
  await page.until(`!/[a-f]/.test(document.querySelector('pf-space-table .body [role=gridcell]').textContent)`);
  await tool('Decimal');
  await tool('Bytes');
  await page.until(`/pages?/.test(document.querySelector('pf-space-table .body [role=row] [aria-colindex="4"]').textContent)`);
});

test('levels: the space, an area, a page, its bytes; breadcrumbs lead back (point 6)', async () => {
  await act('step');
  await act('step');
  await at(2);
  await onPicture();
  await page.press('f');
  await drawnTwice();
  for (let i = 0; i < 30 && (await count('.pf-crumbs button')) < 3; i++) {
    await page.press('w');
    await drawnTwice();
  }
  await contains('.pf-crumbs', 'page ');
  await page.until(`document.querySelector('pf-space').scene.input.bytes !== null`);
  const far = await seen();
  for (let i = 0; i < 3; i++) await page.press('w');
  await page.until(`document.querySelector('pf-space').scene.lanes[0].zoom > ${far.zoom * 1.8}`);
  const near = await seen();
  await page.click('.pf-crumbs button:nth-of-type(2)');
  await page.until(`document.querySelector('pf-space').scene.lanes[0].zoom < ${near.zoom}`);
  await page.click('.pf-crumbs button');
  await page.until(`document.querySelector('pf-space').view === null`);
});

test('the legend fades all other kinds, and shows all again', async () => {
  await act('step');
  await act('step');
  await at(2);
  await page.click('.pf-legend button:nth-child(2)');
  await page.until(`document.querySelector('pf-space').only?.size === 1 && document.querySelector('pf-ram').only?.size === 1`);
  await expect.poll(() => count('.pf-legend button[aria-pressed=true]')).toBe(1);
  await expect.poll(() => count('.pf-legend button.faded')).toBeGreaterThan(2);
  await page.click('.pf-legend .all');
  await page.until(`document.querySelector('pf-space').only === null`);
});

test('heat: how often pages were read, written, executed, faulted', async () => {
  await act('run');
  await at(9);
  await act('back');
  await at(8);
  await page.evaluate(`(() => { const menu = document.querySelector('.pf-tools [aria-label=Heat]'); menu.value = 'writes'; if (menu.value !== 'writes') menu.value = menu.options[2].value; menu.dispatchEvent(new Event('change')); })()`);
  await page.until(`document.querySelector('pf-space').scene.input.heat !== null`);
  const heat = await page.evaluate<number[]>(`(() => { const one = document.querySelector('pf-memory').heat.get(1).get(${Number.parseInt(A, 16) / 4096}); return [...one]; })()`);
  // The parent wrote its page once and read it once.
  expect(heat.slice(0, 2)).toEqual([1, 1]);
});

test('the same as a table: by keys, chosen from it, the touched area named', async () => {
  await act('step');
  await act('step');
  await at(2);
  await tool('Table');
  await page.until(`!document.querySelector('pf-space-table').classList.contains('pf-hidden')`);
  await contains('pf-space-table', '(touched)');
  await page.evaluate(`document.querySelector('pf-space-table [role=gridcell][tabindex="0"]').focus()`);
  await page.press('Control+Home');
  const [first] = await rows();
  await page.press('Enter');
  await page.until(`document.querySelector('pf-space-table [aria-selected=true]') !== null`);
  await expect.poll(() => text('pf-space-table [aria-selected=true] [aria-colindex="1"]')).toBe(first!.split(' ')[0]);
  await page.press('ArrowDown');
  await page.press('ArrowRight');
  await expect.poll(() => page.evaluate('document.activeElement.ariaColIndex')).toBe('2');
  await expect.poll(() => page.evaluate('document.activeElement.parentElement.ariaRowIndex')).toBe('3');
  await expect.poll(() => page.evaluate(`document.querySelector('.pf-areas-grid').ariaRowCount`)).toBe(String((await rows()).length + 1));
});

test('the table says whose it is, any process can be chosen for it, and no address is cut, in decimal either', async () => {
  const source = ['a = mmap(NULL, 64K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)', 'one = fork()', 'two = fork()', 'three = fork()', 'four = fork()', '[four] munmap(a, 64K)'].join('\n');
  await paste(source);
  await page.evaluate('document.activeElement.blur()');
  await page.press('Alt+End');
  await at(6, 6);
  await tool('Table');
  const menu = () => page.evaluate<string[]>(`[...document.querySelectorAll('pf-space-table .pf-whose option')].map((one) => one.textContent)`);
  await expect.poll(async () => (await menu()).length).toBe(5);
  expect(await count('.pf-others')).toBe(0);
  const areas = () => page.evaluate<number>(`document.querySelector('pf-space-table').areas.count`);
  const choose = (pid: number) => page.evaluate<void>(`(() => { const menu = document.querySelector('pf-space-table .pf-whose select'); menu.value = '${pid}'; menu.dispatchEvent(new Event('change')); })()`);
  await choose(1);
  await page.until(`document.querySelector('pf-space-table').pid === 1`);
  const whole = await areas();
  // What the last one unmapped is missing in its table only.
  for (const [pid, missing] of [[5, 1], [4, 0]] as const) {
    await choose(pid);
    await page.until(`document.querySelector('pf-space-table').pid === ${pid} && document.querySelector('.pf-areas-grid').ariaLabel.endsWith(' ${pid}')`);
    expect(await areas()).toBe(whole - missing);
  }
  const cut = () => page.evaluate<number>(`[...document.querySelectorAll('pf-space-table .body [aria-colindex="1"]')].filter((one) => one.scrollWidth > one.clientWidth).length`);
  await expect.poll(cut).toBe(0);
  await tool('Hex');
  await page.until(`document.querySelector('pf-space-table .body [aria-colindex="1"]').textContent.includes(',')`);
  await expect.poll(cut).toBe(0);
  await tool('Decimal');
});

test('a frame chosen in RAM says everybody who maps it, and leads there', async () => {
  for (const to of [1, 2, 3]) {
    await act('step');
    await at(to);
  }
  const [cell] = await cells(A);
  expect(cell!.pfn).not.toBe(NO_FRAME);
  await drawnTwice();
  const box = await page.evaluate<{ x: number; y: number; width: number; height: number }>(`document.querySelector('pf-ram').placeOf(${cell!.pfn}).toJSON()`);
  await page.clickAt(box.x + box.width / 2, box.y + box.height / 2);
  await contains('#pf-inspected', `frame ${cell!.pfn}`);
  await contains('#pf-inspected', 'Who maps it: 2 pages');
  await page.click('#pf-inspected pf-rows .pf-row:nth-child(2) button');
  await page.until(`document.querySelector('pf-memory').selected.pid === 2 && document.querySelector('#pf-tab-frame').ariaSelected === 'true'`);
});

test('a page that is selected and in no frame has no line to RAM: not that of the page that the step touched', async () => {
  for (const to of [1, 2]) {
    await act('step');
    await at(to);
  }
  const ties = () => page.evaluate<[number | null, number]>(`(() => {
    const canvas = document.querySelector('.pf-ties');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return [document.querySelector('.memory pf-ram').selected, data.filter((value, i) => i % 4 === 3 && value > 0).length];
  })()`);
  await page.until(`document.querySelector('.memory pf-ram') !== null`);
  await expect.poll(async () => (await ties()).map((one) => one !== null && one > 0)).toEqual([true, true]);
  await goTo('7ffff7ff4000');
  await page.until(`document.querySelector('pf-memory').selected?.addr === '7ffff7ff4000'`);
  await expect.poll(ties).toEqual([null, 0]);
  // Nor in the tab that shows RAM alone.
  await page.click('#dock-ram');
  await page.until(`document.querySelector('.dock pf-ram') !== null`);
  await expect.poll(() => page.evaluate(`document.querySelector('.dock pf-ram').selected`)).toBe(null);
  // And back at the page that was touched, its line is there again.
  await goTo(A);
  await expect.poll(async () => (await ties()).map((one) => one !== null && one > 0)).toEqual([true, true]);
});

test('details that are longer than their pane scroll to their end', async () => {
  await act('step');
  await act('step');
  await at(2);
  for (const tab of ['area', 'walk']) {
    await page.click(`#pf-tab-${tab}`);
    await page.until(`document.querySelector('#pf-inspected').scrollHeight > document.querySelector('#pf-inspected').clientHeight + 100`);
    const ends = await page.evaluate<boolean>(`(() => {
      const details = document.querySelector('#pf-inspected');
      details.scrollTop = 1e6;
      return details.scrollTop > 0 && details.lastElementChild.getBoundingClientRect().bottom <= document.querySelector('aside').getBoundingClientRect().bottom;
    })()`);
    expect(ends, tab).toBe(true);
  }
});

test('who maps a frame is said of the frame that is chosen, also where the count is the same', async () => {
  for (let to = 1; to <= 5; to++) await act('step');
  await at(5);
  await page.click('#pf-tab-frame');
  const mappers = `(document.querySelector('#pf-inspected pf-rows')?.textContent ?? '')`;
  await page.until(`${mappers}.includes('process 2') && !${mappers}.includes('process 1')`);
  await page.evaluate(`document.querySelector('pf-memory').dispatchEvent(new CustomEvent('select', { detail: { pid: 1, addr: '${A}', pfn: null } }))`);
  await page.until(`${mappers}.includes('process 1') && !${mappers}.includes('process 2')`);
});

test('what is pointed at in one view is lit in the others (point 7)', async () => {
  for (const to of [1, 2, 3]) {
    await act('step');
    await at(to);
  }
  const [cell] = await cells(A);
  const box = await boxOf(A);
  await page.move(box.x, box.y);
  await page.until(`document.querySelector('pf-ram').selected === ${cell!.pfn} && document.querySelector('pf-space-table .pointed') !== null`);
  await contains('.pf-card', `frame ${cell!.pfn}`);
  await page.move(5, 5);
  await page.until(`document.querySelector('pf-memory').pointed === null && document.querySelector('.pf-card') === null`);
  // From the list of changes, by keyboard.
  await page.evaluate(`[...document.querySelectorAll('pf-story .pf-changes .pf-link')].find((link) => link.textContent.includes('7ffff7ff3000')).focus()`);
  await page.until(`document.querySelector('pf-memory').pointed !== null && document.querySelector('pf-space').scene.input.hover !== null`);
  // And from RAM.
  const frame = await page.evaluate<{ x: number; y: number; width: number; height: number }>(`document.querySelector('pf-ram').placeOf(${cell!.pfn}).toJSON()`);
  await page.move(frame.x + frame.width / 2, frame.y + frame.height / 2);
  await page.until(`document.querySelector('pf-memory').pointed?.addr === ${JSON.stringify(A)}`);
});

test('what is pointed at is lit in lists, in the lines of the text and in maps too, and from each of them (point 7)', async () => {
  for (const to of [1, 2, 3]) {
    await act('step');
    await at(to);
  }
  await page.click('#pf-tab-maps');
  await page.until(`document.querySelector('pf-maps .pf-area-line') !== null`);
  await page.until(`document.querySelectorAll('.cm-line[data-page]').length > 1`);
  const isLit = (selector: string) => `getComputedStyle(document.querySelector('${selector}') ?? document.body).outlineStyle === 'solid'`;
  const line = '.cm-line[data-page="1:7ffff7ff3"]';
  const area = 'pf-maps [data-area="1:7ffff7ff3"]';
  const link = 'pf-story .pf-changes [data-page="1:7ffff7ff3"]';
  const all = [line, area, link].map(isLit).join(' && ');
  const none = `document.querySelector('pf-memory').pointed === null && ${[line, area, link].map((one) => `!(${isLit(one)})`).join(' && ')}`;
  const centre = async (selector: string) => {
    const box = await page.evaluate<{ x: number; y: number; width: number; height: number }>(`document.querySelector('${selector}').getBoundingClientRect().toJSON()`);
    await page.move(box.x + Math.min(60, box.width / 2), box.y + box.height / 2);
  };
  const page3 = await boxOf(A);
  await page.move(page3.x, page3.y);
  await page.until(all);
  await page.move(5, 5);
  await page.until(none);
  for (const from of [line, area, link]) {
    await centre(from);
    await page.until(`document.querySelector('pf-memory').pointed?.addr === ${JSON.stringify(A)} && ${all}`);
    await page.move(5, 5);
    await page.until(none);
  }
  await page.evaluate(`document.querySelector('${area}').focus()`);
  await page.until(all);
});

test('panes are resized by keys and by pointer, and remembered', async () => {
  const width = () => page.evaluate<number>(`document.querySelector('section.script').getBoundingClientRect().width`);
  const before = await width();
  await page.evaluate(`document.querySelector('pf-split[name=script] [role=separator]').focus()`);
  for (let i = 0; i < 3; i++) await page.press('ArrowRight');
  expect(await width()).toBeGreaterThan(before + 40);
  const wide = await width();
  const line = await page.evaluate<{ x: number; y: number; width: number; height: number }>(`document.querySelector('pf-split[name=script] [role=separator]').getBoundingClientRect().toJSON()`);
  const x = line.x + line.width / 2;
  await page.drag([x, line.y + 200], [x + 80, line.y + 200]);
  expect(await width()).toBeGreaterThan(wide + 40);
  const dragged = await width();
  await page.reload();
  await page.until(`document.documentElement.dataset.ready === 'yes'`);
  expect(Math.abs((await width()) - dragged)).toBeLessThan(2);
});

test('no error reached the console', () => {
  expect(page.errors.join('\n')).toBe('');
});
