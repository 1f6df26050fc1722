/** Entries, costs, comparisons and texts of /proc as the panels read them. */
import { expect, test } from 'vitest';
import type { Fact, StepFacts } from '../../lib/index.ts';
import { openScript } from '../../lib/node.ts';
import { type At, CELL, CELL_BIT, type Lane, PERM, type ProcessInfo } from '../worker/protocol.ts';
import { compare } from './compare.ts';
import { costOf, roughly } from './cost.ts';
import { addrOfEntry, bytesWords, decode, indexAt, shapes } from './entry.ts';
import { blockAt, blocks, mapsLine, smapsFields } from './smaps.ts';

test('an entry is decoded as the walk of the core decodes it', async () => {
  const session = await openScript('a = mmap(NULL, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nstore(a, "x")\nload(a+4K, 1)\n');
  session.goTo(3);
  const addr = BigInt(session.reports()[0]!.result);
  for (const at of [addr, addr + 4096n, addr - 4096n]) {
    const walk = session.walk(1, at)!;
    const levels = shapes(walk.levels.length === 5 ? 5 : 4);
    walk.levels.forEach((level, i) => {
      const isLast = i === levels.length - 1;
      const { bits, pfn, kind } = decode(level.entry, isLast);
      const is = (name: string) => bits.find((bit) => bit.name === name)!.isSet;
      expect(level.letters).toBe(`${is('present') ? 'P' : '-'}${is('write') ? 'W' : '-'}${is('user') ? 'U' : '-'}${is('accessed') ? 'A' : '-'}${is('dirty') ? 'D' : '-'}${is('noExecute') ? '-' : 'X'}`);
      expect(pfn).toBe(level.pfn);
      expect(kind).toBe(level.present ? (isLast ? 'page' : 'table') : 'empty');
      expect(indexAt(at.toString(16), levels[i]!)).toBe(level.index);
      expect(indexAt(addrOfEntry(at.toString(16), levels[i]!, level.index, 4), levels[i]!)).toBe(level.index);
    });
  }
  session.free();
  expect(decode('0x400', true).kind).toBe('guard');
  expect(decode('0xc00', true).kind).toBe('poison');
  expect(decode('0x1234100', true)).toMatchObject({ kind: 'none', pfn: 0x1234 });
});

test('entries of a table lie where the MMU looks for them', () => {
  const [pgd, , , pte] = shapes(4);
  expect(addrOfEntry('7ffff7ff3123', pte!, 0, 4)).toBe('7ffff7e00000');
  expect(addrOfEntry('7ffff7ff3123', pgd!, 256, 4)).toBe('ffff800000000000');
  expect(addrOfEntry('7ffff7ff3123', pgd!, 255, 4)).toBe('7f8000000000');
  expect(shapes(5).map(({ name, from, to }) => [name, from, to])[0]).toEqual(['PGD', 56, 48]);
  expect([bytesWords(4096), bytesWords(1n << 39n), bytesWords(1), bytesWords(1536)]).toEqual(['4 KiB', '512 GiB', '1 byte', '1.5 KiB']);
});

const step = (facts: readonly Fact[], more: Partial<StepFacts> = {}): { step: StepFacts } => ({
  step: { pid: 1, call: 'mmap', result: '0', ending: 'ok', errno: null, signal: null, why: null, handled: 0, counted: null, faults: [0, 0], lived: true, accessed: false, facts, dropped: 0, ...more },
});

test('the bill of a step counts what its facts say, each thing once', () => {
  const prices = (of: { step: StepFacts }) => costOf(of).lines.map(({ price, count }) => [price, count]);
  expect(prices(step([], { accessed: true, call: 'load' }))).toEqual([['tlbHit', 1]]);
  expect(prices(step([{ kind: 'tlbFilled', count: 1, addr: '1000', frame: 3 }], { accessed: true }))).toEqual([['walk', 1]]);
  const at = { start: '1000', end: '2000' };
  const touch = step([{ kind: 'pagesPresent', pid: 1, at, count: 1, page: 'anon' }, { kind: 'tlbFilled', count: 1, addr: '1000', frame: 3 }], { accessed: true, faults: [1, 0] });
  expect(prices(touch)).toEqual([['faultAnon', 1], ['walk', 2]]);
  expect(prices(step([{ kind: 'areaNew', pid: 1, at, perms: 'rw-p', name: '', ops: null }]))).toEqual([['areaEdit', 1], ['syscall', 1]]);
  expect(prices(step([{ kind: 'pagesPresent', pid: 1, at, count: 16, page: 'file' }], { accessed: true, faults: [1, 0] }))).toContainEqual(['faultFile', 1]);
  const fork = step([{ kind: 'processNew', pid: 2, parent: 1, thread: false, shares: false }, { kind: 'areaNew', pid: 2, at, perms: 'rw-p', name: '', ops: null }, { kind: 'tablesMade', count: 3 }], { call: 'fork' });
  expect(prices(fork)).toEqual([['fork', 1], ['forkArea', 1], ['syscall', 1]]);
  // A flush that another process brings is named as that.
  expect(prices(step([{ kind: 'tlbFlushed' }], { accessed: true }))).toContainEqual(['flush', 1]);
  expect(costOf(step([{ kind: 'tlbFlushed' }], { accessed: true }), 4, true).lines.map(({ price }) => price)).toContain('switch');
  expect(costOf(step([], { ending: 'skipped' })).cycles).toBe(0);
  expect(costOf(step([{ kind: 'tlbFilled', count: 4, addr: '1', frame: 1 }], { accessed: true, counted: 4 }), 5).cycles).toBe(150);
  expect([roughly(1513), roughly(7.2), roughly(2_330_265)]).toEqual(['1.5 µs', '7.2 ns', '2.3 ms']);
});

const process = (pid: number, more: Partial<ProcessInfo> = {}): ProcessInfo => ({ pid, parent: null, name: 'p', ended: null, areas: 1, pages: 4, rss: 1, pss: 1, minFlt: 1, majFlt: 0, tables: 4, version: 1, status: [], ...more });
const lane = (pid: number, areas: readonly { start: number; pages: number; perms?: number; present?: number; name?: string }[], cells: Lane['cells'] = []): Lane => ({
  pid, version: 1, strips: null, present: null, cells, texts: [],
  areas: {
    count: areas.length, start: Float64Array.from(areas, (a) => a.start), pages: Float64Array.from(areas, (a) => a.pages), present: Uint32Array.from(areas, (a) => a.present ?? 0), kind: new Uint8Array(areas.length),
    perms: Uint8Array.from(areas, (a) => a.perms ?? 3), flags: new Uint8Array(areas.length), name: Uint32Array.from(areas, (_, i) => i), names: areas.map((a) => a.name ?? ''),
  },
});
const at = (position: number, processes: ProcessInfo[], lanes: Lane[], free = 10): At => ({
  position, processes, lanes, running: 1, ram: { total: 100, free, freeBlocks: [], frames: null, tlbFills: 0, tlbHits: 0, tlbFlushes: 0 }, reports: [], last: null, touched: null,
  explanation: null, verdict: null, selected: null, tlb: null, cache: null, meminfo: null, source: '', stopped: null,
});

test('two moments: areas added, gone, changed; pages; counters; processes', () => {
  const a = at(1, [process(1)], [lane(1, [{ start: 16, pages: 4 }, { start: 64, pages: 1, name: 'gone' }], [{ page: 16, cells: Uint8Array.of(0, 2, 2), pfn: Uint32Array.of(0xffffffff, 7, 8) }])]);
  const b = at(5, [process(1, { rss: 3 }), process(2)], [
    lane(1, [{ start: 16, pages: 4, perms: 1, present: 2 }, { start: 32, pages: 2, name: 'new' }], [{ page: 16, cells: Uint8Array.of(2, 0, 3), pfn: Uint32Array.of(5, 0xffffffff, 8) }]), lane(2, [{ start: 16, pages: 4 }]),
  ], 8);
  const found = compare(a, b);
  expect(found.areas.map(({ mark, pid, start }) => [mark, pid, start])).toEqual([['~', 1, '10000'], ['+', 1, '20000'], ['−', 1, '40000'], ['+', 2, '10000']]);
  expect(found.areas[0]!.fields).toEqual([{ field: 'perms', from: 'rw-p', to: 'r--p' }, { field: 'present', from: '0', to: '2' }]);
  expect(found.pages.map(({ mark, addr, from, to }) => [mark, addr, from, to])).toEqual([['+', '10000', null, 2], ['−', '11000', 2, null], ['~', '12000', 2, 3]]);
  expect(found.processes).toEqual([{ mark: '+', pid: 2, name: 'p' }]);
  expect(found.counters).toContainEqual({ pid: 1, counter: 'rss', from: 1, to: 3 });
  expect(found.counters).toContainEqual({ pid: null, counter: 'free', from: 10, to: 8 });
  expect(compare(a, a)).toEqual({ from: 1, to: 1, processes: [], areas: [], pages: [], counters: [] });
});

test('of pages that one of two moments was not asked for nothing is said, unless they were absent for certain', () => {
  const seen = [{ page: 16, cells: Uint8Array.of(2, 2), pfn: Uint32Array.of(5, 6) }];
  const area = (present: number) => [{ start: 16, pages: 4, present }];
  const pages = (a: At['lanes'], b: At['lanes']) => compare(at(1, [process(1)], [...a]), at(2, [process(1)], [...b])).pages.map(({ mark, addr }) => mark + addr);
  // The reader looked elsewhere at the first moment, or does now.
  expect(pages([lane(1, area(2))], [lane(1, area(2), seen)])).toEqual([]);
  expect(pages([lane(1, area(2), seen)], [lane(1, area(2))])).toEqual([]);
  expect(pages([lane(1, area(0))], [lane(1, area(2), seen)])).toEqual(['+10000', '+11000']);
  expect(pages([lane(1, area(2), seen)], [lane(1, [{ start: 64, pages: 1 }])])).toEqual(['−10000', '−11000']);
  expect(pages([], [lane(1, area(2), seen)])).toEqual(['+10000', '+11000']);
});

test('what the picture draws of a page is compared: dirty, locked, its own again but still read-only; not what it does not draw', () => {
  const perms = PERM.read | PERM.write;
  const own = CELL.anon | CELL_BIT.writable;
  const changes = (before: number, after: number, of = perms) => {
    const [a, b] = [before, after].map((cell, i) => at(i, [process(1)], [lane(1, [{ start: 16, pages: 1, perms: of, present: 1 }], [{ page: 16, cells: Uint8Array.of(cell), pfn: Uint32Array.of(5) }])]));
    return compare(a!, b!).pages.map(({ mark, fromNotes, toNotes }) => [mark, fromNotes.join(), toNotes.join()]);
  };
  expect(changes(own, CELL.anon)).toEqual([['~', '', 'lone']]);
  expect(changes(own, CELL.anon, PERM.read)).toEqual([]);
  expect(changes(own, own | CELL_BIT.dirty | CELL_BIT.locked)).toEqual([['~', '', 'dirty,locked']]);
  expect(changes(own, own | CELL_BIT.accessed)).toEqual([]);
});

test('an area that grew downwards is the same area', () => {
  const a = at(1, [process(1)], [lane(1, [{ start: 100, pages: 4, name: '[stack]' }])]);
  const b = at(2, [process(1)], [lane(1, [{ start: 90, pages: 14, name: '[stack]' }])]);
  expect(compare(a, b).areas).toEqual([{ mark: '~', pid: 1, start: '5a000', end: '68000', name: '[stack]', perms: 'rw-p', fields: [{ field: 'start', from: '64000', to: '5a000' }] }]);
});

test('maps and smaps are read line by line', () => {
  const text = '00400000-00401000 r-xp 00000000 fe:00 12  /bin/a b\nSize:                  4 kB\nVmFlags: rd ex\n7fff000-8000000 rw-p 00000000 00:00 0\nSize: 4 kB';
  expect(mapsLine('Size: 4 kB')).toBeNull();
  expect(mapsLine(text.split('\n')[0]!)).toMatchObject({ start: '00400000', perms: 'r-xp', name: '/bin/a b' });
  const all = blocks(text.split('\n'));
  expect(all.map(({ from, to }) => [from, to])).toEqual([[0, 3], [3, 5]]);
  expect([blockAt(all, '400fff'), blockAt(all, '401000'), blockAt(all, '7fff000')]).toEqual([0, -1, 1]);
  expect(smapsFields(text)).toEqual({ fields: [['Size', 4], ['Size', 4]], flags: 'rd ex' });
});
