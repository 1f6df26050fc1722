import { describe, expect, test } from 'vitest';
import { scrollOf } from '../axis.ts';
import { copyOnWrite, full, python3, scene } from '../golden/fixtures.ts';
import { locate } from './compose.ts';
import { centred, filled, laneAt, panned, revealed, suiting, whole, zoomed } from './move.ts';

const SIZE = { width: 900, height: 700 };
const two = scene(copyOnWrite(), SIZE);
const many = scene([python3()], SIZE);

/** The same scene with another view. */
const seen = (view: ReturnType<typeof whole>) => scene([python3()], SIZE, { view });

test('a place beside all lanes belongs to the first', () => {
  const [first, second] = two.lanes;
  expect(laneAt(two, second!.box.x + 1)).toBe(second);
  expect([laneAt(two, first!.box.x + first!.box.w + 2), laneAt(two, 5000)]).toEqual([first, first]);
});

describe('views', () => {
  test('few areas are all in the window when nothing else is said, many can be read', () => {
    const { layout, box } = two.lanes[0]!;
    expect(layout.axis.length(suiting(layout, box.h, false).zoom)).toBeLessThanOrEqual(box.h + 1);
    expect(suiting(scene([full(5000)], SIZE).lanes[0]!.layout, box.h, false).zoom).toBe(1);
    expect(suiting(layout, box.h, true).zoom).toBe(1);
  });

  test('all of the space has room', () => {
    const lane = seen(whole(many.lanes[0]!)).lanes[0]!;
    expect(lane.layout.axis.length(lane.zoom)).toBeLessThanOrEqual(lane.box.h + 1);
  });

  test('a page is brought to the middle, and into the window only if it is not there', () => {
    const lane = many.lanes[0]!;
    const { start, count } = lane.data.areas;
    const page = start[count >> 1]!;
    const moved = seen(centred(lane, page));
    expect(Math.abs(locate(moved, 1, page)!.y - (lane.box.y + lane.box.h / 2))).toBeLessThan(30);
    expect(revealed(moved, moved.lanes[0]!, page)).toBe(moved.input.view);
    const away = revealed(moved, moved.lanes[0]!, start[0]!);
    expect(away).not.toBe(moved.input.view);
    const { y } = locate(seen(away), 1, start[0]!)!;
    expect(y).toBeGreaterThanOrEqual(lane.box.y);
    expect(y).toBeLessThan(lane.box.y + lane.box.h);
  });

  test('pages fill the window', () => {
    const lane = many.lanes[0]!;
    const { start, pages } = lane.data.areas;
    const [from, to] = [start[3]!, start[3]! + pages[3]!];
    const { zoom } = filled(lane, from, to);
    expect(lane.layout.axis.extent(from, to, zoom).h).toBeGreaterThan(lane.box.h * 0.85);
  });

  test('moving stops at the ends, zooming keeps what is under the pointer', () => {
    const lane = many.lanes[0]!;
    const { axis } = lane.layout;
    expect(scrollOf(axis, panned(many, lane, Infinity), lane.box.h)).toBeCloseTo(axis.length(1) - lane.box.h, 3);
    expect(scrollOf(axis, panned(many, lane, -Infinity), lane.box.h)).toBeCloseTo(0, 3);
    const y = lane.box.y + 300;
    const before = axis.toPage(lane.scroll + 300, lane.zoom);
    const after = seen(zoomed(many, lane, 1.5, lane.box.x + 4, y)).lanes[0]!;
    expect(after.zoom).toBeCloseTo(lane.zoom * 1.5);
    expect(Math.abs(axis.toPixel(before, after.zoom) - after.scroll - 300)).toBeLessThan(1);
  });
});
