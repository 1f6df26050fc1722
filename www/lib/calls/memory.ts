import type { AddressLike, LengthLike } from '../address.ts';
import * as check from '../check.ts';
import { type AdviceLike, MADV, MAP, type MapFlagsLike, MCL, MLOCK, MREMAP, MS, PKEY, PROT, type ProtLike, toProt } from '../constants.ts';
import { Caller, MOST_INT, type Piece, iovec, named } from './base.ts';

/** The arguments of mmap(2) that are not at their defaults. */
export interface MmapOptions {
  /** Where it should be; 0, the default, lets the kernel choose. */
  readonly addr?: AddressLike;
  /** In bytes; the kernel rounds up to whole pages. */
  readonly length: LengthLike;
  /** `'rw'` by default. */
  readonly prot?: ProtLike;
  /** `'private|anonymous'` by default, `'private'` with a descriptor. */
  readonly flags?: MapFlagsLike;
  readonly fd?: number;
  /** In bytes, a multiple of 4,096. */
  readonly offset?: AddressLike;
}

const MMAP = ['addr', 'length', 'prot', 'flags', 'fd', 'offset'] as const;

/** Calls about the address space. */
export abstract class MemoryCalls extends Caller {
  /**
   * mmap(2): maps memory. Returns the address. Source: `ksys_mmap_pgoff`, `do_mmap`.
   * @throws {@link SyscallError} EINVAL, ENOMEM, EACCES, EPERM, EBADF, EEXIST, EOVERFLOW, ENODEV, EAGAIN, EOPNOTSUPP
   * @example
   * const a = p.mmap({ length: '16KiB' });                       // 0x7ffff7ff3000n
   * const b = p.mmap({ addr: 0x10000, length: 4096, prot: 'r', flags: 'private|anonymous|fixed' });
   */
  mmap(options: MmapOptions): bigint {
    if (typeof options !== 'object' || options === null) check.options('mmap', options, MMAP);
    const { addr, length, prot, flags, fd, offset } = options;
    // Keys are counted first, which is cheaper than to look each one up.
    let keys = 0;
    for (const _ in options) keys++;
    if (keys !== +(addr !== undefined) + +(length !== undefined) + +(prot !== undefined) + +(flags !== undefined) + +(fd !== undefined) + +(offset !== undefined)) check.options('mmap', options, MMAP);
    const state = this._enter();
    if (addr !== undefined) state.put(0, 'mmap', 'addr', addr);
    this._size(state, 1, 'mmap', 'length', length);
    state.number(2, prot === undefined ? PROT.READ | PROT.WRITE : toProt('mmap', prot));
    if (flags === undefined) state.number(3, fd === undefined ? MAP.PRIVATE | MAP.ANONYMOUS : MAP.PRIVATE);
    else this._flags(state, 3, 'mmap', flags, MAP, 'MAP_');
    this._fd(state, 4, 'mmap', fd ?? -1, 'fd', -1);
    if (offset !== undefined) state.put(5, 'mmap', 'offset', offset);
    this._call(state, 'mmap');
    return state.result();
  }

  /**
   * munmap(2): unmaps a range. What is not mapped there does not matter.
   * @throws {@link SyscallError} EINVAL, ENOMEM, EPERM
   */
  munmap(addr: AddressLike, length: LengthLike): void {
    this._range('munmap', addr, length);
  }

  /** @internal */
  _range(call: 'munmap' | 'mlock' | 'munlock', addr: unknown, length: unknown): void {
    const state = this._enter();
    state.put(0, call, 'addr', addr);
    this._size(state, 1, call, 'length', length);
    this._call(state, call);
  }

  /**
   * mprotect(2): changes what may be done with a range.
   * @throws {@link SyscallError} EINVAL, ENOMEM, EACCES, EPERM
   * @example p.mprotect(a, 4096, 'r');
   */
  mprotect(addr: AddressLike, length: LengthLike, prot: ProtLike): void {
    const state = this._enter();
    state.put(0, 'mprotect', 'addr', addr);
    this._size(state, 1, 'mprotect', 'length', length);
    state.number(2, toProt('mprotect', prot));
    this._call(state, 'mprotect');
  }

  /**
   * mremap(2): resizes or moves a mapping. Returns its address. `flags` are bits of `MREMAP`, or names such as `'maymove'`.
   * @throws {@link SyscallError} EINVAL, ENOMEM, EFAULT, EAGAIN, EPERM
   */
  mremap(addr: AddressLike, oldLength: LengthLike, newLength: LengthLike, flags: number | string = 0, newAddr: AddressLike = 0): bigint {
    const state = this._enter();
    state.put(0, 'mremap', 'addr', addr);
    this._size(state, 1, 'mremap', 'oldLength', oldLength);
    this._size(state, 2, 'mremap', 'newLength', newLength);
    this._flags(state, 3, 'mremap', flags, MREMAP, 'MREMAP_');
    state.put(4, 'mremap', 'newAddr', newAddr);
    this._call(state, 'mremap');
    return state.result();
  }

  /**
   * madvise(2): advises about a range. `advice` is one of `MADV`, or its name such as `'dontneed'`.
   * @throws {@link SyscallError} EINVAL, ENOMEM, EAGAIN, EFAULT, EPERM, EBADF
   */
  madvise(addr: AddressLike, length: LengthLike, advice: AdviceLike): void {
    const state = this._enter();
    state.put(0, 'madvise', 'addr', addr);
    this._size(state, 1, 'madvise', 'length', length);
    state.number(2, named('madvise', 'advice', advice, MADV, 'MADV_', -MOST_INT, MOST_INT));
    this._call(state, 'madvise');
  }

  /**
   * process_madvise(2): advises about ranges of the process of a descriptor. Returns the bytes advised.
   * @throws {@link SyscallError} EINVAL, EBADF, ESRCH, EPERM, EFAULT, ENOMEM
   */
  processMadvise(pidfd: number, pieces: readonly Piece[], advice: AdviceLike, flags = 0): number {
    const vector = iovec('processMadvise', 'pieces', pieces);
    const state = this._enter();
    this._fd(state, 0, 'processMadvise', pidfd, 'pidfd', -MOST_INT);
    state.number(2, pieces.length);
    state.number(3, named('processMadvise', 'advice', advice, MADV, 'MADV_', -MOST_INT, MOST_INT));
    state.number(4, check.integer('processMadvise', 'flags', flags, 0, 0xffff_ffff));
    this._given(state, 'process_madvise', 1, vector);
    return Number(state.result());
  }

  /** brk(2): moves the break. Returns the break afterwards, which is the old one if it could not be moved; without an address the break as it is. Never refused. */
  brk(addr: AddressLike = 0): bigint {
    const state = this._enter();
    state.put(0, 'brk', 'addr', addr);
    this._call(state, 'brk');
    return state.result();
  }

  /**
   * msync(2): writes a shared mapping's pages back. `flags` are bits of `MS`, or names such as `'sync'`, the default.
   * @throws {@link SyscallError} EINVAL, ENOMEM, EBUSY
   */
  msync(addr: AddressLike, length: LengthLike, flags: number | string = MS.SYNC): void {
    const state = this._enter();
    state.put(0, 'msync', 'addr', addr);
    this._size(state, 1, 'msync', 'length', length);
    this._flags(state, 2, 'msync', flags, MS, 'MS_');
    this._call(state, 'msync');
  }

  /**
   * mlock(2), or mlock2(2) with flags (`MLOCK.ONFAULT` or `'onfault'`): locks a range in memory.
   * @throws {@link SyscallError} ENOMEM, EPERM, EINVAL, EAGAIN
   */
  mlock(addr: AddressLike, length: LengthLike, flags?: number | string): void {
    if (flags === undefined) this._range('mlock', addr, length);
    else this.mlock2(addr, length, flags);
  }

  /** mlock2(2): see {@link mlock}. */
  mlock2(addr: AddressLike, length: LengthLike, flags: number | string): void {
    const state = this._enter();
    state.put(0, 'mlock2', 'addr', addr);
    this._size(state, 1, 'mlock2', 'length', length);
    this._flags(state, 2, 'mlock2', flags, MLOCK, 'MLOCK_');
    this._call(state, 'mlock2');
  }

  /**
   * munlock(2): unlocks a range.
   * @throws {@link SyscallError} ENOMEM, EINVAL
   */
  munlock(addr: AddressLike, length: LengthLike): void {
    this._range('munlock', addr, length);
  }

  /**
   * mlockall(2): locks everything. `flags` are bits of `MCL`, or names such as `'current|future'`.
   * @throws {@link SyscallError} EINVAL, ENOMEM, EPERM
   */
  mlockall(flags: number | string): void {
    const state = this._enter();
    this._flags(state, 0, 'mlockall', flags, MCL, 'MCL_');
    this._call(state, 'mlockall');
  }

  /** munlockall(2): unlocks everything. Never refused. */
  munlockall(): void {
    this._call(this._enter(), 'munlockall');
  }

  /**
   * mseal(2): seals a range: it cannot be unmapped, moved, protected otherwise, or emptied any more.
   * @throws {@link SyscallError} EINVAL, ENOMEM, EPERM
   */
  mseal(addr: AddressLike, length: LengthLike, flags = 0): void {
    const state = this._enter();
    state.put(0, 'mseal', 'addr', addr);
    this._size(state, 1, 'mseal', 'length', length);
    state.number(2, check.integer('mseal', 'flags', flags, 0, 0xffff_ffff));
    this._call(state, 'mseal');
  }

  /**
   * mincore(2): which pages a fault would not have to fetch, one value a page.
   * @throws {@link SyscallError} EINVAL, ENOMEM, EFAULT
   */
  mincore(addr: AddressLike, length: LengthLike): boolean[] {
    const state = this._enter();
    state.put(0, 'mincore', 'addr', addr);
    this._size(state, 1, 'mincore', 'length', length);
    this._given(state, 'mincore', 6, new Uint8Array(0), 6, undefined, 2);
    return Array.from(this._answer(state), (byte) => (byte & 1) === 1);
  }

  /**
   * remap_file_pages(2): shows other pages of a file in a shared mapping. `pgoff` counts pages.
   * @throws {@link SyscallError} EINVAL, ENOMEM, EAGAIN
   */
  remapFilePages(addr: AddressLike, length: LengthLike, prot: ProtLike, pgoff: AddressLike, flags: MapFlagsLike = 0): void {
    const state = this._enter();
    state.put(0, 'remapFilePages', 'addr', addr);
    this._size(state, 1, 'remapFilePages', 'length', length);
    state.number(2, toProt('remapFilePages', prot));
    state.put(3, 'remapFilePages', 'pgoff', pgoff);
    this._flags(state, 4, 'remapFilePages', flags, MAP, 'MAP_');
    this._call(state, 'remap_file_pages');
  }

  /**
   * pkey_alloc(2): takes a protection key, with rights such as `'disable_write'`. Needs `config: { PKU: true }`.
   * @throws {@link SyscallError} EINVAL, ENOSPC
   */
  pkeyAlloc(rights: number | string = 0, flags = 0): number {
    const state = this._enter();
    state.number(0, check.integer('pkeyAlloc', 'flags', flags, 0, 0xffff_ffff));
    this._flags(state, 1, 'pkeyAlloc', rights, PKEY, 'PKEY_', 'rights');
    this._call(state, 'pkey_alloc');
    return state.small();
  }

  /**
   * pkey_free(2): gives a protection key back.
   * @throws {@link SyscallError} EINVAL
   */
  pkeyFree(key: number): void {
    const state = this._enter();
    this._fd(state, 0, 'pkeyFree', key, 'key', -1);
    this._call(state, 'pkey_free');
  }

  /**
   * pkey_mprotect(2): as {@link mprotect}, and puts a range under a protection key.
   * @throws {@link SyscallError} as mprotect
   */
  pkeyMprotect(addr: AddressLike, length: LengthLike, prot: ProtLike, key: number): void {
    const state = this._enter();
    state.put(0, 'pkeyMprotect', 'addr', addr);
    this._size(state, 1, 'pkeyMprotect', 'length', length);
    state.number(2, toProt('pkeyMprotect', prot));
    this._fd(state, 3, 'pkeyMprotect', key, 'key', -1);
    this._call(state, 'pkey_mprotect');
  }

  /** What each protection key forbids, two bits each (the instruction RDPKRU). */
  get pkru(): number {
    this._enter();
    return this._state.use((core) => core.readPkru(this.pid)) >>> 0;
  }

  set pkru(rights: number) {
    check.integer('pkru', 'rights', rights, 0, 0xffff_ffff);
    this._enter();
    this._state.selected = -1;
    this._state.use((core) => core.writePkru(this.pid, rights));
  }
}
