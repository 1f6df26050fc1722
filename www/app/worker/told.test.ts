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

/** Every step of a script, told. */
function steps(text: string, kind: 'script' | 'strace' = 'script') {
  const core = Core.of(text, kind);
  while (core.position < core.length) core.step();
  const told = Array.from({ length: core.known }, (_, step) => core.explain(step)!);
  core.free();
  return told;
}

test('the tree has names and numbers, no bits as a number', () => {
  const told = steps(`fd = memfd_create("x", MFD_ALLOW_SEALING)
ftruncate(fd, 8K)
m = mmap(NULL, 8K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_POPULATE, fd, 0)
mprotect(m, 4K, PROT_READ|PROT_EXEC)
madvise(m, 4K, MADV_DONTFORK)
mlock2(m, 4K, MLOCK_ONFAULT)
a = mmap(0x10000000, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
store(a, "x")
c = fork()
[c] store(a, "y")
mmap(0x20000000, 4K, PROT_READ, MAP_SHARED_VALIDATE|MAP_FIXED_NOREPLACE, fd, 0)
`);
  const lines = told.flatMap(({ tree }) => tree.map(({ text, note }) => `${text} ${note}`));
  expect(lines.filter((line) => /(?:bits|flags|error_code|mapcount)\S* (?:= )?0x[0-9a-f]+(?!: )/.test(line))).toEqual([]);
  for (const words of ['the flag bits MFD_ALLOW_SEALING are all known', 'mapping flags MAP_FIXED_NOREPLACE are not supported', 'error_code = 0x7: a write by the program, the entry forbids it', 'mapcount = 2']) expect(lines.some((line) => line.includes(words)), words).toBe(true);
  expect(told.at(-1)!.sentence).toContain('mapping flags MAP_FIXED_NOREPLACE are not supported');
});

test('brk looks for no address, and what it refuses is no error number', () => {
  const [asked, moved] = steps('b = brk(0)\nbrk(b + 0x3000)\n');
  expect(asked!.tree.at(-1)).toMatchObject({ text: 'the break stays where it is', note: expect.stringContaining('argument 0') as unknown });
  expect(moved!.tree.find(({ text }) => text === 'arch_get_unmapped_area_topdown')!.note).toContain('no address is looked for');
});

test('the top table of a process is counted with its tables', () => {
  const told = steps('a = mmap(0x10000000, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\ntouch_write(a, 1)\nfork()\n').at(-1)!;
  expect(told.changes.find(({ text }) => text.includes('page tables'))!.text).toMatch(/^\d+ page tables, a top one among them$/);
});

test('a call that a log has as refused, and that works here, is told as undone, not as one that changed nothing', () => {
  const said = steps(readFileSync(new URL('../../../tests/logs/recorded-errors-excused.strace', import.meta.url), 'utf8'), 'strace').slice(-3).map(({ sentence }) => sentence);
  expect(said).toEqual(['7ffff7ffd000', '7ffff77fe000', '7ffff7ffe000'].map((addr) => `mmap returned 0x${addr} here. In the log it was refused: what it did is undone.`));
});
