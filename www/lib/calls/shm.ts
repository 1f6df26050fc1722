import type { AddressLike, LengthLike } from '../address.ts';
import * as check from '../check.ts';
import { IPC, SHM } from '../constants.ts';
import { MOST_INT, named } from './base.ts';
import { LimitCalls } from './limits.ts';

/** Of two that are called the same, the one that both kinds of call have goes by the bare name. */
const GET = { ...SHM, ...IPC, SHM_STAT: SHM.STAT, SHM_INFO: SHM.INFO };

/** System V shared memory. */
export abstract class ShmCalls extends LimitCalls {
  /**
   * shmget(2): a segment by its key, made with `'creat'` and permission bits. Returns its number.
   * @throws {@link SyscallError} EINVAL, ENOENT, EEXIST, EACCES, ENOMEM, EPERM
   * @example const id = p.shmget(IPC.PRIVATE, '64KiB', IPC.CREAT | 0o600);
   */
  shmget(key: number, size: LengthLike, flags: number | string = IPC.CREAT | 0o600): number {
    const state = this._enter();
    state.number(0, check.integer('shmget', 'key', key, -MOST_INT, 0xffff_ffff));
    this._size(state, 1, 'shmget', 'size', size);
    state.number(2, check.flags('shmget', 'flags', flags, GET, '') | (typeof flags === 'string' ? 0o600 : 0));
    this._call(state, 'shmget');
    return state.small();
  }

  /**
   * shmat(2): attaches a segment. Returns the address.
   * @throws {@link SyscallError} EINVAL, EACCES, ENOMEM, EIDRM
   */
  shmat(id: number, addr: AddressLike = 0, flags: number | string = 0): bigint {
    const state = this._enter();
    this._fd(state, 0, 'shmat', id, 'id');
    state.put(1, 'shmat', 'addr', addr);
    this._flags(state, 2, 'shmat', flags, SHM, 'SHM_');
    this._call(state, 'shmat');
    return state.result();
  }

  /**
   * shmdt(2): detaches the segment at an address.
   * @throws {@link SyscallError} EINVAL
   */
  shmdt(addr: AddressLike): void {
    const state = this._enter();
    state.put(0, 'shmdt', 'addr', addr);
    this._call(state, 'shmdt');
  }

  /**
   * shmctl(2): `'rmid'`, `'set'`, `'stat'`, `'info'`, `'lock'`, `'unlock'`, `'shm_stat'`, `'shm_info'`, `'stat_any'`, or a number.
   * `'set'` takes owner, group and mode from a `struct shmid_ds` of 112 bytes: 32-bit words at 4, 8 and 20, as `'stat'` gives them.
   * Returns what the call gives and what it writes.
   * @throws {@link SyscallError} EINVAL, EPERM, EACCES, EFAULT, ENOMEM
   */
  shmctl(id: number, command: number | string, structure?: Uint8Array | ArrayBuffer): { readonly result: number; readonly output: Uint8Array } {
    const bytes = structure === undefined ? undefined : check.contents('shmctl', 'structure', structure);
    const state = this._enter();
    this._fd(state, 0, 'shmctl', id, 'id');
    state.number(1, named('shmctl', 'command', command, GET, ''));
    this._given(state, 'shmctl', bytes ? 2 : 6, bytes ?? new Uint8Array(0), 6, undefined, bytes ? 6 : 2);
    return { result: state.small(), output: this._answer(state) };
  }
}
