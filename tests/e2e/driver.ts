/** One interface over the two browsers: Chromium by Playwright, Firefox by Puppeteer. */
import { chromeFlags, findBrowsers } from '../../tools/lib/browsers.mjs';

export interface Media {
  readonly colorScheme?: 'light' | 'dark';
  readonly reducedMotion?: boolean;
  readonly forcedColors?: boolean;
  readonly moreContrast?: boolean;
}

export interface Page {
  readonly browser: 'chromium' | 'firefox';
  goto(url: string): Promise<unknown>;
  reload(): Promise<unknown>;
  click(selector: string): Promise<void>;
  /** Replaces what stands in a field. */
  type(selector: string, text: string): Promise<void>;
  /** Types into what has the focus. */
  write(text: string): Promise<void>;
  /** `Control+Shift+p`, `ArrowLeft`, `?`. */
  press(keys: string): Promise<void>;
  move(x: number, y: number): Promise<void>;
  /** Clicks, doubly if wanted, at a place in the window. */
  clickAt(x: number, y: number, times?: 1 | 2): Promise<void>;
  drag(from: readonly [number, number], to: readonly [number, number], key?: 'Shift'): Promise<void>;
  wheel(x: number, y: number, by: number, key?: 'Control'): Promise<void>;
  /** Two fingers around a place, one above the other: from and to how far from each other. */
  pinch(x: number, y: number, from: number, to: number): Promise<void>;
  evaluate<R>(body: string): Promise<R>;
  /** Waits until an expression is true. What it asks of may not be there yet: then it is not true yet. */
  until(expression: string): Promise<void>;
  size(width: number, height: number): Promise<void>;
  /** Asks as a system with these settings would; only where `canMedia`. Without a setting: as usual. */
  media(media: Media): Promise<void>;
  readonly canMedia: boolean;
  /** Runs a script in every document that is opened from now on, before its own. Returns how to stop. */
  before(script: string): Promise<() => Promise<void>>;
  /** Another tab of the same browser, with the same storage. */
  tab(): Promise<Page>;
  /** Addresses that were asked for. */
  readonly requests: string[];
  readonly errors: string[];
  close(): Promise<void>;
}

/** How many times slower the processor is made, in Chromium, and that much of a slow line. */
export const SLOWER = Number(process.env['PAGEFAULT_SLOWER'] ?? 1);
const PATIENCE = Number(process.env['PAGEFAULT_PATIENCE'] ?? 20_000) * SLOWER;
/**
 * What has its turn to be drawn, or its frame, is waited for before the page is asked or touched, but no longer than this, in ms:
 * where it is drawn all the time, or not at all because another tab is in front, it is as it is.
 */
const DRAWING = 1000;
const DRAWN = `new Promise((done) => {
  const end = Date.now() + ${DRAWING};
  const look = () => document.documentElement?.hasAttribute('data-drawing') && Date.now() < end ? setTimeout(look, 4) : done();
  look();
})`;
/** Between two questions whether something is true yet. */
const POLL = 10;
/** The window as it is at first. */
const DESK = { width: 1440, height: 900 };
/** Between where a drag, or a pinch, begins and ends. */
const STEPS = 6;

/** Where two fingers are, from where they go down to where they are taken away. */
const fingers = (x: number, y: number, from: number, to: number) => Array.from({ length: STEPS + 1 }, (_, i) => (from + ((to - from) * i) / STEPS) / 2).map((half) => [{ x, y: y - half }, { x, y: y + half }] as const);

type Chromium = import('playwright-core').Page;
type Firefox = import('puppeteer-core').Page;

/** `Control++` has the plus key at its end. */
const parts = (keys: string): string[] => (keys === '+' ? ['+'] : keys.endsWith('++') ? [...keys.slice(0, -2).split('+'), '+'] : keys.split('+'));

const orNotYet = (expression: string) => `(() => { try { return Boolean(${expression}); } catch { return false; } })()`;

/** What is called alike in both. */
interface Alike {
  goto(url: string): Promise<unknown>;
  reload(): Promise<unknown>;
  readonly keyboard: { type(text: string): Promise<void>; down(key: string): Promise<void>; up(key: string): Promise<void> };
  readonly mouse: { move(x: number, y: number, how?: { steps: number }): Promise<void>; down(): Promise<void>; up(): Promise<void> };
  evaluate(body: string): Promise<unknown>;
}

/** What is done alike in both. `turn`: the wheel, where the pointer is. */
function alike(page: Alike, turn: (by: number) => Promise<void>) {
  const { keyboard, mouse } = page;
  // Between two documents nothing is drawn that could be waited for.
  const drawn = (): Promise<unknown> => page.evaluate(DRAWN).catch(() => undefined);
  const holding = async (key: string | undefined, then: () => Promise<void>) => {
    if (key) await keyboard.down(key);
    await then();
    if (key) await keyboard.up(key);
  };
  return {
    errors: [] as string[], requests: [] as string[],
    goto: (url) => page.goto(url),
    reload: () => page.reload(),
    write: (text) => keyboard.type(text),
    drawn,
    evaluate: async <R>(body: string) => {
      await drawn();
      return (await page.evaluate(body)) as R;
    },
    move: async (x, y) => {
      await drawn();
      await mouse.move(x, y);
    },
    drag: (from, to, key) => holding(key, async () => {
      await drawn();
      await mouse.move(...from);
      await mouse.down();
      await mouse.move(...to, { steps: STEPS });
      await mouse.up();
    }),
    wheel: async (x, y, by, key) => {
      await drawn();
      await mouse.move(x, y);
      await holding(key, () => turn(by));
    },
  } satisfies Partial<Page> & { drawn: () => Promise<unknown> };
}

/** The debugger is asked: it is above the policy of a page that forbids to evaluate text, and what it asks is no error of the page. */
async function asked(page: Chromium, session: import('playwright-core').CDPSession, expression: string): Promise<void> {
  const end = Date.now() + PATIENCE;
  let why = '';
  while (Date.now() < end) {
    try {
      const { result, exceptionDetails } = await session.send('Runtime.evaluate', { expression: `Boolean(${expression})`, returnByValue: true });
      if (!exceptionDetails && result.value === true) return;
      why = exceptionDetails?.exception?.description ?? '';
    } catch (error) {
      // Between two documents there is nobody to ask.
      why = String(error);
    }
    await page.waitForTimeout(POLL);
  }
  throw new Error(`never true: ${expression}${why && `\n${why}`}`);
}

/** As on a slow machine: what a test takes for granted too early shows. */
async function slow(page: Chromium): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });
}

function chromiumTab(page: Chromium, close: () => Promise<void>): Page {
  const same = alike(page, (by) => page.mouse.wheel(0, by));
  const { errors, requests } = same;
  let session: ReturnType<ReturnType<Chromium['context']>['newCDPSession']> | undefined;
  const debug = () => (session ??= page.context().newCDPSession(page));
  page.on('pageerror', (error) => errors.push(error.stack ?? String(error)));
  // A document that is no page has no icon of its own.
  page.on('console', (message) => { if (message.type() === 'error' && !message.location().url.endsWith('/favicon.ico')) errors.push(message.text()); });
  page.on('request', (request) => requests.push(request.url()));
  return {
    ...same, browser: 'chromium', canMedia: true,
    click: async (selector) => {
      await same.drawn();
      await page.click(selector, { timeout: PATIENCE });
    },
    type: (selector, text) => page.fill(selector, text, { timeout: PATIENCE }),
    press: (keys) => page.keyboard.press(keys),
    clickAt: async (x, y, times = 1) => {
      await same.drawn();
      await page.mouse.click(x, y, { clickCount: times });
    },
    until: async (expression) => asked(page, await debug(), expression),
    pinch: async (...where) => {
      const touch = async (type: 'touchStart' | 'touchMove' | 'touchEnd', both: readonly { x: number; y: number }[]) => void (await (await debug()).send('Input.dispatchTouchEvent', { type, touchPoints: both.map((one, id) => ({ ...one, id })) }));
      const [down, ...moves] = fingers(...where);
      await touch('touchStart', down!);
      for (const both of moves) await touch('touchMove', both);
      await touch('touchEnd', []);
    },
    size: (width, height) => page.setViewportSize({ width, height }),
    media: ({ colorScheme, reducedMotion, forcedColors, moreContrast }) => page.emulateMedia({ colorScheme: colorScheme ?? null, reducedMotion: reducedMotion ? 'reduce' : null, forcedColors: forcedColors ? 'active' : null, contrast: moreContrast ? 'more' : null }),
    before: async (script) => {
      const added = await page.addInitScript(script);
      return () => added.dispose();
    },
    tab: async () => {
      const other = await page.context().newPage();
      return chromiumTab(other, () => other.close());
    },
    close,
  };
}

function firefoxTab(page: Firefox, close: () => Promise<void>): Page {
  const same = alike(page, (by) => page.mouse.wheel({ deltaY: by }));
  const { errors, requests } = same;
  // A load that ends with its document, because the next one is opened, is no fault of the page.
  let isLeaving = false;
  const leave = async (how: () => Promise<unknown>) => {
    isLeaving = true;
    try {
      return await how();
    } finally {
      isLeaving = false;
    }
  };
  const hasEnded = (error: string) => error.includes('A ServiceWorker intercepted the request') || (isLeaving && error.includes('error loading dynamically imported module'));
  page.on('pageerror', (error) => { if (!hasEnded(String(error))) errors.push(String(error)); });
  page.on('request', (request) => requests.push(request.url()));
  const press = async (keys: string) => {
    const all = parts(keys) as 'Enter'[];
    for (const key of all.slice(0, -1)) await page.keyboard.down(key);
    await page.keyboard.press(all.at(-1)!);
    for (const key of all.slice(0, -1).reverse()) await page.keyboard.up(key);
  };
  return {
    ...same, browser: 'firefox', canMedia: false,
    goto: (url) => leave(() => page.goto(url)),
    reload: () => leave(() => page.reload()),
    click: async (selector) => {
      await same.drawn();
      // As the other driver does: a button that cannot be pressed yet is waited for.
      await page.waitForFunction(orNotYet(`document.querySelector(${JSON.stringify(selector)}).matches(':not(:disabled, [aria-disabled=true])')`), { timeout: PATIENCE });
      await page.click(selector);
    },
    type: async (selector, text) => {
      await page.waitForSelector(selector, { timeout: PATIENCE });
      await page.evaluate(`(() => { const field = document.querySelector(${JSON.stringify(selector)}); field.focus(); field.select(); })()`);
      if (text === '') await page.keyboard.press('Delete');
      else await page.keyboard.type(text);
    },
    press,
    clickAt: async (x, y, times = 1) => {
      await same.drawn();
      await page.mouse.click(x, y, { count: times });
    },
    pinch: async (...where) => {
      const [down, ...moves] = fingers(...where);
      const touches = [await page.touchscreen.touchStart(down![0].x, down![0].y), await page.touchscreen.touchStart(down![1].x, down![1].y)];
      for (const both of moves) for (const [i, touch] of touches.entries()) await touch.move(both[i]!.x, both[i]!.y);
      for (const touch of touches) await touch.end();
    },
    until: async (expression) => void (await page.waitForFunction(orNotYet(expression), { timeout: PATIENCE })),
    size: (width, height) => page.setViewport({ width, height }),
    media: () => Promise.reject(new Error('not in this browser')),
    before: async (script) => {
      const { identifier } = await page.evaluateOnNewDocument(script);
      return () => page.removeScriptToEvaluateOnNewDocument(identifier);
    },
    tab: async () => {
      const other = await page.browser().newPage();
      await other.setViewport(DESK);
      return firefoxTab(other, () => other.close());
    },
    close,
  };
}

/** The browser that PAGEFAULT_BROWSER names. */
export async function openPage(): Promise<Page> {
  const { chrome, firefox } = findBrowsers();
  if (process.env['PAGEFAULT_BROWSER'] === 'firefox') {
    const { launch } = await import('puppeteer-core');
    const browser = await launch({ browser: 'firefox', executablePath: firefox!, headless: true });
    const page = await browser.newPage();
    await page.setViewport(DESK);
    return firefoxTab(page, () => browser.close());
  }
  const { chromium } = await import('playwright-core');
  const browser = await chromium.launch({ executablePath: chrome!, args: chromeFlags });
  const page = await (await browser.newContext({ viewport: DESK, acceptDownloads: true })).newPage();
  if (SLOWER > 1) await slow(page);
  return chromiumTab(page, () => browser.close());
}

/** Which browser the tests run in: some settings only one of them can be asked for. */
export const isChromium = process.env['PAGEFAULT_BROWSER'] !== 'firefox';

/** Keeps every worker that the page makes, so that a test can answer in its place. */
export const WATCH_WORKERS = `(() => {
  const Real = Worker;
  window.workers = [];
  window.Worker = class extends Real { constructor(...given) { super(...given); window.workers.push(this); } };
})()`;

export interface DroppedFile {
  readonly name: string;
  readonly content: string | readonly number[];
}

/** What tests ask of a page all the time, and what people do all the time. */
export function sight(page: () => Page) {
  const quoted = (text: string) => JSON.stringify(text);
  const one = (selector: string) => `document.querySelector(${quoted(selector)})`;
  const evaluate = <R>(body: string) => page().evaluate<R>(body);
  const until = (expression: string) => page().until(expression);
  const contains = (selector: string, words: string) => until(`(${one(selector)}?.textContent ?? '').includes(${quoted(words)})`);
  return {
    text: (selector: string) => evaluate<string>(`${one(selector)}?.textContent ?? ''`),
    count: (selector: string) => evaluate<number>(`document.querySelectorAll(${quoted(selector)}).length`),
    contains,
    /** The text in the editor, all of it. */
    script: () => evaluate<string>(`${one('pf-editor')}.text`),
    position: () => evaluate<number>('Number(document.documentElement.dataset.position)'),
    /** Waits until the text that was opened stands where it is shown, past its end and back; that position. */
    rest: async () => {
      await until(`document.documentElement.dataset.rests === 'yes'`);
      return evaluate<number>('Number(document.documentElement.dataset.position)');
    },
    /** Waits for a position, and for as many steps as the text should have. */
    at: (position: number, length?: number) => until(`document.documentElement.dataset.position === '${position}' && ${one('#time [role=slider]')}?.ariaValueNow === '${position}'${length === undefined ? '' : ` && ${one('#time [role=slider]')}.ariaValueMax === '${length}'`}`),
    /** A button of time: `step`, `back`, `run` … */
    act: (name: string) => page().click(`[data-act=${name}]`),
    tone: (name: string) => until(`${one('#verdict')}?.classList.contains(${quoted(name)})`),
    focused: () => evaluate<string>('document.activeElement?.id ?? ""'),
    example: async (id: string) => {
      await evaluate(`(() => { const menu = ${one('#examples')}; window.was = ${one('pf-editor')}.text; menu.value = ${quoted(id)}; menu.dispatchEvent(new Event('change')); })()`);
      await until(`${one('pf-editor')}.text !== window.was`);
      await evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))');
      await until(`${one('#verdict:not(.running)')} !== null && !${one('#verdict')}.textContent.includes('Reading') && ${one('pf-memory')}.at !== null && document.documentElement.dataset.rests === 'yes'`);
    },
    readAs: (kind: string) => evaluate<void>(`(() => { const menu = ${one('#kind')}; menu.value = ${quoted(kind)}; menu.dispatchEvent(new Event('change')); })()`),
    /** Opens a text as a person would who has it on the clipboard. */
    paste: async (log: string, maps = '') => {
      await page().click('#open');
      await until(`${one('pf-open dialog[open] textarea[name=text]')} !== null`);
      await evaluate(`window.was = ${one('pf-editor')}.text; ${one('pf-open textarea[name=text]')}.value = ${quoted(log)}; ${one('pf-open textarea[name=maps]')}.value = ${quoted(maps)}`);
      await page().click('pf-open .actions .primary');
      await until(`!${one('pf-open dialog[open]')}`);
      // What is told after this is told of this text, not of the one before.
      await until(`(${one('pf-editor')}.text !== window.was || window.was === ${quoted(log)} || document.documentElement.dataset.rests === 'no') && !document.documentElement.hasAttribute('data-drawing')`);
    },
    /** Drops files on the page. */
    drop: (files: readonly DroppedFile[], onto = 'main') =>
      evaluate<void>(`(() => {
        const data = new DataTransfer();
        for (const { name, content } of ${JSON.stringify(files)}) data.items.add(new File([typeof content === 'string' ? content : new Uint8Array(content)], name));
        document.querySelector(${quoted(onto)}).dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
      })()`),
    /** Puts a text into the editor in place of all of it, as from the clipboard. */
    rewrite: async (text: string) => {
      await page().click('.cm-content');
      await page().press('Control+a');
      await evaluate(`(() => {
        const data = new DataTransfer();
        data.setData('text/plain', ${quoted(text)});
        // Not every browser lets a script make a ClipboardEvent with something in it.
        document.querySelector('.cm-content').dispatchEvent(Object.defineProperty(new Event('paste', { bubbles: true, cancelable: true }), 'clipboardData', { value: data }));
      })()`);
    },
    /** Runs a line on the console. */
    command: async (line: string) => {
      await page().type('pf-console input', line);
      await page().press('Enter');
    },
    /** To an address or a name in the picture, by its own key. */
    goTo: async (where: string) => {
      await evaluate(`${one('pf-space canvas')}.focus()`);
      await page().press('g');
      await until(`${one('.pf-goto input')} !== null`);
      await page().type('.pf-goto input', where);
      await page().press('Enter');
    },
    /** The pages in sight at an address, of all processes: what they are, and in which frame. */
    cells: (addr: string) => evaluate<{ pid: number; kind: number; bits: number; pfn: number }[]>(`(${one('pf-memory').concat('.at?.lanes ?? []')}).flatMap(({ pid, cells }) => cells.flatMap((run) => {
      const i = ${Number.parseInt(addr, 16) / 4096} - run.page;
      return run.cells[i] === undefined ? [] : [{ pid, kind: run.cells[i] & 15, bits: run.cells[i] & 0xf0, pfn: run.pfn[i] }];
    }))`),
    /** Lines of the table beside the picture. */
    rows: () => evaluate<string[]>(`[...document.querySelectorAll('pf-space-table .body [role=row]')].map((row) => [...row.children].map((cell) => cell.textContent).join(' '))`),
    /** Every process that is drawn. */
    drawn: () => evaluate<number[]>(`(${one('pf-memory')}.at?.lanes ?? []).map(({ pid }) => pid)`),
    /** Waits for two frames: what was drawn is there. */
    drawnTwice: () => evaluate<void>('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))'),
  };
}
