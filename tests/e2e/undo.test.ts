/** Nothing is lost: what was done can be undone, whatever it was, and a reload finds everything as it stood. */
import { expect, test } from 'vitest';
import { type Page, sight } from './driver.ts';
import { openForEachTest } from './site.ts';

let page: Page;
let url: string;
const { contains, drop, at, act, script, example, rewrite, command, paste, text, count, rest } = sight(() => page);

openForEachTest((opened, where) => {
  [page, url] = [opened, where];
});

const MINE = '# mine\na = mmap(NULL, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nstore(a, "one")\nstore(a+4K, "two")\n';
const OTHER = '# of somebody else\nb = mmap(NULL, 8K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n';
const shows = (all: string) => page.until(`document.querySelector('pf-editor')?.text === ${JSON.stringify(all)}`);
const undo = async () => {
  await page.evaluate('document.activeElement.blur()');
  await page.press('Control+z');
};
const redo = async () => {
  await page.evaluate('document.activeElement.blur()');
  await page.press('Control+Shift+z');
};
const branches = (many: number) => page.until(`document.querySelectorAll('pf-branches li').length === ${many}`);
/** Left and come back to, as by the reload of a browser. */
const reload = async () => {
  await page.goto('about:blank');
  await page.goto(url);
};

/** Marks the moment where time stands. */
const mark = async (step: number) => {
  await page.evaluate('document.activeElement.blur()');
  await page.press('m');
  await contains('.toast', `Moment A is step ${step}`);
};
/** A script of one's own at its first step, which is marked. */
const begin = async () => {
  await rewrite(MINE);
  await at(0, 3);
  await act('step');
  await at(1);
  await mark(1);
};

/** Says something that stays for minutes, if nothing takes it away. */
const sayAtLength = (about: string) => page.evaluate<void>(`document.querySelector('.desk').dispatchEvent(new CustomEvent('say', { detail: { sentence: ${JSON.stringify(`${about} `.repeat(200))} } }))`);
const toast = () => page.evaluate<string>(`document.querySelector('.toast').matches(':popover-open') ? document.querySelector('.toast').textContent : ''`);

test.each([
  ['an example', () => example('errors'), ''],
  ['a pasted text', () => paste(OTHER), ''],
  ['a dropped file', () => drop([{ name: 'other.pf', content: OTHER }]), 'Taken for: script.'],
  ['a link', () => page.evaluate<void>(`location.hash = '#v=1&example=errors&t=2'`), ''],
  ['undo of opening', undo, 'Back is “mine”'],
] as const)('what was said of a text goes when another is opened by %s; what is said of that one stays', async (_, open, words) => {
  await begin();
  await example('copy-on-write');
  const before = await script();
  await sayAtLength('Of the text before.');
  await contains('.toast', 'Of the text before.');
  await open();
  await page.until(`document.querySelector('pf-editor').text !== ${JSON.stringify(before)}`);
  await expect.poll(toast).not.toContain('Of the text before.');
  if (words) await contains('.toast', words);
});

test.each([
  ['a log that is read', '1 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000\n1 munmap(0x7f0000000000, 8192) = 0\n', 'Taken for: strace log.'],
  ['a text that cannot be read', 'a = mmap(NULL\n', 'Taken for: script, but it cannot be read'],
])('over a text of one\'s own %s is pasted: what it was taken for is said, and how to get the own one back', async (_, other, words) => {
  await rewrite(MINE);
  await at(0, 3);
  await page.evaluate('document.activeElement.blur()');
  await page.evaluate(`(() => {
    const data = new DataTransfer();
    data.setData('text/plain', ${JSON.stringify(other)});
    document.body.dispatchEvent(Object.defineProperty(new Event('paste', { bubbles: true, cancelable: true }), 'clipboardData', { value: data }));
  })()`);
  await shows(other);
  await contains('.toast', words);
  await contains('.toast', 'Undo brings back “mine”');
  await undo();
  await shows(MINE);
});

test('what is said of the text stays while it is gone through and marked nowhere else', async () => {
  await begin();
  await sayAtLength('Of this text.');
  await act('step');
  await at(2);
  await expect.poll(toast).toContain('Of this text.');
});

test('branches, their names and the marked moment survive a reload', async () => {
  await begin();
  await act('step');
  await at(2);
  await command('store(a+8K, "elsewhere")');
  await at(3, 4);
  const branched = await script();
  await page.click('#dock-branches');
  await branches(2);
  await page.click('pf-branches li:nth-child(2) [aria-label^=Rename]');
  await page.type('pf-branches .pf-naming input', 'the other way');
  await page.press('Enter');
  await contains('pf-branches li:nth-child(2)', 'the other way');
  await page.press('m');
  await contains('.toast', 'Moment A is step 3');
  await act('back');
  await at(2);
  await reload();
  await shows(branched);
  await at(2, 4);
  await page.click('#dock-branches');
  await branches(2);
  await contains('pf-branches li:nth-child(2)', 'the other way');
  await page.until(`document.querySelector('#time').momentA === 3`);
  // And each has its text.
  await page.click('pf-branches li:first-child .pf-branch');
  await shows(MINE);
});

test('an example is where it was after a reload, and the moment marked in it', async () => {
  await example('ls');
  const end = await rest();
  expect(end).toBeGreaterThan(20);
  expect(end).toBeLessThan(await page.evaluate<number>(`Number(document.querySelector('#time [role=slider]').ariaValueMax)`));
  const ls = await script();
  await mark(end);
  for (const to of [1, 2, 3]) {
    await act('back');
    await at(end - to);
  }
  await reload();
  await shows(ls);
  await at(end - 3);
  await page.until(`document.querySelector('#time').momentA === ${end}`);
  await expect.poll(() => page.evaluate(`document.querySelector('#examples').value`)).toBe('ls');
});

test.each([
  ['an example', () => example('errors')],
  ['a pasted text', () => paste(OTHER)],
  ['a dropped file', () => drop([{ name: 'other.pf', content: OTHER }])],
  ['a link', () => page.evaluate<void>(`location.hash = '#v=1&example=errors&t=2'`)],
  ['a new script', async () => { await page.evaluate(`(() => { const menu = document.querySelector('#examples'); menu.value = ':new'; menu.dispatchEvent(new Event('change')); })()`); }],
] as const)('opening %s is undone at once: text, step, branches and mark are back, and it says so', async (_, open) => {
  await begin();
  await command('store(a+8K, "elsewhere")');
  await at(2, 4);
  const before = await script();
  await mark(2);
  await open();
  await page.until(`document.querySelector('pf-editor').text !== ${JSON.stringify(before)}`);
  await page.until(`document.querySelector('pf-memory').at !== null && document.querySelector('#verdict:not(.running)') !== null`);
  const after = await script();
  expect(after).not.toContain('elsewhere');
  await undo();
  await shows(before);
  await at(2, 4);
  await contains('.toast', 'Back is “mine”');
  await page.click('#dock-branches');
  await branches(2);
  await page.until(`document.querySelector('#time').momentA === 2`);
  await redo();
  await shows(after);
  await undo();
  await shows(before);
});

test('what was typed just before another text was opened is not lost', async () => {
  await rewrite(MINE);
  await at(0, 3);
  await page.click('.cm-content');
  await page.press('Control+End');
  await page.write('munmap(a, 4K)');
  // No pause: the text has not been read yet.
  await page.evaluate(`(() => { const menu = document.querySelector('#examples'); menu.value = 'errors'; menu.dispatchEvent(new Event('change')); })()`);
  await page.until(`!document.querySelector('pf-editor').text.includes('# mine')`);
  await undo();
  await shows(`${MINE}munmap(a, 4K)`);
});

test('in the editor too, undo goes on from what was typed to what was opened', async () => {
  await rewrite(MINE);
  await at(0, 3);
  await example('errors');
  const errors = await script();
  await page.click('.cm-content');
  await page.press('Control+End');
  await page.write('# typed');
  await page.until(`document.querySelector('pf-editor').text.endsWith('# typed') && document.querySelector('#examples').value === ':own'`);
  await page.press('Control+z');
  await shows(errors);
  // Also before the pause after which the text is read: that is no other edit.
  await page.press('Control+z');
  await shows(MINE);
});

test('the text of one’s own that another one took the place of is under Open', async () => {
  await rewrite(MINE);
  await at(0, 3);
  await paste(OTHER);
  await shows(OTHER);
  await page.click('#open');
  await contains('pf-open .open-list', 'mine');
  await contains('pf-open .open-list', 'of somebody else');
  await page.click('pf-open .open-list .sample:nth-of-type(3)');
  await shows(MINE);
});

test('renaming a branch, removing one and dropping a run of other settings are undone in their order', async () => {
  await act('step');
  await act('step');
  await at(2);
  await command('store(a+8K, "elsewhere")');
  await at(3, 10);
  await page.click('#dock-branches');
  await branches(2);
  await page.click('pf-branches li:nth-child(2) [aria-label^=Rename]');
  await page.type('pf-branches .pf-naming input', 'the other way');
  await page.press('Enter');
  await contains('pf-branches li:nth-child(2)', 'the other way');
  await page.click('#dock-counters');
  await page.until(`document.querySelector('pf-charts') !== null`);
  await page.evaluate(`document.querySelector('pf-charts').dispatchEvent(new CustomEvent('run-under', { bubbles: true, detail: { header: '@ram 8M', name: '8 MiB', advice: false } }))`);
  await contains('pf-charts .pf-runs', '8 MiB');
  await page.click('pf-charts .pf-runs [aria-label^="Remove"]');
  await page.until(`document.querySelector('pf-charts').runs.length === 1`);
  await undo();
  await contains('pf-charts .pf-runs', '8 MiB');
  await contains('.toast', 'The run “8 MiB” is back.');
  await at(3, 10);
  await undo();
  await contains('.toast', 'is called “Branch 1” again');
  await page.click('#dock-branches');
  await contains('pf-branches li:nth-child(2)', 'Branch 1');
  await redo();
  await contains('pf-branches li:nth-child(2)', 'the other way');
  // The buttons beside the branches do the same.
  await page.click('pf-branches .pf-side button:first-child');
  await contains('pf-branches li:nth-child(2)', 'Branch 1');
});

test('a mark that was forgotten comes back by undo', async () => {
  await act('step');
  await at(1);
  await page.evaluate('document.activeElement.blur()');
  await page.press('m');
  await page.until(`document.querySelector('#time').momentA === 1`);
  await act('step');
  await at(2);
  await page.evaluate('document.activeElement.blur()');
  await page.press('m');
  await page.until(`document.querySelector('#time').momentA === 2`);
  await undo();
  await page.until(`document.querySelector('#time').momentA === 1`);
});

test('a new script is empty, and says how to begin (fault 46)', async () => {
  await page.evaluate(`(() => { const menu = document.querySelector('#examples'); menu.value = ':new'; menu.dispatchEvent(new Event('change')); })()`);
  await shows('');
  await contains('.cm-placeholder', 'Type a call');
  await page.click('.cm-content');
  await page.write('a = mmap(NULL, 4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)');
  await at(0, 1);
  await act('step');
  await at(1);
});

test('lines and answers of the console belong to their text (fault 46)', async () => {
  await act('step');
  await at(1);
  const first = await script();
  await command('maps');
  await contains('pf-console .log', '[vdso]');
  await example('errors');
  await page.until(`document.querySelectorAll('pf-console .log .entry').length === 0`);
  await page.click('pf-console input');
  await page.press('ArrowUp');
  await page.until(`document.querySelector('pf-console input').value === ''`);
  await undo();
  await shows(first);
  await page.until(`document.querySelectorAll('pf-console .log .entry').length === 1`);
  await page.click('pf-console input');
  await page.press('ArrowUp');
  await page.until(`document.querySelector('pf-console input').value === 'maps'`);
  expect(await text('pf-console .log')).toContain('› maps');
  expect(await count('pf-console .log .entry')).toBe(1);
});

test('keys pressed before the machine is up are done once it is', async () => {
  // Pressed as soon as the page listens at all: with the first drawing, long before there is a worker that answers.
  const stop = await page.before(`new MutationObserver((_, all) => {
    if (document.documentElement.dataset.ready !== 'yes') return;
    all.disconnect();
    window.wasUp = document.querySelector('pf-memory')?.at != null;
    for (let i = 0; i < 3; i++) document.body.dispatchEvent(new KeyboardEvent('keydown', { key: ']', code: 'BracketRight', bubbles: true, cancelable: true }));
  }).observe(document, { attributes: true, subtree: true, attributeFilter: ['data-ready'] })`);
  try {
    await reload();
    await at(3, 9);
    expect(await page.evaluate('window.wasUp')).toBe(false);
  } finally {
    await stop();
  }
});

test('no error reached the console', () => {
  expect(page.errors.join('\n')).toBe('');
});
