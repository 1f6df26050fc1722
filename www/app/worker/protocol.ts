/**
 * What the page and its worker say to each other. The worker holds the script, the machine and its saves; the page holds
 * the text, the last answer, the viewport and the selection. Columns are typed arrays and are transferred, not copied.
 *
 * Addresses are hexadecimal text without `0x`, or page numbers (address / 4096), which a JavaScript number holds exactly.
 */
import type {
  DumpChanges, DumpReading, Explanation, FrameDetail, ScriptErrorPlace, SetAside, StepReport, TextKind, Verdict, VmaView, Walk,
} from '../../lib/index.ts';

/* ---------------------------------------------------------------- to the worker */

export type Request =
  /** Reads a text and sets its machine up. Answered by `opened` or `errors`. */
  | { readonly kind: 'open'; readonly id: number; readonly text: string; readonly as: TextKind | null }
  /** Goes to a position (`Infinity`: the end) and answers with `at`. A newer one overrides it. */
  | { readonly kind: 'go'; readonly id: number; readonly to: number; readonly look: Look }
  /** The same position, looked at differently. Answered by `at`. */
  | { readonly kind: 'look'; readonly id: number; readonly look: Look }
  /** Stops a long way where it is; answered by the `at` of the `go` that it stops. */
  | { readonly kind: 'cancel'; readonly id: number }
  /** One question; answered by `answer` or `refused`. */
  | { readonly kind: 'ask'; readonly id: number; readonly question: Question };

/** What of the machine the page wants to see. */
export interface Look {
  /** Processes that are drawn. */
  readonly lanes: readonly LaneLook[];
  /** Whether the kinds of all frames are wanted. */
  readonly frames: boolean;
  /** Steps whose reports stand beside their lines: from, to (not included). */
  readonly reports: readonly [from: number, to: number];
  readonly selected: Place | null;
  readonly want: readonly Want[];
}

export type Want = 'explanation' | 'verdict' | 'tlb' | 'maps' | 'smaps' | 'cache' | 'bytes' | 'neighbours' | 'tables' | 'meminfo';

export interface LaneLook {
  readonly pid: number;
  /** The version of its areas that the page has; −1 for none. The columns come only if they are other than that. */
  readonly version: number;
  /** Areas whose strips of pages are in sight: the first, how many, and how many columns a strip has. */
  readonly strips: { readonly first: number; readonly count: number; readonly columns: number } | null;
  /** Runs of pages drawn one by one, at most 4,096 together. */
  readonly cells: readonly { readonly page: number; readonly count: number }[];
}

/** What is selected: an address of a process, or a frame. */
export interface Place {
  readonly pid: number;
  readonly addr: string;
  /** The frame, if one was chosen directly. */
  readonly pfn: number | null;
}

export type Question =
  /** The next step from `from` on, in a direction, for which something holds; of a change backwards none before `until`. Answer: a position or null. */
  | { readonly of: 'find'; readonly what: Find; readonly from: number; readonly back: boolean; readonly place: Place | null; readonly until?: number }
  /** Whether a line could be run where the session stands. Answer: `Tried`. */
  | { readonly of: 'try'; readonly line: string }
  /** A command of the console that only asks (`maps`, `smaps`, `walk a`, `explain`, `meminfo`, `frames`, `tlb`). Answer: a text. */
  | { readonly of: 'tell'; readonly line: string; readonly pid: number }
  /** Memory calls left out, a window of them. Answer: `LeftOut[]`. */
  | { readonly of: 'leftOut'; readonly from: number; readonly to: number }
  /** What came of some steps. Answer: `(StepReport | null)[]`, null where a step was never run. */
  | { readonly of: 'reports'; readonly steps: readonly number[] }
  /** Whose a frame is. Answer: `FrameDetail | null`. */
  | { readonly of: 'frame'; readonly pfn: number }
  /** The proportional set size of each process over the steps known, at so many moments at most; run beside this one. Answer: `PssOverTime`. */
  | { readonly of: 'pss'; readonly points: number }
  /** The machine at another position, to compare with; the session stays where it is. Answer: `At`. */
  | { readonly of: 'at'; readonly position: number; readonly look: Look }
  /** Files as one text. Answer: `Incoming`. */
  | { readonly of: 'gather'; readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[] }
  /** Settings for first maps. Answer: a text of `@map` lines. */
  | { readonly of: 'firstMaps'; readonly text: string }
  /** A dump as calls. Answer: a text or null. */
  | { readonly of: 'dumpToScript'; readonly text: string }
  /** What changed between two dumps. Answer: `DumpChanges | null`. */
  | { readonly of: 'diffDumps'; readonly from: string; readonly to: string }
  /** The same text under other settings, run to its end beside this one; `advice`: with MADV_FREE for MADV_DONTNEED. Answer: `Ran`. */
  | { readonly of: 'runUnder'; readonly header: string; readonly advice?: boolean };

/** A page changes with its bytes or its frame; its entry with what it allows, or with who else has the frame. */
export type Find = 'fault' | 'signal' | 'refusal' | 'difference' | 'call' | 'change of the page' | 'change of its entry' | 'change of the area';

export interface Tried {
  /** Null if it can be run. */
  readonly why: string | null;
  /** Where in the line it is wrong, if it cannot be read; its line counts as the first. */
  readonly mistake: ScriptErrorPlace | null;
  /** Where it goes: a line of the text, from 1; the new text. */
  readonly text: string;
  readonly position: number;
}

/** How a run under other settings went. */
export interface Ran {
  readonly tracks: Tracks;
  readonly pss: PssOverTime;
  /** How far it came, of how many steps, and why no further. */
  readonly position: number;
  readonly length: number;
  readonly stopped: string | null;
  /** The first call refused, or signal, that neither the text expects nor the run as it is written has there, if it has come so far. */
  readonly first: { readonly step: number; readonly line: number; readonly report: StepReport; readonly isCompared: boolean } | null;
  /** Steps of a script that were not run, as a call failed that they need, and that the run as it is written has run. */
  readonly notRun: number;
  /** No process is left. */
  readonly isOver: boolean;
}

/** A column a process: `values[at][i]` is the Pss of `pids[at]` after `positions[i]` steps, in pages; NaN where it was not there or not counted. */
export interface PssOverTime {
  readonly positions: Uint32Array;
  readonly pids: readonly number[];
  readonly values: readonly Float64Array[];
}

export interface Incoming {
  readonly text: string;
  readonly maps: string;
  /** What the reader should know of where it came from; empty if nothing. */
  readonly origin: string;
}

/* ---------------------------------------------------------------- to the page */

export type Reply =
  | { readonly kind: 'opened'; readonly id: number; readonly opened: Opened }
  /** The text cannot be read. */
  | { readonly kind: 'errors'; readonly id: number; readonly as: TextKind; readonly errors: readonly ScriptErrorPlace[] }
  /** How far it is: of reading a text (lines) or of a way (steps), every 12 ms or so. */
  | { readonly kind: 'progress'; readonly id: number; readonly doing: 'reading' | 'running'; readonly done: number; readonly of: number }
  /** What is known of steps that had not been run before. */
  | { readonly kind: 'tracks'; readonly id: number; readonly tracks: Tracks }
  | { readonly kind: 'at'; readonly id: number; readonly at: At }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly kind: 'refused'; readonly id: number; readonly why: string }
  /** The core has stopped: the worker has to be made anew. */
  /** It holds this lock of the browser for as long as it lives. */
  | { readonly kind: 'alive'; readonly id: number; readonly lock: string }
  | { readonly kind: 'crashed'; readonly id: number; readonly message: string; /** Null: it does not know. */ readonly position: number | null };

export interface Opened {
  /** What it was read as, and what it looks like. */
  readonly as: TextKind;
  readonly guess: TextKind;
  readonly length: number;
  /** The line (from 1) of every step. */
  readonly lines: Uint32Array;
  readonly isLog: boolean;
  readonly setAside: readonly SetAside[];
  /** What the text says, if it is maps or smaps. */
  readonly dump: DumpReading | null;
  readonly totalFrames: number;
}

/** One column a step, of the steps from `from` on. */
export interface Tracks {
  readonly from: number;
  /** A number of `CALL_GROUPS`. */
  readonly call: Uint8Array;
  /** `ENDING` in the low 2 bits, `REMARK` bits above. */
  readonly ending: Uint8Array;
  readonly pid: Uint32Array;
  /** Faults taken, at most 65,535. */
  readonly faults: Uint16Array;
  /** Resident pages of the process after the step. */
  readonly rss: Uint32Array;
  /** The process that the step has made, with memory of its own; 0 for none. And its resident pages. */
  readonly child: Uint32Array;
  readonly childRss: Uint32Array;
  /** Free frames, and frames that are page tables, after the step. */
  readonly free: Uint32Array;
  readonly tables: Uint32Array;
  /** TLB hits and fills since the start. */
  readonly tlbFills: Uint32Array;
  readonly tlbHits: Uint32Array;
  /** The page it was about; NaN for none. */
  readonly page: Float64Array;
  /** A number of `ACCESS`: what kind of access it was. */
  readonly access: Uint8Array;
}

export const CALL_GROUPS = ['other', 'map', 'unmap', 'protect', 'advise', 'move', 'heap', 'lock', 'process', 'file', 'access', 'ask'] as const;
export const ENDING = { ok: 0, error: 1, signal: 2, skipped: 3 } as const;
/** Bits of `Tracks.ending`. */
/** How a step ended, without the remarks. */
export const ENDING_BITS = 3;
export const REMARK = { compared: 0x08, differs: 0x10, excused: 0x20, assumed: 0x40, fatal: 0x80 } as const;
export const ACCESS = { none: 0, read: 1, write: 2, execute: 3 } as const;

/** What is told of a step. Of one that did very much the middle stays in the worker. */
export interface Told extends Explanation {
  readonly untold?: Untold;
}

/** What is left out of a told step: lines of the tree, from one on, and changes at the end. */
export interface Untold { readonly from: number; readonly lines: number; readonly changes: number }

/** The machine at a position, as far as the look asked. */
export interface At {
  readonly position: number;
  readonly processes: readonly ProcessInfo[];
  /** The process that ran last. */
  readonly running: number | null;
  readonly lanes: readonly Lane[];
  readonly ram: Ram;
  readonly reports: readonly StepReport[];
  /** What came of the step before the position. */
  readonly last: StepReport | null;
  /** Its line, as it stands in the text; of a dump, which has none, nothing. */
  readonly source: string;
  /** What the step touched: marked in every view. */
  readonly touched: Place | null;
  readonly explanation: Told | null;
  readonly verdict: VerdictInfo | null;
  readonly selected: Selected | null;
  readonly tlb: readonly TlbEntry[] | null;
  /** Files in the page cache. */
  readonly cache: readonly CachedFile[] | null;
  /** `/proc/meminfo`. */
  readonly meminfo: string | null;
  /** The statement that could not be run. */
  readonly stopped: ScriptErrorPlace | null;
}

export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number | null;
  readonly name: string;
  /** How it ended, in words. */
  readonly ended: string | null;
  readonly areas: number;
  /** Pages mapped, resident, proportional (null where it was not counted). */
  readonly pages: number;
  readonly rss: number;
  readonly pss: number | null;
  readonly minFlt: number;
  readonly majFlt: number;
  /** Frames of its page tables. */
  readonly tables: number;
  /** Changes whenever its areas do, but for how many pages of each are present. */
  readonly version: number;
  /** Fields of `/proc/PID/status`, in KiB (which the kernel writes as kB). */
  readonly status: readonly (readonly [string, number])[];
}

export interface Lane {
  readonly pid: number;
  readonly version: number;
  /** Null: as the page has them. */
  readonly areas: Areas | null;
  /** If `areas` is null: their column `present`, which changes more often than they do. */
  readonly present: Uint32Array | null;
  readonly strips: Strips | null;
  readonly cells: readonly Cells[];
  /** The first printable bytes of pages that the program wrote, at most 64 of those in `cells`. */
  readonly texts: readonly (readonly [page: number, text: string])[];
}

/** Areas in order of address, a column a field. */
export interface Areas {
  readonly count: number;
  /** First page, and pages. */
  readonly start: Float64Array;
  readonly pages: Float64Array;
  /** Pages that are not empty. */
  readonly present: Uint32Array;
  /** A number of `AREA`. */
  readonly kind: Uint8Array;
  /** `PERM` bits. */
  readonly perms: Uint8Array;
  /** `AREA_FLAG` bits. */
  readonly flags: Uint8Array;
  /** Into `names`. */
  readonly name: Uint32Array;
  readonly names: readonly string[];
}

export const AREA = { anonymous: 0, file: 1, shared: 2, heap: 3, stack: 4, special: 5, huge: 6, device: 7 } as const;
export const PERM = { read: 1, write: 2, execute: 4, shared: 8 } as const;
export const AREA_FLAG = { locked: 1, growsDown: 2, dontCopy: 4, wipeOnFork: 8, dontDump: 16, huge: 32, mergeable: 64, assumed: 128 } as const;

/** Strips of the areas from `first` on: `columns` bytes an area, each the cell that stands for its part of the pages. */
export interface Strips {
  readonly first: number;
  readonly count: number;
  readonly columns: number;
  /** `CELL` in the low 4 bits, `CELL_BIT` above. */
  readonly cells: Uint8Array;
  /** How much of each column is present, 0 … 255. */
  readonly full: Uint8Array;
}

/** Pages one by one. */
export interface Cells {
  readonly page: number;
  readonly cells: Uint8Array;
  /** Frames; `NO_FRAME` for none. */
  readonly pfn: Uint32Array;
}

export const NO_FRAME = 0xffff_ffff;
/** What a page is. */
export const CELL = { absent: 0, zero: 1, anon: 2, cow: 3, file: 4, shmem: 5, guard: 6, marker: 7, swapped: 8, special: 9, huge: 10, none: 15 } as const;
export const CELL_BIT = { dirty: 0x10, accessed: 0x20, writable: 0x40, locked: 0x80 } as const;

export interface Ram {
  readonly total: number;
  readonly free: number;
  /** Free blocks of 1, 2, 4 … 1,024 frames. */
  readonly freeBlocks: readonly number[];
  /** A number of `FRAME` for each frame; null if not asked for. */
  readonly frames: Uint8Array | null;
  readonly tlbFills: number;
  readonly tlbHits: number;
  readonly tlbFlushes: number;
}

export const FRAME = { free: 0, anon: 1, cow: 2, file: 3, shmem: 4, zero: 5, table: 6, kernel: 7 } as const;

/** Everything about what is selected. */
export interface Selected {
  readonly place: Place;
  readonly area: AreaDetail | null;
  readonly walk: WalkDetail | null;
  readonly frame: FrameDetail | null;
  /** The page's 4,096 bytes; null if not present. `isInvented`: what stands in the file is not known, the bytes are a filler. */
  readonly bytes: Uint8Array | null;
  readonly isInvented: boolean;
}

export interface AreaDetail extends VmaView {
  /** Why it is not one area with the one before and behind; null where there is none. */
  readonly before: Boundary | null;
  readonly behind: Boundary | null;
  readonly smaps: string | null;
  /** A log does not show it being mapped, all of it or a part. */
  readonly isAssumed: boolean;
}

export interface Boundary {
  /** The neighbour's line of maps. */
  readonly maps: string;
  readonly kind: string;
  readonly reasons: readonly string[];
  /** What only hidden state could tell. */
  readonly mayBe: readonly string[];
}

export interface WalkDetail extends Walk {
  /** The 512 entries of the tables on the way, `CELL` or `ENTRY_TABLE` each; only if `tables` was wanted. */
  readonly tables: readonly { readonly pfn: number; readonly entries: Uint8Array }[];
  /** What an access would do now. */
  readonly would: Readonly<Record<'read' | 'write' | 'execute', Would>>;
}

export const ENTRY_TABLE = 14;

export interface Would {
  readonly does: 'hit' | 'walk' | 'fault' | 'signal';
  /** A kernel function, or the signal with its code. */
  readonly by: string;
}

export interface TlbEntry {
  readonly addr: string;
  readonly access: 'read' | 'write' | 'execute';
  readonly pfn: number;
}

export interface CachedFile {
  readonly name: string;
  readonly size: number;
  readonly pages: number;
  readonly dirty: number;
  readonly mappings: number;
}

/** The verdict without its lists, which are asked for. */
export type VerdictInfo = Omit<Verdict, 'leftOut'> & { readonly leftOut: number; readonly reasons: readonly { readonly reason: string; readonly count: number }[] };

export type { DumpChanges };
