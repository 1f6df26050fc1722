/** Writes shapes as SVG, with the colours of a theme in it: it stands alone. */
import { MONO, SANS, STROKES, STROKE_ALPHA, TILE, inkOn } from './canvas.ts';
import type { Pattern, Picture, Raster, Shape, Theme, Token } from './shapes.ts';

export function toSvg(picture: Picture, theme: Theme): string {
  const used = new Map<string, string>();
  const clips: string[] = [];
  const body = write(picture.shapes, '  ');
  const defs = [...used.values(), ...clips];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${n(picture.width)}" height="${n(picture.height)}" viewBox="0 0 ${n(picture.width)} ${n(picture.height)}" role="img" aria-label="${escape(picture.label)}">`,
    ...(defs.length > 0 ? ['  <defs>', ...defs.map((line) => `    ${line}`), '  </defs>'] : []),
    `  <rect width="100%" height="100%" fill="${theme.bg}"/>`,
    body,
    '</svg>', '',
  ].join('\n');

  function write(shapes: readonly Shape[], indent: string): string {
    return shapes.map((shape) => one(shape, indent)).filter(Boolean).join('\n');
  }

  function one(shape: Shape, indent: string): string {
    const alpha = shape.alpha !== undefined && shape.alpha !== 1 ? ` opacity="${n(shape.alpha)}"` : '';
    switch (shape.t) {
      case 'group': {
        let clip = '';
        if (shape.clip) {
          const id = `clip${clips.length}`;
          const { x, y, w, h } = shape.clip;
          clips.push(`<clipPath id="${id}"><rect x="${n(x)}" y="${n(y)}" width="${n(w)}" height="${n(h)}"/></clipPath>`);
          clip = ` clip-path="url(#${id})"`;
        }
        return `${indent}<g id="${escape(shape.id)}"${shape.label ? ` aria-label="${escape(shape.label)}"` : ''}${clip}${alpha}>\n${write(shape.shapes, `${indent}  `)}\n${indent}</g>`;
      }
      case 'rect': {
        if (shape.w <= 0 || shape.h <= 0) return '';
        const place = `x="${n(shape.x)}" y="${n(shape.y)}" width="${n(shape.w)}" height="${n(shape.h)}"${shape.r ? ` rx="${n(Math.min(shape.r, shape.w / 2, shape.h / 2))}"` : ''}`;
        const out = [`${indent}<rect ${place} fill="${shape.fill ? theme[shape.fill] : 'none'}"${stroked(shape)}${alpha}/>`];
        if (shape.fill && shape.pattern) out.push(`${indent}<rect ${place} fill="url(#${patternId(shape.pattern, inkOn(shape.fill))})"${alpha}/>`);
        return out.join('\n');
      }
      case 'text':
        return `${indent}<text x="${n(shape.x)}" y="${n(shape.y)}" font-family="${escape(shape.sans ? SANS : MONO)}" font-size="${n(shape.size)}"${shape.bold ? ' font-weight="600"' : ''}${shape.anchor && shape.anchor !== 'start' ? ` text-anchor="${shape.anchor}"` : ''} fill="${theme[shape.fill]}"${alpha} xml:space="preserve">${escape(shape.text)}</text>`;
      case 'line': {
        const points: string[] = [];
        for (let i = 0; i < shape.points.length; i += 2) points.push(`${n(shape.points[i]!)},${n(shape.points[i + 1]!)}`);
        return `${indent}<poly${shape.fill ? 'gon' : 'line'} points="${points.join(' ')}" fill="${shape.fill ? theme[shape.fill] : 'none'}"${stroked(shape)}${alpha}/>`;
      }
      case 'curve': {
        const bend = n((shape.x1 + shape.x2) / 2);
        return `${indent}<path d="M${n(shape.x1)} ${n(shape.y1)}C${bend} ${n(shape.y1)} ${bend} ${n(shape.y2)} ${n(shape.x2)} ${n(shape.y2)}" fill="none"${stroked(shape)}${alpha}/>`;
      }
      case 'raster':
        return raster(shape, indent);
    }
  }

  function stroked(shape: { stroke?: Token; width?: number; dash?: readonly number[] }): string {
    if (!shape.stroke) return '';
    return ` stroke="${theme[shape.stroke]}"${shape.width && shape.width !== 1 ? ` stroke-width="${n(shape.width)}"` : ''}${shape.dash ? ` stroke-dasharray="${shape.dash.join(' ')}"` : ''}`;
  }

  /** Runs of equal cells of a line, one path a colour. */
  function raster(shape: Raster, indent: string): string {
    const paths = shape.palette.map(() => '');
    const count = Math.min(shape.data.length, shape.columns * shape.rows);
    for (let i = 0; i < count; ) {
      const value = shape.data[i]!;
      const line = Math.floor(i / shape.columns);
      let behind = i + 1;
      while (behind < count && behind < (line + 1) * shape.columns && shape.data[behind] === value) behind++;
      if (shape.palette[value]) paths[value] += `M${i - line * shape.columns} ${line}h${behind - i}v1h-${behind - i}z`;
      i = behind;
    }
    const lines = paths.map((path, i) => (path ? `${indent}  <path fill="${theme[shape.palette[i]!]}" d="${path}"/>` : '')).filter(Boolean);
    return `${indent}<g transform="translate(${n(shape.x)} ${n(shape.y)}) scale(${n(shape.w / shape.columns)} ${n(shape.h / shape.rows)})" shape-rendering="crispEdges">\n${lines.join('\n')}\n${indent}</g>`;
  }

  function patternId(pattern: Pattern, ink: Token): string {
    const id = `${pattern}-${ink}`;
    if (!used.has(id)) {
      const d = STROKES[pattern].map(([x1, y1, x2, y2]) => `M${x1} ${y1}L${x2} ${y2}`).join('');
      used.set(id, `<pattern id="${id}" width="${TILE}" height="${TILE}" patternUnits="userSpaceOnUse"><path d="${d}" stroke="${theme[ink]}" stroke-width="1.2" opacity="${STROKE_ALPHA[pattern]}"/></pattern>`);
    }
    return id;
  }
}

const n = (value: number): string => String(Math.round(value * 100) / 100);
const escape = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
