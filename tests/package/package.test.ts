/** The packed tarball in Node, by TypeScript, and looked at by the tools that know what goes wrong in packages. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { publint } from 'publint';
import { expect, test } from 'vitest';
import { program, root, stranger } from './packed.ts';

const project = stranger();

/** What each build of the core may take, as it is and compressed. What the bytes are: see ARCHITECTURE.md. */
const CORE_BYTES = [['pagefault.wasm', 1_480_000, 602_000], ['slim.wasm', 736_000, 288_000]] as const;

test('the tarball holds the core, the types and the licences, and nothing of the sources', () => {
  const names = project.files.map((file) => file.path);
  for (const name of ['dist/pagefault.wasm', 'dist/index.js', 'dist/index.d.ts', 'dist/node.js', 'dist/inline.js', 'dist/slim.js', 'dist/slim.wasm', 'dist/kit.wasm', 'dist/slim-node.js', 'dist/slim.d.ts', 'dist/worker.js', 'dist/backings.js', 'dist/backings.d.ts', 'dist/cli.js', 'LICENSE-MIT', 'LICENSE-APACHE', 'README.md', 'package.json']) {
    expect(names).toContain(name);
  }
  expect(names.filter((name) => !/^(dist\/|LICENSE|README|package\.json)/.test(name))).toEqual([]);
  expect(names.filter((name) => /test|contradictions/.test(name))).toEqual([]);
  // What the kit has written here is not the package's.
  expect(names.filter((name) => name.startsWith('dist/kit/'))).toEqual([]);
  // The page's build of the core is the page's alone.
  expect(names.filter((name) => /\bpage\./.test(name))).toEqual([]);
});

test.each(['pagefault', 'pagefault/node', 'pagefault/inline', 'pagefault/slim'])('Node.js runs %s', (entry) => {
  project.write('main.mjs', program(entry, 'console.log'));
  expect(project.node(['main.mjs'])).toEqual({ status: 0, stdout: 'packed\n', stderr: '' });
});

test('files written in JavaScript, of every entry, with ready-made contents', () => {
  for (const entry of ['pagefault', 'pagefault/inline', 'pagefault/slim']) {
    project.write('main.mjs', `
import { createMachine } from '${entry}';
import { blob, random } from 'pagefault/backings';
const vm = await createMachine({ ram: '4MiB' });
const p = vm.spawn();
const open = (file) => p.mmap({ length: file.size, fd: p.open(file.path), prot: 'r', flags: 'private' });
const a = open(vm.file({ ...blob(new Blob(['packed'])), path: '/text' }));
const b = open(vm.file(random('1MiB', 1)));
console.log(new TextDecoder().decode(await p.async.load(a, 6)), p.load(b, 4096).some((byte) => byte > 0));
`);
    expect(project.node(['main.mjs'])).toEqual({ status: 0, stdout: 'packed true\n', stderr: '' });
  }
});

test('Node.js requires it: nothing waits at the top', () => {
  project.write('main.cjs', "const { createMachine } = require('pagefault');\ncreateMachine({ ram: '4MiB' }).then((vm) => console.log(vm.spawn().pid));\n");
  expect(project.node(['main.cjs'])).toMatchObject({ status: 0, stdout: '1\n' });
});

test('a worker thread serves machines', () => {
  project.write('worker.mjs', "import { parentPort } from 'node:worker_threads';\nimport { createMachine, openScript } from 'pagefault';\nimport { serve } from 'pagefault/worker';\nserve({ createMachine, openScript }, parentPort);\n");
  project.write('main.mjs', `
import { Worker } from 'node:worker_threads';
import { PageFault, SyscallError } from 'pagefault';
import { connect } from 'pagefault/worker';
const worker = new Worker(new URL('./worker.mjs', import.meta.url));
const there = connect(worker);
const vm = await there.createMachine({ ram: '4MiB' });
const p = await vm.spawn();
const a = await p.mmap({ length: 4096 });
await p.store(a, 'packed');
const child = await p.fork();
const errors = [];
for (const call of [() => p.load(1, 1), () => p.munmap(1, 1), () => p.mmap({}), () => p.nothing(), () => p.constructor(), () => child.store(a, () => 0)]) await call().catch((error) => errors.push(error));
const session = await there.openScript('a = getpid()');
await session.goTo(1);
console.log(JSON.stringify([new TextDecoder().decode(await child.load(a, 6)), await child.get('pid'), (await session.verdict()).steps, errors.map((error) => error.name), errors[0] instanceof PageFault && errors[0].address === 1n, errors[1] instanceof SyscallError && errors[1].code]));
await vm.free();
await worker.terminate();
`);
  const { status, stdout, stderr } = project.node(['main.mjs']);
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual(['packed', 2, 1, ['PageFault', 'SyscallError', 'TypeError', 'TypeError', 'TypeError', 'TypeError'], true, 'EINVAL']);
  expect(status).toBe(0);
});

const TYPED = `
import { Machine, Process, ScriptSession, createMachine, explain, isRefusal } from 'pagefault';
import { bytes, ranges } from 'pagefault/backings';
import { connect } from 'pagefault/worker';
import { createMachine as inline } from 'pagefault/inline';
import { type Machine as Slim, createMachine as slim } from 'pagefault/slim';
export async function main(): Promise<bigint> {
  const vm: Machine = await createMachine({ ram: '4MiB', config: { PKU: true } });
  await inline();
  const small: Slim = await slim({ ram: '4MiB' });
  const p: Process = vm.spawn({ limits: { NOFILE: [1, 2] } });
  const a: bigint = p.mmap({ length: '4KiB' });
  const file = vm.file({ ...bytes(new Uint8Array(5)), path: '/five', close() {} });
  small.file({ ...(await ranges('https://example.org/')), mkwrite: async ({ page }) => void page });
  small.file({ size: 1, fault: async ({ signal, count }) => new Uint8Array(signal.aborted ? 0 : count) });
  const loaded: Uint8Array = await p.async.load(a, file.size);
  // @ts-expect-error
  vm.file({ size: 1 });
  const tried = p.try.mmap({ length: 1 });
  const either: string | bigint = isRefusal(tried) ? tried.code : tried;
  const areas: bigint[] = p.maps().map((area) => area.start);
  for await (const event of p.events({ types: ['fault'] })) areas.push(event.address);
  const sentence: string | undefined = explain(p, () => p.brk()).steps[0]?.sentence;
  const far = await connect({ postMessage() {} }).createMachine();
  const there: bigint = await (await far.spawn()).mmap({ length: 1 });
  // @ts-expect-error
  vm.spawn().mmap({ size: 1 });
  // @ts-expect-error
  new Machine();
  // @ts-expect-error
  new Process();
  // @ts-expect-error
  new ScriptSession('x');
  void [either, loaded, sentence, there, small];
  return a;
}
`;

test.each([['es2022', ''], ['es2022', 'node'], ['es2023,dom', ''], ['es2022,esnext.disposable', 'node'], ['es2023,webworker', '']])('TypeScript finds the types with lib %s and types "%s"', (lib, types) => {
  project.write('main.ts', TYPED);
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  for (const mode of ['nodenext', 'preserve']) {
    const flags = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--module', mode, ...(mode === 'preserve' ? ['--moduleResolution', 'bundler'] : []), '--target', 'es2022', '--lib', lib, '--types', types, '--typeRoots', join(root, 'node_modules', '@types'), 'main.ts'];
    const { status, stdout } = project.node([tsc, ...flags]);
    expect(stdout).toBe('');
    expect(status).toBe(0);
  }
});

test('package.json and the files agree, for publint and are-the-types-wrong too', async () => {
  const folder = join(project.folder, 'node_modules', 'pagefault');
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { exports: Record<string, string | Record<string, string>>; bin: Record<string, string> };
  const paths = [...Object.values(manifest.exports).flatMap((entry) => (typeof entry === 'string' ? [entry] : Object.values(entry))), ...Object.values(manifest.bin).map((path) => `./${path}`)];
  for (const path of paths) expect(project.files.map((file) => `./${file.path}`)).toContain(path);
  const { messages } = await publint({ pkgDir: folder, strict: true });
  expect(messages).toEqual([]);
  // Its exit code says whether anything is wrong for those who use modules, which is all that this is for.
  const attw = [join(root, 'node_modules', '@arethetypeswrong', 'cli', 'dist', 'index.js'), project.tarball, '--profile', 'esm-only', '--exclude-entrypoints', './pagefault.wasm', './slim.wasm', '--no-emoji'];
  expect(project.node(attw)).toMatchObject({ status: 0 });
}, 120_000);

test('every public item says what it is', () => {
  const bare = project.files.filter(({ path }) => path.endsWith('.d.ts') && !/texts/.test(path)).flatMap(({ path }) => {
    const lines = readFileSync(join(project.folder, 'node_modules', 'pagefault', path), 'utf8').split('\n');
    const isItem = (line: string) => /^export (declare )?(abstract )?(const|class|function|interface) /.test(line) || (/^ {4}(get )?[a-z]\w*(<[^(]*>)?\(/.test(line) && !/^ {4}(constructor|toString|arrayBuffer)\b/.test(line));
    return lines.flatMap((line, i) => (isItem(line) && !lines[i - 1]!.trim().endsWith('*/') ? [`${path}:${i + 1}: ${line.trim()}`] : []));
  });
  expect(bare).toEqual([]);
});

test('the library stays small', async () => {
  const size = async (code: string) => {
    const { outputFiles } = await build({ stdin: { contents: code, resolveDir: project.folder }, bundle: true, minify: true, format: 'esm', write: false, platform: 'browser' });
    return gzipSync(outputFiles[0]!.contents, { level: 9 }).length;
  };
  // Whoever only makes machines carries neither scripts nor texts, and no contents of files. 3.4 kB of it are vm.file().
  expect(await size("import { createMachine } from 'pagefault'; globalThis.it = createMachine;")).toBeLessThan(27_300);
  expect(await size("import * as all from 'pagefault'; globalThis.it = all;")).toBeLessThan(39_200);
  expect(await size("import * as all from 'pagefault/backings'; globalThis.it = all;")).toBeLessThan(2_800);
});

test('the core stays small', () => {
  const size = (name: string) => {
    const bytes = readFileSync(join(project.folder, 'node_modules', 'pagefault', 'dist', name));
    return { raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length };
  };
  for (const [name, raw, gzip] of CORE_BYTES) {
    const is = size(name);
    console.log(`${name}: ${(is.raw / 1000).toFixed(0)} kB, ${(is.gzip / 1000).toFixed(0)} kB gzip`);
    expect(is.raw, name).toBeLessThan(raw);
    expect(is.gzip, `${name}, compressed`).toBeLessThan(gzip);
  }
});

test('without its file it says what to do', () => {
  project.write('main.mjs', program('pagefault', 'console.log'));
  const core = join(project.folder, 'node_modules', 'pagefault', 'dist', 'pagefault.wasm');
  const bytes = readFileSync(core);
  const said = (change: () => void) => {
    change();
    return project.node(['main.mjs']).stdout;
  };
  try {
    expect(said(() => rmSync(core))).toMatch(/^LoadError: pagefault\.wasm is not at .*copy node_modules\/pagefault\/dist\/pagefault\.wasm.*'pagefault\/inline'/);
    expect(said(() => project.write('node_modules/pagefault/dist/pagefault.wasm', '<!doctype html><title>x</title>'))).toMatch(/^LoadError: pagefault\.wasm is an HTML page.*not WebAssembly/);
    expect(said(() => project.write('node_modules/pagefault/dist/pagefault.wasm', ''))).toMatch(/^LoadError: pagefault\.wasm is nothing, not WebAssembly/);
  } finally {
    writeFileSync(core, bytes);
  }
});

test('the small core says so too', () => {
  project.write('main.mjs', program('pagefault/slim', 'console.log'));
  const core = join(project.folder, 'node_modules', 'pagefault', 'dist', 'slim.wasm');
  const bytes = readFileSync(core);
  rmSync(core);
  try {
    expect(project.node(['main.mjs']).stdout).toMatch(/^LoadError: slim\.wasm is not at .*copy node_modules\/pagefault\/dist\/slim\.wasm/);
  } finally {
    writeFileSync(core, bytes);
  }
});
