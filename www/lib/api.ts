import { type Instance, USUAL_BUDGET, memoryUsed as bytesUsed, ownInstance, reservation, takeInstance } from './core.ts';
import { type LengthLike } from './address.ts';
import { bytes as checkedBytes, outOfRange, wrongType } from './check.ts';
import type { LoadOptions, WasmSource } from './source.ts';
import { type DumpChanges, type DumpReading, dumps } from './dump.ts';
import { headerOf, read } from './image.ts';
import { Machine } from './machine.ts';
import { type MachineOptions, machineSettings } from './options.ts';
import { type JoinedLogs, type ReadOptions, ScriptSession, TEXT_KINDS, type TextKind, texts } from './session.ts';

export type { AddressLike, LengthLike } from './address.ts';
export { hex } from './check.ts';
export {
  AT_FDCWD, CLONE, F, FALLOC, FD, IOCTL, IPC, MADV, MAP, MCL, MFD, MLOCK, MREMAP, MS, O, PAGE_SIZE, PERSONALITY, PIDFD, PKEY, PR, PROT,
  RLIMIT, RLIM_INFINITY, SHM, SYS, W,
} from './constants.ts';
export type { AdviceLike, MapFlagsLike, ProtLike, SyscallName } from './constants.ts';
export type { RunOptions, RunResult } from './access.ts';
export type { Piece } from './calls/base.ts';
export type { Rlimit } from './calls/limits.ts';
export type { MmapOptions } from './calls/memory.ts';
export { Cursor } from './cursor.ts';
export type { LoadOptions, WasmSource } from './source.ts';
export type * from './dump.ts';
export * from './errors.ts';
export { Machine, type MachineStats, type TlbEntry } from './machine.ts';
export type { FileOptions, KernelConfig, LimitLike, MachineOptions, SpawnOptions, Sysctls } from './options.ts';
export { type Explained, explain } from './explain.ts';
export { Process, type ProcessStats, type Try } from './process.ts';
export type { MapsArea, ProcList, SmapsArea } from './proc.ts';
export { type ProcessDifference, SavedMachine } from './saved.ts';
export type { AbortLike, Access, CallEvent, EventOf, EventType, FaultEvent, MachineEvent, SignalEvent, SignalHandler, SignalInfo, WatchHit } from './watching.ts';
export { ScriptSession, TEXT_KINDS } from './session.ts';
export type { Difference, JoinedLogs, LeftOut, Progress, ReadOptions, SetAside, StepReport, TextKind, Verdict } from './session.ts';
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

/** @internal */
export type Usual = () => WasmSource | Promise<WasmSource>;

async function core(usual: Usual, options: LoadOptions, bytes = 0, budget = USUAL_BUDGET): Promise<Instance> {
  if (options.wasm !== undefined) checkSource(options.wasm);
  return takeInstance(() => (options.wasm as WasmSource | undefined) ?? usual(), bytes, budget);
}

// The ways in, each given the usual place of the core. One by one, so that bundlers leave out what is not used.

/** @internal */
export const machines = (usual: Usual) =>
  async (options: MachineOptions & HostOptions = {}): Promise<Machine> => {
    const budget = options?.budget === undefined ? USUAL_BUDGET : checkedBytes('createMachine', 'budget', options.budget, 1 << 20, Number.MAX_SAFE_INTEGER);
    // What is wrong with the options comes before what is wrong with the place of the core.
    const { ram } = machineSettings(options);
    if (options.isolate !== undefined && typeof options.isolate !== 'boolean') throw wrongType('createMachine', 'isolate', options.isolate, 'true or false');
    if (options.wasm !== undefined) checkSource(options.wasm);
    const instance = options.isolate ? await ownInstance(() => (options.wasm as WasmSource | undefined) ?? usual(), budget) : await core(usual, options, reservation(ram), budget);
    return Machine._make(instance, options, budget);
  };

/** @internal */
export const revivers = (usual: Usual) =>
  async (bytes: Uint8Array, options: LoadOptions = {}): Promise<Machine> => {
    if (!(bytes instanceof Uint8Array)) throw wrongType('machineFromBytes', 'bytes', bytes, 'a Uint8Array');
    const { header, body } = headerOf(bytes);
    if (options.wasm !== undefined) checkSource(options.wasm);
    const instance = await ownInstance(() => (options.wasm as WasmSource | undefined) ?? usual());
    await read(instance, header, body);
    return Machine._make(instance, header);
  };

/** @internal */
export const scripts = (usual: Usual) =>
  async (text: string, options: LoadOptions & ReadOptions & { readonly kind?: TextKind } = {}): Promise<ScriptSession> => {
    if (typeof text !== 'string') throw wrongType('openScript', 'text', text, 'a text');
    if (options.kind !== undefined && !TEXT_KINDS.includes(options.kind)) throw outOfRange('openScript', 'kind', options.kind, `one of ${TEXT_KINDS.join(', ')}`);
    const { signal, onProgress } = options;
    if (signal !== undefined && typeof signal?.throwIfAborted !== 'function') throw wrongType('openScript', 'signal', signal, 'an AbortSignal');
    if (onProgress !== undefined && typeof onProgress !== 'function') throw wrongType('openScript', 'onProgress', onProgress, 'a function');
    await core(usual, options);
    return signal || onProgress ? ScriptSession._read(text, options.kind, options) : ScriptSession._open(text, options.kind);
  };

/** @internal */
export const recognisers = (usual: Usual) =>
  async (text: string, options: LoadOptions = {}): Promise<TextKind> => {
    if (typeof text !== 'string') throw wrongType('recogniseText', 'text', text, 'a text');
    await core(usual, options);
    return texts.recognise(text);
  };

/** @internal */
export const joiners = (usual: Usual) =>
  async (files: readonly { readonly name: string; readonly text: string }[], options: LoadOptions = {}): Promise<JoinedLogs> => {
    const areFiles = Array.isArray(files) && files.every((file) => typeof file?.name === 'string' && typeof file.text === 'string');
    if (!areFiles) throw wrongType('joinLogs', 'files', files, 'an array of { name, text }');
    await core(usual, options);
    return texts.join(files);
  };

/** @internal */
export const decoders = (usual: Usual) =>
  async (bytes: Uint8Array, options: LoadOptions = {}): Promise<string> => {
    if (!(bytes instanceof Uint8Array)) throw wrongType('decodeText', 'bytes', bytes, 'a Uint8Array');
    await core(usual, options);
    return texts.decode(bytes);
  };

/** @internal */
export const dumpReaders = (usual: Usual) =>
  async (text: string, options: LoadOptions = {}): Promise<DumpReading> => {
    if (typeof text !== 'string') throw wrongType('readDump', 'text', text, 'a text');
    await core(usual, options);
    return dumps.read(text);
  };

/** @internal */
export const dumpGuessers = (usual: Usual) =>
  async (text: string, options: LoadOptions = {}): Promise<boolean> => {
    if (typeof text !== 'string') throw wrongType('looksLikeDump', 'text', text, 'a text');
    await core(usual, options);
    return dumps.looksLike(text);
  };

/** @internal */
export const dumpDiffers = (usual: Usual) =>
  async (from: string, to = '', options: LoadOptions = {}): Promise<DumpChanges | null> => {
    if (typeof from !== 'string') throw wrongType('diffDumps', 'from', from, 'a text');
    if (typeof to !== 'string') throw wrongType('diffDumps', 'to', to, 'a text');
    await core(usual, options);
    return dumps.diff(from, to);
  };

/** @internal */
export const dumpConverters = (usual: Usual) =>
  async (text: string, options: LoadOptions = {}): Promise<string | null> => {
    if (typeof text !== 'string') throw wrongType('dumpToScript', 'text', text, 'a text');
    await core(usual, options);
    return dumps.toScript(text);
  };

/** Bytes of WebAssembly memory that all machines and scripts hold now. */
export const memoryUsed = (): number => bytesUsed();
