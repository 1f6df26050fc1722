// The core as WebAssembly: cargo, wasm-bindgen, wasm-opt; rebuilt only when its sources changed.
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createHash } from 'node:crypto';
import { ROOT, run, say } from './run.mjs';
import { hashOf, wasmBindgen } from './setup.mjs';

const LIB = join(ROOT, 'www', 'lib');
/** What strangers import. */
const ENTRIES = ['index', 'node', 'inline', 'worker'];
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

/**
 * The generated glue serves one instance for ever; a trap would take all machines of the page with it. Here it becomes a
 * function that makes the glue of an instance of its own. What it exports is that of the instance in use, so that
 * importers follow when another one takes its place.
 */
export function severalInstances(glue, core) {
  const names = [...glue.matchAll(/^export (?:class|function) (\w+)/gm)].map(([, name]) => name).filter((name) => name !== 'start');
  const body = glue.replace(/^export (?=class|function)/gm, '').replace(/^export \{[^}]*\};?$/m, '')
    // Entries that are not called in a hurry tell of a trap by themselves.
    .replace('wasm = instance.exports;', 'wasm = watched(instance.exports, onTrap);');
  const of = (name) => `${name} = current.${name};`;
  return `${body.startsWith('/*') ? body.slice(0, body.indexOf('\n') + 1) : ''}
const isTrap = (error) => error instanceof WebAssembly.RuntimeError || (error instanceof RangeError && /call stack/i.test(error.message)) || error?.name === 'InternalError';

function watched(exports, onTrap) {
  const all = {};
  for (const name of Object.keys(exports)) {
    const entry = exports[name];
    all[name] = /^(wasmmachine_|__)/.test(name) || typeof entry !== 'function' ? entry : (...args) => {
      try {
        return entry(...args);
      } catch (error) {
        throw isTrap(error) ? onTrap(error) ?? error : error;
      }
    };
  }
  return all;
}

/** The glue of one instance. \`abandon\` lets go of the instance: frees do nothing then, all else throws. */
export function makeGlue(onTrap) {
${body.slice(body.startsWith('/*') ? body.indexOf('\n') + 1 : 0)}
  const abandon = (error) => {
    wasm = new Proxy({}, { get: (_, name) => (String(name).endsWith('_free') ? () => {} : () => { throw error(); }) });
    wasmInstance = wasmModule = cachedBigUint64ArrayMemory0 = cachedDataViewMemory0 = cachedUint32ArrayMemory0 = cachedUint8ArrayMemory0 = null;
  };
  const revive = (ptr) => {
    const machine = Object.create(WasmMachine.prototype);
    machine.__wbg_ptr = ptr;
    WasmMachineFinalization.register(machine, ptr, machine);
    return machine;
  };
  return { ${names.join(', ')}, init: __wbg_init, abandon, revive, table: () => wasm.__wbindgen_externrefs };
}

export { isTrap };
export const CORE = '${core}';
export let ${names.join(', ')};

/** Makes an instance's glue the one whose parts are exported. */
export function use(current) {
${names.map((name) => `  ${of(name)}`).join('\n')}
}
`;
}

/** The declarations to it. */
export function severalDeclarations(types) {
  const names = [...types.matchAll(/^export (?:class|function) (\w+)/gm)].map(([, name]) => name).filter((name) => name !== 'start' && name !== 'initSync');
  return `${types.replace('export default function', 'declare function').replace('export function initSync', 'declare function initSync')}
/** The glue of one instance. */
export interface Glue {
${names.map((name) => `  readonly ${name}: typeof ${name};`).join('\n')}
  readonly init: typeof __wbg_init;
  /** Lets go of the instance: frees do nothing then, all else throws what \`error\` makes. */
  abandon(error: () => Error): void;
  /** The handle of a machine that lies in memory that was put there. */
  revive(ptr: number): WasmMachine;
  /** Where values of JavaScript wait that the core knows by number. */
  table(): WebAssembly.Table;
}
/** Tells builds of the core apart. */
export const CORE: string;
export function makeGlue(onTrap: (error: unknown) => unknown): Glue;
export function use(current: Glue): void;
export function isTrap(error: unknown): boolean;
`;
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
  const core = createHash('sha256').update(readFileSync(join(LIB, 'pagefault.wasm'))).digest('hex').slice(0, 16);
  for (const [name, change] of [['pagefault.js', severalInstances], ['pagefault.d.ts', severalDeclarations]]) {
    writeFileSync(join(fresh, name), change(readFileSync(join(fresh, name), 'utf8'), core));
  }
  rmSync(join(LIB, 'wasm'), { recursive: true, force: true });
  renameSync(fresh, join(LIB, 'wasm'));
  // The core inside a script is made when the package is.
  writeFileSync(join(LIB, 'wasm', 'inline.js'), 'export default "";\n');
  writeFileSync(join(LIB, 'wasm', 'inline.d.ts'), 'declare const packed: string;\nexport default packed;\n');
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
  const packed = gzipSync(readFileSync(join(LIB, 'pagefault.wasm')), { level: 9 }).toString('base64');
  writeFileSync(join(dist, 'wasm', 'inline.js'), `export default "${packed}";\n`);
  removeInternals(dist);
}

/**
 * Declarations that no public one leads to are ours alone: they would ask strangers for types that they do not have.
 * The command has none at all.
 */
function removeInternals(dist) {
  const seen = new Set();
  const visit = (file) => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const [, , name] of readFileSync(file, 'utf8').matchAll(/(from |import\()['"](\.[^'"]*)\.js['"]/g)) visit(join(file, '..', `${name}.d.ts`));
  };
  for (const entry of ENTRIES) visit(join(dist, `${entry}.d.ts`));
  for (const file of sources(dist).filter((name) => name.endsWith('.d.ts') && !seen.has(name))) rmSync(file);
}

/** Builds the page in www/app/dist. */
export async function buildPage() {
  const { build } = await import('vite');
  await build({ configFile: join(ROOT, 'www', 'app', 'vite.config.ts'), logLevel: 'warn' });
}
