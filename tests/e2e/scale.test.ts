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
/** Drawing calls of one frame of all canvases. */
const MOST_CALLS = 6000;
/** Of a message that is about the same areas seen elsewhere. */
const MOST_BYTES = 300_000;

const COUNT = `(() => {
  window.calls = 0;
  window.bytes = [];
  for (const name of ['fillRect', 'strokeRect', 'fill', 'stroke', 'fillText', 'drawImage', 'putImageData']) {
    const real = CanvasRenderingContext2D.prototype[name];
    CanvasRenderingContext2D.prototype[name] = function (...given) { window.calls++; return real.apply(this, given); };
  }
  const sizeOf = (value) => (ArrayBuffer.isView(value) ? value.byteLength : typeof value === 'string' ? value.length : typeof value === 'object' && value !== null ? Object.values(value).reduce((sum, one) => sum + sizeOf(one), 8) : 8);
  const Real = Worker;
  window.Worker = class extends Real { constructor(...given) { super(...given); this.addEventListener('message', ({ data }) => window.bytes.push([data.kind, sizeOf(data)])); } };
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
  await patiently(`document.querySelector('#verdict:not(.running)') !== null && !document.querySelector('#verdict').textContent.includes('Reading') && document.querySelector('pf-memory').at !== null`);
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

test('100,000 lines: as many lines, results and marks as the window has room for, anywhere', async () => {
  const log = `1 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000\n${'1 mprotect(0x7f0000000000, 8192, PROT_READ|PROT_WRITE) = 0\n1 mprotect(0x7f0000000000, 8192, PROT_READ) = 0\n'.repeat(49_999)}1 munmap(0x7f0000000000, 8192) = 0\n`;
  await open(log);
  await page.until(`/^✓ 100,?000 memory calls, 100,?000 as on Linux/.test(document.querySelector('#verdict').textContent.trim())`);
  const bounded = async () => {
    await drawnTwice();
    expect(await nodes()).toBeLessThan(MOST_NODES);
    await expect.poll(() => count('.cm-line')).toBeLessThan(200);
    await expect.poll(() => count('#time path')).toBeLessThan(200);
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
