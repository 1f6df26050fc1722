// The conformance kit: scripts as C files, built and run here or under somebody else's kernel.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { collect, ROOT, SetupError } from './run.mjs';
import { findOrInstall } from './debian.mjs';
import { liveScripts } from './kernel.mjs';
import { tool } from './tool.mjs';

export const FOLDER = join(ROOT, 'dist', 'kit');
const JOBS = Math.min(2, availableParallelism());

/** Who else runs programs of Linux: what is installed for them, what compiles for them, what runs a program. */
export const PEERS = {
  gvisor: { program: 'runsc', packages: ['runsc'], compiler: ['gcc', 'gcc'], before: ['runsc', '--platform=ptrace', '--network=none', '--ignore-cgroups', 'do'], behind: [] },
  qemu: { program: 'qemu-x86_64', packages: ['qemu-user'], compiler: ['gcc', 'gcc'], before: ['qemu-x86_64'], behind: ['--here'] },
  'qemu-aarch64': { program: 'qemu-aarch64', packages: ['qemu-user'], compiler: ['aarch64-linux-gnu-gcc', 'gcc-aarch64-linux-gnu', 'libc6-dev-arm64-cross'], before: ['qemu-aarch64'], behind: ['--here'] },
  'qemu-riscv64': { program: 'qemu-riscv64', packages: ['qemu-user'], compiler: ['riscv64-linux-gnu-gcc', 'gcc-riscv64-linux-gnu', 'libc6-dev-riscv64-cross'], before: ['qemu-riscv64'], behind: ['--here'] },
};

/** Writes a C file for each script, the Makefile and the table; what it says of it. */
export async function writeKit() {
  mkdirSync(FOLDER, { recursive: true });
  // What scripts that have gone have left; programs of other kernels stay until they are built again.
  for (const name of readdirSync(FOLDER)) if (name.endsWith('.c')) rmSync(join(FOLDER, name));
  const { status, text } = await collect(await tool('kit'), ['--into', FOLDER, '--root', join(ROOT, 'tests', 'scripts'), ...liveScripts()]);
  if (status !== 0) throw new SetupError(text);
  return text.trim();
}

/** Builds all programs into a folder, which is made. */
export async function buildKit(compiler, out) {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const { status, text } = await collect('make', ['-s', `-j${JOBS}`, `CC=${compiler}`, `OUT=${out}`, 'all'], { cwd: FOLDER });
  if (status !== 0) throw new SetupError(text.split('\n').slice(-20).join('\n'));
}

/** What TAP says: points that hold, those that do not by what they compare, whether and why nothing was run. */
function read(text, status) {
  const points = [...text.matchAll(/^(ok|not ok) \d+ - line (\d+) (\w+): (.*)(?:\n# (.*))?/gm)];
  const skipped = text.match(/^1\.\.0 # SKIP (.*)$/m)?.[1];
  const failed = points.filter(([, ok]) => ok !== 'ok').map(([, , line, field, call, why]) => ({ line: Number(line), field, call, why: why ?? '' }));
  return { passed: points.length - failed.length, failed, skipped, ended: /^1\.\.\d/m.test(text) && (status === 0 || status === 1) };
}

/** Runs each program of a folder; what came of each, by name. */
export async function runKit(out, { before = [], behind = [] } = {}) {
  const names = readdirSync(out).filter((name) => name.endsWith('.run')).sort();
  const results = new Map();
  const next = names[Symbol.iterator]();
  await Promise.all(Array.from({ length: JOBS }, async () => {
    for (const name of next) {
      const program = join(out, name);
      const [command, ...args] = [...before, program, ...behind];
      const { status, text } = await collect(command, args, { timeout: 60_000 });
      writeFileSync(program.replace(/\.run$/, '.tap'), text);
      results.set(name.replace(/\.run$/, ''), read(text, status));
    }
  }));
  return new Map([...results].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Sums of a run. `alike`: programs in which every result, signal and byte is as on Linux, whatever the kernel says of itself. */
export function sums(results) {
  const sum = { passed: 0, alike: 0, failed: 0, left: 0, points: 0, wrong: {} };
  for (const { passed, failed, skipped, ended } of results.values()) {
    if (skipped !== undefined) {
      sum.left++;
      continue;
    }
    sum.points += passed;
    for (const { field } of failed) sum.wrong[field] = (sum.wrong[field] ?? 0) + 1;
    if (ended && failed.length === 0) sum.passed++;
    else sum.failed++;
    if (ended && failed.every(({ field }) => !['result', 'statement', 'mincore'].includes(field))) sum.alike++;
  }
  return sum;
}

/** Converts, builds and runs on the kernel here; null where there is no compiler. */
export async function kitHere() {
  if (!(await findOrInstall('gcc', ['gcc', 'libc6-dev'])) || !(await findOrInstall('make'))) return null;
  const said = await writeKit();
  const out = join(FOLDER, 'here');
  await buildKit('gcc', out);
  return { said, results: await runKit(out) };
}

/** Converts, builds and runs under a peer; null where something is missing. */
export async function kitUnder(name) {
  const peer = PEERS[name];
  const [compiler, ...packages] = peer.compiler;
  for (const [program, needed] of [[peer.program, peer.packages], [compiler, packages], ['make', ['make']]]) {
    if (!(await findOrInstall(program, needed))) return null;
  }
  const said = await writeKit();
  const out = join(FOLDER, name);
  await buildKit(compiler, out);
  return { said, results: await runKit(out, peer) };
}
