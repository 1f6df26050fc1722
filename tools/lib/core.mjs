// The core as WebAssembly: cargo, wasm-bindgen, wasm-opt; rebuilt only when its sources changed.
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run, say } from './run.mjs';
import { hashOf, wasmBindgen } from './setup.mjs';

const LIB = join(ROOT, 'www', 'lib');
const STAMP = join(LIB, 'wasm', '.stamp');

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

/** What every module that ships goes through, and the benchmark's too. */
export async function optimise(from, to) {
  const program = join(ROOT, 'node_modules', 'binaryen', 'bin', 'wasm-opt');
  const features = ['bulk-memory', 'nontrapping-float-to-int', 'sign-ext', 'mutable-globals', 'reference-types', 'multivalue'].map((f) => `--enable-${f}`);
  await run(process.execPath, [program, '-O3', '--strip-debug', '--strip-producers', ...features, from, '-o', to], { what: 'wasm-opt' });
}

/** Builds www/lib/pagefault.wasm and its glue www/lib/wasm/ unless they are up to date. */
export async function buildCore() {
  const inputs = [...sources(join(ROOT, 'crate', 'src')), join(ROOT, 'crate', 'Cargo.toml'), join(ROOT, 'Cargo.toml'), join(ROOT, 'Cargo.lock')];
  const wanted = hashOf(inputs);
  if (existsSync(join(LIB, 'pagefault.wasm')) && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) return;
  const { generator } = await wasmBindgen();
  say('building the core (release)');
  await run('cargo', ['build', '--release', '--locked', '--lib', '-p', 'pagefault', '--target', 'wasm32-unknown-unknown'], { what: 'building the core' });
  const target = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target');
  const built = join(target, 'wasm32-unknown-unknown', 'release', 'pagefault.wasm');
  const fresh = join(LIB, `wasm.${process.pid}.tmp`);
  mkdirSync(fresh, { recursive: true });
  await run(generator, ['--target', 'web', '--out-dir', fresh, '--out-name', 'pagefault', '--omit-default-module-path', built], { what: 'wasm-bindgen' });
  say('optimising the core (wasm-opt)');
  await optimise(join(fresh, 'pagefault_bg.wasm'), join(fresh, 'pagefault.wasm'));
  renameSync(join(fresh, 'pagefault.wasm'), join(LIB, 'pagefault.wasm'));
  for (const name of readdirSync(fresh)) if (name.endsWith('.wasm') || name.endsWith('_bg.wasm.d.ts')) rmSync(join(fresh, name));
  rmSync(join(LIB, 'wasm'), { recursive: true, force: true });
  renameSync(fresh, join(LIB, 'wasm'));
  writeFileSync(STAMP, wanted);
}

/** Builds the npm package's files in dist/. */
export async function buildLibrary() {
  const dist = join(ROOT, 'dist');
  rmSync(dist, { recursive: true, force: true });
  await run(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', join(LIB, 'tsconfig.json')], { what: 'building the library (tsc)' });
  // The compiler rewrites the endings of imports in code, not in declarations.
  for (const file of sources(dist).filter((name) => name.endsWith('.d.ts'))) {
    writeFileSync(file, readFileSync(file, 'utf8').replace(/(from '\.[^']*|import\("\.[^"]*)\.ts(['"])/g, '$1.js$2'));
  }
  cpSync(join(LIB, 'pagefault.wasm'), join(dist, 'pagefault.wasm'));
  mkdirSync(join(dist, 'wasm'), { recursive: true });
  cpSync(join(LIB, 'wasm', 'pagefault.js'), join(dist, 'wasm', 'pagefault.js'));
  // The glue's declarations name Symbol.dispose, which older `lib` settings of strangers do not have.
  const glue = readFileSync(join(LIB, 'wasm', 'pagefault.d.ts'), 'utf8').replace(/^ *\[Symbol\.dispose\]\(\): void;\n/gm, '');
  writeFileSync(join(dist, 'wasm', 'pagefault.d.ts'), glue);
}

/** Builds the page in www/app/dist. */
export async function buildPage() {
  const { build } = await import('vite');
  await build({ configFile: join(ROOT, 'www', 'app', 'vite.config.ts'), logLevel: 'warn' });
}
