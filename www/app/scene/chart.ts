/** A counter over time: lines with their peaks, on the axis of the slider. */
import type { Line } from '../model/tracks.ts';
import { type Picture, type Shape, type Token, textWidth } from './shapes.ts';

export interface ChartInput {
  readonly width: number;
  readonly height: number;
  readonly label: string;
  /** By number of `LINE_LOOK`, those with a higher one over the others. */
  readonly lines: readonly { readonly look: number; readonly line: Line }[];
  /** Ends of the upright axis, and what stands at them; empty: nothing. */
  readonly least: number;
  readonly most: number;
  readonly words: { readonly least: string; readonly most: string };
  /** Where time stands, 0 to 1. */
  readonly now: number;
}

/** Lines differ by colour and by stroke; those of processes are as in the tracks of the slider. */
export const LINE_LOOK: readonly { readonly token: Token; readonly dash: readonly number[] }[] = [
  { token: 'k-anon', dash: [] }, { token: 'k-file', dash: [5, 2] }, { token: 'k-guard', dash: [2, 2] }, { token: 'k-kernel', dash: [7, 2, 2, 2] }, { token: 'k-cow', dash: [12, 3] },
];

const PAD = { above: 5, below: 3 } as const;
const SIZE = 11;

export function drawChart(input: ChartInput): Picture {
  const { width, height, lines, least, most, words, now, label } = input;
  const range = most - least || 1;
  const y = (value: number) => height - PAD.below - ((value - least) / range) * (height - PAD.above - PAD.below);
  const shapes: Shape[] = [most, (most + least) / 2, least].map((value): Shape => ({ t: 'line', points: [0, y(value), width, y(value)], stroke: 'line' }));
  for (const { look, line } of lines) {
    const { token, dash } = LINE_LOOK[look % LINE_LOOK.length]!;
    shapes.push({ t: 'group', id: `run:${look}`, shapes: pieces(line, width, y).map((points): Shape => ({ t: 'line', points, stroke: token, width: 2, ...(dash.length > 0 ? { dash } : {}) })) });
  }
  const x = Math.max(0.75, Math.min(width - 0.75, now * width));
  shapes.push({ t: 'line', points: [x, 0, x, height], stroke: 'text', width: 1.5 });
  for (const [text, at] of [[words.most, 12], [words.least, height - 6]] as const) {
    if (text !== '') shapes.push({ t: 'rect', x: 0, y: at - 10, w: textWidth(text, SIZE) + 4, h: 13, fill: 'bg', alpha: 0.8 }, { t: 'text', x: 2, y: at, text, size: SIZE, fill: 'quiet' });
  }
  return { width, height, shapes, label };
}

/** A line in pieces, one for each run of columns of which something is known; where a column has several values, it goes over all of them. */
function pieces({ least, greatest }: Line, width: number, y: (value: number) => number): number[][] {
  const per = width / greatest.length;
  const all: number[][] = [];
  let points: number[] | null = null;
  greatest.forEach((high, i) => {
    if (Number.isNaN(high)) {
      points = null;
      return;
    }
    if (!points) all.push((points = []));
    const [x, top] = [i * per, y(high)];
    // A level stretch is one line, however many columns it has.
    if (points.length >= 4 && least[i] === high && points.at(-1) === top && points.at(-3) === top) points[points.length - 2] = x + per;
    else {
      points.push(x, top);
      if (least[i] !== high) points.push(x, y(least[i]!));
      points.push(x + per, y(least[i]!));
    }
  });
  return all;
}
