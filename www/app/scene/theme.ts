/** What kinds of pages and frames look like, and the colours that the style sheet gives (for export and tests). */
import { isLone } from '../model/cell.ts';
import { AREA, CELL, FRAME } from '../worker/protocol.ts';
import { pictures } from '../texts/pictures.ts';
import type { Pattern, Theme, Token } from './shapes.ts';

const { kinds } = pictures;

export interface Look {
  readonly id: string;
  readonly fill: Token;
  /** A second sign besides the colour. */
  readonly pattern?: Pattern;
  readonly letter: string;
  /** Colour of the letter. */
  readonly ink: Token;
  readonly meaning: string;
}

const ABSENT: Look = { id: 'absent', fill: 'k-absent', letter: '', ink: 'quiet', meaning: kinds.absent };
const UNKNOWN: Look = { id: 'none', fill: 'k-absent', letter: '', ink: 'quiet', meaning: '' };

/** By number of `CELL`. */
export const CELLS: readonly Look[] = ((): Look[] => {
  const all = Array.from({ length: 16 }, () => UNKNOWN);
  all[CELL.absent] = ABSENT;
  all[CELL.zero] = { id: 'zero', fill: 'k-zero', letter: '0', ink: 'k-ink-dark', meaning: kinds.zero };
  all[CELL.anon] = { id: 'anon', fill: 'k-anon', letter: '', ink: 'k-ink', meaning: kinds.anon };
  all[CELL.cow] = { id: 'cow', fill: 'k-cow', pattern: 'diagonal', letter: '', ink: 'k-ink-dark', meaning: kinds.cow };
  all[CELL.file] = { id: 'file', fill: 'k-file', pattern: 'line', letter: '', ink: 'k-ink', meaning: kinds.file };
  all[CELL.shmem] = { id: 'shmem', fill: 'k-shmem', pattern: 'dots', letter: 's', ink: 'k-ink', meaning: kinds.shmem };
  all[CELL.guard] = { id: 'guard', fill: 'k-guard', pattern: 'cross', letter: '!', ink: 'k-ink', meaning: kinds.guard };
  all[CELL.marker] = { id: 'marker', fill: 'k-marker', pattern: 'cross', letter: '?', ink: 'k-ink', meaning: kinds.marker };
  all[CELL.swapped] = { id: 'swapped', fill: 'k-swapped', pattern: 'back', letter: 'S', ink: 'k-ink', meaning: kinds.swapped };
  all[CELL.special] = { id: 'special', fill: 'k-special', pattern: 'bars', letter: 'k', ink: 'k-ink', meaning: kinds.special };
  all[CELL.huge] = { id: 'huge', fill: 'k-huge', pattern: 'bars', letter: 'H', ink: 'k-ink', meaning: kinds.huge };
  return all;
})();

/** Of a page that `isLone`. */
const LONE: Look = { ...CELLS[CELL.anon]!, id: 'lone', pattern: 'diagonal', meaning: kinds.lone };

/** What one page looks like, in an area with these `PERM` bits. */
export function lookOfPage(cell: number, perms: number): Look {
  return isLone(cell, perms) ? LONE : CELLS[cell & 15]!;
}

/** By number of `FRAME`. */
export const FRAMES: readonly Look[] = ((): Look[] => {
  const all: Look[] = [];
  all[FRAME.free] = { id: 'free', fill: 'k-free', letter: '', ink: 'quiet', meaning: kinds.free };
  all[FRAME.anon] = CELLS[CELL.anon]!;
  all[FRAME.cow] = CELLS[CELL.cow]!;
  all[FRAME.file] = CELLS[CELL.file]!;
  all[FRAME.shmem] = CELLS[CELL.shmem]!;
  all[FRAME.zero] = CELLS[CELL.zero]!;
  all[FRAME.table] = { id: 'table', fill: 'k-table', pattern: 'lines', letter: 't', ink: 'k-ink-dark', meaning: kinds.table };
  all[FRAME.kernel] = { id: 'kernel', fill: 'k-kernel', pattern: 'cross', letter: 'K', ink: 'k-ink', meaning: kinds.kernel };
  return all;
})();

/** What an area's present pages mostly are, by number of `AREA`: where no page is looked at. */
export const AREA_LOOK: readonly Look[] = ((): Look[] => {
  const all: Look[] = [];
  all[AREA.anonymous] = CELLS[CELL.anon]!;
  all[AREA.file] = CELLS[CELL.file]!;
  all[AREA.shared] = CELLS[CELL.shmem]!;
  all[AREA.heap] = CELLS[CELL.anon]!;
  all[AREA.stack] = CELLS[CELL.anon]!;
  all[AREA.special] = CELLS[CELL.special]!;
  all[AREA.huge] = CELLS[CELL.huge]!;
  all[AREA.device] = CELLS[CELL.special]!;
  return all;
})();

/** The legend, in its order. */
export const LEGEND: readonly Look[] = [
  CELLS[CELL.anon]!, CELLS[CELL.cow]!, LONE,
  ...[CELL.file, CELL.shmem, CELL.zero, CELL.guard, CELL.marker, CELL.swapped, CELL.huge, CELL.special, CELL.absent].map((cell) => CELLS[cell]!),
];
export const FRAME_LEGEND: readonly Look[] = [FRAMES[FRAME.table]!, FRAMES[FRAME.kernel]!, FRAMES[FRAME.free]!];

export const HEATS = ['reads', 'writes', 'executes', 'faults'] as const;
export type HeatKind = (typeof HEATS)[number];
export const HEAT_TOKEN: Readonly<Record<HeatKind, Token>> = { reads: 'h-read', writes: 'h-write', executes: 'h-execute', faults: 'h-fault' };

/** Kinds of calls; a letter stands on them. */
const GROUPS_LIGHT = {
  'g-other': '#6b7280', 'g-map': '#3556d4', 'g-unmap': '#9a3412', 'g-protect': '#8a4fa3', 'g-advise': '#a16207', 'g-move': '#0e7490', 'g-heap': '#4d7c0f',
  'g-lock': '#9d174d', 'g-process': '#b3261e', 'g-file': '#596780', 'g-access': '#1c7a4f', 'g-ask': '#6b7280', 'g-ink': '#ffffff',
} as const;
const GROUPS_DARK = {
  'g-other': '#98a1b0', 'g-map': '#8ca2ff', 'g-unmap': '#e8956b', 'g-protect': '#c99be0', 'g-advise': '#d9b25a', 'g-move': '#5cc0d6', 'g-heap': '#9ccc5a',
  'g-lock': '#f08fb8', 'g-process': '#ff8a80', 'g-file': '#a3adc0', 'g-access': '#5fcf9a', 'g-ask': '#98a1b0', 'g-ink': '#10131a',
} as const;

export const LIGHT: Theme = {
  bg: '#ffffff', panel: '#f5f7fa', card: '#eef1f6', line: '#dbe0e8', edge: '#8089a0', text: '#1a1d24', quiet: '#566072', accent: '#3556d4',
  'accent-soft': '#e6eafc', mark: '#fff0cc', 'mark-edge': '#b85c00', bad: '#b3261e',
  'k-absent': '#e9edf3', 'k-zero': '#cfd6e2', 'k-anon': '#1f7f74', 'k-cow': '#e89a2c', 'k-file': '#2f6bc9', 'k-shmem': '#7a4fc0', 'k-guard': '#b3261e',
  'k-marker': '#8a5a00', 'k-swapped': '#6b4a3a', 'k-special': '#4a5876', 'k-huge': '#0b5d8a', 'k-table': '#98a3b8', 'k-kernel': '#3d4a66',
  'k-free': '#edf0f5', 'k-ink': '#ffffff', 'k-ink-dark': '#1a1d24', 'h-read': '#2f6bc9', 'h-write': '#c2410c', 'h-execute': '#7a4fc0', 'h-fault': '#b3261e',
  'm-new': '#1a7538', 'm-gone': '#b3261e', 'm-changed': '#8a4b00', partly: '#835500', ...GROUPS_LIGHT,
};

export const DARK: Theme = {
  bg: '#14171d', panel: '#191d25', card: '#20252f', line: '#323947', edge: '#707c94', text: '#e8ebf1', quiet: '#a3adc0', accent: '#8ca2ff',
  'accent-soft': '#26304f', mark: '#3a3018', 'mark-edge': '#eba54b', bad: '#ff8a80',
  'k-absent': '#272d39', 'k-zero': '#7685a3', 'k-anon': '#3fb5a6', 'k-cow': '#f0a94e', 'k-file': '#6ba0f2', 'k-shmem': '#b594f0', 'k-guard': '#ff8a80',
  'k-marker': '#d9b25a', 'k-swapped': '#c79a83', 'k-special': '#93a3c7', 'k-huge': '#5cb6e6', 'k-table': '#7d8aa3', 'k-kernel': '#b9c4dc',
  'k-free': '#232934', 'k-ink': '#10131a', 'k-ink-dark': '#10131a', 'h-read': '#6ba0f2', 'h-write': '#ff9a5c', 'h-execute': '#b594f0', 'h-fault': '#ff8a80',
  'm-new': '#5fcf86', 'm-gone': '#ff8a80', 'm-changed': '#e6b35c', partly: '#e6b35c', ...GROUPS_DARK,
};
