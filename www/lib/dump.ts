/** What a text has of `/proc/PID/maps` and `smaps`. */
export interface DumpReading {
  /** The address spaces in it, in the order of the text. */
  readonly dumps: readonly Dump[];
  /** Lines that are none of it, with the reason. */
  readonly setAside: readonly { readonly line: number; readonly text: string; readonly reason: string }[];
}

/** The address space of one process at one moment. */
export interface Dump {
  /** What stood before it in the text; may be empty. */
  readonly label: string;
  readonly areas: readonly DumpArea[];
  /** How many areas there are and how many more fit, in a sentence. */
  readonly summary: string;
  readonly audit: Audit;
  readonly costs: Costs;
  /** A script without statements that starts with this address space: give it to `openScript`. */
  readonly header: string;
}

/** An area of a dump. Addresses and offsets are hexadecimal without `0x`. */
export interface DumpArea {
  readonly start: string;
  readonly end: string;
  readonly perms: string;
  readonly offset: string;
  readonly dev: string;
  readonly ino: string;
  readonly name: string;
  /** Its line in the text, from 1. */
  readonly line: number;
  /** `VmFlags` of smaps. */
  readonly flags: string | null;
  /** The counters of smaps, in KiB (which the kernel writes as kB). */
  readonly fields: readonly (readonly [name: string, kB: number])[];
}

/** What keeps two neighbours from being one area. */
export type BoundaryKind =
  | 'gap' | 'special' | 'close' | 'file' | 'sharing' | 'permission' | 'key' | 'flags' | 'name' | 'offset'
  /** The same in all that the text shows: only hidden state can tell. */
  | 'hidden';

/** Why an address space has as many areas as it has. The reasons are the machine's own. */
export interface Audit {
  /** Areas that count against the limit. */
  readonly areas: number;
  /** `vm.max_map_count`. */
  readonly limit: number;
  /** Whether the text tells the flags of its areas, as smaps does. */
  readonly flagsKnown: boolean;
  /** Like reasons together, the most frequent first. */
  readonly groups: readonly {
    readonly kind: BoundaryKind;
    readonly title: string;
    readonly count: number;
    /** Areas fewer if the neighbours were alike in this. */
    readonly saves: number;
    readonly example: string;
    readonly advice: string | null;
  }[];
  /** Guard pages that are areas of their own, and how many areas fewer guard regions would make. */
  readonly guards: { readonly count: number; readonly saves: number } | null;
  /** Each pair of neighbours, upwards. */
  readonly boundaries: readonly {
    /** The lower one, by its place among the areas that count. */
    readonly left: number;
    /** Where the upper one starts. */
    readonly at: string;
    readonly kind: BoundaryKind;
    readonly reasons: readonly string[];
    readonly mayBe: readonly string[];
  }[];
}

/** Counters of smaps in KiB. */
export interface CostColumns {
  readonly size: number;
  readonly rss: number;
  readonly pss: number;
  /** Private, clean and dirty: what nobody shares. */
  readonly uss: number;
  readonly privateDirty: number;
  readonly swap: number;
  readonly lazyFree: number;
  readonly huge: number;
}

/** One area, or several together. */
export interface CostRow {
  readonly name: string;
  readonly start: string;
  readonly areas: number;
  readonly costs: CostColumns;
}

/** What an address space costs; each list with the dearest first. */
export interface Costs {
  /** Whether there are counters; maps has only sizes. */
  readonly counted: boolean;
  readonly total: CostColumns;
  readonly areas: readonly CostRow[];
  /** Summed by file, or by kind of memory where there is none. */
  readonly names: readonly CostRow[];
  readonly kinds: readonly CostRow[];
}

/** What changed between two dumps. */
export interface DumpChanges {
  /** Calls that lead from the first to the second, with what each did. */
  readonly calls: readonly { readonly call: string; readonly why: string }[];
  /** Lines of the second that the calls yield on the machine. */
  readonly equal: number;
  readonly lines: number;
  /** The two seem to be two processes, not one at two moments. */
  readonly twoProcesses: boolean;
  /** Lines that the calls do not explain: − should be there, + should not. */
  readonly unexplained: readonly string[];
  /** A script that starts with the first and makes the calls. */
  readonly script: string;
}
