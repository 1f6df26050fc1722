// What building needs, found or made: Node, Rust with its wasm target, npm packages, wasm-bindgen.
// Tools that take minutes to build live in a per-user cache, under a name that tells their version.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, copyFileSync, chmodSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ROOT, SetupError, answers, output, run, say } from './run.mjs';

const OLDEST_NODE = [20, 19];
const EXE = process.platform === 'win32' ? '.exe' : '';

/** The folder of built tools. */
export function cacheFolder() {
  const base = process.platform === 'win32'
    ? process.env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local')
    : process.env.XDG_CACHE_HOME ?? (process.platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : join(homedir(), '.cache'));
  return join(base, 'pagefault');
}

/** Everything that `npm start` needs before it can build. */
export async function setUp() {
  checkNode();
  checkRust();
  await addWasmTarget();
  await installPackages();
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
    throw new SetupError(`Node.js ${process.versions.node} is too old: version ${OLDEST_NODE.join('.')} or later is needed, see https://nodejs.org.`);
  }
}

function checkRust() {
  if (!answers('cargo')) throw new SetupError('Rust is not installed: see https://rustup.rs, then open a new terminal.');
  if (!answers('rustup')) throw new SetupError('rustup is not installed (cargo is): it adds the wasm target, see https://rustup.rs.');
}

async function addWasmTarget() {
  const installed = output('rustup', ['target', 'list', '--installed']) ?? '';
  if (installed.includes('wasm32-unknown-unknown')) return;
  say('adding the Rust target wasm32-unknown-unknown');
  await run('rustup', ['target', 'add', 'wasm32-unknown-unknown'], { what: 'rustup target add wasm32-unknown-unknown' });
}

/** Installs the npm packages of the lock file unless they are there. */
async function installPackages() {
  const stamp = join(ROOT, 'node_modules', '.pagefault-stamp');
  const wanted = hashOf([join(ROOT, 'package-lock.json')]);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  say('installing the npm packages');
  await run('npm', ['ci', '--ignore-scripts', '--no-fund', '--no-audit'], { what: 'npm ci' });
  writeFileSync(stamp, wanted);
}

/** SHA-256 over the contents of files. */
export function hashOf(files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(file.slice(ROOT.length)).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex').slice(0, 32);
}

/** The wasm-bindgen tools of our lock file: paths of the generator and of the test runner. */
export async function wasmBindgen() {
  const source = join(ROOT, 'tools', 'wasm-bindgen');
  const version = lockedVersion(join(source, 'Cargo.lock'), 'wasm-bindgen-cli');
  const core = lockedVersion(join(ROOT, 'Cargo.lock'), 'wasm-bindgen');
  if (version !== core) {
    throw new SetupError(`tools/wasm-bindgen is at version ${version} and the core at ${core}: set both Cargo.toml files to the same.`);
  }
  const folder = join(cacheFolder(), `wasm-bindgen-${version}-${hashOf([join(source, 'Cargo.lock'), join(source, 'src/bin/pagefault-bindgen.rs')]).slice(0, 8)}`);
  const tools = ['pagefault-bindgen', 'pagefault-bindgen-test-runner'].map((name) => join(folder, name + EXE));
  if (!tools.every(existsSync)) {
    say(`building wasm-bindgen ${version} (once per user, about two minutes)`);
    const target = join(folder, 'target');
    await run('cargo', ['build', '--release', '--locked', '--manifest-path', join(source, 'Cargo.toml'), '--target-dir', target], { what: 'building wasm-bindgen' });
    for (const tool of tools) install(join(target, 'release', tool.slice(folder.length + 1)), tool);
    rmSync(target, { recursive: true, force: true });
  }
  return { generator: tools[0], testRunner: tools[1] };
}

/** Copies in one step, so that an interruption leaves no half tool. */
export function install(from, to) {
  mkdirSync(join(to, '..'), { recursive: true });
  const partial = `${to}.${process.pid}.partial`;
  copyFileSync(from, partial);
  chmodSync(partial, 0o755);
  renameSync(partial, to);
}

function lockedVersion(lock, name) {
  const match = readFileSync(lock, 'utf8').match(new RegExp(`name = "${name}"\\nversion = "([^"]+)"`));
  if (!match) throw new SetupError(`${lock} does not name ${name}: run cargo generate-lockfile there.`);
  return match[1];
}
