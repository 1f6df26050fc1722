/** Every system call as a method, against the core's own table; the rest of what a process and a machine can do. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as api from './node.ts';
import { type Machine, type Process, IPC, MachineStopped, OutOfMemory, PageFault, ProcessGone, RLIM_INFINITY, Refusal, SYS, SyscallError, createMachine, explain, isRefusal, memoryUsed, openScript } from './node.ts';

/** The method of each call, made so that it works or is refused by the kernel. */
const METHODS: Readonly<Record<keyof typeof SYS, (p: Process, a: bigint, fd: number) => unknown>> = {
  read: (p, _, fd) => p.read(fd, 1), write: (p, _, fd) => p.write(fd, 'x'), open: (p) => p.open('/data'), close: (p, _, fd) => p.close(fd),
  stat: (p) => p.syscall(SYS.stat, 1, 0), fstat: (p, a, fd) => p.syscall(SYS.fstat, fd, a), newfstatat: (p, a, fd) => p.syscall(SYS.newfstatat, fd, 0, a, 0x1000), statx: (p, a, fd) => p.syscall(SYS.statx, fd, 0, 0x1000, 0, a),
  readv: (p, a, fd) => p.syscall(SYS.readv, fd, a, 1), writev: (p, a, fd) => p.syscall(SYS.writev, fd, a, 1), preadv: (p, a, fd) => p.syscall(SYS.preadv, fd, a, 1), pwritev: (p, a, fd) => p.syscall(SYS.pwritev, fd, a, 1),
  fadvise64: (p, _, fd) => p.syscall(SYS.fadvise64, fd, 0, 0, 0), pipe2: (p, a) => p.syscall(SYS.pipe2, a, 0), eventfd2: (p) => p.syscall(SYS.eventfd2, 0, 0), timerfd_create: (p) => p.syscall(SYS.timerfd_create, 0, 0),
  socket: (p) => p.syscall(SYS.socket, 1, 1, 0), socketpair: (p, a) => p.syscall(SYS.socketpair, 1, 1, 0, a),
  lseek: (p, _, fd) => p.syscall(SYS.lseek, fd, 0, 0),
  mmap: (p) => p.mmap({ length: 4096 }), mprotect: (p, a) => p.mprotect(a, 4096, 'r'), munmap: (p, a) => p.munmap(a, 4096), brk: (p) => p.brk(),
  ioctl: (p, a, fd) => p.ioctl(fd, 'pagemap_scan', a), pread64: (p, _, fd) => p.pread(fd, 1, 0), pwrite64: (p, _, fd) => p.pwrite(fd, 'x', 0),
  mremap: (p, a) => p.mremap(a, 4096, 4096), msync: (p, a) => p.msync(a, 4096), mincore: (p, a) => p.mincore(a, 4096), madvise: (p, a) => p.madvise(a, 4096, 'dontneed'),
  shmget: (p) => p.shmget(IPC.PRIVATE, 4096), shmat: (p) => p.shmat(0), shmctl: (p) => p.shmctl(0, 'stat'), dup: (p, _, fd) => p.dup(fd), dup2: (p, _, fd) => p.dup2(fd, 9),
  getpid: (p) => p.getpid(), clone: (p) => p.clone('vm'), fork: (p) => p.fork(), vfork: (p) => p.vfork(), execve: (p) => p.execve(), exit: (p) => p.exit(), wait4: (p) => p.wait(),
  shmdt: (p, a) => p.shmdt(a), fcntl: (p, _, fd) => p.fcntl(fd, 'getfl'), fsync: (p, _, fd) => p.fsync(fd), fdatasync: (p, _, fd) => p.fdatasync(fd),
  truncate: (p) => p.truncate('/data', 5), ftruncate: (p, _, fd) => p.ftruncate(fd, 5), creat: (p) => p.creat('/new'), unlink: (p) => p.unlink('/data'),
  chmod: (p) => p.chmod('/data', 0o600), fchmod: (p, _, fd) => p.fchmod(fd, 0o600), personality: (p) => p.personality(), mlock: (p, a) => p.mlock(a, 4096),
  munlock: (p, a) => p.munlock(a, 4096), mlockall: (p) => p.mlockall('current'), munlockall: (p) => p.munlockall(), prctl: (p) => p.prctl('get_mdwe'),
  setrlimit: (p) => p.setrlimit('AS', RLIM_INFINITY), sync: (p) => p.sync(), remap_file_pages: (p, a) => p.remapFilePages(a, 4096, 0, 0), exit_group: (p) => p.exit(3),
  openat: (p) => p.openat(api.AT_FDCWD, '/data'), unlinkat: (p) => p.unlinkat(api.AT_FDCWD, '/data'), fallocate: (p, _, fd) => p.fallocate(fd, 'keep_size', 0, 4096),
  dup3: (p, _, fd) => p.dup3(fd, 9, 'cloexec'), prlimit64: (p) => p.prlimit('NOFILE'), process_vm_readv: (p, a) => p.processVmReadv(p.pid, [{ addr: a, length: 1 }], [{ addr: a, length: 1 }]),
  process_vm_writev: (p, a) => p.processVmWritev(p.pid, [{ addr: a, length: 1 }], [{ addr: a, length: 1 }]), memfd_create: (p) => p.memfdCreate('m'),
  mlock2: (p, a) => p.mlock(a, 4096, 'onfault'), pkey_mprotect: (p, a) => p.pkeyMprotect(a, 4096, 'r', 0), pkey_alloc: (p) => p.pkeyAlloc(), pkey_free: (p) => p.pkeyFree(0),
  pidfd_open: (p) => p.pidfdOpen(p.pid), process_madvise: (p, a) => p.processMadvise(p.pidfdOpen(p.pid), [{ addr: a, length: 4096 }], 'willneed'),
  memfd_secret: (p) => p.memfdSecret(), mseal: (p, a) => p.mseal(a, 4096),
};

async function fresh(options: NonNullable<Parameters<typeof createMachine>[0]> = {}): Promise<[Machine, Process]> {
  const vm = await createMachine({ ram: '4MiB', files: [{ path: '/data', content: 'data' }], ...options });
  return [vm, vm.spawn()];
}

test('the calls are those of the core, each with its number and a method', async () => {
  const [vm] = await fresh();
  const core = Object.fromEntries(vm._state.instance.glue.systemCalls().split(' ').map((each) => each.split('=')).map(([name, number]) => [name, Number(number)]));
  expect(Object.keys(core).sort()).toEqual(Object.keys(SYS).sort());
  expect(core).toEqual(SYS);
  expect(Object.keys(METHODS).sort()).toEqual(Object.keys(SYS).sort());
});

test('each method makes its call, and no other', async () => {
  const made: string[] = [];
  for (const [name, call] of Object.entries(METHODS)) {
    const [vm, p] = await fresh();
    const a = p.mmap({ length: 8192 });
    const fd = p.open('/data', 'rdwr');
    const calls: string[] = [];
    const end = vm.on('call', (event) => calls.push(event.call));
    try {
      call(p, a, fd);
    } catch (error) {
      expect(error, name).toBeInstanceOf(SyscallError);
      expect((error as SyscallError).errno, name).not.toBe(38);
    }
    end();
    made.push(calls.at(-1)!);
    vm.free();
  }
  expect(made).toEqual(Object.keys(METHODS).map((name) => (name === 'exit' ? 'exit_group' : name)));
});

test('constants are those of the core', () => {
  const text = readFileSync(new URL('../../crate/src/settings/constants.rs', import.meta.url), 'utf8');
  const value = (of: string) => (of === 'u64::MAX' ? RLIM_INFINITY : Number(of.includes('<<') ? of.split('<<').map(Number).reduce((x, y) => x * 2 ** y) : of.replaceAll('_', '').replace(/i64.*/, '')));
  const wanted = [...text.matchAll(/\("(\w+)", \(?([^)]+?)\)?(?: as u64)?\),/g)].map(([, name, of]) => [name!, value(of!.trim())] as const);
  expect(wanted.length).toBeGreaterThan(150);
  const groups = api as unknown as Record<string, Record<string, number>>;
  const missing = wanted.filter(([name, number]) => {
    if (['NULL', 'SIGCHLD', 'RLIM64_INFINITY'].includes(name) || /^(PAGE_IS|PM_SCAN|PROCMAP_QUERY_)/.test(name)) return false;
    if (groups[name] !== undefined) return groups[name] as unknown !== number;
    const parts = { WNOHANG: groups.W!.NOHANG, PAGEMAP_SCAN: groups.IOCTL!.PAGEMAP_SCAN, PROCMAP_QUERY: groups.IOCTL!.PROCMAP_QUERY }[name] ?? groups.PERSONALITY![name.replace('PER_', '')];
    const [, head, rest] = /^([A-Z]+?)(?:_FL)?_(\w+)$/.exec(name) ?? [];
    return (parts ?? groups[head!]?.[rest!]) !== number;
  });
  expect(missing).toEqual([]);
});

test('a segment is given away with the structure that was read', async () => {
  const [, p] = await fresh();
  const id = p.shmget(IPC.PRIVATE, 16384);
  const { output } = p.shmctl(id, 'stat');
  const words = new DataView(output.buffer, output.byteOffset);
  expect([output.length, words.getUint32(20, true), words.getUint32(80, true)]).toEqual([112, 0o600, p.pid]);
  words.setUint32(4, 1000, true);
  words.setUint32(20, 0o640, true);
  expect(p.shmctl(id, 'set', output).result).toBe(0);
  const now = p.shmctl(id, 'shm_stat').output;
  expect([now[4], now[5], now[20], now[21]]).toEqual([0xe8, 0x03, 0xa0, 0x01]);
  expect([p.shmctl(0, 'info').output.length, p.shmctl(0, 'shm_info').output.length]).toEqual([72, 48]);
  expect(p.try.shmctl(id, 'set')).toMatchObject({ code: 'EFAULT' });
});

test('what try gives is the value or the refusal', async () => {
  const [, p] = await fresh();
  const refused = p.try.mmap({ length: 4096, offset: 0x201 });
  expect(refused).toBeInstanceOf(Refusal);
  expect(refused).toMatchObject({ code: 'EINVAL', errno: 22, syscall: 'mmap', why: 'offset 0x201 is not a multiple of the page size' });
  const a = p.try.mmap({ length: 4096 });
  expect(isRefusal(a)).toBe(false);
  expect(p.try.load(0x1000, 1)).toMatchObject({ code: 'SIGSEGV', why: 'SEGV_MAPERR at 0x1000' });
  expect(() => p.try.mmap({ length: -1 })).toThrow(RangeError);
  expect(() => p.munmap(1, 4096)).toThrow(SyscallError);
});

test('words of every width, floats, texts, ranges', async () => {
  const [vm, p] = await fresh();
  const a = p.mmap({ length: 16384 });
  p.storeU64(a, 0xfedc_ba98_7654_3210n);
  expect([p.loadU8(a), p.loadI8(a + 7n), p.loadU16(a + 2n), p.loadI16(a + 6n), p.loadU32(a + 4n), p.loadI32(a + 4n), p.loadU64(a), p.loadI64(a)]).toEqual([
    0x10, -2, 0x7654, -292, 0xfedc_ba98, 0xfedc_ba98 | 0, 0xfedc_ba98_7654_3210n, BigInt.asIntN(64, 0xfedc_ba98_7654_3210n),
  ]);
  for (const at of [a, a + 4091n, a + 4095n]) {
    p.storeF64(at, -1.5e300);
    expect(p.loadF64(at)).toBe(-1.5e300);
    p.storeF32(at, 0.5);
    expect(p.loadF32(at)).toBe(0.5);
    p.storeU8(at, -1);
    p.storeU16(at + 1n, 0x1234);
    expect([p.loadU8(at), p.loadU16(at + 1n)]).toEqual([255, 0x1234]);
    p.storeU64(at, -2);
    expect(p.loadI64(at)).toBe(-2n);
  }
  expect(p.storeCString(a + 4090n, 'grüße, welt')).toBe(14);
  expect(p.loadCString(a + 4090n)).toBe('grüße, welt');
  p.fill(a, 5000, 0x41);
  expect(p.compare(a, a + 100n, 4900)).toBe(0);
  expect(p.compare(a, a + 101n, 4900)).toBeGreaterThan(0);
  p.store(a, 'abcdef');
  p.copy(a + 2n, a, 6);
  expect(new TextDecoder().decode(p.load(a, 8))).toBe('ababcdef');
  p.copy(a, a + 2n, 6);
  expect(new TextDecoder().decode(p.load(a, 6))).toBe('abcdef');
  // A text that ends at the end of its mapping is read to its NUL only.
  p.munmap(a + 8192n, 8192);
  p.storeCString(a + 8187n, 'last');
  expect(p.loadCString(a + 8187n)).toBe('last');
  expect(() => p.loadCString(a, 10)).toThrow(/no NUL within 10 bytes/);
  for (const call of [() => p.storeU8(a, 256), () => p.storeU16(a, -0x8001), () => p.storeU64(a, 1n << 64n), () => p.storeF64(a, '1' as never), () => p.fill(a, 1, 256)]) expect(call).toThrow(RangeError.prototype.constructor === RangeError ? /^(store|fill)/ : undefined);
  vm.free();
});

test('a cursor loads and stores without throwing', async () => {
  const [, p] = await fresh();
  const a = Number(p.mmap({ length: 8192 }));
  const [c, child] = [p.cursor(), p.fork()];
  expect([c.store32(a, 0xdead_beef), c.store8(a + 4, 0x101), c.store16(a + 6, 0x1_2345), c.store64(a + 8, 0x1111_1111, 0x2222_2222)]).toEqual([true, true, true, true]);
  expect([c.load32(a), c.load8(a + 4), c.load16(a + 6), c.load64(a + 8), c.high, c.at(0x7fff, 0x1000)]).toEqual([0xdead_beef, 1, 0x2345, 0x1111_1111, 0x2222_2222, 0x7fff_0000_1000]);
  p.storeF64(a + 16, Math.PI);
  expect(c.loadF64(a + 16)).toBe(Math.PI);
  // Each of two processes sees its own.
  const other = child.cursor();
  expect([other.load32(a), c.load32(a)]).toEqual([0, 0xdead_beef]);
  other.store32(a, 7);
  expect([c.load32(a), other.load32(a), p.loadU32(a)]).toEqual([0xdead_beef, 7, 0xdead_beef]);
  expect(c.fault).toBe(null);
  expect([c.load32(0x1000), c.store8(0x1000, 1), c.load64(0x1000), c.fetch(a)]).toEqual([NaN, false, NaN, false]);
  expect(c.fault).toBeInstanceOf(PageFault);
  expect((c.fault as PageFault).code).toBe('SEGV_ACCERR');
  expect(c.fetch(0x40_0000)).toBe(true);
  child.exit();
  expect(() => other.load32(a)).toThrow(ProcessGone);
});

test('traces run in bulk', async () => {
  const [vm, p] = await fresh();
  const a = p.mmap({ length: '1MiB' });
  const doubles = Float64Array.from({ length: 100_000 }, (_, i) => Number(a) + ((i * 64) & 0xf_ffff));
  expect(p.run(doubles, { access: 'write' })).toEqual({ done: 100_000, signal: null, why: null });
  expect(p.stats().rss).toBeGreaterThanOrEqual(256);
  expect(p.run(BigUint64Array.from(doubles, BigInt)).done).toBe(100_000);
  const stopped = p.run(new BigUint64Array([a, a, a]), { kinds: new Uint8Array([0, 1, 2]) });
  expect(stopped).toMatchObject({ done: 2, signal: { signal: 'SIGSEGV', code: 'SEGV_ACCERR', address: a, access: 'execute' } });
  for (const bad of [NaN, 0.5, -1, 2 ** 53]) expect(() => p.run(new Float64Array([0x40_0000, bad]))).toThrow(/^run: addresses\[1\]/);
  for (const bad of [[1], null, new Uint32Array(1)]) expect(() => p.run(bad as never)).toThrow(TypeError);
  vm.free();
});

test('handlers answer signals, children inherit them, and one that mends nothing is not asked for ever', async () => {
  const [, p] = await fresh();
  const a = p.mmap({ length: 65536, prot: 'none' });
  const seen: bigint[] = [];
  p.onSignal('SIGSEGV', ({ address }) => {
    seen.push(address);
    p.mprotect(address & ~4095n, 4096, 'rw');
  });
  p.store(a + 10n, new Uint8Array(10_000).fill(3));
  expect(seen).toEqual([a + 10n, a + 4096n, a + 8192n]);
  expect(p.loadU64(a + 4090n)).toBe(0x0303_0303_0303_0303n);
  p.storeU64(a + 16384n, 0x1122_3344_5566_7788n);
  expect(p.loadU64(a + 16384n)).toBe(0x1122_3344_5566_7788n);
  expect(p.run(new BigUint64Array([a + 20480n]), { access: 'write' }).done).toBe(1);
  expect(p.cursor().store32(Number(a + 24576n), 5)).toBe(true);
  let asked = 0;
  const child = p.fork();
  child.onSignal('SIGSEGV', () => { asked++; });
  expect(() => child.loadU8(0x1000)).toThrow(PageFault);
  expect(asked).toBe(64);
  child.onSignal('SIGSEGV', () => false);
  expect(() => child.load(0x1000, 1)).toThrow(PageFault);
  p.onSignal('SIGSEGV', null);
  expect(() => p.load(a + 40960n, 1)).toThrow(PageFault);
});

test('calls, faults and signals are told of, by listener and by iterator', async () => {
  const [vm, p] = await fresh();
  const a = p.mmap({ length: 8192 });
  const stop = new AbortController();
  const stream = vm.events({ signal: stop.signal });
  const faults: bigint[] = [];
  const end = p.on('fault', (event) => faults.push(event.address));
  p.store(a, 'x');
  p.storeU8(a + 4096n, 1);
  p.try.load(0x1000, 1);
  p.try.munmap(1n, 1);
  end();
  p.store(a, 'y');
  expect(faults).toEqual([a, a + 4096n, 0x1000n]);
  const told = [];
  for await (const event of stream) {
    told.push(event);
    if (told.length === 5) break;
  }
  expect(told.map((event) => event.type)).toEqual(['fault', 'fault', 'fault', 'signal', 'call']);
  expect(told[4]).toMatchObject({ call: 'munmap', number: 11, result: -22n, errno: 'EINVAL' });
  stop.abort();
  expect(vm._state.watch).toBe(null);
  // A listener may call anything.
  const off = vm.on('call', (event) => { if (event.call === 'fork') p.mmap({ length: 4096 }); });
  const child = p.fork();
  expect([child.alive, child.pid]).toEqual([true, p.pid + 1]);
  off();
  const fd = p.open('/data');
  const disturb = () => { p.getpid(); p.loadU64(a); p.try.munmap(1n, 1); };
  const ends = [vm.on('fault', disturb), vm.on('signal', disturb)];
  let depth = 0;
  ends.push(vm.on('call', () => { if (depth++ === 0) disturb(); depth--; }));
  expect(new TextDecoder().decode(p.read(fd, 4))).toBe('data');
  expect(() => p.close(99)).toThrow(/close: EBADF/);
  p.madvise(a, 8192, 'dontneed');
  p.storeU64(a + 4096n, 0x0102_0304_0506_0708n);
  expect(p.loadU64(a + 4096n)).toBe(0x0102_0304_0506_0708n);
  expect(() => p.load(0x1000, 1)).toThrow(/SEGV_MAPERR/);
  for (const each of ends) each();
});

test('watched ranges tell of loads and stores', async () => {
  const [, p] = await fresh();
  const a = p.mmap({ length: 8192 });
  const hits: string[] = [];
  const end = p.watch({ addr: a + 100n, length: 8, access: 'rw' }, ({ access, address, length }) => hits.push(`${access} ${address - a} ${length}`));
  p.store(a, new Uint8Array(50));
  p.store(a + 90n, new Uint8Array(50));
  p.storeU32(a + 104n, 1);
  p.loadU64(a + 96n);
  p.loadU8(a + 108n);
  end();
  p.storeU8(a + 100n, 1);
  expect(hits).toEqual(['write 90 50', 'write 104 4', 'read 96 8']);
});

test('any call or access is explained', async () => {
  const [vm, p] = await fresh();
  const mapped = explain(p, () => p.mmap({ length: 8192 }));
  expect(mapped.steps).toHaveLength(1);
  expect(mapped.steps[0]!.sentence).toMatch(/new area/);
  expect(mapped.steps[0]!.tree.some(({ text }) => text === 'do_mmap')).toBe(true);
  const stored = explain(p, () => p.store(mapped.value!, 'x'));
  expect(stored.steps[0]!.changes.length).toBeGreaterThan(0);
  expect(stored.steps[0]!.sentence).toMatch(/first time/);
  const refused = explain(p, () => p.mmap({ length: 0 }));
  expect(refused.error).toBeInstanceOf(SyscallError);
  expect(refused.steps[0]!.sentence).toMatch(/EINVAL/);
  const bad = explain(p, () => p.load(0x1000, 1));
  expect(bad.steps[0]!.sentence).toMatch(/SIGSEGV/);
  const both = explain(vm, () => p.fork().store(mapped.value!, 'y'));
  expect(both.steps.map(({ step }) => step.call)).toEqual(['fork', 'store']);
  expect(() => explain(p, () => p.mmap({ length: NaN }))).toThrow(RangeError);
  expect(vm._state.watch).toBe(null);
});

test('what /proc prints is data, frozen, and prints itself', async () => {
  const [vm, p] = await fresh();
  const a = p.mmap({ length: 8192 });
  p.store(a, 'x');
  const maps = p.maps();
  expect(maps.find(({ start }) => start === a)).toEqual({ start: a, end: a + 8192n, perms: 'rw-p', offset: 0n, dev: '00:00', inode: 0n, name: '' });
  expect(String(maps)).toMatch(/^00400000-00401000 r-xp/);
  expect(p.smaps().find(({ start }) => start === a)).toMatchObject({ kB: { Size: 8, Rss: 4, Private_Dirty: 4 }, flags: expect.arrayContaining(['rd', 'wr']) });
  expect(String(p.smaps())).toContain('VmFlags: rd wr');
  expect(p.stats()).toMatchObject({ areas: maps.length, kB: { VmRSS: expect.any(Number) } });
  expect(p.vmas().find((vma) => vma.start === a.toString(16))).toMatchObject({ pages: 2, presentCount: 1 });
  expect(vm.frames().length).toBeGreaterThan(0);
  const pfn = Number(p.pagemap(a, 1)[0]! & 0xffff_ffffn);
  expect(vm.frame(pfn)).toMatchObject({ pfn, mappers: [{ pid: p.pid, addr: a.toString(16) }] });
  expect(vm.frame(0xffff_ffff)).toBe(null);
  p.loadU8(a);
  expect(vm.tlb().some(({ addr }) => addr === a.toString(16))).toBe(true);
  expect(vm.stats().totalFrames).toBe(1024);
  expect(String(p.walk(a))).toMatch(/^PGD\[\d+\]/);
  for (const data of [maps, maps[0], p.smaps()[0]!.kB, p.vmas()[0], vm.frames()[0], vm.tlb(), p.walk(a), p.walk(a)!.levels, vm.stats()]) expect(Object.isFrozen(data)).toBe(true);
});

test('machines and processes are made from every setting that a script has', async () => {
  const [vm, p] = await fresh({
    swap: '1GiB', memTotal: '2GiB', lsmMmapMinAddr: 0, pid: 77, sysctl: { 'vm.overcommit_ratio': 80, read_ahead_kb: 128 }, config: { PKU: true, ANON_VMA_NAME: true },
    files: [{ path: '/bin "x"', content: new Uint8Array([0, 255, 34, 92]), mode: 0o755, owner: 5 }, { path: '/zeros', size: '8KiB', pattern: null, kind: 'memory' }, { path: '/dev/mine', kind: 'zero', inode: 9, device: '08:01' }],
  });
  expect(vm.settings()).toMatch(/@sysctl vm.overcommit_ratio 80[^]*@sysctl read_ahead_kb 128[^]*@config PKU yes[^]*@memtotal 2097152K\n@swap 1048576K/);
  expect(p.pid).toBe(77);
  expect([...p.read(p.open('/bin "x"'), 10)]).toEqual([0, 255, 34, 92]);
  expect([...p.read(p.open('/zeros'), 2)]).toEqual([0, 0]);
  const key = p.pkeyAlloc('disable_write');
  const a = p.mmap({ length: 4096 });
  p.pkeyMprotect(a, 4096, 'rw', key);
  expect(() => p.storeU8(a, 1)).toThrow(/SEGV_PKUERR/);
  p.pkru &= ~(3 << (2 * key));
  p.storeU8(a, 1);
  p.nameArea(a, 4096, 'mine');
  expect(p.maps().some(({ name }) => name === '[anon:mine]')).toBe(true);
  const q = vm.spawn({ name: 'q', uid: 1000, capabilities: ['CAP_IPC_LOCK'], limits: { NOFILE: [8, 16], MEMLOCK: 65536 }, aslr: 42 });
  expect(q.prlimit('NOFILE')).toEqual({ soft: 8n, hard: 16n });
  expect(q.prlimit('NOFILE', [4, 16])).toEqual({ soft: 8n, hard: 16n });
  expect(q.prlimit('NOFILE').soft).toBe(4n);
  expect(q.mmap({ length: 4096 })).toBe(vm.spawn({ aslr: 42 }).mmap({ length: 4096 }));
  expect(q.mmap({ length: 4096 })).not.toBe(vm.spawn({ aslr: 43 }).mmap({ length: 4096 }));
  const r = vm.spawn({ maps: '00400000-00402000 r-xp 00000000 fe:00 12 /bin/mine\n00600000-00700000 rw-p 00000000 00:00 0', brk: 0x70_0000 });
  expect(r.maps().slice(0, 2).map(({ name, start }) => [start, name])).toEqual([[0x40_0000n, '/bin/mine'], [0x60_0000n, '']]);
  for (const bad of [{ limits: { NOFILE: 2 ** 21 } }, { limits: { XX: 1 } }, { capabilities: ['ALL'] }, { maps: 'nonsense' }, { aslr: -0.5 }, { data: [1] }, { maps: '1-2 rw-p 0 00:00 0' }]) expect(() => vm.spawn(bad as never), JSON.stringify(bad)).toThrow(/^spawn/);
  for (const bad of [{ sysctl: { x: 1 } }, { config: { PKU: 1 } }, { pid: 0 }, { pid: 2 ** 23 }, { files: [{ path: '/a', kind: 'x' }] }, { files: [{ path: '/a', device: 'x' }] }]) await expect(createMachine(bad as never), JSON.stringify(bad)).rejects.toThrow(/^createMachine/);
});

test('files are read and written, by bytes and by memory', async () => {
  const [, p] = await fresh();
  const fd = p.open('/data', 'rdwr');
  expect(new TextDecoder().decode(p.read(fd, 100))).toBe('data');
  expect(p.read(fd, 100)).toHaveLength(0);
  expect(p.pwrite(fd, 'DATA and more', 0)).toBe(13);
  expect(new TextDecoder().decode(p.pread(fd, '4KiB', 5))).toBe('and more');
  const a = p.mmap({ length: 4096 });
  expect(p.preadTo(fd, a, 4, 0)).toBe(4);
  expect(p.loadCString(a)).toBe('DATA');
  expect(p.writeFrom(fd, a, 4)).toBe(4);
  expect(() => p.readTo(fd, 0x1000, 10)).toThrow(/EFAULT/);
  const seals = p.memfd('s', 'allow_sealing');
  p.fcntl(seals, 'add_seals', api.F.SEAL_GROW);
  expect(() => p.ftruncate(seals, 4096)).toThrow(/EPERM/);
  const scan = new BigUint64Array(12);
  scan.set([96n, 0n, a, a + 4096n]);
  scan[11] = 8n;
  const map = p.open('/proc/self/pagemap');
  expect(p.ioctl(map, 'pagemap_scan', new Uint8Array(scan.buffer))).toMatchObject({ result: 0 });
  // What no file can hold is not tried.
  expect(p.read(p.open('/dev/zero'), '1TiB')).toHaveLength(16 << 20);
});

test('a copy says what has changed, and can be gone back to after an exit', async () => {
  const [vm, p] = await fresh();
  const a = p.mmap({ length: 16384 });
  p.store(a, 'one');
  const saved = vm.save();
  expect(saved.diff()).toEqual([]);
  p.store(a, 'two');
  p.store(a + 8192n, 'new');
  const b = p.mmap({ length: 4096, prot: 'r' });
  const child = p.fork();
  const diff = saved.diff();
  expect(diff).toMatchObject([{ pid: p.pid, kind: 'changed', gone: [], pages: [{ start: a.toString(16), kind: 'changed' }, { start: (a + 8192n).toString(16), kind: 'new' }] }, { pid: child.pid, kind: 'made' }]);
  expect(diff[0]!.new[0]).toMatch(new RegExp(`^${b.toString(16)}-`));
  p.exit();
  expect(p.alive).toBe(false);
  saved.restore();
  expect([p.alive, child.alive]).toEqual([true, false]);
  expect(p.loadCString(a)).toBe('one');
  saved[Symbol.dispose ?? Symbol.for('Symbol.dispose')]();
  expect(() => saved.diff()).toThrow(/dropped/);
  const again = vm.save();
  again.restore();
  expect(vm._state.core.save()).toBe(1);
});

test('a machine as bytes is taken up again; what is foreign, damaged or of another build is told', async () => {
  const [vm, p] = await fresh({ isolate: true });
  const a = p.mmap({ length: 65536 });
  p.store(a, 'kept');
  const child = p.fork();
  child.store(a, 'mine');
  const before = JSON.stringify(vm.snapshot());
  for (let i = 0; i < 300; i++) p.walk(a);
  const bytes = await vm.toBytes();
  p.store(a, 'gone');
  const again = await api.machineFromBytes(bytes);
  expect(JSON.stringify(again.snapshot())).toBe(before);
  const [q, r] = [again.process(p.pid)!, again.process(child.pid)!];
  expect([q.loadCString(a), r.loadCString(a), p.loadCString(a), again.process(99)]).toEqual(['kept', 'mine', 'gone', null]);
  q.fill(q.mmap({ length: '1MiB' }), '1MiB', 7);
  for (let i = 0; i < 300; i++) q.walk(a);
  expect(q.fork().maps()).toHaveLength(q.maps().length);
  expect((await again.toBytes()).length).toBeGreaterThan(1000);
  again.free();
  const changed = (at: number, by = 1) => Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ by : byte));
  for (const [wrong, problem] of [[new Uint8Array(0), 'foreign'], [changed(0), 'foreign'], [changed(7, 3), 'version'], [changed(40), 'damaged'], [changed(bytes.length - 9), 'damaged'], [bytes.slice(0, -5), 'damaged'], [bytes.slice(0, 12), 'foreign']] as const) {
    await expect(api.machineFromBytes(wrong)).rejects.toMatchObject({ name: 'ImageError', problem });
  }
  await expect(api.machineFromBytes('x' as never)).rejects.toThrow(/^machineFromBytes: bytes/);
  const [shared] = await fresh();
  await expect(shared.toBytes()).rejects.toThrow(/isolate: true/);
  // A failure elsewhere does not reach it.
  expect(() => shared._state.use((core) => core.buffer(2 ** 32 - 1))).toThrow(MachineStopped);
  expect(p.loadCString(a)).toBe('gone');
  vm.free();
}, 60_000);

test('10,000 machines leave nothing, freed or dropped', async () => {
  const make = async (free: boolean) => {
    const vm = await createMachine({ ram: '1MiB' });
    vm.spawn();
    if (free) vm.free();
  };
  for (let i = 0; i < 50; i++) await make(true);
  const before = memoryUsed();
  for (let i = 0; i < 9000; i++) await make(true);
  expect(memoryUsed()).toBe(before);
  // Of those that are dropped the garbage collector decides when; without it these would be 4 GiB.
  for (let i = 0; i < 1000; i++) await make(false);
  expect(memoryUsed()).toBeLessThan(2 ** 30);
}, 300_000);

test('what does not fit is a typed refusal, and all goes on', async () => {
  const [vm, p] = await fresh({ ram: '64MiB', budget: memoryUsed() + (512 << 20) });
  await expect(createMachine({ budget: '1MiB' })).rejects.toThrow(OutOfMemory);
  p.fill(p.mmap({ length: '40MiB' }), '40MiB', 1);
  const saves: { drop(): void }[] = [];
  const refused = () => { for (;;) saves.push(vm.save()); };
  expect(refused).toThrow(OutOfMemory);
  expect(saves.length).toBeGreaterThan(0);
  for (const each of saves) each.drop();
  vm.save().drop();
  expect(p.alive).toBe(true);
  vm.free();
}, 60_000);

test('after the emulator has failed, its machines say so, are freed, and new ones work', async () => {
  const [vm, p] = await fresh();
  const session = await openScript('a = getpid()');
  expect(() => vm._state.use((core) => core.buffer(2 ** 32 - 1))).toThrow(MachineStopped);
  expect(vm.usable).toBe(false);
  for (const call of [() => p.maps(), () => p.mmap({ length: 4096 }), () => p.loadU8(1), () => vm.spawn(), () => vm.save(), () => p.alive, () => session.goTo(1)]) expect(call).toThrow(/bug in pagefault.*free it, make a new one/);
  expect(() => { vm.free(); vm.free(); session.free(); }).not.toThrow();
  expect(() => p.maps()).toThrow(/was freed/);
  const [, other] = await fresh();
  other.store(other.mmap({ length: 4096 }), 'x');
  expect((await openScript('a = getpid()')).length).toBe(1);
});
