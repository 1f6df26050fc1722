import type { AllGlue, Core } from './core.ts';
import { anyText, callable, outOfRange, wrongType } from './check.ts';
import type { DumpChanges, DumpReading } from './dump.ts';
import { loaded } from './machines.ts';
import { type JoinedLogs, type ReadOptions, ScriptSession, TEXT_KINDS, type TextKind } from './session.ts';
import type { LoadOptions } from './source.ts';

export * from './machines.ts';
export type * from './dump.ts';
export { ScriptSession, TEXT_KINDS } from './session.ts';
export type { Difference, JoinedLogs, LeftOut, Progress, ReadOptions, SetAside, StepReport, TextKind, Verdict } from './session.ts';

/** A build of the core that has scripts, logs and dumps. */
type AllCore = Core<AllGlue>;

// The ways in to scripts, logs and dumps, one by one as those to machines.

/** @internal */
export const scripts = (core: AllCore) =>
  async (text: string, options: LoadOptions & ReadOptions & { readonly kind?: TextKind } = {}): Promise<ScriptSession> => {
    anyText('openScript', 'text', text);
    if (options.kind !== undefined && !TEXT_KINDS.includes(options.kind)) throw outOfRange('openScript', 'kind', options.kind, `one of ${TEXT_KINDS.join(', ')}`);
    const { signal, onProgress } = options;
    if (signal && !signal.throwIfAborted) throw wrongType('openScript', 'signal', signal, 'an AbortSignal');
    if (onProgress !== undefined) callable('openScript', 'onProgress', onProgress);
    const { glue } = await loaded(core, options);
    return ScriptSession._open(glue, text, options.kind, options);
  };

/** @internal */
export const recognisers = (core: AllCore) =>
  async (text: string, options: LoadOptions = {}): Promise<TextKind> => {
    anyText('recogniseText', 'text', text);
    const { glue } = await loaded(core, options);
    return glue.recogniseText(text) as TextKind;
  };

/** @internal */
export const joiners = (core: AllCore) =>
  async (files: readonly { readonly name: string; readonly text: string }[], options: LoadOptions = {}): Promise<JoinedLogs> => {
    const areFiles = Array.isArray(files) && files.every((file) => typeof file?.name === 'string' && typeof file.text === 'string');
    if (!areFiles) throw wrongType('joinLogs', 'files', files, 'an array of { name, text }');
    const { glue } = await loaded(core, options);
    return glue.joinLogs(files.map((file) => file.name), files.map((file) => file.text)) as JoinedLogs;
  };

/** @internal */
export const decoders = (core: AllCore) =>
  async (bytes: Uint8Array, options: LoadOptions = {}): Promise<string> => {
    if (!(bytes instanceof Uint8Array)) throw wrongType('decodeText', 'bytes', bytes, 'a Uint8Array');
    const { glue } = await loaded(core, options);
    return glue.textOfBytes(bytes);
  };

/** @internal */
export const dumpReaders = (core: AllCore) =>
  async (text: string, options: LoadOptions = {}): Promise<DumpReading> => {
    anyText('readDump', 'text', text);
    const { glue } = await loaded(core, options);
    return glue.readDump(text) as DumpReading;
  };

/** @internal */
export const dumpGuessers = (core: AllCore) =>
  async (text: string, options: LoadOptions = {}): Promise<boolean> => {
    anyText('looksLikeDump', 'text', text);
    const { glue } = await loaded(core, options);
    return glue.looksLikeDump(text);
  };

/** @internal */
export const dumpDiffers = (core: AllCore) =>
  async (from: string, to = '', options: LoadOptions = {}): Promise<DumpChanges | null> => {
    anyText('diffDumps', 'from', from);
    anyText('diffDumps', 'to', to);
    const { glue } = await loaded(core, options);
    return (glue.diffDumps(from, to) ?? null) as DumpChanges | null;
  };

/** @internal */
export const dumpConverters = (core: AllCore) =>
  async (text: string, options: LoadOptions = {}): Promise<string | null> => {
    anyText('dumpToScript', 'text', text);
    const { glue } = await loaded(core, options);
    return glue.dumpToScript(text) ?? null;
  };
