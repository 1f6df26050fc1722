/** Audit 12 and 46: what one wrote is there after a reload, whatever storage does. */
import { expect, test } from 'vitest';
import { Keep, type Store } from './keep.ts';

function memory(most = Infinity): Store & { readonly all: Map<string, string> } {
  const all = new Map<string, string>();
  return {
    all,
    getItem: (key) => all.get(key) ?? null,
    setItem: (key, value) => {
      const size = [...all].reduce((sum, [k, v]) => sum + (k === key ? 0 : v.length), value.length);
      if (size > most) throw new DOMException('full', 'QuotaExceededError');
      all.set(key, value);
    },
    removeItem: (key) => void all.delete(key),
    key: (at) => [...all.keys()][at] ?? null,
    get length() { return all.size; },
  };
}

let clock = 0;
const tick = () => ++clock;
const script = (text: string) => ({ text, position: 2, kind: null });

test('a reload finds the script of its tab', () => {
  const [store, session] = [memory(), memory()];
  const keep = new Keep(store, session, tick);
  expect(keep.own()).toBe(null);
  expect(keep.write(script('a = fork()'))).toBe('kept');
  expect(new Keep(store, session, tick).own()).toMatchObject(script('a = fork()'));
  keep.forget();
  expect(new Keep(store, session, tick).own()).toBe(null);
});

test('two tabs keep two scripts, and a duplicated tab takes a slot of its own', () => {
  const [store, session] = [memory(), memory()];
  const [one, other] = [new Keep(store, session, tick), new Keep(store, memory(), tick)];
  one.write(script('one'));
  other.write(script('other'));
  const copied = memory();
  for (const [key, value] of session.all) copied.setItem(key, value);
  const duplicate = new Keep(store, copied, tick);
  expect(duplicate.own()?.text).toBe('one');
  duplicate.write(script('one, changed'));
  one.write(script('one, otherwise'));
  duplicate.write(script('one, changed again'));
  expect(one.recent().map(({ text }) => text)).toEqual(['one, changed again', 'one, otherwise', 'other']);
  expect([one.own()?.text, duplicate.own()?.text, other.own()?.text]).toEqual(['one, otherwise', 'one, changed again', 'other']);
});

test('old scripts go, when there are many or no room is left', () => {
  const store = memory();
  for (let tab = 0; tab < 20; tab++) new Keep(store, memory(), tick).write(script(`tab ${tab}`));
  expect(store.length).toBeLessThanOrEqual(9);
  const small = memory(600);
  for (let tab = 0; tab < 5; tab++) expect(new Keep(small, memory(), tick).write(script('x'.repeat(200)))).toBe('kept');
  const last = new Keep(small, memory(), tick);
  expect(last.write(script('y'.repeat(400)))).toBe('kept');
  expect(last.write(script('z'.repeat(1000)))).toBe('full');
  expect(last.own()?.text).toBe('y'.repeat(400));
});

test('storage that is closed, foreign or damaged is no error', () => {
  const closed = { getItem: () => { throw new DOMException('no', 'SecurityError'); } } as unknown as Store;
  expect(new Keep(null, null).write(script('a'))).toBe('none');
  expect(new Keep(closed, closed).own()).toBe(null);
  const store = memory();
  store.setItem('pagefault.script.a', '{"text": 1');
  store.setItem('pagefault.script.b', '{"text": 1, "when": 2}');
  store.setItem('other', 'x');
  expect(new Keep(store, memory()).recent()).toEqual([]);
  expect(new Keep(store, memory()).write(script('x'.repeat(2_000_000)))).toBe('long');
});

test('branches, the marked moment and where a tab stood come back; where there is no room for branches the text does', () => {
  const [store, session] = [memory(), memory()];
  const tree = { versions: ['x'.repeat(900)] };
  new Keep(store, session, tick).write({ ...script('a'), tree, marked: 3, id: 'one' });
  expect(new Keep(store, session, tick).own()).toMatchObject({ text: 'a', tree, marked: 3, id: 'one' });
  const place = { example: 'ls', position: 4, marked: null, id: 'two' };
  expect(new Keep(store, session, tick).place()).toBe(null);
  new Keep(store, session, tick).stay(place);
  expect(new Keep(store, session, tick).place()).toEqual(place);
  session.setItem('pagefault.place', '{"example": 1}');
  expect(new Keep(store, session, tick).place()).toBe(null);
  const small = new Keep(memory(600), memory(), tick);
  expect(small.write({ ...script('a'), tree })).toBe('kept');
  expect(small.own()).toMatchObject({ text: 'a', tree: undefined });
});

test('another text in the same tab takes nothing from the one before; the same text is listed once', () => {
  const [store, session] = [memory(), memory()];
  const keep = new Keep(store, session, tick);
  keep.next();
  keep.write(script('one'));
  keep.next();
  keep.write(script('two'));
  expect(keep.recent().map(({ text }) => text)).toEqual(['two', 'one']);
  expect(new Keep(store, session, tick).own()?.text).toBe('two');
  keep.next();
  keep.write(script('one'));
  expect(keep.recent().map(({ text }) => text)).toEqual(['one', 'two']);
});
