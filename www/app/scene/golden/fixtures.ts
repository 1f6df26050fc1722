/** Machines to draw, made up without one. */
import { readFileSync } from 'node:fs';
import { AREA, AREA_FLAG, type Areas, CALL_GROUPS, CELL, CELL_BIT, type Cells, ENDING, FRAME, NO_FRAME, PERM, REMARK, type Strips, type Tracks } from '../../worker/protocol.ts';
import { NO_TRACKS } from '../../model/tracks.ts';
import { sumsOf, layOut, type LaneData, type LayoutOptions } from '../layout.ts';
import { bodyHeight, composeSpace, placeLanes, type SpaceInput, type SpaceScene } from '../space/compose.ts';
import { drawSpace } from '../space/draw.ts';
import { lookOf } from '../space/hit.ts';
import { UNITS } from '../units.ts';

export interface AreaFixture { readonly start: number; readonly cells: readonly number[] | null; readonly pages?: number; readonly present?: number; readonly kind?: number; readonly perms?: number; readonly flags?: number; readonly name?: string }

export function areasOf(list: readonly AreaFixture[]): Areas {
  const names = [...new Set(list.map(({ name }) => name ?? ''))];
  return {
    count: list.length, names,
    start: Float64Array.from(list, ({ start }) => start), pages: Float64Array.from(list, ({ cells, pages }) => pages ?? cells!.length),
    present: Uint32Array.from(list, ({ cells, present }) => present ?? cells!.filter((cell) => (cell & 15) !== CELL.absent).length),
    kind: Uint8Array.from(list, ({ kind }) => kind ?? AREA.anonymous), perms: Uint8Array.from(list, ({ perms }) => perms ?? PERM.read | PERM.write),
    flags: Uint8Array.from(list, ({ flags }) => flags ?? 0), name: Uint32Array.from(list, ({ name }) => names.indexOf(name ?? '')),
  };
}

/** A private page that is nobody else's. */
const OWN = CELL.anon | CELL_BIT.writable;

export const many = (cell: number, count: number): number[] => Array.from({ length: count }, () => cell);

/** A parent and its child, of which one has written. */
export function copyOnWrite(): LaneData[] {
  return [1, 2].map((pid) => {
    const list: AreaFixture[] = [
      { start: 0x400, cells: [CELL.file], kind: AREA.file, perms: PERM.read | PERM.execute, name: '/usr/bin/program' },
      { start: 0x7ffff7ff3, cells: [(pid === 2 ? OWN : CELL.cow) | CELL_BIT.dirty, CELL.zero, CELL.absent, CELL.absent] },
      { start: 0x7ffff7ff7, cells: many(CELL.absent, 4), kind: AREA.special, perms: PERM.read, name: '[vvar]' },
      { start: 0x7ffff7ffb, cells: [CELL.special, CELL.absent], kind: AREA.special, perms: PERM.read | PERM.execute, name: '[vdso]' },
      { start: 0x7ffffffde, cells: [...many(CELL.absent, 31), CELL.cow | CELL_BIT.dirty, CELL.cow | CELL_BIT.dirty], kind: AREA.stack, name: '[stack]' },
    ];
    return lane(pid, pid === 1 ? '1 · program' : '2 · child of 1', 'rss 16 KiB · 2 faults', list, (page) => (page === 0x7ffff7ff3 ? 37 + (pid === 2 ? 5 : 0) : 50 + (page % 9)));
  });
}

export function lane(pid: number, title: string, notes: string, list: readonly AreaFixture[], pfn: (page: number) => number = () => NO_FRAME): LaneData {
  const areas = areasOf(list);
  const cells: Cells[] = list.filter(({ cells: some }) => some !== null && some.length <= 1024).map(({ start, cells: some }) => ({
    page: start, cells: Uint8Array.from(some!), pfn: Uint32Array.from(some!, (cell, i) => ((cell & 15) === CELL.absent ? NO_FRAME : pfn(start + i))),
  }));
  return { pid, title, notes, areas, cells, strips: stripsOf(list, 256) };
}

/** As the worker makes them. */
export function stripsOf(list: readonly AreaFixture[], columns: number): Strips {
  const out = { first: 0, count: list.length, columns, cells: new Uint8Array(list.length * columns), full: new Uint8Array(list.length * columns) };
  list.forEach(({ cells }, row) => {
    if (!cells) return;
    const filled = new Uint32Array(columns);
    cells.forEach((cell, i) => {
      if ((cell & 15) === CELL.absent) return;
      const column = Math.min(columns - 1, Math.floor((i * columns) / cells.length));
      filled[column]!++;
      if (out.cells[row * columns + column] === 0) out.cells[row * columns + column] = cell;
    });
    filled.forEach((pages, column) => {
      const size = Math.max(1, Math.ceil(((column + 1) * cells.length) / columns) - Math.floor((column * cells.length) / columns));
      out.full[row * columns + column] = Math.min(255, Math.round((pages * 255) / size));
    });
  });
  return out;
}

/** 139 areas. */
export function python3(): LaneData {
  const text = readFileSync(new URL('./python3.txt', import.meta.url), 'utf8');
  const list = text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).map((line): AreaFixture => {
    const [start, pages, perms, runs, name = ''] = line.split(' ') as [string, string, string, string, string?];
    const cells = [...runs.matchAll(/(\d*)([fa.])/g)].flatMap(([, count, kind]) => many(kind === 'f' ? CELL.file : kind === 'a' ? OWN | CELL_BIT.dirty : CELL.absent, Number(count || 1)));
    const kinds: Record<string, number> = { '[heap]': AREA.heap, '[stack]': AREA.stack, '[vdso]': AREA.special, '[vvar]': AREA.special, '[vvar_vclock]': AREA.special, '': AREA.anonymous };
    if (cells.length !== Number(pages)) while (cells.length < Number(pages)) cells.push(CELL.absent);
    return {
      start: Number.parseInt(start, 16) / 4096, cells: cells.slice(0, Number(pages)), kind: kinds[name] ?? AREA.file, name: name.startsWith('[') || name === '' ? name : `/usr/lib/${name}`,
      perms: (perms[0] === 'r' ? 1 : 0) | (perms[1] === 'w' ? 2 : 0) | (perms[2] === 'x' ? 4 : 0) | (perms[3] === 's' ? 8 : 0),
    };
  });
  return lane(1, '1 · python3', 'rss 8,484 KiB · 1,022 minor, 4 major faults', list);
}

/** As many areas as Linux allows by default. */
export function full(count = 65_530): LaneData {
  const list = Array.from({ length: count }, (_, i): AreaFixture => {
    const isFile = i % 997 < 90;
    const pages = 1 + (i * 7) % 5;
    return { start: 0x7f0000000 + i * 8, cells: null, pages, present: (i >> 9) % 3 === 0 ? pages : (i % pages), kind: isFile ? AREA.file : i % 13 === 0 ? AREA.shared : AREA.anonymous, perms: isFile ? 5 : 3, name: isFile ? `/usr/lib/part${i >> 3}.so` : '' };
  });
  return { pid: 1, title: '1 · churn', notes: 'rss 400 MiB', areas: areasOf(list), strips: null, cells: [] };
}

/** One of each kind. */
export function kinds(): LaneData {
  const one = [
    CELL.absent, CELL.zero, OWN, OWN | CELL_BIT.dirty, CELL.cow, CELL.anon, CELL.file, CELL.file | CELL_BIT.dirty, CELL.shmem, CELL.guard, CELL.marker, CELL.swapped, CELL.special, CELL.huge,
    OWN | CELL_BIT.dirty | CELL_BIT.locked, CELL.absent | CELL_BIT.locked,
  ];
  return lane(1, '1 · kinds', 'one page of each', [{ start: 0x10000, cells: one, flags: AREA_FLAG.locked, name: '[anon: kinds]' }, { start: 0x20000, cells: many(CELL.guard, 4), perms: 0 }, { start: 0x30000, cells: many(CELL.absent, 2), flags: AREA_FLAG.assumed, name: '/bin/program' }]);
}

export function frames(total: number): Uint8Array {
  const out = new Uint8Array(total);
  out.fill(FRAME.kernel, 0, total >> 6);
  out[0] = FRAME.zero;
  out.fill(FRAME.table, total >> 6, (total >> 6) + (total >> 8));
  out.fill(FRAME.anon, total >> 4, total >> 3);
  out.fill(FRAME.file, total >> 3, (total >> 3) + (total >> 2));
  out.fill(FRAME.cow, (total >> 3) + (total >> 2), (total >> 3) + (total >> 2) + (total >> 7));
  out.fill(FRAME.shmem, total >> 1, (total >> 1) + (total >> 6));
  return out;
}

export function scene(lanes: readonly LaneData[], size: { width: number; height: number }, more: Partial<SpaceInput> & { readonly layout?: Partial<LayoutOptions> } = {}): SpaceScene {
  const slot = more.slot ?? null;
  const { lanes: places } = placeLanes(lanes.length, size.width, slot);
  const height = bodyHeight(size.height, more.ended?.length ?? 0);
  const layouts = lanes.map((data, i) => layOut(data.areas, {
    trueScale: false, lowFirst: more.lowFirst ?? false, opened: new Set(), width: places[i]!.w, height,
    focus: [more.touched, more.selected].filter((spot) => spot?.pid === data.pid).map((spot) => spot!.page), ...more.layout,
  }, sumsOf(data.areas)));
  const top = layouts[0]!.axis;
  return composeSpace({
    ...size, lanes, layouts, view: { page: top.toPage(0, 1), zoom: 1 }, units: UNITS, lowFirst: false, touched: null, selected: null, hover: null, range: null, frame: null, only: null, heat: null,
    texts: new Map(), changes: null, bytes: null, slot, ended: [], ...more,
  });
}

export { drawSpace, lookOf };

export interface StepFixture { readonly group: (typeof CALL_GROUPS)[number]; readonly ending?: number; readonly pid?: number; readonly faults?: number; readonly rss?: number; readonly child?: number }

/** Tracks of steps that are given by what the slider shows of them. */
export function tracksOf(steps: readonly StepFixture[]): Tracks {
  const rest = Object.fromEntries(Object.entries(NO_TRACKS).map(([name, column]) => [name, typeof column === 'number' ? column : new (column.constructor as new (size: number) => Uint32Array)(steps.length)])) as unknown as Tracks;
  return {
    ...rest, call: Uint8Array.from(steps, ({ group }) => CALL_GROUPS.indexOf(group)), ending: Uint8Array.from(steps, ({ ending }) => ending ?? 0), pid: Uint32Array.from(steps, ({ pid }) => pid ?? 1),
    faults: Uint16Array.from(steps, ({ faults }) => faults ?? 0), rss: Uint32Array.from(steps, ({ rss }) => rss ?? 0), child: Uint32Array.from(steps, ({ child }) => child ?? 0), childRss: Uint32Array.from(steps, ({ child, rss }) => (child ? rss ?? 0 : 0)),
  };
}

/** Every kind of call and of mark, in two processes. */
export function everyMark(): Tracks {
  const endings = [0, ENDING.error, ENDING.signal, ENDING.signal | REMARK.fatal, ENDING.skipped, REMARK.differs, REMARK.assumed];
  return tracksOf(Array.from({ length: 36 }, (_, i): StepFixture => ({
    group: CALL_GROUPS[i % CALL_GROUPS.length]!, ending: i % 3 === 1 ? endings[(i / 3 | 0) % endings.length]! : 0, pid: i > 9 && i % 4 > 1 ? 2 : 1, faults: i % 5 === 2 ? i : 0, rss: 10 + ((i * 7) % 23), ...(i === 8 ? { child: 2 } : {}),
  })));
}

/** A long log: a step of it has no pixel of its own. */
export function longRun(length: number): Tracks {
  return tracksOf(Array.from({ length }, (_, i): StepFixture => ({ group: i % 1000 < 300 ? 'map' : i % 7 === 0 ? 'unmap' : 'access', ending: i % 9973 === 5 ? ENDING.error : 0, faults: i % 11 === 0 ? 1 : 0, rss: 100 + Math.round(Math.sin(i / length * 12) * 60) })));
}
