/** The built page, served and opened afresh for each test of a file. */
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { serve } from '../../tools/lib/serve.mjs';
import { type Page, SLOWER, openPage } from './driver.ts';

/** Where the built page lies. */
export const DIST = fileURLToPath(new URL('../../www/app/dist', import.meta.url));

/** The page is there, and its editor can be typed into. */
export const IS_READY = `document.documentElement.dataset.ready === 'yes' && document.querySelector('.cm-content') !== null && document.querySelector('#verdict:not(.running)') !== null && document.querySelector('pf-memory').at !== null`;

/** The text rests, and the buttons of time say so: elements are drawn one after the other. */
const CAN_STEP = `document.documentElement.dataset.rests === 'yes' && document.querySelector('#time [data-act=step]').ariaDisabled === 'false'`;

/** Opens the page as somebody does who was never there. */
export async function openFresh(page: Page, url: string): Promise<void> {
  // Any plain file of the same site will do to forget what is kept.
  await page.goto(`${url}assets/${readdirSync(`${DIST}/assets`).find((name) => name.endsWith('.css'))}`);
  await page.evaluate('localStorage.clear(); sessionStorage.clear()');
  await page.goto(url);
  await page.until(`${IS_READY} && ${CAN_STEP}`);
}

/** Registers what each test of the calling file begins with: the page at 1440 × 900, and what it is told of it. */
export function openForEachTest(tell: (page: Page, url: string) => void): void {
  let page: Page;
  let server: Awaited<ReturnType<typeof serve>>;

  beforeAll(async () => {
    if (!existsSync(DIST)) throw new Error('the page is not built: npm run build');
    server = await serve(DIST, { delay: 50 * (SLOWER - 1) });
    page = await openPage();
    tell(page, server.url);
  }, 60_000);

  afterAll(async () => {
    await page?.close();
    await server?.stop();
  });

  beforeEach(async () => {
    await page.size(1440, 900);
    await openFresh(page, server.url);
  });
}
