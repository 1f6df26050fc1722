/** Long logs are read in slices, so that others have their turn. */
import { guarded } from './guarded.ts';

/** What reads a text in the core. */
interface Reader<S> {
  advance(lines: number): unknown;
  session(): S;
  free(): void;
}

/** Lines that are read without a pause: some milliseconds. */
const LINES_AT_ONCE = 2000;

/** Reads to the end: `slice` is told after each part how far it is, of all passes over the lines; what it throws ends the reading. */
export async function readInSlices<S>(reader: Reader<S>, slice: (position: number, length: number) => void | Promise<void>): Promise<S> {
  try {
    for (let isDone = false; !isDone;) {
      const { position, length } = reader.advance(LINES_AT_ONCE) as { position: number; length: number };
      // What is no log is read at once.
      if (length > 0) await slice(position, length);
      isDone = position >= length;
    }
    return guarded(() => reader.session());
  } finally {
    reader.free();
  }
}
