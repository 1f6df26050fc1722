import { expect, test } from 'vitest';
import { CALL_GROUPS, ENDING, REMARK, type Tracks } from '../worker/protocol.ts';
import { Counted, LaneCount, countGroups, countMarked, countPids, lanesOf, pidsOf } from './counts.ts';
import { MARKS, NO_TRACKS, TrackStore, bucketed, deltas, find, lineOf, over, valuesOf } from './tracks.ts';

const MAP = CALL_GROUPS.indexOf('map');
const ACCESS = CALL_GROUPS.indexOf('access');

/** Tracks of steps given by some of their columns. */
function tracks(steps: readonly { call?: number; ending?: number; pid?: number; faults?: number; rss?: number; child?: number; childRss?: number; page?: number; access?: number; hits?: number; fills?: number }[], from = 0): Tracks {
  const column = <T>(make: (values: number[]) => T, of: (step: (typeof steps)[number]) => number) => make(steps.map(of));
  return {
    from,
    call: column(Uint8Array.from.bind(Uint8Array), (s) => s.call ?? MAP),
    ending: column(Uint8Array.from.bind(Uint8Array), (s) => s.ending ?? 0),
    pid: column(Uint32Array.from.bind(Uint32Array), (s) => s.pid ?? 1),
    faults: column(Uint16Array.from.bind(Uint16Array), (s) => s.faults ?? 0),
    rss: column(Uint32Array.from.bind(Uint32Array), (s) => s.rss ?? 0),
    child: column(Uint32Array.from.bind(Uint32Array), (s) => s.child ?? 0),
    childRss: column(Uint32Array.from.bind(Uint32Array), (s) => s.childRss ?? 0),
    free: column(Uint32Array.from.bind(Uint32Array), () => 100),
    tables: column(Uint32Array.from.bind(Uint32Array), () => 4),
    tlbFills: column(Uint32Array.from.bind(Uint32Array), (s) => s.fills ?? 0),
    tlbHits: column(Uint32Array.from.bind(Uint32Array), (s) => s.hits ?? 0),
    page: column(Float64Array.from.bind(Float64Array), (s) => s.page ?? Number.NaN),
    access: column(Uint8Array.from.bind(Uint8Array), (s) => s.access ?? 0),
  } as Tracks;
}

test('tracks grow, are replaced, and are cut', () => {
  const store = new TrackStore();
  store.append(tracks([{ rss: 1 }, { rss: 2 }]));
  const first = store.tracks;
  expect(store.tracks).toBe(first);
  store.append(tracks(Array.from({ length: 1000 }, (_, i) => ({ rss: i })), 1));
  expect([store.length, store.tracks.rss[0], store.tracks.rss[1], store.tracks.rss[1000]]).toEqual([1001, 1, 0, 999]);
  expect(store.tracks).not.toBe(first);
  store.cut(3);
  expect(store.tracks.rss.length).toBe(3);
  expect(() => store.append(tracks([{}], 9))).toThrow(RangeError);
});

test('a hundred thousand steps are as many buckets as there are pixels, and no step is lost', () => {
  const many = tracks(Array.from({ length: 100_000 }, (_, i) => ({ call: i % 3 ? MAP : ACCESS, faults: i % 10 === 0 ? 1 : 0, ending: i === 77_777 ? ENDING.signal | REMARK.fatal : 0 })));
  const drawn = bucketed(many, 0, 100_000, 640);
  expect(drawn.count).toBe(640);
  expect(drawn.faults.reduce((a, b) => a + b)).toBe(10_000);
  expect(drawn.marks.filter(Boolean)).toEqual(Uint8Array.of(MARKS.signal | MARKS.fatal));
  expect(drawn.marks.findIndex(Boolean)).toBe(Math.floor(77_777 / (100_000 / 640)));
  expect(drawn.group[5]).toBe(MAP);
  // More pixels than steps: a bucket a step.
  const few = bucketed(tracks([{ faults: 2 }, { call: ACCESS }]), 0, 2, 640);
  expect([few.count, few.steps, ...few.faults, ...few.group]).toEqual([2, 1, 2, 0, MAP, ACCESS]);
  expect(bucketed(NO_TRACKS, 0, 0, 100).count).toBe(0);
  expect(bucketed(tracks([{ pid: 1 }, { pid: 2 }]), 0, 2, 2, 2).group).toEqual(Uint8Array.of(255, MAP));
});

test('a child has its counters from the fork on, before it runs itself', () => {
  const forked = tracks([{ rss: 5 }, { rss: 5, child: 2, childRss: 4 }, { rss: 6 }, { pid: 2, rss: 7 }]);
  expect(pidsOf(forked)).toEqual([1, 2]);
  expect([...valuesOf(forked, 'rss', 2)]).toEqual([Number.NaN, 4, 4, 7]);
  expect(deltas(forked, 2)).toContainEqual({ counter: 'childRss', from: null, to: 4 });
  expect(deltas(forked, 4)).toContainEqual({ counter: 'rss', from: 4, to: 7 });
  expect([...lanesOf(forked, 4, 4, [1, 2]).lanes[1]!.rss.greatest]).toEqual([Number.NaN, 4, 4, 7]);
});

test('counters as lines keep their peaks', () => {
  const one = tracks([{ rss: 5 }, { rss: 900 }, { rss: 6 }, { rss: 7, pid: 2 }]);
  expect([...valuesOf(one, 'rss', 2)]).toEqual([Number.NaN, Number.NaN, Number.NaN, 7]);
  const line = lineOf(valuesOf(one, 'rss', 1), 4, 2);
  expect([line.most, line.greatest[0], line.least[0]]).toEqual([900, 900, 5]);
  expect([...valuesOf(tracks([{}, { hits: 3, fills: 1 }]), 'tlbRate', null)]).toEqual([Number.NaN, 0.75]);
  expect([...valuesOf(tracks([{ faults: 1 }, { faults: 2 }]), 'faults', null)]).toEqual([1, 3]);
});

test('the next of a kind is found in both directions, and not the one that is shown', () => {
  const some = tracks([{}, { faults: 1, page: 7, access: 2 }, {}, { ending: ENDING.error }, { faults: 1, ending: ENDING.signal | REMARK.differs }, { page: 7, access: 1, call: ACCESS }]);
  expect(find(some, 'fault', 0, false)).toBe(2);
  expect(find(some, 'fault', 2, false)).toBe(5);
  expect(find(some, 'fault', 5, true)).toBe(2);
  expect(find(some, 'fault', 5, false)).toBeNull();
  expect([find(some, 'refusal', 0, false), find(some, 'signal', 0, false), find(some, 'difference', 0, false)]).toEqual([4, 5, 5]);
  expect(find(some, 'change of the page', 6, true, 7)).toBe(2);
  expect(find(some, 'change of the page', 6, true)).toBeNull();
  expect(find(some, 'call', 6, true)).toBe(5);
});

test('a step over goes past what is repeated and past other processes', () => {
  const lines = Uint32Array.of(1, 2, 2, 2, 3, 4);
  const known = tracks([{ pid: 1 }, { pid: 1 }, { pid: 1 }, { pid: 1 }, { pid: 2 }, { pid: 1 }]);
  expect([over(0, lines, known), over(1, lines, known), over(5, lines, known), over(6, lines, known)]).toEqual([1, 5, 6, 6]);
  expect(over(1, lines, NO_TRACKS)).toBe(4);
});

test('the difference of a step compares with the step of the same process before it', () => {
  const some = tracks([{ rss: 3, pid: 1 }, { rss: 9, pid: 2 }, { rss: 4, pid: 1, faults: 1 }]);
  expect(deltas(some, 3)).toEqual([{ counter: 'faults', from: 0, to: 1 }, { counter: 'rss', from: 3, to: 4 }]);
  // What it had before it ran is not known.
  expect(deltas(some, 2)).toEqual([]);
  expect(deltas(some, 0)).toEqual([]);
  expect(pidsOf(some)).toEqual([1, 2]);
});

test('the lanes found in one pass are those found one by one', () => {
  const many = tracks(Array.from({ length: 5000 }, (_, i) => ({ call: (i * 7) % 5, pid: 1 + ((i >> 3) % 3), faults: i % 4, rss: (i * 13) % 97, ending: i % 50 })));
  for (const [length, columns] of [[5000, 333], [7000, 100], [5000, 9000]] as const) {
    const { all, lanes } = lanesOf(many, length, columns, [1, 3]);
    expect(all).toEqual(bucketed(many, 0, length, columns));
    for (const { pid, buckets } of lanes) expect(buckets).toEqual(bucketed(many, 0, length, columns, pid));
    for (const { pid, rss } of lanes) expect(rss.most).toBe(lineOf(valuesOf(many, 'rss', pid), length, columns).most);
  }
});

test('of tracks that have grown only what is new is counted, and what comes of it is what counting all gives', () => {
  const steps = Array.from({ length: 900 }, (_, i) => ({ call: (i * 7) % 5, pid: 1 + ((i >> 3) % 3), faults: i % 4, rss: (i * 13) % 97, ending: i % 50, child: i % 100 === 50 ? 3 : 0, childRss: i }));
  const shape = { length: 1000, columns: 77, pids: [1, 3] };
  const [store, lanes, marked, groups, pids] = [new TrackStore(), new LaneCount(), countMarked(), countGroups(), countPids()];
  let counted = 0;
  const each = new Counted(() => [] as number[], (seen, { call }, from) => {
    for (let i = from; i < call.length; i++, counted++) seen.push(call[i]!);
  });
  const agree = () => {
    const bare = { ...store.tracks, story: {} };
    expect(lanes.of(store.tracks, shape)).toEqual(lanesOf(bare, shape.length, shape.columns, shape.pids));
    expect(each.of(store.tracks)).toEqual([...store.tracks.call]);
    expect([marked.of(store.tracks), groups.of(store.tracks), pids.of(store.tracks).pids]).toEqual([countMarked().of(bare), countGroups().of(bare), pidsOf(bare)]);
  };
  for (let from = 0; from < 900; from += 37) {
    store.append(tracks(steps.slice(from, from + 37), from));
    agree();
  }
  expect(counted).toBe(900);
  // What came before stays as it was; what was counted of other steps does not.
  const before = lanes.of(store.tracks, shape);
  const [copy] = [structuredClone(before)];
  store.append(tracks([{ faults: 9, pid: 3, rss: 500 }], 900));
  agree();
  expect(before).toEqual(copy);
  store.append(tracks([{ call: MAP }], 5));
  agree();
  store.cut(3);
  agree();
  store.append(tracks(steps.slice(0, 5), 3));
  agree();
});
