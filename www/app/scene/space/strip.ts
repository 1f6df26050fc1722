/** The pages of an area side by side, as columns of a strip. */
import { CELL } from '../../worker/protocol.ts';
import { cellOf } from '../layout.ts';
import type { Box, Shape, Token } from '../shapes.ts';
import { AREA_LOOK, CELLS, HEAT_TOKEN } from '../theme.ts';
import type { LaneScene, SpaceInput, SpaceScene } from './compose.ts';

export function lock(out: Shape[], x: number, y: number, token: Token): void {
  out.push(
    { t: 'rect', x, y: y + 4, w: 8, h: 5.5, r: 1, fill: token },
    { t: 'line', points: [x + 1.5, y + 4.5, x + 1.5, y + 1.5, x + 3, y, x + 5, y, x + 6.5, y + 1.5, x + 6.5, y + 4.5], stroke: token, width: 1.4 },
  );
}

export const fadeOf = (input: SpaceInput, id: string): number => (input.only && !input.only.has(id) ? 0.14 : 1);

/** The pages of an area side by side, equal neighbours in one. */
export function drawStrip(out: Shape[], scene: SpaceScene, lane: LaneScene, area: number, box: Box, isFlat: boolean): void {
  const { input } = scene;
  const { areas, strips } = lane.data;
  const pages = areas.pages[area]!;
  const start = areas.start[area]!;
  const most = Math.max(1, Math.floor(box.w));
  const hot = input.heat?.of.get(lane.data.pid);
  const heat = input.heat;
  if (heat) {
    const columns = Math.min(pages, Math.ceil(most / 2));
    let [from, was] = [0, -1];
    for (let c = 0; c <= columns; c++) {
      const level = c === columns ? -2 : hot ? Math.round(hot.level(heat.kind, hot.sum(heat.kind, start + Math.floor((c * pages) / columns), start + Math.ceil(((c + 1) * pages) / columns))) * 10) : 0;
      if (level === was) continue;
      if (was > 0) out.push({ t: 'rect', x: box.x + (from / columns) * box.w, y: box.y, w: ((c - from) / columns) * box.w, h: box.h, fill: HEAT_TOKEN[heat.kind], alpha: was / 10 });
      [from, was] = [c, level];
    }
    return;
  }
  const hasStrip = strips !== null && area >= strips.first && area < strips.first + strips.count;
  if (!hasStrip && !lane.data.cells.some((run) => run.page <= start && run.page + run.cells.length >= start + pages)) {
    if (areas.present[area] === 0) return;
    const look = AREA_LOOK[areas.kind[area]!]!;
    out.push({ t: 'rect', ...box, w: Math.max(1, (areas.present[area]! / pages) * box.w), fill: look.fill, alpha: 0.6 * fadeOf(input, look.id) });
    return;
  }
  const columns = Math.min(pages, most, hasStrip ? Math.max(strips.columns, 1) : most);
  const apart = box.w / columns >= 4 && !isFlat;
  let [from, was, wasFull] = [0, -1, 0];
  for (let c = 0; c <= columns; c++) {
    let [cell, full] = [-2, 4];
    if (c < columns) {
      if (hasStrip && pages > columns) {
        // A column stands for several of the strip: what is there in any of them is shown.
        const at = (area - strips.first) * strips.columns;
        const [a, b] = [Math.floor((c * strips.columns) / columns), Math.max(Math.floor((c * strips.columns) / columns) + 1, Math.floor(((c + 1) * strips.columns) / columns))];
        [cell, full] = [CELL.absent, 0];
        for (let k = a; k < b; k++) {
          if (cell === CELL.absent) cell = strips.cells[at + k]! & 0x0f;
          full += strips.full[at + k]!;
        }
        full = Math.ceil((full / (b - a) / 255) * 4);
      } else {
        const page = start + Math.floor(((c + 0.5) * pages) / columns);
        cell = cellOf(lane.data, area, page) & 0x0f;
      }
    }
    if (cell === was && full === wasFull && !apart) continue;
    if (was > CELL.absent && was !== CELL.none) {
      const look = CELLS[was]!;
      const x = box.x + (from / columns) * box.w;
      const w = ((c - from) / columns) * box.w - (apart ? 1 : 0);
      out.push({
        t: 'rect', x, y: box.y, w, h: box.h, fill: look.fill, alpha: fadeOf(input, look.id) * (0.4 + (0.6 * Math.max(1, wasFull)) / 4),
        ...(look.pattern && box.h >= 6 && w >= 3 ? { pattern: look.pattern } : {}),
      });
    }
    [from, was, wasFull] = [c, cell, full];
  }
}
