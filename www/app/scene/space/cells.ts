/** Pages as shapes: cells of a grid, one page from near, its bytes. */
import { CELL, CELL_BIT } from '../../worker/protocol.ts';
import { areaAt, cellAt, cellOf } from '../layout.ts';
import { type Box, type Shape, fit, textWidth } from '../shapes.ts';
import { CELLS, HEAT_TOKEN, lookOfPage } from '../theme.ts';
import { addressText } from '../units.ts';
import { DETAIL, type Grid, LETTER_FROM, type LaneScene, SIZE, type SpaceInput, type SpaceScene, gridCell } from './compose.ts';
import { markPage } from './marks.ts';
import { drawStrip, fadeOf, lock } from './strip.ts';
import { pictures } from '../../texts/pictures.ts';

export function drawGrid(out: Shape[], scene: SpaceScene, lane: LaneScene, area: number, grid: Grid, from: number, pages: number): void {
  const first = Math.max(0, Math.floor((lane.box.y - grid.y) / grid.ch));
  const last = Math.min(grid.lines, Math.ceil((lane.box.y + lane.box.h - grid.y) / grid.ch));
  if (grid.isStrip) {
    for (let line = first; line < last; line++) {
      const [a, b] = [line * grid.columns, Math.min(pages, (line + 1) * grid.columns)];
      if (b <= a) break;
      const box = { x: grid.x, y: grid.y + line * grid.ch, w: ((b - a) / grid.columns) * grid.w, h: Math.max(6, grid.ch - 4) };
      out.push({ t: 'rect', x: box.x - 0.5, y: box.y - 0.5, w: box.w + 1, h: box.h + 1, fill: 'k-absent', stroke: 'edge' });
      drawLine(out, scene, lane, area, from + a, b - a, box);
    }
    return;
  }
  for (let line = first; line < last; line++) {
    for (let column = 0; column < grid.columns; column++) {
      const index = line * grid.columns + column;
      if (index >= pages) break;
      const box = gridCell(grid, index);
      const one = area < 0 ? areaAt(lane.data.areas, from + index) : area;
      if (grid.cw > 72 || grid.ch > 72) drawPage(out, scene, lane, one, from + index, box);
      else drawCell(out, scene, lane, one, from + index, box);
    }
  }
}

/** A part of an area as one line of a card; −1: of several. */
function drawLine(out: Shape[], scene: SpaceScene, lane: LaneScene, area: number, from: number, pages: number, box: Box): void {
  const { areas } = lane.data;
  if (area >= 0 && from === areas.start[area] && pages === areas.pages[area]) {
    drawStrip(out, scene, lane, area, box, false);
    return;
  }
  const columns = Math.min(pages, Math.max(1, Math.floor(box.w / 2)));
  let [start, was] = [0, -1];
  for (let c = 0; c <= columns; c++) {
    const page = from + Math.floor(((c + 0.5) * pages) / columns);
    const cell = c < columns ? cellOf(lane.data, area < 0 ? areaAt(areas, page) : area, page) & 0x0f : -2;
    if (cell === was) continue;
    if (was > CELL.absent && was !== CELL.none) {
      const look = CELLS[was]!;
      const w = ((c - start) / columns) * box.w;
      out.push({ t: 'rect', x: box.x + (start / columns) * box.w, y: box.y, w, h: box.h, fill: look.fill, alpha: fadeOf(scene.input, look.id), ...(look.pattern && w >= 3 ? { pattern: look.pattern } : {}) });
    }
    [start, was] = [c, cell];
  }
}

/** One page: colour and texture or letter, a corner if dirty, a lock if locked; and how it is other than at another moment. */
export function drawCell(out: Shape[], scene: SpaceScene, lane: LaneScene, area: number, page: number, box: Box): void {
  drawPlain(out, scene, lane, area, page, box);
  markPage(out, scene, lane, page, box);
}

function drawPlain(out: Shape[], scene: SpaceScene, lane: LaneScene, area: number, page: number, box: Box): void {
  const { input } = scene;
  const known = cellAt(lane.data.cells, page);
  const cell = area < 0 ? CELL.none : known ? known.cell : cellOf(lane.data, area, page);
  const look = known ? lookOfPage(cell, lane.data.areas.perms[area]!) : CELLS[cell & 0x0f]!;
  const r = box.w >= 18 ? 4 : box.w >= 9 ? 2 : 0;
  const alpha = fadeOf(input, look.id);
  const small = box.w < 9;
  if (input.heat) {
    const hot = input.heat.of.get(lane.data.pid);
    const count = hot?.sum(input.heat.kind, page, page + 1) ?? 0;
    const level = hot?.level(input.heat.kind, count) ?? 0;
    out.push({ t: 'rect', x: box.x + 0.5, y: box.y + 0.5, w: box.w - 1, h: box.h - 1, r, fill: 'bg', stroke: 'edge' });
    if (level > 0) out.push({ t: 'rect', x: box.x + 1, y: box.y + 1, w: box.w - 2, h: box.h - 2, r, fill: HEAT_TOKEN[input.heat.kind], alpha: level });
    if (count > 0 && box.w >= 24) {
      const words = count > 999 ? '1k+' : String(count);
      const w = textWidth(words, DETAIL) + 4;
      out.push({ t: 'rect', x: box.x + box.w / 2 - w / 2, y: box.y + box.h / 2 - 7, w, h: 14, r: 3, fill: 'bg' }, { t: 'text', x: box.x + box.w / 2, y: box.y + box.h / 2 + 4, text: words, size: DETAIL, fill: 'text', anchor: 'middle' });
    }
    return;
  }
  if ((cell & 0x0f) === CELL.absent || (cell & 0x0f) === CELL.none) {
    out.push({ t: 'rect', x: box.x + 0.5, y: box.y + 0.5, w: box.w - 1, h: box.h - 1, r, fill: 'bg', stroke: 'edge', alpha, ...(small ? {} : { dash: [2, 2] }) });
  } else {
    const text = box.w >= 24 ? (input.texts.get(`${lane.data.pid}:${page}`) ?? look.letter) : box.w >= LETTER_FROM ? look.letter : '';
    const words = text.slice(0, Math.max(1, Math.floor((box.w - 3) / (DETAIL * 0.602))));
    const hasWords = words !== '';
    out.push({
      t: 'rect', x: box.x + 0.5, y: box.y + 0.5, w: box.w - 1, h: box.h - 1, r, fill: look.fill, alpha,
      ...(look.pattern && box.w >= 6 && !hasWords ? { pattern: look.pattern } : {}), ...(look.id === 'zero' ? { stroke: 'edge' as const } : {}),
    });
    if (hasWords) {
      // Words stand on the plain colour; the texture is below them.
      const band = Math.min(7, box.h * 0.3);
      if (look.pattern && box.h >= 20) out.push({ t: 'rect', x: box.x + 1.5, y: box.y + box.h - band - 1, w: box.w - 3, h: band, r: 2, fill: look.fill, pattern: look.pattern, alpha });
      const y = box.h >= 20 && look.pattern ? box.y + (box.h - band) / 2 + 4 : box.y + box.h / 2 + 4;
      out.push({ t: 'text', x: box.x + box.w / 2, y, text: words, size: DETAIL, fill: look.ink, anchor: 'middle', bold: true, alpha });
    }
    if (known && known.cell & CELL_BIT.dirty && box.w >= 8) {
      const d = Math.min(8, box.w * 0.34);
      out.push({ t: 'line', points: [box.x + box.w - 1 - d, box.y + 1, box.x + box.w - 1, box.y + 1, box.x + box.w - 1, box.y + 1 + d], stroke: 'bg', fill: 'text', alpha });
    }
  }
  if (cell !== CELL.none && cell & CELL_BIT.locked && box.w >= 15) lock(out, box.x + 2.5, box.y + box.h - 12, (cell & 0x0f) === CELL.absent ? 'text' : look.ink);
  if (input.frame !== null && known?.pfn === input.frame) out.push({ t: 'rect', x: box.x - 1, y: box.y - 1, w: box.w + 2, h: box.h + 2, r: r + 1, stroke: 'mark-edge', width: 2 });
}

/** A page with room for words, and for its bytes if they are known. */
function drawPage(out: Shape[], scene: SpaceScene, lane: LaneScene, area: number, page: number, box: Box): void {
  const { input } = scene;
  const known = cellAt(lane.data.cells, page);
  const cell = known?.cell ?? cellOf(lane.data, area, page);
  const look = known ? lookOfPage(cell, lane.data.areas.perms[area]!) : CELLS[cell & 0x0f]!;
  const isAbsent = (cell & 0x0f) === CELL.absent || (cell & 0x0f) === CELL.none;
  const top = Math.max(box.y, lane.box.y - 20);
  const bottom = Math.min(box.y + box.h, lane.box.y + lane.box.h + 20);
  out.push({ t: 'rect', x: box.x + 0.5, y: top + 0.5, w: box.w - 1, h: bottom - top - 1, r: 4, fill: 'bg', stroke: 'edge', ...(isAbsent ? { dash: [3, 3] } : {}) });
  markPage(out, scene, lane, page, { x: box.x, y: top, w: box.w, h: bottom - top });
  if (!isAbsent) out.push({ t: 'rect', x: box.x + 1, y: top + 1, w: 9, h: bottom - top - 2, r: 3, fill: look.fill, ...(look.pattern ? { pattern: look.pattern } : {}), alpha: fadeOf(input, look.id) });
  const bits = known ? [known.cell & CELL_BIT.dirty ? 'dirty' : '', known.cell & CELL_BIT.locked ? 'locked' : ''].filter(Boolean) : [];
  const frame = known && known.pfn !== null ? [`frame ${known.pfn}`] : [];
  const x = box.x + 18;
  const room = box.w - 26;
  const isOver = box.y < lane.box.y + 24;
  const y = Math.min(Math.max(box.y, isOver ? lane.box.y + 24 : box.y) + 16, box.y + box.h - 8);
  const beside = textWidth(addressText(page, input.units), SIZE) + 12;
  const under = room - beside > 90 ? 26 : 42;
  const body = { x, y: box.y + under, w: room, h: box.h - under - 6 };
  const { bytes } = input;
  const hasBytes = bytes !== null && bytes.pid === lane.data.pid && bytes.page === page;
  if (hasBytes) drawBytes(out, lane, bytes, body);
  if (isOver) out.push({ t: 'rect', x: box.x + 11, y: lane.box.y + 20, w: box.w - 13, h: y - lane.box.y - 12, fill: 'bg' });
  out.push({ t: 'text', x, y, text: fit(addressText(page, input.units), room, SIZE), size: SIZE, fill: 'text', bold: true });
  const words = [look.meaning || pictures.space.notLooked, ...bits, ...frame].join(' · ');
  if (room - beside > 90) out.push({ t: 'text', x: x + beside, y, text: fit(words, room - beside, DETAIL), size: DETAIL, fill: 'quiet' });
  else if (box.h >= 40) out.push({ t: 'text', x, y: y + 16, text: fit(words, room, DETAIL), size: DETAIL, fill: 'quiet' });
  if (!hasBytes) {
    const text = input.texts.get(`${lane.data.pid}:${page}`);
    if (text && body.h > 24 && room - beside > 90) out.push({ t: 'text', x, y: box.y + 40, text: fit(`"${text}"`, room, SIZE), size: SIZE, fill: 'text' });
  }
}

/** Bytes: a picture, 64 a line, while they are too small for text, then lines as `xxd` has them. */
function drawBytes(out: Shape[], lane: LaneScene, { bytes, isInvented }: NonNullable<SpaceInput['bytes']>, box: Box): void {
  const perLine = [32, 16, 8].find((count) => (6 + count * 4 + 1) * SIZE * 0.602 <= box.w) ?? 4;
  const lines = Math.ceil(bytes.length / perLine);
  const pitch = box.h / lines;
  if (isInvented) out.push({ t: 'text', x: box.x, y: Math.max(box.y, lane.box.y + 26) + 10, text: fit(pictures.space.invented, box.w, DETAIL), size: DETAIL, fill: 'bad' });
  const shift = isInvented ? 16 : 0;
  if (pitch < 12.5) {
    // As high as the page: a place in it stays where it is while the lines grow.
    const h = box.h - shift;
    const w = Math.min(box.w * 0.62, Math.max(64, Math.min(448, h)));
    if (h < 48 || w < 48) return;
    const data = new Uint8Array(4096);
    for (let i = 0; i < 4096; i++) data[i] = byteClass(bytes[i] ?? 0);
    out.push({ t: 'rect', x: box.x - 0.5, y: box.y + shift - 0.5, w: w + 1, h: h + 1, fill: 'bg', stroke: 'edge' });
    out.push({ t: 'raster', x: box.x, y: box.y + shift, w, h, columns: 64, rows: 64, data, palette: ['k-absent', 'k-anon', 'k-file', 'k-cow'] });
    const top = Math.max(box.y + shift, lane.box.y + 48) + 12;
    const kinds = [['k-absent', '00'], ['k-anon', 'letters'], ['k-file', 'others'], ['k-cow', 'ff']] as const;
    const left = box.x + w + 16;
    if (box.w - w > 130 && top + 70 < box.y + box.h) {
      out.push({ t: 'text', x: left, y: top, text: '64 bytes a line', size: DETAIL, fill: 'quiet' });
      kinds.forEach(([fill, text], i) => out.push({ t: 'rect', x: left + 0.5, y: top + 8.5 + i * 17, w: 10, h: 10, r: 2, fill, stroke: 'edge' }, { t: 'text', x: left + 18, y: top + 18 + i * 17, text, size: DETAIL, fill: 'quiet' }));
    }
    return;
  }
  const first = Math.max(0, Math.floor((lane.box.y - box.y) / pitch) - 1);
  const last = Math.min(lines, Math.ceil((lane.box.y + lane.box.h - box.y) / pitch) + 1);
  for (let line = first; line < last; line++) {
    const from = line * perLine;
    let [hex, text] = ['', ''];
    for (let i = from; i < Math.min(bytes.length, from + perLine); i++) {
      hex += `${bytes[i]!.toString(16).padStart(2, '0')} `;
      text += bytes[i]! >= 32 && bytes[i]! < 127 ? String.fromCharCode(bytes[i]!) : '·';
    }
    const y = box.y + shift + line * pitch + Math.min(pitch / 2, 10) + 4;
    const empty = /^(?:00 )*$/.test(hex);
    out.push({ t: 'text', x: box.x, y, text: from.toString(16).padStart(3, '0'), size: DETAIL, fill: 'quiet' });
    out.push({ t: 'text', x: box.x + 6 * DETAIL * 0.602, y, text: hex.trimEnd(), size: SIZE, fill: empty ? 'quiet' : 'text' });
    out.push({ t: 'text', x: box.x + (6 + perLine * 3) * SIZE * 0.602, y, text, size: SIZE, fill: empty ? 'quiet' : 'text' });
  }
}

function byteClass(byte: number): number {
  return byte === 0 ? 0 : byte === 255 ? 3 : byte >= 32 && byte < 127 ? 1 : 2;
}
