import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Plugin, defineConfig } from 'vite';

const here = fileURLToPath(new URL('.', import.meta.url));

/** The page's service worker, with the names of all files of this build. */
function offline(): Plugin {
  return {
    name: 'offline',
    apply: 'build',
    enforce: 'post',
    generateBundle(_, bundle) {
      const files = ['./', ...Object.keys(bundle).filter((name) => name !== 'index.html').map((name) => `./${name}`).sort()];
      const build = createHash('sha256').update(files.join()).digest('hex').slice(0, 12);
      const source = readFileSync(`${here}offline/worker.js`, 'utf8');
      this.emitFile({ type: 'asset', fileName: 'offline.js', source: `const BUILD = '${build}';\nconst FILES = ${JSON.stringify(files)};\n${source}` });
    },
  };
}

/** Opened as a file, a sheet that is asked for as from another site would not come, and with it what says why nothing does. */
function plainSheet(): Plugin {
  return { name: 'plain-sheet', apply: 'build', transformIndexHtml: { order: 'post', handler: (html) => html.replace('<link rel="stylesheet" crossorigin', '<link rel="stylesheet"') } };
}

export default defineConfig({
  root: here,
  base: './',
  plugins: [offline(), plainSheet()],
  server: { port: 5173, fs: { allow: [fileURLToPath(new URL('../..', import.meta.url))] } },
  build: { outDir: 'dist', emptyOutDir: true, target: 'es2022', modulePreload: { polyfill: false }, chunkSizeWarningLimit: 600 },
});
