/** What a person does on the page, in a real browser. */
import { expect, test } from 'vitest';
import { CELL, NO_FRAME } from '../../www/app/worker/protocol.ts';
import { type Page, sight } from './driver.ts';
import { openForEachTest } from './site.ts';

let page: Page;
let server: { readonly url: string };

const { text, contains, paste, at, act, tone, example, script, cells, goTo, command, drawn } = sight(() => page);
const step = async (position: number) => {
  await act('step');
  await at(position);
};
/** The page of the default script. */
const A = '7ffff7ff3000';
const untilCells = (kinds: readonly number[]) => page.until(`(document.querySelector('pf-memory').at?.lanes ?? []).flatMap(({ cells }) => cells.flatMap((run) => {
  const cell = run.cells[${Number.parseInt(A, 16) / 4096} - run.page];
  return cell === undefined ? [] : [cell & 15];
})).sort().join() === '${kinds.toSorted().join()}'`);

openForEachTest((opened, url) => {
  page = opened;
  server = { url };
});

test('the default script runs to its end, every result as expected', async () => {
  await act('run');
  await at(9, 9);
  await tone('good');
  await expect.poll(() => text('#verdict')).toMatch(/✓.*as expected here/);
});

test('step and step back: the memory of before is back', async () => {
  await step(1);
  await step(2);
  await untilCells([CELL.anon]);
  const before = await cells(A);
  await step(3);
  await page.until(`document.querySelector('pf-memory').at.processes.length === 2`);
  await untilCells([CELL.cow, CELL.cow]);
  expect((await drawn()).length).toBe(2);
  await act('back');
  await at(2);
  await untilCells([CELL.anon]);
  expect(await cells(A)).toEqual(before);
  expect((await drawn()).length).toBe(1);
});

test('a VMA shows its vm_ops, a page its walk', async () => {
  await step(1);
  await step(2);
  await page.click('#pf-tab-area');
  await goTo('[vdso]');
  await contains('#pf-inspected', 'special_mapping_fault');
  await goTo(A);
  await contains('#pf-inspected', 'NULL');
  await contains('#pf-inspected', 'vma_set_anonymous');
  await page.click('#pf-tab-walk');
  await contains('#pf-inspected', 'PGD');
  for (const level of ['CR3', 'PGD', 'PUD', 'PMD', 'PTE']) await contains('#pf-inspected', level);
  await page.click('#pf-tab-bytes');
  await contains('.pf-hex', '68656c6c6f');
  await page.click('#pf-tab-frame');
  await contains('#pf-inspected', 'Who maps it: 1 page');
});

test('copy on write after fork: shared, then copied', async () => {
  for (let i = 1; i <= 3; i++) await step(i);
  await untilCells([CELL.cow, CELL.cow]);
  const shared = await cells(A);
  expect(new Set(shared.map(({ pfn }) => pfn)).size).toBe(1);
  await step(4);
  await step(5);
  await contains('pf-story .pf-what', 'its own copy');
  expect((await text('.pf-tree')).replaceAll('\u200b', '')).toContain('wp_page_copy');
  await untilCells([CELL.anon, CELL.anon]);
  const copied = await cells(A);
  expect(new Set(copied.map(({ pfn }) => pfn)).size).toBe(2);
  expect(copied.every(({ pfn }) => pfn !== NO_FRAME)).toBe(true);
});

test('a SIGSEGV comes with its reason', async () => {
  await act('run');
  await at(9);
  await contains('pf-story .pf-what', 'SIGSEGV');
  await expect.poll(() => text('pf-story .pf-what')).toContain('no VMA covers 0x7ffff7ff3000');
});

test('ls replays: every memory call and the maps as on Linux', async () => {
  await example('ls');
  await act('run');
  await contains('#verdict', '42 memory calls, 42 as on Linux; maps equal');
  await tone('good');
});

test('a call typed on the console runs and joins the script', async () => {
  await step(1);
  await command('mprotect(a, 4K, PROT_READ) = 0');
  await at(2, 10);
  await contains('pf-story .pf-what', 'mprotect');
  await expect.poll(() => script()).toContain('mprotect(a, 4K, PROT_READ) = 0');
  await command('mprotect(a 4K)');
  await contains('pf-console .refused', 'expected , or a closing bracket');
  await expect.poll(() => page.evaluate(`document.querySelector('pf-console input').value`)).toBe('mprotect(a 4K)');
});

test('a pasted log is replayed, a mistake is shown where it is', async () => {
  await paste('1 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000\n1 munmap(0x7f0000000000, 8192) = 0');
  await contains('#verdict', '2 memory calls, 2 as on Linux');
  await paste('munmap(a 4096)');
  await contains('#verdict', 'line 1: found');
  await page.until(`document.querySelector('.cm-content .mistake.error') !== null && document.querySelector('.cm-lintRange-error') !== null`);
});

test('maps alone are drawn and explained, and become calls', async () => {
  const maps = '$ cat /proc/7/maps\n00400000-00401000 r-xp 00000000 08:01 9 /bin/demo\n7f1100000000-7f1100002000 rw-p 00000000 00:00 0\n7f1100002000-7f1100003000 ---p 00000000 00:00 0\n7f1100003000-7f1100005000 rw-p 00000000 00:00 0\n7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0 [stack]\n';
  await paste(maps);
  await contains('#verdict', '5 areas, from maps');
  await contains('.pf-audit', 'permissions: rw- beside ---');
  await contains('.pf-dump-costs', '[stack]');
  await page.until(`document.querySelectorAll('pf-space-table .body [role=row]').length === 5`);
  await page.click('.pf-audit > p .pf-small');
  await at(6, 6);
  await page.until(`!document.querySelector('.pf-audit') && document.querySelectorAll('pf-space-table .body [role=row]').length === 5`);
  await contains('pf-space-table', '/bin/demo');
});

test('first maps are taken out of what stands around them', async () => {
  const maps = '$ cat /proc/3701/maps\n558800000000-558800001000 r--p 00000000 08:01 1001 /usr/bin/demo\n558801000000-558801021000 rw-p 00000000 00:00 0 [heap]\n7ffd11100000-7ffd11121000 rw-p 00000000 00:00 0 [stack]\n';
  await paste('brk(NULL) = 0x558801021000', maps);
  await contains('#verdict', 'as on Linux');
});

test('everything is in the link (fault 47)', async () => {
  await step(1);
  await step(2);
  await goTo('[vdso]');
  await page.click('#pf-tab-area');
  await page.click('#share');
  await page.until(`location.hash.includes('t=2')`);
  const hash = await page.evaluate<string>('location.hash');
  await page.goto('about:blank');
  await page.goto(server.url + hash);
  await at(2, 9);
  await contains('#pf-inspected', '[vdso]');
  await expect.poll(() => page.evaluate('location.hash')).toBe(hash);
  // It says another moment now than the one that is shown: it is gone.
  await step(3);
  await expect.poll(() => page.evaluate('location.hash')).toBe('');
});

test('on a phone nothing is wider than the screen', async () => {
  await page.size(390, 844);
  await step(1);
  await expect.poll(() => page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
});

test('no error reached the console', () => {
  expect(page.errors.join('\n')).toBe('');
});
