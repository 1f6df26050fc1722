/** The list on `?` is the truth: whatever the page and the picture listen to stands in it, and nothing else does (point 2). */
import { expect, test } from 'vitest';
import { TABLES, actOf } from '../interface/space/pf-space/keys.ts';
import { commandsOf } from './commands.ts';
import type { Page } from './page.ts';

const nothing = () => undefined;
const page = { model: { canRun: true, position: 1, length: 2, marked: null, doing: null }, time: { speed: 0 }, versions: { canUndo: true, canRedo: true } } as unknown as Page;
const commands = commandsOf(page, { focus: nothing, open: nothing, palette: nothing, help: nothing, theme: nothing, save: nothing, memory: nothing, picture: nothing });
/** The same key with and without Shift, as most layouts have it. */
const SAME: Readonly<Record<string, string>> = { '=': '+', '>': 'Shift+ArrowRight', '<': 'Shift+ArrowLeft' };
const ofPicture = commands.filter(({ isElsewhere, group, title }) => (isElsewhere && group === 'Memory') || title.includes('in the memory'));

test('every key of the picture is in the list (point 2)', () => {
  const listed = new Set([...ofPicture, ...commands.filter(({ id }) => id === 'go.address')].flatMap(({ keys = [] }) => keys));
  const all = [...Object.keys(TABLES.BY_KEY), ...Object.keys(TABLES.WITH_SHIFT).map((key) => SAME[key] ?? `Shift+${key}`), ...Object.keys(TABLES.BY_PLACE).map((code) => code.replace('Key', '').toLowerCase())];
  expect(all.length).toBeGreaterThan(25);
  expect(all.filter((key) => !listed.has(key) && !listed.has(SAME[key] ?? ''))).toEqual([]);
});

test('what is listed as a key of the picture does something there', () => {
  for (const keys of ofPicture.filter(({ isElsewhere }) => isElsewhere).flatMap((command) => command.keys ?? [])) {
    const [key, shiftKey] = [keys.replace('Shift+', ''), keys.startsWith('Shift+')];
    expect(actOf({ key, code: /^[a-z]$/.test(key) ? `Key${key.toUpperCase()}` : '', altKey: false, ctrlKey: false, metaKey: false, shiftKey }), keys).not.toBe(null);
  }
});

test('no key of the page has two commands', () => {
  const own = commands.filter(({ isElsewhere }) => !isElsewhere).flatMap(({ keys = [] }) => keys);
  expect(own.filter((key, at) => own.indexOf(key) !== at)).toEqual([]);
  expect(new Set(commands.map(({ id }) => id)).size).toBe(commands.length);
});
