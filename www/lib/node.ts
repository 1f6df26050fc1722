/** pagefault in Node.js: the core is read from beside this module. */
import { readFile } from 'node:fs/promises';
import { entry } from './api.ts';

export * from './api.ts';

export const { createMachine, memoryUsed, openScript, recogniseText, joinLogs, decodeText, readDump, looksLikeDump, diffDumps, dumpToScript } = entry(async () => new Uint8Array(await readFile(new URL('./pagefault.wasm', import.meta.url))));
