/** The page's own build of the core: what the library asks of it, and besides columns, tracks and moments to go back to. */
import { decoders, dumpConverters, dumpDiffers, dumpReaders, joiners, recognisers } from '../../lib/api.ts';
import { Core } from '../../lib/core.ts';
import { CORE, type Glue, makeGlue } from '../../lib/wasm/page.js';

export const page = /* @__PURE__ */ new Core<Glue>('page.wasm', { makeGlue, CORE }, () => new URL('../../lib/page.wasm', import.meta.url));

/** The glue of the core that has been loaded. */
export function loadedGlue(): Glue {
  if (!page.current) throw new Error('the core has not been loaded');
  return page.current.glue;
}

export const recogniseText = /* @__PURE__ */ recognisers(page);
export const joinLogs = /* @__PURE__ */ joiners(page);
export const decodeText = /* @__PURE__ */ decoders(page);
export const readDump = /* @__PURE__ */ dumpReaders(page);
export const diffDumps = /* @__PURE__ */ dumpDiffers(page);
export const dumpToScript = /* @__PURE__ */ dumpConverters(page);
