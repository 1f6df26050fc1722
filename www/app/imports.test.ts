import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const app = fileURLToPath(new URL('.', import.meta.url));
const lib = join(app, '../lib');

/** Modules that a file loads: what is imported for its types only is gone when it runs. */
function loaded(file: string): { readonly path: string; readonly isNow: boolean }[] {
  const text = readFileSync(file, 'utf8').replace(/^\s*(?:\/\/|\/?\*).*$/gm, '');
  const statements = [...text.matchAll(/^\s*(?:import|export)\s+(?!type\b)([^'"`;]*?from\s*)?'([^']+)'/gm)]
    .filter(([, names]) => !names || !/^\{(?:\s*type\s[^,}]+,?)+\s*\}\s*from\s*$/.test(names)).map(([, , path]) => ({ path: path!, isNow: true }));
  const later = [...text.matchAll(/(?<!typeof )\bimport\('([^']+)'\)/g)].map(([, path]) => ({ path: path!, isNow: false }));
  return [...statements, ...later].filter(({ path }) => path.startsWith('.') && path.endsWith('.ts')).map(({ path, isNow }) => ({ path: join(dirname(file), path), isNow }));
}

function reached(isFollowed: (one: { readonly isNow: boolean }) => boolean): string[] {
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    if (!existsSync(file)) throw new Error(`${file} is not there`);
    for (const one of loaded(file)) if (isFollowed(one)) visit(one.path);
  };
  visit(join(app, 'main.ts'));
  return [...seen];
}

test('the page itself loads nothing of the core and its library: all of it runs in the worker', () => {
  const files = reached(() => true);
  expect(files.length).toBeGreaterThan(60);
  expect(files.filter((file) => !relative(lib, file).startsWith('..')).map((file) => relative(lib, file))).toEqual([]);
});

test('the first paint does without what is shown later', () => {
  const names = reached(({ isNow }) => isNow).map((file) => relative(app, file));
  for (const later of ['texts/functions.ts', 'texts/rules.ts', 'texts/details.ts', 'scene/space/compose.ts', 'scene/svg.ts', 'interface/editor/code.ts', 'interface/charts/pf-charts.ts', 'interface/help/help.ts', 'model/compare.ts', 'language/table.ts']) {
    expect(existsSync(join(app, later)), later).toBe(true);
    expect(names, later).not.toContain(later);
  }
});

/** Folders from the lowest floor up; what lies beside them (`keep.ts`, `link.ts`) stands on none. */
const FLOORS = [['worker'], ['language', 'texts'], ['model'], ['scene'], ['interface'], ['wiring']];
const floorOf = (file: string) => FLOORS.findIndex((names) => names.includes(file.split(/[\\/]/)[0]!));

const sources = readdirSync(app, { recursive: true, encoding: 'utf8' }).filter((file) => floorOf(file) >= 0 && file.endsWith('.ts') && !file.endsWith('.test.ts'));

/** Modules that a file names, for their types too; but not what it fetches later. */
function named(file: string): string[] {
  const text = readFileSync(join(app, file), 'utf8').replace(/^\s*(?:\/\/|\/?\*).*$/gm, '');
  return [...text.matchAll(/(?:\bfrom|^import)\s+'(\.[^']+\.ts)'/gm)].map(([, path]) => join(dirname(file), path!));
}

test('no import climbs a floor', () => {
  expect(sources.length).toBeGreaterThan(100);
  expect(sources.flatMap((file) => named(file).filter((other) => floorOf(other) > floorOf(file)).map((other) => `${file} uses ${other}`))).toEqual([]);
});

test('no modules import each other in a circle', () => {
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, way: readonly string[]): void => {
    if (way.includes(file)) circles.push([...way.slice(way.indexOf(file)), file].join(' → '));
    if (way.includes(file) || done.has(file) || !sources.includes(file)) return;
    for (const other of named(file)) visit(other, [...way, file]);
    done.add(file);
  };
  for (const file of sources) visit(file, []);
  expect(circles).toEqual([]);
});
