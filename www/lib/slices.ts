/** Long logs are read in slices, so that others have their turn. */
import { guarded } from './guarded.ts';

/** Lines read of all passes over a text, and in all. */
interface Progress { readonly position: number; readonly length: number }

/** What reads a text in the core. */
interface Reader<S> {
  advance(lines: number): unknown;
  session(): S;
  free(): void;
}

/** Lines that are read without a pause: some milliseconds. */
const LINES_AT_ONCE = 2000;

/** Reads to the end: `slice` is told after each part how far it is, of all passes over the lines; what it throws ends the reading. */
export async function readInSlices<S>(reader: Reader<S>, slice: (progress: Progress) => void | Promise<void>): Promise<S> {
  try {
    let progress: Progress;
    do {
      progress = reader.advance(LINES_AT_ONCE) as Progress;
      // What is no log is read at once.
      if (progress.length > 0) await slice(progress);
    } while (progress.position < progress.length);
    return guarded(() => reader.session());
  } finally {
    reader.free();
  }
}
