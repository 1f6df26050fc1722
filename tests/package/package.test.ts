/** The packed tarball in strangers' projects. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { build } from 'vite';

const root = fileURLToPath(new URL('../..', import.meta.url));
const place = mkdtempSync(join(tmpdir(), 'pagefault-package-'));
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const project = join(place, 'project');
let files: { path: string; size: number }[] = [];

const SOURCE = `
import { createMachine } from 'pagefault';
const vm = await createMachine();
const p = vm.spawn();
const a = p.mmap({ length: 4096 });
p.store(a, 'packed');
console.log(new TextDecoder().decode(p.load(a, 6)));
`;

beforeAll(() => {
  const packed = execFileSync(npm, ['pack', '--ignore-scripts', '--json', '--pack-destination', place], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const [info] = JSON.parse(packed) as { filename: string; files: typeof files }[];
  files = info!.files;
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'stranger', type: 'module', private: true }));
  execFileSync(npm, ['install', '--offline', '--no-audit', '--no-fund', join(place, info!.filename)], { cwd: project, stdio: 'ignore' });
}, 60_000);

afterAll(() => rmSync(place, { recursive: true, force: true }));

test('the tarball holds the core, the types and the licences, and nothing of the sources', () => {
  const names = files.map((file) => file.path);
  for (const name of ['dist/pagefault.wasm', 'dist/index.js', 'dist/index.d.ts', 'dist/node.js', 'LICENSE-MIT', 'LICENSE-APACHE', 'README.md', 'package.json']) {
    expect(names).toContain(name);
  }
  expect(names.filter((name) => !/^(dist\/|LICENSE|README|package\.json)/.test(name))).toEqual([]);
});

test('Node.js runs it', () => {
  writeFileSync(join(project, 'main.mjs'), SOURCE);
  expect(execFileSync(process.execPath, ['main.mjs'], { cwd: project, encoding: 'utf8' })).toBe('packed\n');
});

test('Vite bundles it, the core beside the code', async () => {
  writeFileSync(join(project, 'main.js'), SOURCE);
  writeFileSync(join(project, 'index.html'), '<script type="module" src="./main.js"></script>');
  const output = await build({ root: project, logLevel: 'silent', configFile: false, build: { target: 'es2022', outDir: 'out' } });
  const bundle = (Array.isArray(output) ? output[0] : output) as { output: { fileName: string }[] };
  expect(bundle.output.some((file) => file.fileName.endsWith('.wasm'))).toBe(true);
});

test('TypeScript finds the types', () => {
  writeFileSync(join(project, 'main.ts'), `import { type Process, createMachine } from 'pagefault';\nconst p: Process = (await createMachine()).spawn();\nconst a: bigint = p.mmap({ length: '4KiB' });\nconsole.log(a);\n`);
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--lib', 'es2022,dom', 'main.ts'];
  execFileSync(process.execPath, [tsc, ...flags], { cwd: project, stdio: 'pipe' });
});

test('package.json and the files agree', () => {
  const manifest = JSON.parse(readFileSync(join(project, 'node_modules', 'pagefault', 'package.json'), 'utf8')) as { exports: Record<string, string | Record<string, string>> };
  const paths = Object.values(manifest.exports).flatMap((entry) => (typeof entry === 'string' ? [entry] : Object.values(entry)));
  for (const path of paths) expect(files.map((file) => `./${file.path}`)).toContain(path);
});
