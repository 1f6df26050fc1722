import { type WasmSource, loadCore } from './core.ts';
import { outOfRange, wrongType } from './check.ts';
import { type DumpChanges, type DumpReading, dumps } from './dump.ts';
import { Machine, type MachineOptions } from './machine.ts';
import { type JoinedLogs, ScriptSession, TEXT_KINDS, type TextKind, texts } from './session.ts';

export type { AddressLike, LengthLike } from './address.ts';
export { hex } from './check.ts';
export { MADV, MAP, MREMAP, O, PROT, SYS } from './constants.ts';
export type { AdviceLike, MapFlagsLike, ProtLike } from './constants.ts';
export type { WasmSource } from './core.ts';
export type * from './dump.ts';
export * from './errors.ts';
export { Machine, Process } from './machine.ts';
export type { MachineOptions, MmapOptions, SavedMachine } from './machine.ts';
export { ScriptSession, TEXT_KINDS } from './session.ts';
export type { Difference, JoinedLogs, LeftOut, Progress, SetAside, StepReport, TextKind, Verdict } from './session.ts';
export type * from './snapshot.ts';
export type * from './facts.ts';
export { type Change, type Explanation, type TreeLine, tell } from './tell.ts';
export { type Texts, en } from './texts/en.ts';

/** Where the core comes from, if not from its usual place. */
export interface LoadOptions {
  readonly wasm?: WasmSource;
}

/** A source that cannot be meant is told of, also when the core is loaded already. */
function checkSource(wasm: unknown): void {
  const isUrl = typeof wasm === 'string' && /^([a-z]+:|\.{0,2}\/)|\.wasm$/i.test(wasm);
  const isBytes = wasm instanceof ArrayBuffer || ArrayBuffer.isView(wasm) || wasm instanceof WebAssembly.Module;
  const isObject = wasm instanceof URL || (typeof Response !== 'undefined' && wasm instanceof Response);
  if (!isUrl && !isBytes && !isObject) throw wrongType('createMachine', 'wasm', wasm, 'a URL, bytes, a Response or a WebAssembly.Module');
}

/** The ways in, given the usual place of the core. */
export function entry(usual: () => WasmSource | Promise<WasmSource>) {
  const core = async (options: LoadOptions) => {
    if (options.wasm !== undefined) checkSource(options.wasm);
    return loadCore(() => options.wasm ?? usual());
  };
  return {
    /** Makes a machine: RAM, kernel, no processes yet. */
    async createMachine(options: MachineOptions & LoadOptions = {}): Promise<Machine> {
      return new Machine(await core(options), options);
    },
    /** Reads a script or a log, as the kind it is said to be or looks like, and sets its machine up. Throws `ScriptError`. */
    async openScript(text: string, options: LoadOptions & { readonly kind?: TextKind } = {}): Promise<ScriptSession> {
      if (typeof text !== 'string') throw wrongType('openScript', 'text', text, 'a text');
      if (options.kind !== undefined && !TEXT_KINDS.includes(options.kind)) throw outOfRange('openScript', 'kind', options.kind, `one of ${TEXT_KINDS.join(', ')}`);
      await core(options);
      return new ScriptSession(text, options.kind);
    },
    /** What a text is, by what stands in it: a guess. */
    async recogniseText(text: string, options: LoadOptions = {}): Promise<TextKind> {
      if (typeof text !== 'string') throw wrongType('recogniseText', 'text', text, 'a text');
      await core(options);
      return texts.recognise(text);
    },
    /** The files of `strace -ff -o NAME` (`NAME.1234`, one for each process) as one log. */
    async joinLogs(files: readonly { readonly name: string; readonly text: string }[], options: LoadOptions = {}): Promise<JoinedLogs> {
      const areFiles = Array.isArray(files) && files.every((file) => typeof file?.name === 'string' && typeof file.text === 'string');
      if (!areFiles) throw wrongType('joinLogs', 'files', files, 'an array of { name, text }');
      await core(options);
      return texts.join(files);
    },
    /** The text of a file: UTF-8, or UTF-16 with its byte order mark, as some shells save it. */
    async decodeText(bytes: Uint8Array, options: LoadOptions = {}): Promise<string> {
      if (!(bytes instanceof Uint8Array)) throw wrongType('decodeText', 'bytes', bytes, 'a Uint8Array');
      await core(options);
      return texts.decode(bytes);
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
