/** All that is about machines: what `pagefault/slim` has, and the other entries too. */
import { type Core, type Instance, type MachineGlue, USUAL_BUDGET, memoryUsed as bytesUsed, reservation } from './core.ts';
import { type LengthLike } from './address.ts';
import { bytes as checkedBytes, wrongType } from './check.ts';
import type { LoadOptions, WasmSource } from './source.ts';
import { headerOf, read } from './image.ts';
import { Machine } from './machine.ts';
import { type MachineOptions, machineSettings } from './options.ts';

export type { AddressLike, LengthLike } from './address.ts';
export { hex } from './check.ts';
export {
  AF, AT, AT_FDCWD, CLOCK, CLONE, EFD, F, FALLOC, FD, IOCTL, IPC, MADV, MAP, MCL, MFD, MLOCK, MREMAP, MS, O, PAGE_SIZE, PERSONALITY, PIDFD, PKEY, POSIX, PR, PROT,
  RLIMIT, RLIM_INFINITY, S, SEEK, SHM, SOCK, STATX, SYS, TFD, W,
} from './constants.ts';
export type { AdviceLike, MapFlagsLike, ProtLike, SyscallName } from './constants.ts';
export type { RunOptions, RunResult } from './access.ts';
export type { Piece } from './calls/base.ts';
export type { Rlimit } from './calls/limits.ts';
export type { MmapOptions } from './calls/memory.ts';
export { Cursor } from './cursor.ts';
export { type FaultRequest, type FileSignal, MachineFile, type MappingRequest, type MkwriteRequest, type Soon, type WrittenFile } from './fuse.ts';
export type { LoadOptions, WasmSource } from './source.ts';
export * from './errors.ts';
export { Machine, type MachineStats, type TlbEntry } from './machine.ts';
export type { FileOptions, KernelConfig, LimitLike, MachineOptions, SpawnOptions, Sysctls } from './options.ts';
export { type Explained, explain } from './explain.ts';
export { type Async, Process, type ProcessStats, type Try } from './process.ts';
export type { MapsArea, ProcList, SmapsArea } from './proc.ts';
export { type ProcessDifference, SavedMachine } from './saved.ts';
export type { AbortLike, Access, CallEvent, EventOf, EventType, FaultEvent, MachineEvent, SignalEvent, SignalHandler, SignalInfo, WatchHit } from './watching.ts';
export type * from './snapshot.ts';
export type * from './facts.ts';
export { type Change, type Explanation, type TreeLine, tell } from './tell.ts';
export { type Texts, en } from './texts/en.ts';

/** What a machine may take of the host. */
export interface HostOptions extends LoadOptions {
  /** Bytes of WebAssembly memory that all machines together may take; 4 GiB by default. More is {@link OutOfMemory}. */
  readonly budget?: LengthLike;
  /** The machine gets memory of its own: another's failure does not reach it, and `toBytes` can write it down. Costs some milliseconds and 2 MiB. */
  readonly isolate?: boolean;
}

/** A source that cannot be meant is told of, also when the core is loaded already. */
function checkSource(wasm: unknown): void {
  const isUrl = typeof wasm === 'string' && /^([a-z]+:|\.{0,2}\/)|\.wasm$/i.test(wasm);
  const isBytes = wasm instanceof ArrayBuffer || wasm instanceof Uint8Array || wasm instanceof WebAssembly.Module;
  const isObject = wasm instanceof URL || (typeof wasm === 'object' && wasm !== null && 'arrayBuffer' in wasm);
  if (!isUrl && !isBytes && !isObject) throw wrongType('createMachine', 'wasm', wasm, 'a URL, bytes, a Response or a WebAssembly.Module');
}

/** @internal The core, loaded. */
export async function loaded<G extends MachineGlue>(core: Core<G>, options: LoadOptions, bytes = 0, budget = USUAL_BUDGET): Promise<Instance<G>> {
  if (options.wasm !== undefined) checkSource(options.wasm);
  return core.instance(options.wasm as WasmSource | undefined, bytes, budget);
}

// The ways in, each given a build of the core. One by one, so that bundlers leave out what is not used.

/** @internal */
export const machines = (core: Core) =>
  async (options: MachineOptions & HostOptions = {}): Promise<Machine> => {
    const budget = options?.budget === undefined ? USUAL_BUDGET : checkedBytes('createMachine', 'budget', options.budget, 1 << 20, Number.MAX_SAFE_INTEGER);
    // What is wrong with the options comes before what is wrong with the place of the core.
    const { ram } = machineSettings(options);
    if (options.isolate !== undefined && typeof options.isolate !== 'boolean') throw wrongType('createMachine', 'isolate', options.isolate, 'true or false');
    if (options.wasm !== undefined) checkSource(options.wasm);
    const instance = options.isolate ? await core.ownInstance(options.wasm as WasmSource | undefined, budget) : await loaded(core, options, reservation(ram), budget);
    return Machine._make(instance, options, budget);
  };

/** @internal */
export const revivers = (core: Core) =>
  async (bytes: Uint8Array, options: LoadOptions = {}): Promise<Machine> => {
    if (!(bytes instanceof Uint8Array)) throw wrongType('machineFromBytes', 'bytes', bytes, 'a Uint8Array');
    const { header, body } = headerOf(bytes, core.build);
    if (options.wasm !== undefined) checkSource(options.wasm);
    const instance = await core.ownInstance(options.wasm as WasmSource | undefined);
    await read(instance, header, body);
    return Machine._make(instance, header);
  };

/** Bytes of WebAssembly memory that all machines and scripts hold now. */
export const memoryUsed = (): number => bytesUsed();
