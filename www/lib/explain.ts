/** What happened inside calls and accesses. A function and not a method: whoever does not ask does not carry the texts. */
import { wrongType } from './check.ts';
import { PageFault, SyscallError } from './errors.ts';
import { Machine } from './machine.ts';
import { Process } from './process.ts';
import { type Explanation, tell } from './tell.ts';
import { watchWith } from './watching.ts';

/** What came of something that was explained. */
export interface Explained<R> {
  /** What the body returned; absent if it was refused. */
  readonly value?: R;
  /** The {@link SyscallError} or {@link PageFault} that it threw. */
  readonly error?: SyscallError | PageFault;
  /** Each call and access that was made: the tree of kernel functions, the sentence, the changes. */
  readonly steps: readonly Explanation[];
}

/**
 * Runs something and explains each call and access that a process, or any process of a machine, makes in it. What the
 * kernel refuses is explained too, and not thrown.
 * @example
 * const { value, steps } = explain(p, () => p.mmap({ length: 4096 }));
 * console.log(steps[0].sentence);
 */
export function explain<R>(who: Process | Machine, body: () => R): Explained<R> {
  if (!(who instanceof Process) && !(who instanceof Machine)) throw wrongType('explain', 'who', who, 'a process or a machine');
  if (typeof body !== 'function') throw wrongType('explain', 'body', body, 'a function that makes calls');
  const steps: Explanation[] = [];
  const pid = who instanceof Process ? who.pid : null;
  if (who instanceof Process) who._enter();
  const end = watchWith(who._state, 'explaining', { pid, told: (told) => steps.push(tell(told)) });
  try {
    return { value: body(), steps };
  } catch (error) {
    // What cannot be meant is the caller's.
    if (error instanceof SyscallError || error instanceof PageFault) return { error, steps };
    throw error;
  } finally {
    end();
  }
}
