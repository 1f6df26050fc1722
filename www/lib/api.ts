import { type WasmSource, loadCore } from './core.ts';
import { Machine, type MachineOptions } from './machine.ts';
import { ScriptSession } from './session.ts';

export { type AddressLike, type LengthLike, hex } from './address.ts';
export { MADV, MAP, MREMAP, O, PROT, SYS } from './constants.ts';
export type { MapFlagsLike, ProtLike } from './constants.ts';
export type { WasmSource } from './core.ts';
export * from './errors.ts';
export { Machine, Process } from './machine.ts';
export type { MachineOptions, MmapOptions, SavedMachine } from './machine.ts';
export { ScriptSession } from './session.ts';
export type { Difference, Explanation, LeftOut, Progress, StepReport, Verdict } from './session.ts';
export type * from './snapshot.ts';

/** Where the core comes from, if not from its usual place. */
export interface LoadOptions {
  readonly wasm?: WasmSource;
}

/** The two ways in, given the usual place of the core. */
export function entry(usual: () => WasmSource | Promise<WasmSource>) {
  const core = (options: LoadOptions) => loadCore(() => options.wasm ?? usual());
  return {
    /** Makes a machine: RAM, kernel, no processes yet. */
    async createMachine(options: MachineOptions & LoadOptions = {}): Promise<Machine> {
      return new Machine(await core(options), options);
    },
    /** Parses a script or a strace log and sets its machine up. Throws `ScriptError`. */
    async openScript(text: string, options: LoadOptions = {}): Promise<ScriptSession> {
      await core(options);
      return new ScriptSession(text);
    },
  };
}
