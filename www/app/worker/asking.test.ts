/** What the engine is asked besides: searches, other moments, other settings, files. */
import { describe, expect, test, vi } from 'vitest';
import { Core } from './core.ts';
import { LOOK, SCRIPT, engine, hearing, lane, opened } from './engine.fixtures.ts';
import { CannotDo } from './engine.ts';
import type { At, PssOverTime, Ran } from './protocol.ts';
import { CONSOLE } from '../texts/interface-en.ts';

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

  test('tries a line, tells what the console asks, lists reports', async () => {
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
    // Of steps that were ever run the reports are known wherever it stands.
    const reports = () => one.ask({ of: 'reports', steps: [0, 3, 99] }, on) as Promise<({ readonly call: string } | null)[]>;
    const known = await reports();
    expect(known.map((report) => report?.call)).toEqual(['mmap', expect.any(String), undefined]);
    await one.go(1, LOOK, on);
    expect(await reports()).toEqual(known);
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

  test('says where a run under other settings went another way, what of it was not run, and where it stopped', async () => {
    const map = 'mmap(NULL, 4K, PROT_READ, MAP_SHARED|MAP_ANONYMOUS, -1, 0)';
    const { engine: one, on } = await opened(`a = ${map}\nb = ${map}\nc = ${map}\nload(c)\nload(0x10)\n`);
    await one.go(Infinity, LOOK, on);
    const few = await one.ask({ of: 'runUnder', header: '@sysctl vm.max_map_count 6' }, on) as Ran;
    expect(few.first).toMatchObject({ report: { call: 'mmap', result: expect.stringMatching(/^-1 ENOMEM/) } });
    // `load(c)` needs what the third call was refused.
    expect(few).toMatchObject({ position: few.length, stopped: null, notRun: 1 });
    expect(few.pss.positions.at(-1)).toBe(few.position);
    const { engine: long, on: tells } = await opened(`a = ${map}\nload(a, a - 0x7ffff7ff6000 + 1)\nload(a)\n`);
    await long.go(Infinity, LOOK, tells);
    const moved = await long.ask({ of: 'runUnder', header: '@aslr 7' }, tells) as Ran;
    expect(moved).toMatchObject({ position: 1, length: 3, stopped: expect.stringMatching(/bytes: at most/) });
    expect(moved.pss.positions.at(-1)).toBe(1);
    const same = await one.ask({ of: 'runUnder', header: '@ram 32M' }, on) as Ran;
    expect(same).toMatchObject({ first: null, stopped: null, notRun: 0, isOver: true });
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
