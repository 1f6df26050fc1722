/** What keys do in the picture. */
import { type LaneData, areaAt, cellAt } from '../../../scene/layout.ts';
import type { Range } from '../../../scene/space/compose.ts';
import { neighbour } from '../../../scene/space/seek.ts';
import { pageAddr, pageOf } from '../../../scene/units.ts';
import type { Surface } from '../surface.ts';
import type { Card } from './card.ts';
import type { Goto } from './goto.ts';
import type { Said } from './pointer.ts';
import type { Viewport } from './viewport.ts';

export type Act =
  | { readonly do: 'go'; readonly what: 'area' | 'page'; readonly by: 1 | -1 }
  | { readonly do: 'zoom'; readonly by: number }
  /** By so many steps, or so many heights of the window. */
  | { readonly do: 'pan'; readonly by: number; readonly of: 'step' | 'window' }
  | { readonly do: 'whole' | 'fit' | 'ask' | 'clear' | 'tell' | 'scale' };

const ZOOM_IN: Act = { do: 'zoom', by: 1.25 };
const ZOOM_OUT: Act = { do: 'zoom', by: 0.8 };
const PAN_BACK: Act = { do: 'pan', by: -1, of: 'step' };
const PAN_ON: Act = { do: 'pan', by: 1, of: 'step' };

/** By what a key writes. */
const BY_KEY: Readonly<Record<string, Act>> = {
  '.': { do: 'go', what: 'area', by: 1 }, ',': { do: 'go', what: 'area', by: -1 },
  '+': { do: 'zoom', by: 1.4 }, '=': { do: 'zoom', by: 1.4 }, '-': { do: 'zoom', by: 1 / 1.4 }, ArrowUp: ZOOM_IN, ArrowDown: ZOOM_OUT,
  ArrowLeft: PAN_BACK, ArrowRight: PAN_ON, PageUp: { do: 'pan', by: -0.85, of: 'window' }, PageDown: { do: 'pan', by: 0.85, of: 'window' },
  Home: { do: 'pan', by: -Infinity, of: 'window' }, End: { do: 'pan', by: Infinity, of: 'window' },
  '0': { do: 'whole' }, '/': { do: 'ask' }, Escape: { do: 'clear' }, Enter: { do: 'tell' }, ' ': { do: 'tell' },
};
const WITH_SHIFT: Readonly<Record<string, Act>> = {
  ArrowRight: { do: 'go', what: 'page', by: 1 }, '>': { do: 'go', what: 'page', by: 1 },
  ArrowLeft: { do: 'go', what: 'page', by: -1 }, '<': { do: 'go', what: 'page', by: -1 },
};
/** By where a key is, whatever it writes: W, A, S and D are for one hand. */
const BY_PLACE: Readonly<Record<string, Act>> = {
  KeyW: ZOOM_IN, KeyS: ZOOM_OUT, KeyA: PAN_BACK, KeyD: PAN_ON, KeyF: { do: 'fit' }, KeyG: { do: 'ask' }, KeyM: { do: 'scale' },
};

/** All keys of the picture: what they write with and without Shift, and where they are. */
export const TABLES = { BY_KEY, WITH_SHIFT, BY_PLACE } as const;

/** What a key is for; null: it is not for the picture. */
export function actOf(event: Pick<KeyboardEvent, 'key' | 'code' | 'altKey' | 'ctrlKey' | 'metaKey' | 'shiftKey'>): Act | null {
  if (event.altKey || (event.ctrlKey && event.key !== '0') || event.metaKey) return null;
  return (event.shiftKey ? WITH_SHIFT[event.key] : undefined) ?? BY_KEY[event.key] ?? BY_PLACE[event.code] ?? null;
}

/** The parts of the picture that keys are about. */
export interface Keyed {
  readonly viewport: Viewport;
  readonly surface: Surface;
  readonly card: Card;
  readonly goto: Goto;
  readonly said: Said;
  toggleScale(): void;
}

export class Keys {
  readonly #of: Keyed;

  constructor(of: Keyed) {
    this.#of = of;
  }

  readonly pressed = (event: KeyboardEvent): void => {
    const act = actOf(event);
    if (!act || !this.#act(act)) return;
    event.preventDefault();
    event.stopPropagation();
  };

  /** Whether there was anything to do. */
  #act(act: Act): boolean {
    const { viewport, surface: { size } } = this.#of;
    switch (act.do) {
      case 'clear': return this.#clear();
      case 'go': this.#go(act.what, act.by); break;
      case 'zoom': viewport.zoom(act.by, viewport.gaze.x, viewport.gaze.y); break;
      case 'pan': viewport.pan(viewport.lane, act.by * (act.of === 'window' ? size.height : Math.max(40, size.height / 6))); break;
      case 'whole': viewport.whole(); break;
      case 'fit': this.fit(); break;
      case 'ask': this.#of.goto.ask(); break;
      case 'tell': this.#tell(); break;
      case 'scale': this.#of.toggleScale(); break;
    }
    return true;
  }

  #go(what: 'area' | 'page', by: 1 | -1): void {
    const { viewport, card, said } = this.#of;
    const { lane, subject } = viewport;
    if (!lane || lane.data.areas.count === 0) return;
    const { areas, pid, cells } = lane.data;
    const next = neighbour(areas, subject?.pid === pid ? pageOf(subject.addr) : areas.start[0]!, what, by);
    said.select(pid, next, cellAt(cells, next)?.pfn ?? null);
    queueMicrotask(() => {
      viewport.reveal({ pid, addr: pageAddr(next) });
      card.beside(pid, next);
    });
  }

  /** What is marked, else the area of what is selected, fills the window. */
  fit(): void {
    const { viewport } = this.#of;
    if (viewport.range) return viewport.zoomTo(viewport.range);
    const { lane, subject } = viewport;
    if (!lane || subject?.pid !== lane.data.pid) return viewport.fit();
    const area = areaOf(lane.data, pageOf(subject.addr));
    if (area) viewport.zoomTo(area);
  }

  #tell(): void {
    const { viewport: { subject }, card } = this.#of;
    if (subject) card.beside(subject.pid, pageOf(subject.addr));
  }

  #clear(): boolean {
    const { viewport, surface, card, goto } = this.#of;
    if (!card.isShown && !viewport.range && !goto.isAsked) return false;
    card.hide();
    goto.close();
    viewport.range = null;
    surface.follow();
    return true;
  }
}

function areaOf({ areas, pid }: LaneData, page: number): Range | null {
  const i = areaAt(areas, page);
  return i < 0 ? null : { pid, from: areas.start[i]!, to: areas.start[i]! + areas.pages[i]! };
}
