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

export default defineConfig({
  root: here,
  base: './',
  plugins: [offline()],
  server: { port: 5173, fs: { allow: [fileURLToPath(new URL('../..', import.meta.url))] } },
  build: { outDir: 'dist', emptyOutDir: true, target: 'es2022', modulePreload: { polyfill: false }, chunkSizeWarningLimit: 600 },
});
