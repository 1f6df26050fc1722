/** Two moments of the machine beside each other: what of areas, pages, processes and counters differs. No DOM. */
import type { Areas, At, Lane, ProcessInfo } from '../worker/protocol.ts';
import { CELL, CELL_BIT, NO_FRAME, PERM } from '../worker/protocol.ts';
import { isLone } from './cell.ts';

export type Mark = '+' | '−' | '~';

export interface AreaChange {
  readonly mark: Mark;
  readonly pid: number;
  /** Hexadecimal, in the second moment where it is in both. */
  readonly start: string;
  readonly end: string;
  readonly name: string;
  readonly perms: string;
  /** What differs, the value before and after. */
  readonly fields: readonly { readonly field: 'start' | 'end' | 'perms' | 'present' | 'flags' | 'kind'; readonly from: string; readonly to: string }[];
}

export interface PageChange {
  readonly mark: Mark;
  readonly pid: number;
  readonly addr: string;
  /** Kinds (`CELL`); null where it is absent. */
  readonly from: number | null;
  readonly to: number | null;
  readonly fromFrame: number | null;
  readonly toFrame: number | null;
  /** What the picture draws of the page besides. */
  readonly fromNotes: readonly Note[];
  readonly toNotes: readonly Note[];
}

export type Note = 'lone' | 'dirty' | 'locked';

export interface CounterChange {
  /** Null: of the whole machine. */
  readonly pid: number | null;
  readonly counter: Counter;
  readonly from: number | null;
  readonly to: number | null;
}

export type Counter = 'areas' | 'pages' | 'rss' | 'minFlt' | 'majFlt' | 'tables' | 'free' | 'tlbFills' | 'tlbHits' | 'tlbFlushes';

export interface Comparison {
  readonly from: number;
  readonly to: number;
  readonly processes: readonly { readonly mark: Mark; readonly pid: number; readonly name: string }[];
  readonly areas: readonly AreaChange[];
  /** Only pages that both moments were asked for one by one. */
  readonly pages: readonly PageChange[];
  readonly counters: readonly CounterChange[];
}

interface One {
  readonly start: number;
  readonly end: number;
  readonly present: number;
  readonly perms: string;
  readonly flags: number;
  readonly kind: number;
  readonly name: string;
}

const hex = (page: number) => (BigInt(Math.round(page)) * 4096n).toString(16);
export const permsOf = (bits: number): string =>
  `${bits & PERM.read ? 'r' : '-'}${bits & PERM.write ? 'w' : '-'}${bits & PERM.execute ? 'x' : '-'}${bits & PERM.shared ? 's' : 'p'}`;

function listOf(areas: Areas | null): One[] {
  if (!areas) return [];
  return Array.from({ length: areas.count }, (_, i) => ({
    start: areas.start[i]!, end: areas.start[i]! + areas.pages[i]!, present: areas.present[i]!, perms: permsOf(areas.perms[i]!),
    flags: areas.flags[i]!, kind: areas.kind[i]!, name: areas.names[areas.name[i]!] ?? '',
  }));
}

/** What of the second moment is other than in the first. Lanes must have come with their areas. */
export function compare(a: At, b: At): Comparison {
  const laneOf = (at: At, pid: number): Lane | undefined => at.lanes.find((lane) => lane.pid === pid);
  const pids = [...new Set([...a.processes, ...b.processes].map(({ pid }) => pid))].sort((x, y) => x - y);
  const processOf = (at: At, pid: number): ProcessInfo | undefined => at.processes.find((process) => process.pid === pid);
  const lives = (at: At, pid: number) => Boolean(processOf(at, pid) && !processOf(at, pid)!.ended);
  const processes = pids.filter((pid) => lives(a, pid) !== lives(b, pid)).map((pid): Comparison['processes'][number] => ({
    mark: lives(b, pid) ? '+' : '−', pid, name: (processOf(b, pid) ?? processOf(a, pid))!.name,
  }));
  return {
    from: a.position,
    to: b.position,
    processes,
    areas: pids.flatMap((pid) => areaChanges(pid, listOf(laneOf(a, pid)?.areas ?? null), listOf(laneOf(b, pid)?.areas ?? null))),
    pages: pids.flatMap((pid) => pageChanges(pid, laneOf(a, pid), laneOf(b, pid))),
    counters: [...pids.flatMap((pid) => counterChanges(pid, processOf(a, pid), processOf(b, pid))), ...machineChanges(a, b)],
  };
}

/** Areas of the same start are the same; else those of one name that overlap; the rest is gone or new. */
function areaChanges(pid: number, before: readonly One[], after: readonly One[]): AreaChange[] {
  const changes: AreaChange[] = [];
  const plain = (mark: Mark, area: One) => changes.push({ mark, pid, start: hex(area.start), end: hex(area.end), name: area.name, perms: area.perms, fields: [] });
  const byStart = new Map(before.map((area) => [area.start, area]));
  const matched = new Set<One>();
  const pairs: [One | null, One][] = after.map((area) => {
    const same = byStart.get(area.start) ?? null;
    if (same) matched.add(same);
    return [same, area];
  });
  let at = 0;
  const pairing = pairs.map(([same, area]): [One | null, One] => {
    if (same) return [same, area];
    while (at < before.length && before[at]!.end <= area.start) at++;
    for (let i = at; i < before.length && before[i]!.start < area.end; i++) {
      const one = before[i]!;
      if (!matched.has(one) && one.name === area.name && (one.end === area.end || one.perms === area.perms)) {
        matched.add(one);
        return [one, area];
      }
    }
    return [null, area];
  });
  for (const [was, is] of pairing) {
    if (!was) plain('+', is);
    else {
      const fields = ([
        ['start', hex(was.start), hex(is.start)], ['end', hex(was.end), hex(is.end)], ['perms', was.perms, is.perms],
        ['present', String(was.present), String(is.present)], ['flags', String(was.flags), String(is.flags)], ['kind', String(was.kind), String(is.kind)],
      ] as const).filter(([, from, to]) => from !== to).map(([field, from, to]) => ({ field, from, to }));
      if (fields.length > 0) changes.push({ mark: '~', pid, start: hex(is.start), end: hex(is.end), name: is.name, perms: is.perms, fields });
    }
  }
  for (const area of before) if (!matched.has(area)) plain('−', area);
  return changes.sort((x, y) => (BigInt(`0x${x.start}`) < BigInt(`0x${y.start}`) ? -1 : 1));
}

/** The area of a page; −1 for none. */
function areaOf(areas: Areas, page: number): number {
  // The last one that begins at or below it.
  let [low, high] = [0, areas.count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (areas.start[middle]! <= page) low = middle + 1;
    else high = middle;
  }
  const i = low - 1;
  return i >= 0 && page < areas.start[i]! + areas.pages[i]! ? i : -1;
}

/** Whether a page is absent for certain, though it was not asked for: nothing is mapped there, or nothing of its area is present. */
function isAbsent(lane: Lane | undefined, page: number): boolean {
  const areas = lane?.areas;
  if (!areas) return true;
  const i = areaOf(areas, page);
  return i < 0 || areas.present[i] === 0;
}

/** A page at one moment. */
interface Page {
  readonly kind: number;
  readonly pfn: number | null;
  readonly notes: readonly Note[];
}

const pageFrom = (areas: Areas | null, page: number, cell: number, pfn: number): Page => ({ kind: cell & 15, pfn: pfn === NO_FRAME ? null : pfn, notes: notesOf(cell, areas?.perms[areaOf(areas, page)] ?? 0) });

function notesOf(cell: number, perms: number): readonly Note[] {
  const is = { lone: isLone(cell, perms), dirty: (cell & CELL_BIT.dirty) !== 0, locked: (cell & CELL_BIT.locked) !== 0 };
  return (Object.keys(is) as Note[]).filter((note) => is[note]);
}

const pagesOf = (lane: Lane | undefined): Map<number, Page> =>
  new Map((lane?.cells ?? []).flatMap(({ page, cells, pfn }) => Array.from(cells, (cell, i) => [page + i, pageFrom(lane!.areas, page + i, cell, pfn[i]!)] as const)));

/** Whether the picture draws them alike. */
const isAlike = (a: Page, b: Page): boolean => a.kind === b.kind && a.pfn === b.pfn && a.notes.join() === b.notes.join();

function pageChanges(pid: number, a: Lane | undefined, b: Lane | undefined): PageChange[] {
  const [was, is] = [pagesOf(a), pagesOf(b)];
  const changes: PageChange[] = [];
  const there = (one: Page | undefined) => (one && one.kind !== CELL.absent && one.kind !== CELL.none ? one : null);
  for (const page of [...new Set([...was.keys(), ...is.keys()])].sort((x, y) => x - y)) {
    const [from, to] = [was.get(page), is.get(page)];
    // Of what was not looked at nothing is said.
    if ((!from && !isAbsent(a, page)) || (!to && !isAbsent(b, page))) continue;
    const [old, now] = [there(from), there(to)];
    if (!old && !now) continue;
    if (old && now && isAlike(old, now)) continue;
    changes.push({
      mark: old && now ? '~' : now ? '+' : '−', pid, addr: hex(page), from: old?.kind ?? null, to: now?.kind ?? null,
      fromFrame: old?.pfn ?? null, toFrame: now?.pfn ?? null, fromNotes: old?.notes ?? [], toNotes: now?.notes ?? [],
    });
  }
  return changes;
}

function counterChanges(pid: number, a: ProcessInfo | undefined, b: ProcessInfo | undefined): CounterChange[] {
  const of = (['areas', 'pages', 'rss', 'minFlt', 'majFlt', 'tables'] as const).map((counter) => ({ pid, counter, from: a?.[counter] ?? null, to: b?.[counter] ?? null }));
  // What is 0 in a process that is new, or was in one that is gone, is no change.
  return of.filter(({ from, to }) => (from ?? 0) !== (to ?? 0));
}

function machineChanges({ ram: a }: At, { ram: b }: At): CounterChange[] {
  return (['free', 'tlbFills', 'tlbHits', 'tlbFlushes'] as const).map((counter) => ({ pid: null, counter, from: a[counter], to: b[counter] })).filter(({ from, to }) => from !== to);
}
