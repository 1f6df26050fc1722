/** What the core throws of a text, as an error of ours. */
import { ScriptError, type ScriptErrorPlace } from './errors.ts';

/** @internal Turns the core's error objects into {@link ScriptError}. */
export function guarded<R>(body: () => R): R {
  try {
    return body();
  } catch (error) {
    if (Array.isArray(error)) throw new ScriptError(error as ScriptErrorPlace[]);
    if (error && typeof error === 'object' && 'expected' in error) throw new ScriptError([error as ScriptErrorPlace]);
    throw error;
  }
}
