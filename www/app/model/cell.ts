/** What a cell of the picture says besides its kind. */
import { CELL, CELL_BIT, PERM } from '../worker/protocol.ts';

/** A private page whose last other mapper has gone, in an area with these `PERM` bits: its entry is still as copy on write left it. */
export const isLone = (cell: number, perms: number): boolean =>
  (cell & 15) === CELL.anon && (cell & CELL_BIT.writable) === 0 && (perms & (PERM.write | PERM.shared)) === PERM.write;
