/** The compiled core: where it comes from, and its instances. A trap or too many machines make another instance. */
import { LoadError, MachineStopped, OutOfMemory } from './errors.ts';
import type { WasmSource } from './source.ts';
import { type Glue, type InitOutput, isTrap, makeGlue, use } from './wasm/pagefault.js';

/** Bytes of an instance that machines may take; WebAssembly has 4 GiB of addresses. */
const ROOM = 3.5 * 2 ** 30;
/** What all instances may take together, unless a machine is made with another `budget`. */
export const USUAL_BUDGET = 4 * 2 ** 30;
/** What a machine needs besides its RAM: tables of frames, TLB, areas. */
const besides = (ram: number): number => ram / 32 + (4 << 20);

/** One instance of the core, with the machines that live in it. */
export class Instance {
  readonly glue: Glue;
  readonly memory: WebAssembly.Memory;
  /** Bytes that its machines and their copies may come to. */
  reserved = 0;
  /** One machine has it alone. */
  isOwn = false;
  /** Why nothing in it can be used any more. */
  stopped: MachineStopped | undefined;

  private constructor(glue: Glue, exports: InitOutput) {
    this.glue = glue;
    this.memory = exports.memory;
  }

  static async make(module: WebAssembly.Module): Promise<Instance> {
    let made: Instance | undefined;
    const glue = makeGlue((error) => made?.trapped(error));
    made = new Instance(glue, await glue.init({ module_or_path: module }));
    return made;
  }

  get used(): number {
    return this.stopped ? 0 : this.memory.buffer.byteLength;
  }

  /** What its machines hold at most: memory that was given back stays with the instance, for the next one. */
  get held(): number {
    return Math.min(this.used, this.reserved + (8 << 20));
  }

  hasRoom(bytes: number): boolean {
    return !this.stopped && (this.reserved === 0 || this.reserved + bytes <= ROOM);
  }

  /** After a trap its memory cannot be trusted: nothing is called in it again, and it can be collected. */
  trapped(cause: unknown): MachineStopped {
    if (!this.stopped) {
      const stopped = new MachineStopped('the emulator has failed, a bug in pagefault, and every machine made together with this one has stopped: free it and make a new one', cause);
      this.stopped = stopped;
      this.glue.abandon(() => stopped);
    }
    return this.stopped;
  }
}

export { isTrap };

let loading: Promise<WebAssembly.Module> | undefined;
let current: Instance | undefined;
let making: Promise<Instance> | undefined;
const instances = new Set<WeakRef<Instance>>();

/** Bytes of WebAssembly memory that machines, scripts and copies hold now. */
export function memoryUsed(of: 'used' | 'held' = 'used'): number {
  let sum = 0;
  for (const each of instances) {
    const instance = each.deref();
    if (!instance || instance.stopped) instances.delete(each);
    else sum += instance[of];
  }
  return sum;
}

/** What a machine of so much RAM comes to at most. */
export const reservation = (ram: number): number => ram + besides(ram);

/** Throws {@link OutOfMemory} if so many bytes more are too many. */
export function requireBudget(bytes: number, budget: number, what: string): void {
  const used = memoryUsed('held');
  if (used + bytes <= budget) return;
  const mib = (of: number) => `${Math.ceil(of / 2 ** 20)} MiB`;
  throw new OutOfMemory(`${what}: ${mib(used)} of ${mib(budget)} are in use: free() machines and drop() saved ones that are not needed, or give createMachine a larger budget`, used, budget);
}

/** Machines after which finalizers are let run. */
const MANY = 8;
let sincePause = 0;

/** Lets finalizers run: machines that nobody holds any more are freed by them. */
const pause = (): Promise<void> => new Promise((done) => { (globalThis as unknown as { setTimeout(f: () => void, ms: number): void }).setTimeout(done, 0); });

/** An instance with room for so many bytes; the core is loaded once. */
export async function takeInstance(source: () => WasmSource | Promise<WasmSource>, bytes = 0, budget = USUAL_BUDGET): Promise<Instance> {
  const module = await loadModule(source);
  const least = Math.min(bytes, 8 << 20);
  // In a loop without pauses no machine that was dropped would ever be freed.
  if (!current?.hasRoom(bytes) || ++sincePause >= MANY || memoryUsed('held') + least > budget) {
    await pause();
    sincePause = 0;
  }
  if (current?.hasRoom(bytes)) {
    requireBudget(current.reserved === 0 ? 0 : least, budget, 'createMachine');
    return current;
  }
  requireBudget(least, budget, 'createMachine');
  making ??= Instance.make(module).then((instance) => {
    instances.add(new WeakRef(instance));
    current = instance;
    use(instance.glue);
    return instance;
  }, (error: unknown) => { throw new LoadError('failed', `pagefault.wasm could not be started: ${String(error)}`, error); })
    .finally(() => { making = undefined; });
  return making;
}

/** An instance for one machine alone. */
export async function ownInstance(source: () => WasmSource | Promise<WasmSource>, budget = USUAL_BUDGET): Promise<Instance> {
  const module = await loadModule(source);
  requireBudget(8 << 20, budget, 'createMachine');
  const instance = await Instance.make(module);
  instance.isOwn = true;
  instances.add(new WeakRef(instance));
  return instance;
}

function loadModule(source: () => WasmSource | Promise<WasmSource>): Promise<WebAssembly.Module> {
  loading ??= load(source).catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

const CURE = "with a bundler that does not copy files (esbuild, rollup) copy node_modules/pagefault/dist/pagefault.wasm beside the bundle, or import 'pagefault/inline'; or pass { wasm } with its URL or its bytes";

async function load(source: () => WasmSource | Promise<WasmSource>): Promise<WebAssembly.Module> {
  let from: WasmSource;
  try {
    from = await source();
  } catch (error) {
    throw readError(error);
  }
  if (from instanceof WebAssembly.Module) return from;
  const [bytes, where] = await bytesOf(from);
  try {
    return bytes instanceof WebAssembly.Module ? bytes : await WebAssembly.compile(bytes);
  } catch (error) {
    throw compileError(error, bytes, where);
  }
}

/** A file that cannot be read. */
function readError(error: unknown): LoadError {
  const { code, path, name, message } = error as { code?: string; path?: string; name?: string; message?: string };
  if (code === 'ENOENT') return new LoadError('missing', `pagefault.wasm is not at ${path}: ${CURE}`, error);
  if (code === 'EACCES' || code === 'EPERM' || name === 'NotCapable' || name === 'PermissionDenied') {
    return new LoadError('permission', `pagefault.wasm may not be read (${message}): let the program read it (Deno: --allow-read), or import 'pagefault/inline'`, error);
  }
  return new LoadError('failed', `pagefault.wasm could not be read: ${message ?? String(error)}`, error);
}

function compileError(error: unknown, bytes: unknown, where: string): LoadError {
  const text = String((error as Error)?.message ?? error);
  if (/unsafe-eval|content.security.policy|\bCSP\b|disallowed by embedder/i.test(text)) {
    return new LoadError('forbidden', `a Content-Security-Policy forbids WebAssembly${where}: add 'wasm-unsafe-eval' to its script-src`, error);
  }
  if (bytes === undefined && /magic (word|number|header)|expected magic/i.test(text)) return new LoadError('not-wasm', `pagefault.wasm${where} is something else, not WebAssembly (${text}): ${CURE}`, error);
  const head = bytes instanceof Uint8Array ? bytes : bytes instanceof ArrayBuffer ? new Uint8Array(bytes, 0, Math.min(64, bytes.byteLength)) : undefined;
  if (head && !(head[0] === 0 && head[1] === 0x61 && head[2] === 0x73 && head[3] === 0x6d)) {
    const start = new TextDecoder().decode(head.subarray(0, 20)).trim();
    const what = head.length === 0 ? 'nothing' : /^<(!doctype|html)/i.test(start) ? 'an HTML page (a server that answers everything with its start page?)' : `something that begins with ${JSON.stringify(start)}`;
    return new LoadError('not-wasm', `pagefault.wasm${where} is ${what}, not WebAssembly: ${CURE}`, error);
  }
  return new LoadError('failed', `pagefault.wasm${where} could not be compiled: ${text}`, error);
}

/** The bytes of a source or the module, and where it came from, in words. */
async function bytesOf(from: WasmSource): Promise<readonly [BufferSource | WebAssembly.Module, string]> {
  if (from instanceof ArrayBuffer || ArrayBuffer.isView(from)) return [from as BufferSource, ''];
  if (typeof from !== 'string' && !('href' in from)) return [await (from as Response).arrayBuffer(), ''];
  const url = typeof from === 'string' ? from : (from as URL).href;
  const where = ` from ${url.slice(0, 200)}`;
  let response: Response;
  try {
    response = await fetch(url);
  } catch (error) {
    throw new LoadError('missing', `pagefault.wasm could not be fetched${where} (${String((error as Error)?.message ?? error)}): is it there, and does a Content-Security-Policy (connect-src) allow it? Otherwise ${CURE}`, error);
  }
  if (!response.ok) throw new LoadError('missing', `pagefault.wasm is not there${where}: the server answers ${response.status} ${response.statusText}: ${CURE}`);
  if (/^application\/wasm\b/.test(response.headers.get('content-type') ?? '') && typeof WebAssembly.compileStreaming === 'function') {
    try {
      return [await WebAssembly.compileStreaming(response), where];
    } catch (error) {
      throw compileError(error, undefined, where);
    }
  }
  return [await response.arrayBuffer(), where];
}
