/** Frames as a table has them: equal neighbours in one line. No DOM. */

/** Columns: the first frame of each run, how many it has, what they are (`FRAME`). */
export interface FrameRuns {
  readonly count: number;
  readonly first: Uint32Array;
  readonly frames: Uint32Array;
  readonly kind: Uint8Array;
}

export function frameRuns(kinds: Uint8Array): FrameRuns {
  let count = 0;
  for (let i = 0; i < kinds.length; i++) if (i === 0 || kinds[i] !== kinds[i - 1]) count++;
  const runs = { count, first: new Uint32Array(count), frames: new Uint32Array(count), kind: new Uint8Array(count) };
  for (let i = 0, at = -1; i < kinds.length; i++) {
    if (i === 0 || kinds[i] !== kinds[i - 1]) {
      at++;
      runs.first[at] = i;
      runs.kind[at] = kinds[i]!;
    }
    runs.frames[at]!++;
  }
  return runs;
}

/** The run that a frame is in. */
export function runOf({ first, count }: FrameRuns, pfn: number): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (first[middle]! <= pfn) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
