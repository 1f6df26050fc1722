import type { AddressLike, LengthLike } from '../address.ts';
import * as check from '../check.ts';
import { AT_FDCWD, F, FALLOC, IOCTL, MFD, O } from '../constants.ts';
import { MOST_INT, named } from './base.ts';
import { MemoryCalls } from './memory.ts';

/** One read or write moves at most so many bytes that are not in the process's memory. */
const MOST_READ = 16 << 20;
const OPEN = 'RDONLY';

/** Calls about files and descriptors. Paths are those of the machine's files: there are no folders but in names. */
export abstract class FileCalls extends MemoryCalls {
  /**
   * open(2): opens a file. Returns a descriptor. `flags` are bits of `O`, or names such as `'rdwr|creat'`.
   * @throws {@link SyscallError} ENOENT, EACCES, EEXIST, EISDIR, ENOTDIR, EMFILE, ENAMETOOLONG
   * @example const fd = p.open('/etc/data', 'rdwr|creat', 0o600);
   */
  open(path: string, flags: number | string = OPEN, mode = 0o644): number {
    return this.#opened('open', this._text('open', 'path', path), flags, mode, undefined);
  }

  /** openat(2): as {@link open}. Every path is taken from the root: `dirfd` only has to be an integer. */
  openat(dirfd: number, path: string, flags: number | string = OPEN, mode = 0o644): number {
    return this.#opened('openat', this._text('openat', 'path', path), flags, mode, dirfd);
  }

  #opened(call: 'open' | 'openat', path: Uint8Array, flags: number | string, mode: number, dirfd: number | undefined): number {
    const state = this._enter();
    const at = call === 'openat' ? 1 : 0;
    if (at === 1) state.number(0, check.integer(call, 'dirfd', dirfd, AT_FDCWD, MOST_INT));
    this._flags(state, at + 1, call, flags, O, 'O_');
    state.number(at + 2, check.integer(call, 'mode', mode, 0, 0o7777));
    this._given(state, call, at, path);
    return state.small();
  }

  /**
   * creat(2): makes a file, or empties it, and opens it for writing.
   * @throws {@link SyscallError} as open
   */
  creat(path: string, mode = 0o644): number {
    const bytes = this._text('creat', 'path', path);
    const state = this._enter();
    state.number(1, check.integer('creat', 'mode', mode, 0, 0o7777));
    this._given(state, 'creat', 0, bytes);
    return state.small();
  }

  /**
   * close(2): closes a descriptor.
   * @throws {@link SyscallError} EBADF
   */
  close(fd: number): void {
    this.#onlyFd('close', fd);
  }

  #onlyFd(call: 'close' | 'dup' | 'fsync' | 'fdatasync', fd: unknown): number {
    const state = this._enter();
    this._fd(state, 0, call, fd);
    this._call(state, call);
    return state.small();
  }

  /**
   * read(2) into a buffer of the program: reads at most `count` bytes (16 MiB at once) at the file's position and returns them.
   * @throws {@link SyscallError} EBADF, EISDIR, EINVAL
   */
  read(fd: number, count: LengthLike): Uint8Array {
    const state = this._enter();
    this._fd(state, 0, 'read', fd);
    state.number(2, Math.min(MOST_READ, Number(check.size('read', 'count', count))));
    this._given(state, 'read', 6, new Uint8Array(0), 6, undefined, 1);
    return this._answer(state);
  }

  /** read(2) into the process's memory, as the kernel copies it. Returns how many bytes. */
  readTo(fd: number, addr: AddressLike, count: LengthLike): number {
    return this.#copied('read', 'readTo', fd, addr, count, undefined);
  }

  /** pread64(2): as {@link read}, from an offset, and the position stays. */
  pread(fd: number, count: LengthLike, offset: AddressLike): Uint8Array {
    const state = this._enter();
    this._fd(state, 0, 'pread', fd);
    state.number(2, Math.min(MOST_READ, Number(check.size('pread', 'count', count))));
    state.put(3, 'pread', 'offset', offset);
    this._given(state, 'pread64', 6, new Uint8Array(0), 6, undefined, 1);
    return this._answer(state);
  }

  /** pread64(2) into the process's memory. Returns how many bytes. */
  preadTo(fd: number, addr: AddressLike, count: LengthLike, offset: AddressLike): number {
    return this.#copied('pread64', 'preadTo', fd, addr, count, offset);
  }

  #copied(name: 'read' | 'write' | 'pread64' | 'pwrite64', call: string, fd: unknown, addr: unknown, count: unknown, offset: unknown): number {
    const state = this._enter();
    this._fd(state, 0, call, fd);
    state.put(1, call, 'addr', addr);
    this._size(state, 2, call, 'count', count);
    if (name.startsWith('p')) state.put(3, call, 'offset', offset);
    this._call(state, name);
    return state.small();
  }

  /**
   * write(2): writes bytes, or a text in UTF-8, at the file's position: at most 16 MiB at once. Returns how many.
   * @throws {@link SyscallError} EBADF, EINVAL, EPERM, ENOSPC
   */
  write(fd: number, data: Uint8Array | ArrayBuffer | string): number {
    const bytes = check.contents('write', 'data', data).subarray(0, MOST_READ);
    const state = this._enter();
    this._fd(state, 0, 'write', fd);
    state.number(2, bytes.length);
    this._given(state, 'write', 1, bytes);
    return state.small();
  }

  /** write(2) out of the process's memory. Returns how many bytes. */
  writeFrom(fd: number, addr: AddressLike, count: LengthLike): number {
    return this.#copied('write', 'writeFrom', fd, addr, count, undefined);
  }

  /** pwrite64(2): as {@link write}, at an offset, and the position stays. */
  pwrite(fd: number, data: Uint8Array | ArrayBuffer | string, offset: AddressLike): number {
    const bytes = check.contents('pwrite', 'data', data).subarray(0, MOST_READ);
    const state = this._enter();
    this._fd(state, 0, 'pwrite', fd);
    state.number(2, bytes.length);
    state.put(3, 'pwrite', 'offset', offset);
    this._given(state, 'pwrite64', 1, bytes);
    return state.small();
  }

  /** pwrite64(2) out of the process's memory. Returns how many bytes. */
  pwriteFrom(fd: number, addr: AddressLike, count: LengthLike, offset: AddressLike): number {
    return this.#copied('pwrite64', 'pwriteFrom', fd, addr, count, offset);
  }

  /**
   * dup(2): another descriptor of the same file.
   * @throws {@link SyscallError} EBADF, EMFILE
   */
  dup(fd: number): number {
    return this.#onlyFd('dup', fd);
  }

  /**
   * dup2(2): makes `newFd` a descriptor of the same file, closing what it was.
   * @throws {@link SyscallError} EBADF
   */
  dup2(fd: number, newFd: number): number {
    const state = this._enter();
    this._fd(state, 0, 'dup2', fd);
    this._fd(state, 1, 'dup2', newFd, 'newFd');
    this._call(state, 'dup2');
    return state.small();
  }

  /**
   * dup3(2): as {@link dup2} with flags; the same descriptor twice is EINVAL.
   * @throws {@link SyscallError} EBADF, EINVAL
   */
  dup3(fd: number, newFd: number, flags: number | string = 0): number {
    const state = this._enter();
    this._fd(state, 0, 'dup3', fd);
    this._fd(state, 1, 'dup3', newFd, 'newFd');
    this._flags(state, 2, 'dup3', flags, O, 'O_');
    this._call(state, 'dup3');
    return state.small();
  }

  /**
   * fcntl(2). `command` is one of `F`, or its name such as `'add_seals'`.
   * @throws {@link SyscallError} EBADF, EINVAL, EPERM, EBUSY, EMFILE
   * @example p.fcntl(fd, 'add_seals', F.SEAL_SHRINK | F.SEAL_GROW);
   */
  fcntl(fd: number, command: number | string, argument: AddressLike = 0): number {
    const state = this._enter();
    this._fd(state, 0, 'fcntl', fd);
    state.number(1, named('fcntl', 'command', command, F, 'F_'));
    state.put(2, 'fcntl', 'argument', argument);
    this._call(state, 'fcntl');
    return state.small();
  }

  /**
   * ioctl(2): `PAGEMAP_SCAN` and `PROCMAP_QUERY` to files of `/proc/PID`. With bytes the structure is those, and what
   * the kernel writes into it is returned with the result; an address points into the process's memory.
   * @throws {@link SyscallError} EBADF, ENOTTY, EINVAL, EFAULT, ENOENT, E2BIG, EPERM
   */
  ioctl(fd: number, request: number | string, argument: AddressLike): number;
  /** The same with the structure given as bytes. */
  ioctl(fd: number, request: number | string, argument: Uint8Array | ArrayBuffer): { readonly result: number; readonly output: Uint8Array };
  ioctl(fd: number, request: number | string, argument: AddressLike | Uint8Array | ArrayBuffer): number | { readonly result: number; readonly output: Uint8Array } {
    const bytes = typeof argument === 'object' && argument !== null ? check.contents('ioctl', 'argument', argument) : undefined;
    const state = this._enter();
    this._fd(state, 0, 'ioctl', fd);
    state.number(1, named('ioctl', 'request', request, IOCTL, ''));
    if (!bytes) {
      state.put(2, 'ioctl', 'argument', argument);
      this._call(state, 'ioctl');
      return state.small();
    }
    this._given(state, 'ioctl', 2, bytes);
    return { result: state.small(), output: this._answer(state) };
  }

  /**
   * fsync(2): writes a file's pages back.
   * @throws {@link SyscallError} EBADF, EINVAL
   */
  fsync(fd: number): void {
    this.#onlyFd('fsync', fd);
  }

  /** fdatasync(2): as {@link fsync}. */
  fdatasync(fd: number): void {
    this.#onlyFd('fdatasync', fd);
  }

  /** sync(2): writes all files' pages back. Never refused. */
  sync(): void {
    this._call(this._enter(), 'sync');
  }

  /**
   * truncate(2): sets the size of a file.
   * @throws {@link SyscallError} ENOENT, EACCES, EINVAL, EPERM, EISDIR
   */
  truncate(path: string, size: LengthLike): void {
    const bytes = this._text('truncate', 'path', path);
    const state = this._enter();
    this._size(state, 1, 'truncate', 'size', size);
    this._given(state, 'truncate', 0, bytes);
  }

  /**
   * ftruncate(2): sets the size of an open file.
   * @throws {@link SyscallError} EBADF, EINVAL, EPERM
   */
  ftruncate(fd: number, size: LengthLike): void {
    const state = this._enter();
    this._fd(state, 0, 'ftruncate', fd);
    this._size(state, 1, 'ftruncate', 'size', size);
    this._call(state, 'ftruncate');
  }

  /**
   * fallocate(2): makes room in a file, or a hole. `mode` is bits of `FALLOC`, or names such as `'punch_hole|keep_size'`.
   * @throws {@link SyscallError} EBADF, EINVAL, EOPNOTSUPP, ENODEV, EPERM, EFBIG, ENOSPC
   */
  fallocate(fd: number, mode: number | string, offset: AddressLike, length: LengthLike): void {
    const state = this._enter();
    this._fd(state, 0, 'fallocate', fd);
    this._flags(state, 1, 'fallocate', mode, FALLOC, 'FALLOC_FL_', 'mode');
    state.put(2, 'fallocate', 'offset', offset);
    this._size(state, 3, 'fallocate', 'length', length);
    this._call(state, 'fallocate');
  }

  /**
   * unlink(2): takes a file's name away.
   * @throws {@link SyscallError} ENOENT
   */
  unlink(path: string): void {
    const bytes = this._text('unlink', 'path', path);
    this._given(this._enter(), 'unlink', 0, bytes);
  }

  /** unlinkat(2): as {@link unlink}. Every path is taken from the root. */
  unlinkat(dirfd: number, path: string, flags = 0): void {
    const bytes = this._text('unlinkat', 'path', path);
    const state = this._enter();
    state.number(0, check.integer('unlinkat', 'dirfd', dirfd, AT_FDCWD, MOST_INT));
    state.number(2, check.integer('unlinkat', 'flags', flags, 0, 0xffff_ffff));
    this._given(state, 'unlinkat', 1, bytes);
  }

  /**
   * chmod(2): sets permission bits.
   * @throws {@link SyscallError} ENOENT, EPERM
   */
  chmod(path: string, mode: number): void {
    const bytes = this._text('chmod', 'path', path);
    const state = this._enter();
    state.number(1, check.integer('chmod', 'mode', mode, 0, 0o7777));
    this._given(state, 'chmod', 0, bytes);
  }

  /**
   * fchmod(2): sets permission bits of an open file.
   * @throws {@link SyscallError} EBADF, EPERM
   */
  fchmod(fd: number, mode: number): void {
    const state = this._enter();
    this._fd(state, 0, 'fchmod', fd);
    state.number(1, check.integer('fchmod', 'mode', mode, 0, 0o7777));
    this._call(state, 'fchmod');
  }

  /**
   * memfd_create(2): makes a file in memory. Returns a descriptor. `flags` are bits of `MFD`, or names.
   * @throws {@link SyscallError} EINVAL, EMFILE, ENODEV
   * @example const fd = p.memfdCreate('shared', 'cloexec|allow_sealing');
   */
  memfdCreate(name: string, flags: number | string = 0): number {
    return this.#memfd('memfdCreate', name, flags);
  }

  /** memfd_create(2), in short. */
  memfd(name: string, flags: number | string = 0): number {
    return this.#memfd('memfd', name, flags);
  }

  #memfd(call: string, name: unknown, flags: unknown): number {
    const bytes = this._text(call, 'name', name);
    const state = this._enter();
    this._flags(state, 1, call, flags, MFD, 'MFD_');
    this._given(state, 'memfd_create', 0, bytes);
    return state.small();
  }

  /**
   * memfd_secret(2): a file that not even the kernel reads.
   * @throws {@link SyscallError} EINVAL, EMFILE
   */
  memfdSecret(flags: number | string = 0): number {
    const state = this._enter();
    this._flags(state, 0, 'memfdSecret', flags, O, 'O_');
    this._call(state, 'memfd_secret');
    return state.small();
  }
}
