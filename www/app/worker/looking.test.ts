/** What a look at a moment shows. */
import { describe, expect, test } from 'vitest';
import { LOOK, SCRIPT, lane, opened } from './engine.fixtures.ts';
import { CELL, NO_FRAME, type Look } from './protocol.ts';

test('what the program wrote stands in its pages', async () => {
  const { engine: one, on } = await opened();
  const page = 0x7ffff7ff3;
  const look: Look = { ...LOOK, lanes: [1, 2].map((pid) => lane(pid, { cells: [{ page, count: 4 }] })) };
  const texts = async (to: number) => (await one.go(to, look, on)).lanes.map((of) => of.texts);
  expect(await texts(1)).toEqual([[]]);
  expect(await texts(3)).toEqual([[[page, 'hel']], [[page, 'hel']]]);
  expect(await texts(4)).toEqual([[[page, 'hel']], [[page, 'jel']]]);
});

test('with a step comes its line as it stands in the text; of a dump, whose lines are no steps, none', async () => {
  const { engine: one, on } = await opened(`# first\n\n${SCRIPT}`);
  const source = async (to: number) => (await one.go(to, LOOK, on)).source;
  expect([await source(0), await source(2), await source(7), await source(1)]).toEqual(['', 'store(a, "hello")', 'load(0x10)', SCRIPT.split('\n')[0]]);
  const { engine: dump } = await opened('00400000-00401000 r-xp 00000000 08:01 17 /usr/bin/true\n');
  expect((await dump.look(LOOK)).source).toBe('');
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

  test('neighbours that could be one say so, others why not (fault 22)', async () => {
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
