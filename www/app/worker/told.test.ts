/** What is told of a step agrees with the counters that stand beside it. */
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { Core } from './core.ts';
import { page } from './wasm.ts';

const SCRIPTS = fileURLToPath(new URL('../../../tests/scripts/', import.meta.url));

beforeAll(() => page.instance(readFileSync(new URL('../../lib/page.wasm', import.meta.url))) as unknown as Promise<void>);

/** The numbers of page tables that the list of changes names. */
const tables = (changes: readonly { mark: string; text: string }[], mark: string) =>
  changes.reduce((sum, change) => sum + (change.mark === mark ? Number(/^([\d,]+) page tables?\b/.exec(change.text)?.[1]!.replaceAll(',', '') ?? 0) : 0), 0);

test('page tables that a step made and gave back are those that the counter has more and less', () => {
  let steps = 0;
  for (const folder of ['examples', 'fork', 'execve', 'cow', 'brk', 'munmap', 'pagetables']) {
    for (const file of readdirSync(`${SCRIPTS}${folder}`).filter((name) => name.endsWith('.pf'))) {
      const core = Core.of(readFileSync(`${SCRIPTS}${folder}/${file}`, 'utf8'), 'script');
      while (core.position < core.length) core.step();
      const counter = core.tracks(0).tables;
      for (let step = 1; step < core.known; step++) {
        const told = core.explain(step);
        if (!told || told.dropped > 0) continue;
        steps++;
        const by = counter[step]! - counter[step - 1]!;
        expect(tables(told.changes, '+') - tables(told.changes, '−'), `${folder}/${file}, step ${step + 1}: ${told.step.call}`).toBe(by);
      }
      core.free();
    }
  }
  expect(steps).toBeGreaterThan(250);
});
