/** The package bundled by strangers and run in a browser, with what a server or a policy may do to it. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { build as esbuild } from 'esbuild';
import { rollup } from 'rollup';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { build as vite, createServer } from 'vite';
import webpack from 'webpack';
import { findBrowsers } from '../../tools/lib/browsers.mjs';
import { serve } from '../../tools/lib/serve.mjs';
import { type Page, openPage } from '../e2e/driver.ts';
import { program, root, stranger } from './packed.ts';

const SAY = '(text => { document.body.dataset.said = text; })';

describe.skipIf(!findBrowsers().chrome)('in a browser', () => {
  const project = stranger();
  let page: Page;
  beforeAll(async () => { page = await openPage(); }, 60_000);
  afterAll(async () => { await page?.close(); });

  /** What the page at an address says in the end. */
  async function said(url: string): Promise<string> {
    await page.goto(url);
    await page.until('document.body?.dataset.said !== undefined');
    return page.evaluate<string>('document.body.dataset.said');
  }

  /** What a folder of the project says when it is served. */
  async function served(folder: string): Promise<string> {
    const server = await serve(join(project.folder, folder));
    try {
      return await said(server.url);
    } finally {
      await server.stop();
    }
  }

  const html = (script: string, head = '') => `<!doctype html><meta charset="utf-8">${head}<body><script type="module" src="${script}"></script></body>`;
  const source = (folder: string, entry = 'pagefault') => project.write(`${folder}/main.js`, program(entry, SAY));

  /** A folder with a page and a bundle of it. */
  async function bundled(folder: string, entry: string, how: (input: string, output: string) => Promise<unknown>): Promise<string> {
    const input = source(`${folder}-source`, entry);
    project.write(`${folder}/index.html`, html('./bundle.js'));
    await how(input, join(project.folder, folder, 'bundle.js'));
    return folder;
  }

  const withEsbuild = (input: string, output: string) => esbuild({ entryPoints: [input], outfile: output, bundle: true, format: 'esm', logLevel: 'silent' });
  async function withRollup(input: string, output: string) {
    const resolve = { name: 'resolve', resolveId: (id: string) => (id.startsWith('pagefault') ? join(project.folder, 'node_modules', 'pagefault', 'dist', `${id.split('/')[1] ?? 'index'}.js`) : null) };
    const bundle = await rollup({ input, plugins: [resolve] });
    await bundle.write({ file: output, format: 'es' });
  }

  test('without a bundler, under a policy that allows wasm', async () => {
    cpSync(join(project.folder, 'node_modules', 'pagefault', 'dist'), join(project.folder, 'plain', 'pagefault'), { recursive: true });
    project.write('plain/main.js', program('./pagefault/index.js', SAY));
    project.write('plain/index.html', html('./main.js', `<meta http-equiv="Content-Security-Policy" content="script-src 'self' 'wasm-unsafe-eval'">`));
    expect(await served('plain')).toBe('packed');
    project.write('plain/index.html', html('./main.js', `<meta http-equiv="Content-Security-Policy" content="script-src 'self'">`));
    expect(await served('plain')).toMatch(/^LoadError: a Content-Security-Policy forbids WebAssembly.*add 'wasm-unsafe-eval' to its script-src/);
  });

  test('a frame buffer is drawn on a canvas, as the example does', async () => {
    cpSync(join(project.folder, 'node_modules', 'pagefault', 'dist'), join(project.folder, 'screen', 'pagefault'), { recursive: true });
    cpSync(join(root, 'docs', 'examples', 'frame-buffer.html'), join(project.folder, 'screen', 'index.html'));
    expect(await served('screen')).toBe('drawn');
    const colours = await page.evaluate<number[]>(`(() => {
      const { data } = document.querySelector('canvas').getContext('2d').getImageData(0, 0, 128, 128);
      return [...new Set(new Uint32Array(data.buffer))].map((pixel) => pixel >>> 0);
    })()`);
    expect(colours).toContain(0xff3cb4ff);
    expect(await page.evaluate<string>("document.querySelector('output').textContent")).toMatch(/^([1-9]|1[0-6]) pages of 16 were written$/);
  });

  test('Vite, while it serves', async () => {
    source('vite');
    project.write('vite/index.html', html('./main.js'));
    const server = await createServer({ root: join(project.folder, 'vite'), configFile: false, logLevel: 'silent', cacheDir: join(project.folder, '.vite'), server: { port: 0, fs: { allow: [project.folder] } } });
    try {
      await server.listen();
      expect(await said(server.resolvedUrls!.local[0]!)).toBe('packed');
    } finally {
      await server.close();
    }
  });

  test('Vite, built, and in a worker', async () => {
    source('vite');
    project.write('vite/index.html', html('./main.js'));
    const build = (out: string) => vite({ root: join(project.folder, 'vite'), configFile: false, logLevel: 'silent', base: './', build: { target: 'es2022', outDir: join('..', out), emptyOutDir: true }, worker: { format: 'es' } });
    await build('vite-built');
    expect(await served('vite-built')).toBe('packed');
    project.write('vite/worker.js', "import { createMachine } from 'pagefault';\nimport { serve } from 'pagefault/worker';\nserve({ createMachine });\n");
    const ways = "const { createMachine } = connect(new Worker(new URL('./worker.js', import.meta.url), { type: 'module' }));";
    const far = program('pagefault', SAY).replace("import { createMachine } from 'pagefault';", `import { connect } from 'pagefault/worker';\n${ways}`).replaceAll('= vm.', '= await vm.').replaceAll('= p.', '= await p.').replace('p.store', 'await p.store').replace('p.load', 'await p.load');
    project.write('vite/main.js', far);
    await build('vite-worker');
    expect(await served('vite-worker')).toBe('packed');
  });

  test('webpack', async () => {
    const input = source('webpack-source');
    project.write('webpack/index.html', html('./bundle.js'));
    const stats = await new Promise<webpack.Stats>((done, failed) => {
      webpack({ mode: 'production', entry: input, output: { path: join(project.folder, 'webpack'), filename: 'bundle.js', publicPath: '' }, experiments: { topLevelAwait: true } }, (error, result) => (error ? failed(error) : done(result!)));
    });
    expect(stats.toJson({ errors: true }).errors).toEqual([]);
    expect(await served('webpack')).toBe('packed');
  });

  test.each([['esbuild', withEsbuild], ['rollup', withRollup]] as const)('%s: with the file copied, with what is inline, and what it says without', async (name, how) => {
    const folder = await bundled(name, 'pagefault', how);
    expect(await served(folder)).toMatch(/^LoadError: pagefault\.wasm is not there from .*404.*copy node_modules\/pagefault\/dist\/pagefault\.wasm beside the bundle/);
    project.write(`${folder}/pagefault.wasm`, html('./bundle.js'));
    expect(await served(folder)).toMatch(/^LoadError: pagefault\.wasm from .* is something else, not WebAssembly/);
    project.copyCore(folder);
    expect(await served(folder)).toBe('packed');
    expect(await served(await bundled(`${name}-inline`, 'pagefault/inline', how))).toBe('packed');
  });
});
