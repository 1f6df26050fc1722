/**
 * Elements that update at the same time take turns: what does not fit into one frame waits for the next, so that a step
 * which changes everything on the page is several short tasks and not one long one.
 */
import { LitElement } from 'lit';

/** So much of a frame is for updates, in ms: style, layout and paint of what they change cost about as much again. */
const SLICE = 6;

const waiting: (() => void)[] = [];
/** Frames that are asked for and will draw. */
let due = 0;
let isDrawing = false;
let heard: (isDrawing: boolean) => void = () => undefined;
/** When the first update of this frame began. */
let began: number | null = null;

function frame(): void {
  began = performance.now();
  const isIdle = waiting.length === 0;
  while (waiting.length > 0 && hasTime()) waiting.shift()!();
  tell();
  // What comes later in a frame that has worked shares its time; only the next one begins anew.
  if (isIdle) began = null;
  else requestAnimationFrame(frame);
}

const hasTime = (): boolean => performance.now() - began! < SLICE;

function tell(): void {
  if (isDrawing === due + waiting.length > 0) return;
  isDrawing = !isDrawing;
  heard(isDrawing);
}

/** Tells whenever something begins to wait for its turn or its frame, and when nothing does any more: what is there is what should be. */
export function onDrawing(hear: (isDrawing: boolean) => void): void {
  heard = hear;
}

/** Draws in the next frame. Returns how to take that back. */
export function inNextFrame(draw: () => void): () => void {
  due++;
  let isDue = true;
  const end = (): void => {
    if (isDue) due--;
    isDue = false;
    tell();
  };
  const id = requestAnimationFrame(() => {
    try {
      draw();
    } finally {
      end();
    }
  });
  tell();
  return () => {
    if (isDue) cancelAnimationFrame(id);
    end();
  };
}

/** Runs an update now if there is time for it and nobody waits, else in a later frame; in the order in which they were asked for. */
export function inTurn(update: () => void): Promise<void> | void {
  if (began === null) {
    began = performance.now();
    requestAnimationFrame(frame);
  }
  if (waiting.length === 0 && hasTime()) return update();
  const turn = new Promise<void>((done, failed) => waiting.push(() => {
    try {
      done(update());
    } catch (error) {
      failed(error);
    }
  }));
  tell();
  return turn;
}

/** An element without a shadow whose updates take turns. */
export abstract class TurnElement extends LitElement {
  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  protected override scheduleUpdate(): void | Promise<unknown> {
    return inTurn(() => super.scheduleUpdate());
  }
}
