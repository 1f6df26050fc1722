/**
 * Where the compiled core may come from: a URL or a path, a `Response`, its bytes, or a `WebAssembly.Module`.
 * Said without the names of the web's types, which not everybody has.
 */
export type WasmSource = string | ArrayBuffer | Uint8Array | { readonly href: string } | { arrayBuffer(): Promise<ArrayBuffer> };


/** A compiled module, which has nothing to be told by. */
export type CompiledModule = object;

/** Where the core comes from, if not from its usual place. */
export interface LoadOptions {
  /** A URL or a path, a `Response`, bytes, or a `WebAssembly.Module`. Counts when the core is loaded for the first time. */
  readonly wasm?: WasmSource | CompiledModule;
}
