/** Whatever a caller passes: a documented error that names the argument, or an answer; never a trap, never a silent 0. */
import { describe, expect, test } from 'vitest';
import { thrown } from '../../tests/thrown.ts';
import { type Machine, MachineStopped, PageFault, type Process, ProcessGone, SyscallError, createMachine, decodeText, joinLogs, openScript, recogniseText } from './node.ts';

/** What cannot be meant by an argument, by the kind of the argument. */
const NOT_A_WORD: readonly unknown[] = [undefined, null, NaN, 0.5, Infinity, 2 ** 53, 1n << 64n, -(1n << 63n) - 1n, 'x', {}, [], true, () => 0];
const NOT_A_SIZE: readonly unknown[] = [undefined, null, NaN, -1, -1n, 1.5, 2 ** 53, 1n << 64n, '16 apples', '', 'x', {}, [], '99999999999999999999'];
const NOT_AN_INTEGER: readonly unknown[] = [null, NaN, 0.5, 2 ** 53, 1n << 64n, 'x', {}, []];
/** `'x'` is one. */
const NOT_A_PROT = NOT_AN_INTEGER.filter((value) => value !== 'x');
const NOT_A_TEXT: readonly unknown[] = [null, 5, 5n, NaN, {}, [], true, 'a\0b'];
const NOT_BYTES: readonly unknown[] = [undefined, null, 5, 5n, {}, { length: 1e9 }, [1, 2], new Uint16Array(2), new Float64Array(1), new DataView(new ArrayBuffer(2))];

type Call = (p: Process, value: never) => unknown;

/** Each argument of each method, with what it cannot be. */
const TABLE: readonly (readonly [name: string, argument: string, call: Call, values: readonly unknown[]])[] = [
  ['mmap', 'length', (p, v) => p.mmap({ length: v }), NOT_A_SIZE],
  ['mmap', 'addr', (p, v) => p.mmap({ length: 4096, addr: v }), NOT_A_WORD.slice(1)],
  ['mmap', 'prot', (p, v) => p.mmap({ length: 4096, prot: v }), [...NOT_A_PROT, -1, 2 ** 32, 'q']],
  ['mmap', 'flags', (p, v) => p.mmap({ length: 4096, flags: v }), [null, NaN, 0.5, -1, 2 ** 32, {}, []]],
  ['mmap', 'fd', (p, v) => p.mmap({ length: 4096, fd: v }), NOT_AN_INTEGER.filter((v) => v !== null).concat(-2, 2 ** 31)],
  ['mmap', 'offset', (p, v) => p.mmap({ length: 4096, offset: v }), NOT_A_WORD.slice(1)],
  ['munmap', 'addr', (p, v) => p.munmap(v, 4096), NOT_A_WORD],
  ['munmap', 'length', (p, v) => p.munmap(0x1000, v), NOT_A_SIZE],
  ['mprotect', 'addr', (p, v) => p.mprotect(v, 4096, 'r'), NOT_A_WORD],
  ['mprotect', 'length', (p, v) => p.mprotect(0x1000, v, 'r'), NOT_A_SIZE],
  ['mprotect', 'prot', (p, v) => p.mprotect(0x1000, 4096, v), [undefined, ...NOT_A_PROT]],
  ['mremap', 'oldLength', (p, v) => p.mremap(0x1000, v, 4096), NOT_A_SIZE],
  ['mremap', 'newLength', (p, v) => p.mremap(0x1000, 4096, v), NOT_A_SIZE],
  ['mremap', 'flags', (p, v) => p.mremap(0x1000, 4096, 4096, v), [...NOT_AN_INTEGER, -1]],
  ['mremap', 'newAddr', (p, v) => p.mremap(0x1000, 4096, 4096, 0, v), NOT_A_WORD.slice(1)],
  ['madvise', 'addr', (p, v) => p.madvise(v, 4096, 4), NOT_A_WORD],
  ['madvise', 'advice', (p, v) => p.madvise(0x1000, 4096, v), [undefined, null, NaN, 0.5, {}, 2 ** 31]],
  ['brk', 'addr', (p, v) => p.brk(v), NOT_A_WORD.slice(1)],
  ['mlock', 'length', (p, v) => p.mlock(0x1000, v), NOT_A_SIZE],
  ['mincore', 'addr', (p, v) => p.mincore(v, 4096), NOT_A_WORD],
  ['exit', 'status', (p, v) => p.exit(v), NOT_AN_INTEGER],
  ['open', 'path', (p, v) => p.open(v), [undefined, ...NOT_A_TEXT]],
  ['open', 'flags', (p, v) => p.open('/dev/zero', v), [...NOT_AN_INTEGER, -1]],
  ['open', 'mode', (p, v) => p.open('/dev/zero', 0, v), [...NOT_AN_INTEGER, -1, 0o10000]],
  ['memfd', 'name', (p, v) => p.memfd(v), [undefined, ...NOT_A_TEXT]],
  ['memfd', 'flags', (p, v) => p.memfd('m', v), [...NOT_AN_INTEGER, -1]],
  ['ftruncate', 'fd', (p, v) => p.ftruncate(v, 4096), [undefined, ...NOT_AN_INTEGER, -1]],
  ['ftruncate', 'size', (p, v) => p.ftruncate(3, v), NOT_A_SIZE],
  ['close', 'fd', (p, v) => p.close(v), [undefined, ...NOT_AN_INTEGER, -1]],
  ['load', 'addr', (p, v) => p.load(v, 1), NOT_A_WORD],
  ['load', 'length', (p, v) => p.load(0x1000, v), [...NOT_A_SIZE, 2 ** 31]],
  ['store', 'addr', (p, v) => p.store(v, 'x'), NOT_A_WORD],
  ['store', 'data', (p, v) => p.store(0x1000, v), NOT_BYTES],
  ['execute', 'addr', (p, v) => p.execute(v), NOT_A_WORD],
  ['loadU32', 'addr', (p, v) => p.loadU32(v), NOT_A_WORD],
  ['storeU32', 'addr', (p, v) => p.storeU32(v, 1), NOT_A_WORD],
  ['storeU32', 'value', (p, v) => p.storeU32(0x1000, v), [undefined, ...NOT_AN_INTEGER, 2 ** 32]],
  ['pagemap', 'addr', (p, v) => p.pagemap(v, 1), NOT_A_WORD],
  ['pagemap', 'pages', (p, v) => p.pagemap(0x1000, v), [undefined, ...NOT_AN_INTEGER, -1, 2 ** 32]],
  ['walk', 'addr', (p, v) => p.walk(v), NOT_A_WORD],
  ['mmap', 'its options', (p, v) => p.mmap(v), [undefined, null, 5, 'x', true]],
  ['msync', 'flags', (p, v) => p.msync(0x1000, 1, v), [null, NaN, 0.5, -1, {}, []]],
  ['mlock', 'addr', (p, v) => p.mlock(v, 1), NOT_A_WORD],
  ['mlock2', 'flags', (p, v) => p.mlock2(0x1000, 1, v), [undefined, null, NaN, -1, 'x']],
  ['munlock', 'length', (p, v) => p.munlock(0x1000, v), NOT_A_SIZE],
  ['mlockall', 'flags', (p, v) => p.mlockall(v), [undefined, null, NaN, -1, {}]],
  ['mseal', 'flags', (p, v) => p.mseal(0x1000, 1, v), [...NOT_AN_INTEGER, -1]],
  ['remapFilePages', 'pgoff', (p, v) => p.remapFilePages(0x1000, 1, 0, v), NOT_A_WORD],
  ['pkeyAlloc', 'rights', (p, v) => p.pkeyAlloc(v), [null, NaN, -1, {}]],
  ['pkeyFree', 'key', (p, v) => p.pkeyFree(v), [undefined, ...NOT_AN_INTEGER, -2]],
  ['pkeyMprotect', 'key', (p, v) => p.pkeyMprotect(0x1000, 1, 0, v), [undefined, ...NOT_AN_INTEGER, -2]],
  ['processMadvise', 'pieces', (p, v) => p.processMadvise(3, v, 4), [undefined, null, 5, 'x', {}]],
  ['processMadvise', 'pieces', (p, v) => p.processMadvise(3, [{ addr: v, length: 1 }], 4), NOT_A_WORD],
  ['openat', 'dirfd', (p, v) => p.openat(v, '/a'), [undefined, ...NOT_AN_INTEGER, -101]],
  ['creat', 'path', (p, v) => p.creat(v), [undefined, ...NOT_A_TEXT]],
  ['read', 'fd', (p, v) => p.read(v, 1), [undefined, ...NOT_AN_INTEGER, -1]],
  ['read', 'count', (p, v) => p.read(3, v), NOT_A_SIZE],
  ['readTo', 'addr', (p, v) => p.readTo(3, v, 1), NOT_A_WORD],
  ['pread', 'offset', (p, v) => p.pread(3, 1, v), NOT_A_WORD],
  ['write', 'data', (p, v) => p.write(3, v), NOT_BYTES],
  ['pwrite', 'offset', (p, v) => p.pwrite(3, 'x', v), NOT_A_WORD],
  ['pwriteFrom', 'count', (p, v) => p.pwriteFrom(3, 0x1000, v, 0), NOT_A_SIZE],
  ['dup2', 'newFd', (p, v) => p.dup2(3, v), [undefined, ...NOT_AN_INTEGER, -1]],
  ['fcntl', 'command', (p, v) => p.fcntl(3, v), [undefined, ...NOT_AN_INTEGER, -1]],
  ['ioctl', 'request', (p, v) => p.ioctl(3, v, 0), [undefined, ...NOT_AN_INTEGER, -1]],
  ['ioctl', 'argument', (p, v) => p.ioctl(3, 0, v), [undefined, null, 'x', 0.5, {}, new Uint16Array(1)]],
  ['truncate', 'size', (p, v) => p.truncate('/a', v), NOT_A_SIZE],
  ['fallocate', 'offset', (p, v) => p.fallocate(3, 0, v, 1), NOT_A_WORD],
  ['unlink', 'path', (p, v) => p.unlink(v), [undefined, ...NOT_A_TEXT]],
  ['chmod', 'mode', (p, v) => p.chmod('/a', v), [undefined, ...NOT_AN_INTEGER, -1, 0o10000]],
  ['memfdCreate', 'flags', (p, v) => p.memfdCreate('m', v), [null, NaN, -1, 'x']],
  ['memfdSecret', 'flags', (p, v) => p.memfdSecret(v), [null, NaN, -1, 'x']],
  ['setrlimit', 'resource', (p, v) => p.setrlimit(v, 1), [undefined, ...NOT_AN_INTEGER, 16]],
  ['setrlimit', 'limit', (p, v) => p.setrlimit('AS', v), [...NOT_A_WORD, [1], [1, 'x']]],
  ['personality', 'persona', (p, v) => p.personality(v), [...NOT_AN_INTEGER, -1]],
  ['prctl', 'option', (p, v) => p.prctl(v), [undefined, ...NOT_AN_INTEGER, -1]],
  ['prctl', 'arg5', (p, v) => p.prctl(65, 0, 0, 0, v), NOT_A_WORD.slice(1)],
  ['shmget', 'key', (p, v) => p.shmget(v, 1), [undefined, ...NOT_AN_INTEGER]],
  ['shmat', 'id', (p, v) => p.shmat(v), [undefined, ...NOT_AN_INTEGER, -1]],
  ['shmctl', 'structure', (p, v) => p.shmctl(0, 'set', v), [null, 5, {}, new Uint16Array(1)]],
  ['shmctl', 'command', (p, v) => p.shmctl(0, v), [undefined, ...NOT_AN_INTEGER, -1]],
  ['shmdt', 'addr', (p, v) => p.shmdt(v), NOT_A_WORD],
  ['clone', 'flags', (p, v) => p.clone(v), [undefined, ...NOT_AN_INTEGER, -1]],
  ['execve', 'path', (p, v) => p.execve(v), NOT_A_TEXT],
  ['wait', 'pid', (p, v) => p.wait(v), NOT_AN_INTEGER],
  ['pidfdOpen', 'pid', (p, v) => p.pidfdOpen(v), [undefined, ...NOT_AN_INTEGER]],
  ['processVmReadv', 'local', (p, v) => p.processVmReadv(1, v, []), [undefined, null, 5, {}]],
  ['processVmWritev', 'pid', (p, v) => p.processVmWritev(v, [], []), [undefined, ...NOT_AN_INTEGER, -1]],
  ['loadU8', 'addr', (p, v) => p.loadU8(v), NOT_A_WORD],
  ['loadI16', 'addr', (p, v) => p.loadI16(v), NOT_A_WORD],
  ['loadU64', 'addr', (p, v) => p.loadU64(v), NOT_A_WORD],
  ['loadF64', 'addr', (p, v) => p.loadF64(v), NOT_A_WORD],
  ['storeU8', 'value', (p, v) => p.storeU8(0x1000, v), [undefined, ...NOT_AN_INTEGER, 256, -129]],
  ['storeU16', 'addr', (p, v) => p.storeU16(v, 1), NOT_A_WORD],
  ['storeU64', 'value', (p, v) => p.storeU64(0x1000, v), NOT_A_WORD],
  ['storeF32', 'value', (p, v) => p.storeF32(0x1000, v), [undefined, null, '1', 1n, {}]],
  ['storeF64', 'addr', (p, v) => p.storeF64(v, 1), NOT_A_WORD],
  ['loadCString', 'most', (p, v) => p.loadCString(0x1000, v), NOT_A_SIZE.slice(1)],
  ['storeCString', 'text', (p, v) => p.storeCString(0x1000, v), [undefined, ...NOT_A_TEXT]],
  ['fill', 'byte', (p, v) => p.fill(0x1000, 1, v), [...NOT_AN_INTEGER, -1, 256]],
  ['compare', 'length', (p, v) => p.compare(0x1000, 0x1000, v), NOT_A_SIZE],
  ['copy', 'to', (p, v) => p.copy(v, 0x1000, 1), NOT_A_WORD],
  ['run', 'access', (p, v) => p.run(new Float64Array(1), { access: v }), [null, 'x', 5]],
  ['run', 'kinds', (p, v) => p.run(new Float64Array(1), { kinds: v }), [null, [0], new Uint8Array(2)]],
  ['onSignal', 'signal', (p, v) => p.onSignal(v, null), [undefined, null, 'SIGKILL', 11]],
  ['onSignal', 'handler', (p, v) => p.onSignal('SIGBUS', v), [undefined, 5, {}]],
  ['watch', 'access', (p, v) => p.watch({ addr: 0, length: 1, access: v }, () => {}), [null, 'x', 'rwx']],
  ['watch', 'listener', (p, v) => p.watch({ addr: 0, length: 1 }, v), [undefined, null, 5]],
  ['on', 'type', (p, v) => p.on(v, () => {}), [undefined, null, 'x']],
  ['on', 'listener', (p, v) => p.on('call', v), [undefined, null, 5]],
  ['pkru', 'rights', (p, v) => { p.pkru = v; }, [undefined, ...NOT_AN_INTEGER, -1]],
  ['syscall', 'number', (p, v) => p.syscall(v), [undefined, ...NOT_AN_INTEGER, -1, 2 ** 32 + 39, 9.7]],
  ['syscall', 'argument 2', (p, v) => p.syscall(39, 0, v), NOT_A_WORD],
];

async function fresh(): Promise<[Machine, Process]> {
  const vm = await createMachine({ ram: '4MiB' });
  return [vm, vm.spawn()];
}

describe('every argument of every method', async () => {
  const [vm, p] = await fresh();
  const before = JSON.stringify(vm.snapshot());
  for (const [name, argument, call, values] of TABLE) {
    test(`${name}: ${argument}`, () => {
      for (const value of values) {
        const error = thrown(() => call(p, value as never));
        const what = `${name}(${argument}: ${String(value)})`;
        expect(error instanceof TypeError || error instanceof RangeError, `${what}: ${String(error)}`).toBe(true);
        expect((error as Error).message, what).toMatch(new RegExp(`^${name}: `));
        if (value === undefined) expect((error as Error).message, what).toBe((error as Error).message.includes('is missing') ? (error as Error).message : what);
      }
      expect(p.alive, 'the machine lives').toBe(true);
    });
  }
  test('nothing of it reached the machine', () => expect(JSON.stringify(vm.snapshot())).toBe(before));
});

test('options that are not known, or cannot be meant, are told of by name', async () => {
  const wrong: readonly (readonly [object, RegExp])[] = [
    [{ ram: -1 }, /ram/], [{ ram: '4GiB' }, /ram.*2 GiB/], [{ ram: NaN }, /ram/], [{ ram: null }, /ram/], [{ overcommit: 'never' }, /overcommit/],
    [{ overcommit: 7 }, /overcommit.*from 0 to 2/], [{ maxMapCount: -5 }, /maxMapCount/], [{ memTotal: 0 }, /memTotal/], [{ rma: 1 }, /"rma".*ram/],
    [{ files: [{}] }, /files\[0\]: path is missing/], [{ files: [{ path: '/a', size: NaN }] }, /files\[0\]: size/], [{ files: 5 }, /files/], [{ files: [null] }, /files\[0\]/],
    [{ files: [{ path: '/a', mode: 0o77777 }] }, /mode/], [{ wasm: 'nope' }, /wasm/],
  ];
  for (const [options, message] of wrong) {
    const error = await createMachine(options as never).then(() => undefined, (e: unknown) => e);
    expect(error instanceof TypeError || error instanceof RangeError, JSON.stringify(options)).toBe(true);
    expect((error as Error).message).toMatch(message);
  }
  const [vm] = await fresh();
  for (const options of [{ name: 5 }, { uid: 'root' }, { uid: -1 }, { nmae: 'x' }, null, 5]) {
    expect(() => vm.spawn(options as never), JSON.stringify(options)).toThrow(/^spawn: /);
  }
  for (const text of [5, null, undefined, {}]) await expect(openScript(text as never)).rejects.toThrow(/^openScript: text/);
  const session = await openScript('getpid()');
  expect(() => session.append(5 as never)).toThrow(TypeError);
  for (const position of [NaN, -1, 2 ** 32, 0.5, 'x']) expect(() => session.goTo(position as never), String(position)).toThrow(/^goTo: position/);
  expect(session.position).toBe(0);
});

test('what is thrown survives JSON and structuredClone, and says what it is', async () => {
  const [vm, p] = await fresh();
  const fault = thrown(() => p.load(0x1000, 1)) as PageFault;
  const refusal = thrown(() => p.mmap({ length: 4096, offset: 0x201 })) as SyscallError;
  expect(JSON.parse(JSON.stringify(fault))).toMatchObject({ name: 'PageFault', address: '0x1000', code: 'SEGV_MAPERR' });
  expect(JSON.parse(JSON.stringify(refusal))).toMatchObject({ name: 'SyscallError', code: 'EINVAL' });
  vm.free();
  const freed = thrown(() => p.maps()) as MachineStopped;
  expect(freed).toBeInstanceOf(MachineStopped);
  expect(freed.message).toBe('the machine was freed: make a new one');
  for (const error of [fault, refusal, freed, thrown(() => p.close(undefined as never))]) expect((structuredClone(error) as Error).message).toBe((error as Error).message);
  expect(() => vm.free()).not.toThrow();
});

test('a handle whose process a restore has undone acts on no other', async () => {
  const [vm, p] = await fresh();
  const saved = vm.save();
  const undone = vm.spawn();
  const child = p.fork();
  saved.restore();
  const other = vm.spawn();
  const a = other.mmap({ length: 4096 });
  expect([undone.pid, undone.alive, child.alive, other.alive, p.alive]).toEqual([other.pid, false, false, true, true]);
  expect(() => undone.store(a, 'from another')).toThrow(ProcessGone);
  expect(() => child.maps()).toThrow(ProcessGone);
  expect(other.load(a, 1)[0]).toBe(0);
  other.exit();
  expect(other.alive).toBe(false);
  expect(() => other.load(a, 1)).toThrow(ProcessGone);
});

test('a word that crosses into a page that faults is not written at all', async () => {
  const [, p] = await fresh();
  const a = p.mmap({ length: 8192 });
  p.store(a, new Uint8Array(8192).fill(7));
  p.munmap(a + 4096n, 4096);
  expect(() => p.storeU32(Number(a) + 4094, 0x1122_3344)).toThrow(PageFault);
  expect([...p.load(a + 4092n, 4)]).toEqual([7, 7, 7, 7]);
  // Bytes of any length are written up to the page that faulted.
  expect(() => p.store(a + 4090n, 'ten bytes!')).toThrow(PageFault);
  expect(new TextDecoder().decode(p.load(a + 4090n, 6))).toBe('ten by');
});

test('long accesses of fresh memory walk and fault once a page', async () => {
  const vm = await createMachine({ ram: '128MiB' });
  const p = vm.spawn();
  const length = 64 << 20;
  const a = p.mmap({ length });
  const faults = () => Number(/^pgfault (\d+)$/m.exec(vm.vmstat())![1]);
  const before = faults();
  p.store(a, new Uint8Array(length).fill(1));
  expect(faults() - before).toBe(length / 4096);
  const bytes = p.load(a, '64MiB');
  expect([bytes.length, bytes[0], bytes[length - 1]]).toEqual([length, 1, 1]);
  expect(faults() - before).toBe(length / 4096);
  expect(p.load(a, 0)).toHaveLength(0);
  vm.free();
});

test('pages are counted from the one that holds the address', async () => {
  const [, p] = await fresh();
  const a = p.mmap({ length: 8192 });
  p.store(a, 'x');
  expect(p.pagemap(a + 1n, 1)).toEqual(p.pagemap(a, 1));
  expect(p.pagemap(a + 4095n, 2)).toHaveLength(2);
});

test('names stand for numbers, and numbers in either form', async () => {
  const [, p] = await fresh();
  const a = p.mmap({ length: 4096n, prot: 'wr', flags: 0x22 });
  p.storeU32(a, -1);
  expect(p.loadU32(a)).toBe(0xffff_ffff);
  p.madvise(a, 4096, 'dontneed');
  expect(p.loadU32(Number(a))).toBe(0);
  p.mprotect(a, '4KiB', 0);
  expect(() => p.madvise(a, 4096, 'dontned')).toThrow(/DONTNEED/);
});

test('ways in for texts say what they want', async () => {
  const session = await openScript('munmap(0x10000, 4K)');
  const wrong: readonly (readonly [() => unknown, RegExp])[] = [
    [() => openScript('munmap(0, 4K)', { kind: 'stracee' as never }), /^openScript: kind is "stracee": one of script, strace/],
    [() => recogniseText(5 as never), /^recogniseText: text is 5: a text is wanted/],
    [() => joinLogs([{ name: 'a' }] as never), /^joinLogs: files is an array: an array of \{ name, text \} is wanted/],
    [() => decodeText('a' as never), /^decodeText: bytes is "a": a Uint8Array is wanted/],
    [async () => session.reportsOf(-1, 2), /^reportsOf: from is -1/],
    [async () => session.rewind(0.5), /^rewind: position is 0.5/],
    [async () => session.remarks(NaN), /^remarks: most is NaN/],
    [async () => session.runSlice(-1), /^runSlice: most is -1/],
  ];
  for (const [call, message] of wrong) await expect(call()).rejects.toThrow(message);
});
