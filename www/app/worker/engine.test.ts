/** Texts are opened, and gone through in slices; what it costs is counted. */
import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { LOOK, SCRIPT, engine, hearing, lane, opened, working } from './engine.fixtures.ts';
import { CannotDo, Overridden } from './engine.ts';
import { CELL, ENDING, ENDING_BITS, NO_FRAME } from './protocol.ts';

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

describe('what it costs', () => {
  const text = `a = mmap(0x10000000, 4M, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n${Array.from({ length: 4000 }, (_, step) => `store(a+${(step * 7919) % 1024}*4K, ${step % 200})`).join('\n')}\n`;

  /** A statement takes 0.1 ms: a moment is kept after 25 ms of them, and a part that is run at once takes less than 12 ms. */
  const STEP = 0.1;
  const APART = 25 / STEP + 12 / STEP;

  test('a jump runs no more than what a kept moment is apart', async () => {
    const [one, on] = [working(STEP), hearing()];
    await one.open(text, null, on);
    await one.go(Infinity, LOOK, on);
    const [saves, bytes, ran] = one.work;
    expect(ran).toBe(4001);
    expect(saves).toBeGreaterThanOrEqual(1);
    expect(bytes / saves).toBeLessThan(400_000);
    let before = ran;
    for (let jump = 0; jump < 20; jump++) {
      const to = (jump * 991) % 4000;
      expect((await one.go(to, LOOK, on)).position).toBe(to);
      expect(one.work[2] - before, `to ${to}`).toBeLessThanOrEqual(APART);
      before = one.work[2];
    }
  });

  test('a step forward runs one statement, a step back few', async () => {
    const [one, on] = [working(STEP), hearing()];
    await one.open(text, null, on);
    await one.go(3000, LOOK, on);
    const ran = one.work[2];
    await one.go(3001, LOOK, on);
    expect(one.work[2] - ran).toBe(1);
    await one.go(3000, LOOK, on);
    const back = one.work[2];
    await one.go(2999, LOOK, on);
    expect(one.work[2] - back).toBeLessThanOrEqual(APART);
    // The next ones back are short: a moment was kept near them.
    const near = one.work[2];
    for (let to = 2998; to > 2980; to--) await one.go(to, LOOK, on);
    expect((one.work[2] - near) / 18).toBeLessThanOrEqual(40);
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

test('the scripts about copy on write are opened and gone through', async () => {
  const folder = new URL('../../../tests/scripts/cow/', import.meta.url);
  const names = readdirSync(folder).filter((name) => name.endsWith('.pf') || name.endsWith('.txt'));
  for (const name of names) {
    const { engine: one, on, opened: answer } = await opened(readFileSync(new URL(name, folder), 'utf8'));
    const at = await one.go(Infinity, { ...LOOK, lanes: [lane(1)] }, on);
    expect(at.position, name).toBe(answer.length);
  }
});
