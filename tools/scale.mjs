// npm run scale: what large texts cost the page, in a table. Figures of this machine and moment: reported, not judged.
import { join } from 'node:path';
import { existsSync } from 'node:fs';
import { ROOT, SetupError, main } from './lib/run.mjs';
import { chromeFlags, findBrowsers } from './lib/browsers.mjs';
import { serve } from './lib/serve.mjs';

const mmaps = (count) => `repeat(${count}, 8K, "mmap", 0x10000000, 4K, 3, 0x32, -1, 0)\n${'a = mmap(NULL, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nstore(a, "x")\nmunmap(a, 4K)\n'.repeat(20)}`;
const log = (lines) => `1 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000\n${'1 mprotect(0x7f0000000000, 8192, PROT_READ|PROT_WRITE) = 0\n1 mprotect(0x7f0000000000, 8192, PROT_READ) = 0\n'.repeat(lines / 2 - 1)}1 munmap(0x7f0000000000, 8192) = 0\n`;
const INPUTS = [['1,000 mmaps', mmaps(1000)], ['10,000 mmaps', mmaps(10_000)], ['65,500 mmaps', mmaps(65_500)], ['log of 20,000 lines', log(20_000)], ['log of 100,000 lines', log(100_000)]];

/** In the page: opens a text, goes about in it, and measures. */
async function measure(text) {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const until = async (is) => {
    while (!is()) await frame();
  };
  const blocks = [];
  const observer = new PerformanceObserver((list) => blocks.push(...list.getEntries().map(({ duration }) => duration)));
  observer.observe({ type: 'longtask' });
  const isIdle = () => document.querySelector('#verdict:not(.running)') && !document.querySelector('#verdict').textContent.includes('Reading') && document.querySelector('pf-memory').at;
  const began = performance.now();
  const data = new DataTransfer();
  data.items.add(new File([text], 'large.txt'));
  document.querySelector('main').dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
  await until(() => document.querySelector('pf-editor').text.length >= text.length);
  await frame();
  await until(isIdle);
  await frame();
  const opened = performance.now() - began;
  const longestOpening = Math.max(0, ...blocks.splice(0));
  const time = document.querySelector('pf-time');
  const goes = async (event, detail, to) => {
    const from = performance.now();
    time.dispatchEvent(new CustomEvent(event, { detail, bubbles: true }));
    await until(() => document.documentElement.dataset.position === String(to));
    return performance.now() - from;
  };
  const middle = Math.floor(time.length / 2);
  const steps = { jump: [], forward: [], back: [] };
  steps.jump.push(await goes('go', { position: middle }, middle));
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
  observer.disconnect();
  const most = (list) => Math.max(...list);
  const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
  return {
    opened, longestOpening, longestAfter: Math.max(0, ...blocks), forward: median(steps.forward), back: median(steps.back), jump: median(steps.jump), jumpMost: most(steps.jump), dropped,
    nodes: document.querySelectorAll('*').length, heap: performance.memory?.usedJSHeapSize ?? 0,
  };
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
  console.log('| input | opened | longest block: opening / after | step forward / back | jump: median / most | frames dropped of 240 | DOM nodes | JS heap |\n|---|---|---|---|---|---|---|---|');
  for (const [name, text] of INPUTS) {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.goto(server.url);
    await page.waitForFunction(() => document.documentElement.dataset.ready === 'yes' && document.querySelector('.cm-content'));
    const m = await page.evaluate(measure, text);
    console.log(`| ${name} | ${ms(m.opened)} | ${ms(m.longestOpening)} / ${ms(m.longestAfter)} | ${ms(m.forward)} / ${ms(m.back)} | ${ms(m.jump)} / ${ms(m.jumpMost)} | ${m.dropped} | ${m.nodes.toLocaleString('en')} | ${(m.heap / 1e6).toFixed(0)} MB |`);
    await page.close();
  }
  await browser.close();
  await server.stop();
});
