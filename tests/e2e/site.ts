/** The built page, served and opened afresh for each test of a file. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { serve } from '../../tools/lib/serve.mjs';
import { type Page, openPage } from './driver.ts';

/** Registers what each test of the calling file begins with: the page at 1440 × 900, and what it is told of it. */
export function openForEachTest(tell: (page: Page, url: string) => void): void {
  let page: Page;
  let server: Awaited<ReturnType<typeof serve>>;

  beforeAll(async () => {
    server = await serve(fileURLToPath(new URL('../../www/app/dist', import.meta.url)));
    page = await openPage();
    tell(page, server.url);
  }, 60_000);

  afterAll(async () => {
    await page?.close();
    await server?.stop();
  });

  beforeEach(async () => {
    await page.size(1440, 900);
    await page.goto('about:blank');
    await page.goto(server.url);
    await page.until(`document.documentElement.dataset.ready === 'yes'`);
  });
}
