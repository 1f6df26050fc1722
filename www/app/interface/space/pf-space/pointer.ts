/** Pointer, wheel and fingers: one drags the picture, with Shift a range, two zoom it, the wheel moves it and with Ctrl or ⌘ zooms. */
import type { LaneScene, Range } from '../../../scene/space/compose.ts';
import { type Hit, hitSpace, rangeOver } from '../../../scene/space/hit.ts';
import { laneAt } from '../../../scene/space/move.ts';
import { pageAddr } from '../../../scene/units.ts';
import type { Surface } from '../surface.ts';
import type { Card } from './card.ts';
import type { Viewport } from './viewport.ts';

/** What whoever holds the picture is told of. */
export interface Said {
  /** A page was chosen. */
  select(pid: number, page: number, pfn: number | null): void;
  hover(place: { readonly pid: number; readonly addr: string } | null): void;
  range(range: Range): void;
}

interface Point { readonly x: number; readonly y: number }

/** Pixels that a hand trembles. */
const TREMBLE = 4;
/** Fingers closer to each other than this tell nothing of how much. */
const LEAST_SPREAD = 8;
/** Pixels of a line of the wheel. */
const LINE = 16;

export class Pointer {
  readonly #viewport: Viewport;
  readonly #surface: Surface;
  readonly #card: Card;
  readonly #said: Said;
  /** Those that are down, and where. */
  readonly #down = new Map<number, Point>();
  /** `range`: where a range begins, if it is one. */
  #drag: { readonly x: number; readonly y: number; readonly range: Hit | null; hasMoved: boolean } | null = null;

  constructor(viewport: Viewport, surface: Surface, card: Card, said: Said) {
    this.#viewport = viewport;
    this.#surface = surface;
    this.#card = card;
    this.#said = said;
  }

  #hit({ x, y }: Point): Hit | null {
    const { scene } = this.#viewport;
    return scene ? hitSpace(scene, x, y) : null;
  }

  #laneAt(x: number): LaneScene | undefined {
    const { scene } = this.#viewport;
    return scene ? laneAt(scene, x) : undefined;
  }

  /* ------------------------------------------------------------ wheel */

  /** For the template: the page is not scrolled by what moves the picture. */
  readonly wheel = { handleEvent: (event: WheelEvent): void => this.#wheeled(event), passive: false };

  #wheeled(event: WheelEvent): void {
    const { x, y } = this.#surface.place(event);
    const unit = event.deltaMode === 1 ? LINE : event.deltaMode === 2 ? this.#surface.size.height : 1;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      this.#viewport.zoom(Math.exp(-Math.max(-60, Math.min(60, event.deltaY * unit)) * 0.006), x, y);
      return;
    }
    const lane = this.#laneAt(x);
    if (!lane || lane.layout.axis.length(lane.zoom) <= lane.box.h) return;
    event.preventDefault();
    this.#viewport.pan(lane, (event.deltaY || event.deltaX) * unit);
  }

  /* ------------------------------------------------------------ down, moved, up */

  readonly pressed = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    const at = this.#surface.place(event);
    this.#down.set(event.pointerId, at);
    this.#surface.canvas.setPointerCapture(event.pointerId);
    this.#drag = { ...at, hasMoved: false, range: event.shiftKey ? this.#hit(at) : null };
  };

  readonly moved = (event: PointerEvent): void => {
    const at = this.#surface.place(event);
    const was = this.#down.get(event.pointerId);
    if (!was) return this.#hovered(at, event.pointerType === 'mouse');
    this.#down.set(event.pointerId, at);
    const other = this.#down.size === 2 ? [...this.#down].find(([id]) => id !== event.pointerId)![1] : null;
    if (other) this.#pinched(was, at, other);
    else this.#dragged(was, at);
  };

  /** What is between the fingers stays there, wherever they go: it is moved with their middle, then zoomed about it. */
  #pinched(was: Point, at: Point, other: Point): void {
    const [before, after] = [was, at].map(({ x, y }) => ({ spread: Math.hypot(x - other.x, y - other.y), x: (x + other.x) / 2, y: (y + other.y) / 2 })) as [Point & { spread: number }, Point & { spread: number }];
    if (before.y !== after.y) this.#viewport.pan(this.#laneAt(after.x), before.y - after.y);
    if (before.spread > LEAST_SPREAD && after.spread > LEAST_SPREAD) this.#viewport.zoom(after.spread / before.spread, after.x, after.y);
    if (this.#drag) this.#drag.hasMoved = true;
  }

  #dragged(was: Point, at: Point): void {
    const drag = this.#drag;
    if (!drag || (!drag.hasMoved && Math.hypot(at.x - drag.x, at.y - drag.y) < TREMBLE)) return;
    drag.hasMoved = true;
    if (drag.range) this.#ranged(drag.range, at);
    else this.#viewport.pan(this.#laneAt(drag.x), was.y - at.y);
  }

  #ranged(from: Hit, { x, y }: Point): void {
    const hit = this.#hit({ x: Math.min(Math.max(x, 0), this.#surface.size.width - 3), y });
    if (hit?.pid !== from.pid) return;
    this.#card.hide();
    this.#viewport.range = rangeOver(from, hit);
    this.#surface.follow();
  }

  readonly released = (event: PointerEvent): void => {
    this.#down.delete(event.pointerId);
    const drag = this.#drag;
    if (this.#down.size > 0 || !drag) return;
    this.#drag = null;
    const { range } = this.#viewport;
    if (drag.range && range) this.#said.range(range);
    else if (!drag.hasMoved && event.type !== 'pointercancel') this.#clicked(drag);
  };

  #clicked(at: Point): void {
    const viewport = this.#viewport;
    const { scene } = viewport;
    if (!scene) return;
    const hit = hitSpace(scene, at.x, at.y);
    if (viewport.range) {
      viewport.range = null;
      this.#surface.follow();
    }
    if (!hit) return;
    if (hit.what === 'group') {
      // What was clicked is what the details are about; what is closed again says no more than before.
      if (viewport.composer.toggle(scene.lanes[hit.lane]!.data.areas, hit)) this.#said.select(hit.pid, hit.page, hit.pfn);
      this.#surface.follow();
    } else if (hit.what === 'edge') viewport.reveal(hit);
    else this.#said.select(hit.pid, hit.page, hit.pfn);
  }

  readonly doubled = (event: MouseEvent): void => {
    const hit = this.#hit(this.#surface.place(event));
    const { range } = this.#viewport;
    if (!hit || hit.what === 'gap') this.#viewport.fit();
    else this.#viewport.zoomTo(range && hit.pid === range.pid ? range : hit);
  };

  /* ------------------------------------------------------------ only pointed at */

  #hovered(at: Point, isMouse: boolean): void {
    const viewport = this.#viewport;
    const hit = this.#hit(at);
    const isOnPage = hit !== null && hit.what !== 'gap';
    const before = viewport.hover;
    viewport.hover = isOnPage ? { pid: hit.pid, page: hit.page } : null;
    this.#surface.canvas.style.cursor = isOnPage ? 'pointer' : 'grab';
    if (before?.pid !== viewport.hover?.pid || before?.page !== viewport.hover?.page) this.#tellHover();
    if (!isMouse) return;
    if (hit && hit.what !== 'edge' && !viewport.range) this.#card.point(hit, at.x, at.y);
    else this.#card.leave();
  }

  readonly left = (): void => {
    if (this.#viewport.hover) {
      this.#viewport.hover = null;
      this.#tellHover();
    }
    this.#card.leave();
  };

  #tellHover(): void {
    const { hover } = this.#viewport;
    this.#surface.follow();
    this.#said.hover(hover && { pid: hover.pid, addr: pageAddr(hover.page) });
  }
}
