/** Files written in JavaScript whose functions do whatever comes. */
import { expect, test } from 'vitest';
import { FaultPending, MachineStopped, PageFault, ProcessGone, SyscallError, createMachine } from './node.ts';

const PAGE = 4096;
const later = <T>(value: T): Promise<T> => new Promise((done) => { setTimeout(() => done(value), 0); });
const page = (number: number): bigint => BigInt(number * PAGE);

/** Does something that may be refused. */
function tried(body: () => unknown): void {
  try {
    body();
  } catch {
    // Whoever calls from inside a function of a file has to live with it.
  }
}

/** Numbers that are the same in every run. */
function sequence(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A program of whatever comes: files that answer late, refuse, cut themselves, call back; saves, restores, ends. */
async function anything(seed: number): Promise<void> {
  const next = sequence(seed);
  const vm = await createMachine({ ram: '2MiB', budget: '1GiB' });
  let p = vm.spawn();
  const saved = [vm.save()];
  const maps: bigint[] = [];
  const soon = <T>(value: () => T): T | Promise<T> => (next(2) ? value() : later(0).then(value));
  const reenter = () => {
    if (next(8) > 0 || !p.alive) return;
    const at = maps[next(maps.length)];
    if (at !== undefined) tried(() => p.loadU8(at + page(next(16))));
    if (next(40) === 0) saved[0]!.restore();
    if (next(60) === 0) vm.free();
  };
  const answer = <T>(value: T) => soon(() => {
    reenter();
    if (next(10) === 0) throw Object.assign(new Error('chance'), { code: ['EIO', 'EACCES', 'ENOMEM', undefined][next(4)] });
    return value;
  });
  const open = () => {
    const file = vm.file({
      size: 16 * PAGE, readAhead: 1 + next(8),
      fault: ({ page, count }) => answer(new Uint8Array((1 + next(count)) * PAGE).fill(page + 1)),
      ...(next(2) && { mkwrite: () => answer(undefined) }), ...(next(2) && { writeback: () => answer(undefined) }),
      ...(next(2) && { truncate: () => answer(undefined) }), ...(next(3) === 0 && { mmap: () => answer(undefined) }), close: reenter,
    });
    return p.open(file.path, 'rdwr');
  };
  const fds: number[] = [];
  const one = async (): Promise<void> => {
    const [fd, at] = [fds[next(fds.length)] ?? 0, (maps[next(maps.length)] ?? 4096n) + page(next(16)) + BigInt(next(PAGE))];
    const calls: readonly (() => unknown)[] = [
      () => fds.push(open()), async () => maps.push(await p.async.mmap({ length: 16 * PAGE, fd, prot: 'rw', flags: next(2) ? 'shared' : 'private|populate' })),
      () => p.async.load(at, next(3 * PAGE)), () => p.async.store(at, new Uint8Array(next(3 * PAGE))), () => p.async.copy(at, at + 100n, next(2 * PAGE)),
      () => p.async.read(fd, next(3 * PAGE)), () => p.async.pwrite(fd, new Uint8Array(next(2 * PAGE)), next(20) * 1000), () => p.async.ftruncate(fd, next(20 * PAGE)),
      () => p.async.msync(at & ~4095n, 4 * PAGE, 'sync'), () => p.async.fsync(fd), () => p.async.mlock(at, PAGE), () => p.munmap(at & ~4095n, PAGE), () => p.async.readTo(fd, at, PAGE),
      () => { p = p.fork(); }, () => p.close(fd), () => saved[0]!.restore(), () => p.load(at, 8), () => p.madvise(at & ~4095n, PAGE, ['willneed', 'dontneed'][next(2)] as 'willneed'),
    ];
    await calls[next(calls.length)]!();
  };
  for (let i = 0; i < 60 && vm.usable; i++) {
    if (!p.alive) p = vm.spawn();
    const some = Array.from({ length: 1 + next(3) }, () => one().catch((error: unknown) => {
      const isKnown = [SyscallError, PageFault, FaultPending, ProcessGone, MachineStopped, RangeError].some((kind) => error instanceof kind);
      if (!isKnown || (error as Error).message.includes('emulator')) throw error;
    }));
    await Promise.all(some);
  }
  if (vm.usable) expect(vm.snapshot().processes.length).toBeGreaterThan(0);
  vm.free();
}

test('whatever functions of files do, nothing but documented errors comes of it', async () => {
  for (let seed = 1; seed <= 60; seed++) await anything(seed).catch((error: unknown) => { throw new Error(`seed ${seed}: ${String((error as Error).stack)}`); });
});
