/** Sentences by what happened; the faults of the audit that were about words, each by its number. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Fact, StepFacts } from './facts.ts';
import { openScript } from './node.ts';
import { sentence } from './tell.ts';
import { PASSED } from './texts/en-checks.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const AREA = 'mmap(0x10000000, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n';

/** Every step of a script, explained. */
async function steps(script: string) {
  const session = await openScript(script);
  session.goTo(session.length);
  const told = session.reports().map((_, i) => session.explain(i)!);
  session.free();
  return told;
}

const last = async (script: string) => (await steps(script)).at(-1)!;
const step = (facts: readonly Fact[], more: Partial<StepFacts> = {}): StepFacts => ({
  pid: 1, call: 'mmap', result: '0', ending: 'ok', errno: null, signal: null, why: null, handled: 0, counted: null, faults: [0, 0], lived: true, accessed: false, facts, dropped: 0, ...more,
});

test('a sentence is a pure function of facts', () => {
  expect(sentence(step([]))).toBe('mmap returned 0. Nothing changed.');
  expect(sentence(step([{ kind: 'tlbFlushed' }]))).toBe('mmap returned 0. No area and no page changed.');
  expect(sentence(step([], { ending: 'error', errno: 'EINVAL', why: 'the length is 0' }))).toBe('Refused with EINVAL: the length is 0.');
  expect(sentence(step([], { lived: false }))).toBe('Process 1 has ended before: nothing was run.');
  expect(sentence(step([], { accessed: true, call: 'load' }))).toBe('The TLB knew the page: no walk, no fault.');
  const split: Fact = { kind: 'areaSplit', pid: 1, from: { start: '1000', end: '9000' }, into: [] };
  expect(sentence(step([split, { kind: 'areaCount', pid: 1, from: 6, to: 3000 }], { dropped: 5 }))).toBe('Process 1 has 3,000 areas now, 6 before. More happened than is kept: 5 events are left out.');
});

test('what madvise takes away is told (fault 1)', async () => {
  const told = await last(`${AREA}touch_write(0x10000000, 4)\nmadvise(0x10000000, 16K, MADV_DONTNEED)`);
  expect(told.sentence).toBe('4 pages of process 1 are not present any more; the area stays, and the next touch faults.');
  expect(told.changes.map(({ text }) => text)).toContain('4 pages 10000000–10004000');
});

test('the MMU is spoken of only where the program accessed memory (fault 2)', async () => {
  const told = await steps('fd = openat(AT_FDCWD, "/tmp/new", O_RDWR|O_CREAT, 0600)\nclose(fd)\non SIGSEGV getpid()\ngetpid()\nload(0x1000) = SIGSEGV\nexit(0)\ngetpid()');
  for (const { sentence: said } of told) expect(said).not.toMatch(/TLB|MMU/);
  expect(told.at(-1)!.sentence).toMatch(/has ended before/);
});

test('a success is not told as a refusal (fault 3)', async () => {
  const told = await last('brk(NULL)');
  expect(told.sentence).not.toMatch(/efused/);
  expect((await last('brk(0x1000)')).sentence).not.toMatch(/efused/);
});

test('populate, mlock, a file that grows and a merge are told as what they are (fault 4)', async () => {
  const populated = (await last('mmap(0x10000000, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED|MAP_POPULATE, -1, 0)')).sentence;
  expect(populated).toContain('has a new area, 10000000–10004000 (rw-p): private anonymous memory.');
  expect(populated).toContain('4 pages of process 1 are present now.');
  expect(populated).not.toMatch(/touched|first time/);
  const locked = (await last(`${AREA}mlock(0x10000000, 8K)`)).sentence;
  expect(locked).toContain('2 pages of process 1 are locked in memory now.');
  expect(locked).not.toMatch(/touched/);
  expect((await last('fd = memfd_create("m", 0)\nftruncate(fd, 8K)')).sentence).toMatch(/is 8 KiB long now, 0 bytes before/);
  const unlocked = (await last(`${AREA}mlock(0x10000000, 8K)\nmunlock(0x10000000, 8K)`)).sentence;
  expect(unlocked).toMatch(/^.*The areas [0-9a-f]+–[0-9a-f]+, [0-9a-f]+–[0-9a-f]+ of process 1 are one area now/);
  expect(unlocked).not.toContain('No page is present');
});

test('areas that became one are named, and what was mapped between them', async () => {
  const map = (at: string) => `mmap(${at}, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n`;
  const filled = await last(map('0x20000000') + map('0x20002000') + map('0x20001000'));
  expect(filled.sentence).toBe('The areas 20000000–20001000, 20002000–20003000 of process 1 and the new one 20001000–20002000 are one area now, 20000000–20003000.');
  const protectedAgain = await last(`${map('0x20000000')}mprotect(0x20000000, 4K, PROT_READ)\n${map('0x20001000')}mprotect(0x20000000, 4K, PROT_READ|PROT_WRITE)`);
  expect(protectedAgain.sentence).toContain('The areas 20000000–20001000, 20001000–20002000 of process 1 are one area now');
});

test('a signal that nothing handles is fatal, and what comes after is not run (fault 32)', async () => {
  const [fatal, after] = await steps('load(0x1234)\ngetpid()');
  expect(fatal!.sentence).toBe('Process 1 gets SIGSEGV: no VMA covers 0x1234. Nothing handles it, so it is fatal: process 1 died.');
  expect(after!.sentence).toBe('Process 1 has ended before: nothing was run.');
  expect((await last('load(0x1234) = SIGSEGV')).sentence).toMatch(/the process lives on/);
  expect((await last('on SIGSEGV mmap(si_addr & -4096, 4K, 3, 0x32, -1, 0)\ntouch_write(0x20000000, 3)')).sentence).toMatch(/SIGSEGV 3 times, the first time because no VMA covers/);
});

test('each change names its process and its place (fault 40)', async () => {
  const { changes } = await last(`${AREA}touch_write(0x10000000, 4)\nfork()`);
  const places = changes.filter(({ fact }) => /^(area|page)/.test(fact.kind));
  expect(places.length).toBeGreaterThan(5);
  for (const { pid, text } of places) expect([pid === 1 || pid === 2, text]).toEqual([true, expect.stringMatching(/[0-9a-f]{6}/)]);
  expect(new Set(changes.map(({ pid, text }) => `${pid} ${text}`)).size).toBe(changes.length);
});

test('checks that passed say what they have made sure of (fault 41)', async () => {
  const { tree } = await last(`${AREA}mprotect(0x10000000, 4K, PROT_NONE)`);
  const passed = tree.filter(({ kind }) => kind === 'passed').map(({ text }) => text);
  expect(passed).toContain('no protection bit is unknown');
  expect(passed).toContain('the address 0x10000000 is a multiple of the page size');
  for (const text of passed) expect(text).not.toMatch(/not known|never/);
});

test('every check of the core has its words (fault 41)', () => {
  const sources = readdirSync(join(ROOT, 'crate/src'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.rs'));
  const names = new Set<string>();
  for (const name of sources) {
    const text = readFileSync(join(ROOT, 'crate/src', name), 'utf8');
    for (const [, why] of text.matchAll(/require\([^;]*?\|\| Why::(\w+)/g)) names.add(why!);
  }
  expect(names.size).toBeGreaterThan(50);
  expect([...names].filter((name) => !(name in PASSED))).toEqual([]);
});

test('a page table says whose it is (fault 42)', async () => {
  const session = await openScript(`${AREA}store(0x10000000, 1)`);
  session.goTo(2);
  const table = session.snapshot().frames.find(({ kind }) => kind === 'table')!;
  expect(session.frame(table.pfn)!.owner).toMatch(/^page table, level \d \(P\w\w\) of process 1$/);
  session.free();
});

test('error codes, operations and numbers are said in words (fault 43)', async () => {
  const touched = await last(`${AREA}store(0x10000000, 1)`);
  expect(touched.tree.find(({ kind }) => kind === 'fault')).toMatchObject({ text: '#PF at 0x10000000', note: 'a write by the program: there is no entry' });
  expect(touched.sentence).toBe('Process 1 touched this page for the first time: the kernel took a frame, cleared it and mapped it.');
  expect(touched.changes.map(({ text }) => text)).toContain('1 page 10000000–10001000: private memory');
  const apart = await last(`${AREA}mmap(0x10004000, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED|MAP_NORESERVE, -1, 0)`);
  expect(apart.tree.find(({ kind }) => kind === 'apart')!.note).toBe('only one of them is counted as promised memory, without reserve (MAP_NORESERVE)');
  const mapped = await last('fd = memfd_create("m", 0)\nftruncate(fd, 8K)\nmmap(NULL, 8K, PROT_READ, MAP_SHARED, fd, 0)');
  expect(mapped.sentence).toMatch(/a shared mapping of the file in memory m\./);
});

test('who runs in the address space of another is a thread or a process', async () => {
  const thread = await last('clone(CLONE_VM|CLONE_SIGHAND|CLONE_THREAD, 0)');
  expect([thread.sentence, thread.changes[0]!.text]).toEqual(['A thread of process 1 is new, numbered 2: it runs in the same address space.', 'thread, numbered 2']);
  const process = await last('vfork()');
  expect([process.sentence, process.changes[0]!.text]).toEqual(['Process 2 is new, and runs in the address space of process 1: what one writes the other sees.', 'process 2, in the address space of process 1']);
});

test('a handler is told with its signal, and that none is there any more', async () => {
  const [set, gone] = await steps('on SIGSEGV getpid(); getpid()\non SIGSEGV default\n');
  expect(set!.sentence).toBe('From now on these calls are made when SIGSEGV comes to process 1.');
  expect(gone!.sentence).toBe('From now on nothing handles SIGSEGV in process 1: it ends it.');
});

test('pages that may not be accessed at all are not called read-only', async () => {
  const sealed = 'and may not be accessed at all: the next access faults.';
  expect((await last(`${AREA}store(0x10000000, 1)\nmprotect(0x10000000, 4K, PROT_NONE)`)).sentence).toContain(`1 page of process 1 keeps its frame ${sealed}`);
  const [, , , read, none, again] = await steps(`${AREA}touch_write(0x10000000, 2)\nmprotect(0x10000000, 8K, PROT_READ)\nmprotect(0x10000000, 8K, PROT_READ)\nmprotect(0x10000000, 8K, PROT_NONE)\nmprotect(0x10000000, 8K, PROT_READ)`);
  expect(read!.sentence).not.toContain('read-only');
  expect(none!.sentence).toContain(`2 pages of process 1 keep their frames ${sealed}`);
  expect(again!.sentence).toContain('2 pages of process 1 may be accessed again.');
});

test('shared memory is not called a file (fault 38)', async () => {
  const told = await last('mmap(0x10000000, 16K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\nstore(0x10000000, 1)');
  expect(told.sentence).toMatch(/^Process 1 touched shared memory: its page/);
  expect(told.changes.map(({ text }) => text)).toContain('1 page 10000000–10001000: shared memory');
});

test('what cannot be seen in areas and pages is not called nothing', async () => {
  expect((await last('mlockall(MCL_FUTURE)')).sentence).toBe('What process 1 maps from now on is locked in memory, and present at once.');
  expect((await last('mlockall(MCL_FUTURE)\nmunlockall()')).sentence).toBe('What process 1 maps from now on is not locked any more.');
  expect((await last('fd = open("/tmp/x", O_RDWR|O_CREAT, 0600)\nunlink("/tmp/x")')).sentence).toBe('The name is gone. Who has the file open, or maps it, keeps it.');
  expect((await last('fork()\n[2] exit(0)\nwait4(-1, 0, 0, 0)')).sentence).toBe('Process 2 had ended: now its number is free, too.');
  expect((await last('prctl(PR_SET_NAME, "x")')).sentence).toBe('prctl returned 0. No area and no page changed.');
});

test('RAM that runs out is told: by who fills it, and by who pays for it', async () => {
  const fill = '@ram 64M\nmmap(0x10000000, 100M, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED|MAP_POPULATE|MAP_NORESERVE, -1, 0)\n';
  const full = await last(fill);
  expect(full.sentence).toContain('has a new area, 10000000–16400000 (rw-p)');
  expect(full.sentence).toContain('No frame of RAM is free any more.');
  const paid = await last(`${fill}mmap(0x20000000, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\nstore(0x20000000, 1)\n`);
  expect(paid.sentence).toContain('SIGKILL');
  expect(paid.sentence).not.toMatch(/Nothing handles/);
});

test('the call tree of fork says of which areas pages are copied (fault 40)', async () => {
  const { tree } = await last(`${AREA}store(0x10000000, 1)\nfork()`);
  expect(tree.filter(({ text }) => text.startsWith('copy_page_range')).map(({ note }) => note)).toContain('of 10000000-10004000');
});
