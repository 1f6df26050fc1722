/** pagefault with the core inside the script: for bundlers that copy no files, and pages of one file. */
import { entry } from './api.ts';
import { LoadError } from './errors.ts';
import packed from './wasm/inline.js';

export * from './api.ts';

/** The core's bytes: gzip in base64. */
async function unpacked(): Promise<ArrayBuffer> {
  if (packed === '') throw new LoadError('missing', "the core is not in this build: build the package, or import 'pagefault'");
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();
}

export const { createMachine, memoryUsed, openScript, recogniseText, joinLogs, decodeText, readDump, looksLikeDump, diffDumps, dumpToScript } = entry(unpacked);
