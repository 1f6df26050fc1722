/** The 512 entries of a page table, a small box each: what it holds by colour, texture and letter, and what is chosen. */
import { ENTRY_TABLE } from '../worker/protocol.ts';
import type { Box, Picture, Shape } from './shapes.ts';
import { CELLS, FRAME_LEGEND, type Look } from './theme.ts';

/** Entries in a row, and rows. */
export const ENTRY_COLUMNS = 64;
const ROWS = 512 / ENTRY_COLUMNS;
export const ENTRIES_HEIGHT = 74;
const PAD = 2;

export interface EntriesInput {
  readonly width: number;
  readonly label: string;
  /** `CELL` or `ENTRY_TABLE` each; null: only the chosen one is known. */
  readonly entries: Uint8Array | null;
  readonly chosen: number;
  readonly cursor: number;
}

const lookOf = (entry: number): Look => ((entry & 15) === ENTRY_TABLE ? FRAME_LEGEND[0]! : CELLS[entry & 15]!);

export function entryBox(width: number, index: number): Box {
  const [cw, ch] = [(width - 2 * PAD) / ENTRY_COLUMNS, (ENTRIES_HEIGHT - 2 * PAD) / ROWS];
  return { x: PAD + (index % ENTRY_COLUMNS) * cw, y: PAD + Math.floor(index / ENTRY_COLUMNS) * ch, w: cw * 0.86, h: ch * 0.8 };
}

export function entryAt(width: number, x: number, y: number): number {
  const column = Math.floor(((x - PAD) / (width - 2 * PAD)) * ENTRY_COLUMNS);
  const row = Math.floor(((y - PAD) / (ENTRIES_HEIGHT - 2 * PAD)) * ROWS);
  return Math.max(0, Math.min(ROWS - 1, row)) * ENTRY_COLUMNS + Math.max(0, Math.min(ENTRY_COLUMNS - 1, column));
}

export function drawEntries({ width, label, entries, chosen, cursor }: EntriesInput): Picture {
  const shapes: Shape[] = [];
  for (let index = 0; index < 512; index++) {
    const box = entryBox(width, index);
    const look = lookOf(entries?.[index] ?? 0);
    // An empty one has the colour of nothing: its border is what is seen of it.
    const border = look.fill === 'k-absent' ? { stroke: 'edge' as const, width: 0.5 } : {};
    shapes.push({ t: 'rect', ...box, fill: look.fill, ...border, ...(look.pattern && box.w >= 4 ? { pattern: look.pattern } : {}) });
  }
  for (const [index, token] of cursor === chosen ? [[chosen, 'mark-edge'] as const] : [[chosen, 'mark-edge'] as const, [cursor, 'text'] as const]) {
    const { x, y, w, h } = entryBox(width, index);
    shapes.push({ t: 'rect', x: x - 1, y: y - 1, w: w + 2, h: h + 2, r: 1.5, stroke: token, width: 2 });
  }
  return { width, height: ENTRIES_HEIGHT, shapes, label };
}
