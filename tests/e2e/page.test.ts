/** What a person does on the page, in a real browser. */
import { expect, test } from 'vitest';
import { type Page, sight } from './driver.ts';
import { openForEachTest } from './site.ts';

let page: Page;
let server: { readonly url: string };

const { text, count, contains, paste } = sight(() => page);
const step = async (position: number) => {
  await page.click('#step');
  await contains('.transport output', `step ${position} /`);
};

async function example(id: string): Promise<void> {
  await page.evaluate(`(() => { const menu = document.querySelector('#examples'); menu.value = ${JSON.stringify(id)}; menu.dispatchEvent(new Event('change')); })()`);
  await contains('.transport output', 'step 0 /');
}

openForEachTest((opened, url) => {
  page = opened;
  server = { url };
});

test('the default script runs to its end, every result as expected', async () => {
  await page.click('#run');
  await contains('.transport output', 'step 9 / 9');
  await contains('#verdict', '✓');
  expect(await text('#verdict')).toMatch(/as expected here/);
});

test('step and step back: the memory of before is back', async () => {
  await step(1);
  await step(2);
  const cells = await count('.process .cell.anon');
  await step(3);
  await contains('.process:nth-of-type(3)', 'child of 1');
  await page.click('#back');
  await contains('.transport output', 'step 2 /');
  await page.until(`document.querySelectorAll('.process').length === 1`);
  expect(await count('.process .cell.anon')).toBe(cells);
});

test('a VMA shows its vm_ops, a page its walk', async () => {
  await step(1);
  await step(2);
  await page.click('.vma[data-start="7ffff7ffd000"] .head');
  await contains('#inspected', 'special_mapping_fault');
  await page.click('.vma[data-start="7ffff7ff3000"] .head');
  await contains('#inspected', 'NULL: anonymous');
  await page.click('.cell[data-addr="7ffff7ff3000"]');
  await contains('#inspected', 'PGD');
  const levels = await page.evaluate<string[]>(`[...document.querySelectorAll('.walk th')].map((cell) => cell.textContent)`);
  expect(levels).toEqual(['CR3', 'PGD', 'PUD', 'PMD', 'PTE']);
  expect(await text('.bytes')).toContain('hello');
  await page.click('#tab-frame');
  await contains('#inspected', 'Who maps it');
});

test('copy on write after fork: shared, then copied', async () => {
  for (let i = 1; i <= 3; i++) await step(i);
  expect(await count('.cell.shared[data-addr="7ffff7ff3000"]')).toBe(2);
  await step(4);
  await step(5);
  await contains('.what-happened', 'its own copy');
  expect(await text('.tree')).toContain('wp_page_copy');
  expect(await count('.cell.shared[data-addr="7ffff7ff3000"]')).toBe(0);
  expect(await count('#ties path')).toBe(1);
});

test('a SIGSEGV comes with its reason', async () => {
  await page.click('#run');
  await contains('.what-happened', 'SIGSEGV');
  expect(await text('.what-happened')).toContain('no VMA covers 0x7ffff7ff3000');
});

test('ls replays: every memory call and the maps as on Linux', async () => {
  await example('ls');
  await page.click('#run');
  await contains('#verdict', '42 memory calls, 42 as on Linux; maps equal');
});

test('a call typed on the console runs and joins the script', async () => {
  await step(1);
  await page.type('#line', 'mprotect(a, 4K, PROT_READ) = 0');
  await page.press('Enter');
  await contains('.transport output', 'step 2 / 10');
  await contains('.what-happened', 'mprotect');
  expect(await text('.cm-content')).toContain('mprotect(a, 4K, PROT_READ) = 0');
  await page.type('#line', 'mprotect(a 4K)');
  await page.press('Enter');
  await contains('.console .wrong', 'expected `,` or a closing bracket');
});

test('a pasted log is replayed, a mistake is shown where it is', async () => {
  await paste('1 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000\n1 munmap(0x7f0000000000, 8192) = 0');
  await contains('#verdict', '2 memory calls, 2 as on Linux');
  await paste('munmap(a 4096)');
  await contains('#verdict', 'line 1: found');
  await page.until(`document.querySelectorAll('.cm-lint-marker-error').length > 0`);
});

test('maps alone are drawn and explained, and become calls', async () => {
  const maps = '$ cat /proc/7/maps\n00400000-00401000 r-xp 00000000 08:01 9 /bin/demo\n7f1100000000-7f1100002000 rw-p 00000000 00:00 0\n7f1100002000-7f1100003000 ---p 00000000 00:00 0\n7f1100003000-7f1100005000 rw-p 00000000 00:00 0\n7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0 [stack]\n';
  await paste(maps);
  await contains('#verdict', '5 areas, from maps');
  await contains('.audit', 'permissions: rw- beside ---');
  await contains('.costs', '[stack]');
  await page.until(`document.querySelectorAll('.vma').length === 5`);
  await page.click('#build');
  await contains('.transport output', 'step 6 / 6');
  await page.until(`document.querySelectorAll('.vma').length === 5 && !document.querySelector('.audit')`);
});

test('first maps are taken out of what stands around them', async () => {
  const maps = '$ cat /proc/3701/maps\n558800000000-558800001000 r--p 00000000 08:01 1001 /usr/bin/demo\n558801000000-558801021000 rw-p 00000000 00:00 0 [heap]\n7ffd11100000-7ffd11121000 rw-p 00000000 00:00 0 [stack]\n';
  await paste('brk(NULL) = 0x558801021000', maps);
  await contains('#verdict', 'as on Linux');
});

test('everything is in the link', async () => {
  await step(1);
  await step(2);
  await page.evaluate(`document.querySelector('#share').click()`);
  await page.until(`location.hash.includes('t=2')`);
  const hash = await page.evaluate<string>('location.hash');
  await page.goto('about:blank');
  await page.goto(server.url + hash);
  await contains('.transport output', 'step 2 / 9');
});

test('on a phone nothing is wider than the screen', async () => {
  await page.size(390, 844);
  await step(1);
  expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
});

test('no error reached the console', () => {
  expect(page.errors).toEqual([]);
});
