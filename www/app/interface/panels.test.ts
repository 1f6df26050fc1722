/** The panels drawn of real machines: nothing breaks them, and what they say is true. Templates are read as text, without a browser. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { compare } from '../model/compare.ts';
import { mapsLine } from '../model/smaps.ts';
import { TrackStore } from '../model/tracks.ts';
import { Engine } from '../worker/engine.ts';
import type { At, Look, Opened, Place } from '../worker/protocol.ts';
import { page } from '../worker/wasm.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

// What elements need of a browser to be made; none is drawn.
class Observer {
  observe = () => undefined;
  disconnect = () => undefined;
}
Object.assign(globalThis, { ResizeObserver: Observer });
const { PfAccount } = await import('./account/pf-account.ts');
const { PfDump } = await import('./account/pf-dump.ts');
const { PfCompare } = await import('./compare/pf-compare.ts');
const { PfInspector } = await import('./inspector/pf-inspector.ts');
const { PfStory } = await import('./story/pf-story.ts');
const { PfTime } = await import('./time/pf-time.ts');
const { PfArea } = await import('./inspector/pf-area.ts');
const { PfBytes, offsetOf } = await import('./inspector/pf-bytes.ts');
const { PfFrame } = await import('./inspector/pf-frame.ts');
const { PfMaps, PfSmaps, ending } = await import('./inspector/pf-proc.ts');
const { PfWalk } = await import('./inspector/pf-walk.ts');
const { PfCharts, underOf } = await import('./charts/pf-charts.ts');

/** What a template says: its words, and those of the templates in it. */
function said(value: unknown): string {
  if (value === null || value === undefined || typeof value === 'symbol' || typeof value === 'function' || typeof value === 'boolean') return '';
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  if (Array.isArray(value)) return value.map(said).join('');
  if (typeof value !== 'object' || !('strings' in value && 'values' in value)) return '';
  const { strings, values } = value as { strings: readonly string[]; values: readonly unknown[] };
  // A word that is explained, or stays in one piece, is part of its sentence.
  if (strings[0] === '<span class="pf-perms-text">') return said(values[0]);
  if (strings[0]!.startsWith('<button type="button" class="pf-term"')) return said(values[1]);
  return strings.map((part, i) => part + said(values[i])).join('').replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');
}

/** An element with properties, as text. */
function drawn<E extends { render(): unknown }>(make: new () => E, properties: Partial<E>): string {
  const element = Object.assign(new make(), properties);
  (element as unknown as { willUpdate?: (changed: Map<string, unknown>) => void }).willUpdate?.(new Map(Object.keys(properties).map((name) => [name, undefined])));
  return said(element.render());
}

beforeAll(() => page.instance(readFileSync(new URL('../../lib/page.wasm', import.meta.url))) as unknown as Promise<void>);

async function machine(text: string) {
  const engine = new Engine({ pause: async () => undefined, now: () => 0 });
  const store = new TrackStore();
  const on = { progress: () => undefined, tracks: (tracks: Parameters<TrackStore['append']>[0]) => store.append(tracks) };
  const opened = await engine.open(text, null, on);
  if ('errors' in opened) throw new Error(opened.errors[0]!.message);
  const look = (selected: Place | null, pids: readonly number[] = [1]): Look => ({
    lanes: pids.map((pid) => ({ pid, version: -1, strips: null, cells: [] })), frames: false, reports: [0, 0], selected, want: ['explanation', 'verdict', 'tlb', 'smaps', 'cache', 'bytes', 'neighbours', 'tables'],
  });
  const go = async (position: number, place?: Place | null): Promise<At> => {
    const at = await engine.go(position, look(null), on);
    return engine.look(look(place === undefined ? at.touched : place, at.processes.filter(({ ended }) => !ended).map(({ pid }) => pid)));
  };
  return { engine, opened: opened as Opened, store, on, go };
}

const story = (at: At, store: TrackStore) => drawn(PfStory, { explanation: at.explanation, last: at.last, processes: at.processes, tracks: store.tracks, position: at.position, withPassed: true, withWords: true });

describe('nothing breaks them', () => {
  const folder = join(ROOT, 'tests/scripts/examples');
  test.each(readdirSync(folder).filter((name) => name.endsWith('.pf')))('%s, step by step', async (name) => {
    const { opened, store, go } = await machine(readFileSync(join(folder, name), 'utf8'));
    let before: At | null = null;
    for (let position = 0; position <= opened.length; position++) {
      const at = await go(position);
      const told = story(at, store);
      if (position > 0) expect(told).toContain(at.explanation!.sentence);
      for (const tab of ['area', 'walk', 'frame', 'bytes', 'tlb', 'cache', 'maps', 'smaps'] as const) drawn(PfInspector, { at, tab });
      const place = at.selected?.place ?? null;
      const { area = null, walk = null, frame = null, bytes = null } = at.selected ?? {};
      const all = [drawn(PfArea, { area, place, explanation: at.explanation }), drawn(PfWalk, { walk, place }), drawn(PfFrame, { frame, place }), drawn(PfBytes, { bytes, place }), told];
      all.push(drawn(PfTime, { position, length: opened.length, lines: opened.lines, tracks: store.tracks }), drawn(PfCharts, { runs: [{ name: '', tracks: store.tracks, ran: null }], position, length: opened.length, processes: at.processes }));
      all.push(drawn(PfAccount, { verdict: at.verdict, verdictText: at.verdict?.text ?? '', position, length: opened.length }));
      if (before) all.push(drawn(PfCompare, { comparison: compare(before, at), processes: at.processes }));
      for (const text of all) expect(text).not.toMatch(/undefined|NaN|\[object/);
      before = at;
    }
  }, 60_000);
});

describe('what they say', () => {
  const AREA = 'a = mmap(NULL, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n';

  test('a fatal signal is called fatal, an expected one is not (fault 32)', async () => {
    const { go, store } = await machine('load(0x1234)\n');
    expect(story(await go(1), store)).toMatch(/SIGSEGV .* fatal .*Calls of .*process 1.* that follow are not run\./);
    const other = await machine('load(0x1234) = SIGSEGV\n');
    expect(story(await other.go(1), other.store)).not.toMatch(/that follow are not run/);
  });

  test('a refusal comes with its number, its reason and the rule of the manual page (point 10)', async () => {
    const { go, store } = await machine('mmap(NULL, 0, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nmunmap(0x1001, 4K)\n');
    expect(story(await go(1), store)).toMatch(/EINVAL 22 · Invalid argument .*the length is 0 .*The length must be greater than 0\. man 2 mmap , ERRORS/);
    expect(story(await go(2), store)).toMatch(/must be a multiple of the page size\. man 2 mmap/);
  });

  test('changes and their processes by name; checks that passed in words (faults 40 and 41)', async () => {
    const { go, store } = await machine(`${AREA}store(a, "x")\nc = fork()\n[c] store(a, "y")\n`);
    expect(story(await go(3), store)).toMatch(/process 2/);
    expect(story(await go(4), store)).toMatch(/frame \d+ → \d+/);
    expect(story(await go(1), store)).toMatch(/ \d+ checks passed /);
    expect(story(await go(1), store)).not.toMatch(/VmOpsId|none\b.*are not known/);
  });

  test('the picture of the call tree: with a file and without', async () => {
    const { go } = await machine(`${AREA}store(a, "x")\n`);
    const at = await go(2);
    const text = drawn(PfArea, { area: at.selected!.area, place: at.selected!.place, explanation: at.explanation }).replaceAll('  ', ' ');
    expect(text).toMatch(/vm_ops NULL/);
    expect(text.replace(/ /g, '')).toMatch(/do_anonymous_page/);
    expect(text).toMatch(/This step’s fault .*at [0-9a-fx]+: do_anonymous_page/);
    const stack = await go(1, { pid: 1, addr: '400000', pfn: null });
    expect(drawn(PfArea, { area: stack.selected!.area, place: stack.selected!.place }).replace(/ /g, '')).toMatch(/ext4_file_mmap.*ext4_file_vm_ops.*filemap_fault/);
  });

  test('a free frame is free, a page table says whose it is; what is nowhere is said to be nowhere (fault 42)', async () => {
    const { go } = await machine(AREA);
    const free = await go(1, { pid: 1, addr: '10000', pfn: 9999 });
    expect(drawn(PfFrame, { frame: free.selected!.frame, place: free.selected!.place })).toMatch(/Frame 9999 is free/);
    expect(drawn(PfArea, { area: null, place: free.selected!.place })).toMatch(/No area of process 1 covers 0x10000: an access is SIGSEGV/);
    const ended = drawn(PfArea, { area: null, place: free.selected!.place, isEnded: true });
    expect(ended).toMatch(/Process 1 has ended: it has no areas any more/);
    expect(ended).not.toMatch(/access|SIGSEGV/);
    expect(drawn(PfFrame, { frame: null, place: { pid: 1, addr: '10000', pfn: null } })).toBe(' No frame: the page is not present. ');
    // Beside another frame that the page moved is no news; which page is meant is always said.
    const moved = { position: 1, from: null, to: 11 };
    for (const [pfn, isTold] of [[56, false], [11, true], [null, true]] as const) {
      const told = drawn(PfFrame, { frame: null, place: { pid: 1, addr: '10000', pfn }, own: 11, moved });
      expect(told.includes('At step 1 page 0x10000 was in no frame')).toBe(isTold);
      expect(told.includes('The selected page 0x10000 is in frame 11')).toBe(pfn === 56);
    }
    const cr3 = free.selected!.walk!.cr3;
    const table = await go(1, { pid: 1, addr: '10000', pfn: cr3 });
    expect(drawn(PfFrame, { frame: table.selected!.frame, place: table.selected!.place, walk: table.selected!.walk })).toMatch(/A page table: the MMU reads it.* It is the PGD table of process 1, on the way to 0x10000\./);
  });

  test('the whole page has bytes, each can be gone to, and what is invented is said to be (faults 17 and 18)', () => {
    const bytes = new Uint8Array(4096);
    bytes[0x805] = 100;
    const place: Place = { pid: 1, addr: '7ffff7ff3805', pfn: null };
    expect(drawn(PfBytes, { bytes, place })).toMatch(/1 byte not 0 .*\+0x805 · 0x7ffff7ff3805 · 0x64 = 100 “d”/);
    expect(drawn(PfBytes, { bytes, place, isInvented: true })).toMatch(/is not known/);
    const page = 0x7ffff7ff3000n;
    expect([offsetOf('0x805', page), offsetOf('2053', page), offsetOf('7ffff7ff3805', page), offsetOf('0x7ffff7ff3805', page), offsetOf('0x1000', page), offsetOf('x', page), offsetOf('5000', page)]).toEqual([0x805, 2053, 0x805, 0x805, null, null, null]);
  });

  test('of a dump costs are what it says, and none where it says none', async () => {
    const { go } = await machine(AREA);
    const at = await go(1);
    const [area, place] = [at.selected!.area!, at.selected!.place];
    expect(drawn(PfArea, { area, place })).toMatch(/4 pages, none present .*Rss.* 0 KiB/);
    const none = drawn(PfArea, { area, place, costs: null });
    expect(none).toMatch(/4 pages .*Costs come from smaps\./);
    expect(none).not.toMatch(/present |Rss/);
    expect(drawn(PfArea, { area, place, costs: `${area.maps}\nSize: 16 kB\nRss: 12 kB\nPss: 7 kB` })).toMatch(/Rss.* 12 KiB .*Pss.* 7 KiB/);
  });

  test('a path in maps is cut at its beginning, a long name of a file at its end', () => {
    expect(ending('/usr/bin/cat')).toBe('/usr/bin/cat');
    expect(ending('/usr/lib/x86_64-linux-gnu/libc.so.6')).toBe('…/x86_64-linux-gnu/libc.so.6');
    expect(ending('/usr/lib/python3.11/lib-dynload/_struct.cpython-311-x86_64-linux-gnu.so')).toBe('…_struct.cpython-311-x86_64…');
  });

  test('maps and smaps have each area; settings become a header', async () => {
    const { engine, go, on } = await machine(AREA);
    await go(1);
    const [maps, smaps] = [await engine.ask({ of: 'tell', line: 'maps', pid: 1 }, on), await engine.ask({ of: 'tell', line: 'smaps', pid: 1 }, on)] as [string, string];
    const count = (text: string) => text.split('\n').filter((line) => mapsLine(line)).length;
    expect(count(maps)).toBe(maps.trim().split('\n').length);
    expect(drawn(PfMaps, { text: maps, pid: 1, place: null })).toContain(`/proc/1/maps ${count(maps)} areas`);
    expect(drawn(PfSmaps, { text: smaps, pid: 1, place: null })).toContain(`/proc/1/smaps ${count(smaps)} areas`);
    expect(underOf({ ram: '8M', overcommit: '', mapCount: '100', faultAround: '4096' })).toEqual({ header: '@ram 8M\n@sysctl vm.max_map_count 100\n@sysctl fault_around_bytes 4096', name: 'RAM 8M, max_map_count 100, fault-around 4 KiB' });
  });

  test('a verdict says what was left out, and a dump what it costs', async () => {
    const log = await machine(readFileSync(join(ROOT, 'tests/logs/elided.strace'), 'utf8'));
    const at = await log.go(log.opened.length);
    expect(drawn(PfAccount, { verdict: at.verdict, verdictText: at.verdict!.text, setAside: log.opened.setAside, isLog: true, position: at.position, length: log.opened.length, equalCount: at.verdict!.memoryEqual })).toMatch(/Set aside \d+ lines?, none a memory call/);
    const text = readFileSync(join(ROOT, 'tests/dumps/python3.smaps'), 'utf8');
    const dump = await machine(text);
    expect(drawn(PfDump, { reading: dump.opened.dump, text })).toMatch(/104 areas; .*What they cost, in KiB .*libpython3/);
  });
});
