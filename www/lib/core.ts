/** @internal The compiled core: where it comes from, and its instances. A trap or too many machines make another instance. */
import { LoadError, MachineStopped, OutOfMemory } from './errors.ts';
import type { WasmSource } from './source.ts';
import type { Glue as AllGlue } from './wasm/pagefault.js';
import type { Glue as MachineGlue, InitOutput } from './wasm/slim.js';

/** Bytes of an instance that machines may take; WebAssembly has 4 GiB of addresses. */
const ROOM = 3.5 * 2 ** 30;
/** What all instances may take together, unless a machine is made with another `budget`. */
export const USUAL_BUDGET = 4 * 2 ** 30;
/** What a machine needs besides its RAM: tables of frames, TLB, areas. */
const besides = (ram: number): number => ram / 32 + (4 << 20);

/** What every build of the core has: machines. */
export type { MachineGlue };
/** What the full one has besides: scripts, logs and dumps. */
export type { AllGlue };

/** What stands between us and one build of the core, as the build makes it. */
export interface GlueModule<G> {
  readonly CORE: string;
  makeGlue(onTrap: (error: unknown) => unknown): G;
}

/** Whether an error is a trap of WebAssembly or the end of its stack. */
export const isTrap = (error: unknown): boolean =>
  error instanceof WebAssembly.RuntimeError || (error instanceof RangeError && /call stack/i.test(error.message)) || (error as Error | null)?.name === 'InternalError';

/** One instance of the core, with the machines that live in it. */
export class Instance<G extends MachineGlue = MachineGlue> {
  readonly glue: G;
  readonly build: string;
  readonly memory: WebAssembly.Memory;
  /** Bytes that its machines and their copies may come to. */
  reserved = 0;
  /** One machine has it alone. */
  isOwn = false;
  /** Why nothing in it can be used any more. */
  stopped: MachineStopped | undefined;

  private constructor(glue: G, build: string, exports: InitOutput) {
    this.glue = glue;
    this.build = build;
    this.memory = exports.memory;
  }

  static async make<G extends MachineGlue>(from: GlueModule<G>, module: WebAssembly.Module): Promise<Instance<G>> {
    let made: Instance<G> | undefined;
    const glue = from.makeGlue((error) => (isTrap(error) ? made?.trapped(error) : undefined));
    made = new Instance(glue, from.CORE, await glue.init({ module_or_path: module }));
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
      const stopped = new MachineStopped('the emulator has failed, a bug in pagefault, and every machine made with this one has stopped: free it, make a new one', cause);
      this.stopped = stopped;
      this.glue.abandon(() => stopped);
    }
    return this.stopped;
  }
}

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

/** Lets finalizers run: machines that nobody holds any more are freed by them. */
const pause = (): Promise<void> => new Promise((done) => { (globalThis as unknown as { setTimeout(f: () => void, ms: number): void }).setTimeout(done, 0); });

/** Where a build of the core comes from. */
export type Usual = () => WasmSource | Promise<WasmSource>;

/** A build of the core. */
export class Core<G extends MachineGlue = MachineGlue> {
  readonly #file: string;
  readonly #glue: GlueModule<G>;
  readonly #usual: Usual;
  #loading: Promise<WebAssembly.Module> | undefined;
  #current: Instance<G> | undefined;
  #making: Promise<Instance<G>> | undefined;
  #sincePause = 0;

  /** By the name of its file, its glue, and where it is unless somebody says otherwise. */
  constructor(file: string, glue: GlueModule<G>, usual: Usual) {
    this.#file = file;
    this.#glue = glue;
    this.#usual = usual;
  }

  /** The instance in use, once there is one. */
  get current(): Instance<G> | undefined {
    return this.#current?.stopped ? undefined : this.#current;
  }

  /** An instance with room for so many bytes; the core is loaded once. */
  async instance(wasm?: WasmSource, bytes = 0, budget = USUAL_BUDGET): Promise<Instance<G>> {
    const module = await this.#load(wasm);
    const least = Math.min(bytes, 8 << 20);
    // In a loop without pauses no machine that was dropped would ever be freed.
    if (!this.#current?.hasRoom(bytes) || ++this.#sincePause >= MANY || memoryUsed('held') + least > budget) {
      await pause();
      this.#sincePause = 0;
    }
    const current = this.#current;
    if (current?.hasRoom(bytes)) {
      requireBudget(current.reserved === 0 ? 0 : least, budget, 'createMachine');
      return current;
    }
    requireBudget(least, budget, 'createMachine');
    this.#making ??= this.#make(module).then((instance) => (this.#current = instance)).finally(() => { this.#making = undefined; });
    return this.#making;
  }

  /** An instance for one machine alone. */
  async ownInstance(wasm?: WasmSource, budget = USUAL_BUDGET): Promise<Instance<G>> {
    const module = await this.#load(wasm);
    requireBudget(8 << 20, budget, 'createMachine');
    const instance = await this.#make(module);
    instance.isOwn = true;
    return instance;
  }

  /** What a machine that was written down must have been written by. */
  get build(): string {
    return this.#glue.CORE;
  }

  async #make(module: WebAssembly.Module): Promise<Instance<G>> {
    try {
      const instance = await Instance.make(this.#glue, module);
      instances.add(new WeakRef(instance));
      return instance;
    } catch (error) {
      throw new LoadError('failed', `${this.#file} could not be started: ${String(error)}`, error);
    }
  }

  #load(wasm?: WasmSource): Promise<WebAssembly.Module> {
    this.#loading ??= load(this.#file, () => wasm ?? this.#usual()).catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    return this.#loading;
  }
}

const cure = (file: string): string => `with a bundler that does not copy files (esbuild, rollup) copy node_modules/pagefault/dist/${file} beside the bundle, or import 'pagefault/inline'; or pass { wasm } with its URL or its bytes`;

async function load(file: string, source: Usual): Promise<WebAssembly.Module> {
  let from: WasmSource;
  try {
    from = await source();
  } catch (error) {
    throw readError(file, error);
  }
  if (from instanceof WebAssembly.Module) return from;
  const [bytes, where] = await bytesOf(file, from);
  try {
    return bytes instanceof WebAssembly.Module ? bytes : await WebAssembly.compile(bytes);
  } catch (error) {
    throw compileError(file, error, bytes, where);
  }
}

/** A file that cannot be read. */
function readError(file: string, error: unknown): LoadError {
  const { code, path, name, message } = error as { code?: string; path?: string; name?: string; message?: string };
  if (code === 'ENOENT') return new LoadError('missing', `${file} is not at ${path}: ${cure(file)}`, error);
  if (code === 'EACCES' || code === 'EPERM' || name === 'NotCapable' || name === 'PermissionDenied') {
    return new LoadError('permission', `${file} may not be read (${message}): let the program read it (Deno: --allow-read), or import 'pagefault/inline'`, error);
  }
  return new LoadError('failed', `${file} could not be read: ${message ?? String(error)}`, error);
}

function compileError(file: string, error: unknown, bytes: unknown, where: string): LoadError {
  const text = String((error as Error)?.message ?? error);
  if (/unsafe-eval|content.security.policy|\bCSP\b|disallowed by embedder/i.test(text)) {
    return new LoadError('forbidden', `a Content-Security-Policy forbids WebAssembly${where}: add 'wasm-unsafe-eval' to its script-src`, error);
  }
  if (bytes === undefined && /magic (word|number|header)|expected magic/i.test(text)) return new LoadError('not-wasm', `${file}${where} is something else, not WebAssembly (${text}): ${cure(file)}`, error);
  const head = bytes instanceof Uint8Array ? bytes : bytes instanceof ArrayBuffer ? new Uint8Array(bytes, 0, Math.min(64, bytes.byteLength)) : undefined;
  if (head && !(head[0] === 0 && head[1] === 0x61 && head[2] === 0x73 && head[3] === 0x6d)) {
    const start = new TextDecoder().decode(head.subarray(0, 20)).trim();
    const what = head.length === 0 ? 'nothing' : /^<(!doctype|html)/i.test(start) ? 'an HTML page (does the server answer everything with it?)' : `something that begins with ${JSON.stringify(start)}`;
    return new LoadError('not-wasm', `${file}${where} is ${what}, not WebAssembly: ${cure(file)}`, error);
  }
  return new LoadError('failed', `${file}${where} could not be compiled: ${text}`, error);
}

/** The bytes of a source or the module, and where it came from, in words. */
async function bytesOf(file: string, from: WasmSource): Promise<readonly [BufferSource | WebAssembly.Module, string]> {
  if (from instanceof ArrayBuffer || ArrayBuffer.isView(from)) return [from as BufferSource, ''];
  if (typeof from !== 'string' && !('href' in from)) return [await (from as Response).arrayBuffer(), ''];
  const url = typeof from === 'string' ? from : (from as URL).href;
  const where = ` from ${url.slice(0, 200)}`;
  let response: Response;
  try {
    response = await fetch(url);
  } catch (error) {
    throw new LoadError('missing', `${file} could not be fetched${where} (${String((error as Error)?.message ?? error)}): is it there, and does a Content-Security-Policy (connect-src) allow it? Otherwise ${cure(file)}`, error);
  }
  if (!response.ok) throw new LoadError('missing', `${file} is not there${where}: the server answers ${response.status} ${response.statusText}: ${cure(file)}`);
  if (/^application\/wasm\b/.test(response.headers.get('content-type') ?? '') && typeof WebAssembly.compileStreaming === 'function') {
    try {
      return [await WebAssembly.compileStreaming(response), where];
    } catch (error) {
      throw compileError(file, error, undefined, where);
    }
  }
  return [await response.arrayBuffer(), where];
}
