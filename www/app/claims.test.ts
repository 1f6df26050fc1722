/** The faults that the first page had, and the points that the page is to satisfy: each has a test that bears its number in its title. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const FAULTS = Array.from({ length: 48 }, (_, i) => i + 1);
/** The others are no part of this page yet. */
const POINTS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 16, 17, 18, 20, 21, 22, 23];

/** Titles of all tests that run: what is skipped or still to be written holds nothing. */
function titles(): string[] {
  const files = ['www/app', 'www/lib', 'tests/e2e', 'tests/replay'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.test.ts') && !/(^|[\\/])(dist|wasm)[\\/]/.test(file)).map((file) => join(root, folder, file)));
  return files.filter((file) => file !== fileURLToPath(import.meta.url)).flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/^\s*test(?:\.each\([\s\S]*?\]\)|\.each\(\[[\s\S]*?\] as const\)|\.runIf\(\w+\))?\((['`])(.*?)\1,/gm)].map(([, , title]) => title!));
}

/** The numbers behind a word at the end of titles: `(fault 5)`, `(faults 38 and 39, point 16)`. */
const numbers = (of: 'fault' | 'point', all: readonly string[]): Set<number> => new Set(all.flatMap((title) => {
  const behind = /\(((?:faults?|points?) [^()]*)\)$/.exec(title)?.[1] ?? '';
  const own = new RegExp(`${of}s? ([\\d, and]+)`).exec(behind)?.[1] ?? '';
  return [...own.matchAll(/\d+/g)].map(Number);
}));

test('every fault and every point has its test', () => {
  const all = titles();
  expect(all.length).toBeGreaterThan(300);
  const [faults, points] = [numbers('fault', all), numbers('point', all)];
  expect({ faults: FAULTS.filter((number) => !faults.has(number)), points: POINTS.filter((number) => !points.has(number)) }).toEqual({ faults: [], points: [] });
});

test('titles are read as they are meant', () => {
  expect(numbers('fault', ['x (fault 5)', 'y (faults 38 and 39, point 16)', 'z (point 7)', '(fault 9) in the middle'])).toEqual(new Set([5, 38, 39]));
  expect(numbers('point', ['y (faults 38 and 39, point 16)', 'z (points 4 and 5)'])).toEqual(new Set([16, 4, 5]));
});
