/** The machine as a look asks for it. */
import { bytesOf, isFiller } from './contents.ts';
import type { FrameView, PageView, ProcessView, ScriptSession, Snapshot, StepReport, Verdict, VmaView } from '../../lib/index.ts';
import {
  AREA, AREA_FLAG, CELL, CELL_BIT, FRAME, NO_FRAME, PERM, type AreaDetail, type Areas, type At, type Cells, type Lane, type LaneLook, type Look, type Place,
  type ProcessInfo, type Selected, type Strips, type VerdictInfo, type WalkDetail, type Would,
} from './protocol.ts';

export type Picture = Omit<At, 'stopped'>;

const pageOf = (addr: string) => Number(BigInt(`0x${addr}`) >> 12n);

/** `known`: files of which it is said what stands in them. */
export function picture(session: ScriptSession, look: Look, known: ReadonlySet<string> = new Set()): Picture {
  const snapshot = session.snapshot();
  const { position } = session;
  const wants = new Set(look.want);
  const last = position > 0 ? session.reportsOf(position - 1, position)[0]! : null;
  return {
    position,
    processes: snapshot.processes.map((process) => info(session, process)),
    running: snapshot.running,
    lanes: look.lanes.flatMap((lane) => laneOf(snapshot, lane)),
    ram: {
      total: snapshot.totalFrames, free: snapshot.freeFrames, freeBlocks: snapshot.freeBlocks,
      frames: look.frames ? frameKinds(snapshot) : null, tlbFills: snapshot.tlbCounts[0], tlbHits: 0, tlbFlushes: snapshot.tlbCounts[1],
    },
    reports: session.reportsOf(look.reports[0], look.reports[1]),
    last,
    touched: touchedBy(last),
    explanation: wants.has('explanation') && position > 0 ? session.explain(position - 1) : null,
    verdict: wants.has('verdict') ? verdictInfo(session.verdict()) : null,
    selected: look.selected ? selected(session, snapshot, look.selected, wants, known) : null,
    tlb: wants.has('tlb') ? snapshot.tlb.map(({ addr, access }) => ({ addr, access, pfn: 0 })) : null,
    cache: wants.has('cache') ? [] : null,
    meminfo: wants.has('meminfo') ? session.meminfo() : null,
  };
}

function touchedBy(last: StepReport | null): Place | null {
  return last?.focus && last.pid !== null ? { pid: last.pid, addr: last.focus, pfn: null } : null;
}

/** The verdict without its lists. */
export function verdictInfo({ leftOut, ...verdict }: Verdict): VerdictInfo {
  const counts = new Map<string, number>();
  for (const { reason } of leftOut) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const reasons = [...counts].map(([reason, count]) => ({ reason, count })).sort((a, b) => b.count - a.count);
  return { ...verdict, leftOut: leftOut.length, reasons };
}

function info(session: ScriptSession, process: ProcessView): ProcessInfo {
  const { pid, parent, name, ended, rss, minFlt, majFlt, status, vmas } = process;
  const pages = vmas.reduce((sum, vma) => sum + vma.pages, 0);
  const tables = (status.find(([field]) => field === 'VmPTE')?.[1] ?? 0) / 4;
  return { pid, parent, name, ended, areas: vmas.length, pages, rss, pss: null, minFlt, majFlt, tables, version: version(vmas), status };
}

/** A number that is another one when areas are. */
function version(vmas: readonly VmaView[]): number {
  let hash = 17;
  for (const vma of vmas) {
    for (const part of [vma.start, vma.end, vma.perms, vma.flags, vma.name, String(vma.presentCount)]) {
      for (let at = 0; at < part.length; at++) hash = Math.imul(hash, 31) + part.charCodeAt(at) | 0;
    }
  }
  return hash >>> 0;
}

function laneOf(snapshot: Snapshot, look: LaneLook): Lane[] {
  const process = snapshot.processes.find(({ pid }) => pid === look.pid);
  if (!process) return [];
  const now = version(process.vmas);
  return [{
    pid: look.pid,
    version: now,
    areas: now === look.version ? null : areas(process.vmas),
    strips: look.strips ? strips(process.vmas, look.strips) : null,
    cells: look.cells.map((run) => cells(process.vmas, run)),
  }];
}

const NAMES: Readonly<Record<string, number>> = { '[heap]': AREA.heap, '[stack]': AREA.stack, '[vdso]': AREA.special, '[vvar]': AREA.special, '[vvar_vclock]': AREA.special, '[vsyscall]': AREA.special };

function areaKind(vma: VmaView): number {
  const special = NAMES[vma.name];
  if (special !== undefined) return special;
  if (vma.perms[3] === 's') return AREA.shared;
  return vma.fileMmap ? AREA.file : AREA.anonymous;
}

const PERMS: readonly (readonly [string, number])[] = [['r', PERM.read], ['w', PERM.write], ['x', PERM.execute], ['s', PERM.shared]];
const FLAGS: readonly (readonly [string, number])[] = [
  ['lo', AREA_FLAG.locked], ['gd', AREA_FLAG.growsDown], ['dc', AREA_FLAG.dontCopy], ['wf', AREA_FLAG.wipeOnFork], ['dd', AREA_FLAG.dontDump], ['hg', AREA_FLAG.huge],
  ['mg', AREA_FLAG.mergeable],
];
const bits = (all: readonly (readonly [string, number])[], has: (letter: string) => boolean) => all.reduce((sum, [letter, bit]) => (has(letter) ? sum | bit : sum), 0);

function areas(vmas: readonly VmaView[]): Areas {
  const names = [...new Set(vmas.map(({ name }) => name))];
  const place = new Map(names.map((name, at) => [name, at]));
  return {
    count: vmas.length,
    start: Float64Array.from(vmas, ({ start }) => pageOf(start)),
    pages: Float64Array.from(vmas, ({ pages }) => pages),
    present: Uint32Array.from(vmas, ({ presentCount }) => presentCount),
    kind: Uint8Array.from(vmas, areaKind),
    perms: Uint8Array.from(vmas, ({ perms }) => bits(PERMS, (letter) => perms.includes(letter))),
    flags: Uint8Array.from(vmas, ({ flags }) => bits(FLAGS, (letter) => flags.split(' ').includes(letter))),
    name: Uint32Array.from(vmas, ({ name }) => place.get(name)!),
    names,
  };
}

const CELLS: Readonly<Record<PageView['kind'], number>> = {
  anon: CELL.anon, shared: CELL.cow, file: CELL.file, zero: CELL.zero, guard: CELL.guard, marker: CELL.marker, kernel: CELL.special, table: CELL.special, free: CELL.absent,
};

function cellOf(page: PageView, vma: VmaView): number {
  let cell = page.kind === 'file' && vma.perms[3] === 's' && !vma.name.startsWith('/') ? CELL.shmem : CELLS[page.kind];
  if (page.letters.includes('D')) cell |= CELL_BIT.dirty;
  if (page.letters.includes('A')) cell |= CELL_BIT.accessed;
  if (page.letters.includes('W')) cell |= CELL_BIT.writable;
  if (vma.flags.split(' ').includes('lo')) cell |= CELL_BIT.locked;
  return cell;
}

function strips(vmas: readonly VmaView[], { first, count, columns }: NonNullable<LaneLook['strips']>): Strips {
  const shown = vmas.slice(first, first + count);
  const out = { first, count: shown.length, columns, cells: new Uint8Array(shown.length * columns), full: new Uint8Array(shown.length * columns) };
  shown.forEach((vma, row) => {
    const filled = Array.from({ length: columns }, () => 0);
    for (const page of vma.present) {
      const column = Math.min(columns - 1, Math.floor(page.index * columns / vma.pages));
      filled[column]!++;
      const [at, cell] = [row * columns + column, cellOf(page, vma)];
      if ((cell & 15) !== 0 && out.cells[at] === 0) out.cells[at] = cell;
      else out.cells[at] = out.cells[at]! | cell & 0xf0;
    }
    filled.forEach((pages, column) => {
      const size = Math.max(1, Math.ceil((column + 1) * vma.pages / columns) - Math.floor(column * vma.pages / columns));
      out.full[row * columns + column] = pages === 0 ? 0 : Math.max(1, Math.min(255, Math.round(pages * 255 / size)));
    });
  });
  return out;
}

function cells(vmas: readonly VmaView[], { page, count }: { page: number; count: number }): Cells {
  const out = { page, cells: new Uint8Array(count).fill(CELL.none), pfn: new Uint32Array(count).fill(NO_FRAME) };
  for (const vma of vmas) {
    const start = pageOf(vma.start);
    if (start >= page + count || start + vma.pages <= page) continue;
    out.cells.fill(CELL.absent, Math.max(0, start - page), Math.min(count, start + vma.pages - page));
    for (const one of vma.present) {
      const at = start + one.index - page;
      if (at < 0 || at >= count) continue;
      out.cells[at] = cellOf(one, vma);
      out.pfn[at] = one.pfn ?? NO_FRAME;
    }
  }
  return out;
}

const FRAMES: Readonly<Record<FrameView['kind'], number>> = {
  free: FRAME.free, anon: FRAME.anon, shared: FRAME.cow, file: FRAME.file, zero: FRAME.zero, table: FRAME.table, kernel: FRAME.kernel, guard: FRAME.free, marker: FRAME.free,
};

function frameKinds({ frames, totalFrames }: Snapshot): Uint8Array {
  const kinds = new Uint8Array(totalFrames);
  for (const { pfn, kind } of frames) kinds[pfn] = FRAMES[kind];
  return kinds;
}

function selected(session: ScriptSession, snapshot: Snapshot, place: Place, wants: ReadonlySet<string>, known: ReadonlySet<string>): Selected {
  const process = snapshot.processes.find(({ pid }) => pid === place.pid);
  const at = BigInt(`0x${place.addr}`);
  const vma = process?.vmas.find(({ start, end }) => BigInt(`0x${start}`) <= at && at < BigInt(`0x${end}`));
  const walk = session.walk(place.pid, at);
  const leaf = walk?.levels.at(-1);
  const pfn = place.pfn ?? (leaf?.name === 'PTE' ? leaf.pfn : null);
  const area: AreaDetail | null = vma ? { ...vma, before: null, behind: null, since: null, smaps: wants.has('smaps') ? smapsOf(session.smaps(place.pid), vma) : null } : null;
  const bytes = wants.has('bytes') ? bytesOf(session, place.pid, at) : null;
  const frame = pfn === null ? null : session.frame(pfn);
  return {
    place, area, frame, bytes, isInvented: isFiller(vma?.name ?? '', frame, bytes, known),
    walk: walk && ({ ...walk, tables: [], would: { read: would(walk.tlb[0], vma, 'r'), write: would(walk.tlb[1], vma, 'w'), execute: would(walk.tlb[2], vma, 'x') } } satisfies WalkDetail),
  };
}

/** What is likely: the core will tell. */
function would(hits: boolean, vma: VmaView | undefined, letter: string): Would {
  if (hits) return { does: 'hit', by: 'TLB' };
  if (!vma) return { does: 'signal', by: 'SIGSEGV SEGV_MAPERR' };
  return vma.perms.includes(letter) ? { does: 'walk', by: 'the page tables' } : { does: 'signal', by: 'SIGSEGV SEGV_ACCERR' };
}

function smapsOf(text: string, vma: VmaView): string | null {
  const lines = text.split('\n');
  const first = lines.findIndex((line) => line.startsWith(vma.maps.slice(0, vma.maps.indexOf(' '))));
  if (first < 0) return null;
  const next = lines.findIndex((line, at) => at > first && /^[0-9a-f]+-[0-9a-f]+ /.test(line));
  return lines.slice(first, next < 0 ? undefined : next).join('\n');
}
