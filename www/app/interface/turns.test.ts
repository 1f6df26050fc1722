/** Updates take turns: as many as a frame has time for, in order, and a mistake of one stops none of the others. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { inNextFrame, inTurn, onDrawing } from './turns.ts';

let now = 0;
let frames: (() => void)[] = [];
const nextFrame = (): void => {
  now += 16;
  for (const run of frames.splice(0)) run();
};

beforeEach(() => {
  [now, frames] = [0, []];
  vi.stubGlobal('requestAnimationFrame', (run: () => void) => frames.push(run));
  vi.stubGlobal('cancelAnimationFrame', (id: number) => void (frames[id - 1] = () => undefined));
  vi.spyOn(performance, 'now').mockImplementation(() => now);
});
afterEach(() => {
  // What is left over is done, so that the next test begins with nothing.
  while (frames.length > 0) nextFrame();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test('what fits into a frame is done at once, the rest in order in the frames that follow', async () => {
  const done: string[] = [];
  const takes = (name: string, ms: number) => inTurn(() => {
    now += ms;
    done.push(name);
  });
  expect(takes('a', 2)).toBeUndefined();
  expect(takes('b', 20)).toBeUndefined();
  const later = [takes('c', 20), takes('d', 1), takes('e', 1)];
  expect(done).toEqual(['a', 'b']);
  nextFrame();
  expect(done).toEqual(['a', 'b', 'c']);
  nextFrame();
  expect(done).toEqual(['a', 'b', 'c', 'd', 'e']);
  await Promise.all(later);
  // What comes now shares the time of the frame; when one had nothing to do no more are asked for.
  expect(takes('f', 5)).toBeUndefined();
  void takes('g', 1);
  expect(done.at(-1)).toBe('f');
  nextFrame();
  expect(done.at(-1)).toBe('g');
  nextFrame();
  expect(frames).toEqual([]);
});

test('even in a frame without time one gets its turn', () => {
  const done: number[] = [];
  for (let i = 0; i < 4; i++) void inTurn(() => {
    now += 100;
    done.push(i);
  });
  for (let frame = 0; frame < 3; frame++) nextFrame();
  expect(done).toEqual([0, 1, 2, 3]);
});

test('an update that fails says so to who asked for it, and the next one has its turn', async () => {
  void inTurn(() => void (now += 50));
  const failing = inTurn(() => {
    throw new Error('broken');
  });
  let isDone = false;
  void inTurn(() => void (isDone = true));
  nextFrame();
  await expect(failing).rejects.toThrow('broken');
  expect(isDone).toBe(true);
});

test('it is told when something waits for its turn or its frame, and when nothing does', () => {
  const told: boolean[] = [];
  onDrawing((isDrawing) => told.push(isDrawing));
  void inTurn(() => void (now += 50));
  expect(told).toEqual([]);
  void inTurn(() => undefined);
  expect(told).toEqual([true]);
  const cancel = inNextFrame(() => undefined);
  nextFrame();
  expect(told).toEqual([true, false]);
  inNextFrame(() => void inTurn(() => undefined));
  const taken = inNextFrame(() => expect.unreachable());
  taken();
  taken();
  cancel();
  expect(told).toEqual([true, false, true]);
  nextFrame();
  expect(told).toEqual([true, false, true, false]);
  onDrawing(() => undefined);
});
