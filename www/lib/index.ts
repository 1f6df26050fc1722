/** pagefault in a browser: the core is fetched from beside this module. */
import { decoders, dumpConverters, dumpDiffers, dumpGuessers, dumpReaders, joiners, machines, recognisers, revivers, scripts } from './api.ts';
import { Core } from './core.ts';
import { CORE, makeGlue } from './wasm/pagefault.js';

export * from './api.ts';

const core = /* @__PURE__ */ new Core('pagefault.wasm', { makeGlue, CORE }, () => new URL('./pagefault.wasm', import.meta.url));

/**
 * Makes a machine: RAM, kernel, no processes yet.
 * @throws {@link LoadError} if the core cannot be loaded, {@link OutOfMemory} if the host's memory is used up
 * @example
 * const vm = await createMachine({ ram: '64MiB' });
 * const p = vm.spawn();
 */
export const createMachine = /* @__PURE__ */ machines(core);
/**
 * Takes a machine up again that `vm.toBytes()` wrote, in memory of its own; `vm.process(pid)` are its processes.
 * @throws {@link ImageError} for bytes that are foreign, damaged, or of another build of the core
 */
export const machineFromBytes = /* @__PURE__ */ revivers(core);
/** Reads a script or a log, as the kind it is said to be or looks like, and sets its machine up. Throws {@link ScriptError}. */
export const openScript = /* @__PURE__ */ scripts(core);
/** What a text is, by what stands in it: a guess. */
export const recogniseText = /* @__PURE__ */ recognisers(core);
/** The files of `strace -ff -o NAME` (`NAME.1234`, one for each process) as one log. */
export const joinLogs = /* @__PURE__ */ joiners(core);
/** The text of a file: UTF-8, or UTF-16 with its byte order mark, as some shells save it. */
export const decodeText = /* @__PURE__ */ decoders(core);
/**
 * Reads `/proc/PID/maps` or `smaps` as people have them: areas, why neighbours are not one area, what each costs.
 * Never throws for a text; lines that are not understood are in `setAside`.
 */
export const readDump = /* @__PURE__ */ dumpReaders(core);
/** Whether a text is maps or smaps and nothing else of note. */
export const looksLikeDump = /* @__PURE__ */ dumpGuessers(core);
/** What changed between two dumps, as calls; with an empty second text, between the first two of the first. Null if there are no two. */
export const diffDumps = /* @__PURE__ */ dumpDiffers(core);
/** A script whose calls yield the address space of a dump, line for line. Null for a text that is none. */
export const dumpToScript = /* @__PURE__ */ dumpConverters(core);
