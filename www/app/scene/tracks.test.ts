/** Tracks that were counted as they came are drawn as those that come at once. */
import { expect, test } from 'vitest';
import { NO_TRACKS, TrackStore } from '../model/tracks.ts';
import type { Tracks } from '../worker/protocol.ts';
import { TracksCount, composeTracks } from './tracks.ts';

/** Steps of three processes, from one on. */
function steps(from: number, count: number): Tracks {
  const columns = Object.entries(NO_TRACKS).filter(([, column]) => ArrayBuffer.isView(column)).map(([name, column]) => [name, new ((column as Uint32Array).constructor as Uint32ArrayConstructor)(count)] as const);
  const { call, pid, faults, rss } = Object.fromEntries(columns) as Record<string, Uint32Array>;
  for (let i = 0; i < count; i++) [call![i], pid![i], faults![i], rss![i]] = [(from + i) % 5, 1 + (((from + i) >> 4) % 3), (from + i) % 2, from + i];
  return { from, ...Object.fromEntries(columns) } as unknown as Tracks;
}

test.each([true, false])('in a short picture: %s', (isShort) => {
  const [store, count] = [new TrackStore(), new TracksCount()];
  const input = () => ({ tracks: store.tracks, length: 1000, width: 300, isShort });
  for (let from = 0; from < 900; from += 50) {
    store.append(steps(from, 50));
    count.of(input());
  }
  const drawn = composeTracks(input(), count);
  expect(drawn).toEqual(composeTracks(input()));
  expect(drawn.picture.shapes.length).toBeGreaterThan(1);
});
