import { readFileSync, readdirSync } from 'node:fs';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { Client, Crashed, type WorkerLike } from './client.ts';
import { dispatch } from './dispatch.ts';
import { CannotDo, Engine, type On, Overridden } from './engine.ts';
import { CELL, ENDING, ENDING_BITS, type At, type LaneLook, type Look, NO_FRAME, type Opened, type PssOverTime, type Ran, type Reply, type Request, type Tracks } from './protocol.ts';
import { Core } from './core.ts';
import { CONSOLE } from '../texts/interface-en.ts';
import { page } from './wasm.ts';

const SCRIPT = `a = mmap(NULL, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
store(a, "hello")
c = fork()
[c] store(a, "jello")
load(a, 5)
munmap(0x1001, 4096)
load(0x10)
`;

const LOOK: Look = { lanes: [], frames: false, reports: [0, 0], selected: null, want: [] };
const lane = (pid: number, more: Partial<LaneLook> = {}): LaneLook => ({ pid, version: -1, strips: null, cells: [], ...more });

// The core is loaded from a file once; the engine finds it loaded.
beforeAll(() => page.instance(readFileSync(new URL('../../lib/page.wasm', import.meta.url))) as unknown as Promise<void>);

interface Told {
  readonly progress: number[];
  readonly tracks: Tracks[];
}

function hearing(): On & { readonly told: Told } {
  const told: Told = { progress: [], tracks: [] };
  return { told, progress: (_doing, done) => told.progress.push(done), tracks: (tracks) => told.tracks.push(tracks) };
}

/** An engine for which time stands still but for `passes`: then every step takes so long. */
function engine(passes = 0): Engine {
  let now = 0;
  return new Engine({ pause: () => new Promise((resolve) => setImmediate(resolve)), now: () => (now += passes) });
}

async function opened(text = SCRIPT, passes = 0): Promise<{ engine: Engine; opened: Opened; on: ReturnType<typeof hearing> }> {
  const [one, on] = [engine(passes), hearing()];
  const answer = await one.open(text, null, on);
  if ('errors' in answer) throw new Error(answer.errors[0]!.message);
  return { engine: one, opened: answer, on };
}

test('what the program wrote stands in its pages', async () => {
  const { engine: one, on } = await opened();
  const page = 0x7ffff7ff3;
  const look: Look = { ...LOOK, lanes: [1, 2].map((pid) => lane(pid, { cells: [{ page, count: 4 }] })) };
  const texts = async (to: number) => (await one.go(to, look, on)).lanes.map((of) => of.texts);
  expect(await texts(1)).toEqual([[]]);
  expect(await texts(3)).toEqual([[[page, 'hel']], [[page, 'hel']]]);
  expect(await texts(4)).toEqual([[[page, 'hel']], [[page, 'jel']]]);
});

test('of a step that did very much the page gets what anybody reads: the first lines, the last ones, and how many there are between', async () => {
  const { engine: one, on } = await opened('repeat(2000, 8K, "mmap", 0x10000000, 4K, 3, 0x32, -1, 0)\ngetpid()\n');
  const { explanation } = await one.go(1, { ...LOOK, want: ['explanation'] }, on);
  const { tree, changes, untold } = explanation!;
  expect(tree.length).toBe(2000);
  expect(untold).toMatchObject({ from: 1900 });
  expect(untold!.lines).toBeGreaterThan(1000);
  expect(changes.length).toBeLessThanOrEqual(2000);
  expect((await one.go(2, { ...LOOK, want: ['explanation'] }, on)).explanation).not.toHaveProperty('untold');
});

describe('opening', () => {
  test('a script', async () => {
    const { opened: answer } = await opened();
    expect(answer).toMatchObject({ as: 'script', guess: 'script', length: 7, isLog: false, dump: null, setAside: [] });
    expect([...answer.lines]).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(answer.totalFrames).toBeGreaterThan(1000);
  });

  test('what cannot be read gives its errors, and nothing is open then', async () => {
    const one = engine();
    expect(await one.open('mmap(', null, hearing())).toMatchObject({ as: 'script', errors: [{ line: 1 }] });
    await expect(one.look(LOOK)).rejects.toThrow(CannotDo);
  });

  test('a long log is read in slices: it tells how far it is, and a newer text does not wait for its end', async () => {
    const log = `1 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000\n${'1 mprotect(0x7f0000000000, 8192, PROT_READ) = 0\n'.repeat(20_000)}`;
    const [one, on] = [engine(), hearing()];
    expect(await one.open(log, null, on)).toMatchObject({ as: 'strace', length: 20_001 });
    expect(on.told.progress.length).toBeGreaterThan(5);
    expect(on.told.progress).toEqual(on.told.progress.toSorted((a, b) => a - b));
    const slices = on.told.progress.length;
    const given = hearing();
    const older = one.open(log, null, given).catch((error: unknown) => error);
    while (given.told.progress.length < 3) await new Promise((resolve) => setImmediate(resolve));
    expect(await one.open(SCRIPT, null, hearing())).toMatchObject({ length: 7 });
    expect(await older).toBeInstanceOf(Overridden);
    expect(given.told.progress.length).toBeLessThan(slices);
  });

  test('maps are opened as the script that starts with them', async () => {
    const maps = '00400000-00401000 r-xp 00000000 08:01 17 /usr/bin/true\n7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0 [stack]\n';
    const { engine: one, opened: answer } = await opened(maps);
    expect(answer).toMatchObject({ as: 'maps', length: 0 });
    expect(answer.dump?.dumps[0]?.areas).toHaveLength(2);
    const at = await one.look({ ...LOOK, lanes: [lane(1)] });
    expect(at.lanes[0]!.areas!.names).toContain('[stack]');
    const none = await engine().open('nothing of the kind', 'maps', hearing());
    expect(none).toMatchObject({ as: 'maps', errors: [{ message: expect.stringContaining('/proc/PID/maps') as unknown }] });
  });
});

describe('going', () => {
  test('to the end and back, with areas, cells and reports', async () => {
    const { engine: one, on } = await opened();
    const end = await one.go(Infinity, { ...LOOK, reports: [0, 99], lanes: [lane(1)] }, on);
    expect(end).toMatchObject({ position: 7, stopped: null });
    expect(end.reports).toHaveLength(7);
    expect(end.last).toMatchObject({ kind: 'signal' });
    expect(end.processes.map(({ pid }) => pid)).toEqual([1, 2]);
    const back = await one.go(2, { ...LOOK, lanes: [lane(1)], want: ['explanation', 'verdict'] }, on);
    expect(back.position).toBe(2);
    expect(back.processes).toHaveLength(1);
    expect(back.explanation!.sentence).not.toBe('');
    expect(back.verdict).toMatchObject({ leftOut: 0, reasons: [] });
    const page = parseInt(back.last!.focus!, 16) / 4096;
    const look = await one.look({ ...LOOK, lanes: [lane(1, { version: back.lanes[0]!.version, cells: [{ page, count: 4 }] })] });
    expect(look.lanes[0]!.areas).toBeNull();
    expect([...look.lanes[0]!.cells[0]!.cells].map((cell) => cell & 15)).toEqual([CELL.anon, CELL.absent, CELL.absent, CELL.absent]);
    expect(look.lanes[0]!.cells[0]!.pfn[0]).not.toBe(NO_FRAME);
    expect(back.touched).toMatchObject({ pid: 1 });
  });

  test('tells each step once, whatever way was gone', async () => {
    const { engine: one, on } = await opened(SCRIPT, 20);
    await one.go(3, LOOK, on);
    await one.go(1, LOOK, on);
    await one.go(Infinity, LOOK, on);
    expect(on.told.tracks.flatMap(({ from, call }) => [...call].map((_, at) => from + at))).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(on.told.tracks.flatMap(({ ending }) => [...ending].map((bits) => bits & ENDING_BITS))).toEqual([0, 0, 0, 0, 0, ENDING.error, ENDING.signal]);
    expect(on.told.progress.length).toBeGreaterThan(1);
  });

  test('a newer way overrides an older one', async () => {
    const { engine: one, on } = await opened(SCRIPT, 20);
    const older = one.go(Infinity, LOOK, on);
    const newer = one.go(2, LOOK, on);
    await expect(older).rejects.toThrow(Overridden);
    expect((await newer).position).toBe(2);
  });

  test('cancelled, it answers where it is', async () => {
    const { engine: one, on } = await opened(SCRIPT, 20);
    const way = one.go(Infinity, LOOK, { ...on, progress: (_doing, done) => done === 3 && one.cancel() });
    expect((await way).position).toBe(3);
    expect((await one.go(Infinity, LOOK, on)).position).toBe(7);
  });

  test('a statement that cannot be run stops it, with its place', async () => {
    const { engine: one, on } = await opened('a = brk(0)\nload(a, 2M)\n');
    const at = await one.go(Infinity, LOOK, on);
    expect(at).toMatchObject({ position: 1, stopped: { line: 2 } });
    expect((await one.go(0, LOOK, on)).stopped).toBeNull();
  });
});

test('a moved break is shown by the last page of the heap; where there is none, by nothing', async () => {
  const { engine: one, on } = await opened('b = brk(0)\nbrk(b + 0x3000)\nbrk(b + 0x1000)\nbrk(b)\nbrk(b + 0x2001)\n');
  const touched = async (to: number) => (await one.go(to, LOOK, on)).touched?.addr ?? null;
  expect(await touched(1)).toBeNull();
  expect(await touched(2)).toBe('403000');
  expect(await touched(3)).toBe('401000');
  expect(await touched(4)).toBeNull();
  expect(await touched(5)).toBe('403001');
});

describe('asking', () => {
  const find = (what: string, from: number, back = false, place: unknown = null) => ({ of: 'find', what, from, back, place }) as never;

  test('finds the next and the last of a kind, run already or not', async () => {
    const { engine: one, on } = await opened();
    expect(await one.ask(find('fault', 0), on)).toBe(2);
    expect(await one.ask(find('fault', 2), on)).toBe(4);
    expect(await one.ask(find('refusal', 0), on)).toBe(6);
    expect(await one.ask(find('signal', 0), on)).toBe(7);
    expect(await one.ask(find('signal', 7), on)).toBeNull();
    expect(one.position).toBe(0);
    expect(await one.ask(find('refusal', 7, true), on)).toBe(6);
    expect(await one.ask(find('refusal', 6, true), on)).toBeNull();
    expect(await one.ask(find('difference', 0), on)).toBeNull();
    const { engine: other } = await opened('munmap(0x1000, 4096) = -1 EINVAL\n');
    expect(await other.ask(find('difference', 0), on)).toBe(1);
  });

  test('finds who changed a page, forwards and backwards', async () => {
    const { engine: one, on } = await opened();
    const at = await one.go(5, LOOK, on);
    const place = { pid: 1, addr: at.last!.focus!, pfn: null };
    // The child's copy takes nothing from the parent's page, and fork only what its entry allows.
    expect(await one.ask(find('change of the page', 5, true, place), on)).toBe(2);
    expect(await one.ask(find('change of the page', 2, true, place), on)).toBeNull();
    expect(await one.ask(find('change of the page', 0, false, place), on)).toBe(2);
    expect(await one.ask(find('change of its entry', 5, true, place), on)).toBe(4);
    expect(await one.ask(find('change of its entry', 4, true, place), on)).toBe(3);
    expect(await one.ask(find('change of its entry', 3, true, place), on)).toBeNull();
    expect(await one.ask(find('change of the area', 0, false, place), on)).toBe(1);
    expect(one.position).toBe(5);
  });

  test('what a child finds in its pages its parent wrote, until somebody writes or the frame is another', async () => {
    const { engine: one, on } = await opened(`${SCRIPT.replace('load(0x10)\n', '')}[c] store(a, "j")\n[c] mprotect(a, 4K, PROT_READ)\nstore(a, "hello")\n`);
    const at = await one.go(9, LOOK, on);
    const of = (pid: number) => ({ pid, addr: at.last!.focus!, pfn: null });
    const back = async (what: string, pid: number, from: number) => one.ask(find(what, from, true, of(pid)), on);
    // At fork the child has its parent's page: the store of step 2 is its last writer.
    expect(await back('change of the page', 2, 4)).toBe(2);
    expect(await back('change of the page', 2, 9)).toBe(7);
    expect(await back('change of its entry', 2, 10)).toBe(8);
    // The same bytes again are a write all the same.
    expect(await back('change of the page', 1, 10)).toBe(9);
    // No further back than one asks.
    expect(await one.ask({ of: 'find', what: 'change of its entry', from: 10, back: true, place: of(2), until: 8 }, on)).toBeNull();
  });

  test('looks at another position, and stays where it is', async () => {
    const { engine: one, on } = await opened();
    await one.go(5, LOOK, on);
    const at = await one.ask({ of: 'at', position: 1, look: { ...LOOK, lanes: [lane(1)] } }, on) as At;
    expect(at.position).toBe(1);
    expect(at.lanes[0]!.areas!.present.reduce((sum, pages) => sum + pages, 0)).toBeLessThan(10);
    expect(one.position).toBe(5);
  });

  test('tries a line, tells what the console asks, lists remarks', async () => {
    const { engine: one, on } = await opened();
    await one.go(2, LOOK, on);
    expect(await one.ask({ of: 'try', line: 'load(a, 4)' }, on)).toEqual({ why: null, mistake: null, text: SCRIPT.replace('c = fork', 'load(a, 4)\nc = fork'), position: 3 });
    expect(await one.ask({ of: 'try', line: 'lod(a, 4)' }, on)).toMatchObject({ why: expect.stringContaining('lod') as unknown });
    expect(await one.ask({ of: 'tell', line: 'maps', pid: 1 }, on)).toContain('[stack]');
    expect(await one.ask({ of: 'tell', line: 'meminfo', pid: 1 }, on)).toContain('MemFree');
    expect(await one.ask({ of: 'tell', line: 'explain', pid: 1 }, on)).toContain('do_anonymous_page');
    await one.go(4, LOOK, on);
    const told = (line: string) => one.ask({ of: 'tell', line, pid: 1 }, on) as Promise<string>;
    expect(await told('status')).toMatch(/^VmPeak:[^]*VmRSS:/m);
    for (const [, example] of CONSOLE.questions) if (!example.startsWith('help')) expect(await told(example.replace(/[[\]]/g, '').replace('child', 'c')), example).not.toBe('');
    expect(await told('maps c')).toBe(await told('maps 2'));
    expect(await told('smaps a')).toMatch(/^7ffff7ff3000-[^]*VmFlags:[^\n]*\n$/);
    expect((await told('smaps a')).match(/VmFlags/g)).toHaveLength(1);
    await expect(told('maps nobody')).rejects.toThrow(/nobody is no living process/);
    await expect(one.ask({ of: 'tell', line: 'dance', pid: 1 }, on)).rejects.toThrow(CannotDo);
    expect(await one.ask({ of: 'remarks', most: 10 }, on)).toEqual([]);
    expect(await one.ask({ of: 'leftOut', from: 0, to: 10 }, on)).toEqual([]);
  });

  test('a call tree names no neighbour that is far away', async () => {
    const { engine: one, on } = await opened('mmap(0x20000000, 4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\nmmap(0x20001000, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n');
    const apart = async (position: number) => (await one.go(position, { ...LOOK, want: ['explanation'] }, on)).explanation!.tree.filter(({ kind }) => kind === 'apart').map(({ text }) => text);
    expect(await apart(1)).toEqual([]);
    expect(await apart(2)).toEqual(['not merged with 20000000-20001000 on the left']);
  });

  test('runs the same under other settings', async () => {
    const { engine: one, on } = await opened(`@ram 16M\n${SCRIPT}`);
    const { tracks, ...went } = await one.ask({ of: 'runUnder', header: '@ram 32M' }, on) as Ran;
    expect(tracks.call).toHaveLength(7);
    // Its Pss is counted while it runs: of the child from the fork on.
    expect([...went.pss.positions]).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(went.pss.pids).toEqual([1, 2]);
    expect(went.pss.values[1]!.slice(0, 2)).toEqual(Float64Array.of(Number.NaN, Number.NaN));
    expect(went.pss.values[1]![3]!).toBeGreaterThan(went.pss.values[1]![2]!);
    expect(went).toMatchObject({ position: 7, length: 7, stopped: null, isOver: false });
    expect(tracks.free[0]!).toBeGreaterThan(4096);
    expect(one.position).toBe(0);
    await expect(one.ask({ of: 'runUnder', header: '@ram lots' }, on)).rejects.toThrow(CannotDo);
  });

  test('says where a run under other settings went another way, and where it stopped', async () => {
    const map = 'mmap(NULL, 4K, PROT_READ, MAP_SHARED|MAP_ANONYMOUS, -1, 0)';
    const { engine: one, on } = await opened(`a = ${map}\nb = ${map}\nc = ${map}\nload(c)\nload(0x10)\n`);
    await one.go(Infinity, LOOK, on);
    const few = await one.ask({ of: 'runUnder', header: '@sysctl vm.max_map_count 6' }, on) as Ran;
    expect(few.first).toMatchObject({ report: { call: 'mmap', result: expect.stringMatching(/^-1 ENOMEM/) } });
    expect(few.position).toBeLessThan(few.length);
    expect(few.stopped).not.toBe(null);
    expect(few.pss.positions.at(-1)).toBe(few.position);
    const same = await one.ask({ of: 'runUnder', header: '@ram 32M' }, on) as Ran;
    expect(same).toMatchObject({ first: null, stopped: null, isOver: true });
    const { engine: big, on: hears } = await opened('a = mmap(NULL, 32M, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\ntouch_write(a, 8000)\n');
    const killed = await big.ask({ of: 'runUnder', header: '@ram 8M\n@sysctl vm.overcommit_memory 1' }, hears) as Ran;
    expect(killed).toMatchObject({ isOver: true, first: { step: 1, line: 2, isCompared: false, report: { why: expect.stringMatching(/OOM killer/) } } });
  });

  test('counts the Pss of each step once, also when more of them are known', async () => {
    const { engine: one, on } = await opened(`a = mmap(NULL, 4M, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n${'store(a, 1)\n'.repeat(40)}touch_write(a, 5)\n`);
    const count = async (position: number) => {
      await one.go(position, LOOK, on);
      return await one.ask({ of: 'pss', points: 10 }, on) as PssOverTime;
    };
    expect([...(await count(3)).positions]).toEqual([1, 2, 3]);
    const [work] = [vi.spyOn(Core.prototype, 'run')];
    const more = await count(4);
    // One step of this machine, one of that beside it.
    expect(work.mock.calls.length).toBeLessThanOrEqual(2);
    work.mockRestore();
    expect([...more.positions]).toEqual([1, 2, 3, 4]);
    const all = await count(42);
    expect(all.positions.length).toBeLessThanOrEqual(22);
    expect(all.positions.at(-1)).toBe(42);
    expect([all.pids, all.values[0]!.at(-1)! - all.values[0]!.at(-2)!]).toEqual([[1], 4]);
  });

  test('gathers files, makes scripts of dumps', async () => {
    const bytes = (text: string) => new TextEncoder().encode(text);
    const one = engine();
    expect(await one.ask({ of: 'gather', files: [{ name: 'a.txt', bytes: bytes(SCRIPT) }] }, hearing())).toMatchObject({ text: SCRIPT, maps: '' });
    await expect(one.ask({ of: 'gather', files: [{ name: 'a.txt', bytes: bytes('') }] }, hearing())).rejects.toThrow('a.txt is empty');
    const maps = '00400000-00401000 r-xp 00000000 08:01 17 /usr/bin/true\n';
    expect(await one.ask({ of: 'firstMaps', text: maps }, hearing())).toContain('@map 00400000-00401000');
    expect(await one.ask({ of: 'dumpToScript', text: maps }, hearing())).toContain('mmap');
    expect(await one.ask({ of: 'diffDumps', from: maps, to: maps }, hearing())).toMatchObject({ equal: 1 });
  });
});

describe('looking at one thing', () => {
  const wants = ['tlb', 'cache', 'bytes', 'neighbours', 'tables', 'smaps', 'meminfo'] as const;

  test('a page that two share: bytes, tables, what accesses would do', async () => {
    const { engine: one, on } = await opened();
    const at = await one.go(3, LOOK, on);
    const addr = (await one.go(2, LOOK, on)).last!.focus!;
    expect(at.position).toBe(3);
    const { selected, tlb, meminfo } = await one.go(3, { ...LOOK, want: wants, selected: { pid: 1, addr, pfn: null } }, on);
    expect(new TextDecoder().decode(selected!.bytes!.subarray(0, 5))).toBe('hello');
    expect(selected).toMatchObject({ isInvented: false, frame: { kind: 'shared', mapcount: 2 }, area: { perms: 'rw-p' } });
    expect(selected!.area!.smaps).toContain('Shared_Dirty:');
    expect(selected!.walk!.would).toEqual({ read: { does: 'walk', by: '' }, write: { does: 'fault', by: 'do_wp_page, wp_page_copy' }, execute: { does: 'signal', by: 'SIGSEGV SEGV_ACCERR' } });
    const { tables, levels } = selected!.walk!;
    expect(tables.map(({ pfn }) => pfn)).toEqual(levels.map(({ table }) => table));
    expect(tables.at(-1)!.entries[levels.at(-1)!.index]! & 15).toBe(CELL.cow);
    expect(tables[0]!.entries).toHaveLength(512);
    expect(tlb!.every(({ pfn }) => pfn !== NO_FRAME)).toBe(true);
    expect(meminfo).toContain('MemFree');
    expect(selected!.area!.behind!.kind).toBe('special');
    expect(selected!.area!.behind!.reasons).not.toEqual([]);
  });

  test('a file of which nobody gave the bytes is told from one whose bytes are given', async () => {
    const { engine: one, on } = await opened('@file "/a" size=4K\nf = open("/a", O_RDONLY)\na = mmap(NULL, 4K, PROT_READ, MAP_PRIVATE, f, 0)\nload(a)\n');
    const at = await one.go(Infinity, LOOK, on);
    const look = await one.look({ ...LOOK, want: wants, selected: { pid: 1, addr: at.last!.focus!, pfn: null } });
    expect(look.selected!.isInvented).toBe(true);
    expect(look.cache!.find(({ name }) => name === '/a')).toMatchObject({ pages: 1, mappings: 1, dirty: 0 });
    expect(look.selected!.area!.maps).toContain('/a');
    const { engine: given } = await opened('@file "/b" size=4K content="given"\nf = open("/b", O_RDONLY)\na = mmap(NULL, 4K, PROT_READ, MAP_PRIVATE, f, 0)\nload(a)\n');
    const there = await given.go(Infinity, LOOK, on);
    const { selected } = await given.look({ ...LOOK, want: wants, selected: { pid: 1, addr: there.last!.focus!, pfn: null } });
    expect([selected!.isInvented, new TextDecoder().decode(selected!.bytes!.subarray(0, 5))]).toEqual([false, 'given']);
  });

  test('neighbours that could be one say so, others why not', async () => {
    const text = `a = mmap(0x10000000, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
store(a, 1)
store(a+8K, 1)
mprotect(a+8K, 8K, PROT_READ)
mprotect(a, 4K, PROT_READ)
`;
    const { engine: one, on } = await opened(text);
    const at = await one.go(Infinity, { ...LOOK, want: wants, selected: { pid: 1, addr: '10001000', pfn: null } }, on);
    expect(at.selected!.area).toMatchObject({ before: { kind: 'permission' }, behind: { kind: 'permission' } });
    expect(at.selected!.area!.behind!.reasons[0]).toContain('flags differ');
  });
});

describe('what it costs', () => {
  const text = `a = mmap(0x10000000, 4M, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n${Array.from({ length: 4000 }, (_, step) => `store(a+${(step * 7919) % 1024}*4K, ${step % 200})`).join('\n')}\n`;

  test('a jump runs no more than what a kept moment is apart', async () => {
    // Each look at the clock takes a millisecond: a part of a way takes one, however many statements.
    const { engine: one, on } = await opened(text, 1);
    await one.go(Infinity, LOOK, on);
    const [saves, bytes, ran] = one.work;
    expect(ran).toBe(4001);
    expect(saves).toBeGreaterThanOrEqual(1);
    expect(bytes / saves).toBeLessThan(400_000);
    let before = ran;
    for (let jump = 0; jump < 20; jump++) {
      const to = (jump * 991) % 4000;
      expect((await one.go(to, LOOK, on)).position).toBe(to);
      expect(one.work[2] - before).toBeLessThanOrEqual(4001);
      before = one.work[2];
    }
  });

  test('a step forward runs one statement, a step back few', async () => {
    const { engine: one, on } = await opened(text, 1);
    await one.go(3000, LOOK, on);
    const ran = one.work[2];
    await one.go(3001, LOOK, on);
    expect(one.work[2] - ran).toBe(1);
    await one.go(3000, LOOK, on);
    const back = one.work[2];
    await one.go(2999, LOOK, on);
    expect(one.work[2] - back).toBeLessThanOrEqual(3000);
  });

  test('a look sends no areas that the page has, and only the cells in sight', async () => {
    const { engine: one, on } = await opened(text);
    const { lanes: [first] } = await one.go(2000, { ...LOOK, lanes: [lane(1)] }, on);
    const { lanes: [next] } = await one.go(2001, { ...LOOK, lanes: [lane(1, { version: first!.version, cells: [{ page: 0x10000, count: 9000 }, { page: 0, count: 9 }] })] }, on);
    expect(next!.areas).toBeNull();
    expect(next!.present).toHaveLength(first!.areas!.count);
    expect(next!.cells.map(({ cells }) => cells.length)).toEqual([4096, 0]);
  });
});

/** A worker in this thread, over an engine. */
function fake(one: Pick<Engine, 'open' | 'go' | 'look' | 'ask' | 'cancel' | 'position'>): WorkerLike {
  const worker: WorkerLike = {
    onmessage: null,
    onerror: null,
    terminate: () => undefined,
    postMessage: (request: Request) => void dispatch(one as Engine, structuredClone(request), (reply: Reply, transfer) => {
      worker.onmessage?.({ data: structuredClone(reply, { transfer: transfer as never }) } as MessageEvent<Reply>);
    }),
  };
  return worker;
}

describe('by messages', () => {
  test('columns are transferred, and what the engine keeps stays whole', async () => {
    const tracks: Tracks[] = [];
    const client = new Client({ tracks: (news) => tracks.push(news) }, () => fake(engine()));
    const answer = await client.open(SCRIPT);
    expect(answer).toMatchObject({ length: 7 });
    const look: Look = { ...LOOK, frames: true, lanes: [lane(1, { strips: { first: 0, count: 9, columns: 8 }, cells: [{ page: 0x400, count: 2 }] })] };
    for (const to of [7, 3, 7]) {
      const at = (await client.go(to, look))!;
      expect(at.lanes[0]!.areas!.start.length).toBe(at.lanes[0]!.areas!.count);
      expect(at.lanes[0]!.strips!.cells.length).toBe(at.lanes[0]!.strips!.count * 8);
      expect(at.ram.frames!.length).toBe(at.ram.total);
    }
    expect(tracks.flatMap(({ call }) => [...call])).toHaveLength(7);
    expect(await client.ask({ of: 'find', what: 'signal', from: 0, back: false, place: null })).toBe(7);
    await expect(client.ask({ of: 'tell', line: 'dance', pid: 1 })).rejects.toThrow('dance');
  });

  test('a newer request is answered, the older one with null', async () => {
    const client = new Client({}, () => fake(engine(20)));
    await client.open(SCRIPT);
    const [older, newer] = await Promise.all([client.go(7, LOOK), client.go(2, LOOK)]);
    expect([older, newer?.position]).toEqual([null, 2]);
  });

  test('the reading of a text can be given up: it ends with its worker, and the next text has a new one', async () => {
    let made = 0;
    const never = () => new Promise<never>(() => undefined);
    const client = new Client({}, () => (++made > 1 ? fake(engine()) : fake({ open: never, go: never, look: never, ask: never, cancel: () => undefined, position: 0 })));
    expect(client.stopReading()).toBe(false);
    const given = client.open(SCRIPT);
    expect(client.stopReading()).toBe(true);
    expect(await given).toBe(null);
    expect(made).toBe(1);
    expect(await client.open(SCRIPT)).toMatchObject({ length: 7 });
    expect(made).toBe(2);
  });

  test('a core that stops is told of, and a new worker is there', async () => {
    let made = 0;
    const crashes: (readonly [string, number])[] = [];
    const client = new Client({ crashed: (message, position) => crashes.push([message, position]) }, () => {
      const one = engine();
      if (++made > 1) return fake(one);
      const stop = () => Promise.reject(new WebAssembly.RuntimeError('unreachable'));
      return fake({ open: one.open.bind(one), go: stop, look: stop, ask: one.ask.bind(one), cancel: () => undefined, position: 4 });
    });
    await client.open(SCRIPT);
    await expect(client.go(7, LOOK)).rejects.toThrow(Crashed);
    expect(crashes).toEqual([['RuntimeError: unreachable', 4]]);
    await client.open(SCRIPT);
    expect((await client.go(7, LOOK))!.position).toBe(7);
  });
});

test('the scripts about copy on write are opened and gone through', async () => {
  const folder = new URL('../../../tests/scripts/cow/', import.meta.url);
  const names = readdirSync(folder).filter((name) => name.endsWith('.pf') || name.endsWith('.txt'));
  for (const name of names) {
    const { engine: one, on, opened: answer } = await opened(readFileSync(new URL(name, folder), 'utf8'));
    const at = await one.go(Infinity, { ...LOOK, lanes: [lane(1)] }, on);
    expect(at.position, name).toBe(answer.length);
  }
});
