// npm run scale: what large texts cost the page, in a table. Figures of this machine and moment: reported, not judged.
import { join } from 'node:path';
import { existsSync } from 'node:fs';
import { ROOT, SetupError, main } from './lib/run.mjs';
import { chromeFlags, findBrowsers } from './lib/browsers.mjs';
import { serve } from './lib/serve.mjs';

const mmaps = (count) => `repeat(${count}, 8K, "mmap", 0x10000000, 4K, 3, 0x32, -1, 0)\n${'a = mmap(NULL, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nstore(a, "x")\nmunmap(a, 4K)\n'.repeat(20)}`;
const log = (lines) => `1 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000\n${'1 mprotect(0x7f0000000000, 8192, PROT_READ|PROT_WRITE) = 0\n1 mprotect(0x7f0000000000, 8192, PROT_READ) = 0\n'.repeat(lines / 2 - 1)}1 munmap(0x7f0000000000, 8192) = 0\n`;
const INPUTS = [['1,000 mmaps', mmaps(1000)], ['10,000 mmaps', mmaps(10_000)], ['65,500 mmaps', mmaps(65_500)], ['log of 20,000 lines', log(20_000)], ['log of 100,000 lines', log(100_000)]];

const isIdle = () => document.querySelector('#verdict:not(.running)') !== null && !document.querySelector('#verdict').textContent.includes('Reading') && Boolean(document.querySelector('pf-memory').at);

/** In the page: opens a text as somebody who drops it. How long until it is drawn, in ms. */
async function open(text) {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const began = performance.now();
  const data = new DataTransfer();
  data.items.add(new File([text], 'large.txt'));
  document.querySelector('main').dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
  while (document.querySelector('pf-editor').text.length < text.length) await frame();
  await frame();
  while (!window.isIdle()) await frame();
  await frame();
  return performance.now() - began;
}

/** In the page: goes about in it. */
async function goAbout() {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const time = document.querySelector('pf-time');
  const goes = async (event, detail, to) => {
    const from = performance.now();
    time.dispatchEvent(new CustomEvent(event, { detail, bubbles: true }));
    while (document.documentElement.dataset.position !== String(to)) await frame();
    return performance.now() - from;
  };
  const middle = Math.floor(time.length / 2);
  const steps = { jump: [await goes('go', { position: middle }, middle)], forward: [], back: [] };
  for (let i = 0; i < 8; i++) {
    steps.forward.push(await goes('step', { by: 1 }, middle + 1));
    steps.back.push(await goes('step', { by: -1 }, middle));
    const to = Math.floor((time.length * ((i * 5) % 8)) / 8) + 1;
    steps.jump.push(await goes('go', { position: to }, to));
    await goes('go', { position: middle }, middle);
  }
  const space = document.querySelector('pf-space');
  let [dropped, last] = [0, await frame()];
  for (let i = 0; i < 240; i++) {
    if (i % 120 < 60) space.panBy(37);
    else space.zoomBy(i % 60 < 30 ? 1.06 : 1 / 1.06);
    const now = await frame();
    if (now - last > 25) dropped++;
    last = now;
  }
  await frame();
  const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
  return {
    forward: median(steps.forward), back: median(steps.back), jump: median(steps.jump), jumpMost: Math.max(...steps.jump), dropped,
    nodes: document.querySelectorAll('*').length, heap: performance.memory?.usedJSHeapSize ?? 0,
  };
}

/** What it gave, and the longest task of the page's main thread meanwhile: by the clock, and of the processor, which other programs do not stretch. In ms. */
async function traced(browser, page, body) {
  await browser.startTracing(page, { categories: ['toplevel', 'devtools.timeline'] });
  const given = await body();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
  const main = new Set(traceEvents.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain').map(({ pid, tid }) => `${pid}:${tid}`));
  // What the debugger hands over is no work of the page.
  const tasks = traceEvents.filter(({ name, ph, pid, tid }) => ph === 'X' && name.endsWith('RunTask') && main.has(`${pid}:${tid}`));
  const most = (field) => Math.max(0, ...tasks.map((task) => task[field] ?? 0)) / 1000;
  return { given, wall: most('dur'), cpu: most('tdur') };
}

main(async () => {
  const dist = join(ROOT, 'www', 'app', 'dist');
  if (!existsSync(dist)) throw new SetupError('The page is not built: npm run build.');
  const { chrome } = findBrowsers();
  if (!chrome) throw new SetupError('No Chrome or Chromium was found: install one, or set CHROME to its path.');
  const { chromium } = await import('playwright-core');
  const server = await serve(dist);
  const browser = await chromium.launch({ executablePath: chrome, args: [...chromeFlags, '--enable-precise-memory-info'] });
  const ms = (value) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
  console.log('| input | opened | longest task, opening: processor (clock) | longest task, after: processor (clock) | step forward / back | jump: median / most | frames dropped of 240 | DOM nodes | JS heap |\n|---|---|---|---|---|---|---|---|---|');
  for (const [name, text] of INPUTS) {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.goto(server.url);
    await page.waitForFunction(() => document.documentElement.dataset.ready === 'yes' && document.querySelector('.cm-content'));
    // The text is there before it is watched: how it comes from the debugger is no work of the page.
    await page.evaluate(`window.isIdle = ${isIdle}; window.openText = ${open}; window.given = ${JSON.stringify(text)}; undefined`);
    const opening = await traced(browser, page, () => page.evaluate('openText(given)'));
    const after = await traced(browser, page, () => page.evaluate(goAbout));
    const m = after.given;
    const task = ({ cpu, wall }) => `${ms(cpu)} (${ms(wall)})`;
    console.log(`| ${name} | ${ms(opening.given)} | ${task(opening)} | ${task(after)} | ${ms(m.forward)} / ${ms(m.back)} | ${ms(m.jump)} / ${ms(m.jumpMost)} | ${m.dropped} | ${m.nodes.toLocaleString('en')} | ${(m.heap / 1e6).toFixed(0)} MB |`);
    await page.close();
  }
  await browser.close();
  await server.stop();
});
