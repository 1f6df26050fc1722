// Running other programs, and saying in one sentence what is missing.
import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { dirname, resolve } from 'node:path';

/** The repository. */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const WINDOWS = process.platform === 'win32';

/** A problem that its message explains: printed without a stack. */
export class SetupError extends Error {}

/** Runs a main function; a SetupError becomes one sentence and exit code 1. */
export function main(body) {
  body().catch((error) => {
    console.error(error instanceof SetupError ? `\n${error.message}` : error);
    process.exitCode = 1;
  });
}

/** Whether a program answers. */
export function answers(command, args = ['--version']) {
  return spawnSync(command, args, { stdio: 'ignore', shell: WINDOWS }).status === 0;
}

/** What a program prints, trimmed; null if it fails. */
export function output(command, args, options = {}) {
  const done = spawnSync(command, args, { encoding: 'utf8', cwd: ROOT, shell: WINDOWS, maxBuffer: 1 << 28, ...options });
  return done.status === 0 ? done.stdout.trim() : null;
}

/** Runs a program with its output shown; a failure is a SetupError. */
export async function run(command, args, options = {}) {
  const { status } = await collect(command, args, { ...options, show: true });
  if (status !== 0) throw new SetupError(`${options.what ?? `${command} ${args.join(' ')}`} failed (exit code ${status}): see above.`);
}

/** Runs a program: its exit code and everything it printed. `show` passes the output on as it comes. */
export function collect(command, args, { show = false, env, cwd = ROOT, timeout } = {}) {
  return new Promise((done) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, shell: WINDOWS, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    const timer = timeout && setTimeout(() => child.kill('SIGKILL'), timeout);
    for (const [stream, target] of [[child.stdout, process.stdout], [child.stderr, process.stderr]]) {
      stream.on('data', (data) => {
        text += data;
        if (show) target.write(data);
      });
    }
    const finish = (status) => {
      clearTimeout(timer);
      done({ status: status ?? 1, text });
    };
    child.on('error', (error) => { text += String(error); finish(127); });
    child.on('close', finish);
  });
}

/** A line that says what is being done. */
export const say = (text) => console.log(`• ${text}`);
