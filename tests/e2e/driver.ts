/** One interface over the two browsers: Chromium by Playwright, Firefox by Puppeteer. */
import { chromeFlags, findBrowsers } from '../../tools/lib/browsers.mjs';

export interface Page {
  goto(url: string): Promise<unknown>;
  click(selector: string): Promise<void>;
  type(selector: string, text: string): Promise<void>;
  press(key: string): Promise<void>;
  evaluate<R>(body: string): Promise<R>;
  /** Waits until an expression is true. */
  until(expression: string): Promise<void>;
  size(width: number, height: number): Promise<void>;
  errors: string[];
  close(): Promise<void>;
}

const PATIENCE = 20_000;

async function chromiumPage(executablePath: string): Promise<Page> {
  const { chromium } = await import('playwright-core');
  const browser = await chromium.launch({ executablePath, args: chromeFlags });
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => { if (message.type() === 'error') errors.push(message.text()); });
  return {
    errors,
    goto: (url) => page.goto(url),
    click: (selector) => page.click(selector),
    type: (selector, text) => page.fill(selector, text),
    press: (key) => page.keyboard.press(key),
    evaluate: (body) => page.evaluate(body),
    until: async (expression) => void (await page.waitForFunction(expression, undefined, { timeout: PATIENCE })),
    size: (width, height) => page.setViewportSize({ width, height }),
    close: () => browser.close(),
  };
}

async function firefoxPage(executablePath: string): Promise<Page> {
  const { launch } = await import('puppeteer-core');
  const browser = await launch({ browser: 'firefox', executablePath, headless: true });
  const page = await browser.newPage();
  await page.setViewport({ width: 1440, height: 900 });
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  return {
    errors,
    goto: (url) => page.goto(url),
    click: (selector) => page.click(selector),
    type: async (selector, text) => {
      await page.click(selector);
      await page.keyboard.type(text);
    },
    press: (key) => page.keyboard.press(key as 'Enter'),
    evaluate: (body) => page.evaluate(body) as Promise<never>,
    until: async (expression) => void (await page.waitForFunction(expression, { timeout: PATIENCE })),
    size: (width, height) => page.setViewport({ width, height }),
    close: () => browser.close(),
  };
}

/** The browser that PAGEFAULT_BROWSER names. */
export async function openPage(): Promise<Page> {
  const { chrome, firefox } = findBrowsers();
  if (process.env['PAGEFAULT_BROWSER'] === 'firefox') return firefoxPage(firefox!);
  return chromiumPage(chrome!);
}

/** What tests ask of a page all the time. */
export function sight(page: () => Page) {
  const quoted = (text: string) => JSON.stringify(text);
  return {
    text: (selector: string) => page().evaluate<string>(`document.querySelector(${quoted(selector)})?.textContent ?? ''`),
    count: (selector: string) => page().evaluate<number>(`document.querySelectorAll(${quoted(selector)}).length`),
    contains: (selector: string, words: string) => page().until(`(document.querySelector(${quoted(selector)})?.textContent ?? '').includes(${quoted(words)})`),
    /** Opens a text as a person would who has it on the clipboard. */
    paste: async (log: string, maps = '') => {
      await page().click('#open');
      await page().evaluate(`document.querySelector('#paste textarea[name=log]').value = ${quoted(log)}; document.querySelector('#paste textarea[name=maps]').value = ${quoted(maps)}`);
      await page().click('#paste .primary');
    },
    /** Drops files on the page. */
    drop: (files: readonly { readonly name: string; readonly content: string | readonly number[] }[], onto = 'main') =>
      page().evaluate<void>(`(() => {
        const data = new DataTransfer();
        for (const { name, content } of ${JSON.stringify(files)}) data.items.add(new File([typeof content === 'string' ? content : new Uint8Array(content)], name));
        document.querySelector(${quoted(onto)}).dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
      })()`),
  };
}
