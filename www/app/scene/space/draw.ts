/** A scene of address spaces as shapes: heads, rows, cards, gaps, marks. */
import { AREA_FLAG, NO_FRAME } from '../../worker/protocol.ts';
import { CARD_FOOT, CARD_HEAD, CARD_PAD, KINDS, areaAt } from '../layout.ts';
import { type Box, type Picture, type Shape, type Token, fit, fitParts, textWidth } from '../shapes.ts';
import { AREA_LOOK, HEAT_TOKEN } from '../theme.ts';
import { addressText, pagesText, permsText, shortName, grouped } from '../units.ts';
import { BAR, DETAIL, FOOT_LINE, LANE_HEAD, type LaneScene, type PieceBox, SIZE, type SpaceScene, type Spot, gridOf, isCard, isGap, lensOf, lensPages, locate, pieceBox, span, stripBox } from './compose.ts';
import { edgesOf } from './hit.ts';
import { markArea, markGap, markLane } from './marks.ts';
import { drawStrip, fadeOf, lock } from './strip.ts';
import { drawCell, drawGrid } from './cells.ts';
import { pictures } from '../../texts/pictures.ts';

const t = pictures.space;

export function drawSpace(scene: SpaceScene): Picture {
  const { input } = scene;
  const shapes: Shape[] = [];
  for (const lane of scene.lanes) shapes.push({ t: 'group', id: `lane:${lane.data.pid}`, label: lane.data.title, shapes: laneHead(scene, lane) }, drawLane(scene, lane));
  for (const edge of edgesOf(scene)) {
    const { box } = edge;
    shapes.push(
      { t: 'rect', ...box, r: 11, fill: 'bg', stroke: edge.token, width: 1.5 },
      { t: 'text', x: box.x + 11, y: box.y + 15, text: edge.up ? '↑' : '↓', size: 12, fill: edge.token, bold: true },
      { t: 'text', x: box.x + 24, y: box.y + 15, text: fit(edge.what, box.w - 30, DETAIL), size: DETAIL, fill: 'text' },
    );
  }
  const lines = input.ended.slice(0, 3);
  lines.forEach((process, i) => {
    const rest = i === 2 ? input.ended.length - 3 : 0;
    const text = rest > 0 ? t.endedMore(process.text, rest) : process.text;
    shapes.push({ t: 'text', x: 8, y: input.height - (lines.length - i) * FOOT_LINE + 13, text: fit(text, input.width - 16, SIZE), size: SIZE, fill: 'quiet' });
  });
  const label = scene.lanes.map(({ data }) => t.areas(data.title, data.areas.count)).join('; ');
  return { width: input.width, height: input.height, shapes, label: label || t.none };
}

const titleOf = ({ data, box, layout }: LaneScene): string => fitParts(data.title, box.w * (layout.cards ? 0.9 : 0.62), 13, { sans: true });

/** What a process has, in the head of its lane: the words that fit, and where they stand. */
export function notesOf(lane: LaneScene): { readonly text: string; readonly x: number; readonly y: number; readonly width: number } {
  const { data, box, layout, zoom } = lane;
  const isRows = !layout.cards || zoom < 0.6;
  const x = isRows ? box.x + 8 + textWidth(titleOf(lane), 13, true) * 1.08 + 14 : box.x + 8;
  const text = fitParts(data.notes, box.x + box.w - x - 4, SIZE, { sans: true });
  return { text, x, y: isRows ? 17 : 35, width: textWidth(text, SIZE, true) };
}

/** The first of some words that fit whole. */
const oneOf = (words: readonly string[], width: number): string => words.find((one) => textWidth(one, DETAIL) <= width) ?? '';

function laneHead(scene: SpaceScene, lane: LaneScene): Shape[] {
  const { box, columns, layout, zoom } = lane;
  const title = titleOf(lane);
  const isRows = !layout.cards || zoom < 0.6;
  const shapes: Shape[] = [{ t: 'text', x: box.x + 8, y: 17, text: title, size: 13, fill: 'text', sans: true, bold: true }];
  const { text, x, y } = notesOf(lane);
  if (text) shapes.push({ t: 'text', x, y, text, size: SIZE, fill: 'quiet', sans: true });
  if (isRows) {
    const y = 37;
    if (columns.address) shapes.push(head(box.x + 8, t.heads.address));
    shapes.push(head(columns.name.x, t.heads.area));
    const heat = scene.input.heat;
    shapes.push(head(columns.strip.x, oneOf([heat ? t.heads.heat(heat.kind) : t.heads.pages, t.heads.pagesShort], columns.strip.w)));
    if (columns.size) shapes.push(head(box.x + box.w - 8 - columns.ram, t.heads.size, 'end'));
    if (columns.ram) shapes.push(head(box.x + box.w - 8, heat ? heat.kind : t.heads.ram, 'end'));
    function head(x: number, words: string, anchor: 'start' | 'end' = 'start'): Shape {
      return { t: 'text', x, y, text: words, size: DETAIL, fill: 'quiet', anchor };
    }
  }
  markLane(shapes, scene, lane);
  shapes.push({ t: 'line', points: [box.x, LANE_HEAD - 1.5, box.x + box.w, LANE_HEAD - 1.5], stroke: 'line' });
  return shapes;
}

function drawLane(scene: SpaceScene, lane: LaneScene): Shape {
  const out: Shape[] = [];
  const marks: Shape[] = [];
  const { axis } = lane.layout;
  const length = axis.length(lane.zoom);
  let tick = -Infinity;
  let bars: Bar[] = [];
  const flush = (): void => {
    for (const bar of bars) out.push(...bar.shapes(bar.h));
    bars = [];
  };
  // From piece to piece as they stand; of those too flat to be seen, all that share two rows of pixels are one bar.
  const step = axis.flipped ? -1 : 1;
  const last = axis.pieceAt(Math.min(lane.scroll + lane.box.h, length) - 1e-9, lane.zoom);
  for (let i = axis.pieceAt(lane.scroll, lane.zoom); i >= 0 && i < axis.count && (last - i) * step >= 0; i += step) {
    const box = pieceBox(lane, i);
    const y = Math.max(0, box.y - lane.box.y);
    if (box.h >= 3) {
      flush();
      if (isGap(lane, i)) drawGap(out, scene, lane, box);
      else if (isCard(lane, box)) drawCard(out, scene, lane, box);
      else drawRow(out, scene, lane, box, tick);
      if (box.h < 11 && y - tick >= 48) tick = y;
      continue;
    }
    const from = i;
    const below = axis.pieceAt(Math.min(y + lane.scroll + BAR, length) - 1e-9, lane.zoom);
    if ((below - i) * step > 0) {
      // Up to the one that reaches out of the bar; a tall one begins a line of its own.
      i = below;
      if (pieceBox(lane, i).h >= 3) i -= step;
    }
    const next = barAt(scene, lane, y, Math.min(from, i), Math.max(from, i));
    const before = bars[0];
    if (before && next && before.key === next.key && Math.abs(before.y + before.h - next.y) < 0.5) before.h = next.y + BAR - before.y;
    else {
      flush();
      if (next) bars = [next];
    }
    if (y - tick >= 48 && lane.columns.address && next) {
      out.push({ t: 'text', x: lane.box.x + 8, y: lane.box.y + y + 13, text: addressText(span(lane, from).from, scene.input.units), size: DETAIL, fill: 'quiet' });
      out.push({ t: 'line', points: [lane.columns.name.x - 6, lane.box.y + y + 0.5, lane.columns.strip.x, lane.box.y + y + 0.5], stroke: 'line' });
      out.push(...overviewWords(scene, lane, y, from));
      tick = y;
    }
  }
  flush();
  drawMarks(marks, scene, lane);
  const { x, y, w, h } = lane.box;
  return { t: 'group', id: `areas:${lane.data.pid}`, clip: { x: x - 2, y, w: w + 4, h }, shapes: [...out, ...marks] };
}

/** What the next 48 pixels hold, for the columns of names and sizes. */
function overviewWords(scene: SpaceScene, lane: LaneScene, y: number, piece: number): Shape[] {
  const { axis, first, parts, sums } = lane.layout;
  const length = axis.length(lane.zoom);
  const [a, b] = [piece, axis.pieceAt(Math.min(y + 48 + lane.scroll, length) - 1e-9, lane.zoom)].sort((p, q) => p - q) as [number, number];
  const [from, to] = [first[a]!, first[b]! + parts[b]!];
  if (to <= from) return [];
  const at = lane.box.y + y + 9;
  const right = lane.box.x + lane.box.w - 8;
  const { columns } = lane;
  const { units } = scene.input;
  const out: Shape[] = [{ t: 'text', x: columns.name.x, y: at + 4, text: fit(`${grouped(to - from)} ${to - from === 1 ? 'area' : 'areas'}`, columns.name.w, DETAIL), size: DETAIL, fill: 'text' }];
  if (columns.size) out.push({ t: 'text', x: right - columns.ram, y: at + 4, text: pagesText(sums.pages[to]! - sums.pages[from]!, units), size: DETAIL, fill: 'quiet', anchor: 'end' });
  if (columns.ram) out.push({ t: 'text', x: right, y: at + 4, text: pagesText(sums.present[to]! - sums.present[from]!, units), size: DETAIL, fill: 'quiet', anchor: 'end' });
  return out;
}

interface Bar { readonly y: number; h: number; readonly key: string; readonly shapes: (h: number) => Shape[] }

/** Areas too flat to be seen by themselves: what there is of them in two rows of pixels, from sums. */
function barAt(scene: SpaceScene, lane: LaneScene, y: number, a: number, b: number): Bar | null {
  const { axis, first, parts, sums } = lane.layout;
  const from = first[a]!;
  const to = first[b]! + parts[b]!;
  if (to <= from) return null;
  const pages = sums.pages[to]! - sums.pages[from]!;
  const present = (sums.present[to]! - sums.present[from]!) / Math.max(1, pages);
  const step = present === 0 ? 0 : Math.max(1, Math.round(present * 8));
  const shares: number[] = [];
  for (let kind = 0; kind < KINDS; kind++) shares.push(Math.round(((sums.kinds[kind]![to]! - sums.kinds[kind]![from]!) / (to - from)) * 24));
  const { strip } = lane.columns;
  const heat = scene.input.heat;
  const hot = heat?.of.get(lane.data.pid);
  const level = hot && heat ? Math.round(hot.level(heat.kind, hot.sum(heat.kind, axis.start[a]!, axis.start[b + 1]!)) * 8) : -1;
  return {
    y: lane.box.y + y, h: BAR, key: `${shares.join()}:${step}:${level}`,
    shapes: (h) => {
      const out: Shape[] = [];
      const top = lane.box.y + y;
      if (level >= 0) {
        out.push({ t: 'rect', x: strip.x, y: top, w: strip.w, h, fill: level > 0 && heat ? HEAT_TOKEN[heat.kind] : 'k-absent', alpha: level > 0 ? level / 8 : 1 });
        return out;
      }
      const all = shares.reduce((sum, share) => sum + share, 0) || 1;
      let x = strip.x;
      shares.forEach((share, kind) => {
        if (share === 0) return;
        const w = (share / all) * strip.w;
        const look = AREA_LOOK[kind]!;
        out.push({ t: 'rect', x, y: top, w, h, fill: look.fill, alpha: fadeOf(scene.input, look.id) * (step === 0 ? 0.22 : 0.3 + (0.7 * step) / 8) });
        x += w;
      });
      return out;
    },
  };
}

function drawGap(out: Shape[], scene: SpaceScene, lane: LaneScene, box: PieceBox): void {
  if (markGap(out, scene, lane, box)) return;
  const { pages } = span(lane, box.piece);
  const { x, w } = lane.box;
  const middleY = box.y + box.h / 2;
  // A gap of which less is in sight has no words: they would stand on its neighbours.
  const isCut = middleY - 6 < Math.max(box.y, lane.box.y) || middleY + 6 > Math.min(box.y + box.h, lane.box.y + lane.box.h);
  if (box.h < 12 || (isCut && box.h <= 40)) {
    const y = Math.round(middleY) + 0.5;
    if (box.h >= 4 && !isCut) out.push({ t: 'line', points: [x + 8, y, x + w - 8, y], stroke: 'line' });
    return;
  }
  // The words of a tall one stay in the window.
  const y = Math.round(box.h > 40 ? Math.min(Math.max(middleY, lane.box.y + 9), lane.box.y + lane.box.h - 9) : middleY) + 0.5;
  const words = fit(w > 300 ? pictures.notMapped(pagesText(pages, scene.input.units)) : pagesText(pages, scene.input.units), w - 40, DETAIL);
  const half = textWidth(words, DETAIL) / 2 + 8;
  const middle = x + w / 2;
  out.push(
    { t: 'line', points: [x + 8, y, middle - half, y], stroke: 'edge', dash: [2, 4], alpha: 0.7 },
    { t: 'line', points: [middle + half, y, x + w - 8, y], stroke: 'edge', dash: [2, 4], alpha: 0.7 },
    { t: 'text', x: middle, y: y + 3.5, text: words, size: DETAIL, fill: 'quiet', anchor: 'middle' },
  );
}

const spotIn = (spot: Spot | null, pid: number, from: number, to: number): boolean => spot !== null && spot.pid === pid && spot.page >= from && spot.page < to;

function drawRow(out: Shape[], scene: SpaceScene, lane: LaneScene, box: PieceBox, tick: number): void {
  const { input } = scene;
  const { data, layout, columns } = lane;
  const { areas } = data;
  const first = layout.first[box.piece]!;
  const parts = layout.parts[box.piece]!;
  const { from, pages } = span(lane, box.piece);
  const isSelected = spotIn(input.selected, data.pid, from, from + pages);
  const isTouched = spotIn(input.touched, data.pid, from, from + pages);
  const lens = lensOf(lane, box);
  const row = box.h - lens;
  const isSmallCard = layout.cards && row >= 26;
  if (isSmallCard) out.push({ t: 'rect', x: box.x + 0.5, y: box.y + 0.5, w: box.w - 1, h: box.h - 4, r: 7, fill: isSelected ? 'accent-soft' : 'card', stroke: isSelected ? 'accent' : 'edge', ...assumedLine(lane, first, parts) });
  else if (row >= 11 || isSelected || isTouched) {
    const back: Token | null = isSelected ? 'accent-soft' : isTouched ? 'mark' : spotIn(input.hover, data.pid, from, from + pages) ? 'card' : null;
    if (back) out.push({ t: 'rect', x: box.x, y: box.y, w: box.w, h: box.h, r: row >= 11 ? 5 : 0, fill: back, ...(isSelected && row >= 11 ? { stroke: 'accent' as const } : {}) });
  }
  if (isTouched) out.push({ t: 'rect', x: box.x, y: isSmallCard ? box.y + 7 : box.y, w: 3, h: isSmallCard ? box.h - 17 : box.h, fill: 'mark-edge' });
  const strip = stripBox(lane, box);
  if (row >= 11) out.push({ t: 'rect', x: strip.x - 0.5, y: strip.y - 0.5, w: strip.w + 1, h: strip.h + 1, fill: 'k-absent', stroke: 'edge', ...assumedLine(lane, first, parts) });
  else out.push({ t: 'rect', ...strip, fill: 'k-absent' });
  for (let i = first; i < first + parts; i++) {
    const x = strip.x + ((areas.start[i]! - from) / pages) * strip.w;
    const w = (areas.pages[i]! / pages) * strip.w;
    drawStrip(out, scene, lane, i, { x, y: strip.y, w: Math.max(w, 1.5), h: strip.h }, row < 11);
    if (i > first && row >= 11) out.push({ t: 'rect', x: Math.round(x) - 0.5, y: strip.y - 2, w: 1, h: strip.h + 4, fill: 'text' });
  }
  if (row >= 11 && !(input.moving && row < 14)) {
    const y = box.y + row / 2 + 4;
    const size = row >= 14 ? SIZE : DETAIL;
    if (columns.address) out.push({ t: 'text', x: box.x + 8, y, text: addressText(from, input.units), size, fill: 'quiet' });
    const perms = parts === 1 ? ` ${permsText(areas.perms[first]!)}` : '';
    const arrow = `${parts > 1 ? '▸ ' : layout.isPart[box.piece] ? '▾ ' : ''}${isAssumed(lane, first, parts) ? ASSUMED_SIGN : ''}`;
    const name = shortName(areas.names[areas.name[first]!] ?? '');
    const room = columns.name.w - textWidth(perms, size);
    const shown = `${arrow}${fit(name, room - textWidth(arrow, size), size)}`;
    out.push({ t: 'text', x: columns.name.x, y, text: shown, size, fill: 'text', bold: isSelected });
    if (perms) out.push({ t: 'text', x: columns.name.x + columns.name.w, y, text: perms.trim(), size, fill: 'quiet', anchor: 'end' });
    const right = box.x + box.w - 8;
    if (columns.size) out.push({ t: 'text', x: right - columns.ram, y, text: pagesText(pages, input.units), size, fill: 'text', anchor: 'end' });
    if (columns.ram) {
      const heat = input.heat;
      const sum = layout.sums.present[first + parts]! - layout.sums.present[first]!;
      const text = heat ? grouped(input.heat?.of.get(data.pid)?.sum(heat.kind, from, from + pages) ?? 0) : sum === 0 ? '–' : pagesText(sum, input.units);
      out.push({ t: 'text', x: right, y, text, size, fill: sum === 0 ? 'quiet' : 'text', anchor: 'end' });
    }
    drawFlags(out, lane, first, parts, strip);
  } else if (box.y - lane.box.y - tick >= 48 && columns.address) {
    out.push({ t: 'text', x: box.x + 8, y: box.y + 9, text: addressText(from, input.units), size: DETAIL, fill: 'quiet' });
    out.push({ t: 'text', x: columns.name.x, y: box.y + 9, text: fit(shortName(areas.names[areas.name[first]!] ?? ''), columns.name.w, DETAIL), size: DETAIL, fill: 'quiet' });
  }
  if (row >= 11) markArea(out, scene, lane, box.piece, box, isSmallCard ? null : strip);
  if (lens > 0) drawLens(out, scene, lane, box);
}

/** Before the name of memory that a log does not show being mapped; its border is broken, too. */
const ASSUMED_SIGN = '≈ ';

function isAssumed({ data: { areas } }: LaneScene, first: number, parts: number): boolean {
  for (let i = first; i < Math.min(first + parts, first + 64); i++) if (areas.flags[i]! & AREA_FLAG.assumed) return true;
  return false;
}

const assumedLine = (lane: LaneScene, first: number, parts: number): { dash?: number[] } => (isAssumed(lane, first, parts) ? { dash: [5, 3] } : {});

/** What flags of a whole area say, behind its strip. */
function drawFlags(out: Shape[], lane: LaneScene, first: number, parts: number, strip: Box): void {
  let flags = 0;
  for (let i = first; i < Math.min(first + parts, first + 64); i++) flags |= lane.data.areas.flags[i]!;
  if (flags & AREA_FLAG.locked && strip.x + strip.w + 18 < lane.columns.strip.x + lane.columns.strip.w + 12) lock(out, strip.x + strip.w + 5, strip.y + strip.h / 2 - 4, 'text');
}

function drawLens(out: Shape[], scene: SpaceScene, lane: LaneScene, box: PieceBox): void {
  const lens = lensPages(lane, box, scene.input);
  const strip = stripBox(lane, box);
  const { from, pages } = span(lane, box.piece);
  const a = strip.x + ((lens.from - from) / pages) * strip.w;
  const b = strip.x + ((lens.from + lens.count - from) / pages) * strip.w;
  const y = strip.y + strip.h + 0.5;
  out.push({ t: 'line', points: [a, y, lens.box.x, lens.box.y - 1, lens.box.x + lens.box.w - 2, lens.box.y - 1, b, y], stroke: 'edge', fill: 'line', alpha: 0.5 });
  const words = `${addressText(lens.from, scene.input.units)} …`;
  const room = lens.box.x - (lane.box.x + 8) - 8;
  const text = fit(words, room, DETAIL);
  if (text) out.push({ t: 'text', x: lens.box.x - 8, y: lens.box.y + lens.box.h / 2 + 4, text, size: DETAIL, fill: 'quiet', anchor: 'end' });
  for (let i = 0; i < lens.count; i++) {
    const page = lens.from + i;
    const area = areaAt(lane.data.areas, page);
    drawCell(out, scene, lane, area, page, { x: lens.box.x + i * lens.cw, y: lens.box.y, w: lens.cw - 2, h: lens.box.h });
  }
}

function drawCard(out: Shape[], scene: SpaceScene, lane: LaneScene, box: PieceBox): void {
  const { input } = scene;
  const { data, layout } = lane;
  const { areas } = data;
  const area = layout.first[box.piece]!;
  const { from, pages } = span(lane, box.piece);
  const isSelected = spotIn(input.selected, data.pid, from, from + pages);
  const isTouched = spotIn(input.touched, data.pid, from, from + pages);
  // Only what is near the window: a card can be millions of pixels high.
  const top = Math.max(box.y, lane.box.y - 40);
  const bottom = Math.min(box.y + box.h, lane.box.y + lane.box.h + 40);
  out.push({ t: 'rect', x: box.x + 0.5, y: top + 0.5, w: box.w - 1, h: bottom - top - 3, r: 7, fill: isSelected ? 'accent-soft' : 'card', stroke: isSelected ? 'accent' : 'edge', width: isSelected ? 1.5 : 1, ...assumedLine(lane, area, layout.parts[box.piece]!) });
  if (isTouched) out.push({ t: 'rect', x: box.x + 0.5, y: top + 8, w: 3, h: Math.max(4, bottom - top - 19), fill: 'mark-edge' });
  const x = box.x + CARD_PAD;
  const right = box.x + box.w - CARD_PAD;
  const size = pagesText(pages, input.units);
  // The head stays in sight while the card is scrolled through.
  const head = Math.max(box.y, Math.min(lane.box.y, box.y + box.h - 48)) + 17;
  const grid = gridOf(lane, box);
  const parts = layout.parts[box.piece]!;
  if (grid) drawGrid(out, scene, lane, parts === 1 ? area : -1, grid, from, pages);
  const foot = box.y + box.h - 12;
  const isPinned = head > box.y + 18;
  if (isPinned && foot - 12 < lane.box.y + 24 && foot > lane.box.y) {
    // Less is left of the card than its head and foot need: the head has it.
    out.push({ t: 'rect', x: box.x + 1, y: lane.box.y, w: box.w - 2, h: Math.min(24, box.y + box.h - 4 - lane.box.y), fill: isSelected ? 'accent-soft' : 'card' });
  } else if (isPinned && grid && grid.y < lane.box.y + 24) {
    out.push({ t: 'rect', x: box.x + 1, y: lane.box.y, w: box.w - 2, h: 24, fill: isSelected ? 'accent-soft' : 'card' });
  }
  const perms = parts === 1 ? permsText(areas.perms[area]!) : t.parts(parts);
  const room = right - x - textWidth(size, SIZE) - 10;
  const name = fit(`${isAssumed(lane, area, parts) ? ASSUMED_SIGN : ''}${shortName(areas.names[areas.name[area]!] ?? '')}`, room - textWidth(` ${perms}`, SIZE), SIZE);
  out.push(
    { t: 'text', x, y: head, text: name, size: SIZE, fill: 'text', bold: true },
    { t: 'text', x: x + textWidth(`${name} `, SIZE), y: head, text: perms, size: SIZE, fill: 'quiet' },
    { t: 'text', x: right, y: head, text: size, size: SIZE, fill: 'quiet', anchor: 'end' },
  );
  if (areas.flags[area]! & AREA_FLAG.locked) lock(out, x + textWidth(`${name} ${perms} `, SIZE) + 2, head - 9, 'text');
  if (box.h >= CARD_HEAD + CARD_FOOT + 18 && (!isPinned || foot - 12 >= lane.box.y + 24)) {
    const words = addressText(from, input.units);
    out.push({ t: 'text', x, y: foot, text: fit(words, right - x, DETAIL), size: DETAIL, fill: 'quiet' });
    const present = parts === 1 ? presentText(lane, area) : t.inRam(pagesText(layout.sums.present[area + parts]! - layout.sums.present[area]!, input.units));
    if (textWidth(words, DETAIL) + textWidth(present, DETAIL) + 14 < right - x) out.push({ t: 'text', x: right, y: foot, text: present, size: DETAIL, fill: 'quiet', anchor: 'end' });
  }
  markArea(out, scene, lane, box.piece, { x: box.x, y: top, w: box.w, h: bottom - top }, null);
}

/** How much of an area is in RAM if every page is known, else how many entries are set. */
export function presentText({ data: { areas, cells } }: LaneScene, area: number): string {
  const [from, pages] = [areas.start[area]!, areas.pages[area]!];
  const run = cells.find((some) => some.page <= from && some.page + some.cells.length >= from + pages);
  let held = areas.present[area]!;
  if (run) {
    held = 0;
    for (let i = 0; i < pages; i++) if (run.pfn[from - run.page + i] !== NO_FRAME) held++;
    if (held === areas.pages[area]) return t.allInRam;
    if (held === 0) return t.nothingInRam;
  }
  return (run ? t.someInRam : t.someSet)(grouped(held), grouped(pages));
}

/** The touched page, the selected one, the one under the pointer, a range: over everything else. */
function drawMarks(out: Shape[], scene: SpaceScene, lane: LaneScene): void {
  const { input } = scene;
  const { pid } = lane.data;
  if (input.range && input.range.pid === pid) {
    const { axis } = lane.layout;
    const at = axis.extent(input.range.from, input.range.to, lane.zoom);
    const y = Math.max(at.y - lane.scroll, -10) + lane.box.y;
    const h = Math.max(2, Math.min(at.y + at.h - lane.scroll, lane.box.h + 10) + lane.box.y - y);
    out.push({ t: 'rect', x: lane.box.x, y, w: lane.box.w, h, fill: 'accent', alpha: 0.16 }, { t: 'rect', x: lane.box.x + 0.5, y: y + 0.5, w: lane.box.w - 1, h: h - 1, stroke: 'accent' });
    const words = t.rangeFrom(pagesText(input.range.to - input.range.from, input.units), addressText(input.range.from, input.units));
    const w = textWidth(words, DETAIL) + 14;
    const middle = Math.max(lane.box.y + 2, Math.min(lane.box.y + lane.box.h - 22, y + h / 2 - 10));
    out.push({ t: 'rect', x: lane.box.x + lane.box.w / 2 - w / 2, y: middle, w, h: 20, r: 4, fill: 'text' }, { t: 'text', x: lane.box.x + lane.box.w / 2, y: middle + 14, text: words, size: DETAIL, fill: 'bg', anchor: 'middle' });
  }
  for (const [spot, token, isTouch] of [[input.hover, 'quiet', false], [input.selected, 'text', false], [input.touched, 'mark-edge', true]] as const) {
    if (!spot || spot.pid !== pid) continue;
    const at = locate(scene, pid, spot.page);
    if (!at || at.y + at.h < lane.box.y - 1e6 || at.y > lane.box.y + lane.box.h + 1e6) continue;
    if (spot === input.hover && at.w > lane.box.w * 0.8) continue;
    const y = Math.max(at.y, lane.box.y - 30);
    const h = Math.min(at.y + at.h, lane.box.y + lane.box.h + 30) - y;
    if (h <= 0) continue;
    if (isTouch && at.w >= lane.box.w * 0.99 && at.h >= 11 && areaAt(lane.data.areas, spot.page) < 0) {
      out.push({ t: 'rect', x: at.x + 1, y: at.y + 1, w: at.w - 2, h: Math.max(4, at.h - 2), r: 4, fill: 'mark', stroke: 'mark-edge', width: 1.5 });
      out.push({ t: 'text', x: at.x + at.w / 2, y: at.y + at.h / 2 + 4, text: fit(pictures.nothingMapped(addressText(spot.page, input.units)), at.w - 12, DETAIL), size: DETAIL, fill: 'text', anchor: 'middle' });
      continue;
    }
    const piece = pieceBox(lane, lane.layout.axis.at(spot.page));
    if (piece.h < 11 && spot !== input.hover) {
      const middle = Math.round(at.y + at.h / 2) + 0.5;
      out.push({ t: 'line', points: [lane.box.x + 2, middle, lane.columns.strip.x + lane.columns.strip.w, middle], stroke: 'bg', width: 4, alpha: 0.6 }, { t: 'line', points: [lane.box.x + 2, middle, lane.columns.strip.x + lane.columns.strip.w, middle], stroke: isTouch ? 'mark-edge' : 'accent', width: 1.5 });
      const words = fit(`${isTouch ? 'touched' : 'selected'} ${addressText(spot.page, input.units)}`, Math.max(0, lane.columns.strip.x - lane.box.x - 20), DETAIL);
      if (words && !(input.touched && !isTouch && Math.abs((locate(scene, pid, input.touched.page)?.y ?? -99) - at.y) < 20 && input.touched.pid === pid)) {
        const w = textWidth(words, DETAIL) + 12;
        const label = Math.min(lane.box.y + lane.box.h - 11, Math.max(lane.box.y + 11, middle));
        out.push({ t: 'rect', x: lane.box.x + 4, y: label - 9.5, w, h: 19, r: 4, fill: 'bg', stroke: isTouch ? 'mark-edge' : 'accent' }, { t: 'text', x: lane.box.x + 10, y: label + 4, text: words, size: DETAIL, fill: 'text' });
      }
    }
    if (at.w >= lane.box.w * 0.99) continue;
    const out2 = token === 'text' ? 3 : 1;
    if (token === 'text') out.push({ t: 'rect', x: at.x - 1.5, y: y - 1.5, w: at.w + 3, h: h + 3, r: 4, stroke: 'bg', width: 2 });
    out.push({ t: 'rect', x: at.x - out2, y: y - out2, w: at.w + 2 * out2, h: h + 2 * out2, r: 4, stroke: token, width: spot === input.hover ? 1 : 2 });
    if (isTouch && at.w < 14) {
      const m = at.x + at.w / 2;
      out.push({ t: 'line', points: [m - 4, y - 7, m + 4, y - 7, m, y - 1, m - 4, y - 7], stroke: 'mark-edge', fill: 'mark-edge' });
    }
  }
}
