/** Lines from every page that is a frame to the frame. */
import type { Box, Shape } from './shapes.ts';

export interface Tie {
  readonly from: Box;
  readonly to: Box;
  /** Edges of the lane: the line leaves it level, so that it crosses no words. */
  readonly lane: Box;
  /** Of the page that was touched or chosen; others are dashed. */
  readonly isMain: boolean;
}

/** From the side that looks at the frame; ends that are outside `view` end at its edge. */
export function drawTies(ties: readonly Tie[], view: Box): Shape[] {
  const shapes: Shape[] = [];
  for (const { from, to, lane, isMain } of ties) {
    const isLeft = from.x + from.w / 2 < to.x + to.w / 2;
    const x1 = isLeft ? from.x + from.w + 2 : from.x - 2;
    const x2 = isLeft ? to.x - 2 : to.x + to.w + 2;
    const y1 = Math.min(view.y + view.h - 2, Math.max(view.y + 2, from.y + from.h / 2));
    const y2 = Math.min(view.y + view.h - 2, Math.max(view.y + 2, to.y + to.h / 2));
    const edge = isLeft ? Math.max(x1, lane.x + lane.w) : Math.min(x1, lane.x);
    // A halo keeps it readable where it crosses text.
    const dash = isMain ? {} : { dash: [4, 3] };
    shapes.push({ t: 'line', points: [x1, y1, edge, y1], stroke: 'bg', width: isMain ? 5 : 4, alpha: 0.6 }, { t: 'curve', x1: edge, y1, x2, y2, stroke: 'bg', width: isMain ? 5 : 4, alpha: 0.75 });
    shapes.push({ t: 'line', points: [x1, y1, edge, y1], stroke: 'mark-edge', width: isMain ? 2 : 1.5, ...dash }, { t: 'curve', x1: edge, y1, x2, y2, stroke: 'mark-edge', width: isMain ? 2 : 1.5, ...dash });
    shapes.push({ t: 'rect', x: x1 - 2.5, y: y1 - 2.5, w: 5, h: 5, r: 2.5, fill: 'mark-edge' }, { t: 'rect', x: x2 - 2.5, y: y2 - 2.5, w: 5, h: 5, r: 2.5, fill: 'mark-edge' });
  }
  return shapes;
}
