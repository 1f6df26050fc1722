// Building and running the harness that compares with the live kernel.
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { collect, output, ROOT } from './run.mjs';
import { tool } from './tool.mjs';

/** The exit code of the harness where the kernel cannot be asked. */
export const CANNOT_ASK = 3;

/** Builds the harness and runs a command of it. */
export async function oracle(args, options) {
  return collect(await tool('oracle'), args, options);
}

/** Scripts that can be run on the live kernel: all but the logs of whole programs. */
export function liveScripts() {
  const folder = join(ROOT, 'tests', 'scripts');
  const names = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.pf') && !name.startsWith('real'));
  return names.sort().map((name) => join(folder, name));
}

/** A seed that belongs to the commit: the same commit is tested with the same programs everywhere. */
export function commitSeed() {
  const commit = output('git', ['rev-parse', 'HEAD']) ?? 'none';
  return createHash('sha256').update(commit).digest().readUInt32BE(0);
}
