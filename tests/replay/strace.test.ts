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
/** Programs with threads that start other programs. What several print may fall into the middle of a number of the log: of a digit
 * there nobody could tell whose it is, so they print letters. */
const THREADS = 'import threading, subprocess\ndef go(n):\n x = bytearray(1 << 20)\n subprocess.run(["true"])\n y = bytearray(3 << 20)\n subprocess.run(["echo", "pqr"[n]])\nts = [threading.Thread(target=go, args=(i,)) for i in range(3)]\n[t.start() for t in ts]\n[t.join() for t in ts]\n';
const WORKERS = "const { Worker, isMainThread } = require('worker_threads');\nconst { execFileSync } = require('child_process');\nif (isMainThread) for (let i = 0; i < 2; i++) new Worker(__filename);\nexecFileSync('true');\n";
const MAKEFILE = 'all: p q r s\np q r s:\n\t@sleep 0.05; echo $@ | cat\n';
const PROGRAMS: Record<string, string[]> = {
  bash: ['bash', '-c', 'for i in 1 2 3; do (echo $i | cat); done; true & wait'],
  gcc: ['gcc', '-O1', '-o', join(place, 'compiled'), join(place, 'source.c')],
  perl: ['perl', '-e', 'my @a = map { $_ x 100 } 1..2000; system("true"); print scalar(@a), "\\n"'],
  python3: ['python3', '-c', 'import json, ssl\nb = bytearray(1 << 22)\nprint(len(json.dumps(list(range(1000)))))'],
  node: ['node', '-e', 'console.log(1)'],
  'python3-threads': ['python3', join(place, 'threads.py')],
  'node-workers': ['node', join(place, 'workers.cjs')],
  make: ['make', '-j4', '-f', join(place, 'Makefile')],
  cargo: ['cargo', '--version'],
  'cargo-metadata': ['cargo', 'metadata', '--format-version', '1', '--offline', '--manifest-path', join(place, 'tiny', 'Cargo.toml')],
  'cargo-build': ['cargo', 'build', '--offline', '--manifest-path', join(place, 'tiny', 'Cargo.toml')],
};
/** The last is the page's own advice. */
const OPTIONS = [['-f'], ['-f', '-y'], ['-f', '-k'], ['-f', '-tt', '-T'], ['-f', '-X', 'raw'], ['-f', '-e', 'trace=%memory'], ['-f', '-e', 'trace=%memory,%process,openat,close']];
/** With stacks these are logs of hundreds of thousands of lines. */
const LONG = new Set(['cargo-build']);

const isThere = (program: string) => spawnSync('which', [program]).status === 0;

/** What the tracer and the program wrote to one terminal. */
function traced(options: string[], program: string[]): string {
  writeFileSync(join(place, 'source.c'), SOURCE);
  writeFileSync(join(place, 'threads.py'), THREADS);
  writeFileSync(join(place, 'workers.cjs'), WORKERS);
  writeFileSync(join(place, 'Makefile'), MAKEFILE);
  rmSync(join(place, 'tiny'), { recursive: true, force: true });
  mkdirSync(join(place, 'tiny', 'src'), { recursive: true });
  writeFileSync(join(place, 'tiny', 'Cargo.toml'), '[package]\nname = "tiny"\nversion = "0.1.0"\nedition = "2021"\n');
  writeFileSync(join(place, 'tiny', 'src', 'main.rs'), 'fn main() {}\n');
  const { CARGO_TARGET_DIR: _, ...env } = process.env;
  const shell = `exec strace ${options.join(' ')} "$@" 2>&1`;
  return execFileSync('bash', ['-c', shell, 'bash', ...program], { encoding: 'utf8', maxBuffer: 1 << 28, cwd: place, env });
}

interface Told { kind?: string; error?: string; setAside?: number; memoryCall?: boolean; text?: string; equal?: boolean }

function replay(...args: string[]): Told[] {
  const { stdout } = spawnSync(process.execPath, [join(root, 'tools', 'replay.mjs'), '--json', ...args], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });
  return stdout.trim().split('\n').map((line) => JSON.parse(line) as Told);
}

/** All of it was read, nothing of memory was set aside, and what was compared is equal. What depends on an order that a log
 * does not tell is not compared, and said to be so. */
function check(told: Told[]): void {
  expect(told.filter(({ error }) => error)).toEqual([]);
  expect(told.filter(({ memoryCall }) => memoryCall)).toEqual([]);
  expect(told.some(({ equal }) => equal !== undefined)).toBe(true);
  expect(told.filter(({ equal }) => equal === false)).toEqual([]);
}

function checkLog(name: string, log: string): void {
  const path = join(place, `${name.replaceAll(/[^a-z0-9]+/gu, '-')}.strace`);
  writeFileSync(path, log);
  check(replay(path));
}

describe.skipIf(!strace)('what strace writes is read whole', () => {
  for (const [name, program] of Object.entries(PROGRAMS)) {
    const isMissing = !isThere(program[0]!);
    for (const options of OPTIONS.filter((some) => !(LONG.has(name) && some.includes('-k')))) {
      const title = `${name} ${options.join(' ')}`;
      test.skipIf(isMissing)(title, { timeout: 300_000 }, () => checkLog(title, traced(options, program)));
    }
    test.skipIf(isMissing)(`${name} -f -o`, { timeout: 300_000 }, () => {
      const path = join(place, `${name}.out`);
      traced(['-f', '-o', path], program);
      checkLog(`${name} -f -o`, readFileSync(path, 'utf8'));
    });
    test.skipIf(isMissing)(`${name} -ff -ttt -o`, { timeout: 300_000 }, () => {
      const folder = join(place, `${name}.files`);
      mkdirSync(folder, { recursive: true });
      traced(['-ff', '-ttt', '-o', join(folder, 'x')], program);
      check(replay('--together', ...readdirSync(folder).map((file) => join(folder, file))));
    });
    test.skipIf(isMissing)(`${name} -ff -o, whose files carry no times`, { timeout: 300_000 }, () => {
      const folder = join(place, `${name}.untimed`);
      mkdirSync(folder, { recursive: true });
      traced(['-ff', '-o', join(folder, 'x')], program);
      check(replay('--together', ...readdirSync(folder).map((file) => join(folder, file))));
    });
  }
});
