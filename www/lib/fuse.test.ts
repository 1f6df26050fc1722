/** Files written in JavaScript: what their functions are asked, what becomes of their answers, and what may happen meanwhile. */
import { describe, expect, test } from 'vitest';
import { thrown } from '../../tests/thrown.ts';
import { FaultPending, ImageError, type Machine, MachineStopped, PageFault, type Process, ProcessGone, SyscallError, type WrittenFile, createMachine, explain, isRefusal } from './node.ts';
import { connect, serve } from './worker.ts';

const PAGE = 4096;
const PAGES = 64;

/** A page that says which it is. */
const contents = (page: number): Uint8Array => new Uint8Array(PAGE).fill(page + 1);

interface World {
  readonly vm: Machine;
  readonly p: Process;
  readonly at: bigint;
  readonly fd: number;
  readonly path: string;
  readonly asked: number[];
}

/** A machine with a file that is mapped; what is asked of `fault` is kept. */
async function world(options: Partial<WrittenFile> = {}, flags: 'shared' | 'private' = 'shared', prot: 'rw' | 'r' = 'rw'): Promise<World> {
  const vm = await createMachine({ ram: '4MiB' });
  const p = vm.spawn();
  const asked: number[] = [];
  const fault = options.fault ?? (({ page }) => contents(page));
  const file = vm.file({ size: PAGES * PAGE, readAhead: 1, ...options, fault: (request) => {
    asked.push(request.page);
    return fault(request);
  } });
  const fd = p.open(file.path, 'rdwr');
  return { vm, p, fd, path: file.path, asked, at: p.mmap({ length: PAGES * PAGE, fd, prot, flags }) };
}

const later = <T>(value: T): Promise<T> => new Promise((done) => { setTimeout(() => done(value), 0); });
const page = (number: number): bigint => BigInt(number * PAGE);

describe('at once', () => {
  test('every way of access asks for its page, once', async () => {
    const { p, at, asked } = await world();
    expect(p.loadU8(at)).toBe(1);
    expect(p.loadU32(at + page(1))).toBe(0x0202_0202);
    expect(p.loadU64(at + page(2))).toBe(0x0303_0303_0303_0303n);
    p.storeU64(at + page(3) + 4092n, 0x1122_3344_5566_7788n);
    expect(p.loadU64(at + page(3) + 4092n)).toBe(0x1122_3344_5566_7788n);
    expect([...p.load(at + page(5) - 1n, 3)]).toEqual([5, 6, 6]);
    p.storeCString(at + page(6), 'stored');
    expect(p.loadCString(at + page(6))).toBe('stored');
    expect(p.run(Float64Array.of(Number(at + page(8)), Number(at + page(9))))).toMatchObject({ done: 2 });
    const cursor = p.cursor();
    expect([cursor.load8(Number(at + page(10))), cursor.load64(Number(at + page(11))), cursor.store16(Number(at + page(12)), 7), cursor.fault]).toEqual([11, 0x0c0c_0c0c, true, null]);
    p.copy(at + page(14), at + page(13), 10);
    expect(p.compare(at + page(13), at + page(14), 10)).toBe(0);
    expect(() => p.execute(at + page(15))).toThrow(/SEGV_ACCERR/);
    expect(asked).toEqual([0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15]);
    expect(p.stats().majorFaults).toBe(asked.length);
  });

  test('calls ask too, and answer as if the file had been there', async () => {
    const { p, fd, at, asked } = await world({ readAhead: 16 });
    expect([...p.pread(fd, 3, 2 * PAGE - 1)]).toEqual([2, 3, 3]);
    p.pwrite(fd, 'over', 10 * PAGE);
    expect(new TextDecoder().decode(p.read(fd, 3)).length).toBe(3);
    p.mlock(at + page(20), 2 * PAGE);
    expect(p.mincore(at + page(20), 2 * PAGE)).toEqual([true, true]);
    const populated = p.mmap({ length: PAGES * PAGE, fd, prot: 'r', flags: 'shared|populate' });
    const faults = p.stats().minorFaults + p.stats().majorFaults;
    expect(p.load(populated, PAGES * PAGE)[PAGES * PAGE - 1]).toBe(PAGES);
    expect(p.stats().minorFaults + p.stats().majorFaults).toBe(faults);
    expect(new Set(asked).size).toBe(asked.length);
  });

  test('a copy within one buffer that overlaps and has to wait leaves what memmove leaves', async () => {
    const { p, at } = await world({ fault: ({ page }) => later(Uint8Array.from({ length: PAGE }, (_, i) => page * 7 + i)) });
    const before = await p.async.load(at, 8 * PAGE);
    const { p: q, at: there } = await world({ fault: ({ page }) => later(Uint8Array.from({ length: PAGE }, (_, i) => page * 7 + i)) });
    await q.async.copy(there + 100n, there, 6 * PAGE);
    expect(await q.async.load(there + 100n, 6 * PAGE)).toEqual(before.slice(0, 6 * PAGE));
  });

  test('what is offered behind the page is taken, and nothing more', async () => {
    const offered: number[] = [];
    const { p, at, asked } = await world({ readAhead: 8, fault: ({ page, count }) => {
      offered.push(count);
      return Uint8Array.from({ length: (count - (page > 0 ? 1 : 0)) * PAGE }, (_, i) => page + Math.floor(i / PAGE) + 1);
    } });
    expect(Array.from({ length: 16 }, (_, i) => p.loadU8(at + page(i)))).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
    expect([asked, offered]).toEqual([[0, 8, 15], [8, 8, 8]]);
  });

  test('what is thrown makes the access SIGBUS and the call EIO, with what was thrown as the cause', async () => {
    const why = new Error('the disk is broken');
    const { p, at, fd, asked } = await world({ fault: () => { throw why; } });
    const fault = thrown(() => p.load(at, 1)) as PageFault;
    expect([fault.signal, fault.code, fault.address, fault.cause]).toEqual(['SIGBUS', 'BUS_ADRERR', at, why]);
    const refused = thrown(() => p.read(fd, 1)) as SyscallError;
    expect([refused.code, refused.cause]).toEqual(['EIO', why]);
    const tried = p.try.load(at, 1);
    expect(isRefusal(tried) && [tried.code, tried.cause]).toEqual(['SIGBUS', why]);
    // Each asks again.
    expect(asked).toEqual([0, 0, 0]);
    const signals: string[] = [];
    p.onSignal('SIGBUS', ({ code }) => { signals.push(code); return false; });
    expect(() => p.loadU8(at)).toThrow(PageFault);
    expect(signals).toEqual(['BUS_ADRERR']);
    // Another signal has no cause.
    expect((thrown(() => p.load(16, 1)) as PageFault).cause).toBeUndefined();
  });

  test('errors may name an errno; answers that cannot be meant are told of', async () => {
    const { p, fd, at } = await world({ fault: ({ page }) => { throw Object.assign(new Error('no'), { code: page === 0 ? 'EACCES' : 'ENOSUCHTHING' }); } });
    expect((thrown(() => p.read(fd, 1)) as SyscallError).code).toBe('EACCES');
    expect((thrown(() => p.pread(fd, 1, PAGE)) as SyscallError).code).toBe('EIO');
    for (const answer of [undefined, null, 5, 'text', [1], new Uint16Array(1), new Uint8Array(PAGE + 1)]) {
      const other = await world({ fault: () => answer as never });
      expect((thrown(() => other.p.load(other.at, 1)) as PageFault).cause, String(answer)).toBeInstanceOf(answer instanceof Uint8Array ? RangeError : TypeError);
    }
    expect(() => p.load(at + page(PAGES) - 1n, 2)).toThrow(PageFault);
  });

  test('it may call back into the machine, and nothing of the call is lost', async () => {
    const seen: string[] = [];
    const { vm, p, fd, at } = await world({ fault: ({ page: number }) => {
      const other = vm.spawn();
      const b = other.mmap({ length: PAGE });
      other.store(b, 'scratch');
      seen.push(thrown(() => other.munmap(1, 1)) instanceof SyscallError ? 'thrown' : 'lost');
      other.exit(3);
      // Another page of the same file, and its own, which would have to wait for itself.
      if (number === 5) p.loadU8(at + page(6));
      if (number === 7) seen.push(String(thrown(() => p.loadU8(at + page(7))) instanceof FaultPending));
      return contents(number);
    } });
    expect([...p.try.pread(fd, 3, PAGE - 1) as Uint8Array]).toEqual([1, 2, 2]);
    p.storeU64(at + page(3), 0x0102_0304_0506_0708n);
    expect(p.loadU64(at + page(3))).toBe(0x0102_0304_0506_0708n);
    expect([p.loadU8(at + page(5)), p.loadU8(at + page(7))]).toEqual([6, 8]);
    expect(new Set(seen)).toEqual(new Set(['thrown', 'true']));
    const calls: string[] = [];
    p.on('call', (event) => calls.push(`${event.call} ${event.args[0]} = ${event.result}`));
    p.readTo(fd, at + page(20), 5);
    expect(calls.at(-1)).toBe(`read ${fd} = 5`);
  });

  test('the call tree shows its functions by name, and that the fault was taken again', async () => {
    const vm = await createMachine({ ram: '4MiB' });
    const p = vm.spawn();
    const file = vm.file({ path: '/tape', size: PAGE, fault: function readFromTape() {
      vm.spawn();
      return contents(0);
    }, mmap: function mayMapTape() {} });
    const fd = p.open('/tape');
    const mapped = explain(p, () => p.mmap({ length: PAGE, fd, prot: 'r', flags: 'private' }));
    const text = (steps: typeof mapped.steps) => JSON.stringify(steps[0]!.tree);
    expect(mapped.steps).toHaveLength(1);
    expect(text(mapped.steps)).toContain('mayMapTape');
    expect(text(mapped.steps)).toContain('fuse_file_vm_ops');
    const loaded = explain(p, () => p.load(mapped.value!, 1));
    expect(loaded.steps).toHaveLength(1);
    expect(text(loaded.steps)).toContain('readFromTape');
    expect(text(loaded.steps)).toContain('VM_FAULT_RETRY');
    expect(text(loaded.steps).match(/"exc_page_fault/g)).toHaveLength(2);
    expect(p.vmas().find((vma) => vma.maps.endsWith('/tape'))).toMatchObject({ fault: 'readFromTape', ops: 'fuse_file_vm_ops' });
    expect(p.maps().some((area) => area.name === '/tape')).toBe(true);
    expect(file.size).toBe(PAGE);
  });
});

describe('by promises', () => {
  test('a call that has to wait says so and has done nothing; p.async waits', async () => {
    const { p, at, fd, asked } = await world({ fault: ({ page }) => later(contents(page)) });
    const before = JSON.stringify(p.stats());
    const pending = thrown(() => p.load(at, 1)) as FaultPending;
    expect(pending).toBeInstanceOf(FaultPending);
    expect([pending.path, pending.what, pending.page, JSON.stringify(p.stats())]).toEqual(['/dev/fuse/1', 'fault', 0, before]);
    expect(JSON.parse(JSON.stringify(pending))).toEqual({ name: 'FaultPending', message: pending.message, path: '/dev/fuse/1', what: 'fault', page: 0 });
    expect((structuredClone(pending) as Error).message).toBe(pending.message);
    expect(thrown(() => p.try.load(at, 1))).toBeInstanceOf(FaultPending);
    await pending.ready;
    expect(p.loadU8(at)).toBe(1);
    expect(await p.async.loadU8(at + page(3))).toBe(4);
    await p.async.store(at + page(4) - 2n, 'across');
    expect(new TextDecoder().decode(await p.async.load(at + page(4) - 2n, 6))).toBe('across');
    expect([...await p.async.read(fd, 2 * PAGE)].filter((byte) => byte === 2)).toHaveLength(PAGE);
    await p.async.mlock(at + page(30), 4 * PAGE);
    await expect(p.async.load(1, 1)).rejects.toThrow(PageFault);
    expect(asked).toEqual([0, 3, 4, 1, 30, 31, 32, 33].toSorted((a, b) => asked.indexOf(a) - asked.indexOf(b)));
    const cursor = p.cursor();
    expect(cursor.load8(Number(at + page(50)))).toBeNaN();
    expect(cursor.fault).toBeInstanceOf(FaultPending);
    await (cursor.fault as FaultPending).ready;
    expect(cursor.load8(Number(at + page(50)))).toBe(51);
  });

  test('a page is asked for once, whoever waits for it, and read-ahead stops at what is on its way', async () => {
    const counts: number[] = [];
    const { vm, p, at, fd, asked } = await world({ readAhead: 8, fault: ({ page, count }) => { counts.push(count); return later(contents(page)); } });
    const q = vm.spawn();
    const b = q.mmap({ length: PAGES * PAGE, fd: q.open('/dev/fuse/1'), prot: 'r', flags: 'private' });
    const all = await Promise.all([p.async.loadU8(at + page(5)), p.async.loadU8(at + page(5) + 9n), q.async.loadU8(b + page(5)), p.async.pread(fd, 1, 5 * PAGE), p.async.loadU8(at + page(2))]);
    expect([all[0], all[1], all[2], all[3]![0], all[4]]).toEqual([6, 6, 6, 6, 3]);
    expect([asked, counts]).toEqual([[5, 2], [8, 3]]);
  });

  test('a rejection is SIGBUS with its cause, also for those who wait by themselves', async () => {
    const why = new Error('404');
    const { p, at } = await world({ fault: async () => { await later(0); throw why; } });
    await expect(p.async.load(at, 1)).rejects.toMatchObject({ signal: 'SIGBUS', cause: why });
    const pending = thrown(() => p.load(at, 1)) as FaultPending;
    await pending.ready;
    expect(thrown(() => p.load(at, 1))).toMatchObject({ signal: 'SIGBUS', cause: why });
    expect(thrown(() => p.load(at, 1))).toBeInstanceOf(FaultPending);
  });

  test('what is cut off in flight is aborted, dropped, and SIGBUS; the part before the new end is kept', async () => {
    const signals: AbortSignal[] = [];
    const answers: (() => void)[] = [];
    const { p, at, fd } = await world({ fault: ({ page, signal }) => new Promise((done) => {
      signals.push(signal);
      answers.push(() => done(contents(page)));
    }) });
    const [first, second] = [p.async.load(at, 200), p.async.load(at + page(2), 1)];
    await later(0);
    p.ftruncate(fd, 100);
    expect(signals.map((signal) => signal.aborted)).toEqual([false, true]);
    await expect(second).rejects.toMatchObject({ signal: 'SIGBUS' });
    p.ftruncate(fd, 4 * PAGE);
    for (const answer of answers) answer();
    const bytes = await first;
    expect([bytes[99], bytes[100]]).toEqual([1, 0]);
    // What is behind the old end is zeros now, and nobody is asked for it.
    expect([p.loadU8(at + page(2)), signals.length]).toEqual([0, 2]);
  });

  test('a machine that is freed, or put back, lets go of who waits', async () => {
    const signals: AbortSignal[] = [];
    const answers: (() => void)[] = [];
    const { vm, p, at } = await world({ fault: ({ page, signal }) => new Promise((done) => {
      signals.push(signal);
      answers.push(() => done(contents(page + 100)));
    }) });
    const saved = vm.save();
    const stale = p.async.load(at, 1);
    await later(0);
    saved.restore();
    expect(signals[0]!.aborted).toBe(true);
    await expect(stale).rejects.toThrow(ProcessGone);
    const fresh = p.async.loadU8(at);
    // The answer of before comes first, and is not taken.
    answers[0]!();
    await later(0);
    expect(thrown(() => p.loadU8(at))).toBeInstanceOf(FaultPending);
    answers[1]!();
    expect(await fresh).toBe(101);
    const last = p.async.load(at + page(1), 1);
    await later(0);
    vm.free();
    await expect(last).rejects.toThrow(MachineStopped);
    expect(signals[2]!.aborted).toBe(true);
    answers[2]!();
    await later(0);
  });

  test('advice reads ahead, MAP_POPULATE begins to read, and neither waits', async () => {
    const { p, at, fd, asked } = await world({ readAhead: 16, fault: ({ page, count }) => later(Uint8Array.from({ length: count * PAGE }, (_, i) => page + Math.floor(i / PAGE) + 1)) });
    p.madvise(at, 20 * PAGE, 'willneed');
    expect(asked).toEqual([0, 16]);
    await later(0);
    await later(0);
    expect(p.load(at, 20 * PAGE)[19 * PAGE]).toBe(20);
    const populated = p.mmap({ length: PAGES * PAGE, fd, prot: 'r', flags: 'shared|populate' });
    for (let i = 0; i < 20; i++) await later(0);
    const { minorFaults, majorFaults } = p.stats();
    expect(p.loadU8(populated + page(PAGES - 1))).toBe(PAGES);
    expect([p.stats().minorFaults, p.stats().majorFaults]).toEqual([minorFaults, majorFaults]);
  });
});

describe('writing', () => {
  const kept = () => {
    const written: [number, number, number][] = [];
    return { written, writeback: ({ page, bytes }: { page: number; bytes: Uint8Array }) => void written.push([page, bytes.length, bytes[0]!]) };
  };

  test('the first write to a page is asked for, and what was written is sent where Linux sends it', async () => {
    const { written, writeback } = kept();
    const dirtied: number[] = [];
    let closed = 0;
    const { vm, p, at, fd } = await world({ size: 2 * PAGE + 10, writeback, mkwrite: ({ page }) => void dirtied.push(page), close: () => { closed++; } });
    p.store(at, 'ab');
    p.store(at + 1n, 'c');
    p.storeU8(at + page(2), 9);
    expect([dirtied, written]).toEqual([[0, 2], []]);
    p.msync(at, 3 * PAGE, 'async');
    expect(written).toEqual([]);
    p.msync(at, 3 * PAGE, 'sync');
    expect(written.splice(0)).toEqual([[0, PAGE, 97], [2, 10, 9]]);
    p.store(at, 'd');
    expect(dirtied).toEqual([0, 2, 0]);
    p.munmap(at, PAGES * PAGE);
    expect(written.splice(0)).toEqual([[0, PAGE, 100]]);
    p.pwrite(fd, 'e', 0);
    p.fsync(fd);
    expect(written.splice(0)).toEqual([[0, PAGE, 101]]);
    p.pwrite(fd, 'f', 0);
    p.close(fd);
    expect([written.splice(0), closed]).toEqual([[[0, PAGE, 102]], 1]);
    const q = vm.spawn();
    const b = q.mmap({ length: PAGE, fd: q.open('/dev/fuse/1', 'rdwr'), prot: 'rw', flags: 'shared' });
    q.store(b, 'g');
    q.kill();
    expect([written.splice(0), closed]).toEqual([[[0, PAGE, 103]], 2]);
  });

  test('writes by promises are waited for by those who ask, in order, and their failure is told once', async () => {
    const order: string[] = [];
    let fails = false;
    const { vm, p, at, fd } = await world({ writeback: async ({ page, bytes }) => {
      await later(0);
      order.push(`${page} ${bytes[0]}`);
      if (fails) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    } });
    p.store(at, Uint8Array.of(50));
    const pending = thrown(() => p.msync(at, PAGE, 'sync')) as FaultPending;
    expect([pending.what, order]).toEqual(['writeback', []]);
    p.store(at, Uint8Array.of(51));
    await p.async.msync(at, PAGE, 'sync');
    expect(order).toEqual(['0 50', '0 51']);
    fails = true;
    p.store(at, Uint8Array.of(52));
    await expect(p.async.fsync(fd)).rejects.toMatchObject({ name: 'SyscallError', code: 'ENOSPC', syscall: 'fsync', cause: { message: 'full' } });
    await p.async.fsync(fd);
    // Nobody waits for what unmapping sends: the next who asks is told.
    p.store(at, Uint8Array.of(53));
    p.munmap(at, PAGES * PAGE);
    await later(0);
    await later(0);
    expect(p.try.fsync(fd)).toMatchObject({ code: 'ENOSPC' });
    expect(p.syscall(74, fd)).toBe(0n);
    fails = false;
    const file = vm.file({ size: PAGE, fault: () => new Uint8Array(0), writeback: () => Promise.reject(new Error('never')) });
    const other = p.open(file.path, 'rdwr');
    p.write(other, 'x');
    await expect(file.sync()).rejects.toMatchObject({ name: 'SyscallError', code: 'EIO', errno: 5, syscall: 'fsync', cause: { message: 'never' } });
    await file.sync();
  });

  test('who may not write, map or cut is refused, and nothing has happened', async () => {
    const no = (code: string) => () => { throw Object.assign(new Error(code), { code }); };
    const { vm, p, at, fd } = await world({ mkwrite: no('EROFS'), truncate: async () => { await later(0); no('EPERM')(); } });
    expect(p.loadU8(at)).toBe(1);
    expect(thrown(() => p.store(at, 'x'))).toMatchObject({ signal: 'SIGBUS', cause: { message: 'EROFS' } });
    expect(p.loadU8(at)).toBe(1);
    await expect(p.async.ftruncate(fd, 5)).rejects.toMatchObject({ code: 'EPERM', cause: { message: 'EPERM' } });
    expect(p.loadU8(at + page(5))).toBe(6);
    const asked: object[] = [];
    const file = vm.file({ size: PAGE, fault: () => contents(0), mmap: ({ offset, length, prot, shared }) => { asked.push({ offset, length, prot, shared }); no('EACCES')(); } });
    const other = p.open(file.path);
    const old = p.mmap({ length: PAGE });
    p.store(old, 'kept');
    expect(thrown(() => p.mmap({ addr: old, length: PAGE, fd: other, prot: 'r', flags: 'private|fixed' }))).toMatchObject({ code: 'EACCES', cause: { message: 'EACCES' } });
    expect(new TextDecoder().decode(p.load(old, 4))).toBe('kept');
    expect(asked).toEqual([{ offset: 0, length: PAGE, prot: 'r', shared: false }]);
  });

  test('fork copies and private writes stay private', async () => {
    const { written, writeback } = kept();
    const { p, at } = await world({ writeback }, 'private');
    p.store(at, 'mine');
    const child = p.fork();
    child.store(at, 'ours');
    expect(new TextDecoder().decode(p.load(at, 4))).toBe('mine');
    expect(child.loadU8(at + page(9))).toBe(10);
    child.exit();
    p.msync(at, PAGE, 'sync');
    expect(written).toEqual([]);
  });
});

describe('the machine and its files', () => {
  test('arguments of vm.file that cannot be meant are told of', async () => {
    const vm = await createMachine({ ram: '4MiB' });
    const fault = () => contents(0);
    vm.file({ path: '/taken', size: 1, fault });
    const wrong: readonly (readonly [unknown, RegExp])[] = [
      [undefined, /its options/], [null, /its options/], [{}, /size is missing/], [{ size: PAGE }, /fault is missing/], [{ size: -1, fault }, /size/], [{ size: NaN, fault }, /size/],
      [{ size: 2n ** 60n, fault }, /size/], [{ size: '1 apple', fault }, /size/], [{ size: 1, fault: 5 }, /fault/], [{ size: 1, fault, mmap: 5 }, /mmap/],
      [{ size: 1, fault, mkwrite: null }, /mkwrite/], [{ size: 1, fault, writeback: 'x' }, /writeback/], [{ size: 1, fault, truncate: {} }, /truncate/],
      [{ size: 1, fault, close: 1 }, /close/], [{ size: 1, fault, path: 5 }, /path/], [{ size: 1, fault, path: 'a\0' }, /path/], [{ size: 1, fault, mode: 0o1000 }, /mode/],
      [{ size: 1, fault, readAhead: 0 }, /readAhead/], [{ size: 1, fault, readAhead: 4097 }, /readAhead/], [{ size: 1, fault, sise: 1 }, /"sise"/], [{ size: 1, fault, path: '/taken' }, /a name that no file has/],
    ];
    for (const [options, message] of wrong) {
      const error = thrown(() => vm.file(options as never)) as Error;
      expect(error instanceof TypeError || error instanceof RangeError, String(message)).toBe(true);
      expect(error.message).toMatch(/^file: /);
      expect(error.message).toMatch(message);
    }
    vm.free();
    expect(() => vm.file({ size: 1, fault })).toThrow(MachineStopped);
  });

  test('a saved copy has its files, also those that are gone since; bytes hold none', async () => {
    const vm = await createMachine({ ram: '4MiB', isolate: true });
    const p = vm.spawn();
    const file = vm.file({ path: '/tape', size: PAGE, fault: () => contents(41) });
    const saved = vm.save();
    await expect(vm.toBytes()).rejects.toMatchObject({ name: 'ImageError', problem: 'files', message: expect.stringContaining('/tape') });
    await expect(vm.toBytes()).rejects.toThrow(ImageError);
    file.remove();
    expect([file.size, p.try.open('/tape')]).toMatchObject([-1, { code: 'ENOENT' }]);
    expect((await vm.toBytes()).length).toBeGreaterThan(1000);
    const since = vm.file({ path: '/since', size: PAGE, fault: () => contents(0) });
    saved.restore();
    expect([file.size, since.size]).toEqual([PAGE, -1]);
    expect(p.pread(p.open('/tape'), 1, 0)[0]).toBe(42);
  });

  test('a handler that frees the machine, or puts it back, ends the access', async () => {
    const freed = await world({ fault: () => { freed.vm.free(); return contents(0); } });
    expect(() => freed.p.load(freed.at, 1)).toThrow(MachineStopped);
    const back = await world({ fault: () => { saved.restore(); return contents(0); } });
    const saved = back.vm.save();
    expect(() => back.p.load(back.at, 1)).toThrow(ProcessGone);
    expect(() => back.p.pread(back.fd, 1, 0)).toThrow(ProcessGone);
    expect(back.p.alive).toBe(true);
    const gone = await world({ fault: () => { gone.p.exit(); return contents(0); } });
    expect(() => gone.p.load(gone.at, 1)).toThrow(ProcessGone);
    const closing = await world({ writeback: () => closing.vm.free() });
    closing.p.store(closing.at, 'x');
    expect(() => closing.p.munmap(closing.at, PAGES * PAGE)).toThrow(MachineStopped);
  });

  test('a process may be started with maps that name it', async () => {
    const vm = await createMachine({ ram: '4MiB' });
    vm.file({ path: '/lib/mine.so', size: 2 * PAGE, fault: ({ page }) => contents(page) });
    const p = vm.spawn({ maps: '400000-402000 r--p 00000000 00:30 7 /lib/mine.so\n' });
    expect([p.loadU8(0x400000), p.loadU8(0x401000)]).toEqual([1, 2]);
  });

  test('from afar calls wait', async () => {
    const { port1, port2 } = new MessageChannel();
    serve({ async createMachine(options) {
      const vm = await createMachine(options);
      vm.file({ path: '/tape', size: PAGE, fault: () => later(contents(6)) });
      return vm;
    } }, port1 as never);
    const p = await (await connect(port2 as never).createMachine({ ram: '4MiB' })).spawn();
    const a = await p.mmap({ length: PAGE, fd: await p.open('/tape'), prot: 'r', flags: 'shared' });
    expect(await p.loadU8(a)).toBe(7);
    port1.close();
  });

  test('10,000 files that are made and dropped leave nothing', async () => {
    const vm = await createMachine({ ram: '8MiB', isolate: true });
    const p = vm.spawn();
    let gone = 0;
    const some = (count: number) => {
      for (let i = 0; i < count; i++) {
        const file = vm.file({ size: 2 * PAGE, fault: ({ page }) => contents(page), writeback() {}, close: () => { gone++; } });
        const fd = p.open(file.path, 'rdwr');
        const a = p.mmap({ length: 2 * PAGE, fd, prot: 'rw', flags: 'shared' });
        p.store(a, 'x');
        file.remove();
        p.close(fd);
        p.munmap(a, 2 * PAGE);
      }
    };
    some(1000);
    const before = [vm.stats().freeFrames, vm.stats().hostBytes, vm._state.instance.memory.buffer.byteLength];
    some(9000);
    expect([vm.stats().freeFrames, vm.stats().hostBytes, vm._state.instance.memory.buffer.byteLength]).toEqual(before);
    expect([gone, vm._state.files!.all.size]).toEqual([10_000, 0]);
  });
});
