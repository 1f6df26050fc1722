/** The model over the real engine, without worker and DOM. */
import { readFileSync } from 'node:fs';
import { beforeAll, expect, test, vi } from 'vitest';
import { Client, type WorkerLike } from '../worker/client.ts';
import { dispatch } from '../worker/dispatch.ts';
import { Engine } from '../worker/engine.ts';
import type { Reply, Request } from '../worker/protocol.ts';
import { page } from '../worker/wasm.ts';
import { Model } from './model.ts';

beforeAll(() => page.instance(readFileSync(new URL('../../lib/page.wasm', import.meta.url))) as unknown as Promise<void>);

const SCRIPT = `a = mmap(NULL, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
store(a, "hello")
c = fork()
[c] store(a, "jello")
load(a, 5) = "hello"
munmap(0x1001, 4096) = -1 EINVAL (Invalid argument)
`;

/** A log of which three calls are left out. */
const LEAVES_OUT = `${readFileSync(new URL('../../../tests/logs/unknown-constant.strace', import.meta.url), 'utf8')}${'mprotect(0x7f1100010000, 4096, PROT_WHATEVER) = 0\n'.repeat(3)}`;

/** All that was asked for has been answered. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 100));

/** A worker in this thread; `crashes` makes it stop at a request, as a trap of the core does. */
function inProcess(crashes: (request: Request) => boolean = () => false): WorkerLike {
  const engine = new Engine({ pause: () => new Promise((resolve) => setImmediate(resolve)), now: () => performance.now() });
  const worker: WorkerLike = {
    onmessage: null, onerror: null,
    terminate: () => engine.close(),
    postMessage: (request) => {
      const reply = (data: Reply) => worker.onmessage?.({ data } as MessageEvent<Reply>);
      if (crashes(request)) queueMicrotask(() => reply({ kind: 'crashed', id: request.id, message: 'RuntimeError: unreachable', position: 2 }));
      else void dispatch(engine, request, reply);
    },
  };
  return worker;
}

function made(crashes?: (request: Request) => boolean) {
  const events: string[] = [];
  const model = new Model((heard) => new Client(heard, () => inProcess(crashes)), (event) => events.push(event));
  return { model, events };
}

test('a text is read, run, and gone back in; the verdict of the whole stays', async () => {
  const { model } = made();
  model.see('story', ['explanation', 'verdict']);
  await model.setText(SCRIPT);
  expect([model.position, model.length, model.canRun]).toEqual([0, 6, true]);
  await model.goTo(6);
  expect(model.verdict).toMatchObject({ equal: true, compared: 2 });
  expect(model.history.length).toBe(6);
  await model.goTo(1);
  expect(model.position).toBe(1);
  expect(model.verdictAt).toBe(6);
  expect(model.history.length).toBe(6);
});

test('what a step touches is selected and looked at', async () => {
  const { model } = made();
  await model.setText(SCRIPT);
  await model.goTo(4);
  expect(model.selection).toMatchObject({ pid: 2 });
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(model.at!.selected!.place).toEqual(model.selection);
  expect(model.at!.lanes.map(({ pid }) => pid)).toContain(1);
});

test('areas that did not change are not sent again, and are there all the same', async () => {
  const { model } = made();
  await model.setText(SCRIPT);
  await model.goTo(4);
  const { areas } = model.at!.lanes[0]!;
  await model.goTo(5);
  expect(model.at!.lanes[0]!.areas!.start).toBe(areas!.start);
});

test('of a text that cannot be read nothing of the one before is left', async () => {
  const { model } = made();
  await model.setText(SCRIPT, 3);
  model.edited();
  expect(model.canRun).toBe(false);
  await model.edit('mmap(');
  expect(model).toMatchObject({ opened: null, at: null, verdict: null, selection: null, canRun: false });
  expect(model.errors).toMatchObject([{ line: 1 }]);
  await model.edit(SCRIPT);
  expect(model.position).toBe(3);
});

test('a newer way overrides an older one', async () => {
  const { model } = made();
  await model.setText(SCRIPT);
  await Promise.all([model.goTo(5), model.goTo(2)]);
  expect(model.position).toBe(2);
});

test('finding: to the next fault, refusal, back', async () => {
  const { model } = made();
  await model.setText(SCRIPT);
  expect(await model.find('fault', false)).toBe(true);
  expect(model.position).toBe(2);
  expect(await model.find('refusal', false)).toBe(true);
  expect(model.position).toBe(6);
  expect(await model.find('fault', true)).toBe(true);
  expect(model.position).toBe(4);
  expect(await model.find('signal', false)).toBe(false);
});

test('heat follows the position both ways', async () => {
  const { model } = made();
  await model.setText(SCRIPT);
  await model.goTo(5);
  const page = parseInt('7ffff7ff3', 16);
  expect(model.heatNow().get(1)!.get(page)).toEqual([1, 1, 0, 1]);
  await model.goTo(2);
  expect(model.heatNow().get(1)!.get(page)).toEqual([0, 1, 0, 1]);
  expect(model.heatNow().get(2)!.size).toBe(0);
});

test('a log is shown where its program still had memory, with the verdict of the whole', async () => {
  const { model } = made();
  model.see('story', ['verdict']);
  const log = readFileSync(new URL('../../../tests/scripts/real/ls.strace.pf', import.meta.url), 'utf8');
  await model.setText(log, 'before the end');
  expect(model.position).toBeLessThan(model.length);
  // Not at the maps that are compared, nor at the descriptors that are closed then: at the last call that left memory.
  expect(model.at!.last!.call).toBe('mmap');
  expect(model.at!.touched).not.toBeNull();
  expect(model.at!.processes.some(({ ended }) => ended === null)).toBe(true);
  expect(model.verdictAt).toBe(model.length);
});

test('what a text is said to be counts, though what it looks like is not known yet', async () => {
  const { model } = made();
  const log = '12:00:01 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7fb0000\n';
  await model.setText(SCRIPT);
  model.edited();
  const edit = model.edit(log);
  await Promise.all([edit, model.readAs('script')]);
  expect([model.text, model.kind, model.chosen, model.errors.length > 0]).toEqual([log, 'script', 'script', true]);
  await model.readAs('strace');
  expect([model.kind, model.guess, model.chosen, model.errors.length]).toEqual(['strace', 'strace', null, 0]);
  // What it looks like is known now, and no choice any more.
  await model.readAs('script');
  await model.readAs('strace');
  expect(model.chosen).toBe(null);
});

test('results of lines that come into sight are asked for alone: what is drawn stays the same object', async () => {
  const { model } = made();
  await model.setText(SCRIPT);
  await model.goTo(4);
  await settled();
  const { at } = model;
  const calls = () => model.reports.map(({ call }) => call);
  model.seeReports(0, 3);
  await vi.waitFor(() => expect(calls()).toEqual(['mmap', 'store', 'fork']));
  // Only of what has happened, also where more is known.
  model.seeReports(1, 6);
  await vi.waitFor(() => expect(calls()).toEqual(['store', 'fork', 'store']));
  expect(model.at).toBe(at);
  await model.goTo(6);
  expect(calls()).toEqual(['store', 'fork', 'store', 'load', 'munmap']);
  await model.goTo(2);
  expect(calls()).toEqual(['store']);
  await model.setText(SCRIPT);
  expect(calls()).toEqual([]);
});

test('a text rests only where it is shown, not at its end on the way there', async () => {
  const seen: [boolean, number][] = [];
  const model: Model = new Model((heard) => new Client(heard, () => inProcess()), () => seen.push([model.isOpening, model.position]));
  await model.setText(readFileSync(new URL('../../../tests/scripts/real/ls.strace.pf', import.meta.url), 'utf8'), 'before the end');
  expect(seen.some(([isOpening, position]) => isOpening && position === model.length)).toBe(true);
  expect(seen.filter(([isOpening]) => !isOpening).map(([, position]) => position)).toEqual([model.position]);
});

test('what a log leaves out is known as a whole, though it is shown before its end', async () => {
  const { model } = made();
  model.see('story', ['verdict']);
  await model.setText(`${readFileSync(new URL('../../../tests/logs/unknown-constant.strace', import.meta.url), 'utf8')}mprotect(0x7f11000100`, 'before the end');
  expect(model.position).toBeLessThan(model.length);
  expect(model.leftOut).toHaveLength(model.verdict!.leftOut);
  expect([...model.leftOut].every((one) => one !== undefined)).toBe(true);
});

test('a typed call joins the text; a wrong one is refused with its reason', async () => {
  const { model } = made();
  await model.setText(SCRIPT);
  await model.goTo(1);
  for (const line of ['malloc(100)', 'store(nowhere, 1)', 'mmap(NULL, 4K, PROT_REED, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)', '# nothing']) expect(await model.typed(line), line).toHaveProperty('why');
  expect([model.position, model.length, model.canRun]).toEqual([1, 6, true]);
  expect(model.text).toBe(SCRIPT);
  const typed = await model.typed('mprotect(a, 4K, PROT_READ) = 0');
  expect(typed).toHaveProperty('text');
  expect([model.position, model.length]).toEqual([2, 7]);
});

test('at the start a typed call becomes the first', async () => {
  const { model } = made();
  await model.setText(`@ram 32M\n# remark\n${SCRIPT}`);
  await model.typed('z = mmap(NULL, 4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)');
  expect(model.text).toBe(`@ram 32M\n# remark\nz = mmap(NULL, 4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n${SCRIPT}`);
  expect(model.position).toBe(1);
});

test('after a crash the text is there, and the way on', async () => {
  let broken = false;
  const { model } = made((request) => broken && request.kind === 'go');
  await model.setText(SCRIPT);
  await model.goTo(2);
  broken = true;
  await model.goTo(4);
  expect(model.crash).toMatchObject({ message: 'RuntimeError: unreachable', text: SCRIPT });
  expect(model.canRun).toBe(false);
  broken = false;
  await model.recover();
  expect(model).toMatchObject({ crash: null, position: 2 });
});

test('the same text under other settings is a run beside it', async () => {
  const { model } = made();
  await model.setText(SCRIPT);
  await model.goTo(3);
  expect(await model.runUnder('16 MiB', '@ram 16M')).toBe('');
  expect(model.runs[0]).toMatchObject({ title: '16 MiB' });
  expect(model.runs[0]!.tracks.call.length).toBe(6);
  expect(model.position).toBe(3);
  expect(await model.runUnder('wrong', '@nonsense')).not.toBe('');
});

test('reading is stopped: nothing of the text is known, and it can be read again', async () => {
  const { model } = made();
  const given = model.setText(SCRIPT);
  model.cancel();
  await given;
  expect([model.opened, model.at, model.canRun, model.errors.length]).toEqual([null, null, false, 1]);
  expect(model.text).toBe(SCRIPT);
  await model.edit(SCRIPT);
  expect(model.length).toBe(6);
});

test('calls that are equal are a list, and their reports come when they are looked at', async () => {
  const { model } = made();
  model.see('story', ['verdict']);
  await model.setText(SCRIPT);
  await model.goTo(6);
  expect([...model.equal.steps]).toEqual([4, 5]);
  await model.moreEqual(1, 2);
  expect(model.equal.reports.map((report) => report?.call)).toEqual([undefined, 'munmap']);
});

test('what stands behind the verdict is of the whole, though one has gone back before it came', async () => {
  const { model, events } = made();
  model.see('story', ['verdict']);
  await model.setText(SCRIPT.replace('load(a, 5) = "hello"', 'load(a, 5) = "hullo"'));
  await model.goTo(6);
  await model.goTo(1);
  await vi.waitFor(() => expect(model.remarks.map(([step]) => step)).toEqual([4]));
  // Nor is anything taken away by going back further.
  await model.goTo(0);
  await settled();
  expect(model.remarks.map(([step]) => step)).toEqual([4]);
  await model.moreEqual(0, 1);
  expect(model.equal.reports.map((report) => report?.call)).toEqual(['munmap']);
  expect(events.filter((event) => event === 'state').length).toBeLessThan(30);
});

test('a list that came short, because one had gone back, is asked for again where more is known', async () => {
  const { model, events } = made();
  model.see('story', ['verdict']);
  await model.setText(LEAVES_OUT);
  await model.goTo(model.length);
  await model.goTo(0);
  await settled();
  const count = model.verdict!.leftOut;
  expect(count).toBeGreaterThan(2);
  // A view asks as long as something is missing: what adds nothing is told to nobody, or it would ask for ever.
  await model.more(0, count);
  const told = events.length;
  await model.more(0, count);
  await model.more(0, count);
  expect(events.length).toBe(told);
  await model.goTo(model.length);
  await vi.waitFor(() => expect([model.leftOut.length, [...model.leftOut].every((one) => one !== undefined)]).toEqual([count, true]));
});

test('Pss is counted over the steps: what two processes share is halved', async () => {
  const { model } = made();
  await model.setText(SCRIPT);
  await model.goTo(4);
  await model.readPss();
  const { positions, pids, values } = model.pss!;
  expect([...positions]).toEqual([1, 2, 3, 4]);
  const of = (pid: number) => [...values[pids.indexOf(pid)]!];
  const [, written, forked, copied] = of(1);
  // After fork each page counts half; the copy of the one page leaves the original to the parent alone.
  expect(forked! * 2).toBeCloseTo(written!, 1);
  expect(copied! - forked!).toBeCloseTo(0.5, 1);
  expect(Number.isNaN(of(2)[1]!)).toBe(true);
  expect(of(2)[2]).toBeCloseTo(forked!, 1);
});

test('a line of the console that cannot be read says where', async () => {
  const { model } = made();
  await model.setText(SCRIPT);
  await model.goTo(1);
  expect(await model.typed('mprotect(a, 4K, PROT_REED)')).toMatchObject({ why: expect.stringContaining('PROT_REED') as unknown, mistake: { line: 1, column: 17 } });
});

test('a line that no editor can show is refused by its number, however it came', async () => {
  const { model } = made();
  await model.setText(`a = 1\n${'x'.repeat((1 << 20) + 1)}\n`);
  expect(model.errors).toMatchObject([{ line: 2, message: expect.stringContaining('1,048,577 characters') as unknown }]);
  expect(model.canRun).toBe(false);
});

test('areas stay the same object while nothing in them changes, however often one looks', async () => {
  const { model } = made();
  await model.setText(SCRIPT);
  model.seeLanes([{ pid: 1, strips: null, cells: [] }]);
  await model.goTo(1);
  await model.lookAgain();
  const areas = () => model.at!.lanes.find(({ pid }) => pid === 1)!.areas!;
  const before = areas();
  expect(before.count).toBeGreaterThan(3);
  await model.lookAgain();
  expect(areas()).toBe(before);
  // The store makes a page present.
  await model.goTo(2);
  expect(areas()).not.toBe(before);
});
