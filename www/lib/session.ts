import { type AddressLike, high, low } from './address.ts';
import { anyText, integer, word } from './check.ts';
import type { AllGlue } from './core.ts';
import type { Walk } from './errors.ts';
import type { ToldByCore } from './facts.ts';
import { guarded } from './guarded.ts';
import { readInSlices } from './slices.ts';
import type { FrameDetail, FrameView, ProcessBrief, Snapshot } from './snapshot.ts';
import { type Explanation, tell } from './tell.ts';
import type { WasmSession } from './wasm/pagefault.js';

/** What a text may be: the script language, a log of calls, or the address space of a process. */
export type TextKind = 'script' | 'strace' | 'qemu' | 'perf' | 'maps' | 'smaps';

/** Every kind of text. */
export const TEXT_KINDS: readonly TextKind[] = ['script', 'strace', 'qemu', 'perf', 'maps', 'smaps'];

/** A line of a log that is not replayed. */
export interface SetAside {
  /** From 1. */
  readonly line: number;
  readonly text: string;
  readonly reason: string;
  /** A memory call is lost with it: then it counts among {@link Verdict.leftOut} too. */
  readonly isMemoryCall: boolean;
}

/** Several logs as one. */
export interface JoinedLogs {
  readonly text: string;
  /** Whether times tell the order of calls of different processes. */
  readonly isOrdered: boolean;
}

/** The largest number that the core takes. */
const MOST = 0xffff_ffff;

/** What came of one statement of a script. */
export interface StepReport {
  readonly line: number;
  readonly pid: number | null;
  readonly call: string;
  /** As strace prints it. */
  readonly result: string;
  readonly why: string | null;
  readonly kind: 'ok' | 'error' | 'signal' | 'fault' | 'skipped';
  readonly minFlt: number;
  readonly majFlt: number;
  readonly compared: boolean;
  /** The address it was about, hexadecimal. */
  readonly focus: string | null;
  /** What a log does not show and the call takes for granted. */
  readonly assumed: string | null;
  /** Addresses of a log that lie elsewhere here: the recorded one and ours, hexadecimal. */
  readonly elsewhere: readonly (readonly [recorded: string, ours: string])[];
  readonly differences: readonly Difference[];
}

/** A difference between what a script expects and what is. */
export interface Difference {
  readonly field: string;
  readonly expected: string;
  readonly found: string;
  /** Why it may differ although nothing is wrong; empty otherwise. */
  readonly excuse: string;
  /** What would make it come out as expected, as far as that is known; empty otherwise. */
  readonly cause: string;
}

/** A memory call of a log that was not compared. */
export interface LeftOut {
  readonly line: number;
  readonly call: string;
  readonly reason: string;
}

/** How far a session has come. */
export interface Progress {
  readonly position: number;
  readonly length: number;
}

/** How a text is read. */
export interface ReadOptions {
  /** An `AbortSignal`: stops the reading, which then rejects with the signal's reason. */
  readonly signal?: { throwIfAborted(): void };
  /** Told after every slice of a log how far its reading has come, in lines of all passes over it. */
  readonly onProgress?: (progress: Progress) => void;
}

/** How a script compares with what it expects, so far. */
export interface Verdict {
  /** In words: "31 of 40 as on Linux, 9 not replayed: …"; a script's own expectations are "as expected here". */
  readonly text: string;
  /** Something was compared, and nothing of it differs. */
  readonly equal: boolean;
  /** Equal, nothing left out, nothing excused, on a processor that is modelled. */
  readonly green: boolean;
  readonly steps: number;
  readonly compared: number;
  /** Memory calls of a log, each once: equal, different or left out. */
  readonly memoryCalls: number;
  readonly memoryEqual: number;
  readonly memoryDiffer: number;
  readonly leftOut: readonly LeftOut[];
  /** The processor of a log's program. Layout and page size of others than x86-64 are not modelled. */
  readonly architecture: 'x86-64' | '32-bit' | 'other';
  /** Calls that rest on what the log does not show. */
  readonly assumed: number;
  readonly mapsEqual: boolean | null;
  readonly differences: number;
  readonly excused: number;
  /** The line that could not be run as written. */
  readonly stopped: number | null;
  readonly first: (Difference & { readonly line: number; readonly call: string }) | null;
}

/** A script on a machine of its own; goes forwards and backwards. Make one with `openScript`. */
export class ScriptSession {
  #core: WasmSession;

  private constructor(core: WasmSession) {
    this.#core = core;
  }

  /** @internal Throws {@link ScriptError} for a script that cannot be parsed. A long log is read in slices, between which others have their turn if somebody watches. */
  static async _open(glue: AllGlue, text: string, kind: TextKind | undefined, { signal, onProgress }: ReadOptions): Promise<ScriptSession> {
    signal?.throwIfAborted();
    return new ScriptSession(await readInSlices(guarded(() => new glue.WasmReader(text, kind)), async (progress) => {
      onProgress?.(progress);
      if (signal || onProgress) await new Promise((resolve) => setTimeout(resolve));
      signal?.throwIfAborted();
    }));
  }

  /** What the text was read as. */
  get kind(): TextKind {
    return this.#core.kind() as TextKind;
  }

  /** Statements run. */
  get position(): number {
    return this.#core.position();
  }

  /** Statements in all. */
  get length(): number {
    return this.#core.length();
  }

  /** Whether the text is the log of a real program. */
  get isLog(): boolean {
    return this.#core.isLog();
  }

  /** The line (from 1) of every statement. */
  get lines(): Uint32Array {
    return this.#core.lines();
  }

  /** Goes to a position. Throws {@link ScriptError} if a statement cannot be run as written. */
  goTo(position: number): void {
    guarded(() => this.#core.goTo(integer('goTo', 'position', position, 0, MOST)));
  }

  /** Goes to the last kept state at or before a position, if that is nearer than where it stands: `runSlice` goes on from there. */
  rewind(position: number): void {
    this.#core.rewind(integer('rewind', 'position', position, 0, MOST));
  }

  /** Runs at most so many statements, so that a caller can show progress, or stop. */
  runSlice(most: number): Progress {
    return guarded(() => this.#core.runSlice(integer('runSlice', 'most', most, 0, MOST))) as Progress;
  }

  /** Adds a statement behind the last one run, and runs it. */
  append(text: string): void {
    anyText('append', 'text', text);
    guarded(() => this.#core.append(text));
  }

  /** What came of each statement so far. */
  reports(): StepReport[] {
    return this.#core.reports() as StepReport[];
  }

  /** The same for the steps `from` … `to - 1`: what a window needs. */
  reportsOf(from: number, to: number): StepReport[] {
    return this.#core.reportsOf(integer('reportsOf', 'from', from, 0, MOST), integer('reportsOf', 'to', to, 0, MOST)) as StepReport[];
  }

  /** Steps that differ, and steps that take something for granted: the first `most` of each, in order. */
  remarks(most = 1000): (readonly [step: number, report: StepReport])[] {
    return this.#core.remarks(integer('remarks', 'most', most, 0, MOST)) as [number, StepReport][];
  }

  /** Lines of a log that are not replayed, with the reason. */
  setAside(): SetAside[] {
    return this.#core.setAside() as SetAside[];
  }

  /**
   * A log as a script that is compared like the log itself: `@log yes`, its calls on memory and what these need, one a
   * line, in the order in which they are run. Run it to the end first where threads overlap: then it is the order that
   * explains the log.
   */
  asScript(): string {
    return this.#core.asScript();
  }

  /** What happened inside a step that has been run. */
  explain(step: number): Explanation | null {
    const told = this.#core.explain(integer('explain', 'step', step, 0, MOST)) as ToldByCore | null | undefined;
    return told ? tell(told) : null;
  }

  /** The machine now. */
  snapshot(): Snapshot {
    return this.#core.snapshot() as Snapshot;
  }

  /** Every process in short, which costs less than a snapshot. */
  processes(): ProcessBrief[] {
    return this.#core.processes() as ProcessBrief[];
  }

  /** The page walk of an address of a process. */
  walk(pid: number, addr: AddressLike): Walk | null {
    const at = word('walk', 'addr', addr);
    return (this.#core.walk(integer('walk', 'pid', pid, 0, MOST), high(at), low(at)) ?? null) as Walk | null;
  }

  /** What is known of a frame. */
  frame(pfn: number): FrameDetail | null {
    const detail = this.#core.frame(integer('frame', 'pfn', pfn, 0, MOST)) as { frame: FrameView; mappers: FrameDetail['mappers'] } | null | undefined;
    return detail ? { ...detail.frame, mappers: detail.mappers } : null;
  }

  /** The text of `/proc/PID/maps`. */
  maps(pid: number): string {
    return this.#core.maps(integer('maps', 'pid', pid, 0, MOST));
  }

  /** The text of `/proc/meminfo`. */
  meminfo(): string {
    return this.#core.meminfo();
  }

  /** The text of `/proc/PID/smaps`. */
  smaps(pid: number): string {
    return this.#core.smaps(integer('smaps', 'pid', pid, 0, MOST));
  }

  /** How it compares so far. */
  verdict(): Verdict {
    return this.#core.verdict() as Verdict;
  }

  /** Frees its memory. */
  free(): void {
    this.#core.free();
  }
}
