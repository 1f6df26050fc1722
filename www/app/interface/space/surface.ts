/** A canvas that fills a box of an element: follows the box's size and the colours, and is painted at most once a frame. */
import type { LitElement, ReactiveController } from 'lit';
import { Painter, themeOf } from '../../scene/canvas.ts';
import type { Picture, Theme } from '../../scene/shapes.ts';
import { inNextFrame, inTurn } from '../turns.ts';
import { watchScale, watchTheme } from './watch.ts';

export interface Size { readonly width: number; readonly height: number }

/** More pixels of the display than this to a pixel of the page are not seen. */
const MOST_SCALE = 3;

export const displayScale = (): number => Math.min(MOST_SCALE, devicePixelRatio || 1);

/** Gives a canvas the pixels for a size: only if they are others, since that empties it. */
export function fitCanvas(canvas: HTMLCanvasElement, size: Size, scale: number): void {
  const [width, height] = [Math.round(size.width * scale), Math.round(size.height * scale)];
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
}

export class Surface implements ReactiveController {
  size: Size = { width: 0, height: 0 };
  readonly #host: LitElement;
  readonly #box: () => HTMLElement;
  readonly #repaint: () => void;
  readonly #painter = new Painter();
  #theme: Theme | null = null;
  #cancel: (() => void) | null = null;
  /** Something has changed since it was painted last. */
  #isDue = false;
  #follows = false;
  #observer: ResizeObserver | null = null;
  #unwatch: readonly (() => void)[] = [];
  #isFollowed = false;

  /** `box`: what the canvas fills; `repaint` is called when it is time. */
  constructor(host: LitElement, box: () => HTMLElement, repaint: () => void) {
    this.#host = host;
    this.#box = box;
    this.#repaint = repaint;
    host.addController(this);
  }

  hostConnected(): void {
    this.#observer = new ResizeObserver(() => this.#resized());
    this.#unwatch = [watchTheme(() => this.#recolour()), watchScale(() => this.draw())];
    if (this.#isFollowed) this.#follow();
  }

  hostDisconnected(): void {
    this.#observer?.disconnect();
    for (const stop of this.#unwatch) stop();
    this.#cancel?.();
    this.#cancel = null;
  }

  /** With the first drawing of the element its box is there. */
  hostUpdated(): void {
    if (this.#isFollowed) return;
    this.#isFollowed = true;
    this.#follow();
  }

  /** The observer tells of the first size too, when the layout is made: to ask for it here would make one more. */
  #follow(): void {
    this.#observer?.observe(this.#box());
  }

  #resized(): void {
    const { clientWidth: width, clientHeight: height } = this.#box();
    if (width === this.size.width && height === this.size.height) return;
    this.size = { width, height };
    this.draw();
  }

  #recolour(): void {
    this.#theme = null;
    this.draw();
  }

  get canvas(): HTMLCanvasElement {
    return this.#host.querySelector('canvas')!;
  }

  /** The colours that hold now. */
  get colours(): Theme {
    return (this.#theme ??= themeOf(this.#host));
  }

  /** Where in the picture something happened. */
  place(event: { readonly clientX: number; readonly clientY: number }): { x: number; y: number } {
    const box = this.canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  /** Has it painted in its turn, once however often it is asked for: what changes it changes other things too. */
  draw(): void {
    this.#schedule(false);
  }

  /** Has it painted with the next frame whatever else there is to do: what is seen follows a hand. */
  follow(): void {
    this.#schedule(true);
  }

  #schedule(follows: boolean): void {
    if (!this.#host.isConnected || this.size.width === 0) return;
    this.#isDue = true;
    this.#follows ||= follows;
    this.#cancel ??= inNextFrame(() => {
      this.#cancel = null;
      const isAtOnce = this.#follows;
      this.#follows = false;
      if (isAtOnce) this.#repaintIfDue();
      else void inTurn(() => this.#repaintIfDue());
    });
  }

  #repaintIfDue(): void {
    if (!this.#isDue || !this.#host.isConnected) return;
    this.#isDue = false;
    this.#repaint();
  }

  paint(picture: Picture, scale = displayScale()): void {
    const { canvas, size } = this;
    fitCanvas(canvas, size, scale);
    this.#painter.paint(canvas.getContext('2d')!, { ...picture, width: size.width }, this.colours, scale);
  }
}
