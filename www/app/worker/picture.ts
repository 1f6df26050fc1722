/** The machine as a look asks for it. */
import type { StepReport } from '../../lib/api.ts';
import { type Core, parse } from './core.ts';
import { type Areas, type At, CELL, type Cells, type Lane, type LaneLook, type Look, type Place, type ProcessInfo, type Selected, type Told, type Want } from './protocol.ts';

export type Picture = Omit<At, 'stopped' | 'source'>;

/** Cells of all runs of a lane together. */
const MOST_CELLS = 4096;
/** Pages of a lane whose first bytes are read, how many bytes, and of which kinds. */
const MOST_TEXTS = 64;
const TEXT = 3;
const WRITTEN: readonly number[] = [CELL.anon, CELL.cow, CELL.shmem];

export function picture(core: Core, look: Look): Picture {
  const { position } = core;
  const wants = new Set(look.want);
  const last = position > 0 ? core.reports(position - 1, position)[0]! : null;
  const processes = core.processes();
  return {
    position,
    processes,
    running: core.running,
    lanes: look.lanes.flatMap((lane) => laneOf(core, processes, lane)),
    ram: { ...core.ram(), frames: look.frames ? core.frameKinds() : null },
    // Steps behind the position are known, but have not happened.
    reports: core.reports(look.reports[0], Math.min(look.reports[1], position)),
    last,
    touched: last ? touchedBy(core, last) : null,
    explanation: wants.has('explanation') && position > 0 ? toldOf(core, position - 1) : null,
    verdict: wants.has('verdict') ? core.verdict() : null,
    selected: look.selected ? selected(core, processes, look.selected, wants) : null,
    tlb: wants.has('tlb') ? core.tlb() : null,
    cache: wants.has('cache') ? core.cachedFiles() : null,
    meminfo: wants.has('meminfo') ? core.meminfo() : null,
  };
}

/** What a step was about. The break is the end of the heap: its last page is what there is to see; where there is no heap, nothing. */
function touchedBy(core: Core, { call, focus, pid }: StepReport): Place | null {
  if (!focus || pid === null) return null;
  if (call !== 'brk' || core.area(pid, parse(focus), false, false)) return { pid, addr: focus, pfn: null };
  const last = parse(focus) - 1n;
  return core.area(pid, last, false, false)?.name === '[heap]' ? { pid, addr: (last & ~0xfffn).toString(16), pfn: null } : null;
}

/** Lines and changes of a step that the page gets, and how many of the lines are the last ones: there a refusal is decided. */
const MOST_TOLD = 2000;
const LAST_TOLD = 100;

/** What a step did; of a very long one so much as anybody reads, for a message of megabytes is a task of the page that nobody wants to wait for. */
function toldOf(core: Core, step: number): Told | null {
  const told = core.explain(step);
  if (!told || Math.max(told.tree.length, told.changes.length) <= MOST_TOLD) return told;
  const { tree, changes } = told;
  const lines = Math.max(0, tree.length - MOST_TOLD);
  const from = MOST_TOLD - LAST_TOLD;
  return {
    ...told,
    tree: lines > 0 ? [...tree.slice(0, from), ...tree.slice(-LAST_TOLD)] : tree,
    changes: changes.slice(0, MOST_TOLD),
    untold: { from, lines, changes: Math.max(0, changes.length - MOST_TOLD) },
  };
}

function laneOf(core: Core, processes: readonly ProcessInfo[], look: LaneLook): Lane[] {
  const { pid } = look;
  const process = processes.find((one) => one.pid === pid);
  if (!process) return [];
  const { version } = process;
  const isKnown = version === look.version;
  let left = MOST_CELLS;
  const runs = look.cells.map(({ page, count }) => {
    const taken = Math.max(0, Math.min(count, left));
    left -= taken;
    return core.cells(pid, page, taken);
  });
  return [{
    pid,
    version,
    areas: isKnown ? null : core.areas(pid) ?? noAreas(),
    present: isKnown ? core.presentCounts(pid) ?? new Uint32Array() : null,
    strips: look.strips ? stripsOf(core, process, look.strips) : null,
    cells: runs,
    texts: textsOf(core, pid, runs),
  }];
}

/** What the program's own pages begin with, as far as it can be printed. */
function textsOf(core: Core, pid: number, runs: readonly Cells[]): Lane['texts'] {
  const texts: [number, string][] = [];
  let left = MOST_TEXTS;
  for (const { page, cells } of runs) {
    for (let at = 0; at < cells.length && left > 0; at++) {
      if (!WRITTEN.includes(cells[at]! & 15)) continue;
      left--;
      const bytes = core.pageBytes(pid, BigInt(page + at) << 12n)?.subarray(0, TEXT);
      const end = bytes?.findIndex((byte) => byte < 0x20 || byte > 0x7e) ?? 0;
      if (bytes && end !== 0) texts.push([page + at, String.fromCharCode(...bytes.subarray(0, end < 0 ? TEXT : end))]);
    }
  }
  return texts;
}

/** Of a process that has ended. */
function noAreas(): Areas {
  return {
    count: 0, start: new Float64Array(), pages: new Float64Array(), present: new Uint32Array(), kind: new Uint8Array(), perms: new Uint8Array(),
    flags: new Uint8Array(), name: new Uint32Array(), names: [],
  };
}

function stripsOf(core: Core, { pid, areas }: ProcessInfo, { first, count, columns }: NonNullable<LaneLook['strips']>): Lane['strips'] {
  const from = Math.min(Math.max(0, first), areas);
  const shown = Math.max(0, Math.min(count, areas - from));
  return { first: from, count: shown, columns, ...core.strips(pid, from, shown, columns) };
}

function selected(core: Core, processes: readonly ProcessInfo[], place: Place, wants: ReadonlySet<Want>): Selected {
  const { pid } = place;
  const addr = parse(place.addr);
  const isAlive = processes.some((process) => process.pid === pid && process.ended === null);
  const walk = isAlive ? core.walk(pid, addr) : null;
  const leaf = walk?.levels.at(-1);
  const pfn = place.pfn ?? (leaf?.name === 'PTE' ? leaf.pfn : null);
  const area = isAlive ? core.area(pid, addr, wants.has('neighbours'), wants.has('smaps')) : null;
  const bytes = isAlive && wants.has('bytes') ? core.pageBytes(pid, addr) : null;
  return {
    place,
    area,
    walk: walk && { ...walk, tables: wants.has('tables') ? core.tables(pid, addr) : [], would: core.would(pid, addr)! },
    frame: pfn === null ? null : core.frame(pfn),
    bytes,
    isInvented: bytes !== null && core.pageIsInvented(pid, addr),
  };
}
