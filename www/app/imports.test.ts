import { existsSync, readFileSync } from 'node:fs';
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
