/** What a fresh reader stumbles on: words, places that are told apart, what is pasted, room on a phone. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Page, sight } from './driver.ts';
import { DIST, openForEachTest } from './site.ts';

let page: Page;
const { text, count, contains, paste, at, act, command, script, drawnTwice, goTo, example, rest } = sight(() => page);

openForEachTest((opened) => {
  page = opened;
});

/** As soon as it is there. */
const click = async (selector: string) => {
  await page.until(`document.querySelector(${JSON.stringify(selector)}) !== null`);
  await page.evaluate<void>(`document.querySelector(${JSON.stringify(selector)})?.click()`);
};
const isTold = (words: string) => page.until(`document.querySelector('#pf-tip')?.matches(':popover-open') && document.querySelector('#pf-tip').textContent.includes(${JSON.stringify(words)})`);
const isSilent = () => page.until(`!document.querySelector('#pf-tip').matches(':popover-open')`);
const stepTo = async (to: number) => {
  for (let step = 1; step <= to; step++) {
    await act('step');
    await at(step);
  }
};

/** Opens a text, and goes so many steps from its start. */
const pasteAndStep = async (given: string, to: number) => {
  await paste(given);
  await act('start');
  await at(0);
  await stepTo(to);
};

test('a word is explained when it is pointed at, when it has the focus, after a tap; Esc closes it', async () => {
  await stepTo(2);
  const word = '.pf-numbers [data-term=rss]';
  await page.until(`document.querySelector('#pf-tip') !== null && document.querySelector('${word}') !== null`);
  await page.evaluate(`document.querySelector('${word}').scrollIntoView({ block: 'center' })`);
  const box = await page.evaluate<{ x: number; y: number; width: number; height: number }>(`document.querySelector('${word}').getBoundingClientRect().toJSON()`);
  await page.move(box.x + box.width / 2, box.y + box.height / 2);
  await isTold('Resident set size');
  expect(await page.evaluate(`document.querySelector('${word}').getAttribute('aria-describedby')`)).toBe('pf-tip');
  // It can be pointed at without going away, and goes when the pointer leaves.
  const tip = await page.evaluate<{ x: number; y: number }>(`document.querySelector('#pf-tip').getBoundingClientRect().toJSON()`);
  await page.move(tip.x + 20, tip.y + 10);
  await drawnTwice();
  await isTold('Resident set size');
  await page.move(4, 4);
  await isSilent();
  // By keyboard: the Tab key comes to it.
  await page.evaluate(`document.querySelector('.pf-numbers [data-term=pf]').focus()`);
  await page.press('Tab');
  await page.until(`document.activeElement.dataset.term === 'rss'`);
  await isTold('Resident set size');
  await page.press('Escape');
  await isSilent();
  expect(await page.evaluate(`document.activeElement.dataset.term`)).toBe('rss');
  await page.press('Enter');
  await isTold('Resident set size');
});

test('all words are a list in the help, which the palette opens', async () => {
  await page.press('Control+k');
  await page.until(`document.querySelector('pf-palette dialog[open]') !== null`);
  await page.write('words mean');
  await page.press('Enter');
  await contains('pf-help .help-part', 'Virtual memory area');
  await page.type('pf-help input[type=search]', 'PTE');
  await contains('pf-help .help-part', 'Page table entry');
});

test('a child has its counters from the fork on', async () => {
  await stepTo(3);
  await contains('.pf-numbers', 'rss of the new process');
  expect(await text('.pf-numbers')).toMatch(/rss of the new process\s*–\s*→\s*8 KiB/);
});

/** A log whose second mapping was placed elsewhere than here. */
const ELSEWHERE = `execve("./demo", ["./demo"], 0x7ffd11112222 /* 9 vars */) = 0
brk(NULL) = 0x5601aa000000
mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f1100010000
mmap(NULL, 4096, PROT_READ, MAP_SHARED|MAP_ANONYMOUS, -1, 0) = 0x7f1100004000
mprotect(0x7f1100004000, 4096, PROT_READ|PROT_WRITE) = 0
mprotect(0x7f2200000000, 4096, PROT_READ) = 0
sendmsg(3, {msg_name=NULL}, 0) = 5
`;

test('addresses of a log that lie elsewhere here are told with both; what was not replayed is not "= ?"', async () => {
  await pasteAndStep(ELSEWHERE, 5);
  await contains('.pf-elsewhere', '0x7f1100004000 in the log, 0x7f110000f000 here');
  await contains('.cm-content', '0x7f110000f000 here');
});

test('a log tells no touches: where a page is absent that is said, and which call mapped it is found', async () => {
  await example('ls.strace');
  // It opens at a call that left memory, not at the maps that are compared before the end.
  await contains('.pf-call', 'mmap(NULL, 335872');
  const opened = await rest();
  await contains('pf-legend', 'A log tells no touches');
  for (const tab of ['frame', 'walk', 'bytes']) {
    await click(`#pf-tab-${tab}`);
    await contains(`pf-${tab} .pf-untouched`, 'not which pages it touched');
  }
  await goTo('7ffff7dcd000');
  await page.until(`document.querySelector('pf-memory').selected.addr === '7ffff7dcd000'`);
  await click('pf-bytes .pf-who-wrote button');
  await page.until(`Number(document.documentElement.dataset.position) < ${opened} && document.querySelector('.pf-call')?.textContent.includes('mmap(0x7ffff7dcd000, 1400832')`);
  // A recording with its faults tells them.
  await example('ls');
  await page.until(`document.querySelector('pf-legend') !== null && document.querySelector('.pf-untouched') === null`);
});

test('where nobody wrote, the way to the call that mapped it is said, and is there: also where nothing is mapped any more', async () => {
  await pasteAndStep('a = mmap(NULL, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nb = mmap(NULL, 4K, PROT_READ, MAP_SHARED|MAP_ANONYMOUS, -1, 0)\nmunmap(a, 16K)\ntouch_read(b)\n', 2);
  await goTo('7ffff7ff3000');
  await page.until(`document.querySelector('pf-memory').selected?.addr === '7ffff7ff3000'`);
  await act('who');
  await contains('.toast', 'A button in the details, under VMA, finds the call that mapped it.');
  await click('#pf-tab-area');
  await click('pf-area .pf-who-wrote button');
  await at(1);
  await act('run');
  await at(4);
  await page.evaluate(`document.querySelector('pf-memory').dispatchEvent(new CustomEvent('select', { detail: { pid: 1, addr: '7ffff7ff3000', pfn: null } }))`);
  await contains('pf-area', 'No area of process 1 covers 0x7ffff7ff3000');
  await click('pf-area .pf-who-wrote button');
  await at(3);
  await contains('.pf-call', 'munmap(');
});

/** Boxes whose words are wider than they are, of these. */
const cutOff = (selector: string) => page.evaluate<string[]>(`[...document.querySelectorAll(${JSON.stringify(selector)})].filter((one) => one.checkVisibility() && getComputedStyle(one).display !== 'inline' && one.scrollWidth > one.clientWidth + 1).map((one) => one.className + ': ' + one.textContent.trim().slice(0, 60))`);

test('at 1440 × 900 no words are cut: of the story, of maps, of the kinds of calls, of the true scale, of the console', async () => {
  await example('python3_import.strace');
  await page.evaluate(`location.hash = '#v=1&example=python3_import.strace&t=289'`);
  await at(289);
  await contains('.pf-sentence', '/opt/python');
  expect(await cutOff('pf-story *')).toEqual([]);
  // A kind of call is in its line as a whole, or not at all.
  const kinds = await page.evaluate<number[]>(`(() => { const line = document.querySelector('.pf-time-legend summary').getBoundingClientRect(); return [...document.querySelectorAll('.pf-time-legend .pf-key')].map((key) => key.getBoundingClientRect()).map((key) => key.top >= line.bottom ? 0 : key.bottom <= line.bottom + 1 && key.right <= line.right + 1 ? 1 : 2); })()`);
  expect(kinds).toContain(1);
  expect(kinds).not.toContain(2);
  await click('#pf-tab-maps');
  await page.until(`document.querySelector('pf-maps pf-rows') !== null`);
  await page.evaluate(`document.querySelector('pf-maps pf-rows').scrollTop = 1e6`);
  await contains('pf-maps', '[vsyscall]');
  expect(await page.evaluate<number>(`[...document.querySelectorAll('pf-maps .pf-area-line *')].filter((part) => part.textContent.trim() !== '' && part.getBoundingClientRect().right > part.closest('pf-rows').getBoundingClientRect().right).length`)).toBe(0);
  await example('copy-on-write');
  await page.evaluate(`document.querySelector('pf-space').change({ trueScale: true })`);
  await page.until(`document.querySelector('.pf-scale-note') !== null`);
  expect(await cutOff('.pf-crumbs, .pf-scale-note')).toEqual([]);
  expect(await page.evaluate<boolean>(`(() => { const input = document.querySelector('pf-console input'); const c = document.createElement('canvas').getContext('2d'); c.font = getComputedStyle(input).font; return c.measureText(input.placeholder).width <= input.clientWidth - 12; })()`)).toBe(true);
});

test('a sentence that is longer than its room can be scrolled to its end, and a shadow says that there is more, also where scroll bars are out of sight', async () => {
  await page.evaluate(`location.hash = '#v=1&example=split-and-merge&t=9'`);
  await at(9);
  const dock = `document.querySelector('.dock-body')`;
  await page.until(`${dock}.scrollHeight > ${dock}.clientHeight`);
  expect(await page.evaluate<string>(`getComputedStyle(${dock}).backgroundAttachment`)).toBe('local, scroll');
  await page.evaluate(`${dock}.scrollTop = 1e6`);
  await page.until(`document.querySelector('.pf-sentence').getBoundingClientRect().bottom <= innerHeight`);
});

test('memory that a log does not show is marked: in the picture, its legend, the table and the details', async () => {
  await pasteAndStep(ELSEWHERE, 6);
  await contains('pf-legend', 'assumed, not in the log');
  expect(await page.evaluate<string>(`document.querySelector('pf-space').svg()`)).toContain('≈ ');
  await page.until(`[...document.querySelectorAll('pf-space-table .body [role=row]')].some((row) => row.textContent.includes('7f2200000000') && row.textContent.includes('assumed'))`);
  expect(await page.evaluate<boolean>(`[...document.querySelectorAll('pf-space-table .body [role=row]')].some((row) => row.textContent.includes('7f1100010000') && row.textContent.includes('assumed'))`)).toBe(false);
  await click('#pf-tab-area');
  await contains('pf-area', 'The log does not show it being mapped');
});

test('a call that was left out says why', async () => {
  await pasteAndStep('execve("./demo", ["./demo"], 0x7ffd11112222 /* 9 vars */) = 0\nbrk(NULL) = 0x5601aa000000\nshmat(7, NULL, 0) = 0x7f1100010000\n', 3);
  await contains('.pf-call', 'not replayed: the log does not show its segment being made');
  expect(await text('.pf-call')).not.toContain('= ?');
});

test('of a run under other settings it is told where it went another way and what it could not run, and its lines can be hidden', async () => {
  await act('run');
  await at(9);
  await click('#dock-counters');
  await page.until(`document.querySelector('.pf-whatif') !== null`);
  await click('.pf-whatif summary');
  await page.type('.pf-whatif [name=mapCount]', '4');
  await click('.pf-run');
  await contains('.pf-went', 'Other than as written from step 1 (line 2): mmap = -1 ENOMEM');
  expect(await text('.pf-went')).toContain('It ran to the end, step 9.');
  expect(await text('.pf-went')).toMatch(/\d+ steps were not run: a call failed that they need\./);
  const lines = `[...document.querySelectorAll('pf-charts pf-picture')].filter((one) => one.picture.shapes.some(({ id }) => id === 'run:1')).length`;
  // Each chart has it, that of the proportional memory too.
  expect(await page.evaluate<number>(lines)).toBe(6);
  await click('.pf-runs li:nth-child(2) .pf-run-name');
  await page.until(`${lines} === 0`);
  expect(await page.evaluate(`document.querySelector('.pf-runs li:nth-child(2) .pf-run-name').ariaPressed`)).toBe('false');
});

test('a page whose last other mapper has gone is told from one that is shared', async () => {
  await pasteAndStep('a = mmap(NULL, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nstore(a, "hello")\nc = fork()\n[c] store(a, "jello")\nload(a)\n', 5);
  await contains('pf-legend', 'own again, still read-only');
  await contains('pf-walk .pf-would', 'Only this process maps it now; the next write makes the entry writable without a copy.');
  await click('#pf-tab-frame');
  await contains('pf-frame', 'Only this process maps it now; the next write makes the entry writable without a copy.');
  await act('back');
  await act('back');
  await at(3);
  await goTo('7ffff7ff3000');
  await contains('pf-frame', 'several processes still share');
});

test('no neighbour that is far away is a reason; where none adjoins, that is said', async () => {
  await pasteAndStep('a = mmap(0x20000000, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\ntouch_write(a, 2)\n', 1);
  await page.until(`document.querySelector('.pf-tree') !== null`);
  expect(await text('pf-story')).not.toContain('not merged');
  await stepFrom(1);
  await click('#pf-tab-area');
  await contains('pf-area', 'Nothing adjoins. The next area below:');
});

async function stepFrom(position: number): Promise<void> {
  await act('step');
  await at(position + 1);
}

test('a statement that needs what a failed call should have given is told as not run', async () => {
  await paste('a = mmap(NULL, 0, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nstore(a, 1)\nb = brk(0) != 0\nmunmap(a, 4K)\n');
  await contains('#verdict', '1 of 1 as expected here; 2 not run, as a call failed that they need');
  await rest();
  await act('start');
  await at(0);
  for (const to of [1, 2]) {
    await act('step');
    await at(to);
  }
  await contains('pf-story', '`a` is not bound: the call that should have bound it failed');
  expect(await text('pf-story')).not.toMatch(/has ended|process 0|MMU did it/);
  await contains('.cm-content', 'not run: `a` is not bound');
});

test('a refused line goes with the script that refused it', async () => {
  await command('store(nowhere, 1)');
  await page.until(`document.querySelector('pf-console .refused') !== null`);
  await drawnTwice();
  expect(await count('pf-console .refused')).toBe(1);
  await paste('a = mmap(NULL, 4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n');
  await page.until(`document.querySelector('pf-console .refused') === null && document.querySelector('pf-console input').value === ''`);
});

test('when its last process has ended, the minimap goes', async () => {
  await paste('a = mmap(NULL, 4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nexit(0)\n');
  await page.until(`document.querySelector('pf-minimap') !== null`);
  await act('run');
  await at(2);
  await page.until(`document.querySelector('pf-minimap') === null`);
  await act('back');
  await page.until(`document.querySelector('pf-minimap') !== null`);
});

test('when every process has ended that is said in the place of the picture, with a way back; no access is spoken of', async () => {
  await pasteAndStep('a = mmap(NULL, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nstore(a, "x")\nexit_group(0)\n', 2);
  await page.until(`document.querySelector('.memory .empty') === null`);
  await click('#pf-tab-area');
  await act('run');
  await at(3);
  await contains('.memory .empty', 'Every process has ended');
  await contains('pf-area', 'Process 1 has ended: it has no areas any more');
  expect(await text('pf-area')).not.toMatch(/SIGSEGV/);
  // It stands below the tools, which stay where they are.
  const [note, tools] = await page.evaluate<[number, number]>(`['.memory .empty', '.pf-space-bar'].map((one) => document.querySelector(one).getBoundingClientRect()).map(({ top, bottom }, i) => (i === 0 ? top : bottom))`);
  expect(note).toBeGreaterThanOrEqual(tools);
  await page.evaluate(`document.querySelector('.memory .empty button').focus()`);
  await page.press('Enter');
  await at(2);
  await page.until(`document.querySelector('.memory .empty') === null && document.activeElement?.dataset.act === 'back'`);
});

test('numbers stand beside their lines, with what is wrong told above them', async () => {
  const calls = Array.from({ length: 300 }, (_, i) => `brk(NULL) = ${i === 40 ? '0x5601bb000000' : '0x5601aa000000'}`);
  await paste(`execve("./demo", ["./demo"], 0x7ffd11112222 /* 9 vars */) = 0\n${calls.join('\n')}\n`);
  await page.until(`document.querySelector('#verdict.bad') !== null`);
  // On its way to where it is shown the page goes to lines by itself.
  await rest();
  const beside = () => page.evaluate<[number, number]>(`(() => {
    const tops = new Map([...document.querySelectorAll('.cm-line')].map((line) => [Math.round(line.getBoundingClientRect().top), line]));
    const numbers = [...document.querySelectorAll('.cm-lineNumbers .cm-gutterElement')].filter((one) => one.getBoundingClientRect().height > 0);
    return [numbers.length, numbers.filter((one) => !tops.has(Math.round(one.getBoundingClientRect().top))).length];
  })()`);
  // The mistake itself, then far below it.
  for (const line of [42, 300]) {
    await page.evaluate(`document.querySelector('pf-editor').reveal(${line}, 'center')`);
    await page.until(`[...document.querySelectorAll('.cm-lineNumbers .cm-gutterElement')].some((one) => one.textContent === '${line}' && one.getBoundingClientRect().height > 0)`);
    await expect.poll(async () => (await beside())[1]).toBe(0);
    expect((await beside())[0]).toBeLessThan(100);
    if (line === 42) await page.until(`document.querySelector('.cm-line .mistake') !== null`);
  }
});

test.each([[1440, 900], [1024, 700], [390, 844]])('at %i × %i a verdict that is too long for its room is cut in its sentences, not in the line where it differs', async (width, height) => {
  await page.size(width, height);
  const left = Array.from({ length: 30 }, (_, i) => `mprotect(0x7f110001${i.toString(16).padStart(2, '0')}00, 4096, PROT_OF_ANOTHER_KIND_${i}) = 0\n`).join('');
  await paste(`execve("./demo", ["./demo"], 0x7ffd11112222 /* 9 vars */) = 0\n${left}mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = -1 ENOMEM (Cannot allocate memory)\n`);
  await contains('#verdict', 'line 32, mmap: result should be -1 ENOMEM');
  await drawnTwice();
  // It is cut indeed, and where it differs is in sight as a whole.
  expect(await page.evaluate<boolean>(`[...document.querySelectorAll('#verdict > *')].some((part) => part.scrollWidth > part.clientWidth)`)).toBe(true);
  expect(await page.evaluate<string>(`(() => {
    const words = [...document.querySelectorAll('#verdict .where')].filter((part) => {
      const [one, all] = [part.getBoundingClientRect(), document.querySelector('#verdict').getBoundingClientRect()];
      return one.width > 20 && part.scrollWidth <= part.clientWidth && one.left >= all.left && one.right <= Math.min(all.right, innerWidth) && one.bottom <= all.bottom;
    });
    return words.map((part) => part.textContent).join();
  })()`)).toBe(' · line 32');
});

test('maps names what is in each area, where it can be seen', async () => {
  await example('ls');
  await click('#pf-tab-maps');
  await page.until(`[...document.querySelectorAll('pf-maps .pf-area-line')].some((line) => line.textContent.includes('libpcre2'))`);
  const hidden = await page.evaluate<string[]>(`[...document.querySelectorAll('pf-maps .pf-area-line')].flatMap((line) => {
    const { right } = line.closest('pf-rows').getBoundingClientRect();
    return [...line.querySelectorAll('*')].filter((part) => part.textContent.trim() !== '' && part.getBoundingClientRect().right > right).map((part) => part.textContent);
  })`);
  expect(hidden).toEqual([]);
});

test('what is pasted outside of any field is opened, and what it was taken for is said', async () => {
  const pasted = (onto: string, words: string) => page.evaluate<void>(`(() => {
    const data = new DataTransfer();
    data.setData('text/plain', ${JSON.stringify(words)});
    document.querySelector('${onto}').dispatchEvent(Object.defineProperty(new Event('paste', { bubbles: true, cancelable: true }), 'clipboardData', { value: data }));
  })()`);
  await pasted('body', readFileSync(new URL('../logs/excerpt-without-execve.strace', import.meta.url), 'utf8'));
  await contains('.toast', 'Taken for: strace log.');
  await page.until(`document.querySelector('#kind').value === 'strace'`);
  const before = await script();
  // A field has its own use for it.
  await pasted('pf-console input', 'munmap(0, 1)');
  await drawnTwice();
  expect(await script()).toBe(before);
  await pasted('pf-space canvas', 'a = mmap(NULL, 4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n');
  await contains('.toast', 'Taken for: script.');
});

test('a message covers no tool', async () => {
  await stepTo(2);
  await click('#dock-compare');
  await page.evaluate(`[...document.querySelectorAll('pf-time button')].find((button) => button.textContent.includes('Set A')).click()`);
  await page.until(`document.querySelector('.toast').matches(':popover-open')`);
  expect(await covered()).toEqual([]);
});

test('a message covers nothing of the story, nor of the picture', async () => {
  await stepTo(2);
  await page.press('m');
  await page.until(`document.querySelector('.toast').matches(':popover-open')`);
  expect(await page.evaluate<string[]>(`(() => {
    const toast = document.querySelector('.toast').getBoundingClientRect();
    return ['.dock', '.memory', 'pf-time', 'pf-inspector', 'pf-console'].filter((one) => {
      const box = document.querySelector(one).getBoundingClientRect();
      return box.right > toast.left && box.left < toast.right && box.bottom > toast.top && box.top < toast.bottom;
    });
  })()`)).toEqual([]);
});

test('rights stay in one piece wherever they stand, and what checks are is explained', async () => {
  await stepTo(1);
  for (const [width, height] of [[1440, 900], [1024, 700], [390, 844], [320, 640]] as const) {
    await page.size(width, height);
    await page.until(`document.querySelectorAll('pf-story .pf-perms-text').length >= 2`);
    expect(await page.evaluate<number[]>(`[...document.querySelectorAll('pf-story .pf-perms-text')].filter((one) => one.checkVisibility()).map((one) => one.getClientRects().length).filter((lines) => lines !== 1)`)).toEqual([]);
  }
  await page.size(1440, 900);
  const box = await page.evaluate<{ x: number; y: number; width: number; height: number }>(`document.querySelector('[data-term=checks]').getBoundingClientRect().toJSON()`);
  await page.move(box.x + box.width / 2, box.y + box.height / 2);
  await isTold('Each would have been a refusal');
  // Each heading of the story stands there once.
  expect(await page.evaluate<string[]>(`[...document.querySelectorAll('pf-story .pf-h')].map((head) => head.textContent.trim()).filter((name, at, all) => all.indexOf(name) !== at)`)).toEqual([]);
});

for (const [width, height] of [[390, 844], [320, 640]] as const) {
  test(`${width} × ${height}: the verdict has one place and one width, whatever it says`, async () => {
    await page.size(width, height);
    await page.evaluate<void>(`(() => {
      window.chips = new Set();
      const look = () => {
        const chip = document.querySelector('#verdict');
        const { x, y, width, height } = chip.getBoundingClientRect();
        window.chips.add([chip.classList.contains('running') ? 'running' : 'said', ...[x, y, width, height].map(Math.round)].join(' '));
        window.looking = requestAnimationFrame(look);
      };
      look();
    })()`);
    // Long enough for its progress to be seen.
    await paste(`a = mmap(NULL, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n${'store(a, 1)\n'.repeat(40_000)}munmap(a, 4K) = -1 EINVAL\n`);
    // A script opens at its end: from its start it runs once more.
    await at(40_002);
    await act('start');
    await at(0);
    await act('run');
    await at(40_002);
    await page.until(`document.querySelector('#verdict:not(.running)') !== null && [...window.chips].some((chip) => chip.startsWith('running'))`);
    const chips = await page.evaluate<string[]>('[...window.chips]');
    // An example has no menu beside it: what is compared is one's own text.
    const places = chips.filter((chip) => !chip.includes(` ${width - 16} `)).map((chip) => chip.replace(/^\w+ /, ''));
    expect(new Set(places).size, chips.join('; ')).toBeLessThanOrEqual(1);
    expect(new Set(chips.map((chip) => chip.split(' ')[4])).size, chips.join('; ')).toBe(1);
  });
}

/** Buttons and fields below the message. */
const covered = () => page.evaluate<string[]>(`(() => {
  const toast = document.querySelector('.toast').getBoundingClientRect();
  return [...document.querySelectorAll('button, select, input, [role=slider]')].filter((one) => {
    const box = one.getBoundingClientRect();
    return one.checkVisibility() && box.width > 1 && box.right > toast.left && box.left < toast.right && box.bottom > toast.top && box.top < toast.bottom;
  }).map((one) => one.outerHTML.slice(0, 80));
})()`);

for (const [width, height] of [[390, 844], [320, 640]] as const) {
  test(`${width} × ${height}: what is opened leaves room for the picture, and nothing moves sideways`, async () => {
    await page.size(width, height);
    await stepTo(2);
    for (const dock of ['story', 'ram', 'counters', 'compare', 'verdict', 'branches']) {
      await click(`#dock-${dock}`);
      if (dock === 'story') await click('.dock-bar > .sheet-button:last-child');
      await page.until(`document.querySelector('.is-dock-open') !== null`);
      await page.until(`document.querySelector('pf-space canvas').clientHeight >= 90`);
      expect(await page.evaluate<number>('document.documentElement.scrollWidth'), dock).toBe(width);
    }
    await page.evaluate(`document.querySelector('[aria-label="Type a call"]').click()`);
    await page.until(`document.querySelector('.is-console-open') !== null`);
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBe(width);
  });

  test(`${width} × ${height}: no head is cut in a word`, async () => {
    await page.size(width, height);
    await stepTo(3);
    const svg = await page.evaluate<string>(`document.querySelector('pf-space').svg()`);
    const heads = [...svg.matchAll(/>([^<>]*(?:rss|program)[^<>]*)</g)].map(([, words]) => words!);
    expect(heads.length).toBeGreaterThan(1);
    expect(heads.filter((words) => words.includes('…'))).toEqual([]);
    expect(await page.evaluate<boolean>(`(() => { const chip = document.querySelector('#verdict'); return chip.scrollWidth <= chip.clientWidth; })()`)).toBe(true);
    // Permissions stay in one piece.
    await click('#pf-tab-area');
    await page.until(`document.querySelector('pf-area .pf-maps-line b') !== null`);
    expect(await page.evaluate<number>(`document.querySelector('pf-area .pf-maps-line b').getClientRects().length`)).toBe(1);
  });
}

test('which call made a page is asked beside it, also on a phone; the answer is in sight then', async () => {
  await page.size(390, 844);
  await stepTo(2);
  await page.click('.sheet-button[aria-label=Details]');
  await click('.pf-who-wrote button');
  await page.until(`!document.querySelector('.desk').classList.contains('is-sheet-open')`);
  await page.size(1440, 900);
  await stepFrom(2);
  await goTo('7ffff7ff3000');
  await click('#pf-tab-frame');
  await click('pf-frame .pf-who-wrote button');
  await at(2);
  await contains('.pf-call', 'store(a, "hello")');
  await click('#pf-tab-area');
  await page.until(`document.querySelector('pf-area .pf-who-wrote button') !== null`);
  await click('pf-area .pf-who-wrote button');
  await at(1);
  await contains('.pf-call', 'mmap(');
});

test('opened as a file the page says why it cannot start, where the browser does not let it', async () => {
  await page.goto(`file://${DIST}/index.html`);
  // A browser that lets files load files, as the driver's Firefox is set to, starts it.
  const says = `getComputedStyle(document.querySelector('.loading'), '::after').content.includes('has to come from a web server')`;
  await page.until(`document.querySelector('.loading') ? ${says} : document.documentElement.dataset.ready === 'yes'`);
});
