// npm run screenshots: pictures of the built page for the README, in www/pictures/.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, SetupError, main } from './lib/run.mjs';
import { setUp } from './lib/setup.mjs';
import { buildCore, buildPage } from './lib/core.mjs';
import { chromeFlags, findBrowsers } from './lib/browsers.mjs';
import { serve } from './lib/serve.mjs';

const PICTURES = [
  { name: 'desktop', width: 1440, height: 900, hash: 'v=1&example=copy-on-write&t=5', dark: false },
  { name: 'desktop-dark', width: 1440, height: 900, hash: 'v=1&example=copy-on-write&t=5', dark: true },
  { name: 'phone', width: 390, height: 844, hash: 'v=1&example=copy-on-write&t=5', dark: false },
  { name: 'ls', width: 1440, height: 900, hash: 'v=1&example=ls&t=319', dark: false },
  { name: 'python3', width: 1440, height: 900, hash: 'v=1&example=python3_import&t=2300', dark: true, prepare: (page) => page.click('#dock-counters') },
  { name: 'compare', width: 1440, height: 900, hash: 'v=1&example=copy-on-write&t=2', dark: false, prepare: async (page) => {
    await page.keyboard.press('m');
    for (const to of [3, 4, 5]) {
      await page.click('[data-act=step]');
      await page.waitForSelector(`html[data-position="${to}"]`);
    }
    await page.click('.pf-ab button');
  } },
];

main(async () => {
  await setUp();
  await buildCore(['page']);
  await buildPage();
  const { chrome } = findBrowsers();
  if (!chrome) throw new SetupError('No Chrome or Chromium was found: install one, or set CHROME to its path.');
  const { chromium } = await import('playwright-core');
  const server = await serve(join(ROOT, 'www', 'app', 'dist'));
  const browser = await chromium.launch({ executablePath: chrome, args: chromeFlags });
  const folder = join(ROOT, 'www', 'pictures');
  mkdirSync(folder, { recursive: true });
  for (const { name, width, height, hash, dark, prepare } of PICTURES) {
    const page = await browser.newPage({ viewport: { width, height }, colorScheme: dark ? 'dark' : 'light' });
    page.on('console', (message) => message.type() === 'error' && console.log(message.text()));
    page.on('pageerror', (error) => console.log(String(error)));
    await page.goto(`${server.url}#${hash}`);
    await page.waitForSelector('html[data-ready]');
    await page.waitForFunction(() => document.querySelector('pf-memory')?.at && document.querySelector('#verdict:not(.running)'));
    await prepare?.(page);
    await page.waitForTimeout(600);
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: name === 'phone' && process.argv.includes('--full') });
    await page.close();
  }
  await browser.close();
  await server.stop();
});
