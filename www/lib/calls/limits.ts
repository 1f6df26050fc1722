import type { AddressLike, LengthLike } from '../address.ts';
import * as check from '../check.ts';
import { PR } from '../constants.ts';
import { type LimitLike, pair, resourceOf } from '../options.ts';
import { named } from './base.ts';
import { FileCalls } from './files.ts';

/** A resource limit. */
export interface Rlimit {
  readonly soft: bigint;
  readonly hard: bigint;
}

function limitBytes(call: string, limit: unknown): Uint8Array {
  const words = new BigUint64Array(pair(call, 'limit', limit));
  return new Uint8Array(words.buffer);
}

/** Calls about what a process may, and how it is laid out. */
export abstract class LimitCalls extends FileCalls {
  /**
   * setrlimit(2). `resource` is one of `RLIMIT`, or its name such as `'MEMLOCK'`; a limit is a number for both, or `[soft, hard]`.
   * @throws {@link SyscallError} EINVAL, EPERM
   * @example p.setrlimit('MEMLOCK', [65536, 65536]);
   */
  setrlimit(resource: number | string, limit: LimitLike): void {
    const bytes = limitBytes('setrlimit', limit);
    const state = this._enter();
    state.number(0, resourceOf('setrlimit', resource));
    this._given(state, 'setrlimit', 1, bytes);
  }

  /**
   * prlimit64(2) of the caller itself: the limit as it was, and sets another if one is given.
   * @throws {@link SyscallError} EINVAL, EPERM
   * @example p.prlimit('NOFILE').soft;     // 1024n
   */
  prlimit(resource: number | string, limit?: LimitLike): Rlimit {
    const bytes = limit === undefined ? new Uint8Array(0) : limitBytes('prlimit', limit);
    const state = this._enter();
    state.number(1, resourceOf('prlimit', resource));
    this._given(state, 'prlimit64', limit === undefined ? 6 : 2, bytes, 6, undefined, 3);
    const answer = this._answer(state);
    const [soft, hard] = new BigUint64Array(answer.buffer, 0, 2);
    return Object.freeze({ soft: soft!, hard: hard! });
  }

  /** personality(2): sets the bits of `PERSONALITY`, and returns those before; without an argument it only returns them. Never refused. */
  personality(persona = 0xffff_ffff): number {
    const state = this._enter();
    state.number(0, check.integer('personality', 'persona', persona, 0, 0xffff_ffff));
    this._call(state, 'personality');
    return state.small();
  }

  /**
   * prctl(2). `option` is one of `PR`, or its name such as `'set_mdwe'`.
   * @throws {@link SyscallError} EINVAL, EPERM, ENOMEM, EBADF
   */
  prctl(option: number | string, arg2: AddressLike = 0, arg3: AddressLike = 0, arg4: AddressLike = 0, arg5: AddressLike = 0): number {
    const state = this._enter();
    state.number(0, named('prctl', 'option', option, PR, 'PR_'));
    state.put(1, 'prctl', 'arg2', arg2);
    state.put(2, 'prctl', 'arg3', arg3);
    state.put(3, 'prctl', 'arg4', arg4);
    state.put(4, 'prctl', 'arg5', arg5);
    this._call(state, 'prctl');
    return state.small();
  }

  /**
   * prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME): names anonymous memory; `null` takes the name away. Needs `config: { ANON_VMA_NAME: true }`.
   * @throws {@link SyscallError} EINVAL, ENOMEM, EBADF
   */
  nameArea(addr: AddressLike, length: LengthLike, name: string | null): void {
    const bytes = name === null ? new Uint8Array(0) : this._text('nameArea', 'name', name);
    const state = this._enter();
    state.number(0, PR.SET_VMA);
    state.put(2, 'nameArea', 'addr', addr);
    this._size(state, 3, 'nameArea', 'length', length);
    if (name === null) this._call(state, 'prctl');
    else this._given(state, 'prctl', 4, bytes);
  }
}
