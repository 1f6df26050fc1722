/** Paints shapes on a canvas. */
import { type Pattern, type Picture, type Shape, TOKENS, type Theme, type Token } from './shapes.ts';

/** The colours that hold for an element now. */
export function themeOf(element: Element): Theme {
  const theme: Record<string, string> = {};
  const style = getComputedStyle(element);
  for (const token of TOKENS) theme[token] = style.getPropertyValue(`--${token}`).trim() || '#888888';
  return theme as Theme;
}

export const MONO = "ui-monospace, 'SF Mono', 'Cascadia Mono', 'DejaVu Sans Mono', monospace";
export const SANS = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif";

/** Side of a tile of a texture. */
export const TILE = 6;

/** Strokes of a texture within a tile: from x, y to x, y. */
export const STROKES: Readonly<Record<Pattern, readonly (readonly [number, number, number, number])[]>> = {
  diagonal: [[0, 6, 6, 0], [-1, 1, 1, -1], [5, 7, 7, 5]],
  back: [[0, 0, 6, 6], [5, -1, 7, 1], [-1, 5, 1, 7]],
  cross: [[0, 6, 6, 0], [0, 0, 6, 6]],
  dots: [[1, 1.5, 2.4, 1.5], [4, 4.5, 5.4, 4.5]],
  line: [[0, 4, 6, 4]],
  lines: [[0, 1.5, 6, 1.5], [0, 4.5, 6, 4.5]],
  bars: [[1.5, 0, 1.5, 6], [4.5, 0, 4.5, 6]],
};
export const STROKE_ALPHA: Readonly<Record<Pattern, number>> = { diagonal: 0.62, back: 0.5, cross: 0.5, dots: 0.75, line: 0.5, lines: 0.42, bars: 0.42 };

/** What a painter keeps between pictures: textures and grids of cells, by theme and scale. */
export class Painter {
  private readonly tiles = new Map<string, CanvasPattern | null>();
  private readonly grids = new WeakMap<Uint8Array, { key: string; canvas: OffscreenCanvas }>();
  private theme: Theme | null = null;

  paint(context: CanvasRenderingContext2D, picture: Picture, theme: Theme, scale: number): void {
    // A box that has no room yet: nothing can be painted into it.
    if (context.canvas.width === 0 || context.canvas.height === 0) return;
    if (this.theme !== theme) this.tiles.clear();
    this.theme = theme;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, picture.width, picture.height);
    context.textBaseline = 'alphabetic';
    this.all(context, picture.shapes, theme, scale);
  }

  private all(c: CanvasRenderingContext2D, shapes: readonly Shape[], theme: Theme, scale: number): void {
    for (const shape of shapes) {
      if (shape.t === 'group') {
        if (shape.clip) {
          c.save();
          c.beginPath();
          c.rect(shape.clip.x, shape.clip.y, shape.clip.w, shape.clip.h);
          c.clip();
        }
        this.all(c, shape.shapes, theme, scale);
        if (shape.clip) c.restore();
        continue;
      }
      this.one(c, shape, theme, scale);
    }
  }

  private one(c: CanvasRenderingContext2D, shape: Exclude<Shape, { t: 'group' }>, theme: Theme, scale: number): void {
    const alpha = shape.alpha ?? 1;
    if (c.globalAlpha !== alpha) c.globalAlpha = alpha;
    switch (shape.t) {
      case 'rect': {
        const { x, y, w, h, r, fill, pattern, stroke } = shape;
        if (w <= 0 || h <= 0) return;
        const round = r !== undefined && r > 0;
        if (round) {
          c.beginPath();
          c.roundRect(x, y, w, h, Math.min(r, w / 2, h / 2));
        }
        if (fill) {
          c.fillStyle = theme[fill];
          this.fill(c, shape, round);
          const tile = pattern ? this.tile(c, pattern, theme, fill) : null;
          if (tile) {
            tile.setTransform(new DOMMatrix().translate(x, y).scale(0.25));
            c.fillStyle = tile;
            this.fill(c, shape, round);
          }
        }
        if (stroke) {
          c.strokeStyle = theme[stroke];
          c.lineWidth = shape.width ?? 1;
          if (shape.dash) c.setLineDash(shape.dash as number[]);
          if (round) c.stroke();
          else c.strokeRect(x, y, w, h);
          if (shape.dash) c.setLineDash([]);
        }
        return;
      }
      case 'text':
        c.font = `${shape.bold ? '600 ' : ''}${shape.size}px ${shape.sans ? SANS : MONO}`;
        c.textAlign = shape.anchor === 'middle' ? 'center' : (shape.anchor ?? 'start');
        c.fillStyle = theme[shape.fill];
        c.fillText(shape.text, shape.x, shape.y);
        return;
      case 'line':
      case 'curve': {
        c.beginPath();
        if (shape.t === 'curve') {
          const bend = (shape.x1 + shape.x2) / 2;
          c.moveTo(shape.x1, shape.y1);
          c.bezierCurveTo(bend, shape.y1, bend, shape.y2, shape.x2, shape.y2);
        } else {
          for (let i = 0; i < shape.points.length; i += 2) {
            if (i === 0) c.moveTo(shape.points[i]!, shape.points[i + 1]!);
            else c.lineTo(shape.points[i]!, shape.points[i + 1]!);
          }
          if (shape.fill) {
            c.closePath();
            c.fillStyle = theme[shape.fill];
            c.fill();
          }
        }
        c.strokeStyle = theme[shape.stroke];
        c.lineWidth = shape.width ?? 1;
        if (shape.dash) c.setLineDash(shape.dash as number[]);
        c.stroke();
        if (shape.dash) c.setLineDash([]);
        return;
      }
      case 'raster': {
        const key = `${shape.columns}:${shape.rows}`;
        let grid = this.grids.get(shape.data);
        if (grid?.key !== key || this.rasterTheme !== theme) {
          grid = { key, canvas: rasterCanvas(shape.data, shape.columns, shape.rows, shape.palette.map((token) => (token ? theme[token] : null))) };
          this.rasterTheme = theme;
          this.grids.set(shape.data, grid);
        }
        c.imageSmoothingEnabled = shape.w * scale < shape.columns;
        c.drawImage(grid.canvas, shape.x, shape.y, shape.w, shape.h);
      }
    }
  }

  private rasterTheme: Theme | null = null;

  private fill(c: CanvasRenderingContext2D, { x, y, w, h }: { x: number; y: number; w: number; h: number }, round: boolean): void {
    if (round) c.fill();
    else c.fillRect(x, y, w, h);
  }

  /** A texture, four times as large as it is drawn: sharp at any scale. */
  private tile(c: CanvasRenderingContext2D, pattern: Pattern, theme: Theme, fill: Token): CanvasPattern | null {
    const key = `${pattern}:${inkOn(fill)}`;
    let tile = this.tiles.get(key);
    if (tile === undefined) {
      const canvas = new OffscreenCanvas(TILE * 4, TILE * 4);
      const t = canvas.getContext('2d')!;
      t.scale(4, 4);
      t.strokeStyle = offScreen(theme[inkOn(fill)]);
      t.globalAlpha = STROKE_ALPHA[pattern];
      t.lineWidth = 1.2;
      t.beginPath();
      for (const [x1, y1, x2, y2] of STROKES[pattern]) {
        t.moveTo(x1, y1);
        t.lineTo(x2, y2);
      }
      t.stroke();
      tile = c.createPattern(canvas, 'repeat');
      this.tiles.set(key, tile);
    }
    return tile;
  }
}

/** A canvas off the screen does not know which colours of the system are forced: they are asked of an element. */
function offScreen(colour: string): string {
  if (!/^[A-Z]/.test(colour)) return colour;
  const probe = document.createElement('i');
  probe.style.cssText = `display: none; forced-color-adjust: none; color: ${colour}`;
  document.body.append(probe);
  const known = getComputedStyle(probe).color;
  probe.remove();
  return known;
}

/** The colour of a texture on a fill. */
export function inkOn(fill: Token): Token {
  return fill === 'k-cow' || fill === 'k-zero' || fill === 'k-table' ? 'k-ink-dark' : 'k-ink';
}

/** A pixel a cell. */
function rasterCanvas(data: Uint8Array, columns: number, rows: number, palette: readonly (string | null)[]): OffscreenCanvas {
  const canvas = new OffscreenCanvas(columns, rows);
  const context = canvas.getContext('2d')!;
  const colours = new Uint32Array(256);
  const probe = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })!;
  palette.forEach((colour, i) => {
    if (!colour) return;
    probe.fillStyle = offScreen(colour);
    probe.fillRect(0, 0, 1, 1);
    colours[i] = new Uint32Array(probe.getImageData(0, 0, 1, 1).data.buffer)[0]!;
  });
  const image = new ImageData(columns, rows);
  const pixels = new Uint32Array(image.data.buffer);
  const count = Math.min(data.length, pixels.length);
  for (let i = 0; i < count; i++) pixels[i] = colours[data[i]!]!;
  context.putImageData(image, 0, 0);
  return canvas;
}
