/** What is done with fingers, with Shift held, and where one looks from one view to another: each as somebody does it. */
import { expect, test } from 'vitest';
import { type Page, sight } from './driver.ts';
import { openForEachTest } from './site.ts';

let page: Page;
const { count, paste, at, act, cells, drawnTwice, example } = sight(() => page);

openForEachTest((opened) => {
  page = opened;
});

const A = '7ffff7ff3000';
const many = async () => {
  await paste('repeat(200, 8K, "mmap", 0x10000000, 4K, 3, 0x32, -1, 0)\n');
  await page.until(`document.querySelectorAll('pf-space-table .body [role=row]').length === 60`);
};
const stepTo = async (position: number) => {
  for (let to = 1; to <= position; to++) {
    await act('step');
    await at(to);
  }
};

/** How near the first lane is looked at, and which page is `y` pixels below the top of the picture. */
const near = async (y: number) => {
  await drawnTwice();
  return page.evaluate<{ zoom: number; page: number; top: number; left: number; perPixel: number; scale: number }>(`(() => {
    const space = document.querySelector('pf-space');
    const { layout: { axis }, zoom, scroll, box } = space.scene.lanes[0];
    const canvas = space.querySelector('canvas').getBoundingClientRect();
    const toPage = (at) => axis.toPage(scroll + at - box.y, zoom);
    return { zoom, page: toPage(${y}), top: canvas.top, left: canvas.left, perPixel: Math.abs(toPage(${y} + 1) - toPage(${y})), scale: visualViewport.scale };
  })()`);
};

test('two fingers zoom the picture about the place between them, and not the page around it (point 1)', async () => {
  await many();
  const first = await near(200);
  await page.pinch(first.left + 60, first.top + 200, 60, 180);
  await page.until(`document.querySelector('pf-space').scene.lanes[0].zoom > ${first.zoom * 2}`);
  const closer = await near(200);
  expect(closer.zoom / first.zoom).toBeGreaterThan(2.5);
  expect(closer.zoom / first.zoom).toBeLessThan(3.5);
  // What was between the fingers still is, up to a few rows of pixels.
  expect(Math.abs(closer.page - first.page)).toBeLessThan(first.perPixel * 12);
  await page.pinch(first.left + 60, first.top + 200, 180, 60);
  await page.until(`document.querySelector('pf-space').scene.lanes[0].zoom < ${closer.zoom / 2}`);
  const back = await near(200);
  expect(back.scale).toBe(1);
  // It was no drag and no tap besides.
  expect(await page.evaluate(`document.querySelector('pf-space').scene.input.range`)).toBe(null);
});

test('Shift and drag mark a range, F fills the window with it, Escape takes it away (point 1)', async () => {
  await many();
  const { left, top, zoom } = await near(100);
  const [from, to] = [await near(100), await near(260)];
  await page.drag([left + 60, top + 100], [left + 60, top + 260], 'Shift');
  const range = `document.querySelector('pf-space').scene.input.range`;
  await page.until(`${range} !== null`);
  await drawnTwice();
  const marked = await page.evaluate<{ pid: number; from: number; to: number }>(range);
  const [low, high] = [from.page, to.page].sort((a, b) => a - b) as [number, number];
  // From the area, or the page, where the pointer went down to where it came up: all of both.
  expect(marked.from).toBeLessThanOrEqual(Math.ceil(low));
  expect(marked.to).toBeGreaterThanOrEqual(Math.floor(high));
  expect(marked.to - marked.from).toBeLessThan((high - low) * 1.5);
  // It was no drag of the picture.
  expect((await near(100)).page).toBe(from.page);
  await page.evaluate(`document.querySelector('pf-space canvas').focus()`);
  await page.press('f');
  await page.until(`document.querySelector('pf-space').scene.lanes[0].zoom > ${zoom}`);
  const seen = await page.evaluate<{ from: number; to: number }>(`document.querySelector('pf-minimap').seen`);
  expect(seen.from).toBeLessThanOrEqual(marked.from);
  expect(seen.to).toBeGreaterThanOrEqual(marked.to);
  await page.press('Escape');
  await page.until(`${range} === null`);
});

/** Of the canvas over both views: how much of it is drawn on, and how much of that in a band beside each lane. */
const lines = () => page.evaluate<{ all: number; left: number; right: number }>(`(() => {
  const canvas = document.querySelector('.pf-ties');
  const { left, width } = canvas.getBoundingClientRect();
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const ram = document.querySelector('pf-memory pf-ram').getBoundingClientRect();
  const middle = ((ram.left + ram.width / 2 - left) / width) * canvas.width;
  const sums = { all: 0, left: 0, right: 0 };
  new Uint32Array(data.buffer).forEach((pixel, i) => {
    if (pixel === 0) return;
    sums.all++;
    sums[i % canvas.width < middle ? 'left' : 'right']++;
  });
  return sums;
})()`);

test('lines lead from every page of a frame to the frame, and go with it', async () => {
  await stepTo(2);
  // One process has the page: one line, from its lane.
  await expect.poll(async () => (await lines()).left).toBeGreaterThan(50);
  await act('step');
  await at(3);
  await page.until(`document.querySelector('pf-memory').at.processes.length === 2`);
  await page.evaluate(`document.querySelector('pf-memory').dispatchEvent(new CustomEvent('select', { detail: { pid: 1, addr: '${A}', pfn: null } }))`);
  // After the fork both have it: a line from each side of RAM.
  await expect.poll(async () => { const { left, right } = await lines(); return left > 50 && right > 50; }).toBe(true);
  const [parent, child] = await cells(A);
  expect(parent!.pfn).toBe(child!.pfn);
  // The child has its own from the fifth step on: the line of the page that is looked at alone is left.
  for (const to of [4, 5]) {
    await act('step');
    await at(to);
  }
  await expect.poll(async () => { const { left, right } = await lines(); return right > 50 && right > 4 * left; }).toBe(true);
  // Beside the table there is no picture to lead from.
  await page.evaluate(`[...document.querySelectorAll('.pf-tools button')].find((button) => button.textContent === 'Table').click()`);
  await expect.poll(async () => (await lines()).all).toBe(0);
});

/** Notes from now on which part of the page paints; waits till whatever was on its way is painted. */
const watchDrawing = async () => {
  await page.evaluate(`(() => {
    window.drawn = [];
    for (const name of ['fillRect', 'strokeRect', 'fill', 'stroke', 'fillText', 'drawImage', 'putImageData', 'clearRect']) {
      const real = CanvasRenderingContext2D.prototype[name];
      CanvasRenderingContext2D.prototype[name] = function (...given) { window.drawn.push(this.canvas.closest('pf-space, pf-ram, pf-minimap, pf-time, pf-walk, pf-charts, pf-memory')?.localName ?? 'another'); return real.apply(this, given); };
    }
  })()`);
  await isQuiet();
};
const isQuiet = async () => {
  await page.until(`(() => { const now = window.drawn.length; window.still = now === window.before ? (window.still ?? 0) + 1 : 0; window.before = now; return window.still > 30; })()`);
  await page.evaluate('window.drawn = []');
};

test('what nobody touches is not painted again and again, whatever is open', async () => {
  await stepTo(2);
  await watchDrawing();
  for (const tab of ['walk', 'frame', 'area']) {
    await page.click(`#pf-tab-${tab}`);
    await page.until(`document.querySelector('pf-${tab} .pf-panel') !== null`);
    await isQuiet();
  }
  for (const dock of ['ram', 'counters']) {
    await page.click(`#dock-${dock}`);
    await page.until(`document.querySelector('.dock canvas') !== null`);
    await isQuiet();
  }
  // The table of a level is painted when it is another.
  await page.click('#pf-tab-walk');
  await page.until(`document.querySelector('pf-walk .pf-bits button') !== null`);
  await isQuiet();
  await page.click('pf-walk .pf-bits button');
  await page.until(`window.drawn.includes('pf-walk')`);
  await isQuiet();
});

test('going through the text draws nothing of the picture, of RAM, or of time: nothing of them has changed', async () => {
  await example('python3_import');
  await page.until(`document.querySelector('pf-minimap canvas') !== null && document.querySelector('.memory pf-ram canvas') !== null`);
  await watchDrawing();
  // Above what is in sight now, and far from it: the results there have to be asked for.
  for (const line of [600, 300, 60]) {
    await page.evaluate(`document.querySelector('pf-editor').reveal(${line}, 'center')`);
    await page.until(`(() => {
      const box = document.querySelector('.cm-scroller').getBoundingClientRect();
      const shown = [...document.querySelectorAll('.cm-lineNumbers .cm-gutterElement')].find((one) => one.textContent === '${line}')?.getBoundingClientRect();
      return shown && shown.top >= box.top && shown.bottom <= box.bottom && document.querySelectorAll('.cm-line .result').length > 5;
    })()`);
    await drawnTwice();
  }
  await drawnTwice();
  expect(await page.evaluate<string[]>('[...new Set(window.drawn)]')).toEqual([]);
  // It is counted indeed.
  await act('back');
  await page.until(`new Set(window.drawn).has('pf-space')`);
});

test('the call tree is folded and unfolded, by the pointer and by the arrows', async () => {
  await stepTo(2);
  const tree = 'pf-story .pf-tree';
  await page.until(`document.querySelectorAll('${tree} [role=treeitem]').length > 5`);
  // It grows in turns until it is all there.
  await page.until(`(() => { const now = document.querySelectorAll('${tree} [role=treeitem]').length; const is = now === window.items; window.items = now; return is; })()`);
  const all = await count(`${tree} [role=treeitem]`);
  const inner = await page.evaluate<number>(`document.querySelector('${tree} [aria-expanded=true]').querySelectorAll('[role=treeitem]').length`);
  expect(inner).toBeGreaterThan(2);
  await page.click(`${tree} [aria-expanded=true] .pf-fold`);
  await page.until(`document.querySelectorAll('${tree} [role=treeitem]').length === ${all - inner}`);
  const folded = `document.querySelector('${tree} [aria-expanded=false]')`;
  expect(await page.evaluate(`${folded}.querySelector('.pf-fold').textContent`)).toBe('▸');
  // It stays folded for who goes over it by keys, and opens with the arrow to the right.
  await page.evaluate(`${folded}.focus()`);
  await page.press('ArrowRight');
  await page.until(`document.querySelectorAll('${tree} [role=treeitem]').length === ${all}`);
  await page.press('ArrowRight');
  await page.until(`document.activeElement.closest('[role=group]') !== null`);
  await page.press('ArrowLeft');
  await page.press('ArrowLeft');
  await page.until(`document.activeElement.getAttribute('aria-expanded') !== null`);
  await page.press('Home');
  await page.until(`document.activeElement === document.querySelector('${tree} [role=treeitem]')`);
  expect(await count(`${tree} [tabindex="0"]`)).toBe(1);
});

test('every sample of Open is one click away, and is what it is called', async () => {
  const samples = async () => {
    await page.click('#open');
    await page.until(`document.querySelector('pf-open dialog[open]') !== null`);
    return page.evaluate<{ id: string; title: string }[]>(`document.querySelector('pf-open').samples`);
  };
  const all = await samples();
  expect(all.length).toBeGreaterThan(3);
  for (const [i, { id, title }] of all.entries()) {
    if (i > 0) await samples();
    const button = `[...document.querySelectorAll('pf-open .open-list .sample')].find((one) => one.querySelector('b').textContent === ${JSON.stringify(title)})`;
    await page.until(`${button} !== undefined`);
    await page.evaluate(`${button}.click()`);
    await page.until(`!document.querySelector('pf-open dialog[open]') && document.querySelector('#examples').value === ${JSON.stringify(id)}`);
    // It has run, and stands where its memory is still there.
    await page.until(`document.querySelector('#verdict:not(.running)')?.textContent.includes('as on Linux') && document.querySelector('pf-memory').at?.processes.some(({ ended }) => ended === null)`);
  }
});

test('no error reached the console', () => {
  expect(page.errors.join('\n')).toBe('');
});
