/** What people have in hand, pasted and dropped, and what the verdict says of it; in a real browser. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Page, sight } from './driver.ts';
import { openForEachTest } from './site.ts';

let page: Page;
let server: { readonly url: string };
const { text, count, contains, paste, drop, tone, focused, readAs, act, at, script, rewrite, goTo } = sight(() => page);

const logFile = (name: string) => readFileSync(new URL(`../logs/${name}`, import.meta.url), 'utf8');
const MAPS = '558800000000-558800001000 r--p 00000000 08:01 1001 /usr/bin/demo\n558801000000-558801021000 rw-p 00000000 00:00 0 [heap]\n7ffd11100000-7ffd11121000 rw-p 00000000 00:00 0 [stack]\n';

openForEachTest((opened, url) => {
  page = opened;
  server = { url };
});

// Lines that are not strace's (C), fixed addresses without first maps (L), with what is to be said of them.
test.each([
  ['prompt-dollar.strace', '2 memory calls, 2 as on Linux', 'a command line'],
  ['elided.strace', '2 memory calls, 2 as on Linux', 'says that something was left out'],
  ['byte-order-mark.strace', '1 memory call, 1 as on Linux', ''],
  ['detached-by-ctrl-c.strace', '2 memory calls, 2 as on Linux', 'interrupted'],
  ['fixed-shadow.strace', '7 memory calls, 7 as on Linux', ''],
])('%s is read, and what was set aside is one click away', async (name, verdict, aside) => {
  await paste(logFile(name));
  await contains('#verdict', verdict);
  await tone('good');
  await expect.poll(() => page.evaluate('document.querySelector("#kind").value')).toBe('strace');
  await page.click('#verdict');
  await contains('pf-account', 'nothing was left out');
  if (aside) await contains('pf-account', aside);
});

test.each([['script', 'line 1: found'], ['strace', 'as on Linux'], ['maps', '']])('what was just typed is read as a %s if that is said, before it was read at all', async (kind, words) => {
  const log = '12:00:01 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7fb0000\n';
  await page.click('.cm-content');
  await page.press('Control+a');
  // Both in one task: there is no pause in which what was typed could be read.
  await page.evaluate(`(() => {
    const data = new DataTransfer();
    data.setData('text/plain', ${JSON.stringify(log)});
    document.querySelector('.cm-content').dispatchEvent(Object.defineProperty(new Event('paste', { bubbles: true, cancelable: true }), 'clipboardData', { value: data }));
    const menu = document.querySelector('#kind');
    menu.value = '${kind}';
    menu.dispatchEvent(new Event('change'));
  })()`);
  const rests = `document.documentElement.dataset.rests === 'yes' && !document.querySelector('#verdict').textContent.includes('Reading')`;
  await page.until(rests);
  expect(await script()).toBe(log);
  await contains('#verdict', words);
  expect(await page.evaluate(`document.querySelector('#kind').value`)).toBe(kind);
  // Longer than the pause behind typing: nothing comes after it.
  await page.evaluate('new Promise((done) => setTimeout(done, 700))');
  await page.until(rests);
  expect([await page.evaluate(`document.querySelector('#kind').value`), await script()]).toEqual([kind, log]);
});

test('recorded refusals that do not happen are differences, each with what would cause it', async () => {
  await paste(logFile('recorded-errors-excused.strace'));
  await contains('#verdict', '4 memory calls, 1 as on Linux');
  await tone('bad');
  await page.click('#verdict');
  await contains('pf-account', '3 places');
  await contains('pf-account', 'RLIMIT_AS');
  await contains('pf-account', 'RLIMIT_MEMLOCK');
  await page.until(`document.querySelectorAll('.cm-lintRange-error').length === 3`);
});

test('a 32-bit program is replayed, and not said to be as on Linux throughout', async () => {
  await paste(logFile('mmap2.strace'));
  await contains('#verdict', '32-bit');
  await tone('partly');
  await page.click('#verdict');
  await contains('pf-account', 'the layout of its address space is not modelled');
});

test('what was left out is reached, followed and closed by keyboard', async () => {
  await paste(`${logFile('unknown-constant.strace')}mprotect(0x7f11000100`);
  await contains('#verdict', 'not replayed');
  await tone('partly');
  await page.evaluate(`document.querySelector('#verdict').focus()`);
  await page.press('Enter');
  await contains('pf-account', 'Left out');
  await page.until(`document.activeElement?.id === 'pf-account-title'`);
  await page.press('Tab');
  await expect.poll(() => page.evaluate('document.activeElement.ariaLabel')).toBe('Close');
  for (let i = 0; i < 4 && !/^line \d+$/.test(await page.evaluate<string>('document.activeElement.textContent')); i++) await page.press('Tab');
  const line = Number(/^line (\d+)$/.exec(await page.evaluate<string>('document.activeElement.textContent'))![1]);
  await page.press('Enter');
  await page.until(`document.activeElement.classList.contains('cm-content')`);
  await expect.poll(() => page.evaluate(`[...document.querySelectorAll('.cm-line')].findIndex((line) => line.contains(getSelection().anchorNode)) + 1`)).toBe(line);
  await page.evaluate(`document.querySelector('.pf-account-head button').focus()`);
  await page.press('Escape');
  await page.until(`!document.querySelector('pf-account')`);
  await expect.poll(() => focused()).toBe('verdict');
});

test('a script of its own is told as expected here (fault 19)', async () => {
  await paste('a = mmap(NULL, 4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nmunmap(a, 4K) = 0x1000\n');
  await contains('#verdict', '0 of 1 as expected here');
  await tone('bad');
  await expect.poll(() => text('#verdict')).not.toContain('Linux');
  await paste('a = mmap(NULL, 4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n');
  await contains('#verdict', 'nothing was compared');
  await tone('plain');
});

test('of a text that cannot be read nothing can be run, and nothing of the one before is left (fault 8)', async () => {
  await act('run');
  await tone('good');
  await paste(logFile('unreadable-then-run.strace'));
  await contains('#verdict', '3 memory calls, 3 as on Linux');
  await readAs('script');
  await contains('#verdict', 'line 5: found');
  await tone('bad');
  // What the chip tells is drawn in a turn of its own.
  for (const name of ['start', 'back', 'step', 'over', 'run', 'play']) await expect.poll(() => page.evaluate(`document.querySelector('[data-act=${name}]').ariaDisabled`), { message: name }).toBe('true');
  await expect.poll(() => page.evaluate(`document.querySelector('#time [role=slider]').ariaValueMax`)).toBe('0');
  await expect.poll(() => page.evaluate(`document.querySelector('pf-memory').at`)).toBe(null);
  for (const left of ['.cm-content .result', '.cm-content .current-line', 'pf-space-table .body [role=row]']) await expect.poll(() => count(left), { message: left }).toBe(0);
  await page.press(']');
  await tone('bad');
  await contains('pf-account .pf-errors', 'line 5');
  await expect.poll(() => count('.cm-lintRange-error')).toBeGreaterThan(0);
  await page.click('pf-account .pf-errors .pf-line-link');
  await page.until(`document.activeElement.classList.contains('cm-content')`);
  await readAs('strace');
  await contains('#verdict', '3 memory calls, 3 as on Linux');
  await tone('good');
});

test('a verdict is of the text that stands there, also while it is typed (fault 9)', async () => {
  await act('run');
  await tone('good');
  await page.click('.cm-content');
  // Where it was clicked may be a comment, or a text within a call: there a letter is no mistake.
  await page.press('Control+Home');
  await page.evaluate(`(() => {
    window.told = [];
    new MutationObserver(() => window.told.push(document.querySelector('#verdict').textContent)).observe(document.querySelector('header'), { subtree: true, childList: true, characterData: true, attributes: true });
  })()`);
  await page.press('x');
  await tone('bad');
  const told = await page.evaluate<string[]>('window.told');
  expect(told.length).toBeGreaterThan(0);
  for (const words of told) expect(words).not.toContain('✓');
  await expect.poll(() => count('.cm-content .result')).toBe(0);
  await page.press('Backspace');
  await at(9, 9);
  await tone('good');
});

test('every mistake is listed and underlined, the first is told in the chip (fault 25, point 23)', async () => {
  await paste('mmpa(NULL, 4K)\na = mmap(NULL, 4K, PROT_RAED, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nmunmap(a 4K)\n');
  await contains('#verdict', 'mmpa');
  await contains('#verdict', 'errors');
  await expect.poll(() => count('pf-account .pf-errors .pf-row')).toBeGreaterThanOrEqual(3);
  await expect.poll(() => count('.cm-lintRange-error')).toBeGreaterThanOrEqual(3);
  await page.click('pf-account .pf-errors .pf-row:nth-child(3) button');
  await page.until(`document.activeElement.classList.contains('cm-content')`);
});

test('maps and smaps are seen as what they are, alone, with a prompt, dropped; the guess can be changed', async () => {
  await drop([{ name: 'anything.txt', content: logFile('maps-alone.maps') }], '.cm-content');
  await contains('#verdict', '5 areas, from maps');
  await expect.poll(() => page.evaluate('document.querySelector("#kind").value')).toBe('maps');
  await contains('.pf-audit', '1 line left out');
  await readAs('strace');
  await contains('pf-account .pf-errors', 'no call in it can be read');
  await expect.poll(() => page.evaluate(`document.querySelector('pf-memory').at`)).toBe(null);
  await readAs('maps');
  await contains('#verdict', '5 areas, from maps');
  await paste(logFile('maps-with-prompt.maps'));
  await contains('#verdict', '3 areas, from maps');
});

test('files dropped together: of one strace -ff, a log with its first maps', async () => {
  await drop([
    { name: 'log.802', content: 'munmap(0x7f1100010000, 4096)            = 0\n' },
    { name: 'log.801', content: 'execve("/bin/demo", ["demo"], 0x7ffd11112222 /* 9 vars */) = 0\nmmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f1100010000\nfork()                                  = 802\nmunmap(0x7f1100010000, 8192)            = 0\n' },
  ]);
  await contains('#verdict', '3 memory calls, 3 as on Linux');
  await contains('.toast', '2 files as one log');
  await page.click('#verdict');
  await contains('pf-account', 'each behind the call that made its process');
  await drop([{ name: 'maps', content: MAPS }, { name: 'log', content: 'brk(NULL)                               = 0x558801021000\n' }]);
  await contains('#verdict', '1 memory call, 1 as on Linux');
  await expect.poll(() => script()).toContain('@map 558801000000-558801021000');
});

test('two dumps: the first is shown, and which calls lead to the second is found', async () => {
  const first = readFileSync(new URL('../dumps/guards.smaps', import.meta.url), 'utf8');
  const start = /^([0-9a-f]+)-([0-9a-f]+) /m.exec(first)!;
  const [, ...others] = first.split(/(?=^[0-9a-f]+-[0-9a-f]+ )/m);
  await drop([{ name: 'before.smaps', content: first }, { name: 'after.smaps', content: others.join('') }]);
  await contains('pf-dump .pf-dump-diff .pf-sentence', 'They yield');
  await contains('pf-dump .pf-calls', `munmap(0x${start[1]}`);
  expect(await page.evaluate(`document.querySelector('pf-dump textarea').value`)).toBe(others.join(''));
  // It was asked for: it stands first.
  expect(await page.evaluate(`document.querySelector('pf-dump section').className`)).toBe('pf-dump-diff');
  await contains('.toast', 'before.smaps is shown; what changed from it to after.smaps');
});

test('of a dump the page says no more of costs than its text does', async () => {
  const smaps = readFileSync(new URL('../dumps/python3.smaps', import.meta.url), 'utf8');
  await drop([{ name: 'python3.smaps', content: smaps }]);
  await page.until(`document.querySelector('pf-memory').at?.processes[0]?.areas > 100`);
  await page.click('#pf-tab-area');
  await goTo('[heap]');
  await contains('pf-area .pf-maps-line', '[heap]');
  await page.until(`document.querySelector('pf-area .pf-costs') !== null`);
  const shown = await page.evaluate<string>(`document.querySelector('pf-area .pf-maps-line .pf-range').textContent`);
  const block = smaps.split(/(?=^[0-9a-f]+-[0-9a-f]+ )/m).find((one) => one.startsWith(shown))!;
  expect(await page.evaluate(`[...document.querySelectorAll('pf-area .pf-costs th')].find((th) => th.firstChild.textContent.trim() === 'Rss' || th.textContent.startsWith('Rss')).nextElementSibling.textContent.trim()`)).toBe(`${Number(/^Rss: +(\d+) kB/m.exec(block)![1]).toLocaleString('en')} KiB`);
  await page.click('#pf-tab-smaps');
  await contains('pf-smaps', shown);
  // Nothing counted by this machine stands beside it.
  await page.until(`[...document.querySelectorAll('.pf-lane-words')].every((one) => !/rss|fault/.test(one.getAttribute('aria-label')))`);
  await drop([{ name: 'maps', content: smaps.split('\n').filter((line) => /^[0-9a-f]+-/.test(line)).join('\n') }]);
  await page.until(`document.querySelector('#kind').value === 'maps' && document.querySelector('pf-memory').at !== null`);
  await contains('pf-smaps', 'tells areas only');
});

test('what is no text is refused in a sentence, and the text stays', async () => {
  await act('run');
  await tone('good');
  const before = await script();
  await drop([{ name: 'shot.png', content: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0] }], '.cm-content');
  await contains('.toast', 'shot.png is a picture, not text. Nothing was changed.');
  await expect.poll(() => script()).toBe(before);
  await tone('good');
  const utf16 = [...'\ufeffbrk(NULL)                               = 0x558801021000\r\n'].flatMap((c) => [c.charCodeAt(0) & 255, c.charCodeAt(0) >> 8]);
  await drop([{ name: 'log.txt', content: utf16 }]);
  await contains('#verdict', '1 memory call, 1 as on Linux');
});

test('a folder is said to be one, and a blank file blank; the text stays', async () => {
  const before = await script();
  // As browsers give a folder: a file that cannot be read.
  await page.evaluate(`(() => {
    const folder = Object.defineProperty(new File([''], 'logs'), 'arrayBuffer', { value: () => Promise.reject(new DOMException('A requested file or directory could not be found', 'NotFoundError')) });
    const data = { types: ['Files'], files: [folder], dropEffect: '' };
    document.querySelector('main').dispatchEvent(Object.defineProperty(new Event('drop', { bubbles: true, cancelable: true }), 'dataTransfer', { value: data }));
  })()`);
  await contains('.toast', 'logs cannot be read: it is a folder');
  await drop([{ name: 'blank.txt', content: ' \n\n' }]);
  await contains('.toast', 'blank.txt is empty. Nothing was changed.');
  await expect.poll(() => script()).toBe(before);
});

test('a long text is run in slices, with progress, and can be stopped and gone on with (fault 15)', async () => {
  await page.click('#open');
  await page.until(`document.querySelector('pf-open dialog[open] textarea[name=text]') !== null`);
  await page.evaluate(`document.querySelector('pf-open textarea[name=text]').value = 'a = mmap(NULL, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\\n' + 'mprotect(a, 4K, PROT_READ) = 0\\nmprotect(a, 4K, PROT_READ|PROT_WRITE) = 0\\n'.repeat(30000)`);
  const seen = page.evaluate<string>(`new Promise((resolve) => {
    const look = () => {
      const cancel = document.getElementById('cancel');
      if (!cancel || !/^step [1-9]/.test(document.getElementById('progress-text').textContent)) return requestAnimationFrame(look);
      const words = document.getElementById('progress-text').textContent;
      cancel.click();
      resolve(words);
    };
    look();
  })`);
  await page.click('pf-open .actions .primary');
  expect(await seen).toMatch(/^step [\d,]+ of 60,001$/);
  await contains('#verdict', 'so far');
  await tone('plain');
  await act('run');
  await contains('#verdict', '60000 of 60000 as expected here');
  await tone('good');
});

test('ten thousand calls put into the editor are run to their end by a key pressed at once', async () => {
  await rewrite(`a = mmap(NULL, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n${'mprotect(a, 4K, PROT_READ) = 0\nmprotect(a, 4K, PROT_READ|PROT_WRITE) = 0\n'.repeat(5000)}`);
  await page.evaluate('document.activeElement.blur()');
  await page.press('Alt+End');
  await at(10_001, 10_001);
  await contains('#verdict', '10000 of 10000 as expected here');
  await tone('good');
  // And from its end to its start and back, by the buttons.
  await act('start');
  await at(0);
  await act('run');
  await at(10_001);
});

test('reading is stopped too: the text stays, and can be read again', async () => {
  await page.click('#open');
  await page.until(`document.querySelector('pf-open dialog[open] textarea[name=text]') !== null`);
  await page.evaluate(`document.querySelector('pf-open textarea[name=text]').value = '1 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000\\n' + '1 mprotect(0x7f0000000000, 8192, PROT_READ) = 0\\n'.repeat(150000)`);
  const stopped = page.evaluate(`new Promise((resolve) => {
    const look = () => {
      const cancel = document.getElementById('cancel');
      if (!cancel || !document.getElementById('progress-text').textContent.startsWith('reading')) return requestAnimationFrame(look);
      cancel.click();
      resolve();
    };
    look();
  })`);
  await page.click('pf-open .actions .primary');
  await stopped;
  await contains('#verdict', 'reading was stopped');
  expect(await page.evaluate(`document.querySelector('pf-memory').at`)).toBe(null);
  expect((await script()).length).toBeGreaterThan(1_000_000);
  await rewrite('a = mmap(NULL, 4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n');
  await at(0, 1);
});

test('equal calls are a list, each one click away', async () => {
  await act('run');
  await tone('good');
  await page.click('#verdict');
  await page.click('pf-account .equal details summary');
  await contains('pf-account .equal .pf-row', 'mmap');
  await page.click('pf-account .equal .pf-row button');
  await at(1);
});

test('the recipe is there to be copied', async () => {
  await page.click('#open');
  await page.click('pf-open details summary');
  await contains('pf-open', 'strace -f -e trace=%memory,%process,openat,close -o log.txt PROGRAM');
  await contains('pf-open', 'cat /proc/PID/smaps');
  await page.click('pf-open pf-command button');
  await page.until(`/Copied|Selected/.test(document.querySelector('pf-open pf-command [role=status]').textContent)`);
});

test('a link keeps what a text was said to be', async () => {
  await paste(logFile('unreadable-then-run.strace'));
  await readAs('script');
  await contains('#verdict', 'line 5');
  await page.click('#share');
  await page.until(`location.hash.includes('as=script')`);
  const hash = await page.evaluate<string>('location.hash');
  await page.goto('about:blank');
  await page.goto(server.url + hash);
  await contains('#verdict', 'line 5');
});

test.each([[1440, 900], [1024, 700], [390, 844]])('at %i × %i the account and a long verdict fit the screen', async (width, height) => {
  await page.size(width, height);
  await paste(`${logFile('recorded-errors-excused.strace')}mmap(NULL, 8192, PROT_FOO, MAP_PRIVATE, 3, 0) = 0x7f2200020000\nmunmap(0x9900000`);
  await contains('#verdict', 'not replayed');
  await page.click('#verdict');
  await contains('pf-account', '3 places');
  await expect.poll(() => page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
  await expect.poll(() => page.evaluate<number>(`Math.max(...[...document.querySelectorAll('header > *, pf-account, .pf-account-lists > *')].map((part) => part.getBoundingClientRect().right))`)).toBeLessThanOrEqual(width);
});

test('no error reached the console', () => {
  expect(page.errors.join('\n')).toBe('');
});
