/** Marks of what changed since another moment, over what is there now. */
import type { Mark } from '../../model/compare.ts';
import { type Box, type Shape, fit } from '../shapes.ts';
import { type Units, pagesText } from '../units.ts';
import { CHANGE_LOOK, type Gone } from './changes.ts';
import { DETAIL, type LaneScene, type PieceBox, type SpaceScene, span } from './compose.ts';
import { pictures } from '../../texts/pictures.ts';

const BADGE = { w: 11, h: 13 } as const;

/** A letter on its colour, with a border that tells it too. */
function badge(out: Shape[], mark: Mark, x: number, y: number): void {
  const { token } = CHANGE_LOOK[mark];
  out.push({ t: 'rect', x: x - 1, y: y - 1, w: BADGE.w + 2, h: BADGE.h + 2, r: 4, fill: 'bg' }, { t: 'rect', x, y, ...BADGE, r: 3, fill: token }, { t: 'text', x: x + BADGE.w / 2, y: y + 10, text: mark, size: 12, fill: 'bg', anchor: 'middle', bold: true });
}

/** Around a box, and in its corner where there is room. */
function around(out: Shape[], mark: Mark, { x, y, w, h }: Box, r: number, corner: { readonly x: number; readonly y: number } | null): void {
  const { token, dash } = CHANGE_LOOK[mark];
  out.push({ t: 'rect', x: x + 1, y: y + 1, w: w - 2, h: h - 2, r, stroke: token, width: 2, ...(dash.length > 0 ? { dash } : {}) });
  if (corner) badge(out, mark, corner.x, corner.y);
}

/** A page of which the entry is another. */
export function markPage(out: Shape[], { input: { changes } }: SpaceScene, { data }: LaneScene, page: number, box: Box): void {
  const mark = changes?.get(data.pid)?.pages.get(page);
  if (mark && box.w >= 5) around(out, mark, box, box.w >= 18 ? 4 : 1, box.w >= 22 && box.h >= 22 ? { x: box.x - 3, y: box.y - 3 } : null);
}

/** An area that is new or another; `strip` of a row is where its letter stands behind. */
export function markArea(out: Shape[], { input: { changes } }: SpaceScene, lane: LaneScene, piece: number, box: Box, strip: Box | null): void {
  const mine = changes?.get(lane.data.pid);
  if (!mine) return;
  const { first, parts } = lane.layout;
  let mark: Mark | null = null;
  // Of several parts in one row, a change of one is one of the row.
  for (let i = first[piece]!; i < first[piece]! + parts[piece]!; i++) {
    const of = mine.areas.get(lane.data.areas.start[i]!) ?? null;
    mark = i === first[piece] || mark === of ? of : '~';
  }
  if (!mark) return;
  if (!strip) return around(out, mark, { x: box.x, y: box.y, w: box.w, h: box.h - 3 }, 7, { x: box.x + 6, y: Math.max(box.y - 5, lane.box.y + 1) });
  const column = lane.columns.strip;
  around(out, mark, { x: strip.x - 2, y: strip.y - 2, w: strip.w + 4, h: strip.h + 4 }, 3, strip.h >= 9 ? { x: Math.min(strip.x + strip.w + 5, column.x + column.w - BADGE.w), y: strip.y + strip.h / 2 - BADGE.h / 2 } : null);
}

/** What was there, in the room that is free now. Whether it was drawn. */
export function markGap(out: Shape[], { input: { changes, units } }: SpaceScene, lane: LaneScene, box: PieceBox): boolean {
  const { from, pages } = span(lane, box.piece);
  const gone = (changes?.get(lane.data.pid)?.gone ?? []).filter((one) => one.from < from + pages && one.to > from);
  if (gone.length === 0 || box.h < 12) return false;
  const { token, dash } = CHANGE_LOOK['−'];
  const y = Math.round(box.h > 40 ? Math.min(Math.max(box.y + box.h / 2, lane.box.y + 10), lane.box.y + lane.box.h - 10) : box.y + box.h / 2);
  out.push({ t: 'rect', x: box.x + 1, y: y - 8.5, w: box.w - 2, h: 17, r: 4, fill: 'bg', stroke: token, width: 1.5, dash });
  badge(out, '−', box.x + 5, y - 6.5);
  out.push({ t: 'text', x: box.x + 22, y: y + 4, text: fit(wordsOf(gone, units), box.w - 30, DETAIL), size: DETAIL, fill: 'text' });
  return true;
}

function wordsOf(gone: readonly Gone[], units: Units): string {
  const pages = gone.reduce((sum, { from, to }) => sum + to - from, 0);
  return gone.length === 1 ? pictures.gone.one(pagesText(pages, units), gone[0]!.name.split('/').at(-1) || pictures.anonymousMemory) : pictures.gone.several(gone.length, pagesText(pages, units));
}

/** A process that was not there. */
export function markLane(out: Shape[], { input: { changes } }: SpaceScene, { data, box }: LaneScene): void {
  if (changes?.get(data.pid)?.isNew) badge(out, '+', box.x + box.w - BADGE.w - 4, 6);
}
