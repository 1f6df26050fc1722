import { expect, test } from 'vitest';
import { branch, canRedo, canUndo, edit, go, plant, redo, remove, rename, revive, rows, textOf, undo } from './branches.ts';

const TEXT = 'a = mmap(1)\nstore(a, 1)\nmunmap(a)\n';
const started = plant(TEXT, 'the text');

test('an edit at the end goes on in the same branch; undo and redo go through its versions', () => {
  const longer = edit(started, { text: `${TEXT}exit(0)\n`, position: 3, hasFuture: false, name: 'x' });
  expect(longer.branches).toHaveLength(1);
  expect(textOf(longer)).toBe(`${TEXT}exit(0)\n`);
  expect(canUndo(longer)).toBe(true);
  const back = undo(longer);
  expect(textOf(back)).toBe(TEXT);
  expect([canUndo(back), canRedo(back)]).toEqual([false, true]);
  expect(textOf(redo(back))).toBe(`${TEXT}exit(0)\n`);
  const other = edit(back, { text: `${TEXT}getpid()\n`, position: 3, hasFuture: false, name: 'x' });
  expect(textOf(other)).toBe(`${TEXT}getpid()\n`);
  expect(canRedo(other)).toBe(false);
});

test('an edit with a future behind it starts a branch, and both texts stay', () => {
  const split = edit(started, { text: TEXT.replace('munmap(a)', 'fork()'), position: 2, hasFuture: true, name: 'from step 2' });
  expect(split.current).toBe(1);
  expect(branch(split)).toMatchObject({ parent: 0, from: 2, name: 'from step 2' });
  expect(textOf(split, 0)).toBe(TEXT);
  expect(textOf(split)).toContain('fork()');
  // Only what differs is kept.
  expect(split.versions[1]!.insert.length).toBeLessThan(12);
  const home = go(split, 0, 2);
  expect(branch(home, 1).position).toBe(2);
  const deeper = edit(go(home, 1, 3), { text: 'getpid()\n', position: 1, hasFuture: true, name: 'deeper' });
  expect(rows(deeper).map(({ id, depth, isCurrent }) => [id, depth, isCurrent])).toEqual([[0, 0, false], [1, 1, false], [2, 2, true]]);
  expect(undo(deeper).current).toBe(1);
  expect(remove(deeper, 1)).toMatchObject({ current: 0, branches: [{ id: 0 }] });
  expect(remove(deeper, 0)).toBe(deeper);
  expect(branch(rename(deeper, 2, 'n'), 2).name).toBe('n');
});

test('a text that did not change changes nothing; the tree given is left as it was', () => {
  const kept = JSON.stringify(started);
  expect(edit(started, { text: TEXT, position: 0, hasFuture: true, name: '' })).toBe(started);
  edit(started, { text: '', position: 0, hasFuture: true, name: '' });
  expect(JSON.stringify(started)).toBe(kept);
  expect(() => go(started, 7, 0)).toThrow(RangeError);
});

test('edits at random are found again', () => {
  let seed = 7;
  const random = (n: number) => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % n;
  let tree = plant('abc', '0');
  const texts = new Map([[0, 'abc']]);
  for (let i = 0; i < 200; i++) {
    if (random(4) === 0) tree = go(tree, [...texts.keys()][random(texts.size)]!, random(9));
    const now = textOf(tree);
    expect(now).toBe(texts.get(tree.current));
    const at = random(now.length + 1);
    const text = now.slice(0, at) + 'aab'.slice(random(3)) + now.slice(Math.min(now.length, at + random(3)));
    tree = edit(tree, { text, position: random(5), hasFuture: random(3) === 0, name: String(i) });
    texts.set(tree.current, text);
  }
  for (const [id, text] of texts) expect(textOf(tree, id)).toBe(text);
});

test('a tree is revived from JSON as it was; what is none, or shows another text, is not', () => {
  const split = edit(started, { text: `${TEXT}fork()\n`, position: 2, hasFuture: true, name: 'x' });
  const json = () => JSON.parse(JSON.stringify(split)) as Record<string, any>;
  expect(revive(json(), textOf(split))).toEqual(split);
  expect(revive(JSON.parse(JSON.stringify(undo(split))), TEXT)).toEqual(undo(split));
  expect(revive(json(), TEXT)).toBe(null);
  const damaged: ((tree: Record<string, any>) => void)[] = [
    (tree) => (tree['versions'] = 1), (tree) => (tree['versions'][1].of = 1), (tree) => (tree['versions'][1].of = 7), (tree) => (tree['versions'][0].insert = 3),
    (tree) => (tree['branches'][1].parent = 1), (tree) => (tree['branches'][1].id = 0), (tree) => (tree['branches'][1].shown = 1), (tree) => (tree['branches'][0].versions = [9]),
    (tree) => (tree['current'] = 5), (tree) => (tree['branches'][1].name = null), (tree) => (tree['undone'] = 3), (tree) => delete tree['branches'],
  ];
  for (const damage of damaged) {
    const tree = json();
    damage(tree);
    expect(revive(tree, textOf(split)), damage.toString()).toBe(null);
  }
  for (const nothing of [null, undefined, 1, 'x', [], {}]) expect(revive(nothing, '')).toBe(null);
});
