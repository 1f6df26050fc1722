/** Faults that were seen on the first page (their numbers are those of the list), where no other test holds them: each as somebody met it. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { type Page, isChromium, sight } from './driver.ts';
import { openForEachTest, openFresh } from './site.ts';

let page: Page;
let url: string;
const { contains, paste, at, act, script, example, rewrite, text, rest, drawnTwice, tone } = sight(() => page);

openForEachTest((opened, where) => {
  [page, url] = [opened, where];
});

interface Box { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number; readonly width: number; readonly height: number }
const box = (selector: string) => page.evaluate<Box>(`document.querySelector(${JSON.stringify(selector)}).getBoundingClientRect().toJSON()`);
const picture = () => page.evaluate<string>(`document.querySelector('pf-space').svg()`);
/** How many pixels of a canvas are not as its corner: what is drawn there, whatever it is. */
const inked = (canvas: string) => page.evaluate<number>(`(() => {
  const one = document.querySelector(${JSON.stringify(canvas)});
  const { data } = one.getContext('2d').getImageData(0, 0, one.width, one.height);
  const all = new Uint32Array(data.buffer);
  const ground = all[all.length - 1];
  return all.reduce((sum, pixel) => sum + (pixel !== ground ? 1 : 0), 0);
})()`);

test('after a large process the picture of a small one is there (fault 5)', async () => {
  await act('run');
  await at(9);
  await drawnTwice();
  const small = await inked('pf-space canvas');
  expect(small).toBeGreaterThan(5000);
  await example('python3_import');
  const end = await rest();
  expect(end).toBeGreaterThan(100);
  await act('back');
  await at(end - 1);
  await example('copy-on-write');
  await act('run');
  await at(9);
  await page.until(`document.querySelector('pf-space').getBoundingClientRect().top >= document.querySelector('.memory').getBoundingClientRect().top`);
  // As much is drawn as if the large one had never been there; a line of the legend more or less moves its lower edge.
  await expect.poll(async () => (await inked('pf-space canvas')) / small).toBeGreaterThan(0.85);
  await expect.poll(() => page.evaluate(`document.querySelector('.memory').scrollTop`)).toBe(0);
});

test('an argument of 10,000 terms is refused in words or run, and the page goes on (fault 6)', async () => {
  await rewrite(`mmap(NULL, 4K, ${Array(10_000).fill('1').join('|')}, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n`);
  await page.until(`document.querySelector('#verdict:not(.running)') !== null`);
  await tone('bad');
  await page.until(`document.querySelector('.crash') === null && document.querySelectorAll('.mistake').length > 0`);
  expect(await text('.mistake')).toMatch(/[a-z]{3,} [a-z]/);
  await rewrite('a = mmap(NULL, 4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n');
  await at(0, 1);
  await act('step');
  await at(1);
});

test('a log in which strace speaks within a line is read (fault 7)', async () => {
  await paste(`[pid  3401] mmap(NULL, 16384, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f1100010000
[pid  3401] clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLDstrace: Process 3402 attached
, child_tidptr=0x7f1100000a10) = 3402
[pid  3402] munmap(0x7f1100010000, 4096) = 0
`);
  await contains('#verdict', 'as on Linux');
  expect(await page.evaluate(`document.querySelectorAll('.mistake').length`)).toBe(0);
  await act('run');
  await at(3);
  await expect.poll(() => page.evaluate<number>(`document.querySelector('pf-memory').at.processes.length`)).toBe(2);
});

test('whatever a step touches is in the picture and marked: its page, its area, its frame (fault 16)', async () => {
  await example('python3_import');
  const end = await rest();
  expect(end).toBeGreaterThan(100);
  await act('start');
  await at(0);
  let touches = 0;
  // Steps all over the run, not next to each other.
  for (let to = 20; to < end; to += Math.max(1, Math.floor(end / 24))) {
    await page.evaluate(`document.querySelector('.desk').dispatchEvent(new CustomEvent('go', { detail: { position: ${to} } }))`);
    await at(to);
    const touched = await page.evaluate<{ pid: number; addr: string } | null>(`document.querySelector('pf-memory').at.touched`);
    if (!touched) continue;
    touches++;
    // The window has come to it: its page is among the cells in sight, or its place is marked where nothing is mapped.
    await expect.poll(() => page.evaluate<boolean>(`(() => {
      const { touched, lanes } = document.querySelector('pf-memory').at;
      const page = Number(BigInt('0x' + touched.addr) / 4096n);
      const lane = lanes.find(({ pid }) => pid === touched.pid);
      return Boolean(lane?.cells.some((run) => page >= run.page && page < run.page + run.cells.length)) || !lane?.areas || !Array.from(lane.areas.start).some((start, i) => page >= start && page < start + lane.areas.pages[i]);
    })()`), { message: `step ${to}, ${touched.addr}` }).toBe(true);
    // The colour of what was touched (#b85c00 in light) is drawn.
    await expect.poll(async () => (await picture()).includes('#b85c00'), { message: `step ${to}` }).toBe(true);
  }
  expect(touches).toBeGreaterThan(5);
}, 120_000);

test('a real program is shown where its memory is still there, not when everything has gone back (fault 21)', async () => {
  await example('ls');
  expect(await rest()).toBeGreaterThan(20);
  await expect.poll(() => page.evaluate<number>(`document.querySelector('pf-memory').at.processes.filter(({ ended }) => ended === null).length`)).toBe(1);
  await expect.poll(() => page.evaluate<number>(`document.querySelector('pf-memory').at.lanes[0]?.areas?.count ?? 0`)).toBeGreaterThan(10);
});

test.each([[390, 844], [844, 390], [640, 480]])('at %i × %i the sentence of a step and its place in memory are in sight together (fault 23)', async (width, height) => {
  await page.size(width, height);
  await act('step');
  await at(1);
  await act('step');
  await at(2);
  await drawnTwice();
  await page.evaluate('scrollTo(0, 0)');
  for (const selector of ['pf-story .pf-what', 'pf-space canvas', '[data-act=step]']) {
    const { top, bottom, left, right } = await box(selector);
    expect(top, `${selector} begins in the window`).toBeLessThan(height - 20);
    expect(bottom, `${selector} is not above it`).toBeGreaterThan(20);
    expect([left >= -0.5, right <= width + 0.5], selector).toEqual([true, true]);
  }
});

test.each([[1024, 700, 2], [1440, 900, 4]])('at %i × %i a picture of %i processes has all of them, or says how many are beside it (fault 24)', async (width, height, many) => {
  await page.size(width, height);
  await rewrite(`a = mmap(NULL, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nstore(a, "x")\n${'fork()\n'.repeat(many - 1)}`);
  await at(0, many + 1);
  await act('run');
  await at(many + 1);
  const { width: room } = await box('pf-space canvas');
  // Heads within the window, and the number that stands on the menu of those that are not.
  await expect.poll(async () => {
    const heads = [...(await picture()).matchAll(/<text x="([\d.]+)"[^>]*font-weight="600"[^>]*>(\d+) · program/g)].filter(([, x]) => Number(x) < room - 40).length;
    const more = /(\d+) more process/.exec(await text('.pf-tools'));
    return [heads >= 2, heads + Number(more?.[1] ?? 0)];
  }).toEqual([true, many]);
});

test.runIf(isChromium)('the minimap stays within its room with hundreds of areas, shows the window, and is there in forced colours (fault 37)', async () => {
  await rewrite(Array.from({ length: 300 }, (_, i) => `mmap(0x${(0x1000_0000 + i * 0x2000).toString(16)}, 4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n`).join(''));
  await at(0, 300);
  await act('run');
  await at(300);
  await page.until(`document.querySelector('pf-minimap canvas') !== null`);
  const [map, pane] = [await box('pf-minimap canvas'), await box('.memory')];
  expect([map.left >= pane.left - 0.5, map.right <= pane.right + 0.5]).toEqual([true, true]);
  await expect.poll(() => inked('pf-minimap canvas')).toBeGreaterThan(500);
  try {
    await page.media({ forcedColors: true });
    await drawnTwice();
    await expect.poll(() => inked('pf-minimap canvas')).toBeGreaterThan(500);
  } finally {
    await page.media({});
  }
});

test('one process fills the picture, at 1440 and at 2560 (fault 44)', async () => {
  await act('step');
  await at(1);
  for (const [width, height] of [[1440, 900], [2560, 1440]] as const) {
    await page.size(width, height);
    await drawnTwice();
    const { width: room } = await box('pf-space canvas');
    const ram = await page.evaluate<number>(`document.querySelector('.memory pf-ram')?.getBoundingClientRect().width ?? 0`);
    const widest = async () => Math.max(...[...(await picture()).matchAll(/<rect x="[\d.-]+" y="[\d.-]+" width="([\d.]+)"[^>]*rx="7"/g)].map(([, wide]) => Number(wide)));
    await expect.poll(async () => (await widest()) + ram, { message: `at ${width}` }).toBeGreaterThan(room * 0.9);
    // Heads of tabs in one line, each with distance to its edge.
    const tops = await page.evaluate<number[]>(`[...document.querySelectorAll('pf-inspector [role=tab]')].map((one) => Math.round(one.getBoundingClientRect().top))`);
    expect(new Set(tops).size).toBe(1);
  }
});

test('a close of a log has one result, and the process the name of its program (fault 45)', async () => {
  await paste(`execve("/usr/bin/ls", ["ls", "-la"], 0x7ffc00000000 /* 20 vars */) = 0
openat(AT_FDCWD, "/etc/ld.so.cache", O_RDONLY|O_CLOEXEC) = 3
mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, 3, 0) = 0x7ffff7fb0000
close(3) = 0
`);
  await page.until(`document.querySelector('pf-memory').at !== null && document.querySelector('#verdict:not(.running)') !== null`);
  await expect.poll(() => page.evaluate<string>(`document.querySelector('pf-memory').at.processes[0].name`)).toBe('ls');
  await page.until(`[...document.querySelectorAll('.cm-line')].some((line) => line.textContent.startsWith('close(3)'))`);
  expect(await page.evaluate<string>(`[...document.querySelectorAll('.cm-line')].find((line) => line.textContent.startsWith('close(3)')).textContent`)).not.toMatch(/= 0.*= 0/);
});

test.each([
  ['-y', 'mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, 3</etc/ld.so.cache>, 0) = 0x7ffff7fb0000\nclose(3</etc/ld.so.cache>) = 0\n'],
  ['-i', '[00007f8a4c5d1c47] mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7fb0000\n[00007f8a4c5d1c77] munmap(0x7ffff7fb0000, 8192) = 0\n'],
  ['-k', 'mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7fb0000\n > /usr/lib/libc.so.6(mmap64+0x47) [0x11ec77]\n > /usr/bin/ls(_start+0x25) [0x6ab5]\n'],
  ['a line of the shell before it', '$ strace -f -e trace=memory ls\nmmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7fb0000\n'],
])('a log of strace with %s is read without a mistake (fault 35)', async (_, log) => {
  await paste(log);
  await page.until(`document.querySelector('#verdict:not(.running)') !== null && document.querySelector('pf-memory').at !== null`);
  await expect.poll(() => page.evaluate(`document.querySelector('#kind').value`)).toBe('strace');
  expect(await page.evaluate(`document.querySelectorAll('.mistake').length`)).toBe(0);
  await contains('#verdict', 'as on Linux');
});

test('what is too long for a link is said, with the way to keep it, and that way is there (fault 33)', async () => {
  // What cannot be packed.
  await rewrite(Array.from({ length: 2000 }, (_, i) => `# ${createHash('sha256').update(String(i)).digest('hex')}`).join('\n'));
  await page.until(`document.querySelector('#verdict:not(.running)') !== null`);
  const before = await script();
  await page.click('#share');
  await contains('.toast', 'too long for a link');
  await expect.poll(() => text('.toast')).toContain('Save as a file');
  await page.evaluate(`window.saved = []; URL.createObjectURL = ((make) => (blob) => { blob.text().then((all) => window.saved.push(all)); return make.call(URL, blob); })(URL.createObjectURL)`);
  await page.click('#open');
  await page.click('pf-open .save');
  await page.until('window.saved.length === 1');
  expect(await page.evaluate('window.saved[0]')).toBe(before);
});

test('what has just been typed is in the link and in the file, without a pause for it to be read', async () => {
  await page.click('.cm-content');
  await page.press('Control+End');
  await page.write('\n# typed for the link');
  await page.evaluate(`document.querySelector('#share').click()`);
  await contains('.toast', 'The link is');
  const link = await page.evaluate<string>('location.hash');
  await page.press('Control+End');
  await page.write(' and for the file');
  await page.evaluate(`window.saved = []; URL.createObjectURL = ((make) => (blob) => { blob.text().then((all) => window.saved.push(all)); return make.call(URL, blob); })(URL.createObjectURL)`);
  await page.press('Control+s');
  await page.until('window.saved.length === 1');
  expect(await page.evaluate('window.saved[0]')).toMatch(/# typed for the link and for the file$/);
  await page.goto('about:blank');
  await openFresh(page, url);
  await page.evaluate(`location.hash = ${JSON.stringify(link)}`);
  await page.until(`document.querySelector('pf-editor').text.endsWith('# typed for the link')`);
});

test('no error reached the console', () => {
  expect(page.errors.join('\n')).toBe('');
});
