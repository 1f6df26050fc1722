// npm run scale [-- WORDS]: what large texts cost the page, in a table; of those only whose name has the words in it. Figures of this machine and moment: reported, not judged.
import { join } from 'node:path';
import { existsSync } from 'node:fs';
import { ROOT, SetupError, main } from './lib/run.mjs';
import { chromeFlags, findBrowsers } from './lib/browsers.mjs';
import { serve } from './lib/serve.mjs';

const mmaps = (count) => `repeat(${count}, 8K, "mmap", 0x10000000, 4K, 3, 0x32, -1, 0)\n${'a = mmap(NULL, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nstore(a, "x")\nmunmap(a, 4K)\n'.repeat(20)}`;
const log = (lines) => `1 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000\n${'1 mprotect(0x7f0000000000, 8192, PROT_READ|PROT_WRITE) = 0\n1 mprotect(0x7f0000000000, 8192, PROT_READ) = 0\n'.repeat(lines / 2 - 1)}1 munmap(0x7f0000000000, 8192) = 0\n`;
const calls = (bytes) => {
  const two = 'mprotect(a, 4K, PROT_READ)\nmprotect(a, 4K, PROT_READ|PROT_WRITE)\n';
  return `a = mmap(NULL, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n${two.repeat(Math.ceil(bytes / two.length))}`;
};
const steps = (count) => 'a = mmap(NULL, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nstore(a, "x")\nstore(a+4K, "y")\nmprotect(a, 4K, PROT_READ)\nmunmap(a, 8K)\n'.repeat(count / 5);
const INPUTS = [['1,000 mmaps', mmaps(1000)], ['10,000 mmaps', mmaps(10_000)], ['65,500 mmaps', mmaps(65_500)], ['log of 20,000 lines', log(20_000)], ['log of 100,000 lines', log(100_000)],
  ['5,000 steps', steps(5000)], ['2,000 forks', `@ram 512M\n${'fork()\n'.repeat(2000)}`], ['one line, a repeat of 60,000 mmaps', 'repeat(60000, 8K, "mmap", 0x10000000, 4K, 3, 0x32, -1, 0)\n'], ['a script of 20 MB', calls(20e6)]];
/** A way through the slider, in so many moves of a pointer. */
const MOVES = 60;

const isIdle = () => document.querySelector('#verdict:not(.running)') !== null && !document.querySelector('#verdict').textContent.includes('Reading') && Boolean(document.querySelector('pf-memory').at);

/** In the page: opens a text as somebody who drops its file. How long until it is drawn, in ms. */
async function open(file) {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const began = performance.now();
  const data = new DataTransfer();
  data.items.add(file);
  document.querySelector('main').dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
  // Asked of the slider: the text itself would be put together anew for each frame.
  const time = document.querySelector('pf-time');
  const was = time.length;
  while (time.length === was) await frame();
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
  return { forward: median(steps.forward), back: median(steps.back), jump: median(steps.jump), jumpMost: Math.max(...steps.jump), dropped };
}

/** In the page: how much of it there is. */
const extent = () => ({ nodes: document.querySelectorAll('*').length, heap: performance.memory?.usedJSHeapSize ?? 0 });

/** Drags the pointer over the slider, which is in this box, from its start to its end. How long from the first move until time stands there, in ms. */
async function drag(page, box) {
  const y = box.top + box.height / 2;
  await page.mouse.move(box.left + 1, y);
  await page.mouse.down();
  const began = performance.now();
  for (let i = 1; i <= MOVES; i++) await page.mouse.move(box.left + (box.width * i) / MOVES, y);
  await page.mouse.up();
  await page.waitForFunction(() => document.documentElement.dataset.position === String(document.querySelector('pf-time').length), null, { polling: 'raf', timeout: 300_000 });
  return performance.now() - began;
}

/** What a task was mostly busy with: the events below it that took most, without what they have below themselves. */
function busyWith(task, events) {
  const inside = events.filter(({ ph, pid, tid, ts, dur, name }) => ph === 'X' && dur > 0 && pid === task.pid && tid === task.tid && ts >= task.ts && ts + dur <= task.ts + task.dur && !name.endsWith('RunTask')).sort((a, b) => a.ts - b.ts || b.dur - a.dur);
  const own = new Map();
  const above = [];
  const add = (name, time) => own.set(name, (own.get(name) ?? 0) + time);
  for (const { name, ts, dur } of inside) {
    while (above.length > 0 && above.at(-1).end <= ts) above.pop();
    if (above.length > 0) add(above.at(-1).name, -dur);
    add(name, dur);
    above.push({ name, end: ts + dur });
  }
  return [...own].sort(([, a], [, b]) => b - a).slice(0, 2).map(([name, time]) => `${name} ${Math.round(time / 1000)}`).join(', ');
}

/** What it gave, and the longest task of the page's main thread meanwhile: by the clock, and of the processor, which other programs do not stretch. In ms. */
async function traced(browser, page, body) {
  await browser.startTracing(page, { categories: ['toplevel', 'devtools.timeline'] });
  const given = await body();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
  const main = new Set(traceEvents.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain').map(({ pid, tid }) => `${pid}:${tid}`));
  // What the debugger hands over is no work of the page.
  const tasks = traceEvents.filter(({ name, ph, pid, tid }) => ph === 'X' && name.endsWith('RunTask') && main.has(`${pid}:${tid}`));
  const most = (field) => tasks.reduce((max, task) => ((task[field] ?? 0) > (max?.[field] ?? 0) ? task : max), null);
  const [wall, cpu] = [most('dur'), most('tdur')];
  return { given, wall: (wall?.dur ?? 0) / 1000, cpu: (cpu?.tdur ?? 0) / 1000, busy: cpu ? busyWith(cpu, traceEvents) : '' };
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
  const task = ({ cpu, wall, busy }) => `${ms(cpu)} (${ms(wall)}): ${busy}`;
  const wanted = process.argv.slice(2).join(' ');
  console.log('Longest tasks of the page: of the processor (by the clock), and what took most of them, in ms.\n');
  console.log('| input | opened | longest task, opening | longest task, going about | longest task, dragging the slider | dragged, and there | step forward / back | jump: median / most | frames dropped of 240 | DOM nodes | JS heap |\n|---|---|---|---|---|---|---|---|---|---|---|');
  for (const [name, text] of INPUTS.filter(([words]) => words.includes(wanted))) {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    page.setDefaultTimeout(300_000);
    await page.goto(server.url);
    await page.waitForFunction(() => document.documentElement.dataset.ready === 'yes' && document.querySelector('.cm-content'));
    // The file is there before it is watched: how it comes from the debugger, and is made, is no work of the page.
    await page.evaluate(`window.isIdle = ${isIdle}; window.openText = ${open}; window.given = new File([${JSON.stringify(text)}], 'large.txt'); undefined`);
    const opening = await traced(browser, page, () => page.evaluate('openText(given)'));
    const after = await traced(browser, page, () => page.evaluate(goAbout));
    const m = after.given;
    // What is asked of the page beside is asked while nobody measures.
    const { nodes, heap } = await page.evaluate(extent);
    const box = await page.evaluate(() => document.querySelector('#time .pf-slider').getBoundingClientRect().toJSON());
    const dragging = await traced(browser, page, () => drag(page, box));
    console.log(`| ${name} | ${ms(opening.given)} | ${task(opening)} | ${task(after)} | ${task(dragging)} | ${ms(dragging.given)} | ${ms(m.forward)} / ${ms(m.back)} | ${ms(m.jump)} / ${ms(m.jumpMost)} | ${m.dropped} | ${nodes.toLocaleString('en')} | ${(heap / 1e6).toFixed(0)} MB |`);
    await page.close();
  }
  await browser.close();
  await server.stop();
});
