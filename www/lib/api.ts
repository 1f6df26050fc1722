import { type WasmSource, loadCore } from './core.ts';
import { type DumpChanges, type DumpReading, dumps } from './dump.ts';
import { Machine, type MachineOptions } from './machine.ts';
import { ScriptSession } from './session.ts';

export { type AddressLike, type LengthLike, hex } from './address.ts';
export { MADV, MAP, MREMAP, O, PROT, SYS } from './constants.ts';
export type { MapFlagsLike, ProtLike } from './constants.ts';
export type { WasmSource } from './core.ts';
export type * from './dump.ts';
export * from './errors.ts';
export { Machine, Process } from './machine.ts';
export type { MachineOptions, MmapOptions, SavedMachine } from './machine.ts';
export { ScriptSession } from './session.ts';
export type { Difference, LeftOut, Progress, StepReport, Verdict } from './session.ts';
export type * from './snapshot.ts';
export type * from './facts.ts';
export { type Change, type Explanation, type TreeLine, tell } from './tell.ts';
export { type Texts, en } from './texts/en.ts';

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
    /**
     * Reads `/proc/PID/maps` or `smaps` as people have them: areas, why neighbours are not one area, what each costs.
     * Never throws for a text; lines that are not understood are in `setAside`.
     */
    async readDump(text: string, options: LoadOptions = {}): Promise<DumpReading> {
      await core(options);
      return dumps.read(text);
    },
    /** Whether a text is maps or smaps and nothing else of note. */
    async looksLikeDump(text: string, options: LoadOptions = {}): Promise<boolean> {
      await core(options);
      return dumps.looksLike(text);
    },
    /** What changed between two dumps, as calls; with an empty second text, between the first two of the first. Null if there are no two. */
    async diffDumps(from: string, to = '', options: LoadOptions = {}): Promise<DumpChanges | null> {
      await core(options);
      return dumps.diff(from, to);
    },
    /** A script whose calls yield the address space of a dump, line for line. Null for a text that is none. */
    async dumpToScript(text: string, options: LoadOptions = {}): Promise<string | null> {
      await core(options);
      return dumps.toScript(text);
    },
  };
}
