/** What lies under a point, what is beyond the edge of the window, and what the worker is asked for a scene. */
import type { LaneLook } from '../../worker/protocol.ts';
import { areaAt, cellAt } from '../layout.ts';
import { type Box, type Token, textWidth } from '../shapes.ts';
import { addressText, pageAddr } from '../units.ts';
import { BAR, DETAIL, type LaneScene, MOST_CELLS, type Range, type SpaceScene, type Spot, gridCell, gridOf, inStrip, isCard, isGap, lensOf, lensPages, locate, pieceBox, span, stripBox } from './compose.ts';

export interface Hit {
  readonly what: 'area' | 'page' | 'gap' | 'group' | 'edge';
  readonly pid: number;
  readonly lane: number;
  readonly page: number;
  readonly addr: string;
  /** The area, −1 in a gap. */
  readonly area: number;
  readonly pfn: number | null;
  /** Pages of the piece. */
  readonly from: number;
  readonly to: number;
  readonly box: Box;
}

/** What is at a place: two binary searches. */
export function hitSpace(scene: SpaceScene, x: number, y: number): Hit | null {
  const index = scene.lanes.findIndex(({ box }) => x >= box.x && x < box.x + box.w && y >= box.y && y < box.y + box.h);
  const lane = scene.lanes[index];
  if (!lane) return null;
  const { axis, first, parts } = lane.layout;
  const along = y - lane.box.y + lane.scroll;
  if (along > axis.length(lane.zoom)) return null;
  for (const edge of edgesOf(scene)) {
    if (edge.lane === lane && x >= edge.box.x && x < edge.box.x + edge.box.w && y >= edge.box.y && y < edge.box.y + edge.box.h) return hit('edge', edge.page, edge.box);
  }
  const box = pieceBox(lane, axis.pieceAt(along, lane.zoom));
  const { from, pages } = span(lane, box.piece);
  const byHeight = Math.min(from + pages - 1, Math.floor(axis.toPage(along, lane.zoom)));
  if (parts[box.piece] === 0) return hit('gap', byHeight, box);
  if (box.h < 3) return hit('area', byHeight, box);
  if (isCard(lane, box)) {
    const grid = gridOf(lane, box);
    if (grid && y >= grid.y && y < grid.y + grid.lines * grid.ch && x >= grid.x && x < grid.x + grid.columns * grid.cw) {
      const i = Math.floor((y - grid.y) / grid.ch) * grid.columns + Math.floor((x - grid.x) / grid.cw);
      if (i < pages) return hit('page', from + i, gridCell(grid, i));
    }
    return hit('area', from, box);
  }
  if (lensOf(lane, box) > 0) {
    const lens = lensPages(lane, box, scene.input);
    if (y >= lens.box.y && x >= lens.box.x && x < lens.box.x + lens.box.w) {
      const page = lens.from + Math.floor((x - lens.box.x) / lens.cw);
      return hit('page', page, { x: lens.box.x + (page - lens.from) * lens.cw, y: lens.box.y, w: lens.cw - 2, h: lens.box.h });
    }
  }
  if (parts[box.piece]! > 1 && x < lane.columns.strip.x - 4 && x >= lane.columns.name.x - 4) return hit('group', from, box);
  if (lane.layout.isPart[box.piece] && x < lane.columns.name.x + 16 && x >= lane.columns.name.x - 4) return hit('group', from, box);
  const strip = stripBox(lane, box);
  if (x >= strip.x && x < strip.x + strip.w) {
    const i = Math.min(pages - 1, Math.floor(((x - strip.x) / strip.w) * pages));
    return hit('page', from + i, inStrip(strip, i, pages));
  }
  return hit('area', from, box);

  function hit(what: Hit['what'], page: number, at: Box): Hit {
    const piece = axis.at(page);
    const pfn = cellAt(lane!.data.cells, page)?.pfn ?? null;
    const area = parts[piece] === 0 ? -1 : parts[piece] === 1 ? first[piece]! : areaAt(lane!.data.areas, page);
    return {
      what, pid: lane!.data.pid, lane: index, page, addr: pageAddr(page), area, pfn,
      from: axis.start[piece]!, to: axis.start[piece + 1]!, box: at,
    };
  }
}

/** What is marked by a drag from one place to another of the same process: pages of one piece, or all of the pieces that it goes over. */
export function rangeOver(from: Hit, to: Hit): Range {
  const { pid } = to;
  if (from.from === to.from) return { pid, from: Math.min(from.page, to.page), to: Math.max(from.page, to.page) + 1 };
  return { pid, from: Math.min(from.from, to.from), to: Math.max(from.to, to.to) };
}

/** Pages that are in a frame, as far as they are known one by one: where they are drawn, and in which lane. */
export function pagesOfFrame(scene: SpaceScene, pfn: number): { pid: number; page: number; box: Box; lane: Box }[] {
  const places: { pid: number; page: number; box: Box; lane: Box }[] = [];
  for (const { data: { pid, cells }, box: lane } of scene.lanes) {
    for (const run of cells) {
      run.pfn.forEach((one, i) => {
        const page = run.page + i;
        const box = one === pfn && !places.some((place) => place.pid === pid && place.page === page) ? locate(scene, pid, page) : null;
        if (box) places.push({ pid, page, box, lane });
      });
    }
  }
  return places;
}

/** Marks at the upper and lower edge for what is outside the window. */
export function edgesOf(scene: SpaceScene): { lane: LaneScene; box: Box; page: number; up: boolean; what: string; token: Token }[] {
  const edges = [];
  const { touched, selected, units } = scene.input;
  for (const [spot, what, token] of [[touched, 'touched', 'mark-edge'], [selected, 'selected', 'accent']] as const) {
    if (!spot || (what === 'selected' && touched?.pid === spot.pid && touched.page === spot.page)) continue;
    const lane = scene.lanes.find(({ data }) => data.pid === spot.pid);
    const at = lane && locate(scene, spot.pid, spot.page);
    if (!lane || !at) continue;
    const up = at.y + at.h / 2 < lane.box.y;
    if (!up && at.y + at.h / 2 <= lane.box.y + lane.box.h) continue;
    const text = `${what} ${addressText(spot.page, units)}`;
    const w = Math.min(lane.box.w - 8, textWidth(text, DETAIL) + 30);
    const x = lane.box.x + lane.box.w - w - (what === 'selected' && lane.box.w > 2 * w + 12 ? w + 8 : 4);
    edges.push({ lane, up, page: spot.page, what: text, token, box: { x, y: up ? lane.box.y + 3 : lane.box.y + lane.box.h - 25, w, h: 22 } });
  }
  return edges;
}

/* ---------------------------------------------------------------- what the worker is asked for */

/** What of each process is in sight: areas whose strips are drawn, and runs of pages one by one. */
export function lookOf(scene: SpaceScene): Omit<LaneLook, 'version'>[] {
  let left = MOST_CELLS;
  return scene.lanes.map((lane) => {
    const { axis, first, parts } = lane.layout;
    const cells: { page: number; count: number }[] = [];
    let [low, high] = [Infinity, -1];
    const ask = (page: number, count: number): void => {
      const most = Math.min(left, count);
      if (most > 0) cells.push({ page, count: most });
      left -= Math.max(0, most);
    };
    const length = axis.length(lane.zoom);
    for (let y = 0; y < Math.min(lane.box.h, length); ) {
      const box = pieceBox(lane, axis.pieceAt(Math.min(y + lane.scroll + 0.01, length - 0.01), lane.zoom));
      y = Math.max(y + BAR, box.y + box.h - lane.box.y);
      if (box.h < 3 || isGap(lane, box.piece)) continue;
      low = Math.min(low, first[box.piece]!);
      high = Math.max(high, first[box.piece]! + parts[box.piece]!);
      const { from, pages } = span(lane, box.piece);
      const grid = isCard(lane, box) ? gridOf(lane, box) : null;
      if (grid && (!grid.isStrip || pages <= 1024)) {
        const a = Math.max(0, Math.floor((lane.box.y - grid.y) / grid.ch)) * grid.columns;
        const b = Math.min(pages, Math.ceil((lane.box.y + lane.box.h - grid.y) / grid.ch) * grid.columns);
        if (b > a) ask(from + a, b - a);
      } else if (lensOf(lane, box) > 0) {
        const lens = lensPages(lane, box, scene.input);
        ask(lens.from, lens.count);
      }
    }
    const columns = Math.max(16, Math.min(512, Math.round(lane.columns.strip.w)));
    return { pid: lane.data.pid, strips: high > low ? { first: low, count: high - low, columns } : null, cells };
  });
}

/** The lane that is told of: that of the step, else of what is selected. */
export function mainLane({ lanes, input }: SpaceScene): LaneScene | undefined {
  return lanes.find(({ data }) => data.pid === (input.touched ?? input.selected)?.pid) ?? lanes[0];
}

/** Pages of a lane in the window, from … to (not included): parts of one piece, or whole pieces. */
export function pagesInSight({ layout: { axis }, scroll, zoom, box }: LaneScene): { from: number; to: number } {
  const end = Math.min(scroll + box.h, axis.length(zoom));
  // High addresses may be above.
  const [a, b] = [axis.pieceAt(scroll + 0.01, zoom), axis.pieceAt(end - 0.01, zoom)].sort((p, q) => p - q) as [number, number];
  const ends = [axis.toPage(scroll, zoom), axis.toPage(end, zoom)].sort((p, q) => p - q) as [number, number];
  return a === b ? { from: ends[0], to: ends[1] } : { from: axis.start[a]!, to: axis.start[b + 1]! };
}

/** Where in a lane the reader looks: at what is selected or was touched, if it is in the window, else at the middle. In pixels of the picture; `page`: which page that is, if it is known. */
export function gaze(scene: SpaceScene, lane: LaneScene): { readonly x: number; readonly y: number; readonly page: number | null } {
  const { box } = lane;
  for (const spot of [scene.input.selected, scene.input.touched]) {
    const at = spot?.pid === lane.data.pid ? locate(scene, spot.pid, spot.page) : null;
    if (!at || at.y + at.h <= box.y || at.y >= box.y + box.h) continue;
    const [top, bottom] = [Math.max(at.y, box.y), Math.min(at.y + at.h, box.y + box.h)];
    return { x: at.x + at.w / 2, y: (top + bottom) / 2, page: spot!.page };
  }
  return { x: box.x + 4, y: box.y + box.h / 2, page: null };
}

/** The piece of a lane that the reader looks at. */
export function pieceInGaze(scene: SpaceScene, lane: LaneScene): number {
  const { axis } = lane.layout;
  return axis.pieceAt(Math.min(gaze(scene, lane).y - lane.box.y + lane.scroll, axis.length(lane.zoom) - 0.01), lane.zoom);
}

/** The page whose bytes have room. */
export function bytesWanted(scene: SpaceScene): Spot | null {
  const { selected, touched } = scene.input;
  const rank = ({ data: { pid } }: LaneScene): number => (pid === selected?.pid ? 0 : pid === touched?.pid ? 1 : 2);
  for (const lane of scene.lanes.toSorted((a, b) => rank(a) - rank(b))) {
    const box = pieceBox(lane, pieceInGaze(scene, lane));
    const grid = !isGap(lane, box.piece) && isCard(lane, box) ? gridOf(lane, box) : null;
    if (!grid || grid.ch < 110) continue;
    const at = gaze(scene, lane);
    const line = Math.max(0, Math.min(grid.lines - 1, Math.floor((at.y - grid.y) / grid.ch)));
    return { pid: lane.data.pid, page: at.page ?? lane.layout.axis.start[box.piece]! + line * grid.columns };
  }
  return null;
}
