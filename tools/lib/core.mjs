// The core as WebAssembly: cargo, wasm-bindgen, wasm-opt; rebuilt only when its sources changed. It is built several
// times, with as much in it as its users need.
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createHash } from 'node:crypto';
import { ROOT, run, say } from './run.mjs';
import { hashOf, wasmBindgen } from './setup.mjs';
import { fileURLToPath } from 'node:url';

const LIB = join(ROOT, 'www', 'lib');
/** What strangers import. */
const ENTRIES = ['index', 'node', 'inline', 'slim', 'slim-node', 'worker', 'backings'];
/** The builds of the core, by the name of their file, with the features of the crate; and the kit, which the command alone loads. */
const BUILDS = { pagefault: 'js,script', slim: 'js', page: 'page', kit: '' };
/** Those that the package ships. */
export const SHIPPED = ['pagefault', 'slim', 'kit'];
const crateOf = (name) => (name === 'kit' ? 'pagefault-kit' : 'pagefault');

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
 * function that makes the glue of an instance of its own.
 */
export function severalInstances(glue, core) {
  const names = exported(glue);
  const body = glue.replace(/^export (?=class|function)/gm, '').replace(/^export \{[^}]*\};?$/m, '')
    // Entries that are not called in a hurry tell of a trap by themselves.
    .replace('wasm = instance.exports;', 'wasm = watched(instance.exports, onTrap);');
  return `${body.startsWith('/*') ? body.slice(0, body.indexOf('\n') + 1) : ''}
function watched(exports, onTrap) {
  const all = {};
  for (const name of Object.keys(exports)) {
    const entry = exports[name];
    all[name] = /^(wasmmachine_|__)/.test(name) || typeof entry !== 'function' ? entry : (...args) => {
      try {
        return entry(...args);
      } catch (error) {
        throw onTrap(error) ?? error;
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

export const CORE = '${core}';
`;
}

/** What the core has: classes and functions, in generated code or declarations. */
const exported = (text) => [...text.matchAll(/^export (?:class|function) (\w+)/gm)].map(([, name]) => name).filter((name) => name !== 'start' && name !== 'initSync');

/** The declarations to it. */
export function severalDeclarations(types) {
  return `${types.replace('export default function', 'declare function').replace('export function initSync', 'declare function initSync')}
/** The glue of one instance. */
export interface Glue {
${exported(types).map((name) => `  readonly ${name}: typeof ${name};`).join('\n')}
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
/** Makes the glue of an instance; \`onTrap\` is asked what to throw in place of an error, nothing for the error itself. */
export function makeGlue(onTrap: (error: unknown) => unknown): Glue;
`;
}

/** Builds www/lib/NAME.wasm and its glue www/lib/wasm/NAME.js, for each name, unless they are up to date. */
export async function buildCore(names = Object.keys(BUILDS)) {
  const kit = ['src', 'runtime'].flatMap((folder) => sources(join(ROOT, 'kit', folder)));
  const inputs = [...sources(join(ROOT, 'crate', 'src')), ...kit, join(ROOT, 'kit', 'Cargo.toml'), join(ROOT, 'crate', 'Cargo.toml'), join(ROOT, 'Cargo.toml'), join(ROOT, 'Cargo.lock'), fileURLToPath(import.meta.url)];
  const wanted = hashOf(inputs);
  const stamp = (name) => join(LIB, 'wasm', `.${name}.stamp`);
  const isFresh = (name) => existsSync(join(LIB, `${name}.wasm`)) && existsSync(stamp(name)) && readFileSync(stamp(name), 'utf8') === wanted;
  const finishing = [];
  for (const name of names.filter((name) => !isFresh(name))) {
    const built = await compile(name);
    // Optimising one goes on while the next is compiled.
    finishing.push(finish(name, built).then(() => writeFileSync(stamp(name), wanted)));
  }
  await Promise.all(finishing);
  // The core inside a script is made when the package is.
  writeFileSync(join(LIB, 'wasm', 'inline.js'), 'export default "";\n');
  writeFileSync(join(LIB, 'wasm', 'inline.d.ts'), 'declare const packed: string;\nexport default packed;\n');
}

/** Compiles a build of the core; the path of a copy. */
async function compile(name) {
  say(`building the core: ${name} (release)`);
  const features = ['--no-default-features', '--features', BUILDS[name]];
  await run('cargo', ['build', '--release', '--locked', '--lib', '-p', crateOf(name), ...features, '--target', 'wasm32-unknown-unknown'], { what: 'building the core' });
  const target = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target');
  const copy = join(LIB, `${name}.${process.pid}.tmp`);
  copyFileSync(join(target, 'wasm32-unknown-unknown', 'release', `${crateOf(name).replace('-', '_')}.wasm`), copy);
  return copy;
}

/** From what the compiler made to what is shipped. */
async function finish(name, built) {
  const { generator } = await wasmBindgen();
  const fresh = join(LIB, `wasm.${name}.${process.pid}.tmp`);
  mkdirSync(fresh, { recursive: true });
  await run(generator, ['--target', 'web', '--out-dir', fresh, '--out-name', name, '--omit-default-module-path', built], { what: 'wasm-bindgen' });
  say(`optimising the core: ${name} (wasm-opt)`);
  await optimise(join(fresh, `${name}_bg.wasm`), join(fresh, `${name}.wasm`));
  renameSync(join(fresh, `${name}.wasm`), join(LIB, `${name}.wasm`));
  const core = createHash('sha256').update(readFileSync(join(LIB, `${name}.wasm`))).digest('hex').slice(0, 16);
  mkdirSync(join(LIB, 'wasm'), { recursive: true });
  // Whoever turns a script into C does it once: one instance, as the generator makes it.
  const asMade = (text) => text;
  for (const [file, change] of name === 'kit' ? [[`${name}.js`, asMade], [`${name}.d.ts`, asMade]] : [[`${name}.js`, severalInstances], [`${name}.d.ts`, severalDeclarations]]) {
    writeFileSync(join(LIB, 'wasm', file), change(readFileSync(join(fresh, file), 'utf8'), core));
  }
  rmSync(fresh, { recursive: true, force: true });
  rmSync(built);
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
  mkdirSync(join(dist, 'wasm'), { recursive: true });
  for (const name of SHIPPED) {
    cpSync(join(LIB, `${name}.wasm`), join(dist, `${name}.wasm`));
    cpSync(join(LIB, 'wasm', `${name}.js`), join(dist, 'wasm', `${name}.js`));
  }
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
