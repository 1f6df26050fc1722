/** What goes wrong: the core stops, links are damaged, storage and network are not there; nothing is lost and everything is said. */
import { deflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { serve } from '../../tools/lib/serve.mjs';
import { type Page, WATCH_WORKERS, sight } from './driver.ts';
import { DIST, IS_READY, openForEachTest } from './site.ts';

let page: Page;
let server: { readonly url: string };
const { contains, drop, at, act, script, example, tone, rewrite, command } = sight(() => page);

openForEachTest((opened, url) => {
  page = opened;
  server = { url };
});

const packed = (source: string) => deflateRawSync(Buffer.from(source)).toString('base64url');
const crash = (position: number) => page.evaluate<void>(`(() => { const worker = window.workers.at(-1); worker.onmessage({ data: { kind: 'crashed', id: 0, message: 'RuntimeError: unreachable', position: ${position} } }); })()`);

/** The page opened anew, with a script of one's own that stands at its second step: its text. */
async function keptAtTwo(): Promise<string> {
  await page.reload();
  await page.until(IS_READY);
  await rewrite('a = mmap(NULL, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nstore(a, "kept")\nload(a, 4) = "kept"\n');
  await at(0, 3);
  for (const to of [1, 2]) {
    await act('step');
    await at(to);
  }
  return script();
}

/** Takes the reproduction along: into `window.copied`. */
async function copyReproduction(): Promise<void> {
  await page.evaluate(`(() => { window.copied = ''; Object.defineProperty(navigator, 'clipboard', { configurable: true, value: { writeText: async (text) => { window.copied = text; } } }); })()`);
  await page.click('.crash button:nth-of-type(2)');
}

test('the core stops: it is said, the text stays, the state is restored, the reproduction can be taken along (point 23)', async () => {
  const stop = await page.before(WATCH_WORKERS);
  try {
    const before = await keptAtTwo();
    await crash(2);
    await contains('.crash', 'The emulator has stopped at step 2 (RuntimeError: unreachable)');
    await expect.poll(() => page.evaluate(`document.querySelector('.crash').getAttribute('role')`)).toBe('alert');
    await expect.poll(() => script()).toBe(before);
    await expect.poll(() => page.evaluate(`document.querySelector('[data-act=step]').ariaDisabled`)).toBe('true');
    await copyReproduction();
    await page.until(`window.copied.includes('store(a, "kept")') && window.copied.includes('step 2')`);
    await page.click('.crash .primary');
    await at(2, 3);
    await page.until(`document.querySelector('.crash') === null`);
    await expect.poll(() => script()).toBe(before);
    await act('run');
    await at(3);
    await tone('good');
  } finally {
    await stop();
  }
});

/** The first worker that the page makes is started with some lines before its own; nothing of this is in the page. */
const firstWorker = (before: string) => `(() => {
  const Real = Worker;
  const before = ${JSON.stringify(before)};
  window.made = 0;
  window.Worker = class extends Real {
    constructor(url, how) {
      window.made += 1;
      if (window.made > 1) { super(url, how); return; }
      const own = new XMLHttpRequest();
      own.open('GET', url, false);
      own.send();
      // It looks for the core beside itself.
      const lines = before + own.responseText.replaceAll('self.location.href', JSON.stringify(new URL(url, location.href).href));
      super(URL.createObjectURL(new Blob([lines], { type: 'text/javascript' })), how);
    }
  };
})()`;

/** It does its work, and ends, or throws, when it is told so on a channel. */
const ENDS = firstWorker(`new BroadcastChannel('end').onmessage = ({ data }) => { if (data === 'close') self.close(); else throw new Error('thrown in it'); };\n`);

test.each(['throw', 'close'])('a worker that ends (%s), be it without a word: it is said at once, time stays where it was, and the way on is offered', async (how) => {
  const stop = await page.before(ENDS);
  try {
    await keptAtTwo();
    await page.evaluate(`new BroadcastChannel('end').postMessage(${JSON.stringify(how)})`);
    await contains('.crash', 'The emulator has stopped at step 2');
    await contains('pf-time .pf-now', 'step 2 of 3, line 2');
    await expect.poll(() => page.evaluate(`[...document.querySelectorAll('[data-act=step], [data-act=back], [data-act=run], #time [role=slider]')].map((one) => one.ariaDisabled).join()`)).toBe('true,true,true,true');
    await expect.poll(() => page.evaluate(`document.querySelector('pf-time').tracks.call.length`)).toBeGreaterThan(0);
    await page.click('.crash .primary');
    await at(2, 3);
    await page.until(`document.querySelector('.crash') === null && window.made === 2`);
    await act('step');
    await at(3, 3);
  } finally {
    await stop();
    forget('thrown in it');
  }
});

/** Errors that a test makes itself are none of the page. */
function forget(words: string): void {
  page.errors.splice(0, page.errors.length, ...page.errors.filter((error) => !error.includes(words)));
}

/** Lets the core itself trap: in the worker, a pointer beyond its memory is handed to the session, as a bug of ours would. */
const TRAPS = firstWorker(`
  const make = WebAssembly.instantiate;
  let isBroken = false;
  new BroadcastChannel('break').onmessage = () => { isBroken = true; };
  WebAssembly.instantiate = async (...given) => {
    const real = (await make(...given)).exports;
    const exports = Object.fromEntries(Object.entries(real).map(([name, value]) => [name, /^wasmsession_/.test(name) ? (pointer, ...rest) => value(isBroken ? 0x7ffffff0 : pointer, ...rest) : value]));
    return { instance: { exports }, module: given[0] };
  };
`);

test('a real trap of the core (fault 6, point 23): what happened is said, the last state is back, the reproduction is offered', async () => {
  const stop = await page.before(TRAPS);
  try {
    const before = await keptAtTwo();
    await page.evaluate(`new BroadcastChannel('break').postMessage(1)`);
    await page.evaluate('new Promise((done) => setTimeout(done, 50))');
    await act('step');
    await expect.poll(() => page.evaluate<string>(`document.querySelector('.crash')?.textContent ?? ''`), { timeout: 5000 }).toMatch(/stopped at step 2 \(RuntimeError: .*out of bounds/);
    await expect.poll(() => script()).toBe(before);
    await copyReproduction();
    await page.until(`window.copied.includes('store(a, "kept")') && window.copied.includes('step 2') && window.copied.includes('out of bounds')`);
    await page.click('.crash .primary');
    await at(2, 3);
    await page.until(`document.querySelector('.crash') === null && window.made === 2`);
    await act('step');
    await at(3, 3);
    await tone('good');
  } finally {
    await stop();
    forget('RuntimeError');
  }
});

test('a worker that cannot start is said too', async () => {
  const stop = await page.before(`(() => { const Real = Worker; let isFirst = true; window.Worker = class extends Real { constructor(url, ...rest) { super(isFirst ? 'data:text/javascript,onmessage = () => { throw new Error("no core") }' : url, ...rest); isFirst = false; } }; })()`);
  try {
    await page.goto('about:blank');
    await page.goto(server.url);
    await page.until(`document.querySelector('.crash') !== null`);
    await page.click('.crash .primary');
    await page.until(`document.querySelector('.crash') === null && document.querySelector('pf-memory').at !== null`);
  } finally {
    await stop();
    forget('no core');
  }
});

test('a worker that can never start is not started over and over', async () => {
  const stop = await page.before(`(() => { const Real = Worker; window.made = 0; window.Worker = class extends Real { constructor() { super('data:text/javascript,throw new Error("no core")'); window.made += 1; } }; })()`);
  try {
    await page.goto('about:blank');
    await page.goto(server.url);
    await page.until(`document.querySelector('.crash') !== null`);
    await page.evaluate('new Promise((done) => setTimeout(done, 300))');
    const made = await page.evaluate<number>('window.made');
    expect(made).toBeLessThanOrEqual(2);
    await page.evaluate('new Promise((done) => setTimeout(done, 300))');
    await expect.poll(() => page.evaluate('window.made')).toBe(made);
  } finally {
    await stop();
    forget('no core');
  }
});

test.each([
  ['damaged', '#v=1&s=%%%nonsense&t=0', 'This link is damaged'],
  ['cut', `#v=1&s=${packed('a = mmap(NULL, 4K, 3, 0x22, -1, 0)\n').slice(0, 9)}&t=0`, 'This link is damaged'],
  ['newer', '#v=7&s=abc', 'This link is of version 7'],
  ['of something else', '#heading-2', 'no link of this page'],
  ['empty', '#v=1&t=3', 'no script in it'],
  ['of an example that is not there', '#v=1&example=nothing&t=3', 'There is no example called nothing.'],
])('a link that is %s says so, and the page works (fault 14)', async (_, hash, words) => {
  await page.goto('about:blank');
  await page.goto(server.url + hash);
  await contains('.toast', words);
  await page.until(IS_READY);
  await act('step');
  await at(1, 9);
});

test('a link that unpacks to more than a page can hold is refused', async () => {
  const bomb = deflateRawSync(Buffer.alloc(40 << 20, 'a'), { level: 9 }).toString('base64url');
  await page.goto('about:blank');
  await page.goto(`${server.url}#v=1&s=${bomb}&t=0`);
  await contains('.toast', 'too long to be opened');
  await page.until(IS_READY);
});

test('a link put into the open page is followed; the address holds no other state than what is shown (fault 13)', async () => {
  await page.evaluate(`location.hash = ${JSON.stringify(`#v=1&s=${packed('# from a link\nb = mmap(NULL, 8K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n')}&t=1`)}`);
  await at(1, 1);
  await expect.poll(() => script()).toContain('# from a link');
  await example('errors');
  await expect.poll(() => page.evaluate('location.hash')).not.toContain('s=');
});

test('an address that is not what is shown is taken away: what cannot be opened, and parts that mean nothing, each of them said', async () => {
  const hash = () => page.evaluate<string>('location.hash');
  await page.evaluate(`location.hash = '#garbage'`);
  await contains('.toast', 'no link of this page');
  await expect.poll(hash).toBe('');
  await page.evaluate(`location.hash = '#v=1&example=no-such-one'`);
  await contains('.toast', 'no example called no-such-one');
  await expect.poll(hash).toBe('');
  await page.evaluate(`location.hash = '#v=1&example=errors&t=-4&at=zz:qq&tab=nope'`);
  await contains('.toast', 'the step, what is selected, the open panel');
  await page.until(`document.querySelector('#examples').value === 'errors'`);
  await expect.poll(hash).toBe('');
  await page.evaluate(`location.hash = '#v=1&example=copy-on-write&t=999999999999999999'`);
  await contains('.toast', 'past the end: the text has 9 steps');
  await at(9, 9);
  await expect.poll(hash).toBe('');
  // At the start of a page as well.
  await page.goto('about:blank');
  await page.goto(`${server.url}#garbage`);
  await contains('.toast', 'no link of this page');
  await expect.poll(hash).toBe('');
});

test('a link that comes while the page changes its address is followed all the same', async () => {
  await page.evaluate(`location.hash = '#v=1&example=errors&t=2'; history.replaceState(null, '', location.pathname)`);
  await page.until(`document.querySelector('#examples').value === 'errors'`);
  await at(2);
});

test('a reload keeps the text and where it stood (fault 12)', async () => {
  await rewrite('# mine\na = mmap(NULL, 4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nload(a)\n');
  await at(0, 2);
  await act('step');
  await at(1);
  await command('load(a, 8)');
  await at(2, 3);
  const before = await script();
  await page.goto('about:blank');
  await page.goto(server.url);
  await page.until(`document.querySelector('pf-editor')?.text === ${JSON.stringify(before)}`);
  await at(2, 3);
});

test('two tabs keep a text each', async () => {
  await rewrite('# of the first tab\n');
  await page.until(`localStorage.length > 0 && Object.values(localStorage).some((kept) => kept.includes('of the first tab'))`);
  const second = await page.tab();
  await second.goto(server.url);
  await second.until(IS_READY);
  await sight(() => second).rewrite('# of the second tab\n');
  await second.until(`Object.values(localStorage).some((kept) => kept.includes('of the second tab'))`);
  await second.reload();
  await second.until(`document.querySelector('pf-editor')?.text === '# of the second tab\\n'`);
  expect(second.errors).toEqual([]);
  await second.close();
  await page.reload();
  await page.until(`document.querySelector('pf-editor')?.text === '# of the first tab\\n'`);
  // The other one is not lost.
  await page.click('#open');
  await contains('pf-open .open-list', 'of the second tab');
});

test('something that is no text is not taken, and says what it is (fault 34)', async () => {
  const before = await script();
  for (const [name, content, words] of [['a.out', [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0], 'a program'], ['log.gz', [0x1f, 0x8b, 8, 0], 'compressed'], ['nothing.txt', [], 'empty'], ['noise', [1, 2, 3, 4, 5, 6, 7, 8], 'not text']] as const) {
    await drop([{ name, content }]);
    await contains('.toast', words);
  }
  await expect.poll(() => script()).toBe(before);
});

test('twenty megabytes on one line are refused in words, and the page goes on (fault 48)', async () => {
  const before = await script();
  await page.evaluate(`(() => {
    const data = new DataTransfer();
    data.items.add(new File(['mmap('.repeat(4 << 20)], 'line.txt'));
    document.querySelector('main').dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
  })()`);
  await contains('.toast', 'A line of it has 20 MiB');
  await expect.poll(() => script()).toBe(before);
  await example('errors');
  await act('step');
  await at(1);
});

test('markup in a text is text', async () => {
  await rewrite('# <img src=x onerror="window.hit = 1">\nprctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, 0, 4K, "<b>x</b>")\n');
  await page.until(`document.querySelector('#verdict') !== null && !document.querySelector('#verdict').textContent.includes('Reading')`);
  await expect.poll(() => page.evaluate('window.hit ?? null')).toBe(null);
});

test('nothing is asked for but files of its own, nothing is kept as a cookie, and the page says so (point 22)', async () => {
  page.requests.length = 0;
  await page.reload();
  await page.until(IS_READY);
  await act('run');
  await at(9);
  await page.press('?');
  await page.until(`document.querySelector('pf-help dialog[open]') !== null`);
  await contains('pf-help', 'Keys');
  await page.press('Escape');
  await page.click('#share');
  await page.until(`location.hash !== ''`);
  expect(page.requests.length).toBeGreaterThan(3);
  expect(page.requests.filter((url) => !url.startsWith(server.url) && !/^(data|blob):/.test(url))).toEqual([]);
  await expect.poll(() => page.evaluate('document.cookie')).toBe('');
  await page.evaluate(`document.querySelector('#help-button').click()`);
  await contains('pf-help', 'nothing is fetched');
});

test('it works from a folder of a site, under a strict policy, without shared memory (points 20 and 21)', async () => {
  const strict = await serve(DIST, { under: '/course/week-3/', headers: { 'content-security-policy': "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:" } });
  const stop = await page.before('delete globalThis.SharedArrayBuffer');
  try {
    await page.goto(strict.url);
    await page.until(IS_READY);
    await page.until(`typeof SharedArrayBuffer === 'undefined' && !crossOriginIsolated`);
    await act('run');
    await at(9, 9);
    await tone('good');
    await page.click('#help-button');
    await contains('pf-help', 'nothing is fetched');
  } finally {
    await stop();
    // The page may still fetch what it does not need yet.
    await page.goto('about:blank');
    await strict.stop();
  }
});

test('it works where nothing can be kept', async () => {
  const stop = await page.before(`for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(globalThis, name, { get: () => { throw new DOMException('closed', 'SecurityError'); } })`);
  try {
    await page.goto('about:blank');
    await page.goto(server.url);
    await page.until(IS_READY);
    await rewrite('a = mmap(NULL, 4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n');
    await at(0, 1);
    await act('step');
    await at(1);
  } finally {
    await stop();
  }
});

test('once it was there it needs no network: it starts, runs and opens what was never opened (fault 36)', async () => {
  const own = await serve(DIST);
  await page.goto(own.url);
  await page.until(IS_READY);
  await page.evaluate('navigator.serviceWorker.ready.then(({ active }) => active.state)');
  const before = page.errors.length;
  await own.stop();
  await page.goto(own.url);
  await page.until(IS_READY);
  await act('run');
  await at(9, 9);
  await tone('good');
  await example('three-ways');
  await contains('.cm-content', 'mmap');
  await page.press('?');
  await page.until(`document.querySelector('pf-help dialog[open]') !== null`);
  await page.goto('about:blank');
  // That the page itself did not come from the network is no fault.
  expect(page.errors.splice(before).filter((error) => !/ERR_CONNECTION_REFUSED/.test(error))).toEqual([]);
});

test('no error reached the console', () => {
  expect(page.errors.join('\n')).toBe('');
});
