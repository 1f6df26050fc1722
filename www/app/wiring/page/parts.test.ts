/** The parts of the page without a browser: on a model of which only what they ask is made up. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Model } from '../../model/model.ts';
import type { Around } from './around.ts';
import { Comparing } from './comparing.ts';
import { linesOf } from './console.ts';
import { Once } from './once.ts';
import { Panels, isTab } from './panels.ts';
import { Time } from './time.ts';
import { Toast } from './toast.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function around(model: object): Around & { readonly said: string[] } {
  const said: string[] = [];
  return { model: model as Model, draw: () => undefined, say: (sentence) => said.push(sentence), unsay: (sentence) => said.splice(0, said.length, ...said.filter((one) => one !== sentence)), sayOfThis: () => (sentence) => said.push(sentence), another: () => undefined, showText: () => undefined, prepareText: () => Promise.resolve(), settleText: () => undefined, said };
}

test('lines above a place, with their ends', () => {
  expect([0, 1, 2, 3, 9].map((count) => linesOf('a\nb\nc', count))).toEqual(['', 'a\n', 'a\nb\n', 'a\nb\nc', 'a\nb\nc']);
});

test('what is made of a value is the same as long as the value is', () => {
  const once = new Once<readonly number[], { readonly sum: number }>();
  const [first, second] = [[1, 2], [1, 2]];
  const made = once.of(first, ([a, b]) => ({ sum: a! + b! }));
  expect(once.of(first, () => ({ sum: 0 }))).toBe(made);
  expect(once.of(second, () => ({ sum: 0 }))).not.toBe(made);
});

test('a sentence stays for as long as it takes to read, and a newer one takes its place', () => {
  const toast = new Toast(() => undefined);
  toast.say('short');
  vi.advanceTimersByTime(3000);
  toast.say('x'.repeat(100));
  vi.advanceTimersByTime(6900);
  expect(toast.text).toHaveLength(100);
  vi.advanceTimersByTime(200);
  expect(toast.text).toBe('');
});

test('how to compare is told until one does, or forgets the moment; and not where the comparison is open', () => {
  const at = { position: 2, processes: [], lanes: [], ram: {} };
  const model = { position: 2, marked: null as object | null, at, mark: () => void (model.marked = at), unmark: () => void (model.marked = null), see: () => undefined };
  const one = around(model);
  const comparing: Comparing = new Comparing(one, new Panels(one, () => comparing.follow()), { note: () => undefined, save: () => undefined });
  const asks = () => one.said.join().includes('Go elsewhere');
  comparing.compare('a');
  expect(asks()).toBe(true);
  comparing.compare('none');
  expect(asks()).toBe(false);
  comparing.compare('a');
  expect(asks()).toBe(true);
  comparing.compare('show');
  expect(asks()).toBe(false);
  comparing.compare('a');
  expect(one.said).toEqual(['Moment A is step 2.']);
});

test('a sentence is taken back only while it stands there', () => {
  const toast = new Toast(() => undefined);
  toast.say('first');
  toast.say('second');
  toast.unsay('first');
  expect(toast.text).toBe('second');
  toast.unsay('second');
  expect(toast.text).toBe('');
});

test('what is said of a text goes with it, and what is found out of it too late is not said', () => {
  const toast = new Toast(() => undefined);
  const [first, say] = [toast.ofThis(), toast.say];
  first('of the first');
  expect(toast.text).toBe('of the first');
  toast.another();
  expect(toast.text).toBe('');
  first('of the first, late');
  expect(toast.text).toBe('');
  toast.ofThis()('of the second');
  expect(toast.text).toBe('of the second');
  say('of the page');
  first('of the first, later');
  expect(toast.text).toBe('of the page');
  // What took the sentence away does not take the next one away before its time.
  vi.advanceTimersByTime(3999);
  expect(toast.text).toBe('of the page');
});

describe('time', () => {
  /** A machine that goes wherever it is told. */
  function machine(length: number) {
    const model = { position: 0, length, errors: [] as unknown[], goTo: async (to: number) => void (model.position = Math.min(to, length)), find: async () => false };
    return model;
  }

  test('plays to the end and is paused there', async () => {
    const model = machine(3);
    const time = new Time(around(model));
    time.play(10);
    await vi.advanceTimersByTimeAsync(150);
    expect([model.position, time.speed]).toEqual([2, 10]);
    await vi.advanceTimersByTimeAsync(500);
    expect([model.position, time.speed, time.playSpeed]).toEqual([3, 0, 10]);
  });

  test('whoever goes elsewhere pauses it', async () => {
    const model = machine(100);
    const time = new Time(around(model));
    time.play(10);
    await vi.advanceTimersByTimeAsync(250);
    time.go(50);
    await vi.advanceTimersByTimeAsync(1000);
    expect([model.position, time.speed]).toEqual([50, 0]);
  });

  test('what is not found is said', async () => {
    const all = around(machine(3));
    await new Time(all).find('fault', false);
    expect(all.said).toHaveLength(1);
  });

  test('what is not found in a text is not said of the one that was opened meanwhile', async () => {
    const toast = new Toast(() => undefined);
    const model = { ...machine(3), find: async () => (toast.another(), false) };
    await new Time({ ...around(model), say: toast.say, sayOfThis: toast.ofThis }).find('fault', false);
    expect(toast.text).toBe('');
  });
});

describe('panels', () => {
  function panels() {
    const model = { opened: null as object | null, errors: [] as unknown[], see: vi.fn(), select: vi.fn() };
    const shown: string[] = [];
    return { model, shown, panels: new Panels(around(model), (what) => shown.push(what)) };
  }

  test('of a text that cannot be read the account is shown, and the story again when it can', () => {
    const { model, panels: all } = panels();
    model.errors = [{}];
    all.settle(false);
    expect(all.dock).toBe('verdict');
    [model.opened, model.errors] = [{ dump: null }, []];
    all.settle(false);
    expect(all.dock).toBe('story');
  });

  test('an account that the reader has opened stays while he edits, and goes with another text', () => {
    const { model, panels: all } = panels();
    model.opened = { dump: null };
    all.showDock('verdict');
    all.settle(false);
    expect(all.dock).toBe('verdict');
    all.settle(true);
    expect(all.dock).toBe('story');
  });

  test('a tab asks for what it shows, and says that it was chosen', () => {
    const { model, shown, panels: all } = panels();
    expect(all.isTabChosen).toBe(false);
    all.showTab('tlb');
    expect([all.isTabChosen, shown]).toEqual([true, ['tab']]);
    expect(model.see).toHaveBeenLastCalledWith('inspector', ['tlb']);
    expect([isTab('smaps'), isTab('story')]).toEqual([true, false]);
  });
});
