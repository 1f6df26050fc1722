/** What is loaded before the first paint: figures of the built page, from its files. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { DIST } from './site.ts';

const MOST = 60_000;

/** The scripts that the page needs before it draws: those of index.html and what they import, but not what they load later. */
function firstScripts(): string[] {
  const html = readFileSync(join(DIST, 'index.html'), 'utf8');
  const waiting = [...html.matchAll(/<(?:script|link)[^>]*(?:src|href)="\.\/([^"]+\.js)"/g)].map(([, path]) => path!);
  const found = new Set<string>();
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (found.has(path)) continue;
    found.add(path);
    const code = readFileSync(join(DIST, path), 'utf8');
    // Static imports only: `import(…)` is what comes later.
    for (const [, name] of code.matchAll(/(?:\bfrom|\bimport)\s*["']\.\/([^"']+\.js)["']/g)) waiting.push(`assets/${name}`);
  }
  return [...found];
}

test('first paint: at most 60 kB of JavaScript, compressed, and none of it is the editor or the core', () => {
  const sizes = firstScripts().map((path) => [path, gzipSync(readFileSync(join(DIST, path)), { level: 9 }).length] as const);
  const sum = sizes.reduce((all, [, size]) => all + size, 0);
  console.log(`first paint: ${(sum / 1000).toFixed(1)} kB gzip: ${sizes.map(([path, size]) => `${path} ${(size / 1000).toFixed(1)}`).join(', ')}`);
  for (const [path] of sizes) expect(path).not.toMatch(/code-|worker|\.wasm/);
  expect(sum).toBeLessThanOrEqual(MOST);
});
