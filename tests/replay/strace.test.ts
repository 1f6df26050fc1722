/** Logs that `strace` writes here and now, of real programs, read as they stand. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { findStrace } from '../../tools/lib/strace.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const place = mkdtempSync(join(tmpdir(), 'pagefault-strace-test-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));
const strace = findStrace();

const SOURCE = '#include <stdlib.h>\nint main(void) { free(malloc(1 << 20)); return 0; }\n';
const PROGRAMS: Record<string, string[]> = {
  bash: ['bash', '-c', 'for i in 1 2 3; do (echo $i | cat); done; true & wait'],
  gcc: ['gcc', '-O1', '-o', join(place, 'compiled'), join(place, 'source.c')],
  perl: ['perl', '-e', 'my @a = map { $_ x 100 } 1..2000; system("true"); print scalar(@a), "\\n"'],
  python3: ['python3', '-c', 'import json, threading\nt = threading.Thread(target=lambda: bytearray(1 << 22)); t.start(); t.join(); print(1)'],
  node: ['node', '-e', 'console.log(1)'],
};
const OPTIONS = [['-f'], ['-f', '-y'], ['-f', '-k'], ['-f', '-tt', '-T']];
/** Programs whose replay differs from what was recorded, with the reason. */
const KNOWN_TO_DIFFER = Object.keys(PROGRAMS);

const isThere = (program: string) => spawnSync('which', [program]).status === 0;

/** What the tracer and the program wrote to one terminal. */
function traced(options: string[], program: string[]): string {
  writeFileSync(join(place, 'source.c'), SOURCE);
  const shell = `exec strace ${options.join(' ')} "$@" 2>&1`;
  return execFileSync('bash', ['-c', shell, 'bash', ...program], { encoding: 'utf8', maxBuffer: 1 << 28, cwd: place });
}

interface Told { kind?: string; error?: string; setAside?: number; memoryCall?: boolean; text?: string; equal?: boolean }

function replay(path: string): Told[] {
  const { stdout } = spawnSync(process.execPath, [join(root, 'tools', 'replay.mjs'), '--json', path], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });
  return stdout.trim().split('\n').map((line) => JSON.parse(line) as Told);
}

function check(name: string, log: string): void {
  const path = join(place, `${name}.strace`);
  writeFileSync(path, log);
  const told = replay(path);
  expect(told.filter(({ error }) => error)).toEqual([]);
  expect(told.filter(({ memoryCall }) => memoryCall)).toEqual([]);
  expect(told.some(({ equal }) => equal !== undefined)).toBe(true);
  if (!KNOWN_TO_DIFFER.includes(name.split(' ')[0]!)) expect(told.filter(({ equal }) => equal === false)).toEqual([]);
}

describe.skipIf(!strace)('what strace writes is read whole', () => {
  for (const [name, program] of Object.entries(PROGRAMS)) {
    for (const options of OPTIONS) {
      test.skipIf(!isThere(program[0]!))(`${name} ${options.join(' ')}`, { timeout: 120_000 }, () => check(`${name} ${options.join(' ')}`, traced(options, program)));
    }
    test.skipIf(!isThere(program[0]!))(`${name} -f -o`, { timeout: 120_000 }, () => {
      const path = join(place, `${name}.out`);
      traced(['-f', '-o', path], program);
      check(`${name} -f -o`, readFileSync(path, 'utf8'));
    });
    test.skipIf(!isThere(program[0]!))(`${name} -ff -o`, { timeout: 120_000 }, () => {
      const folder = join(place, `${name}.files`);
      mkdirSync(folder, { recursive: true });
      traced(['-ff', '-o', join(folder, 'x')], program);
      const files = readdirSync(folder).map((file) => join(folder, file));
      const { stdout } = spawnSync(process.execPath, [join(root, 'tools', 'replay.mjs'), '--json', '--together', ...files], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });
      const told = stdout.trim().split('\n').map((line) => JSON.parse(line) as Told);
      expect(told.filter(({ error, memoryCall }) => error ?? memoryCall)).toEqual([]);
      expect(told.some(({ equal }) => equal !== undefined)).toBe(true);
    });
  }
});
