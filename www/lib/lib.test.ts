import { expect, test } from 'vitest';
import { MADV, MAP, PageFault, PROT, SYS, ScriptError, SyscallError, createMachine, diffDumps, dumpToScript, looksLikeDump, openScript, readDump, decodeText, joinLogs, recogniseText } from './node.ts';

test('the ten lines of the README', async () => {
  const vm = await createMachine({ ram: '64MiB' });
  const p = vm.spawn({ name: 'demo' });
  const a = p.mmap({ length: '16KiB', prot: 'rw', flags: 'private|anonymous' });
  expect(a).toBe(0x7ffff7ff3000n);
  p.store(a, 'hello');
  const child = p.fork();
  child.store(a, 'jello');
  expect(new TextDecoder().decode(p.load(a, 5))).toBe('hello');
  expect(String(p.maps())).toContain('7ffff7ff3000-7ffff7ff7000 rw-p');
  vm.free();
});

test('smaps_rollup and statm, as the kernel prints them', async () => {
  const p = (await createMachine()).spawn();
  const before = p.statm().trim().split(' ').map(Number);
  const a = p.mmap({ length: '16KiB', prot: 'rw', flags: 'private|anonymous' });
  p.store(a, 'one page');
  const [size, resident] = p.statm().trim().split(' ').map(Number);
  expect([size! - before[0]!, resident! - before[1]!]).toEqual([4, 1]);
  expect(p.smapsRollup()).toMatch(/^[0-9a-f-]+ ---p 0{8} 00:00 0 +\[rollup\]\nRss: +\d+ kB\n/);
});

test('pagemap, meminfo and vmstat tell of every page', async () => {
  const vm = await createMachine();
  const p = vm.spawn();
  const a = p.mmap({ length: '16KiB', prot: 'rw', flags: 'private|anonymous' });
  const free = () => Number(/MemFree: +(\d+) kB/.exec(vm.meminfo())![1]);
  const before = free();
  p.store(a + 4096n, 'x');
  const words = p.pagemap(a, 4);
  // Present, mapped only here, on a frame; the others are nothing.
  expect([...words].map((word) => word >> 56n)).toEqual([0n, 0x81n, 0n, 0n]);
  expect(words[1]! & 0xffffffn).toBeGreaterThan(0n);
  expect(before - free()).toBeGreaterThanOrEqual(4);
  expect(vm.vmstat()).toMatch(/^nr_free_pages \d+\n/);
  expect(p.status()).toMatch(/^VmPeak:\t +\d+ kB\n/);
  expect(p.pagemap(0x7fff_ffff_e000n, 4)).toHaveLength(1);
  expect(() => p.pagemap(0, 2 ** 32)).toThrow(RangeError);
});

test('a refusal is a typed error with the reason', async () => {
  const p = (await createMachine()).spawn();
  const refused = () => p.mmap({ length: 4096, offset: 0x201 });
  expect(refused).toThrow(SyscallError);
  try {
    refused();
  } catch (error) {
    expect(error).toMatchObject({ code: 'EINVAL', errno: 22, syscall: 'mmap', why: 'offset 0x201 is not a multiple of the page size' });
  }
  expect(p.syscall(SYS.mmap, 0, 4096, PROT.READ, MAP.PRIVATE | MAP.ANONYMOUS, -1n, 0x201)).toBe(-22n);
});

test('a bad access is a PageFault with signal, code, address and walk', async () => {
  const p = (await createMachine()).spawn();
  const a = p.mmap({ length: 4096, prot: 'r' });
  const store = () => p.store(a, 'x');
  expect(store).toThrow(PageFault);
  try {
    store();
  } catch (error) {
    expect(error).toMatchObject({ signal: 'SIGSEGV', code: 'SEGV_ACCERR', address: a, access: 'write' });
    expect((error as PageFault).walk?.levels.length).toBeGreaterThan(0);
  }
  expect(() => p.load(0x1000, 1)).toThrow(/SEGV_MAPERR/);
});

test('files in memory, advice and residence', async () => {
  const p = (await createMachine()).spawn();
  const fd = p.memfd('shared');
  p.ftruncate(fd, '8KiB');
  const a = p.mmap({ length: '8KiB', fd, flags: 'shared' });
  p.close(fd);
  p.store(a, 'one');
  expect(p.mincore(a, '8KiB')).toEqual([true, false]);
  const b = p.mmap({ length: 4096 });
  p.storeU32(Number(b), 7);
  p.madvise(b, 4096, MADV.DONTNEED);
  expect(p.loadU32(Number(b))).toBe(0);
});

test('a saved machine can be gone back to', async () => {
  const vm = await createMachine();
  const p = vm.spawn();
  const a = p.mmap({ length: 4096 });
  p.store(a, 'before');
  const saved = vm.save();
  p.store(a, 'after!');
  saved.restore();
  expect(new TextDecoder().decode(p.load(a, 6))).toBe('before');
  saved.drop();
  expect(() => saved.restore()).toThrow(/dropped/);
});

test('arguments that cannot be meant are refused before they reach the machine', async () => {
  const p = (await createMachine()).spawn();
  expect(() => p.munmap(2 ** 60, 4096)).toThrow(RangeError);
  expect(() => p.mmap({ length: '16 apples' })).toThrow(/16KiB/);
  expect(() => p.mmap({ length: 4096, flags: 'privat' })).toThrow(/PRIVATE/);
  await expect(createMachine({ ram: '4GiB' })).rejects.toThrow(/2 GiB/);
});

test('a frame leads to every page that shows it', async () => {
  const session = await openScript('a = mmap(NULL, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nstore(a, "x")\nchild = fork()\n');
  session.goTo(3);
  const shared = session.snapshot().frames.find((frame) => frame.kind === 'shared')!;
  const detail = session.frame(shared.pfn)!;
  expect(detail.mapcount).toBe(2);
  expect(detail.mappers.map(({ pid }) => pid)).toEqual([1, 2]);
  expect(detail.mappers[0]!.addr).toBe(detail.mappers[1]!.addr);
  expect(session.meminfo()).toMatch(/^MemTotal: +65536 kB\n/);
  expect(session.snapshot().freeBlocks).toHaveLength(11);
  session.free();
});

test('a script runs forwards and backwards and compares', async () => {
  const script = await openScript('a = mmap(NULL, 4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nload(a) = 0\nstore(a, "x") = SIGSEGV SEGV_ACCERR');
  script.goTo(3);
  expect(script.verdict()).toMatchObject({ equal: true, green: true, compared: 2, leftOut: [], assumed: 0, stopped: null });
  expect(script.explain(2)?.sentence).toMatch(/SIGSEGV/);
  script.goTo(1);
  expect(script.reports()).toHaveLength(1);
  expect(script.snapshot().processes[0]?.vmas.length).toBe(6);
  await expect(openScript('munmap(a 4096)')).rejects.toThrow(ScriptError);
});

test('a text is what stands in it, or what it is said to be', async () => {
  const log = 'brk(NULL)                               = 0x5601aa000000\n[...]\nclose(3)                                = 0\nmprotect(0x7f11000100';
  expect([await recogniseText(log), await recogniseText(MAPS), await recogniseText('a = fork()')]).toEqual(['strace', 'maps', 'script']);
  const session = await openScript(log);
  session.goTo(session.length);
  expect([session.kind, session.isLog]).toEqual(['strace', true]);
  expect(session.verdict()).toMatchObject({ green: false, memoryCalls: 2, memoryEqual: 1, architecture: 'x86-64', leftOut: [{ line: 4, call: 'mprotect' }] });
  expect(session.setAside()).toMatchObject([{ line: 2, text: '[...]', isMemoryCall: false }, { line: 4, isMemoryCall: true }]);
  await expect(openScript(log, { kind: 'script' })).rejects.toThrow(ScriptError);
  await expect(openScript(MAPS, { kind: 'strace' })).rejects.toThrow(/no call in it can be read/);
  expect(await joinLogs([{ name: 'x.8', text: 'brk(NULL) = 0x2000\n' }, { name: 'x.7', text: 'clone(flags=SIGCHLD) = 8\n' }])).toEqual({
    text: '@log unordered\n7 clone(flags=SIGCHLD) = 8\n8 brk(NULL) = 0x2000\n', isOrdered: false,
  });
  expect(await decodeText(new Uint8Array([0xff, 0xfe, 0x61, 0, 0x62, 0]))).toMatch(/ab$/);
});

test('a long script is run in slices, and its reports are had by window', async () => {
  const session = await openScript('a = mmap(NULL, 400K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n' + 'store(a, "x")\n'.repeat(300) + 'munmap(a, 4K) = 1\n');
  expect(session.runSlice(100)).toEqual({ position: 100, length: 302 });
  while (session.runSlice(100).position < session.length);
  expect(session.reportsOf(300, 999).map(({ call }) => call)).toEqual(['store', 'munmap']);
  expect(session.remarks(10)).toMatchObject([[301, { line: 302, differences: [{ field: 'result', expected: '1', found: '0' }] }]]);
  session.rewind(290);
  expect(session.position).toBeLessThanOrEqual(290);
  session.runSlice(290 - session.position);
  expect([session.position, session.remarks(10), session.reportsOf(0, 999).length]).toEqual([290, [], 290]);
  session.free();
});

const MAPS = `$ cat /proc/3701/maps
558800000000-558800001000 r--p 00000000 08:01 1001                       /usr/bin/demo
558800001000-558800003000 r-xp 00001000 08:01 1001                       /usr/bin/demo
558801000000-558801021000 rw-p 00000000 00:00 0                          [heap]
7f1100000000-7f1100020000 rw-p 00000000 00:00 0
7f1100020000-7f1100021000 ---p 00000000 00:00 0
7f1100021000-7f1100041000 rw-p 00000000 00:00 0
7ffd11100000-7ffd11121000 rw-p 00000000 00:00 0                          [stack]
`;

test('a long log is read in slices, with progress, and reading can be stopped', async () => {
  const line = 'mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x';
  const log = `12 brk(NULL) = 0x5601aa000000\n${Array.from({ length: 6000 }, (_, at) => `12 ${line}${(0x7f1100010000 - at * 4096).toString(16)}\n`).join('')}`;
  const told: { position: number; length: number }[] = [];
  const session = await openScript(log, { onProgress: (progress) => told.push(progress) });
  expect(told.length).toBeGreaterThan(2);
  expect(told.map(({ position }) => position)).toEqual(told.map(({ position }) => position).toSorted((a, b) => a - b));
  expect(told.at(-1)).toEqual({ position: 18_003, length: 18_003 });
  const whole = await openScript(log);
  expect([session.kind, session.length, session.setAside()]).toEqual([whole.kind, whole.length, whole.setAside()]);
  const stop = new AbortController();
  await expect(openScript(log, { signal: stop.signal, onProgress: () => stop.abort(new Error('enough')) })).rejects.toThrow('enough');
  // A script is read at once, and its mistakes are told as ever.
  await expect(openScript('mmpa()', { signal: new AbortController().signal })).rejects.toThrow(ScriptError);
  expect((await openScript('getpid()', { onProgress: () => {} })).length).toBe(1);
  await expect(openScript('getpid()', { signal: 5 as never })).rejects.toThrow(/^openScript: signal/);
});

test('maps are read, audited and opened', async () => {
  expect([await looksLikeDump(MAPS), await looksLikeDump('munmap(0, 4K)')]).toEqual([true, false]);
  const { dumps, setAside } = await readDump(MAPS);
  expect(setAside).toEqual([{ line: 1, text: '$ cat /proc/3701/maps', reason: expect.any(String) }]);
  const dump = dumps[0]!;
  expect(dump.areas[1]).toMatchObject({ start: '558800001000', perms: 'r-xp', offset: '1000', ino: '1001', line: 3, flags: null });
  expect(dump.audit).toMatchObject({ areas: 7, limit: 65530, guards: { count: 1, saves: 2 } });
  expect(dump.audit.boundaries[0]).toMatchObject({ left: 0, at: '558800001000', kind: 'permission', reasons: [expect.stringContaining('ex')] });
  expect([dump.costs.counted, dump.costs.total.size]).toEqual([false, 12 + 132 + 256 + 4 + 132]);
  const session = await openScript(dump.header);
  expect([session.length, session.snapshot().processes[0]!.vmas.map((vma) => vma.start)]).toEqual([0, dump.areas.map((area) => area.start)]);
});

test('dumps become scripts, and two of them calls', async () => {
  const script = (await dumpToScript(MAPS))!;
  const session = await openScript(script);
  session.goTo(session.length);
  expect(session.maps(1)).toContain('7f1100020000-7f1100021000 ---p');
  const changes = (await diffDumps(MAPS, MAPS.replace('00020000-7f1100021000 ---p', '00020000-7f1100021000 r--p')))!;
  expect(changes).toMatchObject({ calls: [{ call: 'mprotect(0x7f1100020000, 4096, PROT_READ)' }], unexplained: [], twoProcesses: false });
  expect([await diffDumps(MAPS), await dumpToScript('nothing')]).toEqual([null, null]);
});
