/** The packed tarball, installed in a stranger's project. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from 'vitest';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

export interface Stranger {
  readonly folder: string;
  /** The tarball. */
  readonly tarball: string;
  readonly files: readonly { readonly path: string; readonly size: number }[];
  /** Writes a file; its path. */
  write(name: string, text: string): string;
  /** Copies the core beside a bundle. */
  copyCore(to: string): void;
  /** Runs a program of the project in Node. */
  node(args: readonly string[], input?: string): { readonly status: number | null; readonly stdout: string; readonly stderr: string };
}

/** A program that maps, faults and says the right bytes by a function. */
export const program = (from: string, say: string): string => `
import { createMachine } from '${from}';
try {
  const vm = await createMachine({ ram: '4MiB' });
  const p = vm.spawn();
  const a = p.mmap({ length: 4096 });
  p.store(a, 'packed');
  ${say}(new TextDecoder().decode(p.load(a, 6)));
} catch (error) {
  ${say}(error.name + ': ' + error.message);
}
`;

/** Registers the making of a project of its own for a file of tests. */
export function stranger(): Stranger {
  const place = mkdtempSync(join(tmpdir(), 'pagefault-package-'));
  const folder = join(place, 'project');
  const made = { folder, tarball: '', files: [] as { path: string; size: number }[] };
  beforeAll(() => {
    const packed = execFileSync(npm, ['pack', '--ignore-scripts', '--json', '--pack-destination', place], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const [info] = JSON.parse(packed) as { filename: string; files: typeof made.files }[];
    made.files = info!.files;
    made.tarball = join(place, info!.filename);
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'stranger', type: 'module', private: true }));
    execFileSync(npm, ['install', '--offline', '--no-audit', '--no-fund', made.tarball], { cwd: folder, stdio: 'ignore' });
  }, 120_000);
  afterAll(() => rmSync(place, { recursive: true, force: true }));
  return Object.assign(made, {
    write(name: string, text: string) {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      return path;
    },
    copyCore: (to: string) => cpSync(join(folder, 'node_modules', 'pagefault', 'dist', 'pagefault.wasm'), join(folder, to, 'pagefault.wasm')),
    node(args: readonly string[], input = '') {
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, input, encoding: 'utf8', env: { ...process.env, NO_COLOR: undefined, FORCE_COLOR: undefined } });
      return { status, stdout, stderr };
    },
  });
}
