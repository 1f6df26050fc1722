/** Where more contrast is asked for, or colours are forced: what is told by colour is told by something else too. */
import { expect, test } from 'vitest';
import { type Page, isChromium, sight } from './driver.ts';
import { openForEachTest } from './site.ts';

let page: Page;
const { at, act, drawnTwice } = sight(() => page);

openForEachTest((opened) => {
  page = opened;
});

/** Two frames of each kind in RAM, as they are drawn: how much they differ from each other, and from those of other kinds (parts of their pixels). */
const frames = () => page.evaluate<{ kinds: number[]; within: number; between: number; colours: number }>(`(() => {
  const ram = document.querySelector('pf-memory pf-ram');
  const canvas = ram.querySelector('canvas');
  const origin = canvas.getBoundingClientRect();
  const scale = canvas.width / origin.width;
  const { frames } = document.querySelector('pf-memory').at.ram;
  const pixels = (pfn) => {
    const box = ram.placeOf(pfn);
    return new Uint32Array(canvas.getContext('2d').getImageData(Math.round((box.x - origin.x) * scale) + 2, Math.round((box.y - origin.y) * scale) + 2, Math.floor(box.width * scale) - 4, Math.floor(box.height * scale) - 4).data.buffer);
  };
  const differ = (a, b) => a.reduce((sum, pixel, i) => sum + (pixel === b[i] ? 0 : 1), 0) / a.length;
  const kinds = new Map();
  frames.forEach((kind, pfn) => {
    const { selected, touched } = ram;
    if (pfn === selected || pfn === touched || (kinds.get(kind)?.length ?? 0) > 1 || !ram.placeOf(pfn)) return;
    kinds.set(kind, [...(kinds.get(kind) ?? []), pixels(pfn)]);
  });
  let [within, between] = [0, 1];
  const colours = new Set();
  for (const [kind, drawn] of kinds) {
    for (const pixel of drawn[0]) colours.add(pixel);
    if (drawn.length > 1) within = Math.max(within, differ(...drawn));
    for (const [other, others] of kinds) if (other !== kind) between = Math.min(between, differ(drawn[0], others[0]));
  }
  return { kinds: [...kinds.keys()], within, between, colours: colours.size };
})()`);

test.runIf(isChromium)('the pattern beside the colour: where colours are forced, kinds of frames still differ from each other', async () => {
  for (const to of [1, 2, 3, 4, 5, 6]) {
    await act('step');
    await at(to);
  }
  await page.evaluate(`document.querySelector('pf-memory').dispatchEvent(new CustomEvent('select', { detail: { pid: 1, addr: '7ffff7ff6000', pfn: null } }))`);
  await page.media({ forcedColors: true });
  await page.until(`matchMedia('(forced-colors: active)').matches`);
  await page.until(`document.querySelector('pf-space').colours().bg === 'Canvas'`);
  await drawnTwice();
  await drawnTwice();
  const { kinds, within, between } = await frames();
  await page.media({});
  expect(kinds.length).toBeGreaterThanOrEqual(4);
  // Each differs from every other one by more than two of a kind do: those stand on other parts of a pixel.
  expect(between, JSON.stringify({ kinds, within, between })).toBeGreaterThan(0.05);
  expect(between).toBeGreaterThan(within);
});

test.runIf(isChromium)('where colours are forced, small frames of RAM have the colours of the system too: a free one is the ground, as in the legend', async () => {
  await act('step');
  await at(1);
  await page.click('#dock-ram');
  await page.media({ forcedColors: true, colorScheme: 'dark' });
  await page.until(`matchMedia('(forced-colors: active)').matches && document.querySelector('.dock pf-ram canvas') !== null`);
  for (let i = 0; i < 8; i++) await page.evaluate(`document.querySelector('.dock pf-ram').zoomBy(0.5)`);
  await drawnTwice();
  await page.until(`document.querySelector('.dock pf-ram').scene.size < 4`);
  await drawnTwice();
  const [drawn, ground] = await page.evaluate<[number[], number[]]>(`(() => {
    const ram = document.querySelector('.dock pf-ram');
    const canvas = ram.querySelector('canvas');
    const origin = canvas.getBoundingClientRect();
    const scale = canvas.width / origin.width;
    const box = ram.placeOf(4000);
    const at = [...canvas.getContext('2d').getImageData(Math.round((box.x + box.width / 2 - origin.x) * scale), Math.round((box.y + box.height / 2 - origin.y) * scale), 1, 1).data];
    return [at.slice(0, 3), getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number).slice(0, 3)];
  })()`);
  await page.media({});
  expect(drawn).toEqual(ground);
});

test.runIf(isChromium)('where colours are forced, kinds of calls are not all of one colour', async () => {
  await page.media({ forcedColors: true });
  await page.until(`matchMedia('(forced-colors: active)').matches`);
  const colours = await page.evaluate<number>(`(() => { const style = getComputedStyle(document.documentElement); return new Set(['map', 'access', 'process', 'file'].map((group) => style.getPropertyValue('--g-' + group).trim())).size; })()`);
  await page.media({});
  expect(colours).toBe(4);
});

test('an entry of a table that is empty is seen: its border stands out from the ground', async () => {
  await act('step');
  await at(1);
  await page.until(`document.querySelector('pf-walk pf-picture canvas, pf-walk canvas') !== null`);
  const boxes = await page.evaluate<number>(`(() => { const all = ({ shapes }) => shapes.flatMap((shape) => shape.t === 'group' ? all(shape) : [shape]); return [...document.querySelectorAll('pf-walk pf-picture')].flatMap(({ picture }) => all(picture)).filter(({ fill, stroke }) => fill === 'k-absent' && stroke === 'edge').length; })()`);
  expect(boxes).toBeGreaterThan(400);
});

/** How much two colours of the page differ, 1 to 21: that of the text of an element, and that of what is below it. */
const contrast = (selector: string) => page.evaluate<number>(`(() => {
  const one = document.querySelector(${JSON.stringify(selector)});
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const light = (colour) => {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((part) => (part / 255 <= .03928 ? part / 255 / 12.92 : ((part / 255 + .055) / 1.055) ** 2.4));
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const [a, b] = [light(getComputedStyle(one).color), light(getComputedStyle(document.body).backgroundColor)].sort((x, y) => y - x);
  return (a + .05) / (b + .05);
})()`);

test.runIf(isChromium)('with more contrast asked for, quiet words and borders stand out, in light and dark', async () => {
  await act('step');
  await at(1);
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const moreContrast of [false, true]) {
      await page.media({ colorScheme, moreContrast });
      await page.until(`matchMedia('(prefers-contrast: more)').matches === ${moreContrast} && document.documentElement.dataset.theme === '${colorScheme}'`);
      const seen = await contrast('.pf-quiet');
      if (moreContrast) expect(seen, colorScheme).toBeGreaterThan(10);
      else expect(seen, colorScheme).toBeGreaterThan(4.5);
      for (const token of ['line', 'edge']) {
        await page.evaluate(`document.querySelector('#pf-probe')?.remove(); document.body.insertAdjacentHTML('beforeend', '<i id="pf-probe" style="color: var(--${token})"></i>')`);
        if (moreContrast) expect(await contrast('#pf-probe'), `${colorScheme} ${token}`).toBeGreaterThan(token === 'edge' ? 7 : 3);
      }
    }
  }
  await page.media({});
});

test.runIf(isChromium)('where colours are forced, what is chosen is told by a border, and pictures have the colours of the system', async () => {
  await act('step');
  await act('step');
  await at(2);
  await page.media({ forcedColors: true });
  await page.until(`matchMedia('(forced-colors: active)').matches`);
  for (const open of ['#dock-counters', '#dock-ram', '#dock-story', '#pf-tab-area', '#pf-tab-frame', '#pf-tab-walk', '#verdict']) {
    await page.click(open);
    await drawnTwice();
    expect(await page.evaluate<string[]>(`[...document.querySelectorAll('[aria-pressed=true], [aria-selected=true], [aria-current=true], [aria-current=step]')]
      .filter((one) => one.checkVisibility() && !one.closest('.pf-tree') && one.getBoundingClientRect().width > 1)
      .filter((one) => { const { outlineStyle, outlineWidth } = getComputedStyle(one); return outlineStyle !== 'solid' || parseFloat(outlineWidth) < 2; }).map((one) => one.outerHTML.slice(0, 90))`), open).toEqual([]);
  }
  // One set of names for sheets and pictures.
  expect(await page.evaluate<Record<string, string>>(`document.querySelector('pf-space').colours()`)).toMatchObject({ bg: 'Canvas', text: 'CanvasText', 'k-anon': 'CanvasText', 'k-absent': 'Canvas', 'm-new': 'CanvasText' });
  await page.media({});
  await expect.poll(() => page.evaluate<string>(`document.querySelector('pf-space').colours().bg`)).toMatch(/^#/);
});

test.runIf(isChromium)('where colours are forced, every word stands out from the ground that the browser puts below it', async () => {
  for (const to of [1, 2]) {
    await act('step');
    await at(to);
  }
  await page.media({ forcedColors: true });
  await page.until(`matchMedia('(forced-colors: active)').matches`);
  await drawnTwice();
  // Below words whose colours are forced lies the colour of the canvas, whatever the ground of their box.
  const pale = await page.evaluate<string[]>(`(() => {
    const light = (colour) => { const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map((part) => (part / 255 <= .03928 ? part / 3294.6 : ((part / 255 + .055) / 1.055) ** 2.4)); return .2126 * r + .7152 * g + .0722 * b; };
    const differ = (one, other) => { const [a, b] = [light(one), light(other)].sort((x, y) => y - x); return (a + .05) / (b + .05); };
    const canvas = getComputedStyle(document.body).backgroundColor;
    return [...document.querySelectorAll('body *')].filter((one) => one.checkVisibility() && [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '')).filter((one) => {
      const { color, backgroundColor, forcedColorAdjust } = getComputedStyle(one);
      return differ(color, forcedColorAdjust === 'none' ? backgroundColor : canvas) < 3;
    }).filter((one) => !one.closest(':disabled, [aria-disabled=true], .pf-swatch, .pf-draw, svg')).map((one) => one.outerHTML.slice(0, 100));
  })()`);
  expect(pale).toEqual([]);
  await page.media({});
});

test('no error reached the console', () => {
  expect(page.errors.join('\n')).toBe('');
});
