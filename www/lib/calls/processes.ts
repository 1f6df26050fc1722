import * as check from '../check.ts';
import { CLONE, PIDFD, W } from '../constants.ts';
import { MOST_INT, type Piece, iovec } from './base.ts';
import { ShmCalls } from './shm.ts';

/** Calls that make, end and look into processes. */
export abstract class ProcessCalls<Self> extends ShmCalls {
  /** @internal A handle of a process that the last call has made. */
  protected abstract _made_(pid: number): Self;

  /**
   * fork(2): makes a child with a copy of the memory; private pages are shared until somebody writes.
   * @throws {@link SyscallError} ENOMEM
   * @example const child = p.fork(); child.store(a, 'mine');
   */
  fork(): Self {
    const state = this._enter();
    this._call(state, 'fork');
    return this._made_(state.small());
  }

  /** vfork(2): makes a child that shares the memory. The parent is not suspended. */
  vfork(): Self {
    const state = this._enter();
    this._call(state, 'vfork');
    return this._made_(state.small());
  }

  /**
   * clone(2): `'vm'` (or `CLONE.VM`) shares the memory, as threads do.
   * @throws {@link SyscallError} ENOMEM
   * @example const thread = p.clone('vm|thread|sighand|fs|files');
   */
  clone(flags: number | string): Self {
    const state = this._enter();
    this._flags(state, 0, 'clone', flags, CLONE, 'CLONE_');
    this._call(state, 'clone');
    return this._made_(state.small());
  }

  /**
   * execve(2): a new program in the process's place: `/bin/program`, which every machine has.
   * @throws {@link SyscallError} ENOENT, ENOMEM
   */
  execve(path = '/bin/program'): void {
    const bytes = this._text('execve', 'path', path);
    this._given(this._enter(), 'execve', 0, bytes);
  }

  /** exit_group(2): ends the process. The handle is of no use then. */
  exit(status = 0): void {
    const state = this._enter();
    state.number(0, check.integer('exit', 'status', status, -MOST_INT, MOST_INT));
    this._call(state, 'exit_group');
  }

  /** Ends the process as SIGKILL does; `false` if it has ended. */
  kill(): boolean {
    const state = this._enter();
    state.selected = -1;
    return state.use((core) => core.kill(this.pid));
  }

  /**
   * wait4(2): takes an ended child out of the books. Returns its number; 0 if none has ended: nothing here waits.
   * @throws {@link SyscallError} ECHILD
   */
  wait(pid = -1, options: number | string = 0): number {
    const state = this._enter();
    state.number(0, check.integer('wait', 'pid', pid, -MOST_INT, MOST_INT));
    this._flags(state, 2, 'wait', options, W, 'W', 'options');
    this._call(state, 'wait4');
    return state.small();
  }

  /** getpid(2): the process's number. */
  getpid(): number {
    const state = this._enter();
    this._call(state, 'getpid');
    return state.small();
  }

  /**
   * pidfd_open(2): a descriptor of a process.
   * @throws {@link SyscallError} EINVAL, ESRCH, EMFILE
   */
  pidfdOpen(pid: number, flags: number | string = 0): number {
    const state = this._enter();
    state.number(0, check.integer('pidfdOpen', 'pid', pid, -MOST_INT, MOST_INT));
    this._flags(state, 1, 'pidfdOpen', flags, PIDFD, 'PIDFD_');
    this._call(state, 'pidfd_open');
    return state.small();
  }

  /**
   * process_vm_readv(2): copies from another process's memory (`remote`) into one's own (`local`). Returns the bytes copied.
   * @throws {@link SyscallError} EFAULT, EINVAL, EPERM, ESRCH, ENOMEM
   */
  processVmReadv(pid: number, local: readonly Piece[], remote: readonly Piece[], flags = 0): number {
    return this.#copied('process_vm_readv', 'processVmReadv', pid, local, remote, flags);
  }

  /** process_vm_writev(2): the other way round. */
  processVmWritev(pid: number, local: readonly Piece[], remote: readonly Piece[], flags = 0): number {
    return this.#copied('process_vm_writev', 'processVmWritev', pid, local, remote, flags);
  }

  #copied(name: 'process_vm_readv' | 'process_vm_writev', call: string, pid: unknown, local: readonly Piece[], remote: readonly Piece[], flags: unknown): number {
    const [mine, theirs] = [iovec(call, 'local', local), iovec(call, 'remote', remote)];
    const state = this._enter();
    state.number(0, check.integer(call, 'pid', pid, 0, MOST_INT));
    state.number(2, local.length);
    state.number(4, remote.length);
    state.number(5, check.integer(call, 'flags', flags, 0, 0xffff_ffff));
    this._given(state, name, 1, mine, 3, theirs);
    return state.small();
  }
}
