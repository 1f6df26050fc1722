/** Large texts cost what the window shows: nodes, shapes, rows and messages are counted, never times. */
import { expect, test } from 'vitest';
import { type Page, sight } from './driver.ts';
import { IS_READY, openForEachTest } from './site.ts';

let page: Page;
const { count, at, act, drop, drawnTwice } = sight(() => page);

openForEachTest((opened) => {
  page = opened;
});

/** Nodes of the document, whatever is open in it. */
const MOST_NODES = 2500;
/** Of the tracks of the slider: a few for each of its columns. */
const MOST_SHAPES = 2500;
/** Drawing calls of one frame of all canvases. */
const MOST_CALLS = 6000;
/** Nodes that one frame of moving puts into the page. */
const MOST_NEW = 1500;
/** Of a message that is about the same areas seen elsewhere. */
const MOST_BYTES = 300_000;

/** 100,000 calls. */
const LOG = `1 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000\n${'1 mprotect(0x7f0000000000, 8192, PROT_READ|PROT_WRITE) = 0\n1 mprotect(0x7f0000000000, 8192, PROT_READ) = 0\n'.repeat(49_999)}1 munmap(0x7f0000000000, 8192) = 0\n`;

const COUNT = `(() => {
  window.asked = 0;
  window.calls = 0;
  window.bytes = [];
  for (const name of ['fillRect', 'strokeRect', 'fill', 'stroke', 'fillText', 'drawImage', 'putImageData']) {
    const real = CanvasRenderingContext2D.prototype[name];
    CanvasRenderingContext2D.prototype[name] = function (...given) { window.calls++; return real.apply(this, given); };
  }
  const sizeOf = (value) => (ArrayBuffer.isView(value) ? value.byteLength : typeof value === 'string' ? value.length : typeof value === 'object' && value !== null ? Object.values(value).reduce((sum, one) => sum + sizeOf(one), 8) : 8);
  const Real = Worker;
  window.Worker = class extends Real { constructor(...given) { super(...given); this.addEventListener('message', ({ data }) => window.bytes.push([data.kind, sizeOf(data)])); }
    postMessage(...given) { window.asked++; return super.postMessage(...given); } };
})()`;

/** Large texts may take several times as long as others. */
const patiently = async (expression: string) => {
  for (let left = 4; ; left--) {
    try {
      return await page.until(expression);
    } catch (error) {
      if (left === 0) throw error;
    }
  }
};
/** The worker has said nothing for 30 frames: what was asked before is answered. */
const QUIET = `(() => {
  const said = window.bytes.length;
  window.still = window.said === said ? window.still + 1 : 0;
  window.said = said;
  return window.still > 30;
})()`;
const nodes = () => page.evaluate<number>(`document.querySelectorAll('*').length`);
const open = async (text: string) => {
  await drop([{ name: 'large.pf', content: text }]);
  await patiently(`document.querySelector('pf-editor').text.length >= ${text.length}`);
  await patiently(`document.querySelector('#verdict:not(.running)') !== null && !document.querySelector('#verdict').textContent.includes('Reading') && document.querySelector('pf-memory').at !== null && document.documentElement.dataset.rests === 'yes'`);
  await drawnTwice();
};

test('10,000 and 65,500 areas have as many nodes, shapes and rows as the window has room for', async () => {
  const stop = await page.before(COUNT);
  await page.reload();
  await page.until(IS_READY);
  const found: { nodes: number; calls: number }[] = [];
  for (const areas of [10_000, 65_500]) {
    await open(`repeat(${areas}, 8K, "mmap", 0x10000000, 4K, 3, 0x32, -1, 0)\na = mmap(NULL, 4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nload(a)\n`);
    await patiently(`document.querySelector('pf-memory').at?.processes[0]?.areas > ${areas}`);
    await patiently(QUIET);
    await page.evaluate('window.bytes.length = 0');
    const calls = await page.evaluate<number>(`(async () => {
      const space = document.querySelector('pf-space');
      let most = 0;
      for (let i = 0; i < 40; i++) {
        window.calls = 0;
        if (i % 20 < 10) space.panBy(173);
        else space.zoomBy(i % 20 < 15 ? 1.5 : 1 / 1.5);
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        most = Math.max(most, window.calls);
      }
      return most;
    })()`);
    expect(calls).toBeGreaterThan(0);
    expect(calls).toBeLessThan(MOST_CALLS);
    const bytes = await page.evaluate<[string, number][]>('window.bytes');
    expect(Math.max(0, ...bytes.map(([, size]) => size))).toBeLessThan(MOST_BYTES);
    await expect.poll(() => count('pf-space-table .body [role=row]')).toBeLessThanOrEqual(60);
    found.push({ nodes: await nodes(), calls });
  }
  expect(Math.max(...found.map(({ nodes: of }) => of))).toBeLessThan(MOST_NODES);
  await stop();
}, 180_000);

interface Panned { readonly dropped: number; readonly calls: number; readonly layouts: number; readonly drawings: number; readonly asked: number; readonly nodes: number; readonly slider: number }

/**
 * Moves something a hundred and twenty times, once a frame, as a hand does, and says what that was at most for one frame (canvas calls,
 * drawings, nodes put into the page), and in all (layouts of areas, pictures of the slider, questions to the worker, frames dropped:
 * later than one and a half times what lies between two frames as a rule).
 */
const panned = (move: string) => page.evaluate<Panned>(`(async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const space = document.querySelector('pf-space');
  const [layouts, slider] = [new Set(), new Set()];
  const most = { calls: 0, drawings: 0, nodes: 0 };
  let [drawings, nodes] = [0, 0];
  const drawn = () => drawings++;
  space.addEventListener('drawn', drawn);
  const observer = new MutationObserver((records) => { for (const { addedNodes } of records) for (const one of addedNodes) nodes += 1 + (one.querySelectorAll?.('*').length ?? 0); });
  observer.observe(document.body, { childList: true, subtree: true });
  const move = ${move};
  let last = await frame();
  const waits = [];
  window.asked = 0;
  for (let i = 0; i < 120; i++) {
    window.calls = drawings = nodes = 0;
    move(i < 60 ? 1 : -1);
    const now = await frame();
    waits.push(now - last);
    last = now;
    layouts.add(space.scene.lanes[0]?.layout);
    slider.add(document.querySelector('#time pf-picture').picture);
    for (const [name, value] of Object.entries({ calls: window.calls, drawings, nodes })) most[name] = Math.max(most[name], value);
  }
  space.removeEventListener('drawn', drawn);
  observer.disconnect();
  const usual = waits.toSorted((a, b) => a - b)[waits.length >> 1];
  return { ...most, layouts: layouts.size, slider: slider.size, asked: window.asked, dropped: waits.filter((wait) => wait > usual * 1.5).length };
})()`);

/** Moves it three times: what else the machine does drops frames too, so the best of them is what the page itself drops. */
async function pannedThrice(move: string): Promise<Panned[]> {
  const all: Panned[] = [];
  for (let i = 0; i < 3; i++) all.push(await panned(move));
  return all;
}
const fewestDropped = (all: readonly Panned[]) => Math.min(...all.map(({ dropped }) => dropped));

/** What no moving may cost more than, whatever there is out of sight. */
function isBounded({ calls, layouts, drawings, asked, nodes, slider }: Panned, what: string): void {
  expect(calls, `${what}: canvas calls of a frame`).toBeLessThan(MOST_CALLS);
  // Two frames may come between a move and the next one's own.
  expect(drawings, `${what}: drawings of a frame`).toBeLessThanOrEqual(2);
  expect(layouts, `${what}: layouts of all areas`).toBe(1);
  expect(slider, `${what}: pictures of the slider's tracks`).toBe(1);
  expect(asked, `${what}: questions to the worker`).toBeLessThanOrEqual(130);
  expect(nodes, `${what}: nodes of a frame`).toBeLessThan(MOST_NEW);
}

/** Of the 120 frames of a movement, more than with a thousand areas. */
const MOST_DROPPED = 12;

const PAN = `(by) => space.panBy(by * 37)`;
const SCROLL = `(() => { const text = document.querySelector('.cm-scroller'); return (by) => (text.scrollTop += by * 700); })()`;

test('moving about costs what the window shows: 1,000 areas or 65,524, a few calls or a log of 100,000', async () => {
  const stop = await page.before(COUNT);
  await page.reload();
  await page.until(IS_READY);
  const found: Panned[][] = [];
  for (const areas of [1000, 65_524]) {
    await open(`repeat(${areas}, 8K, "mmap", 0x10000000, 4K, 3, 0x32, -1, 0)\n`);
    await patiently(`document.querySelector('pf-memory').at?.processes[0]?.areas > ${areas}`);
    await patiently(QUIET);
    found.push(await pannedThrice(PAN));
    for (const one of found.at(-1)!) {
      isBounded(one, `${areas} areas`);
      expect(one.calls).toBeGreaterThan(50);
    }
  }
  const [few, most] = found as [Panned[], Panned[]];
  // With very many areas several stand in one row of pixels: there is rather less to draw.
  expect(most[0]!.calls).toBeLessThan(few[0]!.calls * 1.5);
  expect(fewestDropped(most), 'frames dropped').toBeLessThanOrEqual(fewestDropped(few) + MOST_DROPPED);
  await open(LOG);
  await patiently(`document.documentElement.dataset.position > 90000 && document.documentElement.dataset.rests === 'yes'`);
  await patiently(QUIET);
  const beside = await pannedThrice(PAN);
  for (const one of beside) isBounded(one, 'the picture beside a log');
  expect(fewestDropped(beside), 'frames dropped beside a log').toBeLessThanOrEqual(fewestDropped(few) + MOST_DROPPED);
  const text = await panned(SCROLL);
  isBounded(text, 'the text of a log');
  expect(text.nodes).toBeGreaterThan(5);
  await stop();
}, 180_000);

test('100,000 lines: as many lines, results and marks as the window has room for, anywhere', async () => {
  await open(LOG);
  await page.until(`/^✓ 100,?000 memory calls, 100,?000 as on Linux/.test(document.querySelector('#verdict').textContent.trim())`);
  const bounded = async () => {
    await drawnTwice();
    expect(await nodes()).toBeLessThan(MOST_NODES);
    await expect.poll(() => count('.cm-line')).toBeLessThan(200);
    const shapes = await page.evaluate<number>(`(() => { const count = (shapes) => shapes.reduce((sum, { shapes: inner }) => sum + (inner ? count(inner) : 1), 0); return count(document.querySelector('#time pf-picture').picture.shapes); })()`);
    expect(shapes).toBeGreaterThan(2);
    expect(shapes).toBeLessThan(MOST_SHAPES);
  };
  await bounded();
  await page.evaluate(`document.querySelector('#time [role=slider]').focus()`);
  await page.press('Home');
  await at(0);
  await page.press('PageUp');
  await at(5000);
  await bounded();
  await act('back');
  await at(4999);
  await act('step');
  await at(5000);
  await page.click('#verdict');
  await page.until(`document.querySelector('pf-account') !== null`);
  await bounded();
  await page.click('#dock-counters');
  await page.until(`document.querySelector('pf-charts') !== null`);
  await bounded();
}, 180_000);

test('no error reached the console', () => {
  expect(page.errors.join('\n')).toBe('');
});
