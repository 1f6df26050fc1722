/** pagefault in a browser: the core is fetched from beside this module. Machines only: a smaller core, without scripts, logs and dumps. */
import { Core } from './core.ts';
import { machines, revivers } from './machines.ts';
import { CORE, makeGlue } from './wasm/slim.js';

export * from './machines.ts';

const core = /* @__PURE__ */ new Core('slim.wasm', { makeGlue, CORE }, () => new URL('./slim.wasm', import.meta.url));

/**
 * Makes a machine: RAM, kernel, no processes yet.
 * @throws {@link LoadError} if the core cannot be loaded, {@link OutOfMemory} if the host's memory is used up
 * @example
 * const vm = await createMachine({ ram: '64MiB' });
 * const p = vm.spawn();
 */
export const createMachine = /* @__PURE__ */ machines(core);
/**
 * Takes a machine up again that `vm.toBytes()` wrote with this entry, in memory of its own; `vm.process(pid)` are its processes.
 * @throws {@link ImageError} for bytes that are foreign, damaged, or of another build of the core
 */
export const machineFromBytes = /* @__PURE__ */ revivers(core);
