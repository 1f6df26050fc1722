/** The tracks of the slider: calls by kind, a lane a process; faults; pages in RAM; marks. They cost what the window shows, not what was run. */
import { CALL_GROUPS, type Tracks } from '../worker/protocol.ts';
import { LaneCount, type Lanes, countPids } from '../model/counts.ts';
import { type Buckets, type Line, MARKS } from '../model/tracks.ts';
import { panels } from '../texts/panels.ts';
import { LINE_LOOK } from './chart.ts';
import type { Group, Picture, Shape, Token } from './shapes.ts';

/** Room at both sides: a mark of the first or last step, and the grip at an end, are whole. */
export const TRACK_PAD = 8;
/** Processes that have a lane of their own. */
const MOST_LANES = 6;
/** From so many px a step on, a call is drawn with its letter. */
const LETTER = 11;
/** A step is drawn no wider than that. */
const WIDEST = 34;
/** Marks nearer to each other than this are one. */
const MARK_GAP = 5;
/** Lines of pages in RAM that are filled below; more would hide each other. */
const FILLED = 3;
/** Below the lanes of calls: faults, pages in RAM, marks. */
export const TRACK_ROWS = { faults: 22, rss: 26, marks: 12 } as const;
const LETTERS = panels.time.letters;

export interface TracksInput {
  readonly tracks: Tracks;
  /** Steps that there are, run or not. */
  readonly length: number;
  /** Of the slider, without what stands out at its sides. */
  readonly width: number;
  /** One lane and the marks. */
  readonly isShort: boolean;
}

export interface TracksScene {
  /** Whose each lane is; null: everybody's. */
  readonly pids: readonly (number | null)[];
  /** Processes without a lane. */
  readonly hidden: number;
  readonly laneHeight: number;
  /** From the top of the lanes to what is below them. */
  readonly top: number;
  readonly picture: Picture;
}

/** Where the buckets stand. */
interface Columns {
  readonly per: number;
  readonly wide: number;
  readonly left: (bucket: number) => number;
}

function columnsOf({ count, steps }: Buckets, { width, length }: TracksInput): Columns {
  const per = (width / Math.max(length, 1)) * (count === 0 ? 1 : steps);
  const wide = Math.min(WIDEST, Math.max(1, per - (per > 4 ? 1 : per > 2 ? 0.4 : 0)));
  // Few steps have room around them: each stands before the position that it leads to.
  return { per, wide, left: (bucket) => TRACK_PAD + (bucket + 1) * per - wide - (per > WIDEST ? 3 : 0) };
}

/** What was counted for the picture before: the next one goes on from there. */
export class TracksCount {
  readonly #pids = countPids();
  readonly #lanes = new LaneCount();

  of({ tracks, length, width, isShort }: TracksInput): { readonly pids: readonly number[]; readonly all: Lanes } {
    const { pids } = this.#pids.of(tracks);
    return { pids, all: this.#lanes.of(tracks, { length, columns: Math.max(1, Math.floor(width / 2)), pids: pids.slice(0, isShort ? 1 : MOST_LANES) }) };
  }
}

export function composeTracks(input: TracksInput, count = new TracksCount()): TracksScene {
  const { pids, all } = count.of(input);
  return input.isShort ? short(input, all) : full(input, all, pids.length);
}

function short(input: TracksInput, { all }: Lanes): TracksScene {
  const columns = columnsOf(all, input);
  return { pids: [null], hidden: 0, laneHeight: 18, top: 18, picture: picture(input, 30, [calls('calls', all, columns, 0, 16), marks(all, columns, 18)]) };
}

function full(input: TracksInput, { all, lanes }: Lanes, processes: number): TracksScene {
  const isOne = lanes.length <= 1;
  const laneHeight = isOne ? 22 : 16;
  const columns = columnsOf(all, input);
  const rows = isOne ? [{ pid: null, buckets: all }] : lanes;
  // Room for two lanes from the start: a fork moves nothing else.
  const top = Math.max(rows.length * laneHeight, 32) + 4;
  const most = Math.max(1, ...lanes.map(({ rss }) => rss.most));
  const shapes = [
    ...rows.map(({ pid, buckets }, i) => calls(pid === null ? 'calls' : `calls:${pid}`, buckets, columns, i * laneHeight, laneHeight - 2)),
    faults(all, columns, input.width, top, 20),
    ...lanes.map(({ pid, rss }, i) => inRam(`rss:${pid}`, rss, most, input.width, top + TRACK_ROWS.faults, 24, i)),
    marks(all, columns, top + TRACK_ROWS.faults + TRACK_ROWS.rss),
  ];
  return { pids: rows.map(({ pid }) => pid), hidden: processes - lanes.length, laneHeight, top, picture: picture(input, top + TRACK_ROWS.faults + TRACK_ROWS.rss + TRACK_ROWS.marks, shapes) };
}

const picture = ({ width }: TracksInput, height: number, shapes: readonly Shape[]): Picture => ({ width: width + 2 * TRACK_PAD, height, shapes, label: '' });

/** One box a bucket, with its letter if there is room; neighbours of a kind that touch are one. */
function calls(id: string, { group }: Buckets, { per, wide, left }: Columns, y: number, h: number): Group {
  const [boxes, letters]: [Shape[], Shape[]] = [[], []];
  for (let from = 0, to = 1; from < group.length; from = to++) {
    const kind = group[from]!;
    if (kind === 255) continue;
    while (per <= 2 && to < group.length && group[to] === kind) to++;
    const name = CALL_GROUPS[kind]!;
    boxes.push({ t: 'rect', x: left(from), y, w: left(to - 1) + wide - left(from), h, fill: `g-${name}` });
    if (per >= LETTER) letters.push({ t: 'text', x: left(from) + wide / 2, y: y + h / 2 + 4, text: LETTERS[name], size: 11, fill: 'g-ink', anchor: 'middle', bold: true });
  }
  return { t: 'group', id, shapes: [...boxes, ...letters] };
}

function faults(buckets: Buckets, { wide, left }: Columns, width: number, y: number, h: number): Group {
  const most = Math.max(buckets.mostFaults, 1);
  const shapes: Shape[] = [{ t: 'line', points: [TRACK_PAD, y + h, TRACK_PAD + width, y + h], stroke: 'line' }];
  buckets.faults.forEach((count, i) => {
    if (count === 0) return;
    const tall = Math.max(2.5, Math.sqrt(count / most) * h);
    shapes.push({ t: 'rect', x: left(i), y: y + h - tall, w: wide, h: tall, fill: 'mark-edge' });
  });
  return { t: 'group', id: 'faults', shapes };
}

/** What a process has in RAM: from where it is known on, a line. */
function inRam(id: string, { greatest }: Line, most: number, width: number, y: number, h: number, index: number): Group {
  const per = width / greatest.length;
  const points: number[] = [];
  greatest.forEach((value, i) => {
    if (Number.isNaN(value)) return;
    const [x, at] = [TRACK_PAD + i * per, y + h - (value / most) * (h - 2)];
    // A level stretch is one line, however many columns it has.
    if (points.length >= 4 && points.at(-1) === at && points.at(-3) === at) points[points.length - 2] = x + per;
    else points.push(x, at, x + per, at);
  });
  if (points.length === 0) return { t: 'group', id, shapes: [] };
  const { token, dash } = LINE_LOOK[index % LINE_LOOK.length]!;
  const below: Shape = { t: 'line', points: [...points, points.at(-2)!, y + h, points[0]!, y + h], stroke: token, width: 0.01, fill: token, alpha: 0.16 };
  return { t: 'group', id, shapes: [...(index < FILLED ? [below] : []), { t: 'line', points, stroke: token, width: 1.5, ...(dash.length > 0 ? { dash } : {}) }] };
}

/** Marks differ by shape, not by colour alone: a bar, a ring, a cross, triangles, a diamond. What weighs more lies over the rest. */
const SIGNS: readonly (readonly [name: keyof typeof MARKS, points: readonly number[], token: Token])[] = [
  ['leftOut', [-3.5, 4, 3.5, 4, 3.5, 6.4, -3.5, 6.4], 'quiet'],
  ['assumed', [], 'quiet'],
  ['refusal', [-4, 1, -2.6, -0.4, 0, 2.2, 2.6, -0.4, 4, 1, 1.4, 3.6, 4, 6.2, 2.6, 7.6, 0, 5, -2.6, 7.6, -4, 6.2, -1.4, 3.6], 'partly'],
  ['signal', [0, 0, 5, 9, -5, 9], 'bad'],
  ['fatal', [0, -1, 6, 10, -6, 10], 'bad'],
  ['difference', [0, -0.5, 5, 4.5, 0, 9.5, -5, 4.5], 'bad'],
];

function sign(points: readonly number[], token: Token, x: number, y: number): Shape {
  if (points.length === 0) return { t: 'rect', x: x - 3, y: y + 2, w: 6, h: 6, r: 3, stroke: token, width: 1.5 };
  return { t: 'line', points: points.map((at, i) => at + (i % 2 === 0 ? x : y)), stroke: token, width: 0.01, fill: token };
}

function marks(buckets: Buckets, { wide, left }: Columns, y: number): Group {
  const shapes = SIGNS.map(([name, points, token]): Group => {
    const drawn: Shape[] = [];
    let before = -Infinity;
    buckets.marks.forEach((bits, i) => {
      const x = left(i) + wide / 2;
      if (!(bits & MARKS[name]) || x - before < MARK_GAP) return;
      before = x;
      drawn.push(sign(points, token, x, y + 1));
    });
    return { t: 'group', id: `marks:${name}`, shapes: drawn };
  });
  return { t: 'group', id: 'marks', shapes: shapes.filter((one) => one.shapes.length > 0) };
}

export interface MomentsInput {
  readonly width: number;
  readonly height: number;
  readonly length: number;
  /** Steps of which the tracks tell. */
  readonly known: number;
  readonly position: number;
  /** The moment that is compared with. */
  readonly momentA: number | null;
  readonly pointed: number | null;
}

/** What lies over the tracks: where time stands, what is pointed at, the moment to compare with, and what has not run yet. */
export function drawMoments({ width, height, length, known, position, momentA, pointed }: MomentsInput): Picture {
  const x = (at: number) => TRACK_PAD + (length === 0 ? 0 : (at / length) * width);
  const upright = (at: number): readonly number[] => [x(at), 0, x(at), height];
  const shapes: Shape[] = [];
  if (known < length) shapes.push({ t: 'rect', x: x(known), y: 0, w: TRACK_PAD + width - x(known), h: height, fill: 'bg', alpha: 0.55 });
  if (momentA !== null) {
    // At the end there is no room behind the line.
    const isAtEnd = x(momentA) > width;
    shapes.push({ t: 'line', points: upright(momentA), stroke: 'accent', width: 1.5, dash: [4, 2] }, { t: 'text', x: x(momentA) + (isAtEnd ? -3 : 3), y: height - 2, text: 'A', size: 11, fill: 'accent', sans: true, bold: true, ...(isAtEnd ? { anchor: 'end' as const } : {}) });
  }
  if (pointed !== null) shapes.push({ t: 'line', points: upright(pointed), stroke: 'quiet', dash: [2, 2] });
  const now = x(position);
  shapes.push({ t: 'line', points: upright(position), stroke: 'text', width: 2 }, { t: 'line', points: [now - 5, 0, now + 5, 0, now, 7], stroke: 'text', width: 0.01, fill: 'text' });
  return { width: width + 2 * TRACK_PAD, height, shapes, label: '' };
}
