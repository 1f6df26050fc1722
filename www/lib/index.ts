/** pagefault in a browser: the core is fetched from beside this module. */
import { entry } from './api.ts';

export * from './api.ts';

export const { createMachine, memoryUsed, openScript, recogniseText, joinLogs, decodeText, readDump, looksLikeDump, diffDumps, dumpToScript } = entry(() => new URL('./pagefault.wasm', import.meta.url));
