import { expect, test } from 'vitest';
import { copyOnWrite, scene } from '../golden/fixtures.ts';
import { locate } from './compose.ts';
import { type Hit, hitSpace, mainLane, pagesInSight, pagesOfFrame, rangeOver } from './hit.ts';

const SIZE = { width: 900, height: 700 };
const A = 0x7ffff7ff3;

const at = (from: number, to: number, page: number): Hit => ({ what: 'page', pid: 1, lane: 0, page, addr: '', area: 0, pfn: null, from, to, box: { x: 0, y: 0, w: 1, h: 1 } });

test('a range is of pages in one piece, and of whole pieces over several', () => {
  expect(rangeOver(at(10, 20, 12), at(10, 20, 15))).toEqual({ pid: 1, from: 12, to: 16 });
  expect(rangeOver(at(10, 20, 15), at(10, 20, 12))).toEqual({ pid: 1, from: 12, to: 16 });
  expect(rangeOver(at(30, 40, 35), at(10, 20, 12))).toEqual({ pid: 1, from: 10, to: 40 });
});

test('the pages of a frame are where they are drawn, once each', () => {
  const picture = scene(copyOnWrite(), SIZE);
  const [frame] = [hitAt(picture, 1)?.pfn];
  const places = pagesOfFrame(picture, frame!);
  expect(places.map(({ pid, page }) => [pid, page])).toEqual([[1, A]]);
  expect(places[0]).toMatchObject({ box: locate(picture, 1, A), lane: picture.lanes[0]!.box });
  expect(pagesOfFrame(picture, 4000)).toEqual([]);
});

function hitAt(picture: ReturnType<typeof scene>, pid: number): Hit | null {
  const { x, y, w, h } = locate(picture, pid, A)!;
  return hitSpace(picture, x + w / 2, y + h / 2);
}

test('what is told of is the lane of the step, else of what is selected, else the first', () => {
  const lanes = copyOnWrite();
  expect(mainLane(scene(lanes, SIZE, { touched: { pid: 2, page: A }, selected: { pid: 1, page: A } }))?.data.pid).toBe(2);
  expect(mainLane(scene(lanes, SIZE, { selected: { pid: 2, page: A } }))?.data.pid).toBe(2);
  expect(mainLane(scene(lanes, SIZE))?.data.pid).toBe(1);
});

test('in sight are whole pieces, or a part of the one that fills the window', () => {
  const lanes = copyOnWrite();
  const { axis } = scene(lanes, SIZE).lanes[0]!.layout;
  const all = pagesInSight(scene(lanes, { ...SIZE, height: 4000 }).lanes[0]!);
  expect(all).toEqual({ from: 0, to: axis.pages });
  const zoom = axis.most(A);
  const near = pagesInSight(scene(lanes, SIZE, { view: { zoom, page: A + 0.25 } }).lanes[0]!);
  expect([Math.floor(near.from), Math.floor(near.to)]).toEqual([A, A]);
});
