/** The session in the core, as the worker uses it: typed arrays and small objects, no drawing, no policy. */
import { type Explanation, type FrameDetail, type FrameView, type LeftOut, type SetAside, type StepReport, type TextKind, type ToldByCore, type Verdict, type Walk, tell } from '../../lib/api.ts';
import { high, low } from '../../lib/address.ts';
import { guarded } from '../../lib/guarded.ts';
import { readInSlices } from '../../lib/slices.ts';
import type { WasmSession } from '../../lib/wasm/page.js';
import type { AreaDetail, Areas, CachedFile, Cells, ProcessInfo, TlbEntry, Tracks, Would } from './protocol.ts';
import { refined } from './refine.ts';
import { loadedGlue } from './wasm.ts';

/** An address of the protocol. */
export const parse = (addr: string): bigint => BigInt.asUintN(64, BigInt(`0x${addr || '0'}`));

/** Only areas that adjoin could be one: that another is far away is no reason why it was not joined. */
const DISTANCES = new Set(['Gap', 'NotAtEdge', 'BrkBorder']);
const isNoDistance = ({ kind, check }: ToldByCore['tree'][number]): boolean => kind !== 'apart' || !check || !DISTANCES.has(check.name);

const ACCESSES = ['read', 'read', 'write', 'execute'] as const;

export class Core {
  readonly #wasm: WasmSession;

  private constructor(wasm: WasmSession) {
    this.#wasm = wasm;
    this.#wasm.saveByHand();
  }

  /** The core must have been loaded. Throws `ScriptError` for what cannot be read. */
  static of(text: string, kind: TextKind): Core {
    return new Core(guarded(() => new (loadedGlue().WasmSession)(text, kind)));
  }

  /** The same, read in slices: `slice` is told how many lines of all passes are read, after each; what it throws ends the reading. */
  static async read(text: string, kind: TextKind, slice: (done: number, of: number) => Promise<void>): Promise<Core> {
    return new Core(await readInSlices(guarded(() => new (loadedGlue().WasmReader)(text, kind)), ({ position, length }) => slice(position, length)));
  }

  get position(): number { return this.#wasm.position(); }
  get length(): number { return this.#wasm.length(); }
  get isLog(): boolean { return this.#wasm.isLog(); }
  get lines(): Uint32Array { return this.#wasm.lines(); }
  /** Steps of which everything is known. */
  get known(): number { return this.#wasm.known(); }
  get setAside(): readonly SetAside[] { return this.#wasm.setAside() as SetAside[]; }

  /** Goes to the last kept moment at or before a position, if that is nearer than where it stands. */
  rewind(position: number): void { this.#wasm.rewind(position); }
  /** Runs statements without recording: the position then. Throws `ScriptError`. */
  run(most: number): number { return guarded(() => this.#wasm.runQuietly(most)); }
  /** Runs one statement, and records what happens inside. Throws `ScriptError`. */
  step(): void { guarded(() => this.#wasm.runSlice(1)); }
  /** As `run`: the positions after whose steps a page, or the area around it, was another than before. */
  watch(most: number, ofArea: boolean, pid: number, addr: bigint): Uint32Array { return guarded(() => this.#wasm.runWatching(most, ofArea, pid, high(addr), low(addr))); }
  /** Keeps this moment. */
  save(): void { this.#wasm.save(); }
  /** The last kept moment at or before a position. */
  savedBefore(position: number): number { return this.#wasm.savedBefore(position); }
  /** How many moments are kept, their bytes, and statements run in all. */
  get work(): readonly [saves: number, bytes: number, runs: number] {
    const [saves, bytes, runs] = this.#wasm.work();
    return [saves!, bytes!, runs!];
  }

  tracks(from: number): Tracks {
    const [call, ending, pid, faults, rss, child, childRss, free, tables, tlbFills, tlbHits, page, access] = this.#wasm.tracks(from);
    return { from, call, ending, pid, faults, rss, child, childRss, free, tables, tlbFills, tlbHits, page, access };
  }

  reports(from: number, to: number): StepReport[] { return this.#wasm.knownReports(Math.max(0, from), Math.max(0, to)) as StepReport[]; }
  explain(step: number): Explanation | null {
    const told = (this.#wasm.explain(step) ?? null) as ToldByCore | null;
    return told && refined(tell({ ...told, tree: told.tree.filter(isNoDistance) }));
  }

  verdict(): Omit<Verdict, 'leftOut'> & { leftOut: number; reasons: { reason: string; count: number }[] } {
    const [leftOut, reasons] = this.#wasm.leftOutReasons();
    return { ...(this.#wasm.verdictInShort() as Verdict), leftOut: leftOut as number, reasons: reasons as { reason: string; count: number }[] };
  }

  leftOut(from: number, to: number): LeftOut[] { return this.#wasm.leftOutOf(from, to) as LeftOut[]; }
  /** The value of a name that a statement has bound. */
  nameOf(name: string): bigint | null { return this.#wasm.nameOf(name) ?? null; }

  processes(): ProcessInfo[] { return this.#wasm.processInfos() as ProcessInfo[]; }
  get running(): number | null { return this.#wasm.running() ?? null; }

  ram(): { total: number; free: number; tlbFills: number; tlbHits: number; tlbFlushes: number; freeBlocks: number[] } {
    const [total, free, tlbFills, tlbHits, tlbFlushes, ...freeBlocks] = this.#wasm.ram();
    return { total: total!, free: free!, tlbFills: tlbFills!, tlbHits: tlbHits!, tlbFlushes: tlbFlushes!, freeBlocks };
  }

  frameKinds(): Uint8Array { return this.#wasm.frameKinds(); }
  areasVersion(pid: number): number { return this.#wasm.areasVersion(pid); }

  areas(pid: number): Areas | null {
    const columns = this.#wasm.areas(pid);
    if (!columns) return null;
    const [start, pages, present, kind, perms, flags, name, names] = columns;
    return { count: start.length, start, pages, present, kind, perms, flags, name, names };
  }

  presentCounts(pid: number): Uint32Array | null { return this.#wasm.presentCounts(pid) ?? null; }

  strips(pid: number, first: number, count: number, columns: number): { cells: Uint8Array; full: Uint8Array } {
    const [cells, full] = this.#wasm.strips(pid, first, count, columns);
    return { cells, full };
  }

  cells(pid: number, page: number, count: number): Cells {
    const [cells, pfn] = this.#wasm.cells(pid, page, count);
    return { page, cells, pfn };
  }

  tlb(): TlbEntry[] {
    const [pages, kinds, frames] = this.#wasm.tlb() as [Float64Array, Uint8Array, Uint32Array];
    return Array.from(pages, (page, at) => ({ addr: (BigInt(page) << 12n).toString(16), access: ACCESSES[kinds[at]!]!, pfn: frames[at]! }));
  }

  cachedFiles(): CachedFile[] { return this.#wasm.cachedFiles() as CachedFile[]; }
  meminfo(): string { return this.#wasm.meminfo(); }
  maps(pid: number): string { return this.#wasm.maps(pid); }
  status(pid: number): string { return this.#wasm.status(pid); }
  smaps(pid: number): string { return this.#wasm.smaps(pid); }

  area(pid: number, addr: bigint, neighbours: boolean, smaps: boolean): AreaDetail | null {
    return (this.#wasm.area(pid, high(addr), low(addr), neighbours, smaps) ?? null) as AreaDetail | null;
  }

  walk(pid: number, addr: bigint): Walk | null { return (this.#wasm.walk(pid, high(addr), low(addr)) ?? null) as Walk | null; }
  would(pid: number, addr: bigint): Record<'read' | 'write' | 'execute', Would> | null { return (this.#wasm.would(pid, high(addr), low(addr)) ?? null) as Record<'read' | 'write' | 'execute', Would> | null; }
  tables(pid: number, addr: bigint): { pfn: number; entries: Uint8Array }[] {
    return Array.from(this.#wasm.tables(pid, high(addr), low(addr)) as [number, Uint8Array][], ([pfn, entries]) => ({ pfn, entries }));
  }

  pageBytes(pid: number, addr: bigint): Uint8Array | null { return this.#wasm.pageBytes(pid, high(addr), low(addr)) ?? null; }
  pageIsInvented(pid: number, addr: bigint): boolean { return this.#wasm.pageIsInvented(pid, high(addr), low(addr)); }

  frame(pfn: number): FrameDetail | null {
    const detail = this.#wasm.frame(pfn) as { frame: FrameView; mappers: FrameDetail['mappers'] } | null | undefined;
    return detail ? { ...detail.frame, mappers: detail.mappers } : null;
  }

  /** Frees its memory. */
  free(): void { this.#wasm.free(); }
}
