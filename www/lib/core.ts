import init, { type InitOutput } from './wasm/pagefault.js';

/** Where the compiled core may come from. */
export type WasmSource = URL | string | Response | BufferSource | WebAssembly.Module;

let loading: Promise<InitOutput> | undefined;

/** Loads the core once; later calls get the same instance. A failed attempt may be repeated. */
export function loadCore(source: () => WasmSource | Promise<WasmSource>): Promise<InitOutput> {
  loading ??= load(source).catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(source: () => WasmSource | Promise<WasmSource>): Promise<InitOutput> {
  const from = await source();
  try {
    return await init({ module_or_path: from });
  } catch (error) {
    const where = from instanceof URL || typeof from === 'string' ? ` from ${String(from)}` : '';
    throw new Error(`could not load pagefault.wasm${where}: pass { wasm } with its URL or its bytes`, { cause: error });
  }
}
